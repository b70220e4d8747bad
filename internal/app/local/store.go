package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// settled is the age from which a modification time can be trusted to change with the next write: the
// coarsest clocks of file systems tick every two seconds.
const settled = 2 * time.Second

// store is the file: parsed copies for readers, group commit for writers.
type store struct {
	path  string
	queue durable.Queue[func(*edit) error]
	seed  maphash.Seed
	buf   bytes.Buffer // what is being written; used again because it can be large

	// How to wait for the disk; tests make it fail, or go without.
	sync          func(*os.File) error
	syncDirectory func(path string) error

	mu    sync.Mutex
	cache snapshot
}

// snapshot is the file as it was when read or written, or why it could not be read.
type snapshot struct {
	doc  *document
	err  error
	info fs.FileInfo // nil before the first read, and for a missing file
	sum  uint64
	// exact says that info alone tells this content from any other: the file had settled, or its
	// modification time was set by us to the nanosecond, which no other write will hit.
	exact bool
}

func newStore(path string) *store {
	s := &store{path: path, seed: maphash.MakeSeed(), sync: (*os.File).Sync, syncDirectory: durable.SyncDirectory}
	s.queue = durable.Queue[func(*edit) error]{LockPath: s.lockPath, LockMode: 0o666, Commit: s.commit}
	return s
}

// load gives the content of the file as it is now. A missing file is an empty app, because the first
// apply begins with one; a missing directory is an error, because no apply can mend it.
func (s *store) load(ctx context.Context) (*document, error) {
	if err := ctx.Err(); err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Cause: "the operation was given up", Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current()
}

// current is load for those who hold mu.
func (s *store) current() (*document, error) {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := durable.CheckDirectory(s.path); err != nil {
			return nil, err
		}
		s.cache = snapshot{doc: &document{}}
		return s.cache.doc, nil
	case err != nil:
		return nil, durable.Unreadable(err)
	case info.IsDir():
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "the path " + s.path + " is a directory", Next: "Set path to a file."}
	}
	if c := &s.cache; !c.exact || !same(c.info, info) {
		if err := s.read(); err != nil {
			return nil, err
		}
	}
	return s.cache.doc, s.cache.err
}

func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// read brings the cache up to date. Its error says that the file could not be read; a file that is
// malformed is remembered as such.
func (s *store) read() error {
	f, err := os.Open(s.path)
	if err != nil {
		return durable.Unreadable(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	now := time.Now()
	info, err := f.Stat()
	if err != nil {
		return durable.Unreadable(err)
	}
	var b bytes.Buffer
	b.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := b.ReadFrom(f); err != nil {
		return durable.Unreadable(err)
	}
	data := b.Bytes()
	sum := maphash.Bytes(s.seed, data)
	if s.cache.info == nil || s.cache.sum != sum || s.cache.info.Size() != int64(len(data)) {
		s.cache.doc, s.cache.err = decode(s.path, data)
	}
	s.cache.info, s.cache.sum = info, sum
	s.cache.exact = info.Size() == int64(len(data)) && now.Sub(info.ModTime()) > settled
	return nil
}

func (s *store) lockPath() (string, error) {
	path, err := durable.Target(s.path)
	return path + ".lock", err
}

// update applies change to the file, together with whatever else waits. A change refuses before it
// touches anything; it is called again, on a fresh copy, when the file changed meanwhile.
func (s *store) update(ctx context.Context, change func(*edit) error) error {
	return s.queue.Do(ctx, change)
}

// errChanged says that somebody who does not know of the lock, such as an editor, changed the file.
var errChanged = errors.New("the file is being changed by something else")

// commit is one cycle: read if the file changed, apply, write if anything changed. The lock is held.
func (s *store) commit(batch []func(*edit) error) []error {
	errs := make([]error, len(batch))
	err := errChanged
	for try := 0; try < 5 && errors.Is(err, errChanged); try++ {
		var doc *document
		s.mu.Lock()
		doc, err = s.current()
		base := s.cache.info
		s.mu.Unlock()
		if err != nil {
			break
		}
		e := edit{document: *doc}
		for i, change := range batch {
			errs[i] = change(&e)
		}
		if !e.changed {
			return errs
		}
		next := e.document
		err = s.write(&next, base)
	}
	if err != nil {
		// Answers like "already a member" may rest on changes of this batch that were not written.
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// write replaces the file: a crash at any point leaves the old content or the new, and at most a
// temporary file, which the next write removes. base is the file that doc was made from.
func (s *store) write(doc *document, base fs.FileInfo) error {
	path, err := durable.Target(s.path)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600) // it holds personal data; who wants to share it says so with chmod
	if info, err := os.Stat(path); err == nil {
		if mode = info.Mode().Perm(); mode&0o222 == 0 {
			return &fault.Error{
				Kind: fault.Forbidden, Cause: path + " is marked read-only", State: "Nothing was written.",
				Next: "Allow writing with chmod u+w, or mark the app read_only.",
			}
		}
	}
	temporary := path + ".tmp"
	written, err := s.writeTemporary(temporary, mode, doc)
	if err != nil {
		_ = os.Remove(temporary)
		return durable.Unwritten("cannot write the file", err)
	}

	s.mu.Lock()
	now, err := os.Stat(path)
	switch {
	case err == nil && same(now, base) || errors.Is(err, fs.ErrNotExist) && base == nil:
		err = os.Rename(temporary, path)
	case err == nil || errors.Is(err, fs.ErrNotExist):
		err = errChanged
	}
	if err == nil {
		s.cache = written
	}
	s.mu.Unlock()
	if err != nil {
		_ = os.Remove(temporary)
		return durable.Unwritten("cannot replace the file", err)
	}
	if err := s.syncDirectory(filepath.Dir(path)); err != nil {
		return &fault.Error{
			Kind: fault.Unconfirmed, Cause: "the file was replaced, but the directory could not be synced to disk", Err: err,
			State: "The change is in the file now and may be lost if the machine fails.", Next: "Check the disk, then repeat the apply.",
		}
	}
	return nil
}

func (s *store) writeTemporary(path string, mode fs.FileMode, doc *document) (_ snapshot, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return snapshot{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return snapshot{}, err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	s.buf.Reset()
	doc.write(&s.buf)
	if _, err := f.Write(s.buf.Bytes()); err != nil {
		return snapshot{}, err
	}
	if err := f.Chmod(mode); err != nil {
		return snapshot{}, err
	}
	now := time.Now()
	if err := os.Chtimes(path, now, now); err != nil {
		return snapshot{}, err
	}
	if err := s.sync(f); err != nil {
		return snapshot{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return snapshot{}, err
	}
	return snapshot{doc: doc, info: info, sum: maphash.Bytes(s.seed, s.buf.Bytes()), exact: info.ModTime().Equal(now)}, nil
}

// roles are the roles in a group, as the file said when it was last read; it is read if it never was.
func (s *store) roles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache.doc == nil {
		_, _ = s.current() // whoever uses the file is told
	}
	if s.cache.doc == nil {
		return defaultRoles
	}
	return s.cache.doc.groupRoles()
}
