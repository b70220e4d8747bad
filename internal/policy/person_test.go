package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// matching compiles a condition and lists whom it matches.
func matching(t *testing.T, when string, people ...access.Person) []string {
	t.Helper()
	r := run(t, policy.Policy{Rules: []policy.Rule{{Name: "r", When: when, Grants: policy.Grants{Accounts: []string{"app"}}}}}, people...)
	wantProblems(t, r.Errors)
	wantQuarantined(t, r)
	var ids []string
	for id := range r.Apps["app"].Accounts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// TestPersonFields is the contract: every field, with its value, and what a blank one reads as.
func TestPersonFields(t *testing.T) {
	t.Parallel()
	yes := true
	full := access.Person{
		PersonID: "ana", Source: "hr", SourceID: "1", EmployeeNumber: "007", GivenName: "Ana", FamilyName: "Silva", DisplayName: "Ana S.",
		WorkEmail: "ana@acme.com", UserName: "asilva", Title: "CTO", Department: "Eng", Division: "Div", Organization: "Org", CostCenter: "CC", Team: "T",
		Location: "Madrid", Country: "ES", EmploymentType: access.TypeEmployee, FullTime: &yes, Status: access.StatusActive,
		StartDate: date("2020-01-01"), EndDate: date("2026-12-31"), ManagerID: "zoe", ManagerEmail: "zoe@acme.com", Custom: map[string]string{"k": "v"},
	}
	blank := access.Person{PersonID: "blank", Source: "hr", SourceID: "2", WorkEmail: "b@acme.com", Status: access.StatusActive}
	for field, want := range map[string][2]string{
		"person_id": {"'ana'", "'blank'"}, "employee_number": {"'007'", "''"}, "given_name": {"'Ana'", "''"}, "family_name": {"'Silva'", "''"},
		"display_name": {"'Ana S.'", "''"}, "work_email": {"'ana@acme.com'", "'b@acme.com'"}, "user_name": {"'asilva'", "''"}, "title": {"'CTO'", "''"},
		"department": {"'Eng'", "''"}, "division": {"'Div'", "''"}, "organization": {"'Org'", "''"}, "cost_center": {"'CC'", "''"}, "team": {"'T'", "''"},
		"location": {"'Madrid'", "''"}, "country": {"'ES'", "''"}, "employment_type": {"'employee'", "''"}, "full_time": {"true", "false"},
		"stage": {"'notice'", "'active'"}, "start_date": {"'2020-01-01'", "''"}, "end_date": {"'2026-12-31'", "''"}, "manager_id": {"'zoe'", "''"},
		"manager_email": {"'zoe@acme.com'", "''"}, "is_manager": {"false", "false"}, "manager_chain": {"['zoe']", "[]"}, "custom": {"{'k': 'v'}", "{}"},
	} {
		for i, id := range []string{"ana", "blank"} {
			if got := matching(t, fmt.Sprintf("person.person_id == '%s' && person.%s == %s", id, field, want[i]), full, blank, person("zoe")); len(got) != 1 {
				t.Errorf("person.%s == %s does not hold for %s", field, want[i], id)
			}
			known := want[i] != "''" && want[i] != "[]" && want[i] != "{}" && want[i] != "false" || field == "is_manager"
			if got := matching(t, fmt.Sprintf("person.person_id == '%s' && has(person.%s)", id, field), full, blank, person("zoe")); (len(got) == 1) != known {
				t.Errorf("has(person.%s) = %v for %s, want %v", field, len(got) == 1, id, known)
			}
		}
	}
}

func TestBlankTextIsNoError(t *testing.T) {
	t.Parallel()
	if got := matching(t, "person.title.contains('Designer')", person("ana"), person("bob", func(p *access.Person) { p.Title = "Product Designer" })); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("matches %v, want bob", got)
	}
}

func TestConditionsCompareOneSpellingOfAccents(t *testing.T) {
	t.Parallel()
	if got := matching(t, "person.location == 'Co\u0301rdoba'", person("ana", func(p *access.Person) { p.Location = "C\u00f3rdoba" })); len(got) != 1 {
		t.Error("an accent typed as two characters does not match one")
	}
}

func TestManagers(t *testing.T) {
	t.Parallel()
	people := []access.Person{
		person("ceo"), person("cto", reportsTo("ceo")), person("lead", func(p *access.Person) { p.ManagerEmail = "CTO@acme.com" }),
		person("dev", reportsTo("lead")),
		person("a", reportsTo("b")), person("b", reportsTo("c")), person("c", reportsTo("a")), // a loop
		person("self", reportsTo("self")), person("lost", reportsTo("nobody")),
		person("former", is(access.StatusTerminated)), person("orphan", reportsTo("former")), // managed by a leaver
		person("alone"), person("left", is(access.StatusTerminated), reportsTo("alone")), // manages a leaver only
		person("ready"), person("soon", starts("2026-06-01"), reportsTo("ready")),
	}
	for when, want := range map[string][]string{
		"'ceo' in person.manager_chain":                                     {"cto", "dev", "lead"},
		"person.manager_chain == ['lead', 'cto', 'ceo']":                    {"dev"},
		"person.manager_chain == ['b', 'c']":                                {"a"},
		"person.manager_chain.size() == 2":                                  {"a", "b", "c", "lead"},
		"person.is_manager":                                                 {"a", "b", "c", "ceo", "cto", "lead", "ready"},
		"person.manager_id == 'cto'":                                        {"lead"},
		"person.manager_email == 'lead@acme.com'":                           {"dev"},
		"person.manager_id == 'former' && 'former' in person.manager_chain": {"orphan"},
		"person.manager_id == 'nobody' && person.manager_chain == []":       {"lost"},
		"person.manager_id == 'self' && person.manager_chain == []":         {"self"},
	} {
		if got := matching(t, when, people...); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", when, got, want)
		}
	}
}

func TestCustom(t *testing.T) {
	t.Parallel()
	people := []access.Person{person("ana", custom(map[string]string{"flag": "x", "a b": "1"})), person("bob", custom(map[string]string{"flag": ""})), person("eve")}
	for when, want := range map[string][]string{
		"person.custom.flag == 'x'":                    {"ana"},
		"person.custom.flag == ''":                     {"bob", "eve"},
		"has(person.custom.flag)":                      {"ana"},
		"'flag' in person.custom":                      {"ana"},
		"person.custom['a b'] == '1'":                  {"ana"},
		"person.custom.exists(k, k == 'flag')":         {"ana", "bob"},
		"person.custom.size() == 2":                    {"ana"},
		"person.custom == {'flag': 'x', 'a b': '1'}":   {"ana"},
		"person.custom[person.person_id] == 'unheard'": nil,
	} {
		if got := matching(t, when, people...); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", when, got, want)
		}
	}
}

// A misspelt key must not make `!=` true for the whole company.
func TestUnknownCustomKeyIsAnError(t *testing.T) {
	t.Parallel()
	p := policy.Policy{Rules: []policy.Rule{{Name: "r", When: "person.custom.falg != 'blocked'", Grants: policy.Grants{Accounts: []string{"app"}}}}}
	r := run(t, p, person("ana", custom(map[string]string{"flag": "blocked"})))
	wantProblems(t, r.Errors, `unknown_custom_field: rule "r": when, column 15: no roster has a custom field "falg"; did you mean "flag"?`)
}
