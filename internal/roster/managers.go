package roster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// several marks a key that more than one person has.
const several = "\x00several"

// directory finds people of one reading by what a manager column can hold.
type directory struct{ source, person, number, email map[string]string }

func (m *Mapper) directory() directory {
	d := directory{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
	put := func(to map[string]string, key, id string) {
		if key == "" || id == "" {
			return
		}
		if old, ok := to[key]; ok && old != id {
			id = several
		}
		to[key] = id
	}
	for i := range m.rows {
		p := &m.rows[i].person
		put(d.source, p.SourceID, p.PersonID)
		put(d.person, p.PersonSourceID, p.PersonID)
		put(d.number, p.EmployeeNumber, p.PersonID)
		put(d.email, fold(p.WorkEmail), p.PersonID)
	}
	return d
}

// find is the person_id that a manager value means: "" for nobody, several for more than one. An id in
// one column may be a number in another, so two answers are no answer.
func (d directory) find(v string) string {
	found := ""
	for _, by := range []map[string]string{d.source, d.person, d.number, d.email} {
		key := v
		if strings.Contains(v, "@") {
			key = fold(v)
		}
		if id, ok := by[key]; ok {
			if found != "" && found != id {
				return several
			}
			found = id
		}
	}
	return found
}

// managers resolves everybody's manager inside this reading. Nothing about managers is a fault of the
// person: whoever cannot be found is a notice.
func (m *Mapper) managers() []Problem {
	byID, byNumber, byEmail := m.column("manager_source_id"), m.column("manager_employee_number"), m.column("manager_email")
	if byID == nil && byNumber == nil && byEmail == nil {
		return nil
	}
	d := m.directory()
	emails := map[string]string{} // person_id -> work e-mail, of several the first by the alphabet
	for i := range m.rows {
		p := &m.rows[i].person
		if e := emails[p.PersonID]; p.WorkEmail != "" && (e == "" || p.WorkEmail < e) {
			emails[p.PersonID] = p.WorkEmail
		}
	}
	told, found := 0, 0
	var missing []Problem
	for i := range m.rows {
		r := &m.rows[i]
		p := &r.person
		tries := []struct {
			c     *column
			value string
			id    string
		}{
			{byID, p.ManagerSourceID, d.find(p.ManagerSourceID)},
			{byNumber, r.managerNumber, d.number[r.managerNumber]},
			{byEmail, p.ManagerEmail, d.email[fold(p.ManagerEmail)]},
		}
		var doubt *Problem
		for _, t := range tries {
			if t.c == nil || t.value == "" {
				continue
			}
			n := Problem{PersonID: p.PersonID, Where: m.t.Where(r.pos), Column: t.c.header, Value: short(t.value)}
			switch t.id {
			case "":
				n.Message = "names a manager who is not in this roster by id, employee number or e-mail; the manager stays unknown"
			case several:
				n.Message = "can mean more than one person; map the column to manager_employee_number or manager_email to say which kind of key it is"
			case p.PersonID:
				n.Message = "is the person's own key, so the manager counts as unknown; correct it or leave it empty"
			default:
				p.ManagerID = t.id
			}
			if p.ManagerID != "" {
				break
			}
			if doubt == nil {
				doubt = &n
			}
		}
		switch {
		case p.ManagerID != "":
			told, found = told+1, found+1
			if p.ManagerEmail == "" {
				p.ManagerEmail = emails[p.ManagerID]
			}
		case doubt != nil:
			told++
			missing = append(missing, *doubt)
		}
	}
	if found == 0 && told > wrongColumn {
		one := missing[0]
		one.PersonID = ""
		one.Message = fmt.Sprintf("and all other %d values name nobody in this roster by id, employee number or e-mail, so every manager is unknown; map the right column to manager_source_id, manager_employee_number or manager_email", told-1)
		return []Problem{one}
	}
	return append(missing, m.loops()...)
}

// loops finds people who manage each other in a circle, once per circle. Their managers stay as told,
// because which one is wrong cannot be known: whoever climbs a chain stops at the first repetition.
func (m *Mapper) loops() []Problem {
	boss := make(map[string]string, len(m.rows))
	where := make(map[string]*row, len(m.rows))
	for i := range m.rows {
		p := &m.rows[i].person
		if b := boss[p.PersonID]; where[p.PersonID] == nil || p.ManagerID != "" && (b == "" || p.ManagerID < b) {
			boss[p.PersonID], where[p.PersonID] = p.ManagerID, &m.rows[i]
		}
	}
	const onPath, done = 1, 2
	state := make(map[string]int, len(boss))
	var list []Problem
	for i := range m.rows {
		var path []string
		id := m.rows[i].person.PersonID
		for ; id != "" && state[id] == 0; id = boss[id] {
			state[id] = onPath
			path = append(path, id)
		}
		if id != "" && state[id] == onPath {
			circle := path[slices.Index(path, id):]
			r := where[id]
			list = append(list, Problem{
				PersonID: id, Where: m.t.Where(r.pos), Column: m.managerColumn(&r.person), Value: id,
				Message: "is in a circle of managers, " + circleText(circle) + "; correct one of them",
			})
		}
		for _, p := range path {
			state[p] = done
		}
	}
	return list
}

func (m *Mapper) managerColumn(p *access.Person) string {
	name := "manager_email"
	switch {
	case p.ManagerSourceID != "":
		name = "manager_source_id"
	case m.column("manager_employee_number") != nil:
		name = "manager_employee_number"
	}
	return m.header(name)
}

func circleText(ids []string) string {
	const most = 10
	if len(ids) > most {
		return fmt.Sprintf("%s and so on through %d people", strings.Join(ids[:most], " → "), len(ids))
	}
	return strings.Join(append(slices.Clone(ids), ids[0]), " → ")
}
