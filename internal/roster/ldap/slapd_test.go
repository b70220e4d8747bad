package ldap

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	wire "github.com/go-ldap/ldap/v3"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

// slapd is a real OpenLDAP server of this test's own.
type slapd struct {
	ldif    string // entries below base
	hide    string // attribute that the reader may not see
	limited bool   // the reader has the server's usual size limit
	tls     bool
	wants   string // further lines for the database
}

// server finds slapd, or skips: then nothing of this package is held against a real server.
func server(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("slapd")
	if err != nil {
		path = "/usr/sbin/slapd"
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("slapd is not installed: reading from a real OpenLDAP server is not checked (Debian: apt-get install slapd)")
	}
	if _, err := os.Stat("/etc/ldap/schema/inetorgperson.schema"); err != nil {
		t.Skip("the schema files of slapd are not in /etc/ldap/schema: reading from a real OpenLDAP server is not checked")
	}
	return path
}

const acmeSchema = `
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'acmeStart' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'acmeFirstStart' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.3 NAME 'acmeEnd' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.4 NAME 'acmeLastDay' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.5 NAME 'acmeContractEnd' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.6 NAME 'acmeKnownAs' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'acmePerson' AUXILIARY MAY ( acmeStart $ acmeFirstStart $ acmeEnd $ acmeLastDay $ acmeContractEnd $ acmeKnownAs ) )
`

// start runs the server on a socket in a directory of its own and gives the socket.
func (s slapd) start(t testing.TB) (socket, ca string) {
	t.Helper()
	bin := server(t)
	dir, err := os.MkdirTemp("", "slapd") //nolint:usetesting // the path of a socket has little room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := ""
	for _, name := range []string{"core", "cosine", "inetorgperson"} {
		conf += "include /etc/ldap/schema/" + name + ".schema\n"
	}
	conf += "include " + write("acme.schema", acmeSchema) + "\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload ppolicy\npidfile " + filepath.Join(dir, "pid") + "\n"
	if s.tls {
		cert, key := certificate(t)
		ca = cert
		conf += "TLSCertificateFile " + write("cert.pem", cert) + "\nTLSCertificateKeyFile " + write("key.pem", key) + "\n"
	}
	conf += "database mdb\nsuffix dc=acme,dc=example\nmaxsize 1073741824\ndirectory " + dir + "\nrootdn cn=admin,dc=acme,dc=example\noverlay ppolicy\n" + s.wants
	conf += "access to attrs=userPassword by anonymous auth by * none\n"
	if s.hide != "" {
		conf += "access to attrs=" + s.hide + " by * none\n"
	}
	conf += "access to * by dn.exact=\"" + reader + "\" read by * none\n"
	if !s.limited {
		conf += "limits dn.exact=\"" + reader + "\" size.soft=unlimited size.hard=unlimited size.prtotal=unlimited\n"
	}
	path := write("slapd.conf", conf)
	ldif := write("company.ldif", "dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: acme\no: Acme\n\n"+
		"dn: "+reader+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: "+password+"\n\n"+
		"dn: "+people+"\nobjectClass: organizationalUnit\nou: people\n\n"+s.ldif)
	if out, err := exec.CommandContext(t.Context(), bin, "-T", "add", "-q", "-f", path, "-l", ldif).CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	socket = filepath.Join(dir, "s")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin, "-d", "0", "-h", "ldapi://"+url.QueryEscape(socket), "-f", path)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for range 600 { // until it listens; there is nothing else to wait for
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return socket, ca
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("slapd does not listen:\n%s", output.String())
	return "", ""
}

// listen puts a TCP port before the socket, which tells what is searched for.
func listen(t testing.TB, socket string, seen func(rostertest.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", socket)
			if err != nil {
				_ = in.Close()
				continue
			}
			conns.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
			conns.Go(func() { relay(in, out, seen); _ = out.Close() })
		}
	}()
	return "ldap://" + l.Addr().String()
}

func relay(in, out net.Conn, seen func(rostertest.Request)) {
	if seen == nil {
		_, _ = io.Copy(out, in)
		return
	}
	for {
		p, err := ber.ReadPacket(in)
		if err != nil {
			return
		}
		if p.Children[1].Tag == wire.ApplicationSearchRequest {
			r, _ := asked(p)
			seen(r)
		}
		if _, err := out.Write(p.Bytes()); err != nil {
			return
		}
	}
}

// certificate is one for 127.0.0.1, signed by itself.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// person writes a person down as inetOrgPerson. A mononym has "-" for a surname, which the schema demands.
func person(c *rostertest.Company, p rostertest.Person) string {
	r := c.Record(p, map[string]any{
		"uid": p.ID, "employeeNumber": p.Number, "givenName": p.GivenName, "sn": p.FamilyName, "cn": p.FullName(), "mail": p.Email, "title": p.Title,
		"departmentNumber": p.Department, "l": p.Location, "employeeType": string(p.Type), "acmeKnownAs": p.Preferred,
		"acmeStart": plainTime(p.Start), "acmeFirstStart": adTime(p.OriginalStart, c.Zone), "acmeEnd": adTime(p.End, c.Zone), "acmeLastDay": plainTime(p.LastDay), "acmeContractEnd": plainTime(p.Contract),
	}, "uid")
	name := "uid=" + p.ID
	if _, ok := r["uid"].(string); !ok { // broken: an entry without the id
		name = "cn=" + p.ID
		delete(r, "uid")
	}
	if r["sn"] == "" {
		r["sn"] = "-"
	}
	if p.Manager != "" {
		r["manager"] = "uid=" + p.Manager + ", " + strings.ToUpper(people)
	}
	if p.Over() {
		r["pwdAccountLockedTime"] = forever
	}
	text := "dn: " + name + "," + people + "\nobjectClass: inetOrgPerson\nobjectClass: acmePerson\nuserPassword: secret\nhomePostalAddress: secret\n"
	if name == "cn="+p.ID {
		text += "cn: " + p.ID + "\n"
	}
	for a, v := range r {
		if s, _ := v.(string); s != "" {
			text += a + ":: " + base64.StdEncoding.EncodeToString([]byte(s)) + "\n"
		}
	}
	return text + "\n"
}

func plainTime(date string) string {
	if date == "" {
		return ""
	}
	return strings.ReplaceAll(date, "-", "") + "000000Z"
}

func TestRosterOpenLDAP(t *testing.T) {
	t.Parallel()
	server(t)
	rostertest.Run(t, rostertest.Vendor{
		Listen: func(t testing.TB, c *rostertest.Company, seen func(rostertest.Request)) string {
			var ldif strings.Builder
			for _, p := range c.People {
				ldif.WriteString(person(c, p))
			}
			socket, _ := slapd{ldif: ldif.String(), hide: c.Withheld()}.start(t)
			return listen(t, socket, seen)
		},
		Open: func(url string, m roster.Mapping) (roster.Source, error) { return open(url, InetOrgPerson, m) },
		Mapping: roster.Mapping{NullValues: []string{"-"}, FieldMap: map[string]string{
			"source_id": "uid", "preferred_given_name": "acmeKnownAs", "start_date": "acmeStart", "original_hire_date": "acmeFirstStart",
			"end_date": "acmeEnd", "last_working_day": "acmeLastDay", "contract_end_date": "acmeContractEnd",
		}},
		Department: "departmentNumber", Selects: true, NoLeave: true,
		Requests: func(people int) int { return people/pageSize + 1 },
	})
}

const some = `dn: uid=ana,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: ana
cn: Ana García
givenName: Ana
sn: García
mail: ana@acme.example
title: CEO
departmentNumber: Board
l: Madrid
employeeType: employee
employeeNumber: 1
entryUUID: 6c1a5c5e-0000-4000-8000-00000000000a

dn: uid=bo,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: bo
cn: Bo
givenName: Bo
sn: Li
mail: bo@acme.example
title: CTO
departmentNumber: Board
l: Madrid
employeeType: employee
employeeNumber: 2
manager: uid=ana,ou=people,dc=acme,dc=example
entryUUID: 6c1a5c5e-0000-4000-8000-00000000000b
pwdAccountLockedTime: 000001010000Z

`

func TestOpenLDAPAsItComes(t *testing.T) {
	t.Parallel()
	socket, ca := slapd{ldif: some, tls: true, wants: "security simple_bind=128\n"}.start(t)
	at := listen(t, socket, nil)
	config := func(change func(*Config)) Config {
		c := Config{Name: "hr", URL: at, StartTLS: true, CACertPEM: ca, BindDN: reader, BindPassword: password, BaseDN: people}
		if change != nil {
			change(&c)
		}
		return c
	}
	read := func(t *testing.T, c Config) (roster.Roster, error) {
		t.Helper()
		src, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		return src.People(t.Context())
	}
	t.Run("people", func(t *testing.T) {
		t.Parallel()
		r, err := read(t, config(nil))
		if err != nil || len(r.People) != 2 || len(r.Problems)+len(r.Notices) > 0 {
			t.Fatal(err, r)
		}
		a, b := r.People[0], r.People[1]
		if a.PersonID != "6c1a5c5e-0000-4000-8000-00000000000a" || b.ManagerID != a.PersonID || a.Status != access.StatusActive || b.Status != access.StatusTerminated {
			t.Errorf("%+v\n%+v", a, b)
		}
	})
	t.Run("a filter", func(t *testing.T) {
		t.Parallel()
		r, err := read(t, config(func(c *Config) { c.Filter = "(&(objectClass=inetOrgPerson)(!(uid=ana)))" }))
		if err != nil || len(r.People) != 1 || r.People[0].ManagerID != "" || len(r.Notices) != 1 {
			t.Errorf("%v: a manager outside the filter is a notice: %v", err, r)
		}
	})
	for name, tt := range map[string]struct {
		change func(*Config)
		kind   fault.Kind
		want   string
	}{
		"another authority": {func(c *Config) { c.CACertPEM = "" }, fault.Unavailable, "no trusted TLS"},
		"in the clear":      {func(c *Config) { c.StartTLS = false }, fault.Invalid, "encrypted connection"},
		"wrong password":    {func(c *Config) { c.BindPassword = "wrong-pass-456" }, fault.Unauthenticated, "refused bind_dn"},
		"wrong base":        {func(c *Config) { c.BaseDN = "ou=staff,dc=acme,dc=example" }, fault.Invalid, "base_dn does not exist"},
		"foreign base":      {func(c *Config) { c.BaseDN = "dc=other,dc=example" }, fault.Invalid, "base_dn"},
		"nobody":            {func(c *Config) { c.Filter = "(uid=nobody)" }, fault.Invalid, "no people"},
		"a field that is nowhere": {
			func(c *Config) { c.Mapping.FieldMap = map[string]string{"division": "ou"} }, fault.Forbidden, `"ou" (division)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, config(tt.change))
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d people, %v; want %v, %q", len(r.People), err, tt.kind, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "wrong-pass") {
				t.Errorf("%v tells the password", err)
			}
		})
	}
}

func TestOpenLDAPSizeLimit(t *testing.T) {
	t.Parallel()
	server(t)
	var ldif strings.Builder
	for i := range 2*pageSize + 1 {
		fmt.Fprintf(&ldif, "dn: uid=%d,%s\nobjectClass: inetOrgPerson\nuid: %d\ncn: P%d\nsn: P\n\n", i, people, i, i)
	}
	socket, _ := slapd{ldif: ldif.String(), limited: true}.start(t)
	src, err := open(listen(t, socket, nil), InetOrgPerson, roster.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := src.People(t.Context()); !errors.Is(err, fault.LimitReached) {
		t.Errorf("a roster of %d people, error %v", len(r.People), err)
	}
}
