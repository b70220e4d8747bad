package personio_test

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/personio"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, vendor())
}

func vendor() rostertest.Vendor {
	return rostertest.Vendor{
		Fake: fake,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return personio.Open(personio.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, ClientID: "papi-client", ClientSecret: "papi-secret", Mapping: m})
		},
		Mapping: roster.Mapping{
			FieldMap: map[string]string{
				"employee_number": "person.custom.dynamic_1", "employment_type": "person.custom.dynamic_2", "preferred_given_name": "person.custom.dynamic_3",
				"original_hire_date": "person.custom.dynamic_4", "location": "person.custom.dynamic_5", "team": "",
			},
		},
		PageSize: 50, TokenPath: "/v2/auth/token",
		Department: "department.name", Selects: true, Asked: "type=department",
		People:   1000, // a request per person: v2 has no list of all employments
		Requests: func(people int) int { return 1 + people/50 + 1 + people + 20 },
	}
}

// fake is the part of API v2 that the source uses.
func fake(t testing.TB, c *rostertest.Company) http.Handler {
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("POST /v2/auth/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != "papi-client" || r.FormValue("client_secret") != "papi-secret" || r.FormValue("scope") != "personio:persons:read" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		write(w, map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "expires_in": 86400})
	})
	data := http.NewServeMux()
	data.HandleFunc("GET /v2/persons", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		if limit < 1 || limit > 50 || q.Has("status") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		offset, _ := strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "cur_"))
		people, more := c.Page(offset, limit)
		list := []any{}
		for _, p := range people {
			list = append(list, person(p))
		}
		links := map[string]any{"self": map[string]any{"href": "http://" + r.Host + r.URL.String()}}
		if more {
			links["next"] = map[string]any{"href": "http://" + r.Host + "/v2/persons?" + url.Values{"limit": {"50"}, "cursor": {"cur_" + strconv.Itoa(offset+limit)}}.Encode()}
		}
		write(w, map[string]any{"_data": list, "_meta": map[string]any{"links": links}})
	})
	data.HandleFunc("GET /v2/persons/{id}/employments", func(w http.ResponseWriter, r *http.Request) {
		p, ok := c.Find(r.PathValue("id"))
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		write(w, map[string]any{"_data": []any{c.Record(p, employment(c, p), "employment_start_date")}, "_meta": map[string]any{"links": map[string]any{}}})
	})
	data.HandleFunc("GET /v2/org-units/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("type") != "department" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		for _, p := range c.People {
			if unit(p.Department) == r.PathValue("id") {
				answer := map[string]any{"id": unit(p.Department), "type": "department", "name": p.Department}
				if c.Withheld() == "department.name" {
					delete(answer, "name")
				}
				write(w, answer)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		data.ServeHTTP(w, r)
	})
	return mux
}

func unit(name string) string {
	h := fnv.New32()
	_, _ = h.Write([]byte(name))
	return strconv.Itoa(int(h.Sum32()))
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func person(p rostertest.Person) map[string]any {
	attribute := func(id, v string) map[string]any {
		return map[string]any{"id": id, "type": "string", "global_id": id, "label": id, "value": text(v)}
	}
	return map[string]any{
		"id": p.ID, "email": text(p.Email), "first_name": text(p.GivenName), "last_name": text(p.FamilyName), "preferred_name": text(p.FullName()),
		"gender": "UNSPECIFIED", "status": "ACTIVE",
		"custom_attributes": []any{
			attribute("dynamic_1", p.Number), attribute("dynamic_2", string(p.Type)), attribute("dynamic_3", p.Preferred), attribute("dynamic_4", p.OriginalStart),
			attribute("dynamic_5", p.Location),
			map[string]any{"id": "dynamic_6", "label": "Hobbies", "value": []string{"chess"}},
		},
		"employments": []any{map[string]any{"id": "e" + p.ID}},
	}
}

func employment(c *rostertest.Company, p rostertest.Person) map[string]any {
	e := map[string]any{
		"id": "e" + p.ID, "person": map[string]any{"id": p.ID}, "type": "INTERNAL", "position": map[string]any{"title": p.Title},
		"status": map[access.Status]string{
			access.StatusActive: "ACTIVE", access.StatusNotice: "ACTIVE", access.StatusLeave: "LEAVE", access.StatusPreHire: "ONBOARDING", access.StatusTerminated: "INACTIVE",
		}[p.Status],
		"employment_start_date": c.DateTime(p.Start), "org_units": []any{map[string]any{"type": "department", "id": unit(p.Department)}, map[string]any{"type": "team", "id": "7"}},
		"office": map[string]any{"id": "3"}, "weekly_working_hours": 40.0,
	}
	if p.Contract != "" {
		e["contract_end_date"] = c.DateTime(p.Contract)
	}
	if p.Manager != "" {
		e["supervisor"] = map[string]any{"id": p.Manager}
	}
	if p.End != "" {
		e["termination"] = map[string]any{"termination_date": c.DateTime(p.End), "last_working_day": text(p.LastDay), "type": "EMPLOYEE"}
	}
	return e
}
