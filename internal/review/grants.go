package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// memberships are those in managed and in privileged groups that nothing gives.
func (e *examined) memberships() {
	groups := slices.Clone(e.Groups)
	slices.SortFunc(groups, func(a, b access.Group) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	for i := range groups {
		g := &groups[i]
		desired, managed := e.desiredIn(g)
		privileged := e.privilegedGroup(g)
		for _, m := range g.Members {
			a := e.holder(m.AccountID, m.UserName)
			if a == nil || m.Nested {
				continue
			}
			if a.live() {
				e.note(a, access.Grant{App: e.Name, Kind: access.GrantGroup, Name: g.Name})
			}
			if !managed && !privileged || !e.Entitled || !a.nothingGives() {
				continue
			}
			role, given := desired[e.fold(a.UserName)]
			if given && (m.RoleFixed || m.Via != "" || strings.EqualFold(role, cmp.Or(m.Role, access.DefaultRole))) {
				continue
			}
			e.membership(g, a, m, privileged, role, given)
		}
	}
}

// desiredIn is who should be in a group, by folded user name, and whether configuration speaks of it.
func (e *examined) desiredIn(g *access.Group) (map[string]string, bool) {
	if e.Desired == nil {
		return nil, false
	}
	holders, ok := e.groups[e.fold(g.Name)]
	if !ok {
		holders, ok = e.groups[g.ID]
	}
	return e.folded(holders), ok
}

func (e *examined) folded(holders map[string]string) map[string]string {
	if !e.FoldCase {
		return holders
	}
	out := make(map[string]string, len(holders))
	for who, v := range holders {
		out[e.fold(who)] = v
	}
	return out
}

func (e *examined) membership(g *access.Group, a *account, m access.Member, privileged bool, role string, given bool) {
	kind, base := UnmanagedMembership, Low
	if privileged {
		kind, base = PrivilegedWithoutRule, Medium
	}
	id := cmp.Or(g.ID, "name:"+e.fold(g.Name))
	f := e.finding(kind, base, a, subject("groups", g.Name, a.Label()), "group", id)
	is := cmp.Or(m.Role, access.DefaultRole)
	switch {
	case given:
		f.Reason = fmt.Sprintf("%s is %s in group %s; configuration gives %s", e.label(a), is, g.Name, role)
	default:
		f.Reason = fmt.Sprintf("no rule or exception gives %s the membership in group %s", e.label(a), g.Name)
	}
	f.Evidence += "; role " + is + " in group " + cmp.Or(g.ID, g.Name)
	if m.Via != "" {
		f.Evidence += "; by " + m.Via
	}
	f.Suggestion = exceptionHCL(a.owner.id, "groups", fmt.Sprintf("{ %s = [%s] }", hclKey(e.Name), hclText(g.Name)))
	if m.Via != "" {
		f.Suggestion = "# it cannot be removed by itself: change " + oneLine(m.Via)
	}
	e.add(f)
}

// licenses are assignments that nothing gives, that an inactive account holds or that nobody uses.
func (e *examined) licenses() {
	products := make([]string, 0, len(e.Assignments))
	for p := range e.Assignments {
		products = append(products, p)
	}
	slices.Sort(products)
	for _, product := range products {
		var desired map[string]string
		managed := false
		if e.Desired != nil {
			var holders map[string]string
			if holders, managed = e.Desired.Licenses[product]; managed {
				desired = e.folded(holders)
			}
		}
		for _, s := range e.Assignments[product] {
			a := e.holder(s.AccountID, s.UserName)
			if a == nil {
				continue
			}
			if a.live() {
				e.note(a, access.Grant{App: e.Name, Kind: access.GrantLicense, Name: product, License: s.License})
			}
			_, given := desired[e.fold(a.UserName)]
			e.license(product, s, a, managed && !given)
		}
	}
}

func (e *examined) license(product string, s access.Assignment, a *account, unmanaged bool) {
	begin := func(kind Kind, base Severity, format string, args ...any) Finding {
		f := e.finding(kind, base, a, subject("licenses", product, a.Label()), "license", product, s.License)
		f.Severity = base // privileges do not make a license worse
		f.Reason = fmt.Sprintf("%s holds %s: ", e.label(a), s.License) + fmt.Sprintf(format, args...)
		if s.Via != "" {
			f.Evidence += "; by " + s.Via
		}
		f.Suggestion = exceptionHCL(a.owner.id, "licenses", fmt.Sprintf("{ %s = { %s = %s } }", hclKey(e.Name), hclKey(product), hclText(s.License)))
		e.price(&f, product, s.License, 1)
		return f
	}
	if !a.live() {
		f := begin(LicenseOnInactive, Medium, "the account is inactive")
		f.Suggestion = "# leave the person out of licenses, or in tenure_app_access:\nunmanaged {\n  accounts  = \"report\"\n  members   = \"report\"\n  assignees = \"remove\"\n}"
		e.add(f)
		return
	}
	if unmanaged && e.Entitled && a.nothingGives() {
		e.add(begin(UnmanagedLicense, Low, "no rule or exception gives it"))
		return
	}
	t := &e.Thresholds
	limit := t.LicenseUnusedDays
	if a.use.never {
		limit = t.NeverUsedDays
	}
	if a.owner.standing == left || a.protected || !a.use.known || a.use.idle < days(limit) {
		return
	}
	f := begin(LicenseUnused, Low, "nobody has signed in for %s, since %s; the limit is %d days", span(a.use.idle), day(a.use.since), limit)
	f.FirstSeen = a.use.since.Add(days(limit))
	f.Suggestion = askHCL(cmp.Or(e.who(a.owner.id), a.Label()), s.License)
	e.add(f)
}

// price adds what a number of seats cost.
func (e *examined) price(f *Finding, product, license string, seats int) {
	if p, ok := PriceOf(e.Prices, product, license); ok {
		cost := p.Monthly * float64(seats)
		f.MonthlyCost, f.Currency = &cost, p.Currency
	}
}

// pools are short of seats or have too many of them.
func (e *examined) pools() {
	for _, p := range e.Pools {
		if p.Total < 0 || p.Used < 0 {
			e.cover.Gaps = append(e.cover.Gaps, fmt.Sprintf("the app does not tell the seats of %s/%s", p.Product, p.License))
			continue
		}
		free, missing := p.Total-p.Used, e.missing(p)
		t := &e.Thresholds
		f := Finding{
			App: e.Name, Owner: e.Owner, Subject: subject("licenses", p.Product, p.License),
			Evidence: fmt.Sprintf("%d seats, %d used, %d free", p.Total, p.Used, free),
		}
		switch {
		case free*100 < t.LicensePoolLowPercent*p.Total, free < missing:
			f.Kind, f.Severity = LicensePoolLow, Medium
			f.Reason = fmt.Sprintf("%d of %d seats of %s are free; the limit is %d %%", free, p.Total, p.License, t.LicensePoolLowPercent)
			if free < missing {
				f.Severity = High
				f.Reason = fmt.Sprintf("%d more seats of %s are to be assigned, and %d are free", missing, p.License, free)
			}
			f.Suggestion = fmt.Sprintf("# buy seats of %s, at least %d, or free those that nobody uses", oneLine(p.License), max(missing-free, 1))
		case (free-missing)*100 > t.LicensePoolIdlePercent*p.Total:
			f.Kind, f.Severity = LicensePoolIdle, Low
			f.Reason = fmt.Sprintf("%d of %d seats of %s are spare; the limit is %d %%", free-missing, p.Total, p.License, t.LicensePoolIdlePercent)
			f.Suggestion = fmt.Sprintf("# at the next renewal, buy %d seats of %s fewer", free-missing, oneLine(p.License))
			e.price(&f, p.Product, p.License, free-missing)
		default:
			continue
		}
		f.Fingerprint = e.print(f.Kind, p.Product, p.License)
		e.add(f)
	}
}

// missing is how many seats configuration will take from a pool that are not taken yet.
func (e *examined) missing(p access.Pool) int {
	if e.Desired == nil {
		return 0
	}
	holds := make(map[string]bool)
	for _, s := range e.Assignments[p.Product] {
		if s.License != p.License {
			continue
		}
		name := s.UserName
		if i, ok := e.byID[s.AccountID]; ok {
			name = e.seen[i].UserName
		}
		holds[e.fold(name)] = true
	}
	n := 0
	for who, license := range e.Desired.Licenses[p.Product] {
		if license == p.License && !holds[e.fold(who)] {
			n++
		}
	}
	return n
}
