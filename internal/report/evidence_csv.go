package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table is one CSV file of an evidence pack.
type Table struct {
	Name   string // of the file
	Title  string
	header []string
	rows   [][]string
}

// WriteCSV writes the table. No cell is a formula to a spreadsheet.
func (t *Table) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180
	all := append([][]string{t.header}, t.rows...)
	for _, row := range all[1:] {
		for i := range row {
			row[i] = cell(row[i])
		}
	}
	if err := c.WriteAll(all); err != nil {
		return fmt.Errorf("write %s: %w", t.Name, err)
	}
	return nil
}

func (t *Table) add(cells ...string) { t.rows = append(t.rows, cells) }

// Rows is how many there are, without the header.
func (t *Table) Rows() int { return len(t.rows) }

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// hours is a duration as auditors compare it.
func hours(d time.Duration) string { return strconv.FormatFloat(d.Hours(), 'f', 2, 64) }

func known(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// source are the cells that lead back to a plan.
func (e *Evidence) source(i int) []string {
	if i < 0 {
		return []string{"", "", ""}
	}
	s := &e.Sources[i]
	return []string{s.Name, s.SHA256, utc(s.Time)}
}

// origin are the cells that lead back to a line of a log.
func (e *Evidence) origin(i, line int) []string {
	if i < 0 {
		return []string{"", "", ""}
	}
	return []string{e.Sources[i].Name, e.Sources[i].SHA256, strconv.Itoa(line)}
}

var planCells = []string{"plan", "plan_sha256", "plan_time"}

// Tables are all CSV files of the pack, each there even when it is empty.
func (e *Evidence) Tables() []*Table {
	return []*Table{
		e.sourceTable(), e.populationTable(), e.rosterTable(), e.timingTable("joiners.csv", "Joiners", Joiner), e.timingTable("leavers.csv", "Leavers", Leaver),
		e.plannedTable(), e.doneTable(), e.exceptionTable(), e.ruleTable(),
		e.registerTable("conflicts.csv", "Conflicts", e.Conflicts), e.registerTable("orphans.csv", "Orphans", e.Orphans),
	}
}

func (e *Evidence) sourceTable() *Table {
	t := &Table{Name: "sources.csv", Title: "Sources", header: []string{
		"kind", "file", "sha256", "bytes", "plan_time", "terraform_version", "errored", "complete", "lines", "first_line_time", "last_line_time", "head", "chain", "without_outcome",
	}}
	for i := range e.Sources {
		s := &e.Sources[i]
		if s.Kind == "plan" {
			t.add(s.Kind, s.Name, s.SHA256, fmt.Sprint(s.Bytes), utc(s.Time), s.Terraform, yesNo(s.Errored), yesNo(s.Complete), "", "", "", "", "", "")
			continue
		}
		t.add(s.Kind, s.Name, s.SHA256, fmt.Sprint(s.Bytes), "", "", "", "", fmt.Sprint(s.Lines), s.First, s.Last, s.Head, s.chain(), fmt.Sprint(s.Unfinished))
	}
	return t
}

// chain says in words whether the log is what was written.
func (s *Source) chain() string {
	if s.Broken == nil {
		return "intact"
	}
	return fmt.Sprintf("BROKEN at line %d: %s: %s", s.Broken.Line, s.Broken.Damage, s.Broken.Why)
}

func (e *Evidence) populationTable() *Table {
	t := &Table{Name: "population.csv", Title: "Population", header: slices.Concat(planCells, []string{
		"app", "resource", "whole", "not_read_yet", "accounts", "managed", "held", "in_no_configuration", "groups", "memberships", "products", "licenses",
	})}
	for i := range e.Population {
		p := &e.Population[i]
		t.add(append(e.source(p.Source), p.App, p.Resource, yesNo(p.Whole), yesNo(p.New), fmt.Sprint(p.Accounts()), fmt.Sprint(p.Managed), fmt.Sprint(p.Held),
			fmt.Sprint(p.Strangers), fmt.Sprint(p.Groups), fmt.Sprint(p.Members), fmt.Sprint(p.Products), fmt.Sprint(p.Assignees))...)
	}
	return t
}

func (e *Evidence) rosterTable() *Table {
	t := &Table{Name: "people.csv", Title: "People", header: slices.Concat(planCells, []string{"resource", "rosters", "people", "stages", "accounts_given"})}
	for _, n := range e.Rosters {
		given := ""
		if n.People < 0 {
			given = fmt.Sprint(n.Given)
		}
		var stages []string
		for _, stage := range slices.Sorted(maps.Keys(n.Stages)) {
			stages = append(stages, fmt.Sprintf("%s=%d", stage, n.Stages[stage]))
		}
		t.add(append(e.source(n.Source), n.Resource, strings.Join(n.Rosters, " "), known(n.People), strings.Join(stages, " "), given)...)
	}
	return t
}

func (e *Evidence) timingTable(name, title string, category Category) *Table {
	t := &Table{Name: name, Title: title, header: slices.Concat([]string{
		"person", "name", "user_name", "app", "due", "due_from", "state", "done", "total_hours", "hr_hours", "tool_hours", "breach", "failed_attempts",
	}, planCells, []string{"plan_without_it", "plan_without_it_sha256", "plan_without_it_time", "log", "log_sha256", "log_line"})}
	for i := range e.Timings {
		x := &e.Timings[i]
		if x.Category != category {
			continue
		}
		total, hr, tool := "", "", ""
		if x.HasBoth {
			total, hr = hours(x.Total), hours(x.HR)
		}
		if x.HasBoth || x.First >= 0 {
			tool = hours(x.Tool)
		}
		t.add(slices.Concat([]string{
			x.Person.Key, x.Person.Name, x.Person.UserName, x.App, utc(x.Due), x.DueFrom, x.State, utc(x.DoneAt), total, hr, tool, yesNo(x.Breach), fmt.Sprint(x.Failed),
		}, e.source(x.First), e.source(x.Missed), e.origin(x.Log, x.Line))...)
	}
	return t
}

func (e *Evidence) plannedTable() *Table {
	t := &Table{Name: "planned.csv", Title: "Planned", header: slices.Concat(planCells, []string{
		"resource", "category", "person", "name", "user_name", "app", "effect", "kind", "grant", "value", "was", "action", "reason", "why",
	})}
	for i := range e.Planned {
		p, g := &e.Planned[i].Person, &e.Planned[i].Grant
		value, was := g.Value, g.Was
		if g.Kind == Profile {
			value, was = fieldText(g.Fields, func(f Field) string { return f.Now }), fieldText(g.Fields, func(f Field) string { return f.Was })
		}
		t.add(append(e.source(e.Planned[i].Source), g.Resource, string(p.Category), p.Key, p.Name, p.UserName, g.App, string(g.Effect), string(g.Kind), g.Name, value, was,
			g.Action, string(g.Reason), g.Why)...)
	}
	return t
}

func (e *Evidence) doneTable() *Table {
	t := &Table{Name: "done.csv", Title: "Done", header: slices.Concat([]string{
		"log", "log_sha256", "log_line", "attempt_line", "time", "app", "operation", "grant", "account_id", "person", "user_name", "why", "outcome", "error", "request_id",
	}, planCells, []string{"plan_by"})}
	for i := range e.Done {
		d := &e.Done[i]
		begun, by := "", ""
		switch {
		case d.Like:
			by = "person and kind"
		case d.Plan >= 0:
			by = "grant"
		}
		if d.Begun > 0 {
			begun = fmt.Sprint(d.Begun)
		}
		t.add(slices.Concat(e.origin(d.Source, d.Line), []string{
			begun, d.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), d.App, d.Operation, d.Grant, d.Subject, d.key, d.UserName, d.Why, d.Outcome, d.Failure, d.RequestID,
		}, e.source(d.Plan), []string{by})...)
	}
	return t
}

func (e *Evidence) exceptionTable() *Table {
	t := &Table{Name: "exceptions.csv", Title: "Exceptions", header: slices.Concat([]string{
		"kind", "person", "grants", "detail", "reason", "approved_by", "starts", "ends", "resource",
	}, prefixed("first_"), prefixed("last_"))}
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		t.add(slices.Concat([]string{x.Kind, x.PersonID, strings.Join(x.Grants, " "), x.Detail, x.Reason, x.Approver, x.Starts, x.Ends, x.Resource}, e.source(x.First), e.source(x.Source))...)
	}
	return t
}

func prefixed(prefix string) []string {
	list := slices.Clone(planCells)
	for i := range list {
		list[i] = prefix + list[i]
	}
	return list
}

func (e *Evidence) ruleTable() *Table {
	t := &Table{Name: "conflict-rules.csv", Title: "Conflict rules", header: slices.Concat([]string{"conflict", "grants", "waivers", "resource"}, prefixed("first_"), prefixed("last_"))}
	for i := range e.Rules {
		x := &e.Rules[i]
		t.add(slices.Concat([]string{x.Name, strings.Join(x.Grants, " "), fmt.Sprint(x.Waivers), x.Resource}, e.source(x.First), e.source(x.Source))...)
	}
	return t
}

func (e *Evidence) registerTable(name, title string, list []Register) *Table {
	t := &Table{Name: name, Title: title, header: slices.Concat([]string{
		"kind", "severity", "app", "subject", "person", "reason", "evidence", "since", "owner", "suggestion", "waived", "in_newest_plan", "fingerprint", "resource",
	}, prefixed("first_"), prefixed("last_"))}
	for i := range list {
		x := &list[i]
		t.add(slices.Concat([]string{
			x.Kind, x.Severity, x.App, x.Subject, x.PersonID, x.Reason, x.Evidence, x.FirstSeen, x.Owner, x.Suggestion, yesNo(x.Waived), yesNo(x.Open), x.Fingerprint, x.Finding.Source,
		}, e.source(x.First), e.source(x.Last))...)
	}
	return t
}
