package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// overWire sends a request over loopback and answers the status and body, or why there was none.
func overWire(ctx context.Context, c *http.Client, method, url, body string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func TestFaults(t *testing.T) {
	t.Parallel()
	seconds := 7
	for name, c := range map[string]struct {
		fault   Fault
		status  int  // of the answer, 0 for none
		broken  bool // the body does not arrive whole
		body    string
		media   string
		created bool
	}{
		"status":             {Fault{Status: 503}, 503, false, `"status":"503"`, "application/scim+json", false},
		"scim type":          {Fault{Status: 409, SCIMType: "uniqueness"}, 409, false, `"scimType":"uniqueness"`, "", false},
		"retry after":        {Fault{Status: 429, RetryAfter: &seconds}, 429, false, "", "", false},
		"html":               {Fault{Status: 502, Payload: PayloadHTML}, 502, false, "<html>", "text/html; charset=utf-8", false},
		"html as success":    {Fault{Payload: PayloadHTML}, 200, false, "<html>", "", false},
		"empty":              {Fault{Status: 201, Payload: PayloadEmpty}, 201, false, "", "", false},
		"garbage":            {Fault{Payload: PayloadGarbage}, 200, false, "[[[", "application/scim+json", false},
		"cut":                {Fault{Payload: PayloadCut}, 201, true, "", "", true},
		"short":              {Fault{Payload: PayloadShort}, 201, false, "", "", true},
		"close":              {Fault{Close: true}, 0, false, "", "", false},
		"close after":        {Fault{Close: true, After: true}, 0, false, "", "", true},
		"status after":       {Fault{Status: 504, After: true}, 504, false, "", "", true},
		"slow":               {Fault{Slow: Duration(10 * time.Millisecond)}, 201, false, `"userName":"ana"`, "", true},
		"html after success": {Fault{Status: 200, Payload: PayloadHTML, After: true}, 200, false, "<html>", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{})
			if err := s.AddFaults(Rule{Method: "POST", Path: "^/Users$", Count: 1, Fault: c.fault}); err != nil {
				t.Fatal(err)
			}
			ts := httptest.NewServer(s)
			defer ts.Close()
			resp, body, err := overWire(t.Context(), ts.Client(), "POST", ts.URL+BasePath+"/Users", userBody("ana", ""))
			switch {
			case c.status == 0:
				if err == nil {
					t.Fatalf("an answer came: %d", resp.StatusCode)
				}
			case c.broken:
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the body ended with %v", err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				if resp.StatusCode != c.status || !strings.Contains(body, c.body) {
					t.Errorf("got %d %s", resp.StatusCode, body)
				}
				if c.media != "" && resp.Header.Get("Content-Type") != c.media {
					t.Errorf("media type %q", resp.Header.Get("Content-Type"))
				}
				if c.fault.RetryAfter != nil && resp.Header.Get("Retry-After") != "7" {
					t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
				}
			}
			if c.fault.Payload == PayloadShort && json.Valid([]byte(body)) {
				t.Errorf("a short body is still JSON: %s", body)
			}
			if _, created := s.User("ana"); created != c.created {
				t.Errorf("created: %v, want %v", created, c.created)
			}
			log := s.Requests()
			if len(log) != 1 || log[0].Fault == "" || log[0].Status != c.status {
				t.Errorf("log: %+v", log)
			}
			// The rule is used up.
			if resp, _, err := overWire(t.Context(), ts.Client(), "POST", ts.URL+BasePath+"/Users", userBody("ben", "")); err != nil || resp.StatusCode != 201 {
				t.Errorf("the request after the fault: %v", err)
			}
		})
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		s := open(t, Options{})
		if err := s.AddFaults(Rule{Fault: Fault{Hang: true, After: after}}); err != nil {
			t.Fatal(err)
		}
		ts := httptest.NewServer(s)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // gives up once the request has arrived
			defer cancel()
			for s.Count("POST", "/Users") == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
		}()
		_, _, err := overWire(ctx, ts.Client(), "POST", ts.URL+BasePath+"/Users", userBody("ana", ""))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a hanging request ended with %v", err)
		}
		if _, created := s.User("ana"); created != after {
			t.Errorf("hanging, after=%v: created %v", after, created)
		}
		ts.Close() // would wait for a handler that still hangs
	}
}

func TestClearFaultsReleases(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	if err := s.AddFaults(Rule{Fault: Fault{Hang: true}}); err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s)
	defer ts.Close()
	done := make(chan error, 1)
	go func() {
		_, _, err := overWire(context.WithoutCancel(t.Context()), ts.Client(), "GET", ts.URL+BasePath+"/Users", "")
		done <- err
	}()
	for s.Count("GET", "/Users") == 0 {
		time.Sleep(time.Millisecond)
	}
	// The request is logged just before it hangs: release until it has noticed.
	for {
		s.ClearFaults()
		select {
		case err := <-done:
			if err == nil {
				t.Error("a released request was answered")
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestRuleMatching(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	if err := s.AddFaults(
		Rule{Method: "POST", Path: "^/Users$", Body: `"userName":"(bad|worse)"`, Fault: Fault{Status: 400}},
		Rule{Method: "GET", Path: "^/Users$", Query: "startIndex=5", Fault: Fault{Status: 500}},
		Rule{Method: "GET", Path: "^/Groups$", Skip: 1, Count: 2, Fault: Fault{Status: 503}},
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/Users", userBody("bad", ""), 400},
		{"POST", "/Users", userBody("good", ""), 201},
		{"POST", "/Users", userBody("worse", ""), 400},
		{"GET", "/Users?startIndex=1", "", 200},
		{"GET", "/Users?startIndex=5", "", 500},
		{"GET", "/Groups", "", 200},
		{"GET", "/Groups", "", 503},
		{"GET", "/Groups", "", 503},
		{"GET", "/Groups", "", 200},
	} {
		do(t, s, c.method, c.path, c.body).want(t, c.status)
	}
}

func TestImpossibleRules(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	err := s.AddFaults(Rule{Path: "(", Fault: Fault{Payload: "xml", Page: "lost", Status: 99}}, Rule{Skip: -1})
	if err == nil {
		t.Fatal("impossible rules were accepted")
	}
	for _, want := range []string{"missing closing )", `payload "xml"`, `page fault "lost"`, "status 99", "negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if n := len(s.Faults()); n != 0 {
		t.Errorf("%d rules were added all the same", n)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := open(t, Options{Quota: 50, Now: func() time.Time { return now }})
	served := 0
	burst := func(n int) {
		for range n {
			if a := do(t, s, "GET", "/ServiceProviderConfig", ""); a.status == 200 {
				served++
			} else if a.want(t, 429); a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Remaining") != "0" {
				t.Fatalf("headers %v", a.header)
			}
		}
	}
	burst(6) // the bucket holds a tenth of the quota
	if st := s.Stats(); served != 5 || st.Violations != 1 || st.PeakPerSecond != 6 {
		t.Errorf("served %d, %+v", served, st)
	}
	for range 100 { // at the quota: 20 ms apart
		now = now.Add(20 * time.Millisecond)
		burst(1)
	}
	if st := s.Stats(); served != 105 || st.Violations != 1 || st.PeakPerSecond > 56 {
		t.Errorf("at the quota: served %d, %+v", served, st)
	}
	now = now.Add(time.Hour)
	s.Reset()
	burst(500)
	if st := s.Stats(); st.PeakPerSecond != 500 || st.Violations != 495 || st.Total != 500 {
		t.Errorf("a storm: %+v", st)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Latency: 30 * time.Millisecond})
	start := time.Now()
	do(t, s, "GET", "/Users", "").want(t, 200)
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	s := open(t, Options{KeepBodies: true})
	u := addUsers(t, s, "ana", "ben")
	g := addGroup(t, s, "g", u...)
	do(t, s, "PATCH", "/Groups/"+g, patchBody(`{"op":"remove","path":"members[value eq \"`+u[0]+`\"]"}`)).want(t, 200)
	do(t, s, "GET", "/Users/"+u[1]+"?attributes=userName", "").want(t, 200)
	do(t, s, "GET", "/Users/nobody", "").want(t, 404)
	do(t, s, "GET", "/nowhere/at/all", "").want(t, 404)
	st := s.Stats()
	want := map[string]int{"PATCH /Groups/{id}": 1, "GET /Users/{id}": 2, "GET unknown": 1}
	for k, n := range want {
		if st.Counts[k] != n {
			t.Errorf("%s counted %d times, want %d", k, st.Counts[k], n)
		}
	}
	// Seeding is no request.
	if st.Total != 4 || st.MemberChanges != 1 || st.MembersAdded != 0 || st.MembersRemoved != 1 {
		t.Errorf("stats %+v", st)
	}
	if s.Count("PATCH", "/Groups/{id}") != 1 || s.Count("", "/Users/{id}") != 2 || s.Count("POST", "/Users") != 0 {
		t.Error("Count disagrees with Stats")
	}
	log := s.Requests()
	i := slices.IndexFunc(log, func(r Request) bool { return r.Template == "/Users/{id}" })
	if r := log[i]; r.Method != "GET" || r.Path != "/Users/"+u[1] || r.Query != "attributes=userName" || r.Status != 200 {
		t.Errorf("logged %+v", r)
	}
	if !strings.Contains(log[0].Body, `"op":"remove"`) || log[0].MemberChanges != 1 {
		t.Errorf("logged %+v", log[0])
	}
	s.Reset()
	if s.Count("", "/Users/{id}") != 0 || len(s.Requests()) != 0 || s.Stats().Total != 0 {
		t.Error("Reset forgets everything")
	}
	if _, ok := s.User("ana"); !ok {
		t.Error("Reset keeps the data")
	}
}
