package ldap

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/go-ldap/ldap/v3"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// maxEmptyPages bounds a server that hands out cookies without entries.
const maxEmptyPages = 50

// directory is one directory to read.
type directory struct {
	cfg    Config
	host   string
	tls    *tls.Config
	id     string // attribute that is the id of people
	values values
}

// read searches for everybody, page by page. The managers are resolved when all entries are there: an entry names its
// manager by a DN, which changes with every move and every marriage, and people are known by an id that does not.
func (d *directory) read(ctx context.Context, want []string, p *hrapi.Pages) error {
	pages, err := d.search(ctx, attributes(want))
	if err != nil {
		return err
	}
	ids := map[string]string{} // DN -> id
	records := make([][]map[string]string, len(pages))
	for i, page := range pages {
		for _, e := range page {
			r, err := d.record(e, want)
			if err != nil {
				return err
			}
			ids[plainDN(e.DN)] = r[d.id]
			records[i] = append(records[i], r)
		}
	}
	for _, page := range records {
		list := make([]json.RawMessage, len(page))
		for i, r := range page {
			if id, ok := ids[plainDN(r[manager])]; ok { // who is outside of base_dn or filter stays a DN, and becomes a notice
				r[manager] = id
			}
			if list[i], err = json.Marshal(r); err != nil {
				return fmt.Errorf("encode an entry: %w", err)
			}
		}
		if err := p.Add(list); err != nil {
			return err
		}
	}
	return nil
}

// record is an entry by the attributes that were asked for, in the mapping's spelling.
func (d *directory) record(e *wire.Entry, want []string) (map[string]string, error) {
	r := map[string]string{}
	for _, attr := range want {
		if attr == "dn" {
			r[attr] = e.DN
			continue
		}
		raw := e.GetEqualFoldRawAttributeValues(attr)
		if len(raw) == 0 {
			continue
		}
		if (strings.EqualFold(attr, d.id) || attr == manager) && len(raw) > 1 {
			return nil, broken(e, fmt.Sprintf("has %d values of %s, of which there may be one", len(raw), attr))
		}
		text, err := d.values.text(attr, raw)
		if err != nil {
			return nil, broken(e, fmt.Sprintf("has a value of %s that %s", attr, err))
		}
		if text != "" {
			r[attr] = text
		}
	}
	if r[d.id] == "" {
		return nil, broken(e, fmt.Sprintf("has no %s, which is the id of people and which every one has", d.id))
	}
	return r, nil
}

func broken(e *wire.Entry, what string) error {
	return &fault.Error{
		Kind: fault.Invalid, Cause: fmt.Sprintf("ldap entry %q %s", e.DN, what),
		Next: "Correct the entry, narrow filter if it is no person, or map another attribute. Nothing is decided on a roster with a hole.",
	}
}

// plainDN is the form in which names are compared (RFC 4518, as far as names of people in one directory differ).
func plainDN(dn string) string {
	parsed, err := wire.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	var b strings.Builder
	for _, rdn := range parsed.RDNs {
		parts := make([]string, len(rdn.Attributes))
		for i, a := range rdn.Attributes {
			parts[i] = strings.ToLower(a.Type) + "=" + strings.ToLower(strings.Join(strings.Fields(a.Value), " "))
		}
		slices.Sort(parts)
		b.WriteString(strings.Join(parts, "+") + "\x00")
	}
	return b.String()
}

// search reads all pages (RFC 2696).
func (d *directory) search(ctx context.Context, attrs []string) ([][]*wire.Entry, error) {
	conn, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	paging := wire.NewControlPaging(pageSize)
	var pages [][]*wire.Entry
	seen := map[string]int{} // DN -> page
	empty := 0
	for {
		r := wire.NewSearchRequest(d.cfg.BaseDN, wire.ScopeWholeSubtree, wire.NeverDerefAliases, 0, 0, false, d.cfg.Filter, attrs, []wire.Control{paging})
		res, err := d.page(ctx, conn, r, len(pages)+1)
		if err != nil {
			return nil, err
		}
		if err := d.elsewhere(res.Referrals); err != nil {
			return nil, err
		}
		pages = append(pages, res.Entries)
		for _, e := range res.Entries {
			if at, ok := seen[e.DN]; ok {
				return nil, hrapi.Changed("ldap entry %q came on page %d and again on page %d: the list moved while it was read, or a page is repeated", e.DN, at, len(pages))
			}
			seen[e.DN] = len(pages)
		}
		next, ok := wire.FindControl(res.Controls, wire.ControlTypePaging).(*wire.ControlPaging)
		if !ok || len(next.Cookie) == 0 { // a server without pages says so by leaving the control out, and gives all at once
			return pages, nil
		}
		if len(res.Entries) == 0 {
			if empty++; empty > maxEmptyPages || bytes.Equal(next.Cookie, paging.Cookie) {
				return nil, hrapi.Changed("the directory sends page after page without an entry")
			}
		}
		paging.SetCookie(next.Cookie)
	}
}

// elsewhere refuses a list that has a part in another directory: referrals are never followed, because that server would
// get the password. Active Directory always names its own partitions, which hold no people.
func (d *directory) elsewhere(referrals []string) error {
	for _, ref := range referrals {
		low := strings.ToLower(ref)
		if slices.ContainsFunc([]string{"cn=configuration,", "dc=domaindnszones,", "dc=forestdnszones,"}, func(part string) bool { return strings.Contains(low, "/"+part) }) {
			continue
		}
		return &fault.Error{
			Kind: fault.Invalid, Cause: fmt.Sprintf("a part of the tree below %q is in another directory, %q, where nobody was asked", d.cfg.BaseDN, strings.ToValidUTF8(ref, "?")),
			Next: "Set base_dn to what this directory holds itself, and give the other one a roster of its own.",
		}
	}
	return nil
}

// connect dials, encrypts and binds. A server that is busy or does not answer is asked again.
func (d *directory) connect(ctx context.Context) (*wire.Conn, error) {
	var conn *wire.Conn
	err := d.again(ctx, func() (err error) {
		conn, err = d.dial(ctx)
		return err
	})
	return conn, d.explain(ctx, err, 0)
}

func (d *directory) dial(ctx context.Context) (*wire.Conn, error) {
	timeout := d.timeout()
	dialer := &net.Dialer{Timeout: min(timeout, 30*time.Second), Cancel: ctx.Done()} //nolint:staticcheck // go-ldap dials without a context
	conn, err := wire.DialURL(d.cfg.URL, wire.DialWithDialer(dialer), wire.DialWithTLSConfig(d.tls))
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(timeout)
	if d.cfg.StartTLS {
		err = conn.StartTLS(d.tls.Clone())
	}
	if err == nil {
		err = conn.Bind(d.cfg.BindDN, d.cfg.BindPassword)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (d *directory) timeout() time.Duration {
	if d.cfg.RequestTimeout > 0 {
		return d.cfg.RequestTimeout
	}
	return time.Minute
}

func (d *directory) page(ctx context.Context, conn *wire.Conn, r *wire.SearchRequest, number int) (*wire.SearchResult, error) {
	start := time.Now()
	var res *wire.SearchResult
	err := d.again(ctx, func() (err error) {
		res, err = conn.Search(r)
		return err
	})
	entries := 0
	if res != nil {
		entries = len(res.Entries)
	}
	if d.cfg.Log != nil {
		d.cfg.Log.LogAttrs(ctx, slog.LevelDebug, "ldap search", slog.String("system", d.cfg.Name), slog.Int("page", number), slog.Int("entries", entries), slog.Duration("took", time.Since(start)))
	}
	return res, d.explain(ctx, err, number)
}

// again repeats what a server was too busy for. A connection that broke off is not repeated here: pages belong to it.
func (d *directory) again(ctx context.Context, do func() error) error {
	pauses := d.cfg.pauses
	if pauses == nil {
		pauses = []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 4 * time.Second}
	}
	for _, pause := range pauses {
		err := do()
		if !wire.IsErrorAnyOf(err, wire.LDAPResultBusy, wire.LDAPResultUnavailable) {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
	return do()
}

// explain says what an error of the directory means. Its messages are not read: they are for people, and may repeat anything.
// Page is 0 before the first one.
func (d *directory) explain(ctx context.Context, err error, page int) error {
	var e *wire.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &e): // go-ldap has no code for a connection that ends
		e = &wire.Error{ResultCode: wire.ErrorNetwork, Err: err}
	}
	code := e.ResultCode
	f := &fault.Error{Kind: fault.Unavailable, Protocol: "ldap"}
	if code < wire.ErrorNetwork {
		f.Status, f.Code = int(code), strings.ReplaceAll(wire.LDAPResultCodeMap[code], " ", "")
	}
	switch code {
	case wire.ErrorNetwork:
		text := "" // go-ldap keeps no more of a failed handshake
		if e.Err != nil {
			text = e.Err.Error()
		}
		switch {
		case strings.Contains(text, "tls: ") || strings.Contains(text, "x509: ") || strings.Contains(text, "TLS handshake"):
			f.Cause, f.Next = "no trusted TLS connection to "+d.host+" came about", "Check that the server offers TLS under this name; set ca_cert_pem where its certificate is of an authority of your own."
		case page > 0:
			return hrapi.Changed("the connection to the directory broke off on page %d, or took longer than %s", page, d.timeout())
		default:
			f.Cause, f.Next = d.host+" does not answer as a directory", "Check url, and that this machine may reach the port."
		}
	case wire.LDAPResultInvalidCredentials:
		f.Kind, f.Cause, f.Next = fault.Unauthenticated, "the directory refused bind_dn and bind_password", "Check both, and that the account is neither locked nor expired."
		if why := refusedBind(e); why != "" {
			f.Cause += ": " + why
		}
	case wire.LDAPResultInsufficientAccessRights:
		f.Kind, f.Cause, f.Next = fault.Forbidden, "bind_dn may not read people below base_dn", "Give it the right to read them."
	case wire.LDAPResultNoSuchObject: // what may not be seen does not exist either
		f.Kind, f.Cause, f.Next = fault.Invalid, "base_dn does not exist, or bind_dn may not see it", "Check base_dn, and the rights of bind_dn."
	case wire.LDAPResultSizeLimitExceeded, wire.LDAPResultAdminLimitExceeded, wire.LDAPResultTimeLimitExceeded:
		f.Kind, f.Cause = fault.LimitReached, fmt.Sprintf("the directory stopped at a limit on page %d; part of a list is no roster", page)
		f.Next = "Raise the limit for bind_dn (in OpenLDAP: limits dn.exact=\"…\" size.prtotal=unlimited size.soft=unlimited), or narrow filter."
	case wire.LDAPResultConfidentialityRequired, wire.LDAPResultStrongAuthRequired:
		f.Kind, f.Cause, f.Next = fault.Invalid, "the directory wants an encrypted connection", "Use ldaps://, or set start_tls = true."
	case wire.LDAPResultReferral:
		f.Kind, f.Cause, f.Next = fault.Invalid, "base_dn is in another directory", "Set url to the directory that holds base_dn; referrals are not followed."
	case wire.LDAPResultUnavailableCriticalExtension, wire.LDAPResultUnwillingToPerform, wire.LDAPResultOperationsError, wire.LDAPResultProtocolError:
		f.Kind, f.Cause, f.Next = fault.Unsupported, "the directory does not carry this out", "Check filter, and whether the server takes simple binds and StartTLS on this port."
	case wire.LDAPResultBusy, wire.LDAPResultUnavailable:
		f.Cause, f.Next = "the directory is busy, and stayed so", "Run again later."
	default:
		f.Cause, f.Next = "the directory answered with result code "+strconv.Itoa(int(code)), "Run again; nothing is decided on half a roster."
	}
	return f
}

// refusedBind reads Active Directory's machine code out of "… AcceptSecurityContext error, data 533, v4563": why, beyond
// that the bind was refused.
func refusedBind(e *wire.Error) string {
	if e.Err == nil {
		return ""
	}
	_, rest, ok := strings.Cut(e.Err.Error(), "AcceptSecurityContext error, data ")
	if !ok {
		return ""
	}
	data, _, _ := strings.Cut(rest, ",")
	return map[string]string{
		"525": "there is no such user", "52e": "wrong password", "530": "not at this time", "531": "not from this machine", "532": "the password has expired",
		"533": "the account is disabled", "701": "the account has expired", "773": "the password must be changed first", "775": "the account is locked",
	}[data]
}
