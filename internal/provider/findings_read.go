package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/review"
)

// findings is the state of a tenure_access_findings.
func (d *Data) findings(ctx context.Context, diags *diag.Diagnostics, config tfsdk.Config) (tftypes.Value, bool) {
	var m findingsModel
	m.read(ctx, diags, config)
	var fields map[string]tftypes.Value
	if err := config.Raw.As(&fields); err != nil {
		diagnose(diags, err, "")
	}
	if diags.HasError() {
		return tftypes.Value{}, false
	}
	desired := desiredOf(fields["entitlements"])
	in := review.Input{
		Now: d.clock.Now(), Zone: d.zone, Rosters: len(m.rosters) > 0, Entitled: desired != nil,
		Thresholds: m.thresholds.thresholds(), Waivers: m.accepted(diags),
	}
	in.Register = d.registerFor(diags, stringOf(fields["register"]), desired)
	in.People = d.reviewed(ctx, diags, &m, in.Register)
	in.Apps = d.observed(ctx, diags, m.apps, desired, in.Register)
	if diags.HasError() {
		return tftypes.Value{}, false
	}
	result := review.Review(in)
	for _, i := range result.Idle {
		w := in.Waivers[i]
		warn(diags, "A waiver covers no finding: "+w.String(), "Either what it accepted is gone, and the block can go too, or it is misspelt. Names are compared as the finding writes them.")
	}
	maps.Copy(fields, findingsOutputs(result))
	fields["entitlements"] = tftypes.NewValue(tftypes.Map{ElementType: appElement()}, nil) // it is in state once already
	fields["register"] = tftypes.NewValue(tftypes.String, nil)
	return tftypes.NewValue(config.Raw.Type(), fields), true
}

func (m *findingsModel) read(ctx context.Context, diags *diag.Diagnostics, config tfsdk.Config) {
	for name, to := range map[string]*[]string{"apps": &m.apps, "rosters": &m.rosters, "merge_by": &m.mergeBy} {
		var v types.List
		diags.Append(config.GetAttribute(ctx, path.Root(name), &v)...)
		*to = texts(v)
	}
	var speaks types.Map
	diags.Append(config.GetAttribute(ctx, path.Root("field_precedence"), &speaks)...)
	m.speaks = precedence(speaks)
	diags.Append(config.GetAttribute(ctx, path.Root("thresholds"), &m.thresholds)...)
	diags.Append(config.GetAttribute(ctx, path.Root("waiver"), &m.waivers)...)
}

// reviewed are everybody in the rosters and where they stand, as the decisions saw it.
func (d *Data) reviewed(ctx context.Context, diags *diag.Diagnostics, m *findingsModel, known *review.Register) []review.Person {
	if len(m.rosters) == 0 {
		return nil
	}
	in, ok := d.gather(ctx, diags, m.rosters, m.mergeBy, m.speaks, false)
	if !ok {
		return nil
	}
	opts := d.lifecycleOptions()
	opts.Rosters = m.rosters
	if known != nil {
		opts.BeforeStartDays = known.Timing.BeforeStartDays
		if hour := known.Timing.EndOfDayHour; hour != nil {
			opts.EndOfDayHour = *hour
		}
	}
	faulty := make(map[string]string)
	for _, p := range in.Faulty {
		faulty[p.PersonID] = "the record of roster " + quoted(p.Source) + " is faulty"
	}
	for _, p := range in.Faults {
		faulty[p.PersonID] = p.String()
	}
	delete(faulty, "")
	merged := lifecycle.Merge(in.People, in.Now, opts)
	people := make([]review.Person, 0, len(merged)+len(faulty))
	for i := range merged {
		id := merged[i].PersonID
		if id == "" {
			continue
		}
		people = append(people, review.Person{Person: merged[i], At: lifecycle.At(merged[i], in.Now, opts), Faulty: faulty[id]})
		delete(faulty, id)
	}
	for _, p := range in.Faulty { // known by a faulty record only: somebody all the same
		if why, ok := faulty[p.PersonID]; ok {
			people = append(people, review.Person{Person: p, Faulty: why})
			delete(faulty, p.PersonID)
		}
	}
	for _, id := range sortedKeys(faulty) {
		people = append(people, review.Person{Person: access.Person{PersonID: id}, Faulty: faulty[id]})
	}
	return people
}

// observed reads the apps, several at once.
func (d *Data) observed(ctx context.Context, diags *diag.Diagnostics, names []string, desired map[string]*review.Desired, known *review.Register) []review.App {
	all := len(names) == 0
	if all {
		names = sortedKeys(d.apps)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	apps := make([]review.App, len(names))
	problems := make([]error, len(names))
	for i, name := range names {
		inv, err := d.app(name)
		if err != nil {
			at := path.Root("apps")
			if !all {
				at = at.AtListIndex(i)
			}
			diagnose(diags, err, "", at)
			continue
		}
		rules := d.apps[name].review
		apps[i] = review.App{
			Name: name, Tenant: inv.Info().Tenant, Owner: rules.owner, FoldCase: inv.Info().UserNamesFoldCase,
			Protected: inv.IsProtected, Ignored: inv.IsIgnored,
			PrivilegedGroups: rules.privilegedGroups, PrivilegedRoles: rules.privilegedRoles, Prices: rules.prices, Desired: desired[name],
		}
		if desired != nil && known == nil {
			apps[i].Gaps = append(apps[i].Gaps, "the register is not given, and no tenure_entitlements was read in this run: exceptions, conflicts and people whom policy could not decide are not known")
		}
		wg.Go(func() {
			o := observation{App: &apps[i], inv: inv}
			err := o.read(ctx, known.Groups(name))
			mu.Lock()
			defer mu.Unlock()
			problems[i] = err
		})
	}
	wg.Wait()
	for i, err := range problems {
		switch inv := d.apps[names[i]]; {
		case err == nil:
		case inv.inv.StaleOK(err):
			_, detail := describe(err, "")
			warn(diags, "App "+names[i]+" could not be read: not examined", detail)
			apps[i] = review.App{Name: names[i], Tenant: inv.inv.Info().Tenant, Owner: inv.review.owner, Gaps: []string{"the app could not be read: nothing was examined"}}
		default:
			diagnose(diags, err, "Nothing was examined.")
		}
	}
	return apps
}

// observation is the reading of one app.
type observation struct {
	*review.App
	inv *inventory.App
}

// gap notes what the app cannot show.
func (o *observation) gap(c app.Capability, what string) bool {
	err := o.inv.Supports(c)
	if err == nil {
		return false
	}
	cause := err.Error()
	var f *fault.Error
	if errors.As(err, &f) && f.Cause != "" {
		cause = f.Cause
	}
	o.Gaps = append(o.Gaps, fmt.Sprintf("%s were not examined: %s", what, cause))
	return true
}

func (o *observation) read(ctx context.Context, registered []string) error {
	if o.gap(app.ReadAccounts, "accounts, memberships and licenses") {
		return nil
	}
	var err error
	if o.Accounts, err = o.inv.Accounts(ctx); err != nil {
		return wrap(err, o.Name, "list", "the accounts")
	}
	if err := o.groups(ctx, registered); err != nil {
		return err
	}
	return o.licenses(ctx)
}

// groups reads those that are managed, privileged or in the register of policy.
func (o *observation) groups(ctx context.Context, registered []string) error {
	wanted := make(map[string]bool)
	for _, name := range registered {
		wanted[o.fold(name)] = true
	}
	if o.Desired != nil {
		for name := range o.Desired.Groups {
			wanted[o.fold(name)], wanted[name] = true, true
		}
	}
	if len(wanted) == 0 && len(o.PrivilegedGroups) == 0 || o.gap(app.ReadGroups, "groups") || o.gap(app.ReadMembers, "memberships") {
		return nil
	}
	groups, err := o.inv.Groups(ctx)
	if err != nil {
		return wrap(err, o.Name, "list", "the groups")
	}
	groups = slices.DeleteFunc(groups, func(g access.Group) bool {
		return !wanted[o.fold(g.Name)] && !wanted[g.ID] && !review.Privileged(o.PrivilegedGroups, g.Name) && !slices.Contains(o.PrivilegedGroups, g.ID)
	})
	errs := make([]error, len(groups))
	var wg sync.WaitGroup
	slots := make(chan struct{}, groupReaders)
	for i := range groups {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			groups[i].Members, errs[i] = o.inv.Members(ctx, groups[i].ID)
			if errors.Is(errs[i], fault.NotFound) { // gone since it was listed
				errs[i] = nil
			}
			errs[i] = wrap(errs[i], o.Name, "list the members of", "group "+groups[i].Name)
		})
	}
	wg.Wait()
	o.Groups = groups
	return errors.Join(errs...)
}

// groupReaders is how many groups of one app are read at once.
const groupReaders = 4

func (o *observation) fold(name string) string {
	if o.FoldCase {
		return strings.ToLower(name)
	}
	return name
}

func (o *observation) licenses(ctx context.Context) error {
	if err := o.inv.Supports(app.ReadLicenses); err != nil {
		if o.Desired != nil && len(o.Desired.Licenses) > 0 || len(o.Prices) > 0 {
			o.gap(app.ReadLicenses, "licenses")
		}
		return nil
	}
	var err error
	if o.Pools, err = o.inv.Pools(ctx); err != nil {
		return wrap(err, o.Name, "list", "the licenses")
	}
	products := make(map[string]bool)
	for _, p := range o.Pools {
		products[p.Product] = true
	}
	if o.Desired != nil {
		for p := range o.Desired.Licenses {
			products[p] = true
		}
	}
	o.Assignments = make(map[string][]access.Assignment, len(products))
	for _, p := range sortedKeys(products) {
		held, err := o.inv.Assignees(ctx, p)
		if errors.Is(err, fault.NotFound) { // configuration asks for it, and the app has not got it: the plan says so
			continue
		}
		if err != nil {
			return wrap(err, o.Name, "list assignees of", p)
		}
		o.Assignments[p] = held
	}
	return nil
}
