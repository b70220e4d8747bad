package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Rows per page. Okta recommends 200 for users and groups; members and assignments go up to what their endpoints
// give at most, because they are the many listings of a run.
const (
	userPage       = 200
	groupPage      = 200
	rulePage       = 200
	memberPage     = 1000
	assignmentPage = 500
)

// maxEmptyPages bounds a server that hands out links without rows.
const maxEmptyPages = 50

// client is what the directory and the assignments of one app have in common.
type client struct {
	name string // of the app block
	http *httpclient.Client
	// patience are the pauses before looking again for the effect of a write that is carried out late.
	patience []time.Duration
}

var defaultPatience = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// Requests is the number of HTTP requests sent so far, retries included, those for access tokens not.
func (c *client) Requests() int64 { return c.http.Requests() }

func (c *client) fault(err error, op, subject string) error {
	err = fault.In(err, c.name, op, subject)
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = "okta"
	}
	return err
}

// Codes of errors (developer.okta.com, "Okta error codes") that decisions hang on.
const (
	codeValidation = "E0000001"
	codeNotFound   = "E0000007"
)

// explain reads Okta's error object. Status and errorCode decide; texts never do, because they may repeat anything.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body struct {
		ErrorCode, ErrorID any
	}
	_ = json.Unmarshal(f.Body, &body) // what is no JSON has no code
	code, _ := body.ErrorCode.(string)
	d := httpclient.Diagnosis{Code: code}
	if id := f.Header.Get("X-Okta-Request-Id"); id == "" {
		d.RequestID, _ = body.ErrorID.(string)
	}
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusTooManyRequests {
		return d
	}
	switch code {
	case codeValidation, "E0000003":
		d.Kind, d.Cause = fault.Invalid, "Okta does not accept one of the values"
		d.Next = "Look at the rules for the profile in Okta (Directory, Profile Editor): by default an account needs an e-mail address, a given and a family name, and a user name in the form of an e-mail address."
	case "E0000004", "E0000005", "E0000011":
		d.Kind, d.Cause = fault.Unauthenticated, "Okta refused the credential"
		d.Next = "Check the token: API tokens end with 30 days of disuse, and with the account of the admin who made them."
	case "E0000006", "E0000015":
		d.Kind, d.Cause = fault.Forbidden, "the credential is not allowed to do this in Okta"
		d.Next = "Give the token's admin, or the service app, an admin role that covers it, and the service app the scope."
	case codeNotFound:
		d.Kind = fault.NotFound
	case "E0000008":
		d.Kind, d.Cause, d.Next = fault.Invalid, "there is no such path at this address", "Check org_url: it is the address of the organization, without a path."
	case "E0000016":
		d.Kind, d.Cause = fault.Stale, "the account is active already"
	case "E0000022", "E0000060":
		d.Kind, d.Cause = fault.Unsupported, "Okta does not offer this operation"
	case "E0000038":
		d.Kind, d.Cause = fault.Stale, "the account's status does not allow this"
	case "E0000047":
		d.Kind = fault.RateLimited
	}
	return d
}

// code is Okta's machine code of an error, "" when there is none.
func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func withState(err error, state string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.State = state
	return &c
}

func label(ref access.AccountRef) string {
	if ref.UserName != "" {
		return ref.UserName
	}
	return "account " + ref.ID
}

// path is below /api/v1. Ids are escaped by the client, which refuses empty ones.
func path(segments ...string) []string { return append([]string{"api", "v1"}, segments...) }

// get reads one resource.
func (c *client) get(ctx context.Context, op, subject string, into any, segments []string, query ...httpclient.Param) error {
	resp, err := c.http.Do(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodGet, Path: path(segments...), Query: query})
	if err != nil {
		return err
	}
	return resp.Decode(into)
}

// wait pauses, or ends with the run.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eventually calls look until it is satisfied, fails, or patience ends.
func (c *client) eventually(ctx context.Context, look func() (done bool, err error)) (bool, error) {
	for i := 0; ; i++ {
		done, err := look()
		if done || err != nil || i >= len(c.patience) {
			return done, err
		}
		if err := wait(ctx, c.patience[i]); err != nil {
			return false, err
		}
	}
}

// listing is one walk over a collection.
type listing struct {
	*client
	op, subject string
	path        []string
	query       []httpclient.Param
	limit       int
	header      map[string]string
	// known says that the path names something that may be gone: then 404 says so. Elsewhere it is a wrong address.
	known bool
}

// pages follows the links of the answers. Okta tells no totals: the end is a page without a link to the next one.
func pages[T any](ctx context.Context, l listing) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		fail := func(err error) { yield(nil, err) }
		query := append([]httpclient.Param{{Key: "limit", Value: strconv.Itoa(l.limit)}}, l.query...)
		links, empty := map[string]bool{}, 0
		for {
			resp, err := l.http.Do(ctx, httpclient.Request{Op: l.op, Subject: l.subject, Method: http.MethodGet, Path: path(l.path...), Query: query, Header: l.header})
			if errors.Is(err, fault.NotFound) && !l.known {
				err = l.fault(&fault.Error{Kind: fault.Invalid, Cause: "there is no such collection at this address", Next: "Check org_url.", Status: http.StatusNotFound, Code: code(err)}, l.op, l.subject)
			}
			if err != nil {
				fail(err)
				return
			}
			var page []T
			if err := resp.Decode(&page); err != nil {
				fail(err)
				return
			}
			if page == nil { // "null" is no list
				fail(l.fault(fault.New(fault.Invalid, "the answer is JSON, but no list"), l.op, l.subject))
				return
			}
			if !yield(page, nil) {
				return
			}
			next, more, err := nextPage(resp.Header["Link"])
			switch {
			case err != nil:
				fail(l.fault(err, l.op, l.subject))
				return
			case !more:
				return
			case links[encode(next)]:
				fail(l.samePage())
				return
			}
			if len(page) == 0 {
				if empty++; empty > maxEmptyPages {
					fail(l.fault(fault.New(fault.Unavailable, "Okta sends page after page without a row"), l.op, l.subject))
					return
				}
			}
			links[encode(next)] = true
			query = next
		}
	}
}

func (l listing) samePage() error {
	return l.fault(&fault.Error{Kind: fault.Unavailable, Cause: "Okta sent the same page twice; nothing can be concluded from the listing", Next: "Run again."}, l.op, l.subject)
}

// rows walks all pages and yields each row once.
func rows[T any](ctx context.Context, l listing, id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		seen := map[string]bool{}
		for page, err := range pages[T](ctx, l) {
			if err != nil {
				yield(zero, err)
				return
			}
			fresh := 0
			for i, row := range page {
				key := id(row)
				if key == "" {
					yield(zero, l.fault(fault.New(fault.Invalid, "row %d of a page has no id", i+1), l.op, l.subject))
					return
				}
				if seen[key] { // rows move between pages when the collection changes meanwhile
					continue
				}
				seen[key] = true
				fresh++
				if !yield(row, nil) {
					return
				}
			}
			if fresh == 0 && len(page) > 0 {
				yield(zero, l.samePage())
				return
			}
		}
	}
}

// nextPage finds rel="next" (RFC 8288) among the Link header lines, of which Okta sends several, and answers the
// query of its address: the cursor in it is opaque and travels with the other parameters.
func nextPage(lines []string) (query []httpclient.Param, more bool, err error) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ", <") {
			target, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), "<"), ">")
			if !ok || !isNext(params) {
				continue
			}
			u, err := url.Parse(target)
			if err != nil {
				return nil, false, fault.New(fault.Invalid, "the link to the next page is no address")
			}
			for pair := range strings.SplitSeq(u.RawQuery, "&") {
				key, value, _ := strings.Cut(pair, "=")
				k, errK := url.QueryUnescape(key)
				v, errV := url.QueryUnescape(value)
				if errK != nil || errV != nil {
					return nil, false, fault.New(fault.Invalid, "the link to the next page cannot be read")
				}
				query = append(query, httpclient.Param{Key: k, Value: v})
			}
			return query, true, nil
		}
	}
	return nil, false, nil
}

func isNext(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(key, "rel") && strings.EqualFold(strings.Trim(value, `"`), "next") {
			return true
		}
	}
	return false
}

func encode(query []httpclient.Param) string {
	v := url.Values{}
	for _, p := range query {
		v.Add(p.Key, p.Value)
	}
	return v.Encode()
}

// quoted is a string in a filter expression.
func quoted(s string) string {
	return fmt.Sprintf(`"%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s))
}
