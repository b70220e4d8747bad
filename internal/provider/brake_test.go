package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// flagship is the one page that manages a whole company: policy in, one resource per app.
const flagship = `
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
}
`

// bigCompany is a roster of n engineers; only the first employed ones are still there, the others have left.
func bigCompany(n, employed int) string {
	var b strings.Builder
	b.WriteString("person_id,given_name,family_name,work_email,department,status,start_date,end_date\n")
	for i := range n {
		status, end := "active", ""
		if i >= employed {
			status, end = "terminated", "2026-02-28"
		}
		fmt.Fprintf(&b, "%d,P%d,Q,p%d@acme.com,Engineering,%s,2020-01-01,%s\n", 100+i, i, i, status, end)
	}
	return b.String()
}

const everyone = `
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
  rule {
    name   = "engineers"
    when   = "person.department == 'Engineering'"
    groups = { wiki = ["eng"] }
  }
`

// A reverted commit, half an HR file and another company's HR file all look like many people losing access
// at once. Each stops the plan with names, and nothing reaches the app.
func TestBrakeStopsMassRemovals(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	wiki := c.app("wiki")
	wiki.group("eng")
	c.Write("hr.csv", bigCompany(40, 40))
	hcl := func(provider, rules string) string {
		return providerHCL(now, provider, "wiki") + policyHCL(rules) + flagship
	}
	c.Config(hcl("", everyone))
	c.Apply()
	was := wiki.read()
	for name, tc := range map[string]struct {
		roster, rules string
		want          []string
	}{
		"a rule is gone": {
			bigCompany(40, 40), strings.Split(everyone, "  rule {\n    name   =")[0] + "  rule {\n    name   = \"nobody\"\n    when   = \"person.department == 'Sales'\"\n    groups = { wiki = [\"eng\"] }\n  }\n",
			[]string{"Cannot take this much away from groups/eng in wiki", "40 removals that no roster explains", "p7@acme.com"},
		},
		"half an HR file": {
			bigCompany(20, 20), everyone,
			[]string{"20 people are gone from the rosters without having left", "the roster may be cut short"},
		},
		"a mass departure": {bigCompany(40, 20), everyone, []string{"20 removals in all, explained ones included", "left on 2026-02-28"}},
	} {
		c.Write("hr.csv", tc.roster)
		out := c.refuse(hcl("", tc.rules))
		for _, want := range tc.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the error does not say %q:\n%s", name, want, out)
			}
		}
		if wiki.read() != was {
			t.Fatalf("%s: the app was written", name)
		}
	}
	// The printed lines approve exactly this, in plan and apply.
	c.Write("hr.csv", bigCompany(40, 20))
	c.Config(hcl("", everyone))
	out, _ := c.Try("plan")
	var lines []string
	for _, m := range regexp.MustCompile(`approved_removals = \["([^"]+)"\]`).FindAllStringSubmatch(out, -1) {
		lines = append(lines, m[1])
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines to approve, want one for the accounts and one for the group:\n%s", len(lines), out)
	}
	approved := fmt.Sprintf("  safeguard {\n    approved_removals = [%q, %q]\n  }\n", lines[0], lines[1])
	c.Write("hr.csv", bigCompany(40, 19))
	if out := c.refuse(hcl(approved, everyone)); !strings.Contains(out, "21 removals in all") {
		t.Errorf("the approval of twenty lets twenty-one pass:\n%s", out)
	}
	c.Write("hr.csv", bigCompany(40, 20))
	c.Config(hcl(approved, everyone))
	c.Apply()
	if got := len(wiki.members("eng")); got != 20 {
		t.Errorf("%d members are left, want 20", got)
	}
}

// Ten single resources may go in one run, the eleventh stops it; a dated line lets a known number pass.
func TestBrakeCountsSingleResources(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	accounts := func(n int) string {
		return fmt.Sprintf("resource \"tenure_account\" \"p\" {\n  count     = %d\n  app       = \"wiki\"\n  user_name = \"p${count.index}@acme.com\"\n}\n", n)
	}
	e.config("", accounts(30))
	e.Apply()
	e.config("", accounts(26))
	out, code := e.Try("plan")
	if flat := flatten(out); code != 1 || !strings.Contains(flat, "4 removals that no roster explains are more than max_removal_percent = 10, which is 3 of 30") {
		t.Errorf("the percentage: exit code %d\n%s", code, out)
	}
	const noPercent = "safeguard {\n  max_removal_percent = 100\n}"
	e.config(noPercent, accounts(19))
	out, code = e.Try("plan")
	if flat := flatten(out); code != 1 || !strings.Contains(flat, "11 removals that no roster explains are more than max_removals = 10") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	e.Config(strings.Replace(e.hcl(noPercent, accounts(19)), "provider \"tenure\" {", "provider \"tenure\" {\n  safeguard {\n    approved_removals = [\"wiki/accounts 11 until 2999-12-31\"]\n  }", 1))
	e.Apply()
	e.config(noPercent, accounts(9))
	e.Apply() // ten, the limit
	e.config("safeguard {\n  max_removals = 2\n}", accounts(6))
	if out, code := e.Try("plan"); code != 1 || !strings.Contains(flatten(out), "max_removals = 2") {
		t.Errorf("the app's own limit does not hold: exit code %d\n%s", code, out)
	}
}

// What policy knows goes into the plan: which rule gives, why something is no longer given, and that
// whoever cannot be decided keeps what they have.
func TestPlanSaysWhy(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	wiki := c.app("wiki")
	wiki.group("eng")
	c.Config(providerHCL(now, "", "wiki") + policyHCL(everyone) + flagship)
	c.Apply()
	// Bo moves to Design; Cy moves to Engineering; Ana's address is lost.
	moved := strings.Replace(acme, "Engineer,Engineering", "Designer,Design", 1)
	moved = strings.Replace(moved, "Product Designer,Design", "Engineer,Engineering", 1)
	moved = strings.Replace(moved, "ana@acme.com", "", 1)
	c.Write("hr.csv", moved)
	_, plan := c.Plan()
	_, after := planned(t, plan, `tenure_app_access.this["wiki"]`, "explanations")
	for subject, want := range map[string]string{
		"groups/eng/cy@acme.com": "engineers",
		"groups/eng/bo@acme.com": "engineers",
	} {
		one, _ := after[subject].(map[string]any)
		if why, _ := one["why"].(string); !strings.Contains(why, want) {
			t.Errorf("%s is explained by %q, which does not name the rule %q", subject, why, want)
		}
	}
	_, held := planned(t, plan, `tenure_app_access.this["wiki"]`, "held")
	if one, _ := held["accounts/1"].(map[string]any); one["reason"] != "quarantined" {
		t.Errorf("somebody without a user name is not held: %v", held)
	}
	c.Run("apply", "tfplan")
	c.Empty()
	if a := wiki.must("ana@acme.com"); !a.Active {
		t.Error("somebody who could not be decided was deactivated")
	}
	if got := wiki.members("eng"); len(got) != 1 || got["cy@acme.com"] == "" {
		t.Errorf("members are %v", got)
	}
}

// An override that ends access is no move: whoever is cut off keeps nothing for a hand-over.
func TestCutOffPeopleHaveNoOverlap(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	wiki := c.app("wiki")
	wiki.group("eng")
	hcl := func(more string) string {
		return providerHCL(now, "  safeguard {\n    max_removals = 100\n    max_removal_percent = 100\n  }\n", "wiki") + policyHCL(everyone+
			"  rule {\n    name   = \"leaders\"\n    when   = \"person.department == 'Leadership'\"\n    groups = { wiki = [\"eng\"] }\n  }\n"+
			"  timing {\n    overlap_days = 10\n  }\n"+more) + flagship
	}
	c.Config(hcl(""))
	c.Apply()
	c.Config(hcl("  override {\n    person_id      = \"2\"\n    access_ends_at = \"2026-03-04T09:00:00Z\"\n    reason         = \"terminated for cause\"\n  }\n"))
	_, plan := c.Plan()
	_, why := planned(t, plan, `tenure_app_access.this["wiki"]`, "explanations")
	if one, _ := why["accounts/2"].(map[string]any); !strings.Contains(fmt.Sprint(one["why"]), "terminated for cause") {
		t.Errorf("the cut-off is explained by %v", one)
	}
	c.Run("apply", "tfplan")
	c.Empty()
	if wiki.must("bo@acme.com").Active || wiki.members("eng")["bo@acme.com"] != "" {
		t.Error("somebody who was cut off still has access")
	}
}

// Somebody who moves keeps what the old place gave for as long as the overlap lasts, by name, and loses it
// after that.
func TestOverlapOfMovers(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	wiki := c.app("wiki")
	wiki.group("eng")
	on := func(day string) string {
		return providerHCL(day, "", "wiki") + policyHCL(everyone+"  timing {\n    overlap_days = 10\n  }\n"+
			"  rule {\n    name   = \"leaders\"\n    when   = \"person.department == 'Leadership'\"\n    groups = { wiki = [\"eng\"] }\n  }\n") + flagship
	}
	c.Config(on("2026-03-04"))
	c.Apply()
	c.Write("hr.csv", strings.Replace(acme, "Engineer,Engineering", "Designer,Design", 1))
	for _, tc := range []struct {
		day  string
		held bool
	}{{"2026-03-05", true}, {"2026-03-14", true}, {"2026-03-16", false}} {
		c.Config(on(tc.day))
		_, plan := c.Plan()
		_, held := planned(t, plan, `tenure_app_access.this["wiki"]`, "held")
		one, _ := held["groups/eng/bo@acme.com"].(map[string]any)
		if got := one["reason"] == "overlap"; got != tc.held {
			t.Errorf("on %s the plan holds %v", tc.day, held)
		}
		c.Run("apply", "tfplan")
		c.Empty()
		if got := wiki.members("eng")["bo@acme.com"] != ""; got != tc.held {
			t.Errorf("on %s the membership is there: %t", tc.day, got)
		}
	}
}
