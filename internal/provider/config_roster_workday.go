package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/workday"
)

type workdayModel struct {
	apiModel
	ReportURL    types.String `tfsdk:"report_url"`
	UserName     types.String `tfsdk:"user_name"`
	Password     types.String `tfsdk:"password"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	RefreshToken types.String `tfsdk:"refresh_token"`
	OnLeave      types.String `tfsdk:"on_leave"`
}

func workdayKind() rosterKind {
	return rosterKind{
		name: "workday",
		block: rosterAPIBlock("Workday, by a custom report that is enabled as a web service. Its columns have whatever names the report gives them, so `field_map` has to name "+
			"at least `source_id`, `status` and `start_date`.", map[string]schema.Attribute{
			"report_url":    schema.StringAttribute{MarkdownDescription: "The report's address as Workday shows it under *View URLs*, prompts included: `https://HOST/ccx/service/customreport2/TENANT/OWNER/REPORT`.", Required: true},
			"user_name":     schema.StringAttribute{MarkdownDescription: "An integration system user, with `password`; or `client_id`, `client_secret` and `refresh_token`.", Optional: true},
			"password":      secretAttribute("Its password.", "PASSWORD"),
			"client_id":     schema.StringAttribute{MarkdownDescription: "An API client for integrations.", Optional: true},
			"client_secret": secretAttribute("Its secret.", "CLIENT_SECRET"),
			"refresh_token": secretAttribute("Its refresh token, made for the user who owns the report.", "TOKEN"),
			"on_leave":      schema.StringAttribute{MarkdownDescription: "The column that says `1` for people on leave. Left out: leave is not known.", Optional: true},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m workdayModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			c := workday.Config{
				Connection: m.connection(diags, b), ReportURL: m.ReportURL.ValueString(), UserName: m.UserName.ValueString(), ClientID: m.ClientID.ValueString(),
				OnLeave: m.OnLeave.ValueString(), Mapping: m.mapping(b),
			}
			// what stands in for a secret counts for the way in that the block chooses
			if c.UserName != "" || !m.Password.IsNull() {
				c.Password = b.secret(m.Password, "PASSWORD")
			}
			if c.ClientID != "" || !m.ClientSecret.IsNull() || !m.RefreshToken.IsNull() {
				c.ClientSecret, c.RefreshToken = b.secret(m.ClientSecret, "CLIENT_SECRET"), b.secret(m.RefreshToken, "TOKEN")
			}
			return workday.Open(c)
		},
	}
}
