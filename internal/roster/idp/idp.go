// Package idp reads identity providers as rosters: SCIM 2.0, Okta and Microsoft Entra ID. Their protocols are those of the
// connectors, which the caller opens and hands over as a function.
//
// An identity provider tells who has an account, not who is employed: it is a roster where HR feeds it. An account that is
// switched off is taken for somebody who has left, unless status_map says otherwise.
package idp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Users reads all users, page by page, and hands each page to page, as the service wrote it, with how many users there
// are in all, -1 where that is not told. Properties are what is needed of a user.
type Users func(ctx context.Context, properties []string, page func(users []json.RawMessage, total int) error) error

// Config is a roster block with a scim, okta or entra_id block.
type Config struct {
	Name string
	// Users is a connector's.
	Users   Users
	Mapping roster.Mapping

	// Guests keeps guest users of Entra ID, who belong to other companies.
	Guests bool
	// DateZone is where the moments that Entra ID keeps for dates are days; nil takes the day that is written, which is one in
	// UTC, as Microsoft's own provisioning writes it.
	DateZone *time.Location
	// Now is the time, for accounts of Entra ID that are not enabled yet; nil is time.Now.
	Now func() time.Time
}

// open makes a source of a kind that reads as c says. Properties are what to ask for, by the paths that are needed. Change
// makes a record of a user, nil of one who is none of the company's people; it may do that only where no total is told.
func open(c Config, k hrapi.Kind, properties func(want []string) []string, change func(json.RawMessage) (json.RawMessage, error)) (roster.Source, error) {
	k.Read = func(ctx context.Context, want []string, p *hrapi.Pages) error {
		err := c.Users(ctx, properties(want), func(users []json.RawMessage, total int) error {
			list := make([]json.RawMessage, 0, len(users))
			for _, u := range users {
				r, err := change(u)
				if err != nil {
					return err
				}
				if r != nil {
					list = append(list, r)
				}
			}
			if total >= 0 {
				if err := p.Total(total); err != nil {
					return err
				}
			}
			return p.Add(list)
		})
		if p.Len() == 1 { // who is alone has no manager, and Microsoft Graph leaves out whoever is not there
			p.Returned("manager.id")
		}
		return err
	}
	return hrapi.Open(k, c.Name, c.Mapping)
}

func same(u json.RawMessage) (json.RawMessage, error) { return u, nil }

// asIs asks for the paths themselves.
func asIs(want []string) []string { return want }

// mapped reports whether configuration names a path for a field.
func mapped(m roster.Mapping, field string) bool { return m.FieldMap[field] != "" }

func encode(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "a user cannot be read", Err: err}
	}
	return b, nil
}
