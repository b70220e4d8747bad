// Package githubtest is an organization on GitHub for tests: users, members, invitations, teams and Copilot seats in memory,
// behind the REST API as GitHub's description has it. It keeps a log of requests, pages, and fails on demand.
package githubtest

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

// Token is the token that GitHub accepts, of the user Owner.
const (
	Token = "ghp_s3cr3tGithubToken" //nolint:gosec // a made-up one
	Owner = "the-owner"
	Name  = "acme"
)

// Server is GitHub with one organization.
type Server struct {
	*httptest.Server
	// PageSize caps how many rows a page has; 0 leaves it to the request.
	PageSize int
	// TellsRoles says that team members come with role and origin, which GitHub does for some organizations only.
	TellsRoles bool
	// Outsider says that the credential is in no organization: it sees public members only, of whom there are none.
	Outsider bool
	// NoCopilot says that the organization has no subscription.
	NoCopilot bool
	// Direct says that there are no invitations: who is added is a member.
	Direct bool
	// AnyLogin lets every login be somebody's.
	AnyLogin bool
	// LinkHost, where it is set, takes the place of the host in links to other pages.
	LinkHost string
	// DropLinks leaves out the links to other pages.
	DropLinks bool
	// Headers are added to each answer.
	Headers func(h http.Header)
	// AccessToken is accepted as well, and given to an app that asks for installation 7.
	AccessToken string

	t        testing.TB
	mu       sync.Mutex
	seq      int64
	users    []*User
	invites  []*Invitation
	teams    []*Team
	seats    []*Seat
	requests []Request
	faults   []*faulty
	mails    int
	seen     map[string]bool
	refuse   func(w http.ResponseWriter)
}

// Refuse lets the first try of each request be answered like this, and counts from anew; nil ends that.
func (s *Server) Refuse(with func(w http.ResponseWriter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.refuse = map[string]bool{}, with
}

// User is somebody on GitHub. Role is how they stand to the organization: "" for not at all, member, admin, or outside.
type User struct {
	ID          int64
	Login, Type string
	Role        string
}

// Invitation is one that is pending, or that failed.
type Invitation struct {
	ID                         int64
	Login, Email, Role, Failed string
	Created                    string
	// Teams are the ids of teams that it is for as well.
	Teams []int64
	// Maintains are those of them in which it is to be a maintainer.
	Maintains []int64
}

// Team is a team. Members are roles by login; owners count as maintainers whatever it says there.
type Team struct {
	ID, Parent              int64
	Name, Description, Type string
	Members                 map[string]string
	// Synced says that an identity provider fills it.
	Synced bool
}

// Slug is what GitHub makes of the name.
func (t *Team) Slug() string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9_-]+`).ReplaceAllString(strings.ToLower(t.Name), "-"), "-")
}

// Seat is a Copilot seat.
type Seat struct{ Login, Team, Ends string }

// Request is one request as it came.
type Request struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

// New starts GitHub. Requests and answers are checked against the vendor's description, where there is one.
func New(t testing.TB, d *apptest.Description) *Server {
	s := &Server{t: t, TellsRoles: true, seq: 1000}
	core := s.routes()
	checked := d.Handler(t, core)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := checked
		if strings.HasPrefix(r.URL.Path, "/user/") || strings.HasPrefix(r.URL.Path, "/app/") {
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
	f, headers := s.fault(r), s.Headers
	refuse, first := s.refuse, r.Method+" "+r.URL.RequestURI()
	if refuse != nil && s.seen[first] {
		refuse = nil
	}
	if refuse != nil {
		s.seen[first] = true
	}
	s.mu.Unlock()
	if refuse != nil {
		refuse(w)
		return
	}
	w.Header().Set("X-Github-Request-Id", "req-"+strconv.Itoa(len(body)))
	if headers != nil {
		headers(w.Header())
	}
	var real *httptest.ResponseRecorder
	if f != nil && (f.After || f.Body == apptest.BodyCut) { // carried out before it counts: tests wait for the count
		real = httptest.NewRecorder()
		next.ServeHTTP(real, r)
	}
	s.mu.Lock()
	s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Header: r.Header.Clone()})
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
func (s *Server) Reset() { s.mu.Lock(); defer s.mu.Unlock(); s.requests = nil }

// Lines are the requests as "METHOD path", with ? and the query where there is one.
func (s *Server) Lines() []string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, strings.TrimSuffix(r.Method+" "+r.Path+"?"+r.Query, "?"))
	}
	return out
}

// Count is how many requests match the pattern, as lines.
func (s *Server) Count(pattern string) int {
	re, n := regexp.MustCompile(pattern), 0
	for _, l := range s.Lines() {
		if re.MatchString(l) {
			n++
		}
	}
	return n
}

// Mails is how many people GitHub has written to.
func (s *Server) Mails() int { s.mu.Lock(); defer s.mu.Unlock(); return s.mails }

func (s *Server) next() int64 { s.seq++; return s.seq }

// Add adds a user and answers the id.
func (s *Server) Add(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strconv.FormatInt(s.add(u).ID, 10)
}

func (s *Server) add(u User) *User {
	u.ID, u.Type = cmp.Or(u.ID, s.next()), cmp.Or(u.Type, "User")
	s.users = append(s.users, &u)
	return &u
}

// Change does something to a user.
func (s *Server) Change(login string, f func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.user(login))
}

// Invite adds an invitation.
func (s *Server) Invite(i Invitation) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.ID, i.Role, i.Created = cmp.Or(i.ID, s.next()), cmp.Or(i.Role, "direct_member"), cmp.Or(i.Created, moment)
	s.invites = append(s.invites, &i)
	return strconv.FormatInt(i.ID, 10)
}

// Accept makes a member of whom an invitation went to; login says who took it up where it went to an address.
func (s *Server) Accept(id, login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, i := range s.invites {
		if strconv.FormatInt(i.ID, 10) != id {
			continue
		}
		s.invites = slices.Delete(s.invites, n, n+1)
		u := s.user(cmp.Or(i.Login, login))
		u.Role = "member"
		if i.Role == "admin" {
			u.Role = "admin"
		}
		for _, t := range s.teams {
			if slices.Contains(i.Teams, t.ID) {
				t.Members[u.Login] = "member"
			}
			if slices.Contains(i.Maintains, t.ID) {
				t.Members[u.Login] = "maintainer"
			}
		}
		return
	}
	s.t.Errorf("there is no invitation %s", id)
}

// AddTeam adds a team.
func (s *Server) AddTeam(t Team) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strconv.FormatInt(s.addTeam(t).ID, 10)
}

func (s *Server) addTeam(t Team) *Team {
	t.ID, t.Type = cmp.Or(t.ID, s.next()), cmp.Or(t.Type, "organization")
	if t.Members == nil {
		t.Members = map[string]string{}
	}
	s.teams = append(s.teams, &t)
	return &t
}

// AddSeat adds a Copilot seat.
func (s *Server) AddSeat(x Seat) { s.mu.Lock(); defer s.mu.Unlock(); s.seats = append(s.seats, &x) }

func copies[T any](s *Server, list *[]*T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []T
	for _, x := range *list {
		out = append(out, *x)
	}
	return out
}

// Users are copies of all users.
func (s *Server) Users() []User { return copies(s, &s.users) }

// Invitations are copies of all invitations, those that failed included.
func (s *Server) Invitations() []Invitation { return copies(s, &s.invites) }

// Teams are copies of all teams.
func (s *Server) Teams() []Team { return copies(s, &s.teams) }

// Seats are copies of all Copilot seats.
func (s *Server) Seats() []Seat { return copies(s, &s.seats) }

func (s *Server) user(login string) *User {
	for _, u := range s.users {
		if strings.EqualFold(u.Login, login) {
			return u
		}
	}
	return nil
}

func (s *Server) invitation(is func(*Invitation) bool) *Invitation {
	for _, i := range s.invites {
		if i.Failed == "" && is(i) {
			return i
		}
	}
	return nil
}

func (s *Server) team(slug string) *Team {
	for _, t := range s.teams {
		if t.Slug() == strings.ToLower(slug) {
			return t
		}
	}
	return nil
}

func answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// fail answers as GitHub does: status and code count, the texts are for people.
func fail(w http.ResponseWriter, status int, codes ...string) {
	body := map[string]any{"message": "Something about " + Token, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if status == http.StatusUnprocessableEntity {
		delete(body, "status")
		list := []any{}
		for _, c := range codes {
			list = append(list, map[string]any{"resource": "Thing", "field": "data", "code": c, "message": "About " + Token})
		}
		body["errors"] = list
	}
	answer(w, status, body)
}

func notFound(w http.ResponseWriter) { fail(w, http.StatusNotFound) }

// page answers one page of rows, wrapped where wrap says how.
func (s *Server) page(w http.ResponseWriter, r *http.Request, n int, row func(i int) any, wrap func(rows []any) any) {
	number := func(key string, or int) int {
		v, err := strconv.Atoi(r.URL.Query().Get(key))
		if err != nil || v < 1 {
			return or
		}
		return v
	}
	limit, at := min(100, number("per_page", 30)), number("page", 1)
	if s.PageSize > 0 {
		limit = min(limit, s.PageSize)
	}
	rows := []any{}
	for i := (at - 1) * limit; i < min(at*limit, n); i++ {
		rows = append(rows, row(i))
	}
	if at*limit < n && !s.DropLinks {
		link := func(p int, rel string) string {
			q := r.URL.Query()
			q.Set("page", strconv.Itoa(p))
			return fmt.Sprintf(`<%s%s?%s>; rel=%q`, cmp.Or(s.LinkHost, s.URL), r.URL.EscapedPath(), q.Encode(), rel)
		}
		w.Header().Set("Link", link(at+1, "next")+", "+link((n+limit-1)/limit, "last"))
	}
	if wrap != nil {
		answer(w, http.StatusOK, wrap(rows))
		return
	}
	answer(w, http.StatusOK, rows)
}
