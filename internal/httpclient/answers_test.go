package httpclient

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestStatusKinds(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{
		302: fault.Invalid, 400: fault.Invalid, 401: fault.Unauthenticated, 402: fault.LimitReached, 403: fault.Forbidden,
		404: fault.NotFound, 405: fault.Unsupported, 409: fault.Exists, 410: fault.NotFound, 412: fault.Stale,
		413: fault.LimitReached, 415: fault.Invalid, 422: fault.Invalid, 429: fault.RateLimited, 500: fault.Unavailable,
		501: fault.Unsupported, 503: fault.Unavailable,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "req-42")
				w.WriteHeader(status)
				io.WriteString(w, `{"scimType":"uniqueness","detail":"private text"}`)
			}, Options{Explain: func(f Failure) Diagnosis {
				var body struct{ ScimType string }
				if err := json.Unmarshal(f.Body, &body); err != nil {
					t.Errorf("the failure carries no answer: %v", err)
				}
				return Diagnosis{Code: body.ScimType}
			}})
			_, err := c.Do(t.Context(), Request{Op: "read account", Subject: "ana", Method: "GET", Path: []string{"Users", "1"}})
			if fault.KindOf(err) != kind {
				t.Fatalf("%v, want %v", err, kind)
			}
			want := fmt.Sprintf("(scim %d uniqueness, request req-42)", status)
			if !strings.HasPrefix(err.Error(), "read account ana in wiki: ") || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("error %q, want it to end in %q", err, want)
			}
			if strings.Contains(err.Error(), "private") {
				t.Errorf("the body is in the error: %v", err)
			}
		})
	}
}

// A part of an answer is judged as an answer: what a server did with a write that it failed is not known.
func TestPart(t *testing.T) {
	t.Parallel()
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }, Options{})
	r := Request{Op: "create account", Subject: "ana", Method: "POST", Path: []string{"Users"}}
	resp, err := c.Part(r, 201, http.Header{"X-Request-Id": {"req-42"}}, []byte(`{"id":"1"}`))
	var got struct{ ID string }
	if err != nil || resp.Decode(&got) != nil || got.ID != "1" || resp.Status != 201 || resp.RequestID() != "req-42" {
		t.Errorf("%+v, %v", resp, err)
	}
	for status, kind := range map[int]fault.Kind{
		302: fault.Invalid, 401: fault.Unauthenticated, 403: fault.Forbidden, 404: fault.NotFound, 409: fault.Exists, 429: fault.RateLimited,
		500: fault.Unconfirmed, 501: fault.Unsupported, 503: fault.Unconfirmed,
	} {
		_, err := c.Part(r, status, http.Header{}, nil)
		if fault.KindOf(err) != kind || !strings.HasPrefix(err.Error(), "create account ana in wiki: ") {
			t.Errorf("%d: %v, want %v", status, err, kind)
		}
	}
}

func TestAnswersThatAreNotJSON(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		kind                    fault.Kind
		says                    string
	}{
		{"web page", "text/html; charset=utf-8", "<html>Sign in, secret text</html>", 200, fault.Invalid, "web page (text/html, status 200)"},
		{"web page as JSON", "application/json", " <!doctype html>secret text", 200, fault.Invalid, "web page"},
		{"empty", "application/scim+json", "", 200, fault.Unavailable, "(application/scim+json, status 200) is empty"},
		{"garbage", "text/plain", "secret text", 200, fault.Invalid, "(text/plain, status 200) is not JSON"},
		{"ends early", "application/json", `{"Resources":[{"userName":"secret text"`, 200, fault.Unavailable, "ends in the middle"},
		{"another shape", "application/json", `{"total":"secret text"}`, 200, fault.Invalid, `holds a string where something else belongs, at "total"`},
		{"a proxy's 404", "text/html", "<h1>secret text</h1>", 404, fault.Invalid, "Check base_url"},
		{"a proxy's plain 404", "text/plain", "default backend - 404 secret text", 404, fault.Invalid, "is not one of the app's"},
		{"an odd content type", "<script>secret text", "secret text", 200, fault.Invalid, "no usable content type"},
		{"JSON as text", "text/plain", "\xef\xbb\xbf{\"total\":3}", 200, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tc.contentType)
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			}, Options{})
			resp, err := c.Do(t.Context(), Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}})
			if err == nil {
				var v struct {
					Total int `json:"total"`
				}
				err = resp.Decode(&v)
			}
			if fault.KindOf(err) != tc.kind {
				t.Fatalf("%v, want %v", err, tc.kind)
			}
			if err == nil {
				return
			}
			var f *fault.Error
			errors.As(err, &f)
			if text := f.Error() + " " + f.Next; !strings.Contains(text, tc.says) || strings.Contains(text, "secret text") {
				t.Errorf("says %q, want %q", text, tc.says)
			}
		})
	}
}

func TestAnswersCutOffOrTooLarge(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/scim/v2/cut":
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"a":`)
		case "/scim/v2/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(bytes.Repeat([]byte(" "), 64<<20))
			z.Close()
		case "/scim/v2/fits":
			io.WriteString(w, strings.Repeat(" ", 1<<20-2)+"{}")
		}
	}, Options{MaxBody: 1 << 20})
	for path, want := range map[string]struct {
		kind fault.Kind
		says string
	}{
		"cut": {fault.Unavailable, "cut off in the middle"}, "bomb": {fault.LimitReached, "larger than 1 MiB"}, "fits": {},
	} {
		_, err := c.Do(t.Context(), Request{Op: "list", Method: "GET", Path: []string{path}})
		if fault.KindOf(err) != want.kind || err != nil && !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var leaked bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked = true }))
	t.Cleanup(other.Close)
	var posts int
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/scim/v2/away":
			http.Redirect(w, r, other.URL+"/?t="+token, http.StatusFound)
		case "/scim/v2/near":
			posts++
			http.Redirect(w, r, "/scim/v2/here", http.StatusFound)
		case "/scim/v2/loop":
			http.Redirect(w, r, "/scim/v2/loop", http.StatusFound)
		default:
			io.WriteString(w, "{}")
		}
	}, Options{})
	do := func(method, path string) error {
		_, err := c.Do(t.Context(), Request{Op: "read", Method: method, Path: []string{path}})
		return err
	}
	if err := do("GET", "away"); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "another") && !strings.Contains(err.Error(), "would have got the credential") {
		t.Errorf("to another host: %v", err)
	}
	if err := do("GET", "near"); err != nil {
		t.Errorf("to the same host: %v", err)
	}
	if err := do("POST", "near"); !errors.Is(err, fault.Invalid) || posts != 2 {
		t.Errorf("a redirected write: %v", err)
	}
	if err := do("GET", "loop"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a loop: %v", err)
	}
	if leaked {
		t.Error("the other host was asked")
	}
}

// The server sends the token back wherever it can; it must appear nowhere.
func TestTokenNeverShows(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	echo := func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("authorization %q", got)
		}
		w.Header().Set("X-Request-Id", token)
		w.Header().Set("Content-Type", "text/"+token)
		w.Header().Set("Location", "https://"+token+".example/"+token)
		switch r.URL.Query().Get("case") {
		case "redirect":
			w.WriteHeader(302)
		case "error":
			w.WriteHeader(400)
		case "cut":
			w.Header().Set("Content-Length", "1000")
		}
		fmt.Fprintf(w, `{"detail":%q, "status":%q`, token, token)
	}
	c := serve(t, echo, Options{Logger: logger, Headers: map[string]string{"X-Org-Key": "org-key-77812"}, Explain: func(Failure) Diagnosis {
		return Diagnosis{Code: token, RequestID: token}
	}})
	texts := []string{fmt.Sprint(c), fmt.Sprintf("%+v", c)}
	for _, which := range []string{"redirect", "error", "cut", "ok"} {
		resp, err := c.Do(t.Context(), Request{
			Op: "read", Method: "GET", Path: []string{"Users", token},
			Query: []Param{{Key: "case", Value: which}, {Key: "filter", Value: `userName eq "ana@acme.com"`}},
		})
		if err == nil {
			err = resp.Decode(&struct{}{})
		}
		if err == nil {
			t.Fatalf("%s: no error", which)
		}
		texts = append(texts, err.Error(), fmt.Sprintf("%+v", err))
		var f *fault.Error
		errors.As(err, &f)
		texts = append(texts, f.Next, f.State)
	}
	texts = append(texts, log.String())
	for _, text := range texts {
		for _, secret := range []string{token, "org-key-77812", "ana@acme.com"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows in %q", secret, text)
			}
		}
	}
	for _, want := range []string{"method=GET", "path=/scim/v2/Users/[secret]", "status=400", "query=\"[case filter]\"", "system=wiki"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}
