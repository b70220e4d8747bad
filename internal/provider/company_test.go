package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
)

// company is a directory with rosters, local apps and a policy.
type company struct {
	*acctest.Workspace
	t testing.TB
}

// now is the day on which these companies live: a Wednesday.
const now = "2026-03-04"

// acme is the roster of most tests.
const acme = `person_id,given_name,family_name,work_email,title,department,manager_id,status,employment_type,start_date,end_date
1,Ana,García,ana@acme.com,CTO,Leadership,,active,employee,2020-01-01,
2,Bo,Łukasz,bo@acme.com,Engineer,Engineering,1,active,employee,2021-01-01,
3,Cy,Nguyễn,cy@acme.com,Product Designer,Design,1,active,employee,2021-01-01,
`

func newCompany(t testing.TB) *company {
	t.Helper()
	c := &company{acctest.NewWorkspace(t), t}
	c.Write("hr.csv", acme)
	return c
}

// providerHCL is a provider block with the roster "hr" and a local app for each name.
func providerHCL(asOf, lines string, apps ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "provider \"tenure\" {\n  as_of = %q\n  roster {\n    name = \"hr\"\n    csv {\n      path = \"hr.csv\"\n    }\n  }\n%s\n", asOf, lines)
	for _, app := range apps {
		fmt.Fprintf(&b, "  app {\n    name = %q\n    local {\n      path = \"%s.json\"\n    }\n  }\n", app, app)
	}
	b.WriteString("}\n")
	return b.String()
}

// policyHCL is a tenure_entitlements with the name "x".
func policyHCL(lines string) string {
	return "data \"tenure_entitlements\" \"x\" {\n  rosters = [\"hr\"]\n" + lines + "\n}\n"
}

// decide plans and gives the result of the data source, with the plan's text.
func (c *company) decide(hcl string) (decided, string) {
	c.t.Helper()
	c.Config(hcl)
	text, plan := c.Plan()
	return dataOf(c.t, plan, "data.tenure_entitlements.x"), text
}

// refuse plans, insists on an error, and gives what Terraform said on one line.
func (c *company) refuse(hcl string) string {
	c.t.Helper()
	c.Config(hcl)
	out, code := c.Try("plan")
	if code != 1 {
		c.t.Fatalf("plan: exit code %d instead of an error\n%s", code, out)
	}
	return flatten(out)
}

// app opens the app that a file behaves like.
func (c *company) app(name string) *world {
	c.t.Helper()
	path := filepath.Join(c.Dir, name+".json")
	a, err := local.Open(local.Config{Name: name, Path: path})
	if err != nil {
		c.t.Fatal(err)
	}
	return &world{t: c.t, path: path, app: a}
}

// decided is the result of a tenure_entitlements.
type decided struct {
	Apps map[string]struct {
		Accounts map[string]map[string]any
		Groups   map[string]map[string]string
		Licenses map[string]map[string]string
	}
	Counts      map[string]int
	Cutoffs     map[string]string
	Reasons     map[string]map[string]string
	Quarantined map[string]string
	Upcoming    []struct{ At, PersonID, Grant, Change, Why string }
}

// people are the keys of the accounts of an app, sorted.
func (d decided) people(app string) string {
	return strings.Join(sortedKeys(d.Apps[app].Accounts), " ")
}

func dataOf(t testing.TB, plan *tfjson.Plan, address string) decided {
	t.Helper()
	for _, r := range plan.PriorState.Values.RootModule.Resources {
		if r.Address != address {
			continue
		}
		raw, err := json.Marshal(r.AttributeValues)
		if err != nil {
			t.Fatal(err)
		}
		var d decided
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), `"person_id":`, `"PersonID":`)), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	t.Fatalf("the plan has no %s", address)
	return decided{}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// says insists that text holds every part.
func says(t testing.TB, text string, parts ...string) {
	t.Helper()
	missing := slices.DeleteFunc(parts, func(p string) bool { return strings.Contains(text, p) })
	if len(missing) > 0 {
		t.Errorf("nobody says\n\t%s\nin\n%s", strings.Join(missing, "\n\t"), text)
	}
}
