package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/okta/oktatest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func profileOf(name string) map[string]any {
	return map[string]any{"login": name + "@acme.example", "email": name + "@acme.example", "firstName": name, "lastName": "Example", "employeeNumber": "p-" + name}
}

func newcomer(name string) access.AccountSpec {
	return access.AccountSpec{Values: map[access.Field]string{
		access.UserName: name + "@acme.example", access.Email: name + "@acme.example", access.GivenName: name, access.FamilyName: "Example", access.PersonID: "p-" + name,
	}}
}

// directory opens an organization.
func directory(t *testing.T, cfg Config) (*oktatest.Server, *Directory) {
	t.Helper()
	s := oktatest.New(t, described(t))
	return s, openFor(t, s, cfg, false).(*Directory)
}

func fails(t *testing.T, err error, kind fault.Kind, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, p := range parts {
		var f *fault.Error
		errors.As(err, &f)
		if text := err.Error() + " " + f.State + " " + f.Next; !strings.Contains(text, p) {
			t.Errorf("the error does not say %q: %s", p, text)
		}
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// Trap: the plain listing omits DEPROVISIONED users; "not in the list" then ends in a creation that is refused.
func TestTrapListOmitsDeprovisioned(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	for status := range statuses() {
		s.AddUser(oktatest.User{Status: status, Profile: profileOf(strings.ToLower(status))})
	}
	active := map[string]bool{}
	for a, err := range d.Accounts(t.Context(), access.AccountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		active[strings.ToUpper(a.Status)] = a.Active
	}
	same(t, "statuses listed, and whether they count as active", statuses(), active)
	got, err := collect(d, t, access.AccountFilter{Field: access.UserName, Value: "DEPROVISIONED@acme.example"})
	if err != nil || len(got) != 1 || got[0].Active {
		t.Errorf("the lookup before a creation finds %+v, %v", got, err)
	}
	_, err = d.CreateAccount(t.Context(), newcomer("deprovisioned"))
	fails(t, err, fault.Exists, "deprovisioned")
}

func collect(d *Directory, t *testing.T, f access.AccountFilter) (list []access.Account, failed error) {
	t.Helper()
	for a, err := range d.Accounts(t.Context(), f) {
		if err != nil {
			return list, err
		}
		list = append(list, a)
	}
	return list, nil
}

// The listing names every status that Okta's description has: one that it did not name would be missing.
func TestListingNamesEveryStatusOfTheDescription(t *testing.T) {
	t.Parallel()
	apptest.OpenAPI(t, "okta.json") // skips where there is none
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Enum []string }
		}
	}
	dir := os.Getenv(apptest.SpecsEnv)
	for up := "."; dir == "" && len(up) < 40; up = filepath.Join("..", up) {
		if _, err := os.Stat(filepath.Join(up, "shared", "specs", "okta.json")); err == nil {
			dir = filepath.Join(up, "shared", "specs")
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "okta.json"))
	if err != nil {
		t.Skipf("not checked: %v", err)
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	want := doc.Components.Schemas["UserStatus"].Enum
	slices.Sort(want)
	same(t, "statuses", want, slices.Sorted(maps.Keys(statuses())))
}

// Trap: search lags behind what was written; nothing that decides is asked of it.
func TestTrapSearchIsEventuallyConsistent(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	if _, err := d.CreateAccount(t.Context(), newcomer("ana")); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(d, t, access.AccountFilter{Field: access.UserName, Value: "ana@acme.example"}); err != nil {
		t.Fatal(err)
	}
	_, err := collect(d, t, access.AccountFilter{Field: access.PersonID, Value: "p-ana"})
	fails(t, err, fault.Unsupported)
	for _, r := range s.Requests() {
		if strings.Contains(r.Query, "search=") || strings.Contains(r.Query, "q=") {
			t.Errorf("a search was sent: %s?%s", r.Path, r.Query)
		}
	}
}

// Trap: reading right after creating answers 404 (okta/terraform-provider-okta#647).
func TestTrapReadAfterCreateIs404(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	d.patience = []time.Duration{0, 0, 0}
	s.Lag = 2
	got, err := d.CreateAccount(t.Context(), newcomer("ana"))
	if err != nil || !got.Active || got.Status != "provisioned" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if n := s.Count("POST", "/users$"); n != 1 {
		t.Errorf("the creating request was sent %d times", n)
	}
	// What somebody else made, or deleted, is not waited for.
	s.Reset()
	_, err = d.Account(t.Context(), access.AccountRef{ID: "00unobody"})
	fails(t, err, fault.NotFound)
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests for an account that is gone", n)
	}
}

// Trap: a group does not know a user who was just created (okta/terraform-provider-okta#31).
func TestTrapMemberAddedBeforeCreationSettles(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	d.patience = []time.Duration{0, 0, 0, 0}
	name := "newcomers"
	s.Lag = 2
	g, err := d.CreateGroup(t.Context(), access.GroupSpec{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.CreateAccount(t.Context(), newcomer("ana"))
	if err != nil {
		t.Fatal(err)
	}
	if errs := d.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: a.Ref()}}); errs[0] != nil {
		t.Fatal(errs[0])
	}
	same(t, "members", []string{a.ID}, s.Groups()[0].Members)
}

// Trap: the listing shows a group that has been destroyed (okta/terraform-provider-okta#1686).
func TestTrapListShowsDestroyedGroup(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "admins"}})
	if err := d.DeleteGroup(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	s.AddGroup(oktatest.Group{ID: id, Profile: map[string]any{"name": "admins"}}) // as the stale listing has it
	s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "others"}})
	var names []string
	for g, err := range d.Groups(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, g.Name)
	}
	same(t, "groups", []string{"others"}, names)
}

// Trap: "created" is answered when any member is visible (okta/terraform-provider-okta#2936): each change stands for itself.
func TestTrapEachMemberIsProvenByItself(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "admins"}})
	var changes []access.MemberChange
	for i := range 20 {
		changes = append(changes, access.MemberChange{Account: access.AccountRef{ID: s.AddUser(oktatest.User{Profile: profileOf(fmt.Sprint("u", i))})}})
	}
	s.Break("PUT", "/users/"+changes[7].Account.ID+"$", apptest.Fault{Status: 500})
	errs := d.ChangeMembers(t.Context(), id, changes)
	for i, err := range errs {
		if (err != nil) != (i == 7) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if n := len(s.Groups()[0].Members); n != 19 {
		t.Errorf("%d members, want 19", n)
	}
	if n := s.Count("PUT", "/users/"); n != 20 {
		t.Errorf("%d requests for 20 changes", n)
	}
}

// Trap: memberships and assignments were paged wrongly (okta/terraform-provider-okta PR#810, PR#1125): the next page is
// told in one of several Link header lines, and its cursor is opaque.
func TestTrapSeveralLinkHeaders(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	s.PageSize = 7
	var members []string
	for i := range 50 {
		members = append(members, s.AddUser(oktatest.User{Profile: profileOf(fmt.Sprint("u", i))}))
	}
	id := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "all"}, Members: members})
	var got []string
	for m, err := range d.Members(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.AccountID)
	}
	same(t, "members", members, got)
	for _, tt := range []struct {
		lines []string
		want  string
	}{
		{[]string{`<https://x/api/v1/users?limit=2>; rel="self"`, `<https://x/api/v1/users?after=00u%2B1%3D&limit=2>; rel="next"`}, "after=00u%2B1%3D&limit=2"},
		{[]string{`<https://x/u?limit=2>; rel="self", <https://x/u?after=a>; rel=next`}, "after=a"},
		{[]string{`<https://x/u?next=1>; rel="self"`}, ""},
		{nil, ""},
	} {
		q, more, err := nextPage(tt.lines)
		if err != nil || more != (tt.want != "") || more && encode(q) != tt.want {
			t.Errorf("%q: %v %v %v, want %q", tt.lines, q, more, err, tt.want)
		}
	}
}

// Trap: BUILT_IN and APP_GROUP groups cannot be written (okta/terraform-provider-okta#118).
func TestTrapBuiltInAndAppGroupsAreReadOnly(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	for _, kind := range []string{"BUILT_IN", "APP_GROUP", "OKTA_GROUP"} {
		s.AddGroup(oktatest.Group{Type: kind, Profile: map[string]any{"name": strings.ToLower(kind)}})
	}
	for g, err := range d.Groups(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		if writable := g.ReadOnly == ""; writable != (g.Name == "okta_group") {
			t.Errorf("%s: read only because %q", g.Name, g.ReadOnly)
		}
		name := g.Name + "2"
		if _, err := d.UpdateGroup(t.Context(), g.ID, access.GroupSpec{Name: &name}); g.ReadOnly != "" {
			fails(t, err, fault.Unsupported, "Nothing was sent")
		} else if err != nil {
			t.Error(err)
		}
	}
	if n := s.Count("PUT", ""); n != 1 {
		t.Errorf("%d groups were written, want one", n)
	}
}

// Trap: renaming a group by PUT empties the properties that a company added to its profile.
func TestTrapPutEmptiesTheRestOfAGroup(t *testing.T) {
	t.Parallel()
	s := oktatest.New(t, apptest.FindOpenAPI(t, "okta.json", apptest.Deviation{
		Contains: "no property .profile.costCenter", Why: "the description does not say that companies add properties to the profile of groups",
	}))
	d := openFor(t, s, Config{}, false).(*Directory)
	id := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "a", "description": "who", "costCenter": "7"}})
	name := "b"
	if _, err := d.UpdateGroup(t.Context(), id, access.GroupSpec{Name: &name}); err != nil {
		t.Fatal(err)
	}
	same(t, "profile", map[string]any{"name": "b", "description": "who", "costCenter": "7"}, s.Groups()[0].Profile)
}

// Trap: the first DELETE only deactivates, and answers like the second.
func TestTrapDeleteTwice(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]int{"ACTIVE": 2, "SUSPENDED": 2, "DEPROVISIONED": 1} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s, d := directory(t, Config{})
			id := s.AddUser(oktatest.User{Status: status, Profile: profileOf("ana")})
			for range 2 {
				if err := d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Delete); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.Count("DELETE", "/users/"); n != want+1 {
				t.Errorf("%d DELETEs, want %d and one for an account that is gone", n, want)
			}
			if len(s.Users()) > 0 {
				t.Errorf("left: %+v", s.Users())
			}
			// the login is free again
			if _, err := d.CreateAccount(t.Context(), newcomer("ana")); err != nil {
				t.Error(err)
			}
		})
	}
}

// Trap: POST without a body needs Content-Length: 0, else 411.
func TestTrapContentLengthOfBodylessPost(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Profile: profileOf("ana")})
	gid := s.AddGroup(oktatest.Group{Profile: map[string]any{"name": "admins"}})
	if err := errors.Join(d.ChangeMembers(t.Context(), gid, []access.MemberChange{{Account: access.AccountRef{ID: id}}})...); err != nil {
		t.Fatal(err)
	}
	if err := d.RetireAccount(t.Context(), access.AccountRef{ID: id}, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		if r.Method != http.MethodGet && r.Method != http.MethodDelete && (!r.HasLength || r.Body != "") {
			t.Errorf("%s %s: Content-Length %v, body %q", r.Method, r.Path, r.HasLength, r.Body)
		}
	}
}

// Trap: Okta cannot keep characters of four bytes.
func TestTrapEmoji(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	want := newcomer("ana")
	want.Values[access.DisplayName] = "Ana 🎉"
	_, err := d.CreateAccount(t.Context(), want)
	fails(t, err, fault.Invalid, "display_name", "Nothing was sent")
	if n := len(s.Requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Trap: no mail may leave because a plan was applied: the defaults of Okta would send some.
func TestTrapMailByDefault(t *testing.T) {
	t.Parallel()
	for _, mail := range []bool{false, true} {
		t.Run(fmt.Sprint(mail), func(t *testing.T) {
			t.Parallel()
			s, d := directory(t, Config{SendActivationEmail: mail})
			a, err := d.CreateAccount(t.Context(), newcomer("ana"))
			if err != nil {
				t.Fatal(err)
			}
			yes, no := true, false
			for _, active := range []*bool{&no, &yes} {
				if a, err = d.UpdateAccount(t.Context(), a.Ref(), access.AccountSpec{Active: active}); err != nil || a.Active != *active {
					t.Fatalf("%+v, %v", a, err)
				}
			}
			if err := d.RetireAccount(t.Context(), a.Ref(), access.Delete); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{false: 0, true: 2}[mail]; s.Mails() != want {
				t.Errorf("%d mails were sent, want %d", s.Mails(), want)
			}
		})
	}
}

// Trap: too many requests at once are refused with a limit of 0, a rest of 0 and an estimate of the time; there is no
// Retry-After. The request is repeated after that time, also one that creates.
func TestTrapConcurrencyLimit(t *testing.T) {
	t.Parallel()
	s := oktatest.New(t, described(t))
	d := openFor(t, s, Config{}, true).(*Directory)
	s.Headers = func(h http.Header) {
		h.Set("X-Rate-Limit-Limit", "0")
		h.Set("X-Rate-Limit-Remaining", "0")
		h.Set("X-Rate-Limit-Reset", fmt.Sprint(time.Now().Unix()-1))
	}
	s.Break("POST", "/users$", apptest.Fault{Status: 429, Times: 1})
	if _, err := d.CreateAccount(t.Context(), newcomer("ana")); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("POST", "/users$"); n != 2 || len(s.Users()) != 1 {
		t.Errorf("%d requests, %d users", n, len(s.Users()))
	}
}

// Trap: logins keep their case, and differ by more than case only.
func TestTrapCaseOfLogins(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	p := profileOf("ana")
	p["login"] = "Ana@ACME.example"
	s.AddUser(oktatest.User{Profile: p})
	got, err := collect(d, t, access.AccountFilter{Field: access.UserName, Value: "ana@acme.example"})
	if err != nil || len(got) != 1 || got[0].UserName != "Ana@ACME.example" {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = d.CreateAccount(t.Context(), newcomer("ana"))
	fails(t, err, fault.Exists)
	if !d.Info().UserNamesFoldCase {
		t.Error("callers would see a difference where there is none")
	}
}

// Trap: a rename follows the id and is one request, never a new account.
func TestTrapRenameKeepsTheID(t *testing.T) {
	t.Parallel()
	s, d := directory(t, Config{})
	id := s.AddUser(oktatest.User{Profile: profileOf("ana")})
	s.AddUser(oktatest.User{Profile: profileOf("bob")})
	rename := func(to string) (access.Account, error) {
		return d.UpdateAccount(t.Context(), access.AccountRef{ID: id, UserName: "ana@acme.example"}, access.AccountSpec{Values: map[access.Field]string{access.UserName: to}})
	}
	if got, err := rename("anna@acme.example"); err != nil || got.ID != id || got.UserName != "anna@acme.example" {
		t.Fatalf("%+v, %v", got, err)
	}
	same(t, "requests", []string{"POST /api/v1/users/" + id}, s.Lines())
	_, err := rename("BOB@acme.example")
	fails(t, err, fault.Exists, "has this user name already")
	if _, err := rename("ANNA@acme.example"); err != nil {
		t.Errorf("a change of case: %v", err)
	}
}

// Trap: an assignment through a group cannot be taken away by itself; assigning again would make it the user's own.
func TestTrapAssignmentByGroup(t *testing.T) {
	t.Parallel()
	s, opened, _, bob := application(t, Config{AppID: "0oawiki"})
	a := opened.(*Assignments)
	fails(t, a.RetireAccount(t.Context(), bob, access.Deactivate), fault.Unsupported, "group staff", "Nothing was written")
	for _, r := range s.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s was sent", r.Method, r.Path)
		}
	}
}
