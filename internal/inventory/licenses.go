package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// holders is who holds a license of one product, by account id. One account may hold the same license
// directly and through a group.
type holders map[string][]access.Assignment

// openLicenses connects pools (one entry with an empty key) and assignees (by product) to the app.
func (a *App) openLicenses() {
	a.pools.init()
	a.assignees.init()
	a.licenseCommits.init(a.sendLicenses, func() int { return 0 })
	a.licenseCommits.order = func(c access.LicenseChange) (int, string) {
		if c.Remove { // a full pool is freed before it is filled
			return 0, c.Account.ID
		}
		return 1, c.Account.ID
	}
	r, ok := a.app.(app.LicenseReader)
	if !ok {
		return
	}
	a.pools.point = func(ctx context.Context, _ string) (pools []access.Pool, err error) {
		for p, err := range r.Pools(ctx) {
			if err != nil {
				return nil, err
			}
			pools = append(pools, p)
		}
		return pools, nil
	}
	a.assignees.point = func(ctx context.Context, product string) (holders, error) {
		all := holders{}
		for s, err := range r.Assignees(ctx, product) {
			if err != nil {
				return nil, err
			}
			key := cmp.Or(s.AccountID, "\x00"+s.UserName)
			all[key] = append(all[key], s)
		}
		return all, nil
	}
}

// Pools lists the license pools.
func (a *App) Pools(ctx context.Context) (pools []access.Pool, err error) {
	if err := a.Supports(app.ReadLicenses); err != nil {
		return nil, err
	}
	err = a.pools.get(ctx, "", func(known []access.Pool) { pools = slices.Clone(known) })
	return pools, a.fail(err, "list licenses", "")
}

// Assignees lists who holds a license of the product, in the order of their account ids. User names are
// filled in as far as they are known.
func (a *App) Assignees(ctx context.Context, product string) ([]access.Assignment, error) {
	if err := a.Supports(app.ReadLicenses); err != nil {
		return nil, err
	}
	var all []access.Assignment
	err := a.assignees.get(ctx, product, func(h holders) {
		for _, held := range h {
			all = append(all, held...)
		}
	})
	if err != nil {
		return nil, a.fail(a.unknownProduct(ctx, err, product), "list assignees of", product)
	}
	out := make([]access.Assignment, 0, len(all))
	for _, s := range all {
		if a.current(s.AccountID, &s.UserName) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y access.Assignment) int {
		return cmp.Or(cmp.Compare(x.AccountID, y.AccountID), cmp.Compare(x.UserName, y.UserName),
			cmp.Compare(x.License, y.License), cmp.Compare(x.Via, y.Via))
	})
	return out, nil
}

// ChangeAssignees applies the changes and answers index-aligned: nil means proven. As with ChangeMembers,
// calls for one product share requests.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	if len(changes) == 0 {
		return nil
	}
	if err := a.admit("change licenses of", product, app.WriteLicenses); err != nil {
		return fill(len(changes), err)
	}
	errs := make([]error, len(changes))
	var send []access.LicenseChange
	var at []int
	for i, c := range changes {
		met, via := a.inherits(product, c)
		switch op, subject := licenseOp(c, a.label(c.Account), product); {
		case met && !c.Remove:
			continue
		case via != "":
			errs[i] = a.comesWith(op, subject, via)
		case c.Remove:
			errs[i] = a.spare(ctx, op, subject, c.Account)
		}
		if errs[i] == nil {
			send, at = append(send, c), append(at, i)
		}
	}
	for j, err := range a.licenseCommits.do(ctx, product, send) {
		op, subject := licenseOp(send[j], a.label(send[j].Account), product)
		errs[at[j]] = a.fail(err, op, subject)
	}
	return errs
}

// inherits reports whether the account has the license through something else, as far as this run has seen: that
// meets asking for it. via names what gives it where it gives nothing to take away by itself.
func (a *App) inherits(product string, c access.LicenseChange) (met bool, via string) {
	a.assignees.peek(product, func(h holders) {
		held := h[c.Account.ID]
		for _, s := range held {
			if s.Via == "" || s.License != c.License && c.License != "" {
				continue
			}
			met = true
			if c.Remove && !holds(held, c.License) {
				via = s.Via
			}
		}
	})
	return met, via
}

func licenseOp(c access.LicenseChange, who, product string) (op, subject string) {
	license := licenseName(product, c.License)
	if c.Remove {
		return "remove", "license " + license + " from " + who
	}
	return "assign", "license " + license + " to " + who
}

func licenseName(product, license string) string {
	if license == "" || license == product {
		return product
	}
	return product + "/" + license
}

// sendLicenses sends one batch and lets assignments and pool counts follow.
func (a *App) sendLicenses(ctx context.Context, product string, batch []*item[access.LicenseChange]) {
	changes := make([]access.LicenseChange, len(batch))
	already := make([]bool, len(batch))
	for i, it := range batch {
		changes[i] = it.change
	}
	a.assignees.peek(product, func(h holders) {
		for i, c := range changes {
			already[i] = holds(h[c.Account.ID], c.License) != c.Remove
		}
	})
	log, ok := recorded(ctx, a, batch, func(it *item[access.LicenseChange]) audit.Entry {
		op := "assign license"
		if it.change.Remove {
			op = "remove license"
		}
		return a.entry(it.ctx, op, access.Grant{Kind: access.GrantLicense, Name: product, License: it.change.License}, it.change.Account)
	})
	if !ok {
		return
	}
	settle(batch, a.app.(app.LicenseWriter).ChangeAssignees(ctx, product, changes))
	certain, used := true, map[string]int{}
	seen := a.assignees.edit(product, func(h holders) holders {
		for _, it := range batch {
			if it.err != nil {
				certain = false
				continue
			}
			apply(h, it.change, used)
		}
		return h
	})
	if !certain {
		a.assignees.drop(product)
	}
	if !seen || !certain {
		a.pools.drop("") // who held what before is not known, so neither is the count
	} else {
		a.pools.edit("", func(pools []access.Pool) []access.Pool {
			for i, p := range pools {
				if p.Product == product && p.Used >= 0 {
					pools[i].Used = max(0, p.Used+used[p.License])
				}
			}
			return pools
		})
	}
	conclude(ctx, a, batch, log, already)
}

func holds(held []access.Assignment, license string) bool {
	return slices.ContainsFunc(held, func(s access.Assignment) bool {
		return s.Via == "" && (s.License == license || license == "")
	})
}

// apply lets one proven change show in h and counts the seats it took and freed. Assigning replaces
// whatever the account held directly of the product; what comes through a group stays.
func apply(h holders, c access.LicenseChange, used map[string]int) {
	id := c.Account.ID
	h[id] = slices.DeleteFunc(h[id], func(s access.Assignment) bool {
		drop := s.Via == "" && (!c.Remove || c.License == "" || s.License == c.License)
		if drop {
			used[s.License]--
		}
		return drop
	})
	if !c.Remove {
		h[id] = append(h[id], access.Assignment{AccountID: id, UserName: c.Account.UserName, License: c.License})
		used[c.License]++
	}
	if len(h[id]) == 0 {
		delete(h, id)
	}
}

// productNames are the products of the pools, for messages; nil when the app does not tell.
func (a *App) productNames(ctx context.Context) []string {
	pools, err := a.Pools(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range pools {
		names = append(names, p.Product)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unknownProduct adds the nearest names to an app's NotFound.
func (a *App) unknownProduct(ctx context.Context, err error, product string) error {
	var f *fault.Error
	if errors.Is(err, fault.NotFound) && errors.As(err, &f) && f.Next == "" {
		c := *f
		c.Next = didYouMean(product, a.productNames(ctx))
		return &c
	}
	return err
}
