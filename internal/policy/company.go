package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// company is the people of one evaluation, in order of person id, and how to find them.
type company struct {
	subjects []subject
	index    map[string]int32   // person id -> subject
	mail     map[string][]int32 // folded work e-mail -> subjects
	reports  [][]int32          // by manager; nil unless a condition asks for it
	// faulty is, by person id, why a row cannot be believed. Who is named here may be no subject at all.
	faulty   map[string][]cause
	nameless []Quarantine // rows that do not say whose they are
	errors   []Problem
}

// cause is one reason for a quarantine.
type cause struct {
	code Code
	text string
}

// newCompany orders the people and finds what is wrong with their keys.
func newCompany(p *Program, people []access.Person, faults []roster.Problem) *company {
	c := &company{faulty: map[string][]cause{}}
	rows := make([]*access.Person, 0, len(people))
	for i := range people {
		if people[i].PersonID == "" {
			c.nameless = append(c.nameless, Quarantine{Codes: []Code{CodeFaultyRow},
				Why: fmt.Sprintf("record %q of roster %q has no person id", people[i].SourceID, people[i].Source)})
			continue
		}
		rows = append(rows, &people[i])
	}
	slices.SortStableFunc(rows, func(a, b *access.Person) int { return cmp.Compare(a.PersonID, b.PersonID) })
	c.subjects = make([]subject, 0, len(rows))
	for start, end := 0, 0; start < len(rows); start = end {
		for end = start + 1; end < len(rows) && rows[end].PersonID == rows[start].PersonID; {
			end++
		}
		s := subject{Person: *rows[start], manager: -1}
		if end-start > 1 {
			c.duplicate(rows[start:end])
			s = stub(s.PersonID) // which of the rows is right is not known, so none is used
		}
		c.subjects = append(c.subjects, s)
	}
	c.faults(p, faults)
	c.index = make(map[string]int32, len(c.subjects))
	for i := range c.subjects {
		c.index[c.subjects[i].PersonID] = int32(i)
	}
	c.mail = make(map[string][]int32, len(rows))
	for _, row := range rows {
		i, k := c.index[row.PersonID], fold(row.WorkEmail)
		if k != "" && !slices.Contains(c.mail[k], i) {
			c.mail[k] = append(c.mail[k], i)
		}
	}
	c.managers(p)
	return c
}

// faults notes the rows that could not be read. Whoever is known by a faulty row only becomes a stub: held,
// and never mistaken for somebody who is gone.
func (c *company) faults(p *Program, faults []roster.Problem) {
	known := len(c.subjects)
	for _, f := range faults {
		if f.PersonID == "" {
			c.nameless = append(c.nameless, Quarantine{Codes: []Code{CodeFaultyRow}, Why: f.String()})
			continue
		}
		id := p.present(f.PersonID)
		_, ok := slices.BinarySearchFunc(c.subjects[:known], id, func(s subject, id string) int { return cmp.Compare(s.PersonID, id) })
		if _, again := c.faulty[id]; !ok && !again {
			c.subjects = append(c.subjects, stub(id))
		}
		c.faulty[id] = append(c.faulty[id], cause{CodeFaultyRow, f.String()})
	}
	for _, causes := range c.faulty {
		slices.SortStableFunc(causes, func(a, b cause) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.text, b.text)) })
	}
	slices.SortFunc(c.subjects, func(a, b subject) int { return cmp.Compare(a.PersonID, b.PersonID) })
	slices.SortFunc(c.nameless, func(a, b Quarantine) int { return cmp.Compare(a.Why, b.Why) })
}

// duplicate says what it means that several rows have one person id.
func (c *company) duplicate(rows []*access.Person) {
	id := rows[0].PersonID
	var sources []string
	for _, r := range rows {
		sources = append(sources, r.Source)
	}
	slices.Sort(sources)
	if distinct := slices.Compact(slices.Clone(sources)); len(distinct) > 1 {
		c.errors = append(c.errors, Problem{Code: CodePersonIDCollision, People: []string{id},
			Cause: fmt.Sprintf("person %s is in rosters %s, which are not merged", id, quoteAll(distinct)),
			Next:  "give one of the rosters an id_prefix, or merge them if it is one person"})
	}
	c.faulty[id] = append(c.faulty[id], cause{CodeDuplicateKey,
		fmt.Sprintf("%d rows of roster %s have this person id", len(rows), quoteAll(slices.Compact(sources)))})
}

// managers resolves who reports to whom. Ids come first; the e-mail is a fallback, good enough when one
// person has it. Nobody manages themselves, and a loop ends where it would repeat.
func (c *company) managers(p *Program) {
	for i := range c.subjects {
		s := &c.subjects[i]
		s.ManagerID = p.present(s.ManagerID)
		m, ok := c.index[s.ManagerID]
		if !ok && s.ManagerID == "" {
			if found := c.mail[fold(s.ManagerEmail)]; s.ManagerEmail != "" && len(found) == 1 {
				m, ok = found[0], true
			}
		}
		if !ok || int(m) == i {
			continue
		}
		s.manager = m
		s.ManagerID = c.subjects[m].PersonID
		if s.ManagerEmail == "" {
			s.ManagerEmail = c.subjects[m].WorkEmail
		}
	}
	if p.uses["is_manager"] {
		c.reports = make([][]int32, len(c.subjects))
		for i := range c.subjects {
			if m := c.subjects[i].manager; m >= 0 {
				c.reports[m] = append(c.reports[m], int32(i))
			}
		}
	}
	if p.uses["manager_chain"] {
		for i := range c.subjects {
			c.subjects[i].chain = c.chainOf(int32(i))
		}
	}
}

// maxChain bounds person.manager_chain: no company is that deep, but a broken roster may be.
const maxChain = 100

// chainOf walks up from a person. A walk of n steps in a company with a loop ends at the first repetition.
func (c *company) chainOf(i int32) []string {
	var chain []string
	seen := []int32{i}
	for m := c.subjects[i].manager; m >= 0 && len(chain) < maxChain && !slices.Contains(seen, m); m = c.subjects[m].manager {
		chain = append(chain, c.subjects[m].PersonID)
		seen = append(seen, m)
	}
	return chain
}

// present is the id that a person goes by now.
func (p *Program) present(id string) string {
	if now, ok := p.former[id]; ok {
		return now
	}
	return id
}

// label names a person to a person: id and what they are called.
func (c *company) label(i int32) string {
	s := &c.subjects[i]
	if n := displayName(&view{subject: s}); n != "" {
		return s.PersonID + " (" + n + ")"
	}
	return s.PersonID
}

func quoteAll(names []string) string {
	s := ""
	for i, n := range names {
		if i > 0 {
			s += " and "
		}
		s += fmt.Sprintf("%q", n)
	}
	return s
}
