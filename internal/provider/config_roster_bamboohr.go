package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/bamboohr"
)

type bambooHRModel struct {
	apiModel
	Company types.String `tfsdk:"company"`
	APIKey  types.String `tfsdk:"api_key"`
}

func bambooHRKind() rosterKind {
	return rosterKind{
		name: "bamboohr",
		block: rosterAPIBlock("BambooHR, by a custom report over all employees.", map[string]schema.Attribute{
			"company": schema.StringAttribute{MarkdownDescription: "The company's domain: `acme` of `acme.bamboohr.com`.", Required: true},
			"api_key": secretAttribute("The API key. It sees what the user who made it sees.", "TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m bambooHRModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return bamboohr.Open(bamboohr.Config{
				Connection: m.connection(diags, b), Company: m.Company.ValueString(), APIKey: b.secret(m.APIKey, "TOKEN"), Mapping: m.mapping(b),
			})
		},
	}
}
