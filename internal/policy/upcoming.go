package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// upcoming walks the instants until then at which something changes by itself, and decides again only those
// whom the instant concerns. The snapshot is moved along.
func (e *evaluation) upcoming(s *snapshot, until time.Time) []Change {
	edges := e.edges(s.at, until)
	times := make([]time.Time, 0, len(edges))
	for t := range edges {
		times = append(times, time.Unix(0, t).In(s.at.Location()))
	}
	slices.SortFunc(times, time.Time.Compare)
	var changes []Change
	w := newWorker(e)
	held := make(map[int32][]int32) // what people who are quarantined now held when they were last decided
	for _, t := range times {
		changes = append(changes, e.advance(w, s, t, edges[t.UnixNano()], held)...)
	}
	return changes
}

// edges are, by Unix nanosecond, the people for whom something may change in (from, until]: an edge too many costs
// one decision, an edge too few a wrong answer.
func (e *evaluation) edges(from, until time.Time) map[int64][]int32 {
	edges := map[int64][]int32{}
	add := func(t time.Time, people ...int32) {
		if t.After(from) && !t.After(until) {
			edges[t.UnixNano()] = append(edges[t.UnixNano()], people...)
		}
	}
	day := func(d access.Date, zone *time.Location) time.Time { return lifecycle.Moment{Date: d}.Begin(zone) }
	relies := e.reliances()
	for i := range e.subjects {
		s := &e.subjects[i]
		affected := append([]int32{int32(i)}, relies[int32(i)]...)
		employments := s.employments
		if employments == nil {
			employments = []access.Person{*s.Person}
		}
		for k := range employments {
			p := &employments[k]
			zone := e.zone(p.TimeZone)
			for _, d := range [...]access.Date{p.StartDate, p.EndDate, p.LastWorkingDay, p.ContractEndDate} {
				if d.IsZero() {
					continue
				}
				add(day(d.AddDays(-e.options.BeforeStartDays), zone), affected...)
				add(day(d, zone), affected...)
				add(d.In(zone, e.options.EndOfDayHour), affected...)
				add(day(d.AddDays(1), zone), affected...)
			}
			for _, o := range e.overrides[s.PersonID] {
				add(o.starts.Begin(zone), affected...)
				add(o.ends.at(zone, e.options.EndOfDayHour), affected...)
				add(o.expires.End(zone), affected...)
			}
			for _, src := range e.exceptions[s.PersonID] {
				x := e.sources[src].exception
				add(x.starts.Begin(zone), int32(i))
				add(x.expires.End(zone), int32(i))
			}
			for k := range e.conflicts {
				for _, v := range e.conflicts[k].waivers[s.PersonID] {
					add(v.expires.End(zone), int32(i))
				}
			}
		}
	}
	for t := range edges {
		slices.Sort(edges[t])
		edges[t] = slices.Compact(edges[t])
	}
	return edges
}

// reliances are, by approver, the people whose exceptions, waivers or overrides rest on the approval.
func (e *evaluation) reliances() map[int32][]int32 {
	relies := map[int32][]int32{}
	note := func(by, person string) {
		i, ok := e.index[person]
		if !ok || by == "" {
			return
		}
		for _, a := range e.people(by) {
			relies[a] = append(relies[a], i)
		}
	}
	for _, src := range e.sources {
		if x := src.exception; x != nil {
			note(x.approvedBy, x.person)
		}
	}
	for person, overrides := range e.overrides {
		for _, o := range overrides {
			note(o.approvedBy, person)
		}
	}
	for k := range e.conflicts {
		for person, waivers := range e.conflicts[k].waivers {
			for _, v := range waivers {
				note(v.approvedBy, person)
			}
		}
	}
	return relies
}

// advance moves the snapshot to t and says what that changes.
func (e *evaluation) advance(w *worker, s *snapshot, t time.Time, people []int32, held map[int32][]int32) []Change {
	s.at = t
	before := map[int32]outcome{}
	keep := func(i int32) {
		if _, ok := before[i]; !ok {
			before[i] = s.outcomes[i]
		}
	}
	people = e.moveOn(s, t, people)
	for _, i := range people {
		keep(i)
	}
	// Names are given back before they are claimed, so that one leaving and one coming do not collide.
	touched := map[nameClaim]bool{}
	for _, i := range people {
		for _, a := range s.outcomes[i].accounts {
			k := nameClaim{a.app, fold(a.userName)}
			touched[k] = true
			s.claims[a.app][k.name] = slices.DeleteFunc(s.claims[a.app][k.name], func(j int32) bool { return j == i })
		}
	}
	for _, i := range people {
		s.outcomes[i] = w.decide(s, i)
		e.claim(s, i)
		for _, a := range s.outcomes[i].accounts {
			touched[nameClaim{a.app, fold(a.userName)}] = true
		}
	}
	for k := range touched {
		for _, i := range s.claims[k.app][k.name] {
			keep(i)
			e.clash(s, i)
		}
	}
	ids := make([]int32, 0, len(before))
	for i := range before {
		ids = append(ids, i)
	}
	slices.Sort(ids)
	var changes []Change
	for _, i := range ids {
		old := before[i]
		changes = append(changes, e.changesOf(&old, s, i, held)...)
	}
	return changes
}

// moveOn brings records, standings and reporting lines to t. It returns everybody concerned: when somebody
// leaves or changes managers, that may make or unmake managers, and move whole chains.
func (e *evaluation) moveOn(s *snapshot, t time.Time, people []int32) []int32 {
	people = slices.Clone(people)
	relined := false
	for _, i := range people {
		relined = e.bring(i, t) || relined
	}
	if relined {
		was := slices.Clone(e.subjects)
		e.managers()
		for i := range e.subjects {
			a, b := &was[i], &e.subjects[i]
			if a.managerID != b.managerID || a.managerEmail != b.managerEmail || !slices.Equal(a.chain, b.chain) {
				people = append(people, int32(i))
			}
		}
	}
	for _, i := range people {
		s.standings[i] = e.standing(i, t)
	}
	if s.working != nil {
		working := e.working(s.standings)
		for i := range working {
			if (working[i] > 0) != (s.working[i] > 0) {
				people = append(people, int32(i))
			}
		}
		s.working = working
	}
	slices.Sort(people)
	return slices.Compact(people)
}

type nameClaim struct {
	app  int32
	name string
}

// changesOf compares what a person holds with what they held. Whoever is quarantined keeps what they have.
func (e *evaluation) changesOf(old *outcome, s *snapshot, i int32, held map[int32][]int32) []Change {
	now := &s.outcomes[i]
	had, ok := held[i]
	if !ok {
		had = old.holding()
	}
	if now.quarantined() {
		held[i] = had
		return nil
	}
	delete(held, i)
	have := now.holding()
	var changes []Change
	for _, g := range union(had, have) {
		_, before := slices.BinarySearch(had, g)
		_, after := slices.BinarySearch(have, g)
		if before == after || !e.apps[e.grants[g].app].output {
			continue
		}
		c := Change{At: s.at, PersonID: e.subjects[i].PersonID, Grant: e.grants[g].address, Gain: after}
		switch {
		case after:
			c.Why = e.whyGiven(now, g)
		case now.entitled:
			c.Why = e.whyLost(old, now, g)
		default:
			c.Why = now.why
		}
		changes = append(changes, c)
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		if c := cmp.Compare(a.Grant, b.Grant); c != 0 || a.Gain == b.Gain {
			return c
		}
		if b.Gain { // another role in the same group: first out, then in
			return -1
		}
		return 1
	})
	return changes
}

// holding is what is put out for the person.
func (o *outcome) holding() []int32 {
	if o.emitted() {
		return o.won
	}
	return nil
}

func union(a, b []int32) []int32 {
	u := append(slices.Clone(a), b...)
	slices.Sort(u)
	return slices.Compact(u)
}

// whyLost names what gave a grant and gives it no longer.
func (e *evaluation) whyLost(old, now *outcome, g int32) string {
	for _, src := range old.sources {
		if !slices.Contains(e.sources[src].grants, g) || slices.Contains(now.sources, src) {
			continue
		}
		for _, x := range now.inert {
			if x.source == src {
				return x.why
			}
		}
		return e.sources[src].label + " no longer matches"
	}
	return "something stronger takes its place"
}
