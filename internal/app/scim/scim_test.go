package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const token = "scim-token-51c2ab90ff"

// canned is a server with canned answers and a log of what it was asked. The requests of a test are
// matched in order: one that is not expected, or not made, fails the test.
type canned struct {
	t      *testing.T
	mu     sync.Mutex
	expect []exchange
	got    []string
}

// exchange is a request as "METHOD /path?query" (decoded) with its body, and the answer.
type exchange struct {
	request string
	body    string // JSON; "" expects none
	status  int    // 0 means 200
	answer  string
	header  map[string]string
	hangUp  bool
}

// open starts a server that expects the exchanges, and an app for it.
func open(t *testing.T, cfg Config, expect ...exchange) *App {
	t.Helper()
	v := &canned{t: t, expect: expect}
	s := httptest.NewServer(v)
	t.Cleanup(func() {
		s.Close()
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.got) < len(v.expect) {
			t.Errorf("%s was never asked; asked was %q", v.expect[len(v.got)].request, v.got)
		}
	})
	cfg.Name, cfg.BaseURL, cfg.Token = "wiki", s.URL+"/scim/v2", token
	if cfg.MaxRetries == nil {
		cfg.MaxRetries = new(int)
	}
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.patience = []time.Duration{0}
	return a
}

func (v *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	request := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/scim/v2")
	if query != "" {
		request += "?" + query
	}
	body, _ := io.ReadAll(r.Body)
	v.got = append(v.got, request+" "+string(body))
	if r.Header.Get("Authorization") != "Bearer "+token {
		v.t.Errorf("authorization is %q", r.Header.Get("Authorization"))
	}
	if len(v.got) > len(v.expect) {
		v.t.Errorf("unexpected request %s %s", request, body)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	e := v.expect[len(v.got)-1]
	if request != e.request {
		v.t.Errorf("request %d is\n%s, want\n%s", len(v.got), request, e.request)
	}
	if !sameJSON(string(body), e.body) {
		v.t.Errorf("body of %s is\n%s, want\n%s", request, body, e.body)
	}
	if e.hangUp {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/scim+json")
	for k, h := range e.header {
		w.Header().Set(k, h)
	}
	if e.status != 0 {
		w.WriteHeader(e.status)
	}
	io.WriteString(w, e.answer)
}

func sameJSON(got, want string) bool {
	if want == "" || got == "" {
		return got == want
	}
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return false
	}
	return fmt.Sprint(a) == fmt.Sprint(b) && jsonText(a) == jsonText(b)
}

func jsonText(v any) string { b, _ := json.Marshal(v); return string(b) }

// list is a ListResponse.
func list(total int, rows ...string) string {
	return fmt.Sprintf(`{"schemas":["%s"],"totalResults":%d,"Resources":[%s]}`, listMessage, total, strings.Join(rows, ","))
}

// patch is a PATCH body.
func patch(ops ...string) string {
	return fmt.Sprintf(`{"schemas":["%s"],"Operations":[%s]}`, patchMessage, strings.Join(ops, ","))
}

func user(id string) string {
	return fmt.Sprintf(`{"id":%q,"userName":"%s@acme.com","active":true}`, id, id)
}

// collect gathers a sequence up to its error.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for v, err := range seq {
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}

func wantFault(t *testing.T, err error, kind fault.Kind, says ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind {
		t.Fatalf("error is %v, want kind %v", err, kind)
	}
	text := f.Error() + " " + f.State + " " + f.Next
	for _, s := range says {
		if !strings.Contains(text, s) {
			t.Errorf("error says %q, want %q in it", text, s)
		}
	}
	if strings.Contains(text, token) {
		t.Errorf("the token is in %q", text)
	}
}

func userNames(accounts []access.Account) string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.ID)
	}
	return strings.Join(names, " ")
}
