package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

const ana = "tenure_account.ana"

// anaIs is a tenure_account "ana" with these argument lines.
func anaIs(lines string) string {
	return fmt.Sprintf("resource \"tenure_account\" \"ana\" {\n  app = \"wiki\"\n%s\n}\n", lines)
}

func action(address string, a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, a)}}
}

func noop(address string) resource.ConfigPlanChecks {
	return action(address, plancheck.ResourceActionNoop)
}

func value(address, attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), want)
}

// An account through its whole life: created, changed, renamed, tampered with, suspended by somebody
// else, reactivated on demand, kept inactive, imported, retired.
func TestAccountLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sameID := statecheck.CompareValue(compare.ValuesSame())
	tracked := func() statecheck.StateCheck { return sameID.AddStateValue(ana, tfjsonpath.New("id")) }
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{
				Config: w.hcl("", anaIs(`user_name = "ana@acme.com"
					person_id = "1042"
					title     = "Engineer"`)),
				ConfigStateChecks: []statecheck.StateCheck{
					tracked(), value(ana, "status", knownvalue.StringExact("active")), value(ana, "active", knownvalue.Null()),
					value(ana, "email", knownvalue.Null()), value(ana, "on_removal", knownvalue.StringExact("deactivate")),
				},
			},
			{
				Config: w.hcl("", anaIs(`user_name = "ana@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"`)),
				ConfigPlanChecks:  action(ana, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{tracked()},
			},
			{ // a rename follows the immutable id
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"`)),
				ConfigPlanChecks:  action(ana, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{tracked()},
			},
			{ // a title changed behind Terraform's back is drift and is put right
				PreConfig: func() { w.change("ana.lima@acme.com", person("title=Chief of Everything")) },
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"`)),
				ConfigPlanChecks: action(ana, plancheck.ResourceActionUpdate),
			},
			{ // suspended by the security team: observed, never reactivated while active is left out
				PreConfig: func() { w.retire("ana.lima@acme.com", access.Deactivate) },
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"`)),
				ConfigPlanChecks:  noop(ana),
				ConfigStateChecks: []statecheck.StateCheck{value(ana, "status", knownvalue.StringExact("deactivated"))},
			},
			{ // active = true is enforced against everyone
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"
					active    = true`)),
				ConfigPlanChecks:  action(ana, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{tracked(), value(ana, "status", knownvalue.StringExact("active"))},
			},
			{
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"
					title     = "Senior Engineer"
					active    = false`)),
				ConfigStateChecks: []statecheck.StateCheck{value(ana, "status", knownvalue.StringExact("deactivated"))},
			},
			{
				ResourceName: ana, ImportState: true, ImportStateId: "wiki/ana.lima@acme.com",
				ImportStateVerify: true, ImportStateVerifyIgnore: []string{"display_name", "attributes"},
			},
		},
	})
	if a := w.must("ana.lima@acme.com"); a.Active {
		t.Error("destroying the resource left the account active")
	}
}

// Importing fills what the app tells, so that the plan which follows is empty.
func TestAccountImportThenEmptyPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has(person("user_name=ana@acme.com", "person_id=1042", "email=ana@acme.com", "title=Engineer"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config: w.hcl("", anaIs(`user_name = "ana@acme.com"`)+`
				import {
				  to = tenure_account.ana
				  id = "wiki/ana@acme.com"
				}`),
			ConfigPlanChecks:  noop(ana),
			ConfigStateChecks: []statecheck.StateCheck{value(ana, "title", knownvalue.StringExact("Engineer")), value(ana, "person_id", knownvalue.StringExact("1042"))},
		}},
	})
}

func TestAccountAdoptionAndRehire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.has(person("user_name=ana@acme.com", "person_id=1042", "title=Engineer"))
	w.retire("ana@acme.com", access.Deactivate)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{
				Config: w.hcl("", anaIs(`user_name = "ana@acme.com"
					person_id = "77"`)),
				ExpectError: regexp.MustCompile(`(?s)ana@acme\.com.*1042.*identities`),
			},
			{
				Config: w.hcl("", anaIs(`user_name = "ana@acme.com"
					adopt = "never"`)),
				ExpectError: regexp.MustCompile(`(?s)Cannot create ana@acme\.com in wiki.*terraform import ADDRESS 'wiki/ana@acme\.com'`),
			},
			{ // the same person under a new name: renamed and reactivated, not duplicated
				Config: w.hcl("", anaIs(`user_name = "ana.lima@acme.com"
					person_id = "1042"`)),
				ConfigStateChecks: []statecheck.StateCheck{value(ana, "id", knownvalue.StringExact(before.ID)), value(ana, "status", knownvalue.StringExact("active"))},
			},
		},
	})
	if w.account("ana@acme.com") != nil {
		t.Error("the account was duplicated instead of renamed")
	}
}

func TestAccountOnRemoval(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		onRemoval    string
		there, alive bool
	}{{"deactivate", true, false}, {"delete", false, false}, {"keep", true, true}} {
		t.Run(tc.onRemoval, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Providers(t),
				CheckDestroy: func(*terraform.State) error {
					a := w.account("ana@acme.com")
					if there := a != nil; there != tc.there || there && a.Active != tc.alive {
						return fmt.Errorf("after the destroy the account is %+v", a)
					}
					return nil
				},
				Steps: []resource.TestStep{{Config: w.hcl("", anaIs(fmt.Sprintf("user_name = \"ana@acme.com\"\non_removal = %q", tc.onRemoval)))}},
			})
		})
	}
}

// A tainted account is replaced; the Delete of that replacement is a hand-over and writes nothing.
func TestAccountTaintWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.hcl("", anaIs("user_name = \"ana@acme.com\"\non_removal = \"delete\""))
	var id string
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{Config: cfg},
			{
				PreConfig: func() { id = w.must("ana@acme.com").ID },
				Taint:     []string{ana}, Config: cfg,
				ConfigPlanChecks: action(ana, plancheck.ResourceActionReplace),
			},
			{
				PreConfig: func() {
					if now := w.must("ana@acme.com"); now.ID != id || !now.Active {
						t.Errorf("the replacement touched the account: %+v", now)
					}
				},
				Config: cfg, ConfigPlanChecks: noop(ana),
			},
		},
	})
}

func TestAccountRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ app, lines, want string }{
		"unknown app":        {"", `user_name = "ana@acme.com"`, `The configured names are: wiki`},
		"protected":          {`protected_accounts = ["ana@*"]`, "user_name = \"ana@acme.com\"\nactive = false", `(?s)Will not deactivate the protected account ana@acme\.com`},
		"read only":          {`read_only = true`, `user_name = "ana@acme.com"`, `(?s)Cannot create account ana@acme\.com in wiki.*read_only`},
		"bad on_removal":     {"", "user_name = \"ana@acme.com\"\non_removal = \"suspend\"", `on_removal`},
		"empty title":        {"", "user_name = \"ana@acme.com\"\ntitle = \"\"", `title`},
		"match_by misspelt":  {`match_by = ["mail"]`, `user_name = "ana@acme.com"`, `Cannot match accounts by "mail"`},
		"timeout not a time": {`request_timeout = "soon"`, `user_name = "ana@acme.com"`, `Bad duration "soon"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			cfg := w.hcl(tc.app, anaIs(tc.lines))
			if name == "unknown app" {
				cfg = w.hcl(tc.app, "resource \"tenure_account\" \"ana\" {\n  app = \"wikki\"\n user_name = \"ana@acme.com\"\n}\n")
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Providers(t),
				Steps:                    []resource.TestStep{{Config: cfg, ExpectError: regexp.MustCompile(tc.want)}},
			})
			if w.account("ana@acme.com") != nil {
				t.Error("the refused account was created")
			}
		})
	}
}

// Two resources that want one account would undo each other's work for ever.
func TestAccountHasOneOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{{
			Config: w.hcl("", anaIs(`user_name = "ana@acme.com"`)+`
				resource "tenure_account" "again" {
				  app       = "wiki"
				  user_name = "Ana@acme.com"
				}`),
			ExpectError: regexp.MustCompile(`(?s)Another resource of this\s+run manages the same thing`),
		}},
	})
}
