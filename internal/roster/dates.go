package roster

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// dateParser reads the calendar date that is written in a value. A time and a zone behind it are
// dropped, never applied: 2014-11-09T00:00:00+01:00 is the 9th wherever it is read.
type dateParser struct {
	form   string // for people
	layout string // for time.Parse; "" is ISO 8601
}

// dateTokens are the letters of formatdate that a roster's date can hold, longest first.
var dateTokens = []struct{ token, layout string }{
	{"YYYY", "2006"},
	{"YY", "06"},
	{"MMMM", "January"},
	{"MMM", "Jan"},
	{"MM", "01"},
	{"M", "1"},
	{"DD", "02"},
	{"D", "2"},
	{"EEEE", "Monday"},
	{"EEE", "Mon"},
	{"hh", "15"},
	{"h", "15"},
	{"HH", "03"},
	{"H", "3"},
	{"AA", "PM"},
	{"aa", "pm"},
	{"mm", "04"},
	{"m", "4"},
	{"ss", "05"},
	{"s", "5"},
	{"ZZZZZ", "-07:00"},
	{"ZZZZ", "-0700"},
	{"Z", "Z07:00"},
}

// compileDate turns a format in formatdate's letters into a parser; "" is ISO 8601. Two digits before a
// separator may also be one, because spreadsheets drop zeros; that cannot be misread.
func compileDate(format string) (dateParser, error) {
	if strings.TrimSpace(format) == "" {
		return dateParser{form: "2026-03-31"}, nil
	}
	var layout strings.Builder
	seen := map[byte]int{}
	for rest := format; rest != ""; {
		if rest[0] == '\'' {
			text, after, ok := strings.Cut(rest[1:], "'")
			if !ok {
				return dateParser{}, fmt.Errorf("%q has an unclosed '", format)
			}
			if !plain(text) {
				return dateParser{}, fmt.Errorf("%q cannot hold the literal text %q", format, text)
			}
			layout.WriteString(text)
			rest = after
			continue
		}
		run := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
		if !isLetter(rest[0]) {
			if isDigit(rest[0]) || rest[0] >= 0x80 {
				return dateParser{}, fmt.Errorf("%q is not a date format", format)
			}
			layout.WriteString(rest[:run])
			rest = rest[run:]
			continue
		}
		out, ok := "", false
		for _, t := range dateTokens {
			if t.token == rest[:run] {
				out, ok = t.layout, true
			}
		}
		if !ok {
			return dateParser{}, fmt.Errorf("%q is not a date format: %q means nothing", format, rest[:run])
		}
		seen[rest[0]]++
		if next := rest[run:]; next == "" || !isLetter(next[0]) && next[0] != '\'' {
			switch out {
			case "01", "02":
				out = out[1:]
			}
		}
		layout.WriteString(out)
		rest = rest[run:]
	}
	if seen['Y'] != 1 || seen['M'] != 1 || seen['D'] != 1 {
		return dateParser{}, fmt.Errorf("%q needs a year (YYYY), a month (MM) and a day (DD), each once", format)
	}
	return dateParser{form: format, layout: layout.String()}, nil
}

func isLetter(b byte) bool { return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

// plain reports whether text means nothing to package time, so that it can stand in a layout.
func plain(text string) bool {
	odd := time.Date(1999, 12, 25, 23, 59, 58, 0, time.FixedZone("XYZ", 3600))
	return odd.Format(text) == text
}

var (
	isoDate    = regexp.MustCompile(`^(\d{4})-?(\d{2})-?(\d{2})(?:[T ]\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$`)
	odataDate  = regexp.MustCompile(`^/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/$`)
	mixedDate  = regexp.MustCompile(`^\d{1,2}([./ -])\d{1,2}[./ -](\d{4}|\d{2})\b`)
	serialDate = regexp.MustCompile(`^[34]\d{4}(\.\d+)?$`)
)

// parse reads v. The error says what to do.
func (p dateParser) parse(v string) (access.Date, error) {
	var d access.Date
	switch {
	case p.layout != "":
		t, err := time.Parse(p.layout, v)
		if err != nil {
			return d, p.explain(v)
		}
		d = access.DateOf(t)
	case len(v) == len(time.DateOnly):
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return d, p.explain(v)
		}
		d = access.DateOf(t)
	default:
		if m := odataDate.FindStringSubmatch(v); m != nil {
			ms, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return d, p.explain(v)
			}
			d = access.DateOf(time.UnixMilli(ms).UTC()) // this form alone counts in UTC
			break
		}
		m := isoDate.FindStringSubmatch(v)
		if m == nil {
			return d, p.explain(v)
		}
		var err error
		if d, err = access.ParseDate(m[1] + "-" + m[2] + "-" + m[3]); err != nil {
			return d, p.explain(v)
		}
	}
	if d.Year < 1900 {
		return access.Date{}, fmt.Errorf("is a date before 1900; leave the cell empty where there is no date")
	}
	return d, nil
}

// explain says why v is no date in this column. Which of day and month comes first is never guessed.
func (p dateParser) explain(v string) error {
	if m := mixedDate.FindStringSubmatch(v); m != nil && p.layout == "" {
		year := strings.Repeat("Y", len(m[2]))
		return fmt.Errorf("is not a date such as 2026-03-31, and whether its day or its month comes first is not guessed; set date_format = %q or %q",
			"DD"+m[1]+"MM"+m[1]+year, "MM"+m[1]+"DD"+m[1]+year)
	}
	if serialDate.MatchString(v) {
		return errors.New("is a spreadsheet's day number and not a date; format the column as a date before exporting")
	}
	if p.layout == "" {
		return errors.New("is not a date of the calendar such as 2026-03-31; correct it, or set date_format if the whole column is written otherwise")
	}
	return fmt.Errorf("is not a date of the calendar in the form %s; correct it, or correct date_format", p.form)
}

// openEnd reports whether d is the "high date" with which some systems (SAP's, for one) write "no end".
func openEnd(d access.Date) bool { return d.Year == 9999 }
