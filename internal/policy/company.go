package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// company is the people of one evaluation, in order of person id, and how to find them.
type company struct {
	*Program
	options  lifecycle.Options
	subjects []subject
	index    map[string]int32   // person id -> subject
	mail     map[string][]int32 // folded work e-mail -> subjects
	// faulty is, by person id, why a record cannot be believed.
	faulty   map[string][]cause
	nameless []Quarantine // records that do not say whose they are
	errors   []Problem
	zones    map[string]*time.Location
}

// cause is one reason for a quarantine.
type cause struct {
	code Code
	text string
}

// newCompany groups the employments by person and finds what is wrong with their keys.
func newCompany(p *Program, in Input, o lifecycle.Options) *company {
	c := &company{Program: p, options: o, faulty: map[string][]cause{}, zones: map[string]*time.Location{}}
	rows, nameless := c.rows(in.People)
	for _, p := range nameless {
		c.nameless = append(c.nameless, Quarantine{
			Codes: []Code{CodeFaultyRow},
			Why:   fmt.Sprintf("record %q of roster %q has no person id", p.SourceID, p.Source),
		})
	}
	faulty, _ := c.rows(in.Faulty) // what is wrong with them, and that they are nameless, is said in Faults
	c.subjects = make([]subject, 0, len(rows)+len(faulty))
	var end int
	for start := 0; start < len(rows); start = end {
		end = start + 1
		for end < len(rows) && rows[end].PersonID == rows[start].PersonID {
			end++
		}
		c.subjects = append(c.subjects, c.subject(rows[start:end], in.Merged))
	}
	c.faults(in, faulty)
	c.index = make(map[string]int32, len(c.subjects))
	for i := range c.subjects {
		c.index[c.subjects[i].PersonID] = int32(i)
	}
	c.mail = make(map[string][]int32, len(rows))
	for _, row := range rows {
		i, k := c.index[row.PersonID], fold(row.WorkEmail)
		if n := len(c.mail[k]); k != "" && (n == 0 || c.mail[k][n-1] != i) { // the rows of one person come together
			c.mail[k] = append(c.mail[k], i)
		}
	}
	for _, row := range faulty {
		i, k := c.index[row.PersonID], fold(row.WorkEmail)
		if k != "" && !slices.Contains(c.mail[k], i) {
			c.mail[k] = append(c.mail[k], i)
		}
	}
	return c
}

// row is one record, under the id that the person goes by now.
type row struct {
	*access.Person
	was string // the id in the roster
}

// rows sorts the records by person id, and sets those apart that have none.
func (c *company) rows(people []access.Person) (rows []row, nameless []*access.Person) {
	rows = make([]row, 0, len(people))
	for i := range people {
		p := &people[i]
		if p.PersonID == "" {
			nameless = append(nameless, p)
			continue
		}
		r := row{p, p.PersonID}
		if now := c.present(p.PersonID); now != p.PersonID {
			renamed := *p
			renamed.PersonID = now
			r.Person = &renamed
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.PersonID, b.PersonID), cmp.Compare(a.Source, b.Source), cmp.Compare(a.SourceID, b.SourceID), cmp.Compare(a.was, b.was))
	})
	return rows, nameless
}

// subject makes one person of their records. Two records of one employment, or two people of different
// rosters under one id, leave nothing to believe.
func (c *company) subject(rows []row, merged bool) subject {
	s := subject{Person: rows[0].Person, manager: -1}
	if len(rows) == 1 {
		return s
	}
	source := map[string]string{} // by the id in the roster: what same_person makes one may come from anywhere
	var collide []string
	for i, r := range rows {
		if first, ok := source[r.was]; ok && first != r.Source && !merged {
			collide = append(collide, first, r.Source)
		}
		source[r.was] = r.Source
		if i > 0 && r.was == rows[i-1].was && r.Source == rows[i-1].Source && r.SourceID == rows[i-1].SourceID {
			c.faulty[s.PersonID] = append(c.faulty[s.PersonID], cause{
				CodeDuplicateKey,
				fmt.Sprintf("roster %q has two records with the key %q", r.Source, firstOf(r.SourceID, r.was)),
			})
		}
	}
	if collide != nil {
		slices.Sort(collide)
		names := quoteAll(slices.Compact(collide))
		c.errors = append(c.errors, Problem{
			Code: CodePersonIDCollision, People: []string{s.PersonID},
			Cause: fmt.Sprintf("rosters %s both have a person %q, and are not merged", names, s.PersonID),
			Next:  "give one of the roster blocks an id_prefix, or merge them if it is one person",
		})
		c.faulty[s.PersonID] = append(c.faulty[s.PersonID], cause{CodeDuplicateKey, "rosters " + names + " both have this person id"})
	}
	if len(c.faulty[s.PersonID]) > 0 {
		return stub(&access.Person{PersonID: s.PersonID}) // which record is right is not known, so none is used
	}
	for _, r := range rows {
		s.employments = append(s.employments, *r.Person)
	}
	return s
}

// faults notes the records that could not be read as they should. Whoever is known by such a record only
// becomes a stub: held, and never mistaken for somebody who is gone.
func (c *company) faults(in Input, faulty []row) {
	known := len(c.subjects)
	stubbed := map[string]bool{}
	add := func(p *access.Person) {
		_, ok := slices.BinarySearchFunc(c.subjects[:known], p.PersonID, func(s subject, id string) int { return cmp.Compare(s.PersonID, id) })
		if !ok && !stubbed[p.PersonID] {
			stubbed[p.PersonID] = true
			c.subjects = append(c.subjects, stub(p))
		}
	}
	for _, r := range faulty {
		add(r.Person)
	}
	nameless := map[string][]string{}
	for _, f := range in.Faults {
		if f.PersonID == "" {
			nameless[f.Where] = append(nameless[f.Where], f.String())
			continue
		}
		id := c.present(f.PersonID)
		add(&access.Person{PersonID: id})
		c.faulty[id] = append(c.faulty[id], cause{CodeFaultyRow, f.String()})
	}
	for _, r := range faulty {
		if len(c.faulty[r.PersonID]) == 0 {
			c.faulty[r.PersonID] = []cause{{CodeFaultyRow, fmt.Sprintf("the record of roster %q is faulty", r.Source)}}
		}
	}
	for _, causes := range c.faulty {
		slices.SortFunc(causes, func(a, b cause) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.text, b.text)) })
	}
	for _, where := range sortedKeys(nameless) {
		slices.Sort(nameless[where])
		c.nameless = append(c.nameless, Quarantine{Codes: []Code{CodeFaultyRow}, Why: strings.Join(nameless[where], "; ")})
	}
	slices.SortFunc(c.subjects, func(a, b subject) int { return cmp.Compare(a.PersonID, b.PersonID) })
	slices.SortFunc(c.nameless, func(a, b Quarantine) int { return cmp.Compare(a.Why, b.Why) })
}

// bring brings one person's record to an instant: which of several employments speaks depends on it.
// It reports whether the person now reports to somebody else.
func (c *company) bring(i int32, at time.Time) bool {
	s := &c.subjects[i]
	was := [...]string{s.ManagerID, s.ManagerEmail, s.WorkEmail}
	if s.employments != nil {
		s.Person = &lifecycle.Merge(s.employments, at, c.options)[0]
	}
	s.zone = c.zone(s.TimeZone)
	return was != [...]string{s.ManagerID, s.ManagerEmail, s.WorkEmail}
}

// zone is where a person's days begin and end. A name that is no zone is a fault that lifecycle reports.
func (c *company) zone(name string) *time.Location {
	if loc, ok := c.zones[name]; ok {
		return loc
	}
	loc, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		loc = c.options.TimeZone
	}
	c.zones[name] = loc
	return loc
}

// managers resolves who reports to whom. Ids come first; the e-mail is a fallback, good enough when one
// person has it. Nobody manages themselves, and a loop ends where it would repeat.
func (c *company) managers() {
	for i := range c.subjects {
		s := &c.subjects[i]
		s.managerID, s.managerEmail, s.manager = c.present(s.ManagerID), s.ManagerEmail, -1
		m, ok := c.index[s.managerID]
		if !ok && s.managerID == "" && s.managerEmail != "" {
			if found := c.mail[fold(s.managerEmail)]; len(found) == 1 {
				m, ok = found[0], true
			}
		}
		if !ok || int(m) == i {
			continue
		}
		s.manager = m
		s.managerID = c.subjects[m].PersonID
		if s.managerEmail == "" {
			s.managerEmail = c.subjects[m].WorkEmail
		}
	}
	if c.uses["manager_chain"] {
		for i := range c.subjects {
			c.subjects[i].chain = c.chainOf(int32(i))
		}
	}
}

// maxChain bounds person.manager_chain: no company is that deep, but a broken roster may be.
const maxChain = 100

// chainOf walks up from a person until the top, or until it would repeat.
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
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, " and ")
}
