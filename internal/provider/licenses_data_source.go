package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// licensesDataSource is the license pools of an app.
type licensesDataSource struct{ configuredDataSource }

type licensesModel struct {
	App      types.String `tfsdk:"app"`
	Licenses types.Map    `tfsdk:"licenses"`
}

// newLicensesDataSource makes a tenure_licenses.
func newLicensesDataSource() datasource.DataSource { return &licensesDataSource{} }

func (*licensesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_licenses"
}

func poolObject() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"total": types.Int64Type, "used": types.Int64Type, "available": types.Int64Type,
		"unit_price": types.Float64Type, "currency": types.StringType, "monthly_cost": types.Float64Type, "idle_cost": types.Float64Type,
	}}
}

func (*licensesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The license pools of an app.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{MarkdownDescription: "The name of an `app` block of the provider.", Required: true},
			"licenses": schema.MapAttribute{
				MarkdownDescription: "By product and license: seats in `total`, `used` and `available`, null where the app does not say; and where a `license_price` block of the app names a price, `unit_price` and `currency` of a seat in a month, `monthly_cost` (of those used) and `idle_cost` (of those available).",
				ElementType:         types.MapType{ElemType: poolObject()}, Computed: true,
			},
		},
	}
}

func (d *licensesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m licensesModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	inv := d.data.appFor(&resp.Diagnostics, m.App, "")
	if inv == nil {
		return
	}
	if err := inv.Supports(app.ReadLicenses); err != nil {
		diagnose(&resp.Diagnostics, err, "", path.Root("app"))
		return
	}
	pools, err := inv.Pools(ctx)
	if err != nil {
		diagnose(&resp.Diagnostics, wrap(err, inv.Name(), "list", "the licenses"), "")
		return
	}
	prices := d.data.apps[inv.Name()].review.prices
	products := make(map[string]map[string]attr.Value)
	for _, p := range pools {
		if products[p.Product] == nil {
			products[p.Product] = make(map[string]attr.Value)
		}
		available := types.Int64Null()
		if p.Total >= 0 && p.Used >= 0 {
			available = types.Int64Value(int64(p.Total - p.Used))
		}
		pool := map[string]attr.Value{"total": count(p.Total), "used": count(p.Used), "available": available}
		maps.Copy(pool, costs(prices, p))
		products[p.Product][p.License] = types.ObjectValueMust(poolObject().AttrTypes, pool)
	}
	elems := make(map[string]attr.Value, len(products))
	for product, licenses := range products {
		elems[product] = types.MapValueMust(poolObject(), licenses)
	}
	m.Licenses = types.MapValueMust(types.MapType{ElemType: poolObject()}, elems)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// costs are what the seats of a pool cost in a month; null where no price is configured or the app does not say how
// many seats there are.
func costs(prices []review.Price, p access.Pool) map[string]attr.Value {
	out := map[string]attr.Value{
		"unit_price": types.Float64Null(), "currency": types.StringNull(), "monthly_cost": types.Float64Null(), "idle_cost": types.Float64Null(),
	}
	price, ok := review.PriceOf(prices, p.Product, p.License)
	if !ok {
		return out
	}
	out["unit_price"], out["currency"] = types.Float64Value(price.Monthly), types.StringValue(price.Currency)
	if p.Used >= 0 {
		out["monthly_cost"] = types.Float64Value(price.Monthly * float64(p.Used))
	}
	if p.Total >= 0 && p.Used >= 0 {
		out["idle_cost"] = types.Float64Value(price.Monthly * float64(max(p.Total-p.Used, 0)))
	}
	return out
}

// count is a number of seats; -1 is null, "not told".
func count(n int) types.Int64 {
	if n < 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n))
}
