package okta

import (
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
)

// described is Okta's description of its API, or nil.
func described(t testing.TB) *apptest.Description {
	t.Helper()
	return apptest.FindOpenAPI(t, "okta.json", apptest.Deviation{
		Contains: "AppUserUpdateRequest: input matches more than one oneOf schemas", Why: "neither of its two forms requires anything, so that each body has both",
	})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	d := described(t)
	for name, v := range map[string]struct {
		cfg      Config
		inactive string // status of whoever is inactive at first
	}{
		"deactivate": {Config{}, "DEPROVISIONED"},
		"suspend":    {Config{DeactivateWith: "suspend"}, "SUSPENDED"},
		"with mail":  {Config{SendActivationEmail: true}, "STAGED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apptest.Run(t, apptest.Harness{
				PageSize: 4, MemberPageSize: 4, NoTotals: true, ReadsBack: true, Secret: oktatest.Token, Retries: true,
				Overhead:   1, // the group rules, once
				Attributes: []string{"cost_center"},
				Licenses:   &apptest.Licenses{Product: "Suite", License: "Suite"},
				Open: func(t testing.TB, w apptest.World) apptest.Subject {
					s := oktatest.New(t, d)
					s.PageSize = 4
					fill(s, w, v.inactive)
					cfg := v.cfg
					cfg.Attributes = []Attribute{{Name: "cost_center", Property: "costCenter"}}
					cfg.Licenses = []License{{Product: "Suite", AppID: "0oasuite", Total: new(4)}}
					a := openFor(t, s, cfg, w.Retry).(*Directory)
					return apptest.Subject{
						App: a, Look: func(testing.TB) apptest.World { return look(s) },
						Inject: s.Inject, Count: s.CountOf, Reset: s.Reset,
					}
				},
			})
		})
	}
}

// TestConformanceOfAssignments: the accounts are assignments to an application.
func TestConformanceOfAssignments(t *testing.T) {
	t.Parallel()
	d := described(t)
	apptest.Run(t, apptest.Harness{
		PageSize: 4, NoTotals: true, ReadsBack: true, Secret: oktatest.Token, Retries: true,
		Skip: map[string]string{},
		Open: func(t testing.TB, w apptest.World) apptest.Subject {
			s := oktatest.New(t, d)
			s.PageSize = 4
			fill(s, apptest.World{Accounts: w.Accounts}, "ACTIVE")
			var assigned []oktatest.Assignment
			for _, u := range s.Users() {
				assigned = append(assigned, oktatest.Assignment{UserID: u.ID})
			}
			s.AddApp("0oawiki", assigned...)
			s.AddUser(oktatest.User{Profile: map[string]any{"login": "user0100@acme.example", "email": "user0100@acme.example", "firstName": "Zoë", "lastName": "Łuczak"}})
			a := openFor(t, s, Config{AppID: "0oawiki"}, w.Retry)
			return apptest.Subject{
				App: a, Inject: func(t testing.TB, f apptest.Fault) {
					if f == (apptest.Fault{}) {
						s.Inject(t, f)
						return
					}
					method, path := assignmentRequests(f.On)
					s.Break(method, path, f)
				},
				Look: func(testing.TB) apptest.World {
					var out apptest.World
					for _, as := range s.Assigned("0oawiki") {
						for _, u := range s.Users() {
							if u.ID == as.UserID {
								out.Accounts = append(out.Accounts, access.Account{ID: u.ID, UserName: u.Profile["login"].(string), Active: true})
							}
						}
					}
					return out
				},
				Count: func(op apptest.Op) int {
					method, path := assignmentRequests(op)
					n := 0
					for m := range strings.SplitSeq(method, "|") {
						n += s.Count(m, path)
					}
					return n
				},
				Reset: s.Reset,
			}
		},
	})
}

func assignmentRequests(op apptest.Op) (method, path string) {
	const list, one = "^/api/v1/apps/[^/]+/users$", "^/api/v1/apps/[^/]+/users/[^/]+$"
	switch op {
	case apptest.ListAccounts:
		return "GET", list
	case apptest.ReadAccount:
		return "GET", one
	case apptest.CreateAccount:
		return "POST", list
	case apptest.UpdateAccount:
		return "POST", one
	case apptest.Deactivate, apptest.DeleteAccount:
		return "DELETE", one
	}
	return "GET|POST|PUT|DELETE", ".*"
}

// openFor connects to a fake, without waiting for anything.
func openFor(t testing.TB, s *oktatest.Server, cfg Config, retry bool) app.App {
	t.Helper()
	retries := 0
	if retry {
		retries = 1
	}
	cfg.Name, cfg.OrgURL, cfg.MaxRetries = "acme", s.URL, &retries
	if cfg.Token == "" && cfg.ClientID == "" {
		cfg.Token = oktatest.Token
	}
	if cfg.MaxRequestsPerSecond == 0 {
		cfg.MaxRequestsPerSecond = 100_000
	}
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	switch a := a.(type) {
	case *Directory:
		a.patience = []time.Duration{}
		return a
	case *Assignments:
		a.d.patience = []time.Duration{}
		return a
	}
	t.Fatalf("opened a %T", a)
	return nil
}

// fill makes the organization hold a world.
func fill(s *oktatest.Server, w apptest.World, inactive string) {
	ids := map[string]string{}
	for _, a := range w.Accounts {
		u := oktatest.User{Profile: map[string]any{}}
		for f, property := range (Config{PersonIDIn: DefaultPersonIDIn}).properties() {
			if v := a.Get(f); v != "" {
				u.Profile[property] = v
			}
		}
		for property, v := range map[string]string{"login": a.UserName, "email": a.UserName, "firstName": "Zoë", "lastName": "Łuczak"} {
			if u.Profile[property] == nil {
				u.Profile[property] = v
			}
		}
		if !a.Active {
			u.Status = inactive
		}
		ids[a.UserName] = s.AddUser(u)
	}
	for _, g := range w.Groups {
		og := oktatest.Group{Profile: map[string]any{"name": g.Name}}
		for _, m := range g.Members {
			og.Members = append(og.Members, ids[m.UserName])
		}
		s.AddGroup(og)
	}
	var assigned []oktatest.Assignment
	for _, a := range w.Assigned["Suite"] {
		assigned = append(assigned, oktatest.Assignment{UserID: ids[a.UserName]})
	}
	s.AddApp("0oasuite", assigned...)
}

// look reads what the organization holds, not by the API.
func look(s *oktatest.Server) apptest.World {
	w := apptest.World{Assigned: map[string][]access.Assignment{}}
	for _, u := range s.Users() {
		a := access.Account{ID: u.ID, Active: u.Status != "STAGED" && u.Status != "SUSPENDED" && u.Status != "DEPROVISIONED"}
		for f, property := range (Config{PersonIDIn: DefaultPersonIDIn}).properties() {
			v, _ := u.Profile[property].(string)
			a.Set(f, v)
		}
		if v, ok := u.Profile["costCenter"].(string); ok {
			a.Attributes = map[string]string{"cost_center": v}
		}
		w.Accounts = append(w.Accounts, a)
	}
	for _, g := range s.Groups() {
		ag := access.Group{ID: g.ID, Name: g.Profile["name"].(string)}
		for _, id := range g.Members {
			ag.Members = append(ag.Members, access.Member{AccountID: id})
		}
		w.Groups = append(w.Groups, ag)
	}
	for _, a := range s.Assigned("0oasuite") {
		w.Assigned["Suite"] = append(w.Assigned["Suite"], access.Assignment{AccountID: a.UserID, License: "Suite"})
	}
	return w
}
