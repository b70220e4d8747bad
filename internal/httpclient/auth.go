package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Auth is how requests are authenticated: by at most one of Token, Basic, ClientCredentials, RefreshToken and
// Source. The zero Auth sends no Authorization header. An access token that the app refuses before its time is
// fetched anew, once per request.
type Auth struct {
	Token  string
	Scheme string // before the token; default "Bearer"
	// Basic is HTTP basic authentication; either part may be empty.
	Basic *Basic
	// ClientCredentials fetches tokens by RFC 6749 section 4.4, over the same TLS settings.
	ClientCredentials *ClientCredentials
	// RefreshToken fetches tokens by RFC 6749 section 6, over the same TLS settings.
	RefreshToken *RefreshToken
	// Source gives tokens in any other way. Each is kept until it expires or is refused. A fault.Error of its own is passed on.
	Source oauth2.TokenSource
}

// Basic is a user name and password.
type Basic struct{ Username, Password string }

// ClientCredentials are an OAuth 2.0 client.
type ClientCredentials struct {
	TokenURL, ClientID, ClientSecret string
	Scopes                           []string
	Audience                         string
	// InBody sends the client in the form and not as HTTP basic authentication, which is tried first otherwise.
	InBody bool
}

// RefreshToken is an OAuth 2.0 client with a refresh token that does not expire by its use. A new one in an answer
// counts for the rest of the run; nothing keeps it longer.
type RefreshToken struct{ TokenURL, ClientID, ClientSecret, Token string }

func (a Auth) check() error {
	n := 0
	for _, set := range []bool{a.Token != "", a.Basic != nil, a.ClientCredentials != nil, a.RefreshToken != nil, a.Source != nil} {
		if set {
			n++
		}
	}
	var problems []error
	if n > 1 {
		problems = append(problems, fault.New(fault.Invalid, "more than one of token, basic and oauth2 is set; use one"))
	}
	if !validSecret(a.Token) {
		problems = append(problems, fault.New(fault.Invalid, "token contains a line break or another character that no header can carry"))
	}
	if b := a.Basic; b != nil && b.Username == "" && b.Password == "" {
		problems = append(problems, fault.New(fault.Invalid, "basic needs a username or a password"))
	}
	if cc := a.ClientCredentials; cc != nil {
		problems = append(problems, checkTokenURL(cc.TokenURL), present("client_id", cc.ClientID), present("client_secret", cc.ClientSecret))
	}
	if rt := a.RefreshToken; rt != nil {
		problems = append(problems, checkTokenURL(rt.TokenURL), present("client_id", rt.ClientID),
			present("client_secret", rt.ClientSecret), present("refresh_token", rt.Token))
	}
	return errors.Join(problems...)
}

func checkTokenURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		return fault.New(fault.Invalid, "oauth2: token_url must have the form https://host/path")
	}
	return nil
}

func present(argument, v string) error {
	if v == "" {
		return fault.New(fault.Invalid, "oauth2: %s is missing", argument)
	}
	return nil
}

func validSecret(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

// authorizer is the stage that adds the credential. An error means that nothing was sent. renew, which may be nil,
// tells whether there is another credential than the one that the app just refused.
type authorizer struct {
	authorize func(*http.Request) error
	renew     func(refused *http.Request) bool
}

func (a Auth) authorizer(transport http.RoundTripper, timeout time.Duration, known *secrets) authorizer {
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{
		Transport: transport, Timeout: timeout,
		// the secret travels in the body: no other host may get it
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	source := &tokens{}
	switch {
	case a.Token != "":
		scheme := a.Scheme
		if scheme == "" {
			scheme = "Bearer"
		}
		return authorizer{authorize: func(r *http.Request) error { r.Header.Set("Authorization", scheme+" "+a.Token); return nil }}
	case a.Basic != nil:
		return authorizer{authorize: func(r *http.Request) error { r.SetBasicAuth(a.Basic.Username, a.Basic.Password); return nil }}
	case a.ClientCredentials != nil:
		cc := a.ClientCredentials
		config := clientcredentials.Config{ClientID: cc.ClientID, ClientSecret: cc.ClientSecret, TokenURL: cc.TokenURL, Scopes: cc.Scopes}
		if cc.InBody {
			config.AuthStyle = oauth2.AuthStyleInParams
		}
		if cc.Audience != "" {
			config.EndpointParams = url.Values{"audience": {cc.Audience}}
		}
		source.fetch = func() (*oauth2.Token, error) { return config.Token(ctx) }
	case a.RefreshToken != nil:
		rt := *a.RefreshToken
		config := oauth2.Config{ClientID: rt.ClientID, ClientSecret: rt.ClientSecret, Endpoint: oauth2.Endpoint{TokenURL: rt.TokenURL}}
		source.fetch = func() (*oauth2.Token, error) {
			token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: rt.Token}).Token()
			if err == nil && token.RefreshToken != "" {
				rt.Token = token.RefreshToken
				known.add(rt.Token)
			}
			return token, err
		}
	case a.Source != nil:
		source.fetch = a.Source.Token
	default:
		return authorizer{authorize: func(*http.Request) error { return nil }}
	}
	authorize := func(r *http.Request) error {
		token, err := source.token()
		if err != nil {
			return tokenFault(err)
		}
		known.add(token.AccessToken)
		token.SetAuthHeader(r)
		return nil
	}
	return authorizer{authorize, func(refused *http.Request) bool {
		old := refused.Header.Get("Authorization")
		source.drop(old)
		again := &http.Request{Header: http.Header{}}
		return authorize(again) == nil && again.Header.Get("Authorization") != old
	}}
}

// tokens keeps an access token until it expires or is refused.
type tokens struct {
	fetch func() (*oauth2.Token, error)

	mu   sync.Mutex
	last *oauth2.Token
}

func (t *tokens) token() (*oauth2.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.Valid() {
		return t.last, nil
	}
	token, err := t.fetch()
	if err == nil {
		t.last = token
	}
	return token, err
}

// drop forgets the token that made this header, unless another request has renewed it already.
func (t *tokens) drop(header string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != nil && t.last.Type()+" "+t.last.AccessToken == header {
		t.last = nil
	}
}

// tokenFault drops the text of err: oauth2 puts the answer's body into it.
func tokenFault(err error) error {
	if own := (*fault.Error)(nil); errors.As(err, &own) {
		return own
	}
	f := &fault.Error{Kind: fault.Unavailable, Cause: "no access token could be fetched", State: "Nothing was sent to the app."}
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) || r.Response == nil {
		f.Cause += ": " + networkCause(err)
		return f
	}
	f.Status, f.Code = r.Response.StatusCode, identifier(r.ErrorCode)
	if f.Status >= 400 && f.Status < 500 && f.Status != http.StatusTooManyRequests {
		f.Kind = fault.Unauthenticated
		f.Cause = "the token endpoint refused the client"
		f.Next = "Check client_id, client_secret, scopes and token_url."
	}
	return f
}

// newTransport is the network with the TLS settings of the options.
func newTransport(o Options) (*http.Transport, error) {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConnsPerHost = 32
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	var problems []error
	if o.CACertPEM != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(o.CACertPEM)) {
			problems = append(problems, fault.New(fault.Invalid, "ca_cert_pem contains no certificate in PEM form"))
		}
		conf.RootCAs = pool
	}
	switch {
	case (o.ClientCertPEM == "") != (o.ClientKeyPEM == ""):
		problems = append(problems, fault.New(fault.Invalid, "client_cert_pem and client_key_pem must be set together"))
	case o.ClientCertPEM != "":
		cert, err := tls.X509KeyPair([]byte(o.ClientCertPEM), []byte(o.ClientKeyPEM))
		if err != nil {
			problems = append(problems, fault.New(fault.Invalid, "client_cert_pem and client_key_pem are not a certificate and its key in PEM form"))
		}
		conf.Certificates = []tls.Certificate{cert}
	}
	t.TLSClientConfig = conf
	return t, errors.Join(problems...)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
