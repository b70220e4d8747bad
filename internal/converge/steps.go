package converge

import (
	"maps"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// place is where prior state had somebody who is to lose something: a removal that fails goes back there.
type place uint8

const (
	inMap place = iota
	inHeld
	inStrangers
)

// retirement is one account that goes.
type retirement struct {
	subject Subject
	ref     access.AccountRef
	from    place
}

// grantStep is one membership or assignment that comes, changes or goes.
type grantStep struct {
	subject Subject
	value   string // what it is to be
	was     string // what it was, "" for nothing
	id      string // the account as last read, "" when not known
	from    place
	old     string // the user name in prior state, where it is another
}

// work is the difference between prior and planned state, and all that an apply does.
type work struct {
	retire  []retirement
	enter   []string          // keys
	update  []string          // keys
	from    map[string]string // the key in prior state, where it is another
	adds    map[access.GrantKind]map[string][]grantStep
	removes map[access.GrantKind]map[string][]grantStep
	total   int
}

// steps reads the difference. prior and notes are aligned with planned.
func steps(prior, planned State, notes Notes, cfg Config, rules Rules) work {
	w := work{
		from:    make(map[string]string),
		adds:    map[access.GrantKind]map[string][]grantStep{access.GrantGroup: {}, access.GrantLicense: {}},
		removes: map[access.GrantKind]map[string][]grantStep{access.GrantGroup: {}, access.GrantLicense: {}},
	}
	taken := w.accounts(prior, planned)
	w.retirements(prior, planned, notes, cfg, taken)
	d := newDiffer(prior, planned, notes, rules)
	for _, kind := range grantKinds() {
		w.grants(d, kind)
		w.leftovers(d, kind, cfg)
	}
	w.total = len(w.retire) + len(w.enter) + len(w.update)
	for _, kind := range grantKinds() {
		for _, by := range []map[string][]grantStep{w.adds[kind], w.removes[kind]} {
			for _, list := range by {
				slices.SortFunc(list, func(a, b grantStep) int {
					if a.subject.Who < b.subject.Who {
						return -1
					}
					return 1
				})
				w.total += len(list)
			}
		}
	}
	return w
}

// accounts finds who enters and who changes, and gives the ids that stay.
func (w *work) accounts(prior, planned State) map[string]bool {
	taken := make(map[string]bool, len(planned.IDs))
	keyOf := make(map[string]string, len(prior.IDs))
	for key, id := range prior.IDs {
		keyOf[id] = key
	}
	for _, key := range slices.Sorted(maps.Keys(planned.Accounts)) {
		id := planned.IDs[key]
		taken[id] = true
		was, ok := prior.Accounts[key]
		if from, moved := keyOf[id]; !ok && moved {
			was, ok = prior.Accounts[from]
			w.from[key] = from
		}
		switch {
		case !ok:
			w.enter = append(w.enter, key)
		case !planned.Accounts[key].Equal(was) || w.from[key] != "":
			w.update = append(w.update, key)
		}
	}
	return taken
}

func (w *work) retirements(prior, planned State, notes Notes, cfg Config, taken map[string]bool) {
	add := func(s Subject, ref access.AccountRef, from place) {
		_, held := planned.Held[s]
		_, stranger := planned.Strangers[account(ref.UserName)]
		if !held && !stranger && !taken[ref.ID] {
			w.retire = append(w.retire, retirement{s, ref, from})
		}
	}
	for key, a := range prior.Accounts {
		if _, stays := planned.Accounts[key]; !stays {
			add(account(key), access.AccountRef{ID: prior.IDs[key], UserName: a.UserName()}, inMap)
		}
	}
	for s := range prior.Held {
		ref, aside := notes.Aside[s.Who]
		if _, managed := prior.Accounts[s.Who]; s.Kind != access.GrantAccount || !aside || managed {
			continue
		}
		if _, back := planned.Accounts[s.Who]; !back {
			add(s, ref, inHeld)
		}
	}
	for s, id := range prior.Strangers {
		if s.Kind == access.GrantAccount && cfg.Remove[s.Kind] {
			add(s, access.AccountRef{ID: id, UserName: s.Who}, inStrangers)
		}
	}
	slices.SortFunc(w.retire, func(a, b retirement) int {
		if a.subject.Who < b.subject.Who {
			return -1
		}
		return 1
	})
}

func (w *work) grants(d *differ, kind access.GrantKind) {
	prior, planned := d.prior.Grants(kind), d.planned.Grants(kind)
	for in, was := range prior {
		now, renamed := planned[in], make(map[string]bool)
		for u, old := range was {
			s := Subject{kind, in, u}
			v, stays := now[u]
			stays = stays && !d.handed(u)
			to := ""
			if !stays {
				to = d.arrived(s, was, planned)
			}
			_, held := d.planned.Held[s]
			_, stranger := d.planned.Strangers[s]
			switch {
			case stays && v != old:
				w.adds[kind][in] = append(w.adds[kind][in], grantStep{subject: s, value: v, was: old, id: d.id(s)})
			case stays || held || stranger:
			case to != "":
				renamed[to] = true
				if now[to] != old {
					w.adds[kind][in] = append(w.adds[kind][in], grantStep{subject: Subject{kind, in, to}, value: now[to], was: old, id: d.id(s), old: u})
				}
			case d.notes.releasing():
				// Imported by the way: nobody ever asked for this group to be managed.
			default:
				w.removes[kind][in] = append(w.removes[kind][in], grantStep{subject: s, was: old, id: d.id(s)})
			}
		}
		for u, v := range now {
			if _, had := was[u]; (!had || d.handed(u)) && !renamed[u] {
				w.adds[kind][in] = append(w.adds[kind][in], grantStep{subject: Subject{kind, in, u}, value: v})
			}
		}
	}
	for in, now := range planned {
		if _, had := prior[in]; !had {
			for u, v := range now {
				w.adds[kind][in] = append(w.adds[kind][in], grantStep{subject: Subject{kind, in, u}, value: v})
			}
		}
	}
}

// leftovers finds the held and the strangers who are to lose something.
func (w *work) leftovers(d *differ, kind access.GrantKind, cfg Config) {
	planned := d.planned.Grants(kind)
	goes := func(s Subject, from place, value string) {
		_, held := d.planned.Held[s]
		_, stranger := d.planned.Strangers[s]
		if held || stranger {
			return
		}
		if _, asked := d.find(planned, s); asked {
			return
		}
		w.removes[kind][s.In] = append(w.removes[kind][s.In], grantStep{subject: s, was: value, id: d.id(s), from: from})
	}
	for s, h := range d.prior.Held {
		_, watched := planned[s.In]
		if s.Kind == kind && (watched || h.Reason != Protected && h.Reason != Grace && h.Reason != Kept) {
			goes(s, inHeld, d.notes.Values[s])
		}
	}
	for s, v := range d.prior.Strangers {
		if _, watched := planned[s.In]; s.Kind == kind && watched && cfg.Remove[kind] {
			goes(s, inStrangers, v)
		}
	}
}
