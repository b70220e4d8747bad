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
}

// Request is what one resource plans to take away from one collection of an app.
type Request struct {
	App        string
	Collection string // see Collection
	Removals   []Removal
	// Held is how many hold something in the collection now, and Left how many will; 0 when that is not known.
	Held, Left int
	// Dropped are the names of people that the rosters no longer list: a truncated file looks like this.
	Dropped []string
	// Whole says that the resource manages the collection as a set, so that its removals are all there are.
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
	singles map[string][]Removal // app/collection -> removals by single resources so far
	stopped map[string]bool      // app/collection -> whether that was said with all names
}

// New makes a brake with the lines of approved_removals; all malformed ones are reported.
func New(approved []string, now time.Time, zone *time.Location) (*Brake, []error) {
	b := &Brake{now: now, zone: zone, singles: make(map[string][]Removal), stopped: make(map[string]bool)}
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
// the limit and the line that would approve exactly this.
func (b *Brake) Check(r Request) error {
	if len(r.Removals) == 0 && len(r.Dropped) == 0 {
		return nil
	}
	if !r.Whole {
		return b.checkSingle(r)
	}
	slices.SortFunc(r.Removals, func(x, y Removal) int { return cmp.Compare(x.ID, y.ID) })
	line := fmt.Sprintf("%s %d %s", address(r), len(r.Removals), Digest(r.App, r.Collection, r.Removals))
	if slices.ContainsFunc(b.approvals, func(a approval) bool { return a.digest != "" && a.line == line }) {
		return nil
	}
	if why := r.exceeds(); why != "" {
		return r.stop(why, r.Removals, fmt.Sprintf("approved_removals = [%q]", line)+
			"\n\nThe line fits these people and no others: one more or one less is another set. It has to be there for the plan and for the apply; remove it afterwards.")
	}
	return nil
}

// checkSingle counts a removal by a single resource. Which resource is over the limit depends on the order
// in which Terraform plans, but one always is.
func (b *Brake) checkSingle(r Request) error {
	key := address(r)
	b.mu.Lock()
	all := b.singles[key]
	for _, x := range r.Removals {
		if !slices.ContainsFunc(all, func(y Removal) bool { return y.ID == x.ID }) {
			all = append(all, x)
		}
	}
	b.singles[key] = all
	all = slices.Clone(all)
	b.mu.Unlock()

	for _, a := range b.approvals {
		if a.address == key && a.digest == "" && len(all) <= a.count && !b.now.After(a.until.In(b.zone, 24)) {
			return nil
		}
	}
	these := r.Removals
	r.Removals = all
	why := r.exceeds()
	if why == "" {
		return nil
	}
	b.mu.Lock()
	said := b.stopped[key]
	b.stopped[key] = true
	b.mu.Unlock()
	if said {
		return r.stopToo(these)
	}
	until := b.now.In(b.zone).AddDate(0, 0, 1).Format(time.DateOnly)
	return r.stop(why, all, fmt.Sprintf("approved_removals = [\"%s %d until %s\"]", key, len(all), until)+
		"\n\nThe count is what was planned so far. Each removal beyond it has an error of its own with a higher count: put the highest there.")
}

// stopToo is the refusal of one more removal by a single resource. The first one has told everything; to
// repeat all names for each would bury it.
func (r Request) stopToo(these []Removal) error {
	names := make([]string, len(these))
	for i, x := range these {
		names[i] = x.Name
	}
	return &fault.Error{
		Kind: fault.Protected, System: r.App, Op: "take", Subject: strings.Join(names, ", ") + " out of " + r.Collection,
		Cause: fmt.Sprintf("with this one %d removals are planned; another error says which others and what the limit is", len(r.Removals)),
		State: "Planning stopped. Nothing was written.", Next: fmt.Sprintf("To approve it, approve %d or more.", len(r.Removals)),
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
		return fmt.Sprintf("%d people are gone from the rosters without having left, which is more than %s; the roster may be cut short", len(r.Dropped), what)
	case r.Held > 0 && r.Left == 0 && len(r.Removals) > 0:
		return "nobody would be left in it"
	}
	return ""
}

// stop is the refusal.
func (r Request) stop(why string, removals []Removal, approve string) error {
	names := make([]string, 0, len(removals))
	for _, x := range removals {
		n := x.Name
		if x.Why != "" {
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
