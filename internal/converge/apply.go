package converge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// App is what carrying out asks of an app; inventory.App is one.
type App interface {
	Name() string
	Info() app.Info
	Supports(c app.Capability) error
	SameUserName(x, y string) bool
	Account(ctx context.Context, id string) (access.Account, error)
	ExpectAccounts(ctx context.Context, n int)
	Reread(ctx context.Context, id string) (access.Account, error)
	AccountByUserName(ctx context.Context, name string) (access.Account, error)
	Match(ctx context.Context, spec access.AccountSpec) (access.Account, error)
	ManagerName(ctx context.Context, acc access.Account) (string, error)
	MarkAdopted(accountID string)
	CreateAccount(ctx context.Context, spec access.AccountSpec) (access.Account, error)
	UpdateAccount(ctx context.Context, ref access.AccountRef, spec access.AccountSpec) (access.Account, error)
	// RetireAccount ends the sessions of what it deactivates, as UpdateAccount does.
	RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error
	EndSessions(ctx context.Context, ref access.AccountRef) error
	Group(ctx context.Context, nameOrID string) (access.Group, error)
	GroupByID(ctx context.Context, id string) (access.Group, error)
	Member(ctx context.Context, groupID, accountID string) (access.Member, error)
	Members(ctx context.Context, groupID string) ([]access.Member, error)
	ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error
	Pools(ctx context.Context) ([]access.Pool, error)
	Assignees(ctx context.Context, product string) ([]access.Assignment, error)
	ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error
}

// Order is one apply: everything it may look at.
type Order struct {
	Prior   *State // nil when the resource is created
	Planned State
	Notes   Notes
	Config  Config
	Rules   Rules
	Now     func() time.Time
	Log     *slog.Logger
	// Left answers whether a person has left by now, as the rosters say it at the apply. Nobody is given anything
	// who left since the plan. Nil: no rosters.
	Left func(personID string) (why string, left bool, err error)
	// HandedOver tells of the accounts that the first half of a replacement knew: the second half does not
	// take them for people who come back.
	HandedOver func(accountID string) bool // nil: none
	// Why says, for the record of what was done, why a subject comes where the plan does not explain it; person is
	// the account's key. It may be nil, and answer "".
	Why func(s Subject, person string) string
}

// Result is what really happened: the planned state, less what failed.
type Result struct {
	State    State
	Notes    Notes
	Failures []Failure // sorted by subject
	Steps    int       // how many there were to do
}

// Failure is one subject that is not as planned.
type Failure struct {
	Subject Subject
	Name    string // user name
	Err     error
}

const (
	// accountWriters is how many accounts are written at once; the app's own rate limit is below this layer.
	accountWriters = 16
	// mostWriters bounds it where the app takes many writes in one request.
	mostWriters = 1000
)

// writers is how many accounts to write at once.
func (r *run) writers() int {
	return max(accountWriters, min(r.app.Info().MaxAccountWrites, mostWriters))
}

// run carries out one Order.
type run struct {
	Order
	app       App
	work      work
	prior     State
	keys      map[string]string // account key by user name in planned state
	priorKeys map[string]string // the same in prior state
	prog      progress

	mu      sync.Mutex
	res     Result
	blocked map[string]error  // user names for whom nothing more is written
	entered map[string]bool   // keys that entered in this run
	gone    map[string]bool   // user names whose account is really gone or deactivated
	owners  map[string]string // key by account id
	given   map[string]bool   // kind, group and account id of what was added in this run
	halt    error             // nothing at all can be written any more
}

// Apply carries out the difference between prior and planned state, in the order that leaves nobody locked
// out or let in on the way: leavers are deactivated, joiners get accounts, groups, then licenses; only then
// are memberships and licenses taken away, and accounts deleted last. A product that has no seat left is
// freed before it is filled.
func Apply(ctx context.Context, a App, o Order) Result {
	r := &run{Order: o, app: a, prior: NewState(), blocked: map[string]error{}, entered: map[string]bool{}, gone: map[string]bool{}, owners: map[string]string{}, given: map[string]bool{}}
	if o.Prior != nil {
		r.prior, r.Notes = align(*o.Prior, o.Notes, o.Planned.Groups)
	}
	r.work = steps(r.prior, o.Planned, r.Notes, o.Config, o.Rules)
	r.keys, r.priorKeys = userKeys(o.Planned.Accounts), userKeys(r.prior.Accounts)
	r.res = Result{State: o.Planned.Clone(), Notes: r.Notes, Steps: r.work.total}
	if r.res.State.IDs == nil {
		r.res.State.IDs = make(map[string]string, len(o.Planned.Accounts))
	}
	for key, id := range r.res.State.IDs {
		if id != Unknown && id != "" {
			r.owners[id] = key
		}
	}
	r.prog = newProgress(o.Now, o.Log, a.Name(), r.work.total)
	r.carryNotes()

	r.retire(ctx)
	r.accounts(ctx)
	r.changeGroups(ctx, r.work.adds[access.GrantGroup])
	r.changeLicenses(ctx)
	r.changeGroups(ctx, r.work.removes[access.GrantGroup])
	r.removeLicenses(ctx)
	r.remove(ctx)

	r.finish()
	return r.res
}

// why gives writes their reason for the record of what was done.
func (r *run) why(ctx context.Context, s Subject, person string) context.Context {
	return inventory.WithWhy(ctx, person, r.reason(s, person))
}

func (r *run) reason(s Subject, person string) string {
	if e := r.Planned.Explanations[s]; e.Why != "" {
		return e.Why
	}
	if r.Why != nil {
		if why := r.Why(s, person); why != "" {
			return why
		}
	}
	if r.Prior == nil {
		return "in configuration"
	}
	return "no longer in configuration"
}

// whys is why for many holders at once.
func (r *run) whys(ctx context.Context, kind access.GrantKind, in string) context.Context {
	return inventory.WithReasons(ctx, func(ref access.AccountRef) inventory.Reason {
		person := r.keys[ref.UserName]
		return inventory.Reason{PersonID: person, Why: r.reason(Subject{kind, in, ref.UserName}, person)}
	})
}

// fail notes that s is not as planned; the caller has put state back.
func (r *run) fail(s Subject, name string, err error) {
	r.res.Failures = append(r.res.Failures, Failure{s, name, err})
	if errors.Is(err, fault.Unauthenticated) && r.halt == nil {
		r.halt = &fault.Error{
			Kind: fault.Unavailable, Cause: "not attempted, because the app refused the credential", State: "Nothing was written for it.",
		}
	}
}

// stillHere refuses to give something to a person who left since the plan.
func (r *run) stillHere(person, userName string) error {
	if r.Left == nil || person == "" || r.Notes.Extended[person] {
		return nil // who had left when it was planned is given it on purpose
	}
	why, left, err := r.Left(person)
	switch {
	case err != nil:
		return &fault.Error{
			Kind: fault.Unavailable, System: r.app.Name(), Op: "give access to", Subject: userName, State: "Nothing was written for it.",
			Cause: "the rosters cannot be read any more, so it is not known whether the person left since the plan", Err: err,
			Next: "Apply where the rosters can be read, or plan again.",
		}
	case left:
		return &fault.Error{
			Kind: fault.Stale, System: r.app.Name(), Op: "give access to", Subject: userName, State: "Nothing was written for it.",
			Cause: "the person " + person + " " + cmp.Or(why, "left") + ", by the rosters as they are now",
			Next:  "Plan again. Who is to have access all the same needs an override in tenure_entitlements.",
		}
	}
	return nil
}

// stopped answers why a step must not be begun, or nil.
func (r *run) stopped(ctx context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Cause: "not attempted, because the apply was interrupted", Err: err}
	}
	if r.halt != nil {
		return r.halt
	}
	return r.blocked[name]
}

// block stops everything else for a person whose account is not as it should be.
func (r *run) block(name string, err error) {
	if name == "" {
		return
	}
	r.blocked[name] = &fault.Error{Kind: fault.Stale, Cause: "not attempted, because the step before it failed for the same person", Err: short(err)}
}

// short is err without what a message about somebody else should repeat.
func short(err error) error {
	if k := fault.KindOf(err); k != 0 {
		return k
	}
	return err
}

// eachAccount is each for writes of accounts. The first few go alone: they teach how many the app really takes at once.
func eachAccount[T any](r *run, items []T, f func(T)) {
	n := min(len(items), accountWriters)
	each(items[:n], accountWriters, f)
	each(items[n:], r.writers(), f)
}

// each runs f for every item, a bounded number at a time.
func each[T any](items []T, limit int, f func(T)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, limit)
	for _, it := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(it)
		})
	}
	wg.Wait()
}
