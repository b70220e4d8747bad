package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// badRows are n people whose start date is none.
func badRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "9%d,Bad,Row%d,bad%d@acme.com,,,,active,employee,2026-02-31,\n", i, i, i)
	}
	return b.String()
}

// One bad row never stops offboarding for everybody else; too many of them do.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	for n, limit := range map[int]string{1: "", 10: "", 11: "", 2: "  safeguard {\n    max_quarantined = 1\n  }", 12: "  safeguard {\n    max_quarantined = 12\n  }"} {
		t.Run(fmt.Sprintf("%d bad rows %s", n, strings.TrimSpace(limit)), func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			left := strings.Replace(acme, "Design,1,active,employee,2021-01-01,", "Design,1,terminated,employee,2021-01-01,2026-03-03", 1)
			c.Write("hr.csv", left+badRows(n))
			hcl := providerHCL(now, limit, "wiki") + policyHCL("  include = [\"quarantined\"]\n  rule {\n    name = \"everyone\"\n    when = \"true\"\n    accounts = [\"wiki\"]\n  }")
			if n == 11 || n == 2 {
				text := c.refuse(hcl)
				says(t, text, fmt.Sprintf("%d people cannot be decided, more than max_quarantined", n), "90: hr.csv:5", fmt.Sprintf("9%d: hr.csv:%d", n-1, n+4), "raise safeguard.max_quarantined")
				return
			}
			d, text := c.decide(hcl)
			if d.people("wiki") != "1 2" || len(d.Quarantined) != n {
				t.Errorf("people %q, %d in quarantine; want 1 and 2, as 3 has left, and %d", d.people("wiki"), len(d.Quarantined), n)
			}
			for i := range n {
				says(t, flatten(text), fmt.Sprintf("Person 9%d keeps what they have: the record is faulty", i))
			}
		})
	}
}

// Whoever cannot be decided keeps what they have, while somebody else is offboarded in the same apply.
func TestQuarantinedAreHeld(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("wiki.json", `{"groups": [{"id": "g1", "name": "all", "members": {}}]}`)
	c.Config(providerHCL(now, "", "wiki") + policyHCL(`
  rule {
    name   = "everyone"
    when   = "true"
    groups = { wiki = ["all"] }
  }`) + `
resource "tenure_app_access" "wiki" {
  app      = "wiki"
  accounts = data.tenure_entitlements.x.apps["wiki"].accounts
  groups   = data.tenure_entitlements.x.apps["wiki"].groups
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}`)
	c.Apply()
	bad := strings.Replace(acme, "Engineering,1,active,employee,2021-01-01,", "Engineering,1,active,employee,2021-02-31,", 1)
	c.Write("hr.csv", strings.Replace(bad, "Design,1,active,employee,2021-01-01,", "Design,1,terminated,employee,2021-01-01,2026-03-03", 1))
	out := c.Run("apply", "-auto-approve")
	says(t, flatten(out), "Person 2 keeps what they have: the record is faulty")
	app := c.app("wiki")
	if bo, cy := app.must("bo@acme.com"), app.must("cy@acme.com"); !bo.Active || cy.Active {
		t.Errorf("bo is active: %t, cy is active: %t; want that only cy is cut off", bo.Active, cy.Active)
	}
	if got := sortedKeys(app.members("all")); !cmp.Equal(got, []string{"ana@acme.com", "bo@acme.com"}) {
		t.Errorf("the members are %v", got)
	}
	c.Write("hr.csv", acme)
	c.Run("apply", "-auto-approve")
	if got := sortedKeys(c.app("wiki").members("all")); !cmp.Equal(got, []string{"ana@acme.com", "bo@acme.com", "cy@acme.com"}) {
		t.Errorf("after the correction and a rehire the members are %v", got)
	}
}

// Whoever an override cuts off is told apart from a mover, group by group.
func TestOverrideExplainsEveryLoss(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("wiki.json", `{"groups": [{"id": "g1", "name": "all", "members": {}}]}`)
	hcl := func(lines string) string {
		return providerHCL(now, "", "wiki") + policyHCL("  rule {\n    name   = \"everyone\"\n    when   = \"true\"\n    groups = { wiki = [\"all\"] }\n  }\n"+lines) + `
resource "tenure_app_access" "wiki" {
  app      = "wiki"
  accounts = data.tenure_entitlements.x.apps["wiki"].accounts
  groups   = data.tenure_entitlements.x.apps["wiki"].groups
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}`
	}
	c.Config(hcl(""))
	c.Apply()
	c.Config(hcl("  override {\n    person_id = \"3\"\n    access_ends_at = \"2026-03-01\"\n    reason = \"case 12\"\n  }"))
	out := flatten(c.Run("plan"))
	says(t, out, "1 person is in the rosters, and nothing gives it any more, 2 changes")
	if n := strings.Count(out, `+ why = "not given: access ended on 2026-03-01 18:00 UTC (override: case 12)"`); n != 2 {
		t.Errorf("%d of 2 changes name the override:\n%s", n, out)
	}
}
