package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// memberSet is what is known about the direct members of one group, by account id.
type memberSet struct {
	by map[string]access.Member
	// direct says that the group itself was asked: then absence is the app's word and not a hint.
	direct bool
}

func (s *memberSet) add(m access.Member) {
	if m.Role == "" {
		m.Role = access.DefaultRole
	}
	s.by[cmp.Or(m.AccountID, "\x00"+m.UserName)] = m
}

// openGroups connects groups and members to the app.
func (a *App) openGroups() {
	a.groups.init()
	a.members.init()
	a.groups.loaded = func(n int, took time.Duration) { a.log.Info("listed groups", "count", n, "took", took) }
	a.members.loaded = func(n int, took time.Duration) {
		a.log.Info("listed groups with members", "count", n, "took", took)
	}
	a.memberCommits.init(a.sendMembers, func() int { return a.Info().MaxMemberChanges })
	a.memberCommits.order = func(c access.MemberChange) (int, string) {
		if c.Remove { // somebody new first: a group never runs empty or ownerless on the way
			return 1, c.Account.ID
		}
		return 0, c.Account.ID
	}
	r, ok := a.app.(app.GroupReader)
	if !ok {
		return
	}
	a.groups.list = func(ctx context.Context, put func(string, access.Group)) error {
		for g, err := range r.Groups(ctx, false) {
			if err != nil {
				return err
			}
			put(g.ID, bare(g))
		}
		return nil
	}
	a.groups.point = func(ctx context.Context, id string) (access.Group, error) {
		g, err := r.Group(ctx, id)
		if err == nil && g.ID != id {
			// Some apps accept a name where they want an id; that is another group for our purposes.
			err = fault.New(fault.NotFound, "no group has the id %s", id)
		}
		return bare(g), err
	}
	// One listing may bring the members of all groups along, and then it is one of the groups too.
	a.members.list = func(ctx context.Context, put func(string, *memberSet)) error {
		all := map[string]access.Group{}
		for g, err := range r.Groups(ctx, true) {
			if err != nil {
				return err
			}
			all[g.ID] = bare(g)
			if g.MembersKnown {
				set := &memberSet{by: make(map[string]access.Member, len(g.Members))}
				for _, m := range g.Members {
					set.add(m)
				}
				put(g.ID, set)
			}
		}
		a.groups.adopt(all)
		return nil
	}
	a.members.point = func(ctx context.Context, id string) (*memberSet, error) {
		set := &memberSet{by: map[string]access.Member{}, direct: true}
		for m, err := range r.Members(ctx, id) {
			if err != nil {
				return nil, err
			}
			set.add(m)
		}
		return set, nil
	}
	if s, ok := a.app.(app.Sizer); ok {
		price := once(func(ctx context.Context) (int, error) { return s.ListingCost(ctx, app.CollectionGroups) })
		a.groups.cost, a.members.cost = price, price
	}
}

// once asks until there is an answer, and keeps that: groups with their members come in as many pages as without.
func once(ask func(context.Context) (int, error)) func(context.Context) (int, error) {
	turn := make(chan struct{}, 1)
	var answer int
	return func(ctx context.Context) (int, error) {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		defer func() { <-turn }()
		if answer > 0 {
			return answer, nil
		}
		n, err := ask(ctx)
		if err == nil {
			answer = n
		}
		return n, err
	}
}

// bare is g without its members, which are kept apart.
func bare(g access.Group) access.Group {
	g.Members, g.MembersKnown = nil, false
	return g
}

// Groups lists all groups, without members, in the order of their ids.
func (a *App) Groups(ctx context.Context) ([]access.Group, error) {
	if err := a.Supports(app.ReadGroups); err != nil {
		return nil, err
	}
	var out []access.Group
	err := a.groups.all(ctx, func(_ string, g access.Group) { out = append(out, g) })
	return out, a.fail(err, "list groups", "")
}

// GroupByID reads one group by id; where only a few groups are managed, cheaper than Group.
func (a *App) GroupByID(ctx context.Context, id string) (g access.Group, err error) {
	if err := a.Supports(app.ReadGroups); err != nil {
		return g, err
	}
	if id == "" {
		return g, a.fail(fault.New(fault.Invalid, "the id is empty"), "read group", "")
	}
	err = a.groups.get(ctx, id, func(known access.Group) { g = known })
	return g, a.fail(err, "read group", id)
}

// Group gives the group with the name or id; a name wins over another group's id. For an unknown one it is
// NotFound with the nearest names.
func (a *App) Group(ctx context.Context, nameOrID string) (access.Group, error) {
	const op = "find group"
	if nameOrID == "" {
		return access.Group{}, a.fail(fault.New(fault.Invalid, "the name is empty"), op, "")
	}
	all, err := a.Groups(ctx)
	if err != nil {
		return access.Group{}, fault.In(err, a.Name(), op, nameOrID)
	}
	for _, same := range []func(access.Group) bool{
		func(g access.Group) bool { return g.Name == nameOrID },
		func(g access.Group) bool { return g.ID == nameOrID },
		func(g access.Group) bool { return a.SameUserName(g.Name, nameOrID) },
	} {
		var found []access.Group
		for _, g := range all {
			if same(g) {
				found = append(found, g)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return access.Group{}, &fault.Error{
				Kind: fault.Invalid, System: a.Name(), Op: op, Subject: nameOrID,
				Cause: fmt.Sprintf("groups %s and %s have this name", found[0].ID, found[1].ID),
				Next:  "Use the id of the group instead of its name.",
			}
		}
	}
	// It may be the id of a group that the listing does not show.
	g, err := a.GroupByID(ctx, nameOrID)
	if err == nil || !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Invalid) {
		return g, err
	}
	names := make([]string, len(all))
	for i, g := range all {
		names[i] = g.Name
	}
	return access.Group{}, &fault.Error{
		Kind: fault.NotFound, System: a.Name(), Op: op, Subject: nameOrID,
		Cause: "no group has this name or id", Next: didYouMean(nameOrID, names),
	}
}

// didYouMean offers the nearest of names.
func didYouMean(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	type near struct {
		name string
		far  int
	}
	var all []near
	want := fold(name)
	for _, n := range slices.Compact(slices.Sorted(slices.Values(names))) {
		have := fold(n)
		far := levenshtein.Distance(want, have, nil)
		if want != "" && strings.Contains(have, want) {
			far = min(far, 1)
		}
		if far <= max(2, len(want)/3) {
			all = append(all, near{n, far})
		}
	}
	if len(all) == 0 {
		return fmt.Sprintf("None of the %d names is similar.", len(names))
	}
	slices.SortFunc(all, func(x, y near) int {
		return cmp.Or(cmp.Compare(x.far, y.far), cmp.Compare(x.name, y.name))
	})
	var quoted []string
	for _, n := range all[:min(3, len(all))] {
		quoted = append(quoted, fmt.Sprintf("%q", n.name))
	}
	return "Did you mean " + strings.Join(quoted, " or ") + "?"
}

// Members gives the direct members of a group in the order of their account ids. User names are filled in
// as far as they are known; no request is made for them.
func (a *App) Members(ctx context.Context, groupID string) ([]access.Member, error) {
	if err := a.Supports(app.ReadMembers); err != nil {
		return nil, err
	}
	if groupID == "" {
		return nil, a.fail(fault.New(fault.Invalid, "the id is empty"), "list members of group", "")
	}
	var all []access.Member
	err := a.members.get(ctx, groupID, func(set *memberSet) { all = slices.Collect(maps.Values(set.by)) })
	if err != nil {
		return nil, a.fail(err, "list members of", a.groupLabel(groupID))
	}
	out := make([]access.Member, 0, len(all))
	for _, m := range all {
		if a.current(m.AccountID, &m.UserName) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(x, y access.Member) int {
		return cmp.Or(cmp.Compare(x.AccountID, y.AccountID), cmp.Compare(x.UserName, y.UserName))
	})
	return out, nil
}

// Member gives one direct membership. NotFound means that the group itself was asked, not only a listing.
func (a *App) Member(ctx context.Context, groupID, accountID string) (m access.Member, err error) {
	if err := a.Supports(app.ReadMembers); err != nil {
		return m, err
	}
	found, direct := false, false
	look := func(set *memberSet) {
		m, found = set.by[accountID]
		direct = set.direct
	}
	err = a.members.get(ctx, groupID, look)
	if err == nil && !found && !direct {
		err = a.members.confirm(ctx, groupID, func(set *memberSet) bool { return set.direct }, look)
	}
	if err == nil && !(found && a.current(accountID, &m.UserName)) {
		err = fault.New(fault.NotFound, "it is not a direct member")
	}
	if err != nil {
		return access.Member{}, a.fail(err, "read member "+a.label(access.AccountRef{ID: accountID})+" of", a.groupLabel(groupID))
	}
	return m, nil
}

// current reports whether the account still exists as far as this run knows, and fills in its name.
func (a *App) current(accountID string, name *string) bool {
	if a.accounts.removed(accountID) {
		return false
	}
	a.accounts.peek(accountID, func(acc *access.Account) { *name = acc.UserName })
	return true
}
