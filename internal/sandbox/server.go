package sandbox

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is one tenant of an imaginary application, and its company's HR system. It is an
// http.Handler, safe for concurrent use.
type Server struct {
	opts   Options
	log    *journal
	faults *faults
	quota  *quota

	mu            sync.RWMutex // guards all below
	users, groups *table
	members       map[string]*memberSet          // by group
	memberOf      map[string]map[string]struct{} // groups by member
	people        []Person
	seq, change   uint64
	ids           *rand.Rand

	scanMu sync.Mutex // guards scan; taken inside mu
	scan   scan
}

// New is an empty server. Impossible options are an error that names them all.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("sandbox options: %w", err)
	}
	s := &Server{
		opts: o, log: newJournal(), faults: newFaults(), quota: newQuota(o),
		users: newTable(userSchema(o.ExtraAttributes)), groups: newTable(groupSchema()),
		ids: rand.New(rand.NewPCG(o.Seed, 0x5c1a)),
	}
	s.Clear()
	return s, nil
}

// Clear removes every user, group and person. What has been logged stays.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users.clear()
	s.groups.clear()
	s.members = map[string]*memberSet{}
	s.memberOf = map[string]map[string]struct{}{}
	s.people = nil
	s.change++
}

// newID is an opaque id that never returns. The caller holds s.mu.
func (s *Server) newID() string {
	hi, lo := s.ids.Uint64(), s.ids.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}

// mix spreads n over 64 bits (splitmix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// ServeHTTP answers SCIM below BasePath, HR at HRPath and control requests below ControlPath.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, ControlPath) {
		s.control(w, r)
		return
	}
	where, known := locate(r.URL)
	entry := Request{Time: s.opts.Now(), Method: r.Method, Template: where.template, Path: where.path, Query: r.URL.RawQuery}
	x := &exchange{s: s, w: w, r: r, entry: &entry, serial: s.log.arrive(entry.Time)}
	defer x.record() // also when the client gave up

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.opts.MaxBody))
	if err != nil {
		x.send(failure(&scimError{status: http.StatusRequestEntityTooLarge, detail: "the body is too large or incomplete"}))
		return
	}
	if s.opts.KeepBodies {
		entry.Body = string(body)
	}
	x.body = body
	if !x.pause(s.opts.Latency) {
		return
	}
	wait, ok := s.quota.take(s.opts.Now(), w.Header())
	if !ok {
		s.log.violate()
		entry.Fault = "quota"
		w.Header().Set("Retry-After", strconv.Itoa(wait))
		x.send(failure(&scimError{status: http.StatusTooManyRequests, detail: "the quota of requests is exceeded"}))
		return
	}
	if s.opts.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.opts.Token {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sandbox"`)
		x.send(failure(&scimError{status: http.StatusUnauthorized, detail: "the credential is missing or wrong"}))
		return
	}
	fault, found := s.faults.pick(r.Method, where.path, r.URL.RawQuery, body)
	if found {
		entry.Fault = fault.String()
	}
	if found && !fault.processes() {
		x.inject(fault, reply{})
		return
	}
	var out reply
	switch {
	case !known:
		out = failure(&scimError{status: http.StatusNotFound, detail: "there is nothing at this path"})
	case where.path == HRPath:
		w.Header().Set("Content-Type", "application/json")
		out = s.serveHR(r, fault)
	default:
		out = s.serve(x, where, fault)
	}
	entry.MemberChanges = out.memberChanges
	s.log.changedMembers(out.added, out.removed)
	if found {
		x.inject(fault, out)
		return
	}
	x.send(out)
}

// place is where a request goes: the endpoint, what follows it, and both as a template.
type place struct{ path, endpoint, id, template string }

var endpoints = map[string]string{
	"/Users": "/Users/{id}", "/Groups": "/Groups/{id}", "/ResourceTypes": "/ResourceTypes/{name}", "/Schemas": "/Schemas/{urn}",
	"/ServiceProviderConfig": "", "/Bulk": "", "/Me": "",
}

// locate cuts BasePath off, so that faults and counts name "/Users/{id}".
func locate(u *url.URL) (place, bool) {
	if u.Path == HRPath {
		return place{path: HRPath, endpoint: HRPath, template: HRPath}, true
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), BasePath)
	if !ok || rest == "" || rest[0] != '/' {
		return place{path: u.Path, template: "unknown"}, false
	}
	name, id, nested := strings.Cut(rest[1:], "/")
	p := place{path: rest, endpoint: "/" + name, template: "/" + name}
	child, known := endpoints[p.endpoint]
	if !known {
		p.template = "unknown"
		return p, false
	}
	if !nested {
		return p, true
	}
	var err error
	if p.id, err = url.PathUnescape(id); err != nil || child == "" || id == "" || strings.Contains(id, "/") {
		p.template = "unknown"
		return p, false
	}
	p.template = child
	if p.id == ".search" {
		p.template = p.endpoint + "/.search"
	}
	return p, true
}

// serve answers a SCIM request.
func (s *Server) serve(x *exchange, at place, f Fault) reply {
	r := x.r
	if len(x.body) > 0 && !s.accepts(r.Header.Get("Content-Type")) {
		return failure(&scimError{status: http.StatusUnsupportedMediaType, detail: "the media type of the body is not supported"})
	}
	c := &call{
		method: r.Method, endpoint: at.endpoint, id: at.id, query: r.URL.Query(), body: x.body,
		ifMatch: r.Header.Get("If-Match"), ifNoneMatch: r.Header.Get("If-None-Match"), base: baseURL(r), fault: f,
	}
	if at.endpoint == "/Bulk" {
		return s.bulk(c)
	}
	return s.dispatch(c)
}

func (s *Server) dispatch(c *call) reply {
	switch c.endpoint {
	case "/Users":
		return s.resource(c, s.users)
	case "/Groups":
		if s.opts.NoGroups {
			return failure(&scimError{status: http.StatusNotFound, detail: "there are no groups here"})
		}
		return s.resource(c, s.groups)
	case "/Me":
		if own, ok := s.User(s.opts.Self); ok && s.opts.Self != "" && c.method == http.MethodGet {
			c.endpoint, c.id = "/Users", own.ID
			return s.resource(c, s.users)
		}
		return failure(&scimError{status: http.StatusNotImplemented, detail: "/Me is not supported"})
	}
	return s.discover(c)
}

func (s *Server) accepts(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return contains(s.opts.AcceptTypes, strings.TrimSpace(media))
}

func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + BasePath
}

// exchange is one request on its way to an answer.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	body  []byte
	entry *Request

	serial   int
	recorded bool
}

// record logs the exchange, once, and before the client can see an answer: who has an answer can
// count on the log.
func (x *exchange) record() {
	if !x.recorded {
		x.recorded = true
		x.s.log.record(*x.entry)
	}
}

// pause waits, unless the client gives up first.
func (x *exchange) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-x.r.Context().Done():
		return false
	}
}

// send writes an answer.
func (x *exchange) send(out reply) {
	h := x.w.Header()
	x.entry.Status = out.status
	x.record()
	h.Set("X-Request-Id", fmt.Sprintf("sandbox-%d", x.serial))
	if out.location != "" && out.status == http.StatusCreated {
		h.Set("Location", out.location)
	}
	if out.etag != "" {
		h.Set("ETag", out.etag)
	}
	if len(out.body) > 0 {
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", x.s.opts.ContentType)
		}
		h.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	x.w.WriteHeader(out.status)
	_, _ = x.w.Write(out.body) // a client that went away is not our trouble
}
