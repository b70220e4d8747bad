package provider

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// A plan made under as_of shows another day, and its apply may run without: TENURE_AS_OF is not saved with a plan.
// Writes are refused while as_of is set (see readClock); what follows refuses them afterwards. Read, whose private
// state a saved plan keeps, notes the day. What is only to be made was never read, so its plan carries a known value
// where an apply has none yet, and Terraform itself refuses to apply a plan that comes out otherwise.

// previewFor is previewOf for the name of an app, which may not be known yet.
func (d *Data) previewFor(name types.String) string {
	inv, err := d.app(name.ValueString())
	if err != nil || inv == nil {
		return ""
	}
	return d.previewOf(inv)
}

// asOfKey is where single resources keep the day of a preview.
const asOfKey = "as_of"

// previewOf is the day that a plan for the app is made for, or "" when the plan may be applied.
func (d *Data) previewOf(inv *inventory.App) string {
	if !inv.Previews() {
		return ""
	}
	return d.clock.Now().UTC().Format(time.RFC3339)
}

// notePreview keeps in private state for which day an app was read, or that it was for today.
func (d *Data) notePreview(ctx context.Context, diags *diag.Diagnostics, w privateWriter, inv *inventory.App) {
	diags.Append(w.SetKey(ctx, asOfKey, []byte(strconv.Quote(d.previewOf(inv))))...)
}

// refusesPreview reports whether what is to be carried out was planned for another day, having said so.
func (d *Data) refusesPreview(ctx context.Context, diags *diag.Diagnostics, r privateReader, inv *inventory.App, what string) bool {
	raw, ds := r.GetKey(ctx, asOfKey)
	diags.Append(ds...)
	day, err := strconv.Unquote(string(raw))
	return err == nil && d.refusePreviewOf(diags, inv, day, what)
}

// refusePreviewOf is refusesPreview for a day.
func (d *Data) refusePreviewOf(diags *diag.Diagnostics, inv *inventory.App, day, what string) bool {
	if day == "" || inv.Previews() {
		return false // a preview that is still one refuses its writes by itself
	}
	diagnose(diags, &fault.Error{
		Kind: fault.Protected, System: inv.Name(), Op: "apply the plan for", Subject: what,
		Cause: "the plan was made as if it were " + day + " (as_of, or TENURE_AS_OF), and a preview is never applied",
		Next:  "Plan again without as_of, and apply that plan.",
	}, nothingSent)
	return true
}

// previewValue stands in a preview for a value that only an apply would know.
func previewValue(day string) types.String {
	return types.StringValue("preview of " + day + ", cannot be applied")
}

// explainPreview puts into the explanations of a plan that it is a preview. The words are in the key, because that is
// what Terraform shows of an element which an apply does not plan again.
func explainPreview(s *converge.State, day string) {
	s.Explanations[converge.Subject{Kind: access.GrantAccount, Who: "(a preview of " + day + " under as_of, which cannot be applied; plan again without)"}] = converge.Explanation{
		Change: "preview", Why: fmt.Sprintf("planned as if it were %s (as_of); this plan cannot be applied", day),
	}
}

// noteEndPreview is notePreview for a plan to remove.
func (d *Data) noteEndPreview(ctx context.Context, diags *diag.Diagnostics, w privateWriter, app, tenant types.String) {
	if inv, err := d.forState(app, tenant); err == nil && inv != nil {
		d.notePreview(ctx, diags, w, inv)
	}
}

// planTenant plans the tenant of something new, which is known, or in a preview the words that it is one.
func (d *Data) planTenant(app types.String) types.String {
	inv, err := d.app(app.ValueString())
	if app.IsUnknown() || err != nil || inv == nil {
		return types.StringUnknown()
	}
	if day := d.previewOf(inv); day != "" {
		return previewValue(day)
	}
	return text(inv.Info().Tenant)
}
