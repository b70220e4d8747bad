package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// found is the result of a tenure_access_findings.
type found struct {
	Findings []finding
	Counts   map[string]int
	Worst    string
	Coverage map[string]struct {
		Accounts, Matched, Unknown int
		Gaps                       []string
	}
	Entitlements, Register any
}

type finding struct {
	Kind, Severity, App, Owner, Subject, Reason, Evidence, Suggestion, Fingerprint, Currency string

	PersonID    string  `json:"person_id"`
	FirstSeen   string  `json:"first_seen"`
	MonthlyCost float64 `json:"monthly_cost"`
	Waived      bool
}

// lines are the findings, one on each line.
func (f found) lines() string {
	var b strings.Builder
	for _, x := range f.Findings {
		waived := ""
		if x.Waived {
			waived = " (waived)"
		}
		fmt.Fprintf(&b, "%s %s %s %s%s\n", x.Severity, x.Kind, x.App, x.Subject, waived)
	}
	return b.String()
}

func foundIn(t testing.TB, plan *tfjson.Plan, address string) found {
	t.Helper()
	var f found
	for _, r := range plan.PriorState.Values.RootModule.Resources {
		if r.Address != address {
			continue
		}
		raw, err := json.Marshal(r.AttributeValues)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	t.Fatalf("the plan has no %s", address)
	return f
}

const reviewedProvider = `
provider "tenure" {
  as_of = %q
  app {
    name = "wiki"
    local { path = "wiki.json" }
    owner             = "platform@acme.com"
    privileged_groups = ["*-admins"]
    privileged_roles  = ["owner"]
    ignored_accounts  = ["svc-*"]
    license_price {
      product  = "Design"
      monthly  = 15.5
      currency = "EUR"
    }
  }
  roster {
    name = "hr"
    csv { path = "hr.csv" }
  }
}
`

// reviewed is a company in which several things are wrong.
func reviewed(t testing.TB, thresholds string) (*company, string) {
	t.Helper()
	c := newCompany(t)
	c.Write("hr.csv", acme+
		"4,Di,Silva,di@acme.com,Engineer,Engineering,1,terminated,employee,2021-01-01,2026-02-20\n"+
		"5,Eve,Ek,eve@acme.com,Engineer,Engineering,1,active,contractor,2021-01-01,\n")
	c.Write("wiki.json", `{
  "roles": ["member", "owner"],
  "accounts": [
    {"id": "u1", "user_name": "ana@acme.com", "active": true, "last_login": "2026-03-03T09:00:00Z"},
    {"id": "u2", "user_name": "bo@acme.com", "active": true, "last_login": "2025-11-03T09:00:00Z"},
    {"id": "u4", "user_name": "di@acme.com", "active": true, "last_login": "2026-02-19T09:00:00Z"},
    {"id": "u5", "user_name": "eve@acme.com", "active": true},
    {"id": "u7", "user_name": "svc-backup", "active": true},
    {"id": "u9", "user_name": "mallory@evil.example", "active": true, "external": true, "never_used": true, "created": "2025-12-01T00:00:00Z"}
  ],
  "groups": [
    {"id": "g1", "name": "staff", "members": {"ana@acme.com": "member", "mallory@evil.example": "member"}},
    {"id": "g2", "name": "wiki-admins", "members": {"eve@acme.com": "member"}}
  ],
  "licenses": [{"product": "Design", "license": "Full", "total": 10, "assignees": ["bo@acme.com"]}]
}`)
	return c, fmt.Sprintf(reviewedProvider, now) + policyHCL(`
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
    groups   = { wiki = ["staff"] }
  }
  rule {
    name     = "engineers"
    when     = "person.department == 'Engineering' && person.employment_type == 'employee'"
    licenses = { wiki = { Design = "Full" } }
  }
  exception {
    person_id   = "3"
    groups      = { wiki = ["editors"] }
    reason      = "INC-1"
    approved_by = "1"
    expires_at  = "2026-03-01"
  }
  conflict {
    name   = "staff-or-admin"
    grants = ["wiki/groups/wiki-admins", "wiki/accounts"]
  }
`) + `
data "tenure_access_findings" "all" {
  rosters      = ["hr"]
  entitlements = data.tenure_entitlements.x.apps
` + thresholds + `
}
`
}

// The whole way: rosters, policy, a real app, and what a check block makes of it.
func TestAccessFindings(t *testing.T) {
	t.Parallel()
	c, hcl := reviewed(t, "")
	hcl += `
check "nothing_critical" {
  assert {
    condition     = data.tenure_access_findings.all.counts.critical == 0
    error_message = join("\n", [for f in data.tenure_access_findings.all.findings : "${f.kind} ${f.subject}" if f.severity == "critical"])
  }
}
check "no_orphans" {
  assert {
    condition     = data.tenure_access_findings.all.counts["deactivated_elsewhere"] == 0
    error_message = "deactivated elsewhere"
  }
}
`
	c.Config(hcl)
	text, plan := c.Plan()
	f := foundIn(t, plan, "data.tenure_access_findings.all")
	want := `critical conflict wiki people/5
critical leaver_active wiki accounts/di@acme.com
critical privileged_without_rule wiki groups/wiki-admins/eve@acme.com
high orphan_account wiki accounts/mallory@evil.example
medium dormant_account wiki accounts/bo@acme.com
medium never_used wiki accounts/mallory@evil.example
medium unmanaged_membership wiki groups/staff/mallory@evil.example
low exception_expired wiki exceptions/3
low license_pool_idle wiki licenses/Design/Full
low license_unused wiki licenses/Design/bo@acme.com
low missing_manager  people/1
`
	if got := f.lines(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if f.Worst != "critical" || f.Counts["critical"] != 3 || f.Counts["orphan_account"] != 1 || f.Counts["waived"] != 0 || f.Counts["unknown"] != 1 {
		t.Errorf("worst %s, counts %v", f.Worst, f.Counts)
	}
	if _, ok := f.Counts["license_pool_low"]; !ok {
		t.Error("counts have no key for a kind that was not found")
	}
	if f.Entitlements != nil {
		t.Error("the entitlements are in state a second time")
	}
	if cover := f.Coverage["wiki"]; cover.Accounts != 6 || cover.Matched != 4 || cover.Unknown != 1 {
		t.Errorf("coverage %+v", cover)
	}
	for _, x := range f.Findings {
		if x.Kind == "license_pool_idle" && (x.MonthlyCost != 9*15.5 || x.Currency != "EUR") {
			t.Errorf("nine idle seats cost %v %s", x.MonthlyCost, x.Currency)
		}
		if x.Kind == "leaver_active" && (x.FirstSeen != "2026-02-20T18:00:00Z" || x.PersonID != "4" || x.Owner != "platform@acme.com") {
			t.Errorf("the leaver's finding: %+v", x)
		}
	}
	if !strings.Contains(flatten(text), "Check block assertion failed") || !strings.Contains(text, "leaver_active accounts/di@acme.com") || strings.Contains(text, "deactivated elsewhere") {
		t.Errorf("the check blocks said:\n%s", text)
	}
	c.Run("apply", "-auto-approve", "-no-color")
	if a := c.app("wiki").must("di@acme.com"); !a.Active {
		t.Error("a review has changed the app")
	}
}

// Thresholds move the line, and waivers hide one finding each as long as they last.
func TestAccessFindingsThresholdsAndWaivers(t *testing.T) {
	t.Parallel()
	c, hcl := reviewed(t, `
  thresholds {
    dormant_days              = 200
    dormant_act_days          = 300
    license_unused_days       = 200
    license_pool_idle_percent = 95
    never_used_days           = 365
  }
  waiver {
    kind        = "orphan_account"
    app         = "wiki"
    subject     = "accounts/mallory@evil.example"
    reason      = "penetration test"
    approved_by = "ana@acme.com"
    expires_at  = "2026-03-04"
  }
  waiver {
    kind        = "missing_manager"
    subject     = "people/1"
    reason      = "nobody is above"
    approved_by = "2"
    expires_at  = "2026-03-03"
  }
`)
	c.Config(hcl)
	_, plan := c.Plan()
	f := foundIn(t, plan, "data.tenure_access_findings.all")
	want := `critical conflict wiki people/5
critical leaver_active wiki accounts/di@acme.com
critical privileged_without_rule wiki groups/wiki-admins/eve@acme.com
high orphan_account wiki accounts/mallory@evil.example (waived)
medium exception_expired  waivers/missing_manager%2F%2Fpeople%2F1
medium unmanaged_membership wiki groups/staff/mallory@evil.example
low exception_expired wiki exceptions/3
low missing_manager  people/1
`
	if got := f.lines(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if f.Counts["orphan_account"] != 0 || f.Counts["waived"] != 1 || f.Counts["high"] != 0 {
		t.Errorf("counts %v", f.Counts)
	}

	// Renaming account and group, and running a month later, keep the fingerprints of what is still the same.
	before := map[string]string{}
	for _, x := range f.Findings {
		before[x.Kind] = x.Fingerprint
	}
	w := c.app("wiki")
	w.change("di@acme.com", access.AccountSpec{Values: map[access.Field]string{access.UserName: "di.silva@acme.com", access.Email: "di@acme.com"}})
	w.renameGroup("wiki-admins", "all-admins")
	c.Config(strings.Replace(hcl, "as_of = \"2026-03-04\"", "as_of = \"2026-04-04\"", 1))
	_, plan = c.Plan()
	later := foundIn(t, plan, "data.tenure_access_findings.all")
	for _, kind := range []string{"leaver_active", "privileged_without_rule", "orphan_account", "unmanaged_membership"} {
		if !slices.ContainsFunc(later.Findings, func(x finding) bool {
			return x.Kind == kind && x.Fingerprint == before[kind]
		}) {
			t.Errorf("%s has another fingerprint after renaming:\n%s", kind, later.lines())
		}
	}
}

// What cannot be examined is said, and mistakes in the arguments are errors at the argument.
func TestAccessFindingsArguments(t *testing.T) {
	t.Parallel()
	c, hcl := reviewed(t, "")
	alone := fmt.Sprintf(reviewedProvider, now) + "data \"tenure_access_findings\" \"all\" {}\n"
	c.Config(alone)
	_, plan := c.Plan()
	f := foundIn(t, plan, "data.tenure_access_findings.all")
	if gaps := strings.Join(f.Coverage["wiki"].Gaps, "\n"); !strings.Contains(gaps, "no rosters are named") || !strings.Contains(gaps, "no entitlements are given") {
		t.Errorf("gaps:\n%s", gaps)
	}
	if f.Counts["orphan_account"]+f.Counts["leaver_active"]+f.Counts["unmanaged_membership"] != 0 {
		t.Errorf("found what cannot be told:\n%s", f.lines())
	}
	for name, tc := range map[string]struct{ was, is, want string }{
		"no such app":         {`data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {` + "\n  apps = [\"wikki\"]", "The configured names are: wiki"},
		"waiver of nothing":   {`data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {` + waiverHCL(`kind = "conflict"`, "2026-04-01"), "does not say what it accepts"},
		"waiver named twice":  {`data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {` + waiverHCL("fingerprint = \"ab\"\n kind = \"conflict\"", "2026-04-01"), "names its finding twice"},
		"waiver without date": {`data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {` + waiverHCL(`fingerprint = "ab"`, "soon"), "neither a date nor an instant"},
		"no such kind":        {`data "tenure_access_findings" "all" {`, `data "tenure_access_findings" "all" {` + waiverHCL("kind = \"orphan\"\n subject = \"x\"", "2026-04-01"), "orphan_account"},
		"bad pattern":         {`["*-admins"]`, `["[admins"]`, "is not a user name or a pattern"},
		"price twice":         {"    license_price {", "    license_price {\n      product = \"Design\"\n      monthly = 1\n      currency = \"EUR\"\n    }\n    license_price {", "Two prices"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := reviewed(t, "")
			if said := c.refuse(strings.Replace(hcl, tc.was, tc.is, 1)); !strings.Contains(said, tc.want) {
				t.Errorf("said:\n%s\nwant: %s", said, tc.want)
			}
		})
	}
}

func waiverHCL(names, expires string) string {
	return "\n  waiver {\n    " + names + "\n    reason      = \"x\"\n    approved_by = \"1\"\n    expires_at  = \"" + expires + "\"\n  }\n"
}
