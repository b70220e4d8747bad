package lifecycle_test

import (
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

func TestParseAsOf(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]string{
		"2026-12-01":                "2026-12-01T11:00:00Z", // noon in Madrid
		"2026-07-01":                "2026-07-01T10:00:00Z",
		"2026-12-01T15:00:00+01:00": "2026-12-01T14:00:00Z",
		"2026-12-01T15:00:00Z":      "2026-12-01T15:00:00Z",
	} {
		got, err := lifecycle.ParseAsOf(s, madrid)
		if err != nil || !got.Equal(instant(t, want)) {
			t.Errorf("%s: %s, %v; want %s", s, got.UTC(), err, want)
		}
	}
}

func TestParseAsOfRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "tomorrow", "2026-13-01", "2026-02-30", "01/12/2026", "2026-12-01T15:00:00", "2026-12-01 15:00:00Z"} {
		_, err := lifecycle.ParseAsOf(s, time.UTC)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want an invalid fault", s, err)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, begin, end string }{
		{"2026-12-01", "2026-11-30T23:00:00Z", "2026-12-01T23:00:00Z"}, // a date includes its day
		{"2026-12-01T15:00:00+01:00", "2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"},
	} {
		m, err := lifecycle.ParseMoment(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Begin(madrid).Equal(instant(t, tt.begin)) || !m.End(madrid).Equal(instant(t, tt.end)) {
			t.Errorf("%s: %s to %s", tt.text, m.Begin(madrid).UTC(), m.End(madrid).UTC())
		}
	}
}

func TestClockPreview(t *testing.T) {
	t.Parallel()
	wall := instant(t, "2026-05-12T12:00:00Z")
	for _, tt := range []struct {
		asOf time.Time
		want bool
	}{
		{time.Time{}, false},
		{wall, false},
		{wall.Add(time.Hour), false},
		{wall.Add(-time.Hour), false},
		{wall.Add(time.Hour + time.Second), true},
		{wall.Add(-2 * time.Hour), true},
	} {
		c := lifecycle.Clock{AsOf: tt.asOf, Wall: func() time.Time { return wall }}
		if got := c.Preview(); got != tt.want {
			t.Errorf("as of %s: preview %t, want %t", tt.asOf, got, tt.want)
		}
	}
	if now := (lifecycle.Clock{}).Now(); time.Since(now) > time.Minute {
		t.Errorf("without as_of the clock says %s", now)
	}
}
