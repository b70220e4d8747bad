package apptest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// Faults stands before a fake of an HTTP service, counts its requests and makes them fail: the Inject, Count and Reset of a
// [Subject] for fakes that have no such thing of their own.
type Faults struct {
	mux      *http.ServeMux // knows patterns, and serves nothing
	patterns map[Op][]string

	mu     sync.Mutex
	faults []*pending
	seen   map[string]int // requests by pattern
	all    int
}

type pending struct {
	Fault
	seen int
}

// NewFaults tells requests by patterns of [http.ServeMux]. Several operations may share one.
func NewFaults(patterns map[Op][]string) *Faults {
	f := &Faults{mux: http.NewServeMux(), patterns: patterns, seen: map[string]int{}}
	known := map[string]bool{}
	for _, list := range patterns {
		for _, p := range list {
			if !known[p] {
				f.mux.Handle(p, http.NotFoundHandler())
			}
			known[p] = true
		}
	}
	return f
}

// Inject is Subject.Inject.
func (f *Faults) Inject(_ testing.TB, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault == (Fault{}) {
		f.faults = nil
		return
	}
	f.faults = append(f.faults, &pending{Fault: fault})
}

// Count is Subject.Count.
func (f *Faults) Count(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op == Any {
		return f.all
	}
	n := 0
	for _, p := range f.patterns[op] {
		n += f.seen[p]
	}
	return n
}

// Reset is Subject.Reset.
func (f *Faults) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.all = map[string]int{}, 0
}

// due counts a request and takes the fault that it meets.
func (f *Faults) due(r *http.Request) Fault {
	_, pattern := f.mux.Handler(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[pattern]++
	f.all++
	for _, p := range f.faults {
		if !f.meets(p.On, pattern) {
			continue
		}
		if p.seen++; p.seen > p.Skip && (p.Times == 0 || p.seen <= p.Skip+p.Times) {
			return p.Fault
		}
	}
	return Fault{}
}

func (f *Faults) meets(op Op, pattern string) bool {
	return op == Any || slices.Contains(f.patterns[op], pattern)
}

type pagingKey struct{}

// Paging is what a fake has to falsify in the listing that r asks for: of the result, RepeatPage and TruncateAt count.
func Paging(r *http.Request) Fault {
	f, _ := r.Context().Value(pagingKey{}).(Fault)
	return f
}

// Handler puts the faults before next. Errors of the service's own format come from refuse.
func (f *Faults) Handler(next http.Handler, refuse func(w http.ResponseWriter, status int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A request that is read to its end is one whose connection the server watches: hanging ends with it.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		due := f.due(r)
		if due == (Fault{}) || due.RepeatPage || due.TruncateAt > 0 {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), pagingKey{}, due)))
			return
		}
		answer := httptest.NewRecorder()
		if due.After || due.Body == BodyCut {
			next.ServeHTTP(answer, r)
		}
		due.serve(w, r, answer, refuse)
	})
}

// serve spoils an answer, which is empty unless the request was carried out.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder, refuse func(http.ResponseWriter, int)) {
	switch {
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Close:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set(FaultHeader, "1")
	if f.RetryAfter != nil {
		w.Header().Set("Retry-After", strconv.Itoa(*f.RetryAfter))
	}
	status := f.Status
	if status == 0 {
		status = answer.Code
	}
	contentType, text := "application/json", ""
	switch f.Body {
	case BodyCut:
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()+1))
		text = answer.Body.String()[:answer.Body.Len()/2]
	case BodyHTML:
		contentType, text = "text/html", "<html><body>Sign in</body></html>"
	case BodyGarbage:
		text = `]{"x":`
	case BodyEmpty:
	case BodyError, "":
		refuse(w, status)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
	if f.Body == BodyCut {
		panic(http.ErrAbortHandler)
	}
}
