package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// open starts an empty server with the options.
func open(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is a response, with its body decoded.
type answer struct {
	status int
	header http.Header
	body   object
	raw    string
}

// do sends a request below BasePath without a network. A body is a JSON text.
func do(t testing.TB, s *Server, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, "http://sandbox.test"+BasePath+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Result().Header, raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	return a
}

// want fails unless the answer has the status and, for an error, the scimType.
func (a answer) want(t testing.TB, status int, scimType ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	if status >= 400 {
		if got := a.body["status"]; got != fmt.Sprint(status) {
			t.Errorf("the error's status is %v, want the string %d", got, status)
		}
	}
	if len(scimType) > 0 && a.body["scimType"] != scimType[0] {
		t.Errorf("scimType %v, want %s: %s", a.body["scimType"], scimType[0], a.raw)
	}
	return a
}

// at reads a path like "name.givenName" or "emails.0.value" from the body.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(object)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a answer) names() []string {
	var out []string
	list, _ := a.body["Resources"].([]any)
	for _, r := range list {
		o := r.(object)
		name, ok := o["userName"].(string)
		if !ok {
			name, _ = o["displayName"].(string)
		}
		out = append(out, name)
	}
	return out
}

func userBody(userName, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"schemas":[%q],"userName":%q%s}`, userURN, userName, rest)
}

func patchBody(ops ...string) string {
	return `{"schemas":["` + messageURN + `PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

func addUsers(t testing.TB, s *Server, names ...string) []string {
	t.Helper()
	ids := make([]string, len(names))
	for i, n := range names {
		u, err := s.AddUser(User{UserName: n})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = u.ID
	}
	return ids
}

func addGroup(t testing.TB, s *Server, name string, members ...string) string {
	t.Helper()
	g, err := s.AddGroup(Group{DisplayName: name, Members: members})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

func filterQuery(f string) string { return "?filter=" + url.QueryEscape(f) }

func TestUserLifecycle(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	made := do(t, s, "POST", "/Users", userBody("Ana@Acme.com", `"externalId":"1042","name":{"givenName":"Ana","familyName":"Łuczak"},
		"emails":[{"value":"ana@acme.com","type":"work","primary":true}],"title":"Engineer","roles":[{"type":"seatType","value":"Full"}],
		"`+enterpriseURN+`":{"employeeNumber":"1042","department":"R&D","manager":{"value":"42"}},
		"urn:example:custom:User":{"costCentre":"7"},"password":"hunter2","id":"mine","groups":[{"value":"g"}]`)).want(t, 201)
	id := made.at("id").(string)
	location := "http://sandbox.test" + BasePath + "/Users/" + id
	if id == "mine" || made.header.Get("Location") != location || made.at("meta", "location") != location {
		t.Errorf("id %q, Location %q, meta %v", id, made.header.Get("Location"), made.at("meta"))
	}
	if made.at("active") != true || made.at("password") != nil || made.at("groups") != nil || strings.Contains(made.raw, "hunter2") {
		t.Errorf("active by default, no password and no groups from the client: %s", made.raw)
	}
	read := do(t, s, "GET", "/Users/"+id, "").want(t, 200)
	for path, want := range map[string]any{
		"name.familyName": "Łuczak", "emails.0.value": "ana@acme.com", "roles.0.type": "seatType", "userName": "Ana@Acme.com",
		enterpriseURN + "|department": "R&D", enterpriseURN + "|manager|value": "42", "urn:example:custom:User|costCentre": "7",
	} {
		sep := "."
		if strings.Contains(path, "|") {
			sep = "|"
		}
		var steps []any
		for p := range strings.SplitSeq(path, sep) {
			if p == "0" {
				steps = append(steps, 0)
			} else {
				steps = append(steps, p)
			}
		}
		if got := read.at(steps...); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	do(t, s, "POST", "/Users", userBody("ana@acme.COM", "")).want(t, 409, "uniqueness")

	put := do(t, s, "PUT", "/Users/"+id, userBody("ana.new@acme.com", `"active":false`)).want(t, 200)
	if put.at("title") != nil || put.at("externalId") != nil || put.at("active") != false {
		t.Errorf("PUT replaces everything: %s", put.raw)
	}
	if n := do(t, s, "GET", "/Users"+filterQuery(`userName eq "ana@acme.com"`), "").want(t, 200).at("totalResults"); n != 0.0 {
		t.Errorf("the old user name is still found: %v", n)
	}
	do(t, s, "DELETE", "/Users/"+id, "").want(t, 204)
	do(t, s, "GET", "/Users/"+id, "").want(t, 404)
	do(t, s, "DELETE", "/Users/"+id, "").want(t, 404)
	do(t, s, "POST", "/Users", userBody("ana.new@acme.com", "")).want(t, 201)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	id := addUsers(t, s, "ana")[0]
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		scimType           string
	}{
		"no JSON":             {"POST", "/Users", `{"schemas":`, 400, "invalidSyntax"},
		"an array":            {"POST", "/Users", `[]`, 400, "invalidSyntax"},
		"no schemas":          {"POST", "/Users", `{"userName":"x"}`, 400, "invalidSyntax"},
		"no user name":        {"POST", "/Users", `{"schemas":["` + userURN + `"]}`, 400, "invalidValue"},
		"unknown attribute":   {"POST", "/Users", userBody("x", `"nickname_":"y"`), 400, "invalidSyntax"},
		"unknown sub":         {"POST", "/Users", userBody("x", `"name":{"first":"y"}`), 400, "invalidSyntax"},
		"string for boolean":  {"POST", "/Users", userBody("x", `"active":"False"`), 400, "invalidValue"},
		"string for array":    {"POST", "/Users", userBody("x", `"emails":"a@b"`), 400, "invalidValue"},
		"string for complex":  {"POST", "/Users", userBody("x", `"`+enterpriseURN+`":{"manager":"42"}`), 400, "invalidValue"},
		"number for string":   {"POST", "/Users", userBody("x", `"title":7`), 400, "invalidValue"},
		"unknown member":      {"POST", "/Groups", `{"schemas":["` + groupURN + `"],"displayName":"g","members":[{"value":"nobody"}]}`, 400, "invalidValue"},
		"unknown endpoint":    {"GET", "/users", "", 404, ""},
		"nested path":         {"GET", "/Users/" + id + "/groups", "", 404, ""},
		"collection delete":   {"DELETE", "/Users", "", 405, ""},
		"post to a resource":  {"POST", "/Users/" + id, userBody("x", ""), 405, ""},
		"me":                  {"GET", "/Me", "", 501, ""},
		"two projections":     {"GET", "/Users?attributes=userName&excludedAttributes=title", "", 400, "invalidValue"},
		"unknown projection":  {"GET", "/Users?attributes=nope", "", 400, "invalidPath"},
		"startIndex no count": {"GET", "/Users?startIndex=x", "", 400, "invalidValue"},
		"bulk is off":         {"POST", "/Bulk", `{}`, 404, ""},
		"filtered discovery":  {"GET", "/Schemas?filter=id%20pr", "", 403, ""},
		"discovery is fixed":  {"POST", "/Schemas", `{}`, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(t, s, c.method, c.path, c.body).want(t, c.status)
			if c.scimType != "" && a.at("scimType") != c.scimType {
				t.Errorf("scimType %v, want %s: %s", a.at("scimType"), c.scimType, a.raw)
			}
		})
	}
	do(t, s, "POST", "/Users", userBody("x", ""), "Content-Type", "text/xml").want(t, 415)
	if n := len(s.Users()); n != 1 {
		t.Errorf("refused requests left %d users", n)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Token: "sesame"})
	for _, auth := range []string{"", "Bearer wrong", "Basic sesame", "sesame"} {
		a := do(t, s, "GET", "/Users", "", "Authorization", auth).want(t, 401)
		if strings.Contains(a.raw, "sesame") {
			t.Errorf("the answer tells the token: %s", a.raw)
		}
	}
	do(t, s, "GET", "/Users", "", "Authorization", "Bearer sesame").want(t, 200)
}

func TestETags(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{ETags: true}})
	id := addUsers(t, s, "ana")[0]
	v1 := do(t, s, "GET", "/Users/"+id, "").want(t, 200).header.Get("ETag")
	do(t, s, "GET", "/Users/"+id, "", "If-None-Match", v1).want(t, 304)
	op := patchBody(`{"op":"replace","path":"title","value":"CTO"}`)
	changed := do(t, s, "PATCH", "/Users/"+id, op, "If-Match", v1).want(t, 200)
	if v2 := changed.header.Get("ETag"); v2 == v1 || changed.at("meta", "version") != v2 {
		t.Errorf("version after the change: %q then %q, meta %v", v1, v2, changed.at("meta"))
	}
	do(t, s, "PATCH", "/Users/"+id, op, "If-Match", v1).want(t, 412)
	do(t, s, "GET", "/Users/"+id, "", "If-None-Match", v1).want(t, 200)
}

func TestProjection(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	u, err := s.AddUser(User{UserName: "ana", Title: "CTO", GivenName: "Ana", FamilyName: "B", Department: "R", Email: "a@b"})
	if err != nil {
		t.Fatal(err)
	}
	g := addGroup(t, s, "admins", u.ID)
	for query, want := range map[string]string{
		"attributes=userName":                  `userName`,
		"attributes=name.givenName,title":      `name title`,
		"attributes=emails.value":              `emails`,
		"attributes=" + enterpriseURN:          enterpriseURN,
		"attributes=groups":                    `groups`,
		"excludedAttributes=name,meta,groups":  `active emails title userName ` + enterpriseURN,
		"excludedAttributes=id,schemas,groups": `active emails meta name title userName ` + enterpriseURN,
	} {
		a := do(t, s, "GET", "/Users/"+u.ID+"?"+query, "").want(t, 200)
		if a.at("id") != u.ID || a.at("schemas") == nil {
			t.Errorf("%s: id and schemas are always returned: %s", query, a.raw)
		}
		var got []string
		for k := range a.body {
			if k != "id" && k != "schemas" {
				got = append(got, k)
			}
		}
		if !sameSet(got, strings.Fields(want)) {
			t.Errorf("%s: got %v, want %s", query, got, want)
		}
	}
	if a := do(t, s, "GET", "/Users/"+u.ID+"?attributes=name.givenName", ""); a.at("name", "familyName") != nil || a.at("name", "givenName") != "Ana" {
		t.Errorf("a sub-attribute alone: %s", a.raw)
	}
	if a := do(t, s, "GET", "/Groups?excludedAttributes=members", ""); strings.Contains(a.raw, `"members"`) {
		t.Errorf("members were excluded: %s", a.raw)
	}
	if a := do(t, s, "GET", "/Groups/"+g, ""); a.at("members", 0, "value") != u.ID || a.at("members", 0, "display") != "ana" {
		t.Errorf("members: %s", a.raw)
	}
}

func sameSet(a, b []string) bool {
	m := map[string]int{}
	for _, x := range a {
		m[x]++
	}
	for _, x := range b {
		m[x]--
	}
	for _, n := range m {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{Bulk: true, MaxBulkOperations: 7, ETags: true, Paging: PagingBoth, PageSize: 3}})
	c := do(t, s, "GET", "/ServiceProviderConfig", "").want(t, 200)
	if c.at("bulk", "maxOperations") != 7.0 || c.at("etag", "supported") != true || c.at("pagination", "cursor") != true || c.at("filter", "maxResults") != 3.0 {
		t.Errorf("configuration: %s", c.raw)
	}
	if n := do(t, s, "GET", "/Schemas", "").want(t, 200).at("totalResults"); n != 3.0 {
		t.Errorf("%v schemas, want user, enterprise and group", n)
	}
	do(t, s, "GET", "/Schemas/"+enterpriseURN, "").want(t, 200)
	if r := do(t, s, "GET", "/ResourceTypes/User", "").want(t, 200); r.at("endpoint") != "/Users" {
		t.Errorf("resource type: %s", r.raw)
	}
	do(t, s, "GET", "/ResourceTypes/Device", "").want(t, 404)

	bare := open(t, Options{Dialect: Dialect{NoDiscovery: true, NoGroups: true}})
	do(t, bare, "GET", "/ServiceProviderConfig", "").want(t, 404)
	do(t, bare, "GET", "/Groups", "").want(t, 404)
}

func TestImpossibleOptions(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Quota: -1, Dialect: Dialect{Paging: "pages", Members: "some", UnknownMember: 500}})
	if err == nil {
		t.Fatal("impossible options were accepted")
	}
	for _, want := range []string{"quota is -1", `paging is "pages"`, `members is "some"`, "unknown-member is 500"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
