package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rippling"
)

type ripplingModel struct {
	apiModel
	Token types.String `tfsdk:"token"`
}

func ripplingKind() rosterKind {
	return rosterKind{
		name: "rippling",
		block: rosterAPIBlock("Rippling, by its REST API.", map[string]schema.Attribute{
			"token": secretAttribute("An API token. It sees what its scopes allow.", "TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m ripplingModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return rippling.Open(rippling.Config{Connection: m.connection(diags, b), Token: b.secret(m.Token, "TOKEN"), Mapping: m.mapping(b)})
		},
	}
}
