package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// singleLoss is what one single resource takes from one collection.
type singleLoss struct {
	collection string
	removals   []safeguard.Removal
	held       int // 0: not known
	// keepers are those without whom nobody runs the group; see safeguard.Request.
	keepers []string
	role    string
}

func lossOf(collection, id, name string) singleLoss {
	return singleLoss{collection: collection, removals: []safeguard.Removal{{ID: id, Name: name}}}
}

// brakeOne counts what a single resource takes away.
func (d *Data) brakeOne(diags *diag.Diagnostics, inv *inventory.App, l singleLoss) {
	diagnose(diags, d.brake.Check(safeguard.Request{
		App: inv.Name(), Collection: l.collection, Limits: d.apps[inv.Name()].limits,
		Removals: l.removals, Held: l.held, Keepers: l.keepers, Role: l.role,
	}), nothingSent)
}

// membersNow are the direct members of a group; known is false where the app does not tell them.
func membersNow(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, groupID string) (members []access.Member, known bool) {
	all, err := inv.Members(ctx, groupID)
	switch {
	case errors.Is(err, fault.Unsupported), errors.Is(err, fault.NotFound):
		return nil, false
	case err != nil:
		diagnose(diags, fault.In(err, inv.Name(), "count", "who is in the group"), nothingSent)
		return nil, false
	}
	for _, m := range all {
		if !m.Nested {
			members = append(members, m)
		}
	}
	return members, true
}

// countMembership fills in what the group holds, and who runs it when the member goes or is lowered to a role.
// What other resources of this run add is not known here, so it does not count.
func (d *Data) countMembership(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, groupID, accountID, becomes string, l *singleLoss) {
	members, known := membersNow(ctx, diags, inv, groupID)
	if !known {
		return
	}
	l.held = len(members)
	role := access.KeeperRole(inv.Info().GroupRoles)
	if role == "" || becomes == role || len(members) < 2 {
		return // who is alone in a group leaves nobody behind
	}
	var left, last []string
	for _, m := range members {
		switch {
		case m.Role != role:
		case m.AccountID == accountID:
			last = append(last, l.removals[0].Name)
			d.keepersGone.Store(inv.Info().Tenant+"|"+groupID+"|"+accountID, true)
		default:
			if _, gone := d.keepersGone.Load(inv.Info().Tenant + "|" + groupID + "|" + m.AccountID); !gone {
				left = append(left, m.AccountID)
			}
		}
	}
	if len(last) > 0 && len(left) == 0 {
		l.keepers, l.role = last, role
	}
}

// lastKeeperKey is where the plan to remove a membership notes that nobody is left to run the group, which was approved.
const lastKeeperKey = "last_keeper"

// noteLastKeeper notes for Delete what the plan to remove a membership knew. Refused plans are never applied.
func (d *Data) noteLastKeeper(ctx context.Context, diags *diag.Diagnostics, w privateWriter, m membershipModel, tenant string) {
	known := "false"
	if inv, err := d.forState(m.App, types.StringValue(tenant)); err == nil && inv != nil {
		if alone, _ := aloneInRole(ctx, inv, m); alone {
			known = "true"
		}
	}
	diags.Append(w.SetKey(ctx, lastKeeperKey, []byte(known))...)
}

// aloneInRole reports whether nobody else in the group has the role that runs it, which the member has.
func aloneInRole(ctx context.Context, inv *inventory.App, m membershipModel) (bool, error) {
	role := access.KeeperRole(inv.Info().GroupRoles)
	if role == "" || m.Role.ValueString() != role {
		return false, nil
	}
	members, err := inv.Members(ctx, m.GroupID.ValueString())
	if err != nil {
		return false, err
	}
	others := slices.ContainsFunc(members, func(o access.Member) bool { return o.Role == role && o.AccountID != m.AccountID.ValueString() })
	return !others && len(members) > 1, nil
}

// sparesKeeper refuses to remove the last one who runs a group where the plan counted on another, who went since.
func (d *Data) sparesKeeper(ctx context.Context, diags *diag.Diagnostics, r privateReader, inv *inventory.App, m membershipModel) bool {
	raw, ds := r.GetKey(ctx, lastKeeperKey)
	diags.Append(ds...)
	group := inv.Info().Tenant + "|" + m.GroupID.ValueString()
	alone, err := aloneInRole(ctx, inv, m)
	_, ours := d.keepersGone.LoadOrStore(group, true) // this run took the others, and the plan said so
	if err != nil {
		diagnose(diags, fault.In(err, inv.Name(), "remove", m.label()), stateKept)
		return true
	}
	if !alone || ours || string(raw) != "false" {
		return false
	}
	diagnose(diags, &fault.Error{
		Kind: fault.Stale, System: inv.Name(), Op: "remove", Subject: m.label(),
		Cause: "nobody else with the role " + m.Role.ValueString() + " is left in the group, as there was when this was planned", Next: "Plan again.",
	}, stateKept)
	return true
}

// countAssignment fills in how many hold a license of the product.
func countAssignment(ctx context.Context, inv *inventory.App, product string, l *singleLoss) {
	if held, err := inv.Assignees(ctx, product); err == nil {
		l.held = len(held)
	}
}

// countAccounts fills in how many active accounts there are, where all of them were listed anyway. Where they
// were not, there are so many more than those managed one by one that the count decides and no percentage.
func countAccounts(inv *inventory.App, l *singleLoss) {
	if n, listed := inv.ActiveAccounts(); listed {
		l.held = n
	}
}
