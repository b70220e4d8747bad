package inventory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const (
	// outcomeGrace is how long a caller that gave up still waits for the outcome of what was sent for it.
	outcomeGrace = 5 * time.Second
	// gatherStep is how long a batch waits for callers that were answered together and are about to come back;
	// as long as more of them come it waits again, at most gatherSteps times.
	gatherStep, gatherSteps = 10 * time.Millisecond, 5
	// recordEvery bounds a batch where the app takes changes one at a time anyway, so that outcomes are
	// recorded along the way and not after fifty thousand of them.
	recordEvery = 100
)

// committer sends changes to one thing (a group, a product) one request at a time. Whoever arrives while a
// request is in flight queues, and the whole queue goes out together when it returns. Where several callers share
// requests already, the next one waits for them a moment: single resources of one group come back in a burst, and a
// caller who is alone never waits.
type committer[C any] struct {
	// send sends one batch and settles every item of it.
	send func(ctx context.Context, key string, batch []*item[C])
	// limit is the most changes in one batch, 0 where the app takes one at a time.
	limit func() int
	// order gives a change its turn within a batch (changes of different turns never share a request)
	// and the account it is about (two changes to one account never share one either).
	order func(C) (turn int, account string)

	mu     sync.Mutex
	queues map[string][]*call[C] // a key is present while somebody sends for it
	bursts map[string]bool       // whether several callers shared the last batch
}

// call is one caller's changes.
type call[C any] struct {
	items []*item[C]
	taken bool // out of the queue: something may have been sent
	done  chan struct{}
}

// item is one change on its way.
type item[C any] struct {
	ctx    context.Context // of the caller: reasons, logging, and whether anybody still wants it
	change C
	err    error
}

func (q *committer[C]) init(send func(context.Context, string, []*item[C]), limit func() int) {
	q.send, q.limit, q.queues, q.bursts = send, limit, map[string][]*call[C]{}, map[string]bool{}
}

// do answers index-aligned.
func (q *committer[C]) do(ctx context.Context, key string, changes []C) []error {
	if len(changes) == 0 {
		return nil
	}
	c := &call[C]{items: make([]*item[C], len(changes)), done: make(chan struct{})}
	for i, change := range changes {
		c.items[i] = &item[C]{ctx: ctx, change: change}
	}
	q.mu.Lock()
	queue, busy := q.queues[key]
	q.queues[key] = append(queue, c)
	if !busy {
		go q.run(key)
	}
	q.mu.Unlock()

	select {
	case <-c.done:
		return c.errs()
	case <-ctx.Done():
	}
	if q.withdraw(key, c) {
		return fill(len(changes), notSent(ctx))
	}
	timer := time.NewTimer(outcomeGrace)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.errs()
	case <-timer.C:
		return fill(len(changes), &fault.Error{
			Kind: fault.Unconfirmed, Cause: "the operation was canceled while the request was on its way", Err: ctx.Err(),
			State: "It may or may not have been written.", Next: "Apply again: repeating it is safe.",
		})
	}
}

func (c *call[C]) errs() []error {
	errs := make([]error, len(c.items))
	for i, it := range c.items {
		errs[i] = it.err
	}
	return errs
}

// withdraw takes a call back, unless it is on its way.
func (q *committer[C]) withdraw(key string, c *call[C]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.taken {
		return false
	}
	for i, other := range q.queues[key] {
		if other == c {
			q.queues[key] = append(q.queues[key][:i:i], q.queues[key][i+1:]...)
		}
	}
	return true
}

// run sends until nobody is waiting.
func (q *committer[C]) run(key string) {
	for {
		q.gather(key)
		q.mu.Lock()
		calls := q.queues[key]
		if len(calls) == 0 {
			delete(q.queues, key)
			q.mu.Unlock()
			return
		}
		q.queues[key] = nil
		q.bursts[key] = len(calls) > 1
		for _, c := range calls {
			c.taken = true
		}
		q.mu.Unlock()

		var items []*item[C]
		for _, c := range calls {
			items = append(items, c.items...)
		}
		for len(items) > 0 {
			var round []*item[C]
			round, items = q.round(items)
			for _, batch := range q.batches(round) {
				q.deliver(key, batch)
			}
		}
		for _, c := range calls {
			close(c.done)
		}
	}
}

// gather waits while callers come, where the last ones came together and somebody is waiting.
func (q *committer[C]) gather(key string) {
	waiting := func() int {
		q.mu.Lock()
		defer q.mu.Unlock()
		if !q.bursts[key] {
			return 0
		}
		return len(q.queues[key])
	}
	for range gatherSteps {
		n := waiting()
		if n == 0 {
			return
		}
		<-time.After(gatherStep)
		if waiting() == n {
			return
		}
	}
}

// round splits off the items that are the first for their account; arrival order holds for each account.
func (q *committer[C]) round(items []*item[C]) (now, later []*item[C]) {
	seen := map[string]bool{}
	for _, it := range items {
		if _, account := q.order(it.change); !seen[account] {
			seen[account] = true
			now = append(now, it)
		} else {
			later = append(later, it)
		}
	}
	return now, later
}

// batches cuts a round into requests: turn by turn, and no more than the app takes.
func (q *committer[C]) batches(round []*item[C]) (batches [][]*item[C]) {
	var turns [2][]*item[C]
	for _, it := range round {
		turn, _ := q.order(it.change)
		turns[turn] = append(turns[turn], it)
	}
	size := q.limit()
	if size <= 0 {
		size = recordEvery
	}
	for _, items := range turns {
		for len(items) > 0 {
			n := min(size, len(items))
			batches, items = append(batches, items[:n]), items[n:]
		}
	}
	return batches
}

// deliver sends one batch for those who still want it. The request ends early only when none of them does.
func (q *committer[C]) deliver(key string, batch []*item[C]) {
	var wanted []*item[C]
	for _, it := range batch {
		if it.ctx.Err() != nil {
			it.err = notSent(it.ctx)
		} else {
			wanted = append(wanted, it)
		}
	}
	if len(wanted) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(wanted[0].ctx))
	defer cancel()
	var left atomic.Int64
	left.Store(int64(len(wanted)))
	for _, it := range wanted {
		stop := context.AfterFunc(it.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
		defer stop()
	}
	q.send(ctx, key, wanted)
}

func notSent(ctx context.Context) error {
	return &fault.Error{Kind: fault.Unavailable, Cause: "the operation was canceled", Err: ctx.Err(), State: nothingSent}
}

func fill(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// settle gives every item its result; a missing one is no success.
func settle[C any](items []*item[C], errs []error) {
	for i, it := range items {
		if i < len(errs) {
			it.err = proven(errs[i])
			continue
		}
		it.err = fault.New(fault.Unconfirmed, "the connector answered for %d of %d changes", len(errs), len(items))
	}
}
