package successfactors_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/successfactors"
)

const size = 500

func config(url string, m roster.Mapping) successfactors.Config {
	return successfactors.Config{
		Connection: hrapi.Connection{Name: "hr", BaseURL: url}, CompanyID: "ACME", UserName: "sfapi", Password: "sf-password", Mapping: m,
		Now: func() time.Time { return time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC) },
	}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return fake(t, c, nil) },
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return successfactors.Open(config(url, m))
		},
		Mapping: roster.Mapping{
			FieldMap: map[string]string{"employee_number": "job.customString1", "preferred_given_name": "name.preferredName"},
		},
		PageSize: size, Department: "job.departmentNav.name", Selects: true, Asked: "departmentNav", Harmless: "employeeClassNav",
		Requests: func(people int) int { return 1 + people/size },
	})
}

// TestRows: which of several rows holds today, and whose addresses are read.
func TestRows(t *testing.T) {
	t.Parallel()
	row := func(start, seq, status, title string) map[string]any {
		return map[string]any{
			"startDate": day(start), "seqNumber": seq, "emplStatusNav": map[string]any{"externalCode": status}, "jobTitle": title, "managerId": "NO_MANAGER",
			"departmentNav": map[string]any{"name": "D"}, "locationNav": map[string]any{"name": "L"}, "employeeClassNav": map[string]any{"externalCode": "Employee"}, "contractEndDate": nil,
		}
	}
	for name, tt := range map[string]struct {
		rows   []any
		title  string
		status access.Status
	}{
		"today's before tomorrow's":     {[]any{row("2026-03-16", "1", "T", "Next"), row("2026-03-15", "1", "A", "Now"), row("2020-01-01", "1", "U", "Then")}, "Now", access.StatusActive},
		"the highest number of one day": {[]any{row("2026-03-01", "9", "A", "Ninth"), row("2026-03-01", "10", "P", "Tenth"), row("2026-03-01", "2", "T", "Second")}, "Tenth", access.StatusLeave},
		"the first of the future":       {[]any{row("2026-06-01", "1", "A", "Second"), row("2026-04-01", "1", "A", "First")}, "First", access.StatusActive},
		"suspended":                     {[]any{row("2020-01-01", "1", "S", "Now")}, "Now", access.StatusUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, func(e map[string]any) { e["jobInfoNav"] = map[string]any{"results": tt.rows} })
			if err != nil || len(r.People) != 1 {
				t.Fatalf("%d people, problems %v, error %v", len(r.People), r.Problems, err)
			}
			if p := r.People[0]; p.Title != tt.title || p.Status != tt.status || p.ManagerSourceID != "" || p.WorkEmail != "ana@acme.example" {
				t.Errorf("%+v", p)
			}
		})
	}
	if _, err := read(t, func(e map[string]any) { e["jobInfoNav"] = map[string]any{"results": []any{row("2020", "1", "A", "T")}} }); !errors.Is(err, fault.Invalid) || err != nil && strings.Contains(err.Error(), "2020") {
		t.Errorf("a row without a date: error %v", err)
	}
}

// TestNoJob: an employment without job information triggers nothing.
func TestNoJob(t *testing.T) {
	t.Parallel()
	people := []rostertest.Person{ana(), ana()}
	people[1].ID, people[1].Email, people[1].Manager = "2", "bo@acme.example", "1"
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: people}, func(e map[string]any) {
		if e["personIdExternal"] == "1" {
			e["jobInfoNav"] = map[string]any{"results": []any{}}
		}
	}))
	t.Cleanup(server.Close)
	src, err := successfactors.Open(config(server.URL, roster.Mapping{}))
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.People(t.Context())
	if err != nil || len(r.People) != 2 || r.People[0].Status != access.StatusUnknown || r.People[1].Status != access.StatusActive {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]successfactors.Config{
		"nothing": {}, "no password": {Connection: hrapi.Connection{BaseURL: "https://api4.successfactors.com"}, CompanyID: "ACME", UserName: "sfapi"},
		"both": {Connection: hrapi.Connection{BaseURL: "https://api4.successfactors.com"}, CompanyID: "ACME", UserName: "sfapi", Password: "p", Token: "token-1"},
	} {
		if _, err := successfactors.Open(c); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func ana() rostertest.Person {
	return rostertest.Person{ID: "1", Number: "1", GivenName: "Ana", FamilyName: "García", Email: "ana@acme.example", Title: "T", Department: "D", Location: "L", Status: access.StatusActive, Type: access.TypeEmployee, Start: "2020-01-01"}
}

func read(t *testing.T, change func(map[string]any)) (roster.Roster, error) {
	t.Helper()
	server := httptest.NewServer(fake(t, &rostertest.Company{Zone: time.UTC, People: []rostertest.Person{ana()}}, change))
	t.Cleanup(server.Close)
	src, err := successfactors.Open(config(server.URL, roster.Mapping{}))
	if err != nil {
		t.Fatal(err)
	}
	return src.People(t.Context())
}

// fake is GET /odata/v2/EmpEmployment, which has nothing but what was selected, and rows of relations that were expanded.
func fake(t testing.TB, c *rostertest.Company, change func(map[string]any)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /odata/v2/EmpEmployment", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "sfapi@ACME" || password != "sf-password" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		if q.Get("$format") != "json" || q.Get("fromDate") == "" || q.Get("toDate") != "9999-12-31" || q.Get("paging") != "snapshot" || q.Get("customPageSize") != strconv.Itoa(size) || q.Has("$filter") {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		selected, expanded := strings.Split(q.Get("$select"), ","), strings.Split(q.Get("$expand"), ",")
		for _, s := range selected {
			if i := strings.LastIndexByte(s, '/'); i >= 0 && !slices.Contains(expanded, s[:i]) {
				t.Errorf("%s is selected and not expanded", s)
			}
		}
		offset, _ := strconv.Atoi(q.Get("$skiptoken"))
		people, more := c.Page(offset, size)
		results := []any{}
		for _, p := range people {
			all := employment(c, p)
			if change != nil {
				change(all)
			}
			one, _ := choose(all, "", selected).(map[string]any)
			results = append(results, c.Record(p, one, "startDate"))
		}
		d := map[string]any{"results": results}
		if more {
			next := maps.Clone(q)
			next.Set("$skiptoken", strconv.Itoa(offset+size))
			d["__next"] = "http://" + r.Host + r.URL.Path + "?" + next.Encode()
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"d": d})
	})
	return mux
}

// choose is what is selected of a value at a path.
func choose(v any, path string, selected []string) any {
	if slices.Contains(selected, path) {
		return v
	}
	m, ok := v.(map[string]any)
	if !ok || !slices.ContainsFunc(selected, func(s string) bool { return path == "" || strings.HasPrefix(s, path+"/") }) {
		return nil
	}
	if list, ok := m["results"].([]any); ok {
		chosen := []any{}
		for _, one := range list {
			chosen = append(chosen, choose(one, path, selected))
		}
		return map[string]any{"results": chosen}
	}
	out := map[string]any{}
	for key, below := range m {
		at := strings.TrimPrefix(path+"/"+key, "/")
		if slices.ContainsFunc(selected, func(s string) bool { return s == at || strings.HasPrefix(s, at+"/") }) {
			out[key] = choose(below, at, selected)
		}
	}
	return out
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// day is a date as OData v2 writes it.
func day(date string) any {
	if date == "" {
		return nil
	}
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return fmt.Sprintf("/Date(%d)/", t.UnixMilli())
}

func employment(c *rostertest.Company, p rostertest.Person) map[string]any {
	status := map[access.Status]string{
		access.StatusActive: "A", access.StatusNotice: "A", access.StatusPreHire: "A", access.StatusLeave: "P", access.StatusTerminated: "T",
	}[p.Status]
	boss := "NO_MANAGER"
	if p.Manager != "" {
		boss = "u" + p.Manager
	}
	department := map[string]any{"name": p.Department, "externalCode": "0042"}
	if c.Withheld() != "" {
		department = nil
	}
	job := func(start, title string) map[string]any {
		return map[string]any{
			"startDate": day(start), "seqNumber": "1", "emplStatusNav": map[string]any{"externalCode": status}, "employeeClassNav": map[string]any{"externalCode": string(p.Type)},
			"managerId": boss, "jobTitle": title, "locationNav": map[string]any{"name": p.Location}, "contractEndDate": day(p.Contract), "customString1": p.Number, "payGrade": "G7",
		}
	}
	list := []any{job("2099-01-01", "Of another day"), job(p.Start, p.Title)}
	for _, row := range list {
		if department != nil {
			row.(map[string]any)["departmentNav"] = department
		}
	}
	emails := []any{map[string]any{"emailAddress": "private" + p.ID + "@home.example", "isPrimary": true, "emailTypeNav": map[string]any{"externalCode": "P"}}}
	if p.Email != "" {
		emails = append(emails, map[string]any{"emailAddress": p.Email, "isPrimary": false, "emailTypeNav": map[string]any{"externalCode": "B"}})
	}
	original := p.OriginalStart
	if original == "" {
		original = p.Start
	}
	return map[string]any{
		"userId": "u" + p.ID, "personIdExternal": p.ID, "startDate": day(p.Start), "originalStartDate": day(original), "endDate": day(p.End), "lastDateWorked": day(p.LastDay),
		"isContingentWorker": p.Type == access.TypeContractor, "jobInfoNav": map[string]any{"results": list},
		"personNav": map[string]any{
			"dateOfBirth": day("1990-01-01"), "emailNav": map[string]any{"results": emails},
			"personalInfoNav": map[string]any{"results": []any{map[string]any{
				"startDate": day("2000-01-01"), "firstName": text(p.GivenName), "lastName": text(p.FamilyName), "preferredName": text(p.Preferred), "gender": "F",
			}}},
		},
	}
}
