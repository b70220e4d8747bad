// Package csvfile reads a roster from a delimited text file, the way HR systems and spreadsheets export
// one: RFC 4180 quoting, in whatever delimiter and encoding.
package csvfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Config is a roster block with a csv block.
type Config struct {
	// Name is the roster block's name.
	Name string
	// File is where the file is.
	roster.File
	// Delimiter is one character, or "tab"; empty finds out which of comma, semicolon, tab and bar it is.
	Delimiter string
	// Encoding is one of [Encodings]; empty is "auto": a byte order mark, else valid UTF-8, else an error.
	Encoding string
	// Mapping says which column is what.
	Mapping roster.Mapping
}

// Encodings are the values of Config.Encoding.
func Encodings() []string { return []string{"auto", "utf-8", "utf-16", "windows-1252"} }

type source struct {
	cfg       Config
	delimiter rune // 0: detect
}

// Open checks the configuration, all of it, without touching the file.
func Open(c Config) (roster.Source, error) {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	if err := c.Check(); err != nil {
		errs = append(errs, err)
	}
	s := &source{cfg: c}
	switch d := []rune(c.Delimiter); {
	case c.Delimiter == "":
	case strings.EqualFold(c.Delimiter, "tab") || c.Delimiter == `\t`:
		s.delimiter = '\t'
	case len(d) == 1 && !strings.ContainsRune("\"\r\n\uFFFD", d[0]):
		s.delimiter = d[0]
	default:
		bad(`Set delimiter to one character such as "," ";" or "|", or to "tab", or leave it out.`, "delimiter %q is not one character", c.Delimiter)
	}
	s.cfg.Encoding = strings.ToLower(strings.TrimSpace(c.Encoding))
	if s.cfg.Encoding == "" {
		s.cfg.Encoding = "auto"
	}
	if !slices.Contains(Encodings(), s.cfg.Encoding) {
		bad("Known are: "+strings.Join(Encodings(), ", ")+".", "encoding %q is not known", c.Encoding)
	}
	if err := errors.Join(errors.Join(errs...), c.Mapping.Validate()); err != nil {
		return nil, roster.ConfigError(c.Name, "csv", err)
	}
	return s, nil
}

// Info describes the source. A file may hold anybody, so absence says nothing about former and future
// people.
func (s *source) Info() roster.Info {
	return roster.Info{Kind: "csv", Name: s.cfg.Name, Terminated: roster.Depends, FutureHires: roster.Depends, Leave: roster.Depends}
}
