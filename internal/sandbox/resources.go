package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// call is one SCIM request, from the wire or from inside a bulk request.
type call struct {
	method               string
	endpoint, id         string // "/Users" and what follows it
	query                url.Values
	body                 []byte
	ifMatch, ifNoneMatch string
	base                 string // absolute URL of the service
	fault                Fault  // what the page faults of a listing need
}

// reply is the answer to a call.
type reply struct {
	status         int
	body           []byte
	location, etag string
	memberChanges  int // asked for, whether or not they changed anything
	added, removed int // what it came to
}

func failure(e *scimError) reply {
	return reply{status: e.status, body: errorBody(e.status, e.typ, e.detail)}
}

// resource performs a call on a collection or one resource.
func (s *Server) resource(c *call, t *table) reply {
	if c.id == "" {
		switch c.method {
		case http.MethodGet:
			return s.list(c, t)
		case http.MethodPost:
			return s.create(c, t)
		}
		return failure(&scimError{status: http.StatusMethodNotAllowed, detail: c.method + " is not possible on " + c.endpoint})
	}
	if c.id == ".search" && c.method == http.MethodPost {
		return s.searchRequest(c, t)
	}
	if !s.allowed(c.method, t) {
		return failure(&scimError{status: http.StatusMethodNotAllowed, detail: c.method + " is not supported for " + c.endpoint})
	}
	if c.method == http.MethodGet {
		return s.read(c, t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := t.byID[c.id]
	if r == nil {
		return failure(notFound(t, c.id))
	}
	if s.opts.ETags && c.ifMatch != "" && c.ifMatch != "*" && c.ifMatch != etag(r) {
		return failure(&scimError{http.StatusPreconditionFailed, "", "the resource has changed"})
	}
	switch c.method {
	case http.MethodPut:
		return s.put(c, t, r)
	case http.MethodPatch:
		return s.patch(c, t, r)
	}
	return s.delete(t, r)
}

func (s *Server) allowed(method string, t *table) bool {
	o := &s.opts
	switch method {
	case http.MethodGet, http.MethodDelete:
		return true
	case http.MethodPut:
		return t == s.users && !o.NoUserPut || t == s.groups && !o.NoGroupPut
	case http.MethodPatch:
		return t == s.users && !o.NoUserPatch || t == s.groups && !o.NoGroupPatch
	}
	return false
}

func notFound(t *table, id string) *scimError {
	return &scimError{status: http.StatusNotFound, detail: t.schema.name + " " + id + " not found"}
}

func (s *Server) read(c *call, t *table) reply {
	proj, err := s.opts.projection(t.schema, c.query)
	if err != nil {
		return failure(err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := t.byID[c.id]
	if r == nil {
		return failure(notFound(t, c.id))
	}
	if s.opts.ETags && c.ifNoneMatch != "" && c.ifNoneMatch == etag(r) {
		return reply{status: http.StatusNotModified, etag: etag(r)}
	}
	return s.shown(c, t, r, http.StatusOK, proj)
}

// shown is a reply with the representation of r. The caller holds s.mu.
func (s *Server) shown(c *call, t *table, r *record, status int, p projection) reply {
	var buf bytes.Buffer
	s.render(&buf, t, r, c.base, p, false)
	out := reply{status: status, body: buf.Bytes(), location: c.base + t.schema.endpoint + "/" + url.PathEscape(r.id)}
	if s.opts.ETags {
		out.etag = etag(r)
	}
	return out
}

func (s *Server) create(c *call, t *table) reply {
	in, err := parseObject(c.body)
	if err == nil {
		err = t.schema.requireSchema(in)
	}
	if err != nil {
		return failure(err)
	}
	o, err := t.schema.normalize(in, &s.opts.Dialect)
	if err != nil {
		return failure(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, changes, err := s.insert(t, o, "")
	if err != nil {
		return failure(err)
	}
	proj, err := s.opts.projection(t.schema, c.query)
	if err != nil {
		proj = projection{}
	}
	out := s.shown(c, t, r, http.StatusCreated, proj)
	out.memberChanges, out.added = changes, changes
	return out
}

// insert stores a new resource under id, or an id of the server's choice, and answers how many members
// it got. The caller holds s.mu.
func (s *Server) insert(t *table, o object, id string) (*record, int, *scimError) {
	var members memberEdits
	if t == s.groups {
		edits, err := s.membersIn(o)
		if err == nil {
			err = s.opts.tooMany(edits)
		}
		if err != nil {
			return nil, 0, err
		}
		if !s.opts.NoInitialMembers {
			members = edits
		}
	} else if _, ok := o["active"]; !ok {
		o["active"] = true
	}
	if ext, _ := o["externalId"].(string); id == "" && s.opts.IDIsExternalID && t == s.users && ext != "" {
		id = ext
	}
	if id == "" {
		id = s.newID()
	}
	if t.byID[id] != nil {
		return nil, 0, &scimError{http.StatusConflict, "uniqueness", "the id " + id + " is taken"}
	}
	now := s.opts.Now()
	s.seq++
	r := &record{id: id, seq: s.seq, version: 1, created: now, modified: now}
	if err := s.fill(t, r, nil, o); err != nil {
		return nil, 0, err
	}
	t.insert(r)
	added := 0
	if t == s.groups {
		s.members[id] = newMemberSet()
		added, _ = s.applyMembers(r.id, members)
	}
	s.change++
	return r, added, nil
}

// fill completes a record from its attributes: rewriting, uniqueness, encoding, index keys.
func (s *Server) fill(t *table, r, old *record, o object) *scimError {
	if t == s.users {
		s.mask(r, old, o)
		r.off = o["active"] == false
		r.name, _ = o["userName"].(string)
	} else {
		if s.opts.SlugGroupNames {
			o["displayName"] = slug(o["displayName"].(string))
		}
		r.name, _ = o["displayName"].(string)
	}
	r.keys = t.keysOf(o)
	for _, k := range r.keys {
		unique := k.attr == "userName" || k.attr == "displayName" && t == s.groups && !s.opts.DuplicateGroupNames ||
			k.attr == "externalId" && s.opts.UniqueExternalIDs
		if other := t.find(k.attr, k.value); unique && other != nil && other.id != r.id {
			return &scimError{http.StatusConflict, "uniqueness", fmt.Sprintf("another %s has this %s", t.schema.name, k.attr)}
		}
	}
	r.body = s.opts.encode(o)
	return nil
}

// mask applies what the dialect does to user names: rewriting, and hiding while inactive.
func (s *Server) mask(r, old *record, o object) {
	name, _ := o["userName"].(string)
	switch s.opts.UserNames {
	case RewriteLower:
		name = strings.ToLower(name)
	case RewriteShortcode:
		if !strings.HasSuffix(name, "_acme") && (old == nil || old.masked == nil) {
			name, _, _ = strings.Cut(name, "@")
			name = strings.ReplaceAll(name, ".", "-") + "_acme"
		}
	}
	o["userName"] = name
	if !s.opts.MaskInactive {
		return
	}
	off := o["active"] == false
	switch {
	case off && (old == nil || old.masked == nil):
		r.masked = object{"userName": o["userName"], "emails": o["emails"]}
		o["userName"] = fmt.Sprintf("%016x", mix(r.seq))
		delete(o, "emails")
	case off:
		r.masked = old.masked
		o["userName"] = old.name
	case old != nil && old.masked != nil:
		o["userName"] = old.masked["userName"]
		if _, ok := o["emails"]; !ok && old.masked["emails"] != nil {
			o["emails"] = old.masked["emails"]
		}
	}
}

// store replaces old by new attributes. The caller holds s.mu.
func (s *Server) store(t *table, old *record, o object) (*record, *scimError) {
	if s.opts.NoReactivate && t == s.users && old.off && o["active"] == true {
		return nil, refuse("mutability", "an inactive user cannot become active again")
	}
	r := &record{id: old.id, seq: old.seq, version: old.version + 1, created: old.created, modified: s.opts.Now()}
	if err := s.fill(t, r, old, o); err != nil {
		return nil, err
	}
	s.change++
	t.replace(old, r)
	return r, nil
}

func (s *Server) delete(t *table, r *record) reply {
	if t == s.users {
		switch s.opts.UserDelete {
		case DeleteForbidden:
			return failure(&scimError{status: http.StatusMethodNotAllowed, detail: "users cannot be deleted"})
		case DeleteDeactivates:
			o := s.opts.decode(r.body)
			o["active"] = false
			if _, err := s.store(t, r, o); err != nil {
				return failure(err)
			}
			return reply{status: http.StatusNoContent}
		}
	}
	s.drop(t, r)
	return reply{status: http.StatusNoContent}
}

// drop removes a resource and every membership it has or gives. The caller holds s.mu.
func (s *Server) drop(t *table, r *record) {
	s.change++
	for g := range s.memberOf[r.id] {
		s.members[g].remove(r.id)
	}
	delete(s.memberOf, r.id)
	if t == s.groups {
		s.members[r.id].each(func(m member) bool {
			delete(s.memberOf[m.id], r.id)
			return true
		})
		delete(s.members, r.id)
	}
	t.remove(r)
}

// slug is Sentry's form of a name.
func slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
