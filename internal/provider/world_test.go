package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
)

// world is one local app and whatever happens to it behind Terraform's back.
type world struct {
	t    testing.TB
	path string
	app  *local.App
}

func newWorld(t testing.TB) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wiki.json")
	a, err := local.Open(local.Config{Name: "wiki", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, path: path, app: a}
}

// hcl is a provider block with the app "wiki", further lines for the app block, and the rest of a configuration.
func (w *world) hcl(appLines, rest string) string {
	return fmt.Sprintf("provider \"tenure\" {\n  app {\n    name = \"wiki\"\n%s\n    local {\n      path = %q\n    }\n  }\n}\n%s", appLines, w.path, rest)
}

// has makes an account.
func (w *world) has(spec access.AccountSpec) access.Account {
	w.t.Helper()
	a, err := w.app.CreateAccount(w.t.Context(), spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// person is a spec of an account with these fields: "user_name=ana@acme.com".
func person(fields ...string) access.AccountSpec {
	s := access.AccountSpec{Values: map[access.Field]string{}}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		s.Values[access.Field(k)] = v
	}
	return s
}

// account finds an account by user name; nil when there is none.
func (w *world) account(userName string) *access.Account {
	w.t.Helper()
	for a, err := range w.app.Accounts(w.t.Context(), access.AccountFilter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if a.UserName == userName {
			return &a
		}
	}
	return nil
}

// must is account that fails the test when there is none.
func (w *world) must(userName string) access.Account {
	w.t.Helper()
	a := w.account(userName)
	if a == nil {
		w.t.Fatalf("the app has no account %s", userName)
	}
	return *a
}

// change writes to an account as another administrator would.
func (w *world) change(userName string, spec access.AccountSpec) {
	w.t.Helper()
	if _, err := w.app.UpdateAccount(w.t.Context(), w.must(userName).Ref(), spec); err != nil {
		w.t.Fatal(err)
	}
}

// retire deactivates or deletes an account as another administrator would.
func (w *world) retire(userName string, how access.Disposition) {
	w.t.Helper()
	if err := w.app.RetireAccount(w.t.Context(), w.must(userName).Ref(), how); err != nil {
		w.t.Fatal(err)
	}
}

// group makes a group and gives its id.
func (w *world) group(name string) string {
	w.t.Helper()
	g, err := w.app.CreateGroup(w.t.Context(), access.GroupSpec{Name: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	return g.ID
}

// renameGroup renames a group as another administrator would.
func (w *world) renameGroup(was, name string) {
	w.t.Helper()
	for g, err := range w.app.Groups(w.t.Context(), false) {
		if err != nil {
			w.t.Fatal(err)
		}
		if g.Name != was {
			continue
		}
		if _, err := w.app.UpdateGroup(w.t.Context(), g.ID, access.GroupSpec{Name: &name}); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatalf("the app has no group %s", was)
}

// members maps user names to roles.
func (w *world) members(group string) map[string]string {
	w.t.Helper()
	roles := make(map[string]string)
	for g, err := range w.app.Groups(w.t.Context(), false) {
		if err != nil {
			w.t.Fatal(err)
		}
		if g.Name != group {
			continue
		}
		for m, err := range w.app.Members(w.t.Context(), g.ID) {
			if err != nil {
				w.t.Fatal(err)
			}
			a, err := w.app.Account(w.t.Context(), access.AccountRef{ID: m.AccountID})
			if err != nil {
				w.t.Fatal(err)
			}
			roles[a.UserName] = m.Role
		}
	}
	return roles
}

// changeMember adds, changes or removes a member as another administrator would.
func (w *world) changeMember(groupID, userName, role string, remove bool) {
	w.t.Helper()
	change := access.MemberChange{Account: w.must(userName).Ref(), Role: role, Remove: remove}
	if err := w.app.ChangeMembers(w.t.Context(), groupID, []access.MemberChange{change})[0]; err != nil {
		w.t.Fatal(err)
	}
}

// read is the file as it is.
func (w *world) read() string {
	w.t.Helper()
	b, err := os.ReadFile(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}
