package phonebook

import (
	"net/http/httptest"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	apptest.Run(t, apptest.Harness{PageSize: pageSize, Secret: secret, Retries: true, Open: open})
}

func open(t testing.TB, w apptest.World) apptest.Subject {
	t.Helper()
	f := newFake()
	f.fill(w)
	faults := apptest.NewFaults(map[apptest.Op][]string{
		apptest.ListAccounts: {"GET /users"}, apptest.ReadAccount: {"GET /users/{id}"}, apptest.CreateAccount: {"POST /users"},
		apptest.UpdateAccount: {"PATCH /users/{id}"}, apptest.Deactivate: {"PATCH /users/{id}"}, apptest.DeleteAccount: {"DELETE /users/{id}"},
		apptest.ListGroups: {"GET /teams"}, apptest.ReadGroup: {"GET /teams/{id}"}, apptest.ListMembers: {"GET /teams/{id}"},
	})
	server := httptest.NewServer(faults.Handler(f, refuse))
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
