// Package safeguard is the brake: how much may one plan take away. It is pure and counts what it is told.
//
// A stale configuration, a reverted commit or half an HR file all look like many people losing access at
// once. The brake makes that a question to a person, answered by one line that fits exactly that set of
// people and no other.
package safeguard

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Limits says how much may go without being approved. Both figures hold; the lower one decides.
type Limits struct {
	// MaxRemovals is the most removals per app and collection that no roster explains.
	MaxRemovals int
	// MaxPercent is the same in percent of what the collection holds; it counts from 20 holders up.
	MaxPercent int
}

// Default limits, and the number of holders from which a percentage means something.
const (
	DefaultMaxRemovals = 10
	DefaultMaxPercent  = 10
	percentFrom        = 20
	// explainedFactor is how much more may go when rosters explain it: leavers are many at the end of a month.
	explainedFactor = 3
	maxNames        = 50
)

// Removal is one subject that loses something: removed, deactivated, downgraded or reactivated. Renames
// are none.
type Removal struct {
	ID   string // immutable id in the app, what an approval is bound to
	Name string // for people
	// Explained says that a roster or an expiry explains it, Why how: "left on 2026-03-31".
	Explained bool
	Why       string
	// Stays says that nobody less holds something afterwards: a reactivation, or one holder in place of another.
	Stays bool
}

// Request is what one resource plans to take away from one collection of an app.
type Request struct {
	App        string
	Collection string // see Collection
	Removals   []Removal
	// Held is how many hold something in the collection now, and Left how many will; 0 when that is not known.
	// Left is worked out where the request is not Whole.
	Held, Left int
	// Dropped are the names of people that the rosters no longer list: a truncated file looks like this.
	Dropped []string
	// Keepers are the names of those with the role Role, without whom nobody runs the group any more; nil when
	// somebody is left who does.
	Keepers []string
	Role    string
	// Whole says that the resource manages the collection as a set, so that its removals can be approved as one.
	// Single resources are counted together, in whatever order Terraform plans them.
	Whole  bool
	Limits Limits
}

// Collection names a collection: Collection("accounts"), Collection("groups", name), Collection("licenses", product).
func Collection(parts ...string) string {
	enc := make([]string, len(parts))
	for i, p := range parts {
		enc[i] = url.PathEscape(p)
	}
	return strings.Join(enc, "/")
}

// Brake counts for one provider configuration and run. Its zero value approves nothing and is not ready; use New.
type Brake struct {
	approvals []approval
	now       time.Time
	zone      *time.Location

	mu      sync.Mutex
	tallies map[string]*tally // by app/collection
}

// tally is what all resources of the run take away from one collection.
type tally struct {
	singles []Removal          // by single resources
	sets    map[string]Removal // by resources that hold a set, without what is approved
	gone    map[string]bool    // ids of all who hold less afterwards, the approved included
	held    int                // the most holders that were ever told
	stopped bool               // whether a single resource was refused with all names
}

// New makes a brake with the lines of approved_removals; all malformed ones are reported.
func New(approved []string, now time.Time, zone *time.Location) (*Brake, []error) {
	b := &Brake{now: now, zone: zone, tallies: make(map[string]*tally)}
	var errs []error
	for _, line := range approved {
		a, err := parseApproval(line)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		b.approvals = append(b.approvals, a)
	}
	return b, errs
}

// Check is nil when the removals may be planned, or a fault.Protected that names the people, the count,
// the limit and the line that would approve exactly this. What all resources of the run take from one
// collection is added up, less what is approved.
func (b *Brake) Check(r Request) error {
	if len(r.Removals) == 0 && len(r.Dropped) == 0 && len(r.Keepers) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tallies[address(r)]
	if t == nil {
		t = &tally{sets: make(map[string]Removal), gone: make(map[string]bool)}
		b.tallies[address(r)] = t
	}
	t.held = max(t.held, r.Held)
	for _, x := range r.Removals {
		if !x.Stays {
			t.gone[x.ID] = true
		}
	}
	if r.Whole {
		return b.checkSet(t, r)
	}
	return b.checkSingle(t, r)
}

func (b *Brake) checkSet(t *tally, r Request) error {
	slices.SortFunc(r.Removals, func(x, y Removal) int { return cmp.Compare(x.ID, y.ID) })
	line := fmt.Sprintf("%s %d %s", address(r), len(r.Removals), Digest(r.App, r.Collection, r.Removals))
	if slices.ContainsFunc(b.approvals, func(a approval) bool { return a.digest != "" && a.line == line }) {
		return nil
	}
	mine := make(map[string]bool, len(r.Removals))
	for _, x := range r.Removals {
		mine[x.ID], t.sets[x.ID] = true, x
	}
	why, all := r.exceeds(), r.Removals
	if why == "" {
		together := r
		together.Removals = slices.Clone(r.Removals)
		for _, x := range t.uncovered(b.covers(t, r)) {
			if mine[x.ID] {
				continue
			}
			together.Removals = append(together.Removals, x)
			if !x.Stays {
				together.Left = max(0, together.Left-1)
			}
		}
		if len(together.Removals) > len(r.Removals) {
			why, all = together.exceeds(), together.Removals
		}
	}
	if why == "" {
		return nil
	}
	note := "\n\nThe line fits these people and no others: one more or one less is another set. It has to be there for the plan and for the apply; remove it afterwards."
	if n := len(all) - len(r.Removals); n > 0 {
		note = fmt.Sprintf("\n\nThe line is for the %d of this resource; the other %d are taken away by others of this run.", len(r.Removals), n) + note
	}
	return r.stop(why, all, fmt.Sprintf("approved_removals = [%q]", line)+note)
}

// covers reports whether a dated line approves what single resources take away so far.
func (b *Brake) covers(t *tally, r Request) bool {
	return slices.ContainsFunc(b.approvals, func(a approval) bool {
		return a.address == address(r) && a.digest == "" && len(t.singles) <= a.count && !b.now.After(a.until.In(b.zone, 24))
	})
}

// uncovered are the removals of all resources that nothing approves.
func (t *tally) uncovered(covered bool) []Removal {
	var all []Removal
	if !covered {
		all = slices.Clone(t.singles)
	}
	for id, x := range t.sets {
		if !slices.ContainsFunc(all, func(y Removal) bool { return y.ID == id }) {
			all = append(all, x)
		}
	}
	return all
}

// checkSingle counts a removal by a single resource. Which resource is over the limit depends on the order
// in which Terraform plans, but one always is.
func (b *Brake) checkSingle(t *tally, r Request) error {
	for _, x := range r.Removals {
		if !slices.ContainsFunc(t.singles, func(y Removal) bool { return y.ID == x.ID }) {
			t.singles = append(t.singles, x)
		}
	}
	if b.covers(t, r) {
		return nil
	}
	these, all := r.Removals, t.uncovered(false)
	r.Removals, r.Held, r.Left = all, t.held, max(0, t.held-len(t.gone))
	why := r.exceeds()
	if why == "" {
		return nil
	}
	key := address(r)
	if t.stopped {
		return r.stopToo(these, len(t.singles), why)
	}
	t.stopped = true
	until := b.now.In(b.zone).AddDate(0, 0, 1).Format(time.DateOnly)
	return r.stop(why, all, fmt.Sprintf("approved_removals = [\"%s %d until %s\"]", key, len(t.singles), until)+
		"\n\nThe count is what single resources were planned to take so far. Each removal beyond it has an error of its own with a higher count: put the highest there.")
}

// stopToo is the refusal of one more removal by a single resource. The first one has told everything; to
// repeat all names for each would bury it.
func (r Request) stopToo(these []Removal, count int, why string) error {
	names := make([]string, len(these))
	for i, x := range these {
		names[i] = x.Name
	}
	cause := fmt.Sprintf("with this one %d removals are planned; another error says which others and what the limit is", len(r.Removals))
	if len(r.Keepers) > 0 {
		cause = why
	}
	return &fault.Error{
		Kind: fault.Protected, System: r.App, Op: "take", Subject: strings.Join(names, ", ") + " out of " + r.Collection,
		Cause: cause, State: "Planning stopped. Nothing was written.", Next: fmt.Sprintf("To approve it, approve %d or more.", count),
	}
}

// exceeds says which limit the request breaks, or "".
func (r Request) exceeds() string {
	limit, what := r.Limits.MaxRemovals, fmt.Sprintf("max_removals = %d", r.Limits.MaxRemovals)
	if r.Held >= percentFrom {
		if p := r.Held * r.Limits.MaxPercent / 100; p < limit {
			limit, what = p, fmt.Sprintf("max_removal_percent = %d, which is %d of %d", r.Limits.MaxPercent, p, r.Held)
		}
	}
	var unexplained int
	for _, x := range r.Removals {
		if !x.Explained {
			unexplained++
		}
	}
	switch {
	case unexplained > limit:
		return fmt.Sprintf("%d removals that no roster explains are more than %s", unexplained, what)
	case len(r.Removals) > explainedFactor*limit:
		return fmt.Sprintf("%d removals in all, explained ones included, are more than %d times %s", len(r.Removals), explainedFactor, what)
	case len(r.Dropped) > limit:
		return fmt.Sprintf("%d people are gone from the rosters without having left, which is more than %s; the roster may be cut short, or be another one", len(r.Dropped), what)
	case r.Whole && r.Held > 0 && r.Left == 0 && len(r.Removals) > 0:
		return "nobody would be left in it"
	case !r.Whole && r.Held > 1 && r.Left == 0 && len(r.Removals) > 0:
		// One block that goes with the one thing it holds says so itself. What other blocks add is not known.
		return "nobody of those who are in it now would be left"
	case len(r.Keepers) > 0:
		return fmt.Sprintf("nobody with the role %s would be left in it (now %s), so nobody could run it", r.Role, strings.Join(r.Keepers, ", "))
	}
	return ""
}

// stop is the refusal.
func (r Request) stop(why string, removals []Removal, approve string) error {
	names := make([]string, 0, len(removals))
	one := len(removals) > 1 && !slices.ContainsFunc(removals, func(x Removal) bool { return x.Why != removals[0].Why })
	if one && removals[0].Why != "" {
		why += " (each: " + removals[0].Why + ")"
	}
	for _, x := range removals {
		n := x.Name
		if x.Why != "" && !one {
			n += " (" + x.Why + ")"
		}
		names = append(names, n)
	}
	if len(names) == 0 {
		names = slices.Clone(r.Dropped)
		approve = "Repair the roster. If the people are really gone, give them an end date there, or set on_dropped = \"remove\" and approve the removals that the next plan shows."
	} else {
		approve = "If this is what you want, approve it in the provider's safeguard block:\n\n  " + approve
	}
	slices.Sort(names)
	if more := len(names) - maxNames; more > 0 {
		names = append(names[:maxNames], fmt.Sprintf("and %d more", more))
	}
	return &fault.Error{
		Kind: fault.Protected, System: r.App, Op: "take this much away from", Subject: r.Collection,
		Cause: why + ":\n\n  " + strings.Join(names, "\n  "), State: "Planning stopped. Nothing was written.", Next: approve,
	}
}

// Digest binds an approval to one set of immutable ids in one collection: the first 16 hex digits of a
// SHA-256.
func Digest(app, collection string, removals []Removal) string {
	ids := make([]string, len(removals))
	for i, x := range removals {
		ids[i] = x.ID
	}
	slices.Sort(ids)
	h := sha256.New()
	for _, s := range append([]string{app, collection}, ids...) {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func address(r Request) string { return url.PathEscape(r.App) + "/" + r.Collection }
