package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// findingsDataSource is what somebody should look at: what apps show against what configuration asks for.
type findingsDataSource struct{ configuredDataSource }

// findingsModel is the configuration less the entitlements, which are a whole company and read from the protocol's
// own values.
type findingsModel struct {
	apps, rosters, mergeBy []string
	speaks                 map[string][]string // field_precedence
	thresholds             *thresholdsModel
	waivers                []findingWaiverModel
}

type thresholdsModel struct {
	LeaverHours           types.Int64 `tfsdk:"leaver_hours"`
	LeaverPrivilegedHours types.Int64 `tfsdk:"leaver_privileged_hours"`
	DormantDays           types.Int64 `tfsdk:"dormant_days"`
	DormantActDays        types.Int64 `tfsdk:"dormant_act_days"`
	DormantPrivilegedDays types.Int64 `tfsdk:"dormant_privileged_days"`
	NeverUsedDays         types.Int64 `tfsdk:"never_used_days"`
	InvitationDays        types.Int64 `tfsdk:"invitation_days"`
	LicenseUnusedDays     types.Int64 `tfsdk:"license_unused_days"`
	PoolLowPercent        types.Int64 `tfsdk:"license_pool_low_percent"`
	PoolIdlePercent       types.Int64 `tfsdk:"license_pool_idle_percent"`
	ExceptionExpiringDays types.Int64 `tfsdk:"exception_expiring_days"`
}

type findingWaiverModel struct {
	Fingerprint types.String `tfsdk:"fingerprint"`
	Kind        types.String `tfsdk:"kind"`
	App         types.String `tfsdk:"app"`
	Subject     types.String `tfsdk:"subject"`
	Reason      types.String `tfsdk:"reason"`
	ApprovedBy  types.String `tfsdk:"approved_by"`
	ExpiresAt   types.String `tfsdk:"expires_at"`
}

// newFindingsDataSource makes a tenure_access_findings.
func newFindingsDataSource() datasource.DataSource { return &findingsDataSource{} }

func (*findingsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_findings"
}

func (*findingsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	names := func(text string) schema.ListAttribute {
		return schema.ListAttribute{
			MarkdownDescription: text, ElementType: types.StringType, Optional: true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
		}
	}
	mergeBy := mergeByAttribute()
	mergeBy.MarkdownDescription = "As in `tenure_entitlements`; give the same here."
	speaks := fieldPrecedenceAttribute()
	speaks.MarkdownDescription = mergeBy.MarkdownDescription
	resp.Schema = schema.Schema{
		MarkdownDescription: "What somebody should look at in the apps: accounts of leavers and of nobody, privileges that no rule gives, licenses that nobody uses, exceptions that have ended. It reads what the run has read anyway, writes nothing, and is made for `check` blocks and postconditions.\n\n" +
			"What an app does not tell is *unknown* and never a finding; `coverage` says what could not be examined and why. " +
			"Exceptions, conflicts and people whom policy could not decide are known in every plan in which `entitlements` comes from a `tenure_entitlements`, and wherever `register` is given. " +
			"The result is stored in state, people's names with it; `entitlements` and `register` are not stored again.",
		Attributes: map[string]schema.Attribute{
			"apps":             names("The names of the `app` blocks to examine. Default: all."),
			"rosters":          names("The names of the `roster` blocks, the same as in `tenure_entitlements`. Without them leavers and orphans cannot be told."),
			"merge_by":         mergeBy,
			"field_precedence": speaks,
			"entitlements": schema.MapAttribute{
				MarkdownDescription: "What people should hold: the `apps` of `tenure_entitlements`. Without it nothing is told to be unmanaged. Null in the result.",
				ElementType:         frameworkType(appElement()), Optional: true,
			},
			"register": schema.StringAttribute{
				MarkdownDescription: "The `register` of `tenure_entitlements`, where its `include` names it. Give it where this data source may be read during an apply, in which no policy is evaluated any more: inside a `check` block, or with `depends_on`. In a plan it is known anyway. Null in the result.",
				Optional:            true,
			},
			"findings": schema.ListAttribute{
				MarkdownDescription: "The findings, the worst first: `kind`, `severity` (`low`, `medium`, `high` or `critical`), `app` (null for what concerns the rosters or several apps), `owner` of the app, `subject` " +
					"(`accounts/USER_NAME`, `roles/ROLE/USER_NAME`, `groups/GROUP/USER_NAME`, `licenses/PRODUCT/USER_NAME`, for pools `licenses/PRODUCT/LICENSE`, `people/PERSON_ID`, `exceptions/PERSON_ID`, `waivers/...`), `person_id`, `reason`, `evidence`, " +
					"`first_seen` (since when it holds as far as the evidence tells), `suggestion` (HCL or a command), `fingerprint` (the same in every run, whatever anybody is renamed to), `waived`, `monthly_cost` and `currency`. Kinds are " + quoteList(kindNames()) + ".",
				ElementType: frameworkType(findingType()), Computed: true,
			},
			"counts": schema.MapAttribute{
				MarkdownDescription: "How many findings there are that no waiver covers: a key for each kind and for each severity, 0 included; and `waived`, and `unknown`, the active accounts that give no signal of their use.",
				ElementType:         types.NumberType, Computed: true,
			},
			"worst": schema.StringAttribute{MarkdownDescription: "The highest severity of what is not waived: `none`, `low`, `medium`, `high` or `critical`.", Computed: true},
			"coverage": schema.MapAttribute{
				MarkdownDescription: "By app, how much was examined: `accounts`, `matched` (of which somebody is known to own them), `unknown` (active ones without a signal of their use), and `gaps`: what was not examined, and why.",
				ElementType:         frameworkType(coverageType()), Computed: true,
			},
		},
		Blocks: map[string]schema.Block{"thresholds": thresholdsBlock(), "waiver": findingWaiverBlock()},
	}
}

func kindNames() []string {
	var names []string
	for _, k := range review.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func thresholdsBlock() schema.Block {
	d := review.DefaultThresholds()
	number := func(text string, def int) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: fmt.Sprintf("%s Default %d.", text, def), Optional: true, Validators: []validator.Int64{int64validator.AtLeast(0)}}
	}
	percent := func(text string, def int) schema.Int64Attribute {
		a := number(text, def)
		a.Validators = []validator.Int64{int64validator.Between(0, 100)}
		return a
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "When something becomes a finding.",
		Attributes: map[string]schema.Attribute{
			"leaver_hours":              number("Hours that an account may outlive its owner's access before it is critical.", d.LeaverHours),
			"leaver_privileged_hours":   number("The same for a privileged account.", d.LeaverPrivilegedHours),
			"dormant_days":              number("Days without a sign-in after which an account is dormant.", d.DormantDays),
			"dormant_act_days":          number("Days without a sign-in after which that weighs more.", d.DormantActDays),
			"dormant_privileged_days":   number("Days without a sign-in after which a privileged account is dormant.", d.DormantPrivilegedDays),
			"never_used_days":           number("Days since its creation, or since its owner's first day, within which an account has to be used.", d.NeverUsedDays),
			"invitation_days":           number("Days within which an invitation has to be taken up.", d.InvitationDays),
			"license_unused_days":       number("Days without a sign-in after which a license is unused.", d.LicenseUnusedDays),
			"license_pool_low_percent":  percent("A pool of licenses is low with fewer free seats than this share.", d.LicensePoolLowPercent),
			"license_pool_idle_percent": percent("A pool of licenses is idle with more spare seats than this share.", d.LicensePoolIdlePercent),
			"exception_expiring_days":   number("Days before its end from which on an exception is said to expire.", d.ExceptionExpiringDays),
		},
	}
}

func findingWaiverBlock() schema.Block {
	opt := func(text string, v ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Validators: v}
	}
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	return schema.ListNestedBlock{
		MarkdownDescription: "Accepts one finding until a date: it stays in `findings`, `waived`, and is not counted. A waiver that has ended hides nothing, and is a finding itself (`exception_expired`); so is one whose approval does not count (`exception_unapproved`).",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"fingerprint": opt("The finding, by its fingerprint. Otherwise `kind` and `subject` name it."),
			"kind":        opt("The kind of the finding.", oneOf(kindNames()...)...),
			"app":         opt("The app of the finding; left out where the finding has none."),
			"subject":     opt("The subject of the finding, as the finding writes it."),
			"reason":      req("Why it is accepted, for the auditor who will ask."),
			"approved_by": req("Who approved it, by work e-mail or `person_id`: where rosters are named, somebody who works here and whom the finding does not concern."),
			"expires_at":  req("When it ends: a date, which is included, in the zone of the provider; or an RFC 3339 instant."),
		}},
	}
}

// thresholds are the defaults, and what configuration says otherwise.
func (m *thresholdsModel) thresholds() review.Thresholds {
	t := review.DefaultThresholds()
	if m == nil {
		return t
	}
	for to, v := range map[*int]types.Int64{
		&t.LeaverHours: m.LeaverHours, &t.LeaverPrivilegedHours: m.LeaverPrivilegedHours, &t.DormantDays: m.DormantDays,
		&t.DormantActDays: m.DormantActDays, &t.DormantPrivilegedDays: m.DormantPrivilegedDays, &t.NeverUsedDays: m.NeverUsedDays,
		&t.InvitationDays: m.InvitationDays, &t.LicenseUnusedDays: m.LicenseUnusedDays, &t.LicensePoolLowPercent: m.PoolLowPercent,
		&t.LicensePoolIdlePercent: m.PoolIdlePercent, &t.ExceptionExpiringDays: m.ExceptionExpiringDays,
	} {
		overlay(to, v)
	}
	return t
}

// waivers checks what no schema can.
func (m *findingsModel) accepted(diags *diag.Diagnostics) []review.Waiver {
	out := make([]review.Waiver, 0, len(m.waivers))
	for i, w := range m.waivers {
		at := path.Root("waiver").AtListIndex(i)
		one := review.Waiver{
			Fingerprint: strings.TrimSpace(w.Fingerprint.ValueString()), Kind: review.Kind(w.Kind.ValueString()), App: w.App.ValueString(),
			Subject: w.Subject.ValueString(), Reason: w.Reason.ValueString(), ApprovedBy: w.ApprovedBy.ValueString(), ExpiresAt: w.ExpiresAt.ValueString(),
		}
		byName := one.Kind != "" || one.App != "" || one.Subject != ""
		switch {
		case one.Fingerprint != "" && byName:
			refuse(diags, at, "The waiver names its finding twice", "Give fingerprint alone, or kind and subject (and app, where the finding has one).")
		case one.Fingerprint == "" && (one.Kind == "" || one.Subject == ""):
			refuse(diags, at, "The waiver does not say what it accepts", "Give the fingerprint of the finding, or its kind and subject (and app, where the finding has one).")
		}
		if _, err := lifecycle.ParseMoment(one.ExpiresAt); err != nil {
			diagnose(diags, err, "", at.AtName("expires_at"))
		}
		out = append(out, one)
	}
	return out
}

// Read serves the data source through the framework; Terraform is served by rawServer.
func (d *findingsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if v, ok := d.data.findings(ctx, &resp.Diagnostics, req.Config); ok {
		resp.State.Raw = v
	}
}

// findingType is one element of findings; reports read the same.
func findingType() tftypes.Object {
	s := tftypes.String
	return tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"kind": s, "severity": s, "app": s, "owner": s, "subject": s, "person_id": s, "reason": s, "evidence": s, "first_seen": s,
		"suggestion": s, "fingerprint": s, "waived": tftypes.Bool, "monthly_cost": tftypes.Number, "currency": s,
	}}
}

func coverageType() tftypes.Object {
	return tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"accounts": tftypes.Number, "matched": tftypes.Number, "unknown": tftypes.Number, "gaps": tftypes.List{ElementType: tftypes.String},
	}}
}
