package googletest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// AddUser makes an account as it is given, with an id, and answers with the id.
func (s *Server) AddUser(u map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return text(s.addUser(clone(u))["id"])
}

func (s *Server) addUser(u object) object {
	u["kind"], u["id"], u["etag"], u["customerId"] = "admin#directory#user", s.newID("1"), `"e"`, s.opts.Customer
	for k, v := range map[string]any{
		"suspended": false, "archived": false, "orgUnitPath": "/", "creationTime": "2026-01-02T03:04:05.000Z", "lastLoginTime": "1970-01-01T00:00:00.000Z",
	} {
		if _, ok := u[k]; !ok {
			u[k] = v
		}
	}
	complete(u)
	s.users = append(s.users, u)
	return u
}

// complete puts together what Google puts together.
func complete(u object) {
	name, _ := u["name"].(object)
	if name == nil {
		name = object{}
	}
	name["fullName"] = strings.TrimSpace(text(name["givenName"]) + " " + text(name["familyName"]))
	u["name"] = name
	delete(u, "password")
	delete(u, "hashFunction")
}

// Users are the accounts as they are now, whole.
func (s *Server) Users() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clones(s.users)
}

// Deleted are the accounts that can be restored.
func (s *Server) Deleted() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clones(s.deleted)
}

// ChangeUser changes an account behind everybody's back, as a PATCH would.
func (s *Server) ChangeUser(id string, change map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patchUser(s.users[byID(s.users, id)], clone(change))
}

// DeleteUser deletes an account behind everybody's back.
func (s *Server) DeleteUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropUser(byID(s.users, id))
}

// user finds an account by id, primary address or alias; -1 for none.
func (s *Server) user(key string) int {
	if i := byID(s.users, key); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.users, func(u object) bool {
		return strings.EqualFold(text(u["primaryEmail"]), key) || slices.ContainsFunc(aliases(u), func(a string) bool { return strings.EqualFold(a, key) })
	})
}

func aliases(o object) []string {
	var out []string
	switch list := o["aliases"].(type) {
	case []any:
		for _, v := range list {
			out = append(out, text(v))
		}
	case []string:
		out = list
	}
	return out
}

// taken reports whether an address belongs to an account or group other than the one with the id.
func (s *Server) taken(address, except string) bool {
	i, j := s.user(address), s.group(address)
	return i >= 0 && s.users[i]["id"] != except || j >= 0 && s.groups[j]["id"] != except
}

// patchUser replaces what the change names: lists whole, name by its parts, null clears. The old address stays as an
// alias.
func (s *Server) patchUser(u, change object) {
	for k, v := range change {
		switch {
		case k == "name":
			name, _ := u["name"].(object)
			if name == nil {
				name = object{}
			}
			for part, pv := range v.(object) {
				name[part] = pv
				if pv == "" {
					delete(name, part)
				}
			}
			u["name"] = name
		case k == "primaryEmail" && !strings.EqualFold(text(v), text(u["primaryEmail"])):
			old := aliases(u)
			kept := slices.DeleteFunc(append(slices.Clone(old), text(u["primaryEmail"])), func(a string) bool { return strings.EqualFold(a, text(v)) })
			u["aliases"], u[k] = kept, v
		case v == nil || v == "":
			delete(u, k)
		default:
			u[k] = v
		}
	}
	if u["suspended"] == true && u["suspensionReason"] == nil {
		u["suspensionReason"] = "ADMIN"
	} else if u["suspended"] != true {
		delete(u, "suspensionReason")
	}
	complete(u)
}

func (s *Server) dropUser(i int) {
	u := s.users[i]
	id := text(u["id"])
	s.users = slices.Delete(s.users, i, i+1)
	u["deletionTime"] = "2026-05-06T07:08:09.000Z"
	s.deleted = append(s.deleted, u)
	for g, list := range s.members {
		s.members[g] = slices.DeleteFunc(list, func(m object) bool { return m["id"] == id })
	}
	for _, held := range s.held {
		delete(held, id)
	}
}

func (s *Server) serveUser(w http.ResponseWriter, r *http.Request, op string, args []string, body object) {
	i := -1
	if len(args) > 0 {
		i = s.user(args[0])
		if i < 0 && op != "users.undelete" {
			refuse(w, 404, "notFound")
			return
		}
	}
	switch op {
	case "users.list", "users.listDeleted":
		if r.URL.Query().Get("customer") != s.opts.Customer {
			refuse(w, 404, "notFound")
			return
		}
		rows := slices.Clone(s.users)
		if op == "users.listDeleted" {
			rows = slices.Clone(s.deleted)
		}
		slices.SortStableFunc(rows, func(a, b object) int {
			return strings.Compare(strings.ToLower(text(a["primaryEmail"])), strings.ToLower(text(b["primaryEmail"])))
		})
		s.list(w, r, "admin#directory#users", "users", rows, 500)
	case "users.get":
		reply(w, r, 200, s.users[i])
	case "users.insert":
		name, _ := body["name"].(object)
		password := text(body["password"])
		switch {
		case text(body["primaryEmail"]) == "" || text(name["givenName"]) == "" || text(name["familyName"]) == "" || len(password) < 8 || len(password) > 100:
			refuse(w, 400, "invalid")
		case s.taken(text(body["primaryEmail"]), ""):
			refuse(w, 409, "duplicate")
		default:
			reply(w, r, 200, s.addUser(body))
		}
	case "users.patch":
		if email, ok := body["primaryEmail"]; ok && s.taken(text(email), text(s.users[i]["id"])) {
			refuse(w, 409, "duplicate")
			return
		}
		if body["archived"] == true && s.seatsLeft("archived") == 0 {
			refuse(w, 412, "conditionNotMet")
			return
		}
		s.patchUser(s.users[i], body)
		reply(w, r, 200, s.users[i])
	case "users.delete":
		s.dropUser(i)
		w.WriteHeader(http.StatusNoContent)
	case "users.undelete":
		d := byID(s.deleted, args[0])
		if d < 0 {
			refuse(w, 404, "notFound")
			return
		}
		u := maps.Clone(s.deleted[d])
		s.deleted = slices.Delete(s.deleted, d, d+1)
		delete(u, "deletionTime")
		u["orgUnitPath"], u["suspended"] = body["orgUnitPath"], false
		s.users = append(s.users, u)
		w.WriteHeader(http.StatusNoContent)
	case "users.signOut":
		w.WriteHeader(http.StatusNoContent)
	}
}
