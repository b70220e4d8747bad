package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
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

// Read decodes what a rawServer would pass on as it is.
func (d *accountsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if state := d.data.accounts(ctx, &resp.Diagnostics, req.Config); state != nil {
		raw, err := state.Unmarshal(req.Config.Raw.Type())
		diagnose(&resp.Diagnostics, err, "")
		resp.State.Raw = raw
	}
}

// accounts is the state of a tenure_accounts. It is written as the message that Terraform receives, because nothing
// else about an account is as small.
func (d *Data) accounts(ctx context.Context, diags *diag.Diagnostics, config tfsdk.Config) *tfprotov6.DynamicValue {
	var m accountsModel
	if diags.Append(config.Get(ctx, &m)...); diags.HasError() {
		return nil
	}
	inv := d.appFor(diags, m.App, "")
	if inv == nil {
		return nil
	}
	if err := inv.Supports(app.ReadAccounts); err != nil {
		diagnose(diags, err, "", path.Root("app"))
		return nil
	}
	accounts, err := inv.Accounts(ctx)
	if err != nil {
		diagnose(diags, wrap(err, inv.Name(), "list", "the accounts"), "")
		return nil
	}
	names := make(map[string]string)
	if inv.Info().ManagerIsID {
		for _, a := range accounts {
			names[a.ID] = a.UserName
		}
	}
	last := make(map[string]int, len(accounts)) // of several with one name the last counts
	for i, a := range accounts {
		last[a.Label()] = i
	}
	w := newMessage(len(accounts) * bytesPerAccount)
	w.object(2)
	w.field("app", m.App.ValueString())
	w.key("accounts")
	w.object(len(last))
	for i, a := range accounts {
		if last[a.Label()] != i {
			continue
		}
		if name := names[a.Manager]; name != "" {
			a.Manager = name
		}
		w.key(a.Label())
		w.account(inv, a)
	}
	if n := w.buf.Len(); n > maxMessage {
		diagnose(diags, &fault.Error{
			Kind: fault.Unsupported, System: inv.Name(), Op: "list", Subject: "the accounts",
			Cause: fmt.Sprintf("%d accounts take %d MiB, and Terraform takes at most %d MiB from a provider", len(last), n>>20, maxMessage>>20),
			Next:  "Manage them with tenure_app_access, which lists what is in no configuration.",
		}, "")
		return nil
	}
	state, err := w.value()
	diagnose(diags, err, "")
	return state
}

// bytesPerAccount is what an account usually takes in a message.
const bytesPerAccount = 480

func (w *message) account(inv *inventory.App, a access.Account) {
	w.object(len(access.Fields()) + 7)
	for _, f := range access.Fields() {
		w.field(string(f), a.Get(f))
	}
	w.field("id", a.ID)
	w.flag("active", a.Active)
	w.field("status", a.Status)
	w.field("last_login", instant(a.LastLogin).ValueString())
	w.flag("protected", inv.IsProtected(a.UserName))
	w.flag("ignored", inv.IsIgnored(a.UserName))
	w.key("attributes")
	w.object(len(a.Attributes))
	for _, k := range sortedKeys(a.Attributes) {
		w.key(k)
		w.text(a.Attributes[k])
	}
}

// instant is RFC 3339 in UTC; no instant is null.
func instant(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
