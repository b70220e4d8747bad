package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

func TestLeaveJoinerLeaver(t *testing.T) {
	t.Parallel()
	hire := person("7", func(p *access.Person) {
		p.Status, p.StartDate, p.EndDate = access.StatusPreHire, date(t, "2026-05-11"), date(t, "2026-05-15")
	})
	for _, tt := range []struct {
		from, to string
		want     []lifecycle.EventKind
	}{
		{"2026-05-01", "2026-05-10", nil},
		{"2026-05-10", "2026-05-11", []lifecycle.EventKind{lifecycle.Joiner}},
		{"2026-05-15", "2026-05-16", []lifecycle.EventKind{lifecycle.Leaver}},
		{"2026-05-10", "2026-05-16", []lifecycle.EventKind{lifecycle.Joiner, lifecycle.Leaver}},
	} {
		if got := happened(t, tt.from, one(hire), tt.to, one(hire)); !slices.Equal(got, tt.want) {
			t.Errorf("%s to %s: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
	away := person("7", func(p *access.Person) { p.Status = access.StatusLeave })
	if got := happened(t, "2026-05-01", one(person("7", nil)), "2026-05-02", one(away)); !slices.Equal(got, []lifecycle.EventKind{lifecycle.LeaveStarted}) {
		t.Errorf("leave: %v", got)
	}
	if got := happened(t, "2026-05-02", one(away), "2026-05-03", one(person("7", nil))); !slices.Equal(got, []lifecycle.EventKind{lifecycle.LeaveEnded}) {
		t.Errorf("back: %v", got)
	}
	if got := happened(t, "2026-05-02", nil, "2026-05-03", one(hire)); !slices.Equal(got, []lifecycle.EventKind{lifecycle.PreHire}) {
		t.Errorf("announced: %v", got)
	}
}

func TestEventsAreSorted(t *testing.T) {
	t.Parallel()
	var people []access.Person
	for _, id := range []string{"9", "10", "7", "8"} {
		people = append(people, person(id, nil))
	}
	var ids []string
	for _, e := range events(t, "2026-05-01", nil, "2026-05-02", people) {
		ids = append(ids, e.PersonID)
	}
	if !slices.Equal(ids, []string{"10", "7", "8", "9"}) {
		t.Errorf("%v", ids)
	}
}
