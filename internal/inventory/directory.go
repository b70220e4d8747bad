package inventory

import (
	"context"
	"errors"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// directory is the collection of accounts with the ways to find one by something else than its id.
type directory struct {
	collection[*access.Account]
	filter func(ctx context.Context, f access.AccountFilter) ([]access.Account, error)
	folds  bool // user names that differ only in case are the same

	// All below is under mu. index holds the fields that were ever asked for.
	index    map[access.Field]map[string][]string
	finds    map[lookup]*flight[[]access.Account]
	noFilter map[access.Field]bool
	// doubts are look-ups that the listing cannot answer any more, because a create with this value failed
	// in a way that may have left an account behind, or met one that the listing does not show.
	doubts map[lookup]bool
	// asked are misses of the listing that the app itself has confirmed.
	asked map[lookup]bool
}

// lookup is a field and a value, folded as the app or the nature of the field compares it.
type lookup struct {
	by    access.Field
	value string
}

func (d *directory) init() {
	d.collection.init()
	d.watch = d.reindex
	d.index = map[access.Field]map[string][]string{}
	d.finds = map[lookup]*flight[[]access.Account]{}
	d.noFilter, d.doubts, d.asked = map[access.Field]bool{}, map[lookup]bool{}, map[lookup]bool{}
}

// key folds e-mail addresses always, user names where the app does, and nothing else: ids are exact.
func (d *directory) key(by access.Field, value string) lookup {
	if by == access.Email || by == access.UserName && d.folds {
		value = fold(value)
	}
	return lookup{by, value}
}

func (d *directory) reindex(before, after *access.Account) {
	for by, ids := range d.index {
		if before != nil && after != nil && before.Get(by) == after.Get(by) {
			continue
		}
		if before != nil {
			k := d.key(by, before.Get(by)).value
			ids[k] = slices.DeleteFunc(ids[k], func(id string) bool { return id == before.ID })
			if len(ids[k]) == 0 {
				delete(ids, k)
			}
		}
		if after != nil && after.Get(by) != "" {
			k := d.key(by, after.Get(by)).value
			ids[k] = append(ids[k], after.ID)
		}
	}
}

// hits are the known accounts that answer k, in the order of their ids.
func (d *directory) hits(k lookup) []access.Account {
	ids, ok := d.index[k.by]
	if !ok {
		ids = map[string][]string{}
		for id, acc := range d.known {
			if v := acc.Get(k.by); v != "" {
				v = d.key(k.by, v).value
				ids[v] = append(ids[v], id)
			}
		}
		d.index[k.by] = ids
	}
	var out []access.Account
	for _, id := range slices.Sorted(slices.Values(ids[k.value])) {
		out = append(out, *d.known[id])
	}
	return out
}

// find gives the accounts whose field equals value. Few look-ups go to the app as filters, many buy the
// listing, and once it is there it answers all of them.
func (d *directory) find(ctx context.Context, by access.Field, value string) ([]access.Account, error) {
	k := d.key(by, value)
	for {
		d.mu.Lock()
		hits, doubt := d.hits(k), d.doubts[k]
		unique := by == access.UserName && len(hits) > 0 // an app has each user name once
		if !doubt && (d.listed || unique) {
			d.mu.Unlock()
			return hits, nil
		}
		f := d.finds[k]
		if f == nil {
			wait, err := d.way(ctx, k, doubt)
			if err != nil {
				d.mu.Unlock()
				return nil, err
			}
			if wait != nil {
				d.mu.Unlock()
				if err := wait(ctx); err != nil && !errors.Is(err, fault.Unsupported) {
					return nil, err
				}
				continue
			}
			f = d.startFind(ctx, by, value)
		}
		d.mu.Unlock()
		found, err := f.wait(ctx)
		if errors.Is(err, fault.Unsupported) || errors.Is(err, fault.Invalid) {
			continue // landing has noted that the app cannot filter by this field
		}
		if err != nil {
			return nil, err
		}
		return d.learnt(ctx, k, found)
	}
}

// way is step for look-ups: where the app cannot filter, only the listing helps.
func (d *directory) way(ctx context.Context, k lookup, doubt bool) (wait func(context.Context) error, err error) {
	if !d.noFilter[k.by] {
		return d.step(ctx, "")
	}
	switch {
	case d.fatal != nil:
		return nil, d.fatal
	case d.listErr != nil:
		return nil, d.listErr
	case d.listed && doubt:
		d.invalidate()
		clear(d.doubts)
	}
	if d.listing == nil {
		d.startListing(ctx)
	}
	return d.waitListing(), nil
}

func (d *directory) startFind(ctx context.Context, by access.Field, value string) *flight[[]access.Account] {
	k := d.key(by, value)
	doubt := d.doubts[k]
	f := start(ctx, func(ctx context.Context) ([]access.Account, error) {
		return d.filter(ctx, access.AccountFilter{Field: by, Value: value})
	}, func(f *flight[[]access.Account]) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.finds[k] == f {
			delete(d.finds, k)
		}
		switch {
		case f.err == nil:
			d.learn(f.v)
			if doubt {
				delete(d.doubts, k)
			}
		case d.remember(f.err):
		case errors.Is(f.err, fault.Unsupported), errors.Is(f.err, fault.Invalid):
			d.noFilter[by] = true
		}
	})
	d.finds[k] = f
	return f
}

// learn keeps what a filter gave, less what is known better.
func (d *directory) learn(found []access.Account) {
	for _, acc := range found {
		if !d.firm[acc.ID] && !d.gone[acc.ID] && !d.doubtful[acc.ID] && d.points[acc.ID] == nil {
			d.set(acc.ID, &acc)
		}
	}
}

// learnt answers a look-up after a filter request: the app's answer together with what this process wrote,
// since filters lag behind writes, compared again by our own rules.
func (d *directory) learnt(ctx context.Context, k lookup, found []access.Account) ([]access.Account, error) {
	for _, acc := range found {
		if d.removed(acc.ID) {
			continue
		}
		if err := d.get(ctx, acc.ID, func(*access.Account) {}); err != nil && !errors.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hits(k), nil
}

// doubt makes the next look-ups of these values real.
func (d *directory) doubt(values map[access.Field]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for by, v := range values {
		if v == "" {
			continue
		}
		k := d.key(by, v)
		d.doubts[k] = true
		delete(d.finds, k)
		delete(d.asked, k)
	}
}

// confirm makes one real look-up of a value that the listing does not show, and no second one. It reports
// whether looking again is worth it.
func (d *directory) confirm(by access.Field, value string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.key(by, value)
	if d.noFilter[by] || d.asked[k] || !d.listed {
		return false
	}
	d.asked[k], d.doubts[k] = true, true
	return true
}

// everyone is the whole listing.
func (d *directory) everyone(ctx context.Context) ([]access.Account, error) {
	d.mu.Lock()
	if len(d.doubts) > 0 {
		d.invalidate()
		clear(d.doubts)
	}
	d.mu.Unlock()
	var out []access.Account
	err := d.all(ctx, func(_ string, acc *access.Account) {
		if out == nil {
			out = make([]access.Account, 0, len(d.known))
		}
		out = append(out, *acc)
	})
	return out, err
}
