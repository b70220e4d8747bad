package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// wanted reads what an account should become; GitHub takes a login and a role, nothing else.
func wanted(want access.AccountSpec) (name, role string, err error) {
	for f := range want.Values {
		if f != access.UserName && f != access.Role {
			return "", "", &fault.Error{Kind: fault.Unsupported, State: "Nothing was sent.", Cause: fmt.Sprintf("an organization on GitHub has no place for %s: the profile belongs to the person", f)}
		}
	}
	if len(want.Attributes) > 0 {
		return "", "", &fault.Error{Kind: fault.Unsupported, Cause: "an organization on GitHub has no extra attributes", State: "Nothing was sent."}
	}
	role, managed := want.Values[access.Role]
	if managed && role != roleAdmin && role != roleMember {
		return "", "", &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("the role is %q; it must be admin or member", role), State: "Nothing was sent."}
	}
	return want.Values[access.UserName], role, nil
}

// CreateAccount invites, once: whom GitHub knows by the user's number, and with InviteByEmail an address for which nobody
// knows a login. The account is there from then on, with the status "invited". It is never an outside collaborator, and
// never reinstates what somebody held in an earlier time.
func (o *Org) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	const op = "create account"
	name, role, err := wanted(want)
	switch {
	case err != nil:
	case name == "":
		err = &fault.Error{Kind: fault.Invalid, Cause: "an account needs a user name, which is the login", State: "Nothing was sent."}
	case want.Active != nil && !*want.Active:
		err = &fault.Error{Kind: fault.Unsupported, Cause: "an organization on GitHub has no inactive members", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Account{}, o.fault(err, op, name)
	}
	if !*o.cfg.Invitations {
		return o.join(ctx, op, name, role)
	}
	body := map[string]any{"role": "direct_member"}
	if role == roleAdmin {
		body["role"] = roleAdmin
	}
	byEmail := o.cfg.InviteByEmail && strings.Contains(name, "@")
	var number int64
	if byEmail {
		body["email"] = name
	} else {
		if number, err = o.invitee(ctx, op, name); err != nil {
			return access.Account{}, err
		}
		body["invitee_id"] = number
	}
	var made invitation
	err = o.do(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: o.path("invitations"), Body: body}, &made)
	if err == nil && (made.ID == 0 || !strings.EqualFold(made.Login, name) && !strings.EqualFold(made.Email, name)) {
		err = o.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: "GitHub accepted the invitation and did not say what it made", Next: "Run again: an invitation that was made is found and not made twice.",
		}, op, name)
	}
	p := made.person(invited, number)
	switch {
	case err == nil:
	case errors.Is(err, fault.Unconfirmed):
		if found, lookErr := o.byName(ctx, op, name); lookErr == nil && found.kind == invited {
			p, err = found, nil
		}
	case errors.Is(err, fault.NotFound):
		err = o.hidden(ctx, err, op, name)
	case errors.Is(err, fault.Invalid):
		err = o.ifTaken(ctx, err, op, name, byEmail)
	}
	if err != nil {
		return access.Account{}, err
	}
	o.people.know(p)
	return p.account(), nil
}

// join makes somebody a member at once, where GitHub knows no invitations. Its request changes the role of who is a member already, so it
// looks first.
func (o *Org) join(ctx context.Context, op, login, role string) (access.Account, error) {
	number, err := o.invitee(ctx, op, login)
	if err != nil {
		return access.Account{}, err
	}
	switch _, err := o.membership(ctx, op, login); {
	case err == nil:
		return access.Account{}, o.fault(&fault.Error{Kind: fault.Exists, Cause: login + " is a member already", State: "Nothing was written."}, op, login)
	case !errors.Is(err, fault.NotFound):
		return access.Account{}, err
	}
	var m membership
	err = o.do(ctx, httpclient.Request{
		Op: op, Subject: login, Method: http.MethodPut, Once: true, Path: o.path("memberships", login), Body: map[string]any{"role": cmp.Or(role, roleMember)},
	}, &m)
	if err == nil && (m.User == nil || m.User.ID != number || m.State != "active") {
		err = o.fault(&fault.Error{Kind: fault.Unconfirmed, Cause: "GitHub accepted the new member and does not show one", Next: "If GitHub has sent an invitation, set invitations = true."}, op, login)
	}
	p := person{kind: member, number: number, login: login, role: cmp.Or(role, roleMember)}
	switch {
	case err == nil:
		p.login = m.User.Login
	case errors.Is(err, fault.Unconfirmed):
		if found, lookErr := o.membership(ctx, op, login); lookErr == nil && found.kind == member {
			p, err = found, nil
		}
	case errors.Is(err, fault.NotFound):
		err = o.hidden(ctx, err, op, login)
	}
	if err != nil {
		return access.Account{}, err
	}
	o.people.know(p)
	return p.account(), nil
}

// invitee is the number of the user with that login.
func (o *Org) invitee(ctx context.Context, op, login string) (int64, error) {
	var u user
	err := o.get(ctx, op, login, &u, "users", login)
	switch {
	case errors.Is(err, fault.NotFound):
		err = o.fault(&fault.Error{
			Kind: fault.Invalid, Status: http.StatusNotFound, Cause: "nobody on GitHub has the login " + login, State: "Nothing was written.",
			Next: fmt.Sprintf("HR does not know logins: say whose is whose in tenure_entitlements, identities = { %s = { \"PERSON-ID\" = \"LOGIN\" } }, or leave the person out. With invite_by_email = true an e-mail address is invited.", o.name),
		}, op, login)
	case err == nil && (u.ID == 0 || !strings.EqualFold(u.Login, login)):
		err = o.fault(fault.New(fault.Unavailable, "GitHub answered without the user, or with another one"), op, login)
	case err == nil && u.Type != "" && u.Type != "User":
		err = o.fault(&fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("%s is no person on GitHub, but of the type %s", login, u.Type), State: "Nothing was written."}, op, login)
	}
	return u.ID, err
}

// ifTaken refines a refusal: GitHub has one code for everything that is wrong with an invitation, so it takes a look.
func (o *Org) ifTaken(ctx context.Context, refusal error, op, name string, byEmail bool) error {
	var f *fault.Error
	if !errors.As(refusal, &f) || f.Status != http.StatusUnprocessableEntity {
		return refusal
	}
	c := *f
	found, err := o.byName(ctx, op, name)
	switch {
	case err == nil && found.kind != outside:
		c.Kind, c.Cause, c.Next = fault.Exists, "the organization has "+found.account().Status+" "+name+" already", ""
	case byEmail:
		c.Cause = "GitHub does not accept an invitation to this address"
		c.Next = fmt.Sprintf("If the person has taken up an earlier one, the account is there under a login: say which in tenure_entitlements, identities = { %s = { \"PERSON-ID\" = \"LOGIN\" } }. Otherwise look at the organization's seats and at how many invitations it may send in a day.", o.name)
	default:
		c.Next = "Look at the organization's seats, at how many invitations it may send in a day (50, or 500 with a paid plan), and whether the user has blocked it."
	}
	return &c
}

// UpdateAccount changes the role. GitHub's own request for that invites who is not there, so it looks first.
func (o *Org) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	const op = "update account"
	name, role, err := wanted(want)
	if err == nil && want.Active != nil && !*want.Active {
		err = &fault.Error{
			Kind: fault.Unsupported, Cause: "an organization on GitHub has no inactive members", State: "Nothing was sent.",
			Next: "Leave the account out of configuration: on_removal then takes it out of the organization.",
		}
	}
	if err != nil {
		return access.Account{}, o.fault(err, op, label(ref))
	}
	now, err := o.read(ctx, ref, op)
	if err != nil {
		return access.Account{}, err
	}
	has := now.account()
	if name != "" && !strings.EqualFold(name, has.UserName) {
		return access.Account{}, o.fault(&fault.Error{
			Kind: fault.Unsupported, Cause: fmt.Sprintf("the login is %s, and only its owner can change it", has.UserName), State: "Nothing was sent.",
		}, op, has.UserName)
	}
	if role == "" || role == now.role {
		return has, nil
	}
	switch {
	case now.kind == outside:
		err = &fault.Error{Kind: fault.Unsupported, Cause: "outside collaborators have no role in the organization", Next: "Invite the person in GitHub (People, Outside collaborators), or leave role out."}
	case now.kind == failed, now.login == "":
		err = &fault.Error{Kind: fault.Unsupported, Cause: "the role of this invitation cannot be changed before it is taken up", Next: "Cancel the invitation, and it is sent anew with the role."}
	}
	if err != nil {
		return access.Account{}, o.fault(withState(err, "Nothing was sent."), op, has.UserName)
	}
	var m membership
	err = o.do(ctx, httpclient.Request{Op: op, Subject: now.login, Method: http.MethodPut, Path: o.path("memberships", now.login), Body: map[string]any{"role": role}}, &m)
	if err == nil && (m.User == nil || !strings.EqualFold(m.User.Login, now.login) || now.kind == member && (m.State != "active" || strconv.FormatInt(m.User.ID, 10) != ref.ID)) {
		err = o.fault(fault.New(fault.Unconfirmed, "GitHub accepted the change and did not answer with the account"), op, now.login)
	}
	if errors.Is(err, fault.Unconfirmed) {
		if after, readErr := o.read(ctx, ref, op); readErr == nil && after.role == role {
			return after.account(), nil
		}
	}
	if err != nil {
		return access.Account{}, err
	}
	if now.role = m.Role; now.role != roleAdmin && now.role != roleMember {
		now.role = role
	}
	o.people.know(now)
	return now.account(), nil
}

// RetireAccount takes a member or outside collaborator out of the organization, or cancels an invitation, whichever
// disposition is asked for: GitHub has one end only.
func (o *Org) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	op := string(how) + " account"
	if how != access.Deactivate && how != access.Delete {
		return o.fault(&fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("%q is no end of an account", how), State: "Nothing was sent."}, op, label(ref))
	}
	p, err := o.resolve(ctx, ref, op)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r := httpclient.Request{Op: op, Subject: p.account().UserName, Method: http.MethodDelete}
	switch {
	case p.kind == failed:
		return nil // there is no access to end
	case p.kind == outside:
		r.Path = o.path("outside_collaborators", p.login)
	case p.number == 0:
		r.Path = o.path("invitations", strconv.FormatInt(p.invitation, 10))
	default: // for an invitation too: should it have been taken up meanwhile, the membership ends
		r.Path = o.path("memberships", p.login)
	}
	err = o.do(ctx, r, nil)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unconfirmed) {
		err = o.ifGone(ctx, err, ref, op)
	}
	if err == nil {
		o.people.forget(ref.ID)
	}
	return err
}

// ifGone believes that somebody is gone only when the organization does not show them any more.
func (o *Org) ifGone(ctx context.Context, refusal error, ref access.AccountRef, op string) error {
	_, err := o.read(ctx, ref, op)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case !errors.Is(refusal, fault.NotFound):
		return refusal
	}
	return o.fault(&fault.Error{
		Kind: fault.Unconfirmed, Status: http.StatusNotFound, Cause: "GitHub says that there is nothing to remove, and still shows the account", State: "The account is still there.",
		Next: "Run again. If it stays so, the credential may not remove it, or an enterprise team gives the membership.",
	}, op, label(ref))
}
