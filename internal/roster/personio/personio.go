// Package personio reads a roster from Personio (developer.personio.de): from API v2, people and the employments of each,
// or from API v1, a hundred employees at a time.
package personio

import (
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a personio block.
type Config struct {
	hrapi.Connection
	// ClientID and ClientSecret are an API credential with the scope personio:persons:read. It sees the attributes that
	// are ticked for it.
	ClientID, ClientSecret string
	// API is "v2", the default, or "v1": older, and the choice for large companies, because it tells everything of a hundred
	// people in one request, only what it is asked for, and how many there are.
	API     string
	Mapping roster.Mapping
}

// DefaultURL is where the API is.
const DefaultURL = "https://api.personio.de"

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	for _, a := range []struct{ name, value string }{{"client_id", c.ClientID}, {"client_secret", c.ClientSecret}} {
		if a.value == "" {
			errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no " + a.name, Next: "Make an API credential under Settings, Integrations, API credentials."})
		}
	}
	if c.API != "" && c.API != "v1" && c.API != "v2" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "api is neither v1 nor v2", Next: `Leave api out, or set it to "v1".`})
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "personio", errors.Join(err, c.Mapping.Validate()))
	}
	if c.API == "v1" {
		k, err := kindV1(c)
		if err != nil {
			return nil, roster.ConfigError(c.Name, "personio", err)
		}
		return hrapi.Open(k, c.Name, c.Mapping)
	}
	client, err := httpclient.New(c.Options("personio", httpclient.Auth{ClientCredentials: &httpclient.ClientCredentials{
		TokenURL: c.BaseURL + "/v2/auth/token", ClientID: c.ClientID, ClientSecret: c.ClientSecret, Scopes: []string{"personio:persons:read"}, InBody: true,
	}}))
	if err != nil {
		return nil, roster.ConfigError(c.Name, "personio", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// Paths that adjust makes.
const (
	status  = "status"
	endDate = "end date"
)

// kind says how Personio tells of people. A record is {"id", "person", "employment", "department", "team"}: one employment,
// with the person and the names of its units. Custom attributes are at person.custom.ID.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "personio", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.Yes, Totals: roster.No,
			Lacks: map[string]string{
				"employee_number":    "is an attribute of the company's own: map person.custom.ID",
				"original_hire_date": "not part of the API",
				"location":           "API v2 gives the number of the office only: map employment.office.id, or an attribute of the company's own",
				"employment_type":    "internal or external only: interns and others are an attribute of the company's own",
			},
		},
		Title: "Personio", Noun: "employment", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "person_source_id": "person.id", "given_name": "person.first_name", "family_name": "person.last_name",
			"display_name": "person.preferred_name", "work_email": "person.email", "title": "employment.position.title",
			"department": "department.name", "team": "team.name", "manager_source_id": "employment.supervisor.id",
			"status": status, "employment_type": "employment.type", "start_date": "employment.employment_start_date",
			"end_date": endDate, "last_working_day": "employment.termination.last_working_day", "contract_end_date": "employment.contract_end_date",
		},
		Also: []string{"employment.status", "person.status", "employment.employment_end_date", "employment.termination.termination_date"},
		Made: []string{status, endDate},
		// a person without a termination has no such object
		OmitsEmpty: true,
		StatusMap:  map[string]string{"INACTIVE": "terminated", "UNSPECIFIED": "unknown"},
		EmploymentTypeMap: map[string]string{
			"INTERNAL": "employee", "EXTERNAL": "contractor", "UNSPECIFIED": "unknown",
		},
		Adjust: func(r *hrapi.Record) {
			s := r.Get("employment.status")
			if s == "" {
				s = r.Get("person.status")
			}
			r.Set(status, s)
			end := r.Get("employment.termination.termination_date")
			if end == "" && s == "INACTIVE" {
				end = r.Get("employment.employment_end_date")
			}
			r.Set(endDate, end)
		},
		Read: (&reader{client: client}).read,
	}
}
