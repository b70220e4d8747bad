// Package phonebook is the smallest whole connector: an invented app with users, and teams that its API only shows.
// CONTRIBUTING.md refers to it; no provider serves it.
package phonebook

import (
	"context"
	"errors"
	"iter"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// App is one phonebook.
type App struct{ http *httpclient.Client }

// Open makes no request.
func Open(o httpclient.Options) (*App, error) {
	client, err := httpclient.New(o)
	return &App{client}, err
}

// Info describes the app.
func (a *App) Info() app.Info {
	return app.Info{Kind: "phonebook", Tenant: a.http.Host(), Fields: []access.Field{access.UserName, access.DisplayName}, UserNamesFoldCase: true}
}

// Check lists one user.
func (a *App) Check(ctx context.Context) error {
	r := httpclient.Request{Op: "check the credential", Method: "GET", Path: []string{"users"}, Query: []httpclient.Param{{Key: "limit", Value: "1"}}}
	return a.do(ctx, r, &page[user]{})
}

// do sends one request and reads its answer, which only 204 may leave out: a page of HTML proves nothing.
func (a *App) do(ctx context.Context, r httpclient.Request, into any) error {
	resp, err := a.http.Do(ctx, r)
	if err != nil || resp.Status == 204 {
		return err
	}
	return resp.Decode(into)
}

// list reads all pages, and is sure that they are all.
func list[T any](ctx context.Context, a *App, path string, query []httpclient.Param, id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[string]bool{}
		for first, after := true, ""; first || after != ""; first = false {
			var p page[T]
			r := httpclient.Request{Op: "list " + path, Method: "GET", Path: []string{path}, Query: append(query[:len(query):len(query)], httpclient.Param{Key: "after", Value: after})}
			if err := a.do(ctx, r, &p); err != nil {
				yield(none, err)
				return
			}
			for _, row := range p.Rows {
				if seen[id(row)] {
					yield(none, fault.New(fault.Invalid, "the list of %s has %q twice", path, id(row)))
					return
				}
				if seen[id(row)] = true; !yield(row, nil) {
					return
				}
			}
			if after = p.Next; after == "" && (p.Total == nil || *p.Total != len(seen)) {
				yield(none, fault.New(fault.Unavailable, "the list of %s ended after %d rows, which is not its total", path, len(seen)))
			}
		}
	}
}

type page[T any] struct {
	Rows  []T    `json:"rows"`
	Total *int   `json:"total"`
	Next  string `json:"next"`
}

type user struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

func (u user) account() access.Account {
	return access.Account{ID: u.ID, UserName: u.Login, DisplayName: u.Name, Active: u.Active}
}

// properties of a user by field.
func properties() map[access.Field]string {
	return map[access.Field]string{access.UserName: "login", access.DisplayName: "name"}
}

// Accounts lists users.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return func(yield func(access.Account, error) bool) {
		var query []httpclient.Param
		if filter != (access.AccountFilter{}) {
			name, ok := properties()[filter.Field]
			if !ok {
				yield(access.Account{}, fault.New(fault.Unsupported, "a phonebook does not search by %s", filter.Field))
				return
			}
			query = []httpclient.Param{{Key: name, Value: filter.Value}}
		}
		for u, err := range list(ctx, a, "users", query, func(u user) string { return u.ID }) {
			if !yield(u.account(), err) {
				return
			}
		}
	}
}

// Account reads one user.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	return a.one(ctx, httpclient.Request{Op: "read", Subject: ref.UserName, Method: "GET", Path: []string{"users", ref.ID}})
}

func (a *App) one(ctx context.Context, r httpclient.Request) (access.Account, error) {
	var u user
	if err := a.do(ctx, r, &u); err != nil {
		return access.Account{}, err
	}
	if u.ID == "" {
		return access.Account{}, fault.In(fault.New(fault.Unconfirmed, "the answer is no user"), "", r.Op, r.Subject)
	}
	return u.account(), nil
}

// CreateAccount creates a user. Its request is not idempotent, so that the client never repeats it and says Unconfirmed.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	return a.write(ctx, want, httpclient.Request{Op: "create", Subject: want.Values[access.UserName], Method: "POST", Path: []string{"users"}})
}

// UpdateAccount changes a user.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	if want.Empty() {
		return a.Account(ctx, ref)
	}
	return a.write(ctx, want, httpclient.Request{Op: "update", Subject: ref.UserName, Method: "PATCH", Path: []string{"users", ref.ID}, Idempotent: true})
}

func (a *App) write(ctx context.Context, want access.AccountSpec, r httpclient.Request) (access.Account, error) {
	body := map[string]any{}
	for f, v := range want.Values {
		name, ok := properties()[f]
		if !ok {
			return access.Account{}, fault.New(fault.Unsupported, "a phonebook has no %s", f)
		}
		body[name] = v
	}
	if want.Active != nil {
		body["active"] = *want.Active
	}
	r.Body = body
	return a.one(ctx, r)
}

// RetireAccount deactivates or deletes a user.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) (err error) {
	switch how {
	case access.Deactivate:
		_, err = a.UpdateAccount(ctx, ref, access.AccountSpec{Active: new(false)})
	case access.Delete:
		err = a.do(ctx, httpclient.Request{Op: "delete", Subject: ref.UserName, Method: "DELETE", Path: []string{"users", ref.ID}}, &user{})
	case access.Keep:
	}
	if errors.Is(err, fault.NotFound) {
		return nil // the app's own word, and what was wanted
	}
	return err
}

type team struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"` // ids of users
}

func (t team) group() access.Group {
	g := access.Group{ID: t.ID, Name: t.Name, MembersKnown: true}
	for _, id := range t.Members {
		g.Members = append(g.Members, access.Member{AccountID: id, Role: access.DefaultRole})
	}
	return g
}

// Groups lists teams. Members come along whether wanted or not.
func (a *App) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		for t, err := range list(ctx, a, "teams", nil, func(t team) string { return t.ID }) {
			if !yield(t.group(), err) {
				return
			}
		}
	}
}

// Group reads one team.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	var t team
	err := a.do(ctx, httpclient.Request{Op: "read", Subject: "group " + id, Method: "GET", Path: []string{"teams", id}}, &t)
	return t.group(), err
}

// Members reads one team.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		g, err := a.Group(ctx, groupID)
		if err != nil {
			yield(access.Member{}, err)
		}
		for i := 0; i < len(g.Members) && yield(g.Members[i], nil); i++ {
		}
	}
}
