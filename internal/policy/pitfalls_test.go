package policy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// pitfall is one person, or a few, of the messy company, there for one entry of the list of HR pitfalls
// (reference/hris-apis.md, section 6.7), and what must come of it.
type pitfall struct {
	name   string
	people []access.Person
	faulty []access.Person
	faults []roster.Problem
	edit   func(*policy.Policy)
	check  func(*testing.T, policy.Result)
}

// pitfalls of section 6.7, in its order. Date formats, partial pages and truncated listings are the
// rosters' business and tested there; what they leave behind, people who are missing, is here.
func pitfalls() []pitfall {
	holding := func(id string, want ...string) func(*testing.T, policy.Result) {
		return func(t *testing.T, r policy.Result) { t.Helper(); wantHolds(t, r, id, want...) }
	}
	base := []string{"mail/accounts", "slack/accounts", "slack/groups/all-hands"}
	second := func(id, source string, edits ...edit) access.Person {
		return person(id, append([]edit{func(p *access.Person) { p.SourceID += "-2"; p.Source = source }}, edits...)...)
	}
	leavers := func(p *access.Person) { p.Status = access.StatusTerminated }
	return []pitfall{
		{
			name: "time zones: a start acts at local midnight minus the lead", people: []access.Person{
				person("tz-auckland", starts("2026-04-04"), in("Pacific/Auckland")), person("tz-honolulu", starts("2026-04-04"), in("Pacific/Honolulu")),
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "tz-auckland", base...) // its 1 April began at 11:00 UTC
				wantHolds(t, r, "tz-honolulu")
				wantWhy(t, r, "tz-honolulu", "slack/accounts", "access starts on 2026-04-01 00:00 HST (start date 2026-04-04)")
			},
		},
		{
			name: "time zones: an end acts at the local hour of the last working day", people: []access.Person{
				person("tz-tokyo", ends("2026-03-31"), in("Asia/Tokyo")), person("tz-lima", ends("2026-03-31"), in("America/Lima")),
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "tz-tokyo")
				wantHolds(t, r, "tz-lima", base...)
			},
		},
		{name: "time zones: no zone is the company's", people: []access.Person{person("tz-none", ends("2026-03-31"))}, check: holding("tz-none", base...)},
		{name: "a zone that is none is a fault", people: []access.Person{person("tz-wrong", in("Madrid"))}, check: quarantines("tz-wrong", policy.CodeFaultyRow)},
		{name: "a future hire whose start moved after access began", people: []access.Person{person("hire-moved", starts("2026-04-20"), is(access.StatusPreHire))}, check: holding("hire-moved")},
		{
			name: "a future hire who is called off", people: []access.Person{person("hire-off", starts("2026-04-01"), is(access.StatusNeverStarted))},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "hire-off")
				wantWhy(t, r, "hire-off", "slack/accounts", "not given: the employment never started")
				notCutOff(t, r, "hire-off")
			},
		},
		{
			name: "a hire who is already being let in", people: []access.Person{person("hire-soon", starts("2026-04-02"), is(access.StatusPreHire))},
			check: holding("hire-soon", base...),
		},
		{
			name: "a future termination", people: []access.Person{person("end-future", ends("2026-05-31"), works("Sales"))},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "end-future", append([]string{"crm/accounts", "crm/licenses/CRM/Sales"}, base...)...)
			},
		},
		{name: "a termination that was withdrawn", people: []access.Person{person("end-withdrawn", is(access.StatusActive))}, check: holding("end-withdrawn", base...)},
		{
			name: "a backdated termination acts now", people: []access.Person{person("end-backdated", ends("2026-03-01"), leavers)},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "end-backdated")
				wantWhy(t, r, "end-backdated", "slack/accounts", "(end date 2026-03-01)")
			},
		},
		{
			name: "a termination with today's date acts at once", people: []access.Person{person("end-today", ends("2026-03-31"), leavers)},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "end-today")
				if !slices.ContainsFunc(r.Cutoffs, func(c policy.Cutoff) bool { return c.PersonID == "end-today" }) {
					t.Error("not among the cut-offs")
				}
			},
		},
		{name: "active, and gone for months", people: []access.Person{person("end-contradiction", ends("2025-11-30"))}, check: quarantines("end-contradiction", policy.CodeFaultyRow)},
		{name: "terminated, with an end to come", people: []access.Person{person("end-early", ends("2026-04-30"), leavers)}, check: quarantines("end-early", policy.CodeFaultyRow)},
		{
			name: "rehire on the same record", people: []access.Person{person("rehire-same", starts("2026-03-16"), func(p *access.Person) { p.OriginalHireDate = date("2018-01-01") })},
			check: holding("rehire-same", base...),
		},
		{
			name: "rehire under a new id is a joiner: old exceptions stay behind", people: []access.Person{
				person("rehire-old", ends("2025-06-30"), leavers, mail("rehire@acme.com")), person("rehire-new", starts("2026-03-16"), mail("rehire@acme.com")),
			},
			edit: func(p *policy.Policy) {
				p.SamePerson = map[string][]string{"rehire-new": {"rehire-old"}}
				p.Exceptions = append(p.Exceptions, policy.Exception{
					PersonID: "rehire-old", Reason: "INC-5", ApprovedBy: "ceo", ExpiresAt: "2026-12-31",
					Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}},
				})
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "rehire-new", base...)
				wantHolds(t, r, "rehire-old")
			},
		},
		{
			name: "a former id in use by somebody else only after the leaver has left", people: []access.Person{
				person("reuse-old", ends("2026-03-15"), leavers, mail("j.smith@acme.com")), person("reuse-new", starts("2026-03-23"), mail("j.smith@acme.com")),
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "reuse-old")
				wantHolds(t, r, "reuse-new", base...)
			},
		},
		{
			name: "a gap of three days between contracts is none", people: []access.Person{
				person("gap-short", contract("2026-03-29")), second("gap-short", "hr", starts("2026-04-02"), func(p *access.Person) { p.EmploymentType = access.TypeContractor }),
			},
			check: holding("gap-short", base...),
		},
		{
			name: "a gap of two weeks is one", people: []access.Person{
				person("gap-long", contract("2026-03-25")), second("gap-long", "hr", starts("2026-04-08"), func(p *access.Person) { p.EmploymentType = access.TypeContractor }),
			},
			check: holding("gap-long"),
		},
		{
			name: "several employments: over only when all are", people: []access.Person{
				person("two-jobs", ends("2026-02-28"), leavers), second("two-jobs", "hr", works("Sales")),
			},
			check: holding("two-jobs", append([]string{"crm/accounts", "crm/licenses/CRM/Sales"}, base...)...),
		},
		{name: "several employments: all over", people: []access.Person{
			person("no-jobs", ends("2026-02-28"), leavers), second("no-jobs", "hr", ends("2026-03-20"), leavers),
		}, check: holding("no-jobs")},
		{
			name: "managers in a loop", people: []access.Person{person("loop-a", reportsTo("loop-b")), person("loop-b", reportsTo("loop-a"))},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "loop-a", "mail/accounts", "slack/accounts", "slack/groups/all-hands", "slack/groups/managers")
			},
		},
		{name: "one's own manager", people: []access.Person{person("own-boss", reportsTo("own-boss"))}, check: holding("own-boss", base...)},
		{
			name: "the manager has left", people: []access.Person{person("boss-gone", reportsTo("ex-boss")), person("ex-boss", ends("2026-01-31"), leavers)},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "boss-gone", base...)
				wantHolds(t, r, "ex-boss")
			},
		},
		{
			name: "the manager by e-mail only", people: []access.Person{person("boss-mail", func(p *access.Person) { p.ManagerEmail = "CEO@acme.com" })},
			check: holding("boss-mail", append([]string{"gh/accounts", "gh/groups/under-ceo"}, base...)...),
		},
		{
			name: "names: one name, accents, preferred", people: []access.Person{
				person("name-one", func(p *access.Person) { p.GivenName, p.FamilyName = "Suharto", "" }),
				person("name-accents", func(p *access.Person) { p.GivenName, p.FamilyName = "Zoë", "García Márquez" }),
				person("name-preferred", func(p *access.Person) { p.GivenName, p.PreferredGivenName = "Robert", "Bob" }),
			},
			check: func(t *testing.T, r policy.Result) {
				for id, want := range map[string]string{"name-one": "Suharto", "name-accents": "Zoë García Márquez", "name-preferred": "Bob Silva"} {
					if got := r.Apps["slack"].Accounts[id].DisplayName; got != want {
						t.Errorf("%s is called %q, want %q", id, got, want)
					}
				}
			},
		},
		{name: "no work e-mail before day one, outside the lead", people: []access.Person{person("mail-later", starts("2026-05-01"), mail(""))}, check: holding("mail-later")},
		{name: "no work e-mail, and an account is due", people: []access.Person{person("mail-none", mail(""))}, check: quarantines("mail-none", policy.CodeMissingUserName)},
		{
			name: "two people, one address", people: []access.Person{person("mail-a", mail("team@acme.com")), person("mail-b", mail("Team@acme.com"))},
			check: func(t *testing.T, r policy.Result) {
				quarantines("mail-a", policy.CodeDuplicateUserName)(t, r)
				quarantines("mail-b", policy.CodeDuplicateUserName)(t, r)
			},
		},
		{
			name: "a personal address is never an identity, nor put out", people: []access.Person{person("mail-private", func(p *access.Person) { p.PersonalEmail = "private@home.example" })},
			check: func(t *testing.T, r policy.Result) {
				if b, err := json.Marshal(r); err != nil || strings.Contains(string(b), "home.example") {
					t.Errorf("a personal address is in the result (%v)", err)
				}
			},
		},
		{
			name: "somebody of whom only a faulty row tells", faulty: []access.Person{person("row-faulty")},
			faults: []roster.Problem{{PersonID: "row-faulty", Where: "people.csv:17", Column: "end_date", Value: "31/02/2026", Message: "is no date"}},
			check:  quarantines("row-faulty", policy.CodeFaultyRow),
		},
		{name: "silent truncation: whoever is missing is no leaver", check: func(t *testing.T, r policy.Result) {
			wantHolds(t, r, "vanished")
			notCutOff(t, r, "vanished")
		}},
		{
			name: "contractors of another roster, with an expected end", people: []access.Person{
				person("c:1", from("contractors"), contract("2026-04-30")), person("c:2", from("contractors"), contract("2026-03-27")),
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "c:1", base...)
				wantHolds(t, r, "c:2")
				wantWhy(t, r, "c:2", "slack/accounts", "(contract end date 2026-03-27)")
			},
		},
		{
			name: "test and service records: left out by rule, visible", people: []access.Person{
				person("api-user", custom(map[string]string{"kind": "service"})), person("tester", custom(map[string]string{"kind": "test"})),
			},
			check: func(t *testing.T, r policy.Result) {
				wantHolds(t, r, "api-user")
				wantHolds(t, r, "tester")
			},
		},
		{name: "unmapped status", people: []access.Person{person("status-odd", is(access.StatusUnknown))}, check: holding("status-odd", base...)},
		{name: "leave of absence", people: []access.Person{person("on-leave", is(access.StatusLeave))}, check: func(t *testing.T, r policy.Result) {
			wantHolds(t, r, "on-leave", base...)
			if a := r.Apps["slack"].Accounts["on-leave"].Active; a == nil || *a {
				t.Errorf("active = %v, want false", a)
			}
		}},
	}
}

func quarantines(id string, code policy.Code) func(*testing.T, policy.Result) {
	return func(t *testing.T, r policy.Result) {
		t.Helper()
		if !slices.ContainsFunc(r.Quarantined, func(q policy.Quarantine) bool { return q.PersonID == id && slices.Contains(q.Codes, code) }) {
			t.Errorf("%s is not quarantined as %s: %v", id, code, r.Quarantined)
		}
	}
}

func notCutOff(t *testing.T, r policy.Result, id string) {
	t.Helper()
	if slices.ContainsFunc(r.Cutoffs, func(c policy.Cutoff) bool { return c.PersonID == id }) {
		t.Errorf("%s is cut off", id)
	}
}
