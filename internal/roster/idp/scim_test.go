package idp_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	own        = "urn:acme:params:scim:schemas:hr:1.0:User"
)

func scimUsers(t testing.TB, c scim.Config, all bool) idp.Users {
	t.Helper()
	c.Name = "hr"
	a, err := scim.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, attributes []string, page func([]json.RawMessage, int) error) error {
		if all {
			attributes = nil
		}
		return a.RawUsers(ctx, attributes, "", page)
	}
}

func TestRosterSCIM(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"attributes": false, "everything": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := rostertest.Vendor{
				Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return scimFake(t, c, all) },
				Open: func(url string, m roster.Mapping) (roster.Source, error) {
					oauth := scim.OAuth2{TokenURL: url + "/token", ClientID: "client", ClientSecret: "client-secret-0"}
					return idp.OpenSCIM(idp.Config{Name: "hr", Users: scimUsers(t, scim.Config{BaseURL: url + "/scim/v2", OAuth2: &oauth}, all), Mapping: m})
				},
				Mapping: roster.Mapping{FieldMap: map[string]string{
					"cost_center": "", "location": own + ":site", "preferred_given_name": "nickName", "start_date": own + ":startDate", "original_hire_date": own + ":firstDay",
					"end_date": own + ":endDate", "last_working_day": own + ":lastDay", "contract_end_date": own + ":contractEnd",
				}},
				PageSize: 100, TokenPath: "/token", Totals: true, Department: enterprise + ":department", Selects: !all, Asked: "department", NoLeave: true,
				Requests: func(people int) int { return people/100 + 2 },
			}
			if all {
				v.People = 150 // what is asked for says nothing about size
			}
			rostertest.Run(t, v)
		})
	}
}

// scimFake is GET /Users of RFC 7644: only the attributes that are asked for, no attribute without a value.
func scimFake(t testing.TB, c *rostertest.Company, all bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			write(w, map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "expires_in": 3600})
			return
		}
		if r.Method != http.MethodGet || r.URL.Path != "/scim/v2/Users" || r.URL.Query().Has("filter") {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		if !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		asked := split(r.URL.Query().Get("attributes"))
		if (len(asked) == 0) != all {
			t.Errorf("attributes=%q", asked)
		}
		start := number(r.URL.Query().Get("startIndex"), 1)
		list, _ := c.Page(start-1, number(r.URL.Query().Get("count"), 10))
		rows := []any{}
		for _, p := range list {
			user := scimUser(c, p)
			if ext := user[enterprise].(map[string]any); c.Withheld() == enterprise+":department" {
				delete(ext, "department")
			}
			if !all {
				user = project(user, asked)
			}
			rows = append(rows, c.Record(p, user, "title"))
		}
		w.Header().Set("Content-Type", "application/scim+json")
		write(w, map[string]any{
			"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": c.Total(), "startIndex": start, "itemsPerPage": len(rows), "Resources": rows,
		})
	})
}

// project keeps what is asked for, and the id.
func project(user map[string]any, asked []string) map[string]any {
	out := map[string]any{"schemas": user["schemas"], "id": user["id"]}
	for key, v := range user {
		sub, _ := v.(map[string]any)
		for name, v := range sub {
			sep := "."
			if strings.HasPrefix(key, "urn:") {
				sep = ":"
			}
			if slices.Contains(asked, key+sep+name) {
				if out[key] == nil {
					out[key] = map[string]any{}
				}
				out[key].(map[string]any)[name] = v
			}
		}
		if slices.Contains(asked, key) {
			out[key] = v
		}
	}
	return out
}

func scimUser(c *rostertest.Company, p rostertest.Person) map[string]any {
	var emails, manager any
	if p.Email != "" {
		emails = []any{
			map[string]any{"value": "private@home.example", "type": "home"},
			map[string]any{"value": p.Email, "type": "work", "primary": true},
		}
	}
	if p.Manager != "" {
		manager = map[string]any{"value": p.Manager, "$ref": "../Users/" + p.Manager}
	}
	return compact(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise, own}, "id": p.ID, "externalId": p.Number, "userName": p.ID + "@acme.example",
		"name": compact(map[string]any{"givenName": p.GivenName, "familyName": p.FamilyName}), "displayName": p.FullName(), "nickName": p.Preferred, "title": p.Title,
		"userType": string(p.Type), "active": !p.Over(), "emails": emails, "addresses": []any{map[string]any{"streetAddress": "secret"}},
		enterprise: compact(map[string]any{"employeeNumber": p.Number, "department": p.Department, "manager": manager}),
		own: compact(map[string]any{
			"site": p.Location, "startDate": c.DateTime(p.Start), "firstDay": c.DateTime(p.OriginalStart), "endDate": p.End, "lastDay": p.LastDay, "contractEnd": p.Contract,
		}),
	})
}

func TestSCIMUsersAsServersWriteThem(t *testing.T) {
	t.Parallel()
	fields := off(nil, "given_name", "family_name", "display_name", "title", "department", "cost_center", "employment_type")
	for name, tt := range map[string]struct {
		user, email, manager string
		status               access.Status
	}{
		"as the standard says":  {`"active":true,"emails":[{"value":"w@acme.example","type":"work"},{"value":"h@home.example","type":"home","primary":true}]`, "w@acme.example", "", access.StatusActive},
		"text for a flag":       {`"active":"False","emails":[{"value":"w@acme.example"}]`, "w@acme.example", "", access.StatusTerminated},
		"no flag":               {`"emails":["w@acme.example"]`, "w@acme.example", "", access.StatusUnknown},
		"two for work":          {`"active":true,"emails":[{"value":"w@acme.example","type":"work"},{"value":"v@acme.example","type":"work"}]`, "", "", access.StatusActive},
		"one of two is primary": {`"active":true,"emails":[{"value":"w@acme.example","type":"work"},{"value":"v@acme.example","type":"work","primary":true}]`, "v@acme.example", "", access.StatusActive},
		"private only":          {`"active":true,"emails":[{"value":"h@home.example","type":"home","primary":true}]`, "", "", access.StatusActive},
		"a text for a manager":  {`"active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user":{"manager":"boss"}`, "", "boss", access.StatusActive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := stub(
				`{"id":"boss","userName":"boss","active":true,"emails":[{"value":"boss@acme.example"}],"`+enterprise+`":{"employeeNumber":"1","manager":{"value":"u"}}}`,
				`{"id":"u","userName":"u",`+tt.user+`}`)
			src, err := idp.OpenSCIM(idp.Config{Name: "hr", Users: users, Mapping: roster.Mapping{FieldMap: fields}})
			p := read(t, src, err)["u"]
			if p.WorkEmail != tt.email || p.Status != tt.status || p.ManagerID != tt.manager {
				t.Errorf("e-mail %q, manager %q, status %s; want %q, %q, %s", p.WorkEmail, p.ManagerID, p.Status, tt.email, tt.manager, tt.status)
			}
		})
	}
}

func TestSCIMCursors(t *testing.T) {
	t.Parallel()
	s := ask(t, func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"": "b", "b": "c"}
		cursor := r.URL.Query().Get("cursor")
		write(w, map[string]any{
			"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": 3, "nextCursor": next[cursor],
			"Resources": []any{map[string]any{"id": "u" + cursor, "userName": "u" + cursor, "active": true}},
		})
	})
	users := scimUsers(t, scim.Config{BaseURL: s.URL, Token: "scim-token-01", Override: scim.Dialect{Paging: "cursor"}}, false)
	fields := off(nil, "employee_number", "given_name", "family_name", "display_name", "work_email", "title", "department", "cost_center", "manager_source_id", "employment_type")
	src, err := idp.OpenSCIM(idp.Config{Name: "hr", Users: users, Mapping: roster.Mapping{FieldMap: fields}})
	if people := read(t, src, err); len(people) != 3 {
		t.Errorf("%d people", len(people))
	}
}
