package converge

import (
	"slices"
	"strconv"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Seen is what an app shows.
type Seen struct {
	// Accounts are all accounts, the inactive included, with Manager as a user name. Whole is false where
	// only members were looked at, and says nothing about accounts then.
	Accounts []access.Account
	Whole    bool
	// Holders are who holds what, by the names that state uses. A group or product that is absent is gone.
	Holders map[access.GrantKind]map[string][]Holder
	Groups  map[string]GroupRef
	// Reused are holders in state whose user names mean other accounts now.
	Reused map[Subject]Reuse
}

// Holder is one membership or assignment. Via says what else gives it, so that it cannot be removed by itself; Any
// that whatever value is asked for is met.
type Holder struct {
	ID, Name, Value, Via string
	Any                  bool
}

// refresher carries one Refresh.
type refresher struct {
	rules       Rules
	prior, next State
	notes, n    Notes
	byID        map[string]access.Account
	keys        map[string]string // key by user name, as state will have it
	owners      map[string]string // key by account id, those set aside included
}

// Refresh is the state that matches what the app shows, with the notes for planning. Fields that are null
// stay null, except right after an import. standing is nil where no rosters are named.
func Refresh(prior State, notes Notes, seen Seen, rules Rules, now time.Time, standing func(personID string) Standing) (State, Notes) {
	r := &refresher{rules: rules, prior: prior, next: NewState(), notes: notes, byID: make(map[string]access.Account, len(seen.Accounts)), owners: make(map[string]string)}
	r.n = Notes{At: now.UTC().Truncate(time.Second), Imported: notes.Imported, Self: notes.Self, Keeper: rules.Keeper}
	for _, a := range seen.Accounts {
		r.byID[a.ID] = a
	}
	if seen.Whole {
		r.accounts(seen.Accounts)
	}
	r.keys = userKeys(r.next.Accounts)
	for _, kind := range grantKinds() {
		r.grants(kind, seen.Holders[kind])
	}
	r.groupRefs(seen.Groups)
	for s, re := range seen.Reused {
		r.noteReuse(s, re)
	}
	if standing != nil {
		r.standings(standing)
	}
	for s := range r.next.Strangers {
		r.see(s)
	}
	return r.next, r.n
}

// userKeys maps user names to account keys.
func userKeys(accounts map[string]Account) map[string]string {
	keys := make(map[string]string, len(accounts))
	for k, a := range accounts {
		if n := a.UserName(); n != "" {
			keys[n] = k
		}
	}
	return keys
}

func (r *refresher) see(s Subject) {
	if r.n.Seen == nil {
		r.n.Seen = make(map[Subject]time.Time)
	}
	if first, ok := r.notes.Seen[s]; ok {
		r.n.Seen[s] = first
	} else {
		r.n.Seen[s] = r.n.At
	}
}

// hold keeps s in its place; since is when it first came there for this reason.
func (r *refresher) hold(s Subject, why Reason) {
	if old, ok := r.prior.Held[s]; ok && old.Reason == why {
		r.next.Held[s] = old
		return
	}
	r.next.Held[s] = Held{why, stamp(r.n.At)}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r *refresher) accounts(all []access.Account) {
	bearer := r.bearers(all)
	for key, was := range r.prior.Accounts {
		id := r.prior.IDs[key]
		now, ok := r.byID[id]
		if !ok || r.rules.fold(now.UserName) != r.rules.fold(was.UserName()) {
			r.reused(key, was, bearer)
		}
		if !ok {
			continue // gone; the plan shows it as missing
		}
		r.owners[id] = key
		r.next.Accounts[key], r.next.IDs[key] = r.refreshed(was, now), id
		switch {
		case now.Active:
		case r.notes.Suspended[id]:
			mark(&r.n.Suspended, id)
		default:
			r.hold(account(key), DeactivatedElsewhere)
		}
		if now.PersonID == "" && slices.Contains(r.rules.Fields, access.PersonID) {
			mark(&r.n.Unbound, key)
		}
	}
	for s, held := range r.prior.Held {
		ref, aside := r.notes.Aside[s.Who]
		now, ok := r.byID[ref.ID]
		if _, owned := r.owners[ref.ID]; aside && s.Kind == access.GrantAccount && ok && (now.Active || held.Reason.uncertain()) && !owned {
			r.owners[ref.ID] = s.Who
			switch {
			case now.Active:
			case r.notes.Suspended[ref.ID]:
				mark(&r.n.Suspended, ref.ID)
			default:
				mark(&r.n.Inactive, s.Who)
			}
			r.next.Held[s] = held
			r.n.setAside(s.Who, now.Ref())
			if now.PersonID == "" {
				mark(&r.n.Unbound, s.Who)
			}
			if held.Reason == Grace || held.Reason == Protected {
				r.see(s)
			}
		}
	}
	used := make(map[string]int)
	if r.notes.Fill {
		for _, a := range all {
			used[a.PersonID]++
		}
	}
	for _, a := range all {
		if _, owned := r.owners[a.ID]; owned || r.rules.Ignored(a.UserName) {
			continue
		}
		switch {
		case r.notes.Fill:
			key := a.PersonID
			if _, taken := r.next.Accounts[key]; key == "" || used[key] > 1 || taken {
				key = a.Label()
			}
			r.next.Accounts[key], r.next.IDs[key], r.owners[a.ID] = r.filled(a), a.ID, key
			if a.PersonID == "" {
				mark(&r.n.Unbound, key)
			}
			if !a.Active {
				r.hold(account(key), DeactivatedElsewhere)
			}
		case a.Active:
			r.next.Strangers[account(a.Label())] = a.ID
		}
	}
}

func mark(set *map[string]bool, k string) {
	if *set == nil {
		*set = make(map[string]bool)
	}
	(*set)[k] = true
}

// refreshed takes over what the app shows of the fields that are managed.
func (r *refresher) refreshed(was Account, now access.Account) Account {
	out := Account{Fields: make(map[access.Field]string, len(was.Fields))}
	for f, v := range was.Fields {
		switch {
		case f == Active:
			out.Fields[f] = strconv.FormatBool(now.Active)
		case !slices.Contains(r.rules.Fields, f) && f != access.UserName:
			out.Fields[f] = v
		case (f == access.UserName || f == access.Manager) && r.rules.fold(v) == r.rules.fold(now.Get(f)):
			out.Fields[f] = v // the app ignores case, so the spelling is the configuration's
		case now.Get(f) != "" || v == "":
			out.Fields[f] = now.Get(f)
		}
	}
	if was.Attributes != nil {
		out.Attributes = make(map[string]string, len(was.Attributes))
		for k, want := range was.Attributes {
			if v, ok := now.Attributes[k]; ok || want == "" { // an app without it holds nothing
				out.Attributes[k] = v
			}
		}
	}
	if out.Equal(was) {
		return was
	}
	return out
}

// filled takes over everything that the app shows.
func (r *refresher) filled(now access.Account) Account {
	out := Account{Fields: map[access.Field]string{Active: strconv.FormatBool(now.Active)}}
	for _, f := range access.Fields() {
		if v := now.Get(f); v != "" && f != access.PersonID && (slices.Contains(r.rules.Fields, f) || f == access.UserName) {
			out.Fields[f] = v
		}
	}
	if len(now.Attributes) > 0 {
		out.Attributes = now.Attributes
	}
	return out
}

// grants follows each holder by the immutable id: a renamed account keeps its place under the old name
// until configuration says the new one.
func (r *refresher) grants(kind access.GrantKind, seen map[string][]Holder) {
	prior := r.prior.Grants(kind)
	if prior == nil && (!r.notes.Fill || len(seen) == 0) {
		return // not managed, or nothing there to be imported
	}
	out := make(Grants, len(seen))
	*r.next.grants(kind) = out
	wasKeys := userKeys(r.prior.Accounts)
	heldIn := make(map[string][]string) // who is held, by group or product
	for s := range r.prior.Held {
		if s.Kind == kind {
			heldIn[s.In] = append(heldIn[s.In], s.Who)
		}
	}
	for in, holders := range seen {
		was, managed := prior[in]
		if managed = managed || r.notes.Fill; !managed && heldIn[in] == nil {
			continue
		}
		known := make(map[string]string, len(was)) // name in state by id
		byName := make(map[string]string, len(was))
		for u := range was {
			id := r.notes.holder(kind, in, u)
			if id == "" {
				id = r.prior.IDs[wasKeys[u]]
			}
			if id != "" {
				known[id] = u
			}
			byName[r.rules.fold(u)] = u
		}
		for _, who := range heldIn[in] {
			if id := r.notes.holder(kind, in, who); id != "" {
				known[id] = who
			}
		}
		bearer := make(map[string]string, len(holders)) // id by name, as seen
		for _, h := range holders {
			bearer[r.rules.fold(h.Name)] = h.ID
		}
		if managed {
			out[in] = make(map[string]string, len(holders))
		}
		for _, h := range holders {
			r.holder(Subject{kind, in, r.nameOf(h, known, byName, bearer)}, h, was, managed)
		}
	}
}

// nameOf is the name under which state knows the holder, or its name in the app.
func (r *refresher) nameOf(h Holder, known, byName, bearer map[string]string) string {
	if u, ok := known[h.ID]; ok {
		if id, taken := bearer[r.rules.fold(u)]; !taken || id == h.ID {
			return u
		}
		return h.Name // somebody else bears the old name now
	}
	if u, ok := byName[r.rules.fold(h.Name)]; ok {
		return u
	}
	return h.Name
}

// holder files one membership or assignment under managed, held or strangers.
func (r *refresher) holder(s Subject, h Holder, was map[string]string, watched bool) {
	_, managed := was[s.Who]
	held, isHeld := r.prior.Held[s]
	switch {
	case managed && h.Any:
		r.next.Grants(s.Kind)[s.In][s.Who] = was[s.Who]
	case managed:
		r.next.Grants(s.Kind)[s.In][s.Who] = h.Value
	case isHeld:
		r.next.Held[s] = held
		r.see(s)
		if r.n.Values == nil {
			r.n.Values = make(map[Subject]string)
		}
		r.n.Values[s] = h.Value
	case !watched:
		return
	case r.rules.Ignored(h.Name):
		return
	case r.notes.Fill:
		r.next.Grants(s.Kind)[s.In][s.Who] = h.Value
	default:
		r.next.Strangers[s] = h.Value
	}
	if h.Via != "" {
		if r.n.Via == nil {
			r.n.Via = make(map[Subject]string)
		}
		r.n.Via[s] = h.Via
	}
	if h.Any {
		if r.n.Any == nil {
			r.n.Any = make(map[Subject]bool)
		}
		r.n.Any[s] = true
	}
	if r.rules.fold(s.Who) != r.rules.fold(h.Name) {
		if r.n.Renamed == nil {
			r.n.Renamed = make(map[string]string)
		}
		r.n.Renamed[s.Who] = h.Name
	}
	if r.next.IDs[r.keys[s.Who]] != h.ID {
		r.n.setHolder(s.Kind, s.In, s.Who, h.ID)
	}
}

func (r *refresher) groupRefs(seen map[string]GroupRef) {
	for in, ref := range seen {
		if _, ok := r.next.Groups[in]; ok {
			if r.n.Groups == nil {
				r.n.Groups = make(map[string]GroupRef)
			}
			r.n.Groups[in] = ref
		}
	}
}

// standings notes who is not active in the rosters.
func (r *refresher) standings(standing func(string) Standing) {
	note := func(m *map[string]Standing, k, personID string) {
		if st := standing(personID); st != (Standing{}) {
			if *m == nil {
				*m = make(map[string]Standing)
			}
			(*m)[k] = st
		}
	}
	for key := range r.next.Accounts {
		note(&r.n.Standings, key, key)
	}
	for key := range r.n.Aside {
		note(&r.n.Standings, key, key)
	}
	stray := func(kind access.GrantKind, in, who string) {
		if _, ok := r.keys[who]; ok {
			return
		}
		id := r.n.holder(kind, in, who)
		if key, ok := r.owners[id]; ok {
			note(&r.n.Strays, who, key)
		} else {
			note(&r.n.Strays, who, r.byID[id].PersonID)
		}
	}
	for _, kind := range grantKinds() {
		for in, holders := range r.next.Grants(kind) {
			for who := range holders {
				stray(kind, in, who)
			}
		}
	}
	for s := range r.next.Held {
		if s.Kind != access.GrantAccount {
			stray(s.Kind, s.In, s.Who)
		}
	}
}
