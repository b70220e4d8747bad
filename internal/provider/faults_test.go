package provider_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// secretToken is looked for in everything that Terraform writes.
const secretToken = "xoxp-not-to-be-seen-4711"

// service is a SCIM service provider on loopback.
type service struct {
	*sandbox.Server
	url string
}

func newService(t testing.TB, o sandbox.Options) *service {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	http := httptest.NewServer(s)
	t.Cleanup(func() {
		s.ClearFaults() // releases what hangs
		http.Close()
	})
	return &service{s, http.URL + sandbox.BasePath}
}

// hcl is a provider block with the app "slack" on this service.
func (s *service) hcl(appLines, rest string) string {
	return fmt.Sprintf(`
provider "tenure" {
  app {
    name            = "slack"
    request_timeout = "500ms"
    max_retries     = 0
%s
    scim {
      base_url = %q
      token    = %q
    }
  }
}
%s`, appLines, s.url, secretToken, rest)
}

const anaInSlack = `
resource "tenure_account" "ana" {
  app       = "slack"
  user_name = "ana@acme.com"
  title     = "Engineer"
}
`

// What a failing app does to a plan: one clear error that names app, subject, cause and next step, and a
// state in which nothing is lost. A refusal is never taken for absence.
func TestFailuresAtRead(t *testing.T) {
	t.Parallel()
	retry := 1
	for name, tc := range map[string]struct {
		fault sandbox.Fault
		want  []string
	}{
		"401":            {sandbox.Fault{Status: 401}, []string{"credential"}},
		"403":            {sandbox.Fault{Status: 403}, []string{"permission"}},
		"429":            {sandbox.Fault{Status: 429, RetryAfter: &retry}, []string{"max_requests_per_second"}},
		"500":            {sandbox.Fault{Status: 500}, []string{"run again"}},
		"503":            {sandbox.Fault{Status: 503}, []string{"run again"}},
		"a hang":         {sandbox.Fault{Hang: true}, []string{"run again"}},
		"a cut answer":   {sandbox.Fault{Payload: sandbox.PayloadCut}, []string{"run again"}},
		"HTML":           {sandbox.Fault{Status: 200, Payload: sandbox.PayloadHTML}, []string{"text/html"}},
		"garbage":        {sandbox.Fault{Status: 200, Payload: sandbox.PayloadGarbage}, nil},
		"an empty body":  {sandbox.Fault{Status: 200, Payload: sandbox.PayloadEmpty}, nil},
		"a closed line":  {sandbox.Fault{Close: true}, []string{"run again"}},
		"HTML for a 403": {sandbox.Fault{Status: 403, Payload: sandbox.PayloadHTML}, []string{"permission"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, sandbox.Options{Token: secretToken})
			w := acctest.NewWorkspace(t)
			w.Config(s.hcl("", anaInSlack))
			w.Apply()
			before := w.Read("terraform.tfstate")
			if err := s.AddFaults(sandbox.Rule{Path: "^/Users", Fault: tc.fault}); err != nil {
				t.Fatal(err)
			}
			out, code := w.Try("plan")
			if code != 1 {
				t.Fatalf("plan: exit code %d\n%s", code, out)
			}
			flat := strings.ToLower(flatten(out))
			for _, want := range append(tc.want, "slack", "ana@acme.com", "state is unchanged") {
				if !strings.Contains(flat, strings.ToLower(want)) {
					t.Errorf("the error does not say %q:\n%s", want, out)
				}
			}
			if got := strings.Count(out, "Error: "); got != 1 {
				t.Errorf("%d errors for one failure:\n%s", got, out)
			}
			if w.Read("terraform.tfstate") != before {
				t.Error("the failed plan changed the state")
			}
			if name == "429" {
				return // asks to wait before it can be used again
			}
			s.ClearFaults()
			w.Empty()
		})
	}
}

// flatten undoes Terraform's line wrapping and box drawing.
func flatten(out string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
}

// An account that is really gone leaves the state and is planned anew; a truncated or repeated listing is
// an error, and nobody is planned to be created from it.
func TestAbsenceIsConfirmed(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken, Dialect: sandbox.Dialect{PageSize: 2}})
	w := acctest.NewWorkspace(t)
	var hcl strings.Builder
	for i := range 8 {
		fmt.Fprintf(&hcl, "resource \"tenure_account\" \"p%d\" {\n  app = \"slack\"\n  user_name = \"p%d@acme.com\"\n}\n", i, i)
	}
	w.Config(s.hcl("", hcl.String()))
	w.Apply()
	for _, page := range []sandbox.PageFault{sandbox.PageTruncated, sandbox.PageRepeated} {
		if err := s.AddFaults(sandbox.Rule{Path: "^/Users$", Fault: sandbox.Fault{Page: page}}); err != nil {
			t.Fatal(err)
		}
		if out, code := w.Try("plan", "-detailed-exitcode"); code == 2 {
			t.Errorf("a %s listing was planned from:\n%s", page, out)
		}
		s.ClearFaults()
	}
	if err := s.DeleteUser("p3@acme.com"); err != nil {
		t.Fatal(err)
	}
	_, plan := w.Plan()
	if got := acctest.Changes(plan); len(got) != 1 || got["tenure_account.p3"] != "create" {
		t.Errorf("after one deletion the plan is %v", got)
	}
}

// The token is in no state, no plan, no diagnostic and no log, not even at TRACE, not even when the server echoes it.
func TestTokenIsNowhere(t *testing.T) {
	t.Parallel()
	s := newService(t, sandbox.Options{Token: secretToken})
	w := acctest.NewWorkspace(t)
	log := filepath.Join(w.Dir, "trace.log")
	// From the environment: a literal in the configuration is shown in a plan's copy of the configuration.
	w.Env = append(w.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+log, "TENURE_APP_SLACK_TOKEN="+secretToken)
	config := func(resources string) {
		w.Config(strings.Replace(s.hcl("", resources), fmt.Sprintf("token    = %q", secretToken), "", 1))
	}
	config(anaInSlack)
	out := w.Run("plan", "-out=tfplan") + w.Run("apply", "tfplan")
	if err := s.AddFaults(sandbox.Rule{Method: "PATCH", Fault: sandbox.Fault{Status: 400}}); err != nil {
		t.Fatal(err)
	}
	config(strings.Replace(anaInSlack, "Engineer", "Manager", 1))
	failed, _ := w.Try("apply", "-auto-approve")
	for name, text := range map[string]string{"output": out + failed, "state": w.Read("terraform.tfstate"), "log": w.Read("trace.log"), "plan": w.Run("show", "-json", "tfplan")} {
		if strings.Contains(text, secretToken) {
			i := strings.Index(text, secretToken)
			t.Errorf("the token is in the %s: …%s…", name, text[max(0, i-200):i])
		}
	}
	if info, err := os.Stat(log); err != nil || info.Size() < 10_000 {
		t.Errorf("the trace log is too small to prove anything: %v, %v", info, err)
	}
}

// Refreshing N accounts costs at most twice the best choice between N reads and a listing.
func TestRefreshBudget(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ managed, total, page int }{{1, 300, 50}, {3, 300, 50}, {40, 40, 50}, {120, 300, 50}, {200, 200, 50}} {
		t.Run(fmt.Sprintf("%d of %d", tc.managed, tc.total), func(t *testing.T) {
			t.Parallel()
			s := newService(t, sandbox.Options{Token: secretToken, Dialect: sandbox.Dialect{PageSize: tc.page}})
			for i := range tc.total {
				if _, err := s.AddUser(sandbox.User{UserName: fmt.Sprintf("p%d@acme.com", i)}); err != nil {
					t.Fatal(err)
				}
			}
			w := acctest.NewWorkspace(t)
			w.Config(s.hcl("", fmt.Sprintf("resource \"tenure_account\" \"p\" {\n  count = %d\n  app = \"slack\"\n  user_name = \"p${count.index}@acme.com\"\n}\n", tc.managed)))
			w.Run("apply", "-auto-approve")
			s.Reset()
			w.Empty()
			pages := (tc.total + tc.page - 1) / tc.page
			if got, budget := s.Stats().Total, 2*min(tc.managed, pages); got > budget {
				t.Errorf("%d requests, the budget is %d: %v", got, budget, s.Stats().Counts)
			}
		})
	}
}
