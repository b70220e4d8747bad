package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// heading is what a category is called, in the plural, and explained.
func (c Category) heading() (title, words string) {
	switch c {
	case Leaver:
		return "Leavers", "lose what they have"
	case Joiner:
		return "Joiners", "had no account, get one"
	case Mover:
		return "Movers", "work here, and get something else than before"
	case Drifted:
		return "Drift", "changed outside Tenure since the last apply"
	case HeldBack:
		return "Held", "keep what configuration no longer asks for, until somebody decides"
	case Stranger:
		return "In no configuration", "known for longer, and left alone"
	case Enrolled:
		return "First time under management", "the resource is new: what is there already is adopted, the rest is given"
	}
	return string(c), ""
}

// verb is what an effect is called in a line about one person.
func (e Effect) verb() string {
	switch e {
	case Gain:
		return "gains"
	case Lose:
		return "loses"
	case Change:
		return "changes"
	case Keep:
		return "keeps"
	case Held:
		return "held"
	case Unmanaged:
		return "left alone"
	case Noticed:
		return "noticed"
	}
	return string(e)
}

// what names a grant: "account", "group Sales", "license Figma (Full)".
func (g *Grant) what(name func(string) string) string {
	switch g.Kind {
	case Account:
		return "account" + g.actionWord()
	case Profile:
		parts := make([]string, len(g.Fields))
		for i, f := range g.Fields {
			parts[i] = fieldName(f.Name, name) + " " + from(f.Was, name) + "→ " + name(f.Now)
		}
		return strings.Join(parts, ", ")
	case Role:
		return "account role " + from(g.Was, name) + arrow(g.Was) + name(g.Value)
	case Group:
		s := "group " + name(g.Name)
		if g.Effect == Change && g.Was != g.Value {
			return s + " as " + from(g.Was, name) + arrow(g.Was) + name(g.Value)
		}
		if g.Value != "" && g.Value != "member" {
			s += " as " + name(g.Value)
		}
		return s
	case License:
		s := "license " + name(g.Name)
		if g.Effect == Change && g.Was != g.Value {
			return s + " " + from(g.Was, name) + arrow(g.Was) + name(g.Value)
		}
		if g.Value != "" && g.Value != g.Name {
			s += " " + name(g.Value)
		}
		return s
	}
	return string(g.Kind)
}

// fieldName is a field in words; the keys of attributes may be anything.
func fieldName(f string, name func(string) string) string {
	if key, ok := strings.CutPrefix(f, "attributes."); ok {
		return name(key)
	}
	return strings.ReplaceAll(f, "_", " ")
}

func from(was string, name func(string) string) string {
	if was == "" {
		return ""
	}
	return name(was) + " "
}

func arrow(was string) string {
	if was == "" {
		return ""
	}
	return "→ "
}

// actionWord says of an account how it comes or goes, where that is not the plain case.
func (g *Grant) actionWord() string {
	switch g.Action {
	case "deactivate", "delete":
		return " (" + g.Action + "d)"
	case "reactivate":
		return " (reactivated)"
	case "cut_off":
		return " (cut off at once)"
	case "adopt":
		return " (adopted as it is)"
	case "return":
		return " (managed again)"
	case "move":
		return " (under another key)"
	case "release":
		return " (no longer managed)"
	}
	return ""
}

// whys are the different reasons of some grants, and what was changed outside Tenure.
func whys(list []*Grant) []string {
	var all []string
	for _, g := range list {
		parts := []string{g.Drift, g.Why}
		if strings.HasPrefix(g.Why, `rule "`) { // the account's reasons are those of all that it comes with
			parts = append(parts[:1], strings.Split(g.Why, "; ")...)
		}
		for _, s := range parts {
			if s != "" && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// group are the grants of one person in one app with one effect.
type group struct {
	app    string
	effect Effect
	grants []*Grant
}

// grouped brings a person's grants together by app and effect, in the order of Effects.
func (p *Person) grouped() []group {
	var list []group
	for i := range p.Changes {
		g := &p.Changes[i]
		k := slices.IndexFunc(list, func(o group) bool { return o.app == g.App && o.effect == g.Effect })
		if k < 0 {
			list, k = append(list, group{app: g.App, effect: g.Effect}), len(list)
		}
		list[k].grants = append(list[k].grants, g)
	}
	slices.SortStableFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.app, b.app), slices.Index(Effects(), a.effect)-slices.Index(Effects(), b.effect))
	})
	return list
}

// headline is the report in one line.
func (r *Report) headline() string {
	var parts []string
	for _, c := range Categories() {
		if n := r.Summary.People[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.word(n)))
		}
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case len(r.Objects) > 0:
		return "no change for people"
	}
	return "no changes"
}

// word is a category with a number before it.
func (c Category) word(n int) string {
	switch {
	case c == Drifted:
		return "drift"
	case c == HeldBack:
		return "held"
	case c == Enrolled:
		return "new under management"
	case c == Stranger:
		return "in no configuration"
	case n == 1:
		return string(c)
	}
	return string(c) + "s"
}

// costWords is what a month costs more and less.
func costWords(list []Cost) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		sign := ""
		if c.Net() > 0 {
			sign = "+"
		}
		words := strings.TrimSpace(fmt.Sprintf("%s%s %s", sign, c.Net(), plain(c.Currency)))
		if c.Added != 0 && c.Freed != 0 {
			words += fmt.Sprintf(" (+%s, -%s)", c.Added, c.Freed)
		}
		parts = append(parts, words)
	}
	return strings.Join(parts, "; ")
}

// source says what the report was made of.
func (p *Plan) source() string {
	s := "planned with " + p.TerraformVersion
	if p.Timestamp != "" {
		s += " at " + p.Timestamp
	}
	return s
}

// reasonWords is what a reason is called in a list to choose from.
func reasonWords(r Reason) string {
	switch r {
	case ByRule:
		return "a rule"
	case ByException:
		return "an exception"
	case ByOverride:
		return "an override"
	case ByLeaving:
		return "left or not started yet"
	case ByMoving:
		return "moved: no rule gives it any more"
	case ByExpiry:
		return "expired"
	case ByCutoff:
		return "cut off"
	case ByNobody:
		return "in no configuration"
	case ByProfile:
		return "profile follows HR"
	case ByDrift:
		return "changed outside Tenure"
	case ByConfiguration:
		return "configuration"
	case ByImport:
		return "import"
	}
	return "held: " + strings.ReplaceAll(plain(string(r)), "_", " ")
}

// findingWords is how many findings there are, and of which severity.
func (r *Report) findingWords() string {
	var parts []string
	n := 0
	for _, s := range slices.Backward(Severities()) {
		if k := r.Summary.Findings[s]; k > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", k, s))
		}
	}
	for _, k := range r.Summary.Findings {
		n += k
	}
	words := count(n, "finding", "findings")
	if len(parts) > 0 {
		words += ": " + strings.Join(parts, ", ")
	}
	return words + "."
}
