package phonebook

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// row is something of the API that stands for a noun of ours.
type row[T any] interface{ noun() (id string, v T) }

type user struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

func (u user) noun() (string, access.Account) {
	return u.ID, access.Account{ID: u.ID, UserName: u.Login, DisplayName: u.Name, Active: u.Active}
}

type team struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"` // ids of users
}

func (t team) noun() (string, access.Group) {
	g := access.Group{ID: t.ID, Name: t.Name, MembersKnown: true}
	for _, id := range t.Members {
		g.Members = append(g.Members, access.Member{AccountID: id, Role: access.DefaultRole})
	}
	return t.ID, g
}

type page[R any] struct {
	Rows  []R    `json:"rows"`
	Total *int   `json:"total"`
	Next  string `json:"next"` // what to ask for after this page; "" after the last
}

// do sends one request and reads its answer. Only 204 has none: that a page of HTML came with 200 proves nothing.
func (a *App) do(ctx context.Context, r httpclient.Request, into any) error {
	resp, err := a.http.Do(ctx, r)
	if err != nil || resp.Status == http.StatusNoContent {
		return err
	}
	return resp.Decode(into)
}

// one is do for a request that is answered with one row.
func one[R row[T], T any](ctx context.Context, a *App, r httpclient.Request) (v T, err error) {
	var answer R
	if err = a.do(ctx, r, &answer); err != nil {
		return v, err
	}
	id, got := answer.noun()
	if id == "" {
		kind := fault.Unconfirmed
		if r.Method == http.MethodGet {
			kind = fault.Invalid
		}
		return v, fault.In(fault.New(kind, "the answer has no id"), "", r.Op, r.Subject)
	}
	return got, nil
}

// list reads all pages, and is sure that they are all, each once.
func list[R row[T], T any](ctx context.Context, a *App, path string, query ...httpclient.Param) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen, r := map[string]bool{}, httpclient.Request{Op: "list " + path, Method: "GET", Path: []string{path}, Query: query}
		fail := func(err error) {
			var none T
			yield(none, fault.In(err, "", r.Op, ""))
		}
		for {
			var p page[R]
			if err := a.do(ctx, r, &p); err != nil {
				fail(err)
				return
			}
			for _, answer := range p.Rows {
				id, v := answer.noun()
				if id == "" || seen[id] {
					fail(fault.New(fault.Invalid, "the id %q is empty or comes twice", id))
					return
				}
				if seen[id] = true; !yield(v, nil) {
					return
				}
			}
			if p.Next == "" {
				if p.Total == nil || *p.Total != len(seen) {
					fail(fault.New(fault.Unavailable, "the list ended after %d rows, which is not its total", len(seen)))
				}
				return
			}
			r.Query = append(slices.Clip(query), httpclient.Param{Key: "after", Value: p.Next})
		}
	}
}
