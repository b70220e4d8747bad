package googleworkspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// assignment is a LicenseAssignment of the License Manager API.
type assignment struct {
	UserID    string `json:"userId"` // the primary address, which can change
	ProductID string `json:"productId"`
	SKUID     string `json:"skuId"`
}

func productPath(more ...string) []string {
	return append([]string{"apps", "licensing", "v1", "product"}, more...)
}

func (a *App) lacksLicenses(c app.Capability, op, subject string) error {
	why, ok := a.info.Lacks[c]
	if !ok {
		return nil
	}
	return a.fault(&fault.Error{Kind: fault.Unsupported, Cause: why, State: "Nothing was sent."}, op, subject)
}

// product finds a configured product by the name that listings use: two spellings of one would differ for ever.
func (a *App) product(name string) (product, error) {
	var names []string
	for _, p := range a.products {
		if p.name == name {
			return p, nil
		}
		names = append(names, p.name)
		if p.id == name || strings.EqualFold(p.name, name) {
			return product{}, &fault.Error{Kind: fault.NotFound, Cause: fmt.Sprintf("the product %q is called %q", name, p.name), State: "Nothing was sent.", Next: fmt.Sprintf("Write %q.", p.name)}
		}
	}
	return product{}, &fault.Error{
		Kind: fault.NotFound, Cause: fmt.Sprintf("no license block names the product %q; there are %s", name, strings.Join(names, ", ")),
		State: "Nothing was sent.", Next: "Add a license block for it, or correct the name.",
	}
}

// assignments lists the licenses of a product.
func (a *App) assignments(ctx context.Context, p product, op string) iter.Seq2[assignment, error] {
	l := listing{
		client: a.licensing, op: op, subj: p.name, path: productPath(p.id, "users"), kind: "licensing#licenseAssignmentList", rows: "items",
		query: []httpclient.Param{
			{Key: "customerId", Value: a.cfg.CustomerID},
			{Key: "maxResults", Value: "1000"},
			{Key: "fields", Value: "kind,nextPageToken,items(userId,productId,skuId)"},
		},
	}
	return func(yield func(assignment, error) bool) {
		key := func(s assignment) string {
			if s.UserID == "" || s.SKUID == "" {
				return ""
			}
			return strings.ToLower(s.UserID) + "\x00" + s.SKUID
		}
		for s, err := range walk(ctx, a, l, key) {
			if !yield(s, a.misplaced(err, op)) || err != nil {
				return
			}
		}
	}
}

// Pools counts what is assigned, a listing for each product. Google tells nobody how many seats were bought.
func (a *App) Pools(ctx context.Context) iter.Seq2[access.Pool, error] {
	const op = "list licenses"
	return func(yield func(access.Pool, error) bool) {
		if err := a.lacksLicenses(app.ReadLicenses, op, ""); err != nil {
			yield(access.Pool{}, err)
			return
		}
		for _, p := range a.products {
			used := map[string]int{}
			for sku := range p.seats {
				used[sku] = 0
			}
			for s, err := range a.assignments(ctx, p, op) {
				if err != nil {
					yield(access.Pool{}, err)
					return
				}
				used[s.SKUID]++
			}
			for _, sku := range slices.Sorted(maps.Keys(used)) {
				total, told := p.seats[sku]
				if !told {
					total = -1
				}
				if !yield(access.Pool{Product: p.name, License: p.license(sku), Total: total, Used: used[sku]}, nil) {
					return
				}
			}
		}
	}
}

// Assignees lists who holds a license of the product. Google names holders by address; their ids come from the listing
// of accounts, which is made once when this run has not made it yet. A holder without an account has no id here.
func (a *App) Assignees(ctx context.Context, name string) iter.Seq2[access.Assignment, error] {
	const op = "list assignees"
	return func(yield func(access.Assignment, error) bool) {
		p, err := a.openProduct(app.ReadLicenses, op, name)
		if err != nil {
			yield(access.Assignment{}, err)
			return
		}
		list, _, err := a.read(ctx, p, op)
		if err != nil {
			yield(access.Assignment{}, err)
			return
		}
		for _, s := range list {
			if !yield(access.Assignment{AccountID: a.idAt(s.UserID), UserName: s.UserID, License: p.license(s.SKUID)}, nil) {
				return
			}
		}
	}
}

// read lists the holders of a product and notes who they are, by account id.
func (a *App) read(ctx context.Context, p product, op string) (list []assignment, held map[string]string, err error) {
	defer a.turn(p.id)()
	return a.readInTurn(ctx, p, op)
}

func (a *App) readInTurn(ctx context.Context, p product, op string) (list []assignment, held map[string]string, err error) {
	for s, err := range a.assignments(ctx, p, op) {
		if err != nil {
			return nil, nil, err
		}
		list = append(list, s)
	}
	if held, err = a.identify(ctx, list); err == nil {
		a.hold(p.id, held)
	}
	return list, held, err
}

func (a *App) openProduct(c app.Capability, op, name string) (product, error) {
	if err := a.lacksLicenses(c, op, name); err != nil {
		return product{}, err
	}
	p, err := a.product(name)
	return p, a.fault(err, op, name)
}

// turn waits for the product's turn and gives what ends it.
func (a *App) turn(id string) (done func()) {
	a.mu.Lock()
	if a.turns == nil {
		a.turns = map[string]*sync.Mutex{}
	}
	m := a.turns[id]
	if m == nil {
		m = new(sync.Mutex)
		a.turns[id] = m
	}
	a.mu.Unlock()
	m.Lock()
	return m.Unlock
}

func (a *App) idAt(address string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.people.byEmail[strings.ToLower(address)]
}

// identify is who holds which SKU, by account id. A holder that the last listing of accounts does not know may have come
// since, so accounts are listed again, once in a run: some holders stay unknown.
func (a *App) identify(ctx context.Context, list []assignment) (map[string]string, error) {
	for {
		held, unknown := make(map[string]string, len(list)), false
		for _, s := range list {
			if id := a.idAt(s.UserID); id != "" {
				held[id] = s.SKUID
			} else {
				unknown = true
			}
		}
		a.mu.Lock()
		enough := !unknown || a.people.loaded && a.relisted
		a.relisted = a.relisted || a.people.loaded
		a.mu.Unlock()
		if enough {
			return held, nil
		}
		for _, err := range a.Accounts(ctx, access.AccountFilter{}) {
			if err != nil {
				return nil, err
			}
		}
	}
}

func (a *App) hold(productID string, held map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holdings == nil {
		a.holdings = map[string]map[string]string{}
	}
	a.holdings[productID] = held
}

// ChangeAssignees makes one request for each change. What an account holds of the product decides which: another
// license of the product is switched in place and never taken away first.
func (a *App) ChangeAssignees(ctx context.Context, name string, changes []access.LicenseChange) []error {
	const op = "change licenses"
	errs := make([]error, len(changes))
	all := func(err error) []error {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	if len(changes) == 0 {
		return errs
	}
	p, err := a.openProduct(app.WriteLicenses, op, name)
	if err != nil {
		return all(err)
	}
	defer a.turn(p.id)()
	a.mu.Lock()
	held := a.holdings[p.id]
	a.mu.Unlock()
	if held == nil {
		if _, held, err = a.readInTurn(ctx, p, op); err != nil {
			return all(err)
		}
	}
	var halted error
	for i, c := range changes {
		op, subject := "assign license", p.name+"/"+c.License+" to "+label(c.Account)
		if c.Remove {
			op, subject = "remove license", p.name+"/"+c.License+" from "+label(c.Account)
		}
		err := halted
		if err == nil {
			err = a.changeAssignee(ctx, p, held, c, op, subject)
		}
		switch fault.KindOf(err) {
		case fault.Unauthenticated, fault.Forbidden, fault.RateLimited, fault.Unavailable:
			halted = withState(err, "Nothing was sent.")
		default:
		}
		if err != nil && !errors.Is(err, fault.LimitReached) {
			a.hold(p.id, nil) // what is held now is not known: the next call reads
		}
		errs[i] = a.fault(err, op, subject)
	}
	return errs
}

func (a *App) changeAssignee(ctx context.Context, p product, held map[string]string, c access.LicenseChange, op, subject string) error {
	sku := p.sku(c.License)
	switch {
	case c.Account.ID == "":
		return fault.New(fault.Invalid, "the account has no id in Google")
	case c.License == "" && c.Remove:
	case sku == "":
		return &fault.Error{Kind: fault.NotFound, Cause: fmt.Sprintf("the product %s has no license %q that is known here", p.name, c.License), State: "Nothing was sent.", Next: "Add a license block with its SKU id, or correct the name."}
	case p.license(sku) != c.License:
		return &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf("the license %q is called %q", c.License, p.license(sku)), State: "Nothing was sent.", Next: fmt.Sprintf("Write %q.", p.license(sku))}
	}
	now := held[c.Account.ID]
	if c.Remove && (now == "" || sku != "" && now != sku) || !c.Remove && now == sku {
		return nil
	}
	address, err := a.addressOf(ctx, c.Account, op, subject)
	if err != nil {
		return err
	}
	if c.Remove {
		if err := a.release(ctx, p, now, address, op, subject); err != nil {
			return err
		}
		delete(held, c.Account.ID)
		return nil
	}
	r := httpclient.Request{
		Op: op, Subject: subject, Method: http.MethodPost, Path: productPath(p.id, "sku", sku, "user"), Body: map[string]string{"userId": address},
	}
	if now != "" {
		r.Method, r.Path, r.Idempotent = http.MethodPatch, productPath(p.id, "sku", now, "user", address), true
		r.Body = map[string]string{"skuId": sku}
	}
	if err := a.assign(ctx, r, p, sku, address); err != nil {
		return err
	}
	held[c.Account.ID] = sku
	return nil
}

// addressOf is the primary address of the account as it is now: licenses know no other key, and the name in a plan may
// be from before a rename.
func (a *App) addressOf(ctx context.Context, ref access.AccountRef, op, subject string) (string, error) {
	a.mu.Lock()
	address := a.people.byID[ref.ID]
	a.mu.Unlock()
	if address != "" {
		return address, nil
	}
	u, err := a.readUser(ctx, op, ref.ID, subject)
	if err == nil {
		a.note(&u)
	}
	return u.PrimaryEmail, err
}

// assign sends an assignment. Google answers 412 both to who has the license already and where none is free, with one
// code: what the account holds tells them apart.
func (a *App) assign(ctx context.Context, r httpclient.Request, p product, sku, address string) error {
	err := a.patiently(ctx, fault.Unconfirmed, func() error {
		resp, err := a.licensing.Do(ctx, r)
		if err != nil {
			return err
		}
		var s assignment
		if err := resp.Decode(&s); err != nil {
			return err
		}
		if s.SKUID != sku {
			return &fault.Error{Kind: fault.Unconfirmed, Cause: "the answer does not name the license", Status: resp.Status}
		}
		return nil
	}, address)
	switch fault.KindOf(err) {
	case fault.Stale, fault.Exists, fault.Unconfirmed:
	default:
		return err
	}
	has, readErr := a.holds(ctx, p, sku, address, r.Op, r.Subject)
	switch {
	case readErr == nil && has:
		return nil
	case readErr != nil || !errors.Is(err, fault.Stale):
		return err
	}
	var f *fault.Error
	errors.As(err, &f)
	c := *f
	c.Kind, c.Cause = fault.LimitReached, "Google refuses the license: none is free, or the account may not hold it"
	c.State, c.Next = "Nothing was written.", "Buy or free a license in the Admin console under Billing."
	return &c
}

func (a *App) holds(ctx context.Context, p product, sku, address, op, subject string) (bool, error) {
	resp, err := a.licensing.Do(ctx, httpclient.Request{Op: op, Subject: subject, Method: http.MethodGet, Path: productPath(p.id, "sku", sku, "user", address)})
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var s assignment
	if err := resp.Decode(&s); err != nil {
		return false, err
	}
	return s.SKUID == sku, nil
}

// release takes a license away; one that is not held any more is fine.
func (a *App) release(ctx context.Context, p product, sku, address, op, subject string) error {
	err := a.remove(ctx, a.licensing, op, subject, productPath(p.id, "sku", sku, "user", address))
	if errors.Is(err, fault.Unconfirmed) {
		if has, readErr := a.holds(ctx, p, sku, address, op, subject); readErr == nil && !has {
			return nil
		}
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Stale {
		c := *f
		c.Kind, c.Cause = fault.Unsupported, "Google does not let this license be taken away by itself"
		c.State, c.Next = "Nothing was written.", "Automatic licensing of the organizational unit may assign it: turn that off in the Admin console under Billing, License settings."
		return &c
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
