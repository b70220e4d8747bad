package googleworkspace

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Config is one Google Workspace or Cloud Identity customer.
type Config struct {
	Name string // of the app block
	// CustomerID is the customer's id, C0 and more characters. The alias my_customer means another customer for every
	// credential and is refused: state is pinned to the customer.
	CustomerID string
	// AdminEmail is the administrator on whose behalf the service account acts (domain-wide delegation). Empty: the
	// service account acts for itself and has an administrator role of its own.
	AdminEmail string
	// Credentials are a service account key, or the configuration of a workload identity, in JSON, or the path of
	// a file with it.
	Credentials string
	// ServiceAccount is the e-mail address of a service account that Credentials may sign for without its key; with
	// empty Credentials those of the environment are used (application default credentials).
	ServiceAccount string
	AccessToken    string   // instead of all credentials
	Scopes         []string // instead of what ReadOnly and Licenses ask for
	Endpoint       string   // instead of Google's addresses
	ReadOnly       bool     // asks for read-only scopes

	RetireWith      string   // how accounts are deactivated: "suspend" (default) or "archive"
	DeletedAccounts string   // what of an account of the last 20 days a creation brings back: "restore" (default) or "ignore"
	GroupDomain     string   // the domain of group names without one
	DynamicGroups   []string // groups that a query fills
	Licenses        []License

	MaxRequestsPerSecond float64
	MaxRetries           *int
	RequestTimeout       time.Duration
	UserAgent            string
	Logger               *slog.Logger
}

// License names a product to manage, and with License one pool of it and the seats that were bought: Google tells
// nobody how many there are.
type License struct {
	Product, License string // a name of the table in products.go, or an id of Google's
	Seats            *int
}

// What Google's addresses and limits are (developers.google.com/workspace/admin/directory/v1/limits).
const (
	directoryURL  = "https://admin.googleapis.com"
	licensingURL  = "https://licensing.googleapis.com"
	perSecond     = 40 // 2,400 queries per minute, user and project
	scopeBase     = "https://www.googleapis.com/auth/"
	scopeSecurity = scopeBase + "admin.directory.user.security"
	scopeLicenses = scopeBase + "apps.licensing"
)

var (
	customerID = regexp.MustCompile(`^C[0-9A-Za-z]{4,}$`)
	domainName = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors. It makes no
// request and reads no file.
func Open(cfg Config) (*App, error) {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	switch {
	case cfg.CustomerID == "my_customer":
		bad("customer_id is my_customer, which is another customer for every credential; write its id, such as C03az79cb (Admin console, Account settings)")
	case !customerID.MatchString(cfg.CustomerID):
		bad("customer_id is %q; it must be the customer's id, such as C03az79cb (Admin console, Account settings)", cfg.CustomerID)
	}
	for name, address := range map[string]string{"admin_email": cfg.AdminEmail, "service_account": cfg.ServiceAccount} {
		if address != "" && !isAddress(address) {
			bad("%s is %q; it must be an e-mail address", name, address)
		}
	}
	oneOf := func(name string, value *string, values ...string) {
		if *value == "" {
			*value = values[0]
		}
		if !slices.Contains(values, *value) {
			bad("%s is %q; it must be one of %s", name, *value, strings.Join(values, ", "))
		}
	}
	oneOf("retire_with", &cfg.RetireWith, "suspend", "archive")
	oneOf("deleted_accounts", &cfg.DeletedAccounts, "restore", "ignore")
	if cfg.AccessToken == "" && cfg.Credentials == "" && cfg.ServiceAccount == "" {
		bad("no credential is set; set credentials, service_account or access_token")
	}
	if cfg.Endpoint != "" && !onThisMachine(cfg.Endpoint) && cfg.AccessToken == "" {
		bad("endpoint is for tests and brokers: it goes with access_token, so that no other host gets Google's tokens")
	}
	a := &App{name: cfg.Name, cfg: cfg, scopes: scopesOf(cfg)}
	switch d := strings.ToLower(cfg.GroupDomain); {
	case domainName.MatchString(d):
		a.groupDomain = d
	case d != "":
		bad("group_domain is %q; it must be a domain, such as acme.com", cfg.GroupDomain)
	}
	a.products, problems = openProducts(cfg.Licenses, problems)
	for _, g := range cfg.DynamicGroups {
		address, err := a.groupAddress(g)
		if err != nil {
			bad("dynamic_groups: %q has no domain; set group_domain or write the whole address", g)
		}
		a.dynamic = append(a.dynamic, address)
	}
	var err error
	if a.directory, err = a.client(directoryURL); err != nil {
		problems = append(problems, err)
	} else if a.licensing, err = a.client(licensingURL); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	a.info = a.describe()
	return a, nil
}

func onThisMachine(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
}

// client is a client of one of the two APIs. Both share the credential.
func (a *App) client(base string) (*httpclient.Client, error) {
	c := a.cfg
	if c.Endpoint != "" {
		base = strings.TrimSuffix(c.Endpoint, "/")
	}
	o := httpclient.Options{
		System: c.Name, Protocol: "google", BaseURL: base, UserAgent: c.UserAgent, RequestsPerSecond: c.MaxRequestsPerSecond,
		MaxRetries: c.MaxRetries, RequestTimeout: c.RequestTimeout, Logger: c.Logger, Explain: explain,
	}
	if o.RequestsPerSecond == 0 {
		o.RequestsPerSecond = perSecond
	}
	if c.AccessToken != "" {
		o.Auth.Token = c.AccessToken
	} else {
		if a.tokens == nil {
			a.tokens = newTokens(c, a.scopes)
		}
		o.Auth.Source = a.tokens
	}
	return httpclient.New(o)
}

// scopesOf are the least scopes that do the work. Google refuses all of them when one is not delegated.
func scopesOf(c Config) []string {
	if len(c.Scopes) > 0 {
		return c.Scopes
	}
	scopes := []string{scopeBase + "admin.directory.user", scopeSecurity, scopeBase + "admin.directory.group"}
	if c.ReadOnly {
		scopes = []string{scopeBase + "admin.directory.user.readonly", scopeBase + "admin.directory.group.readonly"}
	}
	if len(c.Licenses) > 0 {
		scopes = append(scopes, scopeLicenses) // which has no read-only form
	}
	return scopes
}

func (a *App) describe() app.Info {
	info := app.Info{
		Kind: "google_workspace", Tenant: "google/" + a.cfg.CustomerID, UserNamesFoldCase: true,
		Fields: []access.Field{
			access.PersonID, access.UserName, access.Email, access.GivenName, access.FamilyName, access.DisplayName,
			access.Title, access.Department, access.Manager,
		},
		GroupRoles: []string{access.DefaultRole, "manager", "owner"},
		Lacks:      map[app.Capability]string{},
	}
	if len(a.products) == 0 {
		const why = "no license block names a product"
		info.Lacks[app.ReadLicenses], info.Lacks[app.WriteLicenses] = why, why
	}
	if len(a.cfg.Scopes) > 0 && !slices.Contains(a.scopes, scopeSecurity) {
		info.Lacks[app.EndSessions] = "the configured scopes do not include " + scopeSecurity
	}
	return info
}

// openProducts puts the license blocks together by product.
func openProducts(blocks []License, problems []error) ([]product, []error) {
	bad := func(i int, format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, "license block %d: %s", i+1, fmt.Sprintf(format, args...)))
	}
	byID := map[string]*product{}
	for i, b := range blocks {
		if b.Product == "" {
			bad(i, "product is missing")
			continue
		}
		known := productNamed(b.Product)
		p := byID[known.id]
		if p == nil {
			p = &product{id: known.id, name: known.name, licenses: slices.Clone(known.licenses), seats: map[string]int{}}
			byID[known.id] = p
		}
		switch {
		case b.License == "" && b.Seats != nil:
			bad(i, "seats needs license, the pool that they belong to")
		case b.License == "":
			continue
		case b.Seats != nil && *b.Seats < 0:
			bad(i, "seats is %d; it must not be negative", *b.Seats)
		}
		sku := p.sku(b.License)
		if sku == "" { // one that Google sells since this table was written
			sku = b.License
			p.licenses = append(p.licenses, license{sku, sku})
		}
		if _, twice := p.seats[sku]; twice {
			bad(i, "license %q of product %q is there twice", b.License, b.Product)
		}
		p.seats[sku] = -1
		if b.Seats != nil {
			p.seats[sku] = *b.Seats
		}
	}
	var list []product
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		list = append(list, *byID[id])
	}
	return list, problems
}
