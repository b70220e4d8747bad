package local

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

const wiki = `{
  "last_id": 5,
  "accounts": [
    {
      "id": "u-000001",
      "user_name": "Ana@acme.com",
      "person_id": "1042",
      "email": "ana@acme.com",
      "given_name": "Ana",
      "family_name": "Núñez <Ops>",
      "title": "Engineer",
      "manager": "bo@acme.com",
      "active": true,
      "last_login": "2026-03-01T09:30:00Z",
      "attributes": {
        "badge": "7",
        "site": "Madrid"
      }
    },
    {
      "id": "u-000002",
      "user_name": "bo@acme.com",
      "active": true
    },
    {
      "id": "u-000003",
      "user_name": "cy@acme.com",
      "active": false
    }
  ],
  "groups": [
    {
      "id": "g-000004",
      "name": "admins",
      "description": "They run it.",
      "members": {
        "Ana@acme.com": "owner",
        "cy@acme.com": "member"
      }
    },
    {
      "id": "g-000005",
      "name": "Everyone",
      "members": {}
    }
  ],
  "licenses": [
    {
      "product": "design",
      "license": "Full",
      "total": 1,
      "assignees": [
        "Ana@acme.com"
      ]
    },
    {
      "product": "design",
      "license": "Viewer",
      "total": null,
      "assignees": [
        "bo@acme.com"
      ]
    }
  ]
}
`

var (
	ana = access.AccountRef{ID: "u-000001", UserName: "Ana@acme.com"}
	bo  = access.AccountRef{ID: "u-000002", UserName: "bo@acme.com"}
	cy  = access.AccountRef{ID: "u-000003", UserName: "cy@acme.com"}
)

// openFile opens an app on a new file with the content, or on a missing file when there is none.
func openFile(t testing.TB, content string) (*App, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wiki.json")
	if content != "" {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return openPath(t, path), path
}

func openPath(t testing.TB, path string) *App {
	t.Helper()
	a, err := Open(Config{Name: "wiki", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// wantFault checks the kind and that the text names every part.
func wantFault(t testing.TB, err error, kind fault.Kind, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want kind %q", err, kind)
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("%v is no *fault.Error", err)
	}
	text := f.Error() + " | " + f.State + " | " + f.Next
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("error %q does not say %q", text, p)
		}
	}
}

func userNames(accounts []access.Account) []string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.UserName)
	}
	return names
}

func spec(name string, more ...string) access.AccountSpec {
	s := access.AccountSpec{Values: map[access.Field]string{access.UserName: name}}
	for i := 0; i < len(more); i += 2 {
		s.Values[access.Field(more[i])] = more[i+1]
	}
	return s
}

func TestOpen(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{Name: "wiki", Path: " "})
	wantFault(t, err, fault.Invalid, "wiki", "path is empty")

	dir := t.TempDir()
	a := openPath(t, filepath.Join(dir, "sub", "..", "wiki.json"))
	if got, want := a.Info().Tenant, "local:"+filepath.ToSlash(dir)+"/wiki.json"; got != want {
		t.Errorf("tenant %q, want %q", got, want)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("opening made %v", left)
	}
	if diff := cmp.Diff(app.AllCapabilities(), app.Capabilities(a)); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestMissingFileIsAnEmptyApp(t *testing.T) {
	t.Parallel()
	a, path := openFile(t, "")
	ctx := t.Context()
	if err := a.Check(ctx); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, a.Accounts(ctx, access.AccountFilter{})); len(got) > 0 {
		t.Errorf("accounts %v", got)
	}
	_, err := a.Account(ctx, ana)
	wantFault(t, err, fault.NotFound, "u-000001", "Ana@acme.com", "wiki")
	// Nothing that changes nothing creates the file.
	if err := a.RetireAccount(ctx, ana, access.Delete); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was created for nothing: %v", err)
	}
	if _, err := a.CreateAccount(ctx, spec("ana")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestMissingDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nowhere")
	a := openPath(t, filepath.Join(dir, "wiki.json"))
	_, read := a.Account(t.Context(), ana)
	_, write := a.CreateAccount(t.Context(), spec("ana"))
	for _, err := range []error{a.Check(t.Context()), read, write, firstError(a.Groups(t.Context(), true))} {
		wantFault(t, err, fault.Invalid, "directory "+dir+" ", "does not exist", "Create the directory")
		if errors.Is(err, fault.NotFound) {
			t.Error("a missing directory must not look like a missing account")
		}
	}
}

func TestRolesOfTheFile(t *testing.T) {
	t.Parallel()
	a, _ := openFile(t, strings.Replace(wiki, `"last_id"`, `"roles": ["member", "owner", "guest"], "last_id"`, 1))
	broken, _ := openFile(t, "oops")
	if diff := cmp.Diff(defaultRoles, broken.Info().GroupRoles); diff != "" {
		t.Errorf("roles of a file that cannot be read (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"member", "owner", "guest"}, a.Info().GroupRoles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	errs := a.ChangeMembers(t.Context(), "g-000005", []access.MemberChange{{Account: bo, Role: "guest"}, {Account: ana, Role: "admin"}})
	if errs[0] != nil {
		t.Error(errs[0])
	}
	wantFault(t, errs[1], fault.Invalid, "admin", "member, owner, guest", "Ana@acme.com")
}
