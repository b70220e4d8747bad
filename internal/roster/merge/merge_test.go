package merge_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/merge"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func open(url string, m roster.Mapping) (roster.Source, error) {
	return merge.Open(merge.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, APIKey: "merge-key", AccountToken: "account-token", Mapping: m})
}

func TestRoster(t *testing.T) {
	t.Parallel()
	const targets = "field_mappings.linked_account_defined_targets."
	rostertest.Run(t, rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return fake(t, c, sync{"DONE", false}) },
		Open: open,
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"preferred_given_name": "preferred_name", "contract_end_date": targets + "contract_end", "last_working_day": targets + "last_day", "original_hire_date": targets + "first_hire",
		}},
		PageSize: 100, Department: "department.name", Selects: true, Asked: "groups", NoLeave: true,
		Requests: func(people int) int { return 2 + people/100 },
	})
}

// TestSync: a copy that is not complete is no roster, and nobody is asked for.
func TestSync(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sync
		ok bool
	}{
		{sync{"DONE", false}, true},
		{sync{"SYNCING", false}, true},
		{sync{"DONE", true}, true},
		{sync{"FAILED", false}, true}, // the last good copy
		{sync{"SYNCING", true}, false},
		{sync{"FAILED", true}, false},
		{sync{"PARTIALLY_SYNCED", false}, false},
		{sync{"DISABLED", false}, false},
	} {
		t.Run(tt.status+" "+strconv.FormatBool(tt.initial), func(t *testing.T) {
			t.Parallel()
			asked := false
			c := &rostertest.Company{Zone: time.UTC, People: []rostertest.Person{{ID: "1", Number: "1", GivenName: "Ana", FamilyName: "García", Email: "ana@acme.example", Title: "Boss", Department: "D", Location: "L", Status: access.StatusLeave, Type: access.TypeEmployee, Start: "2020-01-01"}}}
			handler := fake(t, c, tt.sync)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = asked || strings.HasSuffix(r.URL.Path, "/employees")
				handler.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			src, err := open(server.URL, roster.Mapping{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := src.People(t.Context())
			if tt.ok && (err != nil || len(r.People) != 1) {
				t.Fatalf("%d people, error %v", len(r.People), err)
			}
			if !tt.ok && (!errors.Is(err, fault.Unavailable) || asked) {
				t.Errorf("error %v, employees asked for: %t", err, asked)
			}
			if tt.ok && r.People[0].Status != access.StatusActive {
				t.Errorf("status %s", r.People[0].Status)
			}
		})
	}
}

// TestInactive: whoever is inactive has left only where a date says so.
func TestInactive(t *testing.T) {
	t.Parallel()
	people := []rostertest.Person{
		{ID: "1", Number: "1", GivenName: "A", FamilyName: "A", Email: "a@acme.example", Title: "T", Department: "D", Location: "L", Status: access.StatusTerminated, Type: access.TypeEmployee, Start: "2020-01-01"},
		{ID: "2", Number: "2", GivenName: "B", FamilyName: "B", Email: "b@acme.example", Title: "T", Department: "D", Location: "L", Manager: "1", Status: access.StatusTerminated, Type: access.TypeEmployee, Start: "2020-01-01", End: "2021-01-01"},
	}
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people}, sync{"DONE", false}))
	t.Cleanup(server.Close)
	src, err := open(server.URL, roster.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil || len(r.People) != 2 {
		t.Fatalf("%d people, error %v", len(r.People), err)
	}
	if r.People[0].Status != access.StatusUnknown || r.People[1].Status != access.StatusTerminated {
		t.Errorf("statuses %s and %s", r.People[0].Status, r.People[1].Status)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := merge.Open(merge.Config{Connection: hrapi.Connection{Name: "hr"}})
	if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "api_key") || !strings.Contains(err.Error(), "account_token") {
		t.Errorf("error %v", err)
	}
}

type sync struct {
	status  string
	initial bool
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// fake is GET /hris/v1/sync-status and /hris/v1/employees.
func fake(t testing.TB, c *rostertest.Company, s sync) http.Handler {
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("GET /api/hris/v1/sync-status", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]any{"next": nil, "results": []any{
			map[string]any{"model_name": "TimeOff", "model_id": "hris.TimeOff", "status": "DISABLED", "is_initial_sync": true},
			map[string]any{"model_name": "Employee", "model_id": "hris.Employee", "status": s.status, "is_initial_sync": s.initial},
		}})
	})
	mux.HandleFunc("GET /api/hris/v1/employees", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("page_size") != "100" || q.Get("include_sensitive_fields") != "false" || q.Has("employment_status") || q.Has("include_remote_data") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		offset, _ := strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "cD"))
		people, more := c.Page(offset, 100)
		results := []any{}
		for _, p := range people {
			results = append(results, c.Record(p, employee(c, p, strings.Split(q.Get("expand"), ",")), "first_name"))
		}
		var next any
		if more {
			next = "cD" + strconv.Itoa(offset+100)
		}
		write(w, map[string]any{"next": next, "previous": nil, "results": results})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer merge-key" || r.Header.Get("X-Account-Token") != "account-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func employee(c *rostertest.Company, p rostertest.Person, expand []string) map[string]any {
	status := "ACTIVE"
	switch {
	case p.Over():
		status = "INACTIVE"
	case p.Ahead():
		status = "PENDING"
	}
	types := map[access.EmploymentType]string{access.TypeEmployee: "FULL_TIME", access.TypeContractor: "CONTRACTOR", access.TypeIntern: "INTERN"}
	kind, ok := types[p.Type]
	if !ok {
		kind = string(p.Type) // what Merge does not know comes as it is
	}
	boss := any(nil)
	if p.Manager != "" {
		boss = "m-" + p.Manager
	}
	e := map[string]any{
		"id": "m-" + p.ID, "remote_id": p.ID, "employee_number": p.Number, "first_name": text(p.GivenName), "last_name": text(p.FamilyName), "preferred_name": text(p.Preferred),
		"display_full_name": p.FullName(), "work_email": text(p.Email), "manager": boss, "hire_date": c.DateTime("2001-01-01"), "start_date": text(c.DateTime(p.Start)),
		"termination_date": text(c.DateTime(p.End)), "employment_status": status, "date_of_birth": "1990-11-10T00:00:00Z", "home_location": "h", "ssn": nil,
		"groups": []any{"g1", "g2"}, "employments": []any{"e1", "e2"}, "work_location": "w1", "remote_was_deleted": false,
		"field_mappings": map[string]any{"organization_defined_targets": map[string]any{}, "linked_account_defined_targets": map[string]any{
			"contract_end": text(p.Contract), "last_day": text(p.LastDay), "first_hire": text(p.OriginalStart),
		}},
	}
	if slices.Contains(expand, "groups") {
		groups := []any{map[string]any{"id": "g1", "name": "Everybody", "type": "GROUP"}}
		if c.Withheld() == "" {
			groups = append(groups, map[string]any{"id": "g2", "name": p.Department, "type": "DEPARTMENT"})
		}
		e["groups"] = groups
	}
	if slices.Contains(expand, "employments") {
		e["employments"] = []any{
			map[string]any{"id": "e2", "job_title": p.Title, "employment_type": kind, "effective_date": c.DateTime("2020-01-01"), "pay_rate": 1000},
			map[string]any{"id": "e1", "job_title": "Trainee", "employment_type": "INTERN", "effective_date": c.DateTime("2010-01-01"), "pay_rate": 10},
		}
	}
	if slices.Contains(expand, "work_location") {
		e["work_location"] = map[string]any{"id": "w1", "name": p.Location, "country": "ES"}
	}
	return e
}
