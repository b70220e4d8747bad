package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
)

// expr is a parsed filter (RFC 7644 section 3.4.2.2).
type expr interface{ match(get getter) bool }

// getter reads the values at a path from whatever is being matched: a resource, or one element of a
// multi-valued attribute.
type getter func(p path) []any

type (
	andExpr struct{ left, right expr }
	orExpr  struct{ left, right expr }
	notExpr struct{ inner expr }
	// valueExpr is attr[filter]: some element matches as a whole.
	valueExpr struct {
		path  path
		inner expr
	}
	compareExpr struct {
		path  path
		op    string // lower case
		value any    // string, bool, float64 or nil
	}
)

const maxFilterDepth = 64

// parseFilter reads a filter over resources of the schema.
func (s *schema) parseFilter(text string) (expr, error) { return s.parseFilterIn(text, nil) }

// parseFilterIn reads a filter; inside a value path, elem is the attribute whose elements are matched.
func (s *schema) parseFilterIn(text string, elem *attribute) (expr, error) {
	p := &filterParser{schema: s, elem: elem, rest: text}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, fmt.Errorf("unexpected %q", p.rest)
	}
	return e, nil
}

type filterParser struct {
	schema *schema
	elem   *attribute
	rest   string
	depth  int
}

func (p *filterParser) skip() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes the next word if it is w in any case.
func (p *filterParser) word(w string) bool {
	p.skip()
	if len(p.rest) < len(w) || !strings.EqualFold(p.rest[:len(w)], w) {
		return false
	}
	if next := p.rest[len(w):]; next == "" || next[0] == ' ' || next[0] == '(' {
		p.rest = next
		return true
	}
	return false
}

func (p *filterParser) or() (expr, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right expr
		right, err = p.and()
		left = orExpr{left, right}
	}
	return left, err
}

func (p *filterParser) and() (expr, error) {
	left, err := p.term()
	for err == nil && p.word("and") {
		var right expr
		right, err = p.term()
		left = andExpr{left, right}
	}
	return left, err
}

func (p *filterParser) term() (expr, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, fmt.Errorf("more than %d levels", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	negated := p.word("not")
	p.skip()
	if strings.HasPrefix(p.rest, "(") {
		p.rest = p.rest[1:]
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.skip(); !strings.HasPrefix(p.rest, ")") {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		p.rest = p.rest[1:]
		if negated {
			inner = notExpr{inner}
		}
		return inner, nil
	}
	if negated {
		return nil, fmt.Errorf("not needs parentheses")
	}
	return p.comparison()
}

func (p *filterParser) comparison() (expr, error) {
	if i := strings.IndexAny(p.rest, " []()\""); i > 0 && p.rest[i] == '[' && p.elem == nil {
		end := closingBracket(p.rest[i+1:])
		if end < 0 {
			return nil, fmt.Errorf("a bracket is not closed")
		}
		at, err := p.schema.parsePath(p.rest[:i+1+end+1])
		if err != nil {
			return nil, err
		}
		p.rest = p.rest[i+1+end+1:]
		inner := at.filter
		at.filter = nil
		return valueExpr{at, inner}, nil
	}
	name, rest, _ := strings.Cut(p.rest, " ")
	at, err := p.attribute(strings.TrimRight(name, ")"))
	if err != nil {
		return nil, err
	}
	p.rest = strings.TrimLeft(rest, " ")
	end := strings.IndexAny(p.rest, " )")
	if end < 0 {
		end = len(p.rest)
	}
	op := strings.ToLower(p.rest[:end])
	p.rest = p.rest[end:]
	switch op {
	case "pr":
		return compareExpr{path: at, op: op}, nil
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
	default:
		return nil, fmt.Errorf("unknown operator %q", op)
	}
	p.skip()
	dec := json.NewDecoder(strings.NewReader(p.rest))
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("a value after %s is not a JSON literal", op)
	}
	switch v.(type) {
	case object, []any:
		return nil, fmt.Errorf("a value after %s is not a simple literal", op)
	case string:
	default:
		if op != "eq" && op != "ne" {
			return nil, fmt.Errorf("%s compares strings", op)
		}
	}
	p.rest = p.rest[dec.InputOffset():]
	return compareExpr{at, op, v}, nil
}

// attribute resolves a name: of the resource, or below the element of a value path.
func (p *filterParser) attribute(name string) (path, error) {
	if p.elem == nil {
		at, err := p.schema.parsePath(name)
		if err != nil {
			return at, err
		}
		// A complex attribute is compared by its value (RFC 7644 section 3.4.2.2, "emails co").
		if at.sub == "" && at.def != nil && find(at.def.sub, "value") != nil {
			at.sub = "value"
		}
		return at, nil
	}
	if p.elem.sub == nil && isName(name) { // an attribute of an unknown extension
		return path{attr: name}, nil
	}
	sub := find(p.elem.sub, name)
	if sub == nil {
		return path{}, fmt.Errorf("there is no attribute %s.%s", p.elem.name, name)
	}
	return path{attr: sub.name, def: sub}, nil
}

// caseExact reports whether values at the path differ when only their case does.
func (p path) caseExact() bool {
	if p.def == nil {
		return false
	}
	if p.sub != "" {
		if sub := find(p.def.sub, p.sub); sub != nil {
			return sub.caseExact
		}
	}
	return p.def.caseExact
}
