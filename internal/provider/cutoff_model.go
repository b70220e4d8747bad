package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/inventory"
)

// cutoffModel is tenure_cutoff as Terraform holds it.
type cutoffModel struct {
	App            types.String `tfsdk:"app"`
	People         types.Map    `tfsdk:"people"`
	UserNames      types.Map    `tfsdk:"user_names"`
	RevokeSessions types.Bool   `tfsdk:"revoke_sessions"`
	Done           types.Map    `tfsdk:"done"`
	Tenant         types.String `tfsdk:"tenant"`
}

// The words of done.
const (
	cutDeactivated = "deactivated"
	cutEnded       = "deactivated, sessions ended"
	cutOpen        = "deactivated, sessions not ended"
	cutNoAccount   = "no account"
	cutActive      = "active"
)

func (m *cutoffModel) reason(person string) string   { return textMap(m.People)[person] }
func (m *cutoffModel) userName(person string) string { return textMap(m.UserNames)[person] }

// deactivated is the word for somebody whose accounts are all inactive, of whose sessions nothing is known.
func (m *cutoffModel) deactivated() string {
	if m.RevokeSessions.ValueBool() {
		return cutOpen
	}
	return cutDeactivated
}

// suffices reports whether a word of the prior state is all that is asked for. Sessions that are to be ended are
// ended later too, once the app has a way.
func (m *cutoffModel) suffices(word string, ends bool) bool {
	switch word {
	case cutEnded, cutNoAccount:
		return true
	case cutOpen, cutDeactivated:
		return !m.RevokeSessions.ValueBool() || !ends
	}
	return false
}

// done is the known part of Done.
func (m *cutoffModel) done() map[string]string {
	done := make(map[string]string)
	for person, v := range m.Done.Elements() {
		if s, ok := v.(types.String); ok && !s.IsUnknown() {
			done[person] = s.ValueString()
		}
	}
	return done
}

func (m *cutoffModel) setDone(done map[string]string) {
	elems := make(map[string]attr.Value, len(done))
	for person, word := range done {
		elems[person] = types.StringValue(word)
	}
	m.Done = types.MapValueMust(types.StringType, elems)
}

// todo plans Done against the prior state (nil: there is none) and gives the people whom it leaves open. ends says
// that the app can end sessions.
func (m *cutoffModel) todo(prior *cutoffModel, ends bool) []string {
	var todo []string
	elems := make(map[string]attr.Value)
	for _, person := range sortedKeys(m.People.Elements()) {
		word := ""
		if prior != nil && (m.UserNames.IsUnknown() || m.userName(person) == prior.userName(person)) {
			word = prior.done()[person]
		}
		switch {
		case !m.suffices(word, ends): // new, failed before, or active again
			elems[person] = types.StringUnknown()
			todo = append(todo, person)
		case word == cutEnded || word == cutNoAccount:
			elems[person] = types.StringValue(word)
		default:
			elems[person] = types.StringValue(m.deactivated())
		}
	}
	m.Done = types.MapValueMust(types.StringType, elems)
	return todo
}

// accounts finds every account that is a person's: those that carry the person_id, and the one that user_names
// gives. None is an answer only where the app could know.
func (m *cutoffModel) accounts(ctx context.Context, inv *inventory.App, person string) ([]access.Account, error) {
	remembers, name := slices.Contains(inv.Info().Fields, access.PersonID), m.userName(person)
	if !remembers && name == "" {
		return nil, &fault.Error{
			Kind: fault.Invalid, System: inv.Name(), Op: "find", Subject: "the account of person " + person,
			Cause: "the app does not remember whose account is whose",
			Next:  fmt.Sprintf("Name the account: user_names = { %q = \"USER-NAME\" }.", person),
		}
	}
	var found []access.Account
	if remembers {
		var err error
		if found, err = inv.FindAccount(ctx, access.PersonID, person); err != nil {
			return nil, err
		}
	}
	if name == "" {
		return found, nil
	}
	named, err := inv.AccountByUserName(ctx, name)
	switch {
	case errors.Is(err, fault.NotFound):
		return found, nil
	case err != nil:
		return nil, err
	case named.PersonID != "" && named.PersonID != person:
		return nil, &fault.Error{
			Kind: fault.Exists, System: inv.Name(), Op: "cut off", Subject: named.Label(),
			Cause: fmt.Sprintf("by user_names, %s is the account of person %s, but it carries the person_id %s", named.Label(), person, named.PersonID),
			Next:  "Correct user_names. If the account is really theirs, correct its person_id in " + inv.Name() + ".",
		}
	case !slices.ContainsFunc(found, func(a access.Account) bool { return a.ID == named.ID }):
		found = append(slices.Clone(found), named)
	}
	return found, nil
}

// cut deactivates every account of a person, ends its sessions, and answers the word for done: what really was
// done, also beside an error, and "" for nothing. Each account is looked at again just before, so that nothing is
// cut that has changed hands.
func (m *cutoffModel) cut(ctx context.Context, inv *inventory.App, person string) (string, error) {
	accounts, err := m.accounts(ctx, inv, person)
	if err != nil {
		return "", err
	}
	ctx = inventory.WithWhy(ctx, person, "cut off: "+m.reason(person))
	ends := m.RevokeSessions.ValueBool() && inv.Supports(app.EndSessions) == nil
	word := cutNoAccount
	if len(accounts) > 0 {
		word = m.deactivated()
	}
	if ends && len(accounts) > 0 {
		word = cutEnded
	}
	active := false
	var errs []error
	for _, a := range accounts {
		now, err := inv.Reread(ctx, a.ID)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err == nil && (now.PersonID != a.PersonID || !inv.SameUserName(now.UserName, a.UserName)):
			err = &fault.Error{
				Kind: fault.Stale, System: inv.Name(), Op: "cut off", Subject: a.Label(),
				Cause: fmt.Sprintf("the account with id %s was %s (person %q) and is %s (person %q) now", a.ID, a.Label(), a.PersonID, now.Label(), now.PersonID),
			}
		case err == nil && now.Active:
			err = inv.DeactivateAccount(ctx, now.Ref())
		}
		if err != nil {
			active = true // or may be
			errs = append(errs, err)
			continue
		}
		if !ends {
			continue
		}
		if err := inv.EndSessions(ctx, now.Ref()); err != nil {
			word = cutOpen
			errs = append(errs, err)
		}
	}
	if active {
		word = ""
	}
	return word, errors.Join(errs...)
}

// refresh sees what became of everybody.
func (m *cutoffModel) refresh(ctx context.Context, inv *inventory.App) error {
	done := m.done()
	var errs []error
	for _, person := range sortedKeys(done) {
		accounts, err := m.accounts(ctx, inv, person)
		switch {
		case err != nil:
			errs = append(errs, wrap(err, inv.Name(), "read", "the account of person "+person))
		case len(accounts) == 0:
			done[person] = cutNoAccount
		case slices.ContainsFunc(accounts, func(a access.Account) bool { return a.Active }):
			done[person] = cutActive
		case !strings.HasPrefix(done[person], cutDeactivated):
			done[person] = m.deactivated() // by somebody else
		}
	}
	m.setDone(done)
	return errors.Join(errs...)
}

// defaultMaxCutoffs is safeguard.max_cutoffs where it is not set.
const defaultMaxCutoffs = 5

// cutoffCount counts whom the resources of this run cut off in an app.
type cutoffCount struct {
	max int

	mu     sync.Mutex
	people map[string]map[string]bool // tenant → person_id
}

// take adds people. It is Protected when they are more than the limit.
func (c *cutoffCount) take(inv *inventory.App, people []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.people == nil {
		c.people = make(map[string]map[string]bool)
	}
	all := c.people[inv.Info().Tenant]
	if all == nil {
		all = make(map[string]bool)
		c.people[inv.Info().Tenant] = all
	}
	for _, person := range people {
		all[person] = true
	}
	if len(all) <= c.max {
		return nil
	}
	return &fault.Error{
		Kind: fault.Protected, System: inv.Name(), Op: "cut off", Subject: fmt.Sprintf("%d people", len(all)),
		Cause: fmt.Sprintf("the limit, safeguard.max_cutoffs, is %d in one app and run; these are %s", c.max, strings.Join(sortedKeys(all), ", ")),
		Next:  "Take out whoever is not meant. If all are, raise max_cutoffs for this run.",
	}
}
