package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Log appends to one file. Its methods are safe for concurrent use, in this process and beside others.
// A nil Log is the one that nobody asked for: it records nothing and fails never.
type Log struct {
	path  string
	names bool
	queue durable.Queue[[]record]
	now   func() time.Time
	disk  disk

	// end and info are the end of the file as we left it; only the committing goroutine uses them.
	end  end
	info fs.FileInfo
}

// disk is what is done to the file; tests make it fail in the middle, count, or go without the wait.
type disk struct {
	write         func(f *os.File, b []byte) (int, error)
	sync          func(f *os.File) error
	syncDirectory func(path string) error
}

// Open names the log. It does no I/O; the file is created, mode 0600, by the first write. With names,
// lines carry user names beside the app's account ids.
func Open(path string, names bool) *Log {
	l := &Log{path: path, names: names, now: time.Now, disk: disk{(*os.File).Write, (*os.File).Sync, durable.SyncDirectory}}
	l.queue = durable.Queue[[]record]{LockPath: l.lockPath, LockMode: 0o600, Commit: l.commit}
	return l
}

// Begin makes the attempts durable before the requests are sent, and gives the entries back with an id
// in Attempt, to be completed and handed to Write. When it fails, nothing may be sent: a write that
// cannot be recorded is not made.
func (l *Log) Begin(ctx context.Context, entries ...Entry) ([]Entry, error) {
	begun := make([]Entry, len(entries))
	for i, e := range entries {
		e.Attempt, e.Outcome = rand.Text(), Attempted
		begun[i] = e
	}
	if err := l.Write(ctx, begun...); err != nil {
		return nil, err
	}
	return begun, nil
}

// Write appends a line for each entry, in order, and returns when they are on disk. Lines of concurrent
// callers share one sync. Outcomes are written even when ctx has ended, because the request was sent; an
// error means that the log may lack them and has to be told.
func (l *Log) Write(ctx context.Context, entries ...Entry) error {
	if l == nil || len(entries) == 0 {
		return nil
	}
	records := make([]record, len(entries))
	for i, e := range entries {
		if err := e.check(); err != nil {
			return l.failed(err)
		}
		if !l.names {
			e.UserName = ""
		}
		records[i] = newRecord(e, l.now())
	}
	if slices.ContainsFunc(entries, func(e Entry) bool { return e.Outcome != Attempted }) {
		ctx = context.WithoutCancel(ctx)
	}
	return l.failed(l.queue.Do(ctx, records))
}

func (l *Log) failed(err error) error { return fault.In(err, "", "write the audit log", l.path) }

func (l *Log) lockPath() (string, error) {
	if strings.TrimSpace(l.path) == "" {
		return "", fault.New(fault.Invalid, "the path of the audit log is empty")
	}
	path, err := durable.Target(l.path)
	return path + ".lock", err
}

// commit appends all records in one write and one sync. The lock is held. The lines of a batch are
// durable together, so they share its error.
func (l *Log) commit(batch [][]record) []error {
	err := l.append(batch)
	if err != nil {
		l.info = nil // whatever is at the end of the file now, look before the next write
	}
	errs := make([]error, len(batch))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func (l *Log) append(batch [][]record) (err error) {
	f, err := l.open()
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = unsynced(cerr)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return durable.Unreadable(err)
	}
	known := l.info != nil && os.SameFile(l.info, info)
	if !known || l.info.Size() != info.Size() {
		if l.end, err = findEnd(f, info.Size()); err != nil {
			return err
		}
	}
	b, next := l.encode(batch)
	if _, err := l.disk.write(f, b); err != nil {
		return &fault.Error{
			Kind: fault.Unavailable, Cause: "cannot append to the file", Err: err,
			State: "The lines are not or only partly written; the next write explains what is left of them.",
			Next:  "Make sure that the disk has room and is healthy.",
		}
	}
	if err := l.disk.sync(f); err != nil {
		return unsynced(err)
	}
	if !known { // the file may be new
		if err := l.disk.syncDirectory(filepath.Dir(f.Name())); err != nil {
			return unsynced(err)
		}
	}
	if info, err = f.Stat(); err != nil {
		return durable.Unreadable(err)
	}
	l.end, l.info = next, info
	return nil
}

func unsynced(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Cause: "the lines were written, but not proven to be on disk", Err: err,
		Next: "Check the disk.",
	}
}

func (l *Log) open() (*os.File, error) {
	path, err := durable.Target(l.path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, durable.Unwritten("cannot open the file", err)
	}
	return f, nil
}

// encode gives the bytes to append, preceded by what puts the end of the file right, and where the
// chain stands after them.
func (l *Log) encode(batch [][]record) ([]byte, end) {
	var b bytes.Buffer
	at := l.end
	add := func(r record) {
		r.Seq, r.Prev = at.seq+1, at.hash
		line := r.line()
		at = end{seq: r.Seq, hash: hashOf(line)}
		b.Write(line)
		b.WriteByte('\n')
	}
	if l.end.open {
		b.WriteByte('\n')
	}
	if l.end.torn > 0 {
		add(record{
			Time: l.now().UTC().Format(timeLayout), Outcome: recovered, TornBytes: l.end.torn, TornSHA256: l.end.tornHash,
		})
	}
	for _, records := range batch {
		for _, r := range records {
			add(r)
		}
	}
	return b.Bytes(), at
}
