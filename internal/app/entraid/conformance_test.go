package entraid

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
)

const (
	testToken  = "s3cr3t-graph-token"
	testTenant = "0f0e0d0c-0b0a-4900-8807-060504030201"
)

var (
	readDescription sync.Once // which takes longer than most tests
	vendor          *apptest.Description
)

// description is the vendor's, with the places where it is known to be wrong about its own service.
func description(t testing.TB) *apptest.Description {
	t.Helper()
	readDescription.Do(func() { vendor = findDescription(t) })
	return vendor
}

func findDescription(t testing.TB) *apptest.Description {
	t.Helper()
	return apptest.FindOpenAPI(t, "msgraph.json",
		apptest.Deviation{Contains: "there is no parameter $skiptoken", Why: "links to next pages carry it, and are to be followed as they are"},
		apptest.Deviation{Contains: "there is no property .@odata.context", Why: "an annotation of OData that every answer carries"},
		apptest.Deviation{Contains: "there is no property .@odata.count", Why: "the annotation that $count=true asks for"},
		apptest.Deviation{Contains: ".@odata.type", Why: "an annotation of OData that tells users from groups among members; the description trims it"},
		apptest.Deviation{Contains: "there is no property .members@odata.bind", Why: "the documented way to add many: learn.microsoft.com/graph/api/group-post-members, example 2"},
		apptest.Deviation{Contains: "there is no property .owners@odata.bind", Why: "the same for owners"},
		apptest.Deviation{Contains: "ODataCountResponse: value must be an integer", Why: "a number as text/plain, which the checker reads as a string"},
		apptest.Deviation{Contains: `response header Content-Type has unexpected value`, Why: "PATCH answers 204 without a body"},
	)
}

// checked is options with the description in front of the fake.
func checked(t testing.TB, d *apptest.Description, o graphtest.Options) graphtest.Options {
	o.Token = testToken
	o.Described = func(next http.Handler) http.Handler { return d.Handler(t, next) }
	return o
}

func TestConformance(t *testing.T) {
	t.Parallel()
	d := description(t)
	t.Run("members", func(t *testing.T) {
		t.Parallel()
		apptest.Run(t, harness(d, false))
	})
	t.Run("members and owners", func(t *testing.T) {
		t.Parallel()
		h := harness(d, true)
		h.TrailingPage = true // owners are a listing of their own
		h.Skip = map[string]string{"change members/in as few requests as possible": "reading the owners first is a request"}
		apptest.Run(t, h)
	})
}

func harness(d *apptest.Description, owners bool) apptest.Harness {
	const pageSize = 4
	return apptest.Harness{
		PageSize: pageSize, MemberPageSize: pageSize, NoTotals: true, ReadsBack: true, Secret: testToken, Retries: true,
		Attributes: []string{"office", "badge"}, Licenses: &apptest.Licenses{Product: "Suite", License: "Full", Other: "Viewer", Limited: true},
		Open: func(t testing.TB, w apptest.World) apptest.Subject {
			s := graphtest.New(checked(t, d, graphtest.Options{PageSize: pageSize}))
			skus := fill(s, w)
			ts := httptest.NewServer(s)
			t.Cleanup(ts.Close)
			cfg := Config{
				Name: "app", TenantID: testTenant, Endpoint: ts.URL, Auth: Auth{Token: testToken}, UsageLocation: "ES", GroupOwners: owners,
				MaxRetries: new(0), MaxRequestsPerSecond: 100_000,
				Attributes: []Attribute{{"office", "officeLocation"}, {"badge", "onPremisesExtensionAttributes/extensionAttribute1"}},
			}
			if w.Retry {
				cfg.MaxRetries = new(1)
			}
			for _, l := range []string{"Full", "Viewer"} {
				if skus[l] != "" {
					cfg.Licenses = append(cfg.Licenses, License{Product: "Suite", License: l, SKU: "SUITE_" + l})
				}
			}
			a, err := Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			a.patience, a.userPage, a.groupPage = []time.Duration{}, pageSize, pageSize
			return apptest.Subject{
				App: a, Look: func(testing.TB) apptest.World { return look(s, skus) },
				Inject: func(_ testing.TB, f apptest.Fault) { inject(s, f) },
				Count:  func(op apptest.Op) int { return s.Count(kinds(op)...) },
				Reset:  s.Reset,
			}
		},
	}
}

// fill makes the tenant hold a world; it answers the ids of the SKUs by license.
func fill(s *graphtest.Server, w apptest.World) map[string]string {
	skus := map[string]string{}
	for _, p := range w.Pools {
		skus[p.License] = s.AddSKU(graphtest.SKU{PartNumber: "SUITE_" + p.License, Enabled: p.Total}).ID
	}
	ids := map[string]string{}
	for _, a := range w.Accounts {
		props := map[string]any{"accountEnabled": a.Active, "usageLocation": "ES", "mailNickname": "x"}
		for _, p := range properties() {
			if v := a.Get(p.field); v != "" {
				props[p.name] = v
			}
		}
		u := s.Add(props)
		ids[a.UserName] = u.ID
		for _, as := range w.Assigned["Suite"] {
			if as.UserName == a.UserName {
				u.Direct[skus[as.License]] = nil
			}
		}
		u.Refresh()
	}
	for _, g := range w.Groups {
		made := s.AddGroup(map[string]any{"displayName": g.Name})
		for _, m := range g.Members {
			made.Members = append(made.Members, ids[m.UserName])
		}
	}
	return skus
}

// look reads what the tenant holds, not by Graph.
func look(s *graphtest.Server, skus map[string]string) apptest.World {
	w := apptest.World{Assigned: map[string][]access.Assignment{}}
	s.Look(func(users, _ []*graphtest.User, groups []*graphtest.Group) {
		for _, u := range users {
			a := access.Account{ID: u.ID, Manager: u.Manager}
			for _, p := range properties() {
				a.Set(p.field, text(u.Props[p.name]))
			}
			a.Active, _ = u.Props["accountEnabled"].(bool)
			a.Attributes = map[string]string{
				"office": text(u.Props["officeLocation"]), "badge": propertyValue(u.Props, "onPremisesExtensionAttributes/extensionAttribute1"),
			}
			w.Accounts = append(w.Accounts, a)
			for license, id := range skus {
				if _, ok := u.Direct[id]; ok {
					w.Assigned["Suite"] = append(w.Assigned["Suite"], access.Assignment{AccountID: u.ID, License: license})
				}
			}
		}
		for _, g := range groups {
			owning := map[string]bool{}
			for _, id := range g.Owners {
				owning[id] = true
			}
			ag := access.Group{ID: g.ID, Name: text(g.Props["displayName"])}
			for _, id := range g.Members {
				m := access.Member{AccountID: id, Role: access.DefaultRole}
				if owning[id] {
					m.Role = Owner
					delete(owning, id)
				}
				ag.Members = append(ag.Members, m)
			}
			for id := range owning {
				ag.Members = append(ag.Members, access.Member{AccountID: id, Role: OwnerOnly})
			}
			w.Groups = append(w.Groups, ag)
		}
	})
	return w
}

// kinds are the requests that an operation is made of.
func kinds(op apptest.Op) []string {
	return map[apptest.Op][]string{
		apptest.ListAccounts: {"GET /users"}, apptest.ReadAccount: {"GET /users/{id}"}, apptest.CreateAccount: {"POST /users"},
		apptest.UpdateAccount: {"PATCH /users/{id}"}, apptest.Deactivate: {"PATCH /users/{id}"}, apptest.DeleteAccount: {"DELETE /users/{id}"},
		apptest.ListGroups: {"GET /groups"}, apptest.ReadGroup: {"GET /groups/{id}"}, apptest.ListMembers: {"GET /groups/{id}/members"},
		apptest.CreateGroup: {"POST /groups"}, apptest.UpdateGroup: {"PATCH /groups/{id}"}, apptest.DeleteGroup: {"DELETE /groups/{id}"},
		apptest.ChangeMembers: {
			"PATCH /groups/{id} members", "POST /groups/{id}/members/$ref", "DELETE /groups/{id}/members/{id}/$ref",
			"POST /groups/{id}/owners/$ref", "DELETE /groups/{id}/owners/{id}/$ref",
		},
		apptest.ListPools: {"GET /subscribedSkus"}, apptest.ListAssignees: {"GET /users"}, apptest.ChangeAssignees: {"POST /users/{id}/assignLicense"},
	}[op]
}

func inject(s *graphtest.Server, f apptest.Fault) {
	if f == (apptest.Fault{}) {
		s.Recover()
		return
	}
	body := map[apptest.Body]string{apptest.BodyError: "", apptest.BodyEmpty: "empty", apptest.BodyHTML: "html", apptest.BodyGarbage: "garbage", apptest.BodyCut: "cut"}[f.Body]
	s.Fail(graphtest.Fault{
		Kinds: kinds(f.On), Skip: f.Skip, Times: f.Times, Status: f.Status, Body: body, RetryAfter: f.RetryAfter, Hang: f.Hang, Close: f.Close,
		After: f.After, RepeatPage: f.RepeatPage, TruncateAt: f.TruncateAt,
	})
}
