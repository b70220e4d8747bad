package entraid

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

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// query is a listing: its first page, or a later one.
type query struct {
	op, subject string
	path        []string
	params      []httpclient.Param
	// eventual asks for what the directory calls advanced queries ($count, endsWith): they are answered from an
	// index that lags behind, and need a header on every page.
	eventual bool
	// one says that the path goes through one object, so that 404 means that this object is gone.
	one bool
}

type page struct {
	Value *[]json.RawMessage `json:"value"`
	Next  string             `json:"@odata.nextLink"`
	Count *int               `json:"@odata.count"`
}

func (a *App) page(ctx context.Context, q query) (page, error) {
	r := httpclient.Request{Op: q.op, Subject: q.subject, Method: http.MethodGet, Path: q.path, Query: q.params}
	if q.eventual {
		r.Header = map[string]string{"ConsistencyLevel": "eventual"}
	}
	resp, err := a.client.Do(ctx, r)
	var f *fault.Error
	if !q.one && errors.Is(err, fault.NotFound) && errors.As(err, &f) { // a collection that does not exist is a wrong address, not an empty one
		wrong := *f
		wrong.Kind, wrong.Cause, wrong.Next = fault.Invalid, "there is no collection /"+strings.Join(q.path, "/")+" at the address of the app", "Check cloud and endpoint."
		return page{}, &wrong
	}
	if err != nil {
		return page{}, err
	}
	var p page
	if err := resp.Decode(&p); err != nil {
		return page{}, err
	}
	if p.Value == nil {
		return page{}, a.fault(fault.New(fault.Invalid, "the answer is JSON, but no collection of Microsoft Graph"), q.op, q.subject)
	}
	return p, nil
}

// pages follows the links of the answers.
func (a *App) pages(ctx context.Context, q query) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		links := map[string]bool{}
		for {
			p, err := a.page(ctx, q)
			if err != nil {
				yield(page{}, err)
				return
			}
			if !yield(p, nil) || p.Next == "" {
				return
			}
			if links[p.Next] {
				yield(page{}, a.samePage(q))
				return
			}
			links[p.Next] = true
			if q.path, q.params, err = a.follow(p.Next); err != nil {
				yield(page{}, a.fault(err, q.op, q.subject))
				return
			}
		}
	}
}

func (a *App) samePage(q query) error {
	return a.fault(&fault.Error{Kind: fault.Unavailable, Cause: "the directory sent the same page twice", Next: "Run again."}, q.op, q.subject)
}

// rows walks all pages and yields each resource once, undecoded.
func (a *App) rows(ctx context.Context, q query) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		seen := map[string]bool{}
		received, total := 0, -1
		for p, err := range a.pages(ctx, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			if p.Count != nil {
				total = *p.Count
			}
			received += len(*p.Value)
			fresh := 0
			for _, row := range *p.Value {
				var o struct{ ID string }
				if err := json.Unmarshal(row, &o); err != nil || o.ID == "" {
					yield(nil, a.fault(fault.New(fault.Invalid, "a row of the listing has no id"), q.op, q.subject))
					return
				}
				if seen[o.ID] {
					continue
				}
				seen[o.ID] = true
				fresh++
				if !yield(row, nil) {
					return
				}
			}
			if fresh == 0 && len(*p.Value) > 0 {
				yield(nil, a.samePage(q))
				return
			}
			if p.Next == "" && received < total {
				yield(nil, a.fault(&fault.Error{
					Kind: fault.Unavailable, Cause: fmt.Sprintf("the listing stops at %d of %d; nothing can be concluded from it", received, total), Next: "Run again.",
				}, q.op, q.subject))
				return
			}
		}
	}
}

// follow takes a link to the next page apart. It comes from the answer, and whoever is asked by it gets the
// credential: it must lead to where the first page came from.
func (a *App) follow(link string) (path []string, params []httpclient.Param, err error) {
	foreign := &fault.Error{
		Kind: fault.Invalid, Cause: "the link to the next page leads away from " + a.base.Host + ", which would hand the credential to somebody else",
		State: "Nothing was sent there.", Next: "Check cloud and endpoint, and any proxy.",
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != a.base.Scheme || !strings.EqualFold(u.Host, a.base.Host) || u.User != nil || u.Opaque != "" {
		return nil, nil, foreign
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), a.base.EscapedPath()+"/")
	if !ok {
		return nil, nil, foreign
	}
	for part := range strings.SplitSeq(rest, "/") {
		part, err = url.PathUnescape(part)
		if err != nil {
			return nil, nil, foreign
		}
		path = append(path, part)
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		k, keyErr := url.QueryUnescape(key)
		v, valueErr := url.QueryUnescape(value)
		if keyErr != nil || valueErr != nil {
			return nil, nil, fault.New(fault.Invalid, "the link to the next page cannot be read")
		}
		params = append(params, httpclient.Param{Key: k, Value: v})
	}
	return path, params, nil
}

// top asks for pages of n rows.
func top(n int) httpclient.Param { return httpclient.Param{Key: "$top", Value: strconv.Itoa(n)} }

// quoted is a string literal of OData: https://docs.oasis-open.org/odata/odata/v4.01/ (part 2, section 5.1.1.14.1)
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ListingCost is the number of requests that a listing takes. The count comes from the index that lags behind:
// good enough to choose by, and for nothing else.
func (a *App) ListingCost(ctx context.Context, c app.Collection) (int, error) {
	collection, size := "users", a.userPage
	if c == app.CollectionGroups {
		collection, size = "groups", a.groupPage
	}
	var n int
	err := a.get(ctx, httpclient.Request{
		Op: "size up " + string(c), Path: []string{collection, "$count"}, Header: map[string]string{"ConsistencyLevel": "eventual", "Accept": "text/plain"},
	}, &n)
	return max(1, (n+size-1)/size), err
}
