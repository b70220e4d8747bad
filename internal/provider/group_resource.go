package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

var (
	_ resource.ResourceWithConfigure   = (*groupResource)(nil)
	_ resource.ResourceWithImportState = (*groupResource)(nil)
	_ resource.ResourceWithIdentity    = (*groupResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*groupResource)(nil)
)

// groupResource is a group itself, without its members.
type groupResource struct{ configuredResource }

type groupModel struct {
	App         types.String `tfsdk:"app"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	OnRemoval   types.String `tfsdk:"on_removal"`
	ID          types.String `tfsdk:"id"`
	Tenant      types.String `tfsdk:"tenant"`
}

// groupIdentity is what tells this group from every other.
type groupIdentity struct {
	Tenant  types.String `tfsdk:"tenant"`
	GroupID types.String `tfsdk:"group_id"`
}

func (m groupModel) identity() groupIdentity { return groupIdentity{m.Tenant, m.ID} }

// newGroupResource makes a tenure_group.
func newGroupResource() resource.Resource { return &groupResource{} }

func (*groupResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_group"
}

func (*groupResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A group itself, without its members. A group of that name that is already there is adopted. Renaming follows the immutable id.",
		Attributes: map[string]schema.Attribute{
			"app":  appAttribute(),
			"name": schema.StringAttribute{MarkdownDescription: "The group's name.", Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"description": schema.StringAttribute{
				MarkdownDescription: "What the group is for. Left out: unmanaged.", Optional: true, Computed: true,
				PlanModifiers: []planmodifier.String{keep{}}, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"on_removal": schema.StringAttribute{
				MarkdownDescription: "What becomes of the group when the resource is destroyed: `keep` (default) leaves it, `delete` deletes it with all memberships. The value in state counts.",
				Optional:            true, Computed: true, Default: stringdefault.StaticString(string(access.Keep)),
				Validators: []validator.String{stringvalidator.OneOf(string(access.Keep), string(access.Delete))},
			},
			"id":     schema.StringAttribute{MarkdownDescription: "The immutable id that the app gave.", Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"tenant": tenantAttribute(),
		},
	}
}

func (*groupResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"tenant":   identityschema.StringAttribute{RequiredForImport: true, Description: "The tenant of the app, as the resource's tenant attribute shows it."},
		"group_id": identityschema.StringAttribute{RequiredForImport: true, Description: "The immutable id of the group."},
	}}
}

func (r *groupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan groupModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil {
		return
	}
	ctx = inventory.WithWhy(ctx, "", "declared in configuration")
	g, err := inv.Group(ctx, plan.Name.ValueString())
	if errors.Is(err, fault.NotFound) {
		g, err = inv.CreateGroup(ctx, plan.spec(groupModel{}))
	}
	if err != nil {
		diagnose(&resp.Diagnostics, fault.In(err, inv.Name(), "create", "the group "+plan.Name.ValueString()), nothingSent)
		return
	}
	r.data.made(inv, "groups", g.ID)
	plan.ID, plan.Tenant = text(g.ID), text(inv.Info().Tenant)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	if d := plan.Description; !d.IsNull() && g.Description != d.ValueString() {
		if g, err = inv.UpdateGroup(ctx, g.ID, access.GroupSpec{Description: d.ValueStringPointer()}); err != nil {
			diagnose(&resp.Diagnostics, err, "The group "+plan.Name.ValueString()+" is in state, but its description is not yet as configured. "+untaintHint)
			return
		}
	}
	plan.keptAs(&resp.Diagnostics, inv, g)
}

// keptAs warns when the app made something else of the group than it was given.
func (m groupModel) keptAs(diags *diag.Diagnostics, inv *inventory.App, g access.Group) {
	var kept []string
	if name := m.Name.ValueString(); !inv.SameUserName(g.Name, name) {
		kept = append(kept, fmt.Sprintf("name is %q instead of %q", g.Name, name))
	}
	if d := m.Description; !d.IsNull() && g.Description != d.ValueString() {
		kept = append(kept, fmt.Sprintf("description is %q instead of %q", g.Description, d.ValueString()))
	}
	if len(kept) > 0 {
		warnKeeps(diags, inv, "the group "+m.Name.ValueString(), kept)
	}
}

// spec is what has to be sent to get from prior to m.
func (m groupModel) spec(prior groupModel) access.GroupSpec {
	var s access.GroupSpec
	if !m.Name.Equal(prior.Name) {
		s.Name = m.Name.ValueStringPointer()
	}
	if !m.Description.IsNull() && !m.Description.Equal(prior.Description) {
		s.Description = m.Description.ValueStringPointer()
	}
	return s
}

func (r *groupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state groupModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // see accountResource.Read
	imported := state.Name.IsNull()
	what := "the group " + state.Name.ValueString()
	inv := r.data.refreshing(&resp.Diagnostics, state.App, state.Tenant, what)
	if inv == nil {
		return
	}
	g, err := inv.GroupByID(ctx, state.ID.ValueString())
	switch {
	case errors.Is(err, fault.NotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		r.data.unread(&resp.Diagnostics, inv, inv.Name(), err, what)
		return
	}
	if !inv.SameUserName(g.Name, state.Name.ValueString()) {
		state.Name = text(g.Name)
	}
	if imported || !state.Description.IsNull() {
		state.Description = text(g.Description)
	}
	r.data.notePreview(ctx, &resp.Diagnostics, resp.Private, inv)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

func (r *groupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state groupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil || !pinTenant(&resp.Diagnostics, inv, state.Tenant) || r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, inv, "the group "+plan.Name.ValueString()) {
		return
	}
	ctx = inventory.WithWhy(ctx, "", "differs from configuration")
	if s := plan.spec(state); s.Name != nil || s.Description != nil {
		g, err := inv.UpdateGroup(ctx, state.ID.ValueString(), s)
		if err != nil {
			diagnose(&resp.Diagnostics, fault.In(err, inv.Name(), "change", "the group "+state.Name.ValueString()), stateKept)
			return
		}
		plan.keptAs(&resp.Diagnostics, inv, g)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *groupResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state groupModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	what := "the group " + state.Name.ValueString()
	if state.OnRemoval.ValueString() == string(access.Keep) || !mayRemove(ctx, &resp.Diagnostics, req.Private, what) {
		return
	}
	inv := r.data.retiring(&resp.Diagnostics, state.App, state.Tenant)
	if inv == nil || r.data.wasMade(inv, "groups", state.ID.ValueString()) || r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, inv, what) {
		return
	}
	ctx = inventory.WithWhy(ctx, "", "removed from configuration")
	now, err := inv.GroupByID(ctx, state.ID.ValueString())
	switch {
	case errors.Is(err, fault.NotFound):
		return
	case err == nil && !inv.SameUserName(now.Name, state.Name.ValueString()):
		err = &fault.Error{Kind: fault.Stale, Cause: fmt.Sprintf("the group was named %q when this was planned and is named %q now", state.Name.ValueString(), now.Name)}
	case err == nil:
		err = inv.DeleteGroup(ctx, state.ID.ValueString())
	}
	diagnose(&resp.Diagnostics, fault.In(err, inv.Name(), "delete", what), stateKept)
}

// ModifyPlan checks early and notes for Delete whether it is an end or a hand-over; see accountResource.
func (r *groupResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, state, ok := planned[groupModel](ctx, req, resp)
	if r.data == nil || !ok {
		return
	}
	if plan == nil {
		r.data.noteEndPreview(ctx, &resp.Diagnostics, resp.Private, state.App, state.Tenant)
		if noteEnd(ctx, &resp.Diagnostics, resp.Private, r.data.handsOver(state.App, state.Tenant, "groups", state.ID.ValueString())) {
			r.planRemoval(ctx, resp, *state)
		}
		return
	}
	moved := state != nil && r.data.movesTenant(plan.App, state.App, state.Tenant)
	if moved {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("app"))
		r.planRemoval(ctx, resp, *state)
	} else if state != nil && !plan.Name.Equal(state.Name) {
		r.data.rename(state.Tenant, "groups", state.ID, plan.Name)
	}
	if state == nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("tenant"), r.data.planTenant(plan.App))...)
	}
	planIntent(ctx, &resp.Diagnostics, req, resp, moved)
	if plan.App.IsUnknown() {
		return
	}
	inv := r.data.planning(&resp.Diagnostics, plan.App)
	if inv == nil {
		return
	}
	r.data.cannot(&resp.Diagnostics, inv, app.WriteGroups, path.Root("app"))
	if !plan.Name.IsUnknown() {
		r.data.claim(ctx, &resp.Diagnostics, resp.Private, stakeOf(inv, subject(inv, "groups"), plan.Name.ValueString()),
			fmt.Sprintf("tenure_group %s in %s", plan.Name.ValueString(), inv.Name()))
	}
}

func (r *groupResource) planRemoval(ctx context.Context, resp *resource.ModifyPlanResponse, state groupModel) {
	if state.OnRemoval.ValueString() == string(access.Keep) {
		return
	}
	if inv := r.data.removing(&resp.Diagnostics, state.App, state.Tenant, "the group "+state.Name.ValueString()); inv != nil {
		r.brakeMembers(ctx, &resp.Diagnostics, inv, state)
		warn(&resp.Diagnostics, fmt.Sprintf("Applying will delete the group %s in %s", state.Name.ValueString(), inv.Name()),
			"Everybody loses what the group gives. on_removal = \"keep\" would leave it as it is.")
	}
}

// brakeMembers counts everybody who is in a group that is to be deleted.
func (r *groupResource) brakeMembers(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, state groupModel) {
	members, _ := membersNow(ctx, diags, inv, state.ID.ValueString())
	l := singleLoss{collection: safeguard.Collection("groups", state.Name.ValueString()), held: len(members)}
	inv.ExpectAccounts(ctx, len(members))
	for _, m := range members {
		name := m.UserName
		if name == "" {
			if a, err := inv.Account(ctx, m.AccountID); err == nil {
				name = a.Label()
			}
		}
		l.removals = append(l.removals, safeguard.Removal{ID: m.AccountID, Name: cmp.Or(name, m.AccountID), Why: "the group is deleted"})
	}
	r.data.brakeOne(diags, inv, l)
}

func (r *groupResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var inv *inventory.App
	var g access.Group
	var err error
	if req.ID == "" {
		var id groupIdentity
		if resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...); resp.Diagnostics.HasError() {
			return
		}
		if inv, err = r.data.appOfTenant(id.Tenant.ValueString()); err == nil {
			g, err = inv.GroupByID(ctx, id.GroupID.ValueString())
		}
	} else {
		var parts []string
		if parts, err = parseImportID(req.ID, "APP", "GROUP"); err == nil {
			if inv, err = r.data.app(parts[0]); err == nil {
				g, err = inv.Group(ctx, parts[1])
			}
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, err, stateKept)
		return
	}
	set := func(name string, v any) { resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...) }
	set("app", inv.Name())
	set("id", g.ID)
	set("tenant", inv.Info().Tenant)
	set("on_removal", string(access.Keep))
	resp.Diagnostics.Append(resp.Identity.Set(ctx, groupIdentity{text(inv.Info().Tenant), text(g.ID)})...)
}
