package entraid

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// answering is a connector to a service that answers as h does.
func answering(t *testing.T, h http.HandlerFunc) *App {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	a, err := Open(Config{Name: "entra", TenantID: testTenant, Endpoint: ts.URL, Auth: Auth{Token: testToken}, MaxRetries: new(0)})
	if err != nil {
		t.Fatal(err)
	}
	a.patience = []time.Duration{}
	return a
}

func TestAccountsAsTheyAre(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.Attributes = []Attribute{{"office", "officeLocation"}} })
	boss := x.person(1)
	ana := x.person(2)
	ana.Manager = boss.ID
	ana.Props["officeLocation"] = "Bilbao"
	x.Add(map[string]any{
		"userPrincipalName": "bo_partner.example#EXT#@acme.example", "userType": "Guest", "externalUserState": "PendingAcceptance", "creationType": "Invitation",
	})
	list := collect(t, x.Accounts(t.Context(), access.AccountFilter{}))
	if a := list[1]; a.Manager != boss.ID || a.Attributes["office"] != "Bilbao" || a.External || a.Status != "enabled" || a.Created.Year() != 2024 || !a.LastLogin.IsZero() || a.NeverUsed {
		t.Errorf("%+v", a)
	}
	if g := list[2]; !g.External || g.Status != "invited" || !g.Active {
		t.Errorf("%+v", g)
	}
	if x.Count() != 1 {
		t.Errorf("%d requests: managers come with the listing", x.Count())
	}
	// Every account is read back by its own name, however it is spelled.
	for _, a := range list {
		got := collect(t, x.Accounts(t.Context(), access.AccountFilter{Field: access.UserName, Value: strings.ToUpper(a.UserName)}))
		if len(got) != 1 || got[0].ID != a.ID {
			t.Errorf("%s: %+v", a.UserName, got)
		}
	}
	for range 2 {
		got, err := x.UpdateAccount(t.Context(), refTo(ana), access.AccountSpec{Values: map[access.Field]string{access.Manager: ""}})
		if err != nil || got.Manager != "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestSignInActivity(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.SignInActivity = true })
	for name, signIns := range map[string]map[string]any{
		"guessed": {"lastSignInDateTime": "2026-03-01T00:00:00Z", "lastSuccessfulSignInDateTime": "2025-01-01T00:00:00Z"},
		"silent":  {"lastSignInDateTime": "2024-03-01T00:00:00Z", "lastNonInteractiveSignInDateTime": "2025-06-01T00:00:00Z"},
		"never":   nil, "before": nil,
	} {
		u := x.Add(map[string]any{"userPrincipalName": name})
		if signIns != nil {
			u.Props["signInActivity"] = signIns
		}
		if name == "before" { // there were accounts before anybody counted
			u.Props["createdDateTime"] = "2019-05-01T00:00:00Z"
		}
	}
	for _, a := range collect(t, x.Accounts(t.Context(), access.AccountFilter{})) {
		want := map[string]string{"guessed": "2025-01-01", "silent": "2025-06-01", "never": "0001-01-01", "before": "0001-01-01"}[a.UserName]
		if got := a.LastLogin.Format(time.DateOnly); got != want || a.NeverUsed != (a.UserName == "never") {
			t.Errorf("%s: last %s, want %s; never %v", a.UserName, got, want, a.NeverUsed)
		}
	}
	if q := x.Server.Requests()[0].Query; !strings.Contains(q, "%24top=500") {
		t.Errorf("the service takes 500 to a page with sign-in activity: %s", q)
	}
	x = newTenant(t, graphtest.Options{NoPremium: true}, func(c *Config) { c.SignInActivity = true })
	for _, err := range x.Accounts(t.Context(), access.AccountFilter{}) {
		if f := failed(t, err, fault.Forbidden); !strings.Contains(f.Next, "sign_in_activity = false") {
			t.Errorf("%+v", f)
		}
	}
	x = newTenant(t, graphtest.Options{}, nil)
	x.people(1)
	collect(t, x.Accounts(t.Context(), access.AccountFilter{}))
	if q := x.Server.Requests()[0].Query; strings.Contains(q, "signInActivity") {
		t.Errorf("asked for sign-ins unconfigured: %s", q)
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	u := x.person(1)
	for range 2 {
		if err := x.EndSessions(t.Context(), refTo(u)); err != nil || u.Props["signInSessionsValidFromDateTime"] == nil {
			t.Errorf("%v, %v", u.Props, err)
		}
	}
	if err := x.EndSessions(t.Context(), access.AccountRef{ID: "gone"}); err != nil {
		t.Errorf("nobody's sessions: %v", err)
	}
	x.Fail(graphtest.Fault{Kinds: []string{"POST /users/{id}/revokeSignInSessions"}, Status: 403})
	failed(t, x.EndSessions(t.Context(), refTo(u)), fault.Forbidden)
	if !u.Props["accountEnabled"].(bool) {
		t.Error("the account was disabled")
	}
}

func TestSelf(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{Person: "user1@acme.example"}, nil)
	u := x.person(1)
	if ref, err := x.Self(t.Context()); err != nil || ref != refTo(u) {
		t.Errorf("%+v, %v", ref, err)
	}
	x = newTenant(t, graphtest.Options{}, nil) // a token made for an application
	_, err := x.Self(t.Context())
	failed(t, err, fault.NotFound)
	a, err := Open(Config{Name: "entra", TenantID: testTenant, Auth: Auth{ClientID: "c", ClientSecret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Self(t.Context())
	if failed(t, err, fault.NotFound); a.Requests() != 0 {
		t.Errorf("%d requests to learn what is known", a.Requests())
	}
}

// Errors are told apart by code and status, never by text; forbidden is never "gone".
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		detail string
		want   fault.Kind
	}{
		{404, "Request_ResourceNotFound", "", fault.NotFound},
		{404, "UnknownError", "", fault.Invalid},
		{403, "Request_ResourceNotFound", "", fault.Forbidden},
		{403, "Directory_ObjectNotFound", "", fault.Forbidden},
		{403, "Authorization_RequestDenied", "", fault.Forbidden},
		{403, "Directory_QuotaExceeded", "", fault.LimitReached},
		{400, "Request_BadRequest", "", fault.Invalid},
		{400, "Request_BadRequest", "ObjectConflict", fault.Exists},
		{400, "Request_BadRequest", "CountViolation", fault.LimitReached},
		{400, "Request_MultipleObjectsWithSameKeyValue", "", fault.Exists},
		{400, "Directory_ExpiredPageToken", "", fault.Unavailable},
		{400, "Request_UnsupportedQuery", "", fault.Unsupported},
		{401, "InvalidAuthenticationToken", "", fault.Unauthenticated},
		{503, "Request_ResourceNotFound", "", fault.Unavailable},
	} {
		x := newTenant(t, graphtest.Options{}, func(c *Config) { c.MaxRetries = new(0) })
		var details []string
		if c.detail != "" {
			details = []string{c.detail}
		}
		x.Fail(graphtest.Fault{Status: c.status, Code: c.code, Details: details})
		_, err := x.Account(t.Context(), access.AccountRef{ID: "x"})
		f := failed(t, err, c.want)
		if want := c.code; c.detail == "" && f.Code != want || c.detail != "" && f.Code != c.detail {
			t.Errorf("%d %s %s: code %q", c.status, c.code, c.detail, f.Code)
		}
		if strings.Contains(err.Error(), "In words") || strings.Contains(err.Error(), "may change") {
			t.Errorf("the service's text shows: %v", err)
		}
	}
}

func TestListingCost(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	x.people(1000)
	x.AddGroup(map[string]any{"displayName": "team"})
	for c, want := range map[app.Collection]int{app.CollectionAccounts: 2, app.CollectionGroups: 1} {
		if n, err := x.ListingCost(t.Context(), c); err != nil || n != want {
			t.Errorf("%s: %d, %v", c, n, err)
		}
	}
}
