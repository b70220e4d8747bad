package apptest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// infoChecks: what an app says about itself.
func infoChecks() []Check {
	return []Check{
		{Name: "info", check: func(s *session) {
			info := s.app.Info()
			if info.Kind == "" || info.Tenant == "" {
				s.Errorf("kind %q and tenant %q are both needed", info.Kind, info.Tenant)
			}
			for _, f := range info.Fields {
				if !slices.Contains(access.Fields(), f) {
					s.Errorf("there is no field %q", f)
				}
			}
			if !slices.Contains(info.Fields, access.UserName) {
				s.Errorf("accounts without a user name cannot be told apart")
			}
			for c, why := range info.Lacks {
				if !slices.Contains(app.AllCapabilities(), c) || why == "" {
					s.Errorf("lacks %q because %q: the capability must exist and the reason be said", c, why)
				}
			}
			if s.opened > 0 {
				s.Errorf("opening the app sent %d requests", s.opened)
			}
			if s.Count != nil && s.Count(Any) > 0 {
				s.Errorf("describing the app sent %d requests", s.Count(Any))
			}
		}},
		{Name: "check the credential", needs: []app.Capability{app.ReadAccounts}, check: func(s *session) {
			if err := s.app.Check(s.ctx); err != nil {
				s.Fatal(err)
			}
			s.within(Any, 1)
		}},
	}
}

// sizes are the listing sizes at which paging goes wrong.
func sizes(p plan) map[string]int {
	return map[string]int{"no rows": 0, "one row": 1, "one page": p.page(), "one page and a row": p.page() + 1, "ten pages": 10 * p.page()}
}

var sizeNames = []string{"no rows", "one row", "one page", "one page and a row", "ten pages"}

// pages is how many requests a listing of n rows takes.
func (s *session) pages(n, pageSize int) int {
	if pageSize == 0 {
		return 1
	}
	most := max(1, (n+pageSize-1)/pageSize)
	if s.h.TrailingPage {
		most++
	}
	return most
}

func listingChecks() []Check {
	var checks []Check
	for _, size := range sizeNames {
		checks = append(checks,
			Check{
				Name: "list accounts/" + size, needs: []app.Capability{app.ReadAccounts},
				world: func(p plan) World { return World{Accounts: people(p, sizes(p)[size])} },
				check: func(s *session) {
					got, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{}))
					if err != nil {
						s.Fatal(err)
					}
					most := s.pages(len(s.world.Accounts), s.h.PageSize)
					s.within(ListAccounts, most)
					s.within(Any, most)
					s.sameAccounts(s.world.Accounts, got)
				},
			},
			Check{
				Name: "list groups/" + size, needs: []app.Capability{app.ReadGroups}, world: manyGroups(size),
				check: func(s *session) { s.listGroups(false) },
			},
			Check{
				Name: "list groups with members/" + size, needs: []app.Capability{app.ReadGroups}, world: manyGroups(size),
				check: func(s *session) { s.listGroups(true) },
			})
	}
	for _, l := range []struct {
		op   Op
		read func(*session) (int, error)
	}{
		{ListAccounts, func(s *session) (int, error) {
			list, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{}))
			return len(list), err
		}},
		{ListGroups, func(s *session) (int, error) {
			list, err := collect(s.TB, s.groupReader().Groups(s.ctx, false))
			return len(list), err
		}},
	} {
		needs := []app.Capability{app.ReadAccounts}
		if l.op == ListGroups {
			needs = append(needs, app.ReadGroups)
		}
		world := func(p plan) World { return World{Accounts: people(p, 3*p.page()), Groups: groups(p, 3*p.page())} }
		checks = append(checks,
			Check{Name: string(l.op) + "/a repeated page", needs: needs, faults: true, world: world, check: func(s *session) {
				s.paged()
				s.Inject(s.TB, Fault{On: l.op, RepeatPage: true, Times: 20}) // and not for ever: who does not notice is to fail, not to hang
				if n, err := l.read(s); err == nil {
					s.Fatalf("%d rows from a page that repeats, and no error", n)
				} else {
					s.failed(err, fault.Invalid, fault.Unavailable)
				}
			}},
			Check{Name: string(l.op) + "/a truncated listing", needs: needs, faults: true, world: world, check: func(s *session) {
				if s.h.NoTotals {
					s.Skip("not checked: a truncated listing, because the app does not say how many rows there are")
				}
				s.Inject(s.TB, Fault{On: l.op, TruncateAt: s.page() + 1})
				if n, err := l.read(s); err == nil {
					s.Fatalf("%d rows of %d promised, and no error", n, 3*s.page())
				} else {
					s.failed(err, fault.Invalid, fault.Unavailable)
				}
			}},
			Check{Name: string(l.op) + "/a page that fails", needs: needs, faults: true, world: world, check: func(s *session) {
				s.paged()
				s.Inject(s.TB, Fault{On: l.op, Skip: 1, Status: 503})
				_, err := l.read(s)
				s.failed(err, fault.Unavailable)
			}})
	}
	return append(checks,
		Check{
			Name: "list accounts/stopped early", needs: []app.Capability{app.ReadAccounts}, counts: true,
			world: func(p plan) World { return World{Accounts: people(p, 3*p.page())} },
			check: func(s *session) {
				for _, err := range s.accountReader().Accounts(s.ctx, access.AccountFilter{}) {
					if err != nil {
						s.Fatal(err)
					}
					break
				}
				// A page may be fetched ahead, the whole listing may not.
				s.within(ListAccounts, 2)
			},
		},
		Check{
			Name: "list accounts/cost", needs: []app.Capability{app.ReadAccounts}, counts: true,
			world: func(p plan) World { return World{Accounts: people(p, 3*p.page()+1)} },
			check: func(s *session) {
				sizer, ok := s.app.(app.Sizer)
				if !ok {
					s.Skip("not checked: the cost of a listing, because the app does not tell it")
				}
				cost, err := sizer.ListingCost(s.ctx, app.CollectionAccounts)
				if errors.Is(err, fault.Unsupported) && s.h.NoTotals {
					s.Skip("not checked: the cost of a listing, because the app does not say how many rows there are")
				}
				if err != nil {
					s.Fatal(err)
				}
				s.within(Any, 1)
				s.fresh()
				if _, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{})); err != nil {
					s.Fatal(err)
				}
				if took := s.Count(ListAccounts); cost != took {
					s.Errorf("said to cost %d requests, took %d", cost, took)
				}
			},
		})
}

// paged skips what only a paged listing can get wrong.
func (s *session) paged() {
	s.Helper()
	if s.h.PageSize == 0 {
		s.Skip("not checked: paging, because one request brings all")
	}
}

func groups(p plan, n int) []access.Group {
	if !p.can(app.ReadGroups) {
		return nil
	}
	list := make([]access.Group, n)
	for i := range list {
		list[i] = access.Group{Name: fmt.Sprintf("team%04d", i), Members: members(0, 1)}
	}
	return list
}

func manyGroups(size string) func(plan) World {
	return func(p plan) World { return World{Accounts: people(p, 2), Groups: groups(p, sizes(p)[size])} }
}

func (s *session) listGroups(withMembers bool) {
	s.Helper()
	got, err := collect(s.TB, s.groupReader().Groups(s.ctx, withMembers))
	if err != nil {
		s.Fatal(err)
	}
	// Never a request per group: members come along or not at all.
	most := s.pages(len(s.world.Groups), s.h.PageSize)
	s.within(ListGroups, most)
	s.within(Any, most)
	ids := map[string]bool{}
	seen := World{Accounts: s.world.Accounts}
	want := World{Accounts: s.world.Accounts}
	for _, g := range got {
		if g.ID == "" || ids[g.ID] {
			s.Errorf("group %q: the id %q is empty or comes twice", g.Name, g.ID)
		}
		ids[g.ID] = true
		if !g.MembersKnown && len(g.Members) > 0 {
			s.Errorf("group %q carries members that are not said to be known", g.Name)
		}
		seen.Groups = append(seen.Groups, access.Group{Name: g.Name})
	}
	for _, g := range s.world.Groups {
		want.Groups = append(want.Groups, access.Group{Name: g.Name})
	}
	s.same(want, seen)
	if !withMembers || len(got) == 0 || !got[0].MembersKnown {
		return
	}
	for _, g := range got {
		if !g.MembersKnown || len(g.Members) != 2 || g.Members[0].AccountID == "" {
			s.Fatalf("group %s came with members %+v, want two with ids", g.Name, g.Members)
		}
	}
}
