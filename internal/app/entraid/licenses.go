package entraid

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// sku is a subscription of the tenant: https://learn.microsoft.com/graph/api/resources/subscribedsku
type sku struct {
	SKUID         string
	SKUPartNumber string
	AppliesTo     string
	ConsumedUnits int
	PrepaidUnits  struct{ Enabled, Warning int }
	ServicePlans  []struct{ ServicePlanID, ServicePlanName string }

	// As configuration calls it.
	product, license string
	disabled         []string // ids of the service plans that are off when it is assigned
}

// total counts seats that people may hold: also those of a subscription that has expired and is in its grace
// period. Suspended ones cannot be assigned.
func (s sku) total() int { return s.PrepaidUnits.Enabled + s.PrepaidUnits.Warning }

// holding is what a user says about licenses.
type holding struct {
	ID                      string
	UsageLocation           string
	AssignedLicenses        []struct{ SKUID string }
	LicenseAssignmentStates []struct{ SKUID, AssignedByGroup string }
}

// held reports whether the user has the SKU, and by which group if by no other way. What is given both by a group
// and directly counts as direct: that much of it can be taken away.
func (h holding) held(skuID string) (held bool, group string) {
	for _, l := range h.AssignedLicenses {
		held = held || strings.EqualFold(l.SKUID, skuID)
	}
	for _, s := range h.LicenseAssignmentStates {
		switch {
		case !strings.EqualFold(s.SKUID, skuID):
		case s.AssignedByGroup == "":
			return true, ""
		case held:
			group = s.AssignedByGroup
		}
	}
	return held, group
}

func holdingSelection() httpclient.Param {
	return httpclient.Param{Key: "$select", Value: "id,usageLocation,assignedLicenses,licenseAssignmentStates"}
}

// catalog lists the SKUs that users can hold, as configuration calls them.
func (a *App) catalog(ctx context.Context, op string) ([]sku, error) {
	var all []sku
	for row, err := range a.rows(ctx, query{op: op, path: []string{"subscribedSkus"}}) {
		if err != nil {
			return nil, err
		}
		var s sku
		if err := json.Unmarshal(row, &s); err != nil || s.SKUID == "" || s.SKUPartNumber == "" {
			return nil, a.fault(fault.New(fault.Invalid, "the directory answered with a subscription that cannot be read"), op, "")
		}
		if s.AppliesTo == "" || s.AppliesTo == "User" {
			s.product, s.license = s.SKUPartNumber, s.SKUPartNumber
			all = append(all, s)
		}
	}
	if err := a.christen(all); err != nil {
		return nil, a.fault(err, op, "")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.skus = all
	return all, nil
}

// christen gives the SKUs the names of their license blocks.
func (a *App) christen(all []sku) error {
	var names []string
	for _, s := range all {
		names = append(names, s.SKUPartNumber)
	}
	slices.Sort(names)
	for _, l := range a.licenses {
		i := slices.IndexFunc(all, func(s sku) bool {
			return strings.EqualFold(s.SKUPartNumber, l.SKU) || strings.EqualFold(s.SKUID, l.SKU)
		})
		if i < 0 {
			return &fault.Error{
				Kind: fault.Invalid, Cause: fmt.Sprintf("the tenant has no subscription with the sku %s, which a license block names", l.SKU),
				Next: "It has " + strings.Join(names, ", ") + ".",
			}
		}
		all[i].product, all[i].license = l.Product, l.License
		for _, plan := range l.DisabledPlans {
			j := slices.IndexFunc(all[i].ServicePlans, func(p struct{ ServicePlanID, ServicePlanName string }) bool {
				return strings.EqualFold(p.ServicePlanName, plan) || strings.EqualFold(p.ServicePlanID, plan)
			})
			if j < 0 {
				var plans []string
				for _, p := range all[i].ServicePlans {
					plans = append(plans, p.ServicePlanName)
				}
				return &fault.Error{
					Kind: fault.Invalid, Cause: fmt.Sprintf("the sku %s has no service plan %s, which disabled_plans names", l.SKU, plan),
					Next: "It has " + strings.Join(plans, ", ") + ".",
				}
			}
			all[i].disabled = append(all[i].disabled, all[i].ServicePlans[j].ServicePlanID)
		}
	}
	return nil
}

// family is the SKUs of one product. Which id a part number has never changes, so the catalog of an earlier
// listing will do.
func (a *App) family(ctx context.Context, product, op string) ([]sku, error) {
	a.mu.Lock()
	all := a.skus
	a.mu.Unlock()
	if all == nil {
		var err error
		if all, err = a.catalog(ctx, op); err != nil {
			return nil, err
		}
	}
	var list []sku
	for _, s := range all {
		if s.product == product {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nil, a.fault(fault.New(fault.NotFound, "the tenant has no such product; a product is the part number of a SKU, such as SPE_E3, or named by a license block"), op, "product "+product)
	}
	return list, nil
}

// Pools lists the subscriptions.
func (a *App) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	return func(yield func(access.Pool, error) bool) {
		all, err := a.catalog(ctx, "list licenses")
		if err != nil {
			yield(access.Pool{}, err)
			return
		}
		for _, s := range all {
			if !yield(access.Pool{Product: s.product, License: s.license, Total: s.total(), Used: s.ConsumedUnits}, nil) {
				return
			}
		}
	}
}

// Assignees lists who holds the licenses of a product, by one listing of users.
func (a *App) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	return func(yield func(access.Assignment, error) bool) {
		const op = "list assignees"
		fail := func(err error) { yield(access.Assignment{}, a.fault(err, op, "product "+product)) }
		family, err := a.family(ctx, product, op)
		if err != nil {
			fail(err)
			return
		}
		var clauses []string
		for _, s := range family {
			clauses = append(clauses, "assignedLicenses/any(l:l/skuId eq "+s.SKUID+")")
		}
		q := query{op: op, subject: "product " + product, path: []string{"users"}, params: []httpclient.Param{
			holdingSelection(), {Key: "$filter", Value: strings.Join(clauses, " or ")}, top(a.groupPage),
		}}
		var byGroup []access.Assignment // their groups have names, which are asked for all at once
		for row, err := range a.rows(ctx, q) {
			if err != nil {
				fail(err)
				return
			}
			var h holding
			if err := json.Unmarshal(row, &h); err != nil {
				fail(fault.New(fault.Invalid, "the directory answered with a user that cannot be read"))
				return
			}
			for _, s := range family {
				held, group := h.held(s.SKUID)
				as := access.Assignment{AccountID: h.ID, License: s.license, Via: group}
				switch {
				case held && group != "":
					byGroup = append(byGroup, as)
				case held && !yield(as, nil):
					return
				}
			}
		}
		names := a.groupNames(ctx, byGroup)
		for _, as := range byGroup {
			as.Via = "group " + names[as.Via]
			if !yield(as, nil) {
				return
			}
		}
	}
}

// groupNames translates the groups of assignments, fifteen to a request: as many as "in" takes. A group that may
// not be read keeps its id.
func (a *App) groupNames(ctx context.Context, list []access.Assignment) map[string]string {
	names := map[string]string{}
	var ids []string
	for _, as := range list {
		if names[as.Via] == "" {
			names[as.Via] = as.Via
			ids = append(ids, as.Via)
		}
	}
	for some := range slices.Chunk(ids, 15) {
		literals := make([]string, len(some))
		for i, id := range some {
			literals[i] = quoted(id)
		}
		q := query{op: "list licensed groups", params: []httpclient.Param{{Key: "$filter", Value: "id in (" + strings.Join(literals, ",") + ")"}}}
		for g, err := range a.listGroups(ctx, q) {
			if err != nil {
				break
			}
			names[g.ID] = g.Name
		}
	}
	return names
}
