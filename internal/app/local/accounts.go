package local

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const accountPrefix = "u-"

func status(active bool) string {
	if active {
		return "active"
	}
	return "deactivated"
}

// owned is the account with nothing in it that anybody else holds.
func owned(a access.Account) access.Account {
	a.Attributes = maps.Clone(a.Attributes)
	return a
}

// Accounts implements app.AccountReader. user_name and email are compared without regard to case.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return listing(ctx, a, "list accounts", "", func(doc *document, yield func(access.Account) bool) error {
		matches := func(*account) bool { return true }
		switch filter.Field {
		case "":
			if filter.Value != "" {
				return fault.New(fault.Unsupported, "a filter needs a field")
			}
		case access.UserName:
			if acc := doc.accountNamed(filter.Value); acc != nil {
				yield(owned(acc.Account))
			}
			return nil
		case access.Email:
			want := fold(filter.Value)
			matches = func(acc *account) bool { return fold(acc.Email) == want }
		default:
			if !slices.Contains(access.Fields(), filter.Field) {
				return fault.New(fault.Unsupported, "accounts cannot be looked up by %q", filter.Field)
			}
			matches = func(acc *account) bool { return acc.Get(filter.Field) == filter.Value }
		}
		for _, acc := range doc.accounts {
			if matches(acc) && !yield(owned(acc.Account)) {
				break
			}
		}
		return nil
	})
}

// Account implements app.AccountReader.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	doc, err := a.file.load(ctx)
	if err == nil {
		if acc := doc.account(ref.ID); acc != nil {
			return owned(acc.Account), nil
		}
		err = noAccount(ref)
	}
	return access.Account{}, fault.In(err, a.name, "read account", label(ref))
}

func noAccount(ref access.AccountRef) error {
	if ref.ID == "" {
		return fault.New(fault.Invalid, "no account id was given")
	}
	return fault.New(fault.NotFound, "the file has no account with the id %q", ref.ID)
}

func label(ref access.AccountRef) string {
	return access.Account{ID: ref.ID, UserName: ref.UserName}.Label()
}

// CreateAccount implements app.AccountWriter. An account is active unless want says otherwise.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	var made access.Account
	err := a.write(ctx, "create account", want.Values[access.UserName], func(e *edit) error {
		next, err := apply(access.Account{Active: true}, want)
		if err != nil {
			return err
		}
		if err := e.checkFree(next); err != nil {
			return err
		}
		next.ID = e.newID(accountPrefix)
		e.put(next)
		made = owned(next)
		return nil
	})
	if err != nil {
		return access.Account{}, err
	}
	return made, nil
}

// UpdateAccount implements app.AccountWriter.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	var made access.Account
	err := a.write(ctx, "update account", label(ref), func(e *edit) error {
		old := e.account(ref.ID)
		if old == nil {
			return noAccount(ref)
		}
		next, err := apply(old.Account, want)
		if err != nil {
			return err
		}
		if err := e.checkFree(next); err != nil {
			return err
		}
		if !equal(old.Account, next) {
			e.put(next)
		}
		made = owned(next)
		return nil
	})
	if err != nil {
		return access.Account{}, err
	}
	return made, nil
}

// RetireAccount implements app.AccountWriter. A deactivated account keeps memberships and licenses, as
// in most apps; deleting one removes them.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	op := map[access.Disposition]string{
		access.Deactivate: "deactivate account", access.Delete: "delete account", access.Keep: "keep account",
	}[how]
	return a.write(ctx, op, label(ref), func(e *edit) error {
		if op == "" {
			return fault.New(fault.Unsupported, "an account cannot be retired by %q", how)
		}
		acc := e.account(ref.ID)
		switch {
		case ref.ID == "":
			return noAccount(ref)
		case acc == nil || how == access.Keep:
		case how == access.Delete:
			e.remove(acc)
		case acc.Active:
			next := owned(acc.Account)
			next.Active, next.Status = false, status(false)
			e.put(next)
		}
		return nil
	})
}

// EndSessions implements app.SessionEnder: it empties the list of sessions.
func (a *App) EndSessions(ctx context.Context, ref access.AccountRef) error {
	return a.write(ctx, "end the sessions of", label(ref), func(e *edit) error {
		if ref.ID == "" {
			return noAccount(ref)
		}
		if acc := e.account(ref.ID); acc != nil {
			e.endSessions(acc)
		}
		return nil
	})
}

// checkFree reports another account in the way of a's user name.
func (e *edit) checkFree(a access.Account) error {
	other := e.accountNamed(a.UserName)
	if other == nil || other.ID == a.ID {
		return nil
	}
	return &fault.Error{
		Kind: fault.Exists, State: "Nothing was written.",
		Cause: fmt.Sprintf("the user name %q belongs to the account %s (%s)", other.UserName, other.ID, other.Status),
		Next:  "Adopt or rename that account, or choose another user name.",
	}
}

// apply gives the account that want asks for; all that is wrong with want is named at once.
func apply(a access.Account, want access.AccountSpec) (access.Account, error) {
	a = owned(a)
	var unknown []string
	for f, v := range want.Values {
		if !slices.Contains(access.Fields(), f) {
			unknown = append(unknown, string(f))
		}
		a.Set(f, v)
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return a, fault.New(fault.Unsupported, "accounts have no field %s", strings.Join(unknown, ", "))
	}
	if strings.TrimSpace(a.UserName) == "" {
		return a, fault.New(fault.Invalid, "an account needs a user_name")
	}
	for k, v := range want.Attributes {
		if v == "" {
			delete(a.Attributes, k)
			continue
		}
		if a.Attributes == nil {
			a.Attributes = map[string]string{}
		}
		a.Attributes[k] = v
	}
	if want.Active != nil {
		a.Active = *want.Active
	}
	a.Status = status(a.Active)
	return a, nil
}

func equal(a, b access.Account) bool {
	for _, f := range access.Fields() {
		if a.Get(f) != b.Get(f) {
			return false
		}
	}
	return a.Active == b.Active && maps.Equal(a.Attributes, b.Attributes)
}
