package entraid

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Each test here is named after something that went wrong with the directory in practice.

// The directory answers 404 milliseconds after it created a user or group (azuread #578, #791).
func TestTrapNotFoundRightAfterCreate(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{Lag: 3}, nil)
	acc, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "p1"))
	if err != nil || acc.PersonID != "p1" || !acc.Active {
		t.Fatalf("%+v, %v", acc, err)
	}
	g, err := x.CreateGroup(t.Context(), access.GroupSpec{Name: new("team")})
	if err != nil || g.Name != "team" {
		t.Fatalf("%+v, %v", g, err)
	}
	if n := x.Count("POST /users", "POST /groups"); n != 2 {
		t.Errorf("%d creations were sent", n)
	}
	if len(x.waits) != 6 {
		t.Errorf("waited %v", x.waits)
	}
}

// What is created and cannot be read within a bounded time is not said to be there, and not said to have failed.
func TestTrapNeverReadableIsUnconfirmed(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{Lag: 1000}, nil)
	_, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "p1"))
	if f := failed(t, err, fault.Unconfirmed); !strings.Contains(f.State, "was created") || len(x.waits) != len(defaultPatience) {
		t.Errorf("%v after %v", f, x.waits)
	}
	_, err = x.CreateGroup(t.Context(), access.GroupSpec{Name: new("team")})
	failed(t, err, fault.Unconfirmed)
}

// Adding somebody to a group, or giving a license or manager, before the creation has settled (azuread #793, #220).
func TestTrapNewAccountIsNotYetKnownToGroups(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{Lag: 1}, func(c *Config) { c.GroupOwners = true })
	g := x.AddGroup(map[string]any{"displayName": "team"})
	sku := x.AddSKU(graphtest.SKU{PartNumber: "SPE_E3", Enabled: 1})
	boss := x.person(1)
	want := spec("ana@acme.example", "p9")
	want.Values[access.Manager] = boss.ID
	acc, err := x.CreateAccount(t.Context(), want)
	if err != nil || acc.Manager != boss.ID {
		t.Fatalf("%+v, %v", acc, err)
	}
	x.Server.Lag(acc.ID, 3)
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: acc.Ref(), Role: Owner}}))
	x.Server.Lag(acc.ID, 3)
	noErrors(t, x.ChangeAssignees(t.Context(), "SPE_E3", []access.LicenseChange{{Account: acc.Ref(), License: "SPE_E3"}}))
	x.Look(func(users, _ []*graphtest.User, _ []*graphtest.Group) {
		if _, ok := users[1].Direct[sku.ID]; !ok || len(g.Members) != 1 || len(g.Owners) != 1 {
			t.Errorf("licenses %v, members %v, owners %v", users[1].Direct, g.Members, g.Owners)
		}
	})
}

// Somebody who never existed is not waited for.
func TestTrapUnknownAccountIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	_, err := x.Account(t.Context(), access.AccountRef{ID: "no-such-id"})
	failed(t, err, fault.NotFound)
	if len(x.waits) != 0 {
		t.Errorf("waited %v", x.waits)
	}
}

// A request that is repeated after a lost answer is refused because it was carried out: that is success (azuread #793).
func TestTrapAlreadyExistsAfterOwnRetry(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(3)
	g := x.AddGroup(map[string]any{"displayName": "team"})
	x.Fail(graphtest.Fault{Kinds: []string{"PATCH /groups/{id} members"}, Times: 1, Status: 503, After: true})
	var changes []access.MemberChange
	for _, u := range people {
		changes = append(changes, access.MemberChange{Account: refTo(u)})
	}
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, changes))
	if len(g.Members) != 3 {
		t.Errorf("members %v", g.Members)
	}
}

// Sign-ins are told of an account by its id only, and a lost answer has none.
func TestTrapSignInsByIDOnly(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{Lag: 2}, func(c *Config) { c.SignInActivity = true })
	x.Fail(graphtest.Fault{Kinds: []string{"POST /users"}, Times: 1, Close: true, After: true})
	acc, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "p1"))
	if err != nil || acc.UserName != "ana@acme.example" || x.Count("POST /users") != 1 {
		t.Errorf("%+v, %v, %d creations", acc, err, x.Count("POST /users"))
	}
}

// The directory refuses a change while it changes the same object itself: nothing was written, and again is fine.
func TestTrapConcurrencyViolation(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(3)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	for _, kind := range []string{removal, "PATCH /users/{id}", "POST /users"} {
		x.Fail(graphtest.Fault{Kinds: []string{kind}, Times: 1, Status: 409, Code: "Directory_ConcurrencyViolation"})
	}
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, removals(people)))
	if err := x.RetireAccount(t.Context(), refTo(people[0]), access.Deactivate); err != nil || len(g.Members) != 0 {
		t.Errorf("%v, members %v", err, g.Members)
	}
	_, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "p9")) // a creation is never sent twice
	failed(t, err, fault.Unavailable)
	if n := x.Count("POST /users"); n != 1 || len(x.waits) != 2 {
		t.Errorf("%d creations, waited %v", n, x.waits)
	}
}

// A conflict on create is an answer, not a reason to send the creation again (azuread #1768 retried it).
func TestTrapConflictOnCreateIsNotRepeated(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	x.person(1)
	_, err := x.CreateAccount(t.Context(), spec("USER1@acme.example", "p2"))
	if f := failed(t, err, fault.Exists); f.Code != "ObjectConflict" {
		t.Errorf("code %q", f.Code)
	}
	if n := x.Count("POST /users"); n != 1 {
		t.Errorf("%d creations were sent", n)
	}
}

// More than twenty members in one request are refused (azuread #454).
func TestTrapMoreThanTwentyMembers(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(45)
	g := x.AddGroup(map[string]any{"displayName": "team"})
	var adds, removes []access.MemberChange
	for _, u := range people {
		adds, removes = append(adds, access.MemberChange{Account: refTo(u)}), append(removes, access.MemberChange{Account: refTo(u), Remove: true})
	}
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, adds))
	if n := x.Count(); n != 3 || len(g.Members) != 45 {
		t.Errorf("%d requests for %d members, want 3 for 45", n, len(g.Members))
	}
	x.Reset()
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, removes))
	if n := x.Count(); n != 3 || len(g.Members) != 0 {
		t.Errorf("%d requests, %d members left, want 3 and none", n, len(g.Members))
	}
}

// A removal whose address lacks /$ref deletes the user.
func TestTrapRemovalWithoutRefDeletesTheUser(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.GroupOwners = true })
	people := x.people(3)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	g.Owners = ids(people)
	for _, changes := range [][]access.MemberChange{
		{{Account: refTo(people[0]), Remove: true}},
		{{Account: refTo(people[1]), Remove: true}, {Account: refTo(people[2]), Remove: true}},
	} {
		noErrors(t, x.ChangeMembers(t.Context(), g.ID, changes))
	}
	deletes := 0
	for _, r := range x.Server.Requests() {
		if strings.HasPrefix(r.Kind, "DELETE ") {
			if deletes++; !strings.HasSuffix(r.Path, "/$ref") {
				t.Errorf("sent DELETE %s", r.Path)
			}
		}
	}
	x.Look(func(users, deleted []*graphtest.User, _ []*graphtest.Group) {
		if deletes != 6 || len(users) != 3 || len(deleted) != 0 || len(g.Members)+len(g.Owners) != 0 {
			t.Errorf("%d deletes, %d users, %d deleted, %v, %v", deletes, len(users), len(deleted), g.Members, g.Owners)
		}
	})
}

// $expand=members stops at twenty without a word: members are listed, and groups never expanded.
func TestTrapExpandedMembersStopAtTwenty(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(x.people(30))...)
	for _, got := range collect(t, x.Groups(t.Context(), true)) {
		if got.MembersKnown {
			t.Errorf("%+v", got)
		}
	}
	if n := len(collect(t, x.Members(t.Context(), g.ID))); n != 30 {
		t.Errorf("%d members of 30", n)
	}
	for _, r := range x.Server.Requests() {
		if strings.Contains(r.Query, "expand=members") {
			t.Errorf("sent %s?%s", r.Path, r.Query)
		}
	}
}

// Display names differ in case only to people (azuread #246, #492, #1381), and nothing keeps them apart.
func TestTrapGroupNamesThatDifferInCase(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	x.AddGroup(map[string]any{"displayName": "O'Brien's Team"})
	_, err := x.CreateGroup(t.Context(), access.GroupSpec{Name: new("o'brien's team")})
	failed(t, err, fault.Exists)
	if n := x.Count("POST /groups"); n != 0 {
		t.Errorf("%d groups were made", n)
	}
}

// A link to the next page must not take the credential elsewhere.
func TestTrapNextLinkToAnotherHost(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{PageSize: 2}, nil)
	x.people(5)
	stranger := graphtest.New(graphtest.Options{Token: testToken})
	other := httptest.NewServer(stranger)
	t.Cleanup(other.Close)
	own := x.base.Host
	for _, link := range []string{
		other.URL + "/v1.0/users?$skiptoken=x", "https://" + own + "/v1.0/users", "http://" + own + "/beta/users", "http://user:pw@" + own + "/v1.0/users",
		"//" + strings.TrimPrefix(other.URL, "http://") + "/v1.0/users", "users?$skiptoken=x", "http://" + own + "/v1.0/../beta/users",
	} {
		x.Recover()
		x.Fail(graphtest.Fault{Kinds: []string{"GET /users"}, NextLink: link})
		n, err := 0, error(nil)
		for _, err = range x.Accounts(t.Context(), access.AccountFilter{}) {
			n++
		}
		if failed(t, err, fault.Invalid); n != 3 {
			t.Errorf("%s: %d rows", link, n)
		}
	}
	if stranger.Count() != 0 {
		t.Errorf("%d requests went elsewhere", stranger.Count())
	}
}

// Whatever a link to the next page carries arrives as it was.
func TestTrapSkipTokensAreOpaque(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{PageSize: 2}, nil)
	x.people(5)
	if n := len(collect(t, x.Accounts(t.Context(), access.AccountFilter{}))); n != 5 || x.Count() != 3 {
		t.Errorf("%d rows in %d requests", n, x.Count())
	}
}
