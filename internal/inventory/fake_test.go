package inventory

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// fake is an app in memory that logs every request, with pages, delays and faults.
type fake struct {
	info    app.Info
	page    int           // accounts or groups per page
	delay   time.Duration // of every request; only inside synctest bubbles
	noAlong bool          // listings of groups do not bring members
	noList  bool          // listings are Unsupported
	noWhere bool          // filters are Unsupported
	lag     bool          // filters do not see writes
	// hook runs at the start of every request, with its log line, and may fail it.
	hook func(ctx context.Context, req string) error

	mu       sync.Mutex
	log      []string
	accounts map[string]access.Account
	groups   map[string]access.Group
	members  map[string]map[string]access.Member
	pools    []access.Pool
	held     map[string]map[string]access.Assignment
	filtered []access.Account // what lagging filters see
	busy     map[string]int   // requests in flight per group or product
	overlap  bool             // two were in flight at once
}

func newFake() *fake {
	return &fake{
		info: app.Info{
			Kind: "fake", Tenant: "fake", Fields: access.Fields(), UserNamesFoldCase: true,
			GroupRoles: []string{"member", "owner"}, MaxMemberChanges: 10,
		},
		page: 10, accounts: map[string]access.Account{}, groups: map[string]access.Group{},
		members: map[string]map[string]access.Member{}, held: map[string]map[string]access.Assignment{},
		busy: map[string]int{},
	}
}

func (f *fake) withAccounts(n int) *fake {
	for i := range n {
		id := fmt.Sprintf("a%05d", i)
		f.accounts[id] = access.Account{
			ID: id, UserName: "user" + id + "@acme.com", Email: "User." + id + "@acme.com", PersonID: "p" + id,
			DisplayName: "User " + id, Active: true, Status: "active",
		}
	}
	return f
}

func (f *fake) withGroups(n, members int) *fake {
	for i := range n {
		id := fmt.Sprintf("g%03d", i)
		f.groups[id] = access.Group{ID: id, Name: "group " + id}
		f.members[id] = map[string]access.Member{}
		for j := range members {
			m := access.Member{AccountID: fmt.Sprintf("a%05d", j), Role: "member"}
			f.members[id][m.AccountID] = m
		}
	}
	return f
}

// request logs, waits and fails as told.
func (f *fake) request(ctx context.Context, format string, args ...any) error {
	req := fmt.Sprintf(format, args...)
	f.mu.Lock()
	f.log = append(f.log, req)
	f.mu.Unlock()
	if f.delay > 0 {
		select {
		case <-time.After(f.delay):
		case <-ctx.Done():
			return &fault.Error{Kind: fault.Unconfirmed, Cause: "canceled", Err: ctx.Err()}
		}
	}
	if f.hook != nil {
		return f.hook(ctx, req)
	}
	return nil
}

// sent are the requests that begin with prefix.
func (f *fake) sent(prefix string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.log {
		if strings.HasPrefix(r, prefix) {
			out = append(out, r)
		}
	}
	return out
}

func (f *fake) wantSent(t *testing.T, prefix string, want int) {
	t.Helper()
	if got := f.sent(prefix); len(got) != want {
		t.Errorf("%d requests %q, want %d: %q", len(got), prefix, want, got)
	}
}

func (f *fake) forgetLog() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = nil
}

func (f *fake) Info() app.Info                  { return f.info }
func (f *fake) Check(ctx context.Context) error { return f.request(ctx, "check") }

func values[K comparable, V any](f *fake, m map[K]V, less func(x, y V) int) []V {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Values(m), less)
}

// paged makes one request per page, the last of which may be empty only when everything is.
func paged[V any](ctx context.Context, f *fake, name string, all []V, yield func(V, error) bool) {
	for at := 0; at == 0 || at < len(all); at += f.page {
		var zero V
		if err := f.request(ctx, "list %s %d", name, at/f.page); err != nil {
			yield(zero, err)
			return
		}
		for _, v := range all[at:min(at+f.page, len(all))] {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func byID(x, y access.Account) int { return strings.Compare(x.ID, y.ID) }

func (f *fake) Accounts(ctx context.Context, by access.AccountFilter) iter.Seq2[access.Account, error] {
	return func(yield func(access.Account, error) bool) {
		if by.Field == "" && f.noList || by.Field != "" && f.noWhere {
			yield(access.Account{}, fault.New(fault.Unsupported, "not here"))
			return
		}
		if by.Field == "" {
			paged(ctx, f, "accounts", values(f, f.accounts, byID), yield)
			return
		}
		all := f.filtered
		if !f.lag {
			all = values(f, f.accounts, byID)
		}
		if err := f.request(ctx, "filter accounts %s %s", by.Field, by.Value); err != nil {
			yield(access.Account{}, err)
			return
		}
		for _, acc := range all {
			// Loosely, as servers do: callers compare again.
			if strings.EqualFold(acc.Get(by.Field), by.Value) && !yield(acc, nil) {
				return
			}
		}
	}
}

func (f *fake) Account(ctx context.Context, ref access.AccountRef) (access.Account, error) {
	if err := f.request(ctx, "get account %s", ref.ID); err != nil {
		return access.Account{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	acc, ok := f.accounts[ref.ID]
	if !ok {
		return acc, fault.New(fault.NotFound, "no such account")
	}
	return acc, nil
}

func (f *fake) CreateAccount(ctx context.Context, want access.AccountSpec) (access.Account, error) {
	if err := f.request(ctx, "create account %s", want.Values[access.UserName]); err != nil {
		return access.Account{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, acc := range f.accounts {
		if strings.EqualFold(acc.UserName, want.Values[access.UserName]) {
			return access.Account{}, fault.New(fault.Exists, "user name taken")
		}
	}
	acc := access.Account{ID: fmt.Sprintf("n%05d", len(f.accounts)), Active: want.Active == nil || *want.Active, Status: "active"}
	for k, v := range want.Values {
		acc.Set(k, v)
	}
	f.accounts[acc.ID] = acc
	return acc, nil
}

func (f *fake) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (access.Account, error) {
	if err := f.request(ctx, "update account %s", ref.ID); err != nil {
		return access.Account{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	acc, ok := f.accounts[ref.ID]
	if !ok {
		return acc, fault.New(fault.NotFound, "no such account")
	}
	for k, v := range want.Values {
		acc.Set(k, v)
	}
	if want.Active != nil {
		acc.Active = *want.Active
	}
	f.accounts[ref.ID] = acc
	return acc, nil
}

func (f *fake) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	if err := f.request(ctx, "%s account %s", how, ref.ID); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	acc, ok := f.accounts[ref.ID]
	switch {
	case !ok:
	case how == access.Delete:
		delete(f.accounts, ref.ID)
		for _, set := range f.members {
			delete(set, ref.ID)
		}
		for _, set := range f.held {
			delete(set, ref.ID)
		}
	default:
		acc.Active, acc.Status = false, "deactivated"
		f.accounts[ref.ID] = acc
	}
	return nil
}

func (f *fake) Groups(ctx context.Context, withMembers bool) iter.Seq2[access.Group, error] {
	return func(yield func(access.Group, error) bool) {
		name := "groups"
		if withMembers {
			name = "groups+members"
		}
		all := values(f, f.groups, func(x, y access.Group) int { return strings.Compare(x.ID, y.ID) })
		for i := range all {
			if withMembers && !f.noAlong {
				all[i].Members, all[i].MembersKnown = f.membersOf(all[i].ID), true
			}
		}
		paged(ctx, f, name, all, yield)
	}
}

func (f *fake) membersOf(id string) []access.Member {
	return values(f, f.members[id], func(x, y access.Member) int { return strings.Compare(x.AccountID, y.AccountID) })
}

func (f *fake) Group(ctx context.Context, id string) (access.Group, error) {
	if err := f.request(ctx, "get group %s", id); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g, ok := f.groups[id]
	if !ok {
		return g, fault.New(fault.NotFound, "no such group")
	}
	return g, nil
}

func (f *fake) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		all := f.membersOf(groupID)
		if err := f.request(ctx, "members %s", groupID); err != nil {
			yield(access.Member{}, err)
			return
		}
		f.mu.Lock()
		_, ok := f.groups[groupID]
		f.mu.Unlock()
		if !ok {
			yield(access.Member{}, fault.New(fault.NotFound, "no such group"))
			return
		}
		for _, m := range all {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (f *fake) CreateGroup(ctx context.Context, want access.GroupSpec) (access.Group, error) {
	if err := f.request(ctx, "create group %s", *want.Name); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := access.Group{ID: fmt.Sprintf("n%03d", len(f.groups)), Name: *want.Name}
	f.groups[g.ID], f.members[g.ID] = g, map[string]access.Member{}
	return g, nil
}

func (f *fake) UpdateGroup(ctx context.Context, id string, want access.GroupSpec) (access.Group, error) {
	if err := f.request(ctx, "update group %s", id); err != nil {
		return access.Group{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.groups[id]
	g.Name = *want.Name
	f.groups[id] = g
	return g, nil
}

func (f *fake) DeleteGroup(ctx context.Context, id string) error {
	if err := f.request(ctx, "delete group %s", id); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.groups, id)
	delete(f.members, id)
	return nil
}

// enter notes whether two writes to one thing are in flight at once.
func (f *fake) enter(key string, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[key] += by
	f.overlap = f.overlap || f.busy[key] > 1
}

func (f *fake) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	f.enter(groupID, 1)
	defer f.enter(groupID, -1)
	var words []string
	for _, c := range changes {
		sign := "+"
		if c.Remove {
			sign = "-"
		}
		words = append(words, sign+c.Account.ID)
	}
	if err := f.request(ctx, "change members %s %s", groupID, strings.Join(words, " ")); err != nil {
		return fill(len(changes), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, len(changes))
	for i, c := range changes {
		switch id := c.Account.ID; {
		case strings.HasPrefix(id, "bad"):
			errs[i] = fault.New(fault.Invalid, "no such user")
		case c.Remove:
			delete(f.members[groupID], id)
		default:
			f.members[groupID][id] = access.Member{AccountID: id, Role: c.Role}
		}
	}
	return errs
}

func (f *fake) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		paged(ctx, f, "pools", f.pools, yield)
	}
}

func (f *fake) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return func(yield func(access.Assignment, error) bool) {
		if f.held[product] == nil {
			if err := f.request(ctx, "list assignees %s 0", product); err == nil {
				yield(access.Assignment{}, fault.New(fault.NotFound, "no such product"))
			}
			return
		}
		all := values(f, f.held[product], func(x, y access.Assignment) int { return strings.Compare(x.AccountID, y.AccountID) })
		paged(ctx, f, "assignees "+product, all, yield)
	}
}

func (f *fake) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	f.enter("license "+product, 1)
	defer f.enter("license "+product, -1)
	var words []string
	for _, c := range changes {
		sign := "+"
		if c.Remove {
			sign = "-"
		}
		words = append(words, sign+c.Account.ID)
	}
	if err := f.request(ctx, "change licenses %s %s", product, strings.Join(words, " ")); err != nil {
		return fill(len(changes), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := make([]error, len(changes))
	for i, c := range changes {
		if strings.HasPrefix(c.Account.ID, "bad") {
			errs[i] = fault.New(fault.LimitReached, "no seat left")
		} else if c.Remove {
			delete(f.held[product], c.Account.ID)
		} else {
			f.held[product][c.Account.ID] = access.Assignment{AccountID: c.Account.ID, License: c.License}
		}
	}
	return errs
}

// sized is a fake that knows what its listings cost.
type sized struct {
	*fake
	free bool // knowing takes no request
}

func (s sized) ListingCost(ctx context.Context, c app.Collection) (int, error) {
	if !s.free {
		if err := s.request(ctx, "size %s", c); err != nil {
			return 0, err
		}
	}
	n := len(s.accounts)
	if c == app.CollectionGroups {
		n = len(s.groups)
	}
	return max(1, (n+s.page-1)/s.page), nil
}

func ref(id string) access.AccountRef {
	return access.AccountRef{ID: id, UserName: "user" + id + "@acme.com"}
}

func userSpec(name string) access.AccountSpec {
	return access.AccountSpec{Values: map[access.Field]string{access.UserName: name}}
}
