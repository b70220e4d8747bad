package provider

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// A user name can come to mean another account: the one in state is deleted or renamed, and somebody else gets the name.
// A single resource whose object is gone leaves state and is made anew, by name, for whoever has the name now. So Read
// keeps such a resource and notes the other account, and the plan refuses to follow.

// reusedKey is where single resources keep the id of the account that bears their user name now.
const reusedKey = "reused"

// keepReused notes that the user name of an account that is gone means another one now, and reports whether it does. An
// account that carries the same person_id is theirs, made anew.
func (d *Data) keepReused(ctx context.Context, diags *diag.Diagnostics, w privateWriter, inv *inventory.App, userName, accountID, personID types.String) bool {
	now, err := inv.AccountByUserName(ctx, userName.ValueString())
	if err != nil || now.ID == accountID.ValueString() || personID.ValueString() != "" && now.PersonID == personID.ValueString() {
		return false
	}
	diags.Append(w.SetKey(ctx, reusedKey, []byte(strconv.Quote(now.ID)))...)
	return true
}

// forgetReused is for a Read that found what it looked for.
func forgetReused(ctx context.Context, diags *diag.Diagnostics, w privateWriter) {
	diags.Append(w.SetKey(ctx, reusedKey, []byte(`""`))...)
}

// reusedBy is the id that keepReused noted, or "".
func reusedBy(ctx context.Context, diags *diag.Diagnostics, r privateReader) string {
	raw, ds := r.GetKey(ctx, reusedKey)
	diags.Append(ds...)
	id, err := strconv.Unquote(string(raw))
	if err != nil {
		return ""
	}
	return id
}

// refuseReused refuses a plan that would follow a user name to another account.
func refuseReused(diags *diag.Diagnostics, app, what string, userName, accountID types.String, now, remedy string) {
	diagnose(diags, &fault.Error{
		Kind: fault.Exists, System: app, Op: "give", Subject: what,
		Cause: fmt.Sprintf("%s was the account with id %s, which is gone, and is the account with id %s now: it may be somebody else's",
			userName.ValueString(), accountID.ValueString(), now),
		Next: "If it is somebody else's, take the resource out or give it the right user name. " + remedy,
	}, nothingSent, path.Root("user_name"))
}

const forgetOld = "If it is the same person's, forget the old account first (terraform state rm) and plan again."

// refuseTakenName refuses to rename an account to the name that another one bears.
func (d *Data) refuseTakenName(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, plan, state accountModel) {
	if plan.UserName.IsUnknown() || inv.SameUserName(plan.UserName.ValueString(), state.UserName.ValueString()) {
		return
	}
	other, err := inv.AccountByUserName(ctx, plan.UserName.ValueString())
	if err != nil || other.ID == state.ID.ValueString() {
		return
	}
	if _, renamed := d.renames.Load(state.Tenant.ValueString() + "|accounts|" + other.ID); renamed {
		return // in this run, too
	}
	diagnose(diags, &fault.Error{
		Kind: fault.Exists, System: inv.Name(), Op: "rename", Subject: state.UserName.ValueString() + " to " + plan.UserName.ValueString(),
		Cause: fmt.Sprintf("the resource manages the account with id %s, and %s is the account with id %s%s", state.ID.ValueString(), other.UserName, other.ID, ownedBy(other)),
		Next:  "Give the two different user names. If the other account is the one that is meant, forget this one (terraform state rm) and import that one.",
	}, nothingSent, path.Root("user_name"))
}

func ownedBy(a access.Account) string {
	if a.PersonID == "" {
		return ""
	}
	return " of person " + a.PersonID
}
