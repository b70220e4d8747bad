package googleworkspace

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// UpdateAccount reads the account, changes what differs in one request, and answers with what Google then holds. It
// reads first because a PATCH replaces lists whole: what others keep in them has to be sent along.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	const op = "update account"
	subject := label(ref)
	if err := a.check(want); err != nil {
		return access.Account{}, a.fault(err, op, subject)
	}
	u, err := a.readUser(ctx, op, ref.ID, subject)
	if err != nil {
		return access.Account{}, err
	}
	_, renames := want.Values[access.UserName]
	if email, ok := want.Values[access.Email]; ok && !renames && !strings.EqualFold(email, u.PrimaryEmail) {
		return access.Account{}, a.fault(errEmail(u.PrimaryEmail, email), op, subject)
	}
	b := a.changes(&u, want)
	if len(b) == 0 {
		return u.account(), nil
	}
	now, err := a.patch(ctx, op, ref, b)
	if errors.Is(err, fault.Unconfirmed) {
		if seen, readErr := a.readUser(ctx, op, ref.ID, subject); readErr == nil && len(a.changes(&seen, want)) == 0 {
			a.note(&seen)
			return seen.account(), nil
		}
	}
	if err != nil {
		return access.Account{}, err
	}
	return now.account(), nil
}

// changes is the body that makes u what is wanted, empty when it is so.
func (a *App) changes(u *user, want access.AccountSpec) map[string]any {
	b := body(u, want)
	switch {
	case want.Active == nil:
	case *want.Active && u.Archived: // only what is set is taken back: not every edition knows archiving
		b["archived"] = false
		if u.Suspended {
			b["suspended"] = false
		}
	case *want.Active && u.Suspended:
		b["suspended"] = false
	case !*want.Active && u.active():
		b[a.inactive()] = true
	}
	return b
}

// inactive is the property that deactivates.
func (a *App) inactive() string {
	if a.cfg.RetireWith == "archive" {
		return "archived"
	}
	return "suspended"
}

func (a *App) patch(ctx context.Context, op string, ref access.AccountRef, b map[string]any) (u user, err error) {
	err = a.patiently(ctx, fault.Unconfirmed, func() (err error) {
		u, err = a.write(ctx, httpclient.Request{
			Op: op, Subject: label(ref), Method: http.MethodPatch, Path: usersPath(ref.ID), Body: b, Idempotent: true,
		})
		return err
	}, ref.ID)
	var f *fault.Error
	if archives := b["archived"] == true; archives && errors.As(err, &f) && f.Kind == fault.Stale {
		c := *f
		c.Kind, c.Cause = fault.LimitReached, "Google refuses to archive the account: no Archived User license is free, or the edition has none"
		c.Next = `Buy Archived User licenses, or set retire_with = "suspend".`
		err = &c
	}
	return u, err
}

// RetireAccount suspends, archives or deletes.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	switch how {
	case access.Keep:
		return nil
	case access.Delete:
		return a.deleteAccount(ctx, ref)
	case access.Deactivate:
		return a.deactivate(ctx, ref)
	}
	return a.fault(fault.New(fault.Invalid, "there is no disposition %q", how), "retire account", label(ref))
}

func (a *App) deactivate(ctx context.Context, ref access.AccountRef) error {
	const op = "deactivate account"
	if a.inactive() == "archived" { // a suspended account is inactive already, and archiving it would take a license
		u, err := a.readUser(ctx, op, ref.ID, label(ref))
		if errors.Is(err, fault.NotFound) || err == nil && !u.active() {
			return nil
		}
		if err != nil {
			return err
		}
	}
	u, err := a.patch(ctx, op, ref, map[string]any{a.inactive(): true})
	switch {
	case errors.Is(err, fault.NotFound), err == nil && !u.active():
		return nil
	case err != nil && !errors.Is(err, fault.Unconfirmed):
		return err
	}
	done, lookErr := a.eventually(ctx, func() (bool, error) {
		u, err := a.readUser(ctx, op, ref.ID, label(ref))
		if errors.Is(err, fault.NotFound) {
			return true, nil
		}
		return err == nil && !u.active(), err
	})
	switch {
	case done && lookErr == nil:
		return nil
	case err != nil:
		return err
	case lookErr != nil:
		return unconfirmed(lookErr)
	}
	return a.fault(&fault.Error{
		Kind: fault.Unconfirmed, Cause: "Google accepted the deactivation, and the account is still active",
		State: "The account is active.", Next: "Look at the account in the Admin console; run again.",
	}, op, label(ref))
}

func (a *App) deleteAccount(ctx context.Context, ref access.AccountRef) error {
	const op = "delete account"
	err := a.remove(ctx, a.directory, op, label(ref), usersPath(ref.ID))
	if errors.Is(err, fault.Unconfirmed) {
		if _, now := a.readUser(ctx, op, ref.ID, label(ref)); errors.Is(now, fault.NotFound) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	a.forget(ref.ID, ref.UserName)
	a.mu.Lock()
	a.deleted = nil
	a.mu.Unlock()
	return nil
}

// remove sends a DELETE. An answer that is no JSON may come from something before Google and proves nothing.
func (a *App) remove(ctx context.Context, client *httpclient.Client, op, subject string, path []string) error {
	resp, err := client.Do(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodDelete, Path: path})
	if err == nil && !resp.Empty() {
		err = resp.Decode(new(map[string]any))
	}
	return err
}

// EndSessions signs the account out everywhere and ends its sign-in cookies (users.signOut).
func (a *App) EndSessions(ctx context.Context, ref access.AccountRef) error {
	const op = "end sessions"
	if why, ok := a.info.Lacks[app.EndSessions]; ok {
		return a.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, label(ref))
	}
	resp, err := a.directory.Do(ctx, httpclient.Request{
		Op: op, Subject: label(ref), Method: http.MethodPost, Path: usersPath(ref.ID, "signOut"), Idempotent: true,
	})
	if err == nil && !resp.Empty() {
		err = resp.Decode(new(map[string]any))
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
