// Package graphtest is a Microsoft Graph for tests: users, groups, the recycle bin, subscriptions and batches, with
// the habits of the service that go wrong in practice. It answers as the service's documentation says, and fails
// when told to.
package graphtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Version is the first part of every address.
const Version = "/v1.0"

// Options configure a Server.
type Options struct {
	Token string // that every request has to carry
	// PageSize caps a page, whatever is asked for; 0 is the service's own cap.
	PageSize int
	// Lag is how often something that was just created is answered with 404 before it is there.
	Lag int
	// Described wraps the handler of the requests that the vendor's description knows; nil does not.
	Described func(http.Handler) http.Handler
	// Person is the user whom /me is; "" for an application, which has no such thing.
	Person string
	// NoPremium: the tenant has no license for sign-in activity.
	NoPremium bool
}

// Server is a tenant.
type Server struct {
	opts    Options
	handler http.Handler // of requests that the description knows

	mu      sync.Mutex
	serial  int
	users   []*User
	deleted []*User
	groups  []*Group
	skus    []*SKU
	lag     map[string]int // by id: how often it is still hidden
	faults  []*Fault
	log     []Request
	outer   int
}

// User is a user: Props are the properties of the resource, as JSON has them.
type User struct {
	ID      string
	Props   map[string]any
	Manager string
	// Direct are the SKUs assigned directly, with their disabled plans, and ByGroup those that a group gives.
	Direct  map[string][]string
	ByGroup map[string]string
}

// Group is a group. Members and Owners are ids; Objects are members that are no users, by their type.
type Group struct {
	ID      string
	Props   map[string]any
	Members []string
	Owners  []string
	Objects map[string]string
}

// SKU is a subscription.
type SKU struct {
	ID, PartNumber   string
	Enabled, Warning int
	Plans            map[string]string // ids by name
	Company          bool              // it applies to the tenant, not to users
}

// Request is one request as it came, alone or inside a batch.
type Request struct {
	Outer int // requests with the same number came in one batch
	Kind  string
	Path  string
	Query string
	Body  string
	// Consistency is the ConsistencyLevel header.
	Consistency string
}

// New makes an empty tenant.
func New(o Options) *Server {
	s := &Server{opts: o, lag: map[string]int{}}
	s.handler = http.HandlerFunc(s.carryOut)
	if o.Described != nil {
		s.handler = o.Described(s.handler)
	}
	return s
}

func (s *Server) id(kind int) string {
	s.serial++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, s.serial)
}

// Add makes what the tenant holds from the start.
func (s *Server) Add(props map[string]any) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(props)
}

func (s *Server) add(props map[string]any) *User {
	u := &User{ID: s.id(1), Props: map[string]any{
		"accountEnabled": true, "userType": "Member", "createdDateTime": "2024-01-31T08:00:00Z", "assignedLicenses": []any{}, "licenseAssignmentStates": []any{},
		"onPremisesExtensionAttributes": map[string]any{"extensionAttribute1": nil},
	}, Direct: map[string][]string{}, ByGroup: map[string]string{}}
	maps.Copy(u.Props, props)
	u.Props["id"] = u.ID
	s.users = append(s.users, u)
	return u
}

// AddGroup makes a security group.
func (s *Server) AddGroup(props map[string]any, members ...string) *Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.addGroup(props)
	g.Members = members
	return g
}

func (s *Server) addGroup(props map[string]any) *Group {
	g := &Group{ID: s.id(2), Props: map[string]any{
		"groupTypes": []any{}, "mailEnabled": false, "securityEnabled": true, "description": nil, "isAssignableToRole": nil, "onPremisesSyncEnabled": nil,
	}, Objects: map[string]string{}}
	maps.Copy(g.Props, props)
	g.Props["id"] = g.ID
	s.groups = append(s.groups, g)
	return g
}

// AddSKU makes a subscription, and gives it an id.
func (s *Server) AddSKU(sku SKU) *SKU {
	s.mu.Lock()
	defer s.mu.Unlock()
	sku.ID = s.id(3)
	s.skus = append(s.skus, &sku)
	return &sku
}

// Delete deletes a user softly, as an administrator does.
func (s *Server) Delete(u *User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(u)
}

// Look calls f with what the tenant holds.
func (s *Server) Look(f func(users, deleted []*User, groups []*Group)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.users, s.deleted, s.groups)
}

// Requests are those since Reset.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Reset forgets the requests so far.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Count is how many HTTP requests contained one of the kinds, or any without kinds. A batch is one.
func (s *Server) Count(kinds ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	outer := map[int]bool{}
	for _, r := range s.log {
		if len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			outer[r.Outer] = true
		}
	}
	return len(outer)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.outer++
	outer := s.outer
	s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+s.opts.Token:
		a := failure(http.StatusUnauthorized, "InvalidAuthenticationToken")
		a.write(w)
	case r.URL.Path == Version+"/$batch" && r.Method == http.MethodPost:
		s.batch(w, r, outer, body)
	default:
		s.one(r, outer, body).write(w)
	}
}

// answer is a status, headers and a body of JSON; what happens to the connection is for faults.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	hang, drop bool
	cut        bool
	ended      <-chan struct{}
}

func (a answer) write(w http.ResponseWriter) {
	switch {
	case a.hang:
		<-a.ended
		panic(http.ErrAbortHandler)
	case a.drop:
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Request-Id", "11111111-2222-3333-4444-555555555555")
	if len(a.body) > 0 && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	if a.cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(a.body)+1))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// failure is an error of the service: https://learn.microsoft.com/graph/errors
func failure(status int, code string, details ...string) answer {
	inner := map[string]any{"date": "2026-01-31T08:00:00", "request-id": "11111111-2222-3333-4444-555555555555"}
	e := map[string]any{"code": code, "message": "What happened, in words that may change.", "innerError": inner}
	for _, d := range details {
		list, _ := e["details"].([]any)
		e["details"] = append(list, map[string]any{"code": d, "message": "In words."})
	}
	return jsonAnswer(status, map[string]any{"error": e})
}

func jsonAnswer(status int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return answer{status: status, body: b, header: http.Header{"Content-Type": {"application/json"}}}
}

// batch carries out its parts and answers them in the wrong order: the service promises none.
func (s *Server) batch(w http.ResponseWriter, r *http.Request, outer int, body []byte) {
	var in struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
			Body            json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.Requests) == 0 || len(in.Requests) > 20 {
		failure(http.StatusBadRequest, "BadRequest").write(w)
		return
	}
	responses := []any{}
	for _, p := range in.Requests {
		part, err := http.NewRequestWithContext(r.Context(), p.Method, "http://"+r.Host+Version+p.URL, http.NoBody) //nolint:gosec // nothing is sent: it is carried out here
		if err != nil || !strings.HasPrefix(p.URL, "/") {
			failure(http.StatusBadRequest, "BadRequest").write(w)
			return
		}
		for k, v := range p.Headers {
			part.Header.Set(k, v)
		}
		if len(p.Body) > 0 && part.Header.Get("Content-Type") == "" {
			failure(http.StatusBadRequest, "BadRequest").write(w)
			return
		}
		a := s.one(part, outer, p.Body)
		if a.hang || a.drop || a.cut {
			a.write(w)
			return
		}
		headers := map[string]string{}
		for k := range a.header {
			headers[k] = a.header.Get(k)
		}
		out := map[string]any{"id": p.ID, "status": a.status, "headers": headers}
		if len(a.body) > 0 {
			out["body"] = json.RawMessage(a.body)
			if !json.Valid(a.body) {
				out["body"] = string(a.body)
			}
		}
		responses = append(responses, out)
	}
	slices.Reverse(responses)
	jsonAnswer(http.StatusOK, map[string]any{"responses": responses}).write(w)
}

// Lag hides something for so many more requests, as a replica that has not heard of it does.
func (s *Server) Lag(id string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag[id] = times
}
