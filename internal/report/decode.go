package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// plan is what a report needs of a plan. Whatever Terraform or OpenTofu add, and other providers' resources, is
// passed over; big plans are mostly that.
type plan struct {
	Plan
	changes  []resourceChange
	drift    []resourceChange
	data     []dataSource
	prices   prices
	managed  []string // addresses in prior state
	evidence bool     // what only an evidence pack needs is wanted too
	deferred int
}

// resourceChange is one element of resource_changes or resource_drift. Values stay as they came until it is
// clear that they are ours.
type resourceChange struct {
	Address         string              `json:"address"`
	PreviousAddress string              `json:"previous_address"`
	Mode            tfjson.ResourceMode `json:"mode"`
	Type            string              `json:"type"`
	ProviderName    string              `json:"provider_name"`
	Change          struct {
		Actions         tfjson.Actions  `json:"actions"`
		Before          json.RawMessage `json:"before"`
		After           json.RawMessage `json:"after"`
		AfterUnknown    json.RawMessage `json:"after_unknown"`
		BeforeSensitive json.RawMessage `json:"before_sensitive"`
		AfterSensitive  json.RawMessage `json:"after_sensitive"`
		Importing       json.RawMessage `json:"importing"`
	} `json:"change"`
}

// dataSource is one that was read while planning.
type dataSource struct {
	address   string
	typ       string
	values    json.RawMessage
	sensitive json.RawMessage
}

// ours reports whether a resource belongs to this provider, wherever it was installed from.
func ours(typ, provider string) bool {
	return strings.HasPrefix(typ, "tenure_") && (provider == "" || provider[strings.LastIndexByte(provider, '/')+1:] == "tenure")
}

// decodePlan reads the output of `terraform show -json PLAN`, one part at a time.
func decodePlan(r io.Reader, name string, evidence bool) (*plan, error) {
	dec := json.NewDecoder(r)
	p := &plan{Plan: Plan{Name: name, Complete: true}, prices: prices{}, evidence: evidence}
	err := object(dec, func(key string) error {
		switch key {
		case "format_version":
			return dec.Decode(&p.FormatVersion)
		case "terraform_version":
			return dec.Decode(&p.TerraformVersion)
		case "timestamp":
			return dec.Decode(&p.Timestamp)
		case "errored":
			return dec.Decode(&p.Errored)
		case "complete":
			return dec.Decode(&p.Complete)
		case "resource_changes":
			return array(dec, func() error { return decodeChange(dec, &p.changes) })
		case "resource_drift":
			return array(dec, func() error { return decodeChange(dec, &p.drift) })
		case "deferred_changes":
			return array(dec, func() error { p.deferred++; return skip(dec) })
		case "prior_state":
			return p.decodeState(dec)
		case "configuration":
			return p.decodeConfiguration(dec)
		}
		return skip(dec)
	})
	if err != nil {
		return nil, notAPlan(err)
	}
	if p.FormatVersion == "" {
		return nil, notAPlan(errors.New("it has no format_version"))
	}
	if err := (&tfjson.Plan{FormatVersion: p.FormatVersion}).Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func notAPlan(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("this is not the JSON of a plan (make it with `terraform show -json PLANFILE`): %w", err)
}

func decodeChange(dec *json.Decoder, into *[]resourceChange) error {
	var c resourceChange
	if err := dec.Decode(&c); err != nil {
		return err
	}
	if ours(c.Type, c.ProviderName) {
		*into = append(*into, c)
	}
	return nil
}

func (p *plan) decodeState(dec *json.Decoder) error {
	return object(dec, func(key string) error {
		if key != "values" {
			return skip(dec)
		}
		return object(dec, func(key string) error {
			if key != "root_module" {
				return skip(dec)
			}
			return p.decodeModule(dec)
		})
	})
}

func (p *plan) decodeModule(dec *json.Decoder) error {
	return object(dec, func(key string) error {
		switch key {
		case "resources":
			return array(dec, func() error { return p.decodeResource(dec) })
		case "child_modules":
			return array(dec, func() error { return p.decodeModule(dec) })
		}
		return skip(dec)
	})
}

func (p *plan) decodeResource(dec *json.Decoder) error {
	var r struct {
		Address      string              `json:"address"`
		Mode         tfjson.ResourceMode `json:"mode"`
		Type         string              `json:"type"`
		ProviderName string              `json:"provider_name"`
		Values       json.RawMessage     `json:"values"`
		Sensitive    json.RawMessage     `json:"sensitive_values"`
	}
	if err := dec.Decode(&r); err != nil {
		return err
	}
	switch {
	case !ours(r.Type, r.ProviderName):
	case r.Mode == tfjson.ManagedResourceMode:
		p.managed = append(p.managed, r.Address)
	case r.Type == "tenure_access_findings", r.Type == "tenure_entitlements", r.Type == "tenure_roster" && p.evidence:
		p.data = append(p.data, dataSource{r.Address, r.Type, r.Values, r.Sensitive})
	}
	return nil
}

func (p *plan) decodeConfiguration(dec *json.Decoder) error {
	return object(dec, func(key string) error {
		if key != "provider_config" {
			return skip(dec)
		}
		return object(dec, func(string) error {
			var c struct {
				FullName    string                     `json:"full_name"`
				Name        string                     `json:"name"`
				Expressions map[string]json.RawMessage `json:"expressions"`
			}
			if err := dec.Decode(&c); err != nil {
				return err
			}
			if c.Name == "tenure" || strings.HasSuffix(c.FullName, "/tenure") {
				pricesOf(c.Expressions, p.prices)
			}
			return nil
		})
	})
}

// object calls member for each key of the next value, which must be an object or null.
func object(dec *json.Decoder, member func(key string) error) error {
	return container(dec, '{', func() error {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		return member(key.(string)) // nothing but strings can be keys
	})
}

// array calls element for each element of the next value, which must be an array or null.
func array(dec *json.Decoder, element func() error) error { return container(dec, '[', element) }

func container(dec *json.Decoder, open json.Delim, next func() error) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	if t == nil {
		return nil
	}
	if t != open {
		return fmt.Errorf("found %v where %v was expected", t, open)
	}
	for dec.More() {
		if err := next(); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// nothing is a value that is read and not kept.
type nothing struct{}

func (nothing) UnmarshalJSON([]byte) error { return nil }

func skip(dec *json.Decoder) error { return dec.Decode(&nothing{}) }

// has reports whether the word stands in raw; before a mask is taken apart, most of the time it need not be.
func has(raw json.RawMessage, word string) bool { return bytes.Contains(raw, []byte(word)) }

// action is what Terraform does with a resource as a whole.
func action(a tfjson.Actions) string {
	switch {
	case a.Replace():
		return "replace"
	case a.Create():
		return "create"
	case a.Update():
		return "update"
	case a.Delete():
		return "delete"
	case a.Read():
		return "read"
	case slices.Contains(a, "forget"):
		return "forget"
	}
	return "no-op"
}
