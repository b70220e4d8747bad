// Package adp reads a roster from ADP Workforce Now (developers.adp.com), over TLS with a client certificate.
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
	ClientID, ClientSecret string
	// ClientCertPEM is the certificate that ADP signed and ClientKeyPEM its key: both of ADP's hosts ask for it.
	ClientCertPEM, ClientKeyPEM string
	// CACertPEM are further certificates to trust, of a proxy that ends TLS for one.
	CACertPEM string
	// TokenURL is where tokens come from; empty is ADP's own, or that of BaseURL where one is set.
	TokenURL string
	Mapping  roster.Mapping
}

// DefaultURL and DefaultTokenURL are where the API is.
const (
	DefaultURL      = "https://api.adp.com"
	DefaultTokenURL = "https://accounts.adp.com/auth/oauth/v2/token" //nolint:gosec // no secret
)

// pageSize is the most that ADP gives.
const pageSize = 100

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	for _, a := range []struct{ name, value, next string }{
		{"client_id", c.ClientID, "Take it from the project in ADP's API Central."},
		{"client_secret", c.ClientSecret, "Take it from the project in ADP's API Central."},
		{"client_cert_pem", c.ClientCertPEM, "Make a certificate signing request in ADP's API Central; ADP answers no client without its certificate."},
		{"client_key_pem", c.ClientKeyPEM, "It is the key with which the certificate signing request was made."},
	} {
		if a.value == "" {
			errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no " + a.name, Next: a.next})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "adp", errors.Join(err, c.Mapping.Validate()))
	}
	switch {
	case c.TokenURL == "" && c.BaseURL == "":
		c.TokenURL = DefaultTokenURL
	case c.TokenURL == "":
		c.TokenURL = strings.TrimSuffix(c.BaseURL, "/") + "/auth/oauth/v2/token"
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	options := c.Options("adp", httpclient.Auth{ClientCredentials: &httpclient.ClientCredentials{TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret}})
	options.CACertPEM, options.ClientCertPEM, options.ClientKeyPEM = c.CACertPEM, c.ClientCertPEM, c.ClientKeyPEM
	client, err := httpclient.New(options)
	if err != nil {
		return nil, roster.ConfigError(c.Name, "adp", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

// kind says how ADP tells of people. Beside what was asked for, a record has what settle makes of it: "status", "start",
// "originalHire" and "end", "email", "assignment", which is the one that counts, and "custom", the custom fields by code.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "adp", Terminated: roster.Yes, FutureHires: roster.Depends, Leave: roster.Yes, Totals: roster.No,
			Lacks: map[string]string{
				"status":            "codes of the company's own are unknown until status_map settles them",
				"employment_type":   "is a code list of the company's own: map its words with employment_type_map",
				"last_working_day":  "is a custom field where there is one: map custom.CODE",
				"contract_end_date": "is a custom field where there is one: map custom.CODE",
			},
		},
		Title: "ADP", Noun: "worker", Key: "associateOID",
		Fields: map[string]string{
			"source_id": "associateOID", "employee_number": "workerID.idValue", "given_name": "person.legalName.givenName", "family_name": "person.legalName.familyName1",
			"preferred_given_name": "person.preferredName.givenName", "work_email": "email", "title": "assignment.jobTitle", "department": "assignment.department",
			"location": "assignment.location", "manager_source_id": "assignment.manager", "status": "status", "employment_type": "assignment.type",
			"start_date": "start", "original_hire_date": "originalHire", "end_date": "end",
		},
		// nobody without a preferred name has one
		OmitsEmpty: true,
		StatusMap:  map[string]string{"A": "active", "L": "leave", "T": "terminated", "Inactive": "unknown"},
		Read:       func(ctx context.Context, want []string, p *hrapi.Pages) error { return workers(ctx, client, want, p) },
	}
}

// always is what settle needs for everybody, made what it makes and of what.
var (
	always = []string{
		"workers/associateOID", "workers/workerDates", "workers/workerStatus", "workers/workAssignments/primaryIndicator", "workers/workAssignments/assignmentStatus",
		"workers/workAssignments/hireDate", "workers/workAssignments/actualStartDate", "workers/workAssignments/terminationDate",
	}
	made = map[string]string{
		"status": "", "start": "", "originalHire": "", "end": "", "email": "workers/businessCommunication/emails", "assignment.department": "workers/workAssignments/homeOrganizationalUnits",
		"assignment.location": "workers/workAssignments/homeWorkLocation", "assignment.type": "workers/workAssignments/workerTypeCode", "assignment.manager": "workers/workAssignments/reportsTo",
	}
)

// selection is the $select for the wanted paths: pay, birth date and national id come with everything else otherwise.
func selection(want []string) string {
	list := slices.Clone(always)
	for _, path := range want {
		from, ok := made[path]
		if rest, below := strings.CutPrefix(path, "assignment."); !ok && below {
			from = "workers/workAssignments/" + strings.ReplaceAll(rest, ".", "/")
		} else if strings.HasPrefix(path, "custom.") {
			from = "workers/customFieldGroup"
		} else if !ok {
			from = "workers/" + strings.ReplaceAll(path, ".", "/")
		}
		if from != "" {
			list = append(list, from)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

// workers reads all of them, those who have left included (GET /hr/v2/workers). ADP tells no total: behind the last page
// comes 204, or a page without workers. A short page is not the end.
func workers(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	chosen := selection(want)
	for skip := 0; ; {
		resp, err := client.Do(ctx, httpclient.Request{
			Method: http.MethodGet, Path: []string{"hr", "v2", "workers"}, Op: "read", Subject: "the roster",
			Query: []httpclient.Param{{Key: "$top", Value: strconv.Itoa(pageSize)}, {Key: "$skip", Value: strconv.Itoa(skip)}, {Key: "$select", Value: chosen}},
		})
		if err != nil {
			return err
		}
		if resp.Status == http.StatusNoContent {
			return nil
		}
		var page struct{ Workers []json.RawMessage }
		if err := resp.Decode(&page); err != nil {
			return err
		}
		if len(page.Workers) == 0 {
			return nil
		}
		skip += len(page.Workers)
		for i, raw := range page.Workers {
			if page.Workers[i], err = settle(raw); err != nil {
				return err
			}
		}
		if err := p.Add(page.Workers); err != nil {
			return err
		}
	}
}
