package provider_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/sandbox"
)

// staff is a company whose access to slack, a real app that counts requests, follows from a policy.
type staff struct{ scimEstate }

// staffPolicy gives everybody an account and the group all.
const staffPolicy = `
  rule {
    name   = "everyone"
    when   = "true"
    groups = { slack = ["all"] }
  }
`

func newStaff(t testing.TB, o sandbox.Options, people string) staff {
	t.Helper()
	s := staff{newSCIMEstate(t, o)}
	if _, err := s.AddGroup(sandbox.Group{DisplayName: "all"}); err != nil {
		t.Fatal(err)
	}
	s.Write("hr.csv", people)
	return s
}

// hcl is the whole configuration. expect goes into the roster block, safeguard into the provider's.
func (s staff) hcl(expect, safeguard, policy, rosters, access string) string {
	return fmt.Sprintf(`
provider "tenure" {
  app {
    name = "slack"
    scim {
      base_url = %q
      token    = "none"
    }
  }
  roster {
    name = "hr"
    csv {
      path = "hr.csv"
    }
%s
  }
  roster {
    name = "contractors"
    csv {
      path = "contractors.csv"
    }
  }
%s
}
data "tenure_entitlements" "x" {
  rosters = [%s]
%s
}
resource "tenure_app_access" "this" {
  app      = "slack"
  accounts = data.tenure_entitlements.x.apps["slack"].accounts
  groups   = data.tenure_entitlements.x.apps["slack"].groups
  rosters  = [%s]
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
%s
}
`, s.url, expect, safeguard, rosters, policy, rosters, access)
}

func (s staff) usual() string { return s.hcl("", "", staffPolicy, `"hr"`, "") }

// stopped plans, and insists on an error that says all of want, on no write at all, and on an untouched state.
func (s staff) stopped(t testing.TB, what, hcl string, want ...string) {
	t.Helper()
	before := s.Read("terraform.tfstate")
	s.Reset()
	s.Config(hcl)
	out, code := s.Try("plan", "-out=refused")
	if code != 1 {
		t.Errorf("%s: exit code %d instead of an error\n%s", what, code, out)
	}
	contains(t, out, want...)
	if _, code := s.Try("apply", "-auto-approve"); code != 1 {
		t.Errorf("%s: the apply ended with exit code %d", what, code)
	}
	equal(t, what+": writes", s.writes(), map[string]int{})
	if s.Read("terraform.tfstate") != before {
		t.Errorf("%s: the state changed", what)
	}
	if path := os.Getenv("TENURE_SHOW_MESSAGES"); path != "" { // for whoever words them
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, at, _ := strings.Cut(out, "Error: ")
			fmt.Fprintf(f, "=== %s\nError: %s\n", what, at)
			_ = f.Close()
		}
	}
}

// otherCompany is a roster with the same columns and nobody in common.
func otherCompany(n int) string {
	return strings.NewReplacer("@acme.com", "@other.example", "\n1", "\n91", "\n2", "\n92", "\n3", "\n93").Replace(bigCompany(n, n))
}

// Every way in which two hundred people could lose everything by accident stops the plan with a message that says what
// happened, and nothing reaches the app.
func TestNothingDisappearsByAccident(t *testing.T) {
	t.Parallel()
	s := newStaff(t, sandbox.Options{}, bigCompany(200, 200))
	s.Write("contractors.csv", "person_id,given_name,family_name,work_email,status,start_date\n900,Zed,Z,zed@acme.com,active,2020-01-01\n")
	s.Config(s.usual())
	s.Apply()
	equal(t, "accounts", len(s.Users()), 200)
	header, rows, _ := strings.Cut(bigCompany(200, 200), "\n")
	half := bigCompany(100, 100)
	const expects = "    min_people = 150\n    min_filled = { work_email = 98, department = 95 }\n    columns    = [\"person_id\", \"given_name\", \"family_name\", \"work_email\", \"department\", \"status\", \"start_date\", \"end_date\"]\n"
	for _, tc := range []struct {
		what, roster, hcl string
		want              []string
	}{
		{"an empty roster", "", s.usual(), []string{"Cannot read hr.csv in hr", "It is empty", "Zero people is never a roster"}},
		{"a header and nobody", header + "\n", s.usual(), []string{"It holds no people"}},
		{"a roster cut in the middle of a line", header + "\n" + rows[:len(rows)/2], s.usual(), []string{"It is cut off"}},
		{
			"a roster cut in half", half, s.usual(),
			[]string{"Cannot take this much away from accounts in slack", "100 people are gone from the rosters without having left", "the roster may be cut short", "p100@acme.com", "Planning stopped. Nothing was written."},
		},
		{
			"a roster cut in half, with min_people", half, s.hcl(expects, "", staffPolicy, `"hr"`, ""),
			[]string{"It lists 100 people who are employed (100 records in all), and min_people is 150", "Nothing was planned from it"},
		},
		{
			"a column that lost its values", strings.ReplaceAll(bigCompany(200, 200), "Engineering", ""), s.hcl(expects, "", staffPolicy, `"hr"`, ""),
			[]string{"Department has a value for 0 of 200 people who are employed, which is 0 %, and min_filled wants 95 %"},
		},
		{
			"the CSV of another company", otherCompany(200), s.usual(),
			[]string{"200 people are gone from the rosters without having left", "p100@acme.com"},
		},
		{
			"the CSV of another company, with another header", strings.Replace(otherCompany(200), "work_email,department", "email,team", 1), s.hcl(expects, "", staffPolicy, `"hr"`, ""),
			[]string{`Its header is not the one that columns expects; missing: "work_email", "department"; new: "email", "team"`},
		},
		{
			"a rosters name that nobody has", bigCompany(200, 200), s.hcl("", "", staffPolicy, `"hrr"`, ""),
			[]string{`Cannot use roster "hrr"`, "has no roster block with this name", "The configured names are: contractors, hr"},
		},
		{
			"the wrong roster", bigCompany(200, 200), s.hcl("", "", staffPolicy, `"contractors"`, ""),
			[]string{"Cannot take access from 200 people in slack", "Rosters was changed, and none of the new ones (contractors) lists p0@acme.com, p100@acme.com", "change rosters of this resource in an apply of its own"},
		},
		{
			"a reverted commit that drops the rule of two hundred people", bigCompany(200, 200),
			s.hcl("", "", "  rule {\n    name   = \"sales\"\n    when   = \"person.department == 'Sales'\"\n    groups = { slack = [\"all\"] }\n  }\n", `"hr"`, ""),
			[]string{"Cannot take this much away from groups/all in slack", "200 removals that no roster explains are more than max_removals = 10", "p0@acme.com", "and 150 more", `approved_removals = ["slack/groups/all 200 `},
		},
		{
			"a reverted commit that drops the rule, on_dropped = remove", half,
			s.hcl("", "", staffPolicy, `"hr"`, `  on_dropped = "remove"`),
			[]string{"100 removals that no roster explains are more than max_removals = 10", `in no roster, and on_dropped = "remove"`},
		},
	} {
		s.Write("hr.csv", tc.roster)
		s.stopped(t, tc.what, tc.hcl, tc.want...)
	}
	s.Write("hr.csv", bigCompany(200, 200))
	s.Config(s.hcl(expects, "", staffPolicy, `"hr"`, ""))
	s.Reset()
	s.Empty()
	equal(t, "accounts in the end", len(s.Users()), 200)
}

// Two hundred people who left are one warning that is read at a glance, and the plan says of each why.
func TestTwoHundredLeaversAreReadable(t *testing.T) {
	t.Parallel()
	s := newStaff(t, sandbox.Options{}, bigCompany(250, 250))
	s.Config(s.usual())
	s.Apply()
	s.Write("hr.csv", bigCompany(250, 50))
	s.Config(s.hcl("", "  safeguard {\n    max_removals        = 70\n    max_removal_percent = 100\n  }", staffPolicy, `"hr"`, ""))
	text, p := s.Plan()
	contains(t, text, "Warning: slack: 200 people would lose something (200 left): p100@acme.com, p101@acme.com", "and 190 more",
		"200 people left, by the rosters, 400 changes (left on 2026-02-28): p100@acme.com, p101@acme.com", "and 150 more")
	_, warning, _ := strings.Cut(text, "Warning: slack: 200 people")
	warning, _, _ = strings.Cut(warning, "╵")
	if n := strings.Count(warning, "@acme.com"); n != 10+50 {
		t.Errorf("the warning names %d times:\n%s", n, warning)
	}
	_, why := planned(t, p, whole, "explanations")
	equal(t, "explanations", len(why), 400)
	one, _ := why["accounts/300"].(map[string]any)
	equal(t, "one of them", one, map[string]any{"change": "deactivate", "why": "left on 2026-02-28"})
}

// A plan that waited three days gives nothing to somebody who left since, and everything to the others.
func TestOldPlanDoesNotGrantToLeavers(t *testing.T) {
	t.Parallel()
	hired := func(status, end string) string {
		return bigCompany(3, 3) + fmt.Sprintf("500,Dan,D,dan@acme.com,Engineering,%s,2020-01-01,%s\n501,Eve,E,eve@acme.com,Engineering,active,2020-01-01,\n", status, end)
	}
	s := newStaff(t, sandbox.Options{}, bigCompany(3, 3))
	s.Config(s.usual())
	s.Apply()
	s.Write("hr.csv", hired("active", ""))
	s.Plan()
	s.Write("hr.csv", hired("terminated", "2026-02-27"))
	s.Reset()
	out, code := s.Try("apply", "tfplan")
	if code != 1 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	contains(t, out, "Cannot finish 2 of 4 changes in slack", "accounts/500 (dan@acme.com): changed since the plan: the person 500 left on 2026-02-27, by the rosters as they are now")
	if _, ok := s.User("dan@acme.com"); ok {
		t.Error("somebody who left since the plan has an account")
	}
	if _, ok := s.User("eve@acme.com"); !ok {
		t.Error("somebody who still works here was forgotten")
	}
	equal(t, "accounts made", s.writes()["POST /Users"], 1)
	s.Run("apply", "-auto-approve")
	s.Empty()

	// The first apply of all has no earlier state to compare with.
	f := newStaff(t, sandbox.Options{}, hired("active", ""))
	f.Config(f.usual())
	f.Plan()
	f.Write("hr.csv", hired("terminated", "2026-02-27"))
	out, code = f.Try("apply", "tfplan")
	if _, ok := f.User("dan@acme.com"); ok || code != 1 || len(f.Users()) != 4 {
		t.Errorf("exit code %d, %d accounts\n%s", code, len(f.Users()), out)
	}
}

// A plan made as if it were another day is refused when it is applied without that: a change, something new, and an
// end.
func TestPlanUnderAsOfIsRefused(t *testing.T) {
	t.Parallel()
	const account = "resource \"tenure_account\" \"bot\" {\n  app       = \"slack\"\n  user_name = \"bot@acme.com\"\n  title     = %q\n}\n" +
		"resource \"tenure_group_membership\" \"bot\" {\n  app       = \"slack\"\n  group     = \"all\"\n  user_name = tenure_account.bot.user_name\n}\n"
	for name, tc := range map[string]struct {
		before string // applied first; "" for nothing
		then   func(s staff) (hcl, roster string)
		args   []string
		want   string
	}{
		"a leaver of tomorrow": {
			before: "set", want: "The plan was made as if it were 2999-01-01T12:00:00Z (as_of, or TENURE_AS_OF), and a preview is never applied",
			then: func(s staff) (string, string) { return s.usual(), bigCompany(3, 2) },
		},
		"a whole app, for the first time": {
			want: `a preview of 2999-01-01T12:00:00Z under as_of, which cannot be applied; plan again without`,
			then: func(s staff) (string, string) { return s.usual(), bigCompany(3, 3) },
		},
		"the end of a whole app": {
			before: "remove", args: []string{"-destroy"}, want: "a preview is never applied",
			then: func(s staff) (string, string) {
				return s.hcl("", "  safeguard {\n    max_removals = 100\n  }", staffPolicy, `"hr"`, `  on_destroy = "remove"`), bigCompany(3, 3)
			},
		},
		"a new account":      {want: "preview of 2999-01-01T12:00:00Z, cannot be applied", then: func(s staff) (string, string) { return s.slack(fmt.Sprintf(account, "x")), "" }},
		"an account changed": {before: "single", want: "a preview is never applied", then: func(s staff) (string, string) { return s.slack(fmt.Sprintf(account, "y")), "" }},
		"an account removed": {before: "single", want: "a preview is never applied", then: func(s staff) (string, string) { return s.slack(""), "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStaff(t, sandbox.Options{}, bigCompany(3, 3))
			switch tc.before {
			case "set":
				s.Config(s.usual())
				s.Apply()
			case "remove":
				hcl, _ := tc.then(s)
				s.Config(hcl)
				s.Apply()
			case "single":
				s.Config(s.slack(fmt.Sprintf(account, "x")))
				s.Apply()
			}
			hcl, roster := tc.then(s)
			s.Write("hr.csv", roster)
			s.Config(hcl)
			env := s.Env
			s.Env = append(slices.Clip(env), "TENURE_AS_OF=2999-01-01")
			if tc.args != nil { // the last one of a group goes
				s.Config(strings.Replace(hcl, "max_removals = 100", "max_removals = 100\n"+approvalsFor(t, s, tc.args...), 1))
			}
			s.Plan(tc.args...)
			s.Env = env
			s.Reset()
			out, code := s.Try("apply", "tfplan")
			if code == 0 {
				t.Errorf("a preview was applied:\n%s", out)
			}
			contains(t, out, tc.want)
			equal(t, "writes", s.writes(), map[string]int{})
		})
	}
}

// slack is a provider block without rosters, and rest.
func (s staff) slack(rest string) string {
	return fmt.Sprintf("provider \"tenure\" {\n  app {\n    name = \"slack\"\n    scim {\n      base_url = %q\n      token    = \"none\"\n    }\n  }\n}\n%s", s.url, rest)
}

// approvalsFor plans and gives the argument that approves what the plan asks for.
func approvalsFor(t testing.TB, s staff, args ...string) string {
	t.Helper()
	out, code := s.Try(append([]string{"plan"}, args...)...)
	if code != 1 {
		t.Fatalf("nothing to approve: exit code %d\n%s", code, out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if _, l, ok := strings.Cut(line, `approved_removals = ["`); ok {
			l, _, _ = strings.Cut(l, `"`)
			lines = append(lines, fmt.Sprintf("%q", l))
		}
	}
	return "approved_removals = [" + strings.Join(lines, ", ") + "]"
}
