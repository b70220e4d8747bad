package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// table reads records and tells a broken record from a broken file. Where one record ends decides who is
// in the roster, so a doubt about that is an error of the file.
type table struct {
	r         *csv.Reader
	data      []byte
	delimiter string
	skipped   int // lines in front of data
	width     int // number of columns; 0 while the header is read
}

func newTable(data []byte, delimiter rune, skipped int) *table {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = delimiter
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	// A space between delimiter and quote is common; where white space delimits, it would eat empty fields.
	r.TrimLeadingSpace = delimiter != '\t' && delimiter != ' '
	return &table{r: r, data: data, delimiter: string(delimiter), skipped: skipped}
}

// brokenRecord is a record that cannot be read while the ones around it can.
type brokenRecord struct{ message string }

func (b *brokenRecord) Error() string { return b.message }

// next is the next record that is not blank, with the line on which it starts. It answers io.EOF at the
// end, a brokenRecord for a record that is lost alone, and any other error for the file.
func (t *table) next() (fields []string, line int, err error) {
	for {
		start := t.r.InputOffset()
		fields, err = t.r.Read()
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			return fields, syntax.StartLine + t.skipped, t.misquoted(syntax, fields, t.data[start:t.r.InputOffset()])
		case errors.Is(err, io.EOF):
			return nil, 0, io.EOF
		case err != nil:
			return nil, 0, invalid("Export it again.", "it cannot be read as delimited text: %v", err)
		}
		if !blank(fields) {
			break
		}
	}
	line, _ = t.r.FieldPos(0)
	line += t.skipped
	if t.width == 0 {
		return fields, line, nil
	}
	if t.swallows(fields) {
		return nil, line, invalid("Close the quote, or write a quote inside a value twice.",
			"the record on line %d holds whole other records inside a quoted value, so a quote is too many or missing", line)
	}
	if len(fields) == t.width {
		return fields, line, nil
	}
	if len(fields) < t.width && int(t.r.InputOffset()) == len(t.data) && t.data[len(t.data)-1] != '\n' {
		return nil, line, invalid("Export it again, whole.",
			"it is cut off: the last line, %d, has %d of %d columns and no line end", line, len(fields), t.width)
	}
	return fields, line, &brokenRecord{fmt.Sprintf(
		"the record has %d columns and the header has %d; put a value that holds a %s in quotes, or add what is missing",
		len(fields), t.width, delimiterName(t.delimiter))}
}

// misquoted explains a syntax error. Quotes that come in pairs on one line leave the lines around them
// alone; everything else may have taken other records along.
func (t *table) misquoted(syntax *csv.ParseError, fields []string, text []byte) error {
	first, last := syntax.StartLine+t.skipped, syntax.Line+t.skipped
	quotes := bytes.Count(text, []byte{'"'})
	switch {
	case errors.Is(syntax.Err, csv.ErrBareQuote) && (t.width == 0 || !t.swallows(fields)),
		errors.Is(syntax.Err, csv.ErrQuote) && first == last && quotes%2 == 0:
		message := `a quote stands inside a value; put the whole value in quotes and write the quote twice: "a ""quoted"" word"`
		if t.width == 0 {
			return invalid("Correct the header.", "line %d, the header: %s", first, message)
		}
		return &brokenRecord{message}
	case quotes%2 != 0 && int(t.r.InputOffset()) == len(t.data):
		return invalid("Close the quote, or write a quote inside a value twice.",
			"a quote that opens in the record on line %d is never closed", first)
	}
	return invalid("Close the quote, or write a quote inside a value twice.",
		"a quote that opens in the record on line %d is closed in the middle of a value on line %d, so where records end is in doubt", first, last)
}

// swallows reports whether a value of several lines looks as if a missing quote had made it of other
// records: a whole line in it has as many delimiters as a record, or its first and its last line complete
// the records that they would have been cut from.
func (t *table) swallows(fields []string) bool {
	for i, f := range fields {
		if !strings.Contains(f, "\n") {
			continue
		}
		lines := strings.Split(f, "\n")
		count := func(line string) int { return strings.Count(line, t.delimiter) }
		for _, line := range lines[1 : len(lines)-1] {
			if t.width >= 3 && count(line) >= t.width-1 {
				return true
			}
		}
		if t.width >= 5 && count(lines[0]) == t.width-1-i && count(lines[len(lines)-1]) == i {
			return true
		}
		if len(fields) != t.width && strings.Count(f, t.delimiter) >= t.width-1 {
			return true
		}
	}
	return false
}

// blank is an empty line, or the line of bare delimiters that spreadsheets leave at the end.
func blank(fields []string) bool {
	for _, f := range fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

// delimiters are tried in this order when none is configured.
var delimiters = []rune{',', ';', '\t', '|'}

func delimiterName(d string) string {
	switch d {
	case ",":
		return "comma"
	case ";":
		return "semicolon"
	case "\t":
		return "tab"
	case "|":
		return "bar"
	}
	return fmt.Sprintf("%q", d)
}

// settle finds the delimiter: the configured one, the one of a leading "sep=;" line as Excel writes it,
// else the one that makes the most known columns out of the header, and among equals the most columns.
func (s *source) settle(data []byte) (skipped int, rest []byte, delimiter rune, err error) {
	delimiter = s.delimiter
	line, after, _ := bytes.Cut(data, []byte{'\n'})
	if text := strings.TrimRight(string(line[:min(len(line), 16)]), "\r"); len(line) <= 16 && len(text) > 4 && strings.EqualFold(text[:4], "sep=") {
		if r := []rune(text[4:]); len(r) == 1 {
			data, skipped = after, 1
			if delimiter == 0 && !strings.ContainsRune("\"\r", r[0]) {
				delimiter = r[0]
			}
		}
	}
	if delimiter != 0 {
		return skipped, data, delimiter, nil
	}
	var best []rune
	known, width := 0, 1
	misquoted := false
	for _, d := range delimiters {
		header, _, err := newTable(data, d, skipped).next()
		if errors.Is(err, io.EOF) {
			return skipped, data, ',', nil // blank: reported by the caller
		}
		if err != nil {
			misquoted = true
			continue
		}
		k, w := s.cfg.Mapping.Known(header), len(header)
		switch {
		case w < 2 || k < known || k == known && w < width:
		case k == known && w == width && best != nil:
			best = append(best, d)
		default:
			best, known, width = []rune{d}, k, w
		}
	}
	switch {
	case len(best) == 1:
		return skipped, data, best[0], nil
	case len(best) > 1:
		return 0, nil, 0, invalid(`Set delimiter, for example delimiter = ";".`, "%s and %s both separate its first line into %d columns",
			delimiterName(string(best[0])), delimiterName(string(best[1])), width)
	case misquoted:
		return skipped, data, ',', nil // the quoting is reported by the caller
	}
	return 0, nil, 0, invalid("Set delimiter if it is another one; a roster needs at least a column that says who and one that says what.",
		"neither comma nor semicolon, tab or bar separates its first line into columns")
}
