package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// grantKey tells grants apart: the address, and the role inside a group.
type grantKey struct {
	access.Grant
	role string
}

func (k grantKey) compare(l grantKey) int {
	return cmp.Or(cmp.Compare(k.App, l.App), cmp.Compare(k.Kind, l.Kind), cmp.Compare(k.Name, l.Name),
		cmp.Compare(k.License, l.License), cmp.Compare(k.role, l.role))
}

func (g Grants) empty() bool {
	return len(g.Accounts)+len(g.Groups)+len(g.GroupRoles)+len(g.Licenses)+len(g.Roles) == 0
}

// keys expands what is written into single grants, with the account that each implies.
func (g Grants) keys() []grantKey {
	set := map[grantKey]bool{}
	add := func(app string, kind access.GrantKind, name, license, role string) {
		set[grantKey{access.Grant{App: app, Kind: kind, Name: name, License: license}, role}] = true
		set[grantKey{Grant: access.Grant{App: app, Kind: access.GrantAccount}}] = true
	}
	for _, app := range g.Accounts {
		add(app, access.GrantAccount, "", "", "")
	}
	for app, groups := range g.Groups {
		for _, group := range groups {
			if _, ok := g.GroupRoles[app][group]; !ok { // group_roles says more about the same group
				add(app, access.GrantGroup, group, "", access.DefaultRole)
			}
		}
	}
	for app, groups := range g.GroupRoles {
		for group, role := range groups {
			add(app, access.GrantGroup, group, "", role)
		}
	}
	for app, products := range g.Licenses {
		for product, license := range products {
			add(app, access.GrantLicense, product, license, "")
		}
	}
	for app, role := range g.Roles {
		add(app, access.GrantRole, role, "", "")
	}
	keys := make([]grantKey, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, grantKey.compare)
	return keys
}

// vocabulary numbers every app and grant that a rule or exception names, in sorted order, so that people
// hold small numbers, and sorting numbers sorts addresses.
func (c *checker) vocabulary() {
	var all []grantKey
	collect := func(b Block, g Grants) {
		c.checkGrants(b, g)
		all = append(all, g.keys()...)
	}
	for i, r := range c.policy.Rules {
		collect(ruleBlock(i, r), r.Grants)
	}
	for i, x := range c.policy.Exceptions {
		collect(exceptionBlock(i, x), x.Grants)
	}
	slices.SortFunc(all, grantKey.compare)
	all = slices.Compact(all)
	c.ids = make(map[grantKey]int32, len(all))
	slots := map[access.Grant]int32{}
	for i, k := range all {
		if len(c.apps) == 0 || c.apps[len(c.apps)-1].name != k.App {
			c.apps = append(c.apps, appPlan{name: k.App})
		}
		place := k.Grant
		switch k.Kind {
		case access.GrantLicense:
			place.License = ""
		case access.GrantRole:
			place.Name = ""
		case access.GrantAccount, access.GrantGroup: // the grant as it is; a role in a group is no part of it
		}
		slot, ok := slots[place]
		if !ok {
			slot = int32(len(slots))
			slots[place] = slot
		}
		g := grant{Grant: k.Grant, role: k.role, app: int32(len(c.apps) - 1), slot: slot, address: k.Grant.String()}
		c.ids[k] = int32(i)
		c.grants = append(c.grants, g)
		c.given[g.address] = true
	}
	c.slots = len(slots)
	c.sameButCase()
}

// sameButCase warns about two groups of one app that differ in case only: most apps take them for one, and
// each would undo the other.
func (c *checker) sameButCase() {
	first := map[access.Grant]grant{}
	for _, g := range c.grants {
		if g.Kind != access.GrantGroup && g.Kind != access.GrantLicense {
			continue
		}
		k := g.Grant
		k.Name, k.License = fold(k.Name), fold(k.License)
		if f, ok := first[k]; !ok {
			first[k] = g
		} else if f.address != g.address {
			c.warn(CodeInvalid, Block{}, "", fmt.Sprintf("%s and %s differ only in case", f.address, g.address),
				"most apps take them for one: write it the same way everywhere")
		}
	}
}

// grantIDs are the numbers of what g gives.
func (c *checker) grantIDs(g Grants) []int32 {
	var ids []int32
	for _, k := range g.keys() {
		ids = append(ids, c.ids[k])
	}
	return ids
}

// checkGrants checks the names in g.
func (c *checker) checkGrants(b Block, g Grants) {
	name := func(attribute, what, s string) {
		if strings.TrimSpace(s) == "" {
			c.fail(b, attribute, fmt.Sprintf("the name of a %s is empty", what), "give it as the app knows it")
		}
	}
	for _, app := range slices.Sorted(slices.Values(g.Accounts)) {
		c.app(b, "accounts", app)
	}
	for _, app := range sortedKeys(g.Groups) {
		c.app(b, "groups", app)
		for _, group := range slices.Sorted(slices.Values(g.Groups[app])) {
			name("groups", "group", group)
		}
	}
	for _, app := range sortedKeys(g.GroupRoles) {
		c.app(b, "group_roles", app)
		for _, group := range sortedKeys(g.GroupRoles[app]) {
			name("group_roles", "group", group)
			name("group_roles", "role", g.GroupRoles[app][group])
		}
	}
	for _, app := range sortedKeys(g.Licenses) {
		c.app(b, "licenses", app)
		for _, product := range sortedKeys(g.Licenses[app]) {
			name("licenses", "product", product)
			name("licenses", "license", g.Licenses[app][product])
		}
	}
	for _, app := range sortedKeys(g.Roles) {
		c.app(b, "roles", app)
		name("roles", "role", g.Roles[app])
	}
}

// fold is the form in which names and e-mail addresses are compared.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.ToLower(norm.NFC.String(s))
		}
	}
	return strings.ToLower(s)
}
