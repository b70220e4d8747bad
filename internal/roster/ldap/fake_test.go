package ldap

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	wire "github.com/go-ldap/ldap/v3"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const (
	reader   = "cn=reader,dc=acme,dc=example"
	password = "reader-pass-0123"
	people   = "ou=people,dc=acme,dc=example"
)

// entry is what a fake directory holds: values are texts, lists of texts or bytes.
type entry struct {
	dn         string
	attributes map[string]any
}

// fake is a directory that speaks enough LDAP to be read, and fails as it is told. It gives the attributes that were asked
// for, written as the schema writes them, and pages as RFC 2696 says.
type fake struct {
	page  func(offset, size int) (entries []entry, more bool)
	seen  func(rostertest.Request)
	tls   *tls.Config
	first bool // TLS from the start
	// fail gives the result code of the n-th search, 0 for none, -1 to break the connection off.
	fail      func(n int) int
	bind      string // diagnostic message of a refused bind
	referrals []string
	whole     bool // knows no pages: everybody at once

	mu       sync.Mutex
	searches int
}

// serve gives the address.
func (f *fake) serve(t testing.TB) string {
	t.Helper()
	var l net.Listener
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scheme := "ldap://"
	if f.first {
		l, scheme = tls.NewListener(l, f.tls), "ldaps://"
	}
	var conns sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				f.converse(c)
			})
		}
	}()
	return scheme + l.Addr().String()
}

func (f *fake) converse(c net.Conn) {
	bound := false
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, op := p.Children[0].Value.(int64), p.Children[1]
		answer := func(tag ber.Tag, code int, message string, controls ...wire.Control) {
			r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
			r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
			r.AppendChild(octets("", ber.ClassUniversal, ber.TagOctetString))
			r.AppendChild(octets(message, ber.ClassUniversal, ber.TagOctetString))
			f.send(c, id, r, controls...)
		}
		switch op.Tag {
		case wire.ApplicationBindRequest:
			name, secret := op.Children[1].Data.String(), op.Children[2].Data.String()
			if bound = name == reader && secret == password && f.bind == ""; bound {
				answer(wire.ApplicationBindResponse, wire.LDAPResultSuccess, "")
			} else {
				answer(wire.ApplicationBindResponse, wire.LDAPResultInvalidCredentials, f.bind)
			}
		case wire.ApplicationExtendedRequest:
			answer(wire.ApplicationExtendedResponse, wire.LDAPResultSuccess, "")
			t := tls.Server(c, f.tls)
			if t.Handshake() != nil {
				return
			}
			c = t
		case wire.ApplicationSearchRequest:
			if !bound {
				answer(wire.ApplicationSearchResultDone, wire.LDAPResultInsufficientAccessRights, "")
				continue
			}
			if !f.search(c, id, p, answer) {
				return
			}
		default:
			return
		}
	}
}

func (f *fake) search(c net.Conn, id int64, p *ber.Packet, answer func(ber.Tag, int, string, ...wire.Control)) bool {
	r, attrs := asked(p)
	if f.seen != nil {
		f.seen(r)
	}
	f.mu.Lock()
	f.searches++
	n := f.searches
	f.mu.Unlock()
	if f.fail != nil {
		switch code := f.fail(n); {
		case code < 0:
			return false
		case code > 0:
			answer(wire.ApplicationSearchResultDone, code, "the server's own words")
			return true
		}
	}
	offset, size := 0, 1<<30
	for _, control := range p.Children[2].Children {
		decoded, err := wire.DecodeControl(control)
		if paging, ok := decoded.(*wire.ControlPaging); err == nil && ok && !f.whole {
			size = int(paging.PagingSize)
			offset, _ = strconv.Atoi(string(paging.Cookie))
		}
	}
	entries, more := f.page(offset, size)
	for _, e := range entries {
		f.send(c, id, e.encode(attrs))
	}
	for _, ref := range f.referrals {
		op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, wire.ApplicationSearchResultReference, nil, "")
		op.AppendChild(octets(ref, ber.ClassUniversal, ber.TagOctetString))
		f.send(c, id, op)
	}
	if f.whole {
		answer(wire.ApplicationSearchResultDone, wire.LDAPResultSuccess, "")
		return true
	}
	next := wire.NewControlPaging(0)
	if more {
		next.SetCookie([]byte(strconv.Itoa(offset + size)))
	}
	answer(wire.ApplicationSearchResultDone, wire.LDAPResultSuccess, "", next)
	return true
}

// count is how many searches there were.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.searches
}

func (e entry) encode(attrs []string) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, wire.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(e.dn, ber.ClassUniversal, ber.TagOctetString))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, v := range e.attributes {
		if !slices.ContainsFunc(attrs, func(a string) bool { return strings.EqualFold(a, name) }) {
			continue
		}
		var values []string
		switch v := v.(type) {
		case nil:
		case string:
			values = []string{v}
		case []byte:
			values = []string{string(v)}
		case []string:
			values = v
		default: // broken by the test
			values = []string{"\xff\xfe\x00"}
		}
		if values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" }); len(values) == 0 {
			continue
		}
		attr := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		attr.AppendChild(octets(name, ber.ClassUniversal, ber.TagOctetString))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, s := range values {
			set.AppendChild(octets(s, ber.ClassUniversal, ber.TagOctetString))
		}
		attr.AppendChild(set)
		list.AppendChild(attr)
	}
	op.AppendChild(list)
	return op
}

func octets(s string, class ber.Class, tag ber.Tag) *ber.Packet {
	return ber.NewString(class, ber.TypePrimitive, tag, s, "")
}

func (f *fake) send(c net.Conn, id int64, op *ber.Packet, controls ...wire.Control) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, control := range controls {
			list.AppendChild(control.Encode())
		}
		p.AppendChild(list)
	}
	_, _ = c.Write(p.Bytes())
}

// asked is a search request for the record, and the attributes in it.
func asked(p *ber.Packet) (r rostertest.Request, attrs []string) {
	op := p.Children[1]
	filter, err := wire.DecompileFilter(op.Children[6])
	if err != nil {
		filter = err.Error()
	}
	for _, a := range op.Children[7].Children {
		attrs = append(attrs, a.Data.String())
	}
	return rostertest.Request{Method: "search", Path: op.Children[0].Data.String(), Query: filter, Body: strings.Join(attrs, " ")}, attrs
}

// adDN, adTime and adEntry write a company as Active Directory does, with an HR feed in the extension attributes.
func adDN(id string) string { return "CN=" + id + ",OU=People,DC=acme,DC=example" }

// adTime is a midnight in a zone as generalized time in UTC.
func adTime(date string, zone *time.Location) string {
	if date == "" {
		return ""
	}
	t, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		panic(err)
	}
	return t.UTC().Format("20060102150405.0Z")
}

// adExpires is "end of" a day: the midnight behind it in a zone, as FILETIME.
func adExpires(date string, zone *time.Location) string {
	if date == "" {
		return "9223372036854775807"
	}
	t, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		panic(err)
	}
	t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone)
	return strconv.FormatInt(t.Unix()*10_000_000+epoch, 10)
}

func adEntry(c *rostertest.Company, p rostertest.Person) entry {
	control := "512"
	if p.Over() {
		control = "514"
	}
	boss := ""
	if p.Manager != "" {
		boss = strings.Replace(adDN(p.Manager), ",OU=", ", ou=", 1) // names differ in case and blanks
	}
	number, _ := strconv.Atoi(p.ID)
	guid := make([]byte, 16)
	binary.LittleEndian.PutUint32(guid, uint32(number))
	return entry{adDN(p.ID), c.Record(p, map[string]any{
		"objectGUID": guid, "sAMAccountName": p.ID, "userPrincipalName": p.ID + "@acme.example", "employeeID": p.Number, "givenName": p.GivenName, "sn": p.FamilyName,
		"displayName": p.FullName(), "mail": p.Email, "title": p.Title, "department": p.Department, "company": "Acme", "physicalDeliveryOfficeName": p.Location,
		"manager": boss, "employeeType": string(p.Type), "userAccountControl": control, "accountExpires": adExpires(p.Contract, c.Zone),
		"extensionAttribute1": p.Preferred, "extensionAttribute2": adTime(p.Start, c.Zone), "extensionAttribute3": adTime(p.OriginalStart, c.Zone),
		"extensionAttribute4": adTime(p.End, c.Zone), "extensionAttribute5": p.LastDay,
		"homePhone": "secret", "unicodePwd": []byte("secret"), "whenCreated": "20200101120000.0Z",
	}, "title")}
}
