package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace"
)

type googleModel struct {
	CustomerID      types.String         `tfsdk:"customer_id"`
	AdminEmail      types.String         `tfsdk:"admin_email"`
	Credentials     types.String         `tfsdk:"credentials"`
	ServiceAccount  types.String         `tfsdk:"service_account"`
	AccessToken     types.String         `tfsdk:"access_token"`
	Scopes          types.List           `tfsdk:"scopes"`
	Endpoint        types.String         `tfsdk:"endpoint"`
	RetireWith      types.String         `tfsdk:"retire_with"`
	DeletedAccounts types.String         `tfsdk:"deleted_accounts"`
	GroupDomain     types.String         `tfsdk:"group_domain"`
	DynamicGroups   types.List           `tfsdk:"dynamic_groups"`
	Licenses        []googleLicenseModel `tfsdk:"license"`
}

type googleLicenseModel struct {
	Product types.String `tfsdk:"product"`
	License types.String `tfsdk:"license"`
	Seats   types.Int64  `tfsdk:"seats"`
}

func googleKind() appKind {
	return appKind{name: "google_workspace", block: googleBlock(), open: func(ctx context.Context, diags *diag.Diagnostics, b appBlock) (app.App, error) {
		var m googleModel
		if b.read(ctx, diags, &m); diags.HasError() {
			return nil, nil
		}
		return googleworkspace.Open(m.config(b))
	}}
}

func googleBlock() schema.Block {
	opt := func(text string, values ...string) schema.StringAttribute {
		a := schema.StringAttribute{MarkdownDescription: text, Optional: true}
		if len(values) > 0 {
			a.Validators = oneOf(values...)
		}
		return a
	}
	list := func(text string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: text, ElementType: types.StringType, Optional: true}
	}
	secret := func(text string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: text, Optional: true, Sensitive: true}
	}
	return atMostOne("Google Workspace or Cloud Identity: accounts, groups and roles by the Directory API, licenses by the Enterprise License Manager API. The guide *Google Workspace* says what to grant.",
		map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{MarkdownDescription: "The customer's id, such as `C03az79cb` (Admin console, Account settings). It is pinned in state, so `my_customer` is refused.", Required: true},
			"admin_email": opt("The administrator on whose behalf the service account acts (domain-wide delegation). This account is protected by itself. Left out: the service account acts for itself and has an administrator role of its own."),
			"credentials": secret("A service account key or the configuration of a workload identity, in JSON, or the path of a file with it. Falls back to `TENURE_APP_<NAME>_CREDENTIALS`, then `GOOGLE_CREDENTIALS`."),
			"service_account": opt("E-mail address of a service account that `credentials` may sign for without its key (`roles/iam.serviceAccountTokenCreator`). " +
				"With no `credentials`, the application default credentials of the machine sign."),
			"access_token":     secret("An access token from elsewhere, instead of all of the above. Falls back to `TENURE_APP_<NAME>_TOKEN`."),
			"scopes":           list("The OAuth scopes to ask for. Default: the least that do the work, read-only ones when the app is `read_only`. Google refuses all when one of them is not delegated."),
			"endpoint":         opt("Another address than Google's: a broker or a test on this machine. Goes with `access_token`."),
			"retire_with":      opt("How accounts are deactivated: `suspend` (default), or `archive`, which takes an Archived User license and frees the other one.", "suspend", "archive"),
			"deleted_accounts": opt("`restore` (default): whoever returns within 20 days after a deletion gets the old account back, if its `person_id` is the same; an address of unknown owner is an error. `ignore`: a new account is made.", "restore", "ignore"),
			"group_domain":     opt("The domain of groups that are named without one: with `acme.com`, the group `engineering@acme.com` is called `engineering`, and only that."),
			"dynamic_groups":   list("Groups that a query fills: they are read and never written. The Directory API does not tell which those are."),
		},
		map[string]schema.Block{
			"license": schema.ListNestedBlock{
				MarkdownDescription: "A product whose licenses are managed, and with `license` one pool of it.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"product": schema.StringAttribute{MarkdownDescription: "Google's name or id of the product: `Google Workspace`, or `Google-Apps`.", Required: true},
					"license": opt("Google's name or id of one of its licenses (SKU): `Google Workspace Business Plus`, or `1010020025`."),
					"seats": schema.Int64Attribute{
						MarkdownDescription: "How many of this license were bought: Google does not say.", Optional: true, Validators: []validator.Int64{int64validator.AtLeast(0)},
					},
				}},
			},
		})
}

// config is the connector's configuration; secrets that are left out come from the environment.
func (m googleModel) config(b appBlock) googleworkspace.Config {
	c := googleworkspace.Config{
		Name: b.name, CustomerID: m.CustomerID.ValueString(), AdminEmail: m.AdminEmail.ValueString(), ServiceAccount: m.ServiceAccount.ValueString(),
		AccessToken: b.secret(m.AccessToken, "TOKEN"), Scopes: texts(m.Scopes), Endpoint: m.Endpoint.ValueString(), ReadOnly: b.common.ReadOnly.ValueBool(),
		RetireWith: m.RetireWith.ValueString(), DeletedAccounts: m.DeletedAccounts.ValueString(), GroupDomain: m.GroupDomain.ValueString(), DynamicGroups: texts(m.DynamicGroups),
		MaxRequestsPerSecond: b.common.MaxRPS.ValueFloat64(), RequestTimeout: b.timeout, UserAgent: b.userAgent(), Logger: b.log, MaxRetries: b.maxRetries(),
	}
	if c.AccessToken == "" {
		c.Credentials = b.secret(m.Credentials, "CREDENTIALS")
		if c.Credentials == "" && c.ServiceAccount == "" {
			c.Credentials = os.Getenv("GOOGLE_CREDENTIALS")
		}
	}
	for _, l := range m.Licenses {
		license := googleworkspace.License{Product: l.Product.ValueString(), License: l.License.ValueString()}
		if !l.Seats.IsNull() {
			license.Seats = ptr(int(l.Seats.ValueInt64()))
		}
		c.Licenses = append(c.Licenses, license)
	}
	return c
}
