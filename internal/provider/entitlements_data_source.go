package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// entitlementsDataSource is what everybody should hold, by rosters and rules.
type entitlementsDataSource struct{ configuredDataSource }

type entitlementsModel struct {
	Rosters       types.List  `tfsdk:"rosters"`
	MergeBy       types.List  `tfsdk:"merge_by"`
	Speaks        types.Map   `tfsdk:"field_precedence"`
	UserNames     types.Map   `tfsdk:"user_names"`
	Identities    types.Map   `tfsdk:"identities"`
	AccountFields types.Map   `tfsdk:"account_fields"`
	Attributes    types.Map   `tfsdk:"attributes"`
	SamePerson    types.Map   `tfsdk:"same_person"`
	OnlyApps      types.List  `tfsdk:"only_apps"`
	Include       types.List  `tfsdk:"include"`
	UpcomingDays  types.Int64 `tfsdk:"upcoming_days"`

	Rules      []ruleModel      `tfsdk:"rule"`
	Exceptions []exceptionModel `tfsdk:"exception"`
	Overrides  []overrideModel  `tfsdk:"override"`
	Conflicts  []conflictModel  `tfsdk:"conflict"`
	Timing     *timingModel     `tfsdk:"timing"`

	Apps        types.Map  `tfsdk:"apps"`
	Counts      types.Map  `tfsdk:"counts"`
	Cutoffs     types.Map  `tfsdk:"cutoffs"`
	Reasons     types.Map  `tfsdk:"reasons"`
	Quarantined types.Map  `tfsdk:"quarantined"`
	Upcoming    types.List `tfsdk:"upcoming"`

	Register types.String `tfsdk:"register"`
}

// What include can ask for.
const (
	includeReasons     = "reasons"
	includeQuarantined = "quarantined"
	includeUpcoming    = "upcoming"
	includeRegister    = "register"
)

// defaultUpcomingDays is how far upcoming looks when only include asks for it.
const defaultUpcomingDays = 30

// newEntitlementsDataSource makes a tenure_entitlements.
func newEntitlementsDataSource() datasource.DataSource { return &entitlementsDataSource{} }

func (*entitlementsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_entitlements"
}

func (*entitlementsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text, perApp := types.StringType, types.MapType{ElemType: types.StringType}
	output := func(t tftypes.Map, words string) schema.MapAttribute {
		return schema.MapAttribute{MarkdownDescription: words, ElementType: frameworkType(t.ElementType), Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What everybody should hold in every app, and why, from rosters and rules: hires, moves and departures change the plan, not the code.\n\n" +
			"The rosters are read inside the provider, so of the people's data only what an app receives gets into state. " +
			"One bad record stops nobody else: whoever cannot be decided (a faulty record, no user name, a user name of two people, an unwaived conflict) is named in a warning and left out of `apps`; `safeguard.max_quarantined` bounds how many. " +
			"`tenure_app_access` then leaves them as they are; a `for_each` over single resources would plan to remove them, so look at the warnings first.\n\n" +
			"Apps need not be configured: without any `app` block a policy can be tested by itself. " +
			"Do not give this data source a `depends_on`: while something that it depends on has changes, its result is not known at plan, and a `for_each` over `apps` fails. Rules name groups as plain text for the same reason.",
		Attributes: map[string]schema.Attribute{
			"rosters":          rostersAttribute(),
			"merge_by":         mergeByAttribute(),
			"field_precedence": fieldPrecedenceAttribute(),
			"user_names":       schema.MapAttribute{MarkdownDescription: "By app, a CEL expression over `person` for the user name. Default `person.work_email`.", ElementType: text, Optional: true},
			"identities":       schema.MapAttribute{MarkdownDescription: "By app, the user name of a `person_id`, where HR does not know it: `{ gh = { \"1042\" = \"anasilva\" } }`. Comes before `user_names`.", ElementType: perApp, Optional: true},
			"account_fields":   schema.MapAttribute{MarkdownDescription: "By app, the account fields to keep in sync with HR, out of " + quoteList(syncedFields()) + ". Default: the first five. Reduce it where another system owns the profile.", ElementType: types.ListType{ElemType: text}, Optional: true},
			"attributes":       schema.MapAttribute{MarkdownDescription: "By app and attribute, a CEL expression over `person` for the value: `{ wiki = { cost_center = \"person.cost_center\" } }`.", ElementType: perApp, Optional: true},
			"same_person":      schema.MapAttribute{MarkdownDescription: "By present `person_id`, the former ones of the same person: a rehire or a conversion under a new number.", ElementType: types.ListType{ElemType: text}, Optional: true},
			"only_apps": schema.ListAttribute{
				MarkdownDescription: "Put out these apps only. All rules are evaluated all the same, so that conflicts are complete; other apps need not be configured.",
				ElementType:         text, Optional: true, Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
			},
			"include": schema.ListAttribute{
				MarkdownDescription: "Further results to give, out of " + quoteList([]string{includeReasons, includeQuarantined, includeUpcoming, includeRegister}) + ". They are stored in state, and say who is about to leave.",
				ElementType:         text, Optional: true,
				Validators: []validator.List{listvalidator.UniqueValues(), listvalidator.ValueStringsAre(oneOf(includeReasons, includeQuarantined, includeUpcoming, includeRegister)...)},
			},
			"upcoming_days": schema.Int64Attribute{
				MarkdownDescription: "How many days `upcoming` looks ahead; giving more than 0 asks for `upcoming`. Default 30 where `include` names it.",
				Optional:            true, Validators: []validator.Int64{int64validator.Between(0, 366)},
			},

			"apps": output(tftypes.Map{ElementType: appElement()}, "By app, `accounts` (`person_id` to account), `groups` (group to user name to role) and `licenses` (product to user name to license), in the shape that `tenure_app_access` takes. "+
				"Every app, group and product that a rule names is a key, held or not. In an account, null is unmanaged; `active` is null except for people on a leave that suspends."),
			"counts":      output(countsType(), "The number of holders by grant: `APP/accounts`, `APP/groups/GROUP`, `APP/licenses/PRODUCT/LICENSE`, `APP/roles/ROLE`."),
			"cutoffs":     output(stringsType(), "Whose access window closed in the last 14 days, by `person_id`, and why: what `tenure_cutoff` takes as `people`."),
			"reasons":     output(reasonsType(), "By `person_id` and grant, why somebody is given something or not. Null unless `include` names it."),
			"quarantined": output(stringsType(), "Who is held as is because they cannot be decided, by `person_id`, and why; a record that does not say whose it is goes by its place. Null unless `include` names it."),
			"upcoming": schema.ListAttribute{
				MarkdownDescription: "What people will gain or lose if rosters and policy stay as they are, in the order of time: `at`, `person_id`, `grant`, `change` (`gain` or `lose`), `why`. Null unless asked for.",
				ElementType:         frameworkType(changeType()), Computed: true,
			},
			"register": schema.StringAttribute{
				MarkdownDescription: "What `tenure_access_findings` takes as `register`: exceptions, conflicts, whoever is quarantined or was cut off, and the user names of those who have left. Its form is not part of the contract: hand it on as it is. Null unless `include` names it.",
				Computed:            true,
			},
		},
		Blocks: policyBlocks(),
	}
}

// syncedFields are what account_fields can name, the default ones first.
func syncedFields() []string {
	var first, rest []string
	for _, f := range accountElementFields() {
		switch {
		case policy.DefaultAccountFields().Has(f):
			first = append(first, string(f))
		case f != "role":
			rest = append(rest, string(f))
		}
	}
	return append(first, rest...)
}

// Read serves the data source through the framework; Terraform is served by rawServer.
func (d *entitlementsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if v, ok := d.data.entitlements(ctx, &resp.Diagnostics, req.Config); ok {
		resp.State.Raw = v
	}
}

// entitlements is the state of a tenure_entitlements: its configuration, and what that comes to.
func (d *Data) entitlements(ctx context.Context, diags *diag.Diagnostics, config tfsdk.Config) (tftypes.Value, bool) {
	var m entitlementsModel
	if diags.Append(config.Get(ctx, &m)...); diags.HasError() {
		return tftypes.Value{}, false
	}
	one, ok := d.decide(ctx, diags, &m)
	if !ok {
		return tftypes.Value{}, false
	}
	out := newOutputs(one.result, m.asked())
	out.values["register"] = tftypes.NewValue(tftypes.String, nil)
	if m.asked()[includeRegister] {
		text, err := registerText(one)
		diagnose(diags, err, "")
		out.values["register"] = out.text(text)
	}
	if !out.fit(diags, maxMessage) {
		return tftypes.Value{}, false
	}
	var fields map[string]tftypes.Value
	if err := config.Raw.As(&fields); err != nil {
		diagnose(diags, err, "")
		return tftypes.Value{}, false
	}
	maps.Copy(fields, out.values)
	return tftypes.NewValue(config.Raw.Type(), fields), true
}

// asked are the results to give besides those that always are.
func (m *entitlementsModel) asked() map[string]bool {
	asked := make(map[string]bool)
	for _, name := range texts(m.Include) {
		asked[name] = true
	}
	if m.UpcomingDays.ValueInt64() > 0 {
		asked[includeUpcoming] = true
	}
	return asked
}

// decide evaluates the policy. Everything wrong with configuration and rosters is reported at once; what is
// wrong in the result can only be told when both are right.
func (d *Data) decide(ctx context.Context, diags *diag.Diagnostics, m *entitlementsModel) (*decision, bool) {
	p := m.policy()
	if len(d.apps) > 0 {
		p.ConfiguredApps = slices.Sorted(maps.Keys(d.apps))
	}
	program, problems := policy.Compile(p)
	for _, problem := range problems {
		diagnoseProblem(diags, problem)
	}
	in, ok := d.gather(ctx, diags, texts(m.Rosters), texts(m.MergeBy), precedence(m.Speaks), false)
	if program == nil || !ok {
		return nil, false
	}
	asked := m.asked()
	in.Reasons = asked[includeReasons]
	if asked[includeUpcoming] {
		in.UpcomingDays = defaultUpcomingDays
		overlay(&in.UpcomingDays, m.UpcomingDays)
	}
	result := program.Evaluate(in)
	for _, problem := range slices.Concat(result.Errors, result.Warnings) {
		diagnoseProblem(diags, problem)
	}
	if len(result.Errors) > 0 {
		return nil, false
	}
	one := &decision{policy: p, program: program, input: in, result: result}
	d.decided.remember(one)
	return one, true
}
