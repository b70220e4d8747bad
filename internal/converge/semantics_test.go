package converge_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// base is a configuration of these people, all in group g, that reports strangers and deactivates leavers.
func base(keys ...string) converge.Config {
	return converge.Config{
		Accounts: people(keys...), Groups: converge.Grants{"g": members(keys...)},
		Remove: map[access.GrantKind]bool{}, OnDropped: "hold", OnRemoval: access.Deactivate,
	}
}

// settled is an estate with ana, bob and cy, as configured.
func settled(t *testing.T) *estate {
	t.Helper()
	m := newModel()
	m.groups["g"] = map[string]string{}
	e := newEstate(t, m)
	e.do(base("ana", "bob", "cy"))
	return e
}

// do applies and fails the test on any failure. It gives what was written.
func (e *estate) do(cfg converge.Config) string {
	e.t.Helper()
	if r := e.apply(cfg); len(r.Failures) > 0 {
		e.t.Fatalf("failures: %v", r.Err("wiki", ""))
	}
	return strings.Join(e.app.writes, "; ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func heldAs(s *converge.State) string {
	var out []string
	for sub, h := range s.Held {
		out = append(out, fmt.Sprintf("%s %s", sub, h.Reason))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// What becomes of bob when configuration no longer names him depends on what the rosters say.
func TestLeavingTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		rosters  bool
		standing converge.Standing
		change   func(*converge.Config)
		writes   string
		held     string
		why      string // explanation of the account
	}{
		{name: "without rosters", writes: "deactivate bob@x; leave g bob@x", why: "no longer in configuration"},
		{
			name: "left", rosters: true, standing: converge.Standing{Stage: converge.StageLeft, Why: "left on 2026-02-28"},
			writes: "deactivate bob@x; leave g bob@x", why: "left on 2026-02-28",
		},
		{name: "still works here", rosters: true, writes: "deactivate bob@x; leave g bob@x", why: "works here, but configuration no longer grants it"},
		{
			name: "dropped", rosters: true, standing: converge.Standing{Stage: converge.StageDropped},
			held: "accounts/bob dropped_from_roster; groups/g/bob@x dropped_from_roster", why: "dropped_from_roster",
		},
		{
			name: "dropped, to be removed", rosters: true, standing: converge.Standing{Stage: converge.StageDropped},
			change: func(c *converge.Config) { c.OnDropped = "remove" }, writes: "deactivate bob@x; leave g bob@x", why: `in no roster, and on_dropped = "remove"`,
		},
		{
			name: "unknown", rosters: true, standing: converge.Standing{Stage: converge.StageUnknown},
			held: "accounts/bob unknown_status; groups/g/bob@x unknown_status", why: "unknown_status",
		},
		{
			name: "quarantined", rosters: true, standing: converge.Standing{Stage: converge.StageQuarantined},
			held: "accounts/bob quarantined; groups/g/bob@x quarantined", why: "quarantined",
		},
		{
			name: "kept", change: func(c *converge.Config) { c.OnRemoval = access.Keep },
			writes: "leave g bob@x", held: "accounts/bob kept", why: "kept",
		},
		{
			name: "deleted", change: func(c *converge.Config) { c.OnRemoval = access.Delete },
			writes: "deactivate bob@x; delete bob@x; leave g bob@x", why: "no longer in configuration",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := settled(t)
			cfg := base("ana", "cy")
			cfg.Rosters = tc.rosters
			if tc.change != nil {
				tc.change(&cfg)
			}
			e.standings = map[string]converge.Standing{"bob": tc.standing}
			p := e.plan(cfg)
			same(t, "why", p.State.Explanations[converge.Subject{Kind: access.GrantAccount, Who: "bob"}].Why, tc.why)
			same(t, "writes", e.do(cfg), tc.writes)
			same(t, "held", heldAs(e.state), tc.held)
			e.now = e.now.Add(time.Hour)
			same(t, "writes of the next apply", e.do(cfg), "")
			same(t, "held later", heldAs(e.state), tc.held)
			// Back in configuration, everything is as it was.
			again := base("ana", "bob", "cy")
			again.Rosters = tc.rosters
			e.do(again)
			same(t, "held at the end", heldAs(e.state), "")
			if a := e.app.sorted(); tc.name != "deleted" && (len(a) != 3 || !a[1].Active || len(e.app.groups["g"]) != 3) {
				t.Errorf("bob is not back: %+v", a)
			}
		})
	}
}

// Held people are decided about again when the roster speaks.
func TestHeldUntilTheRosterSpeaks(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := base("ana", "cy")
	cfg.Rosters = true
	e.standings = map[string]converge.Standing{"bob": {Stage: converge.StageDropped}}
	same(t, "writes", e.do(cfg), "")
	e.standings["bob"] = converge.Standing{Stage: converge.StageLeft, Why: "left on 2026-03-01"}
	p := e.plan(cfg)
	if len(p.Losses) != 2 || !p.Losses[0].Explained {
		t.Errorf("losses: %+v", p.Losses)
	}
	same(t, "writes", e.do(cfg), "deactivate bob@x; leave g bob@x")
	same(t, "held", heldAs(e.state), "")
}

func TestStrangersAndGrace(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.rules.Protected = func(n string) bool { return n == "breakglass@x" }
	e.rules.Ignored = func(n string) bool { return n == "bot@x" }
	for _, n := range []string{"eve", "breakglass", "bot"} {
		e.app.add(n, n+"@x", "")
		e.app.groups["g"][n] = "member"
	}
	cfg := base("ana", "bob", "cy")
	cfg.Remove[access.GrantGroup], cfg.Grace = true, 2*time.Hour
	same(t, "within grace", e.do(cfg), "")
	same(t, "held", heldAs(e.state), "groups/g/breakglass@x protected; groups/g/eve@x grace")
	e.now = e.now.Add(time.Hour)
	same(t, "still within grace", e.do(cfg), "")
	e.now = e.now.Add(2 * time.Hour)
	same(t, "after grace", e.do(cfg), "leave g eve@x")
	same(t, "held", heldAs(e.state), "groups/g/breakglass@x protected")
	cfg.Remove[access.GrantGroup] = false
	e.do(cfg)
	if _, ok := e.state.Strangers[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "breakglass@x"}]; !ok {
		t.Errorf("reported again: strangers are %v", e.state.Strangers)
	}
}

func TestProtectedAccountsAreNeverTakenOut(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.rules.Protected = func(n string) bool { return n == "bob@x" }
	p := e.plan(base("ana", "cy"))
	if len(p.Problems) != 2 || fault.KindOf(p.Problems[0]) != fault.Protected || len(p.Losses) != 0 {
		t.Errorf("problems %v, losses %v", p.Problems, p.Losses)
	}
}

// A rename, in the app or in configuration, sends nothing but the rename.
func TestRenames(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := base("ana", "bob", "cy")
	cfg.Accounts["ana"] = converge.Account{Fields: map[access.Field]string{access.UserName: "anna@x"}}
	cfg.Groups = converge.Grants{"g": {"anna@x": "member", "bob@x": "member", "cy@x": "member"}}
	if p := e.plan(cfg); len(p.Losses) != 0 {
		t.Errorf("a rename counts as loss: %+v", p.Losses)
	}
	same(t, "renamed in configuration", e.do(cfg), "update ana@x user_name=anna@x")
	a := e.app.accounts[e.state.IDs["bob"]]
	a.UserName = "bobby@x"
	e.app.accounts[a.ID] = a
	cfg.Accounts["bob"] = converge.Account{Fields: map[access.Field]string{access.UserName: "bobby@x"}}
	cfg.Groups["g"] = map[string]string{"anna@x": "member", "bobby@x": "member", "cy@x": "member"}
	same(t, "renamed in the app and then in configuration", e.do(cfg), "")
	e.app.names["g"] = "guild"
	cfg.Groups = converge.Grants{"guild": cfg.Groups["g"]}
	same(t, "renamed group", e.do(cfg), "")
	same(t, "and then", e.do(cfg), "")
}

// One account, another key: nothing is written where the account says nobody's person_id, and it is an
// error naming both where it does.
func TestAnotherKeyForOneAccount(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := base("ana", "bob", "cy")
	cfg.Accounts["2310"] = cfg.Accounts["bob"]
	delete(cfg.Accounts, "bob")
	p := e.plan(cfg)
	if len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Error(), "belongs to bob") {
		t.Errorf("problems: %v", p.Problems)
	}
	a := e.app.accounts[e.state.IDs["bob"]]
	a.PersonID = ""
	e.app.accounts[a.ID] = a
	same(t, "writes", e.do(cfg), "update bob@x person_id=2310")
}

// Seats are freed first where there are none left, and last where there are.
func TestLicensesOfAFullPool(t *testing.T) {
	t.Parallel()
	for seats, want := range map[int]string{1: "unassign p ana@x,assign p bob@x", 2: "assign p bob@x,unassign p ana@x"} {
		m := newModel()
		m.licenses["p"], m.seats["L"] = map[string]string{}, seats
		e := newEstate(t, m)
		cfg := converge.Config{Accounts: people("ana", "bob"), Licenses: converge.Grants{"p": {"ana@x": "L"}}, OnRemoval: access.Deactivate}
		e.do(cfg)
		cfg.Licenses = converge.Grants{"p": {"bob@x": "L"}}
		p := e.plan(cfg)
		e.app.writes = nil
		r := converge.Apply(t.Context(), e.app, converge.Order{Prior: e.state, Planned: p.State, Notes: e.notes, Config: cfg, Rules: e.rules, Now: func() time.Time { return e.now }})
		if len(r.Failures) > 0 {
			t.Errorf("%d seats: %v", seats, r.Err("wiki", ""))
		}
		same(t, fmt.Sprintf("%d seats", seats), strings.Join(e.app.writes, ","), want)
	}
}

// The order for one leaver and one joiner: nobody keeps a door open, nobody stands before a locked one.
func TestOrder(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.licenses["p"] = map[string]string{}
	cfg := base("ana", "dan")
	cfg.Licenses = converge.Grants{"p": {"dan@x": "L"}}
	cfg.OnRemoval = access.Delete
	cfg.Accounts["cy"], cfg.Groups["g"]["cy@x"] = people("cy")["cy"], "member"
	p := e.plan(cfg)
	e.app.writes = nil
	converge.Apply(t.Context(), e.app, converge.Order{Prior: e.state, Planned: p.State, Notes: e.notes, Config: cfg, Rules: e.rules, Now: func() time.Time { return e.now }})
	same(t, "order", strings.Join(e.app.writes, ", "), "deactivate bob@x, create dan@x, join g dan@x, assign p dan@x, leave g bob@x, delete bob@x")
}

// An account that changed hands between plan and apply loses nothing at all.
func TestStale(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := base("ana", "cy")
	p := e.plan(cfg)
	id := e.state.IDs["bob"]
	a := e.app.accounts[id]
	a.UserName = "ceo@x"
	e.app.accounts[id] = a
	e.app.writes = nil
	r := converge.Apply(t.Context(), e.app, converge.Order{Prior: e.state, Planned: p.State, Notes: e.notes, Config: cfg, Rules: e.rules, Now: func() time.Time { return e.now }})
	if len(r.Failures) != 2 || fault.KindOf(r.Failures[0].Err) != fault.Stale || len(e.app.writes) != 0 {
		t.Errorf("failures %v, writes %v", r.Failures, e.app.writes)
	}
	if _, kept := r.State.Accounts["bob"]; !kept || r.State.Groups["g"]["bob@x"] == "" {
		t.Error("bob left the state although nothing was taken from him")
	}
}

// What fails is put back into state and named; the rest is done. A refused credential ends the attempt.
func TestFailures(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.refuse["create dan@x"] = fault.New(fault.Invalid, "bad name")
	e.app.refuse["leave g bob@x"] = fault.New(fault.Unavailable, "try later")
	r := e.apply(base("ana", "bob", "cy", "dan", "eve"))
	same(t, "failed", r.Failures[0].Subject.String()+" "+r.Failures[1].Subject.String(), "accounts/dan groups/g/dan@x")
	same(t, "writes", strings.Join(e.app.writes, "; "), "create eve@x; join g eve@x")
	r = e.apply(base("ana", "cy", "eve"))
	if len(r.Failures) != 1 || r.State.Groups["g"]["bob@x"] != "member" {
		t.Errorf("failures %v, group %v", r.Failures, r.State.Groups["g"])
	}
	if err := r.Err("wiki", ""); fault.KindOf(err) != fault.Partial || !strings.Contains(err.Error(), "try later") {
		t.Errorf("error: %v", err)
	}

	e = settled(t)
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("n%02d", i))
		e.app.refuse[fmt.Sprintf("create n%02d@x", i)] = fault.New(fault.Unauthenticated, "no")
	}
	r = e.apply(base(append(keys, "ana", "bob", "cy")...))
	tried := 0
	for _, f := range r.Failures {
		if fault.KindOf(f.Err) == fault.Unauthenticated {
			tried++
		}
	}
	if tried == 0 || tried > 32 {
		t.Errorf("%d creations were attempted with a credential that was refused", tried)
	}
	if text := r.Err("wiki", "").Error(); !strings.Contains(text, "and 150 more") || strings.Count(text, "accounts/") > 50 {
		t.Errorf("error: %s", text)
	}
}

// Long applies say how far they are, and all say how it ended.
func TestProgress(t *testing.T) {
	t.Parallel()
	m := newModel()
	e := newEstate(t, m)
	var keys []string
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("n%02d", i))
	}
	cfg := converge.Config{Accounts: people(keys...), OnRemoval: access.Deactivate}
	p := converge.Plan(nil, converge.Notes{}, cfg, e.rules)
	var out bytes.Buffer
	clock := make(chan time.Time, 1)
	clock <- e.now
	tick := func() time.Time {
		t := (<-clock).Add(time.Second)
		clock <- t
		return t
	}
	converge.Apply(t.Context(), e.app, converge.Order{Planned: p.State, Config: cfg, Rules: e.rules, Now: tick, Log: slog.New(slog.NewTextHandler(&out, nil))})
	text := out.String()
	if strings.Count(text, "msg=applying") < 5 || !strings.Contains(text, "total=40") || !strings.Contains(text, "left=") || strings.Count(text, "msg=applied") != 1 {
		t.Errorf("log:\n%s", text)
	}
	if strings.Contains(text, "@x") {
		t.Errorf("the log names people:\n%s", text)
	}
}

// Whoever is deactivated by somebody else stays so, also when the rosters lose the person for a day.
func TestDeactivatedElsewhereWhileHeld(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "while"} {
		e := settled(t)
		suspend := func() {
			a := e.app.accounts[e.state.IDs["bob"]]
			if a.ID == "" {
				a = e.app.accounts[e.notes.Aside["bob"].ID]
			}
			a.Active = false
			e.app.accounts[a.ID] = a
		}
		all, less := base("ana", "bob", "cy"), base("ana", "cy")
		all.Rosters, less.Rosters = true, true
		if when == "before" {
			suspend()
			e.do(all)
		}
		e.standings = map[string]converge.Standing{"bob": {Stage: converge.StageDropped}}
		same(t, when+": gone from the rosters", e.do(less), "")
		if when == "while" {
			suspend()
			same(t, when+": and deactivated", e.do(less), "")
		}
		same(t, when+": held", heldAs(e.state), "accounts/bob dropped_from_roster; groups/g/bob@x dropped_from_roster")
		e.standings = nil
		same(t, when+": back", e.do(all), "")
		same(t, when+": still deactivated", heldAs(e.state), "accounts/bob deactivated_elsewhere")
		same(t, when+": and then", e.do(all), "")
		same(t, when+": held then", heldAs(e.state), "accounts/bob deactivated_elsewhere")

		same(t, when+": gone for good", e.do(base("ana", "cy")), "leave g bob@x")
	}
}

// Whom Tenure deactivated for a leave, and the rosters lost meanwhile, comes back with the end of the leave.
func TestSuspendedWhileHeld(t *testing.T) {
	t.Parallel()
	e := settled(t)
	all, less := base("ana", "bob", "cy"), base("ana", "cy")
	all.Rosters, less.Rosters = true, true
	leave := base("ana", "bob", "cy")
	leave.Rosters = true
	leave.Accounts["bob"] = converge.Account{Fields: map[access.Field]string{access.UserName: "bob@x", converge.Active: "false"}}
	same(t, "on leave", e.do(leave), "update bob@x active=false")
	e.standings = map[string]converge.Standing{"bob": {Stage: converge.StageDropped}}
	same(t, "gone from the rosters", e.do(less), "")
	same(t, "and still", e.do(less), "")
	e.standings = nil
	same(t, "back", e.do(all), "update bob@x active=true")
	same(t, "and then", e.do(all), "")
}
