package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// Data is what one provider configuration hands to its resources and data sources: the apps and
// rosters by name and the one clock. It lives for one walk (plan and apply are separate processes), so
// nothing in it expires.
type Data struct {
	apps    map[string]*appEntry
	rosters map[string]*rosterEntry
	zone    *time.Location
	clock   lifecycle.Clock
	claims  *claims
	brake   *safeguard.Brake
	limits  safeguard.Limits
	cutoffs cutoffCount
	decided decisions // by tenure_entitlements, in this process
	// maxQuarantined is how many people may be held as undecidable before planning stops.
	maxQuarantined int

	renames     sync.Map // tenant, collection and id to the name that this run plans: see rename
	created     sync.Map // subjects that this process created or adopted
	down        sync.Map // apps that could not be read: see unread
	said        sync.Map // what was said about an app: see sayOnce
	keepersGone sync.Map // members who lose the role that runs their group: see countMembership
	handed      sync.Map // tenant to the set of account ids that a replacement handed over
	handedSets  sync.Map // the same as a whole, by place
	looked      sync.Map // sets that this process read: see setResource.checkUnread
	companies   struct {
		mu    sync.Mutex
		by    map[string]company           // by names of rosters
		gone  map[string]map[string]string // by names of rosters, who has left and why: see leavers
		since map[string]map[string]string // the first day of access, by names of rosters and person_id
	}
}

// appEntry is one app block. pending names the argument whose value is not known yet; then inv is nil.
type appEntry struct {
	inv     *inventory.App
	pending string
	limits  safeguard.Limits
	review  reviewRules
}

type rosterEntry struct {
	source  roster.Source
	pending string

	mu   sync.Mutex
	read *roster.Roster // once it was read: see reading
}

// app gives the app of that name. The error names the apps there are, or the argument that is not
// known yet (see isPending).
func (d *Data) app(name string) (*inventory.App, error) {
	e, ok := d.apps[name]
	if !ok {
		return nil, unknownName("app", name, slices.Sorted(maps.Keys(d.apps)))
	}
	if e.pending != "" {
		return nil, pendingError("app", name, e.pending)
	}
	return e.inv, nil
}

func (d *Data) roster(name string) (roster.Source, error) {
	e, ok := d.rosters[name]
	if !ok {
		return nil, unknownName("roster", name, slices.Sorted(maps.Keys(d.rosters)))
	}
	if e.pending != "" {
		return nil, pendingError("roster", name, e.pending)
	}
	return e.source, nil
}

func unknownName(block, name string, have []string) error {
	next := "The provider configuration has no " + block + " block at all; add one."
	if len(have) > 0 {
		next = "The configured names are: " + strings.Join(have, ", ") + "."
	}
	return &fault.Error{
		Kind: fault.Invalid, Op: "use", Subject: block + " " + quoted(name),
		Cause: "the provider configuration has no " + block + " block with this name",
		State: "Nothing was read or written.", Next: next,
	}
}

// errPending marks an app or roster whose configuration is not known until something else is applied.
type errPending struct{ fault *fault.Error }

func (e errPending) Error() string { return e.fault.Error() }
func (e errPending) Unwrap() error { return e.fault }

func pendingError(block, name, argument string) error {
	return errPending{fault: &fault.Error{
		Kind: fault.Unavailable, Op: "use", Subject: block + " " + quoted(name),
		Cause: "its argument " + argument + " is not known yet: it comes from something that has not been applied",
		Next:  "Apply that first (terraform apply -target=...), then plan again.",
	}}
}

func quoted(s string) string { return `"` + s + `"` }

// appOfTenant finds the one app block that leads to a tenant, for an import by identity.
func (d *Data) appOfTenant(tenant string) (*inventory.App, error) {
	var found []*inventory.App
	for _, name := range slices.Sorted(maps.Keys(d.apps)) {
		if e := d.apps[name]; e.inv != nil && e.inv.Info().Tenant == tenant {
			found = append(found, e.inv)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var have []string
	for _, name := range slices.Sorted(maps.Keys(d.apps)) {
		if e := d.apps[name]; e.inv != nil {
			have = append(have, name+" is "+quoted(e.inv.Info().Tenant))
		}
	}
	return nil, &fault.Error{
		Kind: fault.Invalid, Op: "import", Subject: "from tenant " + quoted(tenant),
		Cause: fmt.Sprintf("%d app blocks lead to this tenant; it has to be exactly one", len(found)),
		Next:  "Tenants of the configured apps: " + strings.Join(have, ", ") + ". Import by id names the app block directly.",
	}
}

// movesTenant reports whether a resource goes from one app to another one, rather than following an
// app block that was renamed. While either is not known it does not move.
func (d *Data) movesTenant(plan, state, tenant types.String) bool {
	if plan.Equal(state) {
		return false
	}
	app, err := d.app(plan.ValueString())
	return plan.IsUnknown() || err != nil || app.Info().Tenant != tenant.ValueString()
}

// subject names one managed thing of an app for claims; apps that are the same tenant share names.
func subject(app *inventory.App, collection string, parts ...string) string {
	s := app.Info().Tenant + "|" + collection + "|" + strings.Join(parts, "|")
	if app.Info().UserNamesFoldCase {
		s = strings.ToLower(s)
	}
	return s
}

type privateState interface {
	privateReader
	privateWriter
}

// claim takes a stake for the resource being planned. The owner mark in private state tells the second planning
// of a replacement from another resource.
func (d *Data) claim(ctx context.Context, diags *diag.Diagnostics, private privateState, s stake, what string) {
	raw, ds := private.GetKey(ctx, ownerKey)
	diags.Append(ds...)
	if len(raw) == 0 {
		raw = []byte(strconv.Quote(rand.Text()))
		diags.Append(private.SetKey(ctx, ownerKey, raw)...)
	}
	diagnose(diags, d.claims.take(string(raw), what, []stake{s}, nil), "", path.Root("app"))
}

// rename notes that this run gives an account or group a new name.
func (d *Data) rename(tenant types.String, collection string, id, name types.String) {
	d.renames.Store(tenant.ValueString()+"|"+collection+"|"+id.ValueString(), name.ValueString())
}

// same reports whether a new name in a grant means the account or group that the old one meant: spelled
// otherwise, renamed by this run, or renamed in the app. Only for warnings and the brake: Terraform plans
// resources that refer to each other in order, others in any.
func (d *Data) same(ctx context.Context, inv *inventory.App, collection string, id, was, will types.String) bool {
	if inv.SameUserName(was.ValueString(), will.ValueString()) {
		return true
	}
	if name, ok := d.renames.Load(inv.Info().Tenant + "|" + collection + "|" + id.ValueString()); ok {
		return name == will.ValueString()
	}
	if will.IsUnknown() {
		return false
	}
	if collection == "groups" {
		g, err := inv.Group(ctx, will.ValueString())
		return err == nil && g.ID == id.ValueString()
	}
	a, err := inv.AccountByUserName(ctx, will.ValueString())
	return err == nil && a.ID == id.ValueString()
}

// made remembers that this process created or adopted something. Under create_before_destroy the Delete
// of the old object comes after the Create of the new one, and both are the same thing in the app.
func (d *Data) made(app *inventory.App, collection string, ids ...string) {
	d.created.Store(subject(app, collection, ids...), true)
}

// handsOver is wasMade for a plan: under create_before_destroy Terraform plans the end of the old object
// only while it applies, after the new one was made.
func (d *Data) handsOver(name, tenant types.String, collection string, ids ...string) bool {
	inv, err := d.forState(name, tenant)
	return err == nil && d.wasMade(inv, collection, ids...)
}

func (d *Data) wasMade(app *inventory.App, collection string, ids ...string) bool {
	_, ok := d.created.Load(subject(app, collection, ids...))
	return ok
}

// handOver remembers what the first half of a replacement knew, for the second half.
func (d *Data) handOver(place string, m *setModel) {
	for _, id := range m.state.IDs {
		d.handed.Store(m.tenant+"|"+id, true)
	}
	d.handedSets.Store(place, m)
}

func (d *Data) handedOver(tenant, accountID string) bool {
	_, ok := d.handed.Load(tenant + "|" + accountID)
	return ok
}
