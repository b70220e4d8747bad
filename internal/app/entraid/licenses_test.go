package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// suite is a tenant with two licenses of one product, one of them without Yammer, and one SKU that nobody named.
func suite(t *testing.T, tune func(*Config)) (x *tenant, e3, e5, other *graphtest.SKU) {
	t.Helper()
	x = newTenant(t, graphtest.Options{}, func(c *Config) {
		c.Licenses = []License{
			{Product: "Microsoft 365", License: "E3", SKU: "spe_e3", DisabledPlans: []string{"yammer_enterprise"}},
			{Product: "Microsoft 365", License: "E5", SKU: "SPE_E5"},
		}
		if tune != nil {
			tune(c)
		}
	})
	yammer := map[string]string{"YAMMER_ENTERPRISE": "7547a3fe-08ee-4ccb-b430-5077c5041653", "EXCHANGE_S_ENTERPRISE": "efb87545-963c-4e0d-99df-69c6916d9eb0"}
	e3 = x.AddSKU(graphtest.SKU{PartNumber: "SPE_E3", Enabled: 3, Warning: 2, Plans: yammer})
	e5 = x.AddSKU(graphtest.SKU{PartNumber: "SPE_E5", Enabled: 5})
	other = x.AddSKU(graphtest.SKU{PartNumber: "POWER_BI_PRO", Enabled: 5})
	x.AddSKU(graphtest.SKU{PartNumber: "TENANT_WIDE", Enabled: 1, Company: true})
	return x, e3, e5, other
}

func TestPools(t *testing.T) {
	t.Parallel()
	x, e3, _, _ := suite(t, nil)
	u := x.person(1)
	u.Direct[e3.ID] = nil
	u.Refresh()
	got := collect(t, x.Pools(t.Context()))
	want := []access.Pool{
		{Product: "Microsoft 365", License: "E3", Total: 5, Used: 1}, // units in their grace period are seats too
		{Product: "Microsoft 365", License: "E5", Total: 5},
		{Product: "POWER_BI_PRO", License: "POWER_BI_PRO", Total: 5},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLicenseBlocksThatNameNothing(t *testing.T) {
	t.Parallel()
	for _, l := range []License{{Product: "x", License: "x", SKU: "SPE_E7"}, {Product: "x", License: "x", SKU: "POWER_BI_PRO", DisabledPlans: []string{"NONE"}}} {
		x, _, _, _ := suite(t, func(c *Config) { c.Licenses = append(c.Licenses, l) })
		for _, err := range x.Pools(t.Context()) {
			if f := failed(t, err, fault.Invalid); !strings.Contains(f.Next, "It has ") {
				t.Errorf("%+v", f)
			}
		}
	}
}

// Only the difference is sent: the other licenses, and the plans of what is held, are nobody's business here.
func TestAssignTouchesNothingElse(t *testing.T) {
	t.Parallel()
	x, e3, e5, other := suite(t, nil)
	fresh, holds, mover := x.person(1), x.person(2), x.person(3)
	holds.Direct[e3.ID] = []string{"efb87545-963c-4e0d-99df-69c6916d9eb0"} // somebody turned Exchange off
	mover.Direct[e5.ID], mover.Direct[other.ID] = nil, nil
	for _, u := range []*graphtest.User{fresh, holds, mover} {
		u.Refresh()
	}
	var changes []access.LicenseChange
	for _, u := range []*graphtest.User{fresh, holds, mover} {
		changes = append(changes, access.LicenseChange{Account: refTo(u), License: "E3"})
	}
	noErrors(t, x.ChangeAssignees(t.Context(), "Microsoft 365", changes))
	if p := fresh.Direct[e3.ID]; len(p) != 1 || p[0] != "7547a3fe-08ee-4ccb-b430-5077c5041653" {
		t.Errorf("disabled plans of a new license: %v", p)
	}
	if p := holds.Direct[e3.ID]; len(p) != 1 || p[0] != "efb87545-963c-4e0d-99df-69c6916d9eb0" {
		t.Errorf("disabled plans of a license that was held: %v", p)
	}
	if _, still := mover.Direct[e5.ID]; still || len(mover.Direct) != 2 {
		t.Errorf("the mover holds %v", mover.Direct)
	}
	if n := len(x.bodies("POST /users/{id}/assignLicense")); n != 2 {
		t.Errorf("%d assignments sent for two differences", n)
	}
	for _, body := range x.bodies("POST /users/{id}/assignLicense") {
		var in map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &in); err != nil || !strings.HasPrefix(string(in["addLicenses"]), "[") || !strings.HasPrefix(string(in["removeLicenses"]), "[") {
			t.Errorf("both lists have to be there: %s", body)
		}
	}
	if n := x.Count(); n != 3 { // the SKUs, what three people hold, two assignments
		t.Errorf("%d requests", n)
	}
}

// What a group gives is told, met by, and left to the group.
func TestTrapLicensesByGroup(t *testing.T) {
	t.Parallel()
	x, e3, _, _ := suite(t, nil)
	g := x.AddGroup(map[string]any{"displayName": "everybody"})
	inherits, both := x.person(1), x.person(2)
	inherits.ByGroup[e3.ID], both.ByGroup[e3.ID] = g.ID, g.ID
	both.Direct[e3.ID] = nil
	inherits.Refresh()
	both.Refresh()
	vias := map[string]string{}
	for _, as := range collect(t, x.Assignees(t.Context(), "Microsoft 365")) {
		vias[as.AccountID] = as.Via
	}
	if vias[inherits.ID] != "group everybody" || vias[both.ID] != "" || len(vias) != 2 {
		t.Errorf("%v", vias)
	}
	x.Reset()
	change := func(u *graphtest.User, license string, remove bool) error {
		return errors.Join(x.ChangeAssignees(t.Context(), "Microsoft 365", []access.LicenseChange{{Account: refTo(u), License: license, Remove: remove}})...)
	}
	if err := change(inherits, "E3", false); err != nil {
		t.Errorf("asking for what a group gives: %v", err)
	}
	failed(t, change(inherits, "E3", true), fault.Unsupported)
	failed(t, change(inherits, "E5", false), fault.Unsupported)
	if n := x.Count("POST /users/{id}/assignLicense"); n != 0 {
		t.Errorf("%d requests to change what a group decides", n)
	}
	if err := change(both, "E3", true); err != nil || len(both.Direct) != 0 || both.ByGroup[e3.ID] == "" {
		t.Errorf("taking away the direct one: %v, %v", both.Direct, err)
	}
	// A group that may not be read keeps its id.
	x.Fail(graphtest.Fault{Kinds: []string{"GET /groups"}, Status: 403})
	for _, as := range collect(t, x.Assignees(t.Context(), "Microsoft 365")) {
		if as.Via != "group "+g.ID {
			t.Errorf("%+v", as)
		}
	}
}

// Without a usage location no license can be assigned, and the service says "bad request".
func TestTrapUsageLocation(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "PT"} {
		x, e3, _, _ := suite(t, func(c *Config) { c.UsageLocation = location })
		u := x.person(1)
		u.Props["usageLocation"] = nil
		err := errors.Join(x.ChangeAssignees(t.Context(), "Microsoft 365", []access.LicenseChange{{Account: refTo(u), License: "E3"}})...)
		_, assigned := u.Direct[e3.ID]
		if location == "" {
			if f := failed(t, err, fault.Invalid); !strings.Contains(f.Next, "usage_location") || assigned || x.Count("POST /users/{id}/assignLicense") != 0 {
				t.Errorf("%+v", f)
			}
			continue
		}
		if err != nil || !assigned || u.Props["usageLocation"] != "PT" {
			t.Errorf("%v, %v, %v", err, assigned, u.Props["usageLocation"])
		}
	}
}

// That no license is left has no code of its own: the pool is asked.
func TestTrapEmptyPoolIsABadRequest(t *testing.T) {
	t.Parallel()
	x, e3, _, _ := suite(t, nil)
	people := x.people(7)
	var changes []access.LicenseChange
	for _, u := range people {
		changes = append(changes, access.LicenseChange{Account: refTo(u), License: "E3"})
	}
	errs := x.ChangeAssignees(t.Context(), "Microsoft 365", changes)
	for i, err := range errs {
		if i < 5 && err != nil {
			t.Errorf("change %d: %v", i, err)
		} else if i >= 5 {
			if f := failed(t, err, fault.LimitReached); !strings.Contains(f.Cause, "none of the 5 licenses") {
				t.Errorf("%+v", f)
			}
		}
	}
	// A refusal with seats left is no empty pool.
	delete(people[0].Direct, e3.ID)
	x.Fail(graphtest.Fault{Kinds: []string{"POST /users/{id}/assignLicense"}, Status: 400})
	for _, err := range x.ChangeAssignees(t.Context(), "Microsoft 365", changes[6:]) {
		failed(t, err, fault.Invalid)
	}
}

// Forty-five changes are three batches to read and three to write; an account's second change waits for its first.
func TestManyAssignments(t *testing.T) {
	t.Parallel()
	x, _, e5, _ := suite(t, nil)
	e5.Enabled = 100
	people := x.people(45)
	var changes []access.LicenseChange
	for _, u := range people {
		changes = append(changes, access.LicenseChange{Account: refTo(u), License: "E5"})
	}
	noErrors(t, x.ChangeAssignees(t.Context(), "Microsoft 365", changes))
	if n := x.Count(); n != 1+3+3 {
		t.Errorf("%d requests", n)
	}
	noErrors(t, x.ChangeAssignees(t.Context(), "Microsoft 365", []access.LicenseChange{
		{Account: refTo(people[0]), License: "E5", Remove: true}, {Account: refTo(people[0]), License: "E3"},
	}))
	if _, holds := people[0].Direct[e5.ID]; holds || len(people[0].Direct) != 1 {
		t.Errorf("%v", people[0].Direct)
	}
}

// An ended run sends nothing more, whatever it was about to do.
func TestLicensesAfterTheEnd(t *testing.T) {
	t.Parallel()
	x, _, _, _ := suite(t, nil)
	u := x.person(1)
	collect(t, x.Pools(t.Context()))
	x.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range x.ChangeAssignees(ctx, "Microsoft 365", []access.LicenseChange{{Account: refTo(u), License: "E3"}}) {
		failed(t, err, fault.Unavailable)
	}
	if x.Count() != 0 {
		t.Errorf("%d requests", x.Count())
	}
}
