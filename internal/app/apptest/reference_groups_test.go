package apptest

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func (c *reference) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	all := pages(ctx, c, func(g access.Group) string { return g.ID }, func(offset int) ([]access.Group, int, error) {
		return c.r.listGroups(ctx, offset)
	})
	return func(yield func(access.Group, error) bool) {
		for g, err := range all {
			g.MembersKnown = withMembers && err == nil
			if !withMembers {
				g.Members = nil
			}
			if c.flaw == "reads every row" && err == nil {
				_, _ = c.r.group(ctx, g.ID)
			}
			if c.flaw == "brings half the members" && len(g.Members) > 0 {
				g.Members = g.Members[:1]
			}
			if !yield(g, err) {
				return
			}
		}
	}
}

func (c *reference) Group(ctx context.Context, id string) (g access.Group, err error) {
	if c.flaw == "invents groups" {
		return access.Group{ID: id, Name: "admins"}, nil
	}
	err = c.try(ctx, false, func() (err error) {
		g, err = c.r.group(ctx, id)
		return err
	})
	return g, err
}

func (c *reference) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	all := pages(ctx, c, func(m access.Member) string { return m.AccountID }, func(offset int) ([]access.Member, int, error) {
		return c.r.listMembers(ctx, groupID, offset)
	})
	if c.flaw != "takes a gone group for an empty one" {
		return all
	}
	return func(yield func(access.Member, error) bool) {
		for m, err := range all {
			if errors.Is(err, fault.NotFound) || !yield(m, err) {
				return
			}
		}
	}
}

func (c *reference) saveGroup(ctx context.Context, op Op, id string, want access.GroupSpec) (g access.Group, err error) {
	err = c.try(ctx, true, func() (err error) {
		g, err = c.r.saveGroup(ctx, op, id, func(g *access.Group) {
			if want.Name != nil && c.flaw != "keeps group names" {
				g.Name = *want.Name
			}
			if want.Description != nil && c.flaw != "forgets descriptions" {
				g.Description = *want.Description
			}
			if c.flaw == "empties renamed groups" {
				g.Members = nil
			}
		})
		return err
	})
	return g, err
}

func (c *reference) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	g, err := c.saveGroup(ctx, CreateGroup, "", want)
	if c.flaw == "adopts on create" && errors.Is(err, fault.Exists) {
		err = nil
	}
	if c.flaw == "creates and forgets the id" {
		g.ID = ""
	}
	if c.flaw == "says it created" {
		return g, nil
	}
	return g, err
}

func (c *reference) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	if want == (access.GroupSpec{}) && c.flaw != "writes nothing" {
		return c.Group(ctx, id)
	}
	g, err := c.saveGroup(ctx, UpdateGroup, id, want)
	if c.flaw == "updates the gone" && err != nil {
		err = nil
	}
	return g, err
}

func (c *reference) DeleteGroup(ctx context.Context, id string) error {
	if c.flaw == "retires nobody" {
		return ctx.Err()
	}
	err := c.try(ctx, true, func() error { return c.r.deleteGroup(ctx, id) })
	if errors.Is(err, fault.NotFound) && c.flaw != "fails on the gone" {
		return nil
	}
	return err
}

func (c *reference) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	errs := make([]error, len(changes))
	size := 3
	switch c.flaw {
	case "changes one at a time":
		size = 1
	case "writes nothing":
		if len(changes) == 0 {
			_ = c.r.changeMembers(ctx, groupID, nil)
		}
	case "removes all":
		if slices.ContainsFunc(changes, func(m access.MemberChange) bool { return m.Remove }) {
			return c.removeAll(ctx, groupID, changes)
		}
	case "replaces the list":
		c.empty(ctx, groupID)
	case "adds nobody":
		return errs
	}
	for i := range changes {
		role := changes[i].Role
		if !changes[i].Remove && role != "" && !slices.Contains(c.Info().GroupRoles, role) && c.flaw != "takes unknown roles" {
			errs[i] = fault.New(fault.Unsupported, "there is no role %s", role)
		}
	}
	for lo := 0; lo < len(changes); lo += size {
		c.changeSome(ctx, groupID, changes[lo:min(lo+size, len(changes))], errs[lo:min(lo+size, len(changes))])
	}
	if c.flaw == "answers once" && len(errs) > 1 {
		return []error{errors.Join(errs...)}
	}
	return errs
}

// changeSome sends one request, and when something in it is refused, each change by itself.
func (c *reference) changeSome(ctx context.Context, groupID string, changes []access.MemberChange, errs []error) {
	var send []access.MemberChange
	for i, ch := range changes {
		if errs[i] != nil {
			continue
		}
		if ch.Role == "" || c.flaw == "ignores roles" {
			ch.Role = access.DefaultRole
		}
		send = append(send, ch)
	}
	if len(send) == 0 {
		return
	}
	err := c.try(ctx, true, func() error { return c.r.changeMembers(ctx, groupID, send) })
	if c.flaw == "forgets errors" {
		return
	}
	if !errors.Is(err, fault.Invalid) || len(changes) == 1 || c.flaw == "fails with the neighbors" {
		for i := range errs {
			if errs[i] == nil {
				errs[i] = err
			}
		}
		if c.flaw == "fails the first request too" && err != nil {
			for i := range errs[:cap(errs)] {
				errs[:cap(errs)][i] = err
			}
		}
		return
	}
	for i := range changes {
		if errs[i] == nil {
			c.changeSome(ctx, groupID, changes[i:i+1], errs[i:i+1])
		}
	}
}

func (c *reference) removeAll(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	c.empty(ctx, groupID)
	return make([]error, len(changes))
}

func (c *reference) empty(ctx context.Context, groupID string) {
	var all []access.MemberChange
	for m, err := range c.Members(ctx, groupID) {
		if err == nil {
			all = append(all, access.MemberChange{Account: access.AccountRef{ID: m.AccountID}, Remove: true})
		}
	}
	_ = c.r.changeMembers(ctx, groupID, all)
}

func (c *reference) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		var list []access.Pool
		err := c.try(ctx, false, func() (err error) {
			list, err = c.r.listPools(ctx)
			return err
		})
		if err != nil && c.flaw != "ends a listing at an error" {
			yield(access.Pool{}, err)
			return
		}
		for _, p := range list {
			if c.flaw == "miscounts seats" {
				p.Used++
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (c *reference) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return pages(ctx, c, func(a access.Assignment) string { return a.AccountID }, func(offset int) ([]access.Assignment, int, error) {
		return c.r.listAssignees(ctx, offset)
	})
}

func (c *reference) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	errs := make([]error, len(changes))
	if c.flaw == "writes nothing" && len(changes) == 0 {
		_ = c.r.changeAssignee(ctx, access.LicenseChange{})
	}
	for i, ch := range changes {
		if product != "Suite" && c.flaw != "takes unknown products" {
			errs[i] = fault.New(fault.Invalid, "there is no product %s", product)
			continue
		}
		if c.flaw == "assigns nothing" {
			continue
		}
		errs[i] = c.try(ctx, true, func() error { return c.r.changeAssignee(ctx, ch) })
		if ch.Remove && errors.Is(errs[i], fault.NotFound) && c.flaw != "fails on the gone" {
			errs[i] = nil
		}
		if c.flaw == "hides an empty pool" && errors.Is(errs[i], fault.LimitReached) {
			errs[i] = nil
		}
		if c.flaw == "fails with the neighbors" && errs[i] != nil {
			for j := range errs {
				errs[j] = errs[i]
			}
			break
		}
	}
	return errs
}
