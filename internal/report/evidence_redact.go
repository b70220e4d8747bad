package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Redact does to an evidence pack what [Report.Redact] does to a report; with the same key somebody has the same
// pseudonym in both. Files go by numbers: their hashes still prove which ones they are.
func (e *Evidence) Redact(key []byte) {
	x := redactor{key: key, words: make(map[string]bool), whole: make(map[string]bool), cache: make(map[string]string)}
	for w := range e.known {
		x.learn(w)
	}
	for i := range e.Done {
		d := &e.Done[i]
		for _, w := range []string{d.PersonID, d.UserName, d.Subject, d.key} {
			x.learn(w)
		}
	}
	for i := range e.Exceptions {
		x.learn(e.Exceptions[i].PersonID)
		x.learn(e.Exceptions[i].Approver)
	}
	e.Redacted, e.known = true, nil
	numbers := make(map[string]int)
	for i := range e.Sources {
		s := &e.Sources[i]
		numbers[s.Kind]++
		s.Name = s.Kind + " " + strconv.Itoa(numbers[s.Kind])
		s.Terraform = x.label(s.Terraform)
	}
	for i := range e.Population {
		p := &e.Population[i]
		p.App, p.Resource = x.name("app", p.App), x.address(p.Resource)
	}
	for i := range e.Rosters {
		n := &e.Rosters[i]
		n.Resource = x.address(n.Resource)
		for k := range n.Rosters {
			n.Rosters[k] = x.name("roster", n.Rosters[k])
		}
		stages := make(map[string]int)
		for stage, count := range n.Stages {
			stages[x.label(stage)] += count
		}
		n.Stages = stages
	}
	for i := range e.Planned {
		p := &e.Planned[i]
		p.Person.Changes = []Grant{p.Grant}
		x.person(&p.Person)
		p.Grant, p.Person.Changes = p.Person.Changes[0], nil
	}
	slices.SortStableFunc(e.Planned, func(a, b Planned) int { // the order of names would tell them
		return cmp.Or(e.Sources[a.Source].Time.Compare(e.Sources[b.Source].Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Person.Key, b.Person.Key))
	})
	for i := range e.Timings {
		t := &e.Timings[i]
		x.person(&t.Person)
		t.App = x.name("app", t.App)
	}
	for i := range e.Done {
		x.done(&e.Done[i])
	}
	x.registers(e)
	if len(e.Notes) > 0 { // they name files, and what apps answered
		e.Notes = []string{count(len(e.Notes), "remark is", "remarks are") + " left out of the redacted pack."}
	}
}

func (x *redactor) done(d *Done) {
	g := Grant{Reason: reasonOf(d.Why), Rules: rulesIn(d.Why)}
	for i := range g.Rules {
		g.Rules[i] = x.name("rule", g.Rules[i])
	}
	d.Why = x.why(&g, d.Why)
	d.App, d.Operation, d.Grant, d.Subject = x.name("app", d.App), x.label(d.Operation), x.granted(d.Grant), x.pseudonym("account", d.Subject)
	d.key, d.UserName, d.PersonID = x.pseudonym("person", d.key), "", x.pseudonym("person", d.PersonID)
	d.Failure, d.RequestID = x.label(d.Failure), ""
}

// granted keeps the address of a grant less what names somebody.
func (x *redactor) granted(address string) string {
	g, err := access.ParseGrant(address)
	if err != nil {
		return x.name("grant", address)
	}
	g.App = x.name("app", g.App)
	if g.Name != "" {
		g.Name = x.name(string(g.Kind), g.Name)
	}
	if g.License != "" {
		g.License = x.name("license", g.License)
	}
	return g.String()
}

var instants = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2}))?$`)

func (x *redactor) registers(e *Evidence) {
	when := func(s string) string {
		if instants.MatchString(s) {
			return s
		}
		return x.label(s)
	}
	grants := func(list []string) []string {
		out := slices.Clone(list)
		for i := range out {
			out[i] = x.granted(out[i])
		}
		return out
	}
	for i := range e.Exceptions {
		t := &e.Exceptions[i]
		t.PersonID, t.Approver, t.Reason = x.pseudonym("person", t.PersonID), x.pseudonym("person", t.Approver), ""
		t.Resource, t.Starts, t.Ends, t.Grants = x.address(t.Resource), when(t.Starts), when(t.Ends), grants(t.Grants)
		switch t.Kind {
		case "override":
			if fields := strings.Fields(t.Detail); !slices.ContainsFunc(fields, x.tells) {
				break
			}
			t.Detail = ""
		case "waiver":
			if name, err := strconv.Unquote(strings.TrimPrefix(t.Detail, "conflict ")); err == nil {
				t.Detail = fmt.Sprintf("conflict %q", x.name("conflict", name))
			} else {
				t.Detail = ""
			}
		}
	}
	slices.SortStableFunc(e.Exceptions, func(a, b Exception) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ends, b.Ends), cmp.Compare(a.PersonID, b.PersonID))
	})
	for i := range e.Rules {
		c := &e.Rules[i]
		c.Name, c.Resource, c.Grants = x.name("conflict", c.Name), x.address(c.Resource), grants(c.Grants)
	}
	for _, list := range [][]Register{e.Conflicts, e.Orphans} {
		for i := range list {
			x.finding(&list[i].Finding)
		}
		slices.SortStableFunc(list, func(a, b Register) int { return strings.Compare(a.App+a.Kind+a.Subject, b.App+b.Kind+b.Subject) })
	}
}
