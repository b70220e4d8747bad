package apptest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// remote is an imaginary service: what would be on the other side of a network. It takes requests
// with a page, answers with statuses, and fails when told to.
type remote struct {
	mu       sync.Mutex
	pageSize int
	deaf     bool // to the end of a run
	serial   int
	accounts []access.Account
	groups   []access.Group // members by account id
	pools    []access.Pool
	sessions map[string]int // by account id
	assigned []access.Assignment
	faults   []*activeFault
	counts   map[Op]int
}

type activeFault struct {
	Fault
	seen int
}

// Errors of a request, as a transport would have them.
var (
	errTransport = errors.New("no answer")
	errBody      = errors.New("the answer is not understood")
)

type statusError struct {
	status     int
	retryAfter *int
	full       bool // the pool is empty
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.status) }

// request carries out f as one request, unless a fault is due. page tells a listing what to falsify.
func (r *remote) request(ctx context.Context, op Op, f func(page Fault) error) error {
	if ctx.Err() != nil && !r.deaf {
		return errTransport
	}
	r.mu.Lock()
	r.counts[op]++
	r.counts[Any]++
	var due Fault
	for _, a := range r.faults {
		if a.On != Any && a.On != op {
			continue
		}
		if a.seen++; a.seen > a.Skip && (a.Times == 0 || a.seen <= a.Skip+a.Times) {
			due = a.Fault
			break
		}
	}
	carriesOut := due.After || !due.Hang && !due.Close && due.Status == 0
	var err error
	if carriesOut {
		err = f(due)
	}
	r.mu.Unlock()
	switch {
	case due.Hang:
		<-ctx.Done()
		return errTransport
	case due.Close:
		return errTransport
	case due.Status >= 300:
		return &statusError{status: due.Status, retryAfter: due.RetryAfter}
	case due.Body == BodyCut:
		return errTransport
	case due.Body != "":
		return errBody
	}
	return err
}

func (r *remote) newID() string {
	r.serial++
	return fmt.Sprintf("id-%d", r.serial)
}

func status(n int) error { return &statusError{status: n} }

// page cuts a listing; offset is where the client stands.
func page[T any](r *remote, rows []T, offset int, f Fault) (cut []T, total int) {
	total = len(rows)
	if f.TruncateAt > 0 {
		rows = rows[:min(f.TruncateAt, total)]
	}
	if f.RepeatPage {
		offset = 0
	}
	lo := min(offset, len(rows))
	return slices.Clone(rows[lo:min(lo+r.pageSize, len(rows))]), total
}

func (r *remote) accountAt(id string) int {
	return slices.IndexFunc(r.accounts, func(a access.Account) bool { return a.ID == id })
}

func (r *remote) groupAt(id string) int {
	return slices.IndexFunc(r.groups, func(g access.Group) bool { return g.ID == id })
}

func (r *remote) listAccounts(ctx context.Context, offset int, filter access.AccountFilter) (rows []access.Account, total int, err error) {
	err = r.request(ctx, ListAccounts, func(f Fault) error {
		all := r.accounts
		if filter.Field != "" {
			all = slices.DeleteFunc(slices.Clone(all), func(a access.Account) bool { return !strings.EqualFold(a.Get(filter.Field), filter.Value) })
		}
		rows, total = page(r, all, offset, f)
		for i := range rows {
			rows[i].Attributes = maps.Clone(rows[i].Attributes)
		}
		return nil
	})
	return rows, total, err
}

func (r *remote) account(ctx context.Context, id string) (a access.Account, err error) {
	err = r.request(ctx, ReadAccount, func(Fault) error {
		i := r.accountAt(id)
		if i < 0 {
			return status(404)
		}
		a = r.accounts[i]
		a.Attributes = maps.Clone(a.Attributes)
		return nil
	})
	return a, err
}

// saveAccount creates (id "") or changes an account.
func (r *remote) saveAccount(ctx context.Context, op Op, id string, edit func(*access.Account)) (a access.Account, err error) {
	err = r.request(ctx, op, func(Fault) error {
		i := r.accountAt(id)
		if id != "" && i < 0 {
			return status(404)
		}
		if a = (access.Account{Active: true}); i >= 0 {
			a = r.accounts[i]
			a.Attributes = maps.Clone(a.Attributes)
		}
		edit(&a)
		for _, o := range r.accounts {
			if o.ID != a.ID && strings.EqualFold(o.UserName, a.UserName) {
				return status(409)
			}
		}
		if i >= 0 {
			r.accounts[i] = a
			return nil
		}
		a.ID = r.newID()
		r.accounts = append(r.accounts, a)
		return nil
	})
	return a, err
}

func (r *remote) deleteAccount(ctx context.Context, id string) error {
	return r.request(ctx, DeleteAccount, func(Fault) error {
		i := r.accountAt(id)
		if i < 0 {
			return status(404)
		}
		r.accounts = slices.Delete(r.accounts, i, i+1)
		for g := range r.groups {
			r.groups[g].Members = slices.DeleteFunc(r.groups[g].Members, func(m access.Member) bool { return m.AccountID == id })
		}
		r.assigned = slices.DeleteFunc(r.assigned, func(a access.Assignment) bool { return a.AccountID == id })
		return nil
	})
}

func (r *remote) endSessions(ctx context.Context, id string) error {
	return r.request(ctx, EndSessions, func(Fault) error {
		if r.accountAt(id) < 0 {
			return status(404)
		}
		delete(r.sessions, id)
		return nil
	})
}

func (r *remote) listGroups(ctx context.Context, offset int) (rows []access.Group, total int, err error) {
	err = r.request(ctx, ListGroups, func(f Fault) error {
		rows, total = page(r, r.groups, offset, f)
		for i := range rows {
			rows[i].Members = slices.Clone(rows[i].Members)
		}
		return nil
	})
	return rows, total, err
}

func (r *remote) group(ctx context.Context, id string) (g access.Group, err error) {
	err = r.request(ctx, ReadGroup, func(Fault) error {
		i := r.groupAt(id)
		if i < 0 {
			return status(404)
		}
		g = r.groups[i]
		g.Members = nil
		return nil
	})
	return g, err
}

func (r *remote) listMembers(ctx context.Context, id string, offset int) (rows []access.Member, total int, err error) {
	err = r.request(ctx, ListMembers, func(f Fault) error {
		i := r.groupAt(id)
		if i < 0 {
			return status(404)
		}
		rows, total = page(r, r.groups[i].Members, offset, f)
		return nil
	})
	return rows, total, err
}

func (r *remote) saveGroup(ctx context.Context, op Op, id string, edit func(*access.Group)) (g access.Group, err error) {
	err = r.request(ctx, op, func(Fault) error {
		i := r.groupAt(id)
		if id != "" && i < 0 {
			return status(404)
		}
		if g = (access.Group{}); i >= 0 {
			g = r.groups[i]
		}
		edit(&g)
		for _, o := range r.groups {
			if o.ID != g.ID && strings.EqualFold(o.Name, g.Name) {
				return status(409)
			}
		}
		if i >= 0 {
			r.groups[i] = g
			return nil
		}
		g.ID = r.newID()
		r.groups = append(r.groups, g)
		return nil
	})
	return g, err
}

func (r *remote) deleteGroup(ctx context.Context, id string) error {
	return r.request(ctx, DeleteGroup, func(Fault) error {
		i := r.groupAt(id)
		if i < 0 {
			return status(404)
		}
		r.groups = slices.Delete(r.groups, i, i+1)
		return nil
	})
}

// changeMembers applies all changes or, when an added account does not exist, none (422 names it).
func (r *remote) changeMembers(ctx context.Context, id string, changes []access.MemberChange) error {
	return r.request(ctx, ChangeMembers, func(Fault) error {
		at := r.groupAt(id)
		if at < 0 {
			return status(404)
		}
		list := slices.Clone(r.groups[at].Members)
		for _, c := range changes {
			i := slices.IndexFunc(list, func(m access.Member) bool { return m.AccountID == c.Account.ID })
			switch {
			case c.Remove && i >= 0:
				list = slices.Delete(list, i, i+1)
			case c.Remove:
			case r.accountAt(c.Account.ID) < 0:
				return status(422)
			case i >= 0:
				list[i].Role = c.Role
			default:
				list = append(list, access.Member{AccountID: c.Account.ID, Role: c.Role})
			}
		}
		r.groups[at].Members = list
		return nil
	})
}

func (r *remote) listPools(ctx context.Context) (pools []access.Pool, err error) {
	err = r.request(ctx, ListPools, func(Fault) error {
		pools = slices.Clone(r.pools)
		for i, p := range pools {
			pools[i].Used = r.used(p.License)
		}
		return nil
	})
	return pools, err
}

func (r *remote) used(license string) int {
	n := 0
	for _, a := range r.assigned {
		if a.License == license {
			n++
		}
	}
	return n
}

func (r *remote) listAssignees(ctx context.Context, offset int) (rows []access.Assignment, total int, err error) {
	err = r.request(ctx, ListAssignees, func(f Fault) error {
		rows, total = page(r, r.assigned, offset, f)
		return nil
	})
	return rows, total, err
}

func (r *remote) changeAssignee(ctx context.Context, c access.LicenseChange) error {
	return r.request(ctx, ChangeAssignees, func(Fault) error {
		if r.accountAt(c.Account.ID) < 0 {
			return status(404)
		}
		p := slices.IndexFunc(r.pools, func(p access.Pool) bool { return p.License == c.License })
		if p < 0 {
			return status(422)
		}
		i := slices.IndexFunc(r.assigned, func(a access.Assignment) bool { return a.AccountID == c.Account.ID })
		holds := i >= 0 && r.assigned[i].License == c.License
		switch {
		case c.Remove && holds:
			r.assigned = slices.Delete(r.assigned, i, i+1)
		case c.Remove, holds:
		case r.used(c.License) >= r.pools[p].Total:
			return &statusError{status: 402, full: true}
		case i >= 0:
			r.assigned[i].License = c.License
		default:
			r.assigned = append(r.assigned, access.Assignment{AccountID: c.Account.ID, License: c.License})
		}
		return nil
	})
}

// fill makes the remote hold a world.
func (r *remote) fill(w World) {
	ids := map[string]string{}
	for _, a := range w.Accounts {
		a.ID = r.newID()
		ids[a.UserName] = a.ID
		r.accounts = append(r.accounts, a)
	}
	for _, g := range w.Groups {
		g.ID = r.newID()
		g.Members = slices.Clone(g.Members)
		for i := range g.Members {
			g.Members[i].AccountID = ids[g.Members[i].UserName]
			g.Members[i].UserName = ""
		}
		r.groups = append(r.groups, g)
	}
	r.sessions = map[string]int{}
	for user, n := range w.Sessions {
		r.sessions[ids[user]] = n
	}
	r.pools = slices.Clone(w.Pools)
	for _, list := range w.Assigned {
		for _, a := range list {
			r.assigned = append(r.assigned, access.Assignment{AccountID: ids[a.UserName], License: a.License})
		}
	}
}

func (r *remote) look(testing.TB) World {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := World{Accounts: slices.Clone(r.accounts), Groups: slices.Clone(r.groups), Assigned: map[string][]access.Assignment{"Suite": slices.Clone(r.assigned)}}
	for i := range w.Groups {
		w.Groups[i].Members = slices.Clone(w.Groups[i].Members)
	}
	w.Sessions = map[string]int{}
	for _, a := range w.Accounts {
		w.Sessions[a.UserName] = r.sessions[a.ID]
	}
	return w
}

func (r *remote) inject(_ testing.TB, f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f == (Fault{}) {
		r.faults = nil
		return
	}
	r.faults = append(r.faults, &activeFault{Fault: f})
}

func (r *remote) count(op Op) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[op]
}

func (r *remote) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = map[Op]int{}
}
