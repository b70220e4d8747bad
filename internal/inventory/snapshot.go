package inventory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// loadTimeout ends a load that never does. Single requests have their own, much shorter limits in the
// connector; this one must outlast the listing of a large tenant under a slow quota.
const loadTimeout = 30 * time.Minute

// rereadLimit is how many entries of unknown state a listing may have before listing again is cheaper.
const rereadLimit = 20

// flight is one load that many callers wait for.
type flight[V any] struct {
	done chan struct{}
	v    V
	err  error
}

// start runs load apart from the caller: a caller that is canceled must not fail the others. land runs
// before the waiters wake.
func start[V any](ctx context.Context, load func(context.Context) (V, error), land func(*flight[V])) *flight[V] {
	f := &flight[V]{done: make(chan struct{})}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		f.v, f.err = load(ctx)
		if f.err != nil && ctx.Err() != nil {
			f.err = fault.New(fault.Unavailable, "no complete answer within %s", loadTimeout)
		}
		land(f)
		close(f.done)
	}()
	return f
}

func (f *flight[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-f.done:
		return f.v, f.err
	case <-ctx.Done():
		var zero V
		return zero, ctx.Err()
	}
}

// collection is one kind of thing in one app, as far as it is known. Entries come from point reads, from
// at most one listing, and from our own writes; what was read singly or written outweighs the listing,
// because listings lag.
//
// Whether to read singly or to list is the ski-rental problem: nobody knows how many entries will be asked
// for. Single reads until they have cost what a listing costs, and then a listing, is never more than twice
// the best choice.
type collection[T any] struct {
	// list loads everything; nil where there is no such listing.
	list func(ctx context.Context, put func(id string, v T)) error
	// point reads one entry.
	point func(ctx context.Context, id string) (T, error)
	// cost is the number of requests that list would take; nil lists without asking.
	cost func(ctx context.Context) (int, error)
	// watch, if any, sees every change of known under mu; the zero T stands for absence.
	watch func(old, new T)
	// loaded, if any, is told of a finished listing.
	loaded func(n int, took time.Duration)

	mu       sync.Mutex
	known    map[string]T
	firm     map[string]bool  // known from a point read or a write, not just from the listing
	gone     map[string]bool  // absence confirmed; true when it was our own write
	doubtful map[string]bool  // dropped since the listing began: only a point read tells
	failed   map[string]error // terminal errors of point reads
	points   map[string]*flight[T]
	listing  *flight[map[string]T]
	sizing   *flight[int]
	listed   bool
	listErr  error // terminal error of the listing
	fatal    error // the credential was refused: nothing will work in this run
	pages    int   // what a listing costs; 0 until known
	rented   int   // single requests sent while a listing was still an option
	sorted   []string
}

func (c *collection[T]) init() {
	c.known, c.firm, c.gone = map[string]T{}, map[string]bool{}, map[string]bool{}
	c.doubtful, c.failed, c.points = map[string]bool{}, map[string]error{}, map[string]*flight[T]{}
}

// get hands the entry to use, which runs under the lock.
func (c *collection[T]) get(ctx context.Context, id string, use func(T)) error {
	for {
		c.mu.Lock()
		if v, ok := c.known[id]; ok {
			use(v)
			c.mu.Unlock()
			return nil
		}
		f := c.points[id]
		if f == nil {
			wait, err := c.step(ctx, id)
			if err != nil {
				c.mu.Unlock()
				return err
			}
			if wait != nil {
				c.mu.Unlock()
				if err := wait(ctx); err != nil && !errors.Is(err, fault.Unsupported) {
					return err
				}
				continue
			}
			f = c.startPoint(ctx, id)
		}
		c.mu.Unlock()
		return c.land(ctx, f, use)
	}
}

// reread reads the entry from the app whatever is known.
func (c *collection[T]) reread(ctx context.Context, id string, use func(T)) error {
	c.mu.Lock()
	f := c.startPoint(ctx, id)
	c.mu.Unlock()
	return c.land(ctx, f, use)
}

// confirm reads the entry from the app unless what is known is enough or a read is on its way.
func (c *collection[T]) confirm(ctx context.Context, id string, enough func(T) bool, use func(T)) error {
	c.mu.Lock()
	if v, ok := c.known[id]; ok && enough(v) {
		use(v)
		c.mu.Unlock()
		return nil
	}
	f := c.points[id]
	if f == nil {
		f = c.startPoint(ctx, id)
	}
	c.mu.Unlock()
	return c.land(ctx, f, use)
}

func (c *collection[T]) land(ctx context.Context, f *flight[T], use func(T)) error {
	v, err := f.wait(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	use(v)
	return nil
}

// step decides, under mu, how to learn something that is not known: with nothing to wait for the caller
// may send one request of its own, else it waits and asks again. An empty id asks for nothing particular.
func (c *collection[T]) step(ctx context.Context, id string) (wait func(context.Context) error, err error) {
	switch {
	case c.fatal != nil:
		return nil, c.fatal
	case c.failed[id] != nil:
		return nil, c.failed[id]
	case c.isGone(id):
		return nil, fault.New(fault.NotFound, "the app does not have it")
	case c.listed, c.list == nil, errors.Is(c.listErr, fault.Unsupported):
		return nil, nil
	case c.listErr != nil:
		return nil, c.listErr
	case c.listing != nil:
	case c.cost == nil:
		c.startListing(ctx)
	case c.pages == 0:
		if c.sizing == nil {
			c.startSizing(ctx)
		}
		f := c.sizing
		return func(ctx context.Context) error { _, err := f.wait(ctx); return err }, nil
	case c.rented < c.pages-1: // one less than the price: asking for the price was a request too
		c.rented++
		return nil, nil
	default:
		c.startListing(ctx)
	}
	return c.waitListing(), nil
}

// expect says that n more entries are about to be asked for, singly. Where a listing costs less than they do it is
// made now: knowing n, nothing need be spent on finding out. A failure is left to those who ask.
func (c *collection[T]) expect(ctx context.Context, n int) {
	for n > 1 {
		c.mu.Lock()
		var wait func(context.Context) error
		switch {
		case c.fatal != nil, c.listErr != nil, c.listed, c.list == nil:
		case c.listing != nil:
			wait, n = c.waitListing(), 0
		case c.cost != nil && c.pages == 0:
			if c.sizing == nil {
				c.startSizing(ctx)
			}
			f := c.sizing
			wait = func(ctx context.Context) error { _, err := f.wait(ctx); return err }
		case n >= c.pages: // c.pages is 0 where nobody knows the price, and the first read would list anyway
			c.startListing(ctx)
			wait, n = c.waitListing(), 0
		}
		c.mu.Unlock()
		if wait == nil || wait(ctx) != nil {
			return
		}
	}
}

func (c *collection[T]) waitListing() func(context.Context) error {
	f := c.listing
	return func(ctx context.Context) error { _, err := f.wait(ctx); return err }
}

func (c *collection[T]) isGone(id string) bool { _, ok := c.gone[id]; return ok }

func (c *collection[T]) startSizing(ctx context.Context) {
	c.sizing = start(ctx, c.cost, func(f *flight[int]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sizing = nil
		switch {
		case f.err == nil:
			c.pages = max(f.v, 1)
		case c.remember(f.err):
		case terminal(f.err):
			c.cost, f.err = nil, nil // no price to be had: the listing itself tells what is wrong
		}
	})
}

func (c *collection[T]) startPoint(ctx context.Context, id string) *flight[T] {
	f := start(ctx, func(ctx context.Context) (T, error) { return c.point(ctx, id) }, func(f *flight[T]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.points[id] != f {
			return // a write or a later read made this answer old
		}
		delete(c.points, id)
		switch {
		case f.err == nil:
			c.set(id, f.v)
		case errors.Is(f.err, fault.NotFound):
			c.unset(id)
			c.gone[id] = false
		case c.remember(f.err):
		case terminal(f.err):
			c.failed[id] = f.err
		}
	})
	c.points[id] = f
	return f
}

func (c *collection[T]) startListing(ctx context.Context) {
	clear(c.doubtful) // this listing begins after whatever made them doubtful
	began := time.Now()
	c.listing = start(ctx, func(ctx context.Context) (map[string]T, error) {
		all := map[string]T{}
		err := c.list(ctx, func(id string, v T) { all[id] = v })
		return all, err
	}, func(f *flight[map[string]T]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.listing != f {
			return
		}
		c.listing = nil
		switch {
		case f.err == nil:
			if c.loaded != nil {
				c.loaded(len(f.v), time.Since(began))
			}
			c.install(f.v)
			f.v = nil
		case c.remember(f.err):
		case terminal(f.err):
			c.listErr = f.err
		}
	})
}

// install makes all the known entries, less what is known better. It takes the map over.
func (c *collection[T]) install(all map[string]T) {
	for id := range all {
		if c.gone[id] || c.doubtful[id] {
			delete(all, id)
		} else {
			delete(c.gone, id) // a point read missed it, yet here it is
		}
	}
	for id, v := range c.known {
		if c.firm[id] {
			all[id] = v
		}
	}
	if c.watch != nil {
		var zero T
		for id, old := range c.known {
			if _, still := all[id]; !still {
				c.watch(old, zero)
			}
		}
		for id, v := range all {
			if !c.firm[id] {
				c.watch(c.known[id], v)
			}
		}
	}
	c.known, c.sorted, c.listed = all, nil, true
}

// remember keeps a refused credential for the rest of the run: five hundred reads must not repeat one 401.
func (c *collection[T]) remember(err error) bool {
	if errors.Is(err, fault.Unauthenticated) {
		c.fatal = err
		return true
	}
	return false
}

// terminal reports whether asking again in this run is pointless.
func terminal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Forbidden, fault.Unsupported, fault.Invalid:
		return true
	default:
		return false
	}
}

// all hands every entry to use in the order of their ids, under the lock. It lists if need be.
func (c *collection[T]) all(ctx context.Context, use func(id string, v T)) error {
	for {
		c.mu.Lock()
		if c.listed && len(c.doubtful) > rereadLimit {
			c.invalidate()
		}
		switch {
		case c.fatal != nil:
			c.mu.Unlock()
			return c.fatal
		case c.listed && len(c.doubtful) > 0:
			var ids []string
			for id := range c.doubtful {
				ids = append(ids, id)
			}
			c.mu.Unlock()
			for _, id := range ids {
				if err := c.get(ctx, id, func(T) {}); err != nil && !errors.Is(err, fault.NotFound) {
					return err
				}
			}
			continue
		case c.listed:
			for _, id := range c.ids() {
				use(id, c.known[id])
			}
			c.mu.Unlock()
			return nil
		case c.listErr != nil:
			c.mu.Unlock()
			return c.listErr
		}
		if c.listing == nil {
			c.startListing(ctx)
		}
		wait := c.waitListing()
		c.mu.Unlock()
		if err := wait(ctx); err != nil {
			return err
		}
	}
}

func (c *collection[T]) ids() []string {
	if c.sorted == nil {
		c.sorted = make([]string, 0, len(c.known))
		for id := range c.known {
			c.sorted = append(c.sorted, id)
		}
		slices.Sort(c.sorted)
	}
	return c.sorted
}
