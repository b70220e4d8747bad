package converge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Planned is what an apply would do.
type Planned struct {
	State State
	// Losses are what people would lose, for a limit on how much one plan may take away. Sorted.
	Losses []Loss
	// LastKeepers are, by group, those from whom configuration takes the role that runs the group although nobody else has
	// it. Sorted.
	LastKeepers map[string][]string
	// Problems are why this must not be applied.
	Problems []error
	Warnings []Warning
}

// Loss is one removal, or one change that counts as much. Explained ones follow from a roster.
type Loss struct {
	Subject   Subject
	ID        string // of the account; "" when it was never learnt
	UserName  string
	Change    string // "deactivate", "delete", "remove", "change", "reactivate"
	Why       string
	Explained bool
	Label     Label
}

// Label says in a word why somebody loses something.
type Label string

// The labels.
const (
	Left       Label = "left"       // by the rosters
	Moved      Label = "moved"      // works here, and nothing gives it any more
	Expired    Label = "expired"    // an exception ended, as it was to
	Lost       Label = "dropped"    // in no roster, and on_dropped = "remove"
	Stranger   Label = "stranger"   // was never in configuration
	Configured Label = "configured" // configuration says so, with no roster to explain it
)

// Warning is for people. Detail may be long, Summary names whom it concerns.
type Warning struct{ Summary, Detail string }

type planner struct {
	*differ
	cfg      Config
	out      Planned
	taken    map[string]bool // ids of the accounts that are planned
	released map[Subject]bool
}

// Plan says what the state is to become. It depends on its arguments alone. prior is nil when the resource
// is to be created, which never removes anything.
func Plan(prior *State, notes Notes, cfg Config, rules Rules) Planned {
	p := &planner{cfg: cfg, taken: make(map[string]bool), released: make(map[Subject]bool)}
	p.out.State = NewState()
	was := NewState()
	if prior != nil {
		was, notes = align(*prior, notes, cfg.Groups)
	}
	p.differ = newDiffer(was, p.out.State, notes, rules)
	p.duplicates()
	p.reuses()
	p.swaps()
	p.accounts()
	for _, kind := range grantKinds() {
		p.grants(kind)
	}
	p.held()
	p.strangers()
	p.keepers()
	if prior == nil {
		p.out.State.Explanations = map[Subject]Explanation{} // everything is new
	}
	p.warnings()
	slices.SortFunc(p.out.Losses, func(a, b Loss) int { return strings.Compare(a.Subject.String(), b.Subject.String()) })
	return p.out
}

func (p *planner) explain(s Subject, change, why string) {
	p.out.State.Explanations[s] = Explanation{change, why}
}

// why is the reason of policy, or what can be said without one.
func (p *planner) why(s Subject, otherwise string) string {
	return cmp.Or(p.notes.Whys[s], otherwise)
}

func (p *planner) lose(s Subject, id, userName, change, why string, label Label) {
	p.explain(s, change, why)
	p.out.Losses = append(p.out.Losses, Loss{s, id, userName, change, why, label == Left || label == Expired, label})
}

func (p *planner) problem(f fault.Error) {
	f.System, f.State = p.rules.App, "Nothing was written."
	p.out.Problems = append(p.out.Problems, &f)
}

// holdAs puts s into its place, since when it first came there for this reason.
func (p *planner) holdAs(s Subject, why Reason, since string) {
	if old, ok := p.prior.Held[s]; ok && old.Reason == why {
		p.out.State.Held[s] = old
		return
	}
	p.out.State.Held[s] = Held{why, since}
	p.explain(s, "hold", string(why))
}

// verdict is what becomes of something that configuration no longer asks for.
type verdict struct {
	hold  Reason // "" is a removal
	why   string
	label Label
}

// judge decides about somebody who left the configuration. Absence is a hint and never proof: with
// rosters, only people whom a roster shows to have left or to work here still lose anything.
func (p *planner) judge(s Subject, userName string, st Standing) (verdict, bool) {
	if p.guarded("remove", s.String(), userName, ", and configuration takes away what it managed") {
		return verdict{}, false
	}
	if st.Stage == StageQuarantined {
		return verdict{hold: Quarantined}, true // whoever cannot be decided keeps what they have, rosters or not
	}
	if !p.cfg.Rosters {
		return verdict{why: p.why(s, "no longer in configuration"), label: p.label(s, Configured)}, true
	}
	if p.notes.RostersPending {
		p.problem(fault.Error{
			Kind: fault.Unavailable, Op: "remove", Subject: s.String(),
			Cause: "the rosters cannot be asked yet, so it is not known whether " + userName + " left",
			Next:  "Apply first what the configuration of the rosters depends on, then plan again.",
		})
		return verdict{}, false
	}
	switch st.Stage {
	case StageLeft:
		return verdict{why: cmp.Or(st.Why, "left"), label: Left}, true
	case StageDropped:
		if p.cfg.OnDropped == "remove" {
			return verdict{why: `in no roster, and on_dropped = "remove"`, label: Lost}, true
		}
		return verdict{hold: Dropped}, true
	case StageUnknown:
		return verdict{hold: UnknownStatus}, true
	}
	if p.overlaps(s) {
		return verdict{hold: Overlap}, true
	}
	return verdict{why: p.why(s, "works here, but configuration no longer grants it"), label: p.label(s, Moved)}, true
}

// label is Expired where policy says that it is, else otherwise.
func (p *planner) label(s Subject, otherwise Label) Label {
	if p.notes.Expired[s] {
		return Expired
	}
	return otherwise
}

// guarded refuses to take anything from a protected account, and reports whether it did.
func (p *planner) guarded(op, subject, userName, because string) bool {
	f := fault.Error{Kind: fault.Protected, Op: op, Subject: subject}
	switch {
	case p.rules.Protected(userName):
		f.Cause = "protected_accounts covers " + userName + because
		f.Next = "Put it back into configuration, or take the account off protected_accounts first."
	case p.rules.Own != nil && p.rules.Own(userName):
		f.Cause = userName + " is the account behind the credential of this run" + because
		f.Next = "Put it back into configuration, or do it with another credential. protected_accounts would hold it always."
	default:
		return false
	}
	p.problem(f)
	return true
}

// overlaps reports whether somebody who moved still keeps what they held, for a hand-over.
func (p *planner) overlaps(s Subject) bool {
	if !p.notes.Movers[s] {
		return false // nobody who is cut off keeps anything
	}
	first := p.notes.At
	if h, ok := p.prior.Held[s]; ok && h.Reason == Overlap {
		if since, err := time.Parse(time.RFC3339, h.Since); err == nil {
			first = since
		}
	}
	return p.notes.At.Before(first.AddDate(0, 0, p.notes.OverlapDays))
}

// held decides again about what was held, in the light of what is known now.
func (p *planner) held() {
	for s, h := range p.prior.Held {
		if _, settled := p.out.State.Held[s]; settled {
			continue
		}
		switch h.Reason {
		case DeactivatedElsewhere:
			if now, ok := p.out.State.Accounts[s.Who]; ok && p.cfg.Accounts[s.Who].Fields[Active] == "" && now.Fields[Active] != "true" {
				p.out.State.Held[s] = h
			}
		case Protected, Grace:
			if !p.returned(s) {
				p.stranger(s, p.valueOf(s))
			}
		case Kept:
			_, watched := p.cfg.grants(s.Kind)[s.In]
			switch {
			case s.Kind == access.GrantAccount:
				p.reconsider(s)
			case p.returned(s):
			case watched:
				p.stranger(s, p.valueOf(s)) // it came with something else; where that ended, it is nobody's
			case p.notes.Via[s] != "":
				p.out.State.Held[s] = h
			}
		default:
			p.reconsider(s)
		}
	}
}

// returned reports whether configuration asks for s again.
func (p *planner) returned(s Subject) bool {
	if s.Kind == access.GrantAccount {
		_, back := p.cfg.Accounts[s.Who]
		return back || p.taken[p.notes.Aside[s.Who].ID]
	}
	return p.asks(s)
}

// asks reports whether configuration lists the user name in the group or product of s.
func (p *planner) asks(s Subject) bool {
	_, ok := p.find(p.cfg.grants(s.Kind), s)
	return ok
}

func (p *planner) valueOf(s Subject) string {
	if s.Kind == access.GrantAccount {
		return p.notes.Aside[s.Who].ID
	}
	return p.notes.Values[s]
}

func (p *planner) reconsider(s Subject) {
	if p.returned(s) {
		return
	}
	if s.Kind == access.GrantAccount {
		p.leave(s, p.notes.Aside[s.Who], p.notes.Standings[s.Who])
		return
	}
	p.drop(s, p.id(s))
}

// since is the instant of the last Read as held shows it.
func (p *planner) since() string { return stamp(p.notes.At) }

func (p *planner) strangers() {
	for s, v := range p.prior.Strangers {
		p.stranger(s, v)
	}
}

// stranger decides about what is there and in no configuration.
func (p *planner) stranger(s Subject, value string) {
	if s.Kind == access.GrantAccount {
		if p.taken[value] {
			return
		}
	} else if _, watched := p.cfg.grants(s.Kind)[s.In]; !watched || p.asks(s) {
		return
	}
	if !p.cfg.Remove[s.Kind] || p.notes.releasing() {
		p.out.State.Strangers[s] = value
		return
	}
	first, ok := p.notes.Seen[s]
	if !ok {
		first = p.notes.At
	}
	switch {
	case p.rules.Protected(s.Who) || p.notes.Self != "" && p.rules.fold(p.notes.Self) == p.rules.fold(s.Who):
		p.holdAs(s, Protected, stamp(first))
	case s.Kind == access.GrantAccount && p.cfg.OnRemoval == access.Keep, p.notes.Via[s] != "":
		p.keep(s, stamp(first))
	case p.notes.At.Before(first.Add(p.cfg.Grace)):
		p.holdAs(s, Grace, stamp(first))
	case p.guarded(p.removal(s.Kind), s.String(), s.Who, ""): // found out only now
	default:
		why := fmt.Sprintf(`in no configuration, and unmanaged = "remove"; first seen %s`, stamp(first))
		id := value
		if s.Kind != access.GrantAccount {
			id = p.id(s)
		}
		p.lose(s, id, s.Who, p.removal(s.Kind), why, Stranger)
	}
}

// keep leaves something where it is, because that was asked for or because it cannot be taken away by itself.
func (p *planner) keep(s Subject, since string) {
	p.holdAs(s, Kept, since)
	if e, said := p.out.State.Explanations[s]; said && p.notes.Via[s] != "" {
		e.Why += ": it comes with " + p.notes.Via[s] + " and cannot be removed by itself"
		p.out.State.Explanations[s] = e
	}
}

// removal is the word for what a removal does.
func (p *planner) removal(kind access.GrantKind) string {
	if kind == access.GrantAccount {
		return string(p.cfg.OnRemoval)
	}
	return "remove"
}
