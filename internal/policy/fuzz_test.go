package policy_test

import (
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// FuzzCondition compiles and, where that succeeds, evaluates any text: neither may panic, what is refused
// must say where, and what is accepted must decide or quarantine everybody.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{
		"true", "", "person.department == 'Engineering'", "person.title.contains('Designer') && !person.full_time",
		"'p1' in person.manager_chain", "person.manager_chain.exists(m, m.startsWith('p'))", "has(person.custom.grade)",
		"person.custom.grade > '3'", "person.custom['a b'] == ''", "person.departement", "person", "persn.x == 1", "1/0 == 1",
		"person.title.matches('(')", "person.title.matches(person.department)", "Person{}", "dyn(person)", "[1][2] == 1", "'é' == person.given_name",
		"person.custom.all(k, person.custom[k] != k)", "timestamp(person.start_date + 'T00:00:00Z') < timestamp('2026-01-01T00:00:00Z')",
		"{'a': 1}.a == person.stage", "cel.bind(x, 1, x == 1)", "person.custom == {}", "'%s'.format([person.title]) == ''", "true //", "\x00", "r'\\'",
	} {
		f.Add(s)
	}
	people := []access.Person{
		{PersonID: "p1", Source: "hr", GivenName: "Ana", WorkEmail: "ana@acme.com", Title: "CTO", Status: access.StatusActive},
		{PersonID: "p2", Source: "hr", GivenName: "José", Status: access.StatusActive, ManagerID: "p1", Custom: map[string]string{"grade": "4"}},
	}
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, when string) {
		if len(when) > 2000 {
			t.Skip("longer than any condition")
		}
		program, problems := policy.Compile(policy.Policy{
			Rules:        []policy.Rule{{Name: "r", When: when, Grants: policy.Grants{Roles: map[string]string{"app": "x"}}}},
			UserNames:    map[string]string{"app": "person.person_id"},
			CustomFields: []string{"grade", "a b", "k"},
		})
		if program == nil {
			for _, p := range problems {
				if p.Cause == "" || p.Attribute != "when" || when != "" && p.Line == 0 && p.Next == "" {
					t.Errorf("%q is refused without saying why and where: %+v", when, p)
				}
			}
			return
		}
		r := program.Evaluate(policy.Input{People: people, Now: now, MaxQuarantined: 2, Reasons: true})
		for _, p := range people {
			_, given := r.Apps["app"].Accounts[p.PersonID]
			held := false
			for _, q := range r.Quarantined {
				held = held || q.PersonID == p.PersonID
			}
			if given && held {
				t.Errorf("%q both gives to %s and quarantines them", when, p.PersonID)
			}
			if given && len(r.Reasons[p.PersonID]) == 0 {
				t.Errorf("%q gives to %s without a reason", when, p.PersonID)
			}
		}
	})
}
