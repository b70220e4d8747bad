package inventory

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
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
