package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// CreateGroup creates a group.
func (a *App) CreateGroup(ctx context.Context, spec access.GroupSpec) (access.Group, error) {
	var name string
	if spec.Name != nil {
		name = *spec.Name
	}
	return a.writeGroup(ctx, "create group", "", name, func(w app.GroupWriter) (access.Group, error) {
		return w.CreateGroup(ctx, spec)
	})
}

// UpdateGroup changes what spec names.
func (a *App) UpdateGroup(ctx context.Context, id string, spec access.GroupSpec) (access.Group, error) {
	return a.writeGroup(ctx, "update group", id, a.groupName(id), func(w app.GroupWriter) (access.Group, error) {
		return w.UpdateGroup(ctx, id, spec)
	})
}

// writeGroup does what creating (id is empty) and updating have in common.
func (a *App) writeGroup(ctx context.Context, op, id, name string, write func(app.GroupWriter) (access.Group, error)) (access.Group, error) {
	if err := a.admit(op, name, app.WriteGroups); err != nil {
		return access.Group{}, err
	}
	log, err := a.begin(ctx, a.groupEntry(ctx, op, name))
	if err != nil {
		return access.Group{}, a.fail(err, op, name)
	}
	g, err := write(a.app.(app.GroupWriter))
	if err == nil && (g.ID == "" || id != "" && g.ID != id) {
		err = fault.New(fault.Unconfirmed, "the app answered with the group id %q", g.ID)
	}
	if err = proven(err); err == nil {
		a.groups.put(g.ID, bare(g))
	} else {
		a.doubtGroup(id, err)
	}
	g = bare(g)
	return g, a.fail(a.end(ctx, log[0], false, err), op, name)
}

// DeleteGroup deletes a group; already gone is success.
func (a *App) DeleteGroup(ctx context.Context, id string) error {
	const op = "delete group"
	name := a.groupName(id)
	if err := a.admit(op, name, app.WriteGroups); err != nil {
		return err
	}
	log, err := a.begin(ctx, a.groupEntry(ctx, op, name))
	if err != nil {
		return a.fail(err, op, name)
	}
	if err = proven(a.app.(app.GroupWriter).DeleteGroup(ctx, id)); err == nil {
		a.groups.remove(id)
		a.members.remove(id)
	} else {
		a.doubtGroup(id, err)
		a.members.drop(id)
	}
	return a.fail(a.end(ctx, log[0], false, err), op, name)
}

// doubtGroup makes the next read of a group real; for one that may just have been made only listing helps.
func (a *App) doubtGroup(id string, err error) {
	switch {
	case id != "":
		a.groups.drop(id)
	case maybeThere(err):
		a.groups.mu.Lock()
		a.groups.invalidate()
		a.groups.mu.Unlock()
	}
}

func (a *App) groupName(id string) string {
	name := id
	a.groups.peek(id, func(g access.Group) { name = cmp.Or(g.Name, id) })
	return name
}

func (a *App) groupLabel(id string) string { return "group " + a.groupName(id) }

func (a *App) groupEntry(ctx context.Context, op, name string) audit.Entry {
	return a.entry(ctx, op, access.Grant{Kind: access.GrantGroup, Name: name}, access.AccountRef{})
}

// ChangeMembers applies the changes and answers index-aligned: nil means proven. Calls for one group that
// arrive while a request is in flight go out together. A caller that is canceled gets its answer as far as
// it is known and leaves the others undisturbed.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	if len(changes) == 0 {
		return nil
	}
	group := a.groupLabel(groupID)
	if err := a.admit("change members of", group, app.WriteMembers); err != nil {
		return fill(len(changes), err)
	}
	var why string
	a.groups.peek(groupID, func(g access.Group) { why = g.ReadOnly })
	if why != "" {
		return fill(len(changes), &fault.Error{
			Kind: fault.Unsupported, System: a.Name(), Op: "change members of", Subject: group, State: nothingSent,
			Cause: "the membership is read-only: " + why,
		})
	}
	errs := make([]error, len(changes))
	var send []access.MemberChange
	var at []int
	roles := a.groupRoles(ctx, groupID, changes)
	for i, c := range changes {
		met, err := a.given(groupID, group, c)
		if err == nil && !met {
			err = a.admitMember(ctx, roles, groupID, group, c)
		}
		if errs[i] = err; err == nil && !met {
			send, at = append(send, c), append(at, i)
		}
	}
	for j, err := range a.memberCommits.do(ctx, groupID, send) {
		op, subject := memberOp(send[j], a.label(send[j].Account), group)
		errs[at[j]] = a.fail(err, op, subject)
	}
	return errs
}

// given decides about memberships that are not made one by one, as far as this run has seen them: asking for
// one is met by it, whatever the role, and taking one away by itself does nothing, so it is refused. A role that
// the app decides is met too.
func (a *App) given(groupID, group string, c access.MemberChange) (met bool, err error) {
	a.members.peek(groupID, func(set *memberSet) {
		m, has := set.by[c.Account.ID]
		switch {
		case !has:
		case !c.Remove:
			met = m.Via != "" || m.RoleFixed
		case m.Via != "":
			op, subject := memberOp(c, a.label(c.Account), group)
			err = a.comesWith(op, subject, m.Via)
		}
	})
	return met, err
}

// comesWith refuses to take something away that something else gives again.
func (a *App) comesWith(op, subject, via string) error {
	return &fault.Error{
		Kind: fault.Unsupported, System: a.Name(), Op: op, Subject: subject, State: nothingSent,
		Cause: "it comes with " + via + " and cannot be removed by itself", Next: "Change " + via + " in " + a.Name() + ".",
	}
}

// groupRoles are the roles a member can have. Some apps know theirs only once they have been read, so a role
// that looks wrong is worth one look at the group.
func (a *App) groupRoles(ctx context.Context, groupID string, changes []access.MemberChange) []string {
	roles := a.Info().GroupRoles
	if slices.ContainsFunc(changes, func(c access.MemberChange) bool { return !c.Remove && !validRole(roles, c.Role) }) {
		if _, err := a.GroupByID(ctx, groupID); err == nil {
			roles = a.Info().GroupRoles
		}
	}
	return roles
}

func validRole(roles []string, role string) bool {
	return role == "" || slices.Contains(roles, role) || len(roles) == 0 && role == access.DefaultRole
}

func (a *App) admitMember(ctx context.Context, roles []string, groupID, group string, c access.MemberChange) error {
	op, subject := memberOp(c, a.label(c.Account), group)
	if c.Remove {
		return a.spare(ctx, op, subject, c.Account)
	}
	if validRole(roles, c.Role) {
		// Roles have no order that is known here: every other role may be less, except for a plain member.
		if was := a.roleIn(groupID, c.Account.ID); was != access.DefaultRole && was != cmp.Or(c.Role, was) {
			return a.spare(ctx, "take the role "+was+" from", a.label(c.Account)+" in "+group, c.Account)
		}
		return nil
	}
	e := &fault.Error{
		Kind: fault.Unsupported, System: a.Name(), Op: op, Subject: subject, State: nothingSent,
		Cause: fmt.Sprintf("groups have no role %q", c.Role), Next: "Members of groups have no roles here: leave role out.",
	}
	if len(roles) > 0 {
		e.Next = "The roles are " + strings.Join(roles, ", ") + "."
	}
	return e
}

// roleIn is the role of a member as this run has seen it, or the default role.
func (a *App) roleIn(groupID, accountID string) string {
	role := access.DefaultRole
	a.members.peek(groupID, func(set *memberSet) {
		if m, ok := set.by[accountID]; ok {
			role = cmp.Or(m.Role, role)
		}
	})
	return role
}

func memberOp(c access.MemberChange, who, group string) (op, subject string) {
	if c.Remove {
		return "remove", who + " from " + group
	}
	return "add", who + " to " + group
}

// sendMembers sends one batch and lets what is known follow.
func (a *App) sendMembers(ctx context.Context, groupID string, batch []*item[access.MemberChange]) {
	changes := make([]access.MemberChange, len(batch))
	already := make([]bool, len(batch))
	for i, it := range batch {
		changes[i] = it.change
	}
	a.members.peek(groupID, func(set *memberSet) {
		for i, c := range changes {
			m, has := set.by[c.Account.ID]
			already[i] = has != c.Remove && (c.Remove || m.Role == cmp.Or(c.Role, m.Role))
		}
	})
	grant := access.Grant{Kind: access.GrantGroup, Name: a.groupName(groupID)}
	log, ok := recorded(ctx, a, batch, func(it *item[access.MemberChange]) audit.Entry {
		op := "add member"
		if it.change.Remove {
			op = "remove member"
		}
		return a.entry(it.ctx, op, grant, it.change.Account)
	})
	if !ok {
		return
	}
	settle(batch, a.app.(app.GroupWriter).ChangeMembers(ctx, groupID, changes))
	certain := true
	a.members.edit(groupID, func(set *memberSet) *memberSet {
		for _, it := range batch {
			id := it.change.Account.ID
			switch {
			case it.err != nil:
				certain = false
			case it.change.Remove:
				delete(set.by, id)
			default:
				m := set.by[id]
				m.AccountID, m.UserName = id, cmp.Or(it.change.Account.UserName, m.UserName)
				m.Role = cmp.Or(it.change.Role, m.Role)
				set.add(m)
			}
		}
		return set
	})
	if !certain {
		a.members.drop(groupID)
	}
	conclude(ctx, a, batch, log, already)
}
