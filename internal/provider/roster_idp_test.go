package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An identity provider or a directory is a roster by the same blocks in a plan and on the command line, with its secret
// from the environment; what is wrong with a block is said before anybody is asked.
func TestRosterFileOfIdentityProviders(t *testing.T) {
	const secret = "s3cr3t-from-environment"
	off := func(fields string) string {
		var list []string
		for f := range strings.FieldsSeq(fields) {
			list = append(list, f+` = ""`)
		}
		return "field_map = { " + strings.Join(list, ", ") + " }"
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answers := map[string]struct{ auth, body string }{
			"/api/v1/users":  {"SSWS " + secret, `[{"id":"7","status":"ACTIVE","profile":{"login":"ana@acme.example"}}]`},
			"/v1.0/users":    {"Bearer " + secret, `{"value":[{"id":"7","accountEnabled":true,"userType":"Member","userPrincipalName":"ana@acme.example","employeeHireDate":"2026-03-14T23:00:00Z"}]}`},
			"/scim/v2/Users": {"Bearer " + secret, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{"id":"7","userName":"ana@acme.example","active":true}]}`},
		}
		a, ok := answers[r.URL.Path]
		if !ok || r.Header.Get("Authorization") != a.auth {
			t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
		}
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(server.Close)
	t.Setenv("TENURE_ROSTER_HR_TOKEN", secret)
	t.Setenv("TENURE_ROSTER_HR_PASSWORD", secret)
	open := func(t *testing.T, kind string) (string, error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "rosters.tf")
		if err := os.WriteFile(file, []byte("time_zone = \"Europe/Madrid\"\nroster {\n name = \"hr\"\n "+kind+"\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		sources, _, _, err := RosterFile("test")(t.Context(), file)
		if err != nil {
			return "", err
		}
		kind = sources[0].Info().Kind
		if kind == "ldap" { // nobody listens here
			_, err := sources[0].People(t.Context())
			return kind, err
		}
		r, err := sources[0].People(t.Context())
		if err != nil {
			return kind, err
		}
		if len(r.People) != 1 || r.People[0].PersonID != "7" || r.People[0].UserName != "ana@acme.example" {
			t.Errorf("%+v", r)
		}
		if d := r.People[0].StartDate; kind == "entra_id" && d.String() != "2026-03-15" {
			t.Errorf("starts on %s", d)
		}
		return kind, nil
	}
	const common = "employee_number given_name family_name display_name work_email title department cost_center employment_type manager_source_id "
	for name, tt := range map[string]struct{ block, kind, err string }{
		"okta":     {fmt.Sprintf("okta {\n org_url = %q\n %s\n }", server.URL, off(common)), "okta", ""},
		"scim":     {fmt.Sprintf("scim {\n base_url = %q\n %s\n }", server.URL+"/scim/v2", off(common)), "scim", ""},
		"entra_id": {fmt.Sprintf("entra_id {\n tenant_id = %q\n endpoint = %q\n date_zone = \"Europe/Madrid\"\n %s\n }", "11111111-2222-3333-4444-555555555555", server.URL, off(common+"division organization location end_date")), "entra_id", ""},
		"ldap":     {"ldap {\n url = \"ldap://127.0.0.1:1\"\n bind_dn = \"cn=reader\"\n base_dn = \"dc=acme\"\n}", "ldap", "does not answer as a directory"},

		"okta, no address":     {"okta {\n org_url = \"acme\"\n field_map = { nonsense = \"x\" }\n}", "", "nonsense"},
		"scim, in the clear":   {"scim {\n base_url = \"http://acme.example\"\n}", "", "https"},
		"entra_id, no tenant":  {"entra_id {\n tenant_id = \"acme\"\n}", "", "tenant_id"},
		"entra_id, no zone":    {"entra_id {\n tenant_id = \"11111111-2222-3333-4444-555555555555\"\n date_zone = \"Mars\"\n}", "", "date_zone"},
		"ldap, in the clear":   {"ldap {\n url = \"ldap://acme.example\"\n bind_dn = \"cn=reader\"\n base_dn = \"dc=acme\"\n}", "", "in the clear"},
		"okta, a private path": {fmt.Sprintf("okta {\n org_url = %q\n custom = { x = \"profile.salary\" }\n }", server.URL), "", "never read"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, err := open(t, tt.block)
			switch {
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%v; want %q", err, tt.err)
			case kind != tt.kind:
				t.Errorf("kind %q, want %q", kind, tt.kind)
			case err != nil && strings.Contains(err.Error(), secret):
				t.Errorf("%v tells the secret", err)
			}
		})
	}
}
