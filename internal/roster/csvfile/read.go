package csvfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// People reads the file: every line is a person, a problem, blank, or the whole file is an error.
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

func (s *source) parse(ctx context.Context, raw []byte) (roster.Roster, error) {
	data, err := decode(raw, s.cfg.Encoding)
	if err != nil {
		return roster.Roster{}, err
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return roster.Roster{}, invalid("Export it as UTF-8, or as UTF-16 with a byte order mark.",
			"there is a NUL byte at offset %d, line %d: it is no text, or UTF-16 without a byte order mark", i, lineAt(data, i))
	}
	if bytes.IndexByte(data, '\n') < 0 {
		data = bytes.ReplaceAll(data, []byte{'\r'}, []byte{'\n'}) // line ends of the old Mac
	}
	skipped, data, delimiter, err := s.settle(data)
	if err != nil {
		return roster.Roster{}, err
	}
	t := newTable(data, delimiter, skipped)
	header, _, err := t.next()
	if errors.Is(err, io.EOF) {
		return roster.Roster{}, invalid("Zero people is never a roster: check the export.", "it holds nothing but blank lines")
	}
	if err != nil {
		return roster.Roster{}, err
	}
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = strings.TrimSpace(h)
	}
	if err := uniqueColumns(columns); err != nil {
		return roster.Roster{}, err
	}
	t.width = len(columns)
	name := s.cfg.File.String()
	m, err := roster.NewMapper(roster.Table{
		Name: s.cfg.Name, Subject: name, Columns: columns, Mapping: s.cfg.Mapping, Size: bytes.Count(data, []byte{'\n'}),
		Where: func(line int) string { return fmt.Sprintf("%s:%d", name, line) },
	})
	if err != nil {
		return roster.Roster{}, err
	}
	for n := 0; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return roster.Roster{}, ctx.Err()
		}
		fields, line, err := t.next()
		var broken *brokenRecord
		switch {
		case errors.Is(err, io.EOF):
			return m.Roster()
		case errors.As(err, &broken):
			m.Reject(line, fields, "", "", broken.message)
		case err != nil:
			return roster.Roster{}, err
		default:
			m.Add(line, fields)
		}
	}
}

// uniqueColumns refuses a header that names one column twice: which one is meant cannot be known.
func uniqueColumns(columns []string) error {
	var errs []error
	first := map[string]int{}
	for i, h := range columns {
		key := strings.ToLower(h)
		if j, ok := first[key]; ok && h != "" {
			errs = append(errs, invalid("Rename or remove one of them.", "the column %q is there twice, as column %d and column %d", h, j+1, i+1))
		} else {
			first[key] = i
		}
	}
	return errors.Join(errs...)
}
