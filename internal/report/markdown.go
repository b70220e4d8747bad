package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// MarkdownLimit is how long a Markdown report becomes unless MarkdownOptions says otherwise: GitHub takes comments
// of 65,536 characters.
const MarkdownLimit = 60_000

// MinMarkdownLimit is what headings, counts and warnings take at most.
const MinMarkdownLimit = 20_000

// MarkdownOptions shape a Markdown report.
type MarkdownOptions struct {
	Limit int // characters; 0 is MarkdownLimit
	// Title of the report; default "Access changes".
	Title string
}

// WriteMarkdown writes the report for a comment on a pull request. Beyond the limit people are told in shorter
// form, then only counted; nobody is cut in the middle, and what was left out is said.
func (r *Report) WriteMarkdown(w io.Writer, o MarkdownOptions) error {
	if o.Limit <= 0 {
		o.Limit = MarkdownLimit
	}
	o.Limit = max(o.Limit, MinMarkdownLimit)
	if o.Title == "" {
		o.Title = "Access changes"
	}
	m := markdown{report: r, left: o.Limit}
	_, err := io.WriteString(w, m.write(o.Title))
	return err
}

// markdown writes into what is left of the limit.
type markdown struct {
	report *Report
	left   int
	out    strings.Builder
}

// reserve is kept free for the ends of sections, which say what was left out.
const reserve = 6_000

func (m *markdown) add(s string) {
	m.out.WriteString(s)
	m.left -= length(s)
}

// length counts as GitHub does, at worst.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

func (m *markdown) write(title string) string {
	r := m.report
	m.left -= reserve
	m.add("## " + text1(title) + ": " + r.headline() + "\n\n")
	m.warnings()
	m.summary()
	m.findings()
	sections := len(r.Summary.People)
	for _, c := range Categories() {
		if r.Summary.People[c] > 0 {
			m.category(c, m.left/sections) // each may use what those before it left
			sections--
		}
	}
	m.objects()
	m.notes()
	m.add("\n<sub>Tenure access report")
	for i, p := range r.Plans {
		if i == 5 {
			m.add(fmt.Sprintf("; and %d more plans", len(r.Plans)-i))
			break
		}
		m.add("; " + code(p.Name) + " " + text1(p.source()))
	}
	if r.Redacted {
		m.add("; people go by pseudonyms")
	}
	m.add("</sub>\n")
	return m.out.String()
}

// warnings are what must be read first.
func (m *markdown) warnings() {
	for i := range m.report.Plans {
		if p := &m.report.Plans[i]; p.Errored || !p.Complete {
			m.add("> [!CAUTION]\n> " + code(p.Name) + ": " + incomplete(p))
			for k, a := range p.Unplanned {
				if k == 10 {
					m.add(fmt.Sprintf(" and %d more", len(p.Unplanned)-k))
					break
				}
				m.add(" " + code(a))
			}
			if p.Errored && len(m.report.Stops) == 0 {
				m.add("\n> The plan file does not hold the error itself: see the log of the plan, or give what `terraform plan -json` printed with `--messages`.")
			}
			m.add("\n\n")
		}
	}
	for i, s := range m.report.Stops {
		if i == 5 {
			m.add(fmt.Sprintf("> …and %s.\n\n", count(len(m.report.Stops)-i, "more error", "more errors")))
			break
		}
		m.add("> [!CAUTION]\n> " + code(s.Summary) + "\n")
		if detail := lines(s.Detail); detail != "" {
			m.add("\n" + fence(detail, 1500) + "\n")
		}
		m.add("\n")
	}
}

func (m *markdown) summary() {
	r := m.report
	if len(r.Apps) > 0 {
		m.add("| App | Lose | Gain | Change | Held | Left alone | Monthly cost |\n|---|--:|--:|--:|--:|--:|---|\n")
		for i, a := range r.Apps {
			if i == 40 {
				m.add(fmt.Sprintf("| and %d more | | | | | | |\n", len(r.Apps)-i))
				break
			}
			m.add(fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %s |\n", cellCode(a.Name), a.Changes[Lose], a.Changes[Gain], a.Changes[Change],
				a.Changes[Held], a.Changes[Unmanaged]+a.Changes[Noticed], costWords(a.Cost)))
		}
		m.add("\n")
	}
	if len(r.Summary.Cost) > 0 {
		m.add("The monthly cost of licenses changes by **" + costWords(r.Summary.Cost) + "**.")
		if r.Summary.Unpriced > 0 {
			m.add(fmt.Sprintf(" %s not counted: no `license_price` gives a price.", count(r.Summary.Unpriced, "license is", "licenses are")))
		}
		m.add("\n\n")
	}
}

func (m *markdown) findings() {
	r := m.report
	if len(r.Findings) == 0 {
		return
	}
	open := 0
	for _, n := range r.Summary.Findings {
		open += n
	}
	head := fmt.Sprintf("### Findings (%d)\n\n", open)
	if r.Summary.Waived > 0 {
		head = fmt.Sprintf("### Findings (%d, and %d waived)\n\n", open, r.Summary.Waived)
	}
	m.add(head)
	budget, told := m.left/3, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Waived {
			continue
		}
		line := fmt.Sprintf("- **%s** %s", text1(f.Severity), text1(ruleOf(f.Kind).title))
		if where := strings.Trim(f.App+"/"+f.Subject, "/"); where != "" {
			line += ": " + code(where)
		}
		for _, s := range []string{f.Reason, f.cost(), f.Suggestion} {
			if s != "" && !strings.Contains(s, "\n") { // a suggestion of several lines is HCL: the other forms have it
				line += " · " + code(s)
			}
		}
		line += "\n"
		if length(line) > budget {
			break
		}
		budget -= length(line)
		m.add(line)
		told++
	}
	if told < open {
		m.add(fmt.Sprintf("- …and %d more findings, left out here for length\n", open-told))
	}
	m.add("\n")
}

// long is from how many people on a section is folded.
const long = 12

// category tells about the people of one category in at most so many characters.
func (m *markdown) category(c Category, budget int) {
	people := slices.DeleteFunc(slices.Clone(m.report.People), func(p Person) bool { return p.Category != c })
	title, words := c.heading()
	m.add(fmt.Sprintf("### %s (%d)\n\n%s\n\n", title, len(people), words))
	folded := len(people) > long || c == Stranger || c == Enrolled
	if folded {
		m.add(fmt.Sprintf("<details><summary>%s</summary>\n\n", count(len(people), "person", "people")))
	}
	told := 0
	for i := range people {
		entry := person(&people[i])
		if length(entry) > budget/2 {
			entry = short(&people[i])
		}
		if length(entry) > budget {
			break
		}
		m.add(entry)
		budget -= length(entry)
		told++
	}
	if n := len(people) - told; n > 0 {
		m.add(fmt.Sprintf("\n…and %s left out here for length. The HTML, JSON and CSV forms of this report have everybody.\n", count(n, "more person", "more people")))
	}
	if folded {
		m.add("\n</details>\n")
	}
	m.add("\n")
}

// label is a person at the head of an entry.
func label(p *Person) string {
	s := "**" + text1(p.Label()) + "**"
	if p.UserName != "" && p.UserName != p.Label() {
		s += " " + code(p.UserName)
	}
	if p.PersonID != "" && p.PersonID != p.Label() {
		s += " (" + code(p.PersonID) + ")"
	}
	return s
}

// person is somebody with everything but what they keep, which is only counted.
func person(p *Person) string {
	var b strings.Builder
	b.WriteString("- " + label(p))
	var kept []string
	keeps := 0
	for _, g := range p.grouped() {
		if g.effect == Keep {
			kept, keeps = append(kept, code(g.app)), keeps+len(g.grants)
			continue
		}
		parts := make([]string, len(g.grants))
		for i, x := range g.grants {
			parts[i] = x.what(code)
		}
		fmt.Fprintf(&b, "\n  - %s in %s: %s", mark(g.effect), code(g.app), strings.Join(parts, ", "))
		if why := whys(g.grants); len(why) > 0 {
			for i := range why {
				why[i] = code(why[i])
			}
			b.WriteString(" · " + strings.Join(why, ", "))
		}
	}
	if keeps > 0 {
		fmt.Fprintf(&b, "\n  - keeps %d in %s", keeps, strings.Join(slices.Compact(kept), ", "))
	}
	b.WriteByte('\n')
	return b.String()
}

func mark(e Effect) string {
	switch e {
	case Gain:
		return "➕ gains"
	case Lose:
		return "➖ loses"
	case Change:
		return "✏️ changes"
	case Held, Unmanaged, Noticed, Keep:
	}
	return e.verb()
}

// short is somebody in one line.
func short(p *Person) string {
	n := make(map[Effect]int)
	for i := range p.Changes {
		n[p.Changes[i].Effect]++
	}
	var parts []string
	for _, e := range Effects() {
		if n[e] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", e.verb(), n[e]))
		}
	}
	return "- " + label(p) + ": " + strings.Join(parts, ", ") + "\n"
}

func (m *markdown) objects() {
	if len(m.report.Objects) == 0 {
		return
	}
	m.add(fmt.Sprintf("### Groups (%d)\n\n", len(m.report.Objects)))
	for i, o := range m.report.Objects {
		line := fmt.Sprintf("- %s %s in %s\n", text1(o.Action), code(o.Name), code(o.App))
		if length(line) > m.left {
			m.add(fmt.Sprintf("- …and %d more\n", len(m.report.Objects)-i))
			break
		}
		m.add(line)
	}
	m.add("\n")
}

func (m *markdown) notes() {
	for i, n := range m.report.Notes {
		line := "- " + code(n.Text)
		if n.Resource != "" {
			line = "- " + code(n.Resource) + ": " + code(n.Text)
		}
		if i == 0 {
			m.add("### Notes\n\n")
		}
		if length(line)+1 > m.left {
			m.add(fmt.Sprintf("- …and %d more\n", len(m.report.Notes)-i))
			break
		}
		m.add(line + "\n")
	}
}
