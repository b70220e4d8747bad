package review

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// Input is everything that one review looks at. Nothing in it is changed.
type Input struct {
	Now time.Time
	// Zone is that of dates of people whose own zone is unknown; nil is UTC.
	Zone *time.Location
	Apps []App
	// People are everybody in the rosters, former and future ones included. Rosters says that rosters were read at
	// all: without them nobody can be told a leaver or an orphan.
	People  []Person
	Rosters bool
	// Entitled says that a desired state was given: an app without one is then an app that no rule knows.
	Entitled bool
	// Register is what policy knows besides who holds what; nil when that is not known.
	Register   *Register
	Thresholds Thresholds
	Waivers    []Waiver
}

// Person is somebody in the rosters and where they stand.
type Person struct {
	access.Person
	At lifecycle.Standing
	// Faulty says why the record cannot be believed, or is empty. Such people are held as they are.
	Faulty string
}

// App is one app as configured, observed and desired.
type App struct {
	Name   string // of the app block
	Tenant string
	Owner  string
	// FoldCase says that user names and group names that differ only in case are one.
	FoldCase bool
	// Protected and Ignored answer for user names; nil is never.
	Protected, Ignored func(userName string) bool
	// PrivilegedGroups and PrivilegedRoles are names or path.Match patterns, compared without regard to case.
	PrivilegedGroups, PrivilegedRoles []string
	Prices                            []Price

	Accounts []access.Account
	// Groups are those to be examined, with their members: the managed, the privileged and those of the register.
	Groups []access.Group
	Pools  []access.Pool
	// Assignments are by product.
	Assignments map[string][]access.Assignment
	// Gaps say, in words for people, what could not be examined.
	Gaps []string

	// Desired is what configuration asks for; nil when it does not speak of this app.
	Desired *Desired
}

// Desired is what people should hold in one app, in the shape of tenure_app_access.
type Desired struct {
	Accounts map[string]Wanted            // by person id, or another stable key
	Groups   map[string]map[string]string // group → user name → role
	Licenses map[string]map[string]string // product → user name → license
}

// Wanted is what matters here of an account as it should be.
type Wanted struct {
	UserName, Role string
	// Suspended says that the account is to be kept inactive.
	Suspended bool
}

// Price is what one seat costs in a month.
type Price struct {
	Product string
	License string // "": every license of the product
	Monthly float64
	// Currency is free text, as ISO 4217 writes it: "EUR".
	Currency string
}

// PriceOf finds the price of a license: one of its own before one of the product.
func PriceOf(prices []Price, product, license string) (Price, bool) {
	var found Price
	ok := false
	for _, p := range prices {
		if p.Product != product || p.License != license && p.License != "" {
			continue
		}
		if !ok || found.License == "" {
			found, ok = p, true
		}
	}
	return found, ok
}

// Privileged reports whether a name is one of the patterns.
func Privileged(patterns []string, name string) bool {
	name = strings.ToLower(name)
	for _, p := range patterns {
		p = strings.ToLower(p)
		if ok, _ := path.Match(p, name); ok || p == name {
			return true
		}
	}
	return false
}

// Register is what policy knows besides who should hold what.
type Register struct {
	Exceptions  []policy.ExceptionState
	Conflicts   []policy.Conflict
	Quarantined []policy.Quarantine
	Cutoffs     []policy.Cutoff
	// Identities are the user names that configuration gives people who are to have no account, by app and person id:
	// by them the accounts of leavers are known.
	Identities map[string]map[string]string
	// Former are the former ids of a person, by the present one.
	Former map[string][]string
	// Timing is when access begins and ends relative to employment.
	Timing policy.Timing
}

// Groups are the groups of an app that exceptions and conflicts speak of, and that have to be observed.
func (r *Register) Groups(app string) []string {
	if r == nil {
		return nil
	}
	var names []string
	for _, g := range r.grants() {
		if g.App == app && g.Kind == access.GrantGroup {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Register) grants() []access.Grant {
	var out []access.Grant
	add := func(addresses []string) {
		for _, a := range addresses {
			if g, err := access.ParseGrant(a); err == nil { // policy has refused what is no address
				out = append(out, g)
			}
		}
	}
	for _, x := range r.Exceptions {
		add(x.Grants)
	}
	for _, c := range r.Conflicts {
		add(c.Grants)
	}
	return out
}

// Thresholds are when something becomes a finding. A percentage is of all seats of a pool.
type Thresholds struct {
	// LeaverHours and LeaverPrivilegedHours are how long an account may outlive access before it is critical.
	LeaverHours, LeaverPrivilegedHours int
	// DormantDays is when an idle account is a finding, DormantActDays when it weighs more, DormantPrivilegedDays
	// when a privileged one is.
	DormantDays, DormantActDays, DormantPrivilegedDays int
	// NeverUsedDays counts from the creation of an account, InvitationDays from the sending of an invitation.
	NeverUsedDays, InvitationDays int
	LicenseUnusedDays             int
	// LicensePoolLowPercent is the share of free seats below which a pool is low, LicensePoolIdlePercent that above
	// which it is idle.
	LicensePoolLowPercent, LicensePoolIdlePercent int
	ExceptionExpiringDays                         int
}

// DefaultThresholds are the thresholds of the documentation.
func DefaultThresholds() Thresholds {
	return Thresholds{
		LeaverHours: 24, LeaverPrivilegedHours: 1, DormantDays: 45, DormantActDays: 90, DormantPrivilegedDays: 30,
		NeverUsedDays: 30, InvitationDays: 14, LicenseUnusedDays: 60, LicensePoolLowPercent: 5, LicensePoolIdlePercent: 10,
		ExceptionExpiringDays: 14,
	}
}

// Result is what a review found.
type Result struct {
	// Findings are sorted, the worst first; those that are waived are among them.
	Findings []Finding
	// Counts has the number of findings that are not waived by kind and by severity, each of which is a key, and
	// "waived" and "unknown": see CountWaived and CountUnknown.
	Counts map[string]int
	// Worst is the highest severity of what is not waived.
	Worst    Severity
	Coverage []Coverage
	// Idle are the waivers that match no finding, by their place in Input.Waivers.
	Idle []int
}

// Further keys of Result.Counts.
const (
	// CountWaived is how many findings a waiver covers.
	CountWaived = "waived"
	// CountUnknown is how many active accounts give no signal of their use, so that they are neither used nor dormant.
	CountUnknown = "unknown"
)

// Coverage says how much of an app was examined.
type Coverage struct {
	App string
	// Accounts is how many there are, Matched how many of them belong to somebody who is known, Unknown how many
	// active ones give no signal of their use.
	Accounts, Matched, Unknown int
	// Gaps say what was not examined and why, sorted.
	Gaps []string
}

func (r *Result) count() {
	r.Counts = map[string]int{CountWaived: 0, CountUnknown: 0}
	for _, k := range Kinds() {
		r.Counts[string(k)] = 0
	}
	for _, s := range Severities() {
		r.Counts[s.String()] = 0
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived {
			r.Counts[CountWaived]++
			continue
		}
		r.Counts[string(f.Kind)]++
		r.Counts[f.Severity.String()]++
		r.Worst = max(r.Worst, f.Severity)
	}
	for i := range r.Coverage {
		r.Counts[CountUnknown] += r.Coverage[i].Unknown
		slices.Sort(r.Coverage[i].Gaps)
		r.Coverage[i].Gaps = slices.Compact(r.Coverage[i].Gaps)
	}
	slices.SortFunc(r.Coverage, func(a, b Coverage) int { return cmp.Compare(a.App, b.App) })
}
