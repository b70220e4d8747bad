package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

func TestDates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format, value string
		want          string // "" is a problem
		message       string
	}{
		{"", "2026-03-31", "2026-03-31", ""},
		{"", "20260331", "2026-03-31", ""},
		{"", "2014-11-09T00:00:00+01:00", "2014-11-09", ""},
		{"", "2014-11-09T00:00:00Z", "2014-11-09", ""},
		{"", "2014-11-09T23:59:59.999-11:00", "2014-11-09", ""},
		{"", "2014-11-09T00:00:00+14:00", "2014-11-09", ""},
		{"", "2014-11-09 00:00:00", "2014-11-09", ""},
		{"", "2014-11-09T00:00", "2014-11-09", ""},
		{"", "/Date(1415491200000)/", "2014-11-09", ""},
		{"", "/Date(1415491200000+0000)/", "2014-11-09", ""},
		{"", "2024-02-29", "2024-02-29", ""},
		{"", "2026-02-29", "", "not a date of the calendar"},
		{"", "31/02/2026", "", `set date_format = "DD/MM/YYYY" or "MM/DD/YYYY"`},
		{"", "03/04/26", "", `set date_format = "DD/MM/YY" or "MM/DD/YY"`},
		{"", "3.4.2026", "", `set date_format = "DD.MM.YYYY" or "MM.DD.YYYY"`},
		{"", "45000", "", "spreadsheet's day number"},
		{"", "soon", "", "not a date of the calendar"},
		{"", "0001-01-01", "", "before 1900"},
		{"", "0000-00-00", "", "not a date of the calendar"},
		{"", "2026-03-31 tomorrow", "", "not a date of the calendar"},
		{"DD/MM/YYYY", "03/04/2026", "2026-04-03", ""},
		{"MM/DD/YYYY", "03/04/2026", "2026-03-04", ""},
		{"DD/MM/YYYY", "3/4/2026", "2026-04-03", ""},
		{"D.M.YY", "3.4.26", "2026-04-03", ""},
		{"DDMMYYYY", "03042026", "2026-04-03", ""},
		{"DD-MMM-YYYY", "03-Apr-2026", "2026-04-03", ""},
		{"MMMM D, YYYY", "April 3, 2026", "2026-04-03", ""},
		{"DD/MM/YYYY hh:mm", "03/04/2026 00:00", "2026-04-03", ""},
		{"YYYY-MM-DD'T'hh:mm:ssZ", "2026-04-03T00:00:00+14:00", "2026-04-03", ""},
		{"DD/MM/YYYY", "2026-04-03", "", "in the form DD/MM/YYYY"},
		{"DD/MM/YYYY", "31/02/2026", "", "in the form DD/MM/YYYY"},
		{"MM/DD/YYYY", "31/01/2026", "", "in the form MM/DD/YYYY"},
	}
	for _, tt := range tests {
		t.Run(tt.format+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			// A second person keeps one bad date from being the whole column.
			good := map[string]string{"": "2026-01-01"}[tt.format]
			r := mustRead(t, roster.Mapping{DateFormats: map[string]string{"start_date": tt.format}}, "id|start date", "7|"+tt.value, "8|"+good)
			if tt.want == "" {
				if len(r.Problems) != 1 || r.Problems[0].PersonID != "7" || r.Problems[0].Where != "people.csv:2" || r.Problems[0].Column != "start date" ||
					r.Problems[0].Value != tt.value || !strings.Contains(r.Problems[0].Message, tt.message) {
					t.Fatalf("problems %v, want %q", r.Problems, tt.message)
				}
				return
			}
			if len(r.Problems) != 0 || r.People[0].StartDate.String() != tt.want {
				t.Errorf("%s, problems %v; want %s", r.People[0].StartDate, r.Problems, tt.want)
			}
		})
	}
}

func TestDateFormatsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, f := range []string{"dd/mm/yyyy", "YYYY", "YYYY-MM", "YYYY-MM-DD-DD", "YYYY-MM-DD 'at", "YYYY-MM-DD'2006'", "2006-01-02", "DD/MM/YYYYY", "%d/%m/%Y"} {
		if err := (roster.Mapping{DateFormat: f}).Validate(); err == nil {
			t.Errorf("%q is taken for a date format", f)
		}
	}
}

func TestOpenEndDate(t *testing.T) {
	t.Parallel()
	p := only(t, mustRead(t, roster.Mapping{}, "id|end date", "7|9999-12-31"))
	if !p.EndDate.IsZero() {
		t.Errorf("the high date %s is taken for an end", p.EndDate)
	}
}

func TestStatusAndTypeWords(t *testing.T) {
	t.Parallel()
	m := roster.Mapping{
		StatusMap:         map[string]string{"ACTIVE": "leave", "Ex": "terminated", "": "active"},
		EmploymentTypeMap: map[string]string{"ext.": "contractor"},
	}
	tests := []struct {
		mapping      roster.Mapping
		status, typ  string
		want         access.Status
		wantType     access.EmploymentType
		full         string
		wantsNotices int
	}{
		{roster.Mapping{}, "Active", "Full-Time", access.StatusActive, access.TypeEmployee, "true", 0},
		{roster.Mapping{}, "ON LEAVE", "part time", access.StatusLeave, access.TypeEmployee, "false", 0},
		{roster.Mapping{}, "Pre-hire", "Intern", access.StatusPreHire, access.TypeIntern, "", 0},
		{roster.Mapping{}, "garden leave", "temp", access.StatusNotice, access.TypeTemporary, "", 0},
		{roster.Mapping{}, "Terminated", "Freelancer", access.StatusTerminated, access.TypeContractor, "", 0},
		{roster.Mapping{}, "No-show", "consultant_external", access.StatusNeverStarted, access.TypeConsultantExternal, "", 0},
		{roster.Mapping{}, "Inactive", "Werkstudent", access.StatusUnknown, access.TypeUnknown, "", 2},
		{roster.Mapping{}, "", "", access.StatusUnknown, access.TypeUnknown, "", 0},
		{m, "active", "EXT.", access.StatusLeave, access.TypeContractor, "", 0},
		{m, "ex", "employee", access.StatusTerminated, access.TypeEmployee, "", 0},
		{m, "", "", access.StatusActive, access.TypeUnknown, "", 0},
	}
	for _, tt := range tests {
		r := mustRead(t, tt.mapping, "id|status|employment type", "7|"+tt.status+"|"+tt.typ)
		p := only(t, r)
		full := ""
		if p.FullTime != nil {
			full = fmt.Sprint(*p.FullTime)
		}
		if p.Status != tt.want || p.StatusRaw != tt.status || p.EmploymentType != tt.wantType || p.EmploymentTypeRaw != tt.typ || full != tt.full {
			t.Errorf("%q %q: %s (%q) %s (%q) full time %q", tt.status, tt.typ, p.Status, p.StatusRaw, p.EmploymentType, p.EmploymentTypeRaw, full)
		}
		if len(r.Notices) != tt.wantsNotices {
			t.Errorf("%q %q: notices %v", tt.status, tt.typ, r.Notices)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	m := roster.Mapping{NullValues: []string{"NULL", "n/a"}, TimeZone: "Europe/Madrid"}
	p := only(t, mustRead(t, m, "id|given_name|family_name|title|department|work_email|country|time_zone|full_time",
		"  0042 \u00a0|Jose\u0301|\ufeff Nuñez |Lead\n  Designer|null|N/A|Spain||ft"))
	got := []string{p.PersonID, p.GivenName, p.FamilyName, p.Title, p.Department, p.WorkEmail, p.Country, p.TimeZone, fmt.Sprint(*p.FullTime)}
	want := []string{"0042", "Jos\u00e9", "Nuñez", "Lead Designer", "", "", "Spain", "Europe/Madrid", "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaultyValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ column, value, message string }{
		{"id", "1.04E+03", "scientific notation"},
		{"id", "1,04E+03", "scientific notation"},
		{"id", "1042.0", "decimal number"},
		{"id", "#N/A", "error value"},
		{"id", "7\u200b7", "invisible character"},
		{"id", "7\x007", "control character"},
		{"id", "", "belongs to nobody"},
		{"name", "Jos\uFFFD", "decoded wrongly"},
		{"work email", "tbd", "not an e-mail"},
		{"work email", "a@b@c", "not an e-mail"},
		{"work email", "ana @acme.com", "not an e-mail"},
		{"full time", "maybe", "neither true nor false"},
		{"is primary", "2", "neither true nor false"},
		{"time zone", "CET (Madrid)", "IANA name"},
		{"time zone", "Local", "IANA name"},
	}
	columns := []string{"id", "name", "work email", "full time", "is primary", "time zone"}
	for _, tt := range tests {
		t.Run(tt.column+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			row := []string{"7", "Ana", "", "", "", ""}
			row[slices.Index(columns, tt.column)] = tt.value
			r := mustRead(t, roster.Mapping{}, strings.Join(columns, "|"), strings.Join(row, "|"), "8|Eva||||")
			if len(r.Problems) != 1 || len(r.People) != 1 {
				t.Fatalf("%+v", r)
			}
			p := r.Problems[0]
			if p.Column != tt.column || p.Value != tt.value || p.Where != "people.csv:2" || !strings.Contains(p.Message, tt.message) {
				t.Errorf("%+v", p)
			}
			if tt.column != "id" && (p.PersonID != "7" || len(r.Faulty) != 1 || r.Faulty[0].PersonID != "7") {
				t.Errorf("problem of %q, faulty %v", p.PersonID, r.Faulty)
			}
			if tt.column == "id" && (p.PersonID != "" && tt.value != "7\x007" || len(r.Faulty) != 0) {
				t.Errorf("a broken key names %q", p.PersonID)
			}
		})
	}
}

func TestIDsThatOnlyLookLikeDamage(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"12E4", "5e3", "E+03", "1.2.3", "A1.0", "00042", "#7"} {
		if p := only(t, mustRead(t, roster.Mapping{}, "id|name", id+"|Ana")); p.PersonID != id {
			t.Errorf("%q became %q", id, p.PersonID)
		}
	}
}
