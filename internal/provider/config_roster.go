package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/csvfile"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/jsonfile"
)

var rosterKinds = []string{"csv", "json"}

type rosterModel struct {
	Name     types.String `tfsdk:"name"`
	IDPrefix types.String `tfsdk:"id_prefix"`
	TimeZone types.String `tfsdk:"time_zone"`
	CSV      []csvModel   `tfsdk:"csv"`
	JSON     []jsonModel  `tfsdk:"json"`
}

// mappingModel is the part of a kind block that says which column is what; it is the same for every source.
type mappingModel struct {
	FieldMap          types.Map    `tfsdk:"field_map"`
	Custom            types.Map    `tfsdk:"custom"`
	StatusMap         types.Map    `tfsdk:"status_map"`
	EmploymentTypeMap types.Map    `tfsdk:"employment_type_map"`
	DateFormat        types.String `tfsdk:"date_format"`
	DateFormats       types.Map    `tfsdk:"date_formats"`
	NullValues        types.List   `tfsdk:"null_values"`
}

type csvModel struct {
	mappingModel
	Path      types.String `tfsdk:"path"`
	Delimiter types.String `tfsdk:"delimiter"`
	Encoding  types.String `tfsdk:"encoding"`
}

type jsonModel struct {
	mappingModel
	Path  types.String `tfsdk:"path"`
	Items types.String `tfsdk:"items"`
}

func rosterAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name":      schema.StringAttribute{MarkdownDescription: "The name that data sources use.", Required: true},
		"id_prefix": schema.StringAttribute{MarkdownDescription: "Goes in front of every `person_id` of this roster, so that two rosters with the same numbers stay apart.", Optional: true},
		"time_zone": schema.StringAttribute{MarkdownDescription: "IANA zone of people whose record names none. Default: the provider's `time_zone`.", Optional: true},
	}
}

func rosterKindBlocks() map[string]schema.Block {
	block := func(text string, own map[string]schema.Attribute) schema.Block {
		maps.Copy(own, mappingAttributes())
		return atMostOne(text, own, nil)
	}
	return map[string]schema.Block{
		"csv": block("A delimited text file, as HR systems and spreadsheets export it (RFC 4180).", map[string]schema.Attribute{
			"path":      schema.StringAttribute{MarkdownDescription: "The file.", Required: true},
			"delimiter": schema.StringAttribute{MarkdownDescription: "One character, or `tab`. Left out: whichever of `,` `;` tab and `|` the header is divided by.", Optional: true},
			"encoding":  schema.StringAttribute{MarkdownDescription: "`auto` (default: a byte order mark, else UTF-8, else an error), " + quoteList(csvfile.Encodings()[1:]) + ".", Optional: true},
		}),
		"json": block("A JSON file: an array of objects, alone or somewhere inside an object.", map[string]schema.Attribute{
			"path":  schema.StringAttribute{MarkdownDescription: "The file.", Required: true},
			"items": schema.StringAttribute{MarkdownDescription: "Dotted path of the array of people, when it is not the whole file.", Optional: true},
		}),
	}
}

func mappingAttributes() map[string]schema.Attribute {
	m := func(text string) schema.MapAttribute {
		return schema.MapAttribute{MarkdownDescription: text, ElementType: types.StringType, Optional: true}
	}
	return map[string]schema.Attribute{
		"field_map":           m("The source's column (in JSON: dotted path) for a field of a person: `{ work_email = \"E-mail (office)\" }`. Fields that are not named are found under their own and other common names. An empty column says that the source does not have the field."),
		"custom":              m("Extra columns by the name that policy sees: `{ badge = \"Badge No\" }`."),
		"status_map":          m("The status that a value of the source means: `pre_hire`, `active`, `leave`, `notice`, `terminated`, `never_started`, `unknown`. A value that nothing maps is `unknown`, which never triggers anything."),
		"employment_type_map": m("The employment type that a value of the source means: `employee`, `contractor`, `intern`, `temporary`, `apprentice`, `consultant_external`, `board_or_advisor`, `other`."),
		"date_format":         schema.StringAttribute{MarkdownDescription: "How dates are written, in the letters of `formatdate`: `DD/MM/YYYY`. Default ISO 8601. Never guessed.", Optional: true},
		"date_formats":        m("`date_format` for single fields: `{ start_date = \"MM/DD/YYYY\" }`."),
		"null_values":         schema.ListAttribute{MarkdownDescription: "Texts that stand for nothing, such as `n/a`.", ElementType: types.StringType, Optional: true},
	}
}

func (m mappingModel) mapping(r rosterModel, o opener) roster.Mapping {
	zone := r.TimeZone.ValueString()
	if zone == "" {
		zone = o.zone.String()
	}
	return roster.Mapping{
		FieldMap: textMap(m.FieldMap), Custom: textMap(m.Custom), StatusMap: textMap(m.StatusMap), EmploymentTypeMap: textMap(m.EmploymentTypeMap),
		DateFormat: m.DateFormat.ValueString(), DateFormats: textMap(m.DateFormats), NullValues: texts(m.NullValues),
		IDPrefix: r.IDPrefix.ValueString(), TimeZone: zone,
	}
}

// openRoster opens one roster block.
func (o opener) openRoster(ctx context.Context, diags *diag.Diagnostics, obj basetypes.ObjectValue, at path.Path, name string) *rosterEntry {
	kind, ok := oneKind(diags, obj, at, "roster", name, rosterKinds)
	if !ok {
		return &rosterEntry{}
	}
	if u := unknownIn(obj, ""); u != "" {
		return &rosterEntry{pending: u}
	}
	var m rosterModel
	if ds := obj.As(ctx, &m, basetypes.ObjectAsOptions{}); ds.HasError() {
		diags.Append(ds...)
		return &rosterEntry{}
	}
	var src roster.Source
	var err error
	switch kind {
	case "csv":
		src, err = csvfile.Open(csvfile.Config{
			Name: name, Path: m.CSV[0].Path.ValueString(), Delimiter: m.CSV[0].Delimiter.ValueString(),
			Encoding: m.CSV[0].Encoding.ValueString(), Mapping: m.CSV[0].mapping(m, o),
		})
	case "json":
		src, err = jsonfile.Open(jsonfile.Config{Name: name, Path: m.JSON[0].Path.ValueString(), Items: m.JSON[0].Items.ValueString(), Mapping: m.JSON[0].mapping(m, o)})
	}
	diagnose(diags, err, "", at.AtName(kind))
	return &rosterEntry{source: src}
}
