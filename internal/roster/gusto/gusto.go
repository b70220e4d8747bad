// Package gusto reads a roster from Gusto (docs.gusto.com), by the lists of a company's employees and, if asked to, contractors.
package gusto

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a gusto block.
type Config struct {
	hrapi.Connection
	// Company is the company's uuid, Token an access token for it. Gusto's refresh tokens change with each use, so one
	// cannot be kept in a configuration: the pipeline that keeps it hands over the access token.
	Company, Token string
	// Contractors reads the company's contractors too.
	Contractors bool
	Mapping     roster.Mapping
}

// DefaultURL is where the API is; the demo environment is https://api.gusto-demo.com.
const DefaultURL = "https://api.gusto.com"

const (
	pageSize = 100
	version  = "2025-06-15" // of X-Gusto-API-Version
)

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	if c.Company == "" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no company", Next: "Set company to the company's uuid, as GET /v1/token_info tells it."})
	}
	if c.Token == "" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no token", Next: "Set token to an access token with the scope employees:read."})
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	if c.RequestsPerSecond == 0 {
		c.RequestsPerSecond = 200.0 / 60
	}
	options := c.Options("gusto", httpclient.Auth{Token: c.Token})
	options.Headers = map[string]string{"X-Gusto-API-Version": version}
	client, err := httpclient.New(options)
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "gusto", err)
	}
	return hrapi.Open(kind(client, c), c.Name, c.Mapping)
}

// Paths that adjust makes.
const (
	status   = "status"
	original = "original hire date"
	engaged  = "employment type"
)

// kind says how Gusto tells of people. A record is an employee, or a contractor in the same words, with "job", the primary
// one, "termination", the one in force, and "custom", the custom fields by name.
func kind(client *httpclient.Client, c Config) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "gusto", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.No, Totals: roster.Depends,
			Lacks: map[string]string{
				"last_working_day": "the end of a termination is the last day of work",
				"location":         "a place of work is an address, which is not asked for: map a custom field",
				"user_name":        "not part of the API",
			},
		},
		Title: "Gusto", Noun: "employee", Key: "uuid",
		Fields: map[string]string{
			"source_id": "uuid", "employee_number": "employee_code", "given_name": "first_name", "family_name": "last_name", "preferred_given_name": "preferred_first_name",
			"work_email": "work_email", "title": "job.title", "department": "department", "manager_source_id": "manager_uuid", "status": status,
			"employment_type": engaged, "start_date": "job.hire_date", "original_hire_date": original, "end_date": "termination.effective_date",
			"contract_end_date": "dismissal_date",
		},
		Also: []string{"terminated", "hired_at", "kind", "current_employment_status", "job.hire_date", "termination.effective_date"},
		Made: []string{status, original, engaged}, OmitsEmpty: true,
		Adjust: adjust,
		Read: func(ctx context.Context, _ []string, p *hrapi.Pages) error {
			if err := read(ctx, client, c.Company, "employees", p); err != nil || !c.Contractors {
				return err
			}
			return read(ctx, client, c.Company, "contractors", p)
		},
	}
}

// adjust reads a termination by its date, because "terminated" is true from the day on which one is scheduled.
func adjust(r *hrapi.Record) {
	s := "active"
	if r.Get("terminated") == "true" {
		if s = "terminated"; r.Get("termination.effective_date") != "" {
			s = "notice"
		}
	}
	r.Set(status, s)
	if first := r.Get("hired_at"); first != r.Get("job.hire_date") {
		r.Set(original, first)
	}
	switch {
	case r.Get("kind") == "contractors":
		r.Set(engaged, "contractor")
	case r.Get("current_employment_status") == "seasonal":
		r.Set(engaged, "temporary")
	default:
		r.Set(engaged, "employee")
	}
}

// read asks for one list page by page. Gusto tells the total in a header, and takes no selection of fields: what is not
// mapped, pay among it, is dropped as it arrives; nothing private is included by request.
func read(ctx context.Context, client *httpclient.Client, company, list string, p *hrapi.Pages) error {
	before, total := p.Len(), -1
	for page := 1; ; page++ {
		query := []httpclient.Param{{Key: "page", Value: strconv.Itoa(page)}, {Key: "per", Value: strconv.Itoa(pageSize)}}
		if list == "employees" {
			query = append(query, httpclient.Param{Key: "include", Value: "custom_fields"})
		}
		resp, err := client.Do(ctx, httpclient.Request{Op: "read", Subject: "the " + list, Method: http.MethodGet, Path: []string{"v1", "companies", company, list}, Query: query})
		if err != nil {
			return err
		}
		var people []map[string]json.RawMessage
		if err := resp.Decode(&people); err != nil {
			return err
		}
		if n, err := strconv.Atoi(resp.Header.Get("X-Total-Count")); err == nil {
			total = n
		}
		records := make([]json.RawMessage, len(people))
		for i, person := range people {
			if records[i], err = settle(person, list); err != nil {
				return err
			}
		}
		if err := p.Add(records); err != nil {
			return err
		}
		if len(people) < pageSize {
			if n := p.Len() - before; total >= 0 && n != total {
				return &fault.Error{
					Kind: fault.Unavailable, Cause: fmt.Sprintf("Gusto counts %d %s, and the list ended after %d", total, list, n),
					Next: "Run again: the list may have changed while it was read.",
				}
			}
			return nil
		}
	}
}

// settle names what stands in lists, and takes out pay and addresses before anything else looks.
func settle(person map[string]json.RawMessage, list string) (json.RawMessage, error) {
	person["kind"] = text(list)
	if list == "contractors" {
		person["work_email"], person["job"] = person["email"], object(map[string]json.RawMessage{"hire_date": person["start_date"]})
		person["terminated"] = json.RawMessage("false")
		if string(person["is_active"]) == "false" {
			person["terminated"] = json.RawMessage("true")
		}
		return json.Marshal(person)
	}
	var jobs []map[string]json.RawMessage
	_ = json.Unmarshal(person["jobs"], &jobs) // what is no list has none in it
	for i, j := range jobs {
		if string(j["primary"]) == "true" || i == 0 {
			person["job"] = object(map[string]json.RawMessage{"title": j["title"], "hire_date": j["hire_date"]})
		}
		if string(j["primary"]) == "true" {
			break
		}
	}
	var terminations []map[string]json.RawMessage
	_ = json.Unmarshal(person["terminations"], &terminations)
	for _, t := range terminations {
		if string(t["active"]) == "true" {
			person["termination"] = object(t)
		}
	}
	var custom []struct {
		Name  string
		Value json.RawMessage
	}
	if json.Unmarshal(person["custom_fields"], &custom) == nil {
		byName := map[string]json.RawMessage{}
		for _, f := range custom {
			byName[f.Name] = f.Value
		}
		person["custom"] = object(byName)
	}
	for _, key := range []string{"jobs", "terminations", "custom_fields"} {
		delete(person, key)
	}
	return json.Marshal(person)
}

func object(m map[string]json.RawMessage) json.RawMessage {
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

func text(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
