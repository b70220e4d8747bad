package policy_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// gives is a rule body that is valid in itself.
func gives(app string) policy.Grants { return policy.Grants{Accounts: []string{app}} }

func valid() policy.Policy {
	return policy.Policy{
		Rules: []policy.Rule{{Name: "everyone", When: "true", Grants: policy.Grants{
			Accounts: []string{"slack"},
			Groups:   map[string][]string{"erp": {"create", "approve"}}, Licenses: map[string]map[string]string{"figma": {"Design": "Full"}},
		}}},
		ConfiguredApps: []string{"slack", "erp", "figma", "gh"},
	}
}

func TestCompileProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*policy.Policy)
		want   []string // the problems, in order; W: is a warning
	}{
		{"valid", func(*policy.Policy) {}, nil},
		{"no apps configured", func(p *policy.Policy) { p.ConfiguredApps = nil }, nil},
		{
			"unknown field", func(p *policy.Policy) { p.Rules[0].When = "true && person.departement == 'x'" },
			[]string{`rule "everyone": when, column 16: person has no field "departement"; did you mean "department"?`},
		},
		{
			"unknown field in has", func(p *policy.Policy) { p.Rules[0].When = "has(person.titel)" },
			[]string{`rule "everyone": when, column 12: person has no field "titel"; did you mean "title"?`},
		},
		{
			"several unknown fields, and a type error", func(p *policy.Policy) {
				p.Rules[0].When = "person.foo == 1 || person.titel == 'x' || person.title == 1"
			},
			[]string{
				`rule "everyone": when, column 8: person has no field "foo"; there are: cost_center, country`,
				`rule "everyone": when, column 27: person has no field "titel"; did you mean "title"?`,
				`rule "everyone": when, column 56: found no matching overload for '==' applied to '(string, int)'; both sides need one type`,
			},
		},
		{
			"second line", func(p *policy.Policy) { p.Rules[0].When = "true &&\n  person.titel == 'x'" },
			[]string{`rule "everyone": when, line 2, column 10: person has no field "titel"`},
		},
		{
			"bare field", func(p *policy.Policy) { p.Rules[0].When = "department == 'x'" },
			[]string{`rule "everyone": when, column 1: undeclared reference to 'department'; did you mean person.department?`},
		},
		{
			"misspelt person", func(p *policy.Policy) { p.Rules[0].When = "persn.title == 'x'" },
			[]string{`rule "everyone": when, column 1: undeclared reference to 'persn'; did you mean "person"?`},
		},
		{
			"unknown function", func(p *policy.Policy) { p.Rules[0].When = "person.title.startWith('x')" },
			[]string{`rule "everyone": when, column 23: undeclared reference to 'startWith'; did you mean startsWith()?`},
		},
		{
			"whole person", func(p *policy.Policy) { p.Rules[0].When = "dyn(person).title == 'x'" },
			[]string{`rule "everyone": when, column 5: person can only be used with a field`},
		},
		{
			"message", func(p *policy.Policy) { p.Rules[0].When = "Person{title: 'x'}.title == 'x'" },
			[]string{`rule "everyone": when, column 7: Person cannot be built here`},
		},
		{
			"not a condition", func(p *policy.Policy) { p.Rules[0].When = "person.title" },
			[]string{`rule "everyone": when, column 1: the expression yields text, not true or false; compare it`},
		},
		{
			"custom text as condition", func(p *policy.Policy) { p.Rules[0].When = "person.custom.admin" },
			[]string{`yields text, not true or false`},
		},
		{"syntax", func(p *policy.Policy) { p.Rules[0].When = "person.title == 'x' &&" }, []string{`rule "everyone": when, column 23: `}},
		{
			"bad regular expression", func(p *policy.Policy) { p.Rules[0].When = "person.title.matches('(')" },
			[]string{`rule "everyone": when, column 1: error parsing regexp`},
		},
		{"empty when", func(p *policy.Policy) { p.Rules[0].When = " " }, []string{`rule "everyone": when: it is empty; write "true" for everyone`}},
		{"no name", func(p *policy.Policy) { p.Rules[0].Name = "" }, []string{`rule: name: rule 1 has no name`}},
		{"same name", func(p *policy.Policy) { p.Rules = append(p.Rules, p.Rules[0]) }, []string{`rule "everyone": name: rules 1 and 2 have the same name`}},
		{"negative expect_min", func(p *policy.Policy) { p.Rules[0].ExpectMin = -1 }, []string{`expect_min: it is negative`}},
		{"gives nothing", func(p *policy.Policy) { p.Rules = append(p.Rules, policy.Rule{Name: "x", When: "true"}) }, []string{`W:rule "x": the rule gives nothing`}},
		{
			"unknown app", func(p *policy.Policy) { p.Rules[0].Accounts = []string{"slak"} },
			[]string{`rule "everyone": accounts: there is no app "slak" in the provider; did you mean "slack"?`},
		},
		{"unknown app outside the filter", func(p *policy.Policy) { p.Rules[0].Accounts = []string{"elsewhere"}; p.Apps = []string{"erp"} }, nil},
		{
			"unknown app in the filter", func(p *policy.Policy) { p.Apps = []string{"erp2"} },
			[]string{`apps: there is no app "erp2" in the provider; did you mean "erp"?`, `W:apps: no rule names the app "erp2"; did you mean "erp"?`},
		},
		{"empty names", func(p *policy.Policy) {
			p.Rules[0].Grants = policy.Grants{
				Accounts: []string{""}, Groups: map[string][]string{"erp": {" "}},
				GroupRoles: map[string]map[string]string{"erp": {"g": ""}}, Licenses: map[string]map[string]string{"figma": {"": "x"}}, Roles: map[string]string{"slack": ""},
			}
		}, []string{
			`accounts: the name of an app is empty`, `groups: the name of a group is empty`, `group_roles: the name of a role is empty`,
			`licenses: the name of a product is empty`, `roles: the name of a role is empty`,
		}},
		{
			"groups that differ in case", func(p *policy.Policy) { p.Rules[0].Groups["erp"] = []string{"create", "Create"} },
			[]string{`W:erp/groups/Create and erp/groups/create differ only in case`},
		},
		{
			"exception without everything", func(p *policy.Policy) { p.Exceptions = []policy.Exception{{}} },
			[]string{
				`exception: person_id: it is empty`, `exception: reason: it is empty`, `exception: approved_by: it is empty`,
				`exception: expires_at: it is empty; every exception ends`, `exception: the exception gives nothing`,
			},
		},
		{"exception with bad dates", func(p *policy.Policy) {
			p.Exceptions = []policy.Exception{
				{PersonID: "1", Reason: "r", ApprovedBy: "a", ExpiresAt: "31/12/2026", StartsAt: "2026-13-01", Grants: gives("gh")},
				{PersonID: "2", Reason: "r", ApprovedBy: "a", ExpiresAt: "2026-01-01", StartsAt: "2026-02-01", Grants: gives("gh")},
				{PersonID: "3", Reason: "r", ApprovedBy: "a", ExpiresAt: "2026-01-01T99:00:00Z", Grants: gives("gh")},
			}
		}, []string{
			`exception "1": starts_at: "2026-13-01" is neither a date like`, `exception "1": expires_at: "31/12/2026" is neither a date`,
			`exception "2": expires_at: 2026-01-01 is before starts_at, 2026-02-01`, `exception "3": expires_at: "2026-01-01T99:00:00Z" is neither`,
		}},
		{"override", func(p *policy.Policy) {
			p.Overrides = []policy.Override{{}, {PersonID: "1", Reason: "r", AccessEndsAt: "soon", ExpiresAt: "later"}}
		}, []string{
			`override: person_id: it is empty`, `override: reason: it is empty`, `override: the override moves nothing`,
			`override "1": access_ends_at: "soon"`, `override "1": expires_at: "later"`,
		}},
		{"conflict", func(p *policy.Policy) {
			p.Conflicts = []policy.Conflict{
				{Name: "one", Grants: []string{"erp/groups/create"}},
				{Name: "same", Grants: []string{"erp/groups/create", "erp/groups/create"}},
				{Name: "same", Grants: []string{"erp/groups/create", "erp/groups/approve"}},
				{Name: "bad", Grants: []string{"erp/group/create", "erp", "nope/groups/a/b"}},
				{Name: "typo", Grants: []string{"erp/groups/create", "erp/groups/aprove"}},
				{Name: "app", Grants: []string{"erq/groups/create", "erp/groups/approve"}},
				{Name: "w", Grants: []string{"erp/groups/create", "erp/groups/approve"}, Waivers: []policy.Waiver{{}}},
			}
		}, []string{
			`conflict "one": grants: a conflict needs two different grants`,
			`conflict "same": grants: a conflict needs two different grants`,
			`conflict "same": name: another conflict has the same name`,
			`conflict "bad": grants: "erp/group/create" is not a grant address`, `conflict "bad": grants: "erp" is not a grant address`, `conflict "bad": grants: "nope/groups/a/b" is not`,
			`W:conflict "typo": grants: no rule or exception gives erp/groups/aprove; did you mean "erp/groups/approve"?`,
			`conflict "app": grants: there is no app "erq"`, `W:conflict "app": grants: no rule or exception gives erq/groups/create; did you mean "erp/groups/create"?`,
			`conflict "w": waiver 1: person_id: it is empty`, `conflict "w": waiver 1: reason: it is empty`, `conflict "w": waiver 1: expires_at: it is empty; every waiver ends`,
		}},
		{"timing", func(p *policy.Policy) {
			hour := 25
			p.Timing = policy.Timing{BeforeStartDays: -1, OverlapDays: -1, EndOfDayHour: &hour, OnLeave: "supend"}
		}, []string{
			`timing: before_start_days: it is negative`, `timing: overlap_days: it is negative`, `timing: end_of_day_hour: there is no hour 25`,
			`timing: on_leave_of_absence: "supend" is not a way to treat a leave; did you mean "suspend"?`,
		}},
		{"user names", func(p *policy.Policy) {
			p.UserNames = map[string]string{"slack": "person.emial", "erp": "person.full_time", "nope": "'x'", "gh": ""}
		}, []string{
			`user_names "erp": column 1: the expression yields true or false, not text; convert it with string(…)`, `user_names "gh": it is empty`, `user_names "nope": there is no app "nope"`,
			`user_names "slack": column 8: person has no field "emial"`,
		}},
		{
			"account fields", func(p *policy.Policy) { p.AccountFields = map[string][]string{"slack": {"emial", "role", "person_id"}} },
			[]string{
				`account_fields "slack": there is no account field "emial"; did you mean "email"?`, `account_fields "slack": a role is not something that HR knows; give it with roles`,
				`account_fields "slack": there is no account field "person_id"`,
			},
		},
		{
			"attributes", func(p *policy.Policy) {
				p.Attributes = map[string]map[string]string{"slack": {"cc": "person.cost_centre"}}
			},
			[]string{`attributes "slack": cc, column 8: person has no field "cost_centre"; did you mean "cost_center"?`},
		},
		{
			"identities", func(p *policy.Policy) { p.Identities = map[string]map[string]string{"gh": {"1": ""}, "ghh": {}} },
			[]string{`identities "gh": 1: it is empty`, `identities "ghh": there is no app "ghh" in the provider; did you mean "gh"?`},
		},
		{"same person", func(p *policy.Policy) {
			p.SamePerson = map[string][]string{"a": {"b"}, "b": {"a"}, "c": {"x"}, "d": {"x", ""}}
		}, []string{`same_person: d: "x" is already the former id of "c"`, `same_person: d: it is empty`, `"a" is, by way of others, a former id of itself`, `"b" is, by way of others`}},
		{"custom fields", func(p *policy.Policy) {
			p.CustomFields = []string{"grade", "cost"}
			p.Rules[0].When = "person.custom.grad == '1' || person.custom['costt'] != '' || has(person.custom.grade)"
		}, []string{`rule "everyone": when, column 15: no roster has a custom field "grad"; did you mean "grade"?`, `rule "everyone": when, column 44: no roster has a custom field "costt"; did you mean "cost"?`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := valid()
			tc.change(&p)
			program, problems := policy.Compile(p)
			failed := false
			var got []string
			for _, p := range problems {
				s := p.String()
				if p.Severity == policy.Warning {
					s = "W:" + s
				} else {
					failed = true
				}
				got = append(got, s)
			}
			if failed != (program == nil) {
				t.Errorf("program = %v although problems are %q", program, got)
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %d problems, want %d:\n%s", len(got), len(tc.want), strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.Contains(got[i], tc.want[i]) {
					t.Errorf("problem %d:\n got %s\nwant %s", i, got[i], tc.want[i])
				}
			}
		})
	}
}
