package okta

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// application is an organization with one application, in which ana is by herself and bob by the group staff.
func application(t *testing.T, cfg Config) (s *oktatest.Server, a app.App, ana, bob access.AccountRef) {
	t.Helper()
	s = oktatest.New(t, described(t))
	ana = access.AccountRef{ID: s.AddUser(oktatest.User{Profile: profileOf("ana"), LastLogin: "2026-02-03T04:05:06.000Z"}), UserName: "ana@acme.example"}
	bob = access.AccountRef{ID: s.AddUser(oktatest.User{Profile: profileOf("bob")}), UserName: "bob@acme.example"}
	staff := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "staff"}, Members: []string{bob.ID}})
	s.AddApp("0oawiki", oktatest.Assignment{UserID: ana.ID, Profile: map[string]any{"role": "Editor"}}, oktatest.Assignment{UserID: bob.ID, Group: staff})
	return s, openFor(t, s, cfg, false), ana, bob
}

func TestAssignmentsAsAccounts(t *testing.T) {
	t.Parallel()
	s, opened, ana, bob := application(t, Config{AppID: "0oawiki", Attributes: []Attribute{{Name: "role", Property: "role"}}})
	a := opened.(*Assignments)
	var got []access.Account
	for acc, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, acc)
	}
	if len(got) != 2 || got[0].PersonID != "p-ana" || got[0].Attributes["role"] != "Editor" || !got[0].LastLogin.IsZero() || got[0].Status != "active" {
		t.Errorf("ana is not as expected: %+v", got)
	}
	if want := "active, by group " + s.Groups()[0].ID; got[1].Status != want {
		t.Errorf("bob's status is %q, want %q", got[1].Status, want)
	}
	now, err := a.UpdateAccount(t.Context(), ana, access.AccountSpec{
		Values: map[access.Field]string{access.UserName: "ANA@acme.example"}, Attributes: map[string]string{"role": "Reader"},
	})
	if err != nil || now.Attributes["role"] != "Reader" || now.UserName != "ana@acme.example" {
		t.Errorf("%+v, %v", now, err)
	}
	_, err = a.UpdateAccount(t.Context(), ana, access.AccountSpec{Values: map[access.Field]string{access.UserName: "anna@acme.example"}})
	fails(t, err, fault.Unsupported, "Rename the user")
	_, err = a.UpdateAccount(t.Context(), ana, access.AccountSpec{Values: map[access.Field]string{access.Title: "Boss"}})
	fails(t, err, fault.Unsupported, "Nothing was sent")
	// what a group gives goes with the group
	for _, how := range []access.Disposition{access.Deactivate, access.Delete} {
		fails(t, a.RetireAccount(t.Context(), bob, how), fault.Unsupported, "group staff")
	}
	if n := s.Count("DELETE", ""); n > 0 {
		t.Errorf("%d removals were sent", n)
	}
	if err := a.RetireAccount(t.Context(), ana, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	if left := s.Assigned("0oawiki"); len(left) != 1 || left[0].UserID != bob.ID {
		t.Errorf("left: %+v", left)
	}
	// and comes back anew
	back, err := a.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "ana@acme.example"}, Attributes: map[string]string{"role": "Reader"}})
	if err != nil || back.ID != ana.ID || back.Attributes["role"] != "Reader" {
		t.Errorf("%+v, %v", back, err)
	}
	s.Reset()
	_, err = a.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "eve@acme.example"}})
	fails(t, err, fault.Invalid, "nobody has this user name")
	_, err = a.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "bob@acme.example"}})
	fails(t, err, fault.Exists)
	if n := s.Count("POST", ""); n > 0 {
		t.Errorf("%d writes were sent", n)
	}
	if s.Assigned("0oawiki")[0].Group == "" {
		t.Error("bob's assignment was made his own")
	}
}

func TestApplicationThatIsNotThere(t *testing.T) {
	t.Parallel()
	s, opened, ana, _ := application(t, Config{AppID: "0oanone"})
	a := opened.(*Assignments)
	for _, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		fails(t, err, fault.Invalid, "0oanone", "app_id")
	}
	fails(t, a.RetireAccount(t.Context(), ana, access.Deactivate), fault.NotFound, "0oanone")
	_, err := a.CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: ana.UserName}})
	fails(t, err, fault.NotFound, "0oanone")
	if got := len(s.Assigned("0oawiki")); got != 2 {
		t.Errorf("another application changed: %d", got)
	}
}

func TestLicensesByGroup(t *testing.T) {
	t.Parallel()
	s, opened, ana, bob := application(t, Config{Licenses: []License{{Product: "Wiki", AppID: "0oawiki", Total: new(10)}}})
	d := opened.(*Directory)
	via := map[string]string{}
	for a, err := range d.Assignees(t.Context(), "Wiki") {
		if err != nil {
			t.Fatal(err)
		}
		via[a.UserName] = a.Via
	}
	same(t, "who gives them", map[string]string{ana.UserName: "", bob.UserName: "group " + s.Groups()[0].ID}, via)
	errs := d.ChangeAssignees(t.Context(), "Wiki", []access.LicenseChange{{Account: bob, License: "Wiki"}, {Account: bob, Remove: true}, {Account: ana, Remove: true}})
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("%v", errs)
	}
	fails(t, errs[1], fault.Unsupported, "group staff")
	if n := s.Count("POST", ""); n > 0 {
		t.Error("who has the license by a group was assigned by himself besides")
	}
}
