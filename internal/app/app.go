// Package app is the connector contract: what Tenure asks of an app, as small interfaces. Implementing
// one is the declaration of the capability; [Capabilities] is the only place that asserts.
//
// All methods are safe for concurrent use and answer with [fault] errors. No method does I/O before it
// is called: opening an app costs nothing, so unknown or wrong credentials fail where they are used.
package app

import (
	"context"
	"iter"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// App is one configured tenant of an application.
type App interface {
	// Info describes the app. No I/O.
	Info() Info
	// Check makes the cheapest authenticated call that proves that the credential can list accounts.
	Check(ctx context.Context) error
}

// Info is what is known about an app without asking it.
type Info struct {
	// Kind is the name of the block that configured it: "local", "scim".
	Kind string
	// Tenant tells tenants apart: two blocks with one Tenant are the same app. Host and organization
	// for a service, the path for a file. It is pinned in state.
	Tenant string
	// Fields are the account fields that can be read and written; writing another one is Unsupported.
	Fields []access.Field
	// ManagerIsID says that access.Manager travels as an account id. Callers translate.
	ManagerIsID bool
	// GroupRoles are the roles a member can have; nil means that the app knows no roles ("member" only).
	GroupRoles []string
	// MaxMemberChanges is the most member changes one request takes; 0 means one at a time.
	MaxMemberChanges int
	// MaxAccountWrites is how many writes of accounts may be handed over at once, because they share requests; 0
	// leaves it to the caller, who then keeps few in flight. It may become known only with the first writes.
	MaxAccountWrites int
	// UserNamesFoldCase says that user names and group names that differ only in case are the same.
	UserNamesFoldCase bool
	// AsksPeople says that a write is a task for a person: it went well when the task was handed over, and what it asks
	// for is not proven by that.
	AsksPeople bool
	// Lacks names the capabilities that the type implements but this configuration does not have, with
	// the reason for people ("Sentry cannot reactivate: a rehire is a new invitation").
	Lacks map[Capability]string
}

// AccountReader reads accounts.
type AccountReader interface {
	// Accounts streams the accounts that match, the inactive included. Pages are fetched inside; never a
	// request per row. After an error the sequence ends. A listing that stops short of its own total,
	// repeats a page or is cut is an error. A filter the app cannot evaluate is Unsupported.
	Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error]
	// Account reads one account by its id. NotFound only when the app said so.
	Account(ctx context.Context, ref access.AccountRef) (access.Account, error)
}

// AccountWriter writes accounts. Every method returns what the app holds after the write, from the
// response or one read back; an outcome that cannot be learnt is Unconfirmed.
type AccountWriter interface {
	// CreateAccount never repeats the creating request after an ambiguous failure. An account in the
	// way is Exists.
	CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error)
	// UpdateAccount changes what is named in want, Active included (reactivation too).
	UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error)
	// RetireAccount deactivates or deletes. An account that is already so, or gone, is success.
	RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error
}

// GroupReader reads groups and their members.
type GroupReader interface {
	// Groups streams all groups. With members, each carries its members when the app can list them
	// along (MembersKnown); otherwise callers ask Members per group.
	Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error]
	// Group reads one group by id.
	Group(ctx context.Context, id string) (access.Group, error)
	// Members streams the direct members of a group; nested groups are marked, not expanded.
	Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error]
}

// GroupWriter writes groups and members.
type GroupWriter interface {
	CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error)
	UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error)
	// DeleteGroup deletes the group; already gone is success.
	DeleteGroup(ctx context.Context, id string) error
	// ChangeMembers applies the changes and answers index-aligned: nil means proven. Already a member
	// with that role, and already absent, are nil. It splits at Info.MaxMemberChanges by itself.
	ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error
}

// LicenseReader reads license pools and who holds what.
type LicenseReader interface {
	Pools(ctx context.Context) iter.Seq2[access.Pool, error]
	Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error]
}

// LicenseWriter assigns and removes licenses of one product.
type LicenseWriter interface {
	// ChangeAssignees answers index-aligned as GroupWriter.ChangeMembers does; an empty pool is LimitReached.
	ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error
}

// SessionEnder ends what lets somebody go on working after an account was deactivated: sessions, refresh tokens.
type SessionEnder interface {
	// EndSessions ends all sessions of the account. None to end, and an account that is gone, are success.
	EndSessions(ctx context.Context, ref access.AccountRef) error
}

// Self is implemented by apps that can say whose credential this run uses. That account is protected by itself.
type Self interface {
	// Self is the account behind the credential; NotFound when the credential belongs to no account (a service's token).
	Self(ctx context.Context) (access.AccountRef, error)
}

// Sizer is implemented by apps whose listings cost requests. One request or none.
type Sizer interface {
	// ListingCost is the number of requests that listing the collection would take now.
	ListingCost(ctx context.Context, c Collection) (int, error)
}

// Collection is a listable set.
type Collection string

// The collections.
const (
	CollectionAccounts Collection = "accounts"
	CollectionGroups   Collection = "groups"
)
