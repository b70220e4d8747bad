package okta

import (
	"context"
	"fmt"
	"iter"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Pools lists the products of the license blocks. Where the total is known the seats in use are counted, from a listing;
// elsewhere the count would say nothing.
func (d *Directory) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		for _, l := range d.cfg.Licenses {
			p := access.Pool{Product: l.Product, License: l.Product, Total: -1, Used: -1}
			if l.Total != nil {
				p.Total, p.Used = *l.Total, 0
				for _, err := range d.assignmentsOf(ctx, l.AppID, "list licenses", l.Product) {
					if err != nil {
						yield(access.Pool{}, err)
						return
					}
					p.Used++
				}
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (d *Directory) product(name string) (License, error) {
	for _, l := range d.cfg.Licenses {
		if l.Product == name {
			return l, nil
		}
	}
	return License{}, &fault.Error{
		Kind: fault.NotFound, Cause: fmt.Sprintf("no license block names the product %q", name), State: "Nothing was sent.", Next: "Add a license block with its app_id.",
	}
}

// Assignees lists who is assigned to the product's application, and for whom a group does it.
func (d *Directory) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	const op = "list assignees"
	return func(yield func(access.Assignment, error) bool) {
		l, err := d.product(product)
		if err != nil {
			yield(access.Assignment{}, d.fault(err, op, product))
			return
		}
		for a, err := range d.assignmentsOf(ctx, l.AppID, op, product) {
			if err != nil {
				yield(access.Assignment{}, err)
				return
			}
			if !yield(access.Assignment{AccountID: a.ID, UserName: a.Embedded.User.text("login"), License: product, Via: a.via()}, nil) {
				return
			}
		}
	}
}

// ChangeAssignees assigns users to the product's application, or takes them off, after a look at how each stands.
func (d *Directory) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	errs := make([]error, len(changes))
	l, unknown := d.product(product)
	for i, c := range changes {
		op := "assign license"
		if c.Remove {
			op = "remove license"
		}
		subject := label(c.Account)
		switch {
		case unknown != nil:
			errs[i] = d.fault(unknown, op, subject)
		case !c.Remove && c.License != product:
			errs[i] = d.fault(&fault.Error{
				Kind: fault.Invalid, Cause: fmt.Sprintf("the product %s has one license, which has its name, and not %q", product, c.License), State: "Nothing was sent.",
			}, op, subject)
		case c.Remove:
			errs[i] = d.unassign(ctx, l.AppID, c.Account, op)
		default:
			_, _, errs[i] = d.assign(ctx, l.AppID, c.Account, nil, op, true)
		}
		switch k := fault.KindOf(errs[i]); {
		case k != fault.Unauthenticated && k != fault.RateLimited && k != fault.Unavailable:
		default: // about Okta or the credential: the rest would fare no better
			for j := i + 1; j < len(changes); j++ {
				errs[j] = d.fault(withState(errs[i], "Nothing was sent."), op, label(changes[j].Account))
			}
			return errs
		}
	}
	return errs
}
