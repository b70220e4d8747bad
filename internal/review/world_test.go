package review_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// now is a Wednesday, at noon.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

// world is a company of three people and one app in which nothing is wrong.
type world struct{ review.Input }

func newWorld() *world {
	w := &world{review.Input{Now: now, Zone: time.UTC, Rosters: true, Entitled: true, Register: &review.Register{}, Thresholds: review.DefaultThresholds()}}
	w.Apps = []review.App{{
		Name: "gh", Tenant: "github.com/acme", Owner: "platform@acme.com", FoldCase: true,
		Protected:        func(name string) bool { return name == "glass@acme.com" },
		Ignored:          func(name string) bool { return strings.HasSuffix(name, "-bot") },
		PrivilegedGroups: []string{"*-admins"}, PrivilegedRoles: []string{"owner"},
		Prices:      []review.Price{{Product: "seat", Monthly: 19, Currency: "EUR"}},
		Groups:      []access.Group{{ID: "g1", Name: "engineering"}, {ID: "g2", Name: "prod-admins"}},
		Pools:       []access.Pool{{Product: "seat", License: "seat", Total: 21, Used: 19}},
		Assignments: map[string][]access.Assignment{"seat": nil},
		Desired:     &review.Desired{Accounts: map[string]review.Wanted{}, Groups: map[string]map[string]string{"engineering": {}}, Licenses: map[string]map[string]string{"seat": {}}},
	}}
	for _, id := range []string{"1", "2", "3"} {
		w.employ(id, func(p *access.Person) { p.ManagerID = "1" })
		w.entitle(id)
		w.account(id)
		w.join("engineering", id)
		w.assign(id)
	}
	w.person("1").ManagerID = "2"
	return w
}

// employ adds somebody to the roster.
func (w *world) employ(id string, edit ...func(*access.Person)) {
	p := access.Person{
		PersonID: id, Source: "hr", SourceID: id, GivenName: "P" + id, WorkEmail: "p" + id + "@acme.com", ManagerID: "1",
		Status: access.StatusActive, StatusRaw: "Active", EmploymentType: access.TypeEmployee, StartDate: access.Date{Year: 2020, Month: 1, Day: 1},
	}
	for _, e := range edit {
		e(&p)
	}
	w.People = append(w.People, review.Person{Person: p, At: lifecycle.At(p, now, lifecycle.DefaultOptions())})
}

func (w *world) person(id string) *review.Person {
	for i := range w.People {
		if w.People[i].PersonID == id {
			return &w.People[i]
		}
	}
	panic("no person " + id)
}

// becomes changes a record, and what follows from it.
func (w *world) becomes(id string, edit func(*access.Person)) {
	p := w.person(id)
	edit(&p.Person)
	p.At = lifecycle.At(p.Person, now, lifecycle.DefaultOptions())
}

func (w *world) leaves(id string, last time.Time) {
	w.becomes(id, func(p *access.Person) { p.Status, p.EndDate = access.StatusTerminated, access.DateOf(last) })
	w.gives(id, nil)
}

func (w *world) app() *review.App { return &w.Apps[0] }

// entitle gives somebody an account, the group and the license.
func (w *world) entitle(id string) {
	name := "p" + id + "@acme.com"
	w.app().Desired.Accounts[id] = review.Wanted{UserName: name}
	w.app().Desired.Groups["engineering"][name] = "member"
	w.app().Desired.Licenses["seat"][name] = "seat"
}

// gives takes away everything that configuration gives somebody, and gives this account instead.
func (w *world) gives(id string, account *review.Wanted) {
	d := w.app().Desired
	name := d.Accounts[id].UserName
	delete(d.Groups["engineering"], name)
	delete(d.Licenses["seat"], name)
	delete(d.Accounts, id)
	if account != nil {
		d.Accounts[id] = *account
	}
}

// account adds an account as it should be, and changes it.
func (w *world) account(id string, edit ...func(*access.Account)) *access.Account {
	a := access.Account{ID: "a" + id, UserName: "p" + id + "@acme.com", Active: true, Status: "active", LastLogin: ago(1), Created: ago(400)}
	for _, e := range edit {
		e(&a)
	}
	w.app().Accounts = append(w.app().Accounts, a)
	return &w.app().Accounts[len(w.app().Accounts)-1]
}

func (w *world) of(id string) *access.Account {
	for i := range w.app().Accounts {
		if w.app().Accounts[i].ID == "a"+id {
			return &w.app().Accounts[i]
		}
	}
	panic("no account a" + id)
}

func (w *world) join(group, id string) *access.Member {
	for i := range w.app().Groups {
		if g := &w.app().Groups[i]; g.Name == group {
			g.Members = append(g.Members, access.Member{AccountID: "a" + id, Role: "member"})
			return &g.Members[len(g.Members)-1]
		}
	}
	panic("no group " + group)
}

func (w *world) assign(id string) {
	w.app().Assignments["seat"] = append(w.app().Assignments["seat"], access.Assignment{AccountID: "a" + id, License: "seat"})
}

func (w *world) unassign(id string) {
	var left []access.Assignment
	for _, s := range w.app().Assignments["seat"] {
		if s.AccountID != "a"+id {
			left = append(left, s)
		}
	}
	w.app().Assignments["seat"] = left
}

func (w *world) except(status policy.ExceptionStatus, expires string) {
	w.Register.Exceptions = append(w.Register.Exceptions, policy.ExceptionState{
		PersonID: "2", Grants: []string{"gh/accounts", "gh/groups/prod-admins"}, Reason: "INC-77", ApprovedBy: "p1@acme.com", ExpiresAt: expires, Status: status, Why: "because",
	})
}

func (w *world) makerChecker(waivers ...policy.Waiver) {
	w.Register.Conflicts = []policy.Conflict{{Name: "maker-checker", Grants: []string{"gh/groups/engineering", "gh/groups/prod-admins"}, Waivers: waivers}}
}

// permit lets configuration give somebody the privileged group.
func (w *world) permit(id string) {
	w.app().Desired.Groups["prod-admins"] = map[string]string{"p" + id + "@acme.com": "member"}
}

// of are the findings of a kind.
func of(r review.Result, kind review.Kind) []review.Finding {
	var list []review.Finding
	for _, f := range r.Findings {
		if f.Kind == kind {
			list = append(list, f)
		}
	}
	return list
}

// text is a finding on a line.
func text(f review.Finding) string {
	return strings.Join([]string{f.Severity.String(), string(f.Kind), f.App, f.Subject, f.PersonID, f.Reason}, " | ")
}

func TestNothingWrong(t *testing.T) {
	t.Parallel()
	r := review.Review(newWorld().Input)
	for _, f := range r.Findings {
		t.Errorf("unexpected: %s (%s)", text(f), f.Evidence)
	}
	if r.Worst != review.None || r.Counts["unknown"] != 0 || r.Counts["critical"] != 0 {
		t.Errorf("worst %s, counts %v", r.Worst, r.Counts)
	}
	if c := r.Coverage[0]; c.Accounts != 3 || c.Matched != 3 || len(c.Gaps) != 0 {
		t.Errorf("coverage %+v", c)
	}
}
