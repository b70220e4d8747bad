package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// people is a company of n, all of whom are in two apps with groups and seats, and some of whom leave.
func people(n int) ([]access.Person, policy.Policy) {
	list := make([]access.Person, n)
	for i := range list {
		list[i] = access.Person{
			PersonID: fmt.Sprint(1000 + i), Source: "hr", SourceID: fmt.Sprint(1000 + i), GivenName: fmt.Sprint("Given", i), FamilyName: "Łukasz",
			WorkEmail: fmt.Sprintf("person.number%d@a-company-of-some-size.example", i), Status: access.StatusActive, CostCenter: fmt.Sprint("CC", i),
		}
		if i%7 == 0 {
			list[i].EndDate = access.Date{Year: 2026, Month: 3, Day: 20}
		}
	}
	return list, policy.Policy{
		Rules: []policy.Rule{
			{Name: "everyone", When: "true", Grants: policy.Grants{Accounts: []string{"wiki"}, Groups: map[string][]string{"slack": {"all-hands"}}}},
			{Name: "odd", When: "person.person_id.endsWith('1')", Grants: policy.Grants{Licenses: map[string]map[string]string{"wiki": {"Seats": "Full"}}}},
		},
		Attributes: map[string]map[string]string{"wiki": {"cost_center": "person.cost_center"}},
	}
}

func evaluated(t testing.TB, n int) (policy.Result, policy.Policy, *policy.Program, policy.Input) {
	t.Helper()
	list, p := people(n)
	program, problems := policy.Compile(p)
	if program == nil {
		t.Fatal(problems)
	}
	in := policy.Input{People: list, Now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), UpcomingDays: 30, MaxQuarantined: 10}
	return program.Evaluate(in), p, program, in
}

// The size is what the message will take, within a few percent: an estimate that is far too low would end in
// an error of the transport that helps nobody.
func TestSizeOfOutputs(t *testing.T) {
	t.Parallel()
	_, _, program, in := evaluated(t, 2000)
	in.Reasons = true
	out := newOutputs(program.Evaluate(in), map[string]bool{includeReasons: true, includeQuarantined: true, includeUpcoming: true})
	total := 0
	for name, v := range out.values {
		msg, err := tfprotov6.NewDynamicValue(v.Type(), v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		total += len(msg.MsgPack)
	}
	if ratio := float64(out.size) / float64(total); ratio < 0.99 || ratio > 1.02 {
		t.Errorf("estimated %d bytes, it takes %d (%.3f)", out.size, total, ratio)
	}
	if out.people != 2000 {
		t.Errorf("%d people in the largest app", out.people)
	}
	var diags diag.Diagnostics
	if !out.fit(&diags, maxMessage) || diags.HasError() {
		t.Errorf("%d bytes are refused", out.size)
	}
	if out.fit(&diags, out.size-1) || len(diags) != 1 {
		t.Fatalf("%d bytes fit into one less", out.size)
	}
	if d := diags[0]; !strings.Contains(d.Detail(), "2000 people in the largest app") || !strings.Contains(d.Detail(), "only_apps") {
		t.Errorf("the error does not say how large, or what to do: %s", d.Detail())
	}
}

// The computed types of the schema are the types of the values, and of what tenure_app_access takes.
func TestTypesOfOutputs(t *testing.T) {
	t.Parallel()
	var resp datasource.SchemaResponse
	(&entitlementsDataSource{}).Schema(t.Context(), datasource.SchemaRequest{}, &resp)
	result, _, _, _ := evaluated(t, 3)
	for _, asked := range []map[string]bool{{}, {includeReasons: true, includeQuarantined: true, includeUpcoming: true}} {
		for name, v := range newOutputs(result, asked).values {
			want := resp.Schema.Attributes[name].GetType().TerraformType(t.Context())
			if !v.Type().Equal(want) {
				t.Errorf("%s is %s, the schema says %s", name, v.Type(), want)
			}
		}
	}
	for name, a := range resp.Schema.Attributes {
		if _, nested := a.(schema.NestedAttribute); nested {
			t.Errorf("%s is a nested attribute, in which Terraform drops unknown keys", name)
		}
	}
	if err := resp.Schema.ValidateImplementation(t.Context()); err.HasError() {
		t.Error(err)
	}
}

// What a resource hears about the reason of a change, from the evaluation that this process made.
func TestWhy(t *testing.T) {
	t.Parallel()
	result, p, program, in := evaluated(t, 30)
	d := &Data{}
	if got := d.why("wiki", "accounts/1001"); got != "" {
		t.Errorf("before anything was decided: %q", got)
	}
	d.decided.remember(&decision{policy: p, program: program, input: in, result: result})
	for _, tc := range []struct{ app, subject, want string }{
		{"wiki", "accounts/1001", `rule "everyone"; rule "odd"`},
		{"slack", "groups/all-hands/1002", `rule "everyone"`},
		{"slack", "groups/all-hands/Person.Number2@a-company-of-some-size.example", `rule "everyone"`},
		{"wiki", "licenses/Seats/person.number1@a-company-of-some-size.example", `rule "odd"`},
		{"wiki", "licenses/Seats/1002", `no longer matched by rule "odd"`},
		{"slack", "groups/elsewhere/1002", "no rule gives it"},
		{"wiki", "licenses/Seats/nobody", ""},
		{"crm", "accounts/1001", ""},
		{"wiki", "accounts", ""},
		{"wiki", "accounts/%zz", ""},
		{"wiki", "roles/admin", ""},
	} {
		if got := d.why(tc.app, tc.subject); got != tc.want {
			t.Errorf("why(%q, %q) = %q, want %q", tc.app, tc.subject, got, tc.want)
		}
	}
	// Somebody whose access has ended: the date, not a rule.
	gone := in
	gone.Now = time.Date(2026, 3, 20, 18, 0, 0, 0, time.UTC)
	d = &Data{}
	d.decided.remember(&decision{policy: p, program: program, input: gone, result: program.Evaluate(gone)})
	if got := d.why("wiki", "accounts/1007"); !strings.Contains(got, "not given: access ended on 2026-03-20") {
		t.Errorf("the reason of a leaver is %q", got)
	}
	// Somebody undecided.
	in.People = append(in.People, access.Person{PersonID: "x", Source: "hr", SourceID: "x", Status: access.StatusActive})
	d = &Data{}
	d.decided.remember(&decision{policy: p, program: program, input: in, result: program.Evaluate(in)})
	if got := d.decided.undecided(); len(got) != 1 || !strings.Contains(got["x"].Why, "no user name") {
		t.Errorf("undecided: %v", got)
	}
}

// Every problem points at the argument that it is about.
func TestProblemPaths(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		block     policy.Block
		attribute string
		want      string
	}{
		{policy.Block{Kind: "rule", Index: 2, Name: "x"}, "when", "rule[2].when"},
		{policy.Block{Kind: "exception", Index: 0, Name: "1"}, "", "exception[0]"},
		{policy.Block{Kind: "conflict", Index: 1, Name: "x"}, "waiver 3: expires_at", "conflict[1].waiver[2].expires_at"},
		{policy.Block{Kind: "timing"}, "end_of_day_hour", "timing.end_of_day_hour"},
		{policy.Block{Kind: "user_names", Name: "wiki"}, "", "user_names"},
		{policy.Block{Kind: "apps"}, "", "only_apps"},
		{policy.Block{}, "when", "when"},
		{policy.Block{}, "", ""},
	} {
		var diags diag.Diagnostics
		diagnoseProblem(&diags, policy.Problem{Block: tc.block, Attribute: tc.attribute, Cause: "it is wrong", Next: "correct it"})
		got := ""
		if at, ok := diags[0].(diag.DiagnosticWithPath); ok {
			got = at.Path().String()
		}
		if got != tc.want || !diags.HasError() {
			t.Errorf("%+v, %q: %q, want %q", tc.block, tc.attribute, got, tc.want)
		}
	}
}

// Terraform folds warnings with equal headlines into one, so those about people have to differ.
func TestWarningsNameThePerson(t *testing.T) {
	t.Parallel()
	list, p := people(5)
	for i := range list {
		list[i].WorkEmail = ""
	}
	program, _ := policy.Compile(p)
	r := program.Evaluate(policy.Input{People: list, Now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), MaxQuarantined: 10})
	seen := map[string]bool{}
	for _, w := range r.Warnings {
		var diags diag.Diagnostics
		diagnoseProblem(&diags, w)
		if seen[diags[0].Summary()] {
			t.Errorf("twice: %s", diags[0].Summary())
		}
		seen[diags[0].Summary()] = true
	}
	if len(seen) < 5 {
		t.Errorf("%d warnings for 5 people: %v", len(seen), seen)
	}
}

// A result goes into state as it is: no account field that policy does not manage has a value.
func TestUnmanagedIsNull(t *testing.T) {
	t.Parallel()
	list, p := people(1)
	list[0].Title, list[0].Department = "Boss", "Board"
	p.AccountFields = map[string][]string{"wiki": {"department"}}
	program, problems := policy.Compile(p)
	if program == nil {
		t.Fatal(problems)
	}
	r := program.Evaluate(policy.Input{People: list, Now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)})
	v := (&outputs{}).account(accountElement(), r.Apps["wiki"].Accounts["1000"])
	var fields map[string]tftypes.Value
	if err := v.As(&fields); err != nil {
		t.Fatal(err)
	}
	for name, f := range fields {
		if set := name == "user_name" || name == "department" || name == "attributes"; set == f.IsNull() {
			t.Errorf("%s is %s", name, f)
		}
	}
}
