package converge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// accounts plans who has an account: everybody in configuration, each followed by the immutable id.
func (p *planner) accounts() {
	leaving := make(map[string]string) // key by folded user name
	for key, a := range p.prior.Accounts {
		if _, stays := p.cfg.Accounts[key]; !stays {
			leaving[p.rules.fold(a.UserName())] = key
		}
	}
	strangers := make(map[string]Subject) // by folded user name
	for s := range p.prior.Strangers {
		if s.Kind == access.GrantAccount {
			strangers[p.rules.fold(s.Who)] = s
		}
	}
	aside := make(map[string]string) // who is held and in no map, by folded user name
	for who, ref := range p.notes.Aside {
		if _, held := p.prior.Held[account(who)]; held {
			aside[p.rules.fold(ref.UserName)] = who
		}
	}
	moved := make(map[string]bool)
	for _, key := range slices.Sorted(maps.Keys(p.cfg.Accounts)) {
		want := p.cfg.Accounts[key]
		if was, ok := p.prior.Accounts[key]; ok {
			p.renames(key, want, was, strangers, leaving)
			p.stay(key, want, was, p.prior.IDs[key])
			continue
		}
		name := p.rules.fold(want.UserName())
		from, moves := leaving[name]
		moves = moves && name != "" && !moved[from]
		_, returns := p.prior.Held[account(key)]
		who, namesake := aside[name]
		stranger, adopts := strangers[name]
		switch {
		case moves && p.mayMove(key, from, want):
			moved[from] = true
			p.stay(key, want, p.prior.Accounts[from], p.prior.IDs[from])
			p.explain(account(key), "move", "the account of "+from+" under another key")
		case moves:
			p.enter(key, want, Unknown, "create", "in configuration") // a problem already
		case returns && p.notes.Aside[key].ID != "":
			p.enter(key, want, p.notes.Aside[key].ID, "return", "in configuration again")
			p.stayInactive(key, key, want)
		case namesake && name != "" && (p.rules.fold(who) == name || p.mayMove(key, who, want)):
			p.enter(key, want, p.notes.Aside[who].ID, "return", "in configuration; the account was held as "+who)
			p.stayInactive(key, who, want)
		case adopts && name != "":
			delete(strangers, name)
			p.enter(key, want, p.prior.Strangers[stranger], "adopt", "in configuration; the account is there already")
		default:
			p.enter(key, want, Unknown, "create", "in configuration")
		}
	}
	for _, key := range slices.Sorted(maps.Values(leaving)) {
		if moved[key] {
			continue
		}
		ref := access.AccountRef{ID: p.prior.IDs[key], UserName: p.prior.Accounts[key].UserName()}
		if p.notes.releasing() {
			p.release(account(ref.UserName), ref.ID)
			continue
		}
		p.leave(account(key), ref, p.notes.Standings[key])
	}
}

// renames refuses a new user name that is another account's already.
func (p *planner) renames(key string, want, was Account, strangers map[string]Subject, leaving map[string]string) {
	name := p.rules.fold(want.UserName())
	_, known := p.notes.Reused[account(key)]
	if name == "" || known || name == p.rules.fold(was.UserName()) {
		return
	}
	other, owner := "", ""
	if s, ok := strangers[name]; ok {
		other = p.prior.Strangers[s]
	} else if k, ok := leaving[name]; ok {
		other, owner = p.prior.IDs[k], k
	}
	if id := p.prior.IDs[key]; other != "" && other != id {
		p.takenName(key, want.UserName(), id, other, owner)
	}
}

// mayMove reports whether the account of one key may become that of another: only where nothing on the
// account says whose it is.
func (p *planner) mayMove(key, from string, want Account) bool {
	if !p.rules.Bound || p.notes.Unbound[from] || slices.Contains(p.notes.Former[key], from) {
		return true
	}
	p.problem(fault.Error{
		Kind: fault.Exists, Op: "give", Subject: want.UserName() + " to " + key,
		Cause: fmt.Sprintf("that account belongs to %s, who leaves the configuration, and not to %s", from, key),
		Next: fmt.Sprintf("If both are one person, change the person_id on the account in %s to %q. If they are two people, give %s another user name: identities = { %s = { %q = \"...\" } }",
			p.rules.App, key, key, p.rules.App, key),
	})
	return false
}

// enter plans somebody who is new in configuration.
func (p *planner) enter(key string, want Account, id, change, why string) {
	p.put(key, want, Account{}, id)
	p.explain(account(key), change, p.why(account(key), why))
}

// stayInactive leaves somebody who comes back deactivated, where somebody else did that while they were held as who.
func (p *planner) stayInactive(key, who string, want Account) {
	if p.notes.Inactive[who] && want.Fields[Active] == "" {
		p.out.State.Held[account(key)] = Held{DeactivatedElsewhere, p.since()}
	}
}

// stay plans somebody who goes on.
func (p *planner) stay(key string, want, was Account, id string) {
	now := p.put(key, want, was, id)
	if now.Equal(was) {
		return
	}
	var fields []string
	for _, f := range append(access.Fields(), Active, Attributes) {
		if now.Fields[f] != was.Fields[f] {
			fields = append(fields, string(f))
		}
	}
	if !maps.Equal(now.Attributes, was.Attributes) {
		fields = append(fields, string(Attributes))
	}
	s, name := account(key), was.UserName()
	if role := was.Fields[access.Role]; role != "" && now.Fields[access.Role] != role {
		p.guardRole(s, name, role)
	}
	switch {
	case was.Fields[Active] == "false" && now.Fields[Active] == "" && p.notes.Suspended[id]:
		p.lose(s, id, name, "reactivate", "configuration no longer keeps the account deactivated", Configured)
	case was.Fields[Active] == "false" && now.Fields[Active] == "true":
		p.lose(s, id, name, "reactivate", "active = true is enforced", Configured)
	case was.Fields[Active] != "false" && now.Fields[Active] == "false":
		if p.guarded("deactivate", name, name, ", and active = false") {
			return
		}
		p.lose(s, id, name, "deactivate", "active = false", Configured)
	default:
		p.explain(s, "update", "differs in "+strings.Join(fields, ", "))
	}
}

// guardRole refuses to change the role of a protected account: roles have no order that is known here, so every
// other one may be less.
func (p *planner) guardRole(s Subject, userName, role string) {
	if p.rules.Protected(userName) {
		p.problem(fault.Error{
			Kind: fault.Protected, Op: "take the role " + role + " from", Subject: s.String(), Cause: "protected_accounts covers " + userName,
			Next: "Leave the role as it is, or take the account off protected_accounts first.",
		})
	}
}

// put plans each field as configured, else as it is, else null; never unknown.
func (p *planner) put(key string, want, was Account, id string) Account {
	now := merge(want, was, p.notes.Suspended[id])
	p.out.State.Accounts[key], p.out.State.IDs[key] = now, id
	if id != Unknown {
		p.taken[id] = true
	}
	return now
}

// merge plans the fields of one account. An account that Tenure deactivated on request becomes unmanaged
// again when the request goes, which reactivates it.
func merge(want, was Account, suspended bool) Account {
	now := Account{Fields: make(map[access.Field]string, len(want.Fields)), Attributes: want.Attributes}
	maps.Copy(now.Fields, was.Fields)
	maps.Copy(now.Fields, want.Fields)
	if suspended && want.Fields[Active] == "" && was.Fields[Active] == "false" {
		delete(now.Fields, Active)
	}
	if want.Attributes == nil && want.Fields[Attributes] != Unknown {
		now.Attributes = was.Attributes
	}
	if now.Equal(was) {
		return was
	}
	return now
}

// release leaves something to itself that was only just imported.
func (p *planner) release(s Subject, value string) {
	p.out.State.Strangers[s] = value
	p.explain(s, "release", "imported, and not in configuration")
	p.released[s] = true
}

// leave decides about an account that configuration no longer asks for.
func (p *planner) leave(s Subject, ref access.AccountRef, st Standing) {
	if p.cfg.OnRemoval == access.Keep {
		p.holdAs(s, Kept, p.since())
		return
	}
	v, ok := p.judge(s, ref.UserName, st)
	switch {
	case !ok:
	case v.hold != "":
		p.holdAs(s, v.hold, p.since())
	default:
		p.lose(s, ref.ID, ref.UserName, string(p.cfg.OnRemoval), v.why, v.label)
	}
}

// duplicates refuses two entries that mean one account or one holder.
func (p *planner) duplicates() {
	seen := make(map[string]string, len(p.cfg.Accounts))
	for _, key := range slices.Sorted(maps.Keys(p.cfg.Accounts)) {
		name := p.cfg.Accounts[key].UserName()
		if name == "" {
			continue
		}
		if other, twice := seen[p.rules.fold(name)]; twice {
			p.problem(fault.Error{
				Kind: fault.Invalid, Op: "plan", Subject: "accounts " + other + " and " + key,
				Cause: "both have the user name " + name,
				Next:  fmt.Sprintf("Say which account is whose: identities = { %s = { %q = \"...\" } }", p.rules.App, key),
			})
		}
		seen[p.rules.fold(name)] = key
	}
	if !p.rules.FoldCase {
		return
	}
	for _, kind := range grantKinds() {
		for in, holders := range p.cfg.grants(kind) {
			seen := make(map[string]string, len(holders))
			for u := range holders {
				if other, twice := seen[p.rules.fold(u)]; twice {
					p.problem(fault.Error{
						Kind: fault.Invalid, Op: "plan", Subject: min(u, other) + " and " + max(u, other) + " in " + in,
						Cause: "the app takes them for one user name: it ignores case", Next: "Keep one of the two.",
					})
				}
				seen[p.rules.fold(u)] = u
			}
		}
	}
}
