package jsonfile

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// walker reads JSON that check has accepted. It keeps what encoding/json gives away: numbers as written
// (an id must not become 1.04e+03), keys that are there twice, and where things are.
type walker struct {
	data  []byte
	paths paths

	// the last offset that line was asked about, and its line
	lineOffset, lineNumber int
}

// record is one element of the array of people.
type record struct {
	offset int
	kind   byte   // first byte of its value: '{' for an object
	twice  string // path of a key that one of its objects has twice
	cells  []cell
}

// cell is one value inside a record.
type cell struct {
	path int
	text string
}

// paths numbers the dotted paths of all records in the order in which they turn up.
type paths struct {
	ids  map[step]int
	full []string
	seen []int  // by id: the last record that had it
	text []bool // by id: it holds text somewhere, or nothing, and is not just a way to other paths
}

type step struct {
	parent int // -1 at the top of a record
	key    string
}

func (p *paths) id(parent int, key string) int {
	s := step{parent, key}
	id, ok := p.ids[s]
	if !ok {
		if p.ids == nil {
			p.ids = make(map[step]int)
		}
		id = len(p.full)
		name := key
		if parent >= 0 {
			name = p.full[parent] + "." + key
		}
		p.ids[step{parent, strings.Clone(key)}] = id
		p.full = append(p.full, name)
		p.seen = append(p.seen, 0)
		p.text = append(p.text, false)
	}
	return id
}

// columns are the paths by id, with "" for those that only lead to others: a field mapped to an object
// must be an error and not forever blank.
func (p *paths) columns() []string {
	list := make([]string, len(p.full))
	for id, name := range p.full {
		if p.text[id] {
			list[id] = name
		}
	}
	return list
}

// records reads the array that starts at the offset.
func (w *walker) records(ctx context.Context, at int) ([]record, error) {
	var list []record
	for at = w.space(at + 1); w.data[at] != ']'; {
		if len(list)%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := record{offset: at, kind: w.data[at]}
		if n := len(list); n > 0 {
			r.cells = make([]cell, 0, len(list[n-1].cells))
		}
		if r.kind == '{' {
			at = w.object(at, -1, &r, len(list)+1)
		} else {
			at = w.skip(at)
		}
		list = append(list, r)
		if at = w.space(at); w.data[at] == ',' {
			at = w.space(at + 1)
		}
	}
	return list, nil
}

// object reads the members of an object below a path and gives the offset behind it. Number is that of
// the record, by which keys are known to be there twice.
func (w *walker) object(at, parent int, r *record, number int) int {
	for at = w.space(at + 1); w.data[at] != '}'; {
		key, next := w.text(at)
		at = w.space(w.space(next) + 1) // behind the colon
		id := w.paths.id(parent, key)
		if w.paths.seen[id] == number {
			r.twice = w.paths.full[id]
		}
		w.paths.seen[id] = number
		at = w.value(at, id, r, number)
		if at = w.space(at); w.data[at] == ',' {
			at = w.space(at + 1)
		}
	}
	return at + 1
}

// value reads any value at a path. A list gives each element by its number ("emails.0.value"), and a
// list of plain values the values joined by semicolons too.
func (w *walker) value(at, path int, r *record, number int) int {
	switch w.data[at] {
	case '{':
		return w.object(at, path, r, number)
	case '[':
		var plain []string
		ok := true
		at = w.space(at + 1)
		for n := 0; w.data[at] != ']'; n++ {
			switch w.data[at] {
			case '{', '[':
				ok = false
			default:
				s, _ := w.text(at)
				plain = append(plain, s)
			}
			id := w.paths.id(path, strconv.Itoa(n))
			at = w.space(w.value(at, id, r, number))
			if w.data[at] == ',' {
				at = w.space(at + 1)
			}
		}
		w.paths.text[path] = w.paths.text[path] || ok
		if ok && len(plain) > 0 {
			r.cells = append(r.cells, cell{path, strings.Join(plain, ";")})
		}
		return at + 1
	}
	w.paths.text[path] = true
	text, next := w.text(at)
	if text != "" {
		r.cells = append(r.cells, cell{path, text})
	}
	return next
}

// text is a plain value as text (null is "") and the offset behind it.
func (w *walker) text(at int) (string, int) {
	if w.data[at] != '"' {
		end := at
		for end < len(w.data) && strings.IndexByte(",]} \t\r\n", w.data[end]) < 0 {
			end++
		}
		if s := string(w.data[at:end]); s != "null" {
			return s, end
		}
		return "", end
	}
	escaped := false
	end := at + 1
	for ; w.data[end] != '"'; end++ {
		if w.data[end] == '\\' {
			escaped = true
			end++
		}
	}
	end++
	if !escaped {
		return string(w.data[at+1 : end-1]), end
	}
	var s string
	_ = json.Unmarshal(w.data[at:end], &s) // cannot fail on what check has accepted
	return s, end
}

// skip gives the offset behind any value.
func (w *walker) skip(at int) int {
	switch w.data[at] {
	case '{', '[':
		depth := 0
		for {
			switch w.data[at] {
			case '"':
				_, at = w.text(at)
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
	_, next := w.text(at)
	return next
}

// space gives the next offset that is no white space.
func (w *walker) space(at int) int {
	for at < len(w.data) && (w.data[at] == ' ' || w.data[at] == '\t' || w.data[at] == '\n' || w.data[at] == '\r') {
		at++
	}
	return at
}

// member is a key of an object and the offset of its value.
type member struct {
	key string
	at  int
}

// members lists the keys of the object at an offset, which lies around the people and not in them.
func (w *walker) members(at int) ([]member, error) {
	if w.data[at] != '{' {
		line, col := position(w.data, at)
		return nil, invalid("Give an array of objects, or set items to the path of one.", "there is no object at line %d, column %d", line, col)
	}
	var list []member
	seen := map[string]bool{}
	for at = w.space(at + 1); w.data[at] != '}'; {
		key, next := w.text(at)
		if seen[key] {
			line, col := position(w.data, at)
			return nil, invalid("Remove one of them.", "the key %q is there twice, again at line %d, column %d", key, line, col)
		}
		seen[key] = true
		at = w.space(w.space(next) + 1)
		list = append(list, member{key, at})
		if at = w.space(w.skip(at)); w.data[at] == ',' {
			at = w.space(at + 1)
		}
	}
	return list, nil
}

// line is the line, from 1, of an offset. Offsets are mostly asked for in rising order.
func (w *walker) line(offset int) int {
	if w.lineNumber == 0 || offset < w.lineOffset {
		w.lineOffset, w.lineNumber = 0, 1
	}
	w.lineNumber += bytes.Count(w.data[w.lineOffset:offset], []byte{'\n'})
	w.lineOffset = offset
	return w.lineNumber
}
