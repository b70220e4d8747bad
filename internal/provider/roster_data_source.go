package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// rosterDataSource is the people of one or several rosters.
type rosterDataSource struct{ configuredDataSource }

type rosterDataModel struct {
	Rosters types.List   `tfsdk:"rosters"`
	MergeBy types.List   `tfsdk:"merge_by"`
	Speaks  types.Map    `tfsdk:"field_precedence"`
	Fields  types.List   `tfsdk:"fields"`
	When    types.String `tfsdk:"when"`
	People  types.Map    `tfsdk:"people"`
	Counts  types.Map    `tfsdk:"counts"`
}

// newRosterDataSource makes a tenure_roster.
func newRosterDataSource() datasource.DataSource { return &rosterDataSource{} }

func (*rosterDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_roster"
}

func (*rosterDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "People's data and future departures are stored in state by this data source; ask for the `fields` you need. " +
			"It reads one or several rosters, derives where everybody stands at the time of the run (or at `as_of`), and fails, naming file, line, column and value, when a roster is incomplete or a record is faulty: half a company must never look like a mass departure.",
		Attributes: map[string]schema.Attribute{
			"rosters":          rostersAttribute(),
			"merge_by":         mergeByAttribute(),
			"field_precedence": fieldPrecedenceAttribute(),
			"when": schema.StringAttribute{
				MarkdownDescription: "Give only those for whom this holds: a condition in [CEL](https://cel.dev) over `person`, as in the rules of `tenure_entitlements`. Left out: everybody.",
				Optional:            true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"fields": schema.ListAttribute{
				MarkdownDescription: "The fields to give besides `person_id`, `stage` and `has_access`; all others are null. Default: all. Known are " + quoteList(personFieldNames()) + ".",
				ElementType:         types.StringType, Optional: true,
				Validators: []validator.List{listvalidator.ValueStringsAre(oneOf(personFieldNames()...)...)},
			},
			"people": schema.MapAttribute{
				MarkdownDescription: "The people by `person_id`, former and future ones included. `stage` is `pre_hire`, `active`, `leave` (of absence), `notice`, `terminated` or `unknown`; `has_access` says whether now is inside the access window, and is null where the roster does not allow to tell. Missing text is null.",
				ElementType:         personObject(), Computed: true,
			},
			"counts": schema.MapAttribute{MarkdownDescription: "The number of these people by stage.", ElementType: types.Int64Type, Computed: true},
		},
	}
}

func (d *rosterDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m rosterDataModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	found := d.find(ctx, &resp.Diagnostics, &m)
	if resp.Diagnostics.HasError() {
		return
	}
	elems := make(map[string]attr.Value, len(found))
	counts := make(map[string]int64)
	for _, p := range found {
		counts[string(p.at.Stage)]++
		elems[p.PersonID] = personValue(p)
	}
	m.People = types.MapValueMust(personObject(), elems)
	byStage := make(map[string]attr.Value, len(counts))
	for stage, n := range counts {
		byStage[stage] = types.Int64Value(n)
	}
	m.Counts = types.MapValueMust(types.Int64Type, byStage)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// find gives the people for whom the condition holds.
func (d *rosterDataSource) find(ctx context.Context, diags *diag.Diagnostics, m *rosterDataModel) []listed {
	fields := texts(m.Fields)
	when := "true"
	if !m.When.IsNull() {
		when = m.When.ValueString()
	}
	wanted := slices.DeleteFunc(policy.FieldNames(), func(name string) bool { return len(fields) > 0 && !slices.Contains(fields, name) })
	query, problems := policy.CompileQuery(when, wanted, nil)
	in, ok := d.data.gather(ctx, diags, texts(m.Rosters), texts(m.MergeBy), precedence(m.Speaks), true)
	var found []policy.Found
	if query != nil && ok {
		found, problems = query.Run(in)
	}
	for _, p := range problems {
		p.Severity = policy.Error // a person who is missing here must never look like one who is gone
		diagnoseProblem(diags, p)
	}
	opts := d.data.lifecycleOptions()
	all := lifecycle.Merge(in.People, in.Now, opts)
	people := make([]listed, 0, len(found))
	for _, f := range found {
		i, _ := slices.BinarySearchFunc(all, f.PersonID, func(p access.Person, id string) int { return cmp.Compare(p.PersonID, id) })
		at := lifecycle.At(all[i], in.Now, opts)
		if at.Fault != "" {
			warn(diags, "The record of "+f.PersonID+" contradicts itself", sentence(at.Fault)+" The stage is unknown until then, which triggers nothing.")
		}
		people = append(people, listed{Found: f, at: at, fullTime: all[i].FullTime})
	}
	return people
}

// listed is a person whom the query found, with what conditions do not see.
type listed struct {
	policy.Found
	at       lifecycle.Standing
	fullTime *bool // nil: not told
}

func (d *Data) lifecycleOptions() lifecycle.Options {
	o := lifecycle.DefaultOptions()
	o.TimeZone, o.ReadAt = d.zone, d.clock.Real()
	if now := d.clock.Now(); now.Before(o.ReadAt) {
		o.ReadAt = now // as if it were then, the roster was read then
	}
	return o
}
