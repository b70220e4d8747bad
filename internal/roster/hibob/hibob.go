// Package hibob reads a roster from HiBob (apidocs.hibob.com), by one search over all people.
package hibob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/httpclient"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/hrapi"
)

// Config is a roster block with a hibob block.
type Config struct {
	hrapi.Connection
	// ServiceUser is the id of a service user, Token its token. It sees what its permission groups see.
	ServiceUser, Token string
	Mapping            roster.Mapping
}

// DefaultURL is where the API is; the sandbox is https://api.sandbox.hibob.com.
const DefaultURL = "https://api.hibob.com"

// maxFields is how many fields one search may name.
const maxFields = 400

// Open checks the configuration, all of it, without a request.
func Open(c Config) (roster.Source, error) {
	var errs []error
	missing := func(argument string) {
		errs = append(errs, &fault.Error{Kind: fault.Invalid, Cause: "there is no " + argument, Next: "Set " + argument + ": HiBob shows id and token of a service user when it is made."})
	}
	if c.ServiceUser == "" {
		missing("service_user")
	}
	if c.Token == "" {
		missing("token")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultURL
	}
	if c.RequestsPerSecond == 0 {
		c.RequestsPerSecond = 50.0 / 60 // of people/search
	}
	options := c.Options("hibob", httpclient.Auth{})
	if c.Token != "" {
		options.Auth.Basic = &httpclient.Basic{Username: c.ServiceUser, Password: c.Token}
	}
	client, err := httpclient.New(options)
	if err := errors.Join(errors.Join(errs...), err); err != nil {
		return nil, roster.ConfigError(c.Name, "hibob", err)
	}
	return hrapi.Open(kind(client), c.Name, c.Mapping)
}

const (
	status    = "status and lifecycle" // made by adjust
	manager   = "manager"
	lifecycle = "internal.lifecycleStatus"
)

// kind says how HiBob tells of people. Field ids are those of GET /v1/company/people/fields.
func kind(client *httpclient.Client) hrapi.Kind {
	return hrapi.Kind{
		Info: roster.Info{
			Kind: "hibob", Terminated: roster.Depends, FutureHires: roster.Yes, Leave: roster.Yes, Totals: roster.No,
			Lacks: map[string]string{
				"last_working_day":  "HiBob knows the termination date only",
				"contract_end_date": "is a field of the company's own where there is one: map it",
				"division":          "is a field of the company's own where there is one: map it",
			},
		},
		Title: "HiBob", Noun: "employee", Key: "root.id",
		Fields: map[string]string{
			"source_id": "root.id", "employee_number": "work.employeeIdInCompany", "given_name": "root.firstName", "family_name": "root.surname",
			"display_name": "root.displayName", "work_email": "root.email", "title": "work.title", "department": "work.department",
			"location": "work.site", "manager_source_id": manager, "status": status, "employment_type": "payroll.employment.type",
			"start_date": "work.startDate", "end_date": "internal.terminationDate",
		},
		Also: []string{"internal.status", lifecycle, "work.manager", "work.reportsTo.*"}, Made: []string{status, manager},
		StatusMap:         map[string]string{"hired": "pre_hire", "Inactive": "unknown"},
		EmploymentTypeMap: map[string]string{"Permanent": "employee"},
		Adjust:            adjust,
		Read:              func(ctx context.Context, want []string, p *hrapi.Pages) error { return search(ctx, client, want, p) },
	}
}

// adjust takes the lifecycle where there is one, and the manager's id wherever HiBob writes it.
func adjust(r *hrapi.Record) {
	s := r.Get(lifecycle)
	if s == "" {
		s = r.Get("internal.status")
	}
	r.Set(status, s)
	id := r.Get("work.reportsTo.id")
	if id == "" {
		id = r.Get("work.manager")
	}
	r.Set(manager, id)
}

// search asks for everybody (POST /v1/people/search), former and future people included. HiBob leaves out, without a
// word, what the service user may not see.
func search(ctx context.Context, client *httpclient.Client, want []string, p *hrapi.Pages) error {
	var fields []string
	for _, path := range want {
		fields = append(fields, strings.TrimSuffix(path, ".*"))
	}
	if len(fields) > maxFields {
		return &fault.Error{Kind: fault.LimitReached, Cause: fmt.Sprintf("HiBob answers with at most %d fields, and %d are mapped", maxFields, len(fields)), Next: "Take some out of custom."}
	}
	var answer struct{ Employees []map[string]json.RawMessage }
	err := hrapi.Fetch(ctx, client, httpclient.Request{
		Method: http.MethodPost, Path: []string{"v1", "people", "search"}, ReadOnly: true,
		// without showInactive nobody who has left; with REPLACE labels instead of ids of list items
		Body: map[string]any{"fields": fields, "showInactive": true, "humanReadable": "REPLACE"},
	}, &answer)
	if err != nil {
		return err
	}
	if answer.Employees == nil {
		return &fault.Error{Kind: fault.Invalid, Cause: "the answer is no list of employees", Next: "Check base_url."}
	}
	page := make([]json.RawMessage, len(answer.Employees))
	for i, employee := range answer.Employees {
		if page[i], err = settle(employee, fields); err != nil {
			return err
		}
	}
	return p.Add(page)
}

// settle makes an object by field id of an employee. HiBob writes a field as "/work/title", as "work": {"title": …}, or as
// both, plain or as {"value": …}; fields of root also stand at the top.
func settle(employee map[string]json.RawMessage, fields []string) (json.RawMessage, error) {
	flat := map[string]json.RawMessage{}
	groups := map[string]map[string]json.RawMessage{} // "work" -> what is in it
	for _, f := range fields {
		v, ok := employee["/"+strings.ReplaceAll(f, ".", "/")]
		if name, rest, nested := strings.Cut(f, "."); !ok && nested {
			group, opened := groups[name]
			if !opened {
				_ = json.Unmarshal(employee[name], &group) // what is no group has nothing in it
				groups[name] = group
			}
			v, ok = within(group, strings.Split(rest, "."))
		}
		if root, isRoot := strings.CutPrefix(f, "root."); !ok && isRoot {
			v, ok = employee[root]
		}
		if ok {
			flat[f] = plain(v)
		}
	}
	return json.Marshal(flat)
}

func within(object map[string]json.RawMessage, path []string) (json.RawMessage, bool) {
	v, ok := object[path[0]]
	if !ok || len(path) == 1 {
		return v, ok
	}
	var below map[string]json.RawMessage
	if json.Unmarshal(v, &below) != nil {
		return nil, false
	}
	return within(below, path[1:])
}

// plain takes a value out of {"value": …}.
func plain(v json.RawMessage) json.RawMessage {
	if !bytes.HasPrefix(bytes.TrimSpace(v), []byte("{")) {
		return v
	}
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(v, &wrapped) == nil {
		if inner, ok := wrapped["value"]; ok {
			return inner
		}
	}
	return v
}
