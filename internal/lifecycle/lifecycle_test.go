package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/lifecycle"
)

// date reads "2026-05-12"; "" is no date.
func date(t testing.TB, s string) access.Date {
	t.Helper()
	if s == "" {
		return access.Date{}
	}
	d, err := access.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// instant reads RFC 3339.
func instant(t testing.TB, s string) time.Time {
	t.Helper()
	i, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// at evaluates with the default options in UTC.
func at(t testing.TB, p access.Person, now string) lifecycle.Standing {
	t.Helper()
	return lifecycle.At(p, instant(t, now), lifecycle.DefaultOptions())
}

func TestStageFollowsTheDerivationOrder(t *testing.T) {
	t.Parallel()
	// Everybody is looked at on Tuesday 2026-05-12, 12:00 UTC.
	const now = "2026-05-12T12:00:00Z"
	tests := []struct {
		name   string
		status access.Status
		start  string
		end    string
		last   string
		want   lifecycle.Stage
		window lifecycle.Window
		fault  string
	}{
		{name: "1 never started", status: access.StatusNeverStarted, start: "2026-06-01", want: "terminated", window: lifecycle.WindowClosed},
		{name: "1 never started wins over an active looking record", status: access.StatusNeverStarted, start: "2026-01-01", want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 status terminated without dates", status: access.StatusTerminated, want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 status terminated and future start, a rehire in preparation", status: access.StatusTerminated, start: "2026-06-01", end: "2024-01-31", want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 end date yesterday, status lags behind", status: access.StatusActive, start: "2020-01-01", end: "2026-05-11", want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 end date passed, status leave", status: access.StatusLeave, end: "2026-04-30", want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 end date long passed, status notice", status: access.StatusNotice, end: "2025-04-30", want: "terminated", window: lifecycle.WindowClosed},
		{name: "2 an explicit date ends even an unknown status", status: access.StatusUnknown, end: "2026-05-11", want: "terminated", window: lifecycle.WindowClosed},
		{name: "3 start tomorrow", status: access.StatusActive, start: "2026-05-13", want: "pre_hire", window: lifecycle.WindowBefore},
		{name: "3 pre-hire", status: access.StatusPreHire, start: "2026-06-01", want: "pre_hire", window: lifecycle.WindowBefore},
		{name: "3 pre-hire on leave before the start", status: access.StatusLeave, start: "2026-06-01", want: "pre_hire", window: lifecycle.WindowBefore},
		{name: "3 a start date that has come, status lags behind", status: access.StatusPreHire, start: "2026-05-12", want: "active", window: lifecycle.WindowOpen},
		{name: "4 leave", status: access.StatusLeave, start: "2020-01-01", want: "leave", window: lifecycle.WindowOpen},
		{name: "4 leave with a known end is still leave", status: access.StatusLeave, end: "2026-12-31", want: "leave", window: lifecycle.WindowOpen},
		{name: "5 future end date", status: access.StatusActive, end: "2026-06-30", want: "notice", window: lifecycle.WindowOpen},
		{name: "5 future last working day", status: access.StatusActive, last: "2026-06-15", want: "notice", window: lifecycle.WindowOpen},
		{name: "5 last day is today", status: access.StatusActive, end: "2026-05-12", want: "notice", window: lifecycle.WindowOpen},
		{name: "5 garden leave: last working day passed, still employed", status: access.StatusActive, last: "2026-03-31", end: "2026-06-30", want: "notice", window: lifecycle.WindowClosed},
		{name: "5 notice without a date", status: access.StatusNotice, start: "2020-01-01", want: "notice", window: lifecycle.WindowOpen},
		{name: "6 active", status: access.StatusActive, start: "2020-01-01", want: "active", window: lifecycle.WindowOpen},
		{name: "6 active without any date", status: access.StatusActive, want: "active", window: lifecycle.WindowOpen},
		{name: "else unknown", status: access.StatusUnknown, start: "2020-01-01", want: "unknown"},
		{name: "else unknown, without anything", status: "", want: "unknown"},
		{name: "unknown gives nothing to a future hire", status: access.StatusUnknown, start: "2026-06-01", want: "pre_hire"},
		{name: "unknown gives nothing during notice", status: access.StatusUnknown, end: "2026-06-01", want: "notice"},

		{name: "conflict: active long after the end", status: access.StatusActive, start: "2020-01-01", end: "2026-04-01", want: "unknown", fault: "2026-04-01, 41 days"},
		{name: "conflict: terminated before the end", status: access.StatusTerminated, end: "2026-06-30", want: "unknown", fault: "2026-06-30, is still to come"},
		{name: "conflict: end before start, a rehire on the old record", status: access.StatusActive, start: "2026-01-01", end: "2024-01-31", want: "unknown", fault: "before the start date"},
		{name: "conflict: future hire long after the start", status: access.StatusPreHire, start: "2026-04-01", want: "pre_hire", fault: "41 days after the start date"},
		{name: "conflict: future hire without a start", status: access.StatusPreHire, want: "pre_hire", fault: "no start date"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := access.Person{Status: tt.status, StartDate: date(t, tt.start), EndDate: date(t, tt.end), LastWorkingDay: date(t, tt.last)}
			got := at(t, p, now)
			if got.Stage != tt.want || got.Window != tt.window {
				t.Errorf("stage %s, window %s; want %s, %s", got.Stage, got.Window, tt.want, tt.window)
			}
			if tt.fault == "" && got.Fault != "" || !strings.Contains(got.Fault, tt.fault) {
				t.Errorf("fault %q, want %q", got.Fault, tt.fault)
			}
			if got.Fault != "" && got.Window != lifecycle.WindowUnknown {
				t.Errorf("a contradiction decided something: window %s", got.Window)
			}
		})
	}
}

func TestAccessWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		person access.Person
		days   int
		before string // last moment at which access is not due, "" for none
		opens  string
		open   string // last moment at which it is due
		closes string
	}{
		{
			name:   "start date to last working day, not to the end date",
			person: access.Person{Status: access.StatusActive, StartDate: date(t, "2026-05-04"), LastWorkingDay: date(t, "2026-06-12"), EndDate: date(t, "2026-06-30")},
			before: "2026-05-03T23:59:59Z", opens: "2026-05-04T00:00:00Z", open: "2026-06-12T17:59:59Z", closes: "2026-06-12T18:00:00Z",
		},
		{
			name: "three days ahead", days: 3,
			person: access.Person{Status: access.StatusPreHire, StartDate: date(t, "2026-05-04"), EndDate: date(t, "2026-06-30")},
			before: "2026-04-30T23:59:59Z", opens: "2026-05-01T00:00:00Z", open: "2026-05-04T00:00:00Z", closes: "2026-06-30T18:00:00Z",
		},
		{
			name:   "in the person's zone",
			person: access.Person{Status: access.StatusActive, TimeZone: "Asia/Tokyo", StartDate: date(t, "2026-05-04"), EndDate: date(t, "2026-06-30")},
			before: "2026-05-03T14:59:59Z", opens: "2026-05-03T15:00:00Z", open: "2026-06-30T08:59:59Z", closes: "2026-06-30T09:00:00Z",
		},
		{
			name: "contractor: until the contract ends",
			person: access.Person{
				Status: access.StatusActive, EmploymentType: access.TypeContractor, StartDate: date(t, "2026-05-04"), ContractEndDate: date(t, "2026-06-30"),
			},
			before: "2026-05-03T23:59:59Z", opens: "2026-05-04T00:00:00Z", open: "2026-06-30T17:59:59Z", closes: "2026-06-30T18:00:00Z",
		},
		{
			name: "contractor: an end date goes before the contract's",
			person: access.Person{
				Status: access.StatusActive, EmploymentType: access.TypeContractor, StartDate: date(t, "2026-05-04"),
				EndDate: date(t, "2026-05-29"), ContractEndDate: date(t, "2026-06-30"),
			},
			opens: "2026-05-04T00:00:00Z", open: "2026-05-29T17:59:59Z", closes: "2026-05-29T18:00:00Z",
		},
		{
			name:   "employee: a contract's end is no end",
			person: access.Person{Status: access.StatusActive, EmploymentType: access.TypeEmployee, StartDate: date(t, "2026-05-04"), ContractEndDate: date(t, "2026-06-30")},
			opens:  "2026-05-04T00:00:00Z", open: "2027-01-01T00:00:00Z",
		},
		{
			name:   "unknown employment type: a contract's end triggers nothing",
			person: access.Person{Status: access.StatusActive, EmploymentType: access.TypeUnknown, StartDate: date(t, "2026-05-04"), ContractEndDate: date(t, "2026-06-30")},
			opens:  "2026-05-04T00:00:00Z", open: "2027-01-01T00:00:00Z",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := lifecycle.DefaultOptions()
			o.BeforeStartDays = tt.days
			o.ReadAt = instant(t, "2026-05-01T12:00:00Z")
			for _, c := range []struct {
				now  string
				want lifecycle.Window
			}{
				{tt.before, lifecycle.WindowBefore}, {tt.opens, lifecycle.WindowOpen}, {tt.open, lifecycle.WindowOpen}, {tt.closes, lifecycle.WindowClosed},
			} {
				if c.now == "" {
					continue
				}
				got := lifecycle.At(tt.person, instant(t, c.now), o)
				if got.Window != c.want || got.InWindow() != (c.want == lifecycle.WindowOpen) {
					t.Errorf("at %s: window %s, want %s (%+v)", c.now, got.Window, c.want, got)
				}
				if got.Window == lifecycle.WindowOpen && tt.opens != "" && !got.Start.Equal(instant(t, tt.opens)) {
					t.Errorf("at %s: start %s, want %s", c.now, got.Start, tt.opens)
				}
				if tt.closes != "" && !got.End.Equal(instant(t, tt.closes)) {
					t.Errorf("at %s: end %s, want %s", c.now, got.End, tt.closes)
				}
			}
		})
	}
}

func TestEveryContractBoundType(t *testing.T) {
	t.Parallel()
	bound := map[access.EmploymentType]bool{
		access.TypeContractor: true, access.TypeTemporary: true, access.TypeIntern: true, access.TypeConsultantExternal: true,
		access.TypeEmployee: false, access.TypeApprentice: false, access.TypeBoardOrAdvisor: false, access.TypeOther: false, access.TypeUnknown: false,
	}
	for typ, want := range bound {
		p := access.Person{Status: access.StatusActive, EmploymentType: typ, ContractEndDate: date(t, "2026-05-01")}
		got := at(t, p, "2026-05-12T12:00:00Z")
		if closed := got.Window == lifecycle.WindowClosed; closed != want || got.Fault != "" {
			t.Errorf("%s after the contract: window %s, fault %q", typ, got.Window, got.Fault)
		}
		// Long after, too: an expected end is no contradiction to "active".
		if got := at(t, p, "2027-05-12T12:00:00Z"); (got.Window == lifecycle.WindowClosed) != want || got.Fault != "" {
			t.Errorf("%s a year after the contract: window %s, fault %q", typ, got.Window, got.Fault)
		}
	}
}

func TestTerminatedToday(t *testing.T) {
	t.Parallel()
	p := access.Person{Status: access.StatusTerminated, StartDate: date(t, "2020-01-01"), EndDate: date(t, "2026-05-12")}
	got := at(t, p, "2026-05-12T09:00:00Z")
	if got.Window != lifecycle.WindowClosed || got.Stage != lifecycle.StageTerminated {
		t.Errorf("terminated with the end today keeps access: %+v", got)
	}
	if got.End.After(instant(t, "2026-05-12T09:00:00Z")) {
		t.Errorf("closed window ends in the future: %s", got.End)
	}
	// With a notice, the last day is a working day.
	p.Status = access.StatusNotice
	if got := at(t, p, "2026-05-12T09:00:00Z"); got.Window != lifecycle.WindowOpen || got.Stage != lifecycle.StageNotice {
		t.Errorf("notice with the end today: %+v", got)
	}
}

func TestEndOfDayHour(t *testing.T) {
	t.Parallel()
	p := access.Person{Status: access.StatusNotice, EndDate: date(t, "2026-05-12"), TimeZone: "Europe/Madrid"}
	for hour, want := range map[int]string{
		0: "2026-05-11T22:00:00Z", 18: "2026-05-12T16:00:00Z", 24: "2026-05-12T22:00:00Z",
	} {
		o := lifecycle.DefaultOptions()
		o.EndOfDayHour = hour
		if got := lifecycle.At(p, instant(t, "2026-05-12T12:00:00Z"), o).End; !got.Equal(instant(t, want)) {
			t.Errorf("hour %d: ends %s, want %s", hour, got.UTC(), want)
		}
	}
}

func TestZonesAtTheEdgesOfTheWorld(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, day     string
		opens, closes string // first instant of the day, and 18:00 on it
	}{
		{"Pacific/Pago_Pago", "2026-05-12", "2026-05-12T11:00:00Z", "2026-05-13T05:00:00Z"},   // UTC-11
		{"Pacific/Kiritimati", "2026-05-12", "2026-05-11T10:00:00Z", "2026-05-12T04:00:00Z"},  // UTC+14
		{"Asia/Kathmandu", "2026-05-12", "2026-05-11T18:15:00Z", "2026-05-12T12:15:00Z"},      // UTC+5:45
		{"Europe/Madrid", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T16:00:00Z"},       // 23 hours long
		{"Europe/Madrid", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T17:00:00Z"},       // 25 hours long
		{"America/Santiago", "2025-09-07", "2025-09-07T04:00:00Z", "2025-09-07T21:00:00Z"},    // midnight does not exist
		{"Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00Z", "2025-04-25T15:00:00Z"},        // midnight does not exist
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", "2025-11-02T23:00:00Z"},      // two midnights
		{"Atlantic/Azores", "2025-10-26", "2025-10-26T00:00:00Z", "2025-10-26T19:00:00Z"},     // two midnights
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T07:30:00Z"}, // half an hour back
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.day, func(t *testing.T) {
			t.Parallel()
			p := access.Person{Status: access.StatusActive, TimeZone: tt.zone, StartDate: date(t, tt.day), EndDate: date(t, tt.day)}
			opens, closes := instant(t, tt.opens), instant(t, tt.closes)
			got := lifecycle.At(p, opens, lifecycle.DefaultOptions())
			if !got.Start.Equal(opens) || !got.End.Equal(closes) {
				t.Fatalf("window %s to %s, want %s to %s", got.Start.UTC(), got.End.UTC(), tt.opens, tt.closes)
			}
			for _, c := range []struct {
				now    time.Time
				stage  lifecycle.Stage
				window lifecycle.Window
			}{
				{opens.Add(-time.Second), lifecycle.StagePreHire, lifecycle.WindowBefore},
				{opens, lifecycle.StageNotice, lifecycle.WindowOpen},
				{closes.Add(-time.Second), lifecycle.StageNotice, lifecycle.WindowOpen},
				{closes, lifecycle.StageNotice, lifecycle.WindowClosed},
				{closes.Add(12 * time.Hour), lifecycle.StageTerminated, lifecycle.WindowClosed},
			} {
				if got := lifecycle.At(p, c.now, lifecycle.DefaultOptions()); got.Stage != c.stage || got.Window != c.window {
					t.Errorf("at %s: %s, %s; want %s, %s", c.now.UTC(), got.Stage, got.Window, c.stage, c.window)
				}
			}
		})
	}
}

func TestZoneOfThePersonElseTheConfiguredOne(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	o := lifecycle.DefaultOptions()
	o.TimeZone = madrid
	p := access.Person{Status: access.StatusNotice, EndDate: date(t, "2026-05-12")}
	now := instant(t, "2026-05-12T12:00:00Z")
	if got := lifecycle.At(p, now, o).End; !got.Equal(instant(t, "2026-05-12T16:00:00Z")) {
		t.Errorf("configured zone: ends %s", got.UTC())
	}
	p.TimeZone = "America/New_York"
	if got := lifecycle.At(p, now, o).End; !got.Equal(instant(t, "2026-05-12T22:00:00Z")) {
		t.Errorf("own zone: ends %s", got.UTC())
	}
	o.TimeZone = nil
	p.TimeZone = ""
	if got := lifecycle.At(p, now, o).End; !got.Equal(instant(t, "2026-05-12T18:00:00Z")) {
		t.Errorf("no zone: ends %s", got.UTC())
	}
	for _, name := range []string{"Mars/Olympus", "Local"} {
		p.TimeZone = name
		if got := lifecycle.At(p, now, o); got.Window != lifecycle.WindowUnknown || !strings.Contains(got.Fault, name) {
			t.Errorf("zone %s: %+v", name, got)
		}
	}
}

func TestPreviewOfADepartureIsNoContradiction(t *testing.T) {
	t.Parallel()
	p := access.Person{Status: access.StatusActive, EndDate: date(t, "2026-06-30")}
	o := lifecycle.DefaultOptions()
	o.ReadAt = instant(t, "2026-05-12T12:00:00Z") // read today, asked about next year
	if got := lifecycle.At(p, instant(t, "2027-01-15T12:00:00Z"), o); got.Window != lifecycle.WindowClosed || got.Stage != lifecycle.StageTerminated || got.Fault != "" {
		t.Errorf("preview: %+v", got)
	}
	o.ReadAt = instant(t, "2027-01-15T12:00:00Z") // read next year, still active then
	if got := lifecycle.At(p, instant(t, "2027-01-15T12:00:00Z"), o); got.Window != lifecycle.WindowUnknown || got.Fault == "" {
		t.Errorf("read after the fact: %+v", got)
	}
	hire := access.Person{Status: access.StatusPreHire, StartDate: date(t, "2026-06-01")}
	o.ReadAt = instant(t, "2026-05-12T12:00:00Z")
	if got := lifecycle.At(hire, instant(t, "2027-01-15T12:00:00Z"), o); got.Window != lifecycle.WindowOpen || got.Stage != lifecycle.StageActive {
		t.Errorf("preview of a hire: %+v", got)
	}
}

func TestWindowString(t *testing.T) {
	t.Parallel()
	var zero lifecycle.Window
	if zero.String() != "unknown" || lifecycle.WindowBefore.String() != "before" || lifecycle.WindowOpen.String() != "open" || lifecycle.WindowClosed.String() != "closed" {
		t.Error("windows are named wrongly")
	}
}
