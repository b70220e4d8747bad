package okta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Directory is the people and groups of an organization. See [Open].
type Directory struct {
	*client
	cfg        Config
	info       app.Info
	properties map[access.Field]string
	attributes map[string]Attribute
	rules      ruleCache
	// ours are the ids of what this run made: Okta may not know it everywhere yet.
	ours sync.Map
}

var (
	_ app.AccountReader = (*Directory)(nil)
	_ app.AccountWriter = (*Directory)(nil)
	_ app.GroupReader   = (*Directory)(nil)
	_ app.GroupWriter   = (*Directory)(nil)
	_ app.LicenseReader = (*Directory)(nil)
	_ app.LicenseWriter = (*Directory)(nil)
	_ app.SessionEnder  = (*Directory)(nil)
	_ app.Self          = (*Directory)(nil)
	_ app.App           = (*Directory)(nil)
)

// Info describes the app.
func (d *Directory) Info() app.Info { return d.info }

// Check lists one account.
func (d *Directory) Check(ctx context.Context) error {
	var page []user
	return d.get(ctx, "reach the app", "", &page, []string{"users"}, httpclient.Param{Key: "limit", Value: "1"})
}

// lean asks for users without credentials and links, which are most of an answer.
const lean = `application/json; okta-response="omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"`

// everybody is the filter that all users match. Without a filter the listing leaves out who is deprovisioned: they
// would be taken for missing, and creating them again refused. It is a filter and not a search, because what search
// knows lags behind what was written, and a plan made after an apply must see it.
func everybody() string {
	var terms []string
	for _, status := range slices.Sorted(maps.Keys(statuses())) {
		terms = append(terms, "status eq "+quoted(status))
	}
	return strings.Join(terms, " or ")
}

// filters are the fields that the listing can be filtered by.
func (d *Directory) filterable(f access.Field) bool {
	return f == access.UserName || f == access.Email || f == access.GivenName || f == access.FamilyName
}

func (d *Directory) users(ctx context.Context, op, subject, filter string) iter.Seq2[user, error] {
	return rows(ctx, listing{
		client: d.client, op: op, subject: subject, path: []string{"users"}, limit: userPage,
		query: []httpclient.Param{{Key: "filter", Value: filter}}, header: map[string]string{"Content-Type": lean},
	}, user.id)
}

// Accounts lists the accounts that match. Person ids cannot be asked for: only search knows other properties than the
// basic ones, and search lags behind; callers list.
func (d *Directory) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	const op = "list accounts"
	return func(yield func(access.Account, error) bool) {
		expression, subject := everybody(), ""
		if filter != (access.AccountFilter{}) {
			subject = fmt.Sprintf("with %s %q", filter.Field, filter.Value)
			if !d.filterable(filter.Field) {
				yield(access.Account{}, d.fault(&fault.Error{
					Kind: fault.Unsupported, State: "Nothing was sent.",
					Cause: fmt.Sprintf("Okta cannot be asked reliably for accounts by %s", filter.Field),
				}, op, subject))
				return
			}
			expression = "profile." + d.properties[filter.Field] + " eq " + quoted(filter.Value)
		}
		for u, err := range d.users(ctx, op, subject, expression) {
			if err != nil {
				yield(access.Account{}, err)
				return
			}
			if !yield(d.account(u), nil) {
				return
			}
		}
	}
}

// Account reads one account by its id.
func (d *Directory) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	u, err := d.read(ctx, ref, "read account")
	if err != nil {
		return access.Account{}, err
	}
	return d.account(u), nil
}

// read gets a user by id. What this run made itself is not gone when Okta says so at first.
func (d *Directory) read(ctx context.Context, ref access.AccountRef, op string) (user, error) {
	var u user
	var err error
	_, waitErr := d.eventually(ctx, func() (bool, error) {
		u = user{}
		if ref.ID == "" {
			err = d.fault(fault.New(fault.Invalid, "it has no id in the app"), op, label(ref))
			return true, nil
		}
		err = d.get(ctx, op, label(ref), &u, []string{"users", ref.ID})
		return !errors.Is(err, fault.NotFound) || !d.isOurs(ref.ID), nil
	})
	switch {
	case err != nil:
		return user{}, err
	case waitErr != nil:
		return user{}, d.fault(waitErr, op, label(ref))
	case u.ID != ref.ID: // a login would also be found
		return user{}, d.fault(fault.New(fault.Unavailable, "Okta answered without the account, or with another one"), op, label(ref))
	}
	return u, nil
}

func (d *Directory) isOurs(id string) bool { _, ok := d.ours.Load(id); return ok }

// CreateAccount makes a user, once, and activates it unless it is to be inactive. It is made staged and activated in
// a second step, because making it active would send mail to the person; with SendActivationEmail that is one step.
func (d *Directory) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	login := want.Values[access.UserName]
	profile, err := d.profile(access.AccountSpec{Values: nonEmpty(want.Values), Attributes: nonEmpty(want.Attributes)})
	if err == nil && login == "" {
		err = &fault.Error{Kind: fault.Invalid, Cause: "an account needs a user name", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Account{}, d.fault(err, op, login)
	}
	active := want.Active == nil || *want.Active
	resp, err := d.http.Do(ctx, httpclient.Request{
		Op: op, Subject: login, Method: http.MethodPost, Path: path("users"), Body: map[string]any{"profile": profile},
		Query: []httpclient.Param{{Key: "activate", Value: strconv.FormatBool(active && d.cfg.SendActivationEmail)}},
	})
	var u user
	switch {
	case err == nil:
		if err = resp.Decode(&u); err == nil && u.ID == "" {
			err = d.fault(&fault.Error{
				Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
				Cause: "Okta accepted the new account and did not say what it made",
				Next:  "Run again: an account that was made is found and not made twice.",
			}, op, login)
		}
	case code(err) == codeValidation:
		err = d.ifTaken(ctx, err, login, "")
	}
	if errors.Is(err, fault.Unconfirmed) {
		if found, ok := d.lookFor(ctx, want); ok {
			u, err = found, nil
		}
	}
	if err != nil {
		return access.Account{}, err
	}
	d.ours.Store(u.ID, true)
	if !active || u.active() {
		return d.account(u), nil
	}
	if u, err = d.activate(ctx, u, op); err != nil {
		return access.Account{}, withState(err, "The account exists in Okta and is staged: it cannot be used before it is activated.")
	}
	return d.account(u), nil
}

func nonEmpty[K comparable](values map[K]string) map[K]string {
	out := maps.Clone(values)
	maps.DeleteFunc(out, func(_ K, v string) bool { return v == "" })
	return out
}

// ifTaken refines a refusal: Okta answers with one code to a value that breaks a rule and to a login that somebody
// has. Which one it was is looked up, not read from the text. own is the id of who may have the login.
func (d *Directory) ifTaken(ctx context.Context, refusal error, login, own string) error {
	if login == "" {
		return refusal
	}
	for u, err := range d.users(ctx, "find account", login, "profile.login eq "+quoted(login)) {
		if err != nil {
			return refusal
		}
		if u.ID != own && strings.EqualFold(u.text("login"), login) {
			var f *fault.Error
			errors.As(refusal, &f)
			taken := *f
			taken.Kind, taken.Next = fault.Exists, ""
			taken.Cause = "the account " + u.ID + " has this user name already, with the status " + strings.ToLower(u.Status)
			return &taken
		}
	}
	return refusal
}

// lookFor finds the user that an unanswered creation made: the one with the login, unless it is somebody else's.
func (d *Directory) lookFor(ctx context.Context, want access.AccountSpec) (found user, ok bool) {
	login, person := want.Values[access.UserName], want.Values[access.PersonID]
	ok, err := d.eventually(ctx, func() (bool, error) {
		for u, err := range d.users(ctx, "find account", login, "profile.login eq "+quoted(login)) {
			if err != nil {
				return false, err
			}
			if strings.EqualFold(u.text("login"), login) && (person == "" || d.account(u).PersonID == person) {
				found = u
				return true, nil
			}
		}
		return false, nil
	})
	return found, ok && err == nil
}

// UpdateAccount changes what want names. Someone who returns is made active before the profile changes, someone who
// leaves is made inactive after it.
func (d *Directory) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	const op = "update account"
	profile, err := d.profile(want)
	if err != nil {
		return access.Account{}, d.fault(err, op, label(ref))
	}
	var u user
	if want.Active != nil || len(profile) == 0 {
		if u, err = d.read(ctx, ref, op); err != nil {
			return access.Account{}, err
		}
	}
	if want.Active != nil && *want.Active && !u.active() {
		if u, err = d.activate(ctx, u, op); err != nil {
			return access.Account{}, err
		}
	}
	if len(profile) > 0 {
		if u, err = d.writeProfile(ctx, ref, op, profile, want); err != nil {
			return access.Account{}, err
		}
	}
	if want.Active != nil && !*want.Active && u.active() {
		if u, err = d.deactivate(ctx, u, op); err != nil {
			return access.Account{}, err
		}
	}
	return d.account(u), nil
}

// writeProfile sends a partial update; PUT would empty what is left out.
func (d *Directory) writeProfile(ctx context.Context, ref access.AccountRef, op string, profile map[string]any, want access.AccountSpec) (user, error) {
	if ref.ID == "" {
		return user{}, d.fault(fault.New(fault.Invalid, "it has no id in the app"), op, label(ref))
	}
	var u user
	resp, err := d.http.Do(ctx, httpclient.Request{
		Op: op, Subject: label(ref), Method: http.MethodPost, Path: path("users", ref.ID), Body: map[string]any{"profile": profile}, Idempotent: true,
	})
	switch {
	case err == nil:
		if err = resp.Decode(&u); err == nil && u.ID != ref.ID {
			err = d.fault(fault.New(fault.Unconfirmed, "Okta accepted the change and did not answer with the account"), op, label(ref))
		}
	case code(err) == codeValidation:
		err = d.ifTaken(ctx, err, want.Values[access.UserName], ref.ID)
	}
	if errors.Is(err, fault.Unconfirmed) {
		if now, readErr := d.read(ctx, ref, op); readErr == nil && d.holds(now, want) {
			return now, nil
		}
	}
	return u, err
}

// holds reports whether the user has all values already.
func (d *Directory) holds(u user, want access.AccountSpec) bool {
	a := d.account(u)
	for f, v := range want.Values {
		if a.Get(f) != v {
			return false
		}
	}
	for name, v := range want.Attributes {
		if a.Attributes[name] != v {
			return false
		}
	}
	return true
}
