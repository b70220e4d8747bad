package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// What state holds of the people is what the apps receive, and nothing else that HR knows.
func TestStateHoldsNoOtherHRData(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("hr.csv", `person_id,given_name,middle_name,family_name,work_email,personal_email,title,department,division,cost_center,location,country,manager_id,status,employment_type,start_date,end_date,salary_band,employee_number,team
1,Ana,MIDDLENAME,García,ana@acme.com,private@home.example,BOSSTITLE,Leadership,DIVISION1,CC-4711,CITYNAME,ES,,active,employee,2020-01-02,,BAND-9,EMPNO77,TEAMNAME
2,Bo,,Łukasz,bo@acme.com,,ENGTITLE,Engineering,DIVISION1,CC-4712,CITYNAME,PT,1,active,employee,2021-02-03,2026-08-09,BAND-3,EMPNO78,TEAMNAME
3,Cy,,Faulty,cy@acme.com,,FAULTYTITLE,Engineering,,,,PT,1,active,employee,2021-13-13,,BAND-1,EMPNO79,
4,Di,,Departed,di@acme.com,,GONETITLE,Engineering,,,,PT,1,terminated,employee,2018-04-05,2026-01-31,BAND-2,EMPNO80,
`)
	c.Config(strings.Replace(providerHCL(now, "", "wiki"), `path = "hr.csv"`, `path = "hr.csv"
      custom = { band = "salary_band" }`, 1) + policyHCL(`
  account_fields = { wiki = ["email", "department"] }
  attributes     = { wiki = { cost = "person.cost_center" } }
  rule {
    name     = "everyone"
    when     = "person.custom.band != 'BAND-0' && person.country in ['ES', 'PT'] && person.team != 'x' && !('9' in person.manager_chain)"
    accounts = ["wiki"]
  }
  rule {
    name   = "managers"
    when   = "person.is_manager && person.title != '' && person.employee_number.startsWith('EMP')"
    groups = { wiki = ["managers"] }
  }`))
	c.Run("apply", "-auto-approve")
	state := c.Read("terraform.tfstate")
	says(t, state, "ana@acme.com", "Leadership", "CC-4711", "managers")
	for _, secret := range []string{
		"MIDDLENAME", "García", "Ana", "private@home", "TITLE", "DIVISION1", "CITYNAME", "BAND-9", "BAND-3", "EMPNO", "TEAMNAME",
		"2020-01-02", "2021-02-03", "2026-08-09", "active\": \"", "Departed", "di@acme.com", "cy@acme.com", "2021-13-13", "\"ES\"", "\"PT\"",
	} {
		if strings.Contains(state, secret) {
			t.Errorf("state has %q", secret)
		}
	}
}

// Results that say who is about to leave are given on request only.
func TestIncludedResults(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("hr.csv", acme+"4,Di,Öz,di@acme.com,Engineer,Engineering,2,notice,employee,2020-01-01,2026-03-20\n"+
		"5,Ed,Smith,,Engineer,Engineering,2,active,employee,2020-01-01,\n6,Fa,Gone,fa@acme.com,Engineer,Engineering,2,terminated,employee,2020-01-01,2026-03-01\n")
	rules := `
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
  exception {
    person_id   = "2"
    groups      = { wiki = ["admins"] }
    reason      = "INC-1"
    approved_by = "bo@acme.com"
    expires_at  = "2026-12-01"
  }
  exception {
    person_id   = "3"
    groups      = { wiki = ["admins"] }
    reason      = "INC-2"
    approved_by = "ana@acme.com"
    expires_at  = "2026-03-03"
  }`
	d, _ := c.decide(providerHCL(now, "", "wiki") + policyHCL(rules))
	if d.Reasons != nil || d.Quarantined != nil || d.Upcoming != nil {
		t.Errorf("given although nobody asked: %v %v %v", d.Reasons, d.Quarantined, d.Upcoming)
	}
	if got := d.Cutoffs; len(got) != 1 || !strings.Contains(got["6"], "2026-03-01") {
		t.Errorf("cutoffs %v, want person 6 alone", got)
	}
	d, text := c.decide(providerHCL(now, "", "wiki") + policyHCL("  upcoming_days = 20\n  include = [\"reasons\", \"quarantined\"]\n"+rules))
	says(t, d.Reasons["1"]["wiki/accounts"], `rule "everyone"`)
	says(t, d.Reasons["2"]["wiki/groups/admins"], "not given", "is the beneficiary")
	says(t, d.Reasons["3"]["wiki/groups/admins"], "not given: exception expired on 2026-03-03")
	says(t, d.Reasons["6"]["wiki/accounts"], "not given: access ended on 2026-03-01")
	says(t, d.Quarantined["5"], "no user name for wiki")
	if len(d.Upcoming) != 1 || d.Upcoming[0].PersonID != "4" || d.Upcoming[0].Change != "lose" || d.Upcoming[0].At != "2026-03-20T18:00:00Z" {
		t.Errorf("upcoming %+v, want that person 4 loses the account on the evening of 2026-03-20", d.Upcoming)
	}
	says(t, flatten(text), "Person 5 keeps what they have: there is no user name", `Exception "2": approved_by: not granted`)
	d, _ = c.decide(providerHCL(now, "", "wiki") + policyHCL("  include = [\"upcoming\"]\n"+rules))
	if len(d.Upcoming) != 1 || d.Reasons != nil {
		t.Errorf("upcoming %v, reasons %v; want the first alone, for the next 30 days", d.Upcoming, d.Reasons)
	}
}

// A policy can be tested by itself: without any app, nothing checks that apps exist.
func TestPolicyWithoutApps(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	d, _ := c.decide(providerHCL(now, "") + policyHCL(`
  user_names = { gh = "person.work_email.split('@')[0]" }
  identities = { gh = { "2" = "bo-dev" } }
  rule {
    name        = "makers"
    when        = "person.department in ['Engineering', 'Design']"
    group_roles = { gh = { makers = "maintainer" } }
    roles       = { gh = "author" }
  }`))
	if got := d.Apps["gh"].Groups["makers"]; !cmp.Equal(got, map[string]string{"bo-dev": "maintainer", "cy": "maintainer"}) {
		t.Errorf("makers %v", got)
	}
	if got := d.Apps["gh"].Accounts["3"]; got["role"] != "author" || got["user_name"] != "cy" || got["title"] != nil || got["active"] != nil {
		t.Errorf("the account is %v", got)
	}
}

// only_apps limits the output and what has to exist, but a conflict over all apps is found.
func TestOnlyApps(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	rules := `
  rule {
    name   = "create"
    when   = "person.department == 'Engineering'"
    groups = { erp = ["create"], gh = ["dev"] }
  }
  rule {
    name   = "approve"
    when   = "person.title == 'Engineer'"
    groups = { erp = ["approve"] }
  }
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["gh"]
  }
  conflict {
    name   = "maker-checker"
    grants = ["erp/groups/create", "erp/groups/approve"]
`
	only := "  only_apps = [\"gh\"]\n"
	d, text := c.decide(providerHCL(now, "", "gh") + policyHCL(only+rules+"  }"))
	if sortedKeys(d.Apps)[0] != "gh" || len(d.Apps) != 1 || d.people("gh") != "1 3" {
		t.Errorf("apps %v with people %q; want gh alone, without 2, who makes and checks", sortedKeys(d.Apps), d.people("gh"))
	}
	says(t, flatten(text), "Person 2 keeps what they have: a conflict has no waiver", `conflict "maker-checker": erp/groups/approve (rule "approve") and erp/groups/create (rule "create")`)
	waiver := "    waiver {\n      person_id  = \"2\"\n      reason     = \"small office\"\n      expires_at = \"2026-03-04\"\n    }\n  }"
	if d, _ = c.decide(providerHCL(now, "", "gh") + policyHCL(only+rules+waiver)); d.people("gh") != "1 2 3" {
		t.Errorf("people %q: the waiver covers today", d.people("gh"))
	}
	if d, _ = c.decide(providerHCL("2026-03-05", "", "gh") + policyHCL(only+rules+waiver)); d.people("gh") != "1 3" {
		t.Errorf("people %q: the waiver has expired", d.people("gh"))
	}
	says(t, c.refuse(providerHCL(now, "", "gh")+policyHCL(rules+"  }")), `there is no app "erp" in the provider`)
}

// A departure at an instant, ordered in code, counts at once; a leave of absence suspends.
func TestOverrideAndLeave(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("hr.csv", strings.Replace(acme, "Design,1,active", "Design,1,leave", 1))
	hcl := func(asOf string) string {
		return providerHCL(asOf, "", "wiki") + policyHCL(`
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
  override {
    person_id      = "2"
    access_ends_at = "2026-03-04T15:00:00Z"
    reason         = "case 12"
  }
  timing { on_leave_of_absence = "suspend" }`)
	}
	d, _ := c.decide(hcl("2026-03-04T14:59:59Z"))
	if d.people("wiki") != "1 2 3" || d.Apps["wiki"].Accounts["3"]["active"] != false || d.Apps["wiki"].Accounts["1"]["active"] != nil {
		t.Errorf("before: %v", d.Apps["wiki"].Accounts)
	}
	d, _ = c.decide(hcl("2026-03-04T15:00:00Z"))
	if d.people("wiki") != "1 3" || !strings.Contains(d.Cutoffs["2"], "case 12") {
		t.Errorf("after: people %q, cutoffs %v", d.people("wiki"), d.Cutoffs)
	}
}

// Everything that is wrong is told in one run, with block, place inside the condition, person and remedy.
func TestEntitlementsProblems(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("empty.csv", "person_id,given_name,family_name,work_email,status\n")
	text := c.refuse(providerHCL(now, "  roster {\n    name = \"empty\"\n    csv {\n      path = \"empty.csv\"\n    }\n  }\n", "wiki") + `
data "tenure_entitlements" "x" {
  rosters        = ["hr", "empty", "hrr"]
  only_apps      = ["wiki", "slak", "slack"]
  user_names     = { wiki = "person.work_mail" }
  account_fields = { wiki = ["emial"] }
  identities     = { wiki = { "1" = null } }
  same_person    = { "1" = ["2"], "2" = ["1"] }
  rule {
    name     = "engineers"
    when     = "person.departmnt == 'Engineering' && person.tietl == ''"
    accounts = ["wiki"]
  }
  rule {
    name   = "engineers"
    when   = "person.full_time == 'yes'"
    groups = { slack = ["x"] }
  }
  rule {
    name     = "nothing"
    when     = ""
    licenses = { wiki = { "Seats" = null } }
  }
  exception {
    person_id   = "1"
    reason      = "because"
    approved_by = "2"
    expires_at  = "next week"
  }
  override {
    person_id = "1"
    reason    = "because"
  }
  conflict {
    name   = "one"
    grants = ["wiki/account"]
    waiver {
      person_id  = "1"
      reason     = ""
      expires_at = "soon"
    }
  }
  timing {
    end_of_day_hour     = 25
    on_leave_of_absence = "pause"
  }
}
`)
	says(t, text,
		`Rule "engineers": when, column 8: person has no field "departmnt"`, `Did you mean "department"?`,
		`when, column 45: person has no field "tietl"`, `Did you mean "title"?`,
		`rules 1 and 2 have the same name`,
		`Rule "engineers": when, column 18: found no matching overload for '=='`,
		`Rule "engineers": groups: there is no app "slack" in the provider`,
		`Rule "nothing": when: it is empty`, `Write "true" for everyone.`,
		`Rule "nothing": licenses: the name of a license is empty`,
		`Exception "1": the exception gives nothing`, `Exception "1": expires_at: "next week" is neither a date`,
		`Override "1": the override moves nothing`,
		`Conflict "one": grants: "wiki/account" is not a grant address`, `Conflict "one": waiver 1: reason: it is empty`, `waiver 1: expires_at: "soon" is neither`,
		`Timing: end_of_day_hour: there is no hour 25`, `on_leave_of_absence: "pause" is not a way to treat a leave`,
		`user_names "wiki": column 8: person has no field "work_mail"`, `account_fields "wiki": there is no account field "emial"`,
		`identities "wiki": 1: it is empty`, `same_person`, `only_apps: there is no app "slak" in the provider`,
		`It holds no people`, `The provider configuration has no roster block with this name`, `The configured names are: empty, hr.`,
	)
	for _, at := range []string{`when = "person.departmnt`, `when = "person.full_time`, `groups = { slack`, `expires_at = "next week"`, `expires_at = "soon"`, `end_of_day_hour = 25`} {
		says(t, text, ": "+at) // the line of the argument is quoted
	}
}

// A roster whose file is not known yet is an error that says what to do, not an empty company.
func TestPendingRoster(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	text := c.refuse(strings.Replace(providerHCL(now, ""), `"hr.csv"`, `"${terraform_data.path.id}.csv"`, 1) +
		"resource \"terraform_data\" \"path\" {}\n" + policyHCL("  rule {\n    name = \"everyone\"\n    when = \"true\"\n    accounts = [\"wiki\"]\n  }"))
	says(t, text, `Cannot use roster "hr"`, "csv[0].path is not known yet", "Apply that first")
}

// Rosters are merged by what configuration names; otherwise one id in two rosters is an error, and says so.
func TestSeveralRosters(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("contractors.csv", "id,work_email,department,status,employment_type,start_date,contract_end_date\n"+
		"2,bo@acme.com,Consulting,active,contractor,2025-01-01,2026-12-31\n8,fay@acme.com,Consulting,active,contractor,2025-01-01,2026-12-31\n")
	hcl := func(rosters, lines string) string {
		provider := providerHCL(now, "  roster {\n    name = \"contractors\"\n    csv {\n      path = \"contractors.csv\"\n    }\n  }\n", "wiki")
		return provider + "data \"tenure_entitlements\" \"x\" {\n  rosters = " + rosters + "\n" + lines + `
  account_fields = { wiki = ["department"] }
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
}`
	}
	department := func(d decided, id string) any { return d.Apps["wiki"].Accounts[id]["department"] }
	says(t, c.refuse(hcl(`["hr", "contractors"]`, "")), "rosters hr and contractors both have the person_id 2", "id_prefix", "merge_by")
	d, _ := c.decide(hcl(`["hr", "contractors"]`, "  merge_by = [\"work_email\"]"))
	if d.people("wiki") != "1 2 3 8" || department(d, "2") != "Engineering" {
		t.Errorf("people %q, department of 2 %v; want that of hr, the first roster", d.people("wiki"), department(d, "2"))
	}
	d, _ = c.decide(hcl(`["contractors", "hr"]`, "  merge_by = [\"employee_number\", \"work_email\"]"))
	if d.people("wiki") != "1 2 3 8" || department(d, "2") != "Consulting" {
		t.Errorf("people %q, department of 2 %v; want that of contractors, the first roster", d.people("wiki"), department(d, "2"))
	}
	says(t, c.refuse(hcl(`["hr", "contractors"]`, "  merge_by = [\"title\"]")), "merge_by", "work_email")
}

// A former id moves the person, not the access: who was 2 is 22 now.
func TestSamePerson(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("hr.csv", strings.Replace(acme, "2,Bo,Łukasz,bo@acme.com,Engineer,Engineering,1,active,employee,2021-01-01,", "2,Bo,Łukasz,bo@acme.com,Engineer,Engineering,1,terminated,employee,2021-01-01,2026-03-03", 1)+
		"22,Bo,Łukasz,bo@acme.com,Engineer,Engineering,1,active,employee,2026-03-04,\n")
	d, _ := c.decide(providerHCL(now, "", "wiki") + policyHCL(`
  same_person = { "22" = ["2"] }
  identities  = { wiki = { "2" = "bo" } }
  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }`))
	if d.people("wiki") != "1 22 3" || d.Apps["wiki"].Accounts["22"]["user_name"] != "bo" || len(d.Cutoffs) != 0 {
		t.Errorf("people %q, account %v, cutoffs %v", d.people("wiki"), d.Apps["wiki"].Accounts["22"], d.Cutoffs)
	}
}

// Both ends of the hand-over have one type; with another one Terraform would convert, and drop what it does not
// know without a word.
func TestOneTypeAtBothEnds(t *testing.T) {
	t.Parallel()
	schema := providerSchema(t)
	whole, ok := schema.ResourceSchemas["tenure_app_access"]
	if !ok {
		t.Skip("not checked: this build serves no tenure_app_access")
	}
	out := attributeType(t, schema.DataSourceSchemas["tenure_entitlements"], "apps").(tftypes.Map).ElementType.(tftypes.Object)
	for name, want := range out.AttributeTypes {
		if got := attributeType(t, whole, name); !got.Equal(want) {
			t.Errorf("%s: tenure_entitlements puts out %s, tenure_app_access takes %s", name, want, got)
		}
	}
}

func attributeType(t testing.TB, s *tfprotov6.Schema, name string) tftypes.Type {
	t.Helper()
	for _, a := range s.Block.Attributes {
		if a.Name == name {
			return a.ValueType()
		}
	}
	t.Fatalf("there is no attribute %s", name)
	return nil
}

// What is put out is deactivated by the resource that follows it, not forgotten.
func TestDepartureDeactivates(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	hcl := providerHCL(now, "", "wiki") + policyHCL("  rule {\n    name = \"everyone\"\n    when = \"true\"\n    accounts = [\"wiki\"]\n  }") + `
resource "tenure_account" "wiki" {
  for_each  = data.tenure_entitlements.x.apps["wiki"].accounts
  app       = "wiki"
  person_id = each.key
  user_name = each.value.user_name
}`
	c.Config(hcl)
	c.Apply()
	c.Write("hr.csv", strings.Replace(acme, "Engineering,1,active,employee,2021-01-01,", "Engineering,1,terminated,employee,2021-01-01,"+now, 1))
	c.Apply()
	if bo := c.app("wiki").must("bo@acme.com"); bo.Active || bo.PersonID != "2" {
		t.Errorf("the leaver's account is %+v", bo)
	}
	c.app("wiki").change("cy@acme.com", access.AccountSpec{Values: map[access.Field]string{access.Title: "anything"}})
	c.Empty()
}
