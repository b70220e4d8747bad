// Package bamboohr reads a roster from BambooHR (documentation.bamboohr.com), as a custom report: one answer with
// everybody, former and future people included.
package bamboohr

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a bamboohr block.
type Config struct {
	hrapi.Connection
	// Company is the company's domain: "acme" of acme.bamboohr.com.
	Company string
	// APIKey carries the permissions of the user who made it.
	APIKey  string
	Mapping roster.Mapping
}

var companyPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	switch {
	case c.BaseURL == "" && !companyPattern.MatchString(c.Company):
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "company is missing or no company domain", Next: `Set company = "acme" where the address is acme.bamboohr.com.`})
		c.BaseURL = "https://api.bamboohr.com"
	case c.BaseURL == "":
		c.BaseURL = "https://" + c.Company + ".bamboohr.com"
	}
	if c.APIKey == "" {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no api_key", Next: "Set api_key, or the environment variable that stands in for it."})
	}
	options := c.Options("bamboohr", httpclient.Auth{Basic: &httpclient.Basic{Username: c.APIKey, Password: "x"}})
	options.Explain = explain
	client, err := httpclient.New(options)
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "bamboohr", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// kind says how BambooHR tells of people. Names are those of documentation.bamboohr.com/docs/list-of-field-names.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "bamboohr", Terminated: roster.Yes, FutureHires: roster.Yes, Leave: roster.Depends, Totals: roster.No,
			Lacks: map[string]string{
				"contract_end_date": "is a custom field in most companies: map it",
				"last_working_day":  "BambooHR knows the termination date only",
				"status":            "leave is what the company calls it in the employment status table: map its words with status_map",
				"time_zone":         "not part of a person",
			},
		},
		Title: "BambooHR", Noun: "employee", Key: "id",
		Fields: map[string]string{
			"source_id": "id", "employee_number": "employeeNumber", "given_name": "firstName", "middle_name": "middleName",
			"family_name": "lastName", "preferred_given_name": "preferredName", "work_email": "workEmail", "title": "jobTitle",
			"department": "department", "division": "division", "location": "location",
			"manager_source_id": "supervisorEId", // supervisorId is the manager's employee number
			"status":            "status and dates", "employment_type": "employmentHistoryStatus",
			"start_date": "hireDate", "original_hire_date": "originalHireDate", "end_date": "terminationDate",
		},
		Also: []string{"status", "employmentHistoryStatus", "hireDate", "terminationDate"}, Made: []string{"status and dates"},
		StatusMap: map[string]string{"Inactive": "pre_hire"},
		Adjust:    adjust,
		Read: func(ctx context.Context, want []string, p *hrapi.Pages) error {
			return report(ctx, client, want, p)
		},
	}
}

// explain names a cause that BambooHR tells by status alone.
func explain(f httpclient.Failure) httpclient.Diagnosis {
	if f.Status == http.StatusForbidden {
		return httpclient.Diagnosis{
			Cause: "the user who made the API key may not run reports over all employees",
			Next:  "Let a user make the key whose access level sees the fields of all employees, former ones included.",
		}
	}
	return httpclient.Diagnosis{}
}

// adjust makes one status of "Active" and "Inactive", the current row of the employment status table, and the dates. A
// future hire is Inactive too.
func adjust(r *hrapi.Record) {
	const none = "0000-00-00" // how some accounts write no date
	for _, path := range []string{"hireDate", "originalHireDate", "terminationDate", "contractEndDate"} {
		if r.Get(path) == none {
			r.Set(path, "")
		}
	}
	hire, end := r.Get("hireDate"), r.Get("terminationDate")
	if hire != "" && end != "" && end < hire {
		r.Set("terminationDate", "") // of an earlier employment
		end = ""
	}
	status, row := r.Get("status"), r.Get("employmentHistoryStatus")
	switch {
	case strings.EqualFold(status, "Inactive") && (end != "" || strings.EqualFold(row, "Terminated")):
		status = "Terminated"
	case strings.EqualFold(status, "Active") && strings.Contains(strings.ToLower(row), "leave"):
		status = row
	}
	r.Set("status and dates", status)
}

// report asks for a custom report over everybody (POST /api/v1/reports/custom). BambooHR drops, without a word, what
// the key may not see: the fields of the answer say what came.
func report(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	var answer struct {
		Fields    []struct{ ID string }
		Employees []json.RawMessage
	}
	err := hrapi.Fetch(ctx, client, httpclient.Request{
		Method: http.MethodPost, Path: []string{"api", "v1", "reports", "custom"}, ReadOnly: true,
		// without onlyCurrent=false there are no future hires
		Query: []httpclient.Param{{Key: "format", Value: "json"}, {Key: "onlyCurrent", Value: "false"}},
		Body: map[string]any{
			"title": "Tenure", "fields": slices.DeleteFunc(want, func(f string) bool { return f == "id" }), // every row has it
			"filterDuplicates": "no",
		},
	}, &answer)
	if err != nil {
		return err
	}
	if answer.Employees == nil {
		return &fault.Error{Kind: fault.Invalid, Cause: "the answer is not a report of BambooHR: it has no list of employees", Next: "Check company and base_url."}
	}
	for _, f := range answer.Fields {
		p.Returned(f.ID)
	}
	return p.Add(answer.Employees)
}
