// Package inventory is one app as seen in this run. It decorates an [app.App] with everything the
// Terraform surface must never think about itself: each collection is listed at most once and shared by
// all callers, a few managed accounts are read singly instead, absence is confirmed before it is believed,
// successful writes show in later reads, and writes that the configuration forbids are refused before the
// first request.
//
// Plan and apply are separate processes, so what is read here is kept for one walk and never expires.
//
// What the methods return is shared: callers must not change Attributes or the elements of slices in place.
package inventory

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Options say how one app block wants its app treated.
type Options struct {
	// Name is the app block's name; messages use it.
	Name string
	// MatchBy are the fields by which an existing account is recognised, strongest first. Default:
	// person_id, user_name.
	MatchBy []access.Field
	// Protected are user names or path.Match patterns, compared without regard to case: never removed,
	// deactivated or stripped. A malformed pattern is compared as plain text; see CheckPattern.
	Protected []string
	// Ignored, spelt likewise, are neither strangers nor findings.
	Ignored []string
	// ReadOnly refuses every write.
	ReadOnly bool
	// RefuseWrites, when it answers an error, refuses the write with it. Nil allows all.
	RefuseWrites func() error
	// Stale says that an app which cannot be reached leaves the last known state standing; see StaleOK.
	Stale bool
	// Audit records every attempted write, before and after it. An error from it stops all further writes.
	// Nil records nothing.
	Audit Recorder
	// Log receives what was loaded and how; ids only. Nil is silent.
	Log *slog.Logger
}

// App is one app in this run. It is safe for concurrent use.
type App struct {
	app       app.App
	opts      Options
	log       *slog.Logger
	protected []string
	ignored   []string

	accounts  directory
	groups    collection[access.Group]
	members   collection[*memberSet]
	assignees collection[holders]
	pools     collection[[]access.Pool]

	memberCommits  committer[access.MemberChange]
	licenseCommits committer[access.LicenseChange]

	self ownAccount

	mu       sync.Mutex
	touched  map[string]bool
	auditErr error // the first failure of the audit log; nothing is written after it
}

// New wraps a. It does no I/O.
func New(a app.App, o Options) *App {
	if len(o.MatchBy) == 0 {
		o.MatchBy = []access.Field{access.PersonID, access.UserName}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	inv := &App{
		app: a, opts: o, log: o.Log.With("app", o.Name),
		protected: foldAll(o.Protected), ignored: foldAll(o.Ignored),
		touched: map[string]bool{},
	}
	inv.openAccounts()
	inv.openGroups()
	inv.openLicenses()
	return inv
}

// Name is the app block's name.
func (a *App) Name() string { return a.opts.Name }

// Info describes the app.
func (a *App) Info() app.Info { return a.app.Info() }

// Check proves that the credential can list accounts.
func (a *App) Check(ctx context.Context) error {
	return a.fail(a.app.Check(ctx), "check the credential", "")
}

// Supports is nil when the app can do c, else fault.Unsupported naming what the app can do.
func (a *App) Supports(c app.Capability) error {
	ok, why := app.Supports(a.app, c)
	if ok {
		return nil
	}
	if why == "" {
		why = "apps of kind " + a.Info().Kind + " cannot " + string(c)
	}
	var can []string
	for _, c := range app.Capabilities(a.app) {
		can = append(can, string(c))
	}
	next := "this app supports nothing yet"
	if len(can) > 0 {
		next = "the app " + a.opts.Name + " can " + strings.Join(can, ", ")
	}
	return &fault.Error{
		Kind: fault.Unsupported, System: a.opts.Name, Op: string(c),
		Cause: why, State: nothingSent, Next: next,
	}
}

// SameUserName reports whether the app takes x and y for one user name.
func (a *App) SameUserName(x, y string) bool {
	if a.Info().UserNamesFoldCase {
		return strings.EqualFold(x, y)
	}
	return x == y
}

// StaleOK reports whether err means that the app could not be reached and that configuration prefers the
// last known state to an error (on_unavailable = "stale").
func (a *App) StaleOK(err error) bool {
	k := fault.KindOf(err)
	return a.opts.Stale && (k == fault.Unavailable || k == fault.RateLimited) && !errors.Is(err, context.Canceled)
}

// Touched reports whether this process created or adopted the account, so that a hand-over between two
// resource instances never takes away what the same walk has just given.
func (a *App) Touched(accountID string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.touched[accountID]
}

// MarkAdopted remembers an account that was taken over instead of created.
func (a *App) MarkAdopted(accountID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.touched[accountID] = true
}

// fail adds app, operation and subject to an error of a read.
func (a *App) fail(err error, op, subject string) error {
	return fault.In(err, a.opts.Name, op, subject)
}

func (a *App) hasField(f access.Field) bool { return slices.Contains(a.Info().Fields, f) }
