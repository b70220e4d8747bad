// Package sandbox is an application and an HR system to practice on: a SCIM 2.0 service provider
// (RFC 7643, RFC 7644, RFC 9865) and a small HR API in one in-memory [Server], with the latency,
// quotas, dialects and faults of real ones. Tests, benchmarks and demonstrations run against it.
//
// The zero [Options] follow the RFCs to the letter and are strict about what a client sends: a
// sandbox that forgives would hide what a vendor will not. [Preset] mimics one vendor.
//
// Paths: the SCIM service is below [BasePath], the HR API is [HRPath], and [ControlPath] steers the
// sandbox itself while it runs.
package sandbox

// Where the parts of a Server are found.
const (
	BasePath    = "/scim/v2"
	HRPath      = "/hr/people"
	ControlPath = "/_sandbox/"
)
