package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// apply carries out a plan. What it answers is what really happened, also after an error.
func (t *setResource) apply(ctx context.Context, diags *diag.Diagnostics, d *Data, prior, planned, config *setModel) *setModel {
	if planned == nil {
		return t.destroy(ctx, diags, d, prior)
	}
	inv := d.appFor(diags, types.StringValue(planned.app), nothingSent)
	if inv == nil || prior != nil && !pinTenant(diags, inv, types.StringValue(prior.tenant)) {
		if prior == nil {
			return &setModel{gone: true}
		}
		return nil
	}
	cfg := planned.cfg
	cfg.Accounts, cfg.Groups, cfg.Licenses = config.state.Accounts, config.state.Groups, config.state.Licenses
	order := converge.Order{
		Planned: planned.state, Notes: planned.private.Notes, Config: cfg, Rules: rulesOf(ctx, inv),
		Left: d.leavers(ctx, planned.rosters),
		Now:  d.clock.Now, Log: newLogger(), HandedOver: func(id string) bool { return d.handedOver(inv.Info().Tenant, id) },
	}
	hint := ""
	if prior != nil {
		order.Prior = &prior.state
	} else {
		hint = untaintHint
		order.Why = d.whyNew(ctx, inv.Name(), planned.rosters)
	}
	if planned.group != "" {
		g, err := inv.Group(ctx, planned.group)
		if prior != nil {
			g, err = inv.GroupByID(ctx, prior.groupID)
		}
		if err != nil {
			diagnose(diags, err, nothingSent, path.Root("group"))
			if prior == nil {
				return &setModel{gone: true}
			}
			return nil
		}
		planned.groupID = g.ID
	}
	res := converge.Apply(ctx, inv, order)
	planned.state, planned.private.Notes, planned.tenant = res.State, res.Notes, inv.Info().Tenant
	planned.decoded = append(planned.decoded, config.decoded...)
	if prior == nil {
		t.meet(ctx, diags, inv, planned, d)
	}
	t.remember(d, inv, planned)
	diagnose(diags, res.Err(inv.Name(), hint), stateUpdated)
	return planned
}

// meet lists, once the resource exists, who else is there. Creating removes nobody.
func (t *setResource) meet(ctx context.Context, diags *diag.Diagnostics, inv *inventory.App, m *setModel, d *Data) {
	seen, err := converge.Observe(ctx, inv, m.state, m.private.Notes, t.kind.whole())
	if err != nil {
		_, detail := describe(err, "")
		warn(diags, "Strangers of "+t.what(m)+" are not known yet", detail+"\n\nThe next plan lists them.")
		return
	}
	suspended := m.private.Suspended
	now, notes := converge.Refresh(m.state, m.private.Notes, seen, rulesOf(ctx, inv), d.clock.Now(), nil)
	m.state.Strangers, m.private.Notes = now.Strangers, notes
	m.private.Suspended = suspended
	if was, ok := d.handedSets.Load(t.place(m)); ok {
		var unread diag.Diagnostics // that the rosters cannot be read now is for the next plan to say
		standing, pending := d.standing(ctx, &unread, m.rosters)
		if pending {
			standing = nil
		}
		before := was.(*setModel)
		m.state, m.private.Notes = converge.TakeOver(m.state, m.private.Notes, before.state, before.private.Notes, standing)
	}
}

// remember marks what this process gave, so that a Delete later in the same walk (create_before_destroy)
// does not take it away.
func (t *setResource) remember(d *Data, inv *inventory.App, m *setModel) {
	for _, id := range m.state.IDs {
		if id != "" && id != converge.Unknown {
			d.made(inv, "accounts", id)
		}
	}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for in, holders := range m.state.Grants(kind) {
			for who := range holders {
				d.made(inv, string(kind), in, who)
			}
		}
	}
}

// destroy ends the management of the set, and with on_destroy = "remove" what it managed. In a
// replacement it hands everything over and writes nothing.
func (t *setResource) destroy(ctx context.Context, diags *diag.Diagnostics, d *Data, prior *setModel) *setModel {
	gone := &setModel{gone: true}
	switch prior.private.Intent {
	case intentCreate:
		d.handOver(t.place(prior), prior)
		return gone
	case intentDestroy:
	default:
		unknownIntent(diags, t.what(prior))
		return nil
	}
	if prior.onDestroy != "remove" {
		return gone
	}
	inv := d.retiring(diags, types.StringValue(prior.app), types.StringValue(prior.tenant))
	if inv == nil || d.refusePreviewOf(diags, inv, prior.private.AsOf, t.what(prior)) {
		return nil
	}
	was := prior.state.Clone()
	was.Held, was.Strangers = map[converge.Subject]converge.Held{}, map[converge.Subject]string{}
	t.spareMade(d, inv, prior.cfg.OnRemoval, &was)
	res := converge.Apply(ctx, inv, converge.Order{
		Prior: &was, Planned: converge.NewState(), Notes: prior.private.Notes, Config: prior.cfg, Rules: rulesOf(ctx, inv),
		Now: d.clock.Now, Log: newLogger(),
	})
	if len(res.Failures) == 0 {
		return gone
	}
	prior.state, prior.private.Notes = res.State, res.Notes
	diagnose(diags, res.Err(inv.Name(), ""), stateUpdated)
	return prior
}

// spareMade leaves out what this walk created or adopted, and accounts that are to be kept.
func (t *setResource) spareMade(d *Data, inv *inventory.App, how access.Disposition, was *converge.State) {
	maps.DeleteFunc(was.Accounts, func(key string, _ converge.Account) bool {
		return how == access.Keep || inv.Touched(was.IDs[key]) || d.wasMade(inv, "accounts", was.IDs[key])
	})
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for in, holders := range was.Grants(kind) {
			maps.DeleteFunc(holders, func(who, _ string) bool { return d.wasMade(inv, string(kind), in, who) })
		}
	}
}
