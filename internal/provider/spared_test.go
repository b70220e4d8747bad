package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Nobody cuts off the branch they sit on: the account behind the credential is held among strangers, and taking it out
// of configuration is an error. Where the app does not say who that is, everything goes on as without.
func TestOwnAccountOfTheCredential(t *testing.T) {
	t.Parallel()
	for name, self := range map[string]string{"the app says who": "robot@x", "the app does not": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newSCIMEstate(t, sandbox.Options{Self: self})
			for _, n := range []string{"ana@x", "robot@x"} {
				if _, err := e.AddUser(sandbox.User{UserName: n}); err != nil {
					t.Fatal(err)
				}
			}
			config := func(unmanaged string, people ...string) {
				var list strings.Builder
				for _, p := range people {
					fmt.Fprintf(&list, "    %q = { user_name = \"%s@x\" }\n", p, p)
				}
				e.config("resource \"tenure_app_access\" \"this\" {\n  app = \"slack\"\n  accounts = {\n" + list.String() + "  }\n  unmanaged {\n    accounts = \"" + unmanaged +
					"\"\n    members = \"report\"\n    assignees = \"report\"\n  }\n}\n")
			}
			config("report", "ana")
			e.Run("apply", "-auto-approve")
			config("remove", "ana")
			e.Reset()
			e.Run("apply", "-auto-approve")
			robot, _ := e.User("robot@x")
			if robot.Inactive != (self == "") {
				t.Errorf("robot is inactive: %t", robot.Inactive)
			}
			if n := e.Count("GET", "/Me"); n > 2 { // one for each walk
				t.Errorf("/Me was asked %d times", n)
			}
			if self == "" {
				return
			}
			_, p := e.Plan()
			_, held := planned(t, p, whole, "held")
			one, _ := held["accounts/robot@x"].(map[string]any)
			equal(t, "held", one["reason"], "protected")

			config("report", "ana", "robot") // taken over, and then dropped again
			e.Run("apply", "-auto-approve")
			config("report", "ana")
			e.Reset()
			out, code := e.Try("plan")
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			contains(t, out, "robot@x is the account behind the credential of this run, and configuration takes away what it managed")
			equal(t, "writes", e.writes(), map[string]int{})
		})
	}
}

// The same for a resource of its own.
func TestOwnAccountAlone(t *testing.T) {
	t.Parallel()
	e := newSCIMEstate(t, sandbox.Options{Self: "Robot@x"})
	account := "resource \"tenure_account\" \"robot\" {\n  app = \"slack\"\n  user_name = \"robot@x\"\n%s}\n"
	if _, err := e.AddUser(sandbox.User{UserName: "robot@x"}); err != nil {
		t.Fatal(err)
	}
	e.config(fmt.Sprintf(account, ""))
	e.Apply()
	e.Reset()
	for _, hcl := range []string{"", fmt.Sprintf(account, "  active = false\n")} {
		e.config(hcl)
		out, code := e.Try("plan")
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		contains(t, out, "the protected account robot@x in slack", "It is the account behind the credential of this run, which would take away its own access.")
	}
	equal(t, "writes", e.writes(), map[string]int{})
}

// A group keeps its last owner: by configuration only with an approval, and among strangers always.
func TestLastOwnerOfAGroup(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	eng := e.group("eng")
	for _, n := range []string{"ana@x", "bob@x", "cy@x", "eve@x"} {
		e.has(person("user_name=" + n))
	}
	members := func(safeguard, lines string) {
		e.Config(strings.Replace(e.hcl("", "resource \"tenure_group_members\" \"eng\" {\n  app = \"wiki\"\n  group = \"eng\"\n  unmanaged = \"remove\"\n  members = {\n"+lines+"  }\n}\n"),
			"provider \"tenure\" {", "provider \"tenure\" {\n"+safeguard, 1))
	}
	members("", "    \"ana@x\" = \"owner\"\n    \"bob@x\" = \"member\"\n    \"cy@x\" = \"member\"\n")
	e.Apply()
	was := e.file()
	for _, lines := range []string{"    \"bob@x\" = \"member\"\n    \"cy@x\" = \"member\"\n", "    \"ana@x\" = \"member\"\n    \"bob@x\" = \"member\"\n    \"cy@x\" = \"member\"\n"} {
		members("", lines)
		out, code := e.Try("plan")
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		contains(t, out, "Nobody with the role owner would be left in it (now ana@x), so nobody could run it", `approved_removals = ["wiki/groups/eng 1 `)
	}
	equal(t, "the app", e.file(), was)
	members("", "    \"ana@x\" = \"member\"\n    \"bob@x\" = \"owner\"\n    \"cy@x\" = \"member\"\n")
	e.Apply() // handed over

	// Somebody makes a stranger the only owner.
	e.changeMember(eng, "bob@x", "member", false)
	e.changeMember(eng, "eve@x", "owner", false)
	members("", "    \"ana@x\" = \"member\"\n    \"bob@x\" = \"member\"\n    \"cy@x\" = \"member\"\n")
	_, p := e.Plan()
	_, held := planned(t, p, "tenure_group_members.eng", "held")
	one, _ := held["eve@x"].(map[string]any)
	equal(t, "held", one["reason"], "protected")
	e.Run("apply", "tfplan")
	e.Empty()
	equal(t, "eve", e.members("eng")["eve@x"], "owner")
	members("", "    \"ana@x\" = \"owner\"\n    \"bob@x\" = \"member\"\n    \"cy@x\" = \"member\"\n")
	e.Apply()
	equal(t, "eve, once somebody else owns the group", e.members("eng")["eve@x"], "")
}

// The same for memberships of their own, and an approval lets it pass.
func TestLastOwnerAlone(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	eng := e.group("eng")
	for _, n := range []string{"ana@x", "bob@x", "cy@x"} {
		e.has(person("user_name=" + n))
	}
	e.changeMember(eng, "cy@x", "member", false)
	one := func(name, role string) string {
		return fmt.Sprintf("resource \"tenure_group_membership\" %q {\n  app = \"wiki\"\n  group = \"eng\"\n  user_name = \"%s@x\"\n  role = %q\n}\n", name, name, role)
	}
	e.config("", one("ana", "owner")+one("bob", "owner"))
	e.Apply()
	was := e.file()
	for what, rest := range map[string]string{"both go": "", "one goes and one is lowered": one("bob", "member"), "both are lowered": one("ana", "member") + one("bob", "member")} {
		e.config("", rest)
		out, code := e.Try("plan")
		if code != 1 || !strings.Contains(flatten(out), "Nobody with the role owner would be left in it") {
			t.Errorf("%s: exit code %d\n%s", what, code, out)
		}
	}
	equal(t, "the app", e.file(), was)
	e.config("", one("bob", "owner"))
	e.Plan()
	e.changeMember(eng, "bob@x", "member", false) // the owner on whom the plan counted
	if out, code := e.Try("apply", "tfplan"); code != 1 || !strings.Contains(flatten(out), "Nobody else with the role owner is left in the group, as there was when this was planned") {
		t.Errorf("the last owner goes: exit code %d\n%s", code, out)
	}
	if got := e.members("eng")["ana@x"]; got != "owner" {
		t.Errorf("ana is %q", got)
	}
	e.changeMember(eng, "bob@x", "owner", false)
	e.Apply()
	e.Config(strings.Replace(e.hcl("", one("bob", "member")), "provider \"tenure\" {", "provider \"tenure\" {\n  safeguard {\n    approved_removals = [\"wiki/groups/eng 1 until 2999-12-31\"]\n  }", 1))
	e.Apply()
	equal(t, "bob", e.members("eng")["bob@x"], "member")
}

// Deleting a group counts everybody in it.
func TestDeletedGroupCountsItsMembers(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	const group = "resource \"tenure_group\" \"g\" {\n  app = \"wiki\"\n  name = \"eng\"\n  on_removal = \"delete\"\n}\n"
	e.config("", group)
	e.Apply()
	id := ""
	for g, err := range e.app.Groups(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		id = g.ID
	}
	for i := range 12 {
		n := fmt.Sprintf("p%d@x", i)
		e.has(person("user_name=" + n))
		e.changeMember(id, n, "member", false)
	}
	was := e.file()
	e.config("", "")
	out, code := e.Try("plan")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, "Cannot take this much away from groups/eng in wiki", "12 removals that no roster explains are more than max_removals = 10 (each: the group is deleted)", "p11@x", `"wiki/groups/eng 12 until `)
	equal(t, "the app", e.file(), was)
	e.Config(strings.Replace(e.hcl("", ""), "provider \"tenure\" {", "provider \"tenure\" {\n  safeguard {\n    approved_removals = [\"wiki/groups/eng 12 until 2999-12-31\"]\n  }", 1))
	e.Apply()
}

// Removals of a set and of single resources in one group add up.
func TestSetsAndSinglesAddUp(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	eng := e.group("eng")
	for i := range 200 {
		n := fmt.Sprintf("p%d@x", i)
		e.has(person("user_name=" + n))
		if i >= 40 {
			e.changeMember(eng, n, "member", false)
		}
	}
	config := func(set, single int) {
		e.config("", fmt.Sprintf("resource \"tenure_group_members\" \"eng\" {\n  app = \"wiki\"\n  group = \"eng\"\n  members = { for i in range(%d) : \"p${i}@x\" => \"member\" }\n}\n"+
			"resource \"tenure_group_membership\" \"p\" {\n  count = %d\n  app = \"wiki\"\n  group = \"eng\"\n  user_name = \"p${count.index + 20}@x\"\n}\n", set, single))
	}
	config(20, 20)
	e.Run("apply", "-auto-approve")
	config(13, 13)
	out, code := e.Try("plan")
	if flat := flatten(out); code != 1 || !strings.Contains(flat, "removals that no roster explains are more than max_removals = 10") {
		t.Errorf("seven of one and seven of the other pass: exit code %d\n%s", code, out)
	}
	config(15, 16)
	e.Run("apply", "-auto-approve") // nine
}

// A login that somebody else has now is an error that names both accounts, for a whole app and for single resources, and
// nothing is written.
func TestLoginReusedBySomebodyElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(e scimEstate) error{
		"after the account was deleted": func(e scimEstate) error {
			if err := e.DeleteUser("bo@x"); err != nil {
				return err
			}
			_, err := e.AddUser(sandbox.User{UserName: "bo@x", ExternalID: "77"})
			return err
		},
		"after the account was renamed": func(e scimEstate) error {
			if err := e.EditUser("bo@x", func(u *sandbox.User) { u.UserName = "robert@x" }); err != nil {
				return err
			}
			_, err := e.AddUser(sandbox.User{UserName: "bo@x", ExternalID: "77"})
			return err
		},
	} {
		for kind, hcl := range map[string]string{
			"whole":  "resource \"tenure_app_access\" \"this\" {\n  app = \"slack\"\n  accounts = {\n    \"1\" = { user_name = \"ana@x\" }\n    \"2\" = { user_name = \"bo@x\" }\n  }\n  groups = { all = { \"bo@x\" = \"member\" } }\n  " + report + "}\n",
			"single": "resource \"tenure_account\" \"bo\" {\n  app = \"slack\"\n  user_name = \"bo@x\"\n  person_id = \"2\"\n}\n",
			"group":  "resource \"tenure_group_members\" \"all\" {\n  app = \"slack\"\n  group = \"all\"\n  members = { \"bo@x\" = \"member\" }\n}\n",
			"member": "resource \"tenure_group_membership\" \"bo\" {\n  app = \"slack\"\n  group = \"all\"\n  user_name = \"bo@x\"\n}\n",
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				e := newSCIMEstate(t, sandbox.Options{})
				if _, err := e.AddGroup(sandbox.Group{DisplayName: "all"}); err != nil {
					t.Fatal(err)
				}
				old, err := e.AddUser(sandbox.User{UserName: "bo@x", ExternalID: "2"})
				if err != nil {
					t.Fatal(err)
				}
				e.config(hcl)
				e.Run("apply", "-auto-approve")
				if err := change(e); err != nil {
					t.Fatal(err)
				}
				other, _ := e.User("bo@x")
				e.Reset()
				out, code := e.Try("apply", "-auto-approve")
				equal(t, "writes", e.writes(), map[string]int{})
				if g, _ := e.Group("all"); strings.Contains(fmt.Sprint(g.Members), other.ID) {
					t.Error("the other one is a member now")
				}
				if (kind == "group" || kind == "member") && strings.Contains(name, "renamed") {
					if code != 0 { // who was a member still is, by whatever name
						t.Errorf("exit code %d\n%s", code, out)
					}
					return
				}
				if code != 1 {
					t.Errorf("exit code %d", code)
				}
				contains(t, out, "account with id "+old.ID, "account with id "+other.ID)
			})
		}
	}
}

// Somebody is hired again under a new number, and their old login is still there: nobody gets the account of a person
// whom nothing says to be the same one.
func TestRehireUnderANewNumber(t *testing.T) {
	t.Parallel()
	s := newStaff(t, sandbox.Options{}, bigCompany(3, 3))
	s.Config(s.usual())
	s.Apply()
	again := strings.Replace(bigCompany(3, 3), "102,P2,Q,p2@acme.com,Engineering,active,2020-01-01,", "102,P2,Q,p2@acme.com,Engineering,terminated,2020-01-01,2026-02-28", 1) +
		"777,P2,Q,p2@acme.com,Engineering,active,2026-03-01,\n"
	s.Write("hr.csv", again)
	s.stopped(t, "a rehire under a new number", s.usual(), "Cannot give p2@acme.com to 777 in slack", "That account belongs to 102, who leaves the configuration, and not to 777")
	s.Config(s.hcl("", "", "  same_person = { \"777\" = [\"102\"] }\n"+staffPolicy, `"hr"`, ""))
	s.Reset()
	s.Apply()
	u, _ := s.User("p2@acme.com")
	if u.ExternalID != "777" || u.Inactive || s.writes()["POST /Users"] != 0 {
		t.Errorf("the account of the same person is %+v, writes %v", u, s.writes())
	}
}

// Two people with one login, in whatever case, are both left as they are, by name.
func TestTwoPeopleWithOneLogin(t *testing.T) {
	t.Parallel()
	s := newStaff(t, sandbox.Options{}, bigCompany(3, 3))
	s.Config(s.usual())
	s.Apply()
	s.Write("hr.csv", bigCompany(3, 3)+"777,Pat,Q,P2@ACME.com,Engineering,active,2026-03-01,\n")
	s.Reset()
	out := s.Run("apply", "-auto-approve")
	contains(t, out, "Person 102 keeps what they have", "Person 777 keeps what they have", "p2@acme.com")
	equal(t, "writes", s.writes(), map[string]int{})
	equal(t, "accounts", len(s.Users()), 3)
}

// Whoever reads a plan sees which removals an exception explains that was to end. The last holder still takes a line.
func TestExpiryExplains(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	wiki := c.app("wiki")
	wiki.group("oncall")
	hcl := func(day string) string {
		return providerHCL(day, "", "wiki") + policyHCL(everyoneHasAccount+`
  exception {
    person_id   = "2"
    groups      = { wiki = ["oncall"] }
    reason      = "INC-1"
    approved_by = "ana@acme.com"
    expires_at  = "2026-03-10"
  }
  exception {
    person_id   = "3"
    groups      = { wiki = ["oncall"] }
    reason      = "INC-2"
    approved_by = "ana@acme.com"
    expires_at  = "2026-03-20"
  }`) + flagship
	}
	c.Config(hcl("2026-03-04"))
	c.Apply()
	c.Config(hcl("2026-03-11"))
	text, p := c.Plan()
	contains(t, text, "wiki: 1 person would lose something (1 expired): bo@acme.com")
	_, why := planned(t, p, `tenure_app_access.this["wiki"]`, "explanations")
	one, _ := why["groups/oncall/bo@acme.com"].(map[string]any)
	if got := fmt.Sprint(one["why"]); !strings.Contains(got, "exception expired on 2026-03-10") {
		t.Errorf("the removal is explained by %q", got)
	}
	c.Run("apply", "tfplan")
	out := c.refuse(hcl("2026-03-21"))
	says(t, out, "Cannot take this much away from groups/oncall in wiki", "Nobody would be left in it", "exception expired on 2026-03-20")
	if got := wiki.members("oncall"); len(got) != 1 {
		t.Errorf("the members are %v", got)
	}
}

const everyoneHasAccount = "  rule {\n    name     = \"everyone\"\n    when     = \"true\"\n    accounts = [\"wiki\"]\n  }\n"
