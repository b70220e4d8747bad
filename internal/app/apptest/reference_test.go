package apptest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// reference is a connector to remote that keeps every promise, unless it has a flaw on purpose.
type reference struct {
	r       *remote
	flaw    string
	retries int
	// limited: deactivating is the end of an account, and there is no deleting.
	limited bool
}

const secret = "s3cr3t-token"

func (c *reference) Info() app.Info {
	if c.flaw == "asks to describe itself" {
		_, _, _ = c.r.listAccounts(context.Background(), 0, access.AccountFilter{})
	}
	info := app.Info{
		Kind: "reference", Tenant: "memory", Fields: access.Fields(), ManagerIsID: true, GroupRoles: []string{"member", "admin"},
		MaxMemberChanges: 3, UserNamesFoldCase: true,
	}
	if c.limited {
		info.Lacks = map[app.Capability]string{app.ReactivateAccount: "a rehire is a new invitation", app.DeleteAccounts: "deactivating deletes"}
	}
	return info
}

func (c *reference) Check(ctx context.Context) error {
	if c.flaw == "checks by listing everything" {
		for _, err := range c.Accounts(ctx, access.AccountFilter{}) {
			if err != nil {
				return err
			}
		}
		_, _, _ = c.r.listAccounts(ctx, 0, access.AccountFilter{})
	}
	if c.flaw == "checks nothing" {
		return nil
	}
	return c.try(ctx, false, func() error {
		_, _, err := c.r.listAccounts(ctx, 0, access.AccountFilter{})
		return err
	})
}

// try sends a request, again after 429 where so configured, and turns what goes wrong into a fault.
func (c *reference) try(ctx context.Context, write bool, send func() error) error {
	if ctx.Err() != nil && c.flaw != "forgets that the run is over" {
		return fault.New(fault.Unavailable, "the run has ended")
	}
	var err error
	for attempt := 0; ; attempt++ {
		err = send()
		var s *statusError
		again := errors.As(err, &s) && s.status == 429
		if write && c.flaw == "sends a creation again" {
			again = again || errors.Is(err, errTransport) || errors.Is(err, errBody) || errors.As(err, &s) && s.status >= 500
		}
		if !again || attempt >= c.retries && c.flaw != "sends a creation again" || attempt > 3 || ctx.Err() != nil {
			break
		}
	}
	return c.translate(err, write)
}

func (c *reference) translate(err error, write bool) error {
	if err == nil || fault.KindOf(err) != 0 {
		return err
	}
	lost := fault.Unavailable
	if write {
		lost = fault.Unconfirmed
	}
	if c.flaw == "calls a lost write undone" {
		lost = fault.Unavailable
	}
	var s *statusError
	if !errors.As(err, &s) {
		if c.flaw == "believes any answer" {
			return nil
		}
		if c.flaw == "has errors without a kind" {
			return err
		}
		return &fault.Error{Kind: lost, Err: err}
	}
	kinds := map[int]fault.Kind{
		401: fault.Unauthenticated, 402: fault.LimitReached, 403: fault.Forbidden, 404: fault.NotFound, 409: fault.Exists,
		422: fault.Invalid, 429: fault.RateLimited,
	}
	f := &fault.Error{Kind: kinds[s.status], Status: s.status}
	if f.Kind == 0 {
		f.Kind = lost
	}
	if s.retryAfter != nil && c.flaw != "forgets how long to wait" {
		f.RetryAfter = time.Duration(*s.retryAfter) * time.Second
	}
	switch {
	case c.flaw == "says the secret":
		f.Cause = "refused " + secret
	case c.flaw == "takes forbidden for gone" && s.status == 403:
		f.Kind = fault.NotFound
	case c.flaw == "calls everything invalid":
		f.Kind = fault.Invalid
	case c.flaw == "calls everything unavailable":
		f.Kind = fault.Unavailable
	}
	return f
}

// pages walks a listing and refuses what cannot be true.
func pages[T any](ctx context.Context, c *reference, id func(T) string, fetch func(offset int) ([]T, int, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[string]bool{}
		n := 0
		for {
			var rows []T
			var total int
			err := c.try(ctx, false, func() (err error) {
				rows, total, err = fetch(n)
				return err
			})
			if err != nil {
				if c.flaw == "ends a listing at an error" {
					return
				}
				yield(none, err)
				if c.flaw == "goes on after an error" {
					yield(none, err)
				}
				return
			}
			if c.flaw == "drops the last row of a full page" && len(rows) == c.r.pageSize && total > c.r.pageSize {
				rows, n = rows[:len(rows)-1], n+1
			}
			repeated := false
			for _, row := range rows {
				repeated = repeated || seen[id(row)]
				seen[id(row)] = true
				if c.flaw == "takes a repeated page" {
					repeated = false
				}
				if repeated {
					yield(none, fault.New(fault.Invalid, "a page is repeated"))
					return
				}
				if c.flaw == "gives rows twice" && !yield(row, nil) {
					return
				}
				if !yield(row, nil) {
					for c.flaw == "reads on when nobody listens" && n < total {
						more, _, _ := fetch(n)
						n += max(1, len(more))
					}
					return
				}
			}
			n += len(rows)
			if n >= total {
				break
			}
			if len(rows) == 0 {
				if c.flaw != "takes a truncated listing" {
					yield(none, fault.New(fault.Invalid, "the listing ends at row %d of %d", n, total))
				}
				return
			}
			if c.flaw == "reads one page only" {
				return
			}
		}
		if c.flaw == "asks for pages too many" {
			_, _, _ = fetch(n)
			_, _, _ = fetch(n)
		}
	}
}

func (c *reference) Accounts(ctx context.Context, filter access.AccountFilter) iter.Seq2[access.Account, error] {
	if c.flaw == "ignores filters" {
		filter = access.AccountFilter{}
	}
	all := pages(ctx, c, func(a access.Account) string { return a.ID }, func(offset int) ([]access.Account, int, error) {
		return c.r.listAccounts(ctx, offset, filter)
	})
	return func(yield func(access.Account, error) bool) {
		for a, err := range all {
			if err == nil {
				switch c.flaw {
				case "reads every row":
					_, _ = c.r.account(ctx, a.ID)
				case "hides the inactive":
					if !a.Active {
						continue
					}
				case "loses a field":
					a.FamilyName = ""
				case "loses ids":
					a.ID = ""
				}
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

func (c *reference) Account(ctx context.Context, ref access.AccountRef) (a access.Account, err error) {
	if c.flaw == "reads by listing" {
		for a, err := range c.Accounts(ctx, access.AccountFilter{}) {
			if err != nil || a.ID == ref.ID {
				return a, err
			}
		}
		return a, fault.New(fault.NotFound, "not in the listing")
	}
	if c.flaw == "invents accounts" {
		return access.Account{ID: ref.ID, UserName: ref.UserName, Active: true}, nil
	}
	err = c.try(ctx, false, func() (err error) {
		a, err = c.r.account(ctx, ref.ID)
		return err
	})
	if err != nil {
		return access.Account{}, err
	}
	return a, nil
}

func (c *reference) ListingCost(ctx context.Context, which app.Collection) (int, error) {
	total := 0
	err := c.try(ctx, false, func() (err error) {
		_, total, err = c.r.listAccounts(ctx, 0, access.AccountFilter{})
		return err
	})
	if c.flaw == "misjudges the cost" {
		total *= 2
	}
	return max(1, (total+c.r.pageSize-1)/c.r.pageSize), err
}

// edit checks what is asked for and answers how to do it.
func (c *reference) edit(want access.AccountSpec) (func(*access.Account), error) {
	for f := range want.Values {
		if !slices.Contains(access.Fields(), f) && c.flaw != "takes unknown fields" {
			return nil, fault.New(fault.Unsupported, "there is no field %s", f)
		}
	}
	return func(a *access.Account) {
		for f, v := range want.Values {
			if c.flaw == "never changes titles" && f == access.Title || c.flaw == "cannot clear" && v == "" {
				continue
			}
			a.Set(f, v)
		}
		if len(want.Attributes) > 0 && c.flaw != "forgets attributes" {
			a.Attributes = maps.Clone(want.Attributes)
		}
		if want.Active != nil && c.flaw != "ignores active" {
			a.Active = *want.Active
		}
		if c.flaw == "resets what is not named" {
			a.Department = fmt.Sprintf("reset %d", c.r.serial)
			c.r.serial++
		}
	}, nil
}

func (c *reference) CreateAccount(ctx context.Context, want access.AccountSpec) (a access.Account, err error) {
	edit, err := c.edit(want)
	if err != nil {
		return access.Account{}, err
	}
	err = c.try(ctx, true, func() (err error) {
		a, err = c.r.saveAccount(ctx, CreateAccount, "", edit)
		return err
	})
	if c.flaw == "adopts on create" && errors.Is(err, fault.Exists) {
		err = nil
	}
	if c.flaw == "creates and forgets the id" {
		a.ID = ""
	}
	if c.flaw == "says it created" {
		return a, nil
	}
	return a, err
}

func (c *reference) UpdateAccount(ctx context.Context, ref access.AccountRef, want access.AccountSpec) (a access.Account, err error) {
	edit, err := c.edit(want)
	if err != nil {
		return access.Account{}, err
	}
	if want.Empty() && c.flaw != "writes nothing" {
		return c.Account(ctx, ref)
	}
	if c.flaw == "reads before it writes" {
		for range 3 {
			_, _ = c.r.account(ctx, ref.ID)
		}
	}
	err = c.try(ctx, true, func() (err error) {
		a, err = c.r.saveAccount(ctx, UpdateAccount, ref.ID, edit)
		return err
	})
	if c.flaw == "updates the gone" && errors.Is(err, fault.NotFound) {
		err = nil
	}
	for f, v := range want.Values {
		if c.flaw == "cannot clear" && v == "" {
			a.Set(f, v)
		}
	}
	if c.flaw == "answers with what was asked" {
		a = access.Account{ID: ref.ID, Active: true}
		edit(&a)
	}
	return a, err
}

func (c *reference) RetireAccount(ctx context.Context, ref access.AccountRef, how access.Disposition) error {
	op, send := DeleteAccount, func() error { return c.r.deleteAccount(ctx, ref.ID) }
	switch {
	case how == access.Keep && c.flaw == "retires whom to keep":
		how = access.Deactivate
	case how == access.Keep:
		return nil
	case how == access.Deactivate && c.flaw == "deletes to deactivate":
		how = access.Delete
	case how == access.Delete && c.flaw == "deactivates to delete":
		how = access.Deactivate
	case c.flaw == "retires nobody":
		return ctx.Err()
	case c.limited && how == access.Delete && c.flaw != "deletes all the same":
		return fault.New(fault.Unsupported, "accounts cannot be deleted")
	case c.limited:
		how = access.Delete
	}
	if how == access.Deactivate {
		op = Deactivate
		send = func() error {
			_, err := c.r.saveAccount(ctx, op, ref.ID, func(a *access.Account) { a.Active = false })
			return err
		}
	}
	err := c.try(ctx, true, send)
	if errors.Is(err, fault.NotFound) && c.flaw != "fails on the gone" {
		return nil
	}
	return err
}

func (c *reference) EndSessions(ctx context.Context, ref access.AccountRef) error {
	end := func(id string) error {
		return c.try(ctx, true, func() error { return c.r.endSessions(ctx, id) })
	}
	switch c.flaw {
	case "ends no sessions":
		return ctx.Err()
	case "ends everybody's sessions":
		for _, a := range c.r.look(nil).Accounts {
			_ = end(a.ID)
		}
	}
	if a, err := c.Account(ctx, ref); c.flaw == "asks only the active to leave" && err == nil && !a.Active {
		return nil
	}
	err := end(ref.ID)
	if errors.Is(err, fault.NotFound) && c.flaw != "fails on the gone" {
		return nil
	}
	return err
}
