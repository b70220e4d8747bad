// Package oktatest is an Okta organization for tests: users, groups, rules and applications in memory, behind the
// management API as Okta's description has it. It keeps a log of requests, pages, and fails on demand.
package oktatest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

// Token is the API token that the organization accepts.
const Token = "00-s3cr3t-okta-token" //nolint:gosec // a made-up one

// Server is one organization.
type Server struct {
	*httptest.Server
	// PageSize caps how many rows a page has; 0 leaves it to the request.
	PageSize int
	// Lag is how many requests about something new answer that it does not exist.
	Lag int
	// AccessToken is accepted as a bearer token, once Grant has been set and asked.
	AccessToken string
	// Grant answers a request for an access token; nil refuses all.
	Grant func(form map[string][]string) (status int, body map[string]any)
	// Headers are added to each answer.
	Headers func(h http.Header)

	t        testing.TB
	mu       sync.Mutex
	seq      int
	users    []*User
	groups   []*Group
	rules    []Rule
	apps     map[string][]*Assignment
	lag      map[string]int
	requests []Request
	faults   []*faulty
	mails    int
}

// User is a person in the organization.
type User struct {
	ID, Status string
	Profile    map[string]any
	LastLogin  string // RFC 3339; "" is never
}

// Group is a group.
type Group struct {
	ID, Type string
	Profile  map[string]any
	Members  []string
}

// Rule is a group rule.
type Rule struct {
	ID, Name, Status, Expression string
	Exclude, Groups              []string
}

// Assignment is somebody's assignment to an application; Group is the group that makes it.
type Assignment struct {
	UserID, Group string
	Status        string // ACTIVE when empty
	Profile       map[string]any
}

// Request is one request as it came.
type Request struct {
	Method, Path, Query, Body string
	Header                    http.Header
	HasLength                 bool // it had the header Content-Length
}

// New starts an organization. Requests and answers are checked against the vendor's description, where there is one.
func New(t testing.TB, d *apptest.Description) *Server {
	s := &Server{t: t, apps: map[string][]*Assignment{}, lag: map[string]int{}}
	core := s.routes()
	checked := d.Handler(t, core)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := checked
		if r.URL.Path == "/api/v1/groups/rules" || r.URL.Path == "/oauth2/v1/token" {
			next = core // the trimmed description does not have these operations
		}
		s.receive(w, r, next)
	}))
	t.Cleanup(s.Close)
	return s
}

// receive logs a request, lets it fail where a test wants that, and answers it.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	f := s.fault(r)
	headers := s.Headers
	s.mu.Unlock()
	w.Header().Set("X-Okta-Request-Id", "req-"+strconv.Itoa(len(body)))
	if headers != nil {
		headers(w.Header())
	}
	var real *httptest.ResponseRecorder
	if f != nil && (f.After || f.Body == apptest.BodyCut) { // carried out before it counts: tests wait for the count
		real = httptest.NewRecorder()
		next.ServeHTTP(real, r)
	}
	s.mu.Lock()
	_, hasLength := r.Header["Content-Length"]
	s.requests = append(s.requests, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Header: r.Header.Clone(), HasLength: hasLength || r.ContentLength > 0,
	})
	s.mu.Unlock()
	if f != nil {
		f.serve(w, r, next, real)
		return
	}
	next.ServeHTTP(w, r)
}

// Requests is the log so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Reset empties the log.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Count is how many requests had the method, "" for any, and a path that matches the pattern.
func (s *Server) Count(method, pattern string) int {
	re, n := regexp.MustCompile(pattern), 0
	for _, r := range s.Requests() {
		if (method == "" || r.Method == method) && re.MatchString(r.Path) {
			n++
		}
	}
	return n
}

// Lines are the requests as "METHOD path", with ? and the query where there is one.
func (s *Server) Lines() []string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, strings.TrimSuffix(r.Method+" "+r.Path+"?"+r.Query, "?"))
	}
	return out
}

// Mails is how many mails people were sent.
func (s *Server) Mails() int { s.mu.Lock(); defer s.mu.Unlock(); return s.mails }

// NewID is a fresh id that begins with the prefix.
func (s *Server) newID(prefix string) string {
	s.seq++
	return fmt.Sprintf("%s%017d", prefix, s.seq)
}

// AddUser adds a user, ACTIVE unless it says otherwise, and answers its id.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID, u.Status = cmp.Or(u.ID, s.newID("00u")), cmp.Or(u.Status, "ACTIVE")
	s.users = append(s.users, &u)
	return u.ID
}

// AddGroup adds a group, OKTA_GROUP unless it says otherwise.
func (s *Server) AddGroup(g Group) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.ID, g.Type = cmp.Or(g.ID, s.newID("00g")), cmp.Or(g.Type, "OKTA_GROUP")
	s.groups = append(s.groups, &g)
	return g.ID
}

// AddRule adds a group rule, ACTIVE unless it says otherwise.
func (s *Server) AddRule(r Rule) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ID, r.Status = s.newID("0pr"), cmp.Or(r.Status, "ACTIVE")
	s.rules = append(s.rules, r)
	return r.ID
}

// AddApp adds an application with its assignments.
func (s *Server) AddApp(id string, assigned ...Assignment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps[id] = []*Assignment{}
	for _, a := range assigned {
		s.apps[id] = append(s.apps[id], &a)
	}
}

// Users are copies of all users.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []User
	for _, u := range s.users {
		out = append(out, *u)
	}
	return out
}

// Groups are copies of all groups.
func (s *Server) Groups() []Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Group
	for _, g := range s.groups {
		c := *g
		c.Members = slices.Clone(g.Members)
		out = append(out, c)
	}
	return out
}

// Assigned are copies of an application's assignments.
func (s *Server) Assigned(app string) []Assignment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Assignment
	for _, a := range s.apps[app] {
		out = append(out, *a)
	}
	return out
}

// Set changes a user's status.
func (s *Server) Set(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.user(id); u != nil {
		u.Status = status
	}
}

func (s *Server) user(id string) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (s *Server) group(id string) *Group {
	for _, g := range s.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// lagging reports, and counts, that something new is not known yet.
func (s *Server) lagging(ids ...string) bool {
	for _, id := range ids {
		if s.lag[id] > 0 {
			s.lag[id]--
			return true
		}
	}
	return false
}

const moment = "2026-01-02T03:04:05.000Z"

func (s *Server) userJSON(u *User) map[string]any {
	out := map[string]any{
		"id": u.ID, "status": u.Status, "created": moment, "activated": nil, "statusChanged": nil, "lastLogin": nil, "lastUpdated": moment,
		"passwordChanged": nil, "type": map[string]any{"id": "oty1"}, "profile": u.Profile,
		"_links": map[string]any{"self": map[string]any{"href": s.URL + "/api/v1/users/" + u.ID}},
	}
	if u.LastLogin != "" {
		out["lastLogin"] = u.LastLogin
	}
	return out
}

func (s *Server) groupJSON(g *Group) map[string]any {
	return map[string]any{
		"id": g.ID, "created": moment, "lastUpdated": moment, "lastMembershipUpdated": moment, "objectClass": []string{"okta:user_group"},
		"type": g.Type, "profile": g.Profile,
		"_links": map[string]any{"users": map[string]any{"href": s.URL + "/api/v1/groups/" + g.ID + "/users"}},
	}
}

func (s *Server) ruleJSON(r Rule) map[string]any {
	return map[string]any{
		"type": "group_rule", "id": r.ID, "status": r.Status, "name": r.Name, "created": moment, "lastUpdated": moment,
		"conditions": map[string]any{
			"people":     map[string]any{"users": map[string]any{"exclude": append([]string{}, r.Exclude...)}, "groups": map[string]any{"exclude": []string{}}},
			"expression": map[string]any{"value": r.Expression, "type": "urn:okta:expression:1.0"},
		},
		"actions": map[string]any{"assignUserToGroups": map[string]any{"groupIds": r.Groups}},
	}
}

func (s *Server) assignmentJSON(app string, a *Assignment, expand bool) map[string]any {
	out := map[string]any{
		"id": a.UserID, "scope": "USER", "status": cmp.Or(a.Status, "ACTIVE"), "created": moment, "lastUpdated": moment, "statusChanged": moment,
		"passwordChanged": nil, "syncState": "DISABLED", "credentials": map[string]any{"userName": "app-user"}, "profile": map[string]any{},
	}
	links := map[string]any{
		"app": map[string]any{"href": s.URL + "/api/v1/apps/" + app}, "user": map[string]any{"href": s.URL + "/api/v1/users/" + a.UserID},
	}
	if a.Group != "" {
		out["scope"] = "GROUP"
		links["group"] = map[string]any{"href": s.URL + "/api/v1/groups/" + a.Group}
	}
	if a.Profile != nil {
		out["profile"] = a.Profile
	}
	out["_links"] = links
	if u := s.user(a.UserID); expand && u != nil {
		out["_embedded"] = map[string]any{"user": s.userJSON(u)}
	}
	return out
}

func answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail answers as Okta does: the code counts, the texts are for people.
func fail(w http.ResponseWriter, status int, code string, causes ...string) {
	list := []map[string]any{}
	for _, c := range causes {
		list = append(list, map[string]any{"errorSummary": c})
	}
	answer(w, status, map[string]any{"errorCode": code, "errorSummary": "Something about " + Token, "errorLink": code, "errorId": "oae" + code, "errorCauses": list})
}

func notFound(w http.ResponseWriter) { fail(w, http.StatusNotFound, "E0000007") }

// page answers one page of rows, with links in header lines of their own.
func (s *Server) page(w http.ResponseWriter, r *http.Request, n int, row func(i int) any) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = 20
	}
	if s.PageSize > 0 {
		limit = min(limit, s.PageSize)
	}
	from := 0
	if after := r.URL.Query().Get("after"); after != "" {
		if _, err := fmt.Sscanf(after, "cursor-%d", &from); err != nil {
			fail(w, http.StatusBadRequest, "E0000031")
			return
		}
	}
	rows := []any{}
	for i := from; i < min(from+limit, n); i++ {
		rows = append(rows, row(i))
	}
	w.Header().Add("Link", "<"+s.URL+r.URL.RequestURI()+`>; rel="self"`)
	if from+limit < n {
		q := r.URL.Query()
		q.Set("after", fmt.Sprintf("cursor-%d", from+limit))
		w.Header().Add("Link", "<"+s.URL+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
	}
	answer(w, http.StatusOK, rows)
}
