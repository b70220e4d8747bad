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
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

var (
	_ resource.ResourceWithConfigure   = (*assignmentResource)(nil)
	_ resource.ResourceWithImportState = (*assignmentResource)(nil)
	_ resource.ResourceWithIdentity    = (*assignmentResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*assignmentResource)(nil)
)

// assignmentResource is one license of one account, beside whatever others there are.
type assignmentResource struct{ configuredResource }

type assignmentModel struct {
	App       types.String `tfsdk:"app"`
	Product   types.String `tfsdk:"product"`
	License   types.String `tfsdk:"license"`
	UserName  types.String `tfsdk:"user_name"`
	ID        types.String `tfsdk:"id"`
	AccountID types.String `tfsdk:"account_id"`
}

// assignmentIdentity is what tells this assignment from every other.
type assignmentIdentity struct {
	Tenant    types.String `tfsdk:"tenant"`
	Product   types.String `tfsdk:"product"`
	License   types.String `tfsdk:"license"`
	AccountID types.String `tfsdk:"account_id"`
}

func (m assignmentModel) identity(inv *inventory.App) assignmentIdentity {
	return assignmentIdentity{text(inv.Info().Tenant), m.Product, m.License, m.AccountID}
}

// label is the assignment in words.
func (m assignmentModel) label() string {
	return fmt.Sprintf("license %s of %s for %s", m.License.ValueString(), m.Product.ValueString(), m.UserName.ValueString())
}

// newAssignmentResource makes a tenure_license_assignment.
func newAssignmentResource() resource.Resource { return &assignmentResource{} }

func (*assignmentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_license_assignment"
	// An assignment that is pointed at another account or license is another assignment.
	resp.ResourceBehavior.MutableIdentity = true
}

func (*assignmentResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	named := []validator.String{stringvalidator.LengthAtLeast(1)}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One license of one account. Additive: other people's licenses are none of its business. " +
			"Licenses of one product exclude each other, so assigning one replaces another of the same product. A full pool is an error with the figures.",
		Attributes: map[string]schema.Attribute{
			"app":     appAttribute(),
			"license": schema.StringAttribute{MarkdownDescription: "The license, for example an SKU or a seat type.", Required: true, Validators: named},
			"product": schema.StringAttribute{
				MarkdownDescription: "The family of mutually exclusive licenses. Default: the license's own name, for vendors without families.",
				Optional:            true, Computed: true, Validators: named,
			},
			"user_name":  schema.StringAttribute{MarkdownDescription: "The account, by user name.", Required: true, Validators: named},
			"id":         schema.StringAttribute{MarkdownDescription: "`product/account_id`.", Computed: true},
			"account_id": schema.StringAttribute{MarkdownDescription: "The account's immutable id.", Computed: true},
		},
	}
}

func (*assignmentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"tenant":     identityschema.StringAttribute{RequiredForImport: true, Description: "The tenant of the app."},
		"product":    identityschema.StringAttribute{RequiredForImport: true, Description: "The product."},
		"license":    identityschema.StringAttribute{RequiredForImport: true, Description: "The license."},
		"account_id": identityschema.StringAttribute{RequiredForImport: true, Description: "The immutable id of the account."},
	}}
}

// assignmentOf finds the license of a product that an account holds; NotFound when it holds none.
func assignmentOf(ctx context.Context, inv *inventory.App, product, accountID string) (access.Assignment, error) {
	held, err := inv.Assignees(ctx, product)
	if err != nil {
		return access.Assignment{}, err
	}
	var found *access.Assignment
	for i, a := range held {
		if a.AccountID == accountID && (found == nil || found.Via != "" && a.Via == "") { // directly rather than with something else
			found = &held[i]
		}
	}
	if found == nil {
		return access.Assignment{}, fault.NotFound
	}
	return *found, nil
}

// assign gives the account the license, unless it already has it.
func (m assignmentModel) assign(ctx context.Context, inv *inventory.App) (assignmentModel, error) {
	a, err := inv.AccountByUserName(ctx, m.UserName.ValueString())
	if err != nil {
		return m, err
	}
	m.AccountID, m.ID = text(a.ID), text(importID(m.Product.ValueString(), a.ID))
	now, err := assignmentOf(ctx, inv, m.Product.ValueString(), a.ID)
	if err == nil && now.License == m.License.ValueString() || err != nil && !errors.Is(err, fault.NotFound) {
		return m, err
	}
	change := access.LicenseChange{Account: a.Ref(), License: m.License.ValueString()}
	return m, inv.ChangeAssignees(ctx, m.Product.ValueString(), []access.LicenseChange{change})[0]
}

func (m assignmentModel) remove(ctx context.Context, inv *inventory.App) error {
	ref := access.AccountRef{ID: m.AccountID.ValueString(), UserName: m.UserName.ValueString()}
	change := access.LicenseChange{Account: ref, License: m.License.ValueString(), Remove: true}
	err := inv.ChangeAssignees(ctx, m.Product.ValueString(), []access.LicenseChange{change})[0]
	if errors.Is(err, fault.NotFound) {
		return nil // the account is gone, and the license with it
	}
	return err
}

func (r *assignmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan assignmentModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	inv := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if inv == nil {
		return
	}
	plan.defaultProduct()
	state, err := plan.assign(inventory.WithWhy(ctx, "", "declared in configuration"), inv)
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "assign", plan.label()), "The assignment is not in state.")
		return
	}
	keepTenant(ctx, &resp.Diagnostics, resp.Private, inv)
	r.data.made(inv, "assignees", state.Product.ValueString(), state.License.ValueString(), state.AccountID.ValueString())
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity(inv))...)
}

func (r *assignmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state assignmentModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	tenant := knownTenant(ctx, &resp.Diagnostics, req.Private)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, assignmentIdentity{tenant, state.Product, state.License, state.AccountID})...) // see accountResource.Read
	inv := r.data.refreshing(&resp.Diagnostics, state.App, tenant, state.label())
	if inv == nil {
		return
	}
	now, err := assignmentOf(ctx, inv, state.Product.ValueString(), state.AccountID.ValueString())
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
	state.License = text(now.License)
	keepVia(ctx, &resp.Diagnostics, resp.Private, now.Via)
	keepTenant(ctx, &resp.Diagnostics, resp.Private, inv)
	r.data.notePreview(ctx, &resp.Diagnostics, resp.Private, inv)
	forgetReused(ctx, &resp.Diagnostics, resp.Private)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity(inv))...)
}

func (r *assignmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state assignmentModel
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
	plan.defaultProduct()
	ctx = inventory.WithWhy(ctx, "", "differs from configuration")
	next, err := plan.assign(ctx, inv)
	if err == nil && !next.ID.Equal(state.ID) {
		if err = state.remove(ctx, inv); err != nil {
			diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "remove", state.label()),
				"The new assignment, "+next.label()+", was made; state still holds the old one, so the next apply finishes the move.")
			return
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "assign", plan.label()), stateKept)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, next)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, next.identity(inv))...)
}

func (r *assignmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state assignmentModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	if !mayRemove(ctx, &resp.Diagnostics, req.Private, state.label()) {
		return
	}
	inv := r.data.retiring(&resp.Diagnostics, state.App, knownTenant(ctx, &resp.Diagnostics, req.Private))
	if inv == nil ||
		r.data.wasMade(inv, "assignees", state.Product.ValueString(), state.License.ValueString(), state.AccountID.ValueString()) ||
		r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, inv, state.label()) {
		return
	}
	if knownVia(ctx, &resp.Diagnostics, req.Private) != "" {
		now, err := assignmentOf(ctx, inv, state.Product.ValueString(), state.AccountID.ValueString())
		if err == nil && now.Via != "" {
			warnKept(&resp.Diagnostics, inv, state.label(), now.Via)
			return
		}
	}
	ctx = inventory.WithWhy(ctx, "", "removed from configuration")
	diagnose(&resp.Diagnostics, wrap(state.remove(ctx, inv), inv.Name(), "remove", state.label()), stateKept)
}

func (r *assignmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var inv *inventory.App
	var a access.Account
	var product, license string
	var err error
	if req.ID == "" {
		var id assignmentIdentity
		if resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...); resp.Diagnostics.HasError() {
			return
		}
		product, license = id.Product.ValueString(), id.License.ValueString()
		if inv, err = r.data.appOfTenant(id.Tenant.ValueString()); err == nil {
			a, err = inv.Account(ctx, id.AccountID.ValueString())
		}
	} else {
		var parts []string
		if parts, err = parseImportID(req.ID, "APP", "PRODUCT", "LICENSE", "USER_NAME"); err == nil {
			product, license = parts[1], parts[2]
			if inv, err = r.data.app(parts[0]); err == nil {
				a, err = inv.AccountByUserName(ctx, parts[3])
			}
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, err, stateKept)
		return
	}
	m := assignmentModel{
		App: text(inv.Name()), Product: text(product), License: text(license), UserName: text(a.UserName),
		ID: text(importID(product, a.ID)), AccountID: text(a.ID),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity(inv))...)
}

// defaultProduct fills in the product of a license without a family.
func (m *assignmentModel) defaultProduct() {
	if m.Product.IsNull() || m.Product.IsUnknown() {
		m.Product = m.License
	}
}

// ModifyPlan checks early, names who loses the license, and notes for Delete whether it is an end or a
// hand-over; see accountResource.
func (r *assignmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan, state, ok := planned[assignmentModel](ctx, req, resp)
	if r.data == nil || !ok {
		return
	}
	tenant := knownTenant(ctx, &resp.Diagnostics, req.Private)
	strip := func(replaced bool, follows func(*inventory.App) bool, summary, detail string) {
		planStrip(ctx, r.data, &resp.Diagnostics, stripped{
			app: state.App, tenant: tenant, what: state.label(), userName: state.UserName, id: state.AccountID, follows: follows,
			collection: safeguard.Collection("licenses", state.Product.ValueString()), replaced: replaced,
			count: func(ctx context.Context, inv *inventory.App, l *singleLoss) {
				countAssignment(ctx, inv, state.Product.ValueString(), l)
			},
			op: "take the " + state.License.ValueString() + " license from", summary: summary, detail: detail,
		})
	}
	if plan == nil {
		r.data.noteEndPreview(ctx, &resp.Diagnostics, resp.Private, state.App, tenant)
		if noteEnd(ctx, &resp.Diagnostics, resp.Private, r.data.handsOver(state.App, tenant, "assignees", state.Product.ValueString(), state.License.ValueString(), state.AccountID.ValueString())) &&
			!r.data.planKept(ctx, &resp.Diagnostics, req.Private, state.App, tenant, state.label()) {
			strip(false, nil, fmt.Sprintf("Applying will remove the %s in %s", state.label(), state.App.ValueString()), "The account itself stays.")
		}
		return
	}
	plan.defaultProduct()
	moved := false
	if state != nil {
		sameUser, sameProduct := plan.UserName.Equal(state.UserName), plan.Product.Equal(state.Product)
		if moved = r.data.movesTenant(plan.App, state.App, tenant); moved {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("app"))
		}
		switch {
		case moved:
			strip(false, nil, fmt.Sprintf("Applying will remove the %s in %s", state.label(), state.App.ValueString()), "The assignment moves to the app "+plan.App.ValueString()+".")
		case !sameUser || !sameProduct || !plan.License.Equal(state.License):
			follows := func(inv *inventory.App) bool {
				return sameProduct && plan.License.Equal(state.License) && r.data.same(ctx, inv, "accounts", state.AccountID, state.UserName, plan.UserName)
			}
			strip(sameProduct, follows, fmt.Sprintf("Applying will replace the %s by the %s in %s", state.label(), plan.label(), plan.App.ValueString()),
				"Unless the two user names mean the same account (a rename), in which case nothing is sent.")
		}
		if now := reusedBy(ctx, &resp.Diagnostics, req.Private); now != "" && sameUser && !moved {
			refuseReused(&resp.Diagnostics, state.App.ValueString(), "the "+state.label(), state.UserName, state.AccountID, now, forgetOld)
		}
		if !moved && sameUser {
			plan.AccountID = state.AccountID
			if sameProduct {
				plan.ID = state.ID
			}
		}
	}
	if day := r.data.previewFor(plan.App); day != "" && state == nil {
		plan.ID = previewValue(day)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	planIntent(ctx, &resp.Diagnostics, req, resp, moved)
	if plan.App.IsUnknown() {
		return
	}
	if inv := r.data.planning(&resp.Diagnostics, plan.App); inv != nil {
		r.data.cannot(&resp.Diagnostics, inv, app.WriteLicenses, path.Root("app"))
		if !plan.Product.IsUnknown() && !plan.UserName.IsUnknown() {
			r.data.claim(ctx, &resp.Diagnostics, resp.Private, stakeOf(inv, subject(inv, "licenses", plan.Product.ValueString()), plan.UserName.ValueString()),
				fmt.Sprintf("tenure_license_assignment: the %s in %s", plan.label(), inv.Name()))
		}
	}
}
