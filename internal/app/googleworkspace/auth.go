package googleworkspace

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/google"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

const (
	iamURL        = "https://iamcredentials.googleapis.com"
	cloudPlatform = scopeBase + "cloud-platform"
	jwtBearer     = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // no secret: RFC 7523 section 2.1
)

// tokens gets access tokens for the administrator: by the service account's key, or keyless, by having Google sign for
// the service account what its key would have signed (IAM Credentials API, signJwt). A workload identity alone cannot
// act for somebody: only a signed assertion carries a subject.
type tokens struct {
	cfg      Config
	scopes   []string
	iamURL   string
	tokenURL string
	now      func() time.Time

	once  sync.Once
	inner oauth2.TokenSource
	err   error
}

func newTokens(c Config, scopes []string) *tokens {
	return &tokens{cfg: c, scopes: scopes, iamURL: iamURL, tokenURL: google.JWTTokenURL, now: time.Now}
}

// Token implements oauth2.TokenSource. Its errors are faults without any text of Google's.
func (t *tokens) Token() (*oauth2.Token, error) {
	t.once.Do(func() { t.inner, t.err = t.open() })
	if t.err != nil {
		return nil, t.err
	}
	token, err := t.inner.Token()
	if err != nil {
		return nil, t.fault(err)
	}
	return token, nil
}

// open reads the credentials. It fetches nothing.
func (t *tokens) open() (oauth2.TokenSource, error) {
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{
		Transport: cleanhttp.DefaultPooledTransport(), Timeout: httpclient.DefaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // what is posted is a secret
	})
	raw, err := t.read()
	if err != nil {
		return nil, err
	}
	if raw == nil {
		base, err := google.FindDefaultCredentials(ctx, cloudPlatform)
		if err != nil {
			return nil, bad("there are no application default credentials on this machine", "Set credentials, or sign in with gcloud auth application-default login.")
		}
		return t.keyless(ctx, base.TokenSource, t.cfg.ServiceAccount)
	}
	var file struct {
		Type          string
		TokenURI      string `json:"token_uri"`
		Impersonation string `json:"service_account_impersonation_url"`
	}
	if json.Unmarshal(raw, &file) != nil || file.Type == "" {
		return nil, bad("credentials are neither JSON of Google's nor the path of a file with it", "Use the whole key file of the service account, or the file that gcloud iam workload-identity-pools create-cred-config writes.")
	}
	if file.Type == string(google.ServiceAccount) && t.cfg.ServiceAccount == "" {
		if file.TokenURI != "" && !secure(file.TokenURI) {
			return nil, bad("token_uri in credentials is not an address of the form https://host/path", "Use the key file as Google made it.")
		}
		conf, err := google.JWTConfigFromJSON(raw, t.scopes...)
		if err != nil {
			return nil, bad("credentials are no usable service account key", "Use the whole key file as Google made it.")
		}
		conf.Subject = t.cfg.AdminEmail
		return conf.TokenSource(ctx), nil
	}
	signer := t.cfg.ServiceAccount
	if signer == "" {
		signer = impersonated(file.Impersonation)
	}
	scopes := []string{cloudPlatform}
	switch {
	case signer == "" && t.cfg.AdminEmail != "":
		return nil, bad("credentials of type "+named(file.Type)+" cannot act for "+t.cfg.AdminEmail+" by themselves", "Set service_account to the service account that has domain-wide delegation.")
	case t.cfg.AdminEmail == "" && t.cfg.ServiceAccount == "":
		scopes = t.scopes
	}
	base, err := google.CredentialsFromJSONWithTypeAndParams(ctx, raw, google.CredentialsType(file.Type), google.CredentialsParams{Scopes: scopes})
	if err != nil {
		return nil, bad("credentials of type "+named(file.Type)+" cannot be used", "Use a service account key or the configuration of a workload identity.")
	}
	if t.cfg.AdminEmail == "" && t.cfg.ServiceAccount == "" {
		return base.TokenSource, nil
	}
	return t.keyless(ctx, base.TokenSource, signer)
}

// read gives the credentials as JSON, or nil where the environment's are meant.
func (t *tokens) read() ([]byte, error) {
	text := strings.TrimSpace(t.cfg.Credentials)
	switch {
	case text == "":
		return nil, nil
	case strings.HasPrefix(text, "{"):
		return []byte(text), nil
	}
	raw, err := os.ReadFile(text)
	if err != nil {
		return nil, bad("the file that credentials names cannot be read", "credentials takes JSON, or the path of a file with it.")
	}
	return raw, nil
}

// impersonated is the service account in the address of the IAM Credentials API.
func impersonated(address string) string {
	_, rest, _ := strings.Cut(address, "/serviceAccounts/")
	email, _, _ := strings.Cut(rest, ":")
	return email
}

func named(credentialType string) string {
	for _, r := range credentialType {
		if (r < 'a' || r > 'z') && r != '_' {
			return "unknown"
		}
	}
	return credentialType
}

func bad(cause, next string) error {
	return &fault.Error{Kind: fault.Invalid, Cause: cause, State: "Nothing was sent.", Next: next}
}

func secure(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback()
}

// keyless signs as signer with the rights of base.
func (t *tokens) keyless(ctx context.Context, base oauth2.TokenSource, signer string) (oauth2.TokenSource, error) {
	iam, err := httpclient.New(httpclient.Options{
		System: t.cfg.Name, Protocol: "google iam", BaseURL: t.iamURL, Auth: httpclient.Auth{Source: faulty{t, base}},
		UserAgent: t.cfg.UserAgent, RequestTimeout: t.cfg.RequestTimeout, MaxRetries: t.cfg.MaxRetries, Logger: t.cfg.Logger, Explain: explain,
	})
	if err != nil {
		return nil, err
	}
	return oauth2.ReuseTokenSource(nil, assertion{t, ctx, iam, signer}), nil
}

// faulty keeps Google's texts out of the errors of a token source.
type faulty struct {
	tokens *tokens
	source oauth2.TokenSource
}

func (f faulty) Token() (*oauth2.Token, error) {
	token, err := f.source.Token()
	if err != nil {
		return nil, f.tokens.fault(err)
	}
	return token, nil
}

// assertion is the exchange of a signed assertion for an access token.
type assertion struct {
	tokens *tokens
	ctx    context.Context //nolint:containedctx // carries the HTTP client, as x/oauth2 wants it
	iam    *httpclient.Client
	signer string
}

func (s assertion) Token() (*oauth2.Token, error) {
	now := s.tokens.now()
	claims := map[string]any{
		"iss": s.signer, "scope": strings.Join(s.tokens.scopes, " "), "aud": s.tokens.tokenURL,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if s.tokens.cfg.AdminEmail != "" {
		claims["sub"] = s.tokens.cfg.AdminEmail
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, bad("the assertion cannot be encoded", "")
	}
	resp, err := s.iam.Do(s.ctx, httpclient.Request{
		Op: "sign for", Subject: s.signer, Method: http.MethodPost, Idempotent: true,
		Path: []string{"v1", "projects", "-", "serviceAccounts", s.signer + ":signJwt"}, Body: map[string]string{"payload": string(payload)},
	})
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) && (f.Kind == fault.Forbidden || f.Kind == fault.NotFound) {
			c := *f
			c.Kind, c.Cause = fault.Unauthenticated, "the credential may not sign for the service account "+s.signer
			c.Next = "Give it the role roles/iam.serviceAccountTokenCreator on that service account, and enable the IAM Service Account Credentials API."
			return nil, &c
		}
		return nil, err
	}
	var signed struct {
		JWT string `json:"signedJwt"`
	}
	if err := resp.Decode(&signed); err != nil {
		return nil, err
	}
	conf := clientcredentials.Config{
		TokenURL: s.tokens.tokenURL, AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"grant_type": {jwtBearer}, "assertion": {signed.JWT}},
	}
	return conf.Token(s.ctx)
}

// fault says in our own words why there is no token. Google's codes are those of RFC 6749 section 5.2.
func (t *tokens) fault(err error) error {
	var own *fault.Error
	if errors.As(err, &own) {
		return own
	}
	f := &fault.Error{Kind: fault.Unavailable, Cause: "no access token could be fetched from Google", State: "Nothing was sent to the app.", Next: "Check the network and any proxy; then run again."}
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) || r.Response == nil {
		return f
	}
	f.Status, f.Code = r.Response.StatusCode, r.ErrorCode
	if f.Code == "" {
		var body struct{ Error string }
		_ = json.Unmarshal(r.Body, &body)
		f.Code = named(body.Error)
	}
	if f.Status < 400 || f.Status >= 500 || f.Status == http.StatusTooManyRequests {
		return f
	}
	f.Kind, f.Cause, f.Next = fault.Unauthenticated, "Google refused the credential", "Check credentials, and that the key was not revoked."
	switch f.Code {
	case "unauthorized_client", "access_denied":
		f.Cause = "Google does not let the service account use these scopes"
		if t.cfg.AdminEmail != "" {
			f.Cause = "Google does not let the service account act for " + t.cfg.AdminEmail + " with these scopes"
		}
		f.Next = "In the Admin console under Security, API controls, Domain-wide delegation, give the service account's client ID exactly: " + strings.Join(t.scopes, ",")
	case "invalid_grant":
		f.Cause = "Google refused the assertion: the key was revoked, the clock of this machine is wrong, or the administrator does not exist or is suspended"
		f.Next = "Check admin_email, credentials and the clock."
	case "invalid_scope":
		f.Cause, f.Next = "Google does not know one of the scopes", "Correct scopes."
	}
	return f
}
