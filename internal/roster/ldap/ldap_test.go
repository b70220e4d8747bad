package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
			if tt.fake.searches != tt.searches {
				t.Errorf("%d searches, want %d", tt.fake.searches, tt.searches)
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

func TestDaysNeverShift(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ zone, value, want string }{
		"a date is a date in the far west":   {"Pacific/Niue", "20260329000000Z", "2026-03-29"},
		"a date is a date in the far east":   {"Pacific/Kiritimati", "20260329000000.0Z", "2026-03-29"},
		"a date with an offset":              {"Pacific/Niue", "20260329000000+0200", "2026-03-29"},
		"local midnight, UTC-11":             {"Pacific/Niue", "20260329110000Z", "2026-03-29"},
		"local midnight, UTC+14":             {"Pacific/Kiritimati", "20260328100000Z", "2026-03-29"},
		"the night of summer time":           {"Europe/Madrid", "20260328230000Z", "2026-03-29"},
		"the end of that day":                {"Europe/Madrid", "20260329215959Z", "2026-03-29"},
		"the night back":                     {"Europe/Madrid", "20261024220000Z", "2026-10-25"},
		"half past, Newfoundland":            {"America/St_Johns", "20260308033000Z", "2026-03-08"},
		"hours only":                         {"Europe/Madrid", "2026032823Z", "2026-03-29"},
		"minutes only, short offset":         {"Europe/Madrid", "202603282300+00", "2026-03-29"},
		"a fraction after midnight":          {"Pacific/Niue", "20260329000000.5Z", "2026-03-28"},
		"an ISO date stays":                  {"Pacific/Niue", "2026-03-29", "2026-03-29"},
		"a FILETIME that is no expiry":       {"Pacific/Kiritimati", "134192556000000000", "2026-03-30"},
		"before the epoch of FILETIME, none": {"Europe/Madrid", "0", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			got, err := values{zone: zone, dates: map[string]bool{"hired": true}}.text("hired", [][]byte{[]byte(tt.value)})
			if err != nil || got != tt.want {
				t.Errorf("%s in %s is %q, %v; want %q", tt.value, tt.zone, got, err, tt.want)
			}
		})
	}
	for _, bad := range []string{"20260230000000Z", "20260329250000Z"} {
		if got, err := (values{zone: time.UTC, dates: map[string]bool{"hired": true}}).text("hired", [][]byte{[]byte(bad)}); err == nil {
			t.Errorf("%s is %q", bad, got)
		}
	}
}

// TestExpiryIsTheLastDay: in every zone and on every day of a year, "end of" a day ends that day.
func TestExpiryIsTheLastDay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Pacific/Niue", "Pacific/Kiritimati", "Europe/Madrid", "America/St_Johns", "Africa/Cairo", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		v := values{zone: zone, dates: map[string]bool{"accountexpires": true}}
		for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
			want := day.Format(time.DateOnly)
			if got, err := v.text(accountExpires, [][]byte{[]byte(adExpires(want, zone))}); err != nil || got != want {
				t.Fatalf("end of %s in %s is %q, %v", want, name, got, err)
			}
		}
		for _, never := range []string{"0", "9223372036854775807", "9223372036854775806"} {
			if got, err := v.text(accountExpires, [][]byte{[]byte(never)}); err != nil || got != "" {
				t.Errorf("%s is %q, %v", never, got, err)
			}
		}
	}
}

func TestNamesAreComparedAsTheDirectoryDoes(t *testing.T) {
	t.Parallel()
	one := plainDN(`CN=Ana  García+uid=1,OU=People,DC=acme,DC=example`)
	for _, same := range []string{`cn=ana garcía+UID=1, ou=people, dc=Acme, dc=example`, `UID=1+cn=Ana Garc\C3\ADa,ou=people,dc=acme,dc=example`} {
		if diff := cmp.Diff(one, plainDN(same)); diff != "" {
			t.Errorf("%s: %s", same, diff)
		}
	}
	for _, other := range []string{`CN=Ana García,OU=People,DC=acme,DC=example`, `uid=1,ou=people,dc=acme,dc=example`, ""} {
		if plainDN(other) == one {
			t.Errorf("%q is another name", other)
		}
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

func FuzzDay(f *testing.F) {
	for _, s := range []string{"20260329000000Z", "20260328230000.5+0100", "134192556000000000", "2026-03-29", "0", "", "20261399000000Z", "9223372036854775807"} {
		f.Add(s)
	}
	zone, err := time.LoadLocation("Pacific/Kiritimati")
	if err != nil {
		f.Fatal(err)
	}
	v := values{zone: zone, dates: map[string]bool{"hired": true, "accountexpires": true}}
	f.Fuzz(func(t *testing.T, s string) {
		for _, attr := range []string{"hired", accountExpires} {
			day, err := v.one(attr, []byte(s))
			if err != nil || day == "" || day == s {
				continue
			}
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				t.Errorf("%s %q is %q", attr, s, day)
			}
		}
	})
}
