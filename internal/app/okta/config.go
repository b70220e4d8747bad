// Package okta connects to an Okta organization through its management API: people and groups of the directory, or,
// with an app id, who is assigned to one application of it.
//
// Start reading at Config, then client.go (requests, errors, paging), user.go (what a user says), accounts.go and
// lifecycle.go (users), groups.go, members.go and rules.go (groups), assignments.go (who is assigned to an application),
// on which licenses.go and apps.go rest.
package okta

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Defaults of Config.
const (
	DefaultPersonIDIn     = "employeeNumber"
	DefaultRateLimitShare = 75
)

// Config is everything that the block `okta { ... }` of an app can say, plus what the app block around it says for
// every kind. The HCL name stands at the end of each comment.
type Config struct {
	// Name is the name of the app block; it names the system in errors.
	Name string
	// OrgURL is the address of the organization, https://acme.okta.com, without a path. `org_url`, required
	OrgURL string
	// Token is an API token. `token`, sensitive. Token or PrivateKey with ClientID, not both.
	Token string
	// ClientID is the id of a service app (API Services) that signs in with PrivateKey. `client_id`
	ClientID string
	// PrivateKey is the service app's key: PEM (PKCS 1, PKCS 8, SEC 1) or a JSON Web Key. `private_key`, sensitive
	PrivateKey string
	// PrivateKeyID is the key's id (kid) where PrivateKey does not carry it. `private_key_id`
	PrivateKeyID string
	// Scopes are asked for with PrivateKey; nil means those that the configuration needs. `scopes`
	Scopes []string
	// AppID makes the accounts those assigned to this application instead of the organization's users. `app_id`
	AppID string
	// PersonIDIn is the profile property that remembers whose account it is; "none" for none. `person_id_in`
	PersonIDIn string
	// DeactivateWith is what deactivating means: "deactivate" or "suspend". `deactivate_with`
	DeactivateWith string
	// SendActivationEmail lets Okta write to people whose account is activated. `send_activation_email`
	SendActivationEmail bool
	// GroupRules says whether memberships made by group rules are told apart: "respect" or "ignore". `group_rules`
	GroupRules string
	// Attributes are extra account attributes by profile property. block `attribute`, repeated
	Attributes []Attribute
	// Licenses are applications whose assignment counts as a license. block `license`, repeated
	Licenses []License
	// RateLimitShare is the share of Okta's rate limits to use, in percent: with less than the rest left in a minute,
	// requests wait for the next one. 0 means DefaultRateLimitShare. `rate_limit_share`
	RateLimitShare int
	// ReadOnly says that nothing is ever written, so that reading scopes are enough. `read_only` of the app block
	ReadOnly bool

	// MaxRequestsPerSecond caps the request rate; 0 leaves it to Okta's rate limit headers. `max_requests_per_second` of the app block
	MaxRequestsPerSecond float64
	// MaxRetries is how often a request that failed in passing is sent again; nil means 4. `max_retries` of the app block
	MaxRetries *int
	// RequestTimeout bounds one attempt of one request; 0 means 60 s. `request_timeout` of the app block
	RequestTimeout time.Duration
	// UserAgent is the User-Agent header; empty means "terraform-provider-tenure".
	UserAgent string
	// Logger receives one record per request: method, path, status and duration. nil discards.
	Logger *slog.Logger
}

// Attribute names an extra account attribute.
type Attribute struct {
	Name     string // `name`, required: the key in `attributes`
	Property string // `property`, required: of the user's profile, or with app_id of the assignment's
	// Type is how Okta keeps it: "string" (default), "number", "boolean", or "list" (written with commas). `type`
	Type string
}

// License says that being assigned to an application is holding a license.
type License struct {
	Product string // `product`, required
	AppID   string // `app_id`, required
	Total   *int   // `total`, the seats bought; nil when unknown
}

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors. It makes no
// request. The app is a *Directory, or with AppID a *Assignments.
func Open(cfg Config) (app.App, error) {
	cfg = cfg.withDefaults()
	c := &client{name: cfg.Name, patience: defaultPatience}
	problems := []error{cfg.check()}
	auth, err := cfg.auth()
	problems = append(problems, err)
	c.http, err = httpclient.New(httpclient.Options{
		System: cfg.Name, Protocol: "okta", BaseURL: cfg.OrgURL, BaseURLName: "org_url", Auth: auth, UserAgent: cfg.UserAgent,
		RequestsPerSecond: cfg.MaxRequestsPerSecond, QuotaShare: float64(cfg.RateLimitShare) / 100,
		MaxRetries: cfg.MaxRetries, RequestTimeout: cfg.RequestTimeout, Logger: cfg.Logger, Explain: explain,
	})
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	d := &Directory{client: c, cfg: cfg, attributes: map[string]Attribute{}}
	for _, a := range cfg.Attributes {
		d.attributes[a.Name] = a
	}
	d.describe()
	if cfg.AppID != "" {
		return newAssignments(d), nil
	}
	return d, nil
}

func (cfg Config) withDefaults() Config {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	cfg.OrgURL = strings.TrimRight(cfg.OrgURL, "/")
	set(&cfg.PersonIDIn, DefaultPersonIDIn)
	set(&cfg.DeactivateWith, "deactivate")
	set(&cfg.GroupRules, "respect")
	if cfg.RateLimitShare == 0 {
		cfg.RateLimitShare = DefaultRateLimitShare
	}
	if cfg.Scopes == nil {
		cfg.Scopes = cfg.neededScopes()
	}
	return cfg
}

// neededScopes are the scopes of everything that this configuration may do.
func (cfg Config) neededScopes() []string {
	verb := "manage"
	if cfg.ReadOnly {
		verb = "read"
	}
	if cfg.AppID != "" {
		return []string{"okta.users.read", "okta.groups.read", "okta.apps." + verb}
	}
	scopes := []string{"okta.users." + verb, "okta.groups." + verb}
	if len(cfg.Licenses) > 0 {
		scopes = append(scopes, "okta.apps."+verb)
	}
	return scopes
}

func (cfg Config) check() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	oneOf := func(name, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad("%s is %q; it must be one of %s", name, value, strings.Join(allowed, ", "))
		}
	}
	if u, err := url.Parse(cfg.OrgURL); err == nil && u.Host != "" {
		if host := u.Hostname(); strings.Contains(host, "-admin.okta") {
			bad("org_url is the address of the admin console; leave -admin out of %s", host)
		}
		if u.Path != "" {
			bad("org_url must not have a path: https://acme.okta.com")
		}
	}
	oneOf("deactivate_with", cfg.DeactivateWith, "deactivate", "suspend")
	oneOf("group_rules", cfg.GroupRules, "respect", "ignore")
	if cfg.RateLimitShare < 1 || cfg.RateLimitShare > 100 {
		bad("rate_limit_share is %d; it is a percentage from 1 to 100", cfg.RateLimitShare)
	}
	names := map[string]bool{}
	for i, a := range cfg.Attributes {
		at := fmt.Sprintf("attribute %d", i+1)
		if a.Name == "" || a.Property == "" {
			bad("%s needs a name and a property", at)
		}
		if names[a.Name] {
			bad("%s: there are two attributes named %q", at, a.Name)
		}
		names[a.Name] = true
		oneOf(at+": type", a.kind(), "string", "number", "boolean", "list")
		if f, taken := cfg.fieldIn(a.Property); taken && cfg.AppID == "" {
			bad("%s: the property %s is the account's %s already", at, a.Property, f)
		}
	}
	products := map[string]bool{}
	for i, l := range cfg.Licenses {
		at := fmt.Sprintf("license %d", i+1)
		if l.Product == "" || l.AppID == "" {
			bad("%s needs a product and an app_id", at)
		}
		if products[l.Product] {
			bad("%s: there are two licenses of the product %q", at, l.Product)
		}
		products[l.Product] = true
		if l.Total != nil && *l.Total < 0 {
			bad("%s: total is %d; it must not be negative", at, *l.Total)
		}
	}
	if cfg.AppID != "" && len(cfg.Licenses) > 0 {
		bad("with app_id the accounts are assignments themselves; license blocks belong into the block of the organization")
	}
	return errors.Join(problems...)
}

func (a Attribute) kind() string {
	if a.Type == "" {
		return "string"
	}
	return a.Type
}

// properties are the profile properties of the fields, by Okta's names (developer.okta.com, default profile).
func (cfg Config) properties() map[access.Field]string {
	p := map[access.Field]string{
		access.UserName: "login", access.Email: "email", access.GivenName: "firstName", access.FamilyName: "lastName",
		access.DisplayName: "displayName", access.Title: "title", access.Department: "department", access.Manager: "managerId",
	}
	if cfg.PersonIDIn != "none" {
		p[access.PersonID] = cfg.PersonIDIn
	}
	return p
}

func (cfg Config) fieldIn(property string) (access.Field, bool) {
	for f, p := range cfg.properties() {
		if p == property {
			return f, true
		}
	}
	return "", false
}

// describe fills what the app says about itself.
func (d *Directory) describe() {
	d.info = app.Info{
		Kind: "okta", Tenant: strings.ToLower(d.http.Host()), ManagerIsID: true, UserNamesFoldCase: true,
		Lacks: map[app.Capability]string{},
	}
	d.properties = d.cfg.properties()
	for _, f := range access.Fields() {
		if d.properties[f] != "" {
			d.info.Fields = append(d.info.Fields, f)
		}
	}
	if len(d.cfg.Licenses) == 0 {
		const why = "no license block names an application whose assignment counts as a license"
		d.info.Lacks[app.ReadLicenses], d.info.Lacks[app.WriteLicenses] = why, why
	}
}
