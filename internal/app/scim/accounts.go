package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Accounts lists the accounts that match.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return func(yield func(access.Account, error) bool) {
		for o, err := range a.users(ctx, filter) {
			if err != nil {
				yield(access.Account{}, err)
				return
			}
			if !yield(a.account(o), nil) {
				return
			}
		}
	}
}

// maxStrangers is how many rows may differ from what a filter asked for. A few do, where servers rewrite
// names; callers compare again.
const maxStrangers = 20

func (a *App) users(ctx context.Context, filter access.AccountFilter) iter.Seq2[object, error] {
	const op = "list accounts"
	if filter == (access.AccountFilter{}) {
		return a.listing("Users", op, "").rows(ctx)
	}
	return func(yield func(object, error) bool) {
		subject := fmt.Sprintf("with %s %q", filter.Field, filter.Value)
		if filter.Field == access.PersonID && a.dialect.PersonIDIn == "id" { // then it is a key, not a filter
			o, err := a.read(ctx, "Users", filter.Value, op, subject)
			if !errors.Is(err, fault.NotFound) {
				yield(o, err)
			}
			return
		}
		attr, ok := a.filterAttr(filter.Field)
		if !ok {
			yield(nil, a.fault(&fault.Error{
				Kind: fault.Unsupported, Cause: fmt.Sprintf("%s cannot be asked for accounts by %s", a.title, filter.Field), State: "Nothing was sent.",
			}, op, subject))
			return
		}
		strangers := 0
		query := httpclient.Param{Key: "filter", Value: attr + " eq " + quoted(filter.Value)}
		for o, err := range a.listing("Users", op, subject, query).rows(ctx) {
			if err == nil {
				acc := a.account(o)
				if strings.EqualFold(acc.Get(filter.Field), filter.Value) {
					strangers = -maxStrangers
				} else if strangers++; strangers == maxStrangers { // before it sends the whole company
					err = a.fault(&fault.Error{
						Kind: fault.Unsupported, Cause: "the app answers a filter by " + attr + " with everybody: it ignores the filter",
						Next: "Set user_filters in the override block to what the app can filter by.",
					}, op, subject)
				}
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// filterAttr is the attribute that the server filters the field by, if it can.
func (a *App) filterAttr(f access.Field) (string, bool) {
	p, ok := a.fields[f]
	if !ok {
		return "", false
	}
	names := []string{p.String()}
	if f == access.Email {
		names = []string{"emails.value", "emails", "email"}
	}
	for _, name := range names {
		for _, can := range a.dialect.UserFilters {
			if strings.EqualFold(can, name) {
				return can, true
			}
		}
	}
	return "", false
}

// Account reads one account by its id.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	o, err := a.readUser(ctx, ref, "read account")
	if err != nil {
		return access.Account{}, err
	}
	return a.account(o), nil
}

func (a *App) readUser(ctx context.Context, ref access.AccountRef, op string) (object, error) {
	return a.read(ctx, "Users", ref.ID, op, label(ref))
}

func label(ref access.AccountRef) string {
	if ref.UserName != "" {
		return ref.UserName
	}
	return "account " + ref.ID
}

// CreateAccount posts a new user, once. When the answer does not come, or does not say what was made,
// the user is looked for.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	subject := want.Values[access.UserName]
	if err := a.lacks(app.CreateAccounts, op, subject); err != nil {
		return access.Account{}, err
	}
	changes, err := a.changes(want)
	if err == nil && subject == "" {
		err = &fault.Error{Kind: fault.Invalid, Cause: "an account needs a user name", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Account{}, a.fault(err, op, subject)
	}
	body := object{"active": want.Active == nil || *want.Active}
	for _, c := range changes {
		if c.value != "" { // servers refuse empty values
			c.path.write(body, c.value)
		}
	}
	addSchemas(body, coreUser)
	o, resp, err := a.send(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodPost, Path: []string{"Users"}, Body: body})
	switch {
	case o != nil:
		return a.account(o), nil
	case err == nil: // accepted without a usable body
		if id := lastSegment(resp.Header.Get("Location")); id != "" {
			return a.Account(ctx, access.AccountRef{ID: id, UserName: subject})
		}
		err = a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
			Cause: "the app accepted the new account and did not say what it made",
			Next:  "Run again: an account that was made is found and not made twice.",
		}, op, subject)
	case !errors.Is(err, fault.Unconfirmed):
		return access.Account{}, err
	}
	found, ok := a.lookFor(ctx, want)
	if !ok {
		return access.Account{}, err
	}
	return found, nil
}

// lookFor finds the account that an unanswered creation made: the one with its person id, or with its
// user name unless that belongs to somebody else.
func (a *App) lookFor(ctx context.Context, want access.AccountSpec) (found access.Account, ok bool) {
	person, name := want.Values[access.PersonID], want.Values[access.UserName]
	mine := func(acc access.Account) bool {
		if person != "" && acc.PersonID != "" {
			return acc.PersonID == person
		}
		return strings.EqualFold(acc.UserName, name)
	}
	ok, err := a.eventually(ctx, func() (bool, error) {
		for _, f := range []access.Field{access.PersonID, access.UserName} {
			value := want.Values[f]
			if value == "" || a.fields[f] == (path{}) {
				continue
			}
			filter := access.AccountFilter{Field: f, Value: value}
			if _, can := a.filterAttr(f); !can && (f != access.PersonID || a.dialect.PersonIDIn != "id") {
				filter = access.AccountFilter{}
			}
			for acc, err := range a.Accounts(ctx, filter) {
				if err != nil {
					return false, err
				}
				if mine(acc) {
					found = acc
					return true, nil
				}
			}
		}
		return false, nil
	})
	return found, ok && err == nil
}

func lastSegment(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	s, err := url.PathUnescape(u.EscapedPath()[strings.LastIndexByte(u.EscapedPath(), '/')+1:])
	if err != nil || strings.EqualFold(s, "Users") || strings.EqualFold(s, "Groups") {
		return ""
	}
	return s
}

// UpdateAccount changes what want names, by PATCH or PUT, and answers with what the app then holds.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	const op = "update account"
	subject := label(ref)
	if err := a.mayUpdate(ref, want); err != nil {
		return access.Account{}, a.fault(err, op, subject)
	}
	changes, err := a.changes(want)
	if err != nil {
		return access.Account{}, a.fault(err, op, subject)
	}
	var current object
	reactivation := want.Active != nil && *want.Active && a.info.Lacks[app.ReactivateAccount] != ""
	if want.Empty() || a.dialect.UpdateWith == "put" || !blind(changes) || reactivation {
		if current, err = a.readUser(ctx, ref, op); err != nil {
			return access.Account{}, err
		}
		if active, known := current.active(); reactivation && known && !active {
			return access.Account{}, a.lacks(app.ReactivateAccount, op, subject)
		}
		if a.holds(current, changes, want.Active) {
			return a.account(current), nil
		}
	}
	o, err := a.writeUser(ctx, ref, op, changes, want.Active, current)
	if errors.Is(err, fault.Unconfirmed) {
		if now, readErr := a.readUser(ctx, ref, op); readErr == nil && a.holds(now, changes, want.Active) {
			return a.account(now), nil
		}
	}
	if err != nil {
		return access.Account{}, err
	}
	if o == nil {
		_, err = a.eventually(ctx, func() (done bool, err error) {
			if o, err = a.readUser(ctx, ref, op); err != nil {
				return false, unconfirmed(err)
			}
			return a.took(o, changes, want.Active), nil
		})
	}
	if err != nil {
		return access.Account{}, err
	}
	return a.account(o), nil
}

// unconfirmed is for a write that was accepted and could not be read back.
func unconfirmed(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Kind = fault.Unconfirmed
	c.State = "The app accepted the change; what it holds now could not be read."
	return &c
}

func (a *App) mayUpdate(ref access.AccountRef, want access.AccountSpec) error {
	why := a.info.Lacks[app.UpdateAccounts]
	id, setsID := want.Values[access.PersonID]
	switch {
	case why != "" && len(want.Values)+len(want.Attributes) > 0:
	case setsID && a.dialect.PersonIDIn == "id" && id != ref.ID:
		why = "the person id is the account's id in " + a.title + " and cannot change"
	case want.Active != nil && !*want.Active && a.dialect.RetireWith == "delete":
		why = a.title + " ends an account only by deleting it"
	default:
		return nil
	}
	return &fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}
}

// holds reports whether the resource has all the values already.
func (a *App) holds(o object, changes []change, active *bool) bool {
	if active != nil {
		if is, known := o.active(); !known && !*active || known && is != *active {
			return false
		}
	}
	return !slices.ContainsFunc(changes, func(c change) bool { return c.path.read(o) != c.value })
}

// took is holds for an answer: servers may write a value in another case.
func (a *App) took(o object, changes []change, active *bool) bool {
	return a.holds(o, nil, active) && !slices.ContainsFunc(changes, func(c change) bool { return !strings.EqualFold(c.path.read(o), c.value) })
}

// writeUser sends the changes. current is the resource as read, or nil where it is not needed.
func (a *App) writeUser(ctx context.Context, ref access.AccountRef, op string, changes []change, active *bool, current object) (object, error) {
	r := httpclient.Request{Op: op, Subject: label(ref), Path: []string{"Users", ref.ID}, Idempotent: true}
	if a.dialect.UpdateWith == "put" {
		r.Method, r.Body = http.MethodPut, replacement(current, changes, active)
	} else {
		ops := operations(changes, current)
		if active != nil {
			op := operation{Op: "replace", Path: "active", Value: *active}
			if *active { // an inactive account may not take the other changes
				ops = slices.Insert(ops, 0, op)
			} else {
				ops = append(ops, op)
			}
		}
		r.Method, r.Body = http.MethodPatch, patchBody(ops)
	}
	o, _, err := a.send(ctx, r)
	return o, err
}

// replacement is the body of a PUT: everything that the server holds, known or not, with the changes. What
// is read-only stays out, because some servers take it for a wish. What is cleared is there as null, which
// means "unassigned" too (RFC 7643 section 2.5): some servers keep what is left out.
func replacement(current object, changes []change, active *bool) object {
	o := object(clone(current))
	for _, c := range changes {
		had := c.path.read(o)
		if c.path.write(o, c.value); c.value == "" && had != "" {
			c.path.null(o)
		}
	}
	if active != nil {
		key, _ := o.find("active")
		o[key] = *active
	}
	for _, readOnly := range []string{"meta", "groups"} {
		key, _ := o.find(readOnly)
		delete(o, key)
	}
	addSchemas(o, coreUser)
	return o
}
