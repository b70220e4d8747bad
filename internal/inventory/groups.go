package inventory

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Groups lists all groups, without members.
func (a *App) Groups(ctx context.Context) ([]access.Group, error) {
	if err := a.Supports(app.ReadGroups); err != nil {
		return nil, err
	}
	var out []access.Group
	for g, err := range a.app.(app.GroupReader).Groups(ctx, false) {
		if err != nil {
			return nil, a.fail(err, "list groups", "")
		}
		out = append(out, g)
	}
	return out, nil
}

// Group gives the group with the name or id; for an unknown one NotFound with the nearest names.
func (a *App) Group(ctx context.Context, nameOrID string) (access.Group, error) {
	all, err := a.Groups(ctx)
	for _, g := range all {
		if g.ID == nameOrID || g.Name == nameOrID {
			return g, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "no group has this name or id")
	}
	return access.Group{}, a.fail(err, "find group", nameOrID)
}

// GroupByID reads one group by id, cheaper than Group where only a few groups are managed.
func (a *App) GroupByID(ctx context.Context, id string) (access.Group, error) {
	if err := a.Supports(app.ReadGroups); err != nil {
		return access.Group{}, err
	}
	g, err := a.app.(app.GroupReader).Group(ctx, id)
	return g, a.fail(err, "read group", id)
}

// Members gives the direct members of a group.
func (a *App) Members(ctx context.Context, groupID string) ([]access.Member, error) {
	if err := a.Supports(app.ReadMembers); err != nil {
		return nil, err
	}
	var out []access.Member
	for m, err := range a.app.(app.GroupReader).Members(ctx, groupID) {
		if err != nil {
			return nil, a.fail(err, "list members of group", groupID)
		}
		out = append(out, m)
	}
	return out, nil
}

// Member gives one direct membership, or fault.NotFound.
func (a *App) Member(ctx context.Context, groupID, accountID string) (access.Member, error) {
	all, err := a.Members(ctx, groupID)
	for _, m := range all {
		if m.AccountID == accountID {
			return m, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "the account is not in the group")
	}
	return access.Member{}, a.fail(err, "read member", accountID)
}

// CreateGroup creates a group.
func (a *App) CreateGroup(ctx context.Context, spec access.GroupSpec) (access.Group, error) {
	if err := a.Supports(app.WriteGroups); err != nil {
		return access.Group{}, err
	}
	g, err := a.app.(app.GroupWriter).CreateGroup(ctx, spec)
	return g, a.fail(err, "create group", "")
}

// UpdateGroup changes what spec names.
func (a *App) UpdateGroup(ctx context.Context, id string, spec access.GroupSpec) (access.Group, error) {
	if err := a.Supports(app.WriteGroups); err != nil {
		return access.Group{}, err
	}
	g, err := a.app.(app.GroupWriter).UpdateGroup(ctx, id, spec)
	return g, a.fail(err, "update group", id)
}

// DeleteGroup deletes a group; already gone is success.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	if err := a.Supports(app.WriteGroups); err != nil {
		return err
	}
	return a.fail(a.app.(app.GroupWriter).DeleteGroup(ctx, id), "delete group", id)
}

// ChangeMembers applies the changes; the answer is index-aligned, nil means proven.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	errs := make([]error, len(changes))
	if err := a.Supports(app.WriteMembers); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	return a.app.(app.GroupWriter).ChangeMembers(ctx, groupID, changes)
}
