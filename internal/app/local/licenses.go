package local

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Pools implements app.LicenseReader.
func (a *App) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return listing(ctx, a, "list licenses", "", func(doc *document, yield func(access.Pool) bool) error {
		for _, p := range doc.pools {
			if !yield(access.Pool{Product: p.product, License: p.license, Total: p.total, Used: len(p.assignees)}) {
				break
			}
		}
		return nil
	})
}

// Assignees implements app.LicenseReader.
func (a *App) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return listing(ctx, a, "list assignees of", product, func(doc *document, yield func(access.Assignment) bool) error {
		pools := doc.product(product)
		if len(pools) == 0 {
			return doc.noProduct(product)
		}
		for _, p := range pools {
			for _, acc := range named(doc, p.assignees) {
				if !yield(access.Assignment{AccountID: acc.ID, UserName: acc.UserName, License: p.license}) {
					return nil
				}
			}
		}
		return nil
	})
}

func (d *document) noProduct(product string) error {
	var names []string
	for _, p := range d.pools {
		names = append(names, p.product)
	}
	return &fault.Error{
		Kind: fault.NotFound, Cause: fmt.Sprintf("the file has no licenses of a product %q; %s", product, theseExist(names)),
		Next: `Correct the product, or add it to "licenses" of the file.`,
	}
}

func theseExist(names []string) string {
	names = slices.Compact(names) // pools are sorted
	if len(names) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(names, ", ")
}

// ChangeAssignees implements app.LicenseWriter. The changes are made in the order given, so a seat that
// one frees can be taken by a later one. A removal that names no license removes whichever is held.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	errs := make([]error, len(changes))
	err := a.write(ctx, "change licenses of", product, func(e *edit) error {
		if len(e.product(product)) == 0 {
			return e.noProduct(product)
		}
		for i, c := range changes {
			errs[i] = e.changeAssignee(product, c)
		}
		return nil
	})
	for i, c := range changes {
		op := fmt.Sprintf("assign %s %s to", product, c.License)
		if c.Remove {
			op = fmt.Sprintf("remove %s %s from", product, c.License)
		}
		errs[i] = fault.In(cmp.Or(err, errs[i]), a.name, op, label(c.Account))
	}
	return errs
}

func (e *edit) changeAssignee(product string, c access.LicenseChange) error {
	var held, want *pool
	var names []string
	for _, p := range e.product(product) {
		names = append(names, p.license)
		if p.assignees[c.Account.ID] {
			held = p
		}
		if p.license == c.License {
			want = p
		}
	}
	if c.Account.ID == "" {
		return noAccount(c.Account)
	}
	if c.Remove {
		if held != nil && (held == want || c.License == "") {
			delete(e.ownPool(held).assignees, c.Account.ID)
		}
		return nil
	}
	switch {
	case want == nil:
		return &fault.Error{
			Kind: fault.NotFound, Cause: fmt.Sprintf("product %q has no license %q; %s", product, c.License, theseExist(names)),
			State: "Nothing was written.", Next: `Correct the license, or add it to "licenses" of the file.`,
		}
	case e.account(c.Account.ID) == nil:
		return noAccount(c.Account)
	case held == want:
		return nil
	case want.total != unlimited && len(want.assignees) >= want.total:
		return &fault.Error{
			Kind:  fault.LimitReached,
			Cause: fmt.Sprintf("all seats of license %q of product %q are taken: total %d, used %d", want.license, product, want.total, len(want.assignees)),
			State: "Nothing was written.", Next: "Take the license from somebody, or raise its total.",
		}
	}
	if held != nil {
		delete(e.ownPool(held).assignees, c.Account.ID)
	}
	e.ownPool(want).assignees[c.Account.ID] = true
	return nil
}
