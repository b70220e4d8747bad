package gusto_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/gusto"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func config(url string) gusto.Config {
	return gusto.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url, RequestsPerSecond: 1000}, CompanyID: "company-1", ClientID: "gusto-client", ClientSecret: "gusto-secret"}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var opened atomic.Int64
	rostertest.Run(t, rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return fake(t, c, nil) },
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			c := config(url)
			c.Mapping = m
			c.RefreshTokenFile = filepath.Join(dir, fmt.Sprint(opened.Add(1)))
			if err := os.WriteFile(c.RefreshTokenFile, []byte("refresh-0\n"), 0o600); err != nil {
				return nil, err
			}
			return gusto.Open(c)
		},
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"location": "custom.Office", "contract_end_date": "custom.Contract end", "original_hire_date": "custom.First hire", "employment_type": "custom.Kind",
		}},
		PageSize: 100, TokenPath: "/oauth/token", Totals: true, Department: "department", NoLeave: true,
		Lacks:    []string{"last_working_day"},
		Requests: func(people int) int { return 2 + people/100 },
	})
}

// TestRefreshToken: the file always holds a refresh token that works, over many runs.
func TestRefreshToken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people(t)}, nil))
	t.Cleanup(server.Close)
	c := config(server.URL)
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh-token")
	if err := os.WriteFile(c.RefreshTokenFile, []byte("refresh-0"), 0o600); err != nil {
		t.Fatal(err)
	}
	for run := 1; run <= 3; run++ {
		src, err := gusto.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.People(t.Context()); err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		kept, err := os.ReadFile(c.RefreshTokenFile)
		if err != nil || strings.TrimSpace(string(kept)) != "refresh-"+strconv.Itoa(run) {
			t.Errorf("run %d kept %q, error %v", run, kept, err)
		}
		if info, err := os.Stat(c.RefreshTokenFile); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(c.RefreshTokenFile)); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, error %v", len(entries), err)
	}
	for name, content := range map[string]string{"missing": "", "empty": "\n"} {
		c.RefreshTokenFile = filepath.Join(t.TempDir(), name)
		if content != "" {
			if err := os.WriteFile(c.RefreshTokenFile, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		src, err := gusto.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.People(t.Context()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "refresh_token_file") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestTerminations: which of several terminations counts.
func TestTerminations(t *testing.T) {
	t.Parallel()
	end := func(active bool, date string) map[string]any {
		return map[string]any{"active": active, "effective_date": date}
	}
	for name, tt := range map[string]struct {
		hired      string
		terminated bool
		list       []any
		status     access.Status
		end        string
	}{
		"none":                    {"2020-01-01", false, nil, access.StatusActive, ""},
		"left":                    {"2020-01-01", true, []any{end(true, "2026-01-31")}, access.StatusTerminated, "2026-01-31"},
		"is going to leave":       {"2020-01-01", true, []any{end(false, "2026-12-31")}, access.StatusActive, "2026-12-31"},
		"came back":               {"2024-01-01", false, []any{end(true, "2022-01-31")}, access.StatusActive, ""},
		"came back, no new date":  {"2020-01-01", false, []any{end(true, "2022-01-31")}, access.StatusActive, ""},
		"came back and left":      {"2024-01-01", true, []any{end(true, "2022-01-31"), end(true, "2025-06-30")}, access.StatusTerminated, "2025-06-30"},
		"left, nobody knows when": {"2020-01-01", true, nil, access.StatusTerminated, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := func(e map[string]any) {
				e["terminated"], e["terminations"], e["jobs"] = tt.terminated, tt.list, []any{map[string]any{"primary": true, "title": "T", "hire_date": tt.hired}}
			}
			server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people(t)[:1]}, change))
			t.Cleanup(server.Close)
			c := config(server.URL)
			c.ClientID, c.ClientSecret, c.Token = "", "", "static-token"
			src, err := gusto.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := src.People(t.Context())
			if err != nil || len(r.People) != 1 {
				t.Fatalf("%d people, problems %v, error %v", len(r.People), r.Problems, err)
			}
			got := ""
			if !r.People[0].EndDate.IsZero() {
				got = r.People[0].EndDate.String()
			}
			if r.People[0].Status != tt.status || got != tt.end {
				t.Errorf("%s, end %q", r.People[0].Status, got)
			}
		})
	}
}

// TestContractors are read where that is configured, without their private addresses.
func TestContractors(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people(t)}, nil))
	t.Cleanup(server.Close)
	c := config(server.URL)
	c.ClientID, c.ClientSecret, c.Token, c.Contractors = "", "", "static-token", true
	src, err := gusto.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]access.Person{}
	for _, p := range r.People {
		got[p.PersonID] = p
	}
	for id, want := range map[string]struct {
		name   string
		status access.Status
		end    string
	}{
		"c1": {"Doe", access.StatusActive, ""},
		"c2": {"Acme Consulting", access.StatusTerminated, "2025-12-31"},
		"c3": {"Roe", access.StatusUnknown, ""},
	} {
		p := got[id]
		end := ""
		if !p.EndDate.IsZero() {
			end = p.EndDate.String()
		}
		if p.FamilyName != want.name || p.Status != want.status || end != want.end || p.EmploymentType != access.TypeContractor || p.WorkEmail != "" || p.PersonalEmail != "" {
			t.Errorf("%s: %+v", id, p)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d people", len(got))
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]gusto.Config{
		"nothing": {}, "half an application": {CompanyID: "c", ClientID: "x"}, "both": {CompanyID: "c", Token: "token-1", ClientID: "x", ClientSecret: "y", RefreshTokenFile: "z"},
	} {
		if _, err := gusto.Open(c); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func people(t *testing.T) []rostertest.Person {
	t.Helper()
	return []rostertest.Person{
		{ID: "1", Number: "1", GivenName: "Ana", FamilyName: "García", Email: "ana@acme.example", Title: "Boss", Department: "Management", Location: "Madrid", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2020-01-01"},
		{ID: "2", Number: "2", GivenName: "Bo", FamilyName: "Łukasz", Email: "bo@acme.example", Title: "Engineer", Department: "Engineering", Location: "Madrid", Manager: "1", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2021-01-01"},
	}
}

// fake is POST /oauth/token and the lists of employees and contractors of one company.
func fake(t testing.TB, c *rostertest.Company, change func(map[string]any)) http.Handler {
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	var mu sync.Mutex
	refresh := 0
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var in map[string]string
		_ = json.NewDecoder(r.Body).Decode(&in)
		if in["client_id"] != "gusto-client" || in["client_secret"] != "gusto-secret" || in["grant_type"] != "refresh_token" || in["refresh_token"] != "refresh-"+strconv.Itoa(refresh) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		refresh++
		write(w, map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "refresh_token": "refresh-" + strconv.Itoa(refresh), "expires_in": 7200})
	})
	mux.HandleFunc("GET /v1/companies/company-1/employees", func(w http.ResponseWriter, r *http.Request) {
		if !allowed(c, w, r) {
			return
		}
		q := r.URL.Query()
		page, _ := strconv.Atoi(q.Get("page"))
		if page < 1 || q.Get("per") != "100" || q.Has("terminated") || q.Has("onboarded") || strings.Contains(q.Get("include"), "compensation") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		list, _ := c.Page((page-1)*100, 100)
		employees := []any{}
		for _, p := range list {
			e := employee(p, q.Get("include") == "custom_fields")
			if change != nil {
				change(e)
			}
			employees = append(employees, c.Record(p, e, "first_name"))
		}
		w.Header().Set("X-Total-Count", strconv.Itoa(c.Total()))
		write(w, employees)
	})
	mux.HandleFunc("GET /v1/companies/company-1/contractors", func(w http.ResponseWriter, r *http.Request) {
		if !allowed(c, w, r) {
			return
		}
		w.Header().Set("X-Total-Count", "3")
		write(w, []any{
			map[string]any{"uuid": "c1", "type": "Individual", "first_name": "Jo", "last_name": "Doe", "email": "jo@home.example", "start_date": "2025-01-01", "dismissal_date": nil, "is_active": true, "department": "Design"},
			map[string]any{"uuid": "c2", "type": "Business", "first_name": nil, "last_name": nil, "business_name": "Acme Consulting", "email": "a@home.example", "start_date": "2024-01-01", "dismissal_date": "2025-12-31", "is_active": false},
			map[string]any{"uuid": "c3", "type": "Individual", "first_name": "Ro", "last_name": "Roe", "start_date": "2027-01-01", "is_active": false},
		})
	})
	return mux
}

func allowed(c *rostertest.Company, w http.ResponseWriter, r *http.Request) bool {
	if !c.Allows(r) && r.Header.Get("Authorization") != "Bearer static-token" || r.Header.Get("X-Gusto-API-Version") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func employee(p rostertest.Person, custom bool) map[string]any {
	terminations := []any{}
	if p.OriginalStart != "" { // of the first time here
		terminations = append(terminations, map[string]any{"uuid": "t0", "active": true, "effective_date": "2019-12-31"})
	}
	if p.End != "" {
		terminations = append(terminations, map[string]any{"uuid": "t1", "active": p.Over(), "effective_date": p.End})
	}
	e := map[string]any{
		"uuid": p.ID, "first_name": text(p.GivenName), "last_name": text(p.FamilyName), "preferred_first_name": text(p.Preferred), "email": "private" + p.ID + "@home.example",
		"work_email": text(p.Email), "manager_uuid": text(p.Manager), "department": p.Department, "employee_code": p.Number, "terminated": p.End != "", "terminations": terminations,
		"onboarded": !p.Ahead(), "current_employment_status": "full_time", "date_of_birth": "1990-01-01", "has_ssn": true,
		"jobs": []any{
			map[string]any{"uuid": "j0", "primary": false, "title": "Volunteer", "hire_date": "2010-01-01"},
			map[string]any{"uuid": "j1", "primary": true, "title": p.Title, "hire_date": p.Start, "rate": "100.00"},
		},
	}
	if custom {
		field := func(name, value string) map[string]any {
			return map[string]any{"id": name, "name": name, "type": "text", "value": text(value)}
		}
		e["custom_fields"] = []any{field("Office", p.Location), field("Contract end", p.Contract), field("First hire", p.OriginalStart), field("Kind", string(p.Type))}
	}
	return e
}
