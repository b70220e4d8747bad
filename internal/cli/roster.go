package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// OpenRosters opens the rosters that a file configures, without asking them. It is the provider's to do, which knows the
// kinds and their blocks, and main's to hand over.
type OpenRosters func(ctx context.Context, file string) ([]roster.Source, lifecycle.Options, time.Time, error)

type rosterCommand struct {
	open      OpenRosters
	config    string
	format    string
	showNames bool
	sample    int
}

func newRoster(open OpenRosters) *cobra.Command {
	c := rosterCommand{open: open}
	cmd := &cobra.Command{
		Use:   "roster",
		Short: "Show what a roster yields before anything depends on it",
		Long: `Reads the rosters of an HCL file, with the same roster blocks as in the provider's configuration, and prints what they
yield: people by stage and type, how many have which field, words that nothing maps, faulty and doubtful records, and a few
people with their names masked. It changes nothing anywhere. Secrets come from the file or from the same environment variables
as in a plan (TENURE_ROSTER_<NAME>_TOKEN).`,
		Example: `  terraform-provider-tenure roster --config roster.hcl
  TENURE_ROSTER_HR_TOKEN=… terraform-provider-tenure roster --config main.tf --format json`,
		Args: noArguments,
		RunE: c.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.config, "config", "", "HCL `file` with roster blocks, alone or in a provider block")
	f.StringVar(&c.format, "format", "table", "table or json")
	f.BoolVar(&c.showNames, "show-names", false, "show names, addresses and faulty values as they are")
	f.IntVar(&c.sample, "sample", 5, "how many people to show of each roster")
	return cmd
}

func (c *rosterCommand) run(cmd *cobra.Command, _ []string) error {
	switch {
	case c.config == "":
		return misuse(cmd, fmt.Errorf("--config FILE is missing"))
	case c.format != "table" && c.format != "json":
		return misuse(cmd, fmt.Errorf("format %q is neither table nor json", c.format))
	case c.sample < 0:
		return misuse(cmd, fmt.Errorf("sample is %d; it must not be negative", c.sample))
	}
	sources, options, now, err := c.open(cmd.Context(), c.config)
	if err != nil {
		return explained(err)
	}
	var all []yield
	for _, s := range sources {
		r, err := s.People(cmd.Context())
		if err != nil {
			return explained(err)
		}
		all = append(all, c.sum(s.Info(), r, options, now))
	}
	if c.format == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(map[string]any{"format_version": "1", "rosters": all})
	}
	for _, y := range all {
		if err := y.print(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	return nil
}

// explained adds to an error what to do about it.
func explained(err error) error {
	var next []string
	var walk func(error)
	walk = func(err error) {
		f, ok := err.(*fault.Error) //nolint:errorlint // this one; its causes follow
		if ok && f.Next != "" && !slices.Contains(next, f.Next) {
			next = append(next, f.Next)
		}
		switch e := err.(type) { //nolint:errorlint // every error of the tree is visited
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				walk(one)
			}
		case interface{ Unwrap() error }:
			if one := e.Unwrap(); one != nil {
				walk(one)
			}
		}
	}
	walk(err)
	if len(next) == 0 {
		return err
	}
	return fmt.Errorf("%w\n\n%s", err, strings.Join(next, "\n"))
}

// yield is what one roster adds up to.
type yield struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Tells    map[string]string `json:"tells"`
	Lacks    map[string]string `json:"lacks"`
	Records  int               `json:"records"`
	People   int               `json:"people"`
	Stages   map[string]int    `json:"stages"`
	Types    map[string]int    `json:"employment_types"`
	Filled   []fill            `json:"filled"`
	Unmapped []unmappedWord    `json:"unmapped"`
	Several  int               `json:"people_with_several_employments"`
	Faulty   []problem         `json:"faulty"`
	Doubtful []problem         `json:"doubtful"`
	Sample   []sample          `json:"sample"`
}

type fill struct {
	Field   string  `json:"field"`
	Count   int     `json:"count"`
	Percent float64 `json:"percent"`
}

type unmappedWord struct {
	Field  string `json:"field"`
	Value  string `json:"value"`
	People int    `json:"people"`
}

type problem struct {
	PersonID string `json:"person_id,omitempty"`
	Where    string `json:"where"`
	Column   string `json:"column,omitempty"`
	Value    string `json:"value,omitempty"`
	Message  string `json:"message"`
}

type sample struct {
	PersonID   string `json:"person_id"`
	Name       string `json:"name"`
	WorkEmail  string `json:"work_email"`
	Title      string `json:"title"`
	Department string `json:"department"`
	Manager    string `json:"manager_id"`
	Type       string `json:"employment_type"`
	Stage      string `json:"stage"`
	Start      string `json:"start_date"`
	End        string `json:"last_day"`
}

func (c *rosterCommand) sum(info roster.Info, r roster.Roster, o lifecycle.Options, now time.Time) yield {
	y := yield{
		Name: info.Name, Kind: info.Kind, Lacks: maps.Clone(info.Lacks), Records: len(r.People) + len(r.Faulty), Stages: map[string]int{}, Types: map[string]int{},
		Tells: map[string]string{
			"former_people": info.Terminated.String(), "future_hires": info.FutureHires.String(), "leave": info.Leave.String(), "complete_total": info.Totals.String(),
		},
		Filled: fills(r.People), Unmapped: unmapped(slices.Concat(r.People, r.Faulty)), Faulty: c.problems(r.Problems), Doubtful: c.problems(r.Notices), Sample: []sample{},
	}
	if y.Lacks == nil {
		y.Lacks = map[string]string{}
	}
	employments := map[string]int{}
	for i := range r.People {
		employments[r.People[i].PersonID]++
	}
	for _, n := range employments {
		if n > 1 {
			y.Several++
		}
	}
	people := lifecycle.Merge(r.People, now, o)
	y.People = len(people)
	step := max(1, len(people)/max(1, c.sample)) // from all over the roster: first rows are alike
	for i := range people {
		p := &people[i]
		at := lifecycle.At(*p, now, o)
		y.Stages[string(at.Stage)]++
		y.Types[string(p.EmploymentType)]++
		if i%step == 0 && len(y.Sample) < c.sample {
			y.Sample = append(y.Sample, c.row(p, at))
		}
	}
	return y
}

func (c *rosterCommand) row(p *access.Person, at lifecycle.Standing) sample {
	date := func(d access.Date) string {
		if d.IsZero() {
			return ""
		}
		return d.String()
	}
	s := sample{
		PersonID: p.PersonID, Name: p.DisplayName, WorkEmail: p.WorkEmail, Title: p.Title, Department: p.Department, Manager: p.ManagerID,
		Type: string(p.EmploymentType), Stage: string(at.Stage), Start: date(p.StartDate),
	}
	if !at.End.IsZero() {
		s.End = at.End.Format(time.DateOnly)
	}
	if !c.showNames {
		s.Name, s.WorkEmail = initials(s.Name), maskEmails(s.WorkEmail)
	}
	return s
}

// problems hides the values of faulty records, which may be anything, and the addresses in what is said about them.
func (c *rosterCommand) problems(list []roster.Problem) []problem {
	out := make([]problem, len(list))
	for i, p := range list {
		out[i] = problem{p.PersonID, p.Where, p.Column, p.Value, p.Message}
		if !c.showNames {
			out[i].Value = ""
			out[i].PersonID, out[i].Where, out[i].Message = maskEmails(p.PersonID), maskEmails(p.Where), maskEmails(p.Message)
		}
	}
	return out
}

func initials(name string) string {
	var b strings.Builder
	for part := range strings.FieldsSeq(name) {
		for _, r := range part {
			b.WriteString(string(r) + ".")
			break
		}
	}
	return b.String()
}

var emailPattern = regexp.MustCompile(`[^\s<>()"',;:=]+@`)

func maskEmails(s string) string { return emailPattern.ReplaceAllString(s, "***@") }

// fills counts who has which field, in the order in which people are described.
func fills(people []access.Person) []fill {
	fields := []struct {
		name string
		has  func(*access.Person) bool
	}{
		{"employee_number", func(p *access.Person) bool { return p.EmployeeNumber != "" }},
		{"given_name", func(p *access.Person) bool { return p.GivenName != "" }},
		{"family_name", func(p *access.Person) bool { return p.FamilyName != "" }},
		{"display_name", func(p *access.Person) bool { return p.DisplayName != "" }},
		{"work_email", func(p *access.Person) bool { return p.WorkEmail != "" }},
		{"user_name", func(p *access.Person) bool { return p.UserName != "" }},
		{"title", func(p *access.Person) bool { return p.Title != "" }},
		{"department", func(p *access.Person) bool { return p.Department != "" }},
		{"division", func(p *access.Person) bool { return p.Division != "" }},
		{"organization", func(p *access.Person) bool { return p.Organization != "" }},
		{"cost_center", func(p *access.Person) bool { return p.CostCenter != "" }},
		{"team", func(p *access.Person) bool { return p.Team != "" }},
		{"legal_entity", func(p *access.Person) bool { return p.LegalEntity != "" }},
		{"location", func(p *access.Person) bool { return p.Location != "" }},
		{"country", func(p *access.Person) bool { return p.Country != "" }},
		{"manager_id", func(p *access.Person) bool { return p.ManagerID != "" }},
		{"employment_type", func(p *access.Person) bool { return p.EmploymentTypeRaw != "" }},
		{"full_time", func(p *access.Person) bool { return p.FullTime != nil }},
		{"status", func(p *access.Person) bool { return p.StatusRaw != "" }},
		{"start_date", func(p *access.Person) bool { return !p.StartDate.IsZero() }},
		{"original_hire_date", func(p *access.Person) bool { return !p.OriginalHireDate.IsZero() }},
		{"end_date", func(p *access.Person) bool { return !p.EndDate.IsZero() }},
		{"last_working_day", func(p *access.Person) bool { return !p.LastWorkingDay.IsZero() }},
		{"contract_end_date", func(p *access.Person) bool { return !p.ContractEndDate.IsZero() }},
	}
	var list []fill
	add := func(name string, has func(*access.Person) bool) {
		f := fill{Field: name}
		for i := range people {
			if has(&people[i]) {
				f.Count++
			}
		}
		if len(people) > 0 {
			f.Percent = float64(f.Count*1000/len(people)) / 10
		}
		list = append(list, f)
	}
	custom := map[string]bool{}
	for i := range people {
		for name := range people[i].Custom {
			custom[name] = true
		}
	}
	for _, f := range fields {
		add(f.name, f.has)
	}
	for _, name := range slices.Sorted(maps.Keys(custom)) {
		add("custom."+name, func(p *access.Person) bool { return p.Custom[name] != "" })
	}
	return list
}

// unmapped are the words that no map knows, the most frequent first.
func unmapped(people []access.Person) []unmappedWord {
	count := map[unmappedWord]int{}
	for i := range people {
		if p := &people[i]; p.Status == access.StatusUnknown && p.StatusRaw != "" {
			count[unmappedWord{Field: "status", Value: p.StatusRaw}]++
		}
		if p := &people[i]; p.EmploymentType == access.TypeUnknown && p.EmploymentTypeRaw != "" {
			count[unmappedWord{Field: "employment_type", Value: p.EmploymentTypeRaw}]++
		}
	}
	list := make([]unmappedWord, 0, len(count))
	for w, n := range count {
		list = append(list, unmappedWord{w.Field, w.Value, n})
	}
	slices.SortFunc(list, func(a, b unmappedWord) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(b.People, a.People), cmp.Compare(a.Value, b.Value))
	})
	return list
}

// print writes the table.
func (y yield) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Roster %s (%s): %d records, %d people\n", y.Name, y.Kind, y.Records, y.People)
	fmt.Fprintf(w, "Tells: former people %s, future hires %s, leave %s, a complete total %s\n", y.Tells["former_people"], y.Tells["future_hires"], y.Tells["leave"], y.Tells["complete_total"])
	for _, f := range slices.Sorted(maps.Keys(y.Lacks)) {
		fmt.Fprintf(w, "Limit: %s: %s\n", f, y.Lacks[f])
	}
	for _, counts := range []struct {
		name string
		of   map[string]int
	}{{"Stage", y.Stages}, {"Employment type", y.Types}} {
		fmt.Fprintf(w, "\n%s\tpeople\n", counts.name)
		for _, k := range slices.Sorted(maps.Keys(counts.of)) {
			fmt.Fprintf(w, "%s\t%d\n", k, counts.of[k])
		}
	}
	fmt.Fprintf(w, "\nField\tfilled\t\n")
	for _, f := range y.Filled {
		fmt.Fprintf(w, "%s\t%.1f %%\t%d\n", f.Field, f.Percent, f.Count)
	}
	if len(y.Unmapped) > 0 {
		fmt.Fprintf(w, "\nNot mapped, so unknown\tvalue\tpeople\n")
		for _, u := range y.Unmapped {
			fmt.Fprintf(w, "%s\t%q\t%d\n", u.Field, u.Value, u.People)
		}
	}
	if y.Several > 0 {
		fmt.Fprintf(w, "\n%d people have several employments.\n", y.Several)
	}
	for _, list := range []struct {
		title string
		of    []problem
	}{{"Faulty records, whose people are held", y.Faulty}, {"Worth a look", y.Doubtful}} {
		const most = 20
		if len(list.of) > 0 {
			fmt.Fprintf(w, "\n%s: %d\n", list.title, len(list.of))
		}
		for i, p := range list.of {
			if i == most {
				fmt.Fprintf(w, "and %d more\n", len(list.of)-most)
				break
			}
			fmt.Fprintf(w, "%s\n", roster.Problem{Where: p.Where, Column: p.Column, Value: p.Value, Message: p.Message})
		}
	}
	if len(y.Sample) > 0 {
		fmt.Fprintf(w, "\nSome people\tname\twork e-mail\ttitle\tdepartment\tmanager\ttype\tstage\tstart\tlast day\n")
		for _, s := range y.Sample {
			fmt.Fprintln(w, strings.Join([]string{s.PersonID, s.Name, s.WorkEmail, s.Title, s.Department, s.Manager, s.Type, s.Stage, s.Start, s.End}, "\t"))
		}
	}
	fmt.Fprintln(w)
	return w.Flush()
}
