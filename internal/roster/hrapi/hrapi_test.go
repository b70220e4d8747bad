package hrapi

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// made is a kind whose pages are given.
func made(pages ...[]string) Kind {
	return Kind{
		Info: roster.Info{Kind: "made"}, Title: "Made", Noun: "worker", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "given_name": "name.first", "department": "department.name", "status": "state", "start_date": "start", "other_emails": "mails",
		},
		Read: func(_ context.Context, _ []string, p *Pages) error {
			for _, page := range pages {
				var records []json.RawMessage
				for _, r := range page {
					records = append(records, json.RawMessage(r))
				}
				if err := p.Add(records); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func read(t *testing.T, k Kind, m roster.Mapping) (roster.Roster, error) {
	t.Helper()
	src, err := Open(k, "hr", m)
	if err != nil {
		t.Fatal(err)
	}
	return src.People(t.Context())
}

const (
	ana = `{"id": 7.0e1, "name": {"first": "Ana"}, "department": {"name": "Eng", "id": 4}, "state": "active", "start": "2020-01-01", "mails": ["a@x.example", "b@x.example"], "salary": 9}`
	bo  = `{"id": "8", "name": {"first": "Bo"}, "department": null, "state": "ended", "start": "2020-02-29T00:00:00+14:00", "mails": []}`
)

// Records of any nesting become people; what the mapping does not need stays outside.
func TestRecords(t *testing.T) {
	t.Parallel()
	r, err := read(t, made([]string{strings.Replace(ana, "7.0e1", `"70"`, 1)}, []string{bo}), roster.Mapping{Custom: map[string]string{"unit": "department.id"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []access.Person{
		{PersonID: "70", Source: "hr", SourceID: "70", GivenName: "Ana", DisplayName: "Ana", Department: "Eng", Status: access.StatusActive, StatusRaw: "active", EmploymentType: access.TypeUnknown, IsPrimary: true, StartDate: access.Date{Year: 2020, Month: 1, Day: 1}, OtherEmails: []string{"a@x.example", "b@x.example"}, Custom: map[string]string{"unit": "4"}},
		{PersonID: "8", Source: "hr", SourceID: "8", GivenName: "Bo", DisplayName: "Bo", Status: access.StatusTerminated, StatusRaw: "ended", EmploymentType: access.TypeUnknown, IsPrimary: true, StartDate: access.Date{Year: 2020, Month: 2, Day: 29}, Custom: map[string]string{"unit": ""}},
	}
	if diff := cmp.Diff(want, r.People); diff != "" {
		t.Error(diff)
	}
}

// What is asked for follows the mapping: nothing that is switched off, nothing that is made.
func TestWanted(t *testing.T) {
	t.Parallel()
	k := made()
	k.Also, k.Made = []string{"flags.*", "left"}, []string{"state"}
	src, err := Open(k, "hr", roster.Mapping{FieldMap: map[string]string{"department": "", "title": "job.title"}, Custom: map[string]string{"badge": "badge"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"badge", "flags.*", "id", "job.title", "left", "mails", "name.first", "start"}, src.(*source).want()); diff != "" {
		t.Error(diff)
	}
}

func TestIncomplete(t *testing.T) {
	t.Parallel()
	two := func(a, b string) []string { return []string{a, b} }
	reads := func(n *int, k Kind) Kind {
		inner := k.Read
		k.Read = func(ctx context.Context, want []string, p *Pages) error { *n++; return inner(ctx, want, p) }
		return k
	}
	after := func(k Kind, then func(p *Pages) error) Kind {
		inner := k.Read
		k.Read = func(ctx context.Context, want []string, p *Pages) error {
			return errors.Join(inner(ctx, want, p), then(p))
		}
		return k
	}
	for name, tt := range map[string]struct {
		kind    Kind
		mapping roster.Mapping
		want    []string // parts of the error
		fault   fault.Kind
		reads   int
	}{
		"a record is no object":      {made(two(bo, `"8"`)), roster.Mapping{}, []string{"number 2 on page 1, after worker 8, is not an object"}, fault.Invalid, 1},
		"a record without an id":     {made(two(bo, `{"name": {"first": "Cy"}}`)), roster.Mapping{}, []string{"after worker 8", `has no "id"`}, fault.Invalid, 1},
		"a key twice":                {made(two(bo, `{"id": "9", "state": "active", "state": "ended"}`)), roster.Mapping{}, []string{"worker 9", `the key "state" twice`}, fault.Invalid, 1},
		"an object where text is":    {made(two(bo, `{"id": "9", "state": {"now": "active"}}`)), roster.Mapping{}, []string{"worker 9", `"state"`, "object"}, fault.Invalid, 1},
		"objects where text is":      {made(two(bo, `{"id": "9", "mails": [{"value": "x"}]}`)), roster.Mapping{}, []string{"worker 9", `"mails"`}, fault.Invalid, 1},
		"a page again":               {made(two(bo, ana), two(bo, ana)), roster.Mapping{}, []string{"worker 8", "page 1 and again on page 2"}, fault.Unavailable, 2},
		"fewer than counted":         {after(made(two(bo, ana)), func(p *Pages) error { return p.Total(3) }), roster.Mapping{}, []string{"counts 3 records and gave 2"}, fault.Unavailable, 2},
		"more than counted":          {after(made(two(bo, ana)), func(p *Pages) error { return p.Total(1) }), roster.Mapping{}, []string{"counts 1 records and gave 2"}, fault.Unavailable, 2},
		"the count moves":            {after(made(two(bo, ana)), func(p *Pages) error { return errors.Join(p.Total(2), p.Total(3)) }), roster.Mapping{}, []string{"counted 2 records, and 3"}, fault.Unavailable, 2},
		"a field is kept back":       {after(made(two(bo, ana)), func(p *Pages) error { p.Withheld("state", "scope"); return nil }), roster.Mapping{}, []string{"keeps back", "state (scope)"}, fault.Forbidden, 1},
		"a field that nobody has":    {made(two(bo, ana)), roster.Mapping{FieldMap: map[string]string{"title": "stat"}}, []string{`"stat" (title)`, "lost permission"}, fault.Forbidden, 1},
		"a custom one":               {made(two(bo, ana)), roster.Mapping{Custom: map[string]string{"badge": "badge"}}, []string{`"badge" (custom.badge)`}, fault.Forbidden, 1},
		"nobody":                     {made(), roster.Mapping{}, []string{"holds no people"}, fault.Invalid, 1},
		"the system breaks it off":   {after(made(two(bo, ana)), func(*Pages) error { return Changed("the cursor is gone") }), roster.Mapping{}, []string{"the cursor is gone"}, fault.Unavailable, 2},
		"something else goes wrong":  {after(made(), func(*Pages) error { return fault.New(fault.Forbidden, "no") }), roster.Mapping{}, []string{"no"}, fault.Forbidden, 1},
		"a number that is no number": {made(two(bo, ana)), roster.Mapping{}, nil, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			r, err := read(t, reads(&n, tt.kind), tt.mapping)
			if n != tt.reads {
				t.Errorf("read %d times, want %d", n, tt.reads)
			}
			if tt.want == nil {
				if err != nil || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, "scientific") && !strings.Contains(r.Problems[0].Message, "decimal") {
					t.Errorf("%+v, error %v", r, err)
				}
				return
			}
			if err == nil || !errors.Is(err, tt.fault) {
				t.Fatalf("%v; want %v", err, tt.fault)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v; want %q", err, w)
				}
			}
		})
	}
}

// A path that leads into a text is not blank for everybody: it is wrong.
func TestText(t *testing.T) {
	t.Parallel()
	_, err := read(t, made([]string{`{"id": "9", "name": {"first": "Cy"}, "state": "active", "start": "2020-01-01", "mails": [], "department": "Eng"}`}), roster.Mapping{})
	if !errors.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), `"department.name"`) {
		t.Errorf("%v", err)
	}
}

// A second reading that fits is the roster.
func TestChangedOnce(t *testing.T) {
	t.Parallel()
	k, n := made([]string{bo}), 0
	inner := k.Read
	k.Read = func(ctx context.Context, want []string, p *Pages) error {
		if n++; n == 1 {
			return Changed("moved")
		}
		return inner(ctx, want, p)
	}
	k.Fields["department"] = "department"
	if r, err := read(t, k, roster.Mapping{FieldMap: map[string]string{"other_emails": ""}}); err != nil || len(r.People) != 1 {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestPrivatePaths(t *testing.T) {
	t.Parallel()
	for path, private_ := range map[string]bool{
		"payRate": true, "compensation.amount": true, "annual_salary": true, "Base Salary": true, "dateOfBirth": true, "birthDate": true, "DOB": true,
		"homeAddress.city": true, "home_address": true, "addressLine1": true, "zipCode": true, "ssn": true, "SSN": true, "nationalId": true, "National_ID_Number": true,
		"taxID": true, "passportNumber": true, "bankAccount": true, "iban": true, "gender": true, "maritalStatus": true, "urn:ietf:params:scim:schemas:acme:User.salary": true,
		"payroll.employment.type": false, "payrollFileNumber": false, "payroll_number": false, "workEmail": false, "work.department": false, "visage": false, "language": false,
		"costCenter": false, "stage": false, "team": false, "emailAddress": false, "office.address.city": false, "manager.id": false, "racetrack": false, "4340.4": false,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department": false, "personIdExternal": false, "employeeNumber": false, "homeOrganizationalUnits.0.nameCode": false,
	} {
		if got := private(path); (got != "") != private_ {
			t.Errorf("%q: %q, want private %t", path, got, private_)
		}
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	c, err := httpclient.New(httpclient.Options{BaseURL: "https://api.hr.example/v2"})
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string][]httpclient.Param{
		"https://api.hr.example/v2/people?cursor=a%2Bb&limit=5": {{Key: "cursor", Value: "a+b"}, {Key: "limit", Value: "5"}},
		"/v2/people?limit=5&cursor=c":                           {{Key: "cursor", Value: "c"}, {Key: "limit", Value: "5"}},
		"https://evil.example/v2/people?cursor=a":               nil,
		"//evil.example/v2/people?cursor=a":                     nil,
	} {
		got, err := Next(c, link)
		if (err == nil) != (want != nil) {
			t.Errorf("%s: %v", link, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", link, diff)
		}
	}
}
