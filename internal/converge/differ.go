package converge

// differ answers what both planning and carrying out ask about user names in prior state.
type differ struct {
	prior, planned State
	notes          Notes
	rules          Rules
	keys           map[string]string            // account key by user name in prior state
	keysNow        map[string]string            // the same in planned state, filled when needed: see handed
	folded         map[string]map[string]string // user names by kind and group, filled as needed
}

func newDiffer(prior, planned State, notes Notes, rules Rules) *differ {
	return &differ{prior: prior, planned: planned, notes: notes, rules: rules, keys: userKeys(prior.Accounts), folded: make(map[string]map[string]string)}
}

// id is the account behind a user name in a group or product, as last read; "" when it was not.
func (d *differ) id(s Subject) string {
	if id := d.notes.holder(s.Kind, s.In, s.Who); id != "" {
		return id
	}
	return d.prior.IDs[d.keys[s.Who]]
}

// nameNow is what the account of a user name in prior state is, or is about to be, called.
func (d *differ) nameNow(u string) string {
	if key, ok := d.keys[u]; ok {
		if now, ok := d.planned.Accounts[key]; ok && now.UserName() != u {
			return now.UserName()
		}
	}
	return d.notes.Renamed[u]
}

// arrived is the new name under which a holder in prior state goes on, or "".
func (d *differ) arrived(s Subject, was map[string]string, now Grants) string {
	if to, ok := d.find(now, s); ok && !d.handed(s.Who) {
		return to // the same name in another case
	}
	to := d.nameNow(s.Who)
	if to == "" || to == s.Who {
		return ""
	}
	_, had := was[to]
	if _, asked := now[s.In][to]; !asked || had && !d.handed(to) {
		return ""
	}
	return to
}

// find gives the spelling under which now lists the user name of s, as the app compares names. It is only
// ever asked about one now.
func (d *differ) find(now Grants, s Subject) (string, bool) {
	holders := now[s.In]
	if _, ok := holders[s.Who]; ok || !d.rules.FoldCase {
		return s.Who, ok
	}
	at := string(s.Kind) + "/" + s.In
	if d.folded[at] == nil {
		d.folded[at] = make(map[string]string, len(holders))
		for u := range holders {
			d.folded[at][d.rules.fold(u)] = u
		}
	}
	to, ok := d.folded[at][d.rules.fold(s.Who)]
	return to, ok
}
