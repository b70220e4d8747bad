package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// A thousand single resources of one app meet one cause a thousand times: a wrong token, an app that is
// down, a block that is gone. What follows says it once. That is enough, because one error stops the plan;
// what writes (Create, Update, Delete) never relies on it and reports each of its own failures.

// forState gives the app that state was written for: by its name or, where the app block was renamed
// since, the one block that leads to the same tenant.
func (d *Data) forState(name, tenant types.String) (*inventory.App, error) {
	inv, err := d.app(name.ValueString())
	if _, there := d.apps[name.ValueString()]; !there && tenant.ValueString() != "" {
		if renamed, e := d.appOfTenant(tenant.ValueString()); e == nil {
			return renamed, nil
		}
	}
	return inv, err
}

// refreshing gives a Read the app that state was written for. Nil means that state stays as it is and
// that everything there is to say was said.
func (d *Data) refreshing(diags *diag.Diagnostics, name, tenant types.String, what string) *inventory.App {
	inv, err := d.forState(name, tenant)
	if err != nil {
		d.unread(diags, nil, name.ValueString(), err, what)
		return nil
	}
	if _, down := d.down.Load(inv.Name()); down {
		return nil
	}
	var ds diag.Diagnostics
	if !pinTenant(&ds, inv, tenant) {
		d.sayOnce(diags, inv.Name(), ds)
		return nil
	}
	return inv
}

// unread reports a Read that failed and left state as it was. When the failure is the app's as a whole,
// nothing more is asked of it, or every resource would wait through all retries.
func (d *Data) unread(diags *diag.Diagnostics, inv *inventory.App, name string, err error, what string) {
	state := stateKept
	if inv != nil {
		if wholeApp(err) {
			if _, down := d.down.LoadOrStore(inv.Name(), true); down {
				return
			}
			state += " Nothing more was read from " + inv.Name() + " in this run."
		}
		all := unjoin(err)
		for i, e := range all {
			all[i] = fault.In(e, inv.Name(), "read", what)
		}
		err = errors.Join(all...)
	}
	var ds diag.Diagnostics
	if !unreadable(&ds, inv, err, "app "+name) {
		diagnose(&ds, err, state)
	}
	d.sayOnce(diags, name, ds)
}

// wholeApp reports whether an error in reading one thing says that nothing else can be read either.
func wholeApp(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Unavailable, fault.RateLimited:
		return !errors.Is(err, context.Canceled)
	case fault.Invalid: // success, and then no answer of the app: a sign-in page
		var f *fault.Error
		return errors.As(err, &f) && f.Status/100 == 2
	default:
		return false
	}
}

// planning gives a plan the app of what shall be there. Nil where it cannot be checked: the app block
// waits for something that is not applied yet, and apply checks then; or there is none, which is an error.
func (d *Data) planning(diags *diag.Diagnostics, name types.String) *inventory.App {
	inv, err := d.app(name.ValueString())
	var pending errPending
	if err == nil || errors.As(err, &pending) {
		return inv
	}
	var ds diag.Diagnostics
	diagnose(&ds, err, nothingSent, path.Root("app"))
	d.sayOnce(diags, name.ValueString(), ds)
	return nil
}

// removing gives a plan the app that something is taken away from. What cannot be checked is not taken away.
func (d *Data) removing(diags *diag.Diagnostics, name, tenant types.String, what string) *inventory.App {
	inv, err := d.forState(name, tenant)
	if err == nil {
		return inv
	}
	var ds diag.Diagnostics
	var pending errPending
	if errors.As(err, &pending) {
		diagnose(diags, fault.In(pending.fault, name.ValueString(), "plan to remove", what), nothingSent)
		return nil
	}
	diagnose(&ds, err, nothingSent)
	d.sayOnce(diags, name.ValueString(), ds)
	return nil
}

// retiring gives a Delete the app that state was written for.
func (d *Data) retiring(diags *diag.Diagnostics, name, tenant types.String) *inventory.App {
	inv, err := d.forState(name, tenant)
	if err != nil {
		diagnose(diags, err, stateKept)
		return nil
	}
	if !pinTenant(diags, inv, tenant) {
		return nil
	}
	return inv
}

// cannot says once that an app cannot do what a plan needs.
func (d *Data) cannot(diags *diag.Diagnostics, inv *inventory.App, c app.Capability, at path.Path) {
	var ds diag.Diagnostics
	diagnose(&ds, inv.Supports(c), nothingSent, at)
	d.sayOnce(diags, inv.Name(), ds)
}

// sayOnce passes on what was not said about the app before.
func (d *Data) sayOnce(diags *diag.Diagnostics, name string, ds diag.Diagnostics) {
	for _, one := range ds {
		if d.first(name + "|" + one.Detail()) {
			diags.Append(one)
		}
	}
}

// first reports whether this is the first time that it is asked for key.
func (d *Data) first(key string) bool {
	_, again := d.said.LoadOrStore(key, true)
	return !again
}
