package converge_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/scim"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// cycle drives Terraform runs on a real connector. Plan and apply each see the app through an inventory of their own,
// as the two processes do.
type cycle struct {
	t     testing.TB
	open  func() *inventory.App
	state *converge.State
	notes converge.Notes
	now   time.Time
}

// plan refreshes and plans; whatever goes wrong at plan fails the test.
func (c *cycle) plan(cfg converge.Config) (converge.Planned, converge.Rules) {
	c.t.Helper()
	inv := c.open()
	never := func(string) bool { return false }
	rules := converge.Rules{App: "wiki", Fields: inv.Info().Fields, Bound: true, FoldCase: true, Protected: never, Ignored: never}
	if c.state != nil {
		seen, err := converge.Observe(c.t.Context(), inv, *c.state, c.notes, true)
		c.must(err)
		state, notes := converge.Refresh(*c.state, c.notes, seen, rules, c.now, nil)
		c.state, c.notes = &state, notes
	}
	p := converge.Plan(c.state, c.notes, cfg, rules)
	if len(p.Problems) > 0 {
		c.t.Fatalf("plan: %v", p.Problems)
	}
	return p, rules
}

// apply plans, lets happen what meanwhile does, and carries out.
func (c *cycle) apply(cfg converge.Config, meanwhile func()) converge.Result {
	c.t.Helper()
	p, rules := c.plan(cfg)
	if meanwhile != nil {
		meanwhile()
	}
	r := converge.Apply(c.t.Context(), c.open(), converge.Order{
		Prior: c.state, Planned: p.State, Notes: c.notes, Config: cfg, Rules: rules, Now: func() time.Time { return c.now },
	})
	c.state, c.notes = &r.State, r.Notes
	return r
}

func (c *cycle) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// live is a cycle over a SCIM server on loopback.
type live struct {
	cycle
	*sandbox.Server
	retries int
}

const patience = 250 * time.Millisecond // of one request

func newLive(t testing.TB, o sandbox.Options) *live {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() {
		s.ClearFaults() // lets go what hangs
		srv.Close()
	})
	l := &live{Server: s, cycle: cycle{t: t, now: noon()}}
	l.open = func() *inventory.App {
		t.Helper()
		a, err := scim.Open(scim.Config{
			Name: "wiki", BaseURL: srv.URL + sandbox.BasePath, Token: "t", RequestTimeout: patience, MaxRetries: &l.retries,
			Patience: []time.Duration{time.Millisecond, 5 * time.Millisecond},
			Licenses: []scim.License{{Product: "pro", Path: "userType", Value: "pro"}},
		})
		l.must(err)
		return inventory.New(a, inventory.Options{Name: "wiki"})
	}
	return l
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// apply carries out while the server has those faults.
func (l *live) apply(cfg converge.Config, faults ...sandbox.Rule) converge.Result {
	l.t.Helper()
	r := l.cycle.apply(cfg, func() {
		l.must(l.AddFaults(faults...))
		l.Reset()
	})
	l.ClearFaults()
	return r
}

// holds is everything that the app holds, one line each.
func (l *live) holds() []string {
	var out []string
	names := make(map[string]string)
	for _, u := range l.Users() {
		names[u.ID] = u.UserName
		line := fmt.Sprintf("%s title=%s active=%v", u.UserName, u.Title, !u.Inactive)
		if u.UserType == "pro" {
			line += " pro"
		}
		out = append(out, line)
	}
	for _, g := range l.Groups() {
		for _, m := range g.Members {
			out = append(out, names[m]+" in "+g.DisplayName)
		}
	}
	slices.Sort(out)
	return out
}

func crew(title string, keys ...string) map[string]converge.Account {
	out := people(keys...)
	for _, a := range out {
		a.Fields[access.Title] = title
	}
	return out
}

func crewNames() []string { return []string{"ana", "bo", "cy", "di"} }

// operation is one kind of write: what configuration was and becomes, and the requests that carry it out.
type operation struct {
	name         string
	was, becomes converge.Config
	suspended    bool // between the two somebody deactivates everybody
	method, path string
}

func operations() []operation {
	all := crewNames()
	in := func(n ...string) converge.Grants { return converge.Grants{"eng": members(n...)} }
	pro := func(n ...string) converge.Grants {
		g := converge.Grants{"pro": members(n...)}
		for u := range g["pro"] {
			g["pro"][u] = "pro"
		}
		return g
	}
	enforced := crew("x", all...)
	for _, a := range enforced {
		a.Fields[converge.Active] = "true"
	}
	cfg := func(acc map[string]converge.Account, g, lic converge.Grants) converge.Config {
		return converge.Config{Accounts: acc, Groups: g, Licenses: lic, OnDropped: "hold", OnRemoval: access.Deactivate}
	}
	deleting := cfg(crew("x"), nil, nil)
	deleting.OnRemoval = access.Delete
	people := cfg(crew("x", all...), nil, nil)
	return []operation{
		{name: "create", was: cfg(crew("x"), nil, nil), becomes: people, method: "POST", path: "^/Users$"},
		{name: "update", was: people, becomes: cfg(crew("y", all...), nil, nil), method: "PATCH", path: "^/Users/"},
		{name: "deactivate", was: people, becomes: cfg(crew("x"), nil, nil), method: "PATCH", path: "^/Users/"},
		{name: "delete", was: people, becomes: deleting, method: "DELETE", path: "^/Users/"},
		{name: "reactivate", was: cfg(enforced, nil, nil), becomes: cfg(enforced, nil, nil), method: "PATCH", path: "^/Users/", suspended: true},
		{name: "add members", was: cfg(crew("x", all...), in(), nil), becomes: cfg(crew("x", all...), in(all...), nil), method: "PATCH", path: "^/Groups/"},
		{name: "remove members", was: cfg(crew("x", all...), in(all...), nil), becomes: cfg(crew("x", all...), in(), nil), method: "PATCH", path: "^/Groups/"},
		{name: "assign licenses", was: cfg(crew("x", all...), nil, pro()), becomes: cfg(crew("x", all...), nil, pro(all...)), method: "PATCH", path: "^/Users/"},
		{name: "remove licenses", was: cfg(crew("x", all...), nil, pro(all...)), becomes: cfg(crew("x", all...), nil, pro()), method: "PATCH", path: "^/Users/"},
	}
}

// faultCases are what can go wrong with a write, by name. certain says that the app surely did nothing with the
// request, so the apply must report it.
func faultCases() map[string]struct {
	sandbox.Fault
	certain bool
} {
	zero := 0
	type c = struct {
		sandbox.Fault
		certain bool
	}
	return map[string]c{
		"reset before":             {sandbox.Fault{Close: true}, true},
		"reset after":              {sandbox.Fault{Close: true, After: true}, false},
		"500 before":               {sandbox.Fault{Status: 500}, true},
		"500 after success":        {sandbox.Fault{Status: 500, After: true}, false},
		"503 before":               {sandbox.Fault{Status: 503}, true},
		"429":                      {sandbox.Fault{Status: 429, RetryAfter: &zero}, true},
		"400":                      {sandbox.Fault{Status: 400, SCIMType: "invalidValue"}, true},
		"403":                      {sandbox.Fault{Status: 403}, true},
		"expired token":            {sandbox.Fault{Status: 401}, true},
		"hang before":              {sandbox.Fault{Hang: true}, true},
		"hang after":               {sandbox.Fault{Hang: true, After: true}, false},
		"slow loris":               {sandbox.Fault{Slow: sandbox.Duration(4 * patience)}, false},
		"wrong content type":       {sandbox.Fault{Status: 200, Payload: sandbox.PayloadHTML}, true},
		"wrong content type after": {sandbox.Fault{Status: 200, Payload: sandbox.PayloadHTML, After: true}, false},
		"200 that did nothing":     {sandbox.Fault{Status: 200, Payload: sandbox.PayloadEmpty}, true},
		"garbage after":            {sandbox.Fault{Status: 200, Payload: sandbox.PayloadGarbage, After: true}, false},
		"cut after":                {sandbox.Fault{Payload: sandbox.PayloadCut}, false},
	}
}

// Whatever goes wrong with whatever write, for one person or for all: app and state agree after one more apply,
// nothing is lost, nothing is doubled, and no failed call is reported as success.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		for name, f := range faultCases() {
			for _, extent := range []string{"one request", "every request"} {
				for _, retries := range []int{0, 2} {
					if retries > 0 && (f.Hang || f.Slow > 0 || extent == "every request" && name != "429") {
						continue // nothing new, only slower
					}
					t.Run(fmt.Sprintf("%s, %s, %s, %d retries", op.name, name, extent, retries), func(t *testing.T) {
						t.Parallel()
						r := sandbox.Rule{Method: op.method, Path: op.path, Fault: f.Fault}
						if extent == "one request" {
							r.Skip, r.Count = 1, 1
							if strings.HasPrefix(op.path, "^/Groups") {
								r.Skip = 0 // all members go in one request
							}
						}
						if f.Status == 429 && retries > 0 && r.Count == 0 {
							r.Count = 3 // a storm that ends; one that does not is waited out for minutes
						}
						meet(t, op, r, retries, f.certain && r.Count == 0)
					})
				}
			}
		}
	}
}

// A server whose clock is a year off, in whichever direction, changes nothing: no decision rests on an app's time.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	zero := 0
	for name, skew := range map[string]time.Duration{"a year ahead": 365 * 24 * time.Hour, "a year behind": -365 * 24 * time.Hour} {
		for _, op := range operations() {
			t.Run(op.name+", "+name, func(t *testing.T) {
				t.Parallel()
				rule := sandbox.Rule{Method: op.method, Path: op.path, Count: 1, Fault: sandbox.Fault{Status: 429, RetryAfter: &zero}}
				meetOn(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(skew) }, Dialect: sandbox.Dialect{PageSize: 3}}, op, rule, 1, false)
			})
		}
	}
}

func meet(t *testing.T, op operation, rule sandbox.Rule, retries int, fails bool) {
	t.Helper()
	meetOn(t, sandbox.Options{Dialect: sandbox.Dialect{PageSize: 3}}, op, rule, retries, fails)
}

func meetOn(t *testing.T, o sandbox.Options, op operation, rule sandbox.Rule, retries int, fails bool) {
	t.Helper()
	l := newLive(t, o)
	l.retries = retries
	bystander, err := l.AddUser(sandbox.User{UserName: "bystander@x"})
	l.must(err)
	_, err = l.AddGroup(sandbox.Group{DisplayName: "eng", Members: []string{bystander.ID}})
	l.must(err)
	if r := l.apply(op.was); len(r.Failures) > 0 {
		t.Fatalf("making the company: %v", r.Failures)
	}
	twin := l.twin(op)
	if op.suspended {
		for _, key := range crewNames() {
			l.must(l.EditUser(key+"@x", func(u *sandbox.User) { u.Inactive = true }))
		}
	}

	first := l.apply(op.becomes, rule)
	switch held := l.holds(); {
	case len(first.Failures) == 0 && !slices.Equal(held, twin):
		t.Fatalf("reported as done:\n%s\nwanted:\n%s", strings.Join(held, "\n"), strings.Join(twin, "\n"))
	case len(first.Failures) == 0 && fails:
		t.Fatal("every request was refused, and no failure is reported")
	}
	for _, f := range first.Failures {
		if f.Err == nil || !slices.Contains(crewNames(), strings.TrimSuffix(f.Name, "@x")) {
			t.Errorf("a failure that does not say whom or why: %+v", f)
		}
	}
	l.stateIsTrue()

	if second := l.apply(op.becomes); len(second.Failures) > 0 {
		t.Fatalf("the second apply: %v", second.Failures)
	}
	if held := l.holds(); !slices.Equal(held, twin) {
		t.Fatalf("after one more apply:\n%s\nwanted:\n%s", strings.Join(held, "\n"), strings.Join(twin, "\n"))
	}
	l.stateIsTrue()
	third := l.apply(op.becomes)
	for what, n := range l.Stats().Counts {
		if !strings.HasPrefix(what, "GET ") {
			t.Errorf("an apply with nothing to do sent %d %s", n, what)
		}
	}
	if len(third.Failures) > 0 {
		t.Errorf("the third apply: %v", third.Failures)
	}
}

// twin is what a company without faults holds in the end.
func (l *live) twin(op operation) []string {
	l.t.Helper()
	other := newLive(l.t, sandbox.Options{})
	bystander, err := other.AddUser(sandbox.User{UserName: "bystander@x"})
	l.must(err)
	_, err = other.AddGroup(sandbox.Group{DisplayName: "eng", Members: []string{bystander.ID}})
	l.must(err)
	for _, cfg := range []converge.Config{op.was, op.becomes} {
		if r := other.apply(cfg); len(r.Failures) > 0 {
			l.t.Fatalf("without any fault: %v", r.Failures)
		}
	}
	return other.holds()
}

func (l *live) stateIsTrue() {
	l.t.Helper()
	there := make(map[string]string)
	for _, u := range l.Users() {
		there[u.ID] = u.UserName
	}
	l.cycle.stateIsTrue(there)
}

// stateIsTrue insists that every account that state names is there under its id, once; there is user names by id.
func (c *cycle) stateIsTrue(there map[string]string) {
	c.t.Helper()
	seen := make(map[string]string)
	for key, acc := range c.state.Accounts {
		id := c.state.IDs[key]
		if there[id] != acc.UserName() {
			c.t.Errorf("state holds %s (%s) under id %q, where the app has %q", key, acc.UserName(), id, there[id])
		}
		if other, twice := seen[id]; twice {
			c.t.Errorf("state holds id %q for %s and %s", id, key, other)
		}
		seen[id] = key
	}
	for key := range c.state.IDs {
		if _, ok := c.state.Accounts[key]; !ok {
			c.t.Errorf("state holds an id for %s and no account", key)
		}
	}
}
