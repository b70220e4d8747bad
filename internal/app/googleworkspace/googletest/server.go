// Package googletest is Google's Directory and License Manager API in memory, for tests: paging, partial responses,
// lists that a PATCH replaces whole, aliases that a rename leaves behind, deleted accounts, licenses by address,
// and faults. It knows nothing of the connector.
package googletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Options configure a Server.
type Options struct {
	Token    string // every request has to carry it; "" lets all in
	Customer string
	PageSize int // the most rows of a page, whatever is asked for; 0: as asked
}

// Server is one customer. It is safe for concurrent use.
type Server struct {
	opts Options

	mu      sync.Mutex
	next    int
	users   []object
	deleted []object
	groups  []object
	members map[string][]object          // by group id
	held    map[string]map[string]string // product, account id, SKU
	seats   map[string]int               // by SKU; absent: no limit
	hidden  map[string]*lag              // by id and address
	log     []Request
	faults  []*Fault
	stop    chan struct{}
}

type object = map[string]any

type lag struct{ times, status int }

// Request is one request as it came.
type Request struct {
	Op, Method, Path, Query, Body string
}

// New makes a customer without accounts. Close it when the test ends.
func New(o Options) *Server {
	if o.Customer == "" {
		o.Customer = "C0test01"
	}
	return &Server{
		opts: o, members: map[string][]object{}, held: map[string]map[string]string{}, seats: map[string]int{}, hidden: map[string]*lag{}, stop: make(chan struct{}),
	}
}

// Close lets requests that hang end.
func (s *Server) Close() { close(s.stop) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	op, args := route(r)
	s.mu.Lock()
	s.log = append(s.log, Request{op, r.Method, r.URL.Path, r.URL.RawQuery, string(sent)})
	f := s.fault(op)
	s.mu.Unlock()
	answer := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		s.mu.Lock()
		defer s.mu.Unlock()
		var body object
		if len(sent) > 0 && json.Unmarshal(sent, &body) != nil {
			refuse(rec, 400, "parseError")
			return rec
		}
		if s.opts.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.opts.Token {
			refuse(rec, 401, "authError")
			return rec
		}
		s.serve(rec, r, op, args, body)
		return rec
	}
	if f == nil {
		copyTo(w, answer())
		return
	}
	s.fail(w, r, *f, answer)
}

func copyTo(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// route names the operation as Google's descriptions do, and gives what the path names.
func route(r *http.Request) (op string, args []string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	match := func(pattern string) bool {
		want := strings.Split(pattern, "/")
		if len(want) != len(parts) {
			return false
		}
		args = nil
		for i, p := range want {
			if p == "*" {
				args = append(args, parts[i])
			} else if p != parts[i] {
				return false
			}
		}
		return true
	}
	const d, l = "admin/directory/v1/", "apps/licensing/v1/product/*/"
	for _, t := range []struct{ method, pattern, op string }{
		{"GET", d + "users", "users.list"},
		{"POST", d + "users", "users.insert"},
		{"GET", d + "users/*", "users.get"},
		{"PATCH", d + "users/*", "users.patch"},
		{"DELETE", d + "users/*", "users.delete"},
		{"POST", d + "users/*/undelete", "users.undelete"},
		{"POST", d + "users/*/signOut", "users.signOut"},
		{"GET", d + "groups", "groups.list"},
		{"POST", d + "groups", "groups.insert"},
		{"GET", d + "groups/*", "groups.get"},
		{"PATCH", d + "groups/*", "groups.patch"},
		{"DELETE", d + "groups/*", "groups.delete"},
		{"GET", d + "groups/*/members", "members.list"},
		{"POST", d + "groups/*/members", "members.insert"},
		{"GET", d + "groups/*/members/*", "members.get"},
		{"PATCH", d + "groups/*/members/*", "members.patch"},
		{"DELETE", d + "groups/*/members/*", "members.delete"},
		{"GET", l + "users", "licenses.list"},
		{"POST", l + "sku/*/user", "licenses.insert"},
		{"GET", l + "sku/*/user/*", "licenses.get"},
		{"PATCH", l + "sku/*/user/*", "licenses.patch"},
		{"DELETE", l + "sku/*/user/*", "licenses.delete"},
	} {
		if r.Method == t.method && match(t.pattern) {
			if t.op == "users.list" && r.URL.Query().Get("showDeleted") == "true" {
				return "users.listDeleted", args
			}
			return t.op, args
		}
	}
	return "unknown", nil
}

// serve carries the request out.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, op string, args []string, body object) {
	for _, a := range args {
		if h := s.hidden[strings.ToLower(a)]; h != nil && h.times > 0 {
			h.times--
			refuse(w, h.status, map[int]string{404: "notFound", 403: "forbidden"}[h.status])
			return
		}
	}
	switch noun, _, _ := strings.Cut(op, "."); noun {
	case "users":
		s.serveUser(w, r, op, args, body)
	case "groups":
		s.serveGroup(w, r, op, args, body)
	case "members":
		s.serveMember(w, r, op, args, body)
	case "licenses":
		s.serveLicense(w, r, op, args, body)
	default:
		refuse(w, 404, "unexpected")
	}
}

// refuse answers with an error in Google's format.
func refuse(w http.ResponseWriter, status int, reason string) {
	reply(w, nil, status, object{"error": object{
		"code": status, "message": "private text", "errors": []object{{"domain": "global", "reason": reason, "message": "private text"}},
	}})
}

// reply answers with JSON, cut to the fields that the request names.
func reply(w http.ResponseWriter, r *http.Request, status int, v any) {
	if r != nil {
		if mask := r.URL.Query().Get("fields"); mask != "" {
			v = project(v, parseMask(mask))
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
}

// list answers with a page of rows.
func (s *Server) list(w http.ResponseWriter, r *http.Request, kind, name string, rows []object, most int) {
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("maxResults"))
	if q.Get("maxResults") == "" {
		size, err = 100, nil
	}
	from := 0
	if token := q.Get("pageToken"); token != "" && err == nil {
		from, err = strconv.Atoi(strings.TrimPrefix(token, "from:"))
	}
	if err != nil || size < 1 || size > most || from < 0 || from > len(rows) {
		refuse(w, 400, "invalid")
		return
	}
	if s.opts.PageSize > 0 {
		size = min(size, s.opts.PageSize)
	}
	if s.repeats(name) {
		from = 0
	}
	out := object{"kind": kind}
	end := min(from+size, len(rows))
	if from < end {
		out[name] = rows[from:end]
	}
	if end < len(rows) {
		out["nextPageToken"] = fmt.Sprintf("from:%d", end)
		if s.repeats(name) {
			s.next++
			out["nextPageToken"] = fmt.Sprintf("from:%d", 1+s.next%max(1, len(rows)-1))
		}
	}
	reply(w, r, 200, out)
}

// mask is a partial response: names, each with what is taken of it; nil takes all.
type mask map[string]mask

func parseMask(text string) mask {
	m, rest := parseMaskUntil(text)
	if rest != "" {
		panic("googletest: bad fields parameter " + text)
	}
	return m
}

func parseMaskUntil(text string) (mask, string) {
	m := mask{}
	for text != "" {
		n := strings.IndexAny(text, ",()/")
		if n < 0 {
			m[text] = nil
			return m, ""
		}
		name, mark := text[:n], text[n]
		text = text[n+1:]
		switch mark {
		case '(':
			m[name], text = parseMaskUntil(text)
			text = strings.TrimPrefix(text, ",")
			if strings.HasPrefix(text, ")") {
				return m, text[1:]
			}
		case '/':
			end := strings.IndexAny(text, ",)")
			if end < 0 {
				end = len(text)
			}
			m[name] = mask{text[:end]: nil}
			text = strings.TrimPrefix(text[end:], ",")
		case ',':
			m[name] = nil
		case ')':
			m[name] = nil
			return m, text
		}
	}
	return m, ""
}

func project(v any, m mask) any {
	if m == nil {
		return v
	}
	switch v := v.(type) {
	case object:
		out := object{}
		for name, inner := range m {
			if have, ok := v[name]; ok {
				out[name] = project(have, inner)
			}
		}
		return out
	case []object:
		out := make([]any, len(v))
		for i := range v {
			out[i] = project(v[i], m)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = project(v[i], m)
		}
		return out
	}
	return v
}

// clone makes a copy that shares nothing, as JSON has it.
func clone(o object) object {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	var c object
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&c); err != nil {
		panic(err)
	}
	return c
}

func clones(list []object) []object {
	out := make([]object, len(list))
	for i := range list {
		out[i] = clone(list[i])
	}
	return out
}

func text(v any) string { s, _ := v.(string); return s }

func (s *Server) newID(prefix string) string {
	s.next++
	return fmt.Sprintf("%s%018d", prefix, s.next)
}

// byID finds a row, or -1.
func byID(list []object, id string) int {
	return slices.IndexFunc(list, func(o object) bool { return o["id"] == id })
}
