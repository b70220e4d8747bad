package okta

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/hashicorp/go-cleanhttp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// auth is an API token, or a service app's key.
func (cfg Config) auth() (httpclient.Auth, error) {
	service := cfg.ClientID != "" || cfg.PrivateKey != ""
	switch {
	case cfg.Token != "" && service:
		return httpclient.Auth{}, fault.New(fault.Invalid, "both token and private_key with client_id are set; use one of them")
	case cfg.Token != "":
		return httpclient.Auth{Token: cfg.Token, Scheme: "SSWS"}, nil
	case !service:
		return httpclient.Auth{}, fault.New(fault.Invalid, "no credential is set; set token, or client_id and private_key")
	case cfg.ClientID == "" || cfg.PrivateKey == "":
		return httpclient.Auth{}, fault.New(fault.Invalid, "client_id and private_key must be set together")
	case len(cfg.Scopes) == 0:
		return httpclient.Auth{}, fault.New(fault.Invalid, "scopes is empty; a service app needs at least one")
	}
	key, kid, err := parseKey(cfg.PrivateKey)
	if err != nil {
		return httpclient.Auth{}, err
	}
	if cfg.PrivateKeyID != "" {
		kid = cfg.PrivateKeyID
	}
	method := jwt.SigningMethod(jwt.SigningMethodRS256)
	if ec, ok := key.(*ecdsa.PrivateKey); ok {
		method = map[int]jwt.SigningMethod{256: jwt.SigningMethodES256, 384: jwt.SigningMethodES384, 521: jwt.SigningMethodES512}[ec.Curve.Params().BitSize]
	}
	timeout := cfg.RequestTimeout
	if timeout == 0 {
		timeout = httpclient.DefaultTimeout
	}
	return httpclient.Auth{Source: oauth2.ReuseTokenSource(nil, &assertion{
		cfg: cfg, key: key, kid: kid, method: method, tokenURL: cfg.OrgURL + "/oauth2/v1/token",
		http: &http.Client{
			Transport: cleanhttp.DefaultPooledTransport(), Timeout: timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the assertion is for this host only
		},
	})}, nil
}

// assertion fetches access tokens with a signed statement (RFC 7523 section 2.2), the only way that Okta's service
// apps have: the organization's own authorization server, tokens for an hour.
type assertion struct {
	cfg      Config
	key      crypto.Signer
	kid      string
	method   jwt.SigningMethod
	tokenURL string
	http     *http.Client
}

// Token implements oauth2.TokenSource. Each request is signed anew: a statement may be used once.
func (a *assertion) Token() (*oauth2.Token, error) {
	now := time.Now()
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return nil, err
	}
	t := jwt.NewWithClaims(a.method, jwt.MapClaims{
		"iss": a.cfg.ClientID, "sub": a.cfg.ClientID, "aud": a.tokenURL, "jti": base64.RawURLEncoding.EncodeToString(id),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), // Okta takes an hour at most
	})
	if a.kid != "" {
		t.Header["kid"] = a.kid
	}
	signed, err := t.SignedString(a.key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "private_key cannot sign")
	}
	conf := clientcredentials.Config{
		TokenURL: a.tokenURL, Scopes: a.cfg.Scopes, AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed},
		},
	}
	return conf.Token(context.WithValue(context.Background(), oauth2.HTTPClient, a.http))
}

var errKey = fault.New(fault.Invalid, "private_key is no RSA or EC private key, neither as PEM nor as a JSON Web Key")

// parseKey reads PEM or a JWK, and the key id that a JWK carries. Errors say nothing of the key.
func parseKey(s string) (key crypto.Signer, kid string, err error) {
	if strings.HasPrefix(strings.TrimSpace(s), "{") {
		return parseJWK(s)
	}
	if k, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(s)); err == nil {
		return k, "", nil
	}
	if k, err := jwt.ParseECPrivateKeyFromPEM([]byte(s)); err == nil {
		return k, "", nil
	}
	return nil, "", errKey
}

// parseJWK reads a private JSON Web Key (RFC 7518 section 6), as Okta's console shows it once.
func parseJWK(s string) (crypto.Signer, string, error) {
	var k struct{ Kty, Kid, Crv, N, E, D, P, Q, X, Y string }
	if json.Unmarshal([]byte(s), &k) != nil {
		return nil, "", errKey
	}
	var problems []error
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		if err != nil || len(b) == 0 {
			problems = append(problems, errKey)
		}
		return new(big.Int).SetBytes(b)
	}
	var signer crypto.Signer
	switch k.Kty {
	case "RSA":
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, D: number(k.D),
			Primes: []*big.Int{number(k.P), number(k.Q)},
		}
		if problems == nil && key.Validate() != nil {
			return nil, "", errKey
		}
		if problems == nil {
			key.Precompute()
		}
		signer = key
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Crv]
		d := number(k.D)
		if curve == nil || problems != nil || d.BitLen() > curve.Params().BitSize {
			return nil, "", errKey
		}
		key, err := ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, (curve.Params().BitSize+7)/8)))
		if err != nil {
			return nil, "", errKey
		}
		signer = key
	default:
		return nil, "", errKey
	}
	if errors.Join(problems...) != nil {
		return nil, "", errKey
	}
	return signer, k.Kid, nil
}
