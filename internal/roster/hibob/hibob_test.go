package hibob_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hibob"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func TestRoster(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]writer{"slash keys": slashes, "nested": nested, "both, wrapped": both} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := vendor(write)
			if name != "nested" {
				v.People = 100 // the shape says nothing about size
			}
			rostertest.Run(t, v)
		})
	}
}

func vendor(write writer) rostertest.Vendor {
	return rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return search(t, c, write) },
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return hibob.Open(hibob.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url, RequestsPerSecond: 1000}, ServiceUser: "SERVICE-1", Token: "service-token", Mapping: m})
		},
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"contract_end_date": "custom.contractEnd", "last_working_day": "custom.lastDay", "preferred_given_name": "custom.knownAs", "original_hire_date": "custom.firstHire",
		}},
		Department: "work.department", Selects: true,
		Requests: func(int) int { return 1 },
	}
}

// writer puts a field into a record in one of the ways in which HiBob does.
type writer func(record map[string]any, field string, v any)

func slashes(record map[string]any, field string, v any) {
	record["/"+strings.ReplaceAll(field, ".", "/")] = v
}

func nested(record map[string]any, field string, v any) {
	parts := strings.Split(field, ".")
	if parts[0] == "root" {
		record[parts[1]] = v
		return
	}
	for _, p := range parts[:len(parts)-1] {
		if record[p] == nil {
			record[p] = map[string]any{}
		}
		record = record[p].(map[string]any)
	}
	record[parts[len(parts)-1]] = v
}

func both(record map[string]any, field string, v any) {
	nested(record, field, v)
	record["/"+strings.ReplaceAll(field, ".", "/")] = map[string]any{"value": v}
}

// search is POST /v1/people/search: a field that does not exist, or that the service user may not see, is left out.
func search(t testing.TB, c *rostertest.Company, write writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Fields        []string
			ShowInactive  bool
			HumanReadable string
			Filters       []any
		}
		if r.Method != http.MethodPost || r.URL.Path != "/v1/people/search" || json.NewDecoder(r.Body).Decode(&in) != nil {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		if user, token, _ := r.BasicAuth(); user != "SERVICE-1" || token != "service-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		people, _ := c.Page(0, len(c.People))
		employees := []any{}
		for _, p := range people {
			if p.Over() && !in.ShowInactive {
				continue
			}
			all := employee(c, p)
			record := map[string]any{}
			for _, f := range in.Fields {
				if v, ok := all[f]; ok && f != c.Withheld() {
					write(record, f, v)
				}
			}
			key := "/root/firstName"
			if _, ok := record[key]; !ok {
				key = "firstName"
			}
			employees = append(employees, c.Record(p, record, key))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"employees": employees})
	})
}

func employee(c *rostertest.Company, p rostertest.Person) map[string]any {
	lifecycle := map[access.Status]string{
		access.StatusActive: "Employed", access.StatusNotice: "Employed", access.StatusLeave: "Parental leave", access.StatusPreHire: "Hired", access.StatusTerminated: "Terminated",
	}[p.Status]
	status := "Active"
	if p.Over() {
		status = "Inactive"
	}
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var boss any
	if p.Manager != "" {
		m, _ := c.Find(p.Manager)
		boss = map[string]any{"id": p.Manager, "email": m.Email, "firstName": m.GivenName, "surname": m.FamilyName, "displayName": m.FullName()}
	}
	return map[string]any{
		"root.id": p.ID, "root.firstName": text(p.GivenName), "root.surname": text(p.FamilyName), "root.displayName": p.FullName(), "root.email": text(p.Email),
		"work.employeeIdInCompany": p.Number, "work.title": p.Title, "work.department": p.Department, "work.site": p.Location, "work.reportsTo": boss,
		"work.manager": text(p.Manager), "work.startDate": text(p.Start), "internal.terminationDate": text(p.End), "internal.status": status,
		"internal.lifecycleStatus": lifecycle, "payroll.employment.type": string(p.Type),
		"custom.contractEnd": text(p.Contract), "custom.lastDay": text(p.LastDay), "custom.knownAs": text(p.Preferred), "custom.firstHire": text(p.OriginalStart),
	}
}
