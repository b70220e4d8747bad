package provider

import (
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// What tenure_entitlements puts out is what tenure_app_access takes. Terraform hands the values over as they
// are only while both have one type, so the types live here and nowhere else.

// accountElement is one account of a whole app: the value of a map whose key is the person_id. Null is
// unmanaged.
func accountElement() tftypes.Object {
	elem := map[string]tftypes.Type{"active": tftypes.Bool, "attributes": tftypes.Map{ElementType: tftypes.String}}
	for _, f := range accountElementFields() {
		elem[string(f)] = tftypes.String
	}
	return tftypes.Object{AttributeTypes: elem}
}

// accountElementFields are the fields of accountElement that are text. The person_id is the key.
func accountElementFields() []access.Field { return access.Fields()[1:] }

// grantsElement is group → user name → role, and product → user name → license.
func grantsElement() tftypes.Map {
	return tftypes.Map{ElementType: tftypes.Map{ElementType: tftypes.String}}
}

// appElement is everything that people hold in one app.
func appElement() tftypes.Object {
	return tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"accounts": tftypes.Map{ElementType: accountElement()}, "groups": grantsElement(), "licenses": grantsElement(),
	}}
}
