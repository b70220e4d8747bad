package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// rosterDataSource is the people of one or several rosters.
type rosterDataSource struct{ configuredDataSource }

type rosterDataModel struct {
	Rosters types.List `tfsdk:"rosters"`
	Fields  types.List `tfsdk:"fields"`
	People  types.Map  `tfsdk:"people"`
	Counts  types.Map  `tfsdk:"counts"`
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
			"rosters": schema.ListAttribute{
				MarkdownDescription: "Names of `roster` blocks of the provider.", ElementType: types.StringType, Required: true,
				Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
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
			"counts": schema.MapAttribute{MarkdownDescription: "The number of people by stage.", ElementType: types.Int64Type, Computed: true},
		},
	}
}

func (d *rosterDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m rosterDataModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	people := d.data.readRosters(ctx, &resp.Diagnostics, texts(m.Rosters))
	if resp.Diagnostics.HasError() {
		return
	}
	opts := d.data.lifecycleOptions()
	fields := texts(m.Fields)
	company := newManagers(people)
	elems := make(map[string]attr.Value, len(people))
	counts := make(map[string]int64)
	for i := range people {
		at := lifecycle.At(people[i], d.data.clock.Now(), opts)
		counts[string(at.Stage)]++
		if at.Fault != "" {
			warn(&resp.Diagnostics, "The record of "+people[i].PersonID+" contradicts itself", sentence(at.Fault)+" The stage is unknown until then, which triggers nothing.")
		}
		elems[people[i].PersonID] = personValue(people[i], at, company, fields)
	}
	m.People = types.MapValueMust(personObject(), elems)
	byStage := make(map[string]attr.Value, len(counts))
	for stage, n := range counts {
		byStage[stage] = types.Int64Value(n)
	}
	m.Counts = types.MapValueMust(types.Int64Type, byStage)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (d *Data) lifecycleOptions() lifecycle.Options {
	o := lifecycle.DefaultOptions()
	o.TimeZone, o.ReadAt = d.zone, d.clock.Real()
	if now := d.clock.Now(); now.Before(o.ReadAt) {
		o.ReadAt = now // as if it were then, the roster was read then
	}
	return o
}

// readRosters reads rosters into people, one each. Everything wrong in any of them is reported.
func (d *Data) readRosters(ctx context.Context, diags *diag.Diagnostics, names []string) []access.Person {
	var all []access.Person
	from := make(map[string]string)
	for i, name := range names {
		at := path.Root("rosters").AtListIndex(i)
		src, err := d.roster(name)
		if err != nil {
			diagnose(diags, err, "", at)
			continue
		}
		r, err := src.People(ctx)
		if err != nil {
			diagnose(diags, wrap(err, name, "", ""), "Nothing was planned from it.", at)
			continue
		}
		if len(r.Problems) > 0 {
			diagnose(diags, &fault.Error{
				Kind: fault.Invalid, Op: "use", Subject: "the roster", System: name,
				Cause: fmt.Sprintf("%d records are faulty:\n\n%s", len(r.Problems), lines(r.Problems)),
				Next:  "Correct them in the source, or map the columns and values that mean something else (field_map, status_map, date_format).",
			}, "Nothing was planned from it.", at)
		}
		if len(r.Notices) > 0 {
			warn(diags, fmt.Sprintf("Roster %s: %d records are worth a look", name, len(r.Notices)), lines(r.Notices))
		}
		for _, p := range r.People {
			if other, ok := from[p.PersonID]; ok && other != name {
				diagnose(diags, &fault.Error{
					Kind: fault.Invalid, Op: "tell apart", Subject: "person " + p.PersonID,
					Cause: fmt.Sprintf("the rosters %s and %s both have a person with this id", other, name),
					Next:  "Give one of the rosters an id_prefix.",
				}, "", at)
				continue
			}
			from[p.PersonID] = name
		}
		all = append(all, r.People...)
	}
	return lifecycle.Merge(all, d.clock.Now(), d.lifecycleOptions())
}

// lines lists problems, the first fifty of them.
func lines(problems []roster.Problem) string {
	var b strings.Builder
	for i, p := range problems {
		if i == 50 {
			fmt.Fprintf(&b, "and %d more", len(problems)-i)
			break
		}
		b.WriteString(p.String() + "\n")
	}
	return strings.TrimSpace(b.String())
}

// managers answers who reports to whom.
type managers struct {
	above   map[string]string // person id -> manager's person id
	manages map[string]bool
}

func newManagers(people []access.Person) managers {
	m := managers{above: make(map[string]string, len(people)), manages: make(map[string]bool)}
	for i := range people {
		if id := people[i].ManagerID; id != "" {
			m.above[people[i].PersonID] = id
			m.manages[id] = true
		}
	}
	return m
}

// chain is the managers from the direct one up; a loop ends where it would repeat.
func (m managers) chain(personID string) []attr.Value {
	chain, seen := []attr.Value{}, []string{personID}
	for id := m.above[personID]; id != "" && !slices.Contains(seen, id); id = m.above[id] {
		chain, seen = append(chain, types.StringValue(id)), append(seen, id)
	}
	return chain
}
