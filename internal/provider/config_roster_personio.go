package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/personio"
)

type personioModel struct {
	apiModel
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	API          types.String `tfsdk:"api"`
}

func personioKind() rosterKind {
	return rosterKind{
		name: "personio",
		block: rosterAPIBlock("Personio, by its API v2 (people, and the employments of each) or v1.", map[string]schema.Attribute{
			"client_id":     schema.StringAttribute{MarkdownDescription: "Client id of an API credential.", Required: true},
			"client_secret": secretAttribute("Its secret. The credential sees the attributes that are ticked for it.", "TOKEN"),
			"api":           schema.StringAttribute{MarkdownDescription: "`v2` (default), with a request per person, or `v1`, with one per hundred people, only the attributes that are needed, and a total: the choice for large companies.", Optional: true, Validators: oneOf("v1", "v2")},
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m personioModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return personio.Open(personio.Config{
				Connection: m.connection(diags, b), ClientID: m.ClientID.ValueString(), ClientSecret: b.secret(m.ClientSecret, "TOKEN"), API: m.API.ValueString(), Mapping: m.mapping(b),
			})
		},
	}
}
