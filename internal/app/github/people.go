package github

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// Org is one organization. See [Open].
type Org struct {
	*client
	cfg    Config
	info   app.Info
	people people
	teams  teams
}

var (
	_ app.AccountReader = (*Org)(nil)
	_ app.AccountWriter = (*Org)(nil)
	_ app.GroupReader   = (*Org)(nil)
	_ app.GroupWriter   = (*Org)(nil)
	_ app.LicenseReader = (*Org)(nil)
	_ app.LicenseWriter = (*Org)(nil)
	_ app.Self          = (*Org)(nil)
	_ app.App           = (*Org)(nil)
)

// Info describes the app.
func (o *Org) Info() app.Info { return o.info }

// Check looks for what only those see who see all members, the concealed ones included.
func (o *Org) Check(ctx context.Context) error {
	o.shown.Store(false)
	return o.prove(ctx, "reach the app", "")
}

// user is GitHub's short form of a user. https://docs.github.com/rest/orgs/members
type user struct {
	ID    int64
	Login string
	Type  string
}

func (u user) id() int64 { return u.ID }

// membership is how one user stands to the organization.
type membership struct {
	State string // active, pending
	Role  string // admin, member, billing_manager
	User  *user
}

// kind is how a person belongs to the organization.
type kind int

const (
	member kind = iota
	outside
	invited
	failed
)

// person is anybody whom the organization knows.
type person struct {
	kind       kind
	number     int64 // of the user; 0 where an invitation does not say whose it is
	invitation int64 // its number, where there is one
	login      string
	email      string // of an invitation by e-mail
	role       string
	created    time.Time
}

// The ids of accounts: the user's number, which outlives every change of the login, and is the same before and after an
// invitation is taken up. Only an invitation that went to an address has one of its own, and one that failed.
const (
	invitationID = "invitation-"
	failedID     = "failed-invitation-"
)

func (p person) id() string {
	switch {
	case p.kind == failed:
		return failedID + strconv.FormatInt(p.invitation, 10)
	case p.number == 0:
		return invitationID + strconv.FormatInt(p.invitation, 10)
	}
	return strconv.FormatInt(p.number, 10)
}

func (p person) account() access.Account {
	a := access.Account{ID: p.id(), UserName: p.login, Email: p.email, Role: p.role, Active: true, Status: "active", Created: p.created}
	if a.UserName == "" {
		a.UserName = p.email
	}
	switch p.kind {
	case member:
	case outside:
		a.Status, a.External = "outside collaborator", true
	case invited:
		a.Status = "invited"
	case failed:
		// a name that nobody can have: it must not be taken for the person's account, who is to be invited again
		a.Status, a.Active, a.UserName = "invitation failed", false, a.UserName+" (invitation failed)"
	}
	return a
}

// people is what this run knows about logins. GitHub addresses people by login, which changes; state knows them by number.
type people struct {
	mu   sync.Mutex
	byID map[string]person
	// numbers are those of users by folded login.
	numbers map[string]int64
	// toTeams says that some pending invitation is to a team as well.
	toTeams bool
	// context says that all owners and pending invitations are known.
	context bool
	loading sync.Mutex
}

func (p *people) know(who person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[who.id()] = who
	if who.number != 0 && who.login != "" {
		p.numbers[strings.ToLower(who.login)] = who.number
	}
}

func (p *people) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byID, id)
}

func (p *people) known(id string) (person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.byID[id]
	return who, ok
}

// owners reports whether the account is an organization owner's.
func (p *people) owner(id string) bool {
	who, ok := p.known(id)
	return ok && who.kind == member && who.role == roleAdmin
}

func (p *people) number(login string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.numbers[strings.ToLower(login)]
}

// invitedToTeams reports whether any pending invitation is to a team.
func (p *people) invitedToTeams() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.toTeams }

func (p *people) setToTeams(v bool) { p.mu.Lock(); defer p.mu.Unlock(); p.toTeams = v }

func (o *Org) listUsers(ctx context.Context, op string, path []string, query ...httpclient.Param) iter.Seq2[user, error] {
	return rows(ctx, listing[user]{client: o.client, op: op, path: path, query: query, id: user.id})
}

func (o *Org) members(ctx context.Context, op, role string) iter.Seq2[user, error] {
	return o.listUsers(ctx, op, o.path("members"), httpclient.Param{Key: "role", Value: role})
}

// load makes sure that all owners and pending invitations are known, once a run.
func (o *Org) load(ctx context.Context, op string) error {
	o.people.loading.Lock()
	defer o.people.loading.Unlock()
	o.people.mu.Lock()
	loaded := o.people.context
	o.people.mu.Unlock()
	if loaded {
		return nil
	}
	for _, err := range o.invitations(ctx, op, invited) {
		if err != nil {
			return err
		}
	}
	for u, err := range o.members(ctx, op, roleAdmin) {
		if err != nil {
			return err
		}
		o.people.know(person{kind: member, number: u.ID, login: u.Login, role: roleAdmin})
	}
	o.loaded()
	return nil
}

func (o *Org) loaded() {
	o.people.mu.Lock()
	defer o.people.mu.Unlock()
	o.people.context = true
}

// membership asks how a login stands to the organization: a member, or somebody invited. Everybody else is NotFound.
func (o *Org) membership(ctx context.Context, op, login string) (person, error) {
	var m membership
	if err := o.get(ctx, op, login, &m, o.path("memberships", login)...); err != nil {
		return person{}, err
	}
	switch {
	case m.User == nil || m.User.ID == 0 || m.State != "active" && m.State != "pending":
		return person{}, o.fault(fault.New(fault.Unavailable, "GitHub answered without the membership"), op, login)
	case !strings.EqualFold(m.User.Login, login):
		return person{}, o.fault(fault.New(fault.Unavailable, "GitHub answered with another user"), op, login)
	case m.Role != roleAdmin && m.Role != roleMember:
		return person{}, o.fault(fault.New(fault.NotFound, "the user is no member, but has the role %s", m.Role), op, login)
	case m.State == "active":
		p := person{kind: member, number: m.User.ID, login: m.User.Login, role: m.Role}
		o.people.know(p)
		return p, nil
	}
	for i, err := range o.invitations(ctx, op, invited) {
		if err != nil {
			return person{}, err
		}
		if strings.EqualFold(i.Login, login) {
			p := i.person(invited, m.User.ID)
			o.people.know(p)
			return p, nil
		}
	}
	return person{}, o.fault(fault.New(fault.NotFound, "the invitation has just ended"), op, login)
}

// outsider looks for somebody among the outside collaborators.
func (o *Org) outsider(ctx context.Context, op, subject string, is func(user) bool) (person, error) {
	for u, err := range o.listUsers(ctx, op, o.path("outside_collaborators")) {
		if err != nil {
			return person{}, err
		}
		if is(u) {
			p := person{kind: outside, number: u.ID, login: u.Login, role: roleOutside}
			o.people.know(p)
			return p, nil
		}
	}
	return person{}, o.fault(fault.New(fault.NotFound, "GitHub knows nobody like that in the organization"), op, subject)
}

// read asks for one person by the account's id.
func (o *Org) read(ctx context.Context, ref access.AccountRef, op string) (person, error) {
	none := func() (person, error) {
		o.people.forget(ref.ID)
		return person{}, o.fault(fault.New(fault.NotFound, "the organization has neither a member nor an invitation with this id"), op, label(ref))
	}
	for prefix, k := range map[string]kind{invitationID: invited, failedID: failed} {
		if !strings.HasPrefix(ref.ID, prefix) {
			continue
		}
		for i, err := range o.invitations(ctx, op, k) {
			if err != nil {
				return person{}, err
			}
			if p := i.person(k, 0); p.id() == ref.ID {
				o.people.know(p)
				return p, nil
			}
		}
		return none()
	}
	number, err := strconv.ParseInt(ref.ID, 10, 64)
	if err != nil || number <= 0 {
		if err := o.prove(ctx, op, label(ref)); err != nil {
			return person{}, err
		}
		return none()
	}
	known, ok := o.people.known(ref.ID)
	joined := ok && known.kind != outside
	if joined {
		p, err := o.membership(ctx, op, known.login)
		if err == nil && p.id() == ref.ID || err != nil && !errors.Is(err, fault.NotFound) {
			return p, err
		} // else the login is somebody else's now, or nobody's
	}
	var u user
	switch err := o.get(ctx, op, label(ref), &u, "user", ref.ID); {
	case errors.Is(err, fault.NotFound): // deleted on GitHub altogether
	case err != nil:
		return person{}, err
	case u.ID != number || u.Login == "":
		return person{}, o.fault(fault.New(fault.Unavailable, "GitHub answered without the user, or with another one"), op, label(ref))
	case !strings.EqualFold(u.Login, known.login) || !joined:
		p, err := o.membership(ctx, op, u.Login)
		if err == nil && p.id() == ref.ID || err != nil && !errors.Is(err, fault.NotFound) {
			return p, err
		}
	}
	if err := o.prove(ctx, op, label(ref)); err != nil {
		return person{}, err
	}
	p, err := o.outsider(ctx, op, label(ref), func(u user) bool { return u.ID == number })
	if errors.Is(err, fault.NotFound) {
		return none()
	}
	return p, err
}

// resolve is the person as this run knows it, or as GitHub says.
func (o *Org) resolve(ctx context.Context, ref access.AccountRef, op string) (person, error) {
	if p, ok := o.people.known(ref.ID); ok {
		return p, nil
	}
	return o.read(ctx, ref, op)
}

// Self is the user whose token it is. A GitHub App is no account.
func (o *Org) Self(ctx context.Context) (access.AccountRef, error) {
	const op = "read the credential's own account"
	if o.cfg.isApp() {
		return access.AccountRef{}, o.fault(fault.New(fault.NotFound, "a GitHub App has no account"), op, "")
	}
	var u user
	if err := o.get(ctx, op, "", &u, "user"); err != nil {
		return access.AccountRef{}, err
	}
	if u.ID == 0 || u.Login == "" {
		return access.AccountRef{}, o.fault(fault.New(fault.Unavailable, "GitHub answered without the user"), op, "")
	}
	return access.AccountRef{ID: strconv.FormatInt(u.ID, 10), UserName: u.Login}, nil
}
