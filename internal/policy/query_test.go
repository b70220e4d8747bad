package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	q, problems := policy.CompileQuery("person.department == 'Engineering' || person.is_manager", []string{"title", "is_manager", "manager_chain", "custom"}, nil)
	if q == nil {
		t.Fatal(problems)
	}
	found, problems := q.Run(policy.Input{
		Now: noon,
		People: []access.Person{
			person("zoe", reportsTo("ana"), func(p *access.Person) { p.Title = "Dev" }), person("ana", works("Board"), custom(map[string]string{"k": "v"})),
			person("old", ends("2026-01-01"), is(access.StatusTerminated)), person("bob", works("Sales")),
		},
		Faults: []roster.Problem{{PersonID: "eve", Where: "people.csv:4", Message: "bad"}},
	})
	wantProblems(t, problems, "faulty_row: eve: people.csv:4: bad")
	want := []policy.Found{
		{PersonID: "ana", Stage: lifecycle.StageActive, Fields: map[string]any{"title": "", "is_manager": true, "manager_chain": []string(nil), "custom": map[string]string{"k": "v"}}},
		{PersonID: "old", Stage: lifecycle.StageTerminated, Fields: map[string]any{"title": "", "is_manager": false, "manager_chain": []string(nil), "custom": map[string]string(nil)}},
		{PersonID: "zoe", Stage: lifecycle.StageActive, Fields: map[string]any{"title": "Dev", "is_manager": false, "manager_chain": []string{"ana"}, "custom": map[string]string(nil)}},
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
}

func TestQueryProblems(t *testing.T) {
	t.Parallel()
	_, problems := policy.CompileQuery("person.titel == ''", []string{"title", "salary"}, nil)
	wantProblems(t, problems, `invalid: when, column 8: person has no field "titel"; did you mean "title"?`, `invalid: fields: person has no field "salary"`)

	q, problems := policy.CompileQuery("int(person.custom.grade) > 3", nil, nil)
	if q == nil {
		t.Fatal(problems)
	}
	found, problems := q.Run(policy.Input{Now: noon, People: []access.Person{person("ana", custom(map[string]string{"grade": "x"})), person("bob", custom(map[string]string{"grade": "4"}))}})
	wantProblems(t, problems, "evaluation_failed: when: it cannot be evaluated for ana: ")
	if len(found) != 1 || found[0].PersonID != "bob" {
		t.Errorf("found %v, want bob: one bad record hides nobody else", found)
	}
}
