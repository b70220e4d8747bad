package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// place is what the resource holds, as a key: an app or one group of it.
func (t *setResource) place(m *setModel) string {
	return t.kind.name() + "\x00" + m.tenant + "\x00" + m.groupID
}

// checkUnread refuses to take anything from people of whom the rosters say today that they are to be held, and reports whether it did. Only where
// this plan did not read the app (-refresh=false, or on_unavailable = "stale"): what the rosters say reaches planning with what is read. In an apply
// nothing is read either, but no policy is evaluated there, and the plan has been checked.
func (t *setResource) checkUnread(ctx context.Context, diags *diag.Diagnostics, d *Data, inv *inventory.App, prior, next *setModel, losses []converge.Loss) bool {
	if _, read := d.looked.Load(t.place(prior)); read || len(losses) == 0 || len(d.decided.all()) == 0 {
		return false
	}
	standing, pending := d.standing(ctx, diags, next.rosters)
	if standing == nil || pending {
		return false
	}
	names := losers(prior, losses, func(key string) bool {
		switch standing(key).Stage {
		case converge.StageQuarantined:
			return true
		case converge.StageUnknown:
			return len(next.rosters) > 0
		case converge.StageDropped:
			return len(next.rosters) > 0 && next.cfg.OnDropped != "remove"
		}
		return false
	})
	if len(names) == 0 {
		return false
	}
	diagnose(diags, &fault.Error{
		Kind: fault.Protected, System: inv.Name(), Op: "take access from", Subject: peopleCount(len(names)),
		Cause: "the rosters or the policy say today that they are to be held as they are, and this plan did not read the app, so it could not hold them: " + namesOf(names),
		State: "Nothing was written.", Next: "Plan without -refresh=false, and when the app can be read.",
	}, nothingSent, path.Root("app"))
	return true
}

// checkRosters refuses to take anything from people whom a new value of rosters does not list, and reports whether it did. What they lose was judged
// by the rosters in state, because Read knows no others; by the new ones they are dropped, and would be held.
func (t *setResource) checkRosters(ctx context.Context, diags *diag.Diagnostics, d *Data, inv *inventory.App, prior, next *setModel, losses []converge.Loss) bool {
	if len(next.rosters) == 0 || slices.Equal(prior.rosters, next.rosters) || len(losses) == 0 || next.cfg.OnDropped == "remove" {
		return false
	}
	standing, pending := d.standing(ctx, diags, next.rosters)
	if standing == nil || pending {
		return false
	}
	names := losers(prior, losses, func(key string) bool { return standing(key).Stage == converge.StageDropped })
	if len(names) == 0 {
		return false
	}
	diagnose(diags, &fault.Error{
		Kind: fault.Protected, System: inv.Name(), Op: "take access from", Subject: peopleCount(len(names)),
		Cause: fmt.Sprintf("rosters was changed, and none of the new ones (%s) lists %s", strings.Join(next.rosters, ", "), namesOf(names)),
		State: "Nothing was written.", Next: "Correct rosters. If the new ones are right, change rosters of this resource in an apply of its own, and the people after that.",
	}, nothingSent, path.Root("rosters"))
	return true
}

// losers are the user names of people who lose something that was managed, and of whom the key satisfies is.
func losers(prior *setModel, losses []converge.Loss, is func(key string) bool) []string {
	people := make(map[string]string, len(prior.state.Accounts)) // key by user name
	for key, a := range prior.state.Accounts {
		people[a.UserName()] = key
	}
	found := make(map[string]bool)
	for _, l := range losses {
		key := l.Subject.Who
		if l.Subject.Kind != access.GrantAccount {
			key = people[key]
		}
		if l.Label != converge.Stranger && key != "" && is(key) {
			found[l.UserName] = true
		}
	}
	return sortedKeys(found)
}

// namesOf are names in a sentence.
func namesOf(names []string) string {
	if n := len(names) - claimsInError; n > 0 {
		names = append(names[:claimsInError:claimsInError], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

func peopleCount(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}
