package cli

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// planFile is a plan of internal/report/testdata in a file of its own.
func planFile(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "report", "testdata", name+".json.gz"))
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
	return textFile(t, "plan.json", string(b))
}

func textFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReport(t *testing.T) {
	t.Parallel()
	company, errored := planFile(t, "company"), planFile(t, "errored")
	nothing := textFile(t, "nothing.json", `{"format_version":"1.2","terraform_version":"1.11.4","complete":true,"resource_changes":[]}`)
	broken := textFile(t, "broken.json", `{"format_version":`)
	messages := filepath.Join("..", "report", "testdata", "errored.ndjson")
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"changes":                  {[]string{company}, ExitChanges, "3 leavers, 2 joiners", ""},
		"nothing":                  {[]string{nothing}, ExitOK, "no changes", ""},
		"findings":                 {[]string{company, "--fail-on", "critical"}, ExitFindings, "Somebody who left is still active", ""},
		"findings that are waived": {[]string{nothing, "--fail-on", "low"}, ExitOK, "no changes", ""},
		"an error in the plan":     {[]string{errored, "--fail-on", "low"}, ExitFailed, "Planning stopped with an error", "not complete"},
		"what stopped it":          {[]string{errored, "--messages", messages}, ExitFailed, `approved_removals = ["chat/accounts`, ""},
		"several plans":            {[]string{company, nothing, "-f", "json"}, ExitChanges, `"name": "nothing.json"`, ""},
		"csv":                      {[]string{company, "-f", "csv"}, ExitChanges, "record,plan,plan_time", ""},
		"sarif":                    {[]string{company, "-f", "sarif", "--location", "access.tf"}, ExitChanges, `"uri": "access.tf"`, ""},
		"html":                     {[]string{company, "-f", "html", "--title", "Monday"}, ExitChanges, "<title>Monday</title>", ""},
		"redacted":                 {[]string{company, "--redact"}, ExitChanges, "person-", "random key"},
		"redacted with a key":      {[]string{company, "--redact-key", "0123456789abcdef"}, ExitChanges, "person-", ""},
		"schema":                   {[]string{"--schema"}, ExitOK, `"Tenure access report"`, ""},
		"no plan":                  {[]string{filepath.Join(t.TempDir(), "none.json")}, ExitFailed, "", "read the plan"},
		"a broken plan":            {[]string{broken}, ExitFailed, "", "unexpected EOF"},
		"no messages":              {[]string{company, "--messages", "nowhere"}, ExitFailed, "", "read the messages"},
		"unknown format":           {[]string{company, "-f", "pdf"}, ExitFailed, "", `no format "pdf"`},
		"unknown severity":         {[]string{company, "--fail-on", "worst"}, ExitFailed, "", "critical"},
		"unknown flag":             {[]string{company, "--formt", "csv"}, ExitFailed, "", "unknown flag"},
		"a short key":              {[]string{company, "--redact-key", "short"}, ExitFailed, "", "found by trying"},
		"formats without outputs":  {[]string{company, "-f", "csv", "-f", "json"}, ExitFailed, "", "one --output for each"},
		"an ending without format": {[]string{company, "-o", "x.pdf"}, ExitFailed, "", "says no format"},
		"one file twice":           {[]string{company, "-f", "csv", "-f", "json", "-o", "x", "-o", "x"}, ExitFailed, "", "two forms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			if code := Main(t.Context(), append([]string{"report"}, c.args...), &out, &errs); code != c.code {
				t.Errorf("exit code %d, want %d; %s", code, c.code, errs.String())
			}
			if !strings.Contains(out.String(), c.stdout) || !strings.Contains(errs.String(), c.stderr) {
				t.Errorf("stdout %.500q\nstderr %q", out.String(), errs.String())
			}
			if strings.HasPrefix(name, "redacted") && strings.Contains(out.String(), "Kowalska") {
				t.Error("a name is in the report")
			}
		})
	}
}

func TestReportWritesSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"report", planFile(t, "company")}
	starts := map[string]string{"a.md": "## Access", "b.html": "<!doctype html>", "c.json": "{", "d.sarif": "{", "e.csv": "record,"}
	for name := range starts {
		args = append(args, "--output", filepath.Join(dir, name))
	}
	var out, errs strings.Builder
	if code := Main(t.Context(), args, &out, &errs); code != ExitChanges || out.String() != "" || errs.String() != "" {
		t.Fatalf("exit code %d: %s %s", code, out.String(), errs.String())
	}
	for name, start := range starts {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(b), start) {
			t.Errorf("%s: %v %.40q", name, err, b)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s names people and can be read by others: %v", name, info.Mode())
		}
	}
}

func TestReportReadsStdin(t *testing.T) {
	t.Parallel()
	plan, err := os.Open(planFile(t, "company"))
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "report", "--redact", "-f", "json")
	cmd.Env = append(os.Environ(), "TENURE_TEST_CLI=1", redactKeyEnv+"=a key that is long enough")
	cmd.Stdin = plan
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != ExitChanges {
		t.Fatal(err)
	}
	var r struct {
		Redacted bool
		People   []struct{ Key string }
	}
	if err := json.Unmarshal(out, &r); err != nil || !r.Redacted || len(r.People) != 16 {
		t.Errorf("%v %+v", err, r)
	}
}
