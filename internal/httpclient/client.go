// Package httpclient is the one HTTP client of connectors and roster sources. What surrounds a request,
// outermost first: auth, redaction and logging, retries, the rate limit, counting. It answers with
// [fault] errors and knows nothing about any vendor.
//
// Three promises shape it. A request that may have created something is never repeated. Nothing that is
// secret, and nothing of a body, reaches an error or a log. An app's own rate limit is learnt and kept.
package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Defaults of Options.
const (
	DefaultRetries = 4
	DefaultTimeout = 60 * time.Second
	DefaultMaxWait = 5 * time.Minute
	DefaultMaxBody = 128 << 20
)

// Options configure a Client. Only BaseURL is required.
type Options struct {
	System   string // names the app or roster in errors and logs
	Protocol string // named in errors for a support ticket: "scim"
	// BaseURL is the address that paths are appended to: https, or http on a loopback host.
	BaseURL string
	// BaseURLName is what the configuration calls BaseURL, for messages; default "base_url".
	BaseURLName string
	Auth        Auth
	// Headers go with every request. Their values are treated as secrets.
	Headers map[string]string
	// CACertPEM adds trusted certificates to those of the system; ClientCertPEM with ClientKeyPEM
	// authenticate this side of TLS.
	CACertPEM, ClientCertPEM, ClientKeyPEM string
	ContentType                            string // of request bodies; default application/json
	Accept                                 string // default application/json
	UserAgent                              string

	RequestsPerSecond float64       // never to be exceeded; 0 leaves it to what the app teaches
	QuotaShare        float64       // of the quota that the app's headers tell, up to 1: with less than the rest left, requests wait. 0 means all
	MaxRetries        *int          // after the first attempt; nil means DefaultRetries
	RequestTimeout    time.Duration // for one attempt, its body included; 0 means DefaultTimeout
	MaxWait           time.Duration // the most one request spends waiting between attempts; 0 means DefaultMaxWait
	MaxBody           int64         // bytes of a decompressed answer; 0 means DefaultMaxBody

	Logger *slog.Logger // nil discards
	// Explain refines a failure by what the vendor says in its answer. It may be nil.
	Explain func(Failure) Diagnosis
	// Transport replaces the network, for recorders and tests; the TLS options then do nothing.
	Transport http.RoundTripper
}

// Failure is an answer with an error status.
type Failure struct {
	Method string
	Status int
	Header http.Header
	Body   []byte // at most 1 MiB of it
}

// Diagnosis is what a vendor's machine-readable error means. Zero fields change nothing. Kind RateLimited says that
// the request was refused for now and not carried out, whatever its status: it is sent again like after 429.
type Diagnosis struct {
	Kind            fault.Kind
	Code, RequestID string // dropped unless they look like identifiers
	Cause, Next     string // our own words; never text of the answer
}

// Client sends requests to one app or roster. It is safe for concurrent use.
type Client struct {
	opts    Options
	base    *url.URL
	secrets *secrets
	http    *http.Client
	log     *slog.Logger
	sent    atomic.Int64
}

// New checks the options and answers all their problems at once. It makes no request.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL)
	problems := []error{o.named(err)}
	transport := o.Transport
	if transport == nil {
		var t *http.Transport
		t, err = newTransport(o)
		problems = append(problems, err)
		transport = t
	}
	problems = append(problems, o.Auth.check(), checkHeaders(o.Headers))
	if r := o.RequestsPerSecond; r < 0 || math.IsNaN(r) || math.IsInf(r, 0) {
		problems = append(problems, fault.New(fault.Invalid, "max_requests_per_second is %v; it must be positive", r))
	}
	if s := o.QuotaShare; s < 0 || s > 1 || math.IsNaN(s) {
		problems = append(problems, fault.New(fault.Invalid, "the share of the rate limit is %v; it must be over 0 and at most 1", s))
	}
	if o.MaxRetries != nil && *o.MaxRetries < 0 {
		problems = append(problems, fault.New(fault.Invalid, "max_retries is %d; it must not be negative", *o.MaxRetries))
	}
	if o.RequestTimeout < 0 {
		problems = append(problems, fault.New(fault.Invalid, "request_timeout is %s; it must be positive", o.RequestTimeout))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	c := &Client{opts: o, base: base, secrets: newSecrets(o), log: o.Logger}
	c.http = &http.Client{
		Transport: &exchange{
			client: c, next: transport, limit: newLimiter(o.RequestsPerSecond, o.QuotaShare, o.MaxWait),
			auth: o.Auth.authorizer(transport, o.RequestTimeout, c.secrets),
		},
		CheckRedirect: c.checkRedirect,
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&o.ContentType, "application/json")
	set(&o.Accept, "application/json")
	set(&o.UserAgent, "terraform-provider-tenure")
	if o.MaxRetries == nil {
		n := DefaultRetries
		o.MaxRetries = &n
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = DefaultTimeout
	}
	if o.MaxWait == 0 {
		o.MaxWait = DefaultMaxWait
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Requests is the number of requests sent so far, retries included.
func (c *Client) Requests() int64 { return c.sent.Load() }

// Host is the host of the base URL.
func (c *Client) Host() string { return c.base.Host }

// Request is one request below the base URL.
type Request struct {
	Op      string // what is attempted, for errors: "create account"
	Subject string // whom it concerns, for errors: "ana@acme.com"
	Method  string
	Path    []string // segments, escaped here: {"Users", id}. An empty or dot segment is refused
	Query   []Param
	Header  map[string]string
	Body    any // encoded as JSON; nil sends none
	// Idempotent says that a POST or PATCH may safely be carried out twice. Other methods always may.
	// What is not idempotent is repeated only where it was certainly not carried out: after 429, and
	// when no connection came about.
	Idempotent bool
	// Once says that a PUT creates something, and is repeated only where it was certainly not carried out, like a POST.
	Once bool
	// ReadOnly says that a POST changes nothing: a search or a report with its question in the body. It counts as a
	// read, so no failure of it is ever Unconfirmed.
	ReadOnly bool
}

// Param is one query parameter. Spaces travel as %20, because several servers do not decode "+".
type Param struct {
	Key, Value string
	Bare       bool // sends the key alone, without "="
}

// Write reports whether the request can change something.
func (r *Request) write() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !r.ReadOnly
}

func (r *Request) repeatable() bool {
	if r.Once {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return r.Idempotent || r.ReadOnly
}

// Do sends the request, again where that is safe, and answers with a status below 300 or a fault. A
// write whose outcome cannot be known is Unconfirmed; one that certainly did nothing is not.
//
// The fault's kind follows the status, unless Options.Explain knows better: 401 and 407 are Unauthenticated, 403 and 451
// Forbidden, 404 and 410 NotFound, 405 and 501 Unsupported, 409 Exists, 412 and 428 Stale, 402, 413 and 507 LimitReached,
// 429 RateLimited, 408, 423 and the other 5xx Unavailable, and the rest Invalid.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	cl := &call{client: c, req: &r}
	httpReq, err := c.build(ctx, cl)
	if err != nil {
		return nil, c.locate(err, &r)
	}
	retry := retryablehttp.Client{ // one per call, because its policies have to know the call
		HTTPClient: c.http, RetryMax: *c.opts.MaxRetries, CheckRetry: cl.checkRetry, Backoff: cl.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := retry.Do(httpReq)
	if err != nil {
		return nil, c.locate(c.connectionFault(ctx, cl, err), &r)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // already in memory: exchange has read and bounded it
	if err != nil {
		return nil, c.locate(fault.New(fault.Unavailable, "the answer could not be read"), &r)
	}
	if resp.StatusCode >= 300 {
		return nil, c.locate(c.statusFault(cl, resp, body), &r)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, client: c, req: &r}, nil
}

// build makes the HTTP request. Its context carries the call, so that every stage knows what it is about.
func (c *Client) build(ctx context.Context, cl *call) (*retryablehttp.Request, error) {
	r := cl.req
	u := *c.base
	for _, s := range r.Path {
		// ids come from servers; one that is empty or a dot would turn a delete of one into something else
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "\x00\r\n") {
			return nil, fault.New(fault.Invalid, "%q cannot be part of an address", s)
		}
		u.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + "/" + url.PathEscape(s)
		u.Path = strings.TrimSuffix(u.Path, "/") + "/" + s
	}
	u.RawQuery = encodeQuery(r.Query)
	var body any
	if r.Body != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.Body); err != nil {
			return nil, fault.New(fault.Invalid, "the request cannot be encoded as JSON")
		}
		body = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	}
	req, err := retryablehttp.NewRequestWithContext(context.WithValue(ctx, callKey{}, cl), r.Method, u.String(), body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address cannot be built")
	}
	for k, v := range c.opts.Headers {
		req.Header.Set(k, v)
	}
	req.Header.Set("Accept", c.opts.Accept)
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", c.opts.ContentType)
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	return req, nil
}

func encodeQuery(params []Param) string {
	parts := make([]string, len(params))
	for i, p := range params {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p.Key), "+", "%20")
		if !p.Bare {
			parts[i] += "=" + strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20")
		}
	}
	return strings.Join(parts, "&")
}

// locate adds to a fault where and on whom it happened.
func (c *Client) locate(err error, r *Request) error {
	err = c.opts.named(fault.In(err, c.opts.System, r.Op, r.Subject))
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = c.opts.Protocol
	}
	return err
}

// named calls the base URL in a message what the configuration calls it.
func (o Options) named(err error) error {
	var f *fault.Error
	if o.BaseURLName == "" || !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Cause = strings.ReplaceAll(c.Cause, "base_url", o.BaseURLName)
	c.Next = strings.ReplaceAll(c.Next, "base_url", o.BaseURLName)
	return &c
}

// checkRedirect follows a redirect only for a read and only to the same host: the next host would get
// the credential, and net/http turns a redirected POST into a GET.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	same := req.URL.Scheme == c.base.Scheme && req.URL.Host == c.base.Host
	if !same || req.Method != via[0].Method || callOf(req.Context()).req.write() || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

func parseBase(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, fault.New(fault.Invalid, "base_url is missing")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil: // its text repeats the address, which may hold a password
		return nil, fault.New(fault.Invalid, "base_url is not an address of the form https://host/path")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, fault.New(fault.Invalid, "base_url must have the form https://host/path")
	case u.User != nil:
		return nil, fault.New(fault.Invalid, "base_url must not contain a user name or password; use the attributes for credentials")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fault.New(fault.Invalid, "base_url must not contain a query or a fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fault.New(fault.Invalid, "base_url %s would send the credential unencrypted; use https (http is accepted for a loopback host only)", u.Redacted())
	}
	return u, nil
}

func checkHeaders(headers map[string]string) error {
	var problems []error
	for _, k := range slices.Sorted(maps.Keys(headers)) {
		v := headers[k]
		switch {
		case !validHeaderName(k):
			problems = append(problems, fault.New(fault.Invalid, "headers: %q is not a header name", k))
		case http.CanonicalHeaderKey(k) == "Authorization":
			problems = append(problems, fault.New(fault.Invalid, "headers: Authorization is set by token, basic or oauth2"))
		case strings.ContainsAny(v, "\r\n\x00"):
			problems = append(problems, fault.New(fault.Invalid, "headers: the value of %s contains a line break", k))
		}
	}
	return errors.Join(problems...)
}

func validHeaderName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

// String keeps a Client printed by mistake from showing its options.
func (c *Client) String() string { return fmt.Sprintf("httpclient(%s)", c.base.Host) }
