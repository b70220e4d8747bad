// Package phonebook is the smallest whole connector: an invented app with users, and with teams that its API shows and does
// not change. CONTRIBUTING.md refers to it; no provider serves it.
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
	q := []httpclient.Param{{Key: "limit", Value: "1"}}
	return a.do(ctx, httpclient.Request{Op: "check the credential", Method: "GET", Path: []string{"users"}, Query: q}, &page[user]{})
}

// Accounts lists users.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	switch filter.Field {
	case "":
		return list[user](ctx, a, "users")
	case access.UserName:
		return list[user](ctx, a, "users", httpclient.Param{Key: "login", Value: filter.Value})
	}
	return func(yield func(access.Account, error) bool) {
		yield(access.Account{}, fault.New(fault.Unsupported, "a phonebook does not search by %s", filter.Field))
	}
}

// Account reads one user.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	return one[user](ctx, a, httpclient.Request{Op: "read", Subject: ref.UserName, Method: "GET", Path: []string{"users", ref.ID}})
}

// CreateAccount creates a user. The request is not marked idempotent: the client sends it once, and says Unconfirmed.
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
		name, ok := map[access.Field]string{access.UserName: "login", access.DisplayName: "name"}[f]
		if !ok {
			return access.Account{}, fault.New(fault.Unsupported, "a phonebook has no %s", f)
		}
		body[name] = v
	}
	if want.Active != nil {
		body["active"] = *want.Active
	}
	r.Body = body
	return one[user](ctx, a, r)
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

// Groups lists teams. Members come along whether they are wanted or not.
func (a *App) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	return list[team](ctx, a, "teams")
}

// Group reads one team.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	return one[team](ctx, a, httpclient.Request{Op: "read", Subject: "group " + id, Method: "GET", Path: []string{"teams", id}})
}

// Members reads one team.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		g, err := a.Group(ctx, groupID)
		if err != nil {
			yield(access.Member{}, err)
			return
		}
		for _, m := range g.Members {
			if !yield(m, nil) {
				return
			}
		}
	}
}
