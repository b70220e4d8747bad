package rippling_test

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rippling"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const size = 50 // the fake's choice

func open(url string, m roster.Mapping) (roster.Source, error) {
	return rippling.Open(rippling.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, Token: "rippling-token", Mapping: m})
}

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return fake(t, c, nil) },
		Open: open,
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"employee_number": "custom.Badge", "contract_end_date": "custom.Contract end", "last_working_day": "custom.Last day", "original_hire_date": "custom.First hire",
		}},
		PageSize: size, Department: "department.name", Selects: true, Asked: "department", NoLeave: true,
		Requests: func(people int) int { return 2 + people/size },
	})
}

// TestRedacted: what Rippling says that it keeps back is an error where it is needed, and nothing where it is not.
func TestRedacted(t *testing.T) {
	t.Parallel()
	for field, refused := range map[string]bool{"work_email": true, "user": true, "user.name.given_name": true, "date_of_birth": false, "compensation": false} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, people(rostertest.Person{Status: access.StatusActive}), []any{map[string]any{"name": field, "reason": "missing scope"}})
			if refused && (!errors.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), field+" (missing scope)")) {
				t.Errorf("error %v", err)
			}
			if !refused && (err != nil || len(r.People) != 1) {
				t.Errorf("%d people, error %v", len(r.People), err)
			}
		})
	}
}

// TestNeverStarted: an offer that was declined is no departure.
func TestNeverStarted(t *testing.T) {
	t.Parallel()
	r, err := read(t, people(rostertest.Person{Status: access.StatusNeverStarted}, rostertest.Person{Status: access.StatusTerminated, End: "2025-01-31"}), nil)
	if err != nil || len(r.People) != 2 {
		t.Fatalf("%d people, error %v, problems %v", len(r.People), err, r.Problems)
	}
	if r.People[0].Status != access.StatusNeverStarted || r.People[1].Status != access.StatusTerminated {
		t.Errorf("statuses %s and %s", r.People[0].Status, r.People[1].Status)
	}
}

func people(list ...rostertest.Person) []rostertest.Person {
	for i := range list {
		p := &list[i]
		p.ID = strconv.Itoa(i + 1)
		p.Number, p.GivenName, p.FamilyName, p.Email = p.ID, "Ana", "García", "p"+p.ID+"@acme.example"
		p.Title, p.Department, p.Location, p.Type, p.Start = "Engineer", "Engineering", "Madrid", access.TypeEmployee, "2020-01-01"
		if i > 0 {
			p.Manager = "1"
		}
	}
	return list
}

func read(t *testing.T, people []rostertest.Person, redacted []any) (roster.Roster, error) {
	t.Helper()
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people}, redacted))
	t.Cleanup(server.Close)
	src, err := open(server.URL, roster.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	return src.People(t.Context())
}

// fake is GET /workers and /work-locations.
func fake(t testing.TB, c *rostertest.Company, redacted []any) http.Handler {
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("GET /work-locations", func(w http.ResponseWriter, _ *http.Request) {
		names := map[string]bool{}
		results := []any{}
		for _, p := range c.People {
			if !names[p.Location] {
				names[p.Location] = true
				results = append(results, map[string]any{"id": id(p.Location), "name": p.Location, "address": map[string]any{"type": "WORK"}})
			}
		}
		write(w, map[string]any{"results": results})
	})
	mux.HandleFunc("GET /workers", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("order_by") != "id" || q.Has("filter") || strings.Contains(q.Get("expand"), "compensation") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		offset, _ := strconv.Atoi(q.Get("cursor"))
		list, more := c.Page(offset, size)
		results := []any{}
		for _, p := range list {
			results = append(results, c.Record(p, worker(p, strings.Split(q.Get("expand"), ",")), "work_email"))
		}
		answer := map[string]any{"__meta": map[string]any{"redacted_fields": redacted}, "results": results}
		if more {
			answer["next_link"] = "http://" + r.Host + "/workers?" + url.Values{"cursor": {strconv.Itoa(offset + size)}, "expand": q["expand"], "order_by": q["order_by"]}.Encode()
		}
		write(w, answer)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer rippling-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func id(name string) string {
	h := fnv.New64()
	_, _ = h.Write([]byte(name))
	return strconv.FormatUint(h.Sum64(), 16)
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func worker(p rostertest.Person, expand []string) map[string]any {
	status, why := "ACTIVE", ""
	switch {
	case p.Ahead():
		status = "HIRED"
	case p.Over():
		status, why = "TERMINATED", "VOLUNTARY"
	case p.Status == access.StatusNeverStarted:
		status, why = "TERMINATED", "OFFER_DECLINED"
	}
	kind := map[string]any{"id": "t", "type": "EMPLOYEE", "label": "Salaried, full-time", "amount_worked": "FULL-TIME"}
	switch p.Type {
	case access.TypeContractor:
		kind["type"], kind["label"] = "CONTRACTOR", "Contractor"
	case access.TypeIntern:
		kind["label"] = "Intern, hourly"
	case access.TypeTemporary:
		kind["amount_worked"] = "TEMPORARY"
	}
	boss := any(nil)
	if p.Manager != "" {
		boss = "w-" + p.Manager
	}
	number, _ := strconv.Atoi(p.Number)
	w := map[string]any{
		"id": "w-" + p.ID, "user_id": p.ID, "manager_id": boss, "number": number, "start_date": text(p.Start), "end_date": text(p.End), "work_email": text(p.Email),
		"status": status, "title": p.Title, "department_id": id(p.Department), "location": map[string]any{"type": "WORK", "work_location_id": id(p.Location)},
		"date_of_birth": "1990-01-01", "gender": "FEMALE", "employment_type_id": "t",
	}
	if why != "" {
		w["termination_details"] = map[string]any{"type": why, "reason": "none"}
	}
	if slices.Contains(expand, "user") {
		w["user"] = map[string]any{"id": p.ID, "name": map[string]any{
			"formatted": p.FullName(), "given_name": text(p.GivenName), "family_name": text(p.FamilyName), "preferred_given_name": text(p.Preferred), "preferred_family_name": nil,
		}}
	}
	if slices.Contains(expand, "department") {
		w["department"] = map[string]any{"id": id(p.Department), "name": p.Department}
	}
	if slices.Contains(expand, "employment_type") {
		w["employment_type"] = kind
	}
	if slices.Contains(expand, "custom_fields") {
		field := func(name, value string) map[string]any {
			return map[string]any{"id": id(name), "name": name, "type": "TEXT", "value": text(value)}
		}
		w["custom_fields"] = []any{field("Badge", p.Number), field("Contract end", p.Contract), field("Last day", p.LastDay), field("First hire", p.OriginalStart)}
	}
	return w
}
