package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	groups := []access.Group{
		{ID: "1", Name: "Engineering"},
		{ID: "2", Name: "engineers"},
		{ID: "3", Name: "Twins"},
		{ID: "4", Name: "Twins"},
		{ID: "5", Name: "1"},
		{ID: "6", Name: "case"},
		{ID: "7", Name: "CASE"},
	}
	tests := []struct {
		ask, id string
		kind    fault.Kind
		next    string
	}{
		{ask: "Engineering", id: "1"},
		{ask: "ENGINEERING", id: "1"},
		{ask: "2", id: "2"},
		{ask: "1", id: "5"}, // a name wins over an id
		{ask: "case", id: "6"},
		{ask: "CASE", id: "7"},
		{ask: "Case", kind: fault.Invalid, next: "Use the id of the group instead of its name."},
		{ask: "Twins", kind: fault.Invalid, next: "Use the id of the group instead of its name."},
		{ask: "late", id: "late"},
		{ask: "enginering", kind: fault.NotFound, next: `Did you mean "Engineering"?`},
		{ask: "twin", kind: fault.NotFound, next: `Did you mean "Twins"?`},
		{ask: "finance-department", kind: fault.NotFound, next: "None of the 8 names is similar."},
		{ask: "engineer", kind: fault.NotFound, next: `Did you mean "Engineering" or "engineers"?`},
		{ask: "", kind: fault.Invalid},
	}
	f := newFake()
	for _, g := range groups {
		f.groups[g.ID] = g
	}
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Groups(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.groups["late"] = access.Group{ID: "late", Name: "made after the listing"}
	for _, tt := range tests {
		g, err := a.Group(t.Context(), tt.ask)
		var e *fault.Error
		errors.As(err, &e)
		if g.ID != tt.id || fault.KindOf(err) != tt.kind || e != nil && e.Next != tt.next {
			t.Errorf("Group(%q) = %q, %v, %#v", tt.ask, g.ID, err, e)
		}
	}
	f.wantSent(t, "list groups", 1)
	f.wantSent(t, "", 1+5) // the unknown names may be ids: one look each
}

func TestGroupByIDRents(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(100, 0)
	a := New(sized{fake: f}, Options{Name: "wiki"})
	for range 3 {
		if g, err := a.GroupByID(t.Context(), "g007"); err != nil || g.Name != "group g007" {
			t.Error(g, err)
		}
	}
	f.wantSent(t, "", 2)
	if _, err := a.GroupByID(t.Context(), "nope"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := a.GroupByID(t.Context(), ""); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(3).withGroups(1, 0)
	f.members["g000"] = map[string]access.Member{
		"a00002": {AccountID: "a00002", UserName: "stale name"},
		"a00001": {AccountID: "a00001", Role: "owner"},
		"g9":     {AccountID: "g9", UserName: "nested", Nested: true},
	}
	a := New(f, Options{Name: "wiki"})
	got, err := a.Members(t.Context(), "g000")
	want := []access.Member{
		{AccountID: "a00001", Role: "owner"},
		{AccountID: "a00002", UserName: "stale name", Role: "member"},
		{AccountID: "g9", UserName: "nested", Role: "member", Nested: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	f.wantSent(t, "list accounts", 0) // names are not worth a request
	if _, err := a.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	want[0].UserName, want[1].UserName = "usera00001@acme.com", "usera00002@acme.com"
	if got, err = a.Members(t.Context(), "g000"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := a.Members(t.Context(), ""); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if _, err := a.Members(t.Context(), "nope"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestMissingMemberIsConfirmedByTheGroup(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(3, 3)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Member(t.Context(), "g000", "a00001"); err != nil {
		t.Fatal(err)
	}
	f.wantSent(t, "list groups+members", 1)
	f.members["g000"]["late"] = access.Member{AccountID: "late", Role: "owner"}
	f.forgetLog()
	if m, err := a.Member(t.Context(), "g000", "late"); err != nil || m.Role != "owner" {
		t.Errorf("a listing's silence was believed: %v, %v", m, err)
	}
	for _, id := range []string{"x", "y", "x"} {
		if _, err := a.Member(t.Context(), "g000", id); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	}
	f.wantSent(t, "", 1) // once for the group, not once per absent member
}

func TestLicenses(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(2)
	f.pools = []access.Pool{{Product: "Design", License: "Full", Total: 5, Used: 1}}
	f.held["Design"] = map[string]access.Assignment{"a00001": {AccountID: "a00001", License: "Full"}}
	a := New(f, Options{Name: "figma"})
	pools, err := a.Pools(t.Context())
	if err != nil || len(pools) != 1 {
		t.Fatal(pools, err)
	}
	pools[0].Used = 99 // a caller's copy is its own
	if pools, _ = a.Pools(t.Context()); pools[0].Used != 1 {
		t.Error("callers share one slice")
	}
	var e *fault.Error
	if _, err := a.Assignees(t.Context(), "Desing"); !errors.As(err, &e) || e.Kind != fault.NotFound || e.Next != `Did you mean "Design"?` {
		t.Errorf("got %#v", e)
	}
	// Without knowing who held what, the count after a write is the app's to tell.
	if err := a.ChangeAssignees(t.Context(), "Design", []access.LicenseChange{{Account: ref("a00000"), License: "Full"}})[0]; err != nil {
		t.Fatal(err)
	}
	f.pools[0].Used = 2
	if pools, _ = a.Pools(t.Context()); pools[0].Used != 2 {
		t.Errorf("used %d", pools[0].Used)
	}
	f.wantSent(t, "list pools", 2)
	held, err := a.Assignees(t.Context(), "Design")
	if err != nil || len(held) != 2 || held[1].License != "Full" {
		t.Error(held, err)
	}
}

func TestApplyKeepsWhatComesThroughGroups(t *testing.T) {
	t.Parallel()
	h := holders{"x": {{AccountID: "x", License: "Full"}, {AccountID: "x", License: "View", Via: "group engineering"}}}
	used := map[string]int{}
	apply(h, access.LicenseChange{Account: ref("x"), License: "Dev"}, used)
	if len(h["x"]) != 2 || used["Full"] != -1 || used["Dev"] != 1 || used["View"] != 0 {
		t.Errorf("after replacing: %v, %v", h, used)
	}
	apply(h, access.LicenseChange{Account: ref("x"), License: "Full", Remove: true}, used)
	if len(h["x"]) != 2 {
		t.Errorf("removing another license took %v", h)
	}
	apply(h, access.LicenseChange{Account: ref("x"), License: "Dev", Remove: true}, used)
	if len(h["x"]) != 1 || h["x"][0].Via == "" || used["Dev"] != 0 {
		t.Errorf("after removing: %v, %v", h, used)
	}
}

func TestFailedGroupWrites(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := newFake().withGroups(2, 1)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Members(ctx, "g000"); err != nil { // brings the groups along
		t.Fatal(err)
	}
	f.hook = func(_ context.Context, req string) error {
		switch {
		case strings.HasPrefix(req, "create"): // done, but the answer was lost
			f.mu.Lock()
			defer f.mu.Unlock()
			f.groups["lost"] = access.Group{ID: "lost", Name: "new"}
			return errors.New("connection reset")
		case strings.HasPrefix(req, "update"), strings.HasPrefix(req, "delete"):
			return fault.New(fault.Forbidden, "not you")
		}
		return nil
	}
	name := "new"
	if _, err := a.CreateGroup(ctx, access.GroupSpec{Name: &name}); fault.KindOf(err) != fault.Unconfirmed || !strings.Contains(err.Error(), "create group new in wiki") {
		t.Errorf("got %v", err)
	}
	f.forgetLog()
	if g, err := a.Group(ctx, "new"); err != nil || g.ID != "lost" {
		t.Errorf("what a lost answer left behind is not found: %v, %v", g, err)
	}
	f.wantSent(t, "", 1)
	if _, err := a.UpdateGroup(ctx, "g000", access.GroupSpec{Name: &name}); fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "update group group g000") {
		t.Errorf("got %v", err)
	}
	if err := a.DeleteGroup(ctx, "g001"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("got %v", err)
	}
	f.forgetLog()
	if all, err := a.Groups(ctx); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
	if got, err := a.Members(ctx, "g001"); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	f.wantSent(t, "get group", 2)
	f.wantSent(t, "members g001", 1)
	f.wantSent(t, "", 3)
}
