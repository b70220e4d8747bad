package entraid

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// RawUsers hands page after page of all users to page, as Microsoft Graph wrote them: with their id, and of the rest what
// properties name, nested ones as "employeeOrgData.costCenter", and "manager.id". filter is an OData $filter, or "". The
// directory tells no total that it keeps to: total is always -1. It is for whoever reads the directory as a roster, and needs
// User.Read.All, and for employeeLeaveDateTime User-LifeCycleInfo.Read.All too.
func (a *App) RawUsers(ctx context.Context, properties []string, filter string, page func(users []json.RawMessage, total int) error) error {
	names, expand := []string{"id"}, false
	for _, p := range properties {
		name, _, _ := strings.Cut(p, ".")
		switch {
		case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "":
			return a.fault(&fault.Error{Kind: fault.Invalid, Cause: "a user has no property " + p, State: "Nothing was sent."}, "read", "the users")
		case name == "manager":
			expand = true
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	q := query{op: "read", subject: "the users", path: []string{"users"}, params: []httpclient.Param{top(a.userPage), {Key: "$select", Value: strings.Join(names, ",")}}}
	if expand {
		q.params = append(q.params, httpclient.Param{Key: "$expand", Value: "manager($select=id)"})
	}
	if filter != "" {
		q.params = append(q.params, httpclient.Param{Key: "$filter", Value: filter})
	}
	for p, err := range a.pages(ctx, q) {
		if err != nil {
			return err
		}
		if err := page(*p.Value, -1); err != nil {
			return err
		}
	}
	return nil
}
