package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/csvfile"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// Rows about rosters and rules.

func policyRows() []row {
	return []row{
		{name: "policy", about: "policy evaluation alone, in process", sizes: every, run: evaluate},
		{
			name: "entitlements", about: "`tenure_entitlements` from a CSV roster", needs: []string{"data.tenure_entitlements"},
			sizes: every, run: planEntitlements,
		},
	}
}

// rule grants one group of the app to whom the condition names.
type rule struct{ name, when, group string }

// fiftyRules ask what rules usually ask: everyone, departments, titles, managers, kinds of employment, ids.
func fiftyRules() []rule {
	rules := []rule{{"everyone", "true", "everyone"}}
	add := func(when string) {
		n := len(rules)
		rules = append(rules, rule{fmt.Sprintf("rule %d", n), when, fmt.Sprintf("group %d", n)})
	}
	for _, d := range []string{"Engineering", "Sales", "Customer Support", "Operations", "Product", "Design", "Marketing", "Finance", "People", "Security"} {
		add(fmt.Sprintf("person.department == '%s'", d))
		add(fmt.Sprintf("person.department == '%s' && person.is_manager", d))
		add(fmt.Sprintf("person.department == '%s' && person.employment_type == 'contractor'", d))
		add(fmt.Sprintf("person.department != '%s' && person.title.startsWith('Senior')", d))
	}
	for _, t := range []string{"Engineer", "Manager", "Lead", "Designer", "Analyst", "Specialist"} {
		add(fmt.Sprintf("person.title.contains('%s') || person.title == 'Chief Executive Officer'", t))
	}
	for _, id := range []string{"1001", "1002", "1003"} {
		add(fmt.Sprintf("'%s' in person.manager_chain", id))
	}
	return rules
}

// rosterTable is the company as an HR system exports it.
func rosterTable(members []sandbox.Person) [][]string {
	rows := [][]string{{
		"person_id", "given_name", "family_name", "work_email", "title", "department", "manager_id", "start_date", "end_date", "status", "employment_type",
	}}
	for _, p := range members {
		rows = append(rows, []string{
			p.PersonID, p.GivenName, p.FamilyName, p.WorkEmail, p.Title, p.Department, p.ManagerID, p.StartDate, p.EndDate, p.Status, p.EmploymentType,
		})
	}
	return rows
}

// today is the company as it is now: its dates stand around today, so that most people work there.
func today(size int) []sandbox.Person {
	return sandbox.Company{People: size, Seed: 1, Today: time.Now()}.Generate()
}

// evaluate reads the roster and evaluates the rules, without Terraform; the evaluation alone is measured.
func evaluate(ctx context.Context, b *bench, n int) ([]result, error) {
	w, err := b.workspace("roster", "policy", nil)
	if err == nil {
		err = w.table("people.csv", rosterTable(today(n)))
	}
	if err != nil {
		return nil, err
	}
	source, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: w.path("people.csv")}})
	if err != nil {
		return nil, fmt.Errorf("open the roster: %w", err)
	}
	read, err := source.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the roster: %w", err)
	}
	var p policy.Policy
	for _, r := range fiftyRules() {
		p.Rules = append(p.Rules, policy.Rule{Name: r.name, When: r.when, Grants: policy.Grants{Groups: map[string][]string{"app": {r.group}}}})
	}
	program, problems := policy.Compile(p)
	if program == nil {
		return nil, fmt.Errorf("compile the rules: %v", problems)
	}
	var seconds []float64
	for range max(3, b.rounds) {
		begun := time.Now()
		result := program.Evaluate(policy.Input{People: read.People, Now: begun, Zone: time.UTC, MaxQuarantined: 10})
		seconds = append(seconds, time.Since(begun).Seconds())
		if len(result.Errors) > 0 || result.Counts["app/groups/everyone"] < n*9/10 {
			return nil, errors.New("the evaluation did not give nine in ten people their group")
		}
	}
	r := result{What: "policy evaluation alone, 50 rules", Size: people(n), Seconds: median(seconds)}
	r.meets("< 2 s", r.Seconds < 2)
	return []result{r}, nil
}

func rulesHCL() string {
	var b strings.Builder
	b.WriteString("\ndata \"tenure_entitlements\" \"company\" {\n  rosters = [\"hr\"]\n")
	for _, r := range fiftyRules() {
		fmt.Fprintf(&b, "  rule {\n    name   = %q\n    when   = %q\n    groups = { app = [%q] }\n  }\n", r.name, r.when, r.group)
	}
	b.WriteString("}\n")
	return b.String()
}

// fromRoster makes a workspace of the rules, the roster, and the rest of a configuration.
func (b *bench) fromRoster(name, title string, app *runningApp, members []sandbox.Person, rest string) (*workspace, error) {
	w, err := b.workspace(name, title, app)
	if err == nil {
		err = w.table("people.csv", rosterTable(members))
	}
	if err == nil {
		err = w.hcl(rulesHCL() + rest)
	}
	return w, err
}

// planEntitlements reads a roster and gives out entitlements, through Terraform.
func planEntitlements(ctx context.Context, b *bench, n int) ([]result, error) {
	var r result
	err := b.with(ctx, sandbox.Options{}, nil, func(app *runningApp) error {
		w, err := b.fromRoster("tenure", "entitlements of "+people(n), app, today(n), `
output "holders" {
  value = data.tenure_entitlements.company.counts
}
`)
		if err == nil {
			_, err = w.apply(ctx)
		}
		if err != nil {
			return err
		}
		m, err := w.emptyPlan(ctx)
		if err != nil {
			return err
		}
		r = result{
			What: "plan of `tenure_entitlements`, 50 rules, from a CSV file", Size: people(n), Seconds: m.seconds, Memory: m.memory,
			Requests: people(app.Stats().Total),
		}
		return nil
	})
	return []result{r}, err
}
