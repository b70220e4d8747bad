package policy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

func TestUpcoming(t *testing.T) {
	t.Parallel()
	group := func(g string) policy.Grants { return policy.Grants{Groups: map[string][]string{"gh": {g}}} }
	staff := policy.Rule{Name: "staff", When: "person.department == 'Staff'", Grants: group("staff")}
	ana := person("ana", works("Staff"))
	exception := func(by string) policy.Policy {
		return policy.Policy{Exceptions: []policy.Exception{{PersonID: "ana", Reason: "INC", ApprovedBy: by, StartsAt: "2026-04-01", ExpiresAt: "2026-04-03", Grants: group("admins")}}}
	}
	const (
		got  = "+ ana gh/accounts, + ana gh/groups/admins"
		lost = "- ana gh/accounts, - ana gh/groups/admins"
	)
	for _, tc := range []struct {
		name   string
		policy policy.Policy
		people []access.Person
		want   []string // one line per instant
	}{
		{"nothing", policy.Policy{Rules: []policy.Rule{staff}}, []access.Person{ana}, nil},
		{"beyond the horizon", policy.Policy{Rules: []policy.Rule{staff}}, []access.Person{person("ana", works("Staff"), ends("2026-04-07"))}, nil},
		{
			"a departure in the zone of the person",
			policy.Policy{Rules: []policy.Rule{staff}},
			[]access.Person{person("ana", works("Staff"), ends("2026-04-01"), in("Asia/Tokyo"))},
			[]string{"04-01T09:00 - ana gh/accounts, - ana gh/groups/staff"},
		},
		{"an exception begins and expires", exception("bob"), []access.Person{ana, person("bob")}, []string{"04-01T00:00 " + got, "04-04T00:00 " + lost}},
		{"its approver leaves before", exception("bob"), []access.Person{ana, person("bob", ends("2026-04-01"))}, []string{"04-01T00:00 " + got, "04-02T00:00 " + lost}},
		{"its approver comes late", exception("bob"), []access.Person{ana, person("bob", starts("2026-04-02"))}, []string{"04-02T00:00 " + got, "04-04T00:00 " + lost}},
		{
			"an override expires, and access comes back",
			policy.Policy{Rules: []policy.Rule{staff}, Overrides: []policy.Override{{PersonID: "ana", Reason: "r", AccessEndsAt: "2026-03-30", ExpiresAt: "2026-04-02"}}},
			[]access.Person{ana},
			[]string{"04-03T00:00 + ana gh/accounts, + ana gh/groups/staff"},
		},
		{
			"an override ends access at three",
			policy.Policy{Rules: []policy.Rule{staff}, Overrides: []policy.Override{{PersonID: "ana", Reason: "r", AccessEndsAt: "2026-03-31T15:00:00.5Z"}}},
			[]access.Person{ana},
			[]string{"03-31T15:00 - ana gh/accounts, - ana gh/groups/staff"},
		},
		{
			"a waiver expires: held, nothing is lost",
			policy.Policy{
				Rules:     []policy.Rule{{Name: "both", When: "true", Grants: policy.Grants{Groups: map[string][]string{"gh": {"a", "b"}}}}},
				Conflicts: []policy.Conflict{{Name: "c", Grants: []string{"gh/groups/a", "gh/groups/b"}, Waivers: []policy.Waiver{{PersonID: "ana", Reason: "r", ExpiresAt: "2026-04-01"}}}},
			},
			[]access.Person{ana},
			nil,
		},
		{
			"held between, then lost",
			policy.Policy{
				Rules:     []policy.Rule{{Name: "both", When: "true", Grants: policy.Grants{Groups: map[string][]string{"gh": {"a", "b"}}}}},
				Conflicts: []policy.Conflict{{Name: "c", Grants: []string{"gh/groups/a", "gh/groups/b"}, Waivers: []policy.Waiver{{PersonID: "ana", Reason: "r", ExpiresAt: "2026-04-01"}}}},
			},
			[]access.Person{person("ana", ends("2026-04-03"))},
			[]string{"04-03T18:00 - ana gh/accounts, - ana gh/groups/a, - ana gh/groups/b"},
		},
		{
			"a name that is passed on",
			policy.Policy{Rules: []policy.Rule{staff}},
			[]access.Person{person("ana", works("Staff"), ends("2026-04-01"), mail("post@acme.com")), person("bob", works("Staff"), starts("2026-04-02"), mail("post@acme.com"))},
			[]string{"04-01T18:00 - ana gh/accounts, - ana gh/groups/staff", "04-02T00:00 + bob gh/accounts, + bob gh/groups/staff"},
		},
		{
			"a name that is taken twice: both held",
			policy.Policy{Rules: []policy.Rule{staff}},
			[]access.Person{person("ana", works("Staff"), mail("post@acme.com")), person("bob", works("Staff"), starts("2026-04-02"), mail("post@acme.com"))},
			nil,
		},
		{
			"the last report leaves",
			policy.Policy{Rules: []policy.Rule{{Name: "managers", When: "person.is_manager", Grants: group("managers")}}},
			[]access.Person{ana, person("bob", reportsTo("ana"), ends("2026-04-01"))},
			[]string{"04-02T00:00 - ana gh/accounts, - ana gh/groups/managers"},
		},
		{
			"the manager's contract moves under somebody else, and the chain with it",
			policy.Policy{Rules: []policy.Rule{{Name: "chain", When: "'ceo' in person.manager_chain", Grants: group("c")}}},
			[]access.Person{
				person("ceo"), person("other"), person("ana", reportsTo("lead")),
				person("lead", reportsTo("other"), contract("2026-04-01")),
				person("lead", reportsTo("ceo"), starts("2026-04-02"), func(p *access.Person) { p.SourceID = "lead-2" }),
			},
			[]string{"04-01T18:00 + ana gh/accounts, + ana gh/groups/c, + lead gh/accounts, + lead gh/groups/c"},
		},
		{
			"another role in the same group",
			policy.Policy{
				Rules: []policy.Rule{
					{Name: "hire", When: "person.stage == 'pre_hire'", Grants: group("g")},
					{Name: "rest", When: "true", Grants: policy.Grants{GroupRoles: map[string]map[string]string{"gh": {"g": "maintainer"}}}},
				},
				Timing: policy.Timing{BeforeStartDays: 3},
			},
			[]access.Person{person("ana", starts("2026-04-02"))},
			[]string{"04-02T00:00 - ana gh/groups/g, + ana gh/groups/g"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := evaluate(t, tc.policy, policy.Input{People: tc.people, UpcomingDays: 5})
			var lines []string
			last := ""
			for _, c := range r.Upcoming {
				sign := "-"
				if c.Gain {
					sign = "+"
				}
				what := fmt.Sprintf("%s %s %s", sign, c.PersonID, c.Grant)
				if at := c.At.UTC().Format("01-02T15:04"); at == last {
					lines[len(lines)-1] += ", " + what
				} else {
					lines, last = append(lines, at+" "+what), at
				}
				if c.Why == "" {
					t.Errorf("%+v has no reason", c)
				}
			}
			if d := cmp.Diff(tc.want, lines); d != "" {
				t.Errorf("upcoming (-want +got):\n%s", d)
			}
		})
	}
}

func TestUpcomingIsOnRequest(t *testing.T) {
	t.Parallel()
	r := run(t, policy.Policy{Rules: []policy.Rule{everyone("gh")}}, person("ana", ends("2026-04-01")))
	if r.Upcoming != nil {
		t.Errorf("upcoming = %v, although nobody asked", r.Upcoming)
	}
	program := compile(t, policy.Policy{Rules: []policy.Rule{everyone("gh")}})
	if r := program.Evaluate(policy.Input{Now: noon, People: []access.Person{person("ana")}}); r.Reasons != nil {
		t.Errorf("reasons = %v, although nobody asked", r.Reasons)
	}
}
