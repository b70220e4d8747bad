package local

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// edit is a document being changed. It copies what it touches, the lists once and a group or pool when
// it is first changed, so the document it began with stays as it was. It begins as a plain copy of that.
type edit struct {
	document
	changed   bool
	ownGroups map[*group]bool
	ownPools  map[*pool]bool
}

func (e *edit) begin() {
	if e.changed {
		return
	}
	e.changed = true
	e.ownGroups, e.ownPools = map[*group]bool{}, map[*pool]bool{}
	e.accounts = slices.Clone(e.accounts)
	e.byID = slices.Clone(e.byID)
	e.groups = slices.Clone(e.groups)
	e.pools = slices.Clone(e.pools)
}

// newID gives out an id that was never used in this file.
func (e *edit) newID(prefix string) string {
	e.lastID++
	return formatID(prefix, e.lastID)
}

func formatID(prefix string, n int) string { return fmt.Sprintf("%s%06d", prefix, n) }

// put adds the account, or replaces the one with its id.
func (e *edit) put(a access.Account) {
	e.begin()
	n := &account{Account: a, key: fold(a.UserName)}
	i, exists := slices.BinarySearchFunc(e.byID, a.ID, accountID)
	if !exists {
		e.byID = slices.Insert(e.byID, i, n)
		j, _ := slices.BinarySearchFunc(e.accounts, n.key, accountKey)
		e.accounts = slices.Insert(e.accounts, j, n)
		return
	}
	old := e.byID[i]
	n.sessions = old.sessions
	e.byID[i] = n
	j, _ := slices.BinarySearchFunc(e.accounts, old.key, accountKey)
	if old.key == n.key {
		e.accounts[j] = n
	} else {
		e.accounts = slices.Delete(e.accounts, j, j+1)
		j, _ = slices.BinarySearchFunc(e.accounts, n.key, accountKey)
		e.accounts = slices.Insert(e.accounts, j, n)
	}
	if old.UserName != n.UserName {
		// What names the account is written with the new name.
		e.holdings(a.ID, func(*group) {}, func(*pool) {})
	}
}

// endSessions leaves the account without sessions.
func (e *edit) endSessions(a *account) {
	if len(a.sessions) == 0 {
		return
	}
	e.put(a.Account)
	e.account(a.ID).sessions = nil // put has made a copy
}

// remove deletes the account with all it holds.
func (e *edit) remove(a *account) {
	e.begin()
	e.holdings(a.ID,
		func(g *group) { delete(g.members, a.ID) },
		func(p *pool) { delete(p.assignees, a.ID) })
	i, _ := slices.BinarySearchFunc(e.byID, a.ID, accountID)
	e.byID = slices.Delete(e.byID, i, i+1)
	j, _ := slices.BinarySearchFunc(e.accounts, a.key, accountKey)
	e.accounts = slices.Delete(e.accounts, j, j+1)
}

// holdings visits the groups and pools that name the account, ready to be changed.
func (e *edit) holdings(id string, visitGroup func(*group), visitPool func(*pool)) {
	for i := range e.groups {
		if _, in := e.groups[i].members[id]; in {
			visitGroup(e.ownGroup(e.groups[i]))
		}
	}
	for i := range e.pools {
		if e.pools[i].assignees[id] {
			visitPool(e.ownPool(e.pools[i]))
		}
	}
}

// ownGroup gives the copy of g that this edit may change.
func (e *edit) ownGroup(g *group) *group {
	if e.ownGroups[g] {
		return g
	}
	e.begin()
	c := *g
	c.members, c.text = maps.Clone(g.members), nil
	e.groups[slices.Index(e.groups, g)] = &c
	e.ownGroups[&c] = true
	return &c
}

// ownPool gives the copy of p that this edit may change.
func (e *edit) ownPool(p *pool) *pool {
	if e.ownPools[p] {
		return p
	}
	e.begin()
	c := *p
	c.assignees, c.text = maps.Clone(p.assignees), nil
	e.pools[slices.Index(e.pools, p)] = &c
	e.ownPools[&c] = true
	return &c
}

// addGroup adds a group without members.
func (e *edit) addGroup(g *group) {
	e.begin()
	g.key, g.members = fold(g.name), map[string]string{}
	i, _ := slices.BinarySearchFunc(e.groups, g.key, groupKey)
	e.groups = slices.Insert(e.groups, i, g)
	e.ownGroups[g] = true
}

// changeGroup sets the name and description of a group.
func (e *edit) changeGroup(g *group, name, description string) *group {
	g = e.ownGroup(g)
	g.name, g.description = name, description
	if key := fold(name); key != g.key {
		i := slices.Index(e.groups, g)
		e.groups = slices.Delete(e.groups, i, i+1)
		g.key = key
		i, _ = slices.BinarySearchFunc(e.groups, key, groupKey)
		e.groups = slices.Insert(e.groups, i, g)
	}
	return g
}

func (e *edit) removeGroup(g *group) {
	e.begin()
	i := slices.Index(e.groups, g)
	e.groups = slices.Delete(e.groups, i, i+1)
}
