package provider_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// What the rosters say reaches a plan with what is read. A plan that reads nothing takes nothing from people who are to be
// held, and cuts leavers off all the same.
func TestPlanWithoutReading(t *testing.T) {
	t.Parallel()
	const wiki = `
resource "tenure_app_access" "wiki" {
  app      = "wiki"
  accounts = data.tenure_entitlements.x.apps["wiki"].accounts
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}`
	bo := "2,Bo,Łukasz,bo@acme.com,Engineer,Engineering,1,active,employee,2021-01-01,\n"
	for what, roster := range map[string]string{
		"":                     strings.Replace(acme, "Design,1,active,employee,2021-01-01,", "Design,1,terminated,employee,2021-01-01,2026-03-03", 1),
		"not in it":            strings.Replace(acme, bo, "", 1),
		"a faulty record":      strings.Replace(acme, bo, strings.Replace(bo, "2021-01-01", "2021-02-31", 1), 1),
		"an unheard of status": strings.Replace(acme, bo, strings.Replace(bo, "active", "banana", 1), 1),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			c.Config(providerHCL(now, "", "wiki") + policyHCL("  rule {\n    name = \"everyone\"\n    when = \"person.stage == 'active'\"\n    accounts = [\"wiki\"]\n  }") + wiki)
			c.Apply()
			c.Write("hr.csv", roster)
			out, code := c.Try("apply", "-auto-approve", "-refresh=false")
			app := c.app("wiki")
			if !app.must("bo@acme.com").Active {
				t.Errorf("bo lost the account\n%s", out)
			}
			if left := what == ""; left != (code == 0) || left == app.must("cy@acme.com").Active {
				t.Errorf("exit code %d, cy is active: %t\n%s", code, app.must("cy@acme.com").Active, out)
			}
			if what != "" {
				says(t, flatten(out), "Cannot take access from 1 person in wiki", "bo@acme.com", "Plan without -refresh=false")
				c.Apply()
				if !app.must("bo@acme.com").Active {
					t.Error("bo lost the account after all")
				}
			}
		})
	}
}

// Policy gives every app maps of groups and licenses, empty ones to apps that have neither.
func TestEmptyMapsNeedNoCapability(t *testing.T) {
	t.Parallel()
	e := newSCIMEstate(t, sandbox.Options{})
	e.Write("hr.csv", acme)
	e.configure("roster {\n name = \"hr\"\n csv {\n path = \"hr.csv\"\n }\n }", policyHCL("  rule {\n    name = \"everyone\"\n    when = \"true\"\n    accounts = [\"slack\"]\n  }")+`
resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.x.apps
  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}`)
	e.Apply()
	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{})
}
