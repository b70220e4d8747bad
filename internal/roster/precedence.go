package roster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// owned is a field that another roster than the first may know better. Keys, dates and the status are none: they belong
// to an employment and not to whoever describes the person.
type owned struct {
	name string
	get  func(*access.Person) string
	set  func(to, from *access.Person)
}

// ownedFields are all of them, those whose conflicts are reported first.
func ownedFields() []owned {
	var list []owned
	for _, f := range fields() {
		if f.text == nil || f.kind == mappedField || strings.HasSuffix(f.name, "source_id") || f.name == "manager_email" {
			continue
		}
		list = append(list, owned{
			f.name,
			func(p *access.Person) string { return *f.text(p) },
			func(to, from *access.Person) { *f.text(to) = *f.text(from) },
		})
	}
	return append(list, owned{
		"manager",
		func(p *access.Person) string { return p.ManagerID },
		func(to, from *access.Person) {
			to.ManagerID, to.ManagerEmail, to.ManagerSourceID = from.ManagerID, from.ManagerEmail, from.ManagerSourceID
		},
	})
}

// OwnedFields are the names that [Settle] takes.
func OwnedFields() []string {
	var names []string
	for _, f := range ownedFields() {
		names = append(names, f.name)
	}
	return names
}

// telling are fields whose conflict between two rosters is worth a look: who somebody is, and what rules ask for most.
var telling = []string{"employee_number", "given_name", "family_name", "work_email", "user_name", "department", "title", "manager"}

// Settle lets rosters speak for single fields, after [Merge]. For each field, precedence names rosters, the strongest
// first; the first of them that has a value gives it to all records of the person. Other fields stay as each record has
// them. Order is that of all rosters. Where two of them disagree on a field that precedence does not settle, one notice
// says for how many people.
//
// Only records of people who have not left speak: an old employment says nothing about today.
func Settle(all *Roster, order []string, precedence map[string][]string) error {
	known := ownedFields()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(precedence)) {
		if !slices.ContainsFunc(known, func(f owned) bool { return f.name == name }) {
			errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("field_precedence: %q is no field that a roster can speak for", name), Next: suggest(name, OwnedFields())})
		}
		for _, r := range precedence[name] {
			if !slices.Contains(order, r) {
				errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("field_precedence: %s names the roster %q, which is not read here", name, r), Next: suggest(r, order)})
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	type pair struct{ field, a, b string }
	conflicts := map[pair][]string{}
	for _, records := range tellings(all) {
		for _, f := range known {
			if ranks, ok := precedence[f.name]; ok {
				if from := speaker(records, f, ranks); from != nil {
					for _, p := range records {
						if p != from {
							f.set(p, from)
						}
					}
				}
				continue
			}
			if !slices.Contains(telling, f.name) {
				continue
			}
			seen := map[pair]bool{}
			for i, a := range records {
				for _, b := range records[i+1:] {
					k := pair{f.name, a.Source, b.Source}
					if x, y := f.get(a), f.get(b); a.Source != b.Source && x != "" && y != "" && fold(x) != fold(y) && !seen[k] {
						seen[k] = true
						conflicts[k] = append(conflicts[k], a.PersonID)
					}
				}
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(conflicts), func(a, b pair) int {
		return strings.Compare(a.field+"\x00"+a.a+"\x00"+a.b, b.field+"\x00"+b.a+"\x00"+b.b)
	}) {
		ids := conflicts[k]
		slices.Sort(ids)
		const most = 5
		who := strings.Join(ids[:min(most, len(ids))], ", ")
		if n := len(ids) - most; n > 0 {
			who += fmt.Sprintf(" and %d more", n)
		}
		all.Notices = append(all.Notices, Problem{
			Where: "rosters " + k.a + " and " + k.b, Column: k.field,
			Message: fmt.Sprintf("differs for %s; what the person's main employment says counts; settle it with field_precedence = { %s = [%q] } or in the systems", who, k.field, k.a),
		})
	}
	return nil
}

// tellings are the current records of each person of whom several rosters tell.
func tellings(all *Roster) [][]*access.Person {
	by := map[string][]*access.Person{}
	for i := range all.People {
		if p := &all.People[i]; p.Status != access.StatusTerminated && p.Status != access.StatusNeverStarted {
			by[p.PersonID] = append(by[p.PersonID], p)
		}
	}
	var list [][]*access.Person
	for _, id := range slices.Sorted(maps.Keys(by)) {
		if records := by[id]; slices.ContainsFunc(records, func(p *access.Person) bool { return p.Source != records[0].Source }) {
			list = append(list, records)
		}
	}
	return list
}

// speaker is the record that tells a field: of the strongest roster that has a value, its main employment.
func speaker(records []*access.Person, f owned, ranks []string) *access.Person {
	for _, r := range ranks {
		var found *access.Person
		for _, p := range records {
			if p.Source == r && f.get(p) != "" && (found == nil || p.IsPrimary && !found.IsPrimary) {
				found = p
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}
