package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// withoutMembers asks for groups without their members, which can be the greater part of the answer.
func (a *App) withoutMembers() []httpclient.Param {
	if !*a.dialect.ExcludeMembers {
		return nil
	}
	return []httpclient.Param{{Key: "excludedAttributes", Value: "members"}}
}

// Groups lists all groups, with members where the listing shows them.
func (a *App) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	const op = "list groups"
	return func(yield func(access.Group, error) bool) {
		if err := a.lacks(app.ReadGroups, op, ""); err != nil {
			yield(access.Group{}, err)
			return
		}
		inList := withMembers && a.dialect.ReadMembers == "in_list"
		var query []httpclient.Param
		if !inList {
			query = a.withoutMembers()
		}
		for o, err := range a.listing("Groups", op, "", query...).rows(ctx) {
			if err != nil {
				yield(access.Group{}, err)
				return
			}
			g := a.group(o)
			if !inList { // servers send an empty list where they mean none of your business
				g.Members, g.MembersKnown = nil, false
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// Group reads one group, without its members.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	const op = "read group"
	if err := a.lacks(app.ReadGroups, op, id); err != nil {
		return access.Group{}, err
	}
	o, err := a.read(ctx, "Groups", id, op, id, a.withoutMembers()...)
	if err != nil {
		return access.Group{}, err
	}
	g := a.group(o)
	g.Members, g.MembersKnown = nil, false
	return g, nil
}

// Members lists the direct members of a group, where the dialect says they are found.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	const op = "list members"
	return func(yield func(access.Member, error) bool) {
		if err := a.lacks(app.ReadMembers, op, groupID); err != nil {
			yield(access.Member{}, err)
			return
		}
		if a.dialect.ReadMembers == "by_user_filter" {
			a.membersByFilter(ctx, groupID, op, yield)
			return
		}
		members, err := a.membersOf(ctx, groupID, op)
		if err != nil {
			yield(access.Member{}, err)
			return
		}
		for _, m := range members {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// membersByFilter asks for the users whose groups include this one. A group that does not exist has no
// such users, so an empty answer is confirmed with the group itself.
func (a *App) membersByFilter(ctx context.Context, groupID, op string, yield func(access.Member, error) bool) {
	query := httpclient.Param{Key: "filter", Value: "groups.value eq " + quoted(groupID)}
	n := 0
	for o, err := range a.listing("Users", op, groupID, query).rows(ctx) {
		if err != nil {
			yield(access.Member{}, err)
			return
		}
		n++
		if !yield(access.Member{AccountID: o.text("id"), UserName: o.text("userName"), Role: access.DefaultRole}, nil) {
			return
		}
	}
	if n == 0 {
		if _, err := a.read(ctx, "Groups", groupID, op, groupID, a.withoutMembers()...); err != nil {
			yield(access.Member{}, err)
		}
	}
}

// membersOf reads a group with its members. A single group without the attribute has no members
// (RFC 7643 section 2.5), unless the server cuts the list.
func (a *App) membersOf(ctx context.Context, groupID, op string) ([]access.Member, error) {
	o, err := a.read(ctx, "Groups", groupID, op, groupID)
	if err != nil {
		return nil, err
	}
	members, known := a.members(o)
	if _, has := o.get("members"); has && !known {
		return nil, a.fault(&fault.Error{
			Kind: fault.LimitReached, Cause: fmt.Sprintf("%s shows at most %d members of a group, and this one has as many or more", a.title, a.dialect.MemberCap),
			Next: "Split the group.",
		}, op, groupID)
	}
	return members, nil
}

// CreateGroup posts a new group, once. When the answer does not come, a group of that name is looked for.
func (a *App) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	const op = "create group"
	name := ""
	if want.Name != nil {
		name = *want.Name
	}
	if err := a.mayWriteGroup(want, op, name); err != nil {
		return access.Group{}, err
	}
	if name == "" {
		return access.Group{}, a.fault(fault.New(fault.Invalid, "a group needs a name"), op, "")
	}
	body := object{"schemas": []any{coreGroup}, "displayName": name}
	if *a.dialect.GroupExternalID {
		body["externalId"] = name
	}
	o, resp, err := a.send(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: []string{"Groups"}, Body: body})
	switch {
	case o != nil:
		return a.group(o), nil
	case err == nil:
		if id := lastSegment(resp.Header.Get("Location")); id != "" {
			return a.Group(ctx, id)
		}
		err = a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
			Cause: "the app accepted the new group and did not say what it made",
			Next:  "Run again: a group that was made is found and not made twice.",
		}, op, name)
	case !errors.Is(err, fault.Unconfirmed):
		return access.Group{}, err
	}
	var found access.Group
	ok, lookErr := a.eventually(ctx, func() (bool, error) {
		n := 0
		for g, err := range a.groupsNamed(ctx, name) {
			if err != nil {
				return false, err
			}
			found = g
			n++
		}
		return n == 1, nil // of two, nobody knows which one is ours
	})
	if !ok || lookErr != nil {
		return access.Group{}, err
	}
	return found, nil
}

// groupsNamed lists the groups of that name, by filter where the server can, else from a listing.
func (a *App) groupsNamed(ctx context.Context, name string) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		query := a.withoutMembers()
		for _, attr := range a.dialect.GroupFilters {
			if sameName(attr, "displayName") {
				query = append(query, httpclient.Param{Key: "filter", Value: "displayName eq " + quoted(name)})
			}
		}
		for o, err := range a.listing("Groups", "find group", name, query...).rows(ctx) {
			g := a.group(o)
			if err != nil || g.Name == name || *a.dialect.UserNamesFoldCase && sameName(g.Name, name) {
				if !yield(g, err) || err != nil {
					return
				}
			}
		}
	}
}

// UpdateGroup renames a group.
func (a *App) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	const op = "update group"
	if err := a.mayWriteGroup(want, op, id); err != nil {
		return access.Group{}, err
	}
	if want.Name == nil {
		return a.Group(ctx, id)
	}
	if *want.Name == "" {
		return access.Group{}, a.fault(fault.New(fault.Invalid, "a group needs a name"), op, id)
	}
	ops := []operation{{Op: "replace", Path: "displayName", Value: *want.Name}}
	o, _, err := a.patchGroup(ctx, id, op, ops, a.withoutMembers()...)
	if err != nil && !errors.Is(err, fault.Unconfirmed) {
		return access.Group{}, err
	}
	if o != nil {
		return a.group(o), nil
	}
	g, readErr := a.Group(ctx, id)
	switch {
	case err == nil && readErr != nil:
		return access.Group{}, unconfirmed(readErr)
	case err != nil && (readErr != nil || g.Name != *want.Name):
		return access.Group{}, err
	}
	return g, nil
}

func (a *App) patchGroup(ctx context.Context, id, op string, ops []operation, query ...httpclient.Param) (object, *httpclient.Response, error) {
	if id == "" {
		return nil, nil, a.fault(fault.New(fault.Invalid, "the group has no id in the app"), op, "")
	}
	return a.send(ctx, httpclient.Request{
		Op: op, Subject: id, Method: http.MethodPatch, Path: []string{"Groups", id}, Query: query, Body: patchBody(ops), Idempotent: true,
	})
}

// DeleteGroup deletes a group; one that is gone already is fine.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	if err := a.lacks(app.WriteGroups, op, id); err != nil {
		return err
	}
	return a.remove(ctx, "Groups", id, op, id)
}

func (a *App) mayWriteGroup(want access.GroupSpec, op, subject string) error {
	if err := a.lacks(app.WriteGroups, op, subject); err != nil {
		return err
	}
	if want.Description != nil && *want.Description != "" {
		return a.fault(&fault.Error{
			Kind: fault.Unsupported, Cause: "groups have no description in SCIM (RFC 7643 section 4.2)", State: "Nothing was sent.",
		}, op, subject)
	}
	return nil
}
