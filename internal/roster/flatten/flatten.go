// Package flatten turns JSON records of any nesting into texts by path: {"work": {"email": "a@b.c"}} has the
// text "a@b.c" at "work.email". It keeps what encoding/json gives away: numbers as written (an id must not become
// 1.04e+03), keys that are there twice, and where things are.
package flatten

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Walker reads valid JSON; what is not valid makes it panic. The paths of all records that it reads are numbered
// together. Not safe for concurrent use.
type Walker struct {
	// Data is what is walked. It may be replaced between records.
	Data []byte
	// Keep says whether the values at a path are wanted; nil wants all. It is asked once per path.
	Keep func(path string) bool

	paths  paths
	number int // records read
}

// Record is what one value in a list of records holds.
type Record struct {
	Offset int
	Object bool
	Twice  string // path of a key that one of its objects has twice, or ""
	Nested string // kept path at which this record has an object or a list of objects, or ""
	Cells  []Cell
}

// Cell is one value inside a record. Values that are empty or null have none.
type Cell struct {
	Path int
	Text string
}

// paths numbers the dotted paths of all records in the order in which they turn up.
type paths struct {
	ids  map[step]int
	name []string
	keep []bool
	seen []int  // by id: the last record that had it
	text []bool // by id: it holds text somewhere, or nothing, and is not just a way to other paths
	full []bool // by id: it holds text somewhere
}

type step struct {
	parent int // -1 at the top of a record
	key    string
}

func (w *Walker) id(parent int, key string) int {
	p := &w.paths
	s := step{parent, key}
	id, ok := p.ids[s]
	if !ok {
		if p.ids == nil {
			p.ids = make(map[step]int)
		}
		id = len(p.name)
		name := strings.Clone(key)
		if parent >= 0 {
			name = p.name[parent] + "." + key
		}
		p.ids[step{parent, strings.Clone(key)}] = id
		p.name = append(p.name, name)
		p.keep = append(p.keep, w.Keep == nil || w.Keep(name))
		p.seen = append(p.seen, 0)
		p.text = append(p.text, false)
		p.full = append(p.full, false)
	}
	return id
}

// Columns are the paths by number, with "" for those that only lead to others: a field mapped to an object
// must be an error and not forever blank.
func (w *Walker) Columns() []string {
	list := make([]string, len(w.paths.name))
	for id, name := range w.paths.name {
		if w.paths.text[id] {
			list[id] = name
		}
	}
	return list
}

// Blank reports whether a numbered path holds nothing wherever it is.
func (w *Walker) Blank(id int) bool { return w.paths.text[id] && !w.paths.full[id] }

// Path is the name of a numbered path.
func (w *Walker) Path(id int) string { return w.paths.name[id] }

// Record reads the value at an offset as a record, and gives the offset behind it. Expect is about how many cells it has.
func (w *Walker) Record(at, expect int) (Record, int) {
	w.number++
	r := Record{Offset: at, Object: w.Data[at] == '{', Cells: make([]Cell, 0, expect)}
	if r.Object {
		at = w.object(at, -1, &r)
	} else {
		at = w.Skip(at)
	}
	return r, at
}

// object reads the members of an object below a path and gives the offset behind it.
func (w *Walker) object(at, parent int, r *Record) int {
	for at = w.Space(at + 1); w.Data[at] != '}'; {
		key, next := w.Text(at)
		at = w.Space(w.Space(next) + 1) // behind the colon
		id := w.id(parent, key)
		if w.paths.seen[id] == w.number {
			r.Twice = w.paths.name[id]
		}
		w.paths.seen[id] = w.number
		at = w.value(at, id, r)
		if at = w.Space(at); w.Data[at] == ',' {
			at = w.Space(at + 1)
		}
	}
	return at + 1
}

// value reads any value at a path. A list gives each element by its number ("emails.0.value"), and a
// list of plain values the values joined by semicolons too.
func (w *Walker) value(at, path int, r *Record) int {
	switch w.Data[at] {
	case '{':
		w.nested(path, r)
		return w.object(at, path, r)
	case '[':
		var plain []string
		ok := true
		at = w.Space(at + 1)
		for n := 0; w.Data[at] != ']'; n++ {
			switch w.Data[at] {
			case '{', '[':
				ok = false
			default:
				s, _ := w.Text(at)
				plain = append(plain, s)
			}
			id := w.id(path, strconv.Itoa(n))
			at = w.Space(w.value(at, id, r))
			if w.Data[at] == ',' {
				at = w.Space(at + 1)
			}
		}
		w.paths.text[path] = w.paths.text[path] || ok
		switch {
		case !ok:
			w.nested(path, r)
		case len(plain) > 0 && w.paths.keep[path]:
			r.Cells = append(r.Cells, Cell{path, strings.Join(plain, ";")})
		}
		return at + 1
	}
	w.paths.text[path] = true
	text, next := w.Text(at)
	w.paths.full[path] = w.paths.full[path] || text != ""
	if text != "" && w.paths.keep[path] {
		r.Cells = append(r.Cells, Cell{path, text})
	}
	return next
}

func (w *Walker) nested(path int, r *Record) {
	if r.Nested == "" && w.paths.keep[path] {
		r.Nested = w.paths.name[path]
	}
}

// Text is a plain value as text (null is "") and the offset behind it.
func (w *Walker) Text(at int) (string, int) {
	if w.Data[at] != '"' {
		end := at
		for end < len(w.Data) && strings.IndexByte(",]} \t\r\n", w.Data[end]) < 0 {
			end++
		}
		if s := string(w.Data[at:end]); s != "null" {
			return s, end
		}
		return "", end
	}
	escaped := false
	end := at + 1
	for ; w.Data[end] != '"'; end++ {
		if w.Data[end] == '\\' {
			escaped = true
			end++
		}
	}
	end++
	if !escaped {
		return string(w.Data[at+1 : end-1]), end
	}
	var s string
	_ = json.Unmarshal(w.Data[at:end], &s) // cannot fail on valid JSON
	return s, end
}

// Skip gives the offset behind any value.
func (w *Walker) Skip(at int) int {
	switch w.Data[at] {
	case '{', '[':
		depth := 0
		for {
			switch w.Data[at] {
			case '"':
				_, at = w.Text(at)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return at + 1
				}
			}
			at++
		}
	}
	_, next := w.Text(at)
	return next
}

// Space gives the next offset that is no white space.
func (w *Walker) Space(at int) int {
	for at < len(w.Data) && (w.Data[at] == ' ' || w.Data[at] == '\t' || w.Data[at] == '\n' || w.Data[at] == '\r') {
		at++
	}
	return at
}
