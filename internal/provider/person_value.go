package provider

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// personObject is one person in the output of tenure_roster: the fields that conditions see, and has_access.
func personObject() types.ObjectType {
	s := types.StringType
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"person_id": s, "employee_number": s, "given_name": s, "family_name": s, "display_name": s, "work_email": s, "user_name": s,
		"title": s, "department": s, "division": s, "organization": s, "cost_center": s, "team": s, "location": s, "country": s,
		"employment_type": s, "full_time": types.BoolType, "stage": s, "start_date": s, "end_date": s,
		"manager_id": s, "manager_email": s, "is_manager": types.BoolType, "manager_chain": types.ListType{ElemType: s},
		"custom": types.MapType{ElemType: s}, "has_access": types.BoolType,
	}}
}

func personFieldNames() []string { return slices.Sorted(maps.Keys(personObject().AttrTypes)) }

// personValue is a person as an object. Fields that were not asked for are null, except who it is and where they stand.
func personValue(p listed) attr.Value {
	attrs := personObject().AttrTypes
	values := make(map[string]attr.Value, len(attrs))
	for name, typ := range attrs {
		switch v := p.Fields[name].(type) {
		case string:
			values[name] = text(v)
		case bool:
			values[name] = types.BoolValue(v)
		case []string:
			values[name] = textList(v)
		case map[string]string:
			values[name] = textMapValue(v)
		default:
			values[name] = nullOf(typ)
		}
	}
	values["person_id"], values["stage"] = text(p.PersonID), text(string(p.Stage))
	if p.at.Window != lifecycle.WindowUnknown {
		values["has_access"] = types.BoolValue(p.at.InWindow())
	}
	if p.fullTime == nil {
		values["full_time"] = types.BoolNull()
	}
	return types.ObjectValueMust(attrs, values)
}

func textList(list []string) types.List {
	elems := make([]attr.Value, len(list))
	for i, s := range list {
		elems[i] = types.StringValue(s)
	}
	return types.ListValueMust(types.StringType, elems)
}

func textMapValue(m map[string]string) types.Map {
	elems := make(map[string]attr.Value, len(m))
	for k, v := range m {
		elems[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elems)
}

func nullOf(t attr.Type) attr.Value {
	switch t := t.(type) {
	case types.ListType:
		return types.ListNull(t.ElemType)
	case types.MapType:
		return types.MapNull(t.ElemType)
	}
	if t.Equal(types.BoolType) {
		return types.BoolNull()
	}
	return types.StringNull()
}
