package googleworkspace

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/googleworkspace/googletest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Each test here is named after a way in which other tools were caught out by Google.

// googleworkspace#162, #213, #286, #304: right after a creation Google answers 404, or 403, for what it has just made.
func TestNotFoundOrForbiddenRightAfterCreate(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, nil, googletest.Options{})
			e.patience = []time.Duration{0, 0, 0}
			name := "late"
			g, err := e.CreateGroup(t.Context(), access.GroupSpec{Name: &name})
			if err != nil {
				t.Fatal(err)
			}
			acc, err := e.CreateAccount(t.Context(), newcomer("ana"))
			if err != nil {
				t.Fatal(err)
			}
			e.Hide(g.ID, 2, status)
			if err := e.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: acc.Ref()}})[0]; err != nil {
				t.Errorf("a group that shows up later: %v", err)
			}
			e.Hide(acc.ID, 3, status)
			if _, err := e.Account(t.Context(), acc.Ref()); err != nil {
				t.Errorf("an account that shows up later: %v", err)
			}
			e.Hide(g.ID, 2, status)
			if got := collect(t, e.App.Members(t.Context(), g.ID)); len(got) != 1 {
				t.Errorf("members %v", got)
			}
			// It is waited for within bounds, and then nothing is concluded.
			e.Hide(acc.ID, 99, status)
			_, err = e.Account(t.Context(), acc.Ref())
			wantKind(t, err, fault.Unavailable)
			wantKind(t, e.RetireAccount(t.Context(), acc.Ref(), access.Deactivate), fault.Unconfirmed)
			e.Hide(g.ID, 99, status)
			bob := e.person("bob", nil)
			wantKind(t, e.ChangeMembers(t.Context(), g.ID, []access.MemberChange{{Account: bob}})[0], fault.Unconfirmed)
		})
	}
}

// What this run did not make is believed at once.
func TestNotFoundOfOthersIsBelieved(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	e.patience = []time.Duration{time.Hour}
	_, err := e.Account(t.Context(), access.AccountRef{ID: "113", UserName: "ghost@acme.example"})
	wantKind(t, err, fault.NotFound)
	e.sent(t, map[string]int{"users.get": 1})
}

// googleworkspace#387, #119, #475, #408: waiting for an etag to settle takes minutes for each account. Nothing is read
// after a write: the answer of the write says what Google holds.
func TestNoWaitingForEtagsToSettle(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	acc, err := e.CreateAccount(t.Context(), newcomer("ana", "title", "Engineer"))
	if err != nil || acc.Title != "Engineer" {
		t.Fatal(acc, err)
	}
	e.sent(t, map[string]int{"users.insert": 1})
	e.Server.Reset()
	if err := e.RetireAccount(t.Context(), acc.Ref(), access.Deactivate); err != nil {
		t.Fatal(err)
	}
	e.sent(t, map[string]int{"users.patch": 1})
}

// googleworkspace#194, #211, #216, #220: a member that exists already may have been added by somebody else with another
// role. The role is read and compared, never taken for granted.
func TestDuplicateMemberWithAnotherRole(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	g := e.AddGroup("eng@acme.example", "")
	ana, bob := e.person("ana", nil), e.person("bob", nil)
	e.AddMember(g, map[string]any{"id": ana.ID, "email": ana.UserName, "role": "MEMBER"})
	e.AddMember(g, map[string]any{"id": bob.ID, "email": bob.UserName, "role": "OWNER"})
	errs := e.ChangeMembers(t.Context(), g, []access.MemberChange{{Account: ana, Role: "owner"}, {Account: bob, Role: "owner"}})
	if errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	for _, m := range collect(t, e.App.Members(t.Context(), g)) {
		if m.Role != "owner" {
			t.Errorf("%+v", m)
		}
	}
	e.sent(t, map[string]int{"members.insert": 2, "members.get": 2, "members.patch": 1, "members.list": 1})
}

// googleworkspace#209: only the first 200 members were read.
func TestGroupMembersBeyondTheFirst200(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	g := e.AddGroup("all@acme.example", "")
	for i := range 450 {
		e.AddMember(g, map[string]any{"id": fmt.Sprintf("m%d", i), "email": fmt.Sprintf("p%d@acme.example", i)})
	}
	if n := len(collect(t, e.App.Members(t.Context(), g))); n != 450 {
		t.Errorf("%d of 450 members", n)
	}
	e.sent(t, map[string]int{"members.list": 3})
}

// ssosync#278: a 503 in the middle of a listing was taken for its end, and the rest was deleted.
func TestListingThatFailsInTheMiddleIsAnError(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{PageSize: 2})
	g := e.AddGroup("all@acme.example", "")
	for i := range 5 {
		p := e.person(fmt.Sprintf("p%d", i), nil)
		e.AddMember(g, map[string]any{"id": p.ID, "email": p.UserName})
		e.Assign("Google-Apps", standardSKU, p.ID)
	}
	for op, read := range map[string]func() error{
		"users.list":    func() error { return last(e.Accounts(t.Context(), access.AccountFilter{})) },
		"members.list":  func() error { return last(e.App.Members(t.Context(), g)) },
		"licenses.list": func() error { return last(e.Assignees(t.Context(), suite)) },
	} {
		e.AddFault(googletest.Fault{Ops: []string{op}, Skip: 1, Status: 503})
		wantKind(t, read(), fault.Unavailable)
		e.ClearFaults()
	}
}

func last[T any](seq func(func(T, error) bool)) (err error) {
	for _, e := range seq {
		err = e
	}
	return err
}

// baton-google-workspace error_helpers.go: Google throttles with 403 and a reason. That is no matter of permission, and
// the request was not carried out: even a creation is sent again.
func TestForbiddenAsThrottle(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, func(c *Config) { *c.MaxRetries = 1 }, googletest.Options{})
			e.AddFault(googletest.Fault{Ops: []string{"users.insert"}, Times: 1, Status: 403, Reason: reason})
			if _, err := e.CreateAccount(t.Context(), newcomer("ana")); err != nil {
				t.Fatal(err)
			}
			e.sent(t, map[string]int{"users.insert": 2})
			e.ClearFaults()
			e.AddFault(googletest.Fault{Status: 403, Reason: reason})
			*e.cfg.MaxRetries = 0
			err := e.Check(t.Context())
			if f := wantKind(t, err, fault.RateLimited); f.Status != 403 || f.Code != reason {
				t.Errorf("the vendor's words are lost: %+v", f)
			}
		})
	}
	for reason, kind := range map[string]fault.Kind{
		"dailyLimitExceeded": fault.LimitReached, "forbidden": fault.Forbidden, "accessNotConfigured": fault.Forbidden, "limitExceeded": fault.LimitReached,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, func(c *Config) { *c.MaxRetries = 2 }, googletest.Options{})
			e.AddFault(googletest.Fault{Status: 403, Reason: reason})
			wantKind(t, e.Check(t.Context()), kind)
			e.sent(t, map[string]int{"users.list": 1})
		})
	}
}

// A PATCH replaces lists whole: changing the title must not cost the second employer, nor the person's id the badge number.
func TestPatchReplacesListsWhole(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", map[string]any{
		"organizations": []any{
			map[string]any{"name": "University", "type": "school", "title": "Lecturer"},
			map[string]any{"name": "Acme", "primary": true, "title": "Engineer", "costCenter": "12", "fullTimeEquivalent": 100000},
		},
		"externalIds": []any{map[string]any{"type": "custom", "customType": "badge", "value": "B-7"}},
		"relations":   []any{map[string]any{"type": "assistant", "value": "bo@acme.example"}, map[string]any{"type": "manager", "value": "old@acme.example"}},
	})
	acc, err := e.UpdateAccount(t.Context(), ana, spec("title", "Lead", "person_id", "42", "manager", "cto@acme.example"))
	if err != nil || acc.Title != "Lead" || acc.PersonID != "42" || acc.Manager != "cto@acme.example" {
		t.Fatalf("%+v, %v", acc, err)
	}
	u := e.raw(t, ana.ID)
	want := `[[{"name":"University","title":"Lecturer","type":"school"},{"costCenter":"12","fullTimeEquivalent":100000,"name":"Acme","primary":true,"title":"Lead"}],` +
		`[{"customType":"badge","type":"custom","value":"B-7"},{"type":"organization","value":"42"}],` +
		`[{"type":"assistant","value":"bo@acme.example"},{"type":"manager","value":"cto@acme.example"}]]`
	got, err := json.Marshal([]any{u["organizations"], u["externalIds"], u["relations"]})
	if err != nil || string(got) != want {
		t.Errorf("Google holds\n%s, want\n%s", got, want)
	}
	e.sent(t, map[string]int{"users.get": 1, "users.patch": 1})
	// What is so already is not written, and only the person's own entry goes.
	e.Server.Reset()
	if _, err := e.UpdateAccount(t.Context(), ana, spec("title", "Lead")); err != nil {
		t.Fatal(err)
	}
	e.sent(t, map[string]int{"users.get": 1})
	if _, err := e.UpdateAccount(t.Context(), ana, spec("person_id", "")); err != nil || len(asList(e.raw(t, ana.ID)["externalIds"])) != 1 {
		t.Errorf("%v, %v", e.raw(t, ana.ID)["externalIds"], err)
	}
}

// 1970 is how Google writes "never".
func TestLastLoginOf1970IsNever(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	never := e.person("never", nil)
	once := e.person("once", map[string]any{"lastLoginTime": "2026-02-03T04:05:06.000Z"})
	for _, tc := range []struct {
		ref   access.AccountRef
		never bool
	}{{never, true}, {once, false}} {
		acc, err := e.Account(t.Context(), tc.ref)
		if err != nil || acc.NeverUsed != tc.never || acc.LastLogin.IsZero() != tc.never || acc.Created.Year() != 2026 {
			t.Errorf("%+v, %v", acc, err)
		}
	}
}

// A renamed account keeps its old address as an alias: somebody new cannot have it, and is not that account.
func TestRenameKeepsTheOldAddressAsAlias(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", nil)
	acc, err := e.UpdateAccount(t.Context(), ana, spec("user_name", "ana.garcia@acme.example"))
	if err != nil || acc.ID != ana.ID || acc.UserName != "ana.garcia@acme.example" || acc.Email != acc.UserName {
		t.Fatalf("%+v, %v", acc, err)
	}
	if found := collect(t, e.Accounts(t.Context(), access.AccountFilter{Field: access.UserName, Value: "ana@acme.example"})); len(found) != 0 {
		t.Errorf("an alias was taken for a user name: %+v", found)
	}
	_, err = e.CreateAccount(t.Context(), newcomer("ana"))
	if f := wantKind(t, err, fault.Exists); !strings.Contains(f.Cause, "alias of ana.garcia@acme.example") {
		t.Errorf("the message does not say what is in the way: %+v", f)
	}
	if n := len(e.Users()); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// Licenses are keyed by the primary address: the name in a plan may be from before a rename.
func TestLicenseFollowsARename(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", nil)
	e.Assign("Google-Apps", standardSKU, ana.ID)
	e.ChangeUser(ana.ID, map[string]any{"primaryEmail": "ana.garcia@acme.example"})
	held := collect(t, e.Assignees(t.Context(), suite))
	if len(held) != 1 || held[0].AccountID != ana.ID || held[0].License != standard {
		t.Fatalf("%+v", held)
	}
	if err := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: plus}})[0]; err != nil {
		t.Fatal(err)
	}
	if _, err := e.UpdateAccount(t.Context(), ana, spec("user_name", "ana.ruiz@acme.example")); err != nil {
		t.Fatal(err)
	}
	if err := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: plus, Remove: true}})[0]; err != nil {
		t.Fatal(err)
	}
	if n := len(e.Licenses("Google-Apps")); n != 0 {
		t.Errorf("%d licenses are held", n)
	}
}

// A holder who came after the listing of accounts is found by one more; one who has no account any more costs no further.
func TestLicenseHolderWhoCameLater(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	e.person("ana", nil)
	if n := len(collect(t, e.Accounts(t.Context(), access.AccountFilter{}))); n != 1 {
		t.Fatal(n)
	}
	bob := e.person("bob", nil)
	e.Assign("Google-Apps", standardSKU, bob.ID)
	if held := collect(t, e.Assignees(t.Context(), suite)); len(held) != 1 || held[0].AccountID != bob.ID {
		t.Errorf("%+v", held)
	}
	late := e.person("late", nil)
	e.Assign("Google-Apps", standardSKU, late.ID)
	for range 2 {
		if held := collect(t, e.Assignees(t.Context(), suite)); len(held) != 2 || held[1].AccountID != "" || held[1].UserName != late.UserName {
			t.Errorf("%+v", held)
		}
	}
	e.sent(t, map[string]int{"users.list": 2, "licenses.list": 3})
}

// Another license of the product is switched in one step: taking the first away would take the mailbox's edition away.
func TestLicenseIsSwitchedInPlace(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana, bob := e.person("ana", nil), e.person("bob", nil)
	e.Assign("Google-Apps", standardSKU, ana.ID)
	errs := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: plus}, {Account: bob, License: plus}})
	if errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	e.sent(t, map[string]int{"licenses.list": 1, "users.list": 1, "licenses.patch": 1, "licenses.insert": 1})
	if h := e.Licenses("Google-Apps"); h[ana.ID] != plusSKU || h[bob.ID] != plusSKU {
		t.Errorf("%v", h)
	}
}

// 412 conditionNotMet is what Google says to who has the license already, and where none is free.
func TestConditionNotMetHasTwoMeanings(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana, bob := e.person("ana", nil), e.person("bob", nil)
	e.Assign("Google-Apps", "1010020027", bob.ID)
	if got := collect(t, e.Assignees(t.Context(), suite)); len(got) != 1 {
		t.Fatal(got)
	}
	e.Assign("Google-Apps", standardSKU, ana.ID) // behind the connector's back
	e.SetSeats(standardSKU, 1)
	errs := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: standard}, {Account: bob, License: standard}})
	if errs[0] != nil {
		t.Errorf("who has it: %v", errs[0])
	}
	wantKind(t, errs[1], fault.LimitReached)
	e.AddFault(googletest.Fault{Ops: []string{"licenses.delete"}, Status: 412})
	err := e.ChangeAssignees(t.Context(), suite, []access.LicenseChange{{Account: ana, License: standard, Remove: true}})[0]
	wantKind(t, err, fault.Unsupported)
}

// A suspended account keeps its licenses, and still shows in the listing.
func TestSuspendedAccountKeepsItsLicense(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", nil)
	e.Assign("Google-Apps", standardSKU, ana.ID)
	if err := e.RetireAccount(t.Context(), ana, access.Deactivate); err != nil {
		t.Fatal(err)
	}
	if held := collect(t, e.Assignees(t.Context(), suite)); len(held) != 1 || held[0].AccountID != ana.ID {
		t.Errorf("%+v", held)
	}
	all := collect(t, e.Accounts(t.Context(), access.AccountFilter{}))
	if len(all) != 1 || all[0].Active || all[0].Status != "suspended (admin)" {
		t.Errorf("%+v", all)
	}
}

// A rehire within 20 days gets the old account back, with its mail, if the person is the same.
func TestRehireRestoresTheDeletedAccount(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	ana := e.person("ana", map[string]any{"externalIds": []any{map[string]any{"type": "organization", "value": "42"}}, "suspended": true})
	e.DeleteUser(ana.ID)
	want := newcomer("ana.garcia", "person_id", "42", "title", "CTO")
	want.Attributes = map[string]string{attrOrgUnit: "/Leadership"}
	acc, err := e.CreateAccount(t.Context(), want)
	if err != nil || acc.ID != ana.ID || acc.UserName != "ana.garcia@acme.example" || !acc.Active || acc.Title != "CTO" || acc.Attributes[attrOrgUnit] != "/Leadership" {
		t.Fatalf("%+v, %v", acc, err)
	}
	if n := e.Count("users.insert"); n != 0 || len(e.Deleted()) != 0 {
		t.Errorf("%d accounts were made besides", n)
	}
	// The next one is somebody else, and the deleted accounts are not asked for again.
	e.Server.Reset()
	if _, err := e.CreateAccount(t.Context(), newcomer("bob", "person_id", "43")); err != nil {
		t.Fatal(err)
	}
	e.sent(t, map[string]int{"users.listDeleted": 1, "users.insert": 1})
}

// The mail of a deleted account goes to nobody else: an address of unknown owner is an error, one of another person is
// not taken up.
func TestDeletedAccountOfSomebodyElseIsNotRestored(t *testing.T) {
	t.Parallel()
	unknown := func(e estate) { e.DeleteUser(e.person("ana", nil).ID) }
	other := func(e estate) {
		e.DeleteUser(e.person("ana", map[string]any{"externalIds": []any{map[string]any{"type": "organization", "value": "7"}}}).ID)
	}
	for name, tc := range map[string]struct {
		deleted func(estate)
		mode    string
		made    bool
	}{
		"unknown owner": {unknown, "restore", false}, "unknown owner, ignored": {unknown, "ignore", true}, "another person": {other, "restore", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, func(c *Config) { c.DeletedAccounts = tc.mode }, googletest.Options{})
			tc.deleted(e)
			_, err := e.CreateAccount(t.Context(), newcomer("ana", "person_id", "42"))
			if tc.made != (err == nil) || e.Count("users.undelete") != 0 || len(e.Deleted()) != 1 {
				t.Errorf("%v; restored %d, still deleted %d", err, e.Count("users.undelete"), len(e.Deleted()))
			}
			if !tc.made {
				if f := wantKind(t, err, fault.Exists); !strings.Contains(f.Cause, "deleted on 2026-05-06") || f.Next == "" {
					t.Errorf("%+v", f)
				}
				e.sent(t, map[string]int{"users.listDeleted": 1})
			}
		})
	}
}

// Groups in the group, and everybody at once, are listed and are no accounts; outsiders are members like others.
func TestNestedGroupsAndEverybodyAreNoAccounts(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil, googletest.Options{})
	g := e.AddGroup("all@acme.example", "")
	e.AddMember(g, map[string]any{"id": "g9", "email": "sub@acme.example", "type": "GROUP"})
	e.AddMember(g, map[string]any{"id": testCustomer, "type": "CUSTOMER"})
	e.AddMember(g, map[string]any{"id": "x1", "email": "guest@else.example", "role": "MANAGER", "type": "EXTERNAL"})
	got := collect(t, e.App.Members(t.Context(), g))
	if len(got) != 3 || !got[0].Nested || !got[1].Nested || got[2].Nested || got[2].Role != "manager" || got[2].UserName != "guest@else.example" {
		t.Errorf("%+v", got)
	}
}

// Refreshing 1,000 accounts, 50 groups and 3 license products costs listings only: 2 pages of accounts, 1 of groups, one
// of the members of each group, and one of each product.
func TestRequestsOfARefresh(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *Config) {
		c.Licenses = []License{{Product: suite}, {Product: "Google Vault"}, {Product: "Gemini"}}
	}, googletest.Options{})
	var ids []string
	for i := range 1000 {
		ids = append(ids, e.person(fmt.Sprintf("p%04d", i), nil).ID)
		e.Assign("Google-Apps", plusSKU, ids[i])
		e.Assign("101047", "1010470001", ids[i])
		if i%2 == 0 {
			e.Assign("Google-Vault", "Google-Vault", ids[i])
		}
	}
	for i := range 50 {
		g := e.AddGroup(fmt.Sprintf("g%02d@acme.example", i), "")
		for j := range 100 {
			e.AddMember(g, map[string]any{"id": ids[(20*i+j)%1000], "email": fmt.Sprintf("p%04d@acme.example", (20*i+j)%1000)})
		}
	}
	if n := len(collect(t, e.Accounts(t.Context(), access.AccountFilter{}))); n != 1000 {
		t.Errorf("%d accounts", n)
	}
	groups := collect(t, e.App.Groups(t.Context(), true))
	members := 0
	for _, g := range groups {
		members += len(collect(t, e.App.Members(t.Context(), g.ID)))
	}
	held := 0
	for _, p := range []string{suite, "Google Vault", "Gemini"} {
		for _, a := range collect(t, e.Assignees(t.Context(), p)) {
			if !slices.Contains(ids, a.AccountID) {
				t.Fatalf("%+v has no account", a)
			}
			held++
		}
	}
	if len(groups) != 50 || members != 5000 || held != 2500 {
		t.Errorf("%d groups, %d members, %d licenses", len(groups), members, held)
	}
	e.sent(t, map[string]int{"users.list": 2, "groups.list": 1, "members.list": 50, "licenses.list": 3})
	if n := e.App.Requests(); n != 56 {
		t.Errorf("%d requests, want 56", n)
	}
}
