package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/oauth2"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// tokenTimeout bounds how long one access token may take: the Azure CLI is a slow starter.
const tokenTimeout = 90 * time.Second

// tokens is an oauth2.TokenSource over a credential of the Azure SDK.
type tokens struct {
	credential azcore.TokenCredential
	scope      string
	remedy     string // what to check when the credential is refused
	// assert fetches the identity token of a federated credential into assertion, before each access token.
	assert    func(context.Context) (string, error)
	assertion string
}

// openAuth makes the token source. It is not asked for a token here. transport replaces the network in tests.
func openAuth(cfg Config, login nationalCloud, transport policy.Transporter) (oauth2.TokenSource, error) {
	auth := cfg.Auth
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	var ways []string
	for _, w := range []struct {
		set  bool
		name string
	}{
		{auth.Token != "", "token"},
		{auth.ClientSecret != "", "client_secret"},
		{len(auth.Certificate) > 0, "client_certificate"},
		{auth.OIDC != nil, "use_oidc"},
		{auth.CLI, "use_cli"},
		{auth.Credential != nil, "a credential"},
	} {
		if w.set {
			ways = append(ways, w.name)
		}
	}
	switch {
	case len(ways) == 0:
		bad("no credential is set; set client_secret, client_certificate, use_oidc, use_cli or token")
	case len(ways) > 1:
		bad("%s are set; use one of them", strings.Join(ways, " and "))
	}
	federated := auth.ClientSecret != "" || len(auth.Certificate) > 0 || auth.OIDC != nil
	if federated && auth.ClientID == "" {
		bad("client_id is missing; it is the application (client) id of the app registration")
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if auth.Token != "" {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: auth.Token}), nil
	}
	graph := login.graph
	s := &tokens{credential: auth.Credential, scope: graph + "/.default", remedy: "Check the credential."}
	client := azcore.ClientOptions{Cloud: login.login, Transport: transport}
	// A custom transport answers for the authority itself; asking Microsoft which authorities exist is for the network.
	offline := transport != nil
	var err error
	switch {
	case auth.ClientSecret != "":
		s.remedy = "Check tenant_id, client_id and client_secret; a secret expires on the date that the app registration shows."
		s.credential, err = azidentity.NewClientSecretCredential(cfg.TenantID, auth.ClientID, auth.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: offline})
	case len(auth.Certificate) > 0:
		s.remedy = "Check tenant_id, client_id and that the certificate is uploaded to the app registration and valid."
		certs, key, parseErr := azidentity.ParseCertificates(auth.Certificate, []byte(auth.CertificatePassword))
		if parseErr != nil { // its text may quote what it could not read
			return nil, fault.New(fault.Invalid, "client_certificate is not a certificate with its key, in PEM or PKCS #12 form, that the password opens")
		}
		s.credential, err = azidentity.NewClientCertificateCredential(cfg.TenantID, auth.ClientID, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: offline})
	case auth.OIDC != nil:
		s.remedy = "Check tenant_id, client_id and the federated credential of the app registration: issuer, subject and audience must be those of the identity token."
		if s.assert, err = auth.OIDC.fetcher(); err != nil {
			return nil, err
		}
		s.credential, err = azidentity.NewClientAssertionCredential(cfg.TenantID, auth.ClientID,
			func(context.Context) (string, error) { return s.assertion, nil },
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: offline})
	case auth.CLI:
		s.remedy = "Run az login --tenant " + cfg.TenantID + "."
		s.credential, err = azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: cfg.TenantID})
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "the credential cannot be used: check tenant_id and client_id")
	}
	return oauth2.ReuseTokenSource(nil, s), nil // which also makes one call at a time of many
}

// Token gets an access token, and says in our own words what went wrong: the texts of the SDK quote whole answers.
func (s *tokens) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenTimeout)
	defer cancel()
	if s.assert != nil {
		var err error
		if s.assertion, err = s.assert(ctx); err != nil {
			return nil, err
		}
	}
	t, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{s.scope}})
	if err != nil {
		return nil, s.refused(err)
	}
	return &oauth2.Token{AccessToken: t.Token, Expiry: t.ExpiresOn}, nil
}

func (s *tokens) refused(err error) error {
	f := &fault.Error{Kind: fault.Unavailable, Protocol: "oauth2", State: "Nothing was sent to Microsoft Graph.", Next: s.remedy}
	var failed *azidentity.AuthenticationFailedError
	var final interface{ NonRetriable() }
	switch {
	case errors.As(err, &failed) && failed.RawResponse != nil:
		f.Status = failed.RawResponse.StatusCode
		f.Code = authorityCode(failed.RawResponse)
		if f.Status >= 500 || f.Status == http.StatusTooManyRequests {
			f.Cause, f.Next = "the sign-in service failed to answer", "Run again later."
			break
		}
		f.Kind, f.Cause = fault.Unauthenticated, "the sign-in service refused the credential"
		if why, ok := authorityCauses[f.Code]; ok {
			f.Cause += ": " + why
		}
	case !errors.As(err, &failed) && errors.As(err, &final): // a credential that is not there, such as a CLI that nobody is signed in to
		f.Kind, f.Cause = fault.Unauthenticated, "there is no credential to sign in with"
	default:
		f.Cause, f.Next = "no access token could be fetched", "Check the network and any proxy. "+s.remedy
	}
	return f
}

// authorityCauses says what the codes of the sign-in service mean that people meet.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var authorityCauses = map[string]string{
	"AADSTS90002":   "there is no such tenant in this cloud",
	"AADSTS700016":  "the tenant has no application with this client_id",
	"AADSTS7000215": "the client secret is wrong; it is the secret's value that counts, not its id",
	"AADSTS7000222": "the client secret has expired",
	"AADSTS700027":  "the certificate is not one of the application's, or not valid now",
	"AADSTS70021":   "no federated credential of the application matches the identity token",
	"AADSTS700213":  "no federated credential of the application matches the subject of the identity token",
	"AADSTS7000112": "the application is disabled in the tenant",
	"AADSTS53003":   "a conditional access policy blocks it",
}

// authorityCode reads the machine code of an answer of the sign-in service.
func authorityCode(resp *http.Response) string {
	var answer struct {
		Error string
		Codes []int64 `json:"error_codes"`
	}
	body, err := runtime.Payload(resp)
	if err != nil || json.Unmarshal(body, &answer) != nil {
		return ""
	}
	if len(answer.Codes) > 0 {
		return fmt.Sprintf("AADSTS%d", answer.Codes[0])
	}
	if strings.Trim(answer.Error, "abcdefghijklmnopqrstuvwxyz_") != "" { // no OAuth code, RFC 6749 section 5.2
		return ""
	}
	return answer.Error
}

// fetcher says how to get the identity token.
func (o OIDC) fetcher() (func(context.Context) (string, error), error) {
	switch {
	case o.Token != "":
		return func(context.Context) (string, error) { return o.Token, nil }, nil
	case o.TokenFile != "":
		return func(context.Context) (string, error) {
			b, err := os.ReadFile(o.TokenFile)
			if token := strings.TrimSpace(string(b)); err == nil && token != "" {
				return token, nil
			}
			return "", &fault.Error{
				Kind: fault.Unauthenticated, Cause: "the file with the identity token, " + o.TokenFile + ", cannot be read or is empty",
				State: "Nothing was sent.", Next: "Check oidc_token_file_path.",
			}
		}, nil
	case o.RequestURL != "":
		u, err := url.Parse(o.RequestURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			return nil, fault.New(fault.Invalid, "oidc_request_url must have the form https://host/path")
		}
		if o.RequestToken == "" {
			return nil, fault.New(fault.Invalid, "oidc_request_url needs oidc_request_token")
		}
		return func(ctx context.Context) (string, error) { return requestIdentityToken(ctx, *u, o.RequestToken) }, nil
	}
	return nil, fault.New(fault.Invalid, "use_oidc is set and there is no identity token; set oidc_token, oidc_token_file_path or oidc_request_url "+
		"(in GitHub Actions: permissions: id-token: write)")
}

// requestIdentityToken asks a workflow runner for an identity token meant for Entra ID.
// https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect
func requestIdentityToken(ctx context.Context, u url.URL, token string) (string, error) {
	f := &fault.Error{Kind: fault.Unauthenticated, Cause: "the workflow runner gave no identity token", State: "Nothing was sent to Microsoft Graph.", Next: "Check that the job may request identity tokens (id-token: write)."}
	q := u.Query()
	q.Set("audience", "api://AzureADTokenExchange")
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return "", f
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil { // its text repeats the address
		f.Kind = fault.Unavailable
		return "", f
	}
	defer resp.Body.Close()
	f.Status = resp.StatusCode
	var answer struct{ Value string }
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer) != nil || answer.Value == "" {
		return "", f
	}
	return answer.Value, nil
}
