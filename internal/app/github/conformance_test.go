package github

import (
	"strconv"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
)

// described is GitHub's description of its API, or nil.
func described(t testing.TB) *apptest.Description {
	t.Helper()
	return apptest.FindOpenAPI(t, "github.json")
}

func TestConformance(t *testing.T) {
	t.Parallel()
	d := described(t)
	for name, v := range map[string]struct{ tells, direct bool }{
		"members with roles": {tells: true}, "members without roles": {}, "no invitations": {tells: true, direct: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apptest.Run(t, apptest.Harness{
				PageSize: 4, MemberPageSize: 4, NoTotals: true, ReadsBack: true, Secret: githubtest.Token, Retries: true,
				Overhead: 4, // owners, invitations that are pending and that failed, outside collaborators
				Roles:    []string{"member", "admin"}, FixedUserNames: true,
				Licenses: &apptest.Licenses{Product: CopilotProduct, License: CopilotProduct},
				Open: func(t testing.TB, w apptest.World) apptest.Subject {
					s := githubtest.New(t, d)
					s.PageSize, s.TellsRoles, s.AnyLogin = 4, v.tells, true
					s.Direct = v.direct
					fill(s, w)
					return apptest.Subject{
						App: openFor(t, s, Config{Copilot: true, Invitations: new(!v.direct)}, w.Retry), Look: func(testing.TB) apptest.World { return look(s) },
						Inject: s.Inject, Count: s.CountOf, Reset: s.Reset,
					}
				},
			})
		})
	}
}

// openFor connects to a fake, without waiting for anything.
func openFor(t testing.TB, s *githubtest.Server, cfg Config, retry bool) *Org {
	t.Helper()
	retries := 0
	if retry {
		retries = 1
	}
	cfg.Name, cfg.Organization, cfg.BaseURL, cfg.MaxRetries = "gh", githubtest.Name, s.URL, &retries
	if cfg.Token == "" && !cfg.isApp() {
		cfg.Token = githubtest.Token
	}
	if cfg.MaxRequestsPerSecond == 0 {
		cfg.MaxRequestsPerSecond = 100_000
	}
	o, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fill makes the organization hold a world.
func fill(s *githubtest.Server, w apptest.World) {
	for _, a := range w.Accounts {
		s.Add(githubtest.User{Login: a.UserName, Role: a.Role})
	}
	for _, g := range w.Groups {
		t := githubtest.Team{Name: g.Name, Members: map[string]string{}}
		for _, m := range g.Members {
			t.Members[m.UserName] = m.Role
		}
		s.AddTeam(t)
	}
	for _, a := range w.Assigned[CopilotProduct] {
		s.AddSeat(githubtest.Seat{Login: a.UserName})
	}
}

// look reads what the organization holds, not by the API.
func look(s *githubtest.Server) apptest.World {
	w := apptest.World{Assigned: map[string][]access.Assignment{}}
	for _, u := range s.Users() {
		if u.Role != "" {
			w.Accounts = append(w.Accounts, access.Account{ID: strconv.FormatInt(u.ID, 10), UserName: u.Login, Role: u.Role, Active: true})
		}
	}
	for _, i := range s.Invitations() {
		role := map[string]string{"admin": "admin", "direct_member": "member"}[i.Role]
		if i.Failed == "" {
			w.Accounts = append(w.Accounts, access.Account{ID: "invited " + i.Login + i.Email, UserName: i.Login + i.Email, Role: role, Active: true})
		}
	}
	for _, t := range s.Teams() {
		g := access.Group{ID: strconv.FormatInt(t.ID, 10), Name: t.Name}
		for login, role := range t.Members {
			g.Members = append(g.Members, access.Member{UserName: login, Role: role})
		}
		w.Groups = append(w.Groups, g)
	}
	for _, x := range s.Seats() {
		if x.Ends == "" {
			w.Assigned[CopilotProduct] = append(w.Assigned[CopilotProduct], access.Assignment{UserName: x.Login, License: CopilotProduct})
		}
	}
	return w
}
