package lifecycle

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // a build image without zone files must not move anybody's last day

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// zones remembers what time.LoadLocation said, which reads a file each time and is asked for every
// person. It holds nothing but the few hundred zones that exist.
var zones sync.Map // string -> *time.Location

// location is the person's zone, else the configured one, else UTC.
func location(name string, o Options) (*time.Location, error) {
	if name == "" {
		if o.TimeZone == nil {
			return time.UTC, nil
		}
		return o.TimeZone, nil
	}
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("%q is not the name of a time zone; use an IANA name such as Europe/Madrid", name)
	}
	zones.Store(name, loc)
	return loc, nil
}

// dayStart is the first instant of a date: midnight, except where clocks jump over midnight, and the
// first of two midnights where they fall back to it.
func dayStart(d access.Date, loc *time.Location) time.Time {
	t := d.In(loc, 0)
	start, end := t.ZoneBounds()
	if access.DateOf(t).Before(d) { // midnight does not exist, and package time went back instead of on
		return end
	}
	if !start.IsZero() {
		_, offset := t.Zone()
		_, before := start.Add(-time.Second).Zone()
		if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(t) && access.DateOf(first) == d && first.Before(start) {
			return first
		}
	}
	return t
}

// dayHour is hour o'clock of a date; 24 is the start of the next one.
func dayHour(d access.Date, hour int, loc *time.Location) time.Time {
	switch {
	case hour <= 0:
		return dayStart(d, loc)
	case hour >= 24:
		return dayStart(d.AddDays(1), loc)
	}
	return d.In(loc, hour)
}

// days is how many days lie from a to b; negative when b is earlier.
func days(a, b access.Date) int {
	return int(b.In(time.UTC, 0).Sub(a.In(time.UTC, 0)) / (24 * time.Hour))
}
