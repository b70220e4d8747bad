package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// defaultPatience is long enough for another process to write a file of many megabytes to a slow disk,
// and short enough that a forgotten lock is noticed.
const defaultPatience = 30 * time.Second

// Queue lets many concurrent writers of one file share one locked write cycle: whoever arrives while a
// cycle runs, or while another process holds the lock, is served together by the next. A file of n bytes
// that takes k writes at once is then written once, not k times, and synced once.
//
// The fields are set before first use and not changed afterwards. No goroutine runs while nothing waits.
type Queue[T any] struct {
	// LockPath names the lock file, created when missing and never removed. It is asked once per cycle.
	LockPath func() (string, error)
	// LockMode is the mode of a lock file that is created.
	LockMode fs.FileMode
	// Commit performs the operations and answers index-aligned. It is never called concurrently.
	Commit func(batch []T) []error
	// Patience is how long an operation waits for its turn; zero means 30 seconds.
	Patience time.Duration

	mu         sync.Mutex
	waiting    []*ticket[T]
	running    bool
	committing bool // which means that the lock is ours
}

type ticket[T any] struct {
	op   T
	done chan struct{}
	err  error
}

// Do waits until op was committed and returns its error. When ctx ends or patience runs out before the
// operation's turn, it is withdrawn: the error is then fault.Unavailable and nothing was done. Once begun,
// an operation is always awaited, so that an outcome is never unknown for lack of waiting.
func (q *Queue[T]) Do(ctx context.Context, op T) error {
	if err := ctx.Err(); err != nil {
		return notBegun(err)
	}
	t := &ticket[T]{op: op, done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, t)
	if !q.running {
		q.running = true
		go q.run()
	}
	q.mu.Unlock()

	patience := q.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		if q.withdraw(t) {
			return notBegun(ctx.Err())
		}
	case <-timer.C:
		if q.withdraw(t) {
			return q.locked(patience)
		}
	}
	<-t.done
	return t.err
}

func notBegun(err error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Cause: "the operation was given up before its turn",
		State: "Nothing was written.", Err: err,
	}
}

func (q *Queue[T]) locked(patience time.Duration) error {
	q.mu.Lock()
	ours := q.committing
	q.mu.Unlock()
	path, err := q.LockPath()
	if err != nil {
		return err
	}
	if ours {
		return &fault.Error{
			Kind: fault.Unavailable, Cause: "writes before this one took longer than " + patience.String(),
			State: "Nothing was written.", Next: "Repeat it.",
		}
	}
	return &fault.Error{
		Kind:  fault.Unavailable,
		Cause: "another process has held the lock file " + path + " for " + patience.String(),
		State: "Nothing was written.",
		Next:  "Wait for the other run to finish, or end it. The lock goes with its process; deleting the file does not help.",
	}
}

// withdraw takes t out of the queue; false means that its turn has come.
func (q *Queue[T]) withdraw(t *ticket[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w == t {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// run serves the queue until it is empty. It blocks for the lock instead of polling: a poller would
// starve beside a process that takes the lock again and again.
func (q *Queue[T]) run() {
	for {
		unlock, err := q.lock()
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		q.committing = err == nil
		q.mu.Unlock()
		if err != nil {
			for _, t := range batch {
				t.err = err
			}
		} else {
			if len(batch) > 0 {
				ops := make([]T, len(batch))
				for i, t := range batch {
					ops[i] = t.op
				}
				for i, err := range q.Commit(ops) {
					batch[i].err = err
				}
			}
			unlock()
		}
		for _, t := range batch {
			close(t.done)
		}
		q.mu.Lock()
		q.committing = false
		if len(q.waiting) == 0 {
			q.running = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
	}
}

func (q *Queue[T]) lock() (unlock func(), err error) {
	path, err := q.LockPath()
	if err != nil {
		return nil, err
	}
	for {
		l := flock.New(path, flock.SetPermissions(q.LockMode))
		if err := l.Lock(); errors.Is(err, syscall.EINTR) {
			continue
		} else if err != nil {
			return nil, Unwritten("cannot take the lock file "+path, err)
		}
		// Someone may have deleted or replaced the file while we waited; a lock on what is no longer
		// there excludes nobody.
		held, err1 := l.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(held, named) {
			return func() { _ = l.Unlock() }, nil // closing releases it in any case
		}
		_ = l.Unlock()
	}
}
