package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// seat is one of Copilot's. https://docs.github.com/rest/copilot/copilot-user-management
type seat struct {
	Assignee *user
	Team     *struct{ Name, Slug string } `json:"assigning_team"`
	// Ends is when a seat that was taken away ends, which is at the end of what is paid for.
	Ends string `json:"pending_cancellation_date"`
}

func (s seat) via() string {
	if s.Team == nil {
		return ""
	}
	return "the team " + cmp.Or(s.Team.Name, s.Team.Slug)
}

// seats lists who has a seat, those taken away and not over yet left out: they are given up, and paid for already.
func (o *Org) seats(ctx context.Context, op string) (map[string]access.Assignment, error) {
	held := map[string]access.Assignment{}
	total, n := 0, 0
	type row struct {
		seat
		at int64
	}
	all := rows(ctx, listing[row]{
		client: o.client, op: op, subject: CopilotProduct, path: o.path("copilot", "billing", "seats"), id: func(r row) int64 { return r.at },
		of: CopilotProduct, // 404 says that the organization has no Copilot
		open: func(resp *httpclient.Response) ([]row, error) {
			var page struct {
				Total int `json:"total_seats"`
				Seats *[]seat
			}
			if err := resp.Decode(&page); err != nil {
				return nil, err
			}
			if page.Seats == nil {
				return nil, o.fault(fault.New(fault.Invalid, "the answer is JSON, but has no seats"), op, CopilotProduct)
			}
			total = page.Total
			var out []row
			for _, s := range *page.Seats {
				n++
				at := -int64(n) // a seat has no id of its own, and one that waits for somebody has no assignee
				if s.Assignee != nil {
					at = s.Assignee.ID
				}
				out = append(out, row{s, at})
			}
			return out, nil
		},
	})
	for s, err := range all {
		if err != nil {
			return nil, o.noCopilot(ctx, err, op)
		}
		if s.Assignee == nil || s.Ends != "" {
			continue
		}
		id := strconv.FormatInt(s.Assignee.ID, 10)
		held[id] = access.Assignment{AccountID: id, UserName: s.Assignee.Login, License: CopilotProduct, Via: s.via()}
	}
	if n < total {
		return nil, o.fault(&fault.Error{
			Kind: fault.Unavailable, Cause: fmt.Sprintf("GitHub says that there are %d seats and lists %d; nothing can be concluded from the listing", total, n), Next: "Run again.",
		}, op, CopilotProduct)
	}
	return held, nil
}

// noCopilot says what a refusal of Copilot's requests means.
func (o *Org) noCopilot(ctx context.Context, err error, op string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	c := *f
	switch f.Status {
	case http.StatusNotFound:
		if proof := o.prove(ctx, op, CopilotProduct); proof != nil {
			return proof
		}
		c.Cause, c.Next = "the organization has no Copilot subscription, or the credential may not see it", "Leave copilot out of the block, or give the credential the scope manage_billing:copilot or the permission GitHub Copilot Business."
	case http.StatusUnprocessableEntity:
		c.Kind, c.Cause = fault.Unsupported, "GitHub does not give or take single seats in this organization"
		c.Next = "Look at the organization's Copilot settings: it has to be enabled for selected members, with a policy for suggestions that match public code."
	}
	return &c
}

// Pools is Copilot's one pool. There is no stock: a seat is bought when it is given.
func (o *Org) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	const op = "list licenses"
	return func(yield func(access.Pool, error) bool) {
		if !o.cfg.Copilot {
			return
		}
		var b struct {
			Seats *struct {
				Total   int
				Pending int `json:"pending_cancellation"`
			} `json:"seat_breakdown"`
		}
		err := o.get(ctx, op, CopilotProduct, &b, o.path("copilot", "billing")...)
		switch {
		case err != nil:
			yield(access.Pool{}, o.noCopilot(ctx, err, op))
		case b.Seats == nil:
			yield(access.Pool{}, o.fault(fault.New(fault.Invalid, "the answer is JSON, but has no seats"), op, CopilotProduct))
		default:
			yield(access.Pool{Product: CopilotProduct, License: CopilotProduct, Total: -1, Used: max(0, b.Seats.Total-b.Seats.Pending)}, nil)
		}
	}
}

// product refuses every product but Copilot.
func (o *Org) product(name string) error {
	switch {
	case name != CopilotProduct:
		return &fault.Error{Kind: fault.NotFound, Cause: fmt.Sprintf("there is no product %q; the one of this kind is %s", name, CopilotProduct), State: "Nothing was sent."}
	case !o.cfg.Copilot:
		return &fault.Error{Kind: fault.Unsupported, Cause: "copilot is not switched on in the block", State: "Nothing was sent."}
	}
	return nil
}

// Assignees lists who has a seat.
func (o *Org) Assignees(ctx context.Context, product string) iter.Seq2[access.Assignment, error] {
	const op = "list assignees"
	return func(yield func(access.Assignment, error) bool) {
		err := o.product(product)
		var held map[string]access.Assignment
		if err == nil {
			held, err = o.seats(ctx, op)
		}
		if err != nil {
			yield(access.Assignment{}, o.fault(err, op, product))
			return
		}
		for _, a := range held {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// ChangeAssignees gives and takes seats, after a look at who has one: at most one request for all that are given and one
// for all that are taken. A seat that is taken lasts until the end of what is paid for, and is counted as gone.
func (o *Org) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	errs := make([]error, len(changes))
	if len(changes) == 0 {
		return errs
	}
	op := func(i int) string {
		if changes[i].Remove {
			return "remove license"
		}
		return "assign license"
	}
	fail := func(i int, err error) { errs[i] = o.fault(err, op(i), label(changes[i].Account)) }
	halted := o.product(product)
	var held map[string]access.Assignment
	if halted == nil {
		held, halted = o.seats(ctx, "change assignees")
		halted = unsent(halted)
	}
	give, take := map[string][]int{}, map[string][]int{} // by login: one person may be named twice
	for i, c := range changes {
		has, holds := held[c.Account.ID]
		switch {
		case halted != nil:
			fail(i, halted)
		case !c.Remove && c.License != CopilotProduct:
			fail(i, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("the product has one license, which has its name, and not %q", c.License), State: "Nothing was sent."})
		case c.Remove != holds: // it is so already
		case c.Remove && has.Via != "":
			fail(i, &fault.Error{
				Kind: fault.Unsupported, Cause: "the seat is given through " + has.Via + " and cannot be taken from one member", State: "Nothing was sent.", Next: "Take the person out of the team.",
			})
		case c.Remove:
			take[has.UserName] = append(take[has.UserName], i)
		default:
			p, err := o.resolve(ctx, c.Account, op(i))
			if err == nil && p.kind != member {
				err = &fault.Error{Kind: fault.Invalid, Cause: "only members of the organization can have a seat, and this is an account with the status " + p.account().Status, State: "Nothing was sent."}
			}
			if err != nil {
				fail(i, err)
			} else {
				give[p.login] = append(give[p.login], i)
			}
		}
	}
	// what is taken first, so that it is never both paid for
	for _, batch := range []map[string][]int{take, give} {
		if len(batch) > 0 {
			o.changeSeats(ctx, changes, batch, fail)
		}
	}
	return errs
}

func unsent(err error) error {
	if err == nil {
		return nil
	}
	return withState(err, "Nothing was sent.")
}

// changeSeats sends one request and, unless its answer counts everybody, looks at who has a seat afterwards.
func (o *Org) changeSeats(ctx context.Context, changes []access.LicenseChange, batch map[string][]int, fail func(int, error)) {
	logins := slices.Sorted(maps.Keys(batch))
	remove := changes[batch[logins[0]][0]].Remove
	r := httpclient.Request{
		Op: "assign licenses", Subject: CopilotProduct, Method: http.MethodPost, Path: o.path("copilot", "billing", "selected_users"),
		Body: map[string]any{"selected_usernames": logins}, Idempotent: true,
	}
	if remove {
		r.Op, r.Method = "remove licenses", http.MethodDelete
	}
	var done struct {
		Created   int `json:"seats_created"`
		Cancelled int `json:"seats_cancelled"`
	}
	err := o.do(ctx, r, &done)
	if err == nil && done.Created+done.Cancelled == len(logins) {
		return
	}
	var held map[string]access.Assignment
	if err == nil || errors.Is(err, fault.Unconfirmed) {
		look, lookErr := o.seats(ctx, r.Op)
		if lookErr == nil {
			held = look
		} else if err == nil {
			err = o.fault(fault.New(fault.Unconfirmed, "GitHub accepted the change for %d of %d, and who has a seat now cannot be read", done.Created+done.Cancelled, len(logins)), r.Op, CopilotProduct)
		}
	} else {
		err = o.noCopilot(ctx, err, r.Op)
	}
	for _, at := range batch {
		for _, i := range at {
			_, holds := held[changes[i].Account.ID]
			switch {
			case held != nil && holds != remove:
			case err != nil:
				fail(i, err)
			default:
				fail(i, fault.New(fault.Unconfirmed, "GitHub accepted the change, and the seat is as it was"))
			}
		}
	}
}
