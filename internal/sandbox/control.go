package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// control steers the sandbox itself. It needs no token and is neither counted nor delayed.
//
//	GET    /_sandbox/requests   counts (Stats); with ?log=1 every request
//	GET    /_sandbox/faults     the fault rules
//	POST   /_sandbox/faults     add a Rule or a list of them
//	DELETE /_sandbox/faults     remove all rules
//	POST   /_sandbox/reset      forget requests and faults; with ?data=1 the users, groups and people too
//	POST   /_sandbox/seed       add {"people": 60, "seed": 1} and/or {"users": [User], "groups": [Group]}
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	what := r.Method + " " + strings.TrimPrefix(r.URL.Path, ControlPath)
	body := http.MaxBytesReader(w, r.Body, s.opts.MaxBody)
	switch what {
	case "GET requests":
		if r.URL.Query().Has("log") {
			respond(w, http.StatusOK, s.Requests())
			return
		}
		respond(w, http.StatusOK, s.Stats())
	case "GET faults":
		respond(w, http.StatusOK, s.Faults())
	case "DELETE faults":
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	case "POST reset":
		s.Reset()
		s.ClearFaults()
		if r.URL.Query().Has("data") {
			s.Clear()
		}
		w.WriteHeader(http.StatusNoContent)
	case "POST faults":
		var raw json.RawMessage
		var rules []Rule
		err := json.NewDecoder(body).Decode(&raw)
		if err == nil && strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
			err = strict(raw, &rules)
		} else if err == nil {
			rules = make([]Rule, 1)
			err = strict(raw, &rules[0])
		}
		if err == nil {
			err = s.AddFaults(rules...)
		}
		s.confirm(w, err)
	case "POST seed":
		var in struct {
			People int     `json:"people"`
			Seed   uint64  `json:"seed"`
			Users  []User  `json:"users"`
			Groups []Group `json:"groups"`
		}
		var raw json.RawMessage
		err := json.NewDecoder(body).Decode(&raw)
		if err == nil {
			err = strict(raw, &in)
		}
		if err == nil && in.People > 0 {
			err = s.AddCompany(Company{People: in.People, Seed: in.Seed})
		}
		for i := 0; err == nil && i < len(in.Users); i++ {
			_, err = s.AddUser(in.Users[i])
		}
		for i := 0; err == nil && i < len(in.Groups); i++ {
			_, err = s.AddGroup(s.byUserName(in.Groups[i]))
		}
		s.confirm(w, err)
	default:
		respond(w, http.StatusNotFound, map[string]string{"error": "no such control: " + what +
			"; there are GET requests, GET|POST|DELETE faults, POST reset, POST seed"})
	}
}

// byUserName lets the members of a group be given as user names.
func (s *Server) byUserName(g Group) Group {
	ids := make([]string, len(g.Members))
	for i, m := range g.Members {
		ids[i] = m
		if u, ok := s.User(m); ok {
			ids[i] = u.ID
		}
	}
	g.Members = ids
	return g
}

func (s *Server) confirm(w http.ResponseWriter, err error) {
	if err != nil {
		respond(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// strict decodes JSON and refuses unknown keys: a misspelt condition would match everything.
func strict(raw []byte, into any) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func respond(w http.ResponseWriter, status int, v any) {
	b, _ := json.MarshalIndent(v, "", "  ")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// ParseRule reads a Rule from JSON and refuses unknown keys.
func ParseRule(text string) (Rule, error) {
	var r Rule
	return r, strict([]byte(text), &r)
}
