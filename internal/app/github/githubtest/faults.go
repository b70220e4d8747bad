package githubtest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

// Operation is the pattern of the requests, as lines, that the conformance suite has a name for. Listing accounts is listing the
// ordinary members: owners, invitations and outside collaborators, which the suite's worlds lack, cost a request each.
func (s *Server) Operation(op apptest.Op) string {
	const org, one = "^%s /orgs/[^/]+/", "[^/?]+"
	line := func(method, path string) string { return fmt.Sprintf(org, method) + path }
	switch op {
	case apptest.ListAccounts:
		return line("GET", `members\?(.*&)?role=member`)
	case apptest.ReadAccount:
		return line("GET", "memberships/"+one+"$")
	case apptest.CreateAccount:
		if s.Direct {
			return line("PUT", "memberships/"+one+"$")
		}
		return line("POST", "invitations$")
	case apptest.UpdateAccount:
		return line("PUT", "memberships/"+one+"$")
	case apptest.Deactivate, apptest.DeleteAccount:
		return line("DELETE", "(memberships|invitations|outside_collaborators)/"+one+"$")
	case apptest.ListGroups:
		return line("GET", `teams(\?|$)`)
	case apptest.ReadGroup:
		return line("GET", "teams/"+one+"$")
	case apptest.ListMembers:
		return line("GET", "teams/"+one+`/members(\?|$)`)
	case apptest.CreateGroup:
		return line("POST", "teams$")
	case apptest.UpdateGroup:
		return line("PATCH", "teams/"+one+"$")
	case apptest.DeleteGroup:
		return line("DELETE", "teams/"+one+"$")
	case apptest.ChangeMembers:
		return line("(PUT|DELETE)", "teams/"+one+"/memberships/"+one+"$")
	case apptest.ListPools:
		return line("GET", "copilot/billing$")
	case apptest.ListAssignees:
		return line("GET", `copilot/billing/seats`)
	case apptest.ChangeAssignees:
		return line("(POST|DELETE)", "copilot/billing/selected_users$")
	case apptest.Any:
		return "."
	}
	return "^none$"
}

// CountOf is how many requests of that kind were made.
func (s *Server) CountOf(op apptest.Op) int { return s.Count(s.Operation(op)) }

// Inject makes requests fail from now on; the zero Fault ends that.
func (s *Server) Inject(t testing.TB, f apptest.Fault) {
	t.Helper()
	if f == (apptest.Fault{}) {
		s.mu.Lock()
		s.faults = nil
		s.mu.Unlock()
		return
	}
	s.Break(s.Operation(f.On), f)
}

// Break is Inject for requests by a pattern of lines.
func (s *Server) Break(pattern string, f apptest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &faulty{Fault: f, line: regexp.MustCompile(pattern)})
}

type faulty struct {
	apptest.Fault
	line *regexp.Regexp
	seen int
}

// fault is what happens to the request, nil for nothing.
func (s *Server) fault(r *http.Request) *faulty {
	line := r.Method + " " + r.URL.Path
	if r.URL.RawQuery != "" {
		line += "?" + r.URL.RawQuery
	}
	for _, f := range s.faults {
		if !f.line.MatchString(line) {
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
		q.Del("page")
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
		w.WriteHeader(max(real.Code, http.StatusOK))
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
		fail(w, f.Status, "unprocessable")
	}
}
