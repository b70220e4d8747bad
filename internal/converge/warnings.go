package converge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// warnings says in words what a plan shows only as entries of maps.
func (p *planner) warnings() {
	p.warnLosses()
	var strangers, held []Subject
	for s := range p.out.State.Strangers {
		if !p.released[s] {
			strangers = append(strangers, s)
		}
	}
	reasons := make(map[Subject]string)
	for s, h := range p.out.State.Held {
		held = append(held, s)
		reasons[s] = string(h.Reason)
	}
	p.warn("not in configuration", strangers, nil,
		`They are listed in strangers and left alone. unmanaged = "remove" would take them out, each shown by name.`)
	p.warn("held although configuration does not ask for it", held, reasons,
		"Nothing is sent for them until this is resolved: put them back, correct the roster, or change on_dropped or on_removal.")
	p.warn("released after the import", slices.Collect(maps.Keys(p.released)), nil,
		"They were imported and are not in configuration. They move to strangers; nothing is removed by this plan.")
}

const namesInSummary = 10

func (p *planner) warn(what string, who []Subject, reasons map[Subject]string, detail string) {
	if len(who) == 0 {
		return
	}
	names := make([]string, len(who))
	for i, s := range who {
		names[i] = s.String()
		if r := reasons[s]; r != "" {
			names[i] += " (" + r + ")"
		}
	}
	slices.Sort(names)
	rest := ""
	if n := len(names) - namesInSummary; n > 0 {
		names, rest = names[:namesInSummary], fmt.Sprintf(" and %d more", n)
	}
	p.out.Warnings = append(p.out.Warnings, Warning{
		fmt.Sprintf("%s: %d %s: %s%s", p.rules.App, len(who), what, strings.Join(names, ", "), rest), detail,
	})
}

// meanings are the labels in words, the most frequent one of a quiet day first.
func meanings() []struct{ label, one, many string } {
	return []struct{ label, one, many string }{
		{string(Left), "left, by the rosters", "left, by the rosters"},
		{string(Moved), "is in the rosters, and nothing gives it any more", "are in the rosters, and nothing gives it to them any more"},
		{string(Expired), "had it by an exception that expired", "had it by an exception that expired"},
		{string(Lost), `is in no roster, and on_dropped = "remove"`, `are in no roster, and on_dropped = "remove"`},
		{string(Stranger), `is in no configuration, and unmanaged = "remove"`, `are in no configuration, and unmanaged = "remove"`},
		{string(Configured), "loses it because configuration says so", "lose it because configuration says so"},
	}
}

const namesPerLabel = 50

// warnLosses says who loses something, grouped by why, so that two hundred leavers are read at a glance.
func (p *planner) warnLosses() {
	if len(p.out.Losses) == 0 {
		return
	}
	names, changes := make(map[Label]map[string]string), make(map[Label]int) // why, by label and name
	everybody := make(map[string]bool)
	for _, l := range p.out.Losses {
		name := cmp.Or(l.UserName, l.Subject.Who)
		if names[l.Label] == nil {
			names[l.Label] = make(map[string]string)
		}
		names[l.Label][name] = l.Why
		changes[l.Label]++
		everybody[name] = true
	}
	var counts, detail []string
	for _, m := range meanings() {
		who := names[Label(m.label)]
		if len(who) == 0 {
			continue
		}
		counts = append(counts, fmt.Sprintf("%d %s", len(who), m.label))
		whys := slices.Compact(slices.Sorted(maps.Values(who)))
		why, between := "", "\n  "
		if len(whys) == 1 {
			why, between = " ("+whys[0]+")", ", "
		}
		var lines []string
		for _, n := range first(slices.Sorted(maps.Keys(who)), namesPerLabel) {
			if one := who[n]; one != "" && why == "" {
				n += " (" + one + ")"
			}
			lines = append(lines, n)
		}
		words := m.many
		if len(who) == 1 {
			words = m.one
		}
		detail = append(detail, fmt.Sprintf("%s %s, %s%s:\n  %s", people(len(who)), words, plural(changes[Label(m.label)], "change"), why, strings.Join(lines, between)))
	}
	list := strings.Join(first(slices.Sorted(maps.Keys(everybody)), namesInSummary), ", ")
	p.out.Warnings = append(p.out.Warnings, Warning{
		fmt.Sprintf("%s: %s would lose something (%s): %s", p.rules.App, people(len(everybody)), strings.Join(counts, ", "), list),
		strings.Join(detail, "\n\n") + "\n\nexplanations of the resource names each change.",
	})
}

// first is the beginning of a list, with how many more there are.
func first(list []string, most int) []string {
	n := len(list) - most
	if n <= 0 {
		return list
	}
	return append(slices.Clone(list[:most]), fmt.Sprintf("and %d more", n))
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
