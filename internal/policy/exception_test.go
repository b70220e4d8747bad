package policy_test

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// admin is an exception that makes ana an admin.
func admin(edits ...func(*policy.Exception)) policy.Policy {
	x := policy.Exception{
		PersonID: "ana", Reason: "INC-77", ApprovedBy: "cto@acme.com", ExpiresAt: "2026-12-01",
		Grants: policy.Grants{Groups: map[string][]string{"gh": {"admins"}}},
	}
	for _, e := range edits {
		e(&x)
	}
	return policy.Policy{Exceptions: []policy.Exception{x}}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	expires := func(s string) func(*policy.Exception) { return func(x *policy.Exception) { x.ExpiresAt = s } }
	begins := func(s string) func(*policy.Exception) { return func(x *policy.Exception) { x.StartsAt = s } }
	approved := func(s string) func(*policy.Exception) { return func(x *policy.Exception) { x.ApprovedBy = s } }
	madrid := in("Europe/Madrid")
	for _, tc := range []struct {
		name   string
		policy policy.Policy
		ana    access.Person
		at     string
		status policy.ExceptionStatus
		why    string
	}{
		{"in force", admin(), person("ana"), "", policy.ExceptionActive, "exception until 2026-12-01, approved by cto@acme.com: INC-77"},
		{"a date includes the day, in the person's zone", admin(expires("2026-03-31")), person("ana", madrid), "2026-03-31T21:59:59Z", policy.ExceptionActive, "until 2026-03-31"},
		{"and no more", admin(expires("2026-03-31")), person("ana", madrid), "2026-03-31T22:00:00Z", policy.ExceptionExpired, "not given: exception expired on 2026-03-31 (INC-77)"},
		{"an instant is an instant", admin(expires("2026-03-31T12:00:00Z")), person("ana"), "2026-03-31T12:00:00Z", policy.ExceptionExpired, "expired"},
		{"before starts_at", admin(begins("2026-04-01")), person("ana", madrid), "2026-03-31T21:59:00Z", policy.ExceptionPending, "not given: exception begins on 2026-04-01 00:00 CEST (INC-77)"},
		{"from starts_at", admin(begins("2026-04-01")), person("ana", madrid), "2026-03-31T22:00:00Z", policy.ExceptionActive, "until"},
		{"never before the start date", admin(begins("2026-03-01")), person("ana", starts("2026-04-02")), "", policy.ExceptionPending, "exception begins on 2026-04-02"},
		{"never in the lead", admin(), person("ana", starts("2026-04-01")), "", policy.ExceptionPending, "exception begins on 2026-04-01"},
		{"on the start date", admin(), person("ana", starts("2026-04-01")), "2026-04-01T00:00:00Z", policy.ExceptionActive, "until"},
		{"never outlives the window", admin(), person("ana", ends("2026-03-30")), "", policy.ExceptionOutsideWindow, "not given: access ended on 2026-03-30 18:00 UTC (end date 2026-03-30) (INC-77)"},
		{"approved by id", admin(approved("cto")), person("ana"), "", policy.ExceptionActive, "until"},
		{"approved in other case", admin(approved("CTO@Acme.com")), person("ana"), "", policy.ExceptionActive, "until"},
		{"approved by oneself", admin(approved("ana@acme.com")), person("ana"), "", policy.ExceptionUnapproved, `not given: exception not approved: approved_by "ana@acme.com" is the beneficiary (INC-77)`},
		{"approved by a former self", admin(approved("old-ana")), person("ana"), "", policy.ExceptionUnapproved, "is the beneficiary"},
		{"approved by nobody", admin(approved("ceo@acme.com")), person("ana"), "", policy.ExceptionUnapproved, `approved_by "ceo@acme.com" is nobody in the rosters`},
		{"approved by a leaver", admin(approved("gone")), person("ana"), "", policy.ExceptionUnapproved, `approved_by "gone" does not work here now`},
		{"approved by a future hire", admin(approved("soon")), person("ana"), "", policy.ExceptionUnapproved, `does not work here now`},
		{"approved by somebody on leave", admin(approved("away")), person("ana"), "", policy.ExceptionActive, "until"},
		{"approved by somebody of unknown status", admin(approved("who")), person("ana"), "", policy.ExceptionActive, "until"},
		{"approved by somebody whose record is faulty", admin(approved("faulty@acme.com")), person("ana"), "", policy.ExceptionActive, "until"},
		{"approved by a faulty record's id", admin(approved("lost")), person("ana"), "", policy.ExceptionActive, "until"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := tc.policy
			p.Timing.BeforeStartDays = 5
			p.SamePerson = map[string][]string{"ana": {"old-ana"}}
			in := policy.Input{
				People: []access.Person{
					tc.ana, person("cto"), person("gone", ends("2026-01-31"), is(access.StatusTerminated)), person("soon", starts("2026-06-01")),
					person("away", is(access.StatusLeave)), person("who", is(access.StatusUnknown)),
				},
				Faulty: []access.Person{person("faulty")},
				Faults: []roster.Problem{{PersonID: "lost", Where: "people.csv:9", Message: "bad date"}},
			}
			if tc.at != "" {
				in.Now = instant(tc.at)
			}
			r := evaluate(t, p, in)
			if got := r.Exceptions[0]; got.Status != tc.status {
				t.Errorf("status = %s (%s), want %s", got.Status, got.Why, tc.status)
			}
			wantWhy(t, r, "ana", "gh/groups/admins", tc.why)
			_, given := r.Apps["gh"].Groups["admins"]["ana@acme.com"]
			if want := tc.status == policy.ExceptionActive; given != want {
				t.Errorf("member = %v, want %v", given, want)
			}
			if _, ok := r.Apps["gh"].Groups["admins"]; !ok {
				t.Error("the group of an exception is no key of the output, so nobody would empty it")
			}
			unapproved := 0
			for _, w := range r.Warnings {
				if w.Code == policy.CodeUnapproved {
					unapproved++
				}
			}
			if want := tc.status == policy.ExceptionUnapproved; (unapproved == 1) != want {
				t.Errorf("%d warnings about approval in %v", unapproved, r.Warnings)
			}
			wantProblems(t, r.Errors)
		})
	}
}

func TestExceptionForNobody(t *testing.T) {
	t.Parallel()
	r := run(t, admin(), person("cto"))
	wantProblems(t, r.Warnings, `unknown_person: exception "ana": person_id: not granted: no roster has this person`)
	if r.Exceptions[0].Status != policy.ExceptionUnknownPerson {
		t.Errorf("status = %s", r.Exceptions[0].Status)
	}
}

func TestSamePerson(t *testing.T) {
	t.Parallel()
	// Ana was contractor c-7 until Friday evening, and is employee ana from Monday on.
	p := policy.Policy{
		Rules: []policy.Rule{
			everyone("gh"),
			{Name: "contractors", When: "person.employment_type == 'contractor'", Grants: policy.Grants{Groups: map[string][]string{"gh": {"externals"}}}},
			{Name: "leads", When: "person.is_manager", Grants: policy.Grants{Groups: map[string][]string{"gh": {"leads"}}}},
		},
		SamePerson: map[string][]string{"ana": {"c-7"}},
		Identities: map[string]map[string]string{"gh": {"c-7": "ana-dev"}},
		Exceptions: []policy.Exception{{PersonID: "c-7", Reason: "old", ApprovedBy: "bob", ExpiresAt: "2027-01-01", Grants: policy.Grants{Groups: map[string][]string{"gh": {"admins"}}}}},
		Overrides:  []policy.Override{{PersonID: "c-7", Reason: "left", AccessEndsAt: "2026-03-27"}},
	}
	people := []access.Person{
		person("c-7", contract("2026-03-27"), from("contractors"), mail("ana@acme.com"), func(p *access.Person) { p.Department = "Externals" }),
		person("ana", starts("2026-03-30")), person("bob", reportsTo("c-7")),
	}
	at := func(s string) policy.Result { return evaluate(t, p, policy.Input{People: people, Now: instant(s)}) }
	r := at("2026-03-26T12:00:00Z")
	wantHolds(t, r, "ana", "gh/accounts", "gh/groups/externals", "gh/groups/leads")
	r = at("2026-03-28T12:00:00Z") // the weekend between is no gap
	if len(holds(r, "ana")) == 0 {
		t.Errorf("access is lost over the weekend of a conversion: %v", r.Reasons["ana"])
	}
	r = at("2026-03-31T12:00:00Z")
	wantHolds(t, r, "ana", "gh/accounts", "gh/groups/leads")
	if got := r.Apps["gh"].Accounts["ana"].UserName; got != "ana-dev" {
		t.Errorf("user name = %q, want that of the former id", got)
	}
	if len(r.Apps["gh"].Accounts) != 2 {
		t.Errorf("accounts = %v, want ana and bob", r.Apps["gh"].Accounts)
	}
	wantQuarantined(t, r)
	wantProblems(t, r.Errors)
	wantProblems(t, r.Warnings,
		`unmatched_rule: rule "contractors"`,
		`unknown_person: exception "c-7": person_id: not granted: the person is ana now, and former access does not come back by itself`,
		`unknown_person: override "c-7": person_id: person "c-7" is "ana" now`)
}
