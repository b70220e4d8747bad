package manual

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Accounts implements app.AccountReader.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return listing(ctx, a, "list accounts", "", func(v *view, yield func(access.Account) bool) error {
		switch {
		case filter.Field == "" && filter.Value != "":
			return fault.New(fault.Unsupported, "a filter needs a field")
		case filter.Field != "" && !slices.Contains(a.fields, filter.Field):
			return fault.New(fault.Unsupported, "the export does not show %q", filter.Field)
		}
		for _, id := range v.order {
			acc := v.accounts[id].Account
			if filter.Field != "" && fold(acc.Get(filter.Field)) != fold(filter.Value) {
				continue
			}
			if !yield(acc) {
				break
			}
		}
		return nil
	})
}

// listing yields what pick finds in the view.
func listing[T any](ctx context.Context, a *App, op, subject string, pick func(*view, func(T) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		v, err := a.view(ctx)
		if err == nil {
			err = pick(v, func(x T) bool { return yield(x, nil) })
		}
		if err != nil {
			var none T
			yield(none, a.in(err, op, subject))
		}
	}
}

// Account implements app.AccountReader.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	v, err := a.view(ctx)
	if err == nil {
		var h *holder
		if h, err = v.holder(ref); err == nil {
			return h.Account, nil
		}
	}
	return access.Account{}, a.in(err, "read account", label(ref))
}

func label(ref access.AccountRef) string {
	return access.Account{ID: ref.ID, UserName: ref.UserName}.Label()
}

func (v *view) holder(ref access.AccountRef) (*holder, error) {
	if ref.ID == "" {
		return nil, fault.New(fault.Invalid, "no account id was given")
	}
	if h := v.accounts[ref.ID]; h != nil {
		return h, nil
	}
	return nil, fault.New(fault.NotFound, "neither the export nor an open task has the account %q", ref.ID)
}

// check refuses what the export could never show. All that is wrong is named at once.
func (a *App) check(want access.AccountSpec) error {
	var unknown []string
	for f := range want.Values {
		if !slices.Contains(a.fields, f) {
			unknown = append(unknown, string(f))
		}
	}
	for name := range want.Attributes {
		unknown = append(unknown, "attribute "+name)
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return &fault.Error{
		Kind: fault.Unsupported, Cause: "the export does not show " + strings.Join(unknown, ", "), State: "Nothing was asked for.",
		Next: "Name it in fields of the manual block, if the export has such a column.",
	}
}

// CreateAccount implements app.AccountWriter: it asks for a new account.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	name := strings.TrimSpace(want.Values[access.UserName])
	var made access.Account
	err := a.write(ctx, "create account", name, func(v *view) error {
		if err := a.check(want); err != nil {
			return err
		}
		if name == "" {
			return fault.New(fault.Invalid, "an account needs a user_name")
		}
		if h := v.accounts[fold(name)]; h != nil {
			return &fault.Error{Kind: fault.Exists, Cause: "the app has the account " + h.UserName + " (" + h.Status + ")", State: "Nothing was asked for."}
		}
		t := task{Do: doCreate, UserName: name, PersonID: want.Values[access.PersonID], Values: told(want.Values, name)}
		v.ask(t, "Create an account with %s.", list(t.Values))
		if want.Active != nil && !*want.Active {
			v.ask(task{Do: doDeactivate, UserName: name, PersonID: t.PersonID}, "Deactivate the account %s.", name)
		}
		made = v.accounts[fold(name)].Account
		return nil
	})
	return made, err
}

// told are the values that say something.
func told(values map[access.Field]string, name string) map[access.Field]string {
	out := maps.Clone(values)
	maps.DeleteFunc(out, func(_ access.Field, v string) bool { return v == "" })
	out[access.UserName] = name
	return out
}

// UpdateAccount implements app.AccountWriter. The user name is the only thing that tells accounts of an export apart, so
// it cannot change.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	var made access.Account
	err := a.write(ctx, "update account", label(ref), func(v *view) error {
		h, err := v.holder(ref)
		if err == nil {
			err = a.check(want)
		}
		if err != nil {
			return err
		}
		if name, renamed := want.Values[access.UserName]; renamed && fold(name) != h.ID {
			return &fault.Error{
				Kind: fault.Unsupported, Cause: "an export knows accounts by their user name alone, so a rename cannot be followed", State: "Nothing was asked for.",
				Next: "Rename the account in the app and in the configuration, and export again.",
			}
		}
		changed := maps.Clone(want.Values)
		maps.DeleteFunc(changed, func(f access.Field, value string) bool { return h.Get(f) == value })
		if want.Active != nil && *want.Active && !h.Active {
			v.ask(task{Do: doReactivate, UserName: h.UserName, PersonID: h.PersonID}, "Reactivate the account %s.", h.UserName)
		}
		if len(changed) > 0 {
			v.ask(task{Do: doUpdate, UserName: h.UserName, PersonID: h.PersonID, Values: changed}, "Change the account %s: set %s.", h.UserName, list(changed))
		}
		if want.Active != nil && !*want.Active && h.Active {
			v.ask(task{Do: doDeactivate, UserName: h.UserName, PersonID: h.PersonID}, "Deactivate the account %s.", h.UserName)
		}
		made = h.Account
		return nil
	})
	return made, err
}

// RetireAccount implements app.AccountWriter.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	return a.write(ctx, string(how)+" account", label(ref), func(v *view) error {
		h := v.accounts[ref.ID]
		switch {
		case ref.ID == "":
			return fault.New(fault.Invalid, "no account id was given")
		case h == nil || how == access.Keep: // gone already
		case how == access.Delete:
			v.ask(task{Do: doDelete, UserName: h.UserName, PersonID: h.PersonID}, "Delete the account %s and everything it holds.", h.UserName)
		case how != access.Deactivate:
			return fault.New(fault.Unsupported, "an account cannot be retired by %q", how)
		case h.Active:
			v.ask(task{Do: doDeactivate, UserName: h.UserName, PersonID: h.PersonID}, "Deactivate the account %s, and end its sessions.", h.UserName)
		}
		return nil
	})
}
