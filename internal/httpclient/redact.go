package httpclient

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
)

// secrets knows what must never be shown, and takes it out of whatever is.
type secrets struct {
	mu   sync.RWMutex
	seen map[string]bool
}

func newSecrets(o Options) *secrets {
	s := &secrets{seen: map[string]bool{}}
	s.add(o.Auth.Token)
	if b := o.Auth.Basic; b != nil {
		s.add(b.Password)
		s.add(base64.StdEncoding.EncodeToString([]byte(b.Username + ":" + b.Password)))
	}
	if cc := o.Auth.ClientCredentials; cc != nil {
		s.add(cc.ClientSecret)
	}
	if rt := o.Auth.RefreshToken; rt != nil {
		s.add(rt.ClientSecret)
		s.add(rt.Token)
	}
	for _, v := range o.Headers {
		s.add(v)
	}
	return s
}

// add learns one secret. Very short ones are left out: they would black out ordinary words.
func (s *secrets) add(v string) {
	if len(v) < 5 {
		return
	}
	s.mu.RLock()
	known := s.seen[v]
	s.mu.RUnlock()
	if known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v)} {
		s.seen[form] = true
	}
}

// clean replaces every secret in text.
func (s *secrets) clean(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for v := range s.seen {
		if strings.Contains(text, v) {
			text = strings.ReplaceAll(text, v, "[secret]")
		}
	}
	return text
}

// identifier passes what looks like a machine-made code or id, and drops everything else: what a server
// says is foreign text and may repeat anything it was sent.
func identifier(s string) string {
	if len(s) > 128 {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:+/=", r) {
			return ""
		}
	}
	return s
}
