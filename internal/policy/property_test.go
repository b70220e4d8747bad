package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// company draws a small, messy company around noon, and a policy for it.
type company struct {
	in     policy.Input
	policy policy.Policy
}

func drawCompany(t *rapid.T, tame bool) company {
	var c company
	n := rapid.IntRange(1, 9).Draw(t, "people")
	id := func(label string) string { return fmt.Sprint("p", rapid.IntRange(0, n).Draw(t, label)) } // the last does not exist
	day := func(label string) access.Date {
		return access.DateOf(noon).AddDays(rapid.IntRange(-9, 9).Draw(t, label))
	}
	for i := range n {
		p := person(fmt.Sprint("p", i), in(rapid.SampledFrom([]string{"", "Europe/Madrid", "Asia/Tokyo", "America/Los_Angeles"}).Draw(t, "zone")),
			works(rapid.SampledFrom([]string{"Eng", "Sales", ""}).Draw(t, "department")), reportsTo(id("manager")))
		if rapid.Bool().Draw(t, "starts") {
			p.StartDate = day("start")
		}
		switch rapid.IntRange(0, 5).Draw(t, "end") {
		case 0:
			p.EndDate = day("end date")
		case 1:
			p.EndDate, p.LastWorkingDay = day("end date"), day("last day")
		case 2:
			p.EmploymentType, p.ContractEndDate = access.TypeContractor, day("contract end")
		}
		p.Status = rapid.SampledFrom([]access.Status{
			access.StatusActive, access.StatusActive, access.StatusActive, access.StatusLeave,
			access.StatusTerminated, access.StatusUnknown, access.StatusPreHire, access.StatusNeverStarted,
		}).Draw(t, "status")
		if p.Status == access.StatusPreHire { // years after the start date that is a fault, whose text counts the days
			p.StartDate = day("hire")
		}
		if !tame {
			p.WorkEmail = rapid.SampledFrom([]string{p.WorkEmail, p.WorkEmail, p.WorkEmail, "same@acme.com", ""}).Draw(t, "mail")
		}
		c.in.People = append(c.in.People, p)
		if rapid.IntRange(0, 5).Draw(t, "second") == 0 { // another employment of the same person
			p.SourceID += "-2"
			p.StartDate, p.EndDate, p.LastWorkingDay = day("second start"), access.Date{}, access.Date{}
			p.ManagerID, p.Department, p.Status = id("second manager"), "Second", access.StatusActive
			c.in.People = append(c.in.People, p)
		}
	}
	conditions := []string{
		"true", "person.department == 'Eng'", "person.department != 'Sales'", "person.stage == 'notice'", "person.stage in ['active', 'pre_hire']",
		"person.is_manager", "'p1' in person.manager_chain", "person.manager_email == 'p0@acme.com'", "person.employment_type == 'contractor'", "person.start_date > '2026-03-20'",
	}
	grants := func() policy.Grants {
		g := policy.Grants{
			Accounts: []string{rapid.SampledFrom([]string{"slack", "gh"}).Draw(t, "app")},
			Groups:   map[string][]string{"gh": {rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group")}},
		}
		if !tame {
			g.Licenses = map[string]map[string]string{"figma": {"Design": rapid.SampledFrom([]string{"Full", "Dev"}).Draw(t, "license")}}
			g.Roles = map[string]string{"slack": rapid.SampledFrom([]string{"admin", "guest"}).Draw(t, "role")}
		}
		return g
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
		c.policy.Rules = append(c.policy.Rules, policy.Rule{Name: fmt.Sprint("r", i), When: rapid.SampledFrom(conditions).Draw(t, "when"), Grants: grants()})
	}
	for range rapid.IntRange(0, 3).Draw(t, "exceptions") {
		x := policy.Exception{PersonID: id("beneficiary"), Reason: "r", ApprovedBy: id("approver"), ExpiresAt: day("expires").String(), Grants: grants()}
		if rapid.Bool().Draw(t, "has starts_at") {
			x.StartsAt, x.ExpiresAt = day("starts_at").String(), access.DateOf(noon).AddDays(10).String()
		}
		c.policy.Exceptions = append(c.policy.Exceptions, x)
	}
	c.policy.Timing = policy.Timing{
		BeforeStartDays: rapid.IntRange(0, 4).Draw(t, "lead"),
		OnLeave:         rapid.SampledFrom([]policy.LeavePolicy{policy.LeaveKeep, policy.LeaveSuspend, policy.LeaveDrop}).Draw(t, "leave"),
	}
	if !tame {
		c.policy.Conflicts = []policy.Conflict{{Name: "c", Grants: []string{"gh/groups/a", "gh/groups/b"}, Waivers: []policy.Waiver{
			{PersonID: id("waived"), Reason: "r", ApprovedBy: id("waiver by"), ExpiresAt: day("waiver until").String()},
		}}}
		for range rapid.IntRange(0, 2).Draw(t, "overrides") {
			o := policy.Override{PersonID: id("overridden"), Reason: "r", AccessEndsAt: noon.Add(time.Duration(rapid.IntRange(-99, 99).Draw(t, "hours")) * time.Hour).Format(time.RFC3339)}
			if rapid.Bool().Draw(t, "start instead") {
				o.AccessStartsAt, o.AccessEndsAt = o.AccessEndsAt, ""
			}
			if rapid.Bool().Draw(t, "override expires") {
				o.ExpiresAt, o.ApprovedBy = day("override until").String(), id("override by")
			}
			c.policy.Overrides = append(c.policy.Overrides, o)
		}
		if rapid.Bool().Draw(t, "faulty") {
			c.in.Faults = []roster.Problem{{PersonID: id("faulty id"), Where: "x", Message: "bad"}}
		}
	}
	c.in.Now, c.in.ReadAt, c.in.Reasons, c.in.MaxQuarantined = noon, noon, true, 100
	return c
}

func TestOrderOfPeopleNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, false)
		c.in.UpcomingDays = 12
		program := compileRapid(t, c.policy)
		want := program.Evaluate(c.in)
		c.in.People = rapid.Permutation(c.in.People).Draw(t, "order")
		if d := cmp.Diff(want, program.Evaluate(c.in)); d != "" {
			t.Errorf("another order, another result (-want +got):\n%s", d)
		}
	})
}

func TestAddingARuleNeverRemovesAGrant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, true) // no conflicts, no precedence, a user name for everybody
		before := compileRapid(t, c.policy).Evaluate(c.in)
		rule := policy.Rule{
			Name: "more", When: rapid.SampledFrom([]string{"true", "person.department == 'Eng'", "person.is_manager"}).Draw(t, "when"),
			Grants: policy.Grants{Groups: map[string][]string{"gh": {"a"}, "new": {"b"}}},
		}
		at := rapid.IntRange(0, len(c.policy.Rules)).Draw(t, "at")
		c.policy.Rules = slices.Insert(slices.Clone(c.policy.Rules), at, rule)
		after := compileRapid(t, c.policy).Evaluate(c.in)
		for id := range before.Reasons {
			for _, g := range holds(before, id) {
				if !slices.Contains(holds(after, id), g) {
					t.Errorf("%s loses %s because of another rule: %s", id, g, why(after, id, g))
				}
			}
		}
	})
}

func TestEveryGrantHasAReason(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, false)
		r := compileRapid(t, c.policy).Evaluate(c.in)
		counts := map[string]int{}
		for id, reasons := range r.Reasons {
			for _, x := range reasons {
				if x.Why == "" {
					t.Errorf("%s, %s: no reason", id, x.Grant)
				}
				if x.Given {
					counts[x.Grant]++
				}
			}
		}
		for address, n := range r.Counts {
			if counts[address] != n {
				t.Errorf("%d people hold %s, %d have a reason to", n, address, counts[address])
			}
		}
		for name, app := range r.Apps {
			names := map[string]string{} // user name -> person
			for id, a := range app.Accounts {
				names[a.UserName] = id
				if why(r, id, name+"/accounts") == "" {
					t.Errorf("%s has an account in %s without a reason", id, name)
				}
			}
			for group, members := range app.Groups {
				if len(members) != r.Counts[name+"/groups/"+group] {
					t.Errorf("%s in %s has %d members, %d counted", group, name, len(members), r.Counts[name+"/groups/"+group])
				}
				for user := range members {
					if _, ok := names[user]; !ok {
						t.Errorf("%s is in group %s of %s without an account", user, group, name)
					}
				}
			}
		}
	})
}

func TestNoGrantOutsideTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, true) // no overrides
		c.in.Now = noon.Add(time.Duration(rapid.IntRange(-200, 200).Draw(t, "hours")) * time.Hour)
		o := lifecycle.Options{TimeZone: time.UTC, BeforeStartDays: c.policy.Timing.BeforeStartDays, EndOfDayHour: policy.DefaultEndOfDayHour, ReadAt: c.in.ReadAt}
		r := compileRapid(t, c.policy).Evaluate(c.in)
		for _, p := range lifecycle.Merge(c.in.People, c.in.Now, o) {
			st := lifecycle.At(p, c.in.Now, o)
			if st.Window != lifecycle.WindowOpen && st.Window != lifecycle.WindowUnknown && len(holds(r, p.PersonID)) > 0 {
				t.Errorf("%s holds %v, and the window is %s", p.PersonID, holds(r, p.PersonID), st.Window)
			}
			for _, x := range r.Exceptions {
				if x.PersonID == p.PersonID && x.Status == policy.ExceptionActive && c.in.Now.Before(p.StartDate.In(time.UTC, 0).Add(-14*time.Hour)) {
					t.Errorf("an exception of %s is in force before the start date %s", p.PersonID, p.StartDate)
				}
			}
		}
	})
}

// TestTomorrowAsOfToday: planning for tomorrow shows what running tomorrow gives, and Upcoming names every
// change between, at the instant at which it happens.
func TestTomorrowAsOfToday(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, false)
		program := compileRapid(t, c.policy)
		c.in.UpcomingDays = rapid.IntRange(1, 4).Draw(t, "days")
		today := program.Evaluate(c.in)

		later := c.in
		later.Now = noon.AddDate(0, 0, c.in.UpcomingDays)
		asOf := program.Evaluate(later)
		later.ReadAt = later.Now
		then := program.Evaluate(later)
		asOf.Upcoming, then.Upcoming = nil, nil
		if d := cmp.Diff(then, asOf); d != "" {
			t.Errorf("as of %s (-then +as_of):\n%s", later.Now, d)
		}

		held := map[string]map[string]bool{}
		for id := range today.Reasons {
			held[id] = map[string]bool{}
			for _, g := range holds(today, id) {
				held[id][g] = true
			}
		}
		for _, x := range today.Upcoming {
			if held[x.PersonID] == nil {
				held[x.PersonID] = map[string]bool{}
			}
			if x.Gain == held[x.PersonID][x.Grant] {
				t.Errorf("%+v changes nothing", x)
			}
			held[x.PersonID][x.Grant] = x.Gain
			if x.Why == "" || !x.At.After(noon) || x.At.After(later.Now) {
				t.Errorf("%+v has no reason, or is not upcoming", x)
			}
		}
		quarantined := map[string]bool{}
		for _, q := range then.Quarantined {
			quarantined[q.PersonID] = true
		}
		for id := range then.Reasons {
			if quarantined[id] { // keeps what there was
				continue
			}
			want := holds(then, id)
			got := []string(nil)
			for _, g := range slices.Sorted(maps.Keys(held[id])) {
				if held[id][g] {
					got = append(got, g)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s will hold %v, foreseen was %v; upcoming: %+v", id, want, got, today.Upcoming)
			}
		}
	})
}

// Every upcoming change happens at its instant: a moment before it had not.
func TestUpcomingIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCompany(t, true)
		program := compileRapid(t, c.policy)
		c.in.UpcomingDays = 9
		r := program.Evaluate(c.in)
		if len(r.Upcoming) == 0 {
			return
		}
		x := rapid.SampledFrom(r.Upcoming).Draw(t, "change")
		c.in.UpcomingDays = 0
		c.in.Now = x.At
		if got := slices.Contains(holds(program.Evaluate(c.in), x.PersonID), x.Grant); got != x.Gain {
			t.Errorf("%+v: at that instant held is %v", x, got)
		}
		c.in.Now = x.At.Add(-time.Nanosecond)
		if got := slices.Contains(holds(program.Evaluate(c.in), x.PersonID), x.Grant); got == x.Gain {
			t.Errorf("%+v: a moment before held is %v", x, got)
		}
	})
}

func compileRapid(t *rapid.T, p policy.Policy) *policy.Program {
	program, problems := policy.Compile(p)
	if program == nil {
		t.Fatalf("policy does not compile: %v", problems)
	}
	return program
}
