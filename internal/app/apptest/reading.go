package apptest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// filterChecks: finding one account, and reading it.
func filterChecks() []Check {
	var checks []Check
	for _, f := range []access.Field{access.UserName, access.PersonID, access.Email} {
		checks = append(checks, Check{
			Name: "find accounts/" + string(f), needs: []app.Capability{app.ReadAccounts},
			world: func(p plan) World { return World{Accounts: people(p, 2*p.page())} },
			check: func(s *session) { s.find(f) },
		})
	}
	return append(checks,
		Check{Name: "read account", needs: []app.Capability{app.ReadAccounts}, world: office, check: func(s *session) {
			for _, i := range []int{3, 6} { // one active, one not
				known := s.account(i)
				s.fresh()
				got, err := s.accountReader().Account(s.ctx, known.Ref())
				if err != nil {
					s.Fatal(err)
				}
				s.within(Any, 1)
				s.sameAccounts([]access.Account{s.world.Accounts[i]}, []access.Account{got})
				if got.ID != known.ID {
					s.Errorf("the id is %q in the listing and %q by itself", known.ID, got.ID)
				}
			}
		}},
		Check{Name: "read account/unknown", needs: []app.Capability{app.ReadAccounts}, world: office, check: func(s *session) {
			got, err := s.accountReader().Account(s.ctx, access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"})
			s.failed(err, fault.NotFound)
			if got.ID != "" {
				s.Errorf("an account came with the error: %+v", got)
			}
		}},
		Check{Name: "read group", needs: []app.Capability{app.ReadGroups}, world: office, check: func(s *session) {
			id := s.group("admins")
			got, err := s.groupReader().Group(s.ctx, id)
			if err != nil {
				s.Fatal(err)
			}
			s.within(Any, 1)
			if got.ID != id || s.fold(got.Name) != s.fold("admins") {
				s.Errorf("got %+v", got)
			}
			_, err = s.groupReader().Group(s.ctx, "no-such-id")
			s.failed(err, fault.NotFound)
		}})
}

func (s *session) find(f access.Field) {
	s.Helper()
	value := s.world.Accounts[1].Get(f)
	if value == "" {
		s.Skipf("not checked: the app has no field %s", f)
	}
	search := func(v string) ([]access.Account, error) {
		s.fresh()
		return collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{Field: f, Value: v}))
	}
	got, err := search(value)
	if errors.Is(err, fault.Unsupported) {
		s.within(Any, 0)
		return
	}
	if err != nil {
		s.Fatal(err)
	}
	// At worst the connector looks through the listing, never further.
	s.within(Any, s.pages(len(s.world.Accounts), s.h.PageSize))
	s.sameAccounts(s.world.Accounts[1:2], got)
	for _, v := range []string{
		"nobody-has-this", `x" or userName pr or userName eq "`, `back\slash`, `per%cent+plus&amp`, "comma,and eq", "Zoë*",
	} {
		got, err := search(v)
		if err != nil {
			// A server may refuse what it cannot parse; it must not answer with somebody else.
			s.failed(err, fault.Invalid, fault.Unsupported)
			continue
		}
		if len(got) > 0 {
			s.Errorf("%d accounts have %s %q", len(got), f, v)
		}
	}
}

// memberListingChecks: who is in a group.
func memberListingChecks() []Check {
	needs := []app.Capability{app.ReadMembers}
	var checks []Check
	for _, size := range sizeNames {
		checks = append(checks, Check{
			Name: "list members/" + size, needs: needs,
			world: func(p plan) World {
				n := sizes(p)[size]
				return World{Accounts: people(p, n+1), Groups: []access.Group{{Name: "admins", Members: members(upTo(n)...)}, {Name: "others", Members: members(n)}}}
			},
			check: func(s *session) {
				want := s.world.Groups[0]
				s.account(0)
				got, err := collect(s.TB, s.groupReader().Members(s.ctx, s.group("admins")))
				if err != nil {
					s.Fatal(err)
				}
				most := s.pages(len(want.Members), s.h.MemberPageSize)
				if len(want.Members) == 0 && s.h.MemberPageSize > 0 {
					most++ // to tell an empty group from none
				}
				s.within(Any, most)
				seen := map[string]bool{}
				names := map[string]string{}
				for _, a := range s.refs {
					names[a.ID] = a.UserName
				}
				for i, m := range got {
					if m.AccountID == "" || seen[m.AccountID] || m.Nested {
						s.Errorf("member %+v: without an id, twice, or nested", m)
					}
					seen[m.AccountID] = true
					got[i].UserName = names[m.AccountID]
				}
				s.same(World{Groups: []access.Group{want}}, World{Groups: []access.Group{{Name: "admins", Members: got}}})
			},
		})
	}
	return append(checks, Check{Name: "list members/of an unknown group", needs: needs, world: office, check: func(s *session) {
		got, err := collect(s.TB, s.groupReader().Members(s.ctx, "no-such-id"))
		s.failed(err, fault.NotFound)
		if len(got) > 0 {
			s.Errorf("%d members came with the error", len(got))
		}
	}})
}

// conductChecks: what holds for every method.
func conductChecks() []Check {
	var checks []Check
	for _, m := range methods() {
		checks = append(checks, Check{
			Name: "ended run/" + m.name, needs: m.needs, counts: true, sessions: m.sessions, world: m.world,
			check: func(s *session) {
				m.prepare(s)
				ctx, cancel := withEnded(s)
				defer cancel()
				before := s.look()
				s.fresh()
				if err := m.do(ctx, s); err == nil {
					s.Errorf("succeeded after the end of the run")
				} else {
					s.discreet(err)
				}
				if n := s.Count(Any); n > 0 {
					s.Errorf("%d requests were sent after the end of the run", n)
				}
				s.unchanged(before)
			},
		})
	}
	return append(checks,
		Check{Name: "used by many at once", needs: []app.Capability{app.WriteMembers, app.ReadMembers, app.UpdateAccounts}, world: office, check: func(s *session) {
			id := s.group("nobody")
			s.account(0)
			errs := make(chan error, 64)
			const workers = 6
			for i := range workers {
				go func() {
					who := s.refs[s.fold(person(i).UserName)].Ref()
					errs <- errors.Join(s.groupWriter().ChangeMembers(s.ctx, id, []access.MemberChange{{Account: who}})...)
					_, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{}))
					errs <- err
					_, err = s.accountWriter().UpdateAccount(s.ctx, who, access.AccountSpec{Values: map[access.Field]string{access.UserName: person(i).UserName}})
					errs <- err
				}()
			}
			for range 3 * workers {
				if err := <-errs; err != nil {
					s.Error(err)
				}
			}
			want := s.world.copyOf()
			want.Groups[2].Members = members(upTo(workers)...)
			s.holds(want)
		}})
}

// unchanged fails when the app holds something else than before.
func (s *session) unchanged(before []string) {
	s.Helper()
	after := s.look()
	if strings.Join(before, "\n") != strings.Join(after, "\n") {
		s.Errorf("the app has changed: %s", diffLines(before, after))
	}
}

func diffLines(a, b []string) string {
	count := map[string]int{}
	for _, l := range a {
		count[l]--
	}
	for _, l := range b {
		count[l]++
	}
	var out []string
	for _, l := range append(a, b...) {
		if n := count[l]; n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, l))
			count[l] = 0
		}
	}
	return strings.Join(out, "; ")
}
