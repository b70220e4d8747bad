package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A replacement (a taint after a failed create, -replace) writes nothing, and does not make strangers of those whom the
// rosters have something to say about: leavers are cut off by the plan after it, and who is missing is still held.
func TestReplacementForgetsNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	const more = "4,Di,Ek,di@acme.com,Writer,Design,1,active,employee,2021-01-01,\n"
	c.Write("hr.csv", acme+more)
	c.Write("wiki.json", `{"groups": [{"id": "g1", "name": "all", "members": {}}]}`)
	c.Config(providerHCL(now, "", "wiki") + policyHCL("  rule {\n    name   = \"everyone\"\n    when   = \"true\"\n    groups = { wiki = [\"all\"] }\n  }\n") + `
resource "tenure_app_access" "wiki" {
  app      = "wiki"
  accounts = data.tenure_entitlements.x.apps["wiki"].accounts
  groups   = data.tenure_entitlements.x.apps["wiki"].groups
  rosters  = ["hr"]
  unmanaged {
    accounts  = "remove"
    members   = "remove"
    assignees = "report"
  }
}`)
	c.Apply()
	c.Write("hr.csv", lacking(acme+more, "2,"))
	c.Run("apply", "-auto-approve")
	left := strings.Replace(lacking(acme+more, "2,", "4,"), "Design,1,active,employee,2021-01-01,", "Design,1,terminated,employee,2021-01-01,2026-03-03", 1)
	c.Write("hr.csv", left)
	c.Run("apply", "-auto-approve", "-replace=tenure_app_access.wiki")
	app := c.app("wiki")
	check := func(when string, cy bool, all ...string) {
		t.Helper()
		for who, active := range map[string]bool{"ana": true, "bo": true, "cy": cy, "di": true} {
			if got := app.must(who + "@acme.com").Active; got != active {
				t.Errorf("%s: %s is active: %t", when, who, got)
			}
		}
		if got := sortedKeys(app.members("all")); !cmp.Equal(got, all) {
			t.Errorf("%s: the members are %v", when, got)
		}
	}
	check("the replacement", true, "ana@acme.com", "bo@acme.com", "cy@acme.com", "di@acme.com")
	out := flatten(c.Run("apply", "-auto-approve"))
	says(t, out, "1 person left, by the rosters, 2 changes (left on 2026-03-03)", "accounts/2 (dropped_from_roster)", "accounts/4 (dropped_from_roster)")
	check("after it", false, "ana@acme.com", "bo@acme.com", "di@acme.com")
	c.Apply()
}

// lacking is a file without the lines that begin so.
func lacking(file string, starts ...string) string {
	var out strings.Builder
	for line := range strings.Lines(file) {
		gone := false
		for _, s := range starts {
			gone = gone || strings.HasPrefix(line, s)
		}
		if !gone {
			out.WriteString(line)
		}
	}
	return out.String()
}
