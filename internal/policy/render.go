package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// render puts a snapshot into the shape of tenure_app_access and of its companions.
func (e *evaluation) render(s *snapshot) Result {
	holders := make([]int, len(e.grants)) // by grant
	for i := range s.outcomes {
		if o := &s.outcomes[i]; o.emitted() {
			for _, g := range o.won {
				holders[g]++
			}
		}
	}
	r := Result{Apps: e.emptyApps(holders), Counts: map[string]int{}, SamePerson: e.formerOf}
	for g, n := range holders {
		if e.apps[e.grants[g].app].output {
			r.Counts[e.grants[g].address] += n
		}
	}
	inactive := false
	for i := range s.outcomes {
		o := &s.outcomes[i]
		if !o.emitted() {
			continue
		}
		for k := range o.accounts {
			a := e.account(s, int32(i), &o.accounts[k])
			if o.suspended {
				a.Active = &inactive
			}
			r.Apps[e.apps[o.accounts[k].app].name].Accounts[e.subjects[i].PersonID] = a
		}
		for _, id := range o.won {
			g := &e.grants[id]
			if !e.apps[g.app].output {
				continue
			}
			switch app := r.Apps[g.App]; g.Kind {
			case access.GrantGroup:
				app.Groups[g.Name][o.userName(g.app)] = g.role
			case access.GrantLicense:
				app.Licenses[g.Name][o.userName(g.app)] = g.License
			case access.GrantAccount, access.GrantRole: // in Accounts, above: a role is a field of the account
			}
		}
	}
	r.Quarantined = e.quarantined(s)
	r.Cutoffs = e.cutoffs(s)
	r.Exceptions = e.register(s)
	if e.reasons {
		r.Reasons = e.allReasons(s)
	}
	return r
}

// emptyApps has a key for everything that is named, and room for the holders.
func (e *evaluation) emptyApps(holders []int) map[string]App {
	apps := map[string]App{}
	for g := range e.grants {
		grant := &e.grants[g]
		if !e.apps[grant.app].output {
			continue
		}
		app, n := apps[grant.App], holders[g]
		switch grant.Kind { // the account comes first, and is implied by everything else
		case access.GrantAccount:
			app = App{Accounts: make(map[string]Account, n), Groups: map[string]map[string]string{}, Licenses: map[string]map[string]string{}}
			apps[grant.App] = app
		case access.GrantGroup:
			if app.Groups[grant.Name] == nil { // else it has several roles
				app.Groups[grant.Name] = make(map[string]string, n)
			}
		case access.GrantLicense:
			if app.Licenses[grant.Name] == nil {
				app.Licenses[grant.Name] = make(map[string]string, n)
			}
		case access.GrantRole: // a field of the account
		}
	}
	return apps
}

// userName is that of the person's account in an app.
func (o *outcome) userName(app int32) string {
	for i := range o.accounts {
		if o.accounts[i].app == app {
			return o.accounts[i].userName
		}
	}
	return ""
}

// account fills in what HR knows and the app is meant to receive. A blank is never put out: it would wipe what
// the app holds, because of a column that is missing.
func (e *evaluation) account(s *snapshot, i int32, need *account) Account {
	p := &e.subjects[i]
	v := view{subject: p}
	o := &s.outcomes[i]
	plan := &e.apps[need.app]
	var a Account
	set := func(f access.Field, value string) {
		switch to := a.at(f); {
		case value == "":
		case plan.fields.Has(f) || f == access.Role:
			*to, a.Fields = value, a.Fields.With(f)
		case DefaultAccountFields().Has(f):
			*to, a.CreateOnly = value, a.CreateOnly.With(f)
		}
	}
	set(access.UserName, need.userName)
	set(access.Email, p.WorkEmail)
	set(access.GivenName, givenName(&v))
	set(access.FamilyName, familyName(&v))
	set(access.DisplayName, displayName(&v))
	set(access.Title, p.Title)
	set(access.Department, p.Department)
	if p.manager >= 0 && s.outcomes[p.manager].entitled {
		set(access.Manager, s.outcomes[p.manager].userName(need.app))
	}
	for _, id := range o.won {
		if g := &e.grants[id]; g.app == need.app && g.Kind == access.GrantRole {
			set(access.Role, g.Name)
		}
	}
	for k, value := range need.attributes {
		if value == "" {
			continue
		}
		if a.Attributes == nil {
			a.Attributes = make(map[string]string, len(need.attributes))
		}
		a.Attributes[plan.attributes[k].name] = value
	}
	return a
}

// quarantined lists who is held, by person id, then the rows that do not say whose they are.
func (e *evaluation) quarantined(s *snapshot) []Quarantine {
	var list []Quarantine
	for i := range s.outcomes {
		o := &s.outcomes[i]
		if !o.quarantined() {
			continue
		}
		q := Quarantine{PersonID: e.subjects[i].PersonID, Why: o.quarantineWhy()}
		for _, c := range append(slices.Clip(o.causes), o.clashes...) {
			q.Codes = append(q.Codes, c.code)
		}
		slices.Sort(q.Codes)
		q.Codes = slices.Compact(q.Codes)
		list = append(list, q)
	}
	return append(list, e.nameless...)
}

func (o *outcome) quarantineWhy() string {
	var parts []string
	for _, c := range append(slices.Clip(o.causes), o.clashes...) {
		parts = append(parts, c.text)
	}
	return strings.Join(parts, "; ")
}

// cutoffDays is how long a closed window stays in Result.Cutoffs.
const cutoffDays = 14

func (e *evaluation) cutoffs(s *snapshot) []Cutoff {
	var list []Cutoff
	since := s.at.AddDate(0, 0, -cutoffDays)
	for i := range s.standings {
		st, o := &s.standings[i], &s.outcomes[i]
		if st.open || st.until.IsZero() || st.until.After(s.at) || !st.until.After(since) || o.quarantined() {
			continue
		}
		list = append(list, Cutoff{e.subjects[i].PersonID, st.until, st.why})
	}
	return list
}

// register is the list of all exceptions with what each does now.
func (e *evaluation) register(s *snapshot) []ExceptionState {
	var list []ExceptionState
	for src := range e.sources {
		x := e.sources[src].exception
		if x == nil {
			continue
		}
		state := ExceptionState{
			PersonID: x.person, Reason: x.reason, ApprovedBy: x.approvedBy, ExpiresAt: x.expires.String(),
			Status: ExceptionUnknownPerson, Why: "no roster has this person",
		}
		for _, g := range e.sources[src].grants {
			state.Grants = append(state.Grants, e.grants[g].address)
		}
		if i, ok := e.index[x.person]; ok {
			state.Status, state.Why = e.exceptionStatus(s, i, x)
		} else if now := e.present(x.person); now != x.person {
			state.Why = fmt.Sprintf("the person is %s now, and former access does not come back by itself", now)
		}
		list = append(list, state)
	}
	return list
}

// allReasons says why, for everybody about whom there is something to say.
func (e *evaluation) allReasons(s *snapshot) map[string][]Reason {
	lists := make([][]Reason, len(s.outcomes))
	e.parallel(len(lists), func(_ *worker, i int32) { lists[i] = e.reasonsOf(&s.outcomes[i]) })
	all := make(map[string][]Reason, len(lists))
	for i, list := range lists {
		if len(list) > 0 {
			all[e.subjects[i].PersonID] = list
		}
	}
	return all
}

// reasonsOf says of each grant, of the apps in the output, why the person has it or not.
func (e *evaluation) reasonsOf(o *outcome) []Reason {
	var refused map[string][]string // by address
	refuse := func(g int32, why string) {
		a := e.grants[g].address
		if !e.apps[e.grants[g].app].output || slices.Contains(refused[a], why) {
			return
		}
		if refused == nil {
			refused = map[string][]string{}
		}
		refused[a] = append(refused[a], why)
	}
	for _, x := range o.inert {
		for _, g := range e.sources[x.source].grants {
			refuse(g, fmt.Sprintf("%s (%s)", x.why, e.sources[x.source].exception.reason))
		}
	}
	for _, l := range o.lost {
		if e.grants[l.grant].address != e.grants[l.winner].address { // else it is a role in a group that is held: see whyGiven
			refuse(l.grant, fmt.Sprintf("%s gives %s and comes before %s", e.sourceLabel(l.winningFrom, l.winner), e.grants[l.winner].address, e.sources[l.source].label))
		}
	}
	held := ""
	if o.quarantined() {
		held = "held as is: quarantined: " + o.quarantineWhy()
	}
	list := make([]Reason, 0, len(o.won)+len(refused))
	for _, g := range o.won {
		address := e.grants[g].address
		switch {
		case !e.apps[e.grants[g].app].output:
		case o.emitted():
			delete(refused, address)
			list = append(list, Reason{address, true, e.whyGiven(o, g)})
		case held != "":
			delete(refused, address)
			list = append(list, Reason{address, false, held})
		default:
			refuse(g, o.why)
		}
	}
	for address, parts := range refused {
		list = append(list, Reason{address, false, "not given: " + strings.Join(parts, "; ")})
	}
	slices.SortFunc(list, func(a, b Reason) int { return cmp.Compare(a.Grant, b.Grant) })
	return list
}

// whyGiven names everything that gives a grant.
func (e *evaluation) whyGiven(o *outcome, g int32) string {
	var first string
	var rest []string
	for _, src := range o.sources {
		if _, ok := slices.BinarySearch(e.sources[src].grants, g); !ok {
			continue
		}
		if label := e.sourceLabel(src, g); first == "" {
			first = label
		} else {
			rest = append(rest, label)
		}
	}
	for _, l := range o.lost {
		if l.winner == g && e.grants[l.grant].address == e.grants[g].address {
			rest = append(rest, fmt.Sprintf("%s would give role %s but comes later", e.sources[l.source].label, e.grants[l.grant].role))
		}
	}
	if len(rest) == 0 {
		return first
	}
	return first + "; " + strings.Join(rest, "; ")
}
