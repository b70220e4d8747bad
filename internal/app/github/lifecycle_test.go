package github

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// An invitation is an account from the moment it is sent, the same in the answer, the listing and by itself; it is in the teams it is for, with whatever
// role is asked for; it is not sent twice; and it can be taken back.
func TestInvitationPending(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Add(githubtest.User{Login: "Bob"})
	team := s.AddTeam(githubtest.Team{Name: "core"})
	o := openFor(t, s, Config{}, false)
	made, err := o.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "bob", access.Role: "admin"}})
	if err != nil {
		t.Fatal(err)
	}
	created, _ := time.Parse(time.RFC3339, "2026-01-02T03:04:05Z")
	same(t, "made", access.Account{ID: made.ID, UserName: "Bob", Role: "admin", Active: true, Status: "invited", Created: created}, made)
	same(t, "listed", made, accounts(t, o)["Bob"])
	read, err := o.Account(t.Context(), made.Ref())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "read", made, read)
	if err := o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: made.Ref(), Role: "maintainer"}})[0]; err != nil {
		t.Fatal(err)
	}
	for _, run := range []*Org{o, openFor(t, s, Config{}, false)} {
		m := membersIn(t, run, team)["Bob"]
		if m.AccountID != made.ID || !m.RoleFixed {
			t.Errorf("the member is %+v", m)
		}
	}
	changed, err := o.UpdateAccount(t.Context(), made.Ref(), access.AccountSpec{Values: map[access.Field]string{access.Role: "member"}})
	if err != nil || changed.Role != "member" || changed.ID != made.ID {
		t.Errorf("%+v, %v", changed, err)
	}
	_, err = o.CreateAccount(t.Context(), ask("BOB"))
	refusal(t, err, fault.Exists)
	same(t, "mails", 1, s.Mails())
	for range 2 {
		if err := o.RetireAccount(t.Context(), made.Ref(), access.Deactivate); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "left", 0, len(s.Invitations()))
}

// Whoever takes an invitation up keeps the account's id: the number of the user, which costs one request for each invitation that is pending. Taking back an
// invitation that was taken up in the meantime ends the membership.
func TestInvitationTakenUp(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	id := s.Add(githubtest.User{Login: "bob"})
	number := s.Invite(githubtest.Invitation{Login: "bob"})
	s.Invite(githubtest.Invitation{Login: "deleted-on-github"})
	o := openFor(t, s, Config{}, false)
	invited := accounts(t, o)["bob"]
	same(t, "requests for users", 2, s.Count("/users/"))
	accounts(t, o)
	same(t, "requests for users", 3, s.Count("/users/")) // the one who is gone is asked for again
	s.Accept(number, "")
	for _, run := range []*Org{o, openFor(t, s, Config{}, false)} {
		now, err := run.Account(t.Context(), invited.Ref())
		if err != nil || now.ID != id || invited.ID != id || now.Status != "active" {
			t.Errorf("%+v before, %+v now, %v", invited, now, err)
		}
	}
	late := openFor(t, s, Config{}, false)
	if err := late.RetireAccount(t.Context(), invited.Ref(), access.Deactivate); err != nil {
		t.Fatal(err)
	}
	for _, u := range s.Users() {
		same(t, "role", "", u.Role)
	}
}

// An address is invited only where the block allows it, and its owner's login is never guessed.
func TestInvitationByEmail(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	team := s.AddTeam(githubtest.Team{Name: "core"})
	_, err := openFor(t, s, Config{}, false).CreateAccount(t.Context(), ask("ana@acme.example"))
	refusal(t, err, fault.Invalid)
	same(t, "mails", 0, s.Mails())
	o := openFor(t, s, Config{InviteByEmail: true}, false)
	made, err := o.CreateAccount(t.Context(), ask("ana@acme.example"))
	if err != nil || made.UserName != "ana@acme.example" || made.Status != "invited" {
		t.Fatalf("%+v, %v", made, err)
	}
	same(t, "listed", made, accounts(t, o)["ana@acme.example"])
	for a, err := range o.Accounts(t.Context(), access.AccountFilter{Field: access.UserName, Value: "Ana@acme.example"}) {
		if err != nil || a.ID != made.ID {
			t.Errorf("%+v, %v", a, err)
		}
	}
	_, err = o.CreateAccount(t.Context(), ask("ana@acme.example"))
	refusal(t, err, fault.Exists)
	refusal(t, o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: made.Ref()}})[0], fault.Unsupported)
	_, err = o.UpdateAccount(t.Context(), made.Ref(), access.AccountSpec{Values: map[access.Field]string{access.Role: "admin"}})
	refusal(t, err, fault.Unsupported)
	_, err = o.CreateAccount(t.Context(), ask("taken-up@acme.example")) // GitHub refuses without saying why
	refusal(t, err, fault.Invalid)
	same(t, "mails", 1, s.Mails())
}

// What failed is listed apart, inactive and under a name that nobody has, so that the person is invited again; billing managers are no members.
func TestInvitationsThatFailed(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	for _, login := range []string{"bob", "cid", "dan"} {
		s.Add(githubtest.User{Login: login})
		s.Invite(githubtest.Invitation{Login: login, Failed: "Invitation expired"})
	}
	s.Invite(githubtest.Invitation{Login: "cid"}) // a later one
	s.Change("dan", func(u *githubtest.User) { u.Role = "member" })
	s.Invite(githubtest.Invitation{Login: "eve", Role: "billing_manager"})
	o := openFor(t, s, Config{}, false)
	got := accounts(t, o)
	f := got["bob (invitation failed)"]
	if len(got) != 3 || f.Active || f.Status != "invitation failed" || !got["cid"].Active || !got["dan"].Active {
		t.Fatalf("%+v", got)
	}
	if err := o.RetireAccount(t.Context(), f.Ref(), access.Delete); err != nil {
		t.Error(err)
	}
	read, err := o.Account(t.Context(), f.Ref())
	if err != nil || read.ID != f.ID {
		t.Errorf("%+v, %v", read, err)
	}
	if _, err := o.CreateAccount(t.Context(), ask("bob")); err != nil {
		t.Error(err)
	}
}

// Outside collaborators are listed as external, have no role, are never put into a team, which would invite them, and go by a request of their own. One who has been
// asked to become a member is one account.
func TestOutsideCollaborators(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	guest := access.AccountRef{ID: s.Add(githubtest.User{Login: "guest", Role: "outside"})}
	s.Add(githubtest.User{Login: "both", Role: "outside"})
	s.Invite(githubtest.Invitation{Login: "both"})
	team := s.AddTeam(githubtest.Team{Name: "core"})
	o := openFor(t, s, Config{}, false)
	got := accounts(t, o)
	if a := got["guest"]; len(got) != 2 || !a.External || a.Role != roleOutside || got["both"].Status != "invited" {
		t.Fatalf("%+v", got)
	}
	for _, run := range []*Org{o, openFor(t, s, Config{}, false)} {
		a, err := run.Account(t.Context(), guest)
		if err != nil || !a.External {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	refusal(t, o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: guest}})[0], fault.Unsupported)
	_, err := o.UpdateAccount(t.Context(), guest, access.AccountSpec{Values: map[access.Field]string{access.Role: "member"}})
	refusal(t, err, fault.Unsupported)
	same(t, "writes", 0, len(writes(s)))
	if err := o.RetireAccount(t.Context(), guest, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	same(t, "writes", []string{"DELETE /orgs/acme/outside_collaborators/guest"}, writes(s))
}

// GitHub's requests for roles and for teams invite who is not there. Nobody is invited by a change of something they no longer have.
func TestChangesInviteNobody(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	gone := access.AccountRef{ID: s.Add(githubtest.User{Login: "gone"}), UserName: "gone"}
	team := s.AddTeam(githubtest.Team{Name: "core"})
	o := openFor(t, s, Config{}, false)
	_, err := o.UpdateAccount(t.Context(), gone, access.AccountSpec{Values: map[access.Field]string{access.Role: "admin"}})
	refusal(t, err, fault.NotFound)
	refusal(t, o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: gone}})[0], fault.NotFound)
	if err := o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: gone, Remove: true}})[0]; err != nil {
		t.Error(err)
	}
	same(t, "writes", 0, len(writes(s)))
	same(t, "mails", 0, s.Mails())
}

// Only logins of people are invited.
func TestInvitee(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Add(githubtest.User{Login: "some-org", Type: "Organization"})
	o := openFor(t, s, Config{}, false)
	for _, login := range []string{"some-org", "nobody-has-it"} {
		_, err := o.CreateAccount(t.Context(), ask(login))
		refusal(t, err, fault.Invalid)
		if login == "nobody-has-it" && !strings.Contains(err.(*fault.Error).Next, "identities") {
			t.Error("the error does not say how to name the login")
		}
	}
	_, err := o.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "x", access.Role: "owner"}})
	refusal(t, err, fault.Invalid)
	same(t, "writes", 0, len(writes(s)))
}

// The account behind the token is known; an app has none, and is not asked.
func TestSelf(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Add(githubtest.User{Login: githubtest.Owner, Role: "admin"})
	self, err := openFor(t, s, Config{}, false).Self(t.Context())
	if err != nil || self.UserName != githubtest.Owner || self.ID == "" {
		t.Errorf("%+v, %v", self, err)
	}
	s.Reset()
	_, err = openFor(t, s, Config{AppID: 3, InstallationID: 7, PrivateKey: key(t)}, false).Self(t.Context())
	refusal(t, err, fault.NotFound)
	same(t, "requests", 0, len(s.Requests()))
}

// Where GitHub knows no invitations nobody is asked for them: whoever is added is a member at once, and what proves that everybody is shown is the credential's own
// membership, or an app's view of the outside collaborators.
func TestWithoutInvitations(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Direct, s.AccessToken = true, "ghs_installation"
	s.Add(githubtest.User{Login: githubtest.Owner, Role: "admin"})
	id := s.Add(githubtest.User{Login: "bob"})
	o := openFor(t, s, Config{Invitations: new(false)}, false)
	made, err := o.CreateAccount(t.Context(), ask("BOB"))
	if err != nil || made.ID != id || made.UserName != "bob" || made.Status != "active" {
		t.Errorf("%+v, %v", made, err)
	}
	for _, run := range []*Org{o, openFor(t, s, Config{Invitations: new(false), AppID: 3, InstallationID: 7, PrivateKey: key(t)}, false)} {
		same(t, "accounts", 2, len(accounts(t, run)))
		if err := run.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	same(t, "requests about invitations", 0, s.Count("invitations"))
	s.Change(githubtest.Owner, func(u *githubtest.User) { u.Role = "" })
	for _, err := range openFor(t, s, Config{Invitations: new(false)}, false).Accounts(t.Context(), access.AccountFilter{}) {
		refusal(t, err, fault.Forbidden)
	}
	// the other way round: a block that expects invitations is told
	err = openFor(t, s, Config{}, false).Check(t.Context())
	refusal(t, err, fault.Forbidden)
	if f := (*fault.Error)(nil); !errors.As(err, &f) || !strings.Contains(f.Next, "invitations = false") {
		t.Error(err)
	}
}

// Whoever has left since the listing is invited by GitHub when they are put into a team. That is said.
func TestLeftSinceTheListing(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := access.AccountRef{ID: s.Add(githubtest.User{Login: "ana", Role: "member"})}
	team := s.AddTeam(githubtest.Team{Name: "core"})
	o := openFor(t, s, Config{}, false)
	accounts(t, o)
	s.Change("ana", func(u *githubtest.User) { u.Role = "" })
	refusal(t, o.ChangeMembers(t.Context(), team, []access.MemberChange{{Account: ana}})[0], fault.Stale)
}
