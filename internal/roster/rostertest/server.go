package rostertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Request is one request that a source sent.
type Request struct {
	Method, Path, Query, Body string
	Token                     bool // for an access token
}

// Server is a fake behind what the tests do to it: it records, delays and fails.
type Server struct {
	URL string
	*Company

	vendor  Vendor
	latency time.Duration
	// fail answers the n-th request for data (from 1) and says whether it did.
	fail func(n int, w http.ResponseWriter) bool

	mu       sync.Mutex
	requests []Request
	data     int // requests for data so far
	now      int // requests being answered
	most     int // the most of them at once
}

// Serve starts the vendor's fake for a company.
func (v Vendor) Serve(t testing.TB, c *Company) *Server {
	t.Helper()
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	s := &Server{Company: c, vendor: v}
	if v.Listen != nil {
		s.URL = v.Listen(t, c, s.see)
		return s
	}
	fake := v.Fake(t, c)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(t, fake, w, r) }))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func (s *Server) serve(t testing.TB, fake http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	token := s.vendor.TokenPath != "" && strings.HasSuffix(r.URL.Path, s.vendor.TokenPath)
	s.mu.Lock()
	s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Token: token})
	if !token {
		s.data++
	}
	n := s.data
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	if s.latency > 0 {
		timer := time.NewTimer(s.latency)
		defer timer.Stop()
		<-timer.C
	}
	if !token && r.Header.Get("Authorization") == "" && !s.vendor.Anonymous {
		t.Errorf("%s %s carries no credential", r.Method, r.URL.Path)
	}
	if !token && s.fail != nil && s.fail(n, w) {
		return
	}
	fake.ServeHTTP(w, r)
}

// see notes a request for data that is not HTTP.
func (s *Server) see(r Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.data++
	s.mu.Unlock()
	if s.latency > 0 {
		timer := time.NewTimer(s.latency)
		defer timer.Stop()
		<-timer.C
	}
}

// Requests are the requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}
