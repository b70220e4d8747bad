package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// read maps rows, of which the first is the header.
func read(m roster.Mapping, rows ...string) (roster.Roster, error) {
	mapper, err := roster.NewMapper(roster.Table{
		Name: "hr", Subject: "people.csv", Columns: strings.Split(rows[0], "|"), Mapping: m,
		Where: func(line int) string { return fmt.Sprintf("people.csv:%d", line) },
	})
	if err != nil {
		return roster.Roster{}, err
	}
	for i, r := range rows[1:] {
		mapper.Add(i+2, strings.Split(r, "|"))
	}
	return mapper.Roster()
}

func mustRead(t testing.TB, m roster.Mapping, rows ...string) roster.Roster {
	t.Helper()
	r, err := read(m, rows...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// only is the one person of a roster without problems.
func only(t testing.TB, r roster.Roster) access.Person {
	t.Helper()
	if len(r.People) != 1 || len(r.Problems) != 0 {
		t.Fatalf("%d people, problems %v", len(r.People), r.Problems)
	}
	return r.People[0]
}

func TestEveryFieldArrives(t *testing.T) {
	t.Parallel()
	full := true
	rows := []string{
		"source_id|person_source_id|employee_number|given_name|middle_name|family_name|preferred_given_name|preferred_family_name|display_name|work_email|personal_email|other_emails|user_name|title|department|division|organization|cost_center|team|legal_entity|location|country|time_zone|locale|manager_source_id|manager_email|employment_type|full_time|status|start_date|original_hire_date|end_date|last_working_day|contract_end_date|is_primary",
		"w1|p1|007|Ana|María|Silva|Anita|S.|Ana S.|Ana@acme.com|ana@home.example|a@acme.com; b@acme.com|asilva|Designer|Design|Product|Acme|CC1|Brand|Acme SL|Madrid|es|Europe/Madrid|es-ES|boss|boss@acme.com|Contractor|yes|Active|2020-01-02|2019-01-01|2026-01-03|2026-01-02|2026-01-04|true",
	}
	r := mustRead(t, roster.Mapping{IDPrefix: "hr-"}, rows...)
	want := access.Person{
		PersonID: "hr-p1", Source: "hr", SourceID: "w1", PersonSourceID: "p1", EmployeeNumber: "007",
		GivenName: "Ana", MiddleName: "María", FamilyName: "Silva", PreferredGivenName: "Anita", PreferredFamilyName: "S.", DisplayName: "Ana S.",
		WorkEmail: "Ana@acme.com", PersonalEmail: "ana@home.example", OtherEmails: []string{"a@acme.com", "b@acme.com"}, UserName: "asilva",
		Title: "Designer", Department: "Design", Division: "Product", Organization: "Acme", CostCenter: "CC1", Team: "Brand",
		LegalEntity: "Acme SL", Location: "Madrid", Country: "ES", TimeZone: "Europe/Madrid", Locale: "es-ES",
		ManagerSourceID: "boss", ManagerEmail: "boss@acme.com",
		EmploymentType: access.TypeContractor, EmploymentTypeRaw: "Contractor", FullTime: &full,
		Status: access.StatusActive, StatusRaw: "Active",
		StartDate: access.Date{Year: 2020, Month: 1, Day: 2}, OriginalHireDate: access.Date{Year: 2019, Month: 1, Day: 1},
		EndDate: access.Date{Year: 2026, Month: 1, Day: 3}, LastWorkingDay: access.Date{Year: 2026, Month: 1, Day: 2},
		ContractEndDate: access.Date{Year: 2026, Month: 1, Day: 4}, IsPrimary: true,
	}
	if diff := cmp.Diff(want, only(t, r)); diff != "" {
		t.Error(diff)
	}
	for _, f := range roster.Fields() {
		if f != "manager_employee_number" && !strings.Contains("|"+rows[0]+"|", "|"+f+"|") {
			t.Errorf("field %s is not in this test", f)
		}
	}
}

func TestAliasesAreUnambiguous(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, f := range roster.Fields() {
		aliases := roster.Aliases()[f]
		if len(aliases) == 0 || aliases[0] != f {
			t.Errorf("%s: its own name is not its first alias: %v", f, aliases)
		}
		for _, a := range aliases {
			key := strings.ReplaceAll(a, "_", "")
			if o, ok := owner[key]; ok && a != "employee_id" && a != "hire_date" {
				t.Errorf("%q means %s and %s", a, o, f)
			}
			owner[key] = f
		}
	}
}

func TestHeadersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	p := only(t, mustRead(t, roster.Mapping{}, "Employee ID|First Name|lastName|E-mail|JOB TITLE|Dept.|Hire Date|Termination Date", "7|Ana|Silva|ana@acme.com|Designer|Design|2020-01-01|"))
	got := []string{p.PersonID, p.GivenName, p.FamilyName, p.DisplayName, p.WorkEmail, p.Title, p.Department, p.StartDate.String(), string(p.Status)}
	want := []string{"7", "Ana", "Silva", "Ana Silva", "ana@acme.com", "Designer", "Design", "2020-01-01", "active"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFieldMap(t *testing.T) {
	t.Parallel()
	m := roster.Mapping{
		FieldMap: map[string]string{"source_id": "personio nr", "department": " COST UNIT ", "title": ""},
		Custom:   map[string]string{"badge": "Badge", "unit": "Cost Unit"},
	}
	p := only(t, mustRead(t, m, "id|Personio Nr|Department|Cost unit|Title|badge", "1|77|Wrong|Design|Ignored|B-1"))
	if p.PersonID != "77" || p.Department != "Design" || p.Title != "" {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff(map[string]string{"badge": "B-1", "unit": "Design"}, p.Custom); diff != "" {
		t.Error(diff)
	}
}

func TestColumnErrorsComeAllAtOnce(t *testing.T) {
	t.Parallel()
	m := roster.Mapping{FieldMap: map[string]string{"work_email": "Mail adress"}, Custom: map[string]string{"badge": "Bagde"}}
	_, err := read(m, "Name|Mail Address|Badge|Emp. Status")
	for _, want := range []string{
		`field_map: work_email is mapped to the column "Mail adress", which is not there`,
		`custom: badge is mapped to the column "Bagde", which is not there`,
		`no column says who a person is`,
		`the column "Emp. Status" looks like the status`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	faults := all(err)
	if len(faults) != 4 {
		t.Fatalf("%d faults, want 4", len(faults))
	}
	for _, f := range faults {
		if f.Kind != fault.Invalid || f.System != "hr" || f.Op != "read" || f.Subject != "people.csv" || f.Next == "" {
			t.Errorf("%+v", f)
		}
	}
	if !strings.Contains(faults[0].Next+faults[1].Next, `Did you mean "Mail Address"?`) || !strings.Contains(faults[0].Next+faults[1].Next, `Did you mean "Badge"?`) {
		t.Errorf("no suggestion: %q, %q", faults[0].Next, faults[1].Next)
	}
}

// all lists the faults joined in an error.
func all(err error) []*fault.Error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []*fault.Error
		for _, e := range list.Unwrap() {
			faults = append(faults, all(e)...)
		}
		return faults
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return []*fault.Error{f}
	}
	return nil
}

func TestMappingErrorsComeAllAtOnce(t *testing.T) {
	t.Parallel()
	err := roster.Mapping{
		FieldMap:          map[string]string{"work_emial": "Mail"},
		Custom:            map[string]string{"x": ""},
		StatusMap:         map[string]string{"Gone": "terminatd"},
		EmploymentTypeMap: map[string]string{"Ext": "contracter"},
		DateFormat:        "dd/mm/yyyy",
		DateFormats:       map[string]string{"title": "YYYY", "end_date": "MM/YYYY"},
		TimeZone:          "Madrid",
	}.Validate()
	wants := []string{
		`"work_emial" is not a field`, `custom: "x"`, `"terminatd", which is not a status`, `"contracter", which is not an employment type`,
		`date_format: "dd/mm/yyyy"`, `"title" is not a date field`, `end_date: "MM/YYYY" needs a year`, `title: "YYYY" needs`, `time_zone: "Madrid"`,
	}
	for _, want := range wants {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	suggestions := ""
	for _, f := range all(err) {
		suggestions += f.Next + "\n"
	}
	for _, want := range []string{`"work_email"`, `"terminated"`, `"contractor"`} {
		if !strings.Contains(suggestions, "Did you mean "+want) {
			t.Errorf("no suggestion of %s in\n%s", want, suggestions)
		}
	}
	if err := (roster.Mapping{}).Validate(); err != nil {
		t.Errorf("the empty mapping is refused: %v", err)
	}
}

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

func TestAWholeColumnOfWrongDatesIsOneError(t *testing.T) {
	t.Parallel()
	rows := []string{"id|start date"}
	for i := range 40 {
		rows = append(rows, fmt.Sprintf("%d|31/01/20%02d", i, i))
	}
	_, err := read(roster.Mapping{}, rows...)
	if fs := all(err); len(fs) != 1 || !strings.Contains(err.Error(), "none of the 40 values") || !strings.Contains(err.Error(), "people.csv:2") {
		t.Errorf("%v", err)
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

func TestUnmappedValuesAreToldOnce(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "id|HR Status", "1|Inactive", "2|Inactive", "3|Active")
	if len(r.Notices) != 1 || len(r.Problems) != 0 || len(r.People) != 3 {
		t.Fatalf("%+v", r)
	}
	want := `people.csv:2: column "HR Status": "Inactive": is not a known status, so it counts as unknown and triggers nothing (2 people); map it, for example status_map = { "Inactive" = "terminated" }`
	if got := r.Notices[0].String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWithoutAStatusColumnEverybodyListedIsEmployed(t *testing.T) {
	t.Parallel()
	if p := only(t, mustRead(t, roster.Mapping{}, "id|name", "7|Ana")); p.Status != access.StatusActive || p.StatusRaw != "" {
		t.Errorf("%s %q", p.Status, p.StatusRaw)
	}
	p := only(t, mustRead(t, roster.Mapping{FieldMap: map[string]string{"status": ""}}, "id|Marital status", "7|x"))
	if p.Status != access.StatusActive {
		t.Errorf("%s", p.Status)
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

func TestDuplicateKeysQuarantineAllTheirRecords(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "id|name", "1|Ana", "2|Eva", "1|Luz", "3|Iker", "1|Bo")
	if len(r.People) != 2 || len(r.Problems) != 3 || len(r.Faulty) != 3 {
		t.Fatalf("%+v", r)
	}
	want := `people.csv:2: column "id": "1": is the key of people.csv:4, people.csv:6 too; correct it, or if these are several employments of one person give each its own source_id and all one person_source_id`
	if got := r.Problems[0].String(); got != want || r.Problems[0].PersonID != "1" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSeveralEmploymentsOfOnePersonAreNoDuplicate(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "source_id|person_source_id|work_email", "a|1|ana@acme.com", "b|1|ANA@acme.com", "c|2|eva@acme.com")
	if len(r.People) != 3 || len(r.Problems)+len(r.Notices) != 0 {
		t.Fatalf("%+v", r)
	}
	if r.People[0].IsPrimary || r.People[1].IsPrimary || !r.People[2].IsPrimary {
		t.Error("only the one employment of a person is primary without being told")
	}
}

func TestOnePersonIDFromTwoKindsOfKey(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "source_id|person_source_id", "a|b", "b|", "c|")
	if len(r.People) != 1 || len(r.Problems) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestSharedAddresses(t *testing.T) {
	t.Parallel()
	const header = "id|work email|user name|status|start date|end date"
	t.Run("of two employed people", func(t *testing.T) {
		t.Parallel()
		r := mustRead(t, roster.Mapping{}, header, "1|ana@acme.com||active||", "2|Ana@Acme.com||active||", "3|eva@acme.com||active||")
		if len(r.People) != 1 || len(r.Problems) != 2 || !strings.Contains(r.Problems[0].Message, "people.csv:3") || r.Problems[1].Value != "Ana@Acme.com" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("user names too", func(t *testing.T) {
		t.Parallel()
		r := mustRead(t, roster.Mapping{}, header, "1||ana|active||", "2||ANA|active||", "3|||active||")
		if len(r.People) != 1 || len(r.Problems) != 2 || r.Problems[0].Column != "user name" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("of a former and a present person", func(t *testing.T) {
		t.Parallel()
		for _, old := range []string{"1|ana@acme.com||terminated|2020-01-01|2024-01-31", "1|ana@acme.com||active|2020-01-01|2024-01-31"} {
			r := mustRead(t, roster.Mapping{}, header, old, "2|ana@acme.com||active|2026-05-01|")
			if len(r.People) != 2 || len(r.Problems) != 0 || len(r.Notices) != 1 || !strings.Contains(r.Notices[0].Message, "same_person") {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestProblemsAreInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "id|work email", "1|x", "2|eva@acme.com", "1|ok@acme.com", "4|eva@acme.com", "|a@b", "6|")
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.Where)
	}
	if !slices.IsSorted(got) || len(got) != 6 {
		t.Errorf("%v", got)
	}
}

func TestNobodyUsableIsAnError(t *testing.T) {
	t.Parallel()
	for _, rows := range [][]string{{"id|name"}, {"id|name", "|Ana"}, {"id|name", "1|Ana", "1|Eva"}} {
		if r, err := read(roster.Mapping{}, rows...); fault.KindOf(err) != fault.Invalid || len(r.People)+len(r.Problems) != 0 {
			t.Errorf("%q: %+v, %v", rows, r, err)
		}
	}
}
