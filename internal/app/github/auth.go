package github

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/hashicorp/go-cleanhttp"
	"golang.org/x/oauth2"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// isApp reports whether the credential is a GitHub App's, which is no account.
func (cfg Config) isApp() bool {
	return cfg.AppID != 0 || cfg.InstallationID != 0 || cfg.PrivateKey != ""
}

// auth is the credential, for httpclient.
func (cfg Config) auth() (httpclient.Auth, error) {
	var problems []error
	bad := func(text string) { problems = append(problems, fault.New(fault.Invalid, "%s", text)) }
	if !cfg.isApp() {
		if cfg.Token == "" {
			bad("there is no credential: set token, or app_id, installation_id and private_key")
		}
		return httpclient.Auth{Token: cfg.Token}, errors.Join(problems...)
	}
	if cfg.Token != "" {
		bad("token and a GitHub App are both set; use one")
	}
	if cfg.AppID <= 0 {
		bad("app_id is missing")
	}
	if cfg.InstallationID <= 0 {
		bad("installation_id is missing: it is the number at the end of the address of the app's settings in the organization")
	}
	if cfg.PrivateKey == "" {
		bad("private_key is missing")
	}
	if len(problems) > 0 {
		return httpclient.Auth{}, errors.Join(problems...)
	}
	timeout := cfg.RequestTimeout
	if timeout == 0 {
		timeout = httpclient.DefaultTimeout
	}
	transport := cleanhttp.DefaultPooledTransport()
	// the library's own error may repeat the key
	tr, err := ghinstallation.New(transport, cfg.AppID, cfg.InstallationID, []byte(cfg.PrivateKey))
	if err != nil {
		return httpclient.Auth{}, fault.New(fault.Invalid, "private_key is no RSA private key in PEM form")
	}
	tr.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	tr.Client = &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the signed statement is for this host only
	}
	return httpclient.Auth{Source: &installation{tr: tr, timeout: timeout}}, nil
}

// installation gives access tokens of an app's installation, which live for an hour; the library keeps and renews them.
type installation struct {
	tr      *ghinstallation.Transport
	timeout time.Duration
}

// Token implements oauth2.TokenSource.
func (i *installation) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), i.timeout)
	defer cancel()
	token, err := i.tr.Token(ctx)
	if err == nil && token == "" {
		err = errors.New("no token in the answer")
	}
	if err != nil {
		return nil, appFault(err)
	}
	expires, _, err := i.tr.Expiry()
	if err != nil {
		return nil, appFault(err)
	}
	return &oauth2.Token{AccessToken: token, Expiry: expires}, nil
}

// appFault drops the text of err, which may quote an answer.
func appFault(err error) error {
	f := &fault.Error{
		Kind: fault.Unavailable, Cause: "no access token could be fetched for the GitHub App", State: "Nothing was sent to the app.",
		Next: "Check base_url, the network and any proxy; then run again.",
	}
	var h *ghinstallation.HTTPError
	if !errors.As(err, &h) || h.Response == nil {
		return f
	}
	f.Status = h.Response.StatusCode
	switch f.Status {
	case http.StatusUnauthorized:
		f.Kind, f.Cause = fault.Unauthenticated, "GitHub refused the app's signature"
		f.Next = "Check app_id and private_key, that the key was not deleted in the app's settings, and this machine's clock."
	case http.StatusForbidden:
		f.Kind, f.Cause, f.Next = fault.Unauthenticated, "the app's installation is suspended or not allowed", "Look at the app's settings in the organization."
	case http.StatusNotFound:
		f.Kind, f.Cause, f.Next = fault.Unauthenticated, "the app has no such installation", "Check installation_id: it is the number at the end of the address of the app's settings in the organization."
	case http.StatusUnprocessableEntity:
		f.Kind, f.Cause, f.Next = fault.Unauthenticated, "GitHub does not give this installation a token", "Look whether the organization has accepted the permissions that the app asks for."
	}
	return f
}
