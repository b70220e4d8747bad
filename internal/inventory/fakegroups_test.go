package inventory

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// The groups and licenses of the fake app.

func (f *fake) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		name := "groups"
		if withMembers {
			name = "groups+members"
		}
		all := values(f, f.groups, func(x, y access.Group) int { return strings.Compare(x.ID, y.ID) })
		for i := range all {
			if withMembers && !f.noAlong {
				all[i].Members, all[i].MembersKnown = f.membersOf(all[i].ID), true
			}
		}
		paged(ctx, f, name, all, yield)
	}
}

func (f *fake) membersOf(id string) []access.Member {
	f.mu.Lock()
	set := f.members[id]
	f.mu.Unlock()
	return values(f, set, func(x, y access.Member) int { return strings.Compare(x.AccountID, y.AccountID) })
}

func (f *fake) Group(ctx context.Context, id string) (access.Group, error) {
	if err := f.request(ctx, "get group %s", id); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g, ok := f.groups[id]
	if !ok {
		return g, fault.New(fault.NotFound, "no such group")
	}
	return g, nil
}

func (f *fake) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		all := f.membersOf(groupID)
		if err := f.request(ctx, "members %s", groupID); err != nil {
			yield(access.Member{}, err)
			return
		}
		f.mu.Lock()
		_, ok := f.groups[groupID]
		f.mu.Unlock()
		if !ok {
			yield(access.Member{}, fault.New(fault.NotFound, "no such group"))
			return
		}
		for _, m := range all {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (f *fake) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	if err := f.request(ctx, "create group %s", *want.Name); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := access.Group{ID: fmt.Sprintf("n%03d", len(f.groups)), Name: *want.Name}
	f.groups[g.ID], f.members[g.ID] = g, map[string]access.Member{}
	return g, nil
}

func (f *fake) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	if err := f.request(ctx, "update group %s", id); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.groups[id]
	g.Name = *want.Name
	f.groups[id] = g
	return g, nil
}

func (f *fake) DeleteGroup(ctx context.Context, id string) error {
	if err := f.request(ctx, "delete group %s", id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.groups, id)
	delete(f.members, id)
	return nil
}

// enter notes whether two writes to one thing are in flight at once.
func (f *fake) enter(key string, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[key] += by
	f.overlap = f.overlap || f.busy[key] > 1
}

func (f *fake) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	f.enter(groupID, 1)
	defer f.enter(groupID, -1)
	var words []string
	for _, c := range changes {
		sign := "+"
		if c.Remove {
			sign = "-"
		}
		words = append(words, sign+c.Account.ID)
	}
	if err := f.request(ctx, "change members %s %s", groupID, strings.Join(words, " ")); err != nil {
		return fill(len(changes), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, len(changes))
	for i, c := range changes {
		switch id := c.Account.ID; {
		case strings.HasPrefix(id, "bad"):
			errs[i] = fault.New(fault.Invalid, "no such user")
		case c.Remove:
			delete(f.members[groupID], id)
		default:
			f.members[groupID][id] = access.Member{AccountID: id, Role: c.Role}
		}
	}
	return errs
}

func (f *fake) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		paged(ctx, f, "pools", f.pools, yield)
	}
}

func (f *fake) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return func(yield func(access.Assignment, error) bool) {
		if f.held[product] == nil {
			if err := f.request(ctx, "list assignees %s 0", product); err == nil {
				yield(access.Assignment{}, fault.New(fault.NotFound, "no such product"))
			}
			return
		}
		all := values(f, f.held[product], func(x, y access.Assignment) int { return strings.Compare(x.AccountID, y.AccountID) })
		paged(ctx, f, "assignees "+product, all, yield)
	}
}

func (f *fake) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	f.enter("license "+product, 1)
	defer f.enter("license "+product, -1)
	var words []string
	for _, c := range changes {
		sign := "+"
		if c.Remove {
			sign = "-"
		}
		words = append(words, sign+c.Account.ID)
	}
	if err := f.request(ctx, "change licenses %s %s", product, strings.Join(words, " ")); err != nil {
		return fill(len(changes), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, len(changes))
	for i, c := range changes {
		if strings.HasPrefix(c.Account.ID, "bad") {
			errs[i] = fault.New(fault.LimitReached, "no seat left")
		} else if c.Remove {
			delete(f.held[product], c.Account.ID)
		} else {
			f.held[product][c.Account.ID] = access.Assignment{AccountID: c.Account.ID, License: c.License}
		}
	}
	return errs
}
