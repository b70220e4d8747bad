package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

type exception struct {
	block      Block
	person     string
	reason     string
	approvedBy string
	starts     moment
	expires    moment
}

type override struct {
	block        Block
	reason       string
	approvedBy   string
	starts, ends moment
	expires      moment
}

type conflict struct {
	name    string
	block   Block
	items   []string // addresses
	waivers map[string][]waiver
}

type waiver struct {
	index      int
	approvedBy string
	expires    moment
}

// conflictItem says that a grant is one of those that a conflict lists.
type conflictItem struct{ conflict, item int32 }

func (c *checker) exceptionBlocks() {
	for i, x := range c.policy.Exceptions {
		b := exceptionBlock(i, x)
		c.required(b, "person_id", x.PersonID, "name the person")
		c.required(b, "reason", x.Reason, "say why, for the auditor who will ask")
		c.required(b, "approved_by", x.ApprovedBy, "name who approved it, by work e-mail or person id")
		c.required(b, "expires_at", x.ExpiresAt, "every exception ends: give a date")
		if x.empty() {
			c.fail(b, "", "the exception gives nothing", "name accounts, groups, licenses or roles, or remove it")
		}
		e := &exception{
			block: b, person: x.PersonID, reason: x.Reason, approvedBy: strings.TrimSpace(x.ApprovedBy),
			starts: c.moment(b, "starts_at", x.StartsAt), expires: c.moment(b, "expires_at", x.ExpiresAt),
		}
		c.order(b, "expires_at", e.starts, e.expires, "starts_at")
		c.exceptions[x.PersonID] = append(c.exceptions[x.PersonID], int32(len(c.sources)))
		c.sources = append(c.sources, source{label: "exception", grants: c.grantIDs(x.Grants), exception: e})
	}
}

// order complains when something ends before it starts.
func (c *checker) order(b Block, attribute string, from, to moment, fromName string) {
	if from.isZero() || to.isZero() {
		return
	}
	// Zones are at most 14 hours from UTC; only what is wrong everywhere is wrong here.
	if to.End(time.UTC).Before(from.Begin(time.UTC).Add(-14 * time.Hour)) {
		c.fail(b, attribute, fmt.Sprintf("%s is before %s, %s", to, fromName, from), "correct one of the two")
	}
}

func (c *checker) overrideBlocks() {
	for i, o := range c.policy.Overrides {
		b := Block{"override", i, o.PersonID}
		c.required(b, "person_id", o.PersonID, "name the person")
		c.required(b, "reason", o.Reason, "say why, for the auditor who will ask")
		n := override{
			block: b, reason: o.Reason, approvedBy: strings.TrimSpace(o.ApprovedBy),
			starts: c.moment(b, "access_starts_at", o.AccessStartsAt), ends: c.moment(b, "access_ends_at", o.AccessEndsAt),
			expires: c.moment(b, "expires_at", o.ExpiresAt),
		}
		if strings.TrimSpace(o.AccessStartsAt) == "" && strings.TrimSpace(o.AccessEndsAt) == "" {
			c.fail(b, "", "the override moves nothing", "give access_starts_at or access_ends_at, or remove it")
		}
		c.order(b, "access_ends_at", n.starts, n.ends, "access_starts_at")
		c.overrides[o.PersonID] = append(c.overrides[o.PersonID], n)
	}
}

func (c *checker) conflictBlocks() {
	c.conflictOf = make([][]conflictItem, len(c.grants))
	names := map[string]bool{}
	var given []string
	for a := range c.given {
		given = append(given, a)
	}
	for i, k := range c.policy.Conflicts {
		b := Block{"conflict", i, k.Name}
		c.required(b, "name", k.Name, "messages call a conflict by its name: give it one")
		if names[k.Name] {
			c.fail(b, "name", "another conflict has the same name", "give each conflict its own name")
		}
		names[k.Name] = true
		n := conflict{name: k.Name, block: b, waivers: map[string][]waiver{}}
		faulty := false
		for _, s := range k.Grants {
			g, err := access.ParseGrant(s)
			if err != nil {
				c.fail(b, "grants", err.Error(), "correct the address")
				faulty = true
				continue
			}
			c.app(b, "grants", g.App)
			address := g.String()
			if slices.Contains(n.items, address) {
				continue
			}
			if !c.given[address] {
				c.warn(CodeUnusedGrant, b, "grants", fmt.Sprintf("no rule or exception gives %s", address), didYouMeanGrant(address, given))
			}
			for id := range c.grants {
				if c.grants[id].address == address {
					c.conflictOf[id] = append(c.conflictOf[id], conflictItem{int32(i), int32(len(n.items))})
				}
			}
			n.items = append(n.items, address)
		}
		if len(n.items) < 2 && !faulty {
			c.fail(b, "grants", "a conflict needs two different grants at least", "list what one person may not hold together")
		}
		for j, w := range k.Waivers {
			at := fmt.Sprintf("waiver %d: ", j+1)
			c.required(b, at+"person_id", w.PersonID, "name the person")
			c.required(b, at+"reason", w.Reason, "say why, for the auditor who will ask")
			c.required(b, at+"expires_at", w.ExpiresAt, "every waiver ends: give a date")
			n.waivers[w.PersonID] = append(n.waivers[w.PersonID],
				waiver{j, strings.TrimSpace(w.ApprovedBy), c.moment(b, at+"expires_at", w.ExpiresAt)})
		}
		c.Program.conflicts = append(c.Program.conflicts, n)
	}
}

func didYouMeanGrant(address string, given []string) string {
	if s := nearest(address, given); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return "it can only be held by what somebody granted by hand"
}

func (c *checker) timing() {
	t := &c.Program.policy.Timing
	b := Block{Kind: "timing"}
	if t.BeforeStartDays < 0 {
		c.fail(b, "before_start_days", "it is negative", "give a number of days from 0")
	}
	if t.OverlapDays < 0 {
		c.fail(b, "overlap_days", "it is negative", "give a number of days from 0")
	}
	if t.EndOfDayHour != nil && (*t.EndOfDayHour < 0 || *t.EndOfDayHour > 24) {
		c.fail(b, "end_of_day_hour", fmt.Sprintf("there is no hour %d", *t.EndOfDayHour), "give an hour from 0 to 24")
	}
	all := []string{string(LeaveKeep), string(LeaveSuspend), string(LeaveDrop)}
	switch {
	case t.OnLeave == "":
		t.OnLeave = LeaveKeep
	case !slices.Contains(all, string(t.OnLeave)):
		c.fail(b, "on_leave_of_absence", fmt.Sprintf("%q is not a way to treat a leave", t.OnLeave), didYouMean(string(t.OnLeave), all))
	}
}

// samePerson resolves chains: what was 1 and then 2 is now 3.
func (c *checker) samePerson() {
	b := Block{Kind: "same_person"}
	direct := map[string]string{}
	for _, id := range sortedKeys(c.policy.SamePerson) {
		c.required(b, "", id, "name the present person id")
		for _, old := range c.policy.SamePerson[id] {
			c.required(b, id, old, "name the former person id")
			if now, ok := direct[old]; ok && now != id {
				c.fail(b, id, fmt.Sprintf("%q is already the former id of %q", old, now), "a former id belongs to one person")
				continue
			}
			direct[old] = id
		}
	}
	for _, old := range sortedKeys(direct) {
		now, seen := old, map[string]bool{}
		for next, ok := direct[now]; ok; next, ok = direct[now] {
			if seen[now] {
				c.fail(b, old, fmt.Sprintf("%q is, by way of others, a former id of itself", old), "remove one of the lines")
				break
			}
			seen[now] = true
			now = next
		}
		c.former[old] = now
		c.formerOf[now] = append(c.formerOf[now], old)
	}
}
