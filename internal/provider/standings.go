package provider

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// company is where everybody in a set of rosters stands.
type company map[string]converge.Standing

// standing reads the rosters and answers for each person_id. It is nil where no rosters are named, and
// pending while one of them is not configured yet. Rosters are read once for all resources of a run.
func (d *Data) standing(ctx context.Context, diags *diag.Diagnostics, names []string) (of func(string) converge.Standing, pending bool) {
	undecided := d.decided.undecided()
	if len(names) == 0 {
		if len(undecided) == 0 {
			return nil, false
		}
		return undecided.or(func(string) converge.Standing { return converge.Standing{} }), false
	}
	d.companies.mu.Lock()
	defer d.companies.mu.Unlock()
	key := strings.Join(names, "\x00")
	people, ok := d.companies.by[key]
	if !ok {
		var err error
		var since map[string]string
		if people, since, err = d.readCompany(ctx, names); err != nil {
			var later errPending
			if errors.As(err, &later) {
				warn(diags, "Rosters are not known yet: "+strings.Join(names, ", "), sentence(later.fault.Cause)+" Nobody who leaves the configuration can be removed until then.")
				return func(string) converge.Standing { return converge.Standing{} }, true
			}
			diagnose(diags, err, "Nothing was planned from it.", path.Root("rosters"))
			return nil, false
		}
		if d.companies.by == nil {
			d.companies.by, d.companies.since = make(map[string]company), make(map[string]map[string]string)
		}
		d.companies.by[key], d.companies.since[key] = people, since
	}
	return undecided.or(func(personID string) converge.Standing {
		if st, ok := people[personID]; ok {
			return st
		}
		return converge.Standing{Stage: converge.StageDropped}
	}), false
}

// or answers for whoever policy could not decide, and asks next about everybody else.
func (undecided company) or(next func(string) converge.Standing) func(string) converge.Standing {
	return func(personID string) converge.Standing {
		if st, ok := undecided[personID]; ok {
			return st
		}
		return next(personID)
	}
}

// whyNew says why somebody gets something in a first apply. A first apply has no Read before it that could have
// noted policy's reasons, and the walk that carries it out evaluates no policy, unless something had to be applied
// first; the rosters can be asked. That they cannot be read is no reason not to go on: "" is no answer.
func (d *Data) whyNew(ctx context.Context, name string, rosters []string) func(s converge.Subject, person string) string {
	var ignored diag.Diagnostics
	standing, pending := d.standing(ctx, &ignored, rosters)
	var since map[string]string
	if standing != nil && !pending {
		d.companies.mu.Lock()
		since = d.companies.since[strings.Join(rosters, "\x00")]
		d.companies.mu.Unlock()
	}
	return func(s converge.Subject, person string) string {
		if why := d.why(name, s.String()); why != "" {
			return why
		}
		if day := since[person]; day != "" {
			return "in configuration; in " + strings.Join(rosters, ", ") + " with access since " + day
		}
		return ""
	}
}

func (d *Data) readCompany(ctx context.Context, names []string) (company, map[string]string, error) {
	var all []access.Person
	var errs []error
	faulty := make(map[string]bool)
	for _, name := range names {
		r, err := d.reading(ctx, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, r.People...)
		for _, p := range r.Problems {
			faulty[p.PersonID] = true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	opts := d.lifecycleOptions()
	merged := lifecycle.Merge(all, d.clock.Now(), opts)
	people := make(company, len(merged)+len(faulty))
	since := make(map[string]string)
	for i := range merged {
		at := lifecycle.At(merged[i], d.clock.Now(), opts)
		people[merged[i].PersonID] = standingOf(at)
		if at.InWindow() && !at.Start.IsZero() {
			since[merged[i].PersonID] = at.Start.Format(time.DateOnly)
		}
	}
	for id := range faulty {
		if id != "" {
			people[id] = converge.Standing{Stage: converge.StageQuarantined}
		}
	}
	return people, since, nil
}

// standingOf is what a place in working life means for access that configuration no longer asks for.
func standingOf(s lifecycle.Standing) converge.Standing {
	switch {
	case s.NeverStarted:
		return converge.Standing{Stage: converge.StageLeft, Why: "never started"}
	case s.Window == lifecycle.WindowClosed && s.End.IsZero():
		return converge.Standing{Stage: converge.StageLeft, Why: "left"}
	case s.Window == lifecycle.WindowClosed:
		return converge.Standing{Stage: converge.StageLeft, Why: "left on " + s.End.Format(time.DateOnly)}
	case s.Window == lifecycle.WindowBefore:
		return converge.Standing{Stage: converge.StageLeft, Why: "access begins on " + s.Start.Format(time.DateOnly)}
	case s.Window == lifecycle.WindowUnknown:
		return converge.Standing{Stage: converge.StageUnknown}
	}
	return converge.Standing{}
}
