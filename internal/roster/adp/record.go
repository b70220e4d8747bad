package adp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// code is a value of one of ADP's code lists.
type code struct {
	Value string `json:"codeValue"`
	Short string `json:"shortName"`
	Long  string `json:"longName"`
}

// name is the code as people read it.
func (c code) name() string { return cmp.Or(c.Short, c.Long, c.Value) }

type worker struct {
	Dates struct {
		Original    string `json:"originalHireDate"`
		Rehire      string `json:"rehireDate"`
		Termination string `json:"terminationDate"`
	} `json:"workerDates"`
	Status struct {
		Code code `json:"statusCode"`
	} `json:"workerStatus"`
	Business struct {
		Emails []struct {
			URI string `json:"emailUri"`
		} `json:"emails"`
	} `json:"businessCommunication"`
	Assignments []json.RawMessage `json:"workAssignments"`
	Custom      map[string][]struct {
		Name code   `json:"nameCode"`
		Text string `json:"stringValue"`
		Date string `json:"dateValue"`
		Code string `json:"codeValue"`
	} `json:"customFieldGroup"`
}

type assignment struct {
	Primary bool `json:"primaryIndicator"`
	Status  struct {
		Code code `json:"statusCode"`
	} `json:"assignmentStatus"`
	Hire        string `json:"hireDate"`
	Start       string `json:"actualStartDate"`
	Termination string `json:"terminationDate"`
	Units       []unit `json:"homeOrganizationalUnits"`
	Location    struct {
		Name code `json:"nameCode"`
	} `json:"homeWorkLocation"`
	Type      code `json:"workerTypeCode"`
	ReportsTo []struct {
		OID string `json:"associateOID"`
	} `json:"reportsTo"`

	raw json.RawMessage
}

type unit struct {
	Type code `json:"typeCode"`
	Name code `json:"nameCode"`
}

func (u unit) department() bool { return strings.EqualFold(u.Type.Value, "Department") }

func (a assignment) over() bool { return a.Status.Code.Value == "T" }

// settle makes one record of a worker: of several assignments the one that counts, of dates in several places the ones
// of the present employment.
func settle(raw json.RawMessage) (json.RawMessage, error) {
	fields, ok := object(raw)
	if !ok {
		return raw, nil // for Pages to say so
	}
	undocumented := &fault.Error{
		Kind: fault.Invalid, Cause: "worker " + strings.Trim(string(fields["associateOID"]), `"`) + " is not written as ADP documents it",
		Next: "Nothing is decided on a roster with a hole: report it to ADP.",
	}
	var w worker
	if json.Unmarshal(raw, &w) != nil {
		return nil, undocumented
	}
	list := make([]assignment, len(w.Assignments))
	for i, one := range w.Assignments {
		if json.Unmarshal(one, &list[i]) != nil {
			return nil, undocumented
		}
		list[i].raw = one
	}
	main := principal(list)

	start := max(cmp.Or(main.Start, main.Hire, w.Dates.Original), w.Dates.Rehire)
	end := cmp.Or(main.Termination, w.Dates.Termination)
	if end < start { // of an earlier employment
		end = ""
	}
	original := w.Dates.Original
	if original == start {
		original = ""
	}
	set := func(path, text string) {
		if text != "" {
			fields[path] = encode(text)
		}
	}
	set("status", cmp.Or(main.Status.Code.Value, w.Status.Code.Value))
	set("start", start)
	set("originalHire", original)
	set("end", end)
	if len(w.Business.Emails) > 0 {
		set("email", w.Business.Emails[0].URI)
	}
	fields["assignment"] = main.settle()
	custom := map[string]string{}
	for _, group := range w.Custom {
		for _, f := range group {
			custom[f.Name.Value] = cmp.Or(f.Text, f.Date, f.Code)
		}
	}
	fields["custom"] = encode(custom)
	for _, key := range []string{"workAssignments", "customFieldGroup", "businessCommunication", "workerDates", "workerStatus"} {
		delete(fields, key)
	}
	return encode(fields), nil
}

// principal is the assignment that counts: one that has not ended before one that has, the primary before others.
func principal(list []assignment) assignment {
	var best assignment
	for i, a := range list {
		if i == 0 || best.over() && !a.over() || best.over() == a.over() && a.Primary && !best.Primary {
			best = a
		}
	}
	return best
}

// settle keeps what an assignment has, and puts what stands in lists and codes where a path can name it.
func (a assignment) settle() json.RawMessage {
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal(a.raw, &fields) // it was one before; a worker without any has nothing
	set := func(path, text string) {
		if text != "" {
			fields[path] = encode(text)
		}
	}
	if i := slices.IndexFunc(a.Units, unit.department); i >= 0 {
		set("department", a.Units[i].Name.name())
	}
	set("location", a.Location.Name.name())
	set("type", a.Type.name())
	if len(a.ReportsTo) > 0 {
		set("manager", a.ReportsTo[0].OID)
	}
	return encode(fields)
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
