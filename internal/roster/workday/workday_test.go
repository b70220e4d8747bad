package workday_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/rostertest"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/workday"
)

const path = "/ccx/service/customreport2/acme/isu_tenure/Tenure_Roster"

func TestRoster(t *testing.T) {
	t.Parallel()
	t.Run("user", func(t *testing.T) {
		t.Parallel()
		v := vendor()
		v.Open = func(url string, m roster.Mapping) (roster.Source, error) {
			return workday.Open(workday.Config{Connection: hrapi.Connection{Name: "hr"}, ReportURL: url + path, UserName: "isu_tenure", Password: "pass-word", OnLeave: "On_Leave", Mapping: m})
		}
		rostertest.Run(t, v)
	})
	t.Run("API client", func(t *testing.T) {
		t.Parallel()
		v := vendor()
		v.People = 100
		v.TokenPath = "/ccx/oauth2/acme/token"
		v.Open = func(url string, m roster.Mapping) (roster.Source, error) {
			return workday.Open(workday.Config{Connection: hrapi.Connection{Name: "hr"}, ReportURL: url + path, ClientID: "client", ClientSecret: "client-secret", RefreshToken: "refresh-token", OnLeave: "On_Leave", Mapping: m})
		}
		rostertest.Run(t, v)
	})
}

func vendor() rostertest.Vendor {
	return rostertest.Vendor{
		Fake: func(t testing.TB, c *rostertest.Company) http.Handler { return report(t, c) },
		Mapping: roster.Mapping{FieldMap: map[string]string{
			"source_id": "Worker_WID", "employee_number": "Employee_ID", "given_name": "Legal_First_Name", "family_name": "Legal_Last_Name",
			"preferred_given_name": "Preferred_First_Name", "work_email": "Email_Work", "title": "Business_Title", "department": "Supervisory_Organization",
			"location": "Location", "manager_source_id": "Manager_group.0.Manager_WID", "employment_type": "Worker_Type", "status": "Active_Status",
			"start_date": "Hire_Date", "original_hire_date": "Original_Hire_Date", "end_date": "Termination_Date", "last_working_day": "Last_Day_of_Work",
			"contract_end_date": "Contract_End_Date",
		}},
		Department: "Supervisory_Organization",
		Requests:   func(int) int { return 2 },
	}
}

// report is a RaaS report as JSON: flags are "1" and "0", empty cells are left out.
func report(t testing.TB, c *rostertest.Company) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			id, secret, _ := r.BasicAuth()
			if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != "refresh-token" || id != "client" || secret != "client-secret" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": c.IssueToken(), "token_type": "Bearer", "expires_in": 3600})
			return
		}
		if r.Method != http.MethodGet || r.URL.Path != path || r.URL.Query().Get("format") != "json" {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		user, password, basic := r.BasicAuth()
		if basic && (user != "isu_tenure" || password != "pass-word") || !basic && !c.Allows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		people, _ := c.Page(0, len(c.People))
		entries := []any{}
		for _, p := range people {
			row := map[string]any{}
			for k, v := range worker(c, p) {
				if v != "" {
					row[k] = v
				}
			}
			if p.Manager != "" {
				row["Manager_group"] = []any{map[string]any{"Manager_WID": p.Manager}}
			}
			entries = append(entries, c.Record(p, row, "Legal_First_Name"))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Report_Entry": entries})
	})
}

func worker(c *rostertest.Company, p rostertest.Person) map[string]string {
	active, leave := "1", "0"
	if p.Over() || p.Ahead() {
		active = "0"
	}
	if p.Status == access.StatusLeave {
		leave = "1"
	}
	kind := map[access.EmploymentType]string{access.TypeEmployee: "Employee", access.TypeContractor: "Contractor", access.TypeIntern: "Intern"}[p.Type]
	return map[string]string{
		"Worker_WID": p.ID, "Employee_ID": p.Number, "Legal_First_Name": p.GivenName, "Legal_Last_Name": p.FamilyName, "Preferred_First_Name": p.Preferred,
		"Email_Work": p.Email, "Business_Title": p.Title, "Supervisory_Organization": p.Department, "Location": p.Location, "Worker_Type": kind,
		"Active_Status": active, "On_Leave": leave, "Hire_Date": c.DateTime(p.Start), "Original_Hire_Date": p.OriginalStart, "Termination_Date": p.End,
		"Last_Day_of_Work": p.LastDay, "Contract_End_Date": p.Contract, "Annual_Salary": "70000",
	}
}

// Everything that is wrong is said at once, and nothing is asked.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	good := workday.Config{Connection: hrapi.Connection{Name: "hr"}, ReportURL: "https://wd5-services1.myworkday.com" + path, UserName: "u", Password: "p", Mapping: vendor().Mapping}
	for name, tt := range map[string]struct {
		change func(*workday.Config)
		want   string
	}{
		"good":         {func(*workday.Config) {}, ""},
		"another host": {func(c *workday.Config) { c.ReportURL = "https://workday.com.evil.example" + path }, "not Workday's"},
		"plain http":   {func(c *workday.Config) { c.ReportURL = "http://wd5-services1.myworkday.com" + path }, "unencrypted"},
		"no report":    {func(c *workday.Config) { c.ReportURL = "https://wd5-services1.myworkday.com/acme/d/home.htmld" }, "customreport2"},
		"two ways in":  {func(c *workday.Config) { c.ClientID = "x" }, "both user_name and an API client"},
		"no way in":    {func(c *workday.Config) { c.UserName, c.Password = "", "" }, "no credential"},
		"no mapping":   {func(c *workday.Config) { c.Mapping = roster.Mapping{} }, "which column is status"},
	} {
		c := good
		tt.change(&c)
		_, err := workday.Open(c)
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}
