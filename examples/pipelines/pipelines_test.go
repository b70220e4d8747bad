// Package pipelines_test makes the example pipelines tests: what their files say is checked here (`make lint` has
// actionlint besides), and the script that they share is run with the provider's own binary and a Terraform that
// answers from a file.
package pipelines_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func files(t *testing.T, pattern string, least int) map[string]string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) < least {
		t.Fatalf("%s is %q: %v", pattern, found, err)
	}
	out := make(map[string]string)
	for _, f := range found {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = string(b)
	}
	return out
}

// workflow is what is looked at in a file of GitHub Actions.
type workflow struct {
	On          map[string]any    `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency map[string]any    `yaml:"concurrency"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Timeout     int               `yaml:"timeout-minutes"`
		Environment string            `yaml:"environment"`
		Steps       []struct {
			Uses string            `yaml:"uses"`
			With map[string]any    `yaml:"with"`
			Run  string            `yaml:"run"`
			Env  map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

var pinned = regexp.MustCompile(`uses: ([\w./-]+)@([0-9a-f]{40}) # (v[0-9.]+)\n`)

// Least privilege, as far as a file shows it: no rights for all, no job with both a token of an app and rights to write in
// GitHub, actions pinned to what this repository itself uses, and nothing that people typed inside a script.
func TestGitHub(t *testing.T) {
	t.Parallel()
	own := make(map[string]string)
	for _, text := range files(t, "../../.github/workflows/*.yml", 2) {
		for _, m := range pinned.FindAllStringSubmatch(text, -1) {
			own[m[1]] = m[2]
		}
	}
	for name, text := range files(t, "github/*.yml", 3) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w workflow
			if err := yaml.Unmarshal([]byte(text), &w); err != nil {
				t.Fatal(err)
			}
			if w.Permissions == nil || len(w.Permissions) > 0 || w.Concurrency["group"] == nil {
				t.Error("the workflow gives rights to all jobs, or may run twice at once")
			}
			if _, bad := w.On["pull_request_target"]; bad || len(w.On) == 0 {
				t.Errorf("it starts on %v", w.On)
			}
			if n := strings.Count(text, "uses: "); n != len(pinned.FindAllString(text, -1)) {
				t.Errorf("of %d actions some are not pinned to a commit with its version behind it", n)
			}
			for _, m := range pinned.FindAllStringSubmatch(text, -1) {
				if own[m[1]] != "" && own[m[1]] != m[2] {
					t.Errorf("%s is at %s, and at %s in this repository", m[1], m[2], own[m[1]])
				}
			}
			for id, j := range w.Jobs {
				writes := slices.Contains(slices.Collect(values(j.Permissions)), "write")
				secrets := false
				for _, s := range j.Steps {
					if strings.Contains(s.Run, "${{") {
						t.Errorf("%s: an expression inside a script: %s", id, s.Run)
					}
					for _, v := range s.Env {
						secrets = secrets || strings.Contains(v, "secrets.")
					}
					if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
						t.Errorf("%s: the checkout leaves its token behind", id)
					}
					if strings.HasPrefix(s.Uses, "actions/checkout@") && writes {
						t.Errorf("%s: a job that may write in GitHub runs the code of the branch", id)
					}
					if path, _ := s.With["path"].(string); strings.Contains(path, "private") || strings.Contains(path, "plan.") {
						t.Errorf("%s: the plan becomes an artifact: %s", id, path)
					}
					shell(t, s.Run)
				}
				if j.Permissions == nil || j.Timeout == 0 || len(j.Steps) == 0 {
					t.Errorf("%s has no permissions, time limit or steps of its own", id)
				}
				if secrets && (writes || j.Environment == "") {
					t.Errorf("%s has secrets together with rights to write, or outside an environment", id)
				}
			}
		})
	}
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// shell has the syntax of a script checked.
func shell(t *testing.T, script string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("not checked: that the scripts of the pipelines are valid; there is no sh")
	}
	cmd := exec.CommandContext(t.Context(), sh, "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, script)
	}
}

// The same for GitLab: each job says when, where, how long and with which environment's variables it runs.
func TestGitLab(t *testing.T) {
	t.Parallel()
	type job struct {
		Stage         string           `yaml:"stage"`
		Image         string           `yaml:"image"`
		Rules         []map[string]any `yaml:"rules"`
		Environment   struct{ Name, Action string }
		Variables     map[string]string `yaml:"variables"`
		Needs         []string          `yaml:"needs"`
		ResourceGroup string            `yaml:"resource_group"`
		Interruptible bool              `yaml:"interruptible"`
		Script        []string          `yaml:"script"`
		AfterScript   []string          `yaml:"after_script"`
		Artifacts     struct {
			Access   string   `yaml:"access"`
			When     string   `yaml:"when"`
			ExpireIn string   `yaml:"expire_in"`
			Paths    []string `yaml:"paths"`
		} `yaml:"artifacts"`
		Timeout string `yaml:"timeout"`
	}
	for name, text := range files(t, "gitlab/*.yml", 3) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dec := yaml.NewDecoder(strings.NewReader(text))
			dec.KnownFields(true) // a misspelt key is one that GitLab would refuse
			var jobs map[string]job
			if err := dec.Decode(&jobs); err != nil {
				t.Fatal(err)
			}
			for id, j := range jobs {
				if j.Stage == "" || j.Image == "" || len(j.Rules) == 0 || j.Environment.Name == "" || j.Timeout == "" || len(j.Script) == 0 {
					t.Errorf("%s lacks something: %+v", id, j)
				}
				for _, r := range j.Rules {
					if cond, _ := r["if"].(string); !strings.Contains(cond, "$CI_PIPELINE_SOURCE") {
						t.Errorf("%s runs whenever %q", id, cond)
					} else if !strings.Contains(cond, "merge_request_event") && !strings.Contains(cond, "$CI_COMMIT_REF_PROTECTED") {
						t.Errorf("%s may run on a branch that is not protected", id)
					}
				}
				for _, need := range j.Needs {
					if _, ok := jobs[need]; !ok {
						t.Errorf("%s needs %s, which is not there", id, need)
					}
				}
				script := strings.Join(j.Script, "\n")
				shell(t, script)
				shell(t, strings.Join(j.AfterScript, "\n"))
				if strings.Contains(script, "apply -input") && (j.ResourceGroup == "" || j.Interruptible) {
					t.Errorf("%s applies and may run twice at once, or be cut off", id)
				}
				if strings.Contains(script, "ACCESS_NOTE_TOKEN") && (j.Variables["GIT_STRATEGY"] != "none" || strings.Contains(script, "terraform")) {
					t.Errorf("%s has the token that writes notes and runs code of the branch", id)
				}
				for _, path := range j.Artifacts.Paths {
					if j.Artifacts.ExpireIn == "" || j.Artifacts.Access == "" || strings.Contains(path, "private") || path == "tenure" {
						t.Errorf("%s hands on %s", id, path)
					}
				}
			}
		})
	}
}

// terraform answers what the test put into a directory, as `terraform plan` and `show` would.
const terraform = `#!/bin/sh
echo "$*" >> "$FAKE/asked"
case $1 in
plan)
	for a; do case $a in -out=*) [ -e "$FAKE/plan.json" ] && echo plan > "${a#-out=}";; esac; done
	echo '{"@level":"info"}'
	exit "$(cat "$FAKE/code")" ;;
show) cat "$FAKE/plan.json" ;;
esac
`

// The script says in one word what may happen to a plan, and leaves the report of it.
func TestPlanScript(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("not checked: what the pipelines apply by themselves; there is no %s", tool)
		}
	}
	binary := filepath.Join(t.TempDir(), "terraform-provider-tenure_v0")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	company := unzip(t, "../../internal/report/testdata/company.json.gz")
	plan := func(changes ...map[string]any) string {
		b, err := json.Marshal(map[string]any{"format_version": "1.2", "terraform_version": "1.14.0", "complete": true, "resource_changes": changes})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	change := func(why string, more ...map[string]any) []map[string]any {
		account := map[string]any{"user_name": "ana@acme.example", "display_name": "Ana"}
		set := func(accounts map[string]any, explanations map[string]any) map[string]any {
			return map[string]any{"app": "wiki", "accounts": accounts, "explanations": explanations}
		}
		return append(more, map[string]any{
			"address": "tenure_app_access.this", "mode": "managed", "type": "tenure_app_access", "change": map[string]any{
				"actions": []string{"update"}, "before": set(map[string]any{"1": account}, nil),
				"after": set(map[string]any{}, map[string]any{"accounts/1": map[string]any{"change": "deactivate", "why": why}}),
			},
		})
	}
	other := map[string]any{"address": "aws_s3_bucket.x", "mode": "managed", "type": "aws_s3_bucket", "change": map[string]any{"actions": []string{"create"}}}
	for name, c := range map[string]struct {
		plan, code, redact, result string
		says, never                string
	}{
		"a leaver":                   {plan(change("left on 2026-03-31")...), "0", "no", "policy", "Ana", ""},
		"a leaver, redacted":         {plan(change("left on 2026-03-31")...), "0", "yes", "policy", "person-", "Ana"},
		"taken out of configuration": {plan(change("no longer in configuration")...), "0", "no", "look", "Ana", ""},
		"another provider's":         {plan(change("left on 2026-03-31", other)...), "0", "no", "look", "Ana", ""},
		"drift and much else":        {company, "0", "no", "look", "Marta Kowalska", ""},
		"nothing":                    {plan(), "0", "no", "nothing", "no changes", ""},
		"a plan that failed":         {strings.Replace(plan(change("left on 2026-03-31")...), `"complete":true`, `"errored":true`, 1), "1", "no", "failed", "Planning stopped with an error", ""},
		"no plan":                    {"", "1", "no", "failed", "before there was a plan", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
			write(t, filepath.Join(fake, "terraform"), terraform, 0o700)
			write(t, filepath.Join(fake, "code"), c.code, 0o600)
			if c.plan != "" {
				write(t, filepath.Join(fake, "plan.json"), c.plan, 0o600)
			}
			cmd := exec.CommandContext(t.Context(), "./tenure-plan.sh", out)
			cmd.Env = append(os.Environ(), "FAKE="+fake, "TF="+filepath.Join(fake, "terraform"), "TENURE_BIN="+binary, "TENURE_REDACT="+c.redact, "TENURE_REDACT_KEY=a key of the tests")
			said, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			if got := strings.TrimSpace(text(t, filepath.Join(out, "result"))); got != c.result {
				t.Errorf("the result is %s, want %s", got, c.result)
			}
			comment := text(t, filepath.Join(out, "comment.md"))
			if !strings.Contains(comment, c.says) || c.never != "" && strings.Contains(comment, c.never) {
				t.Errorf("the comment:\n%s", comment)
			}
			if strings.Contains(string(said), "Ana") || strings.Contains(string(said), "Marta") {
				t.Errorf("the log of the job names somebody: %s", said)
			}
			if asked := text(t, filepath.Join(fake, "asked")); strings.Contains(asked, "apply") {
				t.Errorf("terraform was asked to %s", asked)
			}
			if info, err := os.Stat(filepath.Join(out, "private")); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("the plan is open to others: %v %v", info.Mode(), err)
			}
		})
	}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
