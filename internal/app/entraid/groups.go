package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// group is the group resource: https://learn.microsoft.com/graph/api/resources/group
type group struct {
	ID                    string
	DisplayName           string
	Description           string
	GroupTypes            []string
	MailEnabled           bool
	IsAssignableToRole    bool
	OnPremisesSyncEnabled bool
}

func groupSelection() httpclient.Param {
	return httpclient.Param{Key: "$select", Value: "id,displayName,description,groupTypes,mailEnabled,isAssignableToRole,onPremisesSyncEnabled"}
}

// readOnly says why members cannot be assigned one by one.
func (g group) readOnly() string {
	switch {
	case slices.Contains(g.GroupTypes, "DynamicMembership"):
		return "it is filled by a dynamic membership rule"
	case g.OnPremisesSyncEnabled:
		return "it is synchronized from an on-premises directory, which owns its members"
	case g.MailEnabled && !slices.Contains(g.GroupTypes, "Unified"):
		return "it is a distribution list or mail-enabled security group, which only Exchange can change"
	case g.IsAssignableToRole:
		return "directory roles can be given to it, so that its members are administrators; those are left to privileged administrators"
	}
	return ""
}

func (g group) access() access.Group {
	return access.Group{ID: g.ID, Name: g.DisplayName, Description: g.Description, ReadOnly: g.readOnly()}
}

// Groups lists all groups, never with members: $expand=members stops at twenty without a word.
func (a *App) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	return a.listGroups(ctx, query{op: "list groups"})
}

func (a *App) listGroups(ctx context.Context, q query) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		q.path, q.params = []string{"groups"}, append([]httpclient.Param{groupSelection(), top(a.groupPage)}, q.params...)
		for row, err := range a.rows(ctx, q) {
			var g group
			if err == nil {
				if err = json.Unmarshal(row, &g); err != nil {
					err = a.fault(fault.New(fault.Invalid, "the directory answered with a group that cannot be read"), q.op, q.subject)
				}
			}
			if !yield(g.access(), err) || err != nil {
				return
			}
		}
	}
}

// Group reads one group by id.
func (a *App) Group(ctx context.Context, id string) (g access.Group, err error) {
	err = a.settled(ctx, id, func() error {
		g, err = a.readGroup(ctx, id, "read group", "group "+id)
		return err
	})
	return g, err
}

func (a *App) readGroup(ctx context.Context, id, op, subject string) (access.Group, error) {
	if id == "" {
		return access.Group{}, a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
	}
	var g group
	err := a.get(ctx, httpclient.Request{Op: op, Subject: subject, Path: []string{"groups", id}, Query: []httpclient.Param{groupSelection()}}, &g)
	if err == nil && g.ID == "" {
		err = a.fault(fault.New(fault.Invalid, "the directory answered with a group without an id"), op, subject)
	}
	if err != nil {
		return access.Group{}, err
	}
	return g.access(), nil
}

// named finds the groups of that name. The directory allows several; Tenure calls groups by name and does not
// make another one.
func (a *App) named(ctx context.Context, name, op string) ([]access.Group, error) {
	var found []access.Group
	q := query{op: op, subject: "group " + name, params: []httpclient.Param{{Key: "$filter", Value: "displayName eq " + quoted(name)}}}
	for g, err := range a.listGroups(ctx, q) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(g.Name, name) {
			found = append(found, g)
		}
	}
	return found, nil
}

// free refuses a name that another group than id has.
func (a *App) free(ctx context.Context, name, id, op string) error {
	taken, err := a.named(ctx, name, op)
	if err != nil {
		return err
	}
	for _, g := range taken {
		if g.ID != id {
			return a.fault(&fault.Error{
				Kind: fault.Exists, Cause: fmt.Sprintf("the group with id %s has this name already", g.ID), State: "Nothing was written.",
			}, op, "group "+name)
		}
	}
	return nil
}

// CreateGroup makes a security group with assigned membership, and waits until it can be read.
func (a *App) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	const op = "create group"
	if want.Name == nil || *want.Name == "" {
		return access.Group{}, a.fault(&fault.Error{Kind: fault.Invalid, Cause: "a group needs a name", State: "Nothing was sent."}, op, "")
	}
	name := *want.Name
	if err := a.free(ctx, name, "", op); err != nil {
		return access.Group{}, err
	}
	body := map[string]any{"displayName": name, "mailEnabled": false, "mailNickname": nickname(name), "securityEnabled": true}
	if want.Description != nil && *want.Description != "" { // an empty one is refused
		body["description"] = *want.Description
	}
	resp, err := a.write(ctx, httpclient.Request{Op: op, Subject: "group " + name, Method: http.MethodPost, Path: []string{"groups"}, Body: body})
	var made group
	if err == nil {
		if err = resp.Decode(&made); err == nil && made.ID == "" {
			err = a.fault(fault.New(fault.Unconfirmed, "the directory accepted the new group and did not say what it made"), op, "group "+name)
		}
	}
	switch {
	case err == nil:
	case !errors.Is(err, fault.Unconfirmed):
		return access.Group{}, err
	default:
		// No other group had this name before.
		found := a.await(ctx, func() (access.Group, error) {
			list, err := a.named(ctx, name, op)
			if err != nil || len(list) != 1 {
				return access.Group{}, err
			}
			return list[0], nil
		})
		if found.ID == "" {
			return access.Group{}, err
		}
		made.ID = found.ID
	}
	a.remember(made.ID)
	g := a.await(ctx, func() (access.Group, error) { return a.readGroup(ctx, made.ID, op, "group "+name) })
	if g.ID == "" {
		return access.Group{}, a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Cause: "the directory accepted the new group and does not show it yet",
			State: "The group was created; it cannot be read yet.", Next: "Run again in a minute: the group is found and not made twice.",
		}, op, "group "+name)
	}
	return g, nil
}

// await looks for a group until it is there or patience ends; the zero Group says that it is not.
func (a *App) await(ctx context.Context, look func() (access.Group, error)) access.Group {
	var g access.Group
	_, err := a.eventually(ctx, func() (bool, error) {
		var err error
		if g, err = look(); errors.Is(err, fault.NotFound) {
			return false, nil
		}
		return g.ID != "", err
	})
	if err != nil {
		return access.Group{}
	}
	return g
}

// UpdateGroup renames or describes a group.
func (a *App) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	const op = "update group"
	subject := "group " + id
	body := map[string]any{}
	if want.Name != nil {
		if *want.Name == "" {
			return access.Group{}, a.fault(&fault.Error{Kind: fault.Invalid, Cause: "a group needs a name", State: "Nothing was sent."}, op, subject)
		}
		if err := a.free(ctx, *want.Name, id, op); err != nil {
			return access.Group{}, err
		}
		body["displayName"] = *want.Name
	}
	if want.Description != nil {
		body["description"] = orNull(*want.Description)
	}
	var err error
	if len(body) > 0 {
		if id == "" {
			return access.Group{}, a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
		}
		_, err = a.write(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodPatch, Path: []string{"groups", id}, Body: body, Idempotent: true})
		if err != nil && !errors.Is(err, fault.Unconfirmed) {
			return access.Group{}, err
		}
	}
	same := func(g access.Group) bool {
		return (want.Name == nil || g.Name == *want.Name) && (want.Description == nil || g.Description == *want.Description)
	}
	var g access.Group
	_, readErr := a.eventually(ctx, func() (bool, error) {
		var err error
		g, err = a.readGroup(ctx, id, op, subject)
		return err == nil && same(g), err
	})
	switch {
	case err != nil && (readErr != nil || !same(g)):
		return access.Group{}, err
	case readErr != nil && len(body) > 0:
		return access.Group{}, unconfirmed(readErr, "The directory accepted the change; what it holds now could not be read.")
	}
	return g, readErr
}

// DeleteGroup deletes the group. Microsoft 365 groups can be restored for 30 days.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	if id == "" {
		return a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, "group")
	}
	_, err := a.write(ctx, httpclient.Request{Op: op, Subject: "group " + id, Method: http.MethodDelete, Path: []string{"groups", id}})
	if errors.Is(err, fault.Unconfirmed) {
		if _, now := a.readGroup(ctx, id, op, "group "+id); errors.Is(now, fault.NotFound) {
			return nil
		}
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
