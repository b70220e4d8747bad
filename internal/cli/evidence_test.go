package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
)

// auditLog is a log with two writes, as the provider keeps it.
func auditLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	log := audit.Open(path, false)
	for _, person := range []string{"1031", "1061"} {
		begun, err := log.Begin(t.Context(), audit.Entry{App: "chat", Operation: "deactivate account", Grant: "chat/accounts", PersonID: person, Why: "left on 2026-02-27"})
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Write(t.Context(), begun[0].After(nil)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestReportEvidence(t *testing.T) {
	t.Parallel()
	company, errored, good := planFile(t, "company"), planFile(t, "errored"), auditLog(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	forged := textFile(t, "forged.jsonl", strings.Replace(string(text), "left on", "gone on", 1))
	for name, c := range map[string]struct {
		args   []string
		code   int
		stderr string
		md     []string
	}{
		"plan and log":       {[]string{"--plan", company, "--audit", good}, ExitOK, "", []string{"chain intact", "| done | 2 |", "Marta Kowalska"}},
		"files after flags":  {[]string{company, errored, "--audit", good}, ExitOK, "", []string{"stopped with an error"}},
		"nothing at all":     {nil, ExitOK, "", []string{"Nothing was given."}},
		"a broken chain":     {[]string{"--plan", company, "--audit", forged}, ExitFailed, `The chain of "forged.jsonl" is broken at line 1`, []string{"is not what was written", "| done | 0 |"}},
		"redacted":           {[]string{"--plan", company, "--audit", good, "--redact"}, ExitOK, "random key", []string{"pseudonyms", "`plan 1`"}},
		"limits":             {[]string{"--plan", company, "--limit-hours", "leaver=100000"}, ExitOK, "", []string{"Limit: 100000.0 h. No breach."}},
		"no limits":          {[]string{"--plan", company, "--limit-hours", "leaver=0,joiner=0"}, ExitOK, "", []string{"No limit was stated."}},
		"a period":           {[]string{"--plan", company, "--audit", good, "--from", "2020-01-01", "--to", "2020-02-01T00:00:00Z", "--time-zone", "Europe/Berlin"}, ExitOK, "", []string{"2019-12-31T23:00:00Z", "None in the period."}},
		"an unknown limit":   {[]string{"--limit-hours", "mover=1"}, ExitFailed, `not "mover"`, nil},
		"a limit below zero": {[]string{"--limit-hours", "leaver=-1"}, ExitFailed, "less than nothing", nil},
		"no date":            {[]string{"--from", "yesterday"}, ExitFailed, `"yesterday" is neither a date`, nil},
		"backwards":          {[]string{"--from", "2026-02-01", "--to", "2026-01-01"}, ExitFailed, "is not before", nil},
		"no zone":            {[]string{"--time-zone", "Mars"}, ExitFailed, "Mars", nil},
		"no hour":            {[]string{"--end-of-day-hour", "25"}, ExitFailed, "not an hour", nil},
		"a short key":        {[]string{"--redact-key", "short"}, ExitFailed, "found by trying", nil},
		"a missing plan":     {[]string{"--plan", "missing.json"}, ExitFailed, "missing.json", nil},
		"a log as a plan":    {[]string{"--plan", good}, ExitFailed, "is not the JSON of a plan", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "pack")
			_, stderr, code := run(t, append([]string{"report", "evidence", "-o", dir}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.stderr) {
				t.Fatalf("exit code %d, want %d; stderr %s", code, c.code, stderr)
			}
			if c.md == nil {
				if _, err := os.Stat(dir); err == nil {
					t.Error("something was written all the same")
				}
				return
			}
			sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
			if err != nil || strings.Count(string(sums), "\n") != 12 {
				t.Fatalf("%v: %s", err, sums)
			}
			for line := range strings.Lines(string(sums)) {
				sum, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
				b, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil || fmt.Sprintf("%x", sha256.Sum256(b)) != sum {
					t.Errorf("%s: %v", line, err)
				}
				if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v %v", file, info.Mode(), err)
				}
			}
			md, err := os.ReadFile(filepath.Join(dir, "evidence.md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.md {
				if !strings.Contains(string(md), want) {
					t.Errorf("it does not say %q:\n%.3000s", want, md)
				}
			}
		})
	}
	if _, stderr, code := run(t, "report", "evidence", "--plan", company); code != ExitFailed || !strings.Contains(stderr, "--output DIR") {
		t.Errorf("without a directory: exit code %d, %s", code, stderr)
	}
}

func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), code
}
