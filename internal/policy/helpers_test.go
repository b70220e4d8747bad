package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// noon is the usual instant of these tests.
var noon = instant("2026-03-31T12:00:00Z")

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func date(s string) access.Date {
	d, err := access.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

type edit = func(*access.Person)

// person works here since 2020 and has the e-mail address ID@acme.com, unless edits say otherwise.
func person(id string, edits ...edit) access.Person {
	p := access.Person{
		PersonID: id, Source: "hr", SourceID: id, GivenName: strings.ToUpper(id[:1]) + id[1:], FamilyName: "Silva", WorkEmail: id + "@acme.com",
		Department: "Engineering", EmploymentType: access.TypeEmployee, Status: access.StatusActive, StartDate: date("2020-01-01"),
	}
	for _, e := range edits {
		e(&p)
	}
	return p
}

func starts(d string) edit  { return func(p *access.Person) { p.StartDate = date(d) } }
func ends(d string) edit    { return func(p *access.Person) { p.EndDate = date(d) } }
func in(zone string) edit   { return func(p *access.Person) { p.TimeZone = zone } }
func works(dep string) edit { return func(p *access.Person) { p.Department = dep } }
func mail(s string) edit    { return func(p *access.Person) { p.WorkEmail = s } }
func from(roster string) edit {
	return func(p *access.Person) { p.Source = roster }
}
func reportsTo(id string) edit { return func(p *access.Person) { p.ManagerID = id } }
func is(s access.Status) edit  { return func(p *access.Person) { p.Status = s } }
func contract(d string) edit {
	return func(p *access.Person) { p.EmploymentType, p.ContractEndDate = access.TypeContractor, date(d) }
}
func custom(m map[string]string) edit { return func(p *access.Person) { p.Custom = m } }

// everyone is a rule that gives everybody an account.
func everyone(app string) policy.Rule {
	return policy.Rule{Name: "everyone", When: "true", Grants: policy.Grants{Accounts: []string{app}}}
}

// compile fails the test when the policy has errors.
func compile(t testing.TB, p policy.Policy) *policy.Program {
	t.Helper()
	program, problems := policy.Compile(p)
	if program == nil {
		t.Fatalf("policy does not compile: %v", problems)
	}
	return program
}

// evaluate asks for everything, at noon unless the input says otherwise.
func evaluate(t testing.TB, p policy.Policy, in policy.Input) policy.Result {
	t.Helper()
	if in.Now.IsZero() {
		in.Now = noon
	}
	if in.MaxQuarantined == 0 {
		in.MaxQuarantined = policy.DefaultMaxQuarantined
	}
	in.Reasons = true
	return compile(t, p).Evaluate(in)
}

func run(t testing.TB, p policy.Policy, people ...access.Person) policy.Result {
	t.Helper()
	return evaluate(t, p, policy.Input{People: people})
}

// holds are the addresses that a person was given.
func holds(r policy.Result, id string) []string {
	var list []string
	for _, x := range r.Reasons[id] {
		if x.Given {
			list = append(list, x.Grant)
		}
	}
	return list
}

// why is the reason that a person has or has not a grant.
func why(r policy.Result, id, grant string) string {
	for _, x := range r.Reasons[id] {
		if x.Grant == grant {
			return x.Why
		}
	}
	return ""
}

func wantHolds(t testing.TB, r policy.Result, id string, want ...string) {
	t.Helper()
	if got := holds(r, id); !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", id, got, want)
	}
}

func wantWhy(t testing.TB, r policy.Result, id, grant, part string) {
	t.Helper()
	if got := why(r, id, grant); !strings.Contains(got, part) {
		t.Errorf("%s, %s: why = %q, want something with %q", id, grant, got, part)
	}
}

// wantQuarantined compares person ids.
func wantQuarantined(t testing.TB, r policy.Result, want ...string) {
	t.Helper()
	var got []string
	for _, q := range r.Quarantined {
		got = append(got, q.PersonID)
		for name, app := range r.Apps {
			if _, ok := app.Accounts[q.PersonID]; ok && q.PersonID != "" {
				t.Errorf("%s is quarantined and yet in the output of %s", q.PersonID, name)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("quarantined %q, want %q; %v", got, want, r.Quarantined)
	}
}

// wantProblems compares, in order, the code of each problem and a part of its text: "code: part".
func wantProblems(t testing.TB, got []policy.Problem, want ...string) {
	t.Helper()
	var texts []string
	for _, p := range got {
		texts = append(texts, string(p.Code)+": "+p.String())
	}
	if len(got) != len(want) {
		t.Errorf("got %d problems, want %d:\n%s", len(got), len(want), strings.Join(texts, "\n"))
		return
	}
	for i := range want {
		code, part, _ := strings.Cut(want[i], ": ")
		if string(got[i].Code) != code || !strings.Contains(texts[i], part) {
			t.Errorf("problem %d:\n got %s\nwant %s", i, texts[i], want[i])
		}
	}
}
