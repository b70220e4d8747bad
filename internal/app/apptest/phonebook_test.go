package apptest_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// The phonebook is the smallest connector that keeps the contract: what CONTRIBUTING's seven steps come to for an app
// with accounts and nothing else. Copy it to begin a kind.

// phonebook is the connector (steps 1 to 3).
type phonebook struct {
	name string
	http *httpclient.Client
}

var (
	_ app.App           = (*phonebook)(nil)
	_ app.AccountReader = (*phonebook)(nil)
	_ app.AccountWriter = (*phonebook)(nil)
)

// entry is an account on the wire.
type entry struct {
	ID     string `json:"id,omitempty"`
	Login  string `json:"login,omitempty"`
	Mail   string `json:"mail"`
	Closed bool   `json:"closed"`
}

func (e entry) account() access.Account {
	a := access.Account{ID: e.ID, UserName: e.Login, Email: e.Mail, Active: !e.Closed, Status: "open"}
	if e.Closed {
		a.Status = "closed"
	}
	return a
}

func openPhonebook(name, address, token string) (*phonebook, error) {
	client, err := httpclient.New(httpclient.Options{System: name, Protocol: "phonebook", BaseURL: address, Auth: httpclient.Auth{Token: token}, MaxRetries: new(int), Explain: explain})
	if err != nil {
		return nil, err
	}
	return &phonebook{name, client}, nil
}

// explain reads the app's own error codes (step 3). Without it a 404 could come from a proxy, and nobody would be gone.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(f.Body, &body) != nil {
		return httpclient.Diagnosis{}
	}
	switch body.Error {
	case "no_such_entry":
		return httpclient.Diagnosis{Kind: fault.NotFound, Code: body.Error}
	case "login_taken":
		return httpclient.Diagnosis{Kind: fault.Exists, Code: body.Error}
	}
	return httpclient.Diagnosis{Code: body.Error}
}

func (p *phonebook) Info() app.Info {
	return app.Info{Kind: "phonebook", Tenant: p.http.Host(), Fields: []access.Field{access.UserName, access.Email}, UserNamesFoldCase: true}
}

func (p *phonebook) Check(ctx context.Context) error {
	_, err := p.page(ctx, 0)
	return err
}

type book struct {
	Total   int     `json:"total"`
	Entries []entry `json:"entries"`
}

func (p *phonebook) page(ctx context.Context, offset int) (b book, err error) {
	resp, err := p.http.Do(ctx, httpclient.Request{
		Op: "list accounts", Method: http.MethodGet, Path: []string{"entries"}, Query: []httpclient.Param{{Key: "offset", Value: strconv.Itoa(offset)}},
	})
	if err == nil {
		err = resp.Decode(&b)
	}
	return b, err
}

// Accounts pages inside. A page that repeats, and a listing that ends before its own total, are errors (step 2).
func (p *phonebook) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return func(yield func(access.Account, error) bool) {
		broken := func(kind fault.Kind, format string, args ...any) {
			yield(access.Account{}, fault.In(fault.New(kind, format, args...), p.name, "list accounts", ""))
		}
		if filter.Field != "" || filter.Value != "" {
			broken(fault.Unsupported, "the phonebook has no search")
			return
		}
		seen := make(map[string]bool)
		for total := 1; len(seen) < total; {
			b, err := p.page(ctx, len(seen))
			if err != nil {
				yield(access.Account{}, err)
				return
			}
			if total = b.Total; len(b.Entries) == 0 && len(seen) < total {
				broken(fault.Unavailable, "the listing ended after %d of %d accounts", len(seen), total)
				return
			}
			for _, e := range b.Entries {
				if e.ID == "" || seen[e.ID] {
					broken(fault.Unavailable, "the listing repeats the account %q", e.ID)
					return
				}
				if seen[e.ID] = true; !yield(e.account(), nil) {
					return
				}
			}
		}
	}
}

func (p *phonebook) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	return p.entry(ctx, httpclient.Request{Op: "read account", Subject: label(ref), Method: http.MethodGet}, ref.ID, nil)
}

func label(ref access.AccountRef) string {
	return access.Account{ID: ref.ID, UserName: ref.UserName}.Label()
}

// entry sends one request about one account, and answers with what the app says that it holds.
func (p *phonebook) entry(ctx context.Context, r httpclient.Request, id string, body any) (access.Account, error) {
	r.Path, r.Body = []string{"entries"}, body
	if r.Method != http.MethodPost {
		if id == "" {
			return access.Account{}, fault.In(fault.New(fault.Invalid, "no account id was given"), p.name, r.Op, r.Subject)
		}
		r.Path = append(r.Path, id)
	}
	resp, err := p.http.Do(ctx, r)
	if err != nil {
		return access.Account{}, err
	}
	var e entry
	if err := resp.Decode(&e); err != nil || e.ID == "" {
		kind := fault.Unconfirmed // something was written, perhaps
		if r.Method == http.MethodGet {
			kind = fault.Unavailable
		}
		return access.Account{}, fault.In(fault.New(kind, "the answer does not say what the app holds"), p.name, r.Op, r.Subject)
	}
	return e.account(), nil
}

// CreateAccount posts once: httpclient repeats no POST of which it is not sure that it was never carried out (step 2).
func (p *phonebook) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	r := httpclient.Request{Op: "create account", Subject: want.Values[access.UserName], Method: http.MethodPost}
	if err := p.known(want, r); err != nil {
		return access.Account{}, err
	}
	if r.Subject == "" {
		return access.Account{}, fault.In(fault.New(fault.Invalid, "an account needs a user name"), p.name, r.Op, "")
	}
	return p.entry(ctx, r, "", entry{Login: want.Values[access.UserName], Mail: want.Values[access.Email], Closed: want.Active != nil && !*want.Active})
}

// known refuses what the app has no place for, before anything is sent.
func (p *phonebook) known(want access.AccountSpec, r httpclient.Request) error {
	for f := range want.Values {
		if f != access.UserName && f != access.Email {
			return fault.In(fault.New(fault.Unsupported, "the phonebook has no %s", f), p.name, r.Op, r.Subject)
		}
	}
	if len(want.Attributes) > 0 {
		return fault.In(fault.New(fault.Unsupported, "the phonebook has no attributes"), p.name, r.Op, r.Subject)
	}
	return nil
}

func (p *phonebook) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	r := httpclient.Request{Op: "update account", Subject: label(ref), Method: http.MethodPatch, Idempotent: true}
	if err := p.known(want, r); err != nil {
		return access.Account{}, err
	}
	if want.Empty() {
		return p.Account(ctx, ref)
	}
	body := map[string]any{}
	if v, ok := want.Values[access.UserName]; ok {
		body["login"] = v
	}
	if v, ok := want.Values[access.Email]; ok {
		body["mail"] = v
	}
	if want.Active != nil {
		body["closed"] = !*want.Active
	}
	return p.entry(ctx, r, ref.ID, body)
}

func (p *phonebook) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	r := httpclient.Request{Op: string(how) + " account", Subject: label(ref), Method: http.MethodPatch, Idempotent: true}
	var err error
	switch how {
	case access.Keep:
		return nil
	case access.Deactivate:
		_, err = p.entry(ctx, r, ref.ID, map[string]any{"closed": true})
	case access.Delete:
		r.Method = http.MethodDelete
		if _, err = p.entry(ctx, r, ref.ID, nil); errors.Is(err, fault.Unconfirmed) {
			if _, err := p.Account(ctx, ref); errors.Is(err, fault.NotFound) {
				return nil
			}
		}
	default:
		return fault.In(fault.New(fault.Unsupported, "an account cannot be retired by %q", how), p.name, r.Op, r.Subject)
	}
	if errors.Is(err, fault.NotFound) {
		return nil // gone already
	}
	return err
}
