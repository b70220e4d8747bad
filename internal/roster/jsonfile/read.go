package jsonfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/flatten"
)

// People reads the file: every element of the array is a person or a problem, or the whole file is an
// error.
func (s *source) People(ctx context.Context) (roster.Roster, error) {
	data, err := s.cfg.Read(ctx)
	if err == nil {
		var r roster.Roster
		if r, err = s.parse(ctx, data); err == nil {
			return r, nil
		}
	}
	return roster.Roster{}, roster.ReadError(s.cfg.Name, s.cfg.File.String(), err)
}

func (s *source) parse(ctx context.Context, data []byte) (roster.Roster, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if err := check(data); err != nil {
		return roster.Roster{}, err
	}
	w := &walker{Walker: flatten.Walker{Data: data}}
	start, err := w.items(s.cfg.Items)
	if err != nil {
		return roster.Roster{}, err
	}
	records, err := w.records(ctx, start)
	if err != nil {
		return roster.Roster{}, err
	}
	if len(records) == 0 {
		return roster.Roster{}, invalid("Zero people is never a roster: check the export.", "its array is empty")
	}
	columns := w.Columns()
	name := s.cfg.File.String()
	m, err := roster.NewMapper(roster.Table{
		Name: s.cfg.Name, Subject: name, Columns: columns, Mapping: s.cfg.Mapping, Size: len(records),
		Where: func(i int) string {
			return fmt.Sprintf("%s:%d (record %d)", name, w.line(records[i].Offset), i+1)
		},
	})
	if err != nil {
		return roster.Roster{}, err
	}
	values := make([]string, len(columns))
	for i, r := range records {
		if i%1000 == 0 && ctx.Err() != nil {
			return roster.Roster{}, ctx.Err()
		}
		for _, c := range r.Cells {
			values[c.Path] = c.Text
		}
		switch {
		case !r.Object:
			m.Reject(i, values, "", snippet(data[r.Offset:]), "the record is not an object")
		case r.Twice != "":
			m.Reject(i, values, r.Twice, "", "the key is there twice in one object, so which value holds is unknown; remove one")
		default:
			m.Add(i, values)
		}
		for _, c := range r.Cells { // not all values: paths can be as many as records
			values[c.Path] = ""
		}
	}
	return m.Roster()
}

// check accepts UTF-8 and well-formed JSON, so that everything after it can walk without doubt.
func check(data []byte) error {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return invalid("Export it as UTF-8.", "it is UTF-16, and JSON is UTF-8 (RFC 8259 section 8.1)")
	}
	if !utf8.Valid(data) {
		at := 0
		for at < len(data) {
			r, n := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		line, col := position(data, at)
		return invalid("Export it as UTF-8.", "it is not UTF-8: byte 0x%02X at line %d, column %d", data[at], line, col)
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, col := position(data, max(0, int(syntax.Offset)-1))
		if int(syntax.Offset) >= len(data) && strings.Contains(syntax.Error(), "unexpected end") {
			return invalid("Export it again, whole.", "it ends in the middle, at line %d, column %d", line, col)
		}
		return invalid("Correct the JSON.", "it is not JSON at line %d, column %d: %s", line, col, syntax.Error())
	}
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Cause: "it is not JSON", Next: "Correct the JSON.", Err: err}
	}
	return nil
}

// items finds where the array of people starts.
func (w *walker) items(path string) (int, error) {
	at := w.Space(0)
	if strings.TrimSpace(path) == "" {
		if w.Data[at] == '[' {
			return at, nil
		}
		arrays, err := w.members(at)
		if err != nil {
			return 0, err
		}
		var names []string
		for _, m := range arrays {
			if w.Data[m.at] == '[' {
				names = append(names, fmt.Sprintf("%q", m.key))
			}
		}
		if len(names) == 0 {
			return 0, invalid("Give an array of objects, or set items to the path of one.", "it is no array of people and holds none at its top")
		}
		return 0, invalid("Set items to the one that holds the people: "+strings.Join(names, ", ")+".", "it is an object and not an array of people")
	}
	walked := ""
	for key := range strings.SplitSeq(path, ".") {
		members, err := w.members(at)
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(members, func(m member) bool { return m.key == key })
		if i < 0 {
			var names []string
			for _, m := range members {
				names = append(names, m.key)
			}
			return 0, invalid("There are: "+strings.Join(names, ", ")+".", "items is %q, but there is no key %q%s", path, key, walked)
		}
		at = members[i].at
		walked = fmt.Sprintf(" in %q", key)
	}
	if w.Data[at] != '[' {
		line, col := position(w.Data, at)
		return 0, invalid("Set items to the path of the array of people.", "items is %q, which is no array (line %d, column %d)", path, line, col)
	}
	return at, nil
}

// position is the line and the column, in characters, of an offset, both from 1.
func position(data []byte, offset int) (line, col int) {
	offset = min(offset, len(data))
	start := bytes.LastIndexByte(data[:offset], '\n') + 1
	return 1 + bytes.Count(data[:offset], []byte{'\n'}), 1 + utf8.RuneCount(data[start:offset])
}

func snippet(data []byte) string {
	const most = 40
	text, _, _ := strings.Cut(string(data[:min(len(data), most)]), "\n")
	return strings.TrimRight(strings.ToValidUTF8(text, ""), ", ]")
}

func invalid(next, format string, args ...any) error {
	return &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next}
}
