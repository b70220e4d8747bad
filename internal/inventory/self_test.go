package inventory

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// knowing is an app that says whose credential it is used with.
type knowing struct {
	*fake
	ref access.AccountRef
	err error
}

func (k knowing) Self(ctx context.Context) (access.AccountRef, error) {
	if err := k.request(ctx, "me"); err != nil {
		return access.AccountRef{}, err
	}
	return k.ref, k.err
}

var _ app.Self = knowing{}

// The account behind the credential loses nothing, under whatever name it is known; the app is asked once.
func TestOwnAccount(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ref  access.AccountRef
		err  error
		kept bool
	}{
		"known":                 {ref: access.AccountRef{ID: "a00001", UserName: "usera00001@acme.com"}, kept: true},
		"known by its id alone": {ref: access.AccountRef{ID: "a00001"}, kept: true},
		"nobody's":              {err: fault.NotFound},
		"not supported":         {err: fault.Unsupported},
		"out of order":          {err: fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(3)
			a := New(knowing{f, tc.ref, tc.err}, Options{Name: "wiki"})
			if got := a.IsOwn(t.Context(), "USERa00001@acme.com"); got != tc.kept {
				t.Errorf("it is our own: %t", got)
			}
			if a.IsOwn(t.Context(), "usera00002@acme.com") || a.IsOwn(t.Context(), "") {
				t.Error("somebody else is taken for our own")
			}
			err := a.RetireAccount(t.Context(), access.AccountRef{ID: "a00001", UserName: "an-old-name"}, access.Deactivate)
			if errors.Is(err, fault.Protected) != tc.kept {
				t.Errorf("retiring it answers %v", err)
			}
			if tc.kept && !strings.Contains(err.Error(), "the account behind the credential") {
				t.Errorf("the refusal does not say why: %v", err)
			}
			f.wantSent(t, "me", 1)
			if tc.kept {
				f.wantSent(t, "deactivate", 0)
			}
		})
	}
}

// A caller who gives up does not decide for the others that the account is unknown.
func TestOwnAccountAfterACanceledCaller(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(2)
	a := New(knowing{f, access.AccountRef{ID: "a00001", UserName: "usera00001@acme.com"}, nil}, Options{Name: "wiki"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Self(ctx)
	if !a.IsOwn(t.Context(), "usera00001@acme.com") {
		t.Error("a canceled look made the account unknown for good")
	}
}
