package local

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// document is the content of the file. Once published it never changes, so readers need no lock; an edit
// works on its own copies.
type document struct {
	roles    []string   // as the file declares them; nil means defaultRoles
	self     string     // user name of the account that stands for the credential; "" for none
	lastID   int        // the number in the last id given out, or the highest one seen
	accounts []*account // by key
	byID     []*account // the same accounts by id
	groups   []*group   // by key
	pools    []*pool    // by product and license
}

type account struct {
	access.Account
	key string // fold(UserName)
	// sessions are what lets somebody work without signing in again, by names of the file's own.
	sessions []string
	text     []byte // encoded, once the writer needed it; only the writer touches it
}

type group struct {
	id, name, description string
	key                   string            // fold(name)
	members               map[string]string // account id -> role
	text                  []byte            // as account.text
}

type pool struct {
	product, license string
	total            int // unlimited when negative
	assignees        map[string]bool
	text             []byte // as account.text
}

const unlimited = -1

var defaultRoles = []string{access.DefaultRole, "owner", "admin"}

// fold makes names comparable that differ only in case.
func fold(name string) string { return strings.ToLower(name) }

func (d *document) groupRoles() []string {
	if d.roles == nil {
		return defaultRoles
	}
	return d.roles
}

func (d *document) account(id string) *account {
	i, ok := slices.BinarySearchFunc(d.byID, id, accountID)
	if !ok {
		return nil
	}
	return d.byID[i]
}

func (d *document) accountNamed(name string) *account {
	i, ok := slices.BinarySearchFunc(d.accounts, fold(name), accountKey)
	if !ok {
		return nil
	}
	return d.accounts[i]
}

func (d *document) group(id string) *group {
	for _, g := range d.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

func (d *document) groupNamed(name string) *group {
	i, ok := slices.BinarySearchFunc(d.groups, fold(name), groupKey)
	if !ok {
		return nil
	}
	return d.groups[i]
}

// product lists the pools of one product.
func (d *document) product(name string) []*pool {
	var ps []*pool
	for _, p := range d.pools {
		if p.product == name {
			ps = append(ps, p)
		}
	}
	return ps
}

// named resolves account ids and sorts the accounts as people read them.
func named[V any](d *document, ids map[string]V) []*account {
	out := make([]*account, 0, len(ids))
	for id := range ids {
		out = append(out, d.account(id))
	}
	slices.SortFunc(out, func(a, b *account) int { return cmp.Compare(a.key, b.key) })
	return out
}

func accountID(a *account, id string) int   { return cmp.Compare(a.ID, id) }
func accountKey(a *account, key string) int { return cmp.Compare(a.key, key) }
func groupKey(g *group, key string) int     { return cmp.Compare(g.key, key) }

func comparePools(a, b *pool) int {
	return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(a.license, b.license))
}
