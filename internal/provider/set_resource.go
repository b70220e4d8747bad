package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

func (t *setResource) validate(diags *diag.Diagnostics, config tftypes.Value) {
	if !config.IsNull() {
		t.kind.validate(diags, t.fromValue(config))
	}
}

// what names the resource in messages.
func (t *setResource) what(m *setModel) string {
	if m.group != "" {
		return t.kind.name() + " of group " + m.group + " in " + m.app
	}
	return t.kind.name() + " of " + m.app
}

// rulesOf are the rules of an app for planning.
func rulesOf(ctx context.Context, inv *inventory.App) converge.Rules {
	info := inv.Info()
	return converge.Rules{
		Own: func(userName string) bool { return inv.IsOwn(ctx, userName) }, Keeper: access.KeeperRole(info.GroupRoles),
		App: inv.Name(), FoldCase: info.UserNamesFoldCase, Fields: info.Fields, Bound: slices.Contains(info.Fields, access.PersonID),
		Protected: inv.IsProtected, Ignored: inv.IsIgnored,
	}
}

// read refreshes the state. Nil leaves everything as it was.
func (t *setResource) read(ctx context.Context, diags *diag.Diagnostics, d *Data, m *setModel) *setModel {
	if m == nil {
		return nil
	}
	inv, err := d.forState(types.StringValue(m.app), types.StringValue(m.tenant))
	var seen converge.Seen
	if err == nil {
		if !pinTenant(diags, inv, types.StringValue(m.tenant)) {
			return nil
		}
		seen, err = converge.Observe(ctx, inv, m.state, m.private.Notes, t.kind.whole())
	}
	if err != nil {
		if !unreadable(diags, inv, err, t.what(m)) {
			diagnose(diags, wrap(err, m.app, "read", "everything in it"), stateKept)
		}
		return nil
	}
	if _, ok := seen.Groups[m.group]; m.group != "" && !ok {
		m.gone = true
		return m
	}
	standing, pending := d.standing(ctx, diags, m.rosters)
	if diags.HasError() {
		return nil
	}
	m.state, m.private.Notes = converge.Refresh(m.state, m.private.Notes, seen, rulesOf(ctx, inv), d.clock.Now(), standing)
	if len(m.state.Strangers)+len(m.state.Held) > 0 {
		m.private.Notes.Self = cmp.Or(inv.Self(ctx).UserName, m.private.Notes.Self) // known once, it stays known while the app does not answer
	}
	m.private.RostersPending = pending
	d.note(inv.Name(), m.state, &m.private.Notes)
	d.looked.Store(t.place(m), true)
	m.private.Extended = d.extended(ctx, inv.Name(), m.rosters, m.state)
	m.private.AsOf = d.previewOf(inv)
	m.tenant = inv.Info().Tenant
	if ref, ok := seen.Groups[m.group]; ok {
		m.groupID = ref.ID
	}
	return m
}

// plan says what an apply would make of the resource. Nil leaves Terraform's own proposal.
func (t *setResource) plan(ctx context.Context, diags *diag.Diagnostics, d *Data, prior, config *setModel) *setModel {
	if config == nil {
		return t.planDestroy(ctx, diags, d, prior)
	}
	next := *config
	next.fresh = prior == nil
	var was *converge.State
	if prior != nil {
		was, next.tenant, next.groupID = &prior.state, prior.tenant, prior.groupID
		next.decoded = append(slices.Clone(prior.decoded), config.decoded...)
	}
	next.private.Intent = intentCreate // only a destroy may remove; see intent.go
	inv, ok := t.planApp(diags, d, prior, &next)
	if !ok || next.pending {
		next.pending = true
		return &next
	}
	cfg := next.cfg
	cfg.Accounts, cfg.Groups, cfg.Licenses = config.state.Accounts, config.state.Groups, config.state.Licenses
	never := func(string) bool { return false }
	rules := converge.Rules{App: next.app, Protected: never, Ignored: never}
	if inv != nil {
		if d.refusePreviewOf(diags, inv, next.private.AsOf, t.what(&next)) {
			return &next
		}
		rules = rulesOf(ctx, inv)
		t.check(ctx, diags, inv, &next)
	}
	p := converge.Plan(was, next.private.Notes, cfg, rules)
	if inv == nil && len(p.Losses) > 0 {
		_, err := d.app(next.app)
		diagnose(diags, fault.In(err, "", "remove", fmt.Sprintf("%d subjects", len(p.Losses))), nothingSent, path.Root("app"))
	}
	diagnose(diags, errors.Join(p.Problems...), nothingSent)
	for _, w := range p.Warnings {
		warn(diags, w.Summary, w.Detail)
	}
	changes := len(p.State.Explanations) > 0
	if !changes && was != nil {
		p.State.Explanations = was.Explanations // nothing changes, so nothing is to be explained anew
	}
	next.state = p.State
	if inv != nil {
		switch day := d.previewOf(inv); {
		case day == "":
		case prior == nil: // explanations are not known yet
			next.tenant = "a preview of " + day + " under as_of, which cannot be applied; plan again without"
		case changes:
			explainPreview(&next.state, day)
		}
		t.checkLosses(diags, inv, &next, p.Losses)
		t.checkSeats(ctx, diags, inv, was, &next)
		if prior != nil && !t.checkUnread(ctx, diags, d, inv, prior, &next, p.Losses) && !t.checkRosters(ctx, diags, d, inv, prior, &next, p.Losses) {
			t.brake(diags, d, inv, prior.state, p)
		}
		t.claim(ctx, diags, d, inv, &next)
	}
	return &next
}

// planApp finds the app and refuses what would make the resource another one. The app is nil while its
// configuration is not known; not ok is the same for its name.
func (t *setResource) planApp(diags *diag.Diagnostics, d *Data, prior, next *setModel) (*inventory.App, bool) {
	if prior == nil {
		next.tenant = converge.Unknown // until the app is
	}
	if next.app == converge.Unknown || next.group == converge.Unknown {
		return nil, false
	}
	inv, err := d.app(next.app)
	var pending errPending
	if errors.As(err, &pending) {
		return nil, true
	}
	if err != nil {
		diagnose(diags, err, nothingSent, path.Root("app"))
		return nil, false
	}
	tenant := inv.Info().Tenant
	if prior == nil {
		next.tenant = tenant
		return inv, true
	}
	const remedy = "A resource that holds a whole set is never pointed at another one, because that would empty the first.\n\n" + nothingSent +
		"\n\nAdd a resource for the new one; to give up managing the old one, remove it from state (terraform state rm), or destroy it (on_destroy says what that does)."
	if prior.app != next.app && prior.tenant != tenant {
		refuse(diags, path.Root("app"), "Cannot move "+t.what(prior)+" to "+next.app, remedy)
		return nil, false
	}
	if prior.app == next.app && !pinTenant(diags, inv, types.StringValue(prior.tenant)) {
		return nil, false
	}
	ref := next.private.Groups[prior.group]
	if prior.group != next.group && next.group != ref.Name && next.group != ref.ID {
		refuse(diags, path.Root("group"), "Cannot move "+t.what(prior)+" to the group "+next.group, remedy)
		return nil, false
	}
	return inv, true
}

// claim makes this resource the only one of the run that manages its subjects, and where it removes strangers the
// only one that manages anybody there.
func (t *setResource) claim(ctx context.Context, diags *diag.Diagnostics, d *Data, inv *inventory.App, m *setModel) {
	if m.private.Owner == "" {
		m.private.Owner = rand.Text()
	}
	n := len(m.state.Accounts)
	for _, g := range m.state.Groups {
		n += len(g)
	}
	stakes, whole := make([]stake, 0, n), []string(nil)
	folds := inv.Info().UserNamesFoldCase
	open := func(kind access.GrantKind, words string, in ...string) string {
		collection := subject(inv, words, in...)
		if m.cfg.Remove[kind] {
			whole = append(whole, collection)
		}
		return collection
	}
	if t.kind.whole() {
		collection := open(access.GrantAccount, "accounts")
		for _, a := range m.state.Accounts {
			if name := a.UserName(); name != "" {
				stakes = append(stakes, newStake(inv, folds, collection, name, "account "+name))
			}
		}
	}
	for in, holders := range m.state.Groups {
		collection := open(access.GrantGroup, "members", groupKey(ctx, inv, in, m.private.Groups[in].ID))
		for who := range holders {
			stakes = append(stakes, newStake(inv, folds, collection, who, who+" in group "+in))
		}
	}
	for in, holders := range m.state.Licenses {
		collection := open(access.GrantLicense, "licenses", in)
		for who := range holders {
			stakes = append(stakes, newStake(inv, folds, collection, who, who+" in product "+in))
		}
	}
	diagnose(diags, d.claims.take(m.private.Owner, t.what(m), stakes, whole), nothingSent, path.Root("app"))
}

// planDestroy notes that Delete may act, and checks and names what it will do.
func (t *setResource) planDestroy(ctx context.Context, diags *diag.Diagnostics, d *Data, prior *setModel) *setModel {
	if prior == nil {
		return nil
	}
	next := *prior
	next.gone = true
	next.private.Intent = intentDestroy
	if prior.onDestroy != "remove" {
		return &next
	}
	inv := d.removing(diags, types.StringValue(prior.app), types.StringValue(prior.tenant), t.what(prior))
	if inv == nil || !pinTenant(diags, inv, types.StringValue(prior.tenant)) {
		return &next
	}
	// Under create_before_destroy Terraform plans this end only while it applies, after the new object was made.
	ending := *prior
	ending.state = prior.state.Clone()
	t.spareMade(d, inv, prior.cfg.OnRemoval, &ending.state)
	names := make(map[string]bool)
	for _, a := range ending.state.Accounts {
		names[a.UserName()] = true
	}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for _, holders := range ending.state.Grants(kind) {
			for who := range holders {
				names[who] = true
			}
		}
	}
	guarded := 0
	if len(names) == 0 {
		return &next
	}
	for _, who := range sortedKeys(names) {
		if guarded < claimsInError && refuseProtected(ctx, diags, inv, who, "remove", path.Root("app")) {
			guarded++
		}
	}
	t.brakeDestroy(diags, d, inv, &ending)
	warn(diags, fmt.Sprintf("Destroying %s takes it from %d people", t.what(prior), len(names)),
		"on_destroy = \"remove\" removes everything that this resource manages there, and leaves strangers and what is held alone. on_destroy = \"keep\" would only stop managing it.")
	return &next
}
