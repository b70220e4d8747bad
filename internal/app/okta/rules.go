package okta

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// rule is a group rule: while it is active, Okta puts everybody whom its expression matches into its groups, and takes
// out whom it no longer matches. Removing such a member by hand puts the person on the rule's list of exceptions, for
// good. https://developer.okta.com/docs/api/openapi/okta-management/management/tag/GroupRule
type rule struct {
	ID, Name, Status string
	Conditions       struct {
		People struct {
			Users struct{ Exclude []string }
		}
		Expression struct{ Value string }
	}
	Actions struct {
		AssignUserToGroups struct{ GroupIDs []string }
	}
}

func (r rule) id() string { return r.ID }

// ruleCache holds the rules for as long as the connector is open, which is one run.
type ruleCache struct {
	sync.Mutex
	loaded  bool
	byGroup map[string][]rule
}

// rulesOf are the active rules that fill a group. All rules are listed, once.
func (d *Directory) rulesOf(ctx context.Context, groupID string) ([]rule, error) {
	if d.cfg.GroupRules == "ignore" {
		return nil, nil
	}
	d.rules.Lock()
	defer d.rules.Unlock()
	if !d.rules.loaded {
		byGroup := map[string][]rule{}
		for r, err := range rows(ctx, listing{client: d.client, op: "list group rules", path: []string{"groups", "rules"}, limit: rulePage}, rule.id) {
			if errors.Is(err, fault.Forbidden) {
				var f *fault.Error
				errors.As(err, &f)
				c := *f
				c.Next = `Let the credential read group rules (scope okta.groups.read and an admin role that sees them), or set group_rules = "ignore": then nobody tells memberships made by rules from others.`
				return nil, &c
			}
			if err != nil {
				return nil, err
			}
			if r.Status != "ACTIVE" {
				continue
			}
			for _, id := range r.Actions.AssignUserToGroups.GroupIDs {
				byGroup[id] = append(byGroup[id], r)
			}
		}
		d.rules.byGroup, d.rules.loaded = byGroup, true
	}
	return d.rules.byGroup[groupID], nil
}

// via names the rule that makes the membership, as far as the API lets anybody know: it does not mark members, so the
// rule's own words are tried on the member's profile. Whom the rule cannot have made a member is an ordinary one; in
// doubt the rule did it, because taking away what a rule gives does lasting harm and does not even help.
func via(rules []rule, u user) string {
	for _, r := range rules {
		if slices.Contains(r.Conditions.People.Users.Exclude, u.ID) || surelyNot(r.Conditions.Expression.Value, u.Profile) {
			continue
		}
		return "group rule " + r.Name
	}
	return ""
}
