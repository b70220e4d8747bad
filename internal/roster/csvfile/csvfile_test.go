package csvfile_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
	"github.com/tenure-access/terraform-provider-tenure/internal/roster/csvfile"
)

// read writes the text to people.csv and reads it with the configuration.
func read(t testing.TB, c csvfile.Config, text string) (roster.Roster, error) {
	t.Helper()
	dir := t.TempDir()
	c.Name, c.Path = "hr", filepath.Join(dir, "people.csv")
	if err := os.WriteFile(c.Path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := csvfile.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.People(context.Background())
}

func mustRead(t testing.TB, c csvfile.Config, text string) roster.Roster {
	t.Helper()
	r, err := read(t, c, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// names are the ids and display names of the people.
func names(people []access.Person) []string {
	var list []string
	for _, p := range people {
		list = append(list, p.PersonID+" "+p.DisplayName)
	}
	return list
}

func TestDelimiters(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, delimiter, text string }{
		{"comma", "", "id,name,title\n1,Ana,a;b;c;d\n"},
		{"semicolon", "", "id;name;title\n1;Ana;a,b,c,d\n"},
		{"tab", "", "id\tname\ttitle\n1\tAna\ta,b;c\n"},
		{"bar", "", "id|name|title\n1|Ana|a,b;c\n"},
		{"semicolon among many commas in a header", "", "id;name;\"Notes, remarks, and, more\"\n1;Ana;x\n"},
		{"quoted header", "", "\"id\";\"name\"\n\"1\";\"Ana\"\n"},
		{"configured", "^", "id^name\n1^Ana\n"},
		{"configured tab", "tab", "id\tname\n1\tAna\n"},
		{"configured tab, escaped", `\t`, "id\tname\n1\tAna\n"},
		{"sep line of Excel", "", "sep=;\r\nid;name\r\n1;Ana\r\n"},
		{"empty fields between tabs", "", "id\tteam\tname\n1\t\tAna\n"},
		{"line ends of Windows", "", "id,name\r\n1,Ana\r\n"},
		{"line ends of the old Mac", "", "id,name\r1,Ana\r"},
		{"no line end at the end", "", "id,name\n1,Ana"},
		{"blank lines and lines of delimiters", "", "\n\nid,name\n\n1,Ana\n,\n   \n,\n"},
		{"spaces after delimiters", "", "id, name, \"title\"\n1, Ana, \"a, b\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustRead(t, csvfile.Config{Delimiter: tt.delimiter}, tt.text)
			if diff := cmp.Diff([]string{"1 Ana"}, names(r.People)); diff != "" || len(r.Problems) != 0 {
				t.Errorf("%s%v", diff, r.Problems)
			}
		})
	}
}

func TestFilesThatAreErrors(t *testing.T) {
	t.Parallel()
	const header = "id,name,title,department\n"
	tests := []struct {
		name string
		cfg  csvfile.Config
		text string
		want string
		next string
	}{
		{name: "empty", text: "", want: "it is empty", next: "Zero people"},
		{name: "blank", text: "\n \n,,\n", want: "nothing but blank lines"},
		{name: "byte order mark alone", text: "\uFEFF", want: "nothing but blank lines"},
		{name: "header alone", text: header, want: "it holds no people", next: "Zero people"},
		{name: "no delimiter", text: "id:name\n1:Ana\n", want: "neither comma nor semicolon", next: "Set delimiter"},
		{name: "two delimiters equally good", text: "id,name;title\n1,Ana;x\n", want: "comma and semicolon both separate", next: "Set delimiter"},
		{name: "duplicate header", text: "id,Name,name\n1,Ana,Eva\n", want: `the column "name" is there twice, as column 2 and column 3`},
		{name: "unclosed quote", text: header + "1,Ana,x,y\n2,\"Eva,x,y\n3,Luz,x,y\n", want: "a quote that opens in the record on line 3 is never closed"},
		{name: "unclosed quote closed by a later record", text: header + "2,\"Eva,x,y\n3,\"Luz, A.\",x,y\n4,Bo,x,y\n", want: "on line 2 is closed in the middle of a value on line 3"},
		{name: "a quote that swallows records", text: header + "2,\"Eva,x,y\n3,Luz,x,y\n4,Bo,\",x,y\n5,Al,x,y\n", want: "line 2 holds whole other records"},
		{name: "a quote that swallows parts of two", text: "id,name,title,department,team\n2,\"Eva,x,y,z\n3,Luz\",x,y,z\n", want: "line 2 holds whole other records"},
		{name: "bare quote in the header", text: "id,na\"me\n1,Ana\n", want: "line 1, the header"},
		{name: "cut off", text: header + "1,Ana,x,y\n2,Eva", want: "the last line, 3, has 2 of 4 columns and no line end"},
		{name: "NUL", text: header + "1,Ana,x,y\n2,E\x00va,x,y\n", want: "a NUL byte at offset 38, line 3"},
		{name: "UTF-16 without a mark", text: "i\x00d\x00,\x00n\x00", want: "a NUL byte at offset 1, line 1", next: "UTF-16"},
		{name: "UTF-16 without a mark, not ASCII", text: "i\x00d\x00\n\x00\xe9\x00", want: "a NUL byte at offset 1, line 1", next: "UTF-16"},
		{name: "Windows-1252 without saying so", text: header + "1,Ana,x,y\n2,Jos\xe9,x,y\n", want: "it is not UTF-8: byte 0xE9 at offset 40, line 3", next: `encoding = "windows-1252"`},
		{name: "not Windows-1252", cfg: csvfile.Config{Encoding: "windows-1252"}, text: header + "1,Jos\x81,x,y\n", want: "byte 0x81 at offset 30, line 2 stands for nothing"},
		{name: "UTF-8 declared as Windows-1252", cfg: csvfile.Config{Encoding: "windows-1252"}, text: header + "1,José,x,y\n", want: "it is UTF-8"},
		{name: "UTF-8 mark declared as Windows-1252", cfg: csvfile.Config{Encoding: "windows-1252"}, text: "\uFEFF" + header + "1,Ana,x,y\n", want: "byte order mark"},
		{name: "UTF-16 declared as UTF-8", cfg: csvfile.Config{Encoding: "utf-8"}, text: "\xff\xfei\x00", want: "byte order mark of UTF-16"},
		{name: "UTF-16 without a mark, declared", cfg: csvfile.Config{Encoding: "utf-16"}, text: "i\x00d\x00", want: "does not start with a byte order mark"},
		{name: "half a UTF-16 unit", text: "\xff\xfei\x00d", want: "cut off"},
		{name: "half a UTF-16 pair", text: "\xff\xfei\x00\n\x00\x00\xd8x\x00", want: "half a character at offset 6, line 2"},
		{name: "half a UTF-16 pair at the end", text: "\xff\xfei\x00\x00\xd8", want: "half a character at offset 4"},
		{name: "too large", cfg: csvfile.Config{File: roster.File{MaxSize: 10}}, text: header, want: "no more than 10 are read"},
		{name: "no key column", text: "name,title\nAna,x\n", want: "no column says who a person is", next: `"name", "title"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, tt.cfg, tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if len(r.People)+len(r.Problems) != 0 {
				t.Errorf("people beside an error: %+v", r)
			}
			f := first(err)
			if f == nil || f.System != "hr" || f.Op != "read" || !strings.HasSuffix(f.Subject, "people.csv") || f.Next == "" || !strings.Contains(f.Next, tt.next) {
				t.Errorf("%+v", f)
			}
			if f != nil && f.Kind != fault.Invalid && f.Kind != fault.LimitReached {
				t.Errorf("kind %v", f.Kind)
			}
		})
	}
}

// first is the first fault joined in an error.
func first(err error) *fault.Error {
	var f *fault.Error
	errors.As(err, &f)
	return f
}

func TestRecordsThatAreProblems(t *testing.T) {
	t.Parallel()
	const header = "id,name,title,department\n"
	tests := []struct {
		name, text string
		line       int
		person     string
		want       string
	}{
		{"too short", header + "1,Ana,x,y\n2,Eva\n3,Luz,x,y\n", 3, "2", "2 columns and the header has 4; put a value that holds a comma in quotes"},
		{"too long", header + "1,Ana,x,y\n2,Silva, Eva,x,y\n3,Luz,x,y\n", 3, "2", "5 columns and the header has 4"},
		{"quote inside a bare value", header + "1,Ana,x,y\n2,Eva \"E\" Silva,x,y\n3,Luz,x,y\n", 3, "2", "a quote stands inside a value"},
		{"quote inside a quoted value", header + "1,Ana,x,y\n2,\"Eva \"E\" Silva\",x,y\n3,Luz,x,y\n", 3, "2", "a quote stands inside a value"},
		{"quote in the first column", header + "1,Ana,x,y\n2\",Eva,x,y\n3,Luz,x,y\n", 3, "", "a quote stands inside a value"},
		{"after a value of several lines", header + "1,\"A\nna\",x,y\n\n2,Eva\n3,Luz,x,y\n", 5, "2", "2 columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustRead(t, csvfile.Config{}, tt.text)
			if len(r.People) != 2 || len(r.Problems) != 1 {
				t.Fatalf("people %v, problems %v", names(r.People), r.Problems)
			}
			p := r.Problems[0]
			if !strings.HasSuffix(p.Where, fmt.Sprintf("people.csv:%d", tt.line)) || p.PersonID != tt.person || !strings.Contains(p.Message, tt.want) {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestValuesOfSeveralLinesKeepLineNumbersRight(t *testing.T) {
	t.Parallel()
	r := mustRead(t, csvfile.Config{}, "id,name,address,start date\r\n1,Ana,\"Calle Mayor, 1\r\nMadrid, Spain\r\n\",2020-01-01\r\n\r\n2,\"E\"\"va\",x,soon\r\n3,Luz,x,2020-01-01\r\n")
	if diff := cmp.Diff([]string{"1 Ana", "3 Luz"}, names(r.People)); diff != "" {
		t.Error(diff)
	}
	if len(r.Problems) != 1 || !strings.HasSuffix(r.Problems[0].Where, "people.csv:6") || r.Faulty[0].DisplayName != `E"va` {
		t.Errorf("%v %v", r.Problems, r.Faulty)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = "id,name\n1,José Łukasz 😀\n"
	wide := func(order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	tests := []struct{ name, encoding, text, want string }{
		{"UTF-8", "", text, "1 José Łukasz 😀"},
		{"UTF-8 with a mark", "auto", "\uFEFF" + text, "1 José Łukasz 😀"},
		{"UTF-8 said so", "UTF-8", text, "1 José Łukasz 😀"},
		{"UTF-16 little-endian", "", wide(binary.LittleEndian), "1 José Łukasz 😀"},
		{"UTF-16 big-endian", "utf-16", wide(binary.BigEndian), "1 José Łukasz 😀"},
		{"Windows-1252", "windows-1252", "id,name\n1,Jos\xe9 \x80\n", "1 José €"},
		{"plain as Windows-1252", "windows-1252", "id,name\n1,Jose\n", "1 Jose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustRead(t, csvfile.Config{Encoding: tt.encoding}, tt.text)
			if diff := cmp.Diff([]string{tt.want}, names(r.People)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenReportsEverythingAndTouchesNothing(t *testing.T) {
	t.Parallel()
	_, err := csvfile.Open(csvfile.Config{
		Name: "hr", Delimiter: ";;", Encoding: "latin-9", Mapping: roster.Mapping{StatusMap: map[string]string{"x": "y"}, DateFormat: "nope"},
	})
	for _, want := range []string{"path is empty", `delimiter ";;"`, `encoding "latin-9"`, `status_map: "x"`, "date_format", "csv roster in hr"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	for _, d := range []string{"\"", "\n", "\xff", "ab"} {
		if _, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: "people.csv"}, Delimiter: d}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("delimiter %q: %v", d, err)
		}
	}
	s, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: filepath.Join(t.TempDir(), "none.csv")}})
	if err != nil {
		t.Fatalf("opening reads the file: %v", err)
	}
	if i := s.Info(); i.Kind != "csv" || i.Name != "hr" || i.Totals != roster.No {
		t.Errorf("%+v", i)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]struct {
		text string
		kind fault.Kind
	}{
		filepath.Join(dir, "none.csv"): {"does not exist", fault.Unavailable},
		dir:                            {"is a directory", fault.Invalid},
		os.DevNull:                     {"not a regular file", fault.Invalid},
	} {
		s, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: path}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.People(context.Background())
		if fault.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte("id,name\n1,Ana\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := csvfile.Open(csvfile.Config{Name: "hr", File: roster.File{Path: path}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := s.People(ctx); err == nil || len(r.People) != 0 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestManyFaultyRowsAreEachNamed(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 10, 11} {
		var b strings.Builder
		b.WriteString("id,name,work email\n")
		for i := range n {
			fmt.Fprintf(&b, "%d,Ana,nobody\n", i)
		}
		b.WriteString("last,Eva,eva@acme.com\n")
		r := mustRead(t, csvfile.Config{}, b.String())
		var ids []string
		for _, p := range r.Problems {
			ids = append(ids, p.PersonID)
		}
		if len(r.People) != 1 || len(ids) != n || len(slices.Compact(ids)) != n {
			t.Errorf("%d bad rows: %d people, problems of %v", n, len(r.People), ids)
		}
	}
}

// writeCompany makes a file of n people with what a normal export holds.
func writeCompany(tb testing.TB, n int) string {
	tb.Helper()
	var b strings.Builder
	b.WriteString("Employee ID,First Name,Last Name,Work Email,Job Title,Department,Location,Country,Manager ID,Employment Type,Status,Start Date,End Date,Time Zone,Cost Center\n")
	for i := range n {
		end := ""
		if i%20 == 0 {
			end = "2026-06-30"
		}
		fmt.Fprintf(&b, "%06d,José,\"Núñez, %d\",person%d@acme.com,Engineer %d,Department %d,Madrid,ES,%06d,Full-time,Active,2020-01-%02d,%s,Europe/Madrid,CC-%d\n",
			i, i, i, i%9, i%50, i/10, 1+i%28, end, i%100)
	}
	path := filepath.Join(tb.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
