package sandbox

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Request is one line of the request log.
type Request struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"` // "BULK POST" for an operation inside a bulk request
	// Template is the path with ids replaced: "/Groups/{id}". Path is below BasePath.
	Template string `json:"template"`
	Path     string `json:"path"`
	Query    string `json:"query,omitempty"`
	// Status is 0 when the client got no answer.
	Status int `json:"status"`
	// MemberChanges is how many members the request asked to add or remove.
	MemberChanges int    `json:"member_changes,omitempty"`
	Fault         string `json:"fault,omitempty"`
	Body          string `json:"body,omitempty"` // with Options.KeepBodies
}

// Stats sums up what has been requested since the last reset.
type Stats struct {
	// Total counts requests on the wire. Counts is by method and template, "PATCH /Groups/{id}", and has
	// operations inside bulk requests as "BULK POST /Users".
	Total  int            `json:"total"`
	Counts map[string]int `json:"counts"`
	// MemberChanges is what requests asked for; MembersAdded and MembersRemoved is what it came to.
	MemberChanges  int `json:"member_changes"`
	MembersAdded   int `json:"members_added"`
	MembersRemoved int `json:"members_removed"`
	// Violations counts requests over the quota; PeakPerSecond is the most that came in any one second,
	// refused ones included.
	Violations    int `json:"quota_violations"`
	PeakPerSecond int `json:"peak_per_second"`
}

// keptRequests bounds the log of a long run; counts go on.
const keptRequests = 200_000

// journal records what was requested.
type journal struct {
	mu       sync.Mutex
	stats    Stats
	requests []Request
	serial   int
	window   []time.Time // arrivals within the last second
}

func newJournal() *journal { return &journal{stats: Stats{Counts: map[string]int{}}} }

// arrive counts a request and numbers it.
func (j *journal) arrive(now time.Time) (serial int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Total++
	j.serial++
	old := 0
	for old < len(j.window) && now.Sub(j.window[old]) >= time.Second {
		old++
	}
	j.window = append(j.window[old:], now)
	j.stats.PeakPerSecond = max(j.stats.PeakPerSecond, len(j.window))
	return j.serial
}

func (j *journal) record(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Counts[r.Method+" "+r.Template]++
	j.stats.MemberChanges += r.MemberChanges
	if len(j.requests) >= keptRequests {
		j.requests = slices.Delete(j.requests, 0, keptRequests/10)
	}
	j.requests = append(j.requests, r)
}

func (j *journal) violate() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Violations++
}

func (j *journal) changedMembers(added, removed int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.MembersAdded += added
	j.stats.MembersRemoved += removed
}

// Requests lists the answered requests since the last reset, in the order of their answers; of more than
// 200,000 only the latest.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// Count is the number of answered requests with that method ("" for any) and path template since the
// last reset: Count("POST", "/Users"), Count("PATCH", "/Groups/{id}").
func (s *Server) Count(method, template string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if method != "" {
		return s.log.stats.Counts[method+" "+template]
	}
	n := 0
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "BULK POST", "BULK PUT", "BULK PATCH", "BULK DELETE"} {
		n += s.log.stats.Counts[m+" "+template]
	}
	return n
}

// Stats sums up what has been requested since the last reset.
func (s *Server) Stats() Stats {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	st := s.log.stats
	st.Counts = maps.Clone(st.Counts)
	return st
}

// Reset forgets requests and counts, not the data nor the faults.
func (s *Server) Reset() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.stats = Stats{Counts: map[string]int{}}
	s.log.requests, s.log.window = nil, nil
}
