package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
)

// machine is what the seconds depend on. It names no host.
type machine struct {
	Cores     int    `json:"cores"`
	Memory    string `json:"memory,omitempty"`
	Platform  string `json:"platform"`
	Go        string `json:"go"`
	Terraform string `json:"terraform"`
	Date      string `json:"date"`
	Provider  string `json:"provider"` // a digest of the binary: results of different ones are never in one table
}

func (m machine) String() string {
	memory := ""
	if m.Memory != "" {
		memory = m.Memory + " of memory, "
	}
	return fmt.Sprintf("%d cores, %s%s, %s, %s, %s.", m.Cores, memory, m.Platform, m.Go, m.Terraform, m.Date)
}

// sameAs leaves out the date.
func (m machine) sameAs(o machine) bool {
	m.Date = o.Date
	return m == o
}

// terraform is the binary with the provider that was just built.
type terraform struct {
	bin      string
	provider string
	env      []string
	machine  machine
	dir      string // for commands that need no configuration of their own
}

func newTerraform(ctx context.Context, c config) (*terraform, error) {
	bin, err := exec.LookPath(c.terraform)
	if err != nil {
		return nil, fmt.Errorf("find Terraform: %w", err)
	}
	provider, err := filepath.Abs(c.provider)
	if err != nil {
		return nil, fmt.Errorf("find the provider: %w", err)
	}
	// What /proc will call it.
	if provider, err = filepath.EvalSymlinks(provider); err != nil {
		return nil, fmt.Errorf("find the provider (make bench builds it): %w", err)
	}
	code, err := os.ReadFile(provider)
	if err != nil {
		return nil, fmt.Errorf("read the provider: %w", err)
	}
	digest := sha256.Sum256(code)
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	tf := &terraform{bin: bin, provider: provider, dir: filepath.Join(dir, "work", "schema")}
	if err := os.MkdirAll(tf.dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the working directory: %w", err)
	}
	// The override makes init, and with it the network, unnecessary.
	cli := filepath.Join(dir, "bench.tfrc")
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"tenure-access/tenure\" = %q\n  }\n  direct {}\n}\n", filepath.ToSlash(filepath.Dir(provider)))
	if err := os.WriteFile(cli, []byte(rc), 0o600); err != nil {
		return nil, fmt.Errorf("write the CLI configuration: %w", err)
	}
	// A developer's own settings (TF_LOG above all) would change the figures.
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TF_") && !strings.HasPrefix(kv, "TENURE_") {
			tf.env = append(tf.env, kv)
		}
	}
	tf.env = append(tf.env, "TF_CLI_CONFIG_FILE="+cli, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
	version, err := tf.run(ctx, tf.dir, nil, "version")
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(version.out, "\n")
	tf.machine = machine{
		Cores: runtime.NumCPU(), Memory: installedMemory(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Terraform: name, Date: time.Now().Format(time.DateOnly), Provider: hex.EncodeToString(digest[:8]),
	}
	return tf, nil
}

// installedMemory reads "23 GiB" where the system tells.
func installedMemory() string {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(raw)) // MemTotal: 24512512 kB
	if len(fields) < 2 {
		return ""
	}
	kib, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%.0f GiB", kib/(1<<20))
}

// types are the resources and data sources that the provider has: "tenure_account", "data.tenure_accounts".
func (tf *terraform) types(ctx context.Context) (map[string]bool, error) {
	if err := os.WriteFile(filepath.Join(tf.dir, "main.tf"), []byte(requiredProvider), 0o600); err != nil {
		return nil, fmt.Errorf("ask the provider for its schema: %w", err)
	}
	m, err := tf.run(ctx, tf.dir, nil, "providers", "schema", "-json")
	if err != nil {
		return nil, err
	}
	var schemas tfjson.ProviderSchemas
	if err := json.Unmarshal([]byte(m.out), &schemas); err != nil {
		return nil, fmt.Errorf("read the provider's schema: %w", err)
	}
	types := make(map[string]bool)
	for _, s := range schemas.Schemas {
		for name := range s.ResourceSchemas {
			types[name] = true
		}
		for name := range s.DataSourceSchemas {
			types["data."+name] = true
		}
	}
	return types, nil
}

// measured is what one command took.
type measured struct {
	out     string
	exit    int
	seconds float64
	// cpu is processor time in seconds, Terraform's and its children's; providerCPU is the part of the provider.
	cpu, providerCPU float64
	// memory is the peak of the provider's process in bytes; 0 where the system does not tell.
	memory int64
}

// run answers an error for exit codes other than 0 and, of a plan with -detailed-exitcode, 2. While the command
// runs tick is called now and then.
func (tf *terraform) run(ctx context.Context, dir string, tick func(took time.Duration, memory int64), args ...string) (measured, error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, tf.bin, args...) //nolint:gosec // the binary that the caller chose
	cmd.Dir, cmd.Env = dir, tf.env
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	w := watch(tf.provider)
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return measured{}, fmt.Errorf("start %s: %w", filepath.Base(tf.bin), err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	ticker := time.NewTicker(15 * time.Second)
	defer ticker.Stop()
	var err error
	for waiting := true; waiting; {
		select {
		case err = <-done:
			waiting = false
		case <-ticker.C:
			if tick != nil {
				memory, _ := w.seen()
				tick(time.Since(begun), memory)
			}
		}
	}
	m := measured{out: out.String(), seconds: time.Since(begun).Seconds()}
	w.stop()
	m.memory, m.providerCPU = w.seen()
	m.exit = cmd.ProcessState.ExitCode()
	m.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if err != nil && (m.exit != 2 || args[0] != "plan") {
		said := strings.TrimSpace(out.String() + "\n" + complaints.String())
		const enough = 3000 // a large plan in an error helps nobody
		if len(said) > enough {
			said = said[:enough/2] + "\n[...]\n" + said[len(said)-enough/2:]
		}
		return m, errors.Join(fmt.Errorf("%s %s: %w", filepath.Base(tf.bin), strings.Join(args, " "), err), errors.New(said))
	}
	return m, nil
}
