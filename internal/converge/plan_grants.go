package converge

import (
	"fmt"
	"maps"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// align gives prior state and notes the group names of next where a group is only called otherwise: a
// renamed group is the same group.
func align(prior State, notes Notes, next Grants) (State, Notes) {
	renamed := make(map[string]string)
	for was := range prior.Groups {
		if _, ok := next[was]; ok {
			continue
		}
		ref := notes.Groups[was]
		for _, name := range []string{ref.Name, ref.ID} {
			_, wanted := next[name]
			if _, other := prior.Groups[name]; name != "" && wanted && !other {
				renamed[was] = name
				break
			}
		}
	}
	if len(renamed) == 0 {
		return prior, notes
	}
	name := func(s Subject) Subject {
		if to, ok := renamed[s.In]; ok && s.Kind == access.GrantGroup {
			s.In = to
		}
		return s
	}
	prior = prior.Clone()
	prior.Held, prior.Strangers = rekey(prior.Held, name), rekey(prior.Strangers, name)
	notes.Seen, notes.Values = rekey(notes.Seen, name), rekey(notes.Values, name)
	notes.Via, notes.Any = rekey(notes.Via, name), rekey(notes.Any, name)
	notes.Groups = maps.Clone(notes.Groups)
	notes.Holders = maps.Clone(notes.Holders)
	holders := maps.Clone(notes.Holders[access.GrantGroup])
	for was, is := range renamed {
		prior.Groups[is] = prior.Groups[was]
		delete(prior.Groups, was)
		notes.Groups[is] = notes.Groups[was]
		if h, ok := holders[was]; ok {
			holders[is] = h
		}
	}
	if holders != nil {
		notes.Holders[access.GrantGroup] = holders
	}
	return prior, notes
}

func rekey[V any](m map[Subject]V, name func(Subject) Subject) map[Subject]V {
	out := make(map[Subject]V, len(m))
	for s, v := range m {
		out[name(s)] = v
	}
	return out
}

// grants plans who holds what. Planned is what configuration says; only what becomes of the others is
// decided here.
func (p *planner) grants(kind access.GrantKind) {
	want, prior := p.cfg.grants(kind), p.prior.Grants(kind)
	*p.out.State.grants(kind) = want
	for in, was := range prior {
		now, watched := want[in]
		arrivals := make(map[string]string) // names that are not new, by their old name
		for u, old := range was {
			s := Subject{kind, in, u}
			v, stays := now[u]
			stays = stays && !p.handed(u)
			switch {
			case stays && v == old:
			case stays && p.notes.Any[s]:
				p.explain(s, "change", "the app decides the role; nothing is sent")
			case stays:
				p.change(s, old, v)
			default:
				if to := p.arrived(s, was, want); to != "" {
					arrivals[to] = u
					if now[to] != old {
						p.change(Subject{kind, in, to}, old, now[to])
					} else {
						p.explain(Subject{kind, in, to}, "rename", u+" is called "+to+"; nothing is sent")
					}
					continue
				}
				p.gone(s, old, watched)
			}
		}
		for u := range now {
			if _, had := was[u]; (!had || p.handed(u)) && arrivals[u] == "" {
				p.add(Subject{kind, in, u})
			}
		}
	}
	for in, now := range want {
		if _, had := prior[in]; !had {
			for u := range now {
				p.add(Subject{kind, in, u})
			}
		}
	}
}

func (p *planner) add(s Subject) { p.explain(s, "add", p.why(s, "in configuration")) }

func (p *planner) change(s Subject, old, now string) {
	if now == Unknown {
		now = "a value not known yet"
	}
	if s.Kind == access.GrantGroup && old != access.DefaultRole {
		p.guardRole(s, s.Who, old)
	}
	why := fmt.Sprintf("configuration says %s instead of %s", now, old)
	p.lose(s, p.id(s), s.Who, "change", p.why(s, why), Configured)
}

// gone decides about a holder that configuration no longer lists.
func (p *planner) gone(s Subject, value string, watched bool) {
	if p.notes.releasing() {
		if watched {
			p.release(s, value)
		}
		return
	}
	p.drop(s, p.id(s))
}

func (p *planner) drop(s Subject, id string) {
	if p.notes.Via[s] != "" {
		p.keep(s, p.since())
		return
	}
	v, ok := p.judge(s, s.Who, p.notes.standing(p.keys, s.Who))
	switch {
	case !ok:
	case v.hold != "":
		p.holdAs(s, v.hold, p.since())
	default:
		p.lose(s, id, s.Who, "remove", v.why, v.label)
	}
}
