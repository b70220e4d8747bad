package policy

import (
	"math/bits"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Result is what people should hold at one instant. Slices are sorted; two evaluations of the same input
// are equal.
type Result struct {
	// Apps has every app that a rule or exception names, and in each every group and product, held or not:
	// a group that lost its last holder must be emptied, not forgotten.
	Apps map[string]App
	// Reasons are, by person id, what each was given or not given and why, sorted by grant. Nil unless
	// asked for.
	Reasons map[string][]Reason
	// Counts are holders by grant address: APP/accounts, APP/groups/GROUP, APP/licenses/PRODUCT/LICENSE, APP/roles/ROLE.
	Counts      map[string]int
	Quarantined []Quarantine
	Cutoffs     []Cutoff
	Upcoming    []Change
	Exceptions  []ExceptionState
	// SamePerson are the former ids of each person who has some, as far as the policy says.
	SamePerson map[string][]string
	Warnings   []Problem
	Errors     []Problem
}

// App is what people should hold in one app, in the shape of tenure_app_access.
type App struct {
	Accounts map[string]Account           // person id -> account
	Groups   map[string]map[string]string // group -> user name -> role
	Licenses map[string]map[string]string // product -> user name -> license
}

// Account is one account as it should be. Fields are kept in sync; CreateOnly are further fields that are
// known and worth sending when the account is made, once. Every other field is blank, whatever HR knows.
type Account struct {
	UserName, Email, GivenName, FamilyName, DisplayName string
	Title, Department, Manager, Role                    string
	// Fields and CreateOnly never overlap and never name a blank value: what HR does not know is left alone.
	Fields, CreateOnly FieldSet
	// Active is nil normally: active on entry, afterwards only observed. False during a suspended leave.
	Active     *bool
	Attributes map[string]string // nil when there is none
}

// Get is the value of a field and whether it is kept in sync.
func (a Account) Get(f access.Field) (value string, managed bool) {
	if p := a.at(f); p != nil {
		value = *p
	}
	return value, a.Fields.Has(f)
}

// Create are the values to make the account with: those kept in sync and those sent once.
func (a Account) Create() map[access.Field]string {
	values := map[access.Field]string{}
	for _, f := range (a.Fields | a.CreateOnly).List() {
		values[f] = *a.at(f)
	}
	return values
}

func (a *Account) at(f access.Field) *string {
	switch f {
	case access.UserName:
		return &a.UserName
	case access.Email:
		return &a.Email
	case access.GivenName:
		return &a.GivenName
	case access.FamilyName:
		return &a.FamilyName
	case access.DisplayName:
		return &a.DisplayName
	case access.Title:
		return &a.Title
	case access.Department:
		return &a.Department
	case access.Manager:
		return &a.Manager
	case access.Role:
		return &a.Role
	case access.PersonID: // the key of Result's accounts, never in a set
	}
	return nil
}

// FieldSet is a set of account fields. It is a number because a company has a million of them.
type FieldSet uint16

// DefaultAccountFields are kept in sync with HR unless account_fields says otherwise, and are the ones sent
// on creation in any case.
func DefaultAccountFields() FieldSet {
	return FieldSet(0).With(access.UserName).With(access.Email).With(access.GivenName).With(access.FamilyName).With(access.DisplayName)
}

func bit(f access.Field) FieldSet {
	switch f {
	case access.UserName:
		return 1 << 0
	case access.Email:
		return 1 << 1
	case access.GivenName:
		return 1 << 2
	case access.FamilyName:
		return 1 << 3
	case access.DisplayName:
		return 1 << 4
	case access.Title:
		return 1 << 5
	case access.Department:
		return 1 << 6
	case access.Manager:
		return 1 << 7
	case access.Role:
		return 1 << 8
	case access.PersonID: // the key of Result's accounts, never in a set
	}
	return 0
}

// With is the set with f.
func (s FieldSet) With(f access.Field) FieldSet { return s | bit(f) }

// Without is the set without f.
func (s FieldSet) Without(f access.Field) FieldSet { return s &^ bit(f) }

// Has reports whether f is in the set.
func (s FieldSet) Has(f access.Field) bool { return s&bit(f) != 0 }

// List are the fields in the order people read them.
func (s FieldSet) List() []access.Field {
	fields := make([]access.Field, 0, bits.OnesCount16(uint16(s)))
	for _, f := range access.Fields() {
		if s.Has(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Reason says why a person was given something, or why not.
type Reason struct {
	Grant string // address
	Given bool
	// Why reads `rule "engineers"`, `not given: access ended on …` or `held as is: quarantined: …`.
	Why string
}

// Quarantine is a person, or a row that does not say whose it is, that could not be decided: held as is.
type Quarantine struct {
	PersonID string // "" when the row does not say
	Codes    []Code // sorted, distinct
	Why      string
}

// Cutoff is a person whose access window closed lately.
type Cutoff struct {
	PersonID string
	At       time.Time
	Why      string
}

// Change is what somebody will gain or lose if the rosters and the policy stay as they are.
type Change struct {
	At       time.Time
	PersonID string
	Grant    string
	Gain     bool
	Why      string
}

// ExceptionStatus says what an exception does now.
type ExceptionStatus string

// The statuses of exceptions.
const (
	ExceptionActive        ExceptionStatus = "active"
	ExceptionPending       ExceptionStatus = "pending" // not yet begun
	ExceptionExpired       ExceptionStatus = "expired"
	ExceptionUnapproved    ExceptionStatus = "unapproved"
	ExceptionOutsideWindow ExceptionStatus = "outside_window"
	ExceptionUnknownPerson ExceptionStatus = "unknown_person"
)

// ExceptionState is one line of the register of exceptions, in the order of the configuration.
type ExceptionState struct {
	PersonID   string
	Grants     []string
	Reason     string
	ApprovedBy string
	ExpiresAt  string
	Status     ExceptionStatus
	Why        string // of a status that is not active
}
