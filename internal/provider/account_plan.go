package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// ModifyPlan checks at plan what would otherwise fail half-way through an apply, says in words whose
// account goes, and notes for Delete whether it is an end or a hand-over. Planned values never depend
// on a look-up here: Terraform plans again inside apply and refuses a different answer.
func (r *accountResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, state, ok := planned[accountModel](ctx, req, resp)
	if r.data == nil || !ok {
		return
	}
	if plan == nil {
		r.data.noteEndPreview(ctx, &resp.Diagnostics, resp.Private, state.App, state.Tenant)
		if noteEnd(ctx, &resp.Diagnostics, resp.Private, r.data.handsOver(state.App, state.Tenant, "accounts", state.ID.ValueString())) {
			r.planRemoval(ctx, &resp.Diagnostics, *state)
		}
		return
	}
	moved := false // to another app: the one replacement that is a removal
	if state != nil {
		if moved = r.data.movesTenant(plan.App, state.App, state.Tenant); moved {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("app"))
			r.planRemoval(ctx, &resp.Diagnostics, *state)
		} else if !plan.UserName.Equal(state.UserName) {
			r.data.rename(state.Tenant, "accounts", state.ID, plan.UserName)
		}
		if !moved && plan.Active.Equal(state.Active) {
			plan.Status = state.Status
			resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		}
	}
	if state == nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("tenant"), r.data.planTenant(plan.App))...)
	}
	planIntent(ctx, &resp.Diagnostics, req, resp, moved)
	if state != nil && !moved {
		r.planName(ctx, req, resp, *plan, *state)
	}
	if state != nil && !moved && state.Role.ValueString() != "" && !plan.Role.Equal(state.Role) {
		if inv, err := r.data.forState(state.App, state.Tenant); err == nil {
			refuseProtected(ctx, &resp.Diagnostics, inv, state.UserName.ValueString(), "take the role "+state.Role.ValueString()+" from", path.Root("role"))
		}
	}
	if inv := r.planAccount(ctx, resp, *plan); inv != nil && state != nil && !moved && flips(plan.Active, state.Active) {
		l := lossOf(safeguard.Collection("accounts"), state.ID.ValueString(), state.UserName.ValueString())
		l.removals[0].Stays = plan.Active.ValueBool()
		countAccounts(inv, &l)
		r.data.brakeOne(&resp.Diagnostics, inv, l)
	}
}

// planName looks after the user name of an account that goes on.
func (r *accountResource) planName(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, plan, state accountModel) {
	inv, err := r.data.forState(state.App, state.Tenant)
	if err != nil || inv == nil {
		return
	}
	now := reusedBy(ctx, &resp.Diagnostics, req.Private)
	switch {
	case now == "":
		r.data.refuseTakenName(ctx, &resp.Diagnostics, inv, plan, state)
	case plan.UserName.IsUnknown() || inv.SameUserName(plan.UserName.ValueString(), state.UserName.ValueString()):
		refuseReused(&resp.Diagnostics, inv.Name(), "the account "+state.UserName.ValueString()+" to the resource", state.UserName, state.ID, now, forgetOld)
	default: // the account is gone, and what is wanted is another one
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("user_name"))
	}
}

// flips reports a deactivation or a reactivation; both count for the brake.
func flips(plan, state types.Bool) bool {
	return !plan.IsNull() && !plan.IsUnknown() && !plan.Equal(state) && (!plan.ValueBool() || !state.IsNull())
}

// planAccount checks the account that will be, and gives its app.
func (r *accountResource) planAccount(ctx context.Context, resp *resource.ModifyPlanResponse, plan accountModel) *inventory.App {
	if plan.App.IsUnknown() {
		return nil
	}
	inv := r.data.planning(&resp.Diagnostics, plan.App)
	if inv == nil {
		return nil
	}
	for _, f := range access.Fields() {
		if v := plan.field(f); !v.IsNull() && f != access.PersonID && !slices.Contains(inv.Info().Fields, f) && r.data.first(inv.Name()+"|has no "+string(f)) {
			refuse(&resp.Diagnostics, path.Root(string(f)), fmt.Sprintf("App %s has no %s", inv.Name(), f),
				"Apps of kind "+inv.Info().Kind+" as configured manage: "+joinFields(inv.Info().Fields)+".\n\nLeave the argument out.")
		}
	}
	needs := []app.Capability{app.CreateAccounts}
	if !plan.Active.IsNull() && !plan.Active.IsUnknown() && !plan.Active.ValueBool() {
		needs = append(needs, app.DeactivateAccount)
		refuseProtected(ctx, &resp.Diagnostics, inv, plan.UserName.ValueString(), "deactivate", path.Root("active"))
	}
	for _, c := range needs {
		r.data.cannot(&resp.Diagnostics, inv, c, path.Root("app"))
	}
	if !plan.UserName.IsUnknown() {
		r.data.claim(ctx, &resp.Diagnostics, resp.Private, stakeOf(inv, subject(inv, "accounts"), plan.UserName.ValueString()),
			fmt.Sprintf("tenure_account for %s in %s", plan.UserName.ValueString(), inv.Name()))
	}
	return inv
}

// planRemoval warns in words about the account that a destroy retires, and refuses what must not happen.
func (r *accountResource) planRemoval(ctx context.Context, diags *diag.Diagnostics, state accountModel) {
	name, how := state.UserName.ValueString(), access.Disposition(state.OnRemoval.ValueString())
	if how == access.Keep {
		return
	}
	inv := r.data.removing(diags, state.App, state.Tenant, name)
	if inv == nil {
		return
	}
	if refuseProtected(ctx, diags, inv, name, string(how), path.Root("user_name")) {
		return
	}
	need := app.DeactivateAccount
	if how == access.Delete {
		need = app.DeleteAccounts
	}
	r.data.cannot(diags, inv, need, path.Root("on_removal"))
	l := lossOf(safeguard.Collection("accounts"), state.ID.ValueString(), name)
	countAccounts(inv, &l)
	r.data.brakeOne(diags, inv, l)
	warn(diags, fmt.Sprintf("Applying will %s %s in %s", how, name, inv.Name()),
		"The account (id "+state.ID.ValueString()+") leaves the configuration. on_removal = \"keep\" would leave it as it is.")
}

// planIntent notes what the Delete of this plan may do. A replacement is planned twice, the second time
// as a create that receives the private state of the first.
func planIntent(ctx context.Context, diags *diag.Diagnostics, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, removes bool) {
	switch {
	case removes:
		noteIntent(ctx, diags, resp.Private, intentDestroy)
	case !req.State.Raw.IsNull() || intent(ctx, diags, req.Private) != intentDestroy:
		noteIntent(ctx, diags, resp.Private, intentCreate)
	}
}

// refuseProtected refuses to take anything from an account that is protected, and reports whether it did.
func refuseProtected(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, name, op string, at path.Path) bool {
	why, way := "", ""
	switch {
	case inv.IsProtected(name):
		why = "The app's protected_accounts match it: such accounts are never removed, deactivated or stripped."
		way = "Keep it in the configuration, remove it from state (terraform state rm), or take it off protected_accounts first."
	case inv.IsOwn(ctx, name):
		why = "It is the account behind the credential of this run, which would take away its own access."
		way = "Keep it in the configuration, remove it from state (terraform state rm), or do it with another credential."
	default:
		return false
	}
	refuse(diags, at, fmt.Sprintf("Will not %s the protected account %s in %s", op, name, inv.Name()), why+"\n\n"+nothingSent+"\n\n"+way)
	return true
}

func joinFields(fields []access.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
