package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/manual"
)

type manualModel struct {
	Export    types.String `tfsdk:"export"`
	Tasks     types.String `tfsdk:"tasks"`
	DueDays   types.Int64  `tfsdk:"due_days"`
	Fields    types.List   `tfsdk:"fields"`
	Columns   types.Map    `tfsdk:"columns"`
	Groups    types.List   `tfsdk:"groups"`
	Licenses  types.List   `tfsdk:"licenses"`
	Separator types.String `tfsdk:"separator"`
}

func manualKind() appKind {
	list := func(text string) schema.Attribute {
		return schema.ListAttribute{MarkdownDescription: text, ElementType: types.StringType, Optional: true}
	}
	return appKind{
		name: "manual",
		block: atMostOne("An app without an API: its truth is a CSV export, and each write becomes a task for a person.", map[string]schema.Attribute{
			"export": schema.StringAttribute{MarkdownDescription: "The CSV file that the app's own export makes: a line for each account.", Required: true},
			"tasks":  schema.StringAttribute{MarkdownDescription: "The CSV file that tasks are appended to: who, what, until when. Made with the first task. Keep it where the next run finds it.", Required: true},
			"due_days": schema.Int64Attribute{
				MarkdownDescription: "Days that a task may take, 1 to 90. Default 5. Until then the app counts as changed; from the day after, only the export counts.",
				Optional:            true, Validators: []validator.Int64{int64validator.Between(1, manual.MaxDueDays)},
			},
			"fields":    list("The account fields that the export shows. Default " + quoteList(manual.DefaultFields()) + "."),
			"columns":   schema.MapAttribute{MarkdownDescription: "The export's column for a field, or for `status`, `groups` or `licenses`: `{ user_name = \"Login\" }`. Default: their own names.", ElementType: types.StringType, Optional: true},
			"groups":    list("Groups that exist also while nobody is in them."),
			"licenses":  list("Licenses that exist also while nobody holds them, as `PRODUCT/LICENSE`, or one name for both."),
			"separator": schema.StringAttribute{MarkdownDescription: "What divides several groups or licenses in one cell. Default `;`.", Optional: true},
		}, nil),
		open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
			var m manualModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return manual.Open(manual.Config{
				Name: b.name, Export: m.Export.ValueString(), Tasks: m.Tasks.ValueString(), DueDays: int(m.DueDays.ValueInt64()), Fields: texts(m.Fields),
				Columns: textMap(m.Columns), Groups: texts(m.Groups), Licenses: texts(m.Licenses), Separator: m.Separator.ValueString(), Log: b.log,
			})
		},
	}
}
