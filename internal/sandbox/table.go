package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// record is one stored resource. Its attributes are kept as JSON, so that listing a page of 100,000
// users copies bytes and decodes nothing. Records are replaced, never changed.
type record struct {
	id                string
	seq               uint64 // position in listings
	version           int
	created, modified time.Time
	// body is the JSON object without id, meta, groups and members.
	body []byte
	keys []indexKey
	name string // userName or displayName
	off  bool   // an inactive user
	// masked is what an inactive user gets back when it becomes active (Dialect.MaskInactive).
	masked object
}

// indexKey is a value by which records are found without a scan.
type indexKey struct{ attr, value string }

// table holds the records of one resource type in the order of their creation.
type table struct {
	schema *schema
	rows   []*record // by seq
	byID   map[string]*record
	index  map[indexKey][]*record
}

func newTable(s *schema) *table { return &table{schema: s} }

func (t *table) clear() {
	t.rows, t.byID, t.index = nil, map[string]*record{}, map[indexKey][]*record{}
}

func (t *table) insert(r *record) {
	t.rows = append(t.rows, r)
	t.byID[r.id] = r
	t.addKeys(r)
}

func (t *table) replace(old, r *record) {
	t.rows[t.position(old.seq)] = r
	t.byID[r.id] = r
	t.dropKeys(old)
	t.addKeys(r)
}

func (t *table) remove(r *record) {
	i := t.position(r.seq)
	t.rows = slices.Delete(t.rows, i, i+1)
	delete(t.byID, r.id)
	t.dropKeys(r)
}

// position is the index of the first row at or after seq.
func (t *table) position(seq uint64) int { return position(t.rows, seq) }

func position(rows []*record, seq uint64) int {
	i, _ := slices.BinarySearchFunc(rows, seq, func(r *record, seq uint64) int {
		switch {
		case r.seq < seq:
			return -1
		case r.seq > seq:
			return 1
		}
		return 0
	})
	return i
}

func (t *table) addKeys(r *record) {
	for _, k := range r.keys {
		t.index[k] = append(t.index[k], r)
	}
}

func (t *table) dropKeys(r *record) {
	for _, k := range r.keys {
		if rest := slices.DeleteFunc(t.index[k], func(o *record) bool { return o.id == r.id }); len(rest) > 0 {
			t.index[k] = rest
		} else {
			delete(t.index, k)
		}
	}
}

// find is the first record with that value of an indexed attribute, nil when there is none.
func (t *table) find(attr, value string) *record {
	if rs := t.index[indexKey{attr, value}]; len(rs) > 0 {
		return rs[0]
	}
	return nil
}

// indexed are the attribute paths with an index, and whether their values are folded.
var indexed = map[string]bool{
	"userName": true, "displayName": true, "emails.value": true, "externalId": false,
	enterpriseURN + ":employeeNumber": true,
}

// keysOf collects the index entries of a resource.
func (t *table) keysOf(o object) []indexKey {
	var keys []indexKey
	add := func(attr string, v any) {
		if s, ok := v.(string); ok && s != "" {
			if indexed[attr] {
				s = fold(s)
			}
			if k := (indexKey{attr, s}); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	add("userName", o["userName"])
	add("displayName", o["displayName"])
	add("externalId", o["externalId"])
	for _, e := range flatten(o["emails"]) {
		add("emails.value", e.(object)["value"])
	}
	if ext, ok := o[enterpriseURN].(object); ok {
		add(enterpriseURN+":employeeNumber", ext["employeeNumber"])
	}
	return keys
}

// encode and decode translate between what is stored and what is worked on.
func (d *Dialect) encode(o object) []byte {
	if active, ok := o["active"].(bool); ok && d.StringBooleans {
		spelled := "False"
		if active {
			spelled = "True"
		}
		o = maps.Clone(o)
		o["active"] = spelled
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // o came out of a JSON decoder
	}
	return b
}

func (d *Dialect) decode(body []byte) object {
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		panic(err) // body came out of encode
	}
	if s, ok := o["active"].(string); ok {
		o["active"] = strings.EqualFold(s, "true")
	}
	return o
}

// memberSet is the member list of one group: ordered, with constant-time changes. Removal leaves a
// hole; the list closes when half of it is holes.
type memberSet struct {
	list []member // id "" is a hole
	at   map[string]int
}

type member struct{ id, kind string } // kind is "User" or "Group"

func newMemberSet() *memberSet { return &memberSet{at: map[string]int{}} }

func (m *memberSet) len() int { return len(m.at) }

func (m *memberSet) add(e member) bool {
	if _, ok := m.at[e.id]; ok {
		return false
	}
	m.at[e.id] = len(m.list)
	m.list = append(m.list, e)
	return true
}

func (m *memberSet) remove(id string) bool {
	i, ok := m.at[id]
	if !ok {
		return false
	}
	delete(m.at, id)
	m.list[i] = member{}
	if len(m.list) > 16 && len(m.at) < len(m.list)/2 {
		m.list = slices.DeleteFunc(m.list, func(e member) bool { return e.id == "" })
		for i, e := range m.list {
			m.at[e.id] = i
		}
	}
	return true
}

// each visits the members in order until f answers false.
func (m *memberSet) each(f func(member) bool) {
	for _, e := range m.list {
		if e.id != "" && !f(e) {
			return
		}
	}
}

// matching are the ids of the members that a value filter selects; the usual filter costs a look-up.
func (m *memberSet) matching(e expr) []string {
	if e == nil {
		return nil
	}
	if c, ok := e.(compareExpr); ok && c.op == "eq" && c.path.attr == "value" {
		id, _ := c.value.(string)
		return []string{id}
	}
	var ids []string
	m.each(func(x member) bool {
		if matchElement(e, object{"value": x.id, "type": x.kind}) {
			ids = append(ids, x.id)
		}
		return true
	})
	return ids
}
