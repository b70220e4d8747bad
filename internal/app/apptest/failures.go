package apptest

import (
	"context"
	"errors"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// method is one method of the contract as the failure checks call it.
type method struct {
	name  string
	op    Op
	write bool
	// creates: it makes something that does not exist yet.
	creates bool
	// one: it concerns one thing that exists; goneIsFine: that this is gone is success.
	one, goneIsFine bool
	sessions        bool // the harness has to know of sessions
	needs           []app.Capability
	world           func(plan) World
	prepare         func(*session)
	do              func(context.Context, *session) error
}

// errHonest stands for an update that answers without an error that the app holds the old value: the
// caller learns the truth, so it is as good as unconfirmed.
var errHonest = fault.New(fault.Unconfirmed, "the answer says that nothing has changed")

// methods lists every method that sends requests.
func methods() []method {
	accounts := func(s *session) { s.account(0) }
	admins := func(s *session) { s.account(0); s.ids = map[string]string{"admins": s.group("admins")} }
	nothing := func(*session) {}
	caps := func(cs ...app.Capability) []app.Capability { return append([]app.Capability{app.ReadAccounts}, cs...) }
	return []method{
		{name: "check", op: Any, needs: caps(), world: office, prepare: nothing, do: func(ctx context.Context, s *session) error {
			return s.app.Check(ctx)
		}},
		{name: "list accounts", op: ListAccounts, needs: caps(), world: office, prepare: nothing, do: func(ctx context.Context, s *session) error {
			_, err := collect(s.TB, s.accountReader().Accounts(ctx, access.AccountFilter{}))
			return err
		}},
		{name: "read account", one: true, op: ReadAccount, needs: caps(), world: office, prepare: accounts, do: func(ctx context.Context, s *session) error {
			_, err := s.accountReader().Account(ctx, s.account(1).Ref())
			return err
		}},
		{name: "create account", op: CreateAccount, write: true, creates: true, needs: caps(app.CreateAccounts), world: office, prepare: nothing, do: func(ctx context.Context, s *session) error {
			_, err := s.accountWriter().CreateAccount(ctx, s.spec())
			return err
		}},
		{name: "update account", one: true, op: UpdateAccount, write: true, needs: caps(app.UpdateAccounts), world: office, prepare: accounts, do: func(ctx context.Context, s *session) error {
			spec := s.changed(1)
			got, err := s.accountWriter().UpdateAccount(ctx, s.account(1).Ref(), spec)
			if f := s.plainField(); err == nil && got.ID == s.account(1).ID && got.Get(f) != spec.Values[f] {
				return errHonest
			}
			return err
		}},
		{name: "deactivate account", op: Deactivate, write: true, one: true, goneIsFine: true, needs: caps(app.DeactivateAccount), world: office, prepare: accounts, do: func(ctx context.Context, s *session) error {
			return s.accountWriter().RetireAccount(ctx, s.account(1).Ref(), access.Deactivate)
		}},
		{name: "delete account", op: DeleteAccount, write: true, one: true, goneIsFine: true, needs: caps(app.DeleteAccounts), world: office, prepare: accounts, do: func(ctx context.Context, s *session) error {
			return s.accountWriter().RetireAccount(ctx, s.account(1).Ref(), access.Delete)
		}},
		{name: "end sessions", op: EndSessions, write: true, one: true, goneIsFine: true, sessions: true, needs: caps(app.EndSessions), world: signedIn, prepare: accounts, do: func(ctx context.Context, s *session) error {
			return s.sessionEnder().EndSessions(ctx, s.account(1).Ref())
		}},
		{name: "list groups", op: ListGroups, needs: caps(app.ReadGroups), world: office, prepare: nothing, do: func(ctx context.Context, s *session) error {
			_, err := collect(s.TB, s.groupReader().Groups(ctx, false))
			return err
		}},
		{name: "read group", one: true, op: ReadGroup, needs: caps(app.ReadGroups), world: office, prepare: admins, do: func(ctx context.Context, s *session) error {
			_, err := s.groupReader().Group(ctx, s.ids["admins"])
			return err
		}},
		{name: "list members", one: true, op: ListMembers, needs: caps(app.ReadMembers), world: office, prepare: admins, do: func(ctx context.Context, s *session) error {
			_, err := collect(s.TB, s.groupReader().Members(ctx, s.ids["admins"]))
			return err
		}},
		{name: "create group", op: CreateGroup, write: true, creates: true, needs: caps(app.WriteGroups), world: office, prepare: nothing, do: func(ctx context.Context, s *session) error {
			_, err := s.groupWriter().CreateGroup(ctx, access.GroupSpec{Name: ref("newcomers")})
			return err
		}},
		{name: "rename group", one: true, op: UpdateGroup, write: true, needs: caps(app.WriteGroups), world: office, prepare: admins, do: func(ctx context.Context, s *session) error {
			got, err := s.groupWriter().UpdateGroup(ctx, s.ids["admins"], access.GroupSpec{Name: ref("owners")})
			if err == nil && got.ID == s.ids["admins"] && s.fold(got.Name) != "owners" {
				return errHonest
			}
			return err
		}},
		{name: "delete group", op: DeleteGroup, write: true, one: true, goneIsFine: true, needs: caps(app.WriteGroups), world: office, prepare: admins, do: func(ctx context.Context, s *session) error {
			return s.groupWriter().DeleteGroup(ctx, s.ids["admins"])
		}},
		{name: "change members", op: ChangeMembers, write: true, needs: caps(app.WriteMembers), world: office, prepare: admins, do: func(ctx context.Context, s *session) error {
			errs := s.groupWriter().ChangeMembers(ctx, s.ids["admins"], []access.MemberChange{{Account: s.account(4).Ref()}})
			if len(errs) != 1 {
				s.Fatalf("%d answers to one change", len(errs))
			}
			return errs[0]
		}},
		{name: "list pools", op: ListPools, needs: caps(app.ReadLicenses), world: licensed, prepare: nothing, do: func(ctx context.Context, s *session) error {
			_, err := collect(s.TB, s.licenseReader().Pools(ctx))
			return err
		}},
		{name: "list assignees", op: ListAssignees, needs: caps(app.ReadLicenses), world: licensed, prepare: nothing, do: func(ctx context.Context, s *session) error {
			s.licenses()
			_, err := collect(s.TB, s.licenseReader().Assignees(ctx, s.h.Licenses.Product))
			return err
		}},
		{name: "change assignees", op: ChangeAssignees, write: true, needs: caps(app.WriteLicenses), world: licensed, prepare: accounts, do: func(ctx context.Context, s *session) error {
			l := s.licenses()
			errs := s.licenseWriter().ChangeAssignees(ctx, l.Product, []access.LicenseChange{{Account: s.account(4).Ref(), License: l.License}})
			if len(errs) != 1 {
				s.Fatalf("%d answers to one change", len(errs))
			}
			return errs[0]
		}},
	}
}

// answer is a way in which an app fails, and what a connector may say about it.
type answer struct {
	name  string
	fault Fault
	// reads and writes are the kinds allowed; nil means that it is not checked.
	reads, writes []fault.Kind
	wait          time.Duration // that RetryAfter must tell
}

func answers() []answer {
	const (
		bad, off, unsure = fault.Invalid, fault.Unavailable, fault.Unconfirmed
	)
	kinds := func(ks ...fault.Kind) []fault.Kind { return ks }
	return []answer{
		{name: "401", fault: Fault{Status: 401}, reads: kinds(fault.Unauthenticated), writes: kinds(fault.Unauthenticated)},
		{name: "403", fault: Fault{Status: 403}, reads: kinds(fault.Forbidden), writes: kinds(fault.Forbidden)},
		{name: "404", fault: Fault{Status: 404}, reads: kinds(fault.NotFound), writes: kinds(fault.NotFound)},
		{name: "409", fault: Fault{Status: 409}, writes: kinds(fault.Exists, fault.Stale, bad)},
		{name: "429", fault: Fault{Status: 429, RetryAfter: ref(7)}, reads: kinds(fault.RateLimited), writes: kinds(fault.RateLimited), wait: 7 * time.Second},
		{name: "500", fault: Fault{Status: 500}, reads: kinds(off), writes: kinds(off, unsure)},
		{name: "502 with HTML", fault: Fault{Status: 502, Body: BodyHTML}, reads: kinds(off), writes: kinds(off, unsure)},
		{name: "503", fault: Fault{Status: 503}, reads: kinds(off), writes: kinds(off, unsure)},
		{name: "HTML as success", fault: Fault{Status: 200, Body: BodyHTML}, reads: kinds(bad, off), writes: kinds(bad, off, unsure)},
		{name: "garbage as success", fault: Fault{Status: 200, Body: BodyGarbage}, reads: kinds(bad, off), writes: kinds(bad, off, unsure)},
		{name: "nothing as success", fault: Fault{Status: 200, Body: BodyEmpty}, reads: kinds(bad, off)},
		{name: "half an answer", fault: Fault{Body: BodyCut}, reads: kinds(bad, off)},
		{name: "no answer", fault: Fault{Hang: true}, reads: kinds(off), writes: kinds(off, unsure)},
		{name: "a closed connection", fault: Fault{Close: true}, reads: kinds(off), writes: kinds(off, unsure)},
	}
}

// failureChecks: each method meets each failure.
func failureChecks() []Check {
	var checks []Check
	for _, m := range methods() {
		for _, a := range answers() {
			kinds := a.reads
			if m.write {
				kinds = a.writes
			}
			switch {
			case m.creates && a.name == "409":
				kinds = []fault.Kind{fault.Exists}
			case m.goneIsFine && a.name == "404":
				kinds = []fault.Kind{fault.Invalid, fault.Unavailable, fault.Unconfirmed} // if it is an error at all
			case !m.one && a.name == "404":
				// Nothing that the request names can be gone: the address is wrong, or the app hides from this credential what is
				// there, and how that is called is open.
				kinds = []fault.Kind{fault.NotFound, fault.Invalid, fault.Unavailable, fault.Unsupported, fault.Forbidden}
			}
			if kinds == nil {
				continue
			}
			checks = append(checks, Check{
				Name: "failure/" + m.name + "/" + a.name, needs: m.needs, faults: true, sessions: m.sessions, world: m.world,
				check: func(s *session) { s.meet(m, a, kinds) },
			})
		}
	}
	return append(checks, Check{
		Name: "failure/429 passes", needs: []app.Capability{app.CreateAccounts, app.ReadAccounts}, faults: true,
		world: func(p plan) World { w := office(p); w.Retry = true; return w },
		check: func(s *session) {
			if !s.h.Retries {
				s.Skip("not checked: waiting after 429, because the harness opens no connector that repeats requests")
			}
			s.Inject(s.TB, Fault{On: ListAccounts, Times: 1, Status: 429, RetryAfter: ref(0)})
			got, err := collect(s.TB, s.accountReader().Accounts(s.ctx, access.AccountFilter{}))
			if err != nil {
				s.Fatal(err)
			}
			s.sameAccounts(s.world.Accounts, got)
			// What was refused with 429 was not done: even a creation may be sent again.
			s.Inject(s.TB, Fault{})
			s.Inject(s.TB, Fault{On: CreateAccount, Times: 1, Status: 429, RetryAfter: ref(0)})
			if _, err := s.accountWriter().CreateAccount(s.ctx, s.spec()); err != nil {
				s.Fatal(err)
			}
			s.holds(s.withNewcomer())
		},
	})
}

func (s *session) meet(m method, a answer, kinds []fault.Kind) {
	s.Helper()
	m.prepare(s)
	before := s.look()
	f := a.fault
	f.On = m.op
	s.Inject(s.TB, f)
	s.fresh()
	ctx := s.ctx
	if f.Hang {
		var cancel context.CancelFunc
		ctx, cancel = s.untilSent(m.op)
		defer cancel()
	}
	err := m.do(ctx, s)
	s.Inject(s.TB, Fault{}) // the app recovers
	if a.name == "404" && m.goneIsFine && err == nil {
		return
	}
	s.failed(err, kinds...)
	var e *fault.Error
	if a.wait > 0 && (!errors.As(err, &e) || e.RetryAfter != a.wait) {
		s.Errorf("the app asked to wait %v, and the error does not tell: %v", a.wait, err)
	}
	if a.name == "403" && errors.Is(err, fault.NotFound) {
		s.Errorf("forbidden is not gone: %v", err)
	}
	s.unchanged(before)
}

// untilSent is a context that ends when a request of that kind has been sent and hangs. Where requests
// are not counted it ends with the harness's timeout.
func (s *session) untilSent(op Op) (context.Context, context.CancelFunc) {
	if s.Count == nil {
		return context.WithTimeout(s.ctx, s.h.Timeout)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	go func() {
		defer cancel()
		look := time.NewTicker(200 * time.Microsecond)
		defer look.Stop()
		for s.Count(op) == 0 {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// withEnded is a context that is over.
func withEnded(s *session) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	return ctx, cancel
}
