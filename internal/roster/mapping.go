package roster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Mapping is the configured part of the step from a source's records to people. Everything is optional:
// a file with canonical or common headers and ISO dates needs none of it.
type Mapping struct {
	// FieldMap names the source's column for a canonical field ([Fields]): "work_email" -> "E-mail (office)".
	// For JSON the column is a dotted path. Columns match whatever their case. An empty column says that
	// the source does not have the field, whatever its headers look like.
	FieldMap map[string]string
	// Custom names the column of each extra field that policy sees as person.custom.
	Custom map[string]string
	// StatusMap and EmploymentTypeMap go from the source's value (in any case) to a canonical one, before
	// the built-in tables. The empty value can be mapped too.
	StatusMap         map[string]string
	EmploymentTypeMap map[string]string
	// DateFormat is how dates are written, in the letters of Terraform's formatdate ("DD/MM/YYYY");
	// empty is ISO 8601 (2026-03-31, with or without a time). DateFormats overrides it for single fields.
	DateFormat  string
	DateFormats map[string]string
	// NullValues are texts that stand for "nothing", such as "NULL" or "n/a", in any case.
	NullValues []string
	// IDPrefix goes in front of every person_id, to keep two rosters apart.
	IDPrefix string
	// TimeZone is the IANA zone of people who have none of their own.
	TimeZone string
	// Expect is what has to hold of a reading, so that anything is computed from it.
	Expect Expect
}

// Validate reports all that is wrong with the mapping by itself, as one [fault.Invalid] per cause,
// joined. What depends on the source's columns is found when it is read.
func (m Mapping) Validate() error {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	for _, f := range slices.Sorted(maps.Keys(m.FieldMap)) {
		if _, ok := fieldByName(f); !ok {
			bad(suggest(f, Fields()), "field_map: %q is not a field of a person", f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Custom)) {
		if strings.TrimSpace(name) == "" || strings.TrimSpace(m.Custom[name]) == "" {
			bad("Write custom = { name = \"column\" }.", "custom: %q = %q lacks a name or a column", name, m.Custom[name])
		}
	}
	for _, raw := range slices.Sorted(maps.Keys(m.StatusMap)) {
		if v := m.StatusMap[raw]; !slices.Contains(statuses(), v) {
			bad(suggest(v, statuses()), "status_map: %q is mapped to %q, which is not a status", raw, v)
		}
	}
	for _, raw := range slices.Sorted(maps.Keys(m.EmploymentTypeMap)) {
		if v := m.EmploymentTypeMap[raw]; !slices.Contains(employmentTypes(), v) {
			bad(suggest(v, employmentTypes()), "employment_type_map: %q is mapped to %q, which is not an employment type", raw, v)
		}
	}
	if _, err := compileDate(m.DateFormat); err != nil {
		bad(dateFormatHelp, "date_format: %v", err)
	}
	for _, f := range slices.Sorted(maps.Keys(m.DateFormats)) {
		if d, ok := fieldByName(f); !ok || d.kind != dateField {
			bad(suggest(f, dateFields()), "date_formats: %q is not a date field", f)
		}
		if _, err := compileDate(m.DateFormats[f]); err != nil {
			bad(dateFormatHelp, "date_formats: %s: %v", f, err)
		}
	}
	if m.TimeZone != "" && !isZone(m.TimeZone) {
		bad(zoneHelp, "time_zone: %q is not the name of a time zone", m.TimeZone)
	}
	return errors.Join(errors.Join(errs...), m.Expect.validate(m.Custom))
}

const (
	dateFormatHelp = `Write the format in the letters of formatdate, for example "DD/MM/YYYY" or "MM/DD/YY".`
	zoneHelp       = `Use an IANA name such as "Europe/Madrid".`
)

func statuses() []string {
	return []string{
		string(access.StatusPreHire), string(access.StatusActive), string(access.StatusLeave), string(access.StatusNotice),
		string(access.StatusTerminated), string(access.StatusNeverStarted), string(access.StatusUnknown),
	}
}

func employmentTypes() []string {
	return []string{
		string(access.TypeEmployee), string(access.TypeContractor), string(access.TypeIntern), string(access.TypeTemporary),
		string(access.TypeApprentice), string(access.TypeConsultantExternal), string(access.TypeBoardOrAdvisor),
		string(access.TypeOther), string(access.TypeUnknown),
	}
}

// isZone reports whether time.LoadLocation knows the name, and it is none that means "this machine".
func isZone(name string) bool {
	if name == "" || strings.EqualFold(name, "local") {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
