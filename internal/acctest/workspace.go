package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
)

// Workspace is a directory with a configuration and state, driven by the real binary against the
// provider as a process of its own: for what only separate processes show, such as saved plans, logs
// and kills.
type Workspace struct {
	t   testing.TB
	Dir string
	Env []string
	bin string
}

var buildOnce struct { // one build serves all tests of the process
	sync.Once
	dir string
	err error
}

// Build builds the provider once for all tests of the process and gives the directory it is in.
func Build(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		if buildOnce.dir, buildOnce.err = os.MkdirTemp("", "tenure-provider-"); buildOnce.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(buildOnce.dir, "terraform-provider-tenure"),
			"github.com/tenure-access/terraform-provider-tenure")
		if out, err := cmd.CombinedOutput(); err != nil {
			buildOnce.err = fmt.Errorf("build the provider: %w\n%s", err, out)
		}
	})
	if buildOnce.err != nil {
		t.Fatal(buildOnce.err)
	}
	return buildOnce.dir
}

// NewWorkspace makes an empty directory in which terraform finds the provider without an init.
func NewWorkspace(t testing.TB) *Workspace {
	t.Helper()
	w := &Workspace{t: t, Dir: t.TempDir(), bin: Terraform(t)}
	rc := filepath.Join(t.TempDir(), "terraformrc")
	Write(t, rc, fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"tenure-access/tenure\" = %q\n  }\n  direct {}\n}\n", Build(t)))
	w.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "NO_COLOR=1", "TF_CLI_ARGS=-no-color")
	return w
}

// Config replaces main.tf; the required_providers block is added.
func (w *Workspace) Config(hcl string) {
	w.t.Helper()
	w.Write("main.tf", "terraform {\n  required_providers {\n    tenure = { source = \"tenure-access/tenure\" }\n  }\n}\n"+hcl)
}

// Write replaces a file of the workspace.
func (w *Workspace) Write(name, content string) {
	w.t.Helper()
	Write(w.t, filepath.Join(w.Dir, name), content)
}

// Read is the content of a file of the workspace.
func (w *Workspace) Read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.Dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// Try runs terraform and gives its output and exit code.
func (w *Workspace) Try(args ...string) (string, int) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.bin, args...)
	cmd.Dir, cmd.Env = w.Dir, w.Env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("run terraform: %v", err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Run is Try that fails the test unless terraform succeeded.
func (w *Workspace) Run(args ...string) string {
	w.t.Helper()
	out, code := w.Try(args...)
	if code != 0 {
		w.t.Fatalf("terraform %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// Apply applies and then insists on an empty plan.
func (w *Workspace) Apply() string {
	w.t.Helper()
	out := w.Run("apply", "-auto-approve")
	w.Empty()
	return out
}

// Empty insists that a plan finds nothing to do.
func (w *Workspace) Empty() {
	w.t.Helper()
	if out, code := w.Try("plan", "-detailed-exitcode"); code != 0 {
		w.t.Fatalf("plan is not empty (exit code %d):\n%s", code, out)
	}
}

// Plan saves a plan as tfplan and gives its text and its JSON form.
func (w *Workspace) Plan(args ...string) (string, *tfjson.Plan) {
	w.t.Helper()
	text := w.Run(append([]string{"plan", "-out=tfplan"}, args...)...)
	cmd := exec.CommandContext(w.t.Context(), w.bin, "show", "-json", "tfplan")
	cmd.Dir, cmd.Env = w.Dir, w.Env
	raw, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("terraform show: %v", err)
	}
	var p tfjson.Plan
	if err := json.Unmarshal(raw, &p); err != nil {
		w.t.Fatal(err)
	}
	return text, &p
}

// Changes maps the address of each resource that the plan changes to its actions, such as "update".
func Changes(p *tfjson.Plan) map[string]string {
	changes := make(map[string]string)
	for _, c := range p.ResourceChanges {
		if c.Change.Actions.NoOp() || c.Mode != tfjson.ManagedResourceMode {
			continue
		}
		var words []string
		for _, a := range c.Change.Actions {
			words = append(words, string(a))
		}
		changes[c.Address] = strings.Join(words, ",")
	}
	return changes
}
