package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/successfactors"
)

type successFactorsModel struct {
	apiModel
	CompanyID types.String `tfsdk:"company_id"`
	UserName  types.String `tfsdk:"user_name"`
	Password  types.String `tfsdk:"password"`
	Token     types.String `tfsdk:"token"`
}

func successFactorsKind() rosterKind {
	return rosterKind{
		name: "successfactors",
		block: rosterAPIBlock("SAP SuccessFactors Employee Central, by its OData API v2. `base_url` is required: the API server of the company's data center, such as `https://api4.successfactors.com`.", map[string]schema.Attribute{
			"company_id": schema.StringAttribute{MarkdownDescription: "The company id, with `user_name` and `password`.", Optional: true},
			"user_name":  schema.StringAttribute{MarkdownDescription: "An API user.", Optional: true},
			"password":   secretAttribute("Its password.", "PASSWORD"),
			"token":      secretAttribute("Or an OAuth access token, fetched with a SAML assertion before the run.", "TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m successFactorsModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := successfactors.Config{
				Connection: m.connection(diags, b), CompanyID: m.CompanyID.ValueString(), UserName: m.UserName.ValueString(), Mapping: m.mapping(b),
			}
			// what stands in for a secret counts for the way in that the block chooses
			if c.CompanyID != "" || c.UserName != "" || !m.Password.IsNull() {
				c.Password, c.Token = b.secret(m.Password, "PASSWORD"), m.Token.ValueString()
			} else {
				c.Token = b.secret(m.Token, "TOKEN")
			}
			return successfactors.Open(c)
		},
	}
}
