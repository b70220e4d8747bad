package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// examined is one app while it is looked at.
type examined struct {
	*reviewer
	*App
	names names
	seen  []account
	byID  map[string]int // into seen
	// byName finds the account of a holder whom the app names without an id.
	byName map[string]int
	groups map[string]map[string]string // of configuration, by folded name or id
	cover  Coverage
}

// account is an account with what is known about it.
type account struct {
	*access.Account
	owner      owner
	protected  bool
	privileges []string // what makes it privileged
	use        use
}

// invited reports whether it is an invitation that nobody took up, as far as the app's own word tells.
func (a *account) invited() bool {
	switch strings.ToLower(a.Status) {
	case "invited", "pending", "pending_invitation":
		return true
	}
	return false
}

// live reports whether somebody can use it, or take it up.
func (a *account) live() bool { return a.Active || a.invited() }

func (a *account) privileged() bool { return len(a.privileges) > 0 }

func (a *account) external() bool { return a.External || a.owner.ext }

// severity adds to a base what makes it worse: privileges, somebody from outside, somebody who has left.
func (a *account) severity(base Severity) Severity {
	return base.raise(a.privileged(), a.external(), a.owner.standing == left)
}

// whose is the key under which this account's holdings are counted: the person, else the account itself.
func (e *examined) whose(a *account) string {
	if a.owner.id != "" {
		return a.owner.id
	}
	return "\x00" + e.Name + "\x00" + a.ID
}

func (r *reviewer) app(a *App) {
	e := &examined{reviewer: r, App: a, names: r.namesOf(a), byID: make(map[string]int, len(a.Accounts)), byName: make(map[string]int, len(a.Accounts))}
	if a.Desired != nil {
		e.groups = make(map[string]map[string]string, len(a.Desired.Groups))
		for name, holders := range a.Desired.Groups {
			e.groups[a.fold(name)], e.groups[name] = holders, holders
		}
	}
	e.cover = Coverage{App: a.Name, Accounts: len(a.Accounts), Gaps: slices.Clone(a.Gaps)}
	e.accounts()
	e.privileges()
	for i := range e.seen {
		e.account(&e.seen[i])
	}
	e.duplicates()
	e.inactive()
	e.memberships()
	e.licenses()
	e.pools()
	e.gaps()
	r.out.Coverage = append(r.out.Coverage, e.cover)
}

// accounts finds whose each account is. Those that configuration ignores are not looked at any further.
func (e *examined) accounts() {
	e.seen = make([]account, 0, len(e.Accounts))
	for i := range e.Accounts {
		acc := &e.Accounts[i]
		if e.ignored(acc) {
			continue
		}
		a := account{Account: acc, owner: e.ownerOf(e.App, e.names, acc), protected: e.App.protected(acc)}
		e.seen = append(e.seen, a)
	}
	slices.SortFunc(e.seen, func(a, b account) int {
		return strings.Compare(a.Label()+"\x00"+a.ID, b.Label()+"\x00"+b.ID)
	})
	for i := range e.seen {
		a := &e.seen[i]
		e.byID[a.ID] = i
		e.byName[e.fold(a.UserName)] = i
		if a.owner.id != "" {
			e.cover.Matched++
		}
	}
}

// note remembers who holds a grant that exceptions or conflicts speak of.
func (e *examined) note(a *account, g access.Grant) {
	key := watchKey(g)
	if !e.watched[key] {
		return
	}
	who := e.whose(a)
	if e.held[holding{who, key}] {
		return
	}
	e.held[holding{who, key}] = true
	label := a.Label() + " in " + e.Name
	if a.owner.id != "" {
		label = e.who(a.owner.id)
	}
	e.holders[key] = append(e.holders[key], holder{who: who, label: label, app: e.Name, factors: [2]bool{a.privileged(), a.external()}})
}

// privileges marks the accounts with a privileged role or a membership in a privileged group.
func (e *examined) privileges() {
	for i := range e.seen {
		if a := &e.seen[i]; a.Role != "" && Privileged(e.PrivilegedRoles, a.Role) {
			a.privileges = append(a.privileges, "role "+a.Role)
		}
	}
	for i := range e.Groups {
		g := &e.Groups[i]
		if !e.privilegedGroup(g) {
			continue
		}
		for _, m := range g.Members {
			if a := e.holder(m.AccountID, m.UserName); a != nil && !m.Nested {
				a.privileges = append(a.privileges, "group "+g.Name)
			}
		}
	}
	for i := range e.seen {
		slices.Sort(e.seen[i].privileges)
	}
}

func (e *examined) privilegedGroup(g *access.Group) bool {
	return Privileged(e.PrivilegedGroups, g.Name) || slices.Contains(e.PrivilegedGroups, g.ID)
}

// holder finds the account of a member or assignee; nil when it is ignored or not listed.
func (e *examined) holder(id, name string) *account {
	i, ok := e.byID[id]
	if !ok && id == "" {
		i, ok = e.byName[e.fold(name)]
	}
	if !ok {
		return nil
	}
	return &e.seen[i]
}

// finding begins a finding about an account.
func (e *examined) finding(kind Kind, base Severity, a *account, subject string, ids ...string) Finding {
	return Finding{
		Kind: kind, Severity: a.severity(base), App: e.Name, Owner: e.Owner, Subject: subject, PersonID: a.owner.id,
		Evidence: e.evidence(a), Fingerprint: e.print(kind, append([]string{e.idOf(a)}, ids...)...),
	}
}

// print is a fingerprint in this app; the app block's name stands in for a tenant that is not known.
func (e *examined) print(kind Kind, ids ...string) string {
	tenant := e.Tenant
	if tenant == "" {
		tenant = "app:" + e.Name
	}
	return fingerprint(kind, tenant, ids...)
}

func (e *examined) idOf(a *account) string {
	if a.ID != "" {
		return a.ID
	}
	return "name:" + e.fold(a.UserName)
}

// evidence is what the app showed of an account.
func (e *examined) evidence(a *account) string {
	parts := []string{"account " + a.ID}
	switch {
	case a.Status != "":
		parts = append(parts, "status "+a.Status)
	case a.Active:
		parts = append(parts, "active")
	default:
		parts = append(parts, "inactive")
	}
	if a.External {
		parts = append(parts, "external")
	}
	switch {
	case !a.LastLogin.IsZero():
		parts = append(parts, "last sign-in "+a.LastLogin.UTC().Format(time.RFC3339))
	case a.NeverUsed:
		parts = append(parts, "never signed in")
	default:
		parts = append(parts, "no sign-in signal")
	}
	if !a.Created.IsZero() {
		parts = append(parts, "created "+a.Created.UTC().Format(time.RFC3339))
	}
	if a.owner.how != "" {
		parts = append(parts, "matched by "+a.owner.how)
	}
	if a.privileged() {
		parts = append(parts, "privileged by "+some(a.privileges))
	}
	return strings.Join(parts, "; ")
}

// gaps says what could not be looked at, beside what the provider could not read.
func (e *examined) gaps() {
	gap := func(format string, args ...any) { e.cover.Gaps = append(e.cover.Gaps, fmt.Sprintf(format, args...)) }
	if !e.Rosters {
		gap("no rosters are named: leavers and orphans cannot be told")
	}
	if !e.Entitled {
		gap("no entitlements are given: what nothing gives cannot be told")
	} else if e.Desired == nil {
		gap("the entitlements do not speak of this app: unmanaged accounts, memberships and licenses cannot be told")
	}
	if len(e.PrivilegedGroups)+len(e.PrivilegedRoles) == 0 {
		gap("no privileged_groups or privileged_roles are declared")
	}
	if n := e.cover.Unknown; n > 0 {
		gap("active accounts that give no signal of their use: %d", n)
	}
	for i := range e.Groups {
		for _, m := range e.Groups[i].Members {
			if m.Nested {
				gap("group %s contains groups, whose members are not examined", e.Groups[i].Name)
				break
			}
		}
	}
}
