package local

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func ptr[T any](v T) *T { return &v }

func TestReadGroups(t *testing.T) {
	t.Parallel()
	a, _ := openFile(t, wiki)
	admins := access.Group{ID: "g-000004", Name: "admins", Description: "They run it."}
	everyone := access.Group{ID: "g-000005", Name: "Everyone"}
	if diff := cmp.Diff([]access.Group{admins, everyone}, collect(t, a.Groups(t.Context(), false))); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	admins.MembersKnown, everyone.MembersKnown = true, true
	admins.Members = []access.Member{
		{AccountID: "u-000001", UserName: "Ana@acme.com", Role: "owner"},
		{AccountID: "u-000003", UserName: "cy@acme.com", Role: "member"},
	}
	everyone.Members = []access.Member{}
	if diff := cmp.Diff([]access.Group{admins, everyone}, collect(t, a.Groups(t.Context(), true))); diff != "" {
		t.Errorf("groups with members (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(admins.Members, collect(t, a.Members(t.Context(), "g-000004"))); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	wantFault(t, firstError(a.Members(t.Context(), "g-9")), fault.NotFound, "g-9")
	_, err := a.Group(t.Context(), "g-9")
	wantFault(t, err, fault.NotFound, "g-9")
	_, err = a.Group(t.Context(), "")
	wantFault(t, err, fault.Invalid)
}

func TestWriteGroups(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, path := openFile(t, wiki)
	g, err := a.CreateGroup(ctx, access.GroupSpec{Name: ptr("Design"), Description: ptr("Pixels.")})
	if err != nil || !cmp.Equal(g, access.Group{ID: "g-000006", Name: "Design", Description: "Pixels."}) {
		t.Fatalf("made %+v, %v", g, err)
	}
	if g, err = a.UpdateGroup(ctx, g.ID, access.GroupSpec{Name: ptr("aaa")}); err != nil || g.Name != "aaa" || g.Description != "Pixels." {
		t.Errorf("renamed %+v, %v", g, err)
	}
	if first := collect(t, openPath(t, path).Groups(ctx, false))[0]; !cmp.Equal(first, g) {
		t.Errorf("another reader sees %+v first", first)
	}
	_, err = a.UpdateGroup(ctx, g.ID, access.GroupSpec{Name: ptr("ADMINS")})
	wantFault(t, err, fault.Exists, "admins", "g-000004")
	_, err = a.CreateGroup(ctx, access.GroupSpec{Name: ptr("everyone")})
	wantFault(t, err, fault.Exists, "Everyone", "g-000005")
	_, err = a.CreateGroup(ctx, access.GroupSpec{})
	wantFault(t, err, fault.Invalid, "name")
	_, err = a.UpdateGroup(ctx, "g-9", access.GroupSpec{})
	wantFault(t, err, fault.NotFound, "g-9")
	for range 2 {
		if err := a.DeleteGroup(ctx, "g-000006"); err != nil {
			t.Fatal(err)
		}
	}
	if after := content(t, path); after != strings.Replace(wiki, `"last_id": 5`, `"last_id": 6`, 1) {
		t.Errorf("after create and delete:\n%s", cmp.Diff(wiki, after))
	}
	wantFault(t, a.DeleteGroup(ctx, ""), fault.Invalid)
}

func TestChangeMembers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, path := openFile(t, wiki)
	nobody := access.AccountRef{ID: "u-9", UserName: "zed"}
	errs := a.ChangeMembers(ctx, "g-000004", []access.MemberChange{
		{Account: bo},                       // added as member
		{Account: nobody},                   // refused
		{Account: ana, Role: "admin"},       // role changed
		{Account: cy, Remove: true},         // removed
		{Account: nobody, Remove: true},     // already absent
		{Account: bo, Role: "chief"},        // no such role
		{Account: access.AccountRef{}},      // no id
		{Account: cy, Remove: true},         // already absent by now
		{Account: ana, Role: "admin"},       // already so by now
		{Remove: true, Role: "is not read"}, // no id
	})
	wantFault(t, errs[1], fault.NotFound, "u-9", "zed", "add to group admins")
	wantFault(t, errs[5], fault.Invalid, "chief", "member, owner, admin", "bo@acme.com")
	wantFault(t, errs[6], fault.Invalid, "no account id")
	wantFault(t, errs[9], fault.Invalid, "no account id")
	for _, i := range []int{0, 2, 3, 4, 7, 8} {
		if errs[i] != nil {
			t.Errorf("change %d: %v", i, errs[i])
		}
	}
	want := []access.Member{
		{AccountID: "u-000001", UserName: "Ana@acme.com", Role: "admin"},
		{AccountID: "u-000002", UserName: "bo@acme.com", Role: "member"},
	}
	if diff := cmp.Diff(want, collect(t, openPath(t, path).Members(ctx, "g-000004"))); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	before := content(t, path)
	for i, err := range a.ChangeMembers(ctx, "g-000004", []access.MemberChange{{Account: bo}, {Account: cy, Remove: true}}) {
		if err != nil {
			t.Errorf("repeated change %d: %v", i, err)
		}
	}
	if content(t, path) != before {
		t.Error("repeated changes wrote the file")
	}
	for _, err := range a.ChangeMembers(ctx, "g-9", []access.MemberChange{{Account: bo}, {Account: cy, Remove: true}}) {
		wantFault(t, err, fault.NotFound, "g-9")
	}
	if errs := a.ChangeMembers(ctx, "g-000004", nil); len(errs) > 0 {
		t.Errorf("no changes gave %v", errs)
	}
}
