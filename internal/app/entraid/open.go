package entraid

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

const (
	apiVersion = "v1.0"
	// pageSize is the most rows of a page. With sign-in activity the service allows fewer.
	pageSize, signInPageSize = 999, 500
	// maxMembers is how many members one request adds, and maxBatch how many requests go into one.
	maxMembers, maxBatch = 20, 20
)

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors. It makes
// no request and asks for no token.
func Open(cfg Config) (*App, error) { return open(cfg, nil) }

// open takes the transport of the sign-in service from tests.
func open(cfg Config, authority policy.Transporter) (*App, error) {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	if !isGUID(cfg.TenantID) {
		bad("tenant_id is %q; it is the directory (tenant) id, such as 00000000-0000-0000-0000-000000000000", cfg.TenantID)
	}
	if cfg.Cloud == "" {
		cfg.Cloud = "public"
	}
	national, ok := clouds()[cfg.Cloud]
	if !ok {
		bad("cloud is %q; there are %s", cfg.Cloud, strings.Join(Clouds(), ", "))
	}
	if l := cfg.UsageLocation; l != "" && (len(l) != 2 || strings.ToUpper(l) != l) {
		bad("usage_location is %q; it is a country code of two capital letters (ISO 3166)", l)
	}
	endpoint := national.graph
	if cfg.Endpoint != "" {
		endpoint = strings.TrimSuffix(cfg.Endpoint, "/")
		if cfg.Auth.Token == "" && cfg.Auth.Credential == nil {
			bad("endpoint needs token: the credentials of a tenant are for Microsoft Graph itself")
		}
	}
	a := &App{name: cfg.Name, cfg: cfg, young: map[string]bool{}, userPage: pageSize, groupPage: pageSize, sleep: pause, retries: httpclient.DefaultRetries}
	if cfg.SignInActivity {
		a.userPage = signInPageSize
	}
	if cfg.MaxRetries != nil {
		a.retries = *cfg.MaxRetries
	}
	problems = append(problems, a.openAttributes(), a.openLicenses())
	source, err := openAuth(cfg, national, authority)
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	auth := httpclient.Auth{Source: source}
	if cfg.Auth.Token != "" {
		auth = httpclient.Auth{Token: cfg.Auth.Token}
	}
	base := endpoint + "/" + apiVersion
	a.client, err = httpclient.New(httpclient.Options{
		System: cfg.Name, Protocol: "graph", BaseURL: base, Auth: auth, UserAgent: cfg.UserAgent,
		RequestsPerSecond: cfg.MaxRequestsPerSecond, MaxRetries: cfg.MaxRetries, RequestTimeout: cfg.RequestTimeout,
		Logger: cfg.Logger, Explain: explain,
	})
	if err != nil {
		return nil, err
	}
	if a.base, err = url.Parse(base); err != nil {
		return nil, fault.New(fault.Invalid, "endpoint is not an address of the form https://host")
	}
	a.info = app.Info{
		Kind: "entra_id", Tenant: strings.ToLower(a.base.Host + "/" + cfg.TenantID), Fields: fields(), ManagerIsID: true,
		MaxMemberChanges: maxMembers, UserNamesFoldCase: true, Lacks: map[app.Capability]string{},
	}
	if cfg.GroupOwners {
		a.info.GroupRoles = []string{access.DefaultRole, Owner, OwnerOnly}
	}
	return a, nil
}

func (a *App) openAttributes() error {
	var problems []error
	seen := map[string]bool{}
	for i, attr := range a.cfg.Attributes {
		switch {
		case attr.Name == "":
			problems = append(problems, fault.New(fault.Invalid, "attribute block %d has no name", i+1))
		case seen[attr.Name]:
			problems = append(problems, fault.New(fault.Invalid, "attribute %q is defined twice", attr.Name))
		case !knownProperty(attr.Property):
			problems = append(problems, fault.New(fault.Invalid,
				"attribute %q: property %q is not one of %s, onPremisesExtensionAttributes/extensionAttribute1 to 15, or a directory extension (extension_...)",
				attr.Name, attr.Property, strings.Join(attributeProperties(), ", ")))
		}
		seen[attr.Name] = true
	}
	return errors.Join(problems...)
}

func knownProperty(name string) bool {
	if slices.Contains(attributeProperties(), name) {
		return true
	}
	for i := 1; i <= 15; i++ {
		if name == fmt.Sprintf("%s/extensionAttribute%d", onPremisesExtensions, i) {
			return true
		}
	}
	rest, ok := strings.CutPrefix(name, "extension_")
	return ok && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// openLicenses checks the license blocks as far as they can be without asking which SKUs there are.
func (a *App) openLicenses() error {
	var problems []error
	for i := range a.cfg.Licenses {
		l := a.cfg.Licenses[i] // a copy: the caller's slice stays as it is
		bad := func(format string, args ...any) {
			problems = append(problems, fault.New(fault.Invalid, "license block %d: %s", i+1, fmt.Sprintf(format, args...)))
		}
		if l.License == "" {
			l.License = l.Product
		}
		if l.Product == "" {
			bad("product is missing")
		}
		if l.SKU == "" {
			bad("sku is missing; it is the part number, such as SPE_E3")
		}
		for _, other := range a.licenses {
			switch {
			case strings.EqualFold(other.SKU, l.SKU):
				bad("the sku %s has a block already", l.SKU)
			case other.Product == l.Product && other.License == l.License:
				bad("the license %q of product %q has a block already", l.License, l.Product)
			}
		}
		a.licenses = append(a.licenses, l)
	}
	return errors.Join(problems...)
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
