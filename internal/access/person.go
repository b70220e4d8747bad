package access

// Person is one employment as a roster tells it, in the normalised form of every source. Text that the
// source does not hold is ""; a field that the source cannot tell is listed in the roster's declaration.
//
// Pay, birth date, gender, home address and national ids have no field on purpose.
type Person struct {
	// PersonID is the stable key: PersonSourceID, else SourceID, with the roster's id_prefix.
	PersonID string
	// Source is the roster block's name; SourceID the vendor's immutable id of the employment record;
	// PersonSourceID the id that survives a rehire, "" when the source has none.
	Source         string
	SourceID       string
	PersonSourceID string
	EmployeeNumber string

	GivenName, MiddleName, FamilyName       string // legal
	PreferredGivenName, PreferredFamilyName string
	DisplayName                             string // preferred first, else legal
	WorkEmail, PersonalEmail                string // PersonalEmail is never an identity key
	OtherEmails                             []string
	UserName                                string

	Title, Department, Division, Organization, CostCenter string
	Team, LegalEntity, Location                           string
	Country                                               string // ISO 3166-1 alpha-2 where the source allows
	TimeZone                                              string // IANA name
	Locale                                                string // BCP 47

	ManagerSourceID string // resolved to ManagerID inside one roster
	ManagerID       string // PersonID of the manager, "" when unknown
	ManagerEmail    string

	EmploymentType    EmploymentType
	EmploymentTypeRaw string
	FullTime          *bool // nil: not told
	Status            Status
	StatusRaw         string

	StartDate, OriginalHireDate, EndDate, LastWorkingDay, ContractEndDate Date

	// IsPrimary marks the main one of several employments of one person.
	IsPrimary bool
	// Custom holds the extra columns that configuration asked for, by their configured name.
	Custom map[string]string
}

// Status is what the source says about the employment, mapped; lifecycle derives the stage from it.
type Status string

// The statuses. StatusUnknown never triggers anything.
const (
	StatusUnknown      Status = "unknown"
	StatusPreHire      Status = "pre_hire"
	StatusActive       Status = "active"
	StatusLeave        Status = "leave"
	StatusNotice       Status = "notice"
	StatusTerminated   Status = "terminated"
	StatusNeverStarted Status = "never_started" // declined, rescinded, no-show
)

// EmploymentType is the kind of engagement; full or part time is Person.FullTime.
type EmploymentType string

// The employment types.
const (
	TypeUnknown            EmploymentType = "unknown"
	TypeEmployee           EmploymentType = "employee"
	TypeContractor         EmploymentType = "contractor"
	TypeIntern             EmploymentType = "intern"
	TypeTemporary          EmploymentType = "temporary"
	TypeApprentice         EmploymentType = "apprentice"
	TypeConsultantExternal EmploymentType = "consultant_external"
	TypeBoardOrAdvisor     EmploymentType = "board_or_advisor"
	TypeOther              EmploymentType = "other"
)
