package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Terraform runs one binary in one directory, with the provider that was just built.
type Terraform struct {
	bin     string
	dir     string
	env     []string
	version string // "Terraform v1.11.4"
}

// cliConfig is the file in the working directory that points Terraform at the provider.
const cliConfig = "demo.tfrc"

func newTerraform(ctx context.Context, bin, provider, dir string) (*Terraform, error) {
	path, err := exec.LookPath(bin)
	if err != nil {
		return nil, fmt.Errorf("find Terraform: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("find Terraform: %w", err)
	}
	if provider, err = filepath.Abs(provider); err != nil {
		return nil, fmt.Errorf("find the provider: %w", err)
	}
	if _, err := os.Stat(provider); err != nil {
		return nil, fmt.Errorf("find the provider (make build makes it): %w", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	// The override makes init, and with it the network, unnecessary.
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"tenure-access/tenure\" = %q\n  }\n  direct {}\n}\n",
		filepath.ToSlash(filepath.Dir(provider)))
	if err := os.WriteFile(filepath.Join(dir, cliConfig), []byte(rc), 0o600); err != nil {
		return nil, fmt.Errorf("write the CLI configuration: %w", err)
	}
	tf := &Terraform{bin: path, dir: abs}
	// A developer's own settings (TF_LOG, TF_CLI_ARGS, TENURE_AS_OF, variables) would change the story.
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TF_") && !strings.HasPrefix(kv, "TENURE_") {
			tf.env = append(tf.env, kv)
		}
	}
	tf.env = append(tf.env, "TF_CLI_CONFIG_FILE="+filepath.Join(abs, cliConfig), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
	v, err := tf.run(ctx, "version")
	if err != nil {
		return nil, err
	}
	tf.version, _, _ = strings.Cut(v, "\n")
	return tf, nil
}

// run gives what the command printed; when it fails, the error holds all of that and what it complained about.
func (tf *Terraform) run(ctx context.Context, args ...string) (string, error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, tf.bin, args...) //nolint:gosec // the binary that the caller chose
	cmd.Dir, cmd.Env = tf.dir, tf.env
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(out.String() + "\n" + complaints.String())
		return "", fmt.Errorf("%s %s: %w\n\n%s", filepath.Base(tf.bin), strings.Join(args, " "), err, said)
	}
	return out.String(), nil
}

// Plan is a saved plan: what Terraform printed, and its parsed form.
type Plan struct {
	file string // relative to the working directory
	Text string
	JSON tfjson.Plan
}

// plan makes a plan and saves it with its text as plans/NAME.tfplan and plans/NAME.txt.
func (tf *Terraform) plan(ctx context.Context, name string) (*Plan, error) {
	p := &Plan{file: filepath.Join("plans", name+".tfplan")}
	out, err := tf.run(ctx, "plan", "-input=false", "-no-color", "-out="+p.file)
	if err != nil {
		return nil, err
	}
	p.Text = withoutProgress(out)
	if err := os.WriteFile(filepath.Join(tf.dir, "plans", name+".txt"), []byte(p.Text), 0o600); err != nil {
		return nil, fmt.Errorf("save the plan's text: %w", err)
	}
	raw, err := tf.run(ctx, "show", "-json", "-no-color", p.file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(raw), &p.JSON); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return p, nil
}

// withoutProgress leaves out the lines that say what is being refreshed.
func withoutProgress(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		if !strings.Contains(line, ": Refreshing state...") && !strings.Contains(line, ": Read complete after") &&
			!strings.HasSuffix(line, ": Reading...\n") {
			b.WriteString(line)
		}
	}
	return strings.TrimLeft(b.String(), "\n")
}

func (tf *Terraform) apply(ctx context.Context, p *Plan) error {
	_, err := tf.run(ctx, "apply", "-input=false", "-no-color", p.file)
	return err
}

// refused plans, insists that planning fails, and gives what was said, which is saved as plans/NAME.txt.
func (tf *Terraform) refused(ctx context.Context, name string) (string, error) {
	out, err := tf.run(ctx, "plan", "-input=false", "-no-color", "-out="+filepath.Join("plans", name+".tfplan"))
	if err == nil {
		return "", fmt.Errorf("the plan should have been refused, and was not:\n%s", out)
	}
	text := withoutProgress(err.Error())
	if err := os.WriteFile(filepath.Join(tf.dir, "plans", name+".txt"), []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("save the plan's text: %w", err)
	}
	return text, nil
}
