package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

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
	var attempts int
	a := New(f, Options{Name: "wiki", Audit: recorder(func(e audit.Entry) error {
		if e.Outcome == audit.Attempted {
			attempts++
			return nil
		}
		log = append(log, strings.Join([]string{e.App, e.Operation, e.Grant, e.Subject, e.UserName, e.PersonID, e.Why, string(e.Outcome), e.RequestID}, "|"))
		return nil
	})})
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
	if attempts != len(want) {
		t.Errorf("%d attempts were recorded before %d outcomes", attempts, len(want))
	}
}

// recorder is a Recorder that hands every line to a function.
type recorder func(audit.Entry) error

func (r recorder) Begin(ctx context.Context, entries ...audit.Entry) ([]audit.Entry, error) {
	for i := range entries {
		entries[i].Outcome = audit.Attempted
	}
	return entries, r.Write(ctx, entries...)
}

func (r recorder) Write(_ context.Context, entries ...audit.Entry) error {
	for _, e := range entries {
		if err := r(e); err != nil {
			return err
		}
	}
	return nil
}

func TestNothingIsWrittenWithoutARecord(t *testing.T) {
	t.Parallel()
	f := newFake().withAccounts(3).withGroups(1, 1)
	full := func(when audit.Outcome) *App {
		return New(f, Options{Name: "wiki", Audit: recorder(func(e audit.Entry) error {
			if (e.Outcome == audit.Attempted) == (when == audit.Attempted) {
				return errors.New("disk full")
			}
			return nil
		})})
	}
	if _, err := full(audit.Attempted).CreateAccount(t.Context(), userSpec("yan")); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
	f.wantSent(t, "create", 0)
	a := full(audit.Done)
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
