package entraid

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// changes is what a spec means for the user resource: properties to send, and the manager, which is a reference.
type changes struct {
	body    map[string]any
	manager *string // an account id; "" removes the reference
}

// changes translates a spec, or says at once all that is wrong with it.
func (a *App) changes(want access.AccountSpec) (changes, error) {
	c := changes{body: map[string]any{}}
	var problems []error
	bad := func(k fault.Kind, format string, args ...any) {
		problems = append(problems, &fault.Error{Kind: k, Cause: fmt.Sprintf(format, args...), State: "Nothing was sent."})
	}
	for f, v := range want.Values {
		if f == access.Manager {
			c.manager = &v
			continue
		}
		p, ok := propertyOf(f)
		switch {
		case !ok:
			bad(fault.Unsupported, "Entra ID does not have the field %s", f)
		case v == "" && (f == access.UserName || f == access.DisplayName):
			bad(fault.Invalid, "%s cannot be empty in Entra ID", f)
		case p.longest > 0 && utf8.RuneCountInString(v) > p.longest:
			bad(fault.Invalid, "%s has %d characters, and %s of Entra ID takes %d", f, utf8.RuneCountInString(v), p.name, p.longest)
		default:
			c.body[p.name] = orNull(v)
		}
	}
	for name, v := range want.Attributes {
		i := slices.IndexFunc(a.cfg.Attributes, func(attr Attribute) bool { return attr.Name == name })
		if i < 0 {
			bad(fault.Unsupported, "no attribute block of the app defines the attribute %q", name)
			continue
		}
		first, rest, nested := strings.Cut(a.cfg.Attributes[i].Property, "/")
		if !nested {
			c.body[first] = orNull(v)
			continue
		}
		inner, _ := c.body[first].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			c.body[first] = inner
		}
		inner[rest] = orNull(v)
	}
	if want.Active != nil {
		c.body["accountEnabled"] = *want.Active
	}
	slices.SortFunc(problems, func(x, y error) int { return strings.Compare(x.Error(), y.Error()) })
	if len(problems) == 1 {
		return c, problems[0]
	}
	return c, errors.Join(problems...)
}

func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// held reports whether the account is already as the spec wants it. The directory folds the case of addresses.
func held(acc access.Account, want access.AccountSpec) bool {
	for f, v := range want.Values {
		is := acc.Get(f)
		folds := f == access.UserName || f == access.Email || f == access.Manager
		if is != v && (!folds || !strings.EqualFold(is, v)) {
			return false
		}
	}
	for name, v := range want.Attributes {
		if acc.Attributes[name] != v {
			return false
		}
	}
	return want.Active == nil || acc.Active == *want.Active
}

// CreateAccount restores the person's deleted account if there is one, or else posts a new user, once. When the
// answer does not come, the user is looked for.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	name := want.Values[access.UserName]
	c, err := a.changes(want)
	if err == nil && name == "" {
		err = &fault.Error{Kind: fault.Invalid, Cause: "an account needs a user name", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Account{}, a.fault(err, op, name)
	}
	id, err := a.restore(ctx, want)
	if err != nil {
		return access.Account{}, a.fault(err, op, name)
	}
	if id != "" {
		if want.Active == nil {
			want.Active = new(true)
		}
		acc, err := a.update(ctx, access.AccountRef{ID: id, UserName: name}, want, op)
		return acc, stateOf(err, "The deleted account was restored; it is not as configured yet.")
	}
	a.complete(c.body, want)
	resp, err := a.write(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: []string{"users"}, Body: c.body})
	var made user
	if err == nil {
		if err = resp.Decode(&made); err == nil && made.ID == "" {
			err = a.fault(fault.New(fault.Unconfirmed, "the directory accepted the new account and did not say what it made"), op, name)
		}
	}
	switch {
	case err == nil:
		a.remember(made.ID)
		return a.finish(ctx, made.ID, want, c.manager)
	case !errors.Is(err, fault.Unconfirmed):
		return access.Account{}, err
	}
	if id = a.lookFor(ctx, want); id == "" {
		return access.Account{}, err
	}
	return a.finish(ctx, id, want, c.manager)
}

// complete adds what a new user has to have. The password is nobody's: people set their own by self-service
// reset, a temporary access pass or single sign-on.
func (a *App) complete(body map[string]any, want access.AccountSpec) {
	for k, v := range body {
		if v == nil { // null is for taking away
			delete(body, k)
		}
	}
	name := want.Values[access.UserName]
	local, _, _ := strings.Cut(name, "@")
	if body["displayName"] == nil {
		full := strings.TrimSpace(want.Values[access.GivenName] + " " + want.Values[access.FamilyName])
		if full == "" {
			full = local
		}
		body["displayName"] = full
	}
	body["mailNickname"] = nickname(local)
	body["accountEnabled"] = want.Active == nil || *want.Active
	body["passwordProfile"] = map[string]any{"password": password(), "forceChangePasswordNextSignIn": true}
	if body["usageLocation"] == nil && a.cfg.UsageLocation != "" {
		body["usageLocation"] = a.cfg.UsageLocation
	}
}

// password has about 250 bits, and upper case, lower case, digits and a symbol as the directory's policy asks.
func password() string { return "Aa2-" + rand.Text() + strings.ToLower(rand.Text()) }

// nickname makes a mailNickname: at most 64 characters of ASCII without @()\[]";:<>, and space.
// https://learn.microsoft.com/graph/api/resources/user
func nickname(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`@()\[]";:<>,`, r) {
			return -1
		}
		return r
	}, s)
	if s == "" {
		s = "tenure-" + strings.ToLower(rand.Text()[:12])
	}
	return s[:min(len(s), 64)]
}

// finish sets the manager of an account that was just made, and waits until the account can be read.
func (a *App) finish(ctx context.Context, id string, want access.AccountSpec, manager *string) (access.Account, error) {
	const op = "create account"
	name := want.Values[access.UserName]
	if manager != nil && *manager != "" {
		if err := a.settled(ctx, id, func() error { return a.setManager(ctx, id, *manager, op, name) }); err != nil {
			return access.Account{}, stateOf(err, "The account was created; its manager is not set.")
		}
	}
	var acc access.Account
	_, err := a.eventually(ctx, func() (bool, error) {
		var err error
		acc, err = a.read(ctx, id, op, name)
		if errors.Is(err, fault.NotFound) { // a replica that has not heard of it yet
			return false, nil
		}
		return err == nil, err
	})
	switch {
	case err != nil:
		return access.Account{}, unconfirmed(err, "The account was created; it could not be read.")
	case acc.ID == "":
		return access.Account{}, a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: "the directory accepted the new account and still answers that it does not exist",
			State: "The account was created; it cannot be read yet.", Next: "Run again in a minute: the account is found and not made twice.",
		}, op, name)
	}
	return acc, nil
}

// stateOf says what holds now although err ended it.
func stateOf(err error, state string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.State = state
	return &c
}

// unconfirmed is for a write that was accepted and could not be read back.
func unconfirmed(err error, state string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Kind, c.State = fault.Unconfirmed, state
	return &c
}

// lookFor finds the account that an unanswered creation made: by its user name, unless it is somebody else's. By
// name the directory does not tell about sign-ins, so that finish has to read the account by its id.
func (a *App) lookFor(ctx context.Context, want access.AccountSpec) (id string) {
	name, person := want.Values[access.UserName], want.Values[access.PersonID]
	var found struct{ ID, EmployeeID string }
	ok, err := a.eventually(ctx, func() (bool, error) {
		err := a.get(ctx, httpclient.Request{
			Op: "create account", Subject: name, Path: []string{"users", name}, Query: []httpclient.Param{{Key: "$select", Value: "id,employeeId"}},
		}, &found)
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	})
	if !ok || err != nil || person != "" && found.EmployeeID != "" && found.EmployeeID != person {
		return ""
	}
	return found.ID
}

// UpdateAccount changes what want names and answers with what the directory then holds.
func (a *App) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	return a.update(ctx, ref, want, "update account")
}

func (a *App) update(ctx context.Context, ref access.AccountRef, want access.AccountSpec, op string) (access.Account, error) {
	c, err := a.changes(want)
	if err == nil && ref.ID == "" {
		err = fault.New(fault.Invalid, "it has no id in the app")
	}
	if err != nil {
		return access.Account{}, a.fault(err, op, label(ref))
	}
	if len(c.body) > 0 {
		err = a.settled(ctx, ref.ID, func() error {
			_, err := a.write(ctx, httpclient.Request{
				Op: op, Subject: label(ref), Method: http.MethodPatch, Path: []string{"users", ref.ID}, Body: c.body, Idempotent: true,
			})
			return err
		})
	}
	if err == nil && c.manager != nil {
		err = a.settled(ctx, ref.ID, func() error { return a.setManager(ctx, ref.ID, *c.manager, op, label(ref)) })
	}
	if err != nil && !errors.Is(err, fault.Unconfirmed) {
		return access.Account{}, a.whyRefused(ctx, ref, want, err)
	}
	// Replicas lag: what is read at once may be what was there before.
	var acc access.Account
	_, readErr := a.eventually(ctx, func() (bool, error) {
		var err error
		if acc, err = a.read(ctx, ref.ID, op, label(ref)); errors.Is(err, fault.NotFound) && a.isYoung(ref.ID) {
			return false, nil
		}
		return err != nil || held(acc, want), err
	})
	switch {
	case err != nil && (readErr != nil || !held(acc, want)):
		return access.Account{}, err
	case readErr != nil && want.Empty():
		return access.Account{}, readErr
	case readErr != nil:
		return access.Account{}, unconfirmed(readErr, "The directory accepted the change; what it holds now could not be read.")
	case acc.ID == "":
		return access.Account{}, a.fault(fault.New(fault.Unconfirmed, "the directory does not show the account yet"), op, label(ref))
	}
	return acc, nil
}

// setManager sets or removes the reference to the manager; none to remove is fine.
func (a *App) setManager(ctx context.Context, id, manager, op, subject string) error {
	r := httpclient.Request{Op: op, Subject: subject, Path: []string{"users", id, "manager", "$ref"}, Method: http.MethodDelete}
	if manager != "" {
		r.Method, r.Body = http.MethodPut, a.reference("users", manager)
	}
	_, err := a.write(ctx, r)
	if manager == "" && errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// reference is the body that points at another object, by an address of this cloud.
func (a *App) reference(collection, id string) map[string]any {
	return map[string]any{"@odata.id": a.base.JoinPath(collection, id).String()}
}

// whyRefused looks at the account after a refusal whose code says no more than that the request was bad.
func (a *App) whyRefused(ctx context.Context, ref access.AccountRef, want access.AccountSpec, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Status != http.StatusBadRequest || f.Kind != fault.Invalid {
		return err
	}
	better := *f
	var u user
	r := httpclient.Request{Op: f.Op, Subject: f.Subject, Path: []string{"users", ref.ID}, Query: []httpclient.Param{{Key: "$select", Value: "id,onPremisesSyncEnabled"}}}
	if a.get(ctx, r, &u) == nil && u.OnPremisesSyncEnabled {
		better.Kind = fault.Unsupported
		better.Cause, better.Next = "the account is synchronized from an on-premises directory, which owns it", "Change it there, or leave these fields unmanaged."
		return &better
	}
	if _, ok := want.Values[access.Email]; ok {
		better.Next = "If the account has a mailbox, Exchange Online owns its address: leave email unmanaged, or change it there."
	}
	return &better
}

// RetireAccount disables the account, or deletes it softly: for 30 days it can be restored, and CreateAccount does.
func (a *App) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	r := httpclient.Request{Subject: label(ref), Path: []string{"users", ref.ID}, Idempotent: true}
	switch how {
	case access.Keep:
		return nil
	case access.Delete:
		r.Op, r.Method = "delete account", http.MethodDelete
	case access.Deactivate:
		r.Op, r.Method, r.Body = "deactivate account", http.MethodPatch, map[string]any{"accountEnabled": false}
	default:
		return a.fault(fault.New(fault.Invalid, "there is no disposition %q", how), "retire account", label(ref))
	}
	if ref.ID == "" {
		return a.fault(fault.New(fault.Invalid, "it has no id in the app"), r.Op, r.Subject)
	}
	_, err := a.write(ctx, r)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case errors.Is(err, fault.Unconfirmed):
		acc, readErr := a.read(ctx, ref.ID, r.Op, r.Subject)
		if errors.Is(readErr, fault.NotFound) || readErr == nil && how == access.Deactivate && !acc.Active {
			return nil
		}
		return err
	case err != nil:
		return a.whyRefused(ctx, ref, access.AccountSpec{}, err)
	}
	return nil
}
