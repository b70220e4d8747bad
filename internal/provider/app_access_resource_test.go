package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

const whole = "tenure_app_access.this"

// report is an unmanaged block that only reports.
const report = "unmanaged {\n accounts = \"report\"\n members = \"report\"\n assignees = \"report\"\n}\n"

func unmanaged(accounts, members, assignees string) string {
	return fmt.Sprintf("unmanaged {\n accounts = %q\n members = %q\n assignees = %q\n}\n", accounts, members, assignees)
}

// appAccess is a tenure_app_access "this" of the app wiki.
func appAccess(lines string) string {
	return "resource \"tenure_app_access\" \"this\" {\n app = \"wiki\"\n" + lines + "\n}\n"
}

// estate is a world and a workspace that manages it.
type estate struct {
	*world
	*acctest.Workspace
}

func newEstate(t testing.TB) estate { return estate{newWorld(t), acctest.NewWorkspace(t)} }

// config writes a configuration with the app wiki.
func (e estate) config(appLines, rest string) { e.Config(e.hcl(appLines, rest)) }

// file is the app as it is on disk: whatever was written shows here.
func (e estate) file() string {
	e.world.t.Helper()
	b, err := os.ReadFile(e.path)
	if err != nil {
		e.world.t.Fatal(err)
	}
	return string(b)
}

// active lists the active user names.
func (e estate) active() []string {
	e.world.t.Helper()
	var out []string
	for a, err := range e.app.Accounts(e.world.t.Context(), access.AccountFilter{}) {
		if err != nil {
			e.world.t.Fatal(err)
		}
		if a.Active {
			out = append(out, a.UserName)
		}
	}
	slices.Sort(out)
	return out
}

// before and after give one attribute of the resource as the plan has it.
func planned(t testing.TB, p *tfjson.Plan, address, attribute string) (before, after map[string]any) {
	t.Helper()
	for _, c := range p.ResourceChanges {
		if c.Address == address {
			b, _ := c.Change.Before.(map[string]any)
			a, _ := c.Change.After.(map[string]any)
			before, _ = b[attribute].(map[string]any)
			after, _ = a[attribute].(map[string]any)
			return before, after
		}
	}
	t.Fatalf("the plan does not mention %s", address)
	return nil, nil
}

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// added are the keys that the plan adds to an attribute.
func added(before, after map[string]any) []string {
	var out []string
	for _, k := range keys(after) {
		if _, had := before[k]; !had {
			out = append(out, k)
		}
	}
	return out
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func contains(t testing.TB, text string, want ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)), " ")
	for _, w := range want {
		if !strings.Contains(flat, w) {
			t.Errorf("the output lacks %q:\n%s", w, text)
		}
	}
}

// Seven of 300 accounts cannot be made. The others are, state says so, one error names the seven, and the
// next plan adds just those: a replacement in name only, which takes nothing from anybody.
func TestAppAccessPartialFailure(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	var blocked []string
	for i := range 7 {
		name := fmt.Sprintf("p%d@x", i*40)
		blocked = append(blocked, fmt.Sprint(i*40))
		e.has(person("user_name="+name, fmt.Sprintf("person_id=other-%d", i)))
	}
	e.config("", appAccess(`accounts = { for i in range(300) : tostring(i) => { user_name = "p${i}@x" } }`+"\n"+report))
	out, code := e.Try("apply", "-auto-approve")
	if code == 0 {
		t.Fatal("an apply with failures ended well")
	}
	contains(t, out, "Cannot finish 7 of 300 changes in wiki", "accounts/240 (p240@x)", "belongs to person other-6", "The other 293 are done and in state", "terraform untaint")
	equal(t, "errors", strings.Count(out, "Error:"), 1)
	before := e.active()
	equal(t, "accounts in the app", len(before), 300)

	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{whole: "delete,create"})
	slices.Sort(blocked)
	equal(t, "planned", added(planned(t, p, whole, "accounts")), blocked)

	for i := range 7 {
		e.retire(fmt.Sprintf("p%d@x", i*40), access.Delete)
	}
	ids := make(map[string]string)
	for _, n := range e.active() {
		ids[n] = e.must(n).ID
	}
	e.Apply()
	equal(t, "active accounts", e.active(), before)
	for n, id := range ids {
		if now := e.must(n).ID; now != id {
			t.Errorf("%s has the id %s instead of %s: it was made a second time", n, now, id)
		}
	}
}

// An update that fails in part shows the rest as a plain difference.
func TestAppAccessPartialUpdate(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.config("", appAccess(`accounts = { "1" = { user_name = "ana@x" } }`+"\n"+report))
	e.Apply()
	e.has(person("user_name=bob@x", "person_id=other"))
	e.config("", appAccess(`accounts = { for k, n in { "1" = "ana", "2" = "bob", "3" = "cy" } : k => { user_name = "${n}@x", title = "T" } }`+"\n"+report))
	out, code := e.Try("apply", "-auto-approve")
	if code == 0 {
		t.Fatal("an apply with failures ended well")
	}
	contains(t, out, "Cannot finish 1 of 3 changes in wiki", "identities = {")
	equal(t, "title", e.must("ana@x").Title, "T")
	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{whole: "update"})
	equal(t, "planned", added(planned(t, p, whole, "accounts")), []string{"2"})
}

// Whoever somebody else lets in shows by name; "remove" takes exactly that person out, and nobody who came
// after the plan.
func TestAppAccessStrangers(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	admins := e.group("admins")
	people := `accounts = { "1" = { user_name = "ana@x" }, "2" = { user_name = "bob@x" } }
		groups = { admins = { "ana@x" = "member" } }
	`
	e.config("", appAccess(people+report))
	e.Apply()
	e.has(person("user_name=eve@x"))
	e.changeMember(admins, "eve@x", "member", false)
	out, _ := e.Plan()
	contains(t, out, "wiki: 2 not in configuration: accounts/eve@x, groups/admins/eve@x", "No changes")

	e.config("", appAccess(people+unmanaged("report", "remove", "report")))
	text, p := e.Plan()
	contains(t, text, `- "groups/admins/eve@x" = "member" -> null`, "first seen")
	before, after := planned(t, p, whole, "strangers")
	equal(t, "strangers before", keys(before), []string{"accounts/eve@x", "groups/admins/eve@x"})
	equal(t, "strangers after", keys(after), []string{"accounts/eve@x"})
	e.has(person("user_name=mallory@x"))
	e.changeMember(admins, "mallory@x", "member", false)
	e.Run("apply", "tfplan")
	equal(t, "members", e.members("admins"), map[string]string{"ana@x": "member", "mallory@x": "member"})

	// Accounts: protected ones are passed over and held, ignored ones are nobody's business.
	e.has(person("user_name=breakglass@x"))
	e.has(person("user_name=bot-1@x"))
	e.config("protected_accounts = [\"breakglass@x\"]\nignored_accounts = [\"bot-*\"]", appAccess(people+unmanaged("remove", "remove", "report")))
	_, p = e.Plan()
	_, held := planned(t, p, whole, "held")
	equal(t, "held", keys(held), []string{"accounts/breakglass@x"})
	e.Apply()
	equal(t, "active", e.active(), []string{"ana@x", "bob@x", "bot-1@x", "breakglass@x"})
	equal(t, "members", e.members("admins"), map[string]string{"ana@x": "member"})
}

// An account that the security team deactivates stays so and shows in held.
func TestAppAccessDeactivatedElsewhere(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	people := func(active string) string {
		return appAccess(`accounts = { "1" = { user_name = "ana@x"` + active + ` }, "2" = { user_name = "bob@x" } }` + "\n" + report)
	}
	e.config("", people(""))
	e.Apply()
	e.retire("ana@x", access.Deactivate)
	out := e.Run("apply", "-auto-approve")
	contains(t, out, "accounts/1 (deactivated_elsewhere)")
	contains(t, e.Run("state", "show", whole), `reason = "deactivated_elsewhere"`)
	equal(t, "active", e.active(), []string{"bob@x"})
	e.Empty()

	e.config("", people(", active = true"))
	e.Apply()
	equal(t, "enforced", e.active(), []string{"ana@x", "bob@x"})
	e.config("", people(", active = false"))
	e.Apply()
	equal(t, "kept inactive", e.active(), []string{"bob@x"})
	e.config("", people(""))
	e.Apply()
	equal(t, "back from leave", e.active(), []string{"ana@x", "bob@x"})
}

// A whole app is imported with everything in it; what configuration omits is released, not removed.
func TestAppAccessImport(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	eng := e.group("eng")
	e.has(person("user_name=ana@x", "person_id=1", "title=Boss"))
	e.has(person("user_name=bob@x", "person_id=2"))
	e.changeMember(eng, "ana@x", "member", false)
	e.changeMember(eng, "bob@x", "member", false)
	was := e.file()
	all := `accounts = { "1" = { user_name = "ana@x" }, "2" = { user_name = "bob@x" } }
		groups = { eng = { "ana@x" = "member", "bob@x" = "member" } }
	`
	e.config("", appAccess(all+report))
	e.Run("import", whole, "wiki")
	e.Empty()
	e.config("", appAccess(`accounts = { "1" = { user_name = "ana@x" } }
		groups = { eng = { "ana@x" = "member" } }
	`+unmanaged("remove", "remove", "report")))
	_, p := e.Plan()
	_, strangers := planned(t, p, whole, "strangers")
	equal(t, "released", keys(strangers), []string{"accounts/bob@x", "groups/eng/bob@x"})
	e.Run("apply", "tfplan")
	equal(t, "the app", e.file(), was)
}

// Replacing the resource, or tainting it, writes nothing at all.
func TestAppAccessReplaceWritesNothing(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("eng")
	cfg := appAccess(`accounts = { for n in ["ana", "bob", "cy"] : n => { user_name = "${n}@x" } }
		groups = { eng = { "ana@x" = "member" } }
		on_destroy = "remove"
	` + report)
	e.config("", cfg)
	e.Apply()
	e.retire("bob@x", access.Deactivate)
	was := e.file()
	e.Run("apply", "-auto-approve", "-replace="+whole)
	equal(t, "the app after -replace", e.file(), was)
	e.Run("taint", whole)
	e.Run("apply", "-auto-approve")
	equal(t, "the app after taint", e.file(), was)
	e.Empty()
	// A real destroy takes everything away, which somebody has to approve, set by set.
	out, code := e.Try("destroy", "-auto-approve")
	lines := regexp.MustCompile(`approved_removals = \["([^"]+)"\]`).FindAllStringSubmatch(out, -1)
	if code == 0 || len(lines) != 2 {
		t.Fatalf("exit code %d and %d lines to approve:\n%s", code, len(lines), out)
	}
	equal(t, "the app after a refused destroy", e.file(), was)
	e.Config(strings.Replace(e.hcl("", cfg), "provider \"tenure\" {", fmt.Sprintf("provider \"tenure\" {\n  safeguard {\n    approved_removals = [%q, %q]\n  }", lines[0][1], lines[1][1]), 1))
	e.Run("destroy", "-auto-approve")
	equal(t, "active after a real destroy", len(e.active()), 0)
	equal(t, "members after a real destroy", e.members("eng"), map[string]string{})
}

// One failing app leaves the others alone.
func TestAppAccessOneAppFails(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	other := filepath.Join(t.TempDir(), "other.json")
	e.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "wiki"
    local { path = %q }
  }
  app {
    name      = "frozen"
    read_only = true
    local { path = %q }
  }
}
resource "tenure_app_access" "this" {
  for_each = toset(["wiki", "frozen"])
  app      = each.key
  accounts = { "1" = { user_name = "ana@x" } }
  %s
}
`, e.path, other, report))
	out, code := e.Try("apply", "-auto-approve")
	if code == 0 {
		t.Fatal("writing to a read-only app ended well")
	}
	contains(t, out, "Cannot finish 1 of 1 changes in frozen", "read_only")
	equal(t, "the app that works", e.active(), []string{"ana@x"})
}

// Two owners of one account are told of each other.
func TestAppAccessClaims(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.group("eng")
	e.config("", appAccess(`accounts = { "1" = { user_name = "ana@x" } }
		groups = { eng = { "ana@x" = "member" } }
	`+report)+`
resource "tenure_account" "ana" {
  app       = "wiki"
  user_name = "ana@x"
}
resource "tenure_group_members" "eng" {
  app     = "wiki"
  group   = "eng"
  members = { "ana@x" = "member" }
}
`)
	out, code := e.Try("plan")
	if code == 0 {
		t.Fatal("two owners of one account were planned")
	}
	contains(t, out, "tenure_app_access of wiki", "Keep one of the two")
	equal(t, "conflicts", strings.Count(out, "Error:"), 2)
}

// A misplaced word and an impossible field are all reported at once, before anything is sent.
func TestAppAccessValidation(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.config("", appAccess(`accounts = { "1" = { user_name = "" } }
		on_dropped = "drop"
		on_removal = "kill"
		groups = { eng = { "ana@x" = "" } }
	`+unmanaged("report", "revoke", "report")))
	out, code := e.Try("validate")
	if code == 0 {
		t.Fatal("validate found nothing")
	}
	equal(t, "errors", strings.Count(out, "Error:"), 5)
	contains(t, out, `"revoke"`, `"kill"`, `"drop"`, "deactivate, delete, keep")
}
