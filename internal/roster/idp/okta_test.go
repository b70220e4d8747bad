package idp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/idp"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
)

func oktaUsers(t testing.TB, c okta.Config) idp.Users {
	t.Helper()
	c.Name, c.ReadOnly, c.RateLimitShare = "hr", true, 100
	a, err := okta.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return a.(*okta.Directory).RawUsers
}

func TestRosterOkta(t *testing.T) {
	t.Parallel()
	rostertest.Run(t, rostertest.Vendor{
		Fake: oktaFake,
		Open: func(url string, m roster.Mapping) (roster.Source, error) {
			return idp.OpenOkta(idp.Config{Name: "hr", Users: oktaUsers(t, okta.Config{OrgURL: url, Token: "api-token-0123"}), Mapping: m})
		},
		Mapping: roster.Mapping{StatusMap: map[string]string{"SUSPENDED": "leave"}, FieldMap: map[string]string{
			"cost_center": "", "location": "profile.site", "preferred_given_name": "profile.nickName", "start_date": "profile.startDate", "original_hire_date": "profile.firstDay",
			"end_date": "profile.endDate", "last_working_day": "profile.lastDay", "contract_end_date": "profile.contractEnd",
		}},
		PageSize: 200, Department: "profile.department", Selects: true, Asked: "department",
		Requests: func(people int) int { return people/200 + 1 },
	})
}

var profileFields = regexp.MustCompile(`^(.*),profile:\(([^)]*)\)$`)

// oktaFake is GET /api/v1/users: without a filter nobody who is deprovisioned, with fields only those.
func oktaFake(t testing.TB, c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		fields := profileFields.FindStringSubmatch(q.Get("fields"))
		if r.Method != http.MethodGet || r.URL.Path != "/api/v1/users" || fields == nil {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
			return
		}
		if r.Header.Get("Authorization") != "SSWS api-token-0123" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		limit, offset := number(q.Get("limit"), 0), number(strings.TrimPrefix(q.Get("after"), "cursor-"), 0)
		list, more := c.Page(offset, limit)
		users := []any{}
		for _, p := range list {
			user := oktaUser(c, p)
			if !strings.Contains(q.Get("filter"), user["status"].(string)) {
				continue
			}
			for name := range user {
				if name != "profile" && !slices.Contains(split(fields[1]), name) {
					delete(user, name)
				}
			}
			profile, _ := user["profile"].(map[string]any)
			for name := range profile {
				if !slices.Contains(split(fields[2]), name) {
					delete(profile, name)
				}
			}
			users = append(users, c.Record(p, user, "profile.title"))
		}
		w.Header().Add("Link", "<http://"+r.Host+r.URL.RequestURI()+`>; rel="self"`)
		if more {
			q.Set("after", fmt.Sprintf("cursor-%d", offset+limit))
			w.Header().Add("Link", "<http://"+r.Host+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
		}
		write(w, users)
	})
}

func oktaUser(c *rostertest.Company, p rostertest.Person) map[string]any {
	return map[string]any{
		"id": p.ID, "created": "2020-01-01T00:00:00.000Z", "credentials": map[string]any{"provider": "x"},
		"status": map[access.Status]string{
			access.StatusActive: "ACTIVE", access.StatusNotice: "PASSWORD_EXPIRED", access.StatusLeave: "SUSPENDED", access.StatusPreHire: "STAGED", access.StatusTerminated: "DEPROVISIONED",
		}[p.Status],
		"profile": compact(map[string]any{
			"login": p.ID + "@acme.example", "email": p.Email, "secondEmail": "private@home.example", "firstName": p.GivenName, "lastName": p.FamilyName, "displayName": p.FullName(),
			"nickName": p.Preferred, "employeeNumber": p.Number, "userType": string(p.Type), "title": p.Title, "department": p.Department, "site": p.Location,
			"managerId": p.Manager, "startDate": p.Start, "firstDay": p.OriginalStart, "endDate": c.DateTime(p.End), "lastDay": p.LastDay, "contractEnd": p.Contract,
		}),
	}
}

func TestOktaStatuses(t *testing.T) {
	t.Parallel()
	var users []string
	want := map[string]access.Status{
		"STAGED": access.StatusUnknown, "PROVISIONED": access.StatusActive, "ACTIVE": access.StatusActive, "RECOVERY": access.StatusActive, "LOCKED_OUT": access.StatusActive,
		"PASSWORD_EXPIRED": access.StatusActive, "SUSPENDED": access.StatusUnknown, "DEPROVISIONED": access.StatusTerminated, "NEW_WORD": access.StatusUnknown,
	}
	for status := range want {
		users = append(users, fmt.Sprintf(`{"id":%q,"status":%q,"profile":{"login":"%s@acme.example","hired":"2026-01-01"}}`, status, status, status))
	}
	fields := off(nil, "employee_number", "given_name", "family_name", "display_name", "work_email", "title", "department", "cost_center", "employment_type", "manager_source_id")
	src, err := idp.OpenOkta(idp.Config{Name: "hr", Users: stub(users...), Mapping: roster.Mapping{FieldMap: fields}})
	for id, p := range read(t, src, err) {
		if p.Status != want[id] {
			t.Errorf("%s is %s, want %s", id, p.Status, want[id])
		}
	}
	fields["start_date"] = "profile.hired"
	src, err = idp.OpenOkta(idp.Config{Name: "hr", Users: stub(users...), Mapping: roster.Mapping{FieldMap: fields}})
	if p := read(t, src, err)["STAGED"]; p.Status != access.StatusPreHire {
		t.Errorf("with a start date STAGED is %s", p.Status)
	}
}

// TestOktaServiceApp: a service app asks for the one scope, and for a new token when the old one is over.
func TestOktaServiceApp(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var tokens atomic.Int64
	company := &rostertest.Company{}
	s := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth2/v1/token" {
			if err := r.ParseForm(); err != nil || r.PostForm.Get("scope") != "okta.users.read" {
				t.Errorf("scope %q", r.PostForm.Get("scope"))
			}
			tokens.Add(1)
			write(w, map[string]any{"access_token": company.IssueToken(), "token_type": "Bearer", "expires_in": 1})
			return
		}
		if !company.Allows(r) {
			t.Errorf("%s with an old token", r.URL)
		}
		if r.URL.Query().Get("after") == "" {
			w.Header().Add("Link", "<http://"+r.Host+r.URL.Path+`?after=x>; rel="next"`)
		}
		write(w, []any{map[string]any{"id": "u" + r.URL.Query().Get("after"), "status": "ACTIVE", "profile": map[string]any{"login": r.URL.Query().Get("after") + "@acme.example"}}})
	})
	users := oktaUsers(t, okta.Config{
		OrgURL: s.URL, ClientID: "0oa1", PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), Scopes: []string{"okta.users.read"},
	})
	fields := off(nil, "employee_number", "given_name", "family_name", "display_name", "work_email", "title", "department", "cost_center", "employment_type", "manager_source_id")
	src, err := idp.OpenOkta(idp.Config{Name: "hr", Users: users, Mapping: roster.Mapping{FieldMap: fields}})
	if people := read(t, src, err); len(people) != 2 || tokens.Load() != 2 {
		t.Errorf("%d people, %d tokens", len(people), tokens.Load())
	}
}
