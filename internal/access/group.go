package access

import "strings"

// Group is a group itself. Members are carried only when a listing brought them along.
type Group struct {
	ID          string // immutable, assigned by the app
	Name        string
	Description string
	// ReadOnly says why the membership cannot be written ("filled by a group rule"), or is empty.
	ReadOnly string
	// Members are the direct members, valid only when MembersKnown. An absent list is not an empty one.
	Members      []Member
	MembersKnown bool
}

// Member is one direct membership.
type Member struct {
	AccountID string
	// UserName is what the app said beside the id, if it did; the id decides.
	UserName string
	// Role is "member" where the app knows no roles.
	Role string
	// Nested marks a group inside the group: listed, never expanded, never written.
	Nested bool
	// Via says what else makes the membership ("group rule Engineers"); such a one cannot be removed by itself, and
	// asking for the person is met by it.
	Via string
	// RoleFixed says that the app decides the role whatever is asked for (GitHub: an organization owner is a maintainer
	// of each of its teams): any role that configuration names counts as held, and none is written.
	RoleFixed bool
}

// KeeperRole is the role whose last holder a group must not lose without an approval: of those that roles names, the
// strongest, which is the first of owner, admin, manager and maintainer in whatever case. It is "" where roles names
// none of them.
func KeeperRole(roles []string) string {
	for _, strong := range []string{"owner", "admin", "manager", "maintainer"} {
		for _, r := range roles {
			if strings.EqualFold(r, strong) {
				return r
			}
		}
	}
	return ""
}

// DefaultRole is the role of a member where nobody says otherwise.
const DefaultRole = "member"

// GroupSpec is what a group should become; a nil field is left alone.
type GroupSpec struct {
	Name        *string
	Description *string
}

// MemberChange adds an account to a group, changes its role, or removes it.
type MemberChange struct {
	Account AccountRef
	Role    string // ignored when Remove
	Remove  bool
}

// Pool is a stock of one license. Product is a family of mutually exclusive licenses; where the vendor
// has no family, Product and License are one name.
type Pool struct {
	Product string
	License string
	// Total and Used are counts of seats; -1 means that the app does not say.
	Total int
	Used  int
}

// Assignment is one license held by one account.
type Assignment struct {
	AccountID string
	UserName  string // as Member.UserName
	License   string
	// Via says what else gives the license ("group engineering"); such an assignment cannot be removed by itself.
	Via string
}

// LicenseChange assigns a license of a product to an account (replacing another one of the same
// product), or removes it.
type LicenseChange struct {
	Account AccountRef
	License string
	Remove  bool
}
