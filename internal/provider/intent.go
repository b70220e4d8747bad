package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// A Delete is either the end of the thing or the first half of a replacement, and Terraform does not
// say which. An error in Create taints, the next plan is then a replacement, and its Delete would
// retire what was just created. So every plan notes its intent in private state, which Delete reads.
const (
	intentKey     = "intent"
	intentDestroy = `{"delete":"remove"}`
	intentCreate  = `{"delete":"hand over"}`
	ownerKey      = "owner"
)

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// noteIntent records what Delete shall do.
func noteIntent(ctx context.Context, diags *diag.Diagnostics, w privateWriter, intent string) {
	diags.Append(w.SetKey(ctx, intentKey, []byte(intent))...)
}

// intent reads what the plan recorded: intentDestroy, intentCreate or "" when no plan said anything.
func intent(ctx context.Context, diags *diag.Diagnostics, r privateReader) string {
	b, ds := r.GetKey(ctx, intentKey)
	diags.Append(ds...)
	return string(b)
}

// noteEnd records what Delete shall do where nothing follows in the plan, and reports whether that is a removal.
func noteEnd(ctx context.Context, diags *diag.Diagnostics, w privateWriter, handsOver bool) bool {
	if handsOver {
		noteIntent(ctx, diags, w, intentCreate)
	} else {
		noteIntent(ctx, diags, w, intentDestroy)
	}
	return !handsOver
}

// mayRemove decides whether a Delete may write. A hand-over may not; no recorded intent is an error,
// because success must not be inferred.
func mayRemove(ctx context.Context, diags *diag.Diagnostics, r privateReader, what string) bool {
	switch intent(ctx, diags, r) {
	case intentDestroy:
		return true
	case intentCreate:
		return false
	}
	if !diags.HasError() {
		unknownIntent(diags, what)
	}
	return false
}

// unknownIntent is the error of a Delete that no plan announced.
func unknownIntent(diags *diag.Diagnostics, what string) {
	diagnose(diags, &fault.Error{
		Kind: fault.Stale, Op: "tell whether to remove", Subject: what,
		Cause: "the plan did not record whether this is a removal or one half of a replacement",
		Next:  "Plan again and apply that plan.",
	}, nothingSent)
}
