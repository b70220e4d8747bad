package entraid

import (
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// tenant is a connector with the tenant behind it, and a clock that only notes how long it was to wait.
type tenant struct {
	*App
	*graphtest.Server
	mu    sync.Mutex
	waits []time.Duration
}

func newTenant(t *testing.T, o graphtest.Options, tune func(*Config)) *tenant {
	t.Helper()
	x := &tenant{Server: graphtest.New(checked(t, description(t), o))}
	ts := httptest.NewServer(x.Server)
	t.Cleanup(ts.Close)
	cfg := Config{
		Name: "entra", TenantID: testTenant, Endpoint: ts.URL, Auth: Auth{Token: testToken}, UsageLocation: "ES", MaxRetries: new(2),
		MaxRequestsPerSecond: 100_000,
	}
	if tune != nil {
		tune(&cfg)
	}
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.sleep = func(_ context.Context, d time.Duration) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.waits = append(x.waits, d)
		return nil
	}
	x.App = a
	return x
}

// person is somebody with a user name and an employee id of that number.
func (x *tenant) person(i int) *graphtest.User {
	name := "user" + strconv.Itoa(i)
	return x.Add(map[string]any{
		"userPrincipalName": name + "@acme.example", "mail": name + "@acme.example", "displayName": name, "employeeId": "p" + strconv.Itoa(i), "usageLocation": "ES",
	})
}

func (x *tenant) people(n int) []*graphtest.User {
	list := make([]*graphtest.User, n)
	for i := range list {
		list[i] = x.person(i)
	}
	return list
}

func ids(users []*graphtest.User) []string {
	list := make([]string, len(users))
	for i, u := range users {
		list[i] = u.ID
	}
	return list
}

func refTo(u *graphtest.User) access.AccountRef {
	return access.AccountRef{ID: u.ID, UserName: text(u.Props["userPrincipalName"])}
}

// spec asks for somebody new.
func spec(name, person string) access.AccountSpec {
	return access.AccountSpec{Values: map[access.Field]string{access.UserName: name, access.PersonID: person, access.DisplayName: name}}
}

// bodies are those of the requests of a kind.
func (x *tenant) bodies(kind string) []string {
	var list []string
	for _, r := range x.Server.Requests() {
		if r.Kind == kind {
			list = append(list, r.Body)
		}
	}
	return list
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
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

// failed fails the test unless err is of the kind; it answers the fault.
func failed(t *testing.T, err error, kind fault.Kind) fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind {
		t.Fatalf("want %q, got %v", kind.Error(), err)
	}
	return *f
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
