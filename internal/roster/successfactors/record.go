package successfactors

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// noJob is the status of an employment without job information: nobody knows.
const noJob = "no job information"

// rows is a relation to many, as OData writes it.
type rows struct {
	Results []json.RawMessage `json:"results"`
}

type employment struct {
	Start      string `json:"startDate"`
	Original   string `json:"originalStartDate"`
	Contingent bool   `json:"isContingentWorker"`
	Jobs       rows   `json:"jobInfoNav"`
	Person     struct {
		Names  rows `json:"personalInfoNav"`
		Emails struct {
			Results []struct {
				Address string `json:"emailAddress"`
				Primary bool   `json:"isPrimary"`
				Type    option `json:"emailTypeNav"`
			} `json:"results"`
		} `json:"emailNav"`
	} `json:"personNav"`
}

// option is a value of a picklist.
type option struct {
	Code string `json:"externalCode"`
}

// settle makes one record of an employment and its relations, as of a day.
func settle(raw json.RawMessage, today string) (json.RawMessage, error) {
	fields, ok := object(raw)
	if !ok {
		return raw, nil // for Pages to say so
	}
	undocumented := &fault.Error{
		Kind: fault.Invalid, Cause: "employment " + strings.Trim(string(fields["userId"]), `"`) + " is not written as SuccessFactors documents it",
		Next: "Nothing is decided on a roster with a hole: report it to SAP.",
	}
	var e employment
	if json.Unmarshal(raw, &e) != nil {
		return nil, undocumented
	}
	job, dated := current(e.Jobs.Results, today)
	name, named := current(e.Person.Names.Results, today)
	var j struct {
		Status  option `json:"emplStatusNav"`
		Class   option `json:"employeeClassNav"`
		Manager string `json:"managerId"`
	}
	if !dated || !named || job != nil && json.Unmarshal(job, &j) != nil {
		return nil, undocumented
	}
	set := func(path, text string) {
		if text != "" {
			fields[path] = encode(text)
		}
	}
	if job == nil {
		j.Status.Code = noJob
	} else {
		fields["job"] = job
	}
	if name != nil {
		fields["name"] = name
	}
	set("status", j.Status.Code)
	if j.Manager != "NO_MANAGER" {
		set("manager", j.Manager)
	}
	if e.Contingent {
		j.Class.Code = "contractor"
	}
	set("type", j.Class.Code)
	if e.Original != e.Start {
		set("originalStart", e.Original)
	}
	business, primary := "", ""
	for _, m := range e.Person.Emails.Results {
		switch {
		case m.Type.Code == "B":
			business = m.Address
		case m.Type.Code == "" && m.Primary: // private ones have a type
			primary = m.Address
		}
	}
	if business == "" {
		business = primary
	}
	set("email", business)
	for _, key := range []string{"__metadata", "jobInfoNav", "personNav", "isContingentWorker", "originalStartDate"} {
		delete(fields, key)
	}
	return encode(fields), nil
}

// current is the row that holds on a day: the last one that has begun, of several on one day the one with the highest
// number; before the first one begins, that. It is nil where there are none, and false says that a date is none.
func current(list []json.RawMessage, today string) (json.RawMessage, bool) {
	var best json.RawMessage
	var bestDay string
	var bestSeq int
	for _, raw := range list {
		var row struct {
			Start string          `json:"startDate"`
			Seq   json.RawMessage `json:"seqNumber"`
		}
		if json.Unmarshal(raw, &row) != nil {
			return nil, false
		}
		day, ok := date(row.Start)
		if !ok {
			return nil, false
		}
		seq, _ := strconv.Atoi(strings.Trim(string(row.Seq), `"`)) // 64-bit numbers are texts in OData
		better := best == nil
		switch {
		case better:
		case day == bestDay:
			better = seq > bestSeq
		case bestDay > today:
			better = day < bestDay
		default:
			better = day > bestDay && day <= today
		}
		if better {
			best, bestDay, bestSeq = raw, day, seq
		}
	}
	return best, true
}

// date reads /Date(1388534400000)/ or /Date(1388534400000+0000)/: milliseconds of a day in UTC.
func date(v string) (string, bool) {
	inner, ok := strings.CutPrefix(v, "/Date(")
	inner, closed := strings.CutSuffix(inner, ")/")
	if i := strings.LastIndexAny(inner, "+-"); i > 0 {
		inner = inner[:i]
	}
	ms, err := strconv.ParseInt(inner, 10, 64)
	return time.UnixMilli(ms).UTC().Format(time.DateOnly), ok && closed && err == nil
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
