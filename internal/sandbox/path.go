package sandbox

import "strings"

// path is an attribute path of a PATCH operation, a filter or a projection (RFC 7644 section 3.10).
type path struct {
	urn    string // extension, "" for the core schema
	attr   string // canonical where the schema knows it; "" means the whole extension
	filter expr   // value filter in brackets, or nil
	sub    string // sub-attribute, or ""
	def    *attribute
}

// String spells the path without its filter, as FilterAttributes are written.
func (p path) String() string {
	s := p.attr
	if p.urn != "" {
		s = strings.TrimSuffix(p.urn+":"+p.attr, ":")
	}
	if p.sub != "" {
		s += "." + p.sub
	}
	return s
}

// parsePath reads `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each optionally prefixed by a
// schema URN, and a bare extension URN.
func (s *schema) parsePath(text string) (path, *scimError) {
	bad := refuse("invalidPath", "cannot read the path "+text)
	var p path
	head, rest, bracket := strings.Cut(text, "[")
	if bracket {
		end := closingBracket(rest)
		if end < 0 {
			return p, bad
		}
		tail := rest[end+1:]
		if tail != "" && (tail[0] != '.' || !isName(tail[1:])) {
			return p, bad
		}
		p.sub = strings.TrimPrefix(tail, ".")
		rest = rest[:end]
	}
	attr := s.splitURN(&p, head)
	if attr == "" && p.urn != "" && !bracket {
		return p, nil
	}
	if name, sub, ok := strings.Cut(attr, "."); ok {
		if bracket || !isName(sub) {
			return p, bad
		}
		attr, p.sub = name, sub
	}
	if !isName(attr) {
		return p, bad
	}
	def, known := s.lookup(p.urn, attr)
	if !known {
		return p, refuse("invalidPath", "there is no attribute "+text)
	}
	p.attr, p.def = attr, def
	if def != nil {
		p.attr = def.name
		if p.sub != "" {
			sub := find(def.sub, p.sub)
			if sub == nil {
				return p, refuse("invalidPath", "there is no attribute "+text)
			}
			p.sub = sub.name
		}
		if bracket && !def.multi {
			return p, refuse("invalidPath", "a value filter needs a multi-valued attribute: "+text)
		}
	}
	if bracket {
		elem := def
		if elem == nil {
			elem = &attribute{}
		}
		f, err := s.parseFilterIn(rest, elem)
		if err != nil {
			return p, refuse("invalidPath", "cannot read the filter in "+text)
		}
		p.filter = f
	}
	return p, nil
}

// splitURN takes a schema prefix off head. URNs contain dots and colons, so a known one is tried first.
func (s *schema) splitURN(p *path, head string) string {
	if !isURN(head) {
		return head
	}
	if rest, ok := cutFold(head, s.urn); ok && rest != "" {
		return rest[1:]
	}
	for urn := range s.extensions {
		if rest, ok := cutFold(head, urn); ok {
			p.urn = urn
			return strings.TrimPrefix(rest, ":")
		}
	}
	i := strings.LastIndexByte(head, ':')
	p.urn = head[:i]
	return head[i+1:]
}

// cutFold cuts prefix off s when what remains is empty or starts with a colon.
func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	rest = s[len(prefix):]
	return rest, rest == "" || rest[0] == ':'
}

// closingBracket finds the bracket that ends a value filter, outside of quoted strings.
func closingBracket(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return i
		}
	}
	return -1
}

// isName is ATTRNAME of RFC 7643 section 2.1, and "$ref".
func isName(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '$' && i == 0
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
