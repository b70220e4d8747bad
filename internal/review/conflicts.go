package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// conflicts are people who hold, or by policy would hold, grants that exclude each other.
func (r *reviewer) conflicts() {
	named := make(map[string]bool) // people who hold one
	for i := range r.Register.Conflicts {
		r.conflict(&r.Register.Conflicts[i], named)
	}
	for _, q := range r.Register.Quarantined {
		p := r.index[q.PersonID]
		if p == nil || named[q.PersonID] || !slices.Contains(q.Codes, policy.CodeConflict) {
			continue
		}
		f := r.about(Conflict, Medium, p, q.Why+": nothing is given, what is held stays")
		f.Suggestion = "# change the rules, or in the conflict block:\n" + conflictWaiverHCL(q.PersonID)
		r.add(f)
	}
}

func (r *reviewer) conflict(c *policy.Conflict, people map[string]bool) {
	type hand struct {
		holder
		grants []string
	}
	hands := make(map[string]*hand)
	for _, address := range c.Grants {
		g, err := access.ParseGrant(address)
		if err != nil || r.inScope[g.App] == nil {
			continue
		}
		for _, h := range r.holders[watchKey(g)] {
			if hands[h.who] == nil {
				hands[h.who] = &hand{holder: h}
			}
			x := hands[h.who]
			x.grants = append(x.grants, address)
			x.factors[0], x.factors[1] = x.factors[0] || h.factors[0], x.factors[1] || h.factors[1]
			if x.app != h.app {
				x.app = ""
			}
		}
	}
	for _, who := range slices.Sorted(maps.Keys(hands)) {
		h := hands[who]
		slices.Sort(h.grants)
		h.grants = slices.Compact(h.grants)
		if len(h.grants) < 2 || r.letOff(c, who) {
			continue
		}
		f := Finding{
			Kind: Conflict, Severity: High.raise(h.factors[:]...), App: h.app, Fingerprint: fingerprint(Conflict, "", c.Name, r.stable(who)),
			Reason:     fmt.Sprintf("%s holds %s, which conflict %q keeps apart", h.label, strings.Join(h.grants, " and "), c.Name),
			Evidence:   "seen in " + strings.Join(appsOf(h.grants), ", "),
			Suggestion: "# remove one of them, or in the conflict block:\n" + conflictWaiverHCL(who),
		}
		if a := r.inScope[h.app]; a != nil {
			f.Owner = a.Owner
		}
		if app, account, unowned := cutUnowned(who); unowned {
			f.Subject = subject("accounts", account)
			f.App = app
			f.Suggestion = "# remove one of them"
		} else {
			f.Subject, f.PersonID = subject("people", who), who
			people[who] = true
		}
		r.add(f)
	}
}

// cutUnowned takes apart the key of an account that is nobody's.
func cutUnowned(who string) (app, account string, ok bool) {
	rest, ok := strings.CutPrefix(who, "\x00")
	if !ok {
		return "", "", false
	}
	app, account, _ = strings.Cut(rest, "\x00")
	return app, account, true
}

// stable is a key of a holder that no renaming of an app block changes.
func (r *reviewer) stable(who string) string {
	if app, account, ok := cutUnowned(who); ok {
		if a := r.inScope[app]; a != nil && a.Tenant != "" {
			app = a.Tenant
		}
		return app + "\x00" + account
	}
	return who
}

func appsOf(addresses []string) []string {
	var apps []string
	for _, a := range addresses {
		if g, err := access.ParseGrant(a); err == nil {
			apps = append(apps, g.App)
		}
	}
	slices.Sort(apps)
	return slices.Compact(apps)
}

// letOff reports whether a waiver of the conflict is in force. One whose approval does not count leaves the person
// quarantined for the conflict, which policy has said already.
func (r *reviewer) letOff(c *policy.Conflict, who string) bool {
	if q, ok := r.undone[who]; ok && slices.Contains(q.Codes, policy.CodeConflict) {
		return false
	}
	for _, w := range c.Waivers {
		if end, ok := r.end(who, w.ExpiresAt); r.present(w.PersonID) == who && ok && r.Now.Before(end) {
			return true
		}
	}
	return false
}

func conflictWaiverHCL(personID string) string {
	return fmt.Sprintf("waiver {\n  person_id  = %s\n  reason     = \"...\"\n  expires_at = \"...\"\n}", hclText(personID))
}
