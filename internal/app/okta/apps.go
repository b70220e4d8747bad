package okta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Assignments are the accounts of one application: the users assigned to it. Creating an account assigns the user who
// has the user name in Okta; retiring one takes the assignment away. See Config.AppID.
type Assignments struct {
	d    *Directory
	info app.Info
}

var (
	_ app.AccountReader = (*Assignments)(nil)
	_ app.AccountWriter = (*Assignments)(nil)
	_ app.Self          = (*Assignments)(nil)
	_ app.App           = (*Assignments)(nil)
)

func newAssignments(d *Directory) *Assignments {
	a := &Assignments{d: d, info: app.Info{
		Kind: "okta", Tenant: d.info.Tenant + "/apps/" + d.cfg.AppID, UserNamesFoldCase: true, Fields: []access.Field{access.UserName},
		Lacks: map[app.Capability]string{
			app.ReactivateAccount: "an assignment that was taken away is gone: who returns is assigned anew",
		},
	}}
	if len(d.cfg.Attributes) == 0 {
		a.info.Lacks[app.UpdateAccounts] = "an assignment has nothing to change beside the properties that attribute blocks name"
	}
	return a
}

// Info describes the app.
func (a *Assignments) Info() app.Info { return a.info }

// Requests is the number of HTTP requests sent so far, retries included, those for access tokens not.
func (a *Assignments) Requests() int64 { return a.d.Requests() }

// Check lists one assignment.
func (a *Assignments) Check(ctx context.Context) error {
	var page []assignment
	return a.d.get(ctx, "reach the app", "", &page, []string{"apps", a.d.cfg.AppID, "users"}, httpclient.Param{Key: "limit", Value: "1"})
}

// account is an assignment in Tenure's words: who it is comes from the user, what can be changed from the assignment.
func (a *Assignments) account(as assignment) access.Account {
	acc := a.d.account(as.Embedded.User)
	acc.ID, acc.Manager = as.ID, ""
	acc.Active, acc.Status = as.active(), strings.ToLower(as.Status)
	if via := as.via(); via != "" {
		acc.Status += ", by " + via
	}
	acc.Created = createdAt(as.Created)
	acc.Attributes = attributesOf(a.d.attributes, as.Profile)
	acc.NeverUsed = false // never signed in to Okta says nothing of the application, nor does the last time
	acc.LastLogin = createdAt("")
	return acc
}

// Accounts lists who is assigned. Okta cannot be asked for single ones: callers look through the listing.
func (a *Assignments) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	const op = "list accounts"
	return func(yield func(access.Account, error) bool) {
		if filter != (access.AccountFilter{}) {
			yield(access.Account{}, a.d.fault(&fault.Error{
				Kind: fault.Unsupported, Cause: "assignments cannot be asked for by " + string(filter.Field), State: "Nothing was sent.",
			}, op, fmt.Sprintf("with %s %q", filter.Field, filter.Value)))
			return
		}
		for as, err := range a.d.assignmentsOf(ctx, a.d.cfg.AppID, op, "") {
			if errors.Is(err, fault.NotFound) {
				err = a.d.fault(&fault.Error{
					Kind: fault.Invalid, Cause: "there is no application " + a.d.cfg.AppID + " in Okta", Next: "Check app_id.", Status: http.StatusNotFound, Code: code(err),
				}, op, "")
			}
			if err == nil && as.Embedded.User.ID == "" {
				err = a.d.fault(fault.New(fault.Invalid, "Okta lists the assignment %s without its user", as.ID), op, "")
			}
			if err != nil {
				yield(access.Account{}, err)
				return
			}
			if !yield(a.account(as), nil) {
				return
			}
		}
	}
}

// Account reads one assignment by the user's id.
func (a *Assignments) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	as, err := a.d.assigned(ctx, a.d.cfg.AppID, ref, "read account")
	if err != nil {
		return access.Account{}, err
	}
	return a.account(as), nil
}

// profile is what want asks for, as properties of the assignment.
func (a *Assignments) profile(want access.AccountSpec) (map[string]any, error) {
	for f := range want.Values {
		if f != access.UserName {
			return nil, &fault.Error{
				Kind: fault.Unsupported, Cause: "assignments have no field " + string(f) + " of their own: it is the user's", State: "Nothing was sent.",
				Next: "Leave it out here, and manage it in the app block of the organization.",
			}
		}
	}
	profile := map[string]any{}
	return profile, addAttributes(profile, a.d.attributes, want.Attributes)
}

// CreateAccount assigns the user with that user name in Okta.
func (a *Assignments) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	name := want.Values[access.UserName]
	profile, err := a.profile(access.AccountSpec{Values: nonEmpty(want.Values), Attributes: nonEmpty(want.Attributes)})
	switch {
	case err != nil:
	case name == "":
		err = &fault.Error{Kind: fault.Invalid, Cause: "an account needs a user name", State: "Nothing was sent."}
	case want.Active != nil && !*want.Active:
		err = &fault.Error{Kind: fault.Unsupported, Cause: "an assignment is there or not, never inactive", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Account{}, a.d.fault(err, op, name)
	}
	owner, err := a.owner(ctx, name, op)
	if err != nil {
		return access.Account{}, err
	}
	as, already, err := a.d.assign(ctx, a.d.cfg.AppID, access.AccountRef{ID: owner.ID, UserName: name}, profile, op, false)
	switch {
	case errors.Is(err, fault.NotFound):
		if gone := a.d.appThere(ctx, a.d.cfg.AppID, op, name); gone != nil {
			return access.Account{}, gone
		}
		return access.Account{}, err
	case err != nil:
		return access.Account{}, err
	case already:
		return access.Account{}, a.d.fault(fault.New(fault.Exists, "the user is assigned to the application already"), op, name)
	}
	as.Embedded.User = owner
	return a.account(as), nil
}

// owner is the user who has the name in Okta.
func (a *Assignments) owner(ctx context.Context, name, op string) (user, error) {
	for u, err := range a.d.users(ctx, op, name, "profile.login eq "+quoted(name)) {
		if err != nil {
			return user{}, err
		}
		if strings.EqualFold(u.text("login"), name) {
			return u, nil
		}
	}
	return user{}, a.d.fault(&fault.Error{
		Kind: fault.Invalid, Cause: "nobody has this user name in Okta", State: "Nothing was written.",
		Next: "Create the user first: manage it in the app block of the organization.",
	}, op, name)
}

// UpdateAccount changes properties of the assignment. A user name is changed with the user, not here: a name that the
// user has by now is none to change.
func (a *Assignments) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	const op = "update account"
	profile, err := a.profile(want)
	if err != nil {
		return access.Account{}, a.d.fault(err, op, label(ref))
	}
	as, err := a.d.assigned(ctx, a.d.cfg.AppID, ref, op)
	if err != nil {
		return access.Account{}, err
	}
	name, renames := want.Values[access.UserName]
	switch {
	case renames && !strings.EqualFold(as.Embedded.User.text("login"), name):
		err = &fault.Error{
			Kind: fault.Unsupported, Cause: "the user name is the user's, not the assignment's", State: "Nothing was written.",
			Next: "Rename the user in the app block of the organization; then run again.",
		}
	case want.Active != nil && *want.Active != as.active():
		err = &fault.Error{
			Kind: fault.Unsupported, Cause: "an assignment is there or not; whether it is active is decided by the user and the application", State: "Nothing was written.",
		}
	}
	if err != nil {
		return access.Account{}, a.d.fault(err, op, label(ref))
	}
	if len(profile) == 0 {
		return a.account(as), nil
	}
	var now assignment
	resp, err := a.d.http.Do(ctx, httpclient.Request{
		Op: op, Subject: label(ref), Method: http.MethodPost, Path: path("apps", a.d.cfg.AppID, "users", ref.ID), Body: map[string]any{"profile": profile}, Idempotent: true,
	})
	if err == nil {
		if err = resp.Decode(&now); err == nil && now.ID != ref.ID {
			err = a.d.fault(fault.New(fault.Unconfirmed, "Okta accepted the change and did not answer with the assignment"), op, label(ref))
		}
	}
	if err != nil {
		return access.Account{}, err
	}
	now.Embedded.User = as.Embedded.User
	return a.account(now), nil
}

// RetireAccount takes the assignment away, whichever way is asked for: Okta knows one.
func (a *Assignments) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	switch how {
	case access.Keep:
		return nil
	case access.Deactivate, access.Delete:
		return a.d.unassign(ctx, a.d.cfg.AppID, ref, string(how)+" account")
	}
	return a.d.fault(fault.New(fault.Invalid, "there is no disposition %q", how), "retire account", label(ref))
}

// Self is the admin whose API token this is.
func (a *Assignments) Self(ctx context.Context) (access.AccountRef, error) { return a.d.Self(ctx) }
