package provider_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
)

const entraTenant = "0f0e0d0c-0b0a-4900-8807-060504030201"

// entraEstate is an Entra ID tenant that counts requests, and a workspace that manages it.
type entraEstate struct {
	*graphtest.Server
	*acctest.Workspace
	url string
}

func newEntraEstate(t testing.TB) entraEstate {
	t.Helper()
	s := graphtest.New(graphtest.Options{Token: "graph-token"})
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return entraEstate{s, acctest.NewWorkspace(t), srv.URL}
}

// access writes a configuration that gives the people access: account lines, members of "eng", holders of E3.
func (e entraEstate) access(accounts, members, holders string) {
	e.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "entra"
    entra_id {
      tenant_id      = %q
      endpoint       = %q
      token          = "graph-token"
      usage_location = "ES"
      license {
        product = "Microsoft 365"
        license = "E3"
        sku     = "SPE_E3"
      }
    }
  }
}
resource "tenure_app_access" "this" {
  app      = "entra"
  accounts = {
%s
  }
  groups   = { eng = { %s } }
  licenses = { "Microsoft 365" = { %s } }
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}
`, entraTenant, e.url, accounts, members, holders))
}

// A company in Entra ID from the first apply to a leaver and a rehire, with what was sent at each step.
func TestEntraID(t *testing.T) {
	t.Parallel()
	e := newEntraEstate(t)
	bob := e.Add(map[string]any{"userPrincipalName": "Bob@acme.example", "displayName": "Bob", "employeeId": "p2", "jobTitle": "Engineer", "usageLocation": "PT"})
	eng := e.AddGroup(map[string]any{"displayName": "Eng"})
	sku := e.AddSKU(graphtest.SKU{PartNumber: "SPE_E3", Enabled: 2})
	const (
		ana   = `p1 = { user_name = "ana@acme.example", display_name = "Ana", title = "Engineer", manager = "bob@acme.example" }`
		bobIn = `p2 = { user_name = "bob@acme.example", title = "Engineer" }`
	)
	e.access(ana+"\n"+bobIn, `"ana@acme.example" = "member", "bob@acme.example" = "member"`, `"ana@acme.example" = "E3"`)
	e.Apply()
	var anaID string
	e.Look(func(users, _ []*graphtest.User, _ []*graphtest.Group) {
		if len(users) != 2 {
			t.Fatalf("%d users: bob was there and is adopted", len(users))
		}
		a := users[1]
		anaID = a.ID
		if _, licensed := a.Direct[sku.ID]; !licensed || a.Manager != bob.ID || a.Props["employeeId"] != "p1" || a.Props["usageLocation"] != "ES" {
			t.Errorf("ana is %+v", a)
		}
		equal(t, "members", len(eng.Members), 2)
	})
	equal(t, "creations", e.Count("POST /users"), 1)

	e.Reset()
	e.Empty()
	for _, r := range e.Requests() {
		if !strings.HasPrefix(r.Kind, "GET ") {
			t.Errorf("an empty plan sent %s", r.Kind)
		}
	}
	if n := e.Count(); n > 8 {
		t.Errorf("a refresh took %d requests", n)
	}

	if state := e.Read("terraform.tfstate"); strings.Contains(state, "graph-token") || strings.Contains(state, "passwordProfile") {
		t.Error("a secret is in state")
	}

	// Somebody deletes Ana, and her record leaves the configuration; she comes back within 30 days.
	var left *graphtest.User
	e.Look(func(users, _ []*graphtest.User, _ []*graphtest.Group) { left = users[1] })
	e.Delete(left)
	e.access(bobIn, `"bob@acme.example" = "member"`, "")
	e.Apply()
	e.access(ana+"\n"+bobIn, `"ana@acme.example" = "member", "bob@acme.example" = "member"`, `"ana@acme.example" = "E3"`)
	e.Reset()
	e.Apply()
	e.Look(func(users, deleted []*graphtest.User, _ []*graphtest.Group) {
		if len(users) != 2 || users[1].ID != anaID || len(deleted) != 0 {
			t.Errorf("%d users, %d deleted; ana has the id %s, had %s", len(users), len(deleted), users[1].ID, anaID)
		}
	})
	equal(t, "creations of a rehire", e.Count("POST /users"), 0)
	equal(t, "restored", e.Count("POST /directory/deletedItems/{id}/restore"), 1)
	equal(t, "members", len(eng.Members), 2)
}

// What is wrong with the block is said in its own words, and names no secret.
func TestEntraIDConfiguration(t *testing.T) {
	t.Parallel()
	e := newEntraEstate(t)
	e.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name = "entra"
    entra_id {
      tenant_id     = "acme.example"
      client_secret = "very-secret"
      endpoint      = %q
      cloud         = "public"
    }
  }
}
data "tenure_groups" "all" {
  app = "entra"
}
`, e.url))
	out, code := e.Try("plan")
	if code == 0 {
		t.Fatal("a plan with this configuration ended well")
	}
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
	contains(t, flat, "tenant_id is", "Endpoint needs token")
	if strings.Contains(out, "very-secret") || e.Count() != 0 {
		t.Errorf("%d requests, or the secret shows:\n%s", e.Count(), out)
	}
}
