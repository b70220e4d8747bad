package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

func (appAccess) read(f map[string]tftypes.Value) *setModel {
	m := &setModel{app: stringOf(f["app"]), tenant: stringOf(f["tenant"]), state: converge.NewState()}
	var known bool
	m.rosters, known = listOf(f["rosters"])
	m.pending = !known || !f["accounts"].IsKnown()
	raw := objectOf(f["accounts"])
	for key, v := range raw {
		if !v.IsKnown() {
			m.pending = true
			continue
		}
		m.state.Accounts[key] = accountOf(v)
	}
	m.decoded = []decodedAccounts{{raw, m.state.Accounts}}
	m.state.IDs = orEmpty(stringsOf(f["ids"]))
	var ok bool
	if m.state.Groups, ok = grantsOf(f["groups"]); !ok {
		m.pending = true
	}
	if m.state.Licenses, ok = grantsOf(f["licenses"]); !ok {
		m.pending = true
	}
	m.state.Held = subjectsOf(f["held"], func(v tftypes.Value) converge.Held {
		o := objectOf(v)
		return converge.Held{Reason: converge.Reason(stringOf(o["reason"])), Since: stringOf(o["since"])}
	})
	m.state.Strangers = subjectsOf(f["strangers"], stringOf)
	m.state.Explanations = subjectsOf(f["explanations"], explanationOf)
	unmanaged := objectOf(f["unmanaged"])
	m.cfg = converge.Config{
		Rosters: len(m.rosters) > 0, OnDropped: orDefault(f["on_dropped"], "hold"),
		OnRemoval: access.Disposition(orDefault(f["on_removal"], string(access.Deactivate))),
		Grace:     time.Duration(intOf(f["grace_hours"])) * time.Hour,
		Remove: map[access.GrantKind]bool{
			access.GrantAccount: stringOf(unmanaged["accounts"]) == "remove",
			access.GrantGroup:   stringOf(unmanaged["members"]) == "remove",
			access.GrantLicense: stringOf(unmanaged["assignees"]) == "remove",
		},
	}
	m.onDestroy = orDefault(f["on_destroy"], "keep")
	return m
}

func (appAccess) write(m *setModel, f map[string]tftypes.Value) {
	for name, v := range map[string]string{"on_dropped": m.cfg.OnDropped, "on_removal": string(m.cfg.OnRemoval), "on_destroy": m.onDestroy} {
		if f[name].IsKnown() {
			f[name] = rawString(v)
		}
	}
	if f["grace_hours"].IsKnown() {
		f["grace_hours"] = tftypes.NewValue(tftypes.Number, int64(m.cfg.Grace/time.Hour))
	}
	f["tenant"] = rawText(m.tenant)
	unknown := func(t tftypes.Type) tftypes.Value { return tftypes.NewValue(t, tftypes.UnknownValue) }
	if m.pending {
		f["ids"], f["strangers"] = unknown(stringMap()), unknown(stringMap())
		f["held"], f["explanations"] = unknown(heldType()), unknown(explanationsType())
		return
	}
	elems := make(map[string]tftypes.Value, len(m.state.Accounts))
	for key, a := range m.state.Accounts {
		elems[key] = m.account(key, a)
	}
	f["accounts"] = tftypes.NewValue(tftypes.Map{ElementType: accountType()}, elems)
	f["groups"], f["licenses"] = rawGrants(m.state.Groups), rawGrants(m.state.Licenses)
	f["explanations"] = rawExplanations(m.state.Explanations, converge.Subject.String)
	if m.fresh {
		f["ids"], f["strangers"], f["held"] = unknown(stringMap()), unknown(stringMap()), unknown(heldType())
		f["explanations"] = unknown(explanationsType()) // everything is new; the apply says what was there already
		return
	}
	f["ids"] = rawStrings(m.state.IDs)
	f["held"] = rawHeld(m.state.Held, converge.Subject.String)
	strangers := make(map[string]string, len(m.state.Strangers))
	for s, v := range m.state.Strangers {
		strangers[s.String()] = v
	}
	f["strangers"] = rawStrings(strangers)
}

// account encodes one account, or reuses what was decoded where nothing changed.
func (m *setModel) account(key string, a converge.Account) tftypes.Value {
	for _, d := range m.decoded {
		if raw, ok := d.raw[key]; ok && d.typed[key].Equal(a) {
			return raw
		}
	}
	t := accountType()
	fields := make(map[string]tftypes.Value, len(t.AttributeTypes))
	for _, f := range accountFields() {
		if v, ok := a.Fields[f]; ok {
			fields[string(f)] = rawString(v)
		} else {
			fields[string(f)] = tftypes.NewValue(tftypes.String, nil)
		}
	}
	var active any
	switch v := a.Fields[converge.Active]; v {
	case "":
	case converge.Unknown:
		active = tftypes.UnknownValue
	default:
		active = v == "true"
	}
	fields["active"] = tftypes.NewValue(tftypes.Bool, active)
	fields["attributes"] = rawStrings(a.Attributes)
	if a.Fields[converge.Attributes] == converge.Unknown {
		fields["attributes"] = tftypes.NewValue(stringMap(), tftypes.UnknownValue)
	}
	return tftypes.NewValue(t, fields)
}

func accountOf(v tftypes.Value) converge.Account {
	o := objectOf(v)
	a := converge.Account{Fields: make(map[access.Field]string, len(o))}
	for name, f := range o {
		switch {
		case f.IsNull():
		case name == "attributes" && !f.IsKnown():
			a.Fields[converge.Attributes] = converge.Unknown
		case name == "attributes":
			a.Attributes = stringsOf(f)
		case name == "active" && f.IsKnown():
			a.Fields[converge.Active] = "false"
			if boolOf(f) {
				a.Fields[converge.Active] = "true"
			}
		default:
			a.Fields[access.Field(name)] = stringOf(f)
		}
	}
	return a
}

// grantsOf reads map(map(string)); nil is null. It is not ok when part of its keys is not known.
func grantsOf(v tftypes.Value) (converge.Grants, bool) {
	if !v.IsKnown() {
		return nil, false
	}
	if v.IsNull() {
		return nil, true
	}
	ok := true
	out := make(converge.Grants)
	for in, holders := range objectOf(v) {
		ok = ok && holders.IsKnown()
		out[in] = orEmpty(stringsOf(holders))
	}
	return out, ok
}

func rawGrants(g converge.Grants) tftypes.Value {
	if g == nil {
		return tftypes.NewValue(grantsType(), nil)
	}
	elems := make(map[string]tftypes.Value, len(g))
	for in, holders := range g {
		elems[in] = rawStrings(holders)
	}
	return tftypes.NewValue(grantsType(), elems)
}

// subjectsOf reads a map by subject. State that another version wrote differently is left out, and read
// from the app again.
func subjectsOf[V any](v tftypes.Value, value func(tftypes.Value) V) map[converge.Subject]V {
	out := make(map[converge.Subject]V)
	for text, e := range objectOf(v) {
		if s, err := converge.ParseSubject(text); err == nil {
			out[s] = value(e)
		}
	}
	return out
}

func explanationOf(v tftypes.Value) converge.Explanation {
	o := objectOf(v)
	return converge.Explanation{Change: stringOf(o["change"]), Why: stringOf(o["why"])}
}

func rawHeld(held map[converge.Subject]converge.Held, name func(converge.Subject) string) tftypes.Value {
	elems := make(map[string]tftypes.Value, len(held))
	for s, h := range held {
		elems[name(s)] = tftypes.NewValue(heldType().ElementType, map[string]tftypes.Value{"reason": rawString(string(h.Reason)), "since": rawString(h.Since)})
	}
	return tftypes.NewValue(heldType(), elems)
}

func rawExplanations(all map[converge.Subject]converge.Explanation, name func(converge.Subject) string) tftypes.Value {
	elems := make(map[string]tftypes.Value, len(all))
	for s, e := range all {
		elems[name(s)] = tftypes.NewValue(explanationsType().ElementType, map[string]tftypes.Value{"change": rawString(e.Change), "why": rawString(e.Why)})
	}
	return tftypes.NewValue(explanationsType(), elems)
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func orDefault(v tftypes.Value, def string) string {
	if s := stringOf(v); s != "" {
		return s
	}
	return def
}

func (appAccess) ids(m *setModel) map[string]string { return map[string]string{"tenant": m.tenant} }

func (appAccess) validate(diags *diag.Diagnostics, m *setModel) {
	checkWord(diags, m, "on_dropped", "hold", "remove")
	checkWord(diags, m, "on_removal", string(access.Deactivate), string(access.Delete), string(access.Keep))
	checkWord(diags, m, "on_destroy", "keep", "remove")
	checkRequired(diags, m, "app", "accounts")
	checkHours(diags, m.raw["grace_hours"])
	unmanaged := objectOf(m.raw["unmanaged"])
	for _, k := range sortedKeys(unmanaged) {
		checkGiven(diags, unmanaged[k], path.Root("unmanaged").AtName(k))
		checkWordAt(diags, unmanaged[k], path.Root("unmanaged").AtName(k), "report", "remove")
	}
	for _, key := range sortedKeys(m.state.Accounts) {
		at := path.Root("accounts").AtMapKey(key)
		if key == "" {
			refuse(diags, at, "An account without a key", "The key is the person's person_id, or another stable name of yours.")
		}
		if strings.TrimSpace(m.state.Accounts[key].Fields[access.UserName]) == "" {
			refuse(diags, at.AtName("user_name"), "The user name of "+key+" is empty", "Give the account a user name, or leave it out of accounts.")
		}
		checkAttributes(diags, objectOf(m.raw["accounts"])[key], at)
	}
	checkSets(diags, m, "groups")
	checkSets(diags, m, "licenses")
	checkHolders(diags, "groups", m.state.Groups)
	checkHolders(diags, "licenses", m.state.Licenses)
}

func (appAccess) imports(_ context.Context, diags *diag.Diagnostics, d *Data, id string, identity map[string]string) *setModel {
	var inv *inventory.App
	var err error
	if id == "" {
		inv, err = d.appOfTenant(identity["tenant"])
	} else {
		var parts []string
		if parts, err = parseImportID(id, "APP"); err == nil {
			inv, err = d.app(parts[0])
		}
	}
	if err != nil {
		diagnose(diags, err, stateKept)
		return nil
	}
	report := rawString("report")
	unmanaged := map[string]tftypes.Value{"accounts": report, "members": report, "assignees": report}
	t := appAccess{}.schema().ValueType().(tftypes.Object)
	fields := make(map[string]tftypes.Value, len(t.AttributeTypes))
	for name, typ := range t.AttributeTypes {
		fields[name] = tftypes.NewValue(typ, nil)
	}
	fields["app"] = rawString(inv.Name())
	fields["tenant"] = rawString(inv.Info().Tenant)
	fields["unmanaged"] = tftypes.NewValue(t.AttributeTypes["unmanaged"], unmanaged)
	m := appAccess{}.read(fields)
	m.raw = fields
	m.private.Imported, m.private.Fill = d.clock.Now().UTC(), true
	return m
}
