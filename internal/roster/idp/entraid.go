package idp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// What a user of Entra ID is read by beyond texts.
const (
	accountEnabled = "accountEnabled"
	hireDate       = "employeeHireDate"
	leaveDate      = "employeeLeaveDateTime"
	userType       = "userType"
)

// enabledLate is how long after the hire date an account that is not enabled yet still counts as that of a future hire, and
// not of somebody who has left.
const enabledLate = 14 * 24 * time.Hour

// OpenEntraID reads a tenant of Microsoft Entra ID (learn.microsoft.com/graph/api/resources/user).
func OpenEntraID(c Config) (roster.Source, error) {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	adjust := func(r *hrapi.Record) {
		hired, early := time.Parse(time.RFC3339, r.Get(hireDate))
		switch enabled := r.Get(accountEnabled); {
		case enabled == "true":
			r.Set(accountEnabled, "enabled")
		case enabled == "false" && early == nil && r.Get(leaveDate) == "" && hired.After(now().Add(-enabledLate)):
			r.Set(accountEnabled, "not enabled yet")
		case enabled == "false":
			r.Set(accountEnabled, "disabled")
		}
		for _, path := range []string{hireDate, leaveDate} {
			if t, err := time.Parse(time.RFC3339, r.Get(path)); err == nil && c.DateZone != nil {
				r.Set(path, t.In(c.DateZone).Format(time.DateOnly))
			}
		}
	}
	return open(c, hrapi.Kind{
		Info: roster.Info{
			Kind: "entra_id", Terminated: roster.Depends, FutureHires: roster.Depends, Leave: roster.No, Totals: roster.No,
			Lacks: map[string]string{
				"start_date":        "employeeHireDate, where HR feeds it",
				"end_date":          "employeeLeaveDateTime, where HR feeds it, and with the permission User-LifeCycleInfo.Read.All",
				"last_working_day":  "not part of a user: map an extension attribute where there is one",
				"contract_end_date": "not part of a user: map an extension attribute where there is one",
				"status":            "whether the account is enabled; deleted users are not told of. An account that is not enabled counts as a future hire's with a hire date ahead, else as that of somebody who has left",
			},
		},
		Title: "Entra ID", Noun: "user", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "user_name": "userPrincipalName", "employee_number": "employeeId", "given_name": "givenName", "family_name": "surname",
			"display_name": "displayName", "work_email": "mail", "title": "jobTitle", "department": "department", "division": "employeeOrgData.division",
			"cost_center": "employeeOrgData.costCenter", "organization": "companyName", "location": "officeLocation", "manager_source_id": "manager.id",
			"employment_type": "employeeType", "status": accountEnabled, "start_date": hireDate, "end_date": leaveDate,
		},
		StatusMap: map[string]string{"enabled": "active", "not enabled yet": "pre_hire", "disabled": "terminated"},
		Adjust:    adjust,
	}, func(want []string) []string {
		if !c.Guests && !slices.Contains(want, userType) {
			want = append(slices.Clone(want), userType)
		}
		return want
	}, func(u json.RawMessage) (json.RawMessage, error) {
		var user struct{ UserType *string }
		if err := json.Unmarshal(u, &user); err == nil && !c.Guests && user.UserType != nil && strings.EqualFold(cmp.Or(*user.UserType, "Member"), "Guest") {
			return nil, nil
		}
		return u, nil
	})
}
