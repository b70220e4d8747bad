package provider

import (
	"errors"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// claims remembers which resource of this run manages a subject: two resources that want to own one
// account would undo each other's work at every apply.
type claims struct {
	mu sync.Mutex
	by map[string]claim
}

type claim struct{ owner, what string }

func newClaims() *claims { return &claims{by: make(map[string]claim)} }

// take claims subject ("slack/accounts/ana@acme.com") for an owner. The same owner may claim again: a
// replacement is planned twice. what describes the resource for the message.
func (c *claims) take(subject, owner, what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	held, ok := c.by[subject]
	if !ok || held.owner == owner {
		c.by[subject] = claim{owner, what}
		return nil
	}
	return &fault.Error{
		Kind: fault.Invalid, Op: "plan", Subject: what,
		Cause: "another resource of this run manages the same thing: " + held.what,
		State: "Nothing was written.",
		Next:  "Keep one of the two; each account, membership and assignment has one owner.",
	}
}

// takeAll claims many subjects at once, of which each names one account, membership or assignment. It
// answers at most claimsInError conflicts: a list of fifty thousand would hide the point.
func (c *claims) takeAll(subjects []string, owner, what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := claim{owner, what}
	var errs []error
	for _, s := range subjects {
		held, ok := c.by[s]
		if !ok || held.owner == owner {
			c.by[s] = mine
			continue
		}
		if len(errs) < claimsInError {
			errs = append(errs, &fault.Error{
				Kind: fault.Invalid, Op: "plan", Subject: s[strings.IndexByte(s, '|')+1:] + " for " + what,
				Cause: "another resource of this run manages the same thing: " + held.what,
				State: "Nothing was written.",
				Next:  "Keep one of the two; each account, membership and assignment has one owner.",
			})
		}
	}
	return errors.Join(errs...)
}

const claimsInError = 10
