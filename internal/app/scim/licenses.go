package scim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// license is a License with its path read.
type license struct {
	License
	path path // when Group is ""
}

// product gives the licenses of a product.
func (a *App) product(name string) []license {
	var out []license
	for _, l := range a.licenses {
		if l.Product == name {
			out = append(out, l)
		}
	}
	return out
}

func (a *App) knownProduct(c app.Capability, op, product string) ([]license, error) {
	if err := a.lacks(c, op, product); err != nil {
		return nil, err
	}
	ls := a.product(product)
	if len(ls) == 0 {
		var names []string
		for _, l := range a.licenses {
			if !slices.Contains(names, l.Product) {
				names = append(names, l.Product)
			}
		}
		return nil, a.fault(fault.New(fault.NotFound, "no license block has this product; there are %s", strings.Join(names, ", ")), op, product)
	}
	return ls, nil
}

// Pools counts who holds each license. The totals are what configuration says: SCIM has no place for them.
func (a *App) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		if err := a.lacks(app.ReadLicenses, "list licenses", ""); err != nil {
			yield(access.Pool{}, err)
			return
		}
		var done []string
		for _, l := range a.licenses {
			if slices.Contains(done, l.Product) {
				continue
			}
			done = append(done, l.Product)
			used := map[string]int{}
			for as, err := range a.Assignees(ctx, l.Product) {
				if err != nil {
					yield(access.Pool{}, err)
					return
				}
				used[as.License]++
			}
			for _, l := range a.product(l.Product) {
				pool := access.Pool{Product: l.Product, License: l.License.License, Total: -1, Used: used[l.License.License]}
				if l.Total != nil {
					pool.Total = *l.Total
				}
				if !yield(pool, nil) {
					return
				}
			}
		}
	}
}

// Assignees lists who holds the licenses of a product.
func (a *App) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	const op = "list license holders"
	return func(yield func(access.Assignment, error) bool) {
		ls, err := a.knownProduct(app.ReadLicenses, op, product)
		if err != nil {
			yield(access.Assignment{}, err)
			return
		}
		if ls[0].Group != "" {
			a.groupAssignees(ctx, ls, yield)
			return
		}
		for o, err := range a.users(ctx, access.AccountFilter{}) {
			if err != nil {
				yield(access.Assignment{}, err)
				return
			}
			if l, ok := holding(ls, o); ok && !yield(access.Assignment{AccountID: o.text("id"), UserName: o.text("userName"), License: l.License.License}, nil) {
				return
			}
		}
	}
}

// holding is the license of the product that the user's attribute stands for.
func holding(ls []license, o object) (license, bool) {
	for _, l := range ls {
		if strings.EqualFold(l.path.read(o), l.Value) {
			return l, true
		}
	}
	return license{}, false
}

func (a *App) groupAssignees(ctx context.Context, ls []license, yield func(access.Assignment, error) bool) {
	for _, l := range ls {
		id, err := a.licenseGroup(ctx, l)
		if err != nil {
			yield(access.Assignment{}, err)
			return
		}
		for m, err := range a.Members(ctx, id) {
			if err != nil {
				yield(access.Assignment{}, err)
				return
			}
			if !m.Nested && !yield(access.Assignment{AccountID: m.AccountID, UserName: m.UserName, License: l.License.License}, nil) {
				return
			}
		}
	}
}

// licenseGroup finds the group that stands for a license, by name.
func (a *App) licenseGroup(ctx context.Context, l license) (string, error) {
	var id string
	for g, err := range a.groupsNamed(ctx, l.Group) {
		switch {
		case err != nil:
			return "", err
		case id != "":
			return "", a.fault(fault.New(fault.Invalid, "there are several groups of that name"), "find the group of license "+l.License.License, l.Group)
		}
		id = g.ID
	}
	if id == "" {
		return "", a.fault(fault.New(fault.NotFound, "no group has that name"), "find the group of license "+l.License.License, l.Group)
	}
	return id, nil
}

// ChangeAssignees assigns and removes licenses of one product; removals come first, so that a full pool
// has room. Where configuration says how many there are, none is assigned beyond that.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	const op = "change licenses"
	errs := make([]error, len(changes))
	ls, err := a.knownProduct(app.WriteLicenses, op, product)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	w := &licenseWork{app: a, product: product, licenses: ls, changes: changes, errs: errs}
	var removals, assignments []int
	for i, c := range changes {
		_, known := w.named(c.License)
		switch {
		case c.Account.ID == "":
			w.fail(i, fault.New(fault.Invalid, "the account has no id in the app"))
		case !known && (!c.Remove || c.License != ""):
			w.fail(i, fault.New(fault.NotFound, "product %s has no license %q in the configuration of the app", product, c.License))
		case c.Remove:
			removals = append(removals, i)
		default:
			assignments = append(assignments, i)
		}
	}
	write := w.byAttribute
	if ls[0].Group != "" {
		write = w.byGroup
	}
	if len(removals) > 0 {
		write(ctx, removals)
	}
	if len(assignments) > 0 {
		w.assign(ctx, assignments, write)
	}
	return errs
}

// licenseWork is one ChangeAssignees.
type licenseWork struct {
	app      *App
	product  string
	licenses []license
	changes  []access.LicenseChange
	errs     []error
}

func (w *licenseWork) fail(i int, err error) {
	op := "assign license " + w.changes[i].License + " to"
	if w.changes[i].Remove {
		op = "remove license " + w.changes[i].License + " from"
	}
	w.errs[i] = w.app.fault(err, op, label(w.changes[i].Account))
}

func (w *licenseWork) named(name string) (license, bool) {
	for _, l := range w.licenses {
		if strings.EqualFold(l.License.License, name) {
			return l, true
		}
	}
	return license{}, false
}

// assign writes the assignments for which there is a seat, where seats are counted. A seat that an
// assignment did not take after all goes to the next in line.
func (w *licenseWork) assign(ctx context.Context, list []int, write func(context.Context, []int)) {
	counted := slices.ContainsFunc(list, func(i int) bool { l, _ := w.named(w.changes[i].License); return l.Total != nil })
	if !counted {
		write(ctx, list)
		return
	}
	seats := seating{holds: map[string]string{}, used: map[string]int{}}
	for as, err := range w.app.Assignees(ctx, w.product) {
		if err != nil {
			for _, i := range list {
				w.fail(i, err)
			}
			return
		}
		seats.give(as.AccountID, as.License)
	}
	for {
		var fits, waiting []int
		before := map[string]string{}
		for _, i := range list {
			l, _ := w.named(w.changes[i].License)
			name, id := l.License.License, w.changes[i].Account.ID
			if l.Total == nil || seats.holds[id] == name || seats.used[name] < *l.Total {
				before[id] = seats.give(id, name)
				fits = append(fits, i)
			} else {
				waiting = append(waiting, i)
			}
		}
		if len(fits) > 0 {
			write(ctx, fits)
		}
		freed := false
		for _, i := range fits {
			if err := w.errs[i]; err != nil && !errors.Is(err, fault.Unconfirmed) {
				id := w.changes[i].Account.ID
				seats.give(id, before[id])
				freed = true
			}
		}
		if list = waiting; len(list) == 0 || !freed {
			break
		}
	}
	for _, i := range list {
		l, _ := w.named(w.changes[i].License)
		w.fail(i, &fault.Error{
			Kind: fault.LimitReached, Cause: fmt.Sprintf("all %d seats are taken", *l.Total), State: "Nothing was sent.",
			Next: "Free a seat, buy more, or correct total in the license block.",
		})
	}
}

// seating is who holds which license of the product, and how many hold each.
type seating struct {
	holds map[string]string
	used  map[string]int
}

// give seats the account and answers what it held before.
func (s seating) give(id, license string) (before string) {
	before = s.holds[id]
	s.used[before]--
	s.used[license]++
	s.holds[id] = license
	return before
}

// byAttribute writes the attribute of each account, after a look at what it holds: removing one license
// must not take another one away.
func (w *licenseWork) byAttribute(ctx context.Context, list []int) {
	for _, i := range list {
		c := w.changes[i]
		o, err := w.app.readUser(ctx, c.Account, "read account")
		if c.Remove && errors.Is(err, fault.NotFound) {
			continue // who is gone holds nothing
		}
		if err != nil {
			w.fail(i, err)
			continue
		}
		now, holds := holding(w.licenses, o)
		wanted, _ := w.named(c.License)
		value := wanted.Value
		if c.Remove {
			if !holds || c.License != "" && now.License.License != wanted.License.License {
				continue
			}
			wanted, value = now, now.ReleasedValue
		} else if holds && now.License.License == wanted.License.License {
			continue
		}
		changes := []change{{wanted.path, value}}
		after, err := w.app.writeUser(ctx, c.Account, "change license", changes, nil, o)
		if err == nil && after == nil || errors.Is(err, fault.Unconfirmed) {
			if read, readErr := w.app.readUser(ctx, c.Account, "check license"); readErr == nil {
				after = read
			}
		}
		switch {
		case after != nil && strings.EqualFold(wanted.path.read(after), value):
		case err == nil:
			w.fail(i, &fault.Error{Kind: fault.Unconfirmed, Cause: "the app accepted the change, and the account does not show it", Next: "Run again."})
		default:
			w.fail(i, err)
		}
	}
}

// byGroup writes the groups that stand for licenses. An assignment also leaves the product's other groups,
// where the account is a member, after it has joined the new one.
func (w *licenseWork) byGroup(ctx context.Context, list []int) {
	groups := make([]string, len(w.licenses))
	for k, l := range w.licenses {
		id, err := w.app.licenseGroup(ctx, l)
		if err != nil {
			for _, i := range list {
				w.fail(i, err)
			}
			return
		}
		groups[k] = id
	}
	for k, l := range w.licenses {
		var join []int
		for _, i := range list {
			if c := w.changes[i]; !c.Remove && strings.EqualFold(c.License, l.License.License) {
				join = append(join, i)
			}
		}
		w.changeMembers(ctx, groups[k], join, false)
	}
	for k, l := range w.licenses {
		var leave []int
		for _, i := range list {
			c := w.changes[i]
			if same := strings.EqualFold(c.License, l.License.License); w.errs[i] == nil && (c.Remove && (same || c.License == "") || !c.Remove && !same) {
				leave = append(leave, i)
			}
		}
		if len(leave) == 0 {
			continue
		}
		members := map[string]bool{}
		for m, err := range w.app.Members(ctx, groups[k]) {
			if err != nil {
				for _, i := range leave {
					w.fail(i, err)
				}
				break
			}
			members[m.AccountID] = true
		}
		leave = slices.DeleteFunc(leave, func(i int) bool { return !members[w.changes[i].Account.ID] || w.errs[i] != nil })
		w.changeMembers(ctx, groups[k], leave, true)
	}
}

func (w *licenseWork) changeMembers(ctx context.Context, group string, list []int, remove bool) {
	if len(list) == 0 {
		return
	}
	changes := make([]access.MemberChange, len(list))
	for k, i := range list {
		changes[k] = access.MemberChange{Account: w.changes[i].Account, Remove: remove}
	}
	for k, err := range w.app.ChangeMembers(ctx, group, changes) {
		if err != nil {
			w.fail(list[k], err)
		}
	}
}
