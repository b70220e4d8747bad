package inventory

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Account reads one account by id.
func (a *App) Account(ctx context.Context, id string) (access.Account, error) {
	if err := a.Supports(app.ReadAccounts); err != nil {
		return access.Account{}, err
	}
	acc, err := a.app.(app.AccountReader).Account(ctx, access.AccountRef{ID: id})
	return acc, a.fail(err, "read account", id)
}

// Reread reads one account from the app, whatever is known already.
func (a *App) Reread(ctx context.Context, id string) (access.Account, error) {
	return a.Account(ctx, id)
}

// Accounts lists all accounts, the inactive included.
func (a *App) Accounts(ctx context.Context) ([]access.Account, error) {
	if err := a.Supports(app.ReadAccounts); err != nil {
		return nil, err
	}
	var out []access.Account
	for acc, err := range a.app.(app.AccountReader).Accounts(ctx, access.AccountFilter{}) {
		if err != nil {
			return nil, a.fail(err, "list accounts", "")
		}
		out = append(out, acc)
	}
	return out, nil
}

// FindAccount gives the accounts whose field equals value.
func (a *App) FindAccount(ctx context.Context, by access.Field, value string) ([]access.Account, error) {
	all, err := a.Accounts(ctx)
	var out []access.Account
	for _, acc := range all {
		if acc.Get(by) == value {
			out = append(out, acc)
		}
	}
	return out, err
}

// AccountByUserName gives the account with the user name, or fault.NotFound.
func (a *App) AccountByUserName(ctx context.Context, name string) (access.Account, error) {
	found, err := a.FindAccount(ctx, access.UserName, name)
	if err != nil || len(found) == 0 {
		if err == nil {
			err = fault.New(fault.NotFound, "no account has this user name")
		}
		return access.Account{}, a.fail(err, "find account", name)
	}
	return found[0], nil
}

// Match gives the existing account that spec describes, or fault.NotFound, or fault.Exists when matches
// contradict each other.
func (a *App) Match(ctx context.Context, spec access.AccountSpec) (access.Account, error) {
	return a.AccountByUserName(ctx, spec.Values[access.UserName])
}

// ManagerName is the user name of the account's manager.
func (a *App) ManagerName(ctx context.Context, acc access.Account) (string, error) {
	if acc.Manager == "" || !a.Info().ManagerIsID {
		return acc.Manager, nil
	}
	m, err := a.Account(ctx, acc.Manager)
	return m.UserName, err
}

// CreateAccount creates an account.
func (a *App) CreateAccount(ctx context.Context, spec access.AccountSpec) (access.Account, error) {
	if err := a.Supports(app.CreateAccounts); err != nil {
		return access.Account{}, err
	}
	acc, err := a.app.(app.AccountWriter).CreateAccount(ctx, spec)
	return acc, a.fail(err, "create account", spec.Values[access.UserName])
}

// UpdateAccount changes what spec names.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, spec access.AccountSpec) (access.Account, error) {
	if err := a.Supports(app.UpdateAccounts); err != nil {
		return access.Account{}, err
	}
	acc, err := a.app.(app.AccountWriter).UpdateAccount(ctx, ref, spec)
	return acc, a.fail(err, "update account", ref.UserName)
}

// RetireAccount deactivates or deletes; Keep writes nothing.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	if how == access.Keep {
		return nil
	}
	if err := a.Supports(app.DeactivateAccount); err != nil {
		return err
	}
	return a.fail(a.app.(app.AccountWriter).RetireAccount(ctx, ref, how), string(how), ref.UserName)
}
