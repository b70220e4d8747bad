package httpclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// An access token that is refused before its time is fetched anew once per request, and the request carried out once.
func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	type flow struct {
		name  string
		grant string
		auth  func(url string) httpclient.Auth
	}
	for _, f := range []flow{
		{"client credentials", "client_credentials", func(url string) httpclient.Auth {
			return httpclient.Auth{ClientCredentials: &httpclient.ClientCredentials{TokenURL: url + "/token", ClientID: "id", ClientSecret: "client-secret", InBody: true}}
		}},
		{"refresh token", "refresh_token", func(url string) httpclient.Auth {
			return httpclient.Auth{RefreshToken: &httpclient.RefreshToken{TokenURL: url + "/token", ClientID: "id", ClientSecret: "client-secret", Token: "refresh-0"}}
		}},
	} {
		for _, tt := range []struct {
			name         string
			good         string // the only token that is let in
			tokens, done int64
			kind         fault.Kind
		}{
			{"good at once", "access-1", 1, 1, 0},
			{"good after another", "access-2", 2, 1, 0},
			{"never good", "none", 2, 0, fault.Unauthenticated},
		} {
			t.Run(f.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				var tokens, done atomic.Int64
				mux := http.NewServeMux()
				mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
					_ = r.ParseForm()
					n := tokens.Add(1)
					if r.Form.Get("grant_type") != f.grant || f.grant == "refresh_token" && r.Form.Get("refresh_token") != fmt.Sprintf("refresh-%d", n-1) {
						t.Errorf("token request %d: %v", n, r.Form)
					}
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprintf(w, `{"access_token": "access-%d", "refresh_token": "refresh-%d", "token_type": "bearer", "expires_in": 3600}`, n, n)
				})
				mux.HandleFunc("/things", func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Authorization") != "Bearer "+tt.good {
						w.WriteHeader(http.StatusUnauthorized)
						return
					}
					done.Add(1)
					_, _ = w.Write([]byte("{}"))
				})
				server := httptest.NewServer(mux)
				t.Cleanup(server.Close)
				c, err := httpclient.New(httpclient.Options{BaseURL: server.URL, Auth: f.auth(server.URL)})
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Do(t.Context(), httpclient.Request{Method: http.MethodPost, Path: []string{"things"}, Body: map[string]string{"a": "b"}})
				if tt.kind == 0 && err != nil || tt.kind != 0 && !errors.Is(err, tt.kind) {
					t.Errorf("error %v, want %v", err, tt.kind)
				}
				if tokens.Load() != tt.tokens || done.Load() != tt.done {
					t.Errorf("%d tokens fetched, carried out %d times; want %d and %d", tokens.Load(), done.Load(), tt.tokens, tt.done)
				}
			})
		}
	}
}

// A question asked by POST is a read: it is repeated, and its failure leaves nothing unconfirmed.
func TestReadOnlyPost(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.Header().Set("Retry-After", "0.01")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	retries := 2
	c, err := httpclient.New(httpclient.Options{BaseURL: server.URL, MaxRetries: &retries})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(t.Context(), httpclient.Request{Method: http.MethodPost, Path: []string{"search"}, Body: struct{}{}, ReadOnly: true})
	if !errors.Is(err, fault.Unavailable) || n.Load() != 3 {
		t.Errorf("%v after %d attempts", err, n.Load())
	}
}
