package scim

import (
	"context"
	"errors"
	"net/http"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// RetireAccount deactivates or deletes. Deactivation is believed when the account is seen inactive or gone.
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

func (a *App) deleteAccount(ctx context.Context, ref access.AccountRef) error {
	const op = "delete account"
	if err := a.lacks(app.DeleteAccounts, op, label(ref)); err != nil {
		return err
	}
	return a.remove(ctx, "Users", ref.ID, op, label(ref))
}

// remove sends a DELETE; what is gone already is fine. Only 204 says that it is done (RFC 7644 section 3.6). Another
// success may mean "later", or come from something before the app: then, as without an answer, the resource is looked for.
func (a *App) remove(ctx context.Context, endpoint, id, op, subject string) error {
	if id == "" {
		return a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
	}
	resp, err := a.writes.do(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodDelete, Path: []string{endpoint, id}})
	if err == nil && resp.Status != http.StatusNoContent {
		err = a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
			Cause: "the app accepted the deletion, and it is still there", Next: "Apply again: repeating it is safe.",
		}, op, subject)
	}
	if errors.Is(err, fault.Unconfirmed) {
		gone, _ := a.eventually(ctx, func() (bool, error) {
			_, now := a.read(ctx, endpoint, id, op, subject)
			return errors.Is(now, fault.NotFound), nil
		})
		if gone {
			return nil
		}
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (a *App) deactivate(ctx context.Context, ref access.AccountRef) error {
	const op = "deactivate account"
	subject := label(ref)
	if err := a.lacks(app.DeactivateAccount, op, subject); err != nil {
		return err
	}
	inactive := false
	var o object
	var err error
	switch {
	case a.dialect.RetireWith == "delete":
		err = a.remove(ctx, "Users", ref.ID, op, subject)
	case a.dialect.UpdateWith == "put":
		if o, err = a.readUser(ctx, ref, op); err == nil && !a.holds(o, nil, &inactive) {
			o, err = a.writeUser(ctx, ref, op, nil, &inactive, o)
		}
	case ref.ID == "":
		err = a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
	default:
		o, err = a.writeUser(ctx, ref, op, nil, &inactive, nil)
	}
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case err != nil && !errors.Is(err, fault.Unconfirmed):
		return err
	case err == nil && o != nil && a.holds(o, nil, &inactive):
		return nil
	}
	done, lookErr := a.eventually(ctx, func() (bool, error) {
		o, err := a.readUser(ctx, ref, op)
		if errors.Is(err, fault.NotFound) {
			return true, nil
		}
		return err == nil && a.holds(o, nil, &inactive), err
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
		Kind: fault.Unconfirmed, Cause: "the app accepted the deactivation, and the account is still active",
		State: "The account is active.", Next: "Look at the account in the app; run again, or set retire_with in the override block.",
	}, op, subject)
}
