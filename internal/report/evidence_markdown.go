package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// WriteMarkdown writes the pack for people. It holds the figures, and of each list what has to be looked at; everything is
// in the CSV files.
func (e *Evidence) WriteMarkdown(w io.Writer) error {
	d := document{evidence: e}
	d.head()
	d.sources()
	d.population()
	d.timeliness(Leaver, "Leavers", e.Options.LeaverLimit)
	d.timeliness(Joiner, "Joiners", e.Options.JoinerLimit)
	d.changes()
	d.exceptions()
	d.register("Conflicts", "conflicts.csv", e.Conflicts)
	d.register("Orphan register", "orphans.csv", e.Orphans)
	d.method()
	_, err := io.WriteString(w, d.out.String())
	return err
}

type document struct {
	evidence *Evidence
	out      strings.Builder
}

func (d *document) add(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// most is how many rows of one table are in the Markdown.
const most = 50

// table writes rows whose cells are Markdown already.
func (d *document) table(header []string, rows [][]string, file string) {
	if len(rows) == 0 {
		return
	}
	d.add("| %s |\n|%s\n", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for i, row := range rows {
		if i == most {
			break
		}
		d.add("| %s |\n", strings.Join(row, " | "))
	}
	if len(rows) > most {
		d.add("\n%d more are in `%s`.\n", len(rows)-most, file)
	}
	d.add("\n")
}

// tell is a text in a cell.
func tell(s string) string {
	if s == "" {
		return ""
	}
	if text := text1(s); text == plain(s) && !strings.Contains(text, "|") {
		return text
	}
	return cellCode(s)
}

func (d *document) head() {
	e := d.evidence
	d.add("# Access evidence\n\n")
	for _, s := range e.Broken() {
		d.add("> [!CAUTION]\n> **The audit log %s is not what was written.** Line %d is %s: %s. Nothing from that line on is used here, so what follows is not complete.\n\n",
			code(s.Name), s.Broken.Line, s.Broken.Damage, tell(s.Broken.Why))
	}
	for i := range e.Sources {
		if s := &e.Sources[i]; s.Errored || s.Kind == "plan" && !s.Complete {
			what := "is not complete: it was limited to a part of the configuration, or defers changes"
			if s.Errored {
				what = "stopped with an error: it tells a part"
			}
			d.add("> [!WARNING]\n> The plan %s %s.\n\n", code(s.Name), what)
		}
	}
	o := &e.Options
	from, to := "the beginning", "the end"
	if !o.From.IsZero() {
		from = utc(o.From)
	}
	if !o.To.IsZero() {
		to = utc(o.To) + ", exclusive"
	}
	d.add("Period: %s to %s of what was given. Made at %s", from, to, utc(o.Made))
	if o.Version != "" {
		d.add(" by version %s", code(o.Version))
	}
	d.add(".")
	if e.Redacted {
		d.add(" People go by pseudonyms.")
	}
	d.add("\n\nWhat was **planned** comes from plans, what was **done** from the audit log alone. A plan proves no write.\n\n")
}

func (d *document) sources() {
	d.add("## Sources\n\n")
	var rows [][]string
	for i := range d.evidence.Sources {
		s := &d.evidence.Sources[i]
		about := fmt.Sprintf("made at %s with %s", utc(s.Time), tell(s.Terraform))
		if s.Time.IsZero() {
			about = "does not say when it was made"
		}
		if s.Kind != "plan" {
			about = count(s.Lines, "line", "lines")
			if s.Lines > 0 {
				about += ", " + s.First + " to " + s.Last
			}
			about += ", chain intact"
			if s.Broken != nil {
				about = strings.TrimSuffix(about, "intact") + "**broken at line " + fmt.Sprint(s.Broken.Line) + "**"
			}
			if s.Unfinished > 0 {
				about += ", " + count(s.Unfinished, "attempt", "attempts") + " without an outcome"
			}
		}
		rows = append(rows, []string{s.Kind, tell(s.Name), about, fmt.Sprint(s.Bytes), "`" + s.SHA256 + "`"})
	}
	if rows == nil {
		d.add("Nothing was given.\n\n")
	}
	d.table([]string{"what", "file", "about", "bytes", "SHA-256"}, rows, "sources.csv")
}

func (d *document) population() {
	e := d.evidence
	d.add("## Population\n\nWhat the newest plan of the period found in each app, before it changed anything.\n\n")
	newest := make(map[string]int)
	for i := range e.Population {
		p := &e.Population[i]
		if at, ok := newest[p.App]; !ok || !e.Sources[p.Source].Time.Before(e.Sources[at].Time) {
			newest[p.App] = p.Source
		}
	}
	var rows [][]string
	for i := range e.Population {
		p := &e.Population[i]
		if p.Source != newest[p.App] {
			continue
		}
		whole := "single ones"
		switch {
		case p.New:
			whole = "not read yet"
		case p.Whole:
			whole = "everything"
		}
		rows = append(rows, []string{
			tell(p.App), tell(p.Resource), whole, fmt.Sprint(p.Accounts()), fmt.Sprint(p.Managed), fmt.Sprint(p.Held), fmt.Sprint(p.Strangers), fmt.Sprint(p.Members), fmt.Sprint(p.Assignees),
			tell(e.Sources[p.Source].Name),
		})
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[0]+" "+a[1], b[0]+" "+b[1]) })
	if rows == nil {
		d.add("No plan of the period reads an app.\n\n")
	}
	d.table([]string{"app", "resource", "lists", "accounts", "managed", "held", "in no configuration", "memberships", "licenses", "plan"}, rows, "population.csv")
	rows = nil
	for _, n := range e.Rosters {
		people := "not told by this resource"
		if n.People >= 0 {
			people = count(n.People, "person", "people")
		} else if n.Given > 0 {
			people = "gives " + count(n.Given, "account", "accounts")
		}
		rows = append(rows, []string{tell(n.Resource), tell(strings.Join(n.Rosters, ", ")), people, tell(e.Sources[n.Source].Name)})
	}
	d.table([]string{"people", "rosters", "number", "plan"}, rows, "people.csv")
	if len(e.Notes) > 0 {
		d.add("Not known, or not looked into:\n\n")
		for i, n := range e.Notes {
			if i == most {
				d.add("- and %d more\n", len(e.Notes)-most)
				break
			}
			d.add("- %s\n", text1(n))
		}
		d.add("\n")
	}
}

// took is a duration for people.
func took(t time.Duration) string {
	if t < 0 {
		return "in advance"
	}
	return fmt.Sprintf("%.1f h", t.Hours())
}

func (d *document) timeliness(category Category, title string, limit time.Duration) {
	e := d.evidence
	var total, hr, tool []time.Duration
	var late []*Timing
	states := make(map[string]int)
	for i := range e.Timings {
		t := &e.Timings[i]
		if t.Category != category {
			continue
		}
		states[t.State]++
		if t.Breach {
			late = append(late, t)
		}
		if t.State != "done" {
			continue
		}
		if t.HasBoth {
			total, hr = append(total, t.Total), append(hr, t.HR)
		}
		if t.HasBoth || t.First >= 0 {
			tool = append(tool, t.Tool)
		}
	}
	file := strings.ToLower(title) + ".csv"
	all := states["done"] + states["open"] + states["unrecorded"]
	d.add("## %s\n\n", title)
	if all == 0 {
		d.add("None in the period.\n\n")
		return
	}
	d.add("%s of one person in one app: %d done, %d planned and not done as far as the logs tell, %d planned once and then no more, without a record of who did it. Each is in `%s`.\n\n",
		count(all, "case", "cases"), states["done"], states["open"], states["unrecorded"], file)
	var rows [][]string
	for _, x := range []struct {
		what string
		s    Spread
	}{{"in all, from the date to the write", spread(total)}, {"of that HR: the date was not in the roster yet", spread(hr)}, {"of that the tool: schedule, review, apply", spread(tool)}} {
		if x.s.N > 0 {
			rows = append(rows, []string{x.what, fmt.Sprint(x.s.N), took(x.s.P50), took(x.s.P95), took(x.s.Max)})
		}
	}
	d.table([]string{"delay of what is done", "cases", "p50", "p95", "max"}, rows, file)
	switch {
	case limit <= 0:
		d.add("No limit was stated.\n\n")
	case len(late) == 0:
		d.add("Limit: %s. No breach.\n\n", took(limit))
	default:
		d.add("Limit: %s. **%s.**\n\n", took(limit), count(len(late), "breach", "breaches"))
		rows = nil
		for _, t := range late {
			due, all, hr := "not told", "", ""
			if t.HasBoth {
				due, all, hr = utc(t.Due), took(t.Total), took(t.HR)
			}
			done := "not done"
			if !t.DoneAt.IsZero() {
				done = utc(t.DoneAt)
			}
			rows = append(rows, []string{tell(t.Person.Label()), tell(t.App), due, done, all, hr, took(t.Tool), d.evidence.trail(t)})
		}
		d.table([]string{"person", "app", "due", "done", "in all", "HR", "tool", "where it is written"}, rows, file)
	}
}

// trail leads back to the inputs.
func (e *Evidence) trail(t *Timing) string {
	var parts []string
	if t.First >= 0 {
		parts = append(parts, "plan "+tell(e.Sources[t.First].Name))
	}
	if t.Log >= 0 {
		parts = append(parts, fmt.Sprintf("%s line %d", tell(e.Sources[t.Log].Name), t.Line))
	}
	return strings.Join(parts, ", ")
}

func (d *document) changes() {
	e := d.evidence
	effects, outcomes := make(map[Effect]int), make(map[string]int)
	for i := range e.Planned {
		effects[e.Planned[i].Grant.Effect]++
	}
	unplanned := 0
	for i := range e.Done {
		x := &e.Done[i]
		outcomes[x.Outcome]++
		if x.Succeeded() && x.Plan < 0 {
			unplanned++
		}
	}
	d.add("## Planned and done\n\n| planned, in %s | |\n|---|---|\n", count(plansOf(e.Planned), "plan", "plans"))
	for _, x := range []Effect{Gain, Lose, Change} {
		d.add("| %s | %d |\n", x, effects[x])
	}
	d.add("\n| done, in the audit log | |\n|---|---|\n")
	for _, x := range []string{"done", "already", "failed", "unconfirmed", "attempted"} {
		name := map[string]string{"attempted": "attempted, outcome unknown", "already": "already so", "unconfirmed": "unconfirmed: it may or may not have been written"}[x]
		if name == "" {
			name = x
		}
		d.add("| %s | %d |\n", name, outcomes[x])
	}
	d.add("\nThe same change stands in every plan until it is done, so the numbers need not agree. ")
	d.add("%s in none of the plans given. Lines are in `planned.csv` and `done.csv`.\n\n", count(unplanned, "write that succeeded is", "writes that succeeded are"))
}

func plansOf(list []Planned) int {
	set := make(map[int]bool)
	for i := range list {
		set[list[i].Source] = true
	}
	return len(set)
}

func (d *document) exceptions() {
	e := d.evidence
	d.add("## Exceptions\n\n")
	var rows [][]string
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		what := strings.Join(x.Grants, ", ")
		if x.Detail != "" {
			what = strings.TrimPrefix(what+"; "+x.Detail, "; ")
		}
		rows = append(rows, []string{x.Kind, tell(x.PersonID), tell(what), tell(x.Reason), tell(x.Approver), tell(x.Ends), tell(e.Sources[x.First].Name)})
	}
	if rows == nil {
		d.add("None in the policies of the plans given.\n\n")
	}
	d.table([]string{"what", "person", "for", "reason", "approved by", "ends", "first plan"}, rows, "exceptions.csv")
}

func (d *document) register(title, file string, list []Register) {
	e := d.evidence
	d.add("## %s\n\n", title)
	if file == "conflicts.csv" {
		d.add("%s configured (`conflict-rules.csv`). ", count(len(e.Rules), "rule is", "rules are"))
	}
	var rows [][]string
	for i := range list {
		x := &list[i]
		if x.Open {
			waived := ""
			if x.Waived {
				waived = "waived"
			}
			rows = append(rows, []string{tell(x.Kind), tell(x.Severity), tell(x.App), tell(x.Subject), tell(x.Reason), waived, tell(e.Sources[x.First].Name), tell(e.Sources[x.Last].Name)})
		}
	}
	d.add("%d in the newest plan, %d in earlier ones only.\n\n", len(rows), len(list)-len(rows))
	d.table([]string{"kind", "severity", "app", "subject", "reason", "", "first plan", "last plan"}, rows, file)
}

func (d *document) method() {
	o := &d.evidence.Options
	d.add("## How it was counted\n\n")
	d.add("- A date ends at %d:00, and a time without a zone is, in %s. A start date begins at midnight there.\n", o.EndHour, code(o.Zone.String()))
	d.add("- HR's delay is proven only by a plan that was made after the date, read the app and did not have the person. All other delay is the tool's, the time between scheduled plans included.\n")
	d.add("- Percentiles are of what is done, by nearest rank. What is not done counts as a breach once it is over the limit.\n")
	d.add("- A case belongs to the period by the date; where no input tells it, by the first plan; else by the write.\n")
	d.add("- Removing lines from the very end of a log is seen by comparing `head` and `lines` in `sources.csv` with what was kept earlier.\n")
}
