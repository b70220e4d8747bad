package github

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// team is a team. https://docs.github.com/rest/teams/teams
type team struct {
	ID          int64
	Name        string
	Slug        string
	Description string
	Type        string // organization, enterprise
	LDAP        string `json:"ldap_dn"` // GitHub Enterprise Server
	Parent      *struct{ ID int64 }
}

func (t team) id() int64 { return t.ID }

// teams is what this run knows about them. GitHub addresses teams by slug, which changes with the name; state knows the number.
type teams struct {
	mu     sync.Mutex
	byID   map[string]team
	listed bool
}

func (t *teams) know(x team) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[strconv.FormatInt(x.ID, 10)] = x
}

func (t *teams) known(id string) (x team, there, listed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, there = t.byID[id]
	return x, there, t.listed
}

// children are the teams right below.
func (t *teams) children(id int64) []team {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []team
	for _, x := range t.byID {
		if x.Parent != nil && x.Parent.ID == id {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b team) int { return strings.Compare(a.Slug, b.Slug) })
	return out
}

func (o *Org) group(t team) access.Group {
	g := access.Group{ID: strconv.FormatInt(t.ID, 10), Name: t.Name, Description: t.Description}
	if o.cfg.TeamNames == "slug" {
		g.Name = t.Slug
	}
	switch {
	case t.Type == "enterprise":
		g.ReadOnly = "it is a team of the enterprise, which decides who is in it"
	case t.LDAP != "":
		g.ReadOnly = "it is filled from LDAP"
	}
	return g
}

// listTeams lists all teams and remembers them, in place of what was known when it comes to its end.
func (o *Org) listTeams(ctx context.Context, op, subject string) iter.Seq2[team, error] {
	return func(yield func(team, error) bool) {
		all := map[string]team{}
		for t, err := range rows(ctx, listing[team]{client: o.client, op: op, subject: subject, path: o.path("teams"), id: team.id}) {
			if err == nil {
				all[strconv.FormatInt(t.ID, 10)] = t
				o.teams.know(t)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
		o.teams.mu.Lock()
		defer o.teams.mu.Unlock()
		o.teams.byID, o.teams.listed = all, true
	}
}

// Groups lists all teams, and hands them out when it has them all: whoever asks for the members of one meanwhile needs to know
// the teams below it. Members never come along.
func (o *Org) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		var all []team
		for t, err := range o.listTeams(ctx, "list groups", "") {
			if err != nil {
				yield(access.Group{}, err)
				return
			}
			all = append(all, t)
		}
		for _, t := range all {
			if !yield(o.group(t), nil) {
				return
			}
		}
	}
}

// Group reads one team.
func (o *Org) Group(ctx context.Context, id string) (access.Group, error) {
	const op = "read group"
	known, there, _ := o.teams.known(id)
	if there {
		t, err := o.teamBySlug(ctx, op, known.Slug)
		if err == nil && strconv.FormatInt(t.ID, 10) == id {
			return o.group(t), nil
		}
		if err != nil && !errors.Is(err, fault.NotFound) {
			return access.Group{}, err
		}
	}
	t, err := o.find(ctx, op, id)
	if err == nil && there && t.Slug == known.Slug {
		err = o.fault(&fault.Error{Kind: fault.NotFound, Status: http.StatusNotFound, Cause: "GitHub says that the team does not exist"}, op, id)
	}
	if err != nil {
		return access.Group{}, err
	}
	return o.group(t), nil
}

func (o *Org) teamBySlug(ctx context.Context, op, slug string) (team, error) {
	var t team
	if err := o.get(ctx, op, slug, &t, o.path("teams", slug)...); err != nil {
		return team{}, err
	}
	if t.ID == 0 || t.Slug == "" {
		return team{}, o.fault(fault.New(fault.Unavailable, "GitHub answered without the team"), op, slug)
	}
	o.teams.know(t)
	return t, nil
}

// find looks for a team in the listing by its number, as it is now. To be missing there is to be gone only for a credential that sees secret
// teams too.
func (o *Org) find(ctx context.Context, op, id string) (team, error) {
	var found team
	for t, err := range o.listTeams(ctx, op, id) {
		if err != nil {
			return team{}, err
		}
		if strconv.FormatInt(t.ID, 10) == id {
			found = t
		}
	}
	if found.ID != 0 {
		return found, nil
	}
	if err := o.prove(ctx, op, id); err != nil {
		return team{}, err
	}
	return team{}, o.fault(fault.New(fault.NotFound, "the organization has no team with this id"), op, id)
}

// team is the team as this run knows it, or as the listing says. Children are known as well then.
func (o *Org) team(ctx context.Context, op, id string) (team, error) {
	if t, there, listed := o.teams.known(id); there && listed {
		return t, nil
	}
	return o.find(ctx, op, id)
}

// CreateGroup makes a team, once. GitHub puts the user whose token it is into every team that it makes; since nobody asked for that, it is undone.
func (o *Org) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	const op = "create group"
	name := ""
	if want.Name != nil {
		name = *want.Name
	}
	if name == "" {
		return access.Group{}, o.fault(&fault.Error{Kind: fault.Invalid, Cause: "a team needs a name", State: "Nothing was sent."}, op, name)
	}
	body := map[string]any{"name": name, "privacy": "closed"}
	if want.Description != nil {
		body["description"] = *want.Description
	}
	var t team
	err := o.do(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: o.path("teams"), Body: body}, &t)
	if err == nil && (t.ID == 0 || t.Slug == "") {
		err = o.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: "GitHub accepted the new team and did not say what it made", Next: "Run again: a team that was made is found and not made twice.",
		}, op, name)
	}
	switch {
	case err == nil:
	case errors.Is(err, fault.NotFound):
		err = o.hidden(ctx, err, op, name)
	case errors.Is(err, fault.Invalid), errors.Is(err, fault.Exists):
		err = o.ifNameTaken(ctx, err, op, name, 0)
	case errors.Is(err, fault.Unconfirmed):
		if found, lookErr := o.named(ctx, op, name); lookErr == nil && found.ID != 0 {
			t, err = found, nil
		}
	}
	if err != nil {
		return access.Group{}, err
	}
	o.teams.know(t)
	g := o.group(t)
	if o.cfg.TeamNames == "slug" && !strings.EqualFold(t.Slug, name) {
		return g, o.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: fmt.Sprintf("GitHub made the slug %q of the name", t.Slug), State: "The team is there under that slug.", Next: "Use the slug in configuration.",
		}, op, name)
	}
	if err := o.leave(ctx, t); err != nil {
		return g, o.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: "GitHub put the user whose token it is into the new team, and taking them out failed: " + fault.KindOf(err).Error(), State: "The team is there.",
			Next: "Take them out in GitHub.",
		}, op, name)
	}
	return g, nil
}

// leave takes the credential's own user out of a team that it has just made.
func (o *Org) leave(ctx context.Context, t team) error {
	if o.cfg.isApp() {
		return nil
	}
	self, err := o.Self(ctx)
	if err != nil {
		return err
	}
	err = o.do(ctx, httpclient.Request{Op: "leave the new group", Subject: t.Name, Method: http.MethodDelete, Path: o.path("teams", t.Slug, "memberships", self.UserName)}, nil)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// named finds a team by its name, or by the slug that the name makes.
func (o *Org) named(ctx context.Context, op, name string) (team, error) {
	var found team
	for t, err := range o.listTeams(ctx, op, name) {
		if err != nil {
			return team{}, err
		}
		if strings.EqualFold(t.Name, name) || strings.EqualFold(t.Slug, name) {
			found = t
		}
	}
	return found, nil
}

// ifNameTaken refines a refusal: GitHub has one code for everything that is wrong with a team, so it takes a look.
func (o *Org) ifNameTaken(ctx context.Context, refusal error, op, name string, own int64) error {
	var f *fault.Error
	if !errors.As(refusal, &f) || f.Status != http.StatusUnprocessableEntity {
		return refusal
	}
	t, err := o.named(ctx, op, name)
	if err != nil || t.ID == 0 || t.ID == own {
		return refusal
	}
	c := *f
	c.Kind, c.Cause, c.Next = fault.Exists, fmt.Sprintf("the team %d has this name, or the slug %q that it makes, already", t.ID, t.Slug), ""
	return &c
}

// UpdateGroup changes name or description. A new name changes the slug as well, and with it where the team is mentioned.
func (o *Org) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	const op = "update group"
	body := map[string]any{}
	if want.Name != nil {
		if *want.Name == "" {
			return access.Group{}, o.fault(&fault.Error{Kind: fault.Invalid, Cause: "a team needs a name", State: "Nothing was sent."}, op, id)
		}
		body["name"] = *want.Name
	}
	if want.Description != nil {
		body["description"] = *want.Description
	}
	if len(body) == 0 {
		return o.Group(ctx, id)
	}
	was, err := o.team(ctx, op, id)
	if err != nil {
		return access.Group{}, err
	}
	if why := o.group(was).ReadOnly; why != "" {
		return access.Group{}, o.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, was.Name)
	}
	var t team
	err = o.do(ctx, httpclient.Request{Op: op, Subject: was.Name, Method: http.MethodPatch, Path: o.path("teams", was.Slug), Body: body, Idempotent: true}, &t)
	if err == nil && strconv.FormatInt(t.ID, 10) != id {
		err = o.fault(fault.New(fault.Unconfirmed, "GitHub accepted the change and did not answer with the team"), op, was.Name)
	}
	switch {
	case errors.Is(err, fault.Invalid) && want.Name != nil, errors.Is(err, fault.Exists) && want.Name != nil:
		err = o.ifNameTaken(ctx, err, op, *want.Name, was.ID)
	case errors.Is(err, fault.Unconfirmed):
		if now, readErr := o.find(ctx, op, id); readErr == nil && (want.Name == nil || now.Name == *want.Name) && (want.Description == nil || now.Description == *want.Description) {
			t, err = now, nil
		}
	}
	if err != nil {
		return access.Group{}, err
	}
	o.teams.know(t)
	return o.group(t), nil
}

// DeleteGroup deletes a team; one that is gone already is fine. GitHub deletes the teams below along with it, so a team that has some is not deleted.
func (o *Org) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	t, err := o.find(ctx, op, id) // as it is now: others may have put a team below it
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if why := o.group(t).ReadOnly; t.Type == "enterprise" {
		return o.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, t.Name)
	}
	if below := o.teams.children(t.ID); len(below) > 0 {
		names := make([]string, len(below))
		for i, b := range below {
			names[i] = b.Name
		}
		return o.fault(&fault.Error{
			Kind: fault.Protected, Cause: "GitHub would delete the teams below it as well: " + strings.Join(names, ", "), State: "Nothing was sent.", Next: "Delete or move those first.",
		}, op, t.Name)
	}
	err = o.do(ctx, httpclient.Request{Op: op, Subject: t.Name, Method: http.MethodDelete, Path: o.path("teams", t.Slug)}, nil)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unconfirmed) {
		_, lookErr := o.find(ctx, op, id)
		switch {
		case errors.Is(lookErr, fault.NotFound):
			err = nil
		case lookErr == nil && errors.Is(err, fault.NotFound):
			err = o.fault(&fault.Error{
				Kind: fault.Unconfirmed, Status: http.StatusNotFound, Cause: "GitHub says that there is no such team, and still lists it", State: "The team is still there.", Next: "Run again. If it stays so, the credential may not delete it.",
			}, op, t.Name)
		}
	}
	return err
}
