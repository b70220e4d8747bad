package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

// hrSystem answers custom reports as BambooHR does; withheld is a field that the key loses the right to see.
type hrSystem struct {
	*httptest.Server
	withheld atomic.Value
	asked    atomic.Value // []string
}

func newHRSystem(t *testing.T) *hrSystem {
	s := &hrSystem{}
	s.withheld.Store("")
	employees := []map[string]string{
		{"id": "1", "firstName": "Ana", "lastName": "García", "workEmail": "ana@acme.com", "department": "Leadership", "hireDate": "2020-01-01", "status": "Active", "employmentHistoryStatus": "Full-Time"},
		{"id": "2", "firstName": "Bo", "lastName": "Łukasz", "workEmail": "bo@acme.com", "department": "Engineering", "supervisorEId": "1", "hireDate": "2026-04-01", "status": "Inactive", "employmentHistoryStatus": "Full-Time"},
		{"id": "3", "firstName": "Cy", "lastName": "Nguyễn", "workEmail": "cy@acme.com", "department": "Engineering", "supervisorEId": "1", "hireDate": "2019-01-01", "terminationDate": "2026-01-31", "status": "Inactive", "employmentHistoryStatus": "Terminated"},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, _, _ := r.BasicAuth(); key != "api-key-0123" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var in struct{ Fields []string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		s.asked.Store(in.Fields)
		in.Fields = slices.DeleteFunc(in.Fields, func(f string) bool { return f == s.withheld.Load() })
		var fields []map[string]string
		for _, f := range in.Fields {
			fields = append(fields, map[string]string{"id": f})
		}
		var rows []map[string]any
		for _, e := range employees {
			row := map[string]any{"id": e["id"]}
			for _, f := range in.Fields {
				if row[f] = nil; e[f] != "" {
					row[f] = e[f]
				}
			}
			rows = append(rows, row)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"title": "Tenure", "fields": fields, "employees": rows})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRosterFromBambooHR(t *testing.T) {
	t.Parallel()
	hr := newHRSystem(t)
	block := func(lines string) string {
		return fmt.Sprintf("    bamboohr {\n      company  = \"acme\"\n      base_url = %q\n      api_key  = \"api-key-0123\"\n%s\n    }", hr.URL, lines)
	}
	stage := func(s string) knownvalue.Check {
		return knownvalue.ObjectPartial(map[string]knownvalue.Check{"stage": knownvalue.StringExact(s)})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{ // refused before a request
				Config:      rosterHCL(`as_of = "2026-03-15"`, block(`custom = { x = "payRate" }`), ""),
				ExpectError: regexp.MustCompile(`(?s)would\s+ask\s+the\s+HR\s+system\s+for\s+pay`),
			},
			{
				PreConfig: func() {
					if hr.asked.Load() != nil {
						t.Error("the HR system was asked")
					}
				},
				Config: rosterHCL(`as_of = "2026-03-15"`, block(`field_map = { division = "" }`), ""),
				ConfigStateChecks: []statecheck.StateCheck{value("data.tenure_roster.hr", "people", knownvalue.MapExact(map[string]knownvalue.Check{
					"1": stage("active"), "2": stage("pre_hire"), "3": stage("terminated"),
				}))},
			},
			{ // a lost permission is no empty department
				PreConfig: func() {
					if asked := strings.Join(hr.asked.Load().([]string), " "); strings.Contains(asked, "division") || strings.Contains(strings.ToLower(asked), "pay") {
						t.Errorf("asked for %s", asked)
					}
					hr.withheld.Store("department")
				},
				Config:      rosterHCL(`as_of = "2026-03-15"`, block(`field_map = { division = "" }`), ""),
				ExpectError: regexp.MustCompile(`(?s)"department".*lost\s+permission`),
			},
			{
				PreConfig:   func() { hr.withheld.Store("") },
				Config:      rosterHCL(`as_of = "2026-03-15"`, strings.Replace(block(""), "api-key-0123", "another-key", 1), ""),
				ExpectError: regexp.MustCompile(`(?s)refused\s+the\s+credential`),
			},
		},
	})
}
