// Package successfactors reads a roster from SAP SuccessFactors Employee Central, by its OData v2 API
// (help.sap.com, "SAP SuccessFactors API Reference Guide: OData V2").
package successfactors

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a successfactors block. BaseURL is the API host of the data center, such as
// https://api4.successfactors.com.
type Config struct {
	hrapi.Connection
	// UserName is an API user as user@company, with Password; or Token is an access token that something else fetched.
	UserName, Password, Token string
	Mapping                   roster.Mapping
}

// pageSize is what the source asks for; the server may answer with less.
const pageSize = 200

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	bad := func(cause, next string) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: next})
	}
	if c.BaseURL == "" {
		bad("there is no base_url", "Set base_url to the API host of your data center, such as https://api4.successfactors.com.")
	}
	options := c.Options("successfactors", httpclient.Auth{Token: c.Token})
	switch {
	case c.Token != "" && c.UserName != "":
		bad("there is both a token and a user_name", "Use one of them.")
	case c.Token != "":
	case c.UserName == "" || c.Password == "":
		bad("there is neither a token nor a user_name with a password", "Set user_name (user@company) and password of an API user, or token.")
	case !strings.Contains(c.UserName, "@"):
		bad("user_name does not name the company", "Write it as user@company.")
	default:
		options.Auth.Basic = &httpclient.Basic{Username: c.UserName, Password: c.Password}
	}
	var client *httpclient.Client
	if len(errs) == 0 {
		var err error
		client, err = httpclient.New(options)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "successfactors", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// Paths that adjust makes.
const (
	status   = "status"
	original = "original hire date"
	manager  = "manager"
	location = "location"
)

// kind says how Employee Central tells of people: EmpJob, the job of each employment today, with its employment, user and
// person. userId is one employment, personIdExternal the person.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "successfactors", Terminated: roster.Yes, FutureHires: roster.Depends, Leave: roster.Yes, Totals: roster.Yes,
			Lacks: map[string]string{
				"employment_type": "emplType and employeeClass are picklists of each company: map one of them, and its values",
				"user_name":       "userNav.username can be mapped",
			},
		},
		Title: "SuccessFactors", Noun: "employment", Key: "userId",
		Fields: map[string]string{
			"source_id": "userId", "person_source_id": "employmentNav.personIdExternal", "employee_number": "userNav.empId",
			"given_name": "userNav.firstName", "family_name": "userNav.lastName", "work_email": "userNav.email", "title": "jobTitle",
			"department": "departmentNav.name_defaultValue", "location": location, "manager_source_id": manager, "status": status,
			"start_date": "employmentNav.startDate", "original_hire_date": original, "end_date": "employmentNav.endDate",
			"last_working_day": "employmentNav.lastDateWorked", "employment_type": "emplType",
		},
		Also: []string{"emplStatusNav.externalCode", "employmentNav.originalStartDate", "employmentNav.startDate", "managerId", "locationNav.name"},
		Made: []string{status, original, manager, location}, OmitsEmpty: true,
		// external codes of the picklist employee-status (SAP note 2505526)
		StatusMap: map[string]string{
			"A": "active", "D": "unknown", "U": "leave", "P": "leave", "S": "leave", "F": "leave", "O": "never_started", "R": "terminated", "T": "terminated",
		},
		Adjust: adjust,
		Read:   func(ctx context.Context, want []string, p *hrapi.Pages) error { return read(ctx, client, want, p) },
	}
}

func adjust(r *hrapi.Record) {
	r.Set(status, r.Get("emplStatusNav.externalCode"))
	if first := r.Get("employmentNav.originalStartDate"); first != r.Get("employmentNav.startDate") {
		r.Set(original, first)
	}
	if boss := r.Get("managerId"); boss != "NO_MANAGER" {
		r.Set(manager, boss)
	}
	r.Set(location, r.Get("locationNav.name"))
}

// read follows the pages of EmpJob. paging=snapshot keeps them together while people are hired meanwhile.
func read(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	selected, expanded := shape(want)
	query := []httpclient.Param{
		{Key: "$format", Value: "json"},
		{Key: "$select", Value: selected},
		{Key: "$expand", Value: expanded},
		{Key: "$inlinecount", Value: "allpages"},
		{Key: "customPageSize", Value: strconv.Itoa(pageSize)},
		{Key: "paging", Value: "snapshot"},
	}
	seen := map[string]bool{}
	for query != nil {
		var answer struct {
			D *struct {
				Results []json.RawMessage
				Count   string `json:"__count"`
				Next    string `json:"__next"`
			}
		}
		if err := hrapi.Fetch(ctx, client, httpclient.Request{Method: http.MethodGet, Path: []string{"odata", "v2", "EmpJob"}, Query: query}, &answer); err != nil {
			return err
		}
		if answer.D == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no OData v2 list", Next: "Check base_url."}
		}
		if n, err := strconv.Atoi(answer.D.Count); err == nil {
			if err := p.Total(n); err != nil {
				return err
			}
		}
		for i, raw := range answer.D.Results {
			answer.D.Results[i] = dates(raw)
		}
		if err := p.Add(answer.D.Results); err != nil {
			return err
		}
		query = nil
		if next := answer.D.Next; next != "" {
			if seen[next] {
				return hrapi.Changed("the link to the next page came again on page %d", len(seen)+2)
			}
			seen[next] = true
			var err error
			if query, err = hrapi.Next(client, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// shape is the $select and $expand of the paths that are wanted; each navigation is expanded for what is asked of it.
func shape(want []string) (selected, expanded string) {
	navigations := []string{}
	for _, path := range want {
		if i := strings.LastIndexByte(path, '.'); i >= 0 {
			navigations = append(navigations, strings.ReplaceAll(path[:i], ".", "/"))
		}
	}
	slices.Sort(navigations)
	fields := make([]string, len(want))
	for i, path := range want {
		fields[i] = strings.ReplaceAll(path, ".", "/")
	}
	return strings.Join(fields, ","), strings.Join(slices.Compact(navigations), ",")
}

// odataDate is a date of OData v2 JSON: milliseconds of UTC, which Employee Central writes for the midnight of a civil date.
var odataDate = regexp.MustCompile(`"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/"`)

// dates writes them as dates, in UTC: any other zone would shift them by a day.
func dates(raw json.RawMessage) json.RawMessage {
	return odataDate.ReplaceAllFunc(raw, func(m []byte) []byte {
		ms, err := strconv.ParseInt(string(odataDate.FindSubmatch(m)[1]), 10, 64)
		if err != nil {
			return m
		}
		return []byte(`"` + time.UnixMilli(ms).UTC().Format(time.DateOnly) + `"`)
	})
}
