// Package examples_test makes the examples tests: what the documentation shows is validated and planned by a real
// Terraform or OpenTofu. `make lint` holds their formatting.
package examples_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// world is what an example finds: two apps and a roster. The slack of the examples is a file here.
const world = `
terraform {
  required_providers {
    tenure = { source = "tenure-access/tenure" }
  }
}

provider "tenure" {
  app {
    name = "slack"
    local { path = "slack.json" }
  }
  app {
    name = "wiki"
    local { path = "wiki.json" }
  }
  roster {
    name = "hr"
    csv { path = "people.csv" }
  }
}
`

const slack = `{
  "accounts": [
    {"id": "U061F7AUR", "user_name": "ana@acme.com"},
    {"id": "U0G9QF9GW", "user_name": "cto@acme.com"},
    {"id": "U012AB3CD", "user_name": "deploy-bot@acme.com"}
  ],
  "groups": [
    {"id": "S0613K2LM", "name": "all-hands", "members": {}},
    {"id": "S0614TZR7", "name": "engineering", "members": {}},
    {"id": "S0615G0KT", "name": "on-call", "members": {"ana@acme.com": "member"}}
  ]
}`

const wiki = `{
  "accounts": [{"id": "u-000001", "user_name": "ana@acme.com"}],
  "groups": [],
  "licenses": [{"product": "Design", "license": "Full", "total": 5, "assignees": ["ana@acme.com"]}]
}`

const people = "id,first_name,last_name,work_email,job_title,department,employment_type,status,start_date\n" +
	"1001,Ana,García,ana@acme.com,Engineer,Engineering,Full-time,Active,2020-01-07\n" +
	"1002,Inês,Gonçalves,cto@acme.com,CTO,Leadership,Full-time,Active,2017-03-06\n" +
	"1042,Łukasz,Wójcik,lukasz@acme.com,Product Designer,Design,Full-time,Active,2021-09-04\n"

// TestExamples validates and plans every directory with an example, and imports what it shows how to import.
func TestExamples(t *testing.T) {
	t.Parallel()
	var dirs []string
	for _, pattern := range []string{"provider", "quickstart", "single-resources", "resources/*", "data-sources/*", "pipelines/leavers"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, found...)
	}
	if len(dirs) < 15 {
		t.Fatalf("found only %q: the examples have moved and this test has not", dirs)
	}
	for _, dir := range dirs {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			w := furnish(t, dir)
			w.Run("validate")
			_, plan := w.Plan()
			isResource := strings.HasPrefix(dir, "resources/")
			hasResources := isResource || dir == "quickstart" || dir == "single-resources" || dir == "pipelines/leavers"
			if changes := acctest.Changes(plan); hasResources != (len(changes) > 0) {
				t.Errorf("the plan changes %d resources: %v", len(changes), changes)
			}
			if _, err := os.Stat(filepath.Join(dir, "import.sh")); err == nil {
				imports(t, dir)
			}
		})
	}
}

// TestDocumentation validates the configurations that README and guides show. Fragments, which do not begin with a
// provider block, are for people only.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../templates/guides/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, page := range append(pages, "../README.md") {
		for _, block := range regexp.MustCompile("(?s)```(?:hcl|terraform)\n(.*?)```").FindAllStringSubmatch(read(t, page), -1) {
			at := strings.Index(block[1], "provider \"tenure\"")
			if at < 0 {
				continue
			}
			shown++
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(page), shown), func(t *testing.T) {
				t.Parallel()
				w := acctest.NewWorkspace(t)
				w.Config(block[1])
				w.Run("validate")
			})
		}
	}
	if shown < 4 {
		t.Errorf("found only %d configurations: the pages have moved and this test has not", shown)
	}
}

// TestCutoff carries the example of a cutoff out: it deactivates whom it names, again when somebody undoes it, and
// nothing else ever.
func TestCutoff(t *testing.T) {
	t.Parallel()
	w := furnish(t, "resources/tenure_cutoff")
	states := func() map[string]bool {
		var app struct {
			Accounts []struct {
				UserName string `json:"user_name"`
				Active   *bool  `json:"active"`
			} `json:"accounts"`
		}
		if err := json.Unmarshal([]byte(w.Read("slack.json")), &app); err != nil {
			t.Fatal(err)
		}
		active := make(map[string]bool)
		for _, a := range app.Accounts {
			active[a.UserName] = a.Active == nil || *a.Active
		}
		return active
	}
	want := map[string]bool{"ana@acme.com": false, "cto@acme.com": true, "deploy-bot@acme.com": true}
	for _, step := range []string{"cut off", "cut off again after somebody has undone it"} {
		w.Run("apply", "-auto-approve")
		if got := states(); !maps.Equal(got, want) {
			t.Fatalf("%s: active are %v, want %v", step, got, want)
		}
		if _, plan := w.Plan(); len(acctest.Changes(plan)) != 0 {
			t.Errorf("%s: the next plan has changes: %v", step, acctest.Changes(plan))
		}
		if step == "cut off" {
			w.Write("slack.json", strings.Replace(w.Read("slack.json"), `"active": false`, `"active": true`, 1))
		}
	}
	was := w.Read("slack.json")
	w.Run("destroy", "-auto-approve")
	if w.Read("slack.json") != was {
		t.Error("destroying the cutoff has written to the app")
	}
}

// imports tries each of the ways to import that an example shows: afterwards, nothing is created.
func imports(t *testing.T, dir string) {
	t.Helper()
	address, id := importCommand(t, filepath.Join(dir, "import.sh"))
	if !strings.HasPrefix(address, filepath.Base(dir)+".") {
		t.Fatalf("import.sh imports %s, which is no %s", address, filepath.Base(dir))
	}
	imported := func(t *testing.T, w *acctest.Workspace) {
		t.Helper()
		_, plan := w.Plan()
		if got := acctest.Changes(plan)[address]; got != "" && got != "update" {
			t.Errorf("with the import the plan is to %s %s", got, address)
		}
	}
	t.Run("command", func(t *testing.T) {
		t.Parallel()
		w := furnish(t, dir)
		w.Run("import", address, id)
		imported(t, w)
	})
	for _, file := range []string{"import-by-string-id.tf", "import-by-identity.tf"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			w := furnish(t, dir)
			if file == "import-by-identity.tf" && !knowsIdentity(t, w) {
				t.Skip("not checked: import by identity, which needs Terraform or OpenTofu 1.12")
			}
			// The slack of the examples is the service, the one here is a file.
			content := strings.ReplaceAll(read(t, filepath.Join(dir, file)), "api.slack.com/scim/v2", "local:slack.json")
			w.Write(file, content)
			imported(t, w)
		})
	}
}

// furnish makes a workspace with an example and the world around it, without the imports that the example shows.
func furnish(t *testing.T, dir string) *acctest.Workspace {
	t.Helper()
	w := acctest.NewWorkspace(t)
	for name, content := range map[string]string{"slack.json": slack, "wiki.json": wiki, "people.csv": people} {
		w.Write(name, content)
	}
	if standsAlone := !strings.Contains(dir, "/"); !standsAlone {
		w.Write("world.tf", world)
	}
	copyOver(t, w.Dir, dir)
	return w
}

// knowsIdentity tells whether import blocks take an identity.
func knowsIdentity(t *testing.T, w *acctest.Workspace) bool {
	t.Helper()
	var v struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(w.Run("version", "-json")), &v); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(v.Version, "%d.%d.", &major, &minor); err != nil {
		t.Fatalf("%q is not a version: %v", v.Version, err)
	}
	return major > 1 || minor >= 12
}

// copyOver copies an example without its imports, which are for people who have the thing already.
func copyOver(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(entry.Name(), "import") {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o750)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// importCommand gives address and id of the "terraform import" line.
func importCommand(t *testing.T, file string) (address, id string) {
	t.Helper()
	for line := range strings.Lines(read(t, file)) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "terraform" && f[1] == "import" {
			return strings.Trim(f[2], "'"), f[3] // quoted for a shell, where it is an instance
		}
	}
	t.Fatalf("%s has no line \"terraform import ADDRESS ID\"", file)
	return "", ""
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestPolicyTests runs the tests of the example policy, and makes sure that they can fail.
func TestPolicyTests(t *testing.T) {
	t.Parallel()
	w := acctest.NewWorkspace(t)
	copyOver(t, w.Dir, "policy-tests")
	if out := w.Run("test"); !strings.Contains(out, "6 passed, 0 failed") {
		t.Errorf("the tests of the policy:\n%s", out)
	}
	w.Write("people.csv", strings.Replace(w.Read("people.csv"), ",2026-03-31,", ",2026-04-30,", 1))
	if out, code := w.Try("test"); code == 0 || !strings.Contains(out, "Cy still has access after the last day") {
		t.Errorf("a leaver who stays passes the tests (exit code %d):\n%s", code, out)
	}
}
