package policy_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// messyCompany is about 300 people: the pitfalls, and the ordinary ones around them.
func messyCompany() (policy.Policy, policy.Input, []pitfall) {
	p := policy.Policy{
		Rules: []policy.Rule{
			{Name: "everyone", When: "!(person.custom.kind in ['service', 'test'])", Grants: policy.Grants{Accounts: []string{"mail"}, Groups: map[string][]string{"slack": {"all-hands"}}}},
			{Name: "engineers", When: "person.department == 'Plattform'", ExpectMin: 10, Grants: policy.Grants{Groups: map[string][]string{"gh": {"engineering"}}}},
			{
				Name: "leads", When: "person.department == 'Plattform' && person.title.startsWith('Lead')",
				Grants: policy.Grants{GroupRoles: map[string]map[string]string{"gh": {"engineering": "maintainer", "leads": "member"}}},
			},
			{Name: "sales", When: "person.department == 'Sales'", Grants: policy.Grants{Licenses: map[string]map[string]string{"crm": {"CRM": "Sales"}}}},
			{Name: "finance", When: "person.department == 'Finance'", Grants: policy.Grants{Groups: map[string][]string{"erp": {"payments-create"}}, Roles: map[string]string{"erp": "accountant"}}},
			{Name: "finance leads", When: "person.department == 'Finance' && person.title.startsWith('Lead')", Grants: policy.Grants{Groups: map[string][]string{"erp": {"payments-approve"}}}},
			{Name: "managers", When: "person.is_manager", Grants: policy.Grants{Groups: map[string][]string{"slack": {"managers"}}}},
			{Name: "under the ceo", When: "person.manager_chain.size() == 1 && person.manager_id == 'ceo'", Grants: policy.Grants{Groups: map[string][]string{"gh": {"under-ceo"}}}},
			{Name: "design", When: "person.department == 'Design'", Grants: policy.Grants{Licenses: map[string]map[string]string{"figma": {"Design": "Full"}}}},
		},
		Exceptions: []policy.Exception{
			{PersonID: "p010", Reason: "INC-77", ApprovedBy: "ceo@acme.com", ExpiresAt: "2026-04-03", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}},
			{PersonID: "p011", Reason: "INC-70", ApprovedBy: "ceo@acme.com", ExpiresAt: "2026-03-30", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}},
			{PersonID: "p012", Reason: "self-service", ApprovedBy: "p012", ExpiresAt: "2026-12-31", Grants: policy.Grants{Groups: map[string][]string{"gh": {"prod-admins"}}}},
		},
		Overrides: []policy.Override{{PersonID: "p020", AccessEndsAt: "2026-03-31T10:30:00Z", Reason: "HR case 12"}},
		Conflicts: []policy.Conflict{{
			Name: "maker-checker", Grants: []string{"erp/groups/payments-create", "erp/groups/payments-approve"},
			Waivers: []policy.Waiver{{PersonID: "p033", Reason: "one-person office", ApprovedBy: "ceo", ExpiresAt: "2026-06-30"}},
		}},
		Timing:        policy.Timing{BeforeStartDays: 3, OnLeave: policy.LeaveSuspend},
		UserNames:     map[string]string{"gh": "person.user_name"},
		Identities:    map[string]map[string]string{"gh": {"boss-mail": "bossy"}},
		AccountFields: map[string][]string{"slack": {"user_name", "display_name", "title", "manager"}},
		Attributes:    map[string]map[string]string{"erp": {"cost_center": "person.cost_center"}},
		CustomFields:  []string{"kind"},
	}
	input := policy.Input{Now: noon, ReadAt: noon, Reasons: true, MaxQuarantined: 20, UpcomingDays: 7, Rosters: []string{"hr", "contractors"}}
	given := []string{"Ana", "José", "Łukasz", "Mia", "Noor", "Søren", "Yuki", "Zoë"}
	family := []string{"García", "Müller", "Nowak", "O'Neill", "Şahin", "van der Berg", "Yamada"}
	ceo := person("ceo", func(p *access.Person) { p.Department, p.Title = "Board", "CEO" })
	input.People = append(input.People, ceo)
	for i := range 260 {
		p := person(fmt.Sprintf("p%03d", i), works([]string{"Plattform", "Sales", "Finance", "Design", "People"}[i%5]), in([]string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", ""}[i%4]))
		p.GivenName, p.FamilyName = given[i%len(given)], family[i%len(family)]
		p.UserName, p.Title, p.CostCenter = fmt.Sprintf("gh-%03d", i), "Specialist", fmt.Sprint("CC", i%5)
		p.ManagerID = "ceo"
		if i >= 10 {
			p.ManagerID = fmt.Sprintf("p%03d", i%10)
		}
		if i%31 == 2 { // 2, 33, 64 …: one in each department
			p.Title = "Lead " + p.Title
		}
		if i == 33 || i == 64 {
			p.Department, p.Title = "Finance", "Lead Accountant"
		}
		switch i % 29 {
		case 5:
			p.Status, p.EndDate = access.StatusTerminated, date("2026-03-02").AddDays(i%29)
		case 6:
			p.EndDate = date("2026-03-31").AddDays(i % 13)
		case 7:
			p.StartDate = date("2026-03-31").AddDays(i % 11)
		}
		input.People = append(input.People, p)
	}
	list := pitfalls()
	for _, f := range list {
		input.People = append(input.People, f.people...)
		input.Faulty = append(input.Faulty, f.faulty...)
		input.Faults = append(input.Faults, f.faults...)
		if f.edit != nil {
			f.edit(&p)
		}
	}
	return p, input, list
}

func TestMessyCompany(t *testing.T) {
	t.Parallel()
	p, in, list := messyCompany()
	r := compile(t, p).Evaluate(in)
	for _, f := range list {
		t.Run(f.name, func(t *testing.T) { f.check(t, r) })
	}
	wantProblems(t, r.Errors)
	golden(t, "messy_company.txt", write(r))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got); if this is meant, run with -update:\n%s", path, d)
	}
}

// write puts a whole result into lines for people to review.
func write(r policy.Result) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Counts")
	for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
		line("%4d %s", r.Counts[k], k)
	}
	for _, app := range slices.Sorted(maps.Keys(r.Apps)) {
		a := r.Apps[app]
		line("\n# %s: %d accounts, groups %v, products %v", app, len(a.Accounts), slices.Sorted(maps.Keys(a.Groups)), slices.Sorted(maps.Keys(a.Licenses)))
		for _, id := range slices.Sorted(maps.Keys(a.Accounts)) {
			acc := a.Accounts[id]
			var parts []string
			for _, f := range access.Fields() {
				if v, managed := acc.Get(f); managed {
					parts = append(parts, fmt.Sprintf("%s=%s", f, v))
				} else if v != "" {
					parts = append(parts, fmt.Sprintf("(%s=%s)", f, v))
				}
			}
			for _, k := range slices.Sorted(maps.Keys(acc.Attributes)) {
				parts = append(parts, fmt.Sprintf("attributes.%s=%s", k, acc.Attributes[k]))
			}
			if acc.Active != nil {
				parts = append(parts, fmt.Sprint("active=", *acc.Active))
			}
			line("%s: %s", id, strings.Join(parts, ", "))
		}
		for _, g := range slices.Sorted(maps.Keys(a.Groups)) {
			for _, u := range slices.Sorted(maps.Keys(a.Groups[g])) {
				if role := a.Groups[g][u]; role != access.DefaultRole {
					line("group %s: %s is %s", g, u, role)
				}
			}
		}
	}
	line("\n# Reasons")
	for _, id := range slices.Sorted(maps.Keys(r.Reasons)) {
		for _, x := range r.Reasons[id] {
			line("%s %s: %s", id, x.Grant, x.Why)
		}
	}
	line("\n# Quarantined")
	for _, q := range r.Quarantined {
		line("%s %v: %s", q.PersonID, q.Codes, q.Why)
	}
	line("\n# Cutoffs")
	for _, c := range r.Cutoffs {
		line("%s: %s", c.PersonID, c.Why)
	}
	line("\n# Exceptions")
	for _, x := range r.Exceptions {
		line("%s %v %s: %s", x.PersonID, x.Grants, x.Status, x.Why)
	}
	line("\n# Upcoming")
	for _, c := range r.Upcoming {
		sign := "-"
		if c.Gain {
			sign = "+"
		}
		line("%s %s %s %s: %s", c.At.UTC().Format("2006-01-02T15:04Z"), sign, c.PersonID, c.Grant, c.Why)
	}
	line("\n# Warnings")
	for _, w := range r.Warnings {
		line("%s: %s", w.Code, w)
	}
	line("\n# Errors")
	for _, w := range r.Errors {
		line("%s: %s", w.Code, w)
	}
	return b.String()
}
