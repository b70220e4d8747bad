package okta

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// RawUsers hands page after page of all users, in whatever status, to page, as Okta wrote them: with their id, and of the
// rest what properties name ("status", "profile.login"). Okta tells no totals: total is always -1. It is for whoever reads the
// directory as a roster, and needs okta.users.read and nothing else.
func (d *Directory) RawUsers(ctx context.Context, properties []string, page func(users []json.RawMessage, total int) error) error {
	fields, profile := []string{"id"}, []string(nil)
	for _, p := range properties {
		name, inProfile := strings.CutPrefix(p, "profile.")
		switch {
		case strings.ContainsAny(name, ",:()"):
			return d.fault(&fault.Error{Kind: fault.Invalid, Cause: "a user has no property " + p, State: "Nothing was sent."}, "read", "the users")
		case inProfile:
			profile = append(profile, name)
		case p != "id":
			fields = append(fields, p)
		}
	}
	if len(profile) > 0 {
		fields = append(fields, "profile:("+strings.Join(profile, ",")+")")
	}
	list := listing{
		client: d.client, op: "read", subject: "the users", path: []string{"users"}, limit: userPage, header: map[string]string{"Content-Type": lean},
		query: []httpclient.Param{{Key: "filter", Value: everybody()}, {Key: "fields", Value: strings.Join(fields, ",")}},
	}
	for users, err := range pages[json.RawMessage](ctx, list) {
		if err != nil {
			return err
		}
		if err := page(users, -1); err != nil {
			return err
		}
	}
	return nil
}
