package review_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

var update = flag.Bool("update", false, "write the golden files anew")

// acme is 40 people and three apps, with a policy of their own: most of it as it should be, and every kind of finding
// somewhere.
func acme(t *testing.T) review.Input {
	t.Helper()
	departments := []string{"Engineering", "Sales", "Design", "Finance"}
	var people []access.Person
	for i := range 40 {
		id := fmt.Sprintf("10%02d", i)
		p := access.Person{
			PersonID: id, Source: "hr", SourceID: id, GivenName: "Given" + id, FamilyName: "Family", WorkEmail: fmt.Sprintf("p%02d@acme.com", i),
			UserName: fmt.Sprintf("gh-%02d", i), Department: departments[i%4], ManagerID: "1000", TimeZone: []string{"Europe/Madrid", "America/New_York", ""}[i%3],
			Status: access.StatusActive, StatusRaw: "Active", EmploymentType: access.TypeEmployee, StartDate: access.Date{Year: 2022, Month: 1, Day: 10},
		}
		switch i {
		case 0:
			p.ManagerID = "" // nobody is above: waived
		case 5: // left ten days ago
			p.Status, p.StatusRaw, p.EndDate = access.StatusTerminated, "Terminated", access.Date{Year: 2026, Month: 2, Day: 22}
		case 9: // left this morning
			p.Status, p.StatusRaw, p.EndDate = access.StatusTerminated, "Terminated", access.Date{Year: 2026, Month: 3, Day: 4}
		case 13:
			p.Status, p.StatusRaw = access.StatusUnknown, "Sabbatical?"
		case 17:
			p.EmploymentType = access.TypeContractor
		case 21:
			p.Status, p.StatusRaw = access.StatusLeave, "Parental leave"
		case 24:
			p.ManagerID = "1005" // who has left
		case 28:
			p.UserName = "" // and so no user name in gh
		case 33:
			p.StartDate = access.Date{Year: 2026, Month: 3, Day: 2}
		case 39:
			p.StartDate = access.Date{Year: 2026, Month: 4, Day: 1}
		}
		people = append(people, p)
	}
	pol := policy.Policy{
		Rules: []policy.Rule{
			{Name: "everyone", When: "true", Grants: policy.Grants{Accounts: []string{"slack"}, Groups: map[string][]string{"slack": {"all-hands"}}}},
			{Name: "engineers", When: "person.department == 'Engineering'", Grants: policy.Grants{Groups: map[string][]string{"gh": {"engineering"}}}},
			{Name: "designers", When: "person.department == 'Design'", Grants: policy.Grants{Licenses: map[string]map[string]string{"figma": {"Design": "Full"}}}},
			{Name: "finance", When: "person.department == 'Finance'", Grants: policy.Grants{Groups: map[string][]string{"figma": {"payers"}}}},
		},
		Exceptions: []policy.Exception{
			{PersonID: "1004", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}, Reason: "INC-77", ApprovedBy: "1000", ExpiresAt: "2026-03-10"},
			{PersonID: "1008", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}, Reason: "INC-70", ApprovedBy: "1000", ExpiresAt: "2026-03-01"},
			{PersonID: "1012", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}, Reason: "self-service", ApprovedBy: "1012", ExpiresAt: "2026-12-31"},
		},
		Conflicts: []policy.Conflict{{Name: "maker-checker", Grants: []string{"figma/groups/payers", "figma/groups/approvers"}}},
		UserNames: map[string]string{"gh": "person.user_name"},
	}
	program, problems := policy.Compile(pol)
	if program == nil {
		t.Fatal(problems)
	}
	in := policy.Input{People: people, Now: now, ReadAt: now, MaxQuarantined: 10}
	decided := program.Evaluate(in)
	if len(decided.Errors) > 0 {
		t.Fatal(decided.Errors)
	}
	opts := lifecycle.DefaultOptions()
	opts.ReadAt = now
	out := review.Input{
		Now: now, Zone: time.UTC, Rosters: true, Entitled: true, Thresholds: review.DefaultThresholds(),
		Register: &review.Register{
			Exceptions: decided.Exceptions, Conflicts: pol.Conflicts, Quarantined: decided.Quarantined, Cutoffs: decided.Cutoffs, Identities: program.UserNames(in),
		},
		Waivers: []review.Waiver{
			{Kind: review.MissingManager, Subject: "people/1000", Reason: "nobody is above", ApprovedBy: "p04@acme.com", ExpiresAt: "2026-12-31"},
			{Kind: review.OrphanAccount, App: "slack", Subject: "accounts/press@agency.example", Reason: "campaign", ApprovedBy: "1000", ExpiresAt: "2026-02-28"},
		},
	}
	for _, p := range people {
		out.People = append(out.People, review.Person{Person: p, At: lifecycle.At(p, now, opts)})
	}
	out.Apps = []review.App{slack(decided), github(decided), figma(decided)}
	return out
}

// furnish makes an app in which everybody has what policy gives.
func furnish(name string, decided policy.Result) review.App {
	want := decided.Apps[name]
	a := review.App{
		Name: name, Tenant: name + ".example/acme", Owner: name + "-owners@acme.com", FoldCase: true,
		Protected: func(n string) bool { return strings.HasPrefix(n, "glass") }, Ignored: func(n string) bool { return strings.HasSuffix(n, "-bot") },
		PrivilegedGroups: []string{"*-admins"}, PrivilegedRoles: []string{"owner"},
		Desired: &review.Desired{Accounts: map[string]review.Wanted{}, Groups: want.Groups, Licenses: want.Licenses}, Assignments: map[string][]access.Assignment{},
	}
	ids := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(want.Accounts)) {
		w := want.Accounts[id]
		a.Desired.Accounts[id] = review.Wanted{UserName: w.UserName, Role: w.Role}
		ids[w.UserName] = name + id
		a.Accounts = append(a.Accounts, access.Account{ID: name + id, UserName: w.UserName, Active: true, Status: "active", LastLogin: ago(2), Created: ago(300)})
	}
	for _, g := range slices.Sorted(maps.Keys(want.Groups)) {
		group := access.Group{ID: "g-" + g, Name: g}
		for _, who := range slices.Sorted(maps.Keys(want.Groups[g])) {
			group.Members = append(group.Members, access.Member{AccountID: ids[who], Role: want.Groups[g][who]})
		}
		a.Groups = append(a.Groups, group)
	}
	for product, holders := range want.Licenses {
		for _, who := range slices.Sorted(maps.Keys(holders)) {
			a.Assignments[product] = append(a.Assignments[product], access.Assignment{AccountID: ids[who], License: holders[who]})
		}
	}
	return a
}

func add(a *review.App, acc access.Account) { a.Accounts = append(a.Accounts, acc) }

func find(a *review.App, id string) *access.Account {
	for i := range a.Accounts {
		if a.Accounts[i].ID == id {
			return &a.Accounts[i]
		}
	}
	panic("no account " + id)
}

func member(a *review.App, group, accountID string) {
	for i := range a.Groups {
		if a.Groups[i].Name == group {
			a.Groups[i].Members = append(a.Groups[i].Members, access.Member{AccountID: accountID, Role: "member"})
			return
		}
	}
	a.Groups = append(a.Groups, access.Group{ID: "g-" + group, Name: group, Members: []access.Member{{AccountID: accountID, Role: "member"}}})
}

func slack(decided policy.Result) review.App {
	a := furnish("slack", decided)
	for _, i := range []int{5, 9} { // two leavers
		add(&a, access.Account{ID: fmt.Sprintf("slack10%02d", i), UserName: fmt.Sprintf("p%02d@acme.com", i), Active: true, Status: "active", LastLogin: ago(12)})
	}
	find(&a, "slack1005").Role = "owner"
	find(&a, "slack1002").LastLogin = ago(50)
	find(&a, "slack1021").LastLogin = ago(120) // on leave
	find(&a, "slack1006").LastLogin = time.Time{}
	find(&a, "slack1033").LastLogin, find(&a, "slack1033").NeverUsed = time.Time{}, true // since Monday
	find(&a, "slack1010").Active, find(&a, "slack1010").Status = false, "deactivated"
	find(&a, "slack1014").Role = "Owner"
	add(&a, access.Account{ID: "slack9001", UserName: "press@agency.example", Active: true, Status: "active", External: true, LastLogin: ago(3)})
	add(&a, access.Account{ID: "slack9002", UserName: "deploy-bot", Active: true})
	add(&a, access.Account{ID: "slack9003", UserName: "glass@acme.com", Active: true, Role: "owner"})
	add(&a, access.Account{ID: "slack9004", UserName: "p03.old@acme.com", PersonID: "1003", Active: true, Status: "active", LastLogin: ago(2)})
	add(&a, access.Account{ID: "slack9005", UserName: "ghost@acme.com", PersonID: "0777", Active: true, Status: "active", LastLogin: ago(2)})
	add(&a, access.Account{ID: "slack9006", UserName: "p39@acme.com", Status: "invited", Created: ago(20)}) // before the first day
	find(&a, "slack1034").Status, find(&a, "slack1034").LastLogin, find(&a, "slack1034").Created = "invited", time.Time{}, ago(20)
	member(&a, "all-hands", "slack9001")
	return a
}

func github(decided policy.Result) review.App {
	a := furnish("gh", decided)
	add(&a, access.Account{ID: "gh1005", UserName: "GH-05", Active: true, Status: "active", LastLogin: ago(11)}) // known by user_names
	add(&a, access.Account{ID: "gh1017", UserName: "gh-17", Active: true, Status: "active", LastLogin: ago(1), External: true})
	member(&a, "prod-admins", "gh1008")
	member(&a, "prod-admins", "gh1017")
	member(&a, "prod-admins", "gh1016")
	find(&a, "gh1020").LastLogin = ago(35)
	member(&a, "prod-admins", "gh1020")
	a.Groups[0].Members = append(a.Groups[0].Members, access.Member{AccountID: "t9", Nested: true})
	return a
}

func figma(decided policy.Result) review.App {
	a := furnish("figma", decided)
	a.Prices = []review.Price{{Product: "Design", License: "Full", Monthly: 15.5, Currency: "EUR"}, {Product: "Whiteboard", Monthly: 5, Currency: "EUR"}}
	find(&a, "figma1018").LastLogin = ago(61)
	find(&a, "figma1022").Active, find(&a, "figma1022").Status = false, "deactivated"
	member(&a, "approvers", "figma1007")
	a.Assignments["Design"] = append(a.Assignments["Design"], access.Assignment{AccountID: "figma1003", License: "Full"})
	a.Pools = []access.Pool{
		{Product: "Design", License: "Full", Total: 11, Used: 11},
		{Product: "Whiteboard", License: "Whiteboard", Total: 50, Used: 10},
		{Product: "Slides", License: "Slides", Total: -1, Used: 4},
	}
	return a
}

// The findings of a whole company, to be read by people.
func TestGoldenCompany(t *testing.T) {
	t.Parallel()
	r := review.Review(acme(t))
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s\n", f.Severity, f.Kind, f.App, f.Subject)
		fmt.Fprintf(&b, "  %s\n  %s\n", f.Reason, f.Evidence)
		if !f.FirstSeen.IsZero() {
			fmt.Fprintf(&b, "  since %s\n", f.FirstSeen.UTC().Format(time.RFC3339))
		}
		if f.MonthlyCost != nil {
			fmt.Fprintf(&b, "  %.2f %s a month\n", *f.MonthlyCost, f.Currency)
		}
		if f.Waived {
			fmt.Fprintf(&b, "  waived\n")
		}
		fmt.Fprintf(&b, "  person %q, owner %q, fingerprint %s\n", f.PersonID, f.Owner, f.Fingerprint)
		fmt.Fprintf(&b, "    %s\n\n", strings.ReplaceAll(f.Suggestion, "\n", "\n    "))
	}
	fmt.Fprintf(&b, "worst %s\n", r.Worst)
	for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "%4d %s\n", r.Counts[k], k)
	}
	for _, c := range r.Coverage {
		fmt.Fprintf(&b, "%s: %d accounts, %d matched, %d unknown\n", c.App, c.Accounts, c.Matched, c.Unknown)
		for _, g := range c.Gaps {
			fmt.Fprintf(&b, "  - %s\n", g)
		}
	}
	for k, n := range r.Counts {
		if n == 0 && k != "unknown" {
			t.Errorf("the company has no %s", k)
		}
	}
	name := filepath.Join("testdata", "company.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("run with -update and read the difference (-want +got):\n%s", diff)
	}
}
