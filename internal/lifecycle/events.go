package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// EventKind is what happened to a person between two readings.
type EventKind string

// The events, in the order in which they are told for one person.
const (
	PreHire           EventKind = "pre_hire" // a future hire turned up
	StartMoved        EventKind = "start_moved"
	NoShow            EventKind = "no_show"    // a future hire was called off, or vanished before the first day
	Joiner            EventKind = "joiner"     // access became due
	Rehire            EventKind = "rehire"     // the same, for somebody who was here before
	Conversion        EventKind = "conversion" // another employment type, with or without a new id, without a gap
	Mover             EventKind = "mover"
	LeaveStarted      EventKind = "leave_started"
	LeaveEnded        EventKind = "leave_ended"
	NoticeGiven       EventKind = "notice_given"
	NoticeWithdrawn   EventKind = "notice_withdrawn"
	Leaver            EventKind = "leaver"              // access ended
	DroppedFromSource EventKind = "dropped_from_source" // no longer told about: a finding, no leaver
)

var eventOrder = []EventKind{
	PreHire, StartMoved, NoShow, Joiner, Rehire, Conversion, Mover, LeaveStarted, LeaveEnded, NoticeGiven, NoticeWithdrawn, Leaver,
	DroppedFromSource,
}

// Event is one thing that happened to one person.
type Event struct {
	Kind     EventKind
	PersonID string
	// Previous is the PersonID under which the person was known before, for a rehire or a conversion that
	// came with a new id. It is a conclusion from employee number and name, or from the personal e-mail,
	// and for people to confirm.
	Previous string
	// At is when access begins (pre_hire, joiner, rehire) or ends (leaver, notice_given); zero when the
	// record does not say.
	At time.Time
	// Changes are the attributes that moved, and the old and new date of start_moved.
	Changes []Change
}

// Change is one attribute with its old and new value.
type Change struct{ Field, From, To string }

// Snapshot is what was known at one time: one or several rosters, all employments.
type Snapshot struct {
	Now    time.Time
	People []access.Person
}

// Events are the differences between two snapshots, sorted by PersonID: of one roster at two dates, or
// of two readings. Unknown standings give no events. There is no memory: whoever compares twice is told
// twice.
func Events(before, after Snapshot, o Options) []Event {
	then, now := stand(before, o), stand(after, o)
	previous := relink(then, now)
	followed := map[string]bool{}
	for _, id := range previous {
		followed[id] = true
	}
	var list []Event
	for id, b := range then {
		if a, ok := now[id]; !ok {
			if !followed[id] {
				list = append(list, gone(id, b)...)
			}
		} else if !followed[id] {
			list = append(list, changed(id, b, a, before.Now)...)
		}
	}
	for id, a := range now {
		if _, ok := then[id]; ok {
			continue
		}
		if old, ok := previous[id]; ok {
			list = append(list, renumbered(id, old, then[old], a)...)
		} else {
			list = append(list, arrived(id, a)...)
		}
	}
	slices.SortFunc(list, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.PersonID, b.PersonID), cmp.Compare(slices.Index(eventOrder, a.Kind), slices.Index(eventOrder, b.Kind)))
	})
	return list
}

// standing is a merged person with where they stand.
type standing struct {
	access.Person
	Standing
}

func stand(s Snapshot, o Options) map[string]standing {
	m := make(map[string]standing, len(s.People))
	for _, p := range Merge(s.People, s.Now, o) {
		m[p.PersonID] = standing{p, At(p, s.Now, o)}
	}
	return m
}

// gone is for somebody who is no longer told about.
func gone(id string, b standing) []Event {
	switch {
	case b.Stage == StagePreHire:
		return []Event{{Kind: NoShow, PersonID: id}}
	case b.Window == WindowClosed:
		return nil // a former employee, aged out of the export
	}
	return []Event{{Kind: DroppedFromSource, PersonID: id}}
}

// arrived is for somebody who was not told about before.
func arrived(id string, a standing) []Event {
	switch {
	case a.Window == WindowOpen && !a.OriginalHireDate.IsZero() && a.OriginalHireDate.Before(a.StartDate):
		return []Event{{Kind: Rehire, PersonID: id, At: a.Start}}
	case a.Window == WindowOpen:
		return []Event{{Kind: Joiner, PersonID: id, At: a.Start}}
	case a.Window == WindowBefore:
		return []Event{{Kind: PreHire, PersonID: id, At: a.Start}}
	}
	return nil
}

// renumbered is for somebody known under another id before.
func renumbered(id, old string, b, a standing) []Event {
	kind := Conversion
	if b.Window == WindowClosed {
		kind = Rehire
		if a.Window == WindowBefore {
			kind = PreHire
		}
	}
	e := Event{Kind: kind, PersonID: id, Previous: old, At: a.Start}
	if kind == Conversion {
		e.Changes = typeChange(b, a)
	}
	list := []Event{e}
	if m := moves(b.Person, a.Person); kind == Conversion && len(m) > 0 {
		list = append(list, Event{Kind: Mover, PersonID: id, Changes: m})
	}
	return list
}

// changed is for somebody in both snapshots.
func changed(id string, b, a standing, then time.Time) []Event {
	var list []Event
	add := func(k EventKind, at time.Time, changes ...Change) {
		list = append(list, Event{Kind: k, PersonID: id, At: at, Changes: changes})
	}
	if a.Window == WindowUnknown {
		return nil
	}
	if a.NeverStarted {
		if b.Stage == StagePreHire {
			add(NoShow, time.Time{})
		} else if b.Window == WindowOpen {
			add(Leaver, time.Time{})
		}
		return list
	}
	switch {
	case b.Window == WindowBefore && a.Window == WindowOpen:
		kind := Joiner
		if !a.OriginalHireDate.IsZero() && a.OriginalHireDate.Before(a.StartDate) {
			kind = Rehire
		}
		add(kind, a.Start)
	case b.Window == WindowBefore && a.Window == WindowClosed && !a.Start.IsZero() && a.Start.After(then):
		add(Joiner, a.Start) // came and went between the two
		add(Leaver, a.End)
	case b.Window == WindowClosed && a.Window == WindowOpen:
		add(Rehire, a.Start)
	case b.Window == WindowClosed && a.Window == WindowBefore:
		add(PreHire, a.Start)
	case b.Window != WindowClosed && b.Window != WindowBefore && a.Window == WindowClosed:
		add(Leaver, a.End)
	}
	if b.Stage == StagePreHire && a.Stage == StagePreHire && b.StartDate != a.StartDate {
		add(StartMoved, a.Start, Change{"start_date", b.StartDate.String(), a.StartDate.String()})
	}
	if b.Window != WindowOpen || a.Window != WindowOpen {
		return list
	}
	if c := typeChange(b, a); c != nil {
		add(Conversion, time.Time{}, c...)
	}
	if m := moves(b.Person, a.Person); len(m) > 0 {
		add(Mover, time.Time{}, m...)
	}
	switch was, is := b.Stage == StageLeave, a.Stage == StageLeave; {
	case is && !was:
		add(LeaveStarted, time.Time{})
	case was && !is:
		add(LeaveEnded, time.Time{})
	}
	switch was, is := b.Stage == StageNotice, a.Stage == StageNotice; {
	case is && !was:
		add(NoticeGiven, a.End)
	case was && a.Stage == StageActive:
		add(NoticeWithdrawn, time.Time{})
	}
	return list
}

func typeChange(b, a standing) []Change {
	if b.EmploymentType == a.EmploymentType || b.EmploymentType == access.TypeUnknown || a.EmploymentType == access.TypeUnknown {
		return nil
	}
	return []Change{{"employment_type", string(b.EmploymentType), string(a.EmploymentType)}}
}

// moves are the attributes that differ. Names are compared as people read them, whatever their encoding.
func moves(b, a access.Person) []Change {
	var list []Change
	for _, f := range []struct{ name, from, to string }{
		{"display_name", b.DisplayName, a.DisplayName},
		{"given_name", b.GivenName, a.GivenName},
		{"family_name", b.FamilyName, a.FamilyName},
		{"work_email", strings.ToLower(b.WorkEmail), strings.ToLower(a.WorkEmail)},
		{"user_name", b.UserName, a.UserName},
		{"title", b.Title, a.Title},
		{"department", b.Department, a.Department},
		{"division", b.Division, a.Division},
		{"organization", b.Organization, a.Organization},
		{"cost_center", b.CostCenter, a.CostCenter},
		{"team", b.Team, a.Team},
		{"legal_entity", b.LegalEntity, a.LegalEntity},
		{"location", b.Location, a.Location},
		{"country", b.Country, a.Country},
		{"manager_id", b.ManagerID, a.ManagerID},
	} {
		if norm.NFC.String(f.from) != norm.NFC.String(f.to) {
			list = append(list, Change{f.name, f.from, f.to})
		}
	}
	return list
}

// relink finds people who come under a new id: new id -> old id. Only somebody whose old record has ended
// or vanished can have a new one, and only a match with exactly one person counts.
func relink(then, now map[string]standing) map[string]string {
	const none = ""
	keys := func(p access.Person) []string {
		var list []string
		if name := strings.ToLower(norm.NFC.String(p.GivenName + " " + p.FamilyName)); p.EmployeeNumber != "" && name != " " {
			list = append(list, "number\x00"+p.EmployeeNumber+"\x00"+name)
		}
		if p.PersonalEmail != "" {
			list = append(list, "email\x00"+strings.ToLower(p.PersonalEmail))
		}
		return list
	}
	put := func(m map[string]string, key, id string) {
		if old, ok := m[key]; ok && old != id {
			id = none // two people: no match
		}
		m[key] = id
	}
	olds, news := map[string]string{}, map[string]string{}
	for id, b := range then {
		if a, ok := now[id]; !ok || a.Window == WindowClosed {
			for _, k := range keys(b.Person) {
				put(olds, k, id)
			}
		}
	}
	var candidates []string
	for id, a := range now {
		if _, ok := then[id]; !ok && (a.Window == WindowOpen || a.Window == WindowBefore) {
			candidates = append(candidates, id)
			for _, k := range keys(a.Person) {
				put(news, k, id)
			}
		}
	}
	links, claims := map[string]string{}, map[string]int{}
	for _, id := range candidates {
		old := none
		clear := true
		for _, k := range keys(now[id].Person) {
			if o := olds[k]; o != none && news[k] == id {
				clear = clear && (old == none || old == o)
				old = o
			}
		}
		if old != none && clear {
			links[id] = old
			claims[old]++
		}
	}
	maps.DeleteFunc(links, func(_, old string) bool { return claims[old] > 1 })
	return links
}
