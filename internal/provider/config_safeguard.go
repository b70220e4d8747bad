package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

type safeguardModel struct {
	limitsModel
	Approved       types.List  `tfsdk:"approved_removals"`
	MaxQuarantined types.Int64 `tfsdk:"max_quarantined"`
	MaxCutoffs     types.Int64 `tfsdk:"max_cutoffs"`
}

// limitsModel is the part of the brake that an app can set for itself.
type limitsModel struct {
	MaxRemovals types.Int64 `tfsdk:"max_removals"`
	MaxPercent  types.Int64 `tfsdk:"max_removal_percent"`
}

func limitAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"max_removals": schema.Int64Attribute{
			MarkdownDescription: fmt.Sprintf("The most removals per app and collection (accounts, each group, each product) that no roster explains. Default %d.", safeguard.DefaultMaxRemovals),
			Optional:            true, Validators: []validator.Int64{int64validator.AtLeast(0)},
		},
		"max_removal_percent": schema.Int64Attribute{
			MarkdownDescription: fmt.Sprintf("The same in percent of what the collection holds, from 20 holders up; the lower limit decides. Default %d.", safeguard.DefaultMaxPercent),
			Optional:            true, Validators: []validator.Int64{int64validator.Between(0, 100)},
		},
	}
}

func safeguardBlock() schema.Block {
	attrs := limitAttributes()
	attrs["approved_removals"] = schema.ListAttribute{
		MarkdownDescription: "Lines that approve one set of removals each, copied from the error that asked for them. They have to be there for the plan and for the apply.",
		ElementType:         types.StringType, Optional: true,
	}
	attrs["max_quarantined"] = schema.Int64Attribute{
		MarkdownDescription: fmt.Sprintf("The most people whose access `tenure_entitlements` may leave undecided (a faulty record, a missing user name, a conflict). They keep what they have, by name, and everybody else is decided; with more of them the plan fails. Default %d.", policy.DefaultMaxQuarantined),
		Optional:            true, Validators: []validator.Int64{int64validator.AtLeast(0)},
	}
	attrs["max_cutoffs"] = schema.Int64Attribute{
		MarkdownDescription: fmt.Sprintf("The most people whom `tenure_cutoff` may cut off in one app and run. Default %d.", defaultMaxCutoffs),
		Optional:            true, Validators: []validator.Int64{int64validator.AtLeast(0)},
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "The brake: planning stops when too much would be taken away, and names everybody concerned.",
		Attributes:          attrs,
	}
}

func appSafeguardBlock() schema.Block {
	return schema.SingleNestedBlock{MarkdownDescription: "Limits of the brake for this app, instead of the provider's.", Attributes: limitAttributes()}
}

// limits overlays what is configured on the limits that hold otherwise.
func (m *limitsModel) limits(base safeguard.Limits) safeguard.Limits {
	if m == nil {
		return base
	}
	overlay(&base.MaxRemovals, m.MaxRemovals)
	overlay(&base.MaxPercent, m.MaxPercent)
	return base
}

// overlay takes over what is configured.
func overlay(to *int, v types.Int64) {
	if !v.IsNull() {
		*to = int(v.ValueInt64())
	}
}

// readSafeguard sets up the brake of this configuration.
func (d *Data) readSafeguard(diags *diag.Diagnostics, m *safeguardModel) {
	d.limits = safeguard.Limits{MaxRemovals: safeguard.DefaultMaxRemovals, MaxPercent: safeguard.DefaultMaxPercent}
	d.maxQuarantined, d.cutoffs.max = policy.DefaultMaxQuarantined, defaultMaxCutoffs
	var approved []string
	if m != nil {
		overlay(&d.maxQuarantined, m.MaxQuarantined)
		overlay(&d.cutoffs.max, m.MaxCutoffs)
		d.limits = m.limitsModel.limits(d.limits)
		approved = texts(m.Approved)
	}
	var errs []error
	d.brake, errs = safeguard.New(approved, d.clock.Now(), d.zone)
	for _, err := range errs {
		diagnose(diags, err, nothingSent, path.Root("safeguard").AtName("approved_removals"))
	}
}
