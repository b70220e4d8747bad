package local

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestReadAccount(t *testing.T) {
	t.Parallel()
	a, _ := openFile(t, wiki)
	got, err := a.Account(t.Context(), access.AccountRef{ID: "u-000001"})
	if err != nil {
		t.Fatal(err)
	}
	want := access.Account{
		ID: "u-000001", PersonID: "1042", UserName: "Ana@acme.com", Email: "ana@acme.com", GivenName: "Ana",
		FamilyName: "Núñez <Ops>", Title: "Engineer", Manager: "bo@acme.com", Active: true, Status: "active",
		LastLogin:  time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
		Attributes: map[string]string{"badge": "7", "site": "Madrid"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	got.Attributes["badge"] = "8"
	if again, _ := a.Account(t.Context(), ana); again.Attributes["badge"] != "7" {
		t.Error("a caller changed the app through what it was given")
	}
	_, err = a.Account(t.Context(), access.AccountRef{UserName: "Ana@acme.com"})
	wantFault(t, err, fault.Invalid, "no account id")
}

func TestFilterAccounts(t *testing.T) {
	t.Parallel()
	a, _ := openFile(t, wiki)
	tests := []struct {
		name   string
		filter access.AccountFilter
		want   []string
	}{
		{"all, the inactive too", access.AccountFilter{}, []string{"Ana@acme.com", "bo@acme.com", "cy@acme.com"}},
		{"user name folds case", access.AccountFilter{Field: access.UserName, Value: "aNA@acme.com"}, []string{"Ana@acme.com"}},
		{"email folds case", access.AccountFilter{Field: access.Email, Value: "ANA@ACME.COM"}, []string{"Ana@acme.com"}},
		{"person id", access.AccountFilter{Field: access.PersonID, Value: "1042"}, []string{"Ana@acme.com"}},
		{"title is exact", access.AccountFilter{Field: access.Title, Value: "engineer"}, nil},
		{"nothing there", access.AccountFilter{Field: access.Title}, []string{"bo@acme.com", "cy@acme.com"}},
		{"nobody", access.AccountFilter{Field: access.UserName, Value: "dee"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, userNames(collect(t, a.Accounts(t.Context(), tt.filter)))); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
		})
	}
	wantFault(t, firstError(a.Accounts(t.Context(), access.AccountFilter{Field: "shoe_size", Value: "44"})), fault.Unsupported, "shoe_size")
	wantFault(t, firstError(a.Accounts(t.Context(), access.AccountFilter{Value: "44"})), fault.Unsupported)
	for _, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil {
			t.Error(err)
		}
		break // a caller may stop
	}
}

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	ctx := t.Context()
	off := false
	want := spec("Dee@acme.com", "title", "Analyst", "department", "")
	want.Attributes = map[string]string{"site": "Lyon", "badge": ""}
	want.Active = &off
	got, err := a.CreateAccount(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(access.Account{
		ID: "u-000006", UserName: "Dee@acme.com", Title: "Analyst", Status: "deactivated",
		Attributes: map[string]string{"site": "Lyon"},
	}, got); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if read, err := openPath(t, path).Account(ctx, got.Ref()); err != nil || !cmp.Equal(read, got) {
		t.Errorf("another reader sees %v, %v", read, err)
	}
	if plain, err := a.CreateAccount(ctx, spec("eli")); err != nil || !plain.Active {
		t.Errorf("an account is active unless it is said otherwise: %v, %v", plain, err)
	}

	before := content(t, path)
	_, err = a.CreateAccount(ctx, spec("ANA@acme.com"))
	wantFault(t, err, fault.Exists, "Ana@acme.com", "u-000001", "Nothing was written")
	_, err = a.CreateAccount(ctx, spec(" "))
	wantFault(t, err, fault.Invalid, "user_name")
	_, err = a.CreateAccount(ctx, spec("fay", "shoe_size", "44", "hat_size", "7"))
	wantFault(t, err, fault.Unsupported, "hat_size, shoe_size")
	if after := content(t, path); after != before {
		t.Errorf("refused writes changed the file:\n%s", cmp.Diff(before, after))
	}
}

func TestIDsAreNeverUsedAgain(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, "")
	ctx := t.Context()
	seen := map[string]bool{}
	for range 5 {
		acc, err := a.CreateAccount(ctx, spec("ana"))
		if err != nil {
			t.Fatal(err)
		}
		if seen[acc.ID] {
			t.Fatalf("id %s was used before", acc.ID)
		}
		seen[acc.ID] = true
		if err := a.RetireAccount(ctx, acc.Ref(), access.Delete); err != nil {
			t.Fatal(err)
		}
		a = openPath(t, path) // also not by a later run
	}
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	on := true
	tests := []struct {
		name  string
		ref   access.AccountRef
		want  access.AccountSpec
		check func(access.Account) bool
	}{
		{
			"only what is named", ana,
			access.AccountSpec{Values: map[access.Field]string{access.Title: "Lead"}},
			func(a access.Account) bool { return a.Title == "Lead" && a.GivenName == "Ana" && a.Active },
		},
		{
			"empty clears", ana,
			access.AccountSpec{Values: map[access.Field]string{access.Title: ""}, Attributes: map[string]string{"badge": ""}},
			func(a access.Account) bool {
				return a.Title == "" && cmp.Equal(a.Attributes, map[string]string{"site": "Madrid"})
			},
		},
		{
			"reactivate", cy,
			access.AccountSpec{Active: &on},
			func(a access.Account) bool { return a.Active && a.Status == "active" },
		},
		{
			"spelling of the own name", ana, spec("ANA@acme.com"),
			func(a access.Account) bool { return a.UserName == "ANA@acme.com" && a.ID == "u-000001" },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, path := openFile(t, wiki)
			got, err := a.UpdateAccount(ctx, tt.ref, tt.want)
			if err != nil || !tt.check(got) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if read, err := openPath(t, path).Account(ctx, tt.ref); err != nil || !cmp.Equal(read, got) {
				t.Errorf("another reader sees %+v, %v", read, err)
			}
		})
	}
	a, path := openFile(t, wiki)
	_, err := a.UpdateAccount(ctx, ana, spec("BO@acme.com"))
	wantFault(t, err, fault.Exists, "bo@acme.com", "u-000002")
	_, err = a.UpdateAccount(ctx, access.AccountRef{ID: "u-9", UserName: "zed"}, spec("zed"))
	wantFault(t, err, fault.NotFound, "u-9", "zed")
	if _, err = a.UpdateAccount(ctx, ana, spec("Ana@acme.com", "title", "Engineer")); err != nil {
		t.Error(err)
	}
	if content(t, path) != wiki {
		t.Error("updates that change nothing wrote the file")
	}
}

func TestRenameFollowsEverywhere(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	if _, err := a.UpdateAccount(t.Context(), ana, spec("zoe@acme.com")); err != nil {
		t.Fatal(err)
	}
	text := content(t, path)
	if strings.Contains(text, "Ana@acme.com") {
		t.Errorf("the old name is still there:\n%s", text)
	}
	b := openPath(t, path)
	members := collect(t, b.Members(t.Context(), "g-000004"))
	if diff := cmp.Diff([]access.Member{
		{AccountID: "u-000003", UserName: "cy@acme.com", Role: "member"},
		{AccountID: "u-000001", UserName: "zoe@acme.com", Role: "owner"},
	}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if got := collect(t, b.Assignees(t.Context(), "design")); got[0].UserName != "zoe@acme.com" || got[0].License != "Full" {
		t.Errorf("assignees %v", got)
	}
}

func TestRetireAccount(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, path := openFile(t, wiki)
	for range 2 { // the second time it is already so
		if err := a.RetireAccount(ctx, ana, access.Deactivate); err != nil {
			t.Fatal(err)
		}
	}
	if acc, _ := a.Account(ctx, ana); acc.Active || acc.Status != "deactivated" || acc.Title != "Engineer" {
		t.Errorf("deactivated: %+v", acc)
	}
	if n := len(collect(t, a.Members(ctx, "g-000004"))); n != 2 {
		t.Errorf("deactivation left %d memberships, want 2", n)
	}
	before := content(t, path)
	if err := a.RetireAccount(ctx, ana, access.Keep); err != nil || content(t, path) != before {
		t.Errorf("keeping an account wrote: %v", err)
	}
	for range 2 {
		if err := a.RetireAccount(ctx, ana, access.Delete); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Account(ctx, ana); !errors.Is(err, fault.NotFound) {
		t.Errorf("after deletion: %v", err)
	}
	if strings.Contains(content(t, path), "Ana@acme.com") {
		t.Error("deletion left memberships or licenses")
	}
	wantFault(t, a.RetireAccount(ctx, bo, "archive"), fault.Unsupported, "archive")
	wantFault(t, a.RetireAccount(ctx, access.AccountRef{UserName: "bo@acme.com"}, access.Delete), fault.Invalid, "no account id")
}
