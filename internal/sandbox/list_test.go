package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// crawl reads a whole listing as a careful client does and answers the user names and the pages.
func crawl(t testing.TB, s *Server, query string, between func(page int)) (names []string, pages int) {
	t.Helper()
	start, cursor := 1, ""
	for pages < 50 {
		q := fmt.Sprintf("?startIndex=%d%s", start, query)
		if cursor != "" {
			q = "?cursor=" + url.QueryEscape(cursor) + query
		}
		a := do(t, s, "GET", "/Users"+q, "").want(t, 200)
		pages++
		got := a.names()
		names = append(names, got...)
		start += len(got)
		cursor, _ = a.at("nextCursor").(string)
		if between != nil {
			between(pages)
		}
		total, _ := a.at("totalResults").(float64)
		byCursor := a.at("startIndex") == nil
		if cursor == "" && (byCursor || len(got) == 0 || start > int(total)) {
			return names, pages
		}
	}
	t.Fatalf("the listing does not end")
	return nil, 0
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("u%03d", i)
	}
	return names
}

func TestPaging(t *testing.T) {
	t.Parallel()
	for _, paging := range []Paging{PagingIndex, PagingBoth, PagingCursor, PagingOptIn, PagingNone} {
		for _, n := range []int{0, 1, 4, 5, 40} {
			t.Run(fmt.Sprintf("%s/%d", paging, n), func(t *testing.T) {
				t.Parallel()
				s := open(t, Options{Dialect: Dialect{Paging: paging, PageSize: 4}})
				want := numbered(n)
				addUsers(t, s, want...)
				wantPages := max(1, (n+3)/4)
				queries := []string{""}
				switch paging {
				case PagingNone:
					wantPages = 1
				case PagingBoth:
					queries = []string{"", "&cursor="}
				case PagingOptIn:
					queries = []string{"&cursor="}
				}
				for _, q := range queries {
					got, pages := crawl(t, s, q, nil)
					if !slices.Equal(got, want) || pages != wantPages {
						t.Errorf("%q: %d rows in %d pages, want %d in %d", q, len(got), pages, n, wantPages)
					}
				}
			})
		}
	}
}

func TestPagingParameters(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{Paging: PagingBoth, PageSize: 4}})
	addUsers(t, s, numbered(10)...)
	for query, want := range map[string]string{
		"?count=0":                      "",
		"?count=-1":                     "",
		"?count=2":                      "u000 u001",
		"?count=99":                     "u000 u001 u002 u003",
		"?startIndex=0&count=1":         "u000",
		"?startIndex=-5&count=1":        "u000",
		"?startIndex=10":                "u009",
		"?startIndex=11":                "",
		"?startIndex=3&count=2":         "u002 u003",
		"?cursor&count=2":               "u000 u001",
		"?filter=userName%20pr&count=1": "u000",
	} {
		a := do(t, s, "GET", "/Users"+query, "").want(t, 200)
		if got := strings.Join(a.names(), " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if a.at("totalResults") != 10.0 {
			t.Errorf("%s: totalResults %v", query, a.at("totalResults"))
		}
	}
	do(t, s, "GET", "/Users?cursor=&count=99", "").want(t, 400, "invalidCount")
	do(t, s, "GET", "/Users?cursor=nonsense", "").want(t, 400, "invalidCursor")

	search := do(t, s, "POST", "/Users/.search", `{"schemas":["`+messageURN+`SearchRequest"],"filter":"userName sw \"u00\"","startIndex":9,"count":3,"attributes":["userName"]}`).want(t, 200)
	if got := strings.Join(search.names(), " "); got != "u008 u009" || strings.Contains(search.raw, "meta") {
		t.Errorf("search: %s", search.raw)
	}
}

func TestAWSPagesOnlyByCursor(t *testing.T) {
	t.Parallel()
	d, err := Preset("aws_identity_center")
	if err != nil {
		t.Fatal(err)
	}
	d.PageSize = 4
	s := open(t, Options{Dialect: d})
	addUsers(t, s, numbered(10)...)
	if a := do(t, s, "GET", "/Users?startIndex=5", ""); strings.Join(a.names(), " ") != "u000 u001 u002 u003" || a.at("totalResults") != 10.0 || a.at("nextCursor") != nil {
		t.Errorf("without a cursor: %s", a.raw)
	}
	if a := do(t, s, "GET", "/Users?cursor", ""); a.at("totalResults") != nil || a.at("nextCursor") == nil {
		t.Errorf("with a cursor: %s", a.raw)
	}
}

func TestCursorSurvivesChanges(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{Paging: PagingCursor, PageSize: 4}})
	all := numbered(12)
	addUsers(t, s, all...)
	got, _ := crawl(t, s, "", func(page int) {
		if page == 1 {
			for _, gone := range all[:4] { // already shown, among them the row the cursor stands on
				if err := s.DeleteUser(gone); err != nil {
					t.Error(err)
				}
			}
			addUsers(t, s, "late")
		}
	})
	if want := append(slices.Clone(all), "late"); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestPageFaults(t *testing.T) {
	t.Parallel()
	for _, paging := range []Paging{PagingIndex, PagingCursor} {
		t.Run(string(paging), func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{Dialect: Dialect{Paging: paging, PageSize: 4}})
			addUsers(t, s, numbered(10)...)
			if err := s.AddFaults(Rule{Path: "^/Users$", Fault: Fault{Page: PageTruncated, Rows: 6}}); err != nil {
				t.Fatal(err)
			}
			got, _ := crawl(t, s, "", nil)
			if len(got) != 6 {
				t.Errorf("truncated: %d rows", len(got))
			}
			if n := do(t, s, "GET", "/Users", "").at("totalResults"); n != 10.0 {
				t.Errorf("a truncated listing promises %v rows, want 10", n)
			}
			s.ClearFaults()
			if err := s.AddFaults(Rule{Path: "^/Users$", Skip: 1, Fault: Fault{Page: PageRepeated}}); err != nil {
				t.Fatal(err)
			}
			first := do(t, s, "GET", "/Users?startIndex=1", "")
			next := "?startIndex=5"
			if c, ok := first.at("nextCursor").(string); ok {
				next = "?cursor=" + c
			}
			second := do(t, s, "GET", "/Users"+next, "")
			if !slices.Equal(first.names(), second.names()) {
				t.Errorf("repeated: %v then %v", first.names(), second.names())
			}
		})
	}
	s := open(t, Options{Dialect: Dialect{Paging: PagingRepeat, PageSize: 4}})
	addUsers(t, s, numbered(10)...)
	if a := do(t, s, "GET", "/Users?startIndex=5", ""); a.names()[0] != "u000" {
		t.Errorf("a server that ignores startIndex answers %v", a.names())
	}
}

func TestMembersShown(t *testing.T) {
	t.Parallel()
	for members, want := range map[Members][2]bool{MembersAlways: {true, true}, MembersGet: {false, true}, MembersNever: {false, false}} {
		s := open(t, Options{Dialect: Dialect{Members: members}})
		g := addGroup(t, s, "g", addUsers(t, s, "ana")...)
		inList := strings.Contains(do(t, s, "GET", "/Groups", "").raw, `"members":[{`)
		inGet := strings.Contains(do(t, s, "GET", "/Groups/"+g, "").raw, `"members":[{`)
		if inList != want[0] || inGet != want[1] {
			t.Errorf("%s: in the list %v, in the group %v", members, inList, inGet)
		}
	}
	s := open(t, Options{Dialect: Dialect{MemberCap: 2}})
	g := addGroup(t, s, "g", addUsers(t, s, numbered(5)...)...)
	if n := strings.Count(do(t, s, "GET", "/Groups/"+g, "").raw, `"type":"User"`); n != 2 {
		t.Errorf("a cap of 2 shows %d members", n)
	}
}
