package googleworkspace

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace/googletest"
)

const (
	suite    = "Google Workspace"
	standard = "Google Workspace Business Standard"
	plus     = "Google Workspace Business Plus"

	standardSKU, plusSKU = "1010020028", "1010020025"
)

// The name of an account is its e-mail address, which the suite takes for two things.
const oneAddress = "the e-mail address of a Google account is its user name: TestTheEmailIsTheUserName checks both"

func TestConformance(t *testing.T) {
	t.Parallel()
	d := described(t)
	for name, retire := range map[string]string{"suspend": "suspend", "archive": "archive"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apptest.Run(t, harness(d, retire))
		})
	}
}

func harness(d *apptest.Discovery, retire string) apptest.Harness {
	const pageSize = 4
	h := apptest.Harness{
		PageSize: pageSize, MemberPageSize: pageSize, NoTotals: true, ReadsBack: true, Secret: testToken, Retries: true,
		Attributes: []string{attrCostCenter},
		Licenses:   &apptest.Licenses{Product: suite, License: standard, Other: plus, Limited: true},
		Skip:       map[string]string{"update account/user_name": oneAddress, "update account/email": oneAddress, "create account/already there": oneAddress},
	}
	if retire == "archive" {
		h.Only = func(name string) bool {
			return strings.Contains(name, "activate") || strings.HasPrefix(name, "retire")
		}
	}
	h.Open = func(t testing.TB, w apptest.World) apptest.Subject {
		seats := 4
		e := newEstateBehind(t, d, func(c *Config) {
			c.RetireWith = retire
			c.Licenses = []License{{Product: suite, License: standard, Seats: &seats}, {Product: suite, License: plus, Seats: &seats}}
			if w.Retry {
				*c.MaxRetries = 1
			}
		}, googletest.Options{PageSize: pageSize})
		e.SetSeats(standardSKU, 4)
		e.SetSeats(plusSKU, 4)
		fill(e, w, retire)
		e.Reset()
		return apptest.Subject{
			App: e.App, Look: func(testing.TB) apptest.World { return look(e) }, Reset: e.Reset,
			Count: func(op apptest.Op) int { return e.Count(operations(op)...) },
			Inject: func(t testing.TB, f apptest.Fault) {
				if f == (apptest.Fault{}) {
					e.ClearFaults()
					return
				}
				if f.TruncateAt > 0 {
					t.Skip("Google tells no totals")
				}
				payload := map[apptest.Body]string{apptest.BodyHTML: "html", apptest.BodyEmpty: "empty", apptest.BodyGarbage: "garbage", apptest.BodyCut: "cut"}[f.Body]
				e.AddFault(googletest.Fault{
					Ops: operations(f.On), Skip: f.Skip, Times: f.Times, Status: f.Status, Payload: payload, RetryAfter: f.RetryAfter,
					Hang: f.Hang, Close: f.Close, After: f.After, RepeatPage: f.RepeatPage,
				})
			},
		}
	}
	return h
}

// operations are what a request of the suite is called by Google.
func operations(op apptest.Op) []string {
	return map[apptest.Op][]string{
		apptest.ListAccounts: {"users.list"}, apptest.ReadAccount: {"users.get"}, apptest.CreateAccount: {"users.insert"},
		apptest.UpdateAccount: {"users.patch"}, apptest.Deactivate: {"users.patch"}, apptest.DeleteAccount: {"users.delete"},
		apptest.ListGroups: {"groups.list"}, apptest.ReadGroup: {"groups.get"}, apptest.ListMembers: {"members.list"},
		apptest.CreateGroup: {"groups.insert"}, apptest.UpdateGroup: {"groups.patch"}, apptest.DeleteGroup: {"groups.delete"},
		apptest.ChangeMembers: {"members.insert", "members.patch", "members.delete"},
		apptest.ListPools:     {"licenses.list"}, apptest.ListAssignees: {"licenses.list"},
		apptest.ChangeAssignees: {"licenses.insert", "licenses.patch", "licenses.delete"},
	}[op]
}

func fill(e estate, w apptest.World, retire string) {
	ids := map[string]string{}
	for _, a := range w.Accounts {
		u := map[string]any{
			"primaryEmail": a.UserName, "name": map[string]any{"givenName": a.GivenName, "familyName": a.FamilyName, "displayName": a.DisplayName},
			"externalIds": []any{map[string]any{"type": "account", "value": "other"}}, "organizations": []any{map[string]any{"name": "Acme", "primary": true}},
		}
		if a.PersonID != "" {
			u["externalIds"] = append(u["externalIds"].([]any), map[string]any{"type": "organization", "value": a.PersonID})
		}
		org := u["organizations"].([]any)[0].(map[string]any)
		if a.Title != "" {
			org["title"] = a.Title
		}
		if a.Department != "" {
			org["department"] = a.Department
		}
		if !a.Active {
			u[map[string]string{"suspend": "suspended", "archive": "archived"}[retire]] = true
		}
		ids[a.UserName] = e.AddUser(u)
	}
	for _, g := range w.Groups {
		id := e.AddGroup(g.Name+"@acme.example", g.Description)
		for _, m := range g.Members {
			e.AddMember(id, map[string]any{"id": ids[m.UserName], "email": m.UserName, "role": strings.ToUpper(m.Role)})
		}
	}
	for _, s := range w.Assigned[suite] {
		e.Assign("Google-Apps", map[string]string{standard: standardSKU, plus: plusSKU}[s.License], ids[s.UserName])
	}
}

// look reads what the fake holds, not by its API. It fails a test by what is lost: each account came with an external id
// and an employer of somebody else's.
func look(e estate) apptest.World {
	w := apptest.World{Assigned: map[string][]access.Assignment{}}
	str := func(v any) string { s, _ := v.(string); return s }
	entry := func(list any, key, kind string) map[string]any {
		for _, m := range asList(list) {
			if kind == "" || m[key] == kind {
				return m
			}
		}
		return nil
	}
	for _, u := range e.Users() {
		name, _ := u["name"].(map[string]any)
		org := entry(u["organizations"], "", "")
		a := access.Account{
			ID: str(u["id"]), UserName: str(u["primaryEmail"]), Email: str(u["primaryEmail"]), GivenName: str(name["givenName"]), FamilyName: str(name["familyName"]),
			DisplayName: str(name["displayName"]), PersonID: str(entry(u["externalIds"], "type", "organization")["value"]),
			Title: str(org["title"]), Department: str(org["department"]), Manager: str(entry(u["relations"], "type", "manager")["value"]),
			Active: u["suspended"] != true && u["archived"] != true, Attributes: map[string]string{attrCostCenter: str(org["costCenter"])},
		}
		if a.DisplayName == "" {
			a.DisplayName = str(name["fullName"])
		}
		w.Accounts = append(w.Accounts, a)
	}
	for _, g := range e.Server.Groups() {
		group := access.Group{ID: str(g["id"]), Name: strings.TrimSuffix(str(g["email"]), "@acme.example")}
		for _, m := range e.Server.Members(group.ID) {
			group.Members = append(group.Members, access.Member{AccountID: str(m["id"]), Role: strings.ToLower(str(m["role"]))})
		}
		w.Groups = append(w.Groups, group)
	}
	held := e.Licenses("Google-Apps")
	for _, id := range slices.Sorted(maps.Keys(held)) {
		w.Assigned[suite] = append(w.Assigned[suite], access.Assignment{AccountID: id, License: map[string]string{standardSKU: standard, plusSKU: plus}[held[id]]})
	}
	return w
}

func asList(v any) []map[string]any {
	var out []map[string]any
	list, _ := v.([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
