package oktatest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// routes are the operations, without faults.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			auth := r.Header.Get("Authorization")
			if auth != "SSWS "+Token && (s.AccessToken == "" || auth != "Bearer "+s.AccessToken) {
				fail(w, http.StatusUnauthorized, "E0000011")
				return
			}
			_, chunked := r.Header["Transfer-Encoding"]
			if _, ok := r.Header["Content-Length"]; (r.Method == http.MethodPost || r.Method == http.MethodPut) && !ok && !chunked && r.ContentLength <= 0 {
				fail(w, http.StatusLengthRequired, "E0000027")
				return
			}
			h(w, r)
		})
	}
	handle("GET /api/v1/users", s.listUsers)
	handle("POST /api/v1/users", s.createUser)
	handle("GET /api/v1/users/{id}", s.readUser)
	handle("POST /api/v1/users/{id}", s.updateUser)
	handle("DELETE /api/v1/users/{id}", s.deleteUser)
	handle("DELETE /api/v1/users/{id}/sessions", func(w http.ResponseWriter, r *http.Request) {
		if s.user(r.PathValue("id")) == nil {
			notFound(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	handle("POST /api/v1/users/{id}/lifecycle/{verb}", s.lifecycle)
	s.groupRoutes(handle)
	s.appRoutes(handle)
	mux.HandleFunc("POST /oauth2/v1/token", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		grant := s.Grant
		s.mu.Unlock()
		if err := r.ParseForm(); err != nil || grant == nil {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
			return
		}
		status, body := grant(r.PostForm)
		answer(w, status, body)
	})
	return mux
}

// matches evaluates the filters that the connector may use: terms of property eq "value", joined by or.
func matches(filter string, value func(property string) string) (bool, bool) {
	for {
		property, rest, ok := strings.Cut(filter, " eq ")
		if !ok {
			return false, false
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return false, false
		}
		want, err := strconv.Unquote(quoted)
		if err != nil {
			return false, false
		}
		if strings.EqualFold(value(property), want) {
			return true, true
		}
		rest = rest[len(quoted):]
		if rest == "" {
			return false, true
		}
		if filter, ok = strings.CutPrefix(rest, " or "); !ok {
			return false, false
		}
	}
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	filter := r.URL.Query().Get("filter")
	var found []*User
	for _, u := range s.users {
		ok := u.Status != "DEPROVISIONED"
		if filter != "" {
			var valid bool
			ok, valid = matches(filter, func(property string) string {
				switch property {
				case "id":
					return u.ID
				case "status":
					return u.Status
				}
				name, isProfile := strings.CutPrefix(property, "profile.")
				if !isProfile || !slices.Contains([]string{"login", "email", "firstName", "lastName"}, name) {
					return ""
				}
				v, _ := u.Profile[name].(string)
				return v
			})
			if !valid {
				fail(w, http.StatusBadRequest, "E0000031")
				return
			}
		}
		if ok {
			found = append(found, u)
		}
	}
	s.page(w, r, len(found), func(i int) any { return s.userJSON(found[i]) })
}

type profileBody struct {
	Profile map[string]any `json:"profile"`
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "E0000003")
		return false
	}
	return true
}

// valid checks what Okta checks by default.
func (s *Server) valid(w http.ResponseWriter, profile map[string]any, own string) bool {
	for _, p := range []string{"login", "email", "firstName", "lastName"} {
		if v, _ := profile[p].(string); v == "" {
			fail(w, http.StatusBadRequest, "E0000001", p+": The field cannot be left blank")
			return false
		}
	}
	for _, v := range profile {
		for _, c := range cmp.Or(asText(v), " ") {
			if c > 0xFFFF {
				fail(w, http.StatusInternalServerError, "E0000009")
				return false
			}
		}
	}
	for _, u := range s.users {
		if u.ID != own && strings.EqualFold(asText(u.Profile["login"]), asText(profile["login"])) {
			fail(w, http.StatusBadRequest, "E0000001", "login: An object with this field already exists in the current organization")
			return false
		}
	}
	return true
}

func asText(v any) string { t, _ := v.(string); return t }

func (s *Server) createUser(w http.ResponseWriter, r *http.Request) {
	var body profileBody
	if !decode(w, r, &body) || !s.valid(w, body.Profile, "") {
		return
	}
	u := &User{ID: s.newID("00u"), Status: "STAGED", Profile: body.Profile}
	if r.URL.Query().Get("activate") != "false" {
		u.Status = "PROVISIONED"
		s.mails++
	}
	s.users = append(s.users, u)
	s.lag[u.ID] = s.Lag
	answer(w, http.StatusOK, s.userJSON(u))
}

func (s *Server) readUser(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	u := s.user(id)
	if id == "me" && len(s.users) > 0 {
		u = s.users[0]
	}
	if u == nil || s.lagging(id) {
		notFound(w)
		return
	}
	answer(w, http.StatusOK, s.userJSON(u))
}

func (s *Server) updateUser(w http.ResponseWriter, r *http.Request) {
	u := s.user(r.PathValue("id"))
	var body profileBody
	if u == nil {
		notFound(w)
		return
	}
	if !decode(w, r, &body) {
		return
	}
	profile := maps.Clone(u.Profile)
	for k, v := range body.Profile {
		if profile[k] = v; v == nil {
			delete(profile, k)
		}
	}
	if s.valid(w, profile, u.ID) {
		u.Profile = profile
		answer(w, http.StatusOK, s.userJSON(u))
	}
}

// deleteUser deactivates first and deletes then, and answers both alike.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request) {
	u := s.user(r.PathValue("id"))
	switch {
	case u == nil:
		notFound(w)
		return
	case u.Status != "DEPROVISIONED":
		u.Status = "DEPROVISIONED"
		s.unassignAll(u.ID)
	default:
		s.users = slices.DeleteFunc(s.users, func(x *User) bool { return x == u })
		for _, g := range s.groups {
			g.Members = slices.DeleteFunc(g.Members, func(id string) bool { return id == u.ID })
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// unassignAll takes a user out of all applications, as deactivating does. Groups keep their members.
func (s *Server) unassignAll(id string) {
	for app := range s.apps {
		s.apps[app] = slices.DeleteFunc(s.apps[app], func(a *Assignment) bool { return a.UserID == id })
	}
}

// lifecycle allows the transitions that Okta allows.
func (s *Server) lifecycle(w http.ResponseWriter, r *http.Request) {
	u := s.user(r.PathValue("id"))
	if u == nil || s.lagging(r.PathValue("id")) {
		notFound(w)
		return
	}
	mail := func(without string) {
		if r.URL.Query().Get("sendEmail") != without {
			s.mails++
		}
	}
	switch r.PathValue("verb") {
	case "activate":
		if u.Status != "STAGED" && u.Status != "DEPROVISIONED" {
			fail(w, http.StatusForbidden, "E0000016")
			return
		}
		u.Status = "PROVISIONED"
		mail("false")
		answer(w, http.StatusOK, map[string]any{"activationUrl": s.URL + "/welcome/t0ken", "activationToken": "t0ken"})
		return
	case "deactivate":
		if u.Status == "DEPROVISIONED" {
			fail(w, http.StatusForbidden, "E0000038")
			return
		}
		u.Status = "DEPROVISIONED"
		s.unassignAll(u.ID)
	case "suspend":
		if u.Status != "ACTIVE" {
			fail(w, http.StatusBadRequest, "E0000001", "Cannot suspend a user that is not active")
			return
		}
		u.Status = "SUSPENDED"
	case "unsuspend":
		if u.Status != "SUSPENDED" {
			fail(w, http.StatusBadRequest, "E0000001", "Cannot unsuspend a user that is not suspended")
			return
		}
		u.Status = "ACTIVE"
	default:
		fail(w, http.StatusNotFound, "E0000008")
		return
	}
	answer(w, http.StatusOK, map[string]any{})
}
