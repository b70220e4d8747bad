package okta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// memberWrites is how many member changes are under way at a time: Okta takes one per request, and an organization
// has from 35 (free) to 75 requests at once for everybody.
const memberWrites = 8

// Members lists the members of a group; Okta's groups do not nest. Members whom a group rule put there say so.
func (d *Directory) Members(ctx context.Context, groupID string) iter.Seq2[access.Member, error] {
	return func(yield func(access.Member, error) bool) {
		rules, err := d.rulesOf(ctx, groupID)
		if err != nil {
			yield(access.Member{}, err)
			return
		}
		for u, err := range d.membersOf(ctx, groupID, "list members") {
			if err != nil {
				yield(access.Member{}, err)
				return
			}
			if !yield(access.Member{AccountID: u.ID, UserName: u.text("login"), Role: access.DefaultRole, Via: via(rules, u)}, nil) {
				return
			}
		}
	}
}

func (d *Directory) membersOf(ctx context.Context, groupID, op string) iter.Seq2[user, error] {
	return rows(ctx, listing{
		client: d.client, op: op, subject: groupID, path: []string{"groups", groupID, "users"}, limit: memberPage, known: true,
	}, user.id)
}

// ChangeMembers adds and removes members, one request each. A membership that a group rule makes is not removed.
func (d *Directory) ChangeMembers(ctx context.Context, groupID string, changes []access.MemberChange) []error {
	b := &memberBatch{d: d, groupID: groupID, changes: changes, errs: make([]error, len(changes))}
	todo := b.refuse(ctx)
	if len(todo) == 0 {
		return b.errs
	}
	b.send(ctx, todo[0]) // alone: if the group is gone or the credential no good, one request finds out
	var g errgroup.Group
	g.SetLimit(memberWrites)
	for _, i := range todo[1:] {
		g.Go(func() error { b.send(ctx, i); return nil })
	}
	_ = g.Wait() // errors stand beside their changes
	for i, j := range b.same {
		b.errs[i] = b.errs[j]
	}
	return b.errs
}

// memberBatch is one ChangeMembers at work.
type memberBatch struct {
	d       *Directory
	groupID string
	changes []access.MemberChange
	errs    []error
	same    map[int]int // repetitions of a change, to the one that is sent

	mu     sync.Mutex
	halted error // nothing further is sent after this
	there  bool  // the group is known to exist
}

func (b *memberBatch) fail(i int, err error) {
	op := "add member"
	if b.changes[i].Remove {
		op = "remove member"
	}
	b.errs[i] = b.d.fault(err, op, label(b.changes[i].Account)+" of group "+b.groupID)
}

// refuse answers what cannot be sent and gives the indexes of the rest.
func (b *memberBatch) refuse(ctx context.Context) (todo []int) {
	b.same = map[int]int{}
	first := map[string]int{}
	made := b.madeByRules(ctx)
	for i, c := range b.changes {
		j, seen := first[c.Account.ID]
		switch {
		case c.Account.ID == "":
			b.fail(i, fault.New(fault.Invalid, "the account has no id in the app"))
		case !c.Remove && c.Role != "" && c.Role != access.DefaultRole:
			b.fail(i, &fault.Error{Kind: fault.Unsupported, Cause: fmt.Sprintf("members of Okta's groups have no roles, so not %q either", c.Role), State: "Nothing was sent."})
		case b.halted != nil:
			b.fail(i, b.halted)
		case c.Remove && made[c.Account.ID] != "":
			b.fail(i, &fault.Error{
				Kind: fault.Unsupported, State: "Nothing was sent.",
				Cause: "the membership is made by the " + made[c.Account.ID] + "; removing it would put the person on the rule's list of exceptions, for good",
				Next:  "Change the rule, or what it looks at in the profile.",
			})
		case seen && b.changes[j].Remove != c.Remove:
			b.fail(i, fault.New(fault.Invalid, "the account is both to be added and to be removed"))
		case seen:
			b.same[i] = j
		default:
			first[c.Account.ID] = i
			todo = append(todo, i)
		}
	}
	return todo
}

// madeByRules are the members whom a rule made, when anybody is to be removed from a group that has rules.
func (b *memberBatch) madeByRules(ctx context.Context) map[string]string {
	removes := false
	for _, c := range b.changes {
		removes = removes || c.Remove
	}
	if !removes {
		return nil
	}
	rules, err := b.d.rulesOf(ctx, b.groupID)
	if err != nil {
		b.halted = withState(err, "Nothing was sent.")
	}
	if len(rules) == 0 {
		return nil
	}
	made := map[string]string{}
	for u, err := range b.d.membersOf(ctx, b.groupID, "check members") {
		if err != nil {
			b.halted = withState(err, "Nothing was sent.")
			return nil
		}
		made[u.ID] = via(rules, u)
	}
	return made
}

// send makes the request of one change.
func (b *memberBatch) send(ctx context.Context, i int) {
	b.mu.Lock()
	halted := b.halted
	b.mu.Unlock()
	if halted != nil {
		b.fail(i, halted)
		return
	}
	c := b.changes[i]
	r := httpclient.Request{Op: "add member", Subject: label(c.Account), Method: http.MethodPut, Path: path("groups", b.groupID, "users", c.Account.ID)}
	if c.Remove {
		r.Op, r.Method = "remove member", http.MethodDelete
	}
	var err error
	_, waitErr := b.d.eventually(ctx, func() (bool, error) {
		var resp *httpclient.Response
		if resp, err = b.d.http.Do(ctx, r); err == nil {
			err = b.d.noContent(resp, r.Op, r.Subject)
		}
		// what this run made may not be known to the groups yet
		return !errors.Is(err, fault.NotFound) || c.Remove || !b.d.isOurs(c.Account.ID) && !b.d.isOurs(b.groupID), nil
	})
	if err == nil {
		err = waitErr
	}
	if err == nil {
		return
	}
	switch fault.KindOf(err) {
	case fault.NotFound:
		if gone := b.groupGone(ctx); gone != nil {
			b.fail(i, gone)
		} else if !c.Remove { // an account that is gone is in no group
			b.fail(i, err)
		}
	case fault.Unauthenticated, fault.RateLimited, fault.Unavailable:
		b.fail(i, err)
		b.halt(err)
	default: // forbidden too: it may be about this account, an administrator for example
		b.fail(i, err)
	}
}

func (b *memberBatch) halt(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.halted == nil {
		b.halted = withState(err, "Nothing was sent.")
	}
}

// groupGone tells a group that does not exist from an account that does not: Okta answers both with one code.
func (b *memberBatch) groupGone(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.there || b.halted != nil {
		return b.halted
	}
	if _, err := b.d.readGroup(ctx, b.groupID, "read group"); err != nil {
		b.halted = err
		return err
	}
	b.there = true
	return nil
}
