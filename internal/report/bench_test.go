package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// bigPlan is a plan in which everybody changes: a third joins, a third moves, a third leaves, in three apps with
// groups and licenses, with the copies of everything that Terraform puts beside it.
func bigPlan(tb testing.TB, people int) []byte {
	tb.Helper()
	var changes, drift, prior []m
	reasons := m{}
	for _, app := range []string{"wiki", "chat", "design"} {
		was, now, explanations, ids, unknown := m{}, m{}, m{}, m{}, m{}
		wasGroups, nowGroups := m{"all": m{}}, m{"all": m{}}
		for g := range 20 {
			wasGroups[fmt.Sprintf("team-%d", g)], nowGroups[fmt.Sprintf("team-%d", g)] = m{}, m{}
		}
		wasSeats, nowSeats := m{}, m{}
		for i := range people {
			key := fmt.Sprint(100000 + i)
			user := fmt.Sprintf("given%d.family%d@acme.example", i, i)
			a := account(user, fmt.Sprintf("Given%d Family%d", i, i), m{"email": user, "title": "Engineer", "department": "Engineering"})
			team, next := fmt.Sprintf("team-%d", i%20), fmt.Sprintf("team-%d", (i+1)%20)
			add := func(s, change, words string) { explanations[s+user] = why(change, words) }
			unknown[key] = m{}
			reasons[key] = m{app + "/accounts": `rule "everyone"`}
			switch i % 3 {
			case 0:
				now[key], nowGroups["all"].(m)[user], nowGroups[team].(m)[user], nowSeats[user] = a, "member", "member", "Full"
				explanations["accounts/"+key] = why("create", `rule "everyone"`)
				add("groups/all/", "add", `rule "everyone"`)
				add("groups/"+team+"/", "add", `rule "team"`)
				add("licenses/Suite/", "add", `rule "everyone"`)
			case 1:
				was[key], now[key], ids[key] = a, a, "u-"+key
				wasGroups["all"].(m)[user], nowGroups["all"].(m)[user], wasGroups[team].(m)[user], nowGroups[next].(m)[user] = "member", "member", "member", "member"
				wasSeats[user], nowSeats[user] = "Full", "Full"
				add("groups/"+team+"/", "remove", `no longer matched by rule "team"`)
				add("groups/"+next+"/", "add", `rule "team"`)
			case 2:
				was[key], wasGroups["all"].(m)[user], wasGroups[team].(m)[user], wasSeats[user] = a, "member", "member", "Full"
				explanations["accounts/"+key] = why("deactivate", "left on 2026-02-27")
				add("groups/all/", "remove", "left on 2026-02-27")
				add("groups/"+team+"/", "remove", "left on 2026-02-27")
				add("licenses/Suite/", "remove", "left on 2026-02-27")
			}
		}
		before := set(app, was, m{"groups": wasGroups, "licenses": m{"Suite": wasSeats}, "ids": ids})
		after := set(app, now, m{"groups": nowGroups, "licenses": m{"Suite": nowSeats}, "ids": ids, "explanations": explanations})
		changes = append(changes, resource("tenure_app_access", app, update, before, after, m{"after_unknown": m{"accounts": unknown, "ids": m{"x": true}}, "after_sensitive": m{"accounts": unknown}}))
		drift = append(drift, resource("tenure_app_access", app, update, before, before, m{"after_sensitive": m{"accounts": unknown}}))
		prior = append(prior, m{"address": "tenure_app_access." + app, "mode": "managed", "type": "tenure_app_access", "values": before, "sensitive_values": m{"accounts": unknown}})
	}
	prior = append(prior, m{"address": "data.tenure_entitlements.x", "mode": "data", "type": "tenure_entitlements", "values": m{"reasons": reasons}})
	values := m{"root_module": m{"resources": prior}}
	return planOf(tb, changes, m{"planned_values": values, "prior_state": m{"values": values}, "resource_drift": drift})
}

// BenchmarkReport is a plan that changes ten thousand people, read and written as HTML; the target is 5 s and 500
// MiB in all.
func BenchmarkReport(b *testing.B) {
	plan := bigPlan(b, 10_000)
	b.Logf("a plan of %d MB", len(plan)>>20)
	b.ReportMetric(float64(len(plan))/1e6, "MB-plan")
	for b.Loop() {
		r := read(b, plan)
		if len(r.People) != 10_000 {
			b.Fatalf("%d people", len(r.People))
		}
		var page bytes.Buffer
		if err := r.WriteHTML(&page, report.HTMLOptions{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(page.Len())/1e6, "MB-html")
		if err := r.WriteMarkdown(io.Discard, report.MarkdownOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	b.ReportMetric(float64(s.Sys)/(1<<20), "MiB-sys")
}

// A thousand people who all change are all told, in every form.
func TestBigPlan(t *testing.T) {
	t.Parallel()
	r := read(t, bigPlan(t, 999))
	if len(r.People) != 999 || r.Summary.People[report.Joiner] != 333 || r.Summary.People[report.Mover] != 333 || r.Summary.People[report.Leaver] != 333 {
		t.Fatalf("%+v", r.Summary)
	}
	page := dataElement.FindStringSubmatch(formats(t, r)["html"])
	var data struct{ People []any }
	if err := json.Unmarshal([]byte(page[1]), &data); err != nil || len(data.People) != 999 {
		t.Errorf("%d people in the page: %v", len(data.People), err)
	}
}
