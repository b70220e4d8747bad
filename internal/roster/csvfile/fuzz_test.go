package csvfile

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"id,name\n1,Ana\n", "id;name;start date\n1;Ana;2020-01-01\n2;Eva;soon\n", "\uFEFFid,name\r\n1,\"A\r\nna\"\r\n", "sep=;\nid;name\n1;x\n",
		"id,name\n1,\"Ana\n2,Eva\n", "id,name\n1,A\"na\n2,Eva\n", "id,name\n1\n2,b,c\n\n,\n3,d\n", "id,name,name\n", "\xff\xfei\x00d\x00",
		"id,person_id,work_email,manager_id,manager_email,status,full_time,time_zone\na,b,c@d,a,c@d,on leave,x,UTC\n",
		"id,name\n1,Ana\n1,Eva\n2,Bo", "id\tname\n1\t\"\"\n", "id,name\n1,\"\"\"\"\n",
	} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte("id,name\n1,Jos\xe9\n"), "windows-1252")
	f.Fuzz(func(t *testing.T, data []byte, encoding string) {
		s, err := Open(Config{Name: "hr", File: roster.File{Path: "people.csv"}, Encoding: encoding})
		if err != nil {
			return
		}
		r, err := s.(*source).parse(context.Background(), data)
		if err != nil {
			if len(r.People)+len(r.Problems)+len(r.Faulty) != 0 {
				t.Fatal("people beside an error")
			}
			return
		}
		// No record is lost: people, and problems by where they are, add up to the records there are.
		bad := map[string]bool{}
		for _, p := range r.Problems {
			bad[p.Where] = true
			if p.Message == "" {
				t.Fatalf("problem without a message: %+v", p)
			}
		}
		if want, ok := records(data, s.(*source)); ok && len(r.People)+len(bad) != want {
			t.Fatalf("%d people and %d faulty records out of %d", len(r.People), len(bad), want)
		}
		again, err := s.(*source).parse(context.Background(), data)
		if err != nil || len(again.People) != len(r.People) || len(again.Problems) != len(r.Problems) || len(again.Notices) != len(r.Notices) {
			t.Fatalf("read twice, and not the same: %v", err)
		}
		ids := map[string]bool{}
		for _, p := range r.People {
			if p.PersonID == "" || ids[p.SourceID] {
				t.Fatalf("person without a key or with another's: %+v", p)
			}
			ids[p.SourceID] = true
		}
	})
}

// records counts the records of a file in which every quote is in order, by a reader of its own.
func records(data []byte, s *source) (int, bool) {
	text, err := decode(data, s.cfg.Encoding)
	if err != nil {
		return 0, false
	}
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte{'\r'}, []byte{'\n'})
	}
	_, text, delimiter, err := s.settle(text)
	if err != nil {
		return 0, false
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = delimiter, -1, delimiter != '\t'
	all, err := r.ReadAll()
	if err != nil {
		return 0, false
	}
	n := -1 // the header
	for _, fields := range all {
		if strings.TrimSpace(strings.Join(fields, "")) != "" {
			n++
		}
	}
	return n, true
}
