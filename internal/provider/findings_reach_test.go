package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// In an apply no policy is evaluated any more, so the register is handed over: a data source inside a check block, which
// is read again in the apply, finds there what it found in the plan.
func TestAccessFindingsInApply(t *testing.T) {
	t.Parallel()
	c, hcl := reviewed(t, "")
	hcl = strings.Replace(hcl, "  rule {\n    name     = \"everyone\"", "  include = [\"register\"]\n  rule {\n    name     = \"everyone\"", 1)
	c.Config(hcl + `
output "worst" {
  value = data.tenure_access_findings.all.worst
}
check "exceptions" {
  data "tenure_access_findings" "scoped" {
    rosters      = ["hr"]
    entitlements = data.tenure_entitlements.x.apps
    register     = data.tenure_entitlements.x.register
  }
  assert {
    condition     = data.tenure_access_findings.scoped.counts.exception_expired + data.tenure_access_findings.scoped.counts.conflict == 0
    error_message = "found ${data.tenure_access_findings.scoped.counts.exception_expired} and ${data.tenure_access_findings.scoped.counts.conflict}"
  }
}
`)
	text, plan := c.Plan()
	if !strings.Contains(text, "found 1 and 1") {
		t.Errorf("the plan said:\n%s", text)
	}
	if text := c.Run("apply", "tfplan"); !strings.Contains(text, "found 1 and 1") {
		t.Errorf("the apply said:\n%s", text)
	}
	if f := foundIn(t, plan, "data.tenure_access_findings.all"); f.Register != nil {
		t.Error("the register is in state a second time")
	}
	if said := c.refuse(strings.Replace(hcl, "entitlements = data.tenure_entitlements.x.apps", "entitlements = data.tenure_entitlements.x.apps\n  register = \"{\\\"Wrong\\\": 1}\"", 1)); !strings.Contains(said, "as it is") {
		t.Errorf("a register that is none was answered with:\n%s", said)
	}
}

// Seats cost what the app block says: a license's own price before its product's, and nothing where none is named.
func TestLicensePrices(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("wiki.json", `{"accounts": [{"id": "u1", "user_name": "ana@acme.com"}, {"id": "u2", "user_name": "bo@acme.com"}], "licenses": [
  {"product": "Design", "license": "Full", "total": 5, "assignees": ["ana@acme.com"]},
  {"product": "Design", "license": "Viewer", "assignees": ["bo@acme.com"]},
  {"product": "Board", "license": "Board", "total": 3, "assignees": []}
]}`)
	prices := "    license_price {\n      product = \"Design\"\n      monthly = 3\n      currency = \"USD\"\n    }\n"
	c.Config(strings.Replace(fmt.Sprintf(reviewedProvider, now), "    license_price {\n      product  = \"Design\"", prices+"    license_price {\n      product  = \"Design\"\n      license = \"Full\"", 1) +
		"data \"tenure_licenses\" \"all\" {\n  app = \"wiki\"\n}\n")
	_, plan := c.Plan()
	for _, r := range plan.PriorState.Values.RootModule.Resources {
		got, err := json.Marshal(r.AttributeValues["licenses"])
		if err != nil {
			t.Fatal(err)
		}
		want := `{"Board":{"Board":{"available":3,"currency":null,"idle_cost":null,"monthly_cost":null,"total":3,"unit_price":null,"used":0}},` +
			`"Design":{"Full":{"available":4,"currency":"EUR","idle_cost":62,"monthly_cost":15.5,"total":5,"unit_price":15.5,"used":1},` +
			`"Viewer":{"available":null,"currency":"USD","idle_cost":null,"monthly_cost":3,"total":null,"unit_price":3,"used":1}}}`
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// An app that cannot be read is an error and, where configuration prefers the last known state, a gap: never an app
// in which nothing is wrong.
func TestAccessFindingsWithoutAnApp(t *testing.T) {
	t.Parallel()
	c, hcl := reviewed(t, "")
	down := func(lines string) string {
		return strings.Replace(hcl, "  roster {", "  app {\n    name = \"crm\"\n    max_retries = 0\n"+lines+"    scim {\n      base_url = \"http://127.0.0.1:1/scim/v2\"\n      token    = \"x\"\n    }\n  }\n  roster {", 1)
	}
	if said := c.refuse(down("")); !strings.Contains(said, "crm") || !strings.Contains(said, "Nothing was examined") {
		t.Errorf("said:\n%s", said)
	}
	c.Config(down("    on_unavailable = \"stale\"\n"))
	text, plan := c.Plan()
	f := foundIn(t, plan, "data.tenure_access_findings.all")
	if gaps := f.Coverage["crm"].Gaps; !slices.Contains(gaps, "the app could not be read: nothing was examined") || !strings.Contains(flatten(text), "App crm could not be read: not examined") {
		t.Errorf("gaps %q, and the plan said:\n%s", gaps, text)
	}
	if f.Counts["leaver_active"] != 1 {
		t.Errorf("the other app was not examined:\n%s", f.lines())
	}
	// The app alone that can be read is examined alone.
	c.Config(strings.Replace(down(""), `data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {`+"\n  apps = [\"wiki\"]", 1))
	_, plan = c.Plan()
	if f := foundIn(t, plan, "data.tenure_access_findings.all"); len(f.Coverage) != 1 || f.Counts["leaver_active"] != 1 {
		t.Errorf("coverage %v", f.Coverage)
	}
}
