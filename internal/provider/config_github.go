package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github"
)

type githubModel struct {
	Organization   types.String `tfsdk:"organization"`
	BaseURL        types.String `tfsdk:"base_url"`
	Token          types.String `tfsdk:"token"`
	AppID          types.Int64  `tfsdk:"app_id"`
	InstallationID types.Int64  `tfsdk:"installation_id"`
	PrivateKey     types.String `tfsdk:"private_key"`
	Invitations    types.Bool   `tfsdk:"invitations"`
	InviteByEmail  types.Bool   `tfsdk:"invite_by_email"`
	TeamNames      types.String `tfsdk:"team_names"`
	Copilot        types.Bool   `tfsdk:"copilot"`
}

func githubKind() appKind {
	return appKind{name: "github", block: githubBlock(), open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
		var m githubModel
		if b.read(ctx, diags, &m); diags.HasError() {
			return nil, nil
		}
		o, err := github.Open(m.config(b))
		if err != nil {
			return nil, err
		}
		return o, nil
	}}
}

func githubBlock() schema.Block {
	positive := []validator.Int64{int64validator.AtLeast(1)}
	return atMostOne("An organization on GitHub: members and invitations, teams, and Copilot's seats.", map[string]schema.Attribute{
		"organization": schema.StringAttribute{MarkdownDescription: "The organization's name, as in `https://github.com/NAME`.", Required: true},
		"base_url": schema.StringAttribute{
			MarkdownDescription: "The address of the API. Default `https://api.github.com`; `https://HOST/api/v3` for GitHub Enterprise Server, `https://api.SUBDOMAIN.ghe.com` with data residency.", Optional: true,
		},
		"token": schema.StringAttribute{
			MarkdownDescription: "A personal access token, fine-grained or classic. Falls back to the environment variable `TENURE_APP_<NAME>_TOKEN`.", Optional: true, Sensitive: true,
		},
		"app_id": schema.Int64Attribute{MarkdownDescription: "The id of a GitHub App that is installed in the organization, instead of a token.", Optional: true, Validators: positive},
		"installation_id": schema.Int64Attribute{
			MarkdownDescription: "The app's installation: the number at the end of the address of its settings in the organization.", Optional: true, Validators: positive,
		},
		"private_key": schema.StringAttribute{MarkdownDescription: "The app's private key, PEM. Falls back to `TENURE_APP_<NAME>_PRIVATE_KEY`.", Optional: true, Sensitive: true},
		"invitations": schema.BoolAttribute{
			MarkdownDescription: "Whether people are invited before they are members. Default `true`, and `false` with a `base_url` that ends in `/api/v3`: GitHub Enterprise Server has no invitations. Set it to `false` in an enterprise with managed users as well.",
			Optional:            true,
		},
		"invite_by_email": schema.BoolAttribute{
			MarkdownDescription: "Invite people for whom no login is known, whose user name is an e-mail address then, by that address. Default `false`: they are an error that names them, so that nobody gets mail because a login was forgotten.",
			Optional:            true,
		},
		"team_names": schema.StringAttribute{MarkdownDescription: "What a team is called in configuration: its `name` (default), or its `slug`, as in `@acme/core-team`.", Optional: true, Validators: oneOf("name", "slug")},
		"copilot": schema.BoolAttribute{
			MarkdownDescription: "Make Copilot's seats licenses of the product and license `Copilot`. Default `false`, because it takes a permission of its own.", Optional: true,
		},
	}, nil)
}

// config is the connector's configuration; secrets that are left out come from the environment.
func (m githubModel) config(b appBlock) github.Config {
	c := github.Config{
		Name: b.name, Organization: m.Organization.ValueString(), BaseURL: m.BaseURL.ValueString(), Token: m.Token.ValueString(),
		AppID: m.AppID.ValueInt64(), InstallationID: m.InstallationID.ValueInt64(), PrivateKey: m.PrivateKey.ValueString(),
		InviteByEmail: m.InviteByEmail.ValueBool(), TeamNames: m.TeamNames.ValueString(), Copilot: m.Copilot.ValueBool(),
		MaxRequestsPerSecond: b.common.MaxRPS.ValueFloat64(), MaxRetries: b.maxRetries(), RequestTimeout: b.timeout, UserAgent: b.userAgent(), Logger: b.log,
	}
	if !m.Invitations.IsNull() {
		c.Invitations = ptr(m.Invitations.ValueBool())
	}
	if c.AppID != 0 || c.InstallationID != 0 || c.PrivateKey != "" {
		c.PrivateKey = b.secret(m.PrivateKey, "PRIVATE_KEY")
	} else {
		c.Token = b.secret(m.Token, "TOKEN")
	}
	return c
}
