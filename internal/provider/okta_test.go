package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
)

// A small company in an Okta organization: three join, are in a group and hold a license; one of them leaves the group. What a
// group rule does, and what a group assigns, stays; nobody gets mail.
func TestOktaThroughTerraform(t *testing.T) {
	t.Parallel()
	s := oktatest.New(t, apptest.FindOpenAPI(t, "okta.json"))
	profile := func(name, department string) map[string]any {
		return map[string]any{"login": name + "@x", "email": name + "@x.example", "firstName": name, "lastName": "Example", "department": department}
	}
	s.AddUser(oktatest.User{Profile: profile("admin", "IT")}) // whose token it is
	ruled := s.AddUser(oktatest.User{Profile: profile("ruled", "Engineering")})
	engineers := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "engineers"}, Members: []string{ruled}})
	s.AddRule(oktatest.Rule{Name: "Engineering", Expression: `user.department=="Engineering"`, Groups: []string{engineers}})
	s.AddApp("0oadesign", oktatest.Assignment{UserID: ruled, Group: engineers})
	w := acctest.NewWorkspace(t)
	config := func(accounts, engineers string) {
		w.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "okta"
    okta {
      org_url = %q
      token   = %q
      attribute {
        name     = "cost_center"
        property = "costCenter"
      }
      license {
        product = "Design"
        app_id  = "0oadesign"
      }
    }
    protected_accounts = ["admin@x"]
  }
  safeguard {
    max_removals        = 5
    max_removal_percent = 100
  }
}
locals {
  people = %s
}
resource "tenure_app_access" "this" {
  app = "okta"
  accounts = { for p in local.people : p => {
    user_name = "${p}@x", email = "${p}@x.example", given_name = p, family_name = "Example", department = "Sales"
    manager = p == "ana" ? null : "ana@x", attributes = { cost_center = "7" }
  } }
  groups   = { engineers = { for p in %s : "${p}@x" => "member" } }
  licenses = { Design = { for p in local.people : "${p}@x" => "Design" } }
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`, s.URL, oktatest.Token, accounts, engineers))
	}
	config(`["ana", "bob", "eve"]`, "local.people")
	w.Apply()
	users := s.Users()
	ids := map[string]string{}
	for _, u := range users {
		ids[u.Profile["firstName"].(string)] = u.ID
	}
	equal(t, "users", len(users), 5)
	for _, u := range users[2:] {
		if name := u.Profile["firstName"]; u.Status != "PROVISIONED" || u.Profile["costCenter"] != "7" || name != "ana" && u.Profile["managerId"] != ids["ana"] {
			t.Errorf("%s is %s: %v", name, u.Status, u.Profile)
		}
	}
	equal(t, "members", len(s.Groups()[0].Members), 4)
	equal(t, "assigned", len(s.Assigned("0oadesign")), 4)

	// a refresh reads listings
	s.Reset()
	w.Empty()
	for _, r := range s.Lines() {
		if !strings.HasPrefix(r, "GET ") || strings.Contains(r, "/users/0") {
			t.Errorf("a plan without changes sent %s", r)
		}
	}

	// one leaves the group
	s.Reset()
	config(`["ana", "bob", "eve"]`, "slice(local.people, 0, 2)")
	w.Apply()
	if got := s.Groups()[0].Members; slices.Contains(got, ids["eve"]) || !slices.Contains(got, ruled) || len(got) != 3 {
		t.Errorf("members: %v", got)
	}
	equal(t, "removals", s.Count("DELETE", "/groups/"), 1)
	equal(t, "mails", s.Mails(), 0)
	if strings.Contains(w.Read("terraform.tfstate"), oktatest.Token) {
		t.Error("the token is in the state")
	}
}
