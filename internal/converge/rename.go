package converge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// handed reports whether a user name that prior and planned state both have goes from one account to another one:
// the two are not the same holder then.
func (d *differ) handed(u string) bool {
	was, ok := d.keys[u]
	if !ok {
		return false
	}
	if d.keysNow == nil {
		d.keysNow = userKeys(d.planned.Accounts)
	}
	is, ok := d.keysNow[u]
	if !ok || was == is || d.prior.IDs[was] == d.planned.IDs[is] {
		return false
	}
	_, stays := d.planned.Accounts[was]
	return stays
}

// swaps refuses people who are to have each other's user names. Somebody would have to be called otherwise for a moment,
// and it is not for Tenure to make up names.
func (p *planner) swaps() {
	holder := make(map[string]string) // key by folded user name that is given up
	for key, was := range p.prior.Accounts {
		if want, ok := p.cfg.Accounts[key]; ok && want.UserName() != "" && p.rules.fold(want.UserName()) != p.rules.fold(was.UserName()) {
			holder[p.rules.fold(was.UserName())] = key
		}
	}
	told := make(map[string]bool)
	for name := range holder {
		key := holder[name]
		circle := []string{key}
		for next, ok := holder[p.rules.fold(p.cfg.Accounts[key].UserName())]; ok && !slices.Contains(circle, next); {
			circle = append(circle, next)
			next, ok = holder[p.rules.fold(p.cfg.Accounts[next].UserName())]
		}
		last := circle[len(circle)-1]
		if len(circle) < 2 || holder[p.rules.fold(p.cfg.Accounts[last].UserName())] != key {
			continue
		}
		slices.Sort(circle)
		if told[circle[0]] {
			continue
		}
		told[circle[0]] = true
		p.problem(fault.Error{
			Kind: fault.Exists, Op: "rename", Subject: strings.Join(circle, ", "),
			Cause: "each is to have the user name that another of them still has, and two accounts cannot have one name even for a moment",
			Next: fmt.Sprintf("If HR confused them, correct the roster. Otherwise give one of them another name for one apply: identities = { %s = { %q = \"...\" } }",
				p.rules.App, circle[0]),
		})
	}
}

// waves are keys in the order in which their user names get free: whoever takes a name comes after whoever gives it up.
func (r *run) waves(keys []string) [][]string {
	gives := make(map[string]string) // key by folded user name that is given up
	for _, key := range r.work.update {
		was, now := r.before(key).UserName(), r.Planned.Accounts[key].UserName()
		if was != "" && r.Rules.fold(was) != r.Rules.fold(now) {
			gives[r.Rules.fold(was)] = key
		}
	}
	if len(gives) == 0 {
		return [][]string{keys}
	}
	var out [][]string
	done := make(map[string]bool)
	for len(keys) > 0 {
		var now, later []string
		for _, key := range keys {
			if giver, taken := gives[r.Rules.fold(r.Planned.Accounts[key].UserName())]; taken && giver != key && !done[giver] {
				later = append(later, key)
			} else {
				now = append(now, key)
			}
		}
		if len(now) == 0 {
			now, later = later, nil // a circle, which no plan has: the app says what is wrong
		}
		for _, key := range now {
			done[key] = true
		}
		out, keys = append(out, now), later
	}
	return out
}

// before is the account of a key as prior state has it.
func (r *run) before(key string) Account {
	if from := r.work.from[key]; from != "" {
		key = from
	}
	return r.prior.Accounts[key]
}

// unrename gives memberships and licenses in state the old name of an account back, when it could not be renamed.
// Under the new one they would be nobody's, and under the old one a stranger's, who is taken out.
func (r *run) unrename(was, now string) {
	if was == "" || was == now {
		return
	}
	for _, kind := range grantKinds() {
		for in, before := range r.prior.Grants(kind) {
			old, had := before[was]
			_, other := before[now]
			holders := r.res.State.Grants(kind)[in]
			_, renamed := holders[now]
			if _, taken := holders[was]; !had || other || !renamed || taken {
				continue
			}
			delete(holders, now)
			holders[was] = old
			delete(r.res.State.Explanations, Subject{kind, in, now})
		}
	}
}

// nameInState is the user name under which state has the holder of a step: the old one where a rename failed.
func (s grantStep) nameInState(holders map[string]string) string {
	if _, back := holders[s.old]; back && s.old != "" {
		return s.old
	}
	return s.subject.Who
}
