package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/merge"
)

type mergeModel struct {
	apiModel
	APIKey       types.String `tfsdk:"api_key"`
	AccountToken types.String `tfsdk:"account_token"`
}

func mergeKind() rosterKind {
	return rosterKind{
		name: "merge",
		block: rosterAPIBlock("Merge, one API in front of many HR systems.", map[string]schema.Attribute{
			"api_key":       secretAttribute("An access key of Merge's dashboard.", "TOKEN"),
			"account_token": secretAttribute("The token of the linked account, which is the company's HR system.", "ACCOUNT_TOKEN"),
		}),
		open: func(ctx context.Context, diags *diag.Diagnostics, b rosterBlock) (roster.Source, error) {
			var m mergeModel
			if b.read(ctx, diags, &m); diags.HasError() {
				return nil, nil
			}
			return merge.Open(merge.Config{
				Connection: m.connection(diags, b), APIKey: b.secret(m.APIKey, "TOKEN"), AccountToken: b.secret(m.AccountToken, "ACCOUNT_TOKEN"), Mapping: m.mapping(b),
			})
		},
	}
}
