package roster_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

const remoteFile = "id,name\n1,Ana\n"

// A presigned address is a credential: its query must reach the server as it is and nothing else at all.
func TestRemoteFile(t *testing.T) {
	t.Parallel()
	const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260315%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0123456789abcdef&flag"
	var others atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/hr/{file}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hr/people list.csv" || r.URL.RawQuery != query {
			t.Errorf("query %q", r.URL.RawQuery)
		}
		if a := r.Header.Get("Authorization"); a != "" {
			t.Errorf("Authorization %q", a)
		}
		_, _ = w.Write([]byte(remoteFile))
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/hr/people%20list.csv?"+query, http.StatusFound)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/people.csv?"+r.URL.RawQuery, http.StatusFound)
	})
	mux.HandleFunc("/expired", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"))
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>Sign in</html>"))
	})
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/part", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write([]byte(remoteFile))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(remoteFile)))
	for _, tt := range []struct {
		name string
		file roster.File
		kind fault.Kind
		want string // in the error
	}{
		{"presigned", roster.File{URL: server.URL + "/hr/people%20list.csv?" + query}, 0, ""},
		{"checksum", roster.File{URL: server.URL + "/hr/people%20list.csv?" + query, SHA256: strings.ToUpper(sum)}, 0, ""},
		{"redirect on the host", roster.File{URL: server.URL + "/moved"}, 0, ""},
		{"another file", roster.File{URL: server.URL + "/hr/people%20list.csv?" + query, SHA256: strings.Repeat("0", 64)}, fault.Stale, sum},
		{"another host", roster.File{URL: server.URL + "/away?" + query}, fault.Invalid, "redirected"},
		{"expired", roster.File{URL: server.URL + "/expired?" + query}, fault.Forbidden, ""},
		{"gone", roster.File{URL: server.URL + "/gone?" + query}, fault.NotFound, ""},
		{"a web page", roster.File{URL: server.URL + "/login?" + query}, fault.Invalid, "web page"},
		{"empty", roster.File{URL: server.URL + "/empty?" + query}, fault.Invalid, "empty"},
		{"a part", roster.File{URL: server.URL + "/part?" + query}, fault.Invalid, "whole file"},
		{"too large", roster.File{URL: server.URL + "/hr/people%20list.csv?" + query, MaxSize: 5}, fault.LimitReached, "larger"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			tt.file.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if err := tt.file.Check(); err != nil {
				t.Fatal(err)
			}
			data, err := tt.file.Read(t.Context())
			if tt.kind == 0 && (err != nil || string(data) != remoteFile) {
				t.Errorf("%q, error %v", data, err)
			}
			if tt.kind != 0 && (!errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %v and %q", err, tt.kind, tt.want)
			}
			for _, text := range []string{fmt.Sprint(err), log.String(), tt.file.String()} {
				if strings.Contains(text, "0123456789abcdef") {
					t.Errorf("the signature is in %q", text)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := others.Load(); n != 0 {
			t.Errorf("%d requests to another host", n)
		}
	})
}

func TestFileConfiguration(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file roster.File
		want string
	}{
		"nothing":     {roster.File{}, "path is empty"},
		"both":        {roster.File{Path: "a", URL: "https://a.example/b"}, "both path and url"},
		"plain http":  {roster.File{URL: "http://a.example/b?sig=s3cr3t"}, "unencrypted"},
		"a password":  {roster.File{URL: "https://u:s3cr3t@a.example/b"}, "user name or password"},
		"no address":  {roster.File{URL: "s3://bucket/s3cr3t"}, "not an https address"},
		"no checksum": {roster.File{Path: "a", SHA256: "abc"}, "checksum"},
	} {
		err := tt.file.Check()
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}
