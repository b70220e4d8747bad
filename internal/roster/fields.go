package roster

import (
	"slices"
	"strings"
	"unicode"

	"github.com/agext/levenshtein"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

type fieldKind uint8

const (
	textField fieldKind = iota
	idField             // text in which a spreadsheet's number format is damage
	emailField
	listField // e-mails separated by comma, semicolon or space
	dateField
	boolField
	zoneField
	mappedField // goes through a value map
)

// field is one canonical field: its name in field_map, the headers that mean it without configuration
// (most specific first, compared by letters and digits only), and where it goes.
type field struct {
	name    string
	kind    fieldKind
	aliases []string
	text    func(*access.Person) *string
	date    func(*access.Person) *access.Date
}

// fields is the whole table, in the order in which headers are claimed: a header that two fields could
// mean goes to the first one. No pay, birth date, gender, address or national id: a column that has no
// field is never read.
func fields() []field {
	type p = access.Person
	return []field{
		{
			name: "source_id", kind: idField, text: func(p *p) *string { return &p.SourceID },
			aliases: []string{"source_id", "id", "worker_id", "worker_wid", "employment_id", "remote_id", "employee_id", "staff_id", "user_id", "emp_id"},
		},
		{
			name: "person_source_id", kind: idField, text: func(p *p) *string { return &p.PersonSourceID },
			aliases: []string{"person_source_id", "person_id", "person_id_external", "global_id", "associate_oid"},
		},
		{
			name: "employee_number", kind: idField, text: func(p *p) *string { return &p.EmployeeNumber },
			aliases: []string{"employee_number", "employee_no", "employee_nr", "employee_num", "emp_number", "emp_no", "personnel_number", "staff_number", "payroll_number", "badge_number", "employee_id"},
		},

		{
			name: "given_name", text: func(p *p) *string { return &p.GivenName },
			aliases: []string{"given_name", "first_name", "legal_first_name", "forename", "legal_given_name"},
		},
		{
			name: "middle_name", text: func(p *p) *string { return &p.MiddleName },
			aliases: []string{"middle_name", "legal_middle_name"},
		},
		{
			name: "family_name", text: func(p *p) *string { return &p.FamilyName },
			aliases: []string{"family_name", "last_name", "legal_last_name", "surname", "legal_family_name"},
		},
		// "Preferred name" alone has no alias: it is a first name in one system and a whole name in another.
		{
			name: "preferred_given_name", text: func(p *p) *string { return &p.PreferredGivenName },
			aliases: []string{"preferred_given_name", "preferred_first_name", "known_as", "nickname"},
		},
		{
			name: "preferred_family_name", text: func(p *p) *string { return &p.PreferredFamilyName },
			aliases: []string{"preferred_family_name", "preferred_last_name"},
		},
		{
			name: "display_name", text: func(p *p) *string { return &p.DisplayName },
			aliases: []string{"display_name", "full_name", "display_full_name", "name", "employee_name"},
		},

		{
			name: "work_email", kind: emailField, text: func(p *p) *string { return &p.WorkEmail },
			aliases: []string{"work_email", "work_email_address", "email_work", "business_email", "company_email", "corporate_email", "office_email", "email", "email_address", "mail"},
		},
		{
			name: "personal_email", kind: emailField, text: func(p *p) *string { return &p.PersonalEmail },
			aliases: []string{"personal_email", "private_email", "home_email", "email_home"},
		},
		{
			name: "other_emails", kind: listField,
			aliases: []string{"other_emails", "email_aliases", "secondary_emails", "former_emails"},
		},
		{
			name: "user_name", kind: idField, text: func(p *p) *string { return &p.UserName },
			aliases: []string{"user_name", "login", "login_name", "account_name", "upn", "user_principal_name"},
		},

		{
			name: "title", text: func(p *p) *string { return &p.Title },
			aliases: []string{"title", "job_title", "business_title", "position", "position_title", "role_title"},
		},
		{
			name: "department", text: func(p *p) *string { return &p.Department },
			aliases: []string{"department", "dept", "department_name", "department.name"},
		},
		{
			name: "division", text: func(p *p) *string { return &p.Division },
			aliases: []string{"division", "division_name", "business_unit"},
		},
		{
			name: "organization", text: func(p *p) *string { return &p.Organization },
			aliases: []string{"organization", "organisation", "company", "company_name"},
		},
		{
			name: "cost_center", text: func(p *p) *string { return &p.CostCenter },
			aliases: []string{"cost_center", "cost_centre", "cost_center_code", "cost_centre_code"},
		},
		{
			name: "team", text: func(p *p) *string { return &p.Team },
			aliases: []string{"team", "team_name", "squad"},
		},
		{
			name: "legal_entity", text: func(p *p) *string { return &p.LegalEntity },
			aliases: []string{"legal_entity", "legal_entity_name", "employing_entity"},
		},
		{
			name: "location", text: func(p *p) *string { return &p.Location },
			aliases: []string{"location", "work_location", "office", "office_location", "site", "work_site"},
		},
		{
			name: "country", text: func(p *p) *string { return &p.Country },
			aliases: []string{"country", "country_code", "work_country", "location_country"},
		},
		{
			name: "time_zone", kind: zoneField, text: func(p *p) *string { return &p.TimeZone },
			aliases: []string{"time_zone", "zoneinfo", "tz", "work_time_zone"},
		},
		{
			name: "locale", text: func(p *p) *string { return &p.Locale },
			aliases: []string{"locale", "preferred_language", "language"},
		},

		{
			name: "manager_source_id", text: func(p *p) *string { return &p.ManagerSourceID },
			aliases: []string{"manager_source_id", "manager_id", "manager_worker_id", "manager_wid", "supervisor_id", "supervisor_eid", "line_manager_id", "reports_to_id", "manager", "supervisor", "line_manager", "reports_to"},
		},
		{
			name:    "manager_employee_number",
			aliases: []string{"manager_employee_number", "manager_employee_no", "manager_number", "manager_employee_id", "supervisor_number", "supervisor_employee_number"},
		},
		{
			name: "manager_email", kind: emailField, text: func(p *p) *string { return &p.ManagerEmail },
			aliases: []string{"manager_email", "manager_email_address", "manager_work_email", "supervisor_email", "line_manager_email", "reports_to_email"},
		},

		{
			name: "employment_type", kind: mappedField,
			aliases: []string{"employment_type", "worker_type", "employee_type", "contract_type"},
		},
		{
			name: "full_time", kind: boolField,
			aliases: []string{"full_time", "is_full_time", "full_part_time", "full_time_part_time", "time_type"},
		},
		{
			name: "status", kind: mappedField,
			aliases: []string{"status", "employment_status", "employee_status", "worker_status", "hr_status", "lifecycle_status"},
		},

		{
			name: "start_date", kind: dateField, date: func(p *p) *access.Date { return &p.StartDate },
			aliases: []string{"start_date", "employment_start_date", "hire_date", "date_of_hire", "date_hired", "joining_date", "date_of_joining", "entry_date", "contract_start_date"},
		},
		{
			name: "original_hire_date", kind: dateField, date: func(p *p) *access.Date { return &p.OriginalHireDate },
			aliases: []string{"original_hire_date", "original_start_date", "first_hire_date", "hire_date"},
		},
		{
			name: "end_date", kind: dateField, date: func(p *p) *access.Date { return &p.EndDate },
			aliases: []string{"end_date", "employment_end_date", "termination_date", "term_date", "leaving_date", "exit_date", "separation_date"},
		},
		{
			name: "last_working_day", kind: dateField, date: func(p *p) *access.Date { return &p.LastWorkingDay },
			aliases: []string{"last_working_day", "last_working_date", "last_day_of_work", "last_day_worked", "last_work_day", "last_day"},
		},
		{
			name: "contract_end_date", kind: dateField, date: func(p *p) *access.Date { return &p.ContractEndDate },
			aliases: []string{"contract_end_date", "contract_end", "expected_end_date", "contract_expiry", "contract_expiry_date"},
		},
		{
			name: "is_primary", kind: boolField,
			aliases: []string{"is_primary", "primary", "primary_indicator", "is_primary_employment", "primary_job"},
		},
	}
}

// Fields lists the names of the canonical fields, which are the keys of field_map.
func Fields() []string {
	var names []string
	for _, f := range fields() {
		names = append(names, f.name)
	}
	return names
}

// Aliases gives the headers that mean each field without configuration, most specific first. Headers
// are compared by letters and digits only: "First Name", "first_name" and "firstName" are one.
func Aliases() map[string][]string {
	m := make(map[string][]string)
	for _, f := range fields() {
		m[f.name] = f.aliases
	}
	return m
}

// Nearest is the known name that was most likely meant, or "".
func Nearest(name string, known []string) string { return nearest(name, known) }

func dateFields() []string {
	var names []string
	for _, f := range fields() {
		if f.kind == dateField {
			names = append(names, f.name)
		}
	}
	return names
}

func fieldByName(name string) (field, bool) {
	all := fields()
	i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return all[i], true
}

// squash reduces a header to its lower-case letters and digits.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// suggest is the remedy for a name that is not among the known ones.
func suggest(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "Did you mean " + quote(near) + "? Known are: " + strings.Join(known, ", ") + "."
	}
	return "Known are: " + strings.Join(known, ", ") + "."
}

// nearest is the known name that was most likely meant, or "" when none is close.
func nearest(name string, known []string) string {
	best, most := "", 0.6
	for _, k := range known {
		if s := levenshtein.Similarity(squash(name), squash(k), nil); s >= most {
			best, most = k, s
		}
	}
	return best
}
