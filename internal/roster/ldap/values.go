package ldap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// values turns what directories write into texts.
type values struct {
	// zone is where a moment becomes a day.
	zone *time.Location
	// dates are the attributes, in lower case, that are read as days.
	dates map[string]bool
}

// text is an attribute's value. Several are joined in a fixed order, because their own order means nothing (RFC 4511
// section 4.1.7); where one is needed, an e-mail address for one, that is a fault of the record.
func (v values) text(attribute string, raw [][]byte) (string, error) {
	texts := make([]string, 0, len(raw))
	for _, b := range raw {
		t, err := v.one(attribute, b)
		if err != nil {
			return "", err
		}
		if t != "" {
			texts = append(texts, t)
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "; "), nil
}

func (v values) one(attribute string, b []byte) (string, error) {
	name := strings.ToLower(attribute)
	switch {
	case name == "objectguid":
		return guid(b)
	case !utf8.Valid(b):
		return "", errors.New("is binary and no text")
	}
	s := string(b)
	if !v.dates[name] {
		return s, nil
	}
	if name == strings.ToLower(accountExpires) {
		return v.expiry(s)
	}
	return v.day(s)
}

// guid is an objectGUID as Active Directory's tools write it: the first three parts are little-endian (MS-DTYP section 2.3.4).
func guid(b []byte) (string, error) {
	if len(b) != 16 {
		return "", fmt.Errorf("has %d bytes where a GUID has 16", len(b))
	}
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:]), nil
}

var (
	// generalizedTime is RFC 4517 section 3.3.13: minutes, seconds and a fraction may be missing, the zone never is.
	generalizedTime = regexp.MustCompile(`^(\d{8})(\d{2})(\d{2})?(\d{2})?([.,]\d+)?(Z|[+-]\d{2}(?:\d{2})?)$`)
	fileTimePattern = regexp.MustCompile(`^\d{17,19}$`)
)

// day is the calendar day that a value means. Midnight is how a date without a time is written, and stays the day that it
// is written as, in whatever zone; any other time is a moment, and falls on the day that it is in the roster's zone.
func (v values) day(s string) (string, error) {
	if fileTimePattern.MatchString(s) {
		t, ok := fileTime(s)
		if !ok {
			return "", nil
		}
		return t.In(v.zone).Format(time.DateOnly), nil
	}
	m := generalizedTime.FindStringSubmatch(s)
	if m == nil {
		return s, nil // a date of another form, or none, which the mapping says
	}
	layout, text := "20060102 15", m[1]+" "+m[2]
	for i, part := range []string{"04", "05"} {
		if m[3+i] != "" {
			layout, text = layout+part, text+m[3+i]
		}
	}
	switch len(m[6]) {
	case 1:
		layout, text = layout+"Z", text+"Z"
	case 3:
		layout, text = layout+"-07", text+m[6]
	default:
		layout, text = layout+"-0700", text+m[6]
	}
	t, err := time.Parse(layout, text) // a fraction of a second is on the same day
	if err != nil {
		return "", errors.New("is no time of the calendar")
	}
	if t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0 || strings.Trim(m[5], ".,0") != "" {
		t = t.In(v.zone)
	}
	return t.Format(time.DateOnly), nil
}

// expiry is the last day of an account by accountExpires (learn.microsoft.com/windows/win32/adschema/a-accountexpires):
// Active Directory Users and Computers writes "end of" a day as the midnight behind it, so the last day is that of the
// moment before.
func (v values) expiry(s string) (string, error) {
	if _, err := strconv.ParseInt(s, 10, 64); err != nil {
		return "", errors.New("is no number of 100 nanoseconds since 1601")
	}
	t, ok := fileTime(s)
	if !ok {
		return "", nil
	}
	return t.Add(-1).In(v.zone).Format(time.DateOnly), nil
}

// epoch is 1601-01-01 in units of 100 nanoseconds before 1970.
const epoch = 116_444_736_000_000_000

// fileTime is a FILETIME (MS-DTYP section 2.3.3). False is never: 0, the largest number, and what is beyond the calendar.
func fileTime(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n == math.MaxInt64 {
		return time.Time{}, false
	}
	n -= epoch
	seconds, rest := n/10_000_000, n%10_000_000
	t := time.Unix(seconds, rest*100).UTC()
	return t, t.Year() < 9999
}
