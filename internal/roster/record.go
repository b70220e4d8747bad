package roster

import (
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Add reads one record: the text of each column, in the order of Table.Columns. Whatever is wrong with
// it is remembered as a Problem.
func (m *Mapper) Add(pos int, values []string) {
	m.rows = append(m.rows, row{pos: pos})
	r := &m.rows[len(m.rows)-1]
	p := &r.person
	p.Source = m.t.Name
	p.Status, p.EmploymentType = access.StatusUnknown, access.TypeUnknown
	if !m.hasStat {
		p.Status = access.StatusActive
		if v, ok := m.status.configured[""]; ok {
			p.Status = access.Status(v)
		}
	}
	if v, ok := m.types.configured[""]; ok && !m.hasType {
		p.EmploymentType = access.EmploymentType(v)
	}
	for i := range m.columns {
		c := &m.columns[i]
		v := m.value(values[c.index])
		if msg := damage(v, c.kind); msg != "" {
			m.fault(r, c.header, v, msg)
			continue
		}
		problems := len(r.problems)
		m.set(r, c, v)
		if v != "" && len(r.problems) == problems {
			r.filled |= m.watched[c.name]
		}
	}
	for i := range m.custom {
		c := &m.custom[i]
		if p.Custom == nil {
			p.Custom = make(map[string]string, len(m.custom))
		}
		v := m.value(values[c.index])
		if msg := damage(v, textField); msg != "" {
			m.fault(r, c.header, v, msg)
		} else if v != "" {
			r.filled |= m.watched[c.name]
		}
		p.Custom[c.name] = v
	}
	m.identify(r)
	p.DisplayName = displayName(p)
}

// Reject remembers a record that cannot be read as such (ragged, not an object): message says why.
// The values that could be read serve to name the person.
func (m *Mapper) Reject(pos int, values []string, column, value, message string) {
	m.rows = append(m.rows, row{pos: pos})
	r := &m.rows[len(m.rows)-1]
	r.person.Source = m.t.Name
	r.person.Status, r.person.EmploymentType = access.StatusUnknown, access.TypeUnknown
	for i := range m.columns {
		if c := &m.columns[i]; c.kind == idField && c.text != nil && c.index < len(values) {
			if v := m.value(values[c.index]); damage(v, c.kind) == "" {
				*c.text(&r.person) = v
			}
		}
	}
	m.fault(r, column, value, message)
	m.identify(r)
}

func (m *Mapper) value(raw string) string {
	v := tidy(raw)
	if len(m.null) > 0 && m.null[fold(v)] {
		return ""
	}
	return v
}

func (m *Mapper) fault(r *row, column, value, message string) {
	r.problems = append(r.problems, Problem{Where: m.t.Where(r.pos), Column: column, Value: short(value), Message: message})
}

// short keeps a value from filling the screen.
func short(v string) string {
	const most = 80
	if r := []rune(v); len(r) > most {
		return string(r[:most]) + "…"
	}
	return v
}

func (m *Mapper) set(r *row, c *column, v string) {
	p := &r.person
	switch c.kind {
	case mappedField:
		m.setMapped(r, c, v)
		return
	case dateField:
		if v != "" {
			m.setDate(r, c, v)
		}
		return
	}
	if v == "" {
		return
	}
	switch c.kind {
	case boolField:
		b, ok := boolWords[squash(v)]
		if !ok {
			m.fault(r, c.header, v, "is neither true nor false (nor yes, no, 1, 0)")
			return
		}
		if c.name == "is_primary" {
			p.IsPrimary = b
		} else {
			p.FullTime = &b
		}
		return
	case listField:
		p.OtherEmails = splitList(v)
		return
	case zoneField:
		ok, seen := m.zones[v]
		if !seen {
			ok = isZone(v)
			m.zones[v] = ok
		}
		if !ok {
			m.fault(r, c.header, v, "is not the name of a time zone; write an IANA name such as Europe/Madrid")
			return
		}
	case emailField:
		if !isEmail(v) {
			m.fault(r, c.header, v, "is not an e-mail address; correct it, or leave it empty")
			return
		}
	}
	switch {
	case c.name == "manager_employee_number":
		r.managerNumber = v
	case c.name == "country" && len(v) == 2:
		p.Country = strings.ToUpper(v)
	case c.text != nil:
		*c.text(p) = v
	}
}

func (m *Mapper) setMapped(r *row, c *column, v string) {
	p := &r.person
	table := m.types
	if c.name == "status" {
		table = m.status
	}
	to, ok := table.lookup(v)
	if !ok && v != "" {
		k := unmapped{c.name, v}
		if m.unmapped[k] == nil {
			m.unmapped[k] = &tally{pos: r.pos}
		}
		m.unmapped[k].count++
	}
	if c.name == "status" {
		p.StatusRaw = v
		if ok {
			p.Status = access.Status(to)
		}
		return
	}
	p.EmploymentTypeRaw = v
	if ok {
		p.EmploymentType = access.EmploymentType(to)
	}
	if full, ok := fullTimeWords[squash(v)]; ok && p.FullTime == nil {
		p.FullTime = &full
	}
}

func (m *Mapper) setDate(r *row, c *column, v string) {
	d, err := c.date.parse(v)
	if err != nil {
		m.fault(r, c.header, v, err.Error())
		if c.bad++; c.bad == 1 {
			c.firstBad = r.problems[len(r.problems)-1]
		}
		return
	}
	c.good++
	if openEnd(d) && (c.name == "end_date" || c.name == "last_working_day" || c.name == "contract_end_date") {
		return
	}
	*c.field.date(&r.person) = d
}

// identify derives the keys of a person. A record without one belongs to nobody.
func (m *Mapper) identify(r *row) {
	p := &r.person
	if p.SourceID == "" && m.column("source_id") == nil {
		p.SourceID = p.PersonSourceID
		if p.SourceID == "" && m.column("person_source_id") == nil {
			p.SourceID = p.EmployeeNumber
		}
	}
	key := p.PersonSourceID
	if key == "" {
		key = p.SourceID
	}
	if key == "" {
		if len(r.problems) == 0 {
			m.fault(r, m.key().header, "", "is empty, so the record belongs to nobody; fill it in or remove the record")
		}
		return
	}
	p.PersonID = m.t.Mapping.IDPrefix + key
	if p.TimeZone == "" {
		p.TimeZone = m.t.Mapping.TimeZone
	}
}

// displayName is what the source shows, else the preferred name, else the legal one.
func displayName(p *access.Person) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	given, family := p.PreferredGivenName, p.PreferredFamilyName
	if given == "" {
		given = p.GivenName
	}
	if family == "" {
		family = p.FamilyName
	}
	return strings.TrimSpace(given + " " + family)
}
