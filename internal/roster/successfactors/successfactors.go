// Package successfactors reads a roster from SAP SuccessFactors Employee Central, by its OData API v2.
package successfactors

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a successfactors block. Connection.BaseURL is the API server of the company's data center.
type Config struct {
	hrapi.Connection
	// CompanyID, UserName and Password are an API user's; or
	CompanyID, UserName, Password string
	// Token is an OAuth access token that something else fetched: it takes a signed SAML assertion.
	Token   string
	Mapping roster.Mapping
	// Now tells the day whose rows count; nil is the clock.
	Now func() time.Time
}

// pageSize is how many employments are asked for at a time; 1000 is the most.
const pageSize = "500"

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	bad := func(cause, next string) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: next})
	}
	if c.BaseURL == "" {
		bad("there is no base_url", "Set base_url to the API server of your data center, such as https://api4.successfactors.com.")
	}
	basic := c.CompanyID != "" || c.UserName != "" || c.Password != ""
	switch {
	case basic && c.Token != "":
		bad("both token and a user are set", "Use one of them.")
	case c.Token == "" && (c.CompanyID == "" || c.UserName == "" || c.Password == ""):
		bad("there is no credential", "Set company_id, user_name and password of an API user, or token to an OAuth access token.")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "successfactors", errors.Join(err, c.Mapping.Validate()))
	}
	auth := httpclient.Auth{Token: c.Token}
	if basic {
		auth.Basic = &httpclient.Basic{Username: c.UserName + "@" + c.CompanyID, Password: c.Password}
	}
	client, err := httpclient.New(c.Options("successfactors", auth))
	if err != nil {
		return nil, roster.ConfigError(c.Name, "successfactors", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	zone, err := time.LoadLocation(c.Mapping.TimeZone)
	if err != nil {
		zone = time.UTC // Open of the kind says what is wrong with it
	}
	return hrapi.Open(kind(client, func() string { return c.Now().In(zone).Format(time.DateOnly) }), c.Name, c.Mapping)
}

// kind says how SuccessFactors tells of people. A record is an employment (EmpEmployment) with what settle makes of its
// relations: "job", the row of its job information that holds today, "name", that of the personal information, and
// "email", "status", "type", "manager" and "originalStart".
func kind(client *httpclient.Client, today func() string) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "successfactors", Terminated: roster.Yes, FutureHires: roster.Depends, Leave: roster.Yes, Totals: roster.No,
			Lacks: map[string]string{
				"employment_type":      "is the employee class, a code list of the company's own: map its codes with employment_type_map; contingent workers are contractors",
				"preferred_given_name": "is a first name in one company and a whole name in another: map name.preferredName",
				"status":               "suspended, dormant and discarded are unknown until status_map settles them",
			},
		},
		Title: "SuccessFactors", Noun: "employment", Key: "userId",
		Fields: map[string]string{
			"source_id": "userId", "person_source_id": "personIdExternal", "employee_number": "personIdExternal", "given_name": "name.firstName", "family_name": "name.lastName",
			"work_email": "email", "title": "job.jobTitle", "department": "job.departmentNav.name", "location": "job.locationNav.name", "manager_source_id": "manager",
			"status": "status", "employment_type": "type", "start_date": "startDate", "original_hire_date": "originalStart", "end_date": "endDate",
			"last_working_day": "lastDateWorked", "contract_end_date": "job.contractEndDate",
		},
		OmitsEmpty: true, // of what settle makes
		StatusMap: map[string]string{
			"A": "active", "U": "leave", "P": "leave", "F": "leave", "T": "terminated", "R": "terminated", "S": "unknown", "D": "unknown", "O": "unknown", noJob: "unknown",
		},
		Read: func(ctx context.Context, want []string, p *hrapi.Pages) error {
			return employments(ctx, client, want, today(), p)
		},
	}
}

// selection gives $select and $expand for the wanted paths: nothing else is asked for.
func selection(want []string) (fields, relations string) {
	const job, person = "jobInfoNav/", "personNav/"
	list := []string{"userId", "startDate", job + "startDate", job + "seqNumber", job + "emplStatusNav/externalCode"}
	for _, w := range want {
		at := strings.ReplaceAll(w, ".", "/")
		switch {
		case w == "status":
		case w == "type":
			list = append(list, "isContingentWorker", job+"employeeClassNav/externalCode")
		case w == "manager":
			list = append(list, job+"managerId")
		case w == "originalStart":
			list = append(list, "originalStartDate")
		case w == "email":
			list = append(list, person+"emailNav/emailAddress", person+"emailNav/isPrimary", person+"emailNav/emailTypeNav/externalCode")
		case strings.HasPrefix(w, "name."):
			list = append(list, person+"personalInfoNav/startDate", person+"personalInfoNav/"+strings.TrimPrefix(at, "name/"))
		case strings.HasPrefix(w, "job."):
			list = append(list, job+strings.TrimPrefix(at, "job/"))
		default:
			list = append(list, at)
		}
	}
	var expand []string
	for _, l := range list {
		for dir := path.Dir(l); dir != "."; dir = path.Dir(dir) {
			expand = append(expand, dir)
		}
	}
	slices.Sort(list)
	slices.Sort(expand)
	return strings.Join(slices.Compact(list), ","), strings.Join(slices.Compact(expand), ",")
}

// employments reads all of them (GET /odata/v2/EmpEmployment), those that ended included. Without the dates only the rows of
// today come, and a future hire has none of those.
func employments(ctx context.Context, client *httpclient.Client, want []string, today string, p *hrapi.Pages) error {
	fields, relations := selection(want)
	query := []httpclient.Param{
		{Key: "$format", Value: "json"},
		{Key: "$select", Value: fields},
		{Key: "$expand", Value: relations},
		{Key: "fromDate", Value: today},
		{Key: "toDate", Value: "9999-12-31"},
		{Key: "paging", Value: "snapshot"},
		{Key: "customPageSize", Value: pageSize},
	}
	seen := map[string]bool{}
	for {
		var page struct {
			D struct {
				Results []json.RawMessage
				Next    string `json:"__next"`
			}
		}
		if err := hrapi.Fetch(ctx, client, httpclient.Request{Method: http.MethodGet, Path: []string{"odata", "v2", "EmpEmployment"}, Query: query}, &page); err != nil {
			return err
		}
		if page.D.Results == nil {
			return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no list of employments: it has no results", Next: "Check base_url."}
		}
		for i, raw := range page.D.Results {
			var err error
			if page.D.Results[i], err = settle(raw, today); err != nil {
				return err
			}
		}
		if err := p.Add(page.D.Results); err != nil {
			return err
		}
		next := page.D.Next
		if next == "" {
			return nil
		}
		if seen[next] {
			return hrapi.Changed("SuccessFactors' link to the next page came again on page %d", len(seen)+1)
		}
		seen[next] = true
		if u, err := url.Parse(next); err == nil && u.Scheme == "https" { // links carry the port, which base_url need not
			u.Host = strings.TrimSuffix(u.Host, ":443")
			next = u.String()
		}
		var err error
		if query, err = hrapi.Next(client, next); err != nil {
			return err
		}
	}
}
