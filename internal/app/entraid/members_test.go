package entraid

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Groups that something else fills say so, and are not written even when asked.
func TestReadOnlyGroups(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	u := x.person(1)
	for name, c := range map[string]struct {
		props  map[string]any
		reason string
	}{
		"rule":       {map[string]any{"groupTypes": []any{"DynamicMembership"}}, "dynamic membership rule"},
		"rule mail":  {map[string]any{"groupTypes": []any{"Unified", "DynamicMembership"}, "mailEnabled": true}, "dynamic membership rule"},
		"synced":     {map[string]any{"onPremisesSyncEnabled": true}, "on-premises"},
		"list":       {map[string]any{"mailEnabled": true, "securityEnabled": false}, "Exchange"},
		"admins":     {map[string]any{"isAssignableToRole": true}, "administrators"},
		"security":   {nil, ""},
		"office 365": {map[string]any{"groupTypes": []any{"Unified"}, "mailEnabled": true}, ""},
	} {
		props := map[string]any{"displayName": name}
		maps.Copy(props, c.props)
		g := x.AddGroup(props)
		got, err := x.Group(t.Context(), g.ID)
		if err != nil || (c.reason == "") != (got.ReadOnly == "") || !strings.Contains(got.ReadOnly, c.reason) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for _, remove := range []bool{false, true} {
			err = errors.Join(x.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: refTo(u), Remove: remove}})...)
			switch {
			case c.reason == "" || name == "admins": // which the credential may be allowed to
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			default:
				if f := failed(t, err, fault.Unsupported); !strings.Contains(f.Cause, c.reason) {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
	}
}

// Groups, devices and applications in a group are listed, marked, and nobody's account.
func TestMembersThatAreNoUsers(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.GroupOwners = true })
	u := x.person(1)
	g := x.AddGroup(map[string]any{"displayName": "team"}, u.ID, "00000002-0000-4000-8000-0000000000aa", "00000004-0000-4000-8000-0000000000ab")
	g.Objects["00000002-0000-4000-8000-0000000000aa"], g.Objects["00000004-0000-4000-8000-0000000000ab"] = "#microsoft.graph.group", "#microsoft.graph.device"
	g.Owners = []string{"00000005-0000-4000-8000-0000000000ac"}
	g.Objects["00000005-0000-4000-8000-0000000000ac"] = "#microsoft.graph.servicePrincipal"
	got := collect(t, x.Members(t.Context(), g.ID))
	if len(got) != 3 || got[0].Nested || !got[1].Nested || !got[2].Nested {
		t.Errorf("%+v", got)
	}
}

// Owners and members are two collections: each role is a combination of them, and none is lost on the way.
func TestOwnersAsRoles(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.GroupOwners = true })
	people := x.people(3)
	roles := []string{access.DefaultRole, Owner, OwnerOnly, ""}
	for _, from := range roles {
		for _, to := range roles {
			g := x.AddGroup(map[string]any{"displayName": from + " to " + to})
			for _, role := range []string{from, to} {
				var changes []access.MemberChange
				for _, u := range people {
					changes = append(changes, access.MemberChange{Account: refTo(u), Role: role, Remove: role == ""})
				}
				noErrors(t, x.ChangeMembers(t.Context(), g.ID, changes))
			}
			got := collect(t, x.Members(t.Context(), g.ID))
			if to == "" && len(got) != 0 || to != "" && (len(got) != 3 || slices.ContainsFunc(got, func(m access.Member) bool { return m.Role != to })) {
				t.Errorf("from %q to %q: %+v", from, to, got)
			}
		}
	}
}

// Unless asked to, nobody looks at owners, and nobody is one.
func TestOwnersAreLeftAlone(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(2)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	g.Owners = ids(people)
	for _, m := range collect(t, x.Members(t.Context(), g.ID)) {
		if m.Role != access.DefaultRole {
			t.Errorf("%+v", m)
		}
	}
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, removals(people)))
	err := errors.Join(x.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: refTo(people[0]), Role: Owner}})...)
	if f := failed(t, err, fault.Unsupported); !strings.Contains(f.Next, "group_owners") {
		t.Errorf("%+v", f)
	}
	if len(g.Owners) != 2 {
		t.Errorf("owners %v", g.Owners)
	}
	for _, r := range x.Server.Requests() {
		if strings.Contains(r.Path, "/owners") {
			t.Errorf("sent %s", r.Kind)
		}
	}
}

// A group does not lose its last owner on the way to its next one.
func TestTrapLastOwner(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.GroupOwners = true })
	people := x.people(2)
	g := x.AddGroup(map[string]any{"displayName": "team", "groupTypes": []any{"Unified"}, "mailEnabled": true}, people[0].ID)
	g.Owners = []string{people[0].ID}
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: refTo(people[0]), Remove: true}, {Account: refTo(people[1]), Role: Owner}}))
	if !slices.Equal(g.Owners, []string{people[1].ID}) || !slices.Equal(g.Members, []string{people[1].ID}) {
		t.Errorf("owners %v, members %v", g.Owners, g.Members)
	}
}
