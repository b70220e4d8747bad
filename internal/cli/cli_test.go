package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// TestMain lets the test binary stand in for the provider's, to be started and interrupted.
func TestMain(m *testing.M) {
	if os.Getenv("TENURE_TEST_CLI") != "" {
		os.Exit(Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		"nothing":          {nil, ExitOK, "sandbox", ""},
		"help":             {[]string{"--help"}, ExitOK, "Run an imaginary app", ""},
		"help of sandbox":  {[]string{"sandbox", "--help"}, ExitOK, "--member-removal", ""},
		"unknown command":  {[]string{"sandbx"}, ExitUsage, "", `no subcommand "sandbx"`},
		"unknown flag":     {[]string{"sandbox", "--latancy", "1s"}, ExitUsage, "", "unknown flag: --latancy"},
		"bad number":       {[]string{"sandbox", "--quota", "many"}, ExitUsage, "", "quota"},
		"negative":         {[]string{"sandbox", "--quota", "-1"}, ExitUsage, "", "quota is -1"},
		"bad word":         {[]string{"sandbox", "--paging", "pages"}, ExitUsage, "", "must be one of index"},
		"unknown dialect":  {[]string{"sandbox", "--dialect", "slak"}, ExitUsage, "", "slack"},
		"bad fault":        {[]string{"sandbox", "--fault", `{"sttus":500}`}, ExitUsage, "", "sttus"},
		"bad fault regexp": {[]string{"sandbox", "--fault", `{"path":"("}`}, ExitUsage, "", "missing closing"},
		"arguments":        {[]string{"sandbox", "now"}, ExitUsage, "", `got "now"`},
		"port":             {[]string{"sandbox", "--port", "70000"}, ExitUsage, "", "out of range"},
		"bad date":         {[]string{"sandbox", "--today", "31/03/2026"}, ExitUsage, "", "is not a date"},
		"two tokens":       {[]string{"sandbox", "--token", "x", "--no-token"}, ExitUsage, "", "exclude each other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			if code := Main(t.Context(), c.args, &out, &errs); code != c.code {
				t.Errorf("exit code %d, want %d; %s", code, c.code, errs.String())
			}
			if !strings.Contains(out.String(), c.stdout) || !strings.Contains(errs.String(), c.stderr) {
				t.Errorf("stdout %q\nstderr %q", out.String(), errs.String())
			}
			if c.code == ExitUsage && !strings.Contains(errs.String(), "--help") {
				t.Errorf("no way out is offered: %s", errs.String())
			}
		})
	}
}

// start runs the sandbox and waits until it has said where it is.
func start(t *testing.T, ctx context.Context, args ...string) (greeting string, code <-chan int) {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		var errs strings.Builder
		c := Main(ctx, append([]string{"sandbox"}, args...), w, &errs)
		w.CloseWithError(fmt.Errorf("exit code %d: %s", c, errs.String()))
		done <- c
	}()
	return readGreeting(t, r), done
}

func readGreeting(t *testing.T, r io.Reader) string {
	t.Helper()
	var b strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		b.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return b.String()
		}
	}
	t.Fatalf("the sandbox did not start: %v\n%s", lines.Err(), b.String())
	return ""
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The switch after the fault and before the dialect overrides the dialect all the same.
	said, code := start(t, ctx, "--people", "20", "--fault", `{"path":"^/Groups$","status":503}`, "--page-size=7", "--dialect", "slack", "--patch-no-content")
	base := regexp.MustCompile(`base_url = "(http://127\.0\.0\.1:\d+/scim/v2)"`).FindStringSubmatch(said)
	token := regexp.MustCompile(`token    = "([^"]+)"`).FindStringSubmatch(said)
	if base == nil || token == nil || !strings.Contains(said, `profile  = "slack"`) || !strings.Contains(said, "curl -s -H 'Authorization: Bearer "+token[1]+"' '"+base[1]) {
		t.Fatalf("greeting:\n%s", said)
	}
	if status, _ := get(t, base[1]+"/Users", ""); status != 401 {
		t.Errorf("without the token: %d", status)
	}
	if status, body := get(t, base[1]+"/Users", token[1]); status != 200 || strings.Count(body, `"userName"`) != 7 {
		t.Errorf("with the token: %d %s", status, body)
	}
	if status, _ := get(t, base[1]+"/Groups", token[1]); status != 503 {
		t.Errorf("the fault: %d", status)
	}
	cancel()
	if c := <-code; c != ExitOK {
		t.Errorf("exit code %d", c)
	}
}

func TestSandboxWithoutToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said, code := start(t, ctx, "--people", "0", "--no-token", "--seed", "3")
	url := regexp.MustCompile(`http://\S+/scim/v2`).FindString(said)
	if status, body := get(t, url+"/Users", ""); status != 200 || !strings.Contains(body, `"totalResults":0`) || strings.Contains(said, "Authorization") {
		t.Errorf("%d %s\n%s", status, body, said)
	}
	// Its port is taken now.
	port := regexp.MustCompile(`:(\d+)/`).FindStringSubmatch(url)[1]
	var errs strings.Builder
	if c := Main(t.Context(), []string{"sandbox", "--port", port}, io.Discard, &errs); c != ExitFailed || !strings.Contains(errs.String(), "open the sandbox's port") {
		t.Errorf("a taken port: %d %s", c, errs.String())
	}
	cancel()
	<-code
}

func TestSandboxStopsOnSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "sandbox", "--people", "1")
		cmd.Env = append(os.Environ(), "TENURE_TEST_CLI=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		readGreeting(t, out)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after %v: %v", sig, err)
		}
	}
}

// Every switch of the options has a flag that changes it, and only it.
func TestEverySwitchHasAFlag(t *testing.T) {
	t.Parallel()
	sample := map[string]string{"int": "7", "bool": "true", "string": "x", "list": "a,b", "duration": "3s"}
	changed := map[string]string{}
	for _, s := range switches() {
		set, err := s.parse(sample[s.typ])
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		var o sandbox.Options
		set(&o)
		var fields []string
		collect(reflect.ValueOf(o), func(name string, v reflect.Value) {
			if !v.IsZero() {
				fields = append(fields, name)
			}
		})
		if len(fields) != 1 || changed[fields[0]] != "" {
			t.Errorf("--%s sets %v, which %q sets too", s.name, fields, changed[fields[0]])
			continue
		}
		changed[fields[0]] = s.name
	}
	own := map[string]bool{"Token": true, "Seed": true, "Now": true, "KeepBodies": true, "MaxBody": true}
	collect(reflect.ValueOf(sandbox.Options{}), func(name string, _ reflect.Value) {
		if changed[name] == "" && !own[name] {
			t.Errorf("there is no flag for %s", name)
		}
	})
}

func collect(v reflect.Value, f func(string, reflect.Value)) {
	for i := range v.NumField() {
		if v.Type().Field(i).Anonymous {
			collect(v.Field(i), f)
			continue
		}
		f(v.Type().Field(i).Name, v.Field(i))
	}
}
