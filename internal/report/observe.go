package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// observed is what one plan looked at, beside what it changes: the populations and registers of an evidence pack. A
// nil one takes nothing in.
type observed struct {
	apps       []Population
	rosters    []RosterCount
	exceptions []Exception
	conflicts  []Conflict
	employed   map[string]employment // by person_id
	ended      map[string]string     // cutoffs of tenure_entitlements: when access ended and why, by person_id
	accounts   map[holder]string     // whose account an id is: the key in configuration, else the user name
	named      map[holder]bool       // groups and products by their names
}

// holder is an account by its id (the audit log knows no better where an app does not tell whose it is), or a group by
// its name.
type holder struct{ app, id string }

func newObserved() *observed {
	return &observed{employed: make(map[string]employment), ended: make(map[string]string), accounts: make(map[holder]string), named: make(map[holder]bool)}
}

// learn remembers whose account an id is.
func (o *observed) learn(c *change) {
	for _, v := range []*values{c.before, c.after} {
		if v == nil {
			continue
		}
		for _, sets := range []grants{v.Groups, v.Licenses} {
			for name := range sets {
				o.named[holder{v.App, name}] = true
			}
		}
		for key, id := range v.IDs {
			o.accounts[holder{v.App, id}] = key
		}
		for s, id := range v.strangers {
			if s.kindOf() == Account {
				o.accounts[holder{v.App, id}] = s.who
			}
		}
		switch {
		case c.typ == "tenure_account" && v.ID != "":
			o.accounts[holder{v.App, v.ID}] = cmp.Or(v.PersonID, v.UserName)
		case v.AccountID != "" && v.UserName != "":
			o.accounts[holder{v.App, v.AccountID}] = v.UserName
		}
	}
}

// employment is what a tenure_roster in the plan tells of somebody's dates.
type employment struct{ start, end string }

// Population is one resource as a plan found the app, before it changes anything.
type Population struct {
	Source    int // index in Evidence.Sources
	App       string
	Resource  string
	Whole     bool // it lists everything in the app, or in the group; false: it reads single ones
	New       bool // not in state yet: nothing is counted
	Managed   int  // accounts in configuration
	Held      int  // accounts kept although configuration does not ask for them
	Strangers int  // accounts in no configuration
	Groups    int
	Members   int // in all of them, strangers included
	Products  int
	Assignees int // of all of them, strangers included
}

// Accounts is how many accounts the app listed.
func (p *Population) Accounts() int { return p.Managed + p.Held + p.Strangers }

// RosterCount is the people whom a data source read.
type RosterCount struct {
	Source   int
	Resource string
	Rosters  []string
	People   int            // -1 where the plan does not tell
	Stages   map[string]int // tenure_roster tells them
	Given    int            // accounts that policy gives, of tenure_entitlements
}

// Exception is an exception, an override or a waiver of a conflict as it stands in configuration.
type Exception struct {
	Source   int // the last plan with it
	First    int // and the first one
	Kind     string
	Resource string
	PersonID string
	Grants   []string
	Reason   string
	Approver string
	Starts   string
	Ends     string // when it stops counting
	Detail   string // of an override: what moves; of a waiver: which conflict
}

// Conflict is a rule about what nobody may hold together.
type Conflict struct {
	Source, First int
	Resource      string
	Name          string
	Grants        []string
	Waivers       int
}

// count takes in what a resource held when it was read.
func (o *observed) count(c *change) {
	if o == nil {
		return
	}
	o.learn(c)
	v := c.before
	p := Population{Resource: c.address, New: v == nil}
	if v == nil {
		v = c.after
	}
	if v == nil || v.App == "" {
		return
	}
	p.App, p.Whole = v.App, c.typ == "tenure_app_access" || c.typ == "tenure_group_members"
	if !p.New {
		p.fill(c.typ, v)
	}
	o.apps = append(o.apps, p)
}

func (p *Population) fill(typ string, v *values) {
	switch typ {
	case "tenure_account", "tenure_cutoff":
		p.Managed = max(1, len(v.People))
		return
	case "tenure_group_membership":
		p.Members = 1
		return
	case "tenure_license_assignment":
		p.Assignees = 1
		return
	case "tenure_group":
		p.Groups = 1
		return
	}
	p.Managed, p.Groups, p.Products = len(v.Accounts), len(v.Groups), len(v.Licenses)
	for _, members := range v.Groups {
		p.Members += len(members)
	}
	for _, holders := range v.Licenses {
		p.Assignees += len(holders)
	}
	for s := range v.strangers {
		switch s.kindOf() {
		case Group:
			p.Members++
		case License:
			p.Assignees++
		case Account, Role, Profile:
			p.Strangers++
		}
	}
	for s := range v.held {
		if _, managed := v.Accounts[s.who]; s.kindOf() == Account && !managed {
			p.Held++
		}
	}
}

// read takes in a data source.
func (o *observed) read(secrets *secrets, d dataSource) error {
	switch d.typ {
	case "tenure_roster":
		return o.readRoster(secrets, d)
	case "tenure_entitlements":
		return o.readPolicy(secrets, d)
	}
	return nil
}

func (o *observed) readRoster(secrets *secrets, d dataSource) error {
	var v struct {
		Rosters []string       `json:"rosters"`
		Counts  map[string]int `json:"counts"`
		People  map[string]struct {
			Start       string `json:"start_date"`
			LastDay     string `json:"last_working_day"`
			End         string `json:"end_date"`
			ContractEnd string `json:"contract_end_date"`
		} `json:"people"`
	}
	if _, err := secrets.open(d.values, d.sensitive, &v); err != nil {
		return err
	}
	n := RosterCount{Resource: d.address, Rosters: v.Rosters, People: len(v.People), Stages: v.Counts}
	o.rosters = append(o.rosters, n)
	for id, p := range v.People {
		if e := (employment{p.Start, cmp.Or(p.LastDay, p.End, p.ContractEnd)}); e != (employment{}) {
			o.employed[id] = e
		}
	}
	return nil
}

// granted is what a rule-like block gives.
type granted struct {
	Accounts   []string                     `json:"accounts"`
	Groups     map[string][]string          `json:"groups"`
	GroupRoles map[string]map[string]string `json:"group_roles"`
	Licenses   map[string]map[string]string `json:"licenses"`
	Roles      map[string]string            `json:"roles"`
}

func (g *granted) addresses() []string {
	set := make(map[string]bool)
	add := func(app string, kind Kind, name, value string) {
		grant := Grant{App: app, Kind: kind, Name: name, Value: value}
		set[grant.address()] = true
	}
	for _, app := range g.Accounts {
		add(app, Account, "", "")
	}
	for app, groups := range g.Groups {
		for _, group := range groups {
			add(app, Group, group, "")
		}
	}
	for app, groups := range g.GroupRoles {
		for group := range groups {
			add(app, Group, group, "")
		}
	}
	for app, products := range g.Licenses {
		for product, license := range products {
			add(app, License, product, license)
		}
	}
	for app, role := range g.Roles {
		add(app, Role, "", role)
	}
	return slices.Sorted(maps.Keys(set))
}

func (o *observed) readPolicy(secrets *secrets, d dataSource) error {
	type dated struct {
		PersonID string `json:"person_id"`
		Reason   string `json:"reason"`
		Approver string `json:"approved_by"`
		Starts   string `json:"starts_at"`
		Ends     string `json:"expires_at"`
	}
	var v struct {
		Rosters    []string          `json:"rosters"`
		Counts     map[string]int    `json:"counts"`
		Cutoffs    map[string]string `json:"cutoffs"`
		Exceptions []struct {
			dated
			granted
		} `json:"exception"`
		Overrides []struct {
			dated
			Begin json.RawMessage `json:"access_starts_at"`
			End   json.RawMessage `json:"access_ends_at"`
		} `json:"override"`
		Conflicts []struct {
			Name    string   `json:"name"`
			Grants  []string `json:"grants"`
			Waivers []dated  `json:"waiver"`
		} `json:"conflict"`
	}
	if _, err := secrets.open(d.values, d.sensitive, &v); err != nil {
		return err
	}
	n := RosterCount{Resource: d.address, Rosters: v.Rosters, People: -1}
	for grant, holders := range v.Counts {
		if strings.HasSuffix(grant, "/accounts") && strings.Count(grant, "/") == 1 {
			n.Given += holders
		}
	}
	o.rosters = append(o.rosters, n)
	maps.Copy(o.ended, v.Cutoffs)
	add := func(kind string, x dated, grants []string, detail string) {
		o.exceptions = append(o.exceptions, Exception{
			Kind: kind, Resource: d.address, PersonID: x.PersonID, Grants: grants, Reason: x.Reason, Approver: x.Approver, Starts: x.Starts, Ends: x.Ends, Detail: detail,
		})
	}
	for _, x := range v.Exceptions {
		add("exception", x.dated, x.addresses(), "")
	}
	for _, x := range v.Overrides {
		var detail []string
		if begin := text(x.Begin); begin != "" {
			detail = append(detail, "access starts at "+begin)
		}
		if end := text(x.End); end != "" {
			detail = append(detail, "access ends at "+end)
		}
		add("override", x.dated, nil, strings.Join(detail, ", "))
	}
	for _, c := range v.Conflicts {
		o.conflicts = append(o.conflicts, Conflict{Resource: d.address, Name: c.Name, Grants: c.Grants, Waivers: len(c.Waivers)})
		for _, w := range c.Waivers {
			add("waiver", w, c.Grants, fmt.Sprintf("conflict %q", c.Name))
		}
	}
	return nil
}

// eachText passes every text through f.
func (o *observed) eachText(f func(string) string) {
	if o == nil {
		return
	}
	all := func(texts ...*string) {
		for _, t := range texts {
			*t = f(*t)
		}
	}
	each := func(list []string) {
		for i := range list {
			list[i] = f(list[i])
		}
	}
	for i := range o.apps {
		all(&o.apps[i].App, &o.apps[i].Resource)
	}
	for i := range o.rosters {
		all(&o.rosters[i].Resource)
		each(o.rosters[i].Rosters)
	}
	for i := range o.exceptions {
		x := &o.exceptions[i]
		all(&x.Resource, &x.PersonID, &x.Reason, &x.Approver, &x.Starts, &x.Ends, &x.Detail)
		each(x.Grants)
	}
	for i := range o.conflicts {
		x := &o.conflicts[i]
		all(&x.Resource, &x.Name)
		each(x.Grants)
	}
	for id, why := range o.ended {
		o.ended[id] = f(why)
	}
}
