package oktatest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

type handler = func(pattern string, h func(w http.ResponseWriter, r *http.Request))

func (s *Server) groupRoutes(handle handler) {
	one := func(h func(w http.ResponseWriter, r *http.Request, g *Group)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			g := s.group(r.PathValue("id"))
			if g == nil || s.lagging(g.ID) {
				notFound(w)
				return
			}
			h(w, r, g)
		}
	}
	handle("GET /api/v1/groups", func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r, len(s.groups), func(i int) any { return s.groupJSON(s.groups[i]) })
	})
	handle("GET /api/v1/groups/rules", func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r, len(s.rules), func(i int) any { return s.ruleJSON(s.rules[i]) })
	})
	handle("POST /api/v1/groups", func(w http.ResponseWriter, r *http.Request) {
		var body profileBody
		if !decode(w, r, &body) || !s.validGroup(w, body.Profile, "") {
			return
		}
		g := &Group{ID: s.newID("00g"), Type: "OKTA_GROUP", Profile: body.Profile}
		s.groups = append(s.groups, g)
		s.lag[g.ID] = s.Lag
		answer(w, http.StatusOK, s.groupJSON(g))
	})
	handle("GET /api/v1/groups/{id}", one(func(w http.ResponseWriter, _ *http.Request, g *Group) { answer(w, http.StatusOK, s.groupJSON(g)) }))
	handle("PUT /api/v1/groups/{id}", one(func(w http.ResponseWriter, r *http.Request, g *Group) {
		var body profileBody
		if decode(w, r, &body) && s.validGroup(w, body.Profile, g.ID) {
			g.Profile = body.Profile
			answer(w, http.StatusOK, s.groupJSON(g))
		}
	}))
	handle("DELETE /api/v1/groups/{id}", one(func(w http.ResponseWriter, _ *http.Request, g *Group) {
		s.groups = slices.DeleteFunc(s.groups, func(x *Group) bool { return x == g })
		w.WriteHeader(http.StatusNoContent)
	}))
	handle("GET /api/v1/groups/{id}/users", one(func(w http.ResponseWriter, r *http.Request, g *Group) {
		s.page(w, r, len(g.Members), func(i int) any { return s.userJSON(s.user(g.Members[i])) })
	}))
	member := func(add bool) func(http.ResponseWriter, *http.Request) {
		return one(func(w http.ResponseWriter, r *http.Request, g *Group) {
			id := r.PathValue("user")
			switch {
			case s.user(id) == nil, s.lagging(id):
				notFound(w)
				return
			case g.Type != "OKTA_GROUP":
				fail(w, http.StatusForbidden, "E0000006")
				return
			}
			g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == id })
			if add {
				g.Members = append(g.Members, id)
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
	handle("PUT /api/v1/groups/{id}/users/{user}", member(true))
	handle("DELETE /api/v1/groups/{id}/users/{user}", member(false))
}

func (s *Server) validGroup(w http.ResponseWriter, profile map[string]any, own string) bool {
	name := asText(profile["name"])
	taken := slices.ContainsFunc(s.groups, func(g *Group) bool {
		return g.ID != own && g.Type == "OKTA_GROUP" && strings.EqualFold(asText(g.Profile["name"]), name)
	})
	if name == "" || taken {
		fail(w, http.StatusBadRequest, "E0000001", "name: An object with this field already exists in the current organization")
		return false
	}
	return true
}

func (s *Server) appRoutes(handle handler) {
	one := func(h func(w http.ResponseWriter, r *http.Request, app string)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			app := r.PathValue("id")
			if _, ok := s.apps[app]; !ok {
				notFound(w)
				return
			}
			h(w, r, app)
		}
	}
	assigned := func(app, user string) *Assignment {
		for _, a := range s.apps[app] {
			if a.UserID == user {
				return a
			}
		}
		return nil
	}
	handle("GET /api/v1/apps/{id}", one(func(w http.ResponseWriter, _ *http.Request, app string) {
		answer(w, http.StatusOK, map[string]any{
			"id": app, "name": "bookmark", "label": "Toy", "status": "ACTIVE", "created": moment, "lastUpdated": moment, "signOnMode": "BOOKMARK",
			"settings": map[string]any{"app": map[string]any{"url": "https://toy.example"}},
		})
	}))
	handle("GET /api/v1/apps/{id}/users", one(func(w http.ResponseWriter, r *http.Request, app string) {
		expand := r.URL.Query().Get("expand") == "user"
		s.page(w, r, len(s.apps[app]), func(i int) any { return s.assignmentJSON(app, s.apps[app][i], expand) })
	}))
	handle("POST /api/v1/apps/{id}/users", one(func(w http.ResponseWriter, r *http.Request, app string) {
		var body struct {
			ID, Scope string
			Profile   map[string]any
		}
		if !decode(w, r, &body) {
			return
		}
		if s.user(body.ID) == nil || s.lagging(body.ID) {
			notFound(w)
			return
		}
		a := assigned(app, body.ID)
		if a == nil {
			a = &Assignment{UserID: body.ID}
			s.apps[app] = append(s.apps[app], a)
		}
		if a.Group = ""; body.Profile != nil { // assigning anew makes the assignment the user's own
			a.Profile = body.Profile
		}
		answer(w, http.StatusOK, s.assignmentJSON(app, a, false))
	}))
	of := func(h func(w http.ResponseWriter, r *http.Request, app string, a *Assignment)) func(http.ResponseWriter, *http.Request) {
		return one(func(w http.ResponseWriter, r *http.Request, app string) {
			a := assigned(app, r.PathValue("user"))
			if a == nil {
				notFound(w)
				return
			}
			h(w, r, app, a)
		})
	}
	handle("GET /api/v1/apps/{id}/users/{user}", of(func(w http.ResponseWriter, r *http.Request, app string, a *Assignment) {
		answer(w, http.StatusOK, s.assignmentJSON(app, a, r.URL.Query().Get("expand") == "user"))
	}))
	handle("POST /api/v1/apps/{id}/users/{user}", of(func(w http.ResponseWriter, r *http.Request, app string, a *Assignment) {
		var body struct{ Profile map[string]json.RawMessage }
		if !decode(w, r, &body) {
			return
		}
		if a.Profile == nil {
			a.Profile = map[string]any{}
		}
		for k, v := range body.Profile {
			var value any
			_ = json.Unmarshal(v, &value)
			a.Profile[k] = value
		}
		answer(w, http.StatusOK, s.assignmentJSON(app, a, false))
	}))
	handle("DELETE /api/v1/apps/{id}/users/{user}", of(func(w http.ResponseWriter, _ *http.Request, app string, a *Assignment) {
		if a.Group != "" {
			fail(w, http.StatusForbidden, "E0000052", "The application cannot be unassigned from the user while their group memberships grant them access")
			return
		}
		s.apps[app] = slices.DeleteFunc(s.apps[app], func(x *Assignment) bool { return x == a })
		w.WriteHeader(http.StatusNoContent)
	}))
}
