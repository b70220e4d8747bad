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
	UserName types.String `tfsdk:"user_name"`
	Password types.String `tfsdk:"password"`
	Token    types.String `tfsdk:"token"`
}

func successFactorsKind() rosterKind {
	return rosterKind{
		name: "successfactors",
		block: rosterAPIBlock("SAP SuccessFactors Employee Central, by OData v2. `base_url` is the API host of the data center, such as `https://api4.successfactors.com`.", map[string]schema.Attribute{
			"user_name": schema.StringAttribute{MarkdownDescription: "An API user as `user@company`, with `password`; or `token`.", Optional: true},
			"password":  secretAttribute("Its password.", "PASSWORD"),
			"token":     secretAttribute("An OAuth access token, made from a SAML assertion outside of Terraform.", "TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m successFactorsModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := successfactors.Config{Connection: m.connection(diags, b), UserName: m.UserName.ValueString(), Mapping: m.mapping(b)}
			if c.UserName != "" || !m.Password.IsNull() {
				c.Password = b.secret(m.Password, "PASSWORD")
			} else {
				c.Token = b.secret(m.Token, "TOKEN")
			}
			return successfactors.Open(c)
		},
	}
}
