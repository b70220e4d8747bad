package policy

import (
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// moment is a point in time as configuration writes it; the zero moment is "not given".
type moment struct {
	lifecycle.Moment
	text string
}

func (m moment) isZero() bool { return m.text == "" }

// at is the instant; a date means that hour of the day in the zone.
func (m moment) at(zone *time.Location, hour int) time.Time {
	switch {
	case hour <= 0 || m.Date.IsZero():
		return m.Begin(zone)
	case hour >= 24:
		return m.End(zone)
	}
	return m.Date.In(zone, hour)
}

// String is what configuration says.
func (m moment) String() string { return m.text }
