package github

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/github/githubtest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func refusal(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != want {
		t.Fatalf("the error is %v, want the kind %q", err, want.Error())
	}
	if strings.Contains(err.Error(), githubtest.Token) {
		t.Errorf("the error repeats GitHub's text: %v", err)
	}
}

func accounts(t testing.TB, o *Org) map[string]access.Account {
	t.Helper()
	out := map[string]access.Account{}
	for a, err := range o.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[a.UserName]; twice {
			t.Errorf("%s is listed twice", a.UserName)
		}
		out[a.UserName] = a
	}
	return out
}

func membersIn(t testing.TB, o *Org, team string) map[string]access.Member {
	t.Helper()
	out := map[string]access.Member{}
	for m, err := range o.Members(t.Context(), team) {
		if err != nil {
			t.Fatal(err)
		}
		out[m.UserName] = m
	}
	return out
}

// methods are the requests less those that read.
func writes(s *githubtest.Server) []string {
	return slices.DeleteFunc(s.Lines(), func(l string) bool { return strings.HasPrefix(l, "GET ") })
}

func ask(login string) access.AccountSpec {
	return access.AccountSpec{Values: map[access.Field]string{access.UserName: login}}
}

// Trap: GitHub's default page of 30, or 10, read as everything (integrations/terraform-provider-github#1097).
func TestTrapDefaultPageSize(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	for i := range 120 {
		s.Add(githubtest.User{Login: fmt.Sprint("u", i), Role: "member"})
	}
	same(t, "accounts", 120, len(accounts(t, openFor(t, s, Config{}, false))))
	for _, l := range s.Lines() {
		if !strings.Contains(l, "per_page=100") {
			t.Errorf("%s leaves the size of the page to GitHub", l)
		}
	}
}

// Trap: a part of a listing taken for all of it, and the rest removed (ssosync#278). A page that fails ends the listing with
// an error, whichever of the five listings it belongs to.
func TestTrapPartialListing(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"/invitations", "role=admin", "role=member", "/outside_collaborators", "/failed_invitations"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			s := githubtest.New(t, nil)
			s.Add(githubtest.User{Login: "ana", Role: "member"})
			s.Break(part, apptest.Fault{Status: 503})
			var last error
			for _, err := range openFor(t, s, Config{}, false).Accounts(t.Context(), access.AccountFilter{}) {
				last = err
			}
			refusal(t, last, fault.Unavailable)
		})
	}
}

// Trap: who is in no organization sees its public members, with status 200, as if these were all; and what a credential may not see
// is "not found" and not forbidden. Neither is ever "gone".
func TestTrapNotFoundIsNotPermitted(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, nil)
	id := s.Add(githubtest.User{Login: "ana", Role: "member"})
	team := s.AddTeam(githubtest.Team{Name: "core"})
	s.Outsider = true
	o := openFor(t, s, Config{Copilot: true}, false)
	for _, err := range o.Accounts(t.Context(), access.AccountFilter{}) {
		refusal(t, err, fault.Forbidden)
	}
	refusal(t, o.Check(t.Context()), fault.Forbidden)
	_, err := o.Account(t.Context(), access.AccountRef{ID: id})
	refusal(t, err, fault.Forbidden)
	refusal(t, o.RetireAccount(t.Context(), access.AccountRef{ID: id, UserName: "ana"}, access.Deactivate), fault.Forbidden)
	_, err = o.Group(t.Context(), team)
	refusal(t, err, fault.Forbidden)
	refusal(t, o.DeleteGroup(t.Context(), team), fault.Forbidden)
	for _, err := range o.Assignees(t.Context(), CopilotProduct) {
		refusal(t, err, fault.Forbidden)
	}
	_, err = o.CreateAccount(t.Context(), ask("ana"))
	refusal(t, err, fault.Forbidden)

	// an organization that does not exist, or is hidden altogether
	cfg := Config{Name: "gh", Organization: "acmme", BaseURL: s.URL, Token: githubtest.Token, MaxRetries: new(0)}
	typo, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, typo.Check(t.Context()), fault.Invalid)
}

// Trap: a 404 to a removal believed at once. The organization is looked at again.
func TestTrapNotFoundToRemoval(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	id := s.Add(githubtest.User{Login: "ana", Role: "member"})
	o := openFor(t, s, Config{}, false)
	accounts(t, o)
	s.Break("^DELETE ", apptest.Fault{Status: 404})
	refusal(t, o.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate), fault.Unconfirmed)
	s.Change("ana", func(u *githubtest.User) { u.Role = "" }) // gone in the meantime
	if err := o.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate); err != nil {
		t.Error(err)
	}
}

// Trap: logins keep their case and ignore it: a difference for ever (integrations/terraform-provider-github#196, #1968).
func TestTrapLoginCase(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	id := s.Add(githubtest.User{Login: "OctoCat", Role: "member"})
	o := openFor(t, s, Config{}, false)
	if !o.Info().UserNamesFoldCase {
		t.Error("names that differ in case only are the same")
	}
	for a, err := range o.Accounts(t.Context(), access.AccountFilter{Field: access.UserName, Value: "octocat"}) {
		if err != nil || a.UserName != "OctoCat" || a.ID != id {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if _, err := o.UpdateAccount(t.Context(), access.AccountRef{ID: id}, ask("octocat")); err != nil {
		t.Error(err)
	}
	_, err := o.CreateAccount(t.Context(), ask("OCTOCAT"))
	refusal(t, err, fault.Exists)
	same(t, "mails", 0, s.Mails())
}

// Trap: a login changes and somebody else takes the old one (a rename taken for a deletion and a creation, idp-scim-sync#57). The number
// decides, and nothing is done to the new bearer of the name.
func TestTrapRename(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := s.Add(githubtest.User{Login: "ana", Role: "member"})
	o := openFor(t, s, Config{}, false)
	accounts(t, o)
	s.Change("ana", func(u *githubtest.User) { u.Login = "ana-new" })
	squatter := s.Add(githubtest.User{Login: "ana", Role: "member"})
	got, err := o.Account(t.Context(), access.AccountRef{ID: ana})
	if err != nil || got.UserName != "ana-new" || got.ID != ana {
		t.Fatalf("%+v, %v", got, err)
	}
	// a run that has seen nothing yet asks by the number
	fresh := openFor(t, s, Config{}, false)
	if err := fresh.RetireAccount(t.Context(), access.AccountRef{ID: ana, UserName: "ana"}, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	for _, u := range s.Users() {
		if still := u.Role != ""; still != (strconv.FormatInt(u.ID, 10) == squatter) {
			t.Errorf("%s with id %d has the role %q", u.Login, u.ID, u.Role)
		}
	}
	_, err = o.UpdateAccount(t.Context(), access.AccountRef{ID: squatter}, ask("another"))
	refusal(t, err, fault.Unsupported)
}

// Trap: 429, and 403 in its place, not waited for (integrations/terraform-provider-github#2557): the primary limit by its counter, the
// secondary one by Retry-After or by the page of the documentation that the answer names.
func TestTrapRateLimits(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]map[string]string{
		"429":                  {"status": "429", "Retry-After": "0"},
		"secondary, with time": {"status": "403", "Retry-After": "0"},
		"secondary, without":   {"status": "403", "page": "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"},
		"primary":              {"status": "403", "X-Ratelimit-Limit": "5000", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": strconv.FormatInt(time.Now().Unix()-1, 10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := githubtest.New(t, nil)
			s.Add(githubtest.User{Login: "ana", Role: "member"})
			s.Add(githubtest.User{Login: "bob"})
			s.Refuse(func(w http.ResponseWriter) {
				for k, v := range headers {
					if k != "status" && k != "page" {
						w.Header().Set(k, v)
					}
				}
				status, _ := strconv.Atoi(headers["status"])
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, `{"message":"You have exceeded something","documentation_url":%q}`, headers["page"])
			})
			// the first try of everything is refused, the invitation's too
			o := openFor(t, s, Config{}, true)
			same(t, "accounts", 1, len(accounts(t, o)))
			if _, err := o.CreateAccount(t.Context(), ask("bob")); err != nil {
				t.Fatal(err)
			}
			same(t, "invitations", 1, s.Mails())
		})
	}
}

// Trap: a 403 for want of single sign-on is about the token, and a plain one about a permission; neither is a limit.
func TestTrapForbiddenIsNotALimit(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, nil)
	o := openFor(t, s, Config{}, true)
	s.Break("invitations", apptest.Fault{Status: 403})
	refusal(t, o.Check(t.Context()), fault.Forbidden)
	same(t, "requests", 1, len(s.Requests()))
	s.Headers = func(h http.Header) {
		h.Set("X-Github-Sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=secret")
	}
	err := o.Check(t.Context())
	refusal(t, err, fault.Forbidden)
	if !strings.Contains(err.Error(), "sso_required") || strings.Contains(err.Error(), "authorization_request") {
		t.Error(err)
	}
}

// Trap: links to the next page lead the credential to another host.
func TestTrapLinkToAnotherHost(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	other := githubtest.New(t, nil)
	s.PageSize, s.LinkHost = 2, other.URL
	for i := range 5 {
		s.Add(githubtest.User{Login: fmt.Sprint("u", i), Role: "member"})
	}
	same(t, "accounts", 5, len(accounts(t, openFor(t, s, Config{}, false))))
	same(t, "requests to the other host", 0, len(other.Requests()))
	for _, r := range s.Requests() {
		if r.Header.Get("X-Github-Api-Version") != apiVersion || r.Header.Get("Accept") != "application/vnd.github+json" {
			t.Errorf("%s %s has the headers %v", r.Method, r.Path, r.Header)
		}
	}
}

// Trap: a membership that two writers fight over (integrations/terraform-provider-github#2470): a team that an identity provider or the enterprise
// fills. What the API tells is read-only before anything is sent; the rest refuses with 403.
func TestTrapFlappingMembership(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, described(t))
	ana := access.AccountRef{ID: s.Add(githubtest.User{Login: "ana", Role: "member"})}
	enterprise := s.AddTeam(githubtest.Team{Name: "everybody", Type: "enterprise"})
	synced := s.AddTeam(githubtest.Team{Name: "from the provider", Synced: true, Members: map[string]string{"ana": "member"}})
	o := openFor(t, s, Config{}, false)
	accounts(t, o)
	for g, err := range o.Groups(t.Context(), false) {
		if err != nil || (g.ReadOnly != "") != (g.ID == enterprise) {
			t.Errorf("%+v, %v", g, err)
		}
	}
	refusal(t, o.ChangeMembers(t.Context(), enterprise, []access.MemberChange{{Account: ana}})[0], fault.Unsupported)
	same(t, "writes", 0, len(writes(s)))
	for _, remove := range []bool{false, true} {
		err := o.ChangeMembers(t.Context(), synced, []access.MemberChange{{Account: ana, Remove: remove}})[0]
		refusal(t, err, fault.Forbidden)
		if !strings.Contains(err.Error(), "identity provider") {
			t.Error(err)
		}
	}
}
