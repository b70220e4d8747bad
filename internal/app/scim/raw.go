package scim

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// RawUsers hands page after page of all users to page, as the server wrote them, with how many there are in all, -1 where
// the server does not tell. Attributes are those to ask for (RFC 7644 section 3.9), nil for all; filter is one of section
// 3.4.2.2, or "". It is for whoever reads the identity provider as a roster.
func (a *App) RawUsers(ctx context.Context, attributes []string, filter string, page func(users []json.RawMessage, total int) error) error {
	l := a.listing("Users", "read", "the users")
	if len(attributes) > 0 {
		l.query = append(l.query, httpclient.Param{Key: "attributes", Value: strings.Join(attributes, ",")})
	}
	if filter != "" {
		l.query = append(l.query, httpclient.Param{Key: "filter", Value: filter})
	}
	received := 0
	for at := l.firstPage(); ; {
		p, err := l.page(ctx, at)
		if err != nil {
			return err
		}
		received += len(p.Rows)
		var users []json.RawMessage
		if p.raw != nil {
			if err := json.Unmarshal(p.raw, &users); err != nil {
				return l.fail(fault.Invalid, "the answer is JSON, but no SCIM list", "Check base_url.")
			}
		}
		total := -1
		if p.Total != nil {
			total = *p.Total
		}
		if err := page(users, total); err != nil {
			return err
		}
		if more, err := l.turn(&at, p, received); err != nil || !more {
			return err
		}
	}
}
