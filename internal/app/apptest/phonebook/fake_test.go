package phonebook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

const secret = "s3cr3t-phonebook-token"

// fake is a phonebook.
type fake struct {
	http.ServeMux
	pageSize int

	mu     sync.Mutex
	serial int
	users  []user
	teams  []team
}

func newFake(pageSize int) *fake {
	f := &fake{pageSize: pageSize}
	for pattern, h := range map[string]func(r *http.Request, in map[string]any) (int, any){
		"GET /users": f.listUsers, "GET /users/{id}": f.user, "POST /users": f.saveUser, "PATCH /users/{id}": f.saveUser, "DELETE /users/{id}": f.deleteUser,
		"GET /teams": f.listTeams, "GET /teams/{id}": f.team,
	} {
		f.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			defer f.mu.Unlock()
			var in map[string]any
			if r.Header.Get("Authorization") != "Bearer "+secret {
				refuse(w, 401)
				return
			}
			if r.Method == "POST" || r.Method == "PATCH" {
				if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
					refuse(w, 400)
					return
				}
			}
			answer(w)(h(r, in))
		})
	}
	return f
}

func answer(w http.ResponseWriter) func(status int, out any) {
	return func(status int, out any) {
		if status >= 300 {
			refuse(w, status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status != 204 {
			_ = json.NewEncoder(w).Encode(out)
		}
	}
}

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":"E%d"}`, status)
}

func (f *fake) id() string {
	f.serial++
	return fmt.Sprintf("id%d", f.serial)
}

func paged[T any](f *fake, r *http.Request, rows []T) (int, any) {
	fault, total := apptest.Paging(r), len(rows)
	if fault.TruncateAt > 0 {
		rows = rows[:min(fault.TruncateAt, total)]
	}
	from, _ := strconv.Atoi(r.FormValue("after"))
	if fault.RepeatPage {
		from = 0
	}
	from = min(from, len(rows))
	to := min(from+f.pageSize, len(rows))
	p := page[T]{Rows: append([]T{}, rows[from:to]...), Total: &total}
	if to < len(rows) {
		p.Next = strconv.Itoa(to)
	}
	return 200, p
}

func (f *fake) listUsers(r *http.Request, _ map[string]any) (int, any) {
	return paged(f, r, slices.DeleteFunc(slices.Clone(f.users), func(u user) bool {
		return r.URL.Query().Has("login") && !strings.EqualFold(u.Login, r.FormValue("login"))
	}))
}

func (f *fake) userAt(id string) int {
	return slices.IndexFunc(f.users, func(u user) bool { return u.ID == id })
}

func (f *fake) teamAt(id string) int {
	return slices.IndexFunc(f.teams, func(t team) bool { return t.ID == id })
}

func (f *fake) user(r *http.Request, _ map[string]any) (int, any) {
	i := f.userAt(r.PathValue("id"))
	if i < 0 {
		return 404, nil
	}
	return 200, f.users[i]
}

func (f *fake) saveUser(r *http.Request, in map[string]any) (int, any) {
	u, i := user{Active: true}, f.userAt(r.PathValue("id"))
	if r.Method == "PATCH" {
		if i < 0 {
			return 404, nil
		}
		u = f.users[i]
	}
	for name, into := range map[string]*string{"login": &u.Login, "name": &u.Name} {
		if v, ok := in[name].(string); ok {
			*into = v
		}
	}
	if v, ok := in["active"].(bool); ok {
		u.Active = v
	}
	if slices.ContainsFunc(f.users, func(o user) bool { return o.ID != u.ID && strings.EqualFold(o.Login, u.Login) }) {
		return 409, nil
	}
	if i >= 0 {
		f.users[i] = u
		return 200, u
	}
	u.ID = f.id()
	f.users = append(f.users, u)
	return 201, u
}

func (f *fake) deleteUser(r *http.Request, _ map[string]any) (int, any) {
	i := f.userAt(r.PathValue("id"))
	if i < 0 {
		return 404, nil
	}
	for t := range f.teams {
		f.teams[t].Members = slices.DeleteFunc(f.teams[t].Members, func(id string) bool { return id == f.users[i].ID })
	}
	f.users = slices.Delete(f.users, i, i+1)
	return 204, nil
}

func (f *fake) listTeams(r *http.Request, _ map[string]any) (int, any) { return paged(f, r, f.teams) }

func (f *fake) team(r *http.Request, _ map[string]any) (int, any) {
	i := f.teamAt(r.PathValue("id"))
	if i < 0 {
		return 404, nil
	}
	return 200, f.teams[i]
}

// fill makes the fake hold a world, look reads it.
func (f *fake) fill(w apptest.World) {
	ids := map[string]string{}
	for _, a := range w.Accounts {
		u := user{ID: f.id(), Login: a.UserName, Name: a.DisplayName, Active: a.Active}
		ids[a.UserName] = u.ID
		f.users = append(f.users, u)
	}
	for _, g := range w.Groups {
		t := team{ID: f.id(), Name: g.Name, Members: []string{}}
		for _, m := range g.Members {
			t.Members = append(t.Members, ids[m.UserName])
		}
		f.teams = append(f.teams, t)
	}
}

func (f *fake) look(testing.TB) apptest.World {
	f.mu.Lock()
	defer f.mu.Unlock()
	var w apptest.World
	for _, u := range f.users {
		w.Accounts = append(w.Accounts, access.Account{ID: u.ID, UserName: u.Login, DisplayName: u.Name, Active: u.Active})
	}
	for _, t := range f.teams {
		g := access.Group{ID: t.ID, Name: t.Name}
		for _, id := range t.Members {
			g.Members = append(g.Members, access.Member{AccountID: id, Role: access.DefaultRole})
		}
		w.Groups = append(w.Groups, g)
	}
	return w
}
