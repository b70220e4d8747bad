package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadStops takes the errors out of what `terraform plan -json` printed
// (https://developer.hashicorp.com/terraform/internals/machine-readable-ui). Lines that are none of its messages are
// passed over: wrappers print their own between them.
func ReadStops(r io.Reader) ([]Stop, error) {
	var stops []Stop
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if bytes.HasPrefix(line, []byte("{")) {
			var m struct {
				Type       string `json:"type"`
				Diagnostic struct {
					Severity string `json:"severity"`
					Summary  string `json:"summary"`
					Detail   string `json:"detail"`
					Address  string `json:"address"`
				} `json:"diagnostic"`
			}
			if json.Unmarshal(line, &m) == nil && m.Type == "diagnostic" && m.Diagnostic.Severity == "error" {
				stops = append(stops, Stop{m.Diagnostic.Summary, m.Diagnostic.Detail, m.Diagnostic.Address})
			}
		}
		if errors.Is(err, io.EOF) {
			return stops, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the messages of the plan: %w", err)
		}
	}
}
