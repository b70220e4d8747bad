package googleworkspace

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// maxEmptyPages bounds a server that hands out page tokens without rows.
const maxEmptyPages = 50

// listing is one walk over the pages of a collection.
type listing struct {
	client *httpclient.Client
	op     string
	subj   string
	path   []string
	query  []httpclient.Param
	kind   string // what a page says that it is
	rows   string // where a page has its rows
}

// walk yields each row once. Google tells no totals; what can be noticed is an error: a page or token that comes
// twice, an answer that is no such list, a row without an id.
func walk[T any](ctx context.Context, a *App, l listing, id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		fail := func(k fault.Kind, cause string) {
			yield(zero, a.fault(&fault.Error{Kind: k, Cause: cause, State: "Nothing is concluded from an incomplete listing.", Next: "Run again."}, l.op, l.subj))
		}
		seen, tokens := map[string]bool{}, map[string]bool{}
		for token, empty := "", 0; ; {
			rows, next, err := page[T](ctx, a, l, token)
			if err != nil {
				yield(zero, err)
				return
			}
			fresh := 0
			for _, row := range rows {
				key := id(row)
				if key == "" {
					fail(fault.Invalid, "a row of the listing has no id")
					return
				}
				if seen[key] { // it moved to a later page meanwhile
					continue
				}
				seen[key] = true
				fresh++
				if !yield(row, nil) {
					return
				}
			}
			if len(rows) == 0 {
				empty++
			}
			switch {
			case len(rows) > 0 && fresh == 0:
				fail(fault.Unavailable, "Google sent the same page twice")
				return
			case next == "":
				return
			case tokens[next]:
				fail(fault.Unavailable, "Google sent the same page token twice")
				return
			case empty > maxEmptyPages:
				fail(fault.Unavailable, "Google sends page after page without a row")
				return
			}
			tokens[next] = true
			token = next
		}
	}
}

func page[T any](ctx context.Context, a *App, l listing, token string) (rows []T, next string, err error) {
	query := append([]httpclient.Param(nil), l.query...)
	if token != "" {
		query = append(query, httpclient.Param{Key: "pageToken", Value: token})
	}
	var resp *httpclient.Response
	err = a.patiently(ctx, fault.Unavailable, func() (err error) {
		resp, err = l.client.Do(ctx, httpclient.Request{Op: l.op, Subject: l.subj, Method: http.MethodGet, Path: l.path, Query: query})
		return err
	}, l.subj)
	if err != nil {
		return nil, "", err
	}
	var p map[string]json.RawMessage
	if err := resp.Decode(&p); err != nil {
		return nil, "", err
	}
	var kind string
	_ = json.Unmarshal(p["kind"], &kind)
	broken := kind != l.kind
	if raw, ok := p["nextPageToken"]; ok && json.Unmarshal(raw, &next) != nil {
		broken = true
	}
	if raw, ok := p[l.rows]; ok && json.Unmarshal(raw, &rows) != nil {
		broken = true
	}
	if broken {
		return nil, "", a.fault(&fault.Error{Kind: fault.Invalid, Cause: "the answer is JSON, but no " + l.kind, Status: resp.Status}, l.op, l.subj)
	}
	return rows, next, nil
}
