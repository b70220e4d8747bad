package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// CreateAccount creates an account. Look up first: see Match. With a fault.Partial error the account
// answered exists all the same (its record could not be kept): save it, then report.
func (a *App) CreateAccount(ctx context.Context, spec access.AccountSpec) (access.Account, error) {
	const op = "create account"
	name := spec.Values[access.UserName]
	if err := a.admit(op, name, app.CreateAccounts); err != nil {
		return access.Account{}, err
	}
	spec, err := a.sendable(ctx, op, name, spec)
	if err != nil {
		return access.Account{}, err
	}
	log, err := a.begin(ctx, a.entry(ctx, op, access.Grant{Kind: access.GrantAccount}, access.AccountRef{UserName: name}))
	if err != nil {
		return access.Account{}, a.fail(err, op, name)
	}
	acc, err := a.app.(app.AccountWriter).CreateAccount(ctx, spec)
	if err == nil && acc.ID == "" {
		err = fault.New(fault.Unconfirmed, "the app answered without the new account's id")
	}
	err = proven(err)
	if err == nil {
		a.accounts.put(acc.ID, &acc)
		a.MarkAdopted(acc.ID)
	} else if maybeThere(err) {
		a.accounts.doubt(map[access.Field]string{
			access.PersonID: spec.Values[access.PersonID],
			access.UserName: name,
			access.Email:    spec.Values[access.Email],
		})
	}
	log[0].Subject = acc.ID
	return acc, a.fail(a.end(ctx, log[0], false, err), op, name)
}

// maybeThere reports whether a failed create may have met or left an account that no listing shows.
func maybeThere(err error) bool {
	switch fault.KindOf(err) {
	case fault.Exists, fault.Unconfirmed, fault.Partial, fault.Unavailable:
		return true
	default:
		return false
	}
}

// UpdateAccount changes what spec names and answers what the app holds then. A spec that asks for nothing
// reads the account.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, spec access.AccountSpec) (access.Account, error) {
	if spec.Empty() {
		return a.Account(ctx, ref.ID)
	}
	op, name := "update account", a.label(ref)
	var before access.Account
	seen := a.accounts.peek(ref.ID, func(acc *access.Account) { before = *acc })
	need := []app.Capability{app.UpdateAccounts}
	if spec.Active != nil && !(seen && before.Active == *spec.Active) {
		op, need[0] = "deactivate account", app.DeactivateAccount
		if *spec.Active {
			op, need[0] = "reactivate account", app.ReactivateAccount
		}
		if len(spec.Values)+len(spec.Attributes) > 0 {
			need = append(need, app.UpdateAccounts)
		}
	}
	for _, c := range need {
		if err := a.admit(op, name, c); err != nil {
			return access.Account{}, err
		}
	}
	if role := spec.Values[access.Role]; spec.Active != nil && !*spec.Active || role != "" && seen && before.Role != "" && before.Role != role {
		if err := a.spare(ctx, op, name, ref); err != nil {
			return access.Account{}, err
		}
	}
	spec, err := a.sendable(ctx, op, name, spec)
	if err != nil {
		return access.Account{}, err
	}
	log, err := a.begin(ctx, a.entry(ctx, op, access.Grant{Kind: access.GrantAccount}, access.AccountRef{ID: ref.ID, UserName: name}))
	if err != nil {
		return access.Account{}, a.fail(err, op, name)
	}
	acc, err := a.app.(app.AccountWriter).UpdateAccount(ctx, ref, spec)
	if err == nil && acc.ID != ref.ID {
		err = fault.New(fault.Unconfirmed, "asked to change the account with id %s, the app answered with %q", ref.ID, acc.ID)
	}
	if err = proven(err); err == nil {
		a.accounts.put(acc.ID, &acc)
	} else {
		a.accounts.drop(ref.ID)
	}
	if err = a.end(ctx, log[0], false, err); err == nil && spec.Active != nil && !*spec.Active {
		return acc, a.endOpen(ctx, access.AccountRef{ID: ref.ID, UserName: name})
	}
	return acc, a.fail(err, op, name)
}

// RetireAccount deactivates the account and ends its sessions where the app can, or does that and then deletes
// it, so that a deletion that fails has already ended the access. Keep writes nothing. An account that is gone
// is success.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	op, name := string(how)+" account", a.label(ref)
	need := app.DeactivateAccount
	switch how {
	case access.Keep:
		return nil
	case access.Delete:
		need = app.DeleteAccounts
	case access.Deactivate:
	default:
		return &fault.Error{
			Kind: fault.Invalid, System: a.Name(), Op: "retire account", Subject: name, State: nothingSent,
			Cause: fmt.Sprintf("%q is none of deactivate, delete, keep", how),
		}
	}
	if err := a.admit(op, name, need); err != nil {
		return err
	}
	if err := a.spare(ctx, op, name, ref); err != nil {
		return err
	}
	ref.UserName = name
	if how == access.Deactivate {
		if err := a.retire(ctx, ref, how); err != nil {
			return err
		}
		return a.endOpen(ctx, ref)
	}
	inactive := false
	a.accounts.peek(ref.ID, func(acc *access.Account) { inactive = !acc.Active })
	if !inactive && a.Supports(app.DeactivateAccount) == nil {
		err := a.retire(ctx, ref, access.Deactivate)
		if err == nil {
			err = a.endOpen(ctx, ref)
		}
		if err != nil && !errors.Is(err, fault.Unsupported) {
			return err
		}
	}
	return a.retire(ctx, ref, how)
}

// DeactivateAccount is RetireAccount without the end of sessions.
func (a *App) DeactivateAccount(ctx context.Context, ref access.AccountRef) error {
	const op = "deactivate account"
	ref.UserName = a.label(ref)
	if err := a.admit(op, ref.UserName, app.DeactivateAccount); err != nil {
		return err
	}
	if err := a.spare(ctx, op, ref.UserName, ref); err != nil {
		return err
	}
	return a.retire(ctx, ref, access.Deactivate)
}

func (a *App) retire(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	op, already := string(how)+" account", false
	a.accounts.peek(ref.ID, func(acc *access.Account) { already = how == access.Deactivate && !acc.Active })
	log, err := a.begin(ctx, a.entry(ctx, op, access.Grant{Kind: access.GrantAccount}, ref))
	if err != nil {
		return a.fail(err, op, ref.UserName)
	}
	err = proven(a.app.(app.AccountWriter).RetireAccount(ctx, ref, how))
	switch {
	case err != nil:
		a.accounts.drop(ref.ID)
	case how == access.Delete:
		a.forget(ref.ID)
	default:
		a.accounts.edit(ref.ID, func(acc *access.Account) *access.Account {
			c := *acc
			if c.Active {
				c.Active, c.Status = false, "" // the app's own word for it is not known
			}
			return &c
		})
	}
	return a.fail(a.end(ctx, log[0], already, err), op, ref.UserName)
}

// forget takes a deleted account out of everything that is known.
func (a *App) forget(id string) {
	a.accounts.remove(id)
	a.members.editKnown(func(_ string, set *memberSet) { delete(set.by, id) })
	a.assignees.editKnown(func(_ string, h holders) { delete(h, id) })
	a.pools.drop("") // seats came free, but which ones is the app's knowledge
}

// sendable checks the fields and turns the manager into what the app takes.
func (a *App) sendable(ctx context.Context, op, name string, spec access.AccountSpec) (access.AccountSpec, error) {
	info := a.Info()
	var bad []string
	for f := range spec.Values {
		if !slices.Contains(info.Fields, f) {
			bad = append(bad, string(f))
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		var can []string
		for _, f := range info.Fields {
			can = append(can, string(f))
		}
		return spec, &fault.Error{
			Kind: fault.Unsupported, System: a.Name(), Op: op, Subject: name, State: nothingSent,
			Cause: "the app has no " + strings.Join(bad, ", "),
			Next:  a.Name() + " has " + strings.Join(can, ", "),
		}
	}
	manager := spec.Values[access.Manager]
	if manager == "" || !info.ManagerIsID {
		return spec, nil
	}
	m, err := a.AccountByUserName(ctx, manager)
	if errors.Is(err, fault.NotFound) {
		// NotFound here would read as if the account itself were missing.
		return spec, &fault.Error{
			Kind: fault.Invalid, System: a.Name(), Op: op, Subject: name, State: nothingSent,
			Cause: fmt.Sprintf("the manager %s has no account in %s", manager, a.Name()),
			Next:  "Give the manager an account first, or leave manager out.",
		}
	}
	if err != nil {
		return spec, a.fail(err, op, name)
	}
	spec.Values = maps.Clone(spec.Values)
	spec.Values[access.Manager] = m.ID
	return spec, nil
}
