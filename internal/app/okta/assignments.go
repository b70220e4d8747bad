package okta

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// assignment is a user's assignment to an application.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationUsers
type assignment struct {
	ID       string // of the user
	Scope    string // USER: made for this user; GROUP: because the user is in a group
	Status   string
	Created  string
	Profile  map[string]any
	Embedded struct {
		User user
	} `json:"_embedded"`
	Links struct {
		Group struct{ Href, Name string }
	} `json:"_links"`
}

func (a assignment) id() string { return a.ID }

// groupID is the group that makes the assignment, where Okta says so.
func (a assignment) groupID() string {
	u, err := url.Parse(a.Links.Group.Href)
	if err != nil || a.Scope != "GROUP" {
		return ""
	}
	return u.Path[strings.LastIndexByte(u.Path, '/')+1:]
}

// via names what else makes the assignment; "" for one that can be taken away by itself.
func (a assignment) via() string {
	switch {
	case a.Scope != "GROUP":
		return ""
	case a.Links.Group.Name != "":
		return "group " + a.Links.Group.Name
	case a.groupID() != "":
		return "group " + a.groupID()
	}
	return "a group"
}

// active reports whether the assignment, and the user whose it is, count.
func (a assignment) active() bool {
	switch a.Status {
	case "SUSPENDED", "DEPROVISIONED", "INACTIVE", "UNASSIGNED", "REVOKED":
		return false
	}
	return a.Embedded.User.ID == "" || a.Embedded.User.active()
}

func (d *Directory) assignmentsOf(ctx context.Context, appID, op, subject string) iter.Seq2[assignment, error] {
	return rows(ctx, listing{
		client: d.client, op: op, subject: subject, path: []string{"apps", appID, "users"}, limit: assignmentPage,
		query: []httpclient.Param{{Key: "expand", Value: "user"}}, known: true,
	}, assignment.id)
}

// assigned reads one assignment; NotFound when there is none, or no such application.
func (d *Directory) assigned(ctx context.Context, appID string, ref access.AccountRef, op string) (assignment, error) {
	var a assignment
	if ref.ID == "" {
		return a, d.fault(fault.New(fault.Invalid, "it has no id in the app"), op, label(ref))
	}
	err := d.get(ctx, op, label(ref), &a, []string{"apps", appID, "users", ref.ID}, httpclient.Param{Key: "expand", Value: "user"})
	if err == nil && a.ID != ref.ID {
		err = d.fault(fault.New(fault.Unavailable, "Okta answered without the assignment, or with another one"), op, label(ref))
	}
	return a, err
}

// assign assigns a user who is not assigned yet; whoever is stays as they are, because assigning anew would turn what
// a group gives into something that has to be taken away by hand. Assigning twice is assigning once: again says that an
// unclear answer may be followed by another request, as for a license. The creation of an account is never repeated.
func (d *Directory) assign(ctx context.Context, appID string, ref access.AccountRef, profile map[string]any, op string, again bool) (a assignment, already bool, err error) {
	a, err = d.assigned(ctx, appID, ref, op)
	if !errors.Is(err, fault.NotFound) {
		return a, err == nil, err
	}
	body := map[string]any{"id": ref.ID, "scope": "USER"}
	if len(profile) > 0 {
		body["profile"] = profile
	}
	var resp *httpclient.Response
	_, waitErr := d.eventually(ctx, func() (bool, error) {
		resp, err = d.http.Do(ctx, httpclient.Request{
			Op: op, Subject: label(ref), Method: http.MethodPost, Path: path("apps", appID, "users"), Body: body, Idempotent: again,
		})
		return !errors.Is(err, fault.NotFound) || !d.isOurs(ref.ID), nil
	})
	if err == nil {
		err = waitErr
	}
	if err == nil {
		if err = resp.Decode(&a); err == nil && a.ID != ref.ID {
			err = d.fault(fault.New(fault.Unconfirmed, "Okta accepted the assignment and did not answer with it"), op, label(ref))
		}
	}
	if errors.Is(err, fault.Unconfirmed) {
		if now, readErr := d.assigned(ctx, appID, ref, op); readErr == nil {
			return now, false, nil
		}
	}
	return a, false, err
}

// unassign takes an assignment away. One that a group makes cannot be taken away by itself: the error names the group.
func (d *Directory) unassign(ctx context.Context, appID string, ref access.AccountRef, op string) error {
	a, err := d.assigned(ctx, appID, ref, op)
	if errors.Is(err, fault.NotFound) {
		return d.appThere(ctx, appID, op, label(ref))
	}
	if err != nil {
		return err
	}
	if a.Scope == "GROUP" {
		return d.madeByGroup(ctx, a, op, ref)
	}
	resp, err := d.http.Do(ctx, httpclient.Request{
		Op: op, Subject: label(ref), Method: http.MethodDelete, Path: path("apps", appID, "users", ref.ID), Query: []httpclient.Param{{Key: "sendEmail", Value: "false"}},
	})
	if err == nil {
		err = d.noContent(resp, op, label(ref))
	}
	if errors.Is(err, fault.Unconfirmed) {
		if _, now := d.assigned(ctx, appID, ref, op); errors.Is(now, fault.NotFound) {
			return nil
		}
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// appThere is nil when the application exists: a missing assignment and a missing application look alike.
func (d *Directory) appThere(ctx context.Context, appID, op, subject string) error {
	var a struct{ ID string }
	err := d.get(ctx, op, subject, &a, []string{"apps", appID})
	if errors.Is(err, fault.NotFound) {
		return d.fault(&fault.Error{Kind: fault.NotFound, Cause: "there is no application " + appID + " in Okta", Next: "Check app_id."}, op, subject)
	}
	return err
}

func (d *Directory) madeByGroup(ctx context.Context, a assignment, op string, ref access.AccountRef) error {
	name := a.via()
	if id := a.groupID(); id != "" && a.Links.Group.Name == "" {
		if g, err := d.readGroup(ctx, id, op); err == nil { // for the message only
			name = "group " + g.name()
		}
	}
	return d.fault(&fault.Error{
		Kind: fault.Unsupported, Cause: "the assignment comes from the " + strings.TrimPrefix(name, "a ") + " and cannot be taken away by itself",
		State: "Nothing was written.", Next: "Take the account out of the " + strings.TrimPrefix(name, "a ") + ", or the group off the application.",
	}, op, label(ref))
}

func createdAt(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
