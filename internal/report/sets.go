package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// unknownValue stands for what only the apply decides.
const unknownValue = "(known after apply)"

// reader reads one set-shaped resource.
type reader struct {
	*builder
	*change
	app   string
	drift map[subject]string
}

// readSet tells what tenure_app_access or tenure_group_members changes.
func (b *builder) readSet(c *change) {
	r := b.reader(c)
	switch {
	case c.after == nil && c.before == nil:
		return
	case c.after == nil:
		r.destroyed()
		return
	case c.unknown.is("accounts"), c.unknown.is("members"), c.unknown.is("explanations"):
		b.note("unknown", c.address, "What it changes is decided during the apply: part of its configuration is not known before.")
		return
	}
	for _, set := range []string{"groups", "licenses"} {
		if c.unknown.is(set) || len(c.unknown.keys(set)) > 0 {
			b.note("unknown", c.address, "Some of its "+set+" are decided during the apply and not shown.")
		}
	}
	r.accounts()
	r.assignments(access.GrantGroup, Group)
	r.assignments(access.GrantLicense, License)
	r.held()
	r.strangers()
}

func (b *builder) reader(c *change) *reader {
	r := &reader{builder: b, change: c, drift: b.drift[driftKey{c.plan, c.address}]}
	for _, v := range []*values{c.before, c.after} {
		if v != nil {
			r.app = cmp.Or(v.App, r.app)
		}
	}
	return r
}

// key is the person behind a subject.
func (r *reader) key(s subject) string {
	if s.kind == access.GrantAccount {
		if r.index.people[s.who] != nil {
			return s.who
		}
	}
	return r.index.keyOf(r.app, s.who)
}

// tell adds a grant about a subject, with what was changed behind Tenure's back there.
func (r *reader) tell(s subject, g Grant) {
	g.App, g.Plan, g.Resource = r.app, r.plan, r.address
	if g.Drift == "" {
		g.Drift = r.drift[s]
	}
	r.take(s)
	r.grant(r.key(s), g)
}

// take marks what was changed behind Tenure's back as told.
func (r *reader) take(s subject) {
	if _, ok := r.drift[s]; ok {
		r.drift[s] = ""
	}
}

// explained is what the plan says it does to a subject. Without a word about it nothing happens to it: it only has
// another name, or is the same under another key.
func (r *reader) explained(s subject) (explanation, bool) {
	if r.before == nil {
		return explanation{Change: "manage"}, true
	}
	if r.action == "no-op" || r.action == "read" {
		return explanation{}, false
	}
	e, ok := r.after.explanations[s]
	return e, ok
}

func (r *reader) accounts() {
	var was map[string]account
	if r.before != nil {
		was = r.before.Accounts
	}
	for key, now := range r.after.Accounts {
		s := accountOf(key)
		old, had := was[key]
		e, explained := r.explained(s)
		r.holds(r.key(s), had || e.Change == "adopt" || e.Change == "return" || e.Change == "move", true)
		switch {
		case had && explained:
			r.account(s, &old, &now, e)
		case had || !explained:
		default:
			effect := Gain
			if e.Change == "adopt" || e.Change == "return" || e.Change == "move" {
				effect = Change // it is there already
			}
			r.tell(s, Grant{Effect: effect, Kind: Account, Action: e.Change, Why: e.Why, enrolled: r.before == nil})
			if now.Role != "" {
				r.tell(s, Grant{Effect: effect, Kind: Role, Value: now.Role, Action: e.Change, Why: e.Why, enrolled: r.before == nil})
			}
		}
	}
	for key, old := range was {
		s := accountOf(key)
		if _, stays := r.after.Accounts[key]; stays {
			continue
		}
		_, held := r.after.held[s]
		r.holds(r.key(s), true, held)
		e, explained := r.explained(s)
		if held || !explained || e.Change == "move" || e.Change == "hold" {
			continue
		}
		r.tell(s, Grant{Effect: Lose, Kind: Account, Action: e.Change, Why: e.Why})
		if old.Role != "" {
			r.tell(s, Grant{Effect: Lose, Kind: Role, Value: old.Role, Action: e.Change, Why: e.Why})
		}
	}
}

// account tells what changes about one that stays.
func (r *reader) account(s subject, was, now *account, e explanation) {
	if e.Change == "update" {
		e.Why = "" // "differs in title": the fields say it
	}
	told := false
	say := func(g Grant) {
		g.Action, g.Why, told = cmp.Or(g.Action, e.Change), cmp.Or(g.Why, e.Why), true
		r.tell(s, g)
	}
	switch {
	case !was.inactive() && now.inactive():
		say(Grant{Effect: Lose, Kind: Account, Action: "deactivate"})
	case was.inactive() && !now.inactive():
		say(Grant{Effect: Gain, Kind: Account, Action: "reactivate"})
	}
	if now.Role != "" && now.Role != was.Role {
		say(roleChange(was.Role, now.Role))
	}
	if fields := fieldChanges(was, now); len(fields) > 0 {
		say(Grant{Effect: Change, Kind: Profile, Fields: fields, Reason: profileReason(e.Why)})
	}
	if !told && (e.Change == "move" || e.Change == "return") {
		say(Grant{Effect: Change, Kind: Account})
	}
}

func roleChange(was, now string) Grant {
	g := Grant{Effect: Change, Kind: Role, Value: now, Was: was}
	if was == "" {
		g.Effect = Gain
	}
	return g
}

// profileReason is that of a field that follows HR or configuration, where nothing more is said.
func profileReason(why string) Reason {
	if why == "" {
		return ByProfile
	}
	return ""
}

// assignments tells who gets into and out of groups, or products.
func (r *reader) assignments(kind access.GrantKind, as Kind) {
	var was grants
	if r.before != nil {
		was = r.before.grants(kind)
	}
	set := "groups"
	if as == License {
		set = "licenses"
	}
	if r.typ == "tenure_group_members" {
		set = "members"
	}
	for in, holders := range r.after.grants(kind) {
		for who, value := range holders {
			s := subject{kind, in, who}
			old, had := was[in][who]
			e, explained := r.explained(s)
			stranger, strange := "", false
			if r.before != nil {
				stranger, strange = r.before.strangers[s]
			}
			switch {
			case had && old == value || !explained || e.Change == "rename":
			case had:
				r.tell(s, Grant{Effect: Change, Kind: as, Name: in, Value: value, Was: old, Action: e.Change, Why: e.Why})
			case strange:
				r.tell(s, Grant{Effect: Change, Kind: as, Name: in, Value: value, Was: stranger, Action: "adopt", Why: e.Why})
			default:
				r.tell(s, Grant{Effect: Gain, Kind: as, Name: in, Value: value, Action: e.Change, Why: e.Why, enrolled: r.before == nil})
			}
		}
	}
	for in, holders := range was {
		if r.unknown.is(set) || r.unknown.is(set, in) {
			continue
		}
		for who, old := range holders {
			s := subject{kind, in, who}
			_, stays := r.after.grants(kind)[in][who]
			_, held := r.after.held[s]
			_, released := r.after.strangers[s]
			e, explained := r.explained(s)
			switch {
			case stays || held || released || !explained || e.Change == "hold":
			case r.unknown.is(set, in, who), r.unknown.is(set, who):
				r.tell(s, Grant{Effect: Change, Kind: as, Name: in, Value: unknownValue, Was: old, Action: "change", Why: e.Why})
			default:
				r.tell(s, Grant{Effect: Lose, Kind: as, Name: in, Value: old, Action: e.Change, Why: e.Why})
			}
		}
	}
}

// kindOf is the kind of what a subject holds.
func (s subject) kindOf() Kind {
	switch s.kind {
	case access.GrantGroup:
		return Group
	case access.GrantLicense:
		return License
	case access.GrantAccount, access.GrantRole:
	}
	return Account
}

// held tells what is kept although configuration does not ask for it.
func (r *reader) held() {
	for s, h := range r.after.held {
		value := ""
		if r.before != nil && s.kind != access.GrantAccount {
			value = cmp.Or(r.before.grants(s.kind)[s.in][s.who], r.before.strangers[s])
		}
		if s.kind == access.GrantAccount {
			r.holds(r.key(s), true, true)
		}
		r.tell(s, Grant{
			Effect: Held, Kind: s.kindOf(), Name: s.in, Value: value, Why: heldWords(h.Reason), Reason: Reason(h.Reason), Since: h.Since,
		})
	}
}

// strangers tells what is there and in no configuration, and what of it goes.
func (r *reader) strangers() {
	for s, value := range r.after.strangers {
		if s.kind == access.GrantAccount {
			r.holds(r.key(s), true, true)
			value = "" // the account's id
		}
		g := Grant{Effect: Unmanaged, Kind: s.kindOf(), Name: s.in, Value: value, Why: "in no configuration, and left alone", Reason: ByNobody}
		if e, ok := r.explained(s); ok && r.before != nil && e.Change == "release" {
			g.Action, g.Why, g.Reason = "release", e.Why, ByImport
		}
		r.tell(s, g)
	}
	if r.before == nil || r.unknown.is("strangers") {
		return
	}
	for s, value := range r.before.strangers {
		if s.kind == access.GrantAccount {
			r.holds(r.key(s), true, false)
			value = ""
		}
		_, stays := r.after.strangers[s]
		_, held := r.after.held[s]
		e, explained := r.explained(s)
		if stays || held || !explained || !slices.Contains([]string{"remove", "deactivate", "delete"}, e.Change) {
			continue
		}
		r.tell(s, Grant{Effect: Lose, Kind: s.kindOf(), Name: s.in, Value: value, Action: e.Change, Why: e.Why, Reason: ByNobody})
	}
}

// destroyed tells what the end of the whole resource means.
func (r *reader) destroyed() {
	if cmp.Or(r.before.OnDestroy, "keep") == "keep" || r.action == "forget" {
		r.note("destroyed", r.address, fmt.Sprintf("It is destroyed and keeps what is there: nobody loses anything, and Tenure no longer manages %s.",
			strings.Join(r.contents(), ", ")))
		for key := range r.before.Accounts {
			r.holds(r.key(accountOf(key)), true, true)
		}
		return
	}
	const why = `the resource is destroyed, and on_destroy is "remove"`
	for key, a := range r.before.Accounts {
		s := accountOf(key)
		r.holds(r.key(s), true, false)
		r.tell(s, Grant{Effect: Lose, Kind: Account, Action: cmp.Or(r.before.OnRemoval, "deactivate"), Why: why, Reason: ByConfiguration})
		if a.Role != "" {
			r.tell(s, Grant{Effect: Lose, Kind: Role, Value: a.Role, Action: "remove", Why: why, Reason: ByConfiguration})
		}
	}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for in, holders := range r.before.grants(kind) {
			for who, value := range holders {
				s := subject{kind, in, who}
				r.tell(s, Grant{Effect: Lose, Kind: s.kindOf(), Name: in, Value: value, Action: "remove", Why: why, Reason: ByConfiguration})
			}
		}
	}
}

func (r *reader) contents() []string {
	n := map[access.GrantKind]int{access.GrantAccount: len(r.before.Accounts)}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for _, holders := range r.before.grants(kind) {
			n[kind] += len(holders)
		}
	}
	var parts []string
	for _, p := range []struct {
		kind      access.GrantKind
		one, many string
	}{{access.GrantAccount, "account", "accounts"}, {access.GrantGroup, "membership", "memberships"}, {access.GrantLicense, "license", "licenses"}} {
		if n[p.kind] > 0 {
			parts = append(parts, count(n[p.kind], p.one, p.many))
		}
	}
	if parts == nil {
		return []string{"nothing that it held"}
	}
	return parts
}
