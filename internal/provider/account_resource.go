package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

var (
	_ resource.ResourceWithConfigure   = (*accountResource)(nil)
	_ resource.ResourceWithImportState = (*accountResource)(nil)
	_ resource.ResourceWithIdentity    = (*accountResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*accountResource)(nil)
)

// accountResource is one account of one app.
type accountResource struct{ configuredResource }

// newAccountResource makes a tenure_account.
func newAccountResource() resource.Resource { return &accountResource{} }

func (*accountResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_account"
}

func (*accountResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	field := func(text string) schema.StringAttribute {
		return schema.StringAttribute{
			MarkdownDescription: text + " Left out: unmanaged.",
			Optional:            true, Computed: true,
			PlanModifiers: []planmodifier.String{keep{}},
			Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One account of one app.\n\n" +
			"Creating looks first: an account that the app's `match_by` finds is adopted instead of duplicated, a deactivated one is reactivated (a rehire). " +
			"Fields that the configuration leaves out are unmanaged and never written. Renaming the account follows its immutable id.",
		Attributes: map[string]schema.Attribute{
			"app":          appAttribute(),
			"user_name":    schema.StringAttribute{MarkdownDescription: "The name the account signs in with.", Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"person_id":    field("The person's stable id in the roster. Stored in the app where it has a place for it (`externalId` or `employeeNumber` in SCIM); the strongest proof of whose account it is."),
			"email":        field("The work e-mail address."),
			"given_name":   field("The given name."),
			"family_name":  field("The family name."),
			"display_name": field("The name that the app shows."),
			"title":        field("The job title."),
			"department":   field("The department."),
			"manager":      field("The user name of the manager's account in the same app."),
			"role":         field("The account's role in the app as a whole, for example `admin`."),
			"active": schema.BoolAttribute{
				MarkdownDescription: "Left out: active when the account is created or adopted, only observed afterwards, so that a suspension by the security team stays. `true` is enforced against everyone; `false` keeps the account deactivated.",
				Optional:            true, Computed: true, PlanModifiers: []planmodifier.Bool{keep{}},
			},
			"attributes": schema.MapAttribute{
				MarkdownDescription: "Further attributes by the names that the app declares. Only the keys named here are managed.",
				ElementType:         types.StringType, Optional: true, Computed: true, PlanModifiers: []planmodifier.Map{keep{}},
			},
			"adopt": schema.StringAttribute{
				MarkdownDescription: "What to do with an account that is already there: `matching` (default) takes it over when `match_by` finds it and nothing contradicts; `never` is an error with the import command.",
				Optional:            true, Computed: true, Default: stringdefault.StaticString("matching"),
				Validators: []validator.String{stringvalidator.OneOf("matching", "never")},
			},
			"on_removal": schema.StringAttribute{
				MarkdownDescription: "What becomes of the account when the resource is destroyed: `deactivate` (default), `delete`, or `keep` (forgotten, not touched). The value in state counts, so a change must be applied before the block is removed.",
				Optional:            true, Computed: true, Default: stringdefault.StaticString(string(access.Deactivate)),
				Validators: []validator.String{stringvalidator.OneOf(string(access.Deactivate), string(access.Delete), string(access.Keep))},
			},
			"id":     schema.StringAttribute{MarkdownDescription: "The immutable id that the app gave.", Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"status": schema.StringAttribute{MarkdownDescription: "The app's own word for the account's state, such as `active` or `deactivated`.", Computed: true},
			"tenant": tenantAttribute(),
		},
	}
}

func appAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The name of an `app` block of the provider.", Required: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

func tenantAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "The tenant that the app leads to. Pinned: another tenant behind the same app name is an error.",
		Computed:            true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func (*accountResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"tenant":     identityschema.StringAttribute{RequiredForImport: true, Description: "The tenant of the app, as the resource's tenant attribute shows it."},
		"account_id": identityschema.StringAttribute{RequiredForImport: true, Description: "The immutable id of the account."},
	}}
}

// accountIdentity is what tells this account from every other, whatever the app is called here.
type accountIdentity struct {
	Tenant    types.String `tfsdk:"tenant"`
	AccountID types.String `tfsdk:"account_id"`
}

func (m accountModel) identity() accountIdentity { return accountIdentity{m.Tenant, m.ID} }

func (r *accountResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan accountModel
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...); resp.Diagnostics.HasError() {
		return
	}
	app := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if app == nil {
		return
	}
	ctx = inventory.WithWhy(ctx, plan.PersonID.ValueString(), "declared in configuration")
	spec := plan.spec(ctx, app, accountModel{})
	if plan.Active.IsNull() {
		spec.Active = ptr(true)
	}
	acct, err := app.Match(ctx, spec)
	switch {
	case err == nil:
		err = plan.adoptable(app, acct)
	case errors.Is(err, fault.NotFound):
		acct, err = app.CreateAccount(ctx, spec)
	}
	if err != nil && (acct.ID == "" || errors.Is(err, fault.Exists)) {
		diagnose(&resp.Diagnostics, err, nothingSent)
		return
	}
	// The account exists: state must say so before anything else can fail.
	r.data.made(app, "accounts", acct.ID)
	state := plan.created(app, acct)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if err == nil {
		acct, err = r.complete(ctx, &resp.Diagnostics, app, acct, spec)
	}
	if err != nil {
		diagnose(&resp.Diagnostics, err, "The account "+acct.Label()+" is in state, but is not yet as configured. "+untaintHint)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.created(app, acct))...)
}

// complete writes what an adopted account lacks, or what the app ignored on creation. An app that keeps
// something else than it was given is named, because the difference comes back with every plan.
func (r *accountResource) complete(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, acct access.Account, want access.AccountSpec) (access.Account, error) {
	have, err := named(ctx, inv, acct)
	if err != nil {
		return acct, err
	}
	rest := missing(inv, want, have)
	if rest.Empty() {
		return acct, nil
	}
	if acct, err = inv.UpdateAccount(ctx, acct.Ref(), rest); err != nil {
		return acct, err
	}
	return acct, keepsOther(ctx, diags, inv, acct, want)
}

// keepsOther compares the account after a write with what was written. Another value is a warning, because
// the difference comes back with every plan; an account that is not as active as it was told to be is an error.
func keepsOther(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, acct access.Account, want access.AccountSpec) error {
	have, err := named(ctx, inv, acct)
	if err != nil {
		return err
	}
	rest := missing(inv, want, have)
	var kept []string
	for _, f := range slices.Sorted(maps.Keys(rest.Values)) {
		kept = append(kept, fmt.Sprintf("%s is %q instead of %q", f, have.Get(f), rest.Values[f]))
	}
	for _, k := range slices.Sorted(maps.Keys(rest.Attributes)) {
		kept = append(kept, fmt.Sprintf("attribute %s is %q instead of %q", k, have.Attributes[k], rest.Attributes[k]))
	}
	if len(kept) > 0 {
		warnKeeps(diags, inv, acct.Label(), kept)
	}
	if rest.Active == nil {
		return nil
	}
	op, still := "deactivate", "active"
	if *rest.Active {
		op, still = "activate", "not active"
	}
	return &fault.Error{
		Kind: fault.Unconfirmed, System: inv.Name(), Op: op, Subject: acct.Label(),
		Cause: "the app accepted the change, but the account is still " + still, Next: "Change it in the app, and plan again.",
	}
}

// warnKeeps names values that an app keeps instead of those it was given.
func warnKeeps(diags *diag.Diagnostics, inv *inventory.App, what string, kept []string) {
	warn(diags, fmt.Sprintf("App %s keeps other values of %s than it was given", inv.Name(), what),
		strings.Join(kept, "; ")+".\n\nEvery plan will show this difference. Configure what the app keeps, or leave the argument out.")
}

// named gives the account with its manager's user name in place of an id. A manager who is gone stays an id.
func named(ctx context.Context, inv *inventory.App, acct access.Account) (access.Account, error) {
	if acct.Manager == "" {
		return acct, nil
	}
	name, err := inv.ManagerName(ctx, acct)
	switch {
	case err == nil:
		acct.Manager = name
	case !errors.Is(err, fault.NotFound):
		return acct, fmt.Errorf("look up the manager: %w", err)
	}
	return acct, nil
}

const untaintHint = "Terraform marks it tainted; the replacement that it then plans hands the object over and removes nothing (terraform untaint shows the plain difference)."

func (r *accountResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state accountModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	// Terraform before 1.12 keeps no identity, and the framework wants one even for what is gone.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	app := r.data.refreshing(&resp.Diagnostics, state.App, state.Tenant, state.UserName.ValueString())
	if app == nil {
		return
	}
	acct, err := app.Account(ctx, state.ID.ValueString())
	if err == nil && (!state.Manager.IsNull() || state.Status.IsNull()) {
		acct, err = named(ctx, app, acct)
	}
	switch {
	case errors.Is(err, fault.NotFound):
		if !r.data.keepReused(ctx, &resp.Diagnostics, resp.Private, app, state.UserName, state.ID, state.PersonID) {
			resp.State.RemoveResource(ctx)
		}
		return
	case err != nil:
		r.data.unread(&resp.Diagnostics, app, app.Name(), err, state.UserName.ValueString())
		return
	}
	state = state.refreshed(ctx, app, acct)
	r.data.notePreview(ctx, &resp.Diagnostics, resp.Private, app)
	forgetReused(ctx, &resp.Diagnostics, resp.Private)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

func (r *accountResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state accountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	app := r.data.appFor(&resp.Diagnostics, plan.App, nothingSent)
	if app == nil || !pinTenant(&resp.Diagnostics, app, state.Tenant) || r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, app, plan.UserName.ValueString()) {
		return
	}
	ctx = inventory.WithWhy(ctx, plan.PersonID.ValueString(), "differs from configuration")
	if spec := plan.spec(ctx, app, state); !spec.Empty() {
		ref := access.AccountRef{ID: state.ID.ValueString(), UserName: state.UserName.ValueString()}
		acct, err := app.UpdateAccount(ctx, ref, spec)
		if err == nil {
			err = keepsOther(ctx, &resp.Diagnostics, app, acct, spec)
		}
		if err != nil {
			diagnose(&resp.Diagnostics, err, stateKept)
			return
		}
		if plan.Status.IsUnknown() {
			plan.Status = text(acct.Status)
		}
	} else if plan.Status.IsUnknown() {
		plan.Status = state.Status
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *accountResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state accountModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	how := access.Disposition(state.OnRemoval.ValueString())
	if how == access.Keep || !mayRemove(ctx, &resp.Diagnostics, req.Private, state.UserName.ValueString()+" in "+state.App.ValueString()) {
		return
	}
	app := r.data.retiring(&resp.Diagnostics, state.App, state.Tenant)
	if app == nil || r.data.wasMade(app, "accounts", state.ID.ValueString()) || r.data.refusesPreview(ctx, &resp.Diagnostics, req.Private, app, state.UserName.ValueString()) {
		return
	}
	ctx = inventory.WithWhy(ctx, state.PersonID.ValueString(), "removed from configuration")
	now, err := app.Reread(ctx, state.ID.ValueString())
	switch {
	case errors.Is(err, fault.NotFound):
		return
	case err == nil:
		if err = state.sameAs(app, now); err == nil {
			err = app.RetireAccount(ctx, now.Ref(), how)
		}
	}
	if err != nil {
		diagnose(&resp.Diagnostics, fault.In(err, app.Name(), string(how), state.UserName.ValueString()), stateKept)
	}
}

func (r *accountResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	app, acct, ok := r.importAccount(ctx, req, resp)
	if !ok {
		return
	}
	// Only what locates the account; the Read that follows fills the rest, because status is still null.
	set := func(name string, v any) { resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...) }
	set("app", app.Name())
	set("id", acct.ID)
	set("user_name", acct.UserName)
	set("tenant", app.Info().Tenant)
	set("adopt", "matching")
	set("on_removal", string(access.Deactivate))
	resp.Diagnostics.Append(resp.Identity.Set(ctx, accountIdentity{text(app.Info().Tenant), text(acct.ID)})...)
}

func (r *accountResource) importAccount(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) (*inventory.App, access.Account, bool) {
	if req.ID == "" {
		var id accountIdentity
		if resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...); resp.Diagnostics.HasError() {
			return nil, access.Account{}, false
		}
		app, err := r.data.appOfTenant(id.Tenant.ValueString())
		var acct access.Account
		if err == nil {
			acct, err = app.Account(ctx, id.AccountID.ValueString())
		}
		diagnose(&resp.Diagnostics, err, stateKept)
		return app, acct, err == nil
	}
	parts, err := parseImportID(req.ID, "APP", "USER_NAME")
	var app *inventory.App
	var acct access.Account
	if err == nil {
		app, err = r.data.app(parts[0])
	}
	if err == nil {
		acct, err = app.AccountByUserName(ctx, parts[1])
	}
	diagnose(&resp.Diagnostics, err, stateKept)
	return app, acct, err == nil
}
