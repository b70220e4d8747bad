package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app/local"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// What is written by hand must be what the schema says, null where there is nothing.
func TestAccountInMessage(t *testing.T) {
	t.Parallel()
	a, err := local.Open(local.Config{Name: "wiki", Path: t.TempDir() + "/wiki.json"})
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.New(a, inventory.Options{Name: "wiki", Protected: []string{"glass@*"}})
	for name, tc := range map[string]struct {
		account access.Account
		want    map[string]any // what is neither null nor false
	}{
		"everything": {
			access.Account{
				ID: "1", UserName: "glass@acme.com", PersonID: "p1", Title: "Über-Engineer", Active: true, Status: "active",
				Attributes: map[string]string{"site": "Łódź", "empty": ""},
			},
			map[string]any{
				"id": "1", "user_name": "glass@acme.com", "person_id": "p1", "title": "Über-Engineer", "active": true, "status": "active", "protected": true,
				"attributes": map[string]string{"site": "Łódź", "empty": ""},
			},
		},
		"next to nothing": {access.Account{ID: "2"}, map[string]any{"id": "2", "attributes": map[string]string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newMessage(0)
			w.account(inv, tc.account)
			msg, err := w.value()
			if err != nil {
				t.Fatal(err)
			}
			typ, ok := accountObject().TerraformType(t.Context()).(tftypes.Object)
			if !ok {
				t.Fatal("an account is no object")
			}
			got, err := msg.Unmarshal(typ)
			if err != nil {
				t.Fatal(err)
			}
			fields := make(map[string]tftypes.Value)
			for attr, typ := range typ.AttributeTypes {
				switch v := tc.want[attr].(type) {
				case map[string]string:
					fields[attr] = rawStrings(v)
				case nil:
					fields[attr] = tftypes.NewValue(typ, nil)
					if typ.Is(tftypes.Bool) {
						fields[attr] = tftypes.NewValue(typ, false)
					}
				default:
					fields[attr] = tftypes.NewValue(typ, v)
				}
			}
			if want := tftypes.NewValue(typ, fields); !got.Equal(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
