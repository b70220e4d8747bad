package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parser walks JSON that is known to be syntactically valid.
type parser struct {
	data     []byte
	dec      *json.Decoder
	problems []problem
	failed   bool // the decoder stopped
}

type problem struct {
	offset int
	text   string
	first  int // where the other one of two is, if not zero
}

func (p *parser) problem(offset int, format string, args ...any) {
	p.problems = append(p.problems, problem{offset: offset, text: fmt.Sprintf(format, args...)})
}

// explain lists the problems in the order of the file, each with its place.
func (p *parser) explain(path string) string {
	const most = 20
	slices.SortStableFunc(p.problems, func(a, b problem) int { return a.offset - b.offset })
	var lines []string
	for i, pr := range p.problems {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(p.problems)-most))
			break
		}
		line, column := p.position(pr.offset)
		text := fmt.Sprintf("%s:%d:%d: %s", path, line, column, pr.text)
		if pr.first > 0 {
			first, _ := p.position(pr.first)
			text += fmt.Sprintf(", first on line %d", first)
		}
		lines = append(lines, text)
	}
	if len(p.problems) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%d problems:\n  %s", len(p.problems), strings.Join(lines, "\n  "))
}

func (p *parser) position(offset int) (line, column int) {
	before := p.data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[start:])
}

// at is the offset at which the next token begins.
func (p *parser) at() int {
	i := int(p.dec.InputOffset())
	for i < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[i]) >= 0 {
		i++
	}
	return i
}

func (p *parser) next() json.Token {
	t, err := p.dec.Token()
	if err != nil && !p.failed {
		p.failed = true
		p.problem(min(p.at(), len(p.data)), "cannot be read: %v", err)
	}
	return t
}

// rest discards what remains of a value whose first token was t.
func (p *parser) rest(t json.Token) {
	for depth := 0; !p.failed; t = p.next() {
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return
		}
	}
}

func (p *parser) wrong(at int, t json.Token, what, want string) {
	p.problem(at, "%s must be %s", what, want)
	p.rest(t)
}

// object reads an object. field reads the value of a key that is at
// the offset, or reports that it does not know the key.
func (p *parser) object(what, known string, field func(key string, at int) bool) {
	at, t := p.at(), p.next()
	if t != json.Delim('{') {
		p.wrong(at, t, what, "an object")
		return
	}
	seen := make(map[string]bool)
	for p.dec.More() {
		at := p.at()
		key, _ := p.next().(string)
		if seen[key] {
			p.problem(at, "%s has the key %q twice", what, key)
		}
		seen[key] = true
		if !field(key, at) {
			p.problem(at, "%s has no key %q; the keys are %s", what, key, known)
			p.rest(p.next())
		}
	}
	p.next()
}

func (p *parser) array(what string, element func(at int)) {
	at, t := p.at(), p.next()
	if t == nil {
		return
	}
	if t != json.Delim('[') {
		p.wrong(at, t, what, "a list")
		return
	}
	for p.dec.More() {
		element(p.at())
	}
	p.next()
}

// text reads a string; null reads as "".
func (p *parser) text(what string) string {
	at, t := p.at(), p.next()
	switch t := t.(type) {
	case nil:
	case string:
		return t
	default:
		p.wrong(at, t, what, "text in double quotes")
	}
	return ""
}

// flag reads a boolean; null reads as def.
func (p *parser) flag(what string, def bool) bool {
	at, t := p.at(), p.next()
	switch t := t.(type) {
	case nil:
	case bool:
		return t
	default:
		p.wrong(at, t, what, "true or false")
	}
	return def
}

// count reads a whole number from 0; null reads as def.
func (p *parser) count(what string, def int) int {
	at, t := p.at(), p.next()
	switch t := t.(type) {
	case nil:
	case json.Number:
		if n, err := strconv.Atoi(t.String()); err == nil && n >= 0 {
			return n
		}
		p.problem(at, "%s must be a whole number from 0, not %s", what, t)
	default:
		p.wrong(at, t, what, "a whole number from 0")
	}
	return def
}

func (p *parser) instant(what string) time.Time {
	at := p.at()
	s := p.text(what)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err == nil {
		_, err = t.MarshalText() // refuses zones that time.Parse lets through
	}
	if err != nil {
		p.problem(at, "%s %q is not an instant like 2026-03-31T09:30:00Z", what, s)
	}
	return t
}

func (p *parser) texts(what string) map[string]string {
	var m map[string]string
	if p.data[p.at()] == 'n' { // null
		p.next()
		return nil
	}
	p.object(what, "", func(key string, _ int) bool {
		if m == nil {
			m = make(map[string]string)
		}
		if v := p.text(what + " " + key); v != "" {
			m[key] = v
		}
		return true
	})
	return m
}
