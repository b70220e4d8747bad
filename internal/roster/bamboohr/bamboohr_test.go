package bamboohr_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/bamboohr"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, vendor())
}

func vendor() rostertest.Vendor {
	return rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler {
			if len(c.People) > 100 {
				return report(c) // checking takes longer than reading
			}
			return apptest.FindOpenAPI(t, "bamboohr.json",
				apptest.Deviation{Contains: "got null, want string", Why: "empty values are null in practice"},
				apptest.Deviation{Contains: "got object, want string", Why: "the record that is broken on purpose"}).Handler(t, report(c))
		},
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return bamboohr.Open(bamboohr.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, Company: "acme", APIKey: "secret-key", Mapping: m})
		},
		Mapping: roster.Mapping{
			FieldMap:          map[string]string{"contract_end_date": "contractEndDate", "last_working_day": "4340.4"},
			EmploymentTypeMap: map[string]string{"Leave of absence": "employee", "Terminated": "employee"},
		},
		Department: "department", Selects: true,
		Requests: func(int) int { return 1 },
	}
}

// report is POST /api/v1/reports/custom: texts or null, and no field that was not asked for.
func report(c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, _, _ := r.BasicAuth(); key != "secret-key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var in struct{ Fields []string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		people, _ := c.Page(0, len(c.People))
		var fields []map[string]string
		for _, f := range in.Fields {
			if f != c.Withheld() {
				fields = append(fields, map[string]string{"id": f, "type": "text", "name": f})
			}
		}
		employees := []map[string]any{}
		for _, p := range people {
			all := employee(p)
			row := map[string]any{"id": p.ID}
			for _, f := range in.Fields {
				if v, ok := all[f]; !ok {
					continue
				} else if row[f] = v; v == "" {
					row[f] = nil
				}
			}
			employees = append(employees, c.Record(p, row, "firstName"))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"title": "Tenure", "fields": fields, "employees": employees})
	})
}

func employee(p rostertest.Person) map[string]string {
	status, row := "Active", map[access.EmploymentType]string{
		access.TypeEmployee: "Full-Time", access.TypeContractor: "Contractor", access.TypeIntern: "Intern",
	}[p.Type]
	switch {
	case p.Over():
		status, row = "Inactive", "Terminated"
	case p.Ahead():
		status = "Inactive"
	case p.Status == access.StatusLeave:
		row = "Leave of absence"
	}
	original := p.OriginalStart
	if original == "" && slices.Contains([]string{"101"}, p.ID) {
		original = "0000-00-00"
	}
	return map[string]string{
		"employeeNumber": p.Number, "firstName": p.GivenName, "middleName": "", "lastName": p.FamilyName, "preferredName": p.Preferred, "workEmail": p.Email,
		"jobTitle": p.Title, "department": p.Department, "division": "Europe", "location": p.Location, "supervisorEId": p.Manager,
		"status": status, "employmentHistoryStatus": row, "hireDate": p.Start, "originalHireDate": original, "terminationDate": p.End,
		"contractEndDate": p.Contract, "4340.4": p.LastDay,
	}
}
