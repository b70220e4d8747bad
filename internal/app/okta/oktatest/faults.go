package oktatest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

// Operation is the method, as a pattern, and the pattern of the path of the requests that the conformance suite has a
// name for.
func Operation(op apptest.Op) (method, path string) {
	const (
		users, groups = "^/api/v1/users", "^/api/v1/groups"
		one           = "/[^/]+$"
	)
	switch op {
	case apptest.ListAccounts:
		return "GET", users + "$"
	case apptest.ReadAccount:
		return "GET", users + one
	case apptest.CreateAccount:
		return "POST", users + "$"
	case apptest.UpdateAccount:
		return "POST", users + one
	case apptest.Deactivate:
		return "POST", users + "/[^/]+/lifecycle/(deactivate|suspend)$"
	case apptest.DeleteAccount:
		return "DELETE", users + one
	case apptest.ListGroups:
		return "GET", groups + "$"
	case apptest.ReadGroup:
		return "GET", groups + "/00g[^/]*$"
	case apptest.ListMembers:
		return "GET", groups + "/[^/]+/users$"
	case apptest.CreateGroup:
		return "POST", groups + "$"
	case apptest.UpdateGroup:
		return "PUT", groups + one
	case apptest.DeleteGroup:
		return "DELETE", groups + one
	case apptest.ChangeMembers:
		return "PUT|DELETE", groups + "/[^/]+/users" + one
	case apptest.ListPools, apptest.ListAssignees:
		return "GET", "^/api/v1/apps/[^/]+/users$"
	case apptest.ChangeAssignees:
		return "POST|DELETE", "^/api/v1/apps/[^/]+/users"
	case apptest.Any:
		return ".*", ".*"
	}
	return "none", "none"
}

// CountOf is how many requests of that kind were made.
func (s *Server) CountOf(op apptest.Op) int {
	method, path := Operation(op)
	n := 0
	for _, r := range s.Requests() {
		if regexp.MustCompile("^("+method+")$").MatchString(r.Method) && regexp.MustCompile(path).MatchString(r.Path) {
			n++
		}
	}
	return n
}

// Inject makes requests fail from now on; the zero Fault ends that.
func (s *Server) Inject(t testing.TB, f apptest.Fault) {
	t.Helper()
	if f == (apptest.Fault{}) {
		s.mu.Lock()
		s.faults = nil
		s.mu.Unlock()
		return
	}
	method, path := Operation(f.On)
	s.Break(method, path, f)
}

// Break is Inject for requests by method and path, both patterns.
func (s *Server) Break(method, path string, f apptest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &faulty{Fault: f, method: regexp.MustCompile("^(" + method + ")$"), path: regexp.MustCompile(path)})
}

type faulty struct {
	apptest.Fault
	method, path *regexp.Regexp
	seen         int
}

// fault is what happens to the request, nil for nothing.
func (s *Server) fault(r *http.Request) *faulty {
	for _, f := range s.faults {
		if !f.method.MatchString(r.Method) || !f.path.MatchString(r.URL.Path) {
			continue
		}
		if f.seen++; f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times) {
			return f
		}
	}
	return nil
}

// serve lets a request fail in the way of the fault; real is its true answer where it has been carried out.
func (f *faulty) serve(w http.ResponseWriter, r *http.Request, next http.Handler, real *httptest.ResponseRecorder) {
	if f.RepeatPage {
		q := r.URL.Query()
		q.Del("after")
		r.URL.RawQuery = q.Encode()
		next.ServeHTTP(w, r)
		return
	}
	switch {
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Close:
		panic(http.ErrAbortHandler)
	case f.Body == apptest.BodyCut:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(max(2, real.Body.Len())))
		w.WriteHeader(real.Code)
		_, _ = w.Write(real.Body.Bytes()[:real.Body.Len()/2])
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter != nil {
		w.Header().Set("Retry-After", fmt.Sprint(*f.RetryAfter))
	}
	switch f.Body {
	case apptest.BodyHTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><body>Sign in</body></html>"))
	case apptest.BodyEmpty:
		w.WriteHeader(f.Status)
	case apptest.BodyGarbage:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.Status)
		_, _ = w.Write(bytes.Repeat([]byte(`]{"x":`), 3))
	default:
		codes := map[int]string{400: "E0000001", 401: "E0000011", 403: "E0000006", 404: "E0000007", 429: "E0000047", 500: "E0000009", 503: "E0000010"}
		fail(w, f.Status, codes[f.Status], strings.Repeat("x", 3))
	}
}
