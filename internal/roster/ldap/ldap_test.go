package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func TestRosterActiveDirectory(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Listen: func(t testing.TB, c *rostertest.Company, seen func(rostertest.Request)) string {
			f := &fake{seen: seen}
			f.page = func(offset, size int) (entries []entry, more bool) {
				list, more := c.Page(offset, size)
				for _, p := range list {
					entries = append(entries, adEntry(c, p))
				}
				return entries, more
			}
			return f.serve(t)
		},
		Open: func(url string, m roster.Mapping) (roster.Source, error) { return open(url, ActiveDirectory, m) },
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"source_id": "sAMAccountName", "contract_end_date": "accountExpires", "preferred_given_name": "extensionAttribute1", "start_date": "extensionAttribute2",
			"original_hire_date": "extensionAttribute3", "end_date": "extensionAttribute4", "last_working_day": "extensionAttribute5",
		}},
		PageSize: pageSize, Department: "department", Selects: true, NoLeave: true,
		Requests: func(people int) int { return people/pageSize + 1 },
	})
}

func open(url, schema string, m roster.Mapping) (roster.Source, error) {
	return Open(Config{Name: "hr", URL: url, BindDN: reader, BindPassword: password, BaseDN: people, Schema: schema, Mapping: m, pauses: []time.Duration{time.Millisecond, time.Millisecond}})
}

// ana is an entry as Active Directory writes it, HR not being behind it.
func ana() entry {
	return entry{"CN=Ana García,OU=People,DC=acme,DC=example", map[string]any{
		"objectGUID": []byte{0xde, 0xc0, 0xad, 0x0b, 0xfe, 0xca, 0xef, 0xbe, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}, "userPrincipalName": "ana@acme.example",
		"employeeID": "00042", "givenName": "Ana", "sn": "García", "displayName": "Ana García", "mail": "ana@acme.example", "title": "CEO", "department": "Board",
		"company": "Acme", "physicalDeliveryOfficeName": "Madrid", "employeeType": "employee", "userAccountControl": "66048", "accountExpires": "0",
	}}
}

func with(e entry, attributes map[string]any) entry {
	changed := maps.Clone(e.attributes)
	maps.Copy(changed, attributes)
	return entry{e.dn, changed}
}

// bo works for Ana; his account is disabled and expired with the 31st of March in Madrid.
func bo() entry {
	b := with(ana(), map[string]any{
		"objectGUID": []byte("bo.............."), "userPrincipalName": "bo@acme.example", "mail": "bo@acme.example", "employeeID": "7", "manager": ana().dn,
		"userAccountControl": "514", "accountExpires": "134194608000000000",
	})
	b.dn = "CN=Bo,OU=People,DC=acme,DC=example"
	return b
}

func holding(entries ...entry) *fake {
	return &fake{page: func(int, int) ([]entry, bool) { return entries, false }}
}

func TestActiveDirectoryAttributes(t *testing.T) {
	t.Parallel()
	src, err := open(holding(ana(), bo()).serve(t), ActiveDirectory, roster.Mapping{TimeZone: "Europe/Madrid"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil || len(r.Problems)+len(r.Notices) > 0 {
		t.Fatal(err, r.Problems, r.Notices)
	}
	a, b := r.People[0], r.People[1]
	if want := "0badc0de-cafe-beef-0123-456789abcdef"; a.SourceID != want || b.ManagerID != want {
		t.Errorf("ids %q, manager %q; want %q", a.SourceID, b.ManagerID, want)
	}
	if a.Status != access.StatusActive || !a.EndDate.IsZero() || a.EmployeeNumber != "00042" || a.Organization != "Acme" {
		t.Errorf("%+v", a)
	}
	if b.Status != access.StatusTerminated || b.EndDate.String() != "2026-03-31" || b.ManagerEmail != "ana@acme.example" {
		t.Errorf("%s, ends %s", b.Status, b.EndDate)
	}
}

func TestFaultyEntries(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change map[string]any
		want   string
	}{
		"a short id":     {map[string]any{"objectGUID": []byte("short")}, "has 5 bytes"},
		"no id":          {map[string]any{"objectGUID": nil}, "has no objectGUID"},
		"two ids":        {map[string]any{"objectGUID": []string{"0123456789abcdef", "fedcba9876543210"}}, "2 values of objectGUID"},
		"two managers":   {map[string]any{"manager": []string{ana().dn, bo().dn}}, "2 values of manager"},
		"a binary title": {map[string]any{"title": []byte{0xff, 0xfe}}, "is binary"},
		"no expiry":      {map[string]any{"accountExpires": "soon"}, "no number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := open(holding(ana(), with(bo(), tt.change)).serve(t), ActiveDirectory, roster.Mapping{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = src.People(t.Context())
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "CN=Bo,") {
				t.Errorf("%v; want it to name the entry and say %q", err, tt.want)
			}
		})
	}
	t.Run("two addresses", func(t *testing.T) {
		t.Parallel()
		src, err := open(holding(ana(), with(bo(), map[string]any{"mail": []string{"z@acme.example", "b@acme.example"}})).serve(t), ActiveDirectory, roster.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := src.People(t.Context())
		if err != nil || len(r.People) != 1 || len(r.Problems) != 1 || r.Problems[0].Value != "b@acme.example; z@acme.example" {
			t.Errorf("which one is meant is not guessed: %v, %v", err, r.Problems)
		}
	})
}

func TestTroubleWithTheServer(t *testing.T) {
	t.Parallel()
	two := func(f *fake) *fake { // on two pages
		f.page = func(offset, _ int) ([]entry, bool) {
			if offset == 0 {
				return []entry{ana()}, true
			}
			return []entry{bo()}, false
		}
		return f
	}
	always := func(code int) func(int) int { return func(int) int { return code } }
	for name, tt := range map[string]struct {
		fake     *fake
		kind     fault.Kind // 0: two people
		want     string
		searches int
	}{
		"busy, then not":           {two(&fake{fail: func(n int) int { return map[int]int{1: 51, 3: 52}[n] }}), 0, "", 4},
		"busy for good":            {two(&fake{fail: always(51)}), fault.Unavailable, "busy", 3},
		"breaks off once":          {two(&fake{fail: func(n int) int { return map[int]int{2: -1}[n] }}), 0, "", 4},
		"breaks off every time":    {two(&fake{fail: func(n int) int { return -(n + 1) % 2 }}), fault.Unavailable, "broke off", 4},
		"size limit":               {two(&fake{fail: func(n int) int { return map[int]int{2: 4}[n] }}), fault.LimitReached, "part of a list", 2},
		"administrator's limit":    {two(&fake{fail: always(11)}), fault.LimitReached, "part of a list", 1},
		"no rights":                {two(&fake{fail: always(50)}), fault.Forbidden, "may not read", 1},
		"no such base":             {two(&fake{fail: always(32)}), fault.Invalid, "base_dn does not exist", 1},
		"elsewhere":                {two(&fake{fail: always(10)}), fault.Invalid, "another directory", 1},
		"a part elsewhere":         {two(&fake{referrals: []string{"ldap://eu.acme.example/DC=eu,DC=acme,DC=example"}}), fault.Invalid, "eu.acme.example", 1},
		"partitions of the domain": {two(&fake{referrals: []string{"ldap://DomainDnsZones.acme.example/DC=DomainDnsZones,DC=acme,DC=example", "ldap://acme.example/CN=Configuration,DC=acme,DC=example"}}), 0, "", 2},
		"wrong password":           {two(&fake{bind: "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 533, v4563"}), fault.Unauthenticated, "the account is disabled", 0},
		"no pages":                 {&fake{whole: true, page: func(int, int) ([]entry, bool) { return []entry{ana(), bo()}, false }}, 0, "", 1},
		"pages without entries":    {&fake{page: func(int, int) ([]entry, bool) { return nil, true }}, fault.Unavailable, "without an entry", 2 * (maxEmptyPages + 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := open(tt.fake.serve(t), ActiveDirectory, roster.Mapping{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := src.People(t.Context())
			if tt.kind == 0 && (err != nil || len(r.People) != 2) || tt.kind != 0 && !errors.Is(err, tt.kind) {
				t.Errorf("%d people, error %v; want %v", len(r.People), err, tt.kind)
			}
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v; want it to say %q", err, tt.want)
				}
				for _, secret := range []string{password, "own words", "DSID"} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("%v tells %q", err, secret)
					}
				}
			}
			if n := tt.fake.count(); n != tt.searches {
				t.Errorf("%d searches, want %d", n, tt.searches)
			}
		})
	}
}

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{Name: "hr", URL: "ldaps://ldap.acme.example", BindDN: reader, BindPassword: password, BaseDN: people}
	}
	if _, err := Open(good()); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"nothing":          {func(c *Config) { *c = Config{} }, []string{"url is not", "no bind_dn", "base_dn"}},
		"in the clear":     {func(c *Config) { c.URL = "ldap://ldap.acme.example" }, []string{"in the clear"}},
		"no password":      {func(c *Config) { c.BindPassword = "" }, []string{"no bind_password"}},
		"both":             {func(c *Config) { c.StartTLS = true }, []string{"start_tls"}},
		"no certificate":   {func(c *Config) { c.CACertPEM = "x" }, []string{"ca_cert_pem"}},
		"filter":           {func(c *Config) { c.Filter = "(uid=" }, []string{"filter"}},
		"schema":           {func(c *Config) { c.Schema = "nis" }, []string{"schema"}},
		"a path":           {func(c *Config) { c.URL += "/dc=acme" }, []string{"url is not"}},
		"everything":       {func(c *Config) { c.Mapping.Custom = map[string]string{"x": "*"} }, []string{"not the name of an attribute"}},
		"a password":       {func(c *Config) { c.Mapping.Custom = map[string]string{"x": "userPassword"} }, []string{"never read"}},
		"a home address":   {func(c *Config) { c.Mapping.FieldMap = map[string]string{"location": "homePostalAddress"} }, []string{"never read"}},
		"an unknown field": {func(c *Config) { c.Mapping.FieldMap = map[string]string{"town": "l"}; c.BindDN = "" }, []string{`"town"`, "no bind_dn"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good()
			tt.change(&c)
			_, err := Open(c)
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%v", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v; want it to say %q", err, w)
				}
			}
		})
	}
}

func TestEncryptedFromTheStart(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	f := holding(ana(), bo())
	f.first, f.tls = true, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	at := f.serve(t)
	for name, tt := range map[string]struct {
		ca   string
		kind fault.Kind
	}{"known authority": {cert, 0}, "unknown authority": {"", fault.Unavailable}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := Open(Config{Name: "hr", URL: at, CACertPEM: tt.ca, BindDN: reader, BindPassword: password, BaseDN: people, Schema: ActiveDirectory})
			if err != nil {
				t.Fatal(err)
			}
			r, err := src.People(t.Context())
			if tt.kind == 0 && (err != nil || len(r.People) != 2) || tt.kind != 0 && (!errors.Is(err, tt.kind) || !strings.Contains(err.Error(), "no trusted TLS")) {
				t.Errorf("%d people, %v", len(r.People), err)
			}
		})
	}
}

func TestServerThatHangs(t *testing.T) {
	t.Parallel()
	hanging := func(t *testing.T, timeout time.Duration) (src roster.Source, arrived chan struct{}) {
		t.Helper()
		release := make(chan struct{})
		arrived = make(chan struct{}, 2)
		f := holding(ana())
		f.seen = func(rostertest.Request) {
			arrived <- struct{}{}
			<-release
		}
		at := f.serve(t)
		t.Cleanup(func() { close(release) })
		src, err := Open(Config{Name: "hr", URL: at, BindDN: reader, BindPassword: password, BaseDN: people, Schema: ActiveDirectory, RequestTimeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		return src, arrived
	}
	t.Run("the run ends", func(t *testing.T) {
		t.Parallel()
		src, arrived := hanging(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { <-arrived; cancel() }()
		if r, err := src.People(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%d people, %v", len(r.People), err)
		}
	})
	t.Run("the time of a page ends", func(t *testing.T) {
		t.Parallel()
		src, _ := hanging(t, 200*time.Millisecond)
		if r, err := src.People(t.Context()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%d people, %v", len(r.People), err)
		}
	})
}
