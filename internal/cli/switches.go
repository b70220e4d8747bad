package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// switchFlag is one switch of the sandbox: parse reads its text and answers how to set it.
type switchFlag struct {
	name, usage, typ string
	alone            string // what the flag without a value means
	parse            func(text string) (func(*sandbox.Options), error)
}

func number(name, usage string, at func(*sandbox.Options) *int) switchFlag {
	return switchFlag{name: name, usage: usage, typ: "int", parse: func(text string) (func(*sandbox.Options), error) {
		n, err := strconv.Atoi(text)
		return func(o *sandbox.Options) { *at(o) = n }, err
	}}
}

func yes(name, usage string, at func(*sandbox.Options) *bool) switchFlag {
	return switchFlag{name: name, usage: usage, typ: "bool", alone: "true", parse: func(text string) (func(*sandbox.Options), error) {
		b, err := strconv.ParseBool(text)
		return func(o *sandbox.Options) { *at(o) = b }, err
	}}
}

func word[T ~string](name, usage string, at func(*sandbox.Options) *T) switchFlag {
	return switchFlag{name: name, usage: usage, typ: "string", parse: func(text string) (func(*sandbox.Options), error) {
		return func(o *sandbox.Options) { *at(o) = T(text) }, nil
	}}
}

func words(name, usage string, at func(*sandbox.Options) *[]string) switchFlag {
	return switchFlag{name: name, usage: usage, typ: "list", parse: func(text string) (func(*sandbox.Options), error) {
		var list []string
		for w := range strings.SplitSeq(text, ",") {
			if w = strings.TrimSpace(w); w != "" {
				list = append(list, w)
			}
		}
		return func(o *sandbox.Options) { *at(o) = list }, nil
	}}
}

// switches are the flags for sandbox.Options, in the order of its documentation.
func switches() []switchFlag {
	type O = sandbox.Options
	return []switchFlag{
		word("self", "user name of whoever the token belongs to, for /Me (default: /Me is not supported)", func(o *O) *string { return &o.Self }),
		{name: "latency", usage: "time to add to every answer, such as 150ms", typ: "duration", parse: func(text string) (func(*O), error) {
			d, err := time.ParseDuration(text)
			return func(o *O) { o.Latency = d }, err
		}},
		number("quota", "requests per second that are served; others get 429", func(o *O) *int { return &o.Quota }),
		number("quota-burst", "requests served at once (default a tenth of the quota)", func(o *O) *int { return &o.QuotaBurst }),
		word("paging", "index, both, cursor, opt-in (a cursor or one page), none or repeats (the first page for ever)", func(o *O) *sandbox.Paging { return &o.Paging }),
		number("page-size", "most rows in one page", func(o *O) *int { return &o.PageSize }),
		yes("no-totals", "no totalResults in cursor pages", func(o *O) *bool { return &o.NoTotals }),
		yes("minimal-lists", "no startIndex and itemsPerPage in listings", func(o *O) *bool { return &o.MinimalLists }),
		words("filter-attributes", "the only attributes that may be filtered", func(o *O) *[]string { return &o.FilterAttributes }),
		words("filter-operators", "the only operators in filters", func(o *O) *[]string { return &o.FilterOperators }),
		yes("no-filter", "refuse every filter", func(o *O) *bool { return &o.NoFilter }),
		yes("no-projection", "ignore attributes and excludedAttributes", func(o *O) *bool { return &o.NoProjection }),
		word("members", "where groups show members: always, get (not in listings) or never", func(o *O) *sandbox.Members { return &o.Members }),
		number("member-cap", "show no more members than this", func(o *O) *int { return &o.MemberCap }),
		word("member-removal", "what remove with path members and a value removes: all, listed or first", func(o *O) *sandbox.MemberRemoval { return &o.MemberRemoval }),
		yes("no-member-path", `refuse members[value eq "id"]`, func(o *O) *bool { return &o.NoMemberPath }),
		yes("no-member-replace", "refuse to replace all members", func(o *O) *bool { return &o.NoMemberReplace }),
		yes("no-initial-members", "ignore members when a group is created", func(o *O) *bool { return &o.NoInitialMembers }),
		number("max-member-changes", "most members one request may change", func(o *O) *int { return &o.MaxMemberChanges }),
		number("max-operations", "most operations of one PATCH", func(o *O) *int { return &o.MaxOperations }),
		number("unknown-member", "status for an unknown member: 400 or 404", func(o *O) *int { return &o.UnknownMember }),
		yes("no-user-patch", "405 for PATCH of users", func(o *O) *bool { return &o.NoUserPatch }),
		yes("no-user-put", "405 for PUT of users", func(o *O) *bool { return &o.NoUserPut }),
		yes("no-group-patch", "405 for PATCH of groups", func(o *O) *bool { return &o.NoGroupPatch }),
		yes("no-group-put", "405 for PUT of groups", func(o *O) *bool { return &o.NoGroupPut }),
		words("patch-only", "the only user attributes that PATCH changes", func(o *O) *[]string { return &o.PatchOnly }),
		yes("patch-no-content", "answer PATCH with 204 and no body", func(o *O) *bool { return &o.PatchNoContent }),
		yes("put-merges", "PUT keeps what it leaves out", func(o *O) *bool { return &o.PutMerges }),
		yes("ignore-user-path-filters", "ignore PATCH paths with filters on users", func(o *O) *bool { return &o.IgnoreUserPathFilters }),
		word("user-delete", "what DELETE does: removes, deactivates or forbidden", func(o *O) *sandbox.UserDelete { return &o.UserDelete }),
		yes("deactivate-deletes", "active = false removes the user", func(o *O) *bool { return &o.DeactivateDeletes }),
		yes("no-reactivate", "refuse to make a user active again", func(o *O) *bool { return &o.NoReactivate }),
		yes("mask-inactive", "hide user name and e-mail of inactive users", func(o *O) *bool { return &o.MaskInactive }),
		word("user-names", "what becomes of user names: none, lower or shortcode", func(o *O) *sandbox.Rewrite { return &o.UserNames }),
		yes("slug-group-names", "lower and hyphenate group names", func(o *O) *bool { return &o.SlugGroupNames }),
		yes("string-booleans", `spell active "True" and "False"`, func(o *O) *bool { return &o.StringBooleans }),
		words("unstored", "attributes that are accepted and forgotten", func(o *O) *[]string { return &o.Unstored }),
		words("extra-attributes", "simple attributes beyond the standard", func(o *O) *[]string { return &o.ExtraAttributes }),
		yes("refuse-empty", "400 for null and empty values", func(o *O) *bool { return &o.RefuseEmpty }),
		yes("single-valued", "400 for a second e-mail, role ...", func(o *O) *bool { return &o.SingleValued }),
		yes("no-user-groups", "no groups in users", func(o *O) *bool { return &o.NoUserGroups }),
		yes("unique-external-ids", "409 for a second use of an externalId", func(o *O) *bool { return &o.UniqueExternalIDs }),
		yes("duplicate-group-names", "allow two groups of one name", func(o *O) *bool { return &o.DuplicateGroupNames }),
		yes("id-is-external-id", "the id of a user is its externalId", func(o *O) *bool { return &o.IDIsExternalID }),
		word("content-type", "media type of answers", func(o *O) *string { return &o.ContentType }),
		words("accept-types", "media types that requests may have", func(o *O) *[]string { return &o.AcceptTypes }),
		yes("etags", "versions, If-Match and If-None-Match", func(o *O) *bool { return &o.ETags }),
		yes("bulk", "serve /Bulk", func(o *O) *bool { return &o.Bulk }),
		yes("bulk-bodies", "resources in the results of /Bulk", func(o *O) *bool { return &o.BulkBodies }),
		number("max-bulk-operations", "most operations of one bulk request", func(o *O) *int { return &o.MaxBulkOperations }),
		yes("no-groups", "404 for groups", func(o *O) *bool { return &o.NoGroups }),
		yes("no-discovery", "404 for ServiceProviderConfig, ResourceTypes and Schemas", func(o *O) *bool { return &o.NoDiscovery }),
	}
}

// switchValue makes a switch a pflag.Value that remembers what to do.
type switchValue struct {
	flag switchFlag
	set  *[]func(*sandbox.Options)
	text string
}

func (v *switchValue) String() string { return v.text }
func (v *switchValue) Type() string   { return v.flag.typ }

func (v *switchValue) Set(text string) error {
	set, err := v.flag.parse(text)
	if err != nil {
		return err
	}
	v.text = text
	*v.set = append(*v.set, set)
	return nil
}
