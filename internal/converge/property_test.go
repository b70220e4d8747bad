package converge_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
)

func names() []string { return []string{"a", "b", "c", "d", "e", "f"} }

func subset(rt *rapid.T, label string) []string {
	var out []string
	for _, n := range names() {
		if rapid.Bool().Draw(rt, label+n) {
			out = append(out, n)
		}
	}
	return out
}

// anyModel is an app with some people in it.
func anyModel(rt *rapid.T) *model {
	m := newModel()
	m.groups["g"], m.groups["h"], m.licenses["p"] = map[string]string{}, map[string]string{}, map[string]string{}
	for _, n := range subset(rt, "there ") {
		person := ""
		if rapid.Bool().Draw(rt, "bound "+n) {
			person = n
		}
		m.add("old-"+n, n+"@x", person)
		for _, g := range []string{"g", "h"} {
			if rapid.Bool().Draw(rt, n+" in "+g) {
				m.groups[g]["old-"+n] = "member"
			}
		}
		if rapid.Bool().Draw(rt, n+" licensed") {
			m.licenses["p"]["old-"+n] = "L"
		}
	}
	return m
}

func anyConfig(rt *rapid.T, label string) converge.Config {
	mode := func(l string) bool { return rapid.Bool().Draw(rt, label+l) }
	keys := subset(rt, label+"account ")
	among := func(l string) map[string]string {
		return members(slices.DeleteFunc(subset(rt, label+l), func(n string) bool { return !slices.Contains(keys, n) })...)
	}
	licensed := among("licensed ")
	for u := range licensed {
		licensed[u] = "L"
	}
	return converge.Config{
		Accounts: people(keys...),
		Groups:   converge.Grants{"g": among("g "), "h": among("h ")},
		Licenses: converge.Grants{"p": licensed},
		Rosters:  mode("rosters"),
		Remove: map[access.GrantKind]bool{
			access.GrantAccount: mode("remove accounts"), access.GrantGroup: mode("remove members"), access.GrantLicense: mode("remove licenses"),
		},
		OnDropped: rapid.SampledFrom([]string{"hold", "remove"}).Draw(rt, label+"dropped"),
		OnRemoval: rapid.SampledFrom([]access.Disposition{access.Deactivate, access.Delete, access.Keep}).Draw(rt, label+"removal"),
		Grace:     time.Duration(rapid.IntRange(0, 1).Draw(rt, label+"grace")) * time.Hour,
	}
}

func anyStandings(rt *rapid.T, label string) map[string]converge.Standing {
	out := map[string]converge.Standing{}
	for _, n := range names() {
		stage := rapid.SampledFrom([]string{"", "", converge.StageLeft, converge.StageDropped, converge.StageUnknown, converge.StageQuarantined}).Draw(rt, label+n)
		if stage != "" {
			out[n] = converge.Standing{Stage: stage}
		}
	}
	out[""] = converge.Standing{Stage: converge.StageDropped}
	return out
}

// After two applies of one configuration (the first of a resource never removes) nothing is left to do,
// and what the plan shows is what the app was told.
func TestApplyConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := newEstate(t, anyModel(rt))
		var cfg converge.Config
		for _, step := range []string{"1 ", "2 ", "3 "} {
			cfg = anyConfig(rt, step)
			e.standings = anyStandings(rt, step)
			e.now = e.now.Add(90 * time.Minute)
			before := e.state
			if r := e.apply(cfg); len(r.Failures) > 0 {
				rt.Fatalf("failures: %v", r.Failures)
			}
			if before == nil {
				for _, w := range e.app.writes {
					if removes(w) {
						rt.Fatalf("creating the resource removed something: %v", e.app.writes)
					}
				}
				e.now = e.now.Add(90 * time.Minute)
				e.apply(cfg)
			}
		}
		// Strangers that were in their grace period may go now; after that everything is still.
		e.now = e.now.Add(24 * time.Hour)
		e.apply(cfg)
		e.refresh(cfg)
		prior := *e.state
		p := converge.Plan(e.state, e.notes, cfg, e.rules)
		prior.Explanations, p.State.Explanations = nil, nil
		if !reflect.DeepEqual(prior, p.State) || len(p.Losses) > 0 {
			rt.Fatalf("not converged:\nprior   %+v\nplanned %+v\nlosses %+v", prior, p.State, p.Losses)
		}
		e.app.writes = nil
		if r := e.apply(cfg); len(e.app.writes) > 0 || len(r.Failures) > 0 {
			rt.Fatalf("an apply with nothing to do wrote %v", e.app.writes)
		}
	})
}

func removes(w string) bool {
	return strings.HasPrefix(w, "leave ") || strings.HasPrefix(w, "unassign ") || strings.HasPrefix(w, "deactivate ") ||
		strings.HasPrefix(w, "delete ") || strings.Contains(w, "active=false")
}

// Nothing is removed that the prior state did not name and the plan did not count, also when the app
// gained people between plan and apply.
func TestOnlyWhatThePlanNamesIsRemoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := newEstate(t, anyModel(rt))
		e.apply(anyConfig(rt, "1 "))
		cfg := anyConfig(rt, "2 ")
		e.standings = anyStandings(rt, "2 ")
		p := e.plan(cfg)
		if len(p.Problems) > 0 {
			rt.Skip("not applicable")
		}
		e.app.add("late", "late@x", "")
		e.app.groups["g"]["late"], e.app.licenses["p"]["late"] = "member", "L"
		named := map[string]bool{}
		for _, l := range p.Losses {
			named[l.UserName] = true
			if _, listed := e.state.Strangers[l.Subject]; !listed && !inState(*e.state, l.Subject) {
				rt.Fatalf("%v is lost, and was not in prior state", l.Subject)
			}
		}
		e.app.writes = nil
		converge.Apply(t.Context(), e.app, converge.Order{
			Prior: e.state, Planned: p.State, Notes: e.notes, Config: cfg, Rules: e.rules, Now: func() time.Time { return e.now },
		})
		for _, w := range e.app.writes {
			parts := strings.Fields(w)
			if removes(w) && !named[parts[len(parts)-1]] && !named[parts[1]] {
				rt.Fatalf("%q was written, and the plan names only %v", w, slices.Collect(maps.Keys(named)))
			}
		}
	})
}

func inState(s converge.State, sub converge.Subject) bool {
	if _, held := s.Held[sub]; held {
		return true
	}
	if sub.Kind == access.GrantAccount {
		_, ok := s.Accounts[sub.Who]
		return ok
	}
	_, ok := s.Grants(sub.Kind)[sub.In][sub.Who]
	return ok
}

// People whose stage is unknown, who are quarantined or were dropped from the rosters never lose anything
// while on_dropped is "hold".
func TestUncertainPeopleLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel()
		m.groups["g"], m.groups["h"], m.licenses["p"] = map[string]string{}, map[string]string{}, map[string]string{}
		e := newEstate(t, m)
		first := anyConfig(rt, "1 ")
		e.apply(first)
		for _, step := range []string{"2 ", "3 "} {
			cfg := anyConfig(rt, step)
			cfg.Rosters, cfg.OnDropped = true, "hold"
			e.standings = map[string]converge.Standing{}
			for _, n := range names() {
				stage := rapid.SampledFrom([]string{converge.StageDropped, converge.StageUnknown, converge.StageQuarantined}).Draw(rt, step+n)
				e.standings[n] = converge.Standing{Stage: stage}
			}
			e.apply(cfg)
			for _, w := range e.app.writes {
				if removes(w) {
					rt.Fatalf("somebody uncertain lost something: %v", e.app.writes)
				}
			}
		}
	})
}

// The same input gives the same plan: Terraform plans again inside apply.
func TestPlanIsDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := newEstate(t, anyModel(rt))
		e.apply(anyConfig(rt, "1 "))
		cfg := anyConfig(rt, "2 ")
		e.standings = anyStandings(rt, "2 ")
		one := e.plan(cfg)
		for range 5 {
			if again := converge.Plan(e.state, e.notes, cfg, e.rules); fmt.Sprintf("%+v", one) != fmt.Sprintf("%+v", again) {
				rt.Fatalf("two plans differ:\n%+v\n%+v", one, again)
			}
		}
	})
}
