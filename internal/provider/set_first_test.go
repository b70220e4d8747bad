package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
)

// whys are the reasons on record of what was done, by operation and person.
func whys(t testing.TB, path string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(read(t, path)) {
		var e struct {
			Operation string        `json:"operation"`
			PersonID  string        `json:"person_id"`
			Why       string        `json:"why"`
			Outcome   audit.Outcome `json:"outcome"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Outcome == audit.Done {
			out[e.Operation+" "+e.PersonID] = e.Why
		}
	}
	return out
}

// A first apply has no Read before it: its record takes the reason from the rosters, or from policy where policy is
// evaluated while it applies, and its explanations say what only the apply could find out.
func TestFirstApplySaysWhy(t *testing.T) {
	t.Parallel()
	const hr = `person_id,given_name,family_name,work_email,status,employment_type,start_date,department
1,Ana,A,ana@x,active,employee,2020-01-01,Engineering
2,Bob,B,bob@x,active,employee,2021-02-01,Engineering
3,Cy,C,cy@x,active,employee,2022-03-01,Sales
`
	const policy = `
data "tenure_entitlements" "x" {
  rosters = ["hr"]
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
	for name, tc := range map[string]struct{ lines, create, join string }{
		"policy before the apply": {"", "in configuration; in hr with access since 2020-01-01", "in configuration; in hr with access since 2020-01-01"},
		"policy while it applies": {"  depends_on = [terraform_data.first]\n", `rule "everyone"`, `rule "engineers"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.group("eng")
			e.has(person("user_name=bob@x", "person_id=2"))
			e.has(person("user_name=cy@x", "person_id=3"))
			e.retire("cy@x", access.Deactivate)
			log, people := filepath.Join(t.TempDir(), "audit.jsonl"), acctest.File(t, "hr.csv", hr)
			set := strings.Replace(appAccess(`accounts = data.tenure_entitlements.x.apps["wiki"].accounts
				groups = data.tenure_entitlements.x.apps["wiki"].groups
				licenses = data.tenure_entitlements.x.apps["wiki"].licenses
				rosters = ["hr"]
			`+report), "licenses = data.tenure_entitlements.x.apps[\"wiki\"].licenses\n", "", 1)
			e.Config(strings.Replace(audited(e.hcl("", "resource \"terraform_data\" \"first\" {\n  input = 1\n}\n"+policy+tc.lines+"}\n"+set), log),
				"provider \"tenure\" {", fmt.Sprintf("provider \"tenure\" {\n  roster {\n    name = \"hr\"\n    csv {\n      path = %q\n    }\n  }\n", people), 1))
			e.Run("apply", "-auto-approve")
			got := whys(t, log)
			for op, want := range map[string]string{"create account 1": tc.create, "add member 1": tc.join, "reactivate account 3": strings.Replace(tc.create, "2020-01-01", "2022-03-01", 1)} {
				if !strings.Contains(got[op], want) {
					t.Errorf("%s: %q, want %q", op, got[op], want)
				}
			}
			state := e.Run("state", "show", whole)
			contains(t, state, `"accounts/2" = { change = "adopt" why = "the account was there already" }`, `"accounts/3" = { change = "reactivate"`)
			if strings.Contains(state, `"accounts/1" = {`) {
				t.Errorf("what the plan shows is explained:\n%s", state)
			}
			e.Run("apply", "-auto-approve")
			equal(t, "writes of a second apply", len(whys(t, log)), len(got))
		})
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
