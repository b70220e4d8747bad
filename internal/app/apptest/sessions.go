package apptest

import (
	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
)

// signedIn is the office with people at work, where the harness knows of sessions.
func signedIn(p plan) World {
	w := office(p)
	if p.h.Sessions {
		w.Sessions = map[string]int{person(0).UserName: 1, person(1).UserName: 2, person(2).UserName: 1}
	}
	return w
}

func (s *session) sessionEnder() app.SessionEnder { return s.app.(app.SessionEnder) }

// sessionChecks: the end of what goes on after a deactivation.
func sessionChecks() []Check {
	needs := []app.Capability{app.EndSessions, app.ReadAccounts}
	return []Check{
		{Name: "end sessions", needs: needs, world: signedIn, check: func(s *session) {
			who := s.account(1)
			want := s.world.copyOf()
			delete(want.Sessions, who.UserName)
			for _, round := range []string{"first", "second"} {
				if err := s.sessionEnder().EndSessions(s.ctx, who.Ref()); err != nil {
					s.Fatalf("the %s time: %v", round, err)
				}
				s.holds(want) // and nothing else has changed: nobody else's sessions, no account
			}
		}},
		{Name: "end sessions/unknown account", needs: needs, world: signedIn, check: func(s *session) {
			if err := s.sessionEnder().EndSessions(s.ctx, access.AccountRef{ID: "no-such-id", UserName: "ghost@acme.example"}); err != nil {
				s.Errorf("of an account that is gone: %v", err)
			}
			s.holds(s.world)
		}},
		{Name: "end sessions/of an inactive account", needs: append(needs, app.DeactivateAccount, app.ReactivateAccount), world: signedIn, check: func(s *session) {
			who := s.account(1)
			if err := s.accountWriter().RetireAccount(s.ctx, who.Ref(), access.Deactivate); err != nil {
				s.Fatal(err)
			}
			if err := s.sessionEnder().EndSessions(s.ctx, who.Ref()); err != nil {
				s.Fatal(err)
			}
			want := s.world.copyOf()
			want.Accounts[1].Active = false
			delete(want.Sessions, who.UserName)
			s.holds(want)
		}},
	}
}
