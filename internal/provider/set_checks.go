package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

func checkWord(diags *diag.Diagnostics, m *setModel, name string, words ...string) {
	checkWordAt(diags, m.raw[name], path.Root(name), words...)
}

// checkWordAt refuses a word that is none of words; null and unknown are for later.
func checkWordAt(diags *diag.Diagnostics, v tftypes.Value, at path.Path, words ...string) {
	if v.IsNull() || !v.IsKnown() {
		return
	}
	if s := stringOf(v); !slices.Contains(words, s) {
		refuse(diags, at, "Bad value "+quoted(s), fmt.Sprintf("%s takes one of: %s.", at, strings.Join(words, ", ")))
	}
}

// checkHolders refuses names and values that mean nobody or nothing.
func checkHolders(diags *diag.Diagnostics, argument string, g converge.Grants) {
	for _, in := range sortedKeys(g) {
		at := path.Root(argument)
		if argument != "members" {
			at = at.AtMapKey(in)
		}
		for _, who := range sortedKeys(g[in]) {
			if who == "" || g[in][who] == "" {
				refuse(diags, at.AtMapKey(who), "An entry without a value",
					"Each entry reads user_name = \"value\"; members have the role \"member\" where the app knows no roles.")
			}
		}
	}
}

// check refuses what the app cannot do, all at once.
func (t *setResource) check(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, m *setModel) {
	info := inv.Info()
	unsupported := map[access.Field][]string{}
	for key, a := range m.state.Accounts {
		for f := range a.Fields {
			if f != converge.Active && f != converge.Attributes && f != access.UserName && !slices.Contains(info.Fields, f) {
				unsupported[f] = append(unsupported[f], key)
			}
		}
	}
	for _, f := range slices.Sorted(maps.Keys(unsupported)) {
		keys := unsupported[f]
		slices.Sort(keys)
		refuse(diags, path.Root("accounts").AtMapKey(keys[0]).AtName(string(f)), fmt.Sprintf("App %s has no %s", inv.Name(), f),
			fmt.Sprintf("%d accounts set it. Apps of kind %s as configured manage: %s.\n\nLeave it out, or reduce account_fields in tenure_entitlements.",
				len(keys), info.Kind, joinFields(info.Fields)))
	}
	needs := map[app.Capability]path.Path{}
	if len(m.state.Accounts) > 0 {
		needs[app.ReadAccounts], needs[app.CreateAccounts] = path.Root("accounts"), path.Root("accounts")
	}
	groups := path.Root("groups")
	if m.group != "" {
		groups = path.Root("members")
	}
	if len(m.state.Groups) > 0 {
		needs[app.ReadMembers], needs[app.WriteMembers] = groups, groups
	}
	if len(m.state.Licenses) > 0 {
		needs[app.ReadLicenses], needs[app.WriteLicenses] = path.Root("licenses"), path.Root("licenses")
	}
	for _, c := range slices.Sorted(maps.Keys(needs)) {
		diagnose(diags, inv.Supports(c), nothingSent, needs[c])
	}
	t.checkRoles(diags, inv, m, groups)
	if inv.Supports(app.ReadGroups) == nil {
		t.checkGroups(ctx, diags, inv, m, groups)
	}
}

// checkGroups looks up groups that are new in configuration. The answer adds words and never values. A group
// that is not there is a warning, because a tenure_group of the same run may be about to make it.
func (t *setResource) checkGroups(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, m *setModel, at path.Path) {
	for _, in := range sortedKeys(m.state.Groups) {
		if _, known := m.private.Groups[in]; known {
			continue
		}
		where := at
		if m.group == "" {
			where = at.AtMapKey(in)
		}
		g, err := inv.Group(ctx, in)
		switch {
		case errors.Is(err, fault.NotFound):
			_, detail := describe(err, "")
			warn(diags, "App "+inv.Name()+" has no group "+in, detail+"\n\nApplying fails for its members unless a tenure_group makes it first; say so with depends_on.")
		case err == nil && g.ReadOnly != "":
			refuse(diags, where, "Cannot change the members of group "+in+" in "+inv.Name(), sentence(g.ReadOnly)+" Leave the group out.")
		}
	}
}

func (t *setResource) checkRoles(diags *diag.Diagnostics, inv *inventory.App, m *setModel, at path.Path) {
	for _, in := range sortedKeys(m.state.Groups) {
		bad := map[string]string{} // somebody who has the role
		for who, role := range m.state.Groups[in] {
			if role != converge.Unknown && !validRole(inv, role) && (bad[role] == "" || who < bad[role]) {
				bad[role] = who
			}
		}
		for _, role := range sortedKeys(bad) {
			where := at
			if m.group == "" {
				where = at.AtMapKey(in)
			}
			refuse(diags, where.AtMapKey(bad[role]), fmt.Sprintf("App %s has no group role %q", inv.Name(), role), rolesOf(inv))
		}
	}
}

// checkLosses refuses removals that the app cannot carry out.
func (t *setResource) checkLosses(diags *diag.Diagnostics, inv *inventory.App, m *setModel, losses []converge.Loss) {
	needs := map[app.Capability]path.Path{}
	for _, l := range losses {
		switch {
		case l.Subject.Kind != access.GrantAccount:
		case l.Change == "reactivate":
			needs[app.ReactivateAccount] = path.Root("accounts").AtMapKey(l.Subject.Who)
		case l.Change == string(access.Delete):
			needs[app.DeleteAccounts] = path.Root("on_removal")
		default:
			needs[app.DeactivateAccount] = path.Root("on_removal")
		}
	}
	for _, c := range slices.Sorted(maps.Keys(needs)) {
		diagnose(diags, inv.Supports(c), nothingSent, needs[c])
	}
}

// checkSeats warns where a plan assigns more licenses than there are seats, counting those that it frees, and where
// the app has no such product. It asks the app only when something is assigned. The answer adds words and never
// values.
func (t *setResource) checkSeats(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, was *converge.State, m *setModel) {
	var prior converge.Grants
	if was != nil {
		prior = was.Licenses
	}
	for _, product := range sortedKeys(m.state.Licenses) {
		holders, held := m.state.Licenses[product], prior[product]
		if !assigns(held, holders) {
			continue
		}
		pools, err := inv.Pools(ctx)
		if err != nil {
			return // the apply itself says what is wrong
		}
		pools = slices.DeleteFunc(pools, func(p access.Pool) bool { return p.Product != product })
		if len(pools) == 0 {
			warn(diags, "App "+inv.Name()+" has no product "+product, "Applying fails for everybody who is to get a license of it.")
			continue
		}
		if _, known := prior[product]; !known { // who holds one already takes no other seat
			held = map[string]string{}
			all, err := inv.Assignees(ctx, product)
			if err != nil {
				continue
			}
			for _, a := range all {
				for _, who := range []string{a.UserName, strings.ToLower(a.UserName)} {
					if _, asked := holders[who]; asked {
						held[who] = a.License
					}
				}
			}
		}
		for _, p := range pools {
			t.checkPool(diags, inv, p, held, holders)
		}
	}
}

func assigns(held, holders map[string]string) bool {
	for who, license := range holders {
		if held[who] != license {
			return true
		}
	}
	return false
}

func (t *setResource) checkPool(diags *diag.Diagnostics, inv *inventory.App, p access.Pool, held, holders map[string]string) {
	need, freed := 0, 0
	for who, license := range holders {
		if license == p.License && held[who] != p.License {
			need++
		}
	}
	for who, license := range held {
		if license == p.License && holders[who] != p.License {
			freed++
		}
	}
	free := p.Total - p.Used
	if p.Total < 0 || p.Used < 0 || need <= free+freed {
		return
	}
	name := p.License
	if p.Product != p.License {
		name = p.Product + "/" + p.License
	}
	warn(diags, fmt.Sprintf("App %s has too few seats of %s: %d are free and %d are to be assigned", inv.Name(), name, max(free, 0)+freed, need),
		fmt.Sprintf("The pool has %d seats, of which %d are used; this plan frees %d. Applying fails for %d people. Buy seats, or assign fewer.",
			p.Total, p.Used, freed, need-free-freed))
}
