package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// perPage is the most rows that GitHub puts on a page; it sends 30 when nobody asks.
const perPage = "100"

// client sends requests about one organization.
type client struct {
	name string // of the app block
	org  string
	http *httpclient.Client
	// writing holds who writes: GitHub asks that changes come one after the other, and throttles who does otherwise.
	writing chan struct{}
	// shown is set once GitHub has shown this run what only those in charge of the organization see.
	shown atomic.Bool
	// witness makes a request that only succeeds for who may see everybody. Org sets it.
	witness func(ctx context.Context, op, subject string) error
}

// Requests is the number of HTTP requests sent so far, retries included, those for access tokens not.
func (c *client) Requests() int64 { return c.http.Requests() }

func (c *client) fault(err error, op, subject string) error {
	err = fault.In(err, c.name, op, subject)
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = "github"
	}
	return err
}

// explain reads GitHub's error object. Status and machine codes decide; texts never do.
// https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body struct {
		Page   any   `json:"documentation_url"`
		Errors []any `json:"errors"`
	}
	_ = json.Unmarshal(f.Body, &body) // what is no JSON has no code
	var d httpclient.Diagnosis
	for _, e := range body.Errors {
		if m, ok := e.(map[string]any); ok && d.Code == "" {
			d.Code, _ = m["code"].(string)
		}
	}
	page, _ := body.Page.(string)
	switch f.Status {
	case http.StatusUnauthorized:
		d.Cause, d.Next = "GitHub refused the credential", "Check the token: it may be wrong, expired, or revoked; GitHub revokes tokens that it finds published."
	case http.StatusForbidden:
		switch {
		case strings.Contains(page, "secondary-rate-limit"): // which may come without Retry-After
			d.Kind, d.Code = fault.RateLimited, "secondary_rate_limit"
		case strings.HasPrefix(f.Header.Get("X-Github-Sso"), "required"):
			d.Code, d.Cause = "sso_required", "the token is not authorized for the organization's single sign-on"
			d.Next = "Authorize the token for the organization: Settings, Developer settings, Tokens, Configure SSO."
		default:
			d.Cause = "the credential is not allowed to do this in GitHub"
			d.Next = "Give the token the scope, or the GitHub App or fine-grained token the permission, that the guide to GitHub names for it."
		}
	case http.StatusUnprocessableEntity:
		d.Kind, d.Cause = fault.Invalid, "GitHub does not accept the request as it is"
		if d.Code == "already_exists" {
			d.Kind, d.Cause = fault.Exists, ""
		}
	}
	return d
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

// path is below the organization. Names are escaped by the http client, which refuses empty ones.
func (c *client) path(segments ...string) []string {
	return append([]string{"orgs", c.org}, segments...)
}

// do sends a request, changes one at a time, and decodes the answer unless into is nil.
func (c *client) do(ctx context.Context, r httpclient.Request, into any) error {
	if r.Method != http.MethodGet {
		select {
		case c.writing <- struct{}{}:
			defer func() { <-c.writing }()
		case <-ctx.Done():
			return c.fault(&fault.Error{Kind: fault.Unavailable, Cause: "the run ended before this was sent", State: "Nothing was written.", Err: ctx.Err()}, r.Op, r.Subject)
		}
	}
	resp, err := c.http.Do(ctx, r)
	switch {
	case err != nil:
		return err
	case into != nil:
		return resp.Decode(into)
	case resp.Status == http.StatusNoContent || resp.Empty() && resp.Status != http.StatusOK:
		return nil
	}
	// a page with status 200 is a proxy's, and proves nothing
	return c.fault(&fault.Error{
		Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(), Cause: "the answer is not the one that GitHub gives to this request",
		Next: "Run again: what was done is recognized, and not done twice.",
	}, r.Op, r.Subject)
}

func (c *client) get(ctx context.Context, op, subject string, into any, path ...string) error {
	return c.do(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodGet, Path: path}, into)
}

// prove makes sure, once a run, that GitHub's "not found" can be believed. What a credential may not see GitHub calls
// not found as well, and to those outside it shows public members only, as if these were all.
func (c *client) prove(ctx context.Context, op, subject string) error {
	if c.shown.Load() {
		return nil
	}
	if err := c.witness(ctx, op, subject); err != nil {
		return c.hidden(ctx, err, op, subject)
	}
	c.shown.Store(true)
	return nil
}

// hidden says what a 404 of something that every organization has can mean. Other errors stay.
func (c *client) hidden(ctx context.Context, err error, op, subject string) error {
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	f := &fault.Error{Kind: fault.Forbidden, Status: http.StatusNotFound, Cause: "GitHub hides this part of the organization " + c.org + " from the credential by saying that it does not exist"}
	f.Next = "Use the token of an organization owner with the scope admin:org, or a GitHub App or fine-grained token with the organization permission Members. Where there are no invitations (GitHub Enterprise Server, managed users), set invitations = false."
	var org struct{ Login string }
	switch look := c.get(ctx, op, subject, &org, c.path()...); {
	case errors.Is(look, fault.NotFound):
		f.Kind, f.Cause = fault.Invalid, "there is no organization "+c.org+" at this address, or GitHub hides it from the credential"
		f.Next = "Check organization and base_url, and that the credential belongs to the organization."
	case look != nil:
		return look
	}
	return c.fault(f, op, subject)
}

// listing is one walk over a collection.
type listing[T any] struct {
	*client
	op, subject string
	path        []string
	query       []httpclient.Param
	id          func(T) int64
	// of, where it is set, names something that may be gone: then 404 says so.
	of string
	// open takes the rows out of an answer that is no plain list.
	open func(*httpclient.Response) ([]T, error)
}

// rows walks all pages by the links of the answers and yields each row once. GitHub tells no totals: the end is a page
// without a link to the next one.
func rows[T any](ctx context.Context, l listing[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		query := append([]httpclient.Param{{Key: "per_page", Value: perPage}}, l.query...)
		seen, links := map[int64]bool{}, map[string]bool{}
		for {
			resp, err := l.http.Do(ctx, httpclient.Request{Op: l.op, Subject: l.subject, Method: http.MethodGet, Path: l.path, Query: query})
			if l.of == "" {
				err = l.hidden(ctx, err, l.op, l.subject)
			}
			var page []T
			if err == nil {
				page, err = l.decode(resp)
			}
			if err != nil {
				yield(zero, err)
				return
			}
			fresh := 0
			for i, row := range page {
				key := l.id(row)
				if key == 0 {
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
			next, more, err := nextPage(resp.Header["Link"])
			switch {
			case err != nil:
				yield(zero, l.fault(err, l.op, l.subject))
				return
			case !more:
				return
			case links[fmt.Sprint(next)], fresh == 0 && len(page) > 0:
				yield(zero, l.fault(&fault.Error{
					Kind: fault.Unavailable, Cause: "GitHub sent a page without anything new and a link to more; nothing can be concluded from the listing", Next: "Run again.",
				}, l.op, l.subject))
				return
			}
			links[fmt.Sprint(next)] = true
			query = next
		}
	}
}

func (l listing[T]) decode(resp *httpclient.Response) ([]T, error) {
	if l.open != nil {
		return l.open(resp)
	}
	var page []T
	if err := resp.Decode(&page); err != nil {
		return nil, err
	}
	if page == nil { // "null" is no list
		return nil, l.fault(fault.New(fault.Invalid, "the answer is JSON, but no list"), l.op, l.subject)
	}
	return page, nil
}

// nextPage finds rel="next" (RFC 8288) among the Link header lines and answers the query of its address. Only the query
// counts: the next request goes where the first one went, whatever host or path the link names.
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
				if errK != nil || errV != nil || k == "" {
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
