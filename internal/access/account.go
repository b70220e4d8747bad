// Package access holds the nouns that all layers share: Person, Account, Group, License, Member. It is
// pure: no I/O, no clock, no imports of this module. Terms follow RFC 7643 (SCIM core schema) where it
// has one.
package access

import "time"

// Field names an account attribute that Tenure knows by itself; the spelling is the one of the HCL.
type Field string

// The account fields. PersonID is the app's memory of whom the account belongs to: externalId or
// employeeNumber in SCIM. Manager is the manager's user name, or the manager's account id in what a
// connector with Info.ManagerIsID exchanges.
const (
	PersonID    Field = "person_id"
	UserName    Field = "user_name"
	Email       Field = "email"
	GivenName   Field = "given_name"
	FamilyName  Field = "family_name"
	DisplayName Field = "display_name"
	Title       Field = "title"
	Department  Field = "department"
	Manager     Field = "manager"
	Role        Field = "role"
)

// Fields lists every Field in the order people read them.
func Fields() []Field {
	return []Field{PersonID, UserName, Email, GivenName, FamilyName, DisplayName, Title, Department, Manager, Role}
}

// Account is one account as an app reports it. An empty string means that the app holds nothing there.
type Account struct {
	ID          string // immutable, assigned by the app
	PersonID    string
	UserName    string
	Email       string
	GivenName   string
	FamilyName  string
	DisplayName string
	Title       string
	Department  string
	Manager     string
	Role        string
	Active      bool
	// Status is the app's own word: "active", "deactivated", "invited" … For people, not for decisions.
	Status string
	// LastLogin is zero when the app reports none, which is no signal and not "never".
	LastLogin time.Time
	// NeverUsed is true only where the app says that nobody ever signed in; it is not the same as no LastLogin.
	NeverUsed bool
	// Created is when the app made the account, or sent the invitation; zero when it does not say.
	Created time.Time
	// External marks a guest or outside collaborator, where the app tells them apart.
	External bool
	// Attributes are the extra attributes that the app's configuration names, by that name.
	Attributes map[string]string
}

// Get reads a field by name; unknown names read as "".
func (a *Account) Get(f Field) string {
	if p := a.at(f); p != nil {
		return *p
	}
	return ""
}

// Set writes a field by name; unknown names are ignored.
func (a *Account) Set(f Field, v string) {
	if p := a.at(f); p != nil {
		*p = v
	}
}

func (a *Account) at(f Field) *string {
	switch f {
	case PersonID:
		return &a.PersonID
	case UserName:
		return &a.UserName
	case Email:
		return &a.Email
	case GivenName:
		return &a.GivenName
	case FamilyName:
		return &a.FamilyName
	case DisplayName:
		return &a.DisplayName
	case Title:
		return &a.Title
	case Department:
		return &a.Department
	case Manager:
		return &a.Manager
	case Role:
		return &a.Role
	}
	return nil
}

// Label names the account to a person: user name, else e-mail, else id.
func (a Account) Label() string {
	for _, s := range []string{a.UserName, a.Email, a.ID} {
		if s != "" {
			return s
		}
	}
	return "(unnamed account)"
}

// AccountRef points at one existing account. ID decides; UserName is for messages and for apps that
// address accounts by it.
type AccountRef struct {
	ID       string
	UserName string
}

// Ref is the reference to this account.
func (a Account) Ref() AccountRef { return AccountRef{ID: a.ID, UserName: a.UserName} }

// AccountFilter asks for the accounts whose Field equals Value; the zero filter asks for all.
// Values are compared as the app compares them, so callers compare again.
type AccountFilter struct {
	Field Field
	Value string
}

// AccountSpec is what an account should become. Only what is named is sent: a Field absent from Values
// is left alone, Active nil likewise.
type AccountSpec struct {
	Values     map[Field]string
	Attributes map[string]string
	Active     *bool
}

// Empty reports whether the spec asks for nothing.
func (s AccountSpec) Empty() bool {
	return len(s.Values) == 0 && len(s.Attributes) == 0 && s.Active == nil
}

// Disposition is what becomes of an account that is no longer wanted.
type Disposition string

// The dispositions, as `on_removal` spells them.
const (
	Deactivate Disposition = "deactivate"
	Delete     Disposition = "delete"
	Keep       Disposition = "keep"
)
