package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// claims remembers which resource of this run manages what: two resources that want to own one account would
// undo each other's work at every apply, and so would one that removes whoever it does not name and another one
// that lets somebody in.
type claims struct {
	mu sync.Mutex
	by map[string]claim
	in map[string]*territory
}

// claim is whose something is, and how that resource is called in messages.
type claim struct{ owner, what string }

// naming is the resource with what it manages, where its name does not tell.
func (c claim) naming(label string) string {
	if label == "" {
		return c.what
	}
	return label + " for " + c.what
}

// territory is who manages something in one collection: the accounts of an app, one group, one product.
type territory struct {
	whole  claim              // the resource that removes whoever it does not name; zero when there is none
	others map[claim]string   // everybody who manages somebody there, with one of those
	said   map[[2]string]bool // pairs of owners that were reported
}

// stake is one thing that a resource manages: somebody in a collection.
type stake struct {
	collection string // see subject
	who        string
	label      string // names it in messages; "" where the resource's own name does
	spared     bool   // whoever manages the collection as a whole leaves this one alone
}

func newClaims() *claims { return &claims{by: make(map[string]claim), in: make(map[string]*territory)} }

// claimsInError bounds the conflicts that are named: a list of fifty thousand would hide the point.
const claimsInError = 10

// take claims stakes for an owner, and the collections in whole as such. The same owner may claim again: a
// replacement is planned twice. what describes the resource for the message.
func (c *claims) take(owner, what string, stakes []stake, whole []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := claim{owner, what}
	var errs []error
	for _, s := range stakes {
		key := s.collection + "|" + s.who
		if held, ok := c.by[key]; ok && held.owner != owner {
			errs = append(errs, conflict(mine.naming(s.label), "another resource of this run manages the same thing: "+held.what,
				"Keep one of the two; each account, membership and assignment has one owner."))
			continue
		}
		c.by[key] = mine
		t := c.territory(s.collection)
		if _, known := t.others[mine]; !known && !s.spared {
			t.others[mine] = s.label
			errs = append(errs, t.clash(t.whole, mine)...)
		}
	}
	for _, collection := range whole {
		t := c.territory(collection)
		if t.whole == (claim{}) || t.whole.owner == owner {
			t.whole = mine
		}
		for other := range t.others {
			errs = append(errs, t.clash(mine, other)...)
		}
	}
	return errors.Join(errs[:min(len(errs), claimsInError)]...)
}

func (c *claims) territory(collection string) *territory {
	if c.in[collection] == nil {
		c.in[collection] = &territory{others: make(map[claim]string), said: make(map[[2]string]bool)}
	}
	return c.in[collection]
}

// clash is the conflict between a resource that holds a collection as a whole and another one that manages
// somebody in it, once.
func (t *territory) clash(whole, other claim) []error {
	if whole == (claim{}) || whole.owner == other.owner || t.said[[2]string{whole.owner, other.owner}] {
		return nil
	}
	t.said[[2]string{whole.owner, other.owner}] = true
	return []error{conflict(other.naming(t.others[other]),
		fmt.Sprintf(`%s removes whoever it does not name (unmanaged = "remove"), and would take that away again`, whole.what),
		fmt.Sprintf(`Name everybody in %s, or let it only report (unmanaged = "report").`, whole.what))}
}

func conflict(subject, cause, next string) error {
	return &fault.Error{Kind: fault.Invalid, Op: "plan", Subject: subject, Cause: cause, State: nothingSent, Next: next}
}

// groupKey is one name for a group that configuration may call by its name or its id. A group that is not there
// yet is known by its name alone.
func groupKey(ctx context.Context, inv *inventory.App, nameOrID, knownID string) string {
	if knownID != "" {
		return knownID
	}
	if inv.Supports(app.ReadGroups) != nil {
		return nameOrID
	}
	g, err := inv.Group(ctx, nameOrID)
	if err != nil {
		return nameOrID
	}
	return g.ID
}

// stakeOf is somebody in a collection, where the resource's own name tells who it is.
func stakeOf(inv *inventory.App, collection, who string) stake {
	return newStake(inv, inv.Info().UserNamesFoldCase, collection, who, "")
}

func newStake(inv *inventory.App, folds bool, collection, who, label string) stake {
	s := stake{collection: collection, who: who, label: label, spared: inv.IsIgnored(who) || inv.IsProtected(who)}
	if folds {
		s.who = strings.ToLower(who)
	}
	return s
}
