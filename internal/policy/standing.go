package policy

import (
	"fmt"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// standing is where a person stands at an instant: what the rosters say, moved by the overrides in force.
type standing struct {
	stage lifecycle.Stage
	// unknown: no map knows the status, so nothing is taken away because of it.
	unknown bool
	open    bool
	before  bool      // not open yet
	until   time.Time // when the window closes or closed; zero is never, or not known
	cut     bool      // an override, not a roster, closed the window
	why     string    // when not open
	fault   string    // what contradicts itself in the record
	notes   []note
}

// note is something to be said about a block, not about a grant.
type note struct {
	code  Code
	block Block
	text  string
}

// standing decides whether a person's access is open at an instant.
func (e *evaluation) standing(i int32, at time.Time) standing {
	s := &e.subjects[i]
	if s.stub {
		st := standing{stage: lifecycle.StageUnknown, open: true}
		e.override(&st, lifecycle.Standing{}, i, at)
		return st
	}
	base := lifecycle.At(*s.Person, at, e.options)
	st := standing{stage: base.Stage, fault: base.Fault, until: base.End}
	window := base.Window
	if window == lifecycle.WindowUnknown {
		st.unknown = base.Fault == ""
		window = lifecycle.WindowOpen
		if at.Before(base.Start) { // whatever the status means, it is not that access is due already
			window = lifecycle.WindowBefore
		}
	}
	switch window {
	case lifecycle.WindowOpen:
		st.open = true
	case lifecycle.WindowBefore:
		st.before = true
		st.why = fmt.Sprintf("access starts on %s (start date %s)", instant(base.Start, s.zone), s.StartDate)
	case lifecycle.WindowClosed:
		st.why = closedWhy(s.Person, base, s.zone)
	}
	e.override(&st, base, i, at)
	return st
}

// closedWhy says when and by which date access ended.
func closedWhy(p *access.Person, base lifecycle.Standing, zone *time.Location) string {
	switch {
	case base.NeverStarted:
		return "the employment never started"
	case base.End.IsZero():
		return "access ended: status terminated"
	case !p.LastWorkingDay.IsZero():
		return fmt.Sprintf("access ended on %s (last working day %s)", instant(base.End, zone), p.LastWorkingDay)
	case !p.EndDate.IsZero():
		return fmt.Sprintf("access ended on %s (end date %s)", instant(base.End, zone), p.EndDate)
	}
	return fmt.Sprintf("access ended on %s (contract end date %s)", instant(base.End, zone), p.ContractEndDate)
}

// override moves the window. Of several ends the earliest counts, of several starts the latest: an override
// that was forgotten in the file never lets anybody in against a newer one.
func (e *evaluation) override(st *standing, base lifecycle.Standing, i int32, at time.Time) {
	s := &e.subjects[i]
	var starts, ends *override
	for k := range e.overrides[s.PersonID] {
		o := &e.overrides[s.PersonID][k]
		if !o.expires.isZero() && !at.Before(o.expires.End(s.zone)) {
			if st.open && !o.ends.isZero() && !at.Before(o.ends.at(s.zone, e.options.EndOfDayHour)) {
				st.note(CodeOverrideNotApplied, o, "it ended access on %s and expired on %s, so the rosters decide again", o.ends, o.expires)
			}
			continue
		}
		if !o.ends.isZero() && (ends == nil || o.ends.at(s.zone, e.options.EndOfDayHour).Before(ends.ends.at(s.zone, e.options.EndOfDayHour))) {
			ends = o
		}
		if !o.starts.isZero() && (starts == nil || o.starts.Begin(s.zone).After(starts.starts.Begin(s.zone))) {
			starts = o
		}
	}
	if starts != nil {
		e.overrideStart(st, starts, starts.starts.Begin(s.zone), i, at)
	}
	if ends != nil {
		e.overrideEnd(st, base, ends, ends.ends.at(s.zone, e.options.EndOfDayHour), i, at)
	}
}

func (e *evaluation) overrideStart(st *standing, o *override, start time.Time, i int32, at time.Time) {
	switch {
	case at.Before(start) && (st.open || st.before):
		st.open, st.before = false, true
		st.why = fmt.Sprintf("access starts on %s (override: %s)", instant(start, e.subjects[i].zone), o.reason)
	case st.before:
		if why := e.refusedIfNamed(o.approvedBy, i, at); why != "" {
			st.note(CodeUnapproved, o, "the earlier start is not applied: %s", why)
			return
		}
		st.open, st.before, st.why = true, false, ""
	}
}

func (e *evaluation) overrideEnd(st *standing, base lifecycle.Standing, o *override, end time.Time, i int32, at time.Time) {
	zone := e.subjects[i].zone
	closed := base.Window == lifecycle.WindowClosed
	if later := closed && base.End.IsZero() && at.Before(end) || !base.End.IsZero() && end.After(base.End); !later {
		if !closed || base.End.IsZero() || end.Before(base.End) {
			st.until = end
		}
		if !at.Before(end) {
			st.open, st.before, st.cut = false, false, true
			st.why = fmt.Sprintf("access ended on %s (override: %s)", instant(end, zone), o.reason)
		}
		return
	}
	if o.expires.isZero() {
		st.note(CodeOverrideNotApplied, o, "access_ends_at %s is later than the rosters say, and a later end needs expires_at", o.ends)
		return
	}
	if why := e.refusedIfNamed(o.approvedBy, i, at); why != "" {
		st.note(CodeUnapproved, o, "the later end is not applied: %s", why)
		return
	}
	st.until = end
	switch {
	case !at.Before(end):
		st.open, st.why = false, fmt.Sprintf("access ended on %s (override: %s)", instant(end, zone), o.reason)
	case closed:
		st.open, st.why = true, ""
	}
}

func (st *standing) note(code Code, o *override, format string, args ...any) {
	st.notes = append(st.notes, note{code, o.block, fmt.Sprintf(format, args...)})
}

// employed: has not left, as far as anybody knows. A hire to come counts.
func (st *standing) employed() bool { return st.stage != lifecycle.StageTerminated }

// instant writes a time as people of that zone read it.
func instant(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// refusedIfNamed is refused where approved_by may be left out.
func (e *evaluation) refusedIfNamed(by string, beneficiary int32, at time.Time) string {
	if by == "" {
		return ""
	}
	return e.refused(by, beneficiary, at)
}

// refused says why an approval does not count, or "". The approver must work here now, and must not be the
// person who benefits. Whoever's record is faulty, or status unknown, is taken to work here: unknown
// triggers nothing.
func (e *evaluation) refused(by string, beneficiary int32, at time.Time) string {
	found := e.people(by)
	current := false
	for _, i := range found {
		if i == beneficiary {
			return fmt.Sprintf("approved_by %q is the beneficiary", by)
		}
		current = current || e.works(i, at)
	}
	switch {
	case len(found) == 0:
		return fmt.Sprintf("approved_by %q is nobody in the rosters", by)
	case !current:
		return fmt.Sprintf("approved_by %q does not work here now", by)
	}
	return ""
}

// people are those whom a work e-mail or a person id names.
func (c *company) people(name string) []int32 {
	found := c.mail[fold(name)]
	if i, ok := c.index[c.present(name)]; ok {
		return append([]int32{i}, found...)
	}
	return found
}

// works reports whether a person is employed at the instant, as far as anybody knows.
func (e *evaluation) works(i int32, at time.Time) bool {
	s := &e.subjects[i]
	if s.stub {
		return true
	}
	stage := lifecycle.At(*s.Person, at, e.options).Stage
	return stage != lifecycle.StageTerminated && stage != lifecycle.StagePreHire
}
