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

// Expect is what configuration knows about a roster before it is read. A reading that is otherwise is an
// error as a whole: from a file that is cut, of another company or exported with other columns, nothing
// must be computed. The zero value expects nothing.
type Expect struct {
	// MinPeople is the fewest people who are employed: whose status is neither terminated nor never_started.
	MinPeople int
	// MinFilled is the percentage of those people who must have a value, by field ([Fields]) or custom name.
	// A field for which there is no column has no values.
	MinFilled map[string]int
	// Columns is the header that the source must have, in any order; nil does not look.
	Columns []string
}

// mostFilled is how many fields can be watched: one bit of a row each.
const mostFilled = 64

// validate reports what is wrong with the expectations by themselves. custom are the names of extra fields.
func (e Expect) validate(custom map[string]string) error {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	if e.MinPeople < 0 {
		bad("Write a number of people.", "min_people is %d", e.MinPeople)
	}
	known := slices.Concat(Fields(), slices.Sorted(maps.Keys(custom)))
	for _, f := range e.watched() {
		if !slices.Contains(known, f) {
			bad(suggest(f, known), "min_filled: %q is neither a field of a person nor a name in custom", f)
		}
		if p := e.MinFilled[f]; p < 0 || p > 100 {
			bad("Write a percentage from 0 to 100.", "min_filled: %s is %d", f, p)
		}
	}
	if len(e.MinFilled) > mostFilled {
		bad("Name the fields that your policy needs.", "min_filled names %d fields and no more than %d are watched", len(e.MinFilled), mostFilled)
	}
	for i, c := range e.Columns {
		if strings.TrimSpace(c) == "" {
			bad("Name the column, or take the empty name out.", "columns: name %d is empty", i+1)
		}
		if slices.ContainsFunc(e.Columns[:i], func(o string) bool { return sameColumn(o, c) }) {
			bad("Name it once.", "columns: %q is there twice", c)
		}
	}
	return errors.Join(errs...)
}

// watched are the fields of MinFilled, sorted; their place is their bit in row.filled.
func (e Expect) watched() []string { return slices.Sorted(maps.Keys(e.MinFilled)) }

func sameColumn(a, b string) bool { return fold(tidy(a)) == fold(tidy(b)) }

// header compares the columns there are with those that must be there, both ways.
func (e Expect) header(columns []string) error {
	if e.Columns == nil {
		return nil
	}
	without := func(list, from []string) []string {
		var out []string
		for _, c := range list {
			if strings.TrimSpace(c) != "" && !slices.ContainsFunc(from, func(o string) bool { return sameColumn(o, c) }) {
				out = append(out, quote(c))
			}
		}
		return out
	}
	missing, extra := without(e.Columns, columns), without(columns, e.Columns)
	if len(missing)+len(extra) == 0 {
		return nil
	}
	var how []string
	if len(missing) > 0 {
		how = append(how, "missing: "+listed(missing))
	}
	if len(extra) > 0 {
		how = append(how, "new: "+listed(extra))
	}
	return &fault.Error{
		Kind: fault.Invalid, Cause: "its header is not the one that columns expects; " + strings.Join(how, "; "),
		Next: "Export it with the columns it had. If the new header is meant, write it into columns, and look at field_map.",
	}
}

func listed(names []string) string {
	const most = 20
	if n := len(names) - most; n > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

// watch prepares for counting values. The caller has resolved the columns.
func (m *Mapper) watch() {
	m.watched = make(map[string]uint64)
	for i, f := range m.t.Mapping.Expect.watched() {
		m.watched[f] = 1 << (i % mostFilled)
	}
}

// expected compares the records with what configuration expects of them.
func (m *Mapper) expected() error {
	e := m.t.Mapping.Expect
	var errs []error
	people, employed := make(map[string]bool), 0
	filled := make(map[string]int)
	for i := range m.rows {
		r := &m.rows[i]
		if r.person.Status == access.StatusTerminated || r.person.Status == access.StatusNeverStarted {
			continue
		}
		employed++
		if r.person.PersonID != "" {
			people[r.person.PersonID] = true
		}
		for f, bit := range m.watched {
			if r.filled&bit != 0 {
				filled[f]++
			}
		}
	}
	if len(people) < e.MinPeople {
		errs = append(errs, &fault.Error{
			Kind: fault.Invalid,
			Cause: fmt.Sprintf("it lists %d people who are employed (%d records in all), and min_people is %d: it may be cut short, or another file",
				len(people), len(m.rows), e.MinPeople),
			Next: "Check the export and export it again, whole. If so few people are right, lower min_people.",
		})
	}
	for _, f := range e.watched() {
		want := e.MinFilled[f]
		if employed == 0 || filled[f]*100 >= want*employed {
			continue
		}
		where := "no column is read as " + f
		if c := m.named(f); c != nil {
			where = "column " + quote(c.header)
		}
		errs = append(errs, &fault.Error{
			Kind: fault.Invalid,
			Cause: fmt.Sprintf("%s has a value for %d of %d people who are employed, which is %d %%, and min_filled wants %d %% (%s)",
				f, filled[f], employed, filled[f]*100/employed, want, where),
			Next: "Check the export: a column that was renamed or that the export may not read looks like this. If it is right, correct field_map or lower min_filled.",
		})
	}
	return errors.Join(errs...)
}

// named is the column of a field or of a custom name, or nil.
func (m *Mapper) named(name string) *column {
	if c := m.column(name); c != nil {
		return c
	}
	for i := range m.custom {
		if m.custom[i].name == name {
			return &m.custom[i]
		}
	}
	return nil
}
