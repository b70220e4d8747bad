package converge_test

import (
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
)

// rule makes a membership of ana, bob, cy (g) or an assignment (p) one that comes with something else.
func (e *estate) rule(in, key, via string) {
	e.app.via[in+"/"+e.state.IDs[key]] = via
}

func removing(cfg converge.Config) converge.Config {
	cfg.Remove = map[access.GrantKind]bool{access.GrantGroup: true, access.GrantLicense: true}
	return cfg
}

// Somebody whom a group rule lets in is nobody's to remove: listed where strangers are reported, kept and shown in
// held where they are removed, until the rule ends.
func TestStrangerByRule(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.licenses["p"] = map[string]string{}
	cfg := base("ana", "bob", "cy")
	cfg.Licenses = converge.Grants{"p": {}}
	e.do(cfg)
	e.app.add("eve", "eve@x", "")
	e.app.groups["g"]["eve"], e.app.via["g/eve"] = "member", "group rule Engineers"
	e.app.licenses["p"]["eve"], e.app.via["p/eve"] = "L", "group engineering"

	p := e.plan(cfg)
	same(t, "stranger", p.State.Strangers[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "eve@x"}], "member")
	same(t, "stranger", p.State.Strangers[converge.Subject{Kind: access.GrantLicense, In: "p", Who: "eve@x"}], "L")

	p = e.plan(removing(cfg))
	if len(p.Losses) > 0 {
		t.Errorf("losses %v", p.Losses)
	}
	same(t, "why", p.State.Explanations[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "eve@x"}].Why,
		"kept: it comes with group rule Engineers and cannot be removed by itself")
	same(t, "writes", e.do(removing(cfg)), "")
	const kept = "groups/g/eve@x kept; licenses/p/eve@x kept"
	same(t, "held", heldAs(e.state), kept)
	since := e.state.Held[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "eve@x"}]
	e.now = e.now.Add(time.Hour)
	same(t, "writes", e.do(removing(cfg)), "")
	if now := e.state.Held[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "eve@x"}]; now != since {
		t.Errorf("held %v, then %v", since, now)
	}

	// Reporting again lists her; and when the rule ends she is a stranger as any other.
	p = e.plan(cfg)
	same(t, "stranger again", p.State.Strangers[converge.Subject{Kind: access.GrantGroup, In: "g", Who: "eve@x"}], "member")
	clear(e.app.via)
	p = e.plan(cfg)
	if len(p.Losses)+len(p.State.Held) > 0 {
		t.Errorf("reporting takes away %v, holds %v", p.Losses, p.State.Held)
	}
	same(t, "writes", e.do(removing(cfg)), "leave g eve@x; unassign p eve@x")
	same(t, "held", heldAs(e.state), "")
}

// A managed membership that a rule gives meets the configuration whatever its role, and stays, held, when
// configuration drops it: also with the whole group.
func TestManagedByRule(t *testing.T) {
	t.Parallel()
	e := settled(t)
	e.app.licenses["p"] = map[string]string{e.state.IDs["bob"]: "L"}
	e.rule("g", "bob", "group rule Everybody")
	e.rule("p", "bob", "group everybody")
	cfg := base("ana", "bob", "cy")
	cfg.Groups["g"]["bob@x"] = "owner"
	cfg.Licenses = converge.Grants{"p": {"bob@x": "L"}}
	same(t, "writes", e.do(cfg), "")
	if p := e.plan(cfg); len(p.State.Explanations) > 0 {
		t.Errorf("a second plan explains %v", p.State.Explanations)
	}

	delete(cfg.Groups["g"], "bob@x")
	delete(cfg.Licenses["p"], "bob@x")
	if p := e.plan(cfg); len(p.Losses) > 0 {
		t.Errorf("losses %v", p.Losses)
	}
	same(t, "writes", e.do(cfg), "")
	same(t, "state", e.state.Groups["g"]["bob@x"], "")
	const kept = "groups/g/bob@x kept; licenses/p/bob@x kept"
	same(t, "held", heldAs(e.state), kept)

	cfg.Groups, cfg.Licenses = converge.Grants{}, converge.Grants{}
	same(t, "writes without the group", e.do(cfg), "leave g ana@x; leave g cy@x")
	same(t, "held without the group", heldAs(e.state), kept)
	same(t, "writes", e.do(cfg), "")
	same(t, "held", heldAs(e.state), kept)
	clear(e.app.via)
	same(t, "writes after the rule", e.do(cfg), "")
	same(t, "held after the rule", heldAs(e.state), "")
}

// A role that the app decides is never drift, never written and no loss.
func TestRoleFixed(t *testing.T) {
	t.Parallel()
	e := settled(t)
	at := "g/" + e.state.IDs["bob"]
	e.app.fixed[at], e.app.groups["g"][e.state.IDs["bob"]] = true, "maintainer"
	cfg := base("ana", "bob", "cy")
	same(t, "writes", e.do(cfg), "")
	if p := e.plan(cfg); len(p.State.Explanations) > 0 || p.State.Groups["g"]["bob@x"] != "member" {
		t.Errorf("drift %v, state %v", p.State.Explanations, p.State.Groups)
	}
	cfg.Groups["g"]["bob@x"] = "owner"
	if p := e.plan(cfg); len(p.Losses) > 0 {
		t.Errorf("losses %v", p.Losses)
	}
	same(t, "writes of another role", e.do(cfg), "")
	delete(cfg.Groups["g"], "bob@x")
	same(t, "writes of leaving", e.do(cfg), "leave g bob@x")
}

// Where the account was deactivated but its sessions stayed open, the next apply ends them.
func TestSessionsEndInTheNextApply(t *testing.T) {
	t.Parallel()
	e := settled(t)
	cfg := base("ana", "bob", "cy")
	off := cfg.Accounts["bob"]
	off.Fields = map[access.Field]string{access.UserName: "bob@x", converge.Active: "false"}
	cfg.Accounts["bob"] = off
	a := e.app.accounts[e.state.IDs["bob"]]
	a.Active = false
	e.app.accounts[a.ID] = a
	same(t, "writes", e.do(cfg), "end sessions bob@x")
	same(t, "writes after that", e.do(cfg), "")
}
