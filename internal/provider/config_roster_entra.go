package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
)

type entraRosterModel struct {
	mappingModel
	pacingModel
	entraAuthModel
	Filter   types.String `tfsdk:"filter"`
	Guests   types.Bool   `tfsdk:"guests"`
	DateZone types.String `tfsdk:"date_zone"`
}

func entraRosterKind() rosterKind {
	own := entraAuthAttributes("ROSTER", map[string]schema.Attribute{
		"filter":    schema.StringAttribute{MarkdownDescription: "Which users are people, as `$filter` of Microsoft Graph: `employeeType eq 'Employee'`. Left out: all of them.", Optional: true},
		"guests":    schema.BoolAttribute{MarkdownDescription: "Read guest users too, who belong to other companies.", Optional: true},
		"date_zone": schema.StringAttribute{MarkdownDescription: "IANA zone in which `employeeHireDate` and `employeeLeaveDateTime` were written as local midnights. Left out: the day is the one that is written, in UTC.", Optional: true},
	})
	return rosterKind{
		name:  "entra_id",
		block: rosterKindBlock("Microsoft Entra ID as a roster, by Microsoft Graph. See the guide about rosters for the permissions to grant.", pacingAttributes(own)),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m entraRosterModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			var zone *time.Location
			if name := m.DateZone.ValueString(); name != "" {
				var err error
				if zone, err = time.LoadLocation(name); err != nil || name == "Local" {
					refuse(diags, b.at.AtName("date_zone"), "Not a time zone", "date_zone is "+name+"; write an IANA name such as Europe/Madrid.")
				}
			}
			c := entraid.Config{
				Name: b.name, TenantID: firstSet(m.TenantID, "ARM_TENANT_ID", "AZURE_TENANT_ID"), Endpoint: m.Endpoint.ValueString(), Cloud: firstSet(m.Cloud, "ARM_ENVIRONMENT"),
				Auth: m.auth(diags, entraSecrets{b.secret, b.at}), MaxRequestsPerSecond: m.MaxRPS.ValueFloat64(), RequestTimeout: duration(diags, m.Timeout, b.at.AtName("request_timeout")),
				UserAgent: "terraform-provider-tenure/" + b.version, Logger: b.log,
			}
			if diags.HasError() {
				return nil, nil
			}
			tenant, err := entraid.Open(c)
			return idpSource(b, "entra_id", m.mappingModel, err, idp.OpenEntraID, func() idp.Config {
				return idp.Config{
					Name: b.name, Guests: m.Guests.ValueBool(), DateZone: zone, Mapping: m.mapping(b),
					Users: func(ctx context.Context, properties []string, page func([]json.RawMessage, int) error) error {
						return tenant.RawUsers(ctx, properties, m.Filter.ValueString(), page)
					},
				}
			})
		},
	}
}
