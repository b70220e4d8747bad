package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// report says what is wrong, or at least remarkable, in what was decided.
func (e *evaluation) report(r *Result, s *snapshot, in Input) {
	r.Errors = append(r.Errors, e.company.errors...)
	e.reportCustomKeys(r)
	if n := len(r.Quarantined); n > in.MaxQuarantined {
		r.Errors = append(r.Errors, Problem{
			Code: CodeTooManyQuarantined, People: quarantinedIDs(r.Quarantined),
			Cause: fmt.Sprintf("%s cannot be decided, more than max_quarantined (%d): %s", people(n), in.MaxQuarantined, quarantineLines(r.Quarantined)),
			Next:  "correct the rows or the policy, or raise safeguard.max_quarantined",
		})
	} else if n > 0 {
		for _, q := range r.Quarantined {
			w := Problem{Severity: Warning, Code: q.Codes[0], Cause: q.line() + ": held as is, neither granted nor revoked", Next: "correct the cause"}
			if q.PersonID != "" {
				w.People = []string{q.PersonID}
			}
			r.Warnings = append(r.Warnings, w)
		}
	}
	e.reportRules(r, s)
	e.reportPrecedence(r, s)
	e.reportUnknown(r, s)
	e.reportExceptions(r)
	e.reportNotes(r, s)
	e.reportStrangers(r)
}

func (q Quarantine) line() string { return strings.TrimPrefix(q.PersonID+": "+q.Why, ": ") }

func quarantinedIDs(list []Quarantine) []string {
	var ids []string
	for _, q := range list {
		if q.PersonID != "" {
			ids = append(ids, q.PersonID)
		}
	}
	return ids
}

func quarantineLines(list []Quarantine) string {
	var lines []string
	for i, q := range list {
		if i == 20 {
			lines = append(lines, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		lines = append(lines, q.line())
	}
	return strings.Join(lines, "\n")
}

// reportCustomKeys refuses keys of person.custom that nobody has, when the rosters did not declare theirs: a
// misspelt key in `!= "blocked"` would otherwise match everybody.
func (e *evaluation) reportCustomKeys(r *Result) {
	if len(e.custom) == 0 || len(e.subjects) == 0 {
		return
	}
	known := map[string]bool{}
	for i := range e.subjects {
		for k := range e.subjects[i].Custom {
			known[k] = true
		}
	}
	for _, k := range e.custom {
		if !known[k.name] {
			r.Errors = append(r.Errors, k.problem(sortedKeys(known)))
		}
	}
}

// reportRules counts whom each rule matches. A department renamed in HR must be loud.
func (e *evaluation) reportRules(r *Result, s *snapshot) {
	counts := make([]int, len(e.rules))
	for i := range s.outcomes {
		for _, k := range s.outcomes[i].matched {
			counts[k]++
		}
	}
	for k, n := range counts {
		rule := &e.rules[k]
		p := Problem{
			Severity: Warning, Code: CodeUnmatchedRule, Block: Block{"rule", rule.index, rule.name}, Attribute: "when",
			Cause: "it matches nobody who may have access now", Next: "compare the condition with what HR writes today, or remove the rule",
		}
		switch {
		case n < rule.expectMin:
			p.Severity = Error
			p.Cause = fmt.Sprintf("it matches %s who may have access now, and expect_min is %d", people(n), rule.expectMin)
			p.Next = "compare the condition with what HR writes today, or lower expect_min"
			r.Errors = append(r.Errors, p)
		case n == 0:
			r.Warnings = append(r.Warnings, p)
		}
	}
}

// reportPrecedence tells of rules that want different things in one place. An exception that differs from a
// rule is what exceptions are for.
func (e *evaluation) reportPrecedence(r *Result, s *snapshot) {
	losers := map[loss][]string{}
	for i := range s.outcomes {
		if !s.outcomes[i].emitted() {
			continue
		}
		for _, l := range s.outcomes[i].lost {
			if e.sources[l.winningFrom].exception == nil && e.apps[e.grants[l.grant].app].output {
				losers[l] = append(losers[l], e.subjects[i].PersonID)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(losers), func(a, b loss) int {
		return cmp.Or(cmp.Compare(a.winningFrom, b.winningFrom), cmp.Compare(a.source, b.source),
			cmp.Compare(a.winner, b.winner), cmp.Compare(a.grant, b.grant))
	})
	for _, l := range keys {
		rule := e.ruleOf(l.source)
		r.Warnings = append(r.Warnings, Problem{
			Severity: Warning, Code: CodePrecedence, People: losers[l],
			Block: Block{"rule", rule.index, rule.name},
			Cause: fmt.Sprintf("%s comes first and gives %s, so %s is not given to %s: %s", e.sources[l.winningFrom].label,
				e.describe(l.winner), e.describe(l.grant), people(len(losers[l])), some(losers[l], len(losers[l]))),
			Next: "make the conditions exclude each other, or change the order of the rules",
		})
	}
}

// describe is the address, with the role inside a group.
func (e *evaluation) describe(g int32) string {
	if role := e.grants[g].role; role != "" {
		return fmt.Sprintf("%s with role %s", e.grants[g].address, role)
	}
	return e.grants[g].address
}

func (e *evaluation) ruleOf(source int32) *rule {
	return &e.rules[int(source)-(len(e.sources)-len(e.rules))]
}

func (e *evaluation) reportUnknown(r *Result, s *snapshot) {
	var ids []string
	for i := range s.standings {
		if s.standings[i].unknown {
			ids = append(ids, e.subjects[i].PersonID)
		}
	}
	if len(ids) > 0 {
		r.Warnings = append(r.Warnings, Problem{
			Severity: Warning, Code: CodeUnknownStatus, People: ids,
			Cause: fmt.Sprintf("the employment status of %s is unknown, so their access stays: %s", people(len(ids)), some(ids, len(ids))),
			Next:  "map the status in the roster block",
		})
	}
}

// reportExceptions tells of exceptions that were meant to give something now and do not.
func (e *evaluation) reportExceptions(r *Result) {
	k := 0
	for src := range e.sources {
		x := e.sources[src].exception
		if x == nil {
			continue
		}
		state := r.Exceptions[k]
		k++
		switch state.Status {
		case ExceptionUnapproved:
			r.Warnings = append(r.Warnings, Problem{
				Severity: Warning, Code: CodeUnapproved, Block: x.block, Attribute: "approved_by",
				People: []string{x.person}, Cause: "not granted: " + state.Why, Next: "have it approved by somebody else who works here",
			})
		case ExceptionUnknownPerson:
			r.Warnings = append(r.Warnings, Problem{
				Severity: Warning, Code: CodeUnknownPerson, Block: x.block, Attribute: "person_id",
				People: []string{x.person}, Cause: "not granted: " + state.Why, Next: "correct the id, or remove the exception",
			})
		}
	}
}

// reportNotes passes on what was found about overrides and waivers.
func (e *evaluation) reportNotes(r *Result, s *snapshot) {
	for i := range s.outcomes {
		for _, n := range s.outcomes[i].notes {
			r.Warnings = append(r.Warnings, Problem{
				Severity: Warning, Code: n.code, Block: n.block, People: []string{e.subjects[i].PersonID},
				Cause: n.text, Next: "correct or remove the block",
			})
		}
	}
}

// reportStrangers tells of overrides and waivers for nobody in the rosters.
func (e *evaluation) reportStrangers(r *Result) {
	unknown := func(b Block, attribute, id string) {
		if _, ok := e.index[id]; ok {
			return
		}
		cause := fmt.Sprintf("no roster has person %q", id)
		if now := e.present(id); now != id {
			cause = fmt.Sprintf("person %q is %q now (same_person)", id, now)
		}
		r.Warnings = append(r.Warnings, Problem{
			Severity: Warning, Code: CodeUnknownPerson, Block: b, Attribute: attribute,
			People: []string{id}, Cause: cause, Next: "correct the id, or remove the block",
		})
	}
	for i, o := range e.policy.Overrides {
		unknown(Block{"override", i, o.PersonID}, "person_id", o.PersonID)
	}
	for i, k := range e.policy.Conflicts {
		for j, v := range k.Waivers {
			unknown(Block{"conflict", i, k.Name}, fmt.Sprintf("waiver %d: person_id", j+1), v.PersonID)
		}
	}
}
