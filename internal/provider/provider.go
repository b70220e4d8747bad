// Package provider is the Terraform surface of Tenure and nothing else: schemas, plans, state and words.
// What they mean lives in the packages below it.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ provider.Provider = (*tenureProvider)(nil)

type tenureProvider struct {
	version string
	data    *Data // what Configure made, for the resources that this framework does not serve
}

// New makes the provider for a version, for example "0.1.0" or "dev".
func New(version string) provider.Provider { return &tenureProvider{version: version} }

func (p *tenureProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "tenure", p.version
}

// providerModel is the provider block. Its app and roster blocks stay objects until every value in them is known.
type providerModel struct {
	Apps     types.List   `tfsdk:"app"`
	Rosters  types.List   `tfsdk:"roster"`
	TimeZone types.String `tfsdk:"time_zone"`
	AsOf     types.String `tfsdk:"as_of"`

	Safeguard *safeguardModel `tfsdk:"safeguard"`
	AuditLog  []auditLogModel `tfsdk:"audit_log"`
}

func (*tenureProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Declarative access lifecycle: HR rosters say who works here, the configuration says what each person holds, and the plan shows every account, license and membership that will be granted, changed or taken away.",
		Attributes: map[string]schema.Attribute{
			"time_zone": schema.StringAttribute{
				MarkdownDescription: "IANA zone of calendar dates for people whose roster names none, for example `Europe/Madrid`. Default `UTC`.",
				Optional:            true,
			},
			"as_of": schema.StringAttribute{
				MarkdownDescription: "Plan as if it were then: a date (12:00 in `time_zone`) or an RFC 3339 instant. Never writes: while it is more than an hour from now, every write to an app other than `local` is refused. Falls back to the environment variable `TENURE_AS_OF`.",
				Optional:            true,
			},
		},
		Blocks: map[string]schema.Block{
			"safeguard": safeguardBlock(),
			"audit_log": auditLogBlock(),
			"app":       schema.ListNestedBlock{MarkdownDescription: "One application tenant.", NestedObject: schema.NestedBlockObject{Attributes: appAttributes(), Blocks: appBlocks()}},
			"roster":    schema.ListNestedBlock{MarkdownDescription: "One source of people.", NestedObject: schema.NestedBlockObject{Attributes: rosterAttributes(), Blocks: rosterBlocks()}},
		},
	}
}

func (p *tenureProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	data := newData(ctx, &resp.Diagnostics, m, p.version)
	if resp.Diagnostics.HasError() {
		return
	}
	p.data = data
	resp.ResourceData, resp.DataSourceData = data, data
}

func (*tenureProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newAccountResource, newGroupResource, newMembershipResource, newAssignmentResource, newCutoffResource}
}

func (*tenureProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newEntitlementsDataSource, newRosterDataSource, newAccountsDataSource, newGroupsDataSource, newGroupDataSource, newLicensesDataSource,
		newFindingsDataSource,
	}
}
