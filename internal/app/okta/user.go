package okta

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// user is an Okta user, as far as Tenure cares. https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
type user struct {
	ID                    string
	Status                string
	TransitioningToStatus string
	Created               string
	LastLogin             json.RawMessage // null means that nobody ever signed in
	Profile               map[string]any
}

func (u user) id() string { return u.ID }

// statuses are all statuses of users and whether somebody in it can, or after a password change could, sign in.
// STAGED is not yet, SUSPENDED and DEPROVISIONED no longer.
func statuses() map[string]bool {
	return map[string]bool{
		"STAGED": false, "PROVISIONED": true, "ACTIVE": true, "RECOVERY": true, "PASSWORD_EXPIRED": true, "LOCKED_OUT": true,
		"SUSPENDED": false, "DEPROVISIONED": false,
	}
}

// active reports whether the account is usable. A status under way counts as reached, one that nobody knows as active:
// Tenure must not take an account for harmless because Okta has a new word for it.
func (u user) active() bool {
	status := u.Status
	if u.TransitioningToStatus != "" {
		status = u.TransitioningToStatus
	}
	active, known := statuses()[status]
	return active || !known
}

func (u user) text(property string) string { return text(u.Profile[property]) }

// text spells a profile value; null and "" are both nothing.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = text(e)
		}
		return strings.Join(parts, ",")
	}
	return ""
}

// account is the user in Tenure's words.
func (d *Directory) account(u user) access.Account {
	a := access.Account{ID: u.ID, Active: u.active(), Status: strings.ToLower(u.Status), NeverUsed: string(u.LastLogin) == "null"}
	for f, property := range d.properties {
		a.Set(f, u.text(property))
	}
	a.Created, _ = time.Parse(time.RFC3339, u.Created) // no date is no date
	var last string
	if json.Unmarshal(u.LastLogin, &last) == nil {
		a.LastLogin, _ = time.Parse(time.RFC3339, last)
	}
	a.Attributes = attributesOf(d.attributes, u.Profile)
	return a
}

func attributesOf(named map[string]Attribute, profile map[string]any) map[string]string {
	if len(named) == 0 {
		return nil
	}
	values := make(map[string]string, len(named))
	for name, a := range named {
		values[name] = text(profile[a.Property])
	}
	return values
}

// profile is what want asks for, as profile properties. "" clears.
func (d *Directory) profile(want access.AccountSpec) (map[string]any, error) {
	profile := map[string]any{}
	for _, f := range slices.Sorted(maps.Keys(want.Values)) {
		property, ok := d.properties[f]
		if !ok {
			return nil, &fault.Error{Kind: fault.Unsupported, Cause: "accounts in Okta have no field " + string(f), State: "Nothing was sent.", Next: "Leave it out, or name a profile property in an attribute block."}
		}
		v := want.Values[f]
		if v == "" && slices.Contains([]access.Field{access.UserName, access.Email, access.GivenName, access.FamilyName}, f) {
			return nil, &fault.Error{Kind: fault.Unsupported, Cause: "Okta does not let an account be without " + string(f), State: "Nothing was sent."}
		}
		if err := plain(string(f), v); err != nil {
			return nil, err
		}
		profile[property] = cleared(property, v)
	}
	if err := addAttributes(profile, d.attributes, want.Attributes); err != nil {
		return nil, err
	}
	return profile, nil
}

// addAttributes adds extra attributes to a profile, in the types that Okta keeps them in.
func addAttributes(profile map[string]any, named map[string]Attribute, values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		a, ok := named[name]
		if !ok {
			return &fault.Error{Kind: fault.Unsupported, Cause: "no attribute block names the attribute " + name, State: "Nothing was sent.", Next: "Add an attribute block with the profile property."}
		}
		v := values[name]
		if err := plain("the attribute "+name, v); err != nil {
			return err
		}
		var typed any
		var err error
		switch {
		case v == "":
		case a.kind() == "number":
			typed, err = strconv.ParseFloat(v, 64)
		case a.kind() == "boolean":
			typed, err = strconv.ParseBool(v)
		case a.kind() == "list":
			typed = strings.Split(v, ",")
		default:
			typed = v
		}
		if err != nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the attribute " + name + " is no " + a.kind(), State: "Nothing was sent."}
		}
		profile[a.Property] = typed
	}
	return nil
}

// cleared is the value to send: null removes a property, except from the few that are described as never null.
func cleared(property, v string) any {
	if v == "" && !slices.Contains([]string{"department", "employeeNumber", "locale"}, property) {
		return nil
	}
	return v
}

// plain refuses what Okta's database cannot keep: characters outside the basic plane, emoji above all.
func plain(what, v string) error {
	for _, r := range v {
		if r > 0xFFFF || r == utf8.RuneError {
			return &fault.Error{Kind: fault.Invalid, Cause: "Okta cannot keep one of the characters of " + what + " (4 bytes in UTF-8)", State: "Nothing was sent.", Next: "Leave emoji and rare characters out."}
		}
	}
	return nil
}
