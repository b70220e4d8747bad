package graphtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
)

// Fault makes requests of some kinds fail.
type Fault struct {
	Kinds []string // none: all
	Skip  int      // how many pass first
	Times int      // how many fail; 0 is all

	Status     int
	Code       string   // of the error; "" is one that fits the status
	Details    []string // codes of its details
	Body       string   // instead of an error: "html", "empty", "garbage", or "cut" for half of a true answer
	RetryAfter *int
	Hang       bool
	Close      bool
	After      bool // once the request has been carried out

	RepeatPage bool
	TruncateAt int
	// NextLink replaces the address of the next page.
	NextLink string

	seen int
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Recover ends all faults.
func (s *Server) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// due is the fault that this request meets.
func (s *Server) due(kind string) Fault {
	for _, f := range s.faults {
		if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, kind) {
			continue
		}
		if f.seen++; f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times) {
			return *f
		}
	}
	return Fault{}
}

// Kind names a request: method and address with {id} for ids. A change of members is told from one of the group.
func Kind(method, path, body string) string {
	parts := strings.Split(strings.TrimPrefix(path, Version+"/"), "/")
	for i, p := range parts {
		switch {
		case i == 1 && (parts[0] == "users" || parts[0] == "groups") && p != "$count",
			i == 2 && parts[0] == "directory" && !strings.HasPrefix(p, "microsoft.graph."),
			i == 3 && parts[0] == "groups" && p != "$ref":
			parts[i] = "{id}"
		}
	}
	kind := method + " /" + strings.Join(parts, "/")
	if kind == "PATCH /groups/{id}" && strings.Contains(body, "@odata.bind") {
		kind += " members"
	}
	return kind
}

// undescribed are kinds that the trimmed description does not have; they are documented all the same:
// https://learn.microsoft.com/graph/api/group-post-owners, group-delete-owners, user-get
var undescribed = []string{"GET /me", "GET /groups/$count", "POST /groups/{id}/owners/$ref", "DELETE /groups/{id}/owners/{id}/$ref"}

// one answers a request that came alone or inside a batch.
func (s *Server) one(r *http.Request, outer int, body []byte) answer {
	kind := Kind(r.Method, r.URL.Path, string(body))
	seen := Request{
		Outer: outer, Kind: kind, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Consistency: r.Header.Get("ConsistencyLevel"),
	}
	s.mu.Lock()
	f := s.due(kind)
	if !f.Hang {
		s.log = append(s.log, seen)
	}
	s.mu.Unlock()
	var a answer
	truly := f.After || !f.Hang && !f.Close && f.Status == 0
	if truly {
		rec := httptest.NewRecorder()
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		h := http.Handler(http.HandlerFunc(s.carryOut))
		if !slices.Contains(undescribed, kind) {
			h = s.handler
		}
		h.ServeHTTP(rec, r.WithContext(withFault(r.Context(), f)))
		a = answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
	}
	if f.Hang { // clients give up once the request is in the log, so it has to be carried out by then
		s.mu.Lock()
		s.log = append(s.log, seen)
		s.mu.Unlock()
	}
	a.hang, a.drop, a.ended = f.Hang, f.Close, r.Context().Done()
	switch {
	case f.Body == "cut":
		a.cut = len(a.body) > 0
		a.drop = !a.cut
	case f.Status != 0:
		a = s.faulty(f)
	}
	if f.RetryAfter != nil {
		a.header.Set("Retry-After", strconv.Itoa(*f.RetryAfter))
	}
	return a
}

func (s *Server) faulty(f Fault) answer {
	switch f.Body {
	case "html":
		return answer{status: f.Status, header: http.Header{"Content-Type": {"text/html"}}, body: []byte("<html><body>Sign in</body></html>")}
	case "empty":
		return answer{status: f.Status, header: http.Header{}}
	case "garbage":
		return answer{status: f.Status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte("\x00garbage{")}
	}
	code := f.Code
	if code == "" {
		code = map[int]string{
			401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound", 409: "Request_ConflictingObject",
			429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
		}[f.Status]
	}
	if code == "" {
		code = "Request_BadRequest"
	}
	return failure(f.Status, code, f.Details...)
}
