package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) teamRoutes(handle func(string, func(http.ResponseWriter, *http.Request))) {
	// one finds the team that the path names
	one := func(h func(w http.ResponseWriter, r *http.Request, t *Team)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			t := s.team(r.PathValue("slug"))
			if t == nil {
				notFound(w)
				return
			}
			h(w, r, t)
		}
	}
	handle("GET /orgs/{org}/teams", func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r, len(s.teams), func(i int) any { return s.teamJSON(s.teams[i], false) }, nil)
	})
	handle("POST /orgs/{org}/teams", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Name, Description string }
		if !decode(w, r, &body) {
			return
		}
		if s.team((&Team{Name: body.Name}).Slug()) != nil {
			fail(w, http.StatusUnprocessableEntity, "unprocessable")
			return
		}
		t := s.addTeam(Team{Name: body.Name, Description: body.Description})
		if strings.HasSuffix(r.Header.Get("Authorization"), Token) { // whoever makes a team is in it
			t.Members[Owner] = "maintainer"
		}
		answer(w, http.StatusCreated, s.teamJSON(t, true))
	})
	handle("GET /orgs/{org}/teams/{slug}", one(func(w http.ResponseWriter, _ *http.Request, t *Team) {
		answer(w, http.StatusOK, s.teamJSON(t, true))
	}))
	handle("PATCH /orgs/{org}/teams/{slug}", one(func(w http.ResponseWriter, r *http.Request, t *Team) {
		var body struct{ Name, Description *string }
		if !decode(w, r, &body) {
			return
		}
		if body.Name != nil {
			if other := s.team((&Team{Name: *body.Name}).Slug()); other != nil && other != t {
				fail(w, http.StatusUnprocessableEntity, "unprocessable")
				return
			}
			t.Name = *body.Name
		}
		if body.Description != nil {
			t.Description = *body.Description
		}
		answer(w, http.StatusOK, s.teamJSON(t, true))
	}))
	handle("DELETE /orgs/{org}/teams/{slug}", one(func(w http.ResponseWriter, _ *http.Request, t *Team) {
		gone := []int64{t.ID}
		for range s.teams { // with everything below
			for _, x := range s.teams {
				if x.Parent != 0 && slices.Contains(gone, x.Parent) {
					gone = append(gone, x.ID)
				}
			}
		}
		s.teams = slices.DeleteFunc(s.teams, func(x *Team) bool { return slices.Contains(gone, x.ID) })
		w.WriteHeader(http.StatusNoContent)
	}))
	handle("GET /orgs/{org}/teams/{slug}/members", one(s.listMembers))
	handle("GET /orgs/{org}/teams/{slug}/invitations", one(func(w http.ResponseWriter, r *http.Request, t *Team) {
		s.listInvitations(w, r, func(i *Invitation) bool { return i.Failed == "" && slices.Contains(i.Teams, t.ID) })
	}))
	handle("GET /orgs/{org}/teams/{slug}/memberships/{login}", one(func(w http.ResponseWriter, r *http.Request, t *Team) {
		s.readTeamMembership(w, t, r.PathValue("login"))
	}))
	handle("PUT /orgs/{org}/teams/{slug}/memberships/{login}", one(s.join))
	handle("DELETE /orgs/{org}/teams/{slug}/memberships/{login}", one(func(w http.ResponseWriter, r *http.Request, t *Team) {
		if t.Synced {
			fail(w, http.StatusForbidden)
			return
		}
		for login := range t.Members {
			if strings.EqualFold(login, r.PathValue("login")) {
				delete(t.Members, login)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		if i := s.invitationTo(t, r.PathValue("login")); i != nil {
			i.Teams = slices.DeleteFunc(i.Teams, func(id int64) bool { return id == t.ID })
			w.WriteHeader(http.StatusNoContent)
			return
		}
		notFound(w)
	}))
}

func (s *Server) invitationTo(t *Team, login string) *Invitation {
	return s.invitation(func(i *Invitation) bool { return strings.EqualFold(i.Login, login) && slices.Contains(i.Teams, t.ID) })
}

// role is how a login stands to a team, "" for not at all; inherited says that it comes from a team below.
func (s *Server) role(t *Team, login string) (role string, inherited bool) {
	for l, r := range t.Members {
		if strings.EqualFold(l, login) {
			if u := s.user(l); u != nil && u.Role == "admin" {
				r = "maintainer"
			}
			return r, false
		}
	}
	for _, below := range s.teams {
		if below.Parent == t.ID {
			if r, _ := s.role(below, login); r != "" {
				return "member", true
			}
		}
	}
	return "", false
}

func (s *Server) listMembers(w http.ResponseWriter, r *http.Request, t *Team) {
	want := r.URL.Query().Get("role")
	var rows []map[string]any
	users := slices.Clone(s.users)
	if s.user(Owner) == nil && t.Members[Owner] != "" {
		users = append(users, &User{ID: 1, Login: Owner, Type: "User"})
	}
	for _, u := range users {
		role, inherited := s.role(t, u.Login)
		if role == "" || want != "" && want != "all" && want != role {
			continue
		}
		row := s.userJSON(u)
		if s.TellsRoles {
			row["role"], row["inherited"] = role, inherited
		}
		rows = append(rows, row)
	}
	s.page(w, r, len(rows), func(i int) any { return rows[i] }, nil)
}

func (s *Server) readTeamMembership(w http.ResponseWriter, t *Team, login string) {
	state := "active"
	role, _ := s.role(t, login)
	if role == "" && s.invitationTo(t, login) != nil {
		role, state = "member", "pending"
	}
	if role == "" {
		notFound(w)
		return
	}
	answer(w, http.StatusOK, map[string]any{"url": s.URL, "role": role, "state": state})
}

func (s *Server) join(w http.ResponseWriter, r *http.Request, t *Team) {
	var body struct{ Role string }
	u := s.user(r.PathValue("login"))
	switch {
	case u == nil:
		notFound(w)
		return
	case t.Synced:
		fail(w, http.StatusForbidden)
		return
	case !decode(w, r, &body):
		return
	}
	i := s.invitation(func(i *Invitation) bool { return strings.EqualFold(i.Login, u.Login) })
	switch {
	case u.Role == "member" || u.Role == "admin":
		t.Members[u.Login] = body.Role
	case i == nil: // GitHub invites who is not there
		s.mails++
		s.invites = append(s.invites, &Invitation{ID: s.next(), Login: u.Login, Role: "direct_member", Created: moment, Teams: []int64{t.ID}})
	case !slices.Contains(i.Teams, t.ID):
		i.Teams = append(i.Teams, t.ID)
		if body.Role == "maintainer" {
			i.Maintains = append(i.Maintains, t.ID)
		}
	}
	s.readTeamMembership(w, t, u.Login)
}
