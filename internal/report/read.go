package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Input is one plan to read.
type Input struct {
	Name string    // for people: the file
	JSON io.Reader // what `terraform show -json PLANFILE` prints
}

// Read makes one report of one or more plans. People are the same in all of them by their person_id, or, where
// configuration knows none, by their user name.
func Read(inputs ...Input) (*Report, error) {
	b := newBuilder()
	if err := b.readAll(inputs); err != nil {
		return nil, err
	}
	return b.finish(), nil
}

func (b *builder) readAll(inputs []Input) error {
	for _, in := range inputs {
		p, err := decodePlan(in.JSON, in.Name, b.seen != nil)
		if err != nil {
			return fmt.Errorf("read %s: %w", in.Name, err)
		}
		if err := b.add(p); err != nil {
			return fmt.Errorf("read %s: %w", in.Name, err)
		}
	}
	return nil
}

// builder collects what the plans say, and then puts it together by person: who a user name belongs to may only be
// said by a resource that comes later.
type builder struct {
	report   *Report
	changes  []*change
	drift    map[driftKey]map[subject]string // what was changed behind Tenure's back
	drifted  []*change
	prices   []prices // by plan
	reasons  map[string]map[string]string
	index    index
	secrets  secrets
	people   map[string]*Person
	accounts map[string]holding
	found    map[string]bool // fingerprints of findings: two data sources may look at one app
	seen     *observed       // for an evidence pack, else nil
}

// driftKey is one resource of one plan.
type driftKey struct {
	plan    int
	address string
}

// holding is whether a person had an account anywhere before, and will have one.
type holding struct{ before, after bool }

func newBuilder() *builder {
	return &builder{
		report:  &Report{Version: Version, Plans: []Plan{}, Objects: []Object{}, Findings: []Finding{}, Stops: []Stop{}, Notes: []Note{}},
		drift:   make(map[driftKey]map[subject]string),
		reasons: make(map[string]map[string]string), index: newIndex(),
		people: make(map[string]*Person), accounts: make(map[string]holding), found: make(map[string]bool),
	}
}

// add takes one plan apart and remembers who is who.
func (b *builder) add(p *plan) error {
	n := len(b.report.Plans)
	planned := make(map[string]bool)
	for i := range p.changes {
		planned[p.changes[i].Address] = true
		c, err := b.open(n, &p.changes[i])
		if err != nil {
			return err
		}
		b.seen.count(c)
		p.changes[i] = resourceChange{} // what is not ours is large, and what is ours is taken apart now
		b.changes = append(b.changes, c)
		b.index.learn(c)
	}
	for i := range p.drift {
		c, err := b.open(n, &p.drift[i])
		if err != nil {
			return err
		}
		p.drift[i] = resourceChange{}
		b.drifted = append(b.drifted, c)
		b.index.learn(c)
	}
	for _, d := range p.data {
		if err := b.readData(n, d); err != nil {
			return err
		}
	}
	if p.Errored {
		p.Complete = false
		for _, address := range p.managed {
			if !planned[address] {
				p.Unplanned = append(p.Unplanned, address)
			}
		}
		slices.Sort(p.Unplanned)
	}
	if p.deferred > 0 {
		b.note("deferred", "", fmt.Sprintf("%s of %s are deferred to a later plan and not shown.", count(p.deferred, "change", "changes"), p.Name))
	}
	b.report.Plans = append(b.report.Plans, p.Plan)
	b.prices = append(b.prices, p.prices)
	return nil
}

// finish puts everything together.
func (b *builder) finish() *Report {
	for _, c := range b.drifted {
		b.findDrift(c)
	}
	for _, c := range b.changes {
		b.read(c)
	}
	b.leftDrift()
	for _, c := range b.changes {
		b.keeps(c)
	}
	b.sort()
	b.categorize()
	if scrub := b.secrets.scrub(); scrub != nil {
		b.report.eachText(scrub)
		b.seen.eachText(scrub)
	}
	b.report.known = b.index.identifying()
	b.report.count()
	return b.report
}

// read tells what one resource changes.
func (b *builder) read(c *change) {
	if c.imported {
		b.note("imported", c.address, "It is imported by this plan: what it holds comes under management as it is.")
	}
	switch c.typ {
	case "tenure_app_access", "tenure_group_members":
		b.readSet(c)
	case "tenure_account":
		b.readAccount(c)
	case "tenure_group_membership", "tenure_license_assignment":
		b.readAssignment(c)
	case "tenure_group":
		b.readGroup(c)
	case "tenure_cutoff":
		b.readCutoff(c)
	}
}

// grant adds something to a person.
func (b *builder) grant(key string, g Grant) {
	p := b.people[key]
	if p == nil {
		who := b.index.people[key]
		p = &Person{Key: key, PersonID: who.personID, Name: who.name, UserName: who.userName}
		b.people[key] = p
	}
	if g.Why == "" && g.Kind != Profile {
		g.Why = b.reasons[key][g.address()]
	}
	if g.Reason == "" {
		g.Reason = reasonOf(g.Why)
	}
	if g.Rules == nil {
		g.Rules = rulesIn(g.Why)
	}
	if g.Kind == License && !b.prices[g.Plan].cost(&g) {
		b.report.Summary.Unpriced++
	}
	p.Changes = append(p.Changes, g)
}

// address is how tenure_entitlements calls the grant in its reasons.
func (g *Grant) address() string {
	a := g.Access()
	return a.String()
}

// holds remembers that somebody has, or will have, an account.
func (b *builder) holds(key string, before, after bool) {
	h := b.accounts[key]
	b.accounts[key] = holding{h.before || before, h.after || after}
}

func (b *builder) note(code, resource, text string) {
	n := Note{Code: code, Text: text, Resource: resource}
	if !slices.Contains(b.report.Notes, n) {
		b.report.Notes = append(b.report.Notes, n)
	}
}

// sort puts people and what they hold into an order that the same plan always gives.
func (b *builder) sort() {
	for _, p := range b.people {
		slices.SortFunc(p.Changes, func(x, y Grant) int {
			return cmp.Or(
				cmp.Compare(x.App, y.App), cmp.Compare(slices.Index(Kinds(), x.Kind), slices.Index(Kinds(), y.Kind)), cmp.Compare(x.Name, y.Name),
				cmp.Compare(slices.Index(Effects(), x.Effect), slices.Index(Effects(), y.Effect)), cmp.Compare(x.Value, y.Value),
				cmp.Compare(x.Plan, y.Plan), cmp.Compare(x.Resource, y.Resource), cmp.Compare(x.Action, y.Action),
			)
		})
	}
	r := b.report
	slices.SortFunc(r.Objects, func(x, y Object) int {
		return cmp.Or(cmp.Compare(x.App, y.App), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Plan, y.Plan), cmp.Compare(x.Resource, y.Resource))
	})
	slices.SortFunc(r.Findings, func(x, y Finding) int {
		return cmp.Or(
			cmp.Compare(severityRank(y.Severity), severityRank(x.Severity)), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.App, y.App),
			cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Fingerprint, y.Fingerprint),
		)
	})
	slices.SortFunc(r.Notes, func(x, y Note) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.Resource, y.Resource), cmp.Compare(x.Text, y.Text))
	})
}

// categorize decides under which heading each person stands.
func (b *builder) categorize() {
	r := b.report
	r.People = make([]Person, 0, len(b.people))
	for key, p := range b.people {
		p.Category = category(p, b.accounts[key])
		r.People = append(r.People, *p)
	}
	order := make(map[Category]int)
	for i, c := range Categories() {
		order[c] = i
	}
	slices.SortFunc(r.People, func(x, y Person) int {
		return cmp.Or(
			cmp.Compare(order[x.Category], order[y.Category]), cmp.Compare(strings.ToLower(x.Label()), strings.ToLower(y.Label())), cmp.Compare(x.Key, y.Key),
		)
	})
}

func category(p *Person, had holding) Category {
	var writes, gainsAccount, losesAccount, leaves, drift, enrolled, held bool
	for i := range p.Changes {
		g := &p.Changes[i]
		drift = drift || g.Drift != ""
		held = held || g.Effect == Held
		if !g.Writes() || g.Drift != "" {
			continue
		}
		if g.enrolled {
			enrolled = true
			continue
		}
		writes = true
		leaves = leaves || g.Effect == Lose && (g.Reason == ByLeaving || g.Reason == ByCutoff)
		if g.Kind == Account {
			gainsAccount = gainsAccount || g.Effect == Gain
			losesAccount = losesAccount || g.Effect == Lose
		}
	}
	switch {
	case leaves, losesAccount && !gainsAccount && !had.after:
		return Leaver
	case gainsAccount && !had.before:
		return Joiner
	case writes:
		return Mover
	case drift:
		return Drifted
	case held:
		return HeldBack
	case enrolled:
		return Enrolled
	}
	return Stranger
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
