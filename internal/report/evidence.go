package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/audit"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// EvidenceOptions say which period an evidence pack is about, and what it is held against.
type EvidenceOptions struct {
	From, To time.Time // To is not part of the period; zero is open
	// How long after the start or end of access the account must be there or off. Zero is no limit.
	JoinerLimit, LeaverLimit time.Duration
	// Zone is that of dates and of times without one; default UTC. EndHour is the hour at which access ends on a date
	// (timing.end_of_day_hour; policy's default is 18).
	Zone    *time.Location
	EndHour int
	Made    time.Time // when the pack is made
	Version string    // of this program
}

// Evidence is what an auditor asks for about a period. What was planned comes from plans, what was done from audit logs
// alone: an apply may fail, and a plan need not be applied.
type Evidence struct {
	Options    EvidenceOptions
	Redacted   bool
	Sources    []Source
	Population []Population
	Rosters    []RosterCount
	Planned    []Planned
	Done       []Done
	Timings    []Timing
	Exceptions []Exception
	Rules      []Conflict // what nobody may hold together, as configured
	Conflicts  []Register // who holds it
	Orphans    []Register
	Notes      []string

	known map[string]bool
}

// Source is one input.
type Source struct {
	Kind   string // "plan" or "audit log"
	Name   string // the file
	SHA256 string // of the file, in hexadecimal
	Bytes  int64
	Time   time.Time // of a plan; zero where it does not tell
	// Of a plan: what made it, whether it is complete, its resources of ours.
	Terraform string
	Errored   bool
	Complete  bool
	// Of a log: proven lines, hash of the last one, its times, and what is wrong.
	Lines       int
	Head        string
	First, Last string
	Broken      *audit.Break
	Unfinished  int
}

// Planned is one thing that a plan was going to change.
type Planned struct {
	Source int
	Person Person // without changes
	Grant  Grant
}

// Done is one write as the audit log has it.
type Done struct {
	Source    int
	Line      int // of the outcome, or of the attempt where no outcome is known
	Begun     int // line of the attempt, 0 if it is not in the log
	Time      time.Time
	App       string
	Operation string
	Grant     string
	Subject   string
	PersonID  string
	UserName  string
	Why       string
	Outcome   string // done, already, failed, unconfirmed; attempted: nobody knows
	Failure   string
	RequestID string
	Plan      int // the newest plan before it that says so; -1: none of those given
	// Like says that the plan has a change of this person, app and kind in the same direction, and not by the same name:
	// logs call groups by their ids.
	Like bool
	key  string
}

// Succeeded reports whether the app holds what was asked for.
func (d *Done) Succeeded() bool {
	return d.Outcome == string(audit.Done) || d.Outcome == string(audit.Already)
}

// Register is something that is to be looked at, from the first to the last plan that has it.
type Register struct {
	First, Last int // sources
	Open        bool
	Finding
}

// EvidenceInput is a file.
type EvidenceInput struct {
	Name string // for people
	Data io.Reader
}

// ReadEvidence reads plans (what `terraform show -json` prints) and audit logs. A broken chain is no error: it is in
// Sources, and nothing behind the break is used.
func ReadEvidence(plans, logs []EvidenceInput, o EvidenceOptions) (*Evidence, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	c := &collector{
		e: &Evidence{Options: o, known: make(map[string]bool)}, files: make(map[string]bool), aliases: make(map[string]string), employed: make(map[string]employment),
		ended: make(map[string]string), accounts: make(map[holder]string), named: make(map[holder]bool), registers: make(map[string]*Register), people: make(map[string]Person), covers: make(map[string][]int),
	}
	for _, in := range plans {
		if err := c.plan(in); err != nil {
			return nil, err
		}
	}
	for _, in := range logs {
		if err := c.log(in); err != nil {
			return nil, fmt.Errorf("read the audit log %s: %w", in.Name, err)
		}
	}
	return c.finish(), nil
}

// collector puts the inputs together.
type collector struct {
	e         *Evidence
	files     map[string]bool // by hash
	aliases   map[string]string
	people    map[string]Person // by key
	employed  map[string]employment
	ended     map[string]string
	accounts  map[holder]string
	named     map[holder]bool
	registers map[string]*Register
	covers    map[string][]int // plans that read an app, by app
	newest    time.Time        // of all inputs
	oldest    time.Time
}

// measure reads on to the end and tells what the whole input was.
type measure struct {
	r    io.Reader
	hash interface {
		io.Writer
		Sum(b []byte) []byte
	}
	n int64
}

func newMeasure(r io.Reader) *measure { return &measure{r: r, hash: sha256.New()} }

func (m *measure) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	m.hash.Write(b[:n]) //nolint:errcheck // a hash takes everything
	return n, err
}

func (m *measure) source(kind, name string) (Source, error) {
	if _, err := io.Copy(io.Discard, m); err != nil {
		return Source{}, err
	}
	return Source{Kind: kind, Name: name, SHA256: hex.EncodeToString(m.hash.Sum(nil)), Bytes: m.n}, nil
}

func (c *collector) at(t time.Time) {
	switch {
	case t.IsZero():
	case c.oldest.IsZero():
		c.oldest, c.newest = t, t
	case t.Before(c.oldest):
		c.oldest = t
	case t.After(c.newest):
		c.newest = t
	}
}

// again reports whether the same file was read before; evidence does not count twice.
func (c *collector) again(s *Source) bool {
	if c.files[s.SHA256] {
		c.note("%s is the same file as another one and was not counted again.", s.Name)
		return true
	}
	c.files[s.SHA256] = true
	return false
}

func (c *collector) note(format string, args ...any) {
	c.e.Notes = append(c.e.Notes, fmt.Sprintf(format, args...))
}

func (c *collector) plan(in EvidenceInput) error {
	m := newMeasure(in.Data)
	b := newBuilder()
	b.seen = newObserved()
	if err := b.readAll([]Input{{Name: in.Name, JSON: m}}); err != nil {
		return err
	}
	s, err := m.source("plan", in.Name)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.Name, err)
	}
	if c.again(&s) {
		return nil
	}
	r := b.finish()
	p := r.Plans[0]
	s.Terraform, s.Errored, s.Complete = p.TerraformVersion, p.Errored, p.Complete
	if s.Time, err = time.Parse(time.RFC3339, p.Timestamp); err != nil {
		c.note("%s does not say when it was made. It counts for no timeliness, and for every period.", in.Name)
	}
	c.e.Sources = append(c.e.Sources, s)
	maps.Copy(c.e.known, r.known)
	c.take(r, b.seen, len(c.e.Sources)-1)
	return nil
}

// take adds what one plan tells.
func (c *collector) take(r *Report, seen *observed, source int) {
	e, s := c.e, &c.e.Sources[source]
	c.at(s.Time)
	for _, p := range seen.apps {
		p.Source = source
		e.Population = append(e.Population, p)
		if !s.Errored && !s.Time.IsZero() && !slices.Contains(c.covers[p.App], source) {
			c.covers[p.App] = append(c.covers[p.App], source)
		}
	}
	for _, n := range seen.rosters {
		n.Source = source
		e.Rosters = append(e.Rosters, n)
	}
	maps.Copy(c.employed, seen.employed)
	maps.Copy(c.ended, seen.ended)
	maps.Copy(c.accounts, seen.accounts)
	maps.Copy(c.named, seen.named)
	for _, x := range seen.exceptions {
		x.Source, x.First = source, source
		e.Exceptions = append(e.Exceptions, x)
	}
	for _, x := range seen.conflicts {
		x.Source, x.First = source, source
		e.Rules = append(e.Rules, x)
	}
	for i := range r.People {
		p := r.People[i]
		p.Changes = nil
		c.people[p.Key] = p
		for _, alias := range []string{p.Key, p.PersonID, p.UserName} {
			if alias != "" {
				c.aliases[strings.ToLower(alias)] = p.Key
			}
		}
		for _, g := range r.People[i].Changes {
			if g.Writes() {
				e.Planned = append(e.Planned, Planned{source, p, g})
			}
			if g.Kind == Account && (g.Effect == Unmanaged || g.Effect == Lose && g.Reason == ByNobody) {
				c.register(Finding{Kind: strangerAccount, App: g.App, Subject: "accounts/" + cmp.Or(p.UserName, p.Key), PersonID: p.PersonID, Reason: g.Why, Source: g.Resource}, source)
			}
		}
	}
	for _, f := range r.Findings {
		c.register(f, source)
	}
	for _, n := range r.Notes {
		if n.Code == "gap" || n.Code == "unknown" || n.Code == "deferred" {
			c.note("%s: %s", s.Name, n.Text)
		}
	}
}

// strangerAccount is what a plan shows in an app and in no configuration, where no finding was asked for.
const strangerAccount = "stranger_account"

// orphans and conflicts are the kinds of findings that the registers hold.
var (
	orphans   = [...]string{strangerAccount, "orphan_account", "dropped_from_roster", "duplicate_account", "leaver_active"}
	conflicts = [...]string{"conflict"}
)

func (c *collector) register(f Finding, source int) {
	if !slices.Contains(orphans[:], f.Kind) && !slices.Contains(conflicts[:], f.Kind) {
		return
	}
	key := strings.Join([]string{f.Kind, f.App, f.Subject}, "\x00")
	if f.Fingerprint != "" {
		key = f.Fingerprint
	}
	x := c.registers[key]
	if x == nil {
		x = &Register{First: source, Last: source}
		c.registers[key] = x
	}
	if c.before(source, x.First) {
		x.First = source
	}
	if !c.before(source, x.Last) {
		x.Last, x.Finding = source, f
	}
}

func (c *collector) before(a, b int) bool { return c.e.Sources[a].Time.Before(c.e.Sources[b].Time) }

func (c *collector) log(in EvidenceInput) error {
	m := newMeasure(in.Data)
	var lines []audit.Line
	found, err := audit.Read(m, func(l audit.Line) { lines = append(lines, l) })
	if err != nil && !errors.Is(err, fault.Invalid) {
		return err
	}
	s, err := m.source("audit log", in.Name)
	if err != nil || c.again(&s) {
		return err
	}
	s.Lines, s.Head, s.First, s.Last, s.Broken = len(lines), found.Head, found.First, found.Last, found.Broken
	c.e.Sources = append(c.e.Sources, s)
	source := len(c.e.Sources) - 1
	open := make(map[string]Done)
	for i := range lines {
		l := &lines[i]
		c.at(l.Time)
		d := Done{
			Source: source, Line: l.Number, Time: l.Time, App: l.App, Operation: l.Operation, Grant: l.Grant, Subject: l.Subject, PersonID: l.PersonID,
			UserName: l.UserName, Why: l.Why, Outcome: string(l.Outcome), Failure: l.Failure, RequestID: l.RequestID, Plan: -1,
		}
		if l.Outcome == audit.Attempted {
			d.Begun = l.Number
			open[l.Attempt] = d
			continue
		}
		if d.PersonID != "" && d.Subject != "" {
			c.accounts[holder{d.App, d.Subject}] = d.PersonID
		}
		if begun, ok := open[l.Attempt]; ok && l.Attempt != "" {
			d.Begun = begun.Line
			delete(open, l.Attempt)
		}
		c.e.Done = append(c.e.Done, d)
	}
	c.e.Sources[source].Unfinished = len(open)
	for _, d := range open {
		c.e.Done = append(c.e.Done, d)
	}
	return nil
}
