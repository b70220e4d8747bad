package inventory

import (
	"context"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
)

// ownAccount remembers who this run is in the app.
type ownAccount struct {
	mu    sync.Mutex
	asked bool
	ref   access.AccountRef
}

// Self is the account behind the credential of this run, asked for once. It is the zero reference where the app
// cannot say, and where asking fails: not to know protects nobody, and a plan must not fail for it.
func (a *App) Self(ctx context.Context) access.AccountRef {
	s, ok := a.app.(app.Self)
	if !ok {
		return access.AccountRef{}
	}
	a.self.mu.Lock()
	defer a.self.mu.Unlock()
	if a.self.asked {
		return a.self.ref
	}
	ref, err := s.Self(ctx)
	if ctx.Err() != nil {
		return access.AccountRef{} // the next one may have the time
	}
	if err == nil && ref.UserName == "" && ref.ID != "" {
		var acc access.Account
		if acc, err = a.Account(ctx, ref.ID); err == nil {
			ref = acc.Ref()
		}
	}
	if a.self.asked = true; err != nil {
		a.log.Debug("the account behind the credential is not known, so it is not protected", "error", err)
		return access.AccountRef{}
	}
	a.log.Debug("the account behind the credential is protected", "id", ref.ID)
	a.self.ref = ref
	return ref
}

// IsOwn reports whether the user name is that of the account behind the credential.
func (a *App) IsOwn(ctx context.Context, userName string) bool {
	own := a.Self(ctx).UserName
	return own != "" && fold(own) == fold(userName)
}
