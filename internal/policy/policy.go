// Package policy turns people and rules into what each person should hold in each app, and why.
//
// It is pure: no I/O and no clock, so the same rosters, rules and instant always give the same answer, in
// the same order, and tomorrow can be asked about today. [Compile] checks everything that can be wrong
// without knowing people, all of it at once. [Program.Evaluate] never stops for one person: whoever cannot
// be decided is quarantined, by name, and the rest of the company goes on.
package policy

// Grants is what a rule or an exception gives, as the HCL writes it. A group, license or role implies the
// account.
type Grants struct {
	Accounts   []string                     // apps
	Groups     map[string][]string          // app -> groups, as plain member
	GroupRoles map[string]map[string]string // app -> group -> role; grants the group as well
	Licenses   map[string]map[string]string // app -> product -> license
	Roles      map[string]string            // app -> role of the account
}

// Rule gives its grants to everyone for whom When holds.
type Rule struct {
	Name string
	// When is a CEL expression over person that yields a bool. Empty is an error, never "everyone".
	When string
	Grants
	// ExpectMin is the least number of people that the rule must match; fewer is an error. Zero only warns
	// when the rule matches nobody.
	ExpectMin int
}

// Exception gives its grants to one person until a date. Where it wants another license of a product, or
// another role, than the rules, it wins: differing from them is what it is for.
type Exception struct {
	PersonID string
	Grants
	Reason string
	// ApprovedBy is the work e-mail or the person id of somebody who works here now and is not the beneficiary.
	ApprovedBy string
	// StartsAt and ExpiresAt are a date or an RFC 3339 instant; a date in ExpiresAt includes that day in the
	// zone of the person. ExpiresAt is mandatory.
	StartsAt, ExpiresAt string
}

// Override moves the access window of one person. An earlier end always wins at once; a later one needs
// ExpiresAt. Of several ends the earliest counts, of several starts the latest. An override is in force until
// it expires, and for good if it never does: one that ends access and expires hands back to the rosters.
// What widens access may name who approved it, and then the approval must hold as for an exception.
type Override struct {
	PersonID string
	// AccessStartsAt and AccessEndsAt are a date or an RFC 3339 instant; a date means the start of that day,
	// and the hour at which access ends on that day.
	AccessStartsAt, AccessEndsAt string
	Reason, ApprovedBy           string
	ExpiresAt                    string
}

// Conflict lists grants of which one person may hold at most one (separation of duties). Combinations of
// three of which any two are allowed cannot be said; the careful reading is the one that needs a waiver.
type Conflict struct {
	Name    string
	Grants  []string // addresses, see access.ParseGrant
	Waivers []Waiver
}

// Waiver allows one person a conflict until a date. If it names who approved it, the approval must hold as
// for an exception.
type Waiver struct {
	PersonID, Reason, ApprovedBy, ExpiresAt string
}

// LeavePolicy says what happens during a leave of absence.
type LeavePolicy string

// The leave policies. Suspend keeps the account inactive, with its groups and licenses; drop takes all away.
const (
	LeaveKeep    LeavePolicy = "keep"
	LeaveSuspend LeavePolicy = "suspend"
	LeaveDrop    LeavePolicy = "drop"
)

// The defaults of Timing and of the safeguard that policy needs.
const (
	DefaultEndOfDayHour   = 18
	DefaultMaxQuarantined = 10
)

// Timing is when access begins and ends relative to employment.
type Timing struct {
	BeforeStartDays int
	EndOfDayHour    *int // 0 to 24; nil is DefaultEndOfDayHour
	OverlapDays     int  // checked here, acted on where state is kept
	OnLeave         LeavePolicy
}

// Policy is the whole configuration of tenure_entitlements, block by block.
type Policy struct {
	Rules      []Rule
	Exceptions []Exception
	Overrides  []Override
	Conflicts  []Conflict
	Timing     Timing

	UserNames     map[string]string            // app -> CEL that yields text; default person.work_email
	Identities    map[string]map[string]string // app -> person id -> user name
	AccountFields map[string][]string          // app -> fields kept in sync; default DefaultAccountFields
	Attributes    map[string]map[string]string // app -> attribute -> CEL that yields text
	SamePerson    map[string][]string          // new person id -> former ones (rehire, conversion)
	// Apps limits output and existence checks; every rule is evaluated all the same, so that conflicts are
	// complete. Nil is all apps.
	Apps []string

	// ConfiguredApps are the apps of the provider; nil means that existence is not checked.
	ConfiguredApps []string
	// CustomFields are the keys that person.custom can have, as the rosters declare them; nil means that
	// they are taken from the people.
	CustomFields []string
}
