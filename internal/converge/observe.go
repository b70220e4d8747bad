package converge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Reader is what observing asks of an app; inventory.App is one.
type Reader interface {
	Name() string
	Info() app.Info
	Supports(c app.Capability) error
	Accounts(ctx context.Context) ([]access.Account, error)
	Account(ctx context.Context, id string) (access.Account, error)
	AccountByUserName(ctx context.Context, name string) (access.Account, error)
	ExpectAccounts(ctx context.Context, n int)
	Groups(ctx context.Context) ([]access.Group, error)
	Group(ctx context.Context, nameOrID string) (access.Group, error)
	GroupByID(ctx context.Context, id string) (access.Group, error)
	Member(ctx context.Context, groupID, accountID string) (access.Member, error)
	Members(ctx context.Context, groupID string) ([]access.Member, error)
	Pools(ctx context.Context) ([]access.Pool, error)
	Assignees(ctx context.Context, product string) ([]access.Assignment, error)
}

const (
	groupReaders = 4
	// listingLag is how many accounts may be missing from a listing and still exist. An app that has just
	// created accounts shows them late; more than that is a listing cut short.
	listingLag = 20
)

type observer struct {
	app   Reader
	prior State
	notes Notes
	byID  map[string]access.Account

	mu   sync.Mutex
	seen Seen
	errs []error
}

// Observe reads what the state is about: with whole all accounts, and in any case the groups and products
// that state names; right after an import, all there are.
func Observe(ctx context.Context, a Reader, prior State, notes Notes, whole bool) (Seen, error) {
	o := &observer{app: a, prior: prior, notes: notes, byID: make(map[string]access.Account)}
	o.seen = Seen{Whole: whole, Groups: map[string]GroupRef{}, Holders: map[access.GrantKind]map[string][]Holder{
		access.GrantGroup: {}, access.GrantLicense: {},
	}}
	if whole {
		if err := o.accounts(ctx); err != nil {
			return Seen{}, err
		}
	}
	groups, errGroups := o.names(ctx, access.GrantGroup)
	products, errProducts := o.names(ctx, access.GrantLicense)
	if err := errors.Join(errGroups, errProducts); err != nil {
		return Seen{}, err
	}
	each(groups, groupReaders, func(in string) { o.note(o.group(ctx, in)) })
	each(products, groupReaders, func(in string) { o.note(o.product(ctx, in)) })
	return o.seen, errors.Join(o.errs...)
}

func (o *observer) note(err error) {
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.errs = append(o.errs, err)
	}
}

func (o *observer) accounts(ctx context.Context) error {
	all, err := o.app.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		o.byID[a.ID] = a
	}
	late := 0
	for _, id := range slices.Sorted(maps.Values(o.prior.IDs)) {
		if _, listed := o.byID[id]; listed || id == "" || id == Unknown {
			continue
		}
		a, err := o.app.Account(ctx, id)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil:
			return err
		}
		if late++; late > listingLag {
			return &fault.Error{
				Kind: fault.Unavailable, System: o.app.Name(), Op: "list accounts",
				Cause: fmt.Sprintf("the listing lacks more than %d accounts that exist", listingLag),
				State: "Nothing is planned from an incomplete listing.",
			}
		}
		o.byID[id] = a
		all = append(all, a)
	}
	if o.app.Info().ManagerIsID {
		all = slices.Clone(all)
		for i, a := range all {
			if m, ok := o.byID[a.Manager]; ok {
				all[i].Manager = m.UserName
			}
		}
	}
	o.seen.Accounts = all
	return nil
}

// names are the groups or products to look at.
func (o *observer) names(ctx context.Context, kind access.GrantKind) ([]string, error) {
	set := make(map[string]bool)
	for in := range o.prior.Grants(kind) {
		set[in] = true
	}
	for s := range o.prior.Held {
		if s.Kind == kind {
			set[s.In] = true
		}
	}
	if o.notes.Fill && o.seen.Whole {
		if err := o.all(ctx, kind, set); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(set)), nil
}

func (o *observer) all(ctx context.Context, kind access.GrantKind, set map[string]bool) error {
	if kind == access.GrantGroup {
		if known := o.app.Supports(app.ReadMembers) == nil; !known {
			return nil
		}
		groups, err := o.app.Groups(ctx)
		for _, g := range groups {
			if g.ReadOnly == "" {
				set[g.Name] = true
			}
		}
		return err
	}
	if known := o.app.Supports(app.ReadLicenses) == nil; !known {
		return nil
	}
	pools, err := o.app.Pools(ctx)
	for _, p := range pools {
		set[p.Product] = true
	}
	return err
}

func (o *observer) group(ctx context.Context, in string) error {
	g, members, err := o.members(ctx, in)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	nameless := 0
	for _, m := range members {
		if o.nameless(m.AccountID, m.UserName) && !m.Nested {
			nameless++
		}
	}
	o.app.ExpectAccounts(ctx, nameless)
	holders := make([]Holder, 0, len(members))
	listed := make(map[string]bool, len(members))
	for _, m := range members {
		if m.Nested {
			continue
		}
		h, err := o.holder(ctx, m.AccountID, m.UserName, cmp.Or(m.Role, access.DefaultRole))
		if err != nil {
			return err
		}
		h.Via, h.Any = m.Via, m.RoleFixed || m.Via != ""
		listed[m.AccountID] = true
		holders = append(holders, h)
	}
	for who, id := range o.notes.Holders[access.GrantGroup][in] {
		if _, managed := o.prior.Groups[in][who]; !managed || listed[id] {
			continue
		}
		m, err := o.app.Member(ctx, g.ID, id) // absence in a listing is a hint, not proof
		switch {
		case errors.Is(err, fault.NotFound):
			if err := o.reuse(ctx, Subject{access.GrantGroup, in, who}, id); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			holders = append(holders, Holder{
				ID: id, Name: cmp.Or(m.UserName, who), Value: cmp.Or(m.Role, access.DefaultRole), Via: m.Via, Any: m.RoleFixed || m.Via != "",
			})
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen.Groups[in] = GroupRef{g.ID, g.Name}
	o.seen.Holders[access.GrantGroup][in] = holders
	return nil
}

// members reads a group and who is in it. Where the group's id is known the members come first: a listing that
// brings them brings the group along.
func (o *observer) members(ctx context.Context, in string) (g access.Group, members []access.Member, err error) {
	if ref, known := o.notes.Groups[in]; known {
		if members, err = o.app.Members(ctx, ref.ID); err == nil {
			g, err = o.app.GroupByID(ctx, ref.ID)
		}
		return g, members, err
	}
	if g, err = o.app.Group(ctx, in); err == nil {
		members, err = o.app.Members(ctx, g.ID)
	}
	return g, members, err
}

func (o *observer) product(ctx context.Context, in string) error {
	all, err := o.app.Assignees(ctx, in)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	nameless := 0
	for _, a := range all {
		if o.nameless(a.AccountID, a.UserName) {
			nameless++
		}
	}
	o.app.ExpectAccounts(ctx, nameless)
	holders := make([]Holder, 0, len(all))
	listed := make(map[string]bool, len(all))
	at := make(map[string]int, len(all))
	for _, a := range all {
		listed[a.AccountID] = true
		h, err := o.holder(ctx, a.AccountID, a.UserName, a.License)
		if err != nil {
			return err
		}
		h.Via = a.Via
		i, twice := at[h.ID]
		switch {
		case !twice:
			at[h.ID] = len(holders)
			holders = append(holders, h)
		case o.outweighs(in, h, holders[i]):
			holders[i] = h
		}
	}
	for who, id := range o.notes.Holders[access.GrantLicense][in] {
		_, managed := o.prior.Licenses[in][who]
		if !managed || listed[id] {
			continue
		}
		if err := o.reuse(ctx, Subject{access.GrantLicense, in, who}, id); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen.Holders[access.GrantLicense][in] = holders
	return nil
}

// outweighs reports whether h says more about what an account holds of a product than another of its assignments:
// one that was given directly does, and among those that come with something else the one that state knows.
func (o *observer) outweighs(in string, h, other Holder) bool {
	if (h.Via == "") != (other.Via == "") {
		return h.Via == ""
	}
	return other.Value != o.prior.Licenses[in][h.Name] && h.Value == o.prior.Licenses[in][h.Name]
}

// nameless reports whether holder has to ask the app.
func (o *observer) nameless(id, name string) bool {
	_, known := o.byID[id]
	return !known && name == ""
}

// holder finds the user name behind an id where the app does not say it along.
func (o *observer) holder(ctx context.Context, id, name, value string) (Holder, error) {
	if a, ok := o.byID[id]; ok {
		name = a.UserName
	}
	if name == "" {
		a, err := o.app.Account(ctx, id)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return Holder{}, err
		}
		name = cmp.Or(a.UserName, id)
	}
	return Holder{ID: id, Name: name, Value: value}, nil
}
