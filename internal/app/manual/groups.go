package manual

import (
	"context"
	"iter"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Groups implements app.GroupReader: those that configuration names, and those that somebody is in.
func (a *App) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	return listing(ctx, a, "list groups", "", func(v *view, yield func(access.Group) bool) error {
		for _, name := range v.groups {
			g := access.Group{ID: fold(name), Name: name}
			if withMembers {
				g.Members, g.MembersKnown = v.members(name), true
			}
			if !yield(g) {
				break
			}
		}
		return nil
	})
}

func (v *view) members(group string) []access.Member {
	var out []access.Member
	for _, id := range v.order {
		if h := v.accounts[id]; h.groups[group] {
			out = append(out, access.Member{AccountID: h.ID, UserName: h.UserName, Role: access.DefaultRole})
		}
	}
	return out
}

// byID is a group's name.
func (v *view) byID(id string) (string, error) {
	if id == "" {
		return "", fault.New(fault.Invalid, "no group id was given")
	}
	name, ok := v.knownGroup(id)
	if !ok {
		return "", &fault.Error{
			Kind: fault.NotFound, Cause: "nobody in the export is in a group " + id,
			Next: "If the app has it, name it in groups of the manual block.",
		}
	}
	return name, nil
}

// Group implements app.GroupReader.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	v, err := a.view(ctx)
	var name string
	if err == nil {
		name, err = v.byID(id)
	}
	if err != nil {
		return access.Group{}, a.in(err, "read group", id)
	}
	return access.Group{ID: fold(name), Name: name}, nil
}

// Members implements app.GroupReader.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return listing(ctx, a, "list members of group", groupID, func(v *view, yield func(access.Member) bool) error {
		name, err := v.byID(groupID)
		if err != nil {
			return err
		}
		for _, m := range v.members(name) {
			if !yield(m) {
				break
			}
		}
		return nil
	})
}

func (a *App) noGroups(op, name string) error {
	return a.in(&fault.Error{
		Kind: fault.Unsupported, Cause: "groups of an app without an API are made in the app", State: "Nothing was asked for.",
		Next: "Make the group in the app, and name it in groups of the manual block.",
	}, op, name)
}

// CreateGroup implements app.GroupWriter.
func (a *App) CreateGroup(_ context.Context, want access.GroupSpec) (access.Group, error) {
	name := ""
	if want.Name != nil {
		name = *want.Name
	}
	return access.Group{}, a.noGroups("create group", name)
}

// UpdateGroup implements app.GroupWriter.
func (a *App) UpdateGroup(_ context.Context, id string, _ access.GroupSpec) (access.Group, error) {
	return access.Group{}, a.noGroups("update group", id)
}

// DeleteGroup implements app.GroupWriter.
func (a *App) DeleteGroup(_ context.Context, id string) error { return a.noGroups("delete group", id) }

// each runs the changes of a batch as one operation; answers are index-aligned.
func each[C any](ctx context.Context, a *App, op, subject string, changes []C, find func(*view) error, one func(*view, C) error) []error {
	errs := make([]error, len(changes))
	err := a.write(ctx, op, subject, func(v *view) error {
		if err := find(v); err != nil {
			return err
		}
		for i, c := range changes {
			errs[i] = a.in(one(v, c), op, subject)
		}
		return nil
	})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// ChangeMembers implements app.GroupWriter.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	var name string
	find := func(v *view) (err error) { name, err = v.byID(groupID); return err }
	return each(ctx, a, "change members of group", groupID, changes, find, func(v *view, c access.MemberChange) error {
		h, err := v.holder(c.Account)
		switch {
		case c.Remove && fault.KindOf(err) == fault.NotFound:
			return nil
		case err != nil:
			return err
		case !c.Remove && c.Role != "" && c.Role != access.DefaultRole:
			return fault.New(fault.Unsupported, "members of an app without an API have no roles, so %q cannot be asked for", c.Role)
		case c.Remove && h.groups[name]:
			v.ask(task{Do: doRemove, UserName: h.UserName, PersonID: h.PersonID, Subject: name}, "Take %s out of the group %s.", h.UserName, name)
		case !c.Remove && !h.groups[name]:
			v.ask(task{Do: doAdd, UserName: h.UserName, PersonID: h.PersonID, Subject: name}, "Put %s into the group %s.", h.UserName, name)
		}
		return nil
	})
}
