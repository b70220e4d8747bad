package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

const twentyInSlack = `
resource "tenure_account" "p" {
  count     = 20
  app       = "slack"
  user_name = "p${count.index}@acme.com"
}
`

// What is wrong with an app as a whole is one error and not one for each resource, and nobody waits for
// what has already failed: a thousand accounts would be a thousand times all retries.
func TestOneErrorForOneCause(t *testing.T) {
	t.Parallel()
	retry := 1
	for name, f := range map[string]sandbox.Fault{
		"401": {Status: 401}, "403": {Status: 403}, "429": {Status: 429, RetryAfter: &retry}, "503": {Status: 503},
		"HTML": {Status: 200, Payload: sandbox.PayloadHTML}, "a hang": {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, sandbox.Options{Token: secretToken})
			w := acctest.NewWorkspace(t)
			w.Config(s.hcl("", twentyInSlack))
			w.Run("apply", "-auto-approve")
			before := w.Read("terraform.tfstate")
			s.Reset()
			if err := s.AddFaults(sandbox.Rule{Fault: f}); err != nil {
				t.Fatal(err)
			}
			out, code := w.Try("apply", "-auto-approve")
			if n := strings.Count(out, "Error: "); code != 1 || n != 1 {
				t.Errorf("exit code %d and %d errors for one cause:\n%s", code, n, out)
			}
			// Those that were already on their way when the first failed cannot be called back.
			if n := s.Stats().Total; n > 10 { // as many as Terraform reads at once
				t.Errorf("%d requests to an app that answered none", n)
			}
			if w.Read("terraform.tfstate") != before {
				t.Error("the state changed")
			}
		})
	}
}

// A token that another resource makes is not known when the first plan is made: what shall be there can be
// planned all the same, what shall go cannot.
func TestCredentialNotKnownYet(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken})
	w := acctest.NewWorkspace(t)
	config := func(rotation string, people int, rest string) {
		pending := strings.Replace(s.hcl("", rest), fmt.Sprintf("%q", secretToken), "terraform_data.token.output", 1)
		w.Config(fmt.Sprintf("%s\nresource \"terraform_data\" \"token\" {\n  input            = %q\n  triggers_replace = %q\n}\n%s",
			pending, secretToken, rotation, strings.Replace(twentyInSlack, "20", fmt.Sprint(people), 1)))
	}
	config("1", 3, "")
	w.Run("apply", "-auto-approve")
	w.Empty()

	s.Reset()
	config("2", 4, "")
	out, plan := w.Plan()
	if got := acctest.Changes(plan); len(got) != 2 || got["tenure_account.p[3]"] != "create" {
		t.Errorf("the plan is %v", got)
	}
	if n := strings.Count(out, "Not read yet"); n != 1 {
		t.Errorf("%d warnings about one app:\n%s", n, out)
	}
	if n := s.Stats().Total; n != 0 {
		t.Errorf("%d requests without a credential", n)
	}
	w.Run("apply", "tfplan")
	w.Empty()

	config("3", 3, "")
	out, code := w.Try("plan")
	if flat := flatten(out); code != 1 || strings.Count(out, "Error: ") != 1 || !strings.Contains(flat, "Cannot plan to remove p3@acme.com in slack") {
		t.Errorf("a removal that could not be checked: exit code %d\n%s", code, out)
	}
	config("3", 4, "data \"tenure_groups\" \"all\" {\n  app = \"slack\"\n}\n")
	out, code = w.Try("plan")
	if flat := flatten(out); code != 1 || strings.Count(out, "Error: ") != 1 || !strings.Contains(flat, "terraform apply -target") {
		t.Errorf("a data source without a credential: exit code %d\n%s", code, out)
	}
}

// An app block may get another name: what leads to the same tenant is the same app, also for what is
// removed in the same plan.
func TestAppBlockRenamed(t *testing.T) {
	t.Parallel()
	wd := newWorld(t)
	wd.group("ops")
	w := acctest.NewWorkspace(t)
	config := func(app string, people int) {
		w.Config(strings.ReplaceAll(wd.hcl("", fmt.Sprintf(`
resource "tenure_account" "p" {
  count     = %d
  app       = "wiki"
  user_name = "p${count.index}@acme.com"
}
resource "tenure_group_membership" "p" {
  count     = %d
  app       = "wiki"
  group     = "ops"
  user_name = tenure_account.p[count.index].user_name
}
`, people, people)), `"wiki"`, fmt.Sprintf("%q", app)))
	}
	config("wiki", 3)
	w.Apply()
	config("kb", 2)
	_, plan := w.Plan()
	got := acctest.Changes(plan)
	for address, want := range map[string]string{
		"tenure_account.p[0]": "update", "tenure_account.p[2]": "delete",
		"tenure_group_membership.p[0]": "update", "tenure_group_membership.p[2]": "delete",
	} {
		if got[address] != want {
			t.Errorf("%s is planned as %q, want %q", address, got[address], want)
		}
	}
	w.Run("apply", "tfplan")
	w.Empty()
	if !wd.must("p1@acme.com").Active || wd.must("p2@acme.com").Active || len(wd.members("ops")) != 2 {
		t.Errorf("after the rename the app is\n%s", wd.read())
	}

	wd.path += ".other"
	w.Config(strings.ReplaceAll(wd.hcl("", ""), `"wiki"`, `"other"`))
	out, code := w.Try("plan")
	if n := strings.Count(out, "Error: "); code != 1 || n != 1 || !strings.Contains(out, "The configured names are: other") {
		t.Errorf("an app block that is gone: exit code %d, %d errors\n%s", code, n, out)
	}
}

// A group that Terraform renames takes its memberships along: nobody is removed, so nobody is announced,
// counted or stopped.
func TestGroupRenamedWithMembers(t *testing.T) {
	t.Parallel()
	wd := newWorld(t)
	w := acctest.NewWorkspace(t)
	config := func(group string) {
		w.Config(wd.hcl("", fmt.Sprintf(`
resource "tenure_account" "p" {
  count     = 12
  app       = "wiki"
  user_name = "p${count.index}@acme.com"
}
resource "tenure_group" "g" {
  app  = "wiki"
  name = %q
}
resource "tenure_group_membership" "p" {
  count     = 12
  app       = "wiki"
  group     = tenure_group.g.name
  user_name = tenure_account.p[count.index].user_name
}
`, group)))
	}
	config("ops/50%")
	w.Apply()
	config("Operations")
	if out, _ := w.Plan(); strings.Contains(out, "Warning: Applying") {
		t.Errorf("a rename is announced as something else:\n%s", out)
	}
	w.Run("apply", "tfplan")
	w.Empty()
	if n := len(wd.members("Operations")); n != 12 {
		t.Errorf("%d members after the rename", n)
	}

	// Renamed in the app, and then followed here.
	wd.renameGroup("Operations", "Ops")
	config("Ops")
	before := wd.read()
	if out, _ := w.Plan(); strings.Contains(out, "Warning: Applying") {
		t.Errorf("a rename is announced as something else:\n%s", out)
	}
	w.Run("apply", "tfplan")
	w.Empty()
	if wd.read() != before {
		t.Errorf("something was written:\n%s", wd.read())
	}
}

// A protected account keeps its role: an owner made a plain member is stripped as well.
func TestProtectedKeepsRole(t *testing.T) {
	t.Parallel()
	wd := newWorld(t)
	wd.group("ops")
	wd.has(person("user_name=root@acme.com", "role=admin"))
	w := acctest.NewWorkspace(t)
	config := func(account, group string) {
		w.Config(wd.hcl(`    protected_accounts = ["root@acme.com"]`, fmt.Sprintf(`
resource "tenure_account" "root" {
  app       = "wiki"
  user_name = "root@acme.com"
  role      = %q
}
resource "tenure_group_membership" "root" {
  app       = "wiki"
  group     = "ops"
  user_name = "root@acme.com"
  role      = %q
}
`, account, group)))
	}
	config("admin", "member")
	w.Apply()
	config("admin", "owner") // from the plain member any role is more
	w.Apply()
	config("user", "member")
	before := wd.read()
	out, code := w.Try("apply", "-auto-approve")
	flat := flatten(out)
	for _, want := range []string{
		"Will not take the role admin from the protected account root@acme.com in wiki",
		"Will not take the role owner in ops from the protected account root@acme.com in wiki",
	} {
		if code != 1 || !strings.Contains(flat, want) {
			t.Errorf("exit code %d, and not %q:\n%s", code, want, out)
		}
	}
	if wd.read() != before {
		t.Errorf("the app was changed:\n%s", wd.read())
	}
}

// A replacement hands over, also where the new object is made before the old one is destroyed: nothing is
// announced, counted or refused as a removal, and nobody loses anything.
func TestCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	wd := newWorld(t)
	w := acctest.NewWorkspace(t)
	config := func(round string) {
		w.Config(wd.hcl(`    protected_accounts = ["p0@acme.com"]`, fmt.Sprintf(`
resource "terraform_data" "round" {
  input = %q
}
resource "tenure_account" "p" {
  count     = 12
  app       = "wiki"
  user_name = "p${count.index}@acme.com"
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.round]
  }
}
resource "tenure_group" "g" {
  app        = "wiki"
  name       = "ops"
  on_removal = "delete"
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.round]
  }
}
resource "tenure_group_membership" "p" {
  count     = 12
  app       = "wiki"
  group     = tenure_group.g.name
  user_name = tenure_account.p[count.index].user_name
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.round]
  }
}
`, round)))
	}
	config("1")
	w.Apply()
	before := wd.read()
	config("2")
	out := w.Apply()
	if strings.Contains(out, "Warning: Applying") {
		t.Errorf("a hand-over is announced as a removal:\n%s", out)
	}
	if wd.read() != before {
		t.Errorf("the app was changed:\n%s", wd.read())
	}
}

// An app that takes a write and keeps something else is named at once, and not only by the plan that never
// gets empty. An account that stays as active as it was is an error: access was to end, and has not.
func TestAppKeepsSomethingElse(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken, Dialect: sandbox.Dialect{SlugGroupNames: true, Unstored: []string{"title", "active"}}})
	w := acctest.NewWorkspace(t)
	config := func(title, group, rest string) {
		w.Config(s.hcl("", fmt.Sprintf(`
resource "tenure_account" "ana" {
  app       = "slack"
  user_name = "ana@acme.com"
  title     = %q
  %s
}
resource "tenure_group" "g" {
  app  = "slack"
  name = %q
}
`, title, rest, group)))
	}
	config("Engineer", "all hands", "")
	out := flatten(w.Run("apply", "-auto-approve"))
	config("Manager", "All Hands!", "")
	out += flatten(w.Run("apply", "-auto-approve"))
	for _, want := range []string{
		`title is "" instead of "Engineer"`, `title is "" instead of "Manager"`,
		`name is "all-hands" instead of "all hands"`, `instead of "All Hands!"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %s:\n%s", want, out)
		}
	}
	config("Manager", "all-hands", "active    = false")
	out, code := w.Try("apply", "-auto-approve")
	if flat := flatten(out); code != 1 || !strings.Contains(flat, "the account is still active") {
		t.Errorf("an account that could not be deactivated: exit code %d\n%s", code, out)
	}
}

// What an app does not know is one error for each such thing, however many resources ask for it.
func TestOneErrorForOneInability(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken})
	w := acctest.NewWorkspace(t)
	w.Config(strings.Replace(s.hcl("", `
resource "tenure_account" "p" {
  count        = 9
  app          = "slack"
  user_name    = "p${count.index}@acme.com"
  display_name = "P"
  title        = "T"
}
resource "tenure_group" "g" {
  count = 9
  app   = "slack"
  name  = "g${count.index}"
}
`), "token  ", "profile = \"gitlab\"\n      token  ", 1))
	out, code := w.Try("plan")
	if n := strings.Count(out, "Error: "); code != 1 || n != 3 {
		t.Errorf("exit code %d, %d errors instead of 3: no display_name, no title, no groups\n%s", code, n, out)
	}
	if !strings.Contains(flatten(out), "The app slack can read accounts") {
		t.Errorf("nothing says what the app can do:\n%s", out)
	}
}
