package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// keep plans an optional and computed argument as: configured, else what state holds, else null. Never
// unknown, so that a change of one field shows that field alone, and null goes on meaning "unmanaged".
type keep struct{}

func (keep) Description(context.Context) string {
	return "Left out of the configuration, the value stays as it is."
}
func (k keep) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (keep) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.ConfigValue.IsNull() {
		resp.PlanValue = req.StateValue
	}
}

func (keep) PlanModifyBool(_ context.Context, req planmodifier.BoolRequest, resp *planmodifier.BoolResponse) {
	if req.ConfigValue.IsNull() {
		resp.PlanValue = req.StateValue
	}
}

func (keep) PlanModifyMap(ctx context.Context, req planmodifier.MapRequest, resp *planmodifier.MapResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	if resp.PlanValue = req.StateValue; req.StateValue.IsUnknown() {
		resp.PlanValue = types.MapNull(req.StateValue.ElementType(ctx))
	}
}
