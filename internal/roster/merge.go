package roster

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Key is a field by which records of different rosters are known to be about one person.
type Key string

// The keys, as `merge_by` spells them.
const (
	ByPersonSourceID Key = "person_source_id"
	ByEmployeeNumber Key = "employee_number"
	ByWorkEmail      Key = "work_email"
)

// Keys lists every Key.
func Keys() []Key { return []Key{ByPersonSourceID, ByEmployeeNumber, ByWorkEmail} }

// of is the value of the key, "" where the record has none.
func (k Key) of(p *access.Person) string {
	switch k {
	case ByPersonSourceID:
		return cmp.Or(p.PersonSourceID, p.SourceID)
	case ByEmployeeNumber:
		return p.EmployeeNumber
	case ByWorkEmail:
		return fold(p.WorkEmail)
	}
	return ""
}

// Merge makes one roster of several, the strongest first. A person of a later roster who has the same value as
// one of an earlier roster in the first of the keys that finds anybody gets the earlier one's PersonID: all
// employments of one person then have one id, whichever roster tells of them.
//
// Nobody is merged on a guess: a record that could be either of two people is a Problem, after those of the rosters. One PersonID of two
// rosters that no key explains is two people until somebody says otherwise, and the error names them. Without
// keys nobody is merged.
func Merge(rosters []Roster, keys ...Key) (Roster, error) {
	m := merger{keys: keys, roster: map[string]string{}, by: make([]map[string][]string, len(keys)), current: map[string]bool{}, collisions: map[[2]string][]string{}}
	for k := range keys {
		m.by[k] = map[string][]string{}
	}
	var all Roster
	for i := range rosters {
		m.add(&all, rosters[i])
	}
	all.Problems = append(all.Problems, m.doubts...)
	var errs []error
	for _, pair := range slices.SortedFunc(maps.Keys(m.collisions), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		errs = append(errs, m.collision(pair))
	}
	return all, errors.Join(errs...)
}

// merger knows the people of the rosters that were added.
type merger struct {
	keys       []Key
	roster     map[string]string     // PersonID -> the roster that told of it first
	by         []map[string][]string // by key: value -> PersonIDs
	current    map[string]bool       // PersonIDs of people who have not left, as far as the status says
	collisions map[[2]string][]string
	doubts     []Problem
}

// add takes in one roster.
func (m *merger) add(all *Roster, r Roster) {
	people := map[string][]*access.Person{}
	for _, list := range [][]access.Person{r.People, r.Faulty} {
		for i := range list {
			people[list[i].PersonID] = append(people[list[i].PersonID], &list[i])
		}
	}
	now, doubts := m.present(people)
	rename := func(id string) string {
		if to, ok := now[id]; ok {
			return to
		}
		return id
	}
	add := func(to *[]access.Person, p access.Person) {
		p.PersonID, p.ManagerID = rename(p.PersonID), rename(p.ManagerID)
		*to = append(*to, p)
	}
	for _, p := range r.Problems {
		p.PersonID = rename(p.PersonID)
		all.Problems = append(all.Problems, p)
	}
	for _, p := range r.People {
		if doubt, ok := doubts[p.PersonID]; ok {
			m.doubts = append(m.doubts, Problem{PersonID: p.PersonID, Where: p.Source + ", record " + cmp.Or(p.SourceID, p.PersonID), Message: doubt})
			add(&all.Faulty, p)
			continue
		}
		add(&all.People, p)
	}
	for _, p := range r.Faulty {
		add(&all.Faulty, p)
	}
	all.Notices = append(all.Notices, r.Notices...)
	m.know(people, rename)
}

// present finds who of a roster is somebody already known: by PersonID, the one to go by. Whoever cannot be
// told apart is a doubt.
func (m *merger) present(people map[string][]*access.Person) (now, doubts map[string]string) {
	now, doubts = map[string]string{}, map[string]string{}
	same := map[string][]string{} // known PersonID -> those of this roster that mean it and are not over
	ids := slices.Sorted(maps.Keys(people))
	for _, id := range ids {
		to, doubt := m.find(people[id])
		if doubt != "" {
			doubts[id] = doubt
		} else if to != "" {
			now[id] = to
			if current(people[id]) {
				same[to] = append(same[to], id)
			}
		}
	}
	for to, several := range same {
		if len(several) < 2 {
			continue // one person, perhaps with ids of former employments beside
		}
		for _, id := range several {
			delete(now, id)
			doubts[id] = fmt.Sprintf("%s all have a key of %s, who is one person in %s; correct merge_by or the records", strings.Join(several, ", "), to, m.roster[to])
		}
	}
	for _, id := range ids {
		if first, ok := m.roster[id]; ok && now[id] == "" {
			pair := [2]string{first, people[id][0].Source}
			m.collisions[pair] = append(m.collisions[pair], id)
		}
	}
	return now, doubts
}

// find is the known person whom records mean, by the first key that finds anybody.
func (m *merger) find(records []*access.Person) (id, doubt string) {
	for k, key := range m.keys {
		var found []string
		for _, p := range records {
			if v := key.of(p); v != "" {
				found = append(found, m.by[k][v]...)
			}
		}
		slices.Sort(found)
		found = slices.Compact(found)
		if len(found) > 1 { // a former and a present one: the present one is meant
			if here := slices.DeleteFunc(slices.Clone(found), func(id string) bool { return !m.current[id] }); len(here) == 1 {
				found = here
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return found[0], ""
		}
		return "", fmt.Sprintf("its %s is that of %s, who are different people in %s; correct the records, or merge by another key", key, strings.Join(found, " and "), m.roster[found[0]])
	}
	return "", ""
}

// know remembers the people of a roster.
func (m *merger) know(people map[string][]*access.Person, rename func(string) string) {
	for was, records := range people {
		id := rename(was)
		if id == "" {
			continue
		}
		if _, ok := m.roster[id]; !ok {
			m.roster[id] = records[0].Source
		}
		m.current[id] = m.current[id] || current(records)
		for k, key := range m.keys {
			for _, p := range records {
				if v := key.of(p); v != "" && !slices.Contains(m.by[k][v], id) {
					m.by[k][v] = append(m.by[k][v], id)
				}
			}
		}
	}
}

// current reports whether one of the records is not over.
func current(records []*access.Person) bool {
	return slices.ContainsFunc(records, func(p *access.Person) bool {
		return p.Status != access.StatusTerminated && p.Status != access.StatusNeverStarted
	})
}

// collision is the error for two rosters with one PersonID for two people.
func (m *merger) collision(pair [2]string) error {
	const most = 10
	ids := m.collisions[pair]
	list := strings.Join(ids[:min(most, len(ids))], ", ")
	if n := len(ids) - most; n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	cause := fmt.Sprintf("the rosters %s and %s both have the person_id %s", pair[0], pair[1], list)
	next := "Give one of the roster blocks an id_prefix if these are different people. If they are the same people, say with merge_by what shows it."
	if len(m.keys) > 0 {
		words := make([]string, len(m.keys))
		for i, k := range m.keys {
			words[i] = string(k)
		}
		cause += ", and merge_by (" + strings.Join(words, ", ") + ") does not show that they are the same people"
		next = "Give one of the roster blocks an id_prefix if these are different people. If they are the same people, correct the records or add a key to merge_by."
	}
	return &fault.Error{Kind: fault.Invalid, Op: "tell apart", Subject: "the people of rosters " + pair[0] + " and " + pair[1], Cause: cause, Next: next}
}
