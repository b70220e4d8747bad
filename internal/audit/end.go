package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// end is where the chain stands at the end of the file: the last good line, and what follows it.
type end struct {
	seq  int64
	hash string
	open bool // a newline is missing
	// The bytes after the last good line that are no line, as a crash leaves them, with the newline
	// that the next writer adds; they stay in the file and are explained by a recovery note.
	torn     int64
	tornHash string
}

// findEnd reads the file backwards as far as the last good line.
func findEnd(f io.ReaderAt, size int64) (end, error) {
	for want := int64(maxLine); ; want *= 2 {
		n := min(want, size)
		data := make([]byte, n)
		if _, err := f.ReadAt(data, size-n); err != nil {
			return end{}, durable.Unreadable(err)
		}
		whole := n == size
		if !whole { // the first line may be cut
			i := bytes.IndexByte(data, '\n')
			if i < 0 {
				continue
			}
			data = data[i+1:]
		}
		if e, ok := lastLine(data); ok {
			return e, nil
		}
		if whole {
			return unbegun(data)
		}
	}
}

// lastLine finds the last good line in data, which begins where a line begins.
func lastLine(data []byte) (end, bool) {
	for stop := len(data); stop > 0; {
		line := data[:stop]
		begin := bytes.LastIndexByte(bytes.TrimSuffix(line, []byte("\n")), '\n') + 1
		line = bytes.TrimSuffix(line[begin:], []byte("\n"))
		if r, err := parse(line); err == nil {
			return after(end{seq: r.Seq, hash: hashOf(line)}, data[stop:], data[stop-1] != '\n'), true
		}
		stop = begin
	}
	return end{}, false
}

// after completes e with what follows the last good line.
func after(e end, torn []byte, open bool) end {
	e.open = open
	if len(torn) == 0 {
		return e
	}
	if torn[len(torn)-1] != '\n' {
		e.open = true
		torn = append(bytes.Clone(torn), '\n')
	}
	e.torn, e.tornHash = int64(len(torn)), hashOf(torn)
	return e
}

// unbegun is the end of a file without any good line: empty, or with as much of a first line as a crash
// left. Anything else is somebody's other file, to which nothing may be added.
func unbegun(data []byte) (end, error) {
	for l := range bytes.Lines(data) {
		if !cutOff(bytes.TrimSuffix(l, []byte("\n")), 1) {
			return end{}, &fault.Error{
				Kind: fault.Invalid, Cause: "the file is not an audit log: it has no line of one", State: "Nothing was written.",
				Next: "Choose another path, or move the file away.",
			}
		}
	}
	return after(end{hash: genesis}, data, false), nil
}

// cutOff reports whether text is what a crash leaves of the line with that number: its beginning, or
// zeros where the machine failed before the data reached the disk.
func cutOff(text []byte, seq int64) bool {
	if bytes.IndexByte(text, 0) >= 0 {
		return true
	}
	start := fmt.Appendf(nil, `{"seq":%d,`, seq)
	if n := min(len(text), len(start)); !bytes.Equal(text[:n], start[:n]) {
		return false
	}
	var raw json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&raw)
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
