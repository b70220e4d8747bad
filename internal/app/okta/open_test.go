package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

func b64(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestServiceApp(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ecKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	point, err := ecKey.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rsaJWK := fmt.Sprintf(`{"kty":"RSA","kid":"k1","use":"sig","n":%q,"e":"AQAB","d":%q,"p":%q,"q":%q}`, b64(rsaKey.N), b64(rsaKey.D), b64(rsaKey.Primes[0]), b64(rsaKey.Primes[1]))
	ecJWK := fmt.Sprintf(`{"kty":"EC","kid":"k2","crv":"P-256","d":%q,"x":%q,"y":%q}`, base64.RawURLEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]))
	for name, tt := range map[string]struct {
		key, kid, wantKid, wantAlg string
		public                     any
	}{
		"RSA in PEM":  {pemOf(t, rsaKey), "given", "given", "RS256", &rsaKey.PublicKey},
		"EC in PEM":   {pemOf(t, ecKey), "", "", "ES256", &ecKey.PublicKey},
		"RSA as JWK":  {rsaJWK, "", "k1", "RS256", &rsaKey.PublicKey},
		"EC as JWK":   {" \n" + ecJWK, "", "k2", "ES256", &ecKey.PublicKey},
		"kid of JWK?": {rsaJWK, "other", "other", "RS256", &rsaKey.PublicKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := oktatest.New(t, described(t))
			s.AddUser(oktatest.User{Profile: profileOf("ana")})
			asked := 0
			s.Grant = func(form map[string][]string) (int, map[string]any) {
				asked++
				same(t, "form", []string{"client_credentials", "okta.users.manage okta.groups.manage", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
					[]string{form["grant_type"][0], form["scope"][0], form["client_assertion_type"][0]})
				var claims jwt.RegisteredClaims
				token, err := jwt.ParseWithClaims(form["client_assertion"][0], &claims, func(*jwt.Token) (any, error) { return tt.public, nil },
					jwt.WithAudience(s.URL+"/oauth2/v1/token"), jwt.WithIssuer("0oaclient"), jwt.WithSubject("0oaclient"), jwt.WithExpirationRequired(), jwt.WithValidMethods([]string{tt.wantAlg}))
				if err != nil {
					t.Errorf("the assertion: %v", err)
				}
				if kid, _ := token.Header["kid"].(string); kid != tt.wantKid || claims.ID == "" || claims.ExpiresAt.After(time.Now().Add(time.Hour)) {
					t.Errorf("kid %q, jti %q, exp %v", kid, claims.ID, claims.ExpiresAt)
				}
				s.AccessToken = "at-1234567"
				return 200, map[string]any{"access_token": "at-1234567", "token_type": "Bearer", "expires_in": 3600}
			}
			d := openFor(t, s, Config{ClientID: "0oaclient", PrivateKey: tt.key, PrivateKeyID: tt.kid}, false).(*Directory)
			for range 2 {
				if got, err := collect(d, t, access.AccountFilter{}); err != nil || len(got) != 1 {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			if asked != 1 {
				t.Errorf("%d tokens for one hour", asked)
			}
			if _, err := d.Self(t.Context()); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a service app is somebody: %v", err)
			}
			if n := s.Count("", "/users/me$"); n > 0 {
				t.Error("asked who a service app is")
			}
		})
	}
}

func TestServiceAppThatIsRefused(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := oktatest.New(t, described(t))
	s.Grant = func(map[string][]string) (int, map[string]any) {
		return 400, map[string]any{"error": "invalid_dpop_proof", "error_description": "The DPoP proof JWT header is missing. s3cr3t"}
	}
	d := openFor(t, s, Config{ClientID: "0oaclient", PrivateKey: pemOf(t, key)}, false).(*Directory)
	err = d.Check(t.Context())
	fails(t, err, fault.Unauthenticated, "invalid_dpop_proof")
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Error("the text of the answer is in the error")
	}
}

func TestOpenNamesAllProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  Config
		want []string
	}{
		"nothing":     {Config{}, []string{"org_url is missing", "no credential"}},
		"admin":       {Config{OrgURL: "https://acme-admin.okta.com", Token: "t0k3n"}, []string{"leave -admin out"}},
		"path":        {Config{OrgURL: "https://acme.okta.com/api/v1", Token: "t0k3n"}, []string{"must not have a path"}},
		"two":         {Config{OrgURL: "https://acme.okta.com", Token: "t0k3n", ClientID: "c"}, []string{"both token and private_key"}},
		"half":        {Config{OrgURL: "https://acme.okta.com", ClientID: "c"}, []string{"must be set together"}},
		"bad key":     {Config{OrgURL: "https://acme.okta.com", ClientID: "c", PrivateKey: "very-s3cr3t"}, []string{"private_key is no RSA or EC"}},
		"bad JWK":     {Config{OrgURL: "https://acme.okta.com", ClientID: "c", PrivateKey: `{"kty":"RSA","n":"!","d":"s3cr3t"}`}, []string{"private_key is no RSA or EC"}},
		"oct JWK":     {Config{OrgURL: "https://acme.okta.com", ClientID: "c", PrivateKey: `{"kty":"oct","k":"s3cr3t"}`}, []string{"private_key is no RSA or EC"}},
		"http":        {Config{OrgURL: "http://acme.okta.com", Token: "t0k3n"}, []string{"org_url http://acme.okta.com would send the credential unencrypted"}},
		"enumerables": {Config{OrgURL: "https://acme.okta.com", Token: "t0k3n", DeactivateWith: "x", GroupRules: "y", RateLimitShare: 101}, []string{"deactivate_with", "group_rules", "rate_limit_share"}},
		"blocks": {Config{
			OrgURL: "https://acme.okta.com", Token: "t0k3n", Attributes: []Attribute{{Name: "a", Property: "title"}, {Name: "a", Property: "x", Type: "object"}, {}},
			Licenses: []License{{}, {Product: "p", AppID: "1"}, {Product: "p", AppID: "2", Total: new(-1)}},
		}, []string{"attribute 1: the property title", "attribute 2: there are two", "attribute 2: type", "attribute 3 needs", "license 1 needs", "license 3: there are two", "license 3: total"}},
		"licenses of an application": {Config{OrgURL: "https://acme.okta.com", Token: "t0k3n", AppID: "0oa", Licenses: []License{{Product: "p", AppID: "1"}}}, []string{"license blocks belong"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := Open(tt.cfg)
			if err == nil {
				t.Fatalf("opened %v", a)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("does not say %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "base_url") {
				t.Errorf("a secret, or a name that nobody has written, is in the error: %v", err)
			}
		})
	}
}

func TestScopesThatAreAskedFor(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]Config{
		"okta.users.manage okta.groups.manage":                    {},
		"okta.users.read okta.groups.read":                        {ReadOnly: true},
		"okta.users.manage okta.groups.manage okta.apps.manage":   {Licenses: []License{{}}},
		"okta.users.read okta.groups.read okta.apps.manage":       {AppID: "0oa"},
		"okta.users.read okta.groups.read okta.apps.read":         {AppID: "0oa", ReadOnly: true},
		"okta.users.read okta.groups.read okta.apps.read okta.xx": {Scopes: []string{"okta.users.read", "okta.groups.read", "okta.apps.read", "okta.xx"}},
	} {
		if got := strings.Join(cfg.withDefaults().Scopes, " "); got != want {
			t.Errorf("%+v: %s, want %s", cfg, got, want)
		}
	}
}

// Errors are told apart by Okta's codes and never by its texts.
func TestErrorsByCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		code   string
		want   fault.Kind
	}{
		{400, "E0000001", fault.Invalid},
		{400, "E0000003", fault.Invalid},
		{401, "E0000004", fault.Unauthenticated},
		{403, "E0000005", fault.Unauthenticated},
		{403, "E0000006", fault.Forbidden},
		{404, "E0000007", fault.NotFound},
		{404, "E0000008", fault.Invalid},
		{401, "E0000011", fault.Unauthenticated},
		{403, "E0000015", fault.Forbidden},
		{403, "E0000016", fault.Stale},
		{405, "E0000022", fault.Unsupported},
		{403, "E0000038", fault.Stale},
		{429, "E0000047", 0}, // the status says it already
		{500, "E0000009", 0},
		{418, "E9999999", 0},
	} {
		body, err := json.Marshal(map[string]any{"errorCode": tt.code, "errorId": "oae1", "errorSummary": "Not found: E0000007 already exists", "errorCauses": []any{}})
		if err != nil {
			t.Fatal(err)
		}
		d := explain(httpclient.Failure{Status: tt.status, Body: body})
		if d.Kind != tt.want || d.Code != tt.code || d.RequestID != "oae1" || strings.Contains(d.Cause+d.Next, "already exists") {
			t.Errorf("%d %s: %+v, want %v", tt.status, tt.code, d, tt.want)
		}
	}
	if d := explain(httpclient.Failure{Status: 404, Body: []byte("<html>")}); d.Kind != 0 || d.Code != "" {
		t.Errorf("a web page means %+v", d)
	}
	s, dir := directory(t, Config{})
	s.Break("GET", "", apptest.Fault{Status: 429, RetryAfter: new(3)})
	fails(t, dir.Check(t.Context()), fault.RateLimited, "E0000047")
}
