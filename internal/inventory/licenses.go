package inventory

import (
	"context"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
)

// Pools lists the license pools.
func (a *App) Pools(ctx context.Context) ([]access.Pool, error) {
	if err := a.Supports(app.ReadLicenses); err != nil {
		return nil, err
	}
	var out []access.Pool
	for p, err := range a.app.(app.LicenseReader).Pools(ctx) {
		if err != nil {
			return nil, a.fail(err, "list licenses", "")
		}
		out = append(out, p)
	}
	return out, nil
}

// Assignees lists who holds a license of the product.
func (a *App) Assignees(ctx context.Context, product string) ([]access.Assignment, error) {
	if err := a.Supports(app.ReadLicenses); err != nil {
		return nil, err
	}
	var out []access.Assignment
	for s, err := range a.app.(app.LicenseReader).Assignees(ctx, product) {
		if err != nil {
			return nil, a.fail(err, "list assignees of", product)
		}
		out = append(out, s)
	}
	return out, nil
}

// ChangeAssignees applies the changes; the answer is index-aligned, nil means proven.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	errs := make([]error, len(changes))
	if err := a.Supports(app.WriteLicenses); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	return a.app.(app.LicenseWriter).ChangeAssignees(ctx, product, changes)
}
