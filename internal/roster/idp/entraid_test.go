package idp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const tenant = "11111111-2222-3333-4444-555555555555"

func entraUsers(t testing.TB, endpoint, filter string) idp.Users {
	t.Helper()
	a, err := entraid.Open(entraid.Config{Name: "hr", TenantID: tenant, Endpoint: endpoint, Auth: entraid.Auth{Token: "graph-token-0123"}})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, properties []string, page func([]json.RawMessage, int) error) error {
		return a.RawUsers(ctx, properties, filter, page)
	}
}

// TestRosterEntraID: dates are written as midnight in UTC, as Microsoft's own provisioning does, or as the moments of local midnights.
func TestRosterEntraID(t *testing.T) {
	t.Parallel()
	for name, moments := range map[string]bool{"days": false, "moments": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := rostertest.Vendor{
				Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return graph(t, c, moments) },
				Open: func(url string, m roster.Mapping) (roster.Source, error) {
					c := idp.Config{Name: "hr", Users: entraUsers(t, url, ""), Mapping: m, Now: at("2026-03-15")}
					if moments {
						zone, err := time.LoadLocation(m.TimeZone)
						if err != nil {
							return nil, err
						}
						c.DateZone = zone
					}
					return idp.OpenEntraID(c)
				},
				Mapping: roster.Mapping{FieldMap: map[string]string{
					"preferred_given_name": "onPremisesExtensionAttributes.extensionAttribute1", "original_hire_date": "onPremisesExtensionAttributes.extensionAttribute2",
					"last_working_day": "onPremisesExtensionAttributes.extensionAttribute3", "contract_end_date": "extension_0123abcd_contractEnd",
				}},
				PageSize: 999, Department: "department", Selects: true, NoLeave: true,
				Requests: func(people int) int { return people/999 + 1 },
			}
			if moments {
				v.People = 100 // the form of dates says nothing about size
			}
			rostertest.Run(t, v)
		})
	}
}

// graph is GET /v1.0/users: what is selected and nothing else, null where it is empty, the manager only expanded.
func graph(t testing.TB, c *rostertest.Company, moments bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/v1.0/users" || q.Get("$select") == "" || q.Get("$expand") != "manager($select=id)" {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		if r.Header.Get("Authorization") != "Bearer graph-token-0123" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		top, offset := number(q.Get("$top"), 100), number(q.Get("$skiptoken"), 0)
		list, more := c.Page(offset, top)
		rows := []any{}
		for _, p := range list {
			all := graphUser(c, p, moments)
			row := map[string]any{"id": p.ID}
			for name := range strings.SplitSeq(q.Get("$select"), ",") {
				row[name] = all[name]
			}
			if p.Manager != "" {
				row["manager"] = map[string]any{"@odata.type": "#microsoft.graph.user", "id": p.Manager}
			}
			rows = append(rows, c.Record(p, row, "jobTitle"))
		}
		if offset == 0 && len(rows) > 0 {
			rows = append(rows, map[string]any{"id": "guest-1", "userType": "Guest", "accountEnabled": true})
		}
		body := map[string]any{"@odata.context": "x", "value": rows}
		if more {
			next := url.Values{"$select": {q.Get("$select")}, "$expand": {q.Get("$expand")}, "$top": {q.Get("$top")}, "$skiptoken": {fmt.Sprint(offset + top)}}
			body["@odata.nextLink"] = "http://" + r.Host + r.URL.Path + "?" + next.Encode()
		}
		write(w, body)
	})
}

func graphUser(c *rostertest.Company, p rostertest.Person, moments bool) map[string]any {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	date := func(s string) any {
		if s == "" {
			return nil
		}
		if !moments {
			return s + "T00:00:00Z"
		}
		t, err := time.Parse(time.RFC3339, c.DateTime(s))
		if err != nil {
			panic(err)
		}
		return t.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"id": p.ID, "userPrincipalName": p.ID + "@acme.example", "employeeId": p.Number, "givenName": text(p.GivenName), "surname": text(p.FamilyName), "displayName": p.FullName(),
		"mail": text(p.Email), "jobTitle": p.Title, "department": p.Department, "companyName": "Acme", "officeLocation": p.Location, "employeeType": string(p.Type),
		"employeeOrgData": nil, "userType": "Member", "accountEnabled": !p.Over() && !p.Ahead(), "employeeHireDate": date(p.Start), "employeeLeaveDateTime": date(p.End),
		"onPremisesExtensionAttributes":  map[string]any{"extensionAttribute1": text(p.Preferred), "extensionAttribute2": text(p.OriginalStart), "extensionAttribute3": text(p.LastDay), "extensionAttribute4": nil},
		"extension_0123abcd_contractEnd": text(p.Contract), "streetAddress": "secret", "mobilePhone": "secret",
	}
}

func TestEntraIDAccountsNotEnabled(t *testing.T) {
	t.Parallel()
	user := func(id, enabled, hired, left string) string {
		date := func(s string) string {
			if s == "" {
				return "null"
			}
			return fmt.Sprintf("%q", s+"T01:00:00Z")
		}
		return fmt.Sprintf(`{"id":%q,"accountEnabled":%s,"employeeHireDate":%s,"employeeLeaveDateTime":%s,"userType":null}`, id, enabled, date(hired), date(left))
	}
	users := stub(
		user("works", "true", "2020-01-01", ""), user("starts later", "false", "2026-04-01", ""), user("started today, enabled later", "false", "2026-03-15", ""),
		user("left long ago", "false", "2020-01-01", ""), user("left with a date", "false", "2026-03-14", "2026-03-14"), user("no dates", "false", "", ""), user("hidden", "null", "2020-01-01", ""),
		`{"id":"guest","userType":"guest","accountEnabled":true}`,
	)
	fields := off(nil, "user_name", "employee_number", "given_name", "family_name", "display_name", "work_email", "title", "department", "division", "cost_center", "organization",
		"location", "manager_source_id", "employment_type")
	src, err := idp.OpenEntraID(idp.Config{Name: "hr", Users: users, Mapping: roster.Mapping{FieldMap: fields}, Now: at("2026-03-15")})
	people := read(t, src, err)
	want := map[string]access.Status{
		"works": access.StatusActive, "starts later": access.StatusPreHire, "started today, enabled later": access.StatusPreHire, "left long ago": access.StatusTerminated,
		"left with a date": access.StatusTerminated, "no dates": access.StatusTerminated, "hidden": access.StatusUnknown,
	}
	if len(people) != len(want) {
		t.Errorf("%d people, want %d: guests are not among them", len(people), len(want))
	}
	for id, status := range want {
		if people[id].Status != status {
			t.Errorf("%s: %s, want %s", id, people[id].Status, status)
		}
	}
	if d := people["left with a date"].EndDate; d.String() != "2026-03-14" {
		t.Errorf("left on %s", d)
	}
}

func TestEntraIDSelection(t *testing.T) {
	t.Parallel()
	var asked url.Values
	s := ask(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		write(w, map[string]any{"value": []any{map[string]any{"id": "1", "accountEnabled": true, "userType": "Member", "employeeOrgData": map[string]any{"costCenter": "7"}}}})
	})
	fields := off(map[string]string{"cost_center": "employeeOrgData.costCenter"}, "user_name", "employee_number", "given_name", "family_name", "display_name", "work_email", "title",
		"department", "division", "organization", "location", "manager_source_id", "employment_type", "start_date", "end_date")
	src, err := idp.OpenEntraID(idp.Config{Name: "hr", Users: entraUsers(t, s.URL, "startsWith(userPrincipalName,'a')"), Mapping: roster.Mapping{FieldMap: fields}})
	if p := read(t, src, err)["1"]; p.CostCenter != "7" {
		t.Errorf("cost center %q", p.CostCenter)
	}
	selected := split(asked.Get("$select"))
	slices.Sort(selected)
	if got := strings.Join(selected, " "); got != "accountEnabled employeeOrgData id userType" || asked.Has("$expand") || asked.Get("$filter") == "" {
		t.Errorf("asked for %q, %v", got, asked)
	}
}
