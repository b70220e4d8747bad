package googleworkspace

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace/googletest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// All problems of a configuration at once, and none of it costs a request.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	seats := -1
	_, err := Open(Config{
		CustomerID: "my_customer", AdminEmail: "admin", RetireWith: "block", DeletedAccounts: "bury", GroupDomain: "acme", Endpoint: "https://broker.example",
		DynamicGroups: []string{"eng"}, Licenses: []License{{}, {Product: suite, Seats: &seats}, {Product: suite, License: plus}, {Product: "Google-Apps", License: plusSKU}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"customer_id is my_customer", `admin_email is "admin"`, `retire_with is "block"`, `deleted_accounts is "bury"`, `group_domain is "acme"`, "no credential is set",
		"endpoint is for tests", `"eng" has no domain`, "license block 1: product is missing", "license block 2: seats needs license", "license block 4: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

// One address serves as user name and e-mail: both together are one change, two different ones are refused unsent.
func TestTheEmailIsTheUserName(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", nil)
	acc, err := e.UpdateAccount(t.Context(), ana, spec("user_name", "a@acme.example", "email", "A@acme.example"))
	if err != nil || acc.UserName != "a@acme.example" || acc.Email != acc.UserName {
		t.Fatalf("%+v, %v", acc, err)
	}
	if acc, err = e.UpdateAccount(t.Context(), ana, spec("email", "A@acme.example")); err != nil || acc.Email != "a@acme.example" {
		t.Errorf("the same in capitals: %+v, %v", acc, err)
	}
	e.Server.Reset()
	_, err = e.UpdateAccount(t.Context(), ana, spec("email", "b@acme.example"))
	wantKind(t, err, fault.Unsupported)
	_, err = e.UpdateAccount(t.Context(), ana, spec("email", "b@acme.example", "user_name", "c@acme.example"))
	wantKind(t, err, fault.Unsupported)
	_, err = e.CreateAccount(t.Context(), newcomer("bob", "email", "b@acme.example"))
	wantKind(t, err, fault.Unsupported)
	_, err = e.CreateAccount(t.Context(), newcomer("A"))
	if f := wantKind(t, err, fault.Exists); f.Cause != "Google has an account with this address" {
		t.Errorf("%+v", f)
	}
	e.sent(t, map[string]int{"users.get": 2, "users.insert": 1})
}

// A new account has a password of its own that is nowhere else, and everything that was asked for.
func TestCreateAccountSendsAPasswordOnce(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	passwords := map[string]bool{}
	for _, name := range []string{"ana", "bob"} {
		want := newcomer(name, "person_id", "p-"+name, "manager", "cto@acme.example", "department", "R&D")
		want.Attributes = map[string]string{attrOrgUnit: "/Sales/Madrid", attrEmployeeType: "Intern", attrCostCenter: "12", attrRecoveryEmail: name + "@home.example"}
		acc, err := e.CreateAccount(t.Context(), want)
		if err != nil || acc.PersonID != "p-"+name || acc.Manager != "cto@acme.example" || acc.Department != "R&D" || !maps.Equal(acc.Attributes, want.Attributes) {
			t.Fatalf("%+v, %v", acc, err)
		}
	}
	for _, r := range e.Server.Requests() {
		if r.Op != "users.insert" {
			continue
		}
		var b struct {
			Password                  string
			ChangePasswordAtNextLogin bool
		}
		if err := json.Unmarshal([]byte(r.Body), &b); err != nil || len(b.Password) < 40 || !b.ChangePasswordAtNextLogin || passwords[b.Password] {
			t.Errorf("bad password request: %v", err)
		}
		passwords[b.Password] = true
	}
	for _, bad := range []access.AccountSpec{
		spec("user_name", "x@acme.example", "given_name", "X"), newcomer("x y"),
		{Values: newcomer("x").Values, Attributes: map[string]string{attrOrgUnit: "Sales"}},
		{Values: newcomer("x").Values, Attributes: map[string]string{"shoe_size": "42"}},
	} {
		n := e.Count()
		if _, err := e.CreateAccount(t.Context(), bad); err == nil || e.Count() != n {
			t.Errorf("%v: %v after %d requests", bad, err, e.Count()-n)
		}
	}
}

// The own account, and the end of sessions.
func TestSelfAndSessions(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) { c.AdminEmail = "admin@acme.example" }, googletest.Options{})
	admin := e.person("admin", nil)
	if self, err := e.Self(t.Context()); err != nil || self != admin {
		t.Errorf("%+v, %v", self, err)
	}
	if err := e.EndSessions(t.Context(), admin); err != nil {
		t.Error(err)
	}
	if err := e.EndSessions(t.Context(), access.AccountRef{ID: "113"}); err != nil {
		t.Errorf("of an account that is gone: %v", err)
	}
	e.sent(t, map[string]int{"users.get": 1, "users.signOut": 2})

	alone := newEstate(t, func(c *Config) { c.Scopes = []string{scopeBase + "admin.directory.user"} }, googletest.Options{})
	_, err := alone.Self(t.Context())
	wantKind(t, err, fault.NotFound)
	wantKind(t, alone.EndSessions(t.Context(), admin), fault.Unsupported)
	if ok, why := app.Supports(alone.App, app.EndSessions); ok || why == "" {
		t.Errorf("sessions can be ended without the scope")
	}
	alone.sent(t, map[string]int{})
}

// Archiving takes a license of its own; none left is a limit, and a suspended account is left as it is.
func TestArchive(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) { c.RetireWith = "archive" }, googletest.Options{})
	ana, bob := e.person("ana", nil), e.person("bob", map[string]any{"suspended": true})
	e.SetSeats("archived", 0)
	wantKind(t, e.RetireAccount(t.Context(), ana, access.Deactivate), fault.LimitReached)
	if err := e.RetireAccount(t.Context(), bob, access.Deactivate); err != nil || e.raw(t, bob.ID)["archived"] == true {
		t.Errorf("%v, %v", e.raw(t, bob.ID), err)
	}
	e.SetSeats("archived", 1)
	if err := e.RetireAccount(t.Context(), ana, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	acc, err := e.Account(t.Context(), ana)
	if err != nil || acc.Active || acc.Status != "archived" {
		t.Errorf("%+v, %v", acc, err)
	}
	active := true
	if acc, err = e.UpdateAccount(t.Context(), ana, access.AccountSpec{Active: &active}); err != nil || !acc.Active {
		t.Errorf("%+v, %v", acc, err)
	}
	// Only what was set is taken back.
	if r := e.Server.Requests(); !slices.ContainsFunc(r, func(r googletest.Request) bool { return r.Body == `{"archived":false}` }) {
		t.Errorf("%+v", r)
	}
}

// Groups are named by address, without the domain of group_domain; what a query fills is read-only.
func TestGroupNames(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) { c.DynamicGroups = []string{"Everyone"} }, googletest.Options{})
	e.AddGroup("everyone@acme.example", "")
	e.AddGroup("eng@else.example", "")
	got := map[string]string{}
	for _, g := range collect(t, e.App.Groups(t.Context(), false)) {
		got[g.Name] = g.ReadOnly
	}
	if len(got) != 2 || got["everyone"] == "" || got["eng@else.example"] != "" {
		t.Errorf("%v", got)
	}
	name := "Eng@Else.example"
	_, err := e.CreateGroup(t.Context(), access.GroupSpec{Name: &name})
	wantKind(t, err, fault.Exists)
	plain := newEstate(t, func(c *Config) { c.GroupDomain = "" }, googletest.Options{})
	name = "eng"
	_, err = plain.CreateGroup(t.Context(), access.GroupSpec{Name: &name})
	if f := wantKind(t, err, fault.Invalid); !strings.Contains(f.Next, "group_domain") {
		t.Errorf("%+v", f)
	}
	plain.sent(t, map[string]int{})
}

// Products and licenses go by Google's names; an id that the table has not is its own name; another spelling of a known one
// is refused, because a plan would never agree with a listing.
func TestLicenseNames(t *testing.T) {
	t.Parallel()
	seats := 5
	e := newEstate(t, func(c *Config) {
		c.Licenses = []License{{Product: "Google-Apps", License: plusSKU, Seats: &seats}, {Product: "109999", License: "1099990001"}}
	}, googletest.Options{})
	ana, bob := e.person("ana", nil), e.person("bob", nil)
	e.Assign("Google-Apps", "1010029999", bob.ID) // newer than the table
	if err := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: plus}})[0]; err != nil {
		t.Fatal(err)
	}
	if err := e.ChangeAssignees(t.Context(), "109999", []access.LicenseChange{{Account: ana, License: "1099990001"}})[0]; err != nil {
		t.Fatal(err)
	}
	want := []access.Pool{
		{Product: "109999", License: "1099990001", Total: -1, Used: 1}, {Product: suite, License: plus, Total: 5, Used: 1}, {Product: suite, License: "1010029999", Total: -1, Used: 1},
	}
	if got := collect(t, e.Pools(t.Context())); !slices.Equal(got, want) {
		t.Errorf("pools %+v, want %+v", got, want)
	}
	e.Server.Reset()
	for product, license := range map[string]string{suite: plusSKU, "Google-Apps": plus, "google workspace": plus, "Gemini": "Gemini Enterprise"} {
		err := e.ChangeAssignees(t.Context(), product, []access.LicenseChange{{Account: bob, License: license}})[0]
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.NotFound && f.Kind != fault.Invalid || f.Next == "" {
			t.Errorf("%s/%s: %v", product, license, err)
		}
	}
	e.sent(t, map[string]int{})
}

func TestWithoutLicenseBlocks(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) { c.Licenses = nil }, googletest.Options{})
	if ok, why := app.Supports(e.App, app.ReadLicenses); ok || why == "" || slices.Contains(e.scopes, scopeLicenses) {
		t.Errorf("%v %q %v", ok, why, e.scopes)
	}
	wantKind(t, last(e.Assignees(t.Context(), suite)), fault.Unsupported)
	e.sent(t, map[string]int{})
}

// A customer that Google does not know is a wrong configuration, never an empty one.
func TestUnknownCustomer(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) { c.CustomerID = "C0other1" }, googletest.Options{})
	for _, err := range []error{
		e.Check(t.Context()), last(e.Accounts(t.Context(), access.AccountFilter{})), last(e.App.Groups(t.Context(), false)), last(e.Assignees(t.Context(), suite)),
	} {
		if f := wantKind(t, err, fault.Invalid); !strings.Contains(f.Next, "customer_id") {
			t.Errorf("%+v", f)
		}
	}
}

// The table has no id twice, and no name twice within a product.
func TestProductTable(t *testing.T) {
	t.Parallel()
	products, skus := map[string]bool{}, map[string]bool{}
	for _, p := range knownProducts() {
		names := map[string]bool{}
		if products[p.id] || products[strings.ToLower(p.name)] || len(p.licenses) == 0 {
			t.Errorf("product %s (%s) is there twice or empty", p.name, p.id)
		}
		products[p.id], products[strings.ToLower(p.name)] = true, true
		for _, l := range p.licenses {
			if skus[l.sku] || names[strings.ToLower(l.name)] {
				t.Errorf("license %s (%s) is there twice", l.name, l.sku)
			}
			skus[l.sku], names[strings.ToLower(l.name)] = true, true
		}
	}
}
