package inventory

import (
	"context"
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
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

// proven makes sure that a write whose failure was not classified is never read as "nothing was done".
func proven(err error) error {
	if err == nil || fault.KindOf(err) != 0 {
		return err
	}
	return &fault.Error{
		Kind: fault.Unconfirmed, Cause: "the outcome is not known", Err: err,
		State: "It may or may not have been written.", Next: "Apply again: repeating it is safe.",
	}
}

// record hands a write to the audit log and answers what the caller must hear: the write's own failure,
// or that a write succeeded without a record.
func (a *App) record(ctx context.Context, e AuditEntry, ref access.AccountRef, err error) error {
	if a.opts.Audit == nil {
		return err
	}
	if ref.UserName == "" {
		a.accounts.peek(ref.ID, func(acc *access.Account) { ref.UserName = acc.UserName })
	}
	r := reasonOf(ctx, ref)
	e.App, e.AccountID, e.UserName, e.PersonID, e.Why, e.Err = a.Name(), ref.ID, ref.UserName, r.PersonID, r.Why, err
	var f *fault.Error
	switch {
	case errors.Is(err, fault.Unconfirmed):
		e.Outcome = OutcomeUnconfirmed
	case err != nil:
		e.Outcome = OutcomeFailed
	case e.Outcome == "":
		e.Outcome = OutcomeDone
	}
	if errors.As(err, &f) {
		e.RequestID = f.RequestID
	}
	// A caller that gave up has still written.
	auditErr := a.opts.Audit(context.WithoutCancel(ctx), e)
	if auditErr == nil {
		return err
	}
	a.mu.Lock()
	if a.auditErr == nil {
		a.auditErr = auditErr
	}
	a.mu.Unlock()
	if err != nil {
		return err
	}
	return &fault.Error{
		Kind: fault.Partial, Cause: "the audit log could not be written", Err: auditErr,
		State: "The write itself succeeded. Nothing more is written to " + a.Name() + ".",
		Next:  "Make the file of audit_log writable and apply again.",
	}
}
