// Package scim connects to any application that speaks SCIM 2.0 (RFC 7643, 7644; cursors of RFC 9865).
//
// Real servers implement parts of the standard, each a different part. What differs is data: a [Dialect],
// taken from the vendor's profile and overridable field by field. Start reading at Config, then
// profiles.go (what vendors do), client.go (requests), wire.go (resources), accounts.go and groups.go.
package scim

import (
	"log/slog"
	"time"
)

// Config is everything that the block `scim { ... }` of an app can say, plus what the app block around
// it says for every kind. The HCL name stands at the end of each comment.
type Config struct {
	// Name is the name of the app block; it names the system in errors.
	Name string
	// BaseURL is the address that /Users and /Groups are appended to. https, or http on a loopback host. `base_url`, required
	BaseURL string
	// Token is sent as a bearer token. `token`, sensitive. At most one of Token, Basic and OAuth2.
	Token string
	// Basic is HTTP basic authentication. block `basic`
	Basic *Basic
	// OAuth2 fetches tokens with client credentials (RFC 6749 section 4.4). block `oauth2`
	OAuth2 *OAuth2
	// Headers are added to every request, for example an organization header. Values may be secrets. `headers` map(string), sensitive
	Headers map[string]string
	// CACertPEM are certificates to trust in addition to those of the system. `ca_cert_pem`
	CACertPEM string
	// ClientCertPEM and ClientKeyPEM are a TLS client certificate and its key; both or neither. `client_cert_pem`, `client_key_pem` (sensitive)
	ClientCertPEM string
	ClientKeyPEM  string
	// Profile names the vendor whose habits apply; see Profiles. Empty means "generic". `profile`
	Profile string
	// Override replaces single fields of the profile. block `override`
	Override Dialect
	// Attributes are extra account attributes by SCIM path. block `attribute`, repeated
	Attributes []Attribute
	// Licenses are the licenses that the app keeps in an attribute or in a group. block `license`, repeated
	Licenses []License

	// MaxRequestsPerSecond caps the request rate; 0 means the profile's figure, and what the app's own
	// rate limit headers teach. `max_requests_per_second` of the app block
	MaxRequestsPerSecond float64
	// MaxRetries is how often a request that failed in passing is sent again; nil means 4. `max_retries` of the app block
	MaxRetries *int
	// Patience are the pauses before looking again for the effect of a write that servers carry out late; nil means 1 s
	// and then 3 s.
	Patience []time.Duration
	// RequestTimeout bounds one attempt of one request; 0 means 60 s. `request_timeout` of the app block
	RequestTimeout time.Duration
	// UserAgent is the User-Agent header; empty means "terraform-provider-tenure".
	UserAgent string
	// Logger receives one record per request: method, path, status and duration. nil discards.
	Logger *slog.Logger
}

// Basic is a user name and password.
type Basic struct {
	Username string // `username`, required
	Password string // `password`, required, sensitive
}

// OAuth2 is a client credentials grant.
type OAuth2 struct {
	TokenURL     string   // `token_url`, required
	ClientID     string   // `client_id`, required
	ClientSecret string   // `client_secret`, required, sensitive
	Scopes       []string // `scopes`
	Audience     string   // `audience`, sent as the parameter of that name when set
}

// Attribute names an extra account attribute: Name is the key in `attributes`, Path where SCIM keeps it:
// "nickName", "name.middleName", `addresses[type eq "work"].country`, "urn:...:User:costCenter".
type Attribute struct {
	Name string // `name`, required
	Path string // `path`, required
}

// License says where one license is kept: as Value at Path of the user, or as membership of Group.
// Licenses of one Product are mutually exclusive.
type License struct {
	Product string // `product`, required
	License string // `license`; empty means the name of the product
	Path    string // `path`, with Value
	Value   string // `value`
	// ReleasedValue is what Path is set to when the license is taken away ("View"); empty removes the attribute. `released_value`
	ReleasedValue string
	Group         string // `group`, the group's name; instead of Path and Value
	Total         *int   // `total`, the seats bought; nil when unknown
}

// Dialect is how one server speaks SCIM. The zero value of a field means "as the profile says" in
// Config.Override, and "as generic" in a profile.
type Dialect struct {
	// Paging is "index" (RFC 7644 3.4.2.4), "cursor" (RFC 9865) or "none" (one answer holds all). `paging`
	Paging string
	// PageSize is the number of rows to ask for at a time. `page_size`
	PageSize int
	// BareCursor sends the first page's `cursor` parameter without "=" . `bare_cursor`
	BareCursor *bool
	// ContentType is the media type of requests: "application/scim+json" or "application/json". `content_type`
	ContentType string
	// UserFilters are the attributes of users that the server can filter by with eq: "userName",
	// "externalId", "emails.value". Others are answered from a listing. `user_filters` list(string)
	UserFilters []string
	// GroupFilters are the same for groups: "displayName", "externalId". `group_filters` list(string)
	GroupFilters []string
	// ReadMembers is where members are found: "in_list" (listing groups brings them), "per_group" (reading one
	// group does), "by_user_filter" (users filtered by groups.value) or "unavailable". `read_members`
	ReadMembers string
	// ExcludeMembers says that listing groups honors excludedAttributes=members. `exclude_members`
	ExcludeMembers *bool
	// MemberRemoval is the PATCH operation that removes members: "path_filter" (`members[value eq "id"]`, RFC 7644),
	// "value_array" (path members with a list; a strict server would then remove everybody) or "single_value"
	// (the same with one member per operation). `member_removal`
	MemberRemoval string
	// MaxMemberChanges is the most member changes that one request takes. `max_member_changes`
	MaxMemberChanges int
	// MemberCap is how many members the server shows of a larger group, silently; 0 means all. `member_cap`
	MemberCap int
	// GroupExternalID says that a new group needs an externalId; it gets the group's name. `group_external_id`
	GroupExternalID *bool
	// UpdateWith is "patch" or "put" (read, change and write back the whole resource). `update_with`
	UpdateWith string
	// RetireWith is what deactivating means: "deactivate" (active = false) or "delete" (DELETE), for servers
	// whose DELETE deactivates or that have no other way. `retire_with`
	RetireWith string
	// PersonIDIn is the attribute that remembers whose account it is: "external_id", "employee_number", "none", or
	// "id" where the externalId of a new user becomes its id (GitLab). `person_id_in`
	PersonIDIn string
	// Bulk says that writes of accounts that wait at the same time may go out together (RFC 7644 section 3.7)
	// where the server's /ServiceProviderConfig declares it; false never asks. `bulk`
	Bulk *bool
	// RolePath is the SCIM path of the account's role; "none" says that there is no such thing. `role_path`
	RolePath string
	// Fields are the account fields that the server keeps, as the HCL spells them. `fields` list(string)
	Fields []string
	// UserNamesFoldCase says that user and group names that differ only in case are the same. `user_names_fold_case`
	UserNamesFoldCase *bool
	// Lacks maps capabilities the server does not have ("reactivate accounts") to the reason. A set map, even an
	// empty one, replaces the profile's. `lacks` map(string)
	Lacks map[string]string
}
