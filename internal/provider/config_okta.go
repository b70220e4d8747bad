package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta"
)

type oktaModel struct {
	OrgURL         types.String         `tfsdk:"org_url"`
	Token          types.String         `tfsdk:"token"`
	ClientID       types.String         `tfsdk:"client_id"`
	PrivateKey     types.String         `tfsdk:"private_key"`
	PrivateKeyID   types.String         `tfsdk:"private_key_id"`
	Scopes         types.List           `tfsdk:"scopes"`
	AppID          types.String         `tfsdk:"app_id"`
	PersonIDIn     types.String         `tfsdk:"person_id_in"`
	DeactivateWith types.String         `tfsdk:"deactivate_with"`
	SendEmail      types.Bool           `tfsdk:"send_activation_email"`
	GroupRules     types.String         `tfsdk:"group_rules"`
	RateLimitShare types.Int64          `tfsdk:"rate_limit_share"`
	Attributes     []oktaAttributeModel `tfsdk:"attribute"`
	Licenses       []oktaLicenseModel   `tfsdk:"license"`
}

type oktaAttributeModel struct {
	Name     types.String `tfsdk:"name"`
	Property types.String `tfsdk:"property"`
	Type     types.String `tfsdk:"type"`
}

type oktaLicenseModel struct {
	Product types.String `tfsdk:"product"`
	AppID   types.String `tfsdk:"app_id"`
	Total   types.Int64  `tfsdk:"total"`
}

func oktaKind() appKind {
	return appKind{name: "okta", block: oktaBlock(), open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
		var m oktaModel
		if b.read(ctx, diags, &m); diags.HasError() {
			return nil, nil
		}
		return okta.Open(m.config(b))
	}}
}

func oktaBlock() schema.Block {
	opt := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true}
	}
	req := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Required: true}
	}
	secret := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Sensitive: true}
	}
	choice := func(text string, values ...string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Validators: oneOf(values...)}
	}
	return atMostOne("An Okta organization through its management API; with `app_id`, the assignments to one of its applications.",
		map[string]schema.Attribute{
			"org_url":         req("The address of the organization, such as `https://acme.okta.com`, without `-admin` and without a path."),
			"token":           secret("API token. Falls back to the environment variable `TENURE_APP_<NAME>_TOKEN`."),
			"client_id":       opt("Client id of a service app (API Services) with public key authentication, instead of a token."),
			"private_key":     secret("The service app's private key: PEM, or a JSON Web Key. Falls back to `TENURE_APP_<NAME>_PRIVATE_KEY`."),
			"private_key_id":  opt("The key's id (`kid`), where `private_key` does not carry it."),
			"scopes":          schema.ListAttribute{MarkdownDescription: "The scopes that the service app asks for. Default: those that the configuration needs, with `read_only` those for reading.", ElementType: types.StringType, Optional: true},
			"app_id":          opt("Id of an application (`0oa...`): the accounts are then the users assigned to it. Creating one assigns the user of that name, retiring one takes the assignment away."),
			"person_id_in":    opt("The profile property that holds the person's id, or `none`. Default `employeeNumber`."),
			"deactivate_with": choice("What deactivating means. `deactivate` (default) takes the person out of all applications, also out of those that Okta provisions, and ends the password. `suspend` only keeps the person from signing in, and can be taken back without a trace.", "deactivate", "suspend"),
			"send_activation_email": schema.BoolAttribute{
				MarkdownDescription: "Let Okta write to people whose account is activated. Default `false`: nobody gets mail because a plan was applied.", Optional: true,
			},
			"group_rules": choice("`respect` (default): memberships that a group rule makes are reported as such and never removed. `ignore`: group rules are not read.", "respect", "ignore"),
			"rate_limit_share": schema.Int64Attribute{
				MarkdownDescription: "How much of Okta's rate limits to use, in percent. With less than the rest left in a minute, requests wait for the next one. Default 75.",
				Optional:            true, Validators: []validator.Int64{int64validator.Between(1, 100)},
			},
		},
		map[string]schema.Block{
			"attribute": schema.ListNestedBlock{MarkdownDescription: "An extra account attribute.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"name":     req("The key in the account's `attributes`."),
				"property": req("The property of the user's profile; with `app_id`, of the assignment's profile."),
				"type":     choice("How Okta keeps it: `string` (default), `number`, `boolean`, or `list`, written with commas.", "string", "number", "boolean", "list"),
			}}},
			"license": schema.ListNestedBlock{MarkdownDescription: "An application whose assignment counts as a license.", NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"product": req("The name of the product, and of its one license."),
				"app_id":  req("Id of the application (`0oa...`)."),
				"total":   schema.Int64Attribute{MarkdownDescription: "Seats bought; Okta does not say.", Optional: true},
			}}},
		})
}

// config is the connector's configuration; secrets that are left out come from the environment.
func (m oktaModel) config(b appBlock) okta.Config {
	c := okta.Config{
		Name: b.name, OrgURL: m.OrgURL.ValueString(), Token: m.Token.ValueString(), ClientID: m.ClientID.ValueString(), PrivateKey: m.PrivateKey.ValueString(),
		PrivateKeyID: m.PrivateKeyID.ValueString(), Scopes: texts(m.Scopes), AppID: m.AppID.ValueString(), PersonIDIn: m.PersonIDIn.ValueString(),
		DeactivateWith: m.DeactivateWith.ValueString(), SendActivationEmail: m.SendEmail.ValueBool(), GroupRules: m.GroupRules.ValueString(),
		RateLimitShare: int(m.RateLimitShare.ValueInt64()), ReadOnly: b.common.ReadOnly.ValueBool(),
		MaxRequestsPerSecond: b.common.MaxRPS.ValueFloat64(), MaxRetries: b.maxRetries(), RequestTimeout: b.timeout, UserAgent: b.userAgent(), Logger: b.log,
	}
	if c.ClientID != "" || c.PrivateKey != "" {
		c.PrivateKey = b.secret(m.PrivateKey, "PRIVATE_KEY")
	} else {
		c.Token = b.secret(m.Token, "TOKEN")
	}
	for _, a := range m.Attributes {
		c.Attributes = append(c.Attributes, okta.Attribute{Name: a.Name.ValueString(), Property: a.Property.ValueString(), Type: a.Type.ValueString()})
	}
	for _, l := range m.Licenses {
		license := okta.License{Product: l.Product.ValueString(), AppID: l.AppID.ValueString()}
		if !l.Total.IsNull() {
			license.Total = ptr(int(l.Total.ValueInt64()))
		}
		c.Licenses = append(c.Licenses, license)
	}
	return c
}
