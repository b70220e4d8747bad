package entraid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// licenseEdit is one call of ChangeAssignees under way.
type licenseEdit struct {
	app     *App
	product string
	family  []sku
	changes []access.LicenseChange
	errs    []error
	pools   []sku // read again after a refusal; nil before
}

// ChangeAssignees assigns and removes licenses of a product. What an account holds is read first, twenty
// accounts to a batch: only the difference is sent, other licenses and the disabled plans of what is held stay as
// they are, and what a group gives is left to the group.
func (a *App) ChangeAssignees(ctx context.Context, product string, changes []access.LicenseChange) []error {
	if len(changes) == 0 {
		return nil
	}
	e := &licenseEdit{app: a, product: product, changes: changes, errs: make([]error, len(changes))}
	var err error
	if e.family, err = a.family(ctx, product, "change assignees"); err != nil {
		for i := range e.errs {
			e.errs[i] = err
		}
		return e.errs
	}
	var round []int
	seen := map[string]bool{} // an account's second change waits for its first
	for i, c := range changes {
		if c.Account.ID == "" {
			e.errs[i] = e.fault(i, &fault.Error{Kind: fault.Invalid, Cause: "the account has no id in the app", State: "Nothing was sent."})
			continue
		}
		if seen[c.Account.ID] || len(round) == maxBatch {
			e.run(ctx, round)
			round, seen = nil, map[string]bool{}
		}
		round = append(round, i)
		seen[c.Account.ID] = true
	}
	e.run(ctx, round)
	return e.errs
}

func (e *licenseEdit) op(i int) string {
	if e.changes[i].Remove {
		return "remove license"
	}
	return "assign license"
}

func (e *licenseEdit) fault(i int, err error) error {
	return e.app.fault(err, e.op(i), label(e.changes[i].Account))
}

func (e *licenseEdit) request(i int, method string, path ...string) httpclient.Request {
	return httpclient.Request{
		Op: e.op(i), Subject: label(e.changes[i].Account), Method: method, Path: append([]string{"users", e.changes[i].Account.ID}, path...), Idempotent: true,
	}
}

// run makes the changes at the given positions, each of another account: read, then write.
func (e *licenseEdit) run(ctx context.Context, at []int) {
	holdings := e.read(ctx, at)
	var locate, assign []httpclient.Request
	var locateAt, assignAt []int
	for j, i := range at {
		h := holdings[j]
		if h == nil {
			continue
		}
		body, err := e.difference(i, *h)
		switch {
		case err != nil:
			e.errs[i] = e.fault(i, err)
			continue
		case body == nil:
			continue
		}
		if !e.changes[i].Remove && h.UsageLocation == "" {
			r := e.request(i, http.MethodPatch)
			r.Body = map[string]any{"usageLocation": e.app.cfg.UsageLocation}
			locate, locateAt = append(locate, r), append(locateAt, i)
		}
		r := e.request(i, http.MethodPost, "assignLicense")
		r.Body = body
		assign, assignAt = append(assign, r), append(assignAt, i)
	}
	e.send(ctx, locate, locateAt)
	ready, readyAt := assign[:0], assignAt[:0]
	for j, i := range assignAt {
		if e.errs[i] == nil { // it could be located
			ready, readyAt = append(ready, assign[j]), append(readyAt, i)
		}
	}
	e.send(ctx, ready, readyAt)
}

// read asks what the accounts hold; nil where that is an answer already.
func (e *licenseEdit) read(ctx context.Context, at []int) []*holding {
	requests := make([]httpclient.Request, len(at))
	for j, i := range at {
		requests[j] = e.request(i, http.MethodGet)
		requests[j].Query = []httpclient.Param{holdingSelection()}
	}
	list := make([]*holding, len(at))
	for j, o := range e.app.batch(ctx, requests) {
		i := at[j]
		err := o.err
		var h holding
		id := e.changes[i].Account.ID
		if errors.Is(err, fault.NotFound) && e.app.isYoung(id) {
			err = e.app.settled(ctx, id, func() error { return e.app.get(ctx, requests[j], &h) })
		} else if err == nil {
			err = o.resp.Decode(&h)
		}
		switch {
		case err == nil:
			list[j] = &h
		case errors.Is(err, fault.NotFound) && e.changes[i].Remove: // who is gone holds nothing
		default:
			e.errs[i] = e.fault(i, err)
		}
	}
	return list
}

type licenseToAdd struct {
	SKUID         string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans"`
}

// difference is the body that makes the account hold what is asked for; nil when it does.
func (e *licenseEdit) difference(i int, h holding) (map[string]any, error) {
	c := e.changes[i]
	at := slices.IndexFunc(e.family, func(s sku) bool { return s.license == c.License })
	if at < 0 {
		var names []string
		for _, s := range e.family {
			names = append(names, s.license)
		}
		return nil, &fault.Error{
			Kind: fault.NotFound, Cause: fmt.Sprintf("product %s has no license %q", e.product, c.License), State: "Nothing was sent.",
			Next: "It has " + strings.Join(names, ", ") + ".",
		}
	}
	want := e.family[at]
	add, remove := []licenseToAdd{}, []string{}
	held, group := h.held(want.SKUID)
	if c.Remove {
		switch {
		case !held:
			return nil, nil
		case group != "":
			return nil, &fault.Error{
				Kind: fault.Unsupported, Cause: "the license comes with the group " + group, State: "Nothing was sent.", Next: "Take the account out of the group.",
			}
		}
		remove = append(remove, want.SKUID)
		return map[string]any{"addLicenses": add, "removeLicenses": remove}, nil
	}
	if held {
		return nil, nil
	}
	if h.UsageLocation == "" && e.app.cfg.UsageLocation == "" {
		return nil, &fault.Error{
			Kind: fault.Invalid, Cause: "the account has no usage location, without which no license can be assigned", State: "Nothing was sent.",
			Next: `Set usage_location in the entra_id block, or manage the property usageLocation by an attribute block.`,
		}
	}
	for _, s := range e.family { // the licenses of a product exclude each other
		held, group := h.held(s.SKUID)
		switch {
		case held && group != "":
			return nil, &fault.Error{
				Kind: fault.Unsupported, Cause: fmt.Sprintf("the account holds %s of the same product by the group %s", s.license, group),
				State: "Nothing was sent.", Next: "Take the account out of the group.",
			}
		case held:
			remove = append(remove, s.SKUID)
		}
	}
	plans := want.disabled
	if plans == nil {
		plans = []string{} // null is refused
	}
	return map[string]any{"addLicenses": append(add, licenseToAdd{want.SKUID, plans}), "removeLicenses": remove}, nil
}

// send writes and notes what failed.
func (e *licenseEdit) send(ctx context.Context, requests []httpclient.Request, at []int) {
	for j, o := range e.app.batch(ctx, requests) {
		i := at[j]
		err := o.err
		if err == nil {
			err = e.app.accepted(o.resp, requests[j])
		}
		switch {
		case errors.Is(err, fault.NotFound) && e.changes[i].Remove:
		case err != nil:
			e.errs[i] = e.fault(i, e.whyRefused(ctx, i, err))
		}
	}
}

// whyRefused looks at the pool: that no license is left often has no code but that of a bad request.
func (e *licenseEdit) whyRefused(ctx context.Context, i int, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Status != http.StatusBadRequest || e.changes[i].Remove {
		return err
	}
	if e.pools == nil {
		var readErr error
		if e.pools, readErr = e.app.catalog(ctx, f.Op); readErr != nil {
			return err
		}
	}
	for _, s := range e.pools {
		if s.product == e.product && s.license == e.changes[i].License && s.ConsumedUnits >= s.total() {
			full := *f
			full.Kind, full.Cause = fault.LimitReached, fmt.Sprintf("none of the %d licenses is free", s.total())
			full.Next = "Free a license or buy more."
			return &full
		}
	}
	return err
}
