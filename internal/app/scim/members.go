package scim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// isolationBudget bounds the requests that find out who made a batch fail.
const isolationBudget = 40

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// memberBatch is one ChangeMembers at work. Of every change it knows whether the app took it (accepted),
// and whether its effect was seen (settled).
type memberBatch struct {
	app     *App
	groupID string
	changes []access.MemberChange
	errs    []error
	settled []bool
	same    map[int]int // repetitions of a change, to the one that is sent
	budget  int
	lean    []httpclient.Param
	halted  error // nothing further is sent after this
	groupOK bool  // the group is known to exist
}

// ChangeMembers adds and removes members. A 2xx is the app's word for all of a request, because a PATCH
// is atomic; where the members are shown, the word is checked: in the answer, or with one read at the end.
// A request that fails because of some of its members is split until those are found.
func (a *App) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	b := &memberBatch{
		app: a, groupID: groupID, changes: changes, errs: make([]error, len(changes)), settled: make([]bool, len(changes)),
		same: map[int]int{}, budget: isolationBudget,
	}
	if err := a.lacks(app.WriteMembers, b.op(false), groupID); err != nil {
		for i := range b.errs {
			b.errs[i] = err
		}
		return b.errs
	}
	adds, removes := b.sort()
	size := max(1, a.dialect.MaxMemberChanges)
	if len(adds)+len(removes) > size {
		b.lean = a.withoutMembers() // one look at the end instead of the whole group in every answer
	}
	for _, list := range [][]int{adds, removes} {
		for len(list) > 0 {
			n := min(size, len(list))
			b.send(ctx, list[:n])
			list = list[n:]
		}
	}
	b.settle(ctx)
	return b.errs
}

func (b *memberBatch) op(remove bool) string {
	if remove {
		return "remove members"
	}
	return "add members"
}

func (b *memberBatch) fail(i int, err error) {
	b.settled[i] = true
	op := "add member"
	if b.changes[i].Remove {
		op = "remove member"
	}
	b.errs[i] = b.app.fault(err, op, label(b.changes[i].Account)+" of group "+b.groupID)
}

// sort refuses what cannot be sent and gives the indexes of the rest; a change that is there twice goes once.
func (b *memberBatch) sort() (adds, removes []int) {
	first := map[string]int{}
	for i, c := range b.changes {
		j, seen := first[c.Account.ID]
		switch {
		case c.Account.ID == "":
			b.fail(i, fault.New(fault.Invalid, "the account has no id in the app"))
		case !c.Remove && c.Role != "" && c.Role != access.DefaultRole:
			b.fail(i, &fault.Error{
				Kind: fault.Unsupported, Cause: fmt.Sprintf("members of SCIM groups have no roles, so not %q either", c.Role), State: "Nothing was sent.",
			})
		case seen && b.changes[j].Remove != c.Remove:
			b.fail(i, fault.New(fault.Invalid, "the account is both to be added and to be removed"))
			b.fail(j, fault.New(fault.Invalid, "the account is both to be added and to be removed"))
		case seen:
			b.same[i], b.settled[i] = j, true
		default:
			first[c.Account.ID] = i
		}
	}
	for i, c := range b.changes {
		switch {
		case b.settled[i]:
		case c.Remove:
			removes = append(removes, i)
		default:
			adds = append(adds, i)
		}
	}
	return adds, removes
}

// operations is the PATCH in the group's dialect. All of list are adds, or all are removals.
func (b *memberBatch) operations(list []int) []operation {
	values := make([]map[string]string, len(list))
	for k, i := range list {
		values[k] = map[string]string{"value": b.changes[i].Account.ID}
	}
	if !b.changes[list[0]].Remove {
		return []operation{{Op: "add", Path: "members", Value: values}}
	}
	var ops []operation
	switch b.app.dialect.MemberRemoval {
	case "value_array":
		return []operation{{Op: "remove", Path: "members", Value: values}}
	case "single_value": // several in one operation would lose all but the first, silently
		for _, v := range values {
			ops = append(ops, operation{Op: "remove", Path: "members", Value: []map[string]string{v}})
		}
	default:
		for _, v := range values {
			ops = append(ops, operation{Op: "remove", Path: "members[value eq " + quoted(v["value"]) + "]"})
		}
	}
	return ops
}

// send makes one request for list, and smaller ones when that fails because of some of it.
func (b *memberBatch) send(ctx context.Context, list []int) {
	if b.halted != nil {
		b.failAll(list, b.halted)
		return
	}
	o, resp, err := b.app.patchGroup(ctx, b.groupID, b.op(b.changes[list[0]].Remove), b.operations(list), b.lean...)
	if err == nil && b.blind() && !resp.Empty() { // nothing else will tell a sign-in page from an answer
		err = resp.Decode(new(any))
	}
	if err == nil {
		b.compare(list, o)
		return
	}
	switch fault.KindOf(err) {
	case fault.Unconfirmed: // may be done: settle looks
		b.note(list, err)
	case fault.Invalid, fault.NotFound, fault.Exists, fault.LimitReached:
		b.isolate(ctx, list, err)
	default: // about the app or the credential, not about these members
		b.failAll(list, err)
		b.halted = withState(err, "Nothing was sent.")
	}
}

// isolate splits a refused request.
func (b *memberBatch) isolate(ctx context.Context, list []int, err error) {
	if errors.Is(err, fault.NotFound) && !b.groupOK { // the group, or one of the members?
		if _, groupErr := b.app.Group(ctx, b.groupID); groupErr != nil {
			b.failAll(list, groupErr)
			b.halted = groupErr
			return
		}
		b.groupOK = true
	}
	switch {
	case len(list) == 1:
		b.note(list, err)
	case b.budget <= 0:
		b.failAll(list, withState(err, "Nothing was written for this member: too many of the group's changes were refused to find out which are at fault."))
	default:
		b.budget -= 2
		b.send(ctx, list[:len(list)/2])
		b.send(ctx, list[len(list)/2:])
	}
}

// note keeps an error that a look at the group may yet disprove.
func (b *memberBatch) note(list []int, err error) {
	for _, i := range list {
		b.fail(i, err)
		b.settled[i] = false
	}
}

func (b *memberBatch) failAll(list []int, err error) {
	for _, i := range list {
		b.fail(i, err)
	}
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

// blind reports whether neither the answer nor a read of the group shows its members.
func (b *memberBatch) blind() bool {
	return b.app.dialect.ReadMembers != "in_list" && b.app.dialect.ReadMembers != "per_group"
}

// compare settles what the answer shows. Answers without members, or with an incomplete list, show nothing.
func (b *memberBatch) compare(list []int, o object) {
	if b.blind() {
		return
	}
	members, known := b.app.members(o)
	if !known {
		return
	}
	has := ids(members)
	for _, i := range list {
		if has[b.changes[i].Account.ID] != b.changes[i].Remove {
			b.settled[i] = true
		}
	}
}

func ids(members []access.Member) map[string]bool {
	has := make(map[string]bool, len(members))
	for _, m := range members {
		has[m.AccountID] = true
	}
	return has
}

// settle decides what is still open, with one read where one read shows the members. Where it does not,
// the app's word counts.
func (b *memberBatch) settle(ctx context.Context) {
	open := false
	for i := range b.changes {
		open = open || !b.settled[i]
	}
	if open && !b.blind() && b.halted == nil {
		if members, err := b.app.membersOf(ctx, b.groupID, "check members"); err == nil {
			b.judge(ids(members))
		}
	}
	for i, c := range b.changes {
		// what can not be seen: a refusal that says "nothing there to remove" is success. A conflict is no
		// proof that the account is in the group.
		already := c.Remove && (errors.Is(b.errs[i], fault.NotFound) || noTarget(b.errs[i])) || !c.Remove && !b.blind() && errors.Is(b.errs[i], fault.Exists)
		if !b.settled[i] && already {
			b.errs[i] = nil
		}
	}
	for i, j := range b.same {
		b.errs[i] = b.errs[j]
	}
}

// noTarget reports whether the server found nothing to remove (RFC 7644 section 3.12).
func noTarget(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && strings.EqualFold(f.Code, "noTarget")
}

func (b *memberBatch) judge(has map[string]bool) {
	for i, c := range b.changes {
		if b.settled[i] {
			continue
		}
		switch effect := has[c.Account.ID] != c.Remove; {
		case effect:
			b.errs[i], b.settled[i] = nil, true
		case b.errs[i] != nil:
			b.settled[i] = true
		default:
			b.fail(i, &fault.Error{
				Kind: fault.Unconfirmed, Cause: "the app accepted the change, and the group does not show it",
				Next: "Run again; if it stays so, set member_removal in the override block as the app wants it.",
			})
		}
	}
}
