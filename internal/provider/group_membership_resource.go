package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

var (
	_ resource.ResourceWithConfigure   = (*membershipResource)(nil)
	_ resource.ResourceWithImportState = (*membershipResource)(nil)
	_ resource.ResourceWithIdentity    = (*membershipResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*membershipResource)(nil)
)

// membershipResource is one membership of one account in one group, beside whatever others there are.
type membershipResource struct{ configuredResource }

type membershipModel struct {
	App       types.String `tfsdk:"app"`
	Group     types.String `tfsdk:"group"`
	UserName  types.String `tfsdk:"user_name"`
	Role      types.String `tfsdk:"role"`
	ID        types.String `tfsdk:"id"`
	GroupID   types.String `tfsdk:"group_id"`
	AccountID types.String `tfsdk:"account_id"`
}

// membershipIdentity is what tells this membership from every other.
type membershipIdentity struct {
	Tenant    types.String `tfsdk:"tenant"`
	GroupID   types.String `tfsdk:"group_id"`
	AccountID types.String `tfsdk:"account_id"`
}

func (m membershipModel) identity(inv *inventory.App) membershipIdentity {
	return membershipIdentity{text(inv.Info().Tenant), m.GroupID, m.AccountID}
}

// label is the membership in words: "ana@acme.com in admins of slack".
func (m membershipModel) label() string {
	return m.UserName.ValueString() + " in group " + m.Group.ValueString()
}

// newMembershipResource makes a tenure_group_membership.
func newMembershipResource() resource.Resource { return &membershipResource{} }

func (*membershipResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_group_membership"
	// A membership that is pointed at another account is another membership.
	resp.ResourceBehavior.MutableIdentity = true
}

func (*membershipResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	named := []validator.String{stringvalidator.LengthAtLeast(1)}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One membership of one account in one group. Additive: other members are none of its business. " +
			"A renamed account or group keeps its membership without a write, because both are followed by their immutable ids.",
		Attributes: map[string]schema.Attribute{
			"app":       appAttribute(),
			"group":     schema.StringAttribute{MarkdownDescription: "The group, by name or id.", Required: true, Validators: named},
			"user_name": schema.StringAttribute{MarkdownDescription: "The account, by user name.", Required: true, Validators: named},
			"role": schema.StringAttribute{
				MarkdownDescription: "The role inside the group, for apps that know roles. Default `member`.",
				Optional:            true, Computed: true, Default: stringdefault.StaticString(access.DefaultRole), Validators: named,
			},
			"id":         schema.StringAttribute{MarkdownDescription: "`group_id/account_id`.", Computed: true},
			"group_id":   schema.StringAttribute{MarkdownDescription: "The group's immutable id.", Computed: true},
			"account_id": schema.StringAttribute{MarkdownDescription: "The account's immutable id.", Computed: true},
		},
	}
}

func (*membershipResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"tenant":     identityschema.StringAttribute{RequiredForImport: true, Description: "The tenant of the app."},
		"group_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "The immutable id of the group."},
		"account_id": identityschema.StringAttribute{RequiredForImport: true, Description: "The immutable id of the account."},
	}}
}

// resolve finds the group and the account that the names mean now.
func (m membershipModel) resolve(ctx context.Context, inv *inventory.App) (membershipModel, access.AccountRef, error) {
	g, errGroup := inv.Group(ctx, m.Group.ValueString())
	a, errAccount := inv.AccountByUserName(ctx, m.UserName.ValueString())
	if err := errors.Join(errGroup, errAccount); err != nil {
		return m, access.AccountRef{}, err
	}
	if g.ReadOnly != "" {
		return m, access.AccountRef{}, &fault.Error{
			Kind: fault.Unsupported, System: inv.Name(), Op: "change the members of", Subject: "group " + g.Name,
			Cause: "its membership is not assigned one by one: " + g.ReadOnly, State: nothingSent,
		}
	}
	m.GroupID, m.AccountID = text(g.ID), text(a.ID)
	m.ID = text(importID(g.ID, a.ID))
	return m, a.Ref(), nil
}

// join makes the account a member, unless it already is one with that role.
func (m membershipModel) join(ctx context.Context, inv *inventory.App, ref access.AccountRef) error {
	now, err := inv.Member(ctx, m.GroupID.ValueString(), ref.ID)
	switch {
	case err == nil && (now.Role == m.Role.ValueString() || now.RoleFixed || now.Via != ""):
		return nil
	case err != nil && !errors.Is(err, fault.NotFound):
		return err
	}
	change := access.MemberChange{Account: ref, Role: m.Role.ValueString()}
	return inv.ChangeMembers(ctx, m.GroupID.ValueString(), []access.MemberChange{change})[0]
}

func (m membershipModel) leave(ctx context.Context, inv *inventory.App) error {
	change := access.MemberChange{Account: access.AccountRef{ID: m.AccountID.ValueString(), UserName: m.UserName.ValueString()}, Remove: true}
	err := inv.ChangeMembers(ctx, m.GroupID.ValueString(), []access.MemberChange{change})[0]
	if errors.Is(err, fault.NotFound) {
		return nil // the group or the account is gone, and the membership with it
	}
	return err
}

func (r *membershipResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan membershipModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil {
		return
	}
	ctx = inventory.WithWhy(ctx, "", "declared in configuration")
	state, ref, err := plan.resolve(ctx, inv)
	if err == nil {
		err = state.join(ctx, inv, ref)
	}
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "add", plan.label()), "The membership is not in state.")
		return
	}
	keepTenant(ctx, &resp.Diagnostics, resp.Private, inv)
	r.data.made(inv, "members", state.GroupID.ValueString(), state.AccountID.ValueString())
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity(inv))...)
}

func (r *membershipResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state membershipModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	tenant := knownTenant(ctx, &resp.Diagnostics, req.Private)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, membershipIdentity{tenant, state.GroupID, state.AccountID})...) // see accountResource.Read
	inv := r.data.refreshing(&resp.Diagnostics, state.App, tenant, state.label())
	if inv == nil {
		return
	}
	now, err := inv.Member(ctx, state.GroupID.ValueString(), state.AccountID.ValueString())
	switch {
	case errors.Is(err, fault.NotFound):
		if !r.data.keepReused(ctx, &resp.Diagnostics, resp.Private, inv, state.UserName, state.AccountID, types.StringNull()) {
			resp.State.RemoveResource(ctx)
		}
		return
	case err != nil:
		r.data.unread(&resp.Diagnostics, inv, inv.Name(), err, state.label())
		return
	}
	if state.Role.IsNull() || !now.RoleFixed && now.Via == "" {
		state.Role = text(now.Role)
	}
	keepVia(ctx, &resp.Diagnostics, resp.Private, now.Via)
	keepTenant(ctx, &resp.Diagnostics, resp.Private, inv)
	r.data.notePreview(ctx, &resp.Diagnostics, resp.Private, inv)
	forgetReused(ctx, &resp.Diagnostics, resp.Private)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity(inv))...)
}

func (r *membershipResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state membershipModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil || !pinTenant(&resp.Diagnostics, inv, knownTenant(ctx, &resp.Diagnostics, req.Private)) ||
		r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, inv, plan.label()) {
		return
	}
	ctx = inventory.WithWhy(ctx, "", "differs from configuration")
	next, ref, err := plan.resolve(ctx, inv)
	if err == nil {
		err = next.join(ctx, inv, ref)
	}
	// Added before removed, and the old membership stays in state until it is really gone.
	if err == nil && !next.ID.Equal(state.ID) {
		if err = state.leave(ctx, inv); err != nil {
			diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "remove", state.label()),
				"The new membership, "+next.label()+", was added; state still holds the old one, so the next apply finishes the move.")
			return
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "change", plan.label()), stateKept)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, next.identity(inv))...)
}

func (r *membershipResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state membershipModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	if !mayRemove(ctx, &resp.Diagnostics, req.Private, state.label()) {
		return
	}
	inv := r.data.retiring(&resp.Diagnostics, state.App, knownTenant(ctx, &resp.Diagnostics, req.Private))
	if inv == nil ||
		r.data.wasMade(inv, "members", state.GroupID.ValueString(), state.AccountID.ValueString()) ||
		r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, inv, state.label()) ||
		r.data.sparesKeeper(ctx, &resp.Diagnostics, req.Private, inv, state) {
		return
	}
	if knownVia(ctx, &resp.Diagnostics, req.Private) != "" {
		now, err := inv.Member(ctx, state.GroupID.ValueString(), state.AccountID.ValueString())
		if err == nil && now.Via != "" {
			warnKept(&resp.Diagnostics, inv, state.label(), now.Via)
			return
		}
	}
	ctx = inventory.WithWhy(ctx, "", "removed from configuration")
	diagnose(&resp.Diagnostics, wrap(state.leave(ctx, inv), inv.Name(), "remove", state.label()), stateKept)
}

func (r *membershipResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var inv *inventory.App
	var g access.Group
	var a access.Account
	var err error
	if req.ID == "" {
		var id membershipIdentity
		if resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...); resp.Diagnostics.HasError() {
			return
		}
		if inv, err = r.data.appOfTenant(id.Tenant.ValueString()); err == nil {
			var errGroup, errAccount error
			g, errGroup = inv.GroupByID(ctx, id.GroupID.ValueString())
			a, errAccount = inv.Account(ctx, id.AccountID.ValueString())
			err = errors.Join(errGroup, errAccount)
		}
	} else {
		var parts []string
		if parts, err = parseImportID(req.ID, "APP", "GROUP", "USER_NAME"); err == nil {
			if inv, err = r.data.app(parts[0]); err == nil {
				var errGroup, errAccount error
				g, errGroup = inv.Group(ctx, parts[1])
				a, errAccount = inv.AccountByUserName(ctx, parts[2])
				err = errors.Join(errGroup, errAccount)
			}
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, err, stateKept)
		return
	}
	m := membershipModel{
		App: text(inv.Name()), Group: text(g.Name), UserName: text(a.UserName), Role: types.StringNull(),
		ID: text(importID(g.ID, a.ID)), GroupID: text(g.ID), AccountID: text(a.ID),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity(inv))...)
}

// ModifyPlan checks early, names who loses the membership, and notes for Delete whether it is an end or
// a hand-over; see accountResource.
func (r *membershipResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, state, ok := planned[membershipModel](ctx, req, resp)
	if r.data == nil || !ok {
		return
	}
	if plan == nil {
		tenant := knownTenant(ctx, &resp.Diagnostics, req.Private)
		r.data.noteEndPreview(ctx, &resp.Diagnostics, resp.Private, state.App, tenant)
		r.data.noteLastKeeper(ctx, &resp.Diagnostics, resp.Private, *state, tenant.ValueString())
		if noteEnd(ctx, &resp.Diagnostics, resp.Private, r.data.handsOver(state.App, tenant, "members", state.GroupID.ValueString(), state.AccountID.ValueString())) &&
			!r.data.planKept(ctx, &resp.Diagnostics, req.Private, state.App, tenant, state.label()) {
			r.planRemoval(ctx, &resp.Diagnostics, *state, "", tenant, nil, fmt.Sprintf("Applying will remove %s in %s", state.label(), state.App.ValueString()),
				"The account itself stays.")
		}
		return
	}
	moved := false
	if state != nil {
		tenant := knownTenant(ctx, &resp.Diagnostics, req.Private)
		sameUser, sameGroup := plan.UserName.Equal(state.UserName), plan.Group.Equal(state.Group)
		if moved = r.data.movesTenant(plan.App, state.App, tenant); moved {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("app"))
		}
		switch {
		case moved:
			r.planRemoval(ctx, &resp.Diagnostics, *state, "", tenant, nil, fmt.Sprintf("Applying will remove %s in %s", state.label(), state.App.ValueString()), "The membership moves to the app "+plan.App.ValueString()+".")
		case !sameUser || !sameGroup:
			becomes := ""
			if inv, err := r.data.forState(state.App, tenant); sameGroup || err == nil && r.data.same(ctx, inv, "groups", state.GroupID, state.Group, plan.Group) {
				becomes = plan.Role.ValueString()
			}
			follows := func(inv *inventory.App) bool {
				return r.data.same(ctx, inv, "accounts", state.AccountID, state.UserName, plan.UserName) &&
					r.data.same(ctx, inv, "groups", state.GroupID, state.Group, plan.Group)
			}
			r.planRemoval(ctx, &resp.Diagnostics, *state, becomes, tenant, follows, fmt.Sprintf("Applying will replace %s by %s in %s", state.label(), plan.label(), plan.App.ValueString()),
				"Unless the two names mean the same account and group (a rename), in which case nothing is sent.")
		}
		if now := reusedBy(ctx, &resp.Diagnostics, req.Private); now != "" && sameUser && !moved {
			refuseReused(&resp.Diagnostics, state.App.ValueString(), "the membership of "+state.label(), state.UserName, state.AccountID, now, forgetOld)
		}
		if !moved {
			r.planRole(ctx, &resp.Diagnostics, *plan, *state, tenant)
		}
		if !moved && sameUser {
			plan.AccountID = state.AccountID
		}
		if !moved && sameGroup {
			plan.GroupID = state.GroupID
		}
		if !moved && sameUser && sameGroup {
			plan.ID = state.ID
		}
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
	if day := r.data.previewFor(plan.App); day != "" && state == nil {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), previewValue(day))...)
	}
	planIntent(ctx, &resp.Diagnostics, req, resp, moved)
	r.planMembership(ctx, resp, *plan)
}
