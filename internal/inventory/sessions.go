package inventory

import (
	"context"
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const endSessions = "end the sessions of"

// EndSessions ends the sessions of an account: what lets somebody go on working after a deactivation. None to
// end, and an account that is gone, are success.
func (a *App) EndSessions(ctx context.Context, ref access.AccountRef) error {
	ref.UserName = a.label(ref)
	if err := a.admit(endSessions, ref.UserName, app.EndSessions); err != nil {
		return err
	}
	if err := a.spare(ctx, endSessions, ref.UserName, ref); err != nil {
		return err
	}
	log, err := a.begin(ctx, a.entry(ctx, "end sessions", access.Grant{Kind: access.GrantAccount}, ref))
	if err != nil {
		return a.fail(err, endSessions, ref.UserName)
	}
	err = proven(a.app.(app.SessionEnder).EndSessions(ctx, ref))
	return a.fail(a.end(ctx, log[0], false, err), endSessions, ref.UserName)
}

// endOpen ends the sessions of an account that was just deactivated, where the app has a way to. Sessions that
// stay open are access that was not ended, so a failure is one of the deactivation.
func (a *App) endOpen(ctx context.Context, ref access.AccountRef) error {
	if can := a.Supports(app.EndSessions) == nil; !can {
		return nil
	}
	err := a.EndSessions(ctx, ref)
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.State = "The account is deactivated; whoever was signed in may still be."
	return &c
}
