package converge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// change writes, and insists that the app holds afterwards what it was told: some answer well and keep the old value.
func (r *run) change(ctx context.Context, ref access.AccountRef, spec access.AccountSpec) (access.Account, error) {
	now, err := r.app.UpdateAccount(ctx, ref, spec)
	if err != nil {
		return now, err
	}
	have := now
	if _, managed := spec.Values[access.Manager]; managed {
		if have.Manager, err = r.app.ManagerName(ctx, now); err != nil {
			return now, err
		}
	}
	rest := r.missing(spec, have)
	var kept []string
	for _, f := range slices.Sorted(maps.Keys(rest.Values)) {
		if v := have.Get(f); !strings.EqualFold(v, rest.Values[f]) {
			kept = append(kept, fmt.Sprintf("%s is still %q", f, v))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(rest.Attributes)) {
		kept = append(kept, fmt.Sprintf("attribute %s is still %q", k, have.Attributes[k]))
	}
	if rest.Active != nil {
		kept = append(kept, fmt.Sprintf("active is still %v", have.Active))
	}
	if len(kept) == 0 {
		return now, nil
	}
	return now, &fault.Error{
		Kind: fault.Unconfirmed, System: r.app.Name(), Op: "change", Subject: have.Label(),
		Cause: "the app accepted the change, and holds otherwise: " + strings.Join(kept, ", "), State: "The account is as the app says.",
		Next: "Apply again if the app is slow to show changes. If another system owns the field, leave it out of account_fields, and nobody fights over it.",
	}
}

// missing is the part of want that the account does not show yet.
func (r *run) missing(want access.AccountSpec, have access.Account) access.AccountSpec {
	rest := access.AccountSpec{Values: maps.Clone(want.Values), Attributes: maps.Clone(want.Attributes)}
	maps.DeleteFunc(rest.Values, func(f access.Field, v string) bool {
		return have.Get(f) == v || (f == access.UserName || f == access.Manager) && r.app.SameUserName(have.Get(f), v)
	})
	maps.DeleteFunc(rest.Attributes, func(k, v string) bool { return have.Attributes[k] == v })
	if want.Active != nil && *want.Active != have.Active {
		rest.Active = want.Active
	}
	return rest
}

func ptr[T any](v T) *T { return &v }
