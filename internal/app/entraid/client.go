package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// App is one tenant of Entra ID. See [Open].
type App struct {
	name     string // of the app block
	cfg      Config
	licenses []License
	client   *httpclient.Client
	base     *url.URL // of Graph, with the version
	info     app.Info
	// userPage and groupPage are how many rows a page brings.
	userPage, groupPage int
	retries             int
	// patience are the pauses before looking again for the effect of a write; nil means defaultPatience.
	patience []time.Duration
	sleep    func(context.Context, time.Duration) error

	mu sync.Mutex
	// young are the ids that this run created: the directory may answer for a while that they do not exist.
	young map[string]bool
	skus  []sku // as last read; nil before
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
	_ app.Sizer         = (*App)(nil)
)

// Info describes the tenant.
func (a *App) Info() app.Info { return a.info }

// Requests is the number of HTTP requests sent so far, retries included. A batch is one.
func (a *App) Requests() int64 { return a.client.Requests() }

// Check lists one account.
func (a *App) Check(ctx context.Context) error {
	q := query{op: "reach the app", path: []string{"users"}, params: []httpclient.Param{{Key: "$select", Value: "id"}, {Key: "$top", Value: "1"}}}
	_, err := a.page(ctx, q)
	return err
}

// Self is the account behind the credential. Only somebody signed in to the Azure CLI, or a token made for a
// person, has one; an application has none, and then nothing is sent.
func (a *App) Self(ctx context.Context) (access.AccountRef, error) {
	const op = "find the account of the credential"
	none := a.fault(fault.New(fault.NotFound, "the credential belongs to an application, not to an account"), op, "")
	if !a.cfg.Auth.CLI && a.cfg.Auth.Token == "" {
		return access.AccountRef{}, none
	}
	var u user
	err := a.get(ctx, httpclient.Request{Op: op, Path: []string{"me"}, Query: []httpclient.Param{{Key: "$select", Value: "id,userPrincipalName"}}}, &u)
	var f *fault.Error
	if errors.As(err, &f) && (f.Status == http.StatusBadRequest || f.Status == http.StatusNotFound) {
		return access.AccountRef{}, none // /me is for people: an application is told that its request is bad
	}
	return access.AccountRef{ID: u.ID, UserName: u.UserPrincipalName}, err
}

// graphError is the error of an answer: https://learn.microsoft.com/graph/errors
// Its messages are not read: they are for people, and may repeat anything.
type graphError struct {
	Error struct {
		Code    string
		Details []struct{ Code string }
		Inner   struct {
			Code string
		} `json:"innerError"`
	}
}

// explain maps the machine code of an answer. The outer code of a refused write is nearly always
// Request_BadRequest; what was bad about it is among the details.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body graphError
	_ = json.Unmarshal(f.Body, &body) // what is no JSON has no code
	codes := []string{body.Error.Code, body.Error.Inner.Code}
	for _, d := range body.Error.Details {
		codes = append(codes, d.Code)
	}
	d := httpclient.Diagnosis{Code: body.Error.Code}
	if f.Status == http.StatusUnauthorized || f.Status >= 500 || f.Status == http.StatusTooManyRequests {
		return d
	}
	known := false
	for _, code := range codes {
		meaning, ok := meanings[code]
		if !ok || f.Status == http.StatusForbidden && meaning.kind != fault.Forbidden && meaning.kind != fault.LimitReached {
			continue // forbidden is never "gone"
		}
		if code != body.Error.Code {
			d.Code = code
		}
		d.Kind, d.Cause, d.Next, known = meaning.kind, meaning.cause, meaning.next, true
	}
	if f.Status == http.StatusNotFound && !known {
		d.Kind, d.Cause, d.Next = fault.Invalid, "the address is not known to the server", "Check cloud and endpoint."
	}
	return d
}

type meaning struct {
	kind        fault.Kind
	cause, next string
}

var meanings = map[string]meaning{
	"Request_ResourceNotFound": {kind: fault.NotFound},
	"Directory_ObjectNotFound": {kind: fault.NotFound},

	"ObjectConflict":                          {kind: fault.Exists},
	"ConflictingObjects":                      {kind: fault.Exists},
	"Request_MultipleObjectsWithSameKeyValue": {kind: fault.Exists},

	"Authorization_RequestDenied": {
		fault.Forbidden, "the application or person behind the credential lacks a permission for this",
		"Grant the permission that the guide about Entra ID names for it, with admin consent. Members of privileged roles can be changed only by a privileged administrator.",
	},
	"Authentication_RequestFromNonPremiumTenantOrB2CTenant": {
		fault.Forbidden, "the tenant has no Entra ID P1 license, without which it does not tell when people signed in",
		"Set sign_in_activity = false, or buy the license.",
	},

	"Directory_QuotaExceeded": {fault.LimitReached, "the directory, or what the application may create in it, is full", "Delete objects for good, or ask Microsoft for a higher quota."},
	"CountViolation":          {fault.LimitReached, "no license is free", "Free a license or buy more."},

	"MutuallyExclusiveViolation":         {fault.Invalid, "the license excludes another one that the account holds", "Put both licenses into one product, so that one replaces the other, or set disabled_plans."},
	"DependencyViolation":                {fault.Invalid, "a service plan of the license needs another one that is not there or that is disabled", "Change disabled_plans, or assign the license that brings the plan."},
	"ProhibitedInUsageLocationViolation": {fault.Invalid, "the license may not be used in the account's usage location", "Change the account's usage location."},

	"Directory_ConcurrencyViolation": {fault.Unavailable, "the directory was changing the same object", "Run again."},
	"ConcurrencyViolation":           {fault.Unavailable, "the directory was changing the same object", "Run again."},
	"Directory_ExpiredPageToken":     {fault.Unavailable, "the listing took too long: its next page is no longer kept", "Run again."},
	"Request_UnsupportedQuery":       {fault.Unsupported, "the directory cannot evaluate the query", ""},
}

func (a *App) fault(err error, op, subject string) error {
	err = fault.In(err, a.name, op, subject)
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = "graph"
	}
	return err
}

// get reads one resource.
func (a *App) get(ctx context.Context, r httpclient.Request, into any) error {
	r.Method = http.MethodGet
	resp, err := a.client.Do(ctx, r)
	if err != nil {
		return err
	}
	return resp.Decode(into)
}

// write sends a change and makes sure that the answer is one: 204, or a resource. Anything else may come from
// something before the service, and proves nothing. What the directory refused because it was changing the same
// object itself is sent again.
func (a *App) write(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	for attempt := 0; ; attempt++ {
		resp, err := a.client.Do(ctx, r)
		if err == nil {
			return resp, a.accepted(resp, r)
		}
		var f *fault.Error
		contended := errors.As(err, &f) && f.Kind == fault.Unavailable && f.Status >= 400 && f.Status < 500
		wait, again := a.repeat(r, outcome{err: err}, attempt)
		if !contended || !again {
			return nil, err
		}
		if err := a.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (a *App) accepted(resp *httpclient.Response, r httpclient.Request) error {
	if resp.Status == http.StatusNoContent {
		return nil
	}
	if resp.Empty() {
		return a.fault(&fault.Error{
			Kind: fault.Unconfirmed, Status: resp.Status, RequestID: resp.RequestID(), Cause: "the answer is empty where the service never leaves it so",
			State: "Whether the change was carried out is not known.", Next: "Run again.",
		}, r.Op, r.Subject)
	}
	var whatever json.RawMessage
	return resp.Decode(&whatever)
}

// defaultPatience is how long the directory is given until a write can be read: replicas lag by seconds, and
// sometimes by half a minute.
var defaultPatience = []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

func (a *App) pauses() []time.Duration {
	if a.patience == nil {
		return defaultPatience
	}
	return a.patience
}

// eventually calls look until it is satisfied, fails, or patience ends.
func (a *App) eventually(ctx context.Context, look func() (done bool, err error)) (bool, error) {
	pauses := a.pauses()
	for i := 0; ; i++ {
		done, err := look()
		if done || err != nil || i == len(pauses) {
			return done, err
		}
		if err := a.sleep(ctx, pauses[i]); err != nil {
			return false, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return &fault.Error{Kind: fault.Unavailable, Cause: "the run ended while waiting", Err: ctx.Err()}
	}
}

// remember notes an id that this run created.
func (a *App) remember(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.young[id] = true
}

func (a *App) isYoung(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.young[id]
}

// settled repeats what fails with NotFound although this run made the object, as long as patience lasts.
func (a *App) settled(ctx context.Context, id string, do func() error) error {
	err := do()
	if !a.isYoung(id) {
		return err
	}
	for _, d := range a.pauses() {
		if !errors.Is(err, fault.NotFound) {
			return err
		}
		if err := a.sleep(ctx, d); err != nil {
			return err
		}
		err = do()
	}
	return err
}
