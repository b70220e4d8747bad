package converge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// problems are the refusals of a plan in one text.
func problems(p converge.Planned) string { return fmt.Sprint(errors.Join(p.Problems...)) }

func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("nobody says %q in %q", p, text)
		}
	}
}

// The account behind the credential is held where it is a stranger, and refused where configuration lets go of it.
func TestOwnAccountIsProtected(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.add("id9", "robot@x", "")
	e.app.groups["g"]["id9"] = "member"
	remove := base("ana", "bob", "cy")
	remove.Remove = map[access.GrantKind]bool{access.GrantAccount: true, access.GrantGroup: true}
	e.notes.Self = "robot@x"
	if r := e.apply(remove); len(r.Failures) > 0 || len(e.app.writes) > 0 {
		t.Errorf("failures %v, writes %v", r.Failures, e.app.writes)
	}
	same(t, "held", heldAs(e.state), "accounts/robot@x protected; groups/g/robot@x protected")

	// Found out only while planning: what is planned must not depend on that, so it is refused.
	late := settled(t)
	late.app.add("id9", "robot@x", "")
	late.rules.Own = func(name string) bool { return name == "robot@x" }
	lacks(t, problems(late.plan(remove)), "robot@x is the account behind the credential of this run")

	mine := settled(t)
	mine.rules.Own = func(name string) bool { return name == "bob@x" }
	p := mine.plan(base("ana", "cy"))
	lacks(t, problems(p), "bob@x is the account behind the credential of this run, and configuration takes away what it managed")
	if len(p.Losses) > 0 {
		t.Errorf("losses %v", p.Losses)
	}
	off := base("ana", "bob", "cy")
	off.Accounts["bob"].Fields[converge.Active] = "false"
	lacks(t, problems(mine.plan(off)), "and active = false")
}

// owned is an estate in whose group g bob is owner.
func owned(t *testing.T) (*estate, func(roles ...string) converge.Config) {
	t.Helper()
	e := settled(t)
	e.rules.Keeper = "owner"
	cfg := func(roles ...string) converge.Config {
		c := base("ana", "bob", "cy")
		c.Groups = converge.Grants{"g": {}}
		for _, r := range roles {
			name, role, _ := strings.Cut(r, "=")
			c.Groups["g"][name+"@x"] = role
		}
		return c
	}
	e.do(cfg("ana=member", "bob=owner", "cy=member"))
	return e, cfg
}

// A group never loses its last owner unnoticed.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		roles []string
		last  string
	}{
		"removed":            {[]string{"ana=member", "cy=member"}, "bob@x"},
		"lowered":            {[]string{"ana=member", "bob=member", "cy=member"}, "bob@x"},
		"handed over":        {[]string{"ana=owner", "cy=member"}, ""},
		"lowered, another":   {[]string{"ana=owner", "bob=member"}, ""},
		"not known yet":      {[]string{"ana=" + converge.Unknown, "cy=member"}, ""},
		"others go":          {[]string{"bob=owner"}, ""},
		"with everybody":     {nil, "bob@x"},
		"nothing is changed": {[]string{"ana=member", "bob=owner", "cy=member"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, cfg := owned(t)
			p := e.plan(cfg(tc.roles...))
			same(t, "last owners", strings.Join(p.LastKeepers["g"], " "), tc.last)
			if len(p.Problems) > 0 {
				t.Errorf("problems %v", p.Problems)
			}
		})
	}
}

// Owners whom nobody configured are held when no other owner would be left, and go when there is one.
func TestLastOwnerAmongStrangers(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.rules.Keeper = "owner"
	for i, n := range []string{"eve@x", "fay@x"} {
		e.app.add(fmt.Sprintf("id9%d", i), n, "")
		e.app.groups["g"][fmt.Sprintf("id9%d", i)] = "owner"
	}
	e.app.add("id99", "guy@x", "")
	e.app.groups["g"]["id99"] = "member"
	cfg := base("ana", "bob", "cy")
	cfg.Remove = map[access.GrantKind]bool{access.GrantGroup: true}
	same(t, "writes", e.do(cfg), "leave g guy@x")
	same(t, "held", heldAs(e.state), "groups/g/eve@x protected; groups/g/fay@x protected")
	same(t, "writes of the next run", e.do(cfg), "")
	cfg.Groups["g"]["ana@x"] = "owner"
	same(t, "writes once ana owns the group", e.do(cfg), "join g ana@x; leave g eve@x; leave g fay@x")
	same(t, "held", heldAs(e.state), "")
}

// The other owner on whom the plan counted is gone by the apply: nobody is removed.
func TestLastOwnerAtApply(t *testing.T) {
	t.Parallel()
	e, cfg := owned(t)
	e.do(cfg("ana=owner", "bob=owner", "cy=member"))
	next := cfg("ana=owner", "cy=member")
	p := e.plan(next)
	id := e.state.IDs["ana"]
	e.app.groups["g"][id] = "member" // by another administrator
	r := e.carryOut(next, p)
	if len(r.Failures) != 1 || !errors.Is(r.Failures[0].Err, fault.Stale) || len(e.app.writes) > 0 {
		t.Errorf("failures %v, writes %v: want that bob stays", r.Failures, e.app.writes)
	}
	same(t, "bob's role in state", r.State.Groups["g"]["bob@x"], "owner")
}

// A plan is carried out days later: who left by then gets nothing, everybody else does.
func TestLeftSincePlan(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		left   func(string) (string, bool, error)
		notes  func(*converge.Notes)
		failed string
		writes string
	}{
		"still here": {left: func(string) (string, bool, error) { return "", false, nil }, writes: "create dan@x; create eve@x; join g dan@x; join g eve@x"},
		"one left": {
			left:   func(id string) (string, bool, error) { return "left on 2026-02-28", id == "dan", nil },
			failed: "accounts/dan groups/g/dan@x", writes: "create eve@x; join g eve@x",
		},
		"let in on purpose": {
			left: func(id string) (string, bool, error) { return "left on 2026-02-28", id == "dan", nil }, notes: func(n *converge.Notes) { n.Extended = map[string]bool{"dan": true} },
			writes: "create dan@x; create eve@x; join g dan@x; join g eve@x",
		},
		"nobody can tell": {
			left: func(string) (string, bool, error) {
				return "", false, fault.New(fault.Unavailable, "gone")
			},
			failed: "accounts/dan accounts/eve groups/g/dan@x groups/g/eve@x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := settled(t)
			e.left = tc.left
			cfg := base("ana", "bob", "cy", "dan", "eve")
			p := e.plan(cfg)
			if tc.notes != nil {
				tc.notes(&e.notes)
			}
			r := e.carryOut(cfg, p)
			var failed []string
			for _, f := range r.Failures {
				failed = append(failed, f.Subject.String())
			}
			same(t, "failed", strings.Join(failed, " "), tc.failed)
			same(t, "writes", strings.Join(e.app.writes, "; "), tc.writes)
			if tc.failed != "" && name == "one left" {
				lacks(t, r.Failures[0].Err.Error(), "changed since the plan", "the person dan left on 2026-02-28, by the rosters as they are now")
			}
		})
	}
}

// Who left does not get an account back, nor a group, when they had both before.
func TestLeftSincePlanKeepsNothingNew(t *testing.T) {
	t.Parallel()
	e := settled(t)
	off := base("ana", "bob", "cy")
	off.Accounts["bob"].Fields[converge.Active] = "false"
	off.Groups["g"] = members("ana", "cy")
	e.do(off)
	e.left = func(id string) (string, bool, error) { return "left on 2026-02-28", id == "bob", nil }
	r := e.apply(base("ana", "bob", "cy"))
	if len(r.Failures) != 2 || len(e.app.writes) > 0 {
		t.Errorf("failures %v, writes %v: want neither reactivation nor membership", r.Failures, e.app.writes)
	}
}

// A login that somebody else has now leads nobody to the wrong account.
func TestLoginOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(e *estate, id string)
		cfg    func(*converge.Config)
		want   []string // parts of the problem; none: it is planned
		writes string
	}{
		"deleted, and given to a stranger": {
			change: func(e *estate, id string) { delete(e.app.accounts, id); e.app.add("id9", "bob@x", "") },
			want:   []string{"the user name bob@x to bob", "bob had the account with id ID, and bob@x is the account with id id9 now, which carries nobody's person_id", "-refresh-only"},
		},
		"deleted, and given to another person": {
			change: func(e *estate, id string) { delete(e.app.accounts, id); e.app.add("id9", "bob@x", "77") },
			want:   []string{"with id ID", "with id id9 now, which belongs to person 77", `identities = { wiki = { "bob" = "..." } }`},
		},
		"renamed, and given to another person": {
			change: func(e *estate, id string) {
				e.app.add(id, "robert@x", "bob")
				e.app.add("id9", "bob@x", "77")
			},
			want: []string{"with id ID", "with id id9 now, which belongs to person 77"},
		},
		"deleted, and made anew for the same person": {
			change: func(e *estate, id string) {
				delete(e.app.accounts, id)
				delete(e.app.groups["g"], id)
				e.app.add("id9", "bob@x", "bob")
			},
			writes: "join g bob@x",
		},
		"renamed back, where nobody has the name": {
			change: func(e *estate, id string) { e.app.add(id, "robert@x", "bob") }, writes: "update robert@x user_name=bob@x",
		},
		"renamed in configuration onto a stranger": {
			change: func(e *estate, _ string) { e.app.add("id9", "eve@x", "77") },
			cfg: func(c *converge.Config) {
				c.Accounts["bob"] = people("eve")["eve"]
				c.Groups["g"] = members("ana", "eve", "cy")
			},
			want: []string{"the user name eve@x to bob", "with id ID", "with id id9"},
		},
		"renamed in configuration onto a leaver": {
			cfg: func(c *converge.Config) {
				c.Accounts["bob"] = people("cy")["cy"]
				delete(c.Accounts, "cy")
				c.Groups["g"] = members("ana", "cy")
			},
			want: []string{"the user name cy@x to bob", "which belongs to person cy"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := settled(t)
			id := e.state.IDs["bob"]
			if tc.change != nil {
				tc.change(e, id)
			}
			cfg := base("ana", "bob", "cy")
			if tc.cfg != nil {
				tc.cfg(&cfg)
			}
			if len(tc.want) == 0 {
				e.do(cfg)
				same(t, "writes", strings.Join(e.app.writes, "; "), tc.writes)
				return
			}
			p := e.plan(cfg)
			got := problems(p)
			for i := range tc.want {
				tc.want[i] = strings.ReplaceAll(tc.want[i], "ID", id)
			}
			var next string
			for _, err := range p.Problems {
				var f *fault.Error
				if errors.As(err, &f) {
					next += f.Next
				}
			}
			lacks(t, got+next, tc.want...)
		})
	}
}

// A membership whose user name means another account now is not given to that one.
func TestMembershipOfSomebodyElse(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.groups["g"] = map[string]string{}
	m.add("id1", "bob@x", "")
	e := newEstate(t, m)
	cfg := converge.Config{Groups: converge.Grants{"g": members("bob")}, Remove: map[access.GrantKind]bool{}, OnDropped: "hold", OnRemoval: access.Deactivate}
	whole := func() converge.Planned { return e.plan(cfg) }
	e.apply(cfg)
	delete(m.accounts, "id1")
	delete(m.groups["g"], "id1")
	m.add("id2", "bob@x", "")
	lacks(t, problems(whole()), "it was the account with id id1 that had it, and bob@x is the account with id id2 now")
}

// Members of a group that is managed alone are known by the person_id on their accounts.
func TestMemberLeftSincePlan(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.groups["g"] = map[string]string{}
	m.add("id1", "bob@x", "b")
	m.add("id2", "cy@x", "c")
	m.add("id3", "dan@x", "")
	e := newEstate(t, m)
	e.left = func(id string) (string, bool, error) { return "left on 2026-02-28", id == "b", nil }
	cfg := converge.Config{Groups: converge.Grants{"g": {}}, Rosters: true, Remove: map[access.GrantKind]bool{}, OnDropped: "hold", OnRemoval: access.Deactivate}
	e.do(cfg)
	cfg.Groups = converge.Grants{"g": members("bob", "cy", "dan")}
	r := e.apply(cfg)
	if len(r.Failures) != 1 || !errors.Is(r.Failures[0].Err, fault.Stale) {
		t.Errorf("failures %v", r.Failures)
	}
	same(t, "writes", strings.Join(e.app.writes, "; "), "join g cy@x; join g dan@x")
}
