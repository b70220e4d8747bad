package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

func (e andExpr) match(get getter) bool { return e.left.match(get) && e.right.match(get) }
func (e orExpr) match(get getter) bool  { return e.left.match(get) || e.right.match(get) }
func (e notExpr) match(get getter) bool { return !e.inner.match(get) }

func (e valueExpr) match(get getter) bool {
	return slices.ContainsFunc(get(e.path), func(v any) bool { return matchElement(e.inner, v) })
}

// matchElement matches a filter inside brackets against one element.
func matchElement(e expr, element any) bool {
	o, ok := element.(object)
	if !ok {
		o = object{"value": element}
	}
	return e.match(func(p path) []any { return values(o, p) })
}

func (e compareExpr) match(get getter) bool {
	got := get(e.path)
	switch {
	case e.op == "pr":
		return slices.ContainsFunc(got, func(v any) bool { return !empty(v) })
	case e.op == "ne":
		return !compareExpr{e.path, "eq", e.value}.match(get)
	case e.value == nil:
		return len(got) == 0
	}
	return slices.ContainsFunc(got, e.holds)
}

func (e compareExpr) holds(v any) bool {
	have, ok := v.(string)
	want, isString := e.value.(string)
	if !ok || !isString {
		return e.op == "eq" && v == e.value
	}
	if !e.path.caseExact() {
		have, want = fold(have), fold(want)
	}
	switch e.op {
	case "eq":
		return have == want
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	c := strings.Compare(have, want)
	return e.op == "gt" && c > 0 || e.op == "ge" && c >= 0 || e.op == "lt" && c < 0 || e.op == "le" && c <= 0
}

// fold is the form in which values that ignore case are compared and indexed.
func fold(s string) string { return strings.ToLower(s) }

// values reads what o holds at p, each element of a multi-valued attribute by itself.
func values(o object, p path) []any {
	if p.urn != "" {
		ext, _ := o[p.urn].(object)
		if p.attr == "" {
			return flatten(o[p.urn])
		}
		o = ext
	}
	vs := flatten(get(o, p.attr))
	if p.sub == "" {
		return vs
	}
	var subs []any
	for _, v := range vs {
		if e, ok := v.(object); ok {
			subs = append(subs, flatten(get(e, p.sub))...)
		}
	}
	return subs
}

// get reads an attribute by its name in any case: attributes of unknown extensions keep the spelling
// of whoever wrote them.
func get(o object, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

func flatten(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// walk visits every comparison and value path of a filter, and names the operators in between.
func walk(e expr, operator func(string), attr func(path)) {
	switch e := e.(type) {
	case andExpr:
		operator("and")
		walk(e.left, operator, attr)
		walk(e.right, operator, attr)
	case orExpr:
		operator("or")
		walk(e.left, operator, attr)
		walk(e.right, operator, attr)
	case notExpr:
		operator("not")
		walk(e.inner, operator, attr)
	case valueExpr:
		operator("[]")
		attr(e.path)
		walk(e.inner, operator, func(path) {})
	case compareExpr:
		operator(e.op)
		attr(e.path)
	}
}

// filter parses a filter parameter and refuses what the dialect does not offer.
func (d *Dialect) filter(s *schema, text string) (expr, *scimError) {
	if d.NoFilter {
		return nil, refuse("invalidFilter", "filters are not supported")
	}
	e, err := s.parseFilter(text)
	if err != nil {
		return nil, refuse("invalidFilter", fmt.Sprintf("cannot read the filter: %v", err))
	}
	var bad *scimError
	walk(e, func(op string) {
		if d.FilterOperators != nil && !slices.Contains(d.FilterOperators, op) {
			bad = refuse("invalidFilter", "the operator "+op+" is not supported in filters")
		}
	}, func(p path) {
		// "emails eq" and "emails.value eq" are one.
		name := p.String()
		if d.FilterAttributes != nil && !contains(d.FilterAttributes, name) && !contains(d.FilterAttributes, strings.TrimSuffix(name, ".value")) {
			bad = refuse("invalidFilter", "the attribute "+name+" cannot be filtered")
		}
	})
	return e, bad
}
