// Package github connects to one organization on GitHub through its REST API: members and invitations, teams, and Copilot seats.
//
// Start reading at Config, then client.go (requests, errors, paging), people.go and invitations.go (who is in the organization, and by which
// login), accounts.go and invite.go (reading and writing that), teams.go and members.go (groups), copilot.go (licenses).
package github

import (
	"errors"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// DefaultBaseURL is the API of github.com.
const DefaultBaseURL = "https://api.github.com"

// CopilotProduct is the product and the license that Copilot's seats are.
const CopilotProduct = "Copilot"

// Config is everything that the block `github { ... }` of an app can say, plus what the app block around it says for
// every kind. The HCL name stands at the end of each comment.
type Config struct {
	// Name is the name of the app block; it names the system in errors.
	Name string
	// Organization is the organization's login. `organization`, required
	Organization string
	// BaseURL is the address of the API; empty means DefaultBaseURL. `base_url`
	BaseURL string
	// Token is a personal access token. `token`, sensitive. Token or AppID with InstallationID and PrivateKey, not both.
	Token string
	// AppID, InstallationID and PrivateKey (PEM) are a GitHub App installed in the organization. `app_id`, `installation_id`, `private_key`, sensitive
	AppID, InstallationID int64
	PrivateKey            string
	// Invitations says that who is added is invited first. Where GitHub knows no invitations, people are members at once: on GitHub
	// Enterprise Server, for which nil means false, and in an enterprise with managed users. `invitations`
	Invitations *bool
	// InviteByEmail lets a user name with an @ be invited by that address. `invite_by_email`
	InviteByEmail bool
	// TeamNames is what a team is called: "name" (default) or "slug". `team_names`
	TeamNames string
	// Copilot makes Copilot's seats licenses. `copilot`
	Copilot bool

	// MaxRequestsPerSecond caps the request rate; 0 leaves it to GitHub's rate limit headers. `max_requests_per_second` of the app block
	MaxRequestsPerSecond float64
	// MaxRetries is how often a request that failed in passing is sent again; nil means 4. `max_retries` of the app block
	MaxRetries *int
	// RequestTimeout bounds one attempt of one request; 0 means 60 s. `request_timeout` of the app block
	RequestTimeout time.Duration
	// UserAgent is the User-Agent header, which GitHub insists on; empty means "terraform-provider-tenure".
	UserAgent string
	// Logger receives one record per request: method, path, status and duration. nil discards.
	Logger *slog.Logger
}

// The roles of accounts. An outside collaborator's and an e-mail invitation's cannot be written.
const (
	roleMember  = "member"
	roleAdmin   = "admin"
	roleOutside = "outside_collaborator"
	// roleMaintainer is a role inside a team.
	roleMaintainer = "maintainer"
)

// serverPath is where GitHub Enterprise Server has its API.
const serverPath = "/api/v3"

// apiVersion is the version of the REST API that this package is written for.
const apiVersion = "2022-11-28"

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors. It makes no request.
func Open(cfg Config) (*Org, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	if cfg.TeamNames == "" {
		cfg.TeamNames = "name"
	}
	problems := []error{cfg.check()}
	if cfg.Invitations == nil {
		cfg.Invitations = new(!strings.HasSuffix(strings.TrimRight(cfg.BaseURL, "/"), serverPath))
	}
	if !*cfg.Invitations && cfg.InviteByEmail {
		problems = append(problems, fault.New(fault.Invalid, "invite_by_email needs invitations, which this organization does not have"))
	}
	auth, err := cfg.auth()
	problems = append(problems, err)
	o := &Org{
		client: &client{name: cfg.Name, org: cfg.Organization, writing: make(chan struct{}, 1)},
		cfg:    cfg, people: people{byID: map[string]person{}, numbers: map[string]int64{}}, teams: teams{byID: map[string]team{}},
	}
	o.http, err = httpclient.New(httpclient.Options{
		System: cfg.Name, Protocol: "github", BaseURL: cfg.BaseURL, Auth: auth, UserAgent: cfg.UserAgent,
		Accept: "application/vnd.github+json", Headers: map[string]string{"X-GitHub-Api-Version": apiVersion},
		RequestsPerSecond: cfg.MaxRequestsPerSecond, MaxRetries: cfg.MaxRetries, RequestTimeout: cfg.RequestTimeout,
		Logger: cfg.Logger, Explain: explain,
	})
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	o.witness = o.seesAll
	o.info = app.Info{
		Kind: "github", Tenant: strings.ToLower(o.http.Host() + "/" + cfg.Organization), UserNamesFoldCase: true,
		// a person id has no place in GitHub, and names and addresses belong to whom the login belongs to
		Fields:     []access.Field{access.UserName, access.Role},
		GroupRoles: []string{access.DefaultRole, roleMaintainer},
		Lacks: map[app.Capability]string{
			app.ReactivateAccount: "an organization on GitHub has no inactive members: deactivating removes from the organization, and who returns gets a new invitation",
		},
	}
	if !cfg.Copilot {
		const why = "copilot is not switched on in the block, because reading seats takes a permission of its own"
		o.info.Lacks[app.ReadLicenses], o.info.Lacks[app.WriteLicenses] = why, why
	}
	return o, nil
}

// organizationName is what GitHub allows as a login of an organization.
var organizationName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$`)

func (cfg Config) check() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fault.New(fault.Invalid, format, args...))
	}
	switch {
	case cfg.Organization == "":
		bad("organization is missing")
	case !organizationName.MatchString(cfg.Organization):
		bad("organization is %q; it must be the name in the organization's address, https://github.com/NAME", cfg.Organization)
	}
	if !slices.Contains([]string{"name", "slug"}, cfg.TeamNames) {
		bad("team_names is %q; it must be one of name, slug", cfg.TeamNames)
	}
	if u, err := url.Parse(cfg.BaseURL); err == nil {
		host, path := u.Hostname(), strings.Trim(u.Path, "/")
		switch {
		case host == "github.com" || host == "www.github.com":
			bad("base_url is the address of the web site; the API is at %s, which is the default", DefaultBaseURL)
		case strings.HasSuffix(host, ".ghe.com") && !strings.HasPrefix(host, "api."):
			bad("base_url is the address of the web site; the API is at https://api.%s", host)
		case strings.HasPrefix(host, "api.") && path != "":
			bad("base_url must not have a path: https://%s", host)
		case path == "graphql" || path == "api/graphql":
			bad("base_url is the address of GraphQL; this kind speaks REST: https://%s/api/v3", host)
		}
	}
	return errors.Join(problems...)
}
