package review

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// use is what is known about the use of an account.
type use struct {
	known bool
	// idle is how long nobody signed in, since the last time or since it could first have been used; since is when
	// that began, and never says that nobody ever did.
	idle  time.Duration
	since time.Time
	never bool
}

// useOf reads the signals that the app gives. No last sign-in is no signal, and not "never".
func (e *examined) useOf(a *account) use {
	switch {
	case !a.LastLogin.IsZero():
		return use{known: true, idle: e.Now.Sub(a.LastLogin), since: a.LastLogin}
	case a.NeverUsed || a.invited():
		since := a.Created
		if p := e.index[a.owner.id]; p != nil && !p.StartDate.IsZero() {
			if start := p.StartDate.In(e.zone(p.PersonID), 0); start.After(since) { // nobody signs in before the first day
				since = start
			}
		}
		if since.IsZero() {
			return use{never: true}
		}
		return use{known: true, never: true, idle: e.Now.Sub(since), since: since}
	}
	return use{}
}

// account says what is wrong with one account. At most one finding is about whose it is.
func (e *examined) account(a *account) {
	a.use = e.useOf(a)
	if !a.live() {
		return
	}
	if !a.use.known && !a.protected {
		e.cover.Unknown++
	}
	e.note(a, access.Grant{App: e.Name, Kind: access.GrantAccount})
	if a.Role != "" {
		e.note(a, access.Grant{App: e.Name, Kind: access.GrantRole, Name: a.Role})
	}
	switch a.owner.standing {
	case left:
		e.leaver(a)
		return
	case dropped:
		e.dropped(a)
	case nobody:
		e.orphan(a)
	case works, notYet:
		e.unmanagedAccount(a)
	case notChecked:
		if e.Entitled && e.Desired != nil {
			e.unmanagedAccount(a)
		}
	case undecided:
	}
	if !a.protected {
		e.idle(a)
		e.privilegedRole(a)
	}
}

// leaver: how bad it is depends on how long access has been over.
func (e *examined) leaver(a *account) {
	f := e.finding(LeaverActive, Medium, a, subject("accounts", a.Label()))
	limit := e.Thresholds.LeaverHours
	if a.privileged() {
		limit = e.Thresholds.LeaverPrivilegedHours
	}
	f.Reason = fmt.Sprintf("%s can still sign in: %s", e.who(a.owner.id), a.owner.why)
	if !a.owner.end.IsZero() {
		f.FirstSeen = a.owner.end
		if late := e.Now.Sub(a.owner.end); late > time.Duration(limit)*time.Hour {
			f.Severity = a.severity(High)
			f.Reason += fmt.Sprintf(", %s ago, and the limit is %d h", span(late), limit)
		} else {
			f.Severity = a.severity(Low)
			f.Reason += fmt.Sprintf("; the next apply has %d h", limit)
		}
	}
	f.Suggestion = cutoffHCL(e.Name, a.owner.id, a.owner.why)
	e.add(f)
}

func (e *examined) dropped(a *account) {
	f := e.finding(DroppedFromRoster, Medium, a, subject("accounts", a.Label()))
	f.Reason = fmt.Sprintf("the account is bound to person %s, whom no roster has: absence is a hint and no proof, so it is held", a.owner.id)
	f.Suggestion = fmt.Sprintf("correct the roster, or end the access:\n%s", cutoffHCL(e.Name, a.owner.id, "no longer in any roster"))
	e.add(f)
}

func (e *examined) orphan(a *account) {
	if a.protected {
		return
	}
	f := e.finding(OrphanAccount, Medium, a, subject("accounts", a.Label()))
	f.Reason = "the account belongs to nobody in the rosters or the configuration"
	f.Suggestion = fmt.Sprintf("# in tenure_entitlements, if it is a person's:\nidentities = { %s = { \"PERSON_ID\" = %s } }\n# in the app block, if it is a machine's:\nignored_accounts = [%s]",
		hclKey(e.Name), hclText(a.UserName), hclText(a.UserName))
	e.add(f)
}

// unmanagedAccount is the account of somebody who works here, and to whom nothing gives it.
func (e *examined) unmanagedAccount(a *account) {
	if e.Desired == nil || a.protected {
		return
	}
	if _, wanted := e.Desired.Accounts[a.owner.id]; wanted && a.owner.id != "" {
		return
	}
	f := e.finding(UnmanagedAccount, Low, a, subject("accounts", a.Label()))
	switch a.owner.standing {
	case notYet:
		f.Reason = fmt.Sprintf("%s has an account already: %s", e.who(a.owner.id), a.owner.why)
	case notChecked:
		f.Reason = "the configuration does not ask for the account"
	default:
		f.Reason = fmt.Sprintf("%s works here, and no rule or exception gives an account in %s", e.who(a.owner.id), e.Name)
	}
	f.Suggestion = exceptionHCL(a.owner.id, "accounts", fmt.Sprintf("[%s]", hclText(e.Name)))
	e.add(f)
}

// idle is about accounts that nobody uses.
func (e *examined) idle(a *account) {
	t := &e.Thresholds
	age := int(a.use.idle / (24 * time.Hour))
	switch {
	case !a.use.known:
	case a.use.never:
		limit, what := t.NeverUsedDays, "nobody ever signed in"
		if a.invited() {
			limit, what = t.InvitationDays, "the invitation was not taken up"
		}
		if a.use.idle < days(limit) {
			return
		}
		f := e.finding(NeverUsed, Low, a, subject("accounts", a.Label()))
		f.FirstSeen = a.use.since.Add(days(limit))
		f.Reason = fmt.Sprintf("%s in %d days since %s; the limit is %d", what, age, day(a.use.since), limit)
		f.Suggestion = fmt.Sprintf("# take away what gives the account, for example in a rule:\nwhen = \"... && person.person_id != '%s'\"", celText(a.owner.id))
		if a.owner.standing != works || a.owner.id == "" {
			f.Suggestion = removalHCL()
		}
		e.add(f)
	default:
		limit, base := t.DormantDays, Low
		if a.privileged() {
			limit = min(limit, t.DormantPrivilegedDays)
		}
		if a.use.idle < days(limit) {
			return
		}
		if a.use.idle >= days(t.DormantActDays) {
			base = Medium
		}
		if a.owner.away {
			base = Low
		}
		f := e.finding(DormantAccount, base, a, subject("accounts", a.Label()))
		f.FirstSeen = a.use.since.Add(days(limit))
		f.Reason = fmt.Sprintf("nobody has signed in for %d days, since %s; the limit is %d", age, day(a.use.since), limit)
		if a.owner.away {
			f.Reason += "; the person is on leave of absence"
		}
		f.Suggestion = removalHCL()
		if a.owner.standing == works && a.owner.id != "" {
			f.Suggestion = askHCL(e.who(a.owner.id), "the account")
		}
		e.add(f)
	}
}

// privilegedRole is a privileged role of the account that configuration does not give.
func (e *examined) privilegedRole(a *account) {
	if !e.Entitled || !Privileged(e.PrivilegedRoles, a.Role) || a.Role == "" || a.owner.standing == undecided || a.owner.standing == dropped {
		return
	}
	if e.Desired != nil {
		if w, ok := e.Desired.Accounts[a.owner.id]; ok && strings.EqualFold(w.Role, a.Role) {
			return
		}
	}
	f := e.finding(PrivilegedWithoutRule, Medium, a, subject("roles", a.Role, a.Label()), "role", strings.ToLower(a.Role))
	f.Reason = fmt.Sprintf("no rule or exception gives %s the role %s in %s", e.label(a), a.Role, e.Name)
	f.Suggestion = exceptionHCL(a.owner.id, "roles", fmt.Sprintf("{ %s = %s }", hclKey(e.Name), hclText(a.Role)))
	e.add(f)
}

// label names an account to people.
func (e *examined) label(a *account) string {
	if a.owner.id == "" {
		return a.Label()
	}
	return fmt.Sprintf("%s, %s,", a.Label(), e.who(a.owner.id))
}

// duplicates are several accounts of one person.
func (e *examined) duplicates() {
	by := make(map[string][]*account)
	var order []string
	for i := range e.seen {
		a := &e.seen[i]
		if a.owner.id == "" || a.owner.standing == dropped || a.protected {
			continue
		}
		if by[a.owner.id] == nil {
			order = append(order, a.owner.id)
		}
		by[a.owner.id] = append(by[a.owner.id], a)
	}
	for _, id := range order {
		list := by[id]
		if len(list) < 2 {
			continue
		}
		// The one to look at is not the one that configuration asks for.
		extra, base, live := list[1], Low, 0
		var names []string
		for _, a := range list {
			names = append(names, fmt.Sprintf("%s (%s)", a.Label(), a.ID))
			if a.live() {
				live++
			}
		}
		if e.Desired != nil && e.fold(e.Desired.Accounts[id].UserName) == e.fold(extra.UserName) {
			extra = list[0]
		}
		if live > 1 {
			base = Medium
		}
		f := e.finding(DuplicateAccount, base, extra, subject("accounts", extra.Label()))
		f.Fingerprint = e.print(DuplicateAccount, id)
		f.Reason = fmt.Sprintf("%s has %d accounts in %s: %s", e.who(id), len(list), e.Name, some(names))
		f.Suggestion = fmt.Sprintf("# say which of them is the one:\nidentities = { %s = { %s = %s } }", hclKey(e.Name), hclText(id), hclText(e.keeper(id, list).UserName))
		e.add(f)
	}
}

// keeper is the account that configuration asks for, else the first.
func (e *examined) keeper(id string, list []*account) *account {
	for _, a := range list {
		if e.Desired != nil && e.fold(e.Desired.Accounts[id].UserName) == e.fold(a.UserName) {
			return a
		}
	}
	return list[0]
}

// inactive are accounts that somebody deactivated although configuration gives them.
func (e *examined) inactive() {
	if e.Desired == nil {
		return
	}
	live := make(map[string]bool)
	for i := range e.seen {
		if a := &e.seen[i]; a.live() {
			live[a.owner.id] = true
		}
	}
	for i := range e.seen {
		a := &e.seen[i]
		w, wanted := e.Desired.Accounts[a.owner.id]
		if a.live() || !wanted || w.Suspended || live[a.owner.id] || a.owner.standing != works {
			continue
		}
		f := e.finding(DeactivatedElsewhere, Low, a, subject("accounts", a.Label()))
		f.Reason = fmt.Sprintf("%s should have an active account, and it is not: whoever deactivated it is asked, it is never reactivated silently", e.who(a.owner.id))
		f.Suggestion = fmt.Sprintf("# in accounts of tenure_app_access, to reactivate it against everyone:\n%s = { active = true, ... }", hclText(a.owner.id))
		e.add(f)
	}
}

// span is a duration as people say it.
func span(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

// nothingGives reports whether what an account holds is to be told as unmanaged: not of people who are held as they
// are, and not of leavers, whose account is the finding.
func (a *account) nothingGives() bool {
	switch a.owner.standing {
	case nobody, works, notYet, notChecked:
		return a.live() && !a.protected
	default:
		return false
	}
}
