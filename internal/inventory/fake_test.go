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

// signing is a fake that knows of sessions.
type signing struct{ *fake }

func (s signing) EndSessions(ctx context.Context, ref access.AccountRef) error {
	return s.request(ctx, "end sessions %s", ref.ID)
}
