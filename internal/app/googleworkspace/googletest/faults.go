package googletest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// Fault is what goes wrong with some requests.
type Fault struct {
	Ops         []string // "users.list"; none is all
	Skip, Times int      // how many pass first, and how many fail then; 0 is all

	Status     int
	Reason     string // Google's code; by default the usual one of the status
	Payload    string // of the answer instead of Google's: "html", "empty", "garbage"; "cut" is a true answer that ends in the middle
	RetryAfter *int   // seconds
	Hang       bool
	Close      bool
	After      bool // when the request has been carried out
	RepeatPage bool // every page of a listing is the first
}

// AddFault makes requests fail from now on, besides earlier faults.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Hide answers the next requests that name the id or address with the status: servers that have not heard of it yet.
func (s *Server) Hide(key string, times, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[strings.ToLower(key)] = &lag{times, status}
}

// NextID is the id that the next account or group gets.
func (s *Server) NextID(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%s%018d", prefix, s.next+1)
}

// Requests are the requests since Reset, in the order in which they came.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Count is the number of requests since Reset for one of the operations; of all without any.
func (s *Server) Count(ops ...string) int {
	n := 0
	for _, r := range s.Requests() {
		if len(ops) == 0 || slices.Contains(ops, r.Op) {
			n++
		}
	}
	return n
}

// Reset forgets the requests so far.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// fault is what applies to a request now. The caller holds the lock.
func (s *Server) fault(op string) *Fault {
	for _, f := range s.faults {
		if f.RepeatPage || len(f.Ops) > 0 && !slices.Contains(f.Ops, op) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times < 0 {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1
			}
		}
		return f
	}
	return nil
}

// repeats reports whether pages with rows of that name repeat. The caller holds the lock.
func (s *Server) repeats(rows string) bool {
	return slices.ContainsFunc(s.faults, func(f *Fault) bool { return f.RepeatPage && slices.Contains(f.Ops, rows+".list") })
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, f Fault, answer func() *httptest.ResponseRecorder) {
	var true200 *httptest.ResponseRecorder
	if f.After || f.Payload == "cut" {
		true200 = answer()
	}
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
		panic(http.ErrAbortHandler)
	case f.Close:
		panic(http.ErrAbortHandler)
	case f.Payload == "cut":
		w.Header().Set("X-Test-Fault", "cut")
		b := true200.Body.Bytes()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.WriteHeader(true200.Code)
		_, _ = w.Write(b[:len(b)/2])
		if fl, ok := w.(http.Flusher); ok {
			fl.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter != nil {
		w.Header().Set("Retry-After", fmt.Sprint(*f.RetryAfter))
	}
	w.Header().Set("X-Test-Fault", "answer")
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch f.Payload {
	case "html":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body>Sign in</body></html>"))
	case "empty":
		w.WriteHeader(status)
	case "garbage":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"users": [{"id"`))
	default:
		reason := f.Reason
		if reason == "" {
			reason = map[int]string{401: "authError", 403: "forbidden", 404: "notFound", 409: "duplicate", 412: "conditionNotMet", 429: "rateLimitExceeded"}[status]
		}
		if reason == "" {
			reason = "backendError"
		}
		refuse(w, status, reason)
	}
}
