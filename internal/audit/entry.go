// Package audit keeps the record of what was done: one JSON line for each attempt to write to an app,
// and one for its outcome, in a file that is only ever appended to. Each line carries the hash of the
// line before it, so [Verify] finds what was edited, removed or moved afterwards.
//
// The scheme survives kill -9: the line with outcome "attempted" is on disk before the request leaves,
// so an attempt without a second line is exactly a write whose outcome nobody knows. It does not
// survive a forger who rewrites the whole file; for that, keep [Report.Head] elsewhere.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Outcome is what became of a write.
type Outcome string

// The outcomes. Attempted is the line before the request, the others are the line after it.
const (
	Attempted   Outcome = "attempted"
	Done        Outcome = "done"
	Already     Outcome = "already" // it was so before; nothing changed
	Failed      Outcome = "failed"
	Unconfirmed Outcome = "unconfirmed"

	// recovered marks the note by which a writer explains the bytes that a crash cut off.
	recovered Outcome = "recovered"
)

// Entry is one line about one write. It holds no secret, and no personal data but what is named here.
type Entry struct {
	Attempt   string  // joins the line before the request with the one after it; Log.Begin gives it
	App       string  // the app block's name
	Operation string  // "create account", "add member"
	Grant     string  // APP/accounts, APP/groups/GROUP, APP/licenses/PRODUCT/LICENSE, APP/roles/ROLE
	Subject   string  // the app's immutable account id; "" while it is not known yet
	UserName  string  // written only where the configuration asks for names
	PersonID  string  // the person's stable key, "" without a person
	Why       string  // the reason as the plan shows it
	Outcome   Outcome // required
	Error     fault.Kind
	RequestID string // the vendor's, for a support ticket
}

// After is the entry with the outcome that err tells: Done, Failed or Unconfirmed. That a thing was
// Already so is for the caller to say.
func (e Entry) After(err error) Entry {
	e.Outcome, e.Error = Done, fault.KindOf(err)
	switch {
	case errors.Is(err, fault.Unconfirmed):
		e.Outcome = Unconfirmed
	case err != nil:
		e.Outcome = Failed
	}
	var f *fault.Error
	if errors.As(err, &f) && f.RequestID != "" {
		e.RequestID = f.RequestID
	}
	return e
}

func (e Entry) check() error {
	var missing []string
	for what, is := range map[string]bool{
		"app": e.App != "", "operation": e.Operation != "",
		"outcome":    e.Outcome == Attempted || e.Outcome == Done || e.Outcome == Already || e.Outcome == Failed || e.Outcome == Unconfirmed,
		"short text": len(e.App)+len(e.Operation)+len(e.Grant)+len(e.Subject)+len(e.UserName)+len(e.PersonID)+len(e.Why)+len(e.RequestID) <= maxText,
	} {
		if !is {
			missing = append(missing, what)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fault.New(fault.Invalid, "an audit entry needs %s", strings.Join(missing, ", "))
	}
	return nil
}

const (
	// maxText bounds what one entry says, so that a line stays within maxLine however it is escaped.
	maxText = 64 << 10
	maxLine = 1 << 20
)

// record is a line as it stands in the file.
type record struct {
	Seq       int64   `json:"seq"` // from 1
	Time      string  `json:"time"`
	Attempt   string  `json:"attempt,omitempty"`
	App       string  `json:"app,omitempty"`
	Operation string  `json:"operation,omitempty"`
	Grant     string  `json:"grant,omitempty"`
	Subject   string  `json:"subject,omitempty"`
	UserName  string  `json:"user_name,omitempty"`
	PersonID  string  `json:"person_id,omitempty"`
	Why       string  `json:"why,omitempty"`
	Outcome   Outcome `json:"outcome"`
	Error     string  `json:"error,omitempty"`
	RequestID string  `json:"request_id,omitempty"`
	// What a recovery note explains: the number and hash of the bytes since the last good line.
	TornBytes  int64  `json:"torn_bytes,omitempty"`
	TornSHA256 string `json:"torn_sha256,omitempty"`
	// Prev is the SHA-256 of the line before, without its newline, in hexadecimal.
	Prev string `json:"prev"`
}

// genesis is what the first line has in the place of a hash.
var genesis = strings.Repeat("0", hex.EncodedLen(sha256.Size))

// timeLayout is RFC 3339 with milliseconds, always in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z"

func newRecord(e Entry, at time.Time) record {
	r := record{
		Time: at.UTC().Format(timeLayout), Attempt: e.Attempt, App: e.App, Operation: e.Operation, Grant: e.Grant,
		Subject: e.Subject, UserName: e.UserName, PersonID: e.PersonID, Why: e.Why, Outcome: e.Outcome, RequestID: e.RequestID,
	}
	if e.Error != 0 {
		r.Error = e.Error.Error()
	}
	return r
}

// Line is a line of a log that was read.
type Line struct {
	Number int // in the file, from 1
	Time   time.Time
	// Failure is the kind of error as it stands in the file; Entry.Error is not set.
	Failure string
	Entry
}

func (r *record) toLine(number int) *Line {
	at, _ := time.Parse(timeLayout, r.Time) // parse has tried it
	return &Line{number, at, r.Error, Entry{
		Attempt: r.Attempt, App: r.App, Operation: r.Operation, Grant: r.Grant, Subject: r.Subject, UserName: r.UserName,
		PersonID: r.PersonID, Why: r.Why, Outcome: r.Outcome, RequestID: r.RequestID,
	}}
}

// line encodes r, without a newline.
func (r *record) line() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		panic("audit: encode " + err.Error()) // only strings and numbers go in
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// parse reads a line strictly: what it accepts is a line that this package wrote, or a forgery.
func parse(line []byte) (record, error) {
	var r record
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("something follows the object")
	}
	if _, err := time.Parse(timeLayout, r.Time); err != nil {
		return r, err
	}
	if r.Seq < 1 || r.Outcome == "" || len(r.Prev) != len(genesis) {
		return r, fmt.Errorf("seq, outcome or prev is missing")
	}
	return r, nil
}
