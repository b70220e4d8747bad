// Package gusto reads a roster from Gusto (docs.gusto.com): employees, and contractors where that is configured.
package gusto

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a gusto block.
type Config struct {
	hrapi.Connection
	// CompanyID is the company's UUID.
	CompanyID string
	// Contractors says that contractors are read too. They are a list of their own and need a scope of their own.
	Contractors bool
	// Token is an access token, which holds for two hours; or
	Token string
	// ClientID and ClientSecret are an application's, and RefreshTokenFile a file with the company's refresh token. Gusto gives
	// a new one at each use and takes the old one back, so the file is rewritten each time.
	ClientID, ClientSecret, RefreshTokenFile string
	Mapping                                  roster.Mapping
}

// DefaultURL is where the API is; that of the demo environment is https://api.gusto-demo.com.
const DefaultURL = "https://api.gusto.com"

const (
	version  = "2025-06-15" // of the API, which is named by its date
	pageSize = 100
)

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	bad := func(cause, next string) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: next})
	}
	if c.CompanyID == "" {
		bad("there is no company_id", "Set company_id to the company's UUID, which came with the tokens.")
	}
	oauth := c.ClientID != "" || c.ClientSecret != "" || c.RefreshTokenFile != ""
	switch {
	case c.Token != "" && oauth:
		bad("both token and an application are set", "Use one of them.")
	case c.Token == "" && (c.ClientID == "" || c.ClientSecret == "" || c.RefreshTokenFile == ""):
		bad("there is no credential", "Set client_id, client_secret and refresh_token_file, or token to an access token that something else keeps fresh.")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	if c.RequestsPerSecond == 0 {
		c.RequestsPerSecond = 200.0 / 60 // per application and company
	}
	auth := httpclient.Auth{Token: c.Token}
	if oauth && c.Token == "" {
		door, err := httpclient.New(c.Options("gusto", httpclient.Auth{}))
		if err != nil {
			errs = append(errs, err)
		}
		auth.Source = &refresher{client: door, id: c.ClientID, code: c.ClientSecret, file: c.RefreshTokenFile}
	}
	client, err := httpclient.New(c.Options("gusto", auth))
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "gusto", errors.Join(err, c.Mapping.Validate()))
	}
	return hrapi.Open(kind(client, c), c.Name, c.Mapping)
}

// kind says how Gusto tells of people. Beside what an employee of Gusto's has, a record has "state" and "end", made of its
// terminations, "job", the primary one of its jobs, and "custom", its custom fields by name.
func kind(client *httpclient.Client, c Config) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "gusto", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.No, Totals: roster.Yes,
			Lacks: map[string]string{
				"status":             "leave is not part of the API; a contractor who is inactive without a dismissal is unknown",
				"work_email":         "contractors have none: their address in Gusto is a private one",
				"manager_source_id":  "contractors have none",
				"original_hire_date": "is a custom field where there is one: map custom.NAME",
				"contract_end_date":  "is a custom field where there is one: map custom.NAME",
				"location":           "is the address of a job, without a name: map a custom field",
			},
		},
		Title: "Gusto", Noun: "employee", Key: "uuid",
		Fields: map[string]string{
			"source_id": "uuid", "employee_number": "employee_code", "given_name": "first_name", "family_name": "last_name", "preferred_given_name": "preferred_first_name",
			"work_email": "work_email", "title": "job.title", "department": "department", "manager_source_id": "manager_uuid", "status": "state",
			"employment_type": "current_employment_status", "start_date": "job.hire_date", "end_date": "end", "last_working_day": "end",
		},
		StatusMap: map[string]string{"onboarding": "pre_hire", "inactive": "unknown"},
		EmploymentTypeMap: map[string]string{
			"part_time_under_twenty_hours": "employee", "part_time_twenty_plus_hours": "employee", "variable": "employee",
		},
		Read: func(ctx context.Context, want []string, p *hrapi.Pages) error {
			total, err := list(ctx, client, []string{"v1", "companies", c.CompanyID, "employees"}, want, p, employee)
			if err == nil && c.Contractors {
				var more int
				more, err = list(ctx, client, []string{"v1", "companies", c.CompanyID, "contractors"}, nil, p, contractor)
				total += more
			}
			if err != nil {
				return err
			}
			return p.Total(total)
		},
	}
}

// list reads a list to its end, everybody of whatever status, and gives how many Gusto counts in it.
func list(ctx context.Context, client *httpclient.Client, path, want []string, p *hrapi.Pages, settle func(json.RawMessage) (json.RawMessage, error)) (int, error) {
	what := path[len(path)-1]
	custom := slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, "custom.") })
	read, total := 0, -1
	for n := 1; ; n++ {
		query := []httpclient.Param{{Key: "page", Value: strconv.Itoa(n)}, {Key: "per", Value: strconv.Itoa(pageSize)}}
		if custom {
			query = append(query, httpclient.Param{Key: "include", Value: "custom_fields"})
		}
		resp, err := client.Do(ctx, httpclient.Request{
			Method: http.MethodGet, Path: path, Query: query, Op: "read", Subject: "the " + what, Header: map[string]string{"X-Gusto-API-Version": version},
		})
		if err != nil {
			return 0, err
		}
		var page []json.RawMessage
		if err := resp.Decode(&page); err != nil {
			return 0, err
		}
		count, err := strconv.Atoi(resp.Header.Get("X-Total-Count"))
		if err != nil || count < 0 {
			return 0, &fault.Error{Kind: fault.Invalid, Cause: "the answer does not say how many " + what + " there are: it has no X-Total-Count", Next: "Check base_url, and whether a proxy in between takes headers away."}
		}
		if total >= 0 && total != count {
			return 0, hrapi.Changed("Gusto counted %d %s, and %d while they were read", total, what, count)
		}
		total = count
		for i, raw := range page {
			if page[i], err = settle(raw); err != nil {
				return 0, err
			}
		}
		if err := p.Add(page); err != nil {
			return 0, err
		}
		if read += len(page); len(page) == 0 || read >= total {
			break
		}
	}
	if read != total {
		return 0, hrapi.Changed("Gusto counts %d %s and gave %d", total, what, read)
	}
	return total, nil
}

type termination struct {
	Active bool   // it has gone into effect
	Date   string `json:"effective_date"` // the last day of work
}

type job struct {
	Primary bool   `json:"primary"`
	Title   string `json:"title"`
	Hired   string `json:"hire_date"` // or hired again
}

// employee makes state, end, job and custom of an employee.
func employee(raw json.RawMessage) (json.RawMessage, error) {
	fields, ok := object(raw)
	if !ok {
		return raw, nil // for Pages to say so
	}
	var e struct {
		Terminated, Onboarded bool
		Terminations          []termination
		Jobs                  []job
		Custom                []struct {
			Name  string
			Value json.RawMessage
		} `json:"custom_fields"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, undocumented("employee", fields["uuid"])
	}
	var main job
	for i, j := range e.Jobs {
		if i == 0 || j.Primary && !main.Primary {
			main = j
		}
	}
	var last termination
	for _, t := range e.Terminations {
		// one before the last hire, or in effect for somebody who is employed, belongs to an earlier employment
		if t.Date >= main.Hired && (e.Terminated || !t.Active) && t.Date > last.Date {
			last = t
		}
	}
	state := "onboarding"
	switch {
	case last.Active || e.Terminated && last.Date == "":
		state = "terminated"
	case e.Onboarded:
		state = "active"
	}
	fields["state"], fields["end"] = encode(state), encode(last.Date)
	fields["job"] = encode(map[string]string{"title": main.Title, "hire_date": main.Hired})
	if len(e.Custom) > 0 {
		custom := map[string]json.RawMessage{}
		for _, f := range e.Custom {
			custom[f.Name] = f.Value
		}
		fields["custom"] = encode(custom)
	}
	for _, key := range []string{"terminations", "jobs", "custom_fields"} {
		delete(fields, key)
	}
	return encode(fields), nil
}

func undocumented(what string, id json.RawMessage) error {
	return &fault.Error{
		Kind: fault.Invalid, Cause: what + " " + strings.Trim(string(id), `"`) + " is not written as Gusto documents it",
		Next: "Nothing is decided on a roster with a hole: report it to Gusto.",
	}
}

// contractor makes an employee of a contractor: the same fields under the same names.
func contractor(raw json.RawMessage) (json.RawMessage, error) {
	fields, ok := object(raw)
	if !ok {
		return raw, nil
	}
	var c struct {
		Active   bool   `json:"is_active"`
		Business string `json:"business_name"`
		Start    string `json:"start_date"`
		End      string `json:"dismissal_date"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, undocumented("contractor", fields["uuid"])
	}
	state := "active"
	switch {
	case !c.Active && c.End != "":
		state = "terminated"
	case !c.Active:
		state = "inactive" // one who has not begun, or an entry that was never used: nobody knows
	}
	made := map[string]json.RawMessage{
		"uuid": fields["uuid"], "first_name": fields["first_name"], "last_name": fields["last_name"], "department": fields["department"],
		"state": encode(state), "end": encode(c.End), "current_employment_status": encode("contractor"), "job": encode(map[string]string{"hire_date": c.Start}),
	}
	if s := string(fields["last_name"]); s == "" || s == "null" || s == `""` {
		made["last_name"] = encode(c.Business)
	}
	return encode(made), nil
}

// object gives the members of an object.
func object(raw json.RawMessage) (fields map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal(raw, &fields)
	return fields, err == nil && fields != nil
}

// encode cannot fail: what it gets was JSON or is text.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
