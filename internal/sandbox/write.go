package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// memberEdit is one step on a member list, in the order of the request.
type memberEdit struct {
	clear  bool // everybody goes first
	match  expr // whom a value filter selects goes
	add    []member
	remove []string
}

type memberEdits []memberEdit

// asked counts the members that a request names.
func (es memberEdits) asked() int {
	n := 0
	for _, e := range es {
		n += len(e.add) + len(e.remove)
		if e.match != nil {
			walk(e.match, func(string) {}, func(path) { n++ })
		}
	}
	return n
}

// put replaces a resource (RFC 7644 section 3.5.1). The caller holds s.mu.
func (s *Server) put(c *call, t *table, old *record) reply {
	in, err := parseObject(c.body)
	if err == nil {
		err = t.schema.requireSchema(in)
	}
	if err != nil {
		return failure(err)
	}
	o, err := t.schema.normalize(in, &s.opts.Dialect)
	if err != nil && s.opts.PutMerges {
		// What is required may be left out when the rest stays.
		whole := s.opts.decode(old.body)
		merge(whole, in)
		o, err = t.schema.normalize(whole, &s.opts.Dialect)
	}
	if err != nil {
		return failure(err)
	}
	_, saysMembers := o["members"]
	var edits memberEdits
	if t == s.groups {
		if edits, err = s.membersIn(o); err != nil {
			return failure(err)
		}
		if saysMembers || !s.opts.PutMerges {
			edits = append(memberEdits{{clear: true}}, edits...)
		}
	}
	if s.opts.PutMerges {
		whole := s.opts.decode(old.body)
		merge(whole, o)
		o = whole
	}
	if _, says := o["active"]; !says && t == s.users {
		o["active"] = true
	}
	return s.commit(c, t, old, o, edits, http.StatusOK)
}

// patch changes a resource, all operations or none. The caller holds s.mu.
func (s *Server) patch(c *call, t *table, old *record) reply {
	ops, err := parsePatch(c.body, s.opts.MaxOperations)
	if err != nil {
		return failure(err)
	}
	o := s.opts.decode(old.body)
	var edits memberEdits
	for _, op := range ops {
		if t == s.groups {
			took, es, err := s.memberOperation(op)
			if err != nil {
				return failure(err)
			}
			if edits = append(edits, es...); took {
				continue
			}
			// The rest of a pathless value is patched as usual.
			op.Value = withoutMembers(op)
		}
		if err := t.schema.patch(o, op, &s.opts.Dialect); err != nil {
			return failure(err)
		}
	}
	if o, err = t.schema.normalize(o, &s.opts.Dialect); err != nil {
		return failure(err)
	}
	return s.commit(c, t, old, o, edits, http.StatusOK)
}

// commit stores what a PUT or PATCH came to.
func (s *Server) commit(c *call, t *table, old *record, o object, edits memberEdits, status int) reply {
	if err := s.opts.tooMany(edits); err != nil {
		return failure(err)
	}
	if t == s.users && o["active"] == false && s.opts.DeactivateDeletes {
		s.drop(t, old)
		return reply{status: http.StatusNoContent}
	}
	r, err := s.store(t, old, o)
	if err != nil {
		return failure(err)
	}
	added, removed := s.applyMembers(r.id, edits)
	var out reply
	if c.method == http.MethodPatch && s.opts.PatchNoContent {
		out = reply{status: http.StatusNoContent}
		if s.opts.ETags {
			out.etag = etag(r)
		}
	} else {
		proj, err := s.opts.projection(t.schema, c.query)
		if err != nil {
			proj = projection{}
		}
		out = s.shown(c, t, r, status, proj)
	}
	out.memberChanges, out.added, out.removed = edits.asked(), added, removed
	return out
}

func (d *Dialect) tooMany(edits memberEdits) *scimError {
	if d.MaxMemberChanges > 0 && edits.asked() > d.MaxMemberChanges {
		return &scimError{http.StatusRequestEntityTooLarge, "tooMany", "too many member changes in one request"}
	}
	return nil
}

// membersIn takes the members out of a group's representation.
func (s *Server) membersIn(o object) (memberEdits, *scimError) {
	list := flatten(o["members"])
	delete(o, "members")
	if len(list) == 0 {
		return nil, nil
	}
	add, err := s.membersOf(list)
	return memberEdits{{add: add}}, err
}

// membersOf resolves member values; an account that does not exist refuses the whole request.
func (s *Server) membersOf(list []any) ([]member, *scimError) {
	out := make([]member, 0, len(list))
	for _, e := range list {
		o, _ := e.(object)
		id, _ := get(o, "value").(string)
		switch {
		case id == "":
			return nil, refuse("invalidValue", "a member has no value")
		case s.users.byID[id] != nil:
			out = append(out, member{id, "User"})
		case s.groups.byID[id] != nil:
			out = append(out, member{id, "Group"})
		default:
			return nil, &scimError{s.opts.UnknownMember, "invalidValue", "there is no account " + id}
		}
	}
	return out, nil
}

// memberOperation reads an operation on the members of a group; took says that there is nothing else in it.
func (s *Server) memberOperation(op operation) (took bool, edits memberEdits, err *scimError) {
	var value any
	if len(op.Value) > 0 {
		if json.Unmarshal(op.Value, &value) != nil {
			return false, nil, refuse("invalidSyntax", "the value is not JSON")
		}
	}
	if op.Path == "" {
		set, _ := value.(object)
		if members, ok := set[spelled(set, "members")]; ok {
			edits, err = s.memberChange(op.Op, members)
			return len(set) == 1, edits, err
		}
		return false, nil, nil
	}
	at, err := s.groups.schema.parsePath(op.Path)
	if err != nil {
		return false, nil, err
	}
	if at.attr != "members" {
		return false, nil, nil
	}
	switch {
	case at.filter != nil && s.opts.NoMemberPath:
		return false, nil, refuse("invalidPath", "a filter in the path of members is not supported")
	case at.sub != "" || at.filter != nil && op.Op != "remove":
		return false, nil, refuse("mutability", "the values of members cannot be changed")
	case at.filter != nil:
		return true, memberEdits{{match: at.filter}}, nil
	}
	edits, err = s.memberChange(op.Op, value)
	return true, edits, err
}

// memberChange is an operation on members as a whole.
func (s *Server) memberChange(op string, value any) (memberEdits, *scimError) {
	list := flatten(value)
	if op == "remove" && len(list) > 0 && s.opts.MemberRemoval != RemovesAll {
		if s.opts.MemberRemoval == RemovesFirst {
			list = list[:1]
		}
		var ids []string
		for _, e := range list {
			o, _ := e.(object)
			id, _ := get(o, "value").(string)
			if id == "" {
				return nil, refuse("invalidValue", "a member has no value")
			}
			ids = append(ids, id)
		}
		return memberEdits{{remove: ids}}, nil
	}
	if op != "add" && s.opts.NoMemberReplace {
		return nil, refuse("invalidValue", "the members cannot be replaced as a whole")
	}
	if op == "remove" {
		return memberEdits{{clear: true}}, nil
	}
	add, err := s.membersOf(list)
	return memberEdits{{clear: op == "replace", add: add}}, err
}

// withoutMembers is the pathless value of op less its members.
func withoutMembers(op operation) json.RawMessage {
	if op.Path != "" || !strings.Contains(strings.ToLower(string(op.Value)), "members") {
		return op.Value
	}
	var set object
	if json.Unmarshal(op.Value, &set) != nil || set == nil {
		return op.Value
	}
	delete(set, spelled(set, "members"))
	b, _ := json.Marshal(set)
	return b
}

// applyMembers carries out edits that have been checked. The caller holds s.mu.
func (s *Server) applyMembers(group string, edits memberEdits) (added, removed int) {
	set := s.members[group]
	for _, e := range edits {
		if e.clear {
			set.each(func(m member) bool {
				delete(s.memberOf[m.id], group)
				return true
			})
			removed += set.len()
			set = newMemberSet()
			s.members[group] = set
		}
		for _, id := range append(set.matching(e.match), e.remove...) {
			if set.remove(id) {
				delete(s.memberOf[id], group)
				removed++
			}
		}
		for _, m := range e.add {
			if set.add(m) {
				if s.memberOf[m.id] == nil {
					s.memberOf[m.id] = map[string]struct{}{}
				}
				s.memberOf[m.id][group] = struct{}{}
				added++
			}
		}
	}
	return added, removed
}
