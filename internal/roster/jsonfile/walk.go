package jsonfile

import (
	"bytes"
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster/flatten"
)

// walker finds the people in JSON that check has accepted.
type walker struct {
	flatten.Walker

	// the last offset that line was asked about, and its line
	lineOffset, lineNumber int
}

// records reads the array that starts at the offset.
func (w *walker) records(ctx context.Context, at int) ([]flatten.Record, error) {
	var list []flatten.Record
	for at = w.Space(at + 1); w.Data[at] != ']'; {
		if len(list)%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		expect := 0
		if n := len(list); n > 0 {
			expect = len(list[n-1].Cells)
		}
		var r flatten.Record
		r, at = w.Record(at, expect)
		list = append(list, r)
		if at = w.Space(at); w.Data[at] == ',' {
			at = w.Space(at + 1)
		}
	}
	return list, nil
}

// member is a key of an object and the offset of its value.
type member struct {
	key string
	at  int
}

// members lists the keys of the object at an offset, which lies around the people and not in them.
func (w *walker) members(at int) ([]member, error) {
	if w.Data[at] != '{' {
		line, col := position(w.Data, at)
		return nil, invalid("Give an array of objects, or set items to the path of one.", "there is no object at line %d, column %d", line, col)
	}
	var list []member
	seen := map[string]bool{}
	for at = w.Space(at + 1); w.Data[at] != '}'; {
		key, next := w.Text(at)
		if seen[key] {
			line, col := position(w.Data, at)
			return nil, invalid("Remove one of them.", "the key %q is there twice, again at line %d, column %d", key, line, col)
		}
		seen[key] = true
		at = w.Space(w.Space(next) + 1)
		list = append(list, member{key, at})
		if at = w.Space(w.Skip(at)); w.Data[at] == ',' {
			at = w.Space(at + 1)
		}
	}
	return list, nil
}

// line is the line, from 1, of an offset. Offsets are mostly asked for in rising order.
func (w *walker) line(offset int) int {
	if w.lineNumber == 0 || offset < w.lineOffset {
		w.lineOffset, w.lineNumber = 0, 1
	}
	w.lineNumber += bytes.Count(w.Data[w.lineOffset:offset], []byte{'\n'})
	w.lineOffset = offset
	return w.lineNumber
}
