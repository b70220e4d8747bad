package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options are the switches of a Server. The zero value is an open, fast server that follows the RFCs.
type Options struct {
	// Token is the bearer token that every request must carry; empty lets everybody in.
	Token string
	// Self is the user name of whoever the token belongs to, for /Me; empty leaves /Me unsupported.
	Self string
	// Latency is added to every answer.
	Latency time.Duration
	// Quota is the number of requests per second that are served; further ones get 429. 0 is no limit.
	Quota int
	// QuotaBurst is the depth of the token bucket, by default a tenth of Quota and at least 1: no
	// second then sees more than 110 % of Quota served.
	QuotaBurst int
	// MaxBody is the largest request body in bytes (413 above it), 16 MiB by default.
	MaxBody int64
	// KeepBodies keeps request bodies in the request log, for tests that look at what was sent.
	KeepBodies bool
	// Seed makes the ids that the server assigns reproducible.
	Seed uint64
	// Now is the clock, time.Now by default. Latency and slow bodies pass in real time.
	Now func() time.Time

	Dialect
}

// Dialect is how a SCIM service provider deviates from, or makes use of the freedom of, the RFCs. The
// names are what `terraform-provider-tenure sandbox` calls its flags.
type Dialect struct {
	// Paging is how listings are cut; PageSize the largest and default page, 100 when 0. With
	// PagingNone everything comes at once.
	Paging   Paging
	PageSize int
	// NoTotals leaves totalResults out of cursor pages (RFC 9865 section 2.1 allows it).
	NoTotals bool
	// MinimalLists leaves startIndex and itemsPerPage out of listings.
	MinimalLists bool

	// FilterAttributes are the only attributes that may be filtered, as paths; nil means all.
	// FilterOperators likewise: eq, ne, co, sw, ew, gt, ge, lt, le, pr, and, or, not, and "[]" for a
	// value path. NoFilter refuses every filter.
	FilterAttributes []string
	FilterOperators  []string
	NoFilter         bool
	// NoProjection ignores attributes and excludedAttributes.
	NoProjection bool

	// Members says where groups show their members; MembersByFilter is left as the only way with
	// MembersNever. MemberCap cuts a member list at that many, silently.
	Members   Members
	MemberCap int
	// MemberRemoval is what a remove operation with path "members" and a value does.
	MemberRemoval MemberRemoval
	// NoMemberPath refuses members[value eq "id"]; NoMemberReplace refuses to replace or clear a whole
	// member list; NoInitialMembers ignores members in a POST.
	NoMemberPath, NoMemberReplace, NoInitialMembers bool
	// MaxMemberChanges is the most members one request may change, 413 above it; 0 is no limit.
	// MaxOperations likewise for the operations of a PATCH.
	MaxMemberChanges, MaxOperations int
	// UnknownMember is the status for an unknown account among the members: 400 by default, or 404.
	UnknownMember int

	// NoUserPatch and the other three answer 405.
	NoUserPatch, NoUserPut, NoGroupPatch, NoGroupPut bool
	// PatchOnly are the only user attributes that PATCH changes, the others get 400; nil means all.
	PatchOnly []string
	// PatchNoContent answers a PATCH with 204 and no body.
	PatchNoContent bool
	// PutMerges keeps what a PUT leaves out.
	PutMerges bool
	// IgnoreUserPathFilters ignores a PATCH of a user with a value filter in its path, with success.
	IgnoreUserPathFilters bool

	// UserDelete is what DELETE does to a user. DeactivateDeletes makes active=false remove the user.
	UserDelete        UserDelete
	DeactivateDeletes bool
	// NoReactivate refuses to make an inactive user active again.
	NoReactivate bool
	// MaskInactive replaces user name and e-mail of an inactive user by a hash until it is active again.
	MaskInactive bool

	// UserNames is what becomes of a user name; SlugGroupNames lowers and hyphenates group names.
	UserNames      Rewrite
	SlugGroupNames bool
	// StringBooleans spells active as "True" and "False", and takes such strings.
	StringBooleans bool
	// Unstored are top-level attributes that are accepted and forgotten.
	Unstored []string
	// ExtraAttributes are simple top-level attributes beyond RFC 7643.
	ExtraAttributes []string
	// RefuseEmpty refuses null, "" and [] with 400; SingleValued refuses a second value of an attribute.
	RefuseEmpty, SingleValued bool
	// NoUserGroups leaves the readOnly groups out of users.
	NoUserGroups bool
	// UniqueExternalIDs refuses a second use of an externalId; DuplicateGroupNames allows one of a displayName.
	UniqueExternalIDs, DuplicateGroupNames bool
	// IDIsExternalID uses the externalId of a new user as its id.
	IDIsExternalID bool

	// ContentType is the media type of answers, application/scim+json by default. AcceptTypes are the
	// media types that a body may have, both SCIM's and plain JSON's by default.
	ContentType string
	AcceptTypes []string
	// ETags sends versions and honours If-Match and If-None-Match.
	ETags bool
	// Bulk serves /Bulk, up to MaxBulkOperations (1,000 by default). BulkBodies puts the resource into the
	// result of an operation that succeeded, which RFC 7644 section 3.7 leaves to the server.
	Bulk, BulkBodies  bool
	MaxBulkOperations int
	// NoGroups and NoDiscovery answer 404 for groups and for the discovery endpoints.
	NoGroups, NoDiscovery bool
}

// Paging is how a server cuts its listings.
type Paging string

// The ways of paging. AWS IAM Identity Center is PagingOptIn: without a cursor parameter there is only
// a first page, whatever startIndex says.
const (
	PagingIndex  Paging = "index"   // startIndex and count; the default
	PagingBoth   Paging = "both"    // index, and cursors for who asks
	PagingCursor Paging = "cursor"  // cursors for everybody
	PagingOptIn  Paging = "opt-in"  // cursors for who asks, else one page
	PagingNone   Paging = "none"    // everything at once
	PagingRepeat Paging = "repeats" // startIndex is ignored: the first page for ever
)

// Members says where a group shows its members.
type Members string

// The places.
const (
	MembersAlways Members = "always" // in listings and in the group; the default
	MembersGet    Members = "get"    // only when one group is read
	MembersNever  Members = "never"  // only through filters
)

// MemberRemoval is the reading of {"op":"remove","path":"members","value":[...]}, which RFC 7644 section
// 3.5.2.2 does not define: without a filter in the path, all members go.
type MemberRemoval string

// The readings.
const (
	RemovesAll    MemberRemoval = "all"    // the RFC: the value is ignored; the default
	RemovesListed MemberRemoval = "listed" // Entra, Slack, AWS: the members in value
	RemovesFirst  MemberRemoval = "first"  // Sentry: the first of them only
)

// UserDelete is what DELETE does to a user.
type UserDelete string

// The effects of DELETE.
const (
	DeleteRemoves     UserDelete = "removes"     // the default
	DeleteDeactivates UserDelete = "deactivates" // Slack
	DeleteForbidden   UserDelete = "forbidden"   // Salesforce
)

// Rewrite is what a server does to user names.
type Rewrite string

// The rewritings.
const (
	RewriteNone  Rewrite = "none"
	RewriteLower Rewrite = "lower"
	// RewriteShortcode appends "_acme", as enterprise-managed users on GitHub have it.
	RewriteShortcode Rewrite = "shortcode"
)

// check finds what cannot be meant, all at once, and fills in the defaults.
func (o *Options) check() error {
	var errs []error
	enum := func(name, got string, allowed ...string) {
		if got != "" && !slices.Contains(allowed, got) {
			errs = append(errs, fmt.Errorf("%s is %q: it must be one of %s", name, got, strings.Join(allowed, ", ")))
		}
	}
	enum("paging", string(o.Paging), "index", "both", "cursor", "opt-in", "none", "repeats")
	enum("members", string(o.Members), "always", "get", "never")
	enum("member-removal", string(o.MemberRemoval), "all", "listed", "first")
	enum("user-delete", string(o.UserDelete), "removes", "deactivates", "forbidden")
	enum("user-names", string(o.UserNames), "none", "lower", "shortcode")
	for name, n := range map[string]int{
		"quota": o.Quota, "quota-burst": o.QuotaBurst, "page-size": o.PageSize, "member-cap": o.MemberCap,
		"max-member-changes": o.MaxMemberChanges, "max-operations": o.MaxOperations,
		"max-bulk-operations": o.MaxBulkOperations, "latency": int(o.Latency), "max-body": int(o.MaxBody),
	} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("%s is %d: it cannot be negative", name, n))
		}
	}
	if o.UnknownMember != 0 && o.UnknownMember != 400 && o.UnknownMember != 404 {
		errs = append(errs, fmt.Errorf("unknown-member is %d: it must be 400 or 404", o.UnknownMember))
	}
	orElse(&o.PageSize, 100)
	orElse(&o.UnknownMember, 400)
	orElse(&o.MaxBulkOperations, 1000)
	orElse(&o.MaxBody, 16<<20)
	orElse(&o.QuotaBurst, max(1, o.Quota/10))
	orElse(&o.Paging, PagingIndex)
	orElse(&o.Members, MembersAlways)
	orElse(&o.MemberRemoval, RemovesAll)
	orElse(&o.UserDelete, DeleteRemoves)
	orElse(&o.UserNames, RewriteNone)
	orElse(&o.ContentType, "application/scim+json")
	if o.AcceptTypes == nil {
		o.AcceptTypes = []string{"application/scim+json", "application/json"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return errors.Join(errs...)
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
