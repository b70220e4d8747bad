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
	CompanyID        types.String `tfsdk:"company_id"`
	Contractors      types.Bool   `tfsdk:"contractors"`
	Token            types.String `tfsdk:"token"`
	ClientID         types.String `tfsdk:"client_id"`
	ClientSecret     types.String `tfsdk:"client_secret"`
	RefreshTokenFile types.String `tfsdk:"refresh_token_file"`
}

func gustoKind() rosterKind {
	return rosterKind{
		name: "gusto",
		block: rosterAPIBlock("Gusto: employees, and contractors on request.", map[string]schema.Attribute{
			"company_id":         schema.StringAttribute{MarkdownDescription: "The company's UUID.", Required: true},
			"contractors":        schema.BoolAttribute{MarkdownDescription: "Read contractors too, which needs the scope `contractors:read`. Default `false`.", Optional: true},
			"token":              secretAttribute("An access token, which holds for two hours; or `client_id`, `client_secret` and `refresh_token_file`.", "TOKEN"),
			"client_id":          schema.StringAttribute{MarkdownDescription: "An application.", Optional: true},
			"client_secret":      secretAttribute("Its secret.", "CLIENT_SECRET"),
			"refresh_token_file": schema.StringAttribute{MarkdownDescription: "A file with the company's refresh token. Gusto gives a new one at each use, so the file is rewritten by every run, a plan included.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m gustoModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := gusto.Config{
				Connection: m.connection(diags, b), CompanyID: m.CompanyID.ValueString(), Contractors: m.Contractors.ValueBool(), ClientID: m.ClientID.ValueString(),
				RefreshTokenFile: m.RefreshTokenFile.ValueString(), Mapping: m.mapping(b),
			}
			// what stands in for a secret counts for the way in that the block chooses
			if c.ClientID != "" || c.RefreshTokenFile != "" || !m.ClientSecret.IsNull() {
				c.ClientSecret, c.Token = b.secret(m.ClientSecret, "CLIENT_SECRET"), m.Token.ValueString()
			} else {
				c.Token = b.secret(m.Token, "TOKEN")
			}
			return gusto.Open(c)
		},
	}
}
