package converge

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// keepers looks after the groups that would lose the last holder of the role that runs them. Strangers among those
// holders stay, held as protected; where configuration itself takes the role from the last ones, they are
// named for the brake.
func (p *planner) keepers() {
	role := p.notes.Keeper
	if role == "" {
		return
	}
	for in := range p.keptGroups(role) {
		if p.keeps(in, role) {
			continue
		}
		var spared []Subject
		var last []string
		for _, l := range p.out.Losses {
			if l.Subject.Kind != access.GrantGroup || l.Subject.In != in || p.roleOf(l.Subject) != role {
				continue
			}
			if _, managed := p.prior.Groups[in][l.Subject.Who]; managed {
				last = append(last, l.Subject.Who)
			} else {
				spared = append(spared, l.Subject)
			}
		}
		for _, s := range spared {
			delete(p.out.State.Explanations, s)
			p.holdAs(s, Protected, p.firstSeen(s))
		}
		if len(spared) > 0 {
			p.out.Losses = slices.DeleteFunc(p.out.Losses, func(l Loss) bool { return slices.Contains(spared, l.Subject) })
			continue
		}
		if len(last) > 0 {
			slices.Sort(last)
			if p.out.LastKeepers == nil {
				p.out.LastKeepers = make(map[string][]string)
			}
			p.out.LastKeepers[in] = last
		}
	}
}

func (p *planner) firstSeen(s Subject) string {
	if first, ok := p.notes.Seen[s]; ok {
		return stamp(first)
	}
	return p.since()
}

// keptGroups are the groups that somebody with the role is in.
func (p *planner) keptGroups(role string) map[string]bool {
	kept := make(map[string]bool)
	for in, members := range p.prior.Groups {
		for _, r := range members {
			if r == role {
				kept[in] = true
				break
			}
		}
	}
	for s, r := range p.prior.Strangers {
		if s.Kind == access.GrantGroup && r == role {
			kept[s.In] = true
		}
	}
	for s := range p.prior.Held {
		if s.Kind == access.GrantGroup && p.notes.Values[s] == role {
			kept[s.In] = true
		}
	}
	return kept
}

// keeps reports whether the plan leaves or puts somebody with the role into the group.
func (p *planner) keeps(in, role string) bool {
	for _, r := range p.out.State.Groups[in] {
		if r == role || r == Unknown {
			return true
		}
	}
	for s, r := range p.out.State.Strangers {
		if s.Kind == access.GrantGroup && s.In == in && r == role {
			return true
		}
	}
	for s := range p.out.State.Held {
		if s.Kind == access.GrantGroup && s.In == in && p.roleOf(s) == role {
			return true
		}
	}
	return false
}

// roleOf is the role that s has now, whatever state knows it as.
func (p *planner) roleOf(s Subject) string {
	if r := p.prior.Groups[s.In][s.Who]; r != "" {
		return r
	}
	if r := p.prior.Strangers[s]; r != "" {
		return r
	}
	return p.notes.Values[s]
}

// spareKeepers fails the steps that would take the last holders of the role that runs a group, where the plan counted
// on others who are there no more. It gives the other steps.
func (r *run) spareKeepers(ctx context.Context, groupID, in string, list []grantStep) []grantStep {
	role := r.Notes.Keeper
	goes := func(s grantStep) bool { return role != "" && s.was == role && s.value != role }
	if !slices.ContainsFunc(list, goes) {
		return list
	}
	p := planner{differ: &differ{prior: r.prior, planned: r.Planned, notes: r.Notes}, out: Planned{State: r.Planned}}
	if !p.keeps(in, role) {
		return list // approved: see Planned.LastKeepers
	}
	members, err := r.app.Members(ctx, groupID)
	if err == nil {
		left := 0
		for _, m := range members {
			if m.Role == role && !slices.ContainsFunc(list, func(s grantStep) bool { return goes(s) && s.id == m.AccountID }) {
				left++
			}
		}
		if left > 0 {
			return list
		}
		err = &fault.Error{
			Kind: fault.Stale, System: r.app.Name(), Op: "take the role " + role + " away in", Subject: "group " + in, State: "Nothing was written for it.",
			Cause: fmt.Sprintf("nobody else with the role %s is left in the group, as there was to be when this was planned", role), Next: "Plan again.",
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(s grantStep) bool {
		if goes(s) {
			r.failOne(s, err)
		}
		return goes(s)
	})
}
