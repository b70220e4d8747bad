package provider_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace/googletest"
)

const googlePolicy = `
provider "tenure" {
  app {
    name = "google"
    google_workspace {
      customer_id  = "C0test01"
      admin_email  = "admin@acme.example"
      access_token = "s3cr3t-google-token"
      endpoint     = %q
      group_domain = "acme.example"
      license {
        product = "Google Workspace"
        license = "Google Workspace Business Plus"
        seats   = 10
      }
    }
  }
  roster {
    name = "hr"
    csv {
      path = "people.csv"
    }
  }
  as_of = "2026-03-02"
}

data "tenure_entitlements" "company" {
  rosters = ["hr"]
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["google"]
    groups   = { google = ["all-hands"] }
    licenses = { google = { "Google Workspace" = "Google Workspace Business Plus" } }
  }
  rule {
    name        = "managers"
    when        = "person.is_manager"
    groups      = { google = ["leads"] }
    group_roles = { google = { leads = "owner" } }
  }
}

resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.company.apps
  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses
  rosters  = ["hr"]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`

// A company from its roster into Google Workspace, through Terraform: accounts, a group with roles, licenses; nothing to
// do after it; and a leaver.
func TestGoogleWorkspace(t *testing.T) {
	t.Parallel()
	s := googletest.New(googletest.Options{Token: "s3cr3t-google-token"})
	admin := s.AddUser(map[string]any{"primaryEmail": "admin@acme.example", "name": map[string]any{"givenName": "Ada", "familyName": "Admin"}})
	group, leads := s.AddGroup("all-hands@acme.example", "Everybody"), s.AddGroup("leads@acme.example", "")
	d := apptest.FindDiscovery(t, "google-directory.json", "google-licensing.json")
	srv := httptest.NewServer(d.Handler(t, s))
	t.Cleanup(srv.Close)
	t.Cleanup(s.Close)

	w := acctest.NewWorkspace(t)
	people := func(ben string) {
		w.Write("people.csv", "person_id,given_name,family_name,work_email,department,manager_id,start_date,end_date,status\n"+
			"1,Ana,García,ana@acme.example,Engineering,,2020-01-01,,active\n"+
			"2,Ben,Okafor,ben@acme.example,Engineering,1,2021-01-01,"+ben+"\n"+
			"3,Chloé,Petit,chloe@acme.example,Sales,1,2022-01-01,,active\n")
	}
	people(",active")
	w.Config(strings.Replace(fmt.Sprintf(googlePolicy, srv.URL), `  as_of = "2026-03-02"`+"\n", "", 1))
	w.Run("apply", "-auto-approve")
	var names []string
	for _, u := range s.Users() {
		names = append(names, fmt.Sprint(u["primaryEmail"]))
	}
	slices.Sort(names)
	equal(t, "accounts", names, []string{"admin@acme.example", "ana@acme.example", "ben@acme.example", "chloe@acme.example"})
	members := func(id string) map[string]any {
		roles := map[string]any{}
		for _, m := range s.Members(id) {
			roles[fmt.Sprint(m["email"])] = m["role"]
		}
		return roles
	}
	equal(t, "members", members(group), map[string]any{"ana@acme.example": "MEMBER", "ben@acme.example": "MEMBER", "chloe@acme.example": "MEMBER"})
	equal(t, "leads", members(leads), map[string]any{"ana@acme.example": "OWNER"})
	equal(t, "licenses", slices.Sorted(maps.Values(s.Licenses("Google-Apps"))), []string{"1010020025", "1010020025", "1010020025"})
	if s.Licenses("Google-Apps")[admin] != "" {
		t.Error("a stranger got a license")
	}

	s.Reset()
	w.Empty()
	reads := map[string]int{}
	for _, r := range s.Requests() {
		reads[r.Op]++
	}
	for op, n := range reads {
		if !strings.HasSuffix(op, ".list") && !(op == "users.get" && n == 1) { // one read says whose credential it is
			t.Errorf("an empty plan sent %v: listings only are needed, and one read of the own account", reads)
		}
	}

	people("2026-01-31,terminated")
	s.Reset()
	w.Run("apply", "-auto-approve")
	writes := map[string]int{}
	for _, r := range s.Requests() {
		if r.Method != "GET" {
			writes[r.Op]++
		}
	}
	equal(t, "writes for a leaver", writes, map[string]int{"users.patch": 1, "users.signOut": 1, "members.delete": 1, "licenses.delete": 1})
	for _, u := range s.Users() {
		if u["primaryEmail"] == "ben@acme.example" && u["suspended"] != true {
			t.Errorf("the leaver is %v", u)
		}
	}
	w.Empty()
	if state := w.Read("terraform.tfstate"); strings.Contains(state, "s3cr3t") {
		t.Error("the token is in state")
	}
}
