package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
)

//go:embed page/report.css
var pageStyle string

//go:embed page/report.js
var pageScript string

//go:embed page/body.html
var pageBody string

// HTMLOptions shape an HTML report.
type HTMLOptions struct {
	Title string // default "Access changes"
}

// WriteHTML writes the report as one file that asks no server: its policy allows no script and no style but its own,
// by their hashes, and what people are called is only ever text.
func (r *Report) WriteHTML(w io.Writer, o HTMLOptions) error {
	if o.Title == "" {
		o.Title = "Access changes"
	}
	v := newView()
	data, err := json.Marshal(v.data(r)) // escapes < > & U+2028 U+2029, so it cannot end its element
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	body, err := template.New("body").Parse(pageBody)
	if err != nil {
		return fmt.Errorf("parse the page: %w", err)
	}
	var head strings.Builder
	head.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	fmt.Fprintf(&head, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", policy())
	head.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n" +
		"<meta name=\"color-scheme\" content=\"light dark\">\n")
	fmt.Fprintf(&head, "<title>%s</title>\n<style>%s</style>\n</head>\n", html.EscapeString(plain(o.Title)), pageStyle)
	if _, err := io.WriteString(w, head.String()); err != nil {
		return err
	}
	if err := body.Execute(w, pageOf(r, plain(o.Title))); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	for _, part := range [][]byte{
		[]byte("<script type=\"application/json\" id=\"data\">"), data, []byte("</script>\n<script>"), []byte(pageScript), []byte("</script>\n</body>\n</html>\n"),
	} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + hash(pageScript) + "; style-src " + hash(pageStyle) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// page is what stands in the file without a script.
type page struct {
	Title, Headline, Version, Cost string
	FindingWords                   string
	Redacted                       bool
	Unpriced                       int
	Plans                          []pagePlan
	Alerts                         []pageAlert
	Cards                          []pageCard
	Apps                           []pageApp
	Findings, People               bool
	Objects                        []Object
	Notes                          []Note
}

type (
	pagePlan  struct{ Name, Source string }
	pageAlert struct{ Head, Text string }
	pageCard  struct {
		ID, Title, Words string
		N                int
	}
	pageApp struct {
		Name, Cost                     string
		Lose, Gain, Change, Held, Left int
	}
)

func pageOf(r *Report, title string) page {
	p := page{
		Title: title, Headline: upperFirst(r.headline()) + ".", Version: r.Version, Cost: costWords(r.Summary.Cost), Redacted: r.Redacted, Unpriced: r.Summary.Unpriced,
		Findings: len(r.Findings) > 0, FindingWords: r.findingWords(), People: len(r.People) > 0,
	}
	for i := range r.Plans {
		plan := &r.Plans[i]
		p.Plans = append(p.Plans, pagePlan{plain(plan.Name), plain(plan.source())})
		if plan.Errored || !plan.Complete {
			p.Alerts = append(p.Alerts, pageAlert{plain(plan.Name) + ": " + incomplete(plan), plain(strings.Join(plan.Unplanned, ", "))})
		}
	}
	for _, s := range r.Stops {
		p.Alerts = append(p.Alerts, pageAlert{plain(s.Summary), lines(s.Detail)})
	}
	for _, c := range Categories() {
		if n := r.Summary.People[c]; n > 0 {
			title, words := c.heading()
			p.Cards = append(p.Cards, pageCard{string(c), title, words, n})
		}
	}
	for _, a := range r.Apps {
		p.Apps = append(p.Apps, pageApp{
			plain(a.Name), costWords(a.Cost), a.Changes[Lose], a.Changes[Gain], a.Changes[Change], a.Changes[Held], a.Changes[Unmanaged] + a.Changes[Noticed],
		})
	}
	for _, o := range r.Objects {
		p.Objects = append(p.Objects, Object{App: plain(o.App), Name: plain(o.Name), Action: plain(o.Action)})
	}
	for _, n := range r.Notes {
		p.Notes = append(p.Notes, Note{Text: plain(n.Text), Resource: plain(n.Resource)})
	}
	return p
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// view is the data that the script shows. Texts that occur often are written once and go by their number, so that
// ten thousand people are a few megabytes.
type view struct {
	strings []string
	number  map[string]int
}

func newView() *view { return &view{strings: []string{""}, number: map[string]int{"": 0}} }

func (v *view) text(s string) int { return v.intern(plain(s)) }

func (v *view) intern(s string) int {
	n, ok := v.number[s]
	if !ok {
		n = len(v.strings)
		v.strings, v.number[s] = append(v.strings, s), n
	}
	return n
}

type (
	viewData struct {
		Strings    []string       `json:"strings"`
		Apps       []int          `json:"apps"`
		Categories []viewCategory `json:"categories"`
		Effects    []viewEffect   `json:"effects"`
		Kinds      []viewKind     `json:"kinds"`
		Reasons    [][2]any       `json:"reasons"`
		Severities []string       `json:"severities"`
		People     [][]any        `json:"people"`
		Findings   [][]any        `json:"findings"`
	}
	viewCategory struct {
		ID  string `json:"id"`
		One string `json:"one"`
	}
	viewEffect struct {
		ID    string `json:"id"`
		Sign  string `json:"sign"`
		Verb  string `json:"verb"`
		Label string `json:"label"`
	}
	viewKind struct {
		One   string `json:"one"`
		Many  string `json:"many"`
		Label string `json:"label"`
	}
)

func (v *view) data(r *Report) viewData {
	d := viewData{Reasons: [][2]any{}, People: make([][]any, 0, len(r.People)), Findings: make([][]any, 0, len(r.Findings)), Apps: []int{}, Severities: []string{}}
	for _, a := range r.Apps {
		d.Apps = append(d.Apps, v.text(a.Name))
	}
	for _, c := range Categories() {
		d.Categories = append(d.Categories, viewCategory{string(c), c.word(1)})
	}
	signs := map[Effect]string{Lose: "−", Gain: "+", Change: "~", Held: "‖", Noticed: "!", Unmanaged: "?", Keep: "="}
	for _, e := range Effects() {
		d.Effects = append(d.Effects, viewEffect{string(e), signs[e], e.verb(), upperFirst(e.verb())})
	}
	for _, k := range Kinds() {
		many := map[Kind]string{Account: "accounts", Role: "roles", Group: "groups", License: "licenses", Profile: "profiles"}[k]
		d.Kinds = append(d.Kinds, viewKind{string(k), many, upperFirst(many)})
	}
	reasons := make(map[Reason]bool)
	for i := range r.People {
		d.People = append(d.People, v.person(&r.People[i], reasons))
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		d.Reasons = append(d.Reasons, [2]any{v.text(string(reason)), upperFirst(reasonWords(reason))})
	}
	severities := make(map[string]bool)
	for i := range r.Findings {
		f := &r.Findings[i]
		d.Findings = append(d.Findings, v.finding(f))
		severities[plain(f.Severity)] = true
	}
	for _, s := range Severities() {
		if severities[s] {
			d.Severities = append([]string{s}, d.Severities...)
			delete(severities, s)
		}
	}
	d.Severities = append(d.Severities, slices.Sorted(maps.Keys(severities))...)
	if r.Summary.Waived > 0 {
		d.Severities = append(d.Severities, "waived")
	}
	d.Strings = v.strings
	return d
}

func (v *view) person(p *Person, reasons map[Reason]bool) []any {
	small := []int{}
	for _, s := range []string{p.UserName, p.PersonID} {
		if s != "" && s != p.Label() {
			small = append(small, v.text(s))
		}
	}
	list := make([][]any, len(p.Changes))
	for i := range p.Changes {
		g := &p.Changes[i]
		if g.Reason != "" {
			reasons[g.Reason] = true
		}
		why := []int{}
		if g.Why != "" {
			why = append(why, v.text(g.Why))
		}
		cost := 0
		if g.Cost != 0 {
			cost = v.text(g.Cost.String() + " " + g.Currency)
		}
		list[i] = []any{
			v.text(g.App), slices.Index(Effects(), g.Effect), slices.Index(Kinds(), g.Kind), v.text(upperFirst(g.what(quote))), why,
			v.text(string(g.Reason)), v.text(g.Drift), v.text(g.Since), cost,
		}
	}
	return []any{v.text(p.Label()), small, slices.Index(Categories(), p.Category), list}
}

// quote is a name between other words.
func quote(s string) string {
	if s == "" {
		return "(none)"
	}
	return "“" + s + "”"
}

func (v *view) finding(f *Finding) []any {
	text := []int{}
	owner, since := "", ""
	if f.Owner != "" {
		owner = f.Owner + " answers for the app"
	}
	if f.FirstSeen != "" {
		since = "since " + f.FirstSeen
	}
	for _, s := range []string{f.Reason, f.Evidence, since, f.cost(), f.Suggestion, owner} {
		if s != "" {
			text = append(text, v.intern(lines(s)))
		}
	}
	class := ""
	if severityRank(f.Severity) > 0 {
		class = strings.ToLower(f.Severity)
	}
	return []any{v.text(f.Severity), v.text(ruleOf(f.Kind).title), v.text(strings.Trim(f.App+"/"+f.Subject, "/")), text, f.Waived, class}
}
