package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// A file with the blocks of a provider opens the same rosters as a plan does, environment variables included.
func TestRosterFile(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, _, _ := r.BasicAuth(); key != "key-from-environment" {
			t.Errorf("key %q", key)
		}
		fmt.Fprint(w, `{"title": "x", "fields": [{"id": "firstName"}, {"id": "lastName"}, {"id": "hireDate"}, {"id": "status"}, {"id": "terminationDate"}, {"id": "employmentHistoryStatus"}], "employees": [`+
			`{"id": "7", "firstName": "Ana", "lastName": "García", "hireDate": "2020-01-01", "status": "Active", "terminationDate": null, "employmentHistoryStatus": "Full-Time"}]}`)
	}))
	t.Cleanup(server.Close)
	t.Setenv("TENURE_ROSTER_HR_TOKEN", "key-from-environment")
	block := fmt.Sprintf(`
  roster {
    name = "hr"
    bamboohr {
      company   = "acme"
      base_url  = %q
      field_map = { %s }
    }
  }
`, server.URL, `employee_number = "", middle_name = "", preferred_given_name = "", work_email = "", title = "", department = "", division = "", location = "", manager_source_id = "", original_hire_date = ""`)
	for name, text := range map[string]string{
		"alone":                   "time_zone = \"Europe/Madrid\"\nas_of = \"2026-03-15\"\n" + block,
		"in a provider block":     "terraform {}\nprovider \"aws\" { region = var.region }\nprovider \"tenure\" {\n  time_zone = \"Europe/Madrid\"\n  as_of = \"2026-03-15\"\n" + block + "}\n",
		"in a long configuration": "variable \"x\" {}\nresource \"a\" \"b\" { c = var.x }\nprovider \"tenure\" {\n time_zone = \"Europe/Madrid\"\n as_of = \"2026-03-15\"\n app {\n name = var.x\n }\n" + block + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "rosters.tf")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			sources, o, now, err := RosterFile("test")(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			if len(sources) != 1 || sources[0].Info().Kind != "bamboohr" || sources[0].Info().Name != "hr" || o.TimeZone.String() != "Europe/Madrid" || now.Format("2006-01-02") != "2026-03-15" {
				t.Fatalf("%d sources, %s, %s", len(sources), o.TimeZone, now)
			}
			r, err := sources[0].People(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(r.People) != 1 || r.People[0].PersonID != "7" || lifecycle.At(r.People[0], now, o).Stage != lifecycle.StageActive {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRosterFileErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":        {"time_zone = \"UTC\"\n", "there is no roster block"},
		"a misspelt key": {"roster {\n name = \"hr\"\n csv {\n pth = \"a\"\n }\n}\n", `Did you mean "path"?`},
		"no kind":        {"roster {\n name = \"hr\"\n}\n", "exactly one kind"},
		"no name":        {"roster {\n csv { path = \"a\" }\n}\n", `"name" is required`},
		"a variable":     {"roster {\n name = \"hr\"\n bamboohr {\n company = \"a\"\n api_key = var.key\n }\n}\n", "Variables not allowed"},
		"pay":            {"roster {\n name = \"hr\"\n bamboohr {\n company = \"a\"\n api_key = \"s3cr3t-key\"\n custom = { x = \"payRate\" }\n }\n}\n", "never read"},
		"no HCL":         {"roster {", "rosters.hcl:1"},
		"a bad key word": {"roster {\n name = \"hr\"\n csv { path = \"a\" }\n colour = 1\n}\n", "colour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "rosters.hcl")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, _, err := RosterFile("test")(t.Context(), file)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}
