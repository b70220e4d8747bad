package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hibob"
)

type hibobModel struct {
	apiModel
	ServiceUser types.String `tfsdk:"service_user"`
	Token       types.String `tfsdk:"token"`
}

func hibobKind() rosterKind {
	return rosterKind{
		name: "hibob",
		block: rosterAPIBlock("HiBob, by a search over all people.", map[string]schema.Attribute{
			"service_user": schema.StringAttribute{MarkdownDescription: "The id of a service user, such as `SERVICE-1234`.", Required: true},
			"token":        secretAttribute("The service user's token. It sees what the user's permission groups see.", "TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m hibobModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return hibob.Open(hibob.Config{
				Connection: m.connection(diags, b), ServiceUser: m.ServiceUser.ValueString(), Token: b.secret(m.Token, "TOKEN"), Mapping: m.mapping(b),
			})
		},
	}
}
