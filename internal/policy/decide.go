package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// outcome is what was decided about one person at one instant, before it is put into anybody's shape.
type outcome struct {
	entitled  bool // the window is open, and no leave takes everything away
	suspended bool // a leave keeps the accounts inactive
	why       string
	sources   []int32 // what applies, the stronger first
	inert     []inert // exceptions of the person that do not apply
	won       []int32 // grants, ascending; if not entitled, those that it would be
	lost      []loss
	matched   []int32 // rules
	accounts  []account
	causes    []cause // quarantine, apart from user names that collide
	clashes   []cause // user names that collide
	notes     []note
}

func (o *outcome) quarantined() bool { return len(o.causes)+len(o.clashes) > 0 }

// emitted: part of the output.
func (o *outcome) emitted() bool { return o.entitled && !o.quarantined() }

// inert is an exception that gives nothing now.
type inert struct {
	source int32
	status ExceptionStatus
	why    string
}

// loss is a grant that a source would give, had a stronger one not given something else in its place.
type loss struct {
	grant, source       int32
	winner, winningFrom int32 // the grant that holds the place, and its source
}

// account is an account that a person needs in an app of the output.
type account struct {
	app        int32
	userName   string
	attributes []string // as appPlan.attributes
}

// worker evaluates people one after the other with scratch space of its own.
type worker struct {
	*evaluation
	act    activation
	holder []int32 // by slot: 1 + the grant that holds it
	giver  []int32 // by slot: the source that gave it
	slots  []int32 // the slots in use
}

func newWorker(e *evaluation) *worker {
	return &worker{evaluation: e, holder: make([]int32, e.Program.slots), giver: make([]int32, e.Program.slots)}
}

// decide is the policy for one person.
func (w *worker) decide(s *snapshot, i int32) outcome {
	st := &s.standings[i]
	person := &w.subjects[i]
	o := outcome{entitled: st.open, why: st.why, notes: slices.Clip(st.notes)}
	if !st.cut || st.open { // a cut-off by override holds whatever the row says
		o.causes = append(o.causes, w.faulty[person.PersonID]...)
		if st.fault != "" {
			o.causes = append(o.causes, cause{CodeFaultyRow, st.fault})
		}
	}
	if person.stub {
		return o
	}
	if st.open && st.stage == lifecycle.StageLeave {
		switch w.policy.Timing.OnLeave {
		case LeaveDrop:
			o.entitled, o.why = false, "on leave of absence"
		case LeaveSuspend:
			o.suspended = true
		}
	}
	w.exceptionsOf(&o, s, i)
	if !o.entitled && !w.reasons && !st.open {
		return o
	}
	w.act.person = view{subject: person, stage: string(st.stage), isManager: s.working != nil && s.working[i] > 0}
	for r := range w.rules {
		ok, err := w.rules[r].when.holds(&w.act)
		if err != nil && st.open {
			o.causes = append(o.causes, cause{CodeEvaluation, fmt.Sprintf("%s cannot be evaluated: %s", w.sources[w.rules[r].source].label, firstLine(err.Error()))})
		}
		if ok && err == nil {
			o.sources = append(o.sources, w.rules[r].source)
			if st.open {
				o.matched = append(o.matched, int32(r))
			}
		}
	}
	w.assign(&o)
	if o.entitled {
		w.conflictsOf(&o, i, s.at)
		w.accountsOf(&o, i)
	}
	return o
}

// assign gives each place to the strongest source that wants it.
func (w *worker) assign(o *outcome) {
	for _, src := range o.sources {
		for _, g := range w.sources[src].grants {
			slot := w.grants[g].slot
			switch held := w.holder[slot] - 1; {
			case held < 0:
				w.holder[slot], w.giver[slot] = g+1, src
				w.slots = append(w.slots, slot)
			case held != g:
				o.lost = append(o.lost, loss{g, src, held, w.giver[slot]})
			}
		}
	}
	o.won = make([]int32, 0, len(w.slots))
	for _, slot := range w.slots {
		o.won = append(o.won, w.holder[slot]-1)
		w.holder[slot] = 0
	}
	w.slots = w.slots[:0]
	slices.Sort(o.won)
}

// exceptionsOf finds which exceptions of a person are in force.
func (w *worker) exceptionsOf(o *outcome, s *snapshot, i int32) {
	for _, src := range w.exceptions[w.subjects[i].PersonID] {
		if status, why := w.exceptionStatus(s, i, w.sources[src].exception); status == ExceptionActive {
			o.sources = append(o.sources, src)
		} else {
			o.inert = append(o.inert, inert{src, status, why})
		}
	}
}

// exceptionStatus: an exception begins at starts_at, else on the start date, never in the days before it, and
// never outlives the access window.
func (e *evaluation) exceptionStatus(s *snapshot, i int32, x *exception) (ExceptionStatus, string) {
	st, at := &s.standings[i], s.at
	person := &e.subjects[i]
	zone := person.zone
	if !at.Before(x.expires.End(zone)) {
		return ExceptionExpired, "exception expired on " + x.expires.String()
	}
	var from time.Time
	if !x.starts.isZero() {
		from = x.starts.Begin(zone)
	}
	if d := person.StartDate; !d.IsZero() {
		if first := (lifecycle.Moment{Date: d}).Begin(zone); first.After(from) {
			from = first
		}
	}
	if at.Before(from) {
		return ExceptionPending, "exception begins on " + instant(from, zone)
	}
	if !st.open {
		return ExceptionOutsideWindow, st.why
	}
	if why := e.refused(x.approvedBy, i, at); why != "" {
		return ExceptionUnapproved, "exception not approved: " + why
	}
	return ExceptionActive, ""
}

// conflictsOf quarantines whoever holds two grants of one conflict without a waiver.
func (w *worker) conflictsOf(o *outcome, i int32, at time.Time) {
	if len(w.conflicts) == 0 {
		return
	}
	held := map[int32][]string{}
	for _, g := range o.won {
		for _, item := range w.conflictOf[g] {
			if a := w.grants[g].address; !slices.Contains(held[item.conflict], a) {
				held[item.conflict] = append(held[item.conflict], a)
			}
		}
	}
	for k := range w.conflicts {
		c := &w.conflicts[k]
		if len(held[int32(k)]) < 2 || w.waived(o, c, i, at) {
			continue
		}
		var parts []string
		for _, address := range held[int32(k)] {
			parts = append(parts, fmt.Sprintf("%s (%s)", address, strings.Join(w.given(o, address), ", ")))
		}
		o.causes = append(o.causes, cause{CodeConflict, fmt.Sprintf("conflict %q: %s", c.name, strings.Join(parts, " and "))})
	}
}

// waived reports whether a waiver in force lets the person off.
func (w *worker) waived(o *outcome, c *conflict, i int32, at time.Time) bool {
	person := &w.subjects[i]
	zone := person.zone
	for _, v := range c.waivers[person.PersonID] {
		if !at.Before(v.expires.End(zone)) {
			continue
		}
		if v.approvedBy != "" {
			if why := w.refused(v.approvedBy, i, at); why != "" {
				o.notes = append(o.notes, note{CodeUnapproved, c.block, fmt.Sprintf("waiver %d, for %s, does not count: %s", v.index+1, person.PersonID, why)})
				continue
			}
		}
		return true
	}
	return false
}

// given lists what gives a person the grant at an address.
func (e *evaluation) given(o *outcome, address string) []string {
	var labels []string
	for _, src := range o.sources {
		for _, g := range e.sources[src].grants {
			if e.grants[g].address == address && slices.Contains(o.won, g) {
				labels = append(labels, e.sourceLabel(src, g))
			}
		}
	}
	return labels
}

// sourceLabel is how a reason names what gives a grant.
func (e *evaluation) sourceLabel(src, g int32) string {
	s := &e.sources[src]
	label := s.label
	if x := s.exception; x != nil {
		label = fmt.Sprintf("exception until %s, approved by %s: %s", x.expires, x.approvedBy, x.reason)
	}
	if role := e.grants[g].role; role != "" && role != access.DefaultRole {
		label += fmt.Sprintf(" (role %s)", role)
	}
	return label
}

// accountsOf works out the user name and attributes of each account that a person needs.
func (w *worker) accountsOf(o *outcome, i int32) {
	for _, g := range o.won {
		if w.grants[g].Kind != access.GrantAccount || !w.apps[w.grants[g].app].output {
			continue
		}
		app := &w.apps[w.grants[g].app]
		a := account{app: w.grants[g].app, userName: w.identity(app, w.subjects[i].PersonID)}
		if a.userName == "" {
			name, err := app.userName.text(&w.act)
			if err != nil {
				o.causes = append(o.causes, cause{CodeEvaluation, fmt.Sprintf("user_names %q cannot be evaluated: %s", app.name, firstLine(err.Error()))})
				continue
			}
			a.userName = name
		}
		if a.userName == "" {
			o.causes = append(o.causes, cause{
				CodeMissingUserName,
				fmt.Sprintf("no user name for %s: give it in the roster or in identities", app.name),
			})
			continue
		}
		for _, attr := range app.attributes {
			v, err := attr.value.text(&w.act)
			if err != nil {
				o.causes = append(o.causes, cause{
					CodeEvaluation,
					fmt.Sprintf("attribute %q of %s cannot be evaluated: %s", attr.name, app.name, firstLine(err.Error())),
				})
			}
			a.attributes = append(a.attributes, v)
		}
		o.accounts = append(o.accounts, a)
	}
}

// identity is the user name that configuration gives a person in an app, under the present id or a former one.
func (p *Program) identity(app *appPlan, id string) string {
	if name := strings.TrimSpace(app.identities[id]); name != "" || len(app.identities) == 0 {
		return name
	}
	for _, old := range p.formerOf[id] {
		if name := strings.TrimSpace(app.identities[old]); name != "" {
			return name
		}
	}
	return ""
}

// clash quarantines a person whose user name somebody else needs as well in the same app, naming the others.
func (e *evaluation) clash(s *snapshot, i int32) {
	o := &s.outcomes[i]
	o.clashes = nil
	for _, a := range o.accounts {
		holders := s.claims[a.app][fold(a.userName)]
		if len(holders) < 2 {
			continue
		}
		others := make([]string, 0, min(len(holders), named+1))
		for _, j := range holders {
			if len(others) > named { // one name for a whole company is a slip, and no reason to list it to everybody
				break
			}
			if j != i {
				others = append(others, e.label(j))
			}
		}
		o.clashes = append(o.clashes, cause{
			CodeDuplicateUserName,
			fmt.Sprintf("user name %q in %s is also that of %s", a.userName, e.apps[a.app].name, some(others, len(holders)-1)),
		})
	}
}
