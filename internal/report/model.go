// Package report reads what `terraform show -json` says about a plan and tells, person by person, who gains,
// loses and keeps which access, and why. [Read] makes the [Report]; the Write functions bring it into the forms
// that people and machines read. It knows nothing of Terraform's own formats beyond the documented JSON output
// (https://developer.hashicorp.com/terraform/internals/json-format) and asks no app.
package report

import (
	"cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Version of the JSON form of a report. The first number changes when something is removed or means something
// else, the second when something is added.
const Version = "1.0"

// Report is what one or more plans change for people. Its JSON form is described by report.schema.json.
type Report struct {
	Version  string    `json:"version"`
	Redacted bool      `json:"redacted"` // people go by pseudonyms
	Plans    []Plan    `json:"plans"`
	Summary  Summary   `json:"summary"`
	Apps     []App     `json:"apps"`
	People   []Person  `json:"people"`
	Objects  []Object  `json:"objects"`
	Findings []Finding `json:"findings"`
	Stops    []Stop    `json:"stops"`
	Notes    []Note    `json:"notes"`

	// known is everything that tells who somebody is, changed or not: what [Report.Redact] must not let through.
	known map[string]bool
}

// Plan is one plan file.
type Plan struct {
	Name             string `json:"name"` // the file, or "stdin"
	FormatVersion    string `json:"format_version"`
	TerraformVersion string `json:"terraform_version"` // OpenTofu writes its own version here
	Timestamp        string `json:"timestamp,omitempty"`
	// Errored says that planning stopped with an error: what the plan would have changed is known in part only.
	Errored  bool `json:"errored"`
	Complete bool `json:"complete"` // false also when a plan was limited with -target or defers changes
	// Unplanned are the resources that an errored plan has in state and says nothing about.
	Unplanned []string `json:"unplanned,omitempty"`
}

// Summary counts people and changes.
type Summary struct {
	People   map[Category]int `json:"people"`
	Changes  map[Effect]int   `json:"changes"`
	Findings map[string]int   `json:"findings"` // by severity, without those that are waived
	Waived   int              `json:"waived"`
	// Cost is what a month costs more (positive) or less after the apply, by currency; only what has a price.
	Cost []Cost `json:"cost"`
	// Unpriced are the licenses gained or lost that no license_price block names.
	Unpriced int `json:"unpriced"`
}

// Cost is money per month in one currency.
type Cost struct {
	Currency string `json:"currency"` // ISO 4217, as configured
	Added    Money  `json:"added"`
	Freed    Money  `json:"freed"`
}

// Net is what the bill grows by.
func (c Cost) Net() Money { return c.Added - c.Freed }

// App is one app in numbers.
type App struct {
	Name    string         `json:"name"`
	Changes map[Effect]int `json:"changes"`
	Cost    []Cost         `json:"cost"`
}

// Person is somebody for whom the plans change something, or who is to be looked at.
type Person struct {
	// Key is the person_id, else the key in configuration, else the user name. It is unique in a report.
	Key      string   `json:"key"`
	PersonID string   `json:"person_id,omitempty"` // "" where nothing says whose the accounts are
	Name     string   `json:"name,omitempty"`
	UserName string   `json:"user_name,omitempty"`
	Category Category `json:"category"`
	// Changes are sorted by app, kind and name; what is kept stands among them.
	Changes []Grant `json:"changes"`
}

// Label is the best name that there is.
func (p *Person) Label() string { return cmp.Or(p.Name, p.UserName, p.Key) }

// Category is why a person is in the report, the weightiest first.
type Category string

// The categories, in the order in which they are shown.
const (
	Leaver   Category = "leaver"   // loses what they have because they left
	Joiner   Category = "joiner"   // had no account anywhere, gets one
	Mover    Category = "mover"    // policy gives them something else than before
	Drifted  Category = "drift"    // changed behind Tenure's back
	HeldBack Category = "held"     // keeps what configuration no longer asks for
	Stranger Category = "stranger" // has been in an app, and in no configuration, for longer
	Enrolled Category = "enrolled" // comes under management for the first time
)

// Categories are all of them in order.
func Categories() []Category {
	return []Category{Leaver, Joiner, Mover, Drifted, HeldBack, Stranger, Enrolled}
}

// Effect is what a change means for the person.
type Effect string

// The effects.
const (
	Gain      Effect = "gain"
	Lose      Effect = "lose"
	Change    Effect = "change"
	Keep      Effect = "keep"      // as before
	Held      Effect = "held"      // kept although configuration does not ask for it; see Reason and Since
	Unmanaged Effect = "unmanaged" // there, in no configuration, and left alone
	Noticed   Effect = "noticed"   // changed behind Tenure's back, and left as it is found
)

// Effects are all of them in order.
func Effects() []Effect { return []Effect{Lose, Gain, Change, Held, Noticed, Unmanaged, Keep} }

// Kind is what somebody holds.
type Kind string

// The kinds.
const (
	Account Kind = "account"
	Role    Kind = "role" // of the account in the app as a whole
	Group   Kind = "group"
	License Kind = "license"
	Profile Kind = "profile" // fields of the account
)

// Kinds are all of them in order.
func Kinds() []Kind { return []Kind{Account, Role, Group, License, Profile} }

// Grant is one thing that a person gains, loses, keeps or has changed.
type Grant struct {
	App    string `json:"app"`
	Effect Effect `json:"effect"`
	Kind   Kind   `json:"kind"`
	// Name is the group or product; "" for accounts, roles and profiles.
	Name string `json:"name,omitempty"`
	// Value is the role or the license that is held after the apply (of a loss: before it), Was what is held now.
	Value string `json:"value,omitempty"`
	Was   string `json:"was,omitempty"`
	// Fields are those of a profile that change.
	Fields []Field `json:"fields,omitempty"`
	// Action is what the apply does: create, adopt, return, add, remove, deactivate, delete, reactivate, change,
	// update, manage, release, cut_off; "" for what it leaves alone.
	Action string `json:"action,omitempty"`
	Why    string `json:"why,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	// Rules are the rules that Why names.
	Rules []string `json:"rules,omitempty"`
	// Drift says what was changed behind Tenure's back, and this puts right.
	Drift string `json:"drift,omitempty"`
	Since string `json:"since,omitempty"` // of what is held, RFC 3339
	// Cost is what a month costs more (or, negative, less), in Currency. Zero with a Currency is a price of zero.
	Cost     Money  `json:"cost,omitempty"`
	Currency string `json:"currency,omitempty"`

	Plan     int    `json:"plan"`     // index in Report.Plans
	Resource string `json:"resource"` // its address

	// enrolled says that the resource is new, so nobody can tell whether this is new for the person.
	enrolled bool
}

// Access is the grant in the vocabulary that policy and the audit log use; profiles are part of the account.
func (g *Grant) Access() access.Grant {
	switch g.Kind {
	case Group:
		return access.Grant{App: g.App, Kind: access.GrantGroup, Name: g.Name}
	case License:
		return access.Grant{App: g.App, Kind: access.GrantLicense, Name: g.Name, License: cmp.Or(g.Value, g.Was)}
	case Role:
		return access.Grant{App: g.App, Kind: access.GrantRole, Name: cmp.Or(g.Value, g.Was)}
	case Account, Profile:
	}
	return access.Grant{App: g.App, Kind: access.GrantAccount}
}

// Writes reports whether the apply sends something for it.
func (g *Grant) Writes() bool {
	return g.Effect == Gain || g.Effect == Lose || g.Effect == Change
}

// Field is one field of a profile.
type Field struct {
	Name string `json:"name"`
	Was  string `json:"was"`
	Now  string `json:"now"`
}

// Reason sorts what Why says in words.
type Reason string

// The reasons. What is held has the reasons of the contract beside these (dropped_from_roster and so on).
const (
	ByRule          Reason = "rule"
	ByException     Reason = "exception"
	ByOverride      Reason = "override"
	ByLeaving       Reason = "leaver"
	ByMoving        Reason = "mover"
	ByExpiry        Reason = "expiry"
	ByCutoff        Reason = "cutoff"
	ByNobody        Reason = "stranger" // in no configuration
	ByProfile       Reason = "profile"
	ByDrift         Reason = "drift"
	ByConfiguration Reason = "configuration"
	ByImport        Reason = "import"
)

// Object is something that belongs to nobody and that a plan makes, changes or takes away: a group.
type Object struct {
	App      string `json:"app"`
	Kind     string `json:"kind"` // "group"
	Name     string `json:"name"`
	Action   string `json:"action"` // create, update, delete, keep
	Plan     int    `json:"plan"`
	Resource string `json:"resource"`
}

// Finding is one of a tenure_access_findings.
type Finding struct {
	Kind        string `json:"kind"`
	Severity    string `json:"severity"`
	App         string `json:"app,omitempty"`
	Owner       string `json:"owner,omitempty"` // who answers for the app
	Subject     string `json:"subject,omitempty"`
	PersonID    string `json:"person_id,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Evidence    string `json:"evidence,omitempty"`
	FirstSeen   string `json:"first_seen,omitempty"`
	Suggestion  string `json:"suggestion,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Waived      bool   `json:"waived"`
	MonthlyCost string `json:"monthly_cost,omitempty"` // as the data source writes it
	Currency    string `json:"currency,omitempty"`
	Plan        int    `json:"plan"`
	Source      string `json:"source"` // address of the data source
}

// Stop is an error that ended planning, such as a brake. A plan file does not hold these; they come from what
// `terraform plan -json` printed.
type Stop struct {
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Resource string `json:"resource,omitempty"`
}

// Note is something about the report that its reader must know.
type Note struct {
	Code     string `json:"code"` // deferred, destroyed, gap, imported, sensitive, unknown
	Text     string `json:"text"`
	Resource string `json:"resource,omitempty"`
}
