package httpclient

import (
	"encoding/pem"
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

const token = "tok-3f9a0c77d1e24b"

func newTestClient(t *testing.T, o Options) *Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "https://app.example/scim/v2"
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	var line string
	var header http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		line, header = r.Method+" "+r.RequestURI, r.Header
		w.WriteHeader(204)
	}, Options{
		Auth: Auth{Basic: &Basic{"bot", "pa:ss"}}, Headers: map[string]string{"X-Org": "42"}, ContentType: "application/scim+json",
		Accept: "application/scim+json, application/json", UserAgent: "tenure/1",
	})
	resp, err := c.Do(t.Context(), Request{
		Method: "POST", Path: []string{"Users", "a/b ü"}, Body: 1, Header: map[string]string{"If-Match": `W/"1"`},
		Query: []Param{{Key: "cursor", Bare: true}, {Key: "filter", Value: `userName eq "a+b@x.y"`}},
	})
	if err != nil || !resp.Empty() {
		t.Fatal(err)
	}
	if want := "POST /scim/v2/Users/a%2Fb%20%C3%BC?cursor&filter=userName%20eq%20%22a%2Bb%40x.y%22"; line != want {
		t.Errorf("sent %s, want %s", line, want)
	}
	for k, want := range map[string]string{
		"Authorization": "Basic Ym90OnBhOnNz", "X-Org": "42", "Content-Type": "application/scim+json", "User-Agent": "tenure/1",
		"Accept": "application/scim+json, application/json", "If-Match": `W/"1"`,
	} {
		if got := header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	before := c.Requests()
	for _, bad := range []string{"", ".", "..", "a\nb"} {
		if _, err := c.Do(t.Context(), Request{Op: "delete account", Method: "DELETE", Path: []string{"Users", bad}}); !errors.Is(err, fault.Invalid) {
			t.Errorf("segment %q: %v", bad, err)
		}
	}
	if c.Requests() != before {
		t.Error("a bad address was requested")
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	var issued int
	var form string
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		form = r.PostForm.Encode()
		if user, pass, _ := r.BasicAuth(); user != "bot" || pass != "hush-hush" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"wrong secret %s"}`, pass)
			return
		}
		issued++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"access-%d-token","token_type":"Bearer","expires_in":3600}`, issued)
	})
	mux.HandleFunc("/scim/v2/Users", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "access-1-token")
		if r.Header.Get("Authorization") != "Bearer access-1-token" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		w.WriteHeader(403)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	client := func(secret string) *Client {
		return newTestClient(t, Options{BaseURL: s.URL + "/scim/v2", Auth: Auth{ClientCredentials: &ClientCredentials{
			TokenURL: s.URL + "/token", ClientID: "bot", ClientSecret: secret, Scopes: []string{"scim"}, Audience: "wiki",
		}}})
	}
	c := client("hush-hush")
	for range 3 {
		_, err := c.Do(t.Context(), Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}})
		if !errors.Is(err, fault.Forbidden) || strings.Contains(err.Error(), "access-1-token") {
			t.Errorf("error %v", err)
		}
	}
	if issued != 1 || form != "audience=wiki&grant_type=client_credentials&scope=scim" {
		t.Errorf("%d tokens, form %q", issued, form)
	}
	c = client("wrong-secret")
	_, err := c.Do(t.Context(), Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}})
	if !errors.Is(err, fault.Unauthenticated) || !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("error %v", err)
	}
	if c.Requests() != 0 {
		t.Error("the app was asked without a token")
	}
}

func TestCustomAuthority(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	t.Cleanup(s.Close)
	get := Request{Op: "list accounts", Method: "GET", Path: []string{"Users"}}
	c := newTestClient(t, Options{BaseURL: s.URL})
	_, err := c.Do(t.Context(), get)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Unavailable || !strings.Contains(f.Next, "ca_cert_pem") || c.Requests() != 1 {
		t.Errorf("unknown authority: %v after %d attempts", err, c.Requests())
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	c = newTestClient(t, Options{BaseURL: s.URL, CACertPEM: string(ca)})
	if _, err := c.Do(t.Context(), get); err != nil {
		t.Errorf("known authority: %v", err)
	}
}

func TestNewNamesEveryProblem(t *testing.T) {
	t.Parallel()
	minus := -1
	_, err := New(Options{
		BaseURL: "http://user:" + token + "@app.example/scim", CACertPEM: "x", ClientCertPEM: "x", MaxRetries: &minus,
		RequestsPerSecond: -1, RequestTimeout: -1, Headers: map[string]string{"a b": "1", "authorization": "x", "X": "1\n"},
		Auth: Auth{Token: "a\nb", Basic: &Basic{}, ClientCredentials: &ClientCredentials{TokenURL: "http://other.example/"}},
	})
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"user name or password", "ca_cert_pem", "client_cert_pem", "max_retries", "max_requests_per_second", "request_timeout",
		`"a b"`, "Authorization", "line break", "more than one of", "basic needs", "token_url", "client_id", "client_secret",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), token) {
		t.Errorf("the password shows: %v", err)
	}
	for _, base := range []string{"", "app.example", "ftp://x/", "https://", "https://a/?x=1", "https://a/#f", "http://app.example/", "https://a b/", "%"} {
		if _, err := New(Options{BaseURL: base}); !errors.Is(err, fault.Invalid) {
			t.Errorf("base_url %q: %v", base, err)
		}
	}
	for _, base := range []string{"https://app.example", "http://localhost:8080/scim/", "http://[::1]:1/x", "http://127.0.0.1/"} {
		if _, err := New(Options{BaseURL: base}); err != nil {
			t.Errorf("base_url %q: %v", base, err)
		}
	}
}

func TestMessagesUseTheNameOfTheConfiguration(t *testing.T) {
	t.Parallel()
	_, err := New(Options{BaseURLName: "org_url"})
	if err == nil || !strings.Contains(err.Error(), "org_url is missing") {
		t.Errorf("got %v", err)
	}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer ts.Close()
	c, err := New(Options{BaseURL: ts.URL, BaseURLName: "org_url"})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(t.Context(), Request{Method: http.MethodGet, Path: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	var f *fault.Error
	if err := resp.Decode(new(any)); !errors.As(err, &f) || !strings.Contains(f.Next, "Check org_url") {
		t.Errorf("got %+v", f)
	}
}
