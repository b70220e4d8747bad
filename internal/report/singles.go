package report

import (
	"cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// The words for what single resources ask for: their explanations are their configuration.
const (
	inConfiguration = "in configuration"
	outOf           = "no longer in configuration"
)

// holder is the person of a resource that names one.
func (r *reader) holder(v *values) (string, bool) {
	if v.PersonID != "" && v.PersonID != hidden {
		return v.PersonID, true
	}
	if v.UserName == "" {
		r.note("unknown", r.address, "Whom it concerns is decided during the apply: the user name is not known before.")
		return "", false
	}
	key := r.index.keyOf(r.app, v.UserName)
	if r.typ == "tenure_account" {
		r.index.named(key, &v.account)
	}
	return key, true
}

func (r *reader) give(key string, g Grant) {
	g.App, g.Plan, g.Resource = r.app, r.plan, r.address
	s := accountOf("")
	if g.Drift = r.drift[s]; g.Drift != "" {
		r.drift[s] = ""
	}
	r.grant(key, g)
}

// readAccount tells what one tenure_account changes.
func (b *builder) readAccount(c *change) {
	r := b.reader(c)
	v := cmp.Or(c.after, c.before)
	if v == nil {
		return
	}
	key, ok := r.holder(v)
	if !ok {
		return
	}
	r.holds(key, c.before != nil, c.after != nil)
	why := b.reasons[key][(&Grant{App: r.app, Kind: Account}).address()]
	switch c.action {
	case "create":
		why = cmp.Or(why, inConfiguration)
		if c.after.inactive() {
			r.give(key, Grant{Effect: Change, Kind: Account, Action: "deactivate", Why: "active = false"})
			return
		}
		r.give(key, Grant{Effect: Gain, Kind: Account, Action: "create", Why: why})
		if c.after.Role != "" {
			r.give(key, Grant{Effect: Gain, Kind: Role, Value: c.after.Role, Action: "create", Why: why})
		}
	case "delete":
		if c.before.OnRemoval == "keep" {
			r.holds(key, true, true)
			b.note("destroyed", c.address, `It is destroyed with on_removal = "keep": the account stays, and Tenure no longer manages it.`)
			return
		}
		r.give(key, Grant{Effect: Lose, Kind: Account, Action: cmp.Or(c.before.OnRemoval, "deactivate"), Why: cmp.Or(why, outOf)})
		if c.before.Role != "" {
			r.give(key, Grant{Effect: Lose, Kind: Role, Value: c.before.Role, Action: "remove", Why: cmp.Or(why, outOf)})
		}
	case "replace":
		if c.before.App != c.after.App {
			old := &reader{builder: b, change: c, app: c.before.App}
			old.give(key, Grant{Effect: Lose, Kind: Account, Action: cmp.Or(c.before.OnRemoval, "deactivate"), Why: outOf})
			r.give(key, Grant{Effect: Gain, Kind: Account, Action: "create", Why: cmp.Or(why, inConfiguration)})
			return
		}
		r.accountFields(key)
	case "update":
		r.accountFields(key)
	case "forget":
		r.holds(key, true, true)
		b.note("destroyed", c.address, "Tenure forgets it: the account stays as it is.")
	}
}

// accountFields tells what changes about an account that stays.
func (r *reader) accountFields(key string) {
	was, now := &r.before.account, &r.after.account
	switch {
	case !was.inactive() && now.inactive():
		r.give(key, Grant{Effect: Lose, Kind: Account, Action: "deactivate", Why: "active = false"})
	case was.inactive() && !now.inactive():
		r.give(key, Grant{Effect: Gain, Kind: Account, Action: "reactivate", Why: "active = true is enforced"})
	}
	if now.Role != "" && now.Role != was.Role {
		g := roleChange(was.Role, now.Role)
		g.Action, g.Why = "change", inConfiguration
		r.give(key, g)
	}
	if fields := fieldChanges(was, now); len(fields) > 0 {
		r.give(key, Grant{Effect: Change, Kind: Profile, Fields: fields, Action: "update", Reason: ByProfile})
	}
}

// readAssignment tells what one tenure_group_membership or tenure_license_assignment changes.
func (b *builder) readAssignment(c *change) {
	r := b.reader(c)
	if c.before == nil && c.after == nil {
		return
	}
	of := func(v *values) Grant {
		if c.typ == "tenure_group_membership" {
			return Grant{Kind: Group, Name: v.Group, Value: v.Role}
		}
		return Grant{Kind: License, Name: cmp.Or(v.Product, v.License), Value: v.License}
	}
	say := func(v *values, effect Effect, action, otherwise string) {
		if key, ok := r.holder(v); ok {
			g := of(v)
			g.App = v.App
			g.Effect, g.Action, g.Why = effect, action, cmp.Or(b.reasons[key][g.address()], otherwise)
			r.give(key, g)
		}
	}
	switch c.action {
	case "create":
		say(c.after, Gain, "add", inConfiguration)
	case "delete":
		say(c.before, Lose, "remove", outOf)
	case "update", "replace":
		was, now := of(c.before), of(c.after)
		if c.before.App == c.after.App && c.before.UserName == c.after.UserName && was.Name == now.Name {
			if key, ok := r.holder(c.after); ok && was.Value != now.Value {
				now.Effect, now.Was, now.Action, now.Why = Change, was.Value, "change", inConfiguration
				r.give(key, now)
			}
			return
		}
		app := r.app
		r.app = c.before.App
		say(c.before, Lose, "remove", outOf)
		r.app = app
		say(c.after, Gain, "add", inConfiguration)
	case "forget":
		b.note("destroyed", c.address, "Tenure forgets it: what it gave stays as it is.")
	}
}

// readGroup tells what happens to a group itself.
func (b *builder) readGroup(c *change) {
	v := cmp.Or(c.after, c.before)
	if v == nil || c.action == "no-op" || c.action == "read" {
		return
	}
	o := Object{App: v.App, Kind: "group", Name: v.Name, Action: c.action, Plan: c.plan, Resource: c.address}
	if c.action == "forget" || c.action == "delete" && v.OnRemoval != "delete" {
		o.Action = "keep" // Tenure lets go of it
	}
	b.report.Objects = append(b.report.Objects, o)
}

// readCutoff tells whom tenure_cutoff deactivates.
func (b *builder) readCutoff(c *change) {
	if c.after == nil || c.action == "no-op" {
		return // taking somebody off the list does nothing
	}
	r := b.reader(c)
	for person, why := range c.after.People {
		if c.before != nil {
			if _, before := c.before.People[person]; before && !c.unknown.is("done", person) {
				continue
			}
		}
		r.holds(person, true, false)
		r.give(person, Grant{Effect: Lose, Kind: Account, Action: "cut_off", Why: why, Reason: ByCutoff})
	}
}

// keeps adds what people who are in the report anyway have and keep.
func (b *builder) keeps(c *change) {
	v := c.after
	if v == nil || c.before == nil || c.action == "delete" {
		return
	}
	r := b.reader(c)
	keep := func(key string, g Grant) {
		p := b.people[key]
		if p == nil {
			return
		}
		g.App, g.Effect, g.Plan, g.Resource = r.app, Keep, c.plan, c.address
		for i := range p.Changes {
			other := &p.Changes[i]
			if other.App == g.App && other.Kind == g.Kind && other.Name == g.Name && (other.Resource == g.Resource || other.Writes()) {
				return // said already
			}
		}
		b.grant(key, g)
	}
	switch c.typ {
	case "tenure_account":
		if key, ok := r.holder(v); ok && !v.inactive() {
			keep(key, Grant{Kind: Account})
		}
	case "tenure_group_membership":
		if v.UserName != "" {
			keep(r.index.keyOf(r.app, v.UserName), Grant{Kind: Group, Name: v.Group, Value: v.Role})
		}
	case "tenure_license_assignment":
		if v.UserName != "" {
			keep(r.index.keyOf(r.app, v.UserName), Grant{Kind: License, Name: cmp.Or(v.Product, v.License), Value: v.License})
		}
	case "tenure_app_access", "tenure_group_members":
		for key, a := range v.Accounts {
			if _, had := c.before.Accounts[key]; had && !a.inactive() {
				keep(r.key(accountOf(key)), Grant{Kind: Account})
				if a.Role != "" {
					keep(r.key(accountOf(key)), Grant{Kind: Role, Value: a.Role})
				}
			}
		}
		for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
			for in, holders := range v.grants(kind) {
				for who, value := range holders {
					keep(r.index.keyOf(r.app, who), Grant{Kind: subject{kind: kind}.kindOf(), Name: in, Value: value})
				}
			}
		}
	}
}
