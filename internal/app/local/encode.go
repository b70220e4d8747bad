package local

import (
	"bytes"
	"encoding/json"
	"time"
)

// The shapes in which the file is written; empty values are left out. decode.go reads the same keys.
type (
	accountText struct {
		ID          string            `json:"id"`
		UserName    string            `json:"user_name"`
		PersonID    string            `json:"person_id,omitempty"`
		Email       string            `json:"email,omitempty"`
		GivenName   string            `json:"given_name,omitempty"`
		FamilyName  string            `json:"family_name,omitempty"`
		DisplayName string            `json:"display_name,omitempty"`
		Title       string            `json:"title,omitempty"`
		Department  string            `json:"department,omitempty"`
		Manager     string            `json:"manager,omitempty"`
		Role        string            `json:"role,omitempty"`
		Active      bool              `json:"active"`
		LastLogin   time.Time         `json:"last_login,omitzero"`
		NeverUsed   bool              `json:"never_used,omitempty"`
		Created     time.Time         `json:"created,omitzero"`
		External    bool              `json:"external,omitempty"`
		Sessions    []string          `json:"sessions,omitempty"`
		Attributes  map[string]string `json:"attributes,omitempty"`
	}
	groupText struct {
		ID          string  `json:"id"`
		Name        string  `json:"name"`
		Description string  `json:"description,omitempty"`
		Members     members `json:"members"`
	}
	poolText struct {
		Product   string   `json:"product"`
		License   string   `json:"license"`
		Total     *int     `json:"total"`
		Assignees []string `json:"assignees"`
	}
	// members is a JSON object in the order given, which is the order people read names in.
	members []member
	member  struct{ name, role string }
)

// MarshalJSON implements json.Marshaler.
func (ms members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range ms {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(marshal(m.name, ""))
		b.WriteByte(':')
		b.Write(marshal(m.role, ""))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// write encodes the document: sorted, indented, one block for each thing, and the same bytes for the
// same content. Blocks that did not change are not encoded again.
func (d *document) write(w *bytes.Buffer) {
	w.WriteString("{\n")
	if d.roles != nil {
		w.WriteString(`  "roles": `)
		w.Write(marshal(d.roles, "  "))
		w.WriteString(",\n")
	}
	if d.self != "" {
		w.WriteString(`  "self": `)
		w.Write(marshal(d.self, ""))
		w.WriteString(",\n")
	}
	w.WriteString(`  "last_id": `)
	w.Write(marshal(d.lastID, ""))
	writeList(w, "accounts", d.accounts, (*account).encode)
	writeList(w, "groups", d.groups, func(g *group) []byte { return g.encode(d) })
	writeList(w, "licenses", d.pools, func(p *pool) []byte { return p.encode(d) })
	w.WriteString("\n}\n")
}

func writeList[T any](w *bytes.Buffer, key string, list []T, encode func(T) []byte) {
	w.WriteString(",\n  \"" + key + "\": [")
	for i, v := range list {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString("\n    ")
		w.Write(encode(v))
	}
	if len(list) > 0 {
		w.WriteString("\n  ")
	}
	w.WriteByte(']')
}

func (a *account) encode() []byte {
	if a.text == nil {
		a.text = marshal(accountText{
			ID: a.ID, UserName: a.UserName, PersonID: a.PersonID, Email: a.Email, GivenName: a.GivenName,
			FamilyName: a.FamilyName, DisplayName: a.DisplayName, Title: a.Title, Department: a.Department,
			Manager: a.Manager, Role: a.Role, Active: a.Active, LastLogin: a.LastLogin,
			NeverUsed: a.NeverUsed, Created: a.Created, External: a.External, Sessions: a.sessions, Attributes: a.Attributes,
		}, "    ")
	}
	return a.text
}

func (g *group) encode(d *document) []byte {
	if g.text == nil {
		t := groupText{ID: g.id, Name: g.name, Description: g.description, Members: members{}}
		for _, a := range named(d, g.members) {
			t.Members = append(t.Members, member{a.UserName, g.members[a.ID]})
		}
		g.text = marshal(t, "    ")
	}
	return g.text
}

func (p *pool) encode(d *document) []byte {
	if p.text == nil {
		t := poolText{Product: p.product, License: p.license, Assignees: []string{}}
		if p.total != unlimited {
			t.Total = &p.total
		}
		for _, a := range named(d, p.assignees) {
			t.Assignees = append(t.Assignees, a.UserName)
		}
		p.text = marshal(t, "    ")
	}
	return p.text
}

// marshal encodes v for people: indented where prefix is the indentation of its first line, and without
// the escapes that only HTML needs.
func marshal(v any, prefix string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if prefix != "" {
		enc.SetIndent(prefix, "  ")
	}
	if err := enc.Encode(v); err != nil {
		panic("local: encode " + err.Error()) // only strings, numbers and times go in
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
