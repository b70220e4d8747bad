package sandbox

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// projection is what attributes and excludedAttributes ask for (RFC 7644 section 3.9).
type projection struct{ include, exclude []path }

func (d *Dialect) projection(s *schema, q url.Values) (projection, *scimError) {
	var p projection
	if d.NoProjection {
		return p, nil
	}
	if q.Get("attributes") != "" && q.Get("excludedAttributes") != "" {
		return p, refuse("invalidValue", "attributes and excludedAttributes exclude each other")
	}
	parse := func(list string) (ps []path, err *scimError) {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			at, err := s.parsePath(name)
			if err != nil {
				return nil, err
			}
			ps = append(ps, at)
		}
		return ps, nil
	}
	var err *scimError
	if p.include, err = parse(q.Get("attributes")); err != nil {
		return p, err
	}
	p.exclude, err = parse(q.Get("excludedAttributes"))
	return p, err
}

// wants reports whether any part of a core attribute is asked for.
func (p projection) wants(attr string) bool {
	if len(p.include) > 0 {
		return slices.ContainsFunc(p.include, func(at path) bool { return at.urn == "" && at.attr == attr })
	}
	return !slices.ContainsFunc(p.exclude, func(at path) bool { return at.urn == "" && at.attr == attr && at.sub == "" })
}

// trivial reports whether leaving out members and groups is all there is to do.
func (p projection) trivial() bool {
	return len(p.include) == 0 && !slices.ContainsFunc(p.exclude, func(at path) bool {
		return at.urn != "" || at.sub != "" || at.attr != "members" && at.attr != "groups"
	})
}

func (p projection) apply(o object) object {
	if len(p.include) == 0 {
		for _, at := range p.exclude {
			in := o
			if at.urn != "" {
				in, _ = o[at.urn].(object)
			}
			switch {
			case at.attr == "id" || at.attr == "schemas": // returned always
			case at.attr == "":
				delete(o, at.urn)
			case at.sub == "":
				delete(in, at.attr)
			default:
				for _, e := range flatten(in[at.attr]) {
					if e, ok := e.(object); ok {
						delete(e, at.sub)
					}
				}
			}
		}
		return o
	}
	out := object{"id": o["id"], "schemas": o["schemas"]}
	for _, at := range p.include {
		from, to := o, out
		if at.urn != "" {
			from, _ = o[at.urn].(object)
			if to, _ = out[at.urn].(object); to == nil && from != nil {
				to = object{}
				out[at.urn] = to
			}
		}
		switch {
		case from == nil:
		case at.attr == "":
			out[at.urn] = from
		case from[at.attr] != nil:
			to[at.attr] = only(to[at.attr], from[at.attr], at.sub)
		}
	}
	return out
}

// only adds the sub-attribute of have to what was kept of it so far, or all of it.
func only(kept, have any, sub string) any {
	if sub == "" {
		return have
	}
	if list, ok := have.([]any); ok {
		keptList, _ := kept.([]any)
		out := make([]any, len(list))
		for i, e := range list {
			var k any
			if i < len(keptList) {
				k = keptList[i]
			}
			out[i] = only(k, e, sub)
		}
		return out
	}
	out, _ := kept.(object)
	if out == nil {
		out = object{}
	}
	if e, ok := have.(object); ok && e[sub] != nil {
		out[sub] = e[sub]
	}
	return out
}

// render appends the representation of r. The caller holds s.mu. In a listing, a group may be
// without members.
func (s *Server) render(buf *bytes.Buffer, t *table, r *record, base string, p projection, listing bool) {
	if !p.trivial() {
		var whole bytes.Buffer
		s.renderWhole(&whole, t, r, base, p, listing)
		var o object
		if err := json.Unmarshal(whole.Bytes(), &o); err != nil {
			panic(err) // written by renderWhole
		}
		b, _ := json.Marshal(p.apply(o))
		buf.Write(b)
		return
	}
	s.renderWhole(buf, t, r, base, p, listing)
}

func (s *Server) renderWhole(buf *bytes.Buffer, t *table, r *record, base string, p projection, listing bool) {
	buf.WriteString(`{"id":`)
	writeString(buf, r.id)
	buf.WriteString(`,"meta":{"resourceType":"` + t.schema.name + `","created":"` + stamp(r.created) +
		`","lastModified":"` + stamp(r.modified) + `","location":`)
	writeString(buf, base+t.schema.endpoint+"/"+url.PathEscape(r.id))
	if s.opts.ETags {
		buf.WriteString(`,"version":`)
		writeString(buf, etag(r))
	}
	buf.WriteByte('}')
	switch {
	case t == s.users && !s.opts.NoUserGroups && p.wants("groups"):
		s.renderGroupsOf(buf, r, base)
	case t == s.groups && s.showsMembers(listing) && p.wants("members"):
		s.renderMembers(buf, r, base)
	}
	buf.WriteByte(',')
	buf.Write(r.body[1:])
}

func (s *Server) showsMembers(listing bool) bool {
	return s.opts.Members == MembersAlways || s.opts.Members == MembersGet && !listing
}

func (s *Server) renderMembers(buf *bytes.Buffer, r *record, base string) {
	buf.WriteString(`,"members":[`)
	n := 0
	s.members[r.id].each(func(m member) bool {
		if n > 0 {
			buf.WriteByte(',')
		}
		t, endpoint := s.users, "/Users/"
		if m.kind == "Group" {
			t, endpoint = s.groups, "/Groups/"
		}
		buf.WriteString(`{"value":`)
		writeString(buf, m.id)
		buf.WriteString(`,"$ref":`)
		writeString(buf, base+endpoint+url.PathEscape(m.id))
		buf.WriteString(`,"type":"` + m.kind + `","display":`)
		writeString(buf, t.byID[m.id].name)
		buf.WriteByte('}')
		n++
		return s.opts.MemberCap == 0 || n < s.opts.MemberCap
	})
	buf.WriteByte(']')
}

func (s *Server) renderGroupsOf(buf *bytes.Buffer, r *record, base string) {
	groups := s.groupsOf(r.id)
	if len(groups) == 0 {
		return
	}
	for i, g := range groups {
		sep := `,`
		if i == 0 {
			sep = `,"groups":[`
		}
		buf.WriteString(sep + `{"value":`)
		writeString(buf, g.id)
		buf.WriteString(`,"$ref":`)
		writeString(buf, base+"/Groups/"+url.PathEscape(g.id))
		buf.WriteString(`,"type":"direct","display":`)
		writeString(buf, g.name)
		buf.WriteByte('}')
	}
	buf.WriteByte(']')
}

// groupsOf are the groups that id is a direct member of, in listing order.
func (s *Server) groupsOf(id string) []*record {
	groups := make([]*record, 0, len(s.memberOf[id]))
	for g := range s.memberOf[id] {
		groups = append(groups, s.groups.byID[g])
	}
	sortRecords(groups)
	return groups
}

func sortRecords(rs []*record) {
	slices.SortFunc(rs, func(a, b *record) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
}

func etag(r *record) string { return `W/"` + strconv.Itoa(r.version) + `"` }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// writeString appends s as a JSON string; ids and user names rarely need escaping.
func writeString(buf *bytes.Buffer, s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b, _ := json.Marshal(s)
			buf.Write(b)
			return
		}
	}
	buf.WriteByte('"')
	buf.WriteString(s)
	buf.WriteByte('"')
}
