package review_test

import (
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// kindCase is one thing that is wrong, and something next to it that is not.
type kindCase struct {
	kind     review.Kind
	name     string
	wrong    func(w *world)
	subject  string
	severity review.Severity
	// near is nearly the same and no finding of the kind. Nil is the world in which nothing is wrong.
	near func(w *world)
}

func kindCases() []kindCase {
	unused := func(w *world) { w.of("2").LastLogin, w.of("2").NeverUsed = time.Time{}, true }
	return []kindCase{
		{
			review.OrphanAccount, "nobody's", func(w *world) { w.account("9") }, "accounts/p9@acme.com", review.Medium,
			func(w *world) { w.account("9", func(a *access.Account) { a.UserName = "deploy-bot" }) },
		},
		{
			review.OrphanAccount, "a privileged one of somebody outside", func(w *world) {
				w.account("9", func(a *access.Account) { a.Role, a.External = "Owner", true })
			}, "accounts/p9@acme.com", review.Critical,
			func(w *world) { w.account("9", func(a *access.Account) { a.UserName = "glass@acme.com" }) },
		},
		{
			review.OrphanAccount, "inactive is no access", func(w *world) { w.account("9") }, "accounts/p9@acme.com", review.Medium,
			func(w *world) { w.account("9", func(a *access.Account) { a.Active, a.Status = false, "deactivated" }) },
		},
		{
			review.LeaverActive, "long gone", func(w *world) { w.leaves("2", ago(10)) }, "accounts/p2@acme.com", review.Critical,
			func(w *world) { w.leaves("2", ago(10)); w.of("2").Active, w.of("2").Status = false, "deactivated" },
		},
		{
			review.LeaverActive, "just now", func(w *world) { w.leaves("2", ago(1)) }, "accounts/p2@acme.com", review.Medium,
			func(w *world) {
				w.becomes("2", func(p *access.Person) { p.Status, p.EndDate = access.StatusNotice, access.DateOf(now) })
			},
		},
		{
			review.LeaverActive, "just now, with privileges", func(w *world) { w.leaves("2", ago(1)); w.join("prod-admins", "2") }, "accounts/p2@acme.com", review.Critical,
			nil,
		},
		{
			review.LeaverActive, "cut off by an override", func(w *world) {
				w.gives("2", nil)
				w.Register.Cutoffs = []policy.Cutoff{{PersonID: "2", At: ago(3), Why: "access ended on 2026-03-01 (override: HR case 12)"}}
			}, "accounts/p2@acme.com", review.Critical,
			func(w *world) { w.gives("2", nil) },
		},
		{
			review.DroppedFromRoster, "bound to nobody", func(w *world) {
				w.account("9", func(a *access.Account) { a.PersonID = "9" })
			}, "accounts/p9@acme.com", review.Medium,
			func(w *world) {
				w.account("9", func(a *access.Account) { a.PersonID = "9" })
				w.entitle("9") // configuration asks for it by that key
			},
		},
		{
			review.DormantAccount, "idle", func(w *world) { w.of("2").LastLogin = ago(46) }, "accounts/p2@acme.com", review.Low,
			func(w *world) { w.of("2").LastLogin = ago(44) },
		},
		{
			review.DormantAccount, "idle for long", func(w *world) { w.of("2").LastLogin = ago(90) }, "accounts/p2@acme.com", review.Medium,
			func(w *world) { w.of("2").LastLogin = time.Time{} }, // no signal
		},
		{
			review.DormantAccount, "idle with privileges", func(w *world) { w.of("2").LastLogin = ago(31); w.join("prod-admins", "2"); w.permit("2") }, "accounts/p2@acme.com", review.Medium,
			func(w *world) { w.of("2").LastLogin = ago(31) },
		},
		{
			review.NeverUsed, "since long", unused, "accounts/p2@acme.com", review.Low,
			func(w *world) {
				unused(w)
				w.of("2").Created = ago(29)
				w.person("2").StartDate = access.DateOf(ago(29))
			},
		},
		{
			review.NeverUsed, "before the first day nobody signs in", unused, "accounts/p2@acme.com", review.Low,
			func(w *world) { unused(w); w.person("2").StartDate = access.DateOf(ago(5)) },
		},
		{
			review.NeverUsed, "an old invitation", func(w *world) {
				a := w.of("2")
				a.Status, a.Active, a.LastLogin, a.Created = "invited", false, time.Time{}, ago(15)
			}, "accounts/p2@acme.com", review.Low,
			func(w *world) {
				a := w.of("2")
				a.Status, a.Active, a.LastLogin, a.Created = "invited", false, time.Time{}, ago(13)
			},
		},
		{
			review.UnmanagedAccount, "no rule", func(w *world) { w.gives("2", nil) }, "accounts/p2@acme.com", review.Low,
			func(w *world) {
				w.gives("2", nil)
				w.Register.Quarantined = []policy.Quarantine{{PersonID: "2", Codes: []policy.Code{policy.CodeDuplicateUserName}, Why: "twice"}}
			},
		},
		{
			review.UnmanagedMembership, "no rule", func(w *world) { delete(w.app().Desired.Groups["engineering"], "p2@acme.com") }, "groups/engineering/p2@acme.com", review.Low,
			func(w *world) { delete(w.app().Desired.Groups, "engineering") }, // a group that nobody manages
		},
		{
			review.UnmanagedMembership, "another role", func(w *world) { w.app().Groups[0].Members[1].Role = "maintainer" }, "groups/engineering/p2@acme.com", review.Low,
			func(w *world) { m := &w.app().Groups[0].Members[1]; m.Role, m.RoleFixed = "maintainer", true },
		},
		{
			review.UnmanagedMembership, "of an orphan", func(w *world) { w.account("9"); w.join("engineering", "9") }, "groups/engineering/p9@acme.com", review.Low,
			func(w *world) { // somebody held as they are
				w.account("9", func(a *access.Account) { a.PersonID = "9" })
				w.join("engineering", "9")
			},
		},
		{
			review.UnmanagedLicense, "no rule", func(w *world) {
				delete(w.app().Desired.Licenses["seat"], "p2@acme.com")
			}, "licenses/seat/p2@acme.com", review.Low,
			func(w *world) { w.app().Desired.Licenses = nil },
		},
		{
			review.LicenseOnInactive, "deactivated", func(w *world) {
				w.leaves("2", ago(10))
				w.of("2").Active, w.of("2").Status = false, "deactivated"
			}, "licenses/seat/p2@acme.com", review.Medium,
			func(w *world) {
				w.leaves("2", ago(10))
				w.of("2").Active, w.of("2").Status = false, "deactivated"
				w.unassign("2")
			},
		},
		{
			review.LicenseUnused, "idle", func(w *world) { w.of("2").LastLogin = ago(60) }, "licenses/seat/p2@acme.com", review.Low,
			func(w *world) { w.of("2").LastLogin = ago(59) },
		},
		{
			review.LicenseUnused, "never used", unused, "licenses/seat/p2@acme.com", review.Low,
			func(w *world) { w.of("2").LastLogin = time.Time{} }, // no signal
		},
		{
			review.LicensePoolLow, "few left", func(w *world) { w.app().Pools[0] = access.Pool{Product: "seat", License: "seat", Total: 100, Used: 96} }, "licenses/seat/seat", review.Medium,
			func(w *world) { w.app().Pools[0] = access.Pool{Product: "seat", License: "seat", Total: 100, Used: 95} },
		},
		{
			review.LicensePoolLow, "fewer than the plan takes", func(w *world) {
				w.unassign("1")
				w.unassign("2")
				w.unassign("3")
			}, "licenses/seat/seat", review.High,
			func(w *world) { w.app().Pools[0].Total = -1 }, // the app does not say
		},
		{
			review.LicensePoolIdle, "too many", func(w *world) { w.app().Pools[0].Total = 22 }, "licenses/seat/seat", review.Low,
			func(w *world) { w.app().Pools[0].Total = 22; w.unassign("2"); w.app().Pools[0].Used = 19 }, // one of them is taken by the plan
		},
		{
			review.Conflict, "held", func(w *world) { w.makerChecker(); w.join("prod-admins", "2"); w.permit("2") }, "people/2", review.Critical,
			func(w *world) {
				w.makerChecker(policy.Waiver{PersonID: "2", Reason: "small office", ExpiresAt: "2026-03-04"})
				w.join("prod-admins", "2")
				w.permit("2")
			},
		},
		{
			review.Conflict, "a waiver that has ended", func(w *world) {
				w.makerChecker(policy.Waiver{PersonID: "2", Reason: "small office", ExpiresAt: "2026-03-03"})
				w.join("prod-admins", "2")
				w.permit("2")
			}, "people/2", review.Critical,
			func(w *world) { w.makerChecker() },
		},
		{
			review.Conflict, "by policy", func(w *world) {
				w.Register.Quarantined = []policy.Quarantine{{PersonID: "2", Codes: []policy.Code{policy.CodeConflict}, Why: `conflict "maker-checker": x and y`}}
			}, "people/2", review.Medium,
			nil,
		},
		{
			review.PrivilegedWithoutRule, "group", func(w *world) { w.join("prod-admins", "2") }, "groups/prod-admins/p2@acme.com", review.High,
			func(w *world) { w.join("prod-admins", "2"); w.permit("2") },
		},
		{
			review.PrivilegedWithoutRule, "role", func(w *world) { w.of("2").Role = "Owner" }, "roles/Owner/p2@acme.com", review.High,
			func(w *world) {
				w.of("2").Role = "owner"
				w.app().Desired.Accounts["2"] = review.Wanted{UserName: "p2@acme.com", Role: "owner"}
			},
		},
		{
			review.PrivilegedWithoutRule, "somebody from outside", func(w *world) { w.join("prod-admins", "2"); w.of("2").External = true }, "groups/prod-admins/p2@acme.com", review.Critical,
			func(w *world) { w.of("2").External = true },
		},
		{
			review.PrivilegedWithoutRule, "a contractor", func(w *world) {
				w.join("prod-admins", "2")
				w.person("2").EmploymentType = access.TypeContractor
			}, "groups/prod-admins/p2@acme.com", review.Critical,
			func(w *world) { w.join("prod-admins", "2"); w.app().PrivilegedGroups = nil },
		},
		{
			review.DuplicateAccount, "two active ones", func(w *world) {
				w.account("9", func(a *access.Account) { a.UserName, a.PersonID = "p2-old@acme.com", "2" })
			}, "accounts/p2-old@acme.com", review.Medium,
			func(w *world) { w.account("9", func(a *access.Account) { a.UserName = "p2-old@acme.com" }) },
		},
		{
			review.MissingManager, "none", func(w *world) { w.person("2").ManagerID = "" }, "people/2", review.Low,
			func(w *world) { w.person("2").ManagerID, w.person("2").ManagerEmail = "", "P1@acme.com" },
		},
		{
			review.MissingManager, "gone", func(w *world) { w.leaves("3", ago(10)); w.person("2").ManagerID = "3" }, "people/2", review.Low,
			func(w *world) { // rosters that name no managers at all
				for i := range w.People {
					w.People[i].ManagerID = ""
				}
			},
		},
		{
			review.MissingUserName, "none", func(w *world) {
				w.gives("2", nil)
				w.Register.Quarantined = []policy.Quarantine{{PersonID: "2", Codes: []policy.Code{policy.CodeMissingUserName}, Why: "no user name for gh"}}
			}, "people/2", review.Medium,
			nil,
		},
		{
			review.UnknownStatus, "not mapped", func(w *world) {
				w.becomes("2", func(p *access.Person) { p.Status, p.StatusRaw = access.StatusUnknown, "Sabbatical?" })
			}, "people/2", review.Medium,
			func(w *world) { w.becomes("2", func(p *access.Person) { p.Status = access.StatusLeave }) },
		},
		{
			review.DeactivatedElsewhere, "by somebody", func(w *world) { w.of("2").Active, w.of("2").Status = false, "deactivated" }, "accounts/p2@acme.com", review.Low,
			func(w *world) {
				w.of("2").Active, w.of("2").Status = false, "deactivated"
				w.gives("2", &review.Wanted{UserName: "p2@acme.com", Suspended: true})
			},
		},
		{
			review.ExceptionExpired, "nothing held", func(w *world) { w.except(policy.ExceptionExpired, "2026-03-01") }, "exceptions/2", review.Low,
			func(w *world) { w.except(policy.ExceptionPending, "2026-12-01") },
		},
		{
			review.ExceptionExpired, "still held", func(w *world) { w.except(policy.ExceptionExpired, "2026-03-01"); w.join("prod-admins", "2") }, "exceptions/2", review.High,
			func(w *world) { w.except(policy.ExceptionOutsideWindow, "2026-12-01") },
		},
		{
			review.ExceptionExpiring, "soon", func(w *world) { w.except(policy.ExceptionActive, "2026-03-17") }, "exceptions/2", review.Low,
			func(w *world) { w.except(policy.ExceptionActive, "2026-03-18") },
		},
		{
			review.ExceptionUnapproved, "nothing held", func(w *world) { w.except(policy.ExceptionUnapproved, "2026-12-01") }, "exceptions/2", review.Medium,
			func(w *world) { w.except(policy.ExceptionActive, "2026-12-01") },
		},
		{
			review.ExceptionUnapproved, "held", func(w *world) { w.except(policy.ExceptionUnapproved, "2026-12-01"); w.join("prod-admins", "2") }, "exceptions/2", review.High,
			nil,
		},
	}
}

// Every kind is found where something is wrong, and not where something next to it is right.
func TestKinds(t *testing.T) {
	t.Parallel()
	covered := map[review.Kind]bool{}
	for _, tc := range kindCases() {
		covered[tc.kind] = true
		t.Run(string(tc.kind)+"/"+tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			tc.wrong(w)
			r := review.Review(w.Input)
			found := of(r, tc.kind)
			if len(found) != 1 {
				for _, f := range r.Findings {
					t.Log(text(f))
				}
				t.Fatalf("%d findings instead of one", len(found))
			}
			f := found[0]
			if f.Subject != tc.subject || f.Severity != tc.severity {
				t.Errorf("got %s, want %s %s", text(f), tc.severity, tc.subject)
			}
			if f.Reason == "" || f.Evidence == "" || f.Suggestion == "" || len(f.Fingerprint) != 32 {
				t.Errorf("something is missing in %+v", f)
			}
			if r.Counts[string(tc.kind)] != 1 || r.Counts[tc.severity.String()] == 0 || r.Worst < tc.severity {
				t.Errorf("counts %v, worst %s", r.Counts, r.Worst)
			}
			near := newWorld()
			if tc.near != nil {
				tc.near(near)
			}
			for _, f := range of(review.Review(near.Input), tc.kind) {
				t.Errorf("nothing is wrong, and still: %s", text(f))
			}
		})
	}
	for _, k := range review.Kinds() {
		if !covered[k] {
			t.Errorf("no test of %s", k)
		}
	}
}
