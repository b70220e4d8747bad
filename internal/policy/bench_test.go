package policy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

func BenchmarkEvaluate(b *testing.B) {
	people, p := bigCompany(50_000, 50)
	program, problems := policy.Compile(p)
	if program == nil {
		b.Fatal(problems)
	}
	for _, tc := range []struct {
		name string
		in   policy.Input
	}{
		{"plain", policy.Input{}},
		{"reasons", policy.Input{Reasons: true}},
		{"upcoming30", policy.Input{UpcomingDays: 30}},
	} {
		b.Run(tc.name, func(b *testing.B) {
			in := tc.in
			in.People, in.Now, in.MaxQuarantined = people, time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC), 10
			b.ReportAllocs()
			for b.Loop() {
				r := program.Evaluate(in)
				if len(r.Errors) > 0 {
					b.Fatal(r.Errors)
				}
			}
		})
	}
}

// bigCompany is n people under rules of the usual mix: text comparisons, prefixes, lists, chains.
func bigCompany(n, rules int) ([]access.Person, policy.Policy) {
	people := make([]access.Person, n)
	for i := range people {
		p := access.Person{PersonID: fmt.Sprint("p", i), Source: "hr", GivenName: fmt.Sprint("Given", i), FamilyName: fmt.Sprint("Family", i),
			WorkEmail: fmt.Sprintf("person%d@acme.com", i), Title: fmt.Sprint("Title ", i%40), Department: fmt.Sprint("Department ", i%25),
			Country: []string{"ES", "DE", "US"}[i%3], EmploymentType: access.TypeEmployee, Status: access.StatusActive, TimeZone: "Europe/Madrid",
			StartDate: access.Date{Year: 2020, Month: 1, Day: 1}, Custom: map[string]string{"grade": fmt.Sprint(i % 9)}}
		if i > 0 {
			p.ManagerID = fmt.Sprint("p", (i-1)/8)
		}
		switch {
		case i%20 == 7: // left long ago
			p.Status, p.EndDate = access.StatusTerminated, access.Date{Year: 2025, Month: 5, Day: 1}
		case i%40 == 9: // leaves in April
			p.EndDate = access.Date{Year: 2026, Month: 4, Day: 1 + i%28}
		case i%40 == 11: // starts in April
			p.StartDate = access.Date{Year: 2026, Month: 4, Day: 1 + i%28}
		}
		people[i] = p
	}
	p := policy.Policy{Rules: []policy.Rule{{Name: "everyone", When: "true",
		Grants: policy.Grants{Accounts: []string{"mail", "chat", "wiki"}, Groups: map[string][]string{"chat": {"all"}}}}}}
	for i := 1; i < rules; i++ {
		when := ""
		switch i % 5 {
		case 0:
			when = fmt.Sprintf("person.department == 'Department %d'", i%25)
		case 1:
			when = fmt.Sprintf("person.title.startsWith('Title %d') && person.country in ['ES', 'DE']", i%40)
		case 2:
			when = fmt.Sprintf("person.is_manager && person.department != 'Department %d'", i%25)
		case 3:
			when = fmt.Sprintf("'p%d' in person.manager_chain", i)
		case 4:
			when = fmt.Sprintf("person.custom.grade == '%d' || person.title.contains('%d')", i%9, i)
		}
		p.Rules = append(p.Rules, policy.Rule{Name: fmt.Sprint("rule ", i), When: when,
			Grants: policy.Grants{Groups: map[string][]string{"chat": {fmt.Sprint("channel ", i)}, "code": {fmt.Sprint("team ", i)}}}})
	}
	return people, p
}
