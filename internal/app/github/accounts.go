package github

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Accounts lists the accounts that match: members, pending and failed invitations, outside collaborators. One account can be
// found by its user name; GitHub cannot be asked for anything else.
func (o *Org) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	const op = "list accounts"
	return func(yield func(access.Account, error) bool) {
		switch {
		case filter == (access.AccountFilter{}):
			for p, err := range o.everybody(ctx, op) {
				if err != nil {
					yield(access.Account{}, err)
					return
				}
				if !yield(p.account(), nil) {
					return
				}
			}
		case filter.Field == access.UserName && filter.Value != "":
			p, err := o.byName(ctx, "find account", filter.Value)
			switch {
			case errors.Is(err, fault.NotFound):
			case err != nil:
				yield(access.Account{}, err)
			default:
				yield(p.account(), nil)
			}
		default:
			yield(access.Account{}, o.fault(&fault.Error{
				Kind: fault.Unsupported, State: "Nothing was sent.", Cause: fmt.Sprintf("GitHub cannot be asked for accounts by %s", filter.Field),
			}, op, fmt.Sprintf("with %s %q", filter.Field, filter.Value)))
		}
	}
}

// everybody lists all people. Members are listed by role, because the rows themselves do not tell it and a request for each
// would. Invitations come first: GitHub refuses them to who may not see everybody, whom it shows the public members, as if
// these were all.
func (o *Org) everybody(ctx context.Context, op string) iter.Seq2[person, error] {
	return func(yield func(person, error) bool) {
		if !*o.cfg.Invitations {
			if err := o.prove(ctx, op, ""); err != nil {
				yield(person{}, err)
				return
			}
		}
		pending := map[string]bool{} // by folded login or address
		for i, err := range o.invitations(ctx, op, invited) {
			var p person
			if err == nil {
				p, err = o.identify(ctx, op, i)
			}
			if err != nil {
				yield(person{}, err)
				return
			}
			pending[strings.ToLower(p.login)], pending[strings.ToLower(p.email)] = true, true
			if !yield(p, nil) {
				return
			}
		}
		delete(pending, "")
		there, logins := map[int64]bool{}, map[string]bool{}
		for _, role := range []string{roleAdmin, roleMember} {
			for u, err := range o.members(ctx, op, role) {
				if err != nil {
					yield(person{}, err)
					return
				}
				p := person{kind: member, number: u.ID, login: u.Login, role: role}
				if there[u.ID] { // made an owner, or no more, between the listings
					continue
				}
				there[u.ID], logins[strings.ToLower(u.Login)] = true, true
				o.people.know(p)
				if !yield(p, nil) {
					return
				}
			}
		}
		o.loaded()
		for u, err := range o.listUsers(ctx, op, o.path("outside_collaborators")) {
			if err != nil {
				yield(person{}, err)
				return
			}
			p := person{kind: outside, number: u.ID, login: u.Login, role: roleOutside}
			if there[u.ID] || pending[strings.ToLower(u.Login)] {
				continue // asked to become a member: one person, one account
			}
			o.people.know(p)
			if !yield(p, nil) {
				return
			}
		}
		for i, err := range o.invitations(ctx, op, failed) {
			if err != nil {
				yield(person{}, err)
				return
			}
			if login := strings.ToLower(i.Login); pending[login] || logins[login] || pending[strings.ToLower(i.Email)] {
				continue // a later one did not fail
			}
			if !yield(i.person(failed, 0), nil) {
				return
			}
		}
	}
}

// byName finds the person with a user name: a login, or the address that an invitation went to.
func (o *Org) byName(ctx context.Context, op, name string) (person, error) {
	if strings.Contains(name, "@") {
		for i, err := range o.invitations(ctx, op, invited) {
			if err != nil {
				return person{}, err
			}
			if i.Login == "" && strings.EqualFold(i.Email, name) {
				p := i.person(invited, 0)
				o.people.know(p)
				return p, nil
			}
		}
	}
	if name == "." || name == ".." { // no login, and no path either
		return person{}, o.fault(fault.New(fault.NotFound, "nobody has this login"), op, name)
	}
	p, err := o.membership(ctx, op, name)
	if !errors.Is(err, fault.NotFound) {
		return p, err
	}
	if err := o.prove(ctx, op, name); err != nil {
		return person{}, err
	}
	return o.outsider(ctx, op, name, func(u user) bool { return strings.EqualFold(u.Login, name) })
}

// Account reads one account by its id.
func (o *Org) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	p, err := o.read(ctx, ref, "read account")
	if err != nil {
		return access.Account{}, err
	}
	return p.account(), nil
}
