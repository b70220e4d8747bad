package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// WriteCSV writes one row for each thing that somebody gains, loses, keeps or has changed, and one for each finding
// and each stop. No cell is a formula to a spreadsheet, whatever people are called.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180
	rows := [][]string{{
		"record", "plan", "plan_time", "category", "key", "person_id", "name", "user_name", "app", "effect", "kind", "grant", "value", "was",
		"action", "reason", "why", "drift", "since", "monthly_cost", "currency", "resource", "severity", "fingerprint", "waived",
	}}
	add := func(cells ...string) {
		for i := range cells {
			cells[i] = cell(cells[i])
		}
		rows = append(rows, cells)
	}
	for i := range r.People {
		p := &r.People[i]
		for k := range p.Changes {
			g := &p.Changes[k]
			value, was := g.Value, g.Was
			if g.Kind == Profile {
				value, was = fieldText(g.Fields, func(f Field) string { return f.Now }), fieldText(g.Fields, func(f Field) string { return f.Was })
			}
			cost := ""
			if g.Currency != "" {
				cost = g.Cost.String()
			}
			plan := r.plan(g.Plan)
			add("access", plan.Name, plan.Timestamp, string(p.Category), p.Key, p.PersonID, p.Name, p.UserName, g.App, string(g.Effect), string(g.Kind),
				g.Name, value, was, g.Action, string(g.Reason), g.Why, g.Drift, g.Since, cost, g.Currency, g.Resource, "", "", "")
		}
	}
	for _, o := range r.Objects {
		plan := r.plan(o.Plan)
		add("object", plan.Name, plan.Timestamp, "", "", "", "", "", o.App, o.Action, o.Kind, o.Name, "", "", o.Action, "", "", "", "", "", "", o.Resource, "", "", "")
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		plan := r.plan(f.Plan)
		add("finding", plan.Name, plan.Timestamp, "", f.PersonID, f.PersonID, "", "", f.App, "", f.Kind, f.Subject, "", "", f.Suggestion, f.Kind, f.Reason, f.Evidence,
			f.FirstSeen, f.MonthlyCost, f.Currency, f.Source, f.Severity, f.Fingerprint, fmt.Sprint(f.Waived))
	}
	for _, s := range r.Stops {
		add("stop", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", s.Summary+": "+s.Detail, "", "", "", "", s.Resource, "", "", "")
	}
	for _, p := range r.Plans {
		if p.Errored || !p.Complete {
			add("incomplete", p.Name, p.Timestamp, "", "", "", "", "", "", "", "", "", "", "", "", "", incomplete(&p), "", "", "", "", strings.Join(p.Unplanned, " "), "", "", "")
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *Report) plan(i int) Plan {
	if i < len(r.Plans) {
		return r.Plans[i]
	}
	return Plan{}
}

func fieldText(fields []Field, side func(Field) string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Name + "=" + side(f)
	}
	return strings.Join(parts, "; ")
}

// cell makes a text that a spreadsheet shows and does not compute. Besides the first letters that start a formula
// somewhere (https://owasp.org/www-community/attacks/CSV_Injection), also in their wide forms and behind spaces, only
// plain decimal numbers may begin with a sign.
func cell(s string) string {
	s = plain(s)
	if s == "" || number(s) {
		return s
	}
	first := []rune(strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\'' || r == '"' }))
	if len(first) > 0 && slices.Contains([]rune("=+-@|%＝＋－＠\t\r"), first[0]) {
		return "'" + s
	}
	return s
}

func number(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") <= 1
}

// incomplete says in words what a plan does not tell.
func incomplete(p *Plan) string {
	if !p.Errored {
		return "The plan is not complete: it was limited to a part of the configuration, or defers changes."
	}
	s := "Planning stopped with an error. What follows is what was planned until then; it cannot be applied."
	if n := len(p.Unplanned); n > 0 {
		s += " Nothing is known about " + count(n, "resource", "resources") + " in state."
	}
	return s
}
