package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// planMembership checks the membership that will be.
func (r *membershipResource) planMembership(ctx context.Context, resp *resource.ModifyPlanResponse, plan membershipModel) {
	if plan.App.IsUnknown() {
		return
	}
	inv := r.data.planning(&resp.Diagnostics, plan.App)
	if inv == nil {
		return
	}
	r.data.cannot(&resp.Diagnostics, inv, app.WriteMembers, path.Root("app"))
	if role := plan.Role; !role.IsUnknown() && !validRole(inv, role.ValueString()) && r.data.first(inv.Name()+"|has no group role "+role.ValueString()) {
		refuse(&resp.Diagnostics, path.Root("role"), fmt.Sprintf("App %s has no group role %q", inv.Name(), role.ValueString()), rolesOf(inv))
	}
	if !plan.Group.IsUnknown() && !plan.UserName.IsUnknown() {
		r.data.claim(ctx, &resp.Diagnostics, resp.Private, stakeOf(inv, subject(inv, "members", groupKey(ctx, inv, plan.Group.ValueString(), plan.GroupID.ValueString())), plan.UserName.ValueString()),
			fmt.Sprintf("tenure_group_membership of %s in %s", plan.label(), inv.Name()))
	}
}

func validRole(inv *inventory.App, role string) bool {
	roles := inv.Info().GroupRoles
	return role == access.DefaultRole && len(roles) == 0 || slices.Contains(roles, role)
}

func rolesOf(inv *inventory.App) string {
	roles := inv.Info().GroupRoles
	if len(roles) == 0 {
		return "Apps of kind " + inv.Info().Kind + " know no roles inside groups. Leave role out."
	}
	return "Its groups know the roles: " + strings.Join(roles, ", ") + "."
}

// planRemoval names who loses a membership, and refuses to strip a protected account. becomes is the role of whoever takes
// the place, "" for nobody.
func (r *membershipResource) planRemoval(ctx context.Context, diags *diag.Diagnostics, state membershipModel, becomes string, tenant types.String, follows func(*inventory.App) bool, summary, detail string) {
	planStrip(ctx, r.data, diags, stripped{
		app: state.App, tenant: tenant, what: state.label(), userName: state.UserName, id: state.AccountID, follows: follows,
		collection: safeguard.Collection("groups", state.Group.ValueString()), replaced: becomes != "",
		count: func(ctx context.Context, inv *inventory.App, l *singleLoss) {
			r.data.countMembership(ctx, diags, inv, state.GroupID.ValueString(), state.AccountID.ValueString(), becomes, l)
		},
		op: "take the membership in " + state.Group.ValueString() + " from", summary: summary, detail: detail,
	})
}

// planRole refuses to change what a protected account is in a group: roles have no order that is known
// here, so only from the plain member any other role is more.
func (r *membershipResource) planRole(ctx context.Context, diags *diag.Diagnostics, plan, state membershipModel, tenant types.String) {
	inv, err := r.data.forState(state.App, tenant)
	was, name := state.Role.ValueString(), state.UserName.ValueString()
	if err != nil || plan.Role.Equal(state.Role) || was == access.DefaultRole || was == "" {
		return
	}
	if refuseProtected(ctx, diags, inv, name, "take the role "+was+" in "+state.Group.ValueString()+" from", path.Root("role")) ||
		!plan.UserName.Equal(state.UserName) || !plan.Group.Equal(state.Group) {
		return
	}
	l := lossOf(safeguard.Collection("groups", state.Group.ValueString()), state.AccountID.ValueString(), name)
	l.removals[0].Stays = true
	r.data.countMembership(ctx, diags, inv, state.GroupID.ValueString(), state.AccountID.ValueString(), plan.Role.ValueString(), &l)
	r.data.brakeOne(diags, inv, l)
}

// stripped is a membership or license that a plan takes away.
type stripped struct {
	app, tenant         types.String
	what                string // names it
	userName, id        types.String
	follows             func(*inventory.App) bool // whether it only follows a rename; nil: it does not
	collection          string                    // for the brake
	replaced            bool                      // somebody else holds it instead
	count               func(context.Context, *inventory.App, *singleLoss)
	op, summary, detail string
}

// planStrip warns about what is taken away, counts it, and refuses it for a protected account.
func planStrip(ctx context.Context, d *Data, diags *diag.Diagnostics, s stripped) {
	inv := d.removing(diags, s.app, s.tenant, s.what)
	if inv == nil || s.follows != nil && s.follows(inv) {
		return
	}
	if refuseProtected(ctx, diags, inv, s.userName.ValueString(), s.op, path.Root("user_name")) {
		return
	}
	l := lossOf(s.collection, s.id.ValueString(), s.userName.ValueString())
	l.removals[0].Stays = s.replaced
	s.count(ctx, inv, &l)
	d.brakeOne(diags, inv, l)
	warn(diags, s.summary, s.detail)
}

// viaKey is where Read keeps what else gives a membership or license.
const viaKey = "via"

func keepVia(ctx context.Context, diags *diag.Diagnostics, w privateWriter, via string) {
	diags.Append(w.SetKey(ctx, viaKey, []byte(strconv.Quote(via)))...)
}

func knownVia(ctx context.Context, diags *diag.Diagnostics, r privateReader) string {
	raw, ds := r.GetKey(ctx, viaKey)
	diags.Append(ds...)
	via, err := strconv.Unquote(string(raw))
	if err != nil {
		return ""
	}
	return via
}

// planKept says that the end of a resource leaves what something else gives, and reports whether it does.
func (d *Data) planKept(ctx context.Context, diags *diag.Diagnostics, r privateReader, name, tenant types.String, what string) bool {
	via := knownVia(ctx, diags, r)
	inv, err := d.forState(name, tenant)
	if via == "" || err != nil {
		return false
	}
	warnKept(diags, inv, what, via)
	return true
}

// warnKept names what stays although its resource ends: taking it away by itself would do nothing.
func warnKept(diags *diag.Diagnostics, inv *inventory.App, what, via string) {
	warn(diags, "Kept in "+inv.Name()+": "+what+", because it comes with "+via,
		"It cannot be removed by itself, so nothing is sent for it. Change "+via+" in "+inv.Name()+" to end it.")
}

// tenantKey is where resources without a tenant attribute keep the tenant they were written for.
const tenantKey = "tenant"

// knownTenant is the tenant that private state remembers, or null.
func knownTenant(ctx context.Context, diags *diag.Diagnostics, r privateReader) types.String {
	raw, ds := r.GetKey(ctx, tenantKey)
	diags.Append(ds...)
	tenant, err := strconv.Unquote(string(raw))
	if err != nil {
		return types.StringNull()
	}
	return types.StringValue(tenant)
}

// keepTenant remembers the tenant in private state.
func keepTenant(ctx context.Context, diags *diag.Diagnostics, w privateWriter, inv *inventory.App) {
	diags.Append(w.SetKey(ctx, tenantKey, []byte(strconv.Quote(inv.Info().Tenant)))...)
}

// wrap gives every cause in a joined error its place.
func wrap(err error, system, op, what string) error {
	all := unjoin(err)
	for i, e := range all {
		if fault.KindOf(e) == fault.NotFound || fault.KindOf(e) == fault.Invalid {
			continue // a lookup that failed says itself what it looked for
		}
		all[i] = fault.In(e, system, op, what)
	}
	return errors.Join(all...)
}
