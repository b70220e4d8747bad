package entraid

import (
	"fmt"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
)

// Refreshing 1,000 accounts, 50 groups of 200 members and 3 products, each held by 400 people, one of them by way
// of a group, takes 58 requests:
//
//	 2  pages of 999 accounts, with their managers
//	 1  page of groups
//	50  listings of members, one page each
//	 1  subscribed SKUs
//	 3  listings of assignees, one page each
//	 1  names of the groups that give licenses
func TestRequestsToRefresh(t *testing.T) {
	t.Parallel()
	const accounts, groups, products, members, holders = 1000, 50, 3, 200, 400
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(accounts)
	var list []*graphtest.Group
	for i := range groups {
		list = append(list, x.AddGroup(map[string]any{"displayName": fmt.Sprintf("team %d", i)}, ids(people[i:i+members])...))
	}
	for i := range products {
		sku := x.AddSKU(graphtest.SKU{PartNumber: fmt.Sprintf("SKU_%d", i), Enabled: accounts})
		for _, u := range people[:holders] {
			if i == 0 {
				u.ByGroup[sku.ID] = list[0].ID
			} else {
				u.Direct[sku.ID] = nil
			}
		}
	}
	for _, u := range people {
		u.Refresh()
	}
	var n [5]int
	n[0] = len(collect(t, x.Accounts(t.Context(), access.AccountFilter{})))
	for _, g := range collect(t, x.Groups(t.Context(), true)) {
		n[1]++
		n[2] += len(collect(t, x.Members(t.Context(), g.ID)))
	}
	for _, p := range collect(t, x.Pools(t.Context())) {
		n[3]++
		for _, as := range collect(t, x.Assignees(t.Context(), p.Product)) {
			n[4]++
			if want := map[string]string{"SKU_0": "group team 0"}[p.Product]; as.Via != want {
				t.Fatalf("%+v, want via %q", as, want)
			}
		}
	}
	if want := [5]int{accounts, groups, groups * members, products, products * holders}; n != want {
		t.Errorf("read %v, want %v", n, want)
	}
	for kind, want := range map[string]int{
		"GET /users": 2 + 3, "GET /groups": 1 + 1, "GET /groups/{id}/members": groups, "GET /subscribedSkus": 1, "": 58,
	} {
		got := x.Count(kind)
		if kind == "" {
			got = x.Count()
		}
		if got != want {
			t.Errorf("%d requests %s, want %d", got, kind, want)
		}
	}
}
