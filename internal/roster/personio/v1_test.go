package personio_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/personio"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func TestRosterV1(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: fakeV1,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return personio.Open(personio.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, ClientID: "papi-client", ClientSecret: "papi-secret", API: "v1", Mapping: m})
		},
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"employee_number": "dynamic_1", "employment_type": "dynamic_2", "preferred_given_name": "dynamic_3", "original_hire_date": "dynamic_4", "team": "",
		}},
		PageSize: 100, TokenPath: "/v1/auth", Totals: true, Department: "department.name", Selects: true, Asked: "department",
		Requests: func(people int) int { return 1 + people/100 },
	})
}

// fakeV1 is POST /v1/auth and GET /v1/company/employees.
func fakeV1(t testing.TB, c *rostertest.Company) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/auth", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.ID != "papi-client" || in.Secret != "papi-secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "data": map[string]any{"token": c.IssueToken(), "expires_in": 86400}})
	})
	mux.HandleFunc("GET /v1/company/employees", func(w http.ResponseWriter, r *http.Request) {
		if !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		offset, _ := strconv.Atoi(q.Get("offset"))
		if limit != 100 || len(q["attributes[]"]) == 0 {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		people, _ := c.Page(offset, limit)
		data := []any{}
		for _, p := range people {
			data = append(data, map[string]any{"type": "Employee", "attributes": c.Record(p, attributes(c, p, q["attributes[]"]), "first_name.value")})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"success": true, "metadata": map[string]any{"total_elements": c.Total(), "current_page": offset / 100, "total_pages": 0}, "offset": offset, "limit": limit, "data": data,
		})
	})
	return mux
}

func attributes(c *rostertest.Company, p rostertest.Person, asked []string) map[string]any {
	unit := func(kind, name string) any {
		inner := map[string]any{"id": 7, "name": name}
		if c.Withheld() == "department.name" && kind == "Department" {
			return nil
		}
		return map[string]any{"type": kind, "attributes": inner}
	}
	var boss any
	if p.Manager != "" {
		id, _ := strconv.Atoi(p.Manager)
		boss = map[string]any{"type": "Employee", "attributes": map[string]any{"id": map[string]any{"label": "ID", "value": id, "type": "integer"}}}
	}
	id, _ := strconv.Atoi(p.ID)
	all := map[string]any{
		"id": id, "first_name": text(p.GivenName), "last_name": text(p.FamilyName), "preferred_name": text(p.FullName()), "email": text(p.Email), "position": p.Title,
		"department": unit("Department", p.Department), "office": unit("Office", p.Location), "supervisor": boss, "employment_type": "internal",
		"status": map[access.Status]string{
			access.StatusActive: "active", access.StatusNotice: "active", access.StatusLeave: "leave", access.StatusPreHire: "onboarding", access.StatusTerminated: "inactive",
		}[p.Status],
		"hire_date": text(c.DateTime(p.Start)), "termination_date": text(c.DateTime(p.End)), "last_working_day": text(c.DateTime(p.LastDay)),
		"contract_end_date": text(c.DateTime(p.Contract)),
		"dynamic_1":         p.Number, "dynamic_2": string(p.Type), "dynamic_3": text(p.Preferred), "dynamic_4": text(p.OriginalStart),
		"fix_salary": 70000,
	}
	out := map[string]any{}
	for name, v := range all {
		if slices.Contains(asked, name) && !(name == "department" && c.Withheld() != "") {
			out[name] = map[string]any{"label": name, "value": v, "type": "standard", "universal_id": name}
		}
	}
	return out
}
