package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// accountsDataSource is everybody who has an account in an app.
type accountsDataSource struct{ configuredDataSource }

type accountsModel struct {
	App      types.String `tfsdk:"app"`
	Accounts types.Map    `tfsdk:"accounts"`
}

// newAccountsDataSource makes a tenure_accounts.
func newAccountsDataSource() datasource.DataSource { return &accountsDataSource{} }

func (*accountsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_accounts"
}

// accountObject is one account in the output. Plain types, not nested attributes: those cost several
// times as much to plan at tens of thousands of accounts.
func accountObject() types.ObjectType {
	s := types.StringType
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": s, "user_name": s, "person_id": s, "email": s, "given_name": s, "family_name": s, "display_name": s, "title": s,
		"department": s, "manager": s, "role": s, "active": types.BoolType, "status": s, "last_login": s,
		"attributes": types.MapType{ElemType: s}, "protected": types.BoolType, "ignored": types.BoolType,
	}}
}

func (*accountsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All accounts of an app as they are, inactive ones included, from the same listing that the resources of the run use. The result is stored in state, people's data with it.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{MarkdownDescription: "The name of an `app` block of the provider.", Required: true},
			"accounts": schema.MapAttribute{
				MarkdownDescription: "The accounts by user name: `id`, `user_name`, `person_id`, `email`, `given_name`, `family_name`, `display_name`, `title`, `department`, `manager`, `role`, `active`, `status` (the app's own word), `last_login` (RFC 3339; null means that the app gives no signal, not \"never\"), `attributes`, and whether `protected_accounts` or `ignored_accounts` match it (`protected`, `ignored`).",
				ElementType:         accountObject(), Computed: true,
			},
		},
	}
}

func (d *accountsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m accountsModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	inv := d.data.appFor(&resp.Diagnostics, m.App, "")
	if inv == nil {
		return
	}
	if err := inv.Supports(app.ReadAccounts); err != nil {
		diagnose(&resp.Diagnostics, err, "", path.Root("app"))
		return
	}
	accounts, err := inv.Accounts(ctx)
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "list", "the accounts"), "")
		return
	}
	names := make(map[string]string)
	if inv.Info().ManagerIsID {
		for _, a := range accounts {
			names[a.ID] = a.UserName
		}
	}
	elems := make(map[string]attr.Value, len(accounts))
	for _, a := range accounts {
		if name := names[a.Manager]; name != "" {
			a.Manager = name
		}
		elems[a.Label()] = accountValue(inv, a)
	}
	m.Accounts = types.MapValueMust(accountObject(), elems)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func accountValue(inv *inventory.App, a access.Account) attr.Value {
	attrs := make(map[string]attr.Value, len(a.Attributes))
	for k, v := range a.Attributes {
		attrs[k] = types.StringValue(v)
	}
	values := map[string]attr.Value{
		"id": text(a.ID), "active": types.BoolValue(a.Active), "status": text(a.Status), "last_login": instant(a.LastLogin),
		"attributes": types.MapValueMust(types.StringType, attrs),
		"protected":  types.BoolValue(inv.IsProtected(a.UserName)), "ignored": types.BoolValue(inv.IsIgnored(a.UserName)),
	}
	for _, f := range access.Fields() {
		values[string(f)] = text(a.Get(f))
	}
	return types.ObjectValueMust(accountObject().AttrTypes, values)
}

// instant is RFC 3339 in UTC; no instant is null.
func instant(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
