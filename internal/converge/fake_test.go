package converge_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// model is an app in memory that keeps a record of what was written.
type model struct {
	mu       sync.Mutex
	accounts map[string]access.Account
	groups   map[string]map[string]string // id is the name
	names    map[string]string            // present name of a group
	licenses map[string]map[string]string
	seats    map[string]int // by license
	writes   []string
	refuse   map[string]error  // by write
	via      map[string]string // what gives it, by group or product and account id
	fixed    map[string]bool   // roles that the app decides, likewise
	next     int
}

func newModel() *model {
	return &model{
		accounts: map[string]access.Account{}, groups: map[string]map[string]string{}, names: map[string]string{},
		licenses: map[string]map[string]string{}, seats: map[string]int{}, refuse: map[string]error{}, via: map[string]string{}, fixed: map[string]bool{},
	}
}

// write records a write, or answers the refusal that a test asked for.
func (m *model) write(format string, args ...any) error {
	w := fmt.Sprintf(format, args...)
	if err := m.refuse[w]; err != nil {
		return err
	}
	m.writes = append(m.writes, w)
	return nil
}

func (m *model) add(id, userName, personID string) {
	m.accounts[id] = access.Account{ID: id, UserName: userName, PersonID: personID, Active: true}
}

func (m *model) Name() string                  { return "wiki" }
func (m *model) Info() app.Info                { return app.Info{Kind: "model", Tenant: "t", Fields: access.Fields()} }
func (m *model) Supports(app.Capability) error { return nil }
func (m *model) SameUserName(x, y string) bool { return x == y }
func (m *model) MarkAdopted(string)            {}
func (m *model) ExpectAccounts(context.Context, int) {
}

func (m *model) lock() func() { m.mu.Lock(); return m.mu.Unlock }
func (m *model) sorted() []access.Account {
	return slices.SortedFunc(maps.Values(m.accounts), func(a, b access.Account) int { return cmp.Compare(a.ID, b.ID) })
}
func notFound(what string) error { return fault.New(fault.NotFound, "no %s", what) }
func (m *model) ManagerName(_ context.Context, a access.Account) (string, error) {
	return a.Manager, nil
}

func (m *model) Accounts(context.Context) ([]access.Account, error) {
	defer m.lock()()
	return m.sorted(), nil
}

func (m *model) Account(_ context.Context, id string) (access.Account, error) {
	defer m.lock()()
	a, ok := m.accounts[id]
	if !ok {
		return a, notFound(id)
	}
	return a, nil
}

func (m *model) Reread(ctx context.Context, id string) (access.Account, error) {
	return m.Account(ctx, id)
}

func (m *model) AccountByUserName(_ context.Context, name string) (access.Account, error) {
	defer m.lock()()
	for _, a := range m.sorted() {
		if a.UserName == name {
			return a, nil
		}
	}
	return access.Account{}, notFound(name)
}

func (m *model) Match(_ context.Context, spec access.AccountSpec) (access.Account, error) {
	defer m.lock()()
	for _, by := range []access.Field{access.PersonID, access.UserName} {
		for _, a := range m.sorted() {
			if v := spec.Values[by]; v == "" || a.Get(by) != v {
				continue
			}
			if p := spec.Values[access.PersonID]; a.PersonID != "" && p != "" && a.PersonID != p {
				return a, fault.New(fault.Exists, "belongs to %s", a.PersonID)
			}
			return a, nil
		}
	}
	return access.Account{}, notFound("match")
}

func (m *model) CreateAccount(_ context.Context, spec access.AccountSpec) (access.Account, error) {
	defer m.lock()()
	name := spec.Values[access.UserName]
	if err := m.write("create %s", name); err != nil {
		return access.Account{}, err
	}
	for _, a := range m.accounts {
		if a.UserName == name {
			return a, fault.New(fault.Exists, "%s", name)
		}
	}
	m.next++
	a := access.Account{ID: fmt.Sprintf("id%d", m.next)}
	m.set(&a, spec)
	m.accounts[a.ID] = a
	return a, nil
}

func (m *model) set(a *access.Account, spec access.AccountSpec) {
	for f, v := range spec.Values {
		a.Set(f, v)
	}
	if spec.Active != nil {
		a.Active = *spec.Active
	}
}

func (m *model) UpdateAccount(_ context.Context, ref access.AccountRef, spec access.AccountSpec) (access.Account, error) {
	defer m.lock()()
	a, ok := m.accounts[ref.ID]
	if !ok {
		return a, notFound(ref.ID)
	}
	var what []string
	for f, v := range spec.Values {
		what = append(what, string(f)+"="+v)
	}
	if spec.Active != nil {
		what = append(what, fmt.Sprintf("active=%t", *spec.Active))
	}
	slices.Sort(what)
	if err := m.write("update %s %s", a.UserName, strings.Join(what, " ")); err != nil {
		return access.Account{}, err
	}
	m.set(&a, spec)
	m.accounts[a.ID] = a
	return a, nil
}

func (m *model) RetireAccount(_ context.Context, ref access.AccountRef, how access.Disposition) error {
	defer m.lock()()
	a, ok := m.accounts[ref.ID]
	if !ok || how == access.Deactivate && !a.Active {
		return nil
	}
	if err := m.write("%s %s", how, a.UserName); err != nil {
		return err
	}
	if how == access.Delete {
		delete(m.accounts, ref.ID)
		for _, by := range []map[string]map[string]string{m.groups, m.licenses} {
			for _, holders := range by {
				delete(holders, ref.ID)
			}
		}
		return nil
	}
	a.Active = false
	m.accounts[ref.ID] = a
	return nil
}

func (m *model) EndSessions(_ context.Context, ref access.AccountRef) error {
	defer m.lock()()
	return m.write("end sessions %s", m.accounts[ref.ID].UserName)
}

func (m *model) Groups(context.Context) (out []access.Group, err error) {
	defer m.lock()()
	for id := range m.groups {
		out = append(out, access.Group{ID: id, Name: cmp.Or(m.names[id], id)})
	}
	return out, nil
}

func (m *model) Group(ctx context.Context, nameOrID string) (access.Group, error) {
	all, _ := m.Groups(ctx)
	for _, g := range all {
		if g.ID == nameOrID || g.Name == nameOrID {
			return g, nil
		}
	}
	return access.Group{}, notFound(nameOrID)
}

func (m *model) GroupByID(ctx context.Context, id string) (access.Group, error) {
	return m.Group(ctx, id)
}

func (m *model) Members(_ context.Context, id string) (out []access.Member, err error) {
	defer m.lock()()
	for who, role := range m.groups[id] {
		out = append(out, access.Member{
			AccountID: who, UserName: m.accounts[who].UserName, Role: role, Via: m.via[id+"/"+who], RoleFixed: m.fixed[id+"/"+who],
		})
	}
	return out, nil
}

func (m *model) Member(_ context.Context, group, id string) (access.Member, error) {
	defer m.lock()()
	if role, ok := m.groups[group][id]; ok {
		return access.Member{AccountID: id, Role: role}, nil
	}
	return access.Member{}, notFound(id)
}

func (m *model) ChangeMembers(_ context.Context, group string, changes []access.MemberChange) []error {
	defer m.lock()()
	errs := make([]error, len(changes))
	for i, c := range changes {
		name, verb, at := m.accounts[c.Account.ID].UserName, "join", group+"/"+c.Account.ID
		if c.Remove {
			verb = "leave"
		} else if m.via[at] != "" || m.fixed[at] {
			continue // met, as the inventory has it
		}
		if errs[i] = m.write("%s %s %s", verb, group, name); errs[i] != nil {
			continue
		}
		if c.Remove {
			delete(m.groups[group], c.Account.ID)
		} else {
			m.groups[group][c.Account.ID] = c.Role
		}
	}
	return errs
}

func (m *model) Pools(context.Context) (out []access.Pool, err error) {
	defer m.lock()()
	for product, holders := range m.licenses {
		for license, total := range m.seats {
			used := 0
			for _, l := range holders {
				if l == license {
					used++
				}
			}
			out = append(out, access.Pool{Product: product, License: license, Total: total, Used: used})
		}
	}
	return out, nil
}

func (m *model) Assignees(_ context.Context, product string) (out []access.Assignment, err error) {
	defer m.lock()()
	if m.licenses[product] == nil {
		return nil, notFound(product)
	}
	for who, l := range m.licenses[product] {
		out = append(out, access.Assignment{AccountID: who, UserName: m.accounts[who].UserName, License: l, Via: m.via[product+"/"+who]})
	}
	return out, nil
}

func (m *model) ChangeAssignees(_ context.Context, product string, changes []access.LicenseChange) []error {
	defer m.lock()()
	errs := make([]error, len(changes))
	for i, c := range changes {
		name, verb := m.accounts[c.Account.ID].UserName, "assign"
		if c.Remove {
			verb = "unassign"
		} else if total, limited := m.seats[c.License]; limited {
			used := 0
			for _, l := range m.licenses[product] {
				if l == c.License {
					used++
				}
			}
			if used >= total {
				errs[i] = fault.New(fault.LimitReached, "%d of %d seats are used", used, total)
				continue
			}
		}
		if errs[i] = m.write("%s %s %s", verb, product, name); errs[i] != nil {
			continue
		}
		if c.Remove {
			delete(m.licenses[product], c.Account.ID)
		} else {
			m.licenses[product][c.Account.ID] = c.License
		}
	}
	return errs
}

// estate drives the cycle of a Terraform run on a model.
type estate struct {
	t         testing.TB
	app       *model
	state     *converge.State
	notes     converge.Notes
	now       time.Time
	rules     converge.Rules
	standings map[string]converge.Standing // nil: nobody is known to be inactive
	left      func(string) (string, bool, error)
}

func newEstate(t testing.TB, m *model) *estate {
	never := func(string) bool { return false }
	return &estate{
		t: t, app: m, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		rules: converge.Rules{App: "wiki", Fields: access.Fields(), Bound: true, Protected: never, Ignored: never},
	}
}

func (e *estate) refresh(cfg converge.Config) {
	if e.state == nil {
		return
	}
	seen, err := converge.Observe(e.t.Context(), e.app, *e.state, e.notes, true)
	if err != nil {
		e.t.Fatal(err)
	}
	var standing func(string) converge.Standing
	if cfg.Rosters {
		standing = func(id string) converge.Standing { return e.standings[id] }
	}
	state, notes := converge.Refresh(*e.state, e.notes, seen, e.rules, e.now, standing)
	e.state, e.notes = &state, notes
}

// plan refreshes and plans.
func (e *estate) plan(cfg converge.Config) converge.Planned {
	e.refresh(cfg)
	return converge.Plan(e.state, e.notes, cfg, e.rules)
}

// apply refreshes, plans and carries out.
func (e *estate) apply(cfg converge.Config) converge.Result {
	p := e.plan(cfg)
	if len(p.Problems) > 0 {
		e.t.Fatalf("plan: %v", p.Problems)
	}
	return e.carryOut(cfg, p)
}

// carryOut applies a plan, whatever happened since it was made.
func (e *estate) carryOut(cfg converge.Config, p converge.Planned) converge.Result {
	e.app.writes = nil
	r := converge.Apply(e.t.Context(), e.app, converge.Order{
		Prior: e.state, Planned: p.State, Notes: e.notes, Config: cfg, Rules: e.rules, Now: func() time.Time { return e.now }, Left: e.left,
	})
	e.state, e.notes = &r.State, r.Notes
	slices.Sort(e.app.writes)
	return r
}

// people makes accounts whose user names are keys with "@x".
func people(keys ...string) map[string]converge.Account {
	out := make(map[string]converge.Account)
	for _, k := range keys {
		out[k] = converge.Account{Fields: map[access.Field]string{access.UserName: k + "@x"}}
	}
	return out
}

func members(names ...string) map[string]string {
	out := make(map[string]string)
	for _, n := range names {
		out[n+"@x"] = "member"
	}
	return out
}
