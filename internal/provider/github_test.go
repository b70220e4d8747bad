package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
)

// A small company on GitHub: one owner, one member, one who joins by an invitation, is in a team and holds a seat that a member only can have.
// Nothing is planned while the invitation is pending, nor when it is taken up, nor for the owner's role in the team; a seat that ends is given back; whoever leaves goes.
func TestGitHubThroughTerraform(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, apptest.FindOpenAPI(t, "github.json"))
	s.Add(githubtest.User{Login: githubtest.Owner, Role: "admin"}) // whose token it is
	s.Add(githubtest.User{Login: "Boss", Role: "admin"})
	s.Add(githubtest.User{Login: "ana", Role: "member"})
	s.Add(githubtest.User{Login: "Bob"})
	s.Add(githubtest.User{Login: "guest", Role: "outside"})
	s.AddTeam(githubtest.Team{Name: "Core Team", Members: map[string]string{"Boss": "member"}})
	s.AddSeat(githubtest.Seat{Login: "Boss"})
	s.AddSeat(githubtest.Seat{Login: "ana", Ends: "2026-02-01"})
	w := acctest.NewWorkspace(t)
	config := func(accounts, team, seats string) {
		w.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "gh"
    github {
      organization = %q
      base_url     = %q
      token        = %q
      copilot      = true
    }
    ignored_accounts = [%q]
  }
  safeguard {
    max_removals        = 5
    max_removal_percent = 100
  }
}
resource "tenure_app_access" "this" {
  app      = "gh"
  accounts = { for login, role in %s : login => { user_name = login, role = role } }
  groups   = { "Core Team" = %s }
  licenses = { Copilot = { for login in %s : login => "Copilot" } }
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}
`, githubtest.Name, s.URL, githubtest.Token, githubtest.Owner, accounts, team, seats))
	}
	config(`{ boss = "admin", ana = "member", bob = "member" }`, `{ boss = "member", ana = "maintainer", bob = "maintainer" }`, `["ana", "boss"]`)
	w.Apply()
	equal(t, "mails", s.Mails(), 1)
	invitation := s.Invitations()[0]
	equal(t, "invited", invitation.Login, "Bob")
	equal(t, "the invitation's teams", len(invitation.Teams), 1)
	equal(t, "ana in the team", s.Teams()[0].Members["ana"], "maintainer")

	// nothing to do while it is pending; a refresh reads listings, and asks for the number of who is invited
	s.Reset()
	w.Empty()
	for _, r := range s.Lines() {
		if !strings.HasPrefix(r, "GET ") || strings.Contains(r, "/memberships/") || strings.Contains(r, "/users/") && !strings.HasSuffix(r, "/users/Bob") {
			t.Errorf("a plan without changes sent %s", r)
		}
	}

	// taken up: the same account, in the same team, and still nothing to do
	s.Accept(fmt.Sprint(invitation.ID), "")
	w.Empty()
	equal(t, "bob in the team", s.Teams()[0].Members["Bob"], "maintainer")

	// one leaves, and one seat is given up
	config(`{ boss = "admin", bob = "member" }`, `{ boss = "member", bob = "maintainer" }`, `["boss"]`)
	w.Apply()
	for _, u := range s.Users() {
		if u.Login == "ana" && u.Role != "" || u.Login == "guest" && u.Role != "outside" {
			t.Errorf("%s is %q", u.Login, u.Role)
		}
	}
	equal(t, "members", len(s.Teams()[0].Members), 2)
	equal(t, "mails", s.Mails(), 1)
	w.Empty()
	if strings.Contains(w.Read("terraform.tfstate"), githubtest.Token) {
		t.Error("the token is in the state")
	}
}

// HR does not know logins: whose is whose comes from identities, and somebody without a line is named and left alone, not guessed. With
// invitations by e-mail allowed, the address stands for the login until that is known.
func TestGitHubLogins(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, apptest.FindOpenAPI(t, "github.json"))
	s.Add(githubtest.User{Login: githubtest.Owner, Role: "admin"})
	s.Add(githubtest.User{Login: "AnaSilva", Role: "member"})
	s.Add(githubtest.User{Login: "octobob"})
	s.AddTeam(githubtest.Team{Name: "engineering", Members: map[string]string{"AnaSilva": "member"}})
	w := acctest.NewWorkspace(t)
	w.Write("hr.csv", "person_id,given_name,family_name,work_email,status,employment_type,start_date\n"+
		"1001,Ana,Silva,ana@acme.example,active,employee,2020-01-01\n1002,Bob,Stone,bob@acme.example,active,employee,2020-01-01\n")
	config := func(block, identities, names, engineers string) {
		w.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "gh"
    github {
      organization = %q
      base_url     = %q
      token        = %q
      %s
    }
    ignored_accounts = [%q]
  }
  roster {
    name = "hr"
    csv { path = "hr.csv" }
  }
}
data "tenure_entitlements" "company" {
  rosters        = ["hr"]
  identities     = { gh = %s }
  account_fields = { gh = ["user_name"] }
  %s
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["gh"]
  }
  rule {
    name   = "engineers"
    when   = %q
    groups = { gh = ["engineering"] }
  }
}
resource "tenure_app_access" "gh" {
  app      = "gh"
  accounts = data.tenure_entitlements.company.apps["gh"].accounts
  groups   = data.tenure_entitlements.company.apps["gh"].groups
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`, githubtest.Name, s.URL, githubtest.Token, block, githubtest.Owner, identities, names, engineers))
	}
	const nobody = `user_names = { gh = "''" }`
	const ana = "person.person_id == '1001'"
	config("", `{ "1001" = "anasilva" }`, nobody, ana)
	out := w.Apply()
	if !strings.Contains(out, "1002") {
		t.Errorf("nobody says that 1002 has no login:\n%s", out)
	}
	equal(t, "mails", s.Mails(), 0)
	w.Empty()

	// by address, while the login is not known
	config("invite_by_email = true", `{ "1001" = "anasilva" }`, "", ana)
	w.Apply()
	equal(t, "mails", s.Mails(), 1)
	equal(t, "invited", s.Invitations()[0].Email, "bob@acme.example")
	w.Empty()

	// taken up, and the login said in identities
	s.Accept(fmt.Sprint(s.Invitations()[0].ID), "octobob")
	config("invite_by_email = true", `{ "1001" = "anasilva", "1002" = "octobob" }`, "", "true")
	w.Run("apply", "-refresh-only", "-auto-approve")
	w.Apply()
	equal(t, "mails", s.Mails(), 1)
	equal(t, "bob in the team", s.Teams()[0].Members["octobob"], "member")
	w.Empty()
}
