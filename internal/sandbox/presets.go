package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Preset is the dialect that mimics the vendor, as far as its documentation and its clients' sources
// tell. "generic" is the RFC. Unknown names are an error that lists the known ones.
func Preset(name string) (Dialect, error) {
	all := presets()
	if d, ok := all[name]; ok {
		return d, nil
	}
	return Dialect{}, fmt.Errorf("unknown dialect %q: there are %s", name, strings.Join(Presets(), ", "))
}

// Presets lists the names that Preset knows, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets())) }

func presets() map[string]Dialect {
	eq := []string{"eq"}
	return map[string]Dialect{
		"generic": {},
		// docs.slack.dev/reference/scim-api
		"slack": {
			PageSize: 1000, MemberRemoval: RemovesListed, NoMemberPath: true, UserDelete: DeleteDeactivates,
			UserNames: RewriteLower, MaxMemberChanges: 5000, ContentType: "application/json",
		},
		// docs.aws.amazon.com/singlesignon/latest/developerguide: limitations, listusers, listgroups, patchgroup
		"aws_identity_center": {
			Paging: PagingOptIn, PageSize: 100, NoTotals: true, Members: MembersNever, NoUserGroups: true,
			MemberRemoval: RemovesListed, NoMemberReplace: true, MaxMemberChanges: 100, NoGroupPut: true,
			FilterAttributes: []string{"userName", "externalId", "displayName", "id", "groups.value", "members.value", "manager"},
			FilterOperators:  []string{"eq", "and"}, NoProjection: true, PatchNoContent: true,
			UniqueExternalIDs: true, RefuseEmpty: true, SingleValued: true, ContentType: "application/json",
		},
		// github/docs: provisioning-user-accounts-with-scim, rest/scim
		"github_emu": {
			PageSize: 100, FilterAttributes: []string{"userName", "externalId", "id", "displayName"}, FilterOperators: eq,
			UserNames: RewriteShortcode, IgnoreUserPathFilters: true, UniqueExternalIDs: true, MaskInactive: true,
			MaxMemberChanges: 1000,
		},
		// gitlab-org/gitlab: doc/development/internal_api (SCIM)
		"gitlab": {
			PageSize: 20, FilterAttributes: []string{"id"}, FilterOperators: eq, NoGroups: true, NoDiscovery: true,
			PatchOnly: []string{"active", "externalId", "id"}, NoUserPut: true, PatchNoContent: true,
			StringBooleans: true, IDIsExternalID: true, UniqueExternalIDs: true,
		},
		// developer.atlassian.com/cloud/admin/user-provisioning
		"atlassian": {
			PageSize: 100, FilterAttributes: []string{"userName", "externalId", "displayName"}, FilterOperators: eq,
			UserDelete: DeleteDeactivates,
		},
		// databricks-sdk-go: service/iam; account-level listings carry no members since 2025-08-22
		"databricks": {
			PageSize: 10000, Members: MembersGet, FilterOperators: []string{"eq", "ne", "co", "sw", "and", "or"},
			ContentType: "text/plain",
		},
		// getsentry/sentry: src/sentry/core/endpoints/scim
		"sentry": {
			PageSize: 100, FilterAttributes: []string{"userName", "value", "displayName"}, FilterOperators: eq,
			MemberRemoval: RemovesFirst, NoInitialMembers: true, MemberCap: 10000, MaxOperations: 100,
			PatchOnly: []string{"active"}, DeactivateDeletes: true, NoReactivate: true, NoGroupPut: true, PatchNoContent: true,
			PutMerges: true, SlugGroupNames: true, Unstored: []string{"name"}, ExtraAttributes: []string{"sentryOrgRole"},
			ContentType: "application/json", AcceptTypes: []string{"application/json", "application/json+scim"},
		},
		// hashicorp/web-unified-docs: cloud-docs/api-docs/scim
		"hcp_terraform": {
			PageSize: 200, FilterAttributes: []string{"userName", "externalId", "displayName"}, FilterOperators: eq,
			MaxOperations: 100, UnknownMember: 404, PutMerges: true, Unstored: []string{"name"},
			PatchOnly: []string{"active", "userName", "externalId", "emails"},
		},
		// developers.zoom.us/docs/api/scim2
		"zoom": {PageSize: 100, FilterAttributes: []string{"userName", "displayName"}, FilterOperators: eq, NoDiscovery: true},
		// developers.figma.com/docs/rest-api/scim
		"figma": {
			PageSize: 200, FilterAttributes: []string{"userName", "displayName", "externalId"}, FilterOperators: eq,
			ContentType: "application/json",
		},
		// notion.com/help/provision-users-and-groups-with-scim
		"notion": {
			PageSize: 100, FilterAttributes: []string{"emails.value", "userName", "name.givenName", "name.familyName", "displayName"},
			FilterOperators: []string{"eq"},
		},
	}
}
