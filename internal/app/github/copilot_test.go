package github

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func assigned(t testing.TB, o *Org) map[string]string {
	t.Helper()
	out := map[string]string{}
	for a, err := range o.Assignees(t.Context(), CopilotProduct) {
		if err != nil {
			t.Fatal(err)
		}
		out[a.UserName] = a.Via
	}
	return out
}

// Trap: a seat that was taken away stays in the listing until the end of what is paid for: it counts as gone, in the pool too, and is given back when asked for.
func TestTrapCancellationPending(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ref := map[string]access.AccountRef{}
	for _, login := range []string{"ana", "bob", "cid"} {
		ref[login] = access.AccountRef{ID: s.Add(githubtest.User{Login: login, Role: "member"}), UserName: login}
	}
	s.AddSeat(githubtest.Seat{Login: "ana"})
	s.AddSeat(githubtest.Seat{Login: "bob", Ends: "2026-02-01"})
	o := openFor(t, s, Config{Copilot: true}, false)
	same(t, "assigned", map[string]string{"ana": ""}, assigned(t, o))
	for p, err := range o.Pools(t.Context()) {
		if err != nil || p != (access.Pool{Product: CopilotProduct, License: CopilotProduct, Total: -1, Used: 1}) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	s.Reset()
	change := func(login string, remove bool) access.LicenseChange {
		return access.LicenseChange{Account: ref[login], License: CopilotProduct, Remove: remove}
	}
	for i, err := range o.ChangeAssignees(t.Context(), CopilotProduct, []access.LicenseChange{change("bob", false), change("cid", false), change("ana", true), change("cid", false)}) {
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	same(t, "assigned", map[string]string{"bob": "", "cid": ""}, assigned(t, o))
	same(t, "writes", []string{"DELETE /orgs/acme/copilot/billing/selected_users", "POST /orgs/acme/copilot/billing/selected_users"}, writes(s))
	// taking what is taken already sends nothing
	s.Reset()
	if err := o.ChangeAssignees(t.Context(), CopilotProduct, []access.LicenseChange{change("ana", true)})[0]; err != nil {
		t.Error(err)
	}
	same(t, "writes", 0, len(writes(s)))
}

// A seat given through a team says so, and is not taken from one member.
func TestSeatThroughATeam(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := access.AccountRef{ID: s.Add(githubtest.User{Login: "ana", Role: "member"})}
	s.AddTeam(githubtest.Team{Name: "core"})
	s.AddSeat(githubtest.Seat{Login: "ana", Team: "core"})
	s.AddSeat(githubtest.Seat{Login: "nobody yet"}) // waits for somebody who is invited
	o := openFor(t, s, Config{Copilot: true}, false)
	same(t, "assigned", map[string]string{"ana": "the team core"}, assigned(t, o))
	refusal(t, o.ChangeAssignees(t.Context(), CopilotProduct, []access.LicenseChange{{Account: ana, License: CopilotProduct, Remove: true}})[0], fault.Unsupported)
	same(t, "writes", 0, len(writes(s)))
}

// Without copilot in the block nothing is asked; without a subscription the error says so; what GitHub refuses with 422 is a setting.
func TestCopilotNotThere(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := access.AccountRef{ID: s.Add(githubtest.User{Login: "ana", Role: "member"})}
	without := openFor(t, s, Config{}, false)
	for _, c := range []app.Capability{app.ReadLicenses, app.WriteLicenses} {
		if ok, why := app.Supports(without, c); ok || !strings.Contains(why, "copilot") {
			t.Errorf("%s: %v, %s", c, ok, why)
		}
	}
	for p, err := range without.Pools(t.Context()) {
		t.Errorf("%+v, %v", p, err)
	}
	same(t, "requests", 0, len(s.Requests()))
	o := openFor(t, s, Config{Copilot: true}, false)
	assign := func() error {
		return o.ChangeAssignees(t.Context(), CopilotProduct, []access.LicenseChange{{Account: ana, License: CopilotProduct}})[0]
	}
	s.Break("selected_users", apptest.Fault{Status: 422})
	refusal(t, assign(), fault.Unsupported)
	s.NoCopilot = true
	refusal(t, assign(), fault.NotFound)
	for _, err := range o.Pools(t.Context()) {
		refusal(t, err, fault.NotFound)
	}
}

// Trap: a listing that stops short of its own total.
func TestTrapSeatsCutShort(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, nil)
	for i := range 150 {
		login := fmt.Sprint("u", i)
		s.Add(githubtest.User{Login: login, Role: "member"})
		s.AddSeat(githubtest.Seat{Login: login})
	}
	s.DropLinks = true
	var last error
	for _, err := range openFor(t, s, Config{Copilot: true}, false).Assignees(t.Context(), CopilotProduct) {
		last = err
	}
	refusal(t, last, fault.Unavailable)
}

// Refreshing 1,000 accounts, 50 teams of 100 and Copilot takes listings only: 10 pages of members, one each of owners, of invitations that are pending and
// that failed, of outside collaborators and of teams, 50 of team members, 10 of seats and one for the pool. Where GitHub does not tell roles in teams, another 50.
func TestTrapRefreshStorm(t *testing.T) {
	t.Parallel()
	for tells, want := range map[bool]int{true: 76, false: 126} {
		t.Run(fmt.Sprint("told roles ", tells), func(t *testing.T) {
			t.Parallel()
			s := githubtest.New(t, nil) // checking so many rows against the description takes seconds, and other tests do
			s.TellsRoles = tells
			for i := range 1000 {
				login := fmt.Sprint("u", i)
				s.Add(githubtest.User{Login: login, Role: "member"})
				s.AddSeat(githubtest.Seat{Login: login})
			}
			for i := range 50 {
				members := map[string]string{}
				for j := range 100 {
					members[fmt.Sprint("u", i+j)] = "member"
				}
				s.AddTeam(githubtest.Team{Name: fmt.Sprint("team ", i), Members: members})
			}
			o := openFor(t, s, Config{Copilot: true}, false)
			people, members := len(accounts(t, o)), 0
			for g, err := range o.Groups(t.Context(), true) {
				if err != nil {
					t.Fatal(err)
				}
				members += len(membersIn(t, o, g.ID))
			}
			for p, err := range o.Pools(t.Context()) {
				if err != nil || p.Used != 1000 {
					t.Errorf("%+v, %v", p, err)
				}
			}
			same(t, "seen", []int{1000, 5000, 1000}, []int{people, members, len(assigned(t, o))})
			same(t, "requests", want, len(s.Requests()))
			same(t, "requests that write, or ask for one person", 0, len(writes(s))+s.Count("/(memberships|users)/|/user"))
		})
	}
}
