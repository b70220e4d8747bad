//go:build unix

package converge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// file is a cycle over a local app.
type file struct {
	cycle
	path string
}

func newFile(t testing.TB, path string) *file {
	f := &file{cycle: cycle{t: t, now: noon()}, path: path}
	f.open = func() *inventory.App {
		a, err := local.Open(local.Config{Name: "wiki", Path: path})
		f.must(err)
		return inventory.New(a, inventory.Options{Name: "wiki"})
	}
	return f
}

const companyFile = `{"accounts": [{"id": "b-1", "user_name": "bystander@x", "active": true}],
"groups": [{"id": "g-1", "name": "eng", "members": {"bystander@x": "member"}}],
"licenses": [{"product": "pro", "license": "pro", "total": 100, "assignees": []}]}`

// holds is everything in the file, and accounts its user names by id.
func (f *file) holds() (lines []string, accounts map[string]string) {
	f.t.Helper()
	raw, err := os.ReadFile(f.path)
	f.must(err)
	var doc struct {
		Accounts []struct {
			ID, Title string
			UserName  string `json:"user_name"`
			Active    bool
		}
		Groups   json.RawMessage
		Licenses json.RawMessage
	}
	f.must(json.Unmarshal(raw, &doc))
	accounts = make(map[string]string)
	for _, a := range doc.Accounts {
		accounts[a.ID] = a.UserName
		lines = append(lines, fmt.Sprintf("%s %s %v", a.UserName, a.Title, a.Active))
	}
	slices.Sort(lines)
	return append(lines, string(doc.Groups), string(doc.Licenses)), accounts
}

func (f *file) suspendAll() {
	f.t.Helper()
	a, err := local.Open(local.Config{Name: "wiki", Path: f.path})
	f.must(err)
	for acc, err := range a.Accounts(f.t.Context(), access.AccountFilter{}) {
		f.must(err)
		if acc.UserName != "bystander@x" {
			f.must(a.RetireAccount(f.t.Context(), acc.Ref(), access.Deactivate))
		}
	}
}

// What the test binary does when it plays the provider of one apply.
const (
	playOperation = "TENURE_TEST_FAULT_OPERATION"
	playDirectory = "TENURE_TEST_FAULT_DIRECTORY"
)

type saved struct {
	State    *converge.State
	Notes    converge.Notes
	Failures []string
}

// TestPlayProvider is no test by itself: it carries out one operation in a process that may be killed or has no disk.
func TestPlayProvider(t *testing.T) { //nolint:paralleltest // alone in its process
	name, dir := os.Getenv(playOperation), os.Getenv(playDirectory)
	if name == "" {
		t.Skip("only run by TestFaultMatrixOfLocal")
	}
	at := slices.IndexFunc(operations(), func(o operation) bool { return o.name == name })
	f := newFile(t, filepath.Join(dir, "wiki.json"))
	raw, err := os.ReadFile(filepath.Join(dir, "state.json"))
	f.must(err)
	var s saved
	f.must(json.Unmarshal(raw, &s))
	f.state, f.notes = s.State, s.Notes
	var limit syscall.Rlimit
	f.must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	full := func() {
		signal.Ignore(syscall.SIGXFSZ) // so that writing fails instead
		f.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64, Max: limit.Max}))
	}
	if os.Getenv("TENURE_TEST_FAULT_KILLED") != "" {
		full = nil
		fmt.Println("ready")
	}
	r := f.apply(operations()[at].becomes, full)
	f.must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	out := saved{State: f.state, Notes: f.notes}
	for _, failure := range r.Failures {
		out.Failures = append(out.Failures, failure.Subject.String()+": "+failure.Err.Error())
	}
	f.save(out)
}

func (f *file) save(s saved) {
	f.t.Helper()
	raw, err := json.Marshal(s)
	f.must(err)
	f.must(os.WriteFile(filepath.Join(filepath.Dir(f.path), "state.json"), raw, 0o600))
}

// A full disk, and a provider that is killed at any moment: after one more apply the file is what it would be without,
// nobody is there twice, and a write that failed was reported.
func TestFaultMatrixOfLocal(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		for _, what := range []string{"disk full", "killed at once", "killed at the first write", "killed late"} {
			t.Run(op.name+", "+what, func(t *testing.T) {
				t.Parallel()
				run := func(apply func(f *file)) []string {
					f := newFile(t, filepath.Join(t.TempDir(), "wiki.json"))
					f.must(os.WriteFile(f.path, []byte(companyFile), 0o600))
					if r := f.cycle.apply(op.was, nil); len(r.Failures) > 0 {
						t.Fatalf("making the company: %v", r.Failures)
					}
					if op.suspended {
						f.suspendAll()
					}
					apply(f)
					if r := f.cycle.apply(op.becomes, nil); len(r.Failures) > 0 {
						t.Fatalf("one more apply: %v", r.Failures)
					}
					lines, accounts := f.holds()
					f.stateIsTrue(accounts)
					before, err := os.Stat(f.path)
					f.must(err)
					if r := f.cycle.apply(op.becomes, nil); len(r.Failures) > 0 {
						t.Fatalf("an apply with nothing to do: %v", r.Failures)
					}
					if after, err := os.Stat(f.path); err != nil || !after.ModTime().Equal(before.ModTime()) {
						t.Errorf("an apply with nothing to do wrote the file (%v)", err)
					}
					return lines
				}
				want := run(func(*file) {})
				got := run(func(f *file) { f.play(op.name, what) })
				// Ids of what was made twice over differ; there is nothing else in which the two could.
				if !slices.Equal(got, want) {
					t.Errorf("the file holds\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

// play has another process carry out the operation, on a full disk or until it is killed.
func (f *file) play(operation, what string) {
	f.t.Helper()
	f.save(saved{State: f.state, Notes: f.notes})
	cmd := exec.CommandContext(f.t.Context(), os.Args[0], "-test.run=^TestPlayProvider$")
	cmd.Env = append(os.Environ(), playOperation+"="+operation, playDirectory+"="+filepath.Dir(f.path))
	if what == "disk full" {
		if out, err := cmd.CombinedOutput(); err != nil {
			f.t.Fatalf("%v\n%s", err, out)
		}
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(f.path), "state.json"))
		f.must(err)
		var s saved
		f.must(json.Unmarshal(raw, &s))
		if len(s.Failures) == 0 {
			f.t.Error("nothing could be written, and no failure is reported")
		}
		for _, line := range s.Failures {
			if !strings.Contains(line, "file too large") {
				f.t.Errorf("the failure does not say why: %s", line)
			}
		}
		f.state, f.notes = s.State, s.Notes
		return
	}
	cmd.Env = append(cmd.Env, "TENURE_TEST_FAULT_KILLED=1")
	out, err := cmd.StdoutPipe()
	f.must(err)
	before, err := os.Stat(f.path)
	f.must(err)
	f.must(cmd.Start())
	if _, err := out.Read(make([]byte, 64)); err != nil {
		f.t.Fatal(err)
	}
	changed := func() bool {
		now, err := os.Stat(f.path)
		return err == nil && (now.ModTime() != before.ModTime() || now.Size() != before.Size())
	}
	if what != "killed at once" {
		for end := time.Now().Add(time.Minute); !changed() && time.Now().Before(end); {
			time.Sleep(100 * time.Microsecond)
		}
	}
	if what == "killed late" {
		time.Sleep(2 * time.Millisecond)
	}
	// Terraform keeps the prior state when the provider is gone; a process that ended before the signal is the same to it.
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		f.t.Fatal(err)
	}
	_ = cmd.Wait()
}
