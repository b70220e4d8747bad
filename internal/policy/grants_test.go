package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

func TestGrantsImplyTheAccount(t *testing.T) {
	t.Parallel()
	p := policy.Policy{Rules: []policy.Rule{
		{Name: "group", When: "person.person_id == 'ana'", Grants: policy.Grants{Groups: map[string][]string{"gh": {"eng"}}}},
		{Name: "group role", When: "person.person_id == 'bob'", Grants: policy.Grants{
			Groups:     map[string][]string{"gh": {"eng"}},
			GroupRoles: map[string]map[string]string{"gh": {"eng": "maintainer", "ops": "member"}},
		}},
		{Name: "license", When: "person.person_id == 'eve'", Grants: policy.Grants{Licenses: map[string]map[string]string{"figma": {"Design": "Full"}}}},
		{Name: "role", When: "person.person_id == 'joe'", Grants: policy.Grants{Roles: map[string]string{"zoom": "admin"}}},
		{Name: "nobody", When: "false", Grants: policy.Grants{
			Accounts: []string{"empty"}, Groups: map[string][]string{"gh": {"none"}},
			Licenses: map[string]map[string]string{"figma": {"Jam": "Full"}},
		}},
	}}
	r := run(t, p, person("ana"), person("bob"), person("eve"), person("joe"), person("zoe"))
	wantHolds(t, r, "ana", "gh/accounts", "gh/groups/eng")
	wantHolds(t, r, "bob", "gh/accounts", "gh/groups/eng", "gh/groups/ops")
	wantHolds(t, r, "eve", "figma/accounts", "figma/licenses/Design/Full")
	wantHolds(t, r, "joe", "zoom/accounts", "zoom/roles/admin")
	wantHolds(t, r, "zoe")
	wantWhy(t, r, "bob", "gh/groups/eng", `rule "group role" (role maintainer)`)
	if got := r.Apps["zoom"].Accounts["joe"].Role; got != "admin" {
		t.Errorf("account role = %q, want admin", got)
	}

	groups := map[string]map[string]string{"eng": {"ana@acme.com": "member", "bob@acme.com": "maintainer"}, "ops": {"bob@acme.com": "member"}, "none": {}}
	if d := cmp.Diff(groups, r.Apps["gh"].Groups); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	licenses := map[string]map[string]string{"Design": {"eve@acme.com": "Full"}, "Jam": {}}
	if d := cmp.Diff(licenses, r.Apps["figma"].Licenses); d != "" {
		t.Errorf("licenses (-want +got):\n%s", d)
	}
	if a, ok := r.Apps["empty"]; !ok || a.Accounts == nil || len(a.Accounts) != 0 {
		t.Errorf("an app that nobody holds is %v, %v; want an empty one", a, ok)
	}
	counts := map[string]int{
		"empty/accounts": 0, "gh/accounts": 2, "gh/groups/eng": 2, "gh/groups/ops": 1, "gh/groups/none": 0,
		"figma/accounts": 1, "figma/licenses/Design/Full": 1, "figma/licenses/Jam/Full": 0, "zoom/accounts": 1, "zoom/roles/admin": 1,
	}
	if d := cmp.Diff(counts, r.Counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	wantProblems(t, r.Warnings, `unmatched_rule: rule "nobody": when: it matches nobody`)
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	license := func(name, when, l string) policy.Rule {
		return policy.Rule{Name: name, When: when, Grants: policy.Grants{
			Licenses:   map[string]map[string]string{"figma": {"Design": l}},
			GroupRoles: map[string]map[string]string{"gh": {"eng": l}}, Roles: map[string]string{"zoom": l},
		}}
	}
	p := policy.Policy{Rules: []policy.Rule{
		license("first", "true", "Full"),
		license("second", "person.person_id == 'ana'", "Dev"),
		license("same", "person.person_id == 'ana'", "Full"),
	}}
	r := run(t, p, person("ana"), person("bob"))
	wantHolds(t, r, "ana", "figma/accounts", "figma/licenses/Design/Full", "gh/accounts", "gh/groups/eng", "zoom/accounts", "zoom/roles/Full")
	wantWhy(t, r, "ana", "figma/licenses/Design/Full", `rule "first"; rule "same"`)
	wantWhy(t, r, "ana", "figma/licenses/Design/Dev", `not given: rule "first" gives figma/licenses/Design/Full and comes before rule "second"`)
	wantWhy(t, r, "ana", "gh/groups/eng", `rule "first" (role Full); rule "same" (role Full); rule "second" would give role Dev but comes later`)
	wantWhy(t, r, "ana", "zoom/roles/Dev", "not given")
	wantProblems(t, r.Warnings,
		`precedence: rule "first" comes first and gives figma/licenses/Design/Full, so figma/licenses/Design/Dev is not given to 1 person: ana`,
		`precedence: gh/groups/eng with role Full, so gh/groups/eng with role Dev`,
		`precedence: zoom/roles/Full`)

	// An exception is made to differ from the rules.
	p.Exceptions = []policy.Exception{{
		PersonID: "bob", Reason: "INC-1", ApprovedBy: "ana", ExpiresAt: "2026-12-01",
		Grants: policy.Grants{Licenses: map[string]map[string]string{"figma": {"Design": "Dev"}}},
	}}
	r = run(t, p, person("ana"), person("bob"))
	wantHolds(t, r, "bob", "figma/accounts", "figma/licenses/Design/Dev", "gh/accounts", "gh/groups/eng", "zoom/accounts", "zoom/roles/Full")
	wantWhy(t, r, "bob", "figma/licenses/Design/Dev", "exception until 2026-12-01, approved by ana: INC-1")
	wantWhy(t, r, "bob", "figma/licenses/Design/Full", "not given: exception until 2026-12-01")
	if n := len(r.Warnings); n != 3 {
		t.Errorf("an exception that differs from a rule warns: %v", r.Warnings)
	}
}

func TestAccountFields(t *testing.T) {
	t.Parallel()
	p := policy.Policy{
		Rules:         []policy.Rule{{Name: "all", When: "true", Grants: policy.Grants{Accounts: []string{"full", "least", "more"}}}},
		AccountFields: map[string][]string{"least": {}, "more": {"email", "title", "department", "manager"}},
		UserNames:     map[string]string{"more": "person.given_name.lowerAscii() + '.' + person.family_name.lowerAscii()"},
		Identities:    map[string]map[string]string{"more": {"bob": "bobby"}},
		Attributes:    map[string]map[string]string{"more": {"cost": "person.cost_center", "kind": "person.is_manager ? 'boss' : 'staff'"}},
	}
	ana := person("ana", func(p *access.Person) {
		p.Title, p.CostCenter, p.PreferredGivenName, p.ManagerID = "Engineer", "CC7", "Anita", "bob"
	})
	bob := person("bob", func(p *access.Person) { p.FamilyName, p.Department = "", "" })
	r := run(t, p, ana, bob)
	set := func(fields ...access.Field) (s policy.FieldSet) {
		for _, f := range fields {
			s = s.With(f)
		}
		return s
	}
	five := policy.DefaultAccountFields()
	for _, tc := range []struct {
		app, id string
		want    policy.Account
	}{
		{"full", "ana", policy.Account{UserName: "ana@acme.com", Fields: five}},
		{"least", "ana", policy.Account{UserName: "ana@acme.com", Fields: set(access.UserName), CreateOnly: five.Without(access.UserName)}},
		{"more", "ana", policy.Account{
			UserName: "anita.silva", Manager: "bobby",
			Fields:     set(access.UserName, access.Email, access.Title, access.Department, access.Manager),
			CreateOnly: set(access.GivenName, access.FamilyName, access.DisplayName), Attributes: map[string]string{"cost": "CC7", "kind": "staff"},
		}},
		{"more", "bob", policy.Account{
			UserName: "bobby", Fields: set(access.UserName, access.Email),
			CreateOnly: set(access.GivenName, access.DisplayName), Attributes: map[string]string{"kind": "boss"},
		}},
	} {
		want := tc.want
		switch tc.id {
		case "ana":
			want.Email, want.GivenName, want.FamilyName, want.DisplayName = "ana@acme.com", "Anita", "Silva", "Anita Silva"
			if tc.app == "more" { // what the app is not meant to receive is not put out
				want.Title, want.Department = "Engineer", "Engineering"
			}
		case "bob":
			want.Email, want.GivenName, want.DisplayName = "bob@acme.com", "Bob", "Bob"
		}
		if d := cmp.Diff(want, r.Apps[tc.app].Accounts[tc.id]); d != "" {
			t.Errorf("%s in %s (-want +got):\n%s", tc.id, tc.app, d)
		}
	}
	a := r.Apps["least"].Accounts["ana"]
	if v, managed := a.Get(access.Email); v != "ana@acme.com" || managed {
		t.Errorf("e-mail = %q, managed %v; want known and not managed", v, managed)
	}
	create := map[access.Field]string{access.UserName: "ana@acme.com", access.Email: "ana@acme.com", access.GivenName: "Anita", access.FamilyName: "Silva", access.DisplayName: "Anita Silva"}
	if d := cmp.Diff(create, a.Create()); d != "" {
		t.Errorf("values to create with (-want +got):\n%s", d)
	}
}

func TestAppsFilter(t *testing.T) {
	t.Parallel()
	p := policy.Policy{
		Rules: []policy.Rule{
			{Name: "all", When: "true", Grants: policy.Grants{Accounts: []string{"gh"}, Groups: map[string][]string{"erp": {"create"}}}},
			{Name: "some", When: "person.person_id == 'bob'", Grants: policy.Grants{Groups: map[string][]string{"erp": {"approve"}}}},
		},
		UserNames: map[string]string{"erp": "''"}, // nobody has a name there, which is not this configuration's concern
		Conflicts: []policy.Conflict{{Name: "maker-checker", Grants: []string{"erp/groups/create", "erp/groups/approve"}}},
		Apps:      []string{"gh"}, ConfiguredApps: []string{"gh"},
	}
	r := run(t, p, person("ana"), person("bob"))
	if _, ok := r.Apps["erp"]; ok || len(r.Apps) != 1 {
		t.Errorf("apps = %v, want gh alone", r.Apps)
	}
	wantHolds(t, r, "ana", "gh/accounts")
	wantQuarantined(t, r, "bob") // conflicts are complete all the same
	if d := cmp.Diff(map[string]int{"gh/accounts": 1}, r.Counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
}

func TestRuleThatMatchesTooFew(t *testing.T) {
	t.Parallel()
	p := policy.Policy{Rules: []policy.Rule{
		{Name: "designers", When: "person.department == 'Design'", ExpectMin: 2, Grants: policy.Grants{Accounts: []string{"figma"}}},
		{Name: "sales", When: "person.department == 'Sales'", Grants: policy.Grants{Accounts: []string{"crm"}}},
	}}
	r := run(t, p, person("ana", works("Design")), person("old", works("Design"), is(access.StatusTerminated), ends("2025-01-01")))
	wantProblems(t, r.Errors, `unmatched_rule: rule "designers": when: it matches 1 person who may have access now, and expect_min is 2`)
	wantProblems(t, r.Warnings, `unmatched_rule: rule "sales": when: it matches nobody`)
	r = run(t, p, person("ana", works("Design")), person("bob", works("Design")), person("eve", works("Sales")))
	wantProblems(t, r.Errors)
	wantProblems(t, r.Warnings)
}
