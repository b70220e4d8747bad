package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

const (
	bulkMessage = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	// mostOperations bounds a bulk request whatever the server declares, because all of it has to be
	// answered within one request timeout; someOperations is for servers that declare no number.
	mostOperations, someOperations = 1000, 100
	// discoveryTimeout is how long writes wait to learn whether the server takes bulk requests.
	discoveryTimeout = 10 * time.Second
	// gatherFor is how long the first of several writes waits for the others: callers that were answered
	// together come back together, and would otherwise go as one plain request and a bulk of the rest.
	gatherFor = 5 * time.Millisecond
	// plainRequests is how many requests that are not bulk requests are in flight at most: callers hand over as
	// many writes as a bulk request takes before they can know that the server takes none.
	plainRequests = 32
	// What surrounds the data of an operation, and the operations, in bytes at most.
	operationFrame, bulkFrame = 64, 128
)

// bulk sends writes of accounts. Where the server declares bulk requests (RFC 7644 section 3.7), one of
// them is in flight at a time, and what arrives meanwhile goes out together in the next. A write that is
// alone, and every write to a server without bulk requests, is a plain request in its caller's goroutine.
// Callers see no difference: each operation ends in the answer or the fault of a plain request.
type bulk struct {
	name    string // of the app block
	client  *httpclient.Client
	repeats bool // what failed in passing is sent again
	least   int  // operations that are worth a bulk request
	gather  func()
	slots   chan struct{} // of plain requests

	mu         sync.Mutex
	off        bool // forbidden, not declared or refused
	bare       bool // the server leaves out what it made: reading it costs more requests than bulk saves
	operations int  // the most in one request; 0 before discovery
	payload    int  // bytes, the most in one request; 0 is no limit
	queue      []*write
	running    bool
}

func newBulk(name string, client *httpclient.Client, allowed, repeats bool) *bulk {
	return &bulk{
		name: name, client: client, off: !allowed, repeats: repeats, least: 2, gather: func() { <-time.After(gatherFor) },
		slots: make(chan struct{}, plainRequests),
	}
}

// most is how many writes one request carries as far as is known; 0 without bulk requests.
func (b *bulk) most() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.off || b.bare:
		return 0
	case b.operations == 0:
		return mostOperations
	}
	return b.operations
}

// alone makes a plain request.
func (b *bulk) alone(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done(): // the client sends nothing then, and says so
	}
	return b.client.Do(ctx, r)
}

// write is one account's write on its way.
type write struct {
	ctx     context.Context // of the caller
	request httpclient.Request
	id      string // of the account; "" for a creation
	data    json.RawMessage
	sent    bool // in a bulk request; guarded by bulk.mu
	done    chan struct{}

	// The outcome, valid when done is closed.
	plain   bool // it is up to the caller to send it
	passing bool // the failure is one after which a plain request would be repeated
	resp    *httpclient.Response
	err     error
}

func (w *write) size() int { return operationFrame + len(w.id) + len(w.data) }

func (w *write) settle(resp *httpclient.Response, err error) {
	w.resp, w.err = resp, fault.In(err, "", w.request.Op, w.request.Subject)
	close(w.done)
}

func (w *write) leave() {
	w.plain = true
	close(w.done)
}

// bulkOperation is one element of a bulk request. Only creations have a bulkId.
type bulkOperation struct {
	Method string          `json:"method"`
	BulkID string          `json:"bulkId,omitempty"`
	Path   string          `json:"path"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// do makes a request, alone or with others.
func (b *bulk) do(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	w := b.enter(ctx, r)
	if w == nil {
		return b.alone(ctx, r)
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if b.withdraw(w) {
			return b.alone(ctx, r) // which sends nothing, and says so as always
		}
		return nil, b.unsure(w, &fault.Error{Cause: "the run ended before the answer came", Err: ctx.Err()})
	}
	switch {
	case w.plain:
		return b.alone(ctx, r)
	case !w.passing || !b.repeats:
		return w.resp, w.err
	}
	resp, err := b.alone(ctx, r)
	if kind := fault.KindOf(err); errors.Is(w.err, fault.Unconfirmed) && (kind == fault.RateLimited || kind == fault.Unavailable) {
		return nil, w.err // the second attempt did nothing, the first may have
	}
	return resp, err
}

// enter queues a write that can travel with others; nil is for all else.
func (b *bulk) enter(ctx context.Context, r httpclient.Request) *write {
	w := &write{ctx: ctx, request: r, done: make(chan struct{})}
	switch {
	case r.Method == http.MethodGet || r.Path[0] != "Users" || b.disabled(r.Method) || ctx.Err() != nil:
		return nil
	case len(r.Path) == 2:
		// Servers disagree about ids that need escaping; what is no id, the client refuses.
		if w.id = r.Path[1]; strings.Trim(w.id, ".") == "" || url.PathEscape(w.id) != w.id {
			return nil
		}
	}
	if r.Body != nil {
		var err error
		// "bulkId:x" in a value would be taken for a reference to another operation.
		if w.data, err = json.Marshal(r.Body); err != nil || bytes.Contains(bytes.ToLower(w.data), []byte("bulkid:")) {
			return nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, w)
	if !b.running {
		b.running = true
		go b.run()
	}
	return w
}

// disabled reports whether there is no use in a bulk request for this method.
func (b *bulk) disabled(method string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.off || b.bare && method != http.MethodDelete
}

// withdraw takes a write back, unless it is on its way.
func (b *bulk) withdraw(w *write) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, w); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
	}
	return !w.sent
}

// run sends until nobody is waiting.
func (b *bulk) run() {
	for {
		b.mu.Lock()
		b.running = len(b.queue) > 0
		more, full := b.running, b.off || b.operations > 0 && len(b.queue) >= b.operations
		b.mu.Unlock()
		if !more {
			return
		}
		if !full {
			b.gather()
		}
		if ctx := b.undecided(); ctx != nil {
			b.discover(ctx)
		}
		if batch := b.take(); len(batch) > 0 {
			b.send(batch)
		}
	}
}

// undecided is a context to ask in, when several wait and the server has not been asked.
func (b *bulk) undecided() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.off || b.operations > 0 || len(b.queue) < b.least {
		return nil
	}
	return b.queue[0].ctx
}

// discover asks, once, whether the server takes bulk requests (RFC 7643 section 5). No answer is a no.
func (b *bulk) discover(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryTimeout)
	defer cancel()
	var config object
	resp, err := b.client.Do(ctx, httpclient.Request{Op: "read the service provider configuration", Method: http.MethodGet, Path: []string{"ServiceProviderConfig"}})
	if err == nil {
		err = resp.Decode(&config)
	}
	v, _ := config.get("bulk")
	declared := asObject(v)
	number := func(key string) int {
		n, _ := strconv.Atoi(declared.text(key)) // no number is no limit
		return max(n, 0)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.off = err != nil || declared.text("supported") != "true"
	b.operations, b.payload = min(number("maxOperations"), mostOperations), number("maxPayloadSize")
	if b.operations == 0 {
		b.operations = someOperations
	}
}

// take takes the next batch out of the queue: as much as one request holds, either creations or what may
// safely be repeated, and one write per account, so that each answer has one place to go. Who cannot travel
// in a bulk request is sent off alone.
func (b *bulk) take() []*write {
	b.mu.Lock()
	defer b.mu.Unlock()
	var batch, rest []*write
	accounts, size := map[string]bool{}, bulkFrame
	for i, w := range b.queue {
		fits := b.payload == 0 || size+w.size() <= b.payload
		switch {
		case b.off || b.operations == 0 || b.bare && w.request.Method != http.MethodDelete || w.ctx.Err() != nil || !fits && len(batch) == 0:
			w.leave()
			continue
		case !fits || len(batch) == b.operations:
			rest = append(rest, b.queue[i:]...)
		case len(batch) > 0 && (batch[0].id == "") != (w.id == ""), accounts[w.id]:
			rest = append(rest, w)
			continue
		default:
			batch, size = append(batch, w), size+w.size()
			accounts[w.id] = w.id != ""
			continue
		}
		break
	}
	b.queue = rest
	if len(batch) < b.least {
		for _, w := range batch {
			w.leave()
		}
		return nil
	}
	for _, w := range batch {
		w.sent = true
	}
	return batch
}

// send sends one bulk request and settles its writes.
func (b *bulk) send(batch []*write) {
	ctx, cancel := wanted(batch)
	defer cancel()
	ops := make([]bulkOperation, len(batch))
	keys := make([]string, len(batch))
	for i, w := range batch {
		ops[i] = bulkOperation{Method: w.request.Method, Path: "/Users", Data: w.data}
		if w.id == "" {
			ops[i].BulkID = "new" + strconv.Itoa(i)
			keys[i] = ops[i].BulkID
		} else {
			ops[i].Path += "/" + w.id
			keys[i] = w.request.Method + " " + w.id
		}
	}
	resp, err := b.client.Do(ctx, httpclient.Request{
		Op: "write accounts", Method: http.MethodPost, Path: []string{"Bulk"}, Idempotent: batch[0].id != "",
		Body: map[string]any{"schemas": []string{bulkMessage}, "Operations": ops}, // without failOnErrors: all are carried out
	})
	var answer object
	if err == nil {
		err = resp.Decode(&answer)
	}
	if err != nil {
		b.fail(batch, err)
		return
	}
	results := bulkResults(answer)
	b.learn(batch, keys, results)
	for i, w := range batch {
		b.deliver(w, results[keys[i]], resp)
	}
}

// wanted is a context that ends when nobody wants the batch any more: one caller that gives up does not
// take the request from the others.
func wanted(batch []*write) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(batch)))
	stops := make([]func() bool, len(batch))
	for i, w := range batch {
		stops[i] = context.AfterFunc(w.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
