package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/gusto"
)

type gustoModel struct {
	apiModel
	Company     types.String `tfsdk:"company"`
	Token       types.String `tfsdk:"token"`
	Contractors types.Bool   `tfsdk:"contractors"`
}

func gustoKind() rosterKind {
	return rosterKind{
		name: "gusto",
		block: rosterAPIBlock("Gusto, by the lists of a company's employees and contractors.", map[string]schema.Attribute{
			"company":     schema.StringAttribute{MarkdownDescription: "The company's uuid.", Required: true},
			"token":       secretAttribute("An access token for the company.", "TOKEN"),
			"contractors": schema.BoolAttribute{MarkdownDescription: "Read the company's contractors too. Default false.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m gustoModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return gusto.Open(gusto.Config{
				Connection: m.connection(diags, b), Company: m.Company.ValueString(), Token: b.secret(m.Token, "TOKEN"), Contractors: m.Contractors.ValueBool(), Mapping: m.mapping(b),
			})
		},
	}
}
