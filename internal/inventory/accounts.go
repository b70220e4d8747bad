package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// openAccounts connects the directory to the app.
func (a *App) openAccounts() {
	d := &a.accounts
	d.init()
	d.folds = a.Info().UserNamesFoldCase
	d.loaded = func(n int, took time.Duration) { a.log.Info("listed accounts", "count", n, "took", took) }
	r, ok := a.app.(app.AccountReader)
	if !ok {
		return // every reading method asks Supports first
	}
	d.list = func(ctx context.Context, put func(string, *access.Account)) error {
		for acc, err := range r.Accounts(ctx, access.AccountFilter{}) {
			if err != nil {
				return err
			}
			put(acc.ID, &acc)
		}
		return nil
	}
	d.point = func(ctx context.Context, id string) (*access.Account, error) {
		acc, err := r.Account(ctx, access.AccountRef{ID: id})
		if err == nil && acc.ID != id {
			err = fault.New(fault.Invalid, "asked for the account with id %s, the app answered with %q", id, acc.ID)
		}
		return &acc, err
	}
	d.filter = func(ctx context.Context, f access.AccountFilter) (found []access.Account, err error) {
		for acc, err := range r.Accounts(ctx, f) {
			if err != nil {
				return nil, err
			}
			found = append(found, acc)
		}
		return found, nil
	}
	if s, ok := a.app.(app.Sizer); ok {
		d.cost = func(ctx context.Context) (int, error) { return s.ListingCost(ctx, app.CollectionAccounts) }
	}
}

// Account reads one account by id. NotFound means that the app itself said so: an account that the listing
// does not show is asked for by itself. Manager is as the app has it; see ManagerName.
func (a *App) Account(ctx context.Context, id string) (access.Account, error) {
	return a.account(ctx, id, a.accounts.get)
}

// Reread reads one account from the app, whatever is known already: the look before a write that takes
// something away.
func (a *App) Reread(ctx context.Context, id string) (access.Account, error) {
	return a.account(ctx, id, a.accounts.reread)
}

func (a *App) account(ctx context.Context, id string, read func(context.Context, string, func(*access.Account)) error) (acc access.Account, err error) {
	if err := a.Supports(app.ReadAccounts); err != nil {
		return acc, err
	}
	if id == "" {
		return acc, a.fail(fault.New(fault.Invalid, "the id is empty"), "read account", "")
	}
	err = read(ctx, id, func(p *access.Account) { acc = *p })
	return acc, a.fail(err, "read account", id)
}

// Accounts lists all accounts, the inactive included, in the order of their ids.
func (a *App) Accounts(ctx context.Context) ([]access.Account, error) {
	if err := a.Supports(app.ReadAccounts); err != nil {
		return nil, err
	}
	all, err := a.accounts.everyone(ctx)
	return all, a.fail(err, "list accounts", "")
}

// ExpectAccounts says that about n accounts are going to be asked for, one by one. It sends nothing that they would not
// cost as well, and lists at once where that is cheaper.
func (a *App) ExpectAccounts(ctx context.Context, n int) { a.accounts.expect(ctx, n) }

// FindAccount gives the accounts whose field equals value, none being no error. E-mail addresses are
// compared without regard to case, user names as the app compares them, everything else exactly.
func (a *App) FindAccount(ctx context.Context, by access.Field, value string) ([]access.Account, error) {
	if err := a.Supports(app.ReadAccounts); err != nil {
		return nil, err
	}
	if value == "" {
		return nil, nil
	}
	found, err := a.accounts.find(ctx, by, value)
	return found, a.fail(err, "find account by "+string(by), value)
}

// AccountByUserName gives the account with the user name. Unlike FindAccount it does not take the
// listing's word for absence where the app can be asked.
func (a *App) AccountByUserName(ctx context.Context, name string) (access.Account, error) {
	found, err := a.FindAccount(ctx, access.UserName, name)
	if err == nil && len(found) == 0 && a.accounts.confirm(access.UserName, name) {
		found, err = a.FindAccount(ctx, access.UserName, name)
	}
	switch {
	case err != nil:
		return access.Account{}, err
	case len(found) == 0:
		return access.Account{}, &fault.Error{
			Kind: fault.NotFound, System: a.Name(), Op: "find account", Subject: name,
			Cause: "no account has this user name",
		}
	case len(found) > 1:
		return access.Account{}, &fault.Error{
			Kind: fault.Invalid, System: a.Name(), Op: "find account", Subject: name,
			Cause: fmt.Sprintf("accounts %s and %s have the same user name", found[0].ID, found[1].ID),
		}
	}
	return found[0], nil
}

// ManagerName is the user name of the account's manager. Where the app holds an account id it is looked
// up; an id that leads nowhere is answered as it is, so that it shows as drift.
func (a *App) ManagerName(ctx context.Context, acc access.Account) (string, error) {
	if acc.Manager == "" || !a.Info().ManagerIsID {
		return acc.Manager, nil
	}
	m, err := a.Account(ctx, acc.Manager)
	switch {
	case errors.Is(err, fault.NotFound):
		return acc.Manager, nil
	case err != nil:
		return "", err
	}
	return m.UserName, nil
}

// ActiveAccounts is how many active accounts there are, if all of them were listed in this run. It asks nothing.
func (a *App) ActiveAccounts() (n int, listed bool) {
	a.accounts.mu.Lock()
	defer a.accounts.mu.Unlock()
	if !a.accounts.listed {
		return 0, false
	}
	for _, acc := range a.accounts.known {
		if acc != nil && acc.Active {
			n++
		}
	}
	return n, true
}
