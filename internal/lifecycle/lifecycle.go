// Package lifecycle says where a person stands on a date: the stage of the employment, whether access is
// due, and what changed between two readings. It is pure: the time always comes from the caller.
//
// Dates in HR systems are calendar dates in the person's zone. What a record does not say clearly is
// unknown, and unknown keeps things as they are.
package lifecycle

import (
	"fmt"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Stage is where an employment is in its life.
type Stage string

// The stages. StageUnknown triggers nothing.
const (
	StageUnknown    Stage = "unknown"
	StagePreHire    Stage = "pre_hire"
	StageActive     Stage = "active"
	StageLeave      Stage = "leave"      // leave of absence
	StageNotice     Stage = "notice"     // employed, with a known last day
	StageTerminated Stage = "terminated" // over, or never begun
)

// Window says whether access is due. The zero value is the careful one.
type Window uint8

// The windows.
const (
	WindowUnknown Window = iota // cannot be told: whatever is there stays, nothing is given
	WindowBefore                // not yet due
	WindowOpen                  // due
	WindowClosed                // no longer due, or never
)

// String is the window in a word.
func (w Window) String() string {
	return [...]string{"unknown", "before", "open", "closed"}[w&3]
}

// Options are the choices of configuration. The zero value ends access at midnight before the last day,
// so start from [DefaultOptions].
type Options struct {
	// TimeZone is for people without a zone of their own; nil is UTC.
	TimeZone *time.Location
	// BeforeStartDays is how many days before the start date access begins.
	BeforeStartDays int
	// EndOfDayHour is the local hour, 0 to 24, at which access ends on the last day.
	EndOfDayHour int
	// ReadAt is the real time at which the rosters were read; zero means the time that is asked about.
	// A preview sets it, because a last day between today and then is a departure to come, while one
	// that was long past when the record was read contradicts a status "active" beside it.
	ReadAt time.Time
	// Rosters is the precedence of rosters, strongest first, where several tell of one person.
	Rosters []string
}

// DefaultOptions are the defaults of the timing block.
func DefaultOptions() Options { return Options{TimeZone: time.UTC, EndOfDayHour: 18} }

// Standing is where a person stands at one moment.
type Standing struct {
	Stage  Stage
	Window Window
	// Start and End bound the access window: from Start, up to but without End. Zero is no bound, or one
	// that is not known.
	Start, End time.Time
	// NeverStarted marks a hire that was declined or rescinded, or did not show up: no leaver.
	NeverStarted bool
	// Fault says what contradicts itself in the record, as cause and remedy; the window is then unknown.
	Fault string
}

// InWindow reports whether access is due for certain. What is not due for certain is not therefore to be
// taken away: that is for WindowBefore and WindowClosed alone.
func (s Standing) InWindow() bool { return s.Window == WindowOpen }

// statusLagDays is how long after a date the status beside it may be out of date without contradicting
// it: HR systems change a status by a nightly job or by hand, mostly days after the fact. It is also how
// far back departures are caught up with.
const statusLagDays = 14

// At says where one employment stands. Several employments of one person go through [Merge] first.
func At(p access.Person, now time.Time, o Options) Standing {
	loc, err := location(p.TimeZone, o)
	if err != nil {
		return Standing{Stage: StageUnknown, Fault: err.Error()}
	}
	today := access.DateOf(now.In(loc))
	read := today
	if !o.ReadAt.IsZero() {
		read = access.DateOf(o.ReadAt.In(loc))
	}
	last, until := lastDay(p), employedUntil(p)
	var s Standing
	if !p.StartDate.IsZero() {
		s.Start = dayStart(p.StartDate.AddDays(-o.BeforeStartDays), loc)
	}
	if !last.IsZero() {
		s.End = dayHour(last, o.EndOfDayHour, loc)
	}

	switch {
	case p.Status == access.StatusNeverStarted:
		return Standing{Stage: StageTerminated, Window: WindowClosed, NeverStarted: true}
	case p.Status == access.StatusTerminated:
		return terminated(s, last, today, loc)
	case !last.IsZero() && last.Before(p.StartDate):
		return s.contradicts(StageUnknown, "the last day %s is before the start date %s; clear the end of the earlier employment, or give it a record of its own", last, p.StartDate)
	case !until.IsZero() && until.Before(today):
		if p.Status == access.StatusActive && !byContract(p) && days(until, read) > statusLagDays {
			return s.contradicts(StageUnknown, "the status is active and the last day was %s, %d days before the roster was read; correct one of them", until, days(until, read))
		}
		s.Stage, s.Window = StageTerminated, WindowClosed
		return s
	case p.Status == access.StatusPreHire && p.StartDate.IsZero():
		return s.contradicts(StagePreHire, "a future hire has no start date; fill it in")
	case p.Status == access.StatusPreHire && days(p.StartDate, read) > statusLagDays:
		return s.contradicts(StagePreHire, "the status is still that of a future hire, %d days after the start date %s; correct one of them", days(p.StartDate, read), p.StartDate)
	}

	switch {
	case p.StartDate.After(today):
		s.Stage = StagePreHire
	case p.Status == access.StatusLeave:
		s.Stage = StageLeave
	case p.Status == access.StatusNotice, !until.IsZero() && !byContract(p):
		s.Stage = StageNotice
	case p.Status == access.StatusActive, p.Status == access.StatusPreHire: // a start date that has come
		s.Stage = StageActive
	default:
		s.Stage = StageUnknown
	}
	switch {
	case !s.End.IsZero() && !now.Before(s.End):
		s.Window = WindowClosed
	case p.Status != access.StatusActive && p.Status != access.StatusPreHire && p.Status != access.StatusLeave && p.Status != access.StatusNotice:
		s.Window = WindowUnknown
	case !s.Start.IsZero() && now.Before(s.Start):
		s.Window = WindowBefore
	default:
		s.Window = WindowOpen
	}
	return s
}

// terminated is the standing of somebody whose status says so: out at once when the last day is today,
// because whoever sets the status on that day does not mean this evening.
func terminated(s Standing, last, today access.Date, loc *time.Location) Standing {
	if last.After(today) {
		return s.contradicts(StageUnknown, "the status is terminated and the last day, %s, is still to come; use a notice status until then, or correct the date", last)
	}
	s.Stage, s.Window = StageTerminated, WindowClosed
	if last == today {
		s.End = dayStart(today, loc)
	}
	return s
}

func (s Standing) contradicts(stage Stage, format string, args ...any) Standing {
	s.Stage, s.Window, s.Fault = stage, WindowUnknown, fmt.Sprintf(format, args...)
	return s
}

// lastDay is the last day with access, or none.
func lastDay(p access.Person) access.Date {
	switch {
	case !p.LastWorkingDay.IsZero():
		return p.LastWorkingDay
	case !p.EndDate.IsZero():
		return p.EndDate
	case contractBound(p.EmploymentType):
		return p.ContractEndDate
	}
	return access.Date{}
}

// employedUntil is the last day of the employment, or none: later than lastDay on garden leave.
func employedUntil(p access.Person) access.Date {
	if last := lastDay(p); last.After(p.EndDate) {
		return last
	}
	return p.EndDate
}

// byContract reports whether only the contract says when the employment ends. That is an expectation
// everybody has known from the start, not notice, and no contradiction to the status "active".
func byContract(p access.Person) bool { return p.LastWorkingDay.IsZero() && p.EndDate.IsZero() }

// contractBound reports whether people of this type leave when their contract ends without anybody
// recording a termination.
func contractBound(t access.EmploymentType) bool {
	switch t {
	case access.TypeContractor, access.TypeTemporary, access.TypeIntern, access.TypeConsultantExternal:
		return true
	default: // staff, and whoever nobody can tell from staff, leave when HR says so
		return false
	}
}
