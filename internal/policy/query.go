package policy

import (
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// FieldNames are the fields of person, in the order of the documentation. The list is API.
func FieldNames() []string {
	var names []string
	for _, f := range personFields() {
		names = append(names, f.name)
	}
	return names
}

// Query is a condition over everybody in the rosters, whether their access is open or not.
type Query struct {
	program *Program
	when    *expression
	fields  []field
}

// CompileQuery checks a condition and the names of the fields to give. All problems come at once; the query
// is nil when there is one. customFields are as in Policy.
func CompileQuery(when string, fields, customFields []string) (*Query, []Problem) {
	p := Policy{CustomFields: customFields}
	c := &checker{Program: &Program{policy: p, uses: map[string]bool{}}}
	var err error
	if c.lang, err = newLanguage(); err != nil {
		return nil, []Problem{{Code: CodeInvalid, Cause: err.Error(), Next: "please report this"}}
	}
	q := &Query{program: c.Program, when: c.expression(Block{}, "when", when, cel.BoolType)}
	c.customKeys()
	for _, name := range fields {
		f, ok := c.lang.fields[name]
		if !ok {
			c.fail(Block{}, "fields", fmt.Sprintf("person has no field %q", name), didYouMean(name, c.lang.names))
			continue
		}
		c.uses[name] = true
		q.fields = append(q.fields, f)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return q, nil
}

// Found is a person whom a query matched.
type Found struct {
	PersonID string
	Stage    lifecycle.Stage
	// Fields are the values asked for, by name: a string, a bool, a []string for manager_chain, a
	// map[string]string for custom.
	Fields map[string]any
}

// Run lists whom the condition matches, by person id. Of Input it reads the people and the times. People who
// are known by faulty records only, and those for whom the condition fails, are problems and not listed.
func (q *Query) Run(in Input) ([]Found, []Problem) {
	e := &evaluation{company: newCompany(q.program, in, lifecycleOptions(Timing{}, in))}
	problems := e.company.errors
	var r Result
	e.reportCustomKeys(&r)
	problems = append(problems, r.Errors...)
	standings := e.stand(in.Now)
	working := e.working(standings)
	var found []Found
	var act activation
	for i := range e.subjects {
		s := &e.subjects[i]
		for _, c := range e.faulty[s.PersonID] {
			problems = append(problems, Problem{Severity: Warning, Code: c.code, People: []string{s.PersonID}, Cause: s.PersonID + ": " + c.text, Next: "correct the record"})
		}
		if s.stub {
			continue
		}
		act.person = view{subject: s, stage: string(standings[i].stage), isManager: working != nil && working[i] > 0}
		ok, err := q.when.holds(&act)
		if err != nil {
			problems = append(problems, Problem{
				Severity: Warning, Code: CodeEvaluation, Attribute: "when", People: []string{s.PersonID},
				Cause: fmt.Sprintf("it cannot be evaluated for %s: %s", s.PersonID, firstLine(err.Error())), Next: "make the condition hold for every record",
			})
		}
		if err == nil && ok {
			found = append(found, Found{s.PersonID, standings[i].stage, q.values(&act.person)})
		}
	}
	return found, problems
}

func (q *Query) values(v *view) map[string]any {
	values := make(map[string]any, len(q.fields))
	for _, f := range q.fields {
		switch x := f.get(v).(type) {
		case types.String:
			values[f.name] = string(x)
		case types.Bool:
			values[f.name] = bool(x)
		case custom:
			values[f.name] = map[string]string(x)
		default:
			values[f.name] = v.chain
		}
	}
	return values
}

// lifecycleOptions are the choices that the stages and windows of an evaluation rest on.
func lifecycleOptions(t Timing, in Input) lifecycle.Options {
	o := lifecycle.Options{TimeZone: in.Zone, BeforeStartDays: t.BeforeStartDays, EndOfDayHour: DefaultEndOfDayHour, ReadAt: in.ReadAt, Rosters: in.Rosters}
	if t.EndOfDayHour != nil {
		o.EndOfDayHour = *t.EndOfDayHour
	}
	if o.TimeZone == nil {
		o.TimeZone = time.UTC
	}
	if o.ReadAt.IsZero() { // so that looking ahead knows that the rosters are no newer
		o.ReadAt = in.Now
	}
	return o
}
