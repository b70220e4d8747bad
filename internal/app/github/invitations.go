package github

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// invitation is somebody who was asked to join. It does not tell the user's id, and no login where it went to an address.
// https://docs.github.com/rest/orgs/members#list-pending-organization-invitations
type invitation struct {
	ID       int64
	Login    string
	Email    string
	Role     string
	Created  time.Time `json:"created_at"`
	FailedAt string    `json:"failed_at"`
	Teams    int       `json:"team_count"`
}

func (i invitation) id() int64 { return i.ID }

// person is whom the invitation went to; number is the user's, 0 when unknown.
func (i invitation) person(k kind, number int64) person {
	p := person{kind: k, number: number, invitation: i.ID, login: i.Login, email: i.Email, role: i.Role, created: i.Created}
	if p.role != roleAdmin {
		p.role = roleMember // direct_member, and reinstate, which is to be what one was
	}
	return p
}

// joins reports whether the invitation is to become a member. Billing managers are none.
func (i invitation) joins() bool { return i.Role != "billing_manager" && i.Role != "hiring_manager" }

// invitations lists those that are pending, or those that failed, of people who are to be members.
func (o *Org) invitations(ctx context.Context, op string, k kind) iter.Seq2[invitation, error] {
	what := "invitations"
	if k == failed {
		what = "failed_invitations"
	}
	return func(yield func(invitation, error) bool) {
		if !*o.cfg.Invitations {
			return
		}
		toTeams := false
		for i, err := range rows(ctx, listing[invitation]{client: o.client, op: op, path: o.path(what), id: invitation.id}) {
			if err != nil {
				yield(invitation{}, err)
				return
			}
			toTeams = toTeams || i.Teams > 0
			if i.joins() && !yield(i, nil) {
				return
			}
		}
		o.shown.Store(true)
		if k == invited {
			o.people.setToTeams(toTeams)
		}
	}
}

// seesAll asks for something that GitHub shows to those alone who may see all members: pending invitations; where there are none, to
// an app the outside collaborators, and to a user the own membership.
func (o *Org) seesAll(ctx context.Context, op, subject string) error {
	if !*o.cfg.Invitations && !o.cfg.isApp() {
		self, err := o.Self(ctx)
		if err != nil {
			return err
		}
		_, err = o.membership(ctx, op, self.UserName)
		return err
	}
	what := "invitations"
	if !*o.cfg.Invitations {
		what = "outside_collaborators"
	}
	var page []struct{}
	err := o.do(ctx, httpclient.Request{
		Op: op, Subject: subject, Method: http.MethodGet, Path: o.path(what), Query: []httpclient.Param{{Key: "per_page", Value: "1"}},
	}, &page)
	if err == nil && page == nil {
		err = o.fault(fault.New(fault.Invalid, "the answer is JSON, but no list"), op, subject)
	}
	return err
}

// identify finds out whose a pending invitation is. GitHub tells the login and not the number, which costs a request for each
// invitation that is pending, once a run: otherwise taking it up would look like another account under the same name.
func (o *Org) identify(ctx context.Context, op string, i invitation) (person, error) {
	number := o.people.number(i.Login)
	if i.Login != "" && number == 0 {
		var u user
		switch err := o.get(ctx, op, i.Login, &u, "users", i.Login); {
		case errors.Is(err, fault.NotFound): // deleted on GitHub altogether, and the invitation not over yet
		case err != nil:
			return person{}, err
		case u.ID == 0 || !strings.EqualFold(u.Login, i.Login):
			return person{}, o.fault(fault.New(fault.Unavailable, "GitHub answered without the user, or with another one"), op, i.Login)
		}
		number = u.ID
	}
	p := i.person(invited, number)
	o.people.know(p)
	return p, nil
}
