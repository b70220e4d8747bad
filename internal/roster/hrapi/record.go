package hrapi

import (
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster/flatten"
)

// Record is one employment as the system tells it: a text at each path that was wanted and is not empty.
type Record struct {
	ID    string
	cells []flatten.Cell
	pages *Pages
}

// Get is the text at a path, "" where there is none.
func (r *Record) Get(path string) string {
	if i := r.find(path); i >= 0 {
		return r.cells[i].Text
	}
	return ""
}

// Set puts a text at a path, one of Made or one that is there; "" takes it away.
func (r *Record) Set(path, text string) {
	i := r.find(path)
	switch {
	case i >= 0 && text == "":
		r.cells = slices.Delete(r.cells, i, i+1)
	case i >= 0:
		r.cells[i].Text = text
	case text != "":
		at, ok := r.pages.made[path]
		if !ok {
			if r.pages.made == nil {
				r.pages.made = map[string]int{}
			}
			at = len(r.pages.made)
			r.pages.made[path] = at
		}
		r.cells = append(r.cells, flatten.Cell{Path: -1 - at, Text: text})
	}
}

// Below gives the texts below a path by the rest of theirs, in the record's order: for "emails", "0.value", "0.type".
func (r *Record) Below(path string) []Part {
	var list []Part
	for _, c := range r.cells {
		if rest, ok := strings.CutPrefix(r.path(c), path+"."); ok {
			list = append(list, Part{rest, c.Text})
		}
	}
	return list
}

// Part is a text below a path.
type Part struct{ Path, Text string }

func (r *Record) find(path string) int {
	return slices.IndexFunc(r.cells, func(c flatten.Cell) bool { return r.path(c) == path })
}

func (r *Record) path(c flatten.Cell) string {
	if c.Path >= 0 {
		return r.pages.walker.Path(c.Path)
	}
	for path, at := range r.pages.made {
		if at == -1-c.Path {
			return path
		}
	}
	return ""
}
