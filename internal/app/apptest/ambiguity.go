package apptest

import (
	"context"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// ambiguityChecks: a creation whose answer is lost. It may be looked up and adopted, or reported as
// unconfirmed; it may never be sent again, nor be called undone.
func ambiguityChecks() []Check {
	var checks []Check
	for _, l := range lostAnswers() {
		f := l.fault
		checks = append(checks,
			Check{
				Name: "lost answer/create account/" + l.name, needs: []app.Capability{app.CreateAccounts, app.ReadAccounts}, faults: true, counts: true, world: eager,
				check: func(s *session) {
					s.lost(f, CreateAccount, person(newcomer).UserName, func(ctx context.Context) (string, string, error) {
						a, err := s.accountWriter().CreateAccount(ctx, s.spec())
						return a.ID, a.UserName, err
					})
				},
			},
			Check{
				Name: "lost answer/create group/" + l.name, needs: []app.Capability{app.WriteGroups, app.ReadGroups}, faults: true, counts: true, world: eager,
				check: func(s *session) {
					s.lost(f, CreateGroup, "newcomers", func(ctx context.Context) (string, string, error) {
						g, err := s.groupWriter().CreateGroup(ctx, access.GroupSpec{Name: ref("newcomers")})
						return g.ID, g.Name, err
					})
				},
			})
	}
	for _, m := range methods() {
		if !m.write || m.creates || m.op == ChangeMembers {
			continue
		}
		checks = append(checks, Check{Name: "lost answer/" + m.name, needs: m.needs, faults: true, sessions: m.sessions, world: m.world, check: func(s *session) {
			m.prepare(s)
			before := s.look()
			s.Inject(s.TB, Fault{On: m.op, Times: 1, Close: true, After: true})
			err := m.do(s.ctx, s)
			s.Inject(s.TB, Fault{})
			s.doneOrUnsure(err)
			after := s.look()
			if strings.Join(before, "\n") == strings.Join(after, "\n") {
				s.Errorf("the app has not changed")
			}
			// The next run repeats it, and comes to the same.
			if err := m.do(s.ctx, s); err != nil {
				s.Errorf("the second time: %v", err)
			}
			s.unchanged(after)
		}})
	}
	return checks
}

// eager is an office with a connector that repeats what it takes for repeatable, where the harness has such a one.
func eager(p plan) World {
	w := office(p)
	w.Retry = p.h.Retries
	return w
}

// lostAnswer is a way of losing the answer to something that was, or was not, carried out.
type lostAnswer struct {
	name  string
	fault Fault
}

func lostAnswers() []lostAnswer {
	return []lostAnswer{
		{"closed connection", Fault{Times: 1, Close: true, After: true}},
		{"closed connection, not done", Fault{Times: 1, Close: true}},
		{"504", Fault{Times: 1, Status: 504, After: true}},
		{"500, not done", Fault{Times: 1, Status: 500}},
		{"half an answer", Fault{Times: 1, Body: BodyCut}},
		{"HTML", Fault{Times: 1, Status: 200, Body: BodyHTML, After: true}},
		{"hanging", Fault{Times: 1, Hang: true, After: true}},
	}
}

func (s *session) lost(f Fault, op Op, name string, create func(context.Context) (id, name string, err error)) {
	s.Helper()
	done := f.After || f.Body == BodyCut
	s.fresh()
	f.On = op
	s.Inject(s.TB, f)
	ctx := s.ctx
	if f.Hang {
		var cancel context.CancelFunc
		ctx, cancel = s.untilSent(op)
		defer cancel()
	}
	id, got, err := create(ctx)
	s.Inject(s.TB, Fault{})
	if n := s.Count(op); n != 1 {
		s.Errorf("the creating request was sent %d times", n)
	}
	made := 0
	for _, line := range s.look() {
		if strings.HasPrefix(line, "account "+s.fold(name)+" ") || line == "group "+s.fold(name) {
			made++
		}
	}
	if want := map[bool]int{true: 1, false: 0}[done]; made != want {
		s.Errorf("the app holds %d of %s, want %d", made, name, want)
	}
	switch {
	case err == nil && (!done || id == "" || s.fold(got) != s.fold(name)):
		s.Errorf("said to be created: %q with id %q; carried out: %v", got, id, done)
	case err != nil && done:
		s.failed(err, fault.Unconfirmed)
	case err != nil:
		s.failed(err, fault.Unconfirmed, fault.Unavailable)
	}
	// The next run finds out.
	_, _, err = create(s.ctx)
	if done {
		s.failed(err, fault.Exists)
	} else if err != nil {
		s.Errorf("the second time: %v", err)
	}
}
