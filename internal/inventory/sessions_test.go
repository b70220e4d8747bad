package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Whatever deactivates an account ends its sessions right after, and each is on record. What fails says that the
// account is deactivated all the same.
func TestSessionsEndWithTheDeactivation(t *testing.T) {
	t.Parallel()
	const off, end, del, update = "deactivate account a00000", "end sessions a00000", "delete account a00000", "update account a00000"
	inactive := func(ctx context.Context, a *App) error {
		_, err := a.UpdateAccount(ctx, ref("a00000"), access.AccountSpec{Active: &no})
		return err
	}
	retire := func(how access.Disposition) func(context.Context, *App) error {
		return func(ctx context.Context, a *App) error { return a.RetireAccount(ctx, ref("a00000"), how) }
	}
	tests := []struct {
		name    string
		do      func(context.Context, *App) error
		lacks   app.Capability
		fails   string
		sent    []string
		record  string
		kind    fault.Kind
		because string
	}{
		{name: "deactivate", do: retire(access.Deactivate), sent: []string{off, end}, record: "deactivate account done; end sessions done"},
		{name: "delete", do: retire(access.Delete), sent: []string{off, end, del}, record: "deactivate account done; end sessions done; delete account done"},
		{name: "by update", do: inactive, sent: []string{update, end}, record: "deactivate account done; end sessions done"},
		{name: "no more than asked", do: func(ctx context.Context, a *App) error { return a.DeactivateAccount(ctx, ref("a00000")) }, sent: []string{off}, record: "deactivate account done"},
		{name: "by themselves", do: func(ctx context.Context, a *App) error { return a.EndSessions(ctx, ref("a00000")) }, sent: []string{end}, record: "end sessions done"},
		{name: "an app that cannot", do: retire(access.Deactivate), lacks: app.EndSessions, sent: []string{off}, record: "deactivate account done"},
		{name: "an app that cannot deactivate", do: retire(access.Delete), lacks: app.DeactivateAccount, sent: []string{del}, record: "delete account done"},
		{name: "failed deactivation", do: retire(access.Deactivate), fails: "deactivate", sent: []string{off}, record: "deactivate account failed", kind: fault.Forbidden},
		{name: "failed end", do: retire(access.Delete), fails: "end", sent: []string{off, end}, record: "deactivate account done; end sessions failed", kind: fault.Forbidden, because: "The account is deactivated"},
		{name: "failed end after an update", do: inactive, fails: "end", sent: []string{update, end}, record: "deactivate account done; end sessions failed", kind: fault.Forbidden, because: "The account is deactivated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(1)
			f.info.Lacks = map[app.Capability]string{tt.lacks: "not here"}
			var record []string
			a := New(signing{f}, Options{Name: "wiki", Audit: recorder(func(e audit.Entry) error {
				if e.Outcome != audit.Attempted {
					record = append(record, fmt.Sprintf("%s %s", e.Operation, e.Outcome))
				}
				return nil
			})})
			f.hook = func(_ context.Context, req string) error {
				if tt.fails != "" && strings.HasPrefix(req, tt.fails) {
					return fault.New(fault.Forbidden, "not you")
				}
				return nil
			}
			err := tt.do(t.Context(), a)
			if fault.KindOf(err) != tt.kind || !slices.Equal(f.sent(""), tt.sent) {
				t.Errorf("sent %q, %v", f.sent(""), err)
			}
			if got := strings.Join(record, "; "); got != tt.record {
				t.Errorf("on record: %s, want %s", got, tt.record)
			}
			var e *fault.Error
			if errors.As(err, &e) && !strings.Contains(e.State, tt.because) {
				t.Errorf("%q does not say %q", e.State, tt.because)
			}
		})
	}
}

func TestSessionsOfTheProtectedStay(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(1)
	a := New(signing{f}, Options{Name: "wiki", Protected: []string{"user*"}})
	if err := a.EndSessions(t.Context(), ref("a00000")); fault.KindOf(err) != fault.Protected {
		t.Errorf("got %v", err)
	}
	if err := New(f, Options{Name: "wiki"}).EndSessions(t.Context(), ref("a00000")); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("got %v", err)
	}
	f.wantSent(t, "", 0)
}

// What comes with something else is never written: asking for it is met, taking it away by itself is refused.
func TestGivenBySomethingElse(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(4)
	f.groups["g"] = access.Group{ID: "g", Name: "eng"}
	f.members["g"] = map[string]access.Member{
		"a00000": {AccountID: "a00000", Role: "member", Via: "group rule Engineers"},
		"a00001": {AccountID: "a00001", Role: "owner", RoleFixed: true},
	}
	f.held["Design"] = map[string]access.Assignment{"a00000": {AccountID: "a00000", License: "Full", Via: "group engineering"}}
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Members(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Assignees(t.Context(), "Design"); err != nil {
		t.Fatal(err)
	}
	f.forgetLog()
	change := func(id, role string, remove bool) access.MemberChange {
		return access.MemberChange{Account: access.AccountRef{ID: id}, Role: role, Remove: remove}
	}
	errs := a.ChangeMembers(t.Context(), "g", []access.MemberChange{change("a00000", "owner", false), change("a00001", "member", false), change("a00000", "", true)})
	if errs[0] != nil || errs[1] != nil || fault.KindOf(errs[2]) != fault.Unsupported || !strings.Contains(errs[2].Error(), "group rule Engineers") {
		t.Errorf("members: %v", errs)
	}
	assign := func(license string, remove bool) access.LicenseChange {
		return access.LicenseChange{Account: access.AccountRef{ID: "a00000"}, License: license, Remove: remove}
	}
	errs = a.ChangeAssignees(t.Context(), "Design", []access.LicenseChange{assign("Full", false), assign("Full", true)})
	if errs[0] != nil || fault.KindOf(errs[1]) != fault.Unsupported || !strings.Contains(errs[1].Error(), "group engineering") {
		t.Errorf("licenses: %v", errs)
	}
	f.wantSent(t, "", 0)

	// The owner whose role is fixed can leave all the same, and another license is given beside.
	if err := a.ChangeMembers(t.Context(), "g", []access.MemberChange{change("a00001", "", true)})[0]; err != nil {
		t.Error(err)
	}
	if err := a.ChangeAssignees(t.Context(), "Design", []access.LicenseChange{assign("Viewer", false)})[0]; err != nil {
		t.Error(err)
	}
	f.wantSent(t, "", 2)
}
