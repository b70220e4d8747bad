package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// slack is a service with n people whose externalId is their person_id, 1 to n, and one whom nobody bound.
func slack(t testing.TB, n int) *service {
	t.Helper()
	s := newService(t, sandbox.Options{Token: secretToken})
	users := []sandbox.User{{UserName: "unbound@acme.com"}}
	for i := 1; i <= n; i++ {
		users = append(users, sandbox.User{UserName: fmt.Sprintf("p%d@acme.com", i), ExternalID: fmt.Sprint(i)})
	}
	for _, u := range users {
		if _, err := s.AddUser(u); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// inactive are the user names of deactivated accounts, sorted.
func (s *service) inactive() string {
	names := map[string]bool{}
	for _, u := range s.Users() {
		if u.Inactive {
			names[u.UserName] = true
		}
	}
	return strings.Join(sortedKeys(names), " ")
}

// writes are the requests that changed something, or meant to.
func (s *service) writes() (n int) {
	for call, count := range s.Stats().Counts {
		if !strings.HasPrefix(call, "GET ") && !strings.HasSuffix(call, "/.search") {
			n += count
		}
	}
	return n
}

// cut is a tenure_cutoff in slack with these people and further lines.
func cut(people map[string]string, lines string) string {
	var b strings.Builder
	for _, id := range sortedKeys(people) {
		fmt.Fprintf(&b, "    %q = %q\n", id, people[id])
	}
	return "resource \"tenure_cutoff\" \"now\" {\n  app = \"slack\"\n  people = {\n" + b.String() + "  }\n" + lines + "\n}\n"
}

// done is the attribute done as it is known after a refresh.
func done(t testing.TB, w *acctest.Workspace) map[string]string {
	t.Helper()
	_, plan := w.Plan()
	for _, r := range plan.PriorState.Values.RootModule.Resources {
		if r.Address != "tenure_cutoff.now" {
			continue
		}
		got := map[string]string{}
		value, _ := r.AttributeValues["done"].(map[string]any)
		for k, v := range value {
			got[k] = fmt.Sprint(v)
		}
		return got
	}
	t.Fatal("state has no tenure_cutoff.now")
	return nil
}

const cutDone = "deactivated, sessions not ended"

// Terminate at 15:00 today: one entry, one apply, a handful of requests. Whoever is activated again is cut again;
// taking the entry away, and destroying it all, gives nothing back and sends nothing.
func TestCutoffLifecycle(t *testing.T) {
	t.Parallel()
	s := slack(t, 40)
	w := acctest.NewWorkspace(t)
	w.Config(s.hcl("", cut(map[string]string{"7": "case 12", "99": "no account here"}, "")))
	text, plan := w.Plan()
	says(t, flatten(text), "Applying will deactivate p7@acme.com in slack", "Person 7 is cut off: case 12", "No account in slack carries the person_id 99")
	if s.writes() != 0 {
		t.Error("the plan wrote")
	}
	if got := acctest.Changes(plan); !cmp.Equal(got, map[string]string{"tenure_cutoff.now": "create"}) {
		t.Errorf("changes %v", got)
	}
	s.Reset()
	w.Run("apply", "-auto-approve")
	if s.inactive() != "p7@acme.com" || s.writes() != 1 {
		t.Errorf("inactive %q after %d writes", s.inactive(), s.writes())
	}
	if s.Count("GET", "/Users") > 8 || s.Stats().Total > 12 {
		t.Errorf("a fast lane for two people sent %v", s.Stats().Counts)
	}
	w.Empty()
	if d := cmp.Diff(map[string]string{"7": cutDone, "99": "no account"}, done(t, w)); d != "" {
		t.Errorf("done (-want +got):\n%s", d)
	}

	// Somebody activates the account again: shown, and cut again.
	if err := s.EditUser("p7@acme.com", func(u *sandbox.User) { u.Inactive = false }); err != nil {
		t.Fatal(err)
	}
	text, plan = w.Plan()
	if got := acctest.Changes(plan); got["tenure_cutoff.now"] != "update" {
		t.Errorf("changes %v\n%s", got, text)
	}
	says(t, text, `~ "7"  = "active" -> (known after apply)`)
	w.Apply()
	if s.inactive() != "p7@acme.com" {
		t.Errorf("inactive %q", s.inactive())
	}

	// A further person, another reason, one entry gone: one account is written to.
	s.Reset()
	w.Config(s.hcl("", cut(map[string]string{"7": "case 12, closed", "8": "case 13"}, "")))
	w.Apply()
	if s.inactive() != "p7@acme.com p8@acme.com" || s.writes() != 1 {
		t.Errorf("inactive %q after %d writes", s.inactive(), s.writes())
	}
	s.Reset()
	w.Config(s.hcl("", cut(map[string]string{"8": "case 13"}, "  revoke_sessions = false")))
	w.Apply()
	if got := done(t, w); !cmp.Equal(got, map[string]string{"8": "deactivated"}) {
		t.Errorf("done %v", got)
	}
	w.Run("destroy", "-auto-approve")
	if s.inactive() != "p7@acme.com p8@acme.com" || s.writes() != 0 {
		t.Errorf("taking away and destroying wrote %d times; inactive %q", s.writes(), s.inactive())
	}
}

// Where the app does not know whose account is whose, a user name says it; nobody is cut on a guess.
func TestCutoffByUserName(t *testing.T) {
	t.Parallel()
	s := slack(t, 3)
	w := acctest.NewWorkspace(t)
	refused := func(lines string, people map[string]string, parts ...string) {
		t.Helper()
		w.Config(s.hcl("", cut(people, lines)))
		out, code := w.Try("apply", "-auto-approve")
		if code != 1 || s.writes() != 0 {
			t.Errorf("exit code %d, %d writes", code, s.writes())
		}
		says(t, flatten(out), parts...)
	}
	refused("  user_names = { \"1\" = \"p2@acme.com\" }", map[string]string{"1": "x"},
		"Cannot find the account of person 1 in slack", "p2@acme.com is the account of person 1, but it carries the person_id 2", "Correct user_names")
	refused("", map[string]string{"1": ""}, "people", "at least 1")

	w.Config(s.hcl("", cut(map[string]string{"1": "x", "50": "y"}, "  user_names = { \"50\" = \"UNBOUND@acme.com\" }")))
	w.Apply()
	if s.inactive() != "p1@acme.com unbound@acme.com" {
		t.Errorf("inactive %q", s.inactive())
	}
	// A user name that was missing at first, and a person with two accounts.
	if _, err := s.AddUser(sandbox.User{UserName: "second@acme.com"}); err != nil {
		t.Fatal(err)
	}
	w.Config(s.hcl("", cut(map[string]string{"1": "x", "50": "y"}, "  user_names = { \"50\" = \"UNBOUND@acme.com\", \"1\" = \"second@acme.com\" }")))
	w.Apply()
	if s.inactive() != "p1@acme.com second@acme.com unbound@acme.com" {
		t.Errorf("inactive %q", s.inactive())
	}
}

// An app that keeps no person_id needs the user name: "no account" is never inferred.
func TestCutoffWithoutMemory(t *testing.T) {
	t.Parallel()
	s := slack(t, 2)
	w := acctest.NewWorkspace(t)
	forgetful := func(rest string) string {
		return strings.Replace(s.hcl("", rest), "    scim {", "    scim {\n      override {\n        person_id_in = \"none\"\n      }", 1)
	}
	w.Config(forgetful(cut(map[string]string{"1": "x"}, "")))
	out, code := w.Try("plan")
	if code != 1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	says(t, flatten(out), "Cannot find the account of person 1 in slack", "does not remember whose account is whose", `user_names = { "1" = "USER-NAME" }`)
	w.Config(forgetful(cut(map[string]string{"1": "x"}, "  user_names = { \"1\" = \"p1@acme.com\" }")))
	w.Apply()
	if s.inactive() != "p1@acme.com" {
		t.Errorf("inactive %q", s.inactive())
	}
}

// Protected accounts are refused at plan, and so are more people than the limit; nothing is sent.
func TestCutoffRefusals(t *testing.T) {
	t.Parallel()
	six := map[string]string{"1": "x", "2": "x", "3": "x", "4": "x", "5": "x", "6": "x"}
	for name, tc := range map[string]struct {
		app, provider string
		people        map[string]string
		want          []string
	}{
		"protected":     {"    protected_accounts = [\"p2@*\"]", "", map[string]string{"1": "x", "2": "x"}, []string{"Will not cut off the protected account p2@acme.com in slack"}},
		"read only":     {"    read_only = true", "", map[string]string{"1": "x"}, []string{"read_only = true"}},
		"six people":    {"", "", six, []string{"Cannot cut off 6 people in slack", "safeguard.max_cutoffs, is 5", "1, 2, 3, 4, 5, 6"}},
		"a lower limit": {"", "  safeguard {\n    max_cutoffs = 1\n  }\n", map[string]string{"1": "x", "2": "x"}, []string{"max_cutoffs, is 1"}},
		"another time":  {"", "  as_of = \"2020-01-01\"\n", map[string]string{"1": "x"}, []string{"as_of"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := slack(t, 6)
			w := acctest.NewWorkspace(t)
			w.Config(strings.Replace(s.hcl(tc.app, cut(tc.people, "")), "provider \"tenure\" {\n", "provider \"tenure\" {\n"+tc.provider, 1))
			out, code := w.Try("apply", "-auto-approve")
			if code != 1 || s.writes() != 0 || s.inactive() != "" {
				t.Errorf("exit code %d, %d writes, inactive %q", code, s.writes(), s.inactive())
			}
			says(t, flatten(out), tc.want...)
		})
	}
}

// Two resources share the limit of an app, and a raised limit lets everybody go.
func TestCutoffLimitIsPerApp(t *testing.T) {
	t.Parallel()
	s := slack(t, 6)
	w := acctest.NewWorkspace(t)
	two := cut(map[string]string{"1": "x", "2": "x", "3": "x"}, "") +
		strings.Replace(cut(map[string]string{"4": "x", "5": "x", "6": "x"}, ""), `"now"`, `"later"`, 1)
	w.Config(s.hcl("", two))
	out, code := w.Try("apply", "-auto-approve")
	if code != 1 || s.writes() != 0 {
		t.Errorf("exit code %d, %d writes\n%s", code, s.writes(), out)
	}
	w.Config(strings.Replace(s.hcl("", two), "provider \"tenure\" {\n", "provider \"tenure\" {\n  safeguard {\n    max_cutoffs = 6\n  }\n", 1))
	w.Apply()
	if got := len(strings.Fields(s.inactive())); got != 6 {
		t.Errorf("%d are inactive", got)
	}
}

// One who fails stops nobody else, is named, and is what the next plan is about. An app that is down leaves
// state as it is.
func TestCutoffFailures(t *testing.T) {
	t.Parallel()
	s := slack(t, 3)
	w := acctest.NewWorkspace(t)
	p2, _ := s.User("p2@acme.com")
	if err := s.AddFaults(sandbox.Rule{Method: "PATCH", Path: "/Users/" + p2.ID, Fault: sandbox.Fault{Status: 403}}); err != nil {
		t.Fatal(err)
	}
	w.Config(s.hcl("", cut(map[string]string{"1": "x"}, "")))
	w.Apply()
	w.Config(s.hcl("", cut(map[string]string{"1": "x", "2": "x", "3": "x"}, "")))
	out, code := w.Try("apply", "-auto-approve")
	if code != 1 || s.inactive() != "p1@acme.com p3@acme.com" {
		t.Errorf("exit code %d, inactive %q", code, s.inactive())
	}
	says(t, flatten(out), "Cannot cut off person 2 in slack", "permission", "Nothing was written.")
	if got := done(t, w); !cmp.Equal(got, map[string]string{"1": cutDone, "3": cutDone}) {
		t.Errorf("done %v", got)
	}
	s.ClearFaults()
	s.Reset()
	w.Apply()
	if s.inactive() != "p1@acme.com p2@acme.com p3@acme.com" || s.writes() != 1 {
		t.Errorf("inactive %q after %d writes", s.inactive(), s.writes())
	}
	if err := s.AddFaults(sandbox.Rule{Path: "^/Users", Fault: sandbox.Fault{Status: 403}}); err != nil {
		t.Fatal(err)
	}
	before := w.Read("terraform.tfstate")
	if out, code = w.Try("plan"); code != 1 || w.Read("terraform.tfstate") != before {
		t.Errorf("exit code %d\n%s", code, out)
	}
	says(t, flatten(out), "Cannot read the account of person 1 in slack", "permission", "state is unchanged")
	s.ClearFaults()

	// A failure in the first apply is continued, too.
	w = acctest.NewWorkspace(t)
	if err := s.EditUser("p2@acme.com", func(u *sandbox.User) { u.Inactive = false }); err != nil {
		t.Fatal(err)
	}
	if err := s.EditUser("p3@acme.com", func(u *sandbox.User) { u.Inactive = false }); err != nil {
		t.Fatal(err)
	}
	if err := s.AddFaults(sandbox.Rule{Method: "PATCH", Path: "/Users/" + p2.ID, Count: 1, Fault: sandbox.Fault{Status: 403}}); err != nil {
		t.Fatal(err)
	}
	w.Config(s.hcl("", cut(map[string]string{"2": "x", "3": "x"}, "")))
	if out, code = w.Try("apply", "-auto-approve"); code != 1 || s.inactive() != "p1@acme.com p3@acme.com" {
		t.Errorf("exit code %d, inactive %q\n%s", code, s.inactive(), out)
	}
	w.Apply()
	if s.inactive() != "p1@acme.com p2@acme.com p3@acme.com" {
		t.Errorf("inactive %q", s.inactive())
	}
}

// The fast lane and the main lane: what the kill switch cut stays cut although HR does not know yet, and the
// window that an override closes is what the switch takes.
func TestFastLane(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	entitlements := policyHCL(`
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
  override {
    person_id      = "3"
    access_ends_at = "2026-03-04T15:00:00Z"
    reason         = "case 14"
  }`)
	c.Config(providerHCL(now, "", "wiki") + entitlements + `
resource "tenure_account" "wiki" {
  for_each  = data.tenure_entitlements.x.apps["wiki"].accounts
  app       = "wiki"
  person_id = each.key
  user_name = each.value.user_name
}`)
	c.Apply()

	fast := acctest.NewWorkspace(t)
	fast.Write("hr.csv", acme)
	lane := func(people string) string {
		provider := strings.Replace(providerHCL("2026-03-04T15:00:00Z", "", "wiki"), "wiki.json", c.Dir+"/wiki.json", 1)
		return provider + entitlements + "resource \"tenure_cutoff\" \"now\" {\n  app = \"wiki\"\n  people = " + people + "\n}\n"
	}
	fast.Config(lane(`{ "2" = "case 12" }`))
	fast.Apply()
	if c.app("wiki").must("bo@acme.com").Active {
		t.Fatal("bo is active")
	}
	c.Empty() // HR still has bo as active, and nothing activates the account again
	if c.app("wiki").must("bo@acme.com").Active {
		t.Error("the main lane reactivated whom the fast lane had cut off")
	}
	fast.Config(lane("data.tenure_entitlements.x.cutoffs"))
	fast.Apply()
	if c.app("wiki").must("cy@acme.com").Active || !c.app("wiki").must("ana@acme.com").Active {
		t.Error("the cutoffs of the entitlements did not cut off cy alone")
	}
	c.app("wiki").change("cy@acme.com", access.AccountSpec{Active: new(bool)})
	fast.Empty()
}
