package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// configuredResource gives a resource the provider's data. data stays nil while Terraform only
// validates.
type configuredResource struct{ data *Data }

func (c *configuredResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	c.data, _ = req.ProviderData.(*Data)
}

// configuredDataSource is configuredResource for data sources.
type configuredDataSource struct{ data *Data }

func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	c.data, _ = req.ProviderData.(*Data)
}

// appFor resolves the app argument, with the error at that argument.
func (d *Data) appFor(diags *diag.Diagnostics, name types.String, state string) *inventory.App {
	app, err := d.app(name.ValueString())
	if err != nil {
		diagnose(diags, err, state, path.Root("app"))
		return nil
	}
	return app
}

// pinTenant refuses an app whose tenant is not the one that state was written for: the same ids mean
// other people there.
func pinTenant(diags *diag.Diagnostics, app *inventory.App, tenant types.String) bool {
	want := tenant.ValueString()
	if have := app.Info().Tenant; want != "" && want != have {
		refuse(diags, path.Root("app"), "App "+app.Name()+" is another tenant than before",
			"State was written for the tenant "+quoted(want)+", but the app block "+quoted(app.Name())+" now leads to "+quoted(have)+
				".\n\nIds and names of one tenant mean other people in another, so nothing was read or written."+
				"\n\nPoint the app block back, or give the new tenant an app block of its own; to give up managing the old one, remove its resources from state (terraform state rm).")
		return false
	}
	return true
}

// unreadable handles a failed Read in the ways that keep state without an error: credentials that are
// not known yet, and an app that is down where the configuration says to plan from the last known
// state. It reports whether it did.
func unreadable(diags *diag.Diagnostics, app *inventory.App, err error, what string) bool {
	var pending errPending
	if errors.As(err, &pending) {
		warn(diags, "Not read yet: "+what, sentence(pending.fault.Cause)+" State was kept as it is.")
		return true
	}
	if app != nil && app.StaleOK(err) {
		_, detail := describe(err, "")
		warn(diags, "App "+app.Name()+" could not be read: planned from the last known state", detail)
		return true
	}
	return false
}

const (
	stateKept    = "Terraform's state is unchanged."
	nothingSent  = "Nothing was written."
	stateUpdated = "What was done is in state."
)

// planned reads the plan and the prior state of a ModifyPlan; each is nil where Terraform has none.
func planned[M any](ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) (plan, state *M, ok bool) {
	if !req.State.Raw.IsNull() {
		state = new(M)
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if !req.Plan.Raw.IsNull() {
		plan = new(M)
		resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	}
	return plan, state, !resp.Diagnostics.HasError()
}
