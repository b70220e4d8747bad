package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// groupMembers is tenure_group_members: one group as a whole.
type groupMembers struct{}

func (groupMembers) name() string { return "tenure_group_members" }
func (groupMembers) whole() bool  { return false }

func (groupMembers) schema() *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
		Description: "The members of one group as a whole, for a team that owns one. " +
			"Who is in the group and not in the configuration is listed in `strangers`, and taken out only with `unmanaged = \"remove\"`. Creating the resource removes nobody.",
		DescriptionKind: tfprotov6.StringKindMarkdown,
		Attributes: []*tfprotov6.SchemaAttribute{
			attribute("app", tftypes.String, "The name of an `app` block of the provider.", required),
			attribute("group", tftypes.String, "The group, by name or id. It is followed by its immutable id.", required),
			attribute("members", stringMap(), "User name to role; the role is `member` where the app knows no roles.", required),
			attribute("unmanaged", tftypes.String, "What to do with members that configuration does not name: `report` (default) or `remove`.", defaulted),
			attribute("grace_hours", tftypes.Number, "How long a stranger stays before `unmanaged = \"remove\"` takes it out, from when it was first seen. Default 0.", defaulted),
			attribute("on_destroy", tftypes.String, "What destroying the resource does: `keep` (default) leaves the members; `remove` takes out those that configuration names.", defaulted),
			attribute("id", tftypes.String, "The group's immutable id.", computed),
			attribute("group_id", tftypes.String, "The group's immutable id.", computed),
			attribute("tenant", tftypes.String, "The tenant that the app leads to. Pinned: another tenant behind the same app name is an error.", computed),
			attribute("held", heldType(), "Members who are kept although configuration does not ask for it, and why, by user name.", computed),
			attribute("strangers", stringMap(), "Members whom configuration does not name: role by user name.", computed),
			attribute("explanations", explanationsType(), "What this plan, or the last apply, changes for each user name, and why.", computed),
		},
	}}
}

func (groupMembers) identity() *tfprotov6.ResourceIdentitySchema {
	return &tfprotov6.ResourceIdentitySchema{IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
		{Name: "tenant", Type: tftypes.String, RequiredForImport: true, Description: "The tenant of the app."},
		{Name: "group_id", Type: tftypes.String, RequiredForImport: true, Description: "The immutable id of the group."},
	}}
}

func (groupMembers) read(f map[string]tftypes.Value) *setModel {
	m := &setModel{
		app: stringOf(f["app"]), group: stringOf(f["group"]), tenant: stringOf(f["tenant"]), groupID: stringOf(f["group_id"]),
		state: converge.NewState(), pending: !f["members"].IsKnown(), onDestroy: orDefault(f["on_destroy"], "keep"),
	}
	m.state.Groups = converge.Grants{m.group: orEmpty(stringsOf(f["members"]))}
	at := func(who string) converge.Subject {
		return converge.Subject{Kind: access.GrantGroup, In: m.group, Who: who}
	}
	for who, v := range objectOf(f["held"]) {
		o := objectOf(v)
		m.state.Held[at(who)] = converge.Held{Reason: converge.Reason(stringOf(o["reason"])), Since: stringOf(o["since"])}
	}
	for who, role := range stringsOf(f["strangers"]) {
		m.state.Strangers[at(who)] = role
	}
	for who, v := range objectOf(f["explanations"]) {
		m.state.Explanations[at(who)] = explanationOf(v)
	}
	m.cfg = converge.Config{
		Grace:  time.Duration(intOf(f["grace_hours"])) * time.Hour,
		Remove: map[access.GrantKind]bool{access.GrantGroup: orDefault(f["unmanaged"], "report") == "remove"},
	}
	return m
}

func (groupMembers) write(m *setModel, f map[string]tftypes.Value) {
	unmanaged := "report"
	if m.cfg.Remove[access.GrantGroup] {
		unmanaged = "remove"
	}
	for name, v := range map[string]string{"unmanaged": unmanaged, "on_destroy": m.onDestroy} {
		if f[name].IsKnown() {
			f[name] = rawString(v)
		}
	}
	if f["grace_hours"].IsKnown() {
		f["grace_hours"] = tftypes.NewValue(tftypes.Number, int64(m.cfg.Grace/time.Hour))
	}
	f["tenant"] = rawText(m.tenant)
	unknown := func(t tftypes.Type) tftypes.Value { return tftypes.NewValue(t, tftypes.UnknownValue) }
	f["id"], f["group_id"] = rawText(m.groupID), rawText(m.groupID)
	if m.fresh {
		f["id"], f["group_id"] = rawString(converge.Unknown), rawString(converge.Unknown)
	}
	if m.pending {
		f["held"], f["strangers"], f["explanations"] = unknown(heldType()), unknown(stringMap()), unknown(explanationsType())
		return
	}
	f["members"] = rawStrings(orEmpty(m.state.Groups[m.group]))
	who := func(s converge.Subject) string { return s.Who }
	f["explanations"] = rawExplanations(m.state.Explanations, who)
	if m.fresh {
		f["held"], f["strangers"] = unknown(heldType()), unknown(stringMap())
		return
	}
	f["held"] = rawHeld(m.state.Held, who)
	strangers := make(map[string]string, len(m.state.Strangers))
	for s, role := range m.state.Strangers {
		strangers[s.Who] = role
	}
	f["strangers"] = rawStrings(strangers)
}

func (groupMembers) ids(m *setModel) map[string]string {
	return map[string]string{"tenant": m.tenant, "group_id": m.groupID}
}

func (groupMembers) validate(diags *diag.Diagnostics, m *setModel) {
	checkWord(diags, m, "unmanaged", "report", "remove")
	checkWord(diags, m, "on_destroy", "keep", "remove")
	checkRequired(diags, m, "app", "members")
	checkHours(diags, m.raw["grace_hours"])
	if m.group == "" {
		refuse(diags, path.Root("group"), "The group has no name", "Name the group, or give its id.")
	}
	checkHolders(diags, "members", m.state.Groups)
}

func (groupMembers) imports(ctx context.Context, diags *diag.Diagnostics, d *Data, id string, identity map[string]string) *setModel {
	inv, g, err := importGroup(ctx, d, id, identity)
	if err != nil {
		diagnose(diags, err, stateKept)
		return nil
	}
	t := groupMembers{}.schema().ValueType().(tftypes.Object)
	fields := make(map[string]tftypes.Value, len(t.AttributeTypes))
	for name, typ := range t.AttributeTypes {
		fields[name] = tftypes.NewValue(typ, nil)
	}
	fields["app"], fields["group"] = rawString(inv.Name()), rawString(g.Name)
	fields["tenant"], fields["group_id"] = rawString(inv.Info().Tenant), rawString(g.ID)
	m := groupMembers{}.read(fields)
	m.raw = fields
	m.private.Imported, m.private.Fill = d.clock.Now().UTC(), true
	m.private.Groups = map[string]converge.GroupRef{g.Name: {ID: g.ID, Name: g.Name}}
	return m
}

func importGroup(ctx context.Context, d *Data, id string, identity map[string]string) (*inventory.App, access.Group, error) {
	if id == "" {
		inv, err := d.appOfTenant(identity["tenant"])
		if err != nil {
			return nil, access.Group{}, err
		}
		g, err := inv.GroupByID(ctx, identity["group_id"])
		return inv, g, err
	}
	parts, err := parseImportID(id, "APP", "GROUP")
	if err != nil {
		return nil, access.Group{}, err
	}
	inv, err := d.app(parts[0])
	if err != nil {
		return nil, access.Group{}, errors.Join(err)
	}
	g, err := inv.Group(ctx, parts[1])
	return inv, g, err
}
