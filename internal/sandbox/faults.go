package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Rule says which requests meet a fault. Empty conditions match everything. The first rule that
// matches and is not used up wins.
type Rule struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`  // regular expression on the path below BasePath, "^/Users$"
	Query  string `json:"query,omitempty"` // regular expression on the raw query
	Body   string `json:"body,omitempty"`  // regular expression on the request body
	Skip   int    `json:"skip,omitempty"`  // let that many matches through first: the nth request has Skip n-1
	Count  int    `json:"count,omitempty"` // meet that many; 0 is every one

	Fault
}

// Fault is what goes wrong. With none of Status, Payload, Hang and Close the request is answered as
// usual, only slower or with a wrong page.
type Fault struct {
	// Status answers with that status and a Payload.
	Status     int     `json:"status,omitempty"`
	Payload    Payload `json:"payload,omitempty"`
	SCIMType   string  `json:"scim_type,omitempty"`
	RetryAfter *int    `json:"retry_after,omitempty"` // seconds
	// Hang waits until the client gives up; Close cuts the connection without an answer.
	Hang  bool `json:"hang,omitempty"`
	Close bool `json:"close,omitempty"`
	// After does all this only after the request has been carried out: the ambiguous write.
	After bool `json:"after,omitempty"`
	// Page falsifies a listing; Rows is where a truncated one ends, by default halfway.
	Page PageFault `json:"page,omitempty"`
	Rows int       `json:"rows,omitempty"`
	// Slow spreads the body over that time.
	Slow Duration `json:"slow,omitempty"`
}

// Payload is the kind of body that comes with a fault.
type Payload string

// The payloads. PayloadCut is the true answer, or the SCIM error, of which half arrives before the
// connection breaks; PayloadShort the same half in good order.
const (
	PayloadSCIM    Payload = "scim" // the default
	PayloadHTML    Payload = "html"
	PayloadEmpty   Payload = "empty"
	PayloadGarbage Payload = "garbage"
	PayloadCut     Payload = "cut"
	PayloadShort   Payload = "short"
)

// PageFault falsifies a listing.
type PageFault string

// The page faults: every page is the first one; the listing ends before its own totalResults.
const (
	PageRepeated  PageFault = "repeated"
	PageTruncated PageFault = "truncated"
)

// Duration reads and writes as "1.5s" in JSON.
type Duration time.Duration

// MarshalText spells the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText parses "1.5s".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// String names the fault in the request log.
func (f Fault) String() string {
	b, _ := json.Marshal(f)
	return string(b)
}

// processes reports whether the request is carried out.
func (f Fault) processes() bool {
	return f.After || !f.Hang && !f.Close && f.Status == 0 &&
		(f.Payload == "" || f.Payload == PayloadCut || f.Payload == PayloadShort)
}

// faults is the rule list of a server.
type faults struct {
	mu      sync.Mutex
	rules   []*rule
	release chan struct{} // closed to end what hangs
}

type rule struct {
	Rule
	path, query, body *regexp.Regexp
	seen              int
}

func newFaults() *faults { return &faults{release: make(chan struct{})} }

// AddFaults appends rules; a rule that cannot be read adds none.
func (s *Server) AddFaults(rs ...Rule) error {
	var list []*rule
	var errs []error
	for _, r := range rs {
		n := &rule{Rule: r}
		for _, p := range []struct {
			text string
			to   **regexp.Regexp
		}{{r.Path, &n.path}, {r.Query, &n.query}, {r.Body, &n.body}} {
			re, err := regexp.Compile(p.text)
			if err != nil {
				errs = append(errs, fmt.Errorf("fault rule: %w", err))
			}
			*p.to = re
		}
		if !slices.Contains([]Payload{"", PayloadSCIM, PayloadHTML, PayloadEmpty, PayloadGarbage, PayloadCut, PayloadShort}, r.Payload) {
			errs = append(errs, fmt.Errorf("fault rule: unknown payload %q", r.Payload))
		}
		if !slices.Contains([]PageFault{"", PageRepeated, PageTruncated}, r.Page) {
			errs = append(errs, fmt.Errorf("fault rule: unknown page fault %q", r.Page))
		}
		if r.Status != 0 && (r.Status < 200 || r.Status > 599) {
			errs = append(errs, fmt.Errorf("fault rule: status %d is not a final HTTP status", r.Status))
		}
		if r.Skip < 0 || r.Count < 0 || r.Rows < 0 || r.RetryAfter != nil && *r.RetryAfter < 0 || r.Slow < 0 {
			errs = append(errs, errors.New("fault rule: a number is negative"))
		}
		list = append(list, n)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = append(s.faults.rules, list...)
	return nil
}

// Faults lists the rules, with Count less what they have met.
func (s *Server) Faults() []Rule {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := []Rule{}
	for _, r := range s.faults.rules {
		out = append(out, r.Rule)
	}
	return out
}

// ClearFaults removes all rules and lets go what hangs.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = nil
	close(s.faults.release)
	s.faults.release = make(chan struct{})
}

// pick is the fault that a request meets.
func (f *faults) pick(method, path, query string, body []byte) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rules {
		if r.Method != "" && r.Method != method || !r.path.MatchString(path) || !r.query.MatchString(query) || !r.body.Match(body) {
			continue
		}
		if r.seen++; r.seen <= r.Skip || r.Count > 0 && r.seen > r.Skip+r.Count {
			continue
		}
		return r.Fault, true
	}
	return Fault{}, false
}

func (f *faults) released() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.release
}

// inject answers as the fault says; out is the true answer, if the request was carried out.
func (x *exchange) inject(f Fault, out reply) {
	if f.Hang || f.Close {
		x.record()
	}
	if f.Hang {
		select {
		case <-x.r.Context().Done():
		case <-x.s.faults.released():
		}
		panic(http.ErrAbortHandler)
	}
	if f.Close {
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	}
	if f.Status != 0 || f.Payload != "" && !f.processes() {
		status := f.Status
		orElse(&status, http.StatusOK)
		out = reply{status: status, body: errorBody(status, f.SCIMType, "injected fault")}
	}
	if f.RetryAfter != nil {
		x.w.Header().Set("Retry-After", strconv.Itoa(*f.RetryAfter))
	}
	cut := false
	switch f.Payload {
	case PayloadHTML:
		x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		out.body = []byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Something else answers here</h1></body></html>\n")
	case PayloadEmpty:
		out.body = nil
	case PayloadGarbage:
		out.body = []byte(`{"Resources": [{"id": 17, "userName": [[[`)
	case PayloadShort:
		out.body = out.body[:len(out.body)/2]
	case PayloadCut:
		cut = true
	}
	if f.Slow == 0 && !cut {
		x.send(out)
		return
	}
	x.drip(out, time.Duration(f.Slow), cut)
}

// drip sends a body in pieces over a time, or half of it and breaks off.
func (x *exchange) drip(out reply, over time.Duration, cut bool) {
	const pieces = 10
	x.entry.Status = out.status
	x.record()
	h := x.w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", x.s.opts.ContentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	x.w.WriteHeader(out.status)
	flush := http.NewResponseController(x.w)
	for i := range pieces {
		if cut && i == pieces/2 || !x.pause(over/pieces) {
			panic(http.ErrAbortHandler)
		}
		lo, hi := len(out.body)*i/pieces, len(out.body)*(i+1)/pieces
		_, _ = x.w.Write(out.body[lo:hi])
		_ = flush.Flush()
	}
}

// errorBody is a SCIM error response (RFC 7644 section 3.12).
func errorBody(status int, scimType, detail string) []byte {
	e := struct {
		Schemas  []string `json:"schemas"`
		Status   string   `json:"status"`
		SCIMType string   `json:"scimType,omitempty"`
		Detail   string   `json:"detail,omitempty"`
	}{[]string{messageURN + "Error"}, strconv.Itoa(status), scimType, detail}
	b, _ := json.Marshal(e)
	return b
}
