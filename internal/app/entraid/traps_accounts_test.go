package entraid

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// A rehire within 30 days finds the deleted account, whose user name begins with its id, and gets it back.
func TestTrapRehireIsInTheRecycleBin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		employee     any // of the deleted account
		user, person string
		back         bool
	}{
		"by person id and a new name":    {"p1", "ana.new@acme.example", "p1", true},
		"by name, nobody had an id":      {nil, "Ana@acme.example", "p1", true},
		"by name, no id is asked for":    {"p1", "ana@acme.example", "", true},
		"the name is somebody else's":    {"p2", "ana@acme.example", "p1", false},
		"a longer name ends in the same": {nil, "na@acme.example", "p1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, graphtest.Options{Lag: 1}, nil)
			for range 2 { // deleted twice: the last one counts
				props := map[string]any{"userPrincipalName": "ana@acme.example", "displayName": "Ana", "accountEnabled": false}
				if c.employee != nil {
					props["employeeId"] = c.employee
				}
				x.Delete(x.Add(props))
			}
			var last string
			x.Look(func(_, deleted []*graphtest.User, _ []*graphtest.Group) { last = deleted[1].ID })
			want := spec(c.user, c.person)
			if c.person == "" {
				delete(want.Values, access.PersonID)
			}
			acc, err := x.CreateAccount(t.Context(), want)
			if err != nil || !acc.Active || acc.UserName != c.user {
				t.Fatalf("%+v, %v", acc, err)
			}
			if back := acc.ID == last; back != c.back {
				t.Errorf("the account is the old one: %v, want %v", back, c.back)
			}
			if made := x.Count("POST /users"); made != map[bool]int{true: 0, false: 1}[c.back] {
				t.Errorf("%d creations", made)
			}
			if r := x.Server.Requests()[0]; r.Consistency != "eventual" || !strings.Contains(r.Query, "count=true") {
				t.Errorf("an advanced query needs its header and $count: %+v", r)
			}
		})
	}
}

// Where the recycle bin cannot be searched, all of it is read.
func TestTrapRecycleBinThatCannotBeSearched(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{PageSize: 2}, nil)
	people := x.people(5)
	for _, u := range people {
		x.Delete(u)
	}
	x.Fail(graphtest.Fault{Kinds: []string{"GET /directory/deletedItems/microsoft.graph.user"}, Times: 1, Status: 400, Code: "Request_UnsupportedQuery"})
	acc, err := x.CreateAccount(t.Context(), spec("user3@acme.example", "p3"))
	if err != nil || acc.ID != people[3].ID {
		t.Errorf("%+v, %v", acc, err)
	}
	// What cannot be read at all is no empty recycle bin: nobody is made twice.
	x.Reset()
	x.Fail(graphtest.Fault{Kinds: []string{"GET /directory/deletedItems/microsoft.graph.user"}, Status: 403})
	_, err = x.CreateAccount(t.Context(), spec("user4@acme.example", "p4"))
	failed(t, err, fault.Forbidden)
	if n := x.Count("POST /users"); n != 0 {
		t.Errorf("%d creations", n)
	}
}

// Deleting is soft, disabling is not deleting.
func TestTrapDeletedIsNotDeactivated(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(2)
	if err := errors.Join(x.RetireAccount(t.Context(), refTo(people[0]), access.Deactivate), x.RetireAccount(t.Context(), refTo(people[1]), access.Delete)); err != nil {
		t.Fatal(err)
	}
	got := collect(t, x.Accounts(t.Context(), access.AccountFilter{}))
	if len(got) != 1 || got[0].Active || got[0].Status != "disabled" {
		t.Errorf("%+v", got)
	}
	x.Look(func(_, deleted []*graphtest.User, _ []*graphtest.Group) {
		if len(deleted) != 1 {
			t.Errorf("%d in the recycle bin", len(deleted))
		}
	})
}

// accountEnabled and employeeId come only when asked for, and are hidden from a credential that may read little.
func TestTrapAccountEnabledIsNotADefaultProperty(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	x.person(1)
	for _, acc := range collect(t, x.Accounts(t.Context(), access.AccountFilter{})) {
		if !acc.Active || acc.PersonID != "p1" {
			t.Errorf("%+v", acc)
		}
	}
	x.Add(map[string]any{"userPrincipalName": "hidden@acme.example", "accountEnabled": nil})
	for _, err := range x.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil {
			if f := failed(t, err, fault.Forbidden); !strings.Contains(f.Next, "User.Read.All") {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Error("an account that nobody knows to be enabled passed for one that is not")
}

// employeeId takes sixteen characters: longer ones are refused before anything is sent.
func TestTrapEmployeeIDTakesSixteenCharacters(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	_, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "00000000-0000-4000-8000-000000000001"))
	if f := failed(t, err, fault.Invalid); !strings.Contains(f.Cause, "takes 16") {
		t.Errorf("%v", f)
	}
	if x.Count() != 0 {
		t.Errorf("%d requests were sent", x.Count())
	}
}

// A synchronized account is owned elsewhere, and a mailbox owns its address: the directory says "bad request" to both.
func TestTrapRefusedBecauseOwnedElsewhere(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	hybrid, mailbox := x.person(1), x.person(2)
	hybrid.Props["onPremisesSyncEnabled"], mailbox.Props["mailbox"] = true, true
	_, err := x.UpdateAccount(t.Context(), refTo(hybrid), access.AccountSpec{Values: map[access.Field]string{access.Title: "CEO"}})
	if f := failed(t, err, fault.Unsupported); !strings.Contains(f.Cause, "on-premises") {
		t.Errorf("%v", f)
	}
	failed(t, x.RetireAccount(t.Context(), refTo(hybrid), access.Deactivate), fault.Unsupported)
	_, err = x.UpdateAccount(t.Context(), refTo(mailbox), access.AccountSpec{Values: map[access.Field]string{access.Email: "new@acme.example"}})
	if f := failed(t, err, fault.Invalid); !strings.Contains(f.Next, "Exchange") {
		t.Errorf("%+v", f)
	}
}

// Nobody ever sees the password of a new account, and no two have the same.
func TestTrapPasswordsAreNobodys(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	seen := map[string]bool{}
	for _, name := range []string{"ana@acme.example", "bo@acme.example", "ñandú@acme.example"} {
		acc, err := x.CreateAccount(t.Context(), spec(name, ""))
		if err != nil {
			t.Fatal(err)
		}
		all := x.bodies("POST /users")
		var body struct {
			MailNickname    string
			UsageLocation   string
			PasswordProfile struct {
				Password                      string
				ForceChangePasswordNextSignIn bool
			}
		}
		if err := json.Unmarshal([]byte(all[len(all)-1]), &body); err != nil {
			t.Fatal(err)
		}
		p := body.PasswordProfile
		if len(p.Password) < 50 || !p.ForceChangePasswordNextSignIn || seen[p.Password] || body.MailNickname == "" || body.UsageLocation != "ES" {
			t.Errorf("password of %d characters, again %v; nickname %q, location %q", len(p.Password), seen[p.Password], body.MailNickname, body.UsageLocation)
		}
		seen[p.Password] = true
		if b, err := json.Marshal(acc); err != nil || strings.Contains(string(b), p.Password) {
			t.Errorf("the password is in %s, %v", b, err)
		}
	}
}
