package googleworkspace

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// usersKind is what a page of accounts says that it is.
const usersKind = "admin#directory#users"

// userFields is the partial response that is asked for: what is mapped, and nothing else about people.
const userFields = "id,primaryEmail,name(givenName,familyName,fullName,displayName),suspended,archived,suspensionReason,orgUnitPath," +
	"externalIds,organizations,relations,aliases,nonEditableAliases,lastLoginTime,creationTime,isGuestUser,recoveryEmail"

// user is a User of the Directory API, as far as it is mapped.
type user struct {
	ID           string `json:"id"`
	PrimaryEmail string `json:"primaryEmail"`
	Name         struct {
		GivenName   string `json:"givenName"`
		FamilyName  string `json:"familyName"`
		FullName    string `json:"fullName"`
		DisplayName string `json:"displayName"`
	} `json:"name"`
	Suspended          bool     `json:"suspended"`
	Archived           bool     `json:"archived"`
	SuspensionReason   string   `json:"suspensionReason"`
	OrgUnitPath        string   `json:"orgUnitPath"`
	ExternalIDs        entries  `json:"externalIds"`
	Organizations      entries  `json:"organizations"`
	Relations          entries  `json:"relations"`
	Aliases            []string `json:"aliases"`
	NonEditableAliases []string `json:"nonEditableAliases"`
	LastLoginTime      string   `json:"lastLoginTime"`
	CreationTime       string   `json:"creationTime"`
	DeletionTime       string   `json:"deletionTime"`
	IsGuestUser        bool     `json:"isGuestUser"`
	RecoveryEmail      string   `json:"recoveryEmail"`
}

// entries is a list of things like telephone numbers, whole: a PATCH replaces such a list, so what is not understood
// here has to be sent back too.
type entries []map[string]any

// UnmarshalJSON takes a list for empty that is none: the API describes these properties as of any type.
func (e *entries) UnmarshalJSON(b []byte) error {
	var list []map[string]any
	if json.Unmarshal(b, &list) != nil {
		list = nil
	}
	*e = list
	return nil
}

func text(v any) string { s, _ := v.(string); return s }

// typed is the position of the entry of that type, or -1.
func (e entries) typed(kind string) int {
	return slices.IndexFunc(e, func(m map[string]any) bool { return strings.EqualFold(text(m["type"]), kind) })
}

// main is the position of the employment that the Admin console shows: the primary one, else that of type work,
// else the first; -1 when there is none.
func (e entries) main() int {
	if i := slices.IndexFunc(e, func(m map[string]any) bool { return m["primary"] == true }); i >= 0 {
		return i
	}
	if i := e.typed("work"); i >= 0 {
		return i
	}
	return min(0, len(e)-1)
}

// at reads a property of the entry at i, "" for none.
func (e entries) at(i int, key string) string {
	if i < 0 {
		return ""
	}
	return text(e[i][key])
}

// with is a copy with another value at i, or in a new entry where i is -1; the original stays.
func (e entries) with(i int, key, value string, fresh map[string]any) entries {
	list := make(entries, len(e), len(e)+1)
	for j := range e {
		list[j] = maps.Clone(e[j])
	}
	if i < 0 {
		if value == "" {
			return list
		}
		list = append(list, fresh)
		i = len(list) - 1
	}
	if list[i][key] = value; value == "" {
		delete(list[i], key)
	}
	return list
}

// property is where an account keeps a value that is part of a list.
type property struct {
	list  string // "externalIds"
	key   string // of the entry
	of    func(*user) *entries
	find  func(entries) int
	fresh func() map[string]any
	// whole: the entry stands for the value and goes with it.
	whole bool
}

func (p property) read(u *user) string { return p.of(u).at(p.find(*p.of(u)), p.key) }

// write changes the list in u.
func (p property) write(u *user, value string) {
	list := p.of(u)
	i := p.find(*list)
	if p.whole && value == "" {
		if i >= 0 {
			*list = slices.Delete(slices.Clone(*list), i, i+1)
		}
		return
	}
	*list = list.with(i, p.key, value, p.fresh())
}

// properties are the fields and attributes that live in lists.
func properties() map[string]property {
	employment := func(key string) property {
		return property{
			list: "organizations", key: key, of: func(u *user) *entries { return &u.Organizations }, find: entries.main,
			fresh: func() map[string]any { return map[string]any{"type": "work", "primary": true} },
		}
	}
	value := func(list, kind string, of func(*user) *entries) property {
		return property{
			list: list, key: "value", of: of, whole: true, find: func(e entries) int { return e.typed(kind) },
			fresh: func() map[string]any { return map[string]any{"type": kind} },
		}
	}
	return map[string]property{
		string(access.PersonID):   value("externalIds", "organization", func(u *user) *entries { return &u.ExternalIDs }),
		string(access.Manager):    value("relations", "manager", func(u *user) *entries { return &u.Relations }),
		string(access.Title):      employment("title"),
		string(access.Department): employment("department"),
		attrCostCenter:            employment("costCenter"),
		attrEmployeeType:          employment("description"), // "type of employee" in the Admin console
	}
}

// The attributes beyond the fields.
const (
	attrOrgUnit       = "org_unit_path"
	attrCostCenter    = "cost_center"
	attrEmployeeType  = "employee_type"
	attrRecoveryEmail = "recovery_email"
)

func attributes() []string {
	return []string{attrOrgUnit, attrCostCenter, attrEmployeeType, attrRecoveryEmail}
}

func (u *user) active() bool { return !u.Suspended && !u.Archived }

// get reads a field or attribute by name.
func (u *user) get(name string) string {
	if p, ok := properties()[name]; ok {
		return p.read(u)
	}
	switch name {
	case string(access.UserName), string(access.Email):
		return u.PrimaryEmail
	case string(access.GivenName):
		return u.Name.GivenName
	case string(access.FamilyName):
		return u.Name.FamilyName
	case string(access.DisplayName):
		if u.Name.DisplayName == "" {
			return u.Name.FullName // what Google shows then
		}
		return u.Name.DisplayName
	case attrOrgUnit:
		return u.OrgUnitPath
	case attrRecoveryEmail:
		return u.RecoveryEmail
	}
	return ""
}

// account is the user in Tenure's words.
func (u *user) account() access.Account {
	acc := access.Account{ID: u.ID, Active: u.active(), Status: "active", External: u.IsGuestUser, Created: instant(u.CreationTime), LastLogin: instant(u.LastLoginTime)}
	for _, f := range access.Fields() {
		acc.Set(f, u.get(string(f)))
	}
	switch {
	case u.Archived:
		acc.Status = "archived"
	case u.Suspended && u.SuspensionReason != "":
		acc.Status = "suspended (" + strings.ToLower(u.SuspensionReason) + ")"
	case u.Suspended:
		acc.Status = "suspended"
	}
	// Google writes "never signed in" as the beginning of the epoch.
	if !acc.LastLogin.IsZero() && acc.LastLogin.Year() <= 1970 {
		acc.LastLogin, acc.NeverUsed = time.Time{}, true
	}
	acc.Attributes = map[string]string{}
	for _, name := range attributes() {
		acc.Attributes[name] = u.get(name)
	}
	return acc
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
