package report_test

import (
	"maps"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

func TestSetChanges(t *testing.T) {
	t.Parallel()
	ana := account("ana@acme.example", "Ana")
	member := m{"groups": m{"staff": m{"ana@acme.example": "member"}}}
	explain := func(pairs ...any) m {
		e := m{}
		for i := 0; i < len(pairs); i += 2 {
			e[pairs[i].(string)] = pairs[i+1]
		}
		return m{"explanations": e}
	}
	for name, c := range map[string]struct {
		actions       []string
		before, after any
		more          m
		category      string
		grants        []string
		note          string
	}{
		"a new resource": {
			create, nil, set("a", m{"1": account("ana@acme.example", "Ana", m{"role": "admin"})}, member), nil, "enrolled",
			[]string{"gain a account manage []", "gain a role admin< manage []", "gain a group staff member< manage []"},
			"",
		},
		"adopted": {
			update, set("a", m{}, m{"strangers": m{"accounts/ana@acme.example": "u1"}}),
			set("a", m{"1": ana}, m{"ids": m{"1": "u1"}}, explain("accounts/1", why("adopt", "in configuration; the account is there already"))),
			nil, "mover",
			[]string{"change a account adopt [configuration]"},
			"",
		},
		"a membership adopted": {
			update, set("a", m{"1": ana}, m{"strangers": m{"groups/staff/ana@acme.example": "member"}}),
			set("a", m{"1": ana}, member, explain("groups/staff/ana@acme.example", why("add", `rule "staff"`))),
			nil, "mover",
			[]string{"keep a account []", "change a group staff member<member adopt [rule]"},
			"",
		},
		"a role in a group": {
			update, set("a", m{"1": ana}, member),
			set("a", m{"1": ana}, m{"groups": m{"staff": m{"ana@acme.example": "owner"}}}, explain("groups/staff/ana@acme.example", why("change", "configuration says owner instead of member"))),
			nil, "mover",
			[]string{"keep a account []", "change a group staff owner<member change [configuration]"},
			"",
		},
		"an account role": {
			update, set("a", m{"1": account("ana@acme.example", "Ana", m{"role": "user"})}), set("a", m{"1": account("ana@acme.example", "Ana", m{"role": "admin"})}, explain("accounts/1", why("update", "differs in role"))),
			nil, "mover",
			[]string{"keep a account []", "change a role admin<user update []"},
			"",
		},
		"a renamed group": {
			update, set("a", m{"1": ana}, member), set("a", m{"1": ana}, m{"groups": m{"crew": m{"ana@acme.example": "member"}}}),
			nil, "", nil, "",
		},
		"a renamed person": {
			update, set("a", m{"1": ana}, member),
			set("a", m{"1": account("ana.b@acme.example", "Ana")}, m{"groups": m{"staff": m{"ana.b@acme.example": "member"}}},
				explain("accounts/1", why("update", "differs in user_name"), "groups/staff/ana.b@acme.example", why("rename", "nothing is sent"))),
			nil, "mover",
			[]string{"keep a account []", "keep a group staff member< []", "change a profile user_name:ana@acme.example>ana.b@acme.example update [profile]"},
			"",
		},
		"deactivated on request": {
			update, set("a", m{"1": ana}), set("a", m{"1": account("ana@acme.example", "Ana", m{"active": false})}, explain("accounts/1", why("deactivate", "active = false"))),
			nil, "mover",
			[]string{"lose a account deactivate [configuration]"},
			"",
		},
		"reactivated": {
			update, set("a", m{"1": account("ana@acme.example", "Ana", m{"active": false})}), set("a", m{"1": account("ana@acme.example", "Ana", m{"active": true})}, explain("accounts/1", why("reactivate", "active = true is enforced"))),
			nil, "mover",
			[]string{"gain a account reactivate [configuration]"},
			"",
		},
		"a stranger removed": {
			update, set("a", m{}, m{"strangers": m{"accounts/ana@acme.example": "u1"}}),
			set("a", m{}, explain("accounts/ana@acme.example", why("deactivate", `in no configuration, and unmanaged = "remove"`))),
			nil, "leaver",
			[]string{"lose a account deactivate [stranger]"},
			"",
		},
		"a stranger as before": {
			noop, set("a", m{}, m{"strangers": m{"accounts/ana@acme.example": "u1"}}), set("a", m{}, m{"strangers": m{"accounts/ana@acme.example": "u1"}}),
			nil, "stranger",
			[]string{"unmanaged a account [stranger]"},
			"",
		},
		"held again": {
			noop, set("a", m{}, m{"held": m{"accounts/1": m{"reason": "overlap", "since": "2026-03-01T00:00:00Z"}}}), set("a", m{}, m{"held": m{"accounts/1": m{"reason": "overlap", "since": "2026-03-01T00:00:00Z"}}}),
			nil, "held",
			[]string{"held a account [overlap]"},
			"",
		},
		"explanations of the last apply": {
			noop, set("a", m{"1": ana}, member), set("a", m{"1": ana}, member, explain("accounts/1", why("create", `rule "x"`))), nil, "", nil, "",
		},
		"destroyed and kept": {remove, set("a", m{"1": ana}, member), nil, nil, "", nil, "destroyed"},
		"destroyed and removed": {
			remove, set("a", m{"1": ana}, member, m{"on_destroy": "remove"}), nil, nil, "leaver",
			[]string{"lose a account deactivate [configuration]", "lose a group staff member< remove [configuration]"},
			"",
		},
		"replaced": {
			[]string{"delete", "create"},
			set("a", m{"1": ana}, member), set("a", m{"1": ana}, explain("groups/staff/ana@acme.example", why("remove", `no longer matched by rule "staff"`))),
			nil, "mover",
			[]string{"keep a account []", "lose a group staff member< remove [mover]"},
			"",
		},
		"not known yet": {
			update, set("a", m{"1": ana}, member), m{"app": "a"}, m{"after_unknown": m{"accounts": true, "groups": true}}, "", nil, "unknown",
		},
		"a group not known yet": {
			update, set("a", m{"1": ana}, member), set("a", m{"1": ana}), m{"after_unknown": m{"groups": m{"staff": true}}}, "", nil, "unknown",
		},
		"a role not known yet": {
			update, set("a", m{"1": ana}, member), set("a", m{"1": ana}, m{"groups": m{"staff": m{}}}, explain("groups/staff/ana@acme.example", why("change", "configuration says a value not known yet instead of member"))),
			m{"after_unknown": m{"groups": m{"staff": m{"ana@acme.example": true}}}},
			"mover",
			[]string{"keep a account []", "change a group staff (known after apply)<member change [configuration]"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := read(t, planOf(t, []m{resource("tenure_app_access", "x", c.actions, c.before, c.after, c.more)}))
			key := "1"
			if category, _ := told(r, key); category == "" && len(r.People) > 0 {
				key = "ana@acme.example"
			}
			wantTold(t, r, key, c.category, c.grants...)
			if c.note == "" && len(r.Notes) > 0 || c.note != "" && (len(r.Notes) != 1 || r.Notes[0].Code != c.note) {
				t.Errorf("notes %+v, want %q", r.Notes, c.note)
			}
		})
	}
}

func TestSingleResources(t *testing.T) {
	t.Parallel()
	one := func(more ...m) m {
		return account("ana@acme.example", "Ana", append([]m{{"app": "a", "person_id": "1"}}, more...)...)
	}
	membership := func(group, role string) m {
		return m{"app": "a", "group": group, "role": role, "user_name": "ana@acme.example"}
	}
	for name, c := range map[string]struct {
		typ           string
		actions       []string
		before, after any
		category      string
		grants        []string
	}{
		"account":             {"tenure_account", create, nil, one(m{"role": "admin"}), "joiner", []string{"gain a account create [configuration]", "gain a role admin< create [configuration]"}},
		"account born idle":   {"tenure_account", create, nil, one(m{"active": false}), "mover", []string{"change a account deactivate [configuration]"}},
		"account goes":        {"tenure_account", remove, one(m{"on_removal": "delete"}), nil, "leaver", []string{"lose a account delete [configuration]"}},
		"account let go":      {"tenure_account", remove, one(m{"on_removal": "keep"}), nil, "", nil},
		"account forgotten":   {"tenure_account", []string{"forget"}, one(), nil, "", nil},
		"title":               {"tenure_account", update, one(m{"title": "A"}), one(m{"title": "B"}), "mover", []string{"keep a account []", "change a profile title:A>B update [profile]"}},
		"another app":         {"tenure_account", []string{"delete", "create"}, one(), one(m{"app": "b"}), "mover", []string{"lose a account deactivate [configuration]", "gain b account create [configuration]"}},
		"membership":          {"tenure_group_membership", create, nil, membership("g", "member"), "mover", []string{"gain a group g member< add [configuration]"}},
		"membership goes":     {"tenure_group_membership", remove, membership("g", "member"), nil, "mover", []string{"lose a group g member< remove [configuration]"}},
		"role in a group":     {"tenure_group_membership", update, membership("g", "member"), membership("g", "owner"), "mover", []string{"change a group g owner<member change [configuration]"}},
		"another group":       {"tenure_group_membership", []string{"create", "delete"}, membership("g", "member"), membership("h", "member"), "mover", []string{"lose a group g member< remove [configuration]", "gain a group h member< add [configuration]"}},
		"license":             {"tenure_license_assignment", create, nil, m{"app": "a", "license": "Pro", "user_name": "ana@acme.example"}, "mover", []string{"gain a license Pro Pro< add [configuration]"}},
		"cutoff":              {"tenure_cutoff", update, m{"app": "a", "people": m{"2": "x"}}, m{"app": "a", "people": m{"1": "stolen", "2": "x"}}, "leaver", []string{"lose a account cut_off [cutoff]"}},
		"cutoff taken back":   {"tenure_cutoff", update, m{"app": "a", "people": m{"1": "stolen"}}, m{"app": "a", "people": m{}}, "", nil},
		"nothing":             {"tenure_account", noop, one(), one(), "", nil},
		"a group as a whole":  {"tenure_group_members", update, m{"app": "a", "group": "g", "members": m{}}, m{"app": "a", "group": "g", "members": m{"ana@acme.example": "member"}, "explanations": m{"ana@acme.example": why("add", "in configuration")}}, "mover", []string{"gain a group g member< add [configuration]"}},
		"strangers in groups": {"tenure_group_members", noop, m{"app": "a", "group": "g", "members": m{}}, m{"app": "a", "group": "g", "members": m{}, "strangers": m{"ana@acme.example": "member"}}, "stranger", []string{"unmanaged a group g member< [stranger]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := read(t, planOf(t, []m{resource(c.typ, "x", c.actions, c.before, c.after)}))
			key := "1"
			if category, _ := told(r, key); category == "" && len(r.People) > 0 {
				key = "ana@acme.example"
			}
			wantTold(t, r, key, c.category, c.grants...)
			if len(r.People) > 1 {
				t.Errorf("%d people", len(r.People))
			}
		})
	}
}

func TestDriftOfSingleResources(t *testing.T) {
	t.Parallel()
	ana := account("ana@acme.example", "Ana", m{"app": "a", "person_id": "1", "title": "A"})
	other := account("ana@acme.example", "Ana", m{"app": "a", "person_id": "1", "title": "B"})
	put := planOf(t, []m{resource("tenure_account", "x", create, nil, ana)}, m{"resource_drift": []m{resource("tenure_account", "x", remove, ana, nil)}})
	wantTold(t, read(t, put), "1", "drift", "gain a account create [configuration] drift: the account was removed")
	left := planOf(t, []m{resource("tenure_account", "x", noop, other, other)}, m{"resource_drift": []m{resource("tenure_account", "x", update, ana, other)}})
	r := read(t, left)
	wantTold(t, r, "1", "drift", `noticed a account [drift] drift: title was changed from "A" to "B"`)
	if !r.Changed() {
		t.Error("drift alone is no change")
	}
}

func TestGroupsThemselves(t *testing.T) {
	t.Parallel()
	g := func(on string) m { return m{"app": "a", "name": "crew", "on_removal": on} }
	r := read(t, planOf(t, []m{resource("tenure_group", "x", create, nil, g("keep")), resource("tenure_group", "y", remove, g("keep"), nil), resource("tenure_group", "z", noop, g("keep"), g("keep"))}))
	if len(r.Objects) != 2 || r.Objects[0].Action != "create" || r.Objects[1].Action != "keep" || !r.Changed() {
		t.Errorf("%+v", r.Objects)
	}
	if read(t, planOf(t, []m{resource("tenure_group", "y", remove, g("keep"), nil)})).Changed() {
		t.Error("letting go of a group changes it")
	}
}

func TestReasonsOfEntitlements(t *testing.T) {
	t.Parallel()
	data := m{"prior_state": m{"values": m{"root_module": m{"child_modules": []m{{"resources": []m{{
		"address": "data.tenure_entitlements.x", "mode": "data", "type": "tenure_entitlements", "provider_name": "registry.opentofu.org/tenure-access/tenure",
		"values": m{"reasons": m{"1": m{"a/accounts": `rule "everyone"`, "a/groups/g%2Fh": `rule "b, \"c\""; rule "d"`}}},
	}}}}}}}}
	r := read(t, planOf(t, []m{
		resource("tenure_account", "x", create, nil, account("ana@acme.example", "Ana", m{"app": "a", "person_id": "1"})),
		resource("tenure_group_membership", "x", create, nil, m{"app": "a", "group": "g/h", "user_name": "ANA@acme.example"}),
	}, data))
	wantTold(t, r, "1", "joiner", "gain a account create [rule]", "gain a group g/h add [rule]")
	if rules := r.People[0].Changes[1].Rules; len(rules) != 2 || rules[0] != `b, "c"` || rules[1] != "d" {
		t.Errorf("rules %q", rules)
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"12": "12.00", "12.5": "12.50", "0.0001": "0.0001", "-3.125": "-3.125", "1e3": "1000.00"} {
		got, err := report.ParseMoney(in)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "x", "0.00001", "1e99", "NaN"} {
		if _, err := report.ParseMoney(in); err == nil {
			t.Errorf("%q is money", in)
		}
	}
}

func TestPrices(t *testing.T) {
	t.Parallel()
	k := func(v any) m { return m{"constant_value": v} }
	block := func(product string, more m) m {
		b := m{"product": k(product), "currency": k("EUR")}
		maps.Copy(b, more)
		return b
	}
	provider := m{"configuration": m{"provider_config": m{
		"aws": m{"name": "aws", "expressions": m{"app": m{"constant_value": "not ours"}}},
		"tenure": m{"full_name": "registry.opentofu.org/tenure-access/tenure", "expressions": m{"app": []m{{
			"name": k("a"), "license_price": []m{
				block("Suite", m{"monthly": k(3)}), block("Suite", m{"license": k("Full"), "monthly": k("15.50")}), block("Board", m{"monthly": m{"references": []string{"var.x"}}}),
			},
		}}}},
	}}}
	give := func(product, license string) m {
		return resource("tenure_license_assignment", product+license, create, nil, m{"app": "a", "product": product, "license": license, "user_name": product + license})
	}
	swap := resource("tenure_license_assignment", "swap", update, m{"app": "a", "product": "Suite", "license": "Full", "user_name": "swap"}, m{"app": "a", "product": "Suite", "license": "Lite", "user_name": "swap"})
	r := read(t, planOf(t, []m{give("Suite", "Full"), give("Suite", "Lite"), give("Board", "Board"), swap}, provider))
	got := make(map[string]string)
	for _, p := range r.People {
		got[p.Key] = p.Changes[0].Cost.String() + p.Changes[0].Currency
	}
	for key, want := range map[string]string{"SuiteFull": "15.50EUR", "SuiteLite": "3.00EUR", "BoardBoard": "0.00", "swap": "-12.50EUR"} {
		if got[key] != want {
			t.Errorf("%s costs %s, want %s", key, got[key], want)
		}
	}
	if r.Summary.Unpriced != 1 {
		t.Errorf("%d without a price", r.Summary.Unpriced)
	}
}
