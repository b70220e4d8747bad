package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

// onePage is the company on one page of the design, word for word.
const onePage = `
data "tenure_entitlements" "company" {
  rosters = ["hr", "contractors"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["slack", "wiki"]
    groups   = { slack = ["all-hands"] }
  }
  rule {
    name   = "engineers"
    when   = "person.department == 'Engineering'"
    groups = { gh = ["engineering"] }
  }
  rule {
    name     = "designers"
    when     = "person.title.contains('Designer')"
    licenses = { figma = { "Design" = "Full" } }
  }
  exception {
    person_id   = "1042"
    groups      = { gh = ["prod-admins"] }
    reason      = "INC-77"
    approved_by = "cto@acme.com"
    expires_at  = "2026-12-01"
  }
  conflict {
    name   = "maker-checker"
    grants = ["erp/groups/payments-create", "erp/groups/payments-approve"]
  }
  timing { before_start_days = 3 }
}

resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.company.apps
  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses
  rosters  = ["hr", "contractors"]
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
}
`

const onePageHR = `person_id,given_name,family_name,work_email,title,department,status,employment_type,start_date,end_date
1001,Mia,Costa,cto@acme.com,CTO,Leadership,active,employee,2015-01-01,
1042,Ana,Silva,ana@acme.com,Engineer,Engineering,active,employee,2020-01-01,
1043,Bo,Łukasz,bo@acme.com,Product Designer,Design,active,employee,2021-01-01,
1050,El,Wu,el@acme.com,Designer,Design,active,employee,2021-01-01,
`

const onePageContractors = `person_id,given_name,family_name,work_email,department,status,employment_type,start_date,contract_end_date
c-7,Cy,Nguyễn,cy@acme.com,Engineering,active,contractor,2026-01-01,2026-06-30
`

// holdings is what somebody holds in each app of the one-page company, "inactive" for an account that is.
func (c *company) holdings(userName string) string {
	c.t.Helper()
	var held []string
	for _, name := range []string{"slack", "wiki", "gh", "figma"} {
		app := c.app(name)
		a := app.account(userName)
		switch {
		case a == nil:
			continue
		case !a.Active:
			held = append(held, name+" inactive")
			continue
		}
		held = append(held, name)
		for _, group := range []string{"all-hands", "engineering", "prod-admins"} {
			if app.members(group)[userName] != "" {
				held = append(held, group)
			}
		}
		if name == "figma" && app.assignees("Design")[userName] != "" {
			held = append(held, app.assignees("Design")[userName])
		}
	}
	return strings.Join(held, " ")
}

// The company on one page works as it is written. A hire, a move, a contract's end and an expiry then change the
// plan, and nobody touches the code.
func TestOnePageCompany(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Write("hr.csv", onePageHR)
	c.Write("contractors.csv", onePageContractors)
	c.Write("slack.json", `{"groups": [{"id": "g1", "name": "all-hands", "members": {}}]}`)
	c.Write("gh.json", `{"groups": [{"id": "g1", "name": "engineering", "members": {}}, {"id": "g2", "name": "prod-admins", "members": {}}]}`)
	c.Write("figma.json", `{"licenses": [{"product": "Design", "license": "Full", "total": 5}]}`)
	config := func(asOf string) {
		provider := providerHCL(asOf, "  roster {\n    name = \"contractors\"\n    csv {\n      path = \"contractors.csv\"\n    }\n  }\n", "slack", "wiki", "gh", "figma", "erp")
		c.Config(provider + onePage)
	}
	holds := func(want map[string]string) {
		t.Helper()
		for who, held := range want {
			if got := c.holdings(who + "@acme.com"); got != held {
				t.Errorf("%s holds %q, want %q", who, got, held)
			}
		}
	}
	changes := func(apps ...string) {
		t.Helper()
		want := map[string]string{}
		for _, app := range apps {
			want[fmt.Sprintf("tenure_app_access.this[%q]", app)] = "update"
		}
		_, plan := c.Plan()
		if d := cmp.Diff(want, acctest.Changes(plan)); d != "" {
			t.Errorf("changes (-want +got):\n%s", d)
		}
	}
	config(now)
	c.Apply()
	before := map[string]string{
		"cto": "slack all-hands wiki", "ana": "slack all-hands wiki gh engineering prod-admins",
		"bo": "slack all-hands wiki figma Full", "cy": "slack all-hands wiki gh engineering", "di": "",
	}
	holds(before)
	_, plan := c.Plan()
	d := dataOf(t, plan, "data.tenure_entitlements.company")
	if d.Counts["figma/licenses/Design/Full"] != 2 || d.Counts["slack/groups/all-hands"] != 5 {
		t.Errorf("counts %v", d.Counts)
	}
	if d.Reasons != nil || d.Quarantined != nil || d.Upcoming != nil {
		t.Error("results that nobody asked for are in state")
	}

	// A hire who starts in three days, and a designer who becomes an engineer.
	hr := strings.Replace(onePageHR, "Product Designer,Design", "Engineer,Engineering", 1) +
		"1044,Di,Öz,di@acme.com,Engineer,Engineering,pre_hire,employee,2026-03-07,\n"
	c.Write("hr.csv", hr)
	changes("slack", "wiki", "gh", "figma")
	c.Apply()
	holds(map[string]string{"di": "slack all-hands wiki gh engineering", "bo": "slack all-hands wiki gh engineering figma inactive", "ana": before["ana"]})

	// On the first day nothing changes any more. The contract ends at the end of its last day, and no line of
	// anything changes.
	c.Write("hr.csv", strings.Replace(hr, "pre_hire", "active", 1))
	config("2026-06-30T17:59:00Z")
	changes()
	config("2026-06-30T18:00:00Z")
	changes("slack", "wiki", "gh")
	c.Apply()
	holds(map[string]string{"cy": "slack inactive wiki inactive gh inactive", "ana": before["ana"]})

	// The exception covers its last day, and then is inert. It was the only one, so the brake asks before the group
	// is emptied.
	config("2026-12-01T23:59:00Z")
	changes()
	config("2026-12-02T00:00:00Z")
	out, _ := c.Try("plan")
	says(t, flatten(out), "Cannot take this much away from groups/prod-admins in gh", "ana@acme.com", "approved_removals")
}
