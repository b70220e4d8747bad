package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// finish brings together what plans and logs tell, and leaves out what is not of the period.
func (c *collector) finish() *Evidence {
	e := c.e
	for i := range e.Done {
		d := &e.Done[i]
		d.key = c.who(cmp.Or(d.PersonID, c.accounts[holder{d.App, d.Subject}], d.UserName, d.Subject))
	}
	slices.SortFunc(e.Done, func(a, b Done) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line))
	})
	slices.SortStableFunc(e.Planned, func(a, b Planned) int { return e.Sources[a.Source].Time.Compare(e.Sources[b.Source].Time) })
	c.trace()
	c.timings()
	e.Exceptions = c.exceptions()
	e.Rules = c.rules()
	for _, key := range slices.Sorted(maps.Keys(c.registers)) {
		x := c.registers[key]
		if x.Kind == strangerAccount && c.found(x) {
			continue
		}
		x.Open = x.Last == c.latest(x.App)
		if slices.Contains(conflicts[:], x.Kind) {
			e.Conflicts = append(e.Conflicts, *x)
		} else {
			e.Orphans = append(e.Orphans, *x)
		}
	}
	for _, list := range []*[]Register{&e.Conflicts, &e.Orphans} {
		slices.SortStableFunc(*list, func(a, b Register) int {
			return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Kind, b.Kind))
		})
	}
	c.limit()
	return e
}

// who is the key of the person behind an id or a name.
func (c *collector) who(name string) string {
	if key, ok := c.aliases[strings.ToLower(name)]; ok {
		return key
	}
	return name
}

// latest is the newest plan that read an app, or any for findings of none; -1 without one.
func (c *collector) latest(app string) int {
	found := -1
	for i := range c.e.Sources {
		if c.e.Sources[i].Kind != "plan" || app != "" && !slices.Contains(c.covers[app], i) {
			continue
		}
		if found < 0 || !c.before(i, found) {
			found = i
		}
	}
	if found < 0 && app != "" {
		return c.latest("") // an app that only findings look at
	}
	return found
}

// trace finds for each write the newest plan before it that says so.
func (c *collector) trace() {
	planned, like := make(map[string][]int), make(map[string][]int) // sources, in the order of time
	for i := range c.e.Planned {
		p := &c.e.Planned[i]
		g := p.Grant.Access()
		address := p.Person.Key + "\x00" + g.String()
		planned[address] = append(planned[address], p.Source)
		if g.Name != "" {
			similar := strings.Join([]string{p.Person.Key, g.App, string(g.Kind), way(p.Grant.Effect)}, "\x00")
			like[similar] = append(like[similar], p.Source)
		}
	}
	newest := func(d *Done, sources []int) int {
		found := -1
		for _, source := range sources {
			if at := c.e.Sources[source].Time; !at.IsZero() && !at.After(d.Time) {
				found = source
			}
		}
		return found
	}
	for i := range c.e.Done {
		d := &c.e.Done[i]
		d.Plan = newest(d, planned[d.key+"\x00"+d.Grant])
		g, err := access.ParseGrant(d.Grant)
		if d.Plan >= 0 || err != nil || g.Name == "" || c.named[holder{g.App, g.Name}] {
			continue
		}
		effect := Gain
		if strings.HasPrefix(d.Operation, "remove ") {
			effect = Lose
		}
		d.Plan = newest(d, like[strings.Join([]string{d.key, g.App, string(g.Kind), way(effect)}, "\x00")])
		d.Like = d.Plan >= 0
	}
}

// way is the direction of a change: a group in which somebody gets another role is added again.
func way(e Effect) string {
	if e == Lose {
		return "away"
	}
	return "to"
}

// found reports whether a finding says more about an account in no configuration.
func (c *collector) found(stranger *Register) bool {
	for _, x := range c.registers {
		if x.Kind != strangerAccount && x.App == stranger.App && strings.EqualFold(x.Subject, stranger.Subject) {
			return true
		}
	}
	return false
}

// exceptions folds what several plans say about one.
func (c *collector) exceptions() []Exception {
	folded := make(map[string]*Exception)
	for i := range c.e.Exceptions {
		x := &c.e.Exceptions[i]
		key := strings.Join([]string{x.Kind, x.Resource, x.PersonID, strings.Join(x.Grants, "\x01"), x.Starts, x.Ends, x.Detail, x.Approver}, "\x00")
		old := folded[key]
		if old == nil {
			folded[key] = x
			continue
		}
		if c.before(x.First, old.First) {
			old.First = x.First
		}
		if !c.before(x.Source, old.Source) {
			old.Source, old.Reason = x.Source, x.Reason
		}
	}
	list := make([]Exception, 0, len(folded))
	for _, key := range slices.Sorted(maps.Keys(folded)) {
		list = append(list, *folded[key])
	}
	slices.SortStableFunc(list, func(a, b Exception) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ends, b.Ends), cmp.Compare(a.PersonID, b.PersonID))
	})
	return list
}

func (c *collector) rules() []Conflict {
	folded := make(map[string]*Conflict)
	for i := range c.e.Rules {
		x := &c.e.Rules[i]
		key := strings.Join(append([]string{x.Resource, x.Name}, x.Grants...), "\x00")
		old := folded[key]
		if old == nil {
			folded[key] = x
			continue
		}
		if c.before(x.First, old.First) {
			old.First = x.First
		}
		if !c.before(x.Source, old.Source) {
			old.Source, old.Waivers = x.Source, x.Waivers
		}
	}
	list := make([]Conflict, 0, len(folded))
	for _, key := range slices.Sorted(maps.Keys(folded)) {
		list = append(list, *folded[key])
	}
	return list
}

// within reports whether a moment is part of the period; what has none always is.
func (o *EvidenceOptions) within(t time.Time) bool {
	return t.IsZero() || (o.From.IsZero() || !t.Before(o.From)) && (o.To.IsZero() || t.Before(o.To))
}

// limit leaves out what is not of the period. Inputs stay: they are what was looked at.
func (c *collector) limit() {
	e := c.e
	planned := func(source int) bool { return e.Options.within(e.Sources[source].Time) }
	e.Population = slices.DeleteFunc(e.Population, func(p Population) bool { return !planned(p.Source) })
	e.Rosters = slices.DeleteFunc(e.Rosters, func(n RosterCount) bool { return !planned(n.Source) })
	e.Planned = slices.DeleteFunc(e.Planned, func(p Planned) bool { return !planned(p.Source) })
	e.Done = slices.DeleteFunc(e.Done, func(d Done) bool { return !e.Options.within(d.Time) })
	e.Timings = slices.DeleteFunc(e.Timings, func(t Timing) bool { return !e.Options.within(t.reference()) })
	// A register is of the period when one of the plans between the first and the last is.
	overlaps := func(first, last int) bool {
		from, to := e.Sources[first].Time, e.Sources[last].Time
		return (e.Options.To.IsZero() || from.Before(e.Options.To)) && (e.Options.From.IsZero() || to.IsZero() || !to.Before(e.Options.From))
	}
	e.Exceptions = slices.DeleteFunc(e.Exceptions, func(x Exception) bool { return !overlaps(x.First, x.Source) })
	e.Rules = slices.DeleteFunc(e.Rules, func(x Conflict) bool { return !overlaps(x.First, x.Source) })
	for _, list := range []*[]Register{&e.Conflicts, &e.Orphans} {
		*list = slices.DeleteFunc(*list, func(x Register) bool { return !overlaps(x.First, x.Last) })
	}
}

// Broken are the logs whose chain is broken.
func (e *Evidence) Broken() []Source {
	return slices.DeleteFunc(slices.Clone(e.Sources), func(s Source) bool { return s.Broken == nil })
}
