package local

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const groupPrefix = "g-"

func (g *group) value() access.Group {
	return access.Group{ID: g.id, Name: g.name, Description: g.description}
}

func (d *document) membersOf(g *group) []access.Member {
	ms := make([]access.Member, 0, len(g.members))
	for _, acc := range named(d, g.members) {
		ms = append(ms, access.Member{AccountID: acc.ID, UserName: acc.UserName, Role: g.members[acc.ID]})
	}
	return ms
}

func noGroup(id string) error {
	if id == "" {
		return fault.New(fault.Invalid, "no group id was given")
	}
	return fault.New(fault.NotFound, "the file has no group with the id %q", id)
}

// Groups implements app.GroupReader.
func (a *App) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	return listing(ctx, a, "list groups", "", func(doc *document, yield func(access.Group) bool) error {
		for _, g := range doc.groups {
			v := g.value()
			if withMembers {
				v.Members, v.MembersKnown = doc.membersOf(g), true
			}
			if !yield(v) {
				break
			}
		}
		return nil
	})
}

// Group implements app.GroupReader.
func (a *App) Group(ctx context.Context, id string) (access.Group, error) {
	doc, err := a.file.load(ctx)
	if err == nil {
		if g := doc.group(id); g != nil {
			return g.value(), nil
		}
		err = noGroup(id)
	}
	return access.Group{}, fault.In(err, a.name, "read group", id)
}

// Members implements app.GroupReader.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return listing(ctx, a, "list members of group", groupID, func(doc *document, yield func(access.Member) bool) error {
		g := doc.group(groupID)
		if g == nil {
			return noGroup(groupID)
		}
		for _, m := range doc.membersOf(g) {
			if !yield(m) {
				break
			}
		}
		return nil
	})
}

// CreateGroup implements app.GroupWriter.
func (a *App) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	var made access.Group
	var name string
	if want.Name != nil {
		name = *want.Name
	}
	err := a.write(ctx, "create group", name, func(e *edit) error {
		g := &group{name: name}
		if want.Description != nil {
			g.description = *want.Description
		}
		if err := e.checkFreeGroup("", name); err != nil {
			return err
		}
		g.id = e.newID(groupPrefix)
		e.addGroup(g)
		made = g.value()
		return nil
	})
	if err != nil {
		return access.Group{}, err
	}
	return made, nil
}

// UpdateGroup implements app.GroupWriter.
func (a *App) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	var made access.Group
	err := a.write(ctx, "update group", id, func(e *edit) error {
		g := e.group(id)
		if g == nil {
			return noGroup(id)
		}
		name, description := g.name, g.description
		if want.Name != nil {
			name = *want.Name
		}
		if want.Description != nil {
			description = *want.Description
		}
		if err := e.checkFreeGroup(id, name); err != nil {
			return err
		}
		if name != g.name || description != g.description {
			g = e.changeGroup(g, name, description)
		}
		made = g.value()
		return nil
	})
	if err != nil {
		return access.Group{}, err
	}
	return made, nil
}

// checkFreeGroup reports what is wrong with a group's name.
func (e *edit) checkFreeGroup(id, name string) error {
	if strings.TrimSpace(name) == "" {
		return fault.New(fault.Invalid, "a group needs a name")
	}
	if g := e.groupNamed(name); g != nil && g.id != id {
		return &fault.Error{
			Kind: fault.Exists, State: "Nothing was written.",
			Cause: fmt.Sprintf("the name %q belongs to the group %s", g.name, g.id),
			Next:  "Import or rename that group, or choose another name.",
		}
	}
	return nil
}

// DeleteGroup implements app.GroupWriter.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	return a.write(ctx, "delete group", id, func(e *edit) error {
		if id == "" {
			return noGroup(id)
		}
		if g := e.group(id); g != nil {
			e.removeGroup(g)
		}
		return nil
	})
}

// ChangeMembers implements app.GroupWriter. A role that is not named is "member".
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	errs := make([]error, len(changes))
	for start := 0; start < len(changes); start += maxMemberChanges {
		end := min(start+maxMemberChanges, len(changes))
		a.changeMembers(ctx, groupID, changes[start:end], errs[start:end])
	}
	return errs
}

func (a *App) changeMembers(ctx context.Context, groupID string, changes []access.MemberChange, errs []error) {
	name := groupID
	err := a.write(ctx, "change members of group", groupID, func(e *edit) error {
		g := e.group(groupID)
		if g == nil {
			return noGroup(groupID)
		}
		name = g.name
		for i, c := range changes {
			errs[i] = e.changeMember(&g, c)
		}
		return nil
	})
	for i, c := range changes {
		op := "add to group " + name
		if c.Remove {
			op = "remove from group " + name
		}
		errs[i] = fault.In(cmp.Or(err, errs[i]), a.name, op, label(c.Account))
	}
}

func (e *edit) changeMember(g **group, c access.MemberChange) error {
	role, is := (*g).members[c.Account.ID]
	if c.Account.ID == "" {
		return noAccount(c.Account)
	}
	if c.Remove {
		if is {
			*g = e.ownGroup(*g)
			delete((*g).members, c.Account.ID)
		}
		return nil
	}
	want := cmp.Or(c.Role, access.DefaultRole)
	switch {
	case !slices.Contains(e.groupRoles(), want):
		return &fault.Error{
			Kind: fault.Invalid, Cause: fmt.Sprintf("the role %q is not one of %s", want, strings.Join(e.groupRoles(), ", ")),
			State: "Nothing was written.", Next: `Use one of these, or declare the role in "roles" of the file.`,
		}
	case e.account(c.Account.ID) == nil:
		return noAccount(c.Account)
	case !is || role != want:
		*g = e.ownGroup(*g)
		(*g).members[c.Account.ID] = want
	}
	return nil
}
