package googleworkspace

import (
	"context"
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

const memberFields = "id,email,role,type"

// member is a Member of the Directory API, as far as it is mapped. The address can be missing: outsiders, CUSTOMER.
type member struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Role  string `json:"role"`
	Type  string `json:"type"`
}

func (m member) membership() access.Member {
	role := strings.ToLower(m.Role)
	if role == "" {
		role = access.DefaultRole
	}
	// GROUP is a group in the group, CUSTOMER everybody at once; neither is an account.
	nested := m.Type == "GROUP" || m.Type == "CUSTOMER"
	return access.Member{AccountID: m.ID, UserName: m.Email, Role: role, Nested: nested}
}

// Members lists the direct members of a group.
func (a *App) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	l := listing{
		client: a.directory, op: "list members", subj: groupID, path: groupsPath(groupID, "members"), kind: "admin#directory#members", rows: "members",
		query: []httpclient.Param{{Key: "maxResults", Value: rowsPerPage}, {Key: "fields", Value: "kind,nextPageToken,members(" + memberFields + ")"}},
	}
	return func(yield func(access.Member, error) bool) {
		for m, err := range walk(ctx, a, l, func(m member) string { return m.ID }) {
			if err != nil {
				yield(access.Member{}, err)
				return
			}
			if !yield(m.membership(), nil) {
				return
			}
		}
	}
}

// ChangeMembers makes one request for each change, one after the other: Google takes no more, and writes to one group
// at the same time collide.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	errs := make([]error, len(changes))
	var halted error
	groupOK := false
	for i, c := range changes {
		op, subject := "add member", label(c.Account)+" of group "+groupID
		if c.Remove {
			op = "remove member"
		}
		role := c.Role
		if role == "" {
			role = access.DefaultRole
		}
		var err error
		switch {
		case halted != nil:
			err = halted
		case c.Account.ID == "":
			err = fault.New(fault.Invalid, "the account has no id in Google")
		case !c.Remove && !slices.Contains(a.info.GroupRoles, role):
			err = &fault.Error{Kind: fault.Unsupported, Cause: fmt.Sprintf("groups in Google have no role %q", role), State: "Nothing was sent.", Next: "The roles are " + strings.Join(a.info.GroupRoles, ", ") + "."}
		case c.Remove:
			err = a.removeMember(ctx, op, subject, groupID, c.Account, &groupOK)
		default:
			err = a.addMember(ctx, op, subject, groupID, c.Account, strings.ToUpper(role))
		}
		switch fault.KindOf(err) {
		case fault.Unauthenticated, fault.Forbidden, fault.RateLimited, fault.Unavailable:
			halted = withState(err, "Nothing was sent.") // about the app or the credential, not about this member
		default:
		}
		errs[i] = a.fault(err, op, subject)
	}
	return errs
}

func withState(err error, state string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	c.State = state
	return &c
}

// addMember adds. A member that is there already may have another role, given by somebody else: it is read, and only
// a different role is changed.
func (a *App) addMember(ctx context.Context, op, subject, groupID string, who access.AccountRef, role string) error {
	address := who.UserName
	if !isAddress(address) {
		u, err := a.readUser(ctx, op, who.ID, subject)
		if err != nil {
			return err
		}
		address = u.PrimaryEmail
	}
	_, err := a.sendMember(ctx, op, subject, groupID, who, httpclient.Request{
		Method: http.MethodPost, Path: groupsPath(groupID, "members"), Body: map[string]string{"email": address, "role": role},
	})
	if !errors.Is(err, fault.Exists) && !errors.Is(err, fault.Unconfirmed) {
		return err
	}
	now, readErr := a.readMember(ctx, op, subject, groupID, who.ID)
	switch {
	case errors.Is(readErr, fault.NotFound) || readErr != nil && errors.Is(err, fault.Unconfirmed):
		return err
	case readErr != nil:
		return readErr
	case now.Role == role:
		return nil
	}
	now, err = a.sendMember(ctx, "change the role of member", subject, groupID, who, httpclient.Request{
		Method: http.MethodPatch, Path: groupsPath(groupID, "members", who.ID), Body: map[string]string{"role": role}, Idempotent: true,
	})
	if errors.Is(err, fault.Unconfirmed) {
		if seen, readErr := a.readMember(ctx, op, subject, groupID, who.ID); readErr == nil && seen.Role == role {
			return nil
		}
	}
	if err == nil && now.Role != role {
		return &fault.Error{Kind: fault.Unconfirmed, Cause: "Google accepted the role, and answers with " + strings.ToLower(now.Role), Next: "Run again."}
	}
	return err
}

func (a *App) sendMember(ctx context.Context, op, subject, groupID string, who access.AccountRef, r httpclient.Request) (m member, err error) {
	r.Op, r.Subject, r.Query = op, subject, []httpclient.Param{{Key: "fields", Value: memberFields}}
	err = a.patiently(ctx, fault.Unconfirmed, func() error {
		resp, err := a.directory.Do(ctx, r)
		if err != nil {
			return err
		}
		m = member{}
		if err := resp.Decode(&m); err != nil {
			return err
		}
		if m.ID == "" {
			return &fault.Error{Kind: fault.Unconfirmed, Cause: "the answer is JSON, but no member", Status: resp.Status}
		}
		return nil
	}, groupID, who.ID, who.UserName)
	return m, err
}

func (a *App) readMember(ctx context.Context, op, subject, groupID, id string) (member, error) {
	resp, err := a.directory.Do(ctx, httpclient.Request{
		Op: op, Subject: subject, Method: http.MethodGet, Path: groupsPath(groupID, "members", id), Query: []httpclient.Param{{Key: "fields", Value: memberFields}},
	})
	if err != nil {
		return member{}, err
	}
	var m member
	if err := resp.Decode(&m); err != nil {
		return member{}, err
	}
	if m.ID == "" {
		return member{}, a.fault(fault.New(fault.Invalid, "the answer is JSON, but no member"), op, subject)
	}
	return m, nil
}

// removeMember removes. Google says "not found" of a member that is not in the group and of a group that does not
// exist alike, so the group is looked at once.
func (a *App) removeMember(ctx context.Context, op, subject, groupID string, who access.AccountRef, groupOK *bool) error {
	err := a.remove(ctx, a.directory, op, subject, groupsPath(groupID, "members", who.ID))
	if errors.Is(err, fault.Unconfirmed) {
		if _, readErr := a.readMember(ctx, op, subject, groupID, who.ID); errors.Is(readErr, fault.NotFound) {
			err = readErr
		}
	}
	if !errors.Is(err, fault.NotFound) || *groupOK {
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		*groupOK = *groupOK || err == nil
		return err
	}
	if _, groupErr := a.readGroup(ctx, op, groupID); groupErr != nil {
		return groupErr
	}
	*groupOK = true
	return nil
}
