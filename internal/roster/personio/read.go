package personio

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

const (
	pageSize = "50" // the most that v2 gives
	atOnce   = 16   // employments are one request per person: there is no list of all
)

type reader struct{ client *httpclient.Client }

// list is the envelope of every list in v2.
type list struct {
	Data []json.RawMessage `json:"_data"`
	Meta struct {
		Links struct {
			Next struct{ Href string }
		}
	} `json:"_meta"`
}

// read gets all people, whatever their status, page by page, and the employments of each page at once.
func (r *reader) read(ctx context.Context, want []string, p *hrapi.Pages) error {
	units := &units{reader: r, want: want, known: map[string]func() (json.RawMessage, error){}}
	query := []httpclient.Param{{Key: "limit", Value: pageSize}}
	seen := map[string]bool{}
	for {
		var page list
		if err := hrapi.Fetch(ctx, r.client, httpclient.Request{Method: http.MethodGet, Path: []string{"v2", "persons"}, Query: query}, &page); err != nil {
			return err
		}
		if page.Data == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no list of people: it has no _data", Next: "Check base_url."}
		}
		records := make([][]json.RawMessage, len(page.Data))
		group, gctx := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for i, person := range page.Data {
			group.Go(func() (err error) {
				records[i], err = r.employments(gctx, person, units)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := p.Add(slices.Concat(records...)); err != nil {
			return err
		}
		next := page.Meta.Links.Next.Href
		if next == "" {
			return nil
		}
		if seen[next] {
			return hrapi.Changed("Personio's link to the next page came again on page %d", len(seen)+1)
		}
		seen[next] = true
		var err error
		if query, err = hrapi.Next(r.client, next); err != nil {
			return err
		}
	}
}

// employments are the records of one person: one per employment, or the person alone where there is none.
func (r *reader) employments(ctx context.Context, raw json.RawMessage, units *units) ([]json.RawMessage, error) {
	var person struct {
		ID     string
		Custom []struct {
			ID    string
			Value json.RawMessage
		} `json:"custom_attributes"`
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // what is no object has no id
	if fields["id"] == nil {
		return []json.RawMessage{raw}, nil // for Pages to say so
	}
	if err := json.Unmarshal(raw, &person); err != nil || person.ID == "" {
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "person " + strings.Trim(string(fields["id"]), `"`) + " is not written as Personio documents it", Next: "Nothing is decided on a roster with a hole: report it to Personio."}
	}
	custom := map[string]json.RawMessage{}
	for _, a := range person.Custom {
		custom[a.ID] = a.Value
	}
	delete(fields, "custom_attributes")
	fields["custom"] = encode(custom)
	record := map[string]json.RawMessage{"id": encode(person.ID), "person": encode(fields)}

	query := []httpclient.Param{{Key: "limit", Value: pageSize}}
	var all []json.RawMessage
	for query != nil {
		var page list
		request := httpclient.Request{Method: http.MethodGet, Path: []string{"v2", "persons", person.ID, "employments"}, Query: query, Op: "read", Subject: "the employments of person " + person.ID}
		if err := hrapi.Fetch(ctx, r.client, request, &page); err != nil {
			return nil, err
		}
		all, query = append(all, page.Data...), nil
		if next := page.Meta.Links.Next.Href; next != "" && len(page.Data) > 0 {
			var err error
			if query, err = hrapi.Next(r.client, next); err != nil {
				return nil, err
			}
		}
	}
	if len(all) == 0 {
		return []json.RawMessage{encode(record)}, nil
	}
	records := make([]json.RawMessage, len(all))
	for i, e := range all {
		var employment struct {
			ID    string
			Units []struct{ Type, ID string } `json:"org_units"`
		}
		if json.Unmarshal(e, &employment) != nil || employment.ID == "" {
			record["employment"] = e
			record["id"] = encode("")
			records[i] = encode(record)
			continue
		}
		one := map[string]json.RawMessage{"id": encode(employment.ID), "person": record["person"], "employment": e}
		for _, u := range employment.Units {
			unit, err := units.get(ctx, u.Type, u.ID)
			if err != nil {
				return nil, err
			}
			if unit != nil {
				one[u.Type] = unit
			}
		}
		records[i] = encode(one)
	}
	return records, nil
}

// units looks each department and team up once, where its name is wanted: an employment has numbers only.
type units struct {
	reader *reader
	want   []string

	mu    sync.Mutex
	known map[string]func() (json.RawMessage, error)
}

func (u *units) get(ctx context.Context, kind, id string) (json.RawMessage, error) {
	if id == "" || !slices.ContainsFunc(u.want, func(path string) bool { return strings.HasPrefix(path, kind+".") }) {
		return nil, nil
	}
	u.mu.Lock()
	load, ok := u.known[kind+"/"+id]
	if !ok {
		load = sync.OnceValues(func() (json.RawMessage, error) {
			var unit json.RawMessage
			err := hrapi.Fetch(ctx, u.reader.client, httpclient.Request{
				Method: http.MethodGet, Path: []string{"v2", "org-units", id}, Query: []httpclient.Param{{Key: "type", Value: kind}},
				Op: "read", Subject: "the name of " + kind + " " + id,
			}, &unit)
			return unit, err
		})
		u.known[kind+"/"+id] = load
	}
	u.mu.Unlock()
	return load()
}

// encode cannot fail: what it gets was JSON or is text.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
