package googleworkspace

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// identity is Google's side of signing in: the token endpoint, the IAM Credentials API and the exchange of a workload's
// token. It records the claims that it was given.
type identity struct {
	*httptest.Server
	mu     sync.Mutex
	paths  []string
	claims map[string]any
	status int
	answer string
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	i := &identity{}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *identity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.paths = append(i.paths, r.URL.Path)
	if i.status != 0 && r.URL.Path != "/sts" {
		w.WriteHeader(i.status)
		io.WriteString(w, i.answer)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, ":signJwt"):
		var in struct{ Payload string }
		if json.NewDecoder(r.Body).Decode(&in) != nil || r.Header.Get("Authorization") != "Bearer federated" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, `{"signedJwt": "head.`+base64.RawURLEncoding.EncodeToString([]byte(in.Payload))+`.sig"}`)
	case r.URL.Path == "/sts":
		io.WriteString(w, `{"access_token": "federated", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer", "expires_in": 3600}`)
	default:
		if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != jwtBearer {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error": "unsupported_grant_type"}`)
			return
		}
		parts := strings.Split(r.PostForm.Get("assertion"), ".")
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(raw, &i.claims)
		io.WriteString(w, `{"access_token": "`+testToken+`", "token_type": "Bearer", "expires_in": 3600}`)
	}
}

func serviceAccountKey(t *testing.T, tokenURL string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "tenure@acme.iam.gserviceaccount.com", "private_key_id": "k1", "token_uri": tokenURL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// workload is the configuration of a workload identity whose token lies in a file.
func workload(t *testing.T, i *identity, impersonation string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("oidc-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{
		"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": i.URL + "/sts", "service_account_impersonation_url": impersonation,
		"credential_source": map[string]string{"file": file},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (i *identity) tokens(c Config) *tokens {
	c.Name, c.MaxRetries = "google", new(int)
	s := newTokens(c, scopesOf(c))
	s.iamURL, s.tokenURL = i.URL, i.URL+"/token"
	return s
}

// A token is asked for on behalf of the administrator, with the least scopes, by a key or without one.
func TestTokensActForTheAdministrator(t *testing.T) {
	t.Parallel()
	write := "https://www.googleapis.com/auth/admin.directory.user https://www.googleapis.com/auth/admin.directory.user.security https://www.googleapis.com/auth/admin.directory.group"
	read := "https://www.googleapis.com/auth/admin.directory.user.readonly https://www.googleapis.com/auth/admin.directory.group.readonly https://www.googleapis.com/auth/apps.licensing"
	for name, tc := range map[string]struct {
		config func(*testing.T, *identity) Config
		scope  string
		paths  []string
	}{
		"key": {func(t *testing.T, i *identity) Config {
			return Config{Credentials: serviceAccountKey(t, i.URL+"/token")}
		}, write, []string{"/token"}},
		"key in a file, read-only, with licenses": {func(t *testing.T, i *identity) Config {
			file := filepath.Join(t.TempDir(), "key.json")
			if err := os.WriteFile(file, []byte(serviceAccountKey(t, i.URL+"/token")), 0o600); err != nil {
				t.Fatal(err)
			}
			return Config{Credentials: file, ReadOnly: true, Licenses: []License{{Product: suite}}}
		}, read, []string{"/token"}},
		"workload identity": {func(t *testing.T, i *identity) Config {
			return Config{Credentials: workload(t, i, ""), ServiceAccount: "tenure@acme.iam.gserviceaccount.com"}
		}, write, []string{"/sts", "/v1/projects/-/serviceAccounts/tenure@acme.iam.gserviceaccount.com:signJwt", "/token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIdentity(t)
			c := tc.config(t, i)
			c.AdminEmail = "admin@acme.example"
			s := i.tokens(c)
			var token *oauth2.Token
			var err error
			for range 3 { // one token serves all
				if token, err = s.Token(); err != nil {
					t.Fatal(err)
				}
			}
			if token.AccessToken != testToken || !slices.Equal(i.paths, tc.paths) {
				t.Errorf("token %v by %v, want by %v", token, i.paths, tc.paths)
			}
			if i.claims["sub"] != "admin@acme.example" || i.claims["scope"] != tc.scope || i.claims["iss"] != "tenure@acme.iam.gserviceaccount.com" || i.claims["aud"] != i.URL+"/token" {
				t.Errorf("claims %v", i.claims)
			}
		})
	}
}

// What is wrong with a credential is said in our own words, by Google's codes, with what to do.
func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config   func(*testing.T, *identity) Config
		status   int
		answer   string
		kind     fault.Kind
		contains string
	}{
		"scopes not delegated": {keyConfig, 401, `{"error": "unauthorized_client", "error_description": "private text"}`, fault.Unauthenticated, "act for admin@acme.example"},
		"no such admin":        {keyConfig, 400, `{"error": "invalid_grant", "error_description": "private text"}`, fault.Unauthenticated, "does not exist or is suspended"},
		"Google is down":       {keyConfig, 503, `private text`, fault.Unavailable, "no access token"},
		"may not sign": {func(t *testing.T, i *identity) Config {
			return Config{Credentials: workload(t, i, ""), ServiceAccount: "tenure@acme.iam.gserviceaccount.com"}
		}, 403, `{"error": {"message": "private text"}}`, fault.Unauthenticated, "may not sign for"},
		"no service account to sign as": {func(t *testing.T, i *identity) Config { return Config{Credentials: workload(t, i, "")} }, 0, "", fault.Invalid, "cannot act for admin@acme.example"},
		"no JSON":                       {func(*testing.T, *identity) Config { return Config{Credentials: `{"private text`} }, 0, "", fault.Invalid, "neither JSON"},
		"no file":                       {func(*testing.T, *identity) Config { return Config{Credentials: "/no/such/file"} }, 0, "", fault.Invalid, "cannot be read"},
		"a foreign token endpoint": {func(t *testing.T, _ *identity) Config {
			return Config{Credentials: serviceAccountKey(t, "http://evil.example/token")}
		}, 0, "", fault.Invalid, "token_uri"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIdentity(t)
			i.status, i.answer = tc.status, tc.answer
			c := tc.config(t, i)
			c.AdminEmail = "admin@acme.example"
			_, err := i.tokens(c).Token()
			f := wantKind(t, err, tc.kind)
			if !strings.Contains(f.Cause, tc.contains) || f.Next == "" || strings.Contains(err.Error(), "private") {
				t.Errorf("%v; next: %s", err, f.Next)
			}
			if tc.status == 0 && len(i.paths) > 0 {
				t.Errorf("requests were sent: %v", i.paths)
			}
		})
	}
}

func keyConfig(t *testing.T, i *identity) Config {
	return Config{Credentials: serviceAccountKey(t, i.URL+"/token")}
}

// A credential that is refused is an error of the request that needed it, and nothing is sent to the app.
func TestRefusedCredentialSendsNothing(t *testing.T) {
	t.Parallel()
	i := newIdentity(t)
	i.status, i.answer = 400, `{"error": "invalid_grant"}`
	a, err := Open(Config{Name: "google", CustomerID: testCustomer, AdminEmail: "admin@acme.example", Credentials: serviceAccountKey(t, i.URL+"/token")})
	if err != nil {
		t.Fatal(err)
	}
	f := wantKind(t, a.Check(t.Context()), fault.Unauthenticated)
	if f.System != "google" || f.Code != "invalid_grant" || a.Requests() != 0 {
		t.Errorf("%+v after %d requests", f, a.Requests())
	}
	_, err = a.CreateAccount(t.Context(), newcomer("ana"))
	if wantKind(t, err, fault.Unauthenticated); a.Requests() != 0 {
		t.Errorf("%d requests", a.Requests())
	}
}
