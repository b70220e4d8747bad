package entraid

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// credential gives one token after the other.
type credential struct {
	mu     sync.Mutex
	scopes []string
	life   time.Duration
	err    error
}

func (c *credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scopes = append(c.scopes, o.Scopes...)
	return azcore.AccessToken{Token: testToken, ExpiresOn: time.Now().Add(c.life)}, c.err
}

// A token is kept while it is good, whatever the credential does: the Azure CLI starts a process for each.
func TestTokensAreKept(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]int{time.Hour: 1, time.Second: 3} {
		c := &credential{life: life}
		x := newTenant(t, graphtest.Options{}, func(cfg *Config) { cfg.Auth = Auth{Credential: c} })
		for range 3 {
			if err := x.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(c.scopes) != want || c.scopes[0] != "https://graph.microsoft.com/.default" {
			t.Errorf("life %s: %d tokens, want %d; scopes %v", life, len(c.scopes), want, c.scopes)
		}
	}
}

func TestNoToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"nobody is signed in": {azidentity.NewCredentialUnavailableError("az said: " + testToken), fault.Unauthenticated},
		"no network":          {errors.New("dial tcp: " + testToken), fault.Unavailable},
	} {
		x := newTenant(t, graphtest.Options{}, func(cfg *Config) { cfg.Auth = Auth{Credential: &credential{err: c.err}} })
		_, err := x.CreateAccount(t.Context(), spec("ana@acme.example", "p1"))
		if f := failed(t, err, c.kind); f.Next == "" || strings.Contains(err.Error(), testToken) {
			t.Errorf("%s: %v, next %q", name, err, f.Next)
		}
		if x.Count() != 0 {
			t.Errorf("%s: %d requests", name, x.Count())
		}
	}
}

// authority is the sign-in service of all clouds.
type authority struct {
	mu     sync.Mutex
	status int
	answer string
	asked  []string // addresses
	forms  []url.Values
}

func (a *authority) Do(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	status, body := http.StatusOK, ""
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		base := "https://" + r.URL.Host + "/" + testTenant
		body = fmt.Sprintf(`{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","issuer":"%[1]s/v2.0"}`, base)
	} else {
		b, err := io.ReadAll(r.Body)
		form, formErr := url.ParseQuery(string(b))
		if err := errors.Join(err, formErr); err != nil {
			return nil, err
		}
		a.asked, a.forms = append(a.asked, r.URL.String()), append(a.forms, form)
		status, body = a.status, a.answer
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

const granted = `{"token_type":"Bearer","expires_in":3599,"access_token":"` + testToken + `"}`

// pemCertificate is a certificate with its key.
func pemCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// Each way of signing in, as it arrives at the sign-in service of each cloud.
func TestSignIn(t *testing.T) {
	t.Parallel()
	runner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer runner-token" || r.URL.Query().Get("audience") != "api://AzureADTokenExchange" || r.URL.Query().Get("job") != "7" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, `{"count":1,"value":"identity-of-runner"}`)
	}))
	t.Cleanup(runner.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("identity-of-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := pemCertificate(t)
	for _, c := range []struct {
		name, cloud string
		auth        Auth
		login       string
		form        map[string]string
	}{
		{"secret", "", Auth{ClientSecret: "very-secret"}, "login.microsoftonline.com", map[string]string{"client_secret": "very-secret", "scope": "https://graph.microsoft.com/.default openid offline_access profile"}},
		{"secret in a national cloud", "usgovernment_dod", Auth{ClientSecret: "very-secret"}, "login.microsoftonline.us", map[string]string{"scope": "https://dod-graph.microsoft.us/.default openid offline_access profile"}},
		{"certificate", "china", Auth{Certificate: certificate}, "login.chinacloudapi.cn", map[string]string{"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}},
		{"federated token", "", Auth{OIDC: &OIDC{Token: "identity"}}, "login.microsoftonline.com", map[string]string{"client_assertion": "identity"}},
		{"federated token file", "", Auth{OIDC: &OIDC{TokenFile: file}}, "login.microsoftonline.com", map[string]string{"client_assertion": "identity-of-file"}},
		{"workflow runner", "", Auth{OIDC: &OIDC{RequestURL: runner.URL + "/?job=7", RequestToken: "runner-token"}}, "login.microsoftonline.com", map[string]string{"client_assertion": "identity-of-runner"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.auth.ClientID = "client"
			service := &authority{status: http.StatusOK, answer: granted}
			source, err := openAuth(Config{TenantID: testTenant, Auth: c.auth}, clouds()[orPublic(c.cloud)], service)
			if err != nil {
				t.Fatal(err)
			}
			token, err := source.Token()
			if err != nil || token.AccessToken != testToken || token.Expiry.Before(time.Now().Add(50*time.Minute)) {
				t.Fatalf("%+v, %v", token, err)
			}
			if len(service.asked) != 1 || !strings.Contains(service.asked[0], "/"+testTenant+"/oauth2/v2.0/token") || !strings.HasPrefix(service.asked[0], "https://"+c.login+"/") {
				t.Errorf("asked %v, want %s", service.asked, c.login)
			}
			form := service.forms[0]
			if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != "client" {
				t.Errorf("%v", form)
			}
			for k, v := range c.form {
				if form.Get(k) != v {
					t.Errorf("%s is %q, want %q", k, form.Get(k), v)
				}
			}
		})
	}
}

func orPublic(name string) string {
	if name == "" {
		return "public"
	}
	return name
}

// What the sign-in service says is told by its codes. Its texts, which may hold anything, are not shown.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		answer string
		kind   fault.Kind
		code   string
		cause  string
	}{
		{401, `{"error":"invalid_client","error_description":"AADSTS7000215: very-secret","error_codes":[7000215]}`, fault.Unauthenticated, "AADSTS7000215", "client secret is wrong"},
		{401, `{"error":"invalid_client","error_codes":[7000222]}`, fault.Unauthenticated, "AADSTS7000222", "expired"},
		{400, `{"error":"unauthorized_client","error_codes":[700016]}`, fault.Unauthenticated, "AADSTS700016", "no application"},
		{400, `{"error":"invalid_request"}`, fault.Unauthenticated, "invalid_request", "refused"},
		{400, `{"error":"very-secret PASSWORD"}`, fault.Unauthenticated, "", "refused"},
	} {
		service := &authority{status: c.status, answer: c.answer}
		a, err := open(Config{Name: "entra", TenantID: testTenant, Auth: Auth{ClientID: "client", ClientSecret: "very-secret"}}, service)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Account(t.Context(), access.AccountRef{ID: "x"})
		f := failed(t, err, c.kind)
		if f.Code != c.code || !strings.Contains(f.Cause, c.cause) || f.Status != c.status || f.Next == "" {
			t.Errorf("%s: %+v", c.answer, f)
		}
		if text := fmt.Sprintf("%v %+v", err, f); strings.Contains(text, "very-secret") {
			t.Errorf("the secret shows: %s", text)
		}
		if a.Requests() != 0 {
			t.Errorf("%d requests without a token", a.Requests())
		}
	}
}

func TestIdentityTokens(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	for name, o := range map[string]OIDC{
		"no file":        {TokenFile: filepath.Join(t.TempDir(), "none")},
		"runner refuses": {RequestURL: refusing.URL, RequestToken: "runner-token"},
	} {
		service := &authority{status: http.StatusOK, answer: granted}
		source, err := openAuth(Config{TenantID: testTenant, Auth: Auth{ClientID: "client", OIDC: &o}}, clouds()["public"], service)
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.Token()
		if f := failed(t, err, fault.Unauthenticated); f.Next == "" || strings.Contains(err.Error(), "runner-token") || len(service.asked) != 0 {
			t.Errorf("%s: %v, asked %v", name, err, service.asked)
		}
	}
}

// Everything that is wrong with a configuration is said at once, and nothing is asked for it.
func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{
		Name: "entra", TenantID: "acme.example", Cloud: "moon", UsageLocation: "Spain",
		Attributes: []Attribute{{"", "city"}, {"a", "passwordProfile"}, {"b", "city"}, {"b", "city"}},
		Licenses:   []License{{License: "x"}, {Product: "p", SKU: "S"}, {Product: "p", SKU: "s"}, {Product: "p", SKU: "t"}},
	})
	failed(t, err, fault.Invalid)
	for _, want := range []string{
		"tenant_id", `cloud is "moon"`, "usage_location", "block 1 has no name", `"passwordProfile" is not one`, `"b" is defined twice`, "product is missing",
		"sku is missing", "the sku s has a block already", `the license "p" of product "p" has a block already`, "no credential is set",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in:\n%v", want, err)
		}
	}
	for name, auth := range map[string]Auth{
		"use one of them":                {Token: "t", CLI: true},
		"client_id is missing":           {ClientSecret: "s"},
		"client_certificate is not":      {ClientID: "c", Certificate: []byte("secret words")},
		"there is no identity token":     {ClientID: "c", OIDC: &OIDC{}},
		"oidc_request_url must have":     {ClientID: "c", OIDC: &OIDC{RequestURL: "http://elsewhere.example/", RequestToken: "t"}},
		"oidc_request_url needs":         {ClientID: "c", OIDC: &OIDC{RequestURL: "https://elsewhere.example/"}},
		"endpoint needs token":           {ClientID: "c", ClientSecret: "s"},
		"would send the credential unen": {Token: "t"},
	} {
		_, err := Open(Config{Name: "entra", TenantID: testTenant, Endpoint: "http://graph.example", Auth: auth})
		if failed(t, err, fault.Invalid); !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret words") {
			t.Errorf("want %q in %v", name, err)
		}
	}
	a, err := Open(Config{Name: "entra", TenantID: strings.ToUpper(testTenant), Cloud: "china", Auth: Auth{CLI: true}})
	if err != nil || a.Info().Tenant != "microsoftgraph.chinacloudapi.cn/"+testTenant || a.Requests() != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}
