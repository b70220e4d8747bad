package roster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Table describes the records that a Mapper is to read.
type Table struct {
	Name    string // the roster block's name
	Subject string // what is read, for messages: "people.csv"
	Columns []string
	Mapping Mapping
	// Size is about how many records there are; 0 when that is not known.
	Size int
	// Where names a record for messages ("people.csv:17"), given the position with which it was added.
	Where func(pos int) string
}

// Mapper turns the records of one reading, each a text per column, into people. Add or Reject every
// record, then ask for the Roster. Not safe for concurrent use.
type Mapper struct {
	t       Table
	columns []column
	custom  []column
	null    map[string]bool
	status  valueMap
	types   valueMap
	zones   map[string]bool
	hasType bool              // an employment type column is there
	hasStat bool              // a status column is there
	watched map[string]uint64 // the bit of each field of Mapping.Expect.MinFilled in row.filled

	rows     []row
	unmapped map[unmapped]*tally
}

// column is one resolved column. good and bad count the values of a date column.
type column struct {
	field
	header    string
	index     int
	date      dateParser
	good, bad int
	firstBad  Problem
}

// row is one record: its person, what the person has no field for, and what is wrong with it.
type row struct {
	person        access.Person
	pos           int
	managerNumber string
	filled        uint64 // see Mapper.watched
	problems      []Problem
}

type unmapped struct{ column, value string }

type tally struct {
	pos   int
	count int
}

// mostExpected keeps a wrong Size, a file of line ends for one, from asking for all the memory at once.
const mostExpected = 1 << 17

// NewMapper finds the columns. Its error joins all that is missing, each naming the columns there are.
func NewMapper(t Table) (*Mapper, error) {
	m := &Mapper{
		t: t, null: map[string]bool{}, zones: map[string]bool{}, unmapped: map[unmapped]*tally{},
		status: newValueMap(t.Mapping.StatusMap, statuses(), statusWords),
		types:  newValueMap(t.Mapping.EmploymentTypeMap, employmentTypes(), employmentTypeWords),
		rows:   make([]row, 0, min(t.Size, mostExpected)),
	}
	for _, v := range t.Mapping.NullValues {
		m.null[fold(tidy(v))] = true
	}
	if err := errors.Join(t.Mapping.Validate(), t.Mapping.Expect.header(t.Columns), m.resolve()); err != nil {
		return nil, ReadError(t.Name, t.Subject, err)
	}
	m.watch()
	return m, nil
}

// resolve gives each field its column: the configured one, else the first free one that its aliases name.
func (m *Mapper) resolve() error {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	exact, folded, squashed := index(m.t.Columns)
	find := func(what, header string) (int, bool) {
		i, ok := exact[header]
		if !ok {
			i, ok = folded[fold(tidy(header))]
		}
		if !ok {
			bad(m.suggestColumn(header), "%s is mapped to the column %q, which is not there", what, header)
		} else if i < 0 {
			bad("Rename one of them, so that it is clear which is meant.", "%s is mapped to the column %q, which is there more than once", what, header)
		}
		return i, ok && i >= 0
	}

	taken := map[int]bool{}
	found := map[string]int{}
	missing := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(m.t.Mapping.FieldMap)) {
		if h := m.t.Mapping.FieldMap[name]; strings.TrimSpace(h) == "" {
			found[name] = -1
		} else if i, ok := find("field_map: "+name, h); ok {
			taken[i], found[name] = true, i
		} else {
			found[name], missing[name] = -1, true
		}
	}
	for _, f := range fields() {
		i, configured := found[f.name]
		for a := 0; !configured && a < len(f.aliases); a++ {
			if at, ok := squashed[squash(f.aliases[a])]; ok && !taken[at] {
				i, configured, taken[at] = at, true, true
			}
		}
		if !configured || i < 0 {
			continue
		}
		c := column{field: f, header: m.t.Columns[i], index: i}
		if f.kind == dateField {
			format := m.t.Mapping.DateFormat
			if own, ok := m.t.Mapping.DateFormats[f.name]; ok {
				format = own
			}
			c.date, _ = compileDate(format) // Validate has compiled it before
		}
		m.hasStat = m.hasStat || f.name == "status"
		m.hasType = m.hasType || f.name == "employment_type"
		m.columns = append(m.columns, c)
	}
	for _, name := range slices.Sorted(maps.Keys(m.t.Mapping.Custom)) {
		if i, ok := find("custom: "+name, m.t.Mapping.Custom[name]); ok {
			m.custom = append(m.custom, column{field: field{name: name}, header: m.t.Columns[i], index: i})
		}
	}

	if m.key() == nil && !missing["source_id"] && !missing["person_source_id"] && !missing["employee_number"] {
		bad(`Set field_map = { source_id = "…" } to a column that never changes and is never given to somebody else. The columns are: `+m.columnList()+".",
			"no column says who a person is: there is neither source_id nor person_source_id nor employee_number")
	}
	if _, told := found["status"]; !told && !m.hasStat {
		// Without a status everybody listed counts as employed until a date says otherwise, so a status
		// column under a new name must not go unnoticed.
		for i, h := range m.t.Columns {
			if s := squash(h); !taken[i] && (strings.Contains(s, "status") || s == "active" || s == "isactive" || s == "stage" || s == "state") {
				bad(fmt.Sprintf("Set field_map = { status = %q }, or field_map = { status = \"\" } if it is something else.", h),
					"the column %q looks like the status of a person, but no column is mapped to it", h)
			}
		}
	}
	return errors.Join(errs...)
}

// key is the column that makes person_id, or nil.
func (m *Mapper) key() *column {
	for _, name := range []string{"source_id", "person_source_id", "employee_number"} {
		if c := m.column(name); c != nil {
			return c
		}
	}
	return nil
}

func (m *Mapper) column(name string) *column {
	for i := range m.columns {
		if m.columns[i].name == name {
			return &m.columns[i]
		}
	}
	return nil
}

// header is the column of a field as the source writes it, for messages.
func (m *Mapper) header(name string) string {
	if c := m.column(name); c != nil {
		return c.header
	}
	return name
}

// index finds columns as written, regardless of case, and by letters and digits. What the first two
// find twice is -1; among aliases the first column wins.
func index(columns []string) (exact, folded, squashed map[string]int) {
	exact, folded, squashed = map[string]int{}, map[string]int{}, map[string]int{}
	put := func(to map[string]int, key string, i int) {
		if _, ok := to[key]; ok {
			i = -1
		}
		to[key] = i
	}
	for i, h := range columns {
		put(exact, h, i)
		put(folded, fold(tidy(h)), i)
		if s := squash(h); s != "" {
			if _, ok := squashed[s]; !ok {
				squashed[s] = i
			}
		}
	}
	return exact, folded, squashed
}

func (m *Mapper) suggestColumn(header string) string {
	next := "The columns are: " + m.columnList() + "."
	if near := nearest(header, m.t.Columns); near != "" {
		next = "Did you mean " + quote(near) + "? " + next
	}
	return next
}

func (m *Mapper) columnList() string {
	const most = 60
	var list []string
	for _, h := range m.t.Columns {
		if h != "" {
			list = append(list, strconv.Quote(h))
		}
	}
	if n := len(list); n > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(list, ", ")
}

// Known counts the columns that configuration or the built-in aliases would use: how much a header
// looks like a roster's.
func (m Mapping) Known(columns []string) int {
	known := map[string]bool{}
	for _, f := range fields() {
		for _, a := range f.aliases {
			known[squash(a)] = true
		}
	}
	for _, list := range []map[string]string{m.FieldMap, m.Custom} {
		for _, h := range list {
			known[squash(h)] = true
		}
	}
	n := 0
	for _, h := range columns {
		if s := squash(h); s != "" && known[s] {
			n++
		}
	}
	return n
}
