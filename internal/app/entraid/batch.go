package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// outcome answers one request of a batch, as httpclient would have answered it alone.
type outcome struct {
	resp *httpclient.Response
	err  error
}

// batchStep is one request inside a batch, and batchAnswer its answer.
// https://learn.microsoft.com/graph/json-batching
type batchStep struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// mostBackoff bounds the wait between attempts of what a batch could not carry out.
const mostBackoff = 30 * time.Second

// batch sends requests twenty at a time, in no order among the twenty, and answers index-aligned. The answer to
// the batch is 200 whatever became of its parts: each has a status, and a Retry-After, of its own. One request
// alone goes without a batch.
func (a *App) batch(ctx context.Context, requests []httpclient.Request) []outcome {
	out := make([]outcome, len(requests))
	pending := make([]int, len(requests))
	for i := range pending {
		pending[i] = i
	}
	var waited time.Duration
	for attempt := 0; len(pending) > 0; attempt++ {
		var again []int
		var wait time.Duration
		for len(pending) > 0 {
			n := min(maxBatch, len(pending))
			a.batchOnce(ctx, requests, pending[:n], out)
			for _, i := range pending[:n] {
				if d, ok := a.repeat(requests[i], out[i], attempt); ok && len(requests) > 1 {
					again, wait = append(again, i), max(wait, d)
				}
			}
			pending = pending[n:]
		}
		if waited += wait; len(again) == 0 || waited > httpclient.DefaultMaxWait || a.sleep(ctx, wait) != nil {
			return out
		}
		pending = again
	}
	return out
}

// repeat says whether a part is worth another attempt, and after which pause.
func (a *App) repeat(r httpclient.Request, o outcome, attempt int) (time.Duration, bool) {
	var f *fault.Error
	if attempt >= a.retries || !errors.As(o.err, &f) || f.Status == 0 {
		return 0, false
	}
	backoff := min(time.Second/2<<min(attempt, 10), mostBackoff)
	switch {
	case f.Kind == fault.RateLimited: // it was not carried out
		return max(f.RetryAfter, backoff), true
	case f.Status == http.StatusServiceUnavailable || f.Status == http.StatusGatewayTimeout || f.Status == http.StatusBadGateway || f.Kind == fault.Unavailable:
		return max(f.RetryAfter, backoff), r.Idempotent || r.Method != http.MethodPost && r.Method != http.MethodPatch
	}
	return 0, false
}

// batchOnce sends the requests at the given positions, at most twenty, and notes their outcomes.
func (a *App) batchOnce(ctx context.Context, requests []httpclient.Request, at []int, out []outcome) {
	if len(at) == 1 {
		r := requests[at[0]]
		out[at[0]].resp, out[at[0]].err = a.client.Do(ctx, r)
		return
	}
	steps := make([]batchStep, len(at))
	idempotent := true
	for j, i := range at {
		r := requests[i]
		steps[j] = batchStep{ID: strconv.Itoa(j), Method: r.Method, URL: relative(r), Headers: r.Header, Body: r.Body}
		if r.Body != nil {
			steps[j].Headers = map[string]string{"Content-Type": "application/json"}
		}
		idempotent = idempotent && (r.Idempotent || r.Method == http.MethodGet || r.Method == http.MethodDelete)
	}
	first := requests[at[0]]
	resp, err := a.client.Do(ctx, httpclient.Request{
		Op: first.Op, Method: http.MethodPost, Path: []string{"$batch"}, Body: map[string]any{"requests": steps}, Idempotent: idempotent,
	})
	var answer struct{ Responses []batchAnswer }
	if err == nil {
		err = resp.Decode(&answer)
	}
	answered := make(map[string]batchAnswer, len(answer.Responses))
	for _, r := range answer.Responses {
		answered[r.ID] = r
	}
	for j, i := range at {
		part, ok := answered[steps[j].ID]
		switch {
		case err != nil:
			out[i] = outcome{err: a.ofPart(err, requests[i])}
		case !ok || part.Status == 0:
			out[i] = outcome{err: a.ofPart(&fault.Error{
				Kind: fault.Unconfirmed, RequestID: resp.RequestID(), Cause: "the answer to the batch leaves this request out",
				State: "Whether the change was carried out is not known.", Next: "Run again.",
			}, requests[i])}
		default:
			header := http.Header{}
			for k, v := range part.Headers {
				header.Set(k, v)
			}
			if header.Get("Request-Id") == "" {
				header.Set("Request-Id", resp.RequestID())
			}
			out[i].resp, out[i].err = a.client.Part(requests[i], part.Status, header, part.Body)
		}
	}
}

// ofPart is what an error of the whole batch means for one request of it: a read that failed changed nothing.
func (a *App) ofPart(err error, r httpclient.Request) error {
	var f *fault.Error
	if errors.As(err, &f) && r.Method == http.MethodGet {
		c := *f
		if c.State = ""; c.Kind == fault.Unconfirmed {
			c.Kind = fault.Unavailable
		}
		err = &c
	}
	return a.fault(err, r.Op, r.Subject)
}

// relative is the address of a request inside a batch: below the version, escaped.
func relative(r httpclient.Request) string {
	var b strings.Builder
	for _, s := range r.Path {
		b.WriteString("/" + url.PathEscape(s))
	}
	for i, p := range r.Query {
		b.WriteString(map[bool]string{true: "?", false: "&"}[i == 0])
		b.WriteString(p.Key + "=" + strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return b.String()
}
