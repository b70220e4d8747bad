package idp

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// enterprise is the extension of RFC 7643 section 4.3. Its attributes are read by their full names, with a colon.
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// emails is a list, of which a record has the one address for work.
const emails = "emails"

// OpenSCIM reads an identity provider by SCIM 2.0 (RFC 7643, 7644). Paths are names of attributes: "name.givenName",
// "externalId", "urn:…:User:costCenter".
func OpenSCIM(c Config) (roster.Source, error) {
	manager := enterprise + ":manager.value"
	return open(c, hrapi.Kind{
		Info: roster.Info{
			Kind: "scim", Terminated: roster.Depends, FutureHires: roster.No, Leave: roster.No, Totals: roster.Yes,
			Lacks: map[string]string{
				"start_date":        "SCIM knows no dates: map an attribute of an extension of your own where there is one",
				"end_date":          "SCIM knows no dates: map an attribute of an extension of your own where there is one",
				"last_working_day":  "SCIM knows no dates: map an attribute of an extension of your own where there is one",
				"contract_end_date": "SCIM knows no dates: map an attribute of an extension of your own where there is one",
				"status":            "whether the account is active: one that is not is taken for somebody who has left, unless status_map says otherwise for inactive",
			},
		},
		Title: "the identity provider", Noun: "user", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "user_name": "userName", "employee_number": enterprise + ":employeeNumber", "given_name": "name.givenName",
			"family_name": "name.familyName", "display_name": "displayName", "work_email": emails, "title": "title",
			"department": enterprise + ":department", "cost_center": enterprise + ":costCenter", "manager_source_id": manager,
			"employment_type": "userType", "status": "active",
		},
		OmitsEmpty: true, // RFC 7643 section 2.5: no value and no attribute are one
		StatusMap:  map[string]string{"inactive": "terminated"},
		Adjust: func(r *hrapi.Record) {
			switch strings.ToLower(r.Get("active")) { // some write "True"
			case "true":
				r.Set("active", "active")
			case "false":
				r.Set("active", "inactive")
			}
		},
	}, scimAttributes, settleSCIM)
}

// scimAttributes are the attributes of paths (RFC 7644 section 3.10).
func scimAttributes(want []string) []string {
	var list []string
	for _, path := range want {
		attr := path
		if strings.HasPrefix(attr, "urn:") { // its version has a dot of its own
			at := strings.LastIndexByte(attr, ':') + 1
			name, _, _ := strings.Cut(attr[at:], ".")
			attr = attr[:at] + name
		}
		if attr != "" && !slices.Contains(list, attr) {
			list = append(list, attr)
		}
	}
	return list
}

// settleSCIM gives the attributes of extensions their full names, a manager who is a text (RFC 7643 knows an object) its
// place, and of the addresses the one for work. What is no object is for Pages to name.
func settleSCIM(u json.RawMessage) (json.RawMessage, error) {
	var user map[string]json.RawMessage
	if json.Unmarshal(u, &user) != nil {
		return u, nil //nolint:nilerr // for Pages to name
	}
	flat := map[string]json.RawMessage{}
	for key, v := range user {
		if strings.EqualFold(key, emails) {
			if address, ok := emailOf(v); ok {
				flat[emails] = address
				continue
			}
		}
		var extension map[string]json.RawMessage
		if !strings.HasPrefix(strings.ToLower(key), "urn:") || json.Unmarshal(v, &extension) != nil {
			flat[key] = v
			continue
		}
		if strings.EqualFold(key, enterprise) {
			key = enterprise
		}
		for name, v := range extension {
			if key == enterprise && name == "manager" && bytes.HasPrefix(bytes.TrimSpace(v), []byte(`"`)) {
				v = json.RawMessage(`{"value":` + string(v) + `}`)
			}
			flat[key+":"+name] = v
		}
	}
	return encode(flat)
}

// emailOf is the address for work: of those with the type work the primary one, else the only one; else the primary one,
// else the only one. Of several that nothing tells apart it is none, because which one is meant is not guessed. False says
// that the value is no list of addresses.
func emailOf(raw json.RawMessage) (json.RawMessage, bool) {
	type address struct {
		Value, Type string
		Primary     any
	}
	var all []address
	var plain []string
	if json.Unmarshal(raw, &all) != nil {
		if all = nil; json.Unmarshal(raw, &plain) != nil {
			return nil, false
		}
		for _, v := range plain { // which some servers write
			all = append(all, address{Value: v})
		}
	}
	all = slices.DeleteFunc(all, func(a address) bool { return a.Value == "" || strings.EqualFold(a.Type, "home") })
	work := func(a address) bool { return strings.EqualFold(a.Type, "work") }
	primary := func(a address) bool { return a.Primary == true || a.Primary == "true" || a.Primary == "True" }
	for _, is := range []func(address) bool{
		func(a address) bool { return work(a) && primary(a) }, work, primary, func(address) bool { return true },
	} {
		found, one := "", true
		for _, a := range all {
			if is(a) {
				one = one && (found == "" || strings.EqualFold(found, a.Value))
				found = a.Value
			}
		}
		if found != "" && one {
			text, err := json.Marshal(found)
			return text, err == nil
		}
	}
	return json.RawMessage("null"), true
}
