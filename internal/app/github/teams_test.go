package github

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Trap: organization owners appear as maintainers of each of their teams, whatever is asked for: no difference for ever. A member made owner by
// this run counts at once.
func TestTrapOwnersAreMaintainers(t *testing.T) {
	t.Parallel()
	for _, tells := range []bool{true, false} {
		s := githubtest.New(t, described(t))
		s.TellsRoles = tells
		boss := access.AccountRef{ID: s.Add(githubtest.User{Login: "boss", Role: "admin"})}
		lead := access.AccountRef{ID: s.Add(githubtest.User{Login: "lead", Role: "member"})}
		team := s.AddTeam(githubtest.Team{Name: "core", Members: map[string]string{"boss": "member", "lead": "maintainer"}})
		o := openFor(t, s, Config{}, false) // has listed no accounts
		got := membersIn(t, o, team)
		same(t, "members", map[string]access.Member{
			"boss": {AccountID: boss.ID, UserName: "boss", Role: "maintainer", RoleFixed: true}, "lead": {AccountID: lead.ID, UserName: "lead", Role: "maintainer"},
		}, got)
		if err := o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: boss, Role: "member"}})[0]; err != nil {
			t.Errorf("an owner asked to be a plain member: %v", err)
		}
		if _, err := o.UpdateAccount(t.Context(), lead, access.AccountSpec{Values: map[access.Field]string{access.Role: "admin"}}); err != nil {
			t.Fatal(err)
		}
		if !membersIn(t, o, team)["lead"].RoleFixed {
			t.Error("the new owner's role in the team is not fixed")
		}
	}
}

// Trap: members of the teams below count as members, and removing them has no effect. They are marked as coming from there, whether GitHub tells
// or the teams below have to be asked.
func TestTrapNestedTeams(t *testing.T) {
	t.Parallel()
	for name, tells := range map[string]bool{"told": true, "not told": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := githubtest.New(t, described(t))
			s.TellsRoles = tells
			for _, login := range []string{"top", "mid", "low"} {
				s.Add(githubtest.User{Login: login, Role: "member"})
			}
			top := s.AddTeam(githubtest.Team{ID: 11, Name: "top", Members: map[string]string{"top": "maintainer"}})
			mid := s.AddTeam(githubtest.Team{ID: 12, Name: "mid", Parent: 11, Members: map[string]string{"mid": "member"}})
			low := s.AddTeam(githubtest.Team{ID: 13, Name: "low", Parent: 12, Members: map[string]string{"low": "member"}})
			o := openFor(t, s, Config{}, false)
			for team, direct := range map[string]string{top: "top", mid: "mid", low: "low"} {
				for login, m := range membersIn(t, o, team) {
					if (m.Via == "") != (login == direct) {
						t.Errorf("%s in the team of %s: %+v", login, direct, m)
					}
				}
			}
			same(t, "members of the top", 3, len(membersIn(t, o, top)))
			// deleting a team deletes what is below it: refused, with the names, before anything is sent
			err := o.DeleteGroup(t.Context(), mid)
			refusal(t, err, fault.Protected)
			if !strings.Contains(err.Error(), "low") {
				t.Error(err)
			}
			same(t, "writes", 0, len(writes(s)))
		})
	}
}

// Trap: a whole team read to learn its id, each time (integrations/terraform-provider-github, pull requests 1255 and 1379). One change of a member is one request.
func TestTrapTeamReadForItsID(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := access.AccountRef{ID: s.Add(githubtest.User{Login: "ana", Role: "member"})}
	bob := access.AccountRef{ID: s.Add(githubtest.User{Login: "bob", Role: "member"})}
	team := s.AddTeam(githubtest.Team{Name: "Core Team", Members: map[string]string{"bob": "member"}})
	o := openFor(t, s, Config{}, false)
	accounts(t, o)
	for _, err := range o.Groups(t.Context(), true) {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Reset()
	for _, err := range o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: ana, Role: "maintainer"}, {Account: bob, Remove: true}}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	same(t, "requests", []string{"PUT /orgs/acme/teams/core-team/memberships/ana", "DELETE /orgs/acme/teams/core-team/memberships/bob"}, s.Lines())
	for _, r := range s.Requests() {
		if r.Method == "PUT" && r.Body != `{"role":"maintainer"}` {
			t.Errorf("sent %s", r.Body)
		}
	}
}

// Trap: whoever makes a team is in it. An app is not.
func TestTrapMakerOfATeamIsInIt(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Add(githubtest.User{Login: githubtest.Owner, Role: "admin"})
	s.AccessToken = "ghs_installation"
	for name, o := range map[string]*Org{"token": openFor(t, s, Config{}, false), "app": openFor(t, s, Config{AppID: 3, InstallationID: 7, PrivateKey: key(t)}, false)} {
		s.Reset()
		g, err := o.CreateGroup(t.Context(), access.GroupSpec{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		same(t, name+": members", 0, len(membersIn(t, o, g.ID)))
		same(t, name+": removals", map[string]int{"token": 1, "app": 0}[name], s.Count("^DELETE "))
	}
	s.Break("^DELETE ", apptest.Fault{Status: 403})
	third := "third"
	g, err := openFor(t, s, Config{}, false).CreateGroup(t.Context(), access.GroupSpec{Name: &third})
	refusal(t, err, fault.Unconfirmed)
	if g.ID == "" {
		t.Error("the team that was made is not answered")
	}
}

// A team is called by its name, or by its slug, as the block says. Renamed by somebody else, it is found by its number.
func TestTeamNames(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	id := s.AddTeam(githubtest.Team{Name: "Core Team"})
	for names, want := range map[string]string{"": "Core Team", "slug": "core-team"} {
		o := openFor(t, s, Config{TeamNames: names}, false)
		for g, err := range o.Groups(t.Context(), false) {
			if err != nil || g.Name != want || g.ID != id {
				t.Errorf("%+v, %v", g, err)
			}
		}
	}
	o := openFor(t, s, Config{TeamNames: "slug"}, false)
	for _, err := range o.Groups(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
	}
	other, odd := "The Core", "Odd Name"
	if _, err := openFor(t, s, Config{}, false).UpdateGroup(t.Context(), id, access.GroupSpec{Name: &other}); err != nil {
		t.Fatal(err)
	}
	if g, err := o.Group(t.Context(), id); err != nil || g.Name != "the-core" {
		t.Errorf("%+v, %v", g, err)
	}
	g, err := o.CreateGroup(t.Context(), access.GroupSpec{Name: &odd})
	refusal(t, err, fault.Unconfirmed)
	same(t, "slug", "odd-name", g.Name)
}
