package provider_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

const hrFile = `person_id,given_name,family_name,work_email,department,manager_id,status,employment_type,start_date,end_date,badge
1,Ana,García,ana@acme.com,Leadership,,active,employee,2020-01-01,,A1
2,Bo,Łukasz,bo@acme.com,Engineering,1,active,employee,2021-01-01,,
3,Cy,Nguyễn,cy@acme.com,Engineering,2,active,employee,2026-04-01,,
4,Di,Öz,di@acme.com,Engineering,2,terminated,employee,2019-01-01,2026-01-31,
5,Ed,Smith,ed@acme.com,Sales,1,on sabbatical,employee,2019-01-01,,
`

func rosterHCL(provider, roster, data string) string {
	return fmt.Sprintf("provider \"tenure\" {\n%s\n  roster {\n    name = \"hr\"\n%s\n  }\n}\ndata \"tenure_roster\" \"hr\" {\n  rosters = [\"hr\"]\n%s\n}\n", provider, roster, data)
}

func csvAt(path, lines string) string {
	return fmt.Sprintf("    csv {\n      path = %q\n%s\n    }", path, lines)
}

func TestRosterDataSource(t *testing.T) {
	t.Parallel()
	path := acctest.File(t, "people.csv", hrFile)
	person := func(stage string, access knownvalue.Check, more map[string]knownvalue.Check) knownvalue.Check {
		checks := map[string]knownvalue.Check{"stage": knownvalue.StringExact(stage), "has_access": access}
		maps.Copy(checks, more)
		return knownvalue.ObjectPartial(checks)
	}
	yes, no := knownvalue.Bool(true), knownvalue.Bool(false)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{
				Config: rosterHCL(`as_of = "2026-03-15"`, csvAt(path, `custom = { badge = "badge" }`), ""),
				ConfigStateChecks: []statecheck.StateCheck{
					value("data.tenure_roster.hr", "people", knownvalue.MapExact(map[string]knownvalue.Check{
						"1": person("active", yes, map[string]knownvalue.Check{"family_name": knownvalue.StringExact("García"), "is_manager": yes, "custom": knownvalue.MapExact(map[string]knownvalue.Check{"badge": knownvalue.StringExact("A1")})}),
						"2": person("active", yes, map[string]knownvalue.Check{"manager_chain": knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("1")})}),
						"3": person("pre_hire", no, map[string]knownvalue.Check{"manager_chain": knownvalue.ListSizeExact(2), "start_date": knownvalue.StringExact("2026-04-01")}),
						"4": person("terminated", no, nil),
						"5": person("unknown", knownvalue.Null(), nil),
					})),
					value("data.tenure_roster.hr", "counts", knownvalue.MapExact(map[string]knownvalue.Check{
						"active": knownvalue.Int64Exact(2), "pre_hire": knownvalue.Int64Exact(1), "terminated": knownvalue.Int64Exact(1), "unknown": knownvalue.Int64Exact(1),
					})),
				},
			},
			{ // the clock decides, and only the fields asked for are given
				Config: rosterHCL(`as_of = "2026-04-02"`, csvAt(path, `status_map = { "on sabbatical" = "leave" }`), `fields = ["department"]`),
				ConfigStateChecks: []statecheck.StateCheck{
					value("data.tenure_roster.hr", "people", knownvalue.MapPartial(map[string]knownvalue.Check{
						"3": person("active", yes, map[string]knownvalue.Check{"department": knownvalue.StringExact("Engineering"), "given_name": knownvalue.Null(), "manager_chain": knownvalue.Null()}),
						"5": person("leave", yes, nil),
					})),
				},
			},
		},
	})
}

// A condition chooses whom to give, with the whole company behind it: managers are found in every roster.
func TestRosterWhen(t *testing.T) {
	t.Parallel()
	hr := acctest.File(t, "people.csv", hrFile)
	con := acctest.File(t, "contractors.csv", "id,given_name,preferred_given_name,family_name,work_email,department,manager_email,status,employment_type,start_date\n"+
		"c1,Francesca,Fra,Rossi,fra@acme.com,Engineering,bo@acme.com,active,contractor,2026-01-01\nc2,Bo,,Łukasz,BO@acme.com,Consulting,,active,contractor,2026-01-01\n")
	hcl := func(rosters, lines string) string {
		text := rosterHCL(`as_of = "2026-03-15"`, csvAt(hr, ""), lines)
		text = strings.Replace(text, "provider \"tenure\" {", "provider \"tenure\" {\n  roster {\n    name = \"con\"\n"+csvAt(con, "")+"\n  }", 1)
		return strings.Replace(text, `rosters = ["hr"]`, "rosters = "+rosters, 1)
	}
	people := func(ids ...string) statecheck.StateCheck {
		want := map[string]knownvalue.Check{}
		for _, id := range ids {
			want[id] = knownvalue.NotNull()
		}
		return value("data.tenure_roster.hr", "people", knownvalue.MapExact(want))
	}
	field := func(id, name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.tenure_roster.hr", tfjsonpath.New("people").AtMapKey(id).AtMapKey(name), want)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Providers(t),
		Steps: []resource.TestStep{
			{
				Config: hcl(`["hr", "con"]`, `merge_by = ["work_email"]
  when = "'2' in person.manager_chain && person.stage != 'terminated'"
  fields = ["given_name", "manager_id", "manager_chain"]`),
				ConfigStateChecks: []statecheck.StateCheck{
					people("3", "c1"),
					field("c1", "given_name", knownvalue.StringExact("Fra")),
					field("c1", "manager_id", knownvalue.StringExact("2")),
					field("c1", "manager_chain", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("2"), knownvalue.StringExact("1")})),
					field("c1", "department", knownvalue.Null()),
					value("data.tenure_roster.hr", "counts", knownvalue.MapExact(map[string]knownvalue.Check{"active": knownvalue.Int64Exact(1), "pre_hire": knownvalue.Int64Exact(1)})),
				},
			},
			{ // the first roster wins
				Config:            hcl(`["con", "hr"]`, "merge_by = [\"work_email\"]\n  when = \"person.is_manager\""),
				ConfigStateChecks: []statecheck.StateCheck{people("1", "c2"), field("c2", "department", knownvalue.StringExact("Consulting"))},
			},
			{
				Config:      hcl(`["hr", "con"]`, `when = ""`),
				ExpectError: regexp.MustCompile(`(?s)when.*at least 1`),
			},
			{
				Config:      hcl(`["hr", "con"]`, `when = "person.departmnt == 'x' || person.full_time"`),
				ExpectError: regexp.MustCompile(`(?s)When, column 8: person has no field "departmnt".*Did you mean "department"`),
			},
			{
				Config:      hcl(`["hr", "con"]`, `when = "person.department"`),
				ExpectError: regexp.MustCompile(`(?s)yields text, not true or false`),
			},
			{ // whoever cannot be decided is an error here, not somebody who is missing
				Config:      hcl(`["hr", "con"]`, `when = "int(person.employee_number) > 3"`),
				ExpectError: regexp.MustCompile(`(?s)cannot be evaluated for 1`),
			},
		},
	})
}

// Every fault names file, line, column and value, and all of them are told at once.
func TestRosterFaults(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "gone.csv")
	for name, tc := range map[string]struct{ provider, roster, data, want string }{
		"no file": {"", csvAt(missing, ""), "", `(?s)Cannot read .*gone\.csv`},
		"two faults": {
			"", csvAt(acctest.File(t, "a.csv", "person_id,given_name,family_name,work_email,status,start_date\n1,Ana,G,ana@acme.com,active,31/02/2026\n2,Bo,L,bo@acme.com,active\n"), ""), "",
			`(?s)a\.csv:2.*start_date.*31/02/2026.*a\.csv:3`,
		},
		"same id twice": {
			"", csvAt(acctest.File(t, "b.csv", "person_id,given_name,family_name,work_email,status\n7,Ana,G,ana@acme.com,active\n7,Bo,L,bo@acme.com,active\n"), ""), "",
			`(?s)b\.csv:\d.*"7"`,
		},
		"unknown roster":   {"", csvAt(missing, ""), "} \ndata \"tenure_roster\" \"x\" {\n rosters = [\"hrr\"]\n", `(?s)configured names are:\s+hr`},
		"unknown field":    {"", csvAt(missing, ""), `fields = ["salary"]`, `salary`},
		"bad as_of":        {`as_of = "tomorrow"`, csvAt(missing, ""), "", `tomorrow`},
		"bad zone":         {`time_zone = "Europe/Madird"`, csvAt(missing, ""), "", `Europe/Madird`},
		"no kind":          {"", "", "", `needs exactly one kind`},
		"two kinds":        {"", csvAt(missing, "") + "\n    json {\n      path = \"x\"\n    }", "", `csv\s+and\s+json`},
		"bad field_map":    {"", csvAt(missing, `field_map = { work_mail = "E-mail" }`), "", `work_mail`},
		"mapped to no col": {"", csvAt(acctest.File(t, "c.csv", hrFile), `field_map = { title = "Jobtitle" }`), "", `Jobtitle`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Providers(t),
				Steps:                    []resource.TestStep{{Config: rosterHCL(tc.provider, tc.roster, tc.data), ExpectError: regexp.MustCompile(tc.want)}},
			})
		})
	}
}
