package httpclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// exchange is one attempt as seen by net/http: it waits for the rate limit, adds the credential, sends,
// reads the whole answer within the time-out, learns the limit from it, and logs. Reading here, and not
// in the caller, makes a cut-off answer an error like any other, so that a read is tried again.
type exchange struct {
	client *Client
	next   http.RoundTripper
	limit  *limiter
	auth   authorizer
}

// Errors of an attempt that net/http does not have.
var (
	errTimeout  = errors.New("no answer in time")
	errTooLarge = errors.New("answer too large")
)

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	c, cl := x.client, callOf(req.Context())
	cl.begin()
	done, err := x.limit.wait(req.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeoutCause(httptrace.WithClientTrace(req.Context(), cl.trace()), c.opts.RequestTimeout, errTimeout)
	defer cancel()
	req = req.Clone(ctx)
	if req.URL.Host != c.base.Host || req.URL.Scheme != c.base.Scheme {
		return nil, fault.New(fault.Invalid, "refused to send the credential to another host than %s", c.base.Host)
	}
	if err := x.auth.authorize(req); err != nil {
		return nil, err
	}
	c.sent.Add(1)
	start := time.Now()
	cl.started.Store(true)
	resp, err := x.next.RoundTrip(req)
	if err == nil {
		err = x.read(resp)
	}
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		err = errTimeout
	}
	x.log(req, resp, err, cl.attempts, time.Since(start))
	if err != nil {
		return nil, err
	}
	if cl.said = c.refusesForNow(req, resp); cl.said && resp.StatusCode != http.StatusTooManyRequests {
		plain := *resp // the limiter knows one status for it
		plain.StatusCode = http.StatusTooManyRequests
		x.limit.learn(time.Now(), &plain)
		return resp, nil
	}
	x.limit.learn(time.Now(), resp)
	if resp.StatusCode == http.StatusUnauthorized && x.auth.renew != nil && !cl.renewed {
		cl.renewed = true
		cl.again = x.auth.renew(req)
	}
	return resp, nil
}

// refusesForNow reports whether the vendor's own code asks for fewer requests, whatever the status: Google says so
// with 403 and a reason.
func (c *Client) refusesForNow(req *http.Request, resp *http.Response) bool {
	if c.opts.Explain == nil || resp.StatusCode < 400 || resp.StatusCode >= 500 {
		return false
	}
	body, err := io.ReadAll(resp.Body) // in memory
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && c.opts.Explain(Failure{Method: req.Method, Status: resp.StatusCode, Header: resp.Header, Body: body}).Kind == fault.RateLimited
}

// read takes the answer into memory, decompressed, as far as the bound goes.
func (x *exchange) read(resp *http.Response) error {
	defer resp.Body.Close()
	bound, isError := x.client.opts.MaxBody, resp.StatusCode >= 300
	if isError {
		bound = min(bound, 1<<20)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, bound+1))
	if err != nil && !isError { // a cut-off error page says as much as a whole one
		return err
	}
	if int64(len(body)) > bound {
		if !isError {
			return errTooLarge
		}
		body = body[:bound]
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// log writes ids and keys only: query values hold names, headers hold secrets, bodies hold people.
func (x *exchange) log(req *http.Request, resp *http.Response, err error, attempt int, took time.Duration) {
	c := x.client
	if !c.log.Enabled(req.Context(), slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("system", c.opts.System), slog.String("method", req.Method), slog.String("path", c.secrets.clean(req.URL.Path)),
		slog.Int("attempt", attempt), slog.Duration("duration", took.Round(time.Millisecond)),
	}
	if keys := queryKeys(callOf(req.Context()).req.Query); len(keys) > 0 {
		attrs = append(attrs, slog.Any("query", keys))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", c.secrets.clean(networkCause(err))))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.String("request_id", c.requestID(resp.Header)))
	}
	c.log.LogAttrs(req.Context(), slog.LevelDebug, "request", attrs...)
}

func queryKeys(params []Param) []string {
	keys := make([]string, len(params))
	for i, p := range params {
		keys[i] = p.Key
	}
	return keys
}

// call is what one Do is about, over all its attempts.
type call struct {
	client   *Client
	req      *Request
	attempts int
	timeouts int
	waited   time.Duration // between attempts, so far
	wait     time.Duration // before the next attempt
	// ambiguous: an attempt was sent whose outcome is unknown.
	ambiguous bool
	// said: the last answer asked for fewer requests by the vendor's code (Diagnosis).
	said bool
	// renewed: the credential was refused once; again: with another one now there, the request can be repeated.
	renewed, again bool
	// Of the current attempt, told by net/http, possibly from another goroutine.
	started, wantedConn, wrote atomic.Bool
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (cl *call) begin() {
	cl.attempts++
	cl.said, cl.again = false, false
	cl.started.Store(false)
	cl.wantedConn.Store(false)
	cl.wrote.Store(false)
}

func (cl *call) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { cl.wantedConn.Store(true) },
		WroteHeaders: func() { cl.wrote.Store(true) },
	}
}

// certainlyNotSent reports whether the current attempt did not reach the server: it never started, or
// net/http asked for a connection and wrote nothing.
func (cl *call) certainlyNotSent() bool {
	return !cl.started.Load() || (cl.wantedConn.Load() && !cl.wrote.Load())
}
