package gusto_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/gusto"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const company = "0a1b2c3d-company"

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: fake,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return gusto.Open(gusto.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url, RequestsPerSecond: 1000}, Company: company, Token: "access", Mapping: m})
		},
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"location": "custom.Office", "employment_type": "custom.Engagement", "contract_end_date": "custom.Contract end",
		}},
		PageSize: 100, Totals: true, Department: "department", NoLeave: true, Lacks: []string{"last_working_day"},
		Requests: func(people int) int { return people/100 + 1 },
	})
}

// fake is the part of the API that the source uses.
func fake(t testing.TB, c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		page, _ := strconv.Atoi(q.Get("page"))
		per, _ := strconv.Atoi(q.Get("per"))
		if r.Method != http.MethodGet || r.URL.Path != "/v1/companies/"+company+"/employees" || page < 1 || per < 1 || per > 100 || q.Get("include") != "custom_fields" || r.Header.Get("X-Gusto-API-Version") == "" {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		people, _ := c.Page((page-1)*per, per)
		list := []any{}
		for _, p := range people {
			list = append(list, c.Record(p, employee(p), "first_name"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", strconv.Itoa(c.Total()))
		_ = json.NewEncoder(w).Encode(list)
	})
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func employee(p rostertest.Person) map[string]any {
	first := p.OriginalStart
	if first == "" {
		first = p.Start
	}
	custom := []any{}
	for name, v := range map[string]string{"Office": p.Location, "Engagement": string(p.Type), "Contract end": p.Contract} {
		custom = append(custom, map[string]any{"id": "f", "name": name, "type": "text", "value": text(v)})
	}
	e := map[string]any{
		"uuid": p.ID, "employee_code": p.Number, "first_name": text(p.GivenName), "last_name": text(p.FamilyName), "preferred_first_name": text(p.Preferred),
		"email": "private@home.example", "work_email": text(p.Email), "department": text(p.Department), "manager_uuid": text(p.Manager), "terminated": p.End != "",
		"onboarded": !p.Ahead(), "current_employment_status": "full_time", "hired_at": first, "custom_fields": custom, "terminations": []any{},
		"jobs": []any{
			map[string]any{"title": "Second job", "primary": false, "hire_date": "2001-01-01", "rate": "1.00"},
			map[string]any{"title": p.Title, "primary": true, "hire_date": p.Start, "rate": "100000.00"},
		},
	}
	if p.End != "" {
		e["terminations"] = []any{map[string]any{"active": false, "effective_date": "2001-01-01"}, map[string]any{"active": true, "effective_date": p.End}}
	}
	return e
}

// Contractors are a list of their own, in other words.
func TestContractors(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", "2")
		if strings.HasSuffix(r.URL.Path, "/employees") {
			w.Header().Set("X-Total-Count", "1")
			_ = json.NewEncoder(w).Encode([]any{employee(rostertest.Person{ID: "1", Number: "1", GivenName: "Ana", FamilyName: "G", Email: "ana@acme.example", Title: "CEO", Department: "Board", Start: "2020-01-01"})})
			return
		}
		_, _ = w.Write([]byte(`[{"uuid": "c1", "type": "Individual", "first_name": "Gus", "last_name": "M", "email": "gus@agency.example", "start_date": "2025-10-26", "dismissal_date": "2026-10-25", "is_active": true, "department": "Engineering"},
			{"uuid": "c2", "type": "Individual", "first_name": "Old", "last_name": "One", "start_date": "2020-01-01", "dismissal_date": "2021-01-01", "is_active": false}]`))
	}))
	t.Cleanup(srv.Close)
	src, err := gusto.Open(gusto.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: srv.URL}, Company: company, Token: "access", Contractors: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil || len(r.People) != 3 {
		t.Fatalf("%d people, %v", len(r.People), err)
	}
	got := map[string]access.Person{}
	for _, p := range r.People {
		got[p.PersonID] = p
	}
	if p := got["c1"]; p.EmploymentType != access.TypeContractor || p.ContractEndDate.String() != "2026-10-25" || p.StartDate.String() != "2025-10-26" || p.WorkEmail != "gus@agency.example" || p.Status != access.StatusActive {
		t.Errorf("%+v", p)
	}
	if p := got["c2"]; p.Status != access.StatusTerminated {
		t.Errorf("a contractor who was dismissed is %s", p.Status)
	}
	if p := got["1"]; p.EmploymentType != access.TypeEmployee {
		t.Errorf("%+v", p)
	}
}

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := gusto.Open(gusto.Config{})
	for _, want := range []string{"no company", "no token"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}
