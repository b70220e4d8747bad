package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// moment is a point in time as configuration writes it: an instant, or a date that becomes one in the zone
// of the person it concerns. The zero moment is "not given".
type moment struct {
	date    access.Date
	instant time.Time
	text    string
}

func parseMoment(s string) (moment, error) {
	if strings.ContainsAny(s, "Tt") {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return moment{}, fmt.Errorf("%q is neither a date like 2026-12-01 nor an instant like 2026-12-01T15:00:00Z", s)
		}
		return moment{instant: t, text: s}, nil
	}
	d, err := access.ParseDate(s)
	if err != nil {
		return moment{}, fmt.Errorf("%q is neither a date like 2026-12-01 nor an instant like 2026-12-01T15:00:00Z", s)
	}
	return moment{date: d, text: s}, nil
}

func (m moment) isZero() bool { return m.text == "" }

// at is the instant; a date means that hour of the day in the zone.
func (m moment) at(zone *time.Location, hour int) time.Time {
	if m.date.IsZero() {
		return m.instant
	}
	return m.date.In(zone, hour)
}

// begin is when something that starts at m starts, end when something that includes m is over.
func (m moment) begin(zone *time.Location) time.Time { return m.at(zone, 0) }
func (m moment) end(zone *time.Location) time.Time   { return m.at(zone, 24) }

// String is what configuration says.
func (m moment) String() string { return m.text }
