package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
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
				s.opts.Name = "wiki"
				s.opts.Audit = func(context.Context, AuditEntry) error { audited++; return nil }
				a := New(f, s.opts)
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
		"role": {"", func(ctx context.Context, a *App) error {
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

func TestWritesShowInReads(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := newFake().withAccounts(25).withGroups(2, 3)
	f.pools = []access.Pool{{Product: "Design", License: "Full", Total: 5, Used: 1}, {Product: "Design", License: "View", Total: -1, Used: -1}}
	f.held["Design"] = map[string]access.Assignment{"a00000": {AccountID: "a00000", License: "Full"}}
	a := New(f, Options{Name: "wiki"})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		all, err := a.Accounts(ctx)
		must(err)
		var active int
		for _, acc := range all {
			if acc.Active {
				active++
			}
		}
		members, err := a.Members(ctx, "g000")
		must(err)
		held, err := a.Assignees(ctx, "Design")
		must(err)
		pools, err := a.Pools(ctx)
		must(err)
		groups, err := a.Groups(ctx)
		must(err)
		var names []string
		for _, m := range members {
			names = append(names, strings.TrimSuffix(m.UserName, "@acme.com")+":"+m.Role)
		}
		return fmt.Sprintf("%d/%d %v %d held, %d of %d, %d groups", active, len(all), names, len(held), pools[0].Used, pools[0].Total, len(groups))
	}
	want := func(s string) {
		t.Helper()
		if got := read(); got != s {
			t.Errorf("reads %q, want %q", got, s)
		}
	}
	want("25/25 [usera00000:member usera00001:member usera00002:member] 1 held, 1 of 5, 2 groups")
	f.forgetLog()

	acc, err := a.CreateAccount(ctx, userSpec("zoe@acme.com"))
	must(err)
	if !a.Touched(acc.ID) || a.Touched("a00000") {
		t.Error("Touched does not tell what this walk has created")
	}
	must(errors.Join(a.ChangeMembers(ctx, "g000", []access.MemberChange{
		{Account: acc.Ref(), Role: "owner"}, {Account: ref("a00002"), Remove: true},
	})...))
	must(errors.Join(a.ChangeAssignees(ctx, "Design", []access.LicenseChange{
		{Account: acc.Ref(), License: "Full"}, {Account: ref("a00001"), License: "Full"}, {Account: ref("a00000"), License: "View"},
	})...))
	must(a.RetireAccount(ctx, ref("a00005"), access.Deactivate))
	_, err = a.UpdateAccount(ctx, ref("a00000"), userSpec("renamed@acme.com"))
	must(err)
	name := "third"
	g, err := a.CreateGroup(ctx, access.GroupSpec{Name: &name})
	must(err)
	f.wantSent(t, "list", 0)
	f.forgetLog()
	want("25/26 [renamed:member usera00001:member zoe:owner] 3 held, 2 of 5, 3 groups")
	f.wantSent(t, "", 0)

	must(a.RetireAccount(ctx, ref("a00001"), access.Delete))
	must(a.DeleteGroup(ctx, g.ID))
	f.pools[0].Used = 1
	want("24/25 [renamed:member zoe:owner] 2 held, 1 of 5, 2 groups")
	f.wantSent(t, "list accounts", 0)
	f.wantSent(t, "members", 0)
	f.wantSent(t, "list pools", 1) // which seats come free with an account is the app's knowledge
	f.forgetLog()
	if _, err := a.Account(ctx, "a00001"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the deleted account reads as %v", err)
	}
	if _, err := a.Member(ctx, "g000", "a00001"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the deleted account is a member: %v", err)
	}
	if _, err := a.GroupByID(ctx, g.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the deleted group reads as %v", err)
	}
	f.wantSent(t, "get", 0)
}

func TestFailedWritesMakeTheNextReadReal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := newFake().withAccounts(25).withGroups(1, 3)
	f.pools = []access.Pool{{Product: "Design", License: "Full", Total: 5}}
	f.held["Design"] = map[string]access.Assignment{}
	a := New(f, Options{Name: "wiki"})
	load := func() {
		_, err1 := a.Accounts(ctx)
		_, err2 := a.Members(ctx, "g000")
		_, err3 := a.Assignees(ctx, "Design")
		_, err4 := a.Pools(ctx)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
	}
	load()
	f.hook = func(_ context.Context, req string) error {
		for _, verb := range []string{"update", "delete", "deactivate", "change"} {
			if strings.HasPrefix(req, verb) {
				return errors.New("broken pipe")
			}
		}
		return nil
	}
	for i, err := range append([]error{
		a.RetireAccount(ctx, ref("a00001"), access.Deactivate),
		func() error { _, err := a.UpdateAccount(ctx, ref("a00002"), userSpec("x")); return err }(),
	}, append(a.ChangeMembers(ctx, "g000", []access.MemberChange{{Account: ref("a00007")}}),
		a.ChangeAssignees(ctx, "Design", []access.LicenseChange{{Account: ref("a00007"), License: "Full"}})...)...) {
		if fault.KindOf(err) != fault.Unconfirmed || !strings.Contains(err.Error(), "usera0000") {
			t.Errorf("write %d: %v", i, err)
		}
	}
	// Meanwhile the app has done some of it after all.
	acc := f.accounts["a00001"]
	acc.Active = false
	f.accounts["a00001"] = acc
	delete(f.accounts, "a00002")
	f.members["g000"]["a00007"] = access.Member{AccountID: "a00007", Role: "member"}
	f.forgetLog()
	load()
	f.wantSent(t, "get account", 2)
	f.wantSent(t, "members", 1)
	f.wantSent(t, "list assignees", 1)
	f.wantSent(t, "list pools", 1)
	f.wantSent(t, "list accounts", 0)
	all, _ := a.Accounts(ctx)
	m, err := a.Member(ctx, "g000", "a00007")
	if len(all) != 24 || all[1].Active || err != nil || m.UserName != "usera00007@acme.com" {
		t.Errorf("%d accounts, %v, %v, %v", len(all), all[1], m, err)
	}
}

func TestManyFailedWritesListAgain(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(100)
	a := New(f, Options{Name: "wiki"})
	if _, err := a.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.hook = func(_ context.Context, req string) error {
		if strings.HasPrefix(req, "update") {
			return fault.New(fault.Unconfirmed, "lost")
		}
		return nil
	}
	for i := range 60 {
		if _, err := a.UpdateAccount(t.Context(), ref(fmt.Sprintf("a%05d", i)), userSpec("x")); err == nil {
			t.Error("a failed update is no error")
		}
	}
	f.forgetLog()
	if all, err := a.Accounts(t.Context()); err != nil || len(all) != 100 {
		t.Errorf("%d, %v", len(all), err)
	}
	f.wantSent(t, "", 10)
}

func TestAudit(t *testing.T) {
	t.Parallel()
	ctx := WithWhy(t.Context(), "1042", "rule engineers")
	f := newFake().withAccounts(3).withGroups(1, 2)
	f.held["Design"] = map[string]access.Assignment{}
	var log []string
	a := New(f, Options{Name: "wiki", Audit: func(_ context.Context, e AuditEntry) error {
		log = append(log, strings.Join([]string{e.App, e.Operation, e.Grant, e.AccountID, e.UserName, e.PersonID, e.Why, string(e.Outcome), e.RequestID}, "|"))
		return nil
	}})
	if _, err := a.Groups(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Members(ctx, "g000"); err != nil {
		t.Fatal(err)
	}
	f.hook = func(_ context.Context, req string) error {
		switch {
		case strings.HasPrefix(req, "update"):
			return &fault.Error{Kind: fault.Forbidden, RequestID: "r-1"}
		case strings.HasPrefix(req, "delete"):
			return errors.New("broken pipe")
		}
		return nil
	}
	_, _ = a.CreateAccount(ctx, userSpec("zoe"))
	_, _ = a.UpdateAccount(ctx, access.AccountRef{ID: "n00003"}, userSpec("zoé"))
	_ = a.RetireAccount(ctx, ref("a00001"), access.Delete)
	ctx = WithReasons(ctx, func(r access.AccountRef) Reason { return Reason{"p" + r.ID, "each"} })
	_ = a.ChangeMembers(ctx, "g000", []access.MemberChange{{Account: ref("a00001")}, {Account: ref("bad")}, {Account: ref("a00000"), Remove: true}})
	_ = a.ChangeAssignees(ctx, "Design", []access.LicenseChange{{Account: ref("a00001"), License: "Full"}})
	want := []string{
		"wiki|create account|wiki/accounts|n00003|zoe|1042|rule engineers|done|",
		"wiki|update account|wiki/accounts|n00003|zoe|1042|rule engineers|failed|r-1",
		"wiki|deactivate account|wiki/accounts|a00001|usera00001@acme.com|1042|rule engineers|done|",
		"wiki|delete account|wiki/accounts|a00001|usera00001@acme.com|1042|rule engineers|unconfirmed|",
		"wiki|add member|wiki/groups/group g000|a00001|usera00001@acme.com|pa00001|each|already|",
		"wiki|add member|wiki/groups/group g000|bad|userbad@acme.com|pbad|each|failed|",
		"wiki|remove member|wiki/groups/group g000|a00000|usera00000@acme.com|pa00000|each|done|",
		"wiki|assign license|wiki/licenses/Design/Full|a00001|usera00001@acme.com|pa00001|each|done|",
	}
	if got := strings.Join(log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("audit log:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestNothingIsWrittenWithoutARecord(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(3).withGroups(1, 1)
	a := New(f, Options{Name: "wiki", Audit: func(context.Context, AuditEntry) error { return errors.New("disk full") }})
	acc, err := a.CreateAccount(t.Context(), userSpec("zoe"))
	if fault.KindOf(err) != fault.Partial || acc.ID == "" || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v, %v", acc, err)
	}
	f.forgetLog()
	for name, w := range writes {
		if err := w.do(t.Context(), a, ref("a00001")); fault.KindOf(err) != fault.Protected {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.wantSent(t, "", 0)
}
