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
	// People are the employments that the rosters tell of, one or several per person, in any order.
	People []access.Person
	// Faulty are the people whose records have faults, as far as they could be read, and Faults say what is
	// wrong: see roster.Roster.
	Faulty []access.Person
	Faults []roster.Problem
	// Rosters is the precedence of rosters, strongest first, where several tell of one person.
	Rosters []string
	// Merged says that one person id in several rosters is one person. Otherwise it is an error.
	Merged bool
	// Now is the instant to decide for. ReadAt is when the rosters were read; zero is Now.
	Now, ReadAt time.Time
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
	*company
	reasons bool
}

// snapshot is everything decided at one instant, by subject.
type snapshot struct {
	at        time.Time
	standings []standing
	working   []int32 // how many people report to the subject and have not left; nil unless a condition asks
	outcomes  []outcome
	claims    []map[string][]int32 // by app: folded user name -> subjects who need an account of that name
}

// Evaluate decides what everybody should hold. It does not fail: what is wrong is in Errors, and a person
// who cannot be decided is in Quarantined. It is safe for concurrent use.
func (p *Program) Evaluate(in Input) Result {
	e := &evaluation{company: newCompany(p, in, lifecycleOptions(p.policy.Timing, in)), reasons: in.Reasons}
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
	s := &snapshot{at: at, standings: e.stand(at), outcomes: make([]outcome, n), claims: make([]map[string][]int32, len(e.apps))}
	s.working = e.working(s.standings)
	e.parallel(n, func(w *worker, i int32) { s.outcomes[i] = w.decide(s, i) })
	for i := range s.outcomes {
		e.claim(s, int32(i))
	}
	e.parallel(n, func(_ *worker, i int32) { e.clash(s, i) })
	return s
}

// stand brings everybody's record to an instant and says where they stand.
func (e *evaluation) stand(at time.Time) []standing {
	for i := range e.subjects {
		e.bring(int32(i), at)
	}
	e.managers()
	standings := make([]standing, len(e.subjects))
	e.parallel(len(standings), func(_ *worker, i int32) { standings[i] = e.standing(i, at) })
	return standings
}

// working counts, by manager, the people who report to them and have not left.
func (e *evaluation) working(standings []standing) []int32 {
	if !e.uses["is_manager"] {
		return nil
	}
	counts := make([]int32, len(standings))
	for i := range standings {
		if m := e.subjects[i].manager; m >= 0 && standings[i].employed() {
			counts[m]++
		}
	}
	return counts
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
		at, _ := slices.BinarySearch(s.claims[a.app][k], i)
		s.claims[a.app][k] = slices.Insert(s.claims[a.app][k], at, i)
	}
}
