package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// bulkServer is a sandbox with an app for it.
func bulkServer(t *testing.T, o sandbox.Options, cfg Config) (*sandbox.Server, *App) {
	t.Helper()
	o.Token = token
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, bulkApp(t, s, sandbox.BasePath, cfg)
}

func bulkApp(t *testing.T, h http.Handler, base string, cfg Config) *App {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	cfg.Name, cfg.BaseURL, cfg.Token, cfg.MaxRequestsPerSecond = "wiki", ts.URL+base, token, 100_000
	if cfg.MaxRetries == nil {
		cfg.MaxRetries = new(int)
	}
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.patience = []time.Duration{}
	return a
}

// atOnce makes n calls and lets none of their writes go before all are there. The errors are by call.
func atOnce(a *App, n int, call func(i int) error) []error {
	var all sync.Once
	a.writes.gather = func() {
		all.Do(func() {
			for waiting := 0; waiting < n; runtime.Gosched() {
				a.writes.mu.Lock()
				waiting = len(a.writes.queue)
				a.writes.mu.Unlock()
			}
		})
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	return errs
}

func hire(i int) access.AccountSpec {
	return access.AccountSpec{Values: map[access.Field]string{
		access.UserName: fmt.Sprintf("p%d@acme.com", i), access.PersonID: fmt.Sprintf("e%d", i), access.FamilyName: "Å <&> \"Ω\"",
	}}
}

func create(a *App) func(int) error {
	return func(i int) error {
		got, err := a.CreateAccount(context.Background(), hire(i))
		if want := hire(i).Values[access.UserName]; err == nil && (got.UserName != want || got.ID == "") {
			return fmt.Errorf("%s came back as %+v", want, got)
		}
		return err
	}
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func wantCounts(t *testing.T, s *sandbox.Server, want map[string]int) {
	t.Helper()
	got := s.Stats().Counts
	for what, n := range want {
		if got[what] != n {
			t.Errorf("%d of %s, want %d; all: %v", got[what], what, n, got)
		}
	}
}

func TestBulkCreates(t *testing.T) {
	t.Parallel()
	s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true, MaxBulkOperations: 128}}, Config{})
	noErrors(t, atOnce(a, 1000, create(a)))
	wantCounts(t, s, map[string]int{"GET /ServiceProviderConfig": 1, "POST /Bulk": 8, "BULK POST /Users": 1000, "POST /Users": 0})
	if n := len(s.Users()); n != 1000 {
		t.Errorf("%d users", n)
	}
	if n := a.Requests(); n != 1+8 {
		t.Errorf("%d requests", n)
	}
}

// Where the answer leaves out what was made, it is read; then plain requests are fewer, except for deletions.
func TestBulkBare(t *testing.T) {
	t.Parallel()
	s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, MaxBulkOperations: 10}}, Config{})
	noErrors(t, atOnce(a, 40, create(a)))
	wantCounts(t, s, map[string]int{"POST /Bulk": 1, "BULK POST /Users": 10, "GET /Users/{id}": 10, "POST /Users": 30})
	users := s.Users()
	noErrors(t, atOnce(a, 40, func(i int) error {
		return a.RetireAccount(context.Background(), access.AccountRef{ID: users[i].ID}, access.Delete)
	}))
	wantCounts(t, s, map[string]int{"POST /Bulk": 1 + 4, "BULK DELETE /Users/{id}": 40, "DELETE /Users/{id}": 0})
	if n := len(s.Users()); n != 0 {
		t.Errorf("%d users", n)
	}
}

func TestBulkChanges(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Dialect{"PATCH": {}, "PUT": {UpdateWith: "put"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{Override: o})
			var refs []access.AccountRef
			for i := range 30 {
				u, err := s.AddUser(sandbox.User{UserName: fmt.Sprintf("p%d", i), Inactive: i%3 == 0})
				if err != nil {
					t.Fatal(err)
				}
				refs = append(refs, access.AccountRef{ID: u.ID, UserName: u.UserName})
			}
			ctx := context.Background()
			noErrors(t, atOnce(a, 30, func(i int) error {
				switch i % 3 {
				case 0:
					_, err := a.UpdateAccount(ctx, refs[i], access.AccountSpec{Active: new(true), Values: map[access.Field]string{access.Title: "Dr"}})
					return err
				case 1:
					return a.RetireAccount(ctx, refs[i], access.Deactivate)
				}
				return a.RetireAccount(ctx, refs[i], access.Delete)
			}))
			if users := s.Users(); len(users) != 20 {
				t.Errorf("%d users are left", len(users))
			}
			for _, u := range s.Users() {
				if i := slices.IndexFunc(refs, func(r access.AccountRef) bool { return r.ID == u.ID }); u.Inactive != (i%3 == 1) || (u.Title == "Dr") != (i%3 == 0) {
					t.Errorf("%+v", u)
				}
			}
			wantCounts(t, s, map[string]int{"POST /Bulk": 1, "BULK " + name + " /Users/{id}": 20, "BULK DELETE /Users/{id}": 10, name + " /Users/{id}": 0, "DELETE /Users/{id}": 0})
		})
	}
}

// One operation fails, in every way that an operation can; the others are not concerned.
func TestBulkFailures(t *testing.T) {
	t.Parallel()
	type failure struct {
		status   int
		scimType string
		kind     fault.Kind
		retries  int
		plain    int
	}
	for _, c := range []failure{
		{400, "", fault.Invalid, 0, 0}, {400, "tooMany", fault.LimitReached, 0, 0}, {401, "", fault.Unauthenticated, 0, 0}, {403, "", fault.Forbidden, 0, 0},
		{404, "", fault.NotFound, 0, 0}, {409, "uniqueness", fault.Exists, 0, 0}, {412, "", fault.Stale, 0, 0}, {429, "", fault.RateLimited, 0, 0}, {501, "", fault.Unsupported, 0, 0},
		{500, "", fault.Unconfirmed, 0, 0}, {503, "", fault.Unconfirmed, 1, 0}, {429, "", 0, 1, 1},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{MaxRetries: &c.retries})
			r := sandbox.Rule{Method: "POST", Path: "^/Users$", Body: "p3@acme", Count: 1, Fault: sandbox.Fault{Status: c.status, SCIMType: c.scimType}}
			if err := s.AddFaults(r); err != nil {
				t.Fatal(err)
			}
			errs := atOnce(a, 8, create(a))
			if bad := errs[3]; c.kind != 0 {
				wantFault(t, bad, c.kind, "create account p3@acme.com in wiki", fmt.Sprintf("scim %d", c.status))
				if got := fmt.Sprint(bad); c.scimType != "" && !strings.Contains(got, c.scimType) {
					t.Errorf("the code is not in %q", got)
				}
				errs[3] = nil
			}
			noErrors(t, errs)
			wantCounts(t, s, map[string]int{"POST /Bulk": 1, "BULK POST /Users": 8, "POST /Users": c.plain})
			want := 7 + c.plain
			if n := len(s.Users()); n != want {
				t.Errorf("%d users, want %d", n, want)
			}
		})
	}
}

// The whole bulk request goes wrong. Nothing is ever created twice.
func TestBulkRequestFails(t *testing.T) {
	t.Parallel()
	type outcome struct {
		fault sandbox.Fault
		kind  fault.Kind // of every creation
		users int
		bulk  int // requests
		plain int // creations
	}
	for name, c := range map[string]outcome{
		"lost answer":        {sandbox.Fault{Close: true, After: true}, 0, 8, 1, 0},
		"lost request":       {sandbox.Fault{Close: true}, fault.Unconfirmed, 0, 1, 0},
		"half an answer":     {sandbox.Fault{Payload: sandbox.PayloadCut}, 0, 8, 1, 0},
		"short answer":       {sandbox.Fault{Payload: sandbox.PayloadShort}, 0, 8, 1, 0},
		"web page":           {sandbox.Fault{Status: 200, Payload: sandbox.PayloadHTML}, fault.Unconfirmed, 0, 1, 0},
		"nothing":            {sandbox.Fault{Status: 200, Payload: sandbox.PayloadEmpty, After: true}, 0, 8, 1, 0},
		"503 when done":      {sandbox.Fault{Status: 503, After: true}, 0, 8, 1, 0},
		"500":                {sandbox.Fault{Status: 500}, fault.Unconfirmed, 0, 1, 0},
		"credential refused": {sandbox.Fault{Status: 401}, fault.Unauthenticated, 0, 1, 0},
		"too many requests":  {sandbox.Fault{Status: 429}, fault.RateLimited, 0, 1, 0},
		"not allowed":        {sandbox.Fault{Status: 403}, 0, 8, 1, 8},
		"not there":          {sandbox.Fault{Status: 404}, 0, 8, 1, 8},
		"a conflict":         {sandbox.Fault{Status: 409}, fault.Unconfirmed, 0, 1, 0},
		"a conflict, begun":  {sandbox.Fault{Status: 409, After: true}, 0, 8, 1, 0},
		"not understood":     {sandbox.Fault{Status: 400}, 0, 8, 1, 8},
		"too large":          {sandbox.Fault{Status: 413}, 0, 8, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{})
			if err := s.AddFaults(sandbox.Rule{Path: "^/Bulk$", Count: 1, Fault: c.fault}); err != nil {
				t.Fatal(err)
			}
			errs := atOnce(a, 8, create(a))
			if c.kind == 0 {
				noErrors(t, errs)
			}
			for i, err := range errs {
				if c.kind != 0 {
					wantFault(t, err, c.kind, fmt.Sprintf("create account p%d@acme.com in wiki", i))
				}
			}
			if n := len(s.Users()); n != c.users {
				t.Errorf("%d users, want %d", n, c.users)
			}
			wantCounts(t, s, map[string]int{"POST /Bulk": c.bulk, "BULK POST /Users": c.users - c.plain, "POST /Users": c.plain})
		})
	}
}

func TestNoBulk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server    sandbox.Dialect
		cfg       Config
		fault     sandbox.Fault
		discovery int
	}{
		"not declared":     {discovery: 1},
		"no discovery":     {server: sandbox.Dialect{Bulk: true, BulkBodies: true, NoDiscovery: true}, discovery: 1},
		"broken discovery": {server: sandbox.Dialect{Bulk: true, BulkBodies: true}, fault: sandbox.Fault{Status: 200, Payload: sandbox.PayloadHTML}, discovery: 1},
		"failing":          {server: sandbox.Dialect{Bulk: true, BulkBodies: true}, fault: sandbox.Fault{Status: 500}, discovery: 1},
		"forbidden":        {server: sandbox.Dialect{Bulk: true, BulkBodies: true}, cfg: Config{Override: Dialect{Bulk: new(false)}}},
		"the vendor's":     {server: sandbox.Dialect{Bulk: true, BulkBodies: true}, cfg: Config{Profile: "figma"}},
		"asked in spite":   {cfg: Config{Profile: "figma", Override: Dialect{Bulk: new(true)}}, discovery: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := bulkServer(t, sandbox.Options{Dialect: c.server}, c.cfg)
			if c.fault != (sandbox.Fault{}) {
				if err := s.AddFaults(sandbox.Rule{Path: "^/ServiceProviderConfig$", Fault: c.fault}); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // what was learned is remembered
				s.Clear()
				noErrors(t, atOnce(a, 12, create(a)))
			}
			wantCounts(t, s, map[string]int{"GET /ServiceProviderConfig": c.discovery, "POST /Bulk": 0, "POST /Users": 24})
		})
	}
}

// Whoever comes alone neither asks nor uses it.
func TestBulkOfOne(t *testing.T) {
	t.Parallel()
	s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{})
	for i := range 3 {
		noErrors(t, []error{create(a)(i)})
	}
	wantCounts(t, s, map[string]int{"GET /ServiceProviderConfig": 0, "POST /Bulk": 0, "POST /Users": 3})
}

func TestBulkSizes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options  sandbox.Options
		assumed  int // operations, instead of what is declared
		requests int
	}{
		"operations":        {options: sandbox.Options{Dialect: sandbox.Dialect{MaxBulkOperations: 7}}, requests: 6},
		"bytes":             {options: sandbox.Options{MaxBody: 2000}, requests: 5},
		"smaller than said": {options: sandbox.Options{Dialect: sandbox.Dialect{MaxBulkOperations: 10}}, assumed: 40, requests: 2 + 4},
		"nothing fits":      {options: sandbox.Options{MaxBody: 300}, requests: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.options.Bulk, c.options.BulkBodies = true, true
			s, a := bulkServer(t, c.options, Config{})
			a.writes.operations = c.assumed
			noErrors(t, atOnce(a, 40, create(a)))
			if n := len(s.Users()); n != 40 {
				t.Errorf("%d users", n)
			}
			for _, r := range s.Requests() {
				if c.assumed == 0 && r.Status == http.StatusRequestEntityTooLarge {
					t.Errorf("%s %s was too large", r.Method, r.Path)
				}
			}
			if got := s.Count("POST", "/Bulk"); got != c.requests {
				t.Errorf("%d bulk requests, want %d", got, c.requests)
			}
		})
	}
}

// A name that looks like a reference is a name.
func TestBulkReferences(t *testing.T) {
	t.Parallel()
	s, a := bulkServer(t, sandbox.Options{Dialect: sandbox.Dialect{Bulk: true, BulkBodies: true}}, Config{})
	a.writes.operations, a.writes.least = 100, 1
	evil := hire(9)
	evil.Values[access.DisplayName] = "bulkId:new0"
	if _, err := a.CreateAccount(context.Background(), evil); err != nil {
		t.Fatal(err)
	}
	noErrors(t, atOnce(a, 5, create(a)))
	wantCounts(t, s, map[string]int{"POST /Bulk": 1, "POST /Users": 1})
	for _, u := range s.Users() {
		if u.UserName == "p9@acme.com" && u.DisplayName != "bulkId:new0" {
			t.Errorf("%+v", u)
		}
	}
}
