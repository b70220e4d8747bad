package entraid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// The collections of a group that refer to accounts.
const (
	members = "members"
	owners  = "owners"
)

// directoryObject is a member or an owner: a user, a group, a device, an application ...
type directoryObject struct {
	ID   string
	Type string `json:"@odata.type"`
}

func (o directoryObject) isUser() bool {
	return o.Type == "" || strings.EqualFold(o.Type, "#microsoft.graph.user")
}

// Members streams the direct members. Groups, devices and applications among them are nobody's account: they are
// marked as nested, and never written. Where owners are read they come too, each account once.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		owning := map[string]bool{}
		if a.cfg.GroupOwners {
			var err error
			if owning, err = a.users(ctx, groupID, owners); err != nil {
				yield(access.Member{}, err)
				return
			}
		}
		for o, err := range a.objects(ctx, groupID, members) {
			m := access.Member{AccountID: o.ID, Role: access.DefaultRole, Nested: !o.isUser()}
			if owning[o.ID] {
				m.Role = Owner
				delete(owning, o.ID)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
		for id := range owning {
			if !yield(access.Member{AccountID: id, Role: OwnerOnly}, nil) {
				return
			}
		}
	}
}

// objects lists a collection of a group.
func (a *App) objects(ctx context.Context, groupID, collection string) iter.Seq2[directoryObject, error] {
	return func(yield func(directoryObject, error) bool) {
		q := query{
			op: "list " + collection, subject: "group " + groupID, path: []string{"groups", groupID, collection}, one: true,
			params: []httpclient.Param{{Key: "$select", Value: "id"}, top(a.groupPage)},
		}
		if groupID == "" {
			yield(directoryObject{}, a.fault(fault.New(fault.Invalid, "it has no id in the app"), q.op, "group"))
			return
		}
		for row, err := range a.rows(ctx, q) {
			var o directoryObject
			if err == nil {
				err = json.Unmarshal(row, &o)
			}
			if !yield(o, a.fault(err, q.op, q.subject)) || err != nil {
				return
			}
		}
	}
}

// users are the ids of the users in a collection of a group.
func (a *App) users(ctx context.Context, groupID, collection string) (map[string]bool, error) {
	ids := map[string]bool{}
	for o, err := range a.objects(ctx, groupID, collection) {
		if err != nil {
			return nil, err
		}
		if o.isUser() {
			ids[o.ID] = true
		}
	}
	return ids, nil
}

// memberEdit is one call of ChangeMembers under way: what becomes of each account.
type memberEdit struct {
	app   *App
	group string
	// add and drop are account ids by collection, each once, in the order of the call.
	add, drop map[string][]string
	failed    map[string]error
	readOnly  *string // why the group cannot be written; nil before anybody asked
}

// ChangeMembers adds twenty to a request, and takes away twenty to a batch, for which there is no other way.
// Whoever is in already, and whoever is not, is success.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	errs := make([]error, len(changes))
	last := map[string]access.MemberChange{} // of several changes of one account the last counts
	for i, c := range changes {
		if errs[i] = a.mayChange(groupID, c); errs[i] == nil {
			last[c.Account.ID] = c
		}
	}
	if len(last) == 0 {
		return errs
	}
	e := &memberEdit{app: a, group: groupID, add: map[string][]string{}, drop: map[string][]string{}, failed: map[string]error{}}
	if err := e.plan(ctx, changes, last); err != nil {
		for i := range errs {
			errs[i] = errors.Join(errs[i], err)
		}
		return errs
	}
	for _, collection := range []string{members, owners} { // first those who come: a group may not lose its last owner
		for ids := range slices.Chunk(e.add[collection], maxMembers) {
			e.join(ctx, collection, ids)
		}
	}
	e.leave(ctx)
	for i, c := range changes {
		if err := e.failed[c.Account.ID]; err != nil && errs[i] == nil {
			errs[i] = a.fault(err, "change members", "group "+groupID)
		}
	}
	return errs
}

func (a *App) mayChange(groupID string, c access.MemberChange) error {
	f := &fault.Error{Kind: fault.Invalid, State: "Nothing was sent."}
	roles := a.info.GroupRoles
	switch {
	case groupID == "":
		f.Cause = "the group has no id in the app"
	case c.Account.ID == "":
		f.Cause = fmt.Sprintf("the account %s has no id in the app", label(c.Account))
	case c.Remove || c.Role == "" || c.Role == access.DefaultRole || slices.Contains(roles, c.Role):
		return nil
	default:
		f.Kind, f.Cause = fault.Unsupported, fmt.Sprintf("members of groups cannot have the role %q", c.Role)
		if len(roles) == 0 && (c.Role == Owner || c.Role == OwnerOnly) {
			f.Next = "Set group_owners = true in the entra_id block."
		}
	}
	return a.fault(f, "change members", "group "+groupID)
}

// plan sorts the changes by collection and direction.
func (e *memberEdit) plan(ctx context.Context, changes []access.MemberChange, last map[string]access.MemberChange) error {
	owning := map[string]bool{}
	if e.app.cfg.GroupOwners {
		var err error
		if owning, err = e.app.users(ctx, e.group, owners); err != nil {
			return err
		}
	}
	done := map[string]bool{}
	for _, c := range changes {
		id := c.Account.ID
		c, ok := last[id]
		if !ok || done[id] {
			continue
		}
		done[id] = true
		member, owner := !c.Remove && c.Role != OwnerOnly, !c.Remove && (c.Role == Owner || c.Role == OwnerOnly)
		direction := e.drop
		if member {
			direction = e.add
		}
		direction[members] = append(direction[members], id)
		switch {
		case owner && !owning[id]:
			e.add[owners] = append(e.add[owners], id)
		case !owner && owning[id]:
			e.drop[owners] = append(e.drop[owners], id)
		}
	}
	return nil
}

// join adds at most twenty accounts. The request for all is all or nothing, and its refusal does not say whom it
// is about: then each is asked for by itself.
func (e *memberEdit) join(ctx context.Context, collection string, ids []string) {
	a := e.app
	refs := make([]string, len(ids))
	young := e.group
	for i, id := range ids {
		refs[i] = a.base.JoinPath("directoryObjects", id).String()
		if a.isYoung(id) {
			young = id
		}
	}
	r := httpclient.Request{
		Op: "add " + collection, Subject: "group " + e.group, Method: http.MethodPatch, Path: []string{"groups", e.group},
		Body: map[string]any{collection + "@odata.bind": refs}, Idempotent: true, // who is in already is refused, and found to be in
	}
	err := a.settled(ctx, young, func() error { _, err := a.write(ctx, r); return err })
	switch {
	case err == nil:
		return
	case errors.Is(err, fault.Invalid), errors.Is(err, fault.NotFound), errors.Is(err, fault.Exists):
		if why := e.whyReadOnly(ctx); why == "" {
			e.joinEach(ctx, collection, ids)
			return
		}
	}
	for _, id := range ids {
		e.fail(ctx, id, err)
	}
}

func (e *memberEdit) joinEach(ctx context.Context, collection string, ids []string) {
	a := e.app
	requests := make([]httpclient.Request, len(ids))
	for i, id := range ids {
		requests[i] = httpclient.Request{
			Op: "add " + collection, Subject: "group " + e.group, Method: http.MethodPost, Path: []string{"groups", e.group, collection, "$ref"},
			Body: a.reference("directoryObjects", id), Idempotent: true,
		}
	}
	var inside map[string]bool
	for i, o := range a.batch(ctx, requests) {
		err := o.err
		if err == nil {
			err = a.accepted(o.resp, requests[i])
		}
		if errors.Is(err, fault.Invalid) || errors.Is(err, fault.Exists) { // that somebody is in already has no code of its own
			var readErr error
			if inside == nil {
				inside, readErr = a.users(ctx, e.group, collection)
			}
			if readErr == nil && inside[ids[i]] {
				continue
			}
		}
		if err != nil {
			e.fail(ctx, ids[i], err)
		}
	}
}

// leave takes away everybody who has to go, of both collections, except who could not be given the other role.
func (e *memberEdit) leave(ctx context.Context) {
	a := e.app
	var requests []httpclient.Request
	var ids []string
	for _, collection := range []string{owners, members} {
		for _, id := range e.drop[collection] {
			if e.failed[id] != nil {
				continue
			}
			ids = append(ids, id)
			// Without $ref at its end this address would delete the account itself.
			requests = append(requests, httpclient.Request{
				Op: "remove " + collection, Subject: "group " + e.group, Method: http.MethodDelete, Path: []string{"groups", e.group, collection, id, "$ref"},
			})
		}
	}
	for i, o := range a.batch(ctx, requests) {
		err := o.err
		if err == nil {
			err = a.accepted(o.resp, requests[i])
		}
		if err != nil && !errors.Is(err, fault.NotFound) {
			e.fail(ctx, ids[i], err)
		}
	}
}

// fail notes the first error of an account, with the reason where the group cannot be written at all.
func (e *memberEdit) fail(ctx context.Context, id string, err error) {
	if e.failed[id] != nil {
		return
	}
	e.failed[id] = err
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid && f.Kind != fault.Forbidden {
		return
	}
	if why := e.whyReadOnly(ctx); why != "" {
		better := *f
		better.Kind, better.Cause, better.Next = fault.Unsupported, "the membership is read-only: "+why, "Leave the group out."
		e.failed[id] = &better
	}
}

// whyReadOnly asks once why the group cannot be written; "" when nothing is known.
func (e *memberEdit) whyReadOnly(ctx context.Context) string {
	if e.readOnly == nil {
		g, err := e.app.readGroup(ctx, e.group, "read group", "group "+e.group)
		if err != nil {
			g.ReadOnly = ""
		}
		e.readOnly = &g.ReadOnly
	}
	return *e.readOnly
}
