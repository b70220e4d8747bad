package scim

import (
	"context"
	"net/http"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

var _ app.Self = (*App)(nil)

// Self asks /Me (RFC 7644 section 3.11), which few servers have: the others answer 501 or 404. A token that
// belongs to no user has no such account either. Only an answer that names a user counts.
func (a *App) Self(ctx context.Context) (access.AccountRef, error) {
	const op, subject = "read", "the account behind the credential"
	o, _, err := a.send(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodGet, Path: []string{"Me"}})
	if err != nil {
		return access.AccountRef{}, err
	}
	ref := a.account(o).Ref()
	if ref.ID == "" || ref.UserName == "" {
		return access.AccountRef{}, a.fault(fault.New(fault.NotFound, "the app answered without a user"), op, subject)
	}
	return ref, nil
}
