package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

var (
	_ resource.ResourceWithConfigure  = (*cutoffResource)(nil)
	_ resource.ResourceWithModifyPlan = (*cutoffResource)(nil)
)

// cutoffResource is the kill switch of one app: it deactivates, and does nothing else.
type cutoffResource struct{ configuredResource }

// newCutoffResource makes a tenure_cutoff.
func newCutoffResource() resource.Resource { return &cutoffResource{} }

func (*cutoffResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cutoff"
}

func (*cutoffResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	full := []validator.Map{
		mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1)), mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Cuts people off from one app at once: their accounts are deactivated and kept deactivated, nothing else is touched.\n\n" +
			"It is made for a fast lane: a configuration of its own with a small state, in which a plan reads the few people named here and not the company. " +
			"It only ever deactivates. Taking a person out of `people`, or destroying the resource, does nothing; giving access back is for whoever gave it. " +
			"Somebody who has no account is cut off already. An account that somebody activates again is shown by the next plan and deactivated by the next apply.\n\n" +
			"Protected accounts are refused, and so are more people at once than `safeguard.max_cutoffs` allows. Other limits of the brake do not apply. " +
			"Where `tenure_app_access` manages the same accounts, it holds them as `deactivated_elsewhere` and does not activate them again.",
		Attributes: map[string]schema.Attribute{
			"app": appAttribute(),
			"people": schema.MapAttribute{
				MarkdownDescription: "Whom to cut off: `person_id` to reason. The reason goes to the audit log. The `cutoffs` of `tenure_entitlements` fit here.",
				ElementType:         types.StringType, Required: true, Validators: full,
			},
			"user_names": schema.MapAttribute{
				MarkdownDescription: "The user name in this app by `person_id`, for apps that do not remember whose account is whose, and for accounts that Tenure never provisioned. Accounts that carry the `person_id` are found without it.",
				ElementType:         types.StringType, Optional: true, Validators: full,
			},
			"revoke_sessions": schema.BoolAttribute{
				MarkdownDescription: "End the sessions that are open, where the app can be asked to; `done` says whether that was done. Most apps end sessions by themselves when an account is deactivated, some only after an hour or more. Default `true`.",
				Optional:            true, Computed: true, Default: booldefault.StaticBool(true),
			},
			"done": schema.MapAttribute{
				MarkdownDescription: "What is done, by `person_id`: `deactivated, sessions ended`, `deactivated, sessions not ended` (the app cannot be asked to, or refused), `deactivated` (`revoke_sessions` is false), `no account`, or `active` where somebody has activated an account again.",
				ElementType:         types.StringType, Computed: true,
			},
			"tenant": tenantAttribute(),
		},
	}
}

// ModifyPlan plans whom to cut off. It looks their accounts up only to warn and to refuse: what is planned
// depends on the configuration and on state alone.
func (r *cutoffResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, state, ok := planned[cutoffModel](ctx, req, resp)
	if r.data == nil || !ok || plan == nil {
		return
	}
	if state != nil && r.data.movesTenant(plan.App, state.App, state.Tenant) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("app"))
		state = nil
	}
	if plan.People.IsUnknown() {
		plan.Done = types.MapUnknown(types.StringType)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	ends := false
	if inv, err := r.data.app(plan.App.ValueString()); err == nil {
		ends = inv.Supports(app.EndSessions) == nil
	}
	todo := plan.todo(state, ends)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if len(todo) == 0 || plan.App.IsUnknown() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil {
		return
	}
	for _, c := range []app.Capability{app.ReadAccounts, app.DeactivateAccount} {
		if err := inv.Supports(c); err != nil {
			diagnose(&resp.Diagnostics, err, nothingSent, path.Root("app"))
			return
		}
	}
	diagnose(&resp.Diagnostics, r.data.cutoffs.take(inv, todo), nothingSent, path.Root("people"))
	if plan.UserNames.IsUnknown() {
		return
	}
	for _, person := range todo {
		plan.foresee(ctx, &resp.Diagnostics, inv, person)
	}
}

// foresee says what will become of one person, and refuses what must not.
func (m *cutoffModel) foresee(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, person string) {
	at := path.Root("people").AtMapKey(person)
	accounts, err := m.accounts(ctx, inv, person)
	if err != nil {
		diagnose(diags, wrap(err, inv.Name(), "find", "the account of person "+person), nothingSent, at)
		return
	}
	if len(accounts) == 0 && m.userName(person) == "" {
		warn(diags, fmt.Sprintf("No account in %s carries the person_id %s", inv.Name(), person),
			"So nothing will be deactivated. If the person has an account that Tenure never provisioned, name it in user_names.")
	}
	for _, a := range accounts {
		switch {
		case !a.Active:
		case refuseProtected(ctx, diags, inv, a.UserName, "cut off", at):
		default:
			warn(diags, fmt.Sprintf("Applying will deactivate %s in %s", a.Label(), inv.Name()),
				"Person "+person+" is cut off: "+m.reason(person))
		}
	}
}

func (r *cutoffResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan cutoffModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	if r.apply(ctx, &resp.Diagnostics, &plan) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

func (r *cutoffResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state cutoffModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if app, err := r.data.app(plan.App.ValueString()); err == nil && !pinTenant(&resp.Diagnostics, app, state.Tenant) {
		return
	}
	if r.apply(ctx, &resp.Diagnostics, &plan) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

// apply cuts off whom the plan leaves open. One who fails stops nobody else; state then says who is done.
func (r *cutoffResource) apply(ctx context.Context, diags *diag.Diagnostics, plan *cutoffModel) bool {
	inv := r.data.appFor(diags, plan.App, nothingSent)
	if inv == nil {
		return false
	}
	plan.Tenant = text(inv.Info().Tenant)
	done := plan.done()
	for _, person := range sortedKeys(plan.People.Elements()) {
		if _, ok := done[person]; ok {
			continue
		}
		word, err := plan.cut(ctx, inv, person)
		if word != "" {
			done[person] = word
		}
		diagnose(diags, wrap(err, inv.Name(), "cut off", "person "+person), stateUpdated, path.Root("people").AtMapKey(person))
	}
	plan.setDone(done)
	return true
}

func (r *cutoffResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state cutoffModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	inv, err := r.data.forState(state.App, state.Tenant)
	if err == nil {
		if !pinTenant(&resp.Diagnostics, inv, state.Tenant) {
			return
		}
		err = state.refresh(ctx, inv)
	}
	if err != nil {
		if !unreadable(&resp.Diagnostics, inv, err, "tenure_cutoff for "+state.App.ValueString()) {
			diagnose(&resp.Diagnostics, err, stateKept)
		}
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Delete forgets whom the resource has cut off. Their accounts stay as they are.
func (*cutoffResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
