package lifecycle

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// gapDays is how many whole days between two employments still count as none: contracts are renewed
// over a weekend without anybody leaving.
const gapDays = 3

// Merge makes one person of all employments with one PersonID, whichever rosters they come from and in
// whatever order, and sorts the people by PersonID. [At] on the result is where the person stands:
// employments with fewer than four days between them are one, the person is terminated only when every
// employment is, and attributes come from the primary one. A person with one employment is returned
// unchanged. What several employments say depends on the date, so merge again for another time.
func Merge(people []access.Person, now time.Time, o Options) []access.Person {
	order := make([]int, len(people)) // people are large: sort their places
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(people[a].PersonID, people[b].PersonID) })
	merged := make([]access.Person, 0, len(people))
	var next int
	for i := 0; i < len(order); i = next {
		next = i + 1
		for next < len(order) && people[order[next]].PersonID == people[order[i]].PersonID {
			next++
		}
		if next == i+1 {
			merged = append(merged, people[order[i]])
			continue
		}
		var list []access.Person
		for _, at := range order[i:next] {
			list = append(list, people[at])
		}
		merged = append(merged, mergeOne(list, now, o))
	}
	return merged
}

// employment is one of several, with where it stands by itself.
type employment struct {
	access.Person
	Standing
	from, to access.Date // first and last day; zero is open
}

func mergeOne(list []access.Person, now time.Time, o Options) access.Person {
	all := make([]employment, len(list))
	zone := oneZone(list, o)
	for i, p := range list {
		p.TimeZone = zone
		all[i] = employment{p, At(p, now, o), p.StartDate, lastDay(p)}
		if e := &all[i]; !e.to.IsZero() && e.to.Before(e.from) { // terminated, and a rehire already dated
			e.from = e.to
		}
	}
	slices.SortFunc(all, func(a, b employment) int { return rank(a, b, o) })

	isOpen := func(e employment) bool { return e.Window == WindowOpen }
	if !slices.ContainsFunc(all, isOpen) {
		if i := slices.IndexFunc(all, func(e employment) bool { return e.Window == WindowUnknown }); i >= 0 {
			return all[i].Person // unknown stays unknown while nothing speaks for access
		}
	}
	counts := slices.DeleteFunc(slices.Clone(all), func(e employment) bool {
		ended := e.Status == access.StatusTerminated && e.to.IsZero() // when, nobody knows
		return e.Window == WindowUnknown || e.NeverStarted || ended
	})
	if len(counts) == 0 {
		return all[0].Person
	}
	loc, err := location(zone, o)
	if err != nil {
		return all[0].Person
	}
	today := access.DateOf(now.In(loc))
	if counts[0].Window == WindowClosed && counts[0].Stage != StageTerminated {
		return join(counts[:1], all, today) // on garden leave, and nothing else goes on
	}
	return join(chain(counts), all, today)
}

// oneZone is the zone of a person with several employments: a day that ended in one employment must not
// go on in another. It is that of the strongest roster, the primary or the latest employment that has
// one, whatever the date.
func oneZone(list []access.Person, o Options) string {
	best := employment{}
	for _, p := range list {
		if e := (employment{Person: p}); p.TimeZone != "" && (best.TimeZone == "" || rank(e, best, o) < 0) {
			best = e
		}
	}
	return best.TimeZone
}

// chain is the run of employments without a gap that is current, else the next one, else the last one.
// The list is ordered by rank, and so is the result.
func chain(list []employment) []employment {
	byDate := slices.Clone(list)
	slices.SortStableFunc(byDate, func(a, b employment) int { return a.from.Compare(b.from) })
	best := list[0].Window
	var run []employment
	var to access.Date // last day of the run, unless open
	open := false
	for i, e := range byDate {
		if i > 0 && !open && !e.from.IsZero() && days(to, e.from) > gapDays+1 {
			if best != WindowClosed && slices.ContainsFunc(run, func(r employment) bool { return r.Window == best }) {
				break
			}
			run, to = nil, access.Date{}
		}
		run = append(run, e)
		open = open || e.to.IsZero()
		if e.to.After(to) {
			to = e.to
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(e employment) bool {
		return !slices.ContainsFunc(run, func(r employment) bool { return same(r.Person, e.Person) })
	})
}

// join makes one person of a run of employments, of which the first is the primary one.
func join(run, all []employment, today access.Date) access.Person {
	p := run[0].Person
	p.IsPrimary = true
	alive, over := false, true
	first, last, until := run[0], run[0], access.Date{}
	for _, e := range run {
		alive = alive || e.Window != WindowClosed
		over = over && e.Stage == StageTerminated
		if u := employedUntil(e.Person); u.After(until) {
			until = u
		}
		if e.from.Before(first.from) {
			first = e
		}
		if e.to.IsZero() || !last.to.IsZero() && e.to.After(last.to) {
			last = e
		}
	}
	p.StartDate = first.from
	p.EndDate, p.LastWorkingDay, p.ContractEndDate = last.EndDate, last.LastWorkingDay, last.ContractEndDate
	if last.to.IsZero() {
		p.EndDate, p.LastWorkingDay, p.ContractEndDate = access.Date{}, access.Date{}, access.Date{}
	} else if until.After(last.to) { // garden leave
		p.EndDate, p.LastWorkingDay = until, last.to
	} else if byContract(last.Person) && !contractBound(p.EmploymentType) {
		p.EndDate = last.to
	}
	switch {
	case over && !alive:
		p.Status = access.StatusTerminated
	case !alive || p.StartDate.After(today):
	case p.Status == access.StatusPreHire, p.Status == access.StatusNotice && last.to != run[0].to:
		p.Status = access.StatusActive // a new contract begins in or after the old one
	}
	for _, e := range all {
		for _, d := range []access.Date{e.OriginalHireDate, e.StartDate} {
			if !d.IsZero() && !e.NeverStarted && (p.OriginalHireDate.IsZero() || d.Before(p.OriginalHireDate)) {
				p.OriginalHireDate = d
			}
		}
	}
	for _, e := range run {
		if e.Window == WindowClosed {
			continue
		}
		for _, f := range []struct {
			to   *string
			from string
		}{
			{&p.EmployeeNumber, e.EmployeeNumber},
			{&p.GivenName, e.GivenName},
			{&p.FamilyName, e.FamilyName},
			{&p.DisplayName, e.DisplayName},
			{&p.WorkEmail, e.WorkEmail},
			{&p.UserName, e.UserName},
		} {
			if *f.to == "" {
				*f.to = f.from // who somebody is may be known to another roster only
			}
		}
	}
	return p
}

// rank orders employments by how much they speak for the person, the primary one first. What is over
// never leads while something else goes on; then the stronger roster, the mark of the source, the stage
// and the latest start decide. The rest makes the order total.
func rank(a, b employment, o Options) int {
	window := map[Window]int{WindowOpen: 0, WindowBefore: 1, WindowClosed: 2, WindowUnknown: 3}
	stage := map[Stage]int{StageActive: 0, StageLeave: 1, StageNotice: 2, StagePreHire: 3, StageUnknown: 4, StageTerminated: 5}
	roster := func(e employment) int {
		if i := slices.Index(o.Rosters, e.Source); i >= 0 {
			return i
		}
		return len(o.Rosters)
	}
	truth := func(b bool) int {
		if b {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(window[a.Window], window[b.Window]),
		cmp.Compare(truth(a.Stage != StageTerminated), truth(b.Stage != StageTerminated)),
		cmp.Compare(truth(!a.NeverStarted), truth(!b.NeverStarted)),
		cmp.Compare(roster(a), roster(b)),
		cmp.Compare(truth(a.IsPrimary), truth(b.IsPrimary)),
		cmp.Compare(stage[a.Stage], stage[b.Stage]),
		b.StartDate.Compare(a.StartDate),
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.SourceID, b.SourceID),
		compare(a.Person, b.Person),
	)
}

// compare orders two records of one employment, which only a broken source tells twice.
func compare(a, b access.Person) int {
	key := func(p access.Person) string {
		return strings.Join([]string{
			p.EmployeeNumber, p.StartDate.String(), p.EndDate.String(), p.LastWorkingDay.String(), p.ContractEndDate.String(),
			string(p.Status), p.StatusRaw, string(p.EmploymentType), p.EmploymentTypeRaw, p.DisplayName, p.GivenName, p.FamilyName,
			p.WorkEmail, p.UserName, p.Title, p.Department, p.Division, p.Organization, p.CostCenter, p.Team, p.LegalEntity,
			p.Location, p.Country, p.TimeZone, p.ManagerID, p.ManagerEmail, p.OriginalHireDate.String(),
		}, "\x00")
	}
	return cmp.Compare(key(a), key(b))
}

func same(a, b access.Person) bool {
	return a.Source == b.Source && a.SourceID == b.SourceID && compare(a, b) == 0
}
