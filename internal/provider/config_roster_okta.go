package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
)

type oktaRosterModel struct {
	mappingModel
	pacingModel
	OrgURL       types.String `tfsdk:"org_url"`
	Token        types.String `tfsdk:"token"`
	ClientID     types.String `tfsdk:"client_id"`
	PrivateKey   types.String `tfsdk:"private_key"`
	PrivateKeyID types.String `tfsdk:"private_key_id"`
}

func oktaRosterKind() rosterKind {
	return rosterKind{
		name: "okta",
		block: rosterKindBlock("An Okta organization as a roster. Paths are those of a user: `profile.employeeNumber`.", pacingAttributes(map[string]schema.Attribute{
			"org_url":        schema.StringAttribute{MarkdownDescription: "The address of the organization, such as `https://acme.okta.com`, without `-admin` and without a path.", Required: true},
			"token":          secretAttribute("An API token; or `client_id` and `private_key`.", "TOKEN"),
			"client_id":      schema.StringAttribute{MarkdownDescription: "The id of a service app (API Services) with the scope `okta.users.read`.", Optional: true},
			"private_key":    secretAttribute("The service app's key, as PEM or as a JSON Web Key.", "PRIVATE_KEY"),
			"private_key_id": schema.StringAttribute{MarkdownDescription: "The key's id (kid), where `private_key` does not carry it.", Optional: true},
		})),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m oktaRosterModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := okta.Config{
				Name: b.name, OrgURL: m.OrgURL.ValueString(), Token: m.Token.ValueString(), ClientID: m.ClientID.ValueString(), PrivateKey: m.PrivateKey.ValueString(),
				PrivateKeyID: m.PrivateKeyID.ValueString(), Scopes: []string{"okta.users.read"}, ReadOnly: true, MaxRequestsPerSecond: m.MaxRPS.ValueFloat64(),
				RequestTimeout: duration(diags, m.Timeout, b.at.AtName("request_timeout")), UserAgent: "terraform-provider-tenure/" + b.version, Logger: b.log,
			}
			if c.ClientID != "" || c.PrivateKey != "" {
				c.PrivateKey = b.secret(m.PrivateKey, "PRIVATE_KEY")
			} else {
				c.Token = b.secret(m.Token, "TOKEN")
			}
			a, err := okta.Open(c)
			directory, ok := a.(*okta.Directory)
			if err == nil && !ok {
				err = errors.New("the organization has no directory")
			}
			return idpSource(b, "okta", m.mappingModel, err, idp.OpenOkta, func() idp.Config {
				return idp.Config{Name: b.name, Users: directory.RawUsers, Mapping: m.mapping(b)}
			})
		},
	}
}
