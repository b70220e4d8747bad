package okta

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// activate makes an inactive user active: whoever is suspended is let in again with everything they had; whoever is
// staged or deprovisioned is activated anew, and has to set a password.
func (d *Directory) activate(ctx context.Context, u user, op string) (user, error) {
	verb, query := "activate", []httpclient.Param{{Key: "sendEmail", Value: "false"}}
	switch {
	case u.Status == "SUSPENDED":
		verb, query = "unsuspend", nil
	case d.cfg.SendActivationEmail:
		query[0].Value = "true"
	}
	return d.transition(ctx, u, op, verb, query, true)
}

// deactivate makes a user inactive in the configured way.
func (d *Directory) deactivate(ctx context.Context, u user, op string) (user, error) {
	if d.cfg.DeactivateWith != "suspend" {
		return d.transition(ctx, u, op, "deactivate", []httpclient.Param{{Key: "sendEmail", Value: "false"}}, false)
	}
	switch u.Status {
	case "ACTIVE":
		return d.transition(ctx, u, op, "suspend", nil, false)
	case "PROVISIONED": // has never had a password: deactivating takes away nothing that could be missed
		return d.transition(ctx, u, op, "deactivate", []httpclient.Param{{Key: "sendEmail", Value: "false"}}, false)
	}
	return user{}, d.fault(&fault.Error{
		Kind: fault.Unsupported, State: "Nothing was sent.",
		Cause: "Okta suspends accounts that are active only, and this one is " + strings.ToLower(u.Status),
		Next:  `Unlock the account or reset its password in Okta, or deactivate it there; or set deactivate_with = "deactivate".`,
	}, op, login(u))
}

func login(u user) string { return label(access.AccountRef{ID: u.ID, UserName: u.text("login")}) }

// transition asks for a new status and looks whether it came about: the answer does not tell, the change may take a
// while, and a refusal may mean that it has happened already.
func (d *Directory) transition(ctx context.Context, u user, op, verb string, query []httpclient.Param, active bool) (user, error) {
	ref := access.AccountRef{ID: u.ID, UserName: u.text("login")}
	var err error
	_, waitErr := d.eventually(ctx, func() (bool, error) {
		_, err = d.http.Do(ctx, httpclient.Request{
			Op: op, Subject: label(ref), Method: http.MethodPost, Path: path("users", u.ID, "lifecycle", verb), Query: query, Idempotent: true,
		})
		return !errors.Is(err, fault.NotFound) || !d.isOurs(u.ID), nil
	})
	if err == nil {
		err = waitErr
	}
	switch fault.KindOf(err) {
	case 0, fault.NotFound, fault.Forbidden, fault.Invalid, fault.Stale, fault.Exists, fault.Unconfirmed:
	default: // about Okta or the credential, not about this account
		return user{}, err
	}
	var now user
	done, lookErr := d.eventually(ctx, func() (bool, error) {
		var err2 error
		now, err2 = d.read(ctx, ref, op)
		// A refusal that has not come true at once never does, unless the account is so new that it was not found.
		return err2 == nil && (now.active() == active || err != nil && !errors.Is(err, fault.Unconfirmed)), err2
	})
	switch {
	case lookErr != nil && err != nil && !errors.Is(err, fault.NotFound):
		return user{}, err
	case lookErr != nil:
		return user{}, lookErr
	case done && now.active() == active:
		return now, nil
	case errors.Is(err, fault.NotFound):
		return user{}, d.fault(fault.New(fault.Unavailable, "Okta says that the account does not exist, and shows it"), op, label(ref))
	case err != nil:
		return user{}, err
	}
	return user{}, d.fault(&fault.Error{
		Kind: fault.Unconfirmed, Cause: "Okta accepted the request to " + verb + ", and the account is still " + strings.ToLower(now.Status),
		State: "The account is " + strings.ToLower(now.Status) + ".", Next: "Look at the account in Okta; run again.",
	}, op, label(ref))
}

// RetireAccount deactivates or deletes.
func (d *Directory) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	switch how {
	case access.Keep:
		return nil
	case access.Delete:
		return d.deleteAccount(ctx, ref)
	case access.Deactivate:
		const op = "deactivate account"
		u, err := d.read(ctx, ref, op)
		if err == nil && u.active() {
			_, err = d.deactivate(ctx, u, op)
		}
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	return d.fault(fault.New(fault.Invalid, "there is no disposition %q", how), "retire account", label(ref))
}

// deleteAccount deletes for good. The first DELETE of a user who is not deprovisioned only deactivates, and answers
// like the second: so each one is followed by a look.
func (d *Directory) deleteAccount(ctx context.Context, ref access.AccountRef) error {
	const op = "delete account"
	if ref.ID == "" {
		return d.fault(fault.New(fault.Invalid, "it has no id in the app"), op, label(ref))
	}
	var left user
	gone, err := d.eventually(ctx, func() (bool, error) {
		for range 2 {
			_, err := d.http.Do(ctx, httpclient.Request{
				Op: op, Subject: label(ref), Method: http.MethodDelete, Path: path("users", ref.ID), Query: []httpclient.Param{{Key: "sendEmail", Value: "false"}},
			})
			if errors.Is(err, fault.NotFound) {
				return true, nil
			}
			if err != nil && !errors.Is(err, fault.Unconfirmed) {
				return false, err
			}
			u, lookErr := d.look(ctx, ref, op)
			switch {
			case errors.Is(lookErr, fault.NotFound):
				return true, nil
			case err != nil && lookErr != nil:
				return false, err
			case lookErr != nil:
				return false, unconfirmed(lookErr)
			}
			left = u
		}
		return false, nil
	})
	switch {
	case err != nil && left.ID != "" && !left.active():
		return withState(err, "The account is deactivated in Okta, and not deleted.")
	case err != nil:
		return d.fault(err, op, label(ref))
	case gone:
		return nil
	}
	return d.fault(&fault.Error{
		Kind: fault.Unconfirmed, Cause: "Okta accepted the deletion, and the account is still there, " + strings.ToLower(left.Status),
		State: "The account is " + strings.ToLower(left.Status) + ".", Next: "Run again.",
	}, op, label(ref))
}

// look reads a user once, without patience.
func (d *Directory) look(ctx context.Context, ref access.AccountRef, op string) (user, error) {
	var u user
	err := d.get(ctx, op, label(ref), &u, []string{"users", ref.ID})
	return u, err
}

// unconfirmed is for a write that was accepted and whose effect could not be read.
func unconfirmed(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Kind, c.State = fault.Unconfirmed, "Okta accepted the change; what it holds now could not be read."
	return &c
}

// EndSessions ends the user's sessions in Okta and revokes the tokens that applications got through it. Sessions that
// applications keep for themselves are theirs.
func (d *Directory) EndSessions(ctx context.Context, ref access.AccountRef) error {
	resp, err := d.http.Do(ctx, httpclient.Request{
		Op: "end sessions", Subject: label(ref), Method: http.MethodDelete, Path: path("users", ref.ID, "sessions"),
		Query: []httpclient.Param{{Key: "oauthTokens", Value: "true"}},
	})
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.noContent(resp, "end sessions", label(ref))
}

// noContent believes an answer without a body only: anything else came from something before Okta.
func (c *client) noContent(resp *httpclient.Response, op, subject string) error {
	if resp.Status == http.StatusNoContent || resp.Empty() {
		return nil
	}
	return c.fault(&fault.Error{
		Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
		Cause: "the answer is not one of Okta's", State: "Whether the request was carried out is not known.", Next: "Check org_url and any proxy; run again.",
	}, op, subject)
}

// Self is the admin whose API token this is. A service app is no account.
func (d *Directory) Self(ctx context.Context) (access.AccountRef, error) {
	const op = "read the credential's own account"
	if d.cfg.Token == "" {
		return access.AccountRef{}, d.fault(fault.New(fault.NotFound, "a service app is no account"), op, "")
	}
	var u user
	if err := d.get(ctx, op, "", &u, []string{"users", "me"}); err != nil {
		return access.AccountRef{}, err
	}
	if u.ID == "" {
		return access.AccountRef{}, d.fault(fault.New(fault.Unavailable, "Okta answered without the account"), op, "")
	}
	return access.AccountRef{ID: u.ID, UserName: u.text("login")}, nil
}
