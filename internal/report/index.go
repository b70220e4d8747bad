package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// index knows which user name is whose, over all apps and plans.
type index struct {
	people map[string]*identity         // by key
	in     map[string]map[string]string // app → user name without case → key
	any    map[string]string            // user name without case → key; "" when two people have it
	extra  map[string]bool              // other words that tell who somebody is
}

// identity is who somebody is.
type identity struct{ personID, name, userName string }

func newIndex() index {
	return index{people: make(map[string]*identity), in: make(map[string]map[string]string), any: make(map[string]string), extra: make(map[string]bool)}
}

// learn takes the people out of a resource. What is planned says better who somebody is than what was.
func (x *index) learn(c *change) {
	for _, v := range []*values{c.after, c.before} {
		if v == nil {
			continue
		}
		for key, a := range v.Accounts {
			x.person(v.App, key, key, &a)
		}
		if c.typ == "tenure_account" && v.PersonID != "" {
			x.person(v.App, v.PersonID, v.PersonID, &v.account)
		}
		for id, name := range v.UserNames {
			x.person(v.App, id, id, &account{UserName: name})
		}
		for id := range v.People {
			x.person(v.App, id, id, &account{})
		}
		for _, id := range v.IDs {
			x.extra[id] = true
		}
		if v.AccountID != "" {
			x.extra[v.AccountID] = true
		}
		for s, id := range v.strangers {
			x.extra[s.who] = true
			if s.kind == access.GrantAccount {
				x.extra[id] = true
			}
		}
		for s := range v.held {
			x.extra[s.who] = true
		}
		for _, g := range []grants{v.Groups, v.Licenses} {
			for _, holders := range g {
				for who := range holders {
					x.extra[who] = true
				}
			}
		}
		if v.UserName != "" {
			x.extra[v.UserName] = true
		}
		if c.typ == "tenure_account" {
			if v.ID != "" {
				x.extra[v.ID] = true
			}
			x.words(&v.account)
		}
	}
}

func (x *index) person(app, key, personID string, a *account) {
	who := x.people[key]
	if who == nil {
		who = &identity{}
		x.people[key] = who
	}
	who.personID = cmp.Or(who.personID, personID)
	who.name = cmp.Or(who.name, a.name())
	who.userName = cmp.Or(who.userName, a.UserName)
	x.words(a)
	if a.UserName == "" || a.UserName == hidden {
		return
	}
	name := strings.ToLower(a.UserName)
	if x.in[app] == nil {
		x.in[app] = make(map[string]string)
	}
	if _, known := x.in[app][name]; !known {
		x.in[app][name] = key
	}
	if other, known := x.any[name]; known && other != key {
		key = ""
	}
	x.any[name] = key
}

// words are remembered for redaction only.
func (x *index) words(a *account) {
	for _, s := range []string{a.UserName, a.Email, a.GivenName, a.FamilyName, a.DisplayName, a.Manager} {
		if s != "" {
			x.extra[s] = true
		}
	}
}

// keyOf is the person behind a user name of an app: that of an account there, else of the only person with an
// account of this name anywhere, else nobody but the name.
func (x *index) keyOf(app, userName string) string {
	name := strings.ToLower(userName)
	if key, ok := x.in[app][name]; ok {
		return key
	}
	if key := x.any[name]; key != "" {
		return key
	}
	if x.people[userName] == nil {
		x.people[userName] = &identity{userName: userName}
	}
	return userName
}

// named adds the name of somebody whom only a user name stands for.
func (x *index) named(key string, a *account) {
	if who := x.people[key]; who != nil {
		who.name = cmp.Or(who.name, a.name())
		who.userName = cmp.Or(who.userName, a.UserName)
	}
}

// identifying is every word that tells who somebody is.
func (x *index) identifying() map[string]bool {
	for key, who := range x.people {
		for _, s := range []string{key, who.personID, who.name, who.userName} {
			if s != "" {
				x.extra[s] = true
			}
		}
	}
	return x.extra
}

// longestFirst are the keys, the longest first.
func longestFirst(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for s := range m {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	return list
}
