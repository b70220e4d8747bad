package okta

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// group is an Okta group. https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/
type group struct {
	ID      string
	Type    string
	Profile map[string]any
}

func (g group) id() string { return g.ID }

func (g group) name() string { return text(g.Profile["name"]) }

func (g group) group() access.Group {
	out := access.Group{ID: g.ID, Name: g.name(), Description: text(g.Profile["description"])}
	switch g.Type {
	case "OKTA_GROUP":
	case "APP_GROUP":
		out.ReadOnly = "it is imported from an application or directory, which decides who is in it"
	case "BUILT_IN":
		out.ReadOnly = "Okta keeps it by itself"
	default:
		out.ReadOnly = "Okta says that it is of the kind " + strings.ToLower(g.Type)
	}
	return out
}

func (d *Directory) listGroups(ctx context.Context, op, subject string) iter.Seq2[group, error] {
	return rows(ctx, listing{client: d.client, op: op, subject: subject, path: []string{"groups"}, limit: groupPage}, group.id)
}

// Groups lists all groups. Members never come along.
func (d *Directory) Groups(ctx context.Context, _ bool) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		for g, err := range d.listGroups(ctx, "list groups", "") {
			if err == nil && d.isDeleted(g.ID) {
				continue // the listing shows what is gone for a while
			}
			if !yield(g.group(), err) || err != nil {
				return
			}
		}
	}
}

// Group reads one group.
func (d *Directory) Group(ctx context.Context, id string) (access.Group, error) {
	g, err := d.readGroup(ctx, id, "read group")
	if err != nil {
		return access.Group{}, err
	}
	return g.group(), nil
}

func (d *Directory) readGroup(ctx context.Context, id, op string) (group, error) {
	var g group
	var err error
	_, waitErr := d.eventually(ctx, func() (bool, error) {
		g = group{}
		err = d.get(ctx, op, id, &g, []string{"groups", id})
		return !errors.Is(err, fault.NotFound) || !d.isOurs(id), nil
	})
	switch {
	case err != nil:
		return group{}, err
	case waitErr != nil:
		return group{}, d.fault(waitErr, op, id)
	case g.ID != id:
		return group{}, d.fault(fault.New(fault.Unavailable, "Okta answered without the group, or with another one"), op, id)
	}
	return g, nil
}

// CreateGroup makes a group, once.
func (d *Directory) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	const op = "create group"
	profile, err := groupProfile(want)
	name := text(profile["name"])
	if err == nil && name == "" {
		err = &fault.Error{Kind: fault.Invalid, Cause: "a group needs a name", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Group{}, d.fault(err, op, name)
	}
	resp, err := d.http.Do(ctx, httpclient.Request{Op: op, Subject: name, Method: http.MethodPost, Path: path("groups"), Body: map[string]any{"profile": profile}})
	var g group
	switch {
	case err == nil:
		if err = resp.Decode(&g); err == nil && g.ID == "" {
			err = d.fault(&fault.Error{
				Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(),
				Cause: "Okta accepted the new group and did not say what it made", Next: "Run again: a group that was made is found and not made twice.",
			}, op, name)
		}
	case code(err) == codeValidation:
		err = d.ifGroupTaken(ctx, err, name, "")
	}
	if errors.Is(err, fault.Unconfirmed) {
		ok, lookErr := d.eventually(ctx, func() (bool, error) {
			found, err := d.groupNamed(ctx, name)
			g = found
			return found.ID != "", err
		})
		if ok && lookErr == nil {
			err = nil
		}
	}
	if err != nil {
		return access.Group{}, err
	}
	d.ours.Store(g.ID, true)
	return g.group(), nil
}

func groupProfile(want access.GroupSpec) (map[string]any, error) {
	profile := map[string]any{}
	if want.Name != nil {
		profile["name"] = *want.Name
	}
	if want.Description != nil {
		profile["description"] = *want.Description
	}
	for what, v := range profile {
		if err := plain("the group's "+what, v.(string)); err != nil {
			return profile, err
		}
	}
	return profile, nil
}

// groupNamed finds a group that Tenure could have made, by its name, in the listing: search lags behind.
func (d *Directory) groupNamed(ctx context.Context, name string) (group, error) {
	for g, err := range d.listGroups(ctx, "find group", name) {
		if err != nil {
			return group{}, err
		}
		if g.Type == "OKTA_GROUP" && strings.EqualFold(g.name(), name) && !d.isDeleted(g.ID) {
			return g, nil
		}
	}
	return group{}, nil
}

// ifGroupTaken refines a refusal as ifTaken does.
func (d *Directory) ifGroupTaken(ctx context.Context, refusal error, name, own string) error {
	g, err := d.groupNamed(ctx, name)
	if err != nil || g.ID == "" || g.ID == own {
		return refusal
	}
	var f *fault.Error
	errors.As(refusal, &f)
	taken := *f
	taken.Kind, taken.Cause, taken.Next = fault.Exists, "the group "+g.ID+" has this name already", ""
	return &taken
}

// UpdateGroup changes name or description. Okta replaces the profile as a whole, so that it is read first: companies
// keep properties of their own there.
func (d *Directory) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	const op = "update group"
	changes, err := groupProfile(want)
	if err == nil && want.Name != nil && *want.Name == "" {
		err = &fault.Error{Kind: fault.Invalid, Cause: "a group needs a name", State: "Nothing was sent."}
	}
	if err != nil {
		return access.Group{}, d.fault(err, op, id)
	}
	g, err := d.readGroup(ctx, id, op)
	if err != nil {
		return access.Group{}, err
	}
	profile := maps.Clone(g.Profile)
	if profile == nil {
		profile = map[string]any{}
	}
	differs := false
	for k, v := range changes {
		differs = differs || text(profile[k]) != v
		profile[k] = v
	}
	if !differs {
		return g.group(), nil
	}
	if why := g.group().ReadOnly; why != "" {
		return access.Group{}, d.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, g.name())
	}
	var now group
	resp, err := d.http.Do(ctx, httpclient.Request{Op: op, Subject: g.name(), Method: http.MethodPut, Path: path("groups", id), Body: map[string]any{"profile": profile}})
	switch {
	case err == nil:
		if err = resp.Decode(&now); err == nil && now.ID != id {
			err = d.fault(fault.New(fault.Unconfirmed, "Okta accepted the change and did not answer with the group"), op, g.name())
		}
	case code(err) == codeValidation && want.Name != nil:
		err = d.ifGroupTaken(ctx, err, *want.Name, id)
	}
	if errors.Is(err, fault.Unconfirmed) {
		read, readErr := d.readGroup(ctx, id, op)
		holds := readErr == nil
		for k, v := range changes {
			holds = holds && text(read.Profile[k]) == v
		}
		if holds {
			now, err = read, nil
		}
	}
	if err != nil {
		return access.Group{}, err
	}
	return now.group(), nil
}

// DeleteGroup deletes a group; one that is gone already is fine.
func (d *Directory) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	resp, err := d.http.Do(ctx, httpclient.Request{Op: op, Subject: id, Method: http.MethodDelete, Path: path("groups", id)})
	if err == nil {
		err = d.noContent(resp, op, id)
	}
	if errors.Is(err, fault.Unconfirmed) {
		var g group
		if lookErr := d.get(ctx, op, id, &g, []string{"groups", id}); errors.Is(lookErr, fault.NotFound) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	d.ours.Delete(id)
	d.ours.Store(deleted(id), true)
	return nil
}

// deleted is the key of a group that this run has deleted.
type deleted string

func (d *Directory) isDeleted(id string) bool { _, gone := d.ours.Load(deleted(id)); return gone }
