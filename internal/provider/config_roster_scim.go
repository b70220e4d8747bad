package provider

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
)

// pacingModel is how requests are sent to an identity provider.
type pacingModel struct {
	MaxRPS  types.Float64 `tfsdk:"max_requests_per_second"`
	Timeout types.String  `tfsdk:"request_timeout"`
}

func pacingAttributes(own map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(own, map[string]schema.Attribute{
		"max_requests_per_second": schema.Float64Attribute{
			MarkdownDescription: "The most requests per second to send. Left out: as the system's own limit, and as its answers teach.",
			Optional:            true, Validators: []validator.Float64{float64validator.AtLeast(0.01)},
		},
		"request_timeout": schema.StringAttribute{MarkdownDescription: "How long one request may take, such as `5m`. Default `60s`.", Optional: true},
	})
	return own
}

// idpSource opens the roster of an identity provider whose connector is open, or names what is wrong with its block: the
// connector's problems and the mapping's.
func idpSource(b rosterBlock, kind string, m mappingModel, err error, open func(idp.Config) (roster.Source, error), config func() idp.Config) (roster.Source, error) {
	if err != nil {
		return nil, roster.ConfigError(b.name, kind, errors.Join(err, m.mapping(b).Validate()))
	}
	return open(config())
}

type scimRosterModel struct {
	mappingModel
	pacingModel
	BaseURL      types.String `tfsdk:"base_url"`
	Token        types.String `tfsdk:"token"`
	UserName     types.String `tfsdk:"user_name"`
	Password     types.String `tfsdk:"password"`
	TokenURL     types.String `tfsdk:"token_url"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	Scopes       types.List   `tfsdk:"scopes"`
	CACert       types.String `tfsdk:"ca_cert_pem"`
	Filter       types.String `tfsdk:"filter"`
	Paging       types.String `tfsdk:"paging"`
	PageSize     types.Int64  `tfsdk:"page_size"`
	Select       types.Bool   `tfsdk:"select_attributes"`
}

func scimRosterKind() rosterKind {
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	return rosterKind{
		name: "scim",
		block: rosterKindBlock("An identity provider as a roster, by SCIM 2.0 (RFC 7643, 7644, 9865). Paths are names of attributes: `name.givenName`, `externalId`, `urn:…:User:costCenter`.", pacingAttributes(map[string]schema.Attribute{
			"base_url":          schema.StringAttribute{MarkdownDescription: "The address that `/Users` is appended to. `https`, or `http` on a loopback host.", Required: true},
			"token":             secretAttribute("A bearer token; or `user_name` and `password`; or `token_url`, `client_id` and `client_secret`.", "TOKEN"),
			"user_name":         opt("HTTP basic authentication, with `password`."),
			"password":          secretAttribute("Its password.", "PASSWORD"),
			"token_url":         opt("Token endpoint for OAuth 2.0 client credentials (RFC 6749 section 4.4)."),
			"client_id":         opt("Its client."),
			"client_secret":     secretAttribute("Its secret.", "CLIENT_SECRET"),
			"scopes":            schema.ListAttribute{MarkdownDescription: "The scopes to ask for.", ElementType: types.StringType, Optional: true},
			"ca_cert_pem":       opt("Certificates to trust in addition to those of the system, as PEM."),
			"filter":            opt("Which users are people (RFC 7644 section 3.4.2.2): `userType eq \"Employee\"`. Left out: all of them."),
			"paging":            schema.StringAttribute{MarkdownDescription: "`index` (default), `cursor` (RFC 9865), or `none`: one answer holds all.", Optional: true, Validators: oneOf("index", "cursor", "none")},
			"page_size":         schema.Int64Attribute{MarkdownDescription: "Rows to ask for at a time. Default 100.", Optional: true, Validators: []validator.Int64{int64validator.Between(1, 10_000)}},
			"select_attributes": schema.BoolAttribute{MarkdownDescription: "Ask only for the attributes that are needed. Default true; false is for servers that do not know the parameter `attributes`: what they send beyond is dropped unread.", Optional: true},
		})),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m scimRosterModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := scim.Config{
				Name: b.name, BaseURL: m.BaseURL.ValueString(), CACertPEM: m.CACert.ValueString(), MaxRequestsPerSecond: m.MaxRPS.ValueFloat64(),
				RequestTimeout: duration(diags, m.Timeout, b.at.AtName("request_timeout")), UserAgent: "terraform-provider-tenure/" + b.version, Logger: b.log,
				Override: scim.Dialect{Paging: m.Paging.ValueString(), PageSize: int(m.PageSize.ValueInt64())},
			}
			c.Token = m.Token.ValueString()
			switch {
			case m.UserName.ValueString() != "":
				c.Basic = &scim.Basic{Username: m.UserName.ValueString(), Password: b.secret(m.Password, "PASSWORD")}
			case m.TokenURL.ValueString() != "" || m.ClientID.ValueString() != "":
				c.OAuth2 = &scim.OAuth2{TokenURL: m.TokenURL.ValueString(), ClientID: m.ClientID.ValueString(), ClientSecret: b.secret(m.ClientSecret, "CLIENT_SECRET"), Scopes: texts(m.Scopes)}
			default:
				c.Token = b.secret(m.Token, "TOKEN")
			}
			provider, err := scim.Open(c)
			return idpSource(b, "scim", m.mappingModel, err, idp.OpenSCIM, func() idp.Config {
				return idp.Config{
					Name: b.name, Mapping: m.mapping(b),
					Users: func(ctx context.Context, attributes []string, page func([]json.RawMessage, int) error) error {
						if !m.Select.IsNull() && !m.Select.ValueBool() {
							attributes = nil
						}
						return provider.RawUsers(ctx, attributes, m.Filter.ValueString(), page)
					},
				}
			})
		},
	}
}
