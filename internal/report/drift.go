package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// findDrift compares what Terraform remembered with what the app showed: what differs was changed by somebody else.
func (b *builder) findDrift(c *change) {
	found := make(map[subject]string)
	add := func(s subject, what string) {
		if was := found[s]; was != "" {
			what = was + "; " + what
		}
		found[s] = what
	}
	switch c.typ {
	case "tenure_app_access", "tenure_group_members":
		if c.before != nil && c.after != nil {
			driftOfSet(c.before, c.after, add)
		}
	case "tenure_account":
		if what := driftOfOne(c, "the account was removed"); what != "" {
			add(accountOf(""), what)
		}
	case "tenure_group_membership":
		if what := driftOfOne(c, "the membership was taken away"); what != "" {
			add(accountOf(""), what)
		}
	case "tenure_license_assignment":
		if what := driftOfOne(c, "the license was taken away"); what != "" {
			add(accountOf(""), what)
		}
	}
	if len(found) > 0 {
		b.drift[driftKey{c.plan, c.address}] = found
	}
}

func driftOfSet(was, now *values, add func(subject, string)) {
	for key, old := range was.Accounts {
		s := accountOf(key)
		a, there := now.Accounts[key]
		switch {
		case there:
			if what := driftOfAccount(&old, &a); what != "" {
				add(s, what)
			}
		case now.held[s].Reason == "":
			add(s, "the account was removed")
		}
	}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		word := "role"
		if kind == access.GrantLicense {
			word = "license"
		}
		for in, holders := range was.grants(kind) {
			for who, old := range holders {
				s := subject{kind, in, who}
				value, there := now.grants(kind)[in][who]
				if _, held := now.held[s]; held {
					continue
				}
				switch {
				case there && value != old:
					add(s, fmt.Sprintf("the %s was changed from %s to %s", word, old, value))
				case !there && kind == access.GrantGroup:
					add(s, "the membership was taken away")
				case !there:
					add(s, "the license was taken away")
				}
			}
		}
	}
	for s := range now.strangers {
		_, known := was.strangers[s]
		_, held := was.held[s]
		_, managed := was.Accounts[s.who]
		if known || held || s.kind == access.GrantAccount && managed {
			continue
		}
		switch s.kind {
		case access.GrantAccount:
			add(s, "the account was made outside Tenure")
		case access.GrantGroup:
			add(s, "the membership was added outside Tenure")
		case access.GrantLicense:
			add(s, "the license was assigned outside Tenure")
		case access.GrantRole:
		}
	}
	for s, h := range now.held {
		if _, before := was.held[s]; !before && h.Reason == "deactivated_elsewhere" {
			add(s, "the account was deactivated outside Tenure")
		}
	}
}

func driftOfAccount(was, now *account) string {
	var parts []string
	switch {
	case !was.inactive() && now.inactive():
		parts = append(parts, "the account was deactivated")
	case was.inactive() && !now.inactive() && now.Active != nil:
		parts = append(parts, "the account was reactivated")
	}
	if was.Role != now.Role {
		parts = append(parts, fmt.Sprintf("role was changed from %q to %q", was.Role, now.Role))
	}
	old := make(map[string]string)
	for _, f := range was.profile() {
		old[f.name] = f.value
	}
	seen := make(map[string]bool)
	for _, f := range now.profile() {
		if seen[f.name] = true; f.value != old[f.name] {
			parts = append(parts, fmt.Sprintf("%s was changed from %q to %q", f.name, old[f.name], f.value))
		}
	}
	for _, f := range was.profile() {
		if !seen[f.name] {
			parts = append(parts, fmt.Sprintf("%s was changed from %q to %q", f.name, f.value, ""))
		}
	}
	return strings.Join(parts, "; ")
}

// driftOfOne is that of a resource which holds one thing.
func driftOfOne(c *change, gone string) string {
	switch {
	case c.before == nil:
		return ""
	case c.after == nil:
		return gone
	case c.typ == "tenure_account":
		return driftOfAccount(&c.before.account, &c.after.account)
	case c.before.Role != c.after.Role:
		return fmt.Sprintf("the role was changed from %s to %s", c.before.Role, c.after.Role)
	case c.before.License != c.after.License:
		return fmt.Sprintf("the license was changed from %s to %s", c.before.License, c.after.License)
	}
	return ""
}

// leftDrift tells what was changed behind Tenure's back and is neither put right nor held.
func (b *builder) leftDrift() {
	for _, c := range b.drifted {
		found := b.drift[driftKey{c.plan, c.address}]
		r := b.reader(c)
		why := "no change is planned for it"
		if p := b.report.Plans[c.plan]; slices.Contains(p.Unplanned, c.address) {
			why = "planning stopped before it was decided about"
		}
		for s, what := range found {
			if what == "" {
				continue // told
			}
			g := Grant{Effect: Noticed, Kind: s.kindOf(), Name: s.in, Drift: what, Why: why, Reason: ByDrift}
			if s != accountOf("") {
				r.tell(s, g)
				continue
			}
			v := c.after
			if v == nil {
				v = c.before
			}
			if key, ok := r.holder(v); ok {
				switch c.typ {
				case "tenure_group_membership":
					g.Kind, g.Name, g.Value = Group, v.Group, v.Role
				case "tenure_license_assignment":
					g.Kind, g.Name, g.Value = License, v.Product, v.License
				}
				r.give(key, g)
			}
		}
	}
}
