package local

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var _ app.Self = (*App)(nil)

// Self is the account that the file names as its own: "self": "ana@acme.com". A file has no credential; the key
// lets demonstrations and tests have one.
func (a *App) Self(ctx context.Context) (access.AccountRef, error) {
	doc, err := a.file.load(ctx)
	if err == nil {
		if acc := doc.accountNamed(doc.self); acc != nil {
			return acc.Ref(), nil
		}
		err = fault.New(fault.NotFound, "the file names no account as its own")
	}
	return access.AccountRef{}, fault.In(err, a.name, "read", "the account behind the credential")
}
