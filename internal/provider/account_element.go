package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// What tenure_entitlements puts out is what tenure_app_access takes. Terraform hands the values over as they
// are only while both have one type, so the types live here and nowhere else.

// accountElement is one account of a whole app: the value of a map whose key is the person_id. Null is
// unmanaged.
func accountElement() types.ObjectType {
	elem := map[string]attr.Type{"active": types.BoolType, "attributes": types.MapType{ElemType: types.StringType}}
	for _, f := range accountElementFields() {
		elem[string(f)] = types.StringType
	}
	return types.ObjectType{AttrTypes: elem}
}

// accountElementFields are the fields of accountElement that are text. The person_id is the key.
func accountElementFields() []access.Field {
	return []access.Field{
		access.UserName, access.Email, access.GivenName, access.FamilyName, access.DisplayName,
		access.Title, access.Department, access.Manager, access.Role,
	}
}

// accountsType is person_id → account.
func accountsType() types.MapType { return types.MapType{ElemType: accountElement()} }

// grantsType is group → user name → role, and product → user name → license.
func grantsType() types.MapType {
	return types.MapType{ElemType: types.MapType{ElemType: types.StringType}}
}

// appElement is everything that people hold in one app.
func appElement() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"accounts": accountsType(), "groups": grantsType(), "licenses": grantsType(),
	}}
}
