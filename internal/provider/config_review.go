package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// reviewModel is the part of an app block that only reviews and reports need.
type reviewModel struct {
	Owner            types.String        `tfsdk:"owner"`
	PrivilegedGroups types.List          `tfsdk:"privileged_groups"`
	PrivilegedRoles  types.List          `tfsdk:"privileged_roles"`
	Prices           []licensePriceModel `tfsdk:"license_price"`
}

type licensePriceModel struct {
	Product  types.String  `tfsdk:"product"`
	License  types.String  `tfsdk:"license"`
	Monthly  types.Float64 `tfsdk:"monthly"`
	Currency types.String  `tfsdk:"currency"`
}

// reviewRules is what an app block says about privileges, costs and who answers for the app.
type reviewRules struct {
	owner                             string
	privilegedGroups, privilegedRoles []string
	prices                            []review.Price
}

// reviewAttributes adds to the attributes of an app block.
func reviewAttributes(attrs map[string]schema.Attribute) map[string]schema.Attribute {
	attrs["owner"] = schema.StringAttribute{MarkdownDescription: "Who answers for the app, such as a team or an address. Findings and reports name it; nothing is decided by it.", Optional: true}
	attrs["privileged_groups"] = schema.ListAttribute{
		MarkdownDescription: "Names, ids or globs such as `*-admins` of groups whose members have privileges: a membership that no rule or exception gives is the finding `privileged_without_rule`, and every finding about a member weighs more.",
		ElementType:         types.StringType, Optional: true,
	}
	attrs["privileged_roles"] = schema.ListAttribute{
		MarkdownDescription: "Names or globs of account roles that carry privileges, as `privileged_groups`.",
		ElementType:         types.StringType, Optional: true,
	}
	return attrs
}

func licensePriceBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "What a seat costs, for `tenure_licenses`, findings and reports. Repeat it for each license. Write constants: a report reads them from the plan file.",
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"product":  schema.StringAttribute{MarkdownDescription: "The product.", Required: true},
			"license":  schema.StringAttribute{MarkdownDescription: "The license of the product. Left out: every license of it that has no price of its own.", Optional: true},
			"monthly":  schema.Float64Attribute{MarkdownDescription: "The price of one seat for one month.", Required: true, Validators: []validator.Float64{float64validator.AtLeast(0)}},
			"currency": schema.StringAttribute{MarkdownDescription: "The currency, as ISO 4217 writes it: `EUR`. Amounts of different currencies are never added.", Required: true},
		}},
	}
}

// rules reads what the block says. Everything wrong with it is reported.
func (m *reviewModel) rules(diags *diag.Diagnostics, at path.Path) reviewRules {
	r := reviewRules{owner: m.Owner.ValueString(), privilegedGroups: texts(m.PrivilegedGroups), privilegedRoles: texts(m.PrivilegedRoles)}
	for _, v := range []struct {
		list []string
		name string
	}{{r.privilegedGroups, "privileged_groups"}, {r.privilegedRoles, "privileged_roles"}} {
		for i, pattern := range v.list {
			diagnose(diags, inventory.CheckPattern(pattern), "", at.AtName(v.name).AtListIndex(i))
		}
	}
	for i, p := range m.Prices {
		price := review.Price{Product: p.Product.ValueString(), License: p.License.ValueString(), Monthly: p.Monthly.ValueFloat64(), Currency: p.Currency.ValueString()}
		for _, before := range r.prices {
			if before.Product == price.Product && before.License == price.License {
				refuse(diags, at.AtName("license_price").AtListIndex(i), "Two prices for "+quoted(price.Product+"/"+price.License), "Keep one license_price block for each product and license.")
			}
		}
		r.prices = append(r.prices, price)
	}
	return r
}
