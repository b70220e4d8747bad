// Package workday reads a roster from Workday, from a custom report that is enabled as a web service (RaaS). What its
// columns are called is the customer's choice, so the mapping is configuration.
package workday

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a workday block. Connection.BaseURL is not used.
type Config struct {
	hrapi.Connection
	// ReportURL is the report's address as Workday shows it (View URLs), prompts included:
	// https://HOST/ccx/service/customreport2/TENANT/OWNER/REPORT.
	ReportURL string
	// UserName and Password are an integration system user's; or
	UserName, Password string
	// ClientID, ClientSecret and RefreshToken an API client's for integrations.
	ClientID, ClientSecret, RefreshToken string
	// OnLeave is the column that says "1" for people on leave; "" where the report has none.
	OnLeave string
	// Mapping names the report's columns; source_id, status and start_date have to be among them.
	Mapping roster.Mapping
}

// DefaultTimeout is how long a report may take: Workday gives it 30 minutes.
const DefaultTimeout = 10 * time.Minute

const madeStatus = "status and leave"

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next})
	}
	report, err := parse(c.ReportURL)
	if err != nil {
		errs = append(errs, err)
	}
	basic, oauth := c.UserName != "" || c.Password != "", c.ClientID != "" || c.ClientSecret != "" || c.RefreshToken != ""
	switch {
	case basic && oauth:
		bad("Use one of them.", "both user_name and an API client are set")
	case !basic && !oauth:
		bad("Set user_name and password of an integration system user, or client_id, client_secret and refresh_token of an API client.", "there is no credential")
	case basic && (c.UserName == "" || c.Password == ""):
		bad("Set both.", "user_name and password go together")
	}
	for _, f := range []string{"source_id", "status", "start_date"} {
		if strings.TrimSpace(c.Mapping.FieldMap[f]) == "" {
			bad("Set field_map = { "+f+` = "…" } to the column's XML alias in the report.`, "field_map does not say which column is %s", f)
		}
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = DefaultTimeout
	}
	if err := errors.Join(errs...); err != nil {
		return nil, roster.ConfigError(c.Name, "workday", errors.Join(err, c.Mapping.Validate()))
	}
	c.BaseURL = report.base
	auth := httpclient.Auth{}
	if basic {
		auth.Basic = &httpclient.Basic{Username: c.UserName, Password: c.Password}
	} else {
		auth.RefreshToken = &httpclient.RefreshToken{
			TokenURL: report.base + "/ccx/oauth2/" + url.PathEscape(report.tenant()) + "/token",
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, Token: c.RefreshToken,
		}
	}
	client, err := httpclient.New(c.Options("workday", auth))
	if err != nil {
		return nil, roster.ConfigError(c.Name, "workday", err)
	}
	k := kind(client, report, c)
	m := c.Mapping
	m.FieldMap = maps.Clone(m.FieldMap)
	m.FieldMap["status"] = madeStatus
	return hrapi.Open(k, c.Name, m)
}

// address is where a report is.
type address struct {
	base  string
	path  []string
	query []httpclient.Param
}

// tenant is the fourth part of /ccx/service/customreport2/TENANT/OWNER/REPORT.
func (a address) tenant() string { return a.path[3] }

func parse(raw string) (address, error) {
	bad := func(cause string) (address, error) {
		return address{}, &fault.Error{Kind: fault.Invalid, Cause: cause, Next: `Set report_url to the address that Workday shows under "View URLs": https://HOST/ccx/service/customreport2/TENANT/OWNER/REPORT.`}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return bad("report_url is no address of a report")
	}
	host := strings.ToLower(u.Hostname())
	loopback := host == "localhost" || host == "127.0.0.1" || host == "::1"
	if !loopback && !strings.HasSuffix(host, ".workday.com") && !strings.HasSuffix(host, ".myworkday.com") {
		return bad("report_url leads to the host " + host + ", which is not Workday's (*.workday.com or *.myworkday.com)")
	}
	a := address{base: u.Scheme + "://" + u.Host, path: strings.Split(strings.Trim(u.Path, "/"), "/")}
	if len(a.path) != 6 || a.path[0] != "ccx" || a.path[1] != "service" || a.path[2] != "customreport2" || slices.Contains(a.path, "") {
		return bad("report_url is not of the form https://HOST/ccx/service/customreport2/TENANT/OWNER/REPORT")
	}
	query := u.Query()
	query.Set("format", "json")
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, v := range query[key] {
			a.query = append(a.query, httpclient.Param{Key: key, Value: v})
		}
	}
	return a, nil
}

func kind(client *httpclient.Client, report address, c Config) hrapi.Kind {
	column := func(f string) string { return strings.TrimSpace(c.Mapping.FieldMap[f]) }
	also := []string{column("status")}
	if c.OnLeave != "" {
		also = append(also, c.OnLeave)
	}
	leave := roster.No
	if c.OnLeave != "" {
		leave = roster.Yes
	}
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "workday", Terminated: roster.Depends, FutureHires: roster.Depends, Leave: leave, Totals: roster.No,
			Lacks: map[string]string{
				"status": "leave is known when on_leave names the report's column for it; future hires and people who have left when the report's data source and filters have them",
			},
		},
		Title: "Workday", Noun: "worker", Key: column("source_id"), Also: also, Made: []string{madeStatus},
		OmitsEmpty: true,
		Adjust: func(r *hrapi.Record) {
			status := r.Get(column("status"))
			switch flag(status) {
			case yes:
				if status = "Active"; flag(r.Get(c.OnLeave)) == yes {
					status = "On leave"
				}
			case no: // somebody who has left or one who has not begun
				status = "pre_hire"
				for _, f := range []string{"end_date", "last_working_day"} {
					if path := column(f); path != "" && r.Get(path) != "" {
						status = "Terminated"
					}
				}
			}
			r.Set(madeStatus, status)
		},
		Read: func(ctx context.Context, _ []string, p *hrapi.Pages) error { return read(ctx, client, report, p) },
	}
}

type answer uint8

const (
	text answer = iota // no flag: a calculated field with words of its own
	no
	yes
)

// flag reads a boolean of Workday's JSON, "1" or "0".
func flag(v string) answer {
	switch strings.ToLower(v) {
	case "1", "true", "yes", "y":
		return yes
	case "0", "false", "no", "n":
		return no
	}
	return text
}

// read gets the report, which comes in one piece however long it is. The report decides which columns there are: what is
// not mapped is dropped at once.
func read(ctx context.Context, client *httpclient.Client, report address, p *hrapi.Pages) error {
	var body struct {
		Entries []json.RawMessage `json:"Report_Entry"`
	}
	if err := hrapi.Fetch(ctx, client, httpclient.Request{Method: http.MethodGet, Path: report.path, Query: report.query}, &body); err != nil {
		return err
	}
	if body.Entries == nil {
		return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no report: it has no Report_Entry", Next: "Check report_url, and that the report is of the type Advanced and enabled as a web service."}
	}
	return p.Add(body.Entries)
}
