package sandbox

import (
	"slices"
	"strings"
	"testing"
)

func preset(t testing.TB, name string) *Server {
	t.Helper()
	d, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, Options{Dialect: d})
}

func TestEveryPresetOpens(t *testing.T) {
	t.Parallel()
	for _, name := range Presets() {
		s := preset(t, name)
		a := do(t, s, "POST", "/Users", userBody("ana", `"externalId":"1042","name":{"givenName":"A","familyName":"B"},"displayName":"A B","emails":[{"value":"ana@x","primary":true}]`), "Content-Type", s.opts.AcceptTypes[0])
		if a.status != 201 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if _, err := Preset("slak"); err == nil || !strings.Contains(err.Error(), "slack") {
		t.Errorf("an unknown dialect is answered with the known ones: %v", err)
	}
}

const deactivate = `{"op":"replace","path":"active","value":false}`

func TestSlackDeletesByDeactivating(t *testing.T) {
	t.Parallel()
	s := preset(t, "slack")
	a := do(t, s, "POST", "/Users", userBody("Ana@Acme.com", "")).want(t, 201)
	if a.at("userName") != "ana@acme.com" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("user name in lower case and plain JSON: %s", a.raw)
	}
	id := a.at("id").(string)
	for range 2 {
		do(t, s, "DELETE", "/Users/"+id, "").want(t, 204)
	}
	if read := do(t, s, "GET", "/Users/"+id, "").want(t, 200); read.at("active") != false {
		t.Errorf("after DELETE: %s", read.raw)
	}
}

func TestAWSRefuses(t *testing.T) {
	t.Parallel()
	s := preset(t, "aws_identity_center")
	do(t, s, "POST", "/Users", userBody("x", `"title":""`)).want(t, 400, "invalidValue")
	do(t, s, "POST", "/Users", userBody("x", `"title":null`)).want(t, 400, "invalidValue")
	do(t, s, "POST", "/Users", userBody("x", `"emails":[{"value":"a"},{"value":"b"}]`)).want(t, 400, "invalidValue")
	id := do(t, s, "POST", "/Users", `{"schemas":["`+userURN+`","`+enterpriseURN+`"],"userName":"ana","externalId":"1","`+enterpriseURN+`":{"division":"D"}}`).want(t, 201).at("id").(string)
	do(t, s, "PATCH", "/Users/"+id, patchBody(`{"op":"add","path":"title","value":"CTO"}`)).want(t, 204) // two schemas are not two values
	do(t, s, "POST", "/Users", userBody("ben", `"externalId":"1"`)).want(t, 409, "uniqueness")
	g := addGroup(t, s, "g", id)
	if p := do(t, s, "PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`)).want(t, 204); p.raw != "" {
		t.Errorf("a 204 with a body: %s", p.raw)
	}
	do(t, s, "PUT", "/Groups/"+g, `{"schemas":["`+groupURN+`"],"displayName":"h"}`).want(t, 405)
	if a := do(t, s, "GET", "/Groups/"+g+"?excludedAttributes=meta", ""); strings.Contains(a.raw, "members") || a.at("meta") == nil {
		t.Errorf("never members, and no projection: %s", a.raw)
	}
	if got := ids(t, s, "/Groups", `members.value eq "`+id+`"`); got != g {
		t.Errorf("groups of a user by filter: %q", got)
	}
}

func TestSentryForgetsAndRemoves(t *testing.T) {
	t.Parallel()
	s := preset(t, "sentry")
	plain := []string{"Content-Type", "application/json"}
	do(t, s, "POST", "/Users", userBody("ana", "")).want(t, 415) // application/scim+json
	a := do(t, s, "POST", "/Users", userBody("ana", `"name":{"givenName":"Ana"},"sentryOrgRole":"admin"`), plain...).want(t, 201)
	if a.at("name") != nil || a.at("sentryOrgRole") != "admin" {
		t.Errorf("stored: %s", a.raw)
	}
	id := a.at("id").(string)
	do(t, s, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"title","value":"x"}`), plain...).want(t, 400, "mutability")
	g := do(t, s, "POST", "/Groups", `{"schemas":["`+groupURN+`"],"displayName":"Team Rocket!","members":[{"value":"`+id+`"}]}`, plain...).want(t, 201)
	if g.at("displayName") != "team-rocket" || strings.Contains(g.raw, id) {
		t.Errorf("a slug and no members: %s", g.raw)
	}
	do(t, s, "PATCH", "/Users/"+id, patchBody(deactivate), plain...).want(t, 204)
	do(t, s, "GET", "/Users/"+id, "").want(t, 404)
}

func TestGitHubHidesTheInactive(t *testing.T) {
	t.Parallel()
	s := preset(t, "github_emu")
	a := do(t, s, "POST", "/Users", userBody("Ana.B@acme.com", `"externalId":"1042","emails":[{"value":"ana@acme.com"}]`)).want(t, 201)
	id := a.at("id").(string)
	if a.at("userName") != "Ana-B_acme" {
		t.Errorf("user name %v", a.at("userName"))
	}
	off := do(t, s, "PATCH", "/Users/"+id, patchBody(deactivate)).want(t, 200)
	if off.at("userName") == "Ana-B_acme" || off.at("emails") != nil || off.at("externalId") != "1042" {
		t.Errorf("inactive: %s", off.raw)
	}
	if got := ids(t, s, "/Users", `userName eq "Ana-B_acme"`); got != "" {
		t.Errorf("an inactive user is found by name: %s", got)
	}
	again := do(t, s, "PATCH", "/Users/"+id, patchBody(deactivate)).want(t, 200)
	if again.at("userName") != off.at("userName") {
		t.Errorf("deactivated twice: %s", again.raw)
	}
	on := do(t, s, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"active","value":true}`)).want(t, 200)
	if on.at("userName") != "Ana-B_acme" || on.at("emails", 0, "value") != "ana@acme.com" {
		t.Errorf("active again: %s", on.raw)
	}
	ignored := do(t, s, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x@y"}`)).want(t, 200)
	if ignored.at("emails", 0, "value") != "ana@acme.com" {
		t.Errorf("value filters on users are ignored: %s", ignored.raw)
	}
}

func TestGitLabSpellsBooleans(t *testing.T) {
	t.Parallel()
	s := preset(t, "gitlab")
	a := do(t, s, "POST", "/Users", userBody("ana", `"externalId":"uid-7"`)).want(t, 201)
	if a.at("id") != "uid-7" || a.at("active") != "True" {
		t.Errorf("id from externalId and spelled booleans: %s", a.raw)
	}
	do(t, s, "PATCH", "/Users/uid-7", patchBody(`{"op":"Replace","path":"active","value":"false"}`)).want(t, 204)
	if u, _ := s.User("ana"); !u.Inactive {
		t.Error("a string deactivates")
	}
	if got := ids(t, s, "/Users", `id eq "uid-7"`); got != "uid-7" {
		t.Errorf("by id: %q", got)
	}
	do(t, s, "PUT", "/Users/uid-7", userBody("ana", "")).want(t, 405)
	do(t, s, "GET", "/Groups", "").want(t, 404)
}

func TestOtherDeviations(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Dialect: Dialect{UserDelete: DeleteForbidden, NoReactivate: true, NoUserPatch: true, NoUserGroups: true, MinimalLists: true, DuplicateGroupNames: true}})
	id := addUsers(t, s, "ana")[0]
	addGroup(t, s, "g", id)
	addGroup(t, s, "G")
	do(t, s, "DELETE", "/Users/"+id, "").want(t, 405)
	do(t, s, "PATCH", "/Users/"+id, patchBody(deactivate)).want(t, 405)
	do(t, s, "PUT", "/Users/"+id, userBody("ana", `"active":false`)).want(t, 200)
	do(t, s, "PUT", "/Users/"+id, userBody("ana", `"active":true`)).want(t, 400, "mutability")
	a := do(t, s, "GET", "/Users", "").want(t, 200)
	if strings.Contains(a.raw, "groups") || a.at("startIndex") != nil || a.at("itemsPerPage") != nil || a.at("totalResults") != 1.0 {
		t.Errorf("a minimal list: %s", a.raw)
	}
	text := preset(t, "databricks")
	if ct := do(t, text, "GET", "/Users", "").header.Get("Content-Type"); ct != "text/plain" {
		t.Errorf("content type %q", ct)
	}
	if !slices.Contains(Presets(), "generic") {
		t.Error("there is no generic dialect")
	}
}
