package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Report is what Verify found.
type Report struct {
	// Lines are the good lines from the beginning, up to Broken if that is set.
	Lines int
	// Head is the hash of the last good line. Whoever keeps it, with Lines, can later prove that nothing
	// before it was changed and nothing was cut off behind.
	Head string
	// First and Last are the times of the first and the last good line, as written.
	First, Last string
	// Torn are the places where a crash cut a line off. They break nothing.
	Torn []Torn
	// Unfinished are the attempts without an outcome: their process was killed, or is still at work.
	Unfinished []Unfinished
	// Broken is the first line that contradicts the chain, nil when none does.
	Broken *Break
}

// Torn is the remains of lines that a crash cut off.
type Torn struct {
	Line  int // the file's line at which the remains begin
	Bytes int64
	// Recovered says that a later writer noted them and went on; false is at the end of the file.
	Recovered bool
}

// Unfinished is an attempt whose outcome is not in the log.
type Unfinished struct {
	Line                                               int
	Time, App, Operation, Grant, Subject, PersonID, ID string
}

// Damage says what happened to a line.
type Damage string

// The kinds of damage.
const (
	Edited    Damage = "edited"    // its text is not what it was when the next line was written
	Removed   Damage = "removed"   // lines are missing before it
	Reordered Damage = "reordered" // it stands, or stands again, in the wrong place
)

// Break is the first line that contradicts the chain.
type Break struct {
	Line   int // counted from 1
	Damage Damage
	Why    string
}

// Verify reads a log and checks the chain. The error is fault.Invalid when the chain is broken, with the
// same Break in the report, and the reader's own error when reading failed. What a crash cut off is
// reported and is no error. Removing lines from the very end, and editing the last one, can only be seen
// by comparing Report.Head and Report.Lines with what was noted earlier.
func Verify(r io.Reader) (Report, error) { return Read(r, func(Line) {}) }

// Read is [Verify], and calls each for every line that the chain proves, in order: those before the break, and the last
// one. Notes about what a crash cut off are no lines of theirs.
func Read(r io.Reader, each func(Line)) (Report, error) {
	v := &verifier{
		lines: lineReader{r: bufio.NewReaderSize(r, 64<<10)}, open: map[string]Unfinished{},
		report: Report{Head: genesis}, each: each,
	}
	if err := v.run(); err != nil {
		return v.report, err
	}
	if b := v.report.Broken; v.pending != nil && (b == nil || v.pending.Number < b.Line) {
		each(*v.pending)
	}
	for _, u := range v.open {
		v.report.Unfinished = append(v.report.Unfinished, u)
	}
	slices.SortFunc(v.report.Unfinished, func(a, b Unfinished) int { return cmp.Compare(a.Line, b.Line) })
	if b := v.report.Broken; b != nil {
		return v.report, &fault.Error{
			Kind: fault.Invalid, Op: "verify the audit log", Cause: fmt.Sprintf("line %d: %s: %s", b.Line, b.Damage, b.Why),
			Next: "Compare it with a backup. Lines before it are as they were written.",
		}
	}
	return v.report, nil
}

type verifier struct {
	lines   lineReader
	report  Report
	each    func(Line)
	pending *Line // the last good line: only the next one proves that it was not edited
	seq     int64 // of the last good line
	open    map[string]Unfinished

	// What is no line and may be the remains of a crash.
	tornAt    int
	tornBytes int64
	tornHash  hash.Hash
}

func (v *verifier) run() error {
	for {
		l, err := v.lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r, perr := parse(l.text)
		switch {
		case l.tooLong:
			return v.broken(l.number, Edited, "it is longer than any line of a log")
		case perr != nil:
			done, err := v.tear(l)
			if done || err != nil {
				return err
			}
			continue
		case v.tornBytes > 0 && !v.explains(r):
			return v.broken(v.tornAt, Edited, "it is cut off, and the next line does not say that a crash did it")
		case v.tornBytes == 0 && r.Outcome == recovered:
			return v.broken(l.number, Removed, fmt.Sprintf("it explains %d bytes of a line cut off by a crash, which are not there", r.TornBytes))
		case r.Seq != v.seq+1 || r.Prev != v.report.Head:
			return v.diagnose(l, r)
		}
		v.accept(l, r)
	}
}

func (v *verifier) accept(l line, r record) {
	if v.tornBytes > 0 {
		v.report.Torn = append(v.report.Torn, Torn{v.tornAt, v.tornBytes, true})
		v.tornBytes, v.tornHash = 0, nil
	}
	v.seq = r.Seq
	v.report.Lines++
	v.report.Head = hashOf(l.text)
	v.report.First, v.report.Last = cmp.Or(v.report.First, r.Time), r.Time
	if v.pending != nil {
		v.each(*v.pending)
		v.pending = nil
	}
	if r.Outcome != recovered {
		v.pending = r.toLine(l.number)
	}
	switch {
	case r.Attempt == "":
	case r.Outcome == Attempted:
		v.open[r.Attempt] = Unfinished{l.number, r.Time, r.App, r.Operation, r.Grant, r.Subject, r.PersonID, r.Attempt}
	default:
		delete(v.open, r.Attempt)
	}
}

// tear notes what is no line but may be the remains of one. It is done when the file or the chain ends.
func (v *verifier) tear(l line) (done bool, err error) {
	if !cutOff(l.text, v.seq+1) {
		return true, v.broken(l.number, Edited, "it is not a line of a log, nor what a crash leaves of one")
	}
	if v.tornBytes == 0 {
		v.tornAt, v.tornHash = l.number, sha256.New()
	}
	v.tornBytes += int64(len(l.text))
	v.tornHash.Write(l.text)
	if !l.open {
		v.tornBytes++
		v.tornHash.Write([]byte("\n"))
	}
	done, err = v.lines.last()
	if done {
		v.report.Torn = append(v.report.Torn, Torn{v.tornAt, v.tornBytes, false})
	}
	return done, err
}

func (v *verifier) explains(r record) bool {
	return r.Outcome == recovered && r.TornBytes == v.tornBytes && r.TornSHA256 == hex.EncodeToString(v.tornHash.Sum(nil)) &&
		r.Seq == v.seq+1 && r.Prev == v.report.Head
}

func (v *verifier) broken(number int, d Damage, why string) error {
	v.report.Broken = &Break{Line: number, Damage: d, Why: why}
	return nil
}

// diagnose says why a well-formed line does not follow the one before it. It may read on.
func (v *verifier) diagnose(l line, r record) error {
	want := v.seq + 1
	switch {
	case r.Prev == v.report.Head:
		return v.broken(l.number, Edited, fmt.Sprintf("it has the number %d instead of %d", r.Seq, want))
	case r.Seq < want:
		return v.broken(l.number, Reordered, fmt.Sprintf("it has the number %d and follows number %d", r.Seq, v.seq))
	case r.Seq > want:
		return v.missing(l, r, want)
	}
	next, err := v.lines.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	following, perr := parse(next.text)
	before := l.number - 1
	switch {
	case before == 0:
		return v.broken(l.number, Edited, "it does not begin a chain: the first line has zeros in prev")
	case err != nil || perr != nil:
		return v.broken(before, Edited, fmt.Sprintf("it is not what it was when line %d was written, or prev in that line was edited", l.number))
	case following.Prev == hashOf(l.text):
		return v.broken(before, Edited, fmt.Sprintf("it is not what it was when line %d was written", l.number))
	}
	return v.broken(l.number, Edited, "it does not hold the hash of the line before, and is not what it was when the next line was written")
}

// missing looks for the wanted line further on: moved there, or gone.
func (v *verifier) missing(l line, r record, want int64) error {
	for {
		next, err := v.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if moved, err := parse(next.text); err == nil && moved.Seq == want {
			return v.broken(l.number, Reordered, fmt.Sprintf("it has the number %d, but number %d stands on line %d", r.Seq, want, next.number))
		}
	}
	what := fmt.Sprintf("the lines numbered %d to %d are missing before it", want, r.Seq-1)
	if r.Seq-1 == want {
		what = fmt.Sprintf("the line numbered %d is missing before it", want)
	}
	return v.broken(l.number, Removed, what)
}

// line is one line of the file; open means that the file ends without a newline.
type line struct {
	text          []byte
	number        int
	open, tooLong bool
}

type lineReader struct {
	r      *bufio.Reader
	number int
}

// next reads a line without holding more than maxLine of it. The error is io.EOF after the last.
func (lr *lineReader) next() (line, error) {
	lr.number++
	l := line{number: lr.number}
	for {
		part, err := lr.r.ReadSlice('\n')
		if len(l.text)+len(part) > maxLine {
			l.tooLong = true
			part = part[:0]
		}
		l.text = append(l.text, part...)
		switch {
		case err == nil:
			l.text = bytes.TrimSuffix(l.text, []byte("\n"))
			return l, nil
		case errors.Is(err, io.EOF) && (len(l.text) > 0 || l.tooLong):
			l.open = true
			return l, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return line{}, err
		}
	}
}

// last reports whether nothing follows.
func (lr *lineReader) last() (bool, error) {
	_, err := lr.r.Peek(1)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}
