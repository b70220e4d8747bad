package access

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// GrantKind is the kind of thing that a grant gives; the spelling is the second part of its address.
type GrantKind string

// The kinds of grants.
const (
	GrantAccount GrantKind = "accounts"
	GrantGroup   GrantKind = "groups"
	GrantLicense GrantKind = "licenses"
	GrantRole    GrantKind = "roles"
)

// Grant is one thing that a person can hold in an app. Its address is how policy, reports and the audit
// log call it: APP/accounts, APP/groups/GROUP, APP/licenses/PRODUCT/LICENSE, APP/roles/ROLE. The role that
// a member has inside a group is not part of the address.
type Grant struct {
	App  string
	Kind GrantKind
	// Name is the group, the product or the account role; "" for an account.
	Name string
	// License is set for licenses only.
	License string
}

// ParseGrant reads an address. A "/" or "%" inside a part is percent-encoded (RFC 3986, section 2.1).
func ParseGrant(s string) (Grant, error) {
	const forms = "APP/accounts, APP/groups/GROUP, APP/licenses/PRODUCT/LICENSE or APP/roles/ROLE"
	parts := strings.Split(s, "/")
	for i, p := range parts {
		u, err := url.PathUnescape(p)
		if err != nil {
			return Grant{}, fmt.Errorf("%q is not a grant address: a %% inside a name is written %%25", s)
		}
		if strings.TrimSpace(u) == "" {
			return Grant{}, fmt.Errorf("%q is not a grant address: a part is empty; write %s", s, forms)
		}
		parts[i] = u
	}
	if len(parts) < 2 {
		return Grant{}, fmt.Errorf("%q is not a grant address: write %s", s, forms)
	}
	g := Grant{App: parts[0], Kind: GrantKind(parts[1])}
	rest := parts[2:]
	want := 0
	switch g.Kind {
	case GrantAccount:
	case GrantGroup, GrantRole:
		want = 1
	case GrantLicense:
		want = 2
	default:
		return Grant{}, fmt.Errorf("%q is not a grant address: %q is not one of accounts, groups, licenses, roles", s, parts[1])
	}
	if len(rest) != want {
		return Grant{}, fmt.Errorf("%q is not a grant address: it has %d parts after %q instead of %d; write %s, and a / inside a name as %%2F",
			s, len(rest), parts[1], want, forms)
	}
	if want > 0 {
		g.Name = rest[0]
	}
	if want > 1 {
		g.License = rest[1]
	}
	return g, nil
}

// String is the address.
func (g Grant) String() string {
	s := EscapePart(g.App) + "/" + string(g.Kind)
	if g.Name != "" {
		s += "/" + EscapePart(g.Name)
	}
	if g.Kind == GrantLicense {
		s += "/" + EscapePart(g.License)
	}
	return s
}

// EscapePart makes a name safe as one part of an address or import id: "%", "/" and control characters are
// percent-encoded.
func EscapePart(s string) string {
	if strings.IndexFunc(s, encoded) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if encoded(r) {
			b.WriteString(url.PathEscape(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func encoded(r rune) bool { return r == '%' || r == '/' || unicode.IsControl(r) }
