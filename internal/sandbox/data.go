package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// User is a user as Go code adds, reads and edits it. ID is assigned when empty.
type User struct {
	ID          string `json:"id,omitempty"`
	UserName    string `json:"user_name"`
	ExternalID  string `json:"external_id,omitempty"`
	GivenName   string `json:"given_name,omitempty"`
	FamilyName  string `json:"family_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email,omitempty"` // type work, primary
	Title       string `json:"title,omitempty"`
	UserType    string `json:"user_type,omitempty"`
	// EmployeeNumber, Department and Manager (an id) are in the enterprise extension.
	EmployeeNumber string   `json:"employee_number,omitempty"`
	Department     string   `json:"department,omitempty"`
	Manager        string   `json:"manager,omitempty"`
	Roles          []string `json:"roles,omitempty"`
	Inactive       bool     `json:"inactive,omitempty"`
	// Extra are further attributes as SCIM spells them, extensions included.
	Extra map[string]any `json:"extra,omitempty"`
}

// Group is a group; Members are ids of users or groups.
type Group struct {
	ID          string   `json:"id,omitempty"`
	DisplayName string   `json:"display_name"`
	ExternalID  string   `json:"external_id,omitempty"`
	Members     []string `json:"members,omitempty"`
}

// representation is the SCIM form of u, merged into o.
func (u User) representation(o object) object {
	put := func(in object, name, value string) {
		if delete(in, name); value != "" {
			in[name] = value
		}
	}
	nested := func(in object, name string, put func(object)) {
		sub, _ := in[name].(object)
		if sub == nil {
			sub = object{}
		}
		if put(sub); len(sub) > 0 {
			in[name] = sub
		} else {
			delete(in, name)
		}
	}
	put(o, "userName", u.UserName)
	put(o, "externalId", u.ExternalID)
	put(o, "displayName", u.DisplayName)
	put(o, "title", u.Title)
	put(o, "userType", u.UserType)
	nested(o, "name", func(n object) {
		put(n, "givenName", u.GivenName)
		put(n, "familyName", u.FamilyName)
	})
	nested(o, enterpriseURN, func(e object) {
		put(e, "employeeNumber", u.EmployeeNumber)
		put(e, "department", u.Department)
		nested(e, "manager", func(m object) { put(m, "value", u.Manager) })
	})
	if u.Email != email(o) {
		if delete(o, "emails"); u.Email != "" {
			o["emails"] = []any{object{"value": u.Email, "type": "work", "primary": true}}
		}
	}
	if !slices.Equal(u.Roles, roles(o)) {
		delete(o, "roles")
		var list []any
		for _, r := range u.Roles {
			list = append(list, object{"value": r})
		}
		if list != nil {
			o["roles"] = list
		}
	}
	o["active"] = !u.Inactive
	maps.Copy(o, u.Extra)
	return o
}

func email(o object) string {
	for _, e := range flatten(o["emails"]) {
		if v, ok := e.(object)["value"].(string); ok {
			return v
		}
	}
	return ""
}

func roles(o object) []string {
	var list []string
	for _, e := range flatten(o["roles"]) {
		if v, ok := e.(object)["value"].(string); ok {
			list = append(list, v)
		}
	}
	return list
}

func (s *Server) userOf(r *record) User {
	o := s.opts.decode(r.body)
	text := func(in object, name string) string { v, _ := in[name].(string); return v }
	name, _ := o["name"].(object)
	ext, _ := o[enterpriseURN].(object)
	manager, _ := ext["manager"].(object)
	return User{
		ID: r.id, UserName: text(o, "userName"), ExternalID: text(o, "externalId"), GivenName: text(name, "givenName"),
		FamilyName: text(name, "familyName"), DisplayName: text(o, "displayName"), Email: email(o), Title: text(o, "title"),
		UserType: text(o, "userType"), EmployeeNumber: text(ext, "employeeNumber"), Department: text(ext, "department"),
		Manager: text(manager, "value"), Roles: roles(o), Inactive: o["active"] == false,
	}
}

// AddUser adds a user without a request; a user name or id that is taken is an error.
func (s *Server) AddUser(u User) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(u)
}

func (s *Server) addUser(u User) (User, error) {
	o := u.representation(object{})
	if _, ok := o["schemas"]; !ok {
		schemas := []any{userURN}
		for k := range o {
			if isURN(k) {
				schemas = append(schemas, k)
			}
		}
		o["schemas"] = schemas
	}
	if u.Extra != nil { // foreign values are checked as a client's would be
		b, err := json.Marshal(o)
		if err != nil {
			return User{}, fmt.Errorf("add user %s: %w", u.UserName, err)
		}
		in, _ := parseObject(b)
		var bad *scimError
		if o, bad = s.users.schema.normalize(in, &Dialect{}); bad != nil {
			return User{}, fmt.Errorf("add user %s: %w", u.UserName, bad)
		}
	}
	r, _, err := s.insert(s.users, o, u.ID)
	if err != nil {
		return User{}, fmt.Errorf("add user %s: %w", u.UserName, err)
	}
	return s.userOf(r), nil
}

// AddGroup adds a group without a request; unknown members and a name that is taken are errors.
func (s *Server) AddGroup(g Group) (Group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addGroup(g)
}

func (s *Server) addGroup(g Group) (Group, error) {
	o := object{"schemas": []any{groupURN}, "displayName": g.DisplayName}
	if g.ExternalID != "" {
		o["externalId"] = g.ExternalID
	}
	values := make([]any, len(g.Members))
	for i, id := range g.Members {
		values[i] = object{"value": id}
	}
	members, err := s.membersOf(values)
	if err != nil {
		return Group{}, fmt.Errorf("add group %s: %w", g.DisplayName, err)
	}
	r, _, err := s.insert(s.groups, o, g.ID)
	if err != nil {
		return Group{}, fmt.Errorf("add group %s: %w", g.DisplayName, err)
	}
	s.applyMembers(r.id, memberEdits{{add: members}})
	return s.groupOf(r), nil
}

func (s *Server) groupOf(r *record) Group {
	o := s.opts.decode(r.body)
	g := Group{ID: r.id, DisplayName: r.name}
	g.ExternalID, _ = o["externalId"].(string)
	s.members[r.id].each(func(m member) bool {
		g.Members = append(g.Members, m.id)
		return true
	})
	return g
}

// User finds a user by user name or id.
func (s *Server) User(name string) (User, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.byName(s.users, name); r != nil {
		return s.userOf(r), true
	}
	return User{}, false
}

// Values is what a user holds at a SCIM path, for what User does not show: "nickName",
// `roles[type eq "seat"].value`, "urn:...:User:costCenter". Unknown users and paths hold nothing.
func (s *Server) Values(user, scimPath string) []any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.byName(s.users, user)
	at, err := s.users.schema.parsePath(scimPath)
	if r == nil || err != nil {
		return nil
	}
	o := s.opts.decode(r.body)
	if at.filter == nil {
		return values(o, at)
	}
	whole := at
	whole.sub = ""
	var found []any
	for _, e := range values(o, whole) {
		if matchElement(at.filter, e) {
			found = append(found, values(object{at.attr: e}, path{attr: at.attr, sub: at.sub})...)
		}
	}
	return found
}

// Group finds a group by name or id.
func (s *Server) Group(name string) (Group, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.byName(s.groups, name); r != nil {
		return s.groupOf(r), true
	}
	return Group{}, false
}

// Users lists all users in the order of their creation.
func (s *Server) Users() []User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]User, len(s.users.rows))
	for i, r := range s.users.rows {
		list[i] = s.userOf(r)
	}
	return list
}

// Groups lists all groups in the order of their creation.
func (s *Server) Groups() []Group {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Group, len(s.groups.rows))
	for i, r := range s.groups.rows {
		list[i] = s.groupOf(r)
	}
	return list
}

func (s *Server) byName(t *table, name string) *record {
	if r := t.byID[name]; r != nil {
		return r
	}
	attr := "userName"
	if t == s.groups {
		attr = "displayName"
	}
	return t.find(attr, fold(name))
}

// EditUser changes a user behind everybody's back. What User does not show stays as it is.
func (s *Server) EditUser(name string, edit func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byName(s.users, name)
	if r == nil {
		return fmt.Errorf("edit user %s: no such user", name)
	}
	u := s.userOf(r)
	edit(&u)
	// One round through JSON brings extra values and schemas into the stored form.
	b, err := json.Marshal(u.representation(s.opts.decode(r.body)))
	if err != nil {
		return fmt.Errorf("edit user %s: %w", name, err)
	}
	in, _ := parseObject(b)
	o, bad := s.users.schema.normalize(in, &Dialect{StringBooleans: s.opts.StringBooleans})
	if bad == nil {
		_, bad = s.store(s.users, r, o)
	}
	if bad != nil {
		return fmt.Errorf("edit user %s: %w", name, bad)
	}
	return nil
}

// DeleteUser removes a user and its memberships for good, whatever the dialect makes of DELETE.
func (s *Server) DeleteUser(name string) error { return s.removeByName(s.users, name) }

// DeleteGroup removes a group.
func (s *Server) DeleteGroup(name string) error { return s.removeByName(s.groups, name) }

func (s *Server) removeByName(t *table, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byName(t, name)
	if r == nil {
		return fmt.Errorf("delete %s %s: there is none", t.schema.name, name)
	}
	s.drop(t, r)
	return nil
}

// AddMember puts a user into a group; who is in already stays.
func (s *Server) AddMember(group, user string) error { return s.editMember(group, user, true) }

// RemoveMember takes a user out of a group; who is not in stays out.
func (s *Server) RemoveMember(group, user string) error { return s.editMember(group, user, false) }

func (s *Server) editMember(group, user string, add bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, u := s.byName(s.groups, group), s.byName(s.users, user)
	if g == nil || u == nil {
		return fmt.Errorf("change members of %s: group or user %s does not exist", group, user)
	}
	edit := memberEdit{remove: []string{u.id}}
	if add {
		edit = memberEdit{add: []member{{u.id, "User"}}}
	}
	s.applyMembers(g.id, memberEdits{edit})
	s.change++
	return nil
}
