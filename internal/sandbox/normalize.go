package sandbox

import (
	"slices"
	"strings"
)

// normalize brings a client's representation into the form that is stored: canonical names, typed
// values, nothing read-only, nothing empty. It leaves in alone.
func (s *schema) normalize(in object, d *Dialect) (object, *scimError) {
	out := make(object, len(in)+1)
	schemas := []any{s.urn}
	for key, v := range in {
		if !isURN(key) || strings.EqualFold(key, s.urn) {
			continue
		}
		ext, ok := v.(object)
		if v != nil && !ok {
			return nil, refuse("invalidValue", "the value of "+key+" is not an object")
		}
		urn, kept := s.extension(key), make(object, len(ext))
		if err := s.normalizeInto(kept, ext, urn, d); err != nil {
			return nil, err
		}
		if len(kept) > 0 {
			out[urn] = kept
			schemas = append(schemas, urn)
		}
	}
	slices.SortFunc(schemas[1:], func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	if err := s.normalizeInto(out, in, "", d); err != nil {
		return nil, err
	}
	out["schemas"] = schemas
	for i := range s.attrs {
		a := &s.attrs[i]
		if v, _ := out[a.name].(string); a.required && v == "" {
			return nil, refuse("invalidValue", "attribute "+a.name+" is required")
		}
	}
	return out, nil
}

func (s *schema) normalizeInto(out, in object, urn string, d *Dialect) *scimError {
	for key, v := range in {
		if urn == "" && (isURN(key) || strings.EqualFold(key, "schemas")) {
			continue
		}
		def, known := s.lookup(urn, key)
		if !known {
			return refuse("invalidSyntax", "unknown attribute "+key)
		}
		if d.RefuseEmpty && empty(v) {
			return refuse("invalidValue", "attribute "+key+" is empty")
		}
		v, err := clean(def, key, v, d)
		switch {
		case err != nil:
			return err
		case v == nil:
		case def == nil:
			out[key] = v
		case def.readOnly, def.name == "password":
		case urn == "" && contains(d.Unstored, def.name):
		default:
			out[def.name] = v
		}
	}
	return nil
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case object:
		return len(v) == 0
	}
	return false
}

// clean checks a value against its definition and answers the form to store, nil for "unassigned"
// (null and the empty array mean the same, RFC 7643 section 2.5).
func clean(def *attribute, name string, v any, d *Dialect) (any, *scimError) {
	if empty(v) && v != "" {
		return nil, nil
	}
	if def == nil {
		return v, nil
	}
	if !def.multi {
		return cleanOne(def, name, v, d)
	}
	in, ok := v.([]any)
	if !ok {
		return nil, refuse("invalidValue", "attribute "+name+" is multi-valued: its value is an array")
	}
	if d.SingleValued && len(in) > 1 {
		return nil, refuse("invalidValue", "attribute "+name+" takes one value")
	}
	out := make([]any, 0, len(in))
	for _, e := range in {
		e, err := cleanOne(def, name, e, d)
		if err != nil {
			return nil, err
		}
		if e != nil {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func cleanOne(def *attribute, name string, v any, d *Dialect) (any, *scimError) {
	mismatch := refuse("invalidValue", "the value of "+name+" is not a "+def.typ())
	switch def.typ() {
	case "complex":
		in, ok := v.(object)
		if !ok {
			return nil, mismatch
		}
		out := make(object, len(in))
		for key, v := range in {
			sub := find(def.sub, key)
			if sub == nil {
				return nil, refuse("invalidSyntax", "unknown attribute "+name+"."+key)
			}
			v, err := clean(sub, name+"."+sub.name, v, d)
			if err != nil {
				return nil, err
			}
			if v != nil && !sub.readOnly {
				out[sub.name] = v
			}
		}
		if len(out) == 0 {
			return nil, nil
		}
		return out, nil
	case "boolean":
		if s, ok := v.(string); ok && d.StringBooleans && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
			return strings.EqualFold(s, "true"), nil
		}
		if _, ok := v.(bool); !ok {
			return nil, mismatch
		}
	default:
		if _, ok := v.(string); !ok {
			return nil, mismatch
		}
	}
	return v, nil
}
