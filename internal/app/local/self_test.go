package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// The file may name its own account; a write keeps the name.
func TestSelf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"self": "BO@acme.com", "accounts": [{"id": "a1", "user_name": "bo@acme.com", "active": true}]}`: "a1",
		`{"self": "cy@acme.com", "accounts": [{"id": "a1", "user_name": "bo@acme.com", "active": true}]}`: "",
		`{"accounts": [{"id": "a1", "user_name": "bo@acme.com", "active": true}]}`:                        "",
	} {
		path := filepath.Join(t.TempDir(), "wiki.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(Config{Name: "wiki", Path: path})
		if err != nil {
			t.Fatal(err)
		}
		ref, err := a.Self(t.Context())
		if ref.ID != want || (want == "") != (fault.KindOf(err) == fault.NotFound) {
			t.Errorf("%s: %+v, %v", text, ref, err)
		}
		if err := a.RetireAccount(t.Context(), access.AccountRef{ID: "a1"}, access.Deactivate); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil || strings.Contains(text, `"self"`) != strings.Contains(string(after), `"self"`) {
			t.Errorf("after a write the file is\n%s", after)
		}
	}
}
