package apptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// SpecsEnv names the environment variable with the folder of the vendors' API descriptions. They are not part of
// this repository; without the variable they are looked for in shared/specs beside the repository.
const SpecsEnv = "TENURE_SPECS"

// Description is a vendor's own description of its API (OpenAPI 3). A nil Description checks nothing.
type Description struct {
	router     routers.Router
	deviations []Deviation
}

// Deviation is a place where the description disagrees with the service it describes, and the service is right.
type Deviation struct {
	Contains string // part of the problem's text
	Why      string // for people
}

// OpenAPI reads a vendor's description, "okta.json", or with a folder, "testdata/app.json", one beside the test. The test
// is skipped with a message where there is none: put what has to run without it into a test of its own, or use [FindOpenAPI].
func OpenAPI(t testing.TB, file string, known ...Deviation) *Description {
	t.Helper()
	d := FindOpenAPI(t, file, known...)
	if d == nil {
		t.Skipf("not checked: requests and answers against %s, because there is no such description; set %s to its folder", file, SpecsEnv)
	}
	return d
}

// FindOpenAPI is OpenAPI for tests that also make sense without the description: then it is nil, and the test's log says so.
func FindOpenAPI(t testing.TB, file string, known ...Deviation) *Description {
	t.Helper()
	at := specFile(file)
	if at == "" {
		t.Logf("requests and answers are not checked against %s, because there is no such description; set %s to its folder", file, SpecsEnv)
		return nil
	}
	doc, err := openapi3.NewLoader().LoadFromFile(at)
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	base := "" // of the address only the path counts: tests listen elsewhere
	if len(doc.Servers) > 0 {
		if _, rest, ok := strings.Cut(doc.Servers[0].URL, "://"); ok {
			_, path, _ := strings.Cut(rest, "/")
			base = strings.TrimSuffix("/"+path, "/")
		}
	}
	doc.Servers = openapi3.Servers{{URL: base + "/"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("routes of %s: %v", file, err)
	}
	for _, k := range known {
		if k.Contains == "" || k.Why == "" {
			t.Fatalf("a deviation from %s needs a text and a reason: %+v", file, k)
		}
	}
	return &Description{router: router, deviations: known}
}

// specFile is the description's place: below the variable's folder, else in shared/specs beside one of the folders
// from the repository upwards; "" when it is nowhere. With a folder it is the test's own file, and has to be there.
func specFile(file string) string {
	there := func(path string) bool { _, err := os.Stat(path); return err == nil } //nolint:gosec // a place that whoever runs the tests names
	if filepath.Dir(file) != "." {
		return file
	}
	if dir := os.Getenv(SpecsEnv); dir != "" {
		if at := filepath.Join(dir, file); there(at) {
			return at
		}
		return ""
	}
	dir, err := os.Getwd()
	inside := true // of the repository
	for err == nil && dir != filepath.Dir(dir) {
		inside = inside && !there(filepath.Join(dir, "go.mod"))
		dir = filepath.Dir(dir)
		if at := filepath.Join(dir, "shared", "specs", file); !inside && there(at) {
			return at
		}
	}
	return ""
}

// Handler stands before a fake of the service and fails the test on every request that the description does not
// know, and on every answer that it does not allow: path, method, parameters, bodies with all their properties,
// status. Answers with a status that means failure are checked where the operation declares that status. Faults
// that a test makes belong in front of it, where nobody checks them.
func (d *Description) Handler(t testing.TB, next http.Handler) http.Handler {
	if d == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		in, problems := d.request(r, sent)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if in != nil {
			problems = append(problems, d.response(in, rec)...)
		}
		for _, p := range problems {
			if !d.tolerated(p) {
				t.Errorf("%s %s is not as the vendor describes: %s", r.Method, r.URL.Path, p)
			}
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (d *Description) tolerated(problem string) bool {
	return slices.ContainsFunc(d.deviations, func(k Deviation) bool { return strings.Contains(problem, k.Contains) })
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError: true, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}
}

// request checks a request; the input is nil when the description has no such operation.
func (d *Description) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, []string) {
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		return nil, []string{"the request: " + err.Error()}
	}
	checked := r.Clone(r.Context())
	checked.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{Request: checked, PathParams: params, Route: route, Options: options()}
	problems := explained("the request", openapi3filter.ValidateRequest(r.Context(), in))
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		problems = append(problems, "the request: the query cannot be parsed")
	}
	for name := range query {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil &&
			route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			problems = append(problems, "the request: there is no parameter "+name)
		}
	}
	if b := route.Operation.RequestBody; b != nil && b.Value != nil {
		problems = append(problems, strangers("the request", mediaSchema(b.Value.Content, r.Header.Get("Content-Type")), body)...)
	}
	return in, problems
}

func (d *Description) response(in *openapi3filter.RequestValidationInput, rec *httptest.ResponseRecorder) []string {
	declared := in.Route.Operation.Responses.Status(rec.Code)
	if declared == nil {
		declared = in.Route.Operation.Responses.Default()
	}
	switch {
	case declared == nil && rec.Code >= http.StatusBadRequest:
		return nil
	case declared == nil:
		return []string{fmt.Sprintf("the answer: status %d is none of the operation's", rec.Code)}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: options()}
	out.SetBodyBytes(rec.Body.Bytes())
	problems := explained("the answer", openapi3filter.ValidateResponse(in.Request.Context(), out))
	if declared.Value != nil {
		problems = append(problems, strangers("the answer", mediaSchema(declared.Value.Content, rec.Header().Get("Content-Type")), rec.Body.Bytes())...)
	}
	return problems
}

// explained takes an error of several apart.
func explained(what string, err error) []string {
	var many openapi3.MultiError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var out []string
		for _, e := range many {
			out = append(out, explained(what, e)...)
		}
		return out
	}
	text, _, _ := strings.Cut(err.Error(), "\nSchema:") // the schema at full length follows
	return []string{what + ": " + text}
}

func mediaSchema(content openapi3.Content, contentType string) *openapi3.Schema {
	if m := content.Get(contentType); m != nil && m.Schema != nil {
		return m.Schema.Value
	}
	return nil
}

// strangers names the properties of a JSON body that the schema does not have. Validation lets them pass unless the
// schema says otherwise, which almost none does; a misspelt property would go unnoticed.
func strangers(what string, schema *openapi3.Schema, body []byte) []string {
	var v any
	if schema == nil || len(body) == 0 || json.Unmarshal(body, &v) != nil {
		return nil
	}
	var out []string
	for _, at := range unknownIn([]*openapi3.Schema{schema}, v, "") {
		out = append(out, what+": there is no property "+at)
	}
	slices.Sort(out)
	return out
}

// unknownIn walks a value along all schemas that may describe it: one of them has to know each property.
func unknownIn(schemas []*openapi3.Schema, v any, at string) []string {
	schemas = parts(schemas)
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			var below []*openapi3.Schema
			open, described := false, false
			for _, s := range schemas {
				described = described || len(s.Properties) > 0
				if p := s.Properties[key]; p != nil {
					below = append(below, p.Value)
				}
				if extra := s.AdditionalProperties; extra.Schema != nil {
					below = append(below, extra.Schema.Value)
				} else {
					open = open || extra.Has != nil && *extra.Has
				}
			}
			switch {
			case len(below) > 0:
				out = append(out, unknownIn(below, value, at+"."+key)...)
			case described && !open:
				out = append(out, at+"."+key)
			}
		}
	case []any:
		var below []*openapi3.Schema
		for _, s := range schemas {
			if s.Items != nil {
				below = append(below, s.Items.Value)
			}
		}
		for _, value := range v {
			out = append(out, unknownIn(below, value, at+"[]")...)
		}
	}
	return out
}

// parts adds to the schemas what they are put together from.
func parts(schemas []*openapi3.Schema) []*openapi3.Schema {
	all := slices.Clone(schemas)
	for i := 0; i < len(all); i++ {
		for _, refs := range []openapi3.SchemaRefs{all[i].AllOf, all[i].AnyOf, all[i].OneOf} {
			for _, ref := range refs {
				if ref.Value != nil && !slices.Contains(all, ref.Value) {
					all = append(all, ref.Value)
				}
			}
		}
	}
	return all
}
