package okta

import (
	"fmt"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
)

// Trap: applications times users requests (okta/terraform-provider-okta#2145, #1062). Refreshing 1,000 accounts, 50
// groups of 100 members and 3 licenses takes listings only: 5 pages of users, 1 of groups, 1 of rules, 50 of members,
// and 2 pages of assignments for each license.
func TestTrapRefreshStorm(t *testing.T) {
	t.Parallel()
	s := oktatest.New(t, nil) // checking so many rows against the description takes seconds, and other tests do
	d := openFor(t, s, Config{Licenses: []License{{Product: "a", AppID: "0oaa"}, {Product: "b", AppID: "0oab"}, {Product: "c", AppID: "0oac"}}}, false).(*Directory)
	var ids []string
	var assigned []oktatest.Assignment
	for i := range 1000 {
		ids = append(ids, s.AddUser(oktatest.User{Profile: profileOf(fmt.Sprint("u", i))}))
		assigned = append(assigned, oktatest.Assignment{UserID: ids[i]})
	}
	for i := range 50 {
		s.AddGroup(oktatest.Group{Profile: map[string]any{"name": fmt.Sprint("g", i)}, Members: ids[i : i+100]})
	}
	for _, app := range []string{"0oaa", "0oab", "0oac"} {
		s.AddApp(app, assigned...)
	}
	accounts, members, assignees := 0, 0, 0
	for _, err := range d.Accounts(t.Context(), access.AccountFilter{}) {
		if accounts++; err != nil {
			t.Fatal(err)
		}
	}
	for g, err := range d.Groups(t.Context(), true) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range d.Members(t.Context(), g.ID) {
			if members++; err != nil {
				t.Fatal(err)
			}
		}
	}
	for p, err := range d.Pools(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range d.Assignees(t.Context(), p.Product) {
			if assignees++; err != nil {
				t.Fatal(err)
			}
		}
	}
	same(t, "seen", []int{1000, 5000, 3000}, []int{accounts, members, assignees})
	same(t, "requests", map[string]int{"users": 5, "groups": 1, "rules": 1, "members": 50, "assignments": 6, "all": 63}, map[string]int{
		"users": s.Count("GET", "/users$") - s.Count("GET", "/groups/[^/]+/users$") - s.Count("GET", "/apps/[^/]+/users$"), "groups": s.Count("GET", "/groups$"),
		"rules": s.Count("GET", "/rules$"), "members": s.Count("GET", "/groups/[^/]+/users$"), "assignments": s.Count("GET", "/apps/[^/]+/users$"), "all": len(s.Requests()),
	})
}

// Assignments to one application: 1,000 accounts in 2 requests.
func TestRefreshOfAssignments(t *testing.T) {
	t.Parallel()
	s := oktatest.New(t, nil)
	var assigned []oktatest.Assignment
	for i := range 1000 {
		assigned = append(assigned, oktatest.Assignment{UserID: s.AddUser(oktatest.User{Profile: profileOf(fmt.Sprint("u", i))})})
	}
	s.AddApp("0oawiki", assigned...)
	a := openFor(t, s, Config{AppID: "0oawiki"}, false).(*Assignments)
	n := 0
	for acc, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil || acc.UserName == "" || acc.PersonID == "" {
			t.Fatalf("%+v, %v", acc, err)
		}
		n++
	}
	same(t, "accounts and requests", []int{1000, 2}, []int{n, len(s.Requests())})
}
