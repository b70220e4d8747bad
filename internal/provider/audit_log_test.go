package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
)

// Every write of every resource leaves two lines, no plan leaves any, and the chain holds. Names only on request.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	for _, names := range []bool{false, true} {
		t.Run(fmt.Sprint("names=", names), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			log := filepath.Join(t.TempDir(), "audit.jsonl")
			cfg := strings.Replace(w.hcl("", anaIs("user_name = \"ana@acme.com\"\nperson_id = \"1042\"")+
				editorsAre("name = \"Editors\"")+
				memberIs("group = tenure_group.editors.name\nuser_name = tenure_account.ana.user_name")),
				"provider \"tenure\" {", fmt.Sprintf("provider \"tenure\" {\n  audit_log {\n    path  = %q\n    names = %t\n  }", log, names), 1)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Providers(t),
				Steps:                    []resource.TestStep{{Config: cfg}, {Config: cfg, ConfigPlanChecks: noop(ana)}},
			})
			raw, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			report, err := audit.Verify(strings.NewReader(string(raw)))
			if err != nil {
				t.Errorf("the chain is broken: %v", err)
			}
			if len(report.Unfinished) > 0 {
				t.Errorf("attempts without an outcome: %v", report.Unfinished)
			}
			for _, op := range []string{"create account", "create group", "add member", "remove member", "deactivate account"} {
				if got := strings.Count(string(raw), `"operation":"`+op+`"`); got != 2 {
					t.Errorf("%d lines for %s, want one before and one after:\n%s", got, op, raw)
				}
			}
			if got := strings.Contains(string(raw), "ana@acme.com"); got != names {
				t.Errorf("names in the log: %t, asked for: %t\n%s", got, names, raw)
			}
			if !strings.Contains(string(raw), `"person_id":"1042"`) {
				t.Errorf("the log does not say for whom:\n%s", raw)
			}
			if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}
