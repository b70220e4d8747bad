// Package entraid is the connector to Microsoft Entra ID, by Microsoft Graph v1.0
// (https://learn.microsoft.com/graph/api/overview). Users are accounts, security and Microsoft 365 groups are
// groups, and the subscribed SKUs of the tenant are pools of licenses.
package entraid

import (
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// Config is what [Open] needs. Nothing of it is read from the environment here.
type Config struct {
	Name     string // of the app block
	TenantID string // the directory's id, a GUID
	// Cloud is one of Clouds; "" is the public one. Endpoint replaces its Graph address, as a broker or a test
	// needs: scheme and host, without the version.
	Cloud    string
	Endpoint string
	Auth     Auth

	// UsageLocation is the two-letter country for new accounts, and for accounts without one that get a license.
	UsageLocation string
	// SignInActivity reads when people signed in last. It needs Entra ID P1 and AuditLog.Read.All.
	SignInActivity bool
	// GroupOwners makes the owners of groups a matter of roles; see Owner and OwnerOnly.
	GroupOwners bool
	Attributes  []Attribute
	Licenses    []License

	MaxRequestsPerSecond float64
	MaxRetries           *int
	RequestTimeout       time.Duration
	UserAgent            string
	Logger               *slog.Logger
}

// Auth is the credential: exactly one of Token, ClientSecret, Certificate, OIDC, CLI and Credential.
type Auth struct {
	ClientID     string
	ClientSecret string
	// Certificate is PEM (certificate and key) or PKCS #12.
	Certificate         []byte
	CertificatePassword string
	OIDC                *OIDC
	CLI                 bool
	// Token is an access token for Microsoft Graph made elsewhere.
	Token string
	// Credential gives tokens in any other way.
	Credential azcore.TokenCredential
}

// OIDC is a federated credential: an identity token of another issuer stands in for a secret. Exactly one of
// Token, TokenFile and RequestURL is set.
type OIDC struct {
	Token     string
	TokenFile string // read again for each access token: it is rotated
	// RequestURL and RequestToken are where GitHub Actions and its likes hand out identity tokens.
	RequestURL   string
	RequestToken string
}

// Attribute is an extra account attribute.
type Attribute struct {
	Name string
	// Property is a string property of the user resource; see attributeProperties.
	Property string
}

// License names a subscribed SKU for people. SKUs without one are called by their part number.
type License struct {
	Product string // a family of licenses that exclude each other
	License string // "" is Product
	SKU     string // skuPartNumber, or the SKU's id
	// DisabledPlans are service plans, by name or id, that are off when the license is assigned. A license that
	// somebody holds already is never touched.
	DisabledPlans []string
}

// The roles of group members where owners are read. Owners are a collection of their own in Entra ID: an owner
// is a member, and so has the group's access, only by being in both.
const (
	Owner     = "owner"      // owner and member
	OwnerOnly = "owner_only" // owner without being a member
)

type nationalCloud struct {
	graph string
	login cloud.Configuration
}

// clouds are the national clouds: https://learn.microsoft.com/graph/deployments
func clouds() map[string]nationalCloud {
	return map[string]nationalCloud{
		"public":           {"https://graph.microsoft.com", cloud.AzurePublic},
		"usgovernment":     {"https://graph.microsoft.us", cloud.AzureGovernment},
		"usgovernment_dod": {"https://dod-graph.microsoft.us", cloud.AzureGovernment},
		"china":            {"https://microsoftgraph.chinacloudapi.cn", cloud.AzureChina},
	}
}

// Clouds lists the values of Config.Cloud.
func Clouds() []string { return []string{"public", "usgovernment", "usgovernment_dod", "china"} }

// attributeProperties are the properties of the user resource that an Attribute may name, beside
// onPremisesExtensionAttributes/extensionAttribute1 to 15 and directory extensions (extension_...).
// https://learn.microsoft.com/graph/api/resources/user
func attributeProperties() []string {
	return []string{
		"city", "companyName", "country", "employeeType", "faxNumber", "mobilePhone", "officeLocation", "postalCode",
		"preferredLanguage", "state", "streetAddress", "usageLocation",
	}
}
