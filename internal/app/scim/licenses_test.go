package scim

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const seatPath = `roles[type eq "seatType"].value`

func seats(total ...int) Config {
	c := Config{Licenses: []License{
		{Product: "Design", License: "Full", Path: seatPath, Value: "Full", ReleasedValue: "View"},
		{Product: "Design", License: "Dev", Path: seatPath, Value: "Dev", ReleasedValue: "View"},
		{Product: "Wiki", Group: "wiki-users"},
	}}
	if len(total) > 0 {
		c.Licenses[0].Total = &total[0]
	}
	return c
}

func seated(id, seat string) string {
	return fmt.Sprintf(`{"id":%q,"userName":"%s@acme.com","roles":[{"value":"x"},{"type":"seatType","value":%q}]}`, id, id, seat)
}

var everybody = exchange{request: "GET /Users?startIndex=1&count=100", answer: list(4, seated("a", "full"), seated("b", "Dev"), seated("c", "View"), user("d"))}

var wikiGroup = exchange{
	request: `GET /Groups?excludedAttributes=members&filter=displayName eq "wiki-users"&startIndex=1&count=100`,
	answer:  list(1, `{"id":"g1","displayName":"wiki-users"}`),
}

func TestReadLicenses(t *testing.T) {
	t.Parallel()
	five := 5
	members := exchange{request: "GET /Groups/g1", answer: groupOf("a", "d")}
	a := open(t, seats(five), everybody, wikiGroup, members, everybody)
	pools, err := collect(a.Pools(t.Context()))
	want := []access.Pool{
		{Product: "Design", License: "Full", Total: 5, Used: 1},
		{Product: "Design", License: "Dev", Total: -1, Used: 1},
		{Product: "Wiki", License: "Wiki", Total: -1, Used: 2},
	}
	if err != nil || !reflect.DeepEqual(pools, want) {
		t.Errorf("pools %+v, %v", pools, err)
	}
	got, err := collect(a.Assignees(t.Context(), "Design"))
	holders := []access.Assignment{{AccountID: "a", UserName: "a@acme.com", License: "Full"}, {AccountID: "b", UserName: "b@acme.com", License: "Dev"}}
	if err != nil || !reflect.DeepEqual(got, holders) {
		t.Errorf("assignees %+v, %v", got, err)
	}
	_, err = collect(a.Assignees(t.Context(), "Chess"))
	wantFault(t, err, fault.NotFound, "there are Design, Wiki")
}

func TestNoLicenses(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Profile: "slack"})
	if ok, why := app.Supports(a, app.WriteLicenses); ok || why == "" {
		t.Errorf("supports licenses: %v, %q", ok, why)
	}
	_, err := collect(a.Pools(t.Context()))
	wantFault(t, err, fault.Unsupported, "Slack keeps its licenses")
	errs := a.ChangeAssignees(t.Context(), "x", []access.LicenseChange{{}})
	wantFault(t, errs[0], fault.Unsupported)
}

func assign(id, license string) access.LicenseChange {
	return access.LicenseChange{Account: access.AccountRef{ID: id, UserName: id + "@acme.com"}, License: license}
}

func release(id, license string) access.LicenseChange {
	c := assign(id, license)
	c.Remove = true
	return c
}

func TestChangeAssignees(t *testing.T) {
	t.Parallel()
	get := func(id, seat string) exchange {
		return exchange{request: "GET /Users/" + id, answer: seated(id, seat)}
	}
	set := func(id, seat string) exchange {
		return exchange{request: "PATCH /Users/" + id, answer: seated(id, seat), body: patch(fmt.Sprintf(`{"op":"replace","path":"roles","value":[{"value":"x"},{"type":"seatType","value":%q}]}`, seat))}
	}
	silent := set("a", "Full")
	silent.status, silent.answer = 204, ""
	members := func(ids ...string) exchange { return exchange{request: "GET /Groups/g1", answer: groupOf(ids...)} }
	for _, tc := range []struct {
		name    string
		cfg     Config
		product string
		changes []access.LicenseChange
		expect  []exchange
		want    string
	}{
		{"assign, replacing", seats(), "Design", []access.LicenseChange{assign("a", "Full")}, []exchange{get("a", "Dev"), set("a", "Full")}, "ok "},
		{"assign, held already", seats(), "Design", []access.LicenseChange{assign("a", "Full")}, []exchange{get("a", "Full")}, "ok "},
		{"assign, 204", seats(), "Design", []access.LicenseChange{assign("a", "Full")}, []exchange{get("a", "View"), silent, get("a", "Full")}, "ok "},
		{"assign, without effect", seats(), "Design", []access.LicenseChange{assign("a", "Full")}, []exchange{get("a", "View"), silent, get("a", "View")}, "unconfirmed "},
		{"assign, nobody", seats(), "Design", []access.LicenseChange{assign("a", "Full")}, []exchange{{request: "GET /Users/a", status: 404}}, "not found "},
		{"release", seats(), "Design", []access.LicenseChange{release("a", "Full")}, []exchange{get("a", "Full"), set("a", "View")}, "ok "},
		{"release what is not held", seats(), "Design", []access.LicenseChange{release("a", "Full")}, []exchange{get("a", "Dev")}, "ok "},
		{"release, nobody", seats(), "Design", []access.LicenseChange{release("a", "Full")}, []exchange{{request: "GET /Users/a", status: 404}}, "ok "},
		{"an unknown license", seats(), "Design", []access.LicenseChange{assign("a", "Gold")}, nil, "not found "},
		{"freed before filled, then full", seats(1), "Design", []access.LicenseChange{assign("c", "Full"), release("a", "Full"), assign("d", "Full")}, []exchange{
			get("a", "Full"), set("a", "View"),
			{request: everybody.request, answer: list(2, seated("a", "View"), seated("c", "View"))},
			get("c", "View"), set("c", "Full"),
		}, "ok ok limit reached "},
		{"a group", seats(), "Wiki", []access.LicenseChange{assign("a", "Wiki"), release("b", "Wiki")}, []exchange{
			wikiGroup,
			{request: "GET /Groups/g1", answer: groupOf("b", "x")},
			{request: "PATCH /Groups/g1", body: patch(`{"op":"remove","path":"members[value eq \"b\"]"}`), answer: groupOf("x")},
			wikiGroup,
			{request: "PATCH /Groups/g1", body: patch(`{"op":"add","path":"members","value":[{"value":"a"}]}`), status: 204},
			members("a", "x"),
		}, "ok ok "},
		{"a group that does not exist", seats(), "Wiki", []access.LicenseChange{assign("a", "Wiki")}, []exchange{{request: wikiGroup.request, answer: list(0)}}, "not found "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, tc.expect...)
			errs := a.ChangeAssignees(t.Context(), tc.product, tc.changes)
			if got := outcomes(errs); got != tc.want {
				t.Errorf("outcomes %q, want %q: %v", got, tc.want, errs)
			}
		})
	}
}

// Groups of one product exclude each other: who joins one leaves the others.
func TestLicenseGroupsExcludeEachOther(t *testing.T) {
	t.Parallel()
	cfg := Config{Licenses: []License{{Product: "Zoom", License: "Pro", Group: "pro"}, {Product: "Zoom", License: "Basic", Group: "basic"}}}
	find := func(id, name string) exchange {
		return exchange{
			request: `GET /Groups?excludedAttributes=members&filter=displayName eq "` + name + `"&startIndex=1&count=100`,
			answer:  list(1, fmt.Sprintf(`{"id":%q,"displayName":%q}`, id, name)),
		}
	}
	a := open(t, cfg, find("p", "pro"), find("b", "basic"),
		exchange{request: "PATCH /Groups/p", body: patch(`{"op":"add","path":"members","value":[{"value":"a"}]}`), answer: groupOf("a")},
		exchange{request: "GET /Groups/b", answer: groupOf("a", "x")},
		exchange{request: "PATCH /Groups/b", body: patch(`{"op":"remove","path":"members[value eq \"a\"]"}`), answer: groupOf("x")},
	)
	if got := outcomes(a.ChangeAssignees(t.Context(), "Zoom", []access.LicenseChange{assign("a", "Pro")})); got != "ok " {
		t.Error(got)
	}
}
