package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var no = false

// writes are all the ways to write; taking marks those that take something away from account x.
var writes = map[string]struct {
	taking bool
	do     func(context.Context, *App, access.AccountRef) error
}{
	"create": {false, func(ctx context.Context, a *App, x access.AccountRef) error {
		_, err := a.CreateAccount(ctx, userSpec(x.UserName))
		return err
	}},
	"update": {false, func(ctx context.Context, a *App, x access.AccountRef) error {
		_, err := a.UpdateAccount(ctx, x, access.AccountSpec{Values: map[access.Field]string{access.Title: "Dr"}})
		return err
	}},
	"update to inactive": {true, func(ctx context.Context, a *App, x access.AccountRef) error {
		_, err := a.UpdateAccount(ctx, x, access.AccountSpec{Active: &no})
		return err
	}},
	"deactivate": {true, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.RetireAccount(ctx, x, access.Deactivate)
	}},
	"delete": {true, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.RetireAccount(ctx, x, access.Delete)
	}},
	"create group": {false, func(ctx context.Context, a *App, _ access.AccountRef) error {
		name := "new"
		_, err := a.CreateGroup(ctx, access.GroupSpec{Name: &name})
		return err
	}},
	"update group": {false, func(ctx context.Context, a *App, _ access.AccountRef) error {
		name := "new"
		_, err := a.UpdateGroup(ctx, "g000", access.GroupSpec{Name: &name})
		return err
	}},
	"delete group": {false, func(ctx context.Context, a *App, _ access.AccountRef) error {
		return a.DeleteGroup(ctx, "g000")
	}},
	"add member": {false, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.ChangeMembers(ctx, "g000", []access.MemberChange{{Account: x}})[0]
	}},
	"remove member": {true, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.ChangeMembers(ctx, "g000", []access.MemberChange{{Account: x, Remove: true}})[0]
	}},
	"assign license": {false, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.ChangeAssignees(ctx, "Design", []access.LicenseChange{{Account: x, License: "Full"}})[0]
	}},
	"remove license": {true, func(ctx context.Context, a *App, x access.AccountRef) error {
		return a.ChangeAssignees(ctx, "Design", []access.LicenseChange{{Account: x, License: "Full", Remove: true}})[0]
	}},
}

func TestRefusedWritesSendNothing(t *testing.T) {
	t.Parallel()
	settings := map[string]struct {
		opts Options
		all  bool // refuses every write, not only the taking ones
		says string
	}{
		"read_only": {Options{ReadOnly: true}, true, "read_only"},
		"as_of": {Options{RefuseWrites: func() error {
			return &fault.Error{Kind: fault.Protected, Cause: "as_of is 2026-12-01", Next: "Take as_of out of the provider block."}
		}}, true, "as_of"},
		"plain refusal": {Options{RefuseWrites: func() error { return errors.New("as_of is far away") }}, true, "as_of"},
		"protected":     {Options{Protected: []string{"USERa0*@acme.com"}}, false, "protected_accounts"},
		"free":          {Options{Protected: []string{"root", "break[glass"}, RefuseWrites: func() error { return nil }}, false, ""},
	}
	for setting, s := range settings {
		for write, w := range writes {
			t.Run(setting+"/"+write, func(t *testing.T) {
				t.Parallel()
				f := newFake().withAccounts(3).withGroups(1, 2)
				f.held["Design"] = map[string]access.Assignment{}
				audited := 0
				opts := s.opts
				opts.Name = "wiki"
				opts.Audit = recorder(func(audit.Entry) error { audited++; return nil })
				a := New(f, opts)
				x := ref("a00001")
				if write == "create" {
					x.UserName = "usera0new@acme.com"
				}
				err := w.do(t.Context(), a, x)
				if !s.all && (!w.taking || s.says == "") {
					if err != nil || audited == 0 {
						t.Errorf("audited %d times, %v", audited, err)
					}
					return
				}
				if fault.KindOf(err) != fault.Protected {
					t.Fatalf("got %v", err)
				}
				f.wantSent(t, "", 0)
				if audited != 0 {
					t.Error("what was never attempted is in the audit log")
				}
				var e *fault.Error
				if !errors.As(err, &e) || e.State != nothingSent || e.System != "wiki" || e.Op == "" ||
					!strings.Contains(e.Error()+e.Next, s.says) || setting != "plain refusal" && e.Next == "" {
					t.Errorf("%#v does not say what is refused, why, and how to change it", e)
				}
			})
		}
	}
}

func TestProtectionFollowsTheAccount(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(2)
	f.accounts["a00000"] = access.Account{ID: "a00000", UserName: "BreakGlass@acme.com", Active: true}
	a := New(f, Options{Name: "wiki", Protected: []string{"breakglass@acme.com"}})
	if err := a.RetireAccount(t.Context(), access.AccountRef{ID: "a00000"}, access.Delete); fault.KindOf(err) != fault.Protected {
		t.Errorf("an id without a name slips through: %v", err)
	}
	renamed := access.AccountRef{ID: "a00000", UserName: "old-name@acme.com"}
	if err := a.RetireAccount(t.Context(), renamed, access.Deactivate); fault.KindOf(err) != fault.Protected {
		t.Errorf("an old name slips through: %v", err)
	}
	f.wantSent(t, "dea", 0)
	f.wantSent(t, "delete", 0)
	if !a.IsProtected("BREAKGLASS@acme.com") || a.IsProtected("breakglass@acme.org") || a.IsProtected("") || a.IsIgnored("x") {
		t.Error("protection does not compare as documented")
	}
	if CheckPattern("a[") == nil || CheckPattern("svc-*@acme.com") != nil {
		t.Error("CheckPattern is wrong")
	}
}

func TestUnsupportedWritesSendNothing(t *testing.T) {
	t.Parallel()
	yes := true
	tests := map[string]struct {
		lacks app.Capability
		do    func(context.Context, *App) error
		says  string
	}{
		"field": {"", func(ctx context.Context, a *App) error {
			spec := userSpec("x")
			spec.Values[access.Title] = "Dr"
			_, err := a.CreateAccount(ctx, spec)
			return err
		}, "title"},
		"reactivate": {app.ReactivateAccount, func(ctx context.Context, a *App) error {
			_, err := a.UpdateAccount(ctx, ref("a00001"), access.AccountSpec{Active: &yes})
			return err
		}, "for a reason"},
		"delete": {app.DeleteAccounts, func(ctx context.Context, a *App) error {
			return a.RetireAccount(ctx, ref("a00001"), access.Delete)
		}, "for a reason"},
		"disposition": {"", func(ctx context.Context, a *App) error {
			return a.RetireAccount(ctx, ref("a00001"), "vaporize")
		}, "vaporize"},
		"role": {app.ReadGroups, func(ctx context.Context, a *App) error {
			return a.ChangeMembers(ctx, "g000", []access.MemberChange{{Account: ref("a00001"), Role: "king"}})[0]
		}, "member, owner"},
		"read-only group": {"", func(ctx context.Context, a *App) error {
			if _, err := a.Groups(ctx); err != nil {
				return err
			}
			a.app.(*fake).forgetLog()
			return a.ChangeMembers(ctx, "rule", []access.MemberChange{{Account: ref("a00001")}})[0]
		}, "filled by a rule"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(2).withGroups(1, 0)
			f.groups["rule"] = access.Group{ID: "rule", Name: "rule", ReadOnly: "filled by a rule"}
			f.info.Fields = []access.Field{access.UserName}
			f.info.Lacks = map[app.Capability]string{tt.lacks: "for a reason"}
			err := tt.do(t.Context(), New(f, Options{Name: "wiki"}))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Unsupported && e.Kind != fault.Invalid || !strings.Contains(e.Error()+e.Next, tt.says) {
				t.Errorf("got %v", err)
			}
			f.wantSent(t, "", 0)
		})
	}
}

// late is an app that knows its roles only once it has read its groups.
type late struct{ *fake }

func (l late) Info() app.Info {
	info := l.fake.Info()
	if len(l.sent("get group")) > 0 {
		info.GroupRoles = append(info.GroupRoles, "approver")
	}
	return info
}

func TestRolesKnownLate(t *testing.T) {
	t.Parallel()
	a := New(sizedLate{late{newFake().withGroups(30, 0)}}, Options{Name: "wiki"})
	errs := a.ChangeMembers(t.Context(), "g000", []access.MemberChange{
		{Account: ref("x"), Role: "approver"}, {Account: ref("y"), Role: "king"},
	})
	if errs[0] != nil || fault.KindOf(errs[1]) != fault.Unsupported {
		t.Error(errs)
	}
}

type sizedLate struct{ late }

func (s sizedLate) ListingCost(ctx context.Context, c app.Collection) (int, error) {
	return sized{s.fake, true}.ListingCost(ctx, c)
}

func TestRetireAccount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		how   access.Disposition
		lacks app.Capability
		fails string
		seen  bool // inactive, and known to be
		sent  []string
		kind  fault.Kind
	}{
		{name: "keep", how: access.Keep},
		{name: "deactivate", how: access.Deactivate, sent: []string{"deactivate account a00000"}},
		{name: "delete", how: access.Delete, sent: []string{"deactivate account a00000", "delete account a00000"}},
		{name: "delete what is inactive", how: access.Delete, seen: true, sent: []string{"delete account a00000"}},
		{name: "delete only", how: access.Delete, lacks: app.DeactivateAccount, sent: []string{"delete account a00000"}},
		{name: "failed deactivation", how: access.Delete, fails: "deactivate", sent: []string{"deactivate account a00000"}, kind: fault.Forbidden},
		{name: "failed deletion", how: access.Delete, fails: "delete", sent: []string{"deactivate account a00000", "delete account a00000"}, kind: fault.Forbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake().withAccounts(1)
			f.info.Lacks = map[app.Capability]string{tt.lacks: "not here"}
			a := New(f, Options{Name: "wiki", ReadOnly: tt.how == access.Keep})
			if tt.seen {
				acc := f.accounts["a00000"]
				acc.Active = false
				f.accounts["a00000"] = acc
				if _, err := a.Account(t.Context(), acc.ID); err != nil {
					t.Fatal(err)
				}
				f.forgetLog()
			}
			f.hook = func(_ context.Context, req string) error {
				if tt.fails != "" && strings.HasPrefix(req, tt.fails) {
					return fault.New(fault.Forbidden, "not you")
				}
				return nil
			}
			err := a.RetireAccount(t.Context(), ref("a00000"), tt.how)
			if fault.KindOf(err) != tt.kind || fmt.Sprint(f.sent("")) != fmt.Sprint(tt.sent) {
				t.Errorf("sent %q, %v", f.sent(""), err)
			}
		})
	}
}

// A protected account keeps its role, in a group and in the app: any other may be less. Only a plain member
// can be made more.
func TestProtectedKeepsRole(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(2)
	for id, acc := range f.accounts {
		acc.Role = "admin"
		f.accounts[id] = acc
	}
	f.groups["g"] = access.Group{ID: "g", Name: "ops"}
	f.members["g"] = map[string]access.Member{"a00000": {AccountID: "a00000", Role: "owner"}, "a00001": {AccountID: "a00001", Role: "member"}}
	a := New(f, Options{Name: "wiki", Protected: []string{"user*"}})
	for _, id := range []string{"a00000", "a00001"} {
		if _, err := a.Member(t.Context(), "g", id); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Account(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	role := func(id, role string) error {
		return a.ChangeMembers(t.Context(), "g", []access.MemberChange{{Account: access.AccountRef{ID: id}, Role: role}})[0]
	}
	if err := role("a00000", "member"); fault.KindOf(err) != fault.Protected {
		t.Errorf("a protected owner was made a plain member: %v", err)
	}
	spec := access.AccountSpec{Values: map[access.Field]string{access.Role: "user"}}
	if _, err := a.UpdateAccount(t.Context(), access.AccountRef{ID: "a00000"}, spec); fault.KindOf(err) != fault.Protected {
		t.Errorf("a protected admin was made a plain user: %v", err)
	}
	f.wantSent(t, "change", 0)
	f.wantSent(t, "update", 0)
	if err := role("a00001", "owner"); err != nil {
		t.Errorf("a plain member could not be made an owner: %v", err)
	}
}
