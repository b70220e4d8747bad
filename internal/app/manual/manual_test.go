package manual

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/apptest"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// office is an app on disk, and a clock.
type office struct {
	t             testing.TB
	export, tasks string
	now           time.Time
	cfg           Config
}

func newOffice(t testing.TB, export string) *office {
	t.Helper()
	dir := t.TempDir()
	o := &office{t: t, export: filepath.Join(dir, "erp.csv"), tasks: filepath.Join(dir, "tasks.csv"), now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	o.exports(export)
	o.cfg = Config{Name: "erp", Export: o.export, Tasks: o.tasks, Fields: []string{"user_name", "person_id", "email", "title"}, Groups: []string{"clerks"}, Licenses: []string{"Suite/Full", "Suite/Viewer"}, Now: func() time.Time { return o.now }}
	return o
}

func (o *office) exports(text string) {
	o.t.Helper()
	if err := os.WriteFile(o.export, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) open() *App {
	o.t.Helper()
	a, err := Open(o.cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// asked are the tasks, a line each: what, person and due date.
func (o *office) asked() []string {
	o.t.Helper()
	raw, err := os.ReadFile(o.tasks)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	o.must(err)
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	o.must(err)
	var out []string
	for _, r := range rows[1:] {
		out = append(out, r[1]+" "+r[6])
	}
	return out
}

func collect[T any](t testing.TB, seq func(func(T, error) bool)) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

const erp = `user_name,person_id,email,title,status,groups,licenses
ana@x,1,ana@x,Clerk,active,clerks;payers,Suite/Full
bo@x,2,bo@x,Clerk,disabled,,
`

func TestConformance(t *testing.T) {
	t.Parallel()
	apptest.Run(t, apptest.Harness{
		Open: func(t testing.TB, w apptest.World) apptest.Subject {
			dir := t.TempDir()
			cfg := Config{Name: "erp", Export: filepath.Join(dir, "erp.csv"), Tasks: filepath.Join(dir, "tasks.csv"), Fields: nil}
			for _, f := range access.Fields() {
				cfg.Fields = append(cfg.Fields, string(f))
			}
			held := map[string]map[string][]string{"groups": {}, "licenses": {}}
			for _, g := range w.Groups {
				cfg.Groups = append(cfg.Groups, g.Name)
				for _, m := range g.Members {
					held["groups"][m.UserName] = append(held["groups"][m.UserName], g.Name)
				}
			}
			for _, p := range w.Pools {
				cfg.Licenses = append(cfg.Licenses, p.Product+"/"+p.License)
			}
			for product, list := range w.Assigned {
				for _, as := range list {
					held["licenses"][as.UserName] = append(held["licenses"][as.UserName], product+"/"+as.License)
				}
			}
			var text strings.Builder
			out := csv.NewWriter(&text)
			_ = out.Write(append(slices.Clone(cfg.Fields), "status", "groups", "licenses"))
			for _, a := range w.Accounts {
				var row []string
				for _, f := range access.Fields() {
					row = append(row, a.Get(f))
				}
				status := "active"
				if !a.Active {
					status = "inactive"
				}
				_ = out.Write(append(row, status, strings.Join(held["groups"][a.UserName], ";"), strings.Join(held["licenses"][a.UserName], ";")))
			}
			out.Flush()
			if err := os.WriteFile(cfg.Export, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			a, err := Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			return apptest.Subject{App: a}
		},
		Roles:    []string{"user", "owner"},
		Licenses: &apptest.Licenses{Product: "Suite", License: "Full", Other: "Viewer"},
		Skip: map[string]string{
			"update account/user_name":      "accounts of an export are known by their user name alone; TestARenameIsRefused",
			"update account/several fields": "it changes the user name too",
		},
	})
}

// A write is a task that says who, what and until when; until it is due the app counts as changed, and afterwards the
// export alone says what is.
func TestTaskIsAskedForOnceAndAgainWhenOverdue(t *testing.T) {
	t.Parallel()
	o := newOffice(t, erp)
	a, ctx := o.open(), t.Context()
	made, err := a.CreateAccount(ctx, access.AccountSpec{Values: map[access.Field]string{access.UserName: "Cy@x", access.PersonID: "3", access.Title: "Payer"}})
	o.must(err)
	o.must(a.ChangeMembers(ctx, "payers", []access.MemberChange{{Account: made.Ref()}})[0])
	o.must(a.RetireAccount(ctx, access.AccountRef{ID: "ana@x"}, access.Deactivate))
	want := []string{
		`2026-03-07 Create an account with person_id "3", title "Payer", user_name "Cy@x".`,
		"2026-03-07 Put Cy@x into the group payers.",
		"2026-03-07 Deactivate the account ana@x, and end its sessions.",
	}
	if d := cmp.Diff(want, o.asked()); d != "" {
		t.Fatal(d)
	}
	// Another process, the same day and the last one: nothing is asked for twice.
	for _, o.now = range []time.Time{o.now, time.Date(2026, 3, 7, 23, 0, 0, 0, time.UTC)} {
		b := o.open()
		got, err := b.Account(ctx, made.Ref())
		o.must(err)
		if !got.Active || got.Title != "Payer" || got.Status != "asked for until 2026-03-07" {
			t.Errorf("%+v", got)
		}
		if got, err := b.Account(ctx, access.AccountRef{ID: "ana@x"}); err != nil || got.Active || got.Status != "deactivation asked for until 2026-03-07" {
			t.Errorf("%+v, %v", got, err)
		}
		o.must(b.RetireAccount(ctx, access.AccountRef{ID: "ana@x"}, access.Deactivate))
		o.must(b.ChangeMembers(ctx, "payers", []access.MemberChange{{Account: made.Ref()}})[0])
		if d := cmp.Diff(want, o.asked()); d != "" {
			t.Error(d)
		}
	}
	// The day after, what the export still does not show is there to be done again.
	o.now = time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)
	late := o.open()
	if _, err := late.Account(ctx, made.Ref()); !errors.Is(err, fault.NotFound) {
		t.Errorf("an account that nobody made: %v", err)
	}
	if got, err := late.Account(ctx, access.AccountRef{ID: "ana@x"}); err != nil || !got.Active {
		t.Errorf("a leaver whom nobody deactivated counts as gone: %+v, %v", got, err)
	}
	o.must(late.RetireAccount(ctx, access.AccountRef{ID: "ana@x"}, access.Deactivate))
	if got := o.asked(); len(got) != 4 || got[3] != "2026-03-13 Deactivate the account ana@x, and end its sessions." {
		t.Errorf("asked again: %q", got)
	}
	// Done in the app and exported.
	o.exports("user_name,person_id,email,title,status,groups,licenses\nana@x,1,,,inactive,,\ncy@x,3,,Payer,active,payers,\n")
	if got, err := o.open().Account(ctx, made.Ref()); err != nil || got.Status != "active" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARenameIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, erp)
	_, err := o.open().UpdateAccount(t.Context(), access.AccountRef{ID: "ana@x"}, access.AccountSpec{Values: map[access.Field]string{access.UserName: "eva@x"}})
	if !errors.Is(err, fault.Unsupported) || o.asked() != nil {
		t.Errorf("%v, asked %q", err, o.asked())
	}
}

func TestExportsThatAreErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"empty":           {"", []string{"no header"}},
		"columns missing": {"login,mail\na,b\n", []string{`no column "user_name"`, `no column "email"`, `no column "title"`}},
		"lines":           {erp + "ana@X,9,,,,,\n,9,,,,,\ncy@x,9,,,on fire,,\ndi@x,9\n", []string{`line 4`, "twice", "without a user name", `"on fire"`, "wrong number of fields"}},
		"two licenses":    {erp + "cy@x,9,,,,,Suite/Full;Suite/Viewer\n", []string{"exclude each other"}},
		"a cut quote":     {erp + "cy@x,9,\"cy\n", []string{"quote"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, tc.text)
			err := o.open().Check(t.Context())
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			for acc, err := range o.open().Accounts(t.Context(), access.AccountFilter{}) {
				if err == nil {
					t.Errorf("an account from an export that is an error: %+v", acc)
				}
			}
		})
	}
	o := newOffice(t, erp)
	if err := os.Remove(o.export); err != nil {
		t.Fatal(err)
	}
	if err := o.open().Check(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("no export at all: %v", err)
	}
}

func TestExportsInOtherWords(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "\uFEFFLogin;State;Roles\nana@x;Enabled;clerks| payers\nbo@x;LOCKED;\n")
	o.cfg.Fields, o.cfg.Separator = []string{"user_name"}, "|"
	o.cfg.Columns = map[string]string{"user_name": "login", "status": "State", "groups": "Roles"}
	a := o.open()
	var got []string
	for _, acc := range collect(t, a.Accounts(t.Context(), access.AccountFilter{})) {
		got = append(got, acc.UserName+" "+acc.Status)
	}
	if d := cmp.Diff([]string{"ana@x enabled", "bo@x locked"}, got); d != "" {
		t.Error(d)
	}
	if m := collect(t, a.Members(t.Context(), "payers")); len(m) != 1 || m[0].AccountID != "ana@x" {
		t.Errorf("members %+v", m)
	}
}

// Values that a spreadsheet would run are text in the file of tasks, and come back as they were.
func TestTasksAreNoFormulas(t *testing.T) {
	t.Parallel()
	o := newOffice(t, erp)
	evil := "=HYPERLINK(\"http://evil\")"
	_, err := o.open().CreateAccount(t.Context(), access.AccountSpec{Values: map[access.Field]string{access.UserName: evil, access.PersonID: "-1+1", access.Title: "@x\n=1"}})
	o.must(err)
	raw, err := os.ReadFile(o.tasks)
	o.must(err)
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	o.must(err)
	for _, c := range slices.Concat(rows...) {
		if c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
			t.Errorf("a spreadsheet runs %q", c)
		}
	}
	if got, err := o.open().Account(t.Context(), access.AccountRef{ID: fold(evil)}); err != nil || got.UserName != evil || got.PersonID != "-1+1" || got.Title != "@x\n=1" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A crash in the middle of a line loses nothing that was answered, and the next task repairs the file.
func TestFileOfTasksCutByACrash(t *testing.T) {
	t.Parallel()
	o := newOffice(t, erp)
	a := o.open()
	o.must(a.RetireAccount(t.Context(), access.AccountRef{ID: "ana@x"}, access.Deactivate))
	f, err := os.OpenFile(o.tasks, os.O_APPEND|os.O_WRONLY, 0o600)
	o.must(err)
	_, err = f.WriteString(`2026-03-02T10:00:00Z,2026-03-07,erp,"create acc`)
	o.must(err)
	o.must(f.Close())
	if got, err := a.Account(t.Context(), access.AccountRef{ID: "ana@x"}); err != nil || got.Active {
		t.Errorf("%+v, %v", got, err)
	}
	o.must(a.ChangeMembers(t.Context(), "clerks", []access.MemberChange{{Account: access.AccountRef{ID: "bo@x"}}})[0])
	if got := o.asked(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	o.must(os.WriteFile(o.tasks, []byte("a,b\n1,2\n"), 0o600))
	if err := a.Check(t.Context()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "tasks.csv, line 1") {
		t.Errorf("a file of something else: %v", err)
	}
	if err := a.RetireAccount(t.Context(), access.AccountRef{ID: "ana@x"}, access.Deactivate); err == nil {
		t.Error("a task was written into a file of something else")
	}
}

func TestConcurrentTasks(t *testing.T) {
	t.Parallel()
	o := newOffice(t, erp)
	var wg sync.WaitGroup
	for range 4 {
		a := o.open() // as other processes have it
		for range 5 {
			wg.Go(func() {
				if err := a.RetireAccount(t.Context(), access.AccountRef{ID: "ana@x"}, access.Deactivate); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if got := o.asked(); len(got) != 1 {
		t.Errorf("one thing was asked for %d times: %q", len(got), got)
	}
}

func TestOpenNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{Name: "erp", DueDays: 91, Fields: []string{"shoe_size"}, Columns: map[string]string{"title": "x"}, Licenses: []string{"/x"}})
	for _, want := range []string{"export is empty", "tasks is empty", "due_days is 91", `"shoe_size"`, `columns: "title"`, `licenses: "/x"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if _, err := Open(Config{Name: "erp", Export: "a.csv", Tasks: "./a.csv"}); err == nil {
		t.Error("tasks would overwrite the export")
	}
	o := newOffice(t, erp)
	if ok, why := app.Supports(o.open(), app.WriteGroups); ok || why == "" {
		t.Errorf("groups can be made: %v %q", ok, why)
	}
}
