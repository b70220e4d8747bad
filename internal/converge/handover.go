package converge

import (
	"maps"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// TakeOver holds those whom the first half of a replacement managed or held, was, and whom configuration does not name any
// more. A replacement takes nothing away, and they are no strangers: whether they left is for the next plan to judge, and
// nobody judges strangers by the rosters. standing may be nil.
func TakeOver(now State, notes Notes, was State, wasNotes Notes, standing func(personID string) Standing) (State, Notes) {
	now.Held, now.Strangers = maps.Clone(now.Held), maps.Clone(now.Strangers)
	notes.Aside, notes.Values, notes.Seen = maps.Clone(notes.Aside), maps.Clone(notes.Values), maps.Clone(notes.Seen)
	known := was.byID(wasNotes)
	for s, value := range now.Strangers {
		id := value
		if s.Kind != access.GrantAccount {
			id = notes.holder(s.Kind, s.In, s.Who)
		}
		before, ok := known[Subject{s.Kind, s.In, id}]
		if !ok || id == "" {
			continue
		}
		delete(now.Strangers, s)
		delete(notes.Seen, s)
		person, as := before, s
		if s.Kind == access.GrantAccount {
			as = account(before)
			notes.setAside(before, access.AccountRef{ID: id, UserName: s.Who})
		} else {
			person = known[Subject{access.GrantAccount, "", id}]
			if notes.Values == nil {
				notes.Values = make(map[Subject]string)
			}
			notes.Values[s] = value
		}
		held, ok := was.Held[Subject{s.Kind, s.In, before}]
		if !ok {
			held = Held{Overlap, stamp(notes.At)}
			if standing != nil {
				if why := standing(person).holds(); why != "" {
					held.Reason = why
				}
			}
		}
		if now.Held == nil {
			now.Held = make(map[Subject]Held)
		}
		now.Held[as] = held
	}
	return now, notes
}

// byID are the keys and user names of whom the state manages or holds, by what they hold and the account's id.
func (s *State) byID(notes Notes) map[Subject]string {
	known := make(map[Subject]string, len(s.IDs))
	for key, id := range s.IDs {
		known[Subject{access.GrantAccount, "", id}] = key
	}
	keys := userKeys(s.Accounts)
	for _, kind := range grantKinds() {
		for in, holders := range s.Grants(kind) {
			for who := range holders {
				id := notes.holder(kind, in, who)
				if id == "" {
					id = s.IDs[keys[who]]
				}
				known[Subject{kind, in, id}] = who
			}
		}
	}
	for held := range s.Held {
		if held.Kind != access.GrantAccount {
			known[Subject{held.Kind, held.In, notes.holder(held.Kind, held.In, held.Who)}] = held.Who
		} else if ref, aside := notes.Aside[held.Who]; aside {
			known[Subject{access.GrantAccount, "", ref.ID}] = held.Who
		}
	}
	return known
}

// holds is why somebody with this standing is held rather than removed, "" for everybody else.
func (s Standing) holds() Reason {
	switch s.Stage {
	case StageDropped:
		return Dropped
	case StageUnknown:
		return UnknownStatus
	case StageQuarantined:
		return Quarantined
	}
	return ""
}
