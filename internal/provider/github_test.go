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
