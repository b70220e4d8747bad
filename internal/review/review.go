package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// Review finds everything there is to find. It looks at each account, membership and license once.
func Review(in Input) Result {
	if in.Zone == nil {
		in.Zone = time.UTC
	}
	if in.Register == nil {
		in.Register = &Register{}
	}
	r := &reviewer{Input: in, zones: make(map[string]*time.Location)}
	r.know()
	apps := slices.Clone(in.Apps)
	slices.SortFunc(apps, func(a, b App) int { return cmp.Compare(a.Name, b.Name) })
	for i := range apps {
		r.inScope[apps[i].Name] = &apps[i]
	}
	for i := range apps {
		r.app(&apps[i])
	}
	r.people()
	r.exceptions()
	r.conflicts()
	r.once()
	r.waive()
	sortFindings(r.out.Findings)
	r.out.count()
	return r.out
}

// reviewer is one review under way.
type reviewer struct {
	Input
	out     Result
	inScope map[string]*App

	index  map[string]*Person // by person id
	byMail map[string]string  // name or address in lower case → person id, "" where several have it
	former map[string]string  // former person id → the present one
	undone map[string]policy.Quarantine
	cut    map[string]policy.Cutoff
	zones  map[string]*time.Location

	// watched are the grants that exceptions and conflicts speak of, by a key without regard to case where the app
	// has none; held is who holds them.
	watched map[string]bool
	held    map[holding]bool
	holders map[string][]holder // by watched key
}

// holding is that somebody holds a watched grant.
type holding struct{ who, grant string }

// holder is who holds a watched grant: the person or, where that is not known, the account.
type holder struct {
	who     string // a person id, or an account as unknownHolder writes it
	label   string
	app     string
	factors [2]bool // privileged, external
}

// know indexes people and the register.
func (r *reviewer) know() {
	r.inScope = make(map[string]*App, len(r.Apps))
	r.index = make(map[string]*Person, len(r.People))
	r.byMail = make(map[string]string, 2*len(r.People))
	r.former = make(map[string]string)
	for now, olds := range r.Register.Former {
		for _, old := range olds {
			r.former[old] = now
		}
	}
	for i := range r.People {
		r.index[r.People[i].PersonID] = &r.People[i]
	}
	for i := range r.People {
		p := &r.People[i]
		for _, name := range append([]string{p.WorkEmail, p.UserName}, p.OtherEmails...) {
			if k := strings.ToLower(strings.TrimSpace(name)); k != "" {
				r.claim(r.byMail, k, r.present(p.PersonID))
			}
		}
	}
	r.undone = make(map[string]policy.Quarantine, len(r.Register.Quarantined))
	for _, q := range r.Register.Quarantined {
		if q.PersonID != "" {
			r.undone[q.PersonID] = q
		}
	}
	r.cut = make(map[string]policy.Cutoff, len(r.Register.Cutoffs))
	for _, c := range r.Register.Cutoffs {
		r.cut[c.PersonID] = c
	}
	r.watched, r.held, r.holders = make(map[string]bool), make(map[holding]bool), make(map[string][]holder)
	for _, g := range r.Register.grants() {
		r.watched[watchKey(g)] = true
	}
}

// once leaves one finding of those that are the same: a license that somebody has twice over, say.
func (r *reviewer) once() {
	sortFindings(r.out.Findings)
	seen := make(map[string]bool, len(r.out.Findings))
	r.out.Findings = slices.DeleteFunc(r.out.Findings, func(f Finding) bool {
		twice := seen[f.Fingerprint]
		seen[f.Fingerprint] = true
		return twice
	})
}

// watchKey is a grant without regard to case: apps that tell names by case have few that differ in nothing else.
func watchKey(g access.Grant) string { return strings.ToLower(g.String()) }

func (r *reviewer) add(f Finding) { r.out.Findings = append(r.out.Findings, f) }

// present is the id that a person goes by now.
func (r *reviewer) present(id string) string {
	if now, ok := r.former[id]; ok {
		return now
	}
	return id
}

// zone is where a person's days begin and end.
func (r *reviewer) zone(personID string) *time.Location {
	p := r.index[personID]
	if p == nil || p.TimeZone == "" || p.TimeZone == "Local" {
		return r.Zone
	}
	if loc, ok := r.zones[p.TimeZone]; ok {
		return loc
	}
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		loc = r.Zone
	}
	r.zones[p.TimeZone] = loc
	return loc
}

// days is a number of days as a duration.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// day writes an instant as a date.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// who names somebody by id, and by what they are called where that is known.
func (r *reviewer) who(personID string) string {
	p := r.index[personID]
	if p == nil {
		return personID
	}
	name := p.DisplayName
	if name == "" {
		name = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
	if name == "" {
		return personID
	}
	return fmt.Sprintf("%s (%s)", name, personID)
}

// subject joins parts with the escapes of addresses.
func subject(parts ...string) string {
	for i, p := range parts {
		parts[i] = access.EscapePart(p)
	}
	return strings.Join(parts, "/")
}

// named is how many names a sentence lists.
const named = 5

// some joins names, the first few of them.
func some(names []string) string {
	if len(names) > named {
		return strings.Join(names[:named], ", ") + fmt.Sprintf(" and %d more", len(names)-named)
	}
	return strings.Join(names, ", ")
}
