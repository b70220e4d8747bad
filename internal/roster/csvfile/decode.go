package csvfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

var (
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
	bomUTF16LE = []byte{0xFF, 0xFE}
	bomUTF16BE = []byte{0xFE, 0xFF}
)

// decode turns the file into UTF-8 without a byte order mark. A name decoded wrongly would be written to
// every app, so whatever does not fit the encoding is an error and nothing is replaced.
func decode(data []byte, encoding string) ([]byte, error) {
	wide := bytes.HasPrefix(data, bomUTF16LE) || bytes.HasPrefix(data, bomUTF16BE)
	switch encoding {
	case "auto":
		if wide {
			return decodeUTF16(data)
		}
		return decodeUTF8(data)
	case "utf-8":
		if wide {
			return nil, invalid(`Leave encoding out, or set encoding = "utf-16".`, "it starts with the byte order mark of UTF-16 and encoding is %q", encoding)
		}
		return decodeUTF8(data)
	case "utf-16":
		if !wide {
			return nil, invalid("Leave encoding out, or export with a byte order mark.", "it does not start with a byte order mark of UTF-16, and without one the byte order would be a guess")
		}
		return decodeUTF16(data)
	default:
		return decode1252(data)
	}
}

func decodeUTF8(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, bomUTF8)
	if utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 { // a NUL is refused later and says more: it may be UTF-16
		return data, nil
	}
	at := 0
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	return nil, invalid(`Export it as UTF-8, or set encoding = "windows-1252" if it comes from a Western European Windows or Excel.`,
		"it is not UTF-8: byte 0x%02X at offset %d, line %d", data[at], at, lineAt(data, at))
}

func decodeUTF16(data []byte) ([]byte, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(data, bomUTF16BE) {
		order = binary.BigEndian
	}
	if len(data)%2 != 0 {
		return nil, invalid("Export it again.", "it is cut off: UTF-16 comes in pairs of bytes and %d is odd", len(data))
	}
	out := make([]byte, 0, len(data))
	for i := 2; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+4 <= len(data) {
				low = rune(order.Uint16(data[i+2:]))
			}
			pair := utf16.DecodeRune(r, low)
			if pair == utf8.RuneError {
				return nil, invalid("Export it again.", "it is not UTF-16: half a character at offset %d, line %d", i, lineAt(out, len(out)))
			}
			r = pair
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

func decode1252(data []byte) ([]byte, error) {
	for _, bom := range [][]byte{bomUTF8, bomUTF16LE, bomUTF16BE} {
		if bytes.HasPrefix(data, bom) {
			return nil, invalid("Leave encoding out.", "it starts with a byte order mark of Unicode and encoding is \"windows-1252\"")
		}
	}
	ascii := true
	for i, b := range data {
		switch b {
		case 0x81, 0x8D, 0x8F, 0x90, 0x9D:
			return nil, invalid("Export it as UTF-8.", "it is not Windows-1252: byte 0x%02X at offset %d, line %d stands for nothing", b, i, lineAt(data, i))
		}
		ascii = ascii && b < utf8.RuneSelf
	}
	if ascii {
		return data, nil
	}
	// Words that happen to be UTF-8 are as good as impossible in Windows-1252, while a change of the export
	// would turn every José into JosÃ© in every app.
	if utf8.Valid(data) {
		return nil, invalid("Leave encoding out.", "it is UTF-8 and encoding is \"windows-1252\"")
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Cause: "it is not Windows-1252", Next: "Export it as UTF-8.", Err: err}
	}
	return out, nil
}

// lineAt is the line, from 1, of an offset.
func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte{'\n'}) }

func invalid(next, format string, args ...any) error {
	return &fault.Error{Kind: fault.Invalid, Cause: fmt.Sprintf(format, args...), Next: next}
}
