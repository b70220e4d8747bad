package inventory

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Recorder keeps the record of writes; *audit.Log is one. Begin makes attempts durable before their
// requests are sent, Write their outcomes after. Both are called from several goroutines at once.
type Recorder interface {
	Begin(ctx context.Context, entries ...audit.Entry) ([]audit.Entry, error)
	Write(ctx context.Context, entries ...audit.Entry) error
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

// entry describes a write. op is a verb phrase: "create account", "add member", "remove license".
func (a *App) entry(ctx context.Context, op string, grant access.Grant, ref access.AccountRef) audit.Entry {
	if ref.UserName == "" {
		a.accounts.peek(ref.ID, func(acc *access.Account) { ref.UserName = acc.UserName })
	}
	r := reasonOf(ctx, ref)
	grant.App = a.Name()
	return audit.Entry{
		App: a.Name(), Operation: op, Grant: grant.String(), Subject: ref.ID, UserName: ref.UserName,
		PersonID: r.PersonID, Why: r.Why,
	}
}

// begin records that writes are about to be attempted. When it fails, nothing may be sent: what a kill -9
// leaves behind has to be on record.
func (a *App) begin(ctx context.Context, entries ...audit.Entry) ([]audit.Entry, error) {
	if a.opts.Audit == nil {
		return entries, nil
	}
	begun, err := a.opts.Audit.Begin(ctx, entries...)
	if err != nil {
		a.unrecorded(err)
		return nil, &fault.Error{
			Kind: fault.Unavailable, Cause: "the audit log cannot be written, and nothing is written without a record", Err: err,
			State: nothingSent, Next: auditRemedy,
		}
	}
	return begun, nil
}

// end records how one attempt ended and answers what the caller must hear: the write's own failure, or
// that a write succeeded without a record.
func (a *App) end(ctx context.Context, e audit.Entry, already bool, err error) error {
	return a.endAll(ctx, []audit.Entry{e}, []bool{already}, []error{err})[0]
}

// endAll is end for a batch; the answers are index-aligned.
func (a *App) endAll(ctx context.Context, entries []audit.Entry, already []bool, errs []error) []error {
	if a.opts.Audit == nil {
		return errs
	}
	for i, err := range errs {
		if entries[i] = entries[i].After(err); err == nil && already[i] {
			entries[i].Outcome = audit.Already
		} else if err == nil && a.Info().AsksPeople {
			entries[i].Outcome = audit.Unconfirmed // a person was asked
		}
	}
	auditErr := a.opts.Audit.Write(context.WithoutCancel(ctx), entries...) // a caller that gave up has still written
	if auditErr == nil {
		return errs
	}
	a.unrecorded(auditErr)
	for i, err := range errs {
		if err == nil {
			errs[i] = &fault.Error{
				Kind: fault.Partial, Cause: "the audit log could not be written", Err: auditErr,
				State: "The write itself succeeded. Nothing more is written to " + a.Name() + ".", Next: auditRemedy,
			}
		}
	}
	return errs
}

const auditRemedy = "Make the file of audit_log writable and apply again."

// unrecorded stops all further writes.
func (a *App) unrecorded(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.auditErr == nil {
		a.auditErr = err
	}
}

// recorded is begin for a batch. When it fails every item of the batch is settled with the reason.
func recorded[C any](ctx context.Context, a *App, batch []*item[C], describe func(*item[C]) audit.Entry) ([]audit.Entry, bool) {
	entries := make([]audit.Entry, len(batch))
	for i, it := range batch {
		entries[i] = describe(it)
	}
	begun, err := a.begin(ctx, entries...)
	if err != nil {
		for _, it := range batch {
			it.err = err
		}
	}
	return begun, err == nil
}

// conclude is end for a batch.
func conclude[C any](ctx context.Context, a *App, batch []*item[C], log []audit.Entry, already []bool) {
	errs := make([]error, len(batch))
	for i, it := range batch {
		errs[i] = it.err
	}
	for i, err := range a.endAll(ctx, log, already, errs) {
		batch[i].err = err
	}
}
