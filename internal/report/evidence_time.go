package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Timing is one person who got, or lost, the account in one app because they came or left.
type Timing struct {
	Category Category // Joiner or Leaver
	Person   Person   // without changes
	App      string
	Due      time.Time // start or end of access; zero where no input tells
	DueFrom  string    // what tells it
	First    int       // the first plan that has it, -1 without one
	Known    time.Time // when that plan was made
	// Missed is the last plan made after Due that read the app and did not have it: HR had not said so. -1 without one.
	Missed  int
	DoneAt  time.Time // zero: not done, as far as the logs tell
	Log     int       // source, -1
	Line    int
	Failed  int    // attempts that failed or whose outcome nobody knows
	State   string // "done"; "open"; "unrecorded": later plans do not have it any more and no log says who did it
	Breach  bool
	HasBoth bool // Due is known, so the delays below are; else only Tool, counted from Known
	Total   time.Duration
	HR      time.Duration // proven to be HR's: until the last plan that should have had it and had not
	Tool    time.Duration // the rest: schedule, review, apply
}

// reference is the moment that decides whether it is of the period.
func (t *Timing) reference() time.Time {
	for _, at := range []time.Time{t.Due, t.Known, t.DoneAt} {
		if !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// moment is something that happened to one account.
type moment struct {
	at     time.Time
	source int
	why    string
	done   *Done // nil: it was planned
}

// timings puts the moments of each account in order and cuts them into events: each success ends one.
func (c *collector) timings() {
	type account struct {
		category Category
		key, app string
	}
	moments := make(map[account][]moment)
	for i := range c.e.Planned {
		p := &c.e.Planned[i]
		at := c.e.Sources[p.Source].Time
		category := accountChange(&p.Grant)
		if category == Joiner && p.Person.Category != Joiner {
			continue // works here already, and gets one more app
		}
		if category != "" && !at.IsZero() {
			k := account{category, p.Person.Key, p.Grant.App}
			moments[k] = append(moments[k], moment{at, p.Source, p.Grant.Why, nil})
		}
	}
	for i := range c.e.Done {
		d := &c.e.Done[i]
		category := map[string]Category{
			"create account": Joiner, "reactivate account": Joiner, "deactivate account": Leaver, "delete account": Leaver,
		}[d.Operation]
		k := account{category, d.key, d.App}
		if category == "" || len(moments[k]) == 0 && (category == Leaver && !departs(d.Why) || category == Joiner && d.Plan >= 0) {
			continue
		}
		moments[k] = append(moments[k], moment{d.Time, d.Source, d.Why, d})
	}
	for k, list := range moments {
		slices.SortStableFunc(list, func(a, b moment) int { return a.at.Compare(b.at) })
		for start := 0; start < len(list); {
			end := start
			for end < len(list) && (list[end].done == nil || !list[end].done.Succeeded()) {
				end++
			}
			end = min(end+1, len(list))
			c.e.Timings = append(c.e.Timings, c.timing(k.category, k.key, k.app, list[start:end]))
			start = end
		}
	}
	slices.SortFunc(c.e.Timings, func(a, b Timing) int {
		return cmp.Or(-cmp.Compare(a.Category, b.Category), a.reference().Compare(b.reference()), cmp.Compare(a.Person.Key, b.Person.Key), cmp.Compare(a.App, b.App), a.DoneAt.Compare(b.DoneAt))
	})
}

// accountChange sorts a planned change of an account.
func accountChange(g *Grant) Category {
	switch {
	case g.Kind != Account || g.enrolled:
	case g.Effect == Gain && g.Action != "adopt":
		return Joiner
	case g.Effect == Lose && (g.Reason == ByLeaving || g.Reason == ByOverride || g.Reason == ByCutoff):
		return Leaver
	}
	return ""
}

func departs(why string) bool {
	reason := reasonOf(why)
	return reason == ByLeaving || reason == ByOverride
}

func (c *collector) timing(category Category, key, app string, list []moment) Timing {
	person, known := c.people[key]
	if !known {
		person = Person{Key: key, PersonID: key}
	}
	t := Timing{Category: category, Person: person, App: app, First: -1, Missed: -1, Log: -1, State: "open"}
	var why string
	for i := range list {
		m := &list[i]
		why = cmp.Or(m.why, why)
		switch {
		case m.done == nil && t.First < 0:
			t.First, t.Known = m.source, m.at
		case m.done == nil:
		case m.done.Succeeded():
			t.DoneAt, t.Log, t.Line, t.State = m.at, m.source, m.done.Line, "done"
		default:
			t.Failed++
		}
	}
	t.Due, t.DueFrom = c.due(category, cmp.Or(person.PersonID, key), why)
	if category == Joiner && t.First < 0 && t.Due.Before(c.oldest) {
		t.Due, t.DueFrom = time.Time{}, "" // no plan calls them a joiner, and they came before all of this
	}
	if t.State == "open" && !slices.ContainsFunc(list, func(m moment) bool { return m.source == c.latest(app) }) && t.First >= 0 {
		t.State = "unrecorded"
	}
	c.delays(&t)
	return t
}

// delays takes the time apart. What no plan proves to be HR's is the tool's.
func (c *collector) delays(t *Timing) {
	until := t.DoneAt
	if until.IsZero() {
		until = c.newest
		if to := c.e.Options.To; !to.IsZero() && to.Before(until) {
			until = to
		}
	}
	if t.Due.IsZero() {
		if !t.Known.IsZero() {
			t.Tool = max(0, until.Sub(t.Known))
		}
	} else {
		t.HasBoth = true
		known := cmp.Or(t.Known, until)
		for _, source := range c.covers[t.App] {
			at := c.e.Sources[source].Time
			if at.After(t.Due) && at.Before(known) && (t.Missed < 0 || c.before(t.Missed, source)) {
				t.Missed = source
			}
		}
		t.Total = until.Sub(t.Due) // before the start, or a planned departure: negative
		if t.Missed >= 0 {
			t.HR = c.e.Sources[t.Missed].Time.Sub(t.Due)
		}
		t.Tool = max(0, t.Total-t.HR)
	}
	limit := c.e.Options.JoinerLimit
	if t.Category == Leaver {
		limit = c.e.Options.LeaverLimit
	}
	t.Breach = limit > 0 && t.State != "unrecorded" && max(t.Total, t.Tool) > limit
}

var (
	endedAt = regexp.MustCompile(`access ended on (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}) (\S+)`)
	leftOn  = regexp.MustCompile(`^left on (\d{4}-\d{2}-\d{2})`)
	startAt = regexp.MustCompile(`access (?:starts|begins) on (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}) (\S+)`)
)

// due is when access began or ended, and which input says so: the reason that the plan or the log gives, the cutoffs of
// the policy, or the dates of a roster that the plan read.
func (c *collector) due(category Category, personID, why string) (time.Time, string) {
	clock := func(re *regexp.Regexp, text, from string) (time.Time, string) {
		m := re.FindStringSubmatch(text)
		if m == nil {
			return time.Time{}, ""
		}
		zone := c.e.Options.Zone
		if m[3] == "UTC" {
			zone = time.UTC
		}
		layout, value := "2006-01-02 15:04", m[1]+" "+m[2]
		if strings.Trim(m[3], "+-0123456789") == "" { // a zone without letters
			layout, value = layout+" Z07", value+" "+m[3]
		}
		at, err := time.ParseInLocation(layout, value, zone)
		if err != nil {
			return time.Time{}, ""
		}
		return at, from
	}
	date := func(text string, hour int, from string) (time.Time, string) {
		at, err := time.ParseInLocation(time.DateOnly, text, c.e.Options.Zone)
		if err != nil {
			return time.Time{}, ""
		}
		return time.Date(at.Year(), at.Month(), at.Day(), hour, 0, 0, 0, c.e.Options.Zone), from
	}
	if category == Joiner {
		if at, from := clock(startAt, why, "reason"); from != "" {
			return at, from
		}
		return date(c.employed[personID].start, 0, "roster")
	}
	if at, from := clock(endedAt, why, "reason"); from != "" {
		return at, from
	}
	if at, from := clock(endedAt, c.ended[personID], "policy"); from != "" {
		return at, from
	}
	if m := leftOn.FindStringSubmatch(why); m != nil {
		return date(m[1], c.e.Options.EndHour, "reason")
	}
	if reasonOf(why) == ByLeaving {
		return date(c.employed[personID].end, c.e.Options.EndHour, "roster")
	}
	return time.Time{}, ""
}

// Spread is how long something took: nearest-rank percentiles.
type Spread struct {
	N             int
	P50, P95, Max time.Duration
}

func spread(list []time.Duration) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	slices.Sort(list)
	at := func(percent int) time.Duration { return list[(len(list)*percent+99)/100-1] }
	return Spread{len(list), at(50), at(95), list[len(list)-1]}
}
