package scim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// path names one value inside a resource, as RFC 7644 section 3.5.2 writes it: "title", "name.givenName",
// `addresses[type eq "work"].country`, "urn:...:User:department".
type path struct {
	urn    string // schema of an extension; "" for the core schema
	attr   string
	filter *condition
	sub    string
	// single says that the attribute is known to hold one string, so that it can be written unseen.
	single bool
	// whole says that a single complex attribute is replaced altogether: the manager, whose display name
	// would otherwise stay behind.
	whole bool
}

// condition is `attr eq value`, the only filter that paths take.
type condition struct {
	attr  string
	value any // string, bool or json.Number
}

// multiValued are the core attributes of users with more than one value (RFC 7643 section 4.1.2).
var multiValued = map[string]bool{
	"emails": true, "phonenumbers": true, "ims": true, "photos": true, "addresses": true,
	"entitlements": true, "roles": true, "x509certificates": true,
}

// parsePath reads a path from configuration.
func parsePath(text string) (path, error) {
	bad := func(why string) (path, error) {
		return path{}, fault.New(fault.Invalid, `%q is not the path of an attribute: %s; examples are nickName, name.middleName, `+
			`addresses[type eq "work"].country and %s:costCenter`, text, why, enterpriseUser)
	}
	head, rest := text, ""
	if i := strings.IndexByte(text, '['); i >= 0 {
		head, rest = text[:i], text[i:]
	}
	var p path
	if len(head) > 4 && strings.EqualFold(head[:4], "urn:") {
		i := strings.LastIndexByte(head, ':')
		p.urn, head = head[:i], head[i+1:]
		if n := len(p.urn); p.urn[n-1] >= '0' && p.urn[n-1] <= '9' || n < 5 {
			return bad("it names a schema, without an attribute")
		}
		if strings.ContainsAny(p.urn, " \t\r\n\"\\/") {
			return bad("the schema is malformed")
		}
		if strings.EqualFold(p.urn, coreUser) {
			p.urn = ""
		}
	}
	if rest == "" {
		p.attr, p.sub, _ = strings.Cut(head, ".")
		if strings.HasSuffix(head, ".") {
			return bad("it ends in a dot")
		}
	} else {
		p.attr = head
		end := closing(rest)
		if end < 0 {
			return bad("the bracket is not closed")
		}
		var ok bool
		if p.filter, ok = parseCondition(rest[1:end]); !ok {
			return bad(`a filter has the form [type eq "work"]`)
		}
		if rest = rest[end+1:]; rest != "" {
			if p.sub, ok = strings.CutPrefix(rest, "."); !ok || p.sub == "" {
				return bad("after a filter only .name may follow")
			}
		}
	}
	if !attrName(p.attr) || p.sub != "" && !attrName(p.sub) {
		return bad("attribute names consist of letters, digits, - and _")
	}
	return p, nil
}

// closing finds the bracket that ends a filter, past those inside quotes.
func closing(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return i
		}
	}
	return -1
}

func parseCondition(s string) (*condition, bool) {
	attr, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	op, literal, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if !attrName(attr) || !strings.EqualFold(op, "eq") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(literal))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, false
	}
	switch v.(type) {
	case string, bool, json.Number:
		return &condition{attr, v}, true
	}
	return nil, false
}

func attrName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '$' && i == 0
		if !letter && (i == 0 || (r < '0' || r > '9') && r != '-' && r != '_') {
			return false
		}
	}
	return s != "" && s != "$"
}

// String is the path as PATCH takes it, without the filter: an attribute with one is written as a whole,
// because several servers ignore filters in the paths of users.
func (p path) String() string {
	s := p.attr
	if p.urn != "" {
		s = p.urn + ":" + s
	}
	if p.sub != "" && !p.whole && p.filter == nil {
		s += "." + p.sub
	}
	return s
}

// many reports whether the value sits in a list, going by the path and by what the resource holds.
func (p path) many(current any) bool {
	_, isList := current.([]any)
	return isList || p.filter != nil || p.urn == "" && multiValued[strings.ToLower(p.attr)]
}

// read is the value as text; "" when the resource holds none.
func (p path) read(o object) string {
	in := o
	if p.urn != "" {
		if v, ok := o.get(p.urn + ":" + p.attr); ok { // flattened, as one identity provider writes it
			return text(member(v, p))
		}
		ext, _ := o.get(p.urn)
		in, _ = ext.(map[string]any)
	}
	v, ok := in.get(p.attr)
	if !ok && p.sub != "" {
		v, _ = in.get(p.attr + "." + p.sub) // GitLab answers a flat "name.formatted"
		return text(v)
	}
	return text(member(v, p))
}

// member goes from the attribute to the element and the sub-attribute.
func member(v any, p path) any {
	if list, ok := v.([]any); ok {
		i := p.pick(list)
		if i < 0 {
			return nil
		}
		v = list[i]
	} else if p.filter != nil && !p.filter.holds(v) {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		if p.sub != "" && p.sub != "value" {
			return nil
		}
		return v
	}
	v, _ = object(m).get(p.element())
	return v
}

// element is the sub-attribute that holds the value.
func (p path) element() string {
	if p.sub == "" {
		return "value"
	}
	return p.sub
}

// pick chooses the element that the path means: the one that fits the filter; without a filter the
// primary one, else the one for work, else the first. -1 when there is none.
func (p path) pick(list []any) int {
	find := func(c condition) int {
		for i, e := range list {
			if c.holds(e) {
				return i
			}
		}
		return -1
	}
	if p.filter != nil {
		return find(*p.filter)
	}
	for _, c := range []condition{{"primary", true}, {"type", "work"}} {
		if i := find(c); i >= 0 {
			return i
		}
	}
	return min(len(list), 1) - 1
}

func (c condition) holds(element any) bool {
	m, ok := element.(map[string]any)
	if !ok {
		return false
	}
	v, ok := object(m).get(c.attr)
	return ok && strings.EqualFold(text(v), text(c.value))
}

// write puts the value into the resource, or takes it out when it is "", and leaves everything else alone.
func (p path) write(o object, value string) {
	in := o
	if p.urn != "" {
		key, ext := o.find(p.urn)
		in, _ = ext.(map[string]any)
		if in == nil {
			if value == "" {
				return
			}
			in = object{}
			o[key] = map[string]any(in)
		}
	}
	key, current := in.find(p.attr)
	if p.many(current) {
		if list := p.writeMany(asList(current), value); len(list) > 0 {
			in[key] = list
		} else {
			delete(in, key)
		}
		return
	}
	m, complex := current.(map[string]any)
	switch {
	case value == "" && complex && p.sub != "" && !p.whole:
		subKey, _ := object(m).find(p.sub)
		delete(m, subKey)
	case value == "":
		delete(in, key)
	case p.whole:
		in[key] = map[string]any{p.sub: value}
	case complex:
		subKey, was := object(m).find(p.element())
		m[subKey] = p.typed(value, was)
	case p.sub != "":
		in[key] = map[string]any{p.sub: p.typed(value, nil)}
	default:
		in[key] = p.typed(value, current)
	}
}

// null marks the value, which write took out, as explicitly unassigned.
func (p path) null(o object) {
	if p.urn != "" {
		_, ext := o.find(p.urn)
		o, _ = ext.(map[string]any)
	}
	key, current := o.find(p.attr)
	m, complex := current.(map[string]any)
	switch {
	case o == nil:
	case current == nil:
		o[key] = nil
	case complex && p.sub != "":
		subKey, _ := object(m).find(p.sub)
		m[subKey] = nil
	}
}

func asList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	}
	return []any{v}
}

func (p path) writeMany(list []any, value string) []any {
	i := p.pick(list)
	var out []any
	for j, e := range list {
		if j != i && value != "" && strings.EqualFold(p.attr, "emails") && p.element() == "value" && strings.EqualFold(text(member(e, path{})), value) {
			continue // the new address was there already, in another role: servers refuse it twice
		}
		if j != i {
			out = append(out, e)
			continue
		}
		m, complex := e.(map[string]any)
		switch {
		case value == "" && (!complex || p.element() == "value"):
			continue
		case !complex:
			e = p.typed(value, e)
		default:
			m = clone(m)
			key, was := object(m).find(p.element())
			if m[key] = p.typed(value, was); value == "" {
				delete(m, key)
			}
			e = m
		}
		out = append(out, e)
	}
	if i >= 0 || value == "" {
		return out
	}
	e := map[string]any{p.element(): p.typed(value, nil)}
	switch {
	case p.filter != nil:
		e[p.filter.attr] = p.filter.value
	case strings.EqualFold(p.attr, "emails"):
		e["type"], e["primary"] = "work", true
	default:
		e["primary"] = true
	}
	return append(out, e)
}

// typed keeps the JSON type of what is there. Where nothing is, "true" and "false" are taken for booleans.
func (p path) typed(value string, current any) any {
	if p.single {
		return value
	}
	switch current.(type) {
	case string:
		return value
	case json.Number:
		if _, err := strconv.ParseFloat(value, 64); err == nil && json.Valid([]byte(value)) {
			return json.Number(value)
		}
		return value
	}
	switch value {
	case "true":
		return true
	case "false":
		return false
	}
	return value
}

// text is a JSON scalar as configuration writes it; anything else is "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		if strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			return strings.ToLower(v) // some servers spell booleans "True"
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// quoted is a string literal of the filter language, which is that of JSON (RFC 7644 section 3.4.2.2).
func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
