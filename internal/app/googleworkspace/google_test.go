package googleworkspace

import (
	"errors"
	"iter"
	"maps"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace/googletest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const (
	testToken    = "s3cr3t-google-token"
	testCustomer = "C0test01"
)

// estate is a customer of a fake Google and a connector to it that repeats nothing and does not wait.
type estate struct {
	*googletest.Server
	*App
}

func newEstate(t testing.TB, tune func(*Config), o googletest.Options) estate {
	t.Helper()
	return newEstateBehind(t, described(t), tune, o)
}

// described is what Google says about its APIs, or nil.
func described(t testing.TB) *apptest.Discovery {
	t.Helper()
	d := apptest.FindDiscovery(t, "google-directory.json", "google-licensing.json")
	if d != nil {
		d.Any = map[string]string{"User.externalIds": "UserExternalId", "User.organizations": "UserOrganization", "User.relations": "UserRelation"}
	}
	return d
}

func newEstateBehind(t testing.TB, d *apptest.Discovery, tune func(*Config), o googletest.Options) estate {
	t.Helper()
	o.Token, o.Customer = testToken, testCustomer
	s := googletest.New(o)
	ts := httptest.NewServer(d.Handler(t, s))
	t.Cleanup(ts.Close)
	t.Cleanup(s.Close)
	cfg := Config{
		Name: "google", CustomerID: testCustomer, AccessToken: testToken, Endpoint: ts.URL, MaxRetries: new(int), MaxRequestsPerSecond: 100_000,
		GroupDomain: "acme.example", Licenses: []License{{Product: "Google Workspace"}},
	}
	if tune != nil {
		tune(&cfg)
	}
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.patience = []time.Duration{}
	return estate{s, a}
}

// person makes an account in the fake and gives its reference.
func (e estate) person(name string, more map[string]any) access.AccountRef {
	u := map[string]any{"primaryEmail": name + "@acme.example", "name": map[string]any{"givenName": name, "familyName": "Test"}}
	maps.Copy(u, more)
	return access.AccountRef{ID: e.AddUser(u), UserName: name + "@acme.example"}
}

// raw is an account as the fake holds it.
func (e estate) raw(t testing.TB, id string) map[string]any {
	t.Helper()
	for _, u := range e.Users() {
		if u["id"] == id {
			return u
		}
	}
	t.Fatalf("there is no account %s", id)
	return nil
}

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// spec asks for these fields: "title", "Engineer".
func spec(pairs ...string) access.AccountSpec {
	s := access.AccountSpec{Values: map[access.Field]string{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Values[access.Field(pairs[i])] = pairs[i+1]
	}
	return s
}

func newcomer(name string, more ...string) access.AccountSpec {
	return spec(append([]string{"user_name", name + "@acme.example", "given_name", name, "family_name", "Test"}, more...)...)
}

// wantKind fails unless err is a fault of the kind, and gives its parts.
func wantKind(t testing.TB, err error, kind fault.Kind) fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind {
		t.Fatalf("got %v, want %q", err, kind.Error())
	}
	return *f
}

func (e estate) sent(t testing.TB, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, r := range e.Server.Requests() {
		got[r.Op]++
	}
	for op, n := range want {
		if got[op] != n {
			t.Errorf("%d requests %s, want %d (all: %v)", got[op], op, n, got)
		}
		delete(got, op)
	}
	if len(got) > 0 {
		t.Errorf("unexpected requests: %v", got)
	}
}
