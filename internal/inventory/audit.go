package inventory

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Outcome is how an attempted write ended, in the words of the audit log.
type Outcome string

// The outcomes. OutcomeAlready is a write that found everything as wanted.
const (
	OutcomeDone        Outcome = "done"
	OutcomeAlready     Outcome = "already"
	OutcomeFailed      Outcome = "failed"
	OutcomeUnconfirmed Outcome = "unconfirmed"
)

// AuditEntry is one attempted write. Refused writes are none: nothing was sent.
type AuditEntry struct {
	App string
	// Operation is a verb phrase: "create account", "update account", "deactivate account", "reactivate
	// account", "delete account", "create group", "update group", "delete group", "add member", "remove
	// member", "assign license", "remove license".
	Operation string
	// Grant is what the write was about, as the policy's conflict blocks spell it: APP/accounts,
	// APP/groups/GROUP, APP/licenses/PRODUCT/LICENSE.
	Grant     string
	AccountID string // empty for groups, and for accounts that were never made
	UserName  string
	PersonID  string
	Why       string
	Outcome   Outcome
	RequestID string // the vendor's, where a failure carried one
	Err       error  // nil unless failed or unconfirmed
}

// Reason says for whom and why something is written.
type Reason struct {
	PersonID string
	Why      string
}

type reasonKey struct{}

// WithWhy makes every write under ctx carry the person and the reason.
func WithWhy(ctx context.Context, personID, why string) context.Context {
	return WithReasons(ctx, func(access.AccountRef) Reason { return Reason{personID, why} })
}

// WithReasons makes every write under ctx ask reason about the account it concerns. For accounts to be
// created, and for groups, only the user name (or nothing) is known.
func WithReasons(ctx context.Context, reason func(access.AccountRef) Reason) context.Context {
	return context.WithValue(ctx, reasonKey{}, reason)
}

func reasonOf(ctx context.Context, ref access.AccountRef) Reason {
	if f, ok := ctx.Value(reasonKey{}).(func(access.AccountRef) Reason); ok {
		return f(ref)
	}
	return Reason{}
}
