package provider

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
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

// alwaysGiven is what every use of a roster needs: who, and where they stand.
var alwaysGiven = []string{"person_id", "stage", "has_access"}

func personFieldNames() []string { return slices.Sorted(maps.Keys(personObject().AttrTypes)) }

// personValue is a person as an object; of fields, when given, only those and alwaysGiven.
func personValue(p access.Person, at lifecycle.Standing, m managers, fields []string) attr.Value {
	custom := make(map[string]attr.Value, len(p.Custom))
	for k, v := range p.Custom {
		custom[k] = types.StringValue(v)
	}
	hasAccess := types.BoolValue(at.InWindow())
	if at.Window == lifecycle.WindowUnknown {
		hasAccess = types.BoolNull()
	}
	values := map[string]attr.Value{
		"person_id": text(p.PersonID), "employee_number": text(p.EmployeeNumber), "given_name": text(p.GivenName),
		"family_name": text(p.FamilyName), "display_name": text(p.DisplayName), "work_email": text(p.WorkEmail),
		"user_name": text(p.UserName), "title": text(p.Title), "department": text(p.Department), "division": text(p.Division),
		"organization": text(p.Organization), "cost_center": text(p.CostCenter), "team": text(p.Team), "location": text(p.Location),
		"country": text(p.Country), "employment_type": text(string(p.EmploymentType)), "full_time": types.BoolPointerValue(p.FullTime),
		"stage": text(string(at.Stage)), "start_date": text(p.StartDate.String()), "end_date": text(p.EndDate.String()),
		"manager_id": text(p.ManagerID), "manager_email": text(p.ManagerEmail), "is_manager": types.BoolValue(m.manages[p.PersonID]),
		"manager_chain": types.ListValueMust(types.StringType, m.chain(p.PersonID)),
		"custom":        types.MapValueMust(types.StringType, custom), "has_access": hasAccess,
	}
	if len(fields) > 0 {
		for name, typ := range personObject().AttrTypes {
			if !slices.Contains(fields, name) && !slices.Contains(alwaysGiven, name) {
				values[name] = nullOf(typ)
			}
		}
	}
	return types.ObjectValueMust(personObject().AttrTypes, values)
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
