package entraid

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/entraid/graphtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

const removal = "DELETE /groups/{id}/members/{id}/$ref"

func removals(people []*graphtest.User) []access.MemberChange {
	var changes []access.MemberChange
	for _, u := range people {
		changes = append(changes, access.MemberChange{Account: refTo(u), Remove: true})
	}
	return changes
}

// A batch is answered with 200 whatever became of its parts, and not in their order.
func TestBatchPartsFailByThemselves(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(4)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	x.Fail(graphtest.Fault{Kinds: []string{removal}, Skip: 1, Times: 1, Status: 403})
	errs := x.ChangeMembers(t.Context(), g.ID, removals(people))
	for i, err := range errs {
		if i == 1 {
			if f := failed(t, err, fault.Forbidden); f.Code != "Authorization_RequestDenied" || f.RequestID == "" || f.Status != 403 {
				t.Errorf("%+v", f)
			}
		} else if err != nil {
			t.Errorf("removal %d: %v", i, err)
		}
	}
	if len(g.Members) != 1 || g.Members[0] != people[1].ID {
		t.Errorf("members %v", g.Members)
	}
}

// Parts are throttled one by one, each with its Retry-After: only those are sent again, after the longest pause.
func TestBatchPartsAreThrottledByThemselves(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(6)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	x.Fail(graphtest.Fault{Kinds: []string{removal}, Skip: 2, Times: 1, Status: 429, RetryAfter: new(3)})
	x.Fail(graphtest.Fault{Kinds: []string{removal}, Skip: 2, Times: 1, Status: 429, RetryAfter: new(11)})
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, removals(people)))
	if n := len(x.bodies(removal)); n != 8 || x.Count() != 2 || len(g.Members) != 0 {
		t.Errorf("%d removals in %d requests, %d members left", n, x.Count(), len(g.Members))
	}
	if len(x.waits) != 1 || x.waits[0] != 11*time.Second {
		t.Errorf("waited %v", x.waits)
	}
}

// Patience with a throttled part ends, and the error says how long the service wants to be left alone.
func TestBatchPartThatStaysThrottled(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(2)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	x.Fail(graphtest.Fault{Kinds: []string{removal}, Status: 429, RetryAfter: new(7)})
	for _, err := range x.ChangeMembers(t.Context(), g.ID, removals(people)) {
		if f := failed(t, err, fault.RateLimited); f.RetryAfter != 7*time.Second {
			t.Errorf("%+v", f)
		}
	}
	if x.Count() != 3 || len(g.Members) != 2 {
		t.Errorf("%d requests, %d members", x.Count(), len(g.Members))
	}
}

// A batch whose answer is lost leaves writes unconfirmed and reads unavailable.
func TestBatchWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, func(c *Config) { c.MaxRetries = new(0) })
	people := x.people(2)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	sku := x.AddSKU(graphtest.SKU{PartNumber: "SPE_E3", Enabled: 9})
	x.Fail(graphtest.Fault{Kinds: []string{removal}, Close: true, After: true})
	for _, err := range x.ChangeMembers(t.Context(), g.ID, removals(people)) {
		failed(t, err, fault.Unconfirmed)
	}
	x.Fail(graphtest.Fault{Kinds: []string{"GET /users/{id}"}, Close: true})
	var changes []access.LicenseChange
	for _, u := range people {
		changes = append(changes, access.LicenseChange{Account: refTo(u), License: "SPE_E3"})
	}
	for _, err := range x.ChangeAssignees(t.Context(), "SPE_E3", changes) {
		failed(t, err, fault.Unavailable)
	}
	if n := x.Count("POST /users/{id}/assignLicense"); n != 0 || len(people[0].Direct) != 0 {
		t.Errorf("%d assignments of %s were sent blindly", n, sku.PartNumber)
	}
}

// An answer that leaves a part out says nothing about it.
func TestBatchAnswerThatLeavesPartsOut(t *testing.T) {
	t.Parallel()
	a := answering(t, func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Requests []batchStep }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1.0/$batch" || len(in.Requests) != 2 {
			t.Errorf("%s %+v, %v", r.URL.Path, in, err)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"responses":[{"id":%q,"status":204}]}`, in.Requests[1].ID)
	})
	out := a.batch(t.Context(), []httpclient.Request{
		{Op: "one", Method: http.MethodDelete, Path: []string{"groups", "a b", "members", "x/y", "$ref"}}, {Op: "two", Method: http.MethodDelete, Path: []string{"groups", "b"}},
	})
	failed(t, out[0].err, fault.Unconfirmed)
	if out[1].err != nil || out[1].resp.Status != http.StatusNoContent {
		t.Errorf("%+v", out[1])
	}
}

func TestBatchAddresses(t *testing.T) {
	t.Parallel()
	got := relative(httpclient.Request{
		Path: []string{"users", "a/../b c#d", "manager", "$ref"}, Query: []httpclient.Param{{Key: "$select", Value: "id,a b"}, {Key: "$filter", Value: "x eq 'ñ&+'"}},
	})
	if want := "/users/a%2F..%2Fb%20c%23d/manager/$ref?$select=id%2Ca%20b&$filter=x%20eq%20%27%C3%B1%26%2B%27"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// One of them alone is a plain request.
func TestBatchOfOne(t *testing.T) {
	t.Parallel()
	x := newTenant(t, graphtest.Options{}, nil)
	people := x.people(1)
	g := x.AddGroup(map[string]any{"displayName": "team"}, ids(people)...)
	noErrors(t, x.ChangeMembers(t.Context(), g.ID, removals(people)))
	if r := x.Server.Requests(); len(r) != 1 || !strings.HasPrefix(r[0].Path, "/v1.0/groups/") {
		t.Errorf("%+v", r)
	}
}
