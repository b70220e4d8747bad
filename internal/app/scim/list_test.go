package scim

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	two := Dialect{PageSize: 2}
	cursor := Dialect{PageSize: 2, Paging: "cursor", BareCursor: new(true)}
	page := func(start string) string { return "GET /Users?startIndex=" + start + "&count=2" }
	for _, tc := range []struct {
		name    string
		dialect Dialect
		expect  []exchange
		ids     string
		kind    fault.Kind
		says    string
	}{
		{"empty", two, []exchange{{request: page("1"), answer: `{"totalResults":0}`}}, "", 0, ""},
		{"one page", two, []exchange{{request: page("1"), answer: list(2, user("a"), user("b"))}}, "a b", 0, ""},
		{"two pages", two, []exchange{
			{request: page("1"), answer: list(3, user("a"), user("b"))},
			{request: page("3"), answer: list(3, user("c"))},
		}, "a b c", 0, ""},
		{"shorter pages than asked for", two, []exchange{
			{request: page("1"), answer: list(2, user("a"))},
			{request: page("2"), answer: list(2, user("b"))},
		}, "a b", 0, ""},
		{"totals as strings, other case", two, []exchange{
			{request: page("1"), answer: `{"TotalResults":"1","resources":[` + user("a") + `]}`},
		}, "a", 0, ""},
		{"without totals", two, []exchange{
			{request: page("1"), answer: `{"Resources":[` + user("a") + "," + user("b") + `]}`},
			{request: page("3"), answer: `{"Resources":[]}`},
		}, "a b", 0, ""},
		{"startIndex ignored", two, []exchange{
			{request: page("1"), answer: list(5, user("a"), user("b"))},
			{request: page("3"), answer: list(5, user("a"), user("b"))},
		}, "a b", fault.Unavailable, "same page twice"},
		{"stops short", two, []exchange{
			{request: page("1"), answer: list(5, user("a"), user("b"))},
			{request: page("3"), answer: list(5)},
		}, "a b", fault.Unavailable, "stops at 2 of 5"},
		{"more than the total", two, []exchange{
			{request: page("1"), answer: list(3, user("a"), user("b"))},
			{request: page("3"), answer: list(2, user("c"))},
		}, "a b", fault.Unavailable, "sent 3 rows and says that there are 2"},
		{"a row comes meanwhile, and shifts the next page", two, []exchange{
			{request: page("1"), answer: list(3, user("b"), user("c"))},
			{request: page("3"), answer: list(4, user("c"), user("d"))},
			{request: page("1"), answer: list(4, user("a"), user("b"))},
			{request: page("3"), answer: list(4, user("c"), user("d"))},
		}, "b c d a", 0, ""},
		{"a row without id", two, []exchange{{request: page("1"), answer: list(1, `{"userName":"x"}`)}}, "", fault.Invalid, "row 1 of the listing has no id"},
		{"numbers as ids", two, []exchange{{request: page("1"), answer: list(1, `{"id":12345678901234567890}`)}}, "12345678901234567890", 0, ""},
		{"JSON that is no list", two, []exchange{{request: page("1"), answer: `{"ok":false,"error":"not_authed"}`}}, "", fault.Invalid, "no SCIM list"},
		{"a web page", two, []exchange{{request: page("1"), answer: `<html>`}}, "", fault.Invalid, "web page"},
		{"an empty answer", two, []exchange{{request: page("1")}}, "", fault.Unavailable, "is empty"},
		{"an answer cut off", two, []exchange{{request: page("1"), answer: list(3, user("a"), user("b"))[:60]}}, "", fault.Unavailable, "ends in the middle"},
		{"no such collection", two, []exchange{{request: page("1"), status: 404, answer: `{"status":"404"}`}}, "", fault.Invalid, "Check base_url"},
		{"forbidden", two, []exchange{{request: page("1"), status: 403, answer: `{}`}}, "", fault.Forbidden, "not allowed"},
		{"a cursor, though asked by index", two, []exchange{
			{request: page("1"), answer: `{"totalResults":3,"nextCursor":"x/+=","Resources":[` + user("a") + "," + user("b") + `]}`},
			{request: "GET /Users?cursor=x/+=&count=2", answer: `{"Resources":[` + user("c") + `]}`},
		}, "a b c", 0, ""},
		{"cursors", cursor, []exchange{
			{request: "GET /Users?cursor&count=2", answer: `{"itemsPerPage":2,"nextCursor":"n1","Resources":[` + user("a") + "," + user("b") + `]}`},
			{request: "GET /Users?cursor=n1&count=2", answer: `{"nextCursor":"n2","Resources":[]}`},
			{request: "GET /Users?cursor=n2&count=2", answer: `{"itemsPerPage":1,"Resources":[` + user("c") + `]}`},
		}, "a b c", 0, ""},
		{"the same cursor twice", cursor, []exchange{
			{request: "GET /Users?cursor&count=2", answer: `{"nextCursor":"n1","Resources":[` + user("a") + `]}`},
			{request: "GET /Users?cursor=n1&count=2", answer: `{"nextCursor":"n1","Resources":[` + user("b") + `]}`},
		}, "a b", fault.Unavailable, "same cursor twice"},
		{"cursors not understood", cursor, []exchange{
			{request: "GET /Users?cursor&count=2", answer: list(7, user("a"), user("b"))},
		}, "a b", fault.Unavailable, "stops at 2 of 7"},
		{"an expired cursor", cursor, []exchange{
			{request: "GET /Users?cursor&count=2", answer: `{"nextCursor":"n1","Resources":[` + user("a") + `]}`},
			{request: "GET /Users?cursor=n1&count=2", status: 400, answer: `{"scimType":"expiredCursor","status":"400"}`},
		}, "a", fault.Unavailable, "scim 400 expiredCursor"},
		{"everything at once", Dialect{Paging: "none"}, []exchange{{request: "GET /Users", answer: list(2, user("a"), user("b"))}}, "a b", 0, ""},
		{"not everything at once", Dialect{Paging: "none"}, []exchange{{request: "GET /Users", answer: list(9, user("a"), user("b"))}}, "a b", fault.Unavailable, "2 of 9"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, Config{Override: tc.dialect}, tc.expect...)
			accounts, err := collect(a.Accounts(t.Context(), access.AccountFilter{}))
			if got := userNames(accounts); got != tc.ids {
				t.Errorf("listed %q, want %q", got, tc.ids)
			}
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, "list accounts in wiki", tc.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A caller that has enough stops the paging.
func TestPagingStopsWithItsCaller(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Override: Dialect{PageSize: 2}}, exchange{request: "GET /Users?startIndex=1&count=2", answer: list(9, user("a"), user("b"))})
	for acc, err := range a.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil || acc.ID != "a" {
			t.Fatal(acc, err)
		}
		break
	}
}

func TestListingCost(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Override: Dialect{PageSize: 50}},
		exchange{request: "GET /Users?startIndex=1&count=50", answer: list(41, user("a"), user("b"))}, // the server has smaller pages
		exchange{request: "GET /Groups?excludedAttributes=members&startIndex=1&count=50", answer: list(0)},
	)
	if n, err := a.ListingCost(t.Context(), app.CollectionAccounts); n != 21 || err != nil {
		t.Errorf("%d requests, %v; want 21", n, err)
	}
	if n, err := a.ListingCost(t.Context(), app.CollectionGroups); n != 1 || err != nil {
		t.Errorf("%d requests, %v; want 1", n, err)
	}
	a = open(t, Config{Override: Dialect{Paging: "none"}})
	if n, err := a.ListingCost(t.Context(), app.CollectionAccounts); n != 1 || err != nil {
		t.Errorf("%d requests, %v; want 1, without asking", n, err)
	}
	a = open(t, Config{Profile: "aws_identity_center"}, exchange{request: "GET /Users?cursor&count=100", answer: `{"nextCursor":"n","Resources":[` + user("a") + `]}`})
	_, err := a.ListingCost(t.Context(), app.CollectionAccounts)
	wantFault(t, err, fault.Unsupported, "does not say how many")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	a := open(t, Config{},
		exchange{request: "GET /Users?startIndex=1&count=1", answer: list(900, user("a"))},
		exchange{request: "GET /Users?startIndex=1&count=1", status: 401, answer: `{"detail":"` + token + `"}`},
	)
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wantFault(t, a.Check(t.Context()), fault.Unauthenticated, "reach the app in wiki", "Check the token")
}

func FuzzListPage(f *testing.F) {
	f.Add([]byte(list(2, user("a"), user("b"))))
	f.Add([]byte(`{"totalResults":"3","nextCursor":"x"}`))
	f.Add([]byte(`{"Resources":{"id":1}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p listPage
		if err := p.UnmarshalJSON(b); err != nil {
			return
		}
		a := &App{fields: fieldPaths(Dialect{PersonIDIn: "external_id"}, nil)}
		for _, o := range p.Rows { // must read whatever comes without a panic
			_ = a.account(o)
			_ = a.group(o)
		}
		if p.Total != nil && *p.Total < 0 {
			t.Errorf("negative total in %s", b)
		}
	})
}
