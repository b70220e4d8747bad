package converge

import (
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Notes are what planning needs and state does not show. They travel in Terraform's private state and are
// written when the app is read and after an apply, never while planning: Terraform plans again inside
// apply, and the answer must be the same.
type Notes struct {
	// At is when the app was last read: the only clock that planning has.
	At time.Time `json:"at,omitzero"`
	// Imported is when the resource was imported, until the first apply. Fill asks the next Read to take
	// everything that the app shows for managed, because an import cannot know what will be.
	Imported time.Time `json:"imported,omitzero"`
	Fill     bool      `json:"fill,omitempty"`
	// Standings are the people who are not active in the rosters, by account key. Strays are the same for
	// user names that hold something and belong to no account key.
	Standings map[string]Standing `json:"standings,omitempty"`
	Strays    map[string]Standing `json:"strays,omitempty"`
	// RostersPending says that the rosters could not be asked, because their configuration is not known yet.
	RostersPending bool `json:"rosters_pending,omitempty"`
	// Reused are the user names in state that mean other accounts now.
	Reused map[Subject]Reuse `json:"reused,omitempty"`
	// Extended are the people who hold something, or to whom policy gives it, although they had left when this was noted.
	Extended map[string]bool `json:"extended,omitempty"`
	// Self is the user name of the account behind the credential, "" when it is not known.
	Self string `json:"self,omitempty"`
	// Keeper is the role of which a group must not lose the last holder, "" for none.
	Keeper string `json:"keeper,omitempty"`
	// Seen is when a stranger was first seen.
	Seen map[Subject]time.Time `json:"seen,omitempty"`
	// Aside remembers the accounts in State.Held that are in no map: their ids and names.
	Aside map[string]access.AccountRef `json:"aside,omitempty"`
	// Inactive are those of Aside whom somebody else deactivated: when they come back they stay so.
	Inactive map[string]bool `json:"inactive,omitempty"`
	// Values are the roles and licenses of those in State.Held.
	Values map[Subject]string `json:"values,omitempty"`
	// Via says what else gives a membership or license, which therefore cannot be taken away by itself; Any are
	// those that meet every value that configuration may ask for.
	Via map[Subject]string `json:"via,omitempty"`
	Any map[Subject]bool   `json:"any,omitempty"`
	// Suspended are the ids of accounts that Tenure itself deactivated because configuration said so.
	Suspended map[string]bool `json:"suspended,omitempty"`
	// Unbound are the keys of accounts on which the app holds nobody's person_id.
	Unbound map[string]bool `json:"unbound,omitempty"`
	// Groups are the groups that state knows by some name, with what they are called now.
	Groups map[string]GroupRef `json:"groups,omitempty"`
	// Holders are the account ids of user names in groups and licenses, where State.IDs does not tell.
	Holders map[access.GrantKind]Grants `json:"holders,omitempty"`
	// Whys are the reasons of policy for and against what configuration and state differ in, by subject.
	Whys map[Subject]string `json:"whys,omitempty"`
	// Expired are the subjects that somebody had by an exception which has ended.
	Expired map[Subject]bool `json:"expired,omitempty"`
	// OverlapDays is how long people who moved keep what they held, as policy says.
	OverlapDays int `json:"overlap_days,omitempty"`
	// Movers are the subjects whose people policy still gives something elsewhere: they moved, and did not leave.
	Movers map[Subject]bool `json:"movers,omitempty"`
	// Former are the earlier person_ids of people, as policy says (a rehire, a conversion).
	Former map[string][]string `json:"former,omitempty"`
	// Renamed are user names in state whose accounts have another name now.
	Renamed map[string]string `json:"renamed,omitempty"`
}

// GroupRef is a group's immutable id and present name.
type GroupRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Standing is what the rosters say about somebody. The zero Standing is an active person.
type Standing struct {
	// Stage is "" (active), "left", "dropped", "unknown" or "quarantined".
	Stage string `json:"stage"`
	// Why says it for people: "left on 2026-03-31".
	Why string `json:"why,omitempty"`
}

// The stages of a Standing.
const (
	StageLeft        = "left"
	StageDropped     = "dropped"
	StageUnknown     = "unknown"
	StageQuarantined = "quarantined"
)

func (n *Notes) holder(kind access.GrantKind, in, who string) string { return n.Holders[kind][in][who] }

func (n *Notes) setHolder(kind access.GrantKind, in, who, id string) {
	if n.Holders == nil {
		n.Holders = make(map[access.GrantKind]Grants)
	}
	if n.Holders[kind] == nil {
		n.Holders[kind] = make(Grants)
	}
	if n.Holders[kind][in] == nil {
		n.Holders[kind][in] = make(map[string]string)
	}
	n.Holders[kind][in][who] = id
}

// standing is what the rosters say about the person behind a user name.
func (n *Notes) standing(keys map[string]string, userName string) Standing {
	if k, ok := keys[userName]; ok {
		return n.Standings[k]
	}
	return n.Strays[userName]
}

// releaseWindow is how long after an import what configuration omits is released instead of removed,
// unless something is applied earlier: an empty first plan leaves no trace that would end it.
const releaseWindow = 7 * 24 * time.Hour

// releasing reports whether what configuration omits was only just imported.
func (n *Notes) releasing() bool {
	return !n.Imported.IsZero() && n.At.Sub(n.Imported) < releaseWindow
}
