// Package ldap reads a roster from a directory over LDAP v3 (RFC 4511): OpenLDAP and others with inetOrgPerson entries
// (RFC 2798), or Active Directory.
//
// A directory tells who has an account, not who is employed: it is a roster where HR, or what HR feeds, keeps it.
package ldap

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	wire "github.com/go-ldap/ldap/v3"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with an ldap block.
type Config struct {
	Name string
	// URL is ldaps://host, or ldap://host with StartTLS. Without either only a server on this machine is asked.
	URL      string
	StartTLS bool
	// CACertPEM are certificates to trust in addition to those of the system.
	CACertPEM string
	// BindDN and BindPassword are who asks, by a simple bind (RFC 4513 section 5.1.3). Active Directory also takes a user
	// principal name.
	BindDN, BindPassword string
	// BaseDN is below which people are; Filter (RFC 4515) says which entries are people. "" is every person of the schema.
	BaseDN, Filter string
	// Schema is one of Schemas; "" is InetOrgPerson.
	Schema string
	// RequestTimeout bounds one search of a page; 0 is a minute.
	RequestTimeout time.Duration
	Log            *slog.Logger
	Mapping        roster.Mapping

	// pauses are those before asking a busy server again; nil is the usual ones.
	pauses []time.Duration
}

// The values of Config.Schema.
const (
	InetOrgPerson   = "inet_org_person"
	ActiveDirectory = "active_directory"
)

// Schemas lists the values of Config.Schema.
func Schemas() []string { return []string{InetOrgPerson, ActiveDirectory} }

// pageSize is how many entries one page has: half of what Active Directory gives at most (MaxPageSize).
const pageSize = 500

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	d := &directory{cfg: c}
	c.Schema = cmp.Or(c.Schema, InetOrgPerson)
	errs := []error{d.checkServer(), checkMapping(c.Mapping)}
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	if !slices.Contains(Schemas(), c.Schema) {
		bad("Write "+strings.Join(Schemas(), " or ")+".", "schema is %q", c.Schema)
		c.Schema = InetOrgPerson
	}
	switch {
	case c.BindDN == "":
		bad("Set bind_dn to an account that may read people.", "there is no bind_dn")
	case c.BindPassword == "": // with an empty one servers succeed and see the caller as nobody (RFC 4513 section 5.1.2)
		bad("Set bind_password, or the environment variable that stands in for it.", "there is no bind_password")
	}
	if dn, err := wire.ParseDN(c.BaseDN); err != nil || len(dn.RDNs) == 0 {
		bad(`Write it as "ou=people,dc=acme,dc=example".`, "base_dn is missing or no distinguished name")
	}
	s := schemas()[c.Schema]
	d.cfg.Filter = cmp.Or(c.Filter, s.filter)
	if _, err := wire.CompileFilter(d.cfg.Filter); err != nil {
		bad(`Write it as RFC 4515 does: "(&(objectClass=inetOrgPerson)(employeeNumber=*))".`, "filter is no search filter")
	}
	zone := time.UTC
	if c.Mapping.TimeZone != "" {
		if loc, err := time.LoadLocation(c.Mapping.TimeZone); err == nil { // Validate reports the others
			zone = loc
		}
	}
	d.values = values{zone: zone, dates: dateAttributes(s.fields, c.Mapping)}
	kind := s.kind(d)
	d.id = cmp.Or(strings.TrimSpace(c.Mapping.FieldMap["source_id"]), kind.Fields["source_id"])
	kind.Key = d.id
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "ldap", errors.Join(err, c.Mapping.Validate()))
	}
	return hrapi.Open(kind, c.Name, c.Mapping)
}

// checkServer takes the address apart.
func (d *directory) checkServer() error {
	u, err := url.Parse(d.cfg.URL)
	if err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return &fault.Error{Kind: fault.Invalid, Cause: "url is not the address of a directory", Next: `Write it as "ldaps://ldap.acme.example", with ":PORT" where it is not the usual one.`}
	}
	d.host = u.Hostname()
	d.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.host}
	secure := u.Scheme == "ldaps" || d.cfg.StartTLS
	var errs []error
	bad := func(next, cause string) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: next})
	}
	switch ip := net.ParseIP(d.host); {
	case u.Scheme == "ldaps" && d.cfg.StartTLS:
		bad("Set start_tls with ldap:// only.", "url is ldaps:// and start_tls is set; the connection is encrypted either from its start or later")
	case !secure && d.host != "localhost" && (ip == nil || !ip.IsLoopback()):
		bad(`Use ldaps://, or set start_tls = true.`, "url is ldap:// without start_tls, which would send the password and everybody's data in the clear")
	}
	if d.cfg.CACertPEM != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(d.cfg.CACertPEM)) {
			bad("Give the certificate of the authority that signed the server's, between BEGIN CERTIFICATE and END CERTIFICATE.", "ca_cert_pem contains no certificate in PEM form")
		}
		d.tls.RootCAs = pool
	}
	return errors.Join(errs...)
}

// attributePattern is an attribute description (RFC 4512 section 2.5). "*" and "+" would ask for everything.
var attributePattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

// secretWords are parts of the names of attributes that hold passwords or keys, and of what people have at home.
var secretWords = []string{"password", "unicodepwd", "pwdhistory", "dbcspwd", "supplementalcredentials", "privatekey", "principalkey", "pkcs12", "homepostaladdress", "postaladdress", "carlicense"}

// checkMapping refuses what is no attribute, and attributes that no roster may ask for.
func checkMapping(m roster.Mapping) error {
	var errs []error
	for _, list := range []struct {
		name  string
		paths map[string]string
	}{{"field_map", m.FieldMap}, {"custom", m.Custom}} {
		for _, f := range slices.Sorted(maps.Keys(list.paths)) {
			attr := strings.TrimSpace(list.paths[f])
			switch low := strings.ToLower(attr); {
			case attr == "" || slices.Contains(made(), attr):
			case !attributePattern.MatchString(attr):
				errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("%s: %s = %q is not the name of an attribute", list.name, f, attr), Next: "Name one attribute, such as employeeNumber."})
			case slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(low, w) }):
				errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("%s: %s = %q would ask the directory for a secret or a home address, which is never read", list.name, f, attr), Next: "Take it out: no access depends on it."})
			}
		}
	}
	return errors.Join(errs...)
}
