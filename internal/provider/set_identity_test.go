package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// An import by identity finds the app by its tenant, whatever it is called, and the Read after it fills in what the
// app holds. (Through Terraform it takes 1.12: see TestSetImportByIdentity.)
func TestSetReadsWhatIdentityNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kb.json")
	const file = `{"accounts": [{"id": "u-1", "user_name": "ana@x", "person_id": "ana"}],
		"groups": [{"id": "g-2", "name": "eng", "members": {"ana@x": "member"}}]}`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := local.Open(local.Config{Name: "kb", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.New(a, inventory.Options{Name: "kb"})
	d := &Data{apps: map[string]*appEntry{"kb": {inv: inv}}, zone: time.UTC, clock: lifecycle.Clock{}, claims: newClaims()}
	for name, tc := range map[string]struct {
		kind     setKind
		identity map[string]string
	}{
		"app":   {appAccess{}, map[string]string{"tenant": inv.Info().Tenant}},
		"group": {groupMembers{}, map[string]string{"tenant": inv.Info().Tenant, "group_id": "g-2"}},
	} {
		var diags diag.Diagnostics
		set := newSetResource(tc.kind)
		m := tc.kind.imports(t.Context(), &diags, d, "", tc.identity)
		if m = set.read(t.Context(), &diags, d, m); m == nil || diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		if m.app != "kb" || fmt.Sprint(m.state.Groups) != "map[eng:map[ana@x:member]]" || fmt.Sprint(tc.kind.ids(m)) != fmt.Sprint(tc.identity) {
			t.Errorf("%s: app %s, groups %v, identity %v", name, m.app, m.state.Groups, tc.kind.ids(m))
		}
		if ana := m.state.Accounts["ana"]; tc.kind.whole() && ana.Fields[access.UserName] != "ana@x" {
			t.Errorf("accounts %v", m.state.Accounts)
		}
		other := map[string]string{"tenant": "local:elsewhere", "group_id": "g-2"}
		if tc.kind.imports(t.Context(), &diags, d, "", other) != nil || !diags.HasError() {
			t.Errorf("%s: an identity of another tenant was imported", name)
		}
	}
}
