package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
)

// office writes the app's file: these people, signed in twice each, all in the group eng and with a license.
func (w *world) office(names ...string) {
	w.t.Helper()
	var accounts, members, assignees []string
	for i, n := range names {
		accounts = append(accounts, fmt.Sprintf(`{"id": "u-%06d", "user_name": "%s@x", "person_id": "%s", "active": true, "sessions": ["laptop", "phone"]}`, i+1, n, n))
		members = append(members, fmt.Sprintf(`"%s@x": "member"`, n))
		assignees = append(assignees, fmt.Sprintf(`"%s@x"`, n))
	}
	acctest.Write(w.t, w.path, fmt.Sprintf(`{"accounts": [%s],
		"groups": [{"id": "g-000100", "name": "eng", "members": {%s}}],
		"licenses": [{"product": "design", "license": "Full", "total": null, "assignees": [%s]}]}`,
		strings.Join(accounts, ","), strings.Join(members, ","), strings.Join(assignees, ",")))
}

// signedIn are the user names of accounts with sessions, and how many.
func (w *world) signedIn() map[string]int {
	w.t.Helper()
	var file struct {
		Accounts []struct {
			UserName string   `json:"user_name"`
			Sessions []string `json:"sessions"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(w.read()), &file); err != nil {
		w.t.Fatal(err)
	}
	open := map[string]int{}
	for _, a := range file.Accounts {
		if len(a.Sessions) > 0 {
			open[a.UserName] = len(a.Sessions)
		}
	}
	return open
}

// operations are the writes on record that were done, in order; "" when the chain is broken.
func operations(t testing.TB, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(strings.NewReader(string(raw))); err != nil {
		t.Errorf("the chain is broken: %v", err)
	}
	var ops []string
	for line := range strings.Lines(string(raw)) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Outcome == audit.Done {
			ops = append(ops, e.Operation)
		}
	}
	return ops
}

func audited(hcl, log string) string {
	return strings.Replace(hcl, "provider \"tenure\" {", fmt.Sprintf("provider \"tenure\" {\n  audit_log {\n    path = %q\n  }", log), 1)
}

// A leaver is deactivated and signed out before anything else is taken, and deleted last; the record shows it.
func TestAppAccessEndsSessions(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"deactivate": "deactivate account, end sessions, remove member, remove license",
		"delete":     "deactivate account, end sessions, remove member, remove license, delete account",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.office("ana", "bob")
			log := filepath.Join(t.TempDir(), "audit.jsonl")
			config := func(names, lines string) {
				e.Config(audited(e.hcl("", appAccess(`accounts = { for n in `+names+` : n => { user_name = "${n}@x"`+lines+` } }
					groups = { eng = { for n in `+names+` : "${n}@x" => "member" } }
					licenses = { design = { for n in `+names+` : "${n}@x" => "Full" } }
					on_removal = "`+how+`"
				`+report)), log))
			}
			config(`["ana", "bob"]`, "")
			e.Apply()
			equal(t, "signed in", e.signedIn(), map[string]int{"ana@x": 2, "bob@x": 2})
			config(`["ana"]`, "")
			e.Apply()
			equal(t, "operations", strings.Join(operations(t, log), ", "), want)
			equal(t, "signed in", e.signedIn(), map[string]int{"ana@x": 2})
			config(`["ana"]`, ", active = false")
			e.Apply()
			equal(t, "signed in", e.signedIn(), map[string]int{})
		})
	}
}

// The single account does the same, whether it is deactivated by configuration or destroyed.
func TestAccountEndsSessions(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct{ lines, args, want string }{
		"inactive":  {"active = false", "apply", "deactivate account, end sessions"},
		"destroyed": {"", "destroy", "deactivate account, end sessions"},
		"deleted":   {`on_removal = "delete"`, "destroy", "deactivate account, end sessions, delete account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.office("ana", "bob")
			log := filepath.Join(t.TempDir(), "audit.jsonl")
			config := func(lines string) {
				e.Config(audited(e.hcl("", anaIs("user_name = \"ana@x\"\n"+lines)), log))
			}
			config("")
			e.Apply()
			config(end.lines)
			e.Apply()
			e.Run(end.args, "-auto-approve")
			equal(t, "operations", strings.Join(operations(t, log), ", "), end.want)
			equal(t, "signed in", e.signedIn(), map[string]int{"bob@x": 2})
		})
	}
}

// The kill switch ends sessions too, says so, and catches up where it was first told not to.
func TestCutoffEndsSessions(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob", "cy")
	log := filepath.Join(t.TempDir(), "audit.jsonl")
	config := func(people, lines string) {
		e.Config(audited(e.hcl("", fmt.Sprintf("resource \"tenure_cutoff\" \"now\" {\n  app = \"wiki\"\n  people = %s\n%s\n}\n", people, lines)), log))
	}
	config(`{ ana = "case 1" }`, "")
	e.Apply()
	equal(t, "done", done(t, e.Workspace), map[string]string{"ana": "deactivated, sessions ended"})
	equal(t, "signed in", e.signedIn(), map[string]int{"bob@x": 2, "cy@x": 2})

	config(`{ ana = "case 1", bob = "case 2" }`, "revoke_sessions = false")
	e.Apply()
	equal(t, "done", done(t, e.Workspace), map[string]string{"ana": "deactivated, sessions ended", "bob": "deactivated"})
	equal(t, "signed in", e.signedIn(), map[string]int{"bob@x": 2, "cy@x": 2})

	config(`{ ana = "case 1", bob = "case 2" }`, "")
	e.Apply()
	equal(t, "done", done(t, e.Workspace), map[string]string{"ana": "deactivated, sessions ended", "bob": "deactivated, sessions ended"})
	equal(t, "signed in", e.signedIn(), map[string]int{"cy@x": 2})
	equal(t, "operations", strings.Join(operations(t, log), ", "), "deactivate account, end sessions, deactivate account, end sessions")
}
