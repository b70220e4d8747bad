// Package roster is the contract of HR sources: whatever the system, people come out as [access.Person].
//
// A roster is complete or it is an error: half a company must never look like a mass departure.
package roster

import (
	"context"
	"strconv"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// Source is one configured roster. Opening one does no I/O.
type Source interface {
	Info() Info
	// People reads everybody the source tells about, past and future people included where it can. The
	// error concerns the source as a whole (unreadable, incomplete, missing columns) and joins all its
	// causes; what concerns one record is a Problem.
	People(ctx context.Context) (Roster, error)
}

// Info declares what a source can tell, without asking it. docs/guides/rosters.md is made from these.
type Info struct {
	Kind string // "csv", "bamboohr"
	Name string // the roster block's name
	// Whether the source tells of people who have left and of people who start later, whether it tells leave of
	// absence from work, and whether it says how many people there are, so that a cut list is noticed. Where the
	// answer is not Yes, the absence of such people or values says nothing.
	Terminated, FutureHires, Leave, Totals Answer
	// Lacks gives, by canonical field ([Fields]), what the source cannot tell or tells only in part, and why, in words for people.
	Lacks map[string]string
}

// Answer is what a source declares about itself. The zero value is the careful one.
type Answer uint8

// The answers.
const (
	No      Answer = iota
	Depends        // on what the other side was set up to give: a report's filter, a permission, whoever wrote the file
	Yes
)

// String is the answer in a word.
func (a Answer) String() string { return [...]string{No: "no", Depends: "depends", Yes: "yes"}[a%3] }

// Roster is one complete reading: every record is in People, or in Problems and Faulty.
type Roster struct {
	// People are the records without a fault, one per employment: a person can have several.
	People []access.Person
	// Problems are what is wrong with the other records. Their people are quarantined, by PersonID.
	Problems []Problem
	// Faulty are the people of Problems, as far as they could be read and say who they are: enough to
	// name them and to keep manager chains whole, never to decide on. Nothing here is also in People.
	Faulty []access.Person
	// Notices are worth a look but stop nothing: a manager who is not in the roster, a status that no
	// map knows, one address of a former and a present person.
	Notices []Problem
}

// Problem is a faulty record: who (when known), where, what.
type Problem struct {
	PersonID string // "" when the record does not even say who
	Where    string // "people.csv:17", or the record's id in a service
	Column   string
	Value    string
	Message  string // cause and remedy, in one sentence
}

// String reads `people.csv:17: column "start_date": "31/02/2026": message`.
func (p Problem) String() string {
	s := p.Where
	if p.Column != "" {
		s += ": column " + quote(p.Column)
	}
	if p.Value != "" {
		s += ": " + quote(p.Value)
	}
	return s + ": " + p.Message
}

func quote(s string) string { return strconv.Quote(s) }
