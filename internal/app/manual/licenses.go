package manual

import (
	"context"
	"iter"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Pools implements app.LicenseReader. An export does not tell how many seats there are.
func (a *App) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return listing(ctx, a, "list licenses", "", func(v *view, yield func(access.Pool) bool) error {
		for _, p := range v.pools {
			p.Used = 0
			for _, h := range v.accounts {
				if h.licenses[p.Product] == p.License {
					p.Used++
				}
			}
			if !yield(p) {
				break
			}
		}
		return nil
	})
}

// product is a product's name as it was first spelt.
func (v *view) product(name string) (string, error) {
	for _, p := range v.pools {
		if fold(p.Product) == fold(name) {
			return p.Product, nil
		}
	}
	return "", &fault.Error{
		Kind: fault.NotFound, Cause: "nobody in the export holds a license of " + name,
		Next: "If the app has it, name it in licenses of the manual block.",
	}
}

// Assignees implements app.LicenseReader. A product that the export does not show has no holders; Pools says what there is.
func (a *App) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return listing(ctx, a, "list who holds", product, func(v *view, yield func(access.Assignment) bool) error {
		product, err := v.product(product)
		if err != nil {
			return nil //nolint:nilerr // nobody holds it
		}
		for _, id := range v.order {
			h := v.accounts[id]
			if l := h.licenses[product]; l != "" && !yield(access.Assignment{AccountID: h.ID, UserName: h.UserName, License: l}) {
				break
			}
		}
		return nil
	})
}

// ChangeAssignees implements app.LicenseWriter.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	find := func(v *view) (err error) { product, err = v.product(product); return err }
	return each(ctx, a, "change licenses of", product, changes, find, func(v *view, c access.LicenseChange) error {
		h, err := v.holder(c.Account)
		if c.Remove && fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		has := h.licenses[product]
		t := task{UserName: h.UserName, PersonID: h.PersonID, Subject: product + "/" + c.License}
		if c.Remove {
			if t.Do, t.Subject = doTake, product+"/"+has; has != "" && (c.License == "" || c.License == has) {
				v.ask(t, "Take the license %s from %s.", t.Subject, h.UserName)
			}
			return nil
		}
		p, known := access.Pool{Product: product, License: c.License}, false
		for _, q := range v.pools {
			if q.Product == product && fold(q.License) == fold(c.License) {
				p, known = q, true
			}
		}
		if !known {
			return fault.New(fault.NotFound, "%s has no license %q", product, c.License)
		}
		if t.Do, t.Subject = doAssign, product+"/"+p.License; has != p.License {
			if has == "" {
				v.ask(t, "Give %s the license %s.", h.UserName, t.Subject)
			} else {
				v.ask(t, "Give %s the license %s instead of %s.", h.UserName, t.Subject, has)
			}
		}
		return nil
	})
}
