package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var grant = Entry{
	App: "slack", Operation: "add member", Grant: "slack/groups/admins", Subject: "u-1", UserName: "ana@acme.com",
	PersonID: "1042", Why: `rule "engineers" <new>`, Outcome: Done, RequestID: "req-7",
}

// openLog opens a log whose clock stands still and that does not wait for the disk.
func openLog(_ testing.TB, path string, names bool) *Log {
	l := Open(path, names)
	l.disk.sync = func(*os.File) error { return nil }
	l.disk.syncDirectory = func(string) error { return nil }
	l.now = func() time.Time { return time.Date(2026, 3, 1, 10, 30, 0, 123_999_999, time.FixedZone("", 3600)) }
	return l
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "audit.jsonl") }

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, l *Log, entries ...Entry) {
	t.Helper()
	if err := l.Write(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

func verify(t testing.TB, path string) Report {
	t.Helper()
	r, err := Verify(strings.NewReader(read(t, path)))
	if err != nil {
		t.Fatalf("%v\n%s", err, read(t, path))
	}
	return r
}

func TestLines(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("opening did I/O")
	}
	begun, err := l.Begin(t.Context(), grant)
	if err != nil {
		t.Fatal(err)
	}
	id := begun[0].Attempt
	write(t, l, begun[0].After(fault.New(fault.Forbidden, "not you")))
	common := `"time":"2026-03-01T09:30:00.123Z","attempt":"` + id + `","app":"slack","operation":"add member","grant":"slack/groups/admins",` +
		`"subject":"u-1","person_id":"1042","why":"rule \"engineers\" <new>",`
	first := `{"seq":1,` + common + `"outcome":"attempted","request_id":"req-7","prev":"` + strings.Repeat("0", 64) + `"}`
	sum := sha256.Sum256([]byte(first))
	want := first + "\n" + `{"seq":2,` + common + `"outcome":"failed","error":"forbidden","request_id":"req-7","prev":"` + hex.EncodeToString(sum[:]) + "\"}\n"
	if diff := cmp.Diff(want, read(t, path)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if len(id) < 16 {
		t.Errorf("attempt id %q", id)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if strings.Contains(read(t, path), "ana@acme.com") {
		t.Error("a name was written without being asked for")
	}
	write(t, openLog(t, path, true), grant)
	if r := verify(t, path); r.Lines != 3 || !strings.Contains(read(t, path), `"user_name":"ana@acme.com"`) {
		t.Errorf("with names: %+v", r)
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err     error
		outcome Outcome
		kind    fault.Kind
		request string
	}{
		{nil, Done, 0, "req-7"},
		{&fault.Error{Kind: fault.Unconfirmed, RequestID: "req-8"}, Unconfirmed, fault.Unconfirmed, "req-8"},
		{fmt.Errorf("add: %w", fault.New(fault.LimitReached, "full")), Failed, fault.LimitReached, "req-7"},
		{errors.New("something else"), Failed, 0, "req-7"},
	}
	for _, tt := range tests {
		e := grant.After(tt.err)
		if e.Outcome != tt.outcome || e.Error != tt.kind || e.RequestID != tt.request || e.Grant != grant.Grant {
			t.Errorf("after %v: %+v", tt.err, e)
		}
	}
}

func TestNobodyAskedForALog(t *testing.T) {
	t.Parallel()
	var l *Log
	begun, err := l.Begin(t.Context(), grant)
	if err != nil || len(begun) != 1 {
		t.Fatalf("%v, %v", begun, err)
	}
	write(t, l, begun[0].After(nil))
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(dir, "terraform.tfstate")
	if err := os.WriteFile(other, []byte("{\n  \"version\": 4\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		entry      Entry
		want       string
	}{
		{"no path", "", grant, "path of the audit log is empty"},
		{"no directory", filepath.Join(dir, "no", "audit.jsonl"), grant, "directory " + filepath.Join(dir, "no")},
		{"another file", other, grant, "not an audit log"},
		{"nothing said", filepath.Join(dir, "a"), Entry{}, "needs app, operation, outcome"},
		{"unknown outcome", filepath.Join(dir, "a"), Entry{App: "a", Operation: "b", Outcome: recovered}, "needs outcome"},
		{"a novel", filepath.Join(dir, "a"), Entry{App: "a", Operation: "b", Outcome: Done, Why: strings.Repeat("x", maxText)}, "short text"},
	}
	for _, tt := range tests {
		err := Open(tt.path, false).Write(t.Context(), tt.entry)
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := read(t, other); got != "{\n  \"version\": 4\n}\n" {
		t.Errorf("another file was changed: %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a refused entry made a file")
	}
}

func TestOutcomesSurviveCancellation(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	ctx, cancel := context.WithCancel(t.Context())
	begun, err := l.Begin(ctx, grant, grant)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := l.Write(ctx, begun[0].After(nil)); err != nil {
		t.Errorf("the outcome of a request that was sent: %v", err)
	}
	if _, err := l.Begin(ctx, grant); !errors.Is(err, context.Canceled) {
		t.Errorf("an attempt that will not be made: %v", err)
	}
	r := verify(t, path)
	want := []Unfinished{{2, "2026-03-01T09:30:00.123Z", "slack", "add member", "slack/groups/admins", "u-1", "1042", begun[1].Attempt}}
	if diff := cmp.Diff(want, r.Unfinished); r.Lines != 3 || diff != "" {
		t.Errorf("%d lines, unfinished (-want +got):\n%s", r.Lines, diff)
	}
}

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	l.queue.Patience = time.Millisecond
	other := flock.New(path + ".lock")
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	err := l.Write(t.Context(), grant)
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), path+".lock") {
		t.Errorf("got %v", err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// TestSharedFile has several logs, as several processes would, append to one file, which is also
// replaced by a new one in the middle.
func TestSharedFile(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	logs := []*Log{openLog(t, path, false), openLog(t, path, true)}
	fill := func() {
		var g errgroup.Group
		for i := range 100 {
			g.Go(func() error {
				l := logs[i%2]
				begun, err := l.Begin(context.Background(), grant, grant)
				if err != nil {
					return err
				}
				return l.Write(context.Background(), begun[0].After(nil), begun[1].After(nil))
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, path); r.Lines != 400 || len(r.Unfinished) > 0 || len(r.Torn) > 0 {
			t.Errorf("report %+v", r)
		}
	}
	fill()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	fill()
}

func TestRecoversFromAnyCut(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	write(t, l, grant, grant)
	two := len(read(t, path))
	write(t, l, grant, grant)
	whole := read(t, path)
	for cut := range whole {
		p := newPath(t)
		if err := os.WriteFile(p, []byte(whole[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		before := verify(t, p)
		if cut >= two && before.Lines < 2 {
			t.Fatalf("cut at %d: %+v", cut, before)
		}
		write(t, openLog(t, p, false), grant)
		after := verify(t, p)
		if len(after.Torn) != len(before.Torn) || after.Lines != before.Lines+1+len(before.Torn) {
			t.Fatalf("cut at %d: before %+v, after %+v", cut, before, after)
		}
		for i, torn := range after.Torn {
			if !torn.Recovered || before.Torn[i].Recovered || torn.Line != before.Torn[i].Line {
				t.Fatalf("cut at %d: before %+v, after %+v", cut, before, after)
			}
		}
		if cut%50 != 0 {
			continue
		}
		recovered := read(t, p) // the recovery itself may be cut, too
		for again := cut; again < len(recovered); again += 7 {
			if err := os.WriteFile(p, []byte(recovered[:again]), 0o600); err != nil {
				t.Fatal(err)
			}
			write(t, openLog(t, p, false), grant)
			verify(t, p)
		}
	}
}

func TestZerosAfterAPowerFailure(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	write(t, l, grant, grant)
	if err := os.WriteFile(path, append([]byte(read(t, path)), make([]byte, 4096)...), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, l, grant)
	if r := verify(t, path); r.Lines != 4 || len(r.Torn) != 1 || r.Torn[0] != (Torn{3, 4097, true}) {
		t.Errorf("report %+v", r)
	}
}

func TestFailedWriteIsToldAndExplained(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	write(t, l, grant)
	full := errors.New("no space left on device")
	l.disk.write = func(f *os.File, b []byte) (int, error) {
		n, _ := f.Write(b[:len(b)/2])
		return n, full
	}
	err := l.Write(t.Context(), grant)
	if !errors.Is(err, fault.Unavailable) || !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	l.disk.write = (*os.File).Write
	write(t, l, grant)
	if r := verify(t, path); r.Lines != 3 || len(r.Torn) != 1 || !r.Torn[0].Recovered {
		t.Errorf("report %+v", r)
	}
}

// TestOneSyncForManyLines counts syncs, and sees that none is acknowledged before its own.
func TestOneSyncForManyLines(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	l := openLog(t, path, false)
	const callers = 200
	var mu sync.Mutex
	var written, synced, syncs, directories int
	held, release := make(chan struct{}), make(chan struct{})
	l.disk.write = func(f *os.File, b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		written += bytes.Count(b, []byte("\n"))
		return f.Write(b)
	}
	l.disk.sync = func(f *os.File) error {
		mu.Lock()
		first := syncs == 0
		syncs++
		synced = written
		mu.Unlock()
		if first {
			close(held)
			<-release
		}
		return f.Sync()
	}
	l.disk.syncDirectory = func(string) error { directories++; return nil }
	var g errgroup.Group
	write := func(n, total int) error {
		batch := make([]Entry, n)
		for i := range batch {
			batch[i] = grant
		}
		err := l.Write(context.Background(), batch...)
		mu.Lock()
		defer mu.Unlock()
		if synced < total {
			return errors.New("acknowledged before it was on disk")
		}
		return err
	}
	g.Go(func() error { return write(1, 1) })
	<-held
	g.Go(func() error { return write(callers, callers+1) })
	close(release)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if syncs != 2 || directories != 1 {
		t.Errorf("%d syncs for a line and a batch, %d of the directory", syncs, directories)
	}
	if r := verify(t, path); r.Lines != callers+1 {
		t.Errorf("%d lines", r.Lines)
	}
}

func TestFailedSyncIsTold(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for name, breakIt := range map[string]func(*disk){
		"file":      func(d *disk) { d.sync = func(*os.File) error { return broken } },
		"directory": func(d *disk) { d.syncDirectory = func(string) error { return broken } },
	} {
		path := newPath(t)
		l := openLog(t, path, false)
		good := l.disk
		breakIt(&l.disk)
		if _, err := l.Begin(t.Context(), grant); !errors.Is(err, fault.Unavailable) || !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		l.disk = good
		write(t, l, grant)
		verify(t, path)
	}
}
