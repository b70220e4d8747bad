package provider

import (
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// decisions remember what tenure_entitlements decided in this process, so that a resource can say which rule is
// behind a change. Terraform reads data sources before it plans what depends on them, in one process; an apply
// of a saved plan reads none, and then nothing is known here.
type decisions struct {
	mu   sync.Mutex
	list []*decision
}

// decision is one evaluation. Reasons take as much memory as everything else together and most runs ask about
// a few people or none, so they are worked out when the first is asked for.
type decision struct {
	policy  policy.Policy
	program *policy.Program
	input   policy.Input
	result  policy.Result

	once    sync.Once
	reasons map[string][]policy.Reason
	people  map[string]map[string]string // app → user name without case → person_id
}

func (d *decisions) remember(one *decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, one)
}

func (d *decisions) all() []*decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list)
}

// why says in words why somebody is to have something in an app, or not to have it. The subject is
// accounts/WHO, groups/GROUP/WHO or licenses/PRODUCT/WHO, percent-encoded within; WHO is a person_id or the
// user name that was decided on. It is "" when no tenure_entitlements of this run knows. Never base a planned
// value on it directly, see note: in the apply walk the answer is another one.
func (d *Data) why(app, subject string) string {
	kind, in, who, ok := parseSubject(subject)
	if !ok {
		return ""
	}
	refusal := ""
	for _, one := range d.decided.all() {
		if _, decides := one.result.Apps[app]; !decides {
			continue
		}
		why, given := one.why(app, kind, in, who)
		if given {
			return why
		}
		if refusal == "" {
			refusal = why
		}
	}
	return refusal
}

// undecided are the people whom no evaluation of this run could decide: they keep what they have.
func (d *decisions) undecided() company {
	people := company{}
	for _, one := range d.all() {
		for _, q := range one.result.Quarantined {
			if q.PersonID != "" {
				people[q.PersonID] = converge.Standing{Stage: converge.StageQuarantined, Why: q.Why}
			}
		}
	}
	return people
}

// note gives planning what policy knows about the difference between state and what was decided. Called by
// Read alone: what Read writes into private state is the same when Terraform plans again inside apply.
func (d *Data) note(app string, s converge.State, notes *converge.Notes) {
	notes.Whys, notes.Former, notes.OverlapDays, notes.Movers, notes.Expired = nil, nil, 0, nil, nil
	for _, one := range d.decided.all() {
		want, decides := one.result.Apps[app]
		if !decides {
			continue
		}
		notes.OverlapDays = max(notes.OverlapDays, one.policy.Timing.OverlapDays)
		if len(one.result.SamePerson) > 0 {
			notes.Former = one.result.SamePerson
		}
		if notes.OverlapDays > 0 {
			notes.Movers = one.movers(want, app, s)
		}
		if ended := one.expired(want, app, s); len(ended) > 0 {
			notes.Expired = ended
		}
		names := keysByName(s)
		for subject := range differing(want, s) {
			why := d.why(app, subject.String())
			if id := names[strings.ToLower(subject.Who)]; why == "" && id != "" && subject.Kind != access.GrantAccount {
				known := subject
				known.Who = id // policy gives this person nothing, so it has no user name for them
				why = d.why(app, known.String())
			}
			if why != "" {
				if notes.Whys == nil {
					notes.Whys = make(map[converge.Subject]string)
				}
				notes.Whys[subject] = why
			}
		}
	}
}

// movers are the subjects that policy no longer gives, of people to whom it gives an account somewhere.
func (o *decision) movers(want policy.App, app string, s converge.State) map[converge.Subject]bool {
	o.once.Do(o.recall)
	employed := make(map[string]bool)
	for _, a := range o.result.Apps {
		for id := range a.Accounts {
			employed[id] = true
		}
	}
	names := keysByName(s)
	moved := make(map[converge.Subject]bool)
	note := func(subject converge.Subject) {
		id := subject.Who
		if subject.Kind != access.GrantAccount {
			if id = o.people[app][strings.ToLower(subject.Who)]; id == "" {
				id = names[strings.ToLower(subject.Who)]
			}
		}
		if employed[id] {
			moved[subject] = true
		}
	}
	for subject := range differing(want, s) {
		note(subject)
	}
	for subject := range s.Held {
		note(subject)
	}
	return moved
}

// keysByName are the keys of the accounts in state by user name without case.
func keysByName(s converge.State) map[string]string {
	names := make(map[string]string, len(s.Accounts))
	for id, a := range s.Accounts {
		names[strings.ToLower(a.UserName())] = id
	}
	return names
}

// differing are the subjects that only one of the two has, or that both have otherwise.
func differing(want policy.App, have converge.State) iter.Seq[converge.Subject] {
	return func(yield func(converge.Subject) bool) {
		for id := range want.Accounts {
			if _, ok := have.Accounts[id]; !ok && !yield(converge.Subject{Kind: access.GrantAccount, Who: id}) {
				return
			}
		}
		for id := range have.Accounts {
			if _, ok := want.Accounts[id]; !ok && !yield(converge.Subject{Kind: access.GrantAccount, Who: id}) {
				return
			}
		}
		for kind, grants := range map[access.GrantKind][2]converge.Grants{
			access.GrantGroup: {want.Groups, have.Groups}, access.GrantLicense: {want.Licenses, have.Licenses},
		} {
			for i, these := range grants {
				for in, holders := range these {
					for who, v := range holders {
						if other, ok := grants[1-i][in][who]; (!ok || other != v) && !yield(converge.Subject{Kind: kind, In: in, Who: who}) {
							return
						}
					}
				}
			}
		}
	}
}

func parseSubject(s string) (kind access.GrantKind, in, who string, ok bool) {
	parts := strings.Split(s, "/")
	for i := range parts {
		plain, err := url.PathUnescape(parts[i])
		if err != nil {
			return "", "", "", false
		}
		parts[i] = plain
	}
	switch kind = access.GrantKind(parts[0]); {
	case kind == access.GrantAccount && len(parts) == 2:
		return kind, "", parts[1], true
	case (kind == access.GrantGroup || kind == access.GrantLicense) && len(parts) == 3:
		return kind, parts[1], parts[2], true
	}
	return "", "", "", false
}

// why is the reason for or against a grant, and whether it is given.
func (o *decision) why(app string, kind access.GrantKind, in, who string) (why string, given bool) {
	o.once.Do(o.recall)
	person := who
	if id, ok := o.people[app][strings.ToLower(who)]; ok {
		person = id
	}
	var refused []string
	for _, r := range o.reasons[person] {
		g, err := access.ParseGrant(r.Grant)
		if err != nil || g.App != app || g.Kind != kind || g.Name != in {
			continue
		}
		if r.Given {
			return r.Why, true
		}
		refused = append(refused, r.Why)
	}
	if len(refused) > 0 {
		return strings.Join(refused, "; "), false
	}
	return o.unmatched(app, kind, in, person), false
}

// recall evaluates again, this time with reasons.
func (o *decision) recall() {
	if o.reasons = o.result.Reasons; o.reasons == nil {
		in := o.input
		in.Reasons, in.UpcomingDays = true, 0
		o.reasons = o.program.Evaluate(in).Reasons
	}
	o.people = make(map[string]map[string]string, len(o.result.Apps))
	for name, app := range o.result.Apps {
		o.people[name] = make(map[string]string, len(app.Accounts))
		for id, a := range app.Accounts {
			o.people[name][strings.ToLower(a.UserName)] = id
		}
	}
}

// unmatched speaks of somebody in the rosters to whom nothing gives this any more: a mover.
func (o *decision) unmatched(app string, kind access.GrantKind, in, person string) string {
	known := func(p access.Person) bool { return p.PersonID == person }
	if !slices.ContainsFunc(o.input.People, known) {
		return "" // that somebody is gone is for the rosters to say
	}
	var rules []string
	for _, r := range o.policy.Rules {
		if gives(r.Grants, app, kind, in) {
			rules = append(rules, fmt.Sprintf("%q", r.Name))
		}
	}
	if len(rules) == 0 {
		return "no rule gives it"
	}
	return "no longer matched by rule " + strings.Join(rules, ", ")
}

// gives reports whether grants name a group, a product or anything in an app.
func gives(g policy.Grants, app string, kind access.GrantKind, in string) bool {
	_, role := g.GroupRoles[app][in]
	_, license := g.Licenses[app][in]
	switch kind {
	case access.GrantGroup:
		return role || slices.Contains(g.Groups[app], in)
	case access.GrantLicense:
		return license
	case access.GrantAccount, access.GrantRole:
	}
	return slices.Contains(g.Accounts, app) || len(g.Groups[app]) > 0 || len(g.GroupRoles[app]) > 0 || len(g.Licenses[app]) > 0 || g.Roles[app] != ""
}
