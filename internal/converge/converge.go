// Package converge makes an app hold exactly what configuration says, for a whole app or one group at a
// time: what was known and what the app shows become the state ([Refresh]), state and configuration become
// the planned state ([Plan]), and the difference between the two is carried out ([Apply]). It knows no
// Terraform, no clock and no connector, so all of it is tested without them.
//
// Two rules hold everywhere. What is carried out is what the difference between prior and planned state
// shows, nothing else: nobody loses anything that the plan did not name. And whatever is kept although
// configuration no longer asks for it has a place, [State].Held, with the reason.
package converge

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Unknown stands for a value that is not known before the apply: an id that the app will give, or a value
// of configuration that another resource will have.
const Unknown = "\x00unknown"

// Active and Attributes are fields of an [Account] beside those of [access.Fields]: Active is "true",
// "false" or absent; Attributes is only ever present as Unknown, when the whole map is.
const (
	Active     access.Field = "active"
	Attributes access.Field = "attributes"
)

// Account is one element of the accounts map. A field that is absent is null: unmanaged.
type Account struct {
	Fields map[access.Field]string
	// Attributes are the extra attributes; nil is null.
	Attributes map[string]string
}

// UserName is the user name, or "" while it is not known.
func (a Account) UserName() string {
	if n := a.Fields[access.UserName]; n != Unknown {
		return n
	}
	return ""
}

// Equal reports whether both hold the same.
func (a Account) Equal(b Account) bool {
	return maps.Equal(a.Fields, b.Fields) && maps.Equal(a.Attributes, b.Attributes) && (a.Attributes == nil) == (b.Attributes == nil)
}

// Subject is one thing that somebody can hold here. In is the group or the product and "" for accounts;
// Who is the user name, for managed accounts the key.
type Subject struct {
	Kind access.GrantKind
	In   string
	Who  string
}

// String is accounts/KEY, groups/GROUP/USER_NAME or licenses/PRODUCT/USER_NAME, percent-encoded within.
func (s Subject) String() string {
	if s.Kind == access.GrantAccount {
		return string(s.Kind) + "/" + access.EscapePart(s.Who)
	}
	return string(s.Kind) + "/" + access.EscapePart(s.In) + "/" + access.EscapePart(s.Who)
}

// ParseSubject is the inverse of String.
func ParseSubject(s string) (Subject, error) {
	parts := strings.Split(s, "/")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil {
			return Subject{}, fmt.Errorf("%q is not a subject: %w", s, err)
		}
		parts[i] = plain
	}
	switch kind := access.GrantKind(parts[0]); {
	case kind == access.GrantAccount && len(parts) == 2:
		return Subject{Kind: kind, Who: parts[1]}, nil
	case (kind == access.GrantGroup || kind == access.GrantLicense) && len(parts) == 3:
		return Subject{kind, parts[1], parts[2]}, nil
	}
	return Subject{}, fmt.Errorf("%q is not a subject", s)
}

// MarshalText makes subjects keys of JSON objects.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *Subject) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSubject(string(b))
	return err
}

func account(who string) Subject { return Subject{Kind: access.GrantAccount, Who: who} }

// Reason says why something is held.
type Reason string

// The reasons of the contract that arise here.
const (
	Dropped              Reason = "dropped_from_roster"
	UnknownStatus        Reason = "unknown_status"
	Quarantined          Reason = "quarantined"
	Protected            Reason = "protected"
	Grace                Reason = "grace"
	DeactivatedElsewhere Reason = "deactivated_elsewhere"
	Kept                 Reason = "kept"
	Overlap              Reason = "overlap"
)

// uncertain reports whether somebody is held because it is not known what is to become of them. They may be back
// tomorrow, so it is remembered that somebody deactivated them meanwhile.
func (r Reason) uncertain() bool {
	return r == Dropped || r == UnknownStatus || r == Quarantined || r == Overlap
}

// Held is something that is kept although configuration does not ask for it. Since is RFC 3339.
type Held struct {
	Reason Reason
	Since  string
}

// Explanation says what happens to a subject and why.
type Explanation struct{ Change, Why string }

// Grants are who holds what: by group, the role of each user name; by product, the license.
type Grants map[string]map[string]string

func (g Grants) clone() Grants {
	if g == nil {
		return nil
	}
	out := make(Grants, len(g))
	for in, holders := range g {
		out[in] = maps.Clone(holders)
	}
	return out
}

// State is one app, or one group of it, as Terraform's state holds it.
type State struct {
	Accounts map[string]Account
	IDs      map[string]string // account id by key
	Groups   Grants            // nil: not managed
	Licenses Grants            // nil: not managed
	Held     map[Subject]Held
	// Strangers are what is there and in no configuration: the account's id, the role, the license.
	Strangers    map[Subject]string
	Explanations map[Subject]Explanation
}

// NewState is a state that holds nothing.
func NewState() State {
	return State{
		Accounts: map[string]Account{}, IDs: map[string]string{}, Held: map[Subject]Held{},
		Strangers: map[Subject]string{}, Explanations: map[Subject]Explanation{},
	}
}

// Grants gives the groups or the licenses.
func (s *State) Grants(kind access.GrantKind) Grants {
	if kind == access.GrantGroup {
		return s.Groups
	}
	return s.Licenses
}

func (s *State) grants(kind access.GrantKind) *Grants {
	if kind == access.GrantGroup {
		return &s.Groups
	}
	return &s.Licenses
}

// Clone copies the maps; accounts are shared, as nothing changes one in place.
func (s State) Clone() State {
	return State{
		maps.Clone(s.Accounts), maps.Clone(s.IDs), s.Groups.clone(), s.Licenses.clone(),
		maps.Clone(s.Held), maps.Clone(s.Strangers), maps.Clone(s.Explanations),
	}
}

func grantKinds() [2]access.GrantKind {
	return [2]access.GrantKind{access.GrantGroup, access.GrantLicense}
}

// Config is what the resource's arguments say. Accounts, Groups and Licenses may hold Unknown.
type Config struct {
	Accounts  map[string]Account
	Groups    Grants
	Licenses  Grants
	Rosters   bool // rosters are named, so absence can be told from leaving
	Remove    map[access.GrantKind]bool
	OnDropped string // "hold", "remove"
	OnRemoval access.Disposition
	Grace     time.Duration
}

func (c *Config) grants(kind access.GrantKind) Grants {
	if kind == access.GrantGroup {
		return c.Groups
	}
	return c.Licenses
}

// Rules are what the app block says about people.
type Rules struct {
	App      string // the app block's name
	FoldCase bool   // user names that differ only in case are one
	Fields   []access.Field
	// Bound says that a person_id on an account proves whose it is.
	Bound     bool
	Protected func(userName string) bool
	// Own reports whether the account is the one behind the credential. It may ask the app, so only refusals
	// depend on it; what is planned depends on Notes.Self. Nil knows of none.
	Own func(userName string) bool
	// Keeper is the role of which a group must not lose the last holder; "" for none. See access.KeeperRole.
	Keeper  string
	Ignored func(userName string) bool
}

func (r *Rules) fold(name string) string {
	if r.FoldCase {
		return strings.ToLower(name)
	}
	return name
}
