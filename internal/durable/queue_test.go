package durable

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// recorder is a Commit that remembers the batches; negative operations fail.
type recorder struct {
	mu      sync.Mutex
	batches [][]int
}

func (r *recorder) commit(batch []int) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, batch)
	errs := make([]error, len(batch))
	for i, op := range batch {
		if op < 0 {
			errs[i] = fault.New(fault.Invalid, "operation %d", op)
		}
	}
	return errs
}

func newQueue(t *testing.T, commit func([]int) []error) (*Queue[int], string) {
	path := filepath.Join(t.TempDir(), "file.lock")
	return &Queue[int]{
		LockPath: func() (string, error) { return path, nil }, LockMode: 0o600, Commit: commit,
	}, path
}

func TestWhoWaitsTogetherIsServedTogether(t *testing.T) {
	t.Parallel()
	var r recorder
	first, hold := make(chan struct{}), make(chan struct{})
	var once sync.Once
	q, _ := newQueue(t, func(batch []int) []error {
		once.Do(func() { close(first); <-hold })
		return r.commit(batch)
	})
	var wg sync.WaitGroup
	do := func(op int) {
		wg.Go(func() {
			if err := q.Do(t.Context(), op); (err != nil) != (op < 0) {
				t.Errorf("operation %d: %v", op, err)
			}
		})
	}
	do(1)
	<-first
	for _, op := range []int{2, -3, 4, 5} {
		do(op)
	}
	for q.length() < 4 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	wg.Wait()
	if len(r.batches) != 2 || len(r.batches[0]) != 1 || len(r.batches[1]) != 4 {
		t.Errorf("batches %v, want one and then four", r.batches)
	}
}

func (q *Queue[T]) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

func TestGivenUpBeforeItsTurn(t *testing.T) {
	t.Parallel()
	var r recorder
	q, path := newQueue(t, r.commit)
	other := flock.New(path)
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- q.Do(ctx, 1) }()
	for q.length() < 1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	err := <-result
	if !errors.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := q.Do(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
	q.Patience = time.Millisecond
	err = q.Do(t.Context(), 3)
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), path) {
		t.Errorf("out of patience: %v", err)
	}
	q.Patience = 0
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := q.Do(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if got := slices.Concat(r.batches...); !slices.Equal(got, []int{4}) {
		t.Errorf("committed %v, want only 4", got)
	}
}

func TestBegunIsAwaited(t *testing.T) {
	t.Parallel()
	begun, hold := make(chan struct{}), make(chan struct{})
	q, _ := newQueue(t, func([]int) []error {
		close(begun)
		<-hold
		return []error{nil}
	})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- q.Do(ctx, 1) }()
	<-begun
	cancel()
	close(hold)
	if err := <-result; err != nil {
		t.Errorf("a committed operation answered %v", err)
	}
}

func TestLockFileThatCannotBeMade(t *testing.T) {
	t.Parallel()
	var r recorder
	q, path := newQueue(t, r.commit)
	q.LockPath = func() (string, error) { return filepath.Join(path, "missing"), nil }
	if err := q.Do(t.Context(), 1); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	broken := errors.New("no path")
	q.LockPath = func() (string, error) { return "", broken }
	if err := q.Do(t.Context(), 1); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if len(r.batches) > 0 {
		t.Errorf("committed %v without the lock", r.batches)
	}
}

func TestDeletedLockFile(t *testing.T) {
	t.Parallel()
	var r recorder
	q, path := newQueue(t, r.commit)
	other := flock.New(path)
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() { result <- q.Do(t.Context(), 1) }()
	for q.length() < 1 {
		time.Sleep(time.Millisecond)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the lock that was taken excludes nobody: %v", err)
	}
}
