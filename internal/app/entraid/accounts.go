package entraid

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// property is where a field is kept in the user resource, and how long its value may be (0: not told).
// https://learn.microsoft.com/graph/api/resources/user
type property struct {
	field   access.Field
	name    string
	longest int
}

func properties() []property {
	return []property{
		{access.PersonID, "employeeId", 16},
		{access.UserName, "userPrincipalName", 113},
		{access.Email, "mail", 0},
		{access.GivenName, "givenName", 64},
		{access.FamilyName, "surname", 64},
		{access.DisplayName, "displayName", 256},
		{access.Title, "jobTitle", 128},
		{access.Department, "department", 64},
	}
}

func propertyOf(f access.Field) (property, bool) {
	for _, p := range properties() {
		if p.field == f {
			return p, true
		}
	}
	return property{}, false
}

// fields are those of properties and the manager, which is a reference of its own.
func fields() []access.Field {
	list := make([]access.Field, 0, 9)
	for _, p := range properties() {
		list = append(list, p.field)
	}
	return append(list, access.Manager)
}

const onPremisesExtensions = "onPremisesExtensionAttributes"

// user is the user resource as far as it is read by name.
type user struct {
	ID                    string
	UserPrincipalName     string
	AccountEnabled        *bool
	UserType              string
	ExternalUserState     string
	OnPremisesSyncEnabled bool
	CreatedDateTime       time.Time
	Manager               struct{ ID string }
	SignInActivity        struct {
		LastSignInDateTime               time.Time
		LastNonInteractiveSignInDateTime time.Time
		LastSuccessfulSignInDateTime     time.Time
	}
}

// selection asks for what account reads and nothing else. Neither accountEnabled nor employeeId come unasked,
// and the manager only expanded.
func (a *App) selection() []httpclient.Param {
	names := []string{"id", "accountEnabled", "createdDateTime", "userType", "externalUserState", "onPremisesSyncEnabled"}
	for _, p := range properties() {
		names = append(names, p.name)
	}
	for _, attr := range a.cfg.Attributes {
		top, _, _ := strings.Cut(attr.Property, "/")
		if !strings.Contains(","+strings.Join(names, ",")+",", ","+top+",") {
			names = append(names, top)
		}
	}
	if a.cfg.SignInActivity {
		names = append(names, "signInActivity")
	}
	return []httpclient.Param{{Key: "$select", Value: strings.Join(names, ",")}, {Key: "$expand", Value: "manager($select=id)"}}
}

// account reads a user resource.
func (a *App) account(row json.RawMessage) (access.Account, error) {
	var u user
	if err := json.Unmarshal(row, &u); err != nil || u.ID == "" {
		return access.Account{}, fault.New(fault.Invalid, "the directory answered with a user that cannot be read")
	}
	if u.AccountEnabled == nil {
		return access.Account{}, &fault.Error{
			Kind: fault.Forbidden, Cause: fmt.Sprintf("the directory does not tell whether the account with id %s is enabled", u.ID),
			Next: "Grant User.Read.All: with User.ReadBasic.All most properties of users are hidden.",
		}
	}
	var values map[string]any
	_ = json.Unmarshal(row, &values) // it is an object: decoded once already
	acc := access.Account{
		ID: u.ID, Active: *u.AccountEnabled, Manager: u.Manager.ID, Created: u.CreatedDateTime,
		External: strings.EqualFold(u.UserType, "Guest"), Status: "enabled",
	}
	for _, p := range properties() {
		acc.Set(p.field, text(values[p.name]))
	}
	for _, attr := range a.cfg.Attributes {
		if acc.Attributes == nil {
			acc.Attributes = make(map[string]string, len(a.cfg.Attributes))
		}
		acc.Attributes[attr.Name] = propertyValue(values, attr.Property)
	}
	switch {
	case !acc.Active:
		acc.Status = "disabled"
	case u.ExternalUserState == "PendingAcceptance":
		acc.Status = "invited"
	}
	if a.cfg.SignInActivity {
		acc.LastLogin, acc.NeverUsed = u.lastSignIn()
	}
	return acc, nil
}

// signInsSince is when the service began to keep when people signed in.
// https://learn.microsoft.com/entra/identity/monitoring-health/howto-manage-inactive-user-accounts
var signInsSince = time.Date(2020, time.April, 1, 0, 0, 0, 0, time.UTC)

// lastSignIn prefers the last success: the other times count failed attempts too, and somebody who guesses
// passwords must not keep an account alive. It is told since 2023 only.
func (u user) lastSignIn() (last time.Time, never bool) {
	s := u.SignInActivity
	last = s.LastSuccessfulSignInDateTime
	if last.IsZero() {
		last = s.LastSignInDateTime
		if s.LastNonInteractiveSignInDateTime.After(last) {
			last = s.LastNonInteractiveSignInDateTime
		}
	}
	return last, last.IsZero() && u.CreatedDateTime.After(signInsSince)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func propertyValue(values map[string]any, name string) string {
	first, rest, nested := strings.Cut(name, "/")
	if !nested {
		return text(values[first])
	}
	inner, _ := values[first].(map[string]any)
	return text(inner[rest])
}

// Accounts lists the accounts that match, guests and disabled ones included. Deleted ones are in a collection
// of their own and are not there.
func (a *App) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	return func(yield func(access.Account, error) bool) {
		q := query{op: "list accounts", path: []string{"users"}, params: append(a.selection(), top(a.userPage))}
		if filter != (access.AccountFilter{}) {
			p, ok := propertyOf(filter.Field)
			q.subject = fmt.Sprintf("with %s %q", filter.Field, filter.Value)
			if !ok {
				yield(access.Account{}, a.fault(&fault.Error{
					Kind: fault.Unsupported, Cause: fmt.Sprintf("Entra ID cannot be asked for accounts by %s", filter.Field), State: "Nothing was sent.",
				}, q.op, q.subject))
				return
			}
			q.params = append(q.params, httpclient.Param{Key: "$filter", Value: p.name + " eq " + quoted(filter.Value)})
		}
		for row, err := range a.rows(ctx, q) {
			var acc access.Account
			if err == nil {
				acc, err = a.account(row)
			}
			if err != nil {
				yield(access.Account{}, a.fault(err, q.op, q.subject))
				return
			}
			if !yield(acc, nil) {
				return
			}
		}
	}
}

// Account reads one account by its id.
func (a *App) Account(ctx context.Context, ref access.AccountRef) (acc access.Account, err error) {
	err = a.settled(ctx, ref.ID, func() error {
		acc, err = a.read(ctx, ref.ID, "read account", label(ref))
		return err
	})
	return acc, err
}

// read reads one account by id or by user name.
func (a *App) read(ctx context.Context, id, op, subject string) (access.Account, error) {
	if id == "" {
		return access.Account{}, a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
	}
	var row json.RawMessage
	if err := a.get(ctx, httpclient.Request{Op: op, Subject: subject, Path: []string{"users", id}, Query: a.selection()}, &row); err != nil {
		return access.Account{}, err
	}
	acc, err := a.account(row)
	return acc, a.fault(err, op, subject)
}

func label(ref access.AccountRef) string {
	if ref.UserName != "" {
		return ref.UserName
	}
	return "account " + ref.ID
}

// EndSessions takes away the refresh tokens and session cookies of the account. Access tokens that are out stay
// good until they expire, within about an hour.
// https://learn.microsoft.com/graph/api/user-revokesigninsessions
func (a *App) EndSessions(ctx context.Context, ref access.AccountRef) error {
	const op = "end sessions"
	if ref.ID == "" {
		return a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, label(ref))
	}
	_, err := a.write(ctx, httpclient.Request{
		Op: op, Subject: label(ref), Method: http.MethodPost, Path: []string{"users", ref.ID, "revokeSignInSessions"}, Idempotent: true,
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}
