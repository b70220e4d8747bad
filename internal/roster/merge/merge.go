// Package merge reads a roster from Merge (docs.merge.dev), one API in front of many HR systems. What it tells is Merge's
// copy of what the system behind it said at the last sync.
package merge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a merge block.
type Config struct {
	hrapi.Connection
	// APIKey is the production key of the organization, AccountToken the one of the linked account: the company's HR system.
	APIKey, AccountToken string
	Mapping              roster.Mapping
}

// DefaultURL is where the API is; that of the European Union is https://api-eu.merge.dev.
const DefaultURL = "https://api.merge.dev"

// pageSize is the most that Merge gives.
const pageSize = "100"

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	if c.APIKey == "" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no api_key", Next: "Set api_key to an access key of Merge's dashboard (Developers, API keys)."})
	}
	if c.AccountToken == "" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no account_token", Next: "Set account_token: the dashboard shows it with the linked account of the HR system."})
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	options := c.Options("merge", httpclient.Auth{Token: c.APIKey})
	if c.AccountToken != "" {
		options.Headers = map[string]string{"X-Account-Token": c.AccountToken}
	}
	client, err := httpclient.New(options)
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "merge", errors.Join(err, c.Mapping.Validate()))
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

const (
	status = "status" // made by adjust
	ended  = "termination_date"
)

// kind says how Merge tells of people. Beside what an employee of Merge's has, a record has "employment", the latest of
// its employments, and by type its groups: "department", "team_group", "cost_center", "business_unit".
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "merge", Terminated: roster.Depends, FutureHires: roster.Depends, Leave: roster.No, Totals: roster.No,
			Lacks: map[string]string{
				"status":             "active, pending or inactive: whoever is inactive without a termination date is unknown, because leave looks like that too",
				"original_hire_date": "hire_date is the day of the offer in many systems: map a field mapping",
				"last_working_day":   "Merge knows the termination date only",
				"contract_end_date":  "is a field mapping of Merge's where there is one: map field_mappings.linked_account_defined_targets.NAME",
				"division":           "map business_unit.name where the HR system has it",
			},
		},
		Title: "Merge", Noun: "employee", Key: "id",
		Fields: map[string]string{
			// Managers are told by Merge's id; person_id comes from the HR system's, which outlives a new link.
			"source_id": "id", "person_source_id": "remote_id", "employee_number": "employee_number",
			"given_name": "first_name", "family_name": "last_name", "display_name": "display_full_name", "work_email": "work_email",
			"title": "employment.job_title", "department": "department.name", "location": "work_location.name", "manager_source_id": "manager",
			"status": status, "employment_type": "employment.employment_type", "start_date": "start_date", "end_date": ended,
		},
		Also: []string{"employment_status", ended}, Made: []string{status},
		StatusMap: map[string]string{"INACTIVE": "unknown"},
		Adjust: func(r *hrapi.Record) {
			s := r.Get("employment_status")
			if s == "INACTIVE" && r.Get(ended) != "" {
				s = "Terminated"
			}
			r.Set(status, s)
		},
		Read: func(ctx context.Context, want []string, p *hrapi.Pages) error {
			if err := synced(ctx, client); err != nil {
				return err
			}
			return employees(ctx, client, want, p)
		},
	}
}

// synced refuses a copy that Merge has not completed (GET /hris/v1/sync-status).
func synced(ctx context.Context, client *httpclient.Client) error {
	var answer struct {
		Results []struct {
			Model   string `json:"model_id"`
			Status  string
			Initial bool `json:"is_initial_sync"`
		}
	}
	err := hrapi.Fetch(ctx, client, httpclient.Request{
		Method: http.MethodGet, Path: []string{"api", "hris", "v1", "sync-status"}, Query: []httpclient.Param{{Key: "page_size", Value: pageSize}},
		Op: "read", Subject: "how far Merge's copy is",
	}, &answer)
	if err != nil {
		return err
	}
	for _, m := range answer.Results {
		half := m.Status == "PARTIALLY_SYNCED" || m.Status == "DISABLED" || m.Initial && m.Status != "DONE"
		if !strings.EqualFold(m.Model, "hris.Employee") || !half {
			continue
		}
		return &fault.Error{
			Kind: fault.Unavailable, Cause: fmt.Sprintf("Merge's copy of the employees is not complete: its sync is %s", strings.ToLower(strings.ReplaceAll(m.Status, "_", " "))),
			Next: "Wait for the sync, or look at the linked account in Merge's dashboard. Nothing is decided on half a roster.",
		}
	}
	return nil
}

// needs gives the relations that Merge has to write out for the wanted paths. Employments and managers hold more than is
// needed, so they are written out only where that is the only way.
var needs = []struct{ relation, prefix string }{
	{"company", "company."},
	{"employments", "employment."},
	{"groups", "department."},
	{"groups", "team_group."},
	{"groups", "cost_center."},
	{"groups", "business_unit."},
	{"manager", "manager."},
	{"team", "team."},
	{"work_location", "work_location."},
}

// employees reads all of them (GET /hris/v1/employees), whatever their status.
func employees(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	query := []httpclient.Param{{Key: "page_size", Value: pageSize}, {Key: "include_sensitive_fields", Value: "false"}}
	var expand []string
	for _, n := range needs {
		if slices.ContainsFunc(want, func(path string) bool { return strings.HasPrefix(path, n.prefix) }) {
			expand = append(expand, n.relation)
		}
	}
	if len(expand) > 0 {
		query = append(query, httpclient.Param{Key: "expand", Value: strings.Join(slices.Compact(expand), ",")})
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		q := slices.Clone(query)
		if cursor != "" {
			q = append(q, httpclient.Param{Key: "cursor", Value: cursor})
		}
		var page struct {
			Next    *string
			Results []json.RawMessage
		}
		if err := hrapi.Fetch(ctx, client, httpclient.Request{Method: http.MethodGet, Path: []string{"api", "hris", "v1", "employees"}, Query: q}, &page); err != nil {
			return err
		}
		if page.Results == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no list of employees: it has no results", Next: "Check base_url."}
		}
		records := make([]json.RawMessage, len(page.Results))
		for i, raw := range page.Results {
			records[i] = settle(raw)
		}
		if err := p.Add(records); err != nil {
			return err
		}
		if page.Next == nil || *page.Next == "" {
			return nil
		}
		if cursor = *page.Next; seen[cursor] {
			return hrapi.Changed("Merge's cursor to the next page came again on page %d", len(seen)+1)
		}
		seen[cursor] = true
	}
}

type group struct {
	Name json.RawMessage `json:"name"`
	Type string          `json:"type"`
}

type employment struct {
	Title     json.RawMessage `json:"job_title"`
	Type      json.RawMessage `json:"employment_type"`
	Effective string          `json:"effective_date"`
}

// settle puts the latest employment and the groups where a path can name them. What cannot be read is left as it is, for
// Pages to see.
func settle(raw json.RawMessage) json.RawMessage {
	var employee map[string]json.RawMessage
	if json.Unmarshal(raw, &employee) != nil || employee == nil {
		return raw
	}
	var groups []group
	if json.Unmarshal(employee["groups"], &groups) == nil {
		for _, g := range groups {
			name := strings.ToLower(g.Type)
			switch name {
			case "team":
				name = "team_group" // team is a relation of its own
			case "department", "cost_center", "business_unit":
			default:
				continue
			}
			if employee[name] == nil { // the first one counts
				employee[name], _ = json.Marshal(map[string]json.RawMessage{"name": g.Name})
			}
		}
	}
	var list []employment
	if json.Unmarshal(employee["employments"], &list) == nil && len(list) > 0 {
		last := slices.MaxFunc(list, func(a, b employment) int { return cmp.Compare(a.Effective, b.Effective) })
		employee["employment"], _ = json.Marshal(map[string]json.RawMessage{"job_title": last.Title, "employment_type": last.Type})
	}
	delete(employee, "groups")
	delete(employee, "employments")
	settled, err := json.Marshal(employee)
	if err != nil {
		return raw
	}
	return settled
}
