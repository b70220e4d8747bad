package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func filterWorld(t testing.TB, o Options) *Server {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { now = now.Add(time.Hour); return now }
	s := open(t, o)
	for _, u := range []User{
		{ID: "1", UserName: "Ana@Acme.com", ExternalID: "E1", Email: "ana@acme.com", Title: "Engineer", EmployeeNumber: "n1", Roles: []string{"Full"}, Department: "R"},
		{ID: "2", UserName: "ben@acme.com", ExternalID: "e1", Email: "ben@acme.com", Inactive: true, Department: "R"},
		{ID: "3", UserName: `o"brien\@acme.com`, Email: "shared@acme.com", Title: "", Manager: "1"},
		{ID: "4", UserName: "dana+tag@acme.com", Email: "shared@acme.com", Title: "Engineering Manager", Extra: object{"urn:x:y:1.0:User": object{"Seat": "full"}}},
	} {
		if _, err := s.AddUser(u); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range []Group{{ID: "g1", DisplayName: "Admins", Members: []string{"1", "4"}}, {ID: "g2", DisplayName: "ops", Members: []string{"4", "g1"}}} {
		if _, err := s.AddGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func ids(t testing.TB, s *Server, endpoint, filter string) string {
	t.Helper()
	a := do(t, s, "GET", endpoint+"?filter="+url.QueryEscape(filter), "")
	if a.status != 200 {
		return fmt.Sprintf("%d %v", a.status, a.at("scimType"))
	}
	var out []string
	for _, r := range a.body["Resources"].([]any) {
		out = append(out, r.(object)["id"].(string))
	}
	return strings.Join(out, " ")
}

func TestFilter(t *testing.T) {
	t.Parallel()
	s := filterWorld(t, Options{})
	const refused = "400 invalidFilter"
	for filter, want := range map[string]string{
		`userName eq "ana@acme.COM"`:                               "1",
		`USERNAME EQ "ana@acme.com"`:                               "1",
		`userName eq "o\"brien\\@acme.com"`:                        "3",
		`userName eq "dana+tag@acme.com"`:                          "4",
		`userName eq "nobody"`:                                     "",
		userURN + `:userName eq "ben@acme.com"`:                    "2",
		`id eq "3"`:                                                "3",
		`externalId eq "e1"`:                                       "2", // caseExact
		`externalId eq "E1"`:                                       "1",
		`emails eq "SHARED@acme.com"`:                              "3 4",
		`emails.value eq "ana@acme.com"`:                           "1",
		`emails[type eq "work" and value eq "ana@acme.com"]`:       "1",
		`emails[type eq "home"]`:                                   "",
		`emails[value eq "ben@acme.com"]`:                          "2",
		enterpriseURN + `:employeeNumber eq "N1"`:                  "1",
		enterpriseURN + `:department eq "r"`:                       "1 2",
		enterpriseURN + `:manager eq "1"`:                          "3",
		enterpriseURN + `:manager.value eq "1"`:                    "3",
		`urn:x:y:1.0:User:seat eq "FULL"`:                          "4",
		`active eq true`:                                           "1 3 4",
		`active eq false`:                                          "2",
		`active ne true`:                                           "2",
		`title pr`:                                                 "1 4",
		`not (title pr)`:                                           "2 3",
		`title eq null`:                                            "2 3",
		`title ne null`:                                            "1 4",
		`title co "gineer"`:                                        "1 4",
		`title sw "Engineering"`:                                   "4",
		`title ew "manager"`:                                       "4",
		`title gt "engineer"`:                                      "4",
		`meta.lastModified ge "2026-01-01T03:00:00.000Z"`:          "3 4",
		`meta.lastModified lt "2026-01-01T02:00:00.000Z"`:          "1",
		`roles[value eq "full"]`:                                   "1",
		`roles.value eq "Full" or userName eq "ben@acme.com"`:      "1 2",
		`userName eq "ben@acme.com" or userName eq "ana@acme.com"`: "1 2", // listing order
		`active eq true and (title pr or externalId pr)`:           "1 4",
		`active eq true and title pr or externalId eq "e1"`:        "1 2 4", // and binds tighter
		`userName eq "ana@acme.com" and active eq false`:           "",
		`groups.value eq "g1"`:                                     "1 4",
		`groups eq "g2"`:                                           "4",
		`groups.display eq "admins"`:                               "1 4",

		`userName`:                            refused,
		`userName eq`:                         refused,
		`userName eq ana`:                     refused,
		`userName eq "ana`:                    refused,
		`userName is "ana"`:                   refused,
		`userName eq "a" title pr`:            refused,
		`userName eq "a" and`:                 refused,
		`(userName eq "a"`:                    refused,
		`not userName eq "a"`:                 refused,
		`nope eq "a"`:                         refused,
		`name.nope eq "a"`:                    refused,
		`emails[nope eq "a"]`:                 refused,
		`emails[type eq "a"`:                  refused,
		`userName[value eq "a"]`:              refused,
		`userName eq {"a":1}`:                 refused,
		`active gt true`:                      refused,
		`emails[type eq "work"].value eq "x"`: refused,
		strings.Repeat("(", 100) + `title pr` + strings.Repeat(")", 100): refused,
	} {
		if got := ids(t, s, "/Users", filter); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	for filter, want := range map[string]string{
		`displayName eq "admins"`:               "g1",
		`members.value eq "4"`:                  "g1 g2",
		`members[value eq "4"]`:                 "g1 g2",
		`members[value eq "g1"]`:                "g2",
		`members[type eq "Group"]`:              "g2",
		`members eq "1" and displayName sw "a"`: "g1",
		`userName eq "x"`:                       "400 invalidFilter",
	} {
		if got := ids(t, s, "/Groups", filter); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

func TestFilterRestricted(t *testing.T) {
	t.Parallel()
	s := filterWorld(t, Options{Dialect: Dialect{FilterAttributes: []string{"userName", "emails", "groups.value"}, FilterOperators: []string{"eq", "and"}}})
	const refused = "400 invalidFilter"
	for filter, want := range map[string]string{
		`username eq "ana@acme.com"`:                          "1",
		`emails.value eq "ana@acme.com"`:                      "1",
		`groups.value eq "g1" and userName eq "ana@acme.com"`: "1",
		`title eq "x"`:                       refused,
		`userName co "ana"`:                  refused,
		`userName eq "x" or userName eq "y"`: refused,
		`not (userName eq "x")`:              refused,
		`emails[value eq "x"]`:               refused,
		`userName eq "x" and ` + enterpriseURN + `:title eq "x"`: refused,
	} {
		if got := ids(t, s, "/Users", filter); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	if got := ids(t, filterWorld(t, Options{Dialect: Dialect{NoFilter: true}}), "/Users", `userName eq "x"`); got != refused {
		t.Errorf("with no filter at all: %q", got)
	}
}

// An index may only make a search faster: after any history it finds what a look at every row finds.
func TestIndexAgreesWithScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		few := rapid.SampledFrom([]string{"a", "A", "b", "c"})
		var users []string
		g1, _ := s.AddGroup(Group{DisplayName: "g1"})
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				u, err := s.AddUser(User{UserName: few.Draw(t, "user") + few.Draw(t, "user"), ExternalID: few.Draw(t, "external"), Email: few.Draw(t, "email"), EmployeeNumber: few.Draw(t, "number")})
				if err == nil {
					users = append(users, u.ID)
				}
			case 2:
				if len(users) > 0 {
					_ = s.EditUser(rapid.SampledFrom(users).Draw(t, "edited"), func(u *User) {
						u.UserName, u.Email, u.ExternalID = few.Draw(t, "user"), few.Draw(t, "email"), few.Draw(t, "external")
					})
				}
			case 3:
				if len(users) > 0 {
					_ = s.AddMember(g1.ID, rapid.SampledFrom(users).Draw(t, "member"))
				}
			case 4:
				if len(users) > 0 {
					_ = s.DeleteUser(rapid.SampledFrom(users).Draw(t, "deleted"))
				}
			}
		}
		for _, attr := range []string{"userName", "externalId", "emails.value", enterpriseURN + ":employeeNumber", "groups.value", "id"} {
			for _, v := range append(users, "a", "B", "ab", g1.ID) {
				e, err := s.users.schema.parseFilter(fmt.Sprintf("%s eq %q", attr, v))
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for _, r := range s.users.rows {
					if e.match(s.getter(s.users, r)) {
						want = append(want, r.id)
					}
				}
				var got []string
				for _, r := range s.search(s.users, "", e) {
					got = append(got, r.id)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s eq %q: index %v, scan %v", attr, v, got, want)
				}
			}
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "a"`, `emails[type eq "work" and value co "@"]`, `not (active eq true) or title pr`, `urn:x:y eq 1`,
		enterpriseURN + `:manager.value eq "1"`, `a[b eq "]"]`, `((`, `meta.created gt "2026"`, `emails[`, `"`, ``, `userName eq "\u00e9"`,
	} {
		f.Add(seed)
	}
	s := filterWorld(f, Options{})
	f.Fuzz(func(t *testing.T, text string) {
		e, err := s.users.schema.parseFilter(text)
		if err != nil {
			return
		}
		// What is read must be possible to evaluate, and not(x) must be the opposite of x.
		for _, r := range s.users.rows {
			if e.match(s.getter(s.users, r)) == (notExpr{e}).match(s.getter(s.users, r)) {
				t.Errorf("%q and its negation agree on %s", text, r.name)
			}
		}
	})
}

func FuzzPatch(f *testing.F) {
	for _, seed := range [][3]string{
		{"add", "members", `[{"value":"1"}]`},
		{"replace", "name", `{"givenName":"x"}`},
		{"remove", `emails[type eq "work"]`, ""},
		{"replace", "", `{"active":false}`},
		{"add", "urn:x:y:1.0:User:seat", `[1,2]`},
		{"add", `urn:x:y:1.0:User:seat[a eq 1].b`, `[1,2]`},
		{"add", "roles", `{"value":"x"}`},
		{"replace", "emails.value", `"x"`},
		{"add", enterpriseURN, `{"manager":null}`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, op, path, value string) {
		s := filterWorld(t, Options{})
		for _, target := range []string{"/Users/1", "/Groups/g1"} {
			body := fmt.Sprintf(`{"op":%q,"path":%q`, op, path)
			if value != "" {
				body += `,"value":` + value
			}
			a := do(t, s, "PATCH", target, patchBody(body+"}"))
			if a.status != 200 && a.status/100 != 4 {
				t.Errorf("status %d: %s", a.status, a.raw)
			}
			// Whatever was stored can be read, listed and filtered.
			do(t, s, "GET", target, "").want(t, 200)
			do(t, s, "GET", "/Users"+filterQuery(`title pr or roles[value eq "x"]`), "").want(t, 200)
		}
	})
}
