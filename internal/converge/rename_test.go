package converge_test

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// called is base with other user names.
func called(names map[string]string, keys ...string) converge.Config {
	cfg := base(keys...)
	for key, name := range names {
		cfg.Accounts[key] = converge.Account{Fields: map[access.Field]string{access.UserName: name}}
		delete(cfg.Groups["g"], key+"@x")
	}
	for _, name := range names {
		cfg.Groups["g"][name] = "member"
	}
	return cfg
}

// A rename that fails leaves everybody where they were: the groups are not taken for somebody else's afterwards.
func TestFailedRenameTakesNothing(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.refuse["update ana@x user_name=anna@x"] = fault.New(fault.Exists, "anna@x is taken")
	cfg := called(map[string]string{"ana": "anna@x"}, "ana", "bob", "cy")
	cfg.Remove[access.GrantGroup] = true
	cfg.Groups["g"]["anna@x"] = "owner" // her role changes as well
	for range 3 {
		r := e.apply(cfg)
		if len(r.Failures) != 2 || r.State.Groups["g"]["ana@x"] != "member" || r.State.Groups["g"]["anna@x"] != "" {
			t.Errorf("failures %v, group in state: %v", r.Failures, r.State.Groups["g"])
		}
		if len(e.app.writes) > 0 {
			t.Errorf("written: %v", e.app.writes)
		}
		if p := e.plan(cfg); strings.Contains(heldAs(&p.State), "ana") || len(p.State.Strangers) > 0 {
			t.Errorf("strangers: %v", p.State.Strangers)
		}
	}
	clear(e.app.refuse)
	same(t, "writes", e.do(cfg), "join g anna@x; update ana@x user_name=anna@x")
	same(t, "and then", e.do(cfg), "")
}

// A user name is given away only after it is free.
func TestNamesGoFromHandToHand(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := called(map[string]string{"ana": "ana2@x", "bob": "ana@x", "dan": "bob@x"}, "ana", "bob", "cy", "dan")
	same(t, "writes", e.do(cfg), "create bob@x; join g bob@x; update ana@x user_name=ana2@x; update bob@x user_name=ana@x")
	same(t, "and then", e.do(cfg), "")
}

// Nobody can be called what somebody else still is: two who swap their names are told so by the plan.
func TestSwappedNames(t *testing.T) {
	t.Parallel()
	e := settled(t)
	p := e.plan(called(map[string]string{"ana": "bob@x", "bob": "cy@x", "cy": "ana@x"}, "ana", "bob", "cy"))
	if len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Error(), "ana, bob, cy") {
		t.Errorf("problems: %v", p.Problems)
	}
}
