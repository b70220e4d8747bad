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

type rosterModel struct {
	Name     types.String `tfsdk:"name"`
	IDPrefix types.String `tfsdk:"id_prefix"`
	TimeZone types.String `tfsdk:"time_zone"`
	expectModel
}

// rosterKind is one kind of roster, as appKind is one of app.
type rosterKind struct {
	name  string
	block schema.Block
	open  func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error)
}

// rosterBlock is what a kind is opened from.
type rosterBlock struct {
	opener
	name   string
	common rosterModel
	kind   basetypes.ObjectValue // the kind's own block, all of it known
	at     path.Path             // of the kind's own block
}

// read decodes the kind's own block.
func (b rosterBlock) read(ctx context.Context, diags *diag.Diagnostics, into any) {
	diags.Append(b.kind.As(ctx, into, basetypes.ObjectAsOptions{})...)
}

// secret is the argument's value, else that of TENURE_ROSTER_<NAME>_<ARGUMENT>.
func (b rosterBlock) secret(v types.String, argument string) string {
	return orEnv(v, "roster", b.name, argument)
}

func rosterKinds() []rosterKind {
	return []rosterKind{
		csvKind(), jsonKind(),
		bambooHRKind(), hibobKind(), personioKind(), workdayKind(),
		adpKind(), gustoKind(), successFactorsKind(),
		mergeKind(), ripplingKind(),
		ldapKind(), scimRosterKind(), oktaRosterKind(), entraRosterKind(),
	}
}

func rosterKindNames() []string {
	var names []string
	for _, k := range rosterKinds() {
		names = append(names, k.name)
	}
	return names
}

func rosterBlocks() map[string]schema.Block {
	blocks := map[string]schema.Block{}
	for _, k := range rosterKinds() {
		blocks[k.name] = k.block
	}
	return blocks
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

// fileModel is the part of a kind block that says where its file is.
type fileModel struct {
	mappingModel
	Path   types.String `tfsdk:"path"`
	URL    types.String `tfsdk:"url"`
	SHA256 types.String `tfsdk:"sha256"`
}

func (m fileModel) file(b rosterBlock) roster.File {
	f := roster.File{Path: m.Path.ValueString(), SHA256: m.SHA256.ValueString(), UserAgent: "terraform-provider-tenure/" + b.version, Log: b.log}
	if f.Path == "" {
		f.URL = b.secret(m.URL, "URL")
	} else {
		f.URL = m.URL.ValueString()
	}
	return f
}

// fileBlock is the block of a kind that reads a file: where it is, its own arguments and the mapping.
func fileBlock(text string, own map[string]schema.Attribute) schema.Block {
	maps.Copy(own, map[string]schema.Attribute{
		"path":   schema.StringAttribute{MarkdownDescription: "The file; or `url`.", Optional: true},
		"url":    secretAttribute("Where the file is: `https`, a presigned address of an object store for one. Redirects to another host are not followed.", "URL"),
		"sha256": schema.StringAttribute{MarkdownDescription: "The file's SHA-256 checksum in hexadecimal. Another file is an error, and nothing is planned from it.", Optional: true},
	})
	return rosterKindBlock(text, own)
}

type csvModel struct {
	fileModel
	Delimiter types.String `tfsdk:"delimiter"`
	Encoding  types.String `tfsdk:"encoding"`
}

type jsonModel struct {
	fileModel
	Items types.String `tfsdk:"items"`
}

func rosterAttributes() map[string]schema.Attribute {
	attrs := expectAttributes()
	maps.Copy(attrs, map[string]schema.Attribute{
		"name":      schema.StringAttribute{MarkdownDescription: "The name that data sources use.", Required: true},
		"id_prefix": schema.StringAttribute{MarkdownDescription: "Goes in front of every `person_id` of this roster, so that two rosters with the same numbers stay apart.", Optional: true},
		"time_zone": schema.StringAttribute{MarkdownDescription: "IANA zone of people whose record names none. Default: the provider's `time_zone`.", Optional: true},
	})
	return attrs
}

func csvKind() rosterKind {
	return rosterKind{
		name: "csv",
		block: fileBlock("A delimited text file, as HR systems and spreadsheets export it (RFC 4180).", map[string]schema.Attribute{
			"delimiter": schema.StringAttribute{MarkdownDescription: "One character, or `tab`. Left out: whichever of `,` `;` tab and `|` the header is divided by.", Optional: true},
			"encoding":  schema.StringAttribute{MarkdownDescription: "`auto` (default: a byte order mark, else UTF-8, else an error), " + quoteList(csvfile.Encodings()[1:]) + ".", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m csvModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return csvfile.Open(csvfile.Config{
				Name: b.name, File: m.file(b), Delimiter: m.Delimiter.ValueString(),
				Encoding: m.Encoding.ValueString(), Mapping: m.mapping(b),
			})
		},
	}
}

func jsonKind() rosterKind {
	return rosterKind{
		name: "json",
		block: fileBlock("A JSON file: an array of objects, alone or somewhere inside an object.", map[string]schema.Attribute{
			"items": schema.StringAttribute{MarkdownDescription: "Dotted path of the array of people, when it is not the whole file.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m jsonModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return jsonfile.Open(jsonfile.Config{Name: b.name, File: m.file(b), Items: m.Items.ValueString(), Mapping: m.mapping(b)})
		},
	}
}

// rosterKindBlock is a kind's block with its own arguments and those of the mapping.
func rosterKindBlock(text string, own map[string]schema.Attribute) schema.Block {
	maps.Copy(own, mappingAttributes())
	return atMostOne(text, own, nil)
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

func (m mappingModel) mapping(b rosterBlock) roster.Mapping {
	zone := b.common.TimeZone.ValueString()
	if zone == "" {
		zone = b.zone.String()
	}
	return roster.Mapping{
		FieldMap: textMap(m.FieldMap), Custom: textMap(m.Custom), StatusMap: textMap(m.StatusMap), EmploymentTypeMap: textMap(m.EmploymentTypeMap),
		DateFormat: m.DateFormat.ValueString(), DateFormats: textMap(m.DateFormats), NullValues: texts(m.NullValues),
		IDPrefix: b.common.IDPrefix.ValueString(), TimeZone: zone, Expect: b.common.expect(),
	}
}

// openRoster opens one roster block.
func (o opener) openRoster(ctx context.Context, diags *diag.Diagnostics, obj basetypes.ObjectValue, at path.Path, name string) *rosterEntry {
	found, ok := oneKind(diags, obj, at, "roster", name, rosterKindNames())
	if !ok {
		return &rosterEntry{}
	}
	if u := unknownIn(obj, ""); u != "" {
		return &rosterEntry{pending: u}
	}
	b := rosterBlock{opener: o, name: name, at: at.AtName(found).AtListIndex(0)}
	b.kind, _ = obj.Attributes()[found].(basetypes.ListValue).Elements()[0].(basetypes.ObjectValue)
	if ds := withoutKinds(ctx, obj, rosterKindNames()).As(ctx, &b.common, basetypes.ObjectAsOptions{}); ds.HasError() {
		diags.Append(ds...)
		return &rosterEntry{}
	}
	var src roster.Source
	for _, k := range rosterKinds() {
		if k.name == found {
			var err error
			src, err = k.open(ctx, diags, b)
			diagnose(diags, err, "", at.AtName(found))
		}
	}
	return &rosterEntry{source: src}
}
