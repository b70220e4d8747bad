package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
)

//go:embed report.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return bytes.Clone(schema) }

// WriteJSON writes the report in its documented form.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	_, err = w.Write(append(escapeJSON(b), '\n'))
	return err
}
