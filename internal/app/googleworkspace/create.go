package googleworkspace

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// check refuses what no account can become, before anything is sent.
func (a *App) check(want access.AccountSpec) error {
	refuse := func(k fault.Kind, format string, args ...any) error {
		return &fault.Error{Kind: k, Cause: fmt.Sprintf(format, args...), State: "Nothing was sent."}
	}
	for f, v := range want.Values {
		switch {
		case !slices.Contains(a.info.Fields, f):
			return refuse(fault.Unsupported, "an account of Google has no field %s here", f)
		case v == "" && slices.Contains([]access.Field{access.UserName, access.Email, access.GivenName, access.FamilyName}, f):
			return refuse(fault.Invalid, "%s cannot be empty in Google", f)
		case f == access.UserName && !isAddress(v):
			return refuse(fault.Invalid, "the user name %q is no e-mail address of the customer", v)
		}
	}
	for name, v := range want.Attributes {
		switch {
		case !slices.Contains(attributes(), name):
			return refuse(fault.Unsupported, "there is no attribute %q; there are %s", name, strings.Join(attributes(), ", "))
		case name == attrOrgUnit && !strings.HasPrefix(v, "/"):
			return refuse(fault.Invalid, "%s is %q; it must be a path from the top, such as /Sales/Madrid", attrOrgUnit, v)
		}
	}
	name, renames := want.Values[access.UserName]
	if email, ok := want.Values[access.Email]; ok && renames && !strings.EqualFold(email, name) {
		return errEmail(name, email)
	}
	return nil
}

func errEmail(name, email string) error {
	return &fault.Error{
		Kind: fault.Unsupported, Cause: fmt.Sprintf("the e-mail address of a Google account is its user name, and %s is to have the address %s", name, email),
		State: "Nothing was sent.", Next: "Make both the same, or leave email out (account_fields in tenure_entitlements).",
	}
}

// body is what a write sends. Lists are sent whole, from what u holds.
func body(u *user, want access.AccountSpec) map[string]any {
	b := map[string]any{}
	name := map[string]string{}
	next := *u
	set := func(field, value string) {
		if u.get(field) == value && u.ID != "" {
			return
		}
		if p, ok := properties()[field]; ok {
			if p.write(&next, value); len(*p.of(&next)) > 0 {
				b[p.list] = *p.of(&next)
			} else {
				b[p.list] = nil // an empty list would change nothing
			}
			return
		}
		switch field {
		case string(access.UserName):
			b["primaryEmail"] = value
		case string(access.GivenName):
			name["givenName"] = value
		case string(access.FamilyName):
			name["familyName"] = value
		case string(access.DisplayName):
			name["displayName"] = value
		case attrOrgUnit:
			b["orgUnitPath"] = value
		case attrRecoveryEmail:
			b["recoveryEmail"] = value
		}
	}
	for _, f := range access.Fields() {
		if v, ok := want.Values[f]; ok {
			set(string(f), v)
		}
	}
	for _, n := range attributes() {
		if v, ok := want.Attributes[n]; ok {
			set(n, v)
		}
	}
	if len(name) > 0 {
		b["name"] = name
	}
	return b
}

// CreateAccount makes an account with a password that nobody knows, to be changed at the first sign-in. An account of
// the same person that was deleted within 20 days is restored instead.
func (a *App) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	name := want.Values[access.UserName]
	err := a.check(want)
	for _, f := range []access.Field{access.UserName, access.GivenName, access.FamilyName} {
		if err == nil && want.Values[f] == "" {
			err = &fault.Error{Kind: fault.Invalid, Cause: "Google wants a " + string(f) + " for every account", State: "Nothing was sent."}
		}
	}
	if err != nil {
		return access.Account{}, a.fault(err, op, name)
	}
	tomb, err := a.tombstone(ctx, want)
	if err != nil {
		return access.Account{}, a.fault(err, op, name)
	}
	if tomb != nil {
		return a.restore(ctx, *tomb, want)
	}
	b := body(&user{}, want)
	for k, v := range b {
		if v == nil {
			delete(b, k)
		}
	}
	secret := make([]byte, 48)
	_, _ = rand.Read(secret) // never fails
	b["password"], b["changePasswordAtNextLogin"] = base64.RawURLEncoding.EncodeToString(secret), true
	if want.Active != nil && !*want.Active {
		b["suspended"] = true
	}
	u, err := a.write(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: usersPath(), Body: b})
	switch {
	case err == nil:
		a.remember(u.ID, u.PrimaryEmail)
		return u.account(), nil
	case errors.Is(err, fault.Exists):
		return access.Account{}, a.clash(ctx, err, name)
	case !errors.Is(err, fault.Unconfirmed):
		return access.Account{}, err
	}
	var found *user
	person := want.Values[access.PersonID]
	_, lookErr := a.eventually(ctx, func() (bool, error) {
		var lookErr error
		found, lookErr = a.userAt(ctx, op, name)
		return found != nil, lookErr
	})
	if lookErr != nil || found == nil || person != found.get(string(access.PersonID)) {
		return access.Account{}, err
	}
	a.note(found)
	return found.account(), nil
}

// write sends a change of an account and reads the account in the answer.
func (a *App) write(ctx context.Context, r httpclient.Request) (user, error) {
	r.Query = []httpclient.Param{{Key: "fields", Value: userFields}}
	resp, err := a.directory.Do(ctx, r)
	if err != nil {
		return user{}, err
	}
	var u user
	if err := a.decodeUser(resp, &u, r.Op, r.Subject, fault.Unconfirmed); err != nil {
		return user{}, err
	}
	a.note(&u)
	return u, nil
}

// clash says what is in the way of a new account: Google answers one code for all of it.
func (a *App) clash(ctx context.Context, err error, name string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	u, readErr := a.readUser(ctx, "find account", name, name)
	switch {
	case readErr == nil && strings.EqualFold(u.PrimaryEmail, name):
		c.Cause = "Google has an account with this address"
		return &c
	case readErr == nil:
		c.Cause = "the address is an alias of " + u.PrimaryEmail + ": Google keeps the old address of an account that was renamed"
		c.Next = "Remove the alias from " + u.PrimaryEmail + " in the Admin console, or choose another user name."
		return &c
	case !errors.Is(readErr, fault.NotFound):
		return &c
	}
	if g, groupErr := a.readGroup(ctx, "find group", name); groupErr == nil {
		c.Cause, c.Next = "the address belongs to the group "+g.Email, "Choose another user name."
		return &c
	}
	if list, listErr := a.tombstones(ctx); listErr == nil {
		for i := range list {
			if strings.EqualFold(list[i].PrimaryEmail, name) {
				return a.buried(&list[i], name)
			}
		}
	}
	c.Cause = "Google says that the address is taken, and by no account or group that can be seen"
	c.Next = "Look for the address in the Admin console: it may be an alias, or belong to a consumer account."
	return &c
}

// buried is the error for a user name that a deleted account still has.
func (a *App) buried(u *user, name string) error {
	return &fault.Error{
		Kind: fault.Exists, System: a.name, Op: "create account", Subject: name, Protocol: "google",
		Cause: "an account with this address was deleted " + day(u.DeletionTime) + " and can be restored for 20 days; whether it was the same person's is not known",
		State: "Nothing was written.",
		Next:  "Restore it in the Admin console if it is theirs, and run again; otherwise set deleted_accounts = \"ignore\" or choose another user name.",
	}
}

func day(timestamp string) string {
	if t := instant(timestamp); !t.IsZero() {
		return "on " + t.UTC().Format("2006-01-02")
	}
	return "recently"
}

// tombstone finds the deleted account that the new one continues. Only the person's id makes it the same: an address
// may have gone to somebody else, who must not get the old one's mail.
func (a *App) tombstone(ctx context.Context, want access.AccountSpec) (*user, error) {
	person := want.Values[access.PersonID]
	if a.cfg.DeletedAccounts != "restore" || person == "" {
		return nil, nil //nolint:nilnil // none
	}
	list, err := a.tombstones(ctx)
	if err != nil {
		return nil, err
	}
	var same *user
	for i := range list {
		u := &list[i]
		id := u.get(string(access.PersonID))
		switch {
		case id == person && (same == nil || u.DeletionTime > same.DeletionTime):
			same = u
		case id == "" && strings.EqualFold(u.PrimaryEmail, want.Values[access.UserName]) && same == nil:
			return nil, a.buried(u, u.PrimaryEmail)
		}
	}
	return same, nil
}

// tombstones are the deleted accounts, read once in a run.
func (a *App) tombstones(ctx context.Context) ([]user, error) {
	a.mu.Lock()
	known := a.deleted
	a.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	l := a.users("list deleted accounts")
	l.query = []httpclient.Param{
		{Key: "customer", Value: a.cfg.CustomerID},
		{Key: "maxResults", Value: userPage},
		{Key: "showDeleted", Value: "true"},
		{Key: "fields", Value: "kind,nextPageToken,users(id,primaryEmail,externalIds,orgUnitPath,deletionTime)"},
	}
	list := []user{}
	for u, err := range walk(ctx, a, l, func(u user) string { return u.ID }) {
		if err != nil {
			return nil, a.misplaced(err, l.op)
		}
		list = append(list, u)
	}
	a.mu.Lock()
	a.deleted = &list
	a.mu.Unlock()
	return list, nil
}

// restore brings a deleted account back and makes it what is wanted.
func (a *App) restore(ctx context.Context, tomb user, want access.AccountSpec) (access.Account, error) {
	const op = "restore account"
	subject := want.Values[access.UserName]
	unit := want.Attributes[attrOrgUnit]
	if unit == "" {
		unit = "/"
	}
	_, err := a.directory.Do(ctx, httpclient.Request{
		Op: op, Subject: subject, Method: http.MethodPost, Path: usersPath(tomb.ID, "undelete"), Body: map[string]string{"orgUnitPath": unit},
	})
	if err != nil && !errors.Is(err, fault.Unconfirmed) {
		return access.Account{}, err
	}
	a.mu.Lock()
	a.deleted = nil
	a.mu.Unlock()
	a.remember(tomb.ID)
	if _, readErr := a.readUser(ctx, op, tomb.ID, subject); readErr != nil {
		if err != nil {
			return access.Account{}, err
		}
		return access.Account{}, unconfirmed(readErr)
	}
	if want.Active == nil {
		active := true
		want.Active = &active
	}
	return a.UpdateAccount(ctx, access.AccountRef{ID: tomb.ID, UserName: subject}, want)
}
