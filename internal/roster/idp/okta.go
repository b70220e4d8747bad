package idp

import (
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// OpenOkta reads an Okta organization (developer.okta.com/docs/api/openapi/okta-management, User): everybody in whatever
// status, those who are deprovisioned included, until they are deleted.
func OpenOkta(c Config) (roster.Source, error) {
	staged := "unknown" // somebody who starts later has a start date; without one nothing follows
	if mapped(c.Mapping, "start_date") {
		staged = "pre_hire"
	}
	return open(c, hrapi.Kind{
		Info: roster.Info{
			Kind: "okta", Terminated: roster.Yes, FutureHires: roster.Depends, Leave: roster.Depends, Totals: roster.No,
			Lacks: map[string]string{
				"start_date":        "is a property of the organization's own where there is one: map profile.NAME. Without it STAGED is unknown, with it a future hire",
				"end_date":          "is a property of the organization's own where there is one: map profile.NAME",
				"last_working_day":  "is a property of the organization's own where there is one: map profile.NAME",
				"contract_end_date": "is a property of the organization's own where there is one: map profile.NAME",
				"status":            "that of the account. Deleted users are not told of. SUSPENDED is unknown until status_map says whether it means leave",
				"employment_type":   "userType, which is whatever the organization writes there: map its words",
			},
		},
		Title: "Okta", Noun: "user", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "user_name": "profile.login", "employee_number": "profile.employeeNumber", "given_name": "profile.firstName",
			"family_name": "profile.lastName", "display_name": "profile.displayName", "work_email": "profile.email", "title": "profile.title",
			"department": "profile.department", "cost_center": "profile.costCenter", "employment_type": "profile.userType",
			"manager_source_id": "profile.managerId", // an employee number or a login as often as an id
			"status":            "status",
		},
		OmitsEmpty: true, // a profile lacks the properties that are empty
		StatusMap: map[string]string{
			"STAGED": staged, "PROVISIONED": "active", "ACTIVE": "active", "RECOVERY": "active", "PASSWORD_EXPIRED": "active", "LOCKED_OUT": "active",
			"DEPROVISIONED": "terminated",
		},
	}, asIs, same)
}
