package provider

import (
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/policy"
)

// expired are the subjects in state that policy no longer gives and that somebody had by an exception which has ended:
// the configuration itself said that it would.
func (o *decision) expired(want policy.App, app string, s converge.State) map[converge.Subject]bool {
	ended := make(map[string][]access.Grant) // by person_id
	for _, x := range o.result.Exceptions {
		if x.Status != policy.ExceptionExpired {
			continue
		}
		for _, text := range x.Grants {
			if g, err := access.ParseGrant(text); err == nil && g.App == app {
				ended[x.PersonID] = append(ended[x.PersonID], g)
			}
		}
	}
	if len(ended) == 0 {
		return nil
	}
	names := make(map[string]string, len(s.Accounts)+len(want.Accounts)) // person_id by user name
	for id, a := range want.Accounts {
		names[strings.ToLower(a.UserName)] = id
	}
	for id, a := range s.Accounts {
		names[strings.ToLower(a.UserName())] = id
	}
	out := make(map[converge.Subject]bool)
	for subject := range differing(want, s) {
		id := subject.Who
		if subject.Kind != access.GrantAccount {
			id = names[strings.ToLower(subject.Who)]
		}
		for _, g := range ended[id] {
			if subject.Kind == access.GrantAccount || g.Kind == subject.Kind && g.Name == subject.In {
				out[subject] = true
			}
		}
	}
	return out
}
