package apptest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
)

const toyDescription = `{"openapi": "3.0.3", "info": {"title": "toy", "version": "1"}, "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "x"}}}],
"paths": {"/things/{id}": {"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
  "post": {"parameters": [{"name": "quiet", "in": "query", "schema": {"type": "boolean"}}],
    "requestBody": {"content": {"application/json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "object", "properties": {"note": {"type": "string"}}}]}}}},
    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "404": {"description": "gone"}}}}},
"components": {"schemas": {"Thing": {"type": "object", "required": ["name"], "properties": {
  "name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}},
  "free": {"type": "object", "additionalProperties": true}}}}}}`

// failures collects what would have failed a test.
type failures struct {
	testing.TB
	texts []string
}

func (f *failures) Errorf(_ string, args ...any) {
	f.texts = append(f.texts, args[len(args)-1].(string))
}

func TestDescriptionFindsWhatTheVendorDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "toy.json"), []byte(toyDescription), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(apptest.SpecsEnv, dir)
	const good = `{"name":"a","note":"n","tags":[{"key":"k"}],"free":{"x":1}}`
	for name, tt := range map[string]struct {
		method, path, body, answer string
		status                     int
		known                      []apptest.Deviation
		want                       []string // part of each
	}{
		"as described":           {"POST", "/v1/things/1?quiet=true", good, `{"name":"a"}`, 200, nil, nil},
		"a failure not declared": {"POST", "/v1/things/1", good, `sorry`, 503, nil, nil},
		"path":                   {"POST", "/v1/thing/1", good, `{"name":"a"}`, 200, nil, []string{"no matching operation"}},
		"method":                 {"PUT", "/v1/things/1", good, `{"name":"a"}`, 200, nil, []string{"method not allowed"}},
		"parameter":              {"POST", "/v1/things/1?quite=true", good, `{"name":"a"}`, 200, nil, []string{"no parameter quite"}},
		"a parameter's type":     {"POST", "/v1/things/1?quiet=maybe", good, `{"name":"a"}`, 200, nil, []string{"quiet"}},
		"property":               {"POST", "/v1/things/1", `{"name":"a","tags":[{"kye":"k"}]}`, `{"name":"a"}`, 200, nil, []string{"the request: there is no property .tags[].kye"}},
		"a property's type":      {"POST", "/v1/things/1", `{"name":7}`, `{"name":"a"}`, 200, nil, []string{"value must be a string"}},
		"required":               {"POST", "/v1/things/1", `{}`, `{}`, 200, nil, []string{"the request", "the answer"}},
		"answer":                 {"POST", "/v1/things/1", good, `{"name":"a","note":"n"}`, 200, nil, []string{"the answer: there is no property .note"}},
		"status":                 {"POST", "/v1/things/1", good, ``, 202, nil, []string{"status 202"}},
		"a known deviation":      {"POST", "/v1/things/1", good, ``, 202, []apptest.Deviation{{Contains: "status 202", Why: "the service does"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &failures{TB: t}
			d := apptest.OpenAPI(t, "toy.json", tt.known...)
			ts := httptest.NewServer(d.Handler(seen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if b, err := io.ReadAll(r.Body); err != nil || string(b) != tt.body {
					t.Errorf("the fake got %q, %v", b, err)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			})))
			defer ts.Close()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, ts.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); err != nil || string(b) != tt.answer || resp.StatusCode != tt.status {
				t.Errorf("the answer on the way back is %d %q, %v", resp.StatusCode, b, err)
			}
			if len(seen.texts) != len(tt.want) {
				t.Fatalf("%d problems, want %d: %q", len(seen.texts), len(tt.want), seen.texts)
			}
			for _, want := range tt.want {
				if !slices.ContainsFunc(seen.texts, func(s string) bool { return strings.Contains(s, want) }) {
					t.Errorf("none of the problems says %q: %q", want, seen.texts)
				}
			}
		})
	}
}

func TestDescriptionThatIsNotThere(t *testing.T) {
	t.Setenv(apptest.SpecsEnv, t.TempDir())
	d := apptest.FindOpenAPI(t, "toy.json")
	if d != nil {
		t.Fatalf("found %v in an empty folder", d)
	}
	next := http.NotFoundHandler()
	rec := httptest.NewRecorder()
	d.Handler(t, next).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody))
	if rec.Code != http.StatusNotFound {
		t.Errorf("without a description the fake answers by itself, not with %d", rec.Code)
	}
}
