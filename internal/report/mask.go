package report

import (
	"bytes"
	"encoding/json"
	"strings"
)

// hidden stands where a value is marked sensitive.
const hidden = "(sensitive)"

// secrets are the texts marked sensitive anywhere in a plan. They are taken out of values where they stand, and out
// of everything that was made of them: explanations name the people they are about.
type secrets struct {
	texts map[string]bool
}

// open decodes a value less what its mask says is sensitive. all tells that the value is sensitive as a whole.
func (s *secrets) open(raw, mask json.RawMessage, into any) (all bool, err error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return false, nil
	}
	if !has(mask, "true") {
		return false, json.Unmarshal(raw, into)
	}
	var value, marks any
	if err := json.Unmarshal(mask, &marks); err != nil {
		return false, err
	}
	if err := decodeExact(raw, &value); err != nil {
		return false, err
	}
	if marks == true {
		s.collect(value)
		return true, nil
	}
	masked, err := json.Marshal(s.cover(value, marks))
	if err != nil {
		return false, err
	}
	return false, json.Unmarshal(masked, into)
}

func decodeExact(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(into)
}

// cover replaces what is marked. A sensitive map or list becomes null: even its keys may be what is secret.
func (s *secrets) cover(value, marks any) any {
	if marks == true {
		s.collect(value)
		if _, ok := value.(string); ok {
			return hidden
		}
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		m, _ := marks.(map[string]any)
		for k, mark := range m {
			if e, ok := v[k]; ok {
				v[k] = s.cover(e, mark)
			}
		}
	case []any:
		m, _ := marks.([]any)
		for i, mark := range m {
			if i < len(v) {
				v[i] = s.cover(v[i], mark)
			}
		}
	}
	return value
}

// collect remembers every text in a sensitive value, keys included.
func (s *secrets) collect(value any) {
	add := func(text string) {
		if text = strings.TrimSpace(text); text == "" {
			return
		}
		if s.texts == nil {
			s.texts = make(map[string]bool)
		}
		s.texts[text] = true
	}
	switch v := value.(type) {
	case string:
		add(v)
	case json.Number:
		add(v.String())
	case map[string]any:
		for k, e := range v {
			add(k)
			s.collect(e)
		}
	case []any:
		for _, e := range v {
			s.collect(e)
		}
	}
}

// minInside is how long a secret text must be to be looked for inside other texts: the letter "a" is in all.
const minInside = 4

// scrub gives the function that takes the secrets out of other texts; nil when there are none.
func (s *secrets) scrub() func(string) string {
	if len(s.texts) == 0 {
		return nil
	}
	var pairs []string
	for _, t := range longestFirst(s.texts) {
		if len(t) >= minInside {
			pairs = append(pairs, t, hidden)
		}
	}
	inside := strings.NewReplacer(pairs...)
	return func(text string) string {
		if s.texts[text] {
			return hidden
		}
		return inside.Replace(text)
	}
}
