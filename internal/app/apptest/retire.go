package apptest

import (
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// retireChecks: the ends of accounts, and their return.
func retireChecks() []Check {
	deactivate := []app.Capability{app.DeactivateAccount, app.ReadAccounts}
	remove := []app.Capability{app.DeleteAccounts, app.ReadAccounts}
	unknown := access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}
	return []Check{
		{Name: "deactivate account", needs: append(deactivate, app.ReactivateAccount), world: office, check: func(s *session) {
			who := s.account(1).Ref()
			want := s.world.copyOf()
			want.Accounts[1].Active = false
			for range 2 {
				s.fresh()
				if err := s.accountWriter().RetireAccount(s.ctx, who, access.Deactivate); err != nil {
					s.Fatal(err)
				}
				s.within(Any, s.writing(1))
				s.holds(want)
			}
			got, err := s.accountReader().Account(s.ctx, who)
			if err != nil || got.Active {
				s.Errorf("read after deactivating: active %v, %v", got.Active, err)
			}
		}},
		{Name: "deactivate account/where that is its end", needs: deactivate, world: office, check: func(s *session) {
			if s.can(app.ReactivateAccount) {
				s.Skip("not checked: an app whose inactive accounts do not return, because this one's do")
			}
			for range 2 {
				if err := s.accountWriter().RetireAccount(s.ctx, s.account(1).Ref(), access.Deactivate); err != nil {
					s.Fatal(err)
				}
			}
			got, err := s.accountReader().Account(s.ctx, s.account(1).Ref())
			if err == nil && got.Active {
				s.Errorf("still active: %+v", got)
			} else if err != nil {
				s.failed(err, fault.NotFound)
			}
		}},
		{Name: "reactivate account", needs: append(deactivate, app.ReactivateAccount, app.UpdateAccounts), world: office, check: func(s *session) {
			want := s.world.copyOf()
			want.Accounts[6].Active = true
			for range 2 {
				got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(6).Ref(), access.AccountSpec{Active: ref(true)})
				if err != nil {
					s.Fatal(err)
				}
				s.sameAccounts(want.Accounts[6:7], []access.Account{got})
				s.holds(want)
			}
		}},
		{Name: "deactivate account/by update", needs: append(deactivate, app.ReactivateAccount, app.UpdateAccounts), world: office, check: func(s *session) {
			want := s.world.copyOf()
			want.Accounts[1].Active = false
			got, err := s.accountWriter().UpdateAccount(s.ctx, s.account(1).Ref(), access.AccountSpec{Active: ref(false)})
			if err != nil {
				s.Fatal(err)
			}
			s.sameAccounts(want.Accounts[1:2], []access.Account{got})
			s.holds(want)
		}},
		{Name: "delete account", needs: remove, world: office, check: func(s *session) {
			who := s.account(1).Ref()
			want := s.world.copyOf()
			want.Accounts = slices.Delete(want.Accounts, 1, 2)
			for i := range want.Groups {
				want.Groups[i].Members = slices.DeleteFunc(want.Groups[i].Members, func(m access.Member) bool { return m.UserName == who.UserName })
			}
			for range 2 {
				if err := s.accountWriter().RetireAccount(s.ctx, who, access.Delete); err != nil {
					s.Fatal(err)
				}
				s.holds(want)
			}
			_, err := s.accountReader().Account(s.ctx, who)
			s.failed(err, fault.NotFound)
		}},
		{Name: "delete account/an inactive one", needs: remove, world: office, check: func(s *session) {
			if err := s.accountWriter().RetireAccount(s.ctx, s.account(6).Ref(), access.Delete); err != nil {
				s.Fatal(err)
			}
			want := s.world.copyOf()
			want.Accounts = slices.Delete(want.Accounts, 6, 7)
			s.holds(want)
		}},
		{Name: "retire account/unknown", needs: deactivate, world: office, check: func(s *session) {
			hows := []access.Disposition{access.Deactivate}
			if s.can(app.DeleteAccounts) {
				hows = append(hows, access.Delete)
			}
			for _, how := range hows {
				if err := s.accountWriter().RetireAccount(s.ctx, unknown, how); err != nil {
					s.Errorf("%s an account that is gone: %v", how, err)
				}
			}
			s.holds(s.world)
		}},
		{Name: "retire account/keep", needs: deactivate, world: office, check: func(s *session) {
			who := s.account(1).Ref()
			if err := s.accountWriter().RetireAccount(s.ctx, who, access.Keep); err != nil {
				s.failed(err, fault.Invalid, fault.Unsupported)
			}
			s.within(Any, 0)
			s.holds(s.world)
		}},
		{Name: "retire account/delete where there is no deleting", needs: deactivate, world: office, check: func(s *session) {
			if s.can(app.DeleteAccounts) {
				s.Skip("not checked: an app that cannot delete, because this one can")
			}
			err := s.accountWriter().RetireAccount(s.ctx, s.account(1).Ref(), access.Delete)
			s.failed(err, fault.Unsupported)
			s.holds(s.world)
		}},
	}
}
