package apptest

import (
	"errors"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// seats is the size of the pool in licensed: three are taken, one is free.
const seats = 4

// licensed is the office with a pool of licenses.
func licensed(p plan) World {
	w := office(p)
	l := p.h.Licenses
	if l == nil {
		return w
	}
	w.Pools = []access.Pool{{Product: l.Product, License: l.License, Total: seats, Used: 3}}
	if l.Other != "" {
		w.Pools = append(w.Pools, access.Pool{Product: l.Product, License: l.Other, Total: seats})
	}
	w.Assigned = map[string][]access.Assignment{l.Product: nil}
	for i := range 3 {
		w.Assigned[l.Product] = append(w.Assigned[l.Product], access.Assignment{UserName: person(i).UserName, License: l.License})
	}
	return w
}

// licenses skips without a product to test with.
func (s *session) licenses() Licenses {
	s.Helper()
	if s.h.Licenses == nil {
		s.Skip("not checked: licenses, because the harness configures no product")
	}
	return *s.h.Licenses
}

// holding is the licensed world with other holders of the first license.
func (s *session) holding(positions ...int) World {
	l := s.licenses()
	w := s.world.copyOf()
	w.Assigned[l.Product] = nil
	for _, i := range positions {
		w.Assigned[l.Product] = append(w.Assigned[l.Product], access.Assignment{UserName: person(i).UserName, License: l.License})
	}
	return w
}

func (s *session) assign(changes ...access.LicenseChange) {
	s.Helper()
	errs := s.licenseWriter().ChangeAssignees(s.ctx, s.licenses().Product, changes)
	if len(errs) != len(changes) {
		s.Fatalf("%d answers to %d changes", len(errs), len(changes))
	}
	if err := errors.Join(errs...); err != nil {
		s.Fatal(err)
	}
}

// used fails unless the pool says so, or says nothing.
func (s *session) used(n int) {
	s.Helper()
	pools, err := collect(s.TB, s.licenseReader().Pools(s.ctx))
	if err != nil {
		s.Fatal(err)
	}
	l := s.licenses()
	i := slices.IndexFunc(pools, func(p access.Pool) bool { return p.Product == l.Product && p.License == l.License })
	if i < 0 {
		s.Fatalf("there is no pool of %s/%s: %+v", l.Product, l.License, pools)
	}
	if p := pools[i]; p.Used != n && p.Used != -1 || p.Total != seats && p.Total != -1 {
		s.Errorf("the pool says %d of %d used, want %d of %d", p.Used, p.Total, n, seats)
	}
}

func licenseChecks() []Check {
	read := []app.Capability{app.ReadLicenses, app.ReadAccounts}
	write := []app.Capability{app.WriteLicenses, app.ReadLicenses, app.ReadAccounts}
	return []Check{
		{Name: "licenses/pools and assignees", needs: read, world: licensed, check: func(s *session) {
			l := s.licenses()
			s.used(3)
			got, err := collect(s.TB, s.licenseReader().Assignees(s.ctx, l.Product))
			if err != nil {
				s.Fatal(err)
			}
			names := map[string]string{}
			for _, i := range upTo(3) {
				names[s.account(i).ID] = s.account(i).UserName
			}
			for i := range got {
				if got[i].AccountID == "" {
					s.Errorf("assignment %+v without an id", got[i])
				}
				got[i].UserName = names[got[i].AccountID]
			}
			s.same(World{Assigned: s.world.Assigned}, World{Assigned: map[string][]access.Assignment{l.Product: got}})
		}},
		{Name: "licenses/assign", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			for range 2 {
				s.assign(access.LicenseChange{Account: s.account(4).Ref(), License: l.License})
				s.holds(s.holding(0, 1, 2, 4))
				s.used(4)
			}
		}},
		{Name: "licenses/remove", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			for range 2 {
				s.assign(access.LicenseChange{Account: s.account(1).Ref(), License: l.License, Remove: true})
				s.holds(s.holding(0, 2))
				s.used(2)
			}
			s.assign(access.LicenseChange{Account: access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}, License: l.License, Remove: true})
		}},
		{Name: "licenses/replace", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			if l.Other == "" {
				s.Skip("not checked: replacing a license, because the product has one only")
			}
			s.assign(access.LicenseChange{Account: s.account(1).Ref(), License: l.Other})
			want := s.holding(0, 2)
			want.Assigned[l.Product] = append(want.Assigned[l.Product], access.Assignment{UserName: person(1).UserName, License: l.Other})
			s.holds(want)
			// Taking away what somebody does not hold takes nothing else away.
			s.assign(access.LicenseChange{Account: s.account(1).Ref(), License: l.License, Remove: true})
			s.holds(want)
		}},
		{Name: "licenses/an empty pool", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			if !l.Limited {
				s.Skip("not checked: an empty pool, because the app does not limit the license")
			}
			errs := s.licenseWriter().ChangeAssignees(s.ctx, l.Product, []access.LicenseChange{
				{Account: s.account(4).Ref(), License: l.License}, {Account: s.account(5).Ref(), License: l.License}, {Account: s.account(0).Ref(), License: l.License},
			})
			if len(errs) != 3 {
				s.Fatalf("%d answers to 3 changes", len(errs))
			}
			if errs[0] != nil || errs[2] != nil {
				s.Errorf("the last seat, and somebody who has one: %v, %v", errs[0], errs[2])
			}
			s.failed(errs[1], fault.LimitReached)
			s.holds(s.holding(0, 1, 2, 4))
			s.used(4)
		}},
		{Name: "licenses/one unknown among good ones", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			errs := s.licenseWriter().ChangeAssignees(s.ctx, l.Product, []access.LicenseChange{
				{Account: access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}, License: l.License},
				{Account: s.account(4).Ref(), License: l.License},
			})
			if len(errs) != 2 {
				s.Fatalf("%d answers to 2 changes", len(errs))
			}
			s.failed(errs[0], fault.NotFound, fault.Invalid)
			if errs[1] != nil {
				s.Errorf("the good one: %v", errs[1])
			}
			s.holds(s.holding(0, 1, 2, 4))
		}},
		{Name: "licenses/unknown product or license", needs: write, world: licensed, check: func(s *session) {
			l := s.licenses()
			for _, errs := range [][]error{
				s.licenseWriter().ChangeAssignees(s.ctx, "no such product", []access.LicenseChange{{Account: s.account(4).Ref(), License: l.License}}),
				s.licenseWriter().ChangeAssignees(s.ctx, l.Product, []access.LicenseChange{{Account: s.account(4).Ref(), License: "no such license"}}),
			} {
				if len(errs) != 1 {
					s.Fatalf("%d answers to one change", len(errs))
				}
				s.failed(errs[0], fault.NotFound, fault.Invalid)
			}
			s.holds(s.world)
		}},
		{Name: "licenses/none to change", needs: write, world: licensed, check: func(s *session) {
			s.licenses()
			s.assign()
			s.within(Any, 0)
		}},
	}
}
