package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
)

// maxEmptyPages bounds a server that hands out cursors without rows.
const maxEmptyPages = 50

// listing is one walk over a collection. It ends well only when it has seen as many different resources
// as the server says there are: what is missing from a short listing would be taken for gone.
type listing struct {
	app      *App
	endpoint string
	op       string
	subject  string
	query    []httpclient.Param
	size     int
}

func (a *App) listing(endpoint, op, subject string, query ...httpclient.Param) *listing {
	return &listing{app: a, endpoint: endpoint, op: op, subject: subject, query: query, size: a.dialect.PageSize}
}

// listPage is a ListResponse (RFC 7644 section 3.4.2, RFC 9865 section 2).
type listPage struct {
	Total      *int // nil when not told
	Rows       []object
	NextCursor string

	raw json.RawMessage // the rows as the server wrote them
}

// UnmarshalJSON takes what servers send: counts as strings, Resources left out when empty.
func (p *listPage) UnmarshalJSON(b []byte) error {
	var in struct {
		Schemas      []any
		TotalResults json.RawMessage
		Resources    json.RawMessage
		NextCursor   *string
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	p.Total = count(in.TotalResults)
	if in.NextCursor != nil {
		p.NextCursor = *in.NextCursor
	}
	isList := p.Total != nil || in.Resources != nil
	for _, s := range in.Schemas {
		isList = isList || strings.EqualFold(text(s), listMessage)
	}
	if !isList {
		return errNoList
	}
	if in.Resources == nil {
		return nil
	}
	p.raw = in.Resources
	return json.Unmarshal(in.Resources, &p.Rows)
}

var errNoList = errors.New("not a SCIM list")

func count(raw json.RawMessage) *int {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// position is where the next page starts.
type position struct {
	start  int    // for index paging, from 1
	cursor string // for cursor paging, "" at first
	by     string // "index", "cursor" or "none"

	cursors map[string]bool // so far
	empty   int             // pages without a row
}

func (l *listing) firstPage() position {
	return position{start: 1, by: l.app.dialect.Paging, cursors: map[string]bool{}}
}

// page reads one page.
func (l *listing) page(ctx context.Context, at position) (*listPage, error) {
	query := append([]httpclient.Param(nil), l.query...)
	size := httpclient.Param{Key: "count", Value: strconv.Itoa(l.size)}
	switch at.by {
	case "index":
		query = append(query, httpclient.Param{Key: "startIndex", Value: strconv.Itoa(at.start)}, size)
	case "cursor":
		bare := at.cursor == "" && *l.app.dialect.BareCursor
		query = append(query, httpclient.Param{Key: "cursor", Value: at.cursor, Bare: bare}, size)
	}
	resp, err := l.app.client.Do(ctx, httpclient.Request{
		Op: l.op, Subject: l.subject, Method: http.MethodGet, Path: []string{l.endpoint}, Query: query,
	})
	if errors.Is(err, fault.NotFound) { // a collection that does not exist is a wrong address, not an empty one
		var f *fault.Error
		errors.As(err, &f)
		wrong := *f
		wrong.Kind, wrong.Cause = fault.Invalid, "there is no collection /"+l.endpoint+" at the address of the app"
		wrong.Next = "Check base_url: /Users and /Groups are appended to it."
		return nil, &wrong
	}
	if err != nil {
		return nil, err
	}
	var p listPage
	if err := resp.Decode(&p); err != nil {
		if json.Valid(resp.Body) && len(resp.Body) > 0 {
			return nil, l.fail(fault.Invalid, "the answer is JSON, but no SCIM list", "Check base_url.")
		}
		return nil, err
	}
	return &p, nil
}

func (l *listing) fail(k fault.Kind, cause, next string) error {
	return l.app.fault(&fault.Error{Kind: k, Cause: cause, Next: next}, l.op, l.subject)
}

// rows walks all pages and yields each resource once.
func (l *listing) rows(ctx context.Context) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		seen := map[string]bool{}
		again := true // index pages shift when rows come and go meanwhile: then the walk is repeated, once
		for {
			shifted, total, err := l.walk(ctx, seen, yield)
			switch {
			case errors.Is(err, errStop):
				return
			case err != nil:
				yield(nil, err)
				return
			case total <= len(seen):
				return
			case shifted && again:
				again = false
			default:
				yield(nil, l.fail(fault.Unavailable,
					fmt.Sprintf("the listing stops at %d of %d; nothing can be concluded from it", len(seen), total),
					"Run again; if it stays so, set paging or page_size in the override block as the app wants them."))
				return
			}
		}
	}
}

var errStop = errors.New("the caller has seen enough")

// walk goes over the pages once. It answers the total that the server told last (0 when none), and
// whether rows were seen twice, which happens when the collection changes under index paging.
func (l *listing) walk(ctx context.Context, seen map[string]bool, yield func(object, error) bool) (shifted bool, total int, err error) {
	at, received := l.firstPage(), 0
	thisWalk := map[string]bool{}
	for {
		p, err := l.page(ctx, at)
		if err != nil {
			return shifted, total, err
		}
		received += len(p.Rows)
		if p.Total != nil {
			total = *p.Total
			if total < received && at.by != "cursor" || total < len(p.Rows) {
				return shifted, total, l.fail(fault.Unavailable,
					fmt.Sprintf("the app sent %d rows and says that there are %d", received, total), "Run again.")
			}
		}
		fresh := 0
		for _, o := range p.Rows {
			id := o.text("id")
			if id == "" {
				return shifted, total, l.fail(fault.Invalid, fmt.Sprintf("row %d of the listing has no id", received-len(p.Rows)+fresh+1), "")
			}
			if thisWalk[id] {
				shifted = true
				continue
			}
			thisWalk[id] = true
			fresh++
			if seen[id] {
				continue
			}
			seen[id] = true
			if !yield(o, nil) {
				return shifted, total, errStop
			}
		}
		if fresh == 0 && len(p.Rows) > 0 {
			return shifted, total, l.fail(fault.Unavailable, "the app sent the same page twice",
				"It may not know startIndex or cursor: set paging in the override block.")
		}
		more, err := l.turn(&at, p, received)
		if err != nil || !more {
			return shifted, total, err
		}
	}
}

// turn moves a position to the next page, if there is one. Received is how many rows came so far.
func (l *listing) turn(at *position, p *listPage, received int) (more bool, err error) {
	switch {
	case p.NextCursor != "": // also from servers that were asked for an index
		if at.cursors[p.NextCursor] {
			return false, l.fail(fault.Unavailable, "the app sent the same cursor twice", "Run again.")
		}
		if len(p.Rows) == 0 {
			if at.empty++; at.empty > maxEmptyPages {
				return false, l.fail(fault.Unavailable, "the app sends page after page without a row", "")
			}
		}
		at.by, at.cursor = "cursor", p.NextCursor
		at.cursors[p.NextCursor] = true
		return true, nil
	case at.by != "index", len(p.Rows) == 0, p.Total != nil && received >= *p.Total:
		return false, nil
	}
	at.start += len(p.Rows) // never count or itemsPerPage, which servers make up
	return true, nil
}

// ListingCost is the number of requests that a listing takes. It costs one, unless it is always one.
func (a *App) ListingCost(ctx context.Context, c app.Collection) (int, error) {
	endpoint := "Users"
	if c == app.CollectionGroups {
		endpoint = "Groups"
		if err := a.lacks(app.ReadGroups, "size up groups", ""); err != nil {
			return 0, err
		}
	}
	if a.dialect.Paging == "none" {
		return 1, nil
	}
	l := a.listing(endpoint, "size up "+string(c), "")
	if c == app.CollectionGroups {
		l.query = a.withoutMembers()
	}
	p, err := l.page(ctx, l.firstPage())
	switch {
	case err != nil:
		return 0, err
	case len(p.Rows) == 0 || p.NextCursor == "" && p.Total == nil:
		return 1, nil
	case p.Total == nil:
		return 0, l.fail(fault.Unsupported, "the app does not say how many there are", "")
	}
	return (*p.Total + len(p.Rows) - 1) / len(p.Rows), nil
}
