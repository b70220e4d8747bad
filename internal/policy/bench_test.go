package policy_test

import (
	"fmt"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// BenchmarkEvaluate: 50,000 people under 50 rules, target below 2 s and 500 MiB. Measured on two shared cores
// (Xeon, go1.26) at a load of 7; the peak holds the people themselves, about 60 MiB, and garbage of the run before:
//
//	plain       0.8 s   320 MiB   176 MB in 2.3 million allocations
//	reasons     0.9 s   390 MiB   236 MB
//	upcoming30  1.2 s   330 MiB   227 MB
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
			stop, peak := make(chan struct{}), make(chan uint64)
			go func() { peak <- heapPeak(stop) }()
			for b.Loop() {
				r := program.Evaluate(in)
				if len(r.Errors) > 0 {
					b.Fatal(r.Errors)
				}
			}
			close(stop)
			b.ReportMetric(float64(<-peak)/(1<<20), "peak-MiB")
		})
	}
}

// heapPeak is the most memory that the heap took until stop, garbage not yet collected included.
func heapPeak(stop <-chan struct{}) (peak uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64())
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// bigCompany is n people under rules of the usual mix: text comparisons, prefixes, lists, chains.
func bigCompany(n, rules int) ([]access.Person, policy.Policy) {
	people := make([]access.Person, n)
	for i := range people {
		p := access.Person{
			PersonID: fmt.Sprint("p", i), Source: "hr", GivenName: fmt.Sprint("Given", i), FamilyName: fmt.Sprint("Family", i),
			WorkEmail: fmt.Sprintf("person%d@acme.com", i), Title: fmt.Sprint("Title ", i%40), Department: fmt.Sprint("Department ", i%25),
			Country: []string{"ES", "DE", "US"}[i%3], EmploymentType: access.TypeEmployee, Status: access.StatusActive, TimeZone: "Europe/Madrid",
			StartDate: access.Date{Year: 2020, Month: 1, Day: 1}, Custom: map[string]string{"grade": fmt.Sprint(i % 9)},
		}
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
	p := policy.Policy{Rules: []policy.Rule{{
		Name: "everyone", When: "true",
		Grants: policy.Grants{Accounts: []string{"mail", "chat", "wiki"}, Groups: map[string][]string{"chat": {"all"}}},
	}}}
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
		p.Rules = append(p.Rules, policy.Rule{
			Name: fmt.Sprint("rule ", i), When: when,
			Grants: policy.Grants{Groups: map[string][]string{"chat": {fmt.Sprint("channel ", i)}, "code": {fmt.Sprint("team ", i)}}},
		})
	}
	return people, p
}
