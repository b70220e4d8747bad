package policy

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Input is what a policy is evaluated with.
type Input struct {
	// People are the people of all rosters, merged; their order does not matter.
	People []access.Person
	// Faults are the rows that could not be read as they should.
	Faults []roster.Problem
	// Now is the instant of the evaluation.
	Now time.Time
	// Zone is that of people whose own zone is unknown; nil is UTC.
	Zone *time.Location
	// MaxQuarantined is how many people may be held as undecidable; more is an error.
	MaxQuarantined int
	// UpcomingDays is how far ahead Result.Upcoming looks; 0 is not at all.
	UpcomingDays int
	// Reasons asks for Result.Reasons, which is as large as everything else together.
	Reasons bool
}

// evaluation is the working state of one Evaluate.
type evaluation struct {
	*Program
	*company
	life    lifecycle
	reasons bool
	endHour int
}

// snapshot is everything decided at one instant, by subject.
type snapshot struct {
	at        time.Time
	standings []standing
	working   []int32 // by manager: how many people report to them and have not left
	outcomes  []outcome
	claims    []map[string][]int32 // by app: folded user name -> subjects who need an account of that name
}

// Evaluate decides what everybody should hold. It does not fail: what is wrong is in Errors, and a person
// who cannot be decided is in Quarantined. It is safe for concurrent use.
func (p *Program) Evaluate(in Input) Result {
	e := &evaluation{Program: p, company: newCompany(p, in.People, in.Faults), reasons: in.Reasons, endHour: DefaultEndOfDayHour}
	if h := p.policy.Timing.EndOfDayHour; h != nil {
		e.endHour = *h
	}
	e.life = newLifecycle(p.policy.Timing.BeforeStartDays, e.endHour, in.Zone)
	now := e.snapshot(in.Now)
	r := e.render(now)
	e.report(&r, now, in)
	if in.UpcomingDays > 0 {
		r.Upcoming = e.upcoming(now, in.Now.AddDate(0, 0, in.UpcomingDays))
	}
	return r
}

// snapshot decides everybody at an instant.
func (e *evaluation) snapshot(at time.Time) *snapshot {
	n := len(e.subjects)
	s := &snapshot{at: at, standings: make([]standing, n), outcomes: make([]outcome, n)}
	e.parallel(n, func(_ *worker, i int32) { s.standings[i] = e.standing(i, at) })
	if e.company.reports != nil {
		s.working = make([]int32, n)
		for m, reports := range e.company.reports {
			for _, i := range reports {
				if s.standings[i].employed() {
					s.working[m]++
				}
			}
		}
	}
	e.parallel(n, func(w *worker, i int32) { s.outcomes[i] = w.decide(s, i) })
	s.claims = make([]map[string][]int32, len(e.apps))
	for i := range s.outcomes {
		e.claim(s, int32(i))
	}
	e.parallel(n, func(_ *worker, i int32) { e.clash(s, i) })
	return s
}

// employed: has not left, as far as anybody knows. A hire to come counts.
func (s *standing) employed() bool {
	return s.stage != string(access.StatusTerminated) && s.stage != string(access.StatusNeverStarted)
}

// parallel calls f for every subject, each worker for a stretch of its own. What f writes by index does not
// depend on which worker wrote it.
func (e *evaluation) parallel(n int, f func(w *worker, i int32)) {
	workers := min(runtime.GOMAXPROCS(0), n/256+1)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			w := newWorker(e)
			for i := k * n / workers; i < (k+1)*n/workers; i++ {
				f(w, int32(i))
			}
		})
	}
	wg.Wait()
}

// claim enters the user names that a person needs.
func (e *evaluation) claim(s *snapshot, i int32) {
	for _, a := range s.outcomes[i].accounts {
		if a.userName == "" {
			continue
		}
		if s.claims[a.app] == nil {
			s.claims[a.app] = make(map[string][]int32, len(e.subjects)/2)
		}
		k := fold(a.userName)
		s.claims[a.app][k] = append(s.claims[a.app][k], i)
		slices.Sort(s.claims[a.app][k])
	}
}
