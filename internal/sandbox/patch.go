package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// operation is one change of a PATCH body (RFC 7644 section 3.5.2).
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

func parsePatch(body []byte, limit int) ([]operation, *scimError) {
	var in struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("invalidSyntax", "the body is not a PatchOp message")
	}
	if !contains(in.Schemas, messageURN+"PatchOp") {
		return nil, refuse("invalidSyntax", "schemas does not name "+messageURN+"PatchOp")
	}
	if len(in.Operations) == 0 {
		return nil, refuse("invalidSyntax", "there are no Operations")
	}
	if limit > 0 && len(in.Operations) > limit {
		return nil, refuse("tooMany", "there are too many Operations")
	}
	for i := range in.Operations {
		o := &in.Operations[i]
		switch o.Op = strings.ToLower(o.Op); o.Op {
		case "add", "replace":
			if len(o.Value) == 0 {
				return nil, refuse("invalidValue", o.Op+" without a value")
			}
		case "remove":
			if o.Path == "" {
				return nil, refuse("noTarget", "remove without a path")
			}
		default:
			return nil, refuse("invalidSyntax", "unknown op "+o.Op)
		}
	}
	return in.Operations, nil
}

// patch applies one operation to o, which it changes. The result is normalized by the caller.
func (s *schema) patch(o object, op operation, d *Dialect) *scimError {
	var value any
	if len(op.Value) > 0 {
		if err := json.Unmarshal(op.Value, &value); err != nil {
			return refuse("invalidSyntax", "the value is not JSON")
		}
	}
	if d.RefuseEmpty && op.Op != "remove" && empty(value) {
		return refuse("invalidValue", "the value is empty")
	}
	if op.Path != "" {
		at, err := s.parsePath(op.Path)
		if err != nil {
			return err
		}
		return s.patchAt(o, op.Op, at, value, d)
	}
	set, ok := value.(object)
	if !ok {
		return refuse("invalidValue", "without a path, the value is an object of attributes")
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		at, err := s.parsePath(name)
		if err == nil && (at.sub != "" || at.filter != nil) {
			err = refuse("invalidPath", name+" is not the name of an attribute")
		}
		if err != nil {
			return err
		}
		if err := s.patchAt(o, op.Op, at, set[name], d); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) patchAt(o object, op string, at path, value any, d *Dialect) *scimError {
	user := s.name == "User"
	switch {
	case user && at.filter != nil && d.IgnoreUserPathFilters:
		return nil
	case at.def != nil && at.def.readOnly:
		return refuse("mutability", at.attr+" is read-only")
	case user && len(d.PatchOnly) > 0 && (at.urn != "" || !contains(d.PatchOnly, at.attr)):
		return refuse("mutability", at.String()+" cannot be changed by PATCH")
	}
	in := o
	if at.urn != "" {
		ext, _ := o[at.urn].(object)
		if ext == nil {
			if op == "remove" {
				return nil
			}
			ext = object{}
			o[at.urn] = ext
		}
		in = ext
	}
	switch {
	case at.attr == "" && op == "remove":
		delete(o, at.urn)
		return nil
	case at.attr == "":
		set, ok := value.(object)
		if !ok {
			return refuse("invalidValue", "the value of an extension is an object")
		}
		merge(in, set)
		return nil
	case at.filter != nil:
		return patchElements(in, op, at, value)
	case at.sub != "":
		return patchSub(in, op, at, value)
	case op == "remove" || empty(value) && value != "":
		if at.def != nil && at.def.required {
			return refuse("mutability", at.attr+" is required")
		}
		delete(in, spelled(in, at.attr))
		return nil
	}
	name := spelled(in, at.attr)
	have := in[name]
	_, haveList := have.([]any)
	switch {
	case at.def != nil && at.def.multi, at.def == nil && haveList:
		list := flatten(value)
		if op == "add" {
			list = union(flatten(have), list)
		}
		in[name] = list
	case at.def != nil && at.def.sub != nil:
		set, ok := value.(object)
		if !ok {
			return refuse("invalidValue", at.attr+" is complex: its value is an object")
		}
		into, _ := have.(object)
		if into == nil {
			into = object{}
			in[name] = into
		}
		merge(into, set)
	default:
		in[name] = value
	}
	return nil
}

// spelled is the key under which o holds the attribute, or name itself.
func spelled(o object, name string) string {
	if _, ok := o[name]; ok {
		return name
	}
	for k := range o {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

// merge sets the attributes in set; null and [] unassign.
func merge(into, set object) {
	for k, v := range set {
		if empty(v) && v != "" {
			delete(into, spelled(into, k))
			continue
		}
		into[spelled(into, k)] = v
	}
}

// union adds what is new in more, by value: adding what is there already changes nothing.
func union(have, more []any) []any {
	out := slices.Clone(have)
	for _, m := range more {
		if !slices.ContainsFunc(out, func(h any) bool { return reflect.DeepEqual(h, m) }) {
			out = append(out, m)
		}
	}
	return out
}

// patchSub changes attr.sub: of the one value, or of every value of a multi-valued attribute.
func patchSub(in object, op string, at path, value any) *scimError {
	name := spelled(in, at.attr)
	elems := flatten(in[name])
	if len(elems) == 0 && op != "remove" {
		e := object{}
		elems = []any{e}
		in[name] = any(e)
		if at.def != nil && at.def.multi {
			in[name] = elems
		}
	}
	for _, e := range elems {
		if e, ok := e.(object); ok {
			if op == "remove" || empty(value) && value != "" {
				delete(e, spelled(e, at.sub))
			} else {
				e[spelled(e, at.sub)] = value
			}
		}
	}
	return nil
}

// patchElements changes the elements of a multi-valued attribute that a value filter selects.
func patchElements(in object, op string, at path, value any) *scimError {
	name := spelled(in, at.attr)
	list := flatten(in[name])
	var out []any
	matched := false
	for _, e := range list {
		if !matchElement(at.filter, e) {
			out = append(out, e)
			continue
		}
		matched = true
		elem, ok := e.(object)
		switch {
		case op == "remove" && at.sub == "":
			continue
		case !ok:
			return refuse("invalidPath", "the values of "+at.attr+" are simple")
		case op == "remove":
			delete(elem, spelled(elem, at.sub))
		case at.sub != "":
			elem[spelled(elem, at.sub)] = value
		default:
			set, ok := value.(object)
			if !ok {
				return refuse("invalidValue", "the value for "+at.attr+"[...] is an object")
			}
			if op == "replace" {
				elem = set
			} else {
				merge(elem, set)
			}
		}
		if len(elem) > 0 {
			out = append(out, any(elem))
		}
	}
	if !matched && op == "replace" {
		return refuse("noTarget", "no value of "+at.attr+" matches")
	}
	if !matched && op == "add" {
		e := object{}
		if !impliedBy(at.filter, e) {
			return refuse("noTarget", "no value of "+at.attr+" matches")
		}
		if at.sub != "" {
			e[at.sub] = value
		} else if set, ok := value.(object); ok {
			maps.Copy(e, set)
		}
		out = append(out, any(e))
	}
	if len(out) == 0 {
		delete(in, name)
	} else {
		in[name] = out
	}
	return nil
}

// impliedBy fills e with what a filter made of eq and and says about it, as servers do that take
// `add emails[type eq "work"].value` for a new address.
func impliedBy(f expr, e object) bool {
	switch f := f.(type) {
	case andExpr:
		return impliedBy(f.left, e) && impliedBy(f.right, e)
	case compareExpr:
		if f.op == "eq" {
			e[f.path.attr] = f.value
			return true
		}
	}
	return false
}

// parseObject reads a request body as one JSON object.
func parseObject(body []byte) (object, *scimError) {
	var o object
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&o); err != nil || o == nil || dec.More() {
		return nil, refuse("invalidSyntax", "the body is not a JSON object")
	}
	return o, nil
}

// requireSchema checks that a representation says what it is (RFC 7643 section 3).
func (s *schema) requireSchema(o object) *scimError {
	for _, v := range flatten(get(o, "schemas")) {
		if urn, ok := v.(string); ok && strings.EqualFold(urn, s.urn) {
			return nil
		}
	}
	return &scimError{http.StatusBadRequest, "invalidSyntax", "schemas does not name " + s.urn}
}
