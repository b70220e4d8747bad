package provider

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/converge"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
	"github.com/tenure-access/terraform-provider-tenure/internal/safeguard"
)

// collectionOf is where a subject counts: the accounts of an app, one group, one product.
func collectionOf(s converge.Subject) string {
	if s.Kind == access.GrantAccount {
		return safeguard.Collection(string(s.Kind))
	}
	return safeguard.Collection(string(s.Kind), s.In)
}

// brake counts what a plan takes away, collection by collection, and stops it where that is too much.
func (t *setResource) brake(diags *diag.Diagnostics, d *Data, inv *inventory.App, prior converge.State, p converge.Planned) {
	requests := make(map[string]*safeguard.Request)
	request := func(s converge.Subject) *safeguard.Request {
		name := collectionOf(s)
		if requests[name] == nil {
			requests[name] = &safeguard.Request{
				App: inv.Name(), Collection: name, Whole: true, Limits: d.apps[inv.Name()].limits,
				Held: holders(prior, s), Left: holders(p.State, s),
			}
		}
		return requests[name]
	}
	for _, l := range p.Losses {
		r := request(l.Subject)
		r.Removals = append(r.Removals, safeguard.Removal{ID: cmp.Or(l.ID, l.Subject.String()), Name: l.UserName, Explained: l.Explained, Why: l.Why})
	}
	for in, names := range p.LastKeepers {
		r := request(converge.Subject{Kind: access.GrantGroup, In: in})
		r.Keepers, r.Role = names, access.KeeperRole(inv.Info().GroupRoles)
	}
	for s, h := range p.State.Held {
		if _, before := prior.Held[s]; h.Reason == converge.Dropped && !before {
			r := request(s)
			name := s.Who
			if a, ok := prior.Accounts[s.Who]; ok && s.Kind == access.GrantAccount {
				name = cmp.Or(a.UserName(), name)
			}
			r.Dropped = append(r.Dropped, name)
		}
	}
	for _, name := range sortedKeys(requests) {
		diagnose(diags, d.brake.Check(*requests[name]), nothingSent)
	}
}

// brakeDestroy is brake for the destruction of everything that the resource manages.
func (t *setResource) brakeDestroy(diags *diag.Diagnostics, d *Data, inv *inventory.App, m *setModel) {
	const why = "the resource is destroyed, and on_destroy is \"remove\""
	p := converge.Planned{State: converge.NewState()}
	for key, a := range m.state.Accounts {
		p.Losses = append(p.Losses, converge.Loss{
			Subject: converge.Subject{Kind: access.GrantAccount, Who: key}, ID: m.state.IDs[key], UserName: a.UserName(), Why: why,
		})
	}
	for _, kind := range []access.GrantKind{access.GrantGroup, access.GrantLicense} {
		for in, who := range m.state.Grants(kind) {
			for name := range who {
				p.Losses = append(p.Losses, converge.Loss{
					Subject: converge.Subject{Kind: kind, In: in, Who: name}, ID: m.private.Holders[kind][in][name], UserName: name, Why: why,
				})
			}
		}
	}
	p.State.Strangers = m.state.Strangers // these stay
	t.brake(diags, d, inv, m.state, p)
}

// holders counts who holds something in the collection of s, strangers and held ones included.
func holders(state converge.State, s converge.Subject) int {
	n := len(state.Accounts)
	if s.Kind != access.GrantAccount {
		n = len(state.Grants(s.Kind)[s.In])
	}
	for other := range state.Strangers {
		if other.Kind == s.Kind && other.In == s.In {
			n++
		}
	}
	for other, h := range state.Held {
		_, counted := state.Accounts[other.Who]
		if other.Kind == s.Kind && other.In == s.In && !(s.Kind == access.GrantAccount && counted) && h.Reason != converge.DeactivatedElsewhere {
			n++
		}
	}
	return n
}
