package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// account are the fields of an account, as tenure_account and the elements of accounts hold them. "" is null: an
// app that holds nothing there is shown as null too.
type account struct {
	UserName    string            `json:"user_name"`
	Email       string            `json:"email"`
	GivenName   string            `json:"given_name"`
	FamilyName  string            `json:"family_name"`
	DisplayName string            `json:"display_name"`
	Title       string            `json:"title"`
	Department  string            `json:"department"`
	Manager     string            `json:"manager"`
	Role        string            `json:"role"`
	Active      *bool             `json:"active"`
	Attributes  map[string]string `json:"attributes"`
}

// profile are the fields that say who somebody is, rather than what they may do.
func (a *account) profile() []struct{ name, value string } {
	list := []struct{ name, value string }{
		{"user_name", a.UserName},
		{"email", a.Email},
		{"given_name", a.GivenName},
		{"family_name", a.FamilyName},
		{"display_name", a.DisplayName},
		{"title", a.Title},
		{"department", a.Department},
		{"manager", a.Manager},
	}
	for _, k := range slices.Sorted(maps.Keys(a.Attributes)) {
		list = append(list, struct{ name, value string }{"attributes." + k, a.Attributes[k]})
	}
	return list
}

// name is what people call the person.
func (a *account) name() string {
	return cmp.Or(a.DisplayName, strings.TrimSpace(a.GivenName+" "+a.FamilyName))
}

func (a *account) inactive() bool { return a.Active != nil && !*a.Active }

// fieldChanges are the fields of a profile that differ. What is null afterwards is unmanaged and stays.
func fieldChanges(was, now *account) []Field {
	old := make(map[string]string)
	for _, f := range was.profile() {
		old[f.name] = f.value
	}
	var list []Field
	for _, f := range now.profile() {
		if f.value != "" && f.value != old[f.name] {
			list = append(list, Field{f.name, old[f.name], f.value})
		}
	}
	return list
}

// grants are who holds what: group to user name to role, product to user name to license.
type grants map[string]map[string]string

type heldValue struct {
	Reason string `json:"reason"`
	Since  string `json:"since"`
}

type explanation struct {
	Change string `json:"change"`
	Why    string `json:"why"`
}

// values are the attributes of any of our resources; each has some of them.
type values struct {
	account
	App         string `json:"app"`
	PersonID    string `json:"person_id"`
	Group       string `json:"group"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Product     string `json:"product"`
	License     string `json:"license"`
	OnRemoval   string `json:"on_removal"`
	OnDestroy   string `json:"on_destroy"`
	ID          string `json:"id"`
	AccountID   string `json:"account_id"`

	Accounts  map[string]account `json:"accounts"`
	Groups    grants             `json:"groups"`
	Licenses  grants             `json:"licenses"`
	Members   map[string]string  `json:"members"`
	IDs       map[string]string  `json:"ids"`
	People    map[string]string  `json:"people"`
	UserNames map[string]string  `json:"user_names"`

	RawHeld         map[string]heldValue   `json:"held"`
	RawStrangers    map[string]string      `json:"strangers"`
	RawExplanations map[string]explanation `json:"explanations"`

	held         map[subject]heldValue
	strangers    map[subject]string
	explanations map[subject]explanation
}

// subject is one thing that somebody holds in one resource: see converge.Subject, whose text it reads.
type subject struct {
	kind access.GrantKind
	in   string
	who  string
}

func accountOf(who string) subject { return subject{kind: access.GrantAccount, who: who} }

func parseSubject(s string) (subject, bool) {
	parts := strings.Split(s, "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = plain
		}
	}
	switch kind := access.GrantKind(parts[0]); {
	case kind == access.GrantAccount && len(parts) == 2:
		return accountOf(parts[1]), true
	case (kind == access.GrantGroup || kind == access.GrantLicense) && len(parts) == 3:
		return subject{kind, parts[1], parts[2]}, true
	}
	return subject{}, false
}

// settle brings the sets of tenure_group_members into the form of tenure_app_access.
func (v *values) settle(typ string) {
	of := parseSubject
	if typ == "tenure_group_members" {
		v.Groups = grants{v.Group: v.Members}
		of = func(who string) (subject, bool) { return subject{access.GrantGroup, v.Group, who}, true }
	}
	v.held, v.strangers, v.explanations = by(v.RawHeld, of), by(v.RawStrangers, of), by(v.RawExplanations, of)
	v.RawHeld, v.RawStrangers, v.RawExplanations = nil, nil, nil
}

func by[V any](raw map[string]V, of func(string) (subject, bool)) map[subject]V {
	m := make(map[subject]V, len(raw))
	for text, v := range raw {
		if s, ok := of(text); ok {
			m[s] = v
		}
	}
	return m
}

func (v *values) grants(kind access.GrantKind) grants {
	if kind == access.GrantGroup {
		return v.Groups
	}
	return v.Licenses
}

// unknowns tells what an apply will decide. Terraform leaves such values out of what it shows.
type unknowns struct{ parts map[string]json.RawMessage }

func unknownsOf(raw json.RawMessage) unknowns {
	var u unknowns
	if has(raw, "true") {
		_ = json.Unmarshal(raw, &u.parts) // true alone: nothing of the resource is shown at all
	}
	return u
}

// is reports whether the value at the path is not known as a whole.
func (u unknowns) is(path ...string) bool {
	parts := u.parts
	for i, p := range path {
		raw := parts[p]
		if bytes.Equal(raw, []byte("true")) {
			return true
		}
		if i == len(path)-1 || !has(raw, "true") {
			return false
		}
		parts = nil
		if json.Unmarshal(raw, &parts) != nil {
			return false
		}
	}
	return false
}

// keys are the members of the map at name that are not known as a whole.
func (u unknowns) keys(name string) []string {
	var m map[string]json.RawMessage
	if !has(u.parts[name], "true") || json.Unmarshal(u.parts[name], &m) != nil {
		return nil
	}
	var list []string
	for k, raw := range m {
		if bytes.Equal(raw, []byte("true")) {
			list = append(list, k)
		}
	}
	return list
}

// change is one of our resources, taken apart.
type change struct {
	plan          int
	address       string
	typ           string
	action        string
	imported      bool
	before, after *values
	unknown       unknowns
}

// open takes a resource change apart. Values that are marked sensitive do not get any further.
func (b *builder) open(plan int, raw *resourceChange) (*change, error) {
	c := &change{
		plan: plan, address: raw.Address, typ: raw.Type, action: action(raw.Change.Actions), unknown: unknownsOf(raw.Change.AfterUnknown),
		imported: len(raw.Change.Importing) > 0 && !bytes.Equal(raw.Change.Importing, []byte("null")),
	}
	for _, side := range []struct {
		raw, mask json.RawMessage
		into      **values
	}{{raw.Change.Before, raw.Change.BeforeSensitive, &c.before}, {raw.Change.After, raw.Change.AfterSensitive, &c.after}} {
		if len(side.raw) == 0 || bytes.Equal(side.raw, []byte("null")) {
			continue
		}
		v := new(values)
		all, err := b.secrets.open(side.raw, side.mask, v)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", raw.Address, err)
		}
		if all || has(side.mask, "true") {
			b.note("sensitive", raw.Address, "Some of its values are marked sensitive and are not shown.")
		}
		v.settle(raw.Type)
		*side.into = v
	}
	return c, nil
}
