package provider_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

const (
	editors = "tenure_group.editors"
	member  = "tenure_group_membership.ana"
)

func editorsAre(lines string) string {
	return "resource \"tenure_group\" \"editors\" {\n  app = \"wiki\"\n" + lines + "\n}\n"
}

func TestGroupLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sameID := statecheck.CompareValue(compare.ValuesSame())
	tracked := func() statecheck.StateCheck { return sameID.AddStateValue(editors, tfjsonpath.New("id")) }
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{
				Config:            w.hcl("", editorsAre(`name = "Editors"`)),
				ConfigStateChecks: []statecheck.StateCheck{tracked(), value(editors, "description", knownvalue.Null())},
			},
			{
				Config:            w.hcl("", editorsAre("name = \"Wiki editors\"\ndescription = \"May change pages\"")),
				ConfigPlanChecks:  action(editors, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{tracked()},
			},
			{ResourceName: editors, ImportState: true, ImportStateId: "wiki/Wiki editors", ImportStateVerify: true},
		},
	})
	// on_removal defaults to keep: the group outlives the resource, and is adopted, not duplicated.
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config:            w.hcl("", editorsAre("name = \"Wiki editors\"\non_removal = \"delete\"")),
			ConfigStateChecks: []statecheck.StateCheck{tracked()},
		}},
	})
}

func memberIs(lines string) string {
	return "resource \"tenure_group_membership\" \"ana\" {\n  app = \"wiki\"\n" + lines + "\n}\n"
}

// A membership through its life: granted, found changed and taken away by others, handed to somebody
// else, imported, removed.
func TestMembershipLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has(person("user_name=ana@acme.com"))
	w.has(person("user_name=bo@acme.com"))
	group := w.group("Editors")
	anas := w.hcl("", memberIs("group = \"Editors\"\nuser_name = \"ana@acme.com\"\nrole = \"owner\""))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{Config: anas, ConfigStateChecks: []statecheck.StateCheck{value(member, "group_id", knownvalue.StringExact(group))}},
			{
				PreConfig:        func() { w.changeMember(group, "ana@acme.com", "member", false) },
				Config:           anas,
				ConfigPlanChecks: action(member, plancheck.ResourceActionUpdate),
			},
			{
				PreConfig:        func() { w.changeMember(group, "ana@acme.com", "", true) },
				Config:           anas,
				ConfigPlanChecks: action(member, plancheck.ResourceActionCreate),
			},
			{ // the group by id, and the account renamed: the same membership, nothing sent
				PreConfig:        func() { w.change("ana@acme.com", person("user_name=ana.lima@acme.com")) },
				Config:           w.hcl("", memberIs("group = \""+group+"\"\nuser_name = \"ana.lima@acme.com\"\nrole = \"owner\"")),
				ConfigPlanChecks: action(member, plancheck.ResourceActionUpdate),
			},
			{
				Config:           w.hcl("", memberIs("group = \"Editors\"\nuser_name = \"bo@acme.com\"\nrole = \"owner\"")),
				ConfigPlanChecks: action(member, plancheck.ResourceActionUpdate),
			},
			{
				PreConfig: func() {
					if diff := cmp.Diff(map[string]string{"bo@acme.com": "owner"}, w.members("Editors")); diff != "" {
						t.Errorf("members after the hand-over (-want +got):\n%s", diff)
					}
				},
				ResourceName: member, ImportState: true, ImportStateId: "wiki/Editors/bo%40acme.com", ImportStateVerify: true,
			},
		},
	})
	if left := w.members("Editors"); len(left) > 0 {
		t.Errorf("after the destroy the group still has %v", left)
	}
}

func TestMembershipRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ app, lines, want string }{
		"no such group":   {"", "group = \"Editor\"\nuser_name = \"ana@acme.com\"", `(?s)Editor.*Editors`},
		"no such account": {"", "group = \"Editors\"\nuser_name = \"anna@acme.com\"", `anna@acme\.com`},
		"no such role":    {"", "group = \"Editors\"\nuser_name = \"ana@acme.com\"\nrole = \"boss\"", `has no group role "boss"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.has(person("user_name=ana@acme.com"))
			w.group("Editors")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Providers(t),
				Steps:                    []resource.TestStep{{Config: w.hcl(tc.app, memberIs(tc.lines)), ExpectError: regexp.MustCompile(tc.want)}},
			})
			if got := w.members("Editors"); len(got) > 0 {
				t.Errorf("a refused membership was written: %v", got)
			}
		})
	}
}

// A protected account keeps its membership, whoever removes the resource.
func TestMembershipOfProtectedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has(person("user_name=breakglass@acme.com"))
	w.group("Admins")
	cfg := memberIs("group = \"Admins\"\nuser_name = \"breakglass@acme.com\"")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{Config: w.hcl("", cfg)},
			{Config: w.hcl(`protected_accounts = ["breakglass@acme.com"]`, ""), ExpectError: regexp.MustCompile(`protected account breakglass@acme\.com`)},
			{
				PreConfig: func() {
					if w.members("Admins")["breakglass@acme.com"] == "" {
						t.Error("the protected account lost its membership")
					}
				},
				Config: w.hcl("", cfg), ConfigPlanChecks: noop(member),
			},
		},
	})
}

// Deleting an account takes its membership along; the next plan makes both again and nothing fails.
func TestMembershipOfDeletedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group("Editors")
	cfg := w.hcl("", anaIs(`user_name = "ana@acme.com"`)+memberIs("group = \"Editors\"\nuser_name = tenure_account.ana.user_name"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{Config: cfg},
			{PreConfig: func() { w.retire("ana@acme.com", access.Delete) }, Config: cfg, ConfigPlanChecks: action(member, plancheck.ResourceActionCreate)},
		},
	})
}
