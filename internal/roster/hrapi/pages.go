package hrapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/flatten"
)

// Pages takes in what a kind reads and holds it to be complete: half a company must never look like a mass departure.
// Not safe for concurrent use.
type Pages struct {
	kind     Kind
	want     []string
	walker   flatten.Walker
	made     map[string]int // paths that Adjust made: number behind those of the walker
	records  []Record
	ids      map[string]int // id -> page
	pages    int
	total    int // -1: not told
	returned map[string]bool
	withheld []string
}

func newPages(k Kind, want []string) *Pages {
	p := &Pages{kind: k, want: want, ids: map[string]int{}, total: -1, returned: map[string]bool{}}
	exact := map[string]bool{}
	var below []string
	for _, path := range want {
		if prefix, ok := strings.CutSuffix(path, "*"); ok {
			below = append(below, prefix)
		} else {
			exact[path] = true
		}
	}
	p.walker.Keep = func(path string) bool {
		return exact[path] || slices.ContainsFunc(below, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
	}
	return p
}

// errChanged marks a reading that is worth repeating at once.
var errChanged = errors.New("the list changed while it was read")

// Changed is the error for a reading that the system broke off because its data changed in between. The reading begins
// again, once.
func Changed(format string, args ...any) error {
	return &fault.Error{Kind: fault.Unavailable, Cause: fmt.Sprintf(format, args...), Next: "Run again; nothing is decided on half a roster.", Err: errChanged}
}

// Total says how many records the system counts in all. A number that moves while pages are read means that they do not fit together.
func (p *Pages) Total(n int) error {
	if p.total >= 0 && p.total != n {
		return Changed("%s counted %d records, and %d while they were read", p.kind.Title, p.total, n)
	}
	p.total = n
	return nil
}

// Returned names paths that the system says its answer has, whether any record has a value there or not.
func (p *Pages) Returned(paths ...string) {
	for _, path := range paths {
		p.returned[path] = true
	}
}

// Withheld names a path that the system says it keeps back from this credential, with its reason or "".
func (p *Pages) Withheld(path, reason string) {
	if reason != "" {
		path += " (" + reason + ")"
	}
	if !slices.Contains(p.withheld, path) {
		p.withheld = append(p.withheld, path)
	}
}

// Len is how many records there are so far.
func (p *Pages) Len() int { return len(p.records) }

// Add takes one page in. A record that is broken names itself and ends the reading, because nobody knows what it
// stands for. An id that an earlier page had means a repeated page, or one that moved.
func (p *Pages) Add(page []json.RawMessage) error {
	p.pages++
	for i, raw := range page {
		p.walker.Data = raw
		expect := 0
		if n := len(p.records); n > 0 {
			expect = len(p.records[n-1].cells)
		}
		r, _ := p.walker.Record(p.walker.Space(0), expect)
		rec := Record{cells: r.Cells, pages: p}
		rec.ID = rec.Get(p.kind.Key)
		switch {
		case !r.Object:
			return p.broken(i, "", "is not an object")
		case rec.ID == "":
			return p.broken(i, "", fmt.Sprintf("has no %q, which every one has", p.kind.Key))
		case r.Twice != "":
			return p.broken(i, rec.ID, fmt.Sprintf("has the key %q twice, so which value holds is unknown", r.Twice))
		case r.Nested != "" && slices.Contains(p.want, r.Nested):
			return p.broken(i, rec.ID, fmt.Sprintf("holds at %q an object or a list of objects where a text belongs", r.Nested))
		}
		if at, ok := p.ids[rec.ID]; ok && at != p.pages {
			return Changed("%s came on page %d and again on page %d: the list moved while it was read, or a page is repeated", p.where(rec.ID), at, p.pages)
		}
		p.ids[rec.ID] = p.pages
		if p.kind.Adjust != nil {
			p.kind.Adjust(&rec)
		}
		p.records = append(p.records, rec)
	}
	return nil
}

// broken names a record that cannot be read: by its id, else by its place.
func (p *Pages) broken(i int, id, what string) error {
	name := p.where(id)
	if id == "" {
		name = fmt.Sprintf("%s number %d on page %d", p.kind.Noun, i+1, p.pages)
		if n := len(p.records); n > 0 {
			name += ", after " + p.kind.Noun + " " + p.records[n-1].ID + ","
		}
	}
	return invalid("Correct the record there, or the mapping if another path is meant. Nothing is decided on a roster with a hole.", "%s %s", name, what)
}

// where names a record for messages.
func (p *Pages) where(id string) string { return p.kind.Info.Kind + " " + p.kind.Noun + " " + id }

// mayBeBlank are the fields that can be empty for everybody in a company in order.
var mayBeBlank = []string{
	"end_date", "last_working_day", "contract_end_date", "middle_name", "preferred_given_name", "preferred_family_name",
	"original_hire_date", "personal_email", "other_emails",
}

// complete reports all that is missing from the reading as a whole. fieldsOf gives the fields that are read from a path.
func (p *Pages) complete(fieldsOf map[string][]string) error {
	var errs []error
	if p.total >= 0 && p.total != len(p.records) {
		errs = append(errs, Changed("%s counts %d records and gave %d in %d pages", p.kind.Title, p.total, len(p.records), p.pages))
	}
	slices.Sort(p.withheld)
	if len(p.withheld) > 0 {
		errs = append(errs, &fault.Error{
			Kind: fault.Forbidden, Cause: fmt.Sprintf("%s keeps back from this credential: %s", p.kind.Title, strings.Join(p.withheld, ", ")),
			Next: "Give the credential the permission to see them, or switch a field off that you do not need: field_map = { department = \"\" }, for example.",
		})
	}
	if len(p.records) == 0 || errors.Join(errs...) != nil {
		return errors.Join(errs...)
	}
	var lost, off []string
	there := p.there()
	for _, path := range p.want {
		fields := fieldsOf[path]
		blank := func(f string) bool {
			return slices.Contains(mayBeBlank, f) || len(p.records) == 1 && strings.HasPrefix(f, "manager_") // who is alone has none
		}
		if strings.HasSuffix(path, "*") || there(path) || p.kind.OmitsEmpty && (len(fields) == 0 || !slices.ContainsFunc(fields, func(f string) bool { return !blank(f) })) {
			continue
		}
		lost = append(lost, fmt.Sprintf("%q (%s)", path, cmp.Or(strings.Join(fields, ", "), "needed to tell the status")))
		for _, f := range fields {
			if name, ok := strings.CutPrefix(f, "custom."); ok {
				f = "custom: " + name
			} else {
				f += ` = ""`
			}
			off = append(off, f)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	next := "Give the credential the permission to see them."
	if len(off) > 0 {
		next += " What does not exist in this company is switched off with field_map = { " + strings.Join(off, ", ") + " }."
	}
	next += " " + p.suggest(lost)
	return &fault.Error{
		Kind: fault.Forbidden, Next: strings.TrimSpace(next),
		Cause: fmt.Sprintf("%s was asked for %s and gave none of it for any of %d records: that is a lost permission or another name, not an empty field", p.kind.Title, strings.Join(lost, ", "), len(p.records)),
	}
}

// there tells whether a path came back: some record has it, or has nothing in its place, or the system said so.
func (p *Pages) there() func(string) bool {
	have, blank := map[string]bool{}, map[string]bool{}
	for id, c := range p.walker.Columns() {
		have[c] = true
		blank[c] = p.walker.Blank(id)
	}
	return func(path string) bool {
		if have[path] || p.returned[path] {
			return true
		}
		for at := path; ; {
			i := strings.LastIndexByte(at, '.')
			if i < 0 {
				return false
			}
			if at = at[:i]; blank[at] { // "department": null for everybody who has no "department.name"
				return true
			}
		}
	}
}

// suggest lists what the records have.
func (p *Pages) suggest(lost []string) string {
	const most = 60
	var have []string
	for _, c := range p.walker.Columns() {
		if c != "" {
			have = append(have, c)
		}
	}
	slices.Sort(have)
	var near []string
	for _, l := range lost {
		if path, _, ok := strings.Cut(strings.TrimPrefix(l, `"`), `"`); ok {
			if n := roster.Nearest(path, have); n != "" {
				near = append(near, fmt.Sprintf("%q for %q", n, path))
			}
		}
	}
	text := ""
	if len(near) > 0 {
		text = "Did you mean " + strings.Join(near, ", ") + "? "
	}
	if n := len(have); n > most {
		return text + "The records have: " + strings.Join(have[:most], ", ") + fmt.Sprintf(" and %d more.", n-most)
	}
	return text + "The records have: " + strings.Join(have, ", ") + "."
}

// columns are all paths by number; wanted ones that are blank for everybody, and made ones, come last.
func (p *Pages) columns() []string {
	columns := p.walker.Columns()
	have := map[string]bool{}
	for _, c := range columns {
		have[c] = true
	}
	made := make([]string, len(p.made))
	for path, at := range p.made {
		made[at] = path
		have[path] = true
	}
	for i := range p.records {
		for j, c := range p.records[i].cells {
			if c.Path < 0 {
				p.records[i].cells[j].Path = len(columns) - 1 - c.Path
			}
		}
	}
	columns = append(columns, made...)
	for _, path := range slices.Concat(p.want, p.kind.Made) {
		if !have[path] && !strings.HasSuffix(path, "*") {
			columns, have[path] = append(columns, path), true
		}
	}
	return columns
}
