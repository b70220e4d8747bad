package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// App is one SCIM service provider. See [Open].
type App struct {
	name    string // of the app block
	title   string // of the vendor
	client  *httpclient.Client
	dialect Dialect
	info    app.Info

	fields     map[access.Field]path
	attributes map[string]path
	licenses   []license
	writes     *bulk
	patience   []time.Duration // Config.Patience
}

var (
	_ app.AccountReader = (*App)(nil)
	_ app.AccountWriter = (*App)(nil)
	_ app.GroupReader   = (*App)(nil)
	_ app.GroupWriter   = (*App)(nil)
	_ app.LicenseReader = (*App)(nil)
	_ app.LicenseWriter = (*App)(nil)
	_ app.Sizer         = (*App)(nil)
	_ app.App           = (*App)(nil)
)

// Info describes the app.
func (a *App) Info() app.Info {
	info := a.info
	info.MaxAccountWrites = a.writes.most()
	return info
}

// Requests is the number of HTTP requests sent so far, retries included.
func (a *App) Requests() int64 { return a.client.Requests() }

// Check lists one account.
func (a *App) Check(ctx context.Context) error {
	l := a.listing("Users", "reach the app", "")
	l.size = 1
	_, err := l.page(ctx, l.firstPage())
	return err
}

// tenant tells tenants apart: host and path, as far as they can be spelled differently.
func tenant(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if port := u.Port(); port != "" && (u.Scheme != "https" || port != "443") && (u.Scheme != "http" || port != "80") {
		host += ":" + port
	}
	var parts []string
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(append([]string{host}, parts...), "/")
}

// explain reads the error message of RFC 7644 section 3.12. Only its machine code is used: the status
// comes first, the code second, and the text never, because it may repeat anything.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	var body struct {
		ScimType           any
		ErrorCode          any `json:"error_code"`
		ExceptionRequestID any `json:"exceptionRequestId"` // AWS
	}
	_ = json.Unmarshal(f.Body, &body) // what is no JSON has no code
	d := httpclient.Diagnosis{RequestID: text(body.ExceptionRequestID), Code: text(body.ScimType)}
	if d.Code == "" {
		d.Code = text(body.ErrorCode)
	}
	if f.Status < 400 || f.Status >= 500 || f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden {
		return d
	}
	switch f.Status {
	case http.StatusUnsupportedMediaType:
		d.Cause, d.Next = "the app does not take this kind of body", "Set content_type in the override block."
		return d
	case http.StatusMethodNotAllowed:
		if f.Method == http.MethodPatch {
			d.Cause, d.Next = "the app does not take PATCH here", `Set update_with = "put" in the override block.`
		}
		return d
	}
	switch strings.ToLower(text(body.ScimType)) {
	case "uniqueness":
		d.Kind = fault.Exists
	case "invalidfilter":
		d.Kind, d.Cause = fault.Unsupported, "the app cannot evaluate the filter"
		d.Next = "Set user_filters or group_filters in the override block to what the app can filter by."
	case "mutability":
		d.Kind, d.Cause = fault.Unsupported, "the app does not let this attribute be changed"
		d.Next = "Set fields in the override block to the fields that the app keeps."
	case "toomany":
		d.Kind = fault.LimitReached
	case "expiredcursor", "invalidcursor":
		d.Kind, d.Cause, d.Next = fault.Unavailable, "the app gave up the listing in the middle: its cursor is no longer valid", "Run again."
	}
	return d
}

// lacks refuses what this app cannot do, before anything is sent.
func (a *App) lacks(c app.Capability, op, subject string) error {
	why, ok := a.info.Lacks[c]
	if !ok {
		return nil
	}
	return a.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, subject)
}

func (a *App) fault(err error, op, subject string) error {
	err = fault.In(err, a.name, op, subject)
	var f *fault.Error
	if errors.As(err, &f) && f.Protocol == "" {
		f.Protocol = "scim"
	}
	return err
}

// send makes a request and reads the resource in the answer. A nil object without an error means that
// the answer had none, or not one that names the resource's id: then it has to be read.
func (a *App) send(ctx context.Context, r httpclient.Request) (object, *httpclient.Response, error) {
	resp, err := a.writes.do(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if resp.Empty() {
		return nil, resp, nil
	}
	var o object
	if err := resp.Decode(&o); err != nil {
		if r.Method == http.MethodGet {
			return nil, resp, err
		}
		return nil, resp, nil
	}
	if o.text("id") == "" {
		if r.Method == http.MethodGet {
			return nil, resp, a.fault(fault.New(fault.Invalid, "the app answered with a resource that has no id"), r.Op, r.Subject)
		}
		return nil, resp, nil
	}
	return o, resp, nil
}

// read gets one resource by id.
func (a *App) read(ctx context.Context, endpoint, id, op, subject string, query ...httpclient.Param) (object, error) {
	if id == "" {
		return nil, a.fault(fault.New(fault.Invalid, "it has no id in the app"), op, subject)
	}
	o, _, err := a.send(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodGet, Path: []string{endpoint, id}, Query: query})
	if err != nil {
		return nil, err
	}
	if o == nil { // a body-less 200 says nothing about the resource, least of all that it is gone
		return nil, a.fault(fault.New(fault.Unavailable, "the app answered without the resource"), op, subject)
	}
	return o, nil
}

// eventually calls look until it is satisfied, fails, or patience ends.
func (a *App) eventually(ctx context.Context, look func() (done bool, err error)) (bool, error) {
	pauses := a.patience
	if pauses == nil {
		pauses = []time.Duration{time.Second, 3 * time.Second}
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
