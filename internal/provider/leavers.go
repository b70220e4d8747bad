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

// goneBy gives those whose access is over, by person_id.
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
	opts := d.lifecycleOptions()
	opts.EndOfDayHour = 24 // at which hour of the last day is policy's to say, and policy is not asked here
	gone, words := make(map[string]string), d.lifecycleOptions()
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

// extended are the people to whom policy gives something in an app although they have left by the rosters: an
// override lets them in.
func (d *Data) extended(app string, standing func(string) converge.Standing) map[string]bool {
	if standing == nil {
		return nil
	}
	var out map[string]bool
	for _, one := range d.decided.all() {
		for id := range one.result.Apps[app].Accounts {
			if standing(id).Stage == converge.StageLeft {
				if out == nil {
					out = make(map[string]bool)
				}
				out[id] = true
			}
		}
	}
	return out
}
