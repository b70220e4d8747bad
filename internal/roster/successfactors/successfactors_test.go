package successfactors_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/successfactors"
)

func TestRoster(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: fake,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return successfactors.Open(successfactors.Config{Connection: hrapi.Connection{Name: "hr", BaseURL: url}, UserName: "api@acme", Password: "secret", Mapping: m})
		},
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"person_source_id": "", "contract_end_date": "customDate1", "preferred_given_name": "userNav.defaultFullName",
		}},
		PageSize: 200, Totals: true, Department: "departmentNav.name_defaultValue", Selects: true, Asked: "departmentNav",
		Requests: func(people int) int { return people/200 + 1 },
	})
}

// fake is the part of OData v2 that the source uses.
func fake(t testing.TB, c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "api@acme" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		q := r.URL.Query()
		size, _ := strconv.Atoi(q.Get("customPageSize"))
		if r.Method != http.MethodGet || r.URL.Path != "/odata/v2/EmpJob" || q.Get("$format") != "json" || q.Get("paging") != "snapshot" || size < 1 || size > 1000 {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		offset, _ := strconv.Atoi(q.Get("$skiptoken"))
		people, more := c.Page(offset, size)
		results := []any{}
		for _, p := range people {
			results = append(results, c.Record(p, pick(employment(c, p), strings.Split(q.Get("$select"), ",")), "jobTitle"))
		}
		d := map[string]any{"results": results, "__count": strconv.Itoa(c.Total())}
		if more {
			next := maps.Clone(q)
			next.Set("$skiptoken", strconv.Itoa(offset+size))
			d["__next"] = "http://" + r.Host + r.URL.Path + "?" + next.Encode()
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"d": d})
	})
}

// pick leaves what was selected.
func pick(all map[string]any, selected []string) map[string]any {
	out := map[string]any{"__metadata": map[string]any{"uri": "https://example", "type": "SFOData.EmpJob"}}
	for _, path := range selected {
		nav, field, nested := strings.Cut(path, "/")
		v, ok := all[nav]
		if !ok {
			continue
		}
		if !nested {
			out[nav] = v
			continue
		}
		if out[nav] == nil {
			out[nav] = map[string]any{}
		}
		if value, ok := v.(map[string]any)[field]; ok {
			out[nav].(map[string]any)[field] = value
		}
	}
	return out
}

// date is midnight UTC, whatever the company's zone.
func date(s string) any {
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("/Date(%d)/", t.UnixMilli())
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func employment(_ *rostertest.Company, p rostertest.Person) map[string]any {
	code := map[access.Status]string{
		access.StatusActive: "A", access.StatusNotice: "A", access.StatusLeave: "P", access.StatusPreHire: "A", access.StatusTerminated: "T",
	}[p.Status]
	first := p.OriginalStart
	if first == "" {
		first = p.Start
	}
	boss := p.Manager
	if boss == "" {
		boss = "NO_MANAGER"
	}
	return map[string]any{
		"userId": p.ID, "jobTitle": text(p.Title), "managerId": boss, "customDate1": date(p.Contract),
		"employmentNav": map[string]any{
			"personIdExternal": p.ID, "startDate": date(p.Start), "originalStartDate": date(first), "endDate": date(p.End), "lastDateWorked": date(p.LastDay),
		},
		"userNav":       map[string]any{"empId": p.Number, "firstName": text(p.GivenName), "lastName": text(p.FamilyName), "email": text(p.Email), "defaultFullName": text(p.Preferred)},
		"departmentNav": map[string]any{"name_defaultValue": text(p.Department)},
		"locationNav":   map[string]any{"name": text(p.Location)},
		"emplStatusNav": map[string]any{"externalCode": code},
		"emplType":      string(p.Type),
	}
}

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  successfactors.Config
		want []string
	}{
		"nothing": {successfactors.Config{}, []string{"base_url", "neither a token nor"}},
		"company": {successfactors.Config{Connection: hrapi.Connection{BaseURL: "https://api4.successfactors.com"}, UserName: "api", Password: "x"}, []string{"does not name the company"}},
		"both":    {successfactors.Config{Connection: hrapi.Connection{BaseURL: "https://api4.successfactors.com"}, UserName: "api@acme", Token: "x"}, []string{"both a token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := successfactors.Open(tc.cfg)
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
		})
	}
}
