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

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// TestRentOrBuy holds the bound of the design: refreshing N of T accounts costs at most twice the cheaper
// of N point reads and one listing, for readers that nobody told about N.
func TestRentOrBuy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 120).Draw(rt, "accounts")
		page := rapid.IntRange(1, 20).Draw(rt, "page size")
		ids := rapid.SliceOfN(rapid.IntRange(0, total-1), 1, 150).Draw(rt, "reads")
		workers := rapid.IntRange(1, 10).Draw(rt, "workers")
		free := rapid.Bool().Draw(rt, "size is free")
		distinct := map[int]bool{}
		for _, i := range ids {
			distinct[i] = true
		}
		var mu sync.Mutex
		var failed []error
		f := newFake().withAccounts(total)
		f.page, f.delay = page, time.Second
		synctest.Test(t, func(t *testing.T) {
			a := New(sized{f, free}, Options{Name: "wiki"})
			parallel(len(ids), workers, func(i int) {
				id := fmt.Sprintf("a%05d", ids[i])
				if acc, err := a.Account(t.Context(), id); err != nil || acc.ID != id {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, fmt.Errorf("%s: got %q, %w", id, acc.ID, err))
				}
			})
		})
		if failed != nil {
			rt.Fatal(failed)
		}
		pages := (total + page - 1) / page
		if bound := 2 * min(len(distinct), pages); len(f.log) > bound {
			rt.Fatalf("%d requests for %d of %d accounts in %d pages, allowed are %d: %q",
				len(f.log), len(distinct), total, pages, bound, f.log)
		}
	})
}

// TestRentOrBuyMembers is the same bound for the members of groups.
func TestRentOrBuyMembers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 60).Draw(rt, "groups")
		page := rapid.IntRange(1, 10).Draw(rt, "page size")
		reads := rapid.SliceOfN(rapid.IntRange(0, total-1), 1, 80).Draw(rt, "reads")
		workers := rapid.IntRange(1, 10).Draw(rt, "workers")
		distinct := map[int]bool{}
		for _, i := range reads {
			distinct[i] = true
		}
		f := newFake().withGroups(total, 3)
		f.page, f.delay = page, time.Second
		var wrong sync.Map
		synctest.Test(t, func(t *testing.T) {
			a := New(sized{fake: f}, Options{Name: "wiki"})
			parallel(len(reads), workers, func(i int) {
				m, err := a.Member(t.Context(), fmt.Sprintf("g%03d", reads[i]), "a00001")
				if err != nil || m.Role != "member" {
					wrong.Store(i, fmt.Sprint(m, err))
				}
			})
		})
		wrong.Range(func(_, v any) bool { rt.Fatal(v); return false })
		pages := (total + page - 1) / page
		if bound := 2 * min(len(distinct), pages); len(f.log) > bound {
			rt.Fatalf("%d requests for %d of %d groups in %d pages, allowed are %d: %q",
				len(f.log), len(distinct), total, pages, bound, f.log)
		}
	})
}

// TestExpectAccounts: who says beforehand how many accounts will be asked for pays for the cheaper way only.
func TestExpectAccounts(t *testing.T) {
	t.Parallel()
	size, points, pages := "size accounts", "get account", "list accounts"
	tests := []struct {
		name   string
		expect int
		read   int
		want   map[string]int // requests by their beginning
	}{
		{"as many as pages: a listing", 10, 10, map[string]int{size: 1, pages: 10}},
		{"fewer than pages: single reads", 9, 9, map[string]int{size: 1, points: 9}},
		{"one: nothing is sent for knowing", 1, 0, map[string]int{}},
		{"none: nothing is sent for knowing", 0, 0, map[string]int{}},
		{"fewer than are then asked for", 3, 100, map[string]int{size: 1, points: 9, pages: 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(100)
			f.page = 10
			a := New(sized{fake: f}, Options{Name: "wiki"})
			a.ExpectAccounts(t.Context(), tt.expect)
			for i := range tt.read {
				if _, err := a.Account(t.Context(), fmt.Sprintf("a%05d", i)); err != nil {
					t.Fatal(err)
				}
			}
			total := 0
			for begins, n := range tt.want {
				total += n
				f.wantSent(t, begins, n)
			}
			if len(f.log) != total {
				t.Errorf("%d requests, want %d: %q", len(f.log), total, f.log)
			}
		})
	}
}

// TestExpectAccountsFailure: what goes wrong is told to those who ask, and not before.
func TestExpectAccountsFailure(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(100)
	f.page = 10
	f.hook = func(_ context.Context, req string) error {
		if strings.HasPrefix(req, "list accounts") {
			return fault.New(fault.Forbidden, "no")
		}
		return nil
	}
	a := New(sized{fake: f}, Options{Name: "wiki"})
	a.ExpectAccounts(t.Context(), 50)
	if _, err := a.Account(t.Context(), "a00001"); !errors.Is(err, fault.Forbidden) {
		t.Errorf("error %v, want the listing's", err)
	}
}

// TestGroupPrice: groups and their members are sized up once, and whoever reads the members first has the group
// for nothing.
func TestGroupPrice(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(5, 3)
	f.page = 10
	a := New(sized{fake: f}, Options{Name: "wiki"})
	if _, err := a.Members(t.Context(), "g001"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.GroupByID(t.Context(), "g001"); err != nil {
		t.Fatal(err)
	}
	if len(f.log) != 2 {
		t.Errorf("%d requests, want one for the size and one page: %q", len(f.log), f.log)
	}
	f = newFake().withGroups(50, 3)
	f.page = 10
	a = New(sized{fake: f}, Options{Name: "wiki"})
	if _, err := a.Members(t.Context(), "g001"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.GroupByID(t.Context(), "g002"); err != nil {
		t.Fatal(err)
	}
	f.wantSent(t, "size groups", 1)
}
