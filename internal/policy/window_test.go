package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

func TestAccessWindow(t *testing.T) {
	t.Parallel()
	madrid := in("Europe/Madrid")
	for _, tc := range []struct {
		name   string
		person access.Person
		before int
		at     string
		given  bool
		why    string
	}{
		{"in the middle", person("ana"), 0, "2026-03-31T12:00:00Z", true, `rule "everyone"`},
		{"the evening before", person("ana", starts("2026-04-01"), madrid), 0, "2026-03-31T21:59:59Z", false, "not given: access starts on 2026-04-01 00:00 CEST (start date 2026-04-01)"},
		{"the first moment", person("ana", starts("2026-04-01"), madrid), 0, "2026-03-31T22:00:00Z", true, `rule`},
		{"too early for the lead", person("ana", starts("2026-04-01")), 3, "2026-03-28T23:59:59Z", false, "access starts on 2026-03-29 00:00 UTC (start date 2026-04-01)"},
		{"within the lead", person("ana", starts("2026-04-01")), 3, "2026-03-29T00:00:00Z", true, `rule`},
		{"last day before six", person("ana", ends("2026-03-31"), madrid), 0, "2026-03-31T15:59:59Z", true, `rule`},
		{"last day at six", person("ana", ends("2026-03-31"), madrid), 0, "2026-03-31T16:00:00Z", false, "not given: access ended on 2026-03-31 18:00 CEST (end date 2026-03-31)"},
		{
			"last working day before the end date", person("ana", ends("2026-06-30"), func(p *access.Person) { p.LastWorkingDay = date("2026-03-30") }), 0,
			"2026-03-31T12:00:00Z", false, "(last working day 2026-03-30)",
		},
		{"terminated today", person("ana", ends("2026-03-31"), is(access.StatusTerminated)), 0, "2026-03-31T09:00:00Z", false, "access ended on 2026-03-31 00:00 UTC"},
		{"terminated, nobody says when", person("ana", is(access.StatusTerminated)), 0, "2026-03-31T09:00:00Z", false, "access ended: status terminated"},
		{"never started", person("ana", is(access.StatusNeverStarted)), 0, "2026-03-31T09:00:00Z", false, "the employment never started"},
		{"contractor at contract end", person("ana", contract("2026-03-30")), 0, "2026-03-31T12:00:00Z", false, "(contract end date 2026-03-30)"},
		{"employee past a contract end", person("ana", contract("2026-03-30"), func(p *access.Person) { p.EmploymentType = access.TypeEmployee }), 0, "2026-03-31T12:00:00Z", true, `rule`},
		{"unknown status before the start date", person("ana", is(access.StatusUnknown), starts("2026-04-02")), 0, "2026-03-31T12:00:00Z", false, "access starts on 2026-04-02"},
		{"unknown status", person("ana", is(access.StatusUnknown)), 0, "2026-03-31T12:00:00Z", true, `rule`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := policy.Policy{Rules: []policy.Rule{everyone("slack")}, Timing: policy.Timing{BeforeStartDays: tc.before}}
			r := evaluate(t, p, policy.Input{People: []access.Person{tc.person}, Now: instant(tc.at)})
			if _, ok := r.Apps["slack"].Accounts["ana"]; ok != tc.given {
				t.Errorf("account = %v, want %v", ok, tc.given)
			}
			wantWhy(t, r, "ana", "slack/accounts", tc.why)
			if len(r.Quarantined) > 0 {
				t.Errorf("quarantined: %v", r.Quarantined)
			}
		})
	}
}

func TestUnknownStatusIsReported(t *testing.T) {
	t.Parallel()
	r := run(t, policy.Policy{Rules: []policy.Rule{everyone("slack")}}, person("ana", is(access.StatusUnknown)), person("bob"))
	wantProblems(t, r.Warnings, "unknown_status: the employment status of 1 person is unknown, so their access stays: ana")
}

func TestZoneOfTheProvider(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	r := evaluate(t, policy.Policy{Rules: []policy.Rule{everyone("slack")}}, policy.Input{
		Zone: tokyo, Now: instant("2026-03-31T10:00:00Z"),
		People: []access.Person{person("ana", ends("2026-03-31")), person("bob", ends("2026-03-31"), in("America/New_York"))},
	})
	wantHolds(t, r, "ana") // 19:00 in Tokyo
	wantHolds(t, r, "bob", "slack/accounts")
}

func TestEndOfDayHour(t *testing.T) {
	t.Parallel()
	for hour, want := range map[int]bool{0: false, 12: false, 13: true, 24: true} {
		r := run(t, policy.Policy{Rules: []policy.Rule{everyone("slack")}, Timing: policy.Timing{EndOfDayHour: &hour}}, person("ana", ends("2026-03-31")))
		if got := len(holds(r, "ana")) > 0; got != want {
			t.Errorf("at noon of the last day with end_of_day_hour %d: access %v, want %v", hour, got, want)
		}
	}
}

func TestLeaveOfAbsence(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		how    policy.LeavePolicy
		holds  []string
		active *bool
	}{
		{"", []string{"slack/accounts", "slack/groups/all"}, nil},
		{policy.LeaveKeep, []string{"slack/accounts", "slack/groups/all"}, nil},
		{policy.LeaveSuspend, []string{"slack/accounts", "slack/groups/all"}, new(bool)},
		{policy.LeaveDrop, nil, nil},
	} {
		p := policy.Policy{Timing: policy.Timing{OnLeave: tc.how}, Rules: []policy.Rule{
			{Name: "all", When: "true", Grants: policy.Grants{Groups: map[string][]string{"slack": {"all"}}}},
		}}
		r := run(t, p, person("ana", is(access.StatusLeave)), person("bob"))
		wantHolds(t, r, "ana", tc.holds...)
		if d := cmp.Diff(tc.active, r.Apps["slack"].Accounts["ana"].Active); d != "" {
			t.Errorf("%q: active (-want +got):\n%s", tc.how, d)
		}
		if r.Apps["slack"].Accounts["bob"].Active != nil {
			t.Errorf("%q: active is managed for somebody who is here", tc.how)
		}
		if len(r.Cutoffs) > 0 {
			t.Errorf("%q: a leave is not a departure: %v", tc.how, r.Cutoffs)
		}
		if tc.how == policy.LeaveDrop {
			wantWhy(t, r, "ana", "slack/groups/all", "not given: on leave of absence")
		}
	}
}

func TestStageInConditions(t *testing.T) {
	t.Parallel()
	p := policy.Policy{Timing: policy.Timing{BeforeStartDays: 5}, Rules: []policy.Rule{
		{Name: "before", When: "person.stage == 'pre_hire'", Grants: policy.Grants{Accounts: []string{"onboarding"}}},
		{Name: "here", When: "person.stage in ['active', 'notice']", Grants: policy.Grants{Accounts: []string{"slack"}}},
	}}
	r := run(t, p, person("ana", starts("2026-04-02")), person("bob", ends("2026-05-01")))
	wantHolds(t, r, "ana", "onboarding/accounts")
	wantHolds(t, r, "bob", "slack/accounts")
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		person    access.Person
		overrides []policy.Override
		given     bool
		why       string
		warnings  []string
	}{
		{
			"ends at an instant, at once", person("ana"),
			[]policy.Override{{AccessEndsAt: "2026-03-31T11:59:00Z"}},
			false,
			"access ended on 2026-03-31 11:59 UTC (override: because)", nil,
		},
		{"ends later today", person("ana"), []policy.Override{{AccessEndsAt: "2026-03-31T15:00:00Z"}}, true, "rule", nil},
		{"a date ends at the end of the day", person("ana"), []policy.Override{{AccessEndsAt: "2026-03-31"}}, true, "rule", nil},
		{"an earlier date", person("ana", ends("2026-06-30")), []policy.Override{{AccessEndsAt: "2026-03-30"}}, false, "access ended on 2026-03-30 18:00 UTC (override", nil},
		{
			"an earlier end in spite of unknown status", person("ana", is(access.StatusUnknown)),
			[]policy.Override{{AccessEndsAt: "2026-03-31T11:00:00Z"}},
			false, "override",
			[]string{"unknown_status: "},
		},
		{
			"a later end without expiry", person("ana", contract("2026-03-29")),
			[]policy.Override{{AccessEndsAt: "2026-06-30"}},
			false, "contract end date",
			[]string{`override_not_applied: override "ana": access_ends_at 2026-06-30 is later than the rosters say, and a later end needs expires_at`},
		},
		{"a later end with expiry", person("ana", contract("2026-03-29")), []policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-06-30"}}, true, "rule", nil},
		{"a later end, approved", person("ana", contract("2026-03-29")), []policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-06-30", ApprovedBy: "BOSS@acme.com"}}, true, "rule", nil},
		{
			"a later end, approved by the beneficiary", person("ana", contract("2026-03-29")),
			[]policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-06-30", ApprovedBy: "ana"}},
			false, "contract end date",
			[]string{`exception_unapproved: override "ana": the later end is not applied: approved_by "ana" is the beneficiary`},
		},
		{"a later end that expired", person("ana", contract("2026-03-29")), []policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-03-30"}}, false, "contract end date", nil},
		{"a later end beyond a termination", person("ana", is(access.StatusTerminated)), []policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-06-30"}}, true, "rule", nil},
		{"of two ends the earlier", person("ana"), []policy.Override{{AccessEndsAt: "2026-06-30", ExpiresAt: "2026-07-01"}, {AccessEndsAt: "2026-03-31T10:00:00Z"}}, false, "10:00 UTC", nil},
		{
			"an end that expired gives access back, and says so", person("ana"),
			[]policy.Override{{AccessEndsAt: "2026-03-01", ExpiresAt: "2026-03-30"}},
			true, "rule",
			[]string{`override_not_applied: override "ana": it ended access on 2026-03-01 and expired on 2026-03-30, so the rosters decide again`},
		},
		{"starts earlier", person("ana", starts("2026-05-01")), []policy.Override{{AccessStartsAt: "2026-03-31"}}, true, "rule", nil},
		{
			"starts earlier, approved by nobody known", person("ana", starts("2026-05-01")),
			[]policy.Override{{AccessStartsAt: "2026-03-31", ApprovedBy: "x@y.z"}},
			false, "start date 2026-05-01",
			[]string{`exception_unapproved: override "ana": the earlier start is not applied: approved_by "x@y.z" is nobody in the rosters`},
		},
		{"starts later", person("ana"), []policy.Override{{AccessStartsAt: "2026-04-07"}}, false, "access starts on 2026-04-07 00:00 UTC (override: because)", nil},
		{"of two starts the later", person("ana"), []policy.Override{{AccessStartsAt: "2026-04-07"}, {AccessStartsAt: "2026-04-09"}}, false, "access starts on 2026-04-09", nil},
		{
			"no such person", person("ana"),
			[]policy.Override{{PersonID: "nobody", AccessEndsAt: "2026-03-01"}},
			true, "rule",
			[]string{`unknown_person: override "nobody": person_id: no roster has person "nobody"`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := policy.Policy{Rules: []policy.Rule{everyone("slack")}}
			for _, o := range tc.overrides {
				o.Reason = "because"
				if o.PersonID == "" {
					o.PersonID = "ana"
				}
				p.Overrides = append(p.Overrides, o)
			}
			r := run(t, p, tc.person, person("boss"))
			if got := len(holds(r, "ana")) > 0; got != tc.given {
				t.Errorf("access = %v, want %v", got, tc.given)
			}
			wantWhy(t, r, "ana", "slack/accounts", tc.why)
			wantProblems(t, r.Warnings, tc.warnings...)
		})
	}
}

func TestCutoffs(t *testing.T) {
	t.Parallel()
	p := policy.Policy{
		Rules:     []policy.Rule{everyone("slack")},
		Overrides: []policy.Override{{PersonID: "cut", AccessEndsAt: "2026-03-31T11:00:00Z", Reason: "INC-9"}},
	}
	r := run(t, p, person("ana"),
		person("today", is(access.StatusTerminated), ends("2026-03-31")), person("lately", ends("2026-03-18")), person("long", ends("2026-03-10"), is(access.StatusTerminated)),
		person("noshow", is(access.StatusNeverStarted)), person("unsaid", is(access.StatusTerminated)), person("cut"), person("coming", starts("2026-04-01")))
	want := []policy.Cutoff{
		{PersonID: "cut", At: instant("2026-03-31T11:00:00Z"), Why: "access ended on 2026-03-31 11:00 UTC (override: INC-9)"},
		{PersonID: "lately", At: instant("2026-03-18T18:00:00Z"), Why: "access ended on 2026-03-18 18:00 UTC (end date 2026-03-18)"},
		{PersonID: "today", At: instant("2026-03-31T00:00:00Z"), Why: "access ended on 2026-03-31 00:00 UTC (end date 2026-03-31)"},
	}
	if d := cmp.Diff(want, r.Cutoffs); d != "" {
		t.Errorf("cutoffs (-want +got):\n%s", d)
	}
}
