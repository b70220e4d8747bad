package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

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

func TestUnmappedValuesAreToldOnce(t *testing.T) {
	t.Parallel()
	r := mustRead(t, roster.Mapping{}, "id|HR Status", "1|Inactive", "2|Inactive", "3|Active")
	if len(r.Notices) != 1 || len(r.Problems) != 0 || len(r.People) != 3 {
		t.Fatalf("%+v", r)
	}
	want := `people.csv:2: column "HR Status": "Inactive": is not a known status, so it counts as unknown and triggers nothing (2 people); map it with status_map = { "Inactive" = "…" } to one of pre_hire, active, leave, notice, terminated, never_started, unknown`
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

func TestPropertyOrderOfRecordsNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			pick := func(values ...string) string { return rapid.SampledFrom(values).Draw(t, "value") }
			return strings.Join([]string{
				pick("a", "b", "c", "d", "e", ""), pick("1", "2", "3", ""), pick("", "ana@acme.com", "ANA@acme.com", "eva@acme.com", "nobody"),
				pick("", "a", "b", "2", "ana@acme.com", "zz"), pick("active", "terminated", "odd"), pick("", "2020-01-01", "1/2/2020"),
			}, "|")
		}), 1, 12).Draw(t, "rows")
		const header = "source_id|person_source_id|work_email|manager_id|status|end_date"
		known := "keep|9||||" // so that somebody is always usable
		first, err := read(roster.Mapping{}, append([]string{header, known}, rows...)...)
		if err != nil {
			t.Fatal(err)
		}
		second, err := read(roster.Mapping{}, append([]string{header, known}, rapid.Permutation(rows).Draw(t, "order")...)...)
		if err != nil {
			t.Fatal(err)
		}
		key := func(p access.Person) string { return fmt.Sprintf("%+v", p) }
		less := cmpopts.SortSlices(func(a, b access.Person) bool { return key(a) < key(b) })
		if diff := cmp.Diff(first.People, second.People, less, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(first.Faulty, second.Faulty, less, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if len(first.Problems) != len(second.Problems) || len(first.Notices) != len(second.Notices) {
			t.Fatalf("%d and %d problems, %d and %d notices", len(first.Problems), len(second.Problems), len(first.Notices), len(second.Notices))
		}
	})
}
