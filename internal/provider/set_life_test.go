package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

const engMembers = `
resource "tenure_group_members" "eng" {
  app     = "wiki"
  group   = "eng"
  members = { "ana@x" = "member", "bob@x" = "member" }
}
`

// bothSets are a whole app and a group of it, of ana and bob.
func bothSets(lines string) string {
	return appAccess(`accounts = { for n in ["ana", "bob"] : n => { user_name = "${n}@x" } }
		licenses = { design = { "ana@x" = "Full", "bob@x" = "Full" } }
	`+lines+report) + engMembers
}

// A whole app and a group are imported by their immutable ids, whatever they are called here.
func TestSetImportByIdentity(t *testing.T) {
	t.Parallel()
	acctest.NeedVersion(t, 12, "import by resource identity")
	e := newEstate(t)
	e.office("ana", "bob")
	was := e.file()
	tenant := fmt.Sprintf("tenant = %q", "local:"+e.path)
	e.config("", bothSets("")+`
import {
  to       = tenure_app_access.this
  identity = { `+tenant+` }
}
import {
  to       = tenure_group_members.eng
  identity = { `+tenant+`, group_id = "g-000100" }
}
`)
	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{})
	e.Apply()
	equal(t, "the app", e.file(), was)
}

// Terraform writes the configuration of what is imported, and that plans nothing.
func TestSetGenerateConfig(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob")
	was := e.file()
	imports := "import {\n  to = tenure_app_access.this\n  id = \"wiki\"\n}\nimport {\n  to = tenure_group_members.eng\n  id = \"wiki/eng\"\n}\n"
	e.config("", imports)
	// Both hold the members of eng, which two resources may not: the group comes out of the whole app by hand.
	out, _ := e.Try("plan", "-generate-config-out=generated.tf")
	contains(t, out, "Keep one of the two")
	text := e.Read("generated.tf")
	contains(t, text, `resource "tenure_app_access" "this"`, `resource "tenure_group_members" "eng"`, `"ana@x" = "member"`, `user_name = "bob@x"`)
	for _, computed := range []string{"strangers", "held", "ids ", "tenant", "explanations"} {
		if strings.Contains(text, computed) {
			t.Errorf("the generated configuration sets %s:\n%s", computed, text)
		}
	}
	app, _, _ := strings.Cut(text[strings.Index(text, `resource "tenure_app_access"`):], "\n}\n")
	e.Write("generated.tf", app+"\n}\n")
	e.config("", strings.Replace(imports, "import {\n  to = tenure_group_members.eng\n  id = \"wiki/eng\"\n}\n", "", 1))
	text, p := e.Plan()
	if got := acctest.Changes(p); len(got) > 0 {
		t.Errorf("the generated configuration changes %v:\n%s\n%s", got, text, app)
	}
	e.Apply()
	equal(t, "the app", e.file(), was)
}

// While a credential is not known, what shall be there can be planned and what shall go cannot.
func TestSetCredentialNotKnownYet(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken})
	w := acctest.NewWorkspace(t)
	config := func(rotation, names string) {
		w.Config(fmt.Sprintf("%s\nresource \"terraform_data\" \"token\" {\n  input            = %q\n  triggers_replace = %q\n}\n%s",
			strings.Replace(s.hcl("", ""), fmt.Sprintf("%q", secretToken), "terraform_data.token.output", 1), secretToken, rotation,
			strings.Replace(appAccess(`accounts = { for n in `+names+` : n => { user_name = "${n}@x" } }
			`+report), "wiki", "slack", 1)))
	}
	config("1", `["ana", "bob"]`)
	w.Run("apply", "-auto-approve")
	w.Empty()
	s.Reset()
	config("2", `["ana", "bob", "cy"]`)
	out, plan := w.Plan()
	equal(t, "changes", acctest.Changes(plan), map[string]string{"terraform_data.token": "delete,create", whole: "update"})
	contains(t, out, "Not read yet: tenure_app_access of slack")
	equal(t, "requests without a credential", s.Stats().Total, 0)
	w.Run("apply", "tfplan")
	w.Empty()
	equal(t, "accounts", len(s.Users()), 3)

	s.Reset()
	config("3", `["ana"]`)
	out, code := w.Try("plan")
	if code != 1 || strings.Count(out, "Error: ") != 1 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	contains(t, out, "Cannot remove 2 subjects", "is not known yet")
	equal(t, "requests without a credential", s.Stats().Total, 0)
}

// A replacement that makes the new object first hands everything over all the same, also where destroying would
// take everything away.
func TestSetCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob")
	config := func(round string) {
		const trigger = "on_destroy = \"remove\"\n  lifecycle {\n    create_before_destroy = true\n    replace_triggered_by = [terraform_data.round]\n  }\n"
		e.config("protected_accounts = [\"bob@x\"]", fmt.Sprintf("resource \"terraform_data\" \"round\" {\n  input = %q\n}\n", round)+
			strings.Replace(bothSets(trigger), "group   = \"eng\"", "group   = \"eng\"\n  "+trigger, 1))
	}
	config("1")
	e.Apply()
	was := e.file()
	config("2")
	out := e.Apply()
	equal(t, "the app", e.file(), was)
	if strings.Contains(out, "Destroying tenure_") {
		t.Errorf("a hand-over is announced as a removal:\n%s", out)
	}
	config("2")
	e.Empty()
}

// The app block gets another name: sets and the kill switch follow, as they are and as they go.
func TestSetAppBlockRenamed(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob", "cy")
	log := filepath.Join(t.TempDir(), "audit.jsonl")
	config := func(name, rest string) {
		e.Config(strings.ReplaceAll(audited(e.hcl("", rest), log), `"wiki"`, fmt.Sprintf("%q", name)))
	}
	cutoff := "resource \"tenure_cutoff\" \"now\" {\n  app = \"wiki\"\n  people = { cy = \"case 1\" }\n}\n"
	removing := strings.Replace(bothSets("on_destroy = \"remove\"\n"), "group   = \"eng\"", "group   = \"eng\"\n  on_destroy = \"remove\"", 1)
	config("wiki", removing+cutoff)
	e.Apply()
	was := e.file()
	before := len(operations(t, log))

	config("kb", removing+cutoff)
	_, p := e.Plan()
	equal(t, "changes", acctest.Changes(p), map[string]string{whole: "update", "tenure_group_members.eng": "update", "tenure_cutoff.now": "update"})
	config("wiki", removing+cutoff) // and back, unapplied
	e.Empty()
	config("kb", strings.Replace(removing, `"bob@x" = "member" }`, `"bob@x" = "member", "cy@x" = "member" }`, 1)+cutoff)
	e.Apply()
	equal(t, "the app", e.file(), was)
	equal(t, "writes", len(operations(t, log)), before)

	// Renamed and destroyed in one plan.
	config("docs", "")
	out, code := e.Try("apply", "-auto-approve")
	if code == 0 {
		t.Fatalf("nobody had to approve the end of everything:\n%s", out)
	}
	contains(t, out, "docs/accounts 2", "docs/groups/eng 3")
}

// A plan says what the app has no room or no place for, by name, before anything is sent.
func TestSetShortages(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob", "cy")
	acctest.Write(t, e.path, strings.Replace(e.file(), `"total": null, "assignees": ["ana@x","bob@x","cy@x"]`, `"total": 2, "assignees": ["ana@x"]`, 1))
	config := func(design string) {
		e.config("", appAccess(`accounts = { for n in ["ana", "bob", "cy"] : n => { user_name = "${n}@x" } }
			groups = { "no such group" = { "ana@x" = "member" } }
			licenses = { design = { `+design+` }, "no such product" = { "ana@x" = "Full" } }
		`+report))
	}
	config(`"ana@x" = "Full", "bob@x" = "Full", "cy@x" = "Full"`)
	was := e.file()
	out, _ := e.Plan()
	contains(t, out, "App wiki has too few seats of design/Full: 1 are free and 2 are to be assigned", "Applying fails for 1 people",
		"App wiki has no group no such group", "App wiki has no product no such product")
	equal(t, "the app", e.file(), was)

	// Enough, or freed by the same plan, is no shortage.
	config(`"ana@x" = "Full", "bob@x" = "Full"`)
	if out, _ = e.Plan(); strings.Contains(out, "too few seats") {
		t.Errorf("two seats are too few for two:\n%s", out)
	}
	few := func(design string) {
		e.config("", appAccess("accounts = { for n in [\"ana\", \"bob\", \"cy\"] : n => { user_name = \"${n}@x\" } }\n licenses = { design = { "+design+" } }\n"+report))
	}
	few(`"ana@x" = "Full", "bob@x" = "Full"`)
	e.Apply()
	few(`"ana@x" = "Full", "cy@x" = "Full"`)
	if out, _ = e.Plan(); strings.Contains(out, "too few seats") {
		t.Errorf("the seat that this plan frees does not count:\n%s", out)
	}
	e.Apply()
	few(`"ana@x" = "Full", "bob@x" = "Full", "cy@x" = "Full"`)
	out, _ = e.Plan()
	contains(t, out, "App wiki has too few seats of design/Full: 0 are free and 1 are to be assigned")
}

// A protected account keeps its roles: refused at plan, before anything is sent.
func TestSetProtectedKeepsRole(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.office("ana", "bob")
	config := func(role, member string) {
		e.config("protected_accounts = [\"ana@x\"]", appAccess(`accounts = { for n in ["ana", "bob"] : n => { user_name = "${n}@x", role = "`+role+`" } }
			groups = { eng = { "ana@x" = "`+member+`", "bob@x" = "owner" } }
		`+report))
	}
	config("admin", "owner")
	e.Apply()
	was := e.file()
	config("user", "member")
	out, code := e.Try("plan")
	if code != 1 || strings.Count(out, "Error: ") != 2 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	contains(t, out, "Cannot take the role admin from accounts/ana in wiki", "Cannot take the role owner from groups/eng/ana@x in wiki", "protected_accounts covers ana@x")
	equal(t, "the app", e.file(), was)
}
