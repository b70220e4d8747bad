package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// chain writes n entries and gives the lines, each with its newline.
func chain(t testing.TB, n int) []string {
	t.Helper()
	path := newPath(t)
	l := openLog(t, path, false)
	for i := range n {
		e := grant
		e.Subject = fmt.Sprintf("u-%d", i+1)
		write(t, l, e)
	}
	return strings.SplitAfter(strings.TrimSuffix(read(t, path), "\n"), "\n")
}

func TestVerify(t *testing.T) {
	t.Parallel()
	lines := chain(t, 5)
	lines[4] += "\n"
	join := func(which ...int) string {
		var b strings.Builder
		for _, i := range which {
			b.WriteString(lines[i-1])
		}
		return b.String()
	}
	edit := func(which int, old, new string) string {
		edited := append([]string(nil), lines...)
		if edited[which-1] = strings.Replace(edited[which-1], old, new, 1); edited[which-1] == lines[which-1] {
			t.Fatalf("line %d does not contain %q", which, old)
		}
		return strings.Join(edited, "")
	}
	tests := []struct {
		name, log string
		lines     int
		broken    *Break
	}{
		{"nothing", "", 0, nil},
		{"whole", join(1, 2, 3, 4, 5), 5, nil},
		{"last newline missing", strings.TrimSuffix(join(1, 2, 3, 4, 5), "\n"), 5, nil},
		{"last removed, which only Head shows", join(1, 2, 3, 4), 4, nil},
		{"first edited", edit(1, "u-1", "u-9"), 1, &Break{1, Edited, "it is not what it was when line 2 was written"}},
		{"middle edited", edit(3, "u-3", "u-9"), 3, &Break{3, Edited, "it is not what it was when line 4 was written"}},
		{"last but one edited", edit(4, "u-4", "u-9"), 4, &Break{4, Edited, "it is not what it was when line 5 was written, or prev in that line was edited"}},
		{"prev edited", edit(3, `"prev":"`, `"prev":"x`), 2, &Break{3, Edited, "it is not a line of a log, nor what a crash leaves of one"}},
		{"prev replaced", edit(3, lines[2][len(lines[2])-10:], `abcdefa"}`+"\n"), 2, &Break{3, Edited, "it does not hold the hash of the line before, and is not what it was when the next line was written"}},
		{"first prev replaced", edit(1, "000", "001"), 0, &Break{1, Edited, "it does not begin a chain: the first line has zeros in prev"}},
		{"number edited", edit(3, `"seq":3`, `"seq":7`), 2, &Break{3, Edited, "it has the number 7 instead of 3"}},
		{"field added", edit(3, `"seq":3`, `"seq":3,"sec":4`), 2, &Break{3, Edited, "it is not a line of a log, nor what a crash leaves of one"}},
		{"spaces added", edit(3, `"seq":3`, `"seq": 3`), 3, &Break{3, Edited, "it is not what it was when line 4 was written"}},
		{"cut in the middle", edit(3, lines[2][50:], "\n"), 2, &Break{3, Edited, "it is cut off, and the next line does not say that a crash did it"}},
		{"emptied", edit(3, lines[2], "\n"), 2, &Break{3, Edited, "it is cut off, and the next line does not say that a crash did it"}},
		{"joined", edit(3, "\n", ""), 2, &Break{3, Edited, "it is not a line of a log, nor what a crash leaves of one"}},
		{"last mangled", edit(5, `"outcome"`, `"outcom"`), 4, &Break{5, Edited, "it is not a line of a log, nor what a crash leaves of one"}},
		{"huge", edit(3, "u-3", strings.Repeat("u", maxLine)), 2, &Break{3, Edited, "it is longer than any line of a log"}},
		{"first removed", join(2, 3, 4, 5), 0, &Break{1, Removed, "the line numbered 1 is missing before it"}},
		{"two removed", join(1, 4, 5), 1, &Break{2, Removed, "the lines numbered 2 to 3 are missing before it"}},
		{"swapped", join(1, 3, 2, 4, 5), 1, &Break{2, Reordered, "it has the number 3, but number 2 stands on line 3"}},
		{"moved back", join(1, 3, 4, 5, 2), 1, &Break{2, Reordered, "it has the number 3, but number 2 stands on line 5"}},
		{"repeated", join(1, 2, 2, 3), 2, &Break{3, Reordered, "it has the number 2 and follows number 2"}},
		{"another file", "# Shopping\n", 0, &Break{1, Edited, "it is not a line of a log, nor what a crash leaves of one"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := Verify(strings.NewReader(tt.log))
			if diff := cmp.Diff(tt.broken, r.Broken); diff != "" || r.Lines != tt.lines {
				t.Errorf("%d good lines, want %d; broken (-want +got):\n%s", r.Lines, tt.lines, diff)
			}
			if (err != nil) != (tt.broken != nil) || err != nil && !errors.Is(err, fault.Invalid) {
				t.Errorf("error %v", err)
			}
			if b := tt.broken; b != nil && !strings.Contains(err.Error(), fmt.Sprintf("line %d: %s: %s", b.Line, b.Damage, b.Why)) {
				t.Errorf("error %v", err)
			}
			if tt.lines > 0 && tt.broken == nil && r.Head != hashOf([]byte(strings.TrimSuffix(lines[tt.lines-1], "\n"))) {
				t.Errorf("head %s", r.Head)
			}
		})
	}
	if _, err := Verify(iotest.TimeoutReader(strings.NewReader(join(1, 2, 3, 4, 5)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// TestMangledLineIsNotCoveredUp has a writer go on after a line that a person, not a crash, damaged.
func TestMangledLineIsNotCoveredUp(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	mangled := strings.Replace(strings.Join(chain(t, 3), ""), `"seq":3`, `"seq":x`, 1)
	if err := os.WriteFile(path, []byte(mangled+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, openLog(t, path, false), grant)
	r, err := Verify(strings.NewReader(read(t, path)))
	if !errors.Is(err, fault.Invalid) || r.Broken.Line != 3 || r.Broken.Damage != Edited {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRemovedRemainsAreMissed(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	lines := chain(t, 2)
	if err := os.WriteFile(path, []byte(lines[0]+lines[1][:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, openLog(t, path, false), grant)
	log := read(t, path)
	for name, tampered := range map[string]string{
		"removed": strings.Replace(log, lines[1][:20]+"\n", "", 1),
		"edited":  strings.Replace(log, lines[1][:20]+"\n", lines[1][:19]+"\n", 1),
	} {
		r, err := Verify(strings.NewReader(tampered))
		if tampered == log || !errors.Is(err, fault.Invalid) || r.Broken == nil || r.Broken.Line != 2 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// TestChainProperties tampers with random logs: whatever is done to a line that another one follows is
// found, and found at that line.
func TestChainProperties(tt *testing.T) {
	tt.Parallel()
	dir, runs := tt.TempDir(), 0
	rapid.Check(tt, func(t *rapid.T) {
		runs++
		path := filepath.Join(dir, fmt.Sprint(runs))
		l := openLog(tt, path, rapid.Bool().Draw(t, "names"))
		text := rapid.String()
		var entries []Entry
		for range rapid.IntRange(2, 12).Draw(t, "entries") {
			entries = append(entries, Entry{
				App: "a" + text.Draw(t, "app"), Operation: "add", Grant: text.Draw(t, "grant"), Subject: text.Draw(t, "subject"),
				UserName: text.Draw(t, "name"), Why: text.Draw(t, "why"),
				Outcome: rapid.SampledFrom([]Outcome{Attempted, Done, Already, Failed, Unconfirmed}).Draw(t, "outcome"),
			})
		}
		for rest := entries; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			if err := l.Write(context.Background(), rest[:n]...); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Verify(bytes.NewReader(data))
		if err != nil || r.Lines != len(entries) || len(r.Torn) > 0 {
			t.Fatalf("untouched: %+v, %v", r, err)
		}
		lines := bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		k := rapid.IntRange(0, len(lines)-2).Draw(t, "line")
		want := func(what string, log []byte, damage Damage, line int) {
			r, err := Verify(bytes.NewReader(log))
			if !errors.Is(err, fault.Invalid) || r.Broken == nil || r.Broken.Line != line || r.Broken.Damage != damage || r.Lines > line {
				t.Fatalf("%s of line %d: %+v, %v", what, k+1, r, err)
			}
		}

		edited := bytes.Clone(lines[k])
		at := rapid.IntRange(0, len(edited)-1).Draw(t, "byte")
		edited[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		want("edit", bytes.Join([][]byte{bytes.Join(lines[:k], nil), edited, bytes.Join(lines[k+1:], nil)}, nil), Edited, k+1)

		want("removal", bytes.Join([][]byte{bytes.Join(lines[:k], nil), bytes.Join(lines[k+1:], nil)}, nil), Removed, k+1)

		if k+2 < len(lines) {
			want("swap", bytes.Join([][]byte{bytes.Join(lines[:k], nil), lines[k+1], lines[k], bytes.Join(lines[k+2:], nil)}, nil), Reordered, k+1)
		}

		cut := rapid.IntRange(0, len(data)-1).Draw(t, "cut")
		if r, err := Verify(bytes.NewReader(data[:cut])); err != nil || r.Lines < bytes.Count(data[:cut], []byte("\n")) {
			t.Fatalf("cut at %d: %+v, %v", cut, r, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	lines := chain(f, 3)
	f.Add([]byte(strings.Join(lines, "")))
	f.Add([]byte(lines[0] + lines[1][:30] + "\n" + lines[2]))
	f.Add([]byte(`{"seq":1,"time":"2026-03-01T09:30:00.123Z","outcome":"recovered","torn_bytes":-1,"prev":"` + genesis + `"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Verify(bytes.NewReader(data))
		if (err != nil) != (r.Broken != nil) || err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatalf("%+v, %v", r, err)
		}
		if err != nil {
			return
		}
		// What verifies can be continued, and still verifies.
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openLog(t, path, false).Write(t.Context(), grant); err != nil {
			t.Fatalf("%+v, but %v", r, err)
		}
		after, err := Verify(strings.NewReader(read(t, path)))
		if err != nil || after.Lines <= r.Lines {
			t.Fatalf("before %+v, after %+v, %v", r, after, err)
		}
	})
}

// Read gives every line that the chain proves, and not one of those behind a break or edited before it.
func TestReadGivesProvenLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := Open(path, true)
	for _, who := range []string{"1", "2", "3"} {
		if err := l.Write(t.Context(), Entry{App: "wiki", Operation: "add member", Subject: who, Outcome: Done}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for name, c := range map[string]struct {
		log  []byte
		want string
	}{
		"whole":               {text, "1 2 3"},
		"the second edited":   {bytes.Replace(text, []byte(`"subject":"2"`), []byte(`"subject":"4"`), 1), "1"},
		"the second removed":  {slices.Concat(lines[0], lines[2]), "1"},
		"the end cut off":     {text[:len(text)-5], "1 2"},
		"the first not there": {slices.Concat(lines[1], lines[2]), ""},
	} {
		var got []string
		_, err := Read(bytes.NewReader(c.log), func(l Line) {
			if l.Number != len(got)+1 || l.Time.IsZero() || l.App != "wiki" || l.Outcome != Done {
				t.Errorf("%s: %+v", name, l)
			}
			got = append(got, l.Subject)
		})
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: lines %q, want %q (%v)", name, got, c.want, err)
		}
	}
}
