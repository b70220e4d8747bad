package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// parallel runs work on each of n in as many goroutines as there are workers.
func parallel(n, workers int, work func(i int)) {
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range jobs {
				work(i)
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
}

func TestOneListingServesEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withAccounts(95)
		f.delay = time.Second
		a := New(f, Options{Name: "wiki"})
		parallel(300, 50, func(i int) {
			var err error
			switch i % 3 {
			case 0:
				_, err = a.Account(t.Context(), fmt.Sprintf("a%05d", i%95))
			case 1:
				var all []access.Account
				if all, err = a.Accounts(t.Context()); len(all) != 95 {
					t.Errorf("%d accounts listed", len(all))
				}
			default:
				_, err = a.AccountByUserName(t.Context(), fmt.Sprintf("USERa%05d@acme.com", i%95))
			}
			if err != nil {
				t.Error(err)
			}
		})
		f.wantSent(t, "", 10)
		f.wantSent(t, "list accounts", 10)
	})
}

func TestCanceledCallerHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withAccounts(20)
		f.delay = time.Second
		a := New(f, Options{Name: "wiki"})
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			began := time.Now()
			_, err := a.Accounts(first)
			if !errors.Is(err, context.Canceled) || a.StaleOK(err) {
				t.Errorf("first caller got %v", err)
			}
			if waited := time.Since(began); waited != 500*time.Millisecond {
				t.Errorf("first caller waited %v after it was canceled", waited)
			}
		})
		synctest.Wait()
		for range 500 {
			wg.Go(func() {
				if _, err := a.Account(t.Context(), "a00003"); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		f.wantSent(t, "", 2)
	})
}

func TestHangingListingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withAccounts(3)
		f.hook = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		a := New(f, Options{Name: "wiki", Stale: true})
		_, err := a.Accounts(t.Context())
		if !errors.Is(err, fault.Unavailable) || !a.StaleOK(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMembersThatNoListingBrings(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(30, 2)
	f.noAlong = true
	a := New(sized{fake: f}, Options{Name: "wiki"})
	for range 2 {
		for i := range 30 {
			got, err := a.Members(t.Context(), fmt.Sprintf("g%03d", i))
			if err != nil || len(got) != 2 {
				t.Fatal(got, err)
			}
		}
	}
	f.wantSent(t, "members", 30)
	f.wantSent(t, "list groups+members", 3)
	if _, err := a.Groups(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantSent(t, "list groups 0", 0) // the listing with members was one of the groups too
}

func TestAbsenceIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, known := range []int{0, 25} {
		f := newFake().withAccounts(known)
		a := New(f, Options{Name: "wiki"})
		if _, err := a.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.accounts["late"] = access.Account{ID: "late", UserName: "late"} // what the listing did not show
		f.mu.Unlock()
		f.forgetLog()
		if _, err := a.Account(t.Context(), "late"); err != nil {
			t.Errorf("an account that a listing of %d leaves out is gone: %v", known, err)
		}
		for range 3 {
			if _, err := a.Account(t.Context(), "nobody"); !errors.Is(err, fault.NotFound) || fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v", err)
			}
		}
		f.wantSent(t, "", 2)
	}
}

func TestForbiddenIsNotGone(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(5)
	f.hook = func(_ context.Context, req string) error {
		if strings.HasPrefix(req, "get") {
			return fault.New(fault.Forbidden, "scope missing")
		}
		return nil
	}
	a := New(f, Options{Name: "wiki"})
	for range 3 {
		if _, err := a.Account(t.Context(), "x"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("got %v", err)
		}
	}
	f.wantSent(t, "get account", 1)
}

func TestErrorsOfListings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind     fault.Kind
		attempts int // of three
	}{
		{fault.Unauthenticated, 1},
		{fault.Forbidden, 1},
		{fault.Invalid, 1},
		{fault.Unavailable, 3},
		{fault.RateLimited, 3},
	}
	for _, tt := range tests {
		t.Run(tt.kind.Error(), func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(30)
			f.hook = func(_ context.Context, req string) error {
				if req == "list accounts 1" {
					return fault.New(tt.kind, "page 2 did not come")
				}
				return nil
			}
			a := New(f, Options{Name: "wiki", Stale: true})
			for range 3 {
				all, err := a.Accounts(t.Context())
				if fault.KindOf(err) != tt.kind || len(all) != 0 {
					t.Errorf("got %d accounts, %v", len(all), err)
				}
				if transient := tt.attempts > 1; a.StaleOK(err) != transient {
					t.Errorf("StaleOK(%v) = %v", err, !transient)
				}
				if !strings.Contains(err.Error(), "list accounts in wiki") {
					t.Errorf("%v does not say what was attempted", err)
				}
			}
			f.wantSent(t, "list accounts 0", tt.attempts)
			if tt.attempts == 3 { // a blip must not last
				f.hook = nil
				if all, err := a.Accounts(t.Context()); err != nil || len(all) != 30 {
					t.Errorf("after the blip: %d, %v", len(all), err)
				}
			}
		})
	}
}

func TestPriceThatIsNotToldIsNoObstacle(t *testing.T) {
	t.Parallel()
	for kind, works := range map[fault.Kind]bool{fault.Unsupported: true, fault.Forbidden: true, fault.Unavailable: false} {
		f := newFake().withAccounts(30)
		f.hook = func(_ context.Context, req string) error {
			if strings.HasPrefix(req, "size") {
				return fault.New(kind, "no count")
			}
			return nil
		}
		a := New(sized{fake: f}, Options{Name: "wiki"})
		for i := range 10 {
			if _, err := a.Account(t.Context(), fmt.Sprintf("a%05d", i)); (err == nil) != works || err != nil && fault.KindOf(err) != kind {
				t.Errorf("%v: %v", kind, err)
			}
		}
		if works {
			f.wantSent(t, "size", 1)
			f.wantSent(t, "", 4)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.hook = func(context.Context, string) error { return fault.Forbidden }
	err := New(f, Options{Name: "wiki"}).Check(t.Context())
	if fault.KindOf(err) != fault.Forbidden || err.Error() != "check the credential in wiki: forbidden" {
		t.Errorf("got %v", err)
	}
}

func TestRefusedCredentialIsAskedOnce(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(100)
	f.hook = func(context.Context, string) error { return fault.New(fault.Unauthenticated, "token expired") }
	a := New(sized{f, true}, Options{Name: "wiki"})
	for i := range 50 {
		if _, err := a.Account(t.Context(), fmt.Sprintf("a%05d", i)); fault.KindOf(err) != fault.Unauthenticated {
			t.Error(err)
		}
	}
	f.wantSent(t, "", 1)
}

func TestAppWithoutListing(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(30)
	f.noList = true
	a := New(f, Options{Name: "wiki"})
	for i := range 30 {
		if _, err := a.Account(t.Context(), fmt.Sprintf("a%05d", i)); err != nil {
			t.Error(err)
		}
	}
	if _, err := a.Accounts(t.Context()); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
	if _, err := a.AccountByUserName(t.Context(), "usera00001@acme.com"); err != nil {
		t.Error(err)
	}
	f.wantSent(t, "", 30)
}

func TestRereadIsReal(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(3)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.accounts["a00001"] = access.Account{ID: "a00001", UserName: "changed"}
	delete(f.accounts, "a00002")
	if acc, err := a.Account(t.Context(), "a00001"); err != nil || acc.UserName == "changed" {
		t.Errorf("Account asked again: %v %v", acc, err)
	}
	if acc, err := a.Reread(t.Context(), "a00001"); err != nil || acc.UserName != "changed" {
		t.Errorf("Reread got %v %v", acc, err)
	}
	if _, err := a.Reread(t.Context(), "a00002"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Reread got %v", err)
	}
	if all, _ := a.Accounts(t.Context()); len(all) != 2 {
		t.Errorf("%d accounts left", len(all))
	}
	f.wantSent(t, "get", 2)
}

func TestWrongAnswerIsNoAnswer(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.accounts["x"] = access.Account{ID: "y"}
	a := New(sized{f, true}, Options{Name: "wiki"})
	if acc, err := a.Account(t.Context(), "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, %v", acc, err)
	}
	if _, err := a.Account(t.Context(), ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("empty id: %v", err)
	}
}

func TestSupports(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.info.Lacks = map[app.Capability]string{app.ReactivateAccount: "a rehire is a new invitation"}
	a := New(f, Options{Name: "wiki"})
	if err := a.Supports(app.ReadAccounts); err != nil {
		t.Error(err)
	}
	err := a.Supports(app.ReactivateAccount)
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Unsupported || !strings.Contains(e.Cause, "invitation") || !strings.Contains(e.Next, "read accounts") {
		t.Errorf("got %#v", e)
	}
	bare := New(onlyCheck{f}, Options{Name: "wiki"})
	if _, err := bare.Accounts(t.Context()); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
	if _, err := bare.Members(t.Context(), "g"); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
	if errs := bare.ChangeAssignees(t.Context(), "p", make([]access.LicenseChange, 2)); fault.KindOf(errs[1]) != fault.Unsupported {
		t.Error(errs)
	}
}

// onlyCheck is an app that can do nothing.
type onlyCheck struct{ f *fake }

func (o onlyCheck) Info() app.Info                  { return o.f.info }
func (o onlyCheck) Check(ctx context.Context) error { return o.f.Check(ctx) }
