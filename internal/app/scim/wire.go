package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Schema names of RFC 7643 and RFC 7644.
const (
	coreUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchMessage   = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	listMessage    = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// object is a resource as the server sent it, with everything that we do not know, so that a PUT loses
// nothing. Names of attributes and schemas are compared without case (RFC 7643 section 2.1).
type object map[string]any

// UnmarshalJSON keeps numbers as they are written.
func (o *object) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return fmt.Errorf("a resource is no JSON object: %w", err)
	}
	*o = m
	return nil
}

// find is the key as the resource spells it, or as given, and its value.
func (o object) find(key string) (string, any) {
	if v, ok := o[key]; ok {
		return key, v
	}
	spelling, found := key, false
	for k := range o {
		if strings.EqualFold(k, key) && (!found || k < spelling) {
			spelling, found = k, true
		}
	}
	return spelling, o[spelling]
}

func (o object) get(key string) (any, bool) {
	_, v := o.find(key)
	return v, v != nil
}

func (o object) text(key string) string {
	v, _ := o.get(key)
	return text(v)
}

func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

// operation is one change of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

func patchBody(ops []operation) map[string]any {
	return map[string]any{"schemas": []string{patchMessage}, "Operations": ops}
}

// fieldPaths says where the dialect keeps each account field.
func fieldPaths(d Dialect, role *path) map[access.Field]path {
	paths := map[access.Field]path{
		access.UserName:    {attr: "userName", single: true},
		access.Email:       {attr: "emails", sub: "value"},
		access.GivenName:   {attr: "name", sub: "givenName", single: true},
		access.FamilyName:  {attr: "name", sub: "familyName", single: true},
		access.DisplayName: {attr: "displayName", single: true},
		access.Title:       {attr: "title", single: true},
		access.Department:  {urn: enterpriseUser, attr: "department", single: true},
		access.Manager:     {urn: enterpriseUser, attr: "manager", sub: "value", single: true, whole: true},
	}
	switch d.PersonIDIn {
	case "external_id", "id":
		paths[access.PersonID] = path{attr: "externalId", single: true}
	case "employee_number":
		paths[access.PersonID] = path{urn: enterpriseUser, attr: "employeeNumber", single: true}
	}
	if role != nil {
		paths[access.Role] = *role
	}
	return paths
}

// account reads a user.
func (a *App) account(o object) access.Account {
	acc := access.Account{ID: o.text("id"), Active: true, Status: "active"}
	for f, p := range a.fields {
		acc.Set(f, p.read(o))
	}
	if a.dialect.PersonIDIn == "id" && acc.PersonID == "" {
		acc.PersonID = acc.ID
	}
	if active, known := o.active(); known && !active {
		acc.Active, acc.Status = false, "deactivated"
	}
	if len(a.attributes) > 0 {
		acc.Attributes = make(map[string]string, len(a.attributes))
		for name, p := range a.attributes {
			acc.Attributes[name] = p.read(o)
		}
	}
	return acc
}

// active is whether the user is active, if the resource says so; some servers leave it out.
func (o object) active() (active, known bool) {
	switch o.text("active") {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// change is one value to be written.
type change struct {
	path  path
	value string
}

// changes lists what a spec asks for, in a stable order, and refuses what the app cannot hold.
func (a *App) changes(want access.AccountSpec) ([]change, error) {
	var out []change
	var unsupported, unknown []string
	for _, f := range access.Fields() {
		v, ok := want.Values[f]
		if !ok {
			continue
		}
		if p, ok := a.fields[f]; ok && slices.Contains(a.info.Fields, f) {
			out = append(out, change{p, v})
		} else {
			unsupported = append(unsupported, string(f))
		}
	}
	for f := range want.Values {
		if !slices.Contains(access.Fields(), f) {
			unsupported = append(unsupported, string(f))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Attributes)) {
		if p, ok := a.attributes[name]; ok {
			out = append(out, change{p, want.Attributes[name]})
		} else {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unsupported)
	switch {
	case len(unsupported) > 0:
		var keeps []string
		for _, f := range a.info.Fields {
			keeps = append(keeps, string(f))
		}
		return nil, &fault.Error{
			Kind: fault.Unsupported, Cause: fmt.Sprintf("%s keeps no %s", a.title, strings.Join(unsupported, ", no ")),
			State: "Nothing was sent.", Next: "It keeps " + strings.Join(keeps, ", ") + "; name more with an attribute block.",
		}
	case len(unknown) > 0:
		return nil, &fault.Error{
			Kind: fault.Invalid, Cause: fmt.Sprintf("no attribute block of the app names %s", strings.Join(unknown, ", ")),
			State: "Nothing was sent.", Next: "Add a block attribute with that name and its SCIM path.",
		}
	}
	return out, nil
}

// blind reports whether the changes can be sent without knowing the resource: an element of a list can
// only be replaced together with its neighbors.
func blind(changes []change) bool {
	return !slices.ContainsFunc(changes, func(c change) bool { return !c.path.single })
}

// operations turns changes into PATCH operations. current is the resource that they apply to; nil when
// they are blind. What it holds already is left out.
func operations(changes []change, current object) []operation {
	var ops []operation
	after := object(clone(current))
	var lists []path
	for _, c := range changes {
		if current != nil && c.path.read(current) == c.value {
			continue
		}
		c.path.write(after, c.value)
		in := after
		if c.path.urn != "" {
			ext, _ := after.get(c.path.urn)
			in, _ = ext.(map[string]any)
		}
		_, was := currentAttr(current, c.path)
		_, now := in.find(c.path.attr)
		switch {
		case c.path.many(was):
			if !slices.ContainsFunc(lists, func(p path) bool { return p.urn == c.path.urn && strings.EqualFold(p.attr, c.path.attr) }) {
				lists = append(lists, path{urn: c.path.urn, attr: c.path.attr})
			}
		case c.value == "":
			ops = append(ops, operation{Op: "remove", Path: c.path.String()})
		case c.path.whole:
			ops = append(ops, operation{Op: "replace", Path: c.path.String(), Value: now})
		default:
			if m, ok := now.(map[string]any); ok {
				_, now = object(m).find(c.path.element())
			}
			ops = append(ops, operation{Op: "replace", Path: c.path.String(), Value: now})
		}
	}
	for _, p := range lists { // once each, whatever number of its elements changed
		if _, now := currentAttr(after, p); now != nil {
			ops = append(ops, operation{Op: "replace", Path: p.String(), Value: now})
		} else {
			ops = append(ops, operation{Op: "remove", Path: p.String()})
		}
	}
	return ops
}

func currentAttr(o object, p path) (string, any) {
	if p.urn != "" {
		ext, _ := o.get(p.urn)
		o, _ = ext.(map[string]any)
	}
	return o.find(p.attr)
}

// addSchemas makes schemas name every extension that the resource uses.
func addSchemas(o object, core string) {
	key, v := o.find("schemas")
	list := asList(v)
	has := func(urn string) bool {
		return slices.ContainsFunc(list, func(e any) bool { return strings.EqualFold(text(e), urn) })
	}
	if len(list) == 0 {
		list = append(list, core)
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if _, ok := o[k].(map[string]any); ok && len(k) > 4 && strings.EqualFold(k[:4], "urn:") && !has(k) {
			list = append(list, k)
		}
	}
	o[key] = list
}

// group reads a group. Members are known only when the resource has the attribute: servers leave it out
// for a dozen reasons of which "empty" is only one.
func (a *App) group(o object) access.Group {
	g := access.Group{ID: o.text("id"), Name: o.text("displayName")}
	if members, known := a.members(o); known {
		g.Members, g.MembersKnown = members, true
	}
	return g
}

// members are the direct members that a group resource carries. A list as long as the server's cap is
// as good as none.
func (a *App) members(o object) (members []access.Member, known bool) {
	v, ok := o.get("members")
	if !ok {
		return nil, false
	}
	list := asList(v)
	if a.dialect.MemberCap > 0 && len(list) >= a.dialect.MemberCap {
		return nil, false
	}
	members = make([]access.Member, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		id := object(m).text("value")
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		nested := strings.EqualFold(object(m).text("type"), "group") || strings.Contains(object(m).text("$ref"), "Groups/")
		members = append(members, access.Member{AccountID: id, Role: access.DefaultRole, Nested: nested})
	}
	return members, true
}
