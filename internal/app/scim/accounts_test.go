package scim

import (
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var newAna = access.AccountSpec{
	Values: map[access.Field]string{
		access.PersonID: "1042", access.UserName: "ana@acme.com", access.Email: "ana@acme.com", access.GivenName: "Ana", access.FamilyName: "Ruiz",
		access.Title: "", access.Department: "Platform", access.Manager: "9", access.Role: "admin",
	},
	Attributes: map[string]string{"seat": "Full", "nick": ""},
}

const anaBody = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",` + entURN + `],"active":true,
	"externalId":"1042","userName":"ana@acme.com","name":{"givenName":"Ana","familyName":"Ruiz"},
	"emails":[{"value":"ana@acme.com","type":"work","primary":true}],
	"roles":[{"type":"role","value":"admin"},{"type":"seatType","value":"Full"}],
	` + entURN + `:{"department":"Platform","manager":{"value":"9"}}}`

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	post := func(status int, answer string) exchange {
		return exchange{request: "POST /Users", body: anaBody, status: status, answer: answer}
	}
	byPerson := `GET /Users?filter=externalId eq "1042"&startIndex=1&count=100`
	byName := `GET /Users?filter=userName eq "ana@acme.com"&startIndex=1&count=100`
	stranger := strings.Replace(ana, `"1042"`, `"77"`, 1)
	lost := post(0, "")
	lost.hangUp = true
	located := post(201, "")
	located.header = map[string]string{"Location": "https://other.example/scim/v2/Users/7"}
	for _, tc := range []struct {
		name   string
		expect []exchange
		id     string
		kind   fault.Kind
		says   string
	}{
		{"created", []exchange{post(201, ana)}, "7", 0, ""},
		{"exists", []exchange{post(409, `{"scimType":"uniqueness","status":"409"}`)}, "", fault.Exists, "create account ana@acme.com in wiki: already exists"},
		{"exists, said with 400", []exchange{post(400, `{"scimType":"uniqueness"}`)}, "", fault.Exists, "scim 400 uniqueness"},
		{"refused", []exchange{post(400, `{"scimType":"invalidValue"}`)}, "", fault.Invalid, "Nothing was written."},
		{"no seats", []exchange{post(402, `{}`)}, "", fault.LimitReached, ""},
		{"created without a body", []exchange{located, {request: "GET /Users/7", answer: ana}}, "7", 0, ""},
		{"created with a web page", []exchange{post(201, "<html>"), {request: byPerson, answer: list(1, ana)}}, "7", 0, ""},
		{"connection lost, created", []exchange{lost, {request: byPerson, answer: list(1, ana)}}, "7", 0, ""},
		{"connection lost, found by name", []exchange{lost, {request: byPerson, answer: list(0)}, {request: byName, answer: list(1, user("ana"))}}, "ana", 0, ""},
		{"500, found at second sight", []exchange{
			post(500, `{}`), {request: byPerson, answer: list(0)}, {request: byName, answer: list(0)}, {request: byPerson, answer: list(1, ana)},
		}, "7", 0, ""},
		{"504, not found", []exchange{
			post(504, ``), {request: byPerson, answer: list(0)}, {request: byName, answer: list(0)}, {request: byPerson, answer: list(0)}, {request: byName, answer: list(0)},
		}, "", fault.Unconfirmed, "not known"},
		{"503, the name is somebody else's", []exchange{
			post(503, ``), {request: byPerson, answer: list(0)}, {request: byName, answer: list(1, stranger)}, {request: byPerson, answer: list(0)}, {request: byName, answer: list(1, stranger)},
		}, "", fault.Unconfirmed, "not known"},
		{"503, and the search fails", []exchange{post(503, ``), {request: byPerson, status: 403}}, "", fault.Unconfirmed, "scim 503"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, withRole, tc.expect...)
			got, err := a.CreateAccount(t.Context(), newAna)
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
				return
			}
			if err != nil || got.ID != tc.id {
				t.Errorf("created %+v, %v; want id %s", got, err, tc.id)
			}
		})
	}
}

// What cannot be asked for is refused before anything is sent.
func TestWritesRefusedUnsent(t *testing.T) {
	t.Parallel()
	spec := func(f access.Field, v string) access.AccountSpec {
		return access.AccountSpec{Values: map[access.Field]string{access.UserName: "x", f: v}}
	}
	no, ref := false, access.AccountRef{ID: "7"}
	for name, tc := range map[string]struct {
		profile string
		do      func(a *App) error
		kind    fault.Kind
		says    string
	}{
		"a field that is not kept": {"sentry", func(a *App) error { _, err := a.CreateAccount(t.Context(), spec(access.Title, "x")); return err }, fault.Unsupported, "Sentry keeps no title"},
		"an unknown field":         {"", func(a *App) error { _, err := a.CreateAccount(t.Context(), spec("shoe_size", "x")); return err }, fault.Unsupported, "no shoe_size"},
		"a role without a path":    {"", func(a *App) error { _, err := a.CreateAccount(t.Context(), spec(access.Role, "x")); return err }, fault.Unsupported, "no role"},
		"an attribute unconfigured": {"", func(a *App) error {
			_, err := a.UpdateAccount(t.Context(), ref, access.AccountSpec{Attributes: map[string]string{"nick": "x"}})
			return err
		}, fault.Invalid, "nick"},
		"no user name": {"", func(a *App) error { _, err := a.CreateAccount(t.Context(), access.AccountSpec{}); return err }, fault.Invalid, "user name"},
		"no updates":   {"gitlab", func(a *App) error { _, err := a.UpdateAccount(t.Context(), ref, spec(access.Email, "x")); return err }, fault.Unsupported, "only when it creates"},
		"another person": {"gitlab", func(a *App) error {
			_, err := a.UpdateAccount(t.Context(), ref, access.AccountSpec{Values: map[access.Field]string{access.PersonID: "8"}})
			return err
		}, fault.Unsupported, "GitLab"},
		"inactive, where there is no such thing": {"sentry", func(a *App) error {
			_, err := a.UpdateAccount(t.Context(), ref, access.AccountSpec{Active: &no})
			return err
		}, fault.Unsupported, "only by deleting"},
		"delete, where it only deactivates": {"slack", func(a *App) error { return a.RetireAccount(t.Context(), ref, access.Delete) }, fault.Unsupported, "Slack keeps every account"},
		"deactivate nobody":                 {"", func(a *App) error { return a.RetireAccount(t.Context(), access.AccountRef{}, access.Deactivate) }, fault.Invalid, "no id"},
		"delete nobody":                     {"", func(a *App) error { return a.RetireAccount(t.Context(), access.AccountRef{}, access.Delete) }, fault.Invalid, "no id"},
		"an unknown disposition":            {"", func(a *App) error { return a.RetireAccount(t.Context(), ref, "shred") }, fault.Invalid, "shred"},
		"keep":                              {"", func(a *App) error { return a.RetireAccount(t.Context(), ref, access.Keep) }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t, Config{Profile: tc.profile}) // expects no request
			if err := tc.do(a); tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	values := func(kv ...string) access.AccountSpec {
		s := access.AccountSpec{Values: map[access.Field]string{}}
		for i := 0; i < len(kv); i += 2 {
			s.Values[access.Field(kv[i])] = kv[i+1]
		}
		return s
	}
	seat := func(v string) access.AccountSpec { return access.AccountSpec{Attributes: map[string]string{"seat": v}} }
	get := exchange{request: "GET /Users/7", answer: ana}
	send := func(status int, answer string, ops ...string) exchange {
		return exchange{request: "PATCH /Users/7", body: patch(ops...), status: status, answer: answer}
	}
	title := `{"op":"replace","path":"title","value":"Lead"}`
	lead := strings.Replace(ana, "Engineer", "Lead", 1)
	lost := send(0, "", title)
	lost.hangUp = true
	for _, tc := range []struct {
		name   string
		want   access.AccountSpec
		expect []exchange
		kind   fault.Kind
		says   string
	}{
		{"one value, sent unseen", values("title", "Lead"), []exchange{send(200, lead, title)}, 0, ""},
		{"204: read back", values("title", "Lead"), []exchange{send(204, "", title), {request: "GET /Users/7", answer: lead}}, 0, ""},
		{"a web page: read back", values("title", "Lead"), []exchange{send(200, "<html>", title), {request: "GET /Users/7", answer: lead}}, 0, ""},
		{"204, and the reading fails", values("title", "Lead"), []exchange{send(204, "", title), {request: "GET /Users/7", status: 500}}, fault.Unconfirmed, "accepted the change"},
		{"an empty value removes", values("title", "", "department", ""), []exchange{send(200, ana,
			`{"op":"remove","path":"title"}`, `{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}`)}, 0, ""},
		{"names and extension", values("given_name", "Anna", "manager", "12", "person_id", "5"), []exchange{send(200, ana,
			`{"op":"replace","path":"externalId","value":"5"}`, `{"op":"replace","path":"name.givenName","value":"Anna"}`,
			`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"value":"12"}}`)}, 0, ""},
		{"the e-mail keeps the others", values("email", "ar@acme.com"), []exchange{get, send(200, ana,
			`{"op":"replace","path":"emails","value":[{"type":"home","value":"ana@home.example"},{"primary":true,"type":"work","value":"ar@acme.com"}]}`)}, 0, ""},
		{"an e-mail that was the other one", values("email", "ana@home.example"), []exchange{get, send(200, ana,
			`{"op":"replace","path":"emails","value":[{"primary":true,"type":"work","value":"ana@home.example"}]}`)}, 0, ""},
		{"the e-mail as it is", values("email", "ana@acme.com"), []exchange{get}, 0, ""},
		{"role and attribute of one list", access.AccountSpec{Values: map[access.Field]string{access.Role: "member"}, Attributes: map[string]string{"seat": "View"}}, []exchange{get, send(200, ana,
			`{"op":"replace","path":"roles","value":[{"type":"seatType","value":"View"},{"type":"role","value":"member"}]}`)}, 0, ""},
		{"an element removed", seat(""), []exchange{get, send(200, ana, `{"op":"replace","path":"roles","value":[{"type":"role","value":"admin"}]}`)}, 0, ""},
		{"reactivated first", access.AccountSpec{Values: map[access.Field]string{access.Title: "Lead"}, Active: &yes}, []exchange{
			send(200, lead, `{"op":"replace","path":"active","value":true}`, title),
		}, 0, ""},
		{"deactivated last", access.AccountSpec{Values: map[access.Field]string{access.Title: "Lead"}, Active: &no}, []exchange{
			send(200, lead, title, `{"op":"replace","path":"active","value":false}`),
		}, 0, ""},
		{"gone", values("title", "Lead"), []exchange{send(404, `{"status":"404"}`, title)}, fault.NotFound, "update account ana@acme.com in wiki"},
		{"connection lost, done", values("title", "Lead"), []exchange{lost, {request: "GET /Users/7", answer: lead}}, 0, ""},
		{"connection lost, not done", values("title", "Lead"), []exchange{lost, get}, fault.Unconfirmed, "not known"},
		{"read-only", values("title", "Lead"), []exchange{send(400, `{"scimType":"mutability"}`, title)}, fault.Unsupported, "fields"},
		{"no PATCH", values("title", "Lead"), []exchange{send(405, ``, title)}, fault.Unsupported, "update_with"},
		{"another media type", values("title", "Lead"), []exchange{send(415, ``, title)}, fault.Invalid, "content_type"},
		{"name taken", values("user_name", "bo"), []exchange{send(409, `{}`, `{"op":"replace","path":"userName","value":"bo"}`)}, fault.Exists, ""},
		{"nothing", access.AccountSpec{}, []exchange{get}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, withRole, tc.expect...)
			got, err := a.UpdateAccount(t.Context(), access.AccountRef{ID: "7", UserName: "ana@acme.com"}, tc.want)
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
			} else if err != nil || got.ID != "7" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// A PUT sends everything back that it found, known or not, less what is read-only.
func TestUpdateByPut(t *testing.T) {
	t.Parallel()
	put := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",` + entURN + `],
		"id":"7","externalId":"1042","UserName":"ana@acme.com","displayname":"Ana Ruiz","title":"Lead","active":true,
		"name":{"givenName":"Ana","familyName":null,"honorificPrefix":"Dr."},
		"emails":[{"value":"ana@home.example","type":"home"},{"value":"ana@acme.com","type":"work","primary":true}],
		"roles":[{"value":"Full","type":"seatType"},{"value":"admin","type":"role"}],
		"x-unknown":{"keep":[1,2.50,12345678901234567890]},
		` + entURN + `:{"department":"Platform","costCenter":"CC7","manager":{"value":"10"}}}`
	cfg := withRole
	cfg.Override.UpdateWith = "put"
	yes := true
	spec := access.AccountSpec{Active: &yes, Values: map[access.Field]string{access.Title: "Lead", access.FamilyName: "", access.Manager: "10"}}
	a := open(t, cfg,
		exchange{request: "GET /Users/7", answer: ana},
		exchange{request: "PUT /Users/7", body: put, answer: put},
		exchange{request: "GET /Users/7", answer: put},
	)
	for range 2 { // the second time there is nothing to write
		got, err := a.UpdateAccount(t.Context(), access.AccountRef{ID: "7"}, spec)
		if err != nil || got.Title != "Lead" || got.FamilyName != "" || got.Manager != "10" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestReactivationWhereThereIsNone(t *testing.T) {
	t.Parallel()
	yes := true
	a := open(t, Config{Profile: "sentry"}, exchange{request: "GET /Users/7", answer: `{"id":"7","active":false}`}, exchange{request: "GET /Users/7", answer: `{"id":"7"}`})
	ref := access.AccountRef{ID: "7"}
	_, err := a.UpdateAccount(t.Context(), ref, access.AccountSpec{Active: &yes})
	wantFault(t, err, fault.Unsupported, "a rehire is a new invitation")
	if _, err = a.UpdateAccount(t.Context(), ref, access.AccountSpec{Active: &yes}); err != nil {
		t.Errorf("already active: %v", err)
	}
}

func TestRetireAccount(t *testing.T) {
	t.Parallel()
	off := func(status int, answer string) exchange {
		return exchange{request: "PATCH /Users/7", body: patch(`{"op":"replace","path":"active","value":false}`), status: status, answer: answer}
	}
	lost := off(0, "")
	lost.hangUp = true
	get := func(status int, answer string) exchange {
		return exchange{request: "GET /Users/7", status: status, answer: answer}
	}
	del := func(status int) exchange { return exchange{request: "DELETE /Users/7", status: status} }
	active, inactive, silent := `{"id":"7","active":true}`, `{"id":"7","active":"False"}`, `{"id":"7"}`
	put := Config{Override: Dialect{UpdateWith: "put"}}
	byDelete := Config{Override: Dialect{RetireWith: "delete"}}
	for _, tc := range []struct {
		name   string
		cfg    Config
		how    access.Disposition
		expect []exchange
		kind   fault.Kind
		says   string
	}{
		{"seen inactive", Config{}, access.Deactivate, []exchange{off(200, inactive)}, 0, ""},
		{"204, then seen inactive", Config{}, access.Deactivate, []exchange{off(204, ""), get(200, inactive)}, 0, ""},
		{"204, then gone", Config{}, access.Deactivate, []exchange{off(204, ""), get(404, "")}, 0, ""},
		{"an answer that does not say", Config{}, access.Deactivate, []exchange{off(200, silent), get(200, inactive)}, 0, ""},
		{"late", Config{}, access.Deactivate, []exchange{off(202, active), get(200, active), get(200, inactive)}, 0, ""},
		{"still active", Config{}, access.Deactivate, []exchange{off(200, active), get(200, active), get(200, active)}, fault.Unconfirmed, "still active"},
		{"never said", Config{}, access.Deactivate, []exchange{off(204, ""), get(200, silent), get(200, silent)}, fault.Unconfirmed, "still active"},
		{"already gone", Config{}, access.Deactivate, []exchange{off(404, `{}`)}, 0, ""},
		{"a proxy's 404 is not gone", Config{}, access.Deactivate, []exchange{off(404, `<html>`)}, fault.Invalid, "base_url"},
		{"forbidden is not gone", Config{}, access.Deactivate, []exchange{off(403, `{}`)}, fault.Forbidden, "deactivate account ana in wiki"},
		{"lost, done", Config{}, access.Deactivate, []exchange{lost, get(200, inactive)}, 0, ""},
		{"lost, not done", Config{}, access.Deactivate, []exchange{lost, get(200, active), get(200, active)}, fault.Unconfirmed, "not known"},
		{"accepted, then unreadable", Config{}, access.Deactivate, []exchange{off(204, ""), get(500, "")}, fault.Unconfirmed, "could not be read"},
		{"by PUT", put, access.Deactivate, []exchange{
			get(200, active),
			{request: "PUT /Users/7", body: `{"id":"7","active":false,"schemas":["` + coreUser + `"]}`, answer: inactive},
		}, 0, ""},
		{"by PUT, already", put, access.Deactivate, []exchange{get(200, inactive)}, 0, ""},
		{"by PUT, gone", put, access.Deactivate, []exchange{get(404, "")}, 0, ""},
		{"by DELETE", byDelete, access.Deactivate, []exchange{del(204), get(404, "")}, 0, ""},
		{"by DELETE that deactivates", byDelete, access.Deactivate, []exchange{del(204), get(200, inactive)}, 0, ""},
		{"by DELETE without effect", byDelete, access.Deactivate, []exchange{del(204), get(200, active), get(200, active)}, fault.Unconfirmed, "still active"},
		{"deleted", Config{}, access.Delete, []exchange{del(204)}, 0, ""},
		{"deleted before", Config{}, access.Delete, []exchange{del(404)}, 0, ""},
		{"deletion blocked", Config{}, access.Delete, []exchange{del(403)}, fault.Forbidden, "delete account ana"},
		{"deletion unanswered, done", Config{}, access.Delete, []exchange{del(502), get(404, "")}, 0, ""},
		{"deletion unanswered, not done", Config{}, access.Delete, []exchange{del(502), get(200, active), get(200, active)}, fault.Unconfirmed, ""},
		{"deletion accepted for later, done", Config{}, access.Delete, []exchange{del(202), get(200, active), get(404, "")}, 0, ""},
		{"deletion accepted, not done", Config{}, access.Delete, []exchange{del(200), get(200, active), get(200, active)}, fault.Unconfirmed, "it is still there"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, tc.expect...)
			err := a.RetireAccount(t.Context(), access.AccountRef{ID: "7", UserName: "ana"}, tc.how)
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
