package googleworkspace

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

const (
	groupFields = "id,email,description"
	rowsPerPage = "200" // of groups and of members: default and most
)

// group is a Group of the Directory API, as far as it is mapped. Its name here is the address: what Google calls the
// name is not unique.
type group struct {
	ID          string `json:"id"`
	Email       string `json:"email"`
	Description string `json:"description"`
}

func (a *App) group(g group) access.Group {
	out := access.Group{ID: g.ID, Name: a.groupName(g.Email), Description: g.Description}
	if slices.Contains(a.dynamic, strings.ToLower(g.Email)) {
		out.ReadOnly = "a query fills it (dynamic_groups)"
	}
	return out
}

// groupName is the address, without the domain where that is group_domain.
func (a *App) groupName(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	if a.groupDomain != "" && strings.EqualFold(domain, a.groupDomain) {
		return local
	}
	return address
}

// groupAddress is the address of a group of that name, in lower case as Google keeps it.
func (a *App) groupAddress(name string) (string, error) {
	address := strings.ToLower(name)
	if !strings.Contains(address, "@") && a.groupDomain != "" {
		address += "@" + a.groupDomain
	}
	if !isAddress(address) {
		return "", &fault.Error{
			Kind: fault.Invalid, Cause: "a group in Google is named by its e-mail address, and this is none", State: "Nothing was sent.",
			Next: "Write the whole address, or set group_domain.",
		}
	}
	return address, nil
}

// Groups lists all groups. Members are never part of the listing.
func (a *App) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	const op = "list groups"
	l := listing{
		client: a.directory, op: op, path: groupsPath(), kind: "admin#directory#groups", rows: "groups",
		query: []httpclient.Param{
			{Key: "customer", Value: a.cfg.CustomerID},
			{Key: "maxResults", Value: rowsPerPage},
			{Key: "orderBy", Value: "email"},
			{Key: "fields", Value: "kind,nextPageToken,groups(" + groupFields + ")"},
		},
	}
	return func(yield func(access.Group, error) bool) {
		for g, err := range walk(ctx, a, l, func(g group) string { return g.ID }) {
			if err != nil {
				yield(access.Group{}, a.misplaced(err, op))
				return
			}
			if !yield(a.group(g), nil) {
				return
			}
		}
	}
}

// Group reads one group.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	g, err := a.readGroup(ctx, "read group", id)
	if err != nil {
		return access.Group{}, err
	}
	return a.group(g), nil
}

// readGroup reads by id or address.
func (a *App) readGroup(ctx context.Context, op, key string) (group, error) {
	var g group
	err := a.patiently(ctx, fault.Unavailable, func() error {
		resp, err := a.directory.Do(ctx, httpclient.Request{
			Op: op, Subject: key, Method: http.MethodGet, Path: groupsPath(key), Query: []httpclient.Param{{Key: "fields", Value: groupFields}},
		})
		if err != nil {
			return err
		}
		g = group{}
		return a.decodeGroup(resp, &g, op, key, fault.Invalid)
	}, key)
	return g, err
}

func (a *App) decodeGroup(resp *httpclient.Response, g *group, op, subject string, otherwise fault.Kind) error {
	if err := resp.Decode(g); err != nil {
		return err
	}
	if g.ID == "" || g.Email == "" {
		return a.fault(&fault.Error{Kind: otherwise, Cause: "the answer is JSON, but no group", Status: resp.Status}, op, subject)
	}
	return nil
}

func (a *App) writeGroup(ctx context.Context, r httpclient.Request) (group, error) {
	r.Query = []httpclient.Param{{Key: "fields", Value: groupFields}}
	resp, err := a.directory.Do(ctx, r)
	if err != nil {
		return group{}, err
	}
	var g group
	err = a.decodeGroup(resp, &g, r.Op, r.Subject, fault.Unconfirmed)
	return g, err
}

// CreateGroup makes a group, once. When the answer does not come, a group with the address is looked for.
func (a *App) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	const op = "create group"
	name := ""
	if want.Name != nil {
		name = *want.Name
	}
	address, err := a.groupAddress(name)
	if err != nil {
		return access.Group{}, a.fault(err, op, name)
	}
	local, _, _ := strings.Cut(name, "@")
	b := map[string]any{"email": address, "name": local}
	if want.Description != nil {
		b["description"] = *want.Description
	}
	g, err := a.writeGroup(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: groupsPath(), Body: b})
	switch {
	case err == nil:
		a.remember(g.ID, g.Email)
		return a.group(g), nil
	case !errors.Is(err, fault.Unconfirmed):
		return access.Group{}, err
	}
	found, lookErr := a.eventually(ctx, func() (bool, error) {
		var lookErr error
		g, lookErr = a.readGroup(ctx, op, address)
		if errors.Is(lookErr, fault.NotFound) {
			return false, nil
		}
		return lookErr == nil && strings.EqualFold(g.Email, address), lookErr
	})
	if !found || lookErr != nil {
		return access.Group{}, err
	}
	return a.group(g), nil
}

// UpdateGroup changes the address or the description. Google keeps the old address as an alias of the group.
func (a *App) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	const op = "update group"
	b := map[string]any{}
	address := ""
	if want.Name != nil {
		var err error
		if address, err = a.groupAddress(*want.Name); err != nil {
			return access.Group{}, a.fault(err, op, *want.Name)
		}
		b["email"] = address
	}
	if want.Description != nil {
		b["description"] = *want.Description
	}
	if len(b) == 0 {
		return a.Group(ctx, id)
	}
	var g group
	err := a.patiently(ctx, fault.Unconfirmed, func() (err error) {
		g, err = a.writeGroup(ctx, httpclient.Request{Op: op, Subject: id, Method: http.MethodPatch, Path: groupsPath(id), Body: b, Idempotent: true})
		return err
	}, id)
	if errors.Is(err, fault.Unconfirmed) {
		now, readErr := a.readGroup(ctx, op, id)
		if readErr == nil && (want.Name == nil || strings.EqualFold(now.Email, address)) && (want.Description == nil || now.Description == *want.Description) {
			return a.group(now), nil
		}
	}
	if err != nil {
		return access.Group{}, err
	}
	return a.group(g), nil
}

// DeleteGroup deletes a group; one that is gone already is fine.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	err := a.remove(ctx, a.directory, op, id, groupsPath(id))
	if errors.Is(err, fault.Unconfirmed) {
		if _, now := a.readGroup(ctx, op, id); errors.Is(now, fault.NotFound) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	a.forget(id)
	return nil
}
