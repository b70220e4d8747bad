package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// The keys of the file, in the order in which they are written.
const (
	documentKeys = "roles, self, last_id, accounts, groups, licenses"
	accountKeys  = "id, user_name, person_id, email, given_name, family_name, display_name, title, department, manager, role, active, last_login, never_used, created, external, sessions, attributes"
	groupKeys    = "id, name, description, members"
	poolKeys     = "product, license, total, assignees"
)

// decode reads the file strictly: an unknown or repeated key, a wrong type and a contradiction are
// problems, and all of them are named at once with line and column. encoding/json alone would let a
// misspelt or repeated key vanish, and the next write would make that permanent.
func decode(path string, data []byte) (*document, error) {
	if len(data) == 0 {
		return nil, &fault.Error{
			Kind: fault.Invalid, Cause: path + ":1:1: the file is empty (0 bytes), as an interrupted editor leaves it",
			State: "The file is left as it is.",
			Next:  "Restore it from version control or a backup, or delete it to begin with an empty app.",
		}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p := &parser{data: data}
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if !utf8.Valid(data) {
		p.problem(invalidUTF8(data), "the file is not UTF-8")
	} else if err := json.Unmarshal(data, &raw); errors.As(err, &syntax) {
		p.problem(max(0, min(int(syntax.Offset), len(data))-1), "not valid JSON: %v", err)
	} else if err != nil {
		p.problem(0, "not valid JSON: %v", err)
	}
	var d *document
	if len(p.problems) == 0 {
		p.dec = json.NewDecoder(bytes.NewReader(data))
		p.dec.UseNumber()
		d = p.document()
	}
	if len(p.problems) > 0 {
		return nil, &fault.Error{
			Kind: fault.Invalid, Cause: p.explain(path), State: "The file is left as it is.",
			Next: "Correct the file, or restore it from version control or a backup.",
		}
	}
	return d, nil
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return 0
}

// The things of the file with the places at which they were read.
type (
	placedAccount struct {
		*account
		at int
	}
	placedGroup struct {
		*group
		at    int
		names []placedName
	}
	placedPool struct {
		*pool
		at    int
		names []placedName
	}
	placedName struct {
		at         int
		name, role string
	}
)

func (p *parser) document() *document {
	d := &document{}
	var accounts []placedAccount
	var groups []placedGroup
	var pools []placedPool
	p.object("the file", documentKeys, func(key string, at int) bool {
		switch key {
		case "roles":
			d.roles = p.roles()
		case "self":
			d.self = p.text(key)
		case "last_id":
			d.lastID = p.count(key, 0)
		case "accounts":
			p.array(key, func(at int) { accounts = append(accounts, p.account(at)) })
		case "groups":
			p.array(key, func(at int) { groups = append(groups, p.group(at)) })
		case "licenses":
			p.array(key, func(at int) { pools = append(pools, p.pool(at)) })
		default:
			return false
		}
		return true
	})
	if len(p.problems) > 0 {
		return nil // what was misread would give misleading contradictions
	}
	p.joinAccounts(d, accounts)
	p.joinGroups(d, groups)
	p.joinPools(d, pools)
	return d
}

func (p *parser) roles() []string {
	var roles []string
	p.array("roles", func(at int) {
		role := p.text("role")
		if role == "" || slices.Contains(roles, role) {
			p.problem(at, "role %q is empty or there twice", role)
		}
		roles = append(roles, role)
	})
	return roles
}

func (p *parser) account(at int) placedAccount {
	a := &account{Account: access.Account{Active: true}}
	p.object("an account", accountKeys, func(key string, _ int) bool {
		if key == "sessions" {
			p.array(key, func(int) { a.sessions = append(a.sessions, p.text("a session")) })
			return true
		}
		return p.accountField(&a.Account, key)
	})
	a.key = fold(a.UserName)
	a.Status = status(a.Active)
	return placedAccount{a, at}
}

// accountField reads one field of an account; false means that there is no such key.
func (p *parser) accountField(a *access.Account, key string) bool {
	switch key {
	case "id":
		a.ID = p.text(key)
	case "active":
		a.Active = p.flag(key, true)
	case "last_login":
		a.LastLogin = p.instant(key)
	case "created":
		a.Created = p.instant(key)
	case "never_used":
		a.NeverUsed = p.flag(key, false)
	case "external":
		a.External = p.flag(key, false)
	case "attributes":
		a.Attributes = p.texts(key)
	default:
		if !slices.Contains(access.Fields(), access.Field(key)) {
			return false
		}
		a.Set(access.Field(key), p.text(key))
	}
	return true
}

func (p *parser) group(at int) placedGroup {
	g := placedGroup{group: &group{members: map[string]string{}}, at: at}
	p.object("a group", groupKeys, func(key string, at int) bool {
		switch key {
		case "id":
			g.id = p.text(key)
		case "name":
			g.name = p.text(key)
		case "description":
			g.description = p.text(key)
		case "members":
			p.object(key, "", func(name string, at int) bool {
				g.names = append(g.names, placedName{at, name, cmp.Or(p.text("the role of "+name), access.DefaultRole)})
				return true
			})
		default:
			return false
		}
		return true
	})
	g.key = fold(g.name)
	return g
}

func (p *parser) pool(at int) placedPool {
	l := placedPool{pool: &pool{total: unlimited, assignees: map[string]bool{}}, at: at}
	p.object("a license", poolKeys, func(key string, at int) bool {
		switch key {
		case "product":
			l.product = p.text(key)
		case "license":
			l.license = p.text(key)
		case "total":
			l.total = p.count(key, unlimited)
		case "assignees":
			p.array(key, func(at int) {
				l.names = append(l.names, placedName{at: at, name: p.text("an assignee")})
			})
		default:
			return false
		}
		return true
	})
	l.product = cmp.Or(l.product, l.license) // a product that has one license needs one name only
	return l
}

// once reports the second thing with the same value, pointing at the first.
func (p *parser) once(first map[string]int, value, what string, at int) {
	if before, twice := first[value]; twice {
		p.problems = append(p.problems, problem{offset: at, text: what + " is there twice", first: before})
		return
	}
	first[value] = at
}

func (p *parser) joinAccounts(d *document, accounts []placedAccount) {
	ids, names := make(map[string]int, len(accounts)), make(map[string]int, len(accounts))
	for _, a := range accounts {
		d.lastID = max(d.lastID, idNumber(a.ID))
	}
	for _, a := range accounts {
		switch {
		case strings.TrimSpace(a.UserName) == "":
			p.problem(a.at, "an account has no user_name")
		default:
			p.once(names, a.key, fmt.Sprintf("user_name %q", a.UserName), a.at)
		}
		if a.ID == "" {
			p.problem(a.at, "account %q has no id; give it one that was never used, such as %q",
				a.UserName, formatID(accountPrefix, d.lastID+1))
		} else {
			p.once(ids, a.ID, fmt.Sprintf("account id %q", a.ID), a.at)
		}
		d.accounts = append(d.accounts, a.account)
	}
	slices.SortFunc(d.accounts, func(a, b *account) int { return cmp.Compare(a.key, b.key) })
	d.byID = slices.Clone(d.accounts)
	slices.SortFunc(d.byID, func(a, b *account) int { return cmp.Compare(a.ID, b.ID) })
}

// idNumber is the number in an id that this package gave out, or zero.
func idNumber(id string) int {
	for _, prefix := range []string{accountPrefix, groupPrefix} {
		if digits, ok := strings.CutPrefix(id, prefix); ok {
			if n, err := strconv.Atoi(digits); err == nil {
				return max(n, 0)
			}
		}
	}
	return 0
}

func (p *parser) joinGroups(d *document, groups []placedGroup) {
	ids, names := map[string]int{}, map[string]int{}
	for _, g := range groups {
		d.lastID = max(d.lastID, idNumber(g.id))
	}
	for _, g := range groups {
		if strings.TrimSpace(g.name) == "" {
			p.problem(g.at, "a group has no name")
		} else {
			p.once(names, g.key, fmt.Sprintf("group %q", g.name), g.at)
		}
		if g.id == "" {
			p.problem(g.at, "group %q has no id; give it one that was never used, such as %q",
				g.name, formatID(groupPrefix, d.lastID+1))
		} else {
			p.once(ids, g.id, fmt.Sprintf("group id %q", g.id), g.at)
		}
		for _, m := range g.names {
			a := d.accountNamed(m.name)
			if a == nil {
				p.problem(m.at, "group %q has the member %q, but there is no such account", g.name, m.name)
				continue
			}
			if _, twice := g.members[a.ID]; twice {
				p.problem(m.at, "group %q has the member %q twice", g.name, m.name)
			}
			if !slices.Contains(d.groupRoles(), m.role) {
				p.problem(m.at, "role %q is not one of %s; new ones are declared in \"roles\"", m.role, strings.Join(d.groupRoles(), ", "))
			}
			g.members[a.ID] = m.role
		}
		d.groups = append(d.groups, g.group)
	}
	slices.SortFunc(d.groups, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
}

func (p *parser) joinPools(d *document, pools []placedPool) {
	first := map[string]int{}
	holders := map[string]map[string]string{} // product -> account id -> license
	for _, l := range pools {
		if l.license == "" {
			p.problem(l.at, "a license has no name in \"license\"")
		} else {
			p.once(first, l.product+"\x00"+l.license, fmt.Sprintf("license %q of product %q", l.license, l.product), l.at)
		}
		held := holders[l.product]
		if held == nil {
			held = map[string]string{}
			holders[l.product] = held
		}
		for _, m := range l.names {
			a := d.accountNamed(m.name)
			if a == nil {
				p.problem(m.at, "license %q is assigned to %q, but there is no such account", l.license, m.name)
				continue
			}
			switch other, holds := held[a.ID]; {
			case holds && other == l.license:
				p.problem(m.at, "license %q is assigned to %q twice", l.license, m.name)
			case holds:
				p.problem(m.at, "%q holds %q and %q of product %q, which exclude each other", m.name, other, l.license, l.product)
			}
			held[a.ID] = l.license
			l.assignees[a.ID] = true
		}
		d.pools = append(d.pools, l.pool)
	}
	slices.SortFunc(d.pools, comparePools)
}
