package report

import (
	"cmp"
	"slices"
)

// count fills in the numbers.
func (r *Report) count() {
	s := &r.Summary
	s.People, s.Changes, s.Findings = make(map[Category]int), make(map[Effect]int), make(map[string]int)
	apps := make(map[string]*App)
	total := make(map[string]*Cost)
	costs := make(map[string]map[string]*Cost)
	for i := range r.People {
		p := &r.People[i]
		s.People[p.Category]++
		for k := range p.Changes {
			g := &p.Changes[k]
			a := apps[g.App]
			if a == nil {
				a = &App{Name: g.App, Changes: make(map[Effect]int)}
				apps[g.App], costs[g.App] = a, make(map[string]*Cost)
			}
			a.Changes[g.Effect]++
			s.Changes[g.Effect]++
			addCost(total, g)
			addCost(costs[g.App], g)
		}
	}
	for i := range r.Findings {
		if r.Findings[i].Waived {
			s.Waived++
		} else {
			s.Findings[r.Findings[i].Severity]++
		}
	}
	s.Cost = costList(total)
	r.Apps = make([]App, 0, len(apps))
	for name, a := range apps {
		a.Cost = costList(costs[name])
		r.Apps = append(r.Apps, *a)
	}
	slices.SortFunc(r.Apps, func(x, y App) int { return cmp.Compare(x.Name, y.Name) })
}

func addCost(sums map[string]*Cost, g *Grant) {
	if g.Cost == 0 {
		return
	}
	c := sums[g.Currency]
	if c == nil {
		c = &Cost{Currency: g.Currency}
		sums[g.Currency] = c
	}
	if g.Cost > 0 {
		c.Added += g.Cost
	} else {
		c.Freed -= g.Cost
	}
}

func costList(sums map[string]*Cost) []Cost {
	list := make([]Cost, 0, len(sums))
	for _, c := range sums {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(x, y Cost) int { return cmp.Compare(x.Currency, y.Currency) })
	return list
}

// Changed reports whether the apply would do something, or somebody did something behind Tenure's back.
func (r *Report) Changed() bool {
	for i := range r.People {
		for k := range r.People[i].Changes {
			if g := &r.People[i].Changes[k]; g.Writes() || g.Drift != "" {
				return true
			}
		}
	}
	return slices.ContainsFunc(r.Objects, func(o Object) bool { return o.Action != "keep" })
}

// Errored reports whether planning stopped with an error, so that the report cannot be complete.
func (r *Report) Errored() bool {
	return len(r.Stops) > 0 || slices.ContainsFunc(r.Plans, func(p Plan) bool { return p.Errored })
}

// FindingsAt counts the findings that are at least as severe as the word, less those that are waived.
func (r *Report) FindingsAt(severity string) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].At(severity) {
			n++
		}
	}
	return n
}

// eachText passes every text that came out of a plan through f.
func (r *Report) eachText(f func(string) string) {
	all := func(texts ...*string) {
		for _, t := range texts {
			*t = f(*t)
		}
	}
	for i := range r.Plans {
		for k := range r.Plans[i].Unplanned {
			all(&r.Plans[i].Unplanned[k])
		}
	}
	for i := range r.Apps {
		all(&r.Apps[i].Name)
	}
	for i := range r.People {
		p := &r.People[i]
		all(&p.Key, &p.PersonID, &p.Name, &p.UserName)
		for k := range p.Changes {
			g := &p.Changes[k]
			all(&g.App, &g.Name, &g.Value, &g.Was, &g.Why, &g.Drift, &g.Resource)
			for j := range g.Rules {
				all(&g.Rules[j])
			}
			for j := range g.Fields {
				all(&g.Fields[j].Name, &g.Fields[j].Was, &g.Fields[j].Now)
			}
		}
	}
	for i := range r.Objects {
		all(&r.Objects[i].App, &r.Objects[i].Name, &r.Objects[i].Resource)
	}
	for i := range r.Findings {
		x := &r.Findings[i]
		all(&x.App, &x.Subject, &x.PersonID, &x.Reason, &x.Evidence, &x.Suggestion, &x.Source)
	}
	for i := range r.Stops {
		all(&r.Stops[i].Summary, &r.Stops[i].Detail, &r.Stops[i].Resource)
	}
	for i := range r.Notes {
		all(&r.Notes[i].Text, &r.Notes[i].Resource)
	}
}
