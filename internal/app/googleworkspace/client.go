// Package googleworkspace connects Google Workspace and Cloud Identity: accounts, groups and roles by the Directory
// API (developers.google.com/workspace/admin/directory/reference/rest), licenses by the Enterprise License Manager
// API (developers.google.com/workspace/admin/licensing/reference/rest).
package googleworkspace

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// App is one customer. See [Open].
type App struct {
	name        string
	cfg         Config
	scopes      []string
	groupDomain string
	dynamic     []string // addresses
	products    []product
	tokens      *tokens
	directory   *httpclient.Client
	licensing   *httpclient.Client
	info        app.Info
	// patience are the pauses before looking again for what Google made and does not show everywhere yet; nil means
	// defaultPatience.
	patience []time.Duration

	mu      sync.Mutex
	created map[string]bool // ids and addresses of what this run made
	deleted *[]user         // accounts that can be restored; nil when not read
	people  addresses
	// relisted: accounts were listed once more for a holder of a license whom the first listing did not know.
	relisted bool
	// holdings are the licenses by product id and account, as far as they have been read.
	holdings map[string]map[string]string
	// turns are held while the licenses of a product are read or changed.
	turns map[string]*sync.Mutex
}

var (
	_ app.App           = (*App)(nil)
	_ app.AccountReader = (*App)(nil)
	_ app.AccountWriter = (*App)(nil)
	_ app.GroupReader   = (*App)(nil)
	_ app.GroupWriter   = (*App)(nil)
	_ app.LicenseReader = (*App)(nil)
	_ app.LicenseWriter = (*App)(nil)
	_ app.SessionEnder  = (*App)(nil)
	_ app.Self          = (*App)(nil)
)

// defaultPatience adds up to half a minute: long enough for what usually settles in seconds. Waiting for an etag to
// stop changing takes minutes for each account and proves nothing, so nothing here does.
var defaultPatience = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// Info describes the app.
func (a *App) Info() app.Info { return a.info }

// Requests is the number of HTTP requests sent so far, retries included and those for tokens not.
func (a *App) Requests() int64 { return a.directory.Requests() + a.licensing.Requests() }

// Check lists one account.
func (a *App) Check(ctx context.Context) error {
	const op = "reach the app"
	resp, err := a.directory.Do(ctx, httpclient.Request{Op: op, Method: http.MethodGet, Path: usersPath(), Query: []httpclient.Param{
		{Key: "customer", Value: a.cfg.CustomerID}, {Key: "maxResults", Value: "1"}, {Key: "fields", Value: "kind,users/id"},
	}})
	if err != nil {
		return a.misplaced(err, op)
	}
	var page struct{ Kind string }
	if err := resp.Decode(&page); err != nil {
		return err
	}
	if page.Kind != usersKind {
		return a.fault(fault.New(fault.Invalid, "the answer is JSON, but no list of accounts"), op, "")
	}
	return nil
}

// Self is the administrator on whose behalf the service account acts.
func (a *App) Self(ctx context.Context) (access.AccountRef, error) {
	if a.cfg.AdminEmail == "" {
		return access.AccountRef{}, a.fault(fault.New(fault.NotFound, "the credential acts for no account"), "find the own account", "")
	}
	u, err := a.readUser(ctx, "find the own account", a.cfg.AdminEmail, a.cfg.AdminEmail)
	return access.AccountRef{ID: u.ID, UserName: u.PrimaryEmail}, err
}

func usersPath(more ...string) []string {
	return append([]string{"admin", "directory", "v1", "users"}, more...)
}

func groupsPath(more ...string) []string {
	return append([]string{"admin", "directory", "v1", "groups"}, more...)
}

func (a *App) fault(err error, op, subject string) error {
	err = fault.In(err, a.name, op, subject)
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = "google"
	}
	return err
}

// misplaced makes of "not found" for a whole collection what it is: a wrong customer or address.
func (a *App) misplaced(err error, op string) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.NotFound {
		return err
	}
	c := *f
	c.Kind, c.Cause = fault.Invalid, "Google does not know the customer "+a.cfg.CustomerID
	c.Next = "Check customer_id: it is in the Admin console under Account settings."
	return a.fault(&c, op, "")
}

// explain reads Google's error format (cloud.google.com/apis/design/errors, and the older one with reasons inside):
// its codes, never its texts.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body struct {
		Error struct {
			Status  string
			Errors  []struct{ Reason string }
			Details []struct{ Reason string }
		}
	}
	_ = json.Unmarshal(f.Body, &body) // what is no JSON has no code
	e := body.Error
	codes := []string{}
	for _, list := range [][]struct{ Reason string }{e.Errors, e.Details} {
		for _, r := range list {
			codes = append(codes, r.Reason)
		}
	}
	codes = append(codes, e.Status)
	var d httpclient.Diagnosis
	for _, c := range codes {
		if d.Code == "" {
			d.Code = c
		}
		switch c {
		case "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED":
			d.Kind, d.Code = fault.RateLimited, c
			return d
		}
	}
	switch d.Code {
	case "dailyLimitExceeded":
		d.Kind, d.Cause = fault.LimitReached, "the Google Cloud project has used up its requests of the day"
		d.Next = "Raise the quota of the Admin SDK API in the project, or wait until tomorrow."
	case "limitExceeded":
		d.Kind, d.Cause = fault.LimitReached, "a limit of the Google Workspace subscription is reached"
		d.Next = "Buy licenses, or free some, in the Admin console under Billing."
	case "accessNotConfigured", "SERVICE_DISABLED":
		d.Kind, d.Cause = fault.Forbidden, "the API is not enabled in the Google Cloud project of the service account"
		d.Next = "Enable the Admin SDK API, and with license blocks the Enterprise License Manager API, in that project."
	case "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		d.Kind, d.Cause = fault.Forbidden, "the access token lacks a scope"
		d.Next = "Grant the scopes that the guide names, or correct scopes."
	case "domainCannotUseApis":
		d.Kind, d.Cause = fault.Forbidden, "the customer does not let the API be used"
		d.Next = "Allow API access in the Admin console under Security, API controls."
	case "forbidden", "notAuthorized":
		d.Cause = "the administrator on whose behalf this runs may not do this"
		d.Next = "Give admin_email a role with the privilege; accounts of super administrators can only be changed by one."
	case "duplicate", "memberExists", "entityExists", "alreadyExists", "ALREADY_EXISTS":
		d.Kind = fault.Exists
	}
	return d
}

// remember notes what this run made, so that "not found" is not believed at once.
func (a *App) remember(keys ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.created == nil {
		a.created = map[string]bool{}
	}
	for _, k := range keys {
		a.created[strings.ToLower(k)] = true
	}
}

func (a *App) forget(keys ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range keys {
		delete(a.created, strings.ToLower(k))
	}
}

func (a *App) fresh(keys []string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range keys {
		if k != "" && a.created[strings.ToLower(k)] {
			return true
		}
	}
	return false
}

// patiently does what concerns the keys. Google's servers learn of a new account or group one after the other, and
// until then answer 404, or 403: for what this run made that means "not yet", up to a bound, and is no knowledge after
// it: then the answer is of the kind given.
func (a *App) patiently(ctx context.Context, otherwise fault.Kind, do func() error, keys ...string) error {
	var err error
	_, waitErr := a.eventually(ctx, func() (bool, error) {
		err = do()
		notYet := errors.Is(err, fault.NotFound) || errors.Is(err, fault.Forbidden)
		return !notYet || !a.fresh(keys), nil
	})
	if waitErr != nil && err == nil {
		return waitErr
	}
	var f *fault.Error
	if errors.As(err, &f) && (f.Kind == fault.NotFound || f.Kind == fault.Forbidden) && a.fresh(keys) {
		c := *f
		c.Kind, c.Cause = otherwise, "this run made it, and Google does not show it everywhere yet"
		c.State, c.Next = "It exists; this step was not done.", "Run again in a few minutes."
		return &c
	}
	return err
}

// eventually looks until done, or an error, or the end of its patience.
func (a *App) eventually(ctx context.Context, look func() (done bool, err error)) (bool, error) {
	pauses := a.patience
	if pauses == nil {
		pauses = defaultPatience
	}
	for i := 0; ; i++ {
		done, err := look()
		if done || err != nil || i == len(pauses) {
			return done, err
		}
		t := time.NewTimer(pauses[i])
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false, ctx.Err()
		}
	}
}

// unconfirmed is for a write that was accepted and could not be read back.
func unconfirmed(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.Kind = fault.Unconfirmed
	c.State = "Google accepted the change; what it holds now could not be read."
	return &c
}

func label(ref access.AccountRef) string {
	if ref.UserName != "" {
		return ref.UserName
	}
	return ref.ID
}

// isAddress reports whether s can be the address of an account or group, so that nothing else becomes a key.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, " \t\r\n\"\\/,;:<>()[]%?#&=*") && !strings.Contains(domain, "@")
}
