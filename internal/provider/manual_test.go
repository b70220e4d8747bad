package provider_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
)

// An app without an API is inside the same plan, the same brake and the same record: a write is a task, asked for once,
// and never recorded as done.
func TestManualApp(t *testing.T) {
	t.Parallel()
	w := acctest.NewWorkspace(t)
	var export strings.Builder
	export.WriteString("Login,Name,State,Roles\n")
	for i := range 40 {
		fmt.Fprintf(&export, "p%d@x,P %d,active,clerks\n", i, i)
	}
	w.Write("erp.csv", export.String())
	config := func(people int, more string) {
		w.Config(fmt.Sprintf(`
provider "tenure" {
  audit_log { path = "audit.jsonl" }
  app {
    name = "erp"
    manual {
      export  = "erp.csv"
      tasks   = "tasks.csv"
      fields  = ["user_name", "display_name"]
      columns = { user_name = "Login", display_name = "Name", status = "State", groups = "Roles" }
      groups  = ["payers"]
    }
  }
}
resource "tenure_app_access" "erp" {
  app      = "erp"
  accounts = merge({ for i in range(%d) : "k${i}" => { user_name = "p${i}@x" } }, { new = { user_name = "eva@x", display_name = "Eva" } })
  groups   = { payers = { "p1@x" = "member", "eva@x" = "member" } }
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
  %s
}
`, people, more))
	}
	tasks := func() (out []string) {
		raw, err := os.ReadFile(filepath.Join(w.Dir, "tasks.csv"))
		if os.IsNotExist(err) {
			return nil
		}
		rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			out = append(out, r[3]+" "+r[5]+" "+r[7])
		}
		return out
	}
	config(40, "")
	w.Apply() // and an empty plan: nothing is asked for twice
	equal(t, "tasks", tasks(), []string{"create account eva@x ", "add member eva@x payers", "add member p1@x payers"})

	config(10, "")
	out, code := w.Try("apply", "-auto-approve")
	if code != 1 || !strings.Contains(flatten(out), "30") || !strings.Contains(out, "approved_removals") {
		t.Errorf("the brake did not hold: exit code %d\n%s", code, out)
	}
	equal(t, "tasks behind the brake", len(tasks()), 3)

	config(39, "")
	w.Apply()
	equal(t, "tasks of a leaver", tasks()[3:], []string{"deactivate account p39@x "})

	log := w.Read("audit.jsonl")
	if _, err := audit.Verify(strings.NewReader(log)); err != nil {
		t.Error(err)
	}
	if strings.Contains(log, `"outcome":"done"`) || strings.Count(log, `"outcome":"unconfirmed"`) != 4 {
		t.Errorf("tasks are recorded as more than asked for:\n%s", log)
	}

	// Half an export is none.
	w.Write("erp.csv", export.String()+"p99@x,\"cut")
	if out, code := w.Try("plan"); code != 1 || !strings.Contains(out, "erp.csv") {
		t.Errorf("half an export: exit code %d\n%s", code, out)
	}
}
