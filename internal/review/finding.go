// Package review compares what people should hold with what apps show, and names every difference that somebody
// should look at: accounts of leavers, accounts of nobody, privileges that no rule gives, licenses that nobody uses.
//
// It is pure: no I/O and no clock, so the same observation gives the same findings, in the same order. What an app
// does not tell is unknown and never a finding; [Review] counts it instead.
package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind names what a finding is about. The names are part of the contract.
type Kind string

// The kinds.
const (
	// OrphanAccount is an active account that belongs to nobody in the rosters or the configuration.
	OrphanAccount Kind = "orphan_account"
	// LeaverActive is an active account of somebody whose access has ended.
	LeaverActive Kind = "leaver_active"
	// DroppedFromRoster is an active account bound to a person whom no roster has.
	DroppedFromRoster Kind = "dropped_from_roster"
	// DormantAccount is an active account that was not signed in to for long.
	DormantAccount Kind = "dormant_account"
	// NeverUsed is an account that nobody ever signed in to, or an invitation that nobody took up.
	NeverUsed Kind = "never_used"
	// UnmanagedAccount is an active account of somebody who works here and to whom nothing gives it.
	UnmanagedAccount Kind = "unmanaged_account"
	// UnmanagedMembership is a membership in a managed group that nothing gives.
	UnmanagedMembership Kind = "unmanaged_membership"
	// UnmanagedLicense is a license of a managed product that nothing gives.
	UnmanagedLicense Kind = "unmanaged_license"
	// LicenseOnInactive is a license that an inactive account holds.
	LicenseOnInactive Kind = "license_on_inactive"
	// LicenseUnused is a license of an account that is not used.
	LicenseUnused Kind = "license_unused"
	// LicensePoolLow is a pool with too few seats left.
	LicensePoolLow Kind = "license_pool_low"
	// LicensePoolIdle is a pool with more spare seats than anybody needs.
	LicensePoolIdle Kind = "license_pool_idle"
	// Conflict is somebody who holds, or by policy would hold, grants that exclude each other.
	Conflict Kind = "conflict"
	// PrivilegedWithoutRule is a privileged role or membership that no rule or exception gives.
	PrivilegedWithoutRule Kind = "privileged_without_rule"
	// DuplicateAccount is somebody who has several accounts in one app.
	DuplicateAccount Kind = "duplicate_account"
	// MissingManager is somebody who works here and whose manager is not known or gone.
	MissingManager Kind = "missing_manager"
	// MissingUserName is somebody who should have an account and for whom there is no user name.
	MissingUserName Kind = "missing_user_name"
	// UnknownStatus is somebody of whom the rosters do not say clearly whether they work here.
	UnknownStatus Kind = "unknown_status"
	// DeactivatedElsewhere is an inactive account of somebody who should have an active one.
	DeactivatedElsewhere Kind = "deactivated_elsewhere"
	// ExceptionExpired is an exception, or a waiver, whose date has passed.
	ExceptionExpired Kind = "exception_expired"
	// ExceptionExpiring is an exception that ends soon.
	ExceptionExpiring Kind = "exception_expiring"
	// ExceptionUnapproved is an exception whose approval does not count.
	ExceptionUnapproved Kind = "exception_unapproved"
)

// Kinds are all kinds, in the order of the documentation.
func Kinds() []Kind {
	return []Kind{
		OrphanAccount, LeaverActive, DroppedFromRoster, DormantAccount, NeverUsed, UnmanagedAccount, UnmanagedMembership,
		UnmanagedLicense, LicenseOnInactive, LicenseUnused, LicensePoolLow, LicensePoolIdle, Conflict, PrivilegedWithoutRule,
		DuplicateAccount, MissingManager, MissingUserName, UnknownStatus, DeactivatedElsewhere, ExceptionExpired,
		ExceptionExpiring, ExceptionUnapproved,
	}
}

// Severity says how much a finding matters.
type Severity uint8

// The severities; None is that of no finding.
const (
	None Severity = iota
	Low
	Medium
	High
	Critical
)

// Severities are those that a finding can have, the least first.
func Severities() []Severity { return []Severity{Low, Medium, High, Critical} }

// String is the severity as it is written everywhere.
func (s Severity) String() string {
	return [...]string{"none", "low", "medium", "high", "critical"}[min(s, Critical)]
}

// ParseSeverity is the inverse of String.
func ParseSeverity(s string) (Severity, error) {
	for v := None; v <= Critical; v++ {
		if v.String() == s {
			return v, nil
		}
	}
	return None, fmt.Errorf("%q is not a severity: none, low, medium, high, critical", s)
}

// raise adds a step for each factor that holds.
func (s Severity) raise(factors ...bool) Severity {
	for _, f := range factors {
		if f && s < Critical {
			s++
		}
	}
	return s
}

// Finding is one thing that somebody should look at. As an output of tenure_access_findings it is an object with the
// names in the tags; text that is empty is null there.
type Finding struct {
	Kind     Kind     `json:"kind"`
	Severity Severity `json:"-"`
	// App is the app block's name, "" for what concerns the rosters or several apps.
	App string `json:"app"`
	// Owner is who answers for the app, as the app block says.
	Owner string `json:"owner"`
	// Subject is accounts/USER_NAME, roles/ROLE/USER_NAME, groups/GROUP/USER_NAME, licenses/PRODUCT/USER_NAME, for a
	// pool licenses/PRODUCT/LICENSE, people/PERSON_ID, exceptions/PERSON_ID or waivers/FINGERPRINT; a / or % inside a
	// part is percent-encoded.
	Subject string `json:"subject"`
	// PersonID is whom it concerns, where that is known.
	PersonID string `json:"person_id"`
	// Reason says in a sentence what is wrong.
	Reason string `json:"reason"`
	// Evidence is what the app or the roster showed.
	Evidence string `json:"evidence"`
	// FirstSeen is since when it holds as far as the evidence tells: the end of the access window, the day on which an
	// idle account became dormant, the expiry. Zero when nothing tells.
	FirstSeen time.Time `json:"first_seen"`
	// Suggestion is what to do, as HCL or a command.
	Suggestion string `json:"suggestion"`
	// Fingerprint is the same in every run as long as the finding is the same one, whatever anybody is renamed to.
	Fingerprint string `json:"fingerprint"`
	// Waived says that a waiver in force covers it: it is listed and not counted.
	Waived bool `json:"waived"`
	// MonthlyCost is what it costs in a month, nil where no price is configured.
	MonthlyCost *float64 `json:"monthly_cost"`
	Currency    string   `json:"currency"`
}

// fingerprint is a digest of the kind and of what never changes: the tenant and immutable ids.
func fingerprint(kind Kind, tenant string, ids ...string) string {
	h := sha256.New()
	for _, s := range append([]string{string(kind), tenant}, ids...) {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// compare puts the worst first, and then sorts by what people look for.
func (f *Finding) compare(g *Finding) int {
	return cmp.Or(
		cmp.Compare(g.Severity, f.Severity), cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.App, g.App),
		cmp.Compare(f.Subject, g.Subject), cmp.Compare(f.Fingerprint, g.Fingerprint), strings.Compare(f.Reason, g.Reason),
	)
}

func sortFindings(list []Finding) {
	slices.SortFunc(list, func(a, b Finding) int { return a.compare(&b) })
}
