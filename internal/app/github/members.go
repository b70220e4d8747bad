package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// teamMember is a row of a team's members. Role and Inherited are told only where GitHub has switched that on for the
// organization. https://docs.github.com/rest/teams/members
type teamMember struct {
	user
	Role      string
	Inherited *bool
}

func (m teamMember) id() int64 { return m.ID }

func (o *Org) listMembers(ctx context.Context, op string, t team, query ...httpclient.Param) iter.Seq2[teamMember, error] {
	return rows(ctx, listing[teamMember]{
		client: o.client, op: op, subject: t.Name, of: t.Name, path: o.path("teams", t.Slug, "members"), query: query, id: teamMember.id,
	})
}

// Members lists the members of a team, and those invited to it. GitHub counts the members of the teams below as members:
// they are, but cannot be taken out here, so they are marked as coming from there.
func (o *Org) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	const op = "list members"
	return func(yield func(access.Member, error) bool) {
		t, err := o.team(ctx, op, groupID)
		if err == nil {
			err = o.load(ctx, op)
		}
		var list []access.Member
		if err == nil {
			list, err = o.membersOf(ctx, op, t)
		}
		if errors.Is(err, fault.NotFound) {
			if proof := o.prove(ctx, op, t.Name); proof != nil {
				err = proof
			}
		}
		if err != nil {
			yield(access.Member{}, err)
			return
		}
		for _, m := range list {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (o *Org) membersOf(ctx context.Context, op string, t team) ([]access.Member, error) {
	var list []access.Member
	toldRoles, toldOrigin := true, true
	for m, err := range o.listMembers(ctx, op, t) {
		if err != nil {
			return nil, err
		}
		am := access.Member{AccountID: strconv.FormatInt(m.ID, 10), UserName: m.Login, Role: cmp.Or(m.Role, access.DefaultRole)}
		am.RoleFixed = o.people.owner(am.AccountID) // an owner is a maintainer of each team
		if m.Inherited != nil && *m.Inherited {
			am.Via = "a team below it"
		}
		toldRoles, toldOrigin = toldRoles && m.Role != "", toldOrigin && m.Inherited != nil
		list = append(list, am)
	}
	if !toldRoles {
		maintainers := map[string]bool{}
		for m, err := range o.listMembers(ctx, op, t, httpclient.Param{Key: "role", Value: roleMaintainer}) {
			if err != nil {
				return nil, err
			}
			maintainers[strconv.FormatInt(m.ID, 10)] = true
		}
		for i := range list {
			if maintainers[list[i].AccountID] {
				list[i].Role = roleMaintainer
			}
		}
	}
	if !toldOrigin {
		if err := o.markInherited(ctx, op, t, list); err != nil {
			return nil, err
		}
	}
	if !o.people.invitedToTeams() {
		return list, nil
	}
	for i, err := range rows(ctx, listing[invitation]{client: o.client, op: op, subject: t.Name, of: t.Name, path: o.path("teams", t.Slug, "invitations"), id: invitation.id}) {
		if err != nil {
			return nil, err
		}
		p, err := o.identify(ctx, op, i)
		if err != nil {
			return nil, err
		}
		// GitHub does not tell the role that the invitation is for
		list = append(list, access.Member{AccountID: p.id(), UserName: p.account().UserName, Role: access.DefaultRole, RoleFixed: true})
	}
	return list, nil
}

// markInherited says of members who are in a team right below that they come from there. Whether they are in the team
// itself besides GitHub does not tell; either way they stay in it as long as they are in the one below.
func (o *Org) markInherited(ctx context.Context, op string, t team, list []access.Member) error {
	from := map[string]string{}
	for _, below := range o.teams.children(t.ID) {
		for m, err := range o.listMembers(ctx, op, below) {
			if err != nil {
				return err
			}
			if id := strconv.FormatInt(m.ID, 10); from[id] == "" {
				from[id] = "the team " + below.Name + " below it"
			}
		}
	}
	for i := range list {
		list[i].Via = from[list[i].AccountID]
	}
	return nil
}

// memberBatch is the state of one ChangeMembers.
type memberBatch struct {
	o       *Org
	team    team
	changes []access.MemberChange
	errs    []error
	halted  error // about GitHub, the credential or the team: the rest would fare no better
	there   bool  // the team is known to exist
}

// ChangeMembers changes members, one request each: GitHub has no other way.
func (o *Org) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	b := &memberBatch{o: o, changes: changes, errs: make([]error, len(changes))}
	if len(changes) == 0 {
		return b.errs
	}
	b.team, b.halted = o.team(ctx, "change members", groupID)
	if why := o.group(b.team).ReadOnly; b.halted == nil && why != "" {
		b.halted = &fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}
	}
	first := map[string]int{}
	for i, c := range changes {
		j, seen := first[c.Account.ID]
		switch {
		case c.Account.ID == "":
			b.fail(i, fault.New(fault.Invalid, "the account has no id in the app"))
		case !c.Remove && !slices.Contains([]string{"", access.DefaultRole, roleMaintainer}, c.Role):
			b.fail(i, &fault.Error{Kind: fault.Unsupported, Cause: fmt.Sprintf("a team has the roles member and maintainer, and not %q", c.Role), State: "Nothing was sent."})
		case b.halted != nil:
			b.fail(i, b.halted)
		case seen && (changes[j].Remove != c.Remove || changes[j].Role != c.Role):
			b.fail(i, fault.New(fault.Invalid, "two changes for one account contradict each other"))
		case seen:
			b.errs[i] = b.errs[j]
		default:
			first[c.Account.ID] = i
			b.change(ctx, i)
		}
	}
	return b.errs
}

func (b *memberBatch) fail(i int, err error) {
	b.errs[i] = b.o.fault(err, b.op(i), label(b.changes[i].Account)+" of group "+cmp.Or(b.team.Name, "(unknown)"))
}

func (b *memberBatch) op(i int) string {
	if b.changes[i].Remove {
		return "remove member"
	}
	return "add member"
}

func (b *memberBatch) change(ctx context.Context, i int) {
	c := b.changes[i]
	p, err := b.o.resolve(ctx, c.Account, b.op(i))
	switch {
	case c.Remove && errors.Is(err, fault.NotFound): // who is not in the organization is in none of its teams
		return
	case err == nil && p.login == "":
		err = &fault.Error{
			Kind: fault.Unsupported, Cause: "an invitation that went to an e-mail address cannot be put into a team before it is taken up", State: "Nothing was sent.",
			Next: "Once it is taken up, say in identities which login it is.",
		}
	case err == nil && p.kind == failed:
		err = &fault.Error{Kind: fault.NotFound, Cause: "the invitation failed", State: "Nothing was sent."}
	case err == nil && p.kind == outside && !c.Remove: // GitHub would invite them
		err = &fault.Error{Kind: fault.Unsupported, Cause: "outside collaborators cannot be in a team", State: "Nothing was sent."}
	}
	if err == nil {
		err = b.send(ctx, i, p)
	}
	if err == nil {
		return
	}
	b.fail(i, err)
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.RateLimited, fault.Unavailable:
		b.halted = withState(err, "Nothing was sent.")
	default: // forbidden too: it may be about this account
	}
}

// teamMembership is how one user stands to the team.
type teamMembership struct{ Role, State string }

// send makes the request of one change.
func (b *memberBatch) send(ctx context.Context, i int, p person) error {
	o, c := b.o, b.changes[i]
	path := o.path("teams", b.team.Slug, "memberships", p.login)
	r := httpclient.Request{Op: b.op(i), Subject: p.login, Method: http.MethodDelete, Path: path}
	if c.Remove {
		err := o.do(ctx, r, nil)
		switch {
		case errors.Is(err, fault.NotFound):
			return b.gone(ctx)
		case errors.Is(err, fault.Unconfirmed):
			var m teamMembership
			if look := o.get(ctx, r.Op, p.login, &m, path...); errors.Is(look, fault.NotFound) {
				return b.gone(ctx)
			}
		}
		return b.refused(err)
	}
	role := cmp.Or(c.Role, access.DefaultRole)
	r.Method, r.Body = http.MethodPut, map[string]any{"role": role}
	var m teamMembership
	err := o.do(ctx, r, &m)
	if errors.Is(err, fault.Unconfirmed) {
		if look := o.get(ctx, r.Op, p.login, &m, path...); look == nil && m.State != "" {
			err = nil
		}
	}
	switch {
	case errors.Is(err, fault.NotFound):
		if gone := b.gone(ctx); gone != nil {
			return gone
		}
		return err
	case err != nil:
		return b.refused(err)
	case m.State != "active" && m.State != "pending":
		return o.fault(fault.New(fault.Unconfirmed, "GitHub accepted the change and did not answer with the membership"), r.Op, p.login)
	case m.State == "pending" && p.kind == member:
		return o.fault(&fault.Error{
			Kind: fault.Stale, Cause: "the person has left the organization since it was listed, so that GitHub has invited them to the team", State: "The invitation is pending.", Next: "Plan again.",
		}, r.Op, p.login)
	case m.Role != role && p.kind == member && !o.people.owner(p.id()):
		return o.fault(fault.New(fault.Unconfirmed, "GitHub accepted the role %s, and holds %q", role, m.Role), r.Op, p.login)
	}
	if m.State == "pending" {
		o.people.setToTeams(true)
	}
	return nil
}

// refused adds to a 403 what it can mean besides a permission.
func (b *memberBatch) refused(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Forbidden || f.Code != "" {
		return err
	}
	c := *f
	c.Cause = "GitHub refuses changes of the team " + b.team.Name + ": the credential is not allowed to make them, or an identity provider fills the team"
	c.Next = "If the team is synchronized, change the group in the identity provider and take the team out of configuration; otherwise give the credential the organization permission Members (write)."
	return &c
}

// gone tells a team that does not exist, which is an error, from a membership that does not.
func (b *memberBatch) gone(ctx context.Context) error {
	if b.there {
		return nil
	}
	now, err := b.o.find(ctx, "change members", strconv.FormatInt(b.team.ID, 10))
	switch {
	case err != nil:
		b.halted = err
		return err
	case !strings.EqualFold(now.Slug, b.team.Slug):
		err := b.o.fault(fault.New(fault.Stale, "the team has been renamed to %s in the meantime", now.Name), "change members", b.team.Name)
		b.halted = err
		return err
	}
	if err := b.o.prove(ctx, "change members", b.team.Name); err != nil {
		b.halted = err
		return err
	}
	b.there = true
	return nil
}
