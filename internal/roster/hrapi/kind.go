// Package hrapi reads rosters from HR systems over their APIs. What is the same for all of them is here: which fields
// are asked for, whether the answer is complete, and the step from JSON records to people. What differs is a [Kind].
//
// # How to add a kind
//
//  1. Make internal/roster/<kind>/ with a Config (an embedded [Connection], credentials, a [roster.Mapping]) and an Open
//     that checks all of it without I/O, builds the client by httpclient.New from [Connection.Options], and ends in [Open].
//  2. Info says what the system can tell (the zero answer is "no"), Key where a record's id is. Fields is the default
//     field_map: for each canonical field, by the names of [roster.Fields], the path of the record that tells it.
//     StatusMap and EmploymentTypeMap take the system's words where they are not the canonical ones. Leave out what the
//     system does not know, and say in Info.Lacks why. Never name pay, birth date, home address or a national id:
//     [Open] panics over it, and refuses it from configuration.
//  3. Read asks for everybody, former and future people included, with exactly the paths that it is given, by [Fetch], and
//     hands each page to [Pages]: Total whenever the system tells one, Withheld for what it says that it keeps back, Returned
//     where it lists the fields of its answer, Add for the records as the system wrote them. Links to next pages go
//     through [Next]. Where people and employments come apart, put them together into one object per employment first,
//     {"person": …, "employment": …}. A POST that only reads is sent with ReadOnly. A cursor that broke because somebody
//     was hired meanwhile is [Changed]: the reading then begins again, once.
//  4. Adjust settles per record what takes more than one field: a status from three flags, a date of an earlier employment.
//     What it reads beside Fields is in Also, what it makes in Made. It needs no clock: stages come from dates and status
//     in internal/lifecycle.
//  5. Test with rostertest.Run and a fake that speaks as the vendor documents it; where the vendor publishes a description,
//     apptest.FindOpenAPI stands before the fake. The fields of rostertest.Vendor say what the vendor's API has: totals, a
//     choice of fields, pages.
//  6. Add config_roster_<kind>.go in internal/provider, with a struct that embeds apiModel and a block by rosterAPIBlock;
//     a line in rosterKinds (config_roster.go) and one in tools/rostertable; a section in templates/guides/rosters.md with
//     what to grant. Then make docs, and a line in CHANGELOG.md.
package hrapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Kind is one HR system's API.
type Kind struct {
	// Info declares the kind; its Name is filled in by Open.
	Info roster.Info
	// Title is the system for people, Noun a record of it: "BambooHR", "employee".
	Title, Noun string
	// Fields is the default field_map: the path of each canonical field ([roster.Fields]).
	Fields map[string]string
	// Key is the path of the record's id. Every record has one, and no two pages have the same.
	Key string
	// Also are further paths that Adjust needs; "emails.*" is everything below emails.
	Also []string
	// Made are paths among Fields that Adjust makes. They are never asked for.
	Made []string
	// StatusMap and EmploymentTypeMap know the system's own words; what is configured comes first.
	StatusMap, EmploymentTypeMap map[string]string
	// OmitsEmpty says that a record lacks the paths that are empty in it, so that a path that no record has may be
	// blank for everybody. It is then an error only where everybody has a value ([mayBeBlank]).
	OmitsEmpty bool
	// Adjust settles a record before it is mapped. It may be nil.
	Adjust func(*Record)
	// Read asks the system for everybody, want being the paths that are needed, and gives all pages to p.
	Read func(ctx context.Context, want []string, p *Pages) error
}

// Open makes a source of a kind. It does no I/O. Its errors are those of the mapping.
func Open(k Kind, name string, m roster.Mapping) (roster.Source, error) {
	for field, path := range k.Fields {
		if what := private(path); what != "" {
			panic(fmt.Sprintf("%s: %s asks for %s", k.Info.Kind, field, what))
		}
	}
	err := errors.Join(m.Validate(), checkPrivate(m))
	if err != nil {
		return nil, roster.ConfigError(name, k.Info.Kind, err)
	}
	k.Info.Name = name
	s := &source{kind: k, mapping: m}
	s.mapping.FieldMap = map[string]string{}
	for _, f := range roster.Fields() { // a field without a path is switched off, so that no alias guesses
		s.mapping.FieldMap[f] = k.Fields[f]
		if path, ok := m.FieldMap[f]; ok {
			s.mapping.FieldMap[f] = path
		}
	}
	s.mapping.StatusMap = under(m.StatusMap, k.StatusMap)
	s.mapping.EmploymentTypeMap = under(m.EmploymentTypeMap, k.EmploymentTypeMap)
	return s, nil
}

// under adds the words of the kind that configuration does not settle, whatever their case.
func under(configured, known map[string]string) map[string]string {
	all := map[string]string{}
	said := map[string]bool{}
	for k, v := range configured {
		all[k], said[strings.ToLower(strings.TrimSpace(k))] = v, true
	}
	for k, v := range known {
		if !said[strings.ToLower(k)] {
			all[k] = v
		}
	}
	return all
}

type source struct {
	kind    Kind
	mapping roster.Mapping
}

// Info declares what the kind can tell.
func (s *source) Info() roster.Info { return s.kind.Info }

// want are the paths to ask for, sorted; Key and the globs of Also among them, nothing that Adjust makes.
func (s *source) want() []string {
	all := append([]string{s.kind.Key}, s.kind.Also...)
	for _, paths := range []map[string]string{s.mapping.FieldMap, s.mapping.Custom} {
		for _, path := range paths {
			if path = strings.TrimSpace(path); path != "" {
				all = append(all, path)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(path string) bool { return slices.Contains(s.kind.Made, path) })
}

// People reads everybody. A list that changed while it was read is read once more.
func (s *source) People(ctx context.Context) (roster.Roster, error) {
	r, err := s.read(ctx)
	if errors.Is(err, errChanged) && ctx.Err() == nil {
		r, err = s.read(ctx)
	}
	if err != nil {
		return roster.Roster{}, roster.ReadError(s.kind.Info.Name, s.subject(), err)
	}
	return r, nil
}

func (s *source) subject() string { return s.kind.Title }

func (s *source) read(ctx context.Context) (roster.Roster, error) {
	p := newPages(s.kind, s.want())
	if err := s.kind.Read(ctx, slices.Clone(p.want), p); err != nil {
		return roster.Roster{}, err
	}
	if err := ctx.Err(); err != nil {
		return roster.Roster{}, err
	}
	if err := p.complete(s.fieldsOf()); err != nil {
		return roster.Roster{}, err
	}
	columns := p.columns()
	m, err := roster.NewMapper(roster.Table{
		Name: s.kind.Info.Name, Subject: s.subject(), Columns: columns, Mapping: s.mapping, Size: len(p.records),
		Where: func(i int) string { return p.where(p.records[i].ID) },
	})
	if err != nil {
		return roster.Roster{}, err
	}
	values := make([]string, len(columns))
	for i := range p.records {
		clear(values)
		for _, c := range p.records[i].cells {
			values[c.Path] = c.Text
		}
		m.Add(i, values)
	}
	return m.Roster()
}

// fieldsOf gives by path the canonical fields that are read from it, as configuration calls them.
func (s *source) fieldsOf() map[string][]string {
	of := map[string][]string{}
	for _, f := range slices.Sorted(maps.Keys(s.mapping.FieldMap)) {
		if path := strings.TrimSpace(s.mapping.FieldMap[f]); path != "" {
			of[path] = append(of[path], f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.mapping.Custom)) {
		path := strings.TrimSpace(s.mapping.Custom[name])
		of[path] = append(of[path], "custom."+name)
	}
	return of
}

func invalid(next, format string, args ...any) error {
	return &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next}
}
