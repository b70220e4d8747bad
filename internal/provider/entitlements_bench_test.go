package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkPlanOfEntitlements plans a company with tenure_entitlements alone: three apps, 50 rules, everybody in
// two of the apps. It is linear in people.
func BenchmarkPlanOfEntitlements(b *testing.B) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCompany(b)
			c.Write("hr.csv", bigRoster(n))
			c.Config(providerHCL(now, "", "mail", "chat", "code") + policyHCL(manyRules(50)))
			c.Run("apply", "-auto-approve")
			for b.Loop() {
				start := time.Now()
				c.Run("plan")
				b.ReportMetric(float64(time.Since(start).Microseconds())/float64(n), "µs/person")
			}
			b.ReportMetric(float64(len(c.Read("terraform.tfstate")))/float64(n), "state-B/person")
		})
	}
}

func bigRoster(n int) string {
	var s strings.Builder
	s.WriteString("person_id,given_name,family_name,work_email,title,department,country,manager_id,status,employment_type,start_date,end_date\n")
	for i := range n {
		end := ""
		if i%40 == 9 {
			end = fmt.Sprintf("2026-04-%02d", 1+i%28)
		}
		fmt.Fprintf(&s, "%d,Given%d,Family%d,person%d@acme.com,Title %d,Department %d,ES,%d,active,employee,2020-01-01,%s\n", i+1, i, i, i, i%40, i%25, i/8+1, end)
	}
	return s.String()
}

func manyRules(n int) string {
	var s strings.Builder
	s.WriteString("  rule {\n    name = \"everyone\"\n    when = \"true\"\n    accounts = [\"mail\", \"chat\"]\n    groups = { chat = [\"all\"] }\n  }\n")
	for i := 1; i < n; i++ {
		when := [...]string{
			fmt.Sprintf("person.department == 'Department %d'", i%25), fmt.Sprintf("person.title.startsWith('Title %d') && person.country in ['ES', 'DE']", i%40),
			fmt.Sprintf("person.is_manager && person.department != 'Department %d'", i%25), fmt.Sprintf("'%d' in person.manager_chain", i),
		}[i%4]
		fmt.Fprintf(&s, "  rule {\n    name = \"rule %d\"\n    when = %q\n    groups = { chat = [\"channel %d\"], code = [\"team %d\"] }\n  }\n", i, when, i, i)
	}
	return s.String()
}
