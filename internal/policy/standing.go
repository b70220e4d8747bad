package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// standing is where a person stands at an instant: the stage of the employment, and whether access is open.
type standing struct {
	stage string
	// unknown: the rosters do not say whether the person works here, so nothing is taken away.
	unknown bool
	open    bool
	from    time.Time // of the access window; zero is "always"
	until   time.Time // exclusive; zero is "no end"
	cut     bool      // an override, not a roster, closed the window
	why     string    // when not open: "access ended on …: last working day"
	notes   []note
}

// note is something to be said about a block, not about a grant.
type note struct {
	code  Code
	block Block
	text  string
}

// standing derives the window at an instant: what the rosters say, moved by the overrides in force.
func (e *evaluation) standing(i int32, at time.Time) standing {
	s := &e.subjects[i]
	w := e.life.window(&s.Person, at)
	st := standing{stage: w.stage, unknown: w.stage == string(access.StatusUnknown), from: w.from, until: w.until}
	fromWhy, untilWhy := w.fromWhy, w.untilWhy
	if st.unknown {
		st.from, st.until = time.Time{}, time.Time{}
	}
	zone := w.zone
	var end, start time.Time // the narrowest that the overrides ask for
	var endBy, startBy *override
	for k := range e.overrides[s.PersonID] {
		o := &e.overrides[s.PersonID][k]
		if !o.expires.isZero() && !at.Before(o.expires.end(zone)) {
			if !o.ends.isZero() && !at.Before(o.ends.at(zone, e.endHour)) {
				st.notes = append(st.notes, note{CodeOverrideNotApplied, o.block,
					fmt.Sprintf("it ended access on %s, and expired on %s: the rosters decide again", o.ends, o.expires)})
			}
			continue
		}
		if !o.ends.isZero() {
			if t := o.ends.at(zone, e.endHour); endBy == nil || t.Before(end) {
				end, endBy = t, o
			}
		}
		if !o.starts.isZero() {
			if t := o.starts.begin(zone); startBy == nil || t.After(start) {
				start, startBy = t, o
			}
		}
	}
	if endBy != nil {
		switch later := !st.until.IsZero() && end.After(st.until); {
		case !later:
			st.until, st.cut = end, true
			untilWhy = "override: " + endBy.reason
		case endBy.expires.isZero():
			st.notes = append(st.notes, note{CodeOverrideNotApplied, endBy.block,
				fmt.Sprintf("access_ends_at %s is later than the rosters say (%s), and a later end needs expires_at", endBy.ends, e.instant(st.until, zone))})
		default:
			if why := e.refused(endBy.approvedBy, i, at); why != "" && endBy.approvedBy != "" {
				st.notes = append(st.notes, note{CodeUnapproved, endBy.block, "the later end is not applied: " + why})
				break
			}
			st.until = end
			untilWhy = "override: " + endBy.reason
		}
	}
	if startBy != nil {
		earlier := !st.from.IsZero() && start.Before(st.from)
		why := ""
		if earlier && startBy.approvedBy != "" {
			why = e.refused(startBy.approvedBy, i, at)
		}
		if why != "" {
			st.notes = append(st.notes, note{CodeUnapproved, startBy.block, "the earlier start is not applied: " + why})
		} else {
			st.from = start
			fromWhy = "override: " + startBy.reason
		}
	}
	switch {
	case !st.until.IsZero() && !at.Before(st.until):
		st.why = fmt.Sprintf("access ended on %s (%s)", e.instant(st.until, zone), untilWhy)
	case !st.from.IsZero() && at.Before(st.from):
		st.why = fmt.Sprintf("access starts on %s (%s)", e.instant(st.from, zone), fromWhy)
	default:
		st.open = true
	}
	return st
}

// instant writes a time as people of that zone read it.
func (e *evaluation) instant(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// refused says why an approval does not count, or "". The approver must work here now, and must not be the
// person who benefits. Whoever's row is faulty, or status unknown, is taken to work here: unknown triggers
// nothing.
func (e *evaluation) refused(by string, beneficiary int32, at time.Time) string {
	if strings.TrimSpace(by) == "" {
		return "approved_by is empty"
	}
	found := e.mail[fold(by)]
	id := e.present(by)
	if i, ok := e.index[id]; ok {
		found = append([]int32{i}, found...)
	} else if _, ok := e.faulty[id]; ok {
		return ""
	}
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

// works reports whether a person is employed at the instant, as far as anybody knows.
func (e *evaluation) works(i int32, at time.Time) bool {
	s := &e.subjects[i]
	if _, ok := e.faulty[s.PersonID]; ok {
		return true
	}
	switch e.life.window(&s.Person, at).stage {
	case string(access.StatusTerminated), string(access.StatusNeverStarted), string(access.StatusPreHire):
		return false
	}
	return true
}
