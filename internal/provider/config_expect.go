package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// expectModel is what a roster block says about a reading before anything is computed from it. It is the same
// for every kind of roster.
type expectModel struct {
	MinPeople types.Int64 `tfsdk:"min_people"`
	MinFilled types.Map   `tfsdk:"min_filled"`
	Columns   types.List  `tfsdk:"columns"`
}

func expectAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"min_people": schema.Int64Attribute{
			MarkdownDescription: "The fewest people who are employed (any status but terminated or never started). With fewer, planning stops before anything is computed: the roster may be cut short, or another company's.",
			Optional:            true, Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"min_filled": schema.MapAttribute{
			MarkdownDescription: "The percentage of those people who must have a value, by field or by a name in `custom`: `{ work_email = 98, department = 95 }`. Below it planning stops. A field for which there is no column has no values.",
			ElementType:         types.Int64Type, Optional: true,
			Validators: []validator.Map{mapvalidator.ValueInt64sAre(int64validator.Between(1, 100))},
		},
		"columns": schema.ListAttribute{
			MarkdownDescription: "The header that the source must have, in any order and case (in JSON: the dotted paths that its records use). A column that is missing or new stops planning, by name.",
			ElementType:         types.StringType, Optional: true,
			Validators: []validator.List{listvalidator.SizeAtLeast(1)},
		},
	}
}

func (m expectModel) expect() roster.Expect {
	e := roster.Expect{MinPeople: int(m.MinPeople.ValueInt64()), Columns: texts(m.Columns)}
	for field, v := range m.MinFilled.Elements() {
		if n, ok := v.(types.Int64); ok {
			if e.MinFilled == nil {
				e.MinFilled = make(map[string]int)
			}
			e.MinFilled[field] = int(n.ValueInt64())
		}
	}
	return e
}
