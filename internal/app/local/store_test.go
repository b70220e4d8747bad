package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func truncate(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEditByHandIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, path := openFile(t, wiki)
	title := func() string {
		acc, err := a.Account(ctx, ana)
		if err != nil {
			t.Fatal(err)
		}
		return acc.Title
	}
	// Same inode, same size, and mostly within one tick of the file system's clock.
	for i := range 50 {
		want := fmt.Sprintf("Number%02d", i)
		if i%2 == 0 {
			if _, err := a.UpdateAccount(ctx, ana, access.AccountSpec{Values: map[access.Field]string{access.Title: want}}); err != nil {
				t.Fatal(err)
			}
		} else {
			overwrite(t, path, strings.Replace(content(t, path), fmt.Sprintf("Number%02d", i-1), want, 1))
		}
		if got := title(); got != want {
			t.Fatalf("title %q, want %q", got, want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if n := len(collect(t, a.Accounts(ctx, access.AccountFilter{}))); n != 0 {
		t.Errorf("%d accounts after the file was deleted", n)
	}
}

func TestUnchangedFileIsNotReadAgain(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	first, err := a.file.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, _ := a.file.load(t.Context())
	if first != again {
		t.Error("an unchanged file was parsed twice")
	}
	if _, err := a.CreateAccount(t.Context(), spec("dee")); err != nil {
		t.Fatal(err)
	}
	written, _ := a.file.load(t.Context())
	if again, _ = a.file.load(t.Context()); written != again || !a.file.cache.exact {
		t.Error("the app read back what it wrote itself")
	}
}

func TestModeAndLinksAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real := filepath.Join(dir, "data", "real.json")
	if err := os.MkdirAll(filepath.Dir(real), 0o700); err != nil {
		t.Fatal(err)
	}
	overwrite(t, real, wiki)
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink(filepath.Join("data", "real.json"), link); err != nil {
		t.Skip(err)
	}
	if _, err := openPath(t, link).CreateAccount(t.Context(), spec("dee")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, want 0640", info.Mode())
	}
	if !strings.Contains(content(t, real), `"dee"`) {
		t.Error("the target was not written")
	}
	if names := entries(t, dir); !cmp.Equal(names, []string{"data", "link.json"}) {
		t.Errorf("beside the link: %v", names)
	}

	// A link to a file that does not exist yet.
	later := filepath.Join(dir, "later.json")
	if err := os.Symlink(filepath.Join(dir, "data", "new.json"), later); err != nil {
		t.Fatal(err)
	}
	if _, err := openPath(t, later).CreateAccount(t.Context(), spec("dee")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(content(t, filepath.Join(dir, "data", "new.json")), `"dee"`) {
		t.Error("the target of the dangling link was not written")
	}
	loop := filepath.Join(dir, "loop.json")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	_, err := openPath(t, loop).CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Invalid, "symbolic links")
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestLeftoverOfACrashIsIgnoredAndRemoved(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	overwrite(t, path+".tmp", wiki[:100]) // killed between writing and renaming
	if n := len(collect(t, a.Accounts(t.Context(), access.AccountFilter{}))); n != 3 {
		t.Errorf("%d accounts", n)
	}
	if _, err := a.CreateAccount(t.Context(), spec("dee")); err != nil {
		t.Fatal(err)
	}
	if names := entries(t, filepath.Dir(path)); !cmp.Equal(names, []string{"wiki.json", "wiki.json.lock"}) {
		t.Errorf("left behind: %v", names)
	}
	if n := len(collect(t, openPath(t, path).Accounts(t.Context(), access.AccountFilter{}))); n != 4 {
		t.Errorf("%d accounts", n)
	}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	// A directory in the place of the temporary file fails any write, for root too.
	if err := os.MkdirAll(filepath.Join(path+".tmp", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Unavailable, "create account dee", "wiki.json.tmp", "Nothing was written")
	if content(t, path) != wiki {
		t.Error("the file changed")
	}
	if got := userNames(collect(t, a.Accounts(t.Context(), access.AccountFilter{}))); len(got) != 3 {
		t.Errorf("the app shows what was not written: %v", got)
	}
	if err := os.RemoveAll(path + ".tmp"); err != nil {
		t.Fatal(err)
	}
	if acc, err := a.CreateAccount(t.Context(), spec("dee")); err != nil || acc.ID != "u-000006" {
		t.Errorf("afterwards: %v, %v", acc, err)
	}
}

func TestEditDuringAWriteIsKept(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	calls := 0
	err := a.file.update(t.Context(), func(e *edit) error {
		if calls++; calls == 1 { // an editor saves after the file was read
			overwrite(t, path, strings.Replace(wiki, "Engineer", "Architect", 1))
		}
		e.put(access.Account{ID: e.newID(accountPrefix), UserName: "dee", Active: true})
		return nil
	})
	if err != nil || calls != 2 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	if text := content(t, path); !strings.Contains(text, "Architect") || strings.Count(text, `"dee"`) != 1 {
		t.Errorf("file:\n%s", text)
	}
	err = a.file.update(t.Context(), func(e *edit) error {
		overwrite(t, path, "oops")
		e.put(access.Account{ID: e.newID(accountPrefix), UserName: "eli", Active: true})
		return nil
	})
	wantFault(t, err, fault.Invalid, "wiki.json:1:1")
	if content(t, path) != "oops" {
		t.Error("a broken file was overwritten")
	}
}

func TestFailedSync(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	a, path := openFile(t, wiki)
	a.file.sync = func(*os.File) error { return broken }
	_, err := a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Unavailable, "input/output error", "Nothing was written")
	if content(t, path) != wiki {
		t.Error("a file that may not be on disk replaced one that is")
	}
	// Once the file is replaced, what a power failure leaves is open.
	a, path = openFile(t, wiki)
	a.file.syncDirectory = func(string) error { return broken }
	_, err = a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Unconfirmed, "input/output error", "may be lost")
	if !strings.Contains(content(t, path), `"dee"`) {
		t.Error("the file was not replaced")
	}
}

func TestReadOnlyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err := a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Forbidden, path, "read-only", "chmod u+w")
	if content(t, path) != wiki {
		t.Error("the file changed")
	}
}

func TestDirectoryInsteadOfFile(t *testing.T) {
	t.Parallel()
	a := openPath(t, t.TempDir())
	wantFault(t, a.Check(t.Context()), fault.Invalid, "is a directory")
	_, err := a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Invalid, "is a directory")
}

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, wiki)
	a.file.queue.Patience = time.Millisecond
	other := flock.New(path + ".lock")
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	_, err := a.CreateAccount(t.Context(), spec("dee"))
	wantFault(t, err, fault.Unavailable, "create account dee in wiki", path+".lock", "Nothing was written")
	if _, err := a.Account(t.Context(), ana); err != nil {
		t.Errorf("reading needs no lock: %v", err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	a.file.queue.Patience = 0
	if _, err := a.CreateAccount(t.Context(), spec("eli")); err != nil {
		t.Fatal(err)
	}
	got := userNames(collect(t, a.Accounts(t.Context(), access.AccountFilter{})))
	if diff := cmp.Diff([]string{"Ana@acme.com", "bo@acme.com", "cy@acme.com", "eli"}, got); diff != "" {
		t.Errorf("a write that was given up happened after all (-want +got):\n%s", diff)
	}
}

func TestConcurrentWritersOfOneFile(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 20
	_, path := openFile(t, `{"groups": [{"id": "g-1", "name": "all"}], "licenses": [{"license": "Seat", "total": 50}]}`)
	apps := []*App{openPath(t, path), openPath(t, path)} // as two processes: they share nothing but the file
	limits := make(chan error, writers*each)
	var g errgroup.Group
	for w := range writers {
		a := apps[w%len(apps)]
		g.Go(func() error {
			for i := range each {
				acc, err := a.CreateAccount(t.Context(), spec(fmt.Sprintf("w%d-%02d", w, i)))
				if err != nil {
					return err
				}
				if read, err := a.Account(t.Context(), acc.Ref()); err != nil || read.UserName != acc.UserName {
					return fmt.Errorf("read after write: %v, %w", read, err)
				}
				if err := a.ChangeMembers(t.Context(), "g-1", []access.MemberChange{{Account: acc.Ref()}})[0]; err != nil {
					return err
				}
				limits <- a.ChangeAssignees(t.Context(), "Seat", []access.LicenseChange{{Account: acc.Ref(), License: "Seat"}})[0]
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	close(limits)
	refused := 0
	for err := range limits {
		if errors.Is(err, fault.LimitReached) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	ids := map[string]bool{}
	for _, a := range collect(t, openPath(t, path).Accounts(t.Context(), access.AccountFilter{})) {
		ids[a.ID] = true
	}
	members := len(collect(t, apps[0].Members(t.Context(), "g-1")))
	used := collect(t, apps[1].Pools(t.Context()))[0].Used
	if len(ids) != writers*each || members != writers*each || used != 50 || refused != writers*each-50 {
		t.Errorf("%d ids, %d members, %d seats used, %d refused", len(ids), members, used, refused)
	}
}
