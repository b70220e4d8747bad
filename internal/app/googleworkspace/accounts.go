package googleworkspace

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// userPage is the most rows of a page of accounts.
const userPage = "500"

// addresses is who has which address, from the last complete listing and the writes since: licenses name accounts by
// their primary address only.
type addresses struct {
	loaded  bool
	byID    map[string]string // account id to primary address
	byEmail map[string]string // primary address, or alias, in lower case to account id
}

func (d *addresses) put(u *user) {
	if d.byID == nil {
		d.byID, d.byEmail = map[string]string{}, map[string]string{}
	}
	for _, alias := range append(append([]string(nil), u.Aliases...), u.NonEditableAliases...) {
		if key := strings.ToLower(alias); d.byEmail[key] == "" {
			d.byEmail[key] = u.ID
		}
	}
	d.byID[u.ID] = u.PrimaryEmail
	d.byEmail[strings.ToLower(u.PrimaryEmail)] = u.ID // also over an alias
}

func (a *App) note(u *user) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.people.put(u)
}

// Accounts lists accounts. One user name or e-mail address is read directly, because Google's search learns of
// changes up to 36 hours later; for the same reason no other field can be searched for.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	const op = "list accounts"
	return func(yield func(access.Account, error) bool) {
		switch filter.Field {
		case "":
		case access.UserName, access.Email:
			u, err := a.userAt(ctx, "find account", filter.Value)
			if err != nil {
				yield(access.Account{}, err)
			} else if u != nil {
				yield(u.account(), nil)
			}
			return
		default:
			yield(access.Account{}, a.fault(&fault.Error{
				Kind: fault.Unsupported, Cause: "Google's search learns of changes up to 36 hours late, so accounts are not searched by " + string(filter.Field),
				State: "Nothing was sent.",
			}, op, ""))
			return
		}
		var seen addresses
		for u, err := range walk(ctx, a, a.users(op), func(u user) string { return u.ID }) {
			if err != nil {
				yield(access.Account{}, a.misplaced(err, op))
				return
			}
			seen.put(&u)
			if !yield(u.account(), nil) {
				return
			}
		}
		seen.loaded = true
		a.mu.Lock()
		a.people = seen
		a.mu.Unlock()
	}
}

// users is the listing of all accounts.
func (a *App) users(op string) listing {
	return listing{
		client: a.directory, op: op, path: usersPath(), kind: usersKind, rows: "users",
		query: []httpclient.Param{
			{Key: "customer", Value: a.cfg.CustomerID},
			{Key: "maxResults", Value: userPage},
			{Key: "projection", Value: "basic"},
			{Key: "orderBy", Value: "email"},
			{Key: "fields", Value: "kind,nextPageToken,users(" + userFields + ")"},
		},
	}
}

// Account reads one account by its immutable id.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	const op = "read account"
	u, err := a.readUser(ctx, op, ref.ID, label(ref))
	if err != nil {
		return access.Account{}, err
	}
	if u.ID != ref.ID { // ids and addresses are both keys here
		return access.Account{}, a.fault(fault.New(fault.Invalid, "Google answered with another account"), op, label(ref))
	}
	return u.account(), nil
}

// readUser reads by id or address.
func (a *App) readUser(ctx context.Context, op, key, subject string) (user, error) {
	var u user
	err := a.patiently(ctx, fault.Unavailable, func() error {
		resp, err := a.directory.Do(ctx, httpclient.Request{
			Op: op, Subject: subject, Method: http.MethodGet, Path: usersPath(key),
			Query: []httpclient.Param{{Key: "projection", Value: "basic"}, {Key: "fields", Value: userFields}},
		})
		if err != nil {
			return err
		}
		u = user{}
		return a.decodeUser(resp, &u, op, subject, fault.Invalid)
	}, key)
	return u, err
}

// decodeUser reads an account out of an answer; JSON that is no account is of the kind given.
func (a *App) decodeUser(resp *httpclient.Response, u *user, op, subject string, otherwise fault.Kind) error {
	if err := resp.Decode(u); err != nil {
		return err
	}
	if u.ID == "" || u.PrimaryEmail == "" {
		return a.fault(&fault.Error{Kind: otherwise, Cause: "the answer is JSON, but no account", Status: resp.Status}, op, subject)
	}
	return nil
}

// userAt is the account with this primary address, or nil. What is no address is nobody's, and an alias is not the
// account's user name.
func (a *App) userAt(ctx context.Context, op, address string) (*user, error) {
	if !isAddress(address) {
		return nil, nil //nolint:nilnil // nobody
	}
	u, err := a.readUser(ctx, op, address, address)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil, nil //nolint:nilnil // nobody
	case err != nil:
		return nil, err
	case !strings.EqualFold(u.PrimaryEmail, address):
		return nil, nil //nolint:nilnil // an alias of somebody
	}
	return &u, nil
}
