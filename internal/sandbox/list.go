package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// list answers a query of one collection (RFC 7644 section 3.4.2, RFC 9865).
func (s *Server) list(c *call, t *table) reply {
	filter := c.query.Get("filter")
	var e expr
	if filter != "" {
		var err *scimError
		if e, err = s.opts.filter(t.schema, filter); err != nil {
			return failure(err)
		}
	}
	proj, err := s.opts.projection(t.schema, c.query)
	if err != nil {
		return failure(err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := t.rows
	if e != nil {
		rows = s.search(t, filter, e)
	}
	pg, err := s.page(c, rows)
	if err != nil {
		return failure(err)
	}
	var buf bytes.Buffer
	buf.WriteString(`{"schemas":["` + messageURN + `ListResponse"]`)
	if !pg.byCursor || !s.opts.NoTotals {
		fmt.Fprintf(&buf, `,"totalResults":%d`, len(rows))
	}
	if !s.opts.MinimalLists {
		if !pg.byCursor {
			fmt.Fprintf(&buf, `,"startIndex":%d`, pg.start)
		}
		fmt.Fprintf(&buf, `,"itemsPerPage":%d`, len(pg.rows))
	}
	if pg.next != "" {
		buf.WriteString(`,"nextCursor":`)
		writeString(&buf, pg.next)
	}
	buf.WriteString(`,"Resources":[`)
	for i, r := range pg.rows {
		if i > 0 {
			buf.WriteByte(',')
		}
		s.render(&buf, t, r, c.base, proj, true)
	}
	buf.WriteString("]}")
	return reply{status: http.StatusOK, body: buf.Bytes()}
}

// pageOf is one page of a listing.
type pageOf struct {
	rows     []*record
	start    int    // 1-based, of what the client asked for
	next     string // nextCursor
	byCursor bool
}

// page cuts the asked page out of rows, as the paging style and a page fault have it.
func (s *Server) page(c *call, rows []*record) (pageOf, *scimError) {
	reach := len(rows) // a truncated listing ends before its own total
	if c.fault.Page == PageTruncated {
		if reach = c.fault.Rows; reach <= 0 {
			reach = len(rows) / 2
		}
		reach = min(reach, len(rows))
	}
	o := &s.opts
	if o.Paging == PagingNone {
		return pageOf{rows: rows[:reach], start: 1}, nil
	}
	count, err := intParam(c.query, "count", o.PageSize)
	if err != nil {
		return pageOf{}, err
	}
	asked := c.query.Has("cursor")
	if (o.Paging == PagingCursor || asked && (o.Paging == PagingBoth || o.Paging == PagingOptIn)) && c.query.Has("count") && (count < 0 || count > o.PageSize) {
		return pageOf{}, refuse("invalidCount", fmt.Sprintf("count must be from 0 to %d", o.PageSize))
	}
	count = min(max(count, 0), o.PageSize)
	switch {
	case o.Paging == PagingCursor, asked && (o.Paging == PagingBoth || o.Paging == PagingOptIn):
		return cursorPage(c, rows, reach, count)
	}
	start, err := intParam(c.query, "startIndex", 1)
	if err != nil {
		return pageOf{}, err
	}
	start = max(start, 1)
	from := start
	if o.Paging == PagingOptIn || o.Paging == PagingRepeat || c.fault.Page == PageRepeated {
		from = 1
	}
	lo := min(from-1, reach)
	return pageOf{rows: rows[lo:min(lo+count, reach)], start: start}, nil
}

// cursorPage pages by position of the last row seen, so that changes in between neither skip nor repeat.
func cursorPage(c *call, rows []*record, reach, count int) (pageOf, *scimError) {
	cursor := c.query.Get("cursor")
	lo := 0
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			return pageOf{}, refuse("invalidCursor", "the cursor is not one of this server's")
		}
		seq, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil {
			return pageOf{}, refuse("invalidCursor", "the cursor is not one of this server's")
		}
		lo = min(position(rows, seq+1), reach)
	}
	if c.fault.Page == PageRepeated {
		lo = 0
	}
	hi := min(lo+count, reach)
	p := pageOf{rows: rows[lo:hi], byCursor: true}
	switch {
	case c.fault.Page == PageRepeated && cursor != "":
		p.next = cursor
	case hi < reach && hi > lo:
		p.next = base64.RawURLEncoding.EncodeToString(strconv.AppendUint(nil, rows[hi-1].seq, 10))
	}
	return p, nil
}

func intParam(q url.Values, name string, def int) (int, *scimError) {
	text := q.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, refuse("invalidValue", name+" is not a number")
	}
	return n, nil
}

// scan is the last filtered result: paging through a filter must not match 100,000 rows per page.
type scan struct {
	table  *table
	filter string
	change uint64
	rows   []*record
}

// search finds the rows that match. The caller holds s.mu for reading.
func (s *Server) search(t *table, text string, e expr) []*record {
	s.scanMu.Lock()
	defer s.scanMu.Unlock()
	if s.scan.table == t && s.scan.filter == text && s.scan.change == s.change {
		return s.scan.rows
	}
	rows, exact, ok := s.candidates(t, e)
	if !ok {
		rows = t.rows
	}
	if !exact {
		var found []*record
		for _, r := range rows {
			if e.match(s.getter(t, r)) {
				found = append(found, r)
			}
		}
		rows = found
	}
	if !ok || len(rows) > s.opts.PageSize {
		s.scan = scan{t, text, s.change, rows}
	}
	return rows
}

// candidates narrows a filter to rows that an index knows, in listing order. exact says that they all
// match; ok is false when only a scan can tell.
func (s *Server) candidates(t *table, e expr) (rows []*record, exact, ok bool) {
	switch e := e.(type) {
	case compareExpr:
		value, isString := e.value.(string)
		if e.op != "eq" || !isString {
			return nil, false, false
		}
		return s.lookup(t, e.path.String(), value)
	case valueExpr:
		if inner, is := e.inner.(compareExpr); is && inner.op == "eq" && inner.path.attr == "value" {
			if value, isString := inner.value.(string); isString {
				return s.lookup(t, e.path.attr+".value", value)
			}
		}
	case andExpr:
		if rows, _, ok = s.candidates(t, e.left); !ok {
			rows, _, ok = s.candidates(t, e.right)
		}
		return rows, false, ok
	case orExpr:
		left, leftExact, ok1 := s.candidates(t, e.left)
		right, rightExact, ok2 := s.candidates(t, e.right)
		if !ok1 || !ok2 {
			return nil, false, false
		}
		rows = slices.Concat(left, right)
		sortRecords(rows)
		return slices.Compact(rows), leftExact && rightExact, true
	}
	return nil, false, false
}

func (s *Server) lookup(t *table, attr, value string) (rows []*record, exact, ok bool) {
	folds, isIndexed := indexed[attr]
	switch {
	case attr == "id":
		if r := t.byID[value]; r != nil {
			rows = []*record{r}
		}
	case attr == "groups.value" && t == s.users:
		if set := s.members[value]; set != nil {
			set.each(func(m member) bool {
				if m.kind == "User" {
					rows = append(rows, t.byID[m.id])
				}
				return true
			})
		}
	case attr == "members.value" && t == s.groups:
		rows = s.groupsOf(value)
	case isIndexed:
		if folds {
			value = fold(value)
		}
		rows = slices.Clone(t.index[indexKey{attr, value}])
	default:
		return nil, false, false
	}
	sortRecords(rows)
	return rows, true, true
}

// getter reads a stored record for the matching of a filter.
func (s *Server) getter(t *table, r *record) getter {
	var o object
	return func(p path) []any {
		if o == nil {
			o = s.opts.decode(r.body)
			o["id"] = r.id
			o["meta"] = object{"resourceType": t.schema.name, "created": stamp(r.created), "lastModified": stamp(r.modified)}
			if t == s.groups {
				o["members"] = s.memberValues(r.id)
			} else if t == s.users {
				var groups []any
				for _, g := range s.groupsOf(r.id) {
					groups = append(groups, object{"value": g.id, "display": g.name})
				}
				o["groups"] = groups
			}
		}
		return values(o, p)
	}
}

func (s *Server) memberValues(group string) []any {
	var list []any
	s.members[group].each(func(m member) bool {
		list = append(list, object{"value": m.id, "type": m.kind})
		return true
	})
	return list
}

// searchRequest is a query sent as a POST (RFC 7644 section 3.4.3).
func (s *Server) searchRequest(c *call, t *table) reply {
	var in struct {
		Schemas            []string `json:"schemas"`
		Attributes         []string `json:"attributes"`
		ExcludedAttributes []string `json:"excludedAttributes"`
		Filter             string   `json:"filter"`
		StartIndex         *int     `json:"startIndex"`
		Count              *int     `json:"count"`
		Cursor             *string  `json:"cursor"`
	}
	if json.Unmarshal(c.body, &in) != nil || !contains(in.Schemas, messageURN+"SearchRequest") {
		return failure(refuse("invalidSyntax", "the body is not a SearchRequest message"))
	}
	q := url.Values{}
	set := func(name, value string, given bool) {
		if given {
			q.Set(name, value)
		}
	}
	set("attributes", strings.Join(in.Attributes, ","), len(in.Attributes) > 0)
	set("excludedAttributes", strings.Join(in.ExcludedAttributes, ","), len(in.ExcludedAttributes) > 0)
	set("filter", in.Filter, in.Filter != "")
	if in.StartIndex != nil {
		set("startIndex", strconv.Itoa(*in.StartIndex), true)
	}
	if in.Count != nil {
		set("count", strconv.Itoa(*in.Count), true)
	}
	if in.Cursor != nil {
		set("cursor", *in.Cursor, true)
	}
	query := *c
	query.query = q
	return s.list(&query, t)
}
