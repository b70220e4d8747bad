package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// serve starts a server on loopback and a client for it that does not retry.
func serve(t *testing.T, h http.HandlerFunc, o Options) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.BaseURL, o.System, o.Protocol = s.URL+"/scim/v2", "wiki", "scim"
	if o.Auth == (Auth{}) {
		o.Auth.Token = token
	}
	if o.MaxRetries == nil {
		o.MaxRetries = new(int)
	}
	return newTestClient(t, o)
}

// script answers requests one after the other, in virtual time, and records them.
type script struct {
	mu      sync.Mutex
	answers []answer
	got     []string
	at      []time.Time
}

type answer struct {
	status int
	header map[string]string
	body   string
	err    error
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	s.got = append(s.got, strings.TrimSpace(req.Method+" "+req.URL.RequestURI()+" "+string(body)))
	s.at = append(s.at, time.Now())
	a := s.answers[min(len(s.got), len(s.answers))-1]
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	for k, v := range a.header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

func TestRetries(t *testing.T) {
	t.Parallel()
	ok := answer{status: 200, body: "{}"}
	date := time.Date(2000, 1, 1, 0, 0, 7, 0, time.UTC).Format(http.TimeFormat) // virtual time starts at 2000-01-01
	read := Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}}
	create := Request{Op: "create account", Subject: "ana", Method: "POST", Path: []string{"Users"}, Body: map[string]string{"userName": "ana"}}
	patch := Request{Op: "update account", Method: "PATCH", Path: []string{"Users", "1"}, Body: 1, Idempotent: true}
	remove := Request{Op: "delete account", Method: "DELETE", Path: []string{"Users", "1"}}
	for _, tc := range []struct {
		name     string
		req      Request
		answers  []answer
		kind     fault.Kind // 0: success
		attempts int
		min, max time.Duration
		state    string
	}{
		{"503 then fine", read, []answer{{status: 503}, ok}, 0, 2, 200 * time.Millisecond, time.Second, ""},
		{"503 for ever", read, []answer{{status: 503}}, fault.Unavailable, 5, 3 * time.Second, 10 * time.Second, ""},
		{"500 is not passing", read, []answer{{status: 500}, ok}, fault.Unavailable, 1, 0, 0, ""},
		{"reset then fine", read, []answer{{err: io.ErrUnexpectedEOF}, ok}, 0, 2, 200 * time.Millisecond, time.Second, ""},
		{"retry-after in seconds", read, []answer{{status: 429, header: map[string]string{"Retry-After": "7"}}, ok}, 0, 2, 7 * time.Second, 9 * time.Second, ""},
		{"retry-after as a date", read, []answer{{status: 429, header: map[string]string{"Retry-After": date}}, ok}, 0, 2, 6 * time.Second, 9 * time.Second, ""},
		{"reset as an epoch", read, []answer{{status: 429, header: map[string]string{
			"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": fmt.Sprint(time.Date(2000, 1, 1, 0, 0, 20, 0, time.UTC).Unix()),
		}}, ok}, 0, 2, 20 * time.Second, 22 * time.Second, ""},
		{"403 as a throttle", read, []answer{{status: 403, header: map[string]string{"Retry-After": "3"}}, ok}, 0, 2, 3 * time.Second, 4 * time.Second, ""},
		{"retry-after beyond the cap", read, []answer{{status: 429, header: map[string]string{"Retry-After": "3600"}}, ok}, fault.RateLimited, 1, 0, 0, ""},
		{"creation refused for now", create, []answer{{status: 429, header: map[string]string{"Retry-After": "1"}}, {status: 201, body: "{}"}}, 0, 2, time.Second, 3 * time.Second, ""},
		{"creation answered 503", create, []answer{{status: 503}, ok}, fault.Unconfirmed, 1, 0, 0, "whether it was carried out is not known"},
		{"creation answered 500", create, []answer{{status: 500}, ok}, fault.Unconfirmed, 1, 0, 0, "whether it was carried out is not known"},
		{"creation cut off", create, []answer{{err: io.EOF}, ok}, fault.Unconfirmed, 1, 0, 0, "whether it was carried out is not known"},
		{"creation malformed", create, []answer{{status: 400}, ok}, fault.Invalid, 1, 0, 0, "Nothing was written."},
		{"change repeated", patch, []answer{{status: 502}, {status: 204}}, 0, 2, 200 * time.Millisecond, time.Second, ""},
		{"change unanswered", patch, []answer{{status: 504}}, fault.Unconfirmed, 5, time.Second, 10 * time.Second, "whether it was carried out is not known"},
		{"change unanswered, then forbidden", patch, []answer{{err: io.EOF}, {status: 403}}, fault.Forbidden, 2, 0, time.Second, "An earlier attempt was sent"},
		{"delete repeated, already gone", remove, []answer{{err: io.EOF}, {status: 404}}, fault.NotFound, 2, 0, time.Second, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: tc.answers}
				c := newTestClient(t, Options{Transport: s, System: "wiki"})
				start := time.Now()
				_, err := c.Do(t.Context(), tc.req)
				if fault.KindOf(err) != tc.kind || (err != nil) != (tc.kind != 0) {
					t.Fatalf("error %v, want kind %v", err, tc.kind)
				}
				if len(s.got) != tc.attempts {
					t.Errorf("%d attempts, want %d: %v", len(s.got), tc.attempts, s.got)
				}
				if took := time.Since(start); took < tc.min || took > tc.max {
					t.Errorf("took %v, want %v to %v", took, tc.min, tc.max)
				}
				if int(c.Requests()) != len(s.got) {
					t.Errorf("counted %d requests of %d", c.Requests(), len(s.got))
				}
				for _, got := range s.got[1:] {
					if got != s.got[0] {
						t.Errorf("repeated as %q after %q", got, s.got[0])
					}
				}
				var f *fault.Error
				if errors.As(err, &f) && !strings.Contains(f.State, tc.state) {
					t.Errorf("state %q", f.State)
				}
			})
		})
	}
}

// Whether a creation reached the server decides whether it is repeated.
func TestCreationIsRepeatedOnlyWhenNotSent(t *testing.T) {
	t.Parallel()
	retries := 1
	c := newTestClient(t, Options{BaseURL: "http://127.0.0.1:1", MaxRetries: &retries}) // nobody listens there
	_, err := c.Do(t.Context(), Request{Op: "create account", Method: "POST", Path: []string{"Users"}, Body: 1})
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "refused the connection") {
		t.Errorf("no connection: %v", err)
	}
	if c.Requests() != 2 {
		t.Errorf("%d attempts, want 2", c.Requests())
	}

	var n atomic.Int32
	c = serve(t, func(http.ResponseWriter, *http.Request) { n.Add(1); panic(http.ErrAbortHandler) }, Options{MaxRetries: &retries})
	_, err = c.Do(t.Context(), Request{Op: "create account", Method: "POST", Path: []string{"Users"}, Body: 1})
	if !errors.Is(err, fault.Unconfirmed) {
		t.Errorf("connection closed after sending: %v", err)
	}
	if n.Load() != 1 {
		t.Errorf("the server saw %d creations", n.Load())
	}
}

func TestHangingServer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"Resources":[`))
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, Options{RequestTimeout: 400 * time.Millisecond})
	_, err := c.Do(t.Context(), Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}})
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "no answer within 400ms") {
		t.Errorf("a body that never ends: %v", err)
	}
	_, err = c.Do(t.Context(), Request{Op: "create account", Method: "POST", Path: []string{"Users"}, Body: 1})
	if !errors.Is(err, fault.Unconfirmed) {
		t.Errorf("a creation without an answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Do(ctx, Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, fault.Unavailable) {
		t.Errorf("canceled: %v", err)
	}
}

// A vendor that throttles with 403 and a reason is sent the request again, a creation included; another 403 is final.
func TestThrottleToldByACode(t *testing.T) {
	t.Parallel()
	explain := func(f Failure) Diagnosis {
		if strings.Contains(string(f.Body), "userRateLimitExceeded") {
			return Diagnosis{Kind: fault.RateLimited, Code: "userRateLimitExceeded"}
		}
		return Diagnosis{Code: "forbidden"}
	}
	for name, tc := range map[string]struct {
		retries, sent int
		reason        string
		kind          fault.Kind
	}{
		"passes":    {2, 2, "userRateLimitExceeded", 0},
		"stays":     {0, 1, "userRateLimitExceeded", fault.RateLimited},
		"forbidden": {2, 1, "forbidden", fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int32
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if sent.Add(1) > 1 {
					io.WriteString(w, `{}`)
					return
				}
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, `{"reason":"`+tc.reason+`"}`)
			}, Options{Explain: explain, MaxRetries: &tc.retries})
			_, err := c.Do(t.Context(), Request{Op: "create account", Method: "POST", Path: []string{"users"}, Body: struct{}{}})
			if fault.KindOf(err) != tc.kind || int(sent.Load()) != tc.sent {
				t.Errorf("%d requests, %v; want %d and %v", sent.Load(), err, tc.sent, tc.kind)
			}
			if err != nil && !strings.Contains(err.Error(), "(scim 403 "+tc.reason+")") {
				t.Errorf("the vendor's own status and code are lost: %v", err)
			}
		})
	}
}
