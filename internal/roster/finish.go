package roster

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// wrongColumn is how many faulty dates, with not one good date beside them, make a column wrongly
// configured rather than so many people wrong: one error instead of a page of them.
const wrongColumn = 10

// Roster is what the records add up to. The error concerns the reading as a whole: no usable record at
// all, or a column that is nowhere what it should be.
func (m *Mapper) Roster() (Roster, error) {
	var errs []error
	for _, c := range m.columns {
		if c.bad > wrongColumn && c.good == 0 {
			errs = append(errs, &fault.Error{
				Kind: fault.Invalid, Cause: fmt.Sprintf("none of the %d values in column %q is readable as %s; the first", c.bad, c.header, c.name),
				Err:  errors.New(c.firstBad.String()),
				Next: "Correct date_format, or date_formats for this field, or field_map if another column is meant.",
			})
		}
	}
	if len(m.rows) == 0 {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "it holds no people", Next: "Zero people is never a roster: check the export."})
	}
	if err := errors.Join(errors.Join(errs...), m.expected()); err != nil {
		return Roster{}, ReadError(m.t.Name, m.t.Subject, err)
	}

	m.duplicates()
	r := Roster{Notices: m.unmappedValues()}
	r.Notices = append(r.Notices, m.sharedAddresses("work_email", func(p *access.Person) string { return p.WorkEmail })...)
	r.Notices = append(r.Notices, m.sharedAddresses("user_name", func(p *access.Person) string { return p.UserName })...)
	r.Notices = append(r.Notices, m.managers()...)
	m.primaries()

	r.People = make([]access.Person, 0, len(m.rows))
	for i := range m.rows {
		row := &m.rows[i]
		if len(row.problems) == 0 {
			r.People = append(r.People, row.person)
			continue
		}
		if row.person.PersonID != "" {
			r.Faulty = append(r.Faulty, row.person)
		}
		for _, p := range row.problems {
			p.PersonID = row.person.PersonID
			r.Problems = append(r.Problems, p)
		}
	}
	if len(r.People) == 0 {
		var first []error
		for _, p := range r.Problems[:min(3, len(r.Problems))] {
			first = append(first, errors.New(p.String()))
		}
		return Roster{}, ReadError(m.t.Name, m.t.Subject, &fault.Error{
			Kind: fault.Invalid, Cause: fmt.Sprintf("none of its %d records is usable", len(m.rows)), Err: errors.Join(first...),
			Next: "Correct the records, or field_map and the formats if the columns are not what they seem.",
		})
	}
	return r, nil
}

// duplicates finds employments told twice, and one person_id made from two kinds of key.
func (m *Mapper) duplicates() {
	for _, g := range m.groups(func(r *row) string { return r.person.SourceID }) {
		for _, i := range g {
			m.fault(&m.rows[i], m.key().header, m.rows[i].person.SourceID, "is the key of "+m.others(g, i)+
				" too; correct it, or if these are several employments of one person give each its own source_id and all one person_source_id")
		}
	}
	if m.column("source_id") == nil || m.column("person_source_id") == nil {
		return
	}
	for _, g := range m.groups(func(r *row) string { return r.person.PersonID }) {
		lacks := func(i int) bool { return m.rows[i].person.PersonSourceID == "" }
		if !slices.ContainsFunc(g, lacks) || !slices.ContainsFunc(g, func(i int) bool { return !lacks(i) }) {
			continue
		}
		for _, i := range g {
			m.fault(&m.rows[i], m.header("person_source_id"), m.rows[i].person.PersonSourceID,
				"makes one person_id with "+m.others(g, i)+", where one is a person_source_id and the other a source_id; fill in the one that is empty")
		}
	}
}

// sharedAddresses finds two people with one address. That is a fault while both are employed; a former
// and a present person are most likely one who came back, which is worth a look and no more.
func (m *Mapper) sharedAddresses(name string, address func(*access.Person) string) (notices []Problem) {
	for _, g := range m.groups(func(r *row) string { return fold(address(&r.person)) }) {
		var current []int
		people := map[string]bool{}
		for _, i := range g {
			p := &m.rows[i].person
			people[p.PersonID] = true
			if p.Status != access.StatusTerminated && p.Status != access.StatusNeverStarted {
				current = append(current, i)
			}
		}
		if len(people) < 2 {
			continue
		}
		clash := false
		for _, i := range current {
			with := []int{i}
			for _, j := range current {
				if sameTime(&m.rows[i].person, &m.rows[j].person) {
					if with = append(with, j); len(with) > 4 {
						break
					}
				}
			}
			if len(with) > 1 {
				clash = true
				m.fault(&m.rows[i], m.header(name), address(&m.rows[i].person),
					"is also the "+strings.ReplaceAll(name, "_", " ")+" of another person ("+m.others(with, i)+"); give each their own, or leave it empty")
			}
		}
		if last := g[len(g)-1]; !clash {
			notices = append(notices, Problem{
				PersonID: m.rows[last].person.PersonID, Where: m.t.Where(m.rows[last].pos), Column: m.header(name), Value: address(&m.rows[last].person),
				Message: "was also the " + strings.ReplaceAll(name, "_", " ") + " of " + m.others(g, last) +
					", who has left; if this is one person who came back, say so with same_person",
			})
		}
	}
	return notices
}

// sameTime reports whether two people are employed at one time, as far as their dates tell.
func sameTime(a, b *access.Person) bool {
	before := func(a, b *access.Person) bool {
		end := a.LastWorkingDay
		if end.IsZero() {
			end = a.EndDate
		}
		return !end.IsZero() && !b.StartDate.IsZero() && end.Before(b.StartDate)
	}
	return a.PersonID != b.PersonID && !before(a, b) && !before(b, a)
}

// groups are the rows that share a key with another row, in the order of their first one.
func (m *Mapper) groups(key func(*row) string) [][]int {
	first := make(map[string]int, len(m.rows))
	shared := map[string]int{} // key -> index in list
	var list [][]int
	for i := range m.rows {
		k := key(&m.rows[i])
		if k == "" {
			continue
		}
		j, seen := first[k]
		if !seen {
			first[k] = i
			continue
		}
		at, ok := shared[k]
		if !ok {
			at = len(list)
			shared[k] = at
			list = append(list, []int{j})
		}
		list[at] = append(list[at], i)
	}
	return list
}

// others says where the rows of a group other than this one are.
func (m *Mapper) others(group []int, this int) string {
	const most = 3
	var list []string
	for _, i := range group {
		if i != this && len(list) < most {
			list = append(list, m.t.Where(m.rows[i].pos))
		}
	}
	if n := len(group) - 1 - len(list); n > 0 {
		return strings.Join(list, ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(list, ", ")
}

// primaries marks the only employment of a person as the main one.
func (m *Mapper) primaries() {
	count := make(map[string]int, len(m.rows))
	for i := range m.rows {
		count[m.rows[i].person.PersonID]++
	}
	for i := range m.rows {
		if p := &m.rows[i].person; count[p.PersonID] == 1 {
			p.IsPrimary = true
		}
	}
}

// unmappedValues says once per value which statuses and employment types no map knows.
func (m *Mapper) unmappedValues() []Problem {
	var list []Problem
	for k, t := range m.unmapped {
		people := "1 person"
		if t.count > 1 {
			people = fmt.Sprintf("%d people", t.count)
		}
		means := statuses() // all of them: an example would be copied, and might end somebody's access
		if k.column == "employment_type" {
			means = employmentTypes()
		}
		list = append(list, Problem{
			Where: m.t.Where(t.pos), Column: m.header(k.column), Value: short(k.value),
			Message: fmt.Sprintf("is not a known %s, so it counts as unknown and triggers nothing (%s); map it with %s_map = { %q = \"…\" } to one of %s",
				strings.ReplaceAll(k.column, "_", " "), people, k.column, k.value, strings.Join(means, ", ")),
		})
	}
	slices.SortFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Value, b.Value))
	})
	return list
}
