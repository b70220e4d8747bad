package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
)

type scimModel struct {
	BaseURL    types.String         `tfsdk:"base_url"`
	Token      types.String         `tfsdk:"token"`
	Headers    types.Map            `tfsdk:"headers"`
	CACert     types.String         `tfsdk:"ca_cert_pem"`
	ClientCert types.String         `tfsdk:"client_cert_pem"`
	ClientKey  types.String         `tfsdk:"client_key_pem"`
	Profile    types.String         `tfsdk:"profile"`
	Basic      []scimBasicModel     `tfsdk:"basic"`
	OAuth2     []scimOAuth2Model    `tfsdk:"oauth2"`
	Override   *scimOverrideModel   `tfsdk:"override"`
	Attributes []scimAttributeModel `tfsdk:"attribute"`
	Licenses   []scimLicenseModel   `tfsdk:"license"`
}

type scimBasicModel struct {
	Username types.String `tfsdk:"username"`
	Password types.String `tfsdk:"password"`
}

type scimOAuth2Model struct {
	TokenURL     types.String `tfsdk:"token_url"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	Scopes       types.List   `tfsdk:"scopes"`
	Audience     types.String `tfsdk:"audience"`
}

type scimAttributeModel struct {
	Name types.String `tfsdk:"name"`
	Path types.String `tfsdk:"path"`
}

type scimLicenseModel struct {
	Product types.String `tfsdk:"product"`
	License types.String `tfsdk:"license"`
	Path    types.String `tfsdk:"path"`
	Value   types.String `tfsdk:"value"`
	Group   types.String `tfsdk:"group"`
	Total   types.Int64  `tfsdk:"total"`

	ReleasedValue types.String `tfsdk:"released_value"`
}

type scimOverrideModel struct {
	Paging            types.String `tfsdk:"paging"`
	PageSize          types.Int64  `tfsdk:"page_size"`
	BareCursor        types.Bool   `tfsdk:"bare_cursor"`
	ContentType       types.String `tfsdk:"content_type"`
	UserFilters       types.List   `tfsdk:"user_filters"`
	GroupFilters      types.List   `tfsdk:"group_filters"`
	ReadMembers       types.String `tfsdk:"read_members"`
	ExcludeMembers    types.Bool   `tfsdk:"exclude_members"`
	MemberRemoval     types.String `tfsdk:"member_removal"`
	MaxMemberChanges  types.Int64  `tfsdk:"max_member_changes"`
	MemberCap         types.Int64  `tfsdk:"member_cap"`
	GroupExternalID   types.Bool   `tfsdk:"group_external_id"`
	UpdateWith        types.String `tfsdk:"update_with"`
	RetireWith        types.String `tfsdk:"retire_with"`
	PersonIDIn        types.String `tfsdk:"person_id_in"`
	Bulk              types.Bool   `tfsdk:"bulk"`
	RolePath          types.String `tfsdk:"role_path"`
	Fields            types.List   `tfsdk:"fields"`
	UserNamesFoldCase types.Bool   `tfsdk:"user_names_fold_case"`
	Lacks             types.Map    `tfsdk:"lacks"`
}

func oneOf(values ...string) []validator.String {
	return []validator.String{stringvalidator.OneOf(values...)}
}

func scimBlock() schema.Block {
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	secret := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Sensitive: true}
	}
	return atMostOne("Any application that speaks SCIM 2.0 (RFC 7643, 7644, 9865).",
		map[string]schema.Attribute{
			"base_url":        req("The address that `/Users` and `/Groups` are appended to. `https`, or `http` on a loopback host."),
			"token":           secret("Bearer token. Falls back to the environment variable `TENURE_APP_<NAME>_TOKEN`."),
			"headers":         schema.MapAttribute{MarkdownDescription: "Headers for every request.", ElementType: types.StringType, Optional: true, Sensitive: true},
			"ca_cert_pem":     opt("Certificates to trust beside the system's."),
			"client_cert_pem": opt("TLS client certificate."),
			"client_key_pem":  secret("Key of the TLS client certificate."),
			"profile":         schema.StringAttribute{MarkdownDescription: "The vendor whose habits apply: " + quoteList(scim.Profiles()) + ". Default `generic`.", Optional: true, Validators: oneOf(scim.Profiles()...)},
		},
		map[string]schema.Block{
			"basic": atMostOne("HTTP basic authentication, instead of a token.", map[string]schema.Attribute{
				"username": req("The user name."),
				"password": secret("The password. Falls back to `TENURE_APP_<NAME>_PASSWORD`."),
			}, nil),
			"oauth2": atMostOne("OAuth 2.0 client credentials (RFC 6749 section 4.4), instead of a token.", map[string]schema.Attribute{
				"token_url":     req("The token endpoint."),
				"client_id":     req("The client id."),
				"client_secret": secret("The client secret. Falls back to `TENURE_APP_<NAME>_CLIENT_SECRET`."),
				"scopes":        schema.ListAttribute{MarkdownDescription: "The scopes to ask for.", ElementType: types.StringType, Optional: true},
				"audience":      opt("The `audience` parameter, for servers that want one."),
			}, nil),
			"override": scimOverrideBlock(),
			"attribute": schema.ListNestedBlock{MarkdownDescription: "An extra account attribute by its SCIM path.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"name": req("The key in the account's `attributes`."),
				"path": req("The SCIM path: `nickName`, `name.middleName`, `addresses[type eq \"work\"].country`, or one that begins with a schema URN."),
			}}},
			"license": schema.ListNestedBlock{MarkdownDescription: "A license that the app keeps in an attribute of the account or in a group.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"product":        req("The family of mutually exclusive licenses."),
				"license":        opt("The license. Default: the product's name."),
				"path":           opt("SCIM path of the attribute that holds it, with `value`."),
				"value":          opt("The value that means this license."),
				"released_value": opt("What `path` is set to when the license is taken away. Left out: the attribute is removed."),
				"group":          opt("The group whose members hold it, instead of `path` and `value`."),
				"total":          schema.Int64Attribute{MarkdownDescription: "Seats bought, where the app does not say.", Optional: true},
			}}},
		})
}

func scimOverrideBlock() schema.Block {
	str := func(text string, values ...string) schema.StringAttribute {
		a := schema.StringAttribute{MarkdownDescription: text, Optional: true}
		if len(values) > 0 {
			a.Validators = oneOf(values...)
		}
		return a
	}
	list := func(text string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: text, ElementType: types.StringType, Optional: true}
	}
	flag := func(text string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: text, Optional: true}
	}
	num := func(text string) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: text, Optional: true}
	}
	return schema.SingleNestedBlock{
		MarkdownDescription: "Replaces single habits of the profile.",
		Attributes: map[string]schema.Attribute{
			"paging":               str("`index` (RFC 7644), `cursor` (RFC 9865) or `none`.", "index", "cursor", "none"),
			"page_size":            num("Rows to ask for at a time."),
			"bare_cursor":          flag("Send the first page's `cursor` parameter without `=`."),
			"content_type":         str("Media type of requests: `application/scim+json` or `application/json`.", "application/scim+json", "application/json"),
			"user_filters":         list("Attributes of users that the server can filter by with `eq`."),
			"group_filters":        list("Attributes of groups that the server can filter by with `eq`."),
			"read_members":         str("Where members are found: `in_list`, `per_group`, `by_user_filter` or `unavailable`.", "in_list", "per_group", "by_user_filter", "unavailable"),
			"exclude_members":      flag("Listing groups honors `excludedAttributes=members`."),
			"member_removal":       str("How members are removed: `path_filter`, `value_array` or `single_value`.", "path_filter", "value_array", "single_value"),
			"max_member_changes":   num("The most member changes in one request."),
			"member_cap":           num("How many members the server shows of a larger group, silently. 0: all."),
			"group_external_id":    flag("A new group needs an `externalId`; it gets the group's name."),
			"update_with":          str("`patch` or `put`.", "patch", "put"),
			"retire_with":          str("What deactivating sends: `deactivate` (active = false) or `delete`.", "deactivate", "delete"),
			"person_id_in":         str("Where the app remembers the person: `external_id`, `employee_number` or `none`.", "external_id", "employee_number", "none"),
			"bulk":                 flag("Send writes of accounts that wait at the same time as one `/Bulk` request where the server declares that it takes them. `false` never does. Default `true`, except in profiles of vendors known to have no bulk requests."),
			"role_path":            str("SCIM path of the account's role, or `none`."),
			"fields":               list("The account fields that the server keeps."),
			"user_names_fold_case": flag("Names that differ only in case are the same."),
			"lacks":                schema.MapAttribute{MarkdownDescription: "Capabilities that this server does not have, with the reason.", ElementType: types.StringType, Optional: true},
		},
	}
}

// config is the connector's configuration; secrets that are left out come from the environment.
func scimKind() appKind {
	return appKind{name: "scim", block: scimBlock(), open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
		var m scimModel
		if b.read(ctx, diags, &m); diags.HasError() {
			return nil, nil
		}
		return scim.Open(m.config(diags, b))
	}}
}

func (m scimModel) config(diags *diag.Diagnostics, b appBlock) scim.Config {
	name := b.name
	c := scim.Config{
		Name: name, BaseURL: m.BaseURL.ValueString(), Token: m.Token.ValueString(), Headers: textMap(m.Headers),
		CACertPEM: m.CACert.ValueString(), ClientCertPEM: m.ClientCert.ValueString(), ClientKeyPEM: m.ClientKey.ValueString(),
		Profile: m.Profile.ValueString(), MaxRequestsPerSecond: b.common.MaxRPS.ValueFloat64(), RequestTimeout: b.timeout,
		UserAgent: b.userAgent(), Logger: b.log, MaxRetries: b.maxRetries(),
	}
	switch {
	case len(m.Basic) > 0:
		c.Basic = &scim.Basic{Username: m.Basic[0].Username.ValueString(), Password: b.secret(m.Basic[0].Password, "PASSWORD")}
	case len(m.OAuth2) > 0:
		o := m.OAuth2[0]
		c.OAuth2 = &scim.OAuth2{
			TokenURL: o.TokenURL.ValueString(), ClientID: o.ClientID.ValueString(),
			ClientSecret: b.secret(o.ClientSecret, "CLIENT_SECRET"),
			Scopes:       texts(o.Scopes), Audience: o.Audience.ValueString(),
		}
	default:
		if c.Token = b.secret(m.Token, "TOKEN"); c.Token == "" && len(c.Headers) == 0 && c.ClientCertPEM == "" {
			warn(diags, "App "+name+" has no credential", "Its scim block has no token, no basic and no oauth2 block, and the environment variable "+
				envName("app", name, "TOKEN")+" is empty. Requests go out without authentication.")
		}
	}
	if m.Override != nil {
		c.Override = m.Override.dialect()
	}
	for _, a := range m.Attributes {
		c.Attributes = append(c.Attributes, scim.Attribute{Name: a.Name.ValueString(), Path: a.Path.ValueString()})
	}
	for _, l := range m.Licenses {
		lic := scim.License{Product: l.Product.ValueString(), License: l.License.ValueString(), Path: l.Path.ValueString(), Value: l.Value.ValueString(), Group: l.Group.ValueString(), ReleasedValue: l.ReleasedValue.ValueString()}
		if !l.Total.IsNull() {
			lic.Total = ptr(int(l.Total.ValueInt64()))
		}
		c.Licenses = append(c.Licenses, lic)
	}
	return c
}

func (m *scimOverrideModel) dialect() scim.Dialect {
	return scim.Dialect{
		Paging: m.Paging.ValueString(), PageSize: int(m.PageSize.ValueInt64()), BareCursor: m.BareCursor.ValueBoolPointer(),
		ContentType: m.ContentType.ValueString(), UserFilters: texts(m.UserFilters), GroupFilters: texts(m.GroupFilters),
		ReadMembers: m.ReadMembers.ValueString(), ExcludeMembers: m.ExcludeMembers.ValueBoolPointer(),
		MemberRemoval: m.MemberRemoval.ValueString(), MaxMemberChanges: int(m.MaxMemberChanges.ValueInt64()), MemberCap: int(m.MemberCap.ValueInt64()), GroupExternalID: m.GroupExternalID.ValueBoolPointer(),
		UpdateWith: m.UpdateWith.ValueString(), RetireWith: m.RetireWith.ValueString(), PersonIDIn: m.PersonIDIn.ValueString(),
		Bulk:     m.Bulk.ValueBoolPointer(),
		RolePath: m.RolePath.ValueString(), Fields: texts(m.Fields), UserNamesFoldCase: m.UserNamesFoldCase.ValueBoolPointer(),
		Lacks: textMap(m.Lacks),
	}
}

func orEnv(v types.String, block, name, argument string) string {
	if s := v.ValueString(); s != "" {
		return s
	}
	return os.Getenv(envName(block, name, argument))
}
