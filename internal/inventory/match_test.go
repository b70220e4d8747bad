package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestFindAccountCompares(t *testing.T) {
	t.Parallel()
	acc := access.Account{ID: "1", UserName: "Ana@acme.com", Email: "Ana@Acme.com", PersonID: "P-1", Department: "Kelvin"}
	tests := []struct {
		by    access.Field
		value string
		folds bool
		found bool
	}{
		{access.UserName, "ana@acme.com", true, true},
		{access.UserName, "ana@acme.com", false, false},
		{access.UserName, "Ana@acme.com", false, true},
		{access.Email, "aNA@acme.COM", false, true},
		{access.PersonID, "P-1", true, true},
		{access.PersonID, "p-1", true, false},
		{access.Department, "kelvin", true, false},
		{access.Department, "Kelvin", true, true},
		{access.Title, "", true, false},
	}
	for _, tt := range tests {
		for _, listed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s=%s folds=%v listed=%v", tt.by, tt.value, tt.folds, listed), func(t *testing.T) {
				t.Parallel()
				f := newFake().withAccounts(100)
				f.info.UserNamesFoldCase = tt.folds
				f.accounts["1"] = acc
				a := New(sized{f, true}, Options{Name: "wiki"})
				if listed {
					if _, err := a.Accounts(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				f.forgetLog()
				found, err := a.FindAccount(t.Context(), tt.by, tt.value)
				if err != nil || (len(found) == 1) != tt.found {
					t.Errorf("found %v, %v", found, err)
				}
				switch {
				case listed || tt.value == "":
					f.wantSent(t, "", 0)
				default:
					f.wantSent(t, "filter accounts", 1)
					f.wantSent(t, "", 1)
				}
			})
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	words := []string{"", "a", "A", "ß", "ẞ", "SS", "İ", "i", "I", "ı", "K", "k", "\u212a", "s", "ſ", "Ω", "ω", "Ω", "ana@ACME.com", "ANA@acme.COM", "\xff", "é", "É"}
	for _, x := range words {
		for _, y := range words {
			if got, want := fold(x) == fold(y), strings.EqualFold(x, y); got != want {
				t.Errorf("fold takes %q and %q for equal: %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestManyLookUpsBuyTheListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withAccounts(200) // 20 pages
		f.delay = time.Second
		a := New(sized{fake: f}, Options{Name: "wiki"})
		parallel(1000, 10, func(i int) {
			spec := userSpec(fmt.Sprintf("new%d@acme.com", i))
			spec.Values[access.PersonID] = fmt.Sprint("new", i)
			if _, err := a.Match(t.Context(), spec); fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
		})
		if n := len(f.sent("")); n > 2*20 {
			t.Errorf("%d requests for 1000 look-ups, a listing takes 20", n)
		}
	})
}

func TestAppWithoutFilters(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(95)
	f.noWhere = true
	a := New(sized{f, true}, Options{Name: "wiki"})
	for range 3 {
		if acc, err := a.Match(t.Context(), userSpec("usera00042@acme.com")); err != nil || acc.ID != "a00042" {
			t.Errorf("got %v, %v", acc, err)
		}
	}
	f.wantSent(t, "", 10)
}

func TestInvalidFilterFallsBackToTheListing(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(95)
	f.hook = func(_ context.Context, req string) error {
		if strings.HasPrefix(req, "filter") {
			return fault.New(fault.Invalid, "invalidFilter")
		}
		return nil
	}
	a := New(sized{f, true}, Options{Name: "wiki"})
	if found, err := a.FindAccount(t.Context(), access.PersonID, "pa00007"); err != nil || len(found) != 1 {
		t.Errorf("got %v, %v", found, err)
	}
	f.wantSent(t, "filter", 1)
}

func TestLookUpsSeeWhatWasWritten(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(500)
	f.lag = true
	a := New(sized{f, true}, Options{Name: "wiki"})
	spec := userSpec("ana@acme.com")
	spec.Values[access.PersonID] = "1042"
	acc, err := a.CreateAccount(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Match(t.Context(), spec); err != nil || got.ID != acc.ID {
		t.Errorf("a filter that lags hides the new account: %v, %v", got, err)
	}
	if _, err := a.UpdateAccount(t.Context(), acc.Ref(), userSpec("ana.b@acme.com")); err != nil {
		t.Fatal(err)
	}
	f.filtered = []access.Account{acc} // the filter still shows the old name
	if got, err := a.FindAccount(t.Context(), access.UserName, "ana@acme.com"); err != nil || len(got) != 0 {
		t.Errorf("the old name still finds %v, %v", got, err)
	}
	if err := a.RetireAccount(t.Context(), acc.Ref(), access.Delete); err != nil {
		t.Fatal(err)
	}
	if got, err := a.FindAccount(t.Context(), access.PersonID, "1042"); err != nil || len(got) != 0 {
		t.Errorf("a deleted account is found: %v, %v", got, err)
	}
}

func TestAmbiguousCreateIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, filters := range []bool{true, false} {
		f := newFake().withAccounts(25)
		f.noWhere = !filters
		a := New(f, Options{Name: "wiki"})
		if _, err := a.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.hook = func(_ context.Context, req string) error {
			if strings.HasPrefix(req, "create") { // done, but the answer was lost
				f.mu.Lock()
				defer f.mu.Unlock()
				f.accounts["lost"] = access.Account{ID: "lost", UserName: "ana@acme.com", Active: true}
				return errors.New("connection reset")
			}
			return nil
		}
		_, err := a.CreateAccount(t.Context(), userSpec("ana@acme.com"))
		if fault.KindOf(err) != fault.Unconfirmed {
			t.Errorf("an unclassified failure of a write is %v", err)
		}
		f.forgetLog()
		if acc, err := a.Match(t.Context(), userSpec("ana@acme.com")); err != nil || acc.ID != "lost" {
			t.Errorf("filters=%v: got %v, %v", filters, acc, err)
		}
		if _, err := a.Match(t.Context(), userSpec("bea@acme.com")); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if all, err := a.Accounts(t.Context()); err != nil || len(all) != 26 {
			t.Errorf("%d listed, %v", len(all), err)
		}
		if want := map[bool]int{true: 1, false: 3}[filters]; len(f.sent("")) != want {
			t.Errorf("filters=%v: %q", filters, f.sent(""))
		}
	}
}

func TestListingAfterAmbiguousCreateIsReal(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(5)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind     fault.Kind
		listings int
	}{{fault.Invalid, 0}, {fault.LimitReached, 0}, {fault.Unconfirmed, 1}, {fault.Exists, 1}} {
		f.hook = func(_ context.Context, req string) error {
			if strings.HasPrefix(req, "create") {
				return fault.New(tt.kind, "no")
			}
			return nil
		}
		f.forgetLog()
		if _, err := a.CreateAccount(t.Context(), userSpec("x")); fault.KindOf(err) != tt.kind {
			t.Error(err)
		}
		if _, err := a.Accounts(t.Context()); err != nil {
			t.Error(err)
		}
		f.wantSent(t, "list accounts", tt.listings)
	}
}

func TestAccountByUserNameDoubtsTheListing(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(3)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.accounts["h"] = access.Account{ID: "h", UserName: "hidden"}
	f.forgetLog()
	if acc, err := a.AccountByUserName(t.Context(), "hidden"); err != nil || acc.ID != "h" {
		t.Errorf("got %v, %v", acc, err)
	}
	for range 3 {
		if _, err := a.AccountByUserName(t.Context(), "nobody"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	}
	f.wantSent(t, "filter", 2)
	f.wantSent(t, "", 2)
}

func TestMatch(t *testing.T) {
	t.Parallel()
	ana := access.Account{ID: "1", UserName: "ana@acme.com", PersonID: "1042", DisplayName: "Ana Gómez", Email: "ana@acme.com"}
	other := access.Account{ID: "2", UserName: "ana@acme.com", PersonID: "77", DisplayName: "Ana Álvarez"}
	loose := access.Account{ID: "3", UserName: "ana@acme.com"}
	old := access.Account{ID: "4", UserName: "ana.old@acme.com", PersonID: "1042"}
	spec := map[access.Field]string{
		access.UserName: "ana@acme.com", access.PersonID: "1042", access.DisplayName: "Ana Gómez", access.Email: "ana@acme.com",
	}
	tests := map[string]struct {
		have []access.Account
		by   []access.Field
		lack bool // the app has no person_id
		want string
		kind fault.Kind
		says []string
	}{
		"nobody":                       {kind: fault.NotFound},
		"by both":                      {have: []access.Account{ana}, want: "1"},
		"by name, no key":              {have: []access.Account{loose}, want: "3"},
		"renamed: the key decides":     {have: []access.Account{old}, want: "4"},
		"the key contradicts the name": {have: []access.Account{other}, kind: fault.Exists, says: []string{"person 77 (Ana Álvarez)", "person 1042 (Ana Gómez)", `identities = { "wiki" = { "1042" = "ANOTHER-USER-NAME" } }`}},
		"the key and the name find two accounts": {
			have: []access.Account{old, loose}, kind: fault.Exists,
			says: []string{"ana.old@acme.com of person 1042", "ana@acme.com", `identities = { "wiki" = { "1042" = "ana.old@acme.com" } }`},
		},
		"two with the key, one with the name": {have: []access.Account{ana, old}, want: "1"},
		"two with the key, none with the name": {
			have: []access.Account{old, {ID: "5", UserName: "a.gomez", PersonID: "1042"}}, kind: fault.Exists,
			says: []string{"two accounts fit person 1042", "ana.old@acme.com", "a.gomez"},
		},
		"the app keeps no key": {have: []access.Account{loose}, lack: true, want: "3"},
		"by e-mail only":       {have: []access.Account{ana}, by: []access.Field{access.Email}, want: "1"},
		"not asked for by name": {
			have: []access.Account{loose}, by: []access.Field{access.PersonID}, kind: fault.NotFound,
		},
	}
	for name, tt := range tests {
		for _, listed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s listed=%v", name, listed), func(t *testing.T) {
				t.Parallel()
				f := newFake().withAccounts(90)
				if tt.lack {
					f.info.Fields = []access.Field{access.UserName}
				}
				for _, acc := range tt.have {
					f.accounts[acc.ID] = acc
				}
				a := New(sized{f, true}, Options{Name: "wiki", MatchBy: tt.by})
				if listed {
					if _, err := a.Accounts(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				acc, err := a.Match(t.Context(), access.AccountSpec{Values: spec})
				if acc.ID != tt.want || fault.KindOf(err) != tt.kind {
					t.Fatalf("got %q, %v", acc.ID, err)
				}
				var e *fault.Error
				errors.As(err, &e)
				for _, s := range tt.says {
					if !strings.Contains(e.Cause+" "+e.Next, s) {
						t.Errorf("%q / %q does not say %q", e.Cause, e.Next, s)
					}
				}
				f.wantSent(t, "create", 0)
			})
		}
	}
}

func TestManagerIsID(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(50)
	f.info.ManagerIsID = true
	a := New(sized{f, true}, Options{Name: "wiki"})
	spec := userSpec("ana@acme.com")
	spec.Values[access.Manager] = "USERA00007@acme.com"
	acc, err := a.CreateAccount(t.Context(), spec)
	if err != nil || acc.Manager != "a00007" || spec.Values[access.Manager] != "USERA00007@acme.com" {
		t.Fatalf("manager %q, spec %v, %v", acc.Manager, spec, err)
	}
	if name, err := a.ManagerName(t.Context(), acc); err != nil || name != "usera00007@acme.com" {
		t.Errorf("got %q, %v", name, err)
	}
	acc.Manager = "gone"
	if name, err := a.ManagerName(t.Context(), acc); err != nil || name != "gone" {
		t.Errorf("a dangling id reads as %q, %v", name, err)
	}
	f.forgetLog()
	spec.Values[access.UserName], spec.Values[access.Manager] = "bea", "nobody"
	if _, err := a.CreateAccount(t.Context(), spec); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("got %v", err)
	}
	f.wantSent(t, "create", 0)
}
