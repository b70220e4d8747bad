package phonebook

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	const pageSize = 4
	apptest.Run(t, apptest.Harness{
		PageSize: pageSize, Secret: secret, Retries: true,
		Open: func(t testing.TB, w apptest.World) apptest.Subject { return open(t, w, pageSize) },
	})
}

// open makes a phonebook that holds w, and a connector to it.
func open(t testing.TB, w apptest.World, pageSize int) apptest.Subject {
	t.Helper()
	f := newFake(pageSize)
	f.fill(w)
	faults := apptest.NewFaults(map[apptest.Op][]string{
		apptest.ListAccounts: {"GET /users"}, apptest.ReadAccount: {"GET /users/{id}"}, apptest.CreateAccount: {"POST /users"},
		apptest.UpdateAccount: {"PATCH /users/{id}"}, apptest.Deactivate: {"PATCH /users/{id}"}, apptest.DeleteAccount: {"DELETE /users/{id}"},
		apptest.ListGroups: {"GET /teams"}, apptest.ReadGroup: {"GET /teams/{id}"}, apptest.ListMembers: {"GET /teams/{id}"},
	})
	described := apptest.FindOpenAPI(t, "testdata/phonebook.json").Handler(t, f)
	server := httptest.NewServer(faults.Handler(described, refuse))
	t.Cleanup(server.Close)
	retries := 0
	if w.Retry {
		retries = 1
	}
	a, err := Open(httpclient.Options{System: "app", BaseURL: server.URL, Auth: httpclient.Auth{Token: secret}, MaxRetries: &retries})
	if err != nil {
		t.Fatal(err)
	}
	return apptest.Subject{App: a, Look: f.look, Inject: faults.Inject, Count: faults.Count, Reset: faults.Reset}
}

// Refreshing 1,000 accounts and 50 teams of 100 members takes 5 pages of users and 1 of teams, whose members come along.
func TestRequestsToRefresh(t *testing.T) {
	t.Parallel()
	var w apptest.World
	for i := range 1000 {
		w.Accounts = append(w.Accounts, access.Account{UserName: fmt.Sprint("user", i), Active: true})
	}
	for i := range 50 {
		g := access.Group{Name: fmt.Sprint("team", i)}
		for m := range 100 {
			g.Members = append(g.Members, access.Member{UserName: fmt.Sprint("user", i+m)})
		}
		w.Groups = append(w.Groups, g)
	}
	s := open(t, w, 200)
	a := s.App.(*App)
	accounts, members := 0, 0
	for _, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		if accounts++; err != nil {
			t.Fatal(err)
		}
	}
	for g, err := range a.Groups(t.Context(), true) {
		if members += len(g.Members); err != nil || !g.MembersKnown {
			t.Fatalf("%+v, %v", g, err)
		}
	}
	if accounts != 1000 || members != 5000 {
		t.Errorf("read %d accounts and %d members", accounts, members)
	}
	users, teams, all := s.Count(apptest.ListAccounts), s.Count(apptest.ListGroups), s.Count(apptest.Any)
	if users != 5 || teams != 1 || all != 6 {
		t.Errorf("%d requests, %d for users and %d for teams; want 6, 5 and 1", all, users, teams)
	}
}
