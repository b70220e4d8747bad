package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var makeKey = sync.OnceValues(func() (string, error) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})), nil
})

// key is a private key of a GitHub App.
func key(t testing.TB) string {
	t.Helper()
	k, err := makeKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpenNamesAllProblems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  Config
		want []string
	}{
		"nothing":            {Config{}, []string{"organization is missing", "no credential"}},
		"a bad name":         {Config{Organization: "acme/core", Token: "x"}, []string{`"acme/core"`}},
		"two credentials":    {Config{Organization: "acme", Token: "x", AppID: 1, InstallationID: 2, PrivateKey: "x"}, []string{"both set"}},
		"half an app":        {Config{Organization: "acme", AppID: 1}, []string{"installation_id is missing", "private_key is missing"}},
		"no key":             {Config{Organization: "acme", AppID: 1, InstallationID: 2, PrivateKey: "s3cr3t-no-key"}, []string{"private_key is no RSA private key"}},
		"the web site":       {Config{Organization: "acme", Token: "x", BaseURL: "https://github.com"}, []string{"address of the web site", "api.github.com"}},
		"the tenant's site":  {Config{Organization: "acme", Token: "x", BaseURL: "https://acme.ghe.com"}, []string{"https://api.acme.ghe.com"}},
		"a path at the API":  {Config{Organization: "acme", Token: "x", BaseURL: "https://api.github.com/orgs"}, []string{"must not have a path"}},
		"GraphQL":            {Config{Organization: "acme", Token: "x", BaseURL: "https://git.acme.example/api/graphql"}, []string{"speaks REST"}},
		"unencrypted":        {Config{Organization: "acme", Token: "x", BaseURL: "http://git.acme.example/api/v3"}, []string{"unencrypted"}},
		"a word for names":   {Config{Organization: "acme", Token: "x", TeamNames: "id"}, []string{"team_names"}},
		"mail to nobody":     {Config{Organization: "acme", Token: "x", BaseURL: "https://git.acme.example/api/v3", InviteByEmail: true}, []string{"invite_by_email needs invitations"}},
		"a token of 2 lines": {Config{Organization: "acme", Token: "s3cr3t\nx"}, []string{"line break"}},
	} {
		_, err := Open(tc.cfg)
		if err == nil {
			t.Errorf("%s: opened", name)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v does not say %q", name, err, w)
			}
		}
		if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the error repeats a secret", name)
		}
	}
	for _, base := range []string{"", "https://git.acme.example/api/v3", "https://api.acme.ghe.com/"} {
		o, err := Open(Config{Organization: "Acme", Token: "x", BaseURL: base})
		if err != nil {
			t.Errorf("%q: %v", base, err)
		} else if !strings.HasSuffix(o.Info().Tenant, "/acme") || *o.cfg.Invitations == strings.HasSuffix(base, "/api/v3") {
			t.Errorf("%q: the tenant is %s, invitations %v", base, o.Info().Tenant, *o.cfg.Invitations)
		}
	}
}

// A GitHub App signs in with its key, once for many requests; what goes wrong with that is about the credential, and is told without secrets.
func TestGitHubApp(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	s.Add(githubtest.User{Login: "ana", Role: "member"})
	s.AccessToken = "ghs_installation"
	o := openFor(t, s, Config{AppID: 3, InstallationID: 7, PrivateKey: key(t)}, false)
	same(t, "requests of opening", 0, len(s.Requests()))
	same(t, "accounts", 1, len(accounts(t, o)))
	same(t, "tokens", 1, s.Count("^POST /app/installations/7/access_tokens$"))

	unknown := openFor(t, s, Config{AppID: 3, InstallationID: 8, PrivateKey: key(t)}, false)
	err := unknown.Check(t.Context())
	refusal(t, err, fault.Unauthenticated)
	if !strings.Contains(err.Error(), "installation") {
		t.Error(err)
	}
	s.AccessToken = ""
	_, err = openFor(t, s, Config{AppID: 3, InstallationID: 7, PrivateKey: key(t)}, false).CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: "ana"}})
	refusal(t, err, fault.Unauthenticated)
	same(t, "writes", 0, s.Count("^(PUT|PATCH|DELETE) |^POST /orgs"))
}

// Links that cannot be followed end a listing with an error, and never with what came so far.
func FuzzNextPage(f *testing.F) {
	for _, line := range []string{
		`<https://api.github.com/orgs/acme/members?per_page=100&page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last"`,
		`<https://evil.example/?page=2>; rel=next`, `<https://api.github.com/x?after=a%3D%3D&per_page=1>; rel="prev"`, `<::>; rel="next"`, `<x?=%>; rel="next"`, ``,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		query, more, err := nextPage([]string{line})
		if err != nil && (more || query != nil) {
			t.Errorf("%q: an error, and a page besides", line)
		}
		if more && len(query) == 0 {
			t.Errorf("%q: a next page without a query is the first page again", line)
		}
	})
}
