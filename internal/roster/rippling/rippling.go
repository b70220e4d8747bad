// Package rippling reads a roster from Rippling's REST API (developer.rippling.com/documentation/rest-api).
package rippling

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a rippling block.
type Config struct {
	hrapi.Connection
	// Token is an API token. It sees what its scopes allow.
	Token   string
	Mapping roster.Mapping
}

// DefaultURL is where the API is.
const DefaultURL = "https://rest.ripplingapis.com"

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var missing error
	if c.Token == "" {
		missing = &fault.Error{Kind: fault.Invalid, Cause: "there is no token", Next: "Make an API token in Rippling under Tools, Developer, API Tokens."}
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	client, err := httpclient.New(c.Options("rippling", httpclient.Auth{Token: c.Token}))
	if err := errors.Join(missing, err); err != nil {
		return nil, roster.ConfigError(c.Name, "rippling", errors.Join(err, c.Mapping.Validate()))
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// Paths that adjust makes.
const (
	status         = "status and termination"
	employmentType = "employment type"
)

// kind says how Rippling tells of people: a worker is one employment, its user the person. Beside what Rippling writes a
// record has "work_location", looked up, and "custom", the custom fields by name.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "rippling", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.No, Totals: roster.No,
			Lacks: map[string]string{
				"status":             "leave is not part of a worker",
				"original_hire_date": "is a custom field where there is one: map custom.NAME",
				"last_working_day":   "Rippling knows the end date only",
				"contract_end_date":  "is a custom field where there is one: map custom.NAME",
			},
		},
		Title: "Rippling", Noun: "worker", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "person_source_id": "user_id", "employee_number": "number",
			"given_name": "user.name.given_name", "family_name": "user.name.family_name", "preferred_given_name": "user.name.preferred_given_name",
			"preferred_family_name": "user.name.preferred_family_name", "work_email": "work_email", "title": "title", "department": "department.name",
			"location": "work_location.name", "manager_source_id": "manager_id", "status": status, "employment_type": employmentType,
			"start_date": "start_date", "end_date": "end_date",
		},
		Also: []string{"status", "termination_details.type", "employment_type.type", "employment_type.label", "employment_type.amount_worked"},
		Made: []string{status, employmentType},
		// whoever was never terminated has no termination_details
		OmitsEmpty: true,
		StatusMap:  map[string]string{"INIT": "pre_hire", "HIRED": "pre_hire", "ACCEPTED": "pre_hire"},
		Adjust:     adjust,
		Read: func(ctx context.Context, want []string, p *hrapi.Pages) error {
			return (&reader{client: client, want: want}).read(ctx, p)
		},
	}
}

// adjust tells who never began from who has left, and interns and temporary workers from employees: Rippling's own type
// knows contractors only.
func adjust(r *hrapi.Record) {
	s := r.Get("status")
	if s == "TERMINATED" {
		switch why := r.Get("termination_details.type"); why {
		case "OFFER_DECLINED", "RESCIND", "RENEGE":
			s = why
		}
	}
	r.Set(status, s)
	t := r.Get("employment_type.type")
	if t != "CONTRACTOR" {
		label := strings.FieldsFunc(strings.ToLower(r.Get("employment_type.label")), func(c rune) bool { return c < 'a' || c > 'z' })
		switch {
		case slices.Contains(label, "intern"):
			t = "intern"
		case r.Get("employment_type.amount_worked") == "TEMPORARY":
			t = "temporary"
		}
	}
	r.Set(employmentType, t)
}

type reader struct {
	client *httpclient.Client
	want   []string
	places map[string]string // id -> name
}

// needs reports whether something below a path is wanted.
func (r *reader) needs(path string) bool {
	return slices.ContainsFunc(r.want, func(w string) bool { return strings.HasPrefix(w, path+".") })
}

func (r *reader) read(ctx context.Context, p *hrapi.Pages) error {
	if r.needs("work_location") {
		r.places = map[string]string{}
		err := r.list(ctx, "work-locations", nil, func(page answer) error {
			for _, raw := range page.Results {
				var place struct{ ID, Name string }
				if err := json.Unmarshal(raw, &place); err != nil || place.ID == "" {
					return &fault.Error{Kind: fault.Invalid, Cause: "a work location is not written as Rippling documents it", Next: `Switch it off with field_map = { location = "" }, and report it to Rippling.`}
				}
				r.places[place.ID] = place.Name
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	query := []httpclient.Param{{Key: "order_by", Value: "id"}}
	var expand []string
	// never compensation
	for _, relation := range []string{"department", "employment_type", "legal_entity", "level", "manager", "teams", "user"} {
		if r.needs(relation) {
			expand = append(expand, relation)
		}
	}
	if r.needs("custom") {
		expand = append(expand, "custom_fields")
	}
	if len(expand) > 0 {
		query = append(query, httpclient.Param{Key: "expand", Value: strings.Join(expand, ",")})
	}
	return r.list(ctx, "workers", query, func(page answer) error {
		for _, f := range page.Meta.Redacted {
			if slices.ContainsFunc(r.want, func(w string) bool {
				return w == f.Name || strings.HasPrefix(w, f.Name+".") || strings.HasPrefix(f.Name, w+".")
			}) {
				p.Withheld(f.Name, f.Reason)
			}
		}
		records := make([]json.RawMessage, len(page.Results))
		for i, raw := range page.Results {
			records[i] = r.settle(raw)
		}
		return p.Add(records)
	})
}

// answer is one page of any list.
type answer struct {
	Meta struct {
		Redacted []struct{ Name, Reason string } `json:"redacted_fields"`
	} `json:"__meta"`
	Results []json.RawMessage
	Next    string `json:"next_link"`
}

// list follows a list to its end. Rippling decides how long a page is.
func (r *reader) list(ctx context.Context, what string, query []httpclient.Param, each func(answer) error) error {
	seen := map[string]bool{}
	for {
		var page answer
		if err := hrapi.Fetch(ctx, r.client, httpclient.Request{Method: http.MethodGet, Path: []string{what}, Query: query, Op: "read", Subject: what}, &page); err != nil {
			return err
		}
		if page.Results == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no list of " + what + ": it has no results", Next: "Check base_url."}
		}
		if err := each(page); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		if seen[page.Next] {
			return hrapi.Changed("Rippling's link to the next page of %s came again on page %d", what, len(seen)+1)
		}
		seen[page.Next] = true
		var err error
		if query, err = hrapi.Next(r.client, page.Next); err != nil {
			return err
		}
	}
}

// settle adds the name of the work location and puts custom fields where a path can name them. What cannot be read is left
// as it is, for Pages to see.
func (r *reader) settle(raw json.RawMessage) json.RawMessage {
	var worker map[string]json.RawMessage
	if json.Unmarshal(raw, &worker) != nil || worker == nil {
		return raw
	}
	var at struct {
		ID string `json:"work_location_id"`
	}
	if json.Unmarshal(worker["location"], &at) == nil {
		if name, ok := r.places[at.ID]; ok {
			worker["work_location"], _ = json.Marshal(map[string]string{"name": name})
		}
	}
	var fields []struct {
		ID, Name string
		Value    json.RawMessage
	}
	if json.Unmarshal(worker["custom_fields"], &fields) == nil && len(fields) > 0 {
		custom := map[string]json.RawMessage{}
		for _, f := range fields {
			if f.Name == "" {
				f.Name = f.ID
			}
			custom[f.Name] = f.Value
		}
		worker["custom"], _ = json.Marshal(custom)
	}
	delete(worker, "custom_fields")
	settled, err := json.Marshal(worker)
	if err != nil {
		return raw
	}
	return settled
}
