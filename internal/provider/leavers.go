package provider

import (
	"context"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// leavers answers at apply whether a person has left by now, as the rosters say it now: a plan may be days old. The
// rosters are read when the first person is asked about, and only then. Nil where no rosters are named.
func (d *Data) leavers(ctx context.Context, names []string) func(personID string) (why string, left bool, err error) {
	if len(names) == 0 {
		return nil
	}
	return func(personID string) (string, bool, error) {
		gone, err := d.goneBy(ctx, names)
		why, left := gone[personID]
		return why, left, err
	}
}

// goneBy gives those whose access is over, by person_id. Who is yet to begin is not among them.
func (d *Data) goneBy(ctx context.Context, names []string) (map[string]string, error) {
	d.companies.mu.Lock()
	defer d.companies.mu.Unlock()
	key := strings.Join(names, "\x00")
	if gone, ok := d.companies.gone[key]; ok {
		return gone, nil
	}
	var all []access.Person
	for _, name := range names {
		r, err := d.reading(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, r.People...)
	}
	words := d.lifecycleOptions()
	opts := words
	opts.EndOfDayHour = 24 // at which hour of the last day is policy's to say, and policy is not asked here
	gone := make(map[string]string)
	for _, p := range lifecycle.Merge(all, d.clock.Now(), opts) {
		if s := lifecycle.At(p, d.clock.Now(), opts); s.Window == lifecycle.WindowClosed {
			gone[p.PersonID] = standingOf(lifecycle.At(p, d.clock.Now(), words)).Why
		}
	}
	if d.companies.gone == nil {
		d.companies.gone = make(map[string]map[string]string)
	}
	d.companies.gone[key] = gone
	return gone, nil
}

// extended are the people who hold something in an app, or to whom policy gives it, although they have left by the
// rosters: an override lets them in, or somebody wrote it so.
func (d *Data) extended(ctx context.Context, app string, rosters []string, state converge.State) map[string]bool {
	if len(rosters) == 0 {
		return nil
	}
	gone, err := d.goneBy(ctx, rosters)
	if err != nil || len(gone) == 0 {
		return nil
	}
	var out map[string]bool
	note := func(id string) {
		if _, left := gone[id]; !left {
			return
		}
		if out == nil {
			out = make(map[string]bool)
		}
		out[id] = true
	}
	for id := range state.Accounts {
		note(id)
	}
	for _, one := range d.decided.all() {
		for id := range one.result.Apps[app].Accounts {
			note(id)
		}
	}
	return out
}
