package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/ldap"
)

type ldapModel struct {
	mappingModel
	URL          types.String `tfsdk:"url"`
	StartTLS     types.Bool   `tfsdk:"start_tls"`
	CACertPEM    types.String `tfsdk:"ca_cert_pem"`
	BindDN       types.String `tfsdk:"bind_dn"`
	BindPassword types.String `tfsdk:"bind_password"`
	BaseDN       types.String `tfsdk:"base_dn"`
	Filter       types.String `tfsdk:"filter"`
	Schema       types.String `tfsdk:"schema"`
	Timeout      types.String `tfsdk:"request_timeout"`
}

func ldapKind() rosterKind {
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	return rosterKind{
		name: "ldap",
		block: rosterKindBlock("A directory over LDAP v3: Active Directory, OpenLDAP and others with `inetOrgPerson` entries. `field_map` and `custom` name attributes.", map[string]schema.Attribute{
			"url":             req("The server: `ldaps://ldap.acme.example`, or `ldap://` with `start_tls`, with `:PORT` where it is not the usual one. Referrals to other servers are not followed."),
			"start_tls":       schema.BoolAttribute{MarkdownDescription: "Encrypt an `ldap://` connection before anything else is sent.", Optional: true},
			"ca_cert_pem":     opt("Certificates to trust in addition to those of the system, as PEM."),
			"bind_dn":         req("The account that asks, by a simple bind: a distinguished name, in Active Directory also `reader@acme.example`."),
			"bind_password":   secretAttribute("Its password.", "PASSWORD"),
			"base_dn":         req("People are below this entry, at any depth: `ou=people,dc=acme,dc=example`."),
			"filter":          opt("Which entries are people (RFC 4515). Default: `(objectClass=inetOrgPerson)`, in Active Directory `(&(objectCategory=person)(objectClass=user))`."),
			"schema":          schema.StringAttribute{MarkdownDescription: "How entries are written: `inet_org_person` (default) or `active_directory`.", Optional: true, Validators: oneOf(ldap.Schemas()...)},
			"request_timeout": opt("How long one page may take, such as `5m`. Default `60s`."),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m ldapModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return ldap.Open(ldap.Config{
				Name: b.name, URL: m.URL.ValueString(), StartTLS: m.StartTLS.ValueBool(), CACertPEM: m.CACertPEM.ValueString(), BindDN: m.BindDN.ValueString(),
				BindPassword: b.secret(m.BindPassword, "PASSWORD"), BaseDN: m.BaseDN.ValueString(), Filter: m.Filter.ValueString(), Schema: m.Schema.ValueString(),
				RequestTimeout: duration(diags, m.Timeout, b.at.AtName("request_timeout")), Log: b.log, Mapping: m.mapping(b),
			})
		},
	}
}
