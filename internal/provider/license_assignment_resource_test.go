package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

const seat = "tenure_license_assignment.ana"

// designTool has three people and one Full seat beside two Viewer seats.
const designTool = `{
  "accounts": [
    {"id": "a1", "user_name": "ana@acme.com"},
    {"id": "a2", "user_name": "bo@acme.com"},
    {"id": "a3", "user_name": "cy@acme.com", "last_login": "2026-01-02T03:04:05Z"}
  ],
  "groups": [{"id": "g1", "name": "R/D", "description": "Research", "members": {"ana@acme.com": "owner", "cy@acme.com": "member"}}],
  "licenses": [
    {"product": "Design", "license": "Full", "total": 1},
    {"product": "Design", "license": "Viewer", "total": 2},
    {"product": "Whiteboard", "license": "Whiteboard"}
  ]
}`

func seatIs(lines string) string {
	return "resource \"tenure_license_assignment\" \"ana\" {\n  app = \"wiki\"\n" + lines + "\n}\n"
}

// assignees maps user names to the license of a product that they hold.
func (w *world) assignees(product string) map[string]string {
	w.t.Helper()
	held := make(map[string]string)
	for a, err := range w.app.Assignees(w.t.Context(), product) {
		if err != nil {
			w.t.Fatal(err)
		}
		acct, err := w.app.Account(w.t.Context(), access.AccountRef{ID: a.AccountID})
		if err != nil {
			w.t.Fatal(err)
		}
		held[acct.UserName] = a.License
	}
	return held
}

func (w *world) changeSeat(userName, license string, remove bool) {
	w.t.Helper()
	change := access.LicenseChange{Account: w.must(userName).Ref(), License: license, Remove: remove}
	if err := w.app.ChangeAssignees(w.t.Context(), "Design", []access.LicenseChange{change})[0]; err != nil {
		w.t.Fatal(err)
	}
}

// A license through its life: assigned, downgraded by somebody else, taken away, handed on, imported.
func TestLicenseAssignmentLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acctest.Write(t, w.path, designTool)
	full := w.hcl("", seatIs("product = \"Design\"\nlicense = \"Full\"\nuser_name = \"ana@acme.com\""))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{Config: full, ConfigStateChecks: []statecheck.StateCheck{value(seat, "account_id", knownvalue.StringExact("a1")), value(seat, "id", knownvalue.StringExact("Design/a1"))}},
			{
				PreConfig: func() { w.changeSeat("ana@acme.com", "Viewer", false) },
				Config:    full, ConfigPlanChecks: action(seat, plancheck.ResourceActionUpdate),
			},
			{
				PreConfig: func() { w.changeSeat("ana@acme.com", "Full", true) },
				Config:    full, ConfigPlanChecks: action(seat, plancheck.ResourceActionCreate),
			},
			{
				Config:           w.hcl("", seatIs("product = \"Design\"\nlicense = \"Viewer\"\nuser_name = \"bo@acme.com\"")),
				ConfigPlanChecks: action(seat, plancheck.ResourceActionUpdate),
			},
			{
				PreConfig: func() {
					if got := w.assignees("Design"); len(got) != 1 || got["bo@acme.com"] != "Viewer" {
						t.Errorf("after the hand-over the seats are %v", got)
					}
				},
				ResourceName: seat, ImportState: true, ImportStateId: "wiki/Design/Viewer/bo@acme.com", ImportStateVerify: true,
			},
		},
	})
	if got := w.assignees("Design"); len(got) > 0 {
		t.Errorf("after the destroy the seats are %v", got)
	}
}

func TestLicenseWithoutFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acctest.Write(t, w.path, designTool)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config:            w.hcl("", seatIs("license = \"Whiteboard\"\nuser_name = \"ana@acme.com\"")),
			ConfigStateChecks: []statecheck.StateCheck{value(seat, "product", knownvalue.StringExact("Whiteboard"))},
		}},
	})
}

// A full pool is an error with the figures, and nothing is written.
func TestLicensePoolIsFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acctest.Write(t, w.path, designTool)
	w.changeSeat("bo@acme.com", "Full", false)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config:      w.hcl("", seatIs("product = \"Design\"\nlicense = \"Full\"\nuser_name = \"ana@acme.com\"")),
			ExpectError: regexp.MustCompile(`(?s)Cannot assign license Full of Design for ana@acme\.com.*total 1, used 1`),
		}},
	})
	if got := w.assignees("Design"); len(got) != 1 {
		t.Errorf("the seats are %v", got)
	}
}

func TestAppDataSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acctest.Write(t, w.path, designTool)
	w.changeSeat("bo@acme.com", "Viewer", false)
	w.retire("bo@acme.com", access.Deactivate)
	object := func(kv ...string) knownvalue.Check {
		checks := map[string]knownvalue.Check{}
		for i := 0; i < len(kv); i += 2 {
			checks[kv[i]] = knownvalue.StringExact(kv[i+1])
		}
		return knownvalue.ObjectPartial(checks)
	}
	pool := func(total, used, available knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"total": total, "used": used, "available": available,
			"unit_price": knownvalue.Null(), "currency": knownvalue.Null(), "monthly_cost": knownvalue.Null(), "idle_cost": knownvalue.Null(),
		})
	}
	n := knownvalue.Int64Exact
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config: w.hcl("protected_accounts = [\"a*\"]\nignored_accounts = [\"cy@acme.com\"]", `
				data "tenure_accounts" "all" {
				  app = "wiki"
				}
				data "tenure_groups" "all" {
				  app = "wiki"
				}
				data "tenure_group" "rd" {
				  app   = "wiki"
				  group = "R/D"
				}
				data "tenure_licenses" "all" {
				  app = "wiki"
				}`),
			ConfigStateChecks: []statecheck.StateCheck{
				value("data.tenure_accounts.all", "accounts", knownvalue.MapExact(map[string]knownvalue.Check{
					"ana@acme.com": knownvalue.ObjectPartial(map[string]knownvalue.Check{"id": knownvalue.StringExact("a1"), "protected": knownvalue.Bool(true), "ignored": knownvalue.Bool(false), "last_login": knownvalue.Null()}),
					"bo@acme.com":  knownvalue.ObjectPartial(map[string]knownvalue.Check{"active": knownvalue.Bool(false), "status": knownvalue.StringExact("deactivated")}),
					"cy@acme.com":  knownvalue.ObjectPartial(map[string]knownvalue.Check{"last_login": knownvalue.StringExact("2026-01-02T03:04:05Z"), "ignored": knownvalue.Bool(true)}),
				})),
				value("data.tenure_groups.all", "groups", knownvalue.MapExact(map[string]knownvalue.Check{"R/D": object("id", "g1", "description", "Research")})),
				value("data.tenure_group.rd", "members", knownvalue.MapExact(map[string]knownvalue.Check{
					"ana@acme.com": knownvalue.StringExact("owner"), "cy@acme.com": knownvalue.StringExact("member"),
				})),
				value("data.tenure_licenses.all", "licenses", knownvalue.MapExact(map[string]knownvalue.Check{
					"Design":     knownvalue.MapExact(map[string]knownvalue.Check{"Full": pool(n(1), n(0), n(1)), "Viewer": pool(n(2), n(1), n(1))}),
					"Whiteboard": knownvalue.MapExact(map[string]knownvalue.Check{"Whiteboard": pool(knownvalue.Null(), n(0), knownvalue.Null())}),
				})),
			},
		}},
	})
}
