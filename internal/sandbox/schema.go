package sandbox

import (
	"net/http"
	"strings"
)

// The URNs of RFC 7643 section 8.7 and RFC 7644 section 3.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	messageURN    = "urn:ietf:params:scim:api:messages:2.0:"
)

// object is one decoded JSON object, with attribute names in the spelling of the schema.
type object = map[string]any

// attribute describes one attribute as RFC 7643 section 7 does, as far as the server acts on it.
type attribute struct {
	name      string
	kind      string // string, boolean, complex, reference, dateTime, binary; the zero value is string
	sub       []attribute
	multi     bool
	required  bool
	readOnly  bool
	caseExact bool
	unique    bool
}

func (a *attribute) typ() string {
	switch {
	case a.kind != "":
		return a.kind
	case a.sub != nil:
		return "complex"
	}
	return "string"
}

// find is the attribute of that name in any case.
func find(attrs []attribute, name string) *attribute {
	for i := range attrs {
		if strings.EqualFold(attrs[i].name, name) {
			return &attrs[i]
		}
	}
	return nil
}

// schema is one resource type: its core attributes and its known extensions.
type schema struct {
	name       string // "User"
	endpoint   string // "/Users"
	urn        string
	attrs      []attribute
	extensions map[string][]attribute
}

func plain(names ...string) []attribute {
	attrs := make([]attribute, len(names))
	for i, n := range names {
		attrs[i] = attribute{name: n}
	}
	return attrs
}

// multi is a multi-valued complex attribute with the sub-attributes of RFC 7643 section 2.4.
func multi(name string, caseExact bool) attribute {
	return attribute{name: name, multi: true, sub: []attribute{
		{name: "value", caseExact: caseExact}, {name: "display"}, {name: "type"}, {name: "primary", kind: "boolean"},
	}}
}

// userSchema is RFC 7643 sections 4.1 and 4.3, with extra simple attributes.
func userSchema(extra []string) *schema {
	attrs := []attribute{
		{name: "userName", required: true, unique: true},
		{name: "externalId", caseExact: true},
		{name: "name", sub: plain("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")},
		{name: "displayName"},
		{name: "nickName"},
		{name: "profileUrl", kind: "reference"},
		{name: "title"},
		{name: "userType"},
		{name: "preferredLanguage"},
		{name: "locale"},
		{name: "timezone"},
		{name: "active", kind: "boolean"},
		{name: "password"},
		multi("emails", false), multi("phoneNumbers", false), multi("ims", false), multi("photos", true),
		{name: "addresses", multi: true, sub: append(plain("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type"),
			attribute{name: "primary", kind: "boolean"})},
		{name: "groups", multi: true, readOnly: true, sub: plain("value", "$ref", "display", "type")},
		multi("entitlements", false), multi("roles", false), multi("x509Certificates", true),
	}
	return &schema{
		name: "User", endpoint: "/Users", urn: userURN, attrs: append(attrs, plain(extra...)...),
		extensions: map[string][]attribute{enterpriseURN: {
			{name: "employeeNumber"},
			{name: "costCenter"},
			{name: "organization"},
			{name: "division"},
			{name: "department"},
			{name: "manager", sub: []attribute{{name: "value", caseExact: true}, {name: "$ref", kind: "reference"}, {name: "displayName", readOnly: true}}},
		}},
	}
}

// groupSchema is RFC 7643 section 4.2.
func groupSchema() *schema {
	return &schema{name: "Group", endpoint: "/Groups", urn: groupURN, attrs: []attribute{
		{name: "displayName", required: true},
		{name: "externalId", caseExact: true},
		{name: "members", multi: true, sub: []attribute{
			{name: "value", caseExact: true}, {name: "$ref", kind: "reference"}, {name: "display"}, {name: "type"},
		}},
	}}
}

// commonAttributes belong to every resource and to the server (RFC 7643 section 3.1).
var commonAttributes = []attribute{
	{name: "id", readOnly: true, caseExact: true},
	{name: "meta", readOnly: true, sub: []attribute{
		{name: "resourceType", readOnly: true},
		{name: "created", kind: "dateTime", readOnly: true},
		{name: "lastModified", kind: "dateTime", readOnly: true},
		{name: "location", kind: "reference", readOnly: true},
		{name: "version", readOnly: true},
	}},
	{name: "schemas", kind: "reference", multi: true},
}

// lookup is the definition of attr in the extension urn, or among the core attributes when urn is "".
// An attribute of an unknown extension has none, and is taken as it comes.
func (s *schema) lookup(urn, attr string) (def *attribute, known bool) {
	if urn != "" {
		attrs, ok := s.extensions[urn]
		if !ok {
			return nil, true
		}
		def = find(attrs, attr)
		return def, def != nil
	}
	if def = find(s.attrs, attr); def == nil {
		def = find(commonAttributes, attr)
	}
	return def, def != nil
}

// extension is the canonical spelling of an extension's URN.
func (s *schema) extension(urn string) string {
	for known := range s.extensions {
		if strings.EqualFold(known, urn) {
			return known
		}
	}
	return urn
}

func isURN(name string) bool { return len(name) > 4 && strings.EqualFold(name[:4], "urn:") }

// scimError is an error response (RFC 7644 section 3.12).
type scimError struct {
	status int
	typ    string // scimType
	detail string
}

func (e *scimError) Error() string { return e.detail }

func refuse(typ, detail string) *scimError {
	return &scimError{status: http.StatusBadRequest, typ: typ, detail: detail}
}
