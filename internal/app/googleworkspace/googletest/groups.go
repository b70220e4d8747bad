package googletest

import (
	"net/http"
	"slices"
	"strings"
)

// AddGroup makes a group and answers with its id.
func (s *Server) AddGroup(email, description string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return text(s.addGroup(object{"email": email, "description": description})["id"])
}

func (s *Server) addGroup(g object) object {
	g["kind"], g["id"], g["etag"] = "admin#directory#group", s.newID("g"), `"e"`
	s.groups = append(s.groups, g)
	return g
}

// AddMember puts a member into a group as it is given: id, email, role, type.
func (s *Server) AddMember(groupID string, m map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addMember(groupID, clone(m))
}

func (s *Server) addMember(groupID string, m object) object {
	for k, v := range map[string]any{"kind": "admin#directory#member", "role": "MEMBER", "type": "USER", "status": "ACTIVE", "etag": `"e"`} {
		if _, ok := m[k]; !ok {
			m[k] = v
		}
	}
	s.members[groupID] = append(s.members[groupID], m)
	return m
}

// Groups are the groups as they are now.
func (s *Server) Groups() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clones(s.groups)
}

// Members are the members of a group as they are now.
func (s *Server) Members(groupID string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clones(s.members[groupID])
}

func (s *Server) group(key string) int {
	if i := byID(s.groups, key); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.groups, func(g object) bool {
		return strings.EqualFold(text(g["email"]), key) || slices.ContainsFunc(aliases(g), func(a string) bool { return strings.EqualFold(a, key) })
	})
}

func (s *Server) serveGroup(w http.ResponseWriter, r *http.Request, op string, args []string, body object) {
	i := -1
	if len(args) > 0 {
		if i = s.group(args[0]); i < 0 {
			refuse(w, 404, "notFound")
			return
		}
	}
	switch op {
	case "groups.list":
		if r.URL.Query().Get("customer") != s.opts.Customer {
			refuse(w, 404, "notFound")
			return
		}
		s.list(w, r, "admin#directory#groups", "groups", s.groups, 200)
	case "groups.get":
		reply(w, r, 200, s.groups[i])
	case "groups.insert":
		switch email := text(body["email"]); {
		case email == "":
			refuse(w, 400, "required")
		case s.taken(email, ""):
			refuse(w, 409, "duplicate")
		default:
			reply(w, r, 200, s.addGroup(body))
		}
	case "groups.patch":
		g := s.groups[i]
		if email, ok := body["email"]; ok && !strings.EqualFold(text(email), text(g["email"])) {
			if s.taken(text(email), text(g["id"])) {
				refuse(w, 409, "duplicate")
				return
			}
			g["aliases"] = append(aliases(g), text(g["email"]))
			g["email"] = email
		}
		for _, k := range []string{"name", "description"} {
			if v, ok := body[k]; ok {
				g[k] = v
			}
		}
		reply(w, r, 200, g)
	case "groups.delete":
		delete(s.members, text(s.groups[i]["id"]))
		s.groups = slices.Delete(s.groups, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) serveMember(w http.ResponseWriter, r *http.Request, op string, args []string, body object) {
	g := s.group(args[0])
	if g < 0 {
		refuse(w, 404, "notFound")
		return
	}
	id := text(s.groups[g]["id"])
	at := -1
	if len(args) > 1 {
		at = slices.IndexFunc(s.members[id], func(m object) bool { return m["id"] == args[1] || strings.EqualFold(text(m["email"]), args[1]) })
		if at < 0 {
			refuse(w, 404, "notFound")
			return
		}
	}
	switch op {
	case "members.list":
		s.list(w, r, "admin#directory#members", "members", s.members[id], 200)
	case "members.get":
		reply(w, r, 200, s.members[id][at])
	case "members.insert":
		u := s.user(text(body["email"]))
		if u < 0 {
			refuse(w, 404, "notFound")
			return
		}
		m := object{"id": s.users[u]["id"], "email": s.users[u]["primaryEmail"], "role": body["role"]}
		if slices.ContainsFunc(s.members[id], func(have object) bool { return have["id"] == m["id"] }) {
			refuse(w, 409, "duplicate")
			return
		}
		reply(w, r, 200, s.addMember(id, m))
	case "members.patch":
		s.members[id][at]["role"] = body["role"]
		reply(w, r, 200, s.members[id][at])
	case "members.delete":
		s.members[id] = slices.Delete(s.members[id], at, at+1)
		w.WriteHeader(http.StatusNoContent)
	}
}
