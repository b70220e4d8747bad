package apptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FaultHeader marks an answer that a fake spoils on purpose: nobody checks it against a description.
const FaultHeader = "X-Test-Fault"

// Discovery is what Google's discovery documents say about APIs (developers.google.com/discovery/v1/reference/apis).
// A nil Discovery checks nothing.
type Discovery struct {
	apis []discoveryAPI
	// Any names the schema of the elements of properties that the document leaves open: "User.relations".
	Any map[string]string
}

type discoveryAPI struct {
	Parameters map[string]discoverySchema
	Schemas    map[string]discoverySchema
	Resources  map[string]discoveryResource
	methods    []discoveryMethod
}

type discoveryResource struct {
	Methods   map[string]discoveryMethod
	Resources map[string]discoveryResource
}

type discoveryMethod struct {
	ID, HTTPMethod, FlatPath, Path string
	Parameters                     map[string]discoverySchema
	Request, Response              *discoveryRef
}

type discoveryRef struct {
	Ref string `json:"$ref"`
}

type discoverySchema struct {
	Ref                string `json:"$ref"`
	Type, Location     string
	Minimum, Maximum   string
	Enum               []string
	Required, ReadOnly bool
	Items              *discoverySchema
	Properties         map[string]discoverySchema
	Additional         *discoverySchema `json:"additionalProperties"`
	Annotations        struct{ Required []string }
	ID                 string `json:"-"` // its name
}

// FindDiscovery reads discovery documents, "google-directory.json". They are not part of this repository: they lie in
// the folder that TENURE_SPECS names, or in shared/specs beside the repository. Without them it is nil, and the
// test's log says so.
func FindDiscovery(t testing.TB, files ...string) *Discovery {
	t.Helper()
	d := &Discovery{}
	for _, file := range files {
		raw, err := readDiscovery(file)
		if err != nil {
			t.Logf("requests and answers are not checked against %s, because there is no such description; set TENURE_SPECS to its folder", file)
			return nil
		}
		if err := d.add(raw); err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
	}
	return d
}

func (d *Discovery) add(raw []byte) error {
	var api discoveryAPI
	if err := json.Unmarshal(raw, &api); err != nil {
		return err
	}
	for _, r := range api.Resources {
		api.collect(r)
	}
	d.apis = append(d.apis, api)
	return nil
}

func readDiscovery(file string) ([]byte, error) {
	if dir := os.Getenv("TENURE_SPECS"); dir != "" {
		return os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // a place that whoever runs the tests names
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if raw, readErr := os.ReadFile(filepath.Join(dir, "shared", "specs", file)); readErr == nil {
			return raw, nil
		}
		dir = filepath.Dir(dir)
	}
	return nil, os.ErrNotExist
}

func (a *discoveryAPI) collect(r discoveryResource) {
	for _, m := range r.Methods {
		if m.FlatPath == "" {
			m.FlatPath = m.Path
		}
		a.methods = append(a.methods, m)
	}
	for _, inner := range r.Resources {
		a.collect(inner)
	}
}

// Handler stands before a fake and fails the test on every request that the documents do not know, and on every
// answer that they do not describe: method and path, parameters, what is required, properties of bodies at any depth,
// read-only ones in requests, and the names in the fields parameter.
func (d *Discovery) Handler(t testing.TB, next http.Handler) http.Handler {
	if d == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
		api, m := d.find(r)
		if m == nil {
			t.Errorf("%s %s: the description has no such operation", r.Method, r.URL.Path)
			next.ServeHTTP(w, r)
			return
		}
		for _, problem := range append(api.query(m, r.URL.Query()), d.request(api, m, sent)...) {
			t.Errorf("%s: request: %s", m.ID, problem)
		}
		tee := &teeWriter{ResponseWriter: w}
		next.ServeHTTP(tee, r)
		for _, problem := range d.answer(api, m, tee) {
			t.Errorf("%s: answer: %s", m.ID, problem)
		}
	})
}

// teeWriter keeps a copy of an answer.
type teeWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *teeWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *teeWriter) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (w *teeWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// find is the method whose path the request has. The most literal one wins.
func (d *Discovery) find(r *http.Request) (*discoveryAPI, *discoveryMethod) {
	parts := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for i := range d.apis {
		for j := range d.apis[i].methods {
			m := &d.apis[i].methods[j]
			want := strings.Split(m.FlatPath, "/")
			if m.HTTPMethod == r.Method && len(want) == len(parts) && slices.EqualFunc(want, parts, func(w, p string) bool {
				return w == p || strings.HasPrefix(w, "{") && p != ""
			}) {
				return &d.apis[i], m
			}
		}
	}
	return nil, nil
}

func (a *discoveryAPI) query(m *discoveryMethod, q url.Values) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		p, ok := m.Parameters[name]
		if !ok || p.Location != "query" {
			if p, ok = a.Parameters[name]; !ok {
				problems = append(problems, "there is no parameter "+name)
				continue
			}
		}
		for _, v := range q[name] {
			n, err := strconv.Atoi(v)
			low, _ := strconv.Atoi(p.Minimum)
			high, highErr := strconv.Atoi(p.Maximum)
			switch {
			case p.Type == "integer" && (err != nil || n < low || highErr == nil && n > high), p.Type == "boolean" && v != "true" && v != "false",
				len(p.Enum) > 0 && !slices.Contains(p.Enum, v):
				problems = append(problems, fmt.Sprintf("the parameter %s cannot be %q", name, v))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Parameters)) {
		if p := m.Parameters[name]; p.Required && p.Location == "query" && q.Get(name) == "" {
			problems = append(problems, "the parameter "+name+" is required")
		}
	}
	if mask := q.Get("fields"); mask != "" && m.Response != nil {
		problems = append(problems, a.mask(mask, discoverySchema{Ref: m.Response.Ref})...)
	}
	return problems
}

// mask checks the names of a partial response: a(b,c),d/e.
func (a *discoveryAPI) mask(text string, of discoverySchema) (problems []string) {
	of = a.resolve(of)
	for text != "" {
		end := strings.IndexAny(text, ",(/")
		name, rest := text, ""
		if end >= 0 {
			name, rest = text[:end], text[end:]
		}
		inner, ok := of.Properties[name]
		if !ok {
			problems = append(problems, fmt.Sprintf("fields: %s has no %q", of.ID, name))
		}
		switch {
		case strings.HasPrefix(rest, "("):
			depth, close := 0, len(rest)-1
			for i, r := range rest {
				if r == '(' {
					depth++
				} else if r == ')' {
					if depth--; depth == 0 {
						close = i
						break
					}
				}
			}
			problems = append(problems, a.mask(rest[1:close], inner)...)
			rest = rest[close+1:]
		case strings.HasPrefix(rest, "/"):
			path, after, _ := strings.Cut(rest[1:], ",")
			problems = append(problems, a.mask(path, inner)...)
			rest = after
		}
		text = strings.TrimPrefix(rest, ",")
	}
	return problems
}

// resolve follows a reference, and looks into the elements of a list.
func (a *discoveryAPI) resolve(s discoverySchema) discoverySchema {
	if s.Ref != "" {
		name := s.Ref
		s = a.Schemas[name]
		s.ID = name
	}
	if s.Type == "array" && s.Items != nil {
		return a.resolve(*s.Items)
	}
	return s
}

func (d *Discovery) request(a *discoveryAPI, m *discoveryMethod, sent []byte) []string {
	if len(sent) == 0 {
		if m.Request != nil {
			return []string{"a body is missing"}
		}
		return nil
	}
	if m.Request == nil {
		return []string{"the operation takes no body"}
	}
	var v any
	if err := json.Unmarshal(sent, &v); err != nil {
		return []string{"the body is no JSON"}
	}
	c := schemaCheck{d, a, true, nil}
	c.value(m.Request.Ref, discoverySchema{Ref: m.Request.Ref}, v)
	body, _ := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(a.Schemas[m.Request.Ref].Properties)) {
		if _, there := body[name]; !there && slices.Contains(a.Schemas[m.Request.Ref].Properties[name].Annotations.Required, m.ID) {
			c.problems = append(c.problems, name+" is required")
		}
	}
	return c.problems
}

func (d *Discovery) answer(a *discoveryAPI, m *discoveryMethod, w *teeWriter) []string {
	if w.Header().Get(FaultHeader) != "" || w.status >= 300 {
		return nil
	}
	body := bytes.TrimSpace(w.body.Bytes())
	switch {
	case m.Response == nil && len(body) > 0:
		return []string{"the operation answers without a body"}
	case m.Response == nil:
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{"the body is no JSON"}
	}
	c := schemaCheck{d, a, false, nil}
	c.value(m.Response.Ref, discoverySchema{Ref: m.Response.Ref}, v)
	return c.problems
}

// schemaCheck compares a value with a schema.
type schemaCheck struct {
	d        *Discovery
	api      *discoveryAPI
	request  bool
	problems []string
}

func (c *schemaCheck) value(at string, s discoverySchema, v any) {
	if v == nil { // clears
		return
	}
	wrong := func(want string) {
		c.problems = append(c.problems, fmt.Sprintf("%s must be %s, and is a %T", at, want, v))
	}
	if s.Ref != "" {
		name := s.Ref
		if s = c.api.Schemas[name]; s.Type == "" {
			c.problems = append(c.problems, "there is no schema "+name)
			return
		}
		s.ID = name
	}
	switch s.Type {
	case "object":
		o, ok := v.(map[string]any)
		if !ok {
			wrong("an object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			p, known := s.Properties[name]
			switch {
			case !known && s.Additional != nil:
				p = *s.Additional
			case !known:
				c.problems = append(c.problems, fmt.Sprintf("%s has no property %q", at, name))
				continue
			case p.ReadOnly && c.request:
				c.problems = append(c.problems, fmt.Sprintf("%s.%s is read-only", at, name))
			}
			if of := c.d.Any[s.ID+"."+name]; of != "" && p.Type == "any" {
				p = discoverySchema{Type: "array", Items: &discoverySchema{Ref: of}}
			}
			c.value(at+"."+name, p, o[name])
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			wrong("a list")
			return
		}
		for i, e := range list {
			c.value(fmt.Sprintf("%s[%d]", at, i), *s.Items, e)
		}
	case "string":
		if _, ok := v.(string); !ok {
			wrong("text")
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			wrong("true or false")
		}
	case "integer", "number":
		if _, ok := v.(float64); !ok {
			wrong("a number")
		}
	}
}
