package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/adp"
)

type adpModel struct {
	apiModel
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	ClientCert   types.String `tfsdk:"client_cert_pem"`
	ClientKey    types.String `tfsdk:"client_key_pem"`
	TokenURL     types.String `tfsdk:"token_url"`
}

func adpKind() rosterKind {
	return rosterKind{
		name: "adp",
		block: rosterAPIBlock("ADP Workforce Now, over mutual TLS.", map[string]schema.Attribute{
			"client_id":       schema.StringAttribute{MarkdownDescription: "The client id of the project.", Required: true},
			"client_secret":   secretAttribute("Its secret.", "CLIENT_SECRET"),
			"client_cert_pem": schema.StringAttribute{MarkdownDescription: "The certificate that ADP signed for the project.", Optional: true},
			"client_key_pem":  secretAttribute("The key of the certificate.", "CLIENT_KEY"),
			"token_url":       schema.StringAttribute{MarkdownDescription: "Where tokens come from. Default `" + adp.DefaultTokenURL + "`.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m adpModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return adp.Open(adp.Config{
				Connection: m.connection(diags, b), ClientID: m.ClientID.ValueString(), ClientSecret: b.secret(m.ClientSecret, "CLIENT_SECRET"),
				ClientCertPEM: m.ClientCert.ValueString(), ClientKeyPEM: b.secret(m.ClientKey, "CLIENT_KEY"), TokenURL: m.TokenURL.ValueString(), Mapping: m.mapping(b),
			})
		},
	}
}
