package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// deletedUser is a user in the recycle bin, where users stay for 30 days.
// https://learn.microsoft.com/graph/api/resources/directory
type deletedUser struct {
	ID                string
	UserPrincipalName string
	EmployeeID        string
	DeletedDateTime   time.Time
}

// formerName is the user name before the deletion, which puts the id, without its dashes, in front of it.
func (d deletedUser) formerName() string {
	prefix := strings.ReplaceAll(d.ID, "-", "")
	if len(d.UserPrincipalName) > len(prefix) && strings.EqualFold(d.UserPrincipalName[:len(prefix)], prefix) {
		return d.UserPrincipalName[len(prefix):]
	}
	return d.UserPrincipalName
}

// of reports whether the deleted account is the person's. The person id decides where both have one.
func (d deletedUser) of(person, name string) bool {
	if person != "" && d.EmployeeID != "" {
		return d.EmployeeID == person
	}
	return strings.EqualFold(d.formerName(), name)
}

// restore brings the person's deleted account back and answers its id; "" when there is none.
func (a *App) restore(ctx context.Context, want access.AccountSpec) (string, error) {
	const op = "restore account"
	name := want.Values[access.UserName]
	d, err := a.findDeleted(ctx, want.Values[access.PersonID], name)
	if err != nil || d.ID == "" {
		return "", err
	}
	_, err = a.write(ctx, httpclient.Request{
		Op: op, Subject: name, Method: http.MethodPost, Path: []string{"directory", "deletedItems", d.ID, "restore"}, Body: struct{}{},
	})
	switch {
	case errors.Is(err, fault.NotFound): // deleted for good since, or restored by somebody else
		return "", nil
	case errors.Is(err, fault.Unconfirmed):
		if _, readErr := a.read(ctx, d.ID, op, name); readErr != nil {
			return "", err
		}
	case err != nil:
		return "", err
	}
	a.remember(d.ID)
	return d.ID, nil
}

// findDeleted looks into the recycle bin. The index behind this query lags, so somebody deleted a moment ago may
// be missed; a new account is made then, as it would be after 30 days.
func (a *App) findDeleted(ctx context.Context, person, name string) (latest deletedUser, err error) {
	filter := "endsWith(userPrincipalName," + quoted(name) + ")"
	if person != "" {
		filter += " or employeeId eq " + quoted(person)
	}
	fields := httpclient.Param{Key: "$select", Value: "id,userPrincipalName,employeeId,deletedDateTime"}
	q := query{
		op: "look for a deleted account of", subject: name, path: []string{"directory", "deletedItems", "microsoft.graph.user"}, eventual: true,
		params: []httpclient.Param{fields, {Key: "$filter", Value: filter}, {Key: "$count", Value: "true"}},
	}
	latest, err = a.latestDeleted(ctx, q, person, name)
	if kind := fault.KindOf(err); kind == fault.Unsupported || kind == fault.Invalid { // then all of it: a month's worth
		q.eventual, q.params = false, []httpclient.Param{fields, top(a.groupPage)}
		latest, err = a.latestDeleted(ctx, q, person, name)
	}
	return latest, err
}

func (a *App) latestDeleted(ctx context.Context, q query, person, name string) (latest deletedUser, err error) {
	for row, err := range a.rows(ctx, q) {
		if err != nil {
			return deletedUser{}, err
		}
		var d deletedUser
		if err := json.Unmarshal(row, &d); err != nil {
			return deletedUser{}, a.fault(fault.New(fault.Invalid, "the directory answered with a user that cannot be read"), q.op, name)
		}
		if d.of(person, name) && (latest.ID == "" || d.DeletedDateTime.After(latest.DeletedDateTime)) {
			latest = d
		}
	}
	return latest, nil
}
