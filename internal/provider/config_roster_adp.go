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
	CACert       types.String `tfsdk:"ca_cert_pem"`
	TokenURL     types.String `tfsdk:"token_url"`
}

func adpKind() rosterKind {
	return rosterKind{
		name: "adp",
		block: rosterAPIBlock("ADP Workforce Now, with a client certificate.", map[string]schema.Attribute{
			"client_id":       schema.StringAttribute{MarkdownDescription: "Client id of the project.", Required: true},
			"client_secret":   secretAttribute("Its secret.", "TOKEN"),
			"client_cert_pem": schema.StringAttribute{MarkdownDescription: "The certificate that ADP signed, with those of its issuers. Left out: the environment variable `TENURE_ROSTER_<NAME>_CLIENT_CERT_PEM`.", Optional: true},
			"client_key_pem":  secretAttribute("The certificate's key.", "CLIENT_KEY_PEM"),
			"ca_cert_pem":     schema.StringAttribute{MarkdownDescription: "Certificates to trust beside the system's.", Optional: true},
			"token_url":       schema.StringAttribute{MarkdownDescription: "Where tokens come from, where it is not ADP's usual address, or below `base_url`.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m adpModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return adp.Open(adp.Config{
				Connection: m.connection(diags, b), ClientID: m.ClientID.ValueString(), ClientSecret: b.secret(m.ClientSecret, "TOKEN"), ClientCertPEM: b.secret(m.ClientCert, "CLIENT_CERT_PEM"),
				ClientKeyPEM: b.secret(m.ClientKey, "CLIENT_KEY_PEM"), CACertPEM: m.CACert.ValueString(), TokenURL: m.TokenURL.ValueString(), Mapping: m.mapping(b),
			})
		},
	}
}
