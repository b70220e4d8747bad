package scim

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const entURN = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`

// ana is a user with everything, spelled as servers do.
const ana = `{
	"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",` + entURN + `],
	"id":"7","externalId":"1042","UserName":"ana@acme.com","displayname":"Ana Ruiz","title":"Engineer","active":"True",
	"name":{"givenName":"Ana","familyName":"Ruiz","honorificPrefix":"Dr."},
	"emails":[{"value":"ana@home.example","type":"home"},{"value":"ana@acme.com","type":"work","primary":true}],
	"roles":[{"value":"Full","type":"seatType"},{"value":"admin","type":"role"}],
	"x-unknown":{"keep":[1,2.50,12345678901234567890]},
	"groups":[{"value":"g1"}],"meta":{"version":"W/\"3\""},
	` + entURN + `:{"department":"Platform","costCenter":"CC7","manager":{"value":"9","displayName":"Bo"}}
}`

var withRole = Config{
	Override: Dialect{RolePath: `roles[type eq "role"].value`},
	Attributes: []Attribute{
		{"cost_center", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"},
		{"seat", `roles[type eq "seatType"].value`},
		{"nick", "nickName"},
	},
}

func TestReadAccount(t *testing.T) {
	t.Parallel()
	a := open(t, withRole,
		exchange{request: "GET /Users/7", answer: ana},
		exchange{request: "GET /Users/8", status: 404, answer: `{"status":"404"}`},
		exchange{request: "GET /Users/8", status: 403, answer: `{"status":"403"}`},
		exchange{request: "GET /Users/8", answer: `{"ok":true}`},
		exchange{request: "GET /Users/8", answer: `{"id":8,"active":false}`},
	)
	got, err := a.Account(t.Context(), access.AccountRef{ID: "7"})
	want := access.Account{
		ID: "7", PersonID: "1042", UserName: "ana@acme.com", Email: "ana@acme.com", GivenName: "Ana", FamilyName: "Ruiz", DisplayName: "Ana Ruiz",
		Title: "Engineer", Department: "Platform", Manager: "9", Role: "admin", Active: true, Status: "active",
		Attributes: map[string]string{"cost_center": "CC7", "seat": "Full", "nick": ""},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v\nwant %+v", got, err, want)
	}
	ref := access.AccountRef{ID: "8", UserName: "bo@acme.com"}
	_, err = a.Account(t.Context(), ref)
	wantFault(t, err, fault.NotFound, "read account bo@acme.com in wiki")
	_, err = a.Account(t.Context(), ref)
	wantFault(t, err, fault.Forbidden, "read account bo@acme.com in wiki")
	_, err = a.Account(t.Context(), ref)
	wantFault(t, err, fault.Invalid, "no id")
	if got, err := a.Account(t.Context(), ref); err != nil || got.Active || got.Status != "deactivated" || got.ID != "8" {
		t.Errorf("an inactive account: %+v, %v", got, err)
	}
	_, err = a.Account(t.Context(), access.AccountRef{UserName: "new@acme.com"})
	wantFault(t, err, fault.Invalid, "no id in the app")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	crowd := make([]string, 30)
	for i := range crowd {
		crowd[i] = user("u" + strings.Repeat("x", i))
	}
	for _, tc := range []struct {
		name   string
		cfg    Config
		filter access.AccountFilter
		expect []exchange
		ids    string
		kind   fault.Kind
		says   string
	}{
		{"user name", Config{}, access.AccountFilter{Field: access.UserName, Value: `o"b\+é@acme.com`}, []exchange{
			{request: `GET /Users?filter=userName eq "o\"b\\+é@acme.com"&startIndex=1&count=100`, answer: list(1, user("a"))},
		}, "a", 0, ""},
		{"person id", Config{}, access.AccountFilter{Field: access.PersonID, Value: "1042"}, []exchange{
			{request: `GET /Users?filter=externalId eq "1042"&startIndex=1&count=100`, answer: list(1, ana)},
		}, "7", 0, ""},
		{
			"person id in the employee number",
			Config{Override: Dialect{PersonIDIn: "employee_number", UserFilters: []string{enterpriseUser + ":employeeNumber"}}},
			access.AccountFilter{Field: access.PersonID, Value: "1042"},
			[]exchange{
				{request: `GET /Users?filter=` + enterpriseUser + `:employeeNumber eq "1042"&startIndex=1&count=100`, answer: list(0)},
			},
			"", 0, "",
		},
		{"e-mail, not offered", Config{}, access.AccountFilter{Field: access.Email, Value: "x"}, nil, "", fault.Unsupported, "cannot be asked for accounts by email"},
		{"e-mail", Config{Profile: "notion"}, access.AccountFilter{Field: access.Email, Value: "x@y.z"}, []exchange{
			{request: `GET /Users?filter=emails.value eq "x@y.z"&startIndex=1&count=100`, answer: list(0)},
		}, "", 0, ""},
		{"no person ids", Config{Profile: "sentry"}, access.AccountFilter{Field: access.PersonID, Value: "1"}, nil, "", fault.Unsupported, "Sentry cannot be asked"},
		{"the id itself", Config{Profile: "gitlab"}, access.AccountFilter{Field: access.PersonID, Value: "1042"}, []exchange{
			{request: "GET /Users/1042", answer: user("1042")},
		}, "1042", 0, ""},
		{"the id itself, nobody", Config{Profile: "gitlab"}, access.AccountFilter{Field: access.PersonID, Value: "1042"}, []exchange{
			{request: "GET /Users/1042", status: 404},
		}, "", 0, ""},
		{"a filter that is refused", Config{}, access.AccountFilter{Field: access.PersonID, Value: "1"}, []exchange{
			{request: `GET /Users?filter=externalId eq "1"&startIndex=1&count=100`, status: 400, answer: `{"scimType":"invalidFilter","status":"400"}`},
		}, "", fault.Unsupported, "user_filters"},
		{"a filter that is ignored", Config{}, access.AccountFilter{Field: access.UserName, Value: "nobody@acme.com"}, []exchange{
			{request: `GET /Users?filter=userName eq "nobody@acme.com"&startIndex=1&count=100`, answer: list(9000, crowd...)},
		}, "", fault.Unsupported, "ignores the filter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := open(t, tc.cfg, tc.expect...)
			accounts, err := collect(a.Accounts(t.Context(), tc.filter))
			if tc.kind != 0 {
				wantFault(t, err, tc.kind, tc.says)
				return
			}
			if got := userNames(accounts); err != nil || got != tc.ids {
				t.Errorf("listed %q, %v; want %q", got, err, tc.ids)
			}
		})
	}
}
