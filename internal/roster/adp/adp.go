// Package adp reads a roster from ADP Workforce Now (developers.adp.com), by GET /hr/v2/workers over mutual TLS.
package adp

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

// Config is a roster block with an adp block.
type Config struct {
	hrapi.Connection
	// ClientID and ClientSecret are those of the project; ADP wants the project's certificate on both of its hosts.
	ClientID, ClientSecret      string
	ClientCertPEM, ClientKeyPEM string
	TokenURL                    string // default DefaultTokenURL
	CACertPEM                   string // trusted beside the system's
	Mapping                     roster.Mapping
}

// The addresses of ADP.
const (
	DefaultURL      = "https://api.adp.com"
	DefaultTokenURL = "https://accounts.adp.com/auth/oauth/v2/token" //nolint:gosec // an address
)

// pageSize is the most workers of one answer.
const pageSize = 100

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	for _, a := range []struct{ name, value string }{
		{"client_id", c.ClientID}, {"client_secret", c.ClientSecret}, {"client_cert_pem", c.ClientCertPEM}, {"client_key_pem", c.ClientKeyPEM},
	} {
		if a.value == "" && (c.BaseURL == "" || !strings.HasSuffix(a.name, "_pem")) { // another address may stand behind a proxy that has the certificate
			errs = append(errs, &fault.Error{
				Kind: fault.Invalid, Cause: "there is no " + a.name,
				Next: "ADP API Central shows client id and secret of a project, and signs the certificate that every request needs.",
			})
		}
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	if c.TokenURL == "" {
		c.TokenURL = DefaultTokenURL
	}
	options := c.Options("adp", httpclient.Auth{})
	if c.ClientID != "" && c.ClientSecret != "" {
		options.Auth.ClientCredentials = &httpclient.ClientCredentials{TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret}
	}
	options.ClientCertPEM, options.ClientKeyPEM, options.CACertPEM = c.ClientCertPEM, c.ClientKeyPEM, c.CACertPEM
	client, err := httpclient.New(options)
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "adp", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// Paths that adjust makes.
const (
	status   = "status"
	start    = "start date"
	original = "original hire date"
	end      = "end date"
)

// kind says how ADP tells of people. A record is a worker with "assignment", its work assignment that counts, "department",
// the name of the home department of that, and "email", the business address.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "adp", Terminated: roster.Yes, FutureHires: roster.Depends, Leave: roster.Yes, Totals: roster.No,
			Lacks: map[string]string{
				"last_working_day":  "ADP knows the termination date only",
				"contract_end_date": "is a custom field where there is one: map it",
				"user_name":         "not part of the API",
			},
		},
		Title: "ADP", Noun: "worker", Key: "associateOID",
		Fields: map[string]string{
			"source_id": "associateOID", "employee_number": "workerID.idValue", "given_name": "person.legalName.givenName", "family_name": "person.legalName.familyName1",
			"preferred_given_name": "person.preferredName.givenName", "work_email": "email", "title": "assignment.jobTitle", "department": "department",
			"location": "assignment.homeWorkLocation.nameCode.shortName", "manager_source_id": "assignment.reportsTo.0.associateOID",
			"status": status, "employment_type": "assignment.workerTypeCode.codeValue", "start_date": start, "original_hire_date": original, "end_date": end,
		},
		Also: []string{
			"workerStatus.statusCode.codeValue", "assignment.assignmentStatus.statusCode.codeValue", "assignment.terminationDate", "assignment.hireDate",
			"workerDates.originalHireDate", "workerDates.rehireDate", "workerDates.terminationDate",
		},
		Made: []string{status, start, original, end}, OmitsEmpty: true,
		StatusMap: map[string]string{"A": "active", "L": "leave", "T": "terminated", "Inactive": "unknown"},
		Adjust:    adjust,
		Read:      func(ctx context.Context, want []string, p *hrapi.Pages) error { return read(ctx, client, want, p) },
	}
}

// adjust lets the assignment say who is on leave, and the worker who has left: an assignment can end before another begins.
func adjust(r *hrapi.Record) {
	code, worker := r.Get("assignment.assignmentStatus.statusCode.codeValue"), r.Get("workerStatus.statusCode.codeValue")
	s := worker
	if s == "" || s == "Active" && code == "L" {
		s = code
	}
	r.Set(status, s)
	hired, again := r.Get("workerDates.originalHireDate"), r.Get("workerDates.rehireDate")
	if again != "" && again != hired {
		r.Set(original, hired)
		hired = again
	}
	if hired == "" {
		hired = r.Get("assignment.hireDate")
	}
	r.Set(start, hired)
	last := r.Get("workerDates.terminationDate")
	if last == "" {
		last = r.Get("assignment.terminationDate")
	}
	r.Set(end, last)
}

// read asks page by page. ADP tells no total: the end is 204, or a page without workers.
func read(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	for skip := 0; ; skip += pageSize {
		resp, err := client.Do(ctx, httpclient.Request{
			Op: "read", Subject: "the roster", Method: http.MethodGet, Path: []string{"hr", "v2", "workers"},
			Query: []httpclient.Param{{Key: "$top", Value: strconv.Itoa(pageSize)}, {Key: "$skip", Value: strconv.Itoa(skip)}, {Key: "$select", Value: selection(want)}},
		})
		if err != nil {
			return err
		}
		if resp.Status == http.StatusNoContent {
			return nil
		}
		var answer struct{ Workers []map[string]json.RawMessage }
		if err := resp.Decode(&answer); err != nil {
			return err
		}
		if len(answer.Workers) == 0 {
			return nil
		}
		page := make([]json.RawMessage, len(answer.Workers))
		for i, w := range answer.Workers {
			if page[i], err = settle(w); err != nil {
				return err
			}
		}
		if err := p.Add(page); err != nil {
			return err
		}
	}
}

// selection is the $select of the paths that are wanted: the parts of a worker, and nothing else.
func selection(want []string) string {
	var parts []string
	for _, path := range want {
		switch head, rest, _ := strings.Cut(path, "."); {
		case path == "department":
			parts = append(parts, "workers/workAssignments/homeOrganizationalUnits")
		case path == "email":
			parts = append(parts, "workers/businessCommunication/emails")
		case head == "assignment":
			field, _, _ := strings.Cut(rest, ".")
			parts = append(parts, "workers/workAssignments/"+field)
		case head == "person":
			field, _, _ := strings.Cut(rest, ".")
			parts = append(parts, "workers/person/"+field)
		default:
			parts = append(parts, "workers/"+head)
		}
	}
	parts = append(parts, "workers/workAssignments/primaryIndicator")
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), ",")
}

// settle chooses the work assignment that counts and gives names to what stands in lists.
func settle(worker map[string]json.RawMessage) (json.RawMessage, error) {
	var assignments []map[string]json.RawMessage
	_ = json.Unmarshal(worker["workAssignments"], &assignments) // what is no list has none in it
	delete(worker, "workAssignments")
	if a := chosen(assignments); a != nil {
		var units []struct {
			TypeCode struct{ CodeValue string }
			NameCode struct{ CodeValue, ShortName, LongName string }
		}
		if json.Unmarshal(a["homeOrganizationalUnits"], &units) == nil {
			for _, u := range units {
				if strings.EqualFold(u.TypeCode.CodeValue, "Department") {
					worker["department"] = text(u.NameCode.LongName, u.NameCode.ShortName, u.NameCode.CodeValue)
				}
			}
		}
		delete(a, "homeOrganizationalUnits")
		b, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		worker["assignment"] = b
	}
	var business struct {
		Emails []struct {
			EmailURI string `json:"emailUri"`
		}
	}
	if json.Unmarshal(worker["businessCommunication"], &business) == nil && len(business.Emails) > 0 {
		worker["email"] = text(business.Emails[0].EmailURI)
	}
	delete(worker, "businessCommunication")
	return json.Marshal(worker)
}

// chosen is the primary assignment, else the first that has not ended.
func chosen(all []map[string]json.RawMessage) map[string]json.RawMessage {
	for _, a := range all {
		if string(a["primaryIndicator"]) == "true" {
			return a
		}
	}
	for _, a := range all {
		if a["terminationDate"] == nil {
			return a
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

// text is the first that is not empty, as JSON.
func text(candidates ...string) json.RawMessage {
	for _, s := range candidates {
		if s != "" {
			b, err := json.Marshal(s)
			if err == nil {
				return b
			}
		}
	}
	return json.RawMessage("null")
}
