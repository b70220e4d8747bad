// Package acctest runs Tenure as its users do: through a real Terraform or OpenTofu binary.
package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/tenure-access/terraform-provider-tenure/internal/provider"
)

// pathVariable is what terraform-plugin-testing reads; make test sets it when it had to build OpenTofu.
const pathVariable = "TF_ACC_TERRAFORM_PATH"

// Main is the TestMain of packages with acceptance tests: it finds the binary before any test runs in
// parallel.
func Main(m *testing.M) {
	if bin := find(); bin != "" {
		_ = os.Setenv(pathVariable, bin)
		// No release checks: tests reach nothing but this machine.
		_ = os.Setenv("CHECKPOINT_DISABLE", "1")
		// Nor the settings of whoever runs the tests.
		_ = os.Setenv("TF_CLI_CONFIG_FILE", os.DevNull)
		if isTofu(bin) {
			_ = os.Setenv("TF_ACC_PROVIDER_HOST", "registry.opentofu.org")
		}
	}
	os.Exit(m.Run())
}

func find() string {
	if bin := os.Getenv(pathVariable); bin != "" {
		return bin
	}
	for _, name := range []string{"terraform", "tofu"} {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	return ""
}

func isTofu(bin string) bool { return strings.HasPrefix(filepath.Base(bin), "tofu") }

// Terraform is the path of the binary. Without one the test is skipped, and says what was not checked.
func Terraform(t testing.TB) string {
	t.Helper()
	bin := find()
	if bin == "" {
		t.Skip("not checked: this behavior through Terraform, because neither terraform nor tofu is on PATH (make test builds one)")
	}
	return bin
}

// Providers serves the provider from this process. Every call of the factory is a process of its own
// to Terraform, with caches of its own.
func Providers(t testing.TB) map[string]func() (tfprotov6.ProviderServer, error) {
	t.Helper()
	Terraform(t)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"tenure": func() (tfprotov6.ProviderServer, error) {
			server, err := provider.NewServer(context.Background(), "test")
			if err != nil {
				return nil, err
			}
			return server(), nil
		},
	}
}

// File writes a file into the test's own directory and gives its path.
func File(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	Write(t, path, content)
	return path
}

// Write replaces a file.
func Write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(fmt.Errorf("write a test file: %w", err))
	}
}

// NeedVersion skips the test on a Terraform or OpenTofu older than 1.minor, and says what was not checked.
func NeedVersion(t testing.TB, minor int, what string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), Terraform(t), "version", "-json").Output()
	if err != nil {
		t.Fatalf("ask terraform for its version: %v", err)
	}
	var v struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	have, err := version.NewVersion(v.Version)
	if err != nil {
		t.Fatal(err)
	}
	if have.LessThan(version.Must(version.NewVersion(fmt.Sprintf("1.%d.0", minor)))) {
		t.Skipf("not checked: %s, which needs 1.%d or later and this is %s", what, minor, have)
	}
}
