package ldap

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDaysNeverShift(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ zone, value, want string }{
		"a date is a date in the far west":   {"Pacific/Niue", "20260329000000Z", "2026-03-29"},
		"a date is a date in the far east":   {"Pacific/Kiritimati", "20260329000000.0Z", "2026-03-29"},
		"a date with an offset":              {"Pacific/Niue", "20260329000000+0200", "2026-03-29"},
		"local midnight, UTC-11":             {"Pacific/Niue", "20260329110000Z", "2026-03-29"},
		"local midnight, UTC+14":             {"Pacific/Kiritimati", "20260328100000Z", "2026-03-29"},
		"the night of summer time":           {"Europe/Madrid", "20260328230000Z", "2026-03-29"},
		"the end of that day":                {"Europe/Madrid", "20260329215959Z", "2026-03-29"},
		"the night back":                     {"Europe/Madrid", "20261024220000Z", "2026-10-25"},
		"half past, Newfoundland":            {"America/St_Johns", "20260308033000Z", "2026-03-08"},
		"hours only":                         {"Europe/Madrid", "2026032823Z", "2026-03-29"},
		"minutes only, short offset":         {"Europe/Madrid", "202603282300+00", "2026-03-29"},
		"a fraction after midnight":          {"Pacific/Niue", "20260329000000.5Z", "2026-03-28"},
		"an ISO date stays":                  {"Pacific/Niue", "2026-03-29", "2026-03-29"},
		"a FILETIME that is no expiry":       {"Pacific/Kiritimati", "134192556000000000", "2026-03-30"},
		"before the epoch of FILETIME, none": {"Europe/Madrid", "0", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			got, err := values{zone: zone, dates: map[string]bool{"hired": true}}.text("hired", [][]byte{[]byte(tt.value)})
			if err != nil || got != tt.want {
				t.Errorf("%s in %s is %q, %v; want %q", tt.value, tt.zone, got, err, tt.want)
			}
		})
	}
	for _, bad := range []string{"20260230000000Z", "20260329250000Z"} {
		if got, err := (values{zone: time.UTC, dates: map[string]bool{"hired": true}}).text("hired", [][]byte{[]byte(bad)}); err == nil {
			t.Errorf("%s is %q", bad, got)
		}
	}
}

// TestExpiryIsTheLastDay: in every zone and on every day of a year, "end of" a day ends that day.
func TestExpiryIsTheLastDay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Pacific/Niue", "Pacific/Kiritimati", "Europe/Madrid", "America/St_Johns", "Africa/Cairo", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		v := values{zone: zone, dates: map[string]bool{"accountexpires": true}}
		for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
			want := day.Format(time.DateOnly)
			if got, err := v.text(accountExpires, [][]byte{[]byte(adExpires(want, zone))}); err != nil || got != want {
				t.Fatalf("end of %s in %s is %q, %v", want, name, got, err)
			}
		}
		for _, never := range []string{"0", "9223372036854775807", "9223372036854775806"} {
			if got, err := v.text(accountExpires, [][]byte{[]byte(never)}); err != nil || got != "" {
				t.Errorf("%s is %q, %v", never, got, err)
			}
		}
	}
}

func TestNamesAreComparedAsTheDirectoryDoes(t *testing.T) {
	t.Parallel()
	one := plainDN(`CN=Ana  García+uid=1,OU=People,DC=acme,DC=example`)
	for _, same := range []string{`cn=ana garcía+UID=1, ou=people, dc=Acme, dc=example`, `UID=1+cn=Ana Garc\C3\ADa,ou=people,dc=acme,dc=example`} {
		if diff := cmp.Diff(one, plainDN(same)); diff != "" {
			t.Errorf("%s: %s", same, diff)
		}
	}
	for _, other := range []string{`CN=Ana García,OU=People,DC=acme,DC=example`, `uid=1,ou=people,dc=acme,dc=example`, ""} {
		if plainDN(other) == one {
			t.Errorf("%q is another name", other)
		}
	}
}

func FuzzDay(f *testing.F) {
	for _, s := range []string{"20260329000000Z", "20260328230000.5+0100", "134192556000000000", "2026-03-29", "0", "", "20261399000000Z", "9223372036854775807"} {
		f.Add(s)
	}
	zone, err := time.LoadLocation("Pacific/Kiritimati")
	if err != nil {
		f.Fatal(err)
	}
	v := values{zone: zone, dates: map[string]bool{"hired": true, "accountexpires": true}}
	f.Fuzz(func(t *testing.T, s string) {
		for _, attr := range []string{"hired", accountExpires} {
			day, err := v.one(attr, []byte(s))
			if err != nil || day == "" || day == s {
				continue
			}
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				t.Errorf("%s %q is %q", attr, s, day)
			}
		}
	})
}
