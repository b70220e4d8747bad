package lifecycle

import (
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Moment is a point in time as people write one: a calendar date, or an instant.
type Moment struct {
	Date    access.Date // zero when it is an instant
	Instant time.Time   // zero when it is a date
}

// ParseMoment reads YYYY-MM-DD or an RFC 3339 instant. Anything else is [fault.Invalid].
func ParseMoment(s string) (Moment, error) {
	if d, err := access.ParseDate(s); err == nil {
		return Moment{Date: d}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Moment{}, &fault.Error{
			Kind: fault.Invalid, Cause: "\"" + s + "\" is neither a date nor an instant",
			Next: "Write a date such as 2026-12-01, or an instant with its zone such as 2026-12-01T15:00:00+01:00 (RFC 3339).",
		}
	}
	return Moment{Instant: t}, nil
}

// Begin is when something that starts at the moment starts: a date starts with its first instant in loc.
func (m Moment) Begin(loc *time.Location) time.Time {
	if m.Date.IsZero() {
		return m.Instant
	}
	return dayStart(m.Date, loc)
}

// End is when something that lasts until the moment is over: a date is over when its day is over in loc.
func (m Moment) End(loc *time.Location) time.Time {
	if m.Date.IsZero() {
		return m.Instant
	}
	return dayStart(m.Date.AddDays(1), loc)
}

// ParseAsOf reads the time to plan for: a date means 12:00 in loc, an RFC 3339 instant itself.
func ParseAsOf(s string, loc *time.Location) (time.Time, error) {
	m, err := ParseMoment(s)
	if err != nil {
		return time.Time{}, err
	}
	if m.Date.IsZero() {
		return m.Instant, nil
	}
	return m.Date.In(loc, 12), nil
}

// Clock is the one clock of a run.
type Clock struct {
	// AsOf is the time to plan for; zero is the present.
	AsOf time.Time
	// Wall tells the real time; nil is time.Now.
	Wall func() time.Time
}

// Now is the time that everything is decided by.
func (c Clock) Now() time.Time {
	if c.AsOf.IsZero() {
		return c.Real()
	}
	return c.AsOf
}

// Real is the time on the wall, for Options.ReadAt and records of what was done.
func (c Clock) Real() time.Time {
	if c.Wall == nil {
		return time.Now()
	}
	return c.Wall()
}

// Preview reports whether AsOf is more than an hour from the real time, so that nothing may be written.
func (c Clock) Preview() bool {
	return !c.AsOf.IsZero() && c.AsOf.Sub(c.Real()).Abs() > time.Hour
}
