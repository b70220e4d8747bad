package githubtest

import (
	"encoding/json"
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
			auth := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			switch org := r.PathValue("org"); {
			case r.Header.Get("User-Agent") == "" || r.Header.Get("X-Github-Api-Version") == "" && !strings.HasPrefix(r.URL.Path, "/app/"):
				fail(w, http.StatusForbidden)
			case auth != Token && (s.AccessToken == "" || auth != s.AccessToken) && !strings.HasPrefix(r.URL.Path, "/app/"):
				fail(w, http.StatusUnauthorized)
			case org != "" && !strings.EqualFold(org, Name):
				notFound(w)
			case s.Outsider && org != "" && strings.Contains(strings.TrimPrefix(r.URL.Path, "/orgs/"), "/") && !strings.HasSuffix(r.URL.Path, "/members"):
				notFound(w)
			case s.Direct && (strings.HasSuffix(r.URL.Path, "invitations") || strings.Contains(r.URL.Path, "/invitations/")):
				notFound(w)
			default:
				h(w, r)
			}
		})
	}
	handle("GET /user", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("Authorization"), Token) {
			fail(w, http.StatusForbidden)
			return
		}
		u := s.user(Owner)
		if u == nil {
			u = &User{ID: 1, Login: Owner, Type: "User"}
		}
		answer(w, http.StatusOK, s.profileJSON(u))
	})
	handle("GET /user/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, u := range s.users {
			if strconv.FormatInt(u.ID, 10) == r.PathValue("id") {
				answer(w, http.StatusOK, s.profileJSON(u))
				return
			}
		}
		notFound(w)
	})
	handle("GET /users/{login}", func(w http.ResponseWriter, r *http.Request) {
		u := s.user(r.PathValue("login"))
		if u == nil && s.AnyLogin {
			u = s.add(User{Login: r.PathValue("login")})
		}
		if u == nil {
			notFound(w)
			return
		}
		answer(w, http.StatusOK, s.profileJSON(u))
	})
	handle("POST /app/installations/{id}/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.AccessToken == "" || strings.Count(r.Header.Get("Authorization"), ".") != 2:
			fail(w, http.StatusUnauthorized)
		case r.PathValue("id") != "7":
			notFound(w)
		default:
			answer(w, http.StatusCreated, map[string]any{"token": s.AccessToken, "expires_at": "2099-01-01T00:00:00Z"})
		}
	})
	handle("GET /orgs/{org}", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.fullOrgJSON()) })
	handle("GET /orgs/{org}/members", func(w http.ResponseWriter, r *http.Request) {
		role := r.URL.Query().Get("role")
		s.listUsers(w, r, func(u *User) bool {
			return !s.Outsider && (u.Role == "admin" || u.Role == "member") && (role == "" || role == "all" || role == u.Role)
		})
	})
	handle("GET /orgs/{org}/outside_collaborators", func(w http.ResponseWriter, r *http.Request) {
		s.listUsers(w, r, func(u *User) bool { return u.Role == "outside" })
	})
	handle("DELETE /orgs/{org}/outside_collaborators/{login}", func(w http.ResponseWriter, r *http.Request) {
		u := s.user(r.PathValue("login"))
		if u == nil || u.Role != "outside" {
			fail(w, http.StatusUnprocessableEntity)
			return
		}
		u.Role = ""
		w.WriteHeader(http.StatusNoContent)
	})
	for path, failed := range map[string]bool{"invitations": false, "failed_invitations": true} {
		handle("GET /orgs/{org}/"+path, func(w http.ResponseWriter, r *http.Request) {
			s.listInvitations(w, r, func(i *Invitation) bool { return (i.Failed != "") == failed })
		})
	}
	handle("POST /orgs/{org}/invitations", s.invite)
	handle("DELETE /orgs/{org}/invitations/{id}", func(w http.ResponseWriter, r *http.Request) {
		n := len(s.invites)
		s.invites = slices.DeleteFunc(s.invites, func(i *Invitation) bool {
			return i.Failed == "" && strconv.FormatInt(i.ID, 10) == r.PathValue("id")
		})
		if n == len(s.invites) {
			notFound(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	handle("GET /orgs/{org}/memberships/{login}", func(w http.ResponseWriter, r *http.Request) { s.readMembership(w, r.PathValue("login")) })
	handle("PUT /orgs/{org}/memberships/{login}", s.setMembership)
	handle("DELETE /orgs/{org}/memberships/{login}", s.removeMember)
	s.teamRoutes(handle)
	s.copilotRoutes(handle)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.t.Errorf("nobody expects %s %s", r.Method, r.URL.Path)
		notFound(w)
	})
	return mux
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		fail(w, http.StatusBadRequest)
		return false
	}
	return true
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request, is func(*User) bool) {
	var found []*User
	for _, u := range s.users {
		if is(u) {
			found = append(found, u)
		}
	}
	s.page(w, r, len(found), func(i int) any { return s.userJSON(found[i]) }, nil)
}

func (s *Server) listInvitations(w http.ResponseWriter, r *http.Request, is func(*Invitation) bool) {
	var found []*Invitation
	for _, i := range s.invites {
		if is(i) {
			found = append(found, i)
		}
	}
	s.page(w, r, len(found), func(i int) any { return s.inviteJSON(found[i]) }, nil)
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Invitee int64 `json:"invitee_id"`
		Email   string
		Role    string
	}
	if !decode(w, r, &body) {
		return
	}
	i := &Invitation{Email: body.Email, Role: body.Role, Created: moment}
	for _, u := range s.users {
		if body.Invitee != 0 && u.ID == body.Invitee {
			i.Login = u.Login
			if u.Role == "member" || u.Role == "admin" {
				fail(w, http.StatusUnprocessableEntity, "unprocessable")
				return
			}
		}
	}
	twice := s.invitation(func(o *Invitation) bool {
		return i.Login != "" && strings.EqualFold(o.Login, i.Login) || i.Email != "" && strings.EqualFold(o.Email, i.Email)
	})
	if twice != nil || i.Login == "" && i.Email == "" || strings.HasPrefix(i.Email, "taken-up") {
		fail(w, http.StatusUnprocessableEntity, "unprocessable")
		return
	}
	i.ID = s.next()
	s.mails++
	s.invites = append(s.invites, i)
	answer(w, http.StatusCreated, s.inviteJSON(i))
}

func invitedRole(i *Invitation) string {
	if i.Role == "admin" {
		return "admin"
	}
	return "member"
}

func (s *Server) readMembership(w http.ResponseWriter, login string) {
	u := s.user(login)
	i := s.invitation(func(i *Invitation) bool { return strings.EqualFold(i.Login, login) })
	switch {
	case u == nil && s.Direct && login == Owner:
		answer(w, http.StatusOK, s.membershipJSON(&User{ID: 1, Login: Owner, Type: "User"}, "active", "admin"))
	case u == nil:
		notFound(w)
	case u.Role == "member" || u.Role == "admin":
		answer(w, http.StatusOK, s.membershipJSON(u, "active", u.Role))
	case i != nil:
		answer(w, http.StatusOK, s.membershipJSON(u, "pending", invitedRole(i)))
	default:
		notFound(w)
	}
}

func (s *Server) setMembership(w http.ResponseWriter, r *http.Request) {
	var body struct{ Role string }
	u := s.user(r.PathValue("login"))
	if u == nil {
		notFound(w)
		return
	}
	if !decode(w, r, &body) {
		return
	}
	i := s.invitation(func(i *Invitation) bool { return strings.EqualFold(i.Login, u.Login) })
	switch {
	case u.Role == "member" || u.Role == "admin":
		u.Role = body.Role
	case i != nil:
		i.Role = map[string]string{"admin": "admin", "member": "direct_member"}[body.Role]
	case s.Direct:
		u.Role = body.Role
	default: // GitHub invites who is not there
		s.mails++
		s.invites = append(s.invites, &Invitation{ID: s.next(), Login: u.Login, Role: "direct_member", Created: moment})
	}
	s.readMembership(w, u.Login)
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request) {
	u := s.user(r.PathValue("login"))
	if u == nil {
		notFound(w)
		return
	}
	before := len(s.invites)
	s.invites = slices.DeleteFunc(s.invites, func(i *Invitation) bool { return strings.EqualFold(i.Login, u.Login) })
	if u.Role != "member" && u.Role != "admin" && len(s.invites) == before {
		notFound(w)
		return
	}
	u.Role = ""
	for _, t := range s.teams {
		delete(t.Members, u.Login)
	}
	s.seats = slices.DeleteFunc(s.seats, func(x *Seat) bool { return strings.EqualFold(x.Login, u.Login) })
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) copilotRoutes(handle func(string, func(http.ResponseWriter, *http.Request))) {
	with := func(h func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if s.NoCopilot {
				notFound(w)
				return
			}
			h(w, r)
		}
	}
	handle("GET /orgs/{org}/copilot/billing", with(func(w http.ResponseWriter, _ *http.Request) {
		pending := 0
		for _, x := range s.seats {
			if x.Ends != "" {
				pending++
			}
		}
		answer(w, http.StatusOK, map[string]any{
			"seat_breakdown": map[string]any{
				"total": len(s.seats), "added_this_cycle": 0, "pending_invitation": 0, "pending_cancellation": pending, "active_this_cycle": 0, "inactive_this_cycle": len(s.seats),
			},
			"seat_management_setting": "assign_selected", "public_code_suggestions": "block", "plan_type": "business",
		})
	}))
	handle("GET /orgs/{org}/copilot/billing/seats", with(func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r, len(s.seats), func(i int) any { return s.seatJSON(s.seats[i]) }, func(rows []any) any {
			return map[string]any{"total_seats": len(s.seats), "seats": rows}
		})
	}))
	handle("POST /orgs/{org}/copilot/billing/selected_users", with(s.giveSeats))
	handle("DELETE /orgs/{org}/copilot/billing/selected_users", with(s.takeSeats))
}

type selected struct {
	Names []string `json:"selected_usernames"`
}

func (s *Server) seat(login string) *Seat {
	for _, x := range s.seats {
		if strings.EqualFold(x.Login, login) {
			return x
		}
	}
	return nil
}

func (s *Server) giveSeats(w http.ResponseWriter, r *http.Request) {
	var body selected
	if !decode(w, r, &body) {
		return
	}
	for _, n := range body.Names {
		if u := s.user(n); u == nil || u.Role != "member" && u.Role != "admin" {
			fail(w, http.StatusUnprocessableEntity, "invalid")
			return
		}
	}
	created := 0
	for _, n := range body.Names {
		switch x := s.seat(n); {
		case x == nil:
			created++
			s.seats = append(s.seats, &Seat{Login: n})
		default: // one that was taken away is given back, and not counted
			x.Ends = ""
		}
	}
	answer(w, http.StatusCreated, map[string]any{"seats_created": created})
}

func (s *Server) takeSeats(w http.ResponseWriter, r *http.Request) {
	var body selected
	if !decode(w, r, &body) {
		return
	}
	taken := 0
	for _, n := range body.Names {
		x := s.seat(n)
		if x != nil && x.Team != "" {
			fail(w, http.StatusUnprocessableEntity, "invalid")
			return
		}
		if x != nil && x.Ends == "" {
			x.Ends = "2026-02-01"
			taken++
		}
	}
	answer(w, http.StatusOK, map[string]any{"seats_cancelled": taken})
}
