package scim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors.
// It makes no request.
func Open(cfg Config) (*App, error) {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	if cfg.Profile == "" {
		cfg.Profile = "generic"
	}
	table := profiles()
	row, ok := table[cfg.Profile]
	if !ok {
		bad("profile is %q; there are %s", cfg.Profile, strings.Join(Profiles(), ", "))
		row = table["generic"]
	}
	d := cfg.Override.over(row.dialect).over(table["generic"].dialect)
	a := &App{name: cfg.Name, title: row.title, dialect: d, patience: cfg.Patience}
	problems = append(problems, d.check(), a.openPaths(cfg), a.openLicenses(cfg.Licenses))
	anonymous := cfg.Token == "" && cfg.Basic == nil && cfg.OAuth2 == nil && len(cfg.Headers) == 0 && cfg.ClientCertPEM == ""
	if anonymous && !strings.HasPrefix(cfg.BaseURL, "http://") { // only a server on this machine is http
		bad("no credential is set; set token, or basic, oauth2, headers or client_cert_pem")
	}
	if cfg.MaxRequestsPerSecond == 0 {
		cfg.MaxRequestsPerSecond = row.perSecond
	}
	client, err := httpclient.New(clientOptions(cfg, d))
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	a.client = client
	a.writes = newBulk(cfg.Name, client, *d.Bulk, cfg.MaxRetries == nil || *cfg.MaxRetries > 0)
	a.info = a.describe(cfg)
	return a, nil
}

func clientOptions(cfg Config, d Dialect) httpclient.Options {
	o := httpclient.Options{
		System: cfg.Name, Protocol: "scim", BaseURL: cfg.BaseURL, Auth: httpclient.Auth{Token: cfg.Token}, Headers: cfg.Headers,
		CACertPEM: cfg.CACertPEM, ClientCertPEM: cfg.ClientCertPEM, ClientKeyPEM: cfg.ClientKeyPEM,
		ContentType: d.ContentType, Accept: "application/scim+json, application/json;q=0.9", UserAgent: cfg.UserAgent,
		RequestsPerSecond: cfg.MaxRequestsPerSecond, MaxRetries: cfg.MaxRetries, RequestTimeout: cfg.RequestTimeout,
		Logger: cfg.Logger, Explain: explain,
	}
	if b := cfg.Basic; b != nil {
		o.Auth.Basic = &httpclient.Basic{Username: b.Username, Password: b.Password}
	}
	if c := cfg.OAuth2; c != nil {
		o.Auth.ClientCredentials = &httpclient.ClientCredentials{
			TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Scopes: c.Scopes, Audience: c.Audience,
		}
	}
	return o
}

// check finds what no server can be.
func (d Dialect) check() error {
	var problems []error
	oneOf := func(name, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			problems = append(problems, fault.New(fault.Invalid, "%s is %q; it must be one of %s", name, value, strings.Join(allowed, ", ")))
		}
	}
	oneOf("paging", d.Paging, "index", "cursor", "none")
	oneOf("content_type", d.ContentType, "application/scim+json", "application/json")
	oneOf("read_members", d.ReadMembers, "in_list", "per_group", "by_user_filter", "unavailable")
	oneOf("member_removal", d.MemberRemoval, "path_filter", "value_array", "single_value")
	oneOf("update_with", d.UpdateWith, "patch", "put")
	oneOf("retire_with", d.RetireWith, "deactivate", "delete")
	oneOf("person_id_in", d.PersonIDIn, "external_id", "employee_number", "id", "none")
	for name, n := range map[string]int{"page_size": d.PageSize, "max_member_changes": d.MaxMemberChanges, "member_cap": d.MemberCap} {
		if n < 0 || n > 1_000_000 {
			problems = append(problems, fault.New(fault.Invalid, "%s is %d; it must be a positive number", name, n))
		}
	}
	fields := make([]string, 0, 16)
	for _, f := range access.Fields() {
		fields = append(fields, string(f))
	}
	for _, f := range d.Fields {
		oneOf("fields: an element", f, fields...)
	}
	capabilities := make([]string, 0, 16)
	for _, c := range app.AllCapabilities() {
		capabilities = append(capabilities, string(c))
	}
	for _, c := range slices.Sorted(maps.Keys(d.Lacks)) {
		oneOf("lacks: a key", c, capabilities...)
	}
	for name, list := range map[string][]string{"user_filters": d.UserFilters, "group_filters": d.GroupFilters} {
		for _, attr := range list {
			if p, err := parsePath(attr); err != nil || p.filter != nil {
				problems = append(problems, fault.New(fault.Invalid, "%s: %q is not the name of an attribute", name, attr))
			}
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// openPaths reads the paths of the role and of the extra attributes.
func (a *App) openPaths(cfg Config) error {
	var problems []error
	var role *path
	if a.dialect.RolePath != "none" {
		p, err := parsePath(a.dialect.RolePath)
		if err != nil {
			problems = append(problems, in("role_path", err))
		}
		role = &p
	}
	a.fields = fieldPaths(a.dialect, role)
	a.attributes = make(map[string]path, len(cfg.Attributes))
	for i, attr := range cfg.Attributes {
		p, err := parsePath(attr.Path)
		_, twice := a.attributes[attr.Name]
		switch {
		case attr.Name == "":
			problems = append(problems, fault.New(fault.Invalid, "attribute block %d has no name", i+1))
		case twice:
			problems = append(problems, fault.New(fault.Invalid, "attribute %q is defined twice", attr.Name))
		case err != nil:
			problems = append(problems, in(fmt.Sprintf("attribute %q", attr.Name), err))
		}
		if own := a.ownerOf(p); err == nil && own != "" {
			problems = append(problems, fault.New(fault.Invalid, "attribute %q: path %s is %s", attr.Name, attr.Path, own))
		}
		a.attributes[attr.Name] = p
	}
	return errors.Join(problems...)
}

// in says which part of the configuration a problem is about.
func in(where string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Cause = where + ": " + c.Cause
	return &c
}

// ownerOf says what else writes at the path: two writers of one value would never agree.
func (a *App) ownerOf(p path) string {
	switch strings.ToLower(p.attr) {
	case "id", "meta", "schemas", "groups":
		if p.urn == "" {
			return "assigned by the server"
		}
	case "active":
		if p.urn == "" {
			return "what active of the account stands for"
		}
	}
	for _, f := range access.Fields() {
		if own, ok := a.fields[f]; ok && slices.Contains(a.dialect.Fields, string(f)) && p.filter == nil && strings.EqualFold(own.urn, p.urn) &&
			strings.EqualFold(own.attr, p.attr) && (strings.EqualFold(own.sub, p.sub) || p.sub == "") {
			return "the field " + string(f) + " already"
		}
	}
	return ""
}

// openLicenses checks the license blocks. The licenses of one product exclude each other, so they have to
// be kept in one place: one attribute, or groups.
func (a *App) openLicenses(blocks []License) error {
	var problems []error
	bad := func(i int, format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, "license block %d: %s", i+1, fmt.Sprintf(format, args...)))
	}
	places := map[string]string{}
	for i, b := range blocks {
		if b.Product == "" {
			bad(i, "product is missing")
		}
		if b.License == "" {
			b.License = b.Product
		}
		l := license{License: b}
		place := "a group"
		switch {
		case b.Group != "" && (b.Path != "" || b.Value != "" || b.ReleasedValue != ""):
			bad(i, "set either group, or path and value")
		case b.Group != "":
			if a.dialect.Lacks[string(app.WriteMembers)] != "" || a.dialect.ReadMembers == "unavailable" {
				bad(i, "%s does not show or change the members of groups, so a group cannot stand for a license", a.title)
			}
		case b.Path == "" || b.Value == "":
			bad(i, "set group, or both path and value")
		default:
			var err error
			if l.path, err = parsePath(b.Path); err != nil {
				problems = append(problems, in(fmt.Sprintf("license block %d", i+1), err))
			}
			if b.Value == b.ReleasedValue {
				bad(i, "value and released_value are the same")
			}
			place = "the attribute " + b.Path
		}
		if was, ok := places[b.Product]; ok && was != place {
			bad(i, "product %q is kept in %s and in %s; the licenses of a product exclude each other and belong in one place", b.Product, was, place)
		}
		places[b.Product] = place
		for _, other := range a.licenses {
			if other.Product == b.Product && strings.EqualFold(other.License.License, b.License) {
				bad(i, "license %q of product %q is defined twice", b.License, b.Product)
			}
		}
		if b.Total != nil && *b.Total < 0 {
			bad(i, "total is %d; it must not be negative", *b.Total)
		}
		a.licenses = append(a.licenses, l)
	}
	return errors.Join(problems...)
}

// describe puts together what Info answers.
func (a *App) describe(cfg Config) app.Info {
	d := a.dialect
	info := app.Info{
		Kind: "scim", Tenant: tenant(cfg.BaseURL), ManagerIsID: true, MaxMemberChanges: d.MaxMemberChanges,
		UserNamesFoldCase: *d.UserNamesFoldCase, Lacks: map[app.Capability]string{},
	}
	for _, f := range access.Fields() {
		_, hasPath := a.fields[f]
		if hasPath && (slices.Contains(d.Fields, string(f)) || f == access.Role) {
			info.Fields = append(info.Fields, f)
		}
	}
	for c, why := range d.Lacks {
		info.Lacks[app.Capability(c)] = why
	}
	lack := func(c app.Capability, why string) {
		if info.Lacks[c] == "" {
			info.Lacks[c] = why
		}
	}
	if why, ok := info.Lacks[app.ReadGroups]; ok {
		lack(app.ReadMembers, why)
		lack(app.WriteGroups, why)
		lack(app.WriteMembers, why)
	}
	if d.ReadMembers == "unavailable" {
		lack(app.ReadMembers, a.title+" does not show the members of its groups (read_members is unavailable)")
	}
	if len(a.licenses) == 0 {
		why := "no license block says where " + a.title + " keeps its licenses"
		lack(app.ReadLicenses, why)
		lack(app.WriteLicenses, why)
	}
	if why := info.Lacks[app.UpdateAccounts]; why != "" && slices.ContainsFunc(a.licenses, func(l license) bool { return l.Group == "" }) {
		lack(app.WriteLicenses, why)
	}
	return info
}
